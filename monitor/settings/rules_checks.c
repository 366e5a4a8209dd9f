/* SPDX-License-Identifier: Apache-2.0 */
/* rules_checks.c: forms of text that only some kinds of check have. */
#include "rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "address_policy.h"
#include "base64.h"

enum { ACCOUNT_DIGITS = 12, TARGET_GROUP_ID_DIGITS = 16, PIN_BYTES = 32, PIN_LETTERS = 44 };

static int fail(char *error, size_t error_size, const char *what)
{
    snprintf(error, error_size, "%s", what);
    return -1;
}

int rule_allow(char *text, char *error, size_t error_size)
{
    if (address_policy_bit(text) != 0)
        return 0;
    return fail(error, error_size,
                "no kind of address; \"loopback\", \"link-local\", \"metadata\" or "
                "\"multicast\"");
}

int rule_pin(char *text, char *error, size_t error_size)
{
    static const char head[] = "sha256/";
    char key[48];
    const char *hash = text + sizeof head - 1;
    if (strncmp(text, head, sizeof head - 1) == 0 && strlen(hash) == PIN_LETTERS &&
        base64_read(hash, PIN_LETTERS, key) == PIN_BYTES)
        return 0;
    return fail(error, error_size,
                "not a pin; write sha256/ and the base64 of the 32 bytes, 44 characters that end "
                "in =");
}

/* Cuts the next part, up to a colon, off an ARN; NULL when there is none. */
static const char *next_part(const char *part, size_t *ret_length)
{
    size_t length = strcspn(part, ":");
    if (length == 0 || part[length] == '\0')
        return NULL;
    *ret_length = length;
    return part + length + 1;
}

static bool is_region(const char *text, size_t length)
{
    return islower((unsigned char)text[0]) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") >= length;
}

/* targetgroup/NAME/0123456789abcdef */
static bool is_target_group(const char *text)
{
    static const char head[] = "targetgroup/";
    if (strncmp(text, head, sizeof head - 1) != 0)
        return false;
    const char *name = text + sizeof head - 1;
    size_t length = strcspn(name, "/");
    const char *id = name + length;
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)name[i]) && name[i] != '-')
            return false;
    }
    return length > 0 && length <= 32 && *id == '/' &&
           strspn(id + 1, "0123456789abcdef") == TARGET_GROUP_ID_DIGITS &&
           id[1 + TARGET_GROUP_ID_DIGITS] == '\0';
}

/* arn:PARTITION:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID */
int rule_target_group(char *text, char *error, size_t error_size)
{
    static const char service[] = ":elasticloadbalancing:";
    const char *at = strstr(text, service);
    const char *account = NULL;
    const char *resource = NULL;
    size_t partition = at == NULL ? 0 : (size_t)(at - text);
    size_t length = 0;
    bool is_good = (partition == 7 && strncmp(text, "arn:aws", partition) == 0) ||
                   (partition == 10 && strncmp(text, "arn:aws-cn", partition) == 0) ||
                   (partition == 14 && strncmp(text, "arn:aws-us-gov", partition) == 0);
    if (is_good) {
        const char *region = at + sizeof service - 1;
        account = next_part(region, &length);
        is_good = account != NULL && is_region(region, length);
    }
    if (is_good) {
        resource = next_part(account, &length);
        is_good = resource != NULL && length == ACCOUNT_DIGITS &&
                  strspn(account, "0123456789") == ACCOUNT_DIGITS;
    }
    if (is_good && is_target_group(resource))
        return 0;
    return fail(error, error_size,
                "not a target group's ARN, as in arn:aws:elasticloadbalancing:us-east-1:"
                "123456789012:targetgroup/pizza/0123456789abcdef");
}
