/* SPDX-License-Identifier: Apache-2.0 */
/* conn over TCP: cutting, back-pressure, endings, and callbacks that call back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "end.h"
#include "ofproto/conn_impl.h"

static int setup(void **state)
{
	*state = event_base_new();
	return 0;
}

static int teardown(void **state)
{
	event_base_free(*state);
	return 0;
}

static struct conn_counts counts(const struct end *e)
{
	struct conn_counts c;

	conn_count(e->conn, &c);
	return c;
}

/* --- cutting ------------------------------------------------------------------ */

static void splits_at_every_offset(void **state)
{
	static const size_t sizes[] = {8, 21, 300, 8};
	uint8_t stream[337];
	size_t at = 0;

	for (unsigned i = 0; i < 4; at += sizes[i++])
		message_make(stream + at, sizes[i], i);
	for (size_t cut = 0; cut <= sizeof(stream); cut++) {
		struct end *e = end_new(*state, false, NULL);

		peer_send(e, stream, cut);
		settle(*state);
		peer_send(e, stream + cut, sizeof(stream) - cut);
		settle(*state);
		assert_int_equal(e->n_messages, 4);
		assert_int_equal(e->size, sizeof(stream));
		assert_memory_equal(e->bytes, stream, sizeof(stream));
		assert_int_equal(counts(e).n_messages_in, 4);
		assert_int_equal(counts(e).n_bytes_in, sizeof(stream));
		end_free(e);
	}
}

static void takes_single_bytes(void **state)
{
	struct end *e = end_new(*state, false, NULL);
	uint8_t stream[48];

	message_make(stream, 40, 1);
	message_make(stream + 40, 8, 2);
	for (size_t i = 0; i < sizeof(stream); i++) {
		assert_int_equal(e->n_messages, i < 40 ? 0 : 1);
		peer_send(e, stream + i, 1);
		settle(*state);
	}
	assert_int_equal(e->n_messages, 2);
	assert_memory_equal(e->bytes, stream, sizeof(stream));
	assert_int_equal(e->n_batches, 2);
	end_free(e);
}

static void reads_once_for_many_messages(void **state)
{
	struct end *e = end_new(*state, false, NULL);
	uint8_t *stream = malloc(1000 * 100);

	for (unsigned i = 0; i < 1000; i++)
		message_make(stream + i * 100, 100, i);
	settle(*state);
	peer_send(e, stream, 1000 * 100);
	settle(*state);
	assert_int_equal(e->n_messages, 1000);
	assert_int_equal(e->n_batches, 1);
	assert_int_equal(counts(e).n_reads, 1);
	assert_memory_equal(e->bytes, stream, 1000 * 100);
	free(stream);
	end_free(e);
}

static void takes_the_largest_messages(void **state)
{
	struct end *e = end_new(*state, true, NULL);
	size_t size = 20 * 65535, sent = 0;
	uint8_t *stream = malloc(size);
	ssize_t n;

	for (unsigned i = 0; i < 20; i++)
		message_make(stream + i * 65535, 65535, i);
	for (unsigned piece = 1; sent < size; piece = piece * 5 % 65521) {
		n = send(e->peer, stream + sent, piece < size - sent ? piece : size - sent, 0);
		if (n > 0)
			sent += (size_t) n;
		event_base_loop(*state, EVLOOP_NONBLOCK);
	}
	RUN_UNTIL(*state, e->n_messages == 20);
	assert_memory_equal(e->bytes, stream, size);
	free(stream);
	end_free(e);
}

static void ends_at_a_bad_length(void **state)
{
	for (uint8_t length = 0; length < 8; length++) {
		struct end *e = end_new(*state, false, NULL);
		uint8_t stream[32] = {0};
		char why[64];

		message_make(stream, 16, 1);
		stream[16] = 4;
		stream[19] = length;
		peer_send(e, stream, sizeof(stream));
		settle(*state);
		assert_int_equal(e->n_messages, 1);
		assert_int_equal(e->n_batches, 1);
		assert_int_equal(e->n_closed, 1);
		snprintf(why, sizeof(why), "malformed: a message with length %u", length);
		assert_string_equal(e->why, why);
		assert_true(peer_at_end(e));
		end_free(e);
	}
}

