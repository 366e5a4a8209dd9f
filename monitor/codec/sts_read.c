/* SPDX-License-Identifier: Apache-2.0 */
/* <AssumeRoleResponse><AssumeRoleResult><Credentials> and the same of WithWebIdentity; errors are
 * in the form that Route 53 uses too. */
#include <stdio.h>
#include <string.h>

#include "iso8601.h"
#include "result.h"
#include "route53_xml.h"
#include "sts.h"
#include "xml.h"

static int complain(char *error, size_t error_size, const char *words)
{
    snprintf(error, error_size, "the answer of STS: %s", words);
    return -1;
}

static const struct xml_node *find_credentials(const struct xml_node *root)
{
    static const char *const names[][2] = {
        {"AssumeRoleResponse", "AssumeRoleResult"},
        {"AssumeRoleWithWebIdentityResponse", "AssumeRoleWithWebIdentityResult"},
    };

    for (size_t i = 0; i < 2; i++) {
        if (strcmp(root->name, names[i][0]) == 0)
            return xml_child(xml_child(root, names[i][1]), "Credentials");
    }
    return NULL;
}

static int take(const struct xml_node *node, struct credentials_lease *ret_lease, char *error,
                size_t error_size)
{
    const char *key_id = xml_only_text(node, "AccessKeyId");
    const char *secret = xml_only_text(node, "SecretAccessKey");
    const char *token = xml_only_text(node, "SessionToken");
    const char *end = xml_only_text(node, "Expiration");
    char words[160];

    if (key_id == NULL || secret == NULL || token == NULL || end == NULL)
        return complain(error, error_size,
                        "not one each of AccessKeyId, SecretAccessKey, SessionToken, Expiration");
    memset(ret_lease, 0, sizeof(*ret_lease));
    if (iso8601_read(end, strlen(end), &ret_lease->ends_at_ms) != 0)
        return complain(error, error_size, "Expiration is not a time like 2026-11-22T17:13:31Z");
    if (credentials_set(&ret_lease->keys, key_id, secret, token, words, sizeof(words)) != 0)
        return complain(error, error_size, words);
    ret_lease->has_end = true;
    return 0;
}

int sts_read(const char *body, size_t length, struct credentials_lease *ret_lease, char *error,
             size_t error_size)
{
    const struct xml_node *node;
    char words[128];
    struct xml xml;
    int status;

    if (xml_read(body, length, &xml, words, sizeof(words)) != 0)
        return complain(error, error_size, words);
    node = find_credentials(xml.root);
    if (node == NULL)
        status = complain(error, error_size, "no Credentials in it");
    else
        status = take(node, ret_lease, error, error_size);
    xml_clear(&xml);
    return status;
}

/* ---- refusals ---- */

struct meaning {
    const char *code;
    enum sts_refusal refusal;
};

/* What is not named here goes by its status. */
static const struct meaning meanings[] = {
    {"Throttling", STS_LATER},
    {"ThrottlingException", STS_LATER},
    {"RequestLimitExceeded", STS_LATER},
    {"IDPCommunicationError", STS_LATER},
    {"InternalFailure", STS_LATER},
    {"ServiceUnavailable", STS_LATER},
    {"InvalidIdentityToken", STS_TOKEN},
    {"ExpiredTokenException", STS_TOKEN},
    {"SignatureDoesNotMatch", STS_CLOCK},
    {"InvalidSignatureException", STS_CLOCK},
    {"RequestExpired", STS_CLOCK},
    {"RequestTimeTooSkewed", STS_CLOCK},
    {"RequestInTheFuture", STS_CLOCK},
    {"ExpiredToken", STS_KEYS},
    {"InvalidClientTokenId", STS_KEYS},
    {"UnrecognizedClientException", STS_KEYS},
};

enum sts_refusal sts_read_refusal(int status, const char *body, size_t length, char *out,
                                  size_t size)
{
    struct route53_error error;

    if (route53_error_read(body, length, &error) != 0) {
        snprintf(out, size, "HTTP %d", status);
        return status >= 500 || status == 429 ? STS_LATER : STS_FINAL;
    }
    snprintf(out, size, "%s%s%s", error.code, error.words[0] != '\0' ? ": " : "", error.words);
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (strcmp(error.code, meanings[i].code) == 0)
            return meanings[i].refusal;
    }
    return status >= 500 || status == 429 ? STS_LATER : STS_FINAL;
}
