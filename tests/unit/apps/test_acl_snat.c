/* SPDX-License-Identifier: Apache-2.0 */
/* snat: what becomes of frames of connections whose source is translated, on the switch
 * that delivers them; who answers for that source; and that it costs nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/acl.h"
#include "tests/unit/apps/stage.h"

/* Host 1 (10.0.0.1) on a, hosts 2 and 3 on b; fd00:: likewise. */
#define HEAD "version: 1\nswitches: {a: {dpid: 1, vtep: 10.9.0.1}, b: {dpid: 2, vtep: 10.9.0.2}}\n" \
	"networks:\n  red: {vni: 5, ct_zone: 77, ports: [a:r1, b:r1, b:r2]%s}\n"
#define STORY "meters a 100; meters b 100; up a; up b; port a:vxlan0 1000; port b:vxlan0 1000\n" \
	"port a:r1 1; port b:r1 1; port b:r2 2; host red 1 a:r1; host red 2 b:r1; host red 3 b:r2\n" \
	"address red 1 10.0.0.1; address red 2 10.0.0.2; address red 2 fd00::2\n"
#define RULES "acls: {l: [{allow: tcp, port: 80, from: [10.0.0.1, 'fd00::1'], snat: [10.0.0.250, 'fd00::250']}, " \
	"{deny: tcp, port: 22}, {allow: any}]}\n"
enum { A, B, TUNNEL = 1000, VNI = 5, VTEP_A = 0x0a090001 };

static char *text(const char *network, const char *rest)
{
	char *yaml;
	assert_true(asprintf(&yaml, HEAD "%s", network, rest) > 0);
	return yaml;
}

static void begin(const char *network, const char *rest)
{
	char *yaml = text(network, rest);
	stage_open(yaml, STORY);
	free(yaml);
}

static void edit(const char *network, const char *rest)
{
	char *yaml = text(network, rest);
	world_reload(w, yaml);
	free(yaml);
}

/* --- frames ------------------------------------------------------------------------------ */

static const uint8_t macs[4][6] = {
	{ 0x02, 0x77, 0x65, 0x66, 0x74, 0x02 }, { 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 2 }, { 2, 0, 0, 0, 0, 3 },
};
enum { SEEN = 250 };
static const uint8_t *mac_of(unsigned host) { return macs[host == SEEN ? 0 : host]; }

/* TCP between two hosts by number; 250 is the source that `snat` gives. */
static struct frame tcp(unsigned src, unsigned dst, bool is_v6, uint16_t port)
{
	uint8_t v4[60] = { 0x45, 0, 0, 60, [8] = 64, 6, [12] = 10, 0, 0, (uint8_t) src, 10, 0, 0, (uint8_t) dst };
	uint8_t v6[60] = { 0x60, [5] = 20, 6, 64, [8] = 0xfd, [23] = (uint8_t) src, [24] = 0xfd, [39] = (uint8_t) dst };
	uint8_t *packet = is_v6 ? v6 : v4, *l4 = packet + (is_v6 ? 40 : 20);
	/* As inet_pton has it: fd00::250 ends in 0x02, 0x50. */
	for (unsigned i = 0; i < 2 && is_v6; i++)
		if (v6[i ? 39 : 23] == SEEN)
			memcpy(v6 + (i ? 38 : 22), (uint8_t[]) { 2, 0x50 }, 2);
	l4[2] = (uint8_t) (port >> 8);
	l4[3] = (uint8_t) port;
	l4[12] = 5 << 4;
	return world_frame_macs(mac_of(dst), mac_of(src), UNTAGGED, is_v6 ? 0x86dd : 0x0800, packet, 60);
}

