/* SPDX-License-Identifier: Apache-2.0 */
/* Questions for known hosts: who is answered, who hears it, whose address it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/apps/arp_world.h"

/* --- frames ------------------------------------------------------------------------ */

/* --- who is answered ----------------------------------------------------------------- */

static void a_known_host_is_answered_for_where_it_is_asked(void **state)
{
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	assert_int_equal(w->n_got, 5);          /* its first word: heard by all */
	assert_int_equal(w->n_tunnelled, 2);
	asks("b:r1", 2, 50);
	asks("c:r1", 3, 50);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 2);
	assert_int_equal(w->n_punts, 0);
	asks("a:r1", 1, 3);
	is_answered("a:r1", 1, 3, 3);
	asks("c:r1", 3, 1);
	is_answered("c:r1", 3, 1, 1);
	/* Of nobody known: to all. */
	asks("a:r1", 1, 51);
	assert_int_equal(w->n_got, 5);
	assert_int_equal(w->n_punts, 0);
}

static void the_answer_has_the_tag_of_its_port(void **state)
{
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	arp_send("c:t0", arp(all, 1, 4, 4, 50, 7));
	arp_send("c:t0", arp(all, 1, 4, 4, 1, 7));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "c:t0", 7), 1);
}

static void what_others_must_hear_is_flooded(void **state)
{
	uint8_t to[6];
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	asks("a:r1", 1, 1);                     /* announces itself */
	assert_int_equal(w->n_got, 5);
	arp_send("a:r1", arp(all, 2, 1, 1, 1, UNTAGGED));
	assert_int_equal(w->n_got, 5);
	arp_send("a:r1", arp(all, 1, 1, 0, 2, UNTAGGED));     /* is 2 free? */
	assert_int_equal(w->n_got, 5);
	assert_int_equal(w->n_punts, 0);
	/* Is it still there? It has to say so itself. */
	host_mac(to, 2);
	arp_send("a:r1", arp(to, 1, 1, 1, 2, UNTAGGED));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 1);
}

/* Both are behind one port, as on a LAN: the host itself answers, and its MAC does not
 * come out of our port as if it were ours. */
static void who_is_behind_the_same_port_answers_itself(void **state)
{
	uint8_t group[6] = { 0x33, 0x33, 0xff, 0, 0, 2 };
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	asks("a:r1", 2, 50);
	asks("b:r1", 3, 50);
	arp_send("a:r1", nd(all_nodes, 136, 2, 2, 2, 0x20));
	arp_send("a:r1", nd(group, 135, 1, 1, 9, 0));
	asks("a:r1", 1, 2);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 0);
	assert_int_equal(w->n_got, 5);
	arp_send("a:r1", nd(group, 135, 1, 1, 2, 0));
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 0);
	assert_int_equal(w->n_got, 5);
	asks("b:r1", 3, 2);
	is_answered("b:r1", 3, 2, 2);
	world_do(w, "host red 2 a:r2");
	world_check(w);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 2);
	/* Of its own it asks nobody but the others. */
	arp_send("b:r1", arp(all, 1, 3, 3, 50, UNTAGGED));
	arp_send("b:r1", arp(all, 1, 3, 7, 50, UNTAGGED));
	arp_send("b:r1", arp(all, 1, 3, 7, 3, UNTAGGED));
	assert_int_equal(world_got(w, "b:r1", UNTAGGED), 0);
}

static void a_question_from_elsewhere_is_not_answered_twice(void **state)
{
	(void) state;
	arp_open("");
	asks("a:u1", 1, 50);
	asks("b:u1", 2, 50);
	/* On this trunk a machine that weft does not know asks for a VM. */
	arp_send("lan", arp(all, 1, 9, 9, 1, 30));
	assert_int_equal(w->n_got, 3);
	assert_int_equal(world_got(w, "a:u1", UNTAGGED), 1);
	/* A VM asks for a VM behind the trunk: the trunk hears nothing. */
	asks("a:u1", 1, 2);
	is_answered("a:u1", 1, 2, 2);
	assert_int_equal(world_got(w, "lan", 30), 0);
	/* By a tunnel: the asker's switch has let it out. */
	asks("a:r1", 3, 50);
	world_send_tunnelled(w, "a:vxlan0", arp(all, 1, 8, 8, 3, UNTAGGED), 100, 0x0a000002);
	assert_int_equal(w->n_got, 2);
	assert_int_equal(w->n_tunnelled, 0);
}

