/* SPDX-License-Identifier: Apache-2.0 */
/* output: tags per port, floods, hairpin, and where nothing may go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/stage.h"
#include "topo/arena.h"

/* S05: one network, tagged and untagged ports, each with its own tag. */
static void each_port_has_its_tag(void **state)
{
	(void) state;
	stage_open("version: 1\n"
		   "switches: {a: {dpid: 1}}\n"
		   "networks:\n"
		   "  red: {ports: [{port: a:t1, tag: 300}, {port: a:t2, tag: 100}, a:u1, a:u2,\n"
		   "                {port: a:t3, tag: 300}, {port: a:t4, tag: 200}]}\n",
		   "up a; port a:t1 1; port a:t2 2; port a:u1 3; port a:u2 4; port a:t3 5; port a:t4 6");
	world_send(w, "a:u1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_got, 5);
	assert_int_equal(world_got(w, "a:u2", UNTAGGED), 1);
	assert_int_equal(world_got(w, "a:t1", 300), 1);
	assert_int_equal(world_got(w, "a:t3", 300), 1);
	assert_int_equal(world_got(w, "a:t2", 100), 1);
	assert_int_equal(world_got(w, "a:t4", 200), 1);
	world_send(w, "a:t1", world_frame(0, 2, 300));
	assert_int_equal(w->n_got, 5);
	assert_int_equal(world_got(w, "a:u1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "a:t3", 300), 1);
	/* Known hosts, one way and the other. */
	world_send(w, "a:u1", world_frame(2, 1, UNTAGGED));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:t1", 300), 1);
	world_send(w, "a:t1", world_frame(1, 2, 300));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:u1", UNTAGGED), 1);
	/* One push, then only the VID changes; a frame has no tag in between. */
	assert_int_equal(world_count_rows(w, "a", "priority=90", "push_vlan", NULL), 1);
	assert_int_equal(world_count_rows(w, "a", "pop_vlan", "output", NULL), 0);
}

/* S03: nothing known goes back to its own port, not even tagged otherwise. */
static void no_reflection(void **state)
{
	(void) state;
	stage_open("version: 1\n"
		   "switches: {a: {dpid: 1}}\n"
		   "networks:\n"
		   "  red: {ports: [a:r1, a:r2]}\n",
		   "up a; port a:r1 1; port a:r2 2; host red 1 a:r1; host red 2 a:r1");
	world_send(w, "a:r1", world_frame(2, 1, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 0);
}

/* S12 */
static void hairpin(void **state)
{
	(void) state;
	stage_open("version: 1\n"
		   "switches: {a: {dpid: 1}}\n"
		   "networks:\n"
		   "  red: {ports: [{port: a:h1, hairpin: true, tag: 5}, {port: a:h2, hairpin: true, flood: false},\n"
		   "                a:r1, {port: a:r2, flood: false}]}\n",
		   "up a; port a:h1 1; port a:h2 2; port a:r1 3; port a:r2 4\n"
		   "host red 1 a:h1; host red 2 a:h1; host red 3 a:h2");
	/* Known: back where it came from, with the tag of that port. */
	world_send(w, "a:h1", world_frame(2, 1, 5));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:h1", 5), 1);
	/* From elsewhere it is a port like others. */
	world_send(w, "a:r1", world_frame(2, 9, UNTAGGED));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:h1", 5), 1);
	/* Broadcast: all, itself included. */
	world_send(w, "a:h1", world_frame(0, 1, 5));
	assert_int_equal(w->n_got, 4);
	assert_int_equal(world_got(w, "a:h1", 5), 1);
	assert_int_equal(world_got(w, "a:h2", UNTAGGED), 1);
	world_send(w, "a:h2", world_frame(0, 3, UNTAGGED));
	assert_int_equal(w->n_got, 4);
	assert_int_equal(world_got(w, "a:h2", UNTAGGED), 1);
	/* Unknown: ports with flood: false are left out, itself too. */
	world_send(w, "a:h1", world_frame(77, 1, 5));
	assert_int_equal(w->n_got, 2);
	assert_int_equal(world_got(w, "a:h1", 5), 1);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	world_send(w, "a:h2", world_frame(77, 3, UNTAGGED));
	assert_int_equal(w->n_got, 2);
	assert_int_equal(world_got(w, "a:h2", UNTAGGED), 0);
	world_send(w, "a:r1", world_frame(0, 9, UNTAGGED));
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 0);
}

/* S10 */
static void unknown_unicast(void **state)
{
	(void) state;
	stage_open("version: 1\n"
		   "switches: {a: {dpid: 1}}\n"
		   "networks:\n"
		   "  red: {ports: [a:r1, {port: a:r2, flood: false}, a:r3]}\n"
		   "  green: {flood: false, ports: [a:g1, a:g2]}\n",
		   "up a; port a:r1 1; port a:r2 2; port a:r3 3; port a:g1 11; port a:g2 12; host green 5 a:g2; host green 1 a:g1");
	world_send(w, "a:r1", world_frame(77, 1, UNTAGGED));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:r3", UNTAGGED), 1);
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_got, 2);
	/* The network's "off" wins over the port's "on"; known hosts and broadcast go on. */
	world_send(w, "a:g1", world_frame(77, 1, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	assert_string_equal(w->dropped_by, "unknown-dropped");
	world_send(w, "a:g1", world_frame(5, 1, UNTAGGED));
	assert_int_equal(w->n_got, 1);
	world_send(w, "a:g1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_got, 1);
}

static void a_disabled_port_hears_nothing(void **state)
{
	(void) state;
	stage_open("version: 1\n"
		   "switches: {a: {dpid: 1}}\n"
		   "networks:\n"
		   "  red: {ports: [\"a:r*\", {port: a:r3, enable: false}]}\n",
		   "up a; port a:r1 1; port a:r2 2; port a:r3 3");
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:r3", UNTAGGED), 0);
}

/* Down ports stay where they are: Open vSwitch drops, and a flap sends nothing. */
static void a_port_that_is_down_keeps_its_rows(void **state)
{
	(void) state;
	stage_open("version: 1\n"
		   "switches: {a: {dpid: 1}}\n"
		   "networks: {red: {ports: [\"a:r*\"]}}\n",
		   "up a; port a:r1 1; port a:r2 2; host red 1 a:r2");
	world_quiet(w);
	world_do(w, "down a:r2");
	assert_int_equal(w->n_changes, 0);
	world_send(w, "a:r1", world_frame(1, 2, UNTAGGED));
	assert_int_equal(world_got(w, "a:r2", UNTAGGED), 1);
}

/* More ports than fit into one message: no abort, and no row beyond bounds. */
static void a_very_wide_network(void **state)
{
	(void) state;
	stage_open("version: 1\n"
		   "networks: {red: {ports: [\"*:p*\", \"*:t?*\"]}}\n", "");
	for (uint32_t sw = world_switch(w, "a"), i = 1; i <= 2000; i++) {
		struct fact fact = { .kind = FACT_PORT, .sw = sw, .ofport = i };
		snprintf(fact.port_name, sizeof fact.port_name, "p%u", i);
		fact.time_ms = w->now_ms;
		view_apply(w->view, &fact, NULL, NULL);
	}
	world_do(w, "port a:p9999 9999");
	assert_int_equal(world_count_rows(w, "a", "table=100,priority=100", NULL), 2001);
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_port_has_its_tag),
		TEST(no_reflection),
		TEST(hairpin),
		TEST(unknown_unicast),
		TEST(a_disabled_port_hears_nothing),
		TEST(a_port_that_is_down_keeps_its_rows),
		TEST(a_very_wide_network),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
