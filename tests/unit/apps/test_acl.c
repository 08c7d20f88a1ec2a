/* SPDX-License-Identifier: Apache-2.0 */
/* acl: what rules cost in rows, what an edit changes, what tracking is told. What
 * rules mean is test_acl_random.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/acl.h"
#include "tests/unit/apps/acl_random.h"
#include "tests/unit/apps/stage.h"
#include "topo/arena.h"

/* --- what is sent ------------------------------------------------------------------------ */

/* How many messages the edit costs this switch. */
static size_t edit(const char *yaml, const char *sw)
{
	uint32_t slot = world_switch(w, sw);
	world_deliver(w, slot);
	world_reload(w, yaml);
	return ledger_n_dirty(w->rows[slot]);
}

#define HEAD "version: 1\nswitches: {a: {dpid: 1, vtep: 10.0.0.1}, b: {dpid: 2, vtep: 10.0.0.2}}\n" \
	"networks:\n  red: {vni: 5, ports: [a:r1, a:r2, b:r1]%s}\n  blue: {vni: 6, ports: [{port: a:r1, tag: 9}, b:b1]}\n"
#define PORTS "up a; up b; port a:vxlan0 1000; port b:vxlan0 1000; port a:r1 1; port a:r2 2; port b:r1 1; port b:b1 2\n" \
	"host red 1 a:r1; host red 2 a:r2; host red 3 b:r1\n"

static char *text(const char *network, const char *rest)
{
	char *yaml;
	assert_true(asprintf(&yaml, HEAD "%s", network, rest) > 0);
	return yaml;
}

static void begin(const char *network, const char *rest)
{
	char *yaml = text(network, rest);
	stage_open(yaml, PORTS);
	free(yaml);
}

static size_t edit_to(const char *network, const char *rest)
{
	char *yaml = text(network, rest);
	size_t n = edit(yaml, "a");
	free(yaml);
	return n;
}

/* --- who pays ---------------------------------------------------------------------------- */

static void who_has_no_rules_pays_nothing(void **state)
{
	(void) state;
	begin("", "");
	char *before = world_rows_text(w, 0);
	assert_int_equal(edit_to("", "groups: {g: [10.0.0.1]}\nacls: {l: [{deny: tcp, to: g}, {allow: any}]}\n"), 0);
	char *after = world_rows_text(w, 0);
	assert_string_equal(before, after);
	free(after);
	/* Another network's rules: only the rows that are there for rules are new. */
	assert_true(edit_to(", acl: l", "groups: {g: [10.0.0.1]}\nacls: {l: [{deny: tcp, to: g}, {allow: any}]}\n") > 10);
	assert_int_equal(world_count_rows(w, "a", "table=0", "vlan_vid=9", "goto_table:60", NULL)
			 + world_count_rows(w, "a", "table=0", "dl_vlan=9", "goto_table:60", NULL), 1);
	assert_true(edit_to("", "") > 10);
	after = world_rows_text(w, 0);
	assert_string_equal(before, after);
	free(after);
	free(before);
}

static void without_state_nothing_is_tracked(void **state)
{
	(void) state;
	begin(", acl: l", "acls: {l: {stateful: false, rules: [{deny: tcp}, {allow: any}]}}\n");
	assert_int_equal(world_count_rows(w, "a", "ct(", NULL), 0);
	assert_int_equal(world_count_rows(w, "a", "ct_state", NULL), 0);
	edit_to(", acl: l", "acls: {l: [{deny: tcp}, {allow: any}]}\n");
	assert_true(world_count_rows(w, "a", "ct(", NULL) > 0);
	/* Of one network only. */
	char blue[32];
	snprintf(blue, sizeof blue, "reg0=0x%x", world_network(w, "blue"));
	assert_int_equal(world_count_rows(w, "a", "ct(", blue, NULL), 0);
}

