/* SPDX-License-Identifier: Apache-2.0 */
#include "answer_server.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "../lib/certificates.h"

/* Who is served; ssl NULL: in the clear. TLS is spoken over a blocking socket, as every client of
 * these tests leaves by itself. */
struct guest {
    struct server *server;
    int fd;
    SSL *ssl;
};

SSL *accept_client(int fd, int version_max, int verify)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL *ssl = SSL_new(context);

    SSL_CTX_free(context); /* the connection has it */
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    SSL_use_certificate_file(ssl, certificates_file(CERTIFICATE_GOOD), SSL_FILETYPE_PEM);
    SSL_use_PrivateKey_file(ssl, certificates_key(CERTIFICATE_GOOD), SSL_FILETYPE_PEM);
    SSL_set_max_proto_version(ssl, version_max);
    SSL_set_verify(ssl, verify, NULL);
    SSL_set_fd(ssl, fd);
    SSL_accept(ssl);
    return ssl;
}

static bool hear_request(const struct guest *guest)
{
    char request[4096];

    if (guest->ssl != NULL)
        return SSL_read(guest->ssl, request, sizeof(request)) > 0;
    server_read_request(guest->server, guest->fd);
    return true;
}

/* Returns false when the client has left. */
static bool say(const struct guest *guest, const char *text)
{
    if (text[0] == '\0')
        return true;
    if (guest->ssl != NULL)
        return SSL_write(guest->ssl, text, (int)strlen(text)) > 0;
    return server_send_text(guest->server, guest->fd, text) == 0;
}

static bool drip(const struct guest *guest, const struct script *script)
{
    for (unsigned sent = 0; script->drip_limit == 0 || sent < script->drip_limit; sent++) {
        if (script->drip_limit == 0)
            poll(NULL, 0, 5);
        if (!say(guest, script->drips))
            return false;
    }
    return true;
}

static void wait_for_close(const struct guest *guest)
{
    char ignored[64];

    if (guest->ssl != NULL)
        SSL_read(guest->ssl, ignored, sizeof(ignored));
    else
        server_wait_for_close(guest->server, guest->fd);
}

static void play(const struct guest *guest, const struct script *script)
{
    if (!hear_request(guest) || !say(guest, script->text))
        return;
    if (script->drips != NULL && !drip(guest, script))
        return;
    if (script->waits)
        wait_for_close(guest);
    if (script->resets)
        server_reset(guest->fd);
    if (guest->ssl != NULL && !script->is_rude)
        SSL_shutdown(guest->ssl);
}

static void serve_in_clear(struct server *server, int fd, void *context)
{
    struct guest guest = {.server = server, .fd = fd};

    play(&guest, context);
}

static void serve_over_tls(struct server *server, int fd, void *context)
{
    struct guest guest = {.server = server, .fd = fd, .ssl = accept_client(fd, 0, SSL_VERIFY_NONE)};

    play(&guest, context);
    SSL_free(guest.ssl);
}

struct server *start_script(int way, struct script *script)
{
    return server_start_tcp(way == OVER_TLS ? serve_over_tls : serve_in_clear, script);
}

struct check check_over(int way, uint16_t port, const char *body)
{
    struct check check = make_check(port, "/", "200", body);

    if (way == OVER_TLS) {
        check.tls = true;
        check.ca_file = certificates_authority();
    }
    return check;
}

struct result probe_script(int way, struct script script, const char *body, const char *where)
{
    struct server *server = start_script(way, &script);
    struct check check = check_over(way, server_port(server), body);
    struct result result = probe_to(&check, where);

    prober_leave(server);
    return result;
}

void answers_setup(void)
{
    signal(SIGPIPE, SIG_IGN); /* of these servers: OpenSSL writes without MSG_NOSIGNAL */
    certificates_make();
    prober_setup();
}

void answers_teardown(void)
{
    prober_teardown();
    certificates_remove();
}
