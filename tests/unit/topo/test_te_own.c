/* SPDX-License-Identifier: Apache-2.0 */
/* Which way a network has for itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "topo/arena.h"
#include "topo/te_job.h"
#include "topo/te_own.h"

/* A square with a diagonal that costs more; all of it 10 ms. */
#define SQUARE(MORE) \
	"version: 1\n" \
	"switches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}, d: {dpid: 4}}\n" \
	"networks: {red: {ports: [\"*:r*\"]}, blue: {ports: [\"*:b*\"]}}\n" \
	"links:\n" \
	"  - {between: [a:e1, b:e1], delay: 10ms, rate: 1Gbit}\n" \
	"  - {between: [b:e2, c:e2], delay: 10ms, rate: 1Gbit}\n" \
	"  - {between: [c:e3, d:e3], delay: 10ms, rate: 1Gbit}\n" \
	"  - {between: [a:e4, d:e4], delay: 10ms, rate: 1Gbit}\n" \
	"  - {between: [a:e5, c:e5], delay: 10ms, rate: 1Gbit, cost: 50}\n" MORE
enum { AB, AD, AC, BC, CD, N_EDGES };   /* sorted by name */
enum { A, B, C, D };
enum { BLUE, RED };

struct scene { struct net *net; struct arena *arena; struct place_link links[N_EDGES]; bool is_up[N_EDGES]; };

static void begin(struct scene *s, const char *text)
{
	struct diag *diag = diag_new("t.yaml");
	*s = (struct scene) { .net = net_parse("t.yaml", text, strlen(text), diag), .arena = arena_new() };
	diag_print(diag, stderr);
	diag_free(diag);
	assert_non_null(s->net);
	assert_int_equal(s->net->n_edges, N_EDGES);
	for (int i = 0; i < N_EDGES; i++)
		s->is_up[i] = true;
}

static void end(struct scene *s)
{
	net_free(s->net);
	arena_free(s->arena);
}

static struct te_owns *owns_of(struct scene *s)
{
	te_job_links(s->net, s->is_up, NULL, s->links);
	return te_owns_new(s->arena, s->net, s->links);
}

/* "abc": a to b to c. */
static void expect(const struct scene *s, const struct te_owns *owns, uint32_t network, const char *path)
{
	uint32_t from = (uint32_t) (path[0] - 'a'), to = (uint32_t) (path[strlen(path) - 1] - 'a');
	const struct te_own *own = te_own_find(owns, network, from, to);
	char got[16] = "";
	assert_non_null(own);
	got[0] = (char) ('a' + from);
	for (uint32_t i = 0; i < own->n_arcs; i++)
		got[i + 1] = (char) ('a' + s->net->edges[own->arcs[i] / 2].sw[!(own->arcs[i] & 1)]);
	assert_string_equal(got, path);
}

static void without_a_word_there_are_none(void **state)
{
	struct scene s;
	(void) state;
	begin(&s, SQUARE("te: {pin: [{from: a, to: c, via: d}]}\n"));
	assert_false(te_has_owns(s.net));
	assert_int_equal(owns_of(&s)->n, 0);
	assert_null(te_own_find(NULL, RED, A, C));
	assert_true(te_owns_same(NULL, owns_of(&s)));
	end(&s);
}

static void the_cheapest_that_suits(void **state)
{
	struct scene s;
	size_t n;
	(void) state;
	begin(&s, SQUARE("te:\n"
			 "  pin: [{from: a, to: c, via: d, network: red}, {from: a, to: b, via: c},\n"
			 "        {from: c, to: a, via: b}, {from: c, to: a, via: d, network: blue}]\n"
			 "  avoid: [{from: a, to: c, via: b, network: blue}, {from: a, to: b, links: \"a:e5-c:e5\", network: red},\n"
			 "          {from: c, to: a, via: d, network: red}]\n"));
	assert_true(te_has_owns(s.net));
	const struct te_owns *owns = owns_of(&s);
	assert_int_equal(owns->n, 5);
	expect(&s, owns, RED, "adc");
	expect(&s, owns, BLUE, "adc");
	/* The pin of the pair holds for it, too, beside what it keeps off. */
	expect(&s, owns, RED, "adcb");
	/* One of its own stands for that of the pair; what it keeps off is beside it. */
	expect(&s, owns, BLUE, "cda");
	expect(&s, owns, RED, "cba");
	assert_null(te_own_find(owns, BLUE, A, D));
	/* What is for all has nothing of it. */
	const struct place_rule *rules = te_job_rules(s.net, NULL, s.arena, &n);
	assert_int_equal(n, 2);
	assert_int_equal(rules[0].dst, B);
	assert_int_equal(rules[1].src, C);
	/* Torn: the dear one; then none. */
	s.is_up[AD] = false;
	owns = owns_of(&s);
	expect(&s, owns, BLUE, "ac");
	assert_null(te_own_find(owns, BLUE, C, A));
	/* That pin does not hold without what is kept off. */
	assert_null(te_own_find(owns, RED, A, B));
	assert_int_equal(owns->n, 5);
	end(&s);
}

static void the_ceiling_holds_for_it(void **state)
{
	struct scene s;
	(void) state;
	begin(&s, SQUARE("te: {max_delay: 15ms, avoid: [{from: a, to: c, links: \"a:e1-b:e1\", network: red}]}\n"));
	expect(&s, owns_of(&s), RED, "ac");
	end(&s);
}

static void copies_are_the_same(void **state)
{
	struct scene s;
	(void) state;
	begin(&s, SQUARE("te: {pin: [{from: a, to: c, via: d, network: red}]}\n"));
	struct te_owns *owns = owns_of(&s), *copy = te_owns_copy(owns);
	assert_true(te_owns_same(owns, copy));
	s.is_up[AD] = false;
	assert_false(te_owns_same(owns_of(&s), copy));
	s.is_up[AD] = true;
	copy->items[0].arcs[1] ^= 1;
	assert_false(te_owns_same(owns, copy));
	copy->items[0].network = BLUE;
	assert_false(te_owns_same(owns, copy));
	te_owns_free(copy);
	te_owns_free(NULL);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_word_there_are_none),
		cmocka_unit_test(the_cheapest_that_suits),
		cmocka_unit_test(the_ceiling_holds_for_it),
		cmocka_unit_test(copies_are_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