/* How many copies go out of b, for a frame that came from a, or by one of b's ports. */
static size_t at_b(struct walk *walk, uint32_t in_port, struct frame frame)
{
	struct walk_switch *sw = world_walk_switch(w, B);
	bool is_tunnel = in_port == TUNNEL;
	walk_frame(sw, walk, in_port, frame.bytes, frame.size, is_tunnel ? VNI : 0, is_tunnel ? VTEP_A : 0);
	assert_false(walk->missed || walk->ambiguous || walk->unknown);
	walk->n_hops = 0;
	walk_switch_free(sw);
	return walk->n_outs;
}

static void went(const struct walk *walk, uint32_t ofport, struct frame frame)
{
	assert_int_equal(walk->n_outs, 1);
	assert_int_equal(walk->outs[0].ofport, ofport);
	assert_int_equal(walk->outs[0].size, frame.size);
	assert_memory_equal(walk->outs[0].frame, frame.bytes, 12);
	/* Checksums are walk's; addresses of both families are in these. */
	size_t at = frame.bytes[12] == 0x86 ? 14 + 8 : 14 + 12, n = frame.bytes[12] == 0x86 ? 32 : 8;
	assert_memory_equal(walk->outs[0].frame + at, frame.bytes + at, n);
}

static void known(struct walk *walk, uint32_t state, uint32_t mark, const uint8_t label[16], struct frame like, bool is_source)
{
	bool is_v6 = like.bytes[12] == 0x86;
	walk->ct_state = state;
	walk->ct_mark = mark;
	walk->ct_translates = true;
	memcpy(walk->ct_label, label, 16);
	memcpy(walk->ct_ip, like.bytes + 14 + (is_v6 ? is_source ? 8 : 24 : is_source ? 12 : 16), is_v6 ? 16 : 4);
}

/* --- there and back ---------------------------------------------------------------------- */

static const uint32_t first = TRACKED | TRACKED_ESTABLISHED;

static void one_way_and_back(bool is_v6)
{
	struct walk *walk = walk_new();
	uint8_t label[16];
	begin(", acl_out: l", RULES);
	/* A new connection is given the source, and its MAC address, and the label keeps who it was. */
	at_b(walk, TUNNEL, tcp(1, 2, is_v6, 80));
	went(walk, 1, tcp(SEEN, 2, is_v6, 80));
	assert_true(walk->translated && walk->n_commits == 1 && walk->commit_zone == 77 && !walk->commit_mark);
	memcpy(label, walk->commit_label, 16);
	assert_memory_equal(label + 10, macs[1], 6);
	assert_true(label[4] & 0x80);
	/* And every later packet, the first one sent again too. */
	known(walk, first, 0, label, tcp(SEEN, 2, is_v6, 80), true);
	at_b(walk, TUNNEL, tcp(1, 2, is_v6, 80));
	went(walk, 1, tcp(SEEN, 2, is_v6, 80));
	assert_int_equal(walk->n_commits, 0);
	walk->ct_state = TRACKED | TRACKED_NEW;
	at_b(walk, TUNNEL, tcp(1, 2, is_v6, 80));
	went(walk, 1, tcp(SEEN, 2, is_v6, 80));
	/* An ICMP error of the client about a reply is judged like all it sends, and translated. */
	walk->ct_state = TRACKED | TRACKED_RELATED;
	at_b(walk, TUNNEL, tcp(1, 2, is_v6, 80));
	went(walk, 1, tcp(SEEN, 2, is_v6, 80));
	/* The reply, and an error about it, come back to the client, wherever that is. */
	known(walk, first | TRACKED_REPLY, 0, label, tcp(1, 2, is_v6, 80), true);
	at_b(walk, 1, tcp(2, SEEN, is_v6, 0));
	went(walk, TUNNEL, tcp(2, 1, is_v6, 0));
	assert_int_equal(walk->n_commits, 0);
	walk->ct_state = TRACKED | TRACKED_RELATED | TRACKED_REPLY;
	at_b(walk, 1, tcp(2, SEEN, is_v6, 0));
	went(walk, TUNNEL, tcp(2, 1, is_v6, 0));
	walk_free(walk);
}

