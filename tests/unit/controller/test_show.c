/* SPDX-License-Identifier: Apache-2.0 */
/* show: what the documents and lists say about a world made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/controller/show_world.h"

static void test_switches(void **state)
{
	(void) state;
	json_t *items = list(&show_switches, &(struct show_query) { 0 });
	assert_int_equal(json_array_size(items), 2);
	const json_t *one = with(items, "name", "kvm1"), *two = with(items, "name", "kvm2");
	assert_string_equal(at(one, "dpid"), "\"0x0000000000000011\"");
	assert_string_equal(at(one, "state"), "\"connected\"");
	assert_string_equal(at(one, "in_sync"), "true");
	assert_string_equal(at(one, "ports"), "6");
	assert_string_equal(at(one, "line"), "3");
	assert_true(json_integer_value(json_object_get(one, "flows")) > 10);
	assert_string_equal(at(two, "state"), "\"waiting\"");
	assert_string_equal(at(two, "since_ms"), "null");
	json_decref(items);
	assert_int_equal(count(&show_switches, &(struct show_query) { .state = "waiting" }), 1);
	assert_int_equal(count(&show_switches, &(struct show_query) { .sw = "kvm1" }), 1);
	world_disconnect(&world, kvm1, "no sign of life");
	items = list(&show_switches, &(struct show_query) { .sw = "kvm1" });
	assert_string_equal(at(items, "0.state"), "\"disconnected\"");
	assert_string_equal(at(items, "0.last_error"), "\"no sign of life\"");
	assert_string_equal(at(items, "0.in_sync"), "false");
	json_decref(items);
}

/* What a fact means for the rows is worked out at the end of the tick. */
/* Rows that nobody wants changed now are not the last word while a change of ways is half done. */
static void test_half_way_is_not_in_sync(void **state)
{
	struct ways *half = ways_compute(world.core->view);
	(void) state;
	half->with = ways_compute(world.core->view);
	view_set_ways(world.core->view, half);
	json_t *items = list(&show_switches, &(struct show_query) { 0 });
	assert_string_equal(at(with(items, "name", "kvm1"), "in_sync"), "false");
	json_decref(items);
	view_set_ways(world.core->view, ways_alone(view_take_ways(world.core->view)));
	items = list(&show_switches, &(struct show_query) { 0 });
	assert_string_equal(at(with(items, "name", "kvm1"), "in_sync"), "true");
	json_decref(items);
}

static void test_in_sync_is_no_promise(void **state)
{
	struct fact closed = { .kind = FACT_QUARANTINE, .sw = kvm1, .ofport = BOTH, .old_sw = NET_NONE,
			       .network = world.core->net->networks[0].id };
	(void) state;
	core_fact(world.core, &closed);
	json_t *items = list(&show_switches, &(struct show_query) { .sw = "kvm1" });
	assert_string_equal(at(items, "0.in_sync"), "false");
	json_decref(items);
}

/* Its rows let nothing in, and so it says. */
static void test_an_uplink_that_waits(void **state)
{
	(void) state;
	world_reload(&world, "version: 1\nswitches: {kvm1: {dpid: 0x11}, kvm2: {dpid: 0x12}}\n"
		     "networks: {red: {transport: vlan, vlan: 5, uplinks: [kvm1:vm-a]}}\n");
	struct ways *ways = ways_compute(world.core->view);
	for (int is_used = 1; is_used >= 0; is_used--) {
		view_set_ways(world.core->view, ways);
		json_t *items = list(&show_ports, &(struct show_query) { .sw = "kvm1" });
		const json_t *port = with(items, "name", "vm-a");
		assert_string_equal(at(port, "state"), is_used ? "\"ok\"" : "\"standby\"");
		assert_string_equal(at(port, "networks.0.open"), is_used ? "true" : "false");
		assert_true(is_used || strstr(at(port, "why"), "when they are left"));
		json_decref(items);
		ways = view_take_ways(world.core->view);
		ways->stands[0].on_lan = false;
	}
	ways_free(ways);
}

