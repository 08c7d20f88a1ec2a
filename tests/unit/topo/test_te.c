/* SPDX-License-Identifier: Apache-2.0 */
/* Where traffic can be steered, and what is asked of it: edges, defaults, labels,
 * guarantees, and all that as placement asks for it. */
#include <arpa/inet.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/net.h"
#include "topo/te_job.h"

#define SWITCHES \
	"version: 1\n" \
	"switches:\n" \
	"  a: {dpid: 1, vtep: 10.0.0.1}\n" \
	"  b: {dpid: 2, vtep: 10.0.0.2}\n" \
	"  c: {dpid: 3, vtep: 10.0.0.3}\n" \
	"  d: {dpid: 4}\n" \
	"networks:\n" \
	"  office: {ports: [\"a:vm*\", \"b:vm*\", \"c:vm*\"]}\n" \
	"  lab: {ports: [\"a:l*\", \"b:l*\"]}\n"

static struct net *parse(const char *text)
{
	struct diag *diag = diag_new("net.yaml");
	struct net *net = net_parse("net.yaml", text, strlen(text), diag);

	if (!net) {
		diag_print(diag, stderr);
		fail_msg("does not parse:\n%s", text);
	}
	diag_free(diag);
	return net;
}

static void assert_near(double a, double b) { assert_true(fabs(a - b) < 1e-9); }

static void without_a_word_of_it(void **state)
{
	struct net *net = parse(SWITCHES);
	(void) state;
	assert_int_equal(net->n_edges, 0);
	assert_false(net->te.is_given);
	assert_int_equal(net->te.goal, NET_TE_BALANCE);
	assert_int_equal(net->te.mode, NET_TE_APPLY);
	assert_near(net->te.above, 0.7);
	assert_near(net->te.below, 0.63);
	assert_int_equal(net->te.interval_s, 10);
	assert_int_equal(net->te.max_paths, 4);
	assert_int_equal(net->te.hold_up_s, 30);
	assert_int_equal(net->te.label_first, 2048);
	assert_int_equal(net->te.label_last, 4094);
	/* A switch with `vtep` alone has that one VTEP. */
	assert_int_equal(net->switches[0].n_vteps, 1);
	assert_int_equal(net->switches[0].vteps[0].underlay, NET_NONE);
	assert_memory_equal(net->switches[0].vteps[0].bytes, net->switches[0].vtep_bytes, 16);
	assert_int_equal(net->switches[3].n_vteps, 0);
	net_free(net);
}

static void cables_come_first_then_tunnels_by_name(void **state)
{
	struct net *net = parse(SWITCHES
		"links:\n"
		"  - {between: [c, a], rate: 1Gbit, srlg: duct, bfd: [a:bfd-c, c:bfd-a]}\n"
		"  - {between: [d:e1, c:e1], rate: 10Gbit, srlg: duct, drain: true, delay: 2ms}\n"
		"  - {between: [a, b], srlg: other, cost: 7}\n"
		"  - {between: [a:e9, d:e9]}\n");
	unsigned end = 9;
	(void) state;
	assert_int_equal(net->n_links, 2);
	assert_int_equal(net->n_edges, 4);
	assert_string_equal(net->edges[0].name, "a:e9-d:e9");
	assert_string_equal(net->edges[1].name, "c:e1-d:e1");
	assert_string_equal(net->edges[2].name, "a-b");
	assert_string_equal(net->edges[3].name, "a-c");
	for (uint32_t i = 0; i < 4; i++) {
		const struct net_edge *edge = &net->edges[i];
		assert_int_equal(edge->link, i < 2 ? i : NET_NONE);
		assert_int_equal(edge->vtep[0], i < 2 ? NET_NONE : 0);
		assert_int_equal(edge->underlay, NET_NONE);
		assert_false(edge->is_implied);
		assert_int_equal(net_edge_by_name(net, edge->name), i);
	}
	assert_near(net->edges[0].mbps, 0);
	assert_near(net->edges[1].mbps, 10000);
	assert_near(net->edges[3].mbps, 1000);
	assert_true(net->edges[1].drain);
	assert_int_equal(net->edges[1].delay_us, 2000);
	assert_int_equal(net->edges[2].cost, 7);
	/* One risk for two, one for one, none. */
	assert_int_equal(net->edges[0].risk, 0);
	assert_true(net->edges[1].risk && net->edges[1].risk == net->edges[3].risk);
	assert_true(net->edges[2].risk && net->edges[2].risk != net->edges[3].risk);
	/* What rows name as their reason. */
	assert_int_equal(net->edges[0].object, net->links[0].object);
	assert_string_equal(net->objects[net->edges[3].object].name, "tunnel a-c");
	assert_int_equal(net->objects[net->edges[3].object].where.line, 11);
	/* BFD ports, by either side. */
	assert_string_equal(net->edges[3].bfd[0], "bfd-c");
	assert_int_equal(net_bfd_of(net, "c", "bfd-a", &end), 3);
	assert_int_equal(end, 1);
	assert_int_equal(net_bfd_of(net, "a", "bfd-c", &end), 3);
	assert_int_equal(end, 0);
	assert_int_equal(net_bfd_of(net, "a", "bfd-a", &end), NET_NONE);
	assert_int_equal(net_bfd_of(net, "a", "e9", &end), NET_NONE);
	assert_int_equal(net_link_of(net, "a", "bfd-c", &end), NET_NONE);
	assert_int_equal(net_edge_by_name(net, "a-d"), NET_NONE);
	net_free(net);
}

