/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of guarantees when a link fails: against cuts of all sets of switches. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "topo/arena.h"
#include "topo/te_cut.h"

enum { CASES = 200, PLENTY = 1000000000 };

static struct net *parse(const char *text)
{
	struct diag *diag = diag_new("t.yaml");
	struct net *net = net_parse("t.yaml", text, strlen(text), diag);
	if (!net && getenv("LOUD"))
		diag_print(diag, stderr);
	diag_free(diag);
	return net;
}

static void near(double a, double b, double by)
{
	if (fabs(a - b) > by)
		fail_msg("%f is not %f", a, b);
}

#define RING(MORE) \
	"version: 1\n" \
	"switches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}}\n" \
	"networks: {red: {ports: [\"*:vm*\"]}}\n" \
	"links:\n" \
	"  - {between: [a:ab, b:ba], rate: 1Gbit}\n" \
	"  - {between: [a:ac, c:ca], rate: 1Gbit}\n" \
	"  - {between: [b:bc, c:cb], rate: 400Mbit}\n" MORE
enum { AB, AC, BC };

static void the_worst_is_told(void **state)
{
	struct net *net = parse(RING("te: {guarantee: [{from: a, to: b, rate: 600Mbit}, {from: a, to: c, rate: 100Mbit}],\n"
		"     pin: [{from: a, to: c, via: b, network: red}], avoid: [{from: b, to: a, via: c}]}\n"));
	struct te_cut cuts[2];
	bool is_up[] = { true, true, true };
	const double mbps[3][2] = { { 1000, 1000 }, { 1000, 1000 }, { 800, 800 } };
	(void) state;
	assert_int_equal(te_cuts(net, NULL, NULL, PLENTY, cuts), 0);
	/* Over c there are 380 Mbit/s; a to c stays. */
	near(cuts[0].now, 1, 1e-9);
	near(cuts[0].kept, 380 / 600., 0.01);
	assert_int_equal(cuts[0].edge, AB);
	assert_int_equal(cuts[0].n_short, 1);
	near(cuts[1].kept, 1, 1e-9);
	assert_int_equal(cuts[1].edge, NET_NONE);
	/* A copy is good for that, too. */
	struct arena *arena = arena_new();
	struct te_cut copied[2];
	te_cuts(te_cut_net(arena, net), NULL, NULL, PLENTY, copied);
	arena_free(arena);
	for (int i = 0; i < 2; i++) {
		near(copied[i].kept, cuts[i].kept, 0);
		assert_int_equal(copied[i].edge, cuts[i].edge);
	}
	/* Wider than the file says. */
	te_cuts(net, NULL, mbps, PLENTY, cuts);
	assert_int_equal(cuts[0].edge, NET_NONE);
	/* One is gone already: nothing is left when the other goes. */
	is_up[AC] = false;
	te_cuts(net, is_up, mbps, PLENTY, cuts);
	near(cuts[0].now, 1, 1e-9);
	near(cuts[0].kept, 0, 1e-9);
	near(cuts[1].kept, 0, 1e-9);
	assert_int_equal(cuts[1].n_short, 2);
	is_up[BC] = false;
	te_cuts(net, is_up, mbps, PLENTY, cuts);
	near(cuts[0].now, 1, 1e-9);
	near(cuts[1].now, 0, 1e-9);
	/* Without time for any of it: two links are taken. */
	assert_int_equal(te_cuts(net, NULL, NULL, 1, cuts), 2);
	near(cuts[0].kept, 1, 1e-9);
	net_free(net);
}

/* What drains is a way all the same, when it is the last one. */
static void a_drained_link_is_the_last_resort(void **state)
{
	struct net *net = parse(
		"version: 1\n"
		"switches: {a: {dpid: 1}, b: {dpid: 2}}\n"
		"networks: {red: {ports: [\"*:vm*\"]}}\n"
		"links:\n"
		"  - {between: [a:ab, b:ba], rate: 1Gbit}\n"
		"  - {between: [a:e2, b:e2], rate: 1Gbit, drain: true}\n"
		"te: {guarantee: [{from: a, to: b, rate: 600Mbit}]}\n");
	struct te_cut cut;
	(void) state;
	te_cuts(net, NULL, NULL, PLENTY, &cut);
	near(cut.kept, 1, 1e-9);
	net_free(net);
}

static uint32_t below(unsigned *seed, uint32_t n) { return (uint32_t) rand_r(seed) % n; }

/* The most that goes from switch 0 to switch 1: the smallest of all cuts between them. */
static double most(const struct net *net, const bool *is_up)
{
	double least = INFINITY;
	for (uint32_t set = 1; set < 1u << net->n_switches; set += 2) {
		double sum = 0;
		if (set & 2)
			continue;
		for (size_t e = 0; e < net->n_edges; e++)
			for (unsigned end = 0; end < 2 && is_up[e]; end++)
				if ((set >> net->edges[e].sw[end] & 1) && !(set >> net->edges[e].sw[!end] & 1))
					sum += TE_HEADROOM * net->edges[e].mbps;
		least = fmin(least, sum);
	}
	return least;
}

static void no_cut_is_forgotten(void **state)
{
	unsigned seed = 5;
	size_t n_short = 0, n_whole = 0;
	(void) state;
	for (int i = 0; i < CASES; i++) {
		char text[3000], *at = text;
		uint32_t n = 2 + below(&seed, 4), n_links = n + below(&seed, 5);
		at += sprintf(at, "version: 1\nnetworks: {red: {ports: [\"*:vm*\"]}}\nswitches:\n");
		for (uint32_t k = 0; k < n; k++)
			at += sprintf(at, "  s%u: {dpid: %u}\n", k, k + 1);
		at += sprintf(at, "links:\n");
		for (uint32_t k = 0; k < n_links; k++) {
			uint32_t a = k < n ? k : below(&seed, n), b = k < n ? (k + 1) % n : below(&seed, n);
			if (a == b || n == 2)
				b = (a + 1) % n;
			at += sprintf(at, "  - {between: [\"s%u:p%u\", \"s%u:q%u\"], rate: %uMbit", a, k, b, k, 100 + below(&seed, 900));
			at += sprintf(at, k % 4 == 3 ? ", srlg: r}\n" : "}\n");
		}
		at += sprintf(at, "te: {guarantee: [{from: s0, to: s1, rate: %uMbit}]}\n", 100 + below(&seed, 600));
		struct net *net = parse(text);
		if (!net)
			continue;       /* it cannot be met at all */
		struct te_cut cut;
		double least = INFINITY, rate = net->te.reserves[0].mbps;
		bool is_up[16];
		te_cuts(net, NULL, NULL, PLENTY, &cut);
		for (size_t e = 0; e < net->n_edges; e++) {
			for (size_t k = 0; k < net->n_edges; k++)
				is_up[k] = k != e && (!net->edges[e].risk || net->edges[k].risk != net->edges[e].risk);
			least = fmin(least, most(net, is_up));
		}
		near(cut.kept, fmin(1, least / rate), 0.03);
		assert_true(cut.kept <= fmin(1, least / rate) + 1e-6);
		assert_true((cut.edge == NET_NONE) == (cut.n_short == 0));
		n_short += cut.n_short > 0;
		n_whole += !cut.n_short;
		net_free(net);
	}
	assert_true(n_short > 30 && n_whole > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_is_told),
		cmocka_unit_test(a_drained_link_is_the_last_resort),
		cmocka_unit_test(no_cut_is_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
