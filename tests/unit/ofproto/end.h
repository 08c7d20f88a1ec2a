/* SPDX-License-Identifier: Apache-2.0 */
/* Our end of a connection under test, with everything that it called back, and
 * the other end as a plain non-blocking socket. */
#ifndef TESTS_OFPROTO_END_H
#define TESTS_OFPROTO_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>

#include "ofproto/conn.h"

struct end {
	struct event_base *base;
	struct conn *conn;              /* null once freed */
	int peer;                       /* the other socket; -1 once closed */
	uint8_t *bytes;                 /* all messages, one after the other */
	size_t size, room;
	size_t n_messages, n_batches, n_established, n_closed;
	char why[320];
	/* What to do inside `message` (null: nothing); and in the others. */
	void (*on_message)(struct end *, const uint8_t *msg, size_t size);
	void (*on_batch)(struct end *);
	void (*on_established)(struct end *);
	bool free_when_closed;
	void *ctx;                      /* of the test */
};

struct tls;
/* A socket pair, or a TCP connection over loopback. The connection is started. */
struct end *end_new(struct event_base *, bool over_tcp, struct tls *);
void end_free(struct end *);
void end_hang_up(struct end *);         /* closes the peer's socket */

/* Rounds of the loop until nothing more can happen by itself. */
void settle(struct event_base *);
/* Rounds of the loop until it is true; fails the test after 10 s. */
#define RUN_UNTIL(BASE, CONDITION) \
	do { \
		for (long tries_ = 0; !(CONDITION); tries_++) { \
			if (tries_ > 10000) \
				fail_msg("never came: %s", #CONDITION); \
			event_base_loop(BASE, EVLOOP_NONBLOCK); \
			if (tries_ > 10) \
				usleep(1000); \
		} \
	} while (0)

/* A message of size bytes whose content follows from the number. */
void message_make(uint8_t *buf, size_t size, unsigned number);
void peer_send(struct end *, const void *, size_t size);        /* all of it must fit */
/* What the peer can read now, at most size bytes. */
size_t peer_read(struct end *, void *, size_t size);
bool peer_at_end(struct end *);                 /* the peer has read everything up to the end */

#endif
