/* SPDX-License-Identifier: Apache-2.0 */
/* account.h: all that one attempt of a check saw, address by address, for people who make a check
 * by hand. A result says only what a verdict needs; nobody asks for more in the daemon, so there
 * nothing of this is made. Whatever is foreign in it is escaped already, and short. */
#ifndef REGIONSHIFT_ACCOUNT_H
#define REGIONSHIFT_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assertion.h"
#include "result.h"

enum {
    ACCOUNT_SIDES_MAX = 16, /* as many addresses as a resolution has */
    ACCOUNT_ADDRESS_MAX = 64,
    ACCOUNT_TEXT_MAX = RESULT_DETAIL_MAX
};

/* What a name server said of a name. */
struct account_name {
    bool is_asked;
    bool has_answered;
    const char *status; /* "NXDOMAIN"; NULL: there are addresses */
    unsigned found;     /* addresses it has, with those that were cut off */
    unsigned count;
    char addresses[ACCOUNT_SIDES_MAX][ACCOUNT_ADDRESS_MAX];
};

/* A handshake, and the certificate that was shown, also one that was refused. */
struct account_tls {
    char version[16];                    /* "TLSv1.3"; "": no handshake came to its end */
    char cipher[48];                     /* likewise */
    char subject[RESULT_DETAIL_MAX + 1]; /* "": no certificate was seen */
    char issuer[RESULT_DETAIL_MAX + 1];
    char names[RESULT_DETAIL_MAX + 1]; /* "DNS:a.example, IP Address:192.0.2.1"; "": none */
    bool is_left_known;
    int64_t left_s; /* until it ends; negative: since it did */
};

/* One address, looked at by itself; of a kind that connects to none, all there is. */
struct account_side {
    char address[ACCOUNT_ADDRESS_MAX]; /* "192.0.2.1:80"; "": the kind connects to none */
    bool has_ended;                    /* false: not waited for */
    struct result result;
    struct answer answer; /* its numbers; body, head and state are NULL in it */
    char state[ACCOUNT_TEXT_MAX + 1];
    char body[ACCOUNT_TEXT_MAX + 1]; /* how it begins */
    struct account_tls tls;
};

/* Zeroed: nothing has been seen. */
struct account {
    struct account_name resolved; /* the host, or the address that is pinned */
    struct account_name naming;   /* the host beside a pinned address (V6) */
    unsigned side_count;
    struct account_side sides[ACCOUNT_SIDES_MAX];
};

#endif
