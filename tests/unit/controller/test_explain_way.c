/* SPDX-License-Identifier: Apache-2.0 */
/* explain: ways between switches that are no plain tunnels: uplinks of a LAN, a gateway to
 * it, links, foreign VTEPs, tunnels by IPv6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/controller/explain_world.h"

static void begin(const char *file) { world_init(&world, file); }

/* "kvm1:vm-a" */
static void find(const char *place, uint32_t *ret_sw, uint32_t *ret_ofport)
{
	char name[64];
	const char *colon = strchr(place, ':');
	snprintf(name, sizeof name, "%.*s", (int) (colon - place), place);
	*ret_sw = core_switch_by_name(world.core, name);
	const struct view_port *port = view_port_by_name(world.core->view, *ret_sw, colon + 1);
	assert_non_null(port);
	*ret_ofport = port->ofport;
}

static void learn(unsigned n, const char *place)
{
	uint32_t sw, ofport;
	find(place, &sw, &ofport);
	world_learn(&world, world.core->net->networks[0].name, n, sw, ofport);
	take_all();
}

static void set_up(const char *place, bool is_up)
{
	struct msg_port port = { .is_up = is_up, .is_live = is_up };
	uint32_t sw;
	find(place, &sw, &port.ofport);
	snprintf(port.name, sizeof port.name, "%s", strchr(place, ':') + 1);
	core_port_status(world.core, sw, MSG_PORT_MODIFY, &port);
	take_all();
}

static void ask(const char *from, const char *to)
{
	struct explain_question question = { .from = from, .to = to, .protocol.kind = EXPLAIN_ICMP };
	explain_free(x);
	x = explain_new(world.core, &question);
	if (x->error)
		fail_msg("%s; %s", x->error, x->hint);
}

static void reaches(const char *from, const char *to)
{
	ask(from, to);
	for (size_t d = 0; d < 2; d++)
		for (size_t i = 0; i < x->directions[d].causes.n; i++)
			fail_msg("%zu: %s", d, x->directions[d].causes.items[i].text);
}

static void is_cut(const char *from, const char *to, const char *kind, const char *text)
{
	ask(from, to);
	assert_false(x->is_reachable);
	for (size_t i = 0; i < x->directions[0].causes.n; i++) {
		const struct explain_cause *cause = &x->directions[0].causes.items[i];
		if (!strcmp(cause->kind, kind) && strstr(cause->text, text))
			return;
	}
	for (size_t i = 0; i < x->directions[0].causes.n; i++)
		print_message("%s: %s\n", x->directions[0].causes.items[i].kind, x->directions[0].causes.items[i].text);
	fail_msg("no cause %s: %s", kind, text);
}

/* The events of the request, in one line. */
static void goes(unsigned direction, const char *expected)
{
	static char text[2000];
	text[0] = '\0';
	for (size_t i = 0; i < x->directions[direction].n_legs; i++) {
		const struct explain_leg *leg = &x->directions[direction].legs[i];
		for (size_t k = 0; k < leg->n_steps && !strcmp(leg->name, "request"); k++)
			if (!leg->steps[k].is_row)
				snprintf(text + strlen(text), sizeof text - strlen(text), "%s %s; ", leg->steps[k].sw, leg->steps[k].text);
	}
	assert_string_equal(text, expected);
}

/* --- a LAN between the switches ------------------------------------------------------------- */

static void test_uplinks(void **state)
{
	(void) state;
	begin("version: 1\nswitches:\n  a: {dpid: 1}\n  b: {dpid: 2}\nnetworks:\n  red:\n    transport: vlan\n    vlan: 20\n"
	      "    uplinks: [a:eth1, b:eth1]\n    ports: [a:vm, b:vm, a:other]\n");
	world_connect(&world, "a", (const char *const[]) { "vm", "eth1", "other" }, 3);
	world_connect(&world, "b", (const char *const[]) { "vm", "eth1" }, 2);
	learn(1, "a:vm");
	learn(2, "b:vm");
	reaches("a:vm", "b:vm");
	goes(0, "a in by vm; a out by eth1 onto the LAN; b in by eth1 from the LAN; b out by vm; ");
	assert_non_null(strstr(leg(0, "request")->traces[1].command, "in_port=2,dl_vlan=20,dl_vlan_pcp=0,"));
	set_up("b:eth1", false);
	is_cut("a:vm", "b:vm", "uplink-down", "the uplink b:eth1 is down");
	/* A name that two switches have. */
	explain_free(x);
	x = explain_new(world.core, &(struct explain_question) { .from = "a:other", .to = "vm" });
	assert_string_equal(x->hint, "say which: red/02:00:00:00:00:01, red/02:00:00:00:00:02");
}

