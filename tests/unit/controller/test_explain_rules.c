/* SPDX-License-Identifier: Apache-2.0 */
/* explain: what rules say of a frame, and rows that are not what they shall be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/unit/controller/explain_world.h"

#define RULES(MORE, LIST) SWITCHES NETWORKS("    acl: office\n") "acls:\n  office:\n" MORE LIST

static void test_rules(void **state)
{
	(void) state;
	use(RULES("", "    - {allow: tcp, port: 80, to: 10.0.0.3, name: www}\n    - {deny: tcp, port: 22, name: no-ssh}\n"
		  "    - {reject: udp}\n    - {deny: arp, from: \"02:00:00:00:00:02\"}\n"));
	asked("vm-a", "vm-web", "tcp/80");
	assert_true(x->directions[0].is_reachable && !x->directions[1].is_reachable);
	assert_non_null(strstr(x->directions[1].causes.items[0].text, "no rule of acl \"office\" (topology.yaml:14) matches it"));
	assert_string_equal(x->directions[1].causes.items[0].cure, "add {allow: tcp, port: 80, from: 10.0.0.3, to: 10.0.0.1} to acl \"office\"");
	const struct explain_leg *reply = leg(0, "reply");
	bool is_reply = false;
	for (size_t i = 0; i < reply->n_steps; i++)
		is_reply |= reply->steps[i].row && !strcmp(reply->steps[i].row, "network-reply") && reply->steps[i].is_shown;
	assert_true(is_reply);
	assert_non_null(strstr(reply->traces[0].command, " --ct-next 'trk,est,rpl'"));
	assert_non_null(strstr(leg(0, "request")->traces[0].command, " --ct-next 'trk,new'"));
	blocked("vm-a", "vm-web", "tcp/22", "denied", "rule \"no-ssh\" of acl \"office\": deny tcp port 22 (topology.yaml:16) denies it",
		"put {allow: tcp, port: 22, from: 10.0.0.1, to: 10.0.0.3} in front of line 16");
	assert_int_equal(x->directions[0].causes.items[0].line, 16);
	blocked("fd00::1", "fd00::3", "udp/53", "rejected", "rule \"reject udp\" of acl \"office\" (topology.yaml:17) rejects it",
		"{allow: udp, port: 53, from: \"fd00::1\", to: \"fd00::3\"}");
	blocked("vm-b", "vm-web", "tcp/80", "denied", "deny arp", "put {allow: arp} in front of line 18");
	/* Where it ends is marked, once. */
	size_t n = 0;
	for (size_t i = 0; i < leg(0, "arp")->n_steps; i++)
		n += leg(0, "arp")->steps[i].is_last;
	assert_int_equal(n, 1);
	blocked("vm-b", "vm-web", "arp/10.0.0.9", "denied", "deny arp", "put {allow: arp} in front of line 18");
	blocked("vm-b", "vm-web", "dad/10.0.0.9", "denied", "deny arp", "put {allow: arp} in front of line 18");
	blocked("vm-a", "vm-web", "gre", "denied", "no rule of acl", "add {allow: 47, from: 10.0.0.1, to: 10.0.0.3} to acl");
	blocked("vm-a", "vm-web", "ethernet", "denied", "no rule of acl", "ask again by IP address");
	use(RULES("", "    - {deny: nd}\n    - {deny: dhcp}\n    - {allow: any}\n"));
	static const char *const said[] = { "nd/fd00::9", "dad/fd00::9", "dhcp", "dhcp6", "dhcp/server" };
	for (size_t i = 0; i < 5; i++)
		blocked("vm-a", "vm-web", said[i], "denied", i < 2 ? "deny nd" : "deny dhcp",
			i < 2 ? "put {allow: nd} in front of line 15" : "put {allow: dhcp} in front of line 16");
}

/* Of a flood each port with a list gets a copy of its own, and that of the port that is asked about counts, whatever
 * becomes of the others. */
