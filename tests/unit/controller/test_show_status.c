/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong, and what happened: problems and events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/controller/show_world.h"

static void test_status(void **state)
{
	(void) state;
	json_t *status = show_status(&world.api);
	assert_string_equal(at(status, "verdict"), "\"degraded\"");
	const json_t *problems = json_object_get(status, "problems");
	/* Worst first, and each kind once. */
	assert_string_equal(at(problems, "0.kind"), "\"switch-waiting\"");
	assert_string_equal(at(problems, "0.switch"), "\"kvm2\"");
	assert_string_equal(at(problems, "0.severity"), "\"error\"");
	assert_string_equal(at(problems, "1.kind"), "\"port-conflict\"");
	assert_non_null(strstr(at(problems, "1.text"), "both"));
	assert_string_equal(at(problems, "2.kind"), "\"port-no-network\"");
	assert_string_equal(at(problems, "2.severity"), "\"info\"");
	assert_non_null(strstr(at(problems, "2.text"), "other"));
	assert_int_equal(json_array_size(problems), 3);
	assert_string_equal(at(status, "config.file"), "\"topology.yaml\"");
	json_decref(status);
	world_reload(&world, "version: 1\nswitches: {kvm1: {dpid: 0x11}}\nnetworks:\n  office:\n    ports: [kvm1:vm-a]\n");
	world_take_rows(&world, kvm1);
	status = show_status(&world.api);
	assert_string_equal(at(status, "verdict"), "\"ok\"");
	assert_int_equal(json_array_size(json_object_get(status, "switches")), 1);
	assert_string_equal(at(status, "problems.0.kind"), "\"port-no-network\"");
	json_decref(status);
}

static const json_t *problem_of(json_t **problems, const char *kind, bool *ret_is_degraded)
{
	json_decref(*problems);
	*problems = show_problems(&world.api, ret_is_degraded);
	return with(*problems, "kind", kind);
}

static void test_problems_come_and_go(void **state)
{
	json_t *problems = NULL;
	bool is_degraded;
	(void) state;
	world_connect(&world, "kvm2", show_ports2, 2);
	world_learn(&world, "office", 1, kvm1, VM_A);
	assert_null(problem_of(&problems, "host-limit", &is_degraded));
	struct fact refused = { .kind = FACT_HOST_REFUSED, .reason = REASON_PORT_LIMIT, .sw = kvm1, .ofport = VM_A,
				.network = world.core->net->networks[0].id, .mac = { 2, 0, 0, 0, 0, 5 } };
	core_fact(world.core, &refused);
	const json_t *problem = problem_of(&problems, "host-limit", &is_degraded);
	assert_string_equal(at(problem, "network"), "\"office\"");
	assert_string_equal(at(problem, "severity"), "\"warning\"");
	assert_non_null(strstr(at(problem, "text"), "the last 02:00:00:00:00:05 at port vm-a: max_hosts of the port"));
	/* No limit, and nothing to worry about when it is over. */
	refused.reason = REASON_STANDS;
	for (unsigned i = 0; i < 3; i++) {
		core_fact(world.core, &refused);
		assert_int_equal(problem_of(&problems, "host-echo", &is_degraded) != NULL, i == 2);
	}
	assert_non_null(problem_of(&problems, "host-limit", &is_degraded));
	problem = problem_of(&problems, "host-echo", &is_degraded);
	assert_string_equal(at(problem, "severity"), "\"info\"");
	events_note(world.core->events, world.core->wall_ms, EVENT_WARNING, "drift", "kvm1", "2 rows missing");
	problem = problem_of(&problems, "drift", &is_degraded);
	assert_string_equal(at(problem, "severity"), "\"info\"");
	assert_non_null(strstr(at(problem, "text"), "2 rows missing"));
	core_refuse(world.core, "kvm9", 0x99, "no switch \"kvm9\"");
	problem = problem_of(&problems, "switch-refused", &is_degraded);
	assert_non_null(strstr(at(problem, "text"), "kvm9"));
	assert_true(is_degraded);
	/* As long as a refusal may be, with its cure at the end. */
	char why[360];
	snprintf(why, sizeof why, "%0*d; correct the file", (int) sizeof why - 20, 0);
	world_disconnect(&world, kvm2, why);
	problem = problem_of(&problems, "switch-disconnected", &is_degraded);
	assert_non_null(strstr(at(problem, "text"), "; correct the file\""));
	world_connect(&world, "kvm2", show_ports2, 2);
	assert_null(problem_of(&problems, "switch-disconnected", &is_degraded));
	world_advance(&world, SHOW_RECENT_MS + 1);
	assert_null(problem_of(&problems, "host-limit", &is_degraded));
	assert_null(problem_of(&problems, "drift", &is_degraded));
	assert_null(problem_of(&problems, "switch-refused", &is_degraded));
	json_decref(problems);
}

