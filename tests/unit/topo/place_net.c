/* SPDX-License-Identifier: Apache-2.0 */
#include "place_net.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

unsigned test_net_seed(unsigned otherwise)
{
	const char *text = getenv("SEED");
	unsigned seed = text ? (unsigned) strtoul(text, NULL, 10) : otherwise;

	print_message("SEED=%u\n", seed);
	return seed;
}

double test_net_random(unsigned *seed)
{
	return (double) rand_r(seed) / ((double) RAND_MAX + 1);
}

void test_net_init(struct test_net *net, uint32_t n_nodes)
{
	memset(net, 0, sizeof *net);
	net->job = (struct place_job) {
		.n_nodes = n_nodes,
		.links = net->links,
		.demands = net->demands,
		.options = place_defaults(),
	};
}

void test_net_link(struct test_net *net, uint32_t a, uint32_t b, double mbps)
{
	assert_true(net->job.n_links < NET_LINKS);
	net->links[net->job.n_links++] = (struct place_link) { .a = a, .b = b, .mbps = {mbps, mbps}, .cost = 1 };
}

void test_net_demand(struct test_net *net, uint32_t src, uint32_t dst, double mbps)
{
	assert_true(net->job.n_demands < NET_DEMANDS);
	net->demands[net->job.n_demands++] = (struct place_demand) { .src = src, .dst = dst, .mbps = mbps };
}

static uint32_t below(unsigned *seed, uint32_t n)
{
	return (uint32_t) (test_net_random(seed) * n);
}

void test_net_make(struct test_net *net, unsigned *seed)
{
	static const double rates[] = {1000, 2500, 10000};
	uint32_t n = 3 + below(seed, NET_NODES - 3), more = below(seed, 2 * n), pairs = 1 + below(seed, 120);

	test_net_init(net, n);
	for (uint32_t i = 1; i < n; i++)
		test_net_link(net, below(seed, i), i, rates[below(seed, 3)]);
	for (uint32_t i = 0; i < more; i++) {
		uint32_t a = below(seed, n), b = below(seed, n);
		if (a != b)
			test_net_link(net, a, b, rates[below(seed, 3)]);
		net->links[net->job.n_links - 1].cost = 1 + below(seed, 3);
	}
	for (uint32_t i = 0; i < pairs; i++) {
		uint32_t a = below(seed, n), b = below(seed, n);
		if (a != b)
			test_net_demand(net, a, b, exp(8 * test_net_random(seed) - 1));
	}
}

static double busiest(const struct place_job *job, const double *load)
{
	double u = 0;

	for (size_t arc = 0; arc < 2 * job->n_links; arc++)
		if (load[arc] > 0)
			u = fmax(u, load[arc] / job->links[arc / 2].mbps[arc & 1]);
	return u;
}

double test_net_load(const struct place_job *job, const struct placement *p)
{
	double load[2 * NET_LINKS] = {0};

	for (size_t i = 0; i < p->n_pairs; i++) {
		const struct place_pair *pair = &p->pairs[i];
		for (uint32_t slot = 0; slot < pair->n_slots; slot++) {
			const struct place_path *path = &pair->paths[pair->slots[slot]];
			for (uint32_t k = 0; k < path->n_arcs; k++)
				load[path->arcs[k]] += pair->mbps / pair->n_slots;
		}
		for (uint32_t a = 0; !pair->n_slots && a < pair->n_active; a++)
			for (uint32_t k = 0; k < pair->paths[a].n_arcs; k++)
				load[pair->paths[a].arcs[k]] += pair->mbps * pair->paths[a].share;
	}
	return busiest(job, load);
}

static bool is_usable(const struct place_job *job, size_t arc)
{
	return !job->links[arc / 2].down && job->links[arc / 2].mbps[arc & 1] > 0;
}

static uint32_t tail(const struct place_job *job, size_t arc)
{
	return arc & 1 ? job->links[arc / 2].b : job->links[arc / 2].a;
}

static uint32_t head(const struct place_job *job, size_t arc)
{
	return tail(job, arc ^ 1);
}

static double distance[NET_NODES][NET_NODES];

static void floyd_warshall(const struct place_job *job)
{
	uint32_t n = job->n_nodes;

	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = 0; b < n; b++)
			distance[a][b] = a == b ? 0 : INFINITY;
	for (size_t arc = 0; arc < 2 * job->n_links; arc++)
		if (is_usable(job, arc)) {
			double *d = &distance[tail(job, arc)][head(job, arc)];
			*d = fmin(*d, job->links[arc / 2].cost);
		}
	for (uint32_t k = 0; k < n; k++)
		for (uint32_t a = 0; a < n; a++)
			for (uint32_t b = 0; b < n; b++)
				distance[a][b] = fmin(distance[a][b], distance[a][k] + distance[k][b]);
}

