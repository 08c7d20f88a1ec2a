/* SPDX-License-Identifier: Apache-2.0 */
/* show: what the documents and lists say about a world made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "apps/pipeline.h"
#include "controller/show.h"
#include "tests/unit/controller/world.h"
#include "topo/ways.h"

static const char file[] =
	"version: 1\n"
	"switches:\n"
	"  kvm1: {dpid: 0x11}\n"
	"  kvm2: {dpid: 0x12}\n"
	"networks:\n"
	"  office:\n"
	"    max_hosts: 4\n"
	"    transport: vlan\n"
	"    vlan: 20\n"
	"    uplinks: [kvm1:eno2, kvm2:eno2]\n"
	"    ports:\n"
	"      - {port: kvm1:vm-a, max_hosts: 1}\n"
	"      - kvm2:vm-b\n"
	"      - kvm1:both\n"
	"      - {port: kvm1:off, enable: false}\n"
	"  yard:\n"
	"    ports:\n"
	"      - {port: kvm1:vm-a, tag: 30}\n"
	"      - \"kvm1:bo*\"\n";

static const char *const ports1[] = { "vm-a", "both", "off", "other", "eno2" };
static const char *const ports2[] = { "vm-b", "eno2" };
enum { VM_A = 1, BOTH = 2, OFF = 3, OTHER = 4, ENO2 = 5, VM_B = 1 };

static struct world world;
static uint32_t kvm1, kvm2;

static int set_up(void **state)
{
	(void) state;
	world_init(&world, file);
	kvm1 = world_connect(&world, "kvm1", ports1, 5);
	kvm2 = core_switch_by_name(world.core, "kvm2");
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	world_uninit(&world);
	return 0;
}

/* "a.1.b" = the value as compact JSON; "" = there is none. */
static const char *at(const json_t *json, const char *path)
{
	static char texts[8][1024];
	static unsigned turn;
	char copy[128], *rest = copy, *word, *text = texts[turn++ % 8];
	snprintf(copy, sizeof copy, "%s", path);
	while ((word = strsep(&rest, ".")))
		json = json_is_array(json) ? json_array_get(json, strtoul(word, NULL, 10)) : json_object_get(json, word);
	char *dump = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	snprintf(text, sizeof texts[0], "%s", dump ? dump : "");
	free(dump);
	return text;
}

/* The item whose member key is the text. */
static const json_t *with(const json_t *list, const char *key, const char *text)
{
	size_t i;
	const json_t *item;
	json_array_foreach(list, i, item) {
		const char *value = json_string_value(json_object_get(item, key));
		if (value && !strcmp(value, text))
			return item;
	}
	return NULL;
}

static json_t *list(const struct show_list *what, const struct show_query *query)
{
	json_t *document = show_whole(what, &world.api, query);
	json_t *items = json_incref(json_object_get(document, what->name));
	json_decref(document);
	return items;
}

static size_t count(const struct show_list *what, const struct show_query *query)
{
	json_t *items = list(what, query);
	size_t n = json_array_size(items);
	json_decref(items);
	return n;
}

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
	kvm1 = world_connect(&world, "kvm1", ports1, 5);
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
	world_connect(&world, "kvm2", ports2, 2);
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
	world_connect(&world, "kvm2", ports2, 2);
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
	world_connect(&world, "kvm2", ports2, 2);
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
	world_connect(&world, "kvm2", ports2, 2);
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

/* Without `switches:` any switch is adopted; its rows are its own. */
static void test_adopted_switch(void **state)
{
	(void) state;
	uint32_t sw = NET_NONE;
	world_uninit(&world);
	world_init(&world, "version: 1\nnetworks:\n  all:\n    ports: [\"*:*\"]\n");
	assert_null(core_admit(world.core, NULL, NULL, NULL, 0xabc, &sw));
	world_connect(&world, "0x0000000000000abc", ports1, 1);
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
	world_connect(&world, "kvm2", ports2, 2);
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

static void test_mirrors(void **state)
{
	static const char mirrored[] = "version: 1\nswitches: {kvm1: {dpid: 0x11}, kvm2: {dpid: 0x12}}\n"
		"networks: {office: {ports: [{port: kvm1:vm-a, mirror: kvm1:other}, {port: kvm1:both, mirror: kvm1:other}, kvm1:off,\n"
		"  {port: kvm1:eno2, mirror: kvm1:gone}, {port: kvm2:vm-b, mirror: kvm2:eno2}]}}\n";
	bool is_degraded;
	(void) state;
	world_connect(&world, "kvm2", ports2, 2);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
		T(test_switches),
		T(test_in_sync_is_no_promise),
		T(test_half_way_is_not_in_sync),
		T(test_an_uplink_that_waits),
		T(test_ports), T(test_port_counters),
		T(test_guards),
		T(test_hosts),
		T(test_networks),
		T(test_acls),
		T(test_flows),
		T(test_rows_that_are_not_there), T(test_flows_of_others),
		T(test_limit),
		T(test_world_changes_under_a_list),
		T(test_status),
		T(test_problems_come_and_go),
		T(test_duplicates), T(test_uplinks),
		T(test_switches_that_are_named_no_more),
		T(test_link_to_a_switch_that_is_not_back),
		T(test_events),
		T(test_events_keep_their_names),
		T(test_objects),
		T(test_adopted_switch),
		T(test_storms),
		T(test_rates),
		T(test_mirrors),
		T(test_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
