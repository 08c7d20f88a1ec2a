/* SPDX-License-Identifier: Apache-2.0 */
/* Placement: known answers on small networks, and what must hold on any. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "place_net.h"

enum { CASES = 150 };

static struct placement *plan(struct test_net *net)
{
	struct placement *p = place_plan(&net->job);

	test_net_check(&net->job, p);
	assert_true(fabs(test_net_load(&net->job, p) - p->u) <= 1e-9 * fmax(1, p->u));
	assert_true(p->bound <= p->u * (1 + 1e-9));
	return p;
}

static void expect_u(struct test_net *net, double u)
{
	struct placement *p = plan(net);

	if (fabs(p->u - u) > 1e-6 * u)
		fail_msg("utilisation %.9f, not %.9f", p->u, u);
	place_free(p);
}

/* --- known answers ------------------------------------------------------------- */

static void a_triangle_splits_in_halves(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 3);
	test_net_link(&net, 0, 1, 10);
	test_net_link(&net, 1, 2, 10);
	test_net_link(&net, 0, 2, 10);
	test_net_demand(&net, 0, 2, 10);
	expect_u(&net, 0.5);
}

static void three_equal_links_carry_a_third_each(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 2);
	for (int i = 0; i < 3; i++)
		test_net_link(&net, 0, 1, 10);
	test_net_demand(&net, 0, 1, 9);
	expect_u(&net, 0.3);
}

/* By cost equal split would be one of them, so it is no measure here. */
static void three_links_of_three_costs_carry_a_third_each(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 2);
	for (int i = 0; i < 3; i++) {
		test_net_link(&net, 0, 1, 10);
		net.links[i].cost = 1 + i;
	}
	test_net_demand(&net, 0, 1, 9);
	expect_u(&net, 0.3);
}

/* A link that costs nothing, like a NIC: the two ends are as far from the end as each other, and equal
 * split must find its way over it, whichever has the lower number. */
static void what_costs_nothing_is_on_the_way(void **state)
{
	(void) state;
	for (uint32_t nic = 1; nic <= 3; nic += 2) {
		struct test_net net;
		uint32_t far = 4 - nic;
		test_net_init(&net, 4);
		test_net_link(&net, 2, nic, 4);                 /* from the switch 2 to its NIC */
		net.links[0].cost = 0;
		net.links[0].mbps[1] = 0;
		test_net_link(&net, nic, far, 10);
		test_net_link(&net, 2, far, 10);                /* a cable, as dear */
		test_net_link(&net, far, 0, 100);
		test_net_demand(&net, 2, 0, 9);
		assert_true(fabs(test_net_ecmp(&net.job) - 1.125) < 1e-9);
		struct placement *p = plan(&net);
		assert_true(fabs(p->u_ecmp - 1.125) < 1e-9);
		assert_true(p->u < 0.65);
		place_free(p);
	}
}

/* More spines than an elephant has paths: plain equal split would be better. */
static void twenty_spines_are_all_used(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 22);
	for (uint32_t i = 0; i < 20; i++) {
		test_net_link(&net, 0, 2 + i, 10);
		test_net_link(&net, 2 + i, 1, 10);
	}
	test_net_demand(&net, 0, 1, 100);
	expect_u(&net, 0.5);
}

static void a_bridge_carries_all(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 4);
	test_net_link(&net, 0, 1, 10);
	test_net_link(&net, 1, 2, 5);
	test_net_link(&net, 2, 3, 10);
	test_net_demand(&net, 0, 3, 4);
	expect_u(&net, 0.8);
}

static void directions_are_apart(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 2);
	test_net_link(&net, 0, 1, 10);
	net.links[0].mbps[1] = 2;
	test_net_demand(&net, 0, 1, 5);
	test_net_demand(&net, 1, 0, 1);
	expect_u(&net, 0.5);
	net.demands[1].mbps = 1.5;
	expect_u(&net, 0.75);
}

static void a_pair_given_twice_is_added_up(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 2);
	test_net_link(&net, 0, 1, 10);
	test_net_demand(&net, 0, 1, 3);
	test_net_demand(&net, 0, 1, 4);
	struct placement *p = plan(&net);
	assert_int_equal(p->n_pairs, 1);
	assert_true(fabs(p->u - 0.7) < 1e-9);
	place_free(p);
}

static void no_demand_wants_the_shortest_path(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 3);
	test_net_link(&net, 0, 2, 1);
	test_net_link(&net, 0, 1, 1000);
	test_net_link(&net, 1, 2, 1000);
	test_net_demand(&net, 0, 2, 0);
	struct placement *p = plan(&net);
	assert_int_equal(p->pairs[0].n_active, 1);
	assert_int_equal(p->pairs[0].paths[0].n_arcs, 1);
	assert_true(p->u <= 0);
	place_free(p);
}