static void test_uplinks(void **state)
{
	struct fact port = { .kind = FACT_PORT, .sw = kvm1, .ofport = ENO2, .port_name = "eno2", .old_sw = NET_NONE };
	json_t *problems = NULL;
	bool is_degraded;
	(void) state;
	assert_null(problem_of(&problems, "uplink-down", &is_degraded));
	core_fact(world.core, &port);
	const json_t *problem = problem_of(&problems, "uplink-down", &is_degraded);
	assert_string_equal(at(problem, "text"), "\"switch kvm1: uplink eno2 is down: its ports in network office reach nobody by it\"");
	assert_string_equal(at(problem, "switch"), "\"kvm1\"");
	assert_string_equal(at(problem, "severity"), "\"error\"");
	port.kind = FACT_PORT_GONE;
	core_fact(world.core, &port);
	problem = problem_of(&problems, "uplink-down", &is_degraded);
	assert_non_null(strstr(at(problem, "text"), "uplink eno2 is not there"));
	assert_non_null(strstr(at(problem, "hint"), "list-ifaces"));
	/* Of a switch that is away nothing is known; several networks of one uplink are one line. */
	world_disconnect(&world, kvm1, "closed by peer");
	assert_null(problem_of(&problems, "uplink-down", &is_degraded));
	world_reload(&world, "version: 1\nswitches: {kvm2: {dpid: 0x12}}\nnetworks:\n"
		     "  a: {transport: vlan, vlan: 20, uplinks: [kvm2:eno9], ports: [kvm2:vm-b]}\n"
		     "  b: {transport: vlan, vlan: 30, uplinks: [kvm2:eno9], ports: [kvm2:vm-c]}\n");
	world_connect(&world, "kvm2", show_ports2, 2);
	problem = problem_of(&problems, "uplink-down", &is_degraded);
	assert_non_null(strstr(at(problem, "text"), "uplink eno9 is not there: its ports in network a and 1 more"));
	json_decref(problems);
}