static void a_connection_has_another_source(void **state)
{
	(void) state;
	one_way_and_back(false);
}

static void and_so_it_has_with_ipv6(void **state)
{
	(void) state;
	one_way_and_back(true);
}

static void what_is_not_translated(void **state)
{
	static const uint8_t label[16] = { [4] = 0x80, [15] = 1 };
	struct walk *walk = walk_new();
	(void) state;
	begin(", acl_out: l", RULES);
	/* Another rule, another host, and a client without the rule. */
	at_b(walk, TUNNEL, tcp(1, 2, false, 81));
	went(walk, 1, tcp(1, 2, false, 81));
	at_b(walk, 2, tcp(3, 2, false, 80));
	went(walk, 1, tcp(3, 2, false, 80));
	assert_false(walk->translated);
	/* A connection that was there before the rule. */
	walk->ct_state = first;
	at_b(walk, TUNNEL, tcp(1, 2, false, 80));
	went(walk, 1, tcp(1, 2, false, 80));
	/* What cannot be: it would show the client. */
	walk->ct_state = TRACKED | TRACKED_INVALID;
	assert_int_equal(at_b(walk, TUNNEL, tcp(1, 2, false, 80)), 0);
	/* To the source that nobody has: no reply of what is known. */
	walk->ct_state = 0;
	assert_int_equal(at_b(walk, 1, tcp(2, SEEN, false, 80)), 0);
	walk->ct_state = first | TRACKED_REPLY;
	assert_int_equal(at_b(walk, 1, tcp(2, SEEN, false, 80)), 0);
	assert_int_equal(at_b(walk, 1, world_frame_macs(macs[0], macs[2], UNTAGGED, 0x88b5, "x", 1)), 0);
	/* One that is translated by what the file has no more. */
	walk->ct_state = first;
	memcpy(walk->ct_label, label, 16);
	assert_int_equal(at_b(walk, TUNNEL, tcp(1, 2, false, 81)), 0);
	/* Nobody is that source. */
	walk->ct_state = 0;
	assert_int_equal(at_b(walk, 2, tcp(SEEN, 2, false, 80)), 0);
	walk_free(walk);
}

static void an_edit_cuts_what_it_denies(void **state)
{
	struct walk *walk = walk_new();
	uint8_t label[16];
	(void) state;
	begin(", acl_out: l", RULES);
	at_b(walk, TUNNEL, tcp(1, 2, false, 80));
	memcpy(label, walk->commit_label, 16);
	/* The word goes from the rule, and stands in another one: the connection keeps its source. */
	edit(", acl_out: l", "acls: {l: [{allow: tcp, port: 80}, {allow: udp, snat: [10.0.0.250, 'fd00::250']}, {allow: any}]}\n");
	known(walk, first, 0, label, tcp(SEEN, 2, false, 80), true);
	at_b(walk, TUNNEL, tcp(1, 2, false, 80));
	went(walk, 1, tcp(SEEN, 2, false, 80));
	/* Denied: dropped and marked; allowed again: the mark goes, and the source is the same. */
	edit(", acl_out: l", "acls: {l: [{deny: tcp}, {allow: udp, snat: [10.0.0.250, 'fd00::250']}, {allow: any}]}\n");
	assert_int_equal(at_b(walk, TUNNEL, tcp(1, 2, false, 80)), 0);
	assert_true(walk->n_commits == 1 && walk->commit_mark == MARK_CUT);
	edit(", acl_out: l", RULES);
	walk->ct_mark = MARK_CUT;
	walk->ct_state = first | TRACKED_REPLY;
	assert_int_equal(at_b(walk, 1, tcp(2, SEEN, false, 0)), 0);
	walk->ct_state = first;
	at_b(walk, TUNNEL, tcp(1, 2, false, 80));
	went(walk, 1, tcp(SEEN, 2, false, 80));
	assert_true(walk->n_commits == 1 && walk->commit_mark == 0);
	/* Another source: those that have the old one end. */
	walk->ct_mark = 0;
	edit(", acl_out: l", "acls: {l: [{allow: tcp, port: 80, snat: 10.0.0.251}, {allow: any}]}\n");
	assert_int_equal(at_b(walk, TUNNEL, tcp(1, 2, false, 80)), 0);
	/* A list that tries out only does not translate. */
	edit(", acl_out: l", "acls: {l: {mode: audit, rules: [{allow: tcp, port: 80, snat: 10.0.0.250}, {deny: any}]}}\n");
	memset(walk->ct_label, 0, 16);
	walk->ct_translates = false;
	walk->ct_state = 0;
	at_b(walk, TUNNEL, tcp(1, 2, false, 80));
	went(walk, 1, tcp(1, 2, false, 80));
	walk_free(walk);
}

