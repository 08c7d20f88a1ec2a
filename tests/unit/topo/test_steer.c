/* SPDX-License-Identifier: Apache-2.0 */
/* Steering as data: what is computed, joined, written and read. What rows make of it is
 * in tests/unit/apps/test_steer.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "topo/arena.h"
#include "topo/steer.h"

static struct net *net;
static struct view *view;

static struct net *load(const char *yaml)
{
	struct diag *diag = diag_new("steer.yaml");
	struct net *got = net_parse("steer.yaml", yaml, strlen(yaml), diag);
	if (!got)
		diag_print(diag, stderr);
	diag_free(diag);
	assert_non_null(got);
	return got;
}

static void apply(struct fact fact) { assert_true(view_apply(view, &fact, NULL, NULL)); }

static void port(uint32_t sw, const char *name, uint32_t ofport)
{
	struct fact fact = { .kind = FACT_PORT, .sw = sw, .ofport = ofport, .port_up = true, .port_live = true };
	snprintf(fact.port_name, sizeof fact.port_name, "%s", name);
	apply(fact);
}

/* Every switch reports its ports: r1, its tunnel, cables' ends from 10 on; all cables are heard. */
static void begin(const char *yaml)
{
	net = load(yaml);
	view = view_new();
	view_bind(view, net, 0, NULL, NULL);
	for (uint32_t i = 0; i < net->n_switches; i++) {
		uint32_t sw = view_switch_slot(view, net->switches[i].name, net->switches[i].dpid);
		apply((struct fact) { .kind = FACT_SWITCH_UP, .sw = sw });
		port(sw, "r1", 1);
		port(sw, "vxlan0", 2);
	}
	for (uint32_t l = 0; l < net->n_links; l++) {
		uint32_t sw[2];
		for (unsigned end = 0; end < 2; end++) {
			sw[end] = view_switch_by_index(view, net->links[l].ends[end].sw);
			port(sw[end], net->links[l].ends[end].port, 10 + l);
		}
		for (unsigned end = 0; end < 2; end++) {
			struct fact fact = { .kind = FACT_LINK, .sw = sw[end], .ofport = 10 + l, .old_sw = sw[!end],
					     .old_ofport = 10 + l };
			view_apply(view, &fact, NULL, NULL);
		}
		assert_true(view_link_is_up(view, l));
	}
}

static int after(void **state)
{
	(void) state;
	if (view)
		view_free(view);
	if (net)
		net_free(net);
	view = NULL;
	net = NULL;
	return 0;
}

/* Every `each`-th pair of switches, by shortest paths. */
static struct placement *placed(uint32_t each, bool split)
{
	size_t n = net->n_switches;
	struct place_link *links = calloc(net->n_edges + 1, sizeof *links);
	struct place_demand *demands = calloc(n * n, sizeof *demands);
	struct place_job job = { .n_nodes = (uint32_t) n, .links = links, .n_links = net->n_edges, .demands = demands,
				 .options = place_defaults() };
	for (uint32_t i = 0; i < net->n_edges; i++)
		links[i] = (struct place_link) { .a = net->edges[i].sw[0], .b = net->edges[i].sw[1], .mbps = { 1000, 1000 },
						 .cost = view_edge_is_up(view, i) ? net->edges[i].cost : 100000,
						 .risk = net->edges[i].risk };
	for (uint32_t i = 0; i < n * n; i += each)
		if (i / n != i % n)
			demands[job.n_demands++] = (struct place_demand) { .src = i / (uint32_t) n, .dst = i % (uint32_t) n, .mbps = 1 };
	struct placement *placement = split ? place_plan(&job) : place_stay(&job);
	free(links);
	free(demands);
	return placement;
}

static struct steer *computed(uint32_t each, const struct steer *before)
{
	struct placement *placement = placed(each, true);
	struct steer *steer = steer_compute(view, placement, NULL, before);
	place_free(placement);
	return steer;
}

