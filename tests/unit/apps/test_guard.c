/* SPDX-License-Identifier: Apache-2.0 */
/* What an edge port may send: frames walk through the rows of all switches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <string.h>

#include "tests/unit/apps/guard_scene.h"

/* --- bound by the file ------------------------------------------------------------------ */

static void a_bound_port_sends_what_is_its_own(void **state)
{
	(void) state;
	guard_play(guard_bound, "");
	guard_passes("b:rd", guard_arp(9, 9, 9, 50));
	guard_passes("b:rd", guard_arp(9, 9, 0, 9));          /* is it free? */
	guard_passes("b:rd", guard_ip4(9, 9, 0, 0));
	guard_passes("b:rd", guard_ip4(9, 0, 68, 67));        /* DHCP */
	guard_passes("b:rd", guard_ip6(9, 9, 0, 0));
	guard_passes("b:rd", guard_nd(9, 135, 9, 50));
	guard_passes("b:rd", guard_nd(9, 135, 0, 9));         /* is it free? */
	guard_passes("b:rd", guard_nd(9, 136, 9, 9));
	guard_passes("b:rd", guard_nd(9, 143, 0, 0));         /* joins groups */
	guard_passes("b:rd", guard_nd(9, 133, 0, 0));         /* asks for routers */
	guard_passes("b:rd", guard_nd_link(9, 136, 9));
	guard_passes("b:rd", world_frame(0, 9, UNTAGGED));    /* neither IP nor ARP */
	assert_int_equal(stage_n_facts(FACT_VIOLATION), 0);
	assert_non_null(world_host(w, "red", 9));
}

static void a_bound_port_sends_nothing_else(void **state)
{
	struct frame frame = guard_ip4(9, 0, 68, 67);
	(void) state;
	guard_play(guard_bound, "");
	frame.bytes[14 + 16] = 10;              /* DHCP before there is an address goes to all */
	guard_is_dropped("b:rd", frame, "wrong-ip4", REASON_BOUND);
	guard_is_dropped("b:rd", world_frame(0, 1, UNTAGGED), "wrong-mac", REASON_BOUND);
	guard_is_dropped("b:rd", guard_arp(1, 1, 1, 50), "wrong-mac", REASON_BOUND);
	guard_is_dropped("b:rd", guard_arp(9, 1, 9, 50), "wrong-arp", REASON_BOUND);
	guard_is_dropped("b:rd", guard_arp(9, 9, 1, 50), "wrong-arp", REASON_BOUND);
	guard_is_dropped("b:rd", guard_arp(9, 9, 0, 1), "wrong-arp", REASON_BOUND);
	guard_is_dropped("b:rd", guard_ip4(9, 1, 0, 0), "wrong-ip4", REASON_BOUND);
	guard_is_dropped("b:rd", guard_ip4(9, 0, 0, 0), "wrong-ip4", REASON_BOUND);
	guard_is_dropped("b:rd", guard_ip6(9, 1, 0, 0), "wrong-ip6", REASON_BOUND);
	guard_is_dropped("b:rd", guard_nd(9, 135, 1, 50), "wrong-ip6", REASON_BOUND);
	guard_is_dropped("b:rd", guard_nd(9, 135, 0, 1), "wrong-ip6", REASON_BOUND);
	guard_is_dropped("b:rd", guard_nd(9, 136, 9, 1), "wrong-advert", REASON_BOUND);
	guard_is_dropped("b:rd", guard_nd_link(9, 136, 1), "wrong-ip6", REASON_BOUND);
	assert_null(world_host(w, "red", 1));
	guard_send("b:rd", guard_ip4(9, 77, 0, 0));
	assert_true(guard_says("red: port b:rd, bound to 02:00:00:00:00:09 10.1.0.9 fd00::9, sent from 10.1.0.77 (02:00:00:00:00:09)"));
}

static void a_mac_alone_binds_the_mac(void **state)
{
	(void) state;
	guard_play(guard_bound, "");
	guard_passes("b:rm", guard_arp(8, 8, 1, 50));
	guard_passes("b:rm", guard_ip4(8, 1, 0, 0));
	guard_passes("b:rm", guard_ip6(8, 1, 0, 0));
	guard_passes("b:rm", guard_nd(8, 136, 1, 1));
	guard_is_dropped("b:rm", guard_ip4(1, 1, 0, 0), "wrong-mac", REASON_BOUND);
	guard_is_dropped("b:rm", guard_arp(8, 1, 1, 50), "wrong-arp", REASON_BOUND);
	guard_send("b:rm", world_frame(0, 3, UNTAGGED));
	assert_true(guard_says("port b:rm, bound to 02:00:00:00:00:08, sent from 02:00:00:00:00:03"));
}

