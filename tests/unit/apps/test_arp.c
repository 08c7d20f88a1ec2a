/* SPDX-License-Identifier: Apache-2.0 */
/* Questions for known hosts: who is answered, who hears it, whose address it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/arp.h"
#include "tests/unit/apps/stage.h"

static const char three[] =
	"version: 1\n"
	"switches:\n"
	"  a: {dpid: 0x1, vtep: 10.0.0.1}\n"
	"  b: {dpid: 0x2, vtep: 10.0.0.2}\n"
	"  c: {dpid: 0x3, vtep: 10.0.0.3}\n"
	"networks:\n"
	"  red: {vni: 100, ports: [\"*:r*\", {port: \"c:t0\", tag: 7},"
	" {port: \"b:rd\", mac: \"02:00:00:00:00:63\", ip: [10.1.0.99, \"fd00::99\"], guard: false}]}\n"
	"  loud: {vni: 200, arp: flood, ports: [\"*:g*\", {port: \"a:gd\", mac: \"02:00:00:00:00:62\", ip: 10.1.0.98}]}\n"
	"  trunk: {transport: vlan, vlan: 30, uplinks: [a:up, b:up, c:up], ports: [\"*:u*\"]}\n"
	"  alone: {vni: 300, ports: [\"a:x*\"]}\n"
	"  wrap: {vni: 400, tags: pass, ports: [\"*:w*\"]}\n";

static const char ports[] =
	"up a; up b; up c; port a:vxlan0 1000; port b:vxlan0 1000; port c:vxlan0 1000;"
	"port a:r1 1; port a:r2 2; port b:r1 1; port b:rd 2; port c:r1 1; port c:t0 2;"
	"port a:g1 3; port b:g1 3; port a:up 4; port b:up 4; port c:up 4; port a:u1 5; port b:u1 5; port c:u1 5";

static void begin(const char *story)
{
	stage_open(three, ports);
	world_do(w, story);
	world_check(w);
}

/* --- frames ------------------------------------------------------------------------ */

static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 }, all_nodes[6] = { 0x33, 0x33, 0, 0, 0, 1 };

static void host_mac(uint8_t mac[6], unsigned n)
{
	memcpy(mac, (uint8_t[6]) { 2, 0, 0, 0, (uint8_t) (n >> 8), (uint8_t) n }, 6);
}

/* 10.1.0.n, 0 = 0.0.0.0. */
static void host_ip4(uint8_t ip[4], unsigned n)
{
	if (n)
		memcpy(ip, (uint8_t[4]) { 10, 1, (uint8_t) (n >> 8), (uint8_t) n }, 4);
}

static struct frame arp(const uint8_t dst[6], unsigned op, unsigned mac, unsigned sender, unsigned target, int vid)
{
	uint8_t body[28] = { 0, 1, 8, 0, 6, 4, 0, (uint8_t) op }, src[6];
	host_mac(src, mac);
	memcpy(body + 8, src, 6);
	host_ip4(body + 14, sender);
	host_ip4(body + 24, target);
	return world_frame_macs(dst, src, vid, 0x0806, body, sizeof body);
}

/* fd00::n, 0 = ::. type 134 to 136; flags of an advertisement. */
static struct frame nd(const uint8_t dst[6], unsigned type, unsigned mac, unsigned sender, unsigned target,
		       uint8_t flags)
{
	uint8_t body[72] = { 0x60, 0, 0, 0, 0, 32, 58, 255 }, src[6];
	host_mac(src, mac);
	if (sender) {
		body[8] = 0xfd;
		body[23] = (uint8_t) sender;
	}
	body[24] = 0xff;
	body[40] = (uint8_t) type;
	body[44] = flags;
	body[48] = 0xfd;
	body[63] = (uint8_t) target;
	body[64] = type == 136 ? 2 : 1;
	body[65] = 1;
	memcpy(body + 66, src, 6);
	return world_frame_macs(dst, src, UNTAGGED, 0x86dd, body, sizeof body);
}

static void send_frame(const char *place, struct frame frame)
{
	world_send(w, place, frame);
	world_check(w);
}

/* A question by ARP from host `mac` at 10.1.0.mac. */
static void asks(const char *place, unsigned mac, unsigned target)
{
	send_frame(place, arp(all, 1, mac, mac, target, UNTAGGED));
}

