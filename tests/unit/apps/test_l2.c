/* SPDX-License-Identifier: Apache-2.0 */
/* l2: learning, moving, ageing, limits, and the way back after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/stage.h"

/* One bridge. */
static const char one[] =
	"version: 1\n"
	"switches: {a: {dpid: 1}}\n"
	"networks: {red: {ageing: 25s, ports: [\"a:r*\"]}}\n";
/* Three hosts with a trunk each, as design says: transport vlan. */
static const char three[] =
	"version: 1\n"
	"switches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}}\n"
	"networks:\n"
	"  red: {transport: vlan, vlan: 30, uplinks: [a:up, b:up, c:up], ports: [\"*:r*\", {port: \"*:t*\", tag: 31}]}\n"
	"  green: {transport: vlan, vlan: 40, uplinks: [a:up, b:up], ports: [\"*:g*\"]}\n"
	"  blue: {ports: [\"*:b*\"]}\n";
static const char three_ports[] =
	"up a; port a:up 1; port a:r1 2; port a:r2 3; port a:g1 4; port a:b1 5; port a:t1 6\n"
	"up b; port b:up 11; port b:r1 12; port b:r2 13; port b:g1 14; port b:b1 15\n"
	"up c; port c:up 21; port c:r1 22; port c:g1 24; port c:b1 25\n";

static void send(const char *place, unsigned dst, unsigned src, size_t punts)
{
	world_send(w, place, world_frame(dst, src, UNTAGGED));
	assert_int_equal(w->n_punts, punts);
}

/* --- learning ---------------------------------------------------------------------- */

/* The first frame is copied to us and goes on; then silence (S01, S17). */
static void learned_once_where_it_speaks(void **state)
{
	(void) state;
	stage_open(one, "up a; port a:r1 1; port a:r2 2; port a:r3 3");
	send("a:r1", 2, 1, 1);
	assert_int_equal(w->n_got, 2);
	assert_int_equal(world_host(w, "red", 1)->ofport, 1);
	send("a:r1", 2, 1, 0);
	send("a:r2", 1, 2, 1);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	send("a:r2", 1, 2, 0);
	/* Two rows for each, by patch alone. */
	assert_int_equal(w->n_compiles, 0);
	assert_int_equal(w->n_changes, 4);
	assert_int_equal(world_count_rows(w, "a", "idle_timeout=25", "send_flow_rem", "in_port=1", NULL), 1);
	assert_int_equal(world_count_rows(w, "a", "priority=300", NULL), 4);
}

static void no_stranger_on_an_uplink_punts(void **state)
{
	(void) state;
	stage_open(three, three_ports);
	world_send(w, "lan", world_frame(0, 77, 30));
	assert_int_equal(w->n_punts, 0);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "a:t1", 31), 1);
	assert_int_equal(world_got(w, "c:r1", UNTAGGED), 1);
	assert_null(world_host(w, "red", 77));
}

static void punt(const uint8_t src[6], uint32_t ofport, size_t size)
{
	struct frame frame = world_frame_macs((const uint8_t[6]) { 2, 0, 0, 0, 0, 9 }, src, UNTAGGED, 0x88b5, "", 0);
	struct scene scene = { .net = w->net, .view = w->view, .now_ms = w->now_ms };
	struct app_punt in = { .table = TABLE_L2_SRC, .in_port = ofport, .network = world_network(w, "red"),
			       .class = CLASS_EDGE, .frame = frame.bytes, .size = size };
	struct reply none = { .fact = NULL };
	/* A fact would be a call of null. */
	app_by_table(TABLE_L2_SRC)->packet_in(&scene, &in, &none);
}

static void punts_that_say_nothing(void **state)
{
	(void) state;
	stage_open(one, "up a; port a:r1 1; port a:other 2; host red 1 a:r1");
	punt((const uint8_t[6]) { 3, 0, 0, 0, 0, 1 }, 1, 64);           /* a group */
	punt((const uint8_t[6]) { 0 }, 1, 64);                          /* nobody */
	punt((const uint8_t[6]) { 2, 0, 0, 0, 0, 1 }, 1, 64);           /* known there */
	punt((const uint8_t[6]) { 2, 0, 0, 0, 0, 5 }, 2, 64);           /* a port in no network */
	punt((const uint8_t[6]) { 2, 0, 0, 0, 0, 5 }, 9, 64);           /* a port that is gone */
	for (size_t size = 0; size < 14; size++)                        /* cut short */
		punt((const uint8_t[6]) { 2, 0, 0, 0, 0, 5 }, 1, size);
	assert_int_equal(view_n_hosts(w->view), 1);
}

