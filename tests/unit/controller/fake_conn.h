/* SPDX-License-Identifier: Apache-2.0 */
/* fake_conn: conn.h without sockets, for simulations of whole sessions.
 *
 * Between a session and a fake switch lies a wire. What the session flushes is
 * in the switch's inbox at once; what the switch says waits in its outbox for
 * wire_round. Linked instead of ofproto/conn.c: sessions do not know. */
#ifndef TESTS_FAKE_CONN_H
#define TESTS_FAKE_CONN_H

#include "ofproto/conn.h"
#include "tests/unit/fake_switch.h"

struct wire {
	struct fake_switch *fake;       /* borrowed: the far end */
	const char *cert_name;          /* of the far end's certificate; null = TCP */
	struct conn *conn;              /* the session's end; null = none */
};

/* The next conn_new() is the session's end of this wire. */
void wire_plug(struct wire *);
/* One turn of the loop: established; or up to n messages, if there are any, and
 * a batch; then, when it was to end, closed. True when anything happened. */
bool wire_round(struct wire *, size_t n);
/* The far end has gone, and with it what it had said: closed in the next round. */
void wire_cut(struct wire *);

bool wire_lives(const struct wire *);             /* neither end has closed it */

#endif