static char *written(const struct steer *steer)
{
	char *text;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	steer_write(steer, net, to);
	fclose(to);
	return text;
}

static const char ring[] =
	"version: 1\n"
	"switches:\n  a: {dpid: 1}\n  b: {dpid: 2}\n  c: {dpid: 3}\n  d: {dpid: 4}\n"
	"networks:\n  red: {ports: [\"*:r1\"]}\n"
	"links:\n"
	"  - {between: [\"a:x\", \"b:x\"]}\n"
	"  - {between: [\"b:y\", \"c:y\"]}\n"
	"  - {between: [\"c:z\", \"d:z\"]}\n"
	"  - {between: [\"d:w\", \"a:w\"]}\n";

static uint32_t edge_to(uint32_t from, const struct steer_step *step)
{
	const struct net_edge *edge = &net->edges[step->edge];
	assert_int_equal(edge->sw[step->end], from);
	return edge->sw[!step->end];
}

static void a_ring(void **state)
{
	(void) state;
	begin(ring);
	struct steer *steer = computed(1, NULL);
	assert_int_equal(steer->n_pairs, 12);
	assert_int_equal(steer->n_unlabelled, 0);
	const struct steer_pair *pair = steer_find(steer, 0, 0, 1);
	assert_non_null(pair);
	assert_null(steer_find(steer, 0, 0, 0));
	/* To the neighbour: no label; around: one. */
	assert_int_equal(pair->choices[0].n_steps, 2);
	assert_int_equal(edge_to(0, &pair->choices[0].steps[0]), 1);
	assert_int_equal(pair->choices[0].steps[0].label, 0);
	assert_int_equal(edge_to(0, &pair->choices[0].steps[1]), 3);
	assert_in_range(pair->choices[0].steps[1].label, 2048, 4094);
	size_t n, total = 0;
	for (uint32_t sw = 0; sw < 4; sw++) {
		const struct steer_pair *pairs = steer_pairs_of(steer, sw, &n);
		assert_int_equal(n, 3);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(pairs[i].from, sw);
		const struct steer_transit *transits = steer_transits_of(steer, sw, &n);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(transits[i].sw, sw);
			assert_int_equal(net->edges[transits[i].edge].sw[transits[i].end], sw);
			assert_true(transits[i].choice.n_steps == (transits[i].is_detour ? 1u : 2u));
		}
		total += n;
	}
	assert_int_equal(total, steer->n_transits);
	steer_free(steer);
}

static void what_is_written_is_read(void **state)
{
	const char *error = NULL;
	(void) state;
	begin(ring);
	struct steer *steer = computed(1, NULL);
	char *text = written(steer);
	struct steer *again = steer_read(text, net, &error);
	assert_non_null(again);
	assert_true(steer_equal(steer, again));
	assert_int_equal(steer->n_unlabelled, again->n_unlabelled);
	char *text2 = written(again);
	assert_string_equal(text, text2);
	steer_free(again);
	/* Every shorter text is refused. */
	for (size_t len = strlen(text); len-- > 0;) {
		char *part = strndup(text, len);
		error = NULL;
		assert_null(steer_read(part, net, &error));
		assert_non_null(error);
		free(part);
	}
	/* One byte changed: refused or harmless, never more. */
	for (size_t i = 0; i < strlen(text); i++) {
		char *other = strdup(text);
		other[i] = (char) (other[i] == '7' ? '\t' : '7');
		struct steer *got = steer_read(other, net, &error);
		for (size_t k = 0; got && k < got->n_pairs; k++)
			for (uint32_t s = 0; s < got->pairs[k].n_slots; s++)
				assert_true(got->pairs[k].slots[s] < got->pairs[k].n_choices);
		steer_free(got);
		free(other);
	}
	free(text);
	free(text2);
	steer_free(steer);
}

