/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates in memory: make. Touches no file and no clock; so does pki_read.c.
 *
 * The idea: PEM text in, PEM text out, so that the rest of the program never
 * sees an OpenSSL type. What goes into which kind of certificate is the table
 * `profiles`. */
#include "controller/pki_private.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "topo/arena.h"

/* RFC 5280, 4.2.1. A leaf never signs certificates; ECDSA needs no more than
 * digitalSignature. A switch is a client and no more: Open vSwitch asks of its
 * controller only the chain and serverAuth, so a stolen key of a switch with
 * serverAuth could pose as weftd. */
static const struct profile {
	const char *constraints;
	const char *usage;
	const char *extended;           /* null: none */
	const char *extended_server_too;
} profiles[] = {
	[PKI_CA] = {"critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign", NULL, NULL},
	[PKI_SERVER] = {"critical,CA:FALSE", "critical,digitalSignature",
			"serverAuth,clientAuth", "serverAuth,clientAuth"},
	[PKI_SWITCH] = {"critical,CA:FALSE", "critical,digitalSignature",
			"clientAuth", "clientAuth,serverAuth"},
};

/* --- names -------------------------------------------------------------------- */

static bool is_name(const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || len > PKI_MAX_NAME || !isalnum((unsigned char) s[0]))
		return false;
	for (; *s; s++) {
		if (!isalnum((unsigned char) *s) && !strchr(".-_", *s))
			return false;
	}
	return true;
}

bool pki_name_ok(const char *name, struct pki_error *error)
{
	if (!is_name(name))
		return pki_fail(error, "\"%.80s\" cannot be the name of a switch: use letters, digits, dot, "
			    "dash and underscore, begin with a letter or digit, at most %d characters",
			    name, PKI_MAX_NAME);
	if (!strcmp(name, "ca") || !strcmp(name, "weftd"))
		return pki_fail(error, "the name \"%s\" is taken by the PKI itself: give the switch another "
			    "name", name);
	return true;
}

static bool add_san(GENERAL_NAMES *names, const char *text, struct pki_error *error)
{
	unsigned char address[16];
	int n_address = 0;
	GENERAL_NAME *name;
	ASN1_STRING *value;

	if (inet_pton(AF_INET, text, address) == 1)
		n_address = 4;
	else if (inet_pton(AF_INET6, text, address) == 1)
		n_address = 16;
	else if (!is_name(text))
		return pki_fail(error, "\"%.80s\" is neither an IP address nor a DNS name", text);
	name = GENERAL_NAME_new();
	if (n_address) {
		value = ASN1_OCTET_STRING_new();
		ASN1_STRING_set(value, address, n_address);
		GENERAL_NAME_set0_value(name, GEN_IPADD, value);
	} else {
		value = ASN1_IA5STRING_new();
		ASN1_STRING_set(value, text, -1);
		GENERAL_NAME_set0_value(name, GEN_DNS, value);
	}
	sk_GENERAL_NAME_push(names, name);
	return true;
}

/* --- PEM ---------------------------------------------------------------------- */

static char *take_bio(BIO *bio)
{
	char *data;
	long size = BIO_get_mem_data(bio, &data);
	char *text = xheap_alloc((size_t) size + 1);

	memcpy(text, data, (size_t) size);
	BIO_free(bio);
	return text;
}

/* --- make --------------------------------------------------------------------- */

static bool set_serial(X509 *cert)
{
	unsigned char bytes[16];
	BIGNUM *number;
	bool ok;

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return false;
	bytes[0] = (unsigned char) ((bytes[0] & 0x7f) | 0x40); /* positive, always 16 bytes */
	number = BN_bin2bn(bytes, sizeof bytes, NULL);
	ok = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
	BN_free(number);
	return ok;
}

static bool set_subject(X509 *cert, const struct pki_request *request)
{
	X509_NAME *subject = X509_get_subject_name(cert);

	return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
					  (const unsigned char *) "weft", -1, -1, 0) &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
					  (const unsigned char *) request->name, -1, -1, 0);
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool ok;

	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
	if (!extension)
		return false;
	ok = X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static bool add_sans(X509 *cert, const struct pki_request *request, struct pki_error *error)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	bool ok = add_san(names, request->name, error);

	for (size_t i = 0; ok && i < request->n_sans; i++) {
		if (strcmp(request->sans[i], request->name))
			ok = add_san(names, request->sans[i], error);
	}
	if (ok && sk_GENERAL_NAME_num(names) > PKI_MAX_SANS)
		ok = pki_fail(error, "more than %d names in one certificate", PKI_MAX_SANS);
	if (ok && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) != 1)
		ok = pki_fail_ssl(error, "subject names");
	GENERAL_NAMES_free(names);
	return ok;
}

