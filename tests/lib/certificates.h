/* SPDX-License-Identifier: Apache-2.0 */
/* certificates.h: an authority of a test's own, and server certificates with one fault each. */
#ifndef REGIONSHIFT_TESTS_CERTIFICATES_H
#define REGIONSHIFT_TESTS_CERTIFICATES_H

enum certificate_kind {
    CERTIFICATE_GOOD,        /* for good.test and 127.0.0.1, by our authority */
    CERTIFICATE_OTHER_NAME,  /* for other.test */
    CERTIFICATE_EXPIRED,     /* since yesterday */
    CERTIFICATE_NOT_YET,     /* from tomorrow */
    CERTIFICATE_SELF_SIGNED, /* by itself */
    CERTIFICATE_KINDS
};

/* Makes a folder with "ca.pem" and, for each kind N, "N.pem" and "N.key"; returns its path. Fails
 * the test when it cannot. */
const char *certificates_make(void);

/* "FOLDER/ca.pem", "FOLDER/N.pem", "FOLDER/N.key" in one of a few static buffers. */
const char *certificates_authority(void);
const char *certificates_file(enum certificate_kind kind);
const char *certificates_key(enum certificate_kind kind);

/* Removes the folder and what certificates_make() put there. */
void certificates_remove(void);

#endif
