/* SPDX-License-Identifier: Apache-2.0 */
/* Placement under rules: pins, links to keep off, a ceiling for delay. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "place_net.h"

enum { CASES = 120 };

/* Nodes 0 and 3, joined over 1 and over 2; and directly, dearly. */
static void make_square(struct test_net *net)
{
	test_net_init(net, 4);
	test_net_link(net, 0, 1, 10);
	test_net_link(net, 1, 3, 10);
	test_net_link(net, 0, 2, 10);
	test_net_link(net, 2, 3, 10);
	test_net_link(net, 0, 3, 10);
	net->links[4].cost = 5;
	test_net_demand(net, 0, 3, 9);
}

static double delay_of(const struct place_job *job, const struct place_path *path)
{
	double delay = 0;

	for (uint32_t i = 0; i < path->n_arcs; i++)
		delay += job->links[path->arcs[i] / 2].delay;
	return delay;
}

/* Written anew, so that it cannot be wrong in the same way. */
static bool suits(const struct place_job *job, const struct place_rule *rule, const struct place_path *path)
{
	uint32_t passed = 0;

	for (uint32_t i = 0; i < path->n_arcs; i++) {
		uint32_t arc = path->arcs[i];
		const struct place_link *link = &job->links[arc / 2];
		if (passed < rule->n_via && rule->via[passed] == (arc & 1 ? link->a : link->b))
			passed++;
		for (uint32_t k = 0; k < rule->n_banned; k++)
			if (rule->banned[k] == arc / 2)
				return false;
	}
	return passed == rule->n_via && !(rule->max_delay > 0 && delay_of(job, path) > rule->max_delay);
}

static void expect_rules(const struct place_job *job, const struct placement *p)
{
	for (size_t i = 0; i < p->n_pairs; i++)
		for (size_t k = 0; k < job->n_rules && !p->pairs[i].rules_broken; k++) {
			const struct place_rule *rule = &job->rules[k];
			if (rule->src != PLACE_NONE && (rule->src != p->pairs[i].src || rule->dst != p->pairs[i].dst))
				continue;
			for (uint32_t w = 0; w < p->pairs[i].n_active; w++)
				assert_true(suits(job, rule, &p->pairs[i].paths[w]));
		}
}

static struct placement *plan(struct test_net *net)
{
	struct placement *p = place_plan(&net->job);

	test_net_check(&net->job, p);
	assert_true(fabs(test_net_load(&net->job, p) - p->u) <= 1e-9 * fmax(1, p->u));
	assert_true(p->bound <= p->u * (1 + 1e-9));
	expect_rules(&net->job, p);
	return p;
}

static void expect(struct test_net *net, double u, double bound, bool broken)
{
	struct placement *p = plan(net);

	if (fabs(p->u - u) > 1e-6 * u || p->bound < bound * 0.99)
		fail_msg("utilisation %.9f, not %.9f; bound %.9f", p->u, u, p->bound);
	assert_true(p->pairs[0].has_rules);
	assert_int_equal(p->pairs[0].rules_broken, broken);
	place_free(p);
}

static void a_pin_is_kept(void **state)
{
	const uint32_t via[] = { 2 };
	const struct place_rule rule = { .src = 0, .dst = 3, .via = via, .n_via = 1 };
	struct test_net net;
	(void) state;
	make_square(&net);
	net.job.rules = &rule;
	net.job.n_rules = 1;
	expect(&net, 0.9, 0.9, false);
	/* Nobody else is bound by it. */
	test_net_demand(&net, 3, 0, 9);
	struct placement *p = plan(&net);
	assert_true(fabs(p->u - 0.9) < 1e-9);
	assert_false(place_find(p, 3, 0)->has_rules);
	place_free(p);
}

