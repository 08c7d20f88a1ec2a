/* SPDX-License-Identifier: Apache-2.0 */
/* The priority of a tag: which ways it goes along, and where it begins anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/apps/stage.h"

static const char yaml[] =
	"version: 1\n"
	"switches: {a: {dpid: 0x1, vtep: 10.0.0.1}, b: {dpid: 0x2}, c: {dpid: 0x3, vtep: 10.0.0.3}}\n"
	"links:\n"
	"  - {between: [\"a:l\", \"b:l\"]}\n"
	"  - {between: [a, c]}\n"
	"networks:\n"
	"  red: {link_vlan: 70, ports: [{port: \"a:t1\", tag: 10}, \"a:p1\", {port: \"b:t2\", tag: 20}, {port: \"c:t3\", tag: 30}]}\n"
	"  blue: {transport: vlan, vlan: 60, uplinks: [\"a:up\"], ports: [{port: \"a:t1\", tag: 11}]}\n";
static const char story[] =
	"up a; up b; up c; port a:vxlan0 1000; port c:vxlan0 1000; port a:t1 1; port a:p1 2; port b:t2 1; port c:t3 1;"
	"port a:up 3; port a:l 10; port b:l 10; link a:l; ways";

static int before(void **state)
{
	(void) state;
	stage_open(yaml, story);
	return 0;
}

enum { PRIORITY_BIT = 13 };
static int tag(int vid, int priority) { return priority << PRIORITY_BIT | vid; }

/* The priority that the one copy there has, or -1: no tag, no copy, several. */
static int priority_at(const char *place)
{
	uint32_t sw = NET_NONE, ofport = 0;
	int found = -1;
	size_t n = 0;
	if (strcmp(place, "lan"))
		world_place(w, place, &sw, &ofport);
	for (size_t i = 0; i < w->n_got; i++) {
		const struct got *got = &w->got[i];
		if (got->sw != sw || got->ofport != ofport)
			continue;
		n++;
		found = frame_vid(&got->frame) == UNTAGGED ? -1 : got->frame.bytes[14] >> (PRIORITY_BIT - 8);
	}
	return n == 1 ? found : -1;
}

static void along_cables_and_not_through_tunnels(void **state)
{
	(void) state;
	world_send(w, "a:t1", world_frame(0, 1, tag(10, 5)));
	assert_int_equal(priority_at("b:t2"), 5);
	assert_int_equal(priority_at("c:t3"), 0);
	assert_int_equal(world_got(w, "a:p1", UNTAGGED), 1);
	/* Known hosts go by rows of their own. */
	world_send(w, "b:t2", world_frame(1, 2, tag(20, 6)));
	assert_int_equal(priority_at("a:t1"), 6);
	assert_int_equal(w->n_got, 1);
	world_send(w, "a:t1", world_frame(2, 1, tag(10, 7)));
	assert_int_equal(priority_at("b:t2"), 7);
	assert_int_equal(w->n_got, 1);
}

static void to_the_lan_and_back(void **state)
{
	(void) state;
	world_send(w, "a:t1", world_frame(0, 1, tag(11, 3)));
	assert_int_equal(priority_at("lan"), 3);
	world_send(w, "lan", world_frame(1, 9, tag(60, 4)));
	assert_int_equal(priority_at("a:t1"), 4);
}

static void begins_with_a_priority_tag_or_at_0(void **state)
{
	(void) state;
	world_send(w, "a:p1", world_frame(0, 3, tag(0, 2)));
	assert_int_equal(priority_at("a:t1"), 2);
	assert_int_equal(priority_at("b:t2"), 2);
	world_send(w, "a:p1", world_frame(0, 3, UNTAGGED));
	assert_int_equal(priority_at("a:t1"), 0);
	assert_int_equal(priority_at("b:t2"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(along_cables_and_not_through_tunnels, before, stage_close),
		cmocka_unit_test_setup_teardown(to_the_lan_and_back, before, stage_close),
		cmocka_unit_test_setup_teardown(begins_with_a_priority_tag_or_at_0, before, stage_close),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