/* Nobody heard it, and the answer to host `mac` says that `target` is at host `at`. */
static void is_answered(const char *place, unsigned mac, unsigned target, unsigned at)
{
	uint8_t here[6], there[6], ip[4];
	host_mac(here, mac);
	host_mac(there, at);
	host_ip4(ip, target);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(w->n_tunnelled, 0);
	assert_int_equal(world_got(w, place, UNTAGGED), 1);
	const uint8_t *frame = w->got[0].frame.bytes;
	assert_memory_equal(frame, here, 6);
	assert_memory_equal(frame + 6, there, 6);
	assert_int_equal(frame[21], 2);
	assert_memory_equal(frame + 22, there, 6);
	assert_memory_equal(frame + 28, ip, 4);
	assert_memory_equal(frame + 32, here, 6);
}

static size_t n_facts(enum fact_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n_facts; i++)
		n += w->facts[i].kind == kind;
	return n;
}

static const struct binding *binding(const char *network, unsigned n)
{
	uint8_t ip[4] = { 0 };
	host_ip4(ip, n);
	return view_binding(w->view, world_network(w, network), false, ip);
}

/* --- who is answered ----------------------------------------------------------------- */

static void a_known_host_is_answered_for_where_it_is_asked(void **state)
{
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	assert_int_equal(w->n_got, 5);          /* its first word: heard by all */
	assert_int_equal(w->n_tunnelled, 2);
	asks("b:r1", 2, 50);
	asks("c:r1", 3, 50);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 2);
	assert_int_equal(w->n_punts, 0);
	asks("a:r1", 1, 3);
	is_answered("a:r1", 1, 3, 3);
	asks("c:r1", 3, 1);
	is_answered("c:r1", 3, 1, 1);
	/* Of nobody known: to all. */
	asks("a:r1", 1, 51);
	assert_int_equal(w->n_got, 5);
	assert_int_equal(w->n_punts, 0);
}

static void the_answer_has_the_tag_of_its_port(void **state)
{
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	send_frame("c:t0", arp(all, 1, 4, 4, 50, 7));
	send_frame("c:t0", arp(all, 1, 4, 4, 1, 7));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "c:t0", 7), 1);
}

static void what_others_must_hear_is_flooded(void **state)
{
	uint8_t to[6];
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	asks("a:r1", 1, 1);                     /* announces itself */
	assert_int_equal(w->n_got, 5);
	send_frame("a:r1", arp(all, 2, 1, 1, 1, UNTAGGED));
	assert_int_equal(w->n_got, 5);
	send_frame("a:r1", arp(all, 1, 1, 0, 2, UNTAGGED));     /* is 2 free? */
	assert_int_equal(w->n_got, 5);
	assert_int_equal(w->n_punts, 0);
	/* Is it still there? It has to say so itself. */
	host_mac(to, 2);
	send_frame("a:r1", arp(to, 1, 1, 1, 2, UNTAGGED));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 1);
}

/* Both are behind one port, as on a LAN: the host itself answers, and its MAC does not
 * come out of our port as if it were ours. */
static void who_is_behind_the_same_port_answers_itself(void **state)
{
	uint8_t group[6] = { 0x33, 0x33, 0xff, 0, 0, 2 };
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	asks("a:r1", 2, 50);
	asks("b:r1", 3, 50);
	send_frame("a:r1", nd(all_nodes, 136, 2, 2, 2, 0x20));
	send_frame("a:r1", nd(group, 135, 1, 1, 9, 0));
	asks("a:r1", 1, 2);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 0);
	assert_int_equal(w->n_got, 5);
	send_frame("a:r1", nd(group, 135, 1, 1, 2, 0));
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 0);
	assert_int_equal(w->n_got, 5);
	asks("b:r1", 3, 2);
	is_answered("b:r1", 3, 2, 2);
	world_do(w, "host red 2 a:r2");
	world_check(w);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 2);
	/* Of its own it asks nobody but the others. */
	send_frame("b:r1", arp(all, 1, 3, 3, 50, UNTAGGED));
	send_frame("b:r1", arp(all, 1, 3, 7, 50, UNTAGGED));
	send_frame("b:r1", arp(all, 1, 3, 7, 3, UNTAGGED));
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 0);
}

static void a_question_from_elsewhere_is_not_answered_twice(void **state)
{
	(void) state;
	begin("");
	asks("a:u1", 1, 50);
	asks("b:u1", 2, 50);
	/* On this trunk a machine that weft does not know asks for a VM. */
	send_frame("lan", arp(all, 1, 9, 9, 1, 30));
	assert_int_equal(w->n_got, 3);
	assert_int_equal(world_got(w, "a:u1", UNTAGGED), 1);
	/* A VM asks for a VM behind the trunk: the trunk hears nothing. */
	asks("a:u1", 1, 2);
	is_answered("a:u1", 1, 2, 2);
	assert_int_equal(world_got(w, "lan", 30), 0);
	/* By a tunnel: the asker's switch has let it out. */
	asks("a:r1", 3, 50);
	world_send_tunnelled(w, "a:vxlan0", arp(all, 1, 8, 8, 3, UNTAGGED), 100, 0x0a000002);
	assert_int_equal(w->n_got, 2);
	assert_int_equal(w->n_tunnelled, 0);
}

