/* SPDX-License-Identifier: Apache-2.0 */
/* explain: every kind of verdict, in a world without sockets. That real packets do what
 * it says is tests/e2e/test_explain.py. */
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

static void refused(const char *from, const char *to, const char *error, const char *hint)
{
	asked(from, to, "");
	assert_non_null(x->error);
	if (!strstr(x->error, error) || !strstr(x->hint, hint))
		fail_msg("%s; %s", x->error, x->hint);
}

/* --- what passes -------------------------------------------------------------------------- */

static void test_over_a_tunnel(void **state)
{
	(void) state;
	reachable("vm-a", "vm-web", "tcp/80");
	assert_string_equal(x->protocol, "tcp/80");
	assert_string_equal(way(leg(0, "request")), "kvm1 in by vm-a\nkvm1 into the tunnel to kvm2 (10.0.0.12), VNI 77\n"
			    "kvm2 in by the tunnel from kvm1\nkvm2 out by vm-web\n");
	assert_string_equal(way(leg(0, "arp")), "kvm1 in by vm-a\nkvm1 answered here, back by vm-a\n");
	assert_true(leg(0, "arp")->is_answered && !leg(0, "arp-reply"));
	assert_string_equal(way(leg(0, "reply")), "kvm2 in by vm-web\nkvm2 into the tunnel to kvm1 (10.0.0.11), VNI 77\n"
			    "kvm1 in by the tunnel from kvm2\nkvm1 out by vm-a\n");
	assert_int_equal(leg(0, "request")->tunnel_mtu, 1450);
	assert_int_equal(leg(0, "request")->n_traces, 2);
	assert_string_equal(leg(0, "request")->traces[0].command,
			    "ovs-appctl ofproto/trace br-int in_port=1,dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:03,tcp,"
			    "nw_src=10.0.0.1,nw_dst=10.0.0.3,nw_ttl=64,tcp_src=40000,tcp_dst=80");
	assert_string_equal(leg(0, "request")->traces[1].command,
			    "ovs-appctl ofproto/trace br-int in_port=2,tun_id=0x4d,tun_src=10.0.0.11,dl_src=02:00:00:00:00:01,"
			    "dl_dst=02:00:00:00:00:03,tcp,nw_src=10.0.0.1,nw_dst=10.0.0.3,nw_ttl=64,tcp_src=40000,tcp_dst=80");
}

static void test_names(void **state)
{
	static const char *const names[] = { "vm-web", "kvm2:vm-web", "02:00:00:00:00:03", "10.0.0.3", "fd00::3", "office/vm-web",
					     "office/10.0.0.3" };
	(void) state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		reachable("vm-a", names[i], "");
		assert_string_equal(x->ends[1].asked, names[i]);
		assert_string_equal(x->ends[1].port, "vm-web");
		assert_string_equal(x->protocol, strchr(names[i], ':') && names[i][0] == 'f' ? "icmp6" : "icmp");
		assert_int_equal(x->ends[1].line, 9);
	}
}

