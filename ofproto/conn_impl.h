/* SPDX-License-Identifier: Apache-2.0 */
/* What conn.c (life, the loop, input) and conn_out.c (output) share; nobody
 * else includes this. */
#ifndef OFPROTO_CONN_IMPL_H
#define OFPROTO_CONN_IMPL_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "ofproto/conn.h"

struct tls_session;

/* Time for a TLS handshake. Tests shorten it. */
extern unsigned conn_handshake_ms;

/* STARTING  -> OPEN by the next round of the loop (TCP)
 * HANDSHAKE -> OPEN when TLS is through; CLOSING by failure or after HANDSHAKE_SECONDS
 * OPEN      -> CLOSING by the peer, by conn_close() or by our bounds
 * CLOSING   -> CLOSED by the next round of the loop, which says `closed` */
enum conn_state { CONN_NEW, CONN_STARTING, CONN_HANDSHAKE, CONN_OPEN, CONN_CLOSING, CONN_CLOSED };

struct conn {
	const struct conn_ops *ops;
	void *ctx;
	int fd;                         /* owned */
	struct tls_session *tls;        /* owned; null for TCP */
	enum conn_state state;
	bool is_established;            /* has been OPEN */
	bool is_untrusted;              /* the handshake failed: certificate or protocol */
	bool in_message;                /* the `message` callback is running */

	/* The loop. */
	struct event readable, writable;
	struct event timer;             /* what it means depends on the state, see on_timer() */

	/* Input that waits for the next wake-up. */
	struct {
		uint8_t *data;          /* owned */
		size_t size, room;
	} rest;
	bool is_paused;                 /* not read from: too much is queued */

	/* Output; what lies in [start, end) has not been written. */
	struct {
		uint8_t *data;          /* owned */
		size_t start, end, room;
		size_t next;            /* where the next message begins, for n_messages_out */
		unsigned n_quiet;       /* small writes in a row */
	} out;
	size_t n_sealed;                /* bytes that TLS has taken and the kernel has not */
	bool is_blocked;                /* waits for `writable` */
	bool is_overflowing;            /* CONN_MAX_QUEUE was reached */
	bool is_deaf;                   /* the kernel takes nothing any more: peer has gone */

	struct conn_counts counts;
	char address[64];               /* of the peer */
	char peer[80];                  /* scheme, address, port */
	char why[400];                  /* of the end */
};

/* One write of what is queued. Waits for the kernel when that was too much for
 * it, and resumes reading when it was not. */
void conn_push(struct conn *);
/* Asks the loop to call when the kernel takes bytes again, or not to. */
void conn_wait_writable(struct conn *, bool wait);
/* A turn in the next round of the loop. */
void conn_run_next_round(struct conn *);

#endif
