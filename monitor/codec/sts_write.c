/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "query_form.h"
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

static void add_role(struct buffer *out, const char *action, const struct sts_role *role)
{
    char seconds[16] = "";

    if (role->duration_s != 0)
        snprintf(seconds, sizeof(seconds), "%u", role->duration_s);
    query_form_begin(out, action, "2011-06-15");
    query_form_add(out, "RoleArn", role->arn);
    query_form_add(out, "RoleSessionName", role->session_name);
    query_form_add(out, "DurationSeconds", seconds);
}

void sts_write_assume_role(struct buffer *out, const struct sts_role *role)
{
    add_role(out, "AssumeRole", role);
    query_form_add(out, "ExternalId", role->external_id);
}

void sts_write_web_identity(struct buffer *out, const struct sts_role *role, const char *token)
{
    add_role(out, "AssumeRoleWithWebIdentity", role);
    query_form_add(out, "WebIdentityToken", token);
}
