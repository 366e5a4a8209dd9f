/* SPDX-License-Identifier: Apache-2.0 */
/* Parsed under limits, taken field by field. jansson's own complaint is not passed on: it quotes
 * the text it stumbled over, and that may be a secret. */
#include "credentials_json.h"

#include <stdio.h>
#include <string.h>

#include "iso8601.h"
#include "json_fields.h"
#include "result.h"

enum { WORDS_MAX = 200 /* of a refusal */ };

static json_t *parse(const char *text, size_t length, char *error, size_t error_size)
{
    json_error_t where;
    json_t *root;

    if (length > CREDENTIALS_JSON_MAX) {
        snprintf(error, error_size, "more than %d bytes", CREDENTIALS_JSON_MAX);
        return NULL;
    }
    root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL)
        snprintf(error, error_size, "not JSON (line %d, column %d)", where.line, where.column);
    return root;
}

/* One of the few fields that are for people. "" when there is none. */
static void take_words(const json_t *root, const char *const *names, size_t count, char *out,
                       size_t size)
{
    const char *text = NULL;

    for (size_t i = 0; i < count && text == NULL; i++)
        text = json_string_value(json_object_get(root, names[i]));
    text_escape(out, size, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

static void write_refusal(const json_t *root, char *out, size_t size)
{
    static const char *const code_names[] = {"Code", "code", "__type"};
    static const char *const message_names[] = {"Message", "message"};
    char code[WORDS_MAX];
    char message[WORDS_MAX];

    take_words(root, code_names, 3, code, sizeof(code));
    take_words(root, message_names, 2, message, sizeof(message));
    snprintf(out, size, "%s%s%s", code, code[0] != '\0' && message[0] != '\0' ? ": " : "", message);
}

/* IMDS answers 200 and says in the document that there are no credentials. */
static void check_code(struct json_fields *fields, const json_t *root)
{
    const char *code = json_string_value(json_object_get(root, "Code"));
    char refusal[2 * WORDS_MAX + 4];

    if (code != NULL && strcmp(code, "Success") == 0)
        return;
    write_refusal(root, refusal, sizeof(refusal));
    json_complain(fields, "Code", "not Success: %s", refusal);
}

static void check_version(struct json_fields *fields)
{
    int64_t version = json_take_integer(fields, "Version", INT32_MIN, INT32_MAX);

    if (fields->object != NULL && version != 1)
        json_complain(fields, "Version", "%lld, and 1 is known", (long long)version);
}

static void take_end(struct json_fields *fields, bool is_needed, struct credentials_lease *lease)
{
    const char *text;

    if (!is_needed && !json_has(fields, "Expiration"))
        return;
    text = json_take_string(fields, "Expiration", 64);
    if (fields->object == NULL)
        return;
    if (iso8601_read(text, strlen(text), &lease->ends_at_ms) != 0)
        json_complain(fields, "Expiration", "not a time like 2026-11-22T17:13:31Z");
    else
        lease->has_end = true;
}

static void take_keys(struct json_fields *fields, enum credentials_form form,
                      struct credentials_lease *lease)
{
    bool is_process = form == CREDENTIALS_OF_PROCESS;
    const char *token_name = is_process ? "SessionToken" : "Token";
    const char *token = "";
    const char *key_id = json_take_string(fields, "AccessKeyId", CREDENTIALS_KEY_ID_MAX);
    const char *secret = json_take_string(fields, "SecretAccessKey", CREDENTIALS_SECRET_MAX);
    char why[160];

    if (!is_process || json_has(fields, token_name))
        token = json_take_string(fields, token_name, CREDENTIALS_TOKEN_MAX);
    take_end(fields, !is_process, lease);
    if (fields->object == NULL)
        return;
    if (key_id[0] == '\0' || secret[0] == '\0' || (!is_process && token[0] == '\0'))
        json_complain(fields, "", "an empty field where credentials must be");
    else if (credentials_set(&lease->keys, key_id, secret, token, why, sizeof(why)) != 0)
        json_complain(fields, "", "%s", why);
}

static const char *noun_of(enum credentials_form form)
{
    switch (form) {
    case CREDENTIALS_OF_PROCESS:
        return "output";
    case CREDENTIALS_OF_CONTAINER:
    case CREDENTIALS_OF_MACHINE:
        break;
    }
    return "document";
}

int credentials_json_read(const char *text, size_t length, enum credentials_form form,
                          struct credentials_lease *ret_lease, char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;
    json_t *root = parse(text, length, error, error_size);

    if (root == NULL)
        return -1;
    memset(ret_lease, 0, sizeof(*ret_lease));
    json_fields_begin(&fields, &report, noun_of(form), root);
    fields.lenient = true; /* AccountId, RoleArn, and what AWS will add */
    if (fields.object != NULL && form == CREDENTIALS_OF_MACHINE)
        check_code(&fields, root);
    if (fields.object != NULL && form == CREDENTIALS_OF_PROCESS)
        check_version(&fields);
    take_keys(&fields, form, ret_lease);
    json_fields_close(&fields);
    json_decref(root);
    if (!report.failed)
        return 0;
    credentials_wipe(&ret_lease->keys);
    return -1;
}

void credentials_json_refusal(const char *text, size_t length, char *out, size_t size)
{
    char ignored[64];
    json_t *root = parse(text, length, ignored, sizeof(ignored));

    out[0] = '\0';
    if (root != NULL)
        write_refusal(root, out, size);
    json_decref(root);
}
