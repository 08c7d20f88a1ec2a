/* SPDX-License-Identifier: Apache-2.0 */
/* storm: who is limited, by which meter, and what becomes of what meters tell. */
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

#define HEAD "version: 1\nswitches: {a: {dpid: 1, vtep: 10.0.0.1}, b: {dpid: 2, vtep: 10.0.0.2}}\n" \
	"acls: {deny22: [{deny: tcp, port: 22}, {allow: any}]}\n"

static const char yaml[] = HEAD
	"networks:\n"
	"  red:\n"
	"    storm: {broadcast: 1000pps, multicast: 2kpps, unknown: 500pps}\n"
	"    physical: {port: a:lan0, storm: {broadcast: none}}\n"
	"    ports: [a:r1, {port: a:r2, storm: {broadcast: 10pps, unknown: none}}, {port: a:t1, tag: 7}, b:r3]\n"
	"  green: {ports: [a:g1, {port: a:t1, tag: 8, storm: {unknown: 5pps}}]}\n"
	"  rated: {acl: deny22, ports: [{port: a:p1, rate: 10Mbit, storm: {broadcast: 3pps}}, {port: a:p2, tag: 5, rate: 100kbit},"
	" {port: \"a:p*\", rate: 100Gbit}]}\n"
	"  blue: {acl: deny22, flood: false, storm: {multicast: 9pps, unknown: 9pps}, ports: [a:b1, a:b2]}\n";
static const char story[] =
	"meters a 1000; meters b 1000; up a; up b; port a:r1 1; port a:r2 2; port a:t1 3; port a:g1 4; port a:b1 5\n"
	"port a:b2 6; port a:lan0 8; port a:vxlan0 9; port b:r3 1; port b:vxlan0 9\n"
	"port a:p1 11; port a:p2 12; port a:p3 13\n";

static int set_up(void **state)
{
	(void) state;
	stage_open(yaml, story);
	return 0;
}

static const struct view_use *use_at(const char *place, const char *network)
{
	uint32_t sw, ofport;
	world_place(w, place, &sw, &ofport);
	return view_use(view_port(w->view, sw, ofport), world_network(w, network));
}

static uint32_t meter_of(const char *place, const char *network, enum net_storm_kind kind)
{
	uint32_t sw, ofport, id = 0;
	size_t n;
	world_place(w, place, &sw, &ofport);
	struct storm_meter *meters = storm_meters(view_switch(w->view, sw), &n, NULL);
	for (size_t i = 0; i < n; i++)
		if (meters[i].use == use_at(place, network) && meters[i].kind == kind)
			id = meters[i].id;
	free(meters);
	return id;
}

static size_t rows_with(uint32_t meter)
{
	char word[32];
	snprintf(word, sizeof word, "meter:%u,", meter);
	return world_count_rows(w, "a", word, NULL);
}

static void a_port_has_what_it_says_or_its_network(void **state)
{
	(void) state;
	assert_int_equal(use_at("a:r1", "red")->limits[STORM_BROADCAST], 1000);
	assert_int_equal(use_at("a:r1", "red")->limits[STORM_MULTICAST], 2000);
	assert_int_equal(use_at("a:r1", "red")->limits[STORM_UNKNOWN], 500);
	assert_int_equal(use_at("a:r2", "red")->limits[STORM_BROADCAST], 10);
	assert_int_equal(use_at("a:r2", "red")->limits[STORM_UNKNOWN], 0);
	assert_int_equal(use_at("a:lan0", "red")->limits[STORM_BROADCAST], 0);
	assert_int_equal(use_at("a:lan0", "red")->limits[STORM_UNKNOWN], 500);
	assert_int_equal(use_at("a:g1", "green")->limits[STORM_BROADCAST], 0);
	/* Of a trunk each network has its own. */
	assert_int_equal(use_at("a:t1", "green")->limits[STORM_UNKNOWN], 5);
	assert_int_equal(use_at("a:t1", "red")->limits[STORM_UNKNOWN], 500);
}

