/* SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "account.h"
#include "base64.h"

enum { NAME_SIZE = 48, NAMES_SIZE = 100, WANTED_SIZE = 256, DAY_S = 24 * 60 * 60 };

static bool is_address(const char *name)
{
    struct in6_addr ignored;

    return inet_pton(AF_INET, name, &ignored) == 1 || inet_pton(AF_INET6, name, &ignored) == 1;
}

/* A name that ends with a dot is the same name, and no certificate has the dot. */
static void wanted_name(const struct check *check, char out[WANTED_SIZE])
{
    const char *name = check->kind == CHECK_TLS ? check->of.tls->name : check->host;
    size_t length;

    snprintf(out, WANTED_SIZE, "%s", name);
    length = strlen(out);
    if (length > 1 && out[length - 1] == '.')
        out[length - 1] = '\0';
}

bool tls_ask_for_name(SSL *ssl, const struct check *check)
{
    char name[WANTED_SIZE];

    wanted_name(check, name);
    return is_address(name) || SSL_set_tlsext_host_name(ssl, name) == 1;
}

/* ---- in words ---- */

static void name_of(const X509_NAME *name, char out[NAME_SIZE])
{
    char text[NAME_SIZE] = "";
    int length = X509_NAME_get_text_by_NID(name, NID_commonName, text, sizeof(text));

    if (length < 0)
        length = X509_NAME_get_text_by_NID(name, NID_organizationName, text, sizeof(text));
    text_escape(out, NAME_SIZE, text, length > 0 ? (size_t)length : 0);
}

static size_t add_name(char out[NAMES_SIZE], size_t used, const GENERAL_NAME *name)
{
    char address[INET6_ADDRSTRLEN] = "";
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    const unsigned char *bytes = ASN1_STRING_get0_data(value);
    size_t length = (size_t)ASN1_STRING_length(value);

    if (used > 0) {
        text_escape(out + used, NAMES_SIZE - used, ", ", 2);
        used += strlen(out + used);
    }
    if (type == GEN_DNS)
        text_escape(out + used, NAMES_SIZE - used, (const char *)bytes, length);
    else if (inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, address, sizeof(address)) != NULL)
        text_escape(out + used, NAMES_SIZE - used, address, strlen(address));
    return used + strlen(out + used);
}

/* "a.example, b.example, 192.0.2.1": those that do not fit are cut. */
static void list_names(const X509 *certificate, char out[NAMES_SIZE])
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    size_t used = 0;

    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && used + 1 < NAMES_SIZE; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        bool is_ip = name->type == GEN_IPADD && (ASN1_STRING_length(name->d.iPAddress) == 4 ||
                                                 ASN1_STRING_length(name->d.iPAddress) == 16);

        if (name->type == GEN_DNS || is_ip)
            used = add_name(out, used, name);
    }
    if (used == 0)
        snprintf(out, NAMES_SIZE, "no name");
    GENERAL_NAMES_free(names);
}

/* ---- the certificate ---- */

/* Returns false when it cannot be said. */
static bool read_left(const X509 *certificate, int64_t *ret_left_s)
{
    int days = 0;
    int seconds = 0;

    if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1)
        return false;
    *ret_left_s = (int64_t)days * DAY_S + seconds;
    return true;
}

/* Each of these returns false when it has ended the attempt. */

static bool is_chain_good(struct attempt *attempt, const SSL *ssl, const X509 *certificate)
{
    long code = SSL_get_verify_result(ssl);
    char subject[NAME_SIZE];
    char issuer[NAME_SIZE];
    int64_t left_s = 0;

    if (code == X509_V_OK)
        return true;
    name_of(X509_get_subject_name(certificate), subject);
    name_of(X509_get_issuer_name(certificate), issuer);
    if (code == X509_V_ERR_CERT_HAS_EXPIRED && read_left(certificate, &left_s) && left_s < 0)
        attempt_end(attempt, RESULT_BAD, FAILURE_CERTIFICATE,
                    "certificate of \"%s\" by \"%s\": expired %.1f days ago", subject, issuer,
                    (double)-left_s / DAY_S);
    else
        attempt_end(attempt, RESULT_BAD, FAILURE_CERTIFICATE, "certificate of \"%s\" by \"%s\": %s",
                    subject, issuer, X509_verify_cert_error_string(code));
    return false;
}

static bool is_name_good(struct attempt *attempt, X509 *certificate)
{
    char wanted[WANTED_SIZE];
    char names[NAMES_SIZE];
    int match;

    wanted_name(attempt->check, wanted);
    if (is_address(wanted))
        match = X509_check_ip_asc(certificate, wanted, 0);
    else
        match = X509_check_host(certificate, wanted, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL);
    if (match == 1)
        return true;
    list_names(certificate, names);
    attempt_end(attempt, RESULT_BAD, FAILURE_CERTIFICATE, "certificate is for %s, wanted %.80s",
                names, wanted);
    return false;
}

static bool write_pin(X509 *certificate, struct buffer *pin)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    unsigned char *key = NULL;
    int key_length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
    bool done = key_length > 0 &&
                EVP_Digest(key, (size_t)key_length, digest, &length, EVP_sha256(), NULL) == 1;

    OPENSSL_free(key);
    if (done)
        base64_write(pin, (const char *)digest, length);
    return done && !pin->failed;
}

static bool is_pin_good(struct attempt *attempt, X509 *certificate)
{
    const char *wanted = attempt->check->of.tls->pin;
    struct buffer pin;
    bool is_good = wanted[0] == '\0';

    if (is_good)
        return true;
    buffer_init(&pin, NAMES_SIZE);
    if (!write_pin(certificate, &pin))
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for the public key");
    else if (strcmp(buffer_text(&pin), wanted) == 0)
        is_good = true;
    else
        attempt_end(attempt, RESULT_BAD, FAILURE_CERTIFICATE,
                    "public key is sha256/%s, wanted sha256/%.60s", buffer_text(&pin), wanted);
    buffer_clear(&pin);
    return is_good;
}

bool tls_accept(struct attempt *attempt, const SSL *ssl)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);

    account_handshake(attempt, ssl);
    if (certificate == NULL) {
        attempt_end(attempt, RESULT_BAD, FAILURE_CERTIFICATE, "the server has no certificate");
        return false;
    }
    return !attempt->check->verify ||
           (is_chain_good(attempt, ssl, certificate) && is_name_good(attempt, certificate));
}

/* The days are told, not judged: that is the assertion's. */
void tls_tell(const SSL *ssl, struct answer *answer)
{
    const X509 *certificate = SSL_get0_peer_certificate(ssl);

    answer->has |= SUBJECT_BIT(SUBJECT_TLS);
    answer->tls_version = SSL_version(ssl);
    if (certificate != NULL && read_left(certificate, &answer->cert_left_s))
        answer->has |= SUBJECT_BIT(SUBJECT_CERT_DAYS);
}

bool tls_is_current(const X509 *certificate)
{
    int64_t left_s = 0;

    return certificate != NULL && read_left(certificate, &left_s) && left_s > 0;
}

void tls_judge(struct attempt *attempt, const SSL *ssl)
{
    struct answer answer = {.has = 0};
    char seen[80];

    if (!tls_accept(attempt, ssl) || !is_pin_good(attempt, SSL_get0_peer_certificate(ssl)))
        return;
    tls_tell(ssl, &answer);
    snprintf(seen, sizeof(seen), "%s, certificate for %lld more days", SSL_get_version(ssl),
             (long long)(answer.cert_left_s / DAY_S));
    attempt_judge(attempt, &answer, seen);
}