static void a_network_may_say_no(void **state)
{
	(void) state;
	begin("");
	asks("a:g1", 1, 50);
	asks("b:g1", 2, 50);
	asks("a:g1", 1, 2);
	assert_int_equal(world_got(w, "b:g1", UNTAGGED), 1);
	assert_null(binding("loud", 1));
	assert_null(binding("loud", 98));
	assert_int_equal(world_count_rows(w, "a", "table=65", "arp", NULL), 1);  /* 10.1.0.99 of red */
}

/* A segment of the guests' own is in it: what weft knows is not about that. */
static void what_guests_tag_themselves_is_their_own(void **state)
{
	(void) state;
	begin("port a:w1 7; port b:w1 7");
	asks("a:w1", 1, 50);
	asks("b:w1", 2, 50);
	asks("a:w1", 1, 2);
	is_answered("a:w1", 1, 2, 2);
	send_frame("a:w1", arp(all, 1, 1, 1, 2, 9));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "b:w1", 9), 1);
	send_frame("b:w1", arp(all, 1, 2, 1, 1, 9));
	assert_int_equal(w->n_punts, 0);
	assert_int_equal(binding("wrap", 1)->state, BINDING_GOOD);
}

static void a_declared_host_is_answered_for_before_it_speaks(void **state)
{
	uint8_t ip6[16] = { 0xfd, [15] = 0x99 };
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	asks("a:r1", 1, 99);
	is_answered("a:r1", 1, 99, 99);
	assert_non_null(view_binding(w->view, world_network(w, "red"), true, ip6));
	/* It goes with the file only. */
	asks("b:rd", 99, 50);
	asks("b:rd", 99, 1);
	is_answered("b:rd", 99, 1, 1);
	world_do(w, "forget red 99");
	world_check(w);
	asks("a:r1", 1, 99);
	is_answered("a:r1", 1, 99, 99);
	world_reload(w, "version: 1\nnetworks: {red: {ports: [\"*:r*\"]}}");
	world_check(w);
	assert_null(binding("red", 99));
	world_reload(w, three);
	world_check(w);
	assert_true(binding("red", 99)->declared);
}

/* Where no way leads there, the answer would lead nowhere. */
static void nobody_answers_for_hosts_without_a_way(void **state)
{
	(void) state;
	begin("");
	world_reload(w, "version: 1\nnetworks: {red: {ports: [\"*:r*\"]}}");
	world_check(w);
	asks("a:r1", 1, 50);
	asks("a:r2", 2, 50);
	asks("b:r1", 3, 50);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 2);
	asks("a:r1", 1, 3);
	assert_int_equal(world_got(w, "a:r2", UNTAGGED), 1);
	assert_int_equal(w->n_got, 1);
}

static void neighbour_discovery(void **state)
{
	uint8_t there[6], group[6] = { 0x33, 0x33, 0xff, 0, 0, 2 };
	(void) state;
	begin("");
	send_frame("a:r1", nd(group, 135, 1, 1, 50, 0));
	assert_int_equal(w->n_got, 5);
	send_frame("b:r1", nd(all_nodes, 136, 2, 2, 2, 0x20));
	assert_int_equal(w->n_got, 5);
	send_frame("a:r1", nd(group, 135, 1, 1, 2, 0));
	host_mac(there, 2);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(w->n_punts + w->n_tunnelled, 0);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	const uint8_t *nd_answer = w->got[0].frame.bytes + 14 + 40;
	assert_memory_equal(w->got[0].frame.bytes + 6, there, 6);
	assert_int_equal(nd_answer[0], 136);
	assert_int_equal(nd_answer[4], 0x60);
	assert_int_equal(nd_answer[23], 2);
	assert_int_equal(nd_answer[24], 2);
	assert_memory_equal(nd_answer + 26, there, 6);
	/* Is the address free? All shall hear that. */
	send_frame("a:r1", nd(group, 135, 1, 0, 2, 0));
	assert_int_equal(w->n_got, 5);
	assert_int_equal(w->n_punts, 0);
}

/* An answer without the router flag would take a router from its hosts (RFC 4861,
 * 7.2.5); so a router speaks for itself. */