static void test_protocols(void **state)
{
	static const struct { const char *text, *protocol; } good[] = {
		{ "", "icmp" }, { "icmp", "icmp" }, { "icmp6", "icmp6" }, { "udp/53", "udp/53" }, { "sctp/9", "sctp/9" }, { "47", "gre" },
		{ "gre", "gre" }, { "proto/47", "gre" }, { "proto/253", "proto/253" }, { "esp", "esp" }, { "nd", "nd" },
		{ "arp", "arp" }, { "ethernet", "ethernet" }, { "0x88cc", "0x88cc" }, { "TCP/22", "tcp/22" }, { "ICMP", "icmp" },
		{ "0X88CC", "0x88cc" }, { "0x0806", "arp" },
	};
	static const char *const bad[] = { "tcp", "0x0800", "0x86dd", "tcp/", "tcp/0", "tcp/70000", "udp/x", "tcpx/2", "0x5", "0x10000", "300", "6", "icmpx", "-1",
					  "gre/1", "proto/", "proto/256", "proto/x", "proto/6", "proto/0x2f1", "arp/", "arp/fd00::9", "arp/10.0.0", "nd/",
					  "nd/10.0.0.9", "nd/fd00::9/64", "dad", "dad/x", "dhcp/", "dhcp/client", "dhcp6/10.0.0.1", "ndx", "ra/1" };
	struct explain_protocol protocol;
	(void) state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		reachable("vm-a", "vm-web", good[i].text);
		assert_string_equal(x->protocol, good[i].protocol);
		json_decref(show_explain(x));
	}
	reachable("fd00::1", "vm-web", "tcp/80");
	assert_true(x->is_v6);
	assert_non_null(strstr(leg(0, "request")->traces[1].command, ",tcp6,ipv6_src=fd00::1,ipv6_dst=fd00::3,"));
	assert_true(leg(0, "nd")->is_answered);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (!explain_protocol_parse(bad[i], &protocol))
			fail_msg("\"%s\" was taken for a protocol", bad[i]);
	assert_non_null(strstr(explain_protocol_parse("arp/fd00::9", &protocol), "arp/10.0.0.9"));
	assert_non_null(strstr(explain_protocol_parse("nd/10.0.0.9", &protocol), "nd/fd00::9"));
	assert_non_null(strstr(explain_protocol_parse("dad/x", &protocol), "dad/fd00::9"));
	assert_non_null(strstr(explain_protocol_parse("gre/1", &protocol), "no ports"));
	asked("fd00::1", "vm-web", "proto/44");
	assert_string_equal(x->error, "\"44\" is an extension header of IPv6, and no protocol");
}

/* --- who is meant --------------------------------------------------------------------------- */

static void test_unknown(void **state)
{
	(void) state;
	blocked("vm-a", "10.0.0.99", "", "unknown-host", "nobody is known to have 10.0.0.99", "weft show hosts");
	blocked("vm-a", "02:00:00:00:99:99", "", "unknown-host", "no host with MAC", "let it speak");
	blocked("vm-a", "vm-wbe", "", "unknown-host", "did you mean vm-web?", "name a port");
	blocked("kvm4:vm-a", "vm-web", "", "unknown-host", "there is no switch \"kvm4\"; did you mean kvm1?", "weft show switches");
	blocked("kvm1:vm-c", "vm-web", "", "unknown-host", "kvm1 has no port \"vm-c\"", "is the machine running");
	blocked("office/10.0.0.99", "nobody", "", "unknown-host", "in network office", "");
	assert_int_equal(x->directions[1].causes.n, 2);
	refused("vm-a", "offices/vm-web", "there is no network \"offices\"", "weft show networks");
	refused("vm-a", "", "an empty name", "name a port");
	refused("vm-a", "10.0.0.1", "the same host", "name two");
}

/* Nobody has such an address, and yet what is for it arrives: "blocked" would be wrong. */
static void test_groups_of_hosts(void **state)
{
	static const char *const all[] = { "255.255.255.255", "224.0.0.251", "239.1.2.3", "ff02::1", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb",
					   "33:33:00:00:00:01", "office/224.0.0.251", "10.0.0.255" };
	(void) state;
	use(SWITCHES NETWORKS("    subnet: 10.0.0.0/24\n"));
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		refused("vm-a", all[i], "nobody's own address", "ask for one of those who shall hear it");
	refused("224.0.0.251", "vm-a", "nobody's own address", "");
	blocked("vm-a", "yard/10.0.0.255", "", "unknown-host", "nobody is known", "");
	blocked("vm-a", "10.0.1.255", "", "unknown-host", "nobody is known", "");
	use(SWITCHES NETWORKS("    subnet: 10.0.0.254/31\n"));
	blocked("vm-a", "10.0.0.255", "", "unknown-host", "nobody is known", "");
}