static void test_ports(void **state)
{
	(void) state;
	json_t *items = list(&show_ports, &(struct show_query) { .sw = "kvm1" });
	assert_int_equal(json_array_size(items), 6);
	const json_t *port = with(items, "name", "vm-a");
	assert_string_equal(at(port, "state"), "\"ok\"");
	assert_string_equal(at(port, "why"), "null");
	assert_string_equal(at(port, "networks.0.network"), "\"office\"");
	assert_string_equal(at(port, "networks.0.tag"), "null");
	assert_string_equal(at(port, "networks.0.max_hosts"), "1");
	assert_string_equal(at(port, "networks.0.line"), "12");
	assert_string_equal(at(port, "networks.1.network"), "\"yard\"");
	assert_string_equal(at(port, "networks.1.tag"), "30");
	assert_string_equal(at(with(items, "name", "off"), "state"), "\"disabled\"");
	assert_string_equal(at(with(items, "name", "other"), "state"), "\"no-network\"");
	assert_string_equal(at(with(items, "name", "br-int"), "state"), "\"local\"");
	assert_string_equal(at(with(items, "name", "eno2"), "networks.0.uplink"), "true");
	port = with(items, "name", "both");
	assert_string_equal(at(port, "state"), "\"conflict\"");
	assert_non_null(strstr(at(port, "why"), "yard (topology.yaml:19)"));
	json_decref(items);
	assert_int_equal(count(&show_ports, &(struct show_query) { .state = "conflict" }), 1);
	assert_int_equal(count(&show_ports, &(struct show_query) { .network = "yard" }), 1);
	assert_int_equal(count(&show_ports, &(struct show_query) { .port = "vm-a" }), 1);
}

/* Counters: none before they are read, rates from two readings on. */
static void test_port_counters(void **state)
{
	struct view_counts counts = { 10, 20, 1000, 2000, 0, UINT64_MAX };
	(void) state;
	json_t *items = list(&show_ports, &(struct show_query) { .port = "vm-a" });
	assert_string_equal(at(items, "0.rx_bytes"), "null");
	assert_string_equal(at(items, "0.counted_ms"), "null");
	json_decref(items);
	view_port_count(world.core->view, kvm1, VM_A, &counts, world.core->now_ms);
	items = list(&show_ports, &(struct show_query) { .port = "vm-a" });
	assert_string_equal(at(items, "0.rx_packets"), "10");
	assert_string_equal(at(items, "0.tx_bytes"), "2000");
	assert_string_equal(at(items, "0.rx_dropped"), "0");
	assert_string_equal(at(items, "0.tx_dropped"), "null");
	assert_string_equal(at(items, "0.rx_mbps"), "null");
	json_decref(items);
	world_advance(&world, 5000);
	counts.rx_bytes += 625000;
	counts.tx_bytes = 7;            /* the port was made anew */
	view_port_count(world.core->view, kvm1, VM_A, &counts, world.core->now_ms);
	items = list(&show_ports, &(struct show_query) { .port = "vm-a" });
	assert_string_equal(at(items, "0.rx_mbps"), "1.0");
	assert_string_equal(at(items, "0.tx_mbps"), "0.0");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(items, 0), "counted_ms")), world.core->wall_ms);
	json_decref(items);
	/* Nobody of that number. */
	view_port_count(world.core->view, kvm1, 777, &counts, world.core->now_ms);
}

static struct fact guard_fact(enum fact_kind kind, enum fact_reason reason, uint32_t ofport, unsigned mac, unsigned ip)
{
	return (struct fact) {
		.kind = kind, .reason = reason, .sw = kvm1, .ofport = ofport, .old_sw = NET_NONE, .has_ip4 = true,
		.network = world.core->net->networks[0].id, .mac = { 2, 0, 0, 0, 0, (uint8_t) mac },
		.ip4 = { 10, 0, 0, (uint8_t) ip }, .until_s = (uint32_t) (world.core->wall_ms / 1000),
	};
}

