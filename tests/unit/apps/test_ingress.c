/* SPDX-License-Identifier: Apache-2.0 */
/* ingress: what is let into which network, and which row drops the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/stage.h"

static const char yaml[] =
	"version: 1\n"
	"switches: {a: {dpid: 1}}\n"
	"networks:\n"
	"  red: {ports: [a:r1, a:r2, {port: a:trunk, tag: 10}]}\n"
	"  green: {ports: [{port: a:trunk, tag: 20}, {port: a:tagged, tag: 20}]}\n"
	"  blue: {ports: [a:trunk, a:b1, {port: a:off, enable: false}]}\n";
static const char ports[] =
	"up a; port a:r1 1; port a:r2 2; port a:trunk 3; port a:tagged 4; port a:b1 5; port a:off 6\n"
	"port a:nowhere 7; port a:br0 local\n";

static int set_up(void **state)
{
	(void) state;
	stage_open(yaml, ports);
	return 0;
}

static void dropped(const char *place, struct frame frame, const char *by)
{
	world_send(w, place, frame);
	assert_int_equal(w->n_got, 0);
	assert_int_equal(w->n_punts, 0);
	assert_string_equal(w->dropped_by, by);
}

/* Which of the networks' ports hear a broadcast says which network it is in. */
static void untagged_and_tagged(void **state)
{
	(void) state;
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_got, 2);
	assert_int_equal(world_got(w, "a:r2", UNTAGGED), 1);
	assert_int_equal(world_got(w, "a:trunk", 10), 1);

	world_send(w, "a:trunk", world_frame(0, 2, 10));
	assert_int_equal(w->n_got, 2);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "a:r2", UNTAGGED), 1);

	world_send(w, "a:trunk", world_frame(0, 3, 20));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:tagged", 20), 1);

	/* The native network of the trunk. */
	world_send(w, "a:trunk", world_frame(0, 4, UNTAGGED));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:b1", UNTAGGED), 1);
}

/* IEEE 802.1Q: VID 0 is a priority and no VLAN. */
static void a_priority_tag_is_no_tag(void **state)
{
	(void) state;
	world_send(w, "a:r1", world_frame(0, 1, 0));
	assert_int_equal(world_got(w, "a:r2", UNTAGGED), 1);
	assert_int_equal(world_got(w, "a:trunk", 10), 1);
	dropped("a:tagged", world_frame(0, 1, 0), "wrong-tag");
}

static void what_is_dropped_has_a_name(void **state)
{
	(void) state;
	dropped("a:r1", world_frame(0, 1, 10), "wrong-tag");
	dropped("a:r1", world_frame(0, 1, 4094), "wrong-tag");
	dropped("a:trunk", world_frame(0, 1, 11), "wrong-tag");
	dropped("a:tagged", world_frame(0, 1, UNTAGGED), "wrong-tag");
	dropped("a:nowhere", world_frame(0, 1, UNTAGGED), "no-network");
	dropped("a:nowhere", world_frame(0, 1, 10), "no-network");
	dropped("a:br0", world_frame(0, 1, UNTAGGED), "no-network");
	dropped("a:off", world_frame(0, 1, UNTAGGED), "disabled");
}

/* The cookie says which line of the file, or at least which switch. */
static void drops_name_their_port(void **state)
{
	struct ledger_iter iter;
	const struct view_switch *a = view_switch(w->view, 0);
	size_t n = 0;
	(void) state;
	for (const struct row *row = ledger_first(w->rows[0], &iter); row; row = ledger_after(w->rows[0], &iter)) {
		struct row_room room;
		struct rule rule;
		uint64_t port;
		row_rule(row, &room, &rule);
		const struct app_row *kind = app_row_of(&rule);
		uint64_t object = cookie_object(rule_cookie(&rule));
		assert_non_null(kind);
		if (strcmp(kind->name, "wrong-tag") && strcmp(kind->name, "no-network"))
			continue;
		assert_true(rule_match_u(&rule, FIELD_IN_PORT, &port));
		const struct view_port *vp = view_port(w->view, 0, (uint32_t) port);
		assert_true(object == (vp->n_uses ? vp->uses[0].object : a->object));
		assert_non_null(net_object_by_id(w->net, object));
		n++;
	}
	assert_int_equal(n, 7);
}

/* S09 */
static void bridge_protocols_end_here(void **state)
{
	static const uint8_t src[6] = { 2, 0, 0, 0, 0, 1 };
	(void) state;
	for (uint8_t last = 0; last < 0x10; last++) {
		const uint8_t dst[6] = { 0x01, 0x80, 0xc2, 0, 0, last };
		dropped("a:r1", world_frame_macs(dst, src, UNTAGGED, 0x88cc, "", 0), "reserved-group");
		dropped("a:trunk", world_frame_macs(dst, src, 10, 0x88cc, "", 0), "reserved-group");
		dropped("a:nowhere", world_frame_macs(dst, src, UNTAGGED, 0x88cc, "", 0), "reserved-group");
	}
	for (uint8_t last = 0xcc; last <= 0xcd; last++) {
		const uint8_t dst[6] = { 0x01, 0, 0x0c, 0xcc, 0xcc, last };
		dropped("a:r1", world_frame_macs(dst, src, UNTAGGED, 0x2000, "", 0), "vendor-group");
	}
	/* The neighbours of those groups are groups like others. */
	world_send(w, "a:r1", world_frame_macs((const uint8_t[6]) { 0x01, 0x80, 0xc2, 0, 0, 0x10 }, src,
					       UNTAGGED, 0x88b5, "", 0));
	assert_int_equal(w->n_got, 2);
	world_send(w, "a:r1", world_frame_macs((const uint8_t[6]) { 0x01, 0, 0x0c, 0xcc, 0xcc, 0xce }, src,
					       UNTAGGED, 0x88b5, "", 0));
	assert_int_equal(w->n_got, 2);
}