static void knows_tls_by_its_first_bytes(void **state)
{
	struct end *e = end_new(*state, false, NULL);
	static const uint8_t hello[] = {22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3};

	peer_send(e, hello, sizeof(hello));
	settle(*state);
	assert_int_equal(e->n_messages, 0);
	assert_int_equal(e->n_closed, 1);
	assert_non_null(strstr(e->why, "speaks TLS"));
	end_free(e);
}

/* --- output ------------------------------------------------------------------- */

static void merges_into_one_write(void **state)
{
	struct end *e = end_new(*state, false, NULL);
	uint8_t stream[100 + 8 + 30 + 2000], got[4000];

	message_make(stream, 100, 1);
	message_make(stream + 100, 8, 2);
	message_make(stream + 108, 30, 3);
	message_make(stream + 138, 2000, 4);
	settle(*state);
	conn_send(e->conn, stream, 100);
	conn_send(e->conn, stream + 100, 8);
	memcpy(conn_reserve(e->conn, 1000), stream + 108, 30);
	conn_commit(e->conn, 30);
	conn_send(e->conn, stream + 138, 2000);
	assert_int_equal(conn_queued(e->conn), sizeof(stream));
	settle(*state);
	assert_int_equal(counts(e).n_writes, 0);
	conn_flush(e->conn);
	assert_int_equal(counts(e).n_writes, 1);
	assert_int_equal(counts(e).n_messages_out, 4);
	assert_int_equal(counts(e).n_bytes_out, sizeof(stream));
	assert_int_equal(conn_queued(e->conn), 0);
	conn_flush(e->conn);
	assert_int_equal(counts(e).n_writes, 1);
	assert_int_equal(recv(e->peer, got, sizeof(got), 0), sizeof(stream));
	assert_memory_equal(got, stream, sizeof(stream));
	end_free(e);
}

static void sends_nothing_before_it_is_open(void **state)
{
	struct end *e = end_new(*state, false, NULL);
	uint8_t msg[8], got[8];

	message_make(msg, 8, 1);
	conn_send(e->conn, msg, 8);
	conn_flush(e->conn);
	assert_false(conn_is_established(e->conn));
	assert_int_equal(e->n_established, 0);
	assert_int_equal(peer_read(e, got, 8), 0);
	settle(*state);
	assert_int_equal(e->n_established, 1);
	assert_true(conn_is_established(e->conn));
	assert_int_equal(peer_read(e, got, 8), 8);
	end_free(e);
}

static void asks_the_kernel_only_when_it_may_have_room(void **state)
{
	struct end *e = end_new(*state, false, NULL);
	uint8_t *buf = malloc(1 << 20);
	uint64_t n_writes;

	settle(*state);
	message_make(buf, 60000, 1);
	for (unsigned i = 0; i < 10; i++)
		conn_send(e->conn, buf, 60000);
	conn_flush(e->conn);
	settle(*state);
	assert_true(conn_queued(e->conn) > 0);
	n_writes = counts(e).n_writes;
	for (unsigned i = 0; i < 5; i++)
		conn_flush(e->conn);
	settle(*state);
	assert_int_equal(counts(e).n_writes, n_writes);
	RUN_UNTIL(*state, (peer_read(e, buf, 1 << 20), conn_queued(e->conn) == 0));
	assert_int_equal(counts(e).n_bytes_out, 600000);
	assert_int_equal(counts(e).n_messages_out, 10);
	free(buf);
	end_free(e);
}

