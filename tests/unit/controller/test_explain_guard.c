/* SPDX-License-Identifier: Apache-2.0 */
/* explain: what guards say, in plain words, and what becomes of one frame that a port sends
 * with this or that address. That real frames fare so is tests/e2e/test_guard.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/controller/explain_world.h"

static const char file[] =
	"version: 1\n"
	"switches:\n"
	"  k1: {dpid: 1, vtep: 10.9.0.1}\n"
	"  k2: {dpid: 2, vtep: 10.9.0.2}\n"
	"networks:\n"
	"  lan:\n"
	"    vni: 5\n"
	"    ports:\n"
	"      - {port: k1:db, mac: \"02:00:00:00:00:01\", ip: [10.0.0.1, \"fd00::1\"]}\n"
	"      - {port: k1:first, sticky: true}\n"
	"      - {port: k1:shut, max_hosts: 1, on_limit: shut}\n"
	"      - k1:free\n"
	"      - k2:far\n"
	"  leased:\n"
	"    vni: 6\n"
	"    guard: all\n"
	"    storm: {broadcast: 100pps}\n"
	"    ports: [{port: k1:srv, trust: all, mirror: k1:tap, rate: 10Mbit}, {port: k1:v1, mirror: k1:tap}, k2:v2]\n";
enum { DB = 1, FIRST, SHUT, FREE, SRV, V1, FAR = 1, V2, TAP = 8 };

static uint32_t k1, k2;

static uint32_t id_of(const char *network)
{
	return world.core->net->networks[net_network_by_name(world.core->net, network)].id;
}

static int set_up(void **state)
{
	(void) state;
	world_init(&world, file);
	k1 = world_connect(&world, "k1", (const char *const[]) { "db", "first", "shut", "free", "srv", "v1", "vxlan0", "tap" }, 8);
	k2 = world_connect(&world, "k2", (const char *const[]) { "far", "v2", "vxlan0" }, 3);
	take_all();
	speak("lan", 1, k1, DB);
	speak("lan", 2, k1, FIRST);
	speak("lan", 3, k1, SHUT);
	speak("lan", 4, k1, FREE);
	speak("lan", 5, k2, FAR);
	speak("leased", 6, k1, SRV);
	world_learn(&world, "leased", 7, k1, V1);
	take_all();
	return 0;
}

static void ask(const char *from, const char *to, const char *protocol, const char *as)
{
	struct explain_question question = { .from = from, .to = to };
	assert_null(explain_protocol_parse(protocol, &question.protocol));
	if (as)
		assert_true(explain_as_parse(as, &question.as));
	explain_free(x);
	x = explain_new(world.core, &question);
	if (x->error)
		fail_msg("%s; %s", x->error, x->hint);
	assert_int_equal(x->n_directions, as ? 1 : 2);
}

/* "" for kind: it passes. Else the cause, which has all of that. */
static void told(const char *from, const char *to, const char *protocol, const char *as, const char *kind, const char *text,
		 const char *cure, uint32_t line)
{
	ask(from, to, protocol, as);
	const struct explain_causes *causes = &x->directions[0].causes;
	assert_int_equal(x->is_reachable, !kind[0]);
	if (!kind[0])
		return;
	assert_int_equal(causes->n, 1);
	const struct explain_cause *cause = &causes->items[0];
	if (strcmp(cause->kind, kind) || !strstr(cause->text, text) || !strstr(cause->cure, cure) || cause->line != line)
		fail_msg("%s: %s -> %s (line %u)", cause->kind, cause->text, cause->cure, cause->line);
}

/* Of what one end says. */
static void ask_one(const char *from, const char *to, const char *protocol)
{
	struct explain_question question = { .from = from, .to = to };
	assert_null(explain_protocol_parse(protocol, &question.protocol));
	explain_free(x);
	x = explain_new(world.core, &question);
	if (x->error)
		fail_msg("%s; %s", x->error, x->hint);
	assert_int_equal(x->n_directions, 1);
}

