/* SPDX-License-Identifier: Apache-2.0 */
/* Facts as one line of text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "topo/fact.h"
#include "topo/net.h"
#include "topo/view.h"

static const char text[] =
	"version: 1\n"
	"switches: {kvm1: {dpid: 0x11}, kvm2: {dpid: 0x12}}\n"
	"networks: {office: {ports: [\"*:vm-*\"]}}\n";

static struct net *net;
static struct view *view;
static uint32_t office;

static int set_up(void **state)
{
	struct diag *diag = diag_new("t.yaml");
	(void) state;
	net = net_parse("t.yaml", text, strlen(text), diag);
	diag_print(diag, stderr);
	diag_free(diag);
	if (!net)
		return -1;
	view = view_new();
	view_bind(view, net, 0, NULL, NULL);
	view_switch_slot(view, "kvm1", 0x11);
	view_switch_slot(view, "kvm2", 0x12);
	struct fact port = { .kind = FACT_PORT, .sw = 0, .ofport = 3, .port_name = "vm-db" };
	view_apply(view, &port, NULL, NULL);
	office = net->networks[0].id;
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	view_free(view);
	net_free(net);
	return 0;
}

static void says(struct fact fact, const char *expected)
{
	char buf[256];
	size_t n = fact_format(&fact, net, view, buf, sizeof buf);
	assert_string_equal(buf, expected);
	assert_int_equal(n, strlen(expected));
}

#define MAC { 0x52, 0x54, 0, 0xaa, 0, 0x20 }

static void lines(void **state)
{
	(void) state;
	says((struct fact) { .kind = FACT_HOST, .sw = 0, .ofport = 3, .network = office, .mac = MAC,
			     .old_sw = NET_NONE, .has_ip4 = true, .ip4 = { 192, 168, 20, 20 },
			     .time_ms = 1732125 },
	     "1732.125 host office 52:54:00:aa:00:20 kvm1:vm-db ip=192.168.20.20");
	says((struct fact) { .kind = FACT_HOST, .sw = 1, .ofport = 7, .network = office, .mac = MAC,
			     .old_sw = 0, .old_ofport = 3, .time_ms = 1733000 },
	     "1733.000 move office 52:54:00:aa:00:20 kvm2:7 from=kvm1:vm-db");
	says((struct fact) { .kind = FACT_HOST, .sw = 0, .ofport = 3, .network = office, .mac = MAC,
			     .old_sw = NET_NONE, .recovered = true, .age_s = 12 },
	     "0.000 host office 52:54:00:aa:00:20 kvm1:vm-db recovered age=12");
	says((struct fact) { .kind = FACT_HOST, .sw = NET_NONE, .network = office, .mac = MAC,
			     .old_sw = NET_NONE, .unconfirmed = true },
	     "0.000 host office 52:54:00:aa:00:20 - unconfirmed");
	says((struct fact) { .kind = FACT_HOST_GONE, .reason = REASON_AGED, .sw = 0, .ofport = 3,
			     .network = office, .mac = MAC },
	     "0.000 host-gone office 52:54:00:aa:00:20 kvm1:vm-db (aged)");
	says((struct fact) { .kind = FACT_HOST_REFUSED, .reason = REASON_PORT_LIMIT, .sw = 0, .ofport = 3,
			     .network = 0x1234, .mac = MAC, .has_ip6 = true,
			     .ip6 = { 0xfe, 0x80, [15] = 1 } },
	     "0.000 host-refused 0x00001234 52:54:00:aa:00:20 kvm1:vm-db "
	     "ip6=fe80::1 (max_hosts of the port reached)");
	says((struct fact) { .kind = FACT_NETWORK_FULL, .network = office, .recovered = true },
	     "0.000 network-full office recovered");
	says((struct fact) { .kind = FACT_NETWORK_FULL, .network = office },
	     "0.000 network-full office no more");
	says((struct fact) { .kind = FACT_SWITCH_UP, .sw = 1 }, "0.000 switch-up kvm2");
	says((struct fact) { .kind = FACT_SWITCH_DOWN, .sw = 9 }, "0.000 switch-down #9");
	says((struct fact) { .kind = FACT_PORT, .sw = 0, .ofport = 3, .port_name = "vm-db", .port_up = true,
			     .port_live = true, .port_speed_mbps = 10000 },
	     "0.000 port kvm1:vm-db port=3 up live speed=10000M");
	says((struct fact) { .kind = FACT_PORT, .sw = 0, .ofport = 0xfffffffe, .port_name = "br-int",
			     .port_local = true },
	     "0.000 port kvm1:br-int port=LOCAL down speed=0M");
	says((struct fact) { .kind = FACT_PORT_GONE, .sw = 0, .ofport = 3, .port_name = "vm-db" },
	     "0.000 port-gone kvm1:vm-db port=3");
}

static void lines_of_ways_and_addresses(void **state)
{
	(void) state;
	says((struct fact) { .kind = FACT_MEMBER, .sw = 1, .network = office, .recovered = true },
	     "0.000 member office kvm2 recovered");
	says((struct fact) { .kind = FACT_MEMBER, .sw = 1, .network = office }, "0.000 member office kvm2 no more");
	says((struct fact) { .kind = FACT_GATEWAY, .sw = 0, .ofport = 3, .network = office },
	     "0.000 gateway office kvm1:vm-db");
	says((struct fact) { .kind = FACT_GATEWAY, .sw = NET_NONE, .network = office, .recovered = true, .unconfirmed = true },
	     "0.000 gateway office - recovered unconfirmed");
	says((struct fact) { .kind = FACT_LINK, .sw = 0, .ofport = 3, .old_sw = 1, .old_ofport = 9 },
	     "0.000 link kvm2:9 to kvm1:vm-db");
	says((struct fact) { .kind = FACT_LINK, .sw = 0, .ofport = 3, .old_sw = 1, .old_ofport = 9, .hold_s = 60 },
	     "0.000 link kvm2:9 to kvm1:vm-db (it failed often: rests for 60 s)");
	says((struct fact) { .kind = FACT_PROBE_LOST, .sw = 0, .ofport = 3 },
	     "0.000 link-silent kvm1:vm-db: carries nothing although its ports are up; 3 probes lost");
	says((struct fact) { .kind = FACT_ANSWER, .sw = 0 }, "0.000 answer kvm1");
	says((struct fact) { .kind = FACT_WAYS }, "0.000 ways: what is for all, or has no paths, goes other ways");
	says((struct fact) { .kind = FACT_ADDRESS, .sw = 0, .ofport = 3, .network = office, .mac = MAC, .old_sw = NET_NONE,
			     .has_ip4 = true, .ip4 = { 10, 0, 0, 1 }, .was_known = true, .other_mac = { 2, [5] = 7 } },
	     "0.000 address office 52:54:00:aa:00:20 kvm1:vm-db ip=10.0.0.1 was=02:00:00:00:00:07");
	says((struct fact) { .kind = FACT_ADDRESS, .sw = 0, .ofport = 3, .network = office, .mac = MAC, .old_sw = NET_NONE,
			     .has_ip4 = true, .ip4 = { 10, 0, 0, 1 }, .contested = true, .other_mac = { 2, [5] = 7 } },
	     "0.000 address office 52:54:00:aa:00:20 kvm1:vm-db ip=10.0.0.1 contested=02:00:00:00:00:07");
	says((struct fact) { .kind = FACT_DUPLICATE, .sw = 0, .ofport = 3, .network = office, .mac = MAC, .old_sw = NET_NONE,
			     .other_mac = { 2, [5] = 7 } },
	     "0.000 duplicate-ip office 52:54:00:aa:00:20 kvm1:vm-db other=02:00:00:00:00:07");
}

static void lines_of_guards(void **state)
{
	struct fact fact = { .kind = FACT_VIOLATION, .sw = 0, .ofport = 3, .network = office, .mac = MAC, .has_ip4 = true,
			     .ip4 = { 10, 0, 0, 9 }, .old_sw = NET_NONE, .reason = REASON_BOUND };
	(void) state;
	says(fact, "0.000 violation office: port kvm1:vm-db sent from 10.0.0.9 (52:54:00:aa:00:20)");
	fact.reason = REASON_ROGUE_DHCP;
	says(fact, "0.000 violation office: rogue DHCP server at kvm1:vm-db: 10.0.0.9 (52:54:00:aa:00:20)");
	fact.reason = REASON_ROGUE_RA;
	fact.has_ip4 = false;
	says(fact, "0.000 violation office: rogue router at kvm1:vm-db: 52:54:00:aa:00:20");
	fact.reason = REASON_NO_LEASE;
	fact.has_ip6 = true;
	fact.ip6[0] = 0xfd;
	says(fact, "0.000 violation office: port kvm1:vm-db sent from fd00:: (52:54:00:aa:00:20), which is not leased to it");
	memcpy(fact.other_mac, (uint8_t[6]) { 2, [5] = 7 }, 6);
	says(fact, "0.000 violation office: port kvm1:vm-db sent from fd00:: (52:54:00:aa:00:20), which is leased to 02:00:00:00:00:07");
	fact.reason = REASON_TAKEN;
	says(fact, "0.000 violation office: port kvm1:vm-db sent from fd00:: (52:54:00:aa:00:20), to which another port is bound");
	fact.reason = REASON_STICKY;
	says(fact, "0.000 violation office: port kvm1:vm-db sent from fd00:: (52:54:00:aa:00:20), which sticks to another port");
	fact.reason = REASON_PORT_LIMIT;
	fact.has_ip6 = false;
	says(fact, "0.000 violation office: port kvm1:vm-db has 52:54:00:aa:00:20 beyond its max_hosts");
	says((struct fact) { .kind = FACT_LEASE, .sw = 0, .ofport = 3, .network = office, .mac = MAC, .has_ip4 = true,
			     .ip4 = { 10, 0, 0, 1 }, .old_sw = NET_NONE, .until_s = 1700000000, .recovered = true, .age_s = 7 },
	     "0.000 lease office 52:54:00:aa:00:20 kvm1:vm-db ip=10.0.0.1 recovered age=7 until=1700000000");
	says((struct fact) { .kind = FACT_LEASE_GONE, .sw = NET_NONE, .network = office, .mac = MAC, .has_ip4 = true,
			     .ip4 = { 10, 0, 0, 1 }, .old_sw = NET_NONE, .until_s = UINT32_MAX, .reason = REASON_RELEASED },
	     "0.000 lease-gone office 52:54:00:aa:00:20 - ip=10.0.0.1 (given back) until=never");
	says((struct fact) { .kind = FACT_PORT_SHUT, .sw = 0, .ofport = 3, .network = office, .mac = MAC, .length_s = 60,
			     .reason = REASON_PORT_LIMIT },
	     "0.000 port-shut office kvm1:vm-db for=60s because of 52:54:00:aa:00:20 (max_hosts of the port reached)");
	says((struct fact) { .kind = FACT_PORT_OPEN, .sw = 0, .ofport = 3, .network = office }, "0.000 port-open office kvm1:vm-db");
}

static void lines_of_storms_and_loops(void **state)
{
	struct fact fact = { .kind = FACT_STORM, .sw = 0, .ofport = 3, .network = office, .storm = STORM_MULTICAST,
			     .n_dropped = 12, .old_sw = NET_NONE };
	(void) state;
	says(fact, "0.000 storm office kvm1:vm-db multicast dropped=12");
	fact.kind = FACT_RATE;
	fact.storm = LIMIT_RATE;
	says(fact, "0.000 rate office kvm1:vm-db dropped=12");
	fact = (struct fact) { .kind = FACT_QUARANTINE, .sw = 0, .ofport = 3, .network = office, .mac = MAC, .hold_s = 30,
			       .old_sw = 1, .old_ofport = 4, .reason = REASON_FLAPS };
	says(fact, "0.000 quarantine office kvm1:vm-db for=30s other=kvm2:4 52:54:00:aa:00:20"
	     " (a loop, or one MAC twice: it goes to and fro)");
	fact.reason = REASON_NONE;
	fact.old_sw = NET_NONE;
	fact.recovered = true;
	fact.age_s = 5;
	says(fact, "0.000 quarantine office kvm1:vm-db for=30s recovered age=5");
	fact.kind = FACT_QUARANTINE_OVER;
	fact.recovered = false;
	says(fact, "0.000 quarantine-over office kvm1:vm-db");
	says((struct fact) { .kind = FACT_STEER }, "0.000 steer: switches are told of paths");
}

static void every_kind_and_reason_has_words(void **state)
{
	(void) state;
	for (unsigned k = 0; k < N_FACT_KINDS; k++)
		assert_true(strlen(fact_word((enum fact_kind) k)) > 2);
	assert_string_equal(fact_reason_text(REASON_NONE), "");
	for (unsigned r = REASON_AGED; r <= REASON_EXPIRED; r++)
		assert_true(strlen(fact_reason_text((enum fact_reason) r)) > 3);
}

/* Cut anywhere, never beyond. */
static void short_buffers(void **state)
{
	struct fact fact = { .kind = FACT_HOST, .sw = 0, .ofport = 3, .network = office, .mac = MAC,
			     .old_sw = NET_NONE };
	char whole[256], buf[256];
	(void) state;
	size_t len = fact_format(&fact, net, view, whole, sizeof whole);
	for (size_t size = 1; size < len + 3; size++) {
		memset(buf, '#', sizeof buf);
		size_t n = fact_format(&fact, net, view, buf, size);
		assert_int_equal(n, size - 1 < len ? size - 1 : len);
		assert_memory_equal(buf, whole, n);
		assert_int_equal(buf[n], '\0');
		assert_int_equal(buf[size], '#');
	}
	assert_int_equal(fact_format(&fact, net, view, buf, 0), 0);
}

static void without_net_and_view(void **state)
{
	struct fact fact = { .kind = FACT_HOST, .sw = 2, .ofport = 3, .network = 0x99, .mac = MAC,
			     .old_sw = NET_NONE };
	char buf[128];
	(void) state;
	fact_format(&fact, NULL, NULL, buf, sizeof buf);
	assert_string_equal(buf, "0.000 host 0x00000099 52:54:00:aa:00:20 #2:3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(lines_of_ways_and_addresses),
		cmocka_unit_test(lines_of_guards),
		cmocka_unit_test(lines_of_storms_and_loops),
		cmocka_unit_test(every_kind_and_reason_has_words),
		cmocka_unit_test(short_buffers),
		cmocka_unit_test(without_net_and_view),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
