/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate authority in a few calls of OpenSSL. */
#include "certs.h"

#include <stdarg.h>
#include <setjmp.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

static void extend(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x509, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(extension);
	X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
}

struct cert *cert_new(struct cert_wish wish)
{
	static long serial;
	struct cert *c = calloc(1, sizeof(*c));
	const struct cert *signer = wish.ca ? wish.ca : c;
	X509_NAME *name;

	if (wish.from_days == 0 && wish.to_days == 0) {
		wish.from_days = -1;
		wish.to_days = 30;
	}
	c->key = wish.is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	c->x509 = X509_new();
	X509_set_version(c->x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(c->x509), ++serial);
	X509_time_adj_ex(X509_getm_notBefore(c->x509), wish.from_days, 0, NULL);
	X509_time_adj_ex(X509_getm_notAfter(c->x509), wish.to_days, 60, NULL);
	name = X509_get_subject_name(c->x509);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *) "weft test", -1, -1, 0);
	if (wish.cn)
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *) wish.cn,
					   wish.cn_size ? (int) wish.cn_size : -1, -1, 0);
	X509_set_issuer_name(c->x509, X509_get_subject_name(signer->x509));
	X509_set_pubkey(c->x509, c->key);
	extend(c->x509, NID_basic_constraints, wish.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (wish.sans)
		extend(c->x509, NID_subject_alt_name, wish.sans);
	if (wish.usage)
		extend(c->x509, NID_ext_key_usage, wish.usage);
	assert_true(X509_sign(c->x509, signer->key, EVP_sha256()) > 0);
	return c;
}

void cert_free(struct cert *c)
{
	if (!c)
		return;
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	free(c);
}

void cert_write(const struct cert *c, const char *dir, const char *cert_name, const char *key_name)
{
	char path[300], temporary[300];
	FILE *f;

	for (int is_key = 0; is_key < 2; is_key++) {
		if (!(is_key ? key_name : cert_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, is_key ? key_name : cert_name);
		snprintf(temporary, sizeof(temporary), "%s/new", dir);
		f = fopen(temporary, "w");
		assert_non_null(f);
		if (is_key)
			PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL);
		else
			PEM_write_X509(f, c->x509);
		assert_int_equal(fclose(f), 0);
		assert_int_equal(rename(temporary, path), 0);
	}
}

char *certs_mkdir(void)
{
	char *dir = strdup("/tmp/weft-test-XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

void certs_rmdir(char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while ((entry = readdir(d)))
		unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
	rmdir(dir);
	free(dir);
}
