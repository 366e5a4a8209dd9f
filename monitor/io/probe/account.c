/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: what an attempt sees passes a few places on its way (the resolution, the handshake, the
 * answer, the end), and at each of them an account takes a copy, escaped, of what is there. */
#include "account.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/* One side of several, or the attempt itself. NULL: nobody asked, or it only leads. */
static struct account_side *side_of(const struct attempt *attempt)
{
    struct account *account = attempt->account;
    unsigned index = 0;

    if (account == NULL || (attempt->spread != NULL && !attempt->is_side))
        return NULL;
    if (attempt->is_side)
        index = spread_index(attempt);
    if (index >= ACCOUNT_SIDES_MAX)
        return NULL;
    if (account->side_count <= index)
        account->side_count = index + 1;
    return &account->sides[index];
}

/* ---- names and addresses ---- */

void account_name(struct account_name *name, const struct resolution *resolution)
{
    name->has_answered = true;
    name->found = resolution->found;
    name->count = 0;
    name->status = resolution->status != DNS_OK ? dns_status_name(resolution->status) : NULL;
    for (unsigned i = 0; i < resolution->count && i < ACCOUNT_SIDES_MAX; i++)
        address_format_host(&resolution->addresses[i], name->addresses[name->count++]);
}

/* An echo has no port. */
static void take_address(struct account_side *side, const union address *address)
{
    if (address->any.sa_family == AF_UNSPEC)
        return;
    if (address->v4.sin_port == 0) /* where IPv6 has it, too */
        address_format_host(address, side->address);
    else
        address_format(address, side->address);
}

void account_resolved(struct attempt *attempt, const struct resolution *resolution)
{
    if (attempt->account != NULL)
        account_name(&attempt->account->resolved, resolution);
}

void account_sides(struct attempt *lead, const union address *addresses, unsigned count)
{
    struct account *account = lead->account;

    if (account == NULL)
        return;
    account->side_count = count < ACCOUNT_SIDES_MAX ? count : ACCOUNT_SIDES_MAX;
    for (unsigned i = 0; i < account->side_count; i++)
        take_address(&account->sides[i], &addresses[i]);
}

/* ---- the answer and the end ---- */

void account_answer(struct attempt *attempt, const struct answer *answer)
{
    struct account_side *side = side_of(attempt);

    if (side == NULL)
        return;
    side->answer = *answer;
    side->answer.body = NULL;
    side->answer.head = NULL;
    side->answer.state = NULL;
    if (answer->has & SUBJECT_BIT(SUBJECT_BODY))
        text_escape(side->body, sizeof(side->body), answer->body, answer->body_length);
    if (answer->has & SUBJECT_BIT(SUBJECT_STATE))
        text_escape(side->state, sizeof(side->state), answer->state, strlen(answer->state));
}

void account_end(struct attempt *attempt)
{
    struct account_side *side = side_of(attempt);

    if (side == NULL)
        return;
    side->has_ended = true;
    side->result = attempt->result;
    take_address(side, &attempt->address);
}

/* ---- certificates ---- */

static void take_text(BIO *bio, char out[ACCOUNT_TEXT_MAX + 1])
{
    char *text = NULL;
    long length = BIO_get_mem_data(bio, &text);

    text_escape(out, ACCOUNT_TEXT_MAX + 1, text, length > 0 ? (size_t)length : 0);
    (void)BIO_reset(bio);
}

static void take_names(BIO *bio, const X509 *certificate, char out[ACCOUNT_TEXT_MAX + 1])
{
    int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);

    if (at >= 0 && X509V3_EXT_print(bio, X509_get_ext(certificate, at), 0, 0) == 1)
        take_text(bio, out);
}

static void take_certificate(struct account_tls *tls, X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int seconds = 0;
    int days = 0;

    if (bio == NULL)
        return;
    if (X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE) >= 0)
        take_text(bio, tls->subject);
    if (X509_NAME_print_ex(bio, X509_get_issuer_name(certificate), 0, XN_FLAG_ONELINE) >= 0)
        take_text(bio, tls->issuer);
    take_names(bio, certificate, tls->names);
    BIO_free(bio);
    tls->is_left_known =
        ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) == 1;
    tls->left_s = (int64_t)days * 24 * 60 * 60 + seconds;
    ERR_clear_error(); /* the handshake that goes on asks this queue what became of it */
}

void account_handshake(const struct attempt *attempt, const SSL *ssl)
{
    struct account_side *side = side_of(attempt);
    X509 *certificate;

    if (side == NULL)
        return;
    snprintf(side->tls.version, sizeof(side->tls.version), "%s", SSL_get_version(ssl));
    snprintf(side->tls.cipher, sizeof(side->tls.cipher), "%s", SSL_get_cipher_name(ssl));
    certificate = SSL_get0_peer_certificate(ssl);
    if (certificate != NULL)
        take_certificate(&side->tls, certificate);
}

/* Where a context keeps to whom its handshake is told. */
static int tls_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

/* Called for each certificate of the chain, and again for what is wrong with one; changes nothing.
 * Depth 0 is the server's own. */
static int on_verify(int is_good, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const SSL_CTX *context = SSL_get_SSL_CTX(ssl);
    struct account_tls *tls = SSL_CTX_get_ex_data(context, tls_index());
    X509 *certificate = X509_STORE_CTX_get0_cert(store);

    if (tls != NULL && certificate != NULL)
        take_certificate(tls, certificate);
    return is_good;
}

/* The handshake may outlive the attempt, but not the account. */
void account_watch_certificates(struct attempt *attempt, SSL_CTX *context)
{
    struct account_side *side = side_of(attempt);

    if (side != NULL && SSL_CTX_set_ex_data(context, tls_index(), &side->tls) == 1)
        SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), on_verify);
}