struct keys { uint8_t msgs[4][SHAPE_MAX]; struct rule rules[4]; size_t n; };

static void on_fetch(void *ctx, const void *at)
{
	(void) ctx;
	assert_non_null(at);
}

static void on_fetch_row(void *ctx, uint32_t sw, const struct rule *key)
{
	struct keys *keys = ctx;
	assert_int_equal(sw, world_switch(w, "a"));
	assert_true(keys->n < 4 && key->size <= SHAPE_MAX);
	keys->rules[keys->n] = *key;
	keys->rules[keys->n].msg = memcpy(keys->msgs[keys->n], key->msg, key->size);
	keys->n++;
}

static size_t ahead(const uint8_t src[6], size_t size, struct keys *ret_keys)
{
	struct frame frame = world_frame_macs((const uint8_t[6]) { 2, 0, 0, 0, 0, 9 }, src, UNTAGGED, 0x88b5, "", 0);
	struct scene scene = { .net = w->net, .view = w->view, .now_ms = w->now_ms };
	struct app_punt in = { .sw = world_switch(w, "a"), .table = TABLE_L2_SRC, .in_port = 1,
			       .network = world_network(w, "red"), .class = CLASS_EDGE,
			       .frame = frame.bytes, .size = size };
	struct out out = { .shapes = w->shapes, .fetch = on_fetch, .fetch_row = on_fetch_row, .ctx = ret_keys };
	ret_keys->n = 0;
	for (unsigned turn = 0; turn < 2; turn++)
		app_by_table(TABLE_L2_SRC)->ahead(&scene, &in, turn, &out);
	return ret_keys->n;
}

/* What is read ahead is what a new host costs: neither more nor less. */
static void ahead_names_the_rows_that_come(void **state)
{
	static const uint8_t src[6] = { 2, 0, 0, 0, 0, 1 };
	struct keys keys;
	(void) state;
	stage_open(one, "up a; port a:r1 1");
	assert_int_equal(ahead(src, 11, &keys), 0);
	assert_int_equal(ahead(src, 64, &keys), 2);
	size_t n_before = w->n_changes;
	for (size_t i = 0; i < keys.n; i++)
		assert_null(ledger_find(w->rows[world_switch(w, "a")], &keys.rules[i]));
	world_do(w, "host red 1 a:r1");
	assert_int_equal(w->n_changes, n_before + keys.n);
	for (size_t i = 0; i < keys.n; i++)
		assert_non_null(ledger_find(w->rows[world_switch(w, "a")], &keys.rules[i]));
	assert_int_equal(ahead(src, 64, &keys), 0);
}

static void addresses_come_along(void **state)
{
	static const uint8_t src[6] = { 2, 0, 0, 0, 0, 1 }, all[6] = { 255, 255, 255, 255, 255, 255 };
	static const uint8_t arp[28] = { 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 7 };
	(void) state;
	stage_open(one, "up a; port a:r1 1");
	world_send(w, "a:r1", world_frame_macs(all, src, UNTAGGED, 0x0806, arp, sizeof arp));
	assert_true(world_host(w, "red", 1)->has_ip4);
	assert_memory_equal(world_host(w, "red", 1)->ip4, arp + 14, 4);
}

/* Every switch with an uplink there knows the way after one punt; those in
 * other networks hear nothing (P3). */
static void one_punt_tells_all_switches(void **state)
{
	(void) state;
	stage_open(three, three_ports);
	send("a:r1", 0, 1, 1);
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "c:r1", UNTAGGED), 1);
	assert_int_equal(w->n_changes, 5);
	assert_int_equal(w->n_compiles, 0);
	send("b:r1", 1, 2, 1);
	assert_int_equal(w->n_got, 2);          /* a:r1, and the LAN saw it */
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "lan", 30), 1);
	send("c:r1", 2, 3, 1);
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 1);
	/* green has no uplink on c, blue none at all. */
	world_quiet(w);
	send("a:g1", 0, 4, 1);
	assert_int_equal(w->n_changes, 4);
	world_quiet(w);
	send("a:b1", 0, 5, 1);
	assert_int_equal(w->n_changes, 2);
	assert_int_equal(w->n_got, 0);
}

/* --- moving ------------------------------------------------------------------------ */