static void damage_is_named(void **state)
{
	static const struct { const char *text, *error; } cases[] = {
		{ "", "it is of another version" },
		{ "steer\t2\n", "it is of another version" },
		{ "steer\t1\nend\t1\t0\t0\n", "lines are missing" },
		{ "steer\t1\nend\t-0\t0\t0\n", "a number is damaged" },
		{ "steer\t1\nbeginning\n", "a line begins with an unknown word" },
		{ "steer\t1\npair\tblue\ta\tb\n", "it names what this file does not have" },
		{ "steer\t1\npair\tred\ta\tb\t\t1\n", "slots are damaged" },
		{ "steer\t1\npair\tred\ta\tb\t01\t1\n", "slots are damaged" },
		{ "steer\t1\npair\tred\ta\tb\t0\t1\t0\n", "a choice has no steps" },
		{ "steer\t1\npair\tred\ta\tb\t0\t1\t1\tb:y-c:y\t0\t0\n", "an edge of this file is elsewhere" },
		{ "steer\t1\ntransit\ta\tb:y-c:y\t0\t3000\tred\t1\t0\t0\n", "an edge of this file is elsewhere" },
		{ "steer\t1\nend\t0\t0\t0\tmore\n", "a line is too long or has no end" },
	};
	(void) state;
	begin(ring);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *error = NULL;
		assert_null(steer_read(cases[i].text, net, &error));
		assert_string_equal(error, cases[i].error);
	}
	char *name = malloc(1000);
	const char *error;
	snprintf(name, 1000, "steer\t1\npair\t%0900d\n", 1);
	assert_null(steer_read(name, net, &error));
	assert_string_equal(error, "a name is too long");
	free(name);
}

static void without_placement_or_edges(void **state)
{
	(void) state;
	begin("version: 1\nswitches:\n  a: {dpid: 1}\n  b: {dpid: 2}\nnetworks:\n  red: {ports: [\"*:r1\"]}\n");
	struct placement *placement = placed(1, false);
	struct steer *steer = steer_compute(view, placement, NULL, NULL);
	assert_int_equal(steer->n_pairs, 0);
	struct steer *none = steer_join(NULL, NULL);
	assert_true(steer_equal(steer, none));
	steer_free(none);
	steer_free(steer);
	place_free(placement);
	steer_free(NULL);
}

/* What is left of a ring is a line. Pairs stay steered: when the cable comes back they
 * change make-before-break, which plain ways do not. */
static void what_is_left_of_a_ring(void **state)
{
	(void) state;
	begin(ring);
	struct steer *whole = computed(1, NULL);
	const struct net_uplink *ends = net->links[0].ends;
	struct fact down = { .kind = FACT_PORT, .sw = view_switch_by_index(view, ends[0].sw), .ofport = 10 };
	snprintf(down.port_name, sizeof down.port_name, "%s", ends[0].port);
	apply(down);
	assert_false(view_edge_is_up(view, 0));
	struct placement *placement = placed(1, false);
	struct steer *left = steer_compute(view, placement, NULL, whole);
	assert_int_equal(whole->n_pairs, 12);
	assert_int_equal(left->n_pairs, 12);
	const struct steer_pair *pair = steer_find(left, 0, ends[0].sw, ends[1].sw);
	assert_int_equal(pair->n_choices, 1);
	assert_int_equal(pair->choices[0].n_steps, 1);
	assert_int_not_equal(pair->choices[0].steps[0].edge, 0);
	steer_free(left);
	steer_free(whole);
	place_free(placement);
}

/* A line that hangs on a ring: among themselves its switches have nothing to choose. A
 * network without tunnels does not count those. */
