/* SPDX-License-Identifier: Apache-2.0 */
/* Line after line: a section opens, a property of our profile that the table knows is noted,
 * everything else is passed over. Indented lines belong to the property above them (`s3 =` and its
 * children), sections of one name add up. */
#include "credentials_file.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "ini.h"

struct parser {
    enum credentials_file_kind kind;
    const char *profile;
    struct credentials_profile *out;
    unsigned line;
    bool in_section; /* any */
    bool is_ours;
    struct ini_span key_id; /* in the text; length 0: not seen */
    struct ini_span secret;
    struct ini_span token;
    struct ini_span old_token;
    char *error;
    size_t error_size;
};

void credentials_wipe(struct credentials *credentials)
{
    OPENSSL_cleanse(credentials, sizeof(*credentials));
}

static int fail(struct parser *parser, const char *words)
{
    snprintf(parser->error, parser->error_size, "line %u: %s", parser->line, words);
    return -1;
}

/* ---- texts ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equals_any_case(struct ini_span span, const char *text)
{
    if (span.length != strlen(text))
        return false;
    for (size_t i = 0; i < span.length; i++) {
        if (lower(span.at[i]) != text[i])
            return false;
    }
    return true;
}

/* ---- what may be a credential ---- */

static bool is_usable(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= 0x20 || text[i] >= 0x7f)
            return false;
    }
    return true;
}