static void places_are_passed_in_order(void **state)
{
	const uint32_t via[] = { 1, 2 }, back[] = { 2, 1 };
	struct place_rule rule = { .src = 0, .dst = 3, .via = via, .n_via = 2 };
	struct test_net net;
	(void) state;
	make_square(&net);
	test_net_link(&net, 1, 2, 10);
	net.job.rules = &rule;
	net.job.n_rules = 1;
	struct placement *p = plan(&net);
	assert_int_equal(p->pairs[0].n_active, 1);
	assert_int_equal(p->pairs[0].paths[0].n_arcs, 3);
	assert_int_equal(p->pairs[0].paths[0].arcs[0], 0);
	assert_int_equal(p->pairs[0].paths[0].arcs[1], 10);
	place_free(p);
	rule.via = back;
	p = plan(&net);
	assert_int_equal(p->pairs[0].paths[0].arcs[0], 4);
	assert_int_equal(p->pairs[0].paths[0].arcs[1], 11);
	place_free(p);
}

static void what_is_banned_is_not_taken(void **state)
{
	const uint32_t banned[] = { 0, 4 };
	const struct place_rule rule = { .src = 0, .dst = 3, .banned = banned, .n_banned = 2 };
	struct test_net net;
	(void) state;
	make_square(&net);
	net.job.rules = &rule;
	net.job.n_rules = 1;
	expect(&net, 0.9, 0.9, false);
}

static void several_rules_hold_together(void **state)
{
	const uint32_t first[] = { 0 }, second[] = { 2 };
	const struct place_rule rules[] = {
		{ .src = 0, .dst = 3, .banned = first, .n_banned = 1 },
		{ .src = 0, .dst = 3, .banned = second, .n_banned = 1 },
	};
	struct test_net net;
	(void) state;
	make_square(&net);
	net.job.rules = rules;
	net.job.n_rules = 2;
	expect(&net, 0.9, 0.9, false);
	struct placement *p = plan(&net);
	assert_int_equal(p->pairs[0].paths[0].n_arcs, 1);
	place_free(p);
}

static void slow_paths_are_not_taken(void **state)
{
	const struct place_rule rule = { .src = PLACE_NONE, .dst = PLACE_NONE, .max_delay = 10 };
	struct test_net net;
	(void) state;
	make_square(&net);
	for (size_t i = 0; i < 5; i++)
		net.links[i].delay = 4;
	net.links[2].delay = 7;
	net.job.rules = &rule;
	net.job.n_rules = 1;
	/* Over node 1 and directly: halves. */
	expect(&net, 0.45, 0.45, false);
	/* The cheapest one is too slow: the fastest is what there is. */
	net.links[0].delay = 11;
	net.links[4].delay = 9;
	expect(&net, 0.9, 0.9, false);
	/* Nothing is fast enough: as without rules. */
	net.links[4].delay = 50;
	expect(&net, 0.3, 0.3, true);
}

/* So many pairs that none gets a list of its own. */
static void slow_paths_are_not_taken_by_many(void **state)
{
	enum { NODES = 23 };
	const struct place_rule rule = { .src = PLACE_NONE, .dst = PLACE_NONE, .max_delay = 5 };
	struct place_demand demands[NODES * NODES];
	struct test_net net;
	(void) state;
	test_net_init(&net, NODES);
	/* A ring of narrow fast links, and a star of wide slow ones. */
	for (uint32_t i = 1; i < NODES; i++) {
		test_net_link(&net, i, i == NODES - 1 ? 1 : i + 1, 10);
		net.links[net.job.n_links - 1].delay = 1;
		test_net_link(&net, 0, i, 100);
		net.links[net.job.n_links - 1].delay = i == 1 ? 9 : 3;
	}
	net.job.n_demands = 0;
	net.job.demands = demands;
	for (uint32_t a = 0; a < NODES; a++)
		for (uint32_t b = 0; b < NODES; b++)
			if (a != b)
				demands[net.job.n_demands++] = (struct place_demand) { .src = a, .dst = b, .mbps = 0.1 };
	net.job.rules = &rule;
	net.job.n_rules = 1;
	struct placement *p = place_plan(&net.job);
	size_t n_broken = 0;
	expect_rules(&net.job, p);
	assert_true(p->bound <= p->u * (1 + 1e-9));
	for (size_t i = 0; i < p->n_pairs; i++)
		n_broken += p->pairs[i].rules_broken;
	/* Opposite sides of the ring are too far from each other. */
	assert_true(n_broken > 100 && n_broken < p->n_pairs);
	assert_false(place_find(p, 0, 2)->rules_broken);
	assert_true(place_find(p, 2, 12)->rules_broken);
	place_free(p);
}

