/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates for tests, made on the spot; any kind of wrong ones too. */
#ifndef TESTS_OFPROTO_CERTS_H
#define TESTS_OFPROTO_CERTS_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

struct cert {
	X509 *x509;
	EVP_PKEY *key;
};

struct cert_wish {
	const struct cert *ca;          /* null: signs itself */
	const char *cn;                 /* null: none */
	size_t cn_size;                 /* 0: up to the null byte */
	const char *sans;               /* as in openssl.cnf: "DNS:kvm1,DNS:kvm1.example" */
	const char *usage;              /* extendedKeyUsage; null: none */
	int from_days, to_days;         /* from today; both 0: yesterday until in 30 days */
	bool is_ca;
	bool is_rsa;
};

struct cert *cert_new(struct cert_wish);
void cert_free(struct cert *);
/* Writes (not in place: a new file under the old name). Null = not that part. */
void cert_write(const struct cert *, const char *dir, const char *cert_name, const char *key_name);

/* A new empty directory, removed with its files by certs_rmdir. */
char *certs_mkdir(void);
void certs_rmdir(char *dir);

#endif
