/* SPDX-License-Identifier: Apache-2.0 */
/* authority.c: finds out when the settings are loaded what libcurl would find out at every check: a
 * certificate authority that is missing, out of reach, or a key by mistake. */
#include "authority.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Debian's whole bundle has 220 kB. */
enum { AUTHORITY_SIZE_MAX = 4 * 1024 * 1024 };

/* OpenSSL would ask the terminal. */
static int no_password(char *buffer, int size, int is_writing, void *context)
{
    (void)buffer, (void)size, (void)is_writing, (void)context;
    return -1;
}

static int judge_status(int file, char *error, size_t error_size)
{
    struct stat status;
    if (fstat(file, &status) < 0 || !S_ISREG(status.st_mode)) {
        snprintf(error, error_size, "is not a regular file; name a file of certificates");
        return -1;
    }
    if (status.st_size > AUTHORITY_SIZE_MAX) {
        snprintf(error, error_size, "has %lld bytes; at most %d are allowed",
                 (long long)status.st_size, AUTHORITY_SIZE_MAX);
        return -1;
    }
    return 0;
}

static int judge_content(int file, char *error, size_t error_size)
{
    BIO *in = BIO_new_fd(file, BIO_NOCLOSE);
    X509 *certificate = in == NULL ? NULL : PEM_read_bio_X509(in, NULL, no_password, NULL);
    int result = certificate == NULL ? -1 : 0;
    if (result < 0)
        snprintf(error, error_size,
                 "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
    X509_free(certificate);
    BIO_free(in);
    ERR_clear_error(); /* libcurl shares the queue */
    return result;
}

int authority_judge(const char *path, char *error, size_t error_size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        snprintf(error, error_size, "cannot be read: %s; name a file that this user can read",
                 strerror(errno));
        return -1;
    }
    int result = judge_status(file, error, error_size);
    if (result == 0)
        result = judge_content(file, error, error_size);
    close(file);
    return result;
}
