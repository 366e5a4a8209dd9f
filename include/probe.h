/* SPDX-License-Identifier: Apache-2.0 */
/* probe.h: the prober runs one attempt of one check at a time per check, and tells its result.
 *
 * Every kind of check has one start, one cancel and one finish. start() never reports: the result
 * comes later, from the loop, exactly once, also after a cancel (then RESULT_VOID). The kinds sit
 * in monitor/io/probe/, a file for each: some on the lean prober (an epoll set of its own, nested
 * in the loop), some over libcurl; names are resolved by resolver.c (c-ares, cached by TTL).
 *
 * All addresses of a name are checked, each by itself and side by side; `need` says how many must
 * be good, and the detail which are not. An address that the check may not reach, or this machine
 * cannot, counts for nothing. */
#ifndef REGIONSHIFT_PROBE_H
#define REGIONSHIFT_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "result.h"
#include "settings.h"

typedef struct uv_loop_s uv_loop_t; /* libuv's own name, without its header */

struct prober;
struct account;

/* Called once for each started attempt. `token` is what prober_start() was given. The result is
 * valid during the call only. Do not start a check from inside: record and return. */
typedef void (*prober_done)(void *context, uint32_t token, const struct result *result);

/* Creates the prober on a loop. The settings' checks must outlive it.
 * Returns 0, or a negative errno value. */
int prober_create(uv_loop_t *loop, prober_done done, void *context, struct prober **ret_prober);

/* Can this build, on this machine, make such a check at all? HTTP/3 is there only where libcurl has
 * it, echoes only where our group may send them. When it cannot, a sentence goes to error; its
 * attempts are void then. */
bool prober_can(const struct check *check, char *error, size_t error_size);

/* The failover names: no redirect may lead to one, as what answers there says nothing of one
 * region. The records must outlive the prober. */
void prober_set_records(struct prober *prober, const struct service_record *records,
                        uint32_t count);

/* Where settings have checks of type alarm or alb, AWS is asked as aws.profile says; without this
 * call they must have none. Returns 0, or a negative errno value. Once. */
int prober_set_aws(struct prober *prober, const struct settings *settings);

/* Starts one attempt of a check, over a connection as it is set to. It waits for its turn, when
 * many are started at once: the deadline is check->timeout_ms, for all phases together, from when
 * it really begins, and the result tells how long it waited. One attempt in flight per token; a
 * second start of the same token is a programmer's error. */
void prober_start(struct prober *prober, uint32_t token, const struct check *check);

/* The attempt that was just started is one of a suspicion (V2): it goes before others that wait, so
 * that every other one that begins is such a one, and over a fresh connection whatever its check is
 * set to. */
void prober_hurry(struct prober *prober, uint32_t token);

/* Has the attempt that was just started tell all it sees (account.h). What it would be without
 * that, it is: only how an answer begins is read as well. The account must outlive the prober. */
void prober_explain(struct prober *prober, uint32_t token, struct account *account);

/* Starts one attempt at a reference (V5): any HTTP answer of any of its addresses, or any DNS
 * answer of the server, is good; tokens are shared with prober_start(), so the caller numbers them
 * apart. */
void prober_start_reference(struct prober *prober, uint32_t token,
                            const struct reference *reference, msec_t timeout_ms);

/* Ends an attempt: its result comes as RESULT_VOID from the loop. No-op when none is in flight. */
void prober_cancel(struct prober *prober, uint32_t token);

/* Ends all attempts without reporting them and closes every handle; `closed` runs from the loop
 * when nothing of the prober is left. Accepts NULL prober (closed runs at once). */
void prober_close(struct prober *prober, void (*closed)(void *context), void *context);

#endif