static void walk(const struct place_job *job, uint32_t at, uint32_t dst, double mbps, double *load)
{
	uint32_t n = 0;

	if (at == dst)
		return;
	for (int pass = 0; pass < 2; pass++)
		for (size_t arc = 0; arc < 2 * job->n_links; arc++) {
			double left = job->links[arc / 2].cost + distance[head(job, arc)][dst];
			if (tail(job, arc) != at || !is_usable(job, arc) || left > distance[at][dst] + 1e-9)
				continue;
			if (!pass) {
				n++;
				continue;
			}
			load[arc] += mbps / n;
			walk(job, head(job, arc), dst, mbps / n, load);
		}
}

double test_net_ecmp(const struct place_job *job)
{
	double load[2 * NET_LINKS] = {0};

	floyd_warshall(job);
	for (size_t i = 0; i < job->n_demands; i++) {
		const struct place_demand *d = &job->demands[i];
		if (isfinite(distance[d->src][d->dst]))
			walk(job, d->src, d->dst, d->mbps, load);
	}
	return busiest(job, load);
}

bool test_net_reaches(const struct place_job *job, uint32_t src, uint32_t dst)
{
	floyd_warshall(job);
	return isfinite(distance[src][dst]);
}

static void check_path(const struct place_job *job, const struct place_pair *pair, const struct place_path *path)
{
	bool seen[NET_NODES] = {0};
	uint32_t at = pair->src;

	assert_true(path->n_arcs > 0);
	seen[at] = true;
	for (uint32_t i = 0; i < path->n_arcs; i++) {
		assert_true(path->arcs[i] < 2 * job->n_links);
		assert_true(is_usable(job, path->arcs[i]));
		assert_int_equal(tail(job, path->arcs[i]), at);
		at = head(job, path->arcs[i]);
		assert_false(seen[at]);
		seen[at] = true;
	}
	assert_int_equal(at, pair->dst);
	for (uint32_t i = 0; i < path->n_standbys; i++)
		assert_true(path->standbys[i] < pair->n_paths);
}

static void check_slots(const struct place_job *job, const struct place_pair *pair)
{
	uint32_t count[PLACE_MAX_SLOTS] = {0}, n = 0;

	assert_true(pair->n_active <= PLACE_MAX_SLOTS);
	for (uint32_t slot = 0; slot < pair->n_slots; slot++) {
		assert_true(pair->slots[slot] < pair->n_active);
		count[pair->slots[slot]]++;
	}
	for (uint32_t i = 0; i < pair->n_active; i++) {
		assert_int_equal(count[i], pair->paths[i].n_slots);
		n += pair->paths[i].n_slots;
	}
	assert_int_equal(n, pair->n_slots);
	if (pair->n_slots == job->options.max_slots)
		assert_true(pair->n_active <= job->options.max_paths);
	else if (pair->n_slots == job->options.elephant_slots)
		assert_true(pair->n_active <= PLACE_MAX_SLOTS);
}

void test_net_check(const struct place_job *job, const struct placement *p)
{
	size_t n_unreachable = 0;

	for (size_t i = 0; i < p->n_pairs; i++) {
		const struct place_pair *pair = &p->pairs[i];
		double sum = 0;
		if (!pair->n_paths) {
			assert_false(test_net_reaches(job, pair->src, pair->dst));
			n_unreachable++;
			continue;
		}
		for (uint32_t k = 0; k < pair->n_paths; k++)
			check_path(job, pair, &pair->paths[k]);
		for (uint32_t k = 0; k < pair->n_active; k++)
			sum += pair->paths[k].share;
		assert_true(fabs(sum - 1) < 1e-9);
		if (!job->options.unrounded)
			check_slots(job, pair);
	}
	assert_int_equal(p->n_unreachable, n_unreachable);
}

void test_net_same(const struct placement *a, const struct placement *b)
{
	assert_int_equal(a->n_pairs, b->n_pairs);
	for (size_t i = 0; i < a->n_pairs; i++) {
		const struct place_pair *x = &a->pairs[i], *y = &b->pairs[i];
		assert_int_equal(x->n_paths, y->n_paths);
		assert_int_equal(x->n_active, y->n_active);
		assert_int_equal(x->n_slots, y->n_slots);
		assert_memory_equal(x->slots, y->slots, sizeof x->slots);
		for (uint32_t k = 0; k < x->n_paths; k++) {
			assert_int_equal(x->paths[k].n_arcs, y->paths[k].n_arcs);
			assert_memory_equal(x->paths[k].arcs, y->paths[k].arcs,
					    x->paths[k].n_arcs * sizeof *x->paths[k].arcs);
			assert_int_equal(x->paths[k].n_standbys, y->paths[k].n_standbys);
			assert_memory_equal(x->paths[k].standbys, y->paths[k].standbys, sizeof x->paths[k].standbys);
		}
	}
	assert_memory_equal(&a->u, &b->u, sizeof a->u);
}
