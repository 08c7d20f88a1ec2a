/* SPDX-License-Identifier: Apache-2.0 */
/* What an edge port may send: frames walk through the rows of all switches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/guard.h"
#include "tests/unit/apps/guard_world.h"

/* Host 9 is bound to b:rd with its addresses, host 8 to b:rm by its MAC alone. */
static const char bound[] = GUARD_SWITCHES
	"  red:\n"
	"    vni: 100\n"
	"    ports:\n"
	"      - \"*:r*\"\n"
	"      - {port: b:rd, mac: \"02:00:00:00:00:09\", ip: [10.1.0.9, \"fd00::9\"]}\n"
	"      - {port: b:rm, mac: \"02:00:00:00:00:08\"}\n"
	"      - {port: b:ro, mac: \"02:00:00:00:00:07\", ip: 10.1.0.7, guard: false}\n"
	"  wrap: {vni: 200, tags: pass, ports: [\"*:w*\", {port: b:wd, mac: \"02:00:00:00:00:09\", ip: 10.1.0.9}]}\n";

/* Host 5 is the DHCP server at b:srv, host 4 the router at b:rtr. */
static const char leased[] = GUARD_SWITCHES
	"  red:\n"
	"    vni: 100\n"
	"    guard: all\n"
	"    ports:\n"
	"      - \"*:r?\"\n"
	"      - {port: b:srv, trust: all}\n"
	"      - {port: b:rtr, trust: [ra, source, arp]}\n"
	"      - {port: b:rd, mac: \"02:00:00:00:00:09\", ip: [10.1.0.9, \"fd00::9\"]}\n"
	"      - {port: b:rm, mac: \"02:00:00:00:00:08\"}\n"
	"      - {port: b:free, guard: false}\n"
	"  green: {vni: 200, ports: [\"*:g*\"]}\n"
	"  lan: {transport: vlan, vlan: 30, guard: [dhcp, ra, arp], uplinks: [a:up, b:up], ports: [\"*:u*\"]}\n";

static const char ports[] =
	GUARD_UP
	"port a:r1 1; port a:r2 2; port b:r1 1; port b:rd 2; port b:rm 3; port b:ro 4; port a:w1 7; port b:w1 7; port b:wd 8;"
	"port b:srv 9; port b:rtr 10; port b:free 11; port a:up 20; port b:up 20; port a:u1 21; port b:u1 21; port a:g1 30;"
	"port b:g1 30";

static void begin(const char *yaml, const char *story) { guard_open(yaml, ports, story); }

static size_t n_facts(enum fact_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n_facts; i++)
		n += w->facts[i].kind == kind;
	return n;
}

static const struct fact *the_fact(enum fact_kind kind)
{
	const struct fact *fact = guard_fact(kind);
	if (!fact)
		fail_msg("no fact %s", fact_word(kind));
	return fact;
}

static bool says(const char *text)
{
	char line[400];
	fact_format(the_fact(FACT_VIOLATION), w->net, w->view, line, sizeof line);
	if (strstr(line, text))
		return true;
	print_message("%s\n", line);
	return false;
}

/* Dropped by that row, which tells of it. */
static void is_dropped(const char *place, struct frame frame, const char *row, enum fact_reason reason)
{
	char dropped_by[64];
	guard_send(place, frame);
	snprintf(dropped_by, sizeof dropped_by, "%s", w->dropped_by);
	assert_int_equal(w->n_got, 0);
	assert_int_equal(the_fact(FACT_VIOLATION)->reason, reason);
	(void) row;
	/* A report is an output too: the row is found by what it counts. */
	world_do(w, "meters b 0; meters a 0");
	w->learn = false;
	world_send(w, place, frame);
	w->learn = true;
	assert_string_equal(w->dropped_by, row);
	assert_int_equal(w->n_got, 0);
	world_do(w, "meters b 100; meters a 100");
	w->now_ms += 20000;
}

/* --- bound by the file ------------------------------------------------------------------ */

static void a_bound_port_sends_what_is_its_own(void **state)
{
	(void) state;
	begin(bound, "");
	guard_passes("b:rd", guard_arp(9, 9, 9, 50));
	guard_passes("b:rd", guard_arp(9, 9, 0, 9));          /* is it free? */
	guard_passes("b:rd", guard_ip4(9, 9, 0, 0));
	guard_passes("b:rd", guard_ip4(9, 0, 68, 67));        /* DHCP */
	guard_passes("b:rd", guard_ip6(9, 9, 0, 0));
	guard_passes("b:rd", guard_nd(9, 135, 9, 50));
	guard_passes("b:rd", guard_nd(9, 135, 0, 9));         /* is it free? */
	guard_passes("b:rd", guard_nd(9, 136, 9, 9));
	guard_passes("b:rd", guard_nd(9, 143, 0, 0));         /* joins groups */
	guard_passes("b:rd", guard_nd(9, 133, 0, 0));         /* asks for routers */
	guard_passes("b:rd", guard_nd_link(9, 136, 9));
	guard_passes("b:rd", world_frame(0, 9, UNTAGGED));    /* neither IP nor ARP */
	assert_int_equal(n_facts(FACT_VIOLATION), 0);
	assert_non_null(world_host(w, "red", 9));
}

