/* SPDX-License-Identifier: Apache-2.0 */
/* Networks by VXLAN: who hears whom, what a joining switch changes on the
 * others, restarts in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/stage.h"

static const char three[] =
	"version: 1\n"
	"switches:\n"
	"  a: {dpid: 0x1, vtep: 10.0.0.1}\n"
	"  b: {dpid: 0x2, vtep: 10.0.0.2, tunnel: tun}\n"
	"  c: {dpid: 0x3, vtep: 10.0.0.3}\n"
	"  d: {dpid: 0x4}\n"
	"networks:\n"
	"  red: {vni: 100, ports: [\"*:r*\", {port: \"c:t0\", tag: 7}, {port: \"a:h0\", hairpin: true}]}\n"
	"  green: {vni: 200, ports: [\"*:g*\", {port: \"c:t0\", tag: 8}]}\n"
	"  blue: {ports: [\"*:x\", \"*:v*\"]}\n";

static const char ports[] =
	"up a; up b; up c; port a:vxlan0 1000; port b:tun 1000; port c:vxlan0 77;"
	"port a:r1 1; port a:g1 2; port a:h0 3; port b:r1 1; port b:g1 2; port c:r1 1; port c:t0 2";

static void send_one(const char *place, unsigned dst, unsigned src, int vid)
{
	world_send(w, place, world_frame(dst, src, vid));
	world_check(w);
}

/* Each in its own network, once, with its tag; nothing comes back. */
static void broadcast_reaches_every_member_once(void **state)
{
	(void) state;
	stage_open(three, ports);
	send_one("a:r1", 0, 1, UNTAGGED);
	assert_int_equal(w->n_tunnelled, 2);
	assert_int_equal(w->n_got, 4);
	assert_int_equal(world_got(w, "a:h0", UNTAGGED), 1);
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "c:r1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "c:t0", 7), 1);
	send_one("c:t0", 0, 2, 8);
	assert_int_equal(w->n_got, 2);
	assert_int_equal(world_got(w, "a:g1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "b:g1", UNTAGGED), 1);
	/* A hairpin port hears itself, the others once. */
	send_one("a:h0", 0, 3, UNTAGGED);
	assert_int_equal(w->n_tunnelled, 2);
	assert_int_equal(world_got(w, "a:h0", UNTAGGED), 1);
}

static void known_hosts_are_not_flooded_and_not_punted(void **state)
{
	(void) state;
	stage_open(three, ports);
	send_one("a:r1", 0, 1, UNTAGGED);
	send_one("c:r1", 1, 2, UNTAGGED);
	assert_int_equal(w->n_punts, 1);
	assert_int_equal(w->n_tunnelled, 1);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	send_one("a:r1", 2, 1, UNTAGGED);
	assert_int_equal(w->n_punts, 0);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "c:r1", UNTAGGED), 1);
	/* The same MAC in another network is somebody else. */
	send_one("a:g1", 2, 9, UNTAGGED);
	assert_int_equal(world_got(w, "c:r1", UNTAGGED), 0);
}

static void unknown_senders_are_dropped(void **state)
{
	(void) state;
	stage_open(three, ports);
	world_do(w, "host red 1 a:r1");
	world_send_tunnelled(w, "a:vxlan0", world_frame(1, 2, UNTAGGED), 100, 0x0a000002);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(w->n_punts, 0);
	world_send_tunnelled(w, "a:vxlan0", world_frame(1, 2, UNTAGGED), 100, 0x0a000063);
	assert_int_equal(w->n_got, 0);
	assert_string_equal(w->dropped_by, "unknown-vtep");
	world_send_tunnelled(w, "a:vxlan0", world_frame(0, 2, 5), 100, 0x0a000002);
	assert_string_equal(w->dropped_by, "unknown-vtep");
	world_send_tunnelled(w, "a:vxlan0", world_frame(0, 2, UNTAGGED), 101, 0x0a000002);
	assert_string_equal(w->dropped_by, "unknown-vni");
	world_send_tunnelled(w, "a:vxlan0", world_frame(0, 2, UNTAGGED), 0, 0x0a000002);
	assert_string_equal(w->dropped_by, "tunnel-probe");
	/* A peer, but not in this network. */
	world_do(w, "gone c:t0");
	world_send_tunnelled(w, "a:vxlan0", world_frame(0, 2, UNTAGGED), 200, 0x0a000003);
	assert_string_equal(w->dropped_by, "unknown-vtep");
}