static void a_router_answers_itself(void **state)
{
	uint8_t group[6] = { 0x33, 0x33, 0xff, 0, 0, 2 };
	(void) state;
	begin("");
	send_frame("a:r1", nd(group, 135, 1, 1, 50, 0));
	send_frame("b:r1", nd(group, 135, 2, 2, 1, 0));
	send_frame("a:r1", nd(group, 135, 1, 1, 2, 0));
	assert_int_equal(w->n_got, 1);
	send_frame("b:r1", nd(all_nodes, 134, 2, 2, 2, 0));
	send_frame("a:r1", nd(group, 135, 1, 1, 2, 0));
	assert_int_equal(w->n_got, 5);
	assert_int_equal(w->n_punts, 0);
	/* By the flag of its advertisement. */
	send_frame("c:r1", nd(all_nodes, 136, 3, 3, 3, 0xa0));
	send_frame("a:r1", nd(group, 135, 1, 1, 3, 0));
	assert_int_equal(w->n_got, 5);
	/* And still after a restart. */
	world_restart(w);
	assert_int_equal(world_back(w, "b", 10) + world_back(w, "a", 10) + world_back(w, "c", 10), 0);
	send_frame("a:r1", nd(group, 135, 1, 1, 2, 0));
	assert_int_equal(w->n_got, 5);
}

/* --- whose it is --------------------------------------------------------------------- */

static void who_speaks_for_another_mac_says_nothing(void **state)
{
	struct frame frame;
	(void) state;
	begin("");
	frame = arp(all, 1, 1, 1, 50, UNTAGGED);
	frame.bytes[27] = 77;                   /* sender hardware address */
	send_frame("a:r1", frame);
	assert_null(binding("red", 1));
	frame = arp(all, 1, 1, 1, 50, UNTAGGED);
	frame.bytes[28] = 224;                  /* a group */
	send_frame("a:r1", frame);
	assert_int_equal(view_n_bindings(w->view), 2);  /* the declared ones */
	frame = nd(all_nodes, 136, 1, 1, 1, 0);
	frame.bytes[14 + 7] = 64;               /* came through a router */
	send_frame("a:r1", frame);
	assert_int_equal(view_n_bindings(w->view), 2);
	for (size_t size = 0; size < 60; size++) {
		frame = arp(all, 1, 1, 1, 50, UNTAGGED);
		struct scene scene = { .net = w->net, .view = w->view };
		struct reply none = { .ctx = NULL };    /* a fact would end the test */
		struct app_punt cut = { .table = TABLE_CLAIM, .in_port = 1, .network = world_network(w, "red"),
					.class = CLASS_EDGE, .frame = frame.bytes, .size = size < 42 ? size : 41 };
		app_by_table(TABLE_CLAIM)->packet_in(&scene, &cut, &none);
	}
}

static void addresses_go_with_their_host(void **state)
{
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	world_quiet(w);
	world_do(w, "forget red 2");
	world_check(w);
	assert_int_equal(n_facts(FACT_ADDRESS_GONE), 1);
	assert_null(binding("red", 2));
	asks("a:r1", 1, 2);
	assert_int_equal(w->n_got, 5);
	world_do(w, "gone a:r1");
	world_check(w);
	assert_null(binding("red", 1));
	assert_int_equal(world_count_rows(w, "c", "arp_tpa=10.1.0.1", NULL), 0);
}

static void addresses_move_with_their_host(void **state)
{
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	assert_int_equal(world_count_rows(w, "b", "table=64", "dl_src=02:00:00:00:00:02", NULL), 2);
	world_do(w, "host red 2 c:r1");
	world_check(w);
	assert_int_equal(world_count_rows(w, "b", "table=64", "dl_src=02:00:00:00:00:02", NULL), 0);
	assert_int_equal(world_count_rows(w, "c", "table=64", "dl_src=02:00:00:00:00:02", NULL), 2);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 2);
}

static void apply(void *ctx, struct fact *fact) { world_apply(ctx, *fact); }

/* The row of an IPv4 address on its switch goes by itself; what arp_removed() says. */
static bool row_goes(const char *sw, unsigned n, bool idle)
{
	struct scene scene = { .net = w->net, .view = w->view, .now_ms = w->now_ms };
	struct reply reply = { .fact = apply, .ctx = w };
	struct ledger_iter iter;
	uint8_t ip[4], is[16];
	uint32_t slot = world_switch(w, sw);
	host_ip4(ip, n);
	for (const struct row *row = ledger_first(w->rows[slot], &iter); row; row = ledger_after(w->rows[slot], &iter)) {
		struct row_room room;
		struct rule rule;
		row_rule(row, &room, &rule);
		if (row->want && rule.kind == RULE_FLOW && rule_table(&rule) == pipeline[TABLE_CLAIM].id
		    && rule_priority(&rule) == arp_rows[ARP_CLAIM4].priority
		    && rule_match_bytes(&rule, FIELD_ARP_SPA, is) && !memcmp(ip, is, 4))
			return arp_removed(&scene, slot, &rule, idle, &reply);
	}
	fail_msg("no such row");
	return false;
}