static void a_bound_port_sends_nothing_else(void **state)
{
	struct frame frame = guard_ip4(9, 0, 68, 67);
	(void) state;
	begin(bound, "");
	frame.bytes[14 + 16] = 10;              /* DHCP before there is an address goes to all */
	is_dropped("b:rd", frame, "wrong-ip4", REASON_BOUND);
	is_dropped("b:rd", world_frame(0, 1, UNTAGGED), "wrong-mac", REASON_BOUND);
	is_dropped("b:rd", guard_arp(1, 1, 1, 50), "wrong-mac", REASON_BOUND);
	is_dropped("b:rd", guard_arp(9, 1, 9, 50), "wrong-arp", REASON_BOUND);
	is_dropped("b:rd", guard_arp(9, 9, 1, 50), "wrong-arp", REASON_BOUND);
	is_dropped("b:rd", guard_arp(9, 9, 0, 1), "wrong-arp", REASON_BOUND);
	is_dropped("b:rd", guard_ip4(9, 1, 0, 0), "wrong-ip4", REASON_BOUND);
	is_dropped("b:rd", guard_ip4(9, 0, 0, 0), "wrong-ip4", REASON_BOUND);
	is_dropped("b:rd", guard_ip6(9, 1, 0, 0), "wrong-ip6", REASON_BOUND);
	is_dropped("b:rd", guard_nd(9, 135, 1, 50), "wrong-ip6", REASON_BOUND);
	is_dropped("b:rd", guard_nd(9, 135, 0, 1), "wrong-ip6", REASON_BOUND);
	is_dropped("b:rd", guard_nd(9, 136, 9, 1), "wrong-advert", REASON_BOUND);
	is_dropped("b:rd", guard_nd_link(9, 136, 1), "wrong-ip6", REASON_BOUND);
	assert_null(world_host(w, "red", 1));
	guard_send("b:rd", guard_ip4(9, 77, 0, 0));
	assert_true(says("red: port b:rd, bound to 02:00:00:00:00:09 10.1.0.9 fd00::9, sent from 10.1.0.77 (02:00:00:00:00:09)"));
}

static void a_mac_alone_binds_the_mac(void **state)
{
	(void) state;
	begin(bound, "");
	guard_passes("b:rm", guard_arp(8, 8, 1, 50));
	guard_passes("b:rm", guard_ip4(8, 1, 0, 0));
	guard_passes("b:rm", guard_ip6(8, 1, 0, 0));
	guard_passes("b:rm", guard_nd(8, 136, 1, 1));
	is_dropped("b:rm", guard_ip4(1, 1, 0, 0), "wrong-mac", REASON_BOUND);
	is_dropped("b:rm", guard_arp(8, 1, 1, 50), "wrong-arp", REASON_BOUND);
	guard_send("b:rm", world_frame(0, 3, UNTAGGED));
	assert_true(says("port b:rm, bound to 02:00:00:00:00:08, sent from 02:00:00:00:00:03"));
}

static void guard_false_binds_nothing(void **state)
{
	(void) state;
	begin(bound, "");
	guard_passes("b:ro", guard_ip4(1, 1, 0, 0));
	guard_passes("b:ro", guard_arp(2, 2, 2, 50));
	guard_passes("a:r1", guard_arp(3, 3, 7, 50));
	assert_int_equal(world_count_rows(w, "b", "table=10,", "in_port=4", NULL), 0);
	/* Who is not guarded pays for nothing. */
	assert_int_equal(world_count_rows(w, "b", "table=0", "in_port=4", "goto_table:10", NULL), 0);
	assert_int_equal(world_count_rows(w, "b", "table=0", "in_port=2", "goto_table:10", NULL), 2);
	assert_int_equal(world_count_rows(w, "a", "table=0", "goto_table:10", NULL), 0);
}

/* What a guard lets pass meets the limits of storms next. */
static void limits_come_after_guards(void **state)
{
	static const char stormy[] = GUARD_SWITCHES "  red: {vni: 100, storm: {broadcast: 10pps}, ports: [\"*:r1\","
		" {port: b:rd, mac: \"02:00:00:00:00:09\", ip: [10.1.0.9, \"fd00::9\"]}]}\n";
	(void) state;
	begin(stormy, "");
	guard_passes("b:rd", guard_ip4(9, 9, 0, 0));
	guard_passes("b:rd", guard_ip6(9, 9, 0, 0));
	is_dropped("b:rd", guard_ip4(9, 1, 0, 0), "wrong-ip4", REASON_BOUND);
	assert_int_equal(world_count_rows(w, "b", "table=0", "in_port=2", "goto_table:10", NULL), 2);
	assert_true(world_count_rows(w, "b", "table=10,", "goto_table:14", NULL) > 0);
	assert_int_equal(world_count_rows(w, "b", "table=10,", "goto_table:60", NULL), 0);
	assert_int_equal(world_count_rows(w, "a", "table=0", "in_port=1,", "goto_table:14", NULL), 2);
}

/* A tag of the guest's own is another segment: only the MAC is looked at. */
static void guests_tags_are_left_alone(void **state)
{
	struct frame frame;
	(void) state;
	begin(bound, "");
	guard_passes("b:wd", guard_ip4(9, 9, 0, 0));
	is_dropped("b:wd", guard_ip4(9, 1, 0, 0), "wrong-ip4", REASON_BOUND);
	frame = guard_ip4(9, 1, 0, 0);
	memmove(frame.bytes + 16, frame.bytes + 12, frame.size - 12);
	memcpy(frame.bytes + 12, (uint8_t[4]) { 0x81, 0, 0, 7 }, 4);
	frame.size += 4;
	guard_passes("b:wd", frame);
	frame.bytes[11] = 1;
	is_dropped("b:wd", frame, "wrong-mac", REASON_BOUND);
}

/* --- what others say of it ------------------------------------------------------------------ */