/* P3: one that joins costs each other member its rows for it, no compile. */
static void who_has_no_ports_is_not_spoken_to(void **state)
{
	(void) state;
	stage_open(three, "up a; up b; up c; port a:vxlan0 1000; port b:tun 1000; port c:vxlan0 77; port a:r1 1; port b:r1 1");
	send_one("a:r1", 0, 1, UNTAGGED);
	assert_int_equal(w->n_tunnelled, 1);
	world_quiet(w);
	world_do(w, "port c:r1 1");
	assert_int_equal(w->n_compiles, 5);     /* all apps, on c */
	world_check(w);
	send_one("a:r1", 0, 1, UNTAGGED);
	assert_int_equal(w->n_tunnelled, 2);
	world_do(w, "port c:r2 2; gone c:r1");
	send_one("a:r1", 0, 1, UNTAGGED);
	assert_int_equal(w->n_tunnelled, 2);
	world_do(w, "gone c:r2");
	world_check(w);
	send_one("a:r1", 0, 1, UNTAGGED);
	assert_int_equal(w->n_tunnelled, 1);
	/* A flap is no leaving, and neither is a lost controller connection. */
	world_do(w, "port c:r1 1; down c:r1; down c");
	world_quiet(w);
	send_one("a:r1", 0, 1, UNTAGGED);
	assert_int_equal(w->n_tunnelled, 2);
}

static void a_tunnel_port_is_no_edge_and_may_come_late(void **state)
{
	(void) state;
	stage_open(three, "up a; up b; port a:r1 1; port b:r1 1; port b:tun 1000; port a:x 4; port b:vxlan0 5");
	/* blue takes v*, but not the tunnel. That of b is called tun. */
	send_one("a:x", 0, 1, UNTAGGED);
	assert_int_equal(w->n_tunnelled, 0);
	world_do(w, "port a:vxlan0 1000; host red 1 a:r1; host red 2 b:r1");
	world_check(w);
	send_one("a:x", 0, 1, UNTAGGED);
	assert_int_equal(w->n_tunnelled, 1);
	assert_int_equal(world_got(w, "b:vxlan0", UNTAGGED), 1);
	send_one("a:r1", 2, 1, UNTAGGED);
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 1);
	world_do(w, "gone a:vxlan0");
	send_one("a:r1", 2, 1, UNTAGGED);
	assert_int_equal(w->n_tunnelled, 0);
	world_do(w, "port a:vxlan0 33");
	send_one("a:r1", 2, 1, UNTAGGED);
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 1);
}

static void moves_between_hosts(void **state)
{
	(void) state;
	stage_open(three, ports);
	world_do(w, "host red 1 a:r1; host red 2 b:r1; host red 3 c:r1");
	send_one("b:r1", 3, 1, UNTAGGED);       /* 1 shows up at b */
	send_one("c:r1", 1, 3, UNTAGGED);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 1);
	send_one("a:h0", 1, 4, UNTAGGED);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 1);
	/* To a switch that no tunnel reaches: not to the old place. */
	world_do(w, "up d; port d:r1 1; host red 1 d:r1");
	world_check(w);
	assert_int_equal(world_count_rows(w, "c", "table=70", "priority=300", "02:00:00:00:00:01", NULL), 0);
	world_do(w, "host red 1 c:r1; forget red 1");
	world_check(w);
	assert_int_equal(world_count_rows(w, "a", "02:00:00:00:00:01", NULL), 0);
}

/* --- VTEPs that are no switches of ours --------------------------------------------- */

#define NAS 0x0a000032
#define TOR 0x0a000033