static void an_address_that_is_silent_ages(void **state)
{
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	assert_int_equal(world_count_rows(w, "b", "table=64", "priority=300", "idle_timeout=3600", NULL), 1);
	assert_false(row_goes("b", 2, true));
	world_check(w);
	assert_null(binding("red", 2));
	assert_non_null(world_host(w, "red", 2));
	/* Just moved: it may be the row that we deleted ourselves. */
	world_do(w, "host red 1 a:r2");
	assert_true(row_goes("a", 1, false));
	/* By another hand: the ledger puts it back. */
	w->now_ms += 10000;
	assert_false(row_goes("a", 1, false));
	assert_non_null(binding("red", 1));
	/* A declared one stands without end. */
	asks("b:rd", 99, 50);
	assert_int_equal(world_count_rows(w, "b", "table=64", "priority=300", "idle_timeout", NULL), 0);
}

static void no_host_fills_the_table(void **state)
{
	(void) state;
	begin("");
	for (unsigned n = 1; n <= NET_HOST_ADDRESSES; n++) {
		assert_int_equal(world_count_rows(w, "a", "priority=200", "table=64", NULL), 0);
		send_frame("a:r1", arp(all, 1, 1, n, 50, UNTAGGED));
		assert_int_equal(w->n_punts, 1);
	}
	assert_int_equal(world_count_rows(w, "a", "priority=200", "table=64", NULL), 1);
	send_frame("a:r1", arp(all, 1, 1, 200, 50, UNTAGGED));
	assert_int_equal(w->n_punts, 0);
	assert_int_equal(w->n_got, 5);
	assert_null(binding("red", 200));
	/* One that comes all the same, as it was on the way. */
	struct fact late = { .kind = FACT_ADDRESS, .network = world_network(w, "red"), .ofport = 1, .has_ip4 = true,
			     .ip4 = { 10, 1, 0, 200 }, .mac = { 2, 0, 0, 0, 0, 1 } };
	assert_false(world_apply(w, late));
	assert_int_equal(view_network_by_id(w->view, late.network)->n_addresses_refused, 1);
	/* There is room again. */
	assert_false(row_goes("a", 3, true));
	world_check(w);
	assert_int_equal(world_count_rows(w, "a", "priority=200", "table=64", NULL), 0);
	send_frame("a:r1", arp(all, 1, 1, 200, 50, UNTAGGED));
	assert_non_null(binding("red", 200));
	world_do(w, "host red 1 c:r1");
	world_check(w);
	world_do(w, "forget red 1");
	world_check(w);
}

static void reports_go_through_their_own_meter(void **state)
{
	(void) state;
	begin("meters a 100; meters b 1");
	assert_int_equal(world_count_rows(w, "a", "table=64", "meter_id=65537", NULL), 9);
	assert_int_equal(world_count_rows(w, "b", "table=64", "meter_id", NULL), 0);
}

/* --- restarts ------------------------------------------------------------------------ */

static void a_restart_sends_nothing(void **state)
{
	static const char *const order[] = { "a", "b", "c" };
	(void) state;
	for (unsigned first = 0; first < 3; first++) {
		begin("");
		asks("a:r1", 1, 50);
		asks("b:r1", 2, 50);
		asks("c:r1", 3, 50);
		asks("a:u1", 4, 50);
		asks("b:u1", 5, 50);
		asks("b:rd", 99, 50);
		send_frame("a:r1", nd(all_nodes, 136, 1, 1, 1, 0x20));
		world_restart(w);
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(world_back(w, order[(first + i) % 3], 100), 0);
		world_do(w, "settle");
		world_check(w);
		assert_false(binding("red", 2)->unconfirmed);
		asks("a:r1", 1, 3);
		is_answered("a:r1", 1, 3, 3);
		assert_int_equal(w->n_punts, 0);
	}
}

