/* SPDX-License-Identifier: Apache-2.0 */
/* A peer may cut its stream anywhere, read when it likes and go when it likes,
 * and our own callbacks may answer, close and free. The input is a play: each
 * pair of bytes is a step of one side. Whatever is played: what was handed out
 * is what was sent, message by message; what the peer reads is what was
 * answered; the end is said once; the queue has its bounds. */
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "ofproto/conn.h"
#include "tests/fuzz/fuzz.h"

enum { SENT = 1 << 20, ANSWER_MAX = 40000 };

enum step {
	SEND,           /* a message of that size, in full */
	SEND_PART,      /* the beginning of one; what comes next goes into its middle */
	SEND_BAD,       /* a header with a length below 8 */
	ROUND,          /* of our loop */
	READ,           /* by the peer */
	SHUT,           /* the peer has nothing more to say */
	HANG_UP,        /* the peer goes */
	ANSWERS,        /* from now on each message is answered by so many bytes */
	CLOSE_AT,       /* close inside the message after so many more */
	FREE_IN_BATCH,  /* in the batch after so many more */
	FLUSH,
	N_STEPS,
};

struct play {
	struct event_base *base;
	struct conn *conn;              /* null once freed */
	int peer;                       /* -1 once gone */
	uint8_t *sent, *answered;       /* by the peer; by us */
	size_t n_sent, n_handed, n_answered, n_read, answered_room;
	size_t answer;                  /* bytes per answer, 0 = none */
	unsigned close_at, free_at;     /* countdown, 0 = never */
	unsigned n_closed, n_established;
	bool in_callback, is_cut;       /* is_cut: some answers may never arrive */
};

static void check(int fine)
{
	if (!fine)
		abort();
}

static void enter(struct play *p)
{
	check(!p->in_callback && p->conn && p->n_closed == 0);
	p->in_callback = true;
}

static void established(void *ctx)
{
	struct play *p = ctx;

	enter(p);
	check(p->n_established++ == 0 && p->n_handed == 0);
	p->in_callback = false;
}

static void message(void *ctx, const uint8_t *msg, size_t size)
{
	struct play *p = ctx;
	uint8_t *to;

	enter(p);
	check(p->n_established == 1 && size >= 8 && p->n_handed + size <= p->n_sent);
	check(!memcmp(msg, p->sent + p->n_handed, size) && (size_t) (msg[2] << 8 | msg[3]) == size);
	p->n_handed += size;
	if (p->answer) {
		if (p->n_answered + p->answer > p->answered_room) {
			p->answered_room = (p->n_answered + p->answer) * 2;
			p->answered = realloc(p->answered, p->answered_room);
		}
		to = conn_reserve(p->conn, p->answer);
		memset(to, (uint8_t) (p->n_handed * 17), p->answer);
		to[2] = (uint8_t) (p->answer >> 8);
		to[3] = (uint8_t) p->answer;
		memcpy(p->answered + p->n_answered, to, p->answer);
		p->n_answered += p->answer;
		conn_commit(p->conn, p->answer);
	}
	if (p->close_at && --p->close_at == 0) {
		conn_close(p->conn, "enough");
		p->is_cut = true;
	}
	check(conn_queued(p->conn) <= CONN_PAUSE_BYTES + ANSWER_MAX);
	p->in_callback = false;
}

static void batch(void *ctx)
{
	struct play *p = ctx;

	enter(p);
	if (p->free_at && --p->free_at == 0) {
		conn_free(p->conn);
		p->conn = NULL;
		p->is_cut = true;
	} else {
		conn_flush(p->conn);
	}
	p->in_callback = false;
}

static void closed(void *ctx, const char *why)
{
	struct play *p = ctx;

	enter(p);
	check(why[0] != '\0');
	p->n_closed++;
	p->is_cut = true;
	conn_free(p->conn);
	p->conn = NULL;
	p->in_callback = false;
}

static const struct conn_ops ops = {
	.established = established, .message = message, .batch = batch, .closed = closed,
};

/* What the kernel does not take has never been said. */
static void peer_sends(struct play *p, const uint8_t *data, size_t size)
{
	ssize_t n;

	if (p->peer < 0 || p->n_sent + size > SENT)
		return;
	n = send(p->peer, data, size, MSG_NOSIGNAL);
	if (n <= 0)
		return;
	memcpy(p->sent + p->n_sent, data, (size_t) n);
	p->n_sent += (size_t) n;
}

static void peer_reads(struct play *p, size_t size)
{
	uint8_t buf[65536];
	ssize_t n;

	if (p->peer < 0)
		return;
	n = recv(p->peer, buf, size, 0);
	if (n <= 0)
		return;
	check(p->n_read + (size_t) n <= p->n_answered);
	check(!memcmp(buf, p->answered + p->n_read, (size_t) n));
	p->n_read += (size_t) n;
}

static void take_step(struct play *p, enum step step, uint8_t number)
{
	uint8_t msg[65536];
	size_t size = 8 + (size_t) number * number;

	memset(msg, number, size);
	msg[0] = 4;
	msg[2] = (uint8_t) (size >> 8);
	msg[3] = (uint8_t) size;
	switch (step) {
	case SEND:
		peer_sends(p, msg, size);
		return;
	case SEND_PART:
		peer_sends(p, msg, 1 + size * (number & 7) / 8);
		return;
	case SEND_BAD:
		msg[2] = 0;
		msg[3] = number & 7;
		peer_sends(p, msg, 8);
		return;
	case ROUND:
		event_base_loop(p->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		return;
	case READ:
		peer_reads(p, 1 + (size_t) number * 256);
		return;
	case SHUT:
		if (p->peer >= 0)
			shutdown(p->peer, SHUT_WR);
		return;
	case HANG_UP:
		close(p->peer);
		p->peer = -1;
		return;
	case ANSWERS:
		p->answer = number ? 8 + (size_t) number * 150 : 0;
		return;
	case CLOSE_AT:
		p->close_at = number;
		return;
	case FREE_IN_BATCH:
		p->free_at = number;
		return;
	case FLUSH:
		if (p->conn)
			conn_flush(p->conn);
		return;
	case N_STEPS:
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct play p = {.sent = malloc(SENT)};
	int fds[2];

	if (size > 2000 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds))
		goto out;
	p.base = event_base_new();
	p.peer = fds[1];
	p.conn = conn_new(p.base, fds[0], NULL, &ops, &p);
	conn_start(p.conn);
	for (size_t i = 0; i + 1 < size; i += 2)
		take_step(&p, data[i] % N_STEPS, data[i + 1]);
	/* Nobody says anything any more: it comes to rest. */
	for (unsigned n_quiet = 0; n_quiet < 10; n_quiet++) {
		size_t before = p.n_read + p.n_handed;

		event_base_loop(p.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		peer_reads(&p, 65536);
		if (p.n_read + p.n_handed != before)
			n_quiet = 0;
	}
	/* At rest no whole message is left, and no answer on the way. */
	if (p.conn && p.peer >= 0) {
		size_t left = p.n_sent - p.n_handed;
		const uint8_t *next = p.sent + p.n_handed;

		check(left < 4 || left < (size_t) (next[2] << 8 | next[3]));
		check(p.is_cut || p.n_read == p.n_answered);
	}
	check(p.peer >= 0 || !p.conn);
	conn_free(p.conn);
	if (p.peer >= 0)
		close(p.peer);
	event_base_free(p.base);
out:
	free(p.answered);
	free(p.sent);
	return 0;
}