/* The list nearest to the server has the last word. */
static void two_lists_translate(void **state)
{
	struct walk *walk = walk_new();
	(void) state;
	stage_open("version: 1\nswitches: {a: {dpid: 1, vtep: 10.9.0.1}, b: {dpid: 2, vtep: 10.9.0.2}}\n"
		   "networks:\n  red: {vni: 5, ports: [a:r1, {port: b:r1, acl_out: near}, b:r2], acl_out: far}\n"
		   "acls:\n  near: [{allow: tcp, port: 80, snat: 10.0.0.250}, {allow: any}]\n"
		   "  far: [{allow: tcp, snat: 10.0.0.251}, {allow: udp, snat: 10.0.0.250}, {allow: any}]\n",
		   STORY);
	at_b(walk, TUNNEL, tcp(1, 2, false, 80));
	went(walk, 1, tcp(SEEN, 2, false, 80));
	at_b(walk, TUNNEL, tcp(1, 2, false, 81));
	assert_int_equal(walk->outs[0].frame[29], 251);
	walk_free(walk);
}

/* --- who answers -------------------------------------------------------------------------- */

static struct frame arp(const uint8_t dst[6], unsigned host, unsigned spa, unsigned tpa, unsigned op)
{
	uint8_t packet[28] = { 0, 1, 8, 0, 6, 4, 0, (uint8_t) op, [14] = 10, 0, 0, (uint8_t) spa, [24] = 10, 0, 0, (uint8_t) tpa };
	memcpy(packet + 8, mac_of(host), 6);
	return world_frame_macs(dst, mac_of(host), UNTAGGED, 0x0806, packet, sizeof packet);
}

static struct frame solicitation(const uint8_t dst[6], unsigned host)
{
	uint8_t packet[72] = { 0x60, [5] = 32, 58, 255, [8] = 0xfd, [23] = (uint8_t) host, [24] = 0xfd, [38] = 2, 0x50,
			       135, [48] = 0xfd, [62] = 2, 0x50, 1, 1 };
	memcpy(packet + 66, mac_of(host), 6);
	return world_frame_macs(dst, mac_of(host), UNTAGGED, 0x86dd, packet, sizeof packet);
}

static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, group[6] = { 0x33, 0x33, 0xff, 0, 2, 0x50 };

static void is_answered(const char *place, struct frame question)
{
	world_send(w, place, question);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, place, UNTAGGED), 1);
	assert_memory_equal(w->got[0].frame.bytes, question.bytes + 6, 6);
	assert_memory_equal(w->got[0].frame.bytes + 6, macs[0], 6);
}

static void the_switch_answers_for_it(void **state)
{
	(void) state;
	begin(", acl_out: l", RULES);
	/* Whoever asks, known or not, all or the MAC address itself, on every switch. */
	is_answered("b:r1", arp(all, 2, 2, SEEN, 1));
	is_answered("b:r1", arp(macs[0], 2, 2, SEEN, 1));
	is_answered("a:r1", arp(all, 1, 1, SEEN, 1));
	is_answered("b:r2", arp(all, 3, 33, SEEN, 1));
	is_answered("b:r1", solicitation(group, 2));
	is_answered("b:r1", solicitation(macs[0], 2));
	is_answered("b:r2", solicitation(group, 3));
	/* Also where questions are flooded. */
	edit(", acl_out: l, arp: flood", RULES);
	is_answered("b:r1", arp(all, 2, 2, SEEN, 1));
	is_answered("b:r2", solicitation(group, 3));
}