static void test_guards(void **state)
{
	bool is_degraded;
	(void) state;
	world_reload(&world, "version: 1\nswitches: {kvm1: {dpid: 0x11}, kvm2: {dpid: 0x12}}\nnetworks:\n  office:\n    guard: [dhcp, ra]\n"
		     "    ports: [{port: kvm1:vm-a, mac: \"02:00:00:00:00:01\", ip: 10.0.0.1},"
		     " {port: kvm1:both, max_hosts: 1, on_limit: shut}, {port: kvm1:other, trust: dhcp, sticky: true}]\n");
	struct fact facts[] = {
		guard_fact(FACT_VIOLATION, REASON_BOUND, VM_A, 9, 9),
		guard_fact(FACT_VIOLATION, REASON_BOUND, VM_A, 8, 9),
		guard_fact(FACT_VIOLATION, REASON_ROGUE_DHCP, VM_A, 1, 1),
		guard_fact(FACT_VIOLATION, REASON_ROGUE_RA, 2, 7, 7),
		guard_fact(FACT_LEASE, REASON_NONE, NET_NONE, 5, 5),
		guard_fact(FACT_PORT_SHUT, REASON_PORT_LIMIT, 2, 7, 7),
	};
	world_learn(&world, "office", 5, kvm1, 2);
	facts[4].until_s += 600;
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		core_fact(world.core, &facts[i]);
	json_t *items = list(&show_ports, &(struct show_query) { .sw = "kvm1" });
	const json_t *port = with(items, "name", "vm-a");
	assert_string_equal(at(port, "violations"), "3");
	assert_string_equal(at(port, "last_violation"), "\"a DHCP server at a port that is not trusted\"");
	assert_string_equal(at(port, "networks.0.bound.mac"), "\"02:00:00:00:00:01\"");
	assert_string_equal(at(port, "networks.0.bound.ips.0"), "\"10.0.0.1\"");
	port = with(items, "name", "both");
	assert_string_equal(at(port, "state"), "\"shut\"");
	assert_non_null(strstr(at(port, "why"), "02:00:00:00:00:07 came too; lets in nothing of it for 60 s more"));
	assert_string_equal(at(port, "networks.0.leases.0.ip"), "\"10.0.0.5\"");
	assert_string_equal(at(port, "networks.0.leases.0.seconds_left"), "600");
	assert_string_equal(at(port, "networks.0.shut.for_seconds"), "60");
	assert_string_equal(at(port, "networks.0.guard.0"), "\"ra\"");
	assert_string_equal(at(with(items, "name", "other"), "networks.0.sticky"), "true");
	json_decref(items);
	json_t *problems = show_problems(&world.api, &is_degraded);
	assert_true(is_degraded);
	assert_string_equal(at(with(problems, "kind", "violation"), "text"),
			    "\"network office: port kvm1:vm-a, bound to 02:00:00:00:00:01 10.0.0.1, sent from 10.0.0.9 (02:00:00:00:00:08)\"");
	assert_string_equal(at(with(problems, "kind", "rogue-dhcp"), "text"),
			    "\"network office: rogue DHCP server at kvm1:vm-a: 10.0.0.1 (02:00:00:00:00:01)\"");
	assert_non_null(strstr(at(with(problems, "kind", "rogue-router"), "text"), "rogue router at kvm1:both"));
	assert_non_null(strstr(at(with(problems, "kind", "port-shut"), "text"), "port kvm1:both is shut"));
	json_decref(problems);
	/* What is past is told for ten minutes. */
	world_advance(&world, SHOW_RECENT_MS + 1);
	core_tick(world.core);
	problems = show_problems(&world.api, &is_degraded);
	assert_null(with(problems, "kind", "violation"));
	json_decref(problems);
}

