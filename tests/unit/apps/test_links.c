/* SPDX-License-Identifier: Apache-2.0 */
/* Cables between bridges: the cheapest way for one, a tree for all, together with
 * tunnels and the LAN; and no circle at any moment of any change, whichever
 * switches have changed already. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/stage.h"
#include "topo/ways.h"

static char yaml[STAGE_TEXT], story[STAGE_TEXT];
static size_t n_switches, n_links;
static const char *cables;              /* "ab bc ca": doubled ones are there twice */
static const char *vteps;               /* switches that have one */
static const char *silent;              /* switches without a port of the network */
static const char *trunk = "";          /* switches with an uplink; any: the network is a VLAN */
static bool is_down[32];                /* cables, for who can be reached */

/* Switches a.. with port r1 in network red, cables, and tunnels for some. */
static void build(size_t n)
{
	n_switches = n;
	n_links = 0;
	yaml[0] = story[0] = '\0';
	stage_write(yaml, "version: 1\nswitches:\n");
	for (size_t i = 0; i < n; i++) {
		char name = (char) ('a' + i);
		bool has_vtep = strchr(vteps, name);
		stage_write(yaml, "  %c: {dpid: %zu%s", name, i + 1, has_vtep ? ", vtep: 10.0.0." : "");
		if (has_vtep)
			stage_write(yaml, "%zu", i + 1);
		stage_write(yaml, "}\n");
		stage_write(story, "up %c; port %c:vxlan0 1000;", name, name);
		if (!strchr(silent, name))
			stage_write(story, "port %c:r1 1;", name);
	}
	memset(is_down, 0, sizeof is_down);
	stage_write(yaml, "networks:\n  red: {vni: 7, link_vlan: 70, ports: [\"*:r*\"]");
	for (size_t i = 0; trunk[i]; i++) {
		stage_write(yaml, "%s\"%c:up\"", i ? ", " : ", transport: vlan, vlan: 5, uplinks: [", trunk[i]);
		stage_write(story, "port %c:up 9;", trunk[i]);
	}
	stage_write(yaml, "%s}\n  blue: {vni: 8, ports: [\"*:b*\"]}\nlinks:%s\n", trunk[0] ? "]" : "", cables[0] ? "" : " []");
	for (const char *at = cables; *at; at += at[2] ? 3 : 2, n_links++) {
		stage_write(yaml, "  - {between: [\"%c:l%zu\", \"%c:l%zu\"]}\n", at[0], n_links, at[1], n_links);
		stage_write(story, "port %c:l%zu %zu; port %c:l%zu %zu; link %c:l%zu;", at[0], n_links, 10 + n_links,
		    at[1], n_links, 10 + n_links, at[0], n_links);
	}
	stage_write(story, "ways");
	stage_open(yaml, story);
	world_check(w);
}

static int after(void **state)
{
	trunk = "";
	return stage_close(state);
}

static const char *place(size_t i)
{
	static char text[8];
	snprintf(text, sizeof text, "%c:r1", (char) ('a' + i));
	return text;
}

/* --- who can be reached, by other means than ours ---------------------------------- */

/* The lowest switch that it shares links and the LAN with. */
static size_t group_of(size_t i)
{
	size_t group[26];
	for (size_t k = 0; k < n_switches; k++)
		group[k] = k;
	for (size_t round = 0; round < n_switches; round++) {
		for (size_t l = 0; l < n_links; l++) {
			size_t a = (size_t) (cables[3 * l] - 'a'), b = (size_t) (cables[3 * l + 1] - 'a');
			if (!is_down[l])
				group[a] = group[b] = group[a] < group[b] ? group[a] : group[b];
		}
		for (size_t k = 1; trunk[0] && trunk[k]; k++) {
			size_t a = (size_t) (trunk[0] - 'a'), b = (size_t) (trunk[k] - 'a');
			group[a] = group[b] = group[a] < group[b] ? group[a] : group[b];
		}
	}
	return group[i];
}

