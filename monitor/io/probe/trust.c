/* SPDX-License-Identifier: Apache-2.0 */
#include "trust.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The authorities of one file, as it was when it was read. */
struct trust {
    struct trust *next;
    struct stat file;
    SSL_CTX *context;
    char path[];
};

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* "" is a file of none. The versions and ciphers are those that this machine's OpenSSL is set to.
 * OpenSSL remembers no session: what may be resumed is up to each check (reuse.h). A certificate in
 * the file is trusted itself, as libcurl does, also one that another has signed. No server begins a
 * second handshake: the one that was judged is the one that answers. */
static SSL_CTX *load(const char *path, char *error, size_t error_size)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    const char *reason;

    ERR_clear_error();
    if (context != NULL && (path[0] == '\0' || SSL_CTX_load_verify_file(context, path) == 1)) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
        SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
        X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
        return context;
    }
    reason = ERR_reason_error_string(ERR_peek_error());
    snprintf(error, error_size, "no authority can be read from %.100s: %s", path,
             reason != NULL ? reason : "not PEM");
    SSL_CTX_free(context);
    return NULL;
}

static struct trust *find(struct prober *prober, const char *path)
{
    struct trust *trust = prober->trusts;

    while (trust != NULL && strcmp(trust->path, path) != 0)
        trust = trust->next;
    if (trust != NULL)
        return trust;
    trust = prober_need(calloc(1, sizeof(*trust) + strlen(path) + 1));
    memcpy(trust->path, path, strlen(path) + 1);
    trust->next = prober->trusts;
    prober->trusts = trust;
    return trust;
}

static SSL_CTX *context_of(struct prober *prober, const char *path, char *error, size_t error_size)
{
    struct trust *trust = find(prober, path);
    struct stat now = {0};
    SSL_CTX *context;

    if (path[0] != '\0' && stat(path, &now) < 0) {
        snprintf(error, error_size, "no authority can be read from %.100s: %s", path,
                 strerror(errno));
        return NULL;
    }
    if (trust->context != NULL && is_same_file(&trust->file, &now))
        return trust->context;
    context = load(path, error, error_size);
    if (context == NULL)
        return NULL;
    SSL_CTX_free(trust->context); /* connections that use it keep it alive */
    trust->context = context;
    trust->file = now;
    return context;
}

/* The system's authorities are those that libcurl takes: all kinds of checks trust alike. */
static const char *path_of(const struct check *check)
{
    if (!check->verify)
        return "";
    if (check->ca_file != NULL && check->ca_file[0] != '\0')
        return check->ca_file;
    return curl_version_info(CURLVERSION_NOW)->cainfo;
}

bool trust_is_current(struct prober *prober, const struct check *check, const SSL_CTX *context)
{
    const char *path = path_of(check);
    char ignored[RESULT_DETAIL_MAX];

    return path != NULL && context_of(prober, path, ignored, sizeof(ignored)) == context;
}

SSL *trust_connection(struct prober *prober, const struct check *check, char *error,
                      size_t error_size)
{
    const char *path = path_of(check);
    SSL_CTX *context;
    SSL *ssl;

    if (path == NULL) {
        snprintf(error, error_size, "this machine has no list of authorities; give ca_file");
        return NULL;
    }
    context = context_of(prober, path, error, error_size);
    if (context == NULL)
        return NULL;
    ssl = SSL_new(context);
    if (ssl == NULL)
        snprintf(error, error_size, "no memory for TLS");
    else
        SSL_set_connect_state(ssl);
    return ssl;
}

void trust_close(struct prober *prober)
{
    while (prober->trusts != NULL) {
        struct trust *trust = prober->trusts;

        prober->trusts = trust->next;
        SSL_CTX_free(trust->context);
        free(trust);
    }
}
