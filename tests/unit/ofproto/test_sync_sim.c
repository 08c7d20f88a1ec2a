/* SPDX-License-Identifier: Apache-2.0 */
/* test_sync_sim: sync in a hostile world: wishes change, rows are refused, expire
 * or are changed by another hand, the connection goes at any byte, the switch
 * has bundles or has not, the controller starts anew. Whatever happened, at
 * rest what is wanted is there, what is ours and there is wanted, and what is
 * not ours is as it was.
 *
 * SEED=n EPISODES=n replays and prolongs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "ofproto/ovs.h"
#include "ofproto/wire.h"
#include "tests/unit/ofproto/sync_bench.h"

enum { N_FLOWS = 60, N_GROUPS = 8, N_METERS = 4, N_FOREIGN = 20, STEPS = 400, TABLE_FOREIGN = 3 };

/* The wish, from which rows are made again after a restart. 0 = not wanted. */
struct wish {
	uint32_t flows[N_FLOWS];        /* port, or 1000 + group + 1 */
	uint32_t groups[N_GROUPS];      /* port */
	uint32_t meters[N_METERS];      /* rate */
};

struct sim {
	struct bench *b;
	struct wish wish;
	uint64_t foreign[N_FOREIGN];            /* digest, 0 = not put */
	uint64_t squatters[N_FLOWS];            /* foreign rows on our keys */
	uint32_t refuse_mask;           /* flows whose number has these bits ... */
	uint32_t refuse_groups;         /* bits of group numbers */
	bool online;
};

static uint64_t seed, current;
/* What has happened in all episodes: a world that is too kind proves nothing. */
static struct { uint64_t n_mods, n_refused, n_bundles, n_bundles_refused, n_drift, n_squatters, n_dumps; } lived;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t) (seed >> 33) % n;
}

/* --- rows --------------------------------------------------------------------------------- */

static bool is_plain(uint32_t n) { return n % 3 == 0; }

static void flow_rule(struct sim *s, uint32_t n, uint32_t what, struct rule *ret)
{
	bench_flow(s->b, n, 1 + n % 2, is_plain(n));
	if (what > 1000)
		act_group(s->b->build, GROUP_OURS_FIRST + what - 1001);
	else
		act_output(s->b->build, what);
	bench_end(s->b, ret);
}

static void group_rule(struct sim *s, uint32_t n, uint32_t port, struct rule *ret)
{
	build_group(s->b->build, GROUP_OURS_FIRST + n, GROUP_INDIRECT);
	build_bucket(s->b->build, 0, 0);
	act_output(s->b->build, port);
	bench_end(s->b, ret);
}

static void meter_rule(struct sim *s, uint32_t n, uint32_t rate, struct rule *ret)
{
	build_meter(s->b->build, METER_OURS_FIRST + n, true, rate, rate);
	bench_end(s->b, ret);
}

static void foreign_rule(struct sim *s, uint32_t n, struct rule *ret)
{
	bench_flow(s->b, n, TABLE_FOREIGN, false);
	act_output(s->b->build, 42);
	bench_end(s->b, ret);
	wire_put_u64((uint8_t *) ret->msg + FLOW_COOKIE, 0x1122334455667788ULL + n);
}

static void set(struct sim *s, const struct rule *rule, bool wanted)
{
	if (wanted)
		ledger_want(s->b->ledger, 1, rule);
	else
		ledger_unwant(s->b->ledger, rule);
}

static void set_flow(struct sim *s, uint32_t n, uint32_t what)
{
	struct rule rule;

	flow_rule(s, n, what ? what : 1, &rule);
	set(s, &rule, what != 0);
	s->wish.flows[n] = what;
}

static void set_group(struct sim *s, uint32_t n, uint32_t port)
{
	struct rule rule;

	group_rule(s, n, port ? port : 1, &rule);
	set(s, &rule, port != 0);
	s->wish.groups[n] = port;
}

static void set_meter(struct sim *s, uint32_t n, uint32_t rate)
{
	struct rule rule;

	meter_rule(s, n, rate ? rate : 1, &rule);
	set(s, &rule, rate != 0);
	s->wish.meters[n] = rate;
}

static void set_all(struct sim *s)
{
	struct wish wish = s->wish;

	for (uint32_t n = 0; n < N_METERS; n++)
		if (wish.meters[n])
			set_meter(s, n, wish.meters[n]);
	for (uint32_t n = 0; n < N_GROUPS; n++)
		if (wish.groups[n])
			set_group(s, n, wish.groups[n]);
	for (uint32_t n = 0; n < N_FLOWS; n++)
		if (wish.flows[n])
			set_flow(s, n, wish.flows[n]);
}

/* --- the world ------------------------------------------------------------------------------- */