static const char with_vteps[] =
	"version: 1\n"
	"switches:\n"
	"  a: {dpid: 0x1, vtep: 10.0.0.1}\n"
	"  b: {dpid: 0x2, vtep: 10.0.0.2, tunnel: tun}\n"
	"  c: {dpid: 0x3, vtep: 10.0.0.3}\n"
	"  d: {dpid: 0x4}\n"
	"networks:\n"
	"  red: {vni: 100, ports: [\"*:r*\", {port: \"c:t0\", tag: 7}, {port: \"a:h0\", hairpin: true}]}\n"
	"  green: {vni: 200, ports: [\"*:g*\", {port: \"c:t0\", tag: 8}]}\n"
	"  blue: {vni: 300, ports: [\"a:x\"]}\n"
	"vteps:\n"
	"  nas: {vtep: 10.0.0.50, networks: [red, blue], macs: [\"02:00:00:00:00:50\"]}\n"
	"  tor: {vtep: 10.0.0.51, networks: [red]}\n";

static size_t heard_by(uint32_t peer)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n_got; i++)
		n += w->got[i].sw == NET_NONE && w->got[i].ofport == peer;
	return n;
}

/* One copy of a flood each, in their networks; frames from one stay on the switch. */
static void foreign_vteps_hear_floods_and_are_heard(void **state)
{
	(void) state;
	stage_open(with_vteps, ports);
	send_one("a:r1", 0, 1, UNTAGGED);
	assert_int_equal(heard_by(NAS), 1);
	assert_int_equal(heard_by(TOR), 1);
	assert_int_equal(w->n_got, 6);
	send_one("a:g1", 0, 1, UNTAGGED);
	assert_int_equal(heard_by(NAS) + heard_by(TOR), 0);
	/* A network of one switch of ours. */
	world_do(w, "port a:x 9");
	send_one("a:x", 0, 1, UNTAGGED);
	assert_int_equal(heard_by(NAS), 1);
	assert_int_equal(w->n_got, 1);
	/* What comes from one goes to local ports, not to the other, and nothing is learned. */
	world_send_tunnelled(w, "a:vxlan0", world_frame(0, 0x51, UNTAGGED), 100, TOR);
	assert_int_equal(w->n_got, 2);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED) + world_got(w, "a:h0", UNTAGGED), 2);
	assert_int_equal(w->n_punts, 0);
	world_send_tunnelled(w, "a:vxlan0", world_frame(0, 0x51, UNTAGGED), 300, TOR);
	assert_string_equal(w->dropped_by, "unknown-vtep");
	world_send_tunnelled(w, "a:vxlan0", world_frame(0, 0x51, UNTAGGED), 200, NAS);
	assert_string_equal(w->dropped_by, "unknown-vtep");
	world_send_tunnelled(w, "a:vxlan0", world_frame(0, 0x51, UNTAGGED), 999, NAS);
	assert_string_equal(w->dropped_by, "unknown-vni");
}

static void a_vtep_without_networks_is_in_all_of_them(void **state)
{
	(void) state;
	stage_open("version: 1\n"
		   "switches: {a: {dpid: 1, vtep: 10.0.0.1}, b: {dpid: 2}}\n"
		   "networks:\n"
		   "  red: {ports: [a:r1]}\n"
		   "  green: {ports: [a:g1]}\n"
		   "  blue: {ports: [b:x]}\n"
		   "vteps: {nas: {vtep: 10.0.0.50, macs: [\"02:00:00:00:00:50\"]}}\n",
		   "up a; up b; port a:vxlan0 9; port a:r1 1; port a:g1 2; port b:x 1");
	send_one("a:r1", 0x50, 1, UNTAGGED);
	assert_int_equal(heard_by(NAS), 1);
	send_one("a:g1", 0, 1, UNTAGGED);
	assert_int_equal(heard_by(NAS), 1);
	send_one("b:x", 0, 1, UNTAGGED);
	assert_int_equal(heard_by(NAS), 0);
}

