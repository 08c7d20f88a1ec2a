/* SPDX-License-Identifier: Apache-2.0 */
/* hello against the fake switch: the way to ready, and every way it can fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ofproto/hello.h"
#include "ofproto/wire.h"
#include "tests/unit/fake_switch.h"

struct test {
	struct fake_switch *f;
	struct hello *h;
	uint64_t now;
	const char *no;                 /* what identify says */
	bool is_ready, has_failed;
	char why[512];
	struct peer peer;
	size_t n_sent;
	uint8_t sent[4096];             /* all that hello sent */
	size_t sent_size;
};

static void on_send(void *ctx, const void *msg, size_t size)
{
	struct test *t = ctx;

	t->n_sent++;
	assert_true(t->sent_size + size <= sizeof t->sent);
	memcpy(t->sent + t->sent_size, msg, size);
	t->sent_size += size;
	fake_input(t->f, msg, size);
}

static const char *on_identify(void *ctx, uint64_t dpid)
{
	struct test *t = ctx;

	assert_int_equal(dpid, 0x1234);
	return t->no;
}

static uint64_t on_generation(void *ctx)
{
	(void) ctx;
	return 100;
}

static void on_ready(void *ctx, const struct peer *peer)
{
	struct test *t = ctx;

	assert_false(t->is_ready || t->has_failed);
	t->is_ready = true;
	t->peer = *peer;
}

static void on_failed(void *ctx, const char *why)
{
	struct test *t = ctx;

	assert_false(t->is_ready || t->has_failed);
	t->has_failed = true;
	snprintf(t->why, sizeof t->why, "%s", why);
}

static const struct hello_ops ops = {
	.send = on_send, .identify = on_identify, .generation = on_generation, .ready = on_ready, .failed = on_failed,
};

static int setup(void **state)
{
	struct test *t = calloc(1, sizeof *t);

	t->f = fake_new(0x1234);
	t->h = hello_new(&ops, t);
	t->now = 1000;
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct test *t = *state;

	hello_free(t->h);
	fake_free(t->f);
	free(t);
	return 0;
}

/* Up to n messages from the switch to hello. */
static size_t pump(struct test *t, size_t n)
{
	const uint8_t *m;
	size_t done = 0, size;

	for (;;) {
		fake_work(t->f, FAKE_ALL);
		if (done == n || !(m = fake_next(t->f, &size)))
			return done;
		hello_message(t->h, m, size, t->now);
		done++;
	}
}

static void run(struct test *t)
{
	fake_connect(t->f);
	hello_start(t->h, t->now);
	pump(t, FAKE_ALL);
}

static bool has_sent(const struct test *t, uint8_t type)
{
	for (size_t at = 0; at < t->sent_size; at += msg_size(t->sent + at))
		if (msg_type(t->sent + at) == type)
			return true;
	return false;
}

static void test_ready(void **state)
{
	struct test *t = *state;
	struct fake_counts counts;

	fake_port(t->f, 7, "vm-b", false, false);
	fake_port(t->f, 0xfffffffe, "br0", true, true);
	fake_port(t->f, 3, "vm-a", true, true);
	run(t);
	assert_true(t->is_ready);
	assert_int_equal(hello_state(t->h), HELLO_READY);
	assert_int_equal(t->peer.dpid, 0x1234);
	assert_int_equal(t->peer.n_tables, 254);
	assert_int_equal(t->peer.max_meters, 1000);
	assert_true(t->peer.has_bundles);
	assert_string_equal(t->peer.hardware, "fake switch");
	assert_string_equal(t->peer.description, "fake-1234");
	assert_int_equal(t->peer.n_ports, 3);
	assert_int_equal(t->peer.ports[0].ofport, 3);
	assert_string_equal(t->peer.ports[0].name, "vm-a");
	assert_true(t->peer.ports[0].is_up && t->peer.ports[0].is_live && !t->peer.ports[0].is_local);
	assert_int_equal(t->peer.ports[0].speed_mbps, 10000);
	assert_false(t->peer.ports[1].is_up || t->peer.ports[1].is_live);
	assert_true(t->peer.ports[2].is_local);
	assert_int_equal(hello_generation_id(t->h), 100);
	fake_count(t->f, &counts);
	assert_int_equal(counts.n_errors, 0);
}

