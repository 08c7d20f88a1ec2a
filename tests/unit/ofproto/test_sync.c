/* SPDX-License-Identifier: Apache-2.0 */
/* sync against the fake switch, case by case. The random simulation is in
 * test_sync_sim.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ofproto/ovs.h"
#include "ofproto/sync_impl.h"
#include "ofproto/wire.h"
#include "tests/unit/ofproto/sync_bench.h"

/* --- rows of the tests ------------------------------------------------------------------- */

static void want(struct bench *b, const struct rule *rule) { ledger_want(b->ledger, 1, rule); }

/* A flow of table 1 that outputs to a port. */
static void flow(struct bench *b, uint32_t n, uint32_t port, bool plain, struct rule *ret)
{
	bench_flow(b, n, 1, plain);
	act_output(b->build, port);
	bench_end(b, ret);
}

static void flow_to_group(struct bench *b, uint32_t n, uint32_t group, struct rule *ret)
{
	bench_flow(b, n, 1, false);
	act_group(b->build, GROUP_OURS_FIRST + group);
	bench_end(b, ret);
}

static void group(struct bench *b, uint32_t n, uint32_t port, struct rule *ret)
{
	build_group(b->build, GROUP_OURS_FIRST + n, GROUP_INDIRECT);
	build_bucket(b->build, 0, 0);
	act_output(b->build, port);
	bench_end(b, ret);
}

static void meter(struct bench *b, uint32_t n, uint32_t rate, struct rule *ret)
{
	build_meter(b->build, METER_OURS_FIRST + n, true, rate, rate);
	bench_end(b, ret);
}

static void want_flow(struct bench *b, uint32_t n, uint32_t port, bool plain)
{
	struct rule rule;

	flow(b, n, port, plain, &rule);
	want(b, &rule);
}

static void unwant_flow(struct bench *b, uint32_t n)
{
	struct rule rule;

	flow(b, n, 1, false, &rule);
	ledger_unwant(b->ledger, &rule);
}

static int setup(void **state)
{
	*state = bench_new();
	return 0;
}

static int teardown(void **state)
{
	bench_free(*state);
	return 0;
}

static void start_empty(struct bench *b)
{
	bench_start(b);
	bench_settle(b);
	assert_int_equal(b->n_read_done, 1);
	assert_int_equal(b->n_ready, 1);
	assert_int_equal(sync_state(b->sync), SYNC_REST);
}

/* --- the usual ------------------------------------------------------------------------------ */

static void test_states(void **state)
{
	struct bench *b = *state;

	assert_int_equal(sync_state(b->sync), SYNC_OFF);
	assert_string_equal(sync_state_name(SYNC_AUDITING), "auditing");
	b->hold = true;
	bench_start(b);
	assert_int_equal(sync_state(b->sync), SYNC_READING);
	bench_settle(b);
	assert_int_equal(sync_state(b->sync), SYNC_HELD);
	want_flow(b, 1, 1, false);
	bench_run(b);
	assert_int_equal(sync_state(b->sync), SYNC_HELD);
	sync_release(b->sync, b->now);
	assert_int_equal(sync_state(b->sync), SYNC_REST);
	assert_int_equal(b->n_ready, 0);
	bench_run(b);
	assert_int_equal(sync_state(b->sync), SYNC_FLIGHT);
	bench_settle(b);
	assert_int_equal(sync_state(b->sync), SYNC_REST);
	assert_int_equal(b->n_ready, 1);
	sync_audit(b->sync, b->now);
	assert_int_equal(sync_state(b->sync), SYNC_AUDITING);
	bench_settle(b);
	assert_int_equal(sync_state(b->sync), SYNC_REST);
	assert_int_equal(b->n_drift, 0);
	sync_stop(b->sync);
	assert_int_equal(sync_state(b->sync), SYNC_OFF);
}

