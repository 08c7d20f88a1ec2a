/* SPDX-License-Identifier: Apache-2.0 */
/* Guarantees: room is kept for them, and where not all fits they come first. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "place_net.h"

enum { CASES = 1000, LARGE = 60, MAX_PATHS = 60 };

static void guarantee(struct test_net *net, uint32_t src, uint32_t dst, double firm, double mbps)
{
	test_net_demand(net, src, dst, fmax(firm, mbps));
	net->demands[net->job.n_demands - 1].firm = firm;
}

static struct placement *plan(struct test_net *net)
{
	struct placement *p = place_plan_firm(&net->job, place_plan(&net->job));

	test_net_check(&net->job, p);
	assert_true(fabs(test_net_load(&net->job, p) - p->u) <= 1e-9 * fmax(1, p->u));
	assert_true(p->bound <= p->u * (1 + 1e-9));
	return p;
}

static void near(double a, double b, double by)
{
	if (fabs(a - b) > by)
		fail_msg("%f is not %f", a, b);
}

/* a (0) and c (2) both send to b (1), and c can go over a. */
static void make_fork(struct test_net *net)
{
	test_net_init(net, 3);
	test_net_link(net, 0, 1, 10);
	test_net_link(net, 2, 1, 10);
	test_net_link(net, 2, 0, 30);
}

static void what_fits_is_left_as_it_is(void **state)
{
	struct test_net net;
	(void) state;
	make_fork(&net);
	guarantee(&net, 0, 1, 5, 0);
	test_net_demand(&net, 2, 1, 14);
	struct placement *p = place_plan(&net.job);
	near(place_kept(&net.job, p), 1, 1e-9);
	assert_ptr_equal(place_plan_firm(&net.job, p), p);
	place_free(p);
	/* Nor does it matter that not all fits, where nothing is guaranteed. */
	net.demands[0].firm = 0;
	net.demands[1].mbps = 30;
	p = place_plan(&net.job);
	near(place_kept(&net.job, p), 1, 1e-9);
	assert_ptr_equal(place_plan_firm(&net.job, p), p);
	place_free(p);
}

static void others_make_way(void **state)
{
	struct test_net net;
	(void) state;
	make_fork(&net);
	guarantee(&net, 0, 1, 5, 0);
	test_net_demand(&net, 2, 1, 20);
	/* Alike, both links are a quarter too full. */
	struct placement *p = place_plan(&net.job);
	near(p->u, 1.25, 0.01);
	assert_true(place_kept(&net.job, p) < 0.6);
	p = place_plan_firm(&net.job, p);
	near(place_kept(&net.job, p), 1, 1e-9);
	/* And no more than that: 15 of 20 on the other link, but for a slot. */
	near(p->u, 1.5, 20. / 64 / 10 + 0.02);
	place_free(p);
}

static void what_it_sends_beyond_counts_as_its_own(void **state)
{
	struct test_net net;
	(void) state;
	make_fork(&net);
	guarantee(&net, 0, 1, 5, 40);
	test_net_demand(&net, 2, 1, 12);
	struct placement *p = plan(&net);
	near(place_kept(&net.job, p), 1, 1e-9);
	place_free(p);
}

/* Others have nothing but the link that is best for it: it goes the longer way. */
static void it_goes_out_of_the_way_of_those_who_cannot(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 3);
	test_net_link(&net, 0, 1, 10);
	test_net_link(&net, 0, 2, 10);
	test_net_link(&net, 2, 1, 10);
	const struct place_rule rule = { .src = 0, .dst = 1, .banned = (const uint32_t[]) { 1 }, .n_banned = 1 };
	guarantee(&net, 2, 1, 8, 0);
	test_net_demand(&net, 0, 1, 11);
	net.job.rules = &rule;
	net.job.n_rules = 1;
	struct placement *p = plan(&net);
	near(place_kept(&net.job, p), 1, 1e-9);
	near(p->u, 1.1, 1e-9);
	place_free(p);
	/* Where nothing helps, all stays as good as it can be. */
	net.job.n_rules = 0;
	net.demands[0].firm = net.demands[0].mbps = 30;
	p = plan(&net);
	near(place_kept(&net.job, p), 1 / 3., 0.04);
	place_free(p);
}

