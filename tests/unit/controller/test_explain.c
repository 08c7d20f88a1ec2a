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

#include "controller/explain.h"
#include "controller/show.h"
#include "tests/unit/controller/world.h"

#define SWITCHES \
	"version: 1\n" \
	"switches:\n" \
	"  kvm1: {dpid: 0x11, vtep: 10.0.0.11}\n" \
	"  kvm2: {dpid: 0x12, vtep: 10.0.0.12}\n" \
	"  kvm3: {dpid: 0x13, vtep: 10.0.0.13}\n"
#define NETWORKS(OFFICE) \
	"networks:\n" \
	"  office:\n" \
	"    vni: 77\n" OFFICE \
	"    ports: [kvm1:vm-a, kvm1:vm-b, kvm2:vm-web, kvm3:vm-far, {port: kvm1:off, enable: false}, {port: kvm1:both, tag: 5}]\n" \
	"  yard:\n" \
	"    ports: [kvm1:vm-y, kvm1:both]\n"

static const char open_file[] = SWITCHES NETWORKS("");
static const char *const ports1[] = { "vm-a", "vm-b", "off", "both", "vm-y", "stray", "vxlan0" };
static const char *const ports2[] = { "vm-web", "vxlan0" };
enum { VM_A = 1, VM_B, OFF, BOTH, VM_Y, STRAY, VM_WEB = 1 };

static struct world world;
static uint32_t kvm1, kvm2;
static struct explain *x;

static void take_all(void)
{
	core_plan(world.core);
	world_take_rows(&world, kvm1);
	world_take_rows(&world, kvm2);
}

/* 10.0.0.N and fd00::N are that host's. */
static void speak(const char *network, unsigned n, uint32_t sw, uint32_t ofport)
{
	uint32_t id = world.core->net->networks[net_network_by_name(world.core->net, network)].id;
	world_learn(&world, network, n, sw, ofport);
	for (int v6 = 0; v6 < 2; v6++) {
		struct fact fact = { .kind = FACT_ADDRESS, .sw = sw, .ofport = ofport, .network = id, .old_sw = NET_NONE,
				     .mac = { 2, 0, 0, 0, 0, (uint8_t) n }, .has_ip4 = !v6, .has_ip6 = v6,
				     .ip4 = { 10, 0, 0, (uint8_t) n }, .ip6 = { 0xfd, [15] = (uint8_t) n } };
		core_fact(world.core, &fact);
	}
	take_all();
}

static void use(const char *file)
{
	world_reload(&world, file);
	take_all();
}

static int set_up(void **state)
{
	(void) state;
	world_init(&world, open_file);
	kvm1 = world_connect(&world, "kvm1", ports1, 7);
	kvm2 = world_connect(&world, "kvm2", ports2, 2);
	take_all();
	speak("office", 1, kvm1, VM_A);
	speak("office", 2, kvm1, VM_B);
	speak("office", 3, kvm2, VM_WEB);
	speak("yard", 9, kvm1, VM_Y);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	explain_free(x);
	x = NULL;
	world_uninit(&world);
	return 0;
}

static const struct explain *ask(const char *from, const char *to, const char *protocol)
{
	struct explain_question question = { .from = from, .to = to };
	assert_null(explain_protocol_parse(protocol, &question.protocol));
	explain_free(x);
	x = explain_new(world.core, &question);
	return x;
}

/* Asks, and the one cause of the first direction is of that kind and holds these words. */
static void blocked(const char *from, const char *to, const char *protocol, const char *kind, const char *text, const char *cure)
{
	ask(from, to, protocol);
	if (x->error)
		fail_msg("%s; %s", x->error, x->hint);
	const struct explain_causes *causes = &x->directions[0].causes;
	assert_false(x->is_reachable);
	assert_true(causes->n >= 1);
	const struct explain_cause *cause = &causes->items[0];
	if (strcmp(cause->kind, kind) || !strstr(cause->text, text) || !strstr(cause->cure, cure))
		fail_msg("%s: %s -> %s", cause->kind, cause->text, cause->cure);
}

static void reachable(const char *from, const char *to, const char *protocol)
{
	ask(from, to, protocol);
	if (x->error)
		fail_msg("%s; %s", x->error, x->hint);
	for (size_t d = 0; d < 2; d++)
		for (size_t i = 0; i < x->directions[d].causes.n; i++)
			fail_msg("%zu: %s", d, x->directions[d].causes.items[i].text);
	assert_true(x->is_reachable);
}

static void refused(const char *from, const char *to, const char *error, const char *hint)
{
	ask(from, to, "");
	assert_non_null(x->error);
	if (!strstr(x->error, error) || !strstr(x->hint, hint))
		fail_msg("%s; %s", x->error, x->hint);
}

static const struct explain_leg *leg(unsigned direction, const char *name)
{
	for (size_t i = 0; i < x->directions[direction].n_legs; i++)
		if (!strcmp(x->directions[direction].legs[i].name, name))
			return &x->directions[direction].legs[i];
	return NULL;
}

static bool has_note(const char *kind)
{
	for (size_t i = 0; i < x->notes.n; i++)
		if (!strcmp(x->notes.items[i].kind, kind))
			return true;
	return false;
}

