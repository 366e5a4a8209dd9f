/* SPDX-License-Identifier: Apache-2.0 */
#include "certificates.h"

#include <check.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAY_S = 86400, PATH_SIZE = 128 };

static char folder[] = "/tmp/regionshift-test-XXXXXX";
static char paths[1 + 2 * CERTIFICATE_KINDS][PATH_SIZE];

static const struct {
    const char *names;
    long from_s;
    long to_s;
    int self_signed;
} kinds[CERTIFICATE_KINDS] = {
    [CERTIFICATE_GOOD] = {"DNS:good.test,IP:127.0.0.1", -DAY_S, DAY_S, 0},
    [CERTIFICATE_OTHER_NAME] = {"DNS:other.test", -DAY_S, DAY_S, 0},
    [CERTIFICATE_EXPIRED] = {"DNS:good.test", -2 * DAY_S, -DAY_S, 0},
    [CERTIFICATE_NOT_YET] = {"DNS:good.test", DAY_S, 2 * DAY_S, 0},
    [CERTIFICATE_SELF_SIGNED] = {"DNS:good.test", -DAY_S, DAY_S, 1},
};

const char *certificates_authority(void)
{
    snprintf(paths[0], PATH_SIZE, "%s/ca.pem", folder);
    return paths[0];
}

const char *certificates_file(enum certificate_kind kind)
{
    snprintf(paths[1 + kind], PATH_SIZE, "%s/%d.pem", folder, (int)kind);
    return paths[1 + kind];
}

const char *certificates_key(enum certificate_kind kind)
{
    char *path = paths[1 + CERTIFICATE_KINDS + kind];

    snprintf(path, PATH_SIZE, "%s/%d.key", folder, (int)kind);
    return path;
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    ck_assert_ptr_nonnull(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/* issuer NULL: itself. names NULL: an authority. */
static X509 *make(EVP_PKEY *key, const char *name, const char *names, long from_s, long to_s,
                  const X509 *issuer, EVP_PKEY *issuer_key)
{
    static long serial = 1;
    X509 *certificate = X509_new();
    X509_NAME *subject;

    ck_assert_ptr_nonnull(certificate);
    subject = X509_get_subject_name(certificate);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), to_s);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, issuer != NULL ? X509_get_subject_name(issuer) : subject);
    if (names != NULL)
        add_extension(certificate, NID_subject_alt_name, names);
    else
        add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    ck_assert_int_gt(X509_sign(certificate, issuer_key, EVP_sha256()), 0);
    return certificate;
}

static void write_pem(const char *path, const X509 *certificate, const EVP_PKEY *key)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    if (certificate != NULL)
        ck_assert_int_eq(PEM_write_X509(file, certificate), 1);
    else
        ck_assert_int_eq(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
}

const char *certificates_make(void)
{
    EVP_PKEY *authority_key = EVP_EC_gen("P-256");
    X509 *authority;

    memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    authority =
        make(authority_key, "test authority", NULL, -2 * DAY_S, 2 * DAY_S, NULL, authority_key);
    write_pem(certificates_authority(), authority, NULL);
    for (enum certificate_kind kind = 0; kind < CERTIFICATE_KINDS; kind++) {
        int alone = kinds[kind].self_signed;
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *certificate =
            make(key, "test server", kinds[kind].names, kinds[kind].from_s, kinds[kind].to_s,
                 alone ? NULL : authority, alone ? key : authority_key);

        write_pem(certificates_file(kind), certificate, NULL);
        write_pem(certificates_key(kind), NULL, key);
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
    X509_free(authority);
    EVP_PKEY_free(authority_key);
    return folder;
}

void certificates_remove(void)
{
    unlink(certificates_authority());
    for (enum certificate_kind kind = 0; kind < CERTIFICATE_KINDS; kind++) {
        unlink(certificates_file(kind));
        unlink(certificates_key(kind));
    }
    rmdir(folder);
}