static void test_gateway(void **state)
{
	(void) state;
	begin("version: 1\nswitches:\n  a: {dpid: 1, vtep: 10.0.0.1}\n  b: {dpid: 2, vtep: 10.0.0.2}\nnetworks:\n  red:\n    vni: 5\n"
	      "    physical: {ports: [a:eth1, b:eth1], vlan: 20}\n    ports: [a:vm, b:vm]\n");
	world_connect(&world, "a", (const char *const[]) { "vm", "eth1", "vxlan0" }, 3);
	world_connect(&world, "b", (const char *const[]) { "vm", "eth1", "vxlan0" }, 3);
	take_all();
	learn(1, "a:vm");
	learn(2, "b:vm");
	learn(3, "a:eth1");
	reaches("b:vm", "10.0.0.3");
	assert_true(x->ends[1].is_lan);
	goes(0, "b in by vm; b into the tunnel to a (10.0.0.1), VNI 5; a in by the tunnel from b; a out by eth1 onto the LAN; ");
	goes(1, "a in by eth1; a into the tunnel to b (10.0.0.2), VNI 5; b in by the tunnel from a; b out by vm; ");
	is_cut("b:vm", "b:eth1", "standby", "network red meets the LAN at a:eth1");
	set_up("a:eth1", false);
	ask("b:vm", "b:eth1");
	assert_int_equal(x->directions[0].causes.n, 0);
	/* Between two ports, one closed and the other not open yet. */
	core_fact(world.core, &(struct fact) { .kind = FACT_GATEWAY, .network = world.core->net->networks[0].id, .sw = NET_NONE,
					       .old_sw = NET_NONE });
	is_cut("b:vm", "b:eth1", "gateway-changes", "red meets the LAN nowhere just now");
	set_up("b:eth1", false);
	is_cut("b:vm", "a:eth1", "port-down", "a:eth1 is down, the LAN is not reached");
}

/* --- links ------------------------------------------------------------------------------------ */

static void probe(const char *from, const char *to)
{
	struct fact fact = { .kind = FACT_LINK };
	find(to, &fact.sw, &fact.ofport);
	find(from, &fact.old_sw, &fact.old_ofport);
	core_fact(world.core, &fact);
}

static void test_links(void **state)
{
	(void) state;
	begin("version: 1\nswitches:\n  a: {dpid: 1}\n  b: {dpid: 2}\n  c: {dpid: 3}\nlinks:\n"
	      "  - {between: [a:e1, b:e1]}\n  - {between: [b:e2, c:e2]}\nnetworks:\n  red: {ports: [a:vm, c:vm]}\n");
	world_connect(&world, "a", (const char *const[]) { "vm", "e1" }, 2);
	world_connect(&world, "b", (const char *const[]) { "e1", "e2" }, 2);
	world_connect(&world, "c", (const char *const[]) { "vm", "e2" }, 2);
	probe("a:e1", "b:e1");
	probe("b:e1", "a:e1");
	probe("b:e2", "c:e2");
	probe("c:e2", "b:e2");
	for (int i = 0; i < 5; i++) {
		world_advance(&world, 1000);
		core_tick(world.core);
		take_all();
	}
	learn(1, "a:vm");
	learn(2, "c:vm");
	reaches("a:vm", "c:vm");
	goes(0, "a in by vm; a out by link a:e1-b:e1; b in by link a:e1-b:e1; b out by link b:e2-c:e2; c in by link b:e2-c:e2; "
	    "c out by vm; ");
	set_up("b:e2", false);
	ask("a:vm", "c:vm");
	assert_false(x->is_reachable);
}

/* A link and the LAN: b is reached by a's uplink, c's, and the link. */
static void begin_mixed(void)
{
	begin("version: 1\nswitches:\n  a: {dpid: 1}\n  b: {dpid: 2}\n  c: {dpid: 3}\nlinks:\n  - {between: [b:e2, c:e2]}\nnetworks:\n"
	      "  red:\n    transport: vlan\n    vlan: 20\n    uplinks: [a:eth1, b:eth1, c:eth1]\n    ports: [a:vm, b:vm, c:vm]\n");
	world_connect(&world, "a", (const char *const[]) { "vm", "eth1" }, 2);
	world_connect(&world, "b", (const char *const[]) { "vm", "e2" }, 2);
	world_connect(&world, "c", (const char *const[]) { "vm", "eth1", "e2" }, 3);
	probe("b:e2", "c:e2");
	probe("c:e2", "b:e2");
	for (int i = 0; i < 5; i++) {
		world_advance(&world, 1000);
		core_tick(world.core);
		take_all();
	}
	learn(1, "a:vm");
	learn(2, "b:vm");
}

static void test_over_the_lan_and_a_link(void **state)
{
	(void) state;
	begin_mixed();
	reaches("a:vm", "b:vm");
	goes(0, "a in by vm; a out by eth1 onto the LAN; c in by eth1 from the LAN; c out by link b:e2-c:e2; b in by link b:e2-c:e2; b out by vm; ");
	goes(1, "b in by vm; b out by link b:e2-c:e2; c in by link b:e2-c:e2; c out by eth1 onto the LAN; a in by eth1 from the LAN; a out by vm; ");
}