static void test_hosts(void **state)
{
	(void) state;
	world_learn(&world, "yard", 9, kvm1, VM_A);
	world_learn(&world, "office", 1, kvm1, VM_A);
	world_advance(&world, 5400);
	json_t *items = list(&show_hosts, &(struct show_query) { 0 });
	assert_int_equal(json_array_size(items), 2);
	/* By network and address. */
	assert_string_equal(at(items, "0.mac"), "\"02:00:00:00:00:01\"");
	assert_string_equal(at(items, "0.network"), "\"office\"");
	assert_string_equal(at(items, "0.ip"), "\"10.0.0.1\"");
	assert_string_equal(at(items, "0.ip6"), "null");
	assert_string_equal(at(items, "0.where"), "\"kvm1:vm-a\"");
	assert_string_equal(at(items, "0.seen_seconds"), "5");
	assert_string_equal(at(items, "0.state"), "\"learned\"");
	assert_string_equal(at(items, "1.network"), "\"yard\"");
	json_decref(items);
	assert_int_equal(count(&show_hosts, &(struct show_query) { .network = "yard" }), 1);
	assert_int_equal(count(&show_hosts, &(struct show_query) { .network = "nix" }), 0);
	assert_int_equal(count(&show_hosts, &(struct show_query) { .sw = "kvm2" }), 0);
	assert_int_equal(count(&show_hosts, &(struct show_query) { .sw = "kvm1", .port = "vm-a" }), 2);
	assert_int_equal(count(&show_hosts, &(struct show_query) { .mac = "02:00:00:00:00:09" }), 1);
	assert_int_equal(count(&show_hosts, &(struct show_query) { .mac = "nonsense" }), 0);
	assert_int_equal(count(&show_hosts, &(struct show_query) { .ip = "10.0.0.1" }), 1);
	assert_int_equal(count(&show_hosts, &(struct show_query) { .state = "recovered" }), 0);
}

static void test_networks(void **state)
{
	(void) state;
	world_learn(&world, "office", 1, kvm1, VM_A);
	json_t *items = list(&show_networks, &(struct show_query) { 0 });
	const json_t *office = with(items, "name", "office"), *yard = with(items, "name", "yard");
	assert_string_equal(at(office, "hosts"), "1");
	assert_string_equal(at(office, "max_hosts"), "4");
	assert_string_equal(at(office, "ports"), "3");
	assert_string_equal(at(office, "switches"), "1");
	assert_string_equal(at(office, "transport"), "\"vlan\"");
	assert_string_equal(at(office, "vlan"), "20");
	assert_string_equal(at(office, "ageing_seconds"), "300");
	assert_string_equal(at(yard, "max_hosts"), "null");
	assert_string_equal(at(yard, "transport"), "\"local\"");
	assert_string_equal(at(yard, "link_vlan"), "null");
	assert_string_equal(at(yard, "ports"), "1");
	assert_string_equal(at(yard, "tags"), "\"drop\"");
	assert_string_equal(at(yard, "vteps"), "[]");
	json_decref(items);
	assert_int_equal(count(&show_networks, &(struct show_query) { .network = "yard" }), 1);
	world_reload(&world, "version: 1\nswitches: {kvm1: {dpid: 0x11}, kvm2: {dpid: 0x12}}\nlinks: [{between: [kvm1:l, kvm2:l]}]\n"
		     "networks: {yard: {link_vlan: 7, ports: [kvm1:vm-a, kvm2:vm-b]}}\n");
	items = list(&show_networks, &(struct show_query) { 0 });
	assert_string_equal(at(items, "0.transport"), "\"links\"");
	assert_string_equal(at(items, "0.link_vlan"), "7");
	json_decref(items);
	items = list(&show_links, &(struct show_query) { 0 });
	assert_string_equal(at(items, "0.state"), "\"down\"");
	assert_string_equal(at(items, "0.why"), "\"kvm1:l is down, or not there\"");
	json_decref(items);
}