static void a_tail(void **state)
{
	static const char yaml[] =
		"version: 1\n"
		"switches:\n  a: {dpid: 1, vtep: 10.0.0.1}\n  b: {dpid: 2}\n  c: {dpid: 3, vtep: 10.0.0.3}\n  d: {dpid: 4}\n  e: {dpid: 5}\n"
		"networks:\n  red: {transport: vlan, vlan: 7, uplinks: [\"b:up\"], ports: [\"b:r1\", \"d:r1\"]}\n"
		"  blue: {vni: 9, ports: [\"*:b1\"]}\n"
		"links:\n"
		"  - {between: [\"a:x\", \"b:x\"]}\n"
		"  - {between: [\"b:y\", \"c:y\"]}\n"
		"  - {between: [\"c:z\", \"d:z\"]}\n"
		"  - {between: [\"d:z2\", \"e:z2\"]}\n"
		"  - {between: [a, c]}\n";
	(void) state;
	begin(yaml);
	for (uint32_t i = 0; i < net->n_switches; i++)
		port(view_switch_by_index(view, i), "b1", 3);
	struct steer *steer = computed(1, NULL);
	uint32_t red = net_network_by_name(net, "red"), blue = net_network_by_name(net, "blue");
	assert_null(steer_find(steer, blue, 2, 4));
	assert_null(steer_find(steer, blue, 3, 4));
	assert_non_null(steer_find(steer, blue, 0, 4));
	assert_non_null(steer_find(steer, blue, 1, 2));
	assert_false(net->networks[red].tunnels);
	assert_null(steer_find(steer, red, 1, 3));
	assert_non_null(steer_find(steer, blue, 1, 3));
	steer_free(steer);
}

/* A shared risk is avoided, a drained edge is the last resort. */
static void risks_and_drains(void **state)
{
	(void) state;
	begin("version: 1\nswitches:\n  a: {dpid: 1}\n  b: {dpid: 2}\n  c: {dpid: 3}\n"
	      "networks:\n  red: {ports: [\"*:r1\"]}\nlinks:\n"
	      "  - {between: [\"a:p\", \"b:p\"]}\n"
	      "  - {between: [\"a:q\", \"b:q\"]}\n"
	      "  - {between: [\"a:r\", \"b:r\"], cost: 100}\n"
	      "  - {between: [\"a:s\", \"c:s\"]}\n"
	      "  - {between: [\"b:t\", \"c:t\"]}\n");
	net->edges[0].risk = net->edges[1].risk = 7;
	struct placement *placement = placed(1, false);
	struct steer *steer = steer_compute(view, placement, NULL, NULL);
	const struct steer_choice *choice = &steer_find(steer, 0, 0, 1)->choices[0];
	/* By c, not by the other cable that fails with it. */
	assert_int_equal(edge_to(0, &choice->steps[1]), 2);
	steer_free(steer);
	net->edges[3].drain = true;
	steer = steer_compute(view, placement, NULL, NULL);
	choice = &steer_find(steer, 0, 0, 1)->choices[0];
	assert_int_equal(choice->steps[1].edge, 2);
	steer_free(steer);
	/* Where only those of the same risk are left, one of them. */
	net->edges[2].risk = net->edges[3].risk = 7;
	steer = steer_compute(view, placement, NULL, NULL);
	assert_int_equal(steer_find(steer, 0, 0, 1)->choices[0].n_steps, 2);
	steer_free(steer);
	place_free(placement);
}