static void a_network_may_say_no(void **state)
{
	(void) state;
	arp_open("");
	asks("a:g1", 1, 50);
	asks("b:g1", 2, 50);
	asks("a:g1", 1, 2);
	assert_int_equal(world_got(w, "b:g1", UNTAGGED), 1);
	assert_null(arp_binding("loud", 1));
	assert_null(arp_binding("loud", 98));
	assert_int_equal(world_count_rows(w, "a", "table=65", "arp", NULL), 1);  /* 10.1.0.99 of red */
}

/* A segment of the guests' own is in it: what weft knows is not about that. */
static void what_guests_tag_themselves_is_their_own(void **state)
{
	(void) state;
	arp_open("port a:w1 7; port b:w1 7");
	asks("a:w1", 1, 50);
	asks("b:w1", 2, 50);
	asks("a:w1", 1, 2);
	is_answered("a:w1", 1, 2, 2);
	arp_send("a:w1", arp(all, 1, 1, 1, 2, 9));
	assert_int_equal(w->n_got, 1);
	assert_int_equal(world_got(w, "b:w1", 9), 1);
	arp_send("b:w1", arp(all, 1, 2, 1, 1, 9));
	assert_int_equal(w->n_punts, 0);
	assert_int_equal(arp_binding("wrap", 1)->state, BINDING_GOOD);
}

static void a_declared_host_is_answered_for_before_it_speaks(void **state)
{
	uint8_t ip6[16] = { 0xfd, [15] = 0x99 };
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	asks("a:r1", 1, 99);
	is_answered("a:r1", 1, 99, 99);
	assert_non_null(view_binding(w->view, world_network(w, "red"), true, ip6));
	/* It goes with the file only. */
	asks("b:rd", 99, 50);
	asks("b:rd", 99, 1);
	is_answered("b:rd", 99, 1, 1);
	world_do(w, "forget red 99");
	world_check(w);
	asks("a:r1", 1, 99);
	is_answered("a:r1", 1, 99, 99);
	world_reload(w, "version: 1\nnetworks: {red: {ports: [\"*:r*\"]}}");
	world_check(w);
	assert_null(arp_binding("red", 99));
	world_reload(w, arp_three);
	world_check(w);
	assert_true(arp_binding("red", 99)->declared);
}

/* Where no way leads there, the answer would lead nowhere. */
static void nobody_answers_for_hosts_without_a_way(void **state)
{
	(void) state;
	arp_open("");
	world_reload(w, "version: 1\nnetworks: {red: {ports: [\"*:r*\"]}}");
	world_check(w);
	asks("a:r1", 1, 50);
	asks("a:r2", 2, 50);
	asks("b:r1", 3, 50);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 2);
	asks("a:r1", 1, 3);
	assert_int_equal(world_got(w, "a:r2", UNTAGGED), 1);
	assert_int_equal(w->n_got, 1);
}

static void neighbour_discovery(void **state)
{
	uint8_t there[6], group[6] = { 0x33, 0x33, 0xff, 0, 0, 2 };
	(void) state;
	arp_open("");
	arp_send("a:r1", nd(group, 135, 1, 1, 50, 0));
	assert_int_equal(w->n_got, 5);
	arp_send("b:r1", nd(all_nodes, 136, 2, 2, 2, 0x20));
	assert_int_equal(w->n_got, 5);
	arp_send("a:r1", nd(group, 135, 1, 1, 2, 0));
	host_mac(there, 2);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(w->n_punts + w->n_tunnelled, 0);
	assert_int_equal(world_got(w, "a:r1", UNTAGGED), 1);
	const uint8_t *nd_answer = w->got[0].frame.bytes + 14 + 40;
	assert_memory_equal(w->got[0].frame.bytes + 6, there, 6);
	assert_int_equal(nd_answer[0], 136);
	assert_int_equal(nd_answer[4], 0x60);
	assert_int_equal(nd_answer[23], 2);
	assert_int_equal(nd_answer[24], 2);
	assert_memory_equal(nd_answer + 26, there, 6);
	/* Is the address free? All shall hear that. */
	arp_send("a:r1", nd(group, 135, 1, 0, 2, 0));
	assert_int_equal(w->n_got, 5);
	assert_int_equal(w->n_punts, 0);
}

/* An answer without the router flag would take a router from its hosts (RFC 4861,
 * 7.2.5); so a router speaks for itself. */
