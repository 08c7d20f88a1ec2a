/* SPDX-License-Identifier: Apache-2.0 */
/* sync: how a connection ends: no answer, another master, nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/ofproto/sync_rows.h"

static void test_no_answer_to_read(void **state)
{
	struct bench *b = *state;

	fake_knobs(b->f)->mute = true;
	bench_start(b);
	sync_tick(b->sync, b->now + 9999);
	assert_int_equal(b->n_failed, 0);
	sync_tick(b->sync, b->now + 10000);
	assert_int_equal(b->n_failed, 1);
	sync_tick(b->sync, b->now + 90000);
	assert_int_equal(b->n_failed, 1);
}

/* Each piece buys time. */
static void test_slow_read(void **state)
{
	struct bench *b = *state;

	for (uint32_t i = 0; i < 20; i++) {
		struct rule rule;

		synced_flow(b, i, 1, false, &rule);
		fake_put(b->f, &rule);
	}
	fake_knobs(b->f)->piece = 200;
	bench_start(b);
	fake_work(b->f, FAKE_ALL);
	for (int i = 0; i < 5; i++) {
		b->now += 9000;
		sync_tick(b->sync, b->now);
		assert_int_equal(sync_state(b->sync), SYNC_READING);
		bench_deliver(b, 1);
	}
	b->now += 10000;
	sync_tick(b->sync, b->now);
	assert_int_equal(b->n_failed, 1);
}

static void test_no_answer_to_barrier(void **state)
{
	struct bench *b = *state;

	synced_start_empty(b);
	fake_knobs(b->f)->mute = true;
	synced_want_flow(b, 1, 1, false);
	bench_run(b);
	sync_tick(b->sync, b->now + 10000);
	assert_int_equal(b->n_failed, 1);
	assert_non_null(strstr(b->why, "barrier"));
	sync_stop(b->sync);
	assert_int_equal(ledger_n_in_flight(b->ledger), 0);
}

static void test_deposed(void **state)
{
	struct bench *b = *state;

	synced_start_empty(b);
	fake_depose(b->f);
	synced_want_flow(b, 1, 1, false);
	bench_settle(b);
	assert_int_equal(b->n_failed, 1);
	assert_int_equal(b->n_refused, 0);      /* it was not the row's fault */
	assert_non_null(strstr(b->why, "primary"));
}

/* Cut anywhere: what was in flight is unknown, and found out by reading. */
static void test_disconnect_anywhere(void **state)
{
	struct bench *b = *state;
	struct rule rule;

	synced_start_empty(b);
	for (uint32_t cut = 0; cut < 60; cut++) {
		fake_knobs(b->f)->no_bundles = cut % 3 == 2;
		synced_group(b, 1, cut + 1, &rule), synced_want(b, &rule);
		synced_group(b, 2 + cut, 1, &rule), synced_want(b, &rule);
		synced_flow_to_group(b, 1, 2 + cut, &rule), synced_want(b, &rule);
		if (cut)
			synced_group(b, 1 + cut, 1, &rule), ledger_unwant(b->ledger, &rule);
		for (uint32_t i = 2; i < 8; i++)
			synced_want_flow(b, i, cut + 1, false);
		bench_run(b);
		fake_work(b->f, cut / 3);
		bench_deliver(b, cut % 5);
		sync_stop(b->sync);
		bench_start(b);
		bench_settle(b);
		assert_true(ledger_at_rest(b->ledger));
		bench_compare(b);
		assert_int_equal(b->n_failed, 0);
		assert_int_equal(b->n_refused, 0);
	}
}

static void say(struct bench *b, const uint8_t *m, size_t size)
{
	b->n_failed = 0;
	b->not_ours = !sync_message(b->sync, m, size, b->now);
}

