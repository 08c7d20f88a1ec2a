/* SPDX-License-Identifier: Apache-2.0 */
/* sync: rows that the switch refuses, at every place where it may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/ofproto/sync_rows.h"

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
	synced_start_empty(b);
	for (uint32_t i = 0; i < 200; i++)
		synced_want_flow(b, i, 1, plain);
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
		synced_want_flow(b, i, 2, plain);
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
	synced_start_empty(b);
	synced_group(b, 1, 1, &rule), synced_want(b, &rule);
	for (uint32_t i = 0; i < 100; i++)
		synced_flow_to_group(b, i, 1, &rule), synced_want(b, &rule);
	synced_want_flow(b, 1000, 1, false);
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

	synced_start_empty(b);
	synced_want_flow(b, 1, 1, false);
	synced_want_flow(b, 2, 1, false);
	bench_settle(b);
	fake_knobs(b->f)->refuse = refuse_deletes;
	synced_unwant_flow(b, 1);
	synced_want_flow(b, 3, 1, false);
	bench_settle(b);
	assert_int_equal(b->n_refused, 1);
	assert_true(ledger_at_rest(b->ledger));
	assert_int_equal(fake_n_rows(b->f, RULE_FLOW), 3);
}

static void test_without_bundles(void **state)
{
	struct bench *b = *state;
	struct fake_counts counts;
	struct sync_counts sc;
	struct rule rule;

	fake_knobs(b->f)->no_bundles = true;
	synced_start_empty(b);
	synced_group(b, 1, 7, &rule), synced_want(b, &rule);
	synced_flow_to_group(b, 1, 1, &rule), synced_want(b, &rule);
	bench_settle(b);
	bench_compare(b);
	assert_int_equal(b->n_refused, 0);
	/* One behind the bundle that was not to be, one between group and flow, one last. */
	fake_count(b->f, &counts);
	assert_int_equal(counts.n_barriers, 3);
	synced_want_flow(b, 2, 1, false);
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
	synced_start_empty(b);
	synced_want_flow(b, 2, 1, false);
	bench_settle(b);
	bench_compare(b);
	assert_int_equal(b->n_failed, 0);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, synced_up, synced_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_refused_at_commit), TEST(test_refused_at_add), TEST(test_refused_without_bundles),
		TEST(test_refused_plain), TEST(test_refused_group), TEST(test_refused_delete),
		TEST(test_without_bundles), TEST(test_without_groups_and_meters),
	};

	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