/* S11 */
static void a_move_on_one_switch(void **state)
{
	(void) state;
	stage_open(one, "up a; port a:r1 1; port a:r2 2; port a:r3 3; host red 1 a:r1; host red 3 a:r3");
	world_quiet(w);
	send("a:r2", 3, 1, 1);
	assert_int_equal(w->n_facts, 1);
	assert_int_equal(w->facts[0].old_ofport, 1);
	send("a:r3", 1, 3, 0);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:r2", UNTAGGED), 1);
	assert_int_equal(world_count_rows(w, "a", "priority=300", "in_port=1", NULL), 0);
}

static void a_move_between_switches(void **state)
{
	(void) state;
	stage_open(three, three_ports);
	world_do(w, "host red 1 a:r1; host red 2 b:r1; host red 3 c:r1");
	world_quiet(w);
	/* Where it was it is heard on the uplink, too late. */
	send("b:r2", 0, 1, 2);
	/* Old rows out, old way turned, new rows in; c need not know. */
	assert_int_equal(w->n_changes, 6);
	send("a:r2", 1, 4, 1);
	assert_int_equal(world_got(w, "b:r2", UNTAGGED), 1);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 0);
	send("b:r1", 1, 2, 0);
	assert_int_equal(w->n_got, 1);
	send("c:r1", 1, 3, 0);
	assert_int_equal(world_got(w, "b:r2", UNTAGGED), 1);
	/* And to a switch without an uplink in the network. */
	world_do(w, "host green 5 a:g1; host green 5 c:g1");
	world_check(w);
	world_do(w, "host green 5 b:g1");
}

/* Behind an uplink nobody is learned, and a host of ours that is heard there is not lost: it is unknown,
 * and found where it is, when it goes on, or its port is down. */
static void a_move_beyond_the_uplink(void **state)
{
	(void) state;
	stage_open(three, three_ports);
	world_do(w, "host red 1 a:r1; host red 2 a:r2; host red 3 b:r1");
	world_send(w, "lan", world_frame(0, 1, 30));
	assert_int_equal(w->n_punts, 1);
	assert_int_equal(world_host(w, "red", 1)->sw, world_switch(w, "a"));
	w->now_ms += 1000;
	world_quiet(w);
	world_send(w, "lan", world_frame(0, 1, 30));
	assert_null(world_host(w, "red", 1));
	assert_int_equal(w->facts[0].reason, REASON_GOES_ON);
	world_check(w);
	world_send(w, "a:r2", world_frame(1, 2, UNTAGGED));
	assert_int_equal(world_got(w, "lan", 30), 1);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	world_send(w, "lan", world_frame(0, 1, 30));
	assert_int_equal(w->n_punts, 0);
	/* It is at home after all. */
	world_send(w, "a:r1", world_frame(2, 1, UNTAGGED));
	assert_non_null(world_host(w, "red", 1));
	/* Its port is down. */
	world_do(w, "down b:r1");
	world_send(w, "lan", world_frame(0, 3, 30));
	assert_null(world_host(w, "red", 3));
}

/* Who may be at one port only, or has to stay, is not led away. */
static void nobody_is_led_away_by_the_uplink(void **state)
{
	(void) state;
	stage_open("version: 1\nswitches: {a: {dpid: 1}}\nnetworks:\n"
		   "  red: {transport: vlan, vlan: 30, uplinks: [a:up], ports: [{port: a:r1, mac: \"02:00:00:00:00:01\"}, {port: a:r2, sticky: true}]}\n",
		   "up a; port a:up 1; port a:r1 2; port a:r2 3; host red 1 a:r1; host red 2 a:r2");
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned mac = 1; mac <= 2; mac++) {
			world_send(w, "lan", world_frame(0, mac, 30));
			assert_int_equal(w->n_punts, 0);
		}
		w->now_ms += 1000;
	}
	assert_non_null(world_host(w, "red", 1));
	assert_non_null(world_host(w, "red", 2));
}

/* --- ageing ------------------------------------------------------------------------ */

/* Good until the next but one. */
static struct rule row_of(uint32_t sw, const char *kind, unsigned mac)
{
	static struct row_room rooms[2];
	static unsigned n;
	struct row_room *room = &rooms[n++ % 2];
	struct ledger_iter iter;
	for (const struct row *row = ledger_first(w->rows[sw], &iter); row; row = ledger_after(w->rows[sw], &iter)) {
		struct rule rule;
		uint8_t in_row[6];
		row_rule(row, room, &rule);
		const struct app_row *is = app_row_of(&rule);
		if (!is || strcmp(is->name, kind))
			continue;
		if (!mac || (rule_match_mac(&rule, strcmp(kind, "host") ? FIELD_ETH_DST : FIELD_ETH_SRC, in_row)
			     && in_row[5] == mac))
			return rule;
	}
	fail_msg("no row %s for %u", kind, mac);
	return (struct rule) { .size = 0 };
}

