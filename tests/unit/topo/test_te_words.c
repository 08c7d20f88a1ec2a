/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "topo/arena.h"
#include "topo/te_words.h"

/* Four switches; two edges between a and b. */
static struct net_switch switches[] = { { .name = "a" }, { .name = "b" }, { .name = "c" }, { .name = "d" } };
static struct net_edge edges[] = {
	{ .name = "a:1-b:1", .sw = { 0, 1 } }, { .name = "a:2-b:2", .sw = { 0, 1 } }, { .name = "a:3-c:1", .sw = { 0, 2 } },
	{ .name = "b:3-c:2", .sw = { 1, 2 } }, { .name = "a-d", .sw = { 0, 3 } }, { .name = "b-d", .sw = { 1, 3 } },
};
enum { N_EDGES = 6 };
static const struct net net = { .switches = switches, .n_switches = 4, .edges = edges, .n_edges = N_EDGES };

static struct place_link links[N_EDGES];
static double mbps[2 * N_EDGES], background[2 * N_EDGES];
static struct te_map map = { .n_edges = N_EDGES };
static struct te_plan plan = { .map = &map, .n_arcs = 2 * N_EDGES, .links = links, .mbps = mbps, .background = background };

/* a -> b over the first cable, over c, over d, so many slots of 16 each. */
static uint32_t direct[] = { 0 }, over_c[] = { 4, 7 }, over_d[] = { 8, 11 };

static void fill(struct placement *p, struct place_pair *pair, struct place_path *paths, double rate, uint32_t n0, uint32_t n1,
		 uint32_t n2)
{
	struct place_path all[] = {
		{ .arcs = direct, .n_arcs = 1, .n_slots = n0, .share = n0 / 16.0 },
		{ .arcs = over_c, .n_arcs = 2, .n_slots = n1, .share = n1 / 16.0 },
		{ .arcs = over_d, .n_arcs = 2, .n_slots = n2, .share = n2 / 16.0 },
	};
	*pair = (struct place_pair) { .src = 0, .dst = 1, .mbps = rate, .paths = paths, .n_slots = 16 };
	for (uint32_t i = 0, slot = 0; i < 3; i++) {
		if (!all[i].n_slots)
			continue;
		for (uint32_t k = 0; k < all[i].n_slots; k++)
			pair->slots[slot++] = (uint8_t) pair->n_active;
		paths[pair->n_active++] = all[i];
	}
	pair->n_paths = pair->n_active;
	*p = (struct placement) { .pairs = pair, .n_pairs = 1 };
}

static void names(void **state)
{
	char buf[100];
	struct place_path path = { .arcs = over_c, .n_arcs = 2 };
	(void) state;
	assert_string_equal(te_arc_name(&net, 0, buf, sizeof buf), "a:1-b:1 from a");
	assert_string_equal(te_arc_name(&net, 1, buf, sizeof buf), "a:1-b:1 from b");
	assert_string_equal(te_arc_name(&net, 4, buf, sizeof buf), "a-c");
	assert_string_equal(te_arc_name(&net, 5, buf, sizeof buf), "c-a");
	assert_string_equal(te_path_name(&net, 0, &path, buf, sizeof buf), "a-c-b");
	te_path_name(&net, 0, &path, buf, 3);
	assert_string_equal(buf, "a-");
}

static void changes(void **state)
{
	struct placement before, after;
	struct place_pair one, other;
	struct place_path paths[3], more[3];
	char text[300];
	uint32_t nics[2 * N_EDGES][2];
	(void) state;
	memset(nics, 0xff, sizeof nics);
	map.nic = nics;
	for (int i = 0; i < 2 * N_EDGES; i++)
		mbps[i] = 100;
	fill(&before, &one, paths, 93, 16, 0, 0);
	assert_int_equal(te_say_change(&net, &plan, NULL, &before, text, sizeof text), 0);
	assert_string_equal(text, "1 pair has its paths, the busiest link is a:1-b:1 from a with 93 %");
	assert_true(te_same(&before, &before));
	assert_false(te_same(&before, NULL));
	assert_true(te_same(NULL, NULL));
	fill(&after, &other, more, 93, 12, 4, 0);
	assert_false(te_same(&before, &after));
	assert_int_equal(te_say_change(&net, &plan, &before, &after, text, sizeof text), 1);
	assert_string_equal(text, "a:1-b:1 from a 93 % -> 70 %: 1 pair moved over c");
	fill(&after, &other, more, 93, 8, 4, 4);
	te_say_change(&net, &plan, &before, &after, text, sizeof text);
	assert_string_equal(text, "a:1-b:1 from a 93 % -> 47 %: 1 pair moved over c, d");
	/* Nobody sends. */
	one.mbps = other.mbps = 0;
	te_say_change(&net, &plan, &before, &after, text, sizeof text);
	assert_string_equal(text, "1 pair moved over c, d");
	/* What comes back passes nothing new. */
	te_say_change(&net, &plan, &after, &before, text, sizeof text);
	assert_string_equal(text, "1 pair moved");
	/* A pair that came: nothing moved. */
	struct placement none = { 0 };
	assert_int_equal(te_say_change(&net, &plan, &none, &before, text, sizeof text), 0);
	assert_string_equal(text, "1 pair has its paths");
	/* The same paths in other slots. */
	fill(&after, &other, more, 93, 8, 8, 0);
	fill(&before, &one, paths, 93, 8, 8, 0);
	assert_true(te_same(&before, &after));
	one.slots[0] = 1;
	assert_false(te_same(&before, &after));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