static void gives_memory_back(void **state)
{
	struct end *e = end_new(*state, true, NULL);
	uint8_t *buf = malloc(300000);

	settle(*state);
	for (unsigned i = 0; i < 5; i++) {
		message_make(buf, 60000, i);
		conn_send(e->conn, buf, 60000);
	}
	conn_flush(e->conn);
	RUN_UNTIL(*state, (peer_read(e, buf, 300000), conn_queued(e->conn) == 0));
	assert_true(e->conn->out.room >= 300000);
	for (unsigned i = 0; i < 20; i++) {
		conn_send(e->conn, buf, 8);
		conn_flush(e->conn);
	}
	assert_true(e->conn->out.room <= 16384);
	free(buf);
	end_free(e);
}

/* --- back-pressure ------------------------------------------------------------ */

enum { N_QUESTIONS = 20000, ANSWER = 1000 };

static void answer(struct end *e, const uint8_t *msg, size_t size)
{
	uint8_t reply[ANSWER];

	(void) msg, (void) size;
	message_make(reply, sizeof(reply), (unsigned) e->n_messages - 1);
	conn_send(e->conn, reply, sizeof(reply));
}

static void flush(struct end *e)
{
	if (e->conn)
		conn_flush(e->conn);
}

static void stops_reading_from_who_does_not_read(void **state)
{
	struct end *e = end_new(*state, false, NULL);
	uint8_t *questions = malloc(N_QUESTIONS * 8), reply[ANSWER];
	uint8_t *answers = malloc((size_t) N_QUESTIONS * ANSWER);
	size_t sent = 0, n_answers = 0, n_paused_at;
	ssize_t n;

	e->on_message = answer;
	e->on_batch = flush;
	for (unsigned i = 0; i < N_QUESTIONS; i++)
		message_make(questions + i * 8, 8, i);
	for (int i = 0; i < 100; i++) {
		n = send(e->peer, questions + sent, N_QUESTIONS * 8 - sent, MSG_NOSIGNAL);
		if (n > 0)
			sent += (size_t) n;
		settle(*state);
		assert_true(conn_queued(e->conn) < CONN_PAUSE_BYTES + ANSWER);
	}
	assert_int_equal(sent, N_QUESTIONS * 8);
	assert_true(conn_queued(e->conn) >= CONN_PAUSE_BYTES);
	assert_true(e->n_messages < N_QUESTIONS);
	n_paused_at = e->n_messages;
	settle(*state);
	assert_int_equal(e->n_messages, n_paused_at);
	/* The questions that were read already come without a byte from outside. */
	while (n_answers < (size_t) N_QUESTIONS * ANSWER) {
		size_t got = peer_read(e, answers + n_answers, (size_t) N_QUESTIONS * ANSWER - n_answers);

		n_answers += got;
		event_base_loop(*state, EVLOOP_NONBLOCK);
		if (e->n_closed)
			fail_msg("closed: %s", e->why);
	}
	assert_int_equal(e->n_messages, N_QUESTIONS);
	for (unsigned i = 0; i < N_QUESTIONS; i++) {
		message_make(reply, ANSWER, i);
		assert_memory_equal(answers + (size_t) i * ANSWER, reply, ANSWER);
	}
	assert_int_equal(counts(e).n_messages_out, N_QUESTIONS);
	free(questions);
	free(answers);
	end_free(e);
}

/* Paused, with whole messages in hand: the peer shuts its side, then reads. */
static void hears_all_before_the_end(void **state)
{
	struct end *e = end_new(*state, false, NULL);
	uint8_t *questions = malloc(4000 * 8), *sink = malloc(1 << 20);
	size_t total = 0;

	e->on_message = answer;
	e->on_batch = flush;
	for (unsigned i = 0; i < 4000; i++)
		message_make(questions + i * 8, 8, i);
	peer_send(e, questions, 4000 * 8);
	shutdown(e->peer, SHUT_WR);
	settle(*state);
	assert_true(e->n_messages < 4000);
	assert_int_equal(e->n_closed, 0);
	while (!e->n_closed) {
		total += peer_read(e, sink, 1 << 20);
		event_base_loop(*state, EVLOOP_NONBLOCK);
	}
	total += peer_read(e, sink, 1 << 20);
	assert_int_equal(e->n_messages, 4000);
	assert_string_equal(e->why, "closed by peer");
	assert_true(total > 4000 * ANSWER / 2);
	free(questions);
	free(sink);
	end_free(e);
}

