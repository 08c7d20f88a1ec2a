/* SPDX-License-Identifier: Apache-2.0 */
/* tls: the server side of TLS 1.3 (RFC 8446) with client certificates.
 *
 * One struct tls holds ca.pem, cert.pem and key.pem of a directory. They are
 * read again when they change: new handshakes use the new ones, live sessions
 * go on. A directory that cannot be read any more leaves the old ones in force
 * and says so. tls*.c are the only files besides controller/pki.c that know
 * OpenSSL. */
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
/* Why the files as they are now are not in force; null = they are. */
const char *tls_bad_files(const struct tls *);
/* Days until our own certificate ends; negative = has ended. */
int tls_days_left(const struct tls *);
bool tls_is_for(const struct tls *, const char *name);   /* is our own certificate? */

/* Of OpenSSL, for a server whose clients show no certificate (browsers); the caller's. */
struct ssl_st;
struct ssl_st *tls_server(const struct tls *);

struct tls_session *tls_session_new(struct tls *, int fd);
void tls_session_free(struct tls_session *);

/* A handshake step, read(2) and write(2) on the fd. MSG_NOSIGNAL throughout: a
 * peer that has gone is TLS_EOF, not SIGPIPE. */
enum tls_result { TLS_OK, TLS_WANT_READ, TLS_WANT_WRITE, TLS_EOF, TLS_FAILED };
enum tls_result tls_handshake(struct tls_session *);
/* Reads all there is, as far as it fits. Size is at least TLS_READ_MIN: then
 * nothing stays behind in the session, and waiting for the fd is enough.
 * Bytes may come with TLS_EOF and TLS_FAILED too; ret_n is always set. */
enum { TLS_READ_MIN = 64 << 10 };
enum tls_result tls_read(struct tls_session *, void *, size_t size, size_t *ret_n);
/* Bytes that have been taken but not by the kernel are tls_unsent(): then wait
 * until the fd is writable and call again, with what was not taken or with
 * nothing. What was refused with TLS_WANT_WRITE must come again. */
enum tls_result tls_write(struct tls_session *, const void *, size_t size, size_t *ret_n);
size_t tls_unsent(const struct tls_session *);
/* Says goodbye, if that can be done at once. */
void tls_shutdown(struct tls_session *);
/* After TLS_FAILED: for people, with the cure where one is known. */
const char *tls_session_error(const struct tls_session *);

const char *tls_peer_name(const struct tls_session *);   /* see conn_cert_name */
bool tls_peer_is(const struct tls_session *, const char *name);

#endif
