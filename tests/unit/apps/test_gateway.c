/* SPDX-License-Identifier: Apache-2.0 */
/* Networks that meet the LAN: one port at a time, failing over without a loop
 * and without a frame that comes twice, whatever a switch that is away does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "apps/l2.h"
#include "tests/unit/apps/stage.h"

static const char three[] =
	"version: 1\n"
	"switches:\n"
	"  a: {dpid: 0x1, vtep: 10.0.0.1}\n"
	"  b: {dpid: 0x2, vtep: 10.0.0.2}\n"
	"  c: {dpid: 0x3, vtep: 10.0.0.3}\n"
	"networks:\n"
	"  red:\n"
	"    vni: 100\n"
	"    physical: {ports: [\"a:eth1\", \"b:eth1\"], vlan: 20}\n"
	"    ports: [\"*:r*\"]\n"
	"  blue:\n"
	"    physical: {port: \"c:eth1\"}\n"
	"    ports: [\"c:x\"]\n";

static const char ports[] =
	"up a; up b; up c; port a:vxlan0 1000; port b:vxlan0 1000; port c:vxlan0 1000;"
	"port a:r1 1; port b:r1 1; port c:r1 1; port a:eth1 9; port b:eth1 9; port c:eth1 9; port c:x 5;"
	"ready a; ready b; ready c; gateway red a:eth1";

static void begin(const char *story)
{
	stage_open(three, ports);
	world_do(w, story);
	world_check(w);
}

static void send(const char *place, unsigned dst, unsigned src, int vid)
{
	world_send(w, place, world_frame(dst, src, vid));
	world_check(w);
}

static uint32_t choice(const char *network)
{
	return view_gateway_choose(w->view, net_network_by_name(w->net, network));
}

/* Three VMs and the LAN hear it, but for who sent it. */
static void heard_by_all_once(const char *place, unsigned src, int vid)
{
	static const char *const vms[] = { "a:r1", "b:r1", "c:r1" };
	send(place, 0, src, vid);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(world_got(w, vms[i], UNTAGGED), strcmp(place, vms[i]) != 0);
	assert_int_equal(world_got(w, "lan", 20), strcmp(place, "lan") != 0);
}

static void one_port_is_open(void **state)
{
	(void) state;
	begin("");
	heard_by_all_once("a:r1", 1, UNTAGGED);
	heard_by_all_once("b:r1", 2, UNTAGGED);
	heard_by_all_once("c:r1", 3, UNTAGGED);
	heard_by_all_once("lan", 4, 20);
	/* The machine on the LAN is known, and reached from everywhere through a. */
	const struct host *host = world_host(w, "red", 4);
	assert_non_null(host);
	assert_int_equal(host->sw, world_switch(w, "a"));
	send("c:r1", 4, 3, UNTAGGED);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "lan", 20), 1);
	send("lan", 3, 4, 20);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "c:r1", UNTAGGED), 1);
	/* Another tag is no business of ours. */
	send("lan", 0, 4, 21);
	assert_int_equal(w->n_got, 0);
}

static void an_untagged_single_port_is_always_open(void **state)
{
	(void) state;
	begin("");
	send("c:x", 0, 1, UNTAGGED);
	assert_int_equal(world_got(w, "lan", UNTAGGED), 1);
	assert_int_equal(w->n_got, 1);
	send("lan", 1, 2, UNTAGGED);
	assert_int_equal(world_got(w, "c:x", UNTAGGED), 1);
	world_do(w, "down c:eth1; cut c");
	assert_int_equal(choice("blue"), 0);
}

static void closed_while_it_changes_hands(void **state)
{
	(void) state;
	begin("gateway red -");
	send("a:r1", 0, 1, UNTAGGED);
	assert_int_equal(w->n_got, 2);
	assert_int_equal(world_got(w, "lan", 20), 0);
	send("lan", 0, 4, 20);
	assert_int_equal(w->n_got, 0);
	world_do(w, "gateway red b:eth1");
	heard_by_all_once("lan", 4, 20);
	heard_by_all_once("a:r1", 1, UNTAGGED);
}