static void test_rules_of_one_port_in_a_flood(void **state)
{
	static const char lists[] =
		"acls:\n"
		"  no-dhcp:\n"
		"    - {deny: dhcp, name: quiet}\n"
		"    - {allow: any}\n"
		"  no-udp:\n"
		"    - {deny: dhcp, name: other}\n"
		"    - {allow: any}\n";
	static const char *const offices[] = {
		/* Others get it; nobody gets it, and another port's list is the last one that says so; all ports have one list. */
		"[kvm1:vm-a, {port: kvm1:vm-b, acl_out: no-dhcp}, kvm2:vm-web]",
		"[kvm1:vm-a, {port: kvm1:vm-b, acl_out: no-dhcp}, {port: kvm1:both, acl_out: no-udp}]",
		"[kvm1:vm-a, kvm1:vm-b, kvm1:both, kvm2:vm-web]\n    acl_out: no-dhcp",
	};
	char file[1500];
	(void) state;
	for (size_t i = 0; i < sizeof offices / sizeof *offices; i++) {
		snprintf(file, sizeof file, SWITCHES "networks:\n  office:\n    vni: 77\n    ports: %s\n%s", offices[i], lists);
		use(file);
		blocked("vm-a", "vm-b", "dhcp", "denied", "rule \"quiet\" of acl \"no-dhcp\"", "");
		assert_string_equal(x->directions[0].causes.items[0].sw, "kvm1");
		assert_string_equal(way(leg(0, "request")), "kvm1 in by vm-a\n");
		size_t n_shown = 0;
		for (size_t s = 0; s < leg(0, "request")->n_steps; s++)
			n_shown += leg(0, "request")->steps[s].is_shown && leg(0, "request")->steps[s].is_row;
		assert_int_equal(n_shown, 1);
	}
	/* On the way to another switch, what a port's copy met is none of its business. */
	use(SWITCHES "networks:\n  office:\n    vni: 77\n    ports: [kvm1:vm-a, {port: kvm1:vm-b, acl_out: polite}, {port: kvm2:vm-web, acl_out: polite}]\n"
	    "acls:\n  polite: [{deny: dhcp}, {allow: any}]\n");
	speak("office", 3, kvm2, VM_WEB);
	blocked("vm-a", "vm-web", "dhcp", "denied", "deny dhcp", "");
	for (size_t s = 0; s < leg(0, "request")->n_steps; s++)
		assert_true(!leg(0, "request")->steps[s].is_row || !leg(0, "request")->steps[s].is_shown
			    || !strcmp(leg(0, "request")->steps[s].sw, "kvm2"));
	/* A port that gets no floods, and others that do. */
	use(SWITCHES "networks:\n  office:\n    vni: 77\n    ports: [kvm1:vm-a, {port: kvm1:both, flood: false}, kvm1:vm-b]\n");
	blocked("vm-a", "both", "ethernet", "not-flooded", "kvm1:both (topology.yaml:9) has `flood: false`", "let it speak first");
	use(SWITCHES "networks:\n  office:\n    vni: 77\n    ports: [kvm1:vm-a, {port: kvm1:both, flood: false}]\n");
	blocked("vm-a", "both", "ethernet", "not-flooded", "kvm1:both (topology.yaml:9) has `flood: false`", "let it speak first");
	/* Nobody is told of what a copy of a flood met. */
	use(SWITCHES "networks:\n  office:\n    vni: 77\n    ports: [kvm1:vm-a, kvm1:both, {port: kvm1:vm-b, acl_out: polite}]\n"
	    "acls:\n  polite: [{reject: dhcp}, {reject: any}]\n");
	speak("office", 2, kvm1, VM_B);
	blocked("vm-a", "vm-b", "dhcp", "denied", "without a word", "");
	blocked("vm-a", "vm-b", "tcp/22", "rejected", "rejects it", "");
	use(SWITCHES "networks:\n  office:\n    vni: 77\n    ports: [kvm1:vm-a, kvm1:vm-b, {port: kvm1:both, acl_out: polite}]\n"
	    "acls:\n  polite: [{reject: any}]\n");
	blocked("vm-a", "both", "ethernet", "denied", "without a word", "");
}

