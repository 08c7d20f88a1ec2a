/* SPDX-License-Identifier: Apache-2.0 */
/* NICs that tunnels share: in the file, in the job of placement, and in what is said. */
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
#include "topo/te_what.h"
#include "topo/te_words.h"

/* Red joins all, blue not c; a's NIC in red is a slow one. */
static const char text[] =
	"version: 1\n"
	"underlays: {red: {rate: 10Gbit, main: true}, blue: {rate: 1Gbit}, pink: {}}\n"
	"switches:\n"
	"  a: {dpid: 1, vteps: {red: {address: 10.0.0.1, rate: 2Gbit}, blue: 10.1.0.1, pink: 10.2.0.1}}\n"
	"  b: {dpid: 2, vteps: {red: 10.0.0.2, blue: 10.1.0.2, pink: 10.2.0.2}}\n"
	"  c: {dpid: 3, vteps: {red: 10.0.0.3, pink: 10.2.0.3}}\n"
	"  d: {dpid: 4, vtep: 10.0.0.4}\n"
	"networks:\n"
	"  office: {ports: [\"*:vm*\"]}\n";
enum { A, B, C, D, N_SWITCHES };
enum { AB_BLUE, AB_PINK, AB_RED, AC_PINK, AC_RED, AD_RED, BC_PINK, BC_RED, BD_RED, CD_RED, N_EDGES };
enum { NIC_A, NIC_B, NIC_C, NIC_D, N_NICS };
#define OUT(NIC) (2 * (N_EDGES + (NIC)))
#define IN(NIC) (2 * (N_EDGES + (NIC)) + 1)

struct scene {
	struct net *net;
	struct view *view;
	bool usable[N_EDGES];
	struct te_change changes[N_SWITCHES * N_SWITCHES];
	struct te_seen seen;
	double loads[2 * (N_EDGES + N_NICS)];
};

static struct net *parse(const char *file_text)
{
	struct diag *diag = diag_new("t.yaml");
	struct net *net = net_parse("t.yaml", file_text, strlen(file_text), diag);
	diag_print(diag, stderr);
	diag_free(diag);
	assert_non_null(net);
	return net;
}

static int set_up_with(void **state, const char *more)
{
	struct scene *s = calloc(1, sizeof *s);
	char all[2000];
	snprintf(all, sizeof all, "%s%s", text, more);
	s->net = parse(all);
	s->view = view_new();
	view_bind(s->view, s->net, 1000, NULL, NULL);
	for (uint32_t i = 0; i < N_SWITCHES; i++) {
		struct fact fact = { .kind = FACT_PORT, .sw = view_switch_slot(s->view, s->net->switches[i].name, i + 1),
				     .ofport = 1, .port_up = true, .port_live = true, .port_name = "vm1" };
		view_apply(s->view, &fact, NULL, NULL);
	}
	for (int i = 0; i < N_EDGES; i++)
		s->usable[i] = true;
	s->seen = (struct te_seen) { .usable = s->usable, .changes = s->changes };
	*state = s;
	return 0;
}

static int set_up(void **state) { return set_up_with(state, ""); }

static int tear_down(void **state)
{
	struct scene *s = *state;
	view_free(s->view);
	net_free(s->net);
	free(s);
	return 0;
}

static void near(double a, double b, double by)
{
	if (fabs(a - b) > by)
		fail_msg("%f is not %f", a, b);
}

static void want(struct scene *s, uint32_t from, uint32_t to, double mbps)
{
	s->changes[s->seen.n_changes++] = (struct te_change) { .from = from, .to = to, .mbps = mbps };
}

static void the_file_says_what_is_shared(void **state)
{
	struct scene *s = *state;
	const struct net *net = s->net;
	assert_int_equal(net->n_edges, N_EDGES);
	assert_string_equal(net->edges[AB_BLUE].name, "a-b@blue");
	assert_string_equal(net->edges[CD_RED].name, "c-d@red");
	/* In blue each has one tunnel, and of pink nobody knows a rate. */
	assert_int_equal(net->n_nics, N_NICS);
	for (uint32_t i = 0; i < N_NICS; i++) {
		assert_int_equal(net->nics[i].sw, i);
		assert_int_equal(net->nics[i].underlay, 0);
		near(net->nics[i].mbps, i == NIC_A ? 2000 : 10000, 1e-9);
	}
	near(net->edges[AB_BLUE].mbps, 1000, 1e-9);
	near(net->edges[AB_PINK].mbps, 0, 1e-9);
	near(net->edges[AC_RED].mbps, 2000, 1e-9);
	near(net->edges[BC_RED].mbps, 10000, 1e-9);
	assert_int_equal(net->edges[AC_RED].nic[0], NIC_A);
	assert_int_equal(net->edges[AC_RED].nic[1], NIC_C);
	assert_int_equal(net->edges[AB_BLUE].nic[0], NET_NONE);
	assert_int_equal(net->edges[AC_PINK].nic[1], NET_NONE);
}

