/* SPDX-License-Identifier: Apache-2.0 */
/* nginx.h: a real web server for a test. It is given its listening sockets, so that no test waits
 * for it or races for a port, and it ends with the test.
 *
 *   /ok       200 "ok"                 /big      10 MiB of "x" that begin with "big"
 *   /sick     503 "sick"               /chunked  "chunked ok", in chunks
 *   /moved    302 to /ok
 *   /empty    204
 *   /echo     "REQUEST LINE|host|agent|connection|accept-encoding|x-token|TLS resumed: r or ." */
#ifndef REGIONSHIFT_TESTS_NGINX_H
#define REGIONSHIFT_TESTS_NGINX_H

#include <stdint.h>

#include "certificates.h"

struct nginx {
    uint16_t http_port;
    uint16_t https_ports[CERTIFICATE_KINDS]; /* each with the certificate of that kind */
    uint16_t old_tls_port;                   /* TLS 1.1 and no newer */
    uint16_t http2_port;                     /* HTTP/2 by prior knowledge */
    uint16_t https2_port;                    /* HTTP/2 by ALPN, the good certificate */
    int pid;
    char folder[64];
};

/* Starts it with the certificates made before. Fails the test when it cannot. */
void nginx_start(struct nginx *ret_nginx);
void nginx_stop(struct nginx *nginx);

#endif
