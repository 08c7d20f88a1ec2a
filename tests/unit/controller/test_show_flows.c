/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as the API shows them: ours and of others, and what lists of rules have counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/controller/show_world.h"

static const char with_acls[] =
	"version: 1\n"
	"switches:\n"
	"  kvm1: {dpid: 0x11, acl_out: trial}\n"
	"networks:\n"
	"  office:\n"
	"    acl: office\n"
	"    ports: [kvm1:vm-a, {port: kvm1:both, acl: office}]\n"
	"  yard: {ports: [kvm1:other]}\n"
	"acls:\n"
	"  office:\n"
	"    - {allow: tcp, port: 22, name: ssh}\n"
	"    - {deny: any}\n"
	"  trial: {mode: audit, rules: [{deny: udp}, {allow: any}]}\n"
	"  idle: [{deny: any}]\n";

/* The switch has the rows, and they have met packets. */
static void read_back(uint32_t sw, uint64_t packets, uint32_t duration)
{
	struct ledger *ledger = world.core->switches[sw]->ledger;
	struct row_room rooms[500];
	struct rule rules[500];
	struct ledger_iter iter;
	size_t n = 0;
	uint32_t xid = 1;
	struct row *dirty;
	for (enum phase phase = PHASE_METER_ADD; phase < N_PHASES; phase++)
		while ((dirty = ledger_next(ledger, phase)))
			ledger_sent(ledger, dirty, xid++);
	ledger_commit(ledger);
	for (const struct row *row = ledger_first(ledger, &iter); row && n < 500; row = ledger_after(ledger, &iter), n++)
		row_rule(row, &rooms[n], &rules[n]);
	ledger_read_begin(ledger, LEDGER_ALL);
	for (size_t i = 0; i < n; i++)
		ledger_read_row(ledger, &rules[i], packets, packets * 60, duration);
	ledger_read_end(ledger);
}

static void test_acls(void **state)
{
	bool is_degraded;
	(void) state;
	world_uninit(&world);
	world_init(&world, with_acls);
	kvm1 = world_connect(&world, "kvm1", show_ports1, 5);
	read_back(kvm1, 7, 100);
	read_back(kvm1, 7, 130);
	json_t *items = list(&show_acls, &(struct show_query) { 0 });
	const json_t *ssh = with(items, "rule", "ssh");
	assert_int_equal(json_array_size(items), 2 + 2 + 1 + 3);
	assert_string_equal(at(ssh, "acl"), "\"office\"");
	assert_string_equal(at(ssh, "text"), "\"allow tcp port 22\"");
	assert_string_equal(at(ssh, "verdict"), "\"allow\"");
	assert_string_equal(at(ssh, "line"), "11");
	/* IPv4 and IPv6, in the tables of the network and of the port. */
	assert_string_equal(at(ssh, "rows"), "4");
	assert_string_equal(at(ssh, "packets"), "28");
	assert_string_equal(at(ssh, "bytes"), "1680");
	assert_string_equal(at(ssh, "age_seconds"), "130");
	assert_string_equal(at(ssh, "last_hit_seconds"), "30");
	assert_string_equal(at(ssh, "mode"), "\"enforce\"");
	assert_string_equal(at(ssh, "used_by"), "[\"network office\",\"port kvm1:both of network office\"]");
	const json_t *udp = with(items, "text", "deny udp");
	assert_string_equal(at(udp, "mode"), "\"audit\"");
	assert_string_equal(at(udp, "used_by"), "[\"switch kvm1 out\"]");
	json_decref(items);
	items = list(&show_acls, &(struct show_query) { .acl = "idle" });
	assert_int_equal(json_array_size(items), 2);
	assert_string_equal(at(items, "1.rule"), "\"end of the list\"");
	assert_string_equal(at(items, "1.age_seconds"), "null");
	assert_string_equal(at(items, "1.last_hit_seconds"), "null");
	json_decref(items);
	assert_int_equal(count(&show_acls, &(struct show_query) { .network = "office" }), 3);
	assert_int_equal(count(&show_acls, &(struct show_query) { .network = "yard" }), 0);
	/* Counted anew: no hit is taken over from before. */
	read_back(kvm1, 0, 5);
	items = list(&show_acls, &(struct show_query) { .acl = "office" });
	assert_string_equal(at(items, "0.packets"), "0");
	assert_string_equal(at(items, "0.last_hit_seconds"), "null");
	json_decref(items);
	json_t *problems = show_problems(&world.api, &is_degraded);
	const json_t *audit = with(problems, "kind", "acl-audit");
	assert_non_null(audit);
	assert_string_equal(at(audit, "severity"), "\"info\"");
	assert_non_null(strstr(at(audit, "text"), "trial"));
	json_decref(problems);
}