static void guard_false_binds_nothing(void **state)
{
	(void) state;
	guard_play(guard_bound, "");
	guard_passes("b:ro", guard_ip4(1, 1, 0, 0));
	guard_passes("b:ro", guard_arp(2, 2, 2, 50));
	guard_passes("a:r1", guard_arp(3, 3, 7, 50));
	assert_int_equal(world_count_rows(w, "b", "table=10,", "in_port=4", NULL), 0);
	/* Who is not guarded pays for nothing. */
	assert_int_equal(world_count_rows(w, "b", "table=0", "in_port=4", "goto_table:10", NULL), 0);
	assert_int_equal(world_count_rows(w, "b", "table=0", "in_port=2", "goto_table:10", NULL), 2);
	assert_int_equal(world_count_rows(w, "a", "table=0", "goto_table:10", NULL), 0);
}

/* What a guard lets pass meets the limits of storms next. */
static void limits_come_after_guards(void **state)
{
	static const char stormy[] = GUARD_SWITCHES "  red: {vni: 100, storm: {broadcast: 10pps}, ports: [\"*:r1\","
		" {port: b:rd, mac: \"02:00:00:00:00:09\", ip: [10.1.0.9, \"fd00::9\"]}]}\n";
	(void) state;
	guard_play(stormy, "");
	guard_passes("b:rd", guard_ip4(9, 9, 0, 0));
	guard_passes("b:rd", guard_ip6(9, 9, 0, 0));
	guard_is_dropped("b:rd", guard_ip4(9, 1, 0, 0), "wrong-ip4", REASON_BOUND);
	assert_int_equal(world_count_rows(w, "b", "table=0", "in_port=2", "goto_table:10", NULL), 2);
	assert_true(world_count_rows(w, "b", "table=10,", "goto_table:14", NULL) > 0);
	assert_int_equal(world_count_rows(w, "b", "table=10,", "goto_table:60", NULL), 0);
	assert_int_equal(world_count_rows(w, "a", "table=0", "in_port=1,", "goto_table:14", NULL), 2);
}

/* A tag of the guest's own is another segment: only the MAC is looked at. */
static void guests_tags_are_left_alone(void **state)
{
	struct frame frame;
	(void) state;
	guard_play(guard_bound, "");
	guard_passes("b:wd", guard_ip4(9, 9, 0, 0));
	guard_is_dropped("b:wd", guard_ip4(9, 1, 0, 0), "wrong-ip4", REASON_BOUND);
	frame = guard_ip4(9, 1, 0, 0);
	memmove(frame.bytes + 16, frame.bytes + 12, frame.size - 12);
	memcpy(frame.bytes + 12, (uint8_t[4]) { 0x81, 0, 0, 7 }, 4);
	frame.size += 4;
	guard_passes("b:wd", frame);
	frame.bytes[11] = 1;
	guard_is_dropped("b:wd", frame, "wrong-mac", REASON_BOUND);
}

/* --- what others say of it ------------------------------------------------------------------ */

static void nobody_else_has_a_bound_mac(void **state)
{
	(void) state;
	guard_play(guard_bound, "");
	guard_passes("b:rd", guard_arp(9, 9, 9, 50));
	guard_is_dropped("a:r1", world_frame(0, 9, UNTAGGED), "taken-mac", REASON_TAKEN);
	guard_is_dropped("b:r1", world_frame(0, 9, UNTAGGED), "taken-mac", REASON_TAKEN);
	assert_int_equal(world_host(w, "red", 9)->ofport, 2);
	guard_send("a:r1", world_frame(0, 9, UNTAGGED));
	assert_true(guard_says("port a:r1 sent from 02:00:00:00:00:09, to which b:rd is bound"));
	/* Not known yet, as after it was silent: still nobody else's. */
	world_do(w, "forget red 9");
	guard_is_dropped("a:r1", world_frame(0, 9, UNTAGGED), "taken-mac", REASON_TAKEN);
	guard_passes("b:rd", world_frame(0, 9, UNTAGGED));
	assert_int_equal(stage_n_facts(FACT_HOST), 1);
}

