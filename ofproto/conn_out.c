/* SPDX-License-Identifier: Apache-2.0 */
/* conn: the output of a connection.
 *
 * One growable buffer, one write per flush. The kernel is asked only when it
 * may have room: after a write that it did not take in whole, the next one
 * waits for the loop. Memory that was needed for a burst is given back after
 * some quiet writes. */
#include "ofproto/conn_impl.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "ofproto/mem.h"
#include "ofproto/tls.h"
#include "ofproto/wire.h"

enum {
	OUT_FIRST = 2 << 10,
	OUT_SMALL = 16 << 10,           /* a connection keeps that much */
	OUT_QUIET = 8,                  /* small writes in a row that let go of more */
};

uint8_t *conn_reserve(struct conn *c, size_t size)
{
	size_t room;

	if (conn_queued(c) + size > CONN_MAX_QUEUE)
		c->is_overflowing = true;
	if (c->out.room - c->out.end >= size)
		return c->out.data + c->out.end;
	if (c->out.start > 0) {
		memmove(c->out.data, c->out.data + c->out.start, c->out.end - c->out.start);
		c->out.end -= c->out.start;
		c->out.next = c->out.next > c->out.start ? c->out.next - c->out.start : 0;
		c->out.start = 0;
	}
	if (c->out.room - c->out.end < size) {
		room = c->out.room ? c->out.room : OUT_FIRST;
		while (room - c->out.end < size)
			room *= 2;
		c->out.data = mem_realloc(c->out.data, room);
		c->out.room = room;
	}
	return c->out.data + c->out.end;
}

void conn_commit(struct conn *c, size_t size)
{
	if (!c->is_overflowing && !c->is_deaf)
		c->out.end += size;
}

void conn_send(struct conn *c, const void *msg, size_t size)
{
	memcpy(conn_reserve(c, size), msg, size);
	conn_commit(c, size);
}

void conn_flush(struct conn *c)
{
	char why[64];

	if (c->state != CONN_OPEN)
		return;
	if (c->is_overflowing) {
		snprintf(why, sizeof(why), "does not read: %zu bytes queued", conn_queued(c));
		conn_close(c, why);
	} else if (!c->is_blocked) {
		conn_push(c);
	}
}

/* Messages leave in whole, so they are counted on the way. */
static void count_out(struct conn *c)
{
	size_t len;

	while (c->out.next + WIRE_LENGTH + 2 <= c->out.end) {
		len = wire_u16(c->out.data + c->out.next + WIRE_LENGTH);
		c->out.next += len > WIRE_HEADER ? len : WIRE_HEADER;
		c->counts.n_messages_out++;
	}
}

/* Empty output: gives memory back that was needed once, not always. */
static void out_empty(struct conn *c)
{
	size_t size = c->out.end;

	c->out.next = c->out.next > c->out.end ? c->out.next - c->out.end : 0;
	c->out.start = c->out.end = 0;
	c->out.n_quiet = size > OUT_SMALL ? 0 : c->out.n_quiet + 1;
	if (c->out.n_quiet >= OUT_QUIET && c->out.room > OUT_SMALL) {
		c->out.data = mem_realloc(c->out.data, OUT_SMALL);
		c->out.room = OUT_SMALL;
	}
}

/* The peer has gone. What it said last can still be read, and its end with it. */
static void turn_deaf(struct conn *c)
{
	c->is_deaf = true;
	c->out.end = c->out.start;
	c->n_sealed = 0;
}

void conn_push(struct conn *c)
{
	size_t size = c->out.end - c->out.start, n_written = 0;
	char why[sizeof(c->why)];
	ssize_t n;

	if (c->is_deaf || conn_queued(c) == 0)
		return;
	count_out(c);
	c->counts.n_writes++;
	if (c->tls) {
		switch (tls_write(c->tls, c->out.data + c->out.start, size, &n_written)) {
		case TLS_OK:
		case TLS_WANT_READ:
		case TLS_WANT_WRITE:
			c->n_sealed = tls_unsent(c->tls);
			break;
		case TLS_EOF:
			turn_deaf(c);
			break;
		case TLS_FAILED:
			turn_deaf(c);
			snprintf(why, sizeof(why), "TLS: %s", tls_session_error(c->tls));
			conn_close(c, why);
			break;
		}
	} else {
		do
			n = send(c->fd, c->out.data + c->out.start, size, MSG_NOSIGNAL);
		while (n < 0 && errno == EINTR);
		if (n >= 0)
			n_written = (size_t) n;
		else if (errno != EAGAIN)
			turn_deaf(c);
	}
	c->counts.n_bytes_out += n_written;
	c->out.start += n_written;
	if (c->out.start >= c->out.end)
		out_empty(c);
	if (c->state != CONN_OPEN)
		return;
	conn_wait_writable(c, conn_queued(c) > 0);
	if (c->is_paused && conn_queued(c) < CONN_PAUSE_BYTES / 2) {
		c->is_paused = false;
		event_add(&c->readable, NULL);
		if (c->rest.size > 0)
			conn_run_next_round(c);
	}
}

size_t conn_queued(const struct conn *c)
{
	return c->out.end - c->out.start + c->n_sealed;
}