static void apply_fact(void *ctx, struct fact *fact)
{
	(void) ctx;
	world_apply(w, *fact);
}

static bool removed(uint32_t sw, struct rule rule, bool idle)
{
	struct scene scene = { .net = w->net, .view = w->view, .now_ms = w->now_ms };
	struct reply reply = { .fact = apply_fact };
	uint8_t copy[256];
	assert_true(rule.size <= sizeof copy);
	memcpy(copy, rule.msg, rule.size);
	rule.msg = copy;
	return app_by_table(TABLE_L2_SRC)->removed(&scene, sw, &rule, idle, &reply);
}

static void silence_ages(void **state)
{
	(void) state;
	stage_open(three, three_ports);
	world_do(w, "host red 1 a:r1");
	/* Deleted by another hand: the ledger's business. */
	assert_false(removed(0, row_of(0, "host", 1), false));
	assert_non_null(world_host(w, "red", 1));
	/* Rows that do not age. */
	removed(0, row_of(0, "host-at", 1), true);
	removed(0, row_of(0, "new-host", 0), true);
	assert_non_null(world_host(w, "red", 1));
	world_quiet(w);
	removed(0, row_of(0, "host", 1), true);
	assert_null(world_host(w, "red", 1));
	assert_int_equal(w->facts[0].reason, REASON_AGED);
	for (uint32_t sw = 0; sw < 3; sw++)
		assert_int_equal(world_count_rows(w, view_switch(w->view, sw)->name, "priority=300", NULL), 0);
}

/* Its row was deleted when it left, and is there again when OVS tells of that. */
static void a_deletion_is_told_late(void **state)
{
	(void) state;
	stage_open(one, "up a; port a:r1 1; port a:r2 2; host red 1 a:r1");
	w->now_ms += 1000;
	world_do(w, "host red 1 a:r2; host red 1 a:r1");
	assert_true(removed(0, row_of(0, "host", 1), false));
	assert_non_null(world_host(w, "red", 1));
	w->now_ms += 2000;
	assert_false(removed(0, row_of(0, "host", 1), false));
}

/* The old place falls silent after a move: that is no news. */
static void old_rows_age_without_effect(void **state)
{
	(void) state;
	stage_open(one, "up a; port a:r1 1; port a:r2 2; host red 1 a:r1");
	struct rule old = row_of(0, "host", 1);
	uint8_t copy[256];
	memcpy(copy, old.msg, old.size);
	old.msg = copy;
	world_do(w, "host red 1 a:r2");
	removed(0, old, true);
	assert_int_equal(world_host(w, "red", 1)->ofport, 2);
	world_do(w, "forget red 1");
	removed(0, old, true);
}

static void ageing_fits_the_wire(void **state)
{
	(void) state;
	stage_open("version: 1\nnetworks:\n  red: {ageing: 65535s, ports: [\"*:r*\"]}\n  green: {ageing: 0, ports: [\"*:g*\"]}\n",
		   "up a; port a:r1 1; host red 1 a:r1; port a:g1 2; host green 1 a:g1");
	assert_int_equal(world_count_rows(w, "a", "idle_timeout=65535", NULL), 1);
	assert_int_equal(world_count_rows(w, "a", "idle_timeout", NULL), 1);
}

/* --- limits ------------------------------------------------------------------------ */

static size_t n_refused(void)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n_facts; i++)
		n += w->facts[i].kind == FACT_HOST_REFUSED;
	return n;
}