static bool has_tunnel(size_t i)
{
	uint32_t red = net_network_by_name(w->net, "red");
	for (size_t k = 0; k < n_switches; k++)
		if (w->net->networks[red].tunnels && strchr(vteps, (char) ('a' + k)) && group_of(k) == group_of(i))
			return true;
	return false;
}

static bool are_joined(size_t a, size_t b)
{
	return group_of(a) == group_of(b) || (has_tunnel(a) && has_tunnel(b));
}

/* --- what is checked ----------------------------------------------------------------- */

static bool has_port(size_t i) { return !strchr(silent, (char) ('a' + i)); }

/* A broadcast from each port is heard at most once by each other one, and, when
 * nothing is changing, exactly once. Nobody is known, so one host is all. */
static void heard(bool is_at_rest)
{
	for (size_t from = 0; from < n_switches; from++) {
		if (!has_port(from))
			continue;
		for (unsigned dst = 0; dst < 100; dst += 99) {
			world_send(w, place(from), world_frame(dst, (unsigned) from + 1, UNTAGGED));
			for (size_t to = 0; to < n_switches; to++) {
				size_t n = has_port(to) ? world_got(w, place(to), UNTAGGED) : 0;
				size_t most = to != from && has_port(to) && are_joined(from, to);
				if (is_at_rest ? n != most : n > (to != from))
					fail_msg("%zu copies from %c at %c (%s)", n, (char) ('a' + from), (char) ('a' + to),
						 is_at_rest ? "at rest" : "while it changes");
			}
		}
	}
}

/* Every host is known everywhere, and reached from everywhere, by it alone. */
static void reached(bool is_at_rest)
{
	for (size_t from = 0; from < n_switches; from++)
		for (size_t to = 0; to < n_switches; to++) {
			if (from == to || !has_port(from) || !has_port(to))
				continue;
			world_send(w, place(from), world_frame((unsigned) to + 1, (unsigned) from + 1, UNTAGGED));
			size_t n = world_got(w, place(to), UNTAGGED);
			size_t on_lan = world_got(w, "lan", 5);
			if (w->n_got != n + on_lan || n > 1 || (is_at_rest && n != are_joined(from, to)))
				fail_msg("a frame from %c to %c: %zu copies arrive, %zu in all", (char) ('a' + from),
					 (char) ('a' + to), n, w->n_got);
		}
}

static void learn_all(void)
{
	for (size_t i = 0; i < n_switches; i++)
		if (has_port(i))
			world_send(w, place(i), world_frame(0, (unsigned) i + 1, UNTAGGED));
	world_check(w);
}

static void hold(unsigned which)
{
	for (size_t i = 0; i < n_switches; i++)
		w->cut[i] = which >> i & 1;
}

static void let_go(void)
{
	for (size_t i = 0; i < n_switches; i++)
		stage_do("up %c", (char) ('a' + i));
	world_check(w);
}

/* From the ways in force to the best, with every set of switches being late, at
 * both steps. */
static void change_in_every_order(void)
{
	struct ways *best = ways_compute(w->view);
	bool changed[WORLD_MAX_SWITCHES] = { false };
	unsigned who = 0;
	ways_changed(w->net, view_ways(w->view), best, changed);
	ways_free(best);
	for (size_t i = 0; i < n_switches; i++)
		who |= (unsigned) changed[i] << i;
	for (int half = 1; half >= 0; half--) {
		/* The ways themselves can be taken once only: all sets that are late start
		 * from the rows of now. */
		struct ledger *rows[WORLD_MAX_SWITCHES];
		hold(who);
		stage_do(half ? "ways half" : "ways");
		memcpy(rows, w->rows, sizeof rows);
		struct ledger *new_rows[WORLD_MAX_SWITCHES];
		for (size_t i = 0; i < n_switches; i++) {
			new_rows[i] = rows[i];
			if (!(who >> i & 1))
				continue;
			w->cut[i] = false;
			w->rows[i] = ledger_new();
			stage_do("meters %c 0", (char) ('a' + i));         /* compiles all of it */
			new_rows[i] = w->rows[i];
		}
		w->learn = false;
		for (unsigned late = who;; late = (late - 1) & who) {
			for (size_t i = 0; i < n_switches; i++)
				w->rows[i] = late >> i & 1 ? rows[i] : new_rows[i];
			heard(false);
			reached(false);
			if (!late)
				break;
		}
		w->learn = true;
		for (size_t i = 0; i < n_switches; i++) {
			if (rows[i] != new_rows[i])
				ledger_free(rows[i]);
			w->rows[i] = new_rows[i];
		}
	}
	let_go();
	heard(true);
	reached(true);
}

