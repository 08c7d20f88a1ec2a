/* SPDX-License-Identifier: Apache-2.0 */
/* Mirrors: what is copied, once and as the host sees it, and that nothing else becomes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/storm.h"
#include "tests/unit/apps/stage.h"

/* r1, r2 and the trunk t1 are copied to tap, q1 and its guarded neighbours to tup. */
#define NETWORKS(R1, R2) \
	"version: 1\nswitches: {a: {dpid: 1, vtep: 10.0.0.1}, b: {dpid: 2, vtep: 10.0.0.2}}\n" \
	"acls:\n  deny22: [{deny: tcp, port: 22}, {allow: any}]\n  shut: [{deny: any}]\n" \
	"networks:\n" \
	"  red:\n" \
	"    vni: 10\n" \
	"    subnet: 10.0.0.0/24\n" \
	"    ports: [{port: a:r1" R1 "}, {port: a:r2" R2 "}, {port: a:t1, tag: 7, mirror: a:tap}, a:r4, \"*:r*\"]\n" \
	"  green:\n" \
	"    vni: 11\n" \
	"    acl: shut\n" \
	"    ports: [{port: a:g1, mirror: a:tap}, a:g2, {port: a:t1, tag: 8}]\n" \
	"  blue:\n" \
	"    vni: 12\n" \
	"    ports: [{port: a:q1, mirror: a:tup}, {port: \"a:q*\", acl_out: deny22, mirror: a:tup}, b:x1]\n" \
	"  any: {vni: 13, ports: [\"*:t*\"]}\n"

static const char yaml[] = NETWORKS(", mirror: a:tap", ", mirror: a:tap");
static const char story[] =
	"up a; up b; port a:r1 1; port a:r2 2; port a:t1 3; port a:r4 4; port a:g1 5; port a:g2 6; port a:q1 7; port a:q2 8\n"
	"port a:q3 13; port a:tap 9; port a:tup 10; port a:vxlan0 12; port b:r9 1; port b:x1 2; port b:vxlan0 12\n";

static int set_up(void **state)
{
	(void) state;
	stage_open(yaml, story);
	return 0;
}

static void send(const char *place, unsigned dst, unsigned src, int vid)
{
	world_send(w, place, world_frame(dst, src, vid));
}

/* Copies at tap with that tag, and nothing at tup; and how many came out in all. */
static void expect(size_t n_tap, int vid, size_t n_all)
{
	assert_int_equal(world_got(w, "a:tap", vid), n_tap);
	assert_int_equal(world_got(w, "a:tup", UNTAGGED), 0);
	assert_int_equal(w->n_got, n_all);
}

static void both_directions_once(void **state)
{
	(void) state;
	/* Unknown source: known from here on. */
	send("a:r4", 0, 4, UNTAGGED);
	/* To r1, r2, t1, b:r9, and a copy of what r1 gets, for r2 and t1 it is the same frame. */
	expect(1, UNTAGGED, 5);
	send("a:r1", 0, 1, UNTAGGED);
	expect(1, UNTAGGED, 5);
	/* From it to one who is not copied, and back. */
	send("a:r1", 4, 1, UNTAGGED);
	expect(1, UNTAGGED, 2);
	send("a:r4", 1, 4, UNTAGGED);
	expect(1, UNTAGGED, 2);
	/* Both ends are copied to one port: once, as it came. */
	send("a:t1", 0, 3, 7);
	send("a:r1", 3, 1, UNTAGGED);
	expect(1, UNTAGGED, 2);
	assert_int_equal(world_got(w, "a:t1", 7), 1);
	send("a:t1", 1, 3, 7);
	expect(1, 7, 2);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	/* Nobody of them has to do with it. */
	send("b:r9", 0, 9, UNTAGGED);
	send("a:r4", 9, 4, UNTAGGED);
	expect(0, UNTAGGED, 1);
}