/* S19 */
static void a_full_port(void **state)
{
	(void) state;
	stage_open("version: 1\nswitches: {a: {dpid: 1}}\n"
		   "networks: {red: {ports: [{port: a:r1, max_hosts: 2}, a:r2]}}\n",
		   "up a; port a:r1 1; port a:r2 2; host red 9 a:r2");
	send("a:r1", 9, 1, 1);
	send("a:r1", 9, 2, 1);
	assert_int_equal(world_count_rows(w, "a", "table=60,priority=200", NULL), 1);
	world_check(w);
	/* The third is reported and goes nowhere. */
	send("a:r1", 9, 3, 1);
	assert_int_equal(w->n_got, 0);
	assert_null(world_host(w, "red", 3));
	assert_int_equal(n_refused(), 1);
	assert_int_equal(view_port(w->view, 0, 1)->n_refused, 1);
	/* Those already learned keep working, both ways; other ports are not full. */
	send("a:r1", 9, 1, 0);
	assert_int_equal(w->n_got, 1);
	send("a:r2", 2, 9, 0);
	assert_int_equal(w->n_got, 1);
	send("a:r2", 1, 8, 1);
	assert_int_equal(w->n_got, 1);
	/* One ages, the next may come. */
	world_do(w, "forget red 2");
	assert_int_equal(world_count_rows(w, "a", "table=60,priority=200", NULL), 0);
	send("a:r1", 9, 3, 1);
	assert_non_null(world_host(w, "red", 3));
	/* One moves away, that makes room too; one moves in, that fills it. */
	send("a:r2", 9, 3, 1);
	assert_int_equal(world_count_rows(w, "a", "table=60,priority=200", NULL), 0);
	send("a:r1", 9, 8, 1);
	assert_int_equal(world_count_rows(w, "a", "table=60,priority=200", NULL), 1);
	send("a:r1", 9, 3, 1);
	assert_int_equal(world_host(w, "red", 3)->ofport, 2);
}

/* S18: exactly two, those two keep working, other networks are not touched. */
static void a_full_network(void **state)
{
	(void) state;
	stage_open("version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}}\n"
		   "networks:\n"
		   "  red: {transport: vlan, vlan: 30, uplinks: [a:up, b:up], max_hosts: 2, ports: [\"*:r*\"]}\n"
		   "  green: {ports: [\"*:g*\"]}\n",
		   "up a; port a:up 1; port a:r1 2; port a:r2 3; port a:g1 4; port a:g2 5\n"
		   "up b; port b:up 1; port b:r1 2\n");
	send("a:r1", 0, 1, 1);
	send("b:r1", 0, 2, 1);
	assert_int_equal(world_count_rows(w, "a", "table=60,priority=150", NULL), 1);
	assert_int_equal(world_count_rows(w, "b", "table=60,priority=150", NULL), 1);
	world_check(w);
	send("a:r2", 1, 3, 1);
	assert_int_equal(w->n_got, 0);
	send("b:r1", 1, 4, 1);
	assert_int_equal(n_refused(), 2);
	assert_int_equal(view_network_by_id(w->view, world_network(w, "red"))->n_refused, 2);
	send("a:r1", 2, 1, 0);
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 1);
	send("b:r1", 1, 2, 0);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	send("a:g1", 0, 5, 1);
	assert_int_equal(w->n_got, 1);
	/* What comes by the uplink is not at this edge and not refused. */
	world_send(w, "lan", world_frame(1, 77, 30));
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	/* A known host may move in a full network. */
	send("b:r1", 0, 1, 1);
	assert_int_equal(world_host(w, "red", 1)->sw, 1);
	world_do(w, "forget red 1");
	assert_int_equal(world_count_rows(w, "a", "table=60,priority=150", NULL), 0);
	assert_int_equal(world_count_rows(w, "b", "table=60,priority=150", NULL), 0);
	send("a:r2", 0, 3, 1);
	assert_non_null(world_host(w, "red", 3));
}

/* S13: nothing comes in there, everything goes out. */
static void a_port_for_output_only(void **state)
{
	(void) state;
	stage_open("version: 1\nswitches: {a: {dpid: 1}}\n"
		   "networks: {red: {ports: [{port: a:r1, max_hosts: 0}, a:r2, a:r3]}}\n",
		   "up a; port a:r1 1; port a:r2 2; port a:r3 3");
	send("a:r1", 0, 1, 1);
	assert_int_equal(w->n_got, 0);
	assert_int_equal(n_refused(), 1);
	assert_null(world_host(w, "red", 1));
	send("a:r2", 0, 2, 1);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "a:r3", UNTAGGED), 1);
}