static void nobody_else_has_a_bound_address(void **state)
{
	(void) state;
	guard_play(guard_bound, "");
	guard_passes("a:r1", guard_arp(1, 1, 1, 50));
	guard_passes("b:r1", guard_arp(2, 2, 2, 50));
	guard_is_dropped("a:r1", guard_arp(1, 1, 9, 2), "taken-address4", REASON_TAKEN);
	guard_is_dropped("b:r1", guard_arp(2, 2, 9, 9), "taken-address4", REASON_TAKEN);
	guard_is_dropped("a:r1", guard_nd(1, 135, 9, 50), "taken-address6", REASON_TAKEN);
	guard_is_dropped("a:r1", guard_nd(1, 136, 9, 9), "taken-advert6", REASON_TAKEN);
	guard_passes("a:r1", guard_nd(1, 135, 1, 50));
	guard_is_dropped("a:r1", guard_nd(1, 136, 1, 9), "taken-advert6", REASON_TAKEN);
	guard_send("a:r1", guard_arp(1, 1, 9, 2));
	assert_true(guard_says("port a:r1 sent from 10.1.0.9 (02:00:00:00:00:01), to which b:rd is bound"));
	/* The answers for it go on, and there is no dispute. */
	assert_int_equal(view_n_disputes(w->view), 0);
	guard_send("a:r1", guard_arp(1, 1, 1, 9));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	/* It says so itself, before and after it is known. */
	guard_passes("b:rd", guard_arp(9, 9, 9, 50));
	guard_passes("b:rd", guard_nd(9, 136, 9, 9));
	guard_passes("b:rd", guard_nd(9, 135, 9, 50));
	assert_int_equal(stage_n_facts(FACT_VIOLATION), 0);
	guard_send("b:rd", guard_arp(9, 9, 9, 50));
	assert_int_equal(w->n_punts, 0);
}

/* A file that binds a port takes those away who may not stand there any more. */
static void an_edit_binds_at_once(void **state)
{
	static const char before[] = GUARD_SWITCHES "  red: {vni: 100, ports: [\"*:r*\"]}\n";
	(void) state;
	guard_play(before, "host red 1 b:rd; host red 9 a:r1");
	world_reload(w, guard_bound);
	assert_null(world_host(w, "red", 1));
	assert_null(world_host(w, "red", 9));
	guard_passes("b:rd", guard_arp(9, 9, 9, 50));
	assert_int_equal(world_host(w, "red", 9)->ofport, 2);
	world_reload(w, before);
	world_check(w);
	guard_passes("a:r1", world_frame(0, 9, UNTAGGED));
	assert_int_equal(world_host(w, "red", 9)->ofport, 1);
	assert_int_equal(world_count_rows(w, "b", "table=10,", NULL), 0);
}

static void violations_are_told_at_a_rate(void **state)
{
	(void) state;
	guard_play(guard_bound, "");
	for (unsigned i = 0; i < 30; i++)
		world_send(w, "b:rd", world_frame(0, 1 + i % 5, UNTAGGED));
	assert_int_equal(stage_n_facts(FACT_VIOLATION), 10);
	w->now_ms += 10000;
	world_send(w, "b:rd", world_frame(0, 1, UNTAGGED));
	assert_int_equal(stage_n_facts(FACT_VIOLATION), 11);
	assert_int_equal(view_port_by_name(w->view, world_switch(w, "b"), "rd")->n_violations, 31);
	assert_int_equal(view_port_by_name(w->view, world_switch(w, "b"), "rd")->violation, REASON_BOUND);
}

static void a_restart_sends_nothing(void **state)
{
	(void) state;
	guard_play(guard_bound, "");
	guard_passes("b:rd", guard_arp(9, 9, 9, 50));
	guard_passes("a:r1", guard_arp(1, 1, 1, 50));
	world_restart(w);
	assert_int_equal(world_back(w, "b", 10) + world_back(w, "a", 10), 0);
	guard_passes("b:rd", guard_ip4(9, 9, 0, 0));
	world_restart(w);
	assert_int_equal(world_back(w, "a", 10) + world_back(w, "b", 10), 0);
}

/* --- how many ------------------------------------------------------------------------------ */