static bool add_extensions(X509 *cert, X509 *issuer, const struct pki_request *request,
			   struct pki_error *error)
{
	const struct profile *profile = &profiles[request->kind];
	const char *extended = request->server_too ? profile->extended_server_too
						   : profile->extended;

	if (!add_extension(cert, issuer, NID_basic_constraints, profile->constraints) ||
	    !add_extension(cert, issuer, NID_key_usage, profile->usage) ||
	    (extended && !add_extension(cert, issuer, NID_ext_key_usage, extended)) ||
	    !add_extension(cert, issuer, NID_subject_key_identifier, "hash") ||
	    !add_extension(cert, issuer, NID_authority_key_identifier, "keyid:always"))
		return pki_fail_ssl(error, "certificate extensions");
	return request->kind == PKI_CA || add_sans(cert, request, error);
}

static bool set_times(X509 *cert, X509 *issuer, const struct pki_request *request)
{
	ASN1_TIME *end = X509_getm_notAfter(cert);

	if (!ASN1_TIME_set(X509_getm_notBefore(cert), request->not_before) ||
	    !ASN1_TIME_set(end, request->not_after))
		return false;
	if (issuer != cert && ASN1_TIME_compare(end, X509_get0_notAfter(issuer)) > 0)
		return X509_set1_notAfter(cert, X509_get0_notAfter(issuer)) == 1;
	return true;
}

static bool make(const struct pki_request *request, X509 *ca, EVP_PKEY *ca_key,
		 struct pki_pair *ret_pair, struct pki_error *error)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new(), *issuer = ca ? ca : cert;
	BIO *cert_bio, *key_bio;
	bool ok;

	ok = key && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
	     set_subject(cert, request) && X509_set_pubkey(cert, key) == 1 &&
	     X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 &&
	     set_times(cert, issuer, request);
	if (!ok)
		pki_fail_ssl(error, "new certificate");
	ok = ok && add_extensions(cert, issuer, request, error);
	if (ok && !X509_sign(cert, ca_key ? ca_key : key, EVP_sha256()))
		ok = pki_fail_ssl(error, "signature");
	if (ok) {
		cert_bio = BIO_new(BIO_s_mem());
		key_bio = BIO_new(BIO_s_secmem());
		PEM_write_bio_X509(cert_bio, cert);
		PEM_write_bio_PKCS8PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL);
		ret_pair->cert = take_bio(cert_bio);
		ret_pair->key = take_bio(key_bio);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}

bool pki_make(const struct pki_request *request, const struct pki_pair *ca,
	      struct pki_pair *ret_pair, struct pki_error *error)
{
	X509 *ca_cert = NULL;
	EVP_PKEY *ca_key = NULL;
	bool ok = false;

	if (request->kind == PKI_CA)
		return make(request, NULL, NULL, ret_pair, error);
	ca_cert = pki_cert_from_pem(ca->cert, error);
	if (ca_cert)
		ca_key = pki_key_from_pem(ca->key, error);
	if (!ca_cert || !ca_key)
		goto out;
	if (X509_check_ca(ca_cert) != 1) {
		pki_fail(error, "ca.pem is not the certificate of an authority");
		goto out;
	}
	if (X509_check_private_key(ca_cert, ca_key) != 1) {
		ERR_clear_error();
		pki_fail(error, "ca-key.pem is not the key of ca.pem: put the two files back that were "
		     "made together");
		goto out;
	}
	if (X509_cmp_time(X509_get0_notAfter(ca_cert), &(time_t){request->not_before}) < 0) {
		pki_fail(error, "the authority itself has expired: make a new one in another directory "
		     "with `weft pki init --dir DIR` and issue the certificates again");
		goto out;
	}
	ok = make(request, ca_cert, ca_key, ret_pair, error);
out:
	X509_free(ca_cert);
	EVP_PKEY_free(ca_key);
	return ok;
}