/* A limit lowered below what is there sends nobody away. */
static void a_lowered_limit(void **state)
{
	(void) state;
	stage_open("version: 1\nnetworks: {red: {ports: [\"*:*\"]}}\n",
		   "up a; port a:r1 1; port a:r2 2; host red 1 a:r1; host red 2 a:r1; host red 3 a:r2");
	world_reload(w, "version: 1\nnetworks: {red: {max_hosts: 1, ports: [{port: \"*:*\", max_hosts: 1}]}}\n");
	assert_int_equal(view_n_hosts(w->view), 3);
	send("a:r1", 3, 2, 0);
	assert_int_equal(w->n_got, 1);
	send("a:r1", 3, 4, 1);
	assert_int_equal(w->n_got, 0);
	world_check(w);
	world_do(w, "forget red 1; forget red 2");
	world_check(w);
	world_do(w, "forget red 3");
	send("a:r1", 3, 4, 1);
	assert_non_null(world_host(w, "red", 4));
}

static void punts_go_through_a_meter_where_there_are_meters(void **state)
{
	(void) state;
	stage_open(one, "up a; port a:r1 1");
	assert_int_equal(world_count_rows(w, "a", "meter", NULL), 0);
	world_do(w, "meters a 100");
	assert_int_equal(world_count_rows(w, "a", "meter=65536", NULL), 1);
	assert_int_equal(world_count_rows(w, "a", "controller(", "meter_id=65536", "max_len=128", NULL), 1);
}

/* --- restart ----------------------------------------------------------------------- */

static const char populated[] =
	"host red 1 a:r1; host red 2 a:t1; host red 3 b:r1; host red 4 b:r2; host red 5 c:r1\n"
	"host green 6 a:g1; host green 7 b:g1; host green 8 c:g1; host blue 9 a:b1; host blue 9 b:b1\n";

/* P1: whoever comes back first, nothing is sent to anybody. */
static void a_restart_sends_nothing(void **state)
{
	static const char *const orders[6][3] = {
		{ "a", "b", "c" }, { "a", "c", "b" }, { "b", "a", "c" },
		{ "b", "c", "a" }, { "c", "a", "b" }, { "c", "b", "a" },
	};
	(void) state;
	stage_open(three, three_ports);
	world_do(w, "meters a 10; meters c 10");
	world_do(w, populated);
	size_t n_hosts = view_n_hosts(w->view);
	for (size_t i = 0; i < 6; i++) {
		world_restart(w);
		for (size_t k = 0; k < 3; k++) {
			assert_int_equal(world_back(w, orders[i][k], 10), 0);
			world_check(w);
		}
		assert_int_equal(view_n_hosts(w->view), n_hosts);
		world_quiet(w);
	}
	assert_int_equal(world_host(w, "red", 5)->sw, 2);
	assert_true(world_host(w, "red", 5)->recovered);
}

/* A host that is behind a switch which is not back: the way to it stays, until
 * that switch has spoken, or is given up. */
static void the_trap(void **state)
{
	(void) state;
	stage_open(three, three_ports);
	world_do(w, populated);
	world_restart(w);
	assert_int_equal(world_back(w, "a", 10), 0);
	assert_true(world_host(w, "red", 3)->unconfirmed);
	assert_true(world_host(w, "red", 5)->unconfirmed);
	/* It speaks elsewhere meanwhile: believed at once. */
	world_quiet(w);
	send("a:r2", 1, 3, 1);
	assert_false(world_host(w, "red", 3)->unconfirmed);
	assert_int_equal(world_host(w, "red", 3)->sw, 0);
	/* b's row for it is old news. */
	assert_true(world_back(w, "b", 10) > 0);
	assert_int_equal(world_host(w, "red", 3)->sw, 0);
	world_check(w);
	world_do(w, "settle");
	assert_non_null(world_host(w, "red", 5));
	world_do(w, "give-up");
	assert_null(world_host(w, "red", 5));
}

static void a_switch_that_lost_its_rows(void **state)
{
	(void) state;
	stage_open(three, three_ports);
	world_do(w, populated);
	world_restart(w);
	world_back(w, "a", 10);
	world_back(w, "b", 10);
	/* c comes back with empty tables. */
	world_do(w, "port c:up 21; port c:r1 22; port c:g1 24; port c:b1 25; up c");
	assert_true(world_host(w, "red", 5)->unconfirmed);
	world_do(w, "settle");
	assert_null(world_host(w, "red", 5));
	for (uint32_t sw = 0; sw < 3; sw++)
		assert_int_equal(world_count_rows(w, view_switch(w->view, sw)->name,
						  "dl_dst=02:00:00:00:00:05", NULL), 0);
}