static void ends_at_the_bound(void **state)
{
	struct end *e = end_new(*state, false, NULL);
	uint8_t *msg = malloc(60000);
	size_t sent = 0;

	settle(*state);
	message_make(msg, 60000, 7);
	while (sent < CONN_MAX_QUEUE + 1000000) {
		conn_send(e->conn, msg, 60000);
		sent += 60000;
		assert_true(conn_queued(e->conn) <= CONN_MAX_QUEUE);
		assert_true(e->conn->out.room <= 2 * CONN_MAX_QUEUE);
	}
	settle(*state);
	assert_int_equal(e->n_closed, 0);
	conn_flush(e->conn);
	assert_int_equal(e->n_closed, 0);
	settle(*state);
	assert_int_equal(e->n_closed, 1);
	assert_non_null(strstr(e->why, "does not read: "));
	assert_non_null(strstr(e->why, " bytes queued"));
	free(msg);
	end_free(e);
}

/* --- endings ------------------------------------------------------------------ */

static void close_at_third(struct end *e, const uint8_t *msg, size_t size)
{
	if (e->n_messages < 3)
		return;
	conn_send(e->conn, msg, size);
	assert_false(conn_is_ending(e->conn));
	conn_close(e->conn, "that is enough");
	assert_true(conn_is_ending(e->conn));
	conn_close(e->conn, "not this reason");
	conn_flush(e->conn);
	assert_int_equal(e->n_closed, 0);
}

static void closes_from_inside_a_message(void **state)
{
	struct end *e = end_new(*state, false, NULL);
	uint8_t stream[80], got[80];

	e->on_message = close_at_third;
	e->free_when_closed = true;
	for (unsigned i = 0; i < 10; i++)
		message_make(stream + i * 8, 8, i);
	peer_send(e, stream, sizeof(stream));
	settle(*state);
	assert_int_equal(e->n_messages, 3);
	assert_int_equal(e->n_batches, 1);
	assert_int_equal(e->n_closed, 1);
	assert_string_equal(e->why, "that is enough");
	/* The last words, then the end. */
	assert_int_equal(peer_read(e, got, sizeof(got)), 8);
	assert_memory_equal(got, stream + 16, 8);
	assert_true(peer_at_end(e));
	end_free(e);
}

static void free_it(struct end *e)
{
	conn_free(e->conn);
	e->conn = NULL;
}

static void is_freed_in_batch(void **state)
{
	struct end *e = end_new(*state, false, NULL);
	uint8_t msg[8];

	e->on_batch = free_it;
	message_make(msg, 8, 1);
	peer_send(e, msg, 8);
	shutdown(e->peer, SHUT_WR);
	settle(*state);
	assert_int_equal(e->n_messages, 1);
	assert_null(e->conn);
	assert_int_equal(e->n_closed, 0);
	assert_true(peer_at_end(e));
	end_free(e);
}

static void is_freed_in_established(void **state)
{
	struct end *e = end_new(*state, false, NULL);
	uint8_t msg[8];

	e->on_established = free_it;
	message_make(msg, 8, 1);
	peer_send(e, msg, 8);
	settle(*state);
	assert_null(e->conn);
	assert_int_equal(e->n_messages, 0);
	end_free(e);
}

static void close_it(struct end *e)
{
	conn_close(e->conn, "not wanted");
}

static void is_closed_in_established(void **state)
{
	struct end *e = end_new(*state, false, NULL);
	uint8_t msg[8];

	e->on_established = close_it;
	e->free_when_closed = true;
	message_make(msg, 8, 1);
	peer_send(e, msg, 8);
	settle(*state);
	assert_int_equal(e->n_messages, 0);
	assert_int_equal(e->n_closed, 1);
	assert_string_equal(e->why, "not wanted");
	end_free(e);
}

