/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the PKI share: why something failed, PEM as OpenSSL has it, and the
 * directory with its files. */
#ifndef CONTROLLER_PKI_PRIVATE_H
#define CONTROLLER_PKI_PRIVATE_H

#include <limits.h>
#include <sys/types.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "controller/pki.h"

/* False, always; the second adds what OpenSSL says. */
bool pki_fail(struct pki_error *, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool pki_fail_ssl(struct pki_error *, const char *doing);

/* To be freed with OpenSSL's functions; null after an error. */
X509 *pki_cert_from_pem(const char *text, struct pki_error *);
EVP_PKEY *pki_key_from_pem(const char *text, struct pki_error *);

/* A directory held open and locked. fd -1 is the empty value. */
struct pki_folder {
	int fd;
	char path[PATH_MAX];            /* absolute */
};
#define PKI_FOLDER_NULL ((struct pki_folder){.fd = -1})

bool pki_folder_open(const char *path, bool create, struct pki_folder *, struct pki_error *);
void pki_folder_close(struct pki_folder *);
bool pki_folder_has(const struct pki_folder *, const char *file);
/* Who could read the old one can read the new one. */
bool pki_folder_write(const struct pki_folder *, const char *file, const char *text, mode_t, struct pki_error *);
/* The text of a file, to be freed, or null. */
char *pki_folder_read(const struct pki_folder *, const char *file, struct pki_error *);

#endif