static void test_bundle(void **state)
{
	struct bench *b = *state;
	struct fake_counts counts;
	struct sync_counts sc;
	struct rule rule;

	start_empty(b);
	meter(b, 1, 100, &rule), want(b, &rule);
	group(b, 1, 7, &rule), want(b, &rule);
	flow_to_group(b, 1, 1, &rule), want(b, &rule);
	want_flow(b, 2, 9, true);
	bench_settle(b);
	bench_compare(b);
	fake_count(b->f, &counts);
	assert_int_equal(counts.n_bundles, 1);
	assert_int_equal(counts.n_errors, 0);
	assert_int_equal(counts.n_flow_mods, 2);
	assert_int_equal(fake_n_rows(b->f, RULE_METER), 1);
	assert_int_equal(fake_n_rows(b->f, RULE_GROUP), 1);
	assert_int_equal(fake_n_rows(b->f, RULE_FLOW), 2);
	sync_count(b->sync, &sc);
	assert_int_equal(sc.n_bundles, 1);
	assert_int_equal(sc.n_transactions, 2);
	assert_int_equal(sc.n_meter_mods, 1);
	assert_int_equal(sc.n_group_mods, 1);
	assert_int_equal(sc.n_flow_mods, 2);
}

static void test_plain(void **state)
{
	struct bench *b = *state;
	struct fake_counts counts;

	start_empty(b);
	for (uint32_t i = 0; i < 50; i++)
		want_flow(b, i, i + 1, true);
	bench_settle(b);
	bench_compare(b);
	fake_count(b->f, &counts);
	assert_int_equal(counts.n_bundles, 0);
	assert_int_equal(counts.n_barriers, 1);
	assert_int_equal(counts.n_flow_mods, 50);
	assert_int_equal(fake_n_rows(b->f, RULE_FLOW), 50);
}

/* P1: an unchanged wish sends nothing after a restart. */
static void test_restart(void **state)
{
	struct bench *b = *state;
	struct fake_counts before, after;
	struct rule rule;

	start_empty(b);
	for (int round = 0; round < 2; round++) {
		meter(b, 1, 100, &rule), want(b, &rule);
		group(b, 1, 7, &rule), want(b, &rule);
		flow_to_group(b, 1, 1, &rule), want(b, &rule);
		want_flow(b, 2, 9, true);
		if (round)
			break;
		bench_settle(b);
		sync_stop(b->sync);
		bench_restart(b);               /* a new ledger */
		bench_start(b);
	}
	fake_count(b->f, &before);
	bench_settle(b);
	fake_count(b->f, &after);
	assert_int_equal(after.n_flow_mods, before.n_flow_mods);
	assert_int_equal(after.n_group_mods, before.n_group_mods);
	assert_int_equal(after.n_meter_mods, before.n_meter_mods);
	assert_int_equal(after.n_barriers, before.n_barriers);
	assert_int_equal(b->n_ready, 1);
	bench_compare(b);
}

/* One transaction at a time; what comes meanwhile waits and merges. */
static void test_one_in_flight(void **state)
{
	struct bench *b = *state;
	struct sync_counts sc;

	start_empty(b);
	want_flow(b, 1, 1, true);
	bench_run(b);
	for (uint32_t i = 0; i < 5; i++) {
		want_flow(b, 1, 2 + i, true);
		want_flow(b, 10 + i, 1, true);
		bench_run(b);
	}
	sync_count(b->sync, &sc);
	assert_int_equal(sc.n_transactions, 1);
	bench_settle(b);
	sync_count(b->sync, &sc);
	assert_int_equal(sc.n_transactions, 2);
	assert_int_equal(sc.n_flow_mods, 1 + 6);
	bench_compare(b);
}

static void test_foreign_rows(void **state)
{
	struct bench *b = *state;
	struct rule theirs, ours;
	struct ledger_counts lc;
	uint64_t digest;

	bench_foreign_flow(b, 5, &theirs);
	fake_put(b->f, &theirs);
	digest = rule_digest(fake_find(b->f, &theirs));
	start_empty(b);
	flow(b, 5, 3, false, &ours);            /* the same key */
	want(b, &ours);
	want_flow(b, 6, 3, false);
	bench_settle(b);
	flow(b, 5, 3, false, &ours);
	assert_int_equal(rule_digest(fake_find(b->f, &ours)), digest);
	ledger_count(b->ledger, &lc);
	assert_int_equal(lc.n_foreign, 1);
	assert_int_equal(fake_n_rows(b->f, RULE_FLOW), 2);
}