static void test_nonsense(void **state)
{
	struct bench *b = *state;
	uint8_t m[256] = { 0 };
	uint32_t xid;

	/* Not for sync. */
	synced_start_empty(b);
	say(b, m, msg_put_header(m, MSG_BARRIER_REPLY, SYNC_XID_FIRST + 99, 8));
	assert_true(b->not_ours);
	say(b, m, msg_put_header(m, MSG_MULTIPART_REPLY, SYNC_XID_FIRST + 99, 16));
	assert_true(b->not_ours);
	say(b, m, msg_put_header(m, MSG_PACKET_IN, SYNC_XID_FIRST + 99, 16));
	assert_true(b->not_ours);
	memset(m, 0, sizeof m);
	say(b, m, msg_put_header(m, MSG_ERROR, 5, 12));         /* an error for the session */
	assert_true(b->not_ours);
	say(b, m, msg_put_header(m, MSG_ERROR, SYNC_XID_FIRST, 12));     /* long ago: ignored */
	assert_false(b->not_ours);
	assert_int_equal(b->n_failed, 0);
	say(b, m, msg_put_header(m, MSG_ERROR, 5, 11));
	assert_int_equal(b->n_failed, 1);

	/* A barrier reply without a commit reply. */
	sync_stop(b->sync);
	synced_start_empty((bench_restart(b), b));
	synced_want_flow(b, 1, 1, false);
	bench_run(b);
	xid = b->last_xid;
	say(b, m, msg_put_header(m, MSG_BARRIER_REPLY, xid, 8));
	assert_int_equal(b->n_failed, 1);
	assert_non_null(strstr(b->why, "commit"));

	/* A barrier refused. */
	sync_stop(b->sync);
	synced_start_empty((bench_restart(b), b));
	synced_want_flow(b, 1, 1, true);
	bench_run(b);
	say(b, m, msg_put_header(m, MSG_ERROR, b->last_xid, 12));
	assert_int_equal(b->n_failed, 1);
	assert_non_null(strstr(b->why, "barrier"));

	/* A commit reply for another bundle. */
	sync_stop(b->sync);
	synced_start_empty((bench_restart(b), b));
	synced_want_flow(b, 1, 1, false);
	bench_run(b);
	msg_put_bundle_ctrl(m, b->last_xid - 1, 4711, BUNDLE_COMMIT_REPLY);
	say(b, m, MSG_BUNDLE_CTRL);
	assert_true(b->not_ours);

	/* A piece of another type; a piece that is malformed. */
	for (int i = 0; i < 2; i++) {
		sync_stop(b->sync);
		bench_restart(b);
		bench_start(b);
		memset(m, 0, sizeof m);
		wire_put_u16(m + 8, i ? MULTIPART_FLOW : MULTIPART_METER_CONFIG);
		wire_put_u16(m + 16, 17);               /* an entry of 17 bytes */
		say(b, m, msg_put_header(m, MSG_MULTIPART_REPLY, b->first_xid, 80));
		assert_int_equal(b->n_failed, 1);
		assert_non_null(strstr(b->why, "malformed"));
	}

	/* Another type than was asked for. */
	sync_stop(b->sync);
	bench_restart(b);
	bench_start(b);
	memset(m, 0, sizeof m);
	wire_put_u16(m + 8, MULTIPART_METER_CONFIG);
	say(b, m, msg_put_header(m, MSG_MULTIPART_REPLY, b->first_xid, 16));
	assert_int_equal(b->n_failed, 1);

	/* Silence after failed. */
	say(b, m, msg_put_header(m, MSG_MULTIPART_REPLY, b->first_xid, 80));
	assert_int_equal(b->n_failed, 0);

	/* It cannot be read at all. */
	sync_stop(b->sync);
	bench_restart(b);
	bench_start(b);
	memset(m, 0, sizeof m);
	wire_put_u16(m + 8, ERROR_BAD_REQUEST);
	say(b, m, msg_put_header(m, MSG_ERROR, b->first_xid, 12));
	assert_int_equal(b->n_failed, 1);
	assert_non_null(strstr(b->why, "read back"));
}

/* A flow of another table in an answer about one is nobody's drift. */
static void test_other_table(void **state)
{
	struct bench *b = *state;
	uint8_t m[512];
	const uint8_t *answer;
	size_t size;

	synced_start_empty(b);
	synced_want_flow(b, 1, 1, false);
	bench_settle(b);
	b->sync->audit_table = 0;
	sync_audit(b->sync, b->now);
	bench_run(b);
	fake_work(b->f, FAKE_ALL);
	answer = fake_next(b->f, &size);
	assert_in_range(size, 16 + 56, sizeof m);
	memcpy(m, answer, size);
	assert_int_equal(m[16 + 2], 1);
	m[16 + 2] = 2;
	say(b, m, size);
	assert_int_equal(b->drift.missing, 1);
	assert_int_equal(b->drift.extra, 0);
}

