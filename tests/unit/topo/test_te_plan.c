/* SPDX-License-Identifier: Apache-2.0 */
/* From a file and what is seen to the job of placement, and back to loads, text,
 * and answers to "what if". */
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

/* A square with one diagonal; e hangs on a; f stands alone. */
static const char text[] =
	"version: 1\n"
	"switches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}, d: {dpid: 4}, e: {dpid: 5}, f: {dpid: 6}}\n"
	"networks:\n"
	"  red: {ports: [\"*:r*\"]}\n"
	"  blue: {ports: [\"b:b*\", \"d:b*\"]}\n"
	"links:\n"
	"  - {between: [a:e1, b:e1]}\n"
	"  - {between: [b:e2, c:e2]}\n"
	"  - {between: [c:e3, d:e3]}\n"
	"  - {between: [a:e4, d:e4]}\n"
	"  - {between: [a:e5, c:e5], cost: 5}\n"
	"  - {between: [a:e6, e:e6]}\n";
enum { AB, AD, AC, AE, BC, CD, N_EDGES };       /* sorted by name */
enum { A, B, C, D, E, F, N_SWITCHES };

struct scene {
	struct net *net;
	struct view *view;
	bool usable[N_EDGES];
	double background[2 * N_EDGES];
	struct demands *demands;
	struct te_seen seen;
	double wants[N_SWITCHES][N_SWITCHES];
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

static void add_port(struct view *view, uint32_t sw, uint32_t ofport, const char *name, uint32_t mbps)
{
	struct fact fact = { .kind = FACT_PORT, .sw = sw, .ofport = ofport, .port_up = true, .port_live = true,
			     .port_speed_mbps = mbps };
	snprintf(fact.port_name, sizeof fact.port_name, "%s", name);
	view_apply(view, &fact, NULL, NULL);
}

/* All that starts there is read again, a second apart. */
static void want(struct scene *s, uint32_t from, uint32_t to, double mbps)
{
	s->wants[from][to] = mbps;
	s->seen.now_ms += 1000000;
	for (int again = 0; again < 2; again++) {
		demands_begin(s->demands, from, s->seen.now_ms - 1000 + again * 1000);
		for (uint32_t i = 0; i < N_SWITCHES; i++)
			if (s->wants[from][i] > 0)
				demands_read(s->demands, from, i, i << 8 | s->seen.now_ms << 16,
					     again ? (uint64_t) (s->wants[from][i] * 125000) : 0, 10000 + again);
		demands_end(s->demands, from);
	}
}

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof *s);
	s->net = parse(text);
	s->view = view_new();
	view_bind(s->view, s->net, 1000, NULL, NULL);
	for (uint32_t i = 0; i < N_SWITCHES; i++) {
		uint32_t sw = view_switch_slot(s->view, s->net->switches[i].name, i + 1);
		char name[8];
		for (uint32_t p = 1; p <= 6; p++) {
			snprintf(name, sizeof name, "e%u", p);
			add_port(s->view, sw, p, name, p == 5 ? 1000 : p == 4 && i == A ? 100 : p == 4 ? 200 : 0);
		}
		add_port(s->view, sw, 7, "r1", 0);
		if (i == B || i == D)
			add_port(s->view, sw, 8, "b1", 0);
	}
	for (int i = 0; i < N_EDGES; i++)
		s->usable[i] = true;
	s->demands = demands_new(N_SWITCHES);
	s->seen = (struct te_seen) {
		.usable = s->usable, .background = s->background, .demands = s->demands, .now_ms = 1000000,
	};
	assert_int_equal(s->net->n_edges, N_EDGES);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	demands_free(s->demands);
	view_free(s->view);
	net_free(s->net);
	free(s);
	return 0;
}

static void near(double a, double b)
{
	if (fabs(a - b) > 1e-6 * (1 + fabs(b)))
		fail_msg("%f is not %f", a, b);
}

static void capacity_is_the_file_s_or_the_port_s(void **state)
{
	struct scene *s = *state;
	near(te_capacity(s->view, AC), 1000);
	near(te_capacity(s->view, AD), 100);
	near(te_capacity(s->view, AB), TE_DEFAULT_MBPS);
	s->net->edges[AC].mbps = 333;
	s->background[2 * AC + 1] = 100;
	s->background[2 * AD] = 1e9;
	struct te_plan *t = te_plan_new(s->view, &s->seen);
	near(t->links[AC].mbps[0], 333 * TE_HEADROOM);
	near(t->links[AC].mbps[1], (333 - 100 / 0.7) * TE_HEADROOM);
	near(t->links[AD].mbps[0], 5);
	assert_int_equal(t->job.n_nodes, N_SWITCHES);
	te_plan_free(t);
}