static bool refuse(void *ctx, const struct rule *rule, bool deletes)
{
	const struct sim *s = ctx;

	if (deletes)
		return false;
	if (rule->kind == RULE_FLOW)
		return s->refuse_mask && (rule_cookie(rule) & s->refuse_mask) == s->refuse_mask;
	if (rule->kind == RULE_GROUP)
		return (s->refuse_groups >> (rule_id(rule) - GROUP_OURS_FIRST) & 1) != 0;
	return false;
}

static void go_online(struct sim *s)
{
	struct fake_knobs *k = fake_knobs(s->b->f);

	k->no_bundles = rnd(4) == 0;
	k->refuse_at_add = rnd(2) == 0;
	k->piece = 100 + rnd(3000);
	bench_start(s->b);
	s->online = true;
}

static void go_offline(struct sim *s)
{
	sync_stop(s->b->sync);
	fake_disconnect(s->b->f);
	s->online = false;
}

static void wish_something(struct sim *s)
{
	uint32_t n;

	switch (rnd(10)) {
	case 0:
		set_meter(s, rnd(N_METERS), rnd(3) * 100);
		break;
	case 1:
		set_group(s, rnd(N_GROUPS), 1 + rnd(5));
		break;
	case 2:
		/* A group goes when no flow wants it. */
		n = rnd(N_GROUPS);
		for (uint32_t i = 0; i < N_FLOWS; i++)
			if (s->wish.flows[i] == 1001 + n)
				set_flow(s, i, rnd(2) ? 7 : 0);
		set_group(s, n, 0);
		break;
	case 3:
	case 4:
		n = rnd(N_GROUPS);
		if (!s->wish.groups[n])
			set_group(s, n, 1 + rnd(5));
		set_flow(s, rnd(N_FLOWS), 1001 + n);
		break;
	case 5:
	case 6:
		set_flow(s, rnd(N_FLOWS), 0);
		break;
	default:
		set_flow(s, rnd(N_FLOWS), 1 + rnd(5));
		break;
	}
}

static bool squatted(const struct sim *s, const struct rule *rule)
{
	const struct rule *there = fake_find(s->b->f, rule);

	return there && !rule_is_ours(there);
}

static void meddle(struct sim *s)
{
	uint32_t n = rnd(N_FLOWS);
	struct rule rule;

	switch (rnd(7)) {
	case 0:
		flow_rule(s, n, 1, &rule);
		if (!squatted(s, &rule))
			fake_remove(s->b->f, &rule);
		break;
	case 1:
		flow_rule(s, n, 99, &rule);
		if (!squatted(s, &rule))
			fake_put(s->b->f, &rule);
		break;
	case 2:
		flow_rule(s, n, 1, &rule);
		if (!squatted(s, &rule))
			fake_expire(s->b->f, &rule, OFPRR_IDLE_TIMEOUT);
		break;
	case 3:
		group_rule(s, rnd(N_GROUPS), 9, &rule);
		fake_put(s->b->f, &rule);
		break;
	case 4:
		meter_rule(s, rnd(N_METERS), 9, &rule);
		if (rnd(2))
			fake_put(s->b->f, &rule);
		else
			fake_remove(s->b->f, &rule);
		break;
	case 5:
		n = rnd(N_FOREIGN);
		foreign_rule(s, n, &rule);
		fake_put(s->b->f, &rule);
		s->foreign[n] = rule_digest(fake_find(s->b->f, &rule));
		break;
	case 6:
		/* A foreign row on a key of ours: only while nobody could know of it. */
		flow_rule(s, n, 1, &rule);
		if (s->online || fake_find(s->b->f, &rule))
			break;
		wire_put_u64((uint8_t *) rule.msg + FLOW_COOKIE, 5);
		fake_put(s->b->f, &rule);
		s->squatters[n] = rule_digest(fake_find(s->b->f, &rule));
		break;
	}
}

/* n in a hundred. */
static bool chance(uint32_t n) { return rnd(100) < n; }

static void step_connection(struct sim *s)
{
	if (!s->online) {
		if (chance(30))
			go_online(s);
	} else if (chance(1)) {
		go_offline(s);
	} else if (chance(1)) {
		go_offline(s);
		bench_restart(s->b);
		set_all(s);
	}
}

static void step(struct sim *s)
{
	if (chance(50))
		wish_something(s);
	if (chance(15))
		meddle(s);
	if (chance(2))
		s->refuse_mask = rnd(2) ? 1u << rnd(6) | 1u << rnd(6) : 0;
	if (chance(1))
		s->refuse_groups = rnd(2) ? 1u << rnd(N_GROUPS) : 0;
	step_connection(s);
	if (!s->online)
		return;
	if (chance(20))
		sync_audit(s->b->sync, s->b->now);
	if (chance(50))
		bench_run(s->b);
	if (chance(50))
		fake_work(s->b->f, rnd(15));
	if (chance(50))
		bench_deliver(s->b, rnd(15));
	if (chance(10))
		bench_settle(s->b);
	s->b->now += rnd(5);
	sync_tick(s->b->sync, s->b->now);
}

/* --- at rest ------------------------------------------------------------------------------------ */

