/* SPDX-License-Identifier: Apache-2.0 */
/* Leases that are watched: who has one, what it lets through, when it ends, and the bytes that say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/guard_scene.h"

static void only_trusted_ports_have_servers(void **state)
{
	(void) state;
	guard_play(guard_leased, "");
	guard_is_dropped("a:r1", guard_ack4(6, 2, 2, 60), "rogue-dhcp", REASON_ROGUE_DHCP);
	guard_is_dropped("a:r1", guard_ack6(6, 2, 2, 60), "rogue-dhcp", REASON_ROGUE_DHCP);
	guard_is_dropped("b:rtr", guard_ack4(6, 2, 2, 60), "rogue-dhcp", REASON_ROGUE_DHCP);
	/* Whatever port it sends from: clients do not look. */
	guard_is_dropped("a:r1", guard_ip4(6, 6, 4000, 68), "rogue-dhcp", REASON_ROGUE_DHCP);
	guard_send("a:r1", guard_ack4(6, 2, 2, 60));
	assert_true(guard_says("red: rogue DHCP server at a:r1: 10.1.0.6 (02:00:00:00:00:06)"));
	assert_int_equal(view_n_leases(w->view), 0);
	guard_passes("b:srv", guard_ack4(5, 2, 2, 60));
	assert_int_equal(stage_n_facts(FACT_LEASE), 1);
	guard_passes("b:free", guard_ack4(5, 3, 3, 60));
	guard_passes("a:r1", guard_client4(2, 0, 1));
	/* Uplinks are trusted, ports of a network that says so little are not watched. */
	guard_passes("a:up", world_frame(0, 1, 30));
	guard_is_dropped("a:u1", guard_ack4(6, 2, 2, 60), "rogue-dhcp", REASON_ROGUE_DHCP);
	guard_passes("a:g1", guard_ack4(6, 2, 2, 60));
}

static void only_trusted_ports_have_routers(void **state)
{
	(void) state;
	guard_play(guard_leased, "");
	guard_is_dropped("a:r1", guard_nd_link(6, 134, 6), "rogue-router", REASON_ROGUE_RA);
	guard_is_dropped("a:r1", guard_nd_link(6, 137, 6), "rogue-router", REASON_ROGUE_RA);
	guard_is_dropped("b:r1", guard_nd_link(6, 134, 6), "rogue-router", REASON_ROGUE_RA);
	guard_is_dropped("a:u1", guard_nd_link(6, 134, 6), "rogue-router", REASON_ROGUE_RA);
	guard_passes("a:r1", guard_nd_link(6, 133, 6));
	guard_passes("b:rtr", guard_nd_link(4, 134, 4));
	guard_passes("b:free", guard_nd_link(3, 134, 3));
	guard_passes("a:g1", guard_nd_link(6, 134, 6));
	guard_send("a:r2", guard_nd_link(6, 134, 6));
	assert_true(guard_says("red: rogue router at a:r2: fe80::ff:fe00:6 (02:00:00:00:00:06)"));
}

static const struct lease *lease(const char *network, unsigned n, bool v6)
{
	uint8_t ip4[4] = { 10, 1, 0, (uint8_t) n }, ip6[16] = { 0xfd, [15] = (uint8_t) n };
	return view_lease(w->view, world_network(w, network), v6, v6 ? ip6 : ip4);
}