static void told_one(const char *from, const char *to, const char *protocol, const char *kind, const char *text, const char *cure)
{
	ask_one(from, to, protocol);
	const struct explain_causes *causes = &x->directions[0].causes;
	if (x->is_reachable != !kind[0] || causes->n != !!kind[0])
		fail_msg("%s: %s", protocol, causes->n ? causes->items[0].text : "passes");
	if (kind[0] && (strcmp(causes->items[0].kind, kind) || !strstr(causes->items[0].text, text) || !strstr(causes->items[0].cure, cure)))
		fail_msg("%s: %s -> %s", causes->items[0].kind, causes->items[0].text, causes->items[0].cure);
}

static void test_bound(void **state)
{
	(void) state;
	told("k1:db", "far", "", NULL, "", "", "", 0);
	told("k1:db", "far", "ethernet", "02:00:00:00:00:66", "bound",
	     "port k1:db is bound to 02:00:00:00:00:01 with 10.0.0.1, fd00::1 (topology.yaml:9), and this comes from 02:00:00:00:00:66",
	     "let the machine use 02:00:00:00:00:01", 9);
	assert_string_equal(x->directions[0].from, "k1:db as 02:00:00:00:00:66");
	for (int arp = 0; arp < 2; arp++) {
		told("k1:db", "far", arp ? "arp" : "udp/9", "10.0.0.66", "bound", "and this comes from 10.0.0.66", "add 10.0.0.66 to `ip`", 9);
		told("k1:db", "far", arp ? "arp" : "icmp6", "fd00::66", "bound", "and this comes from fd00::66", "add fd00::66 to `ip`", 9);
		told("k1:db", "far", arp ? "arp" : "udp/9", "02:00:00:00:00:01,10.0.0.1", "", "", "", 0);
		told("k1:db", "far", arp ? "arp" : "tcp/9", "fd00::1", "", "", "", 0);
	}
	/* What it is bound to is nobody else's. */
	told("k1:free", "far", "ethernet", "02:00:00:00:00:01", "bound", "02:00:00:00:00:01 is the MAC that port k1:db is bound to (topology.yaml:9)",
	     "one MAC stands at one port", 9);
	told("k1:free", "far", "arp", "10.0.0.1", "bound", "10.0.0.1 is what port k1:db is bound to (topology.yaml:9), and this comes from port k1:free",
	     "another address", 9);
	told("k1:free", "far", "arp", "fd00::1", "bound", "fd00::1 is what port k1:db is bound to", "another address", 9);
	/* But what is only sent from there, as a router does; and that is said. */
	for (int v6 = 0; v6 < 2; v6++) {
		told("k1:free", "far", v6 ? "icmp6" : "udp/9", v6 ? "fd00::1" : "10.0.0.1", "", "", "", 0);
		assert_string_equal(x->notes.items[0].kind, "bound-elsewhere");
		assert_non_null(strstr(x->notes.items[0].text, v6 ? "fd00::1 is what port k1:db is bound to (topology.yaml:9). What port k1:free (topology.yaml:12) says"
					      : "10.0.0.1 is what port k1:db is bound to (topology.yaml:9). What port k1:free (topology.yaml:12) says"));
		assert_int_equal(x->notes.items[0].line, 9);
		told("k1:db", "far", v6 ? "icmp6" : "udp/9", v6 ? "fd00::1" : "10.0.0.1", "", "", "", 0);
		assert_true(!x->notes.n || strcmp(x->notes.items[0].kind, "bound-elsewhere"));
		told("k1:free", "far", v6 ? "icmp6" : "udp/9", v6 ? "fd00::4" : "10.0.0.4", "", "", "", 0);
		assert_true(!x->notes.n || strcmp(x->notes.items[0].kind, "bound-elsewhere"));
	}
	told("k1:free", "far", "arp", "10.0.0.77", "", "", "", 0);
	told("k1:free", "far", "ethernet", "02:00:00:00:00:77", "", "", "", 0);
}

static void test_sticky(void **state)
{
	(void) state;
	told("k1:first", "far", "", NULL, "", "", "", 0);
	told("k1:first", "far", "ethernet", "02:00:00:00:00:66", "sticky", "port k1:first is sticky (topology.yaml:10) and has its 1 host: ",
	     "take `sticky` off", 10);
	told("k1:free", "far", "ethernet", "02:00:00:00:00:02", "sticky", "02:00:00:00:00:02 sticks to k1:first, and this comes from port k1:free",
	     "find out who that is", 6);
}

