/* SPDX-License-Identifier: Apache-2.0 */
/* Non-blocking byte streams over TCP or TLS 1.3, for both ends of the bench. */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include <stdbool.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include "of13.h"

/* "tcp:ADDR:PORT" or "ssl:ADDR:PORT"; ADDR is IPv4, or IPv6 in brackets. */
struct endpoint {
	bool tls;
	struct sockaddr_storage addr;
	socklen_t addr_size;
};

enum stream_state { STREAM_DEAD, STREAM_CONNECTING, STREAM_HANDSHAKE, STREAM_OPEN };

struct stream {
	enum stream_state state;
	int fd;            /* owned; -1 when dead */
	SSL *ssl;          /* owned; null over TCP */
	bool wants_write;  /* the TLS handshake waits for room to write */
	uint32_t armed;    /* epoll events asked for at present */
	struct buf tail;   /* a message of which only the beginning has come */
	struct buf backlog; /* what the socket did not take */
	size_t sent;       /* of backlog */
	uint64_t n_reads, n_writes;
	char why[200];     /* of the death, in words */
};

bool endpoint_parse(const char *text, struct endpoint *);
int endpoint_listen(const struct endpoint *); /* -1 and errno */

/* DIR is a PKI directory as `weft pki` makes it: ca.pem; cert.pem and key.pem of the controller, which a server
 * context uses; NAME-cert.pem and NAME-key.pem of the switches, which a client takes with tls_identity. */
SSL_CTX *tls_context(bool server, const char *dir, char *err, size_t err_size);
bool tls_identity(SSL *, const char *dir, const char *name, char *err, size_t err_size);

/* Take a connected socket (`ssl` null: TCP), or begin to connect. Both take over `ssl`. */
void stream_accept(struct stream *, int fd, SSL *ssl);
void stream_dial(struct stream *, const struct endpoint *, SSL *ssl);
void stream_close(struct stream *, const char *why);

/* Go on with connecting and handshake; true as soon as bytes can flow. */
bool stream_advance(struct stream *);
/* Events to wait for now. */
uint32_t stream_wants(const struct stream *);
/* Asks epoll for them, with that pointer; false and errno. */
bool stream_arm(struct stream *, int epoll, void *ptr);

/* Read once (TLS: all there is) into `rx`, behind the kept beginning of a message. Returns the bytes in rx, 0 for
 * nothing new, -1 for a dead stream. *ret_more is set when more is there that epoll will not tell of. */
long stream_read(struct stream *, struct buf *rx, bool *ret_more);
void stream_keep(struct stream *, const uint8_t *rest, size_t n);
/* Write in one call; what does not fit is kept and goes first next time. */
bool stream_write(struct stream *, const uint8_t *, size_t n);
bool stream_flush(struct stream *);

#endif