/* A weftd that stood by has an old picture; the rows that it reads back a newer one. */
static void rows_of_another_weftd_count_more(void **state)
{
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	asks("c:r1", 3, 50);
	struct fact read = { .kind = FACT_ADDRESS, .recovered = true, .age_s = 5, .sw = world_switch(w, "c"), .ofport = 1,
			     .network = world_network(w, "red"), .has_ip4 = true, .ip4 = { 10, 1, 0, 1 },
			     .mac = { 2, 0, 0, 0, 0, 3 } };
	assert_false(world_apply(w, read));
	view_doubt_addresses(w->view);
	assert_true(world_apply(w, read));
	world_check(w);
	assert_int_equal(binding("red", 1)->mac[5], 3);
	assert_int_equal(view_n_disputes(w->view), 0);
	/* Its own word is news no longer. */
	send_frame("c:r1", arp(all, 1, 3, 1, 50, UNTAGGED));
	assert_int_equal(w->n_punts, 0);
}

/* What only others remember goes when its own switch has spoken, or is given up. */
static void what_nobody_confirms_is_forgotten(void **state)
{
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	world_restart(w);
	assert_int_equal(world_back(w, "a", 100), 0);
	assert_true(binding("red", 2)->unconfirmed);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 2);
	world_do(w, "settle");
	assert_non_null(binding("red", 2));
	world_do(w, "give-up");
	world_check(w);
	assert_null(binding("red", 2));
	assert_non_null(binding("red", 1));
}

/* --- two for one --------------------------------------------------------------------- */

static void seconds(unsigned n)
{
	for (unsigned i = 1; i <= n; i++) {
		w->now_ms += 1000;
		world_tick(w, i);
		world_check(w);
	}
}

/* What the host that is asked answers, if it has the address. */
static void answers_to(const char *place, unsigned mac, unsigned ip)
{
	send_frame(place, arp(arp_asker, 2, mac, ip, 0, UNTAGGED));
	assert_int_equal(w->n_punts, 1);
	assert_int_equal(w->n_got, 0);
}

static size_t was_asked(const char *place)
{
	uint32_t sw, ofport;
	size_t n = 0;
	world_place(w, place, &sw, &ofport);
	for (size_t i = 0; i < w->n_sent; i++)
		n += w->sent[i].sw == sw && w->sent[i].ofport == ofport;
	return n;
}

static void two_hosts_with_one_address(void **state)
{
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	asks("c:r1", 3, 50);
	send_frame("c:r1", arp(all, 1, 3, 2, 2, UNTAGGED));     /* 3 announces 2's address */
	assert_int_equal(w->n_got, 5);
	assert_int_equal(binding("red", 2)->state, BINDING_ASKED);
	/* Disputed: nobody answers for it. */
	asks("a:r1", 1, 2);
	assert_int_equal(w->n_got, 5);
	world_quiet(w);
	seconds(1);
	assert_int_equal(was_asked("b:r1"), 1);
	assert_int_equal(was_asked("c:r1"), 1);
	const uint8_t *question = w->sent[0].frame.bytes;
	assert_memory_equal(question + 6, arp_asker, 6);
	assert_memory_equal(question + 28, ((uint8_t[4]) { 0 }), 4);
	assert_memory_equal(question + 38, ((uint8_t[4]) { 10, 1, 0, 2 }), 4);
	answers_to("b:r1", 2, 2);
	answers_to("c:r1", 3, 2);
	seconds(1);
	assert_int_equal(n_facts(FACT_DUPLICATE), 1);
	assert_int_equal(binding("red", 2)->state, BINDING_DUPLICATE);
	/* As long as both answer it stays so. */
	for (unsigned i = 0; i < 10; i++) {
		seconds(10);
		answers_to("b:r1", 2, 2);
		answers_to("c:r1", 3, 2);
	}
	assert_int_equal(binding("red", 2)->state, BINDING_DUPLICATE);
	assert_int_equal(n_facts(FACT_DUPLICATE), 1);
	asks("a:r1", 1, 2);
	assert_int_equal(w->n_got, 5);
	/* The second one lets go. */
	for (unsigned i = 0; i < 4; i++) {
		seconds(10);
		answers_to("b:r1", 2, 2);
	}
	assert_int_equal(n_facts(FACT_ADDRESS_SETTLED), 1);
	assert_int_equal(binding("red", 2)->state, BINDING_GOOD);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 2);
}

static void the_first_one_lets_go(void **state)
{
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	asks("c:r1", 3, 50);
	send_frame("c:r1", arp(all, 1, 3, 2, 2, UNTAGGED));
	answers_to("b:r1", 2, 2);
	seconds(1);
	assert_int_equal(binding("red", 2)->state, BINDING_DUPLICATE);
	world_quiet(w);
	for (unsigned i = 0; i < 4; i++) {
		seconds(10);
		answers_to("c:r1", 3, 2);
	}
	assert_int_equal(n_facts(FACT_ADDRESS_SETTLED), 1);
	assert_int_equal(n_facts(FACT_ADDRESS_GONE), 1);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 3);
}