/* Every cable is cut and comes back; what can still be reached is. */
static void cut_each(void)
{
	heard(true);
	learn_all();
	reached(true);
	for (size_t l = 0; l < n_links; l++) {
		const char *at = cables + 3 * l;
		stage_do("down %c:l%zu; down %c:l%zu", at[0], l, at[1], l);
		is_down[l] = true;
		change_in_every_order();
		is_down[l] = false;
		stage_do("up %c:l%zu; up %c:l%zu; link %c:l%zu", at[0], l, at[1], l, at[1], l);
		change_in_every_order();
	}
}

static void setting(const char *its_cables, const char *its_vteps, const char *its_silent, size_t n)
{
	cables = its_cables;
	vteps = its_vteps;
	silent = its_silent;
	build(n);
}

/* --- the same by chance ------------------------------------------------------------- */

static uint64_t seed;

static uint32_t draw(uint32_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t) (seed >> 33) % n;
}

static void some_of(char *text, uint32_t percent)
{
	for (size_t i = 0; i < n_switches; i++)
		if (draw(100) < percent)
			*text++ = (char) ('a' + i);
	*text = '\0';
}

static void setting(const char *its_cables, const char *its_vteps, const char *its_silent, size_t n);

static void one_world(void)
{
	static char some_cables[64], some_vteps[8], some_silent[8], some_trunk[8];
	size_t n = 0;
	n_switches = 3 + draw(3);
	for (uint32_t k = 1 + draw(6); k; k--) {
		uint32_t a = draw((uint32_t) n_switches), b = draw((uint32_t) n_switches);
		if (a != b)
			n += (size_t) snprintf(some_cables + n, sizeof some_cables - n, "%s%c%c", n ? " " : "",
					       (char) ('a' + a), (char) ('a' + b));
	}
	some_cables[n] = '\0';
	some_of(some_vteps, draw(3) * 50);
	some_of(some_silent, 20);
	some_of(some_trunk, draw(2) * 50);
	trunk = some_trunk;
	setting(some_cables, some_vteps, some_silent, n_switches);
	heard(true);
	learn_all();
	reached(true);
	for (int k = 0; k < 6 && n_links; k++) {
		size_t l = draw((uint32_t) n_links);
		const char *at = cables + 3 * l;
		is_down[l] = !is_down[l];
		if (is_down[l])
			stage_do("down %c:l%zu", at[draw(2)], l);
		else
			stage_do("up %c:l%zu; up %c:l%zu; link %c:l%zu", at[0], l, at[1], l, at[1], l);
		change_in_every_order();
	}
	trunk = "";
}

static void worlds_by_chance(void **state)
{
	const char *given = getenv("WEFT_SEED"), *number = getenv("WEFT_EPISODES");
	uint64_t first = given ? strtoull(given, NULL, 0) : 1000;
	uint64_t n = number ? strtoull(number, NULL, 0) : given ? 1 : 25;
	(void) state;
	for (uint64_t i = 0; i < n; i++) {
		seed = (first + i) * 2654435761u + 1;
		print_message("WEFT_SEED=%llu\n", (unsigned long long) (first + i));
		one_world();
	}
}

static void ring_of_three(void **state)
{
	(void) state;
	setting("ab bc ca", "", "", 3);
	cut_each();
}