static void each_limit_has_its_meter(void **state)
{
	(void) state;
	uint32_t r1 = meter_of("a:r1", "red", STORM_BROADCAST), r2 = meter_of("a:r2", "red", STORM_BROADCAST);
	assert_true(r1 >= METER_STORM_FIRST && r1 <= METER_STORM_LAST);
	assert_int_not_equal(r1, r2);
	assert_int_equal(rows_with(r1), 1);
	assert_int_equal(rows_with(meter_of("a:r1", "red", STORM_UNKNOWN)), 1);
	/* Nobody is limited who has no limit: green by name, and the LAN's broadcast. */
	assert_int_equal(world_count_rows(w, "a", "table=14", "in_port=4", NULL), 0);
	assert_int_equal(meter_of("a:lan0", "red", STORM_BROADCAST), 0);
	assert_int_equal(world_count_rows(w, "a", "table=14", "in_port=8", NULL), 3);
	/* Where unknown unicast is not flooded, nothing is to be limited. */
	assert_int_equal(world_count_rows(w, "a", "table=70", "in_port=5", NULL), 0);
	assert_int_equal(world_count_rows(w, "b", "table=14", NULL), 4);
}

/* Whatever a port may send still arrives where it did, once. */
static void frames_go_their_way(void **state)
{
	(void) state;
	world_do(w, "host red 9 b:r3");
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_got, 4);
	world_send(w, "a:r1", world_frame(9, 1, UNTAGGED));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "b:r3", UNTAGGED), 1);
	world_send(w, "a:t1", world_frame(5, 2, 7));
	assert_int_equal(w->n_got, 4);
	world_send(w, "a:b1", world_frame(0, 3, UNTAGGED));
	assert_int_equal(world_got(w, "a:b2", UNTAGGED), 1);
	world_send(w, "a:b1", world_frame(77, 3, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	assert_string_equal(w->dropped_by, "unknown-dropped");
}

/* A new port, or another one that goes, renumbers nobody. */
static void ids_stay(void **state)
{
	(void) state;
	uint32_t r1 = meter_of("a:r1", "red", STORM_MULTICAST), t1 = meter_of("a:t1", "green", STORM_UNKNOWN);
	assert_int_equal(view_switch(w->view, world_switch(w, "a"))->n_limited, 10);
	world_do(w, "gone a:r2; gone a:lan0");
	assert_int_equal(view_switch(w->view, world_switch(w, "a"))->n_limited, 8);
	assert_int_equal(meter_of("a:r1", "red", STORM_MULTICAST), r1);
	world_do(w, "port a:r2 12");
	assert_int_equal(meter_of("a:t1", "green", STORM_UNKNOWN), t1);
	world_check(w);
}

static void few_meters(void **state)
{
	(void) state;
	struct scene scene = world_scene(w);
	uint32_t a = world_switch(w, "a");
	assert_int_equal(storm_n_without(&scene, a, false), 0);
	world_do(w, "down a; meters a 18; up a");
	world_reload(w, yaml);
	scene = world_scene(w);
	assert_int_equal(storm_n_without(&scene, a, false) + storm_n_without(&scene, a, true), 17);
	assert_int_equal(world_count_rows(w, "a", "meter:", NULL), 2);
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_got, 4);
	world_do(w, "meters a 0");
	world_reload(w, yaml);
	scene = world_scene(w);
	assert_int_equal(storm_n_without(&scene, a, false), 16);
	assert_int_equal(storm_n_without(&scene, a, true), 3);
	assert_int_equal(world_count_rows(w, "a", "meter:", NULL), 0);
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_got, 4);
}

static void an_edit_of_a_rate_changes_one_meter(void **state)
{
	char *edited;
	(void) state;
	assert_true(asprintf(&edited, "%.*s%s", (int) (strstr(yaml, "10pps") - yaml), yaml, "20pps") > 0);
	edited = realloc(edited, sizeof yaml + 8);
	strcat(edited, strstr(yaml, "10pps") + 5);
	uint32_t id = meter_of("a:r2", "red", STORM_BROADCAST);
	assert_int_equal(world_count_rows(w, "a", "rate=20 burst_size=20", NULL), 0);
	world_reload(w, edited);
	assert_int_equal(meter_of("a:r2", "red", STORM_BROADCAST), id);
	assert_int_equal(world_count_rows(w, "a", "rate=20 burst_size=20", NULL), 1);
	assert_int_equal(use_at("a:r2", "red")->limits[STORM_BROADCAST], 20);
	free(edited);
}