/* A foreign VTEP floods to every switch itself; of an island of switches one takes it. */
static void a_flood_of_a_foreign_vtep_is_heard_once(void **state)
{
	static const unsigned dsts[] = { 0, 0x77, 1, 2, 3 };
	static const char *const tunnels[] = { "a:vxlan0", "b:vxlan0", "c:vxlan0" };
	static const char *const names[] = { "a:r1", "b:r1", "c:r1" };
	(void) state;
	stage_open("version: 1\n"
		   "switches: {a: {dpid: 1, vtep: 10.0.0.1}, b: {dpid: 2, vtep: 10.0.0.2}, c: {dpid: 3, vtep: 10.0.0.3}}\n"
		   "networks:\n"
		   "  red: {vni: 100, link_vlan: 70, ports: [\"*:r*\"]}\n"
		   "links: [{between: [\"a:l0\", \"b:l0\"]}]\n"
		   "vteps: {nas: {vtep: 10.0.0.50, networks: [red], macs: [\"02:00:00:00:00:50\"]}}\n",
		   "up a; up b; up c; port a:vxlan0 9; port b:vxlan0 9; port c:vxlan0 9; port a:r1 1; port b:r1 1; port c:r1 1;"
		   "port a:l0 2; port b:l0 2; link a:l0; ways; host red 1 a:r1; host red 2 b:r1; host red 3 c:r1");
	for (size_t d = 0; d < 5; d++) {
		size_t n_heard[3] = { 0 }, n_back = 0;
		for (size_t t = 0; t < 3; t++) {
			world_send_tunnelled(w, tunnels[t], world_frame(dsts[d], 0x50, UNTAGGED), 100, NAS);
			for (size_t k = 0; k < 3; k++)
				n_heard[k] += world_got(w, names[k], UNTAGGED);
			n_back += heard_by(NAS);
		}
		for (size_t k = 0; k < 3; k++)
			if (n_heard[k] != (dsts[d] == 0 || dsts[d] == 0x77 || dsts[d] == k + 1))
				fail_msg("to %x: %s heard it %zu times", dsts[d], names[k], n_heard[k]);
		assert_int_equal(n_back, 0);
	}
	/* And the other way round: by the head. */
	send_one("b:r1", 0x50, 2, UNTAGGED);
	assert_int_equal(heard_by(NAS), 1);
	assert_int_equal(world_count_rows(w, "b", "10.0.0.50", NULL), 0);
	send_one("b:r1", 0, 2, UNTAGGED);
	assert_int_equal(heard_by(NAS), 1);
	/* Without the cable each is on its own again. */
	world_do(w, "down a:l0; ways");
	send_one("b:r1", 0x50, 2, UNTAGGED);
	assert_int_equal(heard_by(NAS), 1);
	assert_true(world_count_rows(w, "b", "10.0.0.50", NULL) > 0);
}

/* Who is listed is reached there only; who is not, by a flood of unknown unicast. */
static void hosts_behind_a_foreign_vtep(void **state)
{
	(void) state;
	stage_open(with_vteps, ports);
	send_one("b:r1", 0x50, 2, UNTAGGED);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(heard_by(NAS), 1);
	send_one("b:r1", 0x51, 2, UNTAGGED);
	assert_int_equal(heard_by(NAS), 1);
	assert_int_equal(heard_by(TOR), 1);
	assert_true(w->n_got > 2);
	/* Nobody else can be that host: neither a punt on its way nor a row read back. */
	world_send(w, "a:r1", world_frame(2, 0x50, UNTAGGED));
	assert_string_equal(w->dropped_by, "claimed-mac");
	assert_int_equal(w->n_punts, 0);
	struct fact fact = {
		.kind = FACT_HOST, .sw = world_switch(w, "a"), .ofport = 1, .network = world_network(w, "red"),
		.mac = { 2, 0, 0, 0, 0, 0x50 },
	};
	assert_false(world_apply(w, fact));
	assert_null(world_host(w, "red", 0x50));
	/* In a network where the VTEP is not, it is a host like others. */
	send_one("a:g1", 0, 0x50, UNTAGGED);
	assert_non_null(world_host(w, "green", 0x50));
}

