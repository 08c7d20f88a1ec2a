/* SPDX-License-Identifier: Apache-2.0 */
/* Dealing slots by what they carry: skewed ones, one elephant, noise, a new plan. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "topo/demand.h"
#include "topo/te_deal.h"

enum { W = 16, MAX_PATHS = 3 };

/* A pair over paths of one link each: link k is arc 2k, of 100 Mbit/s. */
struct table {
	struct place_pair plan;
	struct place_path paths[MAX_PATHS];
	uint32_t arcs[MAX_PATHS];
	uint8_t now[W];
	double mbps[W], noise[W], others[2 * MAX_PATHS], capacity[2 * MAX_PATHS];
	struct te_deal deal;
};

static void lay(struct table *t, uint32_t n, const double *shares)
{
	*t = (struct table) { .plan = { .dst = 1, .paths = t->paths, .n_paths = n, .n_active = n, .n_slots = W } };
	for (uint32_t k = 0; k < n; k++) {
		t->arcs[k] = 2 * k;
		t->paths[k] = (struct place_path) { .arcs = &t->arcs[k], .n_arcs = 1, .share = shares[k] };
		t->capacity[2 * k] = t->capacity[2 * k + 1] = 100;
	}
	double sum = 0;
	for (uint32_t s = 0, k = 0; s < W; s++) {
		while (k < n - 1 && s + 0.5 > W * (sum + shares[k]))
			sum += shares[k++];
		t->now[s] = (uint8_t) k;
		t->plan.slots[s] = (uint8_t) k;
		t->paths[k].n_slots++;
		t->mbps[s] = 5;
	}
	t->deal = (struct te_deal) {
		.plan = &t->plan, .now = t->now, .mbps = t->mbps, .noise = t->noise, .others = t->others,
		.capacity = t->capacity, .goal = 0.7,
	};
}

static const double halves[] = { 0.5, 0.5 }, thirds[] = { 0.5, 0.25, 0.25 };

static double carried(const struct table *t, const uint8_t *slots, uint8_t path)
{
	double mbps = 0;
	for (uint32_t s = 0; s < W; s++)
		mbps += slots[s] == path ? t->mbps[s] : 0;
	return mbps;
}

static void equal_slots_stay(void **state)
{
	struct table t;
	struct te_dealt d;
	(void) state;
	lay(&t, 3, thirds);
	te_deal(&t.deal, &d);
	assert_false(d.changed);
	assert_memory_equal(d.slots, t.now, W);
	assert_true(d.error_before < 1e-9 && d.n_moved == 0 && fabs(d.u_before - 0.4) < 1e-9 && d.busiest == 0);
	memset(t.mbps, 0, sizeof t.mbps);
	te_deal(&t.deal, &d);
	assert_true(!d.changed && d.busiest == PLACE_NONE);
}

static void skewed_slots_are_dealt_with_few_moves(void **state)
{
	struct table t;
	struct te_dealt d, again;
	(void) state;
	lay(&t, 2, halves);
	/* 60 + 20. */
	for (uint32_t s = 0; s < W; s++)
		t.mbps[s] = s < 8 ? 7.5 : 2.5;
	te_deal(&t.deal, &d);
	assert_true(d.changed);
	assert_true(fabs(d.error_before - 0.25) < 1e-9);
	assert_true(fabs(carried(&t, d.slots, 0) - 40) <= 1);
	/* 20 have to go: two and a half slots by themselves, an exchange for what is left. */
	assert_true(d.n_moved <= 5);
	te_deal(&t.deal, &again);
	assert_memory_equal(&again, &d, sizeof d);
	memcpy(t.now, d.slots, W);
	te_deal(&t.deal, &again);
	assert_false(again.changed);
}