static void test_shut(void **state)
{
	(void) state;
	struct fact fact = { .kind = FACT_PORT_SHUT, .reason = REASON_PORT_LIMIT, .sw = k1, .ofport = SHUT, .network = id_of("lan"),
			     .old_sw = NET_NONE, .mac = { 2, 0, 0, 0, 0, 0x77 }, .until_s = (uint32_t) (world.core->wall_ms / 1000) };
	core_fact(world.core, &fact);
	take_all();
	world_advance(&world, 18000);
	told("k1:shut", "far", "", NULL, "shut",
	     "port k1:shut is shut in network lan for 42 s more: it has its max_hosts (1) (topology.yaml:11), and 02:00:00:00:00:77 came too",
	     "raise `max_hosts`", 11);
	told("k1:free", "far", "", NULL, "", "", "", 0);
}

static void test_leases(void **state)
{
	(void) state;
	told("k2:v2", "srv", "", NULL, "no-lease", "no lease: nothing is leased to k2:v2 at port k2:v2, and `guard` of network leased", "ask by DHCP", 18);
	told("k1:v1", "srv", "", NULL, "no-lease", "no lease of 10.0.0.7 is known at port k1:v1 (topology.yaml:18)", "ask by DHCP", 18);
	told("k1:v1", "srv", "icmp", "10.0.0.7", "no-lease", "no lease of 10.0.0.7 is known at port k1:v1 (topology.yaml:18)", "ask by DHCP", 18);
	told("k1:v1", "srv", "arp", "fd00::7", "no-lease", "no lease of fd00::7", "ask by DHCP", 18);
	struct fact fact = { .kind = FACT_LEASE, .network = id_of("leased"), .sw = NET_NONE, .old_sw = NET_NONE, .mac = { 2, 0, 0, 0, 0, 7 },
			     .has_ip4 = true, .ip4 = { 10, 0, 0, 7 }, .until_s = (uint32_t) (world.core->wall_ms / 1000) + 600 };
	core_fact(world.core, &fact);
	take_all();
	told("k1:v1", "srv", "icmp", "10.0.0.7", "", "", "", 0);
	told("k1:v1", "srv", "arp", "10.0.0.7", "", "", "", 0);
	told("k2:v2", "srv", "icmp", "10.0.0.7", "no-lease", "10.0.0.7 is leased to 02:00:00:00:00:07, not to", "ask by DHCP", 18);
}

static void test_addresses_of_their_own(void **state)
{
	(void) state;
	static char text[2000];
	snprintf(text, sizeof text, "%s", file);
	static const char key[] = "    slaac: \"fd00::/64\"\n";
	char *at = strstr(text, "    guard: all\n");
	memmove(at + sizeof key - 1, at, strlen(at) + 1);
	memcpy(at, key, sizeof key - 1);
	world_reload(&world, text);
	take_all();
	told_one("k1:v1", "srv", "dad/fd00::7", "", "", "");
	told("k1:v1", "srv", "icmp6", "fd00::7", "no-lease", "fd00::7 is an address that hosts give themselves (`slaac`), and nobody has it yet", "ask again", 19);
	struct fact fact = { .kind = FACT_LEASE, .network = id_of("leased"), .sw = k1, .ofport = V1, .old_sw = NET_NONE, .slaac = true,
			     .mac = { 2, 0, 0, 0, 0, 7 }, .has_ip6 = true, .ip6 = { 0xfd, [15] = 7 }, .until_s = UINT32_MAX };
	core_fact(world.core, &fact);
	take_all();
	told("k1:v1", "srv", "icmp6", "fd00::7", "", "", "", 0);
	told("k1:v1", "srv", "nd/fd00::7", "fd00::7", "", "", "", 0);
	told("k2:v2", "srv", "icmp6", "fd00::7", "no-lease", "fd00::7 was taken first by 02:00:00:00:00:07, not 0a:6e", "ask by DHCP", 19);
}