static void ring_of_four(void **state)
{
	(void) state;
	setting("ab bc cd da", "", "", 4);
	cut_each();
}

static void ring_with_an_empty_corner(void **state)
{
	(void) state;
	setting("ab bc cd da", "", "c", 4);
	cut_each();
}

static void doubled_mesh_of_five_with_tunnels(void **state)
{
	(void) state;
	setting("ab ab ac ad ae bc bd be cd cd ce de", "abcde", "", 5);
	cut_each();
}

/* Two rings of links that tunnels join, by one switch of each; d has none. */
static void islands(void **state)
{
	(void) state;
	setting("ab bc ca de ef fd", "abef", "", 6);
	cut_each();
}

/* Its only tunnel is at a switch that has no port of the network. */
static void a_head_without_ports(void **state)
{
	(void) state;
	setting("ab cd", "bd", "b", 4);
	heard(true);
	learn_all();
	reached(true);
	/* Without the cable a is alone, and b has nobody to speak for. */
	stage_do("down a:l0; down b:l0; ways");
	world_check(w);
	world_send(w, "c:r1", world_frame(0, 3, UNTAGGED));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "d:r1", UNTAGGED), 1);
	assert_int_equal(w->n_tunnelled, 0);
	stage_do("up a:l0; up b:l0; link a:l0; ways");
	world_check(w);
	heard(true);
	reached(true);
}

static void the_cheapest_way(void **state)
{
	(void) state;
	setting("ab bc cd da", "", "", 4);
	learn_all();
	world_send(w, "a:r1", world_frame(4, 1, UNTAGGED));
	assert_int_equal(w->n_linked, 1);
	world_send(w, "a:r1", world_frame(3, 1, UNTAGGED));
	assert_int_equal(w->n_linked, 2);
	/* Not even the tree is used for one host when there is a shorter way. */
	world_send(w, "c:r1", world_frame(4, 3, UNTAGGED));
	assert_int_equal(w->n_linked, 1);
}

static void tags_on_a_link(void **state)
{
	(void) state;
	setting("ab", "", "", 2);
	assert_int_equal(world_count_rows(w, "a", "set_field:4166->vlan_vid", "output:10", NULL), 3);
	/* Another tag, or none, is nobody's. */
	world_send(w, "a:l0", world_frame(0, 9, 71));
	assert_int_equal(w->n_got, 0);
	assert_string_equal(w->dropped_by, "link-rest");
	world_send(w, "a:l0", world_frame(0, 9, UNTAGGED));
	assert_int_equal(w->n_got, 0);
}

static void a_network_on_one_side_stays_there(void **state)
{
	(void) state;
	setting("ab bc", "", "bc", 3);
	heard(true);
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_linked, 0);
	/* It joins: the transit switch carries it. */
	stage_do("port c:r1 1; ways");
	silent = "b";
	heard(true);
	stage_do("gone c:r1; ways");
	silent = "bc";
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_linked, 0);
	world_check(w);
}

static void nothing_before_a_probe_has_shown_it(void **state)
{
	(void) state;
	setting("ab", "", "", 2);
	stage_do("down a:l0; up a:l0; ways");
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	world_send(w, "a:l0", world_frame(0, 1, 70));
	assert_string_equal(w->dropped_by, "link-unused");
	stage_do("link b:l0; ways");
	heard(true);
}

/* One that is sent into the cable by that end, and comes out or does not. */
static void probe(const char *place, bool comes_out)
{
	static uint64_t clock_us = 1000;
	struct fact sent = { .kind = FACT_PROBE, .sent_us = ++clock_us }, then = sent;
	const struct view_port *other;
	world_place(w, place, &sent.sw, &sent.ofport);
	const struct view_port *port = view_port(w->view, sent.sw, sent.ofport);
	assert_false(world_apply(w, sent));
	then = sent;
	then.kind = comes_out ? FACT_LINK : FACT_PROBE_LOST;
	if (comes_out) {
		assert_true(view_link_place(w->view, port->link, !port->link_end, &then.sw, &other));
		then.ofport = other->ofport;
		then.old_sw = sent.sw;
		then.old_ofport = sent.ofport;
	}
	world_apply(w, then);
}