static void nobody_else_has_a_bound_mac(void **state)
{
	(void) state;
	begin(bound, "");
	guard_passes("b:rd", guard_arp(9, 9, 9, 50));
	is_dropped("a:r1", world_frame(0, 9, UNTAGGED), "taken-mac", REASON_TAKEN);
	is_dropped("b:r1", world_frame(0, 9, UNTAGGED), "taken-mac", REASON_TAKEN);
	assert_int_equal(world_host(w, "red", 9)->ofport, 2);
	guard_send("a:r1", world_frame(0, 9, UNTAGGED));
	assert_true(says("port a:r1 sent from 02:00:00:00:00:09, to which b:rd is bound"));
	/* Not known yet, as after it was silent: still nobody else's. */
	world_do(w, "forget red 9");
	is_dropped("a:r1", world_frame(0, 9, UNTAGGED), "taken-mac", REASON_TAKEN);
	guard_passes("b:rd", world_frame(0, 9, UNTAGGED));
	assert_int_equal(n_facts(FACT_HOST), 1);
}

static void nobody_else_has_a_bound_address(void **state)
{
	(void) state;
	begin(bound, "");
	guard_passes("a:r1", guard_arp(1, 1, 1, 50));
	guard_passes("b:r1", guard_arp(2, 2, 2, 50));
	is_dropped("a:r1", guard_arp(1, 1, 9, 2), "taken-address4", REASON_TAKEN);
	is_dropped("b:r1", guard_arp(2, 2, 9, 9), "taken-address4", REASON_TAKEN);
	is_dropped("a:r1", guard_nd(1, 135, 9, 50), "taken-address6", REASON_TAKEN);
	is_dropped("a:r1", guard_nd(1, 136, 9, 9), "taken-advert6", REASON_TAKEN);
	guard_passes("a:r1", guard_nd(1, 135, 1, 50));
	is_dropped("a:r1", guard_nd(1, 136, 1, 9), "taken-advert6", REASON_TAKEN);
	guard_send("a:r1", guard_arp(1, 1, 9, 2));
	assert_true(says("port a:r1 sent from 10.1.0.9 (02:00:00:00:00:01), to which b:rd is bound"));
	/* The answers for it go on, and there is no dispute. */
	assert_int_equal(view_n_disputes(w->view), 0);
	guard_send("a:r1", guard_arp(1, 1, 1, 9));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	/* It says so itself, before and after it is known. */
	guard_passes("b:rd", guard_arp(9, 9, 9, 50));
	guard_passes("b:rd", guard_nd(9, 136, 9, 9));
	guard_passes("b:rd", guard_nd(9, 135, 9, 50));
	assert_int_equal(n_facts(FACT_VIOLATION), 0);
	guard_send("b:rd", guard_arp(9, 9, 9, 50));
	assert_int_equal(w->n_punts, 0);
}

/* A file that binds a port takes those away who may not stand there any more. */
static void an_edit_binds_at_once(void **state)
{
	static const char before[] = GUARD_SWITCHES "  red: {vni: 100, ports: [\"*:r*\"]}\n";
	(void) state;
	begin(before, "host red 1 b:rd; host red 9 a:r1");
	world_reload(w, bound);
	assert_null(world_host(w, "red", 1));
	assert_null(world_host(w, "red", 9));
	guard_passes("b:rd", guard_arp(9, 9, 9, 50));
	assert_int_equal(world_host(w, "red", 9)->ofport, 2);
	world_reload(w, before);
	world_check(w);
	guard_passes("a:r1", world_frame(0, 9, UNTAGGED));
	assert_int_equal(world_host(w, "red", 9)->ofport, 1);
	assert_int_equal(world_count_rows(w, "b", "table=10,", NULL), 0);
}

static void violations_are_told_at_a_rate(void **state)
{
	(void) state;
	begin(bound, "");
	for (unsigned i = 0; i < 30; i++)
		world_send(w, "b:rd", world_frame(0, 1 + i % 5, UNTAGGED));
	assert_int_equal(n_facts(FACT_VIOLATION), 10);
	w->now_ms += 10000;
	world_send(w, "b:rd", world_frame(0, 1, UNTAGGED));
	assert_int_equal(n_facts(FACT_VIOLATION), 11);
	assert_int_equal(view_port_by_name(w->view, world_switch(w, "b"), "rd")->n_violations, 31);
	assert_int_equal(view_port_by_name(w->view, world_switch(w, "b"), "rd")->violation, REASON_BOUND);
}

static void a_restart_sends_nothing(void **state)
{
	(void) state;
	begin(bound, "");
	guard_passes("b:rd", guard_arp(9, 9, 9, 50));
	guard_passes("a:r1", guard_arp(1, 1, 1, 50));
	world_restart(w);
	assert_int_equal(world_back(w, "b", 10) + world_back(w, "a", 10), 0);
	guard_passes("b:rd", guard_ip4(9, 9, 0, 0));
	world_restart(w);
	assert_int_equal(world_back(w, "a", 10) + world_back(w, "b", 10), 0);
}

/* --- how many ------------------------------------------------------------------------------ */

static const char limits[] = GUARD_SWITCHES
	"  red:\n"
	"    vni: 100\n"
	"    ports:\n"
	"      - \"*:r*\"\n"
	"      - {port: b:rd, max_hosts: 1, on_limit: shut}\n"
	"      - {port: b:rm, max_hosts: 1, on_limit: report}\n"
	"      - {port: b:ro, sticky: true}\n"
	"  green: {vni: 200, ports: [\"*:g*\", {port: b:rd, tag: 7}]}\n";

static void second(uint64_t s)
{
	w->now_ms += s * 1000;
	world_tick(w, 1);
	world_check(w);
}

