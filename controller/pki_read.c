/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates in memory: read, verify. PEM text in, as in pki.c. */
#include "controller/pki_private.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "topo/arena.h"

/* --- errors ------------------------------------------------------------------- */

bool pki_fail(struct pki_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	return false;
}

bool pki_fail_ssl(struct pki_error *error, const char *doing)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	pki_fail(error, "%s: %s", doing, reason ? reason : "no reason given");
	ERR_clear_error();
	return false;
}

/* --- PEM ---------------------------------------------------------------------- */

X509 *pki_cert_from_pem(const char *text, struct pki_error *error)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	if (!cert)
		pki_fail_ssl(error, "not a certificate in PEM form");
	return cert;
}

/* An encrypted key makes OpenSSL ask for the pass phrase on the terminal. */
EVP_PKEY *pki_key_from_pem(const char *text, struct pki_error *error)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	BIO_free(bio);
	if (!key)
		pki_fail_ssl(error, "not a private key in PEM form");
	return key;
}

void pki_pair_uninit(struct pki_pair *pair)
{
	if (pair->key)
		OPENSSL_cleanse(pair->key, strlen(pair->key));
	free(pair->key);
	free(pair->cert);
	*pair = (struct pki_pair){0};
}

/* --- read --------------------------------------------------------------------- */

static time_t to_time(const ASN1_TIME *asn1)
{
	struct tm tm = {0};

	return ASN1_TIME_to_tm(asn1, &tm) == 1 ? timegm(&tm) : 0;
}

static void read_sans(const X509 *cert, struct pki_info *info)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && info->n_sans < PKI_MAX_SANS; i++) {
		int type;
		const ASN1_STRING *value =
			GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
		const char *data;
		int size;
		char text[INET6_ADDRSTRLEN];

		if (type != GEN_DNS && type != GEN_IPADD)
			continue;
		data = (const char *) ASN1_STRING_get0_data(value);
		size = ASN1_STRING_length(value);
		if (type == GEN_DNS && !memchr(data, 0, (size_t) size)) {
			char *name = xheap_alloc((size_t) size + 1);

			memcpy(name, data, (size_t) size);
			if (!info->name[0] && strlen(name) < sizeof info->name)
				memcpy(info->name, name, (size_t) size + 1);
			info->sans[info->n_sans++] = name;
		} else if (type == GEN_IPADD && (size == 4 || size == 16)) {
			inet_ntop(size == 4 ? AF_INET : AF_INET6, data, text, sizeof text);
			info->sans[info->n_sans++] = xheap_strdup(text);
		}
	}
	GENERAL_NAMES_free(names);
}

bool pki_read(const char *text, struct pki_info *info, struct pki_error *error)
{
	X509 *cert = pki_cert_from_pem(text, error);
	BIGNUM *number;
	char *hex;

	if (!cert)
		return false;
	*info = (struct pki_info){
		.is_ca = X509_check_ca(cert) == 1,
		.server_too = X509_get_extended_key_usage(cert) & XKU_SSL_SERVER,
		.not_before = to_time(X509_get0_notBefore(cert)),
		.not_after = to_time(X509_get0_notAfter(cert)),
	};
	number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	hex = BN_bn2hex(number);
	snprintf(info->serial, sizeof info->serial, "%s", hex);
	OPENSSL_free(hex);
	BN_free(number);
	read_sans(cert, info);
	if (!info->name[0])
		X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, info->name,
					  sizeof info->name);
	X509_free(cert);
	return true;
}

void pki_info_uninit(struct pki_info *info)
{
	for (size_t i = 0; i < info->n_sans; i++)
		free(info->sans[i]);
	info->n_sans = 0;
}

bool pki_verify(const char *cert_text, const char *key_text, const char *ca_text,
		struct pki_error *error)
{
	X509 *cert = pki_cert_from_pem(cert_text, error), *ca = NULL;
	EVP_PKEY *key = NULL;
	bool ok = false;

	if (!cert || !(ca = pki_cert_from_pem(ca_text, error)))
		goto out;
	if (X509_check_issued(ca, cert) != X509_V_OK ||
	    X509_verify(cert, X509_get0_pubkey(ca)) != 1) {
		pki_fail(error, "the certificate was not signed by this authority");
		goto out;
	}
	if (key_text) {
		key = pki_key_from_pem(key_text, error);
		if (!key)
			goto out;
		if (X509_check_private_key(cert, key) != 1) {
			pki_fail(error, "the private key is not the one of the certificate");
			goto out;
		}
	}
	ok = true;
out:
	ERR_clear_error();
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	return ok;
}
