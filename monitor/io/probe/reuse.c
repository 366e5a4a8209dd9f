/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a shelf for each token, with a place for each address that it had in its last round;
 * what stands there for longer than a round belongs to an address that the name has no more. */
#include "reuse.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tls.h"
#include "trust.h"

enum { FIRST_SHELVES = 16 };

struct place {
    struct place *next;
    union address address;
    usec_t round_us; /* the last round it was in */
    bool is_known;   /* something good has come from there */
    struct leftover left;
};

/* A round is one attempt, with all its sides: they begin at the same instant. */
struct shelf {
    const struct check *check;
    usec_t round_us;
    struct place *first;
};

const struct leftover nothing_left = {.fd = -1};

void reuse_clear(struct leftover *left)
{
    secure_close(&left->secure);
    if (left->fd >= 0)
        close(left->fd);
    SSL_SESSION_free(left->session);
    SSL_CTX_free(left->context);
    *left = nothing_left;
}

/* ---- shelves ---- */

static void clear_place(struct prober *prober, struct place *place)
{
    prober->kept_count -= place->left.fd >= 0;
    reuse_clear(&place->left);
}

/* Those of the last round stay; round_us 0: none does. */
static void sweep(struct prober *prober, struct shelf *shelf, usec_t round_us)
{
    struct place **at = &shelf->first;

    while (*at != NULL) {
        struct place *place = *at;

        if (round_us > 0 && place->round_us == round_us) {
            at = &place->next;
            continue;
        }
        *at = place->next;
        clear_place(prober, place);
        free(place);
    }
}

static struct shelf *shelf_of(struct prober *prober, uint32_t token)
{
    uint32_t count = prober->shelf_count > 0 ? prober->shelf_count : FIRST_SHELVES;

    while (count <= token)
        count *= 2;
    if (count > prober->shelf_count) {
        prober->shelves = prober_need(realloc(prober->shelves, count * sizeof(prober->shelves[0])));
        memset(prober->shelves + prober->shelf_count, 0,
               (count - prober->shelf_count) * sizeof(prober->shelves[0]));
        prober->shelf_count = count;
    }
    if (prober->shelves[token] == NULL)
        prober->shelves[token] = prober_need(calloc(1, sizeof(struct shelf)));
    return prober->shelves[token];
}

static struct shelf *enter_round(struct attempt *attempt)
{
    struct prober *prober = attempt->prober;
    struct shelf *shelf = shelf_of(prober, attempt->token);

    if (shelf->check != attempt->check) {
        sweep(prober, shelf, 0);
        *shelf = (struct shelf){.check = attempt->check};
    }
    if (shelf->round_us != attempt->begun_us) {
        sweep(prober, shelf, shelf->round_us);
        shelf->round_us = attempt->begun_us;
    }
    return shelf;
}

static struct place *find(const struct shelf *shelf, const union address *address)
{
    struct place *place = shelf->first;

    while (place != NULL && !address_is_same_host(&place->address, address))
        place = place->next;
    return place;
}

static struct place *place_of(struct attempt *attempt, struct shelf *shelf)
{
    struct place *place = find(shelf, &attempt->address);

    if (place == NULL) {
        place = prober_need(calloc(1, sizeof(*place)));
        place->address = attempt->address;
        place->left = nothing_left;
        place->next = shelf->first;
        shelf->first = place;
    }
    place->round_us = attempt->begun_us;
    return place;
}

/* ---- taking and leaving ---- */

void reuse_take(struct attempt *attempt, struct leftover *ret_left)
{
    struct place *place = place_of(attempt, enter_round(attempt));

    assert(attempt->check->fresh_every > 0);
    if (attempt->is_hurried || place->left.used >= attempt->check->fresh_every)
        clear_place(attempt->prober, place);
    attempt->prober->kept_count -= place->left.fd >= 0;
    *ret_left = place->left;
    place->left = nothing_left;
}

/* Descriptors are for checks: what is kept in between may have half of them. */
static bool has_room(const struct prober *prober)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && prober->kept_count < limit.rlim_cur / 2;
}

/* Checks that begin together are not full together for ever: their first turns differ. */
static uint32_t first_use(const struct attempt *attempt, const struct place *place)
{
    return 1 + (place->is_known ? 0 : attempt->token % attempt->check->fresh_every);
}

void reuse_give(struct attempt *attempt, struct leftover *left)
{
    struct prober *prober = attempt->prober;
    struct place *place = place_of(attempt, enter_round(attempt));

    if (left->fd >= 0 && !has_room(prober)) {
        reuse_clear(left);
        return;
    }
    left->used = left->used == 0 ? first_use(attempt, place) : left->used + 1;
    clear_place(prober, place);
    place->is_known = true;
    place->left = *left;
    prober->kept_count += left->fd >= 0;
    *left = nothing_left;
}

void reuse_close(struct prober *prober)
{
    for (uint32_t i = 0; i < prober->shelf_count; i++) {
        if (prober->shelves[i] != NULL)
            sweep(prober, prober->shelves[i], 0);
        free(prober->shelves[i]);
    }
    free(prober->shelves);
    prober->shelves = NULL;
    prober->shelf_count = 0;
}

/* ---- sessions ---- */

/* The chain is of no use once it has been judged, and takes more than all the rest. OpenSSL does
 * not write it, so that reading a session again is how to be rid of it. That is dear (it parses the
 * certificate's key), so it is done once for each full handshake; sessions that come of resuming
 * have no chain. */
static SSL_SESSION *without_chain(SSL_SESSION *session)
{
    unsigned char *bytes = NULL;
    int length = i2d_SSL_SESSION(session, &bytes);
    const unsigned char *at = bytes;
    SSL_SESSION *bare = length > 0 ? d2i_SSL_SESSION(NULL, &at, length) : NULL;

    OPENSSL_free(bytes);
    SSL_SESSION_free(session);
    return bare;
}

void reuse_take_session(SSL *ssl, struct leftover *left)
{
    SSL_SESSION *session = SSL_get1_session(ssl);

    if (session != NULL && !SSL_SESSION_is_resumable(session)) {
        SSL_SESSION_free(session);
        return;
    }
    if (session != NULL && !SSL_session_reused(ssl))
        session = without_chain(session);
    if (session == NULL)
        return;
    left->session = session;
    left->context = SSL_get_SSL_CTX(ssl);
    SSL_CTX_up_ref(left->context);
}

/* What was judged in the last full handshake is taken over: chain and name. What changes with time
 * is asked again. */
bool reuse_resume(const struct check *check, SSL *ssl, const struct leftover *left)
{
    return left->session != NULL && SSL_get_SSL_CTX(ssl) == left->context &&
           (!check->verify || tls_is_current(SSL_SESSION_get0_peer(left->session))) &&
           SSL_set_session(ssl, left->session) == 1;
}