static void no_frame_comes_from_a_group(void **state)
{
	static const uint8_t dst[6] = { 2, 0, 0, 0, 0, 1 }, group[6] = { 3, 0, 0, 0, 0, 1 };
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	(void) state;
	dropped("a:r1", world_frame_macs(dst, group, UNTAGGED, 0x88b5, "", 0), "group-source");
	dropped("a:r1", world_frame_macs(all, all, UNTAGGED, 0x88b5, "", 0), "group-source");
}

/* With two tags, of which the inner one says 77. */
static struct frame double_tag(int outer, uint16_t inner_type)
{
	static const uint8_t dst[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, src[6] = { 2, 0, 0, 0, 0, 1 };
	static const uint8_t inner[4] = { 0, 77, 0x88, 0xb5 };
	return world_frame_macs(dst, src, outer, inner_type, inner, 4);
}

/* Where it left it could mean another network. */
static void a_second_tag_is_dropped(void **state)
{
	(void) state;
	dropped("a:trunk", double_tag(10, 0x8100), "tag-below");
	dropped("a:trunk", double_tag(10, 0x88a8), "tag-below");
	dropped("a:r1", double_tag(0, 0x8100), "tag-below");
	/* That is what a bridge sees that looks at one tag; this one looks at two. */
	assert_int_equal(world_count_rows(w, "a", "table=60", "reg10=0,vlan_tci=0x1000/0x1000", NULL), 1);
}

/* What guests tag arrives as it was sent, under the tag of the network or without. */
static void tags_of_guests_pass_where_the_file_says_so(void **state)
{
	(void) state;
	world_reload(w, "version: 1\n"
		"switches: {a: {dpid: 1, vtep: 10.0.0.1}, b: {dpid: 2, vtep: 10.0.0.2}}\n"
		"networks:\n"
		"  red: {tags: pass, ports: [a:r1, a:r2, {port: a:trunk, tag: 10}, b:r1]}\n"
		"  green: {ports: [{port: a:trunk, tag: 20}, {port: \"a:r?\", tag: 77}, a:tagged, b:tagged]}\n");
	world_do(w, "port a:vxlan0 1000; up b; port b:vxlan0 1000; port b:r1 1; port b:tagged 2");
	world_send(w, "a:r1", world_frame(0, 1, 77));
	assert_int_equal(w->n_got, 3);
	assert_int_equal(world_got(w, "a:r2", 77), 1);
	assert_int_equal(world_got(w, "b:r1", 77), 1);
	assert_int_equal(world_got(w, "a:trunk", 10), 1);
	for (size_t i = 0; i < w->n_got; i++)
		if (frame_vid(&w->got[i].frame) == 10)
			assert_memory_equal(w->got[i].frame.bytes + 16, ((const uint8_t[4]) { 0x81, 0, 0, 77 }), 4);
	world_send(w, "a:trunk", double_tag(10, 0x8100));
	assert_int_equal(w->n_got, 3);
	assert_int_equal(world_got(w, "a:r1", 77), 1);
	assert_int_equal(world_got(w, "b:r1", 77), 1);
	/* A priority tag is the guest's own too. */
	world_send(w, "a:r1", world_frame(0, 1, 0));
	assert_int_equal(world_got(w, "a:r2", 0), 1);
	/* Known hosts: untagged and tagged are one host. */
	world_send(w, "b:r1", world_frame(1, 2, 5));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:r1", 5), 1);
	/* Not in the network beside it, and not out of its tunnel. */
	dropped("a:trunk", double_tag(20, 0x8100), "tag-below");
	world_send_tunnelled(w, "a:vxlan0", world_frame(0, 1, 77), w->net->networks[0].vni, 0x0a000002);
	assert_string_equal(w->dropped_by, "unknown-vtep");
	/* green wanted tag 77 of a:r1 and a:r2 by a glob, and that belongs to red. */
	assert_true(view_port_by_name(w->view, 0, "r1")->conflicted);
}

static void a_flap_changes_no_row(void **state)
{
	(void) state;
	world_quiet(w);
	world_do(w, "down a:trunk; up a:trunk; down a:nowhere");
	assert_int_equal(w->n_facts, 3);
	assert_int_equal(w->n_compiles, 0);
	assert_int_equal(w->n_changes, 0);
}

static void a_deleted_port_leaves_no_row(void **state)
{
	(void) state;
	world_do(w, "gone a:trunk; gone a:nowhere");
	assert_int_equal(world_count_rows(w, "a", "in_port=3", NULL), 0);
	assert_int_equal(world_count_rows(w, "a", "in_port=7", NULL), 0);
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_got, 1);
}

/* S34: a switch the file does not name gets nothing in. */
static void a_stranger_gets_nothing(void **state)
{
	(void) state;
	world_do(w, "up x; port x:r1 1");
	dropped("x:r1", world_frame(0, 1, UNTAGGED), "no-network");
}

#define WITH_WORLD(TEST) cmocka_unit_test_setup_teardown(TEST, set_up, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(untagged_and_tagged),
		WITH_WORLD(a_priority_tag_is_no_tag),
		WITH_WORLD(what_is_dropped_has_a_name),
		WITH_WORLD(drops_name_their_port),
		WITH_WORLD(bridge_protocols_end_here),
		WITH_WORLD(no_frame_comes_from_a_group),
		WITH_WORLD(a_second_tag_is_dropped),
		WITH_WORLD(tags_of_guests_pass_where_the_file_says_so),
		WITH_WORLD(a_flap_changes_no_row),
		WITH_WORLD(a_deleted_port_leaves_no_row),
		WITH_WORLD(a_stranger_gets_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