static void pairs_stand_in_one_network_and_are_joined(void **state)
{
	struct scene *s = *state;
	want(s, A, C, 40);
	struct te_plan *t = te_plan_new(s->view, &s->seen);
	/* f is not joined to anybody. */
	assert_int_equal(t->job.n_demands, 5 * 4);
	for (size_t i = 0; i < t->job.n_demands; i++)
		near(t->demands[i].mbps, t->demands[i].src == A && t->demands[i].dst == C ? 40 : 0);
	te_plan_free(t);
	s->usable[AE] = false;
	t = te_plan_new(s->view, &s->seen);
	assert_int_equal(t->job.n_demands, 4 * 3);
	assert_true(t->links[AE].down);
	te_plan_free(t);
	te_plan_free(NULL);
}

static void edges_on_drain_or_held_are_used_only_where_they_must_be(void **state)
{
	struct scene *s = *state;
	bool held[N_EDGES] = { [AC] = true, [AE] = true };
	s->net->edges[AB].drain = true;
	s->seen.held = held;
	struct te_plan *t = te_plan_new(s->view, &s->seen);
	assert_true(t->links[AB].down && t->links[AC].down && !t->links[AE].down && !t->links[AD].down);
	te_plan_free(t);
	s->usable[AD] = false;
	t = te_plan_new(s->view, &s->seen);
	assert_true(!t->links[AB].down != !t->links[AC].down);
	assert_int_equal(t->job.n_demands, 20);
	te_plan_free(t);
	s->net->edges[AB].drain = false;
}

static const struct place_pair *placed(const struct placement *p, uint32_t src, uint32_t dst)
{
	const struct place_pair *pair = place_find(p, src, dst);
	assert_non_null(pair);
	return pair;
}

static void rules_and_guarantees_of_the_file_hold(void **state)
{
	struct scene *s = *state;
	double loads[2 * N_EDGES];
	uint32_t arc, via_dc[] = { D, C };
	struct net_te_pair pin = { .from = A, .to = B, .network = NET_NONE, .via = via_dc, .n_via = 2 };
	struct net_te_reserve reserve = { .from = A, .to = B, .mbps = 30 };
	s->net->te.pins = &pin;
	s->net->te.reserves = &reserve;
	s->net->te.n_pins = s->net->te.n_reserves = 1;
	want(s, A, B, 20);
	struct te_plan *t = te_plan_new(s->view, &s->seen);
	struct placement *p = place_stay(&t->job), *copy = te_copy(p);
	place_free(p);
	const struct place_pair *ab = placed(copy, A, B);
	assert_int_equal(ab->paths[0].n_arcs, 3);
	assert_int_equal(ab->paths[0].arcs[0], 2 * AD);
	assert_int_equal(ab->paths[0].arcs[2], 2 * BC + 1);
	te_loads(t, copy, loads);
	near(loads[2 * AD], 30);
	near(te_highest(t, loads, &arc), 0.3);
	assert_int_equal(arc, 2 * AD);
	place_free(copy);
	te_plan_free(t);
	s->net->te.n_pins = s->net->te.n_reserves = 0;
}

static void parts_are_told_by_size(void **state)
{
	struct scene *s = *state;
	struct te_part parts[2];
	want(s, E, B, 3);
	want(s, E, C, 5);
	want(s, E, D, 4);
	struct te_plan *t = te_plan_new(s->view, &s->seen);
	struct placement *p = place_stay(&t->job);
	assert_int_equal(te_parts(t, p, 2 * AE + 1, parts, 2), 4);
	assert_int_equal(p->pairs[parts[0].pair].dst, C);
	assert_int_equal(p->pairs[parts[1].pair].dst, D);
	near(parts[1].mbps, 4);
	te_set_demands(p, &s->seen);
	near(placed(p, E, D)->mbps, 4);
	struct te_change x3 = { .from = E, .to = D, .times = 3 };
	s->seen.changes = &x3;
	s->seen.n_changes = 1;
	te_set_demands(p, &s->seen);
	near(placed(p, E, D)->mbps, 12);
	x3 = (struct te_change) { .from = E, .to = D, .mbps = 7 };
	te_set_demands(p, &s->seen);
	near(placed(p, E, D)->mbps, 7);
	s->seen.n_changes = 0;
	place_free(p);
	te_plan_free(t);
}