static void test_switches_that_are_named_no_more(void **state)
{
	(void) state;
	assert_int_equal(count(&show_switches, &(struct show_query) { 0 }), 2);
	world_reload(&world, "version: 1\nnetworks: {all: {ports: [\"*:*\"]}}\n");
	assert_int_equal(count(&show_switches, &(struct show_query) { 0 }), 1);
	world_disconnect(&world, kvm1, "closed by peer");
	assert_int_equal(count(&show_switches, &(struct show_query) { .state = "disconnected" }), 1);
	assert_int_equal(count(&show_switches, &(struct show_query) { 0 }), 1);
}

/* After a restart: nothing is known against the far end. */
static void test_link_to_a_switch_that_is_not_back(void **state)
{
	static const char *const ports[] = { "vm-a", "l" };
	struct fact row = { .kind = FACT_LINK, .ofport = 2, .recovered = true, .old_sw = NET_NONE };
	(void) state;
	world_uninit(&world);
	world_init(&world, "version: 1\nswitches: {kvm1: {dpid: 0x11}, kvm2: {dpid: 0x12}}\nlinks: [{between: [kvm1:l, kvm2:l]}]\n"
		   "networks: {yard: {link_vlan: 7, ports: [kvm1:vm-a, kvm2:vm-b]}}\n");
	row.sw = world_connect(&world, "kvm1", ports, 2);
	json_t *items = list(&show_links, &(struct show_query) { 0 });
	assert_string_equal(at(items, "0.state"), "\"unconfirmed\"");
	assert_string_equal(at(items, "0.why"), "\"switch kvm2 has not connected since weftd started\"");
	json_decref(items);
	core_fact(world.core, &row);
	items = list(&show_links, &(struct show_query) { 0 });
	assert_string_equal(at(items, "0.state"), "\"up\"");
	assert_string_equal(at(items, "0.why"), "\"as far as is known: switch kvm2 has not connected since weftd started\"");
	json_decref(items);
}

static void test_limit(void **state)
{
	(void) state;
	for (unsigned i = 1; i <= 3; i++)
		world_learn(&world, "yard", i, kvm1, VM_A);
	json_t *document = show_whole(&show_hosts, &world.api, &(struct show_query) { .limit = 2 });
	assert_string_equal(at(document, "truncated"), "true");
	assert_int_equal(json_array_size(json_object_get(document, "hosts")), 2);
	json_decref(document);
	document = show_whole(&show_hosts, &world.api, &(struct show_query) { .limit = 3 });
	assert_string_equal(at(document, "truncated"), "false");
	assert_int_equal(json_array_size(json_object_get(document, "hosts")), 3);
	json_decref(document);
	document = show_whole(&show_flows, &world.api, &(struct show_query) { .limit = 5 });
	assert_string_equal(at(document, "truncated"), "true");
	assert_int_equal(json_array_size(json_object_get(document, "flows")), 5);
	json_decref(document);
}

/* Without `switches:` any switch is adopted; its rows are its own. */
static void test_adopted_switch(void **state)
{
	(void) state;
	uint32_t sw = NET_NONE;
	world_uninit(&world);
	world_init(&world, "version: 1\nnetworks:\n  all:\n    ports: [\"*:*\"]\n");
	assert_null(core_admit(world.core, NULL, NULL, NULL, 0xabc, &sw));
	world_connect(&world, "0x0000000000000abc", show_ports1, 1);
	json_t *items = list(&show_switches, &(struct show_query) { 0 });
	assert_string_equal(at(items, "0.state"), "\"connected\"");
	assert_string_equal(at(items, "0.line"), "null");
	json_decref(items);
	items = list(&show_flows, &(struct show_query) { 0 });
	assert_non_null(with(items, "object", "switch 0x0000000000000abc"));
	json_decref(items);
	items = list(&show_objects, &(struct show_query) { 0 });
	assert_non_null(with(items, "name", "switch 0x0000000000000abc"));
	json_decref(items);
	bool is_degraded;
	json_decref(show_problems(&world.api, &is_degraded));
	assert_false(is_degraded);
}