/* What one end sends is lost: nothing takes that cable any more, either way, and no order of the
 * switches makes a circle. It is taken again after three probes both ways. */
static void a_cable_that_swallows(void **state)
{
	(void) state;
	setting("ab bc ca", "", "", 3);
	learn_all();
	for (int i = 0; i < 3; i++) {
		assert_true(view_link_is_up(w->view, 0));
		probe("a:l0", false);
	}
	assert_true(view_link(w->view, 0)->silent && view_link(w->view, 0)->silent_end == 0);
	change_in_every_order();
	reached(true);
	heard(true);
	world_send(w, "b:l0", world_frame(1, 2, 70));
	assert_string_equal(w->dropped_by, "link-unused");
	world_do(w, "link a:l0");
	for (int i = 0; i < 3; i++) {
		assert_true(view_link(w->view, 0)->silent);
		probe("b:l0", true);
		assert_true(view_link(w->view, 0)->silent);
		probe("a:l0", true);
	}
	assert_true(view_link_is_up(w->view, 0));
	change_in_every_order();
	reached(true);
	heard(true);
	world_check(w);
}

/* The second time it rests, and others carry; but where it is the only one it is taken. */
static void a_cable_that_rests(void **state)
{
	(void) state;
	setting("ab bc ca", "", "", 3);
	learn_all();
	for (int i = 0; i < 2; i++) {
		stage_do("down a:l0; ways");
		stage_do("up a:l0; link a:l0; ways");
	}
	assert_true(view_link(w->view, 0)->held && view_link_works(w->view, 0) && !view_link_is_up(w->view, 0));
	const struct ways *ways = view_ways(w->view);
	size_t tree = net_network_by_name(w->net, "red") * ways->n_links;
	assert_true(!ways->tree[tree] && ways->next[0 * 3 + 1] != 0);   /* a to b by c */
	heard(true);
	stage_do("down b:l1");
	is_down[1] = true;
	change_in_every_order();
	ways = view_ways(w->view);
	assert_true(ways->tree[tree] && ways->next[0 * 3 + 1] == 0);
	reached(true);
	heard(true);
}

static void a_cable_in_the_wrong_hole(void **state)
{
	(void) state;
	setting("ab cd", "", "", 4);
	struct fact fact = { .kind = FACT_LINK };
	world_place(w, "a:l0", &fact.old_sw, &fact.old_ofport);
	world_place(w, "d:l1", &fact.sw, &fact.ofport);
	assert_true(world_apply(w, fact));
	stage_do("ways");
	assert_true(view_link(w->view, 0)->wrong && view_link(w->view, 1)->wrong);
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	world_check(w);
	/* At a VM's port: only the link it should be is wrong. */
	stage_do("down a:l0; up a:l0; down c:l1; up c:l1; link b:l0; link c:l1; ways");
	world_place(w, "c:r1", &fact.sw, &fact.ofport);
	assert_true(world_apply(w, fact));
	assert_true(view_link(w->view, 0)->wrong && !view_link(w->view, 1)->wrong);
}

