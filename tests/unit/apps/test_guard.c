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
#include "tests/unit/apps/guard_frames.h"

static struct world *w;

#define SWITCHES "version: 1\nswitches:\n  a: {dpid: 0x1, vtep: 10.0.0.1}\n  b: {dpid: 0x2, vtep: 10.0.0.2}\nnetworks:\n"

/* Host 9 is bound to b:rd with its addresses, host 8 to b:rm by its MAC alone. */
static const char bound[] = SWITCHES
	"  red:\n"
	"    vni: 100\n"
	"    ports:\n"
	"      - \"*:r*\"\n"
	"      - {port: b:rd, mac: \"02:00:00:00:00:09\", ip: [10.1.0.9, \"fd00::9\"]}\n"
	"      - {port: b:rm, mac: \"02:00:00:00:00:08\"}\n"
	"      - {port: b:ro, mac: \"02:00:00:00:00:07\", ip: 10.1.0.7, guard: false}\n"
	"  wrap: {vni: 200, tags: pass, ports: [\"*:w*\", {port: b:wd, mac: \"02:00:00:00:00:09\", ip: 10.1.0.9}]}\n";

/* Host 5 is the DHCP server at b:srv, host 4 the router at b:rtr. */
static const char leased[] = SWITCHES
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
	"  lan: {transport: vlan, vlan: 30, guard: [dhcp, ra], uplinks: [a:up, b:up], ports: [\"*:u*\"]}\n";

static const char ports[] =
	"meters a 100; meters b 100; up a; up b; port a:vxlan0 1000; port b:vxlan0 1000;"
	"port a:r1 1; port a:r2 2; port b:r1 1; port b:rd 2; port b:rm 3; port b:ro 4; port a:w1 7; port b:w1 7; port b:wd 8;"
	"port b:srv 9; port b:rtr 10; port b:free 11; port a:up 20; port b:up 20; port a:u1 21; port b:u1 21; port a:g1 30;"
	"port b:g1 30";

static void begin(const char *yaml, const char *story)
{
	w = world_new(yaml);
	world_do(w, ports);
	world_do(w, story);
	world_check(w);
	world_quiet(w);
}

static int after(void **state)
{
	(void) state;
	world_free(w);
	return 0;
}

static void send_frame(const char *place, struct frame frame)
{
	world_quiet(w);
	world_send(w, place, frame);
	world_check(w);
}

static void passes(const char *place, struct frame frame)
{
	send_frame(place, frame);
	if (!w->n_got)
		fail_msg("dropped by %s", w->dropped_by);
}

static size_t n_facts(enum fact_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n_facts; i++)
		n += w->facts[i].kind == kind;
	return n;
}

static const struct fact *the_fact(enum fact_kind kind)
{
	for (size_t i = 0; i < w->n_facts; i++)
		if (w->facts[i].kind == kind)
			return &w->facts[i];
	fail_msg("no fact %s", fact_word(kind));
	return NULL;
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
	send_frame(place, frame);
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
	passes("b:rd", guard_arp(9, 9, 9, 50));
	passes("b:rd", guard_arp(9, 9, 0, 9));          /* is it free? */
	passes("b:rd", guard_ip4(9, 9, 0, 0));
	passes("b:rd", guard_ip4(9, 0, 68, 67));        /* DHCP */
	passes("b:rd", guard_ip6(9, 9, 0, 0));
	passes("b:rd", guard_nd(9, 135, 9, 50));
	passes("b:rd", guard_nd(9, 135, 0, 9));         /* is it free? */
	passes("b:rd", guard_nd(9, 136, 9, 9));
	passes("b:rd", guard_nd(9, 143, 0, 0));         /* joins groups */
	passes("b:rd", guard_nd(9, 133, 0, 0));         /* asks for routers */
	passes("b:rd", guard_nd_link(9, 136, 9));
	passes("b:rd", world_frame(0, 9, UNTAGGED));    /* neither IP nor ARP */
	assert_int_equal(n_facts(FACT_VIOLATION), 0);
	assert_non_null(world_host(w, "red", 9));
}

static void a_bound_port_sends_nothing_else(void **state)
{
	(void) state;
	begin(bound, "");
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
	send_frame("b:rd", guard_ip4(9, 77, 0, 0));
	assert_true(says("red: port b:rd, bound to 02:00:00:00:00:09 10.1.0.9 fd00::9, sent from 10.1.0.77 (02:00:00:00:00:09)"));
}

static void a_mac_alone_binds_the_mac(void **state)
{
	(void) state;
	begin(bound, "");
	passes("b:rm", guard_arp(8, 8, 1, 50));
	passes("b:rm", guard_ip4(8, 1, 0, 0));
	passes("b:rm", guard_ip6(8, 1, 0, 0));
	passes("b:rm", guard_nd(8, 136, 1, 1));
	is_dropped("b:rm", guard_ip4(1, 1, 0, 0), "wrong-mac", REASON_BOUND);
	is_dropped("b:rm", guard_arp(8, 1, 1, 50), "wrong-arp", REASON_BOUND);
	send_frame("b:rm", world_frame(0, 3, UNTAGGED));
	assert_true(says("port b:rm, bound to 02:00:00:00:00:08, sent from 02:00:00:00:00:03"));
}

static void guard_false_binds_nothing(void **state)
{
	(void) state;
	begin(bound, "");
	passes("b:ro", guard_ip4(1, 1, 0, 0));
	passes("b:ro", guard_arp(2, 2, 2, 50));
	passes("a:r1", guard_arp(3, 3, 7, 50));
	assert_int_equal(world_count_rows(w, "b", "table=10,", "in_port=4", NULL), 0);
	/* Who is not guarded pays for nothing. */
	assert_int_equal(world_count_rows(w, "b", "table=0", "in_port=4", "goto_table:10", NULL), 0);
	assert_int_equal(world_count_rows(w, "b", "table=0", "in_port=2", "goto_table:10", NULL), 2);
	assert_int_equal(world_count_rows(w, "a", "table=0", "goto_table:10", NULL), 0);
}