/* m + n + p and not m x n x p. */
static void a_rule_costs_the_sum(void **state)
{
	(void) state;
	begin(", acl: l", "acls: {l: [{allow: tcp, from: [10.0.0.1, 10.0.0.3, 10.0.0.5], to: [10.0.1.1, 10.0.1.3], "
	      "port: [22, 80, 443, 8080], name: the-rule}, {deny: any}]}\n");
	assert_int_equal(world_count_rows(w, "a", "table=32", "conjunction(", NULL), 3 + 2 + 4);
	assert_int_equal(world_count_rows(w, "a", "table=32", "conj_id", NULL), 1);
	/* One dimension needs no conjunction. */
	edit_to(", acl: l", "acls: {l: [{allow: tcp, from: 10.0.0.1, to: 10.0.1.1, port: [22, 80, 443, 8080]}, {deny: any}]}\n");
	assert_int_equal(world_count_rows(w, "a", "table=32", "conj", NULL), 0);
	assert_int_equal(world_count_rows(w, "a", "table=32", "tcp", NULL), 4);
}

/* --- edits ------------------------------------------------------------------------------- */

enum { N_RULES = 200 };

/* Rules 0 to N_RULES-1, and one more in front of rule `extra`. */
static char *many_rules(int extra, const char *member)
{
	char *rules;
	size_t len;
	FILE *out = open_memstream(&rules, &len);
	fprintf(out, "groups: {g: [10.0.0.1, 10.0.0.2%s], h: [10.1.0.0/16]}\nacls:\n  l:\n", member);
	for (int i = 0; i <= N_RULES; i++) {
		if (i == extra)
			fprintf(out, "    - {deny: udp, port: %d, from: g}\n", 9000 + extra);
		if (i < N_RULES)
			fprintf(out, "    - {%s: tcp, port: %d, from: %c, to: 10.0.2.%d}\n", i % 3 ? "allow" : "deny",
				1000 + 3 * i, i % 2 ? 'g' : 'h', i % 200);
	}
	fputs("    - {deny: any}\n", out);
	fclose(out);
	return rules;
}

/* An insertion sends the rows of the new rule and those of the few rules whose
 * number it moves: not half the list. */
static void an_inserted_rule_moves_few(void **state)
{
	size_t total = 0, n = 0, most = 0;
	(void) state;
	char *plain = many_rules(-1, "");
	begin(", acl: l", plain);
	for (int at = 0; at <= N_RULES; at += 8, n++) {
		char *more = many_rules(at, "");
		size_t there = edit_to(", acl: l", more), back = edit_to(", acl: l", plain);
		total += there + back;
		most = there > most ? there : most;
		assert_true(there >= 1 && back >= 1);
		free(more);
	}
	print_message("inserting one of %d rules: %zu rows on average, %zu at most, of %zu\n", N_RULES, total / 2 / n, most,
		      world_count_rows(w, "a", "table=32", NULL));
	/* Numbered by position it were a row out and a row in for half of them. */
	assert_true(total / 2 / n < N_RULES / 2);
	free(plain);
}

static void an_address_of_a_group_is_a_row(void **state)
{
	(void) state;
	char *two = many_rules(-1, ""), *three = many_rules(-1, ", 10.0.0.77");
	begin(", acl: l", two);
	assert_int_equal(edit_to(", acl: l", three), 1);
	assert_int_equal(edit_to(", acl: l", two), 1);
	free(two);
	free(three);
}

static void another_verdict_touches_its_rule(void **state)
{
	(void) state;
	begin(", acl: l", "acls: {l: [{allow: tcp, port: 22}, {allow: udp}, {deny: any}]}\n");
	size_t n = edit_to(", acl: l", "acls: {l: [{deny: tcp, port: 22}, {allow: udp}, {deny: any}]}\n");
	assert_true(n >= 2 && n <= 12);
}

static void a_restart_sends_nothing(void **state)
{
	(void) state;
	char *rules = many_rules(-1, "");
	begin(", acl: l, acl_out: l", rules);
	free(rules);
	world_restart(w);
	assert_int_equal(world_back(w, "a", 10), 0);
	assert_int_equal(world_back(w, "b", 10), 0);
}