/* The events of a leg, one a line. */
static const char *way(const struct explain_leg *l)
{
	static char text[2000];
	text[0] = '\0';
	for (size_t i = 0; i < l->n_steps; i++)
		if (!l->steps[i].is_row)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s %s\n", l->steps[i].sw, l->steps[i].text);
	return text;
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
	ask("fd00::1", "vm-web", "proto/44");
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
	ask("vm-a", "vm-web", "tcp/80");
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
	ask("vm-a", "10.0.0.3", "");
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

#define RULES(MORE, LIST) SWITCHES NETWORKS("    acl: office\n") "acls:\n  office:\n" MORE LIST

static void test_rules(void **state)
{
	(void) state;
	use(RULES("", "    - {allow: tcp, port: 80, to: 10.0.0.3, name: www}\n    - {deny: tcp, port: 22, name: no-ssh}\n"
		  "    - {reject: udp}\n    - {deny: arp, from: \"02:00:00:00:00:02\"}\n"));
	ask("vm-a", "vm-web", "tcp/80");
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

/* --- rows -------------------------------------------------------------------------------------- */

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

/* --- in fragments ------------------------------------------------------------------------------- */

static void ask_size(const char *to, const char *protocol, uint32_t size)
{
	struct explain_question question = { .from = "vm-a", .to = to, .size = size };
	assert_null(explain_protocol_parse(protocol, &question.protocol));
	explain_free(x);
	x = explain_new(world.core, &question);
	assert_null(x->error);
}

static void use_list(const char *rules, bool is_stateful)
{
	char file[2000];
	snprintf(file, sizeof file, SWITCHES NETWORKS("    acl: office\n") "acls:\n  office:\n    stateful: %s\n    rules:\n%s",
		 is_stateful ? "true" : "false", rules);
	use(file);
}

/* As measured on Open vSwitch 3.1: docs/explanation/stateful.md. */
static void test_fragments(void **state)
{
	(void) state;
	for (int is_stateful = 1; is_stateful >= 0; is_stateful--) {
		/* The later ones match no rule with a port, and so are not allowed by it ... */
		use_list("      - {allow: udp, port: 5005}\n      - {allow: udp, sport: 5005}\n", is_stateful);
		ask_size("vm-b", "udp/5005", 1500);
		assert_int_equal(x->directions[0].causes.n, 0);
		ask_size("vm-b", "udp/5005", 1501);
		const struct explain_cause *cause = &x->directions[0].causes.items[0];
		assert_int_equal(x->directions[0].causes.n, 1);
		assert_string_equal(cause->kind, "denied");
		assert_non_null(strstr(cause->text, "in fragments, of which only the first one shows its ports to rules: no rule of acl \"office\""));
		assert_non_null(strstr(cause->cure, "{allow: udp, from: 10.0.0.1, to: 10.0.0.2}"));
		assert_non_null(strstr(leg(0, "request")->frame_text, "in fragments"));
		assert_non_null(strstr(leg(0, "request")->traces[0].command, ",nw_frag=later"));
		assert_null(strstr(leg(0, "request")->traces[0].command, "udp_dst"));
		assert_true(x->is_cut);
		/* ... and none of them is anything without the first one, which has its port. */
		use_list("      - {deny: udp, port: 5005}\n      - {allow: any}\n", is_stateful);
		ask_size("vm-b", "udp/5005", 3000);
		assert_false(x->directions[0].is_reachable);
		assert_non_null(strstr(leg(0, "request")->traces[0].command, ",nw_frag=first,udp_src=40000,udp_dst=5005"));
		/* Without ports they are seen; of IPv6 only the first one is. */
		use_list("      - {allow: udp}\n", is_stateful);
		ask_size("vm-b", "udp/5005", 3000);
		assert_true(x->is_reachable);
		ask_size("fd00::2", "udp/5005", 100);
		assert_true(x->is_reachable);
		ask_size("fd00::2", "udp/5005", 3000);
		assert_string_equal(x->directions[0].causes.items[0].kind, "denied");
		assert_non_null(strstr(x->directions[0].causes.items[0].cure, "{allow: any, from: \"fd00::1\", to: \"fd00::2\"}"));
	}
	/* TCP sends segments, whatever it is given to send. */
	use_list("      - {allow: tcp, port: 80}\n", true);
	ask_size("vm-b", "tcp/80", 3000);
	assert_true(x->directions[0].is_reachable && !x->is_cut);
	/* Answers of a stateful list are put together first. */
	use_list("      - {allow: icmp}\n", true);
	ask_size("vm-b", "icmp", 3000);
	assert_true(x->is_reachable && x->is_cut);
	/* A host that cuts at 1450 fits into the tunnel. */
	use(SWITCHES NETWORKS("    mtu: 1450\n"));
	ask_size("vm-web", "udp/5005", 3000);
	assert_true(x->is_reachable);
	use(SWITCHES NETWORKS("    mtu: 1500\n"));
	ask_size("vm-web", "udp/5005", 3000);
	assert_string_equal(x->directions[0].causes.items[0].kind, "mtu");
	assert_non_null(strstr(x->directions[0].causes.items[0].cure, "or the underlay one of 50 more"));
}

/* --- another source ------------------------------------------------------------------------------ */

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
	ask("vm-web", "10.0.0.250", "tcp/80");
	assert_non_null(strstr(x->directions[0].causes.items[0].text, "10.0.0.250 is no host: connections in network office get it"));
	as("02:77:65:66:74:02", "tcp/80", "snat", "another MAC address");
	as("10.0.0.250", "arp", "snat", "another address");
}

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

int main(void)
{
#define T(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_over_a_tunnel), T(test_names), T(test_protocols), T(test_unknown), T(test_groups_of_hosts), T(test_ambiguous),
		T(test_different_network), T(test_ports), T(test_silent), T(test_quarantine), T(test_duplicate), T(test_mtu), T(test_rules),
		T(test_rules_of_one_port_in_a_flood), T(test_stateless_and_audit), T(test_source_nat), T(test_refused_row), T(test_rows_on_their_way), T(test_answer_stands_alone), T(test_large), T(test_fragments), T(test_many_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