/* A host that was learned at a port, and then the file says that it is elsewhere; and back. */
static void a_new_file_names_a_known_host(void **state)
{
	(void) state;
	stage_open(three, ports);
	world_do(w, "host red 80 a:r1; host red 2 b:r1");
	world_reload(w, with_vteps);
	world_check(w);
	assert_null(world_host(w, "red", 0x50));
	send_one("b:r1", 0x50, 2, UNTAGGED);
	assert_int_equal(heard_by(NAS), 1);
	world_reload(w, three);
	world_check(w);
	send_one("a:r1", 2, 0x50, UNTAGGED);
	assert_non_null(world_host(w, "red", 0x50));
	assert_int_equal(world_count_rows(w, "a", "10.0.0.50", NULL), 0);
}

static void restarts_with_foreign_vteps(void **state)
{
	static const char *const order[] = { "b", "c", "a" };
	(void) state;
	stage_open(with_vteps, ports);
	world_do(w, "host red 1 a:r1; host red 2 b:r1");
	world_restart(w);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(world_back(w, order[i], 10), 0);
	world_do(w, "settle");
	world_check(w);
	assert_null(world_host(w, "red", 0x50));
}

/* --- restarts ---------------------------------------------------------------------- */

static void restarts_in_any_order(void **state)
{
	static const char *const orders[6][3] = {
		{ "a", "b", "c" }, { "a", "c", "b" }, { "b", "a", "c" },
		{ "b", "c", "a" }, { "c", "a", "b" }, { "c", "b", "a" },
	};
	(void) state;
	stage_open(three, ports);
	world_do(w, "host red 1 a:r1; host red 2 b:r1; host red 3 c:r1; host green 1 c:t0; host green 5 a:g1; host green 6 a:g1");
	for (size_t i = 0; i < 6; i++) {
		world_restart(w);
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(world_back(w, orders[i][k], 10), 0);
		world_do(w, "settle");
		world_check(w);
		assert_int_equal(world_count_rows(w, "a", "table=100", "reg2=0xfffff2", NULL), 4);
	}
}

/* One does not come back: all stays, until it is given up. */
static void who_stays_away_is_remembered_until_given_up(void **state)
{
	(void) state;
	stage_open(three, ports);
	world_do(w, "host red 1 a:r1; host red 3 c:r1");
	world_restart(w);
	assert_int_equal(world_back(w, "a", 10), 0);
	assert_int_equal(world_back(w, "b", 10), 0);
	assert_true(world_host(w, "red", 3)->unconfirmed);
	world_do(w, "settle");
	world_check(w);
	assert_int_equal(world_count_rows(w, "a", "tun_src=10.0.0.3", NULL), 2);
	world_reload(w, three);
	assert_int_equal(world_count_rows(w, "a", "tun_src=10.0.0.3", NULL), 2);
	assert_int_equal(world_count_rows(w, "b", "02:00:00:00:00:03", "0xa000003", NULL), 1);
	world_do(w, "give-up");
	world_check(w);
	assert_null(world_host(w, "red", 3));
	assert_int_equal(world_count_rows(w, "a", "tun_src=10.0.0.3", NULL), 0);
}

/* It comes back without the ports it had. */
static void who_comes_back_with_less_is_left_alone(void **state)
{
	(void) state;
	stage_open(three, ports);
	world_restart(w);
	assert_int_equal(world_back(w, "a", 10), 0);
	world_do(w, "port c:vxlan0 77; port c:r1 1; up c");
	world_check(w);
	assert_int_equal(world_count_rows(w, "a", "tun_src=10.0.0.3", NULL), 1);
}

/* --- probes ------------------------------------------------------------------------ */

static char probes[200];

/* "a", or in another underlay than the main one "a2". */
static const char *name_of(const struct net_vtep_at *to)
{
	static char name[100];
	uint32_t vtep, sw = net_switch_by_vtep(w->net, to->bytes, to->is_v6, &vtep);
	if (sw != NET_NONE) {
		snprintf(name, sizeof name, vtep ? "%s%u" : "%s", w->net->switches[sw].name, vtep + 1);
		return name;
	}
	for (size_t i = 0; i < w->net->n_vteps; i++)
		if (to == &w->net->vteps[i].end.vteps[0])
			return w->net->vteps[i].end.name;
	return "?";
}