/* A tag of the guest's own is another segment: only the MAC is looked at. */
static void guests_tags_are_left_alone(void **state)
{
	struct frame frame;
	(void) state;
	begin(bound, "");
	passes("b:wd", guard_ip4(9, 9, 0, 0));
	is_dropped("b:wd", guard_ip4(9, 1, 0, 0), "wrong-ip4", REASON_BOUND);
	frame = guard_ip4(9, 1, 0, 0);
	memmove(frame.bytes + 16, frame.bytes + 12, frame.size - 12);
	memcpy(frame.bytes + 12, (uint8_t[4]) { 0x81, 0, 0, 7 }, 4);
	frame.size += 4;
	passes("b:wd", frame);
	frame.bytes[11] = 1;
	is_dropped("b:wd", frame, "wrong-mac", REASON_BOUND);
}

/* --- what others say of it ------------------------------------------------------------------ */

static void nobody_else_has_a_bound_mac(void **state)
{
	(void) state;
	begin(bound, "");
	passes("b:rd", guard_arp(9, 9, 9, 50));
	is_dropped("a:r1", world_frame(0, 9, UNTAGGED), "taken-mac", REASON_TAKEN);
	is_dropped("b:r1", world_frame(0, 9, UNTAGGED), "taken-mac", REASON_TAKEN);
	assert_int_equal(world_host(w, "red", 9)->ofport, 2);
	send_frame("a:r1", world_frame(0, 9, UNTAGGED));
	assert_true(says("port a:r1 sent from 02:00:00:00:00:09, to which b:rd is bound"));
	/* Not known yet, as after it was silent: still nobody else's. */
	world_do(w, "forget red 9");
	is_dropped("a:r1", world_frame(0, 9, UNTAGGED), "taken-mac", REASON_TAKEN);
	passes("b:rd", world_frame(0, 9, UNTAGGED));
	assert_int_equal(n_facts(FACT_HOST), 1);
}

static void nobody_else_has_a_bound_address(void **state)
{
	(void) state;
	begin(bound, "");
	passes("a:r1", guard_arp(1, 1, 1, 50));
	passes("b:r1", guard_arp(2, 2, 2, 50));
	is_dropped("a:r1", guard_arp(1, 1, 9, 2), "taken-address4", REASON_TAKEN);
	is_dropped("b:r1", guard_arp(2, 2, 9, 9), "taken-address4", REASON_TAKEN);
	is_dropped("a:r1", guard_nd(1, 135, 9, 50), "taken-address6", REASON_TAKEN);
	is_dropped("a:r1", guard_nd(1, 136, 9, 9), "taken-advert6", REASON_TAKEN);
	passes("a:r1", guard_nd(1, 135, 1, 50));
	is_dropped("a:r1", guard_nd(1, 136, 1, 9), "taken-advert6", REASON_TAKEN);
	send_frame("a:r1", guard_arp(1, 1, 9, 2));
	assert_true(says("port a:r1 sent from 10.1.0.9 (02:00:00:00:00:01), to which b:rd is bound"));
	/* The answers for it go on, and there is no dispute. */
	assert_int_equal(view_n_disputes(w->view), 0);
	send_frame("a:r1", guard_arp(1, 1, 1, 9));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	/* It says so itself, before and after it is known. */
	passes("b:rd", guard_arp(9, 9, 9, 50));
	passes("b:rd", guard_nd(9, 136, 9, 9));
	passes("b:rd", guard_nd(9, 135, 9, 50));
	assert_int_equal(n_facts(FACT_VIOLATION), 0);
	send_frame("b:rd", guard_arp(9, 9, 9, 50));
	assert_int_equal(w->n_punts, 0);
}

/* A file that binds a port takes those away who may not stand there any more. */
static void an_edit_binds_at_once(void **state)
{
	static const char before[] = SWITCHES "  red: {vni: 100, ports: [\"*:r*\"]}\n";
	(void) state;
	begin(before, "host red 1 b:rd; host red 9 a:r1");
	world_reload(w, bound);
	assert_null(world_host(w, "red", 1));
	assert_null(world_host(w, "red", 9));
	passes("b:rd", guard_arp(9, 9, 9, 50));
	assert_int_equal(world_host(w, "red", 9)->ofport, 2);
	world_reload(w, before);
	world_check(w);
	passes("a:r1", world_frame(0, 9, UNTAGGED));
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
	passes("b:rd", guard_arp(9, 9, 9, 50));
	passes("a:r1", guard_arp(1, 1, 1, 50));
	world_restart(w);
	assert_int_equal(world_back(w, "b", 10) + world_back(w, "a", 10), 0);
	passes("b:rd", guard_ip4(9, 9, 0, 0));
	world_restart(w);
	assert_int_equal(world_back(w, "a", 10) + world_back(w, "b", 10), 0);
}

#define T(NAME) cmocka_unit_test_teardown(NAME, after)

int main(void)
{
	(void) leased;
	const struct CMUnitTest tests[] = {
		T(a_bound_port_sends_what_is_its_own),
		T(a_bound_port_sends_nothing_else),
		T(a_mac_alone_binds_the_mac),
		T(guard_false_binds_nothing),
		T(guests_tags_are_left_alone),
		T(nobody_else_has_a_bound_mac),
		T(nobody_else_has_a_bound_address),
		T(an_edit_binds_at_once),
		T(violations_are_told_at_a_rate),
		T(a_restart_sends_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
