/* SPDX-License-Identifier: Apache-2.0 */
/* tls: names in certificates, and what went wrong in words with a cure.
 *
 * Texts end up in the log and come in part from a peer that nobody trusts yet:
 * names are cut to what can be printed. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "ofproto/tls_impl.h"

/* --- names -------------------------------------------------------------------- */

/* Text of an ASN.1 string; null when it cannot be a name. Owned by the caller. */
static char *string_text(const ASN1_STRING *string)
{
	unsigned char *text = NULL;
	int len = ASN1_STRING_to_UTF8(&text, string);

	if (len > 0 && len <= TLS_NAME_MAX && strlen((char *) text) == (size_t) len)
		return (char *) text;
	OPENSSL_free(text);
	return NULL;
}

static char *common_name(const X509_NAME *name)
{
	int at = -1, last = -1;

	/* The last one is the most specific one. */
	while ((at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0)
		last = at;
	return last < 0 ? NULL : string_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
}

/* The names that a certificate speaks for: calls back until one is taken. With
 * a dNSName in it, even one that is no name, the common name does not count. */
static bool each_name(const X509 *cert, bool (*take)(const char *name, void *ctx), void *ctx)
{
	GENERAL_NAMES *sans = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	bool has_dns = false, is_taken = false;
	char *text;

	for (int i = 0; i < sk_GENERAL_NAME_num(sans) && !is_taken; i++) {
		const GENERAL_NAME *san = sk_GENERAL_NAME_value(sans, i);

		if (san->type != GEN_DNS)
			continue;
		has_dns = true;
		text = string_text(san->d.dNSName);
		is_taken = text && take(text, ctx);
		OPENSSL_free(text);
	}
	GENERAL_NAMES_free(sans);
	if (!has_dns) {
		text = common_name(X509_get_subject_name(cert));
		is_taken = text && take(text, ctx);
		OPENSSL_free(text);
	}
	return is_taken;
}

struct name_buffer {
	char *data;
	size_t size;
};

static void copy_printable(const char *text, char *buf, size_t size)
{
	size_t i;

	for (i = 0; text[i] && i + 1 < size; i++)
		buf[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	buf[i] = '\0';
}

static bool copy_name(const char *name, void *ctx)
{
	struct name_buffer *buf = ctx;

	copy_printable(name, buf->data, buf->size);
	return true;
}

bool tls_cert_name(const X509 *cert, char *buf, size_t size)
{
	return each_name(cert, copy_name, &(struct name_buffer) {buf, size});
}

static bool is_name(const char *name, void *ctx)
{
	return !strcmp(name, ctx);
}

bool tls_cert_is_for(const X509 *cert, const char *name)
{
	return each_name(cert, is_name, (char *) name);
}

/* --- words -------------------------------------------------------------------- */

static void date(const ASN1_TIME *time, char *buf, size_t size)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(time, &tm) || !strftime(buf, size, "%Y-%m-%d %H:%M UTC", &tm))
		snprintf(buf, size, "a date that cannot be read");
}

void tls_words_verify(char *buf, size_t size, bool is_ours, const X509 *cert, int error)
{
	const char *owner = is_ours ? "weftd's certificate" : "its certificate";
	char name[64] = "?", issuer[64] = "?", when[32] = "";
	const char *why = X509_verify_cert_error_string(error);
	char *text;

	if (!cert) {
		snprintf(buf, size, "%s: certificate verify failed: %s", owner, why);
		return;
	}
	tls_cert_name(cert, name, sizeof(name));
	text = common_name(X509_get_issuer_name(cert));
	if (text)
		copy_printable(text, issuer, sizeof(issuer));
	OPENSSL_free(text);
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		date(X509_get0_notAfter(cert), when, sizeof(when));
		if (X509_check_ca((X509 *) cert))
			snprintf(buf, size, "the authority (%s) has expired on %s; make a new one with: "
				 "weft pki init, and issue all certificates again", name, when);
		else
			snprintf(buf, size, "%s (%s) has expired on %s; renew it with: weft pki "
				 "renew %s", owner, name, when, name);
		return;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		date(X509_get0_notBefore(cert), when, sizeof(when));
		snprintf(buf, size, "%s (%s) is not valid before %s; compare the clocks of both machines",
			 owner, name, when);
		return;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		snprintf(buf, size, "%s (%s) was made by another authority (%s) than the one in ca.pem; "
			 "%s%s", owner, name, issuer, is_ours ? "make a new one with: weft pki "
			 "renew weftd" : "issue one with: weft pki issue ", is_ours ? "" : name);
		return;
	case X509_V_ERR_INVALID_PURPOSE:
		snprintf(buf, size, "%s (%s) is not meant for this side of a connection (extended key "
			 "usage)", owner, name);
		return;
	}
	snprintf(buf, size, "%s (%s): certificate verify failed: %s", owner, name, why);
}

/* Reasons as OpenSSL names them; peer's alerts are reasons too. */
static const struct {
	int reason;
	const char *words;
} session_words[] = {
	{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
	 "no certificate came; give the switch one with: ovs-vsctl set-ssl KEY CERT CA"},
	{SSL_R_WRONG_VERSION_NUMBER,
	 "the peer does not speak TLS; its controller must be ssl:ADDRESS:PORT, not tcp:"},
	{SSL_R_HTTP_REQUEST, "the peer does not speak TLS but HTTP"},
	{SSL_R_HTTPS_PROXY_REQUEST, "the peer does not speak TLS but HTTP"},
	{SSL_R_TLSV1_ALERT_UNKNOWN_CA,
	 "the peer does not trust weftd's certificate: its CA certificate is not our ca.pem; "
	 "set it with: ovs-vsctl set-ssl KEY CERT CA"},
	{SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
	 "the peer says that weftd's certificate has expired; compare the clocks, or renew it "
	 "with: weft pki renew weftd"},
	{SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
	 "the peer refuses weftd's certificate; compare the clocks and its CA certificate"},
	{SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
	 "the peer refuses weftd's certificate; compare the clocks and its CA certificate"},
	{SSL_R_TLSV1_ALERT_DECRYPT_ERROR,
	 "the peer does not trust weftd's certificate: an authority of the same name made it, but "
	 "not the peer's; set ours with: ovs-vsctl set-ssl KEY CERT CA"},
};

void tls_words_session(char *buf, size_t size, const SSL *ssl)
{
	unsigned long error = ERR_peek_error();
	const char *text = ERR_reason_error_string(error);
	int reason = ERR_GET_REASON(error), version = SSL_client_version(ssl);

	if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_VERSION_TOO_LOW) {
		snprintf(buf, size, "the peer speaks only TLS 1.%d; use TLS 1.3 (Open vSwitch 2.12 or "
			 "later with OpenSSL 1.1.1 or later)", (version & 0xff) - 1);
		return;
	}
	for (size_t i = 0; i < sizeof(session_words) / sizeof(session_words[0]); i++) {
		if (session_words[i].reason == reason) {
			snprintf(buf, size, "%s", session_words[i].words);
			return;
		}
	}
	if (reason > SSL_AD_REASON_OFFSET)
		snprintf(buf, size, "the peer says: %s", text ? text : "an unknown alert");
	else
		snprintf(buf, size, "%s", text ? text : "unknown error");
}