/* Tunnels with a rate of their own are held to that, and to what the NICs have. */
static void a_tunnel_is_no_wider_than_its_ends(void **state)
{
	struct net *net = parse(
		"version: 1\n"
		"underlays: {red: {rate: 10Gbit}}\n"
		"switches:\n"
		"  a: {dpid: 1, vteps: {red: {address: 10.0.0.1, rate: 2Gbit}}}\n"
		"  b: {dpid: 2, vteps: {red: 10.0.0.2}}\n"
		"  c: {dpid: 3, vteps: {red: 10.0.0.3}}\n"
		"networks:\n"
		"  office: {ports: [\"*:vm*\"]}\n"
		"links:\n"
		"  - {between: [a, b], rate: 5Gbit}\n"
		"  - {between: [b, c], rate: 5Gbit}\n");
	(void) state;
	near(net->edges[0].mbps, 2000, 1e-9);
	near(net->edges[1].mbps, 5000, 1e-9);
	/* Only b has two. */
	assert_int_equal(net->n_nics, 1);
	assert_int_equal(net->nics[0].sw, 1);
	assert_int_equal(net->edges[0].nic[0], NET_NONE);
	assert_int_equal(net->edges[0].nic[1], 0);
	net_free(net);
}

static void a_nic_is_the_bottleneck(void **state)
{
	struct scene *s = *state;
	char name[64];
	uint32_t arc;
	/* 1.5 Gbit/s each: no tunnel is full, and a's NIC would be. Pink is 10 Gbit/s, as nobody says anything. */
	for (int i = 0; i < N_EDGES; i++)
		s->usable[i] = i != AB_PINK && i != AC_PINK && i != BC_PINK;
	want(s, A, B, 1500);
	want(s, A, C, 1500);
	want(s, D, A, 700);
	struct te_plan *t = te_plan_new(s->view, &s->seen);
	assert_int_equal(t->n_arcs, 2 * (N_EDGES + N_NICS));
	struct placement *p = place_plan(&t->job), *mine = te_map_out(t->map, p);
	te_loads(t, mine, s->loads);
	near(te_highest(t, s->loads, &arc), te_u(p->u), 1e-9);
	assert_true(arc == OUT(NIC_A) || arc == 2 * AB_BLUE);
	assert_string_equal(te_arc_name(s->net, OUT(NIC_A), name, sizeof name), "red of a, out");
	/* Blue takes what it can, such that both are as full: two thirds of 3 Gbit/s by red. */
	near(s->loads[OUT(NIC_A)] / 2000, 1, 0.02);
	near(s->loads[2 * AB_BLUE] / 1000, 1, 0.03);
	near(s->loads[IN(NIC_A)] + s->loads[2 * AB_BLUE + 1], 700, 1e-6);
	near(s->loads[OUT(NIC_D)], 700, 1e-6);
	near(s->loads[OUT(NIC_A)], s->loads[2 * AB_RED] + s->loads[2 * AC_RED] + s->loads[2 * AD_RED], 1e-6);
	assert_true(te_u(p->bound) > 0.99 && p->bound <= p->u * (1 + 1e-9));
	struct te_part parts[3];
	assert_true(te_parts(t, mine, IN(NIC_A), parts, 3) >= 1);
	assert_int_equal(mine->pairs[parts[0].pair].src, D);
	near(parts[0].mbps, s->loads[IN(NIC_A)], 1e-6);
	/* Paths are of edges, and go in and out as they are. */
	struct placement *in = te_map_in(t->map, mine), *out = te_map_out(t->map, in);
	assert_true(te_same(mine, out) && te_same(p, in));
	near(place_load(&t->job, in), p->u, 1e-9);
	for (size_t i = 0; i < mine->n_pairs; i++)
		for (uint32_t k = 0; k < mine->pairs[i].n_active; k++)
			for (uint32_t a = 0; a < mine->pairs[i].paths[k].n_arcs; a++)
				assert_true(mine->pairs[i].paths[k].arcs[a] < 2 * N_EDGES);
	place_free(in);
	place_free(out);
	/* What runs stays. */
	struct place_job job = t->job;
	job.running = p;
	struct placement *stay = place_stay(&job);
	assert_int_equal(stay->n_changed, 0);
	place_free(stay);
	place_free(p);
	/* And what if less was sent, or the other underlay was down? */
	double bound;
	te_plan_free(t);
	s->usable[AB_BLUE] = false;
	t = te_plan_new(s->view, &s->seen);
	p = te_what_plan(t, mine, 0.7, &bound);
	te_loads(t, p, s->loads);
	near(te_highest(t, s->loads, &arc), 1.5, 1e-6);
	near(bound, 1.5, 0.02);
	place_free(p);
	place_free(mine);
	te_plan_free(t);
}

