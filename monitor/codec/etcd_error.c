/* SPDX-License-Identifier: Apache-2.0 */
/* What an error means. The words decide, because etcd uses one code for many things (8 is "too many
 * requests", a full disk and a request too large; 11 is compaction and a lease too long); the code
 * where the words are new; the status of HTTP where there is no JSON. One mistake is dear: to take
 * a write that was carried out for one that was not. So "not done" is said only where etcd refuses
 * before it proposes, or when it applies, as a whole. */
#include "etcd_json.h"

#include <string.h>

#include "etcd_form.h"
#include "result.h"

struct meaning {
    const char *words;
    enum etcd_fault fault;
};

/* etcd 3.4 to 3.6. Longer words before shorter ones that they contain. */
static const struct meaning meanings[] = {
    {"etcdserver: no leader", ETCD_NO_LEADER},
    {"etcdserver: leader changed", ETCD_NO_LEADER}, /* of reads only */
    {"etcdserver: request timed out", ETCD_TIMEOUT},
    {"context deadline exceeded", ETCD_TIMEOUT},
    {"etcdserver: too many requests", ETCD_TOO_MANY},
    {"etcdserver: invalid auth token", ETCD_BAD_TOKEN},
    {"revision of auth store is old", ETCD_BAD_TOKEN},
    {"etcdserver: permission denied", ETCD_DENIED},
    {"etcdserver: authentication failed", ETCD_DENIED},
    {"etcdserver: authentication is not enabled", ETCD_DENIED},
    {"etcdserver: user name is empty", ETCD_DENIED},
    {"etcdserver: user name not found", ETCD_DENIED},
    {"etcdserver: invalid auth management", ETCD_DENIED},
    {"CommonName of client", ETCD_DENIED}, /* a client certificate with a name, and passwords */
    {"required revision has been compacted", ETCD_COMPACTED},
    {"required revision is a future revision", ETCD_FUTURE},
    {"database space exceeded", ETCD_NO_SPACE},
    {"corrupt cluster", ETCD_CORRUPT},
    {"requested lease not found", ETCD_NO_LEASE},
    {"etcdserver: too large lease TTL", ETCD_INVALID},
    {"etcdserver: lease already exists", ETCD_INVALID},
    {"grpc: received message larger than max", ETCD_INVALID},
    {"grpc: trying to send message larger than max", ETCD_INVALID},
    {"watcher range is empty", ETCD_INVALID},
    {"duplicate watch ID", ETCD_INVALID},
    {"etcdserver: not leader", ETCD_UNAVAILABLE},
    {"not supported for learner", ETCD_UNAVAILABLE},
    {"raft: stopped", ETCD_UNAVAILABLE},
};

static const struct {
    const char *name;
    enum store_status status;
    bool means_not_done;
} faults[] = {
    [ETCD_FAULT_NONE] = {"none", STORE_OK, false},
    [ETCD_NO_LEADER] = {"no leader", STORE_AWAY, true},
    [ETCD_TIMEOUT] = {"timeout", STORE_AWAY, false},
    [ETCD_UNAVAILABLE] = {"unavailable", STORE_AWAY, false},
    [ETCD_TOO_MANY] = {"too many requests", STORE_AWAY, true},
    [ETCD_BAD_TOKEN] = {"bad token", STORE_AWAY, true},
    [ETCD_DENIED] = {"denied", STORE_DENIED, true},
    [ETCD_COMPACTED] = {"compacted", STORE_AWAY, true},
    [ETCD_FUTURE] = {"future revision", STORE_AWAY, true},
    /* A member that finds the space gone while it applies, applies, and answers with this. */
    [ETCD_NO_SPACE] = {"no space", STORE_FULL, false},
    [ETCD_CORRUPT] = {"corrupt", STORE_CORRUPT, false},
    [ETCD_NO_LEASE] = {"no lease", STORE_LEASE_LOST, true},
    [ETCD_INVALID] = {"invalid", STORE_AWAY, true},
    [ETCD_UNKNOWN] = {"unknown", STORE_AWAY, false},
};