static void test_duplicates(void **state)
{
	json_t *problems = NULL;
	bool is_degraded;
	(void) state;
	world_learn(&world, "office", 1, kvm1, VM_A);
	world_learn(&world, "office", 2, kvm1, VM_A);
	struct fact claim = { .kind = FACT_ADDRESS, .sw = kvm1, .ofport = VM_A, .old_sw = NET_NONE,
			      .network = world.core->net->networks[0].id, .mac = { 2, 0, 0, 0, 0, 1 },
			      .has_ip4 = true, .ip4 = { 10, 0, 0, 7 } };
	core_fact(world.core, &claim);
	json_t *items = list(&show_hosts, &(struct show_query) { .ip = "10.0.0.7" });
	assert_int_equal(json_array_size(items), 1);
	assert_string_equal(at(items, "0.addresses.0"), "\"10.0.0.7\"");
	json_decref(items);
	claim.mac[5] = 2;
	core_fact(world.core, &claim);
	assert_null(problem_of(&problems, "duplicate-ip", &is_degraded));
	struct fact duplicate = view_binding_fact(world.core->view, view_binding(world.core->view, claim.network,
		false, claim.ip4), FACT_DUPLICATE);
	core_fact(world.core, &duplicate);
	const json_t *problem = problem_of(&problems, "duplicate-ip", &is_degraded);
	assert_non_null(strstr(at(problem, "text"), "10.0.0.7"));
	assert_non_null(strstr(at(problem, "text"), "02:00:00:00:00:01 at kvm1:vm-a"));
	assert_non_null(strstr(at(problem, "text"), "02:00:00:00:00:02 at kvm1:vm-a"));
	assert_true(is_degraded);
	items = list(&show_events, &(struct show_query) { .kind = "duplicate-ip" });
	assert_string_equal(at(items, "0.severity"), "\"warning\"");
	assert_string_equal(at(items, "0.other_mac"), "\"02:00:00:00:00:02\"");
	assert_string_equal(at(items, "0.network"), "\"office\"");
	json_decref(items);
	duplicate.kind = FACT_ADDRESS_SETTLED;
	core_fact(world.core, &duplicate);
	assert_null(problem_of(&problems, "duplicate-ip", &is_degraded));
	json_decref(problems);
}

static void test_events(void **state)
{
	(void) state;
	uint64_t before = events_last_id(world.core->events);
	world_learn(&world, "yard", 1, kvm1, VM_A);
	world_connect(&world, "kvm2", show_ports2, 2);
	world_learn(&world, "office", 2, kvm1, VM_A);
	world_learn(&world, "office", 2, kvm2, VM_B);
	events_note(world.core->events, 5, EVENT_ERROR, "row-refused", "kvm2", "no \xff\xfe room \x1b[31m");
	json_t *items = list(&show_events, &(struct show_query) { .after = before, .kind = "host" });
	assert_int_equal(json_array_size(items), 2);
	assert_string_equal(at(items, "0.where"), "\"kvm1:vm-a\"");
	assert_string_equal(at(items, "0.network"), "\"yard\"");
	assert_string_equal(at(items, "0.mac"), "\"02:00:00:00:00:01\"");
	assert_memory_equal(at(items, "0.text"), "\"host yard 02:00", 16);
	json_decref(items);
	items = list(&show_events, &(struct show_query) { .kind = "move" });
	assert_int_equal(json_array_size(items), 1);
	assert_string_equal(at(items, "0.where"), "\"kvm2:vm-b\"");
	assert_string_equal(at(items, "0.from"), "\"kvm1:vm-a\"");
	json_decref(items);
	/* The last ones when nothing else is asked for; bytes of others are text. */
	items = list(&show_events, &(struct show_query) { .limit = 1 });
	assert_int_equal(json_array_size(items), 1);
	assert_string_equal(at(items, "0.kind"), "\"row-refused\"");
	assert_string_equal(at(items, "0.switch"), "\"kvm2\"");
	assert_string_equal(at(items, "0.text"), "\"no \xef\xbf\xbd\xef\xbf\xbd room \\u001B[31m\"");
	json_decref(items);
	/* With `after` the next ones, so that one can page from the beginning. */
	items = list(&show_events, &(struct show_query) { .has_after = true, .limit = 1 });
	assert_int_equal(json_array_size(items), 1);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(items, 0), "id")),
			 events_first_id(world.core->events));
	json_decref(items);
	assert_int_equal(count(&show_events, &(struct show_query) { .state = "error" }), 1);
	assert_int_equal(count(&show_events, &(struct show_query) { .network = "yard" }), 1);
	assert_int_equal(count(&show_events, &(struct show_query) { .after = events_last_id(world.core->events) }), 0);
}