static void note_probe(void *ctx, uint32_t sw, uint32_t ofport, const struct net_vtep_at *to,
		       const uint8_t *frame, size_t size)
{
	size_t len = strlen(probes);
	(void) ctx;
	assert_true(size >= 60 && !(frame[0] & 1));
	assert_int_equal(view_switch(w->view, sw)->tunnel, ofport);
	snprintf(probes + len, sizeof probes - len, "%s%s", view_switch(w->view, sw)->name, name_of(to));
}

static const char *greeted(struct fact fact)
{
	struct scene scene = { .net = w->net, .view = w->view };
	struct reply reply = { .send_tunnel = note_probe };
	probes[0] = '\0';
	app_by_table(TABLE_OUTPUT)->greet(&scene, &fact, &reply);
	return probes;
}

static const char *ticked(const char *sw, uint64_t from, uint64_t to)
{
	struct scene scene = { .net = w->net, .view = w->view };
	struct reply reply = { .send_tunnel = note_probe };
	probes[0] = '\0';
	for (uint64_t second = from; second <= to; second++)
		app_by_table(TABLE_OUTPUT)->tick(&scene, world_switch(w, sw), second, &reply);
	return probes;
}

static const char in_two[] =
	"version: 1\n"
	"underlays: {blue: {}, red: {main: true}}\n"
	"switches:\n"
	"  a: {dpid: 0x1, vteps: {red: 10.0.0.1, blue: 10.1.0.1}}\n"
	"  b: {dpid: 0x2, vteps: {red: 10.0.0.2, blue: 10.1.0.2}, tunnel: tun}\n"
	"  c: {dpid: 0x3, vtep: 10.0.0.3}\n"
	"networks:\n"
	"  red: {vni: 100, ports: [\"a:r*\", \"b:r*\"]}\n"
	"  green: {vni: 200, ports: [\"a:g*\", \"c:g*\"]}\n";

/* A peer is heard by whichever underlay it comes, and floods go by the main one. */
static void a_peer_has_several_vteps(void **state)
{
	(void) state;
	stage_open(in_two, ports);
	for (uint32_t i = 0; i < 2; i++) {
		world_send_tunnelled(w, "a:vxlan0", world_frame(0, 2 + i, UNTAGGED), 100, 0x0a000002 + (i << 16));
		assert_int_equal(w->n_got, 1);
		assert_int_equal(w->n_tunnelled, 0);
	}
	/* Not in networks where it is not, nor one that nobody has. */
	world_send_tunnelled(w, "a:vxlan0", world_frame(0, 2, UNTAGGED), 200, 0x0a010002);
	assert_string_equal(w->dropped_by, "unknown-vtep");
	world_send_tunnelled(w, "a:vxlan0", world_frame(0, 2, UNTAGGED), 100, 0x0a010003);
	assert_string_equal(w->dropped_by, "unknown-vtep");
	send_one("a:r1", 0, 1, UNTAGGED);
	assert_int_equal(w->n_tunnelled, 1);
	assert_int_equal(world_count_rows(w, "a", "10.1.0.2", NULL), 1);
}

/* Each address by itself; also those that frames may be steered through. From then
 * on the tunnels that are edges are asked by those who watch them. */
static void every_vtep_is_probed(void **state)
{
	(void) state;
	stage_open(in_two, ports);
	assert_string_equal(ticked("a", 1, 2), "abab2baba2acca");
	assert_string_equal(ticked("c", 1, 2), "caaccbbc");
	assert_string_equal(ticked("a", 3, 30), "");
}