static void test_flows(void **state)
{
	(void) state;
	world_learn(&world, "office", 1, kvm1, BOTH);
	json_t *items = list(&show_flows, &(struct show_query) { .table = "l2_src", .state = "want" });
	assert_int_equal(json_array_size(items), 2);   /* at the port, and on the uplink */
	assert_string_equal(at(items, "0.switch"), "\"kvm1\"");
	assert_string_equal(at(items, "0.kind"), "\"flow\"");
	assert_string_equal(at(items, "0.table_id"), "60");
	assert_string_equal(at(items, "0.app"), "\"l2\"");
	assert_string_equal(at(items, "0.object"), "\"port kvm1:both of network office\"");
	assert_string_equal(at(items, "0.line"), "14");
	assert_string_equal(at(items, "0.row"), "\"host\"");
	assert_non_null(strstr(at(items, "0.match"), "dl_src=02:00:00:00:00:01"));
	assert_null(strstr(at(items, "0.match"), "priority"));
	assert_string_equal(at(items, "0.actions"), "\"goto_table:64\"");
	json_decref(items);
	world_take_rows(&world, kvm1);
	size_t all = count(&show_flows, &(struct show_query) { 0 });
	struct ledger_counts rows;
	ledger_count(world.core->switches[kvm1]->ledger, &rows);
	assert_int_equal(all, rows.n_flows + rows.n_meters + rows.n_groups);
	assert_int_equal(count(&show_flows, &(struct show_query) { .state = "have" }), all);
	assert_int_equal(count(&show_flows, &(struct show_query) { .kind = "flow" }), rows.n_flows);
	assert_int_equal(count(&show_flows, &(struct show_query) { .kind = "meter" }), rows.n_meters);
	assert_int_equal(count(&show_flows, &(struct show_query) { .sw = "kvm2" }), 0);
	assert_int_equal(count(&show_flows, &(struct show_query) { .network = "nix" }), 0);
	size_t by_name = count(&show_flows, &(struct show_query) { .table = "ingress" });
	assert_true(by_name > 3);
	assert_int_equal(count(&show_flows, &(struct show_query) { .table = "0" }), by_name);
	size_t office = count(&show_flows, &(struct show_query) { .network = "office" });
	size_t yard = count(&show_flows, &(struct show_query) { .network = "yard" });
	assert_true(office > 3 && yard > 3 && office + yard < all);
	size_t of_apps = count(&show_flows, &(struct show_query) { .app = "l2" }) +
		count(&show_flows, &(struct show_query) { .app = "ingress" }) +
		count(&show_flows, &(struct show_query) { .app = "arp" }) +
		count(&show_flows, &(struct show_query) { .app = "output" });
	assert_int_equal(of_apps, rows.n_flows);
}

/* A row that the switch refused, and one whose place a foreign row has. */
static void test_rows_that_are_not_there(void **state)
{
	struct ledger *ledger = world.core->switches[kvm1]->ledger;
	(void) state;
	world_learn(&world, "office", 1, kvm1, VM_A);
	struct row *row = ledger_next(ledger, PHASE_FLOW_ADD);
	assert_non_null(row);
	ledger_sent(ledger, row, 77);
	ledger_refuse(ledger, row, 5u << 16 | 1);
	ledger_commit(ledger);
	world_take_rows(&world, kvm1);
	json_t *items = list(&show_flows, &(struct show_query) { .state = "refused" });
	assert_int_equal(json_array_size(items), 1);
	assert_string_equal(at(items, "0.error"), "\"OFPFMFC_TABLE_FULL\"");
	json_decref(items);
	items = list(&show_switches, &(struct show_query) { .sw = "kvm1" });
	assert_string_equal(at(items, "0.refused_rows"), "1");
	json_decref(items);
	bool is_degraded = false;
	json_t *problems = show_problems(&world.api, &is_degraded);
	const json_t *problem = with(problems, "kind", "row-refused");
	assert_true(is_degraded);
	assert_string_equal(at(problem, "switch"), "\"kvm1\"");
	assert_non_null(strstr(at(problem, "text"), "l2"));
	assert_non_null(strstr(at(problem, "text"), "topology.yaml:12"));
	assert_non_null(strstr(at(problem, "text"), "OFPFMFC_TABLE_FULL"));
	json_decref(problems);
}