static void one_host_too_many_shuts_the_port(void **state)
{
	(void) state;
	guard_play(guard_limited, "");
	guard_passes("a:r1", world_frame(0, 1, UNTAGGED));
	guard_passes("b:rd", world_frame(0, 9, UNTAGGED));
	guard_send("b:rd", world_frame(0, 10, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	const struct fact *fact = guard_the_fact(FACT_PORT_SHUT);
	assert_int_equal(fact->length_s, 60);
	assert_int_equal(fact->mac[5], 10);
	assert_int_equal(stage_n_facts(FACT_HOST_REFUSED), 0);
	/* Nothing of that network comes in; what stands there in another network goes on, and so do the others. */
	guard_send("b:rd", world_frame(1, 9, UNTAGGED));
	assert_string_equal(w->dropped_by, "shut");
	guard_passes("b:rd", world_frame(0, 9, 7));
	guard_passes("a:r1", world_frame(0, 1, UNTAGGED));
	guard_second(59);
	guard_send("b:rd", world_frame(1, 9, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	world_quiet(w);
	guard_second(2);
	assert_int_equal(stage_n_facts(FACT_PORT_OPEN), 1);
	guard_passes("b:rd", world_frame(1, 9, UNTAGGED));
	/* Again, and for longer. */
	guard_send("b:rd", world_frame(0, 10, UNTAGGED));
	assert_int_equal(guard_the_fact(FACT_PORT_SHUT)->length_s, 120);
	world_restart(w);
	assert_int_equal(world_back(w, "a", 30) + world_back(w, "b", 30), 0);
	guard_send("b:rd", world_frame(1, 9, UNTAGGED));
	assert_string_equal(w->dropped_by, "shut");
	guard_second(121);
	guard_passes("b:rd", world_frame(1, 9, UNTAGGED));
	/* It grows up to an hour, also over restarts, and a quiet time makes it short again. */
	for (uint32_t length = 0; length < 3600;) {
		guard_send("b:rd", world_frame(0, 10, UNTAGGED));
		assert_true(guard_the_fact(FACT_PORT_SHUT)->length_s > length);
		length = guard_the_fact(FACT_PORT_SHUT)->length_s;
		guard_second(length + 1);
	}
	guard_second(3601);
	guard_send("b:rd", world_frame(0, 10, UNTAGGED));
	assert_int_equal(guard_the_fact(FACT_PORT_SHUT)->length_s, 60);
	/* The file ends it, and so does the port. */
	world_do(w, "gone b:rd; port b:rd 2");
	world_check(w);
	guard_passes("b:rd", world_frame(0, 10, UNTAGGED));
	guard_send("b:rd", world_frame(0, 9, UNTAGGED));
	guard_the_fact(FACT_PORT_SHUT);
	world_reload(w, guard_bound);
	world_check(w);
	assert_int_equal(view_n_closures(w->view), 0);
}

static void one_host_too_many_is_told(void **state)
{
	(void) state;
	guard_play(guard_limited, "");
	guard_passes("b:rm", world_frame(0, 8, UNTAGGED));
	assert_int_equal(stage_n_facts(FACT_VIOLATION), 0);
	guard_passes("b:rm", world_frame(0, 9, UNTAGGED));
	assert_true(guard_says("red: port b:rm has 02:00:00:00:00:09 beyond its max_hosts"));
	assert_non_null(world_host(w, "red", 9));
	guard_passes("b:rm", world_frame(0, 8, UNTAGGED));
}

static void the_first_host_sticks(void **state)
{
	(void) state;
	guard_play(guard_limited, "");
	guard_passes("b:ro", world_frame(0, 7, UNTAGGED));
	guard_passes("a:r1", world_frame(0, 1, UNTAGGED));
	guard_send("b:ro", world_frame(0, 10, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	assert_int_equal(guard_the_fact(FACT_HOST_REFUSED)->reason, REASON_PORT_LIMIT);
	assert_null(world_host(w, "red", 10));
	/* Its row does not age; nobody else has it. */
	assert_int_equal(world_count_rows(w, "b", "table=60", "dl_src=02:00:00:00:00:07", "idle_timeout", NULL), 0);
	guard_send("a:r1", world_frame(0, 7, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	assert_true(guard_says("port a:r1 sent from 02:00:00:00:00:07, which sticks to b:ro"));
	guard_send("b:r1", world_frame(0, 7, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	assert_int_equal(world_host(w, "red", 7)->ofport, 4);
	world_restart(w);
	assert_int_equal(world_back(w, "b", 10) + world_back(w, "a", 10), 0);
	guard_send("b:ro", world_frame(0, 10, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	guard_passes("b:ro", world_frame(0, 7, UNTAGGED));
	/* The other switch is back first: it knows, and nobody takes it meanwhile. */
	world_restart(w);
	assert_int_equal(world_back(w, "a", 10), 0);
	guard_send("a:r1", world_frame(0, 7, UNTAGGED));
	assert_int_equal(w->n_got, 0);
	assert_true(world_host(w, "red", 7)->unconfirmed && world_host(w, "red", 7)->sticks);
	assert_int_equal(world_back(w, "b", 10), 0);
	world_do(w, "settle");
	world_check(w);
	assert_int_equal(world_host(w, "red", 7)->ofport, 4);
	/* As long as the port is there. */
	world_do(w, "gone b:ro");
	world_check(w);
	guard_passes("a:r1", world_frame(0, 7, UNTAGGED));
	assert_int_equal(world_host(w, "red", 7)->ofport, 1);
}

/* --- servers and routers ---------------------------------------------------------------- */

/* --- leases ------------------------------------------------------------------------------- */

/* --- bytes of others ---------------------------------------------------------------------- */

/* --- chance ------------------------------------------------------------------------------- */

/* A life begins with one of them; every fifth one is edited to any, the others to what they have. */
static unsigned life;

static const char *const files[] = { guard_bound, guard_leased, guard_limited };

static const char *next_file(void) { return files[life % 5 ? life % 3 : world_pick(3)]; }

static void random_step(void)
{
	const char *yaml = next_file();
	static const char *const places[] = { "a:r1", "a:r2", "b:r1", "b:rd", "b:rm", "b:srv", "b:rtr", "b:free", "a:u1", "b:u1" };
	const char *place = places[world_pick(10)];
	unsigned mac = 1 + world_pick(9), ip = 1 + world_pick(9);
	switch (world_pick(12)) {
	case 0:
		stage_flap(place);
		break;
	case 1:
		stage_forget("red", mac);
		break;
	case 2:
		guard_second(world_pick(100));
		break;
	case 3: case 4:
		world_send(w, "b:srv", world_pick(2) ? guard_ack4(5, mac, ip, 30 + world_pick(300)) : guard_ack6(5, mac, ip, 30 + world_pick(300)));
		break;
	case 5:
		world_send(w, place, world_pick(2) ? guard_client4(mac, ip, world_pick(2) ? 1 : 7) : guard_client6(mac, ip, world_pick(2) ? 1 : 8));
		break;
	case 6:
		world_send(w, place, guard_nd(mac, 133 + world_pick(5), world_pick(2) ? ip : 0, ip));
		break;
	case 7:
		world_send(w, place, guard_arp(mac, mac, ip, 1 + world_pick(9)));
		break;
	case 8:
		world_send(w, place, guard_ip6(mac, ip, 0, 0));
		break;
	case 9:
		world_send(w, place, world_frame(0, mac, UNTAGGED));
		break;
	case 10:
		if (!world_pick(6))
			world_reload(w, yaml);
		break;
	default:
		world_send(w, place, guard_ip4(mac, ip, 0, 0));
	}
}

static void open_one(unsigned seed)
{
	life = seed;
	guard_play(files[seed % 3], "");
}

/* Disputes about addresses end. */
static void silence(void)
{
	for (unsigned i = 0; i < 4; i++)
		guard_second(20);
}

static void whatever_happens_patch_and_compile_agree(void **state)
{
	(void) state;
	stage_play(&(struct stage_chance) { .open = open_one, .step = random_step, .calm = silence, .switches = "ab" });
}

#define T(NAME) cmocka_unit_test_teardown(NAME, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_bound_port_sends_what_is_its_own), T(a_bound_port_sends_nothing_else), T(a_mac_alone_binds_the_mac),
		T(guard_false_binds_nothing), T(guests_tags_are_left_alone), T(limits_come_after_guards),
		T(nobody_else_has_a_bound_mac), T(nobody_else_has_a_bound_address), T(an_edit_binds_at_once),
		T(violations_are_told_at_a_rate), T(a_restart_sends_nothing), T(one_host_too_many_shuts_the_port),
		T(one_host_too_many_is_told), T(the_first_host_sticks), T(whatever_happens_patch_and_compile_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