static void a_restart_sends_nothing(void **state)
{
	(void) state;
	world_restart(w);
	assert_int_equal(world_back(w, "b", 5), 0);
	assert_int_equal(world_back(w, "a", 5), 0);
}

/* --- rates ----------------------------------------------------------------------------- */

static void a_rate_is_a_meter_where_it_comes_in(void **state)
{
	(void) state;
	uint32_t p1 = meter_of("a:p1", "rated", LIMIT_RATE), p2 = meter_of("a:p2", "rated", LIMIT_RATE);
	assert_true(p1 >= METER_STORM_FIRST && p2 >= METER_STORM_FIRST && p1 != p2);
	char meter[64], row[64];
	snprintf(meter, sizeof meter, "meter=%u kbps burst", p1);
	assert_int_equal(world_count_rows(w, "a", meter, "rate=10000 burst_size=2500", NULL), 1);
	snprintf(meter, sizeof meter, "meter=%u kbps burst", p2);
	/* A few frames may always come in one go, and Open vSwitch counts bits in 32 bits. */
	assert_int_equal(world_count_rows(w, "a", meter, "rate=100 burst_size=300", NULL), 1);
	assert_int_equal(world_count_rows(w, "a", "rate=100000000 burst_size=1000000", NULL), 1);
	/* Untagged, and with a tag that says only how urgent it is. */
	snprintf(row, sizeof row, "actions=meter:%u,", p1);
	assert_int_equal(world_count_rows(w, "a", "table=0,", row, NULL), 2);
	snprintf(row, sizeof row, "actions=meter:%u,move:OXM_OF_VLAN_PCP", p2);
	assert_int_equal(world_count_rows(w, "a", "table=0,", row, NULL), 1);
	assert_int_equal(rows_with(p1), 2);
	world_send(w, "a:p2", world_frame(0, 1, 5));
	assert_int_equal(w->n_got, 2);
	world_send(w, "a:p1", world_frame(1, 2, UNTAGGED));
	assert_int_equal(world_got(w, "a:p2", 5), 1);
	assert_int_equal(w->walk->n_meters, 1);
}

static void told(const char *place, const char *network, enum net_storm_kind kind, uint64_t n_dropped);

static void who_sends_more_is_told(void **state)
{
	char text[200];
	(void) state;
	told("a:p1", "rated", LIMIT_RATE, 100);
	assert_int_equal(w->n_facts, 0);
	told("a:p1", "rated", LIMIT_RATE, 107);
	assert_int_equal(w->n_facts, 1);
	assert_int_equal(w->facts[0].kind, FACT_RATE);
	fact_format(&w->facts[0], w->net, w->view, text, sizeof text);
	assert_non_null(strstr(text, "rate rated a:p1 dropped=7"));
	assert_true(use_at("a:p1", "rated")->storms[LIMIT_RATE].active);
	assert_false(use_at("a:p1", "rated")->storms[STORM_BROADCAST].active);
	w->now_ms += STORM_OVER_MS;
	told("a:p1", "rated", LIMIT_RATE, 107);
	assert_int_equal(w->n_facts, 1);
	assert_int_equal(w->facts[0].kind, FACT_RATE_OVER);
	fact_format(&w->facts[0], w->net, w->view, text, sizeof text);
	assert_non_null(strstr(text, "rate-over rated a:p1 dropped=7"));
}

/* --- what meters tell ---------------------------------------------------------------- */

static void on_fact(void *ctx, struct fact *fact)
{
	(void) ctx;
	world_apply(w, *fact);
}

static void told(const char *place, const char *network, enum net_storm_kind kind, uint64_t n_dropped)
{
	struct scene scene = world_scene(w);
	struct reply reply = { .fact = on_fact };
	struct app_meter meters[] = {
		{ .id = METER_PUNT, .n_dropped = 99 },
		{ .id = meter_of(place, network, kind), .n_packets = n_dropped + 5, .n_dropped = n_dropped },
		{ .id = METER_STORM_LAST, .n_dropped = 99 },
	};
	uint32_t sw, ofport;
	world_place(w, place, &sw, &ofport);
	world_quiet(w);
	app_by_number(8)->metered(&scene, sw, meters, 3, &reply);
}