static void a_pin_and_a_ceiling(void **state)
{
	const uint32_t via[] = { 1 };
	const struct place_rule rules[] = {
		{ .src = 0, .dst = 3, .via = via, .n_via = 1 },
		{ .src = PLACE_NONE, .dst = PLACE_NONE, .max_delay = 10 },
	};
	struct test_net net;
	(void) state;
	make_square(&net);
	test_net_link(&net, 1, 3, 10);
	net.links[1].delay = 11;
	net.job.rules = rules;
	net.job.n_rules = 2;
	expect(&net, 0.9, 0.9, false);
	struct placement *p = plan(&net);
	assert_int_equal(p->pairs[0].paths[0].arcs[1], 10);
	place_free(p);
}

static void a_pin_that_is_torn_binds_nobody(void **state)
{
	const uint32_t via[] = { 2 };
	const struct place_rule rule = { .src = 0, .dst = 3, .via = via, .n_via = 1 };
	struct test_net net;
	(void) state;
	make_square(&net);
	net.links[3].down = true;
	net.job.rules = &rule;
	net.job.n_rules = 1;
	expect(&net, 0.45, 0.4, true);
}

static void a_standby_suits_where_it_can(void **state)
{
	const uint32_t banned[] = { 4 };
	const struct place_rule rule = { .src = 0, .dst = 3, .banned = banned, .n_banned = 1 };
	struct test_net net;
	(void) state;
	make_square(&net);
	net.links[4].cost = 0;
	net.demands[0].mbps = 0;
	net.job.rules = &rule;
	net.job.n_rules = 1;
	struct placement *p = plan(&net);
	const struct place_pair *pair = &p->pairs[0];
	assert_int_equal(pair->n_active, 1);
	assert_int_equal(pair->paths[0].n_standbys, 1);
	assert_true(suits(&net.job, &rule, &pair->paths[pair->paths[0].standbys[0]]));
	place_free(p);
	/* And where it cannot, any will do. */
	net.links[2].down = true;
	p = plan(&net);
	pair = &p->pairs[0];
	assert_int_equal(pair->paths[0].n_standbys, 1);
	assert_false(suits(&net.job, &rule, &pair->paths[pair->paths[0].standbys[0]]));
	place_free(p);
}

static void what_runs_against_the_rules_moves(void **state)
{
	const uint32_t via[] = { 2 };
	const struct place_rule rule = { .src = 0, .dst = 3, .via = via, .n_via = 1 };
	struct test_net net;
	(void) state;
	make_square(&net);
	struct placement *before = place_plan(&net.job);
	net.job.running = before;
	net.job.rules = &rule;
	net.job.n_rules = 1;
	struct placement *p = place_stay(&net.job);
	test_net_check(&net.job, p);
	expect_rules(&net.job, p);
	assert_int_equal(p->n_changed, 1);
	place_free(p);
	p = plan(&net);
	place_free(before);
	net.job.running = p;
	struct placement *again = plan(&net);
	assert_int_equal(again->n_changed, 0);
	place_free(again);
	place_free(p);
}

/* --- any network ----------------------------------------------------------------- */

struct walk {
	const struct place_job *job;
	const struct place_rule *rules;
	size_t n_rules;
	uint32_t src, dst, arcs[NET_NODES], steps;
	bool seen[NET_NODES];
};

