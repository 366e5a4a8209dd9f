/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "sts.h"

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

/* `[\w+=,.@-]`: of the name of a session. */
static bool is_name_char(char c)
{
    return c != '\0' && (strchr("+=,@", c) != NULL || (c != '~' && is_unreserved(c)));
}

int sts_check_role(const struct sts_role *role, char *error, size_t error_size)
{
    size_t length = strlen(role->session_name);

    if (strncmp(role->arn, "arn:", 4) != 0) {
        snprintf(error, error_size, "the role is not an ARN like arn:aws:iam::123456789012:role/x");
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        if (!is_name_char(role->session_name[i]))
            length = 0;
    }
    if (length < 2 || length > CREDENTIALS_SESSION_MAX) {
        snprintf(error, error_size,
                 "the name of the role's session: allowed are 2 to 64 letters, digits and +=,.@_-");
        return -1;
    }
    if (role->duration_s != 0 &&
        (role->duration_s < STS_DURATION_MIN_S || role->duration_s > STS_DURATION_MAX_S)) {
        snprintf(error, error_size, "duration_seconds: allowed are 900 to 43200");
        return -1;
    }
    return 0;
}

static void add_field(struct buffer *out, const char *name, const char *value)
{
    static const char hex[] = "0123456789ABCDEF";

    if (value[0] == '\0')
        return;
    buffer_add_char(out, '&');
    buffer_add_text(out, name);
    buffer_add_char(out, '=');
    for (; *value != '\0'; value++) {
        unsigned char byte = (unsigned char)*value;

        if (is_unreserved(*value)) {
            buffer_add_char(out, *value);
        } else {
            buffer_add_char(out, '%');
            buffer_add_char(out, hex[byte >> 4]);
            buffer_add_char(out, hex[byte & 15]);
        }
    }
}

static void add_role(struct buffer *out, const char *action, const struct sts_role *role)
{
    char seconds[16] = "";

    if (role->duration_s != 0)
        snprintf(seconds, sizeof(seconds), "%u", role->duration_s);
    buffer_add_text(out, "Action=");
    buffer_add_text(out, action);
    buffer_add_text(out, "&Version=2011-06-15");
    add_field(out, "RoleArn", role->arn);
    add_field(out, "RoleSessionName", role->session_name);
    add_field(out, "DurationSeconds", seconds);
}

void sts_write_assume_role(struct buffer *out, const struct sts_role *role)
{
    add_role(out, "AssumeRole", role);
    add_field(out, "ExternalId", role->external_id);
}

void sts_write_web_identity(struct buffer *out, const struct sts_role *role, const char *token)
{
    add_role(out, "AssumeRoleWithWebIdentity", role);
    add_field(out, "WebIdentityToken", token);
}
