/* SPDX-License-Identifier: Apache-2.0 */
/* fake_conn: see fake_conn.h. Keeps the rules of conn.h: callbacks come from
 * wire_round only, room from conn_reserve is good until the next call. */
#include "tests/unit/controller/fake_conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/mem.h"

struct conn {
	struct wire *wire;
	const struct conn_ops *ops;
	void *ctx;
	bool is_started, is_established, is_closing, is_closed, is_cut, in_message;
	char why[320];
	uint8_t *room;                  /* exactly as much as was asked for */
	size_t room_size;
	uint8_t *out;
	size_t out_size;
	struct conn_counts counts;
};

static struct wire *plugged;

void wire_plug(struct wire *wire) { plugged = wire; }

struct conn *conn_new(struct event_base *base, int fd, struct tls *tls, const struct conn_ops *ops, void *ctx)
{
	struct conn *c = mem_zalloc(sizeof *c);
	(void) base;
	(void) fd;
	(void) tls;
	assert_non_null(plugged);
	assert_null(plugged->conn);
	c->wire = plugged;
	c->ops = ops;
	c->ctx = ctx;
	plugged->conn = c;
	plugged = NULL;
	return c;
}

void conn_free(struct conn *c)
{
	if (!c)
		return;
	assert_false(c->in_message);
	c->wire->conn = NULL;
	free(c->room);
	free(c->out);
	free(c);
}

void conn_start(struct conn *c) { c->is_started = true; }

/* --- out --------------------------------------------------------------------------- */

static void keep(struct conn *c)
{
	if (c->room_size) {
		c->out = mem_realloc(c->out, c->out_size + c->room_size);
		memcpy(c->out + c->out_size, c->room, c->room_size);
		c->out_size += c->room_size;
	}
	free(c->room);
	c->room = NULL;
	c->room_size = 0;
}

uint8_t *conn_reserve(struct conn *c, size_t size)
{
	keep(c);
	c->room = mem_alloc(size);
	return c->room;
}

void conn_commit(struct conn *c, size_t size)
{
	c->room_size = size;
	c->counts.n_messages_out++;
}

void conn_send(struct conn *c, const void *msg, size_t size)
{
	memcpy(conn_reserve(c, size), msg, size);
	conn_commit(c, size);
}

void conn_flush(struct conn *c)
{
	keep(c);
	if (!c->out_size || c->is_closed)
		return;
	c->counts.n_writes++;
	c->counts.n_bytes_out += c->out_size;
	if (!c->is_cut)
		fake_input(c->wire->fake, c->out, c->out_size);
	c->out_size = 0;
}

void conn_close(struct conn *c, const char *why)
{
	if (c->is_closing)
		return;
	c->is_closing = true;
	snprintf(c->why, sizeof c->why, "%s", why);
	conn_flush(c);
}

/* --- in ---------------------------------------------------------------------------- */

static bool hand_out(struct conn *c, size_t n)
{
	uint8_t **rooms = NULL;
	const uint8_t *m;
	size_t size, done = 0;
	while (done < n && !c->is_closing && (m = fake_next(c->wire->fake, &size))) {
		/* Alone in memory, aligned or not, and good until the batch ends. */
		rooms = mem_realloc(rooms, (done + 1) * sizeof *rooms);
		rooms[done] = mem_alloc(size + 1);
		uint8_t *copy = memcpy(rooms[done] + done % 2, m, size);
		c->in_message = true;
		c->ops->message(c->ctx, copy, size);
		c->in_message = false;
		done++;
	}
	c->counts.n_messages_in += done;
	if (done)
		c->ops->batch(c->ctx);
	for (size_t i = 0; i < done; i++)
		free(rooms[i]);
	free(rooms);
	return done != 0;
}

bool wire_round(struct wire *wire, size_t n)
{
	struct conn *c = wire->conn;
	bool moved = false;
	if (!c || !c->is_started)
		return false;
	if (!c->is_established && !c->is_closing) {
		c->is_established = moved = true;
		c->ops->established(c->ctx);
	} else {
		moved = hand_out(c, n);
	}
	if (!c->is_closing)
		return moved;
	c->is_closed = true;
	c->ops->closed(c->ctx, c->why);         /* frees c */
	assert_null(wire->conn);
	return true;
}

bool wire_lives(const struct wire *wire) { return wire->conn && !wire->conn->is_closing; }

void wire_cut(struct wire *wire)
{
	if (!wire->conn || wire->conn->is_closing)
		return;
	wire->conn->is_cut = wire->conn->is_closing = true;
	snprintf(wire->conn->why, sizeof wire->conn->why, "closed by peer");
}

/* --- look -------------------------------------------------------------------------- */

size_t conn_queued(const struct conn *c) { return c->out_size + c->room_size; }
bool conn_is_established(const struct conn *c) { return c->is_established; }
bool conn_is_ending(const struct conn *c) { return c->is_closing; }
const char *conn_peer(const struct conn *c) { return c->wire->cert_name ? "ssl:192.0.2.7:40312" : "tcp:192.0.2.7:40312"; }
const char *conn_peer_address(const struct conn *c) { (void) c; return "192.0.2.7"; }
const char *conn_cert_name(const struct conn *c) { return c->wire->cert_name; }
void conn_count(const struct conn *c, struct conn_counts *ret) { *ret = c->counts; }

bool conn_cert_is_for(const struct conn *c, const char *name)
{
	return c->wire->cert_name && !strcmp(c->wire->cert_name, name);
}
bool conn_is_untrusted(const struct conn *c) { (void) c; return false; }
