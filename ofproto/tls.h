/* SPDX-License-Identifier: Apache-2.0 */
/* tls: the server side of TLS 1.3 (RFC 8446) with client certificates.
 *
 * One struct tls holds ca.pem, cert.pem and key.pem of a directory. They are
 * read again when they change: new handshakes use the new ones, live sessions
 * go on. A directory that cannot be read any more leaves the old ones in force
 * and says so. The only file besides controller/pki.c that knows OpenSSL. */
#ifndef OFPROTO_TLS_H
#define OFPROTO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls;
struct tls_session;

/* Null when a file is missing or bad: ret_error (static buffer until the next
 * call) names the file, what is wrong and what to do ("... run: weft pki init"). */
struct tls *tls_new(const char *dir, const char **ret_error);
void tls_free(struct tls *);
/* Looks at the files (stat); reads them when they differ. 1 = new ones are in
 * force, 0 = nothing new, -1 = new ones are bad, ret_error says why. */
int tls_reload(struct tls *, const char **ret_error);
/* Days until our own certificate ends; negative = has ended. */
int tls_days_left(const struct tls *);

struct tls_session *tls_session_new(struct tls *, int fd);
void tls_session_free(struct tls_session *);

/* Like read(2)/write(2)/a handshake step on the fd. */
enum tls_result { TLS_OK, TLS_WANT_READ, TLS_WANT_WRITE, TLS_EOF, TLS_FAILED };
enum tls_result tls_handshake(struct tls_session *);
enum tls_result tls_read(struct tls_session *, void *, size_t size, size_t *ret_n);
enum tls_result tls_write(struct tls_session *, const void *, size_t size, size_t *ret_n);
void tls_shutdown(struct tls_session *);
/* After TLS_FAILED: for people, with the cure where one is known. */
const char *tls_session_error(const struct tls_session *);

const char *tls_peer_name(const struct tls_session *);   /* see conn_cert_name */
bool tls_peer_is(const struct tls_session *, const char *name);

#endif