static void come_to_rest(struct sim *s)
{
	unsigned before;

	if (!s->online)
		go_online(s);
	bench_settle(s->b);
	do {
		before = s->b->n_drift;
		for (int i = 0; i < 6; i++) {
			sync_audit(s->b->sync, s->b->now);
			bench_settle(s->b);
		}
	} while (s->b->n_drift != before);
}

static void check_foreign(struct sim *s)
{
	const struct rule *there;
	struct rule rule;

	for (uint32_t n = 0; n < N_FOREIGN; n++) {
		foreign_rule(s, n, &rule);
		there = fake_find(s->b->f, &rule);
		assert_true((there ? rule_digest(there) : 0) == s->foreign[n]);
	}
	for (uint32_t n = 0; n < N_FLOWS; n++) {
		if (!s->squatters[n])
			continue;
		flow_rule(s, n, 1, &rule);
		there = fake_find(s->b->f, &rule);
		assert_non_null(there);
		assert_true(rule_digest(there) == s->squatters[n]);
	}
}

/* Every wish is there, or the ledger says why not. */
static void check_wishes(struct sim *s)
{
	for (uint32_t n = 0; n < N_FLOWS; n++) {
		const struct row *row;
		struct rule rule;

		if (!s->wish.flows[n])
			continue;
		flow_rule(s, n, s->wish.flows[n], &rule);
		row = ledger_find(s->b->ledger, &rule);
		assert_non_null(row);
		assert_true(row->want == rule_digest(&rule));
		assert_true(row->have == row->want || row->refused || row->foreign);
		assert_int_equal(row->foreign, s->squatters[n] != 0);
	}
}

static void check_restart(struct sim *s)
{
	struct fake_counts before, after;
	struct ledger_counts lc;

	ledger_count(s->b->ledger, &lc);
	if (lc.n_refused)
		return;
	go_offline(s);
	bench_restart(s->b);
	set_all(s);
	fake_count(s->b->f, &before);
	go_online(s);
	bench_settle(s->b);
	fake_count(s->b->f, &after);
	assert_int_equal(before.n_flow_mods, after.n_flow_mods);
	assert_int_equal(before.n_group_mods, after.n_group_mods);
	assert_int_equal(before.n_meter_mods, after.n_meter_mods);
	assert_int_equal(s->b->n_ready, 1);
	bench_compare(s->b);
}

static void live(const struct sim *s)
{
	struct fake_counts counts;

	fake_count(s->b->f, &counts);
	lived.n_mods += counts.n_flow_mods + counts.n_group_mods + counts.n_meter_mods;
	lived.n_bundles += counts.n_bundles;
	lived.n_bundles_refused += counts.n_bundles_refused;
	lived.n_dumps += counts.n_dumps;
	lived.n_refused += s->b->n_refused;
	lived.n_drift += s->b->n_drift;
	for (int n = 0; n < N_FLOWS; n++)
		lived.n_squatters += s->squatters[n] != 0;
}

static void episode(uint64_t start)
{
	struct sim s = { .b = bench_new() };

	seed = start;
	fake_knobs(s.b->f)->refuse = refuse;
	fake_knobs(s.b->f)->refuse_ctx = &s;
	for (int i = 0; i < STEPS; i++)
		step(&s);
	s.refuse_mask = rnd(2) ? s.refuse_mask : 0;
	come_to_rest(&s);
	assert_int_equal(s.b->n_failed, 0);
	bench_compare(s.b);
	check_wishes(&s);
	check_foreign(&s);
	check_restart(&s);
	check_foreign(&s);
	live(&s);
	bench_free(s.b);
}

static void test_sim(void **state)
{
	const char *given = getenv("SEED"), *number = getenv("EPISODES");
	uint64_t first = given ? strtoull(given, NULL, 0) : (uint64_t) time(NULL) * 1000;
	uint64_t n = number ? strtoull(number, NULL, 0) : given ? 1 : 60;

	(void) state;
	for (uint64_t i = 0; i < n; i++) {
		current = first + i;
		episode(current);
	}
	printf("%llu mods, %llu refused, %llu bundles, %llu refused, %llu drifts, %llu dumps, %llu squatters\n",
	       (unsigned long long) lived.n_mods, (unsigned long long) lived.n_refused,
	       (unsigned long long) lived.n_bundles, (unsigned long long) lived.n_bundles_refused,
	       (unsigned long long) lived.n_drift, (unsigned long long) lived.n_dumps,
	       (unsigned long long) lived.n_squatters);
	if (n < 60)
		return;
	assert_true(lived.n_mods && lived.n_refused && lived.n_bundles && lived.n_bundles_refused
		    && lived.n_drift && lived.n_squatters);
}

static int say_seed(void **state)
{
	(void) state;
	printf("the last episode was SEED=%llu\n", (unsigned long long) current);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(test_sim, say_seed) };

	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return cmocka_run_group_tests_name("sync_sim", tests, NULL, NULL);
}