static void an_address_that_moved_is_no_duplicate(void **state)
{
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	asks("c:r1", 3, 50);
	/* Its host does not answer for it any more. */
	world_quiet(w);
	send_frame("c:r1", arp(all, 1, 3, 2, 2, UNTAGGED));
	seconds(5);
	assert_int_equal(n_facts(FACT_DUPLICATE), 0);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 3);
	/* The port of its host is down: no need to ask. */
	world_do(w, "down c:r1");
	send_frame("a:r2", arp(all, 1, 4, 2, 50, UNTAGGED));
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 4);
	assert_int_equal(n_facts(FACT_DUPLICATE), 0);
}

static void a_dispute_ends_with_either_host(void **state)
{
	(void) state;
	begin("");
	asks("b:r1", 2, 50);
	asks("c:r1", 3, 50);
	send_frame("c:r1", arp(all, 1, 3, 2, 2, UNTAGGED));
	world_do(w, "forget red 3");
	world_check(w);
	assert_int_equal(binding("red", 2)->state, BINDING_GOOD);
	asks("c:r1", 3, 50);
	send_frame("c:r1", arp(all, 1, 3, 2, 2, UNTAGGED));
	assert_int_equal(view_n_disputes(w->view), 1);
	world_do(w, "gone b:r1");
	world_check(w);
	assert_int_equal(view_n_disputes(w->view), 0);
	assert_null(binding("red", 2));
	send_frame("c:r1", arp(all, 1, 3, 2, 2, UNTAGGED));
	assert_int_equal(binding("red", 2)->mac[5], 3);
}

/* A machine beyond the trunk, which weft does not know, has the address of a VM. */
static void a_physical_machine_has_it_too(void **state)
{
	(void) state;
	begin("");
	asks("a:u1", 1, 50);
	asks("b:u1", 2, 50);
	send_frame("lan", arp(all, 1, 9, 2, 50, 30));
	assert_int_equal(binding("trunk", 2)->state, BINDING_ASKED);
	world_quiet(w);
	seconds(1);
	assert_int_equal(was_asked("b:u1"), 1);
	assert_int_equal(was_asked("b:up"), 1);
	for (size_t i = 0; i < w->n_sent; i++)
		if (w->sent[i].ofport == 4)
			assert_int_equal(frame_vid(&w->sent[i].frame), 30);
	answers_to("b:u1", 2, 2);
	send_frame("b:up", arp(arp_asker, 2, 9, 2, 0, 30));
	seconds(1);
	assert_int_equal(n_facts(FACT_DUPLICATE), 1);
	asks("a:u1", 1, 2);
	assert_true(world_got(w, "b:u1", UNTAGGED) == 1 && world_got(w, "lan", 30) == 1);
	/* A VM that speaks on the trunk itself is where it is. */
	send_frame("lan", arp(all, 1, 1, 2, 50, 30));
	assert_int_equal(binding("trunk", 2)->rival[5], 9);
	/* Silent. */
	for (unsigned i = 0; i < 4; i++) {
		seconds(10);
		answers_to("b:u1", 2, 2);
	}
	asks("a:u1", 1, 2);
	is_answered("a:u1", 1, 2, 2);
}

static void who_takes_a_declared_address_is_a_duplicate(void **state)
{
	(void) state;
	begin("");
	asks("a:r1", 1, 50);
	world_quiet(w);
	send_frame("c:r1", arp(all, 1, 3, 99, 99, UNTAGGED));
	seconds(1);
	assert_int_equal(n_facts(FACT_DUPLICATE), 1);
	asks("a:r1", 1, 99);
	assert_int_equal(w->n_got, 5);
	seconds(36);
	assert_int_equal(n_facts(FACT_ADDRESS_SETTLED), 1);
	assert_int_equal(n_facts(FACT_ADDRESS_GONE), 0);
	asks("a:r1", 1, 99);
	is_answered("a:r1", 1, 99, 99);
}