/* A port among others of its kind costs its own rows and no compile of the rules. */
static void a_port_more_is_a_patch(void **state)
{
	static const struct { const char *step; bool is_patch; } steps[] = {
		{ "port a:r2 2", true }, { "port a:x1 3", false }, { "port a:x2 4", true }, { "port a:b1 5", true },
		{ "port a:b2 6", true }, { "down a:r2", true }, { "port a:r3 7", true }, { "gone a:r3", false },
		{ "port a:r9 2", false }, { "port a:none 9", true },
	};
	struct world *plain = world_new("version: 1\nswitches: {a: {dpid: 1}}\nnetworks:\n"
					"  red: {ports: [\"a:r*\", a:x1, a:x2]}\n  blue: {ports: [\"a:b*\"]}\n");
	(void) state;
	stage_open("version: 1\nswitches: {a: {dpid: 1}}\nnetworks:\n"
		   "  red: {ports: [\"a:r*\", {port: a:x1, acl: one}, {port: a:x2, acl: one}], acl: l, acl_out: l}\n"
		   "  blue: {ports: [\"a:b*\"]}\n"
		   "acls: {l: [{deny: tcp}, {allow: any}], one: {stateful: false, rules: [{deny: sctp}, {allow: any}]}}\n",
		   "up a; port a:r1 1");
	world_do(plain, "up a; port a:r1 1");
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		world_quiet(w);
		world_quiet(plain);
		world_do(w, steps[i].step);
		world_do(plain, steps[i].step);
		if ((w->n_compiles == plain->n_compiles) != steps[i].is_patch)
			fail_msg("%s: %zu compiles, without rules %zu", steps[i].step, w->n_compiles, plain->n_compiles);
		world_check(w);
	}
	world_free(plain);
}

/* --- half-way ----------------------------------------------------------------------------- */

static struct frame tcp_frame(unsigned dst, unsigned src, uint16_t port);

enum { N_PROBES = 40, N_EDITS = 12 };

static char *random_rules(void)
{
	static const char *const ends[] = { "10.0.0.0/30", "10.0.0.1", "[10.0.0.2, 10.0.0.4]", "0.0.0.0/0", "[10.0.0.1, 10.0.0.8/29]" };
	char *rules;
	size_t len;
	FILE *out = open_memstream(&rules, &len);
	fputs("acls:\n  l:\n    stateful: false\n    rules:\n", out);
	for (unsigned i = 0, n = 1 + random_below(12); i < n; i++)
		fprintf(out, "      - {%s: tcp, port: [%u, %u-%u], from: %s, to: %s}\n", random_below(2) ? "allow" : "deny",
			random_below(8), 3 + random_below(3), 6 + random_below(3), ends[random_below(5)], ends[random_below(5)]);
	fprintf(out, "      - {%s: any}\n", random_below(2) ? "allow" : "deny");
	fclose(out);
	return rules;
}

static void probe(const struct walk_switch *sw, struct walk *walk, const struct frame *frames, bool passes[N_PROBES])
{
	for (int i = 0; i < N_PROBES; i++) {
		walk_frame(sw, walk, 1, frames[i].bytes, frames[i].size, 0, 0);
		assert_false(walk->missed);
		passes[i] = walk->n_outs;
	}
}

/* The edit, message by message: a frame's verdict is the old one or the new one. */
static void apply_slowly(struct walk_switch *sw, struct walk *walk, const struct frame *frames)
{
	struct walk_switch *whole = world_walk_switch(w, 0);
	bool before[N_PROBES], after[N_PROBES], now[N_PROBES];
	struct row_room room;
	struct rule rule;
	struct row *row;
	uint32_t xid = 1;
	probe(sw, walk, frames, before);
	probe(whole, walk, frames, after);
	for (enum phase phase = PHASE_METER_ADD; phase < N_PHASES; phase++) {
		while ((row = ledger_next(w->rows[0], phase))) {
			row_rule(row, &room, &rule);
			if (row->want)
				walk_switch_add(sw, &rule);
			else
				walk_switch_del(sw, &rule);
			ledger_sent(w->rows[0], row, xid++);
			probe(sw, walk, frames, now);
			for (int i = 0; i < N_PROBES; i++)
				assert_true(now[i] == before[i] || now[i] == after[i]);
		}
	}
	ledger_commit(w->rows[0]);
	walk_switch_free(whole);
}