static void an_elephant_has_a_path_for_itself(void **state)
{
	struct table t;
	struct te_dealt d;
	(void) state;
	lay(&t, 2, halves);
	/* 40 of 80 in one slot: 60 on its path. */
	for (uint32_t s = 0; s < W; s++)
		t.mbps[s] = s == 3 ? 40 : 40.0 / 15;
	te_deal(&t.deal, &d);
	assert_true(d.changed);
	assert_true(d.busiest == 0 && fabs(d.u_before - 0.5867) < 1e-3 && fabs(d.u_there - 0.4) < 1e-6);
	assert_true(te_is_elephant(&t.deal, 3, 0) && !te_is_elephant(&t.deal, 4, 0));
	assert_int_equal(d.slots[3], 0);
	assert_true(fabs(carried(&t, d.slots, 0) - 40) < 1e-6);
	assert_int_equal(d.n_moved, 7);
	/* No larger than the others, or small for the link: none. */
	t.mbps[3] = 4;
	assert_false(te_is_elephant(&t.deal, 3, 0));
	t.mbps[3] = 9.9;
	assert_false(te_is_elephant(&t.deal, 3, 0));
}

/* Larger than its part of the plan: what can go goes, and then it rests. */
static void a_slot_is_not_cut(void **state)
{
	struct table t;
	struct te_dealt d;
	(void) state;
	lay(&t, 2, halves);
	for (uint32_t s = 0; s < W; s++)
		t.mbps[s] = s == 0 ? 60 : 1;
	te_deal(&t.deal, &d);
	assert_true(d.changed && d.slots[0] == 0 && d.n_moved == 7);
	assert_true(fabs(d.error_after - 22.5 / 75) < 1e-6);
	memcpy(t.now, d.slots, W);
	te_deal(&t.deal, &d);
	assert_false(d.changed);
	/* No path is left without a slot: it would be none of the pair's any more. */
	lay(&t, 2, halves);
	memset(t.mbps, 0, sizeof t.mbps);
	t.mbps[8] = 80;
	for (uint32_t s = 0; s < 8; s++)
		t.now[s] = 1;
	t.now[0] = 0;
	t.mbps[0] = 0.1;
	te_deal(&t.deal, &d);
	assert_false(d.changed);
}

static void an_elephant_moves_only_off_a_hot_link(void **state)
{
	struct table t;
	struct te_dealt d;
	(void) state;
	lay(&t, 2, halves);
	/* Two elephants share a path with one small slot: 51 + 13. */
	for (uint32_t s = 0; s < W; s++)
		t.mbps[s] = s < 2 ? 20 : 12.0 / 14 * 2;
	te_deal(&t.deal, &d);
	assert_true(d.changed && d.slots[0] == 0 && d.slots[1] == 0);
	/* The same beside other traffic: its link is above the goal even alone. */
	t.others[0] = 45;
	te_deal(&t.deal, &d);
	assert_true(d.changed && (d.slots[0] == 1 || d.slots[1] == 1));
	assert_true(fabs(carried(&t, d.slots, 0) - carried(&t, d.slots, 1)) < 2.5);
}

static void what_does_not_matter_stays(void **state)
{
	struct table t;
	struct te_dealt d;
	(void) state;
	lay(&t, 2, halves);
	for (uint32_t s = 0; s < W; s++)
		t.mbps[s] = s < 8 ? 7.5 : 2.5;
	/* The links are idle. */
	for (uint32_t arc = 0; arc < 4; arc++)
		t.capacity[arc] = 1000;
	te_deal(&t.deal, &d);
	assert_false(d.changed);
	/* The busiest link is another one, and stays what it is. */
	lay(&t, 2, halves);
	for (uint32_t s = 0; s < W; s++)
		t.mbps[s] = s < 8 ? 7.5 : 2.5;
	t.others[2] = 70;
	te_deal(&t.deal, &d);
	assert_false(d.changed);
	/* They shake by more than the error. */
	t.others[2] = 0;
	for (uint32_t s = 0; s < W; s++)
		t.noise[s] = 3;
	te_deal(&t.deal, &d);
	assert_false(d.changed);
}