static void no_glob_matches_a_bfd_port(void **state)
{
	struct net *net = parse(SWITCHES
		"  all: {ports: [\"*:*\"]}\n"
		"links:\n"
		"  - {between: [a, b], bfd: [a:vm-bfd, b:vm-bfd]}\n");
	struct net_use uses[4];
	bool disabled;
	(void) state;
	assert_int_equal(net_uses(net, "a", "vm-bfd", false, uses, 4, &disabled), 0);
	assert_int_equal(net_uses(net, "c", "vm-bfd", false, uses, 4, &disabled), 2);
	net_free(net);
}

static void underlays_make_a_mesh_each(void **state)
{
	struct net *net = parse(
		"version: 1\n"
		"underlays: {red: {rate: 10Gbit, main: true}, blue: {rate: 1Gbit}, pink: {}}\n"
		"switches:\n"
		"  a: {dpid: 1, vteps: {red: 10.0.0.1, blue: 10.1.0.1}}\n"
		"  b: {dpid: 2, vteps: {blue: 10.1.0.2, red: 10.0.0.2, pink: \"fd00::2\"}}\n"
		"  c: {dpid: 3, vtep: 10.0.0.3}\n"
		"  d: {dpid: 4, vteps: {red: 10.0.0.4, pink: 10.2.0.4}}\n"
		"networks:\n"
		"  office: {ports: [\"*:vm*\"]}\n");
	static const char *const names[] = { "a-b@blue", "a-b@red", "a-c@red", "a-d@red", "b-c@red", "b-d@red", "c-d@red" };
	uint8_t bytes[16] = { 10, 1, 0, 2 };
	uint32_t vtep = 9;
	(void) state;
	assert_string_equal(net->underlays[0].name, "red");
	assert_string_equal(net->underlays[1].name, "blue");
	/* One kind of address does not reach the other: no b-d in pink. */
	assert_int_equal(net->n_edges, 7);
	for (size_t i = 0; i < 7; i++) {
		assert_string_equal(net->edges[i].name, names[i]);
		assert_true(net->edges[i].is_implied);
		assert_near(net->edges[i].mbps, i ? 10000 : 1000);
	}
	assert_int_equal(net->edges[0].underlay, 1);
	assert_int_equal(net->edges[0].vtep[0], 1);
	assert_int_equal(net->edges[0].vtep[1], 1);
	assert_string_equal(net->objects[net->edges[1].object].name, "tunnel a-b@red");
	/* The main one is what `vtep` was. */
	assert_string_equal(net->switches[1].vtep, "10.0.0.2");
	assert_int_equal(net->switches[1].peer, 0x0a000002);
	assert_int_equal(net_switch_by_vtep(net, bytes, false, &vtep), 1);
	assert_int_equal(vtep, 1);
	assert_int_equal(net_switch_by_vtep(net, bytes, true, &vtep), NET_NONE);
	bytes[3] = 9;
	assert_int_equal(net_switch_by_vtep(net, bytes, false, &vtep), NET_NONE);
	net_free(net);
}

static void tunnels_that_are_named_are_all(void **state)
{
	struct net *net = parse(
		"version: 1\n"
		"underlays: {red: {rate: 10Gbit}, blue: {rate: 1Gbit}}\n"
		"switches:\n"
		"  a: {dpid: 1, vteps: {red: 10.0.0.1, blue: 10.1.0.1}}\n"
		"  b: {dpid: 2, vteps: {red: 10.0.0.2, blue: 10.1.0.2}}\n"
		"  c: {dpid: 3, vteps: {red: 10.0.0.3, blue: 10.1.0.3}}\n"
		"networks:\n"
		"  office: {ports: [\"*:vm*\"]}\n"
		"links:\n"
		"  - {between: [a, b], underlay: red}\n"
		"  - {between: [a, b], rate: 300Mbit}\n");
	(void) state;
	/* Without a word it is the main one, here the first by name. */
	assert_int_equal(net->n_edges, 2);
	assert_string_equal(net->edges[0].name, "a-b@blue");
	assert_near(net->edges[0].mbps, 300);
	assert_string_equal(net->edges[1].name, "a-b@red");
	assert_near(net->edges[1].mbps, 10000);
	net_free(net);
}

