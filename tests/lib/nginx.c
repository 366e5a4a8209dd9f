/* SPDX-License-Identifier: Apache-2.0 */
#include "nginx.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char program[] = "nginx"; /* found along PATH */

enum { SOCKETS = 4 + CERTIFICATE_KINDS, BIG = 10 * 1024 * 1024, PATH_SIZE = 128 };

static int listen_on_loopback(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* inherited by nginx */

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(fd, 128), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static FILE *create(const struct nginx *nginx, const char *name)
{
    char path[PATH_SIZE];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", nginx->folder, name);
    file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    return file;
}

static void write_pages(const struct nginx *nginx)
{
    char filler[1024];
    FILE *big = create(nginx, "big");
    FILE *chunked = create(nginx, "chunked");

    memset(filler, 'x', sizeof(filler));
    fputs("big", big);
    for (int i = 0; i < BIG / 1024; i++)
        fwrite(filler, 1, sizeof(filler), big);
    fclose(big);
    fputs("chunked <!--# echo var=\"none\" default=\"ok\" -->", chunked);
    fclose(chunked);
}

static void write_locations(FILE *file)
{
    fputs("    location = /ok { return 200 \"ok\"; }\n"
          "    location = /sick { return 503 \"sick\"; }\n"
          "    location = /moved { return 302 /ok; }\n"
          "    location = /empty { return 204; }\n"
          "    location = /echo { return 200 \"$request|$http_host|$http_user_agent|"
          "$http_connection|$http_accept_encoding|$http_x_token|$ssl_session_reused\"; }\n"
          "    location = /big { }\n"
          "    location = /chunked { ssi on; ssi_types *; }\n"
          "  }\n",
          file);
}

static void write_tls_server(FILE *file, uint16_t port, enum certificate_kind kind,
                             const char *versions, const char *http2)
{
    fprintf(file,
            "  server {\n    listen 127.0.0.1:%u ssl%s;\n    ssl_certificate %s;\n"
            "    ssl_certificate_key %s;\n    ssl_protocols %s;\n"
            "    ssl_ciphers DEFAULT@SECLEVEL=0;\n",
            port, http2, certificates_file(kind), certificates_key(kind), versions);
    write_locations(file);
}

static void write_settings(const struct nginx *nginx)
{
    FILE *file = create(nginx, "nginx.conf");
    static const char *const temporary[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};

    fprintf(file,
            "daemon off;\nuser root;\nworker_processes 1;\npid %s/pid;\nerror_log %s/error.log;\n"
            "events { }\nhttp {\n  access_log off;\n  root %s;\n  gzip on;\n",
            nginx->folder, nginx->folder, nginx->folder);
    for (size_t i = 0; i < sizeof(temporary) / sizeof(temporary[0]); i++)
        fprintf(file, "  %s_temp_path %s/temporary;\n", temporary[i], nginx->folder);
    fprintf(file, "  server {\n    listen 127.0.0.1:%u;\n", nginx->http_port);
    write_locations(file);
    for (enum certificate_kind kind = 0; kind < CERTIFICATE_KINDS; kind++)
        write_tls_server(file, nginx->https_ports[kind], kind, "TLSv1.2 TLSv1.3", "");
    write_tls_server(file, nginx->old_tls_port, CERTIFICATE_GOOD, "TLSv1.1", "");
    write_tls_server(file, nginx->https2_port, CERTIFICATE_GOOD, "TLSv1.2 TLSv1.3", " http2");
    fprintf(file, "  server {\n    listen 127.0.0.1:%u http2;\n", nginx->http2_port);
    write_locations(file);
    fprintf(file, "}\n");
    fclose(file);
}

static void run(const struct nginx *nginx, const int *sockets)
{
    char list[16 * SOCKETS] = "";
    char settings[PATH_SIZE];
    char errors[PATH_SIZE];
    size_t used = 0;

    for (int i = 0; i < SOCKETS; i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%d;", sockets[i]);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that crashes leaves no server behind */
    setenv("NGINX", list, 1);         /* nginx's own way to hand sockets to its successor */
    snprintf(settings, sizeof(settings), "%s/nginx.conf", nginx->folder);
    snprintf(errors, sizeof(errors), "%s/error.log", nginx->folder);
    execlp(program, "nginx", "-p", nginx->folder, "-c", settings, "-e", errors, (char *)NULL);
    _exit(127);
}

static bool is_along_path(const char *name)
{
    const char *folder = getenv("PATH");

    while (folder != NULL && *folder != '\0') {
        int length = (int)strcspn(folder, ":");
        char file[PATH_MAX];

        snprintf(file, sizeof(file), "%.*s/%s", length, folder, name);
        if (access(file, X_OK) == 0)
            return true;
        folder += length + (folder[length] == ':');
    }
    return false;
}

void nginx_start(struct nginx *ret_nginx)
{
    int sockets[SOCKETS];

    if (!is_along_path(program))
        ck_abort_msg("no %s along PATH: ./quickstart test unpacks one", program);
    memset(ret_nginx, 0, sizeof(*ret_nginx));
    snprintf(ret_nginx->folder, sizeof(ret_nginx->folder), "/tmp/regionshift-nginx-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(ret_nginx->folder));
    sockets[0] = listen_on_loopback(&ret_nginx->http_port);
    sockets[1] = listen_on_loopback(&ret_nginx->old_tls_port);
    sockets[2] = listen_on_loopback(&ret_nginx->http2_port);
    sockets[3] = listen_on_loopback(&ret_nginx->https2_port);
    for (int i = 0; i < CERTIFICATE_KINDS; i++)
        sockets[4 + i] = listen_on_loopback(&ret_nginx->https_ports[i]);
    write_pages(ret_nginx);
    write_settings(ret_nginx);
    ret_nginx->pid = fork();
    if (ret_nginx->pid == 0)
        run(ret_nginx, sockets);
    ck_assert_int_gt(ret_nginx->pid, 0);
    for (int i = 0; i < SOCKETS; i++)
        close(sockets[i]);
}

void nginx_stop(struct nginx *nginx)
{
    static const char *const files[] = {"big", "chunked", "nginx.conf", "error.log", "pid"};
    char path[PATH_SIZE];

    kill(nginx->pid, SIGTERM); /* the master ends its worker */
    waitpid(nginx->pid, NULL, 0);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", nginx->folder, files[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/temporary", nginx->folder);
    rmdir(path);
    rmdir(nginx->folder);
}