static void a_router_answers_itself(void **state)
{
	uint8_t group[6] = { 0x33, 0x33, 0xff, 0, 0, 2 };
	(void) state;
	arp_open("");
	arp_send("a:r1", nd(group, 135, 1, 1, 50, 0));
	arp_send("b:r1", nd(group, 135, 2, 2, 1, 0));
	arp_send("a:r1", nd(group, 135, 1, 1, 2, 0));
	assert_int_equal(w->n_got, 1);
	arp_send("b:r1", nd(all_nodes, 134, 2, 2, 2, 0));
	arp_send("a:r1", nd(group, 135, 1, 1, 2, 0));
	assert_int_equal(w->n_got, 5);
	assert_int_equal(w->n_punts, 0);
	/* By the flag of its advertisement. */
	arp_send("c:r1", nd(all_nodes, 136, 3, 3, 3, 0xa0));
	arp_send("a:r1", nd(group, 135, 1, 1, 3, 0));
	assert_int_equal(w->n_got, 5);
	/* And still after a restart. */
	world_restart(w);
	assert_int_equal(world_back(w, "b", 10) + world_back(w, "a", 10) + world_back(w, "c", 10), 0);
	arp_send("a:r1", nd(group, 135, 1, 1, 2, 0));
	assert_int_equal(w->n_got, 5);
}

/* --- whose it is --------------------------------------------------------------------- */

static void who_speaks_for_another_mac_says_nothing(void **state)
{
	struct frame frame;
	(void) state;
	arp_open("");
	frame = arp(all, 1, 1, 1, 50, UNTAGGED);
	frame.bytes[27] = 77;                   /* sender hardware address */
	arp_send("a:r1", frame);
	assert_null(arp_binding("red", 1));
	frame = arp(all, 1, 1, 1, 50, UNTAGGED);
	frame.bytes[28] = 224;                  /* a group */
	arp_send("a:r1", frame);
	assert_int_equal(view_n_bindings(w->view), 2);  /* the declared ones */
	frame = nd(all_nodes, 136, 1, 1, 1, 0);
	frame.bytes[14 + 7] = 64;               /* came through a router */
	arp_send("a:r1", frame);
	assert_int_equal(view_n_bindings(w->view), 2);
	for (size_t size = 0; size < 60; size++) {
		frame = arp(all, 1, 1, 1, 50, UNTAGGED);
		struct scene scene = { .net = w->net, .view = w->view };
		struct reply none = { .ctx = NULL };    /* a fact would end the test */
		struct app_punt cut = { .table = TABLE_CLAIM, .in_port = 1, .network = world_network(w, "red"),
					.class = CLASS_EDGE, .frame = frame.bytes, .size = size < 42 ? size : 41 };
		app_by_table(TABLE_CLAIM)->packet_in(&scene, &cut, &none);
	}
}

static void addresses_go_with_their_host(void **state)
{
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	world_quiet(w);
	world_do(w, "forget red 2");
	world_check(w);
	assert_int_equal(stage_n_facts(FACT_ADDRESS_GONE), 1);
	assert_null(arp_binding("red", 2));
	asks("a:r1", 1, 2);
	assert_int_equal(w->n_got, 5);
	world_do(w, "gone a:r1");
	world_check(w);
	assert_null(arp_binding("red", 1));
	assert_int_equal(world_count_rows(w, "c", "arp_tpa=10.1.0.1", NULL), 0);
}

static void addresses_move_with_their_host(void **state)
{
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	assert_int_equal(world_count_rows(w, "b", "table=64", "dl_src=02:00:00:00:00:02", NULL), 2);
	world_do(w, "host red 2 c:r1");
	world_check(w);
	assert_int_equal(world_count_rows(w, "b", "table=64", "dl_src=02:00:00:00:00:02", NULL), 0);
	assert_int_equal(world_count_rows(w, "c", "table=64", "dl_src=02:00:00:00:00:02", NULL), 2);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 2);
}

static void apply(void *ctx, struct fact *fact) { world_apply(ctx, *fact); }