/* --- against all there is ------------------------------------------------------------ */

struct all {
	const struct place_job *job;
	struct place_path paths[16][MAX_PATHS];
	uint32_t arcs[16][MAX_PATHS][NET_NODES], n_paths[16], chosen[16], walk[NET_NODES];
	bool seen[NET_NODES];
	double least_u;                 /* of all choices */
	double least_kept_u;            /* of those that leave every guarantee its room; infinite = none does */
};

static void find_paths(struct all *a, size_t d, uint32_t at, uint32_t n)
{
	if (at == a->job->demands[d].dst) {
		uint32_t k = a->n_paths[d]++;
		assert_true(k < MAX_PATHS);
		memcpy(a->arcs[d][k], a->walk, sizeof a->walk);
		a->paths[d][k] = (struct place_path) { .arcs = a->arcs[d][k], .n_arcs = n };
		return;
	}
	a->seen[at] = true;
	for (uint32_t arc = 0; arc < 2 * a->job->n_links; arc++) {
		const struct place_link *link = &a->job->links[arc / 2];
		if ((arc & 1 ? link->b : link->a) != at || a->seen[arc & 1 ? link->a : link->b])
			continue;
		a->walk[n] = arc;
		find_paths(a, d, arc & 1 ? link->a : link->b, n + 1);
	}
	a->seen[at] = false;
}

static void judge(struct all *a)
{
	double load[2 * NET_LINKS] = { 0 }, u = 0;
	bool kept = true;

	for (size_t d = 0; d < a->job->n_demands; d++)
		for (uint32_t i = 0; i < a->paths[d][a->chosen[d]].n_arcs; i++)
			load[a->paths[d][a->chosen[d]].arcs[i]] += a->job->demands[d].mbps;
	for (size_t arc = 0; arc < 2 * a->job->n_links; arc++)
		u = fmax(u, load[arc] / a->job->links[arc / 2].mbps[arc & 1]);
	for (size_t d = 0; d < a->job->n_demands; d++)
		for (uint32_t i = 0; i < a->paths[d][a->chosen[d]].n_arcs && a->job->demands[d].firm > 0; i++) {
			uint32_t arc = a->paths[d][a->chosen[d]].arcs[i];
			kept = kept && load[arc] - a->job->demands[d].mbps + a->job->demands[d].firm
				<= a->job->links[arc / 2].mbps[arc & 1] * (1 + 1e-9);
		}
	a->least_u = fmin(a->least_u, u);
	if (kept)
		a->least_kept_u = fmin(a->least_kept_u, u);
}

static void choose(struct all *a, size_t d)
{
	if (d == a->job->n_demands) {
		judge(a);
		return;
	}
	for (a->chosen[d] = 0; a->chosen[d] < a->n_paths[d]; a->chosen[d]++)
		choose(a, d + 1);
}

static uint32_t below(unsigned *seed, uint32_t n) { return (uint32_t) (test_net_random(seed) * n); }

static bool is_new(const struct test_net *net, uint32_t src, uint32_t dst)
{
	for (size_t i = 0; i < net->job.n_demands; i++)
		if (net->demands[i].src == src && net->demands[i].dst == dst)
			return false;
	return src != dst;
}

static void make_small(struct test_net *net, unsigned *seed)
{
	uint32_t n = 3 + below(seed, 3), n_more = below(seed, 4), n_pairs = 2 + below(seed, 3);

	test_net_init(net, n);
	for (uint32_t i = 1; i < n; i++)
		test_net_link(net, below(seed, i), i, 5 + below(seed, 20));
	for (uint32_t i = 0; i < n_more; i++) {
		uint32_t a = below(seed, n), b = below(seed, n);
		if (a != b)
			test_net_link(net, a, b, 5 + below(seed, 20));
	}
	while (n_pairs) {
		uint32_t src = below(seed, n), dst = below(seed, n);
		if (!is_new(net, src, dst))
			continue;
		if (n_pairs == 1 || net->job.n_demands == 0)
			guarantee(net, src, dst, 1 + below(seed, 8), below(seed, 2) * below(seed, 16));
		else
			test_net_demand(net, src, dst, 1 + below(seed, 20));
		n_pairs--;
	}
}