/* Rows that remember a host which everybody disowns are no evidence. */
static void ghosts_do_not_come_back(void **state)
{
	(void) state;
	stage_open(three, three_ports);
	world_do(w, populated);
	world_restart(w);
	world_back(w, "b", 10);
	world_back(w, "c", 10);
	world_do(w, "forget red 5; forget green 8");
	world_check(w);
	/* a still has a row towards 5, but c, b have spoken. */
	assert_true(world_back(w, "a", 10) > 0);
	assert_null(world_host(w, "red", 5));
	world_check(w);
}

/* While the daemon was away a host fell silent: its source row aged, the way to
 * it did not. That is not the memory of another switch. */
static void a_way_to_nobody(void **state)
{
	struct scene scene;
	struct reply none = { .fact = NULL };
	uint8_t copy[256];
	(void) state;
	stage_open(three, three_ports);
	world_do(w, "host red 1 a:r1");
	struct rule rule = row_of(0, "host-at", 1);
	memcpy(copy, rule.msg, rule.size);
	rule.msg = copy;
	world_do(w, "forget red 1");
	world_restart(w);
	world_do(w, "port a:up 1; port a:r1 2");
	scene = (struct scene) { .net = w->net, .view = w->view, .now_ms = w->now_ms };
	/* A fact would be a call of null. */
	app_by_table(TABLE_L2_DST)->recover(&scene, 0, &rule, 1, &none);
}

static uint32_t heard_age;
static void hear_age(void *ctx, struct fact *fact)
{
	(void) ctx;
	assert_true(fact->recovered);
	heard_age = fact->age_s;
}

static void rows_tell_their_age(void **state)
{
	struct scene scene;
	struct reply reply = { .fact = hear_age };
	(void) state;
	stage_open(one, "up a; port a:r1 1; host red 1 a:r1");
	struct rule rule = row_of(0, "host", 1);
	scene = (struct scene) { .net = w->net, .view = w->view, .now_ms = w->now_ms };
	app_by_table(TABLE_L2_SRC)->recover(&scene, 0, &rule, 77, &reply);
	assert_int_equal(heard_age, 77);
}

static const char two_full[] =
	"version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}}\n"
	"networks: {red: {max_hosts: 2, ports: [\"*:r*\"]}}\n";

/* The hosts that fill it are behind switches that are not back yet. */
static void a_full_network_stays_full_over_a_restart(void **state)
{
	(void) state;
	stage_open(two_full, "up a; port a:r1 1; up b; port b:r1 1; host red 1 a:r1; host red 2 b:r1");
	world_restart(w);
	assert_int_equal(world_back(w, "a", 9), 0);
	send("a:r1", 1, 3, 1);
	assert_null(world_host(w, "red", 3));
	world_do(w, "settle");
	assert_int_equal(world_back(w, "b", 9), 0);
	world_do(w, "settle");
	world_check(w);
	assert_int_equal(world_count_rows(w, "a", "table=60,priority=150", NULL), 1);
	world_do(w, "forget red 2");
	assert_int_equal(world_count_rows(w, "a", "table=60,priority=150", NULL), 0);
}

static void a_network_that_is_no_longer_full(void **state)
{
	(void) state;
	stage_open(two_full, "up a; port a:r1 1; port a:r2 2; up b; port b:r1 1; host red 1 a:r1; host red 2 b:r1");
	world_restart(w);
	world_back(w, "a", 9);
	/* From two to one, and to none, while b is not back. */
	world_do(w, "host red 8 a:r1; forget red 8");
	world_check(w);
	world_do(w, "forget red 1");
	world_check(w);
	assert_int_equal(world_count_rows(w, "a", "table=60,priority=150", NULL), 1);
	world_do(w, "port b:r1 1; up b; settle");
	assert_int_equal(world_count_rows(w, "a", "table=60,priority=150", NULL), 0);
	assert_int_equal(world_count_rows(w, "b", "table=60,priority=150", NULL), 0);
	send("a:r1", 0, 3, 1);
	assert_non_null(world_host(w, "red", 3));
}

/* A live switch reconnects with a row for a host that moved while it was away. */
static void a_reconnect_does_not_undo_a_move(void **state)
{
	struct scene scene;
	struct reply reply = { .fact = apply_fact };
	uint8_t copy[256];
	(void) state;
	stage_open(three, three_ports);
	world_do(w, "host red 1 a:r1");
	struct rule old = row_of(0, "host", 1);
	memcpy(copy, old.msg, old.size);
	old.msg = copy;
	world_do(w, "down a; host red 1 b:r1");
	scene = (struct scene) { .net = w->net, .view = w->view, .now_ms = w->now_ms };
	app_by_table(TABLE_L2_SRC)->recover(&scene, 0, &old, 1, &reply);
	assert_int_equal(world_host(w, "red", 1)->sw, 1);
}

