/* SPDX-License-Identifier: Apache-2.0 */
/* sync against the fake switch, case by case. The random simulation is in
 * test_sync_sim.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/ofproto/sync_rows.h"

/* --- rows of the tests ------------------------------------------------------------------- */

static void meter(struct bench *b, uint32_t n, uint32_t rate, struct rule *ret)
{
	build_meter(b->build, METER_OURS_FIRST + n, true, rate, rate);
	bench_end(b, ret);
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
	synced_want_flow(b, 1, 1, false);
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

	synced_start_empty(b);
	meter(b, 1, 100, &rule), synced_want(b, &rule);
	synced_group(b, 1, 7, &rule), synced_want(b, &rule);
	synced_flow_to_group(b, 1, 1, &rule), synced_want(b, &rule);
	synced_want_flow(b, 2, 9, true);
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

	synced_start_empty(b);
	for (uint32_t i = 0; i < 50; i++)
		synced_want_flow(b, i, i + 1, true);
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

	synced_start_empty(b);
	for (int round = 0; round < 2; round++) {
		meter(b, 1, 100, &rule), synced_want(b, &rule);
		synced_group(b, 1, 7, &rule), synced_want(b, &rule);
		synced_flow_to_group(b, 1, 1, &rule), synced_want(b, &rule);
		synced_want_flow(b, 2, 9, true);
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

	synced_start_empty(b);
	synced_want_flow(b, 1, 1, true);
	bench_run(b);
	for (uint32_t i = 0; i < 5; i++) {
		synced_want_flow(b, 1, 2 + i, true);
		synced_want_flow(b, 10 + i, 1, true);
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
	synced_start_empty(b);
	synced_flow(b, 5, 3, false, &ours);            /* the same key */
	synced_want(b, &ours);
	synced_want_flow(b, 6, 3, false);
	bench_settle(b);
	synced_flow(b, 5, 3, false, &ours);
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

	synced_start_empty(b);
	meter(b, 1, 100, &rule), synced_want(b, &rule);
	synced_group(b, 1, 7, &rule), synced_want(b, &rule);
	synced_flow_to_group(b, 1, 1, &rule), synced_want(b, &rule);
	bench_settle(b);
	for (int i = 0; i < 3; i++) {
		fake_knobs(b->f)->no_bundles = i == 2;
		meter(b, (uint32_t) i + 1, 100, &old_meter), ledger_unwant(b->ledger, &old_meter);
		synced_group(b, (uint32_t) i + 1, 7, &old_group), ledger_unwant(b->ledger, &old_group);
		meter(b, (uint32_t) i + 2, 100, &rule), synced_want(b, &rule);
		synced_group(b, (uint32_t) i + 2, 8, &rule), synced_want(b, &rule);
		synced_flow_to_group(b, 1, (uint32_t) i + 2, &rule), synced_want(b, &rule);
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

	synced_start_empty(b);
	synced_group(b, 1, 7, &rule), synced_want(b, &rule);
	meter(b, 1, 50, &rule), synced_want(b, &rule);
	synced_flow_to_group(b, 1, 1, &rule), synced_want(b, &rule);
	bench_settle(b);
	synced_group(b, 1, 8, &rule), synced_want(b, &rule);
	meter(b, 1, 60, &rule), synced_want(b, &rule);
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

	synced_start_empty(b);
	for (uint32_t i = 0; i < n; i++)
		synced_want_flow(b, i, 1, false);
	bench_settle(b);
	bench_compare(b);
	sync_count(b->sync, &sc);
	assert_in_range(sc.n_transactions, 2, 4);
	for (uint32_t i = 0; i < n; i++) {
		synced_unwant_flow(b, i);
		synced_want_flow(b, n + i, 1, false);
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

/* --- without bundles -------------------------------------------------------------------------------- */

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

	synced_start_empty(b);
	synced_group(b, 1, 7, &rule), synced_want(b, &rule);
	meter(b, 1, 7, &rule), synced_want(b, &rule);
	for (uint32_t i = 0; i < 20; i++)
		synced_want_flow(b, i, 1, false);
	bench_settle(b);
	audit_all(b);
	assert_int_equal(b->n_drift, 0);

	synced_flow(b, 3, 1, false, &rule);
	assert_true(fake_remove(b->f, &rule));          /* missing */
	synced_flow(b, 4, 99, false, &rule);
	fake_put(b->f, &rule);                          /* changed */
	synced_flow(b, 77, 1, false, &rule);
	fake_put(b->f, &rule);                          /* extra */
	synced_group(b, 1, 9, &g);
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

	synced_start_empty(b);
	for (uint32_t i = 0; i < 100; i++)
		synced_want_flow(b, i, 1, true);
	bench_settle(b);
	fake_knobs(b->f)->piece = 300;
	sync_audit(b->sync, b->now);
	fake_work(b->f, FAKE_ALL);                      /* dumped before what follows */
	synced_want_flow(b, 200, 1, true);
	synced_unwant_flow(b, 5);
	synced_want_flow(b, 6, 9, true);
	bench_run(b);
	assert_int_equal(sync_state(b->sync), SYNC_FLIGHT);
	bench_settle(b);
	assert_int_equal(b->n_drift, 0);
	bench_compare(b);
}

/* --- how it ends ------------------------------------------------------------------------------------------ */

/* --- nonsense from the switch ---------------------------------------------------------------------------------- */

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, synced_up, synced_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_states), TEST(test_bundle), TEST(test_plain), TEST(test_restart), TEST(test_one_in_flight),
		TEST(test_foreign_rows), TEST(test_make_before_break), TEST(test_modify_group), TEST(test_chunks),
		TEST(test_audit), TEST(test_audit_and_flight),
	};

	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