static void hosts_of_the_lan_follow(void **state)
{
	(void) state;
	begin("host red 4 a:eth1; host red 5 a:eth1; host red 1 a:r1; gateway red -; gateway red b:eth1");
	assert_int_equal(world_host(w, "red", 4)->sw, world_switch(w, "b"));
	assert_int_equal(world_host(w, "red", 5)->sw, world_switch(w, "b"));
	assert_int_equal(world_host(w, "red", 1)->sw, world_switch(w, "a"));
	send("c:r1", 4, 3, UNTAGGED);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "lan", 20), 1);
}

/* It has lost us and goes on as the gateway it was. */
static void a_gateway_that_is_away_is_fenced(void **state)
{
	(void) state;
	begin("host red 1 a:r1; host red 3 c:r1; cut a; gateway red -; gateway red b:eth1");
	/* Its VM is on the LAN by its own port, and gets there what is for all. */
	send("lan", 0, 4, 20);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "c:r1", UNTAGGED), 1);
	send("c:r1", 0, 3, UNTAGGED);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 1);
	assert_int_equal(world_got(w, "lan", 20), 1);
	/* What means one host still passes between VMs. */
	send("a:r1", 3, 1, UNTAGGED);
	assert_int_equal(world_got(w, "c:r1", UNTAGGED), 1);
	assert_int_equal(w->n_got, 1);
	send("c:r1", 1, 3, UNTAGGED);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	/* Unknown ones do not go round through the LAN. */
	send("a:r1", 77, 1, UNTAGGED);
	send("lan", 77, 4, 20);
	/* It comes back, is told, is heard again. */
	world_do(w, "up a");
	world_check(w);
	send("lan", 0, 4, 20);
	assert_int_equal(w->n_got, 2);          /* b and c; a is closed, and not heard yet */
	world_do(w, "ready a");
	heard_by_all_once("a:r1", 1, UNTAGGED);
	heard_by_all_once("lan", 4, 20);
	assert_int_equal(choice("red"), 0);
}

static void the_first_one_alive_is_chosen(void **state)
{
	(void) state;
	begin("");
	assert_int_equal(choice("red"), 0);
	world_do(w, "down a:eth1");
	assert_int_equal(choice("red"), 1);
	world_do(w, "up a:eth1; cut a");
	assert_int_equal(choice("red"), 1);
	world_do(w, "down b:eth1");
	assert_int_equal(choice("red"), 0);     /* nobody is alive: no change */
	world_do(w, "gateway red -; up b:eth1; gateway red b:eth1; up a");
	assert_int_equal(choice("red"), 1);     /* back, and not in sync yet */
	world_do(w, "ready a");
	assert_int_equal(choice("red"), 0);
	/* When nobody is in use, who is first and about to be in sync is waited for. */
	world_do(w, "gateway red -; down a; up a");
	assert_int_equal(choice("red"), NET_NONE);
}

static void a_vm_is_not_moved_by_its_own_echo(void **state)
{
	(void) state;
	begin("host red 3 c:r1");
	send("lan", 0, 3, 20);
	assert_int_equal(world_host(w, "red", 3)->sw, world_switch(w, "c"));
	/* It went to a machine: the VM's port is down, or gone. */
	world_do(w, "down c:r1");
	send("lan", 0, 3, 20);
	assert_int_equal(world_host(w, "red", 3)->sw, world_switch(w, "a"));
	/* And back. */
	world_do(w, "up c:r1");
	send("c:r1", 0, 3, UNTAGGED);
	assert_int_equal(world_host(w, "red", 3)->sw, world_switch(w, "c"));
}