static char *written(const struct placement *p, const struct net *net)
{
	char *out;
	size_t size;
	FILE *f = open_memstream(&out, &size);
	te_write(p, net, f);
	fclose(f);
	return out;
}

static void what_is_written_is_read(void **state)
{
	struct scene *s = *state;
	const char *rest;
	want(s, A, D, 150);
	struct te_plan *t = te_plan_new(s->view, &s->seen);
	struct placement *p = place_plan(&t->job);
	assert_true(placed(p, A, D)->n_active > 1);
	char *first = written(p, s->net), with[20000];
	snprintf(with, sizeof with, "%sand more", first);
	struct placement *back = te_read(with, s->net, &rest);
	assert_string_equal(rest, "and more");
	char *second = written(back, s->net);
	assert_string_equal(first, second);
	/* And it runs as it is. */
	t->job.running = back;
	struct placement *stay = place_stay(&t->job);
	assert_int_equal(stay->n_changed, 0);
	place_free(stay);
	/* A file without b and without one edge: what is left is whole. */
	struct net *other = parse(
		"version: 1\nswitches: {a: {dpid: 1}, c: {dpid: 3}, d: {dpid: 4}, e: {dpid: 5}, z: {dpid: 9}}\n"
		"networks: {red: {ports: [\"*:r*\"]}}\n"
		"links:\n"
		"  - {between: [c:e3, d:e3]}\n"
		"  - {between: [a:e4, d:e4]}\n"
		"  - {between: [a:e6, e:e6]}\n");
	struct placement *moved = te_carry_over(back, s->net, other);
	assert_non_null(place_find(moved, net_switch_by_name(other, "e"), net_switch_by_name(other, "d")));
	for (size_t i = 0; i < moved->n_pairs; i++)
		for (uint32_t k = 0; k < moved->pairs[i].paths[0].n_arcs; k++)
			assert_true(moved->pairs[i].paths[0].arcs[k] < 6);
	place_free(moved);
	net_free(other);
	/* Cut anywhere: null, or pairs that are whole. Nonsense: null, or left out. */
	for (size_t n = strlen(first) - 1; n--;) {
		char *cut = strndup(first, n);
		assert_null(te_read(cut, s->net, &rest));
		free(cut);
	}
	static const char *const bad[] = {
		"pair\ta\tb\t1\t16\npath\t16\ta:e1-b:e1<\nslots\t0\nend\n",
		"pair\ta\tb\t1\t1\npath\t16\ta:e1-b:e1>\nslots\t1\nend\n",
		"pair\ta\tb\t1\t99\npath\t16\ta:e1-b:e1>\nslots\t0\nend\n",
		"pair\ta\tb\nslots\t0\nend\n", "pair\ta\tb\t1\t1\npath\t1\t\nslots\t0\nend\n", "slots\nend\n", "path\nend\n",
		"pair\ta\tb\tnan\t1\npath\t1\ta:e1-b:e1>\nslots\t0\nend\n",
		"pair\ta\tb\t1\t1\npath\t1\nslots\t0\nend\n",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct placement *none = te_read(bad[i], s->net, &rest);
		assert_non_null(none);
		if (none->n_pairs)
			fail_msg("%zu was taken", i);
		place_free(none);
	}
	assert_null(te_read("something else\n", s->net, &rest));
	free(first);
	free(second);
	place_free(back);
	place_free(p);
	te_plan_free(t);
}

static bool asks(struct scene *s, const char *question, struct te_what *w)
{
	char why[200] = "";
	bool ok = te_what_parse(w, s->net, s->usable, question, why, sizeof why);
	if (!ok)
		assert_true(strlen(why) > 10);
	return ok;
}