/* A command or a path may have blanks in it, and letters that are not of ASCII. */
static bool is_printable(struct ini_span span)
{
    for (size_t i = 0; i < span.length; i++) {
        unsigned char byte = (unsigned char)span.at[i];

        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

static int set_field(char *out, size_t size, const char *name, struct ini_span value, char *error,
                     size_t error_size)
{
    if (value.length >= size) {
        snprintf(error, error_size, "%s has %zu characters, at most %zu are allowed", name,
                 value.length, size - 1);
        return -1;
    }
    if (!is_usable(value.at, value.length)) {
        snprintf(error, error_size, "%s has a blank or a character that is not printable", name);
        return -1;
    }
    memcpy(out, value.at, value.length);
    out[value.length] = '\0';
    return 0;
}

static int set_fields(struct credentials *credentials, struct ini_span key_id,
                      struct ini_span secret, struct ini_span token, char *error, size_t error_size)
{
    if (set_field(credentials->key_id, sizeof(credentials->key_id), "the access key id", key_id,
                  error, error_size) != 0 ||
        set_field(credentials->secret, sizeof(credentials->secret), "the secret access key", secret,
                  error, error_size) != 0 ||
        set_field(credentials->token, sizeof(credentials->token), "the session token", token, error,
                  error_size) != 0) {
        credentials_wipe(credentials);
        return -1;
    }
    return 0;
}

int credentials_set(struct credentials *credentials, const char *key_id, const char *secret,
                    const char *token, char *error, size_t error_size)
{
    struct ini_span no_token = {"", 0};
    struct ini_span spans[2] = {{key_id, strlen(key_id)}, {secret, strlen(secret)}};

    if (token != NULL)
        no_token = (struct ini_span){token, strlen(token)};
    return set_fields(credentials, spans[0], spans[1], no_token, error, error_size);
}

/* ---- lines ---- */

static int open_section(struct parser *parser, struct ini_span line)
{
    struct ini_span name;

    if (!ini_section(line, &name))
        return fail(parser, "a section without its ]");
    if (name.length == 0)
        return fail(parser, "a section without a name");
    parser->in_section = true;
    parser->is_ours = parser->kind == CREDENTIALS_FILE_SHARED
                          ? ini_equals(name, parser->profile)
                          : ini_section_is(name, "profile", parser->profile);
    if (parser->is_ours)
        parser->out->is_present = true;
    return 0;
}

static int note(struct parser *parser, struct ini_span *field, struct ini_span value)
{
    if (field->length > 0)
        return fail(parser, "a credential that was given before");
    *field = value;
    return 0;
}

struct property {
    const char *name;
    size_t offset;
    size_t size;
};

#define PROPERTY(name, field)                                                                      \
    {                                                                                              \
        name, offsetof(struct credentials_profile, field),                                         \
            sizeof(((struct credentials_profile *)NULL)->field)                                    \
    }

static const struct property properties[] = {
    PROPERTY("role_arn", role_arn),
    PROPERTY("source_profile", source_profile),
    PROPERTY("credential_source", credential_source),
    PROPERTY("external_id", external_id),
    PROPERTY("role_session_name", role_session_name),
    PROPERTY("duration_seconds", duration_seconds),
    PROPERTY("mfa_serial", mfa_serial),
    PROPERTY("web_identity_token_file", web_identity_token_file),
    PROPERTY("credential_process", credential_process),
    PROPERTY("region", region),
    PROPERTY("ec2_metadata_service_endpoint", imds_endpoint),
    PROPERTY("ec2_metadata_service_endpoint_mode", imds_mode),
};

/* Who signs in with these sits at a keyboard. */
static const char *const of_people[] = {"sso_session", "sso_start_url", "login_session"};

static int keep(struct parser *parser, const struct property *property, struct ini_span value)
{
    char *field = (char *)parser->out + property->offset;
    char words[128];

    if (field[0] != '\0')
        snprintf(words, sizeof(words), "%s was given before", property->name);
    else if (value.length >= property->size)
        snprintf(words, sizeof(words), "%s has %zu characters, at most %zu are allowed",
                 property->name, value.length, property->size - 1);
    else if (!is_printable(value))
        snprintf(words, sizeof(words), "%s has a character that is not printable", property->name);
    else {
        memcpy(field, value.at, value.length);
        field[value.length] = '\0';
        return 0;
    }
    return fail(parser, words);
}

static int note_property(struct parser *parser, struct ini_span key, struct ini_span value)
{
    if (equals_any_case(key, "aws_access_key_id"))
        return note(parser, &parser->key_id, value);
    if (equals_any_case(key, "aws_secret_access_key"))
        return note(parser, &parser->secret, value);
    if (equals_any_case(key, "aws_session_token"))
        return note(parser, &parser->token, value);
    if (equals_any_case(key, "aws_security_token")) /* as it was called at first */
        return note(parser, &parser->old_token, value);
    for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
        if (equals_any_case(key, properties[i].name))
            return keep(parser, &properties[i], value);
    }
    for (size_t i = 0; i < sizeof(of_people) / sizeof(of_people[0]); i++) {
        if (equals_any_case(key, of_people[i]))
            parser->out->person = of_people[i];
    }
    return 0;
}

static int read_property(struct parser *parser, struct ini_span line)
{
    struct ini_span key, value;

    if (!ini_property(line, &key, &value))
        return fail(parser, "neither a section, nor a comment, nor KEY = VALUE");
    if (!parser->in_section)
        return fail(parser, "a property before the first section");
    if (key.length == 0)
        return fail(parser, "a value without its key");
    return parser->is_ours ? note_property(parser, key, value) : 0;
}

static int read_line(struct parser *parser, struct ini_span line)
{
    bool is_indented = line.length > 0 && ini_is_blank(line.at[0]);

    if (line.length > CREDENTIALS_LINE_MAX)
        return fail(parser, "longer than 32768 characters");
    if (memchr(line.at, '\0', line.length) != NULL)
        return fail(parser, "a NUL, this is no text");
    line = ini_trim(line);
    if (ini_is_nothing(line))
        return 0;
    if (is_indented && parser->in_section)
        return 0;
    return line.at[0] == '[' ? open_section(parser, line) : read_property(parser, line);
}

static int read_lines(struct parser *parser, const char *text, size_t length)
{
    struct ini_span rest = ini_begin(text, length);
    struct ini_span line;

    while (ini_next_line(&rest, &line)) {
        parser->line++;
        if (read_line(parser, line) != 0)
            return -1;
    }
    return 0;
}

/* ---- the whole ---- */

static int take_keys(struct parser *parser)
{
    struct credentials_profile *out = parser->out;

    if (parser->key_id.length == 0 && parser->secret.length == 0)
        return 0;
    if (parser->key_id.length == 0 || parser->secret.length == 0) {
        snprintf(parser->error, parser->error_size,
                 "aws_access_key_id and aws_secret_access_key must be given together");
        return -1;
    }
    if (parser->token.length == 0)
        parser->token = parser->old_token;
    if (set_fields(&out->keys, parser->key_id, parser->secret, parser->token, parser->error,
                   parser->error_size) != 0)
        return -1;
    out->has_keys = true;
    return 0;
}

int credentials_file_read(const char *text, size_t length, enum credentials_file_kind kind,
                          const char *profile, struct credentials_profile *ret_profile, char *error,
                          size_t error_size)
{
    struct parser parser = {.kind = kind,
                            .profile = profile,
                            .out = ret_profile,
                            .token = {"", 0},
                            .old_token = {"", 0},
                            .error = error,
                            .error_size = error_size};

    memset(ret_profile, 0, sizeof(*ret_profile));
    if (length > CREDENTIALS_FILE_MAX) {
        snprintf(error, error_size, "more than %d bytes", CREDENTIALS_FILE_MAX);
        return -1;
    }
    if (read_lines(&parser, text, length) == 0 && take_keys(&parser) == 0)
        return 0;
    credentials_wipe(&ret_profile->keys);
    return -1;
}

void credentials_profile_wipe(struct credentials_profile *profile)
{
    OPENSSL_cleanse(profile, sizeof(*profile));
}