static void a_question_by_ipv6(void **state)
{
	uint8_t body[72];
	uint32_t sum = 58 + 32;
	(void) state;
	begin("");
	send_frame("b:r1", nd(all_nodes, 136, 2, 2, 2, 0x20));
	send_frame("c:r1", nd(all_nodes, 136, 3, 2, 2, 0x20));
	world_quiet(w);
	seconds(1);
	assert_int_equal(w->n_sent, 2);
	assert_int_equal(w->sent[0].frame.size, 86);
	memcpy(body, w->sent[0].frame.bytes + 14, 72);
	for (size_t i = 8; i < 72; i += 2)
		sum += (uint32_t) body[i] << 8 | body[i + 1];
	assert_int_equal(sum % 0xffff, 0);      /* RFC 1071 */
	send_frame("b:r1", nd(arp_asker, 136, 2, 2, 2, 0x60));
	seconds(1);
	assert_int_equal(n_facts(FACT_DUPLICATE), 1);
}

/* Whoever claims everything does not stop all answers, and costs a bounded sum. */
static void disputes_are_bounded(void **state)
{
	(void) state;
	begin("");
	asks("c:r1", 3, 50);
	for (unsigned mac = 10; mac < 12; mac++)
		for (unsigned n = 0; n < NET_HOST_ADDRESSES; n++)
			world_send(w, "b:r1", arp(all, 1, mac, mac * 16 + n, 50, UNTAGGED));
	for (unsigned n = 160; n < 160 + 2 * NET_HOST_ADDRESSES; n++)
		world_send(w, "c:r1", arp(all, 1, 3, n, 50, UNTAGGED));
	world_check(w);
	assert_int_equal(view_n_disputes(w->view), 16);
	assert_int_equal(view_network_by_id(w->view, world_network(w, "red"))->n_addresses_refused, 16);
}

/* --- chance -------------------------------------------------------------------------- */

static void random_step(void)
{
	static const char *const places[] = { "a:r1", "a:r2", "b:r1", "b:rd", "c:r1", "a:u1", "b:u1", "c:u1", "a:g1" };
	const char *place = places[world_pick(9)];
	unsigned mac = 1 + world_pick(5), ip = 1 + world_pick(4);
	switch (world_pick(10)) {
	case 0:
		stage_flap(place);
		break;
	case 1:
		stage_forget("red", mac);
		break;
	case 2:
		w->now_ms += 1000 * world_pick(40);
		world_tick(w, world_pick(20));
		break;
	case 3:
		world_send(w, place, nd(all_nodes, 134 + world_pick(3), mac, ip, ip, world_pick(4) ? 0x20 : 0xa0));
		break;
	case 4:
		world_send(w, "lan", arp(all, 1, 9, ip, world_pick(5), 30));
		break;
	case 5:
		world_send(w, place, arp(arp_asker, 2, mac, ip, 0, UNTAGGED));
		break;
	default:
		world_send(w, place, arp(all, 1, mac, ip, world_pick(6), UNTAGGED));
	}
}

static void open_one(unsigned seed)
{
	(void) seed;
	begin("");
}

/* Nobody speaks: disputes end. */
static void silence(void)
{
	for (unsigned i = 0; i < 4; i++)
		seconds(20);
	assert_int_equal(view_n_disputes(w->view), 0);
}

static void whatever_happens_patch_and_compile_agree(void **state)
{
	(void) state;
	stage_play(&(struct stage_chance) { .open = open_one, .step = random_step, .calm = silence, .switches = "abc" });
}

#define T(NAME) cmocka_unit_test_teardown(NAME, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_known_host_is_answered_for_where_it_is_asked),
		T(the_answer_has_the_tag_of_its_port),
		T(what_others_must_hear_is_flooded),
		T(who_is_behind_the_same_port_answers_itself),
		T(a_question_from_elsewhere_is_not_answered_twice),
		T(a_network_may_say_no),
		T(what_guests_tag_themselves_is_their_own),
		T(a_declared_host_is_answered_for_before_it_speaks),
		T(nobody_answers_for_hosts_without_a_way),
		T(neighbour_discovery),
		T(a_router_answers_itself),
		T(who_speaks_for_another_mac_says_nothing),
		T(addresses_go_with_their_host),
		T(addresses_move_with_their_host),
		T(an_address_that_is_silent_ages),
		T(no_host_fills_the_table),
		T(reports_go_through_their_own_meter),
		T(a_restart_sends_nothing),
		T(rows_of_another_weftd_count_more),
		T(what_nobody_confirms_is_forgotten),
		T(two_hosts_with_one_address),
		T(the_first_one_lets_go),
		T(an_address_that_moved_is_no_duplicate),
		T(a_dispute_ends_with_either_host),
		T(a_physical_machine_has_it_too),
		T(who_takes_a_declared_address_is_a_duplicate),
		T(a_question_by_ipv6),
		T(disputes_are_bounded),
		T(whatever_happens_patch_and_compile_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