static void free_the_other(struct end *e, const uint8_t *msg, size_t size)
{
	struct end *other = e->ctx;

	(void) msg, (void) size;
	if (other->conn)
		free_it(other);
}

/* The other one's unread input must not land where our messages lie. */
static void frees_another_from_inside_a_message(void **state)
{
	struct end *e = end_new(*state, true, NULL), *other = end_new(*state, true, NULL);
	uint8_t stream[8000], noise[8000];

	e->ctx = other;
	e->on_message = free_the_other;
	settle(*state);
	for (unsigned i = 0; i < 80; i++)
		message_make(stream + i * 100, 100, i);
	memset(noise, 0xee, sizeof(noise));
	peer_send(e, stream, sizeof(stream));
	/* It must still be unread when it is freed: the first one reads first. */
	event_del(&other->conn->readable);
	peer_send(other, noise, sizeof(noise));
	RUN_UNTIL(*state, e->n_messages == 80);
	assert_null(other->conn);
	assert_memory_equal(e->bytes, stream, sizeof(stream));
	end_free(e);
	end_free(other);
}

static void send_to_the_other(struct end *e, const uint8_t *msg, size_t size)
{
	struct end *other = e->ctx;

	conn_send(other->conn, msg, size);
	conn_flush(other->conn);
	if (e->n_messages == 5)
		conn_close(other->conn, "by the other");
}

static void sends_and_closes_across(void **state)
{
	struct end *e = end_new(*state, false, NULL), *other = end_new(*state, false, NULL);
	uint8_t stream[80], got[80];

	e->ctx = other;
	e->on_message = send_to_the_other;
	for (unsigned i = 0; i < 10; i++)
		message_make(stream + i * 8, 8, i);
	settle(*state);
	peer_send(e, stream, sizeof(stream));
	settle(*state);
	assert_int_equal(e->n_messages, 10);
	assert_int_equal(other->n_closed, 1);
	assert_string_equal(other->why, "by the other");
	assert_int_equal(peer_read(other, got, sizeof(got)), 80);
	assert_memory_equal(got, stream, 80);
	end_free(e);
	end_free(other);
}

static void hears_the_last_words(struct event_base *base, bool over_tcp)
{
	struct end *e = end_new(base, over_tcp, NULL);
	uint8_t msg[8], *much = malloc(60000);

	settle(base);
	message_make(msg, 8, 1);
	message_make(much, 60000, 2);
	peer_send(e, msg, 8);
	/* Data that the peer has not read makes its close a reset. */
	conn_send(e->conn, much, 60000);
	conn_flush(e->conn);
	end_hang_up(e);
	/* Writing to nobody: an error, not SIGPIPE, and not the end of reading. */
	for (int i = 0; i < 50; i++) {
		conn_send(e->conn, much, 60000);
		conn_flush(e->conn);
	}
	RUN_UNTIL(base, e->n_closed);
	assert_int_equal(e->n_messages, 1);
	assert_true(conn_queued(e->conn) == 0);
	conn_send(e->conn, msg, 8);
	conn_flush(e->conn);
	conn_close(e->conn, "again");
	settle(base);
	assert_int_equal(e->n_closed, 1);
	free(much);
	end_free(e);
}

static void hears_the_last_words_of_who_has_gone(void **state)
{
	hears_the_last_words(*state, true);
	hears_the_last_words(*state, false);
}

static void ends_before_it_starts(void **state)
{
	struct end *e = end_new(*state, false, NULL);

	conn_close(e->conn, "never mind");
	assert_int_equal(e->n_closed, 0);
	settle(*state);
	assert_int_equal(e->n_established, 0);
	assert_int_equal(e->n_closed, 1);
	end_free(e);
	conn_free(NULL);
}

/* --- fairness ----------------------------------------------------------------- */

