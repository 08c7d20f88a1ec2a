/* SPDX-License-Identifier: Apache-2.0 */
/* conn: one byte stream to a switch, cut into OpenFlow messages.
 *
 * One wake-up is one read of all there is (at most 256 KiB, then the others
 * have their turn); it hands out every whole message in place, then says
 * `batch`. What is sent in between stays in one buffer and leaves with one
 * write at conn_flush(). TCP or TLS below makes no difference above.
 *
 * Callbacks come from the loop only, never from inside a function of this
 * header, and may call any of these functions for any connection; only
 * conn_free() of the connection itself is forbidden inside `message`.
 *
 * Bounds: a peer that does not read is not read from (CONN_PAUSE_BYTES queued)
 * and is closed at CONN_MAX_QUEUE. A TLS handshake takes at most 10 s. A header
 * with a length below 8 ends the connection; messages are at most 65535 bytes
 * by their own header (OpenFlow 1.3.5, section 7.1). */
#ifndef OFPROTO_CONN_H
#define OFPROTO_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct tls;
struct conn;

enum {
	CONN_PAUSE_BYTES = 512 << 10,
	CONN_MAX_QUEUE = 8 << 20,
};

struct conn_ops {
	/* TCP: in the next round of the loop; TLS: after the handshake. */
	void (*established)(void *ctx);
	/* A whole message; not aligned; valid until `batch`. conn_close() may be
	 * called from inside. */
	void (*message)(void *ctx, const uint8_t *msg, size_t size);
	/* All messages of one wake-up have been handed out; also when one of them
	 * ended the connection. Without messages there is no batch. */
	void (*batch)(void *ctx);
	/* The end; called once, never from inside conn_close(). why is a sentence
	 * for people: "closed by peer", "does not read: 8388608 bytes queued",
	 * "TLS: certificate verify failed (expired)". The owner then conn_free()s. */
	void (*closed)(void *ctx, const char *why);
};

/* Takes fd (non-blocking, connected). tls null = plain TCP. */
struct conn *conn_new(struct event_base *, int fd, struct tls *, const struct conn_ops *, void *ctx);
void conn_free(struct conn *);                   /* closes; null accepted; not from inside `message` */
void conn_start(struct conn *);

/* Room for size bytes at the end of the output; valid until the next call.
 * Never null; above the bound the bytes are dropped and the connection ends
 * at the next flush. conn_commit says how many of them were used. */
uint8_t *conn_reserve(struct conn *, size_t size);
void conn_commit(struct conn *, size_t size);
void conn_send(struct conn *, const void *msg, size_t size);
void conn_flush(struct conn *);
/* No more messages are handed out; what is queued is still tried once; then
 * `closed` with this reason, from the loop. */
void conn_close(struct conn *, const char *why);

size_t conn_queued(const struct conn *);         /* bytes */
bool conn_is_established(const struct conn *);
bool conn_is_ending(const struct conn *);         /* conn_close() was called, by whomever: `closed` comes next */
/* The handshake failed for what was said in it, not because it was given up. */
bool conn_is_untrusted(const struct conn *);
const char *conn_peer(const struct conn *);      /* "ssl:192.0.2.7:40312", "tcp:[2001:db8::7]:40312" */
const char *conn_peer_address(const struct conn *);       /* "192.0.2.7", without the port */
/* Name of the peer's certificate: first SAN dNSName, else CN. Null for TCP. */
const char *conn_cert_name(const struct conn *);
/* True when the certificate speaks for the name: any SAN dNSName, or the CN if
 * there is no dNSName (RFC 9525 drops CN; Open vSwitch's own PKI makes only CN). */
bool conn_cert_is_for(const struct conn *, const char *name);

struct conn_counts {
	uint64_t n_reads, n_writes;     /* of whatever was there, or queued, at once */
	uint64_t n_messages_in, n_messages_out;
	uint64_t n_bytes_in, n_bytes_out;       /* before encryption */
};
void conn_count(const struct conn *, struct conn_counts *);

#endif