/* The row of an IPv4 address on its switch goes by itself; what arp_removed() says. */
static bool row_goes(const char *sw, unsigned n, bool idle)
{
	struct scene scene = { .net = w->net, .view = w->view, .now_ms = w->now_ms };
	struct reply reply = { .fact = apply, .ctx = w };
	struct ledger_iter iter;
	uint8_t ip[4], is[16];
	uint32_t slot = world_switch(w, sw);
	host_ip4(ip, n);
	for (const struct row *row = ledger_first(w->rows[slot], &iter); row; row = ledger_after(w->rows[slot], &iter)) {
		struct row_room room;
		struct rule rule;
		row_rule(row, &room, &rule);
		if (row->want && rule.kind == RULE_FLOW && rule_table(&rule) == pipeline[TABLE_CLAIM].id
		    && rule_priority(&rule) == arp_rows[ARP_CLAIM4].priority
		    && rule_match_bytes(&rule, FIELD_ARP_SPA, is) && !memcmp(ip, is, 4))
			return arp_removed(&scene, slot, &rule, idle, &reply);
	}
	fail_msg("no such row");
	return false;
}

static void an_address_that_is_silent_ages(void **state)
{
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	assert_int_equal(world_count_rows(w, "b", "table=64", "priority=300", "idle_timeout=3600", NULL), 1);
	assert_false(row_goes("b", 2, true));
	world_check(w);
	assert_null(arp_binding("red", 2));
	assert_non_null(world_host(w, "red", 2));
	/* Just moved: it may be the row that we deleted ourselves. */
	world_do(w, "host red 1 a:r2");
	assert_true(row_goes("a", 1, false));
	/* By another hand: the ledger puts it back. */
	w->now_ms += 10000;
	assert_false(row_goes("a", 1, false));
	assert_non_null(arp_binding("red", 1));
	/* A declared one stands without end. */
	asks("b:rd", 99, 50);
	assert_int_equal(world_count_rows(w, "b", "table=64", "priority=300", "idle_timeout", NULL), 0);
}

static void no_host_fills_the_table(void **state)
{
	(void) state;
	arp_open("");
	for (unsigned n = 1; n <= NET_HOST_ADDRESSES; n++) {
		assert_int_equal(world_count_rows(w, "a", "priority=200", "table=64", NULL), 0);
		arp_send("a:r1", arp(all, 1, 1, n, 50, UNTAGGED));
		assert_int_equal(w->n_punts, 1);
	}
	assert_int_equal(world_count_rows(w, "a", "priority=200", "table=64", NULL), 1);
	arp_send("a:r1", arp(all, 1, 1, 200, 50, UNTAGGED));
	assert_int_equal(w->n_punts, 0);
	assert_int_equal(w->n_got, 5);
	assert_null(arp_binding("red", 200));
	/* One that comes all the same, as it was on the way. */
	struct fact late = { .kind = FACT_ADDRESS, .network = world_network(w, "red"), .ofport = 1, .has_ip4 = true,
			     .ip4 = { 10, 1, 0, 200 }, .mac = { 2, 0, 0, 0, 0, 1 } };
	assert_false(world_apply(w, late));
	assert_int_equal(view_network_by_id(w->view, late.network)->n_addresses_refused, 1);
	/* There is room again. */
	assert_false(row_goes("a", 3, true));
	world_check(w);
	assert_int_equal(world_count_rows(w, "a", "priority=200", "table=64", NULL), 0);
	arp_send("a:r1", arp(all, 1, 1, 200, 50, UNTAGGED));
	assert_non_null(arp_binding("red", 200));
	world_do(w, "host red 1 c:r1");
	world_check(w);
	world_do(w, "forget red 1");
	world_check(w);
}

static void reports_go_through_their_own_meter(void **state)
{
	(void) state;
	arp_open("meters a 100; meters b 1");
	assert_int_equal(world_count_rows(w, "a", "table=64", "meter_id=65537", NULL), 9);
	assert_int_equal(world_count_rows(w, "b", "table=64", "meter_id", NULL), 0);
}

/* --- restarts ------------------------------------------------------------------------ */

static void a_restart_sends_nothing(void **state)
{
	static const char *const order[] = { "a", "b", "c" };
	(void) state;
	for (unsigned first = 0; first < 3; first++) {
		arp_open("");
		asks("a:r1", 1, 50);
		asks("b:r1", 2, 50);
		asks("c:r1", 3, 50);
		asks("a:u1", 4, 50);
		asks("b:u1", 5, 50);
		asks("b:rd", 99, 50);
		arp_send("a:r1", nd(all_nodes, 136, 1, 1, 1, 0x20));
		world_restart(w);
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(world_back(w, order[(first + i) % 3], 100), 0);
		world_do(w, "settle");
		world_check(w);
		assert_false(arp_binding("red", 2)->unconfirmed);
		asks("a:r1", 1, 3);
		is_answered("a:r1", 1, 3, 3);
		assert_int_equal(w->n_punts, 0);
	}
}