static void tags_as_the_host_sees_them(void **state)
{
	(void) state;
	send("a:t1", 0, 3, 7);
	expect(1, 7, 5);
	send("a:r4", 0, 4, UNTAGGED);
	send("a:r4", 3, 4, UNTAGGED);
	expect(1, 7, 2);
	/* In its other network, where the file does not say it again. */
	send("a:t1", 0, 3, 8);
	expect(1, 8, 1);
	/* A tag that no network has there, one that says how urgent it is, and what ends at a bridge. */
	send("a:t1", 0, 3, 99);
	expect(1, 99, 1);
	send("a:r1", 4, 1, 0);
	expect(1, 0, 2);
	static const uint8_t lldp[6] = { 0x01, 0x80, 0xc2, 0, 0, 0x0e }, src[6] = { 2, 0, 0, 0, 0, 1 };
	world_send(w, "a:r1", world_frame_macs(lldp, src, UNTAGGED, 0x88cc, "x", 1));
	expect(1, UNTAGGED, 1);
}

/* What it sends is copied whatever becomes of it, what it gets only when it gets it. */
static void rules_judge_after_the_copy(void **state)
{
	(void) state;
	send("a:g1", 0, 5, UNTAGGED);
	expect(1, UNTAGGED, 1);
	send("a:g2", 0, 6, UNTAGGED);
	expect(0, UNTAGGED, 0);
}

static void from_other_switches(void **state)
{
	(void) state;
	send("a:r1", 0, 1, UNTAGGED);
	send("b:r9", 1, 9, UNTAGGED);
	expect(1, UNTAGGED, 2);
	assert_int_equal(w->n_tunnelled, 1);
	send("b:r9", 0, 9, UNTAGGED);
	expect(1, UNTAGGED, 5);
	send("a:r1", 9, 1, UNTAGGED);
	expect(1, UNTAGGED, 2);
	assert_int_equal(w->n_tunnelled, 1);
}

/* Each copy through the rules of its port is one of its own. */
static void guarded_ports(void **state)
{
	(void) state;
	send("a:q1", 0, 7, UNTAGGED);
	assert_int_equal(world_got(w, "a:tup", UNTAGGED), 1);
	assert_int_equal(w->n_got, 4);
	send("b:x1", 0, 21, UNTAGGED);
	assert_int_equal(world_got(w, "a:tup", UNTAGGED), 3);
	assert_int_equal(w->n_got, 6);
	send("a:q2", 0, 8, UNTAGGED);
	send("b:x1", 8, 21, UNTAGGED);
	assert_int_equal(world_got(w, "a:tup", UNTAGGED), 1);
	assert_int_equal(w->n_got, 2);
}

/* A question that the switch answers, and its answer: both are traffic of the port. */
static void answers_are_copied(void **state)
{
	static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, r1[6] = { 2, 0, 0, 0, 0, 1 };
	uint8_t arp[28] = { 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 4 };
	(void) state;
	world_do(w, "host red 1 a:r1; address red 1 10.0.0.1; host red 4 a:r4; address red 4 10.0.0.4");
	struct frame frame = world_frame_macs(everybody, r1, UNTAGGED, 0x0806, arp, sizeof arp);
	world_send(w, "a:r1", frame);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "a:tap", UNTAGGED), 2);
	assert_int_equal(w->n_got, 3);
	/* Of one who is not copied nothing is. */
	memcpy(arp + 8, "\2\0\0\0\0\4", 6);
	memcpy(arp + 14, "\12\0\0\4", 4);
	memcpy(arp + 24, "\12\0\0\1", 4);
	world_send(w, "a:r4", world_frame_macs(everybody, (const uint8_t *) "\2\0\0\0\0\4", UNTAGGED, 0x0806, arp, sizeof arp));
	assert_int_equal(world_got(w, "a:r4", UNTAGGED), 1);
	expect(0, UNTAGGED, 1);
}

static void a_mirror_port_only_sends(void **state)
{
	(void) state;
	send("a:tap", 0, 30, UNTAGGED);
	expect(0, UNTAGGED, 0);
	assert_string_equal(w->dropped_by, "mirror-port");
	send("a:tap", 0, 30, 7);
	assert_string_equal(w->dropped_by, "mirror-port");
	assert_int_equal(w->n_punts, 0);
	/* No glob has made it a port of a network: any has t1, and no tap. */
	uint32_t sw, ofport;
	world_place(w, "a:tap", &sw, &ofport);
	assert_int_equal(view_port(w->view, sw, ofport)->n_uses, 0);
	assert_true(view_port(w->view, sw, ofport)->is_mirror);
}

