/* SPDX-License-Identifier: Apache-2.0 */
/* What a few rows count at this moment, asked of the switch itself: the ledger only
 * has the numbers of its last reading. Each question names a table and a cookie. */
#include <stdlib.h>
#include <string.h>

#include "controller/session_private.h"
#include "ofproto/readback.h"
#include "topo/arena.h"

enum { XID_FIRST = 0x01000000, XID_LAST = 0x01ffffff };        /* none of hello, role and sync */

bool session_ask(struct session *s, uint8_t table, uint64_t cookie, session_ask_cb *cb, void *ctx)
{
	uint8_t request[56];
	size_t i = 0;
	while (i < SESSION_ASKS && s->asks[i].xid)
		i++;
	if (s->state != SESSION_LIVE || i == SESSION_ASKS)
		return false;
	if (s->last_ask_xid < XID_FIRST || s->last_ask_xid >= XID_LAST)
		s->last_ask_xid = XID_FIRST;
	s->asks[i] = (struct session_ask) {
		.xid = ++s->last_ask_xid, .deadline_ms = s->all->core->now_ms + SESSION_ASK_MS, .cb = cb, .ctx = ctx,
	};
	conn_send(s->conn, request, msg_put_flow_ask(request, s->asks[i].xid, table, cookie));
	core_touch(s->all->core, s->sw);
	return true;
}

static struct session_ask *find(struct session *s, uint32_t xid)
{
	for (size_t i = 0; xid && i < SESSION_ASKS; i++)
		if (s->asks[i].xid == xid)
			return &s->asks[i];
	return NULL;
}

static void end(struct session_ask *ask, bool is_lost)
{
	struct session_ask was = *ask;
	*ask = (struct session_ask) { 0 };
	was.cb(was.ctx, NULL, 0, 0, is_lost);
}

static void on_row(void *ctx, const struct rule *rule, uint64_t n_packets, uint64_t n_bytes, uint32_t duration)
{
	struct session_ask *ask = ctx;
	(void) duration;
	ask->cb(ask->ctx, rule, n_packets, n_bytes, false);
}

bool session_ask_message(struct session *s, const uint8_t *msg, size_t size)
{
	struct session_ask *ask = find(s, msg_xid(msg));
	uint16_t type;
	bool more;
	if (!ask)
		/* The answer to one that nobody waits for any more. */
		return msg_type(msg) == MSG_MULTIPART_REPLY && msg_xid(msg) >= XID_FIRST && msg_xid(msg) <= XID_LAST;
	if (msg_type(msg) == MSG_ERROR) {
		end(ask, true);
		return true;
	}
	if (!msg_multipart(msg, size, &type, &more) || type != MULTIPART_FLOW) {
		session_malformed(s, "malformed multipart reply: another type than was asked for");
		return true;
	}
	/* readback wants alignment. */
	uint8_t *copy = xheap_alloc(size);
	memcpy(copy, msg, size);
	const char *error = readback_decode(copy, size, on_row, ask);
	free(copy);
	if (error)
		session_malformed(s, error);
	else if (!more)
		end(ask, false);
	return true;
}

void session_ask_tick(struct session *s, uint64_t now_ms)
{
	for (size_t i = 0; i < SESSION_ASKS; i++)
		if (s->asks[i].xid && now_ms >= s->asks[i].deadline_ms)
			end(&s->asks[i], true);
}

void session_ask_end(struct session *s)
{
	session_ask_tick(s, UINT64_MAX);
}

void sessions_forget_asks(struct sessions *all, const void *ctx)
{
	for (struct session *s = all ? all->first : NULL; s; s = s->next)
		for (size_t i = 0; i < SESSION_ASKS; i++)
			if (s->asks[i].ctx == ctx)
				s->asks[i] = (struct session_ask) { 0 };
}