static void questions_are_understood(void **state)
{
	struct scene *s = *state;
	struct te_what w;
	static const char *const bad[] = {
		"", "kvm9 down", "a-b", "a-b sideways", "a->b", "a->z x2", "z->a x2", "a->b xx", "a->b 3", "a->b x0", "a->b x-2",
		"a->b 3 apples", "a-b down,", "down", " -> x2", "a->b x2 3", "a-e2 down",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (asks(s, bad[i], &w))
			fail_msg("\"%s\" was taken", bad[i]);
		te_what_free(&w);
	}
	assert_true(asks(s, "b-a down", &w));
	assert_true(!w.usable[AB] && w.usable[AC]);
	te_what_free(&w);
	assert_true(asks(s, " a:e1-b:e1 down , c down,a->b x2, a -> c  300Mbit,a->d 1.5 gbit/s,a->e 3x", &w));
	assert_true(!w.usable[AB] && !w.usable[AC] && !w.usable[BC] && !w.usable[CD] && w.usable[AD]);
	assert_int_equal(w.n_changes, 4);
	near(w.changes[0].times, 2);
	near(w.changes[1].mbps, 300);
	near(w.changes[2].mbps, 1500);
	near(w.changes[3].times, 3);
	te_what_free(&w);
	s->usable[AB] = false;
	assert_true(asks(s, "a up", &w));
	assert_true(w.usable[AB]);
	te_what_free(&w);
	char *many = calloc(1, 2000);
	for (int i = 0; i < TE_WHAT_MAX + 1; i++)
		strcat(many, i ? ",a->b x2" : "a->b x2");
	assert_false(asks(s, many, &w));
	te_what_free(&w);
	memset(many, 'a', 1500);
	assert_false(asks(s, many, &w));
	te_what_free(&w);
	free(many);
}

static void answers_are_plans(void **state)
{
	struct scene *s = *state;
	struct te_what w;
	double bound, loads[2 * N_EDGES];
	uint32_t arc;
	for (int i = 0; i < N_EDGES; i++)
		s->net->edges[i].mbps = 100;
	want(s, A, D, 60);
	struct te_plan *t = te_plan_new(s->view, &s->seen);
	struct placement *running = place_stay(&t->job);
	te_plan_free(t);
	/* Nothing that matters: nothing moves. */
	assert_true(asks(s, "a-b down", &w));
	s->seen.usable = w.usable;
	t = te_plan_new(s->view, &s->seen);
	struct placement *p = te_what_plan(t, running, 0.7, &bound);
	near(te_moved(placed(running, A, D), placed(p, A, D)), 0);
	te_loads(t, p, loads);
	near(te_highest(t, loads, &arc), 0.6);
	place_free(p);
	te_plan_free(t);
	te_what_free(&w);
	/* Twice as much: it is split. */
	assert_true(asks(s, "a->d x2", &w));
	s->seen.usable = w.usable;
	s->seen.changes = w.changes;
	s->seen.n_changes = w.n_changes;
	t = te_plan_new(s->view, &s->seen);
	p = te_what_plan(t, running, 0.7, &bound);
	te_loads(t, p, loads);
	assert_true(te_highest(t, loads, &arc) <= 0.7 && bound > 0.59 && bound <= 0.6 + 1e-6);
	assert_true(te_moved(placed(running, A, D), placed(p, A, D)) > 0.3);
	place_free(p);
	te_plan_free(t);
	te_what_free(&w);
	s->seen.n_changes = 0;
	/* Its link fails: all of it goes elsewhere. */
	assert_true(asks(s, "a-d down", &w));
	s->seen.usable = w.usable;
	t = te_plan_new(s->view, &s->seen);
	p = te_what_plan(t, running, 0.7, &bound);
	near(te_moved(placed(running, A, D), placed(p, A, D)), 1);
	near(te_moved(NULL, placed(p, A, D)), 1);
	near(te_moved(placed(p, A, D), NULL), 1);
	near(te_moved(NULL, NULL), 0);
	place_free(p);
	te_plan_free(t);
	te_what_free(&w);
	place_free(running);
}

static void pairs_on_detours_go_home(void **state)
{
	struct scene *s = *state;
	s->usable[AB] = false;
	struct te_plan *t = te_plan_new(s->view, &s->seen);
	struct placement *running = place_stay(&t->job);
	te_plan_free(t);
	assert_true(placed(running, A, B)->paths[0].n_arcs > 1);
	s->usable[AB] = true;
	t = te_plan_new(s->view, &s->seen);
	struct placement *home = te_home(t, running);
	assert_null(place_find(home, A, B));
	assert_non_null(place_find(home, A, D));
	t->job.running = home;
	struct placement *p = place_stay(&t->job);
	assert_int_equal(placed(p, A, B)->paths[0].n_arcs, 1);
	place_free(p);
	place_free(home);
	place_free(running);
	te_plan_free(t);
}

int main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(capacity_is_the_file_s_or_the_port_s),
		TEST(pairs_stand_in_one_network_and_are_joined),
		TEST(edges_on_drain_or_held_are_used_only_where_they_must_be),
		TEST(rules_and_guarantees_of_the_file_hold),
		TEST(parts_are_told_by_size),
		TEST(what_is_written_is_read),
		TEST(questions_are_understood),
		TEST(answers_are_plans),
		TEST(pairs_on_detours_go_home),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
