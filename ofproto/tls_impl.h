/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of tls share; nobody else includes this. tls.c reads the
 * files, tls_session.c moves bytes, tls_words.c knows certificates and says
 * what went wrong. */
#ifndef OFPROTO_TLS_IMPL_H
#define OFPROTO_TLS_IMPL_H

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "ofproto/tls.h"

enum { TLS_NAME_MAX = 255 };

/* The context that new sessions use; sessions hold a reference of their own. */
SSL_CTX *tls_context(const struct tls *);

/* First SAN dNSName, else CN, of any certificate, trusted or not: only printable
 * characters, others come out as '?'. False when it has no name. */
bool tls_cert_name(const X509 *, char *buf, size_t size);
bool tls_cert_is_for(const X509 *, const char *name);

/* Why verification of the certificate (null: unknown) gave this X509_V_ERR_*,
 * and how to get a better one. Ours is weftd's, the others are the peers'. */
void tls_words_verify(char *buf, size_t size, bool is_ours, const X509 *, int error);
/* Why the session failed, from OpenSSL's error queue. */
void tls_words_session(char *buf, size_t size, const SSL *);

#endif