static const struct view_storm *storm_at(const char *place, const char *network, enum net_storm_kind kind)
{
	return &use_at(place, network)->storms[kind];
}

static void a_storm_begins_and_ends(void **state)
{
	char text[200];
	(void) state;
	/* What was dropped before we came is nobody's storm now. */
	told("a:r1", "red", STORM_BROADCAST, 1000);
	assert_int_equal(w->n_facts, 0);
	w->now_ms += 1000;
	told("a:r1", "red", STORM_BROADCAST, 1000);
	assert_int_equal(w->n_facts, 0);
	w->now_ms += 1000;
	told("a:r1", "red", STORM_BROADCAST, 1700);
	assert_int_equal(w->n_facts, 1);
	assert_int_equal(w->facts[0].kind, FACT_STORM);
	assert_true(storm_at("a:r1", "red", STORM_BROADCAST)->active);
	fact_format(&w->facts[0], w->net, w->view, text, sizeof text);
	assert_non_null(strstr(text, "storm red a:r1 broadcast dropped=700"));
	/* It goes on: no more news. */
	w->now_ms += 9000;
	told("a:r1", "red", STORM_BROADCAST, 1800);
	assert_int_equal(w->n_facts, 0);
	w->now_ms += 9999;
	told("a:r1", "red", STORM_BROADCAST, 1800);
	assert_int_equal(w->n_facts, 0);
	w->now_ms += 1;
	told("a:r1", "red", STORM_BROADCAST, 1800);
	assert_int_equal(w->n_facts, 1);
	assert_int_equal(w->facts[0].kind, FACT_STORM_OVER);
	assert_false(storm_at("a:r1", "red", STORM_BROADCAST)->active);
	assert_int_equal(storm_at("a:r1", "red", STORM_BROADCAST)->n_dropped, 800);
	assert_false(storm_at("a:r2", "red", STORM_BROADCAST)->active);
	/* A meter made anew counts from zero. */
	told("a:r1", "red", STORM_BROADCAST, 3);
	assert_int_equal(w->n_facts, 0);
	told("a:r1", "red", STORM_BROADCAST, 4);
	assert_int_equal(w->n_facts, 1);
}

static void a_storm_outlives_an_edit(void **state)
{
	(void) state;
	told("a:t1", "green", STORM_UNKNOWN, 1);
	told("a:t1", "green", STORM_UNKNOWN, 9);
	world_reload(w, yaml);
	assert_true(storm_at("a:t1", "green", STORM_UNKNOWN)->active);
	assert_int_equal(storm_at("a:t1", "green", STORM_UNKNOWN)->n_dropped, 8);
	/* But not the end of its limit. */
	world_reload(w, HEAD "networks: {green: {ports: [a:g1, {port: a:t1, tag: 8}]}}\n");
	assert_false(storm_at("a:t1", "green", STORM_UNKNOWN)->active);
	assert_int_equal(view_switch(w->view, world_switch(w, "a"))->n_limited, 0);
	assert_int_equal(world_count_rows(w, "a", "table=14", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_port_has_what_it_says_or_its_network, set_up, stage_close),
		cmocka_unit_test_setup_teardown(each_limit_has_its_meter, set_up, stage_close),
		cmocka_unit_test_setup_teardown(frames_go_their_way, set_up, stage_close),
		cmocka_unit_test_setup_teardown(ids_stay, set_up, stage_close),
		cmocka_unit_test_setup_teardown(few_meters, set_up, stage_close),
		cmocka_unit_test_setup_teardown(an_edit_of_a_rate_changes_one_meter, set_up, stage_close),
		cmocka_unit_test_setup_teardown(a_restart_sends_nothing, set_up, stage_close),
		cmocka_unit_test_setup_teardown(a_rate_is_a_meter_where_it_comes_in, set_up, stage_close),
		cmocka_unit_test_setup_teardown(who_sends_more_is_told, set_up, stage_close),
		cmocka_unit_test_setup_teardown(a_storm_begins_and_ends, set_up, stage_close),
		cmocka_unit_test_setup_teardown(a_storm_outlives_an_edit, set_up, stage_close),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