/* The younger of two rows read back is the truth. */
static void two_rows_for_one_host(void **state)
{
	(void) state;
	stage_open(three, three_ports);
	world_do(w, "host red 1 a:r1 age=100; host red 1 b:r1 age=5");
	assert_int_equal(world_host(w, "red", 1)->sw, 1);
	world_check(w);
	world_do(w, "host red 1 a:r1 age=100");
	assert_int_equal(world_host(w, "red", 1)->sw, 1);
	world_do(w, "host red 1 c:r1 age=1");
	assert_int_equal(world_host(w, "red", 1)->sw, 2);
}

/* --- files ------------------------------------------------------------------------- */

/* S31 and its kin: who loses the place is told, others stay. */
static void a_port_leaves_the_file(void **state)
{
	(void) state;
	stage_open("version: 1\nswitches: {a: {dpid: 1}}\nnetworks: {red: {ports: [a:r1, a:r2, a:r3]}}\n",
		   "up a; port a:r1 1; port a:r2 2; port a:r3 3; host red 1 a:r1; host red 2 a:r2; host red 3 a:r3");
	world_quiet(w);
	world_reload(w, "version: 1\nswitches: {a: {dpid: 1}}\nnetworks: {red: {ports: [a:r1, a:r2]}}\n");
	assert_int_equal(w->n_facts, 1);
	assert_int_equal(w->facts[0].reason, REASON_CONFIG);
	assert_int_equal(world_count_rows(w, "a", "dl_dst=02:00:00:00:00:03", NULL), 0);
	assert_int_equal(world_count_rows(w, "a", "dl_dst=02:00:00:00:00:02", NULL), 1);
}

/* A line inserted before others renumbers nothing: the same rows, bit for bit. */
static void inserting_a_line_changes_nothing_else(void **state)
{
	static const char before[] =
		"version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}}\n"
		"networks: {red: {transport: vlan, vlan: 9, uplinks: [a:up, b:up], ports: [\"*:r*\"]}}\n";
	static const char after[] =
		"version: 1\nswitches: {a: {dpid: 1}, aa: {dpid: 7}, b: {dpid: 2}}\n"
		"networks:\n"
		"  blue: {ports: [aa:x1]}\n"
		"  red: {transport: vlan, vlan: 9, uplinks: [a:up, b:up], ports: [aa:x2, \"*:r*\"]}\n";
	(void) state;
	stage_open(before, "up a; port a:up 1; port a:r1 2; up b; port b:up 1; port b:r1 2; host red 1 a:r1; host red 2 b:r1");
	char *old[2] = { world_rows_text(w, 0), world_rows_text(w, 1) };
	world_reload(w, after);
	for (uint32_t sw = 0; sw < 2; sw++) {
		char *new = world_rows_text(w, sw);
		assert_string_equal(old[sw], new);
		free(new);
		free(old[sw]);
	}
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(learned_once_where_it_speaks),
		TEST(no_stranger_on_an_uplink_punts),
		TEST(punts_that_say_nothing), TEST(ahead_names_the_rows_that_come),
		TEST(addresses_come_along),
		TEST(one_punt_tells_all_switches),
		TEST(a_move_on_one_switch),
		TEST(a_move_between_switches),
		TEST(a_move_beyond_the_uplink),
		TEST(nobody_is_led_away_by_the_uplink),
		TEST(silence_ages),
		TEST(a_deletion_is_told_late), TEST(old_rows_age_without_effect),
		TEST(ageing_fits_the_wire),
		TEST(a_full_port),
		TEST(a_full_network),
		TEST(a_port_for_output_only),
		TEST(a_lowered_limit),
		TEST(punts_go_through_a_meter_where_there_are_meters),
		TEST(a_restart_sends_nothing),
		TEST(the_trap),
		TEST(a_switch_that_lost_its_rows),
		TEST(ghosts_do_not_come_back),
		TEST(a_way_to_nobody),
		TEST(rows_tell_their_age),
		TEST(a_full_network_stays_full_over_a_restart),
		TEST(a_network_that_is_no_longer_full),
		TEST(a_reconnect_does_not_undo_a_move),
		TEST(two_rows_for_one_host),
		TEST(a_port_leaves_the_file),
		TEST(inserting_a_line_changes_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