/* --- order ------------------------------------------------------------------------------------ */

/* A change of everything: the new group and meter are there before the flow
 * uses them, the old ones go after it has left them. The fake switch would
 * refuse a flow without its group, and take a flow along with its old one. */
static void test_make_before_break(void **state)
{
	struct bench *b = *state;
	struct fake_counts counts;
	struct rule rule, old_group, old_meter;

	start_empty(b);
	meter(b, 1, 100, &rule), want(b, &rule);
	group(b, 1, 7, &rule), want(b, &rule);
	flow_to_group(b, 1, 1, &rule), want(b, &rule);
	bench_settle(b);
	for (int i = 0; i < 3; i++) {
		fake_knobs(b->f)->no_bundles = i == 2;
		meter(b, (uint32_t) i + 1, 100, &old_meter), ledger_unwant(b->ledger, &old_meter);
		group(b, (uint32_t) i + 1, 7, &old_group), ledger_unwant(b->ledger, &old_group);
		meter(b, (uint32_t) i + 2, 100, &rule), want(b, &rule);
		group(b, (uint32_t) i + 2, 8, &rule), want(b, &rule);
		flow_to_group(b, 1, (uint32_t) i + 2, &rule), want(b, &rule);
		bench_settle(b);
		bench_compare(b);
		assert_int_equal(fake_n_rows(b->f, RULE_GROUP), 1);
		assert_int_equal(fake_n_rows(b->f, RULE_METER), 1);
		assert_int_equal(b->n_refused, 0);
		fake_count(b->f, &counts);
		if (i < 2)
			assert_int_equal(counts.n_errors, 0);
	}
}

/* Groups and meters change in place: their flows stay. */
static void test_modify_group(void **state)
{
	struct bench *b = *state;
	struct rule rule;

	start_empty(b);
	group(b, 1, 7, &rule), want(b, &rule);
	meter(b, 1, 50, &rule), want(b, &rule);
	flow_to_group(b, 1, 1, &rule), want(b, &rule);
	bench_settle(b);
	group(b, 1, 8, &rule), want(b, &rule);
	meter(b, 1, 60, &rule), want(b, &rule);
	bench_settle(b);
	bench_compare(b);
	assert_int_equal(fake_n_rows(b->f, RULE_FLOW), 1);
	assert_int_equal(b->n_refused, 0);
}

/* More rows than one transaction takes: additions are all there before the
 * first deletion leaves. */
static void test_chunks(void **state)
{
	struct bench *b = *state;
	struct sync_counts sc;
	const uint32_t n = SYNC_MAX_ROWS + 100;
	size_t most = 0;

	start_empty(b);
	for (uint32_t i = 0; i < n; i++)
		want_flow(b, i, 1, false);
	bench_settle(b);
	bench_compare(b);
	sync_count(b->sync, &sc);
	assert_in_range(sc.n_transactions, 2, 4);
	for (uint32_t i = 0; i < n; i++) {
		unwant_flow(b, i);
		want_flow(b, n + i, 1, false);
	}
	while (!ledger_at_rest(b->ledger)) {
		bench_run(b);
		assert_true(ledger_n_in_flight(b->ledger) <= SYNC_MAX_ROWS);
		assert_true(b->sync->flight.n_bytes <= SYNC_MAX_BYTES + 200);
		fake_work(b->f, FAKE_ALL);
		if (fake_n_rows(b->f, RULE_FLOW) > most)
			most = fake_n_rows(b->f, RULE_FLOW);
		else
			assert_true(fake_n_rows(b->f, RULE_FLOW) >= n);
		bench_deliver(b, FAKE_ALL);
	}
	bench_compare(b);
	/* All of the new ones but those that shared a bundle with deletions. */
	assert_true(most >= 2 * n - SYNC_MAX_ROWS && most > n);
}