static void what_cannot_be_reached_has_no_path(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 4);
	test_net_link(&net, 0, 1, 10);
	test_net_link(&net, 2, 3, 10);
	test_net_link(&net, 1, 2, 0);
	test_net_demand(&net, 0, 3, 5);
	test_net_demand(&net, 0, 1, 5);
	struct placement *p = plan(&net);
	assert_int_equal(p->n_unreachable, 1);
	assert_int_equal(place_find(p, 0, 3)->n_paths, 0);
	assert_true(fabs(p->u - 0.5) < 1e-9);
	place_free(p);
}

static void nothing_is_a_plan_too(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 1);
	struct placement *p = plan(&net);
	assert_int_equal(p->n_pairs, 0);
	place_free(p);
	test_net_init(&net, 0);
	place_free(plan(&net));
}

static void numbers_that_are_none_count_as_nothing(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 3);
	test_net_link(&net, 0, 1, 10);
	test_net_link(&net, 1, 2, NAN);
	test_net_link(&net, 0, 2, -5);
	test_net_link(&net, 0, 2, INFINITY);
	test_net_link(&net, 1, 2, 1e-3);
	test_net_demand(&net, 0, 1, NAN);
	test_net_demand(&net, 1, 0, -7);
	test_net_demand(&net, 0, 2, INFINITY);
	test_net_demand(&net, 7, 8, 1);
	test_net_demand(&net, 1, 1, 1);
	struct placement *p = plan(&net);
	assert_int_equal(p->n_pairs, 3);
	place_free(p);
}

static void sizes_far_apart(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 3);
	test_net_link(&net, 0, 1, 1e6);
	test_net_link(&net, 1, 2, 1e6);
	test_net_link(&net, 0, 2, 1e-3);
	test_net_demand(&net, 0, 1, 5e5);
	test_net_demand(&net, 0, 2, 1e-3);
	struct placement *p = plan(&net);
	assert_true(p->u < 0.5001);
	place_free(p);
}

/* --- what holds on any network ------------------------------------------------- */

static void any_network(void **state)
{
	unsigned seed = test_net_seed(1);
	(void) state;
	for (int i = 0; i < CASES; i++) {
		struct test_net net;
		test_net_make(&net, &seed);
		struct placement *p = plan(&net), *again = plan(&net);
		test_net_same(p, again);
		place_free(again);
		double u_ecmp = test_net_ecmp(&net.job);
		assert_true(fabs(p->u_ecmp - u_ecmp) <= 1e-6 * u_ecmp);
		if (p->u > u_ecmp * (1 + 1e-6))
			fail_msg("case %d: %.6f, but equal split gives %.6f", i, p->u, u_ecmp);
		assert_true(p->u_unrounded <= p->bound * 1.02);
		place_free(p);
	}
}

static void unrounded_is_close_to_the_bound(void **state)
{
	unsigned seed = test_net_seed(2);
	int n_off = 0;
	(void) state;
	for (int i = 0; i < CASES; i++) {
		struct test_net net;
		test_net_make(&net, &seed);
		net.job.options.unrounded = true;
		struct placement *p = plan(&net);
		if (p->u > p->bound * 1.02)
			fail_msg("case %d: %.6f over a bound of %.6f", i, p->u, p->bound);
		n_off += p->u > p->bound * 1.0031;
		place_free(p);
	}
	assert_true(n_off <= 1);        /* the search may stall, but rarely */
}

static void twice_the_demand_is_twice_the_load(void **state)
{
	unsigned seed = test_net_seed(3);
	(void) state;
	for (int i = 0; i < 30; i++) {
		struct test_net net;
		test_net_make(&net, &seed);
		struct placement *once = plan(&net);
		for (size_t k = 0; k < net.job.n_demands; k++)
			net.demands[k].mbps *= 2;
		struct placement *twice = plan(&net);
		assert_true(fabs(twice->u - 2 * once->u) <= 1e-6 * once->u);
		place_free(once);
		place_free(twice);
	}
}

static void nothing_changed_changes_nothing(void **state)
{
	unsigned seed = test_net_seed(4);
	(void) state;
	for (int i = 0; i < CASES; i++) {
		struct test_net net;
		test_net_make(&net, &seed);
		struct placement *p = plan(&net);
		net.job.running = p;
		struct placement *q = plan(&net), *stay = place_stay(&net.job);
		test_net_check(&net.job, stay);
		assert_int_equal(stay->n_changed, 0);
		assert_true(stay->moved_mbps <= 1e-9 * stay->total_mbps);
		assert_true(fabs(stay->u - p->u) <= 1e-9 * p->u);
		/* Either it is left alone, or it got better. */
		if (q->n_changed)
			assert_true(q->u < p->u);
		place_free(stay);
		place_free(q);
		place_free(p);
	}
}