/* One path for each pair is the most that is tried, so slots can only be better. */
static void no_choice_of_paths_keeps_more(void **state)
{
	unsigned seed = test_net_seed(1);
	size_t n_fit = 0, n_kept = 0, n_never = 0, n_made = 0, n_missed = 0;
	double worst = 0, sum = 0;
	(void) state;
	for (int i = 0; i < CASES; i++) {
		struct all a = { .least_u = INFINITY, .least_kept_u = INFINITY };
		struct test_net net;
		make_small(&net, &seed);
		a.job = &net.job;
		for (size_t d = 0; d < net.job.n_demands; d++)
			find_paths(&a, d, net.demands[d].src, 0);
		choose(&a, 0);
		struct placement *before = place_plan(&net.job);
		bool was_kept = place_kept(&net.job, before) >= 1 - 1e-9;
		place_free(before);
		struct placement *p = plan(&net);
		bool is_kept = place_kept(&net.job, p) >= 1 - 1e-9;
		/* Room is there where all fits. */
		if (a.least_u <= 0.999 && (!is_kept || p->u > 1 + 1e-9))
			fail_msg("case %d: all fits, %f, and the plan has %f and keeps %f", i, a.least_u, p->u,
				 place_kept(&net.job, p));
		n_missed += a.least_kept_u < INFINITY && !is_kept;
		if (a.least_u > 1 && a.least_kept_u < INFINITY) {
			worst = fmax(worst, p->u / a.least_kept_u);
			sum += p->u / a.least_kept_u;
			n_kept++;
			n_made += !was_kept && is_kept;
		}
		n_fit += a.least_u <= 1;
		n_never += a.least_kept_u >= INFINITY;
		place_free(p);
	}
	print_message("%zu fit, %zu overloaded and kept (%zu only since they come first, %zu not found), %zu cannot; busiest "
		      "link over the best choice: mean %.3f, worst %.3f\n", n_fit, n_kept, n_made, n_missed, n_never, sum / (double) n_kept, worst);
	assert_true(n_fit > 30 && n_kept > 30 && n_made > 10);
	assert_true(n_missed * 40 < n_kept);
	assert_true(sum / (double) n_kept < 0.95 && worst < 2);
}

/* Any network: whole, never worse than before, and the same again. */
static void large_networks(void **state)
{
	unsigned seed = test_net_seed(7);
	size_t n_better = 0;
	(void) state;
	for (int i = 0; i < LARGE; i++) {
		struct test_net net;
		test_net_make(&net, &seed);
		struct placement *before = place_plan(&net.job);
		double scale = before->u > 0 ? 1.3 / before->u : 1;
		place_free(before);
		for (size_t d = 0; d < net.job.n_demands; d++) {
			net.demands[d].mbps *= scale;
			/* A pair that is there twice cannot have one. */
			net.demands[d].firm = d % 7 ? 0 : net.demands[d].mbps / 2;
			for (size_t k = 0; k < net.job.n_demands; k++)
				if (k != d && net.demands[k].src == net.demands[d].src && net.demands[k].dst == net.demands[d].dst)
					net.demands[d].firm = 0;
		}
		before = place_plan(&net.job);
		struct placement *p = plan(&net), *again = plan(&net);
		double kept = place_kept(&net.job, before);
		assert_true(place_kept(&net.job, p) >= kept);
		n_better += place_kept(&net.job, p) > kept;
		test_net_same(p, again);
		/* What runs and is good is left where it is. */
		net.job.running = p;
		struct placement *next = place_plan_firm(&net.job, place_stay(&net.job));
		assert_true(place_kept(&net.job, next) >= place_kept(&net.job, p) - 1e-9);
		assert_true(place_kept(&net.job, p) < 1 || !next->n_changed);
		place_free(next);
		place_free(again);
		place_free(p);
		place_free(before);
	}
	assert_true(n_better > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_left_as_it_is),
		cmocka_unit_test(others_make_way),
		cmocka_unit_test(what_it_sends_beyond_counts_as_its_own),
		cmocka_unit_test(it_goes_out_of_the_way_of_those_who_cannot),
		cmocka_unit_test(no_choice_of_paths_keeps_more),
		cmocka_unit_test(large_networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