static void test_servers_and_routers(void **state)
{
	(void) state;
	told("k1:v1", "srv", "ra", "02:00:00:00:00:07", "rogue-router", "only a router sends that, and port k1:v1 (topology.yaml:18) is not trusted with `ra`",
	     "write `trust: ra`", 18);
	assert_string_equal(x->directions[0].legs[0].frame_text, "router advertisement fe80::ff:fe00:7 > all");
	told("k1:srv", "v1", "ra", "02:00:00:00:00:06", "", "", "", 0);
	told("k1:v1", "srv", "udp/68", "10.0.0.7", "rogue-dhcp", "only a DHCP server sends that", "write `trust: dhcp`", 18);
	told("k1:v1", "srv", "udp/546", "fd00::7", "rogue-dhcp", "only a DHCP server sends that", "write `trust: dhcp`", 18);
	ask("k1:free", "far", "ra", NULL);
	assert_true(x->is_reachable && x->directions[1].legs[0].passes);
}

/* What one end says: as what it is printed, its frame, and the flow that Open vSwitch is asked about. */
static void test_what_nobody_asks_for(void **state)
{
	static const struct { const char *from, *to, *word, *as, *frame, *flow; size_t n_legs; } said[] = {
		{ "k1:free", "far", "arp/10.0.0.9", NULL, "ARP: 10.0.0.9 is at 02:00:00:00:00:04",
		  "dl_dst=ff:ff:ff:ff:ff:ff,arp,arp_op=1,arp_spa=10.0.0.9,arp_tpa=10.0.0.9,arp_sha=02:00:00:00:00:04", 1 },
		{ "k1:free", "far", "nd/fd00::9", NULL, "neighbour advertisement: fd00::9 is at 02:00:00:00:00:04",
		  "dl_dst=33:33:00:00:00:01,icmp6,ipv6_src=fd00::9,ipv6_dst=ff02::1,nw_ttl=255,icmpv6_type=136,icmpv6_code=0,nd_target=fd00::9,"
		  "nd_tll=02:00:00:00:00:04", 1 },
		{ "k1:free", "far", "nd/fd00::9", "fd00::4", "neighbour advertisement: fd00::9 is at 02:00:00:00:00:04",
		  "ipv6_src=fd00::4,ipv6_dst=ff02::1", 1 },
		{ "k1:free", "far", "dad/10.0.0.9", NULL, "ARP: is 10.0.0.9 free?",
		  "dl_dst=ff:ff:ff:ff:ff:ff,arp,arp_op=1,arp_spa=0.0.0.0,arp_tpa=10.0.0.9,arp_sha=02:00:00:00:00:04", 1 },
		{ "k1:free", "far", "dad/fd00::9:89ab", NULL, "neighbour solicitation: is fd00::9:89ab free?",
		  "dl_dst=33:33:ff:09:89:ab,icmp6,ipv6_src=::,ipv6_dst=ff02::1:ff09:89ab,nw_ttl=255,icmpv6_type=135,icmpv6_code=0,"
		  "nd_target=fd00::9:89ab", 1 },
		{ "k1:v1", "srv", "dhcp", NULL, "DHCP 0.0.0.0 port 68 > 255.255.255.255 port 67",
		  "dl_dst=ff:ff:ff:ff:ff:ff,udp,nw_src=0.0.0.0,nw_dst=255.255.255.255,nw_ttl=64,udp_src=68,udp_dst=67", 2 },
		{ "k1:v1", "srv", "dhcp", "10.0.0.7", "DHCP 10.0.0.7 port 68 > 10.0.0.6 port 67",
		  "dl_dst=02:00:00:00:00:06,udp,nw_src=10.0.0.7,nw_dst=10.0.0.6", 1 },
		{ "k1:v1", "srv", "dhcp6", NULL, "DHCPv6 fe80::ff:fe00:7 port 546 > ff02::1:2 port 547",
		  "dl_dst=33:33:00:01:00:02,udp6,ipv6_src=fe80::ff:fe00:7,ipv6_dst=ff02::1:2,nw_ttl=64,udp_src=546,udp_dst=547", 2 },
		{ "srv", "k1:v1", "dhcp/server", NULL, "DHCP 10.0.0.6 port 67 > 255.255.255.255 port 68", "udp_src=67,udp_dst=68", 1 },
		{ "srv", "k1:v1", "dhcp6/server", NULL, "DHCPv6 fe80::ff:fe00:6 port 547 > fe80::ff:fe00:7 port 546",
		  "dl_dst=02:00:00:00:00:07,udp6,ipv6_src=fe80::ff:fe00:6,ipv6_dst=fe80::ff:fe00:7", 1 },
	};
	(void) state;
	for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
		struct explain_question question = { .from = said[i].from, .to = said[i].to };
		assert_null(explain_protocol_parse(said[i].word, &question.protocol));
		assert_true(!said[i].as || explain_as_parse(said[i].as, &question.as));
		explain_free(x);
		x = explain_new(world.core, &question);
		assert_null(x->error);
		assert_int_equal(x->n_directions, 1);
		assert_string_equal(x->protocol, said[i].word);
		assert_true(x->is_reachable && x->is_harmful);
		assert_int_equal(x->directions[0].n_legs, said[i].n_legs);
		const struct explain_leg *leg = &x->directions[0].legs[0];
		assert_string_equal(leg->frame_text, said[i].frame);
		if (!strstr(leg->traces[0].command, said[i].flow))
			fail_msg("%s", leg->traces[0].command);
	}
	/* The server's answer. */
	ask_one("k1:v1", "srv", "dhcp");
	assert_string_equal(x->directions[0].legs[1].frame_text, "DHCP 10.0.0.6 port 67 > 255.255.255.255 port 68");
	assert_string_equal(x->directions[0].legs[1].name, "reply");
	ask_one("k1:v1", "srv", "dhcp6");
	assert_string_equal(x->directions[0].legs[1].frame_text, "DHCPv6 fe80::ff:fe00:6 port 547 > fe80::ff:fe00:7 port 546");
	struct explain_question question = { .from = "k1:v1", .to = "k2:v2" };
	explain_protocol_parse("dhcp", &question.protocol);
	explain_free(x);
	x = explain_new(world.core, &question);
	assert_string_equal(x->error, "no IPv4 address of \"k2:v2\", the server, is known");
}