static void test_ambiguous(void **state)
{
	(void) state;
	speak("yard", 1, kvm1, BOTH);
	speak("yard", 3, kvm1, VM_Y);
	refused("10.0.0.1", "10.0.0.3", "\"10.0.0.1\" may be one of several", "say which: office/10.0.0.1, yard/10.0.0.1");
	reachable("yard/10.0.0.1", "10.0.0.3", "");
	assert_string_equal(x->ends[1].port, "vm-y");
	/* Two hosts on one port. */
	speak("office", 7, kvm2, VM_WEB);
	refused("vm-a", "vm-web", "may be one of several", "office/02:00:00:00:00:03, office/02:00:00:00:00:07");
	/* A trunk: the network that the other one is in. */
	speak("office", 8, kvm1, BOTH);
	reachable("both", "vm-b", "");
	assert_string_equal(x->ends[0].network, "office");
	assert_int_equal(x->ends[0].tag, 5);
	assert_non_null(strstr(leg(0, "request")->traces[0].command, ",dl_vlan=5,dl_vlan_pcp=0,"));
}

/* --- places ---------------------------------------------------------------------------------- */

static void test_different_network(void **state)
{
	(void) state;
	blocked("vm-a", "vm-y", "", "different-network", "vm-a is in network office (topology.yaml:7), vm-y in network yard",
		"a router into both");
	assert_int_equal(x->directions[0].n_legs, 0);
}

static void set_port(uint32_t sw, uint32_t ofport, const char *name, bool is_up)
{
	struct msg_port port = { .ofport = ofport, .is_up = is_up, .is_live = is_up };
	snprintf(port.name, sizeof port.name, "%s", name);
	core_port_status(world.core, sw, MSG_PORT_MODIFY, &port);
}

static void test_ports(void **state)
{
	(void) state;
	set_port(kvm2, VM_WEB, "vm-web", false);
	blocked("vm-a", "vm-web", "", "port-down", "port kvm2:vm-web is down", "ip link show vm-web");
	assert_int_equal(x->directions[1].causes.n, 1);
	set_port(kvm2, VM_WEB, "vm-web", true);
	blocked("vm-a", "stray", "ethernet", "no-network", "no entry of topology.yaml names port kvm1:stray", "ports: [kvm1:stray]");
	blocked("vm-a", "off", "ethernet", "disabled", "kvm1:off", "enable: false");
	blocked("vm-a", "kvm1:vxlan0", "ethernet", "no-network", "is a tunnel between switches", "ask for a host");
	blocked("vm-a", "kvm1:br-int", "ethernet", "no-network", "br-int", "never meant by a glob");
	blocked("vm-a", "vm-far", "ethernet", "switch-away", "kvm3, where vm-far is, has not come since weftd started", "weft status");
	world_disconnect(&world, kvm2, "no sign of life for 3 s");
	world_advance(&world, 5000);
	blocked("vm-a", "vm-web", "", "switch-away", "went away 5 s ago (no sign of life for 3 s)", "only weftd is out of its reach");
	/* By the rows that it shall have nothing else is in the way. */
	assert_int_equal(x->directions[0].causes.n, 1);
	assert_true(leg(0, "request")->passes);
}

static void test_silent(void **state)
{
	(void) state;
	use(SWITCHES NETWORKS("    max_hosts: 100\n"));
	struct fact gone = { .kind = FACT_HOST_GONE, .reason = REASON_AGED, .sw = kvm2, .ofport = VM_WEB,
			     .network = world.core->net->networks[0].id, .mac = { 2, 0, 0, 0, 0, 3 } };
	core_fact(world.core, &gone);
	take_all();
	reachable("vm-a", "vm-web", "");
	assert_true(has_note("never-heard") && has_note("no-address"));
	assert_true(leg(0, "request")->by_flood);
	assert_string_equal(x->protocol, "ethernet");
	asked("vm-a", "vm-web", "tcp/80");
	assert_non_null(strstr(x->error, "no IPv4 address of \"vm-web\" is known"));
	use(SWITCHES NETWORKS("    flood: false\n"));
	blocked("vm-a", "vm-web", "", "not-flooded", "unknown-dropped", "let it speak first");
	use(SWITCHES NETWORKS("    max_hosts: 2\n"));
	blocked("vm-web", "vm-a", "", "network-full", "as many hosts as it may have (2)", "max_hosts");
}