/* --- refusals ----------------------------------------------------------------------------------- */

static bool refuse_priority(void *ctx, const struct rule *rule, bool deletes)
{
	const uint32_t *every = ctx;

	return !deletes && rule->kind == RULE_FLOW && *every && rule_priority(rule) % *every == 0;
}

static void refusals(struct bench *b, bool at_add, bool no_bundles, bool plain)
{
	uint32_t every = 10;
	struct ledger_counts lc;
	struct sync_counts sc;

	fake_knobs(b->f)->refuse = refuse_priority;
	fake_knobs(b->f)->refuse_ctx = &every;
	fake_knobs(b->f)->refuse_at_add = at_add;
	fake_knobs(b->f)->no_bundles = no_bundles;
	start_empty(b);
	for (uint32_t i = 0; i < 200; i++)
		want_flow(b, i, 1, plain);
	bench_settle(b);
	assert_int_equal(b->n_refused, 20);
	ledger_count(b->ledger, &lc);
	assert_int_equal(lc.n_refused, 20);
	assert_int_equal(fake_n_rows(b->f, RULE_FLOW), 180);
	assert_int_equal(b->n_ready, 1);
	sync_count(b->sync, &sc);
	assert_int_equal(sc.n_refused, 20);
	assert_true(sc.n_transactions < 10);
	bench_compare(b);

	/* They stay away until they change; then they are tried again. */
	bench_settle(b);
	sync_count(b->sync, &sc);
	assert_int_equal(sc.n_refused, 20);
	every = 0;
	for (uint32_t i = 0; i < 200; i += 10)
		want_flow(b, i, 2, plain);
	bench_settle(b);
	assert_int_equal(fake_n_rows(b->f, RULE_FLOW), 200);
	ledger_count(b->ledger, &lc);
	assert_int_equal(lc.n_refused, 0);
	bench_compare(b);
}

static void test_refused_at_commit(void **state) { refusals(*state, false, false, false); }
static void test_refused_at_add(void **state) { refusals(*state, true, false, false); }
static void test_refused_without_bundles(void **state) { refusals(*state, false, true, false); }
static void test_refused_plain(void **state) { refusals(*state, false, false, true); }

static bool refuse_group(void *ctx, const struct rule *rule, bool deletes)
{
	(void) ctx;
	return !deletes && rule->kind == RULE_GROUP;
}

/* A refused group takes its flows into quarantine, one after the other, but not
 * one transaction each. */
static void test_refused_group(void **state)
{
	struct bench *b = *state;
	struct sync_counts sc;
	struct rule rule;

	fake_knobs(b->f)->refuse = refuse_group;
	start_empty(b);
	group(b, 1, 1, &rule), want(b, &rule);
	for (uint32_t i = 0; i < 100; i++)
		flow_to_group(b, i, 1, &rule), want(b, &rule);
	want_flow(b, 1000, 1, false);
	bench_settle(b);
	assert_int_equal(b->n_refused, 101);
	assert_int_equal(fake_n_rows(b->f, RULE_FLOW), 1);
	sync_count(b->sync, &sc);
	assert_true(sc.n_transactions < 10);
	assert_string_equal(b->error_name, "OFPBAC_BAD_OUT_GROUP");
}

static bool refuse_deletes(void *ctx, const struct rule *rule, bool deletes)
{
	(void) ctx, (void) rule;
	return deletes;
}

static void test_refused_delete(void **state)
{
	struct bench *b = *state;

	start_empty(b);
	want_flow(b, 1, 1, false);
	want_flow(b, 2, 1, false);
	bench_settle(b);
	fake_knobs(b->f)->refuse = refuse_deletes;
	unwant_flow(b, 1);
	want_flow(b, 3, 1, false);
	bench_settle(b);
	assert_int_equal(b->n_refused, 1);
	assert_true(ledger_at_rest(b->ledger));
	assert_int_equal(fake_n_rows(b->f, RULE_FLOW), 3);
}