static void nobody_claims_it(void **state)
{
	(void) state;
	begin(", acl_out: l", RULES);
	world_quiet(w);
	world_send(w, "b:r1", arp(all, 2, SEEN, SEEN, 1));
	assert_int_equal(w->n_got, 0);
	assert_int_equal(w->n_facts, 1);
	assert_int_equal(w->facts[0].kind, FACT_VIOLATION);
	assert_memory_equal(w->facts[0].other_mac, macs[0], 6);
	char line[400];
	fact_format(&w->facts[0], w->net, w->view, line, sizeof line);
	assert_non_null(strstr(line, "an address of `snat`, which no host has"));
	/* Who had it before the file did has it no more. */
	edit("", "");
	world_do(w, "address red 2 10.0.0.250");
	assert_int_equal(world_count_rows(w, "a", "table=65", "arp_tpa=10.0.0.250", NULL), 1);
	edit(", acl_out: l", RULES);
	is_answered("b:r2", arp(all, 3, 33, SEEN, 1));
	world_do(w, "address red 2 10.0.0.250");
	is_answered("b:r2", arp(all, 3, 33, SEEN, 1));
	assert_int_equal(world_count_rows(w, "b", "table=65", "arp_tpa=10.0.0.250", NULL), 2);
	assert_int_equal(world_count_rows(w, "b", "table=64", "arp_spa=10.0.0.250", NULL), 1);
}

/* --- who pays ------------------------------------------------------------------------------ */

static void who_does_not_use_it_pays_nothing(void **state)
{
	(void) state;
	begin(", acl_out: l", "acls: {l: [{allow: tcp, port: 80, from: [10.0.0.1, 'fd00::1']}, {deny: tcp, port: 22}, {allow: any}]}\n");
	char *before = world_rows_text(w, B);
	assert_int_equal(world_count_rows(w, "b", "nat", NULL), 0);
	assert_int_equal(world_count_rows(w, "b", "02:77:65:66:74:02", NULL), 0);
	edit(", acl_out: l", RULES);
	size_t n = world_count_rows(w, "b", "table=", NULL);
	assert_true(world_count_rows(w, "b", "nat", NULL) > 0);
	edit(", acl_out: l", "acls: {l: [{allow: tcp, port: 80, from: [10.0.0.1, 'fd00::1']}, {deny: tcp, port: 22}, {allow: any}]}\n");
	char *after = world_rows_text(w, B);
	assert_string_equal(before, after);
	printf("a source of each family: %zu rows on a switch\n", n - world_count_rows(w, "b", "table=", NULL));
	free(before);
	free(after);
}

static void a_restart_sends_nothing(void **state)
{
	(void) state;
	begin(", acl_out: l", RULES);
	world_restart(w);
	assert_int_equal(world_back(w, "a", 9), 0);
	assert_int_equal(world_back(w, "b", 9), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_connection_has_another_source, stage_close),
		cmocka_unit_test_teardown(and_so_it_has_with_ipv6, stage_close),
		cmocka_unit_test_teardown(what_is_not_translated, stage_close),
		cmocka_unit_test_teardown(an_edit_cuts_what_it_denies, stage_close),
		cmocka_unit_test_teardown(two_lists_translate, stage_close),
		cmocka_unit_test_teardown(the_switch_answers_for_it, stage_close),
		cmocka_unit_test_teardown(nobody_claims_it, stage_close),
		cmocka_unit_test_teardown(who_does_not_use_it_pays_nothing, stage_close),
		cmocka_unit_test_teardown(a_restart_sends_nothing, stage_close),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
