/* SPDX-License-Identifier: Apache-2.0 */
/* A vote as it stands in the store, and the list of suspects beside it. */
#include "store_json.h"

#include <stdlib.h>
#include <string.h>

#include "store_form.h"

enum { WORD_MAX = 32 };

json_t *vote_to_json(const struct vote *vote)
{
    return store_form_stamp(json_pack("{s:i, s:s, s:s, s:s, s:s}", "v", STORE_MAJOR, "fingerprint",
                                      vote->fingerprint, "blind", blindness_name(vote->blindness),
                                      "states", vote->states, "failures", vote->failures));
}

int vote_write(const struct vote *vote, char *out, size_t size)
{
    return json_print(vote_to_json(vote), out, size);
}

/* A vote with room for its vectors, all unknown. */
static struct vote *vote_blank(uint32_t probe, uint32_t group, uint32_t site_count)
{
    size_t vector = (size_t)site_count + 1;
    struct vote *vote = calloc(1, sizeof(*vote) + 2 * vector);
    char *states;
    char *failures;

    if (vote == NULL)
        return NULL;
    states = (char *)(vote + 1);
    failures = states + vector;
    memset(states, verdict_state_letter(VERDICT_UNKNOWN), site_count);
    memset(failures, failure_letter(FAILURE_NONE), site_count);
    vote->probe = probe;
    vote->group = group;
    vote->states = states;
    vote->failures = failures;
    return vote;
}

/* What a newer minor calls a failure decides nothing: it reads as none. */
static bool is_failure_letter(const struct json_fields *fields, char letter)
{
    return letter == failure_letter(FAILURE_NONE) || failure_of_letter(letter) != FAILURE_NONE ||
           (fields->lenient && letter >= 'a' && letter <= 'z');
}

/* Checks the vectors of a vote made under our settings. */
static void check_vectors(struct json_fields *fields, const char *states, const char *failures,
                          size_t site_count)
{
    enum verdict_state state;

    if (strlen(states) != site_count)
        json_complain(fields, "states", "%zu letters for %zu sites", strlen(states), site_count);
    else if (strlen(failures) != site_count)
        json_complain(fields, "failures", "%zu letters for %zu sites", strlen(failures),
                      site_count);
    for (size_t i = 0; fields->object != NULL && i < site_count; i++) {
        if (verdict_state_parse(states[i], &state) < 0)
            json_complain(fields, "states", "'%c' is no state's letter", states[i]);
        else if (!is_failure_letter(fields, failures[i]))
            json_complain(fields, "failures", "'%c' is no failure's letter", failures[i]);
    }
}

static void take_blindness(struct json_fields *fields, enum blindness *ret_blindness)
{
    const char *word = json_take_string(fields, "blind", WORD_MAX);

    if (fields->object != NULL && blindness_parse(word, ret_blindness) < 0)
        json_complain(fields, "blind", "'%s' is not known", word);
}

static void vote_take(struct json_fields *fields, const struct settings *settings,
                      struct vote *vote)
{
    size_t site_count = settings->groups[vote->group].site_count;
    char *vectors = (char *)(vote + 1);
    const char *states;
    const char *failures;

    store_form_take(fields);
    json_take_text(fields, "fingerprint", vote->fingerprint, sizeof(vote->fingerprint));
    take_blindness(fields, &vote->blindness);
    states = json_take_string(fields, "states", SIZE_MAX);
    failures = json_take_string(fields, "failures", SIZE_MAX);
    if (fields->object == NULL || strcmp(vote->fingerprint, settings->fingerprint) != 0)
        return; /* A2: other settings: nothing in its vectors means anything here */
    check_vectors(fields, states, failures, site_count);
    if (fields->object == NULL)
        return;
    memcpy(vectors, states, site_count);
    for (size_t i = 0; i < site_count; i++)
        vectors[site_count + 1 + i] = failure_letter(failure_of_letter(failures[i]));
}

static int read_fields(struct json_fields *fields, const struct settings *settings, uint32_t probe,
                       uint32_t group, struct vote **ret_vote)
{
    struct vote *vote = vote_blank(probe, group, settings->groups[group].site_count);
    int form;

    if (vote == NULL)
        json_complain(fields, "", "out of memory");
    else
        vote_take(fields, settings, vote);
    form = store_form_close(fields);
    if (form == VALUE_READ)
        *ret_vote = vote;
    else
        free(vote);
    return form;
}

struct vote *vote_from_json(const struct settings *settings, uint32_t probe, uint32_t group,
                            const json_t *value, struct json_report *report)
{
    struct json_fields fields;
    struct vote *vote = NULL;

    json_fields_begin(&fields, report, "vote", value);
    (void)read_fields(&fields, settings, probe, group, &vote);
    return vote;
}

int vote_read(const struct settings *settings, uint32_t probe, uint32_t group, const char *text,
              size_t length, struct vote **ret_vote, char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;

    json_fields_open(&fields, &report, "vote", text, length);
    return read_fields(&fields, settings, probe, group, ret_vote);
}
