/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever hands out credentials, and whatever says where they are. What is promised: what is taken
 * can be put into a header, and stands in the text; what is refused leaves no secret behind, and is
 * told in printable words. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "command_split.h"
#include "credentials_json.h"
#include "credentials_plan.h"
#include "fuzz.h"
#include "iso8601.h"
#include "sts.h"

static void check_printable(const char *text)
{
    for (; *text != '\0'; text++)
        assert(*text >= 0x20 && *text < 0x7f);
}

static void check_keys(const struct credentials *keys)
{
    check_printable(keys->key_id);
    check_printable(keys->secret);
    check_printable(keys->token);
    assert(keys->key_id[0] != '\0' && keys->secret[0] != '\0');
    assert(strchr(keys->token, ' ') == NULL);
}

/* Each byte is as the one before it, and the first is 0: at the speed of memcmp. */
static void check_wiped(const void *memory, size_t size)
{
    const unsigned char *bytes = memory;

    assert(bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

void fuzz_credentials_json(const uint8_t *data, size_t size)
{
    static struct credentials_lease lease;
    char error[256];

    for (int form = CREDENTIALS_OF_PROCESS; form <= CREDENTIALS_OF_MACHINE; form++) {
        memset(&lease, 0, sizeof(lease));
        if (credentials_json_read((const char *)data, size, (enum credentials_form)form, &lease,
                                  error, sizeof(error)) == 0) {
            check_keys(&lease.keys);
            assert(form == CREDENTIALS_OF_PROCESS ||
                   (lease.has_end && lease.keys.token[0] != '\0'));
        } else {
            check_wiped(&lease.keys, sizeof(lease.keys));
            check_printable(error);
        }
    }
    credentials_json_refusal((const char *)data, size, error, sizeof(error));
    check_printable(error);
}

void fuzz_credentials_sts(const uint8_t *data, size_t size)
{
    static struct credentials_lease lease;
    char words[256];

    memset(&lease, 0, sizeof(lease));
    if (sts_read((const char *)data, size, &lease, words, sizeof(words)) == 0) {
        check_keys(&lease.keys);
        assert(lease.has_end && lease.keys.token[0] != '\0');
    } else {
        check_wiped(&lease.keys, sizeof(lease.keys));
        check_printable(words);
    }
    sts_read_refusal(403, (const char *)data, size, words, sizeof(words));
    check_printable(words);
}

void fuzz_credentials_file(const uint8_t *data, size_t size)
{
    static struct credentials_profile profile;
    char error[256];

    for (int kind = CREDENTIALS_FILE_SHARED; kind <= CREDENTIALS_FILE_CONFIG; kind++) {
        if (credentials_file_read((const char *)data, size, (enum credentials_file_kind)kind,
                                  "default", &profile, error, sizeof(error)) != 0) {
            check_wiped(&profile.keys, sizeof(profile.keys));
            check_printable(error);
        } else if (profile.has_keys) {
            check_keys(&profile.keys);
            assert(profile.is_present);
        }
    }
}

/* ---- the plan: two files, and then variables, between bytes that no text has ---- */

enum { VARIABLES_MAX = 16, BETWEEN = 0xff };

static const char *const names[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_REGION",
};

/* The parts, each with a NUL behind it: files first, then the variables in the order above. */
struct parts {
    char *text;
    const char *part[2 + VARIABLES_MAX];
    size_t length[2 + VARIABLES_MAX];
};

static void split(const uint8_t *data, size_t size, struct parts *parts)
{
    size_t count = 0;
    size_t begin = 0;

    parts->text = malloc(size + 1);
    memcpy(parts->text, data, size);
    parts->text[size] = '\0';
    for (size_t i = 0; i <= size && count < 2 + VARIABLES_MAX; i++) {
        if (i < size && data[i] != BETWEEN)
            continue;
        parts->text[i] = '\0';
        parts->part[count] = parts->text + begin;
        parts->length[count++] = i - begin;
        begin = i + 1;
    }
    for (; count < 2 + VARIABLES_MAX; count++) {
        parts->part[count] = "";
        parts->length[count] = 0;
    }
}

static const char *variable(void *context, const char *name)
{
    const struct parts *parts = context;

    for (size_t i = 0; i < VARIABLES_MAX; i++) {
        if (strcmp(names[i], name) == 0)
            return parts->part[2 + i];
    }
    return "";
}

static void check_plan(const struct credentials_plan *plan)
{
    char error[256];

    assert(plan->hop_count <= CREDENTIALS_HOPS_MAX);
    if (plan->base == CREDENTIALS_BASE_KEYS)
        check_keys(&plan->lease.keys);
    if (plan->base == CREDENTIALS_BASE_CONTAINER)
        assert(credentials_url_check(plan->url, error, sizeof(error)) == 0);
    if (plan->base == CREDENTIALS_BASE_MACHINE)
        assert(credentials_url_is_plain(plan->url));
    if (plan->base == CREDENTIALS_BASE_WEB)
        assert(plan->token_file[0] != '\0' && strncmp(plan->web.arn, "arn:", 4) == 0);
    assert((plan->base == CREDENTIALS_BASE_PROCESS) == (plan->command[0] != '\0'));
    check_printable(plan->authorization);
    for (unsigned i = 0; i < plan->hop_count; i++)
        assert(strncmp(plan->hops[i].arn, "arn:", 4) == 0 && plan->hops[i].session_name[1] != '\0');
}

void fuzz_credentials_plan(const uint8_t *data, size_t size)
{
    static struct credentials_plan plan;
    char error[CREDENTIALS_ERROR_MAX];
    struct parts parts;
    struct credentials_world world = {
        .variable = variable, .context = &parts, .profile = "", .session_name = "regionshift-x"};

    split(data, size, &parts);
    world.shared = (struct credentials_text){"/s", parts.part[0], parts.length[0]};
    world.config = (struct credentials_text){"/c", parts.part[1], parts.length[1]};
    if (credentials_plan_make(&world, &plan, error, sizeof(error)) == 0) {
        check_plan(&plan);
    } else {
        check_wiped(&plan, sizeof(plan));
        check_printable(error);
    }
    free(parts.text);
}

/* ---- small ones ---- */

static void check_moment(const char *text, size_t size)
{
    char written[ISO8601_LENGTH + 1];
    wall_t wall_ms, again_ms;

    if (iso8601_read(text, size, &wall_ms) != 0 || wall_ms < 0 || wall_ms > 253402300799999)
        return;
    iso8601_write(wall_ms, written);
    assert(iso8601_read(written, ISO8601_LENGTH, &again_ms) == 0);
    assert(again_ms == wall_ms - wall_ms % 1000);
}

void fuzz_credentials_words(const uint8_t *data, size_t size)
{
    char *line = malloc(size + 1);
    struct command command;
    char error[128];
    size_t length = 0;

    memcpy(line, data, size);
    line[size] = '\0';
    check_moment(line, size);
    if (command_split(line, &command, error, sizeof(error)) == 0) {
        assert(command.count > 0 && command.words[command.count] == NULL);
        for (size_t i = 0; i < command.count; i++)
            length += strlen(command.words[i]) + 1;
        assert(length <= strlen(line) + 1);
        command_clear(&command);
    }
    free(line);
}