static void half_an_edit_is_no_gap(void **state)
{
	struct walk *walk = walk_new();
	struct frame frames[N_PROBES];
	(void) state;
	random_seed(20261);
	for (int i = 0; i < N_PROBES; i++)
		frames[i] = tcp_frame(2, 1 + random_below(9), (uint16_t) random_below(10));
	char *rules = random_rules();
	begin(", acl: l", rules);
	world_deliver(w, 0);
	struct walk_switch *sw = world_walk_switch(w, 0);
	for (int i = 0; i < N_EDITS; i++) {
		char *next = random_rules(), *yaml = text(", acl: l", next);
		world_reload(w, yaml);
		apply_slowly(sw, walk, frames);
		free(yaml);
		free(next);
	}
	free(rules);
	walk_free(walk);
	walk_switch_free(sw);
}

/* --- tracking ---------------------------------------------------------------------------- */

/* 10.0.0.SRC to 10.0.0.DST, TCP to this port. */
static struct frame tcp_frame(unsigned dst, unsigned src, uint16_t port)
{
	uint8_t packet[60] = { 0x45, 0, 0, 60, [8] = 64, 6, [12] = 10, 0, 0, (uint8_t) src, 10, 0, 0, (uint8_t) dst,
			       [22] = (uint8_t) (port >> 8), (uint8_t) port, [32] = 5 << 4 };
	uint8_t to[6] = { 2, 0, 0, 0, 0, (uint8_t) dst }, from[6] = { 2, 0, 0, 0, 0, (uint8_t) src };
	if (dst == 255)
		memset(to, 0xff, 6);
	return world_frame_macs(to, from, UNTAGGED, 0x0800, packet, sizeof packet);
}

/* From a:r1; what tracking knows and is told. */
static void walk_one(struct walk *walk, struct frame frame, uint32_t ct_state, uint32_t mark)
{
	struct walk_switch *sw = world_walk_switch(w, 0);
	walk->ct_state = ct_state;
	walk->ct_mark = mark;
	walk_frame(sw, walk, 1, frame.bytes, frame.size, 0, 0);
	assert_false(walk->missed || walk->ambiguous);
	walk->n_hops = 0;
	walk_switch_free(sw);
}

static void what_tracking_is_told(void **state)
{
	static const uint32_t first = TRACKED | TRACKED_ESTABLISHED;
	struct walk *walk = walk_new();
	(void) state;
	begin(", acl: l, ct_zone: 77", "acls: {l: [{deny: tcp, port: 22}, {allow: any}]}\n");
	walk_one(walk, tcp_frame(2, 1, 80), 0, 0);
	assert_int_equal(walk->n_outs, 1);
	assert_true(walk->n_commits == 1 && walk->commit_zone == 77 && walk->commit_mark == 0);
	walk_one(walk, tcp_frame(2, 1, 80), first, 0);
	assert_true(walk->n_outs == 1 && walk->n_commits == 0);
	/* Denied: a new connection is not remembered, an old one is cut. */
	walk_one(walk, tcp_frame(2, 1, 22), 0, 0);
	assert_true(walk->n_outs == 0 && walk->n_commits == 0);
	walk_one(walk, tcp_frame(2, 1, 22), first, 0);
	assert_true(walk->n_outs == 0 && walk->n_commits == 1 && walk->commit_mark == MARK_CUT);
	/* Then its replies end too; allowed again, the mark goes. */
	walk_one(walk, tcp_frame(2, 1, 22), first | TRACKED_REPLY, 0);
	assert_int_equal(walk->n_outs, 1);
	walk_one(walk, tcp_frame(2, 1, 22), first | TRACKED_REPLY, MARK_CUT);
	assert_int_equal(walk->n_outs, 0);
	walk_one(walk, tcp_frame(2, 1, 80), first, MARK_CUT);
	assert_true(walk->n_outs == 1 && walk->n_commits == 1 && walk->commit_mark == 0);
	/* What cannot be tracked is judged and not remembered; a broadcast too. */
	walk_one(walk, tcp_frame(2, 1, 80), TRACKED | TRACKED_INVALID, 0);
	assert_true(walk->n_outs == 1 && walk->n_commits == 0);
	walk_one(walk, tcp_frame(255, 1, 80), 0, 0);
	assert_true(walk->n_outs > 0 && walk->n_commits == 0);
	walk_free(walk);
}