/* Chosen numbers are no labels, and others stay as they are without edges. */
static void networks_keep_off_labels(void **state)
{
	char text[8000], *at = text;
	size_t n_moved = 0;
	(void) state;
	at += sprintf(at, "version: 1\nswitches:\n  a: {dpid: 1, vtep: 10.0.0.1}\n  b: {dpid: 2, vtep: 10.0.0.2}\nnetworks:\n");
	for (int i = 0; i < 40; i++)
		at += sprintf(at, "  n%d: {ports: [\"*:v%d-*\"]}\n", i, i);
	struct net *plain = parse(text);
	strcpy(at, "links:\n  - {between: [a, b]}\n  - {between: [a:e, b:e]}\nte: {labels: 1-2000}\n");
	struct net *net = parse(text);
	for (size_t i = 0; i < 40; i++) {
		const struct net_network *one = &net->networks[i];
		assert_true(one->link_vlan > 2000 && one->link_vlan <= NET_MAX_VID);
		assert_true(one->vni > 0 && one->vni < NET_TE_FIRST_VNI);
		if (plain->networks[i].vni < NET_TE_FIRST_VNI)
			assert_int_equal(plain->networks[i].vni, one->vni);
		else
			n_moved++;
	}
	assert_true(n_moved > 0);
	net_free(plain);
	net_free(net);
}

static void guarantees_add_up(void **state)
{
	struct net *net = parse(SWITCHES
		"links:\n"
		"  - {between: [a, b], rate: 1Gbit}\n"
		"  - {between: [b, c], rate: 1Gbit}\n"
		"te:\n"
		"  guarantee:\n"
		"    - {network: office, rate: 100Mbit}\n"
		"    - {from: c, to: a, rate: 50Mbit}\n"
		"    - {network: lab, rate: 1Mbit}\n");
	(void) state;
	assert_int_equal(net->te.n_reserves, 6);
	assert_near(te_job_reserved(net, 0, 1), 101);
	assert_near(te_job_reserved(net, 1, 0), 101);
	assert_near(te_job_reserved(net, 0, 2), 100);
	assert_near(te_job_reserved(net, 2, 0), 150);
	assert_near(te_job_reserved(net, 2, 1), 100);
	assert_near(te_job_reserved(net, 0, 3), 0);
	assert_near(te_job_reserved(net, 3, 0), 0);
	net_free(net);
}

/* --- for placement ------------------------------------------------------------------- */

static void links_for_placement(void **state)
{
	struct net *net = parse(SWITCHES
		"links:\n"
		"  - {between: [a, b], rate: 1Gbit, cost: 3, srlg: x, delay: 1500us}\n"
		"  - {between: [b, c]}\n");
	const double mbps[2][2] = { { 1000, 500 }, { 200, 100 } };
	const bool is_up[2] = { true, false };
	struct place_link links[2];
	(void) state;
	te_job_links(net, NULL, NULL, links);
	assert_near(links[0].mbps[0], 950);
	assert_near(links[0].mbps[1], 950);
	assert_near(links[0].cost, 3);
	assert_near(links[0].delay, 1.5);
	assert_int_equal(links[0].risk, net->edges[0].risk);
	assert_int_equal(links[0].a, 0);
	assert_int_equal(links[0].b, 1);
	assert_false(links[0].down);
	assert_true(links[1].down);
	te_job_links(net, is_up, mbps, links);
	assert_near(links[0].mbps[1], 475);
	assert_near(links[1].mbps[1], 95);
	assert_true(links[1].down);
	net_free(net);
}

/* What drains is used where nothing else leads, by the cheapest, and only there. */
static void drained_links(void **state)
{
	struct net *net = parse(SWITCHES
		"links:\n"
		"  - {between: [a, b], rate: 1Gbit}\n"
		"  - {between: [a:e1, b:e1], rate: 1Gbit, drain: true}\n"
		"  - {between: [b:e2, c:e2], rate: 1Gbit, drain: true}\n"
		"  - {between: [b, c], rate: 1Gbit, drain: true, cost: 5}\n"
		"  - {between: [a:e3, c:e3], rate: 1Gbit, drain: true}\n"
		"  - {between: [c:e4, d:e4], rate: 1Gbit}\n");
	bool is_up[6] = { true, true, true, true, true, true };
	struct place_link links[6];
	(void) state;
	te_job_links(net, is_up, NULL, links);
	for (size_t i = 0; i < net->n_edges; i++)
		assert_int_equal(links[i].down, strcmp(net->edges[i].name, "a-b") && strcmp(net->edges[i].name, "b-c")
						       && strcmp(net->edges[i].name, "c:e4-d:e4"));
	is_up[net_edge_by_name(net, "b-c")] = false;
	te_job_links(net, is_up, NULL, links);
	assert_false(links[net_edge_by_name(net, "a:e3-c:e3")].down);
	assert_true(links[net_edge_by_name(net, "b:e2-c:e2")].down);
	assert_true(links[net_edge_by_name(net, "b-c")].down);
	net_free(net);
}