static void test_quarantine(void **state)
{
	(void) state;
	struct fact fact = { .kind = FACT_QUARANTINE, .reason = REASON_LOOP, .sw = kvm2, .ofport = VM_WEB, .old_sw = NET_NONE,
			     .network = world.core->net->networks[0].id };
	core_fact(world.core, &fact);
	take_all();
	blocked("vm-a", "kvm2:vm-web", "ethernet", "quarantine", "port kvm2:vm-web is closed in network office for", "find the loop");
	assert_true(x->directions[0].causes.n >= 1 && !x->directions[1].is_reachable);
}

static void test_duplicate(void **state)
{
	(void) state;
	struct fact fact = { .kind = FACT_ADDRESS, .sw = kvm1, .ofport = VM_B, .network = world.core->net->networks[0].id,
			     .old_sw = NET_NONE, .mac = { 2, 0, 0, 0, 0, 2 }, .has_ip4 = true, .ip4 = { 10, 0, 0, 3 } };
	core_fact(world.core, &fact);
	asked("vm-a", "10.0.0.3", "");
	assert_true(has_note("disputed-ip"));
	for (int i = 0; i < 30 && !has_note("nothing"); i++) {
		struct fact again = fact, holder = fact;
		world_advance(&world, 1000);
		holder.sw = kvm2;
		holder.ofport = VM_WEB;
		holder.mac[5] = 3;
		core_fact(world.core, &holder);
		core_fact(world.core, &again);
		core_tick(world.core);
		take_all();
	}
	blocked("vm-a", "10.0.0.3", "", "duplicate-ip", "two hosts use 10.0.0.3: 02:00:00:00:00:03 and 02:00:00:00:00:02 at kvm1:vm-b",
		"take the address off");
}

static void test_mtu(void **state)
{
	(void) state;
	struct explain_question question = { .from = "vm-a", .to = "vm-web", .size = 1451 };
	explain_protocol_parse("", &question.protocol);
	explain_free(x);
	x = explain_new(world.core, &question);
	assert_false(x->is_reachable);
	assert_string_equal(x->directions[0].causes.items[0].kind, "mtu");
	assert_non_null(strstr(x->directions[0].causes.items[0].text, "the tunnel carries 1450"));
	explain_free(x);
	question.size = 1450;
	x = explain_new(world.core, &question);
	assert_true(x->is_reachable);
	explain_free(x);
	question = (struct explain_question) { .from = "vm-a", .to = "vm-b", .size = 9000 };
	x = explain_new(world.core, &question);
	assert_true(x->is_reachable);
	/* By itself, where a tunnel is on the way. */
	use(SWITCHES NETWORKS("    mtu: 1500\n"));
	reachable("vm-a", "vm-web", "");
	assert_string_equal(x->notes.items[0].kind, "mtu");
	assert_string_equal(x->notes.items[0].text,
			    "hosts of network office send packets of up to 1500 bytes, the tunnels on the way carry 1450: larger ones are lost without a word");
	assert_int_equal(x->notes.items[0].line, 9);
	reachable("vm-a", "vm-b", "");
	assert_false(has_note("mtu"));
	reachable("vm-a", "vm-web", "arp");
	assert_false(has_note("mtu"));
	use(open_file);
	reachable("vm-a", "vm-web", "tcp/80");
	assert_non_null(strstr(x->notes.items[0].text, "hosts that were not told send packets of up to 1500 bytes, the tunnels on the way carry 1450"));
	assert_non_null(strstr(x->notes.items[0].cure, "an MTU of 1450 and write `mtu` at the network, or the underlay 50 more"));
	use(SWITCHES NETWORKS("    mtu: 1450\n"));
	reachable("vm-a", "vm-web", "");
	assert_false(has_note("mtu"));
}