/* Nobody is known to have the address, so everybody gets a copy. That one port's list denies its copy says nothing of the
 * connection, which is another one's. */
static void a_flood_cuts_no_connection(void **state)
{
	static const uint32_t first = TRACKED | TRACKED_ESTABLISHED;
	static const char *const lists[] = { ", acl_out: l", ", acl: m, acl_out: l", ", acl_out: l, storm: {unknown: 100pps}" };
	struct walk *walk = walk_new();
	(void) state;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		begin(lists[i], "acls: {l: [{deny: tcp, port: 22}, {allow: any}], m: [{allow: any}]}\n");
		walk_one(walk, tcp_frame(2, 1, 22), first, 0);
		assert_true(walk->n_outs == 0 && walk->n_commits == 1 && walk->commit_mark == MARK_CUT);
		walk_one(walk, tcp_frame(77, 1, 22), first, 0);
		assert_int_equal(walk->n_outs, 1);              /* the tunnel: the other switch judges its own ports */
		assert_int_equal(walk->n_commits, 0);
		walk_one(walk, tcp_frame(77, 1, 80), first, 0);
		assert_int_equal(walk->n_outs, 2);
		walk_one(walk, tcp_frame(255, 1, 22), first, 0);
		assert_int_equal(walk->n_commits, 0);
	}
	walk_free(walk);
}

/* --- floods ------------------------------------------------------------------------------ */

static void a_flood_is_judged_port_by_port(void **state)
{
	(void) state;
	stage_open("version: 1\nswitches: {a: {dpid: 1}}\nnetworks:\n"
		   "  red: {ports: [a:r1, {port: a:r2, acl_out: l, tag: 7}, a:r3, {port: a:r4, acl_out: l, hairpin: true}]}\n"
		   "acls: {l: [{deny: 0x88b5}, {allow: any}]}\n",
		   "up a; port a:r1 1; port a:r2 2; port a:r3 3; port a:r4 4");
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:r3", UNTAGGED), 1);
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, from[6] = { 2, 0, 0, 0, 0, 1 };
	world_send(w, "a:r1", world_frame_macs(all, from, UNTAGGED, 0x88b6, "x", 1));
	assert_int_equal(w->n_got, 3);
	assert_int_equal(world_got(w, "a:r2", 7), 1);
	world_send(w, "a:r4", world_frame_macs(all, from, UNTAGGED, 0x88b6, "x", 1));
	assert_int_equal(w->n_got, 4);
	assert_int_equal(world_got(w, "a:r4", UNTAGGED), 1);
	/* To itself it is no hairpin where none is. */
	world_send(w, "a:r2", world_frame_macs(all, from, 7, 0x88b6, "x", 1));
	assert_int_equal(w->n_got, 3);
	assert_int_equal(world_got(w, "a:r2", 7), 0);
}

/* More guarded ports than fit into one message: no abort. */
static void a_very_wide_guarded_network(void **state)
{
	(void) state;
	static const char yaml[] = "version: 1\nnetworks: {red: {ports: [\"*:p*\"], acl_out: l}}\nacls: {l: [{allow: any}]}\n";
	stage_open(yaml, "");
	for (uint32_t sw = world_switch(w, "a"), i = 1; i <= 2000; i++) {
		struct fact fact = { .kind = FACT_PORT, .sw = sw, .ofport = i };
		snprintf(fact.port_name, sizeof fact.port_name, "p%u", i);
		view_apply(w->view, &fact, NULL, NULL);
	}
	world_do(w, "port a:p9999 9999");
	world_reload(w, yaml);
	assert_int_equal(world_count_rows(w, "a", "table=78,priority=100", NULL), 2001);
	assert_int_equal(world_count_rows(w, "a", "table=100,priority=90", NULL), 1);
}

/* A switch that frames only pass, from link to link, judges nothing and drops nothing. */
static void a_switch_on_the_way_lets_pass(void **state)
{
	(void) state;
	stage_open("version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}}\nnetworks:\n"
		   "  red: {acl: l, ports: [a:r1, c:r1]}\n"
		   "links:\n  - {between: [a:l0, b:l0]}\n  - {between: [b:l1, c:l1]}\n"
		   "acls: {l: {stateful: true, rules: [{deny: 0x88b7}, {allow: any}]}}\n",
		   "up a; up b; up c; port a:r1 1; port c:r1 1; port a:l0 10; port b:l0 10; port b:l1 11; port c:l1 11;"
		   "link a:l0; link b:l0; link b:l1; link c:l1; ways");
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(world_got(w, "c:r1", UNTAGGED), 1);
	assert_int_equal(world_count_rows(w, "b", "table=30", "", NULL), 2);
}

