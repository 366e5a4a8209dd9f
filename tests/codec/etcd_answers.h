/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_answers.h: what etcd 3.4.23 said, noted down from a real one (ids shortened). */
#ifndef REGIONSHIFT_ETCD_ANSWERS_H
#define REGIONSHIFT_ETCD_ANSWERS_H

#define PREFIX "/rs/p/"

#define HEADER(revision)                                                                           \
    "\"header\":{\"cluster_id\":\"15875391935852295136\",\"member_id\":\"7383792418829112008\","   \
    "\"revision\":\"" revision "\",\"raft_term\":\"2\"}"
#define HEADER_ALONE(revision) "{" HEADER(revision) "}"

/* /rs/p/a = hello, /rs/p/b = "", /rs/p/c = 0 1 2, and /rs/p/z, deleted */
#define KEY_A "L3JzL3AvYQ=="
#define KEY_B "L3JzL3AvYg=="
#define KEY_C "L3JzL3AvYw=="
#define PAIR_A                                                                                     \
    "{\"key\":\"" KEY_A "\",\"create_revision\":\"2\",\"mod_revision\":\"3\",\"version\":\"2\","   \
    "\"value\":\"aGVsbG8=\"}"
#define PAIR_B                                                                                     \
    "{\"key\":\"" KEY_B "\",\"create_revision\":\"4\",\"mod_revision\":\"4\",\"version\":\"1\","   \
    "\"lease\":\"5\"}"
#define PAIR_C                                                                                     \
    "{\"key\":\"" KEY_C "\",\"create_revision\":\"5\",\"mod_revision\":\"5\",\"version\":\"1\","   \
    "\"value\":\"AAEC\"}"

#define RANGE "{" HEADER("6") ",\"kvs\":[" PAIR_A "," PAIR_B "," PAIR_C "],\"count\":\"3\"}"
#define RANGE_MORE "{" HEADER("6") ",\"kvs\":[" PAIR_A "],\"more\":true,\"count\":\"3\"}"
#define TXN_DONE                                                                                   \
    "{" HEADER("5") ",\"succeeded\":true,\"responses\":[{\"response_delete_range\":{\"header\":{"  \
                    "\"revision\":\"5\"},\"deleted\":\"1\"}},{\"response_put\":{\"header\":{"      \
                    "\"revision\":\"5\"}}}]}"
#define GRANT "{" HEADER("3") ",\"ID\":\"1353509824285316105\",\"TTL\":\"2\"}"
#define KEEPALIVE "{\"result\":{" HEADER("3") ",\"ID\":\"77\",\"TTL\":\"10\"}}\n"
#define KEEPALIVE_GONE "{\"result\":{" HEADER("2") ",\"ID\":\"99\"}}\n"
#define TOKEN "{" HEADER("1") ",\"token\":\"ivDoqDioXMSMekfX.15\"}"

#define ERROR(words, code) "{\"error\":\"" words "\",\"message\":\"" words "\",\"code\":" code "}"
#define STREAM_ERROR                                                                               \
    "{\"error\":{\"grpc_code\":14,\"http_code\":503,\"message\":\"etcdserver: no leader\","        \
    "\"http_status\":\"Service Unavailable\"}}"

#define WATCH_CREATED "{\"result\":{" HEADER("3") ",\"created\":true}}\n"
#define WATCH_EVENTS                                                                               \
    "{\"result\":{" HEADER("5") ",\"events\":[{\"type\":\"DELETE\",\"kv\":{\"key\":\"" KEY_A       \
                                "\",\"mod_revision\":\"5\"}},{\"kv\":" PAIR_C "}]}}\n"
#define WATCH_PROGRESS "{\"result\":{" HEADER("3") ",\"watch_id\":\"-1\"}}\n"
#define WATCH_COMPACTED                                                                            \
    "{\"result\":{\"header\":{\"cluster_id\":\"15875391935852295136\","                            \
    "\"member_id\":\"7383792418829112008\",\"raft_term\":\"2\"},\"canceled\":true,"                \
    "\"compact_revision\":\"3\"}}\n"
#define WATCH_ENDED(words)                                                                         \
    "{\"result\":{" HEADER("3") ",\"watch_id\":\"-1\",\"created\":true,\"canceled\":true,"         \
                                "\"cancel_reason\":\"" words "\"}}\n"
#define WATCH_DENIED                                                                               \
    WATCH_ENDED("rpc error: code = PermissionDenied desc = etcdserver: permission denied")
#define WATCH_CANCELED "{\"result\":{" HEADER("3") ",\"watch_id\":\"1\",\"canceled\":true}}\n"

#endif