static void rules_for_placement(void **state)
{
	struct net *net = parse(
		"version: 1\n"
		"underlays: {red: {}, blue: {}}\n"
		"switches:\n"
		"  a: {dpid: 1, vteps: {red: 10.0.0.1, blue: 10.1.0.1}}\n"
		"  b: {dpid: 2, vteps: {red: 10.0.0.2, blue: 10.1.0.2}}\n"
		"  c: {dpid: 3, vteps: {red: 10.0.0.3, blue: 10.1.0.3}}\n"
		"networks:\n"
		"  office: {ports: [\"*:vm*\"]}\n"
		"te:\n"
		"  max_delay: 5ms\n"
		"  pin: [{from: a, to: c, via: b}]\n"
		"  avoid:\n"
		"    - {from: a, to: b, underlays: red}\n"
		"    - {from: a, to: b, links: [a-b@blue]}\n"
		"    - {from: b, to: c, via: a}\n");
	struct arena *arena = arena_new();
	size_t n;
	const struct place_rule *rules = te_job_rules(net, te_map_new(arena, net), arena, &n);
	(void) state;
	assert_int_equal(n, 5);
	assert_int_equal(rules[0].n_via, 1);
	assert_int_equal(rules[0].via[0], 1);
	assert_int_equal(rules[1].n_banned, 3);
	assert_int_equal(rules[2].n_banned, 1);
	assert_int_equal(rules[2].banned[0], net_edge_by_name(net, "a-b@blue"));
	assert_int_equal(rules[3].n_banned, 4);
	assert_int_equal(rules[4].src, PLACE_NONE);
	assert_near(rules[4].max_delay, 5);
	/* Together: from a to b over c, in blue. */
	struct place_link links[6];
	const double mbps[6][2] = { { 1, 1 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 1, 1 } };
	const struct place_demand demand = { .src = 0, .dst = 1, .mbps = 0.5 };
	struct place_job job = { .n_nodes = 3, .links = links, .n_links = 6, .demands = &demand, .n_demands = 1,
				 .options = place_defaults(), .rules = rules, .n_rules = n };
	te_job_links(net, NULL, mbps, links);
	struct placement *p = place_plan(&job);
	assert_int_equal(p->pairs[0].n_active, 1);
	assert_int_equal(p->pairs[0].paths[0].n_arcs, 2);
	assert_string_equal(net->edges[p->pairs[0].paths[0].arcs[0] / 2].name, "a-c@blue");
	assert_string_equal(net->edges[p->pairs[0].paths[0].arcs[1] / 2].name, "b-c@blue");
	place_free(p);
	arena_free(arena);
	net_free(net);
}

/* --- limits ---------------------------------------------------------------------------- */

static void too_many_for_a_mesh(void **state)
{
	struct diag *diag = diag_new("net.yaml");
	size_t len = 0;
	char *text;
	FILE *out = open_memstream(&text, &len);
	(void) state;
	fputs("version: 1\nunderlays: {red: {}}\nnetworks: {office: {ports: [\"*:*\"]}}\nswitches:\n", out);
	for (int i = 1; i <= 201; i++)
		fprintf(out, "  s%d: {dpid: %d, vtep: 10.0.%d.1}\n", i, i, i);
	fclose(out);
	assert_null(net_parse("net.yaml", text, len, diag));
	assert_int_equal(diag_n_errors(diag), 1);
	free(text);
	diag_free(diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_word_of_it),
		cmocka_unit_test(cables_come_first_then_tunnels_by_name),
		cmocka_unit_test(no_glob_matches_a_bfd_port),
		cmocka_unit_test(underlays_make_a_mesh_each),
		cmocka_unit_test(tunnels_that_are_named_are_all),
		cmocka_unit_test(networks_keep_off_labels),
		cmocka_unit_test(guarantees_add_up),
		cmocka_unit_test(links_for_placement),
		cmocka_unit_test(drained_links),
		cmocka_unit_test(rules_for_placement),
		cmocka_unit_test(too_many_for_a_mesh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