/* From both sides when one comes; then alone, 15 seconds apart. */
static void peers_are_probed(void **state)
{
	(void) state;
	stage_open(three, ports);
	assert_string_equal(greeted((struct fact) { .kind = FACT_SWITCH_UP, .sw = world_switch(w, "b") }), "baabbccb");
	assert_string_equal(ticked("b", 1, 2), "baabbccb");
	assert_string_equal(ticked("b", 3, 15), "");
	assert_string_equal(ticked("b", 16, 30), "babc");
	assert_string_equal(ticked("b", 31, 45), "babc");
	assert_string_equal(ticked("c", 3, 31), "cacb");
	/* Who is not connected, has no tunnel port or shares no network. */
	world_do(w, "down a; gone c:vxlan0");
	assert_string_equal(greeted((struct fact) { .kind = FACT_SWITCH_UP, .sw = world_switch(w, "b") }), "babc");
	world_do(w, "up a; port c:vxlan0 77; gone c:r1; gone c:t0");
	assert_string_equal(ticked("b", 2, 2), "baab");
	assert_string_equal(ticked("c", 2, 2), "");
	/* A port that makes its switch a member. */
	world_do(w, "port c:r1 1");
	assert_string_equal(greeted((struct fact) { .kind = FACT_PORT, .sw = world_switch(w, "c"), .ofport = 1,
						    .uses_changed = true }), "caaccbbc");
	world_do(w, "port c:r2 2");
	assert_string_equal(greeted((struct fact) { .kind = FACT_PORT, .sw = world_switch(w, "c"), .ofport = 2,
						    .uses_changed = true }), "");
	assert_string_equal(greeted((struct fact) { .kind = FACT_HOST, .sw = world_switch(w, "c") }), "");
	/* VTEPs that are no switches of ours are, by each switch that is in one of their networks. */
	world_do(w, "gone b:r1; gone b:g1");
	world_reload(w, with_vteps);
	assert_string_equal(ticked("a", 15, 29), "acanasator");
	assert_string_equal(ticked("b", 15, 29), "");
}

/* --- random ------------------------------------------------------------------------ */

static void step(void)
{
	static const char *const switches[] = { "a", "b", "c", "d" };
	static const char *const names[] = { "r1", "r2", "g1", "t0", "h0", "x", "vxlan0", "tun" };
	static const char *const networks[] = { "red", "green", "blue" };
	const char *sw = switches[world_pick(4)], *name = names[world_pick(8)], *network = networks[world_pick(3)];
	char place[32];
	unsigned mac = 1 + world_pick(6);
	uint32_t slot = world_switch(w, sw);
	const struct view_port *port = view_port_by_name(w->view, slot, name);
	snprintf(place, sizeof place, "%s:%s", sw, name);
	if (!port) {
		stage_do("port %s %u", place, 1 + world_pick(12));
	} else if (!world_pick(4)) {
		stage_do("gone %s", place);
	} else if (world_pick(3) && view_use(port, world_network(w, network))) {
		stage_do("host %s %u %s", network, mac, place);
	} else if (world_host(w, network, mac) && !world_pick(3)) {
		stage_do("forget %s %u", network, mac);
	} else {
		stage_do("%s %s", world_pick(2) ? "up" : "down", world_pick(2) ? sw : place);
	}
}

static void open_one(unsigned seed) { stage_open(seed % 2 ? three : with_vteps, ""); }
static void all_up(void) { world_do(w, "up a; up b; up c; up d"); }

static void random_worlds(void **state)
{
	(void) state;
	stage_play(&(struct stage_chance) { .open = open_one, .step = step, .calm = all_up, .switches = "abcd" });
}

#define T(NAME) cmocka_unit_test_teardown(NAME, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(broadcast_reaches_every_member_once),
		T(known_hosts_are_not_flooded_and_not_punted),
		T(unknown_senders_are_dropped),
		T(who_has_no_ports_is_not_spoken_to),
		T(a_tunnel_port_is_no_edge_and_may_come_late),
		T(moves_between_hosts),
		T(foreign_vteps_hear_floods_and_are_heard),
		T(a_vtep_without_networks_is_in_all_of_them),
		T(a_flood_of_a_foreign_vtep_is_heard_once),
		T(hosts_behind_a_foreign_vtep),
		T(a_new_file_names_a_known_host),
		T(restarts_with_foreign_vteps),
		T(restarts_in_any_order),
		T(who_stays_away_is_remembered_until_given_up),
		T(who_comes_back_with_less_is_left_alone),
		T(a_peer_has_several_vteps),
		T(every_vtep_is_probed),
		T(peers_are_probed),
		T(random_worlds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