/* --- without bundles -------------------------------------------------------------------------------- */

static void test_without_bundles(void **state)
{
	struct bench *b = *state;
	struct fake_counts counts;
	struct sync_counts sc;
	struct rule rule;

	fake_knobs(b->f)->no_bundles = true;
	start_empty(b);
	group(b, 1, 7, &rule), want(b, &rule);
	flow_to_group(b, 1, 1, &rule), want(b, &rule);
	bench_settle(b);
	bench_compare(b);
	assert_int_equal(b->n_refused, 0);
	/* One behind the bundle that was not to be, one between group and flow, one last. */
	fake_count(b->f, &counts);
	assert_int_equal(counts.n_barriers, 3);
	want_flow(b, 2, 1, false);
	bench_settle(b);
	sync_count(b->sync, &sc);
	assert_int_equal(sc.n_bundles, 1);      /* it is not asked twice */
	bench_compare(b);
}

static void test_without_groups_and_meters(void **state)
{
	struct bench *b = *state;

	fake_knobs(b->f)->no_groups = true;
	fake_knobs(b->f)->max_meters = 0;
	start_empty(b);
	want_flow(b, 2, 1, false);
	bench_settle(b);
	bench_compare(b);
	assert_int_equal(b->n_failed, 0);
}

/* --- drift --------------------------------------------------------------------------------------------- */

static void audit_all(struct bench *b)
{
	for (int i = 0; i < 5; i++) {
		sync_audit(b->sync, b->now);
		bench_settle(b);
	}
}

static void test_audit(void **state)
{
	struct bench *b = *state;
	struct sync_counts sc;
	struct rule rule, g;

	start_empty(b);
	group(b, 1, 7, &rule), want(b, &rule);
	meter(b, 1, 7, &rule), want(b, &rule);
	for (uint32_t i = 0; i < 20; i++)
		want_flow(b, i, 1, false);
	bench_settle(b);
	audit_all(b);
	assert_int_equal(b->n_drift, 0);

	flow(b, 3, 1, false, &rule);
	assert_true(fake_remove(b->f, &rule));          /* missing */
	flow(b, 4, 99, false, &rule);
	fake_put(b->f, &rule);                          /* changed */
	flow(b, 77, 1, false, &rule);
	fake_put(b->f, &rule);                          /* extra */
	group(b, 1, 9, &g);
	fake_put(b->f, &g);                             /* changed */
	meter(b, 1, 7, &rule);
	assert_true(fake_remove(b->f, &rule));
	audit_all(b);
	bench_compare(b);
	assert_int_equal(b->drift.missing, 2);
	assert_int_equal(b->drift.changed, 2);
	assert_int_equal(b->drift.extra, 1);
	assert_int_equal(b->n_drift, 3);                /* flows, groups, meters */
	sync_count(b->sync, &sc);
	assert_int_equal(sc.n_repaired, 5);
	audit_all(b);
	assert_int_equal(b->n_drift, 3);
}

/* Rows that leave while an audit is answered are not taken for drift. */
static void test_audit_and_flight(void **state)
{
	struct bench *b = *state;

	start_empty(b);
	for (uint32_t i = 0; i < 100; i++)
		want_flow(b, i, 1, true);
	bench_settle(b);
	fake_knobs(b->f)->piece = 300;
	sync_audit(b->sync, b->now);
	fake_work(b->f, FAKE_ALL);                      /* dumped before what follows */
	want_flow(b, 200, 1, true);
	unwant_flow(b, 5);
	want_flow(b, 6, 9, true);
	bench_run(b);
	assert_int_equal(sync_state(b->sync), SYNC_FLIGHT);
	bench_settle(b);
	assert_int_equal(b->n_drift, 0);
	bench_compare(b);
}