static void test_what_may_not_be_said(void **state)
{
	(void) state;
	told_one("k1:db", "far", "nd/fd00::1", "", "", "");
	told_one("k1:db", "far", "arp/10.0.0.1", "", "", "");
	told_one("k1:db", "far", "dad/fd00::1", "", "", "");
	told_one("k1:db", "far", "dad/10.0.0.1", "", "", "");
	told_one("k1:db", "far", "dhcp", "", "", "");
	static const char *const others[] = { "arp/10.0.0.66", "nd/fd00::66", "dad/10.0.0.66", "dad/fd00::66" };
	for (size_t i = 0; i < 4; i++)
		told_one("k1:db", "far", others[i], "bound", "port k1:db is bound to 02:00:00:00:00:01 with 10.0.0.1, fd00::1 (topology.yaml:9), and this is about",
			 i % 2 ? "add fd00::66 to `ip`" : "add 10.0.0.66 to `ip`");
	told("k1:db", "far", "nd/fd00::66", "fd00::1", "bound", "and this is about fd00::66", "add fd00::66", 9);
	told("k1:db", "far", "nd/fd00::66", "fd00::67", "bound", "and this is about fd00::67", "add fd00::67", 9);
	told_one("k1:free", "far", "arp/10.0.0.1", "bound", "10.0.0.1 is what port k1:db is bound to", "another address");
	told_one("k1:free", "far", "nd/fd00::1", "bound", "fd00::1 is what port k1:db is bound to", "another address");
	told_one("k1:free", "far", "dad/fd00::1", "", "", "");
	told_one("k1:free", "far", "nd/fd00::99", "", "", "");
	told_one("k1:v1", "srv", "nd/fd00::7", "no-lease", "no lease of fd00::7", "ask by DHCP");
	told("k1:v1", "srv", "nd/fd00::7", "fe80::7", "no-lease", "no lease of fd00::7", "ask by DHCP", 18);
	told_one("k1:v1", "srv", "arp/10.0.0.7", "no-lease", "no lease of 10.0.0.7", "ask by DHCP");
	told_one("k1:v1", "srv", "dad/fd00::7", "", "", "");
	told_one("k1:v1", "srv", "dhcp", "", "", "");
	told_one("srv", "k1:v1", "dhcp/server", "", "", "");
	told_one("k1:v1", "srv", "dhcp6/server", "rogue-dhcp", "only a DHCP server sends that", "write `trust: dhcp`");
	/* A client whose server is not trusted gets no answer. */
	speak("leased", 7, k1, V1);
	told_one("srv", "k1:v1", "dhcp", "rogue-dhcp", "only a DHCP server sends that, and port k1:v1", "write `trust: dhcp`");
}

