/* SPDX-License-Identifier: Apache-2.0 */
/* curl_loop.h: libcurl's transfers on a libuv loop. Who wants a transfer makes an easy handle,
 * starts it here, and gets it back once, finished, from the loop.
 *
 * libcurl calls back while its own state is half changed; so its callbacks only record, and `done`
 * runs after libcurl has returned. Inside `done` everything is allowed: start the same handle
 * again, start or cancel others, clean the handle up, close the curl_loop. */
#ifndef REGIONSHIFT_CURL_LOOP_H
#define REGIONSHIFT_CURL_LOOP_H

#include <curl/curl.h>
#include <uv.h>

struct curl_loop;

/* Called once for each start, never from inside start() or cancel(). The handle is the caller's
 * again. code: CURLE_OK, libcurl's error, or CURLE_ABORTED_BY_CALLBACK after cancel or close. */
typedef void (*curl_loop_done)(void *context, CURL *easy, CURLcode code);

/* Returns 0 or -errno. */
int curl_loop_create(uv_loop_t *loop, struct curl_loop **ret_curl_loop);

/* Makes an easy handle with what every transfer of ours needs: no signals, no proxy, no redirects,
 * no .netrc, verification on, TLS 1.2 or newer, nothing cached of names, and only these protocols
 * (libcurl's words: "https", "http,https", "smtp,smtps"). The caller adds the rest, above all
 * CURLOPT_TIMEOUT_MS, and cleans it up. NULL: out of memory. */
CURL *curl_loop_easy(const char *protocols);

/* Starts a transfer. CURLOPT_PRIVATE of the handle is ours until `done`. A handle that is in flight
 * must not be started again. What fails here is told through `done` like all else. */
void curl_loop_start(struct curl_loop *curl_loop, CURL *easy, curl_loop_done done, void *context);

/* Ends a transfer early: `done` comes from the loop with CURLE_ABORTED_BY_CALLBACK. No-op when the
 * handle is not in flight here, or has ended already and `done` is on its way. */
void curl_loop_cancel(struct curl_loop *curl_loop, CURL *easy);

/* Cancels what is in flight (each `done` is called), then closes; `closed` runs from the loop when
 * nothing is left. Nothing can be started any more. Accepts NULL (closed runs at once). */
void curl_loop_close(struct curl_loop *curl_loop, void (*closed)(void *context), void *context);

#endif
