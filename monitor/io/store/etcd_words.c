/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_words.c: failures into faults, faults into sentences. S2: none says anything of a region. */
#include "etcd_words.h"

#include <stdio.h>
#include <string.h>

#include "result.h"

static void say(struct etcd_error *error, enum etcd_fault fault, const char *words)
{
    error->fault = fault;
    error->code = -1;
    /* libcurl quotes what the other side sent: names in certificates, for one */
    text_escape(error->words, sizeof(error->words), words, strlen(words));
}

void etcd_judge(const struct etcd_transferred *result, struct etcd_error *ret_error)
{
    char words[ETCD_WORDS_MAX + 1];

    *ret_error = (struct etcd_error){.fault = ETCD_FAULT_NONE, .code = -1};
    if (result->too_long) {
        (void)snprintf(words, sizeof(words), "its answer is longer than %d bytes", ETCD_ANSWER_MAX);
        say(ret_error, ETCD_UNKNOWN, words);
    } else if (result->code == CURLE_OPERATION_TIMEDOUT) {
        say(ret_error, ETCD_TIMEOUT, result->words);
    } else if (result->code != CURLE_OK) {
        say(ret_error, ETCD_UNAVAILABLE, result->words);
    } else if (result->http_status != 200) {
        etcd_read_error((int)result->http_status, result->body, result->length, ret_error);
    }
}

/* ---- sentences ---- */

const char *etcd_asked_to(const char *path)
{
    static const struct {
        const char *path;
        const char *words;
    } known[] = {
        {ETCD_PATH_RANGE, "read"},
        {ETCD_PATH_PUT, "write"},
        {ETCD_PATH_TXN, "compare and write"},
        {ETCD_PATH_WATCH, "tell changes"},
        {ETCD_PATH_GRANT, "grant a lease"},
        {ETCD_PATH_KEEPALIVE, "renew the lease"},
        {ETCD_PATH_REVOKE, "end the lease"},
        {ETCD_PATH_AUTHENTICATE, "accept user and password"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (strcmp(path, known[i].path) == 0)
            return known[i].words;
    }
    if (strncmp(path, "/v3/auth/", 9) == 0)
        return "show or change its users and roles";
    return path;
}

/* What only the words tell apart. */
static const char *advice_by_words(const char *words)
{
    static const struct {
        const char *words;
        const char *advice;
    } known[] = {
        {"CommonName", "make store.cert_file again with an empty CN: through its gateway etcd "
                       "refuses a certificate that names a user"},
        {"user name is empty", "it knows users: give store.user and store.password"},
        {"not enabled", "it has no users: take store.user and store.password away, or enable its "
                        "authentication"},
        {"unable to get local issuer", "store.ca_file is not the authority of its certificate"},
        {"self-signed", "store.ca_file is not the authority of its certificate"},
        {"certificate has expired", "renew its certificate, then restart it"},
        {"does not match target host", "its certificate lacks this name or address: make it again "
                                       "with it as SAN"},
        {"no alternative certificate subject", "its certificate lacks this name or address: make "
                                               "it again with it as SAN"},
        {"alert", "it refuses our certificate: look at store.cert_file, its dates and authority"},
        {"client certificate", "look at store.cert_file and store.key_file"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (strstr(words, known[i].words) != NULL)
            return known[i].advice;
    }
    return NULL;
}

/* A member that refuses our certificate says so (TLS 1.3) when we think the connection stands: then
 * its words may be lost, and only the end of the connection is seen. */
static bool may_be_refusal(const char *member, const struct etcd_error *error)
{
    return error->fault == ETCD_UNAVAILABLE && strncmp(member, "https:", 6) == 0 &&
           (strstr(error->words, "Send failure") != NULL ||
            strstr(error->words, "Recv failure") != NULL ||
            strstr(error->words, "reset by peer") != NULL ||
            strstr(error->words, "poll returned error") != NULL ||
            strstr(error->words, "Broken pipe") != NULL);
}

static const char *advice_by_fault(enum etcd_fault fault)
{
    switch (fault) {
    case ETCD_NO_LEADER:
        return "it does not reach a majority of the members: look at the others and at the network "
               "between them";
    case ETCD_TIMEOUT:
        return "look at its disk, and at the network between the members and to it";
    case ETCD_UNAVAILABLE:
        return "look whether it runs and can be reached from here";
    case ETCD_TOO_MANY:
        return "it has more to do than its disk can write";
    case ETCD_BAD_TOKEN:
        return "it does not know our token any more";
    case ETCD_DENIED:
        return "look at store.user, its password and its role";
    case ETCD_NO_SPACE:
        return "compact and defragment it, then `etcdctl alarm disarm`; nothing is written until "
               "then";
    case ETCD_CORRUPT:
        return "a member's data differs from the others': replace that member";
    case ETCD_INVALID:
        return "it is a limit of the server, or a fault of regionshift: please report it";
    case ETCD_FAULT_NONE:
    case ETCD_COMPACTED:
    case ETCD_FUTURE:
    case ETCD_NO_LEASE:
    case ETCD_UNKNOWN:
        break;
    }
    return "look at its log";
}

void etcd_sentence(char *out, size_t size, const char *member, const char *path, unsigned tries,
                   const struct etcd_error *error)
{
    const char *advice = advice_by_words(error->words);
    char attempts[48] = "";

    if (advice == NULL && may_be_refusal(member, error))
        advice = "look whether it runs, and whether it refuses our certificate (store.cert_file)";
    if (advice == NULL)
        advice = advice_by_fault(error->fault);
    if (tries > 1)
        (void)snprintf(attempts, sizeof(attempts), " (the last of %u tries)", tries);
    (void)snprintf(out, size, "store: etcd at %.120s, asked to %s%s: %s: %s", member,
                   etcd_asked_to(path), attempts, error->words, advice);
}