const char *etcd_fault_name(enum etcd_fault fault)
{
    return faults[fault].name;
}

enum store_status etcd_fault_status(enum etcd_fault fault)
{
    return faults[fault].status;
}

bool etcd_fault_means_not_done(enum etcd_fault fault)
{
    return faults[fault].means_not_done;
}

/* ---- judging ---- */

static enum etcd_fault fault_of_words(const char *words)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (strstr(words, meanings[i].words) != NULL)
            return meanings[i].fault;
    }
    return ETCD_UNKNOWN;
}

/* gRPC's codes, for words we do not know. */
static enum etcd_fault fault_of_code(json_int_t code)
{
    switch (code) {
    case 3:
        return ETCD_INVALID;
    case 4:
        return ETCD_TIMEOUT;
    case 7:
        return ETCD_DENIED;
    case 14:
        return ETCD_UNAVAILABLE;
    case 15:
        return ETCD_CORRUPT;
    case 16:
        return ETCD_BAD_TOKEN;
    default:
        return ETCD_UNKNOWN;
    }
}

/* Somebody who speaks HTTP and not etcd's JSON: a proxy, a balancer, another server. */
static enum etcd_fault fault_of_http(int status)
{
    switch (status) {
    case 401:
    case 403:
    case 407:
        return ETCD_DENIED;
    case 429:
        return ETCD_TOO_MANY;
    case 408:
    case 504:
        return ETCD_TIMEOUT;
    case 502:
    case 503:
        return ETCD_UNAVAILABLE;
    default:
        return ETCD_UNKNOWN;
    }
}

static void keep_words(struct etcd_error *error, const char *words, size_t length)
{
    text_escape(error->words, sizeof(error->words), words, length);
}

void etcd_error_of_words(const char *words, struct etcd_error *ret_error)
{
    *ret_error = (struct etcd_error){.fault = fault_of_words(words), .code = -1};
    keep_words(ret_error, words, strlen(words));
}

/* {"error":"..","code":5,"message":".."} (3.4, 3.5), {"code":5,"message":".."} (3.6), and inside
 * streams {"error":{"grpc_code":14,"message":".."}} or {"error":{"code":14,"message":".."}}. */
void etcd_error_take(const json_t *object, int http_status, struct etcd_error *ret_error)
{
    const json_t *inner = json_object_get(object, "error");
    const json_t *body = json_is_object(inner) ? inner : object;
    const json_t *code = json_object_get(body, "grpc_code");
    const char *words = json_string_value(json_object_get(body, "message"));

    if (code == NULL)
        code = json_object_get(body, "code");
    if (words == NULL)
        words = json_is_string(inner) ? json_string_value(inner) : "";
    etcd_error_of_words(words, ret_error);
    if (json_is_integer(code) && json_integer_value(code) >= 0 && json_integer_value(code) <= 16)
        ret_error->code = (int)json_integer_value(code);
    if (ret_error->fault == ETCD_UNKNOWN)
        ret_error->fault = fault_of_code(ret_error->code);
    if (ret_error->fault == ETCD_UNKNOWN && ret_error->code < 0)
        ret_error->fault = fault_of_http(http_status);
}

void etcd_read_error(int http_status, const char *body, size_t length, struct etcd_error *ret_error)
{
    json_t *root = json_loadb(body, length, JSON_REJECT_DUPLICATES, NULL);
    static const char common_name[] = "CommonName of client";

    if (json_is_object(root)) {
        etcd_error_take(root, http_status, ret_error);
    } else {
        *ret_error = (struct etcd_error){.fault = fault_of_http(http_status), .code = -1};
        keep_words(ret_error, body, length);
        if (strstr(ret_error->words, common_name) != NULL)
            ret_error->fault = ETCD_DENIED;
    }
    json_decref(root);
}