/* A flow of somebody else, in nobody's place: it stays, and is told of. */
static void test_flows_of_others(void **state)
{
	struct ledger *ledger = world.core->switches[kvm1]->ledger;
	struct build *b = build_new(pipeline, N_TABLES);
	struct rule rule;
	bool is_degraded;
	(void) state;
	for (unsigned pass = 0; pass < 2; pass++) {
		build_flow(b, TABLE_OUTPUT, 65535, 0x1234);
		assert_null(build_end(b, &rule));
		ledger_read_begin(ledger, rule_table(&rule));
		if (!pass)
			ledger_read_row(ledger, &rule, 1, 60, 1);
		ledger_read_end(ledger);
		json_t *problems = show_problems(&world.api, &is_degraded);
		const json_t *problem = with(problems, "kind", "foreign-flows");
		assert_int_equal(problem != NULL, !pass);
		if (problem)
			assert_non_null(strstr(at(problem, "text"), "switch kvm1 has 1 flow of somebody else"));
		json_decref(problems);
	}
	build_free(b);
}

/* A list goes on over whatever happens between its items. */
static void test_world_changes_under_a_list(void **state)
{
	static const struct show_list *const lists[] = { &show_switches, &show_ports, &show_hosts, &show_networks,
							 &show_flows, &show_events, &show_objects };
	(void) state;
	for (unsigned i = 1; i <= 3; i++)
		world_learn(&world, "yard", i, kvm1, VM_A);
	struct show_cursor cursors[7];
	for (size_t i = 0; i < 7; i++) {
		show_begin(&cursors[i], lists[i], &world.api, &(struct show_query) { 0 });
		json_decref(show_next(&cursors[i]));
	}
	world_reload(&world, "version: 1\nswitches: {kvm9: {dpid: 9}}\nnetworks: {nix: {ports: [\"*:x*\"]}}\n");
	core_plan(world.core);
	world_disconnect(&world, kvm1, "x");
	for (size_t i = 0; i < 7; i++) {
		for (json_t *item; (item = show_next(&cursors[i]));)
			json_decref(item);
		show_end(&cursors[i]);
	}
	assert_int_equal(cursors[2].n_given, 1);
	assert_int_equal(cursors[3].n_given, 1);
}

static void test_objects(void **state)
{
	(void) state;
	json_t *document = show_whole(&show_objects, &world.api, &(struct show_query) { 0 });
	assert_string_equal(at(document, "file"), "\"topology.yaml\"");
	assert_string_equal(at(with(json_object_get(document, "apps"), "name", "l2"), "number"), "2");
	const json_t *object = with(json_object_get(document, "objects"), "name", "port kvm1:vm-a of network office");
	assert_string_equal(at(object, "line"), "12");
	/* Its id is in the cookies of its rows. */
	json_t *rows = list(&show_flows, &(struct show_query) { .kind = "flow" });
	const json_t *row = with(rows, "object", "port kvm1:vm-a of network office");
	assert_string_equal(json_string_value(json_object_get(row, "cookie")) + 6,
			    json_string_value(json_object_get(object, "id")) + 6);
	json_decref(rows);
	json_decref(document);
}

#define T(F) cmocka_unit_test_setup_teardown(F, show_world_up, show_world_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_acls), T(test_flows), T(test_rows_that_are_not_there), T(test_flows_of_others),
		T(test_world_changes_under_a_list), T(test_objects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