static void test_quarantine_is_told_once(void **state)
{
	(void) state;
	struct fact fact = { .kind = FACT_QUARANTINE, .reason = REASON_LOOP, .sw = k1, .ofport = FREE, .old_sw = NET_NONE, .network = id_of("lan") };
	core_fact(world.core, &fact);
	take_all();
	told("k1:free", "far", "ethernet", NULL, "quarantine", "port k1:free is closed in network lan for ", "find the loop", 12);
	told("far", "k1:free", "ethernet", NULL, "quarantine", "port k1:free is closed in network lan for ", "find the loop", 12);
	told("far", "k1:free", "", NULL, "quarantine", "port k1:free is closed in network lan for ", "find the loop", 12);
}

static void test_storm_is_a_note(void **state)
{
	(void) state;
	struct view_use *use = (struct view_use *) view_use(view_port(world.core->view, k1, SRV), id_of("leased"));
	ask("k1:srv", "v1", "ethernet", NULL);
	assert_int_equal(x->notes.n, 0);
	use->storms[STORM_BROADCAST] = (struct view_storm) { .active = true, .n_dropped = 12 };
	ask("k1:srv", "v1", "ethernet", NULL);
	assert_true(x->is_reachable);
	assert_string_equal(x->notes.items[0].kind, "storm");
	assert_string_equal(x->notes.items[0].text, "port k1:srv sends more broadcast frames than its limit lets pass (100 a second): 12 dropped");
}

/* Copies are on their way to nobody; and nobody stands where they come out. */
static void test_mirrors(void **state)
{
	(void) state;
	ask("k1:srv", "v1", "ethernet", NULL);
	assert_true(x->is_reachable);
	assert_false(x->directions[0].legs[0].by_flood);
	for (size_t i = 0; i < x->directions[0].n_legs; i++)
		for (size_t s = 0; s < x->directions[0].legs[i].n_steps; s++) {
			const struct explain_step *step = &x->directions[0].legs[i].steps[s];
			assert_true(!step->text || !strstr(step->text, "tap"));
		}
	ask("k1:tap", "v1", "ethernet", NULL);
	assert_false(x->is_reachable);
	assert_string_equal(x->directions[0].causes.items[0].kind, "mirror-port");
	assert_non_null(strstr(x->directions[0].causes.items[0].text, "port k1:tap takes copies of others"));
}

static void test_rate_is_a_note(void **state)
{
	(void) state;
	struct view_use *use = (struct view_use *) view_use(view_port(world.core->view, k1, SRV), id_of("leased"));
	use->storms[LIMIT_RATE] = (struct view_storm) { .active = true, .n_dropped = 12 };
	ask("k1:srv", "v1", "ethernet", NULL);
	assert_true(x->is_reachable);
	assert_string_equal(x->notes.items[0].kind, "rate");
	assert_string_equal(x->notes.items[0].text, "port k1:srv sends more than its rate (10000 kbit/s): 12 frames dropped");
}

static void test_as_words(void **state)
{
	static const char *const bad[] = { "", "x", "10.0.0.1,10.0.0.2", "02:00:00:00:00:01,02:00:00:00:00:02", "10.0.0.1,x", "10.0.0.256" };
	struct explain_as as;
	(void) state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(explain_as_parse(bad[i], &as));
	assert_true(explain_as_parse("02:00:00:00:00:01", &as) && as.has_mac && !as.has_ip);
	assert_true(explain_as_parse("10.0.0.1,02:00:00:00:00:01", &as) && as.has_mac && as.has_ip && !as.is_v6);
	assert_true(explain_as_parse("fd00::1", &as) && !as.has_mac && as.has_ip && as.is_v6);
}

int main(void)
{
#define T(F) cmocka_unit_test_setup_teardown(F, set_up, explain_world_down)
	const struct CMUnitTest tests[] = {
		T(test_bound), T(test_sticky), T(test_shut), T(test_leases), T(test_addresses_of_their_own), T(test_servers_and_routers), T(test_what_nobody_asks_for), T(test_what_may_not_be_said),
		T(test_quarantine_is_told_once), T(test_storm_is_a_note), T(test_mirrors), T(test_rate_is_a_note), T(test_as_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