/* A VLAN on a trunk, and a host that has no uplink but a tunnel. */
static void trunk_and_tunnel(void **state)
{
	static const char text[] =
		"version: 1\nswitches:\n  a: {dpid: 1, vtep: 10.0.0.1}\n  b: {dpid: 2, vtep: 10.0.0.2}\n"
		"  c: {dpid: 3, vtep: 10.0.0.3}\n  d: {dpid: 4, vtep: 10.0.0.4}\n"
		"networks:\n  red: {transport: vlan, vlan: 5, uplinks: [\"a:up\", \"b:up\"], ports: [\"*:r*\"]}\n";
	static const char *const vms[] = { "a:r1", "b:r1", "c:r1", "d:r1" };
	(void) state;
	stage_open(text,
		   "up a; up b; up c; up d; port a:up 9; port b:up 9; port a:r1 1; port b:r1 1; port c:r1 1; port d:r1 1;"
		   "port a:vxlan0 1000; port b:vxlan0 1000; port c:vxlan0 1000; port d:vxlan0 1000; ways");
	world_check(w);
	for (int known = 0; known < 2; known++)
		for (unsigned from = 0; from < 4; from++) {
			world_send(w, vms[from], world_frame(0, from + 1, UNTAGGED));
			for (unsigned to = 0; to < 4; to++)
				assert_int_equal(world_got(w, vms[to], UNTAGGED), to != from);
			assert_int_equal(world_got(w, "lan", 5), 1);
			for (unsigned to = 0; known && to < 4; to++) {
				if (to == from)
					continue;
				world_send(w, vms[from], world_frame(to + 1, from + 1, UNTAGGED));
				assert_int_equal(world_got(w, vms[to], UNTAGGED), 1);
			}
			world_check(w);
		}
	world_send(w, "lan", world_frame(0, 9, 5));
	for (unsigned to = 0; to < 4; to++)
		assert_int_equal(world_got(w, vms[to], UNTAGGED), 1);
}

static void for_all_once(void)
{
	static const char *const places[] = { "a:r1", "b:r1" };
	world_check(w);
	for (unsigned from = 0; from < 2; from++) {
		world_send(w, places[from], world_frame(0, from + 1, UNTAGGED));
		assert_int_equal(world_got(w, places[!from], UNTAGGED), 1);
		assert_int_equal(world_got(w, "lan", 5), 1);
	}
}

/* A switch that is on the LAN through its neighbour gets an uplink: at no moment are both in use. */
static void an_uplink_beside_a_link(void **state)
{
	static const char text[] = "version: 1\nswitches:\n  a: {dpid: 1}\n  b: {dpid: 2}\n"
		"networks:\n  red: {transport: vlan, vlan: 5, uplinks: [\"a:up\", \"b:up\"], ports: [\"*:r*\"]}\n"
		"links: [{between: [\"a:l0\", \"b:l0\"]}]\n";
	(void) state;
	stage_open(text,
		   "up a; up b; port a:up 9; port a:r1 1; port b:r1 1; port a:l0 20; port b:l0 20; link a:l0; link b:l0; ways");
	for_all_once();
	assert_int_equal(w->n_linked, 1);
	world_do(w, "port b:up 9");
	for_all_once();
	assert_int_equal(w->n_linked, 1);
	world_do(w, "ways half");
	world_check(w);
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_true(world_got(w, "b:r1", UNTAGGED) <= 1 && world_got(w, "lan", 5) == 1);
	world_do(w, "ways");
	for_all_once();
	assert_int_equal(w->n_linked, 0);
	world_do(w, "gone b:up; ways");
	for_all_once();
	assert_int_equal(w->n_linked, 1);
}

static void a_new_file_keeps_the_ways_it_can(void **state)
{
	static char other[sizeof yaml];
	(void) state;
	setting("ab bc ca", "", "", 3);
	learn_all();
	memcpy(other, yaml, sizeof other);
	/* Another link sorts first: indices move, ways do not. */
	char *at = strstr(other, "links:\n");
	snprintf(at + 7, sizeof other - (size_t) (at + 7 - other), "  - {between: [\"a:a0\", \"c:a0\"], cost: 9}\n%s",
		 strstr(yaml, "links:\n") + 7);
	world_reload(w, other);
	world_check(w);
	heard(true);
	reached(true);
	stage_do("port a:a0 30; port c:a0 30; link a:a0");
	change_in_every_order();
	world_reload(w, yaml);
	change_in_every_order();
	world_reload(w, "version: 1\nswitches:\n  a: {dpid: 1}\n  b: {dpid: 2}\n  c: {dpid: 3}\n"
		     "networks: {red: {ports: [\"*:r*\"]}}\n");
	stage_do("ways");
	world_check(w);
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_got, 0);
}