/* --- rules ------------------------------------------------------------------------------------- */

/* --- rows -------------------------------------------------------------------------------------- */

/* --- size -------------------------------------------------------------------------------------- */

enum { N_RULES = 1000, N_ADDRESSES = 1000 };

static char *large_file(void)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	fputs(SWITCHES NETWORKS("    acl: office\n") "groups:\n", f);
	for (int g = 0; g < 3; g++) {
		fprintf(f, "  g%d: [", g);
		for (int i = 0; i < N_ADDRESSES; i++)
			fprintf(f, "%s10.%d.%d.%d", i ? ", " : "", g + 1, i / 250, i % 250 + 1);
		fputs("]\n", f);
	}
	fputs("acls:\n  office:\n", f);
	for (int i = 0; i < N_RULES; i++)
		fprintf(f, "    - {allow: tcp, port: %d, from: g%d, to: g%d}\n", 1000 + i, i % 3, (i + 1) % 3);
	fputs("    - {allow: icmp}\n", f);
	fclose(f);
	return text;
}

static void test_large(void **state)
{
	char *text = large_file();
	struct timespec began, ended;
	(void) state;
	use(text);
	free(text);
	blocked("vm-a", "vm-web", "tcp/80", "denied", "no rule of acl", "add {allow: tcp, port: 80");
	enum { N = 5 };
	clock_gettime(CLOCK_MONOTONIC, &began);
	for (int i = 0; i < N; i++)
		reachable("vm-a", "vm-web", "icmp");
	clock_gettime(CLOCK_MONOTONIC, &ended);
	double ms = ((double) (ended.tv_sec - began.tv_sec) * 1e3 + (double) (ended.tv_nsec - began.tv_nsec) / 1e6) / N;
	struct ledger_counts counts;
	ledger_count(world.core->switches[kvm1]->ledger, &counts);
	print_message("explain with %d rules and 3 x %d addresses, %zu rows a switch: %.1f ms\n", N_RULES, N_ADDRESSES, counts.n_rows, ms);
	assert_true(ms < 2000);
}

/* --- another source ------------------------------------------------------------------------------ */

/* Who asks must not hold up the loop, however many hosts there are. */
static void test_many_hosts(void **state)
{
	enum { N_HOSTS = 60000, N = 5 };
	struct timespec began, ended;
	(void) state;
	for (unsigned i = 100; i < N_HOSTS; i++) {
		struct fact fact = { .kind = FACT_HOST, .sw = kvm2, .ofport = VM_WEB, .network = world.core->net->networks[0].id,
				     .mac = { 2, 1, 0, 0, (uint8_t) (i >> 8), (uint8_t) i }, .old_sw = NET_NONE };
		core_fact(world.core, &fact);
	}
	take_all();
	clock_gettime(CLOCK_MONOTONIC, &began);
	for (int i = 0; i < N; i++)
		reachable("vm-a", "10.0.0.3", "icmp");
	clock_gettime(CLOCK_MONOTONIC, &ended);
	double ms = ((double) (ended.tv_sec - began.tv_sec) * 1e3 + (double) (ended.tv_nsec - began.tv_nsec) / 1e6) / N;
	print_message("explain with %zu hosts: %.1f ms\n", view_n_hosts(world.core->view), ms);
	assert_true(ms < 2000);
}

#define T(F) cmocka_unit_test_setup_teardown(F, explain_world_up, explain_world_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_over_a_tunnel), T(test_names), T(test_protocols), T(test_unknown), T(test_groups_of_hosts),
		T(test_ambiguous), T(test_different_network), T(test_ports), T(test_silent), T(test_quarantine),
		T(test_duplicate), T(test_mtu), T(test_large), T(test_many_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