static void core_port(uint32_t ofport, const char *name)
{
	struct fact fact = { .kind = FACT_PORT, .sw = kvm1, .ofport = ofport, .port_up = true, .port_live = true };
	snprintf(fact.port_name, sizeof fact.port_name, "%s", name);
	core_fact(world.core, &fact);
}

/* Ports are numbered anew, networks and links leave the file: what happened before says what it said. */
static void test_events_keep_their_names(void **state)
{
	(void) state;
	uint64_t before = events_last_id(world.core->events);
	struct fact lost = { .kind = FACT_PROBE_LOST, .sw = kvm1, .ofport = VM_A, .edge = 1, .old_sw = NET_NONE };
	world_learn(&world, "office", 1, kvm1, BOTH);
	world_learn(&world, "office", 1, kvm1, VM_A);
	events_fact(world.core->events, world.core->wall_ms, &lost, world.core->view);
	core_port(99, "vm-a");
	core_port(VM_A, "both");
	world_learn(&world, "yard", 2, kvm1, 99);
	world_reload(&world, "version: 1\nswitches: {kvm1: {dpid: 0x11, vtep: 10.0.0.1}, kvm2: {dpid: 0x12, vtep: 10.0.0.2}}\n"
		     "links: [{between: [kvm1, kvm2]}]\nnetworks: {nix: {ports: [\"*:x*\"]}}\n");
	json_t *items = list(&show_events, &(struct show_query) { .after = before, .kind = "move" });
	assert_string_equal(at(items, "0.where"), "\"kvm1:vm-a\"");
	assert_string_equal(at(items, "0.from"), "\"kvm1:both\"");
	assert_string_equal(at(items, "0.text"), "\"move office 02:00:00:00:00:01 kvm1:vm-a from=kvm1:both ip=10.0.0.1\"");
	json_decref(items);
	items = list(&show_events, &(struct show_query) { .after = before, .kind = "host-gone" });
	assert_int_equal(json_array_size(items), 2);
	assert_string_equal(at(items, "0.text"), "\"host-gone office 02:00:00:00:00:01 kvm1:vm-a (port gone)\"");
	assert_string_equal(at(items, "0.where"), "\"kvm1:vm-a\"");
	assert_string_equal(at(items, "1.text"), "\"host-gone yard 02:00:00:00:00:02 kvm1:vm-a (no longer in the file)\"");
	assert_string_equal(at(items, "1.network"), "\"yard\"");
	json_decref(items);
	items = list(&show_events, &(struct show_query) { .after = before, .kind = "link-silent" });
	assert_null(strstr(at(items, "0.text"), "kvm2"));
	assert_non_null(strstr(at(items, "0.text"), "link-silent kvm1:vm-a: "));
	json_decref(items);
	assert_int_equal(count(&show_events, &(struct show_query) { .kind = "net" }), 0);
}

static const char limits[] =
	"version: 1\nswitches: {kvm1: {dpid: 0x11}, kvm2: {dpid: 0x12}}\n"
	"networks: {office: {storm: {unknown: 10pps}, ports: [kvm1:vm-a, kvm1:both]}}\n";