/* Section 6.3.6: role before anything that changes the switch. */
static void test_role_before_change(void **state)
{
	struct test *t = *state;
	bool role_answered = false;

	fake_connect(t->f);
	hello_start(t->h, t->now);
	for (;;) {
		const uint8_t *m;
		size_t size;

		fake_work(t->f, FAKE_ALL);
		if (!role_answered) {
			assert_false(has_sent(t, MSG_SET_ASYNC));
			assert_false(has_sent(t, MSG_SET_CONFIG));
		}
		m = fake_next(t->f, &size);
		if (!m)
			break;
		role_answered |= msg_type(m) == MSG_ROLE_REPLY;
		hello_message(t->h, m, size, t->now);
	}
	assert_true(t->is_ready);
	assert_true(has_sent(t, MSG_SET_ASYNC));
}

static void test_many_ports_in_pieces(void **state)
{
	struct test *t = *state;

	fake_knobs(t->f)->piece = 3 * MSG_PORT;
	for (uint32_t i = 1; i <= 300; i++)
		fake_port(t->f, i * 37 % 307, "p", true, true);
	run(t);
	assert_true(t->is_ready);
	assert_int_equal(t->peer.n_ports, 300);
	for (size_t i = 1; i < 300; i++)
		assert_true(t->peer.ports[i - 1].ofport < t->peer.ports[i].ofport);
}

static void test_port_status_before_ready(void **state)
{
	struct test *t = *state;

	fake_port(t->f, 1, "one", true, true);
	fake_port(t->f, 2, "two", true, true);
	fake_connect(t->f);
	hello_start(t->h, t->now);
	pump(t, 1);                             /* HELLO */
	fake_port(t->f, 3, "three", true, true);
	pump(t, 3);                             /* FEATURES, status of 3, PORT_DESC */
	fake_port(t->f, 2, "renamed", false, false);
	fake_port_gone(t->f, 1);
	pump(t, FAKE_ALL);
	assert_true(t->is_ready);
	assert_int_equal(t->peer.n_ports, 2);
	assert_string_equal(t->peer.ports[0].name, "renamed");
	assert_false(t->peer.ports[0].is_up);
	assert_string_equal(t->peer.ports[1].name, "three");
}

static void test_old_version(void **state)
{
	struct test *t = *state;

	fake_knobs(t->f)->hello_version = 1;
	fake_knobs(t->f)->hello_bitmap = 1 << 1;
	run(t);
	assert_true(t->has_failed);
	assert_non_null(strstr(t->why, "ovs-vsctl set bridge BR protocols=OpenFlow13"));
	assert_true(has_sent(t, MSG_ERROR));
	/* The last message: HELLO_FAILED, INCOMPATIBLE, in the peer's version, with text. */
	assert_int_equal(t->sent[16], 1);
	assert_int_equal(wire_u16(t->sent + 16 + 8), ERROR_HELLO_FAILED);
	assert_int_equal(wire_u16(t->sent + 16 + 10), HELLO_FAILED_INCOMPATIBLE);
	assert_non_null(memmem(t->sent + 28, t->sent_size - 28, "1.3", 3));
}

static void test_versions(void **state)
{
	static const struct { uint8_t version; uint32_t bitmap; bool fine; } cases[] = {
		{ 4, 0, true }, { 5, 0, true }, { 6, 0, true }, { 3, 0, false }, { 1, 0, false },
		{ 6, 1 << 6 | 1 << 5, false },  /* newer ones only */
		{ 6, 1 << 6 | 1 << 4 | 1 << 1, true },
		{ 1, 1 << 4 | 1 << 1, true },   /* the bitmap counts */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct test *t;

		if (i) {
			teardown(state);
			setup(state);
		}
		t = *state;
		fake_knobs(t->f)->hello_version = cases[i].version;
		fake_knobs(t->f)->hello_bitmap = cases[i].bitmap;
		run(t);
		assert_int_equal(t->is_ready, cases[i].fine);
		assert_int_equal(t->has_failed, !cases[i].fine);
	}
}

static void test_not_let_in(void **state)
{
	struct test *t = *state;

	t->no = "datapath id 0x1234 is not in the file";
	run(t);
	assert_true(t->has_failed);
	assert_string_equal(t->why, t->no);
	assert_non_null(memmem(t->sent, t->sent_size, t->no, strlen(t->no)));
	assert_false(has_sent(t, MSG_ROLE_REQUEST));
}

static void test_auxiliary(void **state)
{
	struct test *t = *state;

	fake_knobs(t->f)->auxiliary_id = 1;
	run(t);
	assert_true(t->has_failed);
	assert_non_null(strstr(t->why, "auxiliary"));
	assert_false(has_sent(t, MSG_ROLE_REQUEST));
}