static void a_new_file(void **state)
{
	char other[2048], *at;
	(void) state;
	begin(ring);
	struct steer *steer = computed(1, NULL);
	struct net *same = load(ring);
	struct steer *now = steer_carry_over(steer, net, same);
	assert_true(steer_equal(steer, now));
	steer_free(now);
	net_free(same);
	/* One switch more in front, a cable less. */
	snprintf(other, sizeof other, "%s", ring);
	at = strstr(other, "  - {between: [\"c:z\"");
	size_t size = strlen(strstr(at + 1, "  - {")) + 1;
	memmove(at, strstr(at + 1, "  - {"), size);
	at = strstr(other, "  a: {dpid: 1}");
	memmove(at + 15, at, strlen(at) + 1);
	memcpy(at, "  A1: {dpid: 9}", 15);
	at[14] = '}';
	memmove(at + 16, at + 15, strlen(at + 15) + 1);
	at[15] = '\n';
	struct net *less = load(other);
	now = steer_carry_over(steer, net, less);
	assert_true(now->n_pairs > 0 && now->n_pairs <= steer->n_pairs && now->n_transits < steer->n_transits);
	for (size_t i = 0; i < now->n_pairs; i++)
		for (uint32_t c = 0; c < now->pairs[i].n_choices; c++)
			assert_true(now->pairs[i].choices[c].n_steps > 0);
	steer_free(now);
	/* A label that is a network's tag now is nobody's label. */
	less->networks[0].link_vlan = (uint16_t) steer->transits[0].label;
	now = steer_carry_over(steer, net, less);
	for (size_t i = 0; i < now->n_transits; i++)
		assert_true(now->transits[i].label != steer->transits[0].label);
	steer_free(now);
	net_free(less);
	steer_free(steer);
}

/* The view has it, carries it over to a new file, and knows its edges' places. */
static void in_the_view(void **state)
{
	uint32_t sw, ofport, watch;
	(void) state;
	begin(ring);
	assert_null(view_steer(view));
	view_set_steer(view, computed(1, NULL));
	assert_true(view_edge_is_up(view, 0));
	assert_true(view_edge_place(view, 0, 0, &sw, &ofport, &watch));
	assert_int_equal(ofport, watch);
	struct net *same = load(ring);
	view_bind(view, same, 0, NULL, NULL);
	net_free(net);
	net = same;
	assert_int_equal(view_steer(view)->n_pairs, 12);
	view_set_steer(view, NULL);
	assert_null(view_steer(view));
}

/* What it costs: 200 switches, 2,450 pairs, a network each and ten. */
static void a_big_one(void **state)
{
	enum { N = 200, MORE = 200 };
	size_t len;
	char *yaml;
	uint64_t seed = 4711;
	(void) state;
	FILE *to = open_memstream(&yaml, &len);
	fprintf(to, "version: 1\nswitches:\n");
	for (int i = 0; i < N; i++)
		fprintf(to, "  s%03d: {dpid: %d}\n", i, i + 1);
	fprintf(to, "networks:\n  red: {ports: [\"*:r1\"]}\nlinks:\n");
	for (int i = 0; i < N + MORE; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		int a = i < N ? i : (int) (seed >> 33) % N, b = i < N ? (i + 1) % N : (int) (seed >> 43) % N;
		if (a != b)
			fprintf(to, "  - {between: [\"s%03d:l%d\", \"s%03d:l%d\"]}\n", a, i, b, i);
	}
	fclose(to);
	begin(yaml);
	free(yaml);
	struct placement *placement = placed(16, false);
	struct timespec t0, t1;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
	struct steer *steer = steer_compute(view, placement, NULL, NULL);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
	double ms = (double) (t1.tv_sec - t0.tv_sec) * 1e3 + (double) (t1.tv_nsec - t0.tv_nsec) / 1e6;
	print_message("%zu switches, %zu links, %zu pairs: %zu transits, %zu without label, %.0f ms of CPU\n", net->n_switches,
		      net->n_links, steer->n_pairs, steer->n_transits, steer->n_unlabelled, ms);
	assert_true(steer->n_pairs > 2400);
	struct steer *again = steer_compute(view, placement, NULL, steer);
	assert_true(steer_equal(steer, again));
	steer_free(again);
	steer_free(steer);
	place_free(placement);
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ring),
		TEST(what_is_written_is_read),
		TEST(damage_is_named),
		TEST(without_placement_or_edges),
		TEST(what_is_left_of_a_ring),
		TEST(a_tail),
		TEST(risks_and_drains),
		TEST(a_new_file),
		TEST(in_the_view),
		TEST(a_big_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