static void test_storms(void **state)
{
	bool is_degraded;
	(void) state;
	world_reload(&world, limits);
	core_plan(world.core);
	json_t *problems = show_problems(&world.api, &is_degraded);
	/* It came without meters. */
	assert_string_equal(at(with(problems, "kind", "storm-no-meter"), "text"),
			    "\"switch kvm1 has 0 meters: 2 storm limits do not hold there\"");
	assert_null(with(problems, "kind", "storm"));
	json_decref(problems);

	struct fact storm = { .kind = FACT_STORM, .sw = kvm1, .ofport = VM_A, .old_sw = NET_NONE, .storm = STORM_UNKNOWN,
			      .network = world.core->net->networks[0].id, .n_dropped = 5 };
	core_fact(world.core, &storm);
	storm.n_dropped = 12;
	core_fact(world.core, &storm);
	world_advance(&world, 3000);
	problems = show_problems(&world.api, &is_degraded);
	assert_true(is_degraded);
	assert_string_equal(at(with(problems, "kind", "storm"), "text"),
			    "\"port kvm1:vm-a sends more than 10 unknown unicast frames a second into network office "
			    "(topology.yaml:3): 7 dropped in 3 s\"");
	json_decref(problems);
	json_t *items = list(&show_ports, &(struct show_query) { .state = "storm" });
	assert_int_equal(json_array_size(items), 1);
	assert_string_equal(at(items, "0.networks.0.storm.0.limit_pps"), "10");
	assert_string_equal(at(items, "0.networks.0.storm.0.dropped"), "7");
	json_decref(items);
	items = list(&show_events, &(struct show_query) { .kind = "storm" });
	assert_string_equal(at(items, "0.where"), "\"kvm1:vm-a\"");
	assert_string_equal(at(items, "0.severity"), "\"warning\"");
	json_decref(items);
}

/* Who gets what it may is no fault; who gets more than the switch can hold back is. */
static void test_rates(void **state)
{
	static const char rated[] = "version: 1\nswitches: {kvm1: {dpid: 0x11}, kvm2: {dpid: 0x12}}\n"
		"networks: {office: {ports: [{port: kvm1:vm-a, rate: 1.5Mbit}, kvm1:both, kvm2:vm-b]}}\n";
	bool is_degraded;
	(void) state;
	world_connect(&world, "kvm2", show_ports2, 2);
	world_reload(&world, rated);
	core_plan(world.core);
	json_t *problems = show_problems(&world.api, &is_degraded);
	assert_true(is_degraded);
	assert_string_equal(at(with(problems, "kind", "rate-no-meter"), "text"),
			    "\"switch kvm1 has 0 meters: 1 rates do not hold there\"");
	assert_null(with(problems, "kind", "storm-no-meter"));
	json_decref(problems);

	view_set_max_meters(world.core->view, kvm1, 1000);
	struct fact fact = { .kind = FACT_RATE, .sw = kvm1, .ofport = VM_A, .old_sw = NET_NONE, .storm = LIMIT_RATE,
			     .network = world.core->net->networks[0].id, .n_dropped = 5 };
	core_fact(world.core, &fact);
	fact.n_dropped = 12;
	core_fact(world.core, &fact);
	world_advance(&world, 3000);
	problems = show_problems(&world.api, &is_degraded);
	assert_false(is_degraded);
	assert_string_equal(at(with(problems, "kind", "rate"), "text"),
			    "\"port kvm1:vm-a sends more than its 1.5Mbit into network office (topology.yaml:3): 7 frames dropped in 3 s\"");
	json_decref(problems);
	json_t *items = list(&show_ports, &(struct show_query) { .state = "rate" });
	assert_int_equal(json_array_size(items), 1);
	assert_string_equal(at(items, "0.networks.0.rate"), "{\"limit_kbps\":1500,\"burst_kbit\":375,\"dropped\":7,\"active\":true}");
	json_decref(items);
	items = list(&show_ports, &(struct show_query) { .port = "both" });
	assert_string_equal(at(items, "0.networks.0.rate"), "null");
	json_decref(items);
	items = list(&show_events, &(struct show_query) { .kind = "rate" });
	assert_string_equal(at(items, "0.where"), "\"kvm1:vm-a\"");
	assert_string_equal(at(items, "0.severity"), "\"info\"");
	assert_string_equal(at(items, "0.dropped"), "7");
	assert_string_equal(at(items, "0.storm"), "");
	json_decref(items);
}

#define T(F) cmocka_unit_test_setup_teardown(F, show_world_up, show_world_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_status), T(test_problems_come_and_go), T(test_duplicates), T(test_uplinks), T(test_events),
		T(test_events_keep_their_names),
		T(test_storms), T(test_rates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