/* A VM that takes the MAC of a machine of the LAN, the router say, has it until that one speaks. */
static void a_machine_of_the_lan_is_not_robbed(void **state)
{
	(void) state;
	begin("");
	send("lan", 0, 4, 20);
	send("c:r1", 0, 4, UNTAGGED);
	assert_int_equal(world_host(w, "red", 4)->sw, world_switch(w, "c"));
	send("lan", 0, 4, 20);
	assert_int_equal(world_host(w, "red", 4)->sw, world_switch(w, "a"));
	/* It became a VM, and that one moves on: a VM like any other. */
	send("c:r1", 0, 4, UNTAGGED);
	send("b:r1", 0, 4, UNTAGGED);
	send("lan", 0, 4, 20);
	assert_int_equal(world_host(w, "red", 4)->sw, world_switch(w, "b"));
	/* A VM that becomes a machine is one, when its port is down. */
	world_do(w, "down b:r1");
	send("lan", 0, 4, 20);
	world_do(w, "up b:r1");
	send("b:r1", 0, 4, UNTAGGED);
	send("lan", 0, 4, 20);
	assert_int_equal(world_host(w, "red", 4)->sw, world_switch(w, "a"));
	/* Not when its own gateway has lost us, and the LAN hears it there. */
	begin("host red 1 a:r1; cut a; gateway red -; gateway red b:eth1; host red 1 b:eth1; up a; host red 1 a:r1 age=20");
	send("lan", 0, 1, 20);
	assert_int_equal(world_host(w, "red", 1)->sw, world_switch(w, "a"));
}

/* A virtual router's MAC that moves from a VM to a machine, and the VM stays up (VRRP). */
static void a_machine_that_goes_on_speaking_is_believed(void **state)
{
	(void) state;
	begin("host red 3 c:r1; host red 1 a:r1");
	send("lan", 0, 3, 20);
	w->now_ms += 999;
	send("lan", 0, 3, 20);
	assert_int_equal(world_host(w, "red", 3)->sw, world_switch(w, "c"));
	w->now_ms += 1;
	send("lan", 0, 3, 20);
	/* Nowhere for now: both hear what is for it. */
	assert_null(world_host(w, "red", 3));
	assert_int_equal(w->facts[w->n_facts - 1].reason, REASON_GOES_ON);
	send("a:r1", 3, 1, UNTAGGED);
	assert_int_equal(world_got(w, "lan", 20), 1);
	assert_int_equal(world_got(w, "c:r1", UNTAGGED), 1);
	send("lan", 0, 3, 20);
	assert_int_equal(world_host(w, "red", 3)->sw, world_switch(w, "a"));
	/* Or the VM speaks, and the LAN sends that back: it stands. */
	begin("host red 3 c:r1");
	for (unsigned i = 0; i < 5; i++) {
		send("c:r1", 0, 3, UNTAGGED);
		send("lan", 0, 3, 20);
		w->now_ms += 400;
	}
	send("c:r1", 0, 3, UNTAGGED);
	assert_int_equal(world_host(w, "red", 3)->sw, world_switch(w, "c"));
	/* Now and then is not going on. */
	begin("host red 3 c:r1");
	for (unsigned i = 0; i < 5; i++) {
		send("lan", 0, 3, 20);
		w->now_ms += 10001;
	}
	assert_int_equal(world_host(w, "red", 3)->sw, world_switch(w, "c"));
}

/* A gateway without weftd lets its VMs out to the LAN, where the next one hears them. */
static void who_was_heard_on_the_lan_meanwhile_stands_where_its_row_is(void **state)
{
	(void) state;
	begin("host red 1 a:r1; cut a; gateway red -; gateway red b:eth1; host red 1 b:eth1");
	assert_int_equal(world_host(w, "red", 1)->sw, world_switch(w, "b"));
	world_do(w, "up a; host red 1 a:r1 age=20");
	assert_int_equal(world_host(w, "red", 1)->sw, world_switch(w, "a"));
	world_check(w);
	send("b:r1", 1, 2, UNTAGGED);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	/* After a restart too, whoever tells first. */
	begin("host red 1 a:r1 age=20; host red 1 b:eth1 age=3");
	assert_int_equal(world_host(w, "red", 1)->sw, world_switch(w, "a"));
	begin("host red 1 b:eth1 age=3; host red 1 a:r1 age=20");
	assert_int_equal(world_host(w, "red", 1)->sw, world_switch(w, "a"));
	/* The port is down: it went to a machine. */
	begin("host red 1 b:eth1 age=3; down a:r1; host red 1 a:r1 age=20");
	assert_int_equal(world_host(w, "red", 1)->sw, world_switch(w, "b"));
}