static void test_mirrors(void **state)
{
	static const char mirrored[] = "version: 1\nswitches: {kvm1: {dpid: 0x11}, kvm2: {dpid: 0x12}}\n"
		"networks: {office: {ports: [{port: kvm1:vm-a, mirror: kvm1:other}, {port: kvm1:both, mirror: kvm1:other}, kvm1:off,\n"
		"  {port: kvm1:eno2, mirror: kvm1:gone}, {port: kvm2:vm-b, mirror: kvm2:eno2}]}}\n";
	bool is_degraded;
	(void) state;
	world_connect(&world, "kvm2", show_ports2, 2);
	world_reload(&world, mirrored);
	core_plan(world.core);
	json_t *problems = show_problems(&world.api, &is_degraded);
	assert_true(is_degraded);
	assert_string_equal(at(with(problems, "kind", "mirror"), "text"),
			    "\"port kvm1:eno2: its mirror port gone (topology.yaml:4) is not there: no copies are made\"");
	assert_null(with(problems, "kind", "port-no-network"));
	json_decref(problems);
	json_t *items = list(&show_ports, &(struct show_query) { .port = "vm-a" });
	assert_string_equal(at(items, "0.mirror"), "\"kvm1:other\"");
	assert_string_equal(at(items, "0.state"), "\"ok\"");
	assert_string_equal(at(items, "0.why"), "null");
	json_decref(items);
	items = list(&show_ports, &(struct show_query) { .port = "other" });
	assert_string_equal(at(items, "0.state"), "\"mirror\"");
	assert_string_equal(at(items, "0.mirror"), "null");
	assert_string_equal(at(items, "0.mirrored"), "[\"vm-a\",\"both\"]");
	assert_string_equal(at(items, "0.why"), "\"takes copies of vm-a, both; what comes in there is dropped and counted\"");
	json_decref(items);
	struct fact down = { .kind = FACT_PORT, .sw = kvm1, .ofport = OTHER, .port_name = "other", .old_sw = NET_NONE };
	core_fact(world.core, &down);
	items = list(&show_ports, &(struct show_query) { .port = "both" });
	assert_string_equal(at(items, "0.why"), "\"its mirror port other (topology.yaml:3) is down: no copies are made\"");
	json_decref(items);
	items = list(&show_ports, &(struct show_query) { .port = "other" });
	assert_string_equal(at(items, "0.state"), "\"down\"");
	json_decref(items);
	struct fact gone = { .kind = FACT_PORT_GONE, .sw = kvm2, .ofport = VM_B, .old_sw = NET_NONE };
	core_fact(world.core, &gone);
	items = list(&show_ports, &(struct show_query) { .sw = "kvm2", .port = "eno2" });
	assert_string_equal(at(items, "0.why"), "\"takes copies of nobody: none of these ports is there; what comes in there is dropped and counted\"");
	json_decref(items);
}

static void test_text(void **state)
{
	static const struct { const char *bytes, *json; } cases[] = {
		{ "plain", "\"plain\"" },
		{ "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
		{ "\xc3(", "\"\xef\xbf\xbd(\"" },
		{ "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },            /* overlong */
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },    /* surrogate */
		{ "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },            /* cut off */
		{ "\xff ok \xe2\x82\xac", "\"\xef\xbf\xbd ok \xe2\x82\xac\"" },
		{ "", "\"\"" },
	};
	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *json = show_text(cases[i].bytes);
		char *text = json_dumps(json, JSON_ENCODE_ANY);
		assert_string_equal(text, cases[i].json);
		free(text);
		json_decref(json);
	}
	json_t *none = show_text(NULL);
	assert_true(json_is_null(none));
	json_decref(none);
}

#define T(F) cmocka_unit_test_setup_teardown(F, show_world_up, show_world_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_switches), T(test_in_sync_is_no_promise), T(test_half_way_is_not_in_sync),
		T(test_an_uplink_that_waits), T(test_ports), T(test_port_counters), T(test_guards), T(test_hosts),
		T(test_networks), T(test_switches_that_are_named_no_more), T(test_link_to_a_switch_that_is_not_back),
		T(test_limit), T(test_adopted_switch), T(test_mirrors), T(test_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