static void test_stateless_and_audit(void **state)
{
	(void) state;
	use(RULES("    stateful: false\n    rules:\n", "    - {allow: tcp, port: 80, to: 10.0.0.3}\n"));
	blocked("vm-a", "vm-web", "tcp/80", "denied", "no rule", "add {allow: tcp, sport: 80, from: 10.0.0.3, to: 10.0.0.1}");
	assert_non_null(strstr(x->directions[0].causes.items[0].cure, "take `stateful: false` off"));
	assert_true(leg(0, "request")->passes && !leg(0, "reply")->passes);
	use(RULES("    mode: audit\n    rules:\n", "    - {deny: tcp, port: 80, name: no-www}\n    - {allow: any}\n"));
	reachable("vm-a", "vm-web", "tcp/80");
	bool is_told = false;
	for (size_t i = 0; i < leg(0, "request")->n_steps; i++)
		is_told |= leg(0, "request")->steps[i].is_shown && strstr(leg(0, "request")->steps[i].text, "in audit");
	assert_true(is_told);
}

static struct row *find_row(uint32_t sw, const char *word, const char *other)
{
	struct ledger_iter iter;
	char text[4000];
	for (const struct row *row = ledger_first(world.core->switches[sw]->ledger, &iter); row;
	     row = ledger_after(world.core->switches[sw]->ledger, &iter)) {
		struct row_room room;
		struct rule rule;
		row_rule(row, &room, &rule);
		rule_format(&rule, text, sizeof text);
		if (strstr(text, word) && strstr(text, other))
			return (struct row *) row;
	}
	fail_msg("no row has %s and %s", word, other);
	return NULL;
}

static void test_refused_row(void **state)
{
	struct ledger *ledger = world.core->switches[kvm2]->ledger;
	(void) state;
	use(SWITCHES NETWORKS("    description: another\n"));
	/* The row that leads to vm-web is wanted anew, and refused. */
	struct row *row = find_row(kvm2, "table=70", "dl_dst=02:00:00:00:00:03");
	struct row_room room;
	struct rule rule;
	row_rule(row, &room, &rule);
	ledger_gone(ledger, &rule);
	row = find_row(kvm2, "table=70", "dl_dst=02:00:00:00:00:03");
	ledger_sent(ledger, row, 7);
	ledger_refuse(ledger, row, 1);
	world_take_rows(&world, kvm2);
	if (row->have)
		blocked("vm-a", "vm-web", "", "row-refused", "kvm2 has refused a row", "weft show flows state=refused");
	else
		reachable("vm-a", "vm-web", "");        /* unknown there: flooded */
}

static void test_rows_on_their_way(void **state)
{
	(void) state;
	world_reload(&world, RULES("", "    - {deny: any}\n"));
	core_plan(world.core);
	/* Not sent yet, and what a changed row was before nobody keeps. */
	blocked("vm-a", "vm-web", "tcp/80", "denied", "deny any", "in front of line 15");
	assert_true(has_note("not-in-sync"));
	take_all();
	blocked("vm-a", "vm-web", "tcp/80", "denied", "deny any", "in front of line 15");
	assert_false(has_note("not-in-sync"));
}

/* Whoever asks twice gets the same, and the answer outlives what it was made from. */
static void test_answer_stands_alone(void **state)
{
	(void) state;
	reachable("vm-a", "vm-web", "tcp/80");
	world_reload(&world, SWITCHES "networks: {other: {ports: [kvm1:vm-z]}}\n");
	take_all();
	json_t *json = show_explain(x);
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "to"), "network")), "office");
	json_decref(json);
	blocked("kvm1:vm-a", "kvm2:vm-web", "ethernet", "no-network", "kvm1:vm-a", "");
}

static bool says(const struct explain_leg *leg, const char *text)
{
	for (size_t i = 0; i < leg->n_steps; i++)
		if (leg->steps[i].is_shown && !strcmp(leg->steps[i].text, text))
			return true;
	return false;
}