/* --- what the LAN is told --------------------------------------------------------- */

static size_t n_sent, n_of[8];

static void on_send(void *ctx, uint32_t sw, const uint32_t *ofports, size_t n_ports, const uint8_t *frame, size_t size)
{
	(void) ctx;
	assert_true(sw == world_switch(w, "b") && n_ports == 1 && ofports[0] == 9 && size == 60);
	/* To all, with the LAN's tag, a reverse ARP request (RFC 903) about who sends it. */
	assert_memory_equal(frame, ((const uint8_t[]) { 255, 255, 255, 255, 255, 255 }), 6);
	assert_memory_equal(frame + 12, ((const uint8_t[]) { 0x81, 0, 0, 20, 0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3 }), 14);
	assert_memory_equal(frame + 26, frame + 6, 6);
	assert_memory_equal(frame + 36, frame + 6, 6);
	assert_true(frame[11] < 8);
	n_sent++;
	n_of[frame[11]]++;
}

static void tell(struct fact fact)
{
	struct scene scene = world_scene(w);
	struct reply reply = { .send = on_send };
	fact.network = world_network(w, "red");
	n_sent = 0;
	memset(n_of, 0, sizeof n_of);
	l2_announce(&scene, &fact, &reply);
}

static void who_is_behind_the_new_gateway(void **state)
{
	(void) state;
	begin("host red 1 a:r1; host red 2 b:r1; host red 3 c:r1; gateway red -; gateway red b:eth1; host red 4 b:eth1");
	struct fact fact = { .kind = FACT_GATEWAY, .sw = world_switch(w, "b"), .ofport = 9 };
	tell(fact);
	/* Who is on the LAN itself is no news there. */
	assert_true(n_sent == 3 && n_of[1] == 1 && n_of[2] == 1 && n_of[3] == 1);
	fact.recovered = true;                  /* it was the gateway before weftd's restart */
	tell(fact);
	assert_int_equal(n_sent, 0);
	tell((struct fact) { .kind = FACT_GATEWAY, .sw = NET_NONE });
	tell((struct fact) { .kind = FACT_PORT, .sw = world_switch(w, "b"), .ofport = 9 });
	tell((struct fact) { .kind = FACT_GATEWAY, .sw = world_switch(w, "b"), .ofport = 77 });
	assert_int_equal(n_sent, 0);
}

static void restart_finds_the_gateway_in_the_rows(void **state)
{
	(void) state;
	begin("host red 4 a:eth1; host red 3 c:r1; gateway red -; gateway red b:eth1");
	world_restart(w);
	assert_int_equal(world_back(w, "b", 10), 0);
	assert_int_equal(world_back(w, "c", 10), 0);
	assert_int_equal(world_back(w, "a", 10), 0);
	assert_int_equal(view_network_by_id(w->view, world_network(w, "red"))->gateway, 1);
	world_check(w);
}

static void restart_remembers_the_fence(void **state)
{
	(void) state;
	begin("host red 3 c:r1; cut a; gateway red -; gateway red b:eth1");
	world_restart(w);
	assert_int_equal(world_back(w, "b", 10), 0);
	assert_int_equal(world_back(w, "c", 10), 0);
	assert_true(view_is_suspect(w->view, view_network_by_id(w->view, world_network(w, "red")), world_switch(w, "a")));
}