/* The first links of a network that had only tunnels: as it was until there are ways. */
static void the_first_links_of_a_file(void **state)
{
	static const char before[] = "version: 1\nswitches:\n  a: {dpid: 1, vtep: 10.0.0.1}\n  b: {dpid: 2, vtep: 10.0.0.2}\n"
		"  c: {dpid: 3, vtep: 10.0.0.3}\nnetworks:\n  red: {vni: 7, link_vlan: 70, ports: [\"*:r*\"]}\n";
	char text[sizeof before + 80];
	(void) state;
	stage_open(before, "up a; up b; up c; port a:vxlan0 1000; port b:vxlan0 1000; port c:vxlan0 1000;"
		   "port a:r1 1; port b:r1 1; port c:r1 1; port a:l0 10; port b:l0 10");
	snprintf(text, sizeof text, "%slinks:\n  - {between: [a:l0, b:l0]}\n", before);
	world_reload(w, text);
	world_check(w);
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_true(w->n_got == 2 && w->n_linked == 0);
	world_do(w, "link a:l0; link b:l0; ways");
	world_check(w);
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_true(w->n_got == 2 && w->n_linked == 1);
}

/* The file changes while the switches are on their way to other ways; a switch goes. */
static void a_new_file_in_the_middle_of_a_change(void **state)
{
	(void) state;
	setting("ab bc ca", "", "", 3);
	learn_all();
	stage_do("down a:l0; ways half");
	assert_non_null(view_ways(w->view)->with);
	world_reload(w, "version: 1\nswitches:\n  a: {dpid: 1}\n  c: {dpid: 3}\n"
		     "networks:\n  red: {vni: 7, link_vlan: 70, ports: [\"*:r*\"]}\nlinks:\n"
		     "  - {between: [\"c:l2\", \"a:l2\"]}\n");
	assert_non_null(view_ways(w->view)->with);
	world_check(w);
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_true(w->n_got <= 1);
	stage_do("ways");
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(world_got(w, "c:r1", UNTAGGED), 1);
}

static void ways_that_are_the_same(void **state)
{
	(void) state;
	setting("ab bc ca", "abc", "", 3);
	struct ways *one = ways_compute(w->view), *same = ways_compute(w->view);
	assert_true(ways_equal(one, same));
	stage_do("down a:l0");
	struct ways *other = ways_compute(w->view);
	assert_false(ways_equal(one, other));
	/* By any part of them alone. */
	same->tree[0] = !same->tree[0];
	assert_false(ways_equal(one, same));
	same->tree[0] = !same->tree[0];
	same->stands[0].is_head = !same->stands[0].is_head;
	assert_false(ways_equal(one, same));
	ways_free(one);
	ways_free(same);
	ways_free(other);
}

int main(void)
{
#define TEST(F) cmocka_unit_test_teardown(F, after)
	static const struct CMUnitTest tests[] = {
		TEST(ring_of_three),
		TEST(ring_of_four),
		TEST(ring_with_an_empty_corner),
		TEST(doubled_mesh_of_five_with_tunnels),
		TEST(islands),
		TEST(a_head_without_ports),
		TEST(worlds_by_chance),
		TEST(the_cheapest_way),
		TEST(tags_on_a_link),
		TEST(a_network_on_one_side_stays_there),
		TEST(nothing_before_a_probe_has_shown_it),
		TEST(a_cable_that_swallows),
		TEST(a_cable_that_rests),
		TEST(a_cable_in_the_wrong_hole),
		TEST(trunk_and_tunnel),
		TEST(an_uplink_beside_a_link),
		TEST(a_new_file_keeps_the_ways_it_can),
		TEST(the_first_links_of_a_file),
		TEST(a_new_file_in_the_middle_of_a_change),
		TEST(ways_that_are_the_same),
	};
	return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