/* A switch without end is not read to the end. */
static void test_endless_read(void **state)
{
	struct bench *b = *state;
	struct rule rule;

	for (uint32_t i = 0; i < 3; i++)
		synced_flow(b, i, 1, false, &rule), fake_put(b->f, &rule);
	b->hold = true;                         /* else they would be deleted: nobody wants them */
	bench_start(b);
	b->sync->reading.n_rows = MAX_READ_ROWS - 3;
	bench_settle(b);
	assert_int_equal(b->n_failed, 0);
	sync_stop(b->sync);
	bench_start(b);
	b->sync->reading.n_rows = MAX_READ_ROWS - 2;
	fake_work(b->f, FAKE_ALL);
	bench_deliver(b, FAKE_ALL);
	assert_int_equal(b->n_failed, 1);
	assert_non_null(strstr(b->why, "more rows"));
}

/* xids go round and never come below ours. */
static void test_xids_wrap(void **state)
{
	struct bench *b = *state;

	synced_start_empty(b);
	b->sync->next_xid = UINT32_MAX - 20;
	for (uint32_t i = 0; i < 10; i++) {
		synced_want_flow(b, i, 1, i % 2 == 0);
		bench_settle(b);
		sync_audit(b->sync, b->now);
		bench_settle(b);
		assert_true(b->last_xid >= SYNC_XID_FIRST);
	}
	bench_compare(b);
	b->sync->next_xid = UINT32_MAX;
	for (int i = 0; i < 3; i++) {
		sync_audit(b->sync, b->now);
		bench_settle(b);
		assert_true(b->last_xid >= SYNC_XID_FIRST);
	}
	assert_int_equal(b->n_drift, 0);
}

/* A bundle that fails and names no row does not repeat for ever. */
static void test_nameless_failure(void **state)
{
	struct bench *b = *state;
	struct sync_counts sc;
	uint8_t m[16] = { 0 };

	synced_start_empty(b);
	synced_want_flow(b, 1, 1, false);
	bench_run(b);
	fake_disconnect(b->f), b->f_is_off = true;
	wire_put_u16(m + 8, ERROR_BAD_REQUEST);
	msg_put_header(m, MSG_ERROR, b->last_xid - 1, 12);      /* the commit */
	say(b, m, 12);
	say(b, m, msg_put_header(m, MSG_BARRIER_REPLY, b->last_xid, 8));
	assert_int_equal(ledger_n_dirty(b->ledger), 1);
	fake_connect(b->f), b->f_is_off = false;
	bench_forget_hello(b);
	bench_settle(b);
	sync_count(b->sync, &sc);
	assert_int_equal(sc.n_bundles, 1);
	bench_compare(b);
}

/* A row too long for a bundle is refused here and holds nobody up. */
static void test_long_row(void **state)
{
	struct bench *b = *state;
	struct rule rule;

	synced_start_empty(b);
	build_group(b->build, GROUP_OURS_FIRST + 1, GROUP_ALL);
	for (uint32_t i = 0; i < 2047; i++) {
		build_bucket(b->build, 0, 0);
		act_output(b->build, 1 + i % 100);
	}
	bench_end(b, &rule);
	assert_true(rule.size + MSG_BUNDLE_ADD > MSG_MAX);
	synced_want(b, &rule);
	synced_want_flow(b, 1, 1, false);
	bench_settle(b);
	assert_int_equal(b->n_failed, 0);
	assert_int_equal(fake_n_rows(b->f, RULE_FLOW), 1);
	assert_int_equal(b->n_refused, 1);
	assert_string_equal(b->error_name, "too long for a bundle");
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, synced_up, synced_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_no_answer_to_read), TEST(test_slow_read), TEST(test_no_answer_to_barrier), TEST(test_deposed),
		TEST(test_disconnect_anywhere), TEST(test_nonsense), TEST(test_nameless_failure), TEST(test_long_row),
		TEST(test_other_table), TEST(test_endless_read), TEST(test_xids_wrap),
	};

	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