/* Its rows let nothing in before all have left the link. */
static void test_an_uplink_that_waits(void **state)
{
	(void) state;
	begin_mixed();
	struct msg_port port = { .ofport = 9, .name = "eth1", .is_up = true, .is_live = true };
	core_port_status(world.core, core_switch_by_name(world.core, "b"), MSG_PORT_ADD, &port);
	core_plan(world.core);
	is_cut("a:vm", "b:eth1", "uplink-waits", "b:eth1 is closed in network red: links lead to the LAN still");
	for (size_t i = 0; i < x->directions[0].causes.n; i++)
		assert_null(strstr(x->directions[0].causes.items[i].cure, "physical"));
	is_cut("a:vm", "b:vm", "uplink-waits", "uplink b:eth1 of network red (topology.yaml:12) is closed: links lead to the LAN still");
	take_all();
	take_all();
	reaches("a:vm", "b:vm");
	goes(0, "a in by vm; a out by eth1 onto the LAN; b in by eth1 from the LAN; b out by vm; ");
}

/* --- ends of tunnels ---------------------------------------------------------------------------- */

static void test_vtep(void **state)
{
	(void) state;
	begin("version: 1\nswitches:\n  a: {dpid: 1, vtep: 10.0.0.1}\n"
	      "vteps:\n  rack: {vtep: 10.0.0.99, networks: [red], macs: [\"02:00:00:00:00:63\"]}\n"
	      "networks:\n  red: {vni: 5, ports: [a:vm]}\n");
	world_connect(&world, "a", (const char *const[]) { "vm", "vxlan0" }, 2);
	learn(1, "a:vm");
	ask("a:vm", "02:00:00:00:00:63");
	assert_string_equal(x->ends[1].vtep, "rack");
	goes(0, "a in by vm; a into the tunnel to rack (10.0.0.99), VNI 5; ");
	/* And from there: as its tunnel brings it, by the VTEP's own name too. */
	for (int named = 0; named < 2; named++) {
		reaches(named ? "rack" : "02:00:00:00:00:63", "a:vm");
		goes(0, "a in by the tunnel from rack (10.0.0.99); a out by vm; ");
		assert_non_null(strstr(leg(0, "request")->traces[0].command, "in_port=2,tun_id=0x5,tun_src=10.0.0.99,dl_src=02:00:00:00:00:63"));
		assert_int_equal(leg(0, "request")->tunnel_mtu, 1450);
		assert_string_equal(x->directions[1].legs[0].frame_text, x->directions[0].legs[0].frame_text);
	}
	struct explain_question question = { .from = "rack", .to = "a:vm", .as = { .has_mac = true, .mac = { 2, [5] = 0x64 } } };
	explain_free(x);
	x = explain_new(world.core, &question);
	assert_true(x->is_reachable && x->n_directions == 1);
}

/* What a rule says where it comes out. */
static void test_from_a_vtep(void **state)
{
	(void) state;
	begin("version: 1\nswitches:\n  a: {dpid: 1, vtep: 10.0.0.1}\n"
	      "vteps:\n  rack: {vtep: 10.0.0.99, networks: [red]}\n"
	      "networks:\n  red: {vni: 5, ports: [{port: a:vm, acl_out: none}]}\nacls:\n  none:\n    - {deny: any, name: nothing}\n");
	world_connect(&world, "a", (const char *const[]) { "vm", "vxlan0" }, 2);
	learn(1, "a:vm");
	is_cut("rack", "a:vm", "denied", "rule \"nothing\" of acl \"none\"");
	/* There it passes, and the answer does not. */
	assert_true(x->directions[1].legs[0].passes && !x->directions[1].legs[1].passes);
	is_cut("rakc", "a:vm", "unknown-host", "nothing is called \"rakc\"");
}

static void test_tunnels_v6(void **state)
{
	(void) state;
	begin("version: 1\nswitches:\n  a: {dpid: 1, vtep: \"fd00::1\"}\n  b: {dpid: 2, vtep: \"fd00::2\"}\n"
	      "networks:\n  red: {vni: 5, ports: [a:vm, b:vm]}\n");
	world_connect(&world, "a", (const char *const[]) { "vm", "vxlan0" }, 2);
	world_connect(&world, "b", (const char *const[]) { "vm" }, 1);
	learn(1, "a:vm");
	learn(2, "b:vm");
	is_cut("a:vm", "b:vm", "no-tunnel", "switch b has no port \"vxlan0\"");
	struct msg_port port = { .ofport = 9, .name = "vxlan0", .is_up = true, .is_live = true };
	core_port_status(world.core, core_switch_by_name(world.core, "b"), MSG_PORT_ADD, &port);
	take_all();
	reaches("a:vm", "b:vm");
	goes(0, "a in by vm; a into the tunnel to b (fd00::2), VNI 5; b in by the tunnel from a; b out by vm; ");
	assert_int_equal(leg(0, "request")->tunnel_mtu, 1430);
	assert_non_null(strstr(leg(0, "request")->traces[1].command, "in_port=9,tun_id=0x5,tun_ipv6_src=fd00::1,"));
}

int main(void)
{
#define T(F) cmocka_unit_test_teardown(F, explain_world_down)
	const struct CMUnitTest tests[] = {
		T(test_uplinks), T(test_gateway), T(test_links), T(test_over_the_lan_and_a_link), T(test_an_uplink_that_waits), T(test_vtep), T(test_from_a_vtep), T(test_tunnels_v6),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