/* A weftd that stood by has an old picture; the rows that it reads back a newer one. */
static void rows_of_another_weftd_count_more(void **state)
{
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	asks("c:r1", 3, 50);
	struct fact read = { .kind = FACT_ADDRESS, .recovered = true, .age_s = 5, .sw = world_switch(w, "c"), .ofport = 1,
			     .network = world_network(w, "red"), .has_ip4 = true, .ip4 = { 10, 1, 0, 1 },
			     .mac = { 2, 0, 0, 0, 0, 3 } };
	assert_false(world_apply(w, read));
	view_doubt_addresses(w->view);
	assert_true(world_apply(w, read));
	world_check(w);
	assert_int_equal(arp_binding("red", 1)->mac[5], 3);
	assert_int_equal(view_n_disputes(w->view), 0);
	/* Its own word is news no longer. */
	arp_send("c:r1", arp(all, 1, 3, 1, 50, UNTAGGED));
	assert_int_equal(w->n_punts, 0);
}

/* What only others remember goes when its own switch has spoken, or is given up. */
static void what_nobody_confirms_is_forgotten(void **state)
{
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	world_restart(w);
	assert_int_equal(world_back(w, "a", 100), 0);
	assert_true(arp_binding("red", 2)->unconfirmed);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 2);
	world_do(w, "settle");
	assert_non_null(arp_binding("red", 2));
	world_do(w, "give-up");
	world_check(w);
	assert_null(arp_binding("red", 2));
	assert_non_null(arp_binding("red", 1));
}

/* --- two for one --------------------------------------------------------------------- */

/* --- chance -------------------------------------------------------------------------- */

static void random_step(void)
{
	static const char *const places[] = { "a:r1", "a:r2", "b:r1", "b:rd", "c:r1", "a:u1", "b:u1", "c:u1", "a:g1" };
	const char *place = places[world_pick(9)];
	unsigned mac = 1 + world_pick(5), ip = 1 + world_pick(4);
	switch (world_pick(10)) {
	case 0:
		stage_flap(place);
		break;
	case 1:
		stage_forget("red", mac);
		break;
	case 2:
		w->now_ms += 1000 * world_pick(40);
		world_tick(w, world_pick(20));
		break;
	case 3:
		world_send(w, place, nd(all_nodes, 134 + world_pick(3), mac, ip, ip, world_pick(4) ? 0x20 : 0xa0));
		break;
	case 4:
		world_send(w, "lan", arp(all, 1, 9, ip, world_pick(5), 30));
		break;
	case 5:
		world_send(w, place, arp(arp_asker, 2, mac, ip, 0, UNTAGGED));
		break;
	default:
		world_send(w, place, arp(all, 1, mac, ip, world_pick(6), UNTAGGED));
	}
}

static void open_one(unsigned seed)
{
	(void) seed;
	arp_open("");
}

/* Nobody speaks: disputes end. */
static void silence(void)
{
	for (unsigned i = 0; i < 4; i++)
		arp_seconds(20);
	assert_int_equal(view_n_disputes(w->view), 0);
}

static void whatever_happens_patch_and_compile_agree(void **state)
{
	(void) state;
	stage_play(&(struct stage_chance) { .open = open_one, .step = random_step, .calm = silence, .switches = "abc" });
}

#define T(NAME) cmocka_unit_test_teardown(NAME, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_known_host_is_answered_for_where_it_is_asked), T(the_answer_has_the_tag_of_its_port),
		T(what_others_must_hear_is_flooded), T(who_is_behind_the_same_port_answers_itself),
		T(a_question_from_elsewhere_is_not_answered_twice), T(a_network_may_say_no),
		T(what_guests_tag_themselves_is_their_own), T(a_declared_host_is_answered_for_before_it_speaks),
		T(nobody_answers_for_hosts_without_a_way), T(neighbour_discovery), T(a_router_answers_itself),
		T(who_speaks_for_another_mac_says_nothing), T(addresses_go_with_their_host),
		T(addresses_move_with_their_host), T(an_address_that_is_silent_ages), T(no_host_fills_the_table),
		T(reports_go_through_their_own_meter), T(a_restart_sends_nothing), T(rows_of_another_weftd_count_more),
		T(what_nobody_confirms_is_forgotten), T(whatever_happens_patch_and_compile_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
