/* SPDX-License-Identifier: Apache-2.0 */
/* tls: bytes in records: pieces, hundreds, what the kernel does not take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "tests/unit/ofproto/tls_client.h"

enum { N = 3000 };

/* Messages of all sizes, a record each. */
static size_t make_stream(uint8_t *stream, size_t room)
{
	size_t size = 0, one;

	for (unsigned i = 0; i < N; i++) {
		one = 8 + (i * 7919u) % 300 + (i % 500 == 0 ? 40000 : 0);
		assert_true(size + one <= room);
		message_make(stream + size, one, i);
		size += one;
	}
	return size;
}

static void takes_records_in_pieces(void **state)
{
	struct scene *s = *state;
	static const size_t pieces[] = {0, 1, 5, 4099, 300000};
	uint8_t *stream = malloc(2 << 20);
	size_t at, one, n;

	make_stream(stream, 2 << 20);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct end *e = end_new(s->base, true, s->tls);
		struct client *c = client_new(e, s->kvm1, s->ca, 0);

		/* Bytes one by one take a system call each: fewer of them. */
		n = pieces[i] && pieces[i] < 100 ? 40 : N;
		c->piece = pieces[i];
		client_handshake(c);
		at = 0;
		for (unsigned k = 0; k < n; k++, at += one) {
			one = (size_t) (stream[at + 2] << 8 | stream[at + 3]);
			client_send(c, stream + at, one);
		}
		for (long tries = 0; e->n_messages < n; tries++) {
			assert_true(tries < 300000);
			client_pump(c);
			if (e->n_closed)
				fail_msg("%s", e->why);
		}
		assert_int_equal(e->size, at);
		assert_memory_equal(e->bytes, stream, at);
		client_free(c);
		end_free(e);
	}
	free(stream);
}

/* More in the socket than one read can take, then more messages than one wake-up. */
static void reads_records_by_the_hundred(void **state)
{
	struct scene *s = *state;
	uint8_t *stream = malloc(2 << 20);
	size_t size = make_stream(stream, 2 << 20), at, one;
	struct end *e;
	struct client *c = let_in(s, &e);
	struct conn_counts counts;

	assert_int_equal(setsockopt(e->peer, SOL_SOCKET, SO_SNDBUF, &(int) {4 << 20}, sizeof(int)), 0);
	for (at = 0; at < size; at += one) {
		one = (size_t) (stream[at + 2] << 8 | stream[at + 3]);
		client_send(c, stream + at, one);
	}
	client_pump_out(c);
	RUN_UNTIL(s->base, (client_pump(c), e->n_messages == N));
	assert_memory_equal(e->bytes, stream, size);
	conn_count(e->conn, &counts);
	assert_true(counts.n_reads < 60);
	free(stream);
	client_free(c);
	end_free(e);
}

static void keeps_what_the_kernel_does_not_take(void **state)
{
	struct scene *s = *state;
	enum { TOTAL = 6 << 20 };
	uint8_t *sent = malloc(TOTAL), *got = malloc(TOTAL), msg[8];
	size_t n = 0, n_sent = 0, one = 30011;
	struct end *e = end_new(s->base, false, s->tls);
	struct client *c = client_new(e, s->kvm1, s->ca, 0);

	client_handshake(c);
	/* A small buffer in the kernel: it takes a little at a time. */
	setsockopt(e->conn->fd, SOL_SOCKET, SO_SNDBUF, &(int) {8 << 10}, sizeof(int));
	for (unsigned i = 0; n_sent + one <= TOTAL; i++, n_sent += one)
		message_make(sent + n_sent, one, i);
	for (size_t at = 0; at < n_sent; at += one) {
		conn_send(e->conn, sent + at, one);
		if (at % 7 == 0)
			conn_flush(e->conn);
	}
	conn_flush(e->conn);
	settle(s->base);
	assert_true(conn_queued(e->conn) >= CONN_PAUSE_BYTES);
	/* Not read from meanwhile. */
	message_make(msg, 8, 1);
	client_send(c, msg, 8);
	client_pump_out(c);
	settle(s->base);
	assert_int_equal(e->n_messages, 0);
	for (long tries = 0; n < n_sent; tries++) {
		assert_true(tries < 100000);
		n += client_read(c, got + n, n_sent - n);
		event_base_loop(s->base, EVLOOP_NONBLOCK);
	}
	assert_memory_equal(got, sent, n_sent);
	RUN_UNTIL(s->base, e->n_messages == 1);
	assert_int_equal(conn_queued(e->conn), 0);
	free(sent);
	free(got);
	client_free(c);
	end_free(e);
}

static void writes_once_per_flush(void **state)
{
	struct scene *s = *state;
	uint8_t *msg = malloc(60000), got[200000];
	struct conn_counts before, after;
	struct end *e;
	struct client *c = let_in(s, &e);
	size_t n = 0;

	conn_count(e->conn, &before);
	for (unsigned i = 0; i < 3; i++) {
		message_make(msg, 60000, i);
		conn_send(e->conn, msg, 60000);
	}
	conn_flush(e->conn);
	conn_count(e->conn, &after);
	assert_int_equal(after.n_writes - before.n_writes, 1);
	assert_int_equal(after.n_messages_out - before.n_messages_out, 3);
	assert_int_equal(after.n_bytes_out - before.n_bytes_out, 180000);
	RUN_UNTIL(s->base, (n += client_read(c, got, sizeof(got))) == 180000);
	free(msg);
	client_free(c);
	end_free(e);
}

static void changes_keys(void **state)
{
	struct scene *s = *state;
	uint8_t msg[500], got[500];
	struct end *e;
	struct client *c = let_in(s, &e);

	message_make(msg, sizeof(msg), 3);
	for (size_t i = 1; i <= 20; i++) {
		assert_int_equal(SSL_key_update(c->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		client_send(c, msg, sizeof(msg));
		RUN_UNTIL(s->base, (client_pump(c), e->n_messages == i));
		conn_send(e->conn, msg, sizeof(msg));
		conn_flush(e->conn);
		RUN_UNTIL(s->base, client_read(c, got, sizeof(got)) == sizeof(got));
		assert_memory_equal(got, msg, sizeof(msg));
	}
	assert_memory_equal(e->bytes + 19 * 500, msg, 500);
	client_free(c);
	end_free(e);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, tls_up, tls_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_records_in_pieces), TEST(reads_records_by_the_hundred),
		TEST(keeps_what_the_kernel_does_not_take), TEST(writes_once_per_flush), TEST(changes_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