static void test_no_meters(void **state)
{
	struct test *t = *state;

	fake_knobs(t->f)->max_meters = 0;
	run(t);
	assert_true(t->is_ready);
	assert_int_equal(t->peer.max_meters, 0);
}

static void test_stale_generation(void **state)
{
	struct test *t = *state;

	fake_set_generation(t->f, 5000);
	run(t);
	assert_true(t->is_ready);
	assert_true(t->peer.is_secondary);
	assert_int_equal(hello_generation_id(t->h), 5000);
	assert_false(has_sent(t, MSG_SET_CONFIG));
	assert_false(has_sent(t, MSG_SET_ASYNC));
}

/* The one in charge goes further between our question and our second try. */
static void test_stale_twice(void **state)
{
	struct test *t = *state;

	fake_set_generation(t->f, 5000);
	fake_connect(t->f);
	hello_start(t->h, t->now);
	while (!t->has_failed) {
		const uint8_t *m;
		size_t size;

		fake_work(t->f, 1);
		m = fake_next(t->f, &size);
		if (!m)
			continue;
		if (msg_type(m) == MSG_ROLE_REPLY)
			fake_set_generation(t->f, 9000);
		hello_message(t->h, m, size, t->now);
		assert_false(t->is_ready);
	}
	assert_non_null(strstr(t->why, "role"));
	assert_non_null(strstr(t->why, "STALE"));
}

static void test_deadline(void **state)
{
	struct test *t = *state;

	hello_start(t->h, t->now);
	hello_tick(t->h, t->now + 4999);
	assert_false(t->has_failed);
	hello_tick(t->h, t->now + 5000);
	assert_true(t->has_failed);
	assert_non_null(strstr(t->why, "HELLO"));
	hello_tick(t->h, t->now + 50000);       /* once is enough */
}

/* Every step has its own 5 s; talk does not prolong them. */
static void test_deadline_of_a_step(void **state)
{
	struct test *t = *state;
	uint8_t echo[MSG_HEADER];

	fake_connect(t->f);
	hello_start(t->h, t->now);
	pump(t, 1);
	assert_int_equal(hello_state(t->h), HELLO_FEATURES);
	fake_knobs(t->f)->mute = true;
	t->now += 4000;
	pump(t, 1);
	assert_int_equal(hello_state(t->h), HELLO_ASK);
	fake_send(t->f, echo, msg_put_header(echo, MSG_ECHO_REQUEST, 9, sizeof echo));
	pump(t, FAKE_ALL);
	assert_true(has_sent(t, MSG_ECHO_REPLY));
	hello_tick(t->h, t->now + 4999);
	assert_false(t->has_failed);
	hello_tick(t->h, t->now + 5000);
	assert_true(t->has_failed);
	assert_non_null(strstr(t->why, "ASK"));
}

/* An echo request gets its answer in every state before ready. */
static void test_echo_always(void **state)
{
	struct test *t = *state;
	uint8_t echo[MSG_HEADER + 4] = { 0 };

	msg_put_header(echo, MSG_ECHO_REQUEST, 0xabcdef, sizeof echo);
	memcpy(echo + 8, "data", 4);
	fake_connect(t->f);
	hello_start(t->h, t->now);
	for (int i = 0; hello_state(t->h) != HELLO_READY; i++) {
		size_t before = t->sent_size;

		hello_message(t->h, echo, sizeof echo, t->now);
		assert_int_equal(t->sent_size - before, sizeof echo);
		assert_int_equal(msg_type(t->sent + before), MSG_ECHO_REPLY);
		assert_int_equal(msg_xid(t->sent + before), 0xabcdef);
		assert_memory_equal(t->sent + before + 8, "data", 4);
		t->sent_size = before;
		assert_int_equal(pump(t, 1), 1);
	}
}

/* One whole message in a given state must end in `failed` with these words. */
static void fails_with(struct test *t, const uint8_t *m, size_t size, const char *words)
{
	hello_message(t->h, m, size, t->now);
	assert_true(t->has_failed);
	assert_non_null(strstr(t->why, words));
}