/* Machines on the LAN are in the network, and its list is for them too. */
static void the_physical_port_has_the_lists_of_its_network(void **state)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, from[6] = { 2, 0, 0, 0, 0, 1 };
	(void) state;
	stage_open("version: 1\nswitches: {a: {dpid: 1}}\nnetworks:\n"
		   "  red: {acl: l, acl_out: m, ports: [a:r1], physical: {ports: [a:lan]}}\n"
		   "acls: {l: [{deny: 0x88b5}, {allow: any}], m: [{deny: 0x88b7}, {allow: any}]}\n",
		   "up a; port a:r1 1; port a:lan 2; ready a; gateway red a:lan");
	world_send(w, "a:lan", world_frame_macs(all, from, UNTAGGED, 0x88b6, "x", 1));
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	world_send(w, "a:lan", world_frame_macs(all, from, UNTAGGED, 0x88b5, "x", 1));
	assert_int_equal(w->n_got, 0);
	world_send(w, "a:r1", world_frame_macs(all, from, UNTAGGED, 0x88b6, "x", 1));
	assert_int_equal(world_got(w, "lan", UNTAGGED), 1);
	world_send(w, "a:r1", world_frame_macs(all, from, UNTAGGED, 0x88b7, "x", 1));
	assert_int_equal(w->n_got, 0);
}

/* Every app's meters are its own: two apps that want one id fight over its rate. */
static void every_meter_is_of_one_app(void **state)
{
	static const uint32_t rates[][2] = { { METER_LOG, LOG_RATE }, { METER_REJECT, REJECT_RATE } };
	char *yaml = text(", acl: l", "acls: {l: [{reject: tcp, log: true}, {allow: any}]}\n"), wanted[64];
	(void) state;
	stage_open(yaml, "meters a 100; meters b 100\n" PORTS);
	free(yaml);
	for (size_t i = 0; i < 2; i++) {
		snprintf(wanted, sizeof wanted, "meter=%u ", rates[i][0]);
		assert_int_equal(world_count_rows(w, "a", wanted, NULL), 1);
		char rate[32];
		snprintf(rate, sizeof rate, "rate=%u ", rates[i][1]);
		assert_int_equal(world_count_rows(w, "a", wanted, rate, NULL), 1);
	}
	assert_int_equal(world_count_rows(w, "a", "meter=", "pktps", NULL), 5);
}

/* --- punts ------------------------------------------------------------------------------- */

static size_t n_notes, n_sent;
static char last_note[700];

static void on_note(void *ctx, const char *kind, const char *sw, const char *text)
{
	(void) ctx;
	assert_string_equal(kind, "acl");
	assert_string_equal(sw, "a");
	snprintf(last_note, sizeof last_note, "%s", text);
	n_notes++;
}

static void on_send(void *ctx, uint32_t sw, const uint32_t *ofports, size_t n_ports, const uint8_t *bytes, size_t size)
{
	(void) ctx;
	assert_true(sw == 0 && n_ports == 1 && ofports[0] == 1 && size >= 54);
	assert_int_equal(bytes[12], 0x81);
	n_sent++;
}

static uint32_t out_port, out_peer;

static void punt(const char *rule, enum class class, const uint8_t *bytes, size_t size)
{
	struct scene scene = { .net = w->net, .view = w->view };
	struct reply reply = { .note = on_note, .send = on_send };
	for (size_t i = 0; i < w->net->n_objects; i++)
		if (!strcmp(w->net->objects[i].name, rule)) {
			struct app_punt in = { .sw = 0, .cookie = cookie_make(7, w->net->objects[i].id),
					       .table = TABLE_ACL_NETWORK, .in_port = 1, .class = class,
					       .network = world_network(w, "blue"), .frame = bytes, .size = size,
					       .out = out_port, .peer = out_peer };
			acl_packet_in(&scene, &in, &reply);
		}
}