static void as(const char *text, const char *protocol, const char *kind, const char *cure)
{
	struct explain_question question = { .from = "vm-b", .to = "vm-web" };
	assert_null(explain_protocol_parse(protocol, &question.protocol));
	assert_true(explain_as_parse(text, &question.as));
	explain_free(x);
	x = explain_new(world.core, &question);
	assert_null(x->error);
	const struct explain_cause *cause = &x->directions[0].causes.items[0];
	if (x->is_reachable || strcmp(cause->kind, kind) || !strstr(cause->cure, cure))
		fail_msg("%s: %s: %s -> %s", text, cause->kind, cause->text, cause->cure);
}

static void test_source_nat(void **state)
{
	(void) state;
	use(SWITCHES NETWORKS("    acl_out: hide\n") "acls:\n  hide:\n"
	    "    - {allow: tcp, from: 10.0.0.1, snat: [10.0.0.250, \"fd00::fa\"], name: hidden}\n    - {allow: tcp, from: \"fd00::1\", snat: "
	    "\"fd00::fa\"}\n    - {allow: any}\n");
	reachable("10.0.0.1", "10.0.0.3", "tcp/80");
	/* Of the switch where the server is; from there on everything is about who the server sees. */
	assert_true(says(leg(0, "request"), "source becomes 10.0.0.250") && says(leg(0, "reply"), "destination becomes 10.0.0.1 again"));
	assert_string_equal(leg(0, "arp-back")->frame_text, "ARP: who has 10.0.0.250");
	assert_true(leg(0, "arp-back")->is_answered);
	assert_string_equal(leg(0, "reply")->frame_text, "tcp 10.0.0.3 port 80 > 10.0.0.250 port 40000");
	const struct explain_leg *request = leg(0, "request"), *reply = leg(0, "reply");
	assert_int_equal(request->n_traces, 2);
	assert_null(strstr(request->traces[0].command, "snat"));
	assert_non_null(strstr(request->traces[1].command, " --ct-next 'trk,new' --ct-next 'trk,new,snat'"));
	assert_int_equal(reply->n_traces, 2);
	assert_non_null(strstr(reply->traces[0].command, "dl_dst=02:77:65:66:74:02"));
	assert_non_null(strstr(reply->traces[0].command, "nw_dst=10.0.0.250"));
	assert_non_null(strstr(reply->traces[0].command, "020000000001 --ct-next 'trk,est,rpl'"));
	assert_non_null(strstr(reply->traces[1].command, "dl_dst=02:00:00:00:00:01"));
	assert_null(strstr(reply->traces[1].command, "ct_label"));
	/* Who is spoken to is not translated, and nothing is left of the first direction. */
	assert_string_equal(leg(1, "reply")->frame_text, "tcp 10.0.0.1 port 80 > 10.0.0.3 port 40000");
	reachable("fd00::1", "fd00::3", "tcp/80");
	assert_true(says(leg(0, "request"), "source becomes fd00::fa") && says(leg(0, "reply"), "destination becomes fd00::1 again"));
	reachable("10.0.0.2", "10.0.0.3", "tcp/80");
	assert_false(says(leg(0, "request"), "source becomes 10.0.0.250"));
	/* Nobody is that. */
	asked("vm-web", "10.0.0.250", "tcp/80");
	assert_non_null(strstr(x->directions[0].causes.items[0].text, "10.0.0.250 is no host: connections in network office get it"));
	as("02:77:65:66:74:02", "tcp/80", "snat", "another MAC address");
	as("10.0.0.250", "arp", "snat", "another address");
}

#define T(F) cmocka_unit_test_setup_teardown(F, explain_world_up, explain_world_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_rules), T(test_rules_of_one_port_in_a_flood), T(test_stateless_and_audit), T(test_source_nat),
		T(test_refused_row), T(test_rows_on_their_way), T(test_answer_stands_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