static void test_out_of_state(void **state)
{
	struct test *t = *state;
	uint8_t m[1200] = { 0 };

	hello_start(t->h, t->now);
	fails_with(t, m, msg_put_header(m, MSG_FEATURES_REPLY, 2, 32), "unexpected FEATURES_REPLY");

	teardown(state), setup(state), t = *state;
	fake_connect(t->f), hello_start(t->h, t->now), pump(t, 1);
	fails_with(t, m, msg_put_header(m, MSG_BARRIER_REPLY, 11, 8), "unexpected BARRIER_REPLY");

	teardown(state), setup(state), t = *state;
	fake_connect(t->f), hello_start(t->h, t->now), pump(t, 1);
	fails_with(t, m, msg_put_header(m, MSG_FEATURES_REPLY, 2, 31), "malformed FEATURES_REPLY");

	teardown(state), setup(state), t = *state;
	fake_connect(t->f), hello_start(t->h, t->now), pump(t, 2);
	assert_int_equal(hello_state(t->h), HELLO_ASK);
	msg_put_header(m, MSG_MULTIPART_REPLY, 3, 16 + 65);
	wire_put_u16(m + 8, MULTIPART_PORT_DESC);
	fails_with(t, m, 16 + 65, "malformed MULTIPART_REPLY");

	teardown(state), setup(state), t = *state;
	fake_connect(t->f), hello_start(t->h, t->now), pump(t, 2);
	fails_with(t, m, msg_put_header(m, 99, 3, 16), "unexpected type 99");

	teardown(state), setup(state), t = *state;
	fake_connect(t->f), hello_start(t->h, t->now), pump(t, 2);
	msg_put_header(m, MSG_ECHO_REQUEST, 3, 8);
	m[0] = 1;
	fails_with(t, m, 8, "wrong version in ECHO_REQUEST");
}

/* A fresh test that has taken n messages of the switch: 1 FEATURES, 2 ASK, ... */
static struct test *after(void **state, size_t n)
{
	struct test *t;

	teardown(state);
	setup(state);
	t = *state;
	fake_connect(t->f);
	hello_start(t->h, t->now);
	pump(t, n);
	assert_false(t->has_failed);
	return t;
}

/* States by the number of messages before them: HELLO, FEATURES, ASK, ROLE, CONFIG. */
static const enum hello_state states[] = {
	HELLO_HELLO, HELLO_FEATURES, HELLO_ASK, HELLO_ASK, HELLO_ASK, HELLO_ROLE, HELLO_CONFIG,
};
enum { N_STATES = sizeof states / sizeof *states };

/* What a switch may say unasked changes nothing; all else ends the connection. */
static void test_every_type_in_every_state(void **state)
{
	static const uint8_t borne[] = {
		MSG_ECHO_REQUEST, MSG_ECHO_REPLY, MSG_PACKET_IN, MSG_FLOW_REMOVED, MSG_EXPERIMENTER,
		MSG_ROLE_STATUS,
	};

	for (size_t n = 0; n < N_STATES; n++) {
		for (unsigned type = 0; type < 40; type++) {
			struct test *t = after(state, n);
			uint8_t m[MSG_HEADER];
			bool fine = false;

			assert_int_equal(hello_state(t->h), states[n]);
			for (size_t i = 0; i < sizeof borne; i++)
				fine |= borne[i] == type && (n || type == MSG_ECHO_REQUEST || type == MSG_ECHO_REPLY);
			fine |= type == MSG_HELLO && !n;
			/* An xid that no step has. */
			hello_message(t->h, m, msg_put_header(m, (uint8_t) type, 99, sizeof m), t->now);
			if (t->has_failed == fine)
				fail_msg("%s in %s", msg_type_name((uint8_t) type), hello_state_name(states[n]));
			if (!fine || type == MSG_HELLO)
				continue;
			pump(t, FAKE_ALL);
			assert_true(t->is_ready);
		}
	}
}

/* Right type and xid, but cut: every answer of the switch in turn. */
static void test_every_answer_cut(void **state)
{
	for (size_t n = 0; n < N_STATES; n++) {
		struct test *t = after(state, n);
		const uint8_t *m;
		uint8_t *cut;
		size_t size;

		fake_work(t->f, FAKE_ALL);
		m = fake_next(t->f, &size);
		if (size == MSG_HEADER)
			continue;
		size = (size - 1) & ~(size_t) 7;
		cut = malloc(size);
		memcpy(cut, m, size);
		wire_put_u16(cut + 2, (uint16_t) size);
		hello_message(t->h, cut, size, t->now);
		free(cut);
		if (n == 0)
			continue;               /* HELLO without its element is a HELLO */
		assert_true(t->has_failed || n == 2);    /* no ports at all are ports too */
	}
}