/* --- how it ends ------------------------------------------------------------------------------------------ */

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

		flow(b, i, 1, false, &rule);
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

	start_empty(b);
	fake_knobs(b->f)->mute = true;
	want_flow(b, 1, 1, false);
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

	start_empty(b);
	fake_depose(b->f);
	want_flow(b, 1, 1, false);
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

	start_empty(b);
	for (uint32_t cut = 0; cut < 60; cut++) {
		fake_knobs(b->f)->no_bundles = cut % 3 == 2;
		group(b, 1, cut + 1, &rule), want(b, &rule);
		group(b, 2 + cut, 1, &rule), want(b, &rule);
		flow_to_group(b, 1, 2 + cut, &rule), want(b, &rule);
		if (cut)
			group(b, 1 + cut, 1, &rule), ledger_unwant(b->ledger, &rule);
		for (uint32_t i = 2; i < 8; i++)
			want_flow(b, i, cut + 1, false);
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

/* --- nonsense from the switch ---------------------------------------------------------------------------------- */

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
	start_empty(b);
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
	start_empty((bench_restart(b), b));
	want_flow(b, 1, 1, false);
	bench_run(b);
	xid = b->last_xid;
	say(b, m, msg_put_header(m, MSG_BARRIER_REPLY, xid, 8));
	assert_int_equal(b->n_failed, 1);
	assert_non_null(strstr(b->why, "commit"));

	/* A barrier refused. */
	sync_stop(b->sync);
	start_empty((bench_restart(b), b));
	want_flow(b, 1, 1, true);
	bench_run(b);
	say(b, m, msg_put_header(m, MSG_ERROR, b->last_xid, 12));
	assert_int_equal(b->n_failed, 1);
	assert_non_null(strstr(b->why, "barrier"));

	/* A commit reply for another bundle. */
	sync_stop(b->sync);
	start_empty((bench_restart(b), b));
	want_flow(b, 1, 1, false);
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

	start_empty(b);
	want_flow(b, 1, 1, false);
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
		flow(b, i, 1, false, &rule), fake_put(b->f, &rule);
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

	start_empty(b);
	b->sync->next_xid = UINT32_MAX - 20;
	for (uint32_t i = 0; i < 10; i++) {
		want_flow(b, i, 1, i % 2 == 0);
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

	start_empty(b);
	want_flow(b, 1, 1, false);
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

	start_empty(b);
	build_group(b->build, GROUP_OURS_FIRST + 1, GROUP_ALL);
	for (uint32_t i = 0; i < 2047; i++) {
		build_bucket(b->build, 0, 0);
		act_output(b->build, 1 + i % 100);
	}
	bench_end(b, &rule);
	assert_true(rule.size + MSG_BUNDLE_ADD > MSG_MAX);
	want(b, &rule);
	want_flow(b, 1, 1, false);
	bench_settle(b);
	assert_int_equal(b->n_failed, 0);
	assert_int_equal(fake_n_rows(b->f, RULE_FLOW), 1);
	assert_int_equal(b->n_refused, 1);
	assert_string_equal(b->error_name, "too long for a bundle");
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_states), TEST(test_bundle), TEST(test_plain), TEST(test_restart),
		TEST(test_one_in_flight), TEST(test_foreign_rows), TEST(test_make_before_break),
		TEST(test_modify_group), TEST(test_chunks), TEST(test_refused_at_commit),
		TEST(test_refused_at_add), TEST(test_refused_without_bundles), TEST(test_refused_plain),
		TEST(test_refused_group), TEST(test_refused_delete), TEST(test_without_bundles),
		TEST(test_without_groups_and_meters), TEST(test_audit), TEST(test_audit_and_flight),
		TEST(test_no_answer_to_read), TEST(test_slow_read), TEST(test_no_answer_to_barrier),
		TEST(test_deposed), TEST(test_disconnect_anywhere), TEST(test_nonsense),
		TEST(test_nameless_failure), TEST(test_long_row), TEST(test_other_table),
		TEST(test_endless_read), TEST(test_xids_wrap),
	};

	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