static void one_round(struct event_base *base)
{
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void has_one_read_per_round(void **state)
{
	struct end *flood = end_new(*state, true, NULL), *quiet = end_new(*state, true, NULL);
	uint8_t *much = malloc(1 << 20), msg[8];
	uint64_t n_reads;
	size_t sent = 0;
	ssize_t n;

	settle(*state);
	for (unsigned i = 0; i < (1 << 20) / 64; i++)
		message_make(much + i * 64, 64, i);
	message_make(msg, 8, 1);
	for (int i = 0; i < 50; i++) {
		while ((n = send(flood->peer, much + sent, (1 << 20) - sent, 0)) > 0)
			sent = (sent + (size_t) n) % (1 << 20);
		peer_send(quiet, msg, 8);
		n_reads = counts(flood).n_reads;
		/* The message is there already: one round finds it. */
		for (int round = 0; round < 2 && quiet->n_messages < (size_t) i + 1; round++)
			one_round(*state);
		assert_int_equal(quiet->n_messages, i + 1);
		assert_true(counts(flood).n_reads - n_reads <= 2);
		flood->size = 0;
		if (flood->n_closed)
			fail_msg("closed: %s", flood->why);
	}
	free(much);
	end_free(flood);
	end_free(quiet);
}

/* A connection that has messages in hand after a pause is no reason to forget
 * the sockets. */
static void starves_nobody_when_it_resumes(void **state)
{
	struct end *e = end_new(*state, false, NULL), *quiet = end_new(*state, false, NULL);
	uint8_t *questions = malloc(8 * 4000), *sink = malloc(4 << 20), msg[8];

	e->on_message = answer;
	e->on_batch = flush;
	message_make(msg, 8, 1);
	for (unsigned i = 0; i < 4000; i++)
		message_make(questions + i * 8, 8, i);
	settle(*state);
	peer_send(e, questions, 8 * 4000);
	settle(*state);
	assert_true(e->n_messages < 4000);
	for (size_t n = 1; e->n_messages < 4000; n++) {
		size_t before = e->n_messages;

		peer_read(e, sink, 4 << 20);
		peer_send(quiet, msg, 8);
		one_round(*state);
		assert_int_equal(quiet->n_messages, n);
		assert_true((e->n_messages - before) * ANSWER <= 2 * CONN_PAUSE_BYTES);
	}
	free(questions);
	free(sink);
	end_free(e);
	end_free(quiet);
}

/* --- what it is --------------------------------------------------------------- */

static void says_who_the_peer_is(void **state)
{
	struct end *e = end_new(*state, true, NULL), *local = end_new(*state, false, NULL);
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	char text[64];

	getsockname(e->peer, (struct sockaddr *) &address, &size);
	snprintf(text, sizeof(text), "tcp:127.0.0.1:%u", ntohs(address.sin_port));
	assert_string_equal(conn_peer(e->conn), text);
	assert_string_equal(conn_peer_address(e->conn), "127.0.0.1");
	assert_string_equal(conn_peer_address(local->conn), "local");
	assert_null(conn_cert_name(e->conn));
	assert_false(conn_cert_is_for(e->conn, "kvm1"));
	end_free(e);
	end_free(local);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(splits_at_every_offset),
		TEST(takes_single_bytes),
		TEST(reads_once_for_many_messages),
		TEST(takes_the_largest_messages),
		TEST(ends_at_a_bad_length),
		TEST(knows_tls_by_its_first_bytes),
		TEST(merges_into_one_write),
		TEST(sends_nothing_before_it_is_open),
		TEST(asks_the_kernel_only_when_it_may_have_room),
		TEST(gives_memory_back),
		TEST(stops_reading_from_who_does_not_read),
		TEST(hears_all_before_the_end),
		TEST(ends_at_the_bound),
		TEST(closes_from_inside_a_message),
		TEST(is_freed_in_batch),
		TEST(is_freed_in_established),
		TEST(is_closed_in_established),
		TEST(frees_another_from_inside_a_message),
		TEST(sends_and_closes_across),
		TEST(hears_the_last_words_of_who_has_gone),
		TEST(ends_before_it_starts),
		TEST(has_one_read_per_round),
		TEST(starves_nobody_when_it_resumes),
		TEST(says_who_the_peer_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
