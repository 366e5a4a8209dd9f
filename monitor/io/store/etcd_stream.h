/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_stream.h: a request to one member whose answer does not end: it comes line by line, while
 * the upload stays open for more questions (HTTP/1.1, chunked both ways, which etcd allows). */
#ifndef REGIONSHIFT_STORE_ETCD_STREAM_H
#define REGIONSHIFT_STORE_ETCD_STREAM_H

#include "etcd_link.h"

enum { ETCD_LINE_MAX = 16 * 1024 * 1024 /* bytes; a transaction of ours needs up to 7 MiB */ };

struct etcd_stream;

/* Both come from the loop, never from inside a call. After `ended` the stream is gone. */
typedef void (*etcd_stream_line)(void *context, const char *line, size_t length);
typedef void (*etcd_stream_ended)(void *context, const struct etcd_answer *answer);

/* Asks link's member; body is copied. connect_ms bounds connection and TLS only. NULL: out of
 * memory. */
struct etcd_stream *etcd_stream_open(struct etcd_link *link, uint32_t member, const char *path,
                                     const char *body, size_t length, msec_t connect_ms,
                                     etcd_stream_line line, etcd_stream_ended ended, void *context);

/* Sends more; false: something is still unsent, the path does not move. */
bool etcd_stream_send(struct etcd_stream *stream, const char *body, size_t length);

/* Ends it: nothing is told any more. The link is not closed before the stream is gone. */
void etcd_stream_close(struct etcd_stream *stream);

#endif