static void a_lease_lets_its_host_speak(void **state)
{
	(void) state;
	guard_play(guard_leased, "");
	guard_passes("a:r1", guard_client4(2, 0, 1));
	guard_is_dropped("a:r1", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	guard_is_dropped("a:r1", guard_arp(2, 2, 2, 50), "wrong-arp", REASON_NO_LEASE);
	guard_passes("a:r1", guard_arp(2, 2, 0, 2));
	guard_passes("b:srv", guard_ack4(5, 2, 2, 600));
	guard_passes("a:r1", guard_ip4(2, 2, 0, 0));
	guard_passes("a:r1", guard_arp(2, 2, 2, 50));
	/* IPv6 has one of its own; what stays on the link passes without. */
	guard_is_dropped("a:r1", guard_ip6(2, 2, 0, 0), "wrong-ip6", REASON_NO_LEASE);
	guard_is_dropped("a:r1", guard_nd(2, 136, 2, 2), "wrong-ip6", REASON_NO_LEASE);
	guard_passes("a:r1", guard_nd_link(2, 136, 2));
	guard_passes("a:r1", guard_client6(2, 0, 1));
	guard_passes("a:r1", guard_nd(2, 135, 0, 2));
	guard_send("b:srv", guard_ack6(5, 2, 2, 600));
	guard_passes("a:r1", guard_ip6(2, 2, 0, 0));
	guard_passes("a:r1", guard_nd(2, 136, 2, 2));
	guard_is_dropped("a:r1", guard_nd(2, 136, 2, 3), "wrong-advert", REASON_NO_LEASE);
	/* Nobody else, there or elsewhere. */
	guard_is_dropped("a:r1", guard_ip4(3, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	guard_is_dropped("a:r2", guard_arp(3, 3, 2, 50), "wrong-arp", REASON_NO_LEASE);
	guard_is_dropped("a:r2", guard_ip6(3, 2, 0, 0), "wrong-ip6", REASON_NO_LEASE);
	guard_is_dropped("a:r2", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	guard_send("a:r2", guard_ip4(3, 2, 0, 0));
	assert_true(guard_says("red: port a:r2 sent from 10.1.0.2 (02:00:00:00:00:03), which is leased to 02:00:00:00:00:02"));
	guard_send("a:r2", guard_ip4(3, 33, 0, 0));
	assert_true(guard_says("red: port a:r2 sent from 10.1.0.33 (02:00:00:00:00:03), which is not leased to it"));
	/* Server and router are trusted, bound ports have what is theirs. */
	guard_passes("b:srv", guard_ip4(5, 5, 0, 0));
	guard_passes("b:rtr", guard_ip4(4, 77, 0, 0));
	guard_passes("b:rd", guard_ip4(9, 9, 0, 0));
	guard_is_dropped("b:rd", guard_ip4(9, 2, 0, 0), "wrong-ip4", REASON_BOUND);
}

/* `arp` alone: what is said about addresses, not what is sent from them. */
static void addresses_may_be_watched_in_arp_alone(void **state)
{
	(void) state;
	guard_play(guard_leased, "");
	guard_passes("a:u1", guard_ip4(6, 6, 0, 0));
	guard_passes("a:u1", guard_ip6(6, 6, 0, 0));
	guard_passes("a:u1", guard_nd(6, 135, 0, 6));
	guard_passes("a:u1", guard_nd_link(6, 135, 6));
	guard_is_dropped("a:u1", guard_arp(6, 6, 6, 50), "wrong-arp", REASON_NO_LEASE);
	guard_is_dropped("a:u1", guard_nd(6, 135, 6, 50), "wrong-nd", REASON_NO_LEASE);
	guard_is_dropped("a:u1", guard_nd(6, 136, 6, 6), "wrong-nd", REASON_NO_LEASE);
	world_do(w, "lease lan 6 10.1.0.6 600; lease lan 6 fd00::6 600");
	guard_passes("a:u1", guard_arp(6, 6, 6, 50));
	guard_passes("a:u1", guard_nd(6, 135, 6, 50));
	guard_passes("a:u1", guard_nd(6, 136, 6, 6));
	guard_is_dropped("a:u1", guard_nd(6, 136, 6, 7), "wrong-advert", REASON_NO_LEASE);
	guard_is_dropped("a:u1", guard_arp(6, 7, 6, 50), "wrong-arp", REASON_NO_LEASE);
}

static void a_lease_ends(void **state)
{
	(void) state;
	guard_play(guard_leased, "host red 2 a:r1; host red 3 a:r2");
	guard_passes("b:srv", guard_ack4(5, 2, 2, 100));
	guard_passes("b:srv", guard_ack4(5, 3, 3, UINT32_MAX));
	guard_second(90);
	/* Renewed: one row changes. Heard twice: none. */
	world_quiet(w);
	world_send(w, "b:srv", guard_ack4(5, 2, 2, 100));
	assert_int_equal(stage_n_facts(FACT_LEASE), 1);
	assert_int_equal(w->n_compiles, 0);
	world_check(w);
	guard_send("b:srv", guard_ack4(5, 2, 2, 102));
	assert_int_equal(stage_n_facts(FACT_LEASE), 0);
	guard_second(50);
	guard_passes("a:r1", guard_ip4(2, 2, 0, 0));
	world_quiet(w);
	guard_second(60);
	assert_int_equal(guard_the_fact(FACT_LEASE_GONE)->reason, REASON_EXPIRED);
	guard_is_dropped("a:r1", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	guard_second(1000000);
	guard_passes("a:r2", guard_ip4(3, 3, 0, 0));
}

static void a_lease_is_given_back_by_its_host(void **state)
{
	(void) state;
	guard_play(guard_leased, "host red 2 a:r1; host red 3 a:r2");
	guard_passes("b:srv", guard_ack4(5, 2, 2, 600));
	guard_send("b:srv", guard_ack6(5, 2, 2, 600));
	guard_send("a:r2", guard_client4(3, 2, 7));
	guard_send("a:r2", guard_client6(3, 2, 8));
	guard_send("a:r2", guard_client4(2, 2, 7));
	assert_int_equal(view_n_leases(w->view), 2);
	guard_passes("a:r1", world_frame(0, 2, UNTAGGED));
	guard_send("a:r1", guard_client4(2, 2, 7));
	assert_int_equal(guard_the_fact(FACT_LEASE_GONE)->reason, REASON_RELEASED);
	guard_send("a:r1", guard_client6(2, 2, 8));
	assert_int_equal(view_n_leases(w->view), 0);
	guard_is_dropped("a:r1", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
}

static void a_lease_goes_to_another_host(void **state)
{
	(void) state;
	guard_play(guard_leased, "host red 2 a:r1; host red 3 a:r2");
	guard_passes("b:srv", guard_ack4(5, 2, 2, 600));
	guard_passes("b:srv", guard_ack4(5, 3, 2, 600));
	guard_is_dropped("a:r1", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	guard_passes("a:r2", guard_ip4(3, 2, 0, 0));
	/* Before it was ever seen: it holds where that turns up. */
	guard_passes("b:srv", guard_ack4(5, 20, 20, 600));
	assert_int_equal(lease("red", 20, false)->sw, NET_NONE);
	guard_passes("a:r1", world_frame(0, 20, UNTAGGED));
	guard_passes("a:r1", guard_ip4(20, 20, 0, 0));
}

/* A VM moves to another hypervisor: by what it says first there, or by a frame of
 * its hypervisor that is no IP. */
static void a_lease_moves_with_its_host(void **state)
{
	(void) state;
	guard_play(guard_leased, "host red 2 a:r1; host red 3 b:r1");
	guard_passes("b:srv", guard_ack4(5, 2, 2, 600));
	guard_send("b:srv", guard_ack6(5, 2, 2, 600));
	/* While it stands where it stood it is somebody else who says so. */
	guard_is_dropped("a:r2", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	guard_passes("a:r1", guard_ip4(2, 2, 0, 0));
	world_do(w, "down a:r1");
	guard_send("b:r1", guard_arp(2, 2, 2, 2));
	assert_int_equal(stage_n_facts(FACT_VIOLATION), 0);
	assert_int_equal(guard_the_fact(FACT_HOST)->was_known, true);
	guard_passes("b:r1", guard_arp(2, 2, 2, 2));
	guard_passes("b:r1", guard_ip4(2, 2, 0, 0));
	guard_passes("b:r1", guard_ip6(2, 2, 0, 0));
	assert_int_equal(world_count_rows(w, "a", "table=10,", "nw_src=10.1.0.2", NULL), 0);
	/* The port is gone, and it comes again somewhere. */
	world_do(w, "gone b:r1");
	world_check(w);
	assert_int_equal(lease("red", 2, false)->sw, NET_NONE);
	guard_send("a:r2", guard_ip6(2, 2, 0, 0));
	guard_passes("a:r2", guard_ip6(2, 2, 0, 0));
	guard_passes("a:r2", guard_ip4(2, 2, 0, 0));
	/* Reverse ARP of its hypervisor. */
	world_do(w, "up a:r1");
	guard_passes("a:r1", world_frame(0, 2, UNTAGGED));
	guard_passes("a:r1", guard_ip4(2, 2, 0, 0));
	guard_is_dropped("a:r2", guard_ip4(2, 2, 0, 0), "wrong-ip4", REASON_NO_LEASE);
	/* Silent for long, it keeps its place. */
	world_do(w, "forget red 2");
	guard_passes("a:r1", guard_ip4(2, 2, 0, 0));
}

static void leases_outlive_a_restart(void **state)
{
	(void) state;
	guard_play(guard_leased, "host red 2 a:r1; host red 3 b:r1; host lan 6 a:u1");
	guard_passes("b:srv", guard_ack4(5, 2, 2, 600));
	guard_send("b:srv", guard_ack6(5, 3, 3, 600));
	struct frame tagged = guard_ack4(77, 6, 6, 500);
	memmove(tagged.bytes + 16, tagged.bytes + 12, tagged.size - 12);
	memcpy(tagged.bytes + 12, (uint8_t[4]) { 0x81, 0, 0, 30 }, 4);
	tagged.size += 4;
	guard_send("lan", tagged);
	assert_int_equal(view_n_leases(w->view), 3);
	world_restart(w);
	assert_int_equal(view_n_leases(w->view), 0);
	assert_int_equal(world_back(w, "a", 10) + world_back(w, "b", 10), 0);
	assert_int_equal(view_n_leases(w->view), 3);
	guard_passes("a:r1", guard_ip4(2, 2, 0, 0));
	guard_passes("b:r1", guard_ip6(3, 3, 0, 0));
	assert_non_null(lease("lan", 6, false));
	world_quiet(w);
	guard_second(601);
	assert_int_equal(stage_n_facts(FACT_LEASE_GONE), 3);
	/* A switch that was away when the host moved does not take the lease back. */
	guard_passes("b:srv", guard_ack4(5, 2, 2, 600));
	world_restart(w);
	assert_int_equal(world_back(w, "b", 10), 0);
	assert_int_equal(view_n_leases(w->view), 0);
	guard_passes("b:r1", world_frame(0, 2, UNTAGGED));
	world_back(w, "a", 10);
	world_check(w);
	assert_int_equal(lease("red", 2, false)->sw, world_switch(w, "b"));
	/* A file without snooping forgets them. */
	world_reload(w, guard_bound);
	world_check(w);
	assert_int_equal(view_n_leases(w->view), 0);
}

/* While another controller was in charge a lease was given back: its rows say what is so. */
static void another_controller_knew_better(void **state)
{
	(void) state;
	guard_play(guard_leased, "host red 2 a:r1; host red 3 b:r1; lease red 2 10.1.0.2 600; lease red 3 10.1.0.3 600");
	view_doubt_guards(w->view, world_switch(w, "a"));
	assert_null(lease("red", 2, false));
	assert_non_null(lease("red", 3, false));
	/* The controller compiles anew. */
	world_reload(w, guard_leased);
	assert_null(lease("red", 2, false));
	guard_play(guard_limited, "host red 9 b:rd; shut red b:rd");
	view_doubt_guards(w->view, world_switch(w, "a"));
	assert_int_equal(view_n_closures(w->view), 1);
	view_doubt_guards(w->view, world_switch(w, "b"));
	assert_int_equal(view_n_closures(w->view), 0);
	world_reload(w, guard_limited);
	assert_int_equal(view_n_closures(w->view), 0);
}

static void what_servers_say_has_a_meter_of_its_own(void **state)
{
	char uses[32], lease_meter[32], guard_meter[32];
	(void) state;
	guard_play(guard_leased, "");
	snprintf(uses, sizeof uses, "meter_id=%d)", METER_LEASE);
	snprintf(lease_meter, sizeof lease_meter, "meter=%d", METER_LEASE);
	snprintf(guard_meter, sizeof guard_meter, "meter=%d", METER_GUARD);
	assert_int_equal(world_count_rows(w, "b", "table=10,", "in_port=9", uses, "goto_table", NULL), 2);
	assert_int_equal(world_count_rows(w, "b", "table=10,", uses, NULL), 4);
	assert_int_equal(world_count_rows(w, "a", lease_meter, NULL), 1);
	assert_int_equal(world_count_rows(w, "a", guard_meter, NULL), 1);
	world_do(w, "meters b 0");
	assert_int_equal(world_count_rows(w, "b", "table=10,", "CONTROLLER", NULL), 4);
	assert_int_equal(world_count_rows(w, "b", "table=10,", "meter_id", NULL), 0);
}

static void cut_frames_lease_nothing(void **state)
{
	struct frame frames[] = { guard_ack4(5, 2, 2, 600), guard_ack6(5, 2, 2, 600) };
	struct dhcp dhcp;
	(void) state;
	guard_play(guard_leased, "");
	for (size_t k = 0; k < 2; k++) {
		for (size_t size = 0; size < frames[k].size - 1; size++) {
			uint8_t *exact = malloc(size ? size : 1);
			memcpy(exact, frames[k].bytes, size);
			dhcp_read(exact, size, &dhcp);
			assert_true(dhcp.n == 0 || (k == 0 && size >= 14 + 28 + 236 + 7));
			free(exact);
		}
		dhcp_read(frames[k].bytes, frames[k].size, &dhcp);
		assert_true(dhcp.n == 1 && dhcp.kind == DHCP_LEASES && dhcp.of[0].seconds == 600);
	}
	/* What is no acknowledgement, for no Ethernet, a fragment, a boot of old. */
	struct frame frame = guard_ack4(5, 2, 2, 600);
	frame.bytes[14 + 28 + 236 + 6] = 2;
	dhcp_read(frame.bytes, frame.size, &dhcp);
	assert_int_equal(dhcp.n, 0);
	frame = guard_ack4(5, 2, 2, 600);
	frame.bytes[14 + 28 + 1] = 6;
	dhcp_read(frame.bytes, frame.size, &dhcp);
	assert_int_equal(dhcp.n, 0);
	frame = guard_ack4(5, 2, 2, 600);
	frame.bytes[14 + 7] = 1;
	dhcp_read(frame.bytes, frame.size, &dhcp);
	assert_int_equal(dhcp.n, 0);
	frame = guard_ack4(5, 2, 0, 600);
	dhcp_read(frame.bytes, frame.size, &dhcp);
	assert_int_equal(dhcp.n, 0);
	frame = guard_ack4(5, 2, 2, 600);
	frame.bytes[14 + 28 + 236 + 8] = 200;   /* the lease time is not there: for ever */
	dhcp_read(frame.bytes, frame.size, &dhcp);
	assert_int_equal(dhcp.of[0].seconds, UINT32_MAX);
	/* A declined address is given back as well. */
	frame = guard_client4(2, 2, 4);
	frame.bytes[14 + 28 + 236 + 8] = 50;
	memcpy(frame.bytes + 14 + 28 + 236 + 10, (uint8_t[4]) { 10, 1, 0, 2 }, 4);
	dhcp_read(frame.bytes, frame.size, &dhcp);
	assert_true(dhcp.kind == DHCP_GIVES_BACK && dhcp.n == 1);
}

#define T(NAME) cmocka_unit_test_teardown(NAME, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(only_trusted_ports_have_servers), T(only_trusted_ports_have_routers), T(a_lease_lets_its_host_speak),
		T(addresses_may_be_watched_in_arp_alone), T(a_lease_ends), T(a_lease_is_given_back_by_its_host),
		T(a_lease_goes_to_another_host), T(a_lease_moves_with_its_host), T(leases_outlive_a_restart),
		T(another_controller_knew_better), T(what_servers_say_has_a_meter_of_its_own),
		T(cut_frames_lease_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
