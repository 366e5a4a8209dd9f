/* SPDX-License-Identifier: Apache-2.0 */
#include "secure.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>

#include "tls.h"
#include "trust.h"

const char *secure_reason(const char *otherwise)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());

    return reason != NULL ? reason : otherwise;
}

bool secure_lacks_memory(void)
{
    return ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE ||
           ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
}

/* ---- opening and closing ---- */

bool secure_wake(struct secure *secure)
{
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());

    if (in == NULL || out == NULL) {
        BIO_free(in);
        BIO_free(out);
        return false;
    }
    SSL_set_bio(secure->ssl, in, out);
    secure->in = in;
    secure->out = out;
    return true;
}

void secure_rest(struct secure *secure)
{
    SSL_set_bio(secure->ssl, NULL, NULL);
    SSL_free_buffers(secure->ssl);
    secure->in = NULL;
    secure->out = NULL;
}

bool secure_open(struct attempt *attempt, struct secure *secure)
{
    char error[RESULT_DETAIL_MAX];

    *secure = (struct secure){
        .ssl = trust_connection(attempt->prober, attempt->check, error, sizeof(error))};
    if (secure->ssl == NULL) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "%s", error);
        return false;
    }
    if (!secure_wake(secure) || !tls_ask_for_name(secure->ssl, attempt->check)) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for TLS");
        return false;
    }
    return true;
}

void secure_close(struct secure *secure)
{
    SSL_free(secure->ssl);
    *secure = (struct secure){0};
}

/* ---- to the socket ---- */

int secure_flush(struct attempt *attempt, struct secure *secure)
{
    char *bytes = NULL;
    long left;

    while ((left = BIO_get_mem_data(secure->out, &bytes)) > 0) {
        size_t length = left < REQUEST_MAX ? (size_t)left : REQUEST_MAX;
        ssize_t n = send(attempt->lean.fd, bytes, length, MSG_NOSIGNAL);

        if (n < 0)
            return errno == EAGAIN ? 0 : errno;
        BIO_read(secure->out, attempt->prober->scratch, (int)n); /* that has gone */
    }
    return 0;
}

bool secure_say(struct secure *secure, const void *bytes, size_t length)
{
    ERR_clear_error();
    return SSL_write(secure->ssl, bytes, (int)length) == (int)length;
}

/* What the socket does not take is not said. */
void secure_leave(struct attempt *attempt, struct secure *secure)
{
    SSL_shutdown(secure->ssl); /* says nothing after a failure, which has said its alert */
    (void)secure_flush(attempt, secure);
}

/* ---- from the socket ---- */

static size_t silence_max(const struct secure *secure)
{
    return SSL_is_init_finished(secure->ssl) ? SECURE_SILENCE_MAX : SECURE_HANDSHAKE_MAX;
}

/* Returns 0 when something has come, or what secure_hear() is to return. What came before has been
 * looked into by now: what comes next may be the end of content, however much of it comes at once.
 */
static ssize_t listen_once(struct attempt *attempt, struct secure *secure)
{
    char bytes[SECURE_READ_SIZE];
    ssize_t n;

    if (secure->silence > silence_max(secure))
        return SECURE_FLOOD;
    n = recv(attempt->lean.fd, bytes, sizeof(bytes), 0);
    if (n < 0)
        return errno == EAGAIN ? SECURE_WAIT : SECURE_LOST;
    if (n == 0)
        return SECURE_CUT;
    secure->silence += (size_t)n;
    if (BIO_write(secure->in, bytes, (int)n) == (int)n)
        return 0;
    errno = ENOMEM;
    return SECURE_LOST;
}

/* Returns 0, or SECURE_LOST when it is our own machine that does not take it; of a connection that
 * is lost listening tells, which may have more to say. */
static ssize_t flush_or_lose(struct attempt *attempt, struct secure *secure)
{
    errno = secure_flush(attempt, secure);
    return errno != 0 && attempt_is_own_fault(attempt, errno) ? SECURE_LOST : 0;
}

ssize_t secure_hear(struct attempt *attempt, struct secure *secure, void *bytes, size_t size)
{
    ssize_t came;

    do {
        int n, error;

        ERR_clear_error();
        n = SSL_read(secure->ssl, bytes, (int)size);
        if (n > 0) {
            secure->silence = 0;
            return n;
        }
        error = SSL_get_error(secure->ssl, n);
        if (error == SSL_ERROR_ZERO_RETURN)
            return SECURE_CLOSED;
        if (error != SSL_ERROR_WANT_READ)
            return SECURE_BROKEN;
        came = flush_or_lose(attempt, secure); /* new keys */
        if (came == 0)
            came = listen_once(attempt, secure);
    } while (came == 0);
    return came;
}

/* ---- the handshake ---- */

static void end_failed(struct attempt *attempt, struct secure *secure)
{
    const char *reason = secure_reason("the server broke it off");
    bool is_ours = secure_lacks_memory();

    secure_leave(attempt, secure);
    attempt_end(attempt, is_ours ? RESULT_VOID : RESULT_BAD, is_ours ? FAILURE_POLICY : FAILURE_TLS,
                "handshake failed: %s", reason);
}

/* Returns false when there is nothing to go on with. */
static bool hear_handshake(struct attempt *attempt, struct secure *secure)
{
    switch (listen_once(attempt, secure)) {
    case 0:
        return true;
    case SECURE_WAIT:
        return false;
    case SECURE_CUT:
        attempt_end(attempt, RESULT_BAD, FAILURE_TLS, "connection lost while %s: %s",
                    attempt->kind->doing(attempt), "closed by the server");
        return false;
    case SECURE_FLOOD:
        attempt_end(attempt, RESULT_BAD, FAILURE_TLS, "more than %d bytes of a handshake",
                    SECURE_HANDSHAKE_MAX);
        return false;
    default:
        attempt_lost_as(attempt, FAILURE_TLS, errno);
        return false;
    }
}

bool secure_shake(struct attempt *attempt, struct secure *secure)
{
    int error;

    do {
        int done;

        ERR_clear_error();
        done = SSL_do_handshake(secure->ssl);
        if (done == 1) {
            secure->silence = 0;
            return true;
        }
        if (SSL_get_error(secure->ssl, done) != SSL_ERROR_WANT_READ) {
            end_failed(attempt, secure);
            return false;
        }
        error = secure_flush(attempt, secure);
        if (error != 0) {
            attempt_lost_as(attempt, FAILURE_TLS, error);
            return false;
        }
    } while (hear_handshake(attempt, secure));
    return false;
}