static void one_host_too_many_shuts_the_port(void **state)
{
	(void) state;
	begin(limits, "");
	guard_passes("a:r1", world_frame(0, 1, UNTAGGED));
	guard_passes("b:rd", world_frame(0, 9, UNTAGGED));
	guard_send("b:rd", world_frame(0, 10, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	const struct fact *fact = the_fact(FACT_PORT_SHUT);
	assert_int_equal(fact->length_s, 60);
	assert_int_equal(fact->mac[5], 10);
	assert_int_equal(n_facts(FACT_HOST_REFUSED), 0);
	/* Nothing of that network comes in; what stands there in another network goes on, and so do the others. */
	guard_send("b:rd", world_frame(1, 9, UNTAGGED));
	assert_string_equal(w->dropped_by, "shut");
	guard_passes("b:rd", world_frame(0, 9, 7));
	guard_passes("a:r1", world_frame(0, 1, UNTAGGED));
	second(59);
	guard_send("b:rd", world_frame(1, 9, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	world_quiet(w);
	second(2);
	assert_int_equal(n_facts(FACT_PORT_OPEN), 1);
	guard_passes("b:rd", world_frame(1, 9, UNTAGGED));
	/* Again, and for longer. */
	guard_send("b:rd", world_frame(0, 10, UNTAGGED));
	assert_int_equal(the_fact(FACT_PORT_SHUT)->length_s, 120);
	world_restart(w);
	assert_int_equal(world_back(w, "a", 30) + world_back(w, "b", 30), 0);
	guard_send("b:rd", world_frame(1, 9, UNTAGGED));
	assert_string_equal(w->dropped_by, "shut");
	second(121);
	guard_passes("b:rd", world_frame(1, 9, UNTAGGED));
	/* It grows up to an hour, also over restarts, and a quiet time makes it short again. */
	for (uint32_t length = 0; length < 3600;) {
		guard_send("b:rd", world_frame(0, 10, UNTAGGED));
		assert_true(the_fact(FACT_PORT_SHUT)->length_s > length);
		length = the_fact(FACT_PORT_SHUT)->length_s;
		second(length + 1);
	}
	second(3601);
	guard_send("b:rd", world_frame(0, 10, UNTAGGED));
	assert_int_equal(the_fact(FACT_PORT_SHUT)->length_s, 60);
	/* The file ends it, and so does the port. */
	world_do(w, "gone b:rd; port b:rd 2");
	world_check(w);
	guard_passes("b:rd", world_frame(0, 10, UNTAGGED));
	guard_send("b:rd", world_frame(0, 9, UNTAGGED));
	the_fact(FACT_PORT_SHUT);
	world_reload(w, bound);
	world_check(w);
	assert_int_equal(view_n_closures(w->view), 0);
}

static void one_host_too_many_is_told(void **state)
{
	(void) state;
	begin(limits, "");
	guard_passes("b:rm", world_frame(0, 8, UNTAGGED));
	assert_int_equal(n_facts(FACT_VIOLATION), 0);
	guard_passes("b:rm", world_frame(0, 9, UNTAGGED));
	assert_true(says("red: port b:rm has 02:00:00:00:00:09 beyond its max_hosts"));
	assert_non_null(world_host(w, "red", 9));
	guard_passes("b:rm", world_frame(0, 8, UNTAGGED));
}

static void the_first_host_sticks(void **state)
{
	(void) state;
	begin(limits, "");
	guard_passes("b:ro", world_frame(0, 7, UNTAGGED));
	guard_passes("a:r1", world_frame(0, 1, UNTAGGED));
	guard_send("b:ro", world_frame(0, 10, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	assert_int_equal(the_fact(FACT_HOST_REFUSED)->reason, REASON_PORT_LIMIT);
	assert_null(world_host(w, "red", 10));
	/* Its row does not age; nobody else has it. */
	assert_int_equal(world_count_rows(w, "b", "table=60", "dl_src=02:00:00:00:00:07", "idle_timeout", NULL), 0);
	guard_send("a:r1", world_frame(0, 7, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	assert_true(says("port a:r1 sent from 02:00:00:00:00:07, which sticks to b:ro"));
	guard_send("b:r1", world_frame(0, 7, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	assert_int_equal(world_host(w, "red", 7)->ofport, 4);
	world_restart(w);
	assert_int_equal(world_back(w, "b", 10) + world_back(w, "a", 10), 0);
	guard_send("b:ro", world_frame(0, 10, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	guard_passes("b:ro", world_frame(0, 7, UNTAGGED));
	/* The other switch is back first: it knows, and nobody takes it meanwhile. */
	world_restart(w);
	assert_int_equal(world_back(w, "a", 10), 0);
	guard_send("a:r1", world_frame(0, 7, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	assert_true(world_host(w, "red", 7)->unconfirmed && world_host(w, "red", 7)->sticks);
	assert_int_equal(world_back(w, "b", 10), 0);
	world_do(w, "settle");
	world_check(w);
	assert_int_equal(world_host(w, "red", 7)->ofport, 4);
	/* As long as the port is there. */
	world_do(w, "gone b:ro");
	world_check(w);
	guard_passes("a:r1", world_frame(0, 7, UNTAGGED));
	assert_int_equal(world_host(w, "red", 7)->ofport, 1);
}

/* --- servers and routers ---------------------------------------------------------------- */

static void only_trusted_ports_have_servers(void **state)
{
	(void) state;
	begin(leased, "");
	is_dropped("a:r1", guard_ack4(6, 2, 2, 60), "rogue-dhcp", REASON_ROGUE_DHCP);
	is_dropped("a:r1", guard_ack6(6, 2, 2, 60), "rogue-dhcp", REASON_ROGUE_DHCP);
	is_dropped("b:rtr", guard_ack4(6, 2, 2, 60), "rogue-dhcp", REASON_ROGUE_DHCP);
	/* Whatever port it sends from: clients do not look. */
	is_dropped("a:r1", guard_ip4(6, 6, 4000, 68), "rogue-dhcp", REASON_ROGUE_DHCP);
	guard_send("a:r1", guard_ack4(6, 2, 2, 60));
	assert_true(says("red: rogue DHCP server at a:r1: 10.1.0.6 (02:00:00:00:00:06)"));
	assert_int_equal(view_n_leases(w->view), 0);
	guard_passes("b:srv", guard_ack4(5, 2, 2, 60));
	assert_int_equal(n_facts(FACT_LEASE), 1);
	guard_passes("b:free", guard_ack4(5, 3, 3, 60));
	guard_passes("a:r1", guard_client4(2, 0, 1));
	/* Uplinks are trusted, ports of a network that says so little are not watched. */
	guard_passes("a:up", world_frame(0, 1, 30));
	is_dropped("a:u1", guard_ack4(6, 2, 2, 60), "rogue-dhcp", REASON_ROGUE_DHCP);
	guard_passes("a:g1", guard_ack4(6, 2, 2, 60));
}

static void only_trusted_ports_have_routers(void **state)
{
	(void) state;
	begin(leased, "");
	is_dropped("a:r1", guard_nd_link(6, 134, 6), "rogue-router", REASON_ROGUE_RA);
	is_dropped("a:r1", guard_nd_link(6, 137, 6), "rogue-router", REASON_ROGUE_RA);
	is_dropped("b:r1", guard_nd_link(6, 134, 6), "rogue-router", REASON_ROGUE_RA);
	is_dropped("a:u1", guard_nd_link(6, 134, 6), "rogue-router", REASON_ROGUE_RA);
	guard_passes("a:r1", guard_nd_link(6, 133, 6));
	guard_passes("b:rtr", guard_nd_link(4, 134, 4));
	guard_passes("b:free", guard_nd_link(3, 134, 3));
	guard_passes("a:g1", guard_nd_link(6, 134, 6));
	guard_send("a:r2", guard_nd_link(6, 134, 6));
	assert_true(says("red: rogue router at a:r2: fe80::ff:fe00:6 (02:00:00:00:00:06)"));
}

/* --- leases ------------------------------------------------------------------------------- */

static const struct lease *lease(const char *network, unsigned n, bool v6)
{
	uint8_t ip4[4] = { 10, 1, 0, (uint8_t) n }, ip6[16] = { 0xfd, [15] = (uint8_t) n };
	return view_lease(w->view, world_network(w, network), v6, v6 ? ip6 : ip4);
}

static void a_lease_lets_its_host_speak(void **state)
{
	(void) state;
	begin(leased, "");
	guard_passes("a:r1", guard_client4(2, 0, 1));
	is_dropped("a:r1", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	is_dropped("a:r1", guard_arp(2, 2, 2, 50), "wrong-arp", REASON_NO_LEASE);
	guard_passes("a:r1", guard_arp(2, 2, 0, 2));
	guard_passes("b:srv", guard_ack4(5, 2, 2, 600));
	guard_passes("a:r1", guard_ip4(2, 2, 0, 0));
	guard_passes("a:r1", guard_arp(2, 2, 2, 50));
	/* IPv6 has one of its own; what stays on the link passes without. */
	is_dropped("a:r1", guard_ip6(2, 2, 0, 0), "wrong-ip6", REASON_NO_LEASE);
	is_dropped("a:r1", guard_nd(2, 136, 2, 2), "wrong-ip6", REASON_NO_LEASE);
	guard_passes("a:r1", guard_nd_link(2, 136, 2));
	guard_passes("a:r1", guard_client6(2, 0, 1));
	guard_passes("a:r1", guard_nd(2, 135, 0, 2));
	guard_send("b:srv", guard_ack6(5, 2, 2, 600));
	guard_passes("a:r1", guard_ip6(2, 2, 0, 0));
	guard_passes("a:r1", guard_nd(2, 136, 2, 2));
	is_dropped("a:r1", guard_nd(2, 136, 2, 3), "wrong-advert", REASON_NO_LEASE);
	/* Nobody else, there or elsewhere. */
	is_dropped("a:r1", guard_ip4(3, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	is_dropped("a:r2", guard_arp(3, 3, 2, 50), "wrong-arp", REASON_NO_LEASE);
	is_dropped("a:r2", guard_ip6(3, 2, 0, 0), "wrong-ip6", REASON_NO_LEASE);
	is_dropped("a:r2", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	guard_send("a:r2", guard_ip4(3, 2, 0, 0));
	assert_true(says("red: port a:r2 sent from 10.1.0.2 (02:00:00:00:00:03), which is leased to 02:00:00:00:00:02"));
	guard_send("a:r2", guard_ip4(3, 33, 0, 0));
	assert_true(says("red: port a:r2 sent from 10.1.0.33 (02:00:00:00:00:03), which is not leased to it"));
	/* Server and router are trusted, bound ports have what is theirs. */
	guard_passes("b:srv", guard_ip4(5, 5, 0, 0));
	guard_passes("b:rtr", guard_ip4(4, 77, 0, 0));
	guard_passes("b:rd", guard_ip4(9, 9, 0, 0));
	is_dropped("b:rd", guard_ip4(9, 2, 0, 0), "wrong-ip4", REASON_BOUND);
}

/* `arp` alone: what is said about addresses, not what is sent from them. */
static void addresses_may_be_watched_in_arp_alone(void **state)
{
	(void) state;
	begin(leased, "");
	guard_passes("a:u1", guard_ip4(6, 6, 0, 0));
	guard_passes("a:u1", guard_ip6(6, 6, 0, 0));
	guard_passes("a:u1", guard_nd(6, 135, 0, 6));
	guard_passes("a:u1", guard_nd_link(6, 135, 6));
	is_dropped("a:u1", guard_arp(6, 6, 6, 50), "wrong-arp", REASON_NO_LEASE);
	is_dropped("a:u1", guard_nd(6, 135, 6, 50), "wrong-nd", REASON_NO_LEASE);
	is_dropped("a:u1", guard_nd(6, 136, 6, 6), "wrong-nd", REASON_NO_LEASE);
	world_do(w, "lease lan 6 10.1.0.6 600; lease lan 6 fd00::6 600");
	guard_passes("a:u1", guard_arp(6, 6, 6, 50));
	guard_passes("a:u1", guard_nd(6, 135, 6, 50));
	guard_passes("a:u1", guard_nd(6, 136, 6, 6));
	is_dropped("a:u1", guard_nd(6, 136, 6, 7), "wrong-advert", REASON_NO_LEASE);
	is_dropped("a:u1", guard_arp(6, 7, 6, 50), "wrong-arp", REASON_NO_LEASE);
}

static void a_lease_ends(void **state)
{
	(void) state;
	begin(leased, "host red 2 a:r1; host red 3 a:r2");
	guard_passes("b:srv", guard_ack4(5, 2, 2, 100));
	guard_passes("b:srv", guard_ack4(5, 3, 3, UINT32_MAX));
	second(90);
	/* Renewed: one row changes. Heard twice: none. */
	world_quiet(w);
	world_send(w, "b:srv", guard_ack4(5, 2, 2, 100));
	assert_int_equal(n_facts(FACT_LEASE), 1);
	assert_int_equal(w->n_compiles, 0);
	world_check(w);
	guard_send("b:srv", guard_ack4(5, 2, 2, 102));
	assert_int_equal(n_facts(FACT_LEASE), 0);
	second(50);
	guard_passes("a:r1", guard_ip4(2, 2, 0, 0));
	world_quiet(w);
	second(60);
	assert_int_equal(the_fact(FACT_LEASE_GONE)->reason, REASON_EXPIRED);
	is_dropped("a:r1", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	second(1000000);
	guard_passes("a:r2", guard_ip4(3, 3, 0, 0));
}

static void a_lease_is_given_back_by_its_host(void **state)
{
	(void) state;
	begin(leased, "host red 2 a:r1; host red 3 a:r2");
	guard_passes("b:srv", guard_ack4(5, 2, 2, 600));
	guard_send("b:srv", guard_ack6(5, 2, 2, 600));
	guard_send("a:r2", guard_client4(3, 2, 7));
	guard_send("a:r2", guard_client6(3, 2, 8));
	guard_send("a:r2", guard_client4(2, 2, 7));
	assert_int_equal(view_n_leases(w->view), 2);
	guard_passes("a:r1", world_frame(0, 2, UNTAGGED));
	guard_send("a:r1", guard_client4(2, 2, 7));
	assert_int_equal(the_fact(FACT_LEASE_GONE)->reason, REASON_RELEASED);
	guard_send("a:r1", guard_client6(2, 2, 8));
	assert_int_equal(view_n_leases(w->view), 0);
	is_dropped("a:r1", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
}

static void a_lease_goes_to_another_host(void **state)
{
	(void) state;
	begin(leased, "host red 2 a:r1; host red 3 a:r2");
	guard_passes("b:srv", guard_ack4(5, 2, 2, 600));
	guard_passes("b:srv", guard_ack4(5, 3, 2, 600));
	is_dropped("a:r1", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	guard_passes("a:r2", guard_ip4(3, 2, 0, 0));
	/* Before it was ever seen: it holds where that turns up. */
	guard_passes("b:srv", guard_ack4(5, 20, 20, 600));
	assert_int_equal(lease("red", 20, false)->sw, NET_NONE);
	guard_passes("a:r1", world_frame(0, 20, UNTAGGED));
	guard_passes("a:r1", guard_ip4(20, 20, 0, 0));
}

/* A VM moves to another hypervisor: by what it says first there, or by a frame of
 * its hypervisor that is no IP. */
static void a_lease_moves_with_its_host(void **state)
{
	(void) state;
	begin(leased, "host red 2 a:r1; host red 3 b:r1");
	guard_passes("b:srv", guard_ack4(5, 2, 2, 600));
	guard_send("b:srv", guard_ack6(5, 2, 2, 600));
	/* While it stands where it stood it is somebody else who says so. */
	is_dropped("a:r2", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	guard_passes("a:r1", guard_ip4(2, 2, 0, 0));
	world_do(w, "down a:r1");
	guard_send("b:r1", guard_arp(2, 2, 2, 2));
	assert_int_equal(n_facts(FACT_VIOLATION), 0);
	assert_int_equal(the_fact(FACT_HOST)->was_known, true);
	guard_passes("b:r1", guard_arp(2, 2, 2, 2));
	guard_passes("b:r1", guard_ip4(2, 2, 0, 0));
	guard_passes("b:r1", guard_ip6(2, 2, 0, 0));
	assert_int_equal(world_count_rows(w, "a", "table=10,", "nw_src=10.1.0.2", NULL), 0);
	/* The port is gone, and it comes again somewhere. */
	world_do(w, "gone b:r1");
	world_check(w);
	assert_int_equal(lease("red", 2, false)->sw, NET_NONE);
	guard_send("a:r2", guard_ip6(2, 2, 0, 0));
	guard_passes("a:r2", guard_ip6(2, 2, 0, 0));
	guard_passes("a:r2", guard_ip4(2, 2, 0, 0));
	/* Reverse ARP of its hypervisor. */
	world_do(w, "up a:r1");
	guard_passes("a:r1", world_frame(0, 2, UNTAGGED));
	guard_passes("a:r1", guard_ip4(2, 2, 0, 0));
	is_dropped("a:r2", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	/* Silent for long, it keeps its place. */
	world_do(w, "forget red 2");
	guard_passes("a:r1", guard_ip4(2, 2, 0, 0));
}

static void leases_outlive_a_restart(void **state)
{
	(void) state;
	begin(leased, "host red 2 a:r1; host red 3 b:r1; host lan 6 a:u1");
	guard_passes("b:srv", guard_ack4(5, 2, 2, 600));
	guard_send("b:srv", guard_ack6(5, 3, 3, 600));
	struct frame tagged = guard_ack4(77, 6, 6, 500);
	memmove(tagged.bytes + 16, tagged.bytes + 12, tagged.size - 12);
	memcpy(tagged.bytes + 12, (uint8_t[4]) { 0x81, 0, 0, 30 }, 4);
	tagged.size += 4;
	guard_send("lan", tagged);
	assert_int_equal(view_n_leases(w->view), 3);
	world_restart(w);
	assert_int_equal(view_n_leases(w->view), 0);
	assert_int_equal(world_back(w, "a", 10) + world_back(w, "b", 10), 0);
	assert_int_equal(view_n_leases(w->view), 3);
	guard_passes("a:r1", guard_ip4(2, 2, 0, 0));
	guard_passes("b:r1", guard_ip6(3, 3, 0, 0));
	assert_non_null(lease("lan", 6, false));
	world_quiet(w);
	second(601);
	assert_int_equal(n_facts(FACT_LEASE_GONE), 3);
	/* A switch that was away when the host moved does not take the lease back. */
	guard_passes("b:srv", guard_ack4(5, 2, 2, 600));
	world_restart(w);
	assert_int_equal(world_back(w, "b", 10), 0);
	assert_int_equal(view_n_leases(w->view), 0);
	guard_passes("b:r1", world_frame(0, 2, UNTAGGED));
	world_back(w, "a", 10);
	world_check(w);
	assert_int_equal(lease("red", 2, false)->sw, world_switch(w, "b"));
	/* A file without snooping forgets them. */
	world_reload(w, bound);
	world_check(w);
	assert_int_equal(view_n_leases(w->view), 0);
}

/* While another controller was in charge a lease was given back: its rows say what is so. */
static void another_controller_knew_better(void **state)
{
	(void) state;
	begin(leased, "host red 2 a:r1; host red 3 b:r1; lease red 2 10.1.0.2 600; lease red 3 10.1.0.3 600");
	view_doubt_guards(w->view, world_switch(w, "a"));
	assert_null(lease("red", 2, false));
	assert_non_null(lease("red", 3, false));
	/* The controller compiles anew. */
	world_reload(w, leased);
	assert_null(lease("red", 2, false));
	begin(limits, "host red 9 b:rd; shut red b:rd");
	view_doubt_guards(w->view, world_switch(w, "a"));
	assert_int_equal(view_n_closures(w->view), 1);
	view_doubt_guards(w->view, world_switch(w, "b"));
	assert_int_equal(view_n_closures(w->view), 0);
	world_reload(w, limits);
	assert_int_equal(view_n_closures(w->view), 0);
}

static void what_servers_say_has_a_meter_of_its_own(void **state)
{
	char uses[32], lease_meter[32], guard_meter[32];
	(void) state;
	begin(leased, "");
	snprintf(uses, sizeof uses, "meter_id=%d)", METER_LEASE);
	snprintf(lease_meter, sizeof lease_meter, "meter=%d", METER_LEASE);
	snprintf(guard_meter, sizeof guard_meter, "meter=%d", METER_GUARD);
	assert_int_equal(world_count_rows(w, "b", "table=10,", "in_port=9", uses, "goto_table", NULL), 2);
	assert_int_equal(world_count_rows(w, "b", "table=10,", uses, NULL), 4);
	assert_int_equal(world_count_rows(w, "a", lease_meter, NULL), 1);
	assert_int_equal(world_count_rows(w, "a", guard_meter, NULL), 1);
	world_do(w, "meters b 0");
	assert_int_equal(world_count_rows(w, "b", "table=10,", "CONTROLLER", NULL), 4);
	assert_int_equal(world_count_rows(w, "b", "table=10,", "meter_id", NULL), 0);
}

/* --- bytes of others ---------------------------------------------------------------------- */

static void cut_frames_lease_nothing(void **state)
{
	struct frame frames[] = { guard_ack4(5, 2, 2, 600), guard_ack6(5, 2, 2, 600) };
	struct dhcp dhcp;
	(void) state;
	begin(leased, "");
	for (size_t k = 0; k < 2; k++) {
		for (size_t size = 0; size < frames[k].size - 1; size++) {
			uint8_t *exact = malloc(size ? size : 1);
			memcpy(exact, frames[k].bytes, size);
			dhcp_read(exact, size, &dhcp);
			assert_true(dhcp.n == 0 || (k == 0 && size >= 14 + 28 + 236 + 7));
			free(exact);
		}
		dhcp_read(frames[k].bytes, frames[k].size, &dhcp);
		assert_true(dhcp.n == 1 && dhcp.kind == DHCP_LEASES && dhcp.of[0].seconds == 600);
	}
	/* What is no acknowledgement, for no Ethernet, a fragment, a boot of old. */
	struct frame frame = guard_ack4(5, 2, 2, 600);
	frame.bytes[14 + 28 + 236 + 6] = 2;
	dhcp_read(frame.bytes, frame.size, &dhcp);
	assert_int_equal(dhcp.n, 0);
	frame = guard_ack4(5, 2, 2, 600);
	frame.bytes[14 + 28 + 1] = 6;
	dhcp_read(frame.bytes, frame.size, &dhcp);
	assert_int_equal(dhcp.n, 0);
	frame = guard_ack4(5, 2, 2, 600);
	frame.bytes[14 + 7] = 1;
	dhcp_read(frame.bytes, frame.size, &dhcp);
	assert_int_equal(dhcp.n, 0);
	frame = guard_ack4(5, 2, 0, 600);
	dhcp_read(frame.bytes, frame.size, &dhcp);
	assert_int_equal(dhcp.n, 0);
	frame = guard_ack4(5, 2, 2, 600);
	frame.bytes[14 + 28 + 236 + 8] = 200;   /* the lease time is not there: for ever */
	dhcp_read(frame.bytes, frame.size, &dhcp);
	assert_int_equal(dhcp.of[0].seconds, UINT32_MAX);
	/* A declined address is given back as well. */
	frame = guard_client4(2, 2, 4);
	frame.bytes[14 + 28 + 236 + 8] = 50;
	memcpy(frame.bytes + 14 + 28 + 236 + 10, (uint8_t[4]) { 10, 1, 0, 2 }, 4);
	dhcp_read(frame.bytes, frame.size, &dhcp);
	assert_true(dhcp.kind == DHCP_GIVES_BACK && dhcp.n == 1);
}

/* --- chance ------------------------------------------------------------------------------- */

/* A life begins with one of them; every fifth one is edited to any, the others to what they have. */
static unsigned life;
static const char *const files[] = { bound, leased, limits };
static const char *next_file(void) { return files[life % 5 ? life % 3 : world_pick(3)]; }

static void random_step(void)
{
	const char *yaml = next_file();
	static const char *const places[] = { "a:r1", "a:r2", "b:r1", "b:rd", "b:rm", "b:srv", "b:rtr", "b:free", "a:u1", "b:u1" };
	const char *place = places[world_pick(10)];
	unsigned mac = 1 + world_pick(9), ip = 1 + world_pick(9);
	switch (world_pick(12)) {
	case 0:
		stage_flap(place);
		break;
	case 1:
		stage_forget("red", mac);
		break;
	case 2:
		second(world_pick(100));
		break;
	case 3: case 4:
		world_send(w, "b:srv", world_pick(2) ? guard_ack4(5, mac, ip, 30 + world_pick(300)) : guard_ack6(5, mac, ip, 30 + world_pick(300)));
		break;
	case 5:
		world_send(w, place, world_pick(2) ? guard_client4(mac, ip, world_pick(2) ? 1 : 7) : guard_client6(mac, ip, world_pick(2) ? 1 : 8));
		break;
	case 6:
		world_send(w, place, guard_nd(mac, 133 + world_pick(5), world_pick(2) ? ip : 0, ip));
		break;
	case 7:
		world_send(w, place, guard_arp(mac, mac, ip, 1 + world_pick(9)));
		break;
	case 8:
		world_send(w, place, guard_ip6(mac, ip, 0, 0));
		break;
	case 9:
		world_send(w, place, world_frame(0, mac, UNTAGGED));
		break;
	case 10:
		if (!world_pick(6))
			world_reload(w, yaml);
		break;
	default:
		world_send(w, place, guard_ip4(mac, ip, 0, 0));
	}
}

static void open_one(unsigned seed)
{
	life = seed;
	begin(files[seed % 3], "");
}

/* Disputes about addresses end. */
static void silence(void)
{
	for (unsigned i = 0; i < 4; i++)
		second(20);
}

static void whatever_happens_patch_and_compile_agree(void **state)
{
	(void) state;
	stage_play(&(struct stage_chance) { .open = open_one, .step = random_step, .calm = silence, .switches = "ab" });
}

#define T(NAME) cmocka_unit_test_teardown(NAME, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_bound_port_sends_what_is_its_own),
		T(a_bound_port_sends_nothing_else),
		T(a_mac_alone_binds_the_mac),
		T(guard_false_binds_nothing),
		T(guests_tags_are_left_alone),
		T(limits_come_after_guards),
		T(nobody_else_has_a_bound_mac),
		T(nobody_else_has_a_bound_address),
		T(an_edit_binds_at_once),
		T(violations_are_told_at_a_rate),
		T(a_restart_sends_nothing),
		T(one_host_too_many_shuts_the_port),
		T(one_host_too_many_is_told),
		T(the_first_host_sticks),
		T(only_trusted_ports_have_servers),
		T(only_trusted_ports_have_routers),
		T(a_lease_lets_its_host_speak),
		T(addresses_may_be_watched_in_arp_alone),
		T(a_lease_ends),
		T(a_lease_is_given_back_by_its_host),
		T(a_lease_goes_to_another_host),
		T(a_lease_moves_with_its_host),
		T(leases_outlive_a_restart),
		T(another_controller_knew_better),
		T(what_servers_say_has_a_meter_of_its_own),
		T(cut_frames_lease_nothing),
		T(whatever_happens_patch_and_compile_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