/* Links renumbered under a running placement: it is not believed. */
static void what_runs_elsewhere_is_not_believed(void **state)
{
	unsigned seed = test_net_seed(8);
	(void) state;
	for (int i = 0; i < 40; i++) {
		struct test_net net;
		test_net_make(&net, &seed);
		struct placement *p = plan(&net);
		for (uint32_t k = 0; k < net.job.n_links / 2; k++) {
			struct place_link link = net.links[k];
			net.links[k] = net.links[net.job.n_links - 1 - k];
			net.links[net.job.n_links - 1 - k] = link;
		}
		net.job.running = p;
		place_free(plan(&net));
		struct placement *stay = place_stay(&net.job);
		test_net_check(&net.job, stay);
		place_free(stay);
		place_free(p);
	}
}

/* A little more of one demand moves a little: most of the best plan may stay. */
static void a_small_change_moves_little(void **state)
{
	unsigned seed = test_net_seed(9);
	double moved = 0, total = 0;
	(void) state;
	for (int i = 0; i < 60; i++) {
		struct test_net net;
		test_net_make(&net, &seed);
		struct placement *p = plan(&net);
		for (size_t k = 0; k < net.job.n_demands; k += 10)
			net.demands[k].mbps *= 1.1;
		net.job.running = p;
		struct placement *q = plan(&net);
		if (q->total_mbps > 0)
			moved += q->moved_mbps / q->total_mbps;
		total++;
		place_free(q);
		place_free(p);
	}
	print_message("moved %.4f of the traffic\n", moved / total);
	assert_true(moved / total < 0.02);
}

static bool uses(const struct test_net *net, const struct place_path *path, uint32_t link)
{
	for (uint32_t i = 0; i < path->n_arcs; i++) {
		uint32_t other = path->arcs[i] / 2, risk = net->links[link].risk;
		if (other == link || (risk && net->links[other].risk == risk))
			return true;
	}
	return false;
}

static void cut(struct test_net *net, uint32_t link, bool down)
{
	for (uint32_t i = 0; i < net->job.n_links; i++)
		if (i == link || (net->links[link].risk && net->links[i].risk == net->links[link].risk))
			net->links[i].down = down;
}

/* A pair moves no more slots than the new shares ask for. */
static void check_fewest_slots_moved(const struct placement *old, const struct placement *now)
{
	for (size_t i = 0; i < now->n_pairs; i++) {
		const struct place_pair *b = &now->pairs[i], *a = place_find(old, b->src, b->dst);
		uint32_t stay = 0, may_stay = 0;
		if (!b->n_paths || a->n_slots != b->n_slots)
			continue;
		for (uint32_t x = 0; x < a->n_active; x++)
			for (uint32_t y = 0; y < b->n_active; y++) {
				const struct place_path *p = &a->paths[x], *q = &b->paths[y];
				if (p->n_arcs != q->n_arcs || memcmp(p->arcs, q->arcs, p->n_arcs * sizeof *p->arcs))
					continue;
				may_stay += p->n_slots < q->n_slots ? p->n_slots : q->n_slots;
				for (uint32_t slot = 0; slot < a->n_slots; slot++)
					stay += a->slots[slot] == x && b->slots[slot] == y;
			}
		assert_int_equal(stay, may_stay);
	}
}

/* Every active path over the link has a standby that avoids it, unless nothing does. */
static void check_standbys(struct test_net *net, const struct placement *p, uint32_t link)
{
	for (size_t i = 0; i < p->n_pairs; i++) {
		const struct place_pair *pair = &p->pairs[i];
		for (uint32_t k = 0; k < pair->n_active; k++) {
			const struct place_path *path = &pair->paths[k];
			bool avoided = !uses(net, path, link);
			for (uint32_t n = 0; n < path->n_standbys; n++)
				avoided = avoided || !uses(net, &pair->paths[path->standbys[n]], link);
			if (!avoided && test_net_reaches(&net->job, pair->src, pair->dst))
				fail_msg("link %u: %u to %u has no standby", link, pair->src, pair->dst);
		}
	}
}

static void every_cut_has_a_standby_and_a_better_plan(void **state)
{
	unsigned seed = test_net_seed(5);
	(void) state;
	for (int i = 0; i < 40; i++) {
		struct test_net net;
		test_net_make(&net, &seed);
		for (uint32_t k = 0; i % 2 && k + 7 < net.job.n_links; k += 7)
			net.links[k].risk = net.links[k + 3].risk = k + 1;
		struct placement *p = plan(&net);
		for (uint32_t link = 0; link < net.job.n_links; link++) {
			net.job.running = NULL;
			cut(&net, link, true);
			check_standbys(&net, p, link);
			struct placement *cold = plan(&net);
			net.job.running = p;
			struct placement *warm = plan(&net);
			assert_int_equal(warm->n_unreachable, cold->n_unreachable);
			assert_true(warm->u_unrounded <= cold->bound * 1.02);
			check_fewest_slots_moved(p, warm);
			place_free(warm);
			place_free(cold);
			cut(&net, link, false);
		}
		place_free(p);
	}
}