static void what_a_rule_reports(void **state)
{
	struct frame frame = tcp_frame(2, 1, 22);
	(void) state;
	begin(", acl: l", "acls: {l: [{reject: tcp, log: true, name: no-tcp}, {deny: udp}, {allow: icmp, log: true}, {deny: any}]}\n");
	n_notes = n_sent = 0;
	punt("rule no-tcp of acl l", CLASS_EDGE, frame.bytes, frame.size);
	assert_true(n_notes == 1 && n_sent == 1);
	assert_string_equal(last_note, "rule \"no-tcp\" of acl \"l\" (world.yaml:6) rejected tcp from 10.0.0.1 port 0 "
			    "to 10.0.0.2 port 22, in network blue by port r1");
	/* Of a flood any port may have rejected its copy: whoever has the address may well let it in. */
	out_peer = PEER_FLOODED;
	punt("rule no-tcp of acl l", CLASS_EDGE, frame.bytes, frame.size);
	assert_true(n_notes == 2 && n_sent == 1);
	/* And its sender's port does not get it back. */
	out_port = 1;
	punt("rule no-tcp of acl l", CLASS_EDGE, frame.bytes, frame.size);
	assert_true(n_notes == 2 && n_sent == 1);
	/* Two hosts of one port may well speak to each other there. */
	out_peer = 0;
	punt("rule no-tcp of acl l", CLASS_EDGE, frame.bytes, frame.size);
	assert_true(n_notes == 3 && n_sent == 2);
	out_port = 0;
	n_notes = n_sent = 1;
	/* What came from elsewhere is not answered, an unknown cookie is nobody's. */
	punt("rule no-tcp of acl l", CLASS_TUNNEL, frame.bytes, frame.size);
	assert_true(n_notes == 2 && n_sent == 1);
	punt("acl l", CLASS_EDGE, frame.bytes, frame.size);
	punt("rule deny udp of acl l", CLASS_EDGE, frame.bytes, frame.size);
	assert_true(n_notes == 2 && n_sent == 1);
	/* Any length: nothing is read behind the end. */
	for (size_t size = 0; size <= frame.size; size++) {
		uint8_t *exact = malloc(size ? size : 1);
		memcpy(exact, frame.bytes, size);
		punt("rule allow icmp log of acl l", CLASS_EDGE, exact, size);
		free(exact);
	}
	assert_int_equal(n_notes, 2 + frame.size + 1);
}

/* --- people ------------------------------------------------------------------------------ */

static void every_row_has_a_kind(void **state)
{
	struct ledger_iter iter;
	size_t n = 0;
	(void) state;
	char *rules = many_rules(-1, "");
	begin(", acl: l, acl_out: l", rules);
	free(rules);
	for (const struct row *row = ledger_first(w->rows[0], &iter); row; row = ledger_after(w->rows[0], &iter)) {
		struct row_room room;
		struct rule rule;
		row_rule(row, &room, &rule);
		if (rule.kind != RULE_FLOW)
			continue;
		assert_non_null(app_row_of(&rule));
		n += !strcmp(app_row_of(&rule)->name, "network-rule");
		assert_true(net_object_by_id(w->net, cookie_object(rule_cookie(&rule))));
	}
	assert_true(n > N_RULES);
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_has_no_rules_pays_nothing),
		TEST(without_state_nothing_is_tracked),
		TEST(a_rule_costs_the_sum),
		TEST(an_inserted_rule_moves_few),
		TEST(an_address_of_a_group_is_a_row),
		TEST(another_verdict_touches_its_rule),
		TEST(a_restart_sends_nothing),
		TEST(a_port_more_is_a_patch),
		TEST(half_an_edit_is_no_gap),
		TEST(what_tracking_is_told),
		TEST(a_flood_cuts_no_connection),
		TEST(a_flood_is_judged_port_by_port),
		TEST(a_very_wide_guarded_network),
		TEST(a_switch_on_the_way_lets_pass),
		TEST(the_physical_port_has_the_lists_of_its_network),
		TEST(every_meter_is_of_one_app),
		TEST(what_a_rule_reports),
		TEST(every_row_has_a_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