static void a_new_file_waits_for_the_old_port(void **state)
{
	(void) state;
	char text[sizeof three];
	memcpy(text, three, sizeof text);
	char *at = strstr(text, "\"a:eth1\", \"b:eth1\"");
	memcpy(at, "\"b:eth1\", \"a:eth1\"", 18);
	begin("");
	const struct view_network *vn;
	world_reload(w, text);
	vn = view_network_by_id(w->view, world_network(w, "red"));
	assert_int_equal(vn->gateway, 1);       /* a, where it is now */
	assert_int_equal(choice("red"), 0);
	memcpy(at, "\"b:eth1\", \"c:eth7\"", 18);
	world_reload(w, text);
	vn = view_network_by_id(w->view, world_network(w, "red"));
	assert_int_equal(vn->gateway, NET_NONE);
	assert_int_equal(vn->leaving, world_switch(w, "a"));
}

static const struct binding *address_of(unsigned last)
{
	const uint8_t ip[4] = { 10, 0, 0, (uint8_t) last };
	return view_binding(w->view, world_network(w, "red"), false, ip);
}

/* A switch that weftd cannot reach floods its VM's frames into the LAN as the gateway
 * it was, and so the VM is heard there. When the switch is back its row counts. */
static void a_vm_behind_a_fenced_gateway_is_found_again(void **state)
{
	(void) state;
	begin("host red 1 a:r1; cut a; gateway red -; gateway red b:eth1; host red 1 b:eth1");
	assert_int_equal(world_host(w, "red", 1)->sw, world_switch(w, "b"));
	world_do(w, "host red 1 a:r1 age=50");
	world_check(w);
	assert_int_equal(world_host(w, "red", 1)->sw, world_switch(w, "a"));
	/* A machine on the LAN that once was a VM of b: it stays where it speaks. */
	world_do(w, "host red 2 b:eth1; down c:r1; host red 2 c:r1 age=50");
	assert_int_equal(world_host(w, "red", 2)->sw, world_switch(w, "b"));
}

/* Where they are is inferred, not heard: if one of them is somewhere else, a question
 * for it must get there. */
static void nobody_answers_for_machines_that_changed_gateways(void **state)
{
	(void) state;
	begin("host red 2 b:r1; host red 4 a:eth1; address red 2 10.0.0.2; address red 4 10.0.0.4");
	assert_int_equal(world_count_rows(w, "c", "arp_tpa=10.0.0.4", NULL), 1);
	world_do(w, "gateway red -; gateway red b:eth1");
	world_check(w);
	assert_int_equal(world_host(w, "red", 4)->sw, world_switch(w, "b"));
	assert_null(address_of(4));
	assert_int_equal(world_count_rows(w, "c", "arp_tpa=10.0.0.4", NULL), 0);
	assert_non_null(address_of(2));
	/* It speaks. */
	world_do(w, "address red 4 10.0.0.4");
	world_check(w);
	assert_int_equal(world_count_rows(w, "c", "arp_tpa=10.0.0.4", NULL), 1);
}

int main(void)
{
#define TEST(F) cmocka_unit_test_teardown(F, stage_close)
	static const struct CMUnitTest tests[] = {
		TEST(one_port_is_open),
		TEST(an_untagged_single_port_is_always_open),
		TEST(closed_while_it_changes_hands),
		TEST(hosts_of_the_lan_follow),
		TEST(nobody_answers_for_machines_that_changed_gateways),
		TEST(a_vm_behind_a_fenced_gateway_is_found_again),
		TEST(a_gateway_that_is_away_is_fenced),
		TEST(the_first_one_alive_is_chosen),
		TEST(a_vm_is_not_moved_by_its_own_echo),
		TEST(a_machine_of_the_lan_is_not_robbed),
		TEST(a_machine_that_goes_on_speaking_is_believed),
		TEST(who_was_heard_on_the_lan_meanwhile_stands_where_its_row_is),
		TEST(who_is_behind_the_new_gateway),
		TEST(restart_finds_the_gateway_in_the_rows),
		TEST(restart_remembers_the_fence),
		TEST(a_new_file_waits_for_the_old_port),
	};
	return cmocka_run_group_tests_name("gateway", tests, NULL, NULL);
}