/* A frame that is relayed goes through the NIC twice: in, and out. */
static void a_relay_pays_twice(void **state)
{
	struct scene *s = *state;
	uint32_t arc;
	for (int i = 0; i < N_EDGES; i++)
		s->usable[i] = i == AB_RED || i == BC_RED;
	want(s, A, C, 1000);
	want(s, B, C, 3000);
	struct te_plan *t = te_plan_new(s->view, &s->seen);
	struct placement *p = place_plan(&t->job), *mine = te_map_out(t->map, p);
	te_loads(t, mine, s->loads);
	te_highest(t, s->loads, &arc);
	/* What others leave of the NICs on its way; what is relayed comes in, too. */
	double *share = calloc(t->n_arcs, sizeof *share);
	near(te_room(t, s->loads, place_find(mine, A, C), share), 2000, 1e-6);
	near(te_room(t, s->loads, place_find(mine, B, C), share), 9000, 1e-6);
	near(te_room(t, s->loads, place_find(mine, C, B), share), 9000, 1e-6);
	for (uint32_t i = 0; i < t->n_arcs; i++)
		near(share[i], 0, 0);
	free(share);
	near(s->loads[OUT(NIC_A)], 1000, 1e-6);
	near(s->loads[IN(NIC_B)], 1000, 1e-6);
	near(s->loads[OUT(NIC_B)], 4000, 1e-6);
	near(s->loads[IN(NIC_C)], 4000, 1e-6);
	assert_int_equal(place_find(mine, A, C)->paths[0].n_arcs, 2);
	place_free(p);
	place_free(mine);
	te_plan_free(t);
}

/* No path turns round inside a NIC, which would cost the switch nothing. */
static void no_path_turns_in_a_nic(void **state)
{
	struct scene *s = *state;
	unsigned seed = 3;
	for (int round = 0; round < 40; round++) {
		s->seen.n_changes = 0;
		for (uint32_t from = 0; from < N_SWITCHES; from++)
			for (uint32_t to = 0; to < N_SWITCHES; to++)
				if (from != to)
					want(s, from, to, rand_r(&seed) % 2000);
		for (int i = 0; i < N_EDGES; i++)
			s->usable[i] = rand_r(&seed) % 4 || i == AD_RED;
		struct te_plan *t = te_plan_new(s->view, &s->seen);
		struct placement *p = place_plan(&t->job), *mine = te_map_out(t->map, p);
		uint32_t arc;
		for (size_t i = 0; i < mine->n_pairs; i++)
			for (uint32_t k = 0; k < mine->pairs[i].n_active; k++) {
				const struct place_path *path = &mine->pairs[i].paths[k];
				uint32_t at = mine->pairs[i].src;
				for (uint32_t a = 0; a < path->n_arcs; a++) {
					const struct net_edge *edge = &s->net->edges[path->arcs[a] / 2];
					assert_int_equal(edge->sw[path->arcs[a] & 1], at);
					at = edge->sw[!(path->arcs[a] & 1)];
				}
				assert_int_equal(at, mine->pairs[i].dst);
			}
		te_loads(t, mine, s->loads);
		near(te_highest(t, s->loads, &arc), te_u(p->u), 1e-6);
		assert_true(p->bound <= p->u * (1 + 1e-9));
		place_free(p);
		place_free(mine);
		te_plan_free(t);
	}
}

static int set_up_rules(void **state)
{
	return set_up_with(state,
		"te:\n"
		"  pin: [{from: a, to: c, via: b}]\n"
		"  avoid: [{from: a, to: b, underlays: red}, {from: b, to: a, links: a-b@blue}]\n"
		"  guarantee: [{from: a, to: b, rate: 0.9Gbit}]\n");
}

static void rules_hold_over_nics(void **state)
{
	struct scene *s = *state;
	struct te_plan *t = te_plan_new(s->view, &s->seen);
	struct placement *p = place_plan(&t->job), *mine = te_map_out(t->map, p);
	const struct place_pair *pair = place_find(mine, A, C);
	assert_false(pair->rules_broken);
	assert_int_equal(s->net->edges[pair->paths[0].arcs[0] / 2].sw[1], B);
	pair = place_find(mine, A, B);
	for (uint32_t k = 0; k < pair->n_active; k++)
		for (uint32_t a = 0; a < pair->paths[k].n_arcs; a++)
			assert_true(s->net->edges[pair->paths[k].arcs[a] / 2].underlay != 0);
	pair = place_find(mine, B, A);
	for (uint32_t k = 0; k < pair->n_active; k++)
		assert_true(pair->paths[k].arcs[0] / 2 != AB_BLUE);
	place_free(p);
	place_free(mine);
	te_plan_free(t);
}

int main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_file_says_what_is_shared),
		cmocka_unit_test(a_tunnel_is_no_wider_than_its_ends),
		TEST(a_nic_is_the_bottleneck),
		TEST(a_relay_pays_twice),
		TEST(no_path_turns_in_a_nic),
		cmocka_unit_test_setup_teardown(rules_hold_over_nics, set_up_rules, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
