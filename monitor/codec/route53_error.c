/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer that is no success means. Two mistakes are possible and one of them is dear: to
 * take a batch that was applied for one that was not. So "not applied" is said only where AWS said
 * it, and everything doubtful is LOST: the zone is read again (C3). */
#include <stdio.h>
#include <string.h>

#include "result.h"
#include "route53_xml.h"

/* ---- reading: three forms, and a fourth that S3-like front ends use ---- */

static void keep(char *out, size_t size, const char *text)
{
    text_escape(out, size, text, strlen(text));
}

/* <Messages><Message/>..</Messages>: AWS's old form, and still that of its reference. */
static void join_messages(const struct xml_node *messages, char *out, size_t size)
{
    struct buffer text;

    buffer_init(&text, XML_BODY_MAX);
    for (const struct xml_node *child = messages->first; child != NULL; child = child->next) {
        if (text.length > 0)
            buffer_add_text(&text, ", ");
        buffer_add_text(&text, child->text);
    }
    keep(out, size, buffer_text(&text));
    buffer_clear(&text);
}

static int read_fields(const char *code, const struct xml_node *node, const char *request_id,
                       struct route53_error *ret_error)
{
    struct route53_error error = {.code = ""};
    const struct xml_node *messages = xml_child(node, "Messages");
    const char *message = xml_text(node, "Message");

    if (code == NULL || code[0] == '\0')
        return -1;
    keep(error.code, sizeof(error.code), code);
    if (message != NULL)
        keep(error.words, sizeof(error.words), message);
    else if (messages != NULL)
        join_messages(messages, error.words, sizeof(error.words));
    if (request_id != NULL)
        keep(error.request_id, sizeof(error.request_id), request_id);
    *ret_error = error;
    return 0;
}

static int read_root(const struct xml_node *root, struct route53_error *ret_error)
{
    const struct xml_node *inner = xml_child(root, "Error");
    const char *request_id = xml_text(root, "RequestId");

    if (strcmp(root->name, "ErrorResponse") == 0)
        return read_fields(xml_text(inner, "Code"), inner, request_id, ret_error);
    if (strcmp(root->name, "Error") == 0)
        return read_fields(xml_text(root, "Code"), root, request_id, ret_error);
    if (xml_child(root, "Message") != NULL || xml_child(root, "Messages") != NULL)
        return read_fields(root->name, root, request_id, ret_error);
    return -1;
}

int route53_error_read(const char *body, size_t length, struct route53_error *ret_error)
{
    char ignored[128];
    struct xml xml;
    int status;

    if (xml_read(body, length, &xml, ignored, sizeof(ignored)) != 0)
        return -1;
    status = read_root(xml.root, ret_error);
    xml_clear(&xml);
    return status;
}

/* ---- meaning ---- */

struct meaning {
    const char *code;
    enum route53_outcome outcome;
    enum route53_remedy remedy;
};

static const struct meaning meanings[] = {
    {"InvalidChangeBatch", ROUTE53_REFUSED, ROUTE53_REMEDY_NONE},
    {"PriorRequestNotComplete", ROUTE53_BUSY, ROUTE53_REMEDY_NONE},
    {"ConcurrentModification", ROUTE53_BUSY, ROUTE53_REMEDY_NONE},
    {"Throttling", ROUTE53_BUSY, ROUTE53_REMEDY_PATIENCE},
    {"ThrottlingException", ROUTE53_BUSY, ROUTE53_REMEDY_PATIENCE},
    {"ThrottledException", ROUTE53_BUSY, ROUTE53_REMEDY_PATIENCE},
    {"RequestLimitExceeded", ROUTE53_BUSY, ROUTE53_REMEDY_PATIENCE},
    {"RequestThrottled", ROUTE53_BUSY, ROUTE53_REMEDY_PATIENCE},
    {"TooManyRequestsException", ROUTE53_BUSY, ROUTE53_REMEDY_PATIENCE},
    {"SlowDown", ROUTE53_BUSY, ROUTE53_REMEDY_PATIENCE},
    {"NoSuchHostedZone", ROUTE53_NOT_FOUND, ROUTE53_REMEDY_NONE},
    {"NoSuchChange", ROUTE53_NOT_FOUND, ROUTE53_REMEDY_NONE},
    {"NoSuchHealthCheck", ROUTE53_NOT_FOUND, ROUTE53_REMEDY_NONE},
    {"ExpiredToken", ROUTE53_DENIED, ROUTE53_REMEDY_CREDENTIALS},
    {"ExpiredTokenException", ROUTE53_DENIED, ROUTE53_REMEDY_CREDENTIALS},
    {"InvalidClientTokenId", ROUTE53_DENIED, ROUTE53_REMEDY_CREDENTIALS},
    {"UnrecognizedClientException", ROUTE53_DENIED, ROUTE53_REMEDY_CREDENTIALS},
    {"RequestTimeTooSkewed", ROUTE53_DENIED, ROUTE53_REMEDY_CLOCK},
    {"RequestExpired", ROUTE53_DENIED, ROUTE53_REMEDY_CLOCK},
    {"RequestInTheFuture", ROUTE53_DENIED, ROUTE53_REMEDY_CLOCK},
    {"SignatureDoesNotMatch", ROUTE53_DENIED, ROUTE53_REMEDY_CLOCK},
    {"InvalidSignatureException", ROUTE53_DENIED, ROUTE53_REMEDY_CLOCK},
    {"AuthFailure", ROUTE53_DENIED, ROUTE53_REMEDY_CLOCK},
    {"AccessDeniedException", ROUTE53_DENIED, ROUTE53_REMEDY_CLOCK},
    {"AccessDenied", ROUTE53_DENIED, ROUTE53_REMEDY_NONE},
    {"IncompleteSignature", ROUTE53_DENIED, ROUTE53_REMEDY_NONE},
    {"MissingAuthenticationToken", ROUTE53_DENIED, ROUTE53_REMEDY_NONE},
    {"MissingAuthenticationTokenException", ROUTE53_DENIED, ROUTE53_REMEDY_NONE},
    {"NotAuthorized", ROUTE53_DENIED, ROUTE53_REMEDY_NONE},
    {"OptInRequired", ROUTE53_DENIED, ROUTE53_REMEDY_NONE},
};

static const struct meaning *meaning_of(const struct route53_error *error)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (strcmp(error->code, meanings[i].code) == 0)
            return &meanings[i];
    }
    return NULL;
}

/* Nobody answers so after having executed the request. */
static enum route53_outcome by_status(int status)
{
    if (status == 401 || status == 403 || status == 407)
        return ROUTE53_DENIED;
    return status == 429 ? ROUTE53_BUSY : ROUTE53_LOST;
}

enum route53_outcome route53_classify(int status, const struct route53_error *error)
{
    const struct meaning *meaning = error != NULL ? meaning_of(error) : NULL;

    if (error == NULL || status < 400 || status > 599)
        return by_status(status);
    if (meaning != NULL && (status < 500 || meaning->outcome == ROUTE53_BUSY))
        return meaning->outcome;
    if (status >= 500)
        return ROUTE53_LOST;
    return by_status(status) == ROUTE53_LOST ? ROUTE53_INVALID : by_status(status);
}

enum route53_remedy route53_remedy(int status, const struct route53_error *error)
{
    const struct meaning *meaning = error != NULL ? meaning_of(error) : NULL;

    if (meaning != NULL && route53_classify(status, error) == meaning->outcome)
        return meaning->remedy;
    return status == 429 ? ROUTE53_REMEDY_PATIENCE : ROUTE53_REMEDY_NONE;
}