/* Is there any simple path that suits all rules of the pair? */
static bool exists(struct walk *w, uint32_t at, uint32_t n)
{
	struct place_path path = { .arcs = w->arcs, .n_arcs = n };

	if (at == w->dst) {
		for (size_t i = 0; i < w->n_rules; i++)
			if ((w->rules[i].src == PLACE_NONE || (w->rules[i].src == w->src && w->rules[i].dst == w->dst))
			    && !suits(w->job, &w->rules[i], &path))
				return false;
		return true;
	}
	w->seen[at] = true;
	bool found = false;
	for (uint32_t arc = 0; arc < 2 * w->job->n_links && !found; arc++) {
		const struct place_link *link = &w->job->links[arc / 2];
		uint32_t from = arc & 1 ? link->b : link->a, to = arc & 1 ? link->a : link->b;
		if (from != at || w->seen[to] || link->down || !(link->mbps[arc & 1] > 0))
			continue;
		w->arcs[n] = arc;
		found = exists(w, to, n + 1);
	}
	w->seen[at] = false;
	return found;
}

static uint32_t below(size_t n, unsigned *seed)
{
	return (uint32_t) (test_net_random(seed) * 0.999 * (double) n);
}

static void any_network_and_any_rules(void **state)
{
	unsigned seed = test_net_seed(11);
	size_t n_kept = 0, n_broken = 0;
	(void) state;
	for (int c = 0; c < CASES; c++) {
		struct test_net net;
		struct place_rule rules[6] = {{0}};
		uint32_t vias[6][2], banned[6][3];
		do
			test_net_make(&net, &seed);
		while (net.job.n_nodes > 9);
		for (size_t i = 0; i < net.job.n_links; i++)
			net.links[i].delay = 1 + 9 * test_net_random(&seed);
		for (uint32_t i = 0; i < 6; i++) {
			const struct place_demand *d = &net.demands[below(net.job.n_demands, &seed)];
			rules[i].src = d->src;
			rules[i].dst = d->dst;
			for (size_t k = 0; k < 3; k++)
				banned[i][k] = below(net.job.n_links, &seed);
			vias[i][0] = below(net.job.n_nodes, &seed);
			rules[i].via = vias[i];
			rules[i].n_via = i == 1 && vias[i][0] != d->src && vias[i][0] != d->dst;
			rules[i].banned = banned[i];
			rules[i].n_banned = i % 3;
		}
		rules[5] = (struct place_rule) { .src = PLACE_NONE, .dst = PLACE_NONE, .max_delay = 8 + 20 * test_net_random(&seed) };
		net.job.rules = rules;
		net.job.n_rules = 6;
		struct placement *p = plan(&net);
		for (size_t i = 0; i < p->n_pairs; i++) {
			const struct place_pair *pair = &p->pairs[i];
			struct walk w = { &net.job, rules, 6, pair->src, pair->dst, {0}, 0, {0} };
			if (!pair->n_paths)
				continue;
			assert_int_equal(pair->rules_broken, !exists(&w, pair->src, 0));
			*(pair->rules_broken ? &n_broken : &n_kept) += 1;
		}
		place_free(p);
	}
	assert_true(n_kept > 100 && n_broken > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pin_is_kept),
		cmocka_unit_test(places_are_passed_in_order),
		cmocka_unit_test(what_is_banned_is_not_taken),
		cmocka_unit_test(several_rules_hold_together),
		cmocka_unit_test(slow_paths_are_not_taken),
		cmocka_unit_test(slow_paths_are_not_taken_by_many),
		cmocka_unit_test(a_pin_and_a_ceiling),
		cmocka_unit_test(a_pin_that_is_torn_binds_nobody),
		cmocka_unit_test(a_standby_suits_where_it_can),
		cmocka_unit_test(what_runs_against_the_rules_moves),
		cmocka_unit_test(any_network_and_any_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
