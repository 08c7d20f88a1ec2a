/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of a connection: conn here, a plain socket there. */
#include <stdarg.h>
#include <setjmp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "end.h"

static void established(void *ctx)
{
	struct end *e = ctx;

	e->n_established++;
	if (e->on_established)
		e->on_established(e);
}

static void message(void *ctx, const uint8_t *msg, size_t size)
{
	struct end *e = ctx;

	if (e->size + size > e->room) {
		e->room = (e->size + size) * 2;
		e->bytes = realloc(e->bytes, e->room);
	}
	memcpy(e->bytes + e->size, msg, size);
	e->size += size;
	e->n_messages++;
	if (e->on_message)
		e->on_message(e, msg, size);
}

static void batch(void *ctx)
{
	struct end *e = ctx;

	e->n_batches++;
	if (e->on_batch)
		e->on_batch(e);
}

static void closed(void *ctx, const char *why)
{
	struct end *e = ctx;

	e->n_closed++;
	snprintf(e->why, sizeof(e->why), "%s", why);
	if (e->free_when_closed) {
		conn_free(e->conn);
		e->conn = NULL;
	}
}

static const struct conn_ops ops = {
	.established = established, .message = message, .batch = batch, .closed = closed,
};

static void tcp_pair(int *fds)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *) &address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *) &address, &size), 0);
	fds[1] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fds[1], (struct sockaddr *) &address, size), 0);
	fds[0] = accept(listener, NULL, NULL);
	assert_true(fds[0] >= 0);
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &(int) {1}, sizeof(int));
	close(listener);
}

struct end *end_new(struct event_base *base, bool over_tcp, struct tls *tls)
{
	struct end *e = calloc(1, sizeof(*e));
	int fds[2];

	if (over_tcp)
		tcp_pair(fds);
	else
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	e->base = base;
	e->peer = fds[1];
	e->conn = conn_new(base, fds[0], tls, &ops, e);
	conn_start(e->conn);
	return e;
}

void end_hang_up(struct end *e)
{
	if (e->peer >= 0)
		close(e->peer);
	e->peer = -1;
}

void end_free(struct end *e)
{
	conn_free(e->conn);
	end_hang_up(e);
	free(e->bytes);
	free(e);
}

void settle(struct event_base *base)
{
	for (int i = 0; i < 8; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

void message_make(uint8_t *buf, size_t size, unsigned number)
{
	assert_in_range(size, 8, 65535);
	buf[0] = 4;
	buf[1] = (uint8_t) number;
	buf[2] = (uint8_t) (size >> 8);
	buf[3] = (uint8_t) size;
	for (size_t i = 4; i < size; i++)
		buf[i] = (uint8_t) (number * 31 + i * 7 + (i >> 8));
}

void peer_send(struct end *e, const void *data, size_t size)
{
	assert_int_equal(send(e->peer, data, size, MSG_NOSIGNAL), size);
}

size_t peer_read(struct end *e, void *buf, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size && (got = recv(e->peer, (uint8_t *) buf + n, size - n, 0)) > 0)
		n += (size_t) got;
	return n;
}

bool peer_at_end(struct end *e)
{
	uint8_t byte;

	return recv(e->peer, &byte, 1, 0) == 0;
}