static void a_new_plan_takes_over_what_it_can(void **state)
{
	struct table t;
	struct te_dealt d;
	(void) state;
	lay(&t, 3, thirds);
	t.deal.must = true;
	memset(t.now + 12, TE_DEAL_GONE, 4);
	for (uint32_t s = 0; s < W; s++)
		t.mbps[s] = s == 13 ? 20 : 4;
	te_deal(&t.deal, &d);
	assert_true(d.changed && d.slots[13] == 2);
	assert_memory_equal(d.slots, t.now, 11);
	assert_true(d.error_after < 0.05);
	/* Nothing is known of them, and none has a path. */
	memset(t.now, TE_DEAL_GONE, W);
	for (uint32_t s = 0; s < W; s++)
		t.mbps[s] = 1;
	te_deal(&t.deal, &d);
	assert_true(carried(&t, d.slots, 0) == 8 && carried(&t, d.slots, 1) == 4 && carried(&t, d.slots, 2) == 4);
}

static double gauss(uint64_t *random)
{
	double sum = 0;
	for (int i = 0; i < 12; i++) {
		*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
		sum += (double) (*random >> 11) / (double) (1ULL << 53);
	}
	return sum - 6;
}

/* Flows of random sizes fall into slots; then each slot shakes by 5 %, for a thousand looks. */
static void noise_moves_nothing_after_the_first_deal(void **state)
{
	(void) state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct table t;
		struct demand demands[W] = { 0 };
		struct te_dealt d;
		uint64_t random = seed, ms = 1000;
		double mean[W] = { 0 };
		unsigned n = 0, last = 0;
		lay(&t, 3, thirds);
		for (int flow = 0; flow < 40; flow++)
			mean[(random >> 40) % W] += flow ? 1.4 + 0.7 * gauss(&random) : gauss(&random) + 20;
		for (unsigned look = 0; look < 1000; look++, ms += 5000) {
			for (uint32_t s = 0; s < W; s++) {
				demand_sample(&demands[s], mean[s] * (1 + 0.05 * gauss(&random)), 5000, ms);
				t.mbps[s] = demand_recent(&demands[s], ms);
				t.noise[s] = demands[s].noise;
			}
			if (look < 4)
				continue;
			te_deal(&t.deal, &d);
			n += d.changed;
			last = d.changed ? look : last;
			memcpy(t.now, d.slots, W);
		}
		if (n > 1)
			fail_msg("seed %u: %u deals, the last at look %u", (unsigned) seed, n, last);
	}
}

static void paths_are_known_by_their_links(void **state)
{
	struct table t, other;
	(void) state;
	lay(&t, 3, thirds);
	lay(&other, 2, halves);
	assert_int_equal(te_deal_path(&t.plan, &other.paths[0]), 0);
	other.arcs[0] = 4;
	assert_int_equal(te_deal_path(&t.plan, &other.paths[0]), 2);
	other.arcs[0] = 5;
	assert_int_equal(te_deal_path(&t.plan, &other.paths[0]), TE_DEAL_GONE);
	other.paths[0].n_arcs = 0;
	assert_int_equal(te_deal_path(&t.plan, &other.paths[0]), TE_DEAL_GONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_slots_stay),
		cmocka_unit_test(skewed_slots_are_dealt_with_few_moves),
		cmocka_unit_test(an_elephant_has_a_path_for_itself),
		cmocka_unit_test(a_slot_is_not_cut),
		cmocka_unit_test(an_elephant_moves_only_off_a_hot_link),
		cmocka_unit_test(what_does_not_matter_stays),
		cmocka_unit_test(a_new_plan_takes_over_what_it_can),
		cmocka_unit_test(noise_moves_nothing_after_the_first_deal),
		cmocka_unit_test(paths_are_known_by_their_links),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