/* A zigzag: any other path meets the active one, each at another link. */
static void one_standby_is_not_enough(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 4);
	test_net_link(&net, 0, 1, 100);      /* the active path: 0 1 2 3 */
	test_net_link(&net, 1, 2, 100);
	test_net_link(&net, 2, 3, 100);
	test_net_link(&net, 0, 2, 1);
	test_net_link(&net, 1, 3, 1);
	test_net_demand(&net, 0, 3, 0.5);
	for (int i = 3; i < 5; i++)
		net.links[i].cost = 10;
	struct placement *p = place_stay(&net.job);
	const struct place_path *path = &p->pairs[0].paths[0];
	assert_int_equal(path->n_arcs, 3);
	assert_int_equal(path->n_standbys, 2);
	for (uint32_t link = 0; link < 3; link++)
		check_standbys(&net, p, link);
	place_free(p);
}

/* --- stopping early ------------------------------------------------------------ */

static bool at_once(void *ctx)
{
	++*(int *) ctx;
	return true;
}

static void out_of_time_is_still_a_plan(void **state)
{
	unsigned seed = test_net_seed(6);
	(void) state;
	for (int i = 0; i < 60; i++) {
		struct test_net net;
		test_net_make(&net, &seed);
		struct placement *p = plan(&net);
		for (uint64_t work = 1; work < 1000000; work *= 10) {
			net.job.options.work = work;
			net.job.running = NULL;
			struct placement *cold = plan(&net);
			if (work == 1 && net.job.n_demands)
				assert_true(cold->cut_short);
			place_free(cold);
			net.job.running = p;
			struct placement *q = plan(&net);
			assert_true(q->u <= p->u * (1 + 1e-9));
			place_free(q);
		}
		place_free(p);
	}
}

static void the_clock_is_asked(void **state)
{
	unsigned seed = test_net_seed(7);
	int asked = 0;
	struct test_net net;
	(void) state;
	do
		test_net_make(&net, &seed);
	while (net.job.n_demands < 100);
	net.job.options.late = at_once;
	net.job.options.ctx = &asked;
	struct placement *p = plan(&net);
	assert_true(asked > 0);
	assert_true(p->cut_short);
	place_free(p);
}

/* Slots of one path stand apart, for a dead one's traffic goes to the next. */
static void slots_are_dealt_in_turns(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 2);
	test_net_link(&net, 0, 1, 10);
	test_net_link(&net, 0, 1, 10);
	test_net_demand(&net, 0, 1, 10);
	struct placement *p = plan(&net);
	const struct place_pair *pair = &p->pairs[0];
	assert_int_equal(pair->n_slots, 64);
	for (uint32_t i = 1; i < pair->n_slots; i++)
		assert_int_not_equal(pair->slots[i], pair->slots[i - 1]);
	place_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_triangle_splits_in_halves),
		cmocka_unit_test(three_equal_links_carry_a_third_each),
		cmocka_unit_test(three_links_of_three_costs_carry_a_third_each),
		cmocka_unit_test(what_costs_nothing_is_on_the_way),
		cmocka_unit_test(twenty_spines_are_all_used),
		cmocka_unit_test(a_bridge_carries_all),
		cmocka_unit_test(directions_are_apart),
		cmocka_unit_test(a_pair_given_twice_is_added_up),
		cmocka_unit_test(no_demand_wants_the_shortest_path),
		cmocka_unit_test(what_cannot_be_reached_has_no_path),
		cmocka_unit_test(nothing_is_a_plan_too),
		cmocka_unit_test(numbers_that_are_none_count_as_nothing),
		cmocka_unit_test(sizes_far_apart),
		cmocka_unit_test(any_network),
		cmocka_unit_test(unrounded_is_close_to_the_bound),
		cmocka_unit_test(twice_the_demand_is_twice_the_load),
		cmocka_unit_test(nothing_changed_changes_nothing),
		cmocka_unit_test(a_small_change_moves_little),
		cmocka_unit_test(what_runs_elsewhere_is_not_believed),
		cmocka_unit_test(every_cut_has_a_standby_and_a_better_plan),
		cmocka_unit_test(one_standby_is_not_enough),
		cmocka_unit_test(out_of_time_is_still_a_plan),
		cmocka_unit_test(the_clock_is_asked),
		cmocka_unit_test(slots_are_dealt_in_turns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