/* An error for each request: some are borne. xids as hello numbers them. */
static void test_every_request_refused(void **state)
{
	static const struct { uint32_t xid; size_t n; bool fine; } cases[] = {
		{ 2, 1, false },                /* FEATURES */
		{ 3, 2, false },                /* PORT_DESC */
		{ 4, 2, true },                 /* DESC */
		{ 5, 2, true },                 /* METER_FEATURES */
		{ 6, 2, false },                /* ROLE */
		{ 9, 6, true },                 /* SET_ASYNC */
		{ 10, 6, true },                /* SET_CONFIG */
		{ 11, 6, false },               /* BARRIER */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct test *t = after(state, cases[i].n);
		uint8_t m[12] = { 0 };

		wire_put_u16(m + 8, ERROR_BAD_REQUEST);
		wire_put_u16(m + 10, BAD_REQUEST_BAD_TYPE);
		hello_message(t->h, m, msg_put_header(m, MSG_ERROR, cases[i].xid, sizeof m), t->now);
		assert_int_equal(t->has_failed, !cases[i].fine);
		if (!cases[i].fine)
			assert_non_null(strstr(t->why, "OFPBRC_BAD_TYPE"));
	}
}

static void test_error_from_peer(void **state)
{
	struct test *t = *state;
	uint8_t m[64];
	size_t size = msg_put_hello_failed(m, sizeof m, 1, 5, HELLO_FAILED_INCOMPATIBLE, "I am\n1.0");

	hello_start(t->h, t->now);
	fails_with(t, m, size, "\"I am?1.0\"");
	assert_non_null(strstr(t->why, "OFPHFC_INCOMPATIBLE"));

	teardown(state), setup(state), t = *state;
	fake_connect(t->f), hello_start(t->h, t->now), pump(t, 2);
	memset(m, 0, sizeof m);
	wire_put_u16(m + 8, ERROR_BAD_REQUEST);
	wire_put_u16(m + 10, BAD_REQUEST_BAD_TYPE);
	fails_with(t, m, msg_put_header(m, MSG_ERROR, 6, 12), "role: OFPBRC_BAD_TYPE");
}

/* More ports than a switch can have end the connection, and soon. */
static void test_flood_of_ports(void **state)
{
	struct test *t = *state;
	uint8_t m[16 + MSG_PORT] = { 0 };

	fake_connect(t->f);
	hello_start(t->h, t->now);
	pump(t, 1);
	msg_put_header(m, MSG_PORT_STATUS, 0, sizeof m);
	for (uint32_t i = 0; !t->has_failed; i++) {
		assert_true(i < 400000);
		wire_put_u32(m + 16, i * 2654435761u);
		hello_message(t->h, m, sizeof m, t->now);
	}
	assert_non_null(strstr(t->why, "ports"));
}

/* The same port up and down for ever costs no memory. */
static void test_flapping_port(void **state)
{
	struct test *t = *state;
	uint8_t m[16 + MSG_PORT] = { 0 };

	fake_connect(t->f);
	hello_start(t->h, t->now);
	pump(t, 1);
	msg_put_header(m, MSG_PORT_STATUS, 0, sizeof m);
	for (uint32_t i = 0; i < 300000; i++) {
		wire_put_u32(m + 16, 1 + i % 5);
		m[8] = i % 3 == 0 ? MSG_PORT_DELETE : MSG_PORT_MODIFY;
		hello_message(t->h, m, sizeof m, t->now);
	}
	pump(t, FAKE_ALL);
	assert_true(t->is_ready);
	assert_true(t->peer.n_ports <= 5);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_ready), TEST(test_role_before_change), TEST(test_many_ports_in_pieces),
		TEST(test_port_status_before_ready), TEST(test_old_version), TEST(test_versions),
		TEST(test_not_let_in), TEST(test_auxiliary), TEST(test_no_meters),
		TEST(test_stale_generation), TEST(test_stale_twice), TEST(test_deadline),
		TEST(test_deadline_of_a_step), TEST(test_echo_always), TEST(test_out_of_state),
		TEST(test_every_type_in_every_state),
		TEST(test_every_answer_cut), TEST(test_every_request_refused),
		TEST(test_error_from_peer), TEST(test_flood_of_ports), TEST(test_flapping_port),
	};

	return cmocka_run_group_tests_name("hello", tests, NULL, NULL);
}