static void hairpin(void **state)
{
	(void) state;
	world_reload(w, NETWORKS(", hairpin: true, mirror: a:tap", ""));
	send("a:r1", 0, 1, UNTAGGED);
	/* Itself, r2, t1, r4, b:r9, one copy. */
	expect(1, UNTAGGED, 6);
	send("a:r1", 1, 2, UNTAGGED);
	expect(1, UNTAGGED, 2);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	/* Whose host is behind the port itself, without hairpin: nothing is delivered. */
	world_reload(w, yaml);
	world_do(w, "host red 1 a:r1; host red 2 a:r1");
	send("a:r1", 1, 2, UNTAGGED);
	expect(1, UNTAGGED, 1);
}

/* Copies begin when their port comes, and end with it; nothing else changes. */
static void comes_and_goes(void **state)
{
	(void) state;
	char *before = world_rows_text(w, world_switch(w, "a"));
	world_do(w, "gone a:tap");
	assert_int_equal(world_count_rows(w, "a", "output:9", NULL), 0);
	send("a:r1", 0, 1, UNTAGGED);
	assert_int_equal(w->n_got, 4);
	world_check(w);
	world_do(w, "port a:tap 9");
	char *after = world_rows_text(w, world_switch(w, "a"));
	/* Who was learned meanwhile has rows more. */
	send("a:r1", 0, 1, UNTAGGED);
	expect(1, UNTAGGED, 5);
	assert_true(strlen(after) >= strlen(before));
	free(before);
	free(after);
	/* Down: the rows stay. */
	w->n_changes = 0;
	world_do(w, "down a:tap");
	assert_int_equal(w->n_changes, 0);
}

/* The file says so, and no more: only rows of that switch. */
static void edited_warm(void **state)
{
	(void) state;
	char *b = world_rows_text(w, world_switch(w, "b"));
	world_reload(w, NETWORKS("", ""));
	char *again = world_rows_text(w, world_switch(w, "b"));
	assert_string_equal(b, again);
	free(b);
	free(again);
	send("a:r1", 0, 1, UNTAGGED);
	/* t1 and g1 are copied still. */
	expect(1, 7, 5);
	world_reload(w, yaml);
	send("a:r1", 0, 1, UNTAGGED);
	expect(1, UNTAGGED, 5);
}

static void a_restart_sends_nothing(void **state)
{
	(void) state;
	world_do(w, "host red 1 a:r1; host red 4 a:r4");
	world_restart(w);
	assert_int_equal(world_back(w, "b", 5), 0);
	assert_int_equal(world_back(w, "a", 5), 0);
}

/* As many as a bridge may have: a flood reaches all of them. */
static void many_mirrors(void **state)
{
	(void) state;
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	fputs("version: 1\nswitches: {a: {dpid: 1}}\nnetworks: {red: {ports: [a:r0", f);
	for (unsigned i = 1; i <= 32; i++)
		fprintf(f, ", {port: a:r%u, mirror: a:m%u}", i, i);
	fputs("]}}\n", f);
	fclose(f);
	stage_open(text, "up a; port a:r0 100");
	free(text);
	for (unsigned i = 1; i <= 32; i++)
		stage_do("port a:r%u %u; port a:m%u %u", i, i, i, 50 + i);
	send("a:r0", 0, 1, UNTAGGED);
	assert_int_equal(world_got(w, "a:m1", UNTAGGED), 1);
	assert_int_equal(w->n_got, 32 + 32);
	send("a:r32", 0, 2, UNTAGGED);
	assert_int_equal(world_got(w, "a:m32", UNTAGGED), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, stage_close)
	const struct CMUnitTest tests[] = {
		T(both_directions_once), T(tags_as_the_host_sees_them), T(rules_judge_after_the_copy), T(from_other_switches),
		T(guarded_ports), T(answers_are_copied), T(a_mirror_port_only_sends), T(hairpin), T(comes_and_goes),
		T(edited_warm), T(a_restart_sends_nothing), T(many_mirrors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
