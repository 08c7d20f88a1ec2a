/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that hosts take by themselves: first come, first served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "apps/apps.h"
#include "apps/guard.h"
#include "tests/unit/apps/guard_world.h"

/* fd00::N may be taken, but for that of the router at b:rtr, host 4. */
#define FILE_WITH(GUARD) \
	GUARD_SWITCHES \
	"  red:\n    vni: 100\n    guard: " GUARD "\n    slaac: [\"fd00::/64\", \"fd01::5/128\"]\n    ports:\n" \
	"      - \"*:r?\"\n      - {port: b:srv, trust: all}\n      - {port: b:rtr, trust: [ra, source, arp]}\n" \
	"      - {port: b:rd, mac: \"02:00:00:00:00:09\", ip: [10.1.0.9, \"fd00::9\"]}\n" \
	"      - {port: b:rm, mac: \"02:00:00:00:00:08\"}\n      - {port: b:free, guard: false}\n" \
	"      - {port: b:few, max_hosts: 2}\n"
static const char file[] = FILE_WITH("all"), arp_only[] = FILE_WITH("[arp]"), without[] =
	GUARD_SWITCHES
	"  red: {vni: 100, guard: all, ports: [\"*:r*\"]}\n";
static const char ports[] =
	GUARD_UP "port a:r1 1; port a:r2 2; port b:r1 1;"
	"port b:rd 2; port b:rm 3; port b:srv 9; port b:rtr 10; port b:free 11; port b:few 12";

static void begin(const char *yaml, const char *story) { guard_open(yaml, ports, story); }

/* Nothing of it comes out, and it is told. */
static void violates(const char *place, struct frame frame, enum fact_reason reason)
{
	guard_send(place, frame);
	assert_int_equal(w->n_got, 0);
	assert_non_null(guard_fact(FACT_VIOLATION));
	assert_int_equal(guard_fact(FACT_VIOLATION)->reason, reason);
	w->now_ms += 20000;
}

static const struct lease *taken(unsigned ip)
{
	const uint8_t bytes[16] = { 0xfd, [15] = (uint8_t) ip };
	const struct lease *lease = view_lease(w->view, world_network(w, "red"), true, bytes);
	return lease && lease->slaac ? lease : NULL;
}

/* --- who has it --------------------------------------------------------------------------- */

static void who_asks_first_has_it(void **state)
{
	(void) state;
	begin(file, "");
	/* A host that nobody has heard of has asked for nothing yet, but is known from now on. */
	guard_passes("a:r1", guard_nd(1, 135, 0, 1));
	assert_null(taken(1));
	guard_passes("a:r1", guard_nd(1, 135, 0, 1));
	assert_non_null(taken(1));
	assert_int_equal(world_count_rows(w, "a", "table=10,", "idle_timeout=3600", "ipv6_src=fd00::1 ", NULL), 1);
	guard_passes("a:r1", guard_ip6(1, 1, 0, 0));
	guard_passes("a:r1", guard_nd(1, 135, 1, 50));
	guard_passes("a:r1", guard_nd(1, 136, 1, 1));
	guard_passes("a:r1", guard_nd(1, 135, 0, 1));
	assert_null(guard_fact(FACT_LEASE));
	/* Another one asks, hears the owner, and is told when it speaks all the same. */
	guard_passes("a:r2", world_frame(0, 2, UNTAGGED));
	guard_passes("a:r2", guard_nd(2, 135, 0, 1));
	assert_null(guard_fact(FACT_VIOLATION));
	violates("a:r2", guard_ip6(2, 1, 0, 0), REASON_NO_LEASE);
	violates("a:r2", guard_nd(2, 136, 1, 1), REASON_NO_LEASE);
	violates("b:r1", guard_ip6(1, 1, 0, 0), REASON_NO_LEASE);
	assert_memory_equal(taken(1)->mac, ((uint8_t[6]) { 2, [5] = 1 }), 6);
	assert_int_equal(taken(1)->ofport, 1);
}

static void who_speaks_first_has_it(void **state)
{
	(void) state;
	begin(file, "");
	guard_send("a:r1", guard_ip6(1, 1, 0, 0));
	assert_null(guard_fact(FACT_VIOLATION));
	assert_non_null(taken(1));
	guard_passes("a:r1", guard_ip6(1, 1, 0, 0));
	guard_send("a:r1", guard_nd(1, 136, 2, 2));
	assert_non_null(taken(2));
	guard_passes("a:r1", guard_nd(1, 136, 2, 2));
	/* A port that is bound to a MAC alone; and not by another MAC. */
	violates("b:rm", guard_ip6(7, 7, 0, 0), REASON_BOUND);
	guard_send("b:rm", guard_ip6(8, 8, 0, 0));
	guard_passes("b:rm", guard_ip6(8, 8, 0, 0));
	assert_int_equal(view_n_slaac(w->view, world_switch(w, "a"), 1, world_network(w, "red")), 2);
}

static void nobody_takes_what_another_has(void **state)
{
	(void) state;
	begin(file, "host red 1 a:r1; host red 4 b:rtr; host red 5 b:srv; address red 4 fd00::4; lease red 5 fd00::5 600");
	for (unsigned ip = 4; ip <= 5; ip++) {
		guard_passes("a:r1", guard_nd(1, 135, 0, ip));
		violates("a:r1", guard_ip6(1, ip, 0, 0), REASON_NO_LEASE);
		assert_null(taken(ip));
	}
	violates("a:r1", guard_ip6(1, 9, 0, 0), REASON_NO_LEASE);       /* b:rd is bound to it */
	violates("b:rd", guard_ip6(9, 1, 0, 0), REASON_BOUND);          /* and has no other */
	violates("a:r1", guard_ip4(1, 1, 0, 0), REASON_NO_LEASE);
	/* Of another prefix: nobody's. The longest prefix is one address. */
	struct frame frame = guard_ip6(1, 5, 0, 0);
	frame.bytes[14 + 8 + 1] = 2;
	violates("a:r1", frame, REASON_NO_LEASE);
	frame.bytes[14 + 8 + 1] = 1;
	guard_send("a:r1", frame);
	assert_null(guard_fact(FACT_VIOLATION));
	guard_passes("a:r1", frame);
	assert_int_equal(world_count_rows(w, "a", "table=10,", "priority=265", "in_port=1,", NULL), 2);
	assert_int_equal(world_count_rows(w, "b", "table=10,", "priority=265", "in_port=2,", NULL), 0);
	assert_int_equal(world_count_rows(w, "b", "table=10,", "priority=265", "in_port=3,", "dl_src=02:00:00:00:00:08", NULL), 2);
	/* What a server leases is by lease, also when it was taken before. */
	guard_send("a:r1", guard_ip6(1, 1, 0, 0));
	assert_non_null(taken(1));
	guard_send("b:srv", guard_ack6(5, 1, 1, 600));
	assert_null(taken(1));
	guard_passes("a:r1", guard_ip6(1, 1, 0, 0));
	assert_int_equal(world_count_rows(w, "a", "table=10,", "idle_timeout=3600", "ipv6_src=fd00::1 ", NULL), 0);
	guard_passes("a:r1", guard_nd(1, 135, 0, 1));
	assert_null(taken(1));
}

static void what_is_no_question_takes_nothing(void **state)
{
	(void) state;
	begin(file, "host red 1 a:r1");
	struct frame frame = guard_nd(1, 135, 0, 1);
	frame.bytes[14 + 7] = 64;               /* hops */
	guard_passes("a:r1", frame);
	assert_null(taken(1));
	frame = guard_nd_link(1, 135, 1);
	guard_passes("a:r1", frame);
	assert_int_equal(view_n_leases(w->view), 0);
	guard_passes("b:free", guard_ip6(3, 3, 0, 0));
	guard_passes("b:free", guard_nd(3, 135, 0, 3));
	assert_int_equal(view_n_leases(w->view), 0);
}

static void arp_alone_watches_what_is_said(void **state)
{
	(void) state;
	begin(arp_only, "host red 1 a:r1");
	guard_passes("a:r1", guard_ip6(1, 7, 0, 0));
	guard_passes("a:r1", guard_nd(1, 135, 0, 1));
	guard_passes("a:r1", guard_nd(1, 136, 1, 1));
	guard_send("a:r1", guard_nd(1, 135, 2, 50));
	guard_passes("a:r1", guard_nd(1, 135, 2, 50));
	violates("a:r2", guard_nd(3, 136, 1, 1), REASON_NO_LEASE);
}

/* --- how long ------------------------------------------------------------------------------ */

static void on_fact(void *ctx, struct fact *fact)
{
	(void) ctx;
	world_apply(w, *fact);
}

/* The switch tells that a row with these words went. */
static bool row_went(const char *sw, const char *words, bool idle)
{
	uint32_t slot = world_switch(w, sw);
	const struct scene scene = world_scene(w);
	struct reply reply = { .fact = on_fact };
	struct ledger_iter iter;
	for (const struct row *row = ledger_first(w->rows[slot], &iter); row; row = ledger_after(w->rows[slot], &iter)) {
		struct row_room room;
		struct rule rule;
		char text[2000];
		row_rule(row, &room, &rule);
		rule_format(&rule, text, sizeof text);
		if (!strstr(text, words) || !strstr(text, "idle_timeout=3600"))
			continue;
		uint8_t *copy = test_malloc(rule.size);
		memcpy(copy, rule.msg, rule.size);
		rule.msg = copy;
		world_quiet(w);
		bool may_be_late = app_guard.removed(&scene, slot, &rule, idle, &reply);
		test_free(copy);
		world_check(w);
		return may_be_late;
	}
	fail_msg("no row %s", words);
	return false;
}

static void an_hour_of_silence_frees_it(void **state)
{
	(void) state;
	begin(file, "host red 1 a:r1; host red 2 a:r2");
	guard_passes("a:r1", guard_nd(1, 135, 0, 1));
	w->now_ms += 60000;
	assert_false(row_went("a", "ipv6_src=fd00::1 ", false));
	assert_non_null(taken(1));
	row_went("a", "ipv6_src=fd00::1 ", true);
	assert_null(taken(1));
	assert_int_equal(world_count_rows(w, "a", "fd00::1 ", NULL), 0);
	assert_int_equal(guard_fact(FACT_LEASE_GONE)->reason, REASON_AGED);
	/* Now it is who comes first again. Of a row that is there again it is told late that it went. */
	guard_passes("a:r2", guard_nd(2, 135, 0, 1));
	assert_true(row_went("a", "ipv6_src=fd00::1 ", false));
	guard_passes("a:r2", guard_ip6(2, 1, 0, 0));
	violates("a:r1", guard_ip6(1, 1, 0, 0), REASON_NO_LEASE);
}

static void a_host_that_is_gone_holds_nothing(void **state)
{
	(void) state;
	begin(file, "host red 1 a:r1; host red 2 a:r2");
	guard_passes("a:r1", guard_nd(1, 135, 0, 1));
	world_do(w, "forget red 1");
	/* It may come back, */
	guard_passes("a:r1", guard_ip6(1, 1, 0, 0));
	world_do(w, "forget red 1");
	/* but who asks before it does has it. */
	guard_passes("a:r2", guard_nd(2, 135, 0, 1));
	assert_int_equal(guard_fact(FACT_LEASE_GONE)->reason, REASON_SILENT);
	guard_passes("a:r2", guard_ip6(2, 1, 0, 0));
	/* So it is with a port that is down. */
	world_do(w, "down a:r2; host red 3 b:r1");
	guard_passes("b:r1", guard_nd(3, 135, 0, 1));
	guard_passes("b:r1", guard_ip6(3, 1, 0, 0));
}

static void it_moves_with_its_host(void **state)
{
	(void) state;
	begin(file, "host red 1 a:r1");
	guard_passes("a:r1", guard_nd(1, 135, 0, 1));
	world_do(w, "down a:r1");
	guard_send("b:r1", guard_ip6(1, 1, 0, 0));
	assert_null(guard_fact(FACT_VIOLATION));
	guard_passes("b:r1", guard_ip6(1, 1, 0, 0));
	assert_int_equal(world_count_rows(w, "a", "fd00::1 ", NULL), 0);
	/* Where nobody looks nothing is kept: there no row would say when it is free. */
	world_do(w, "host red 1 b:free");
	world_check(w);
	assert_null(taken(1));
	assert_int_equal(world_count_rows(w, "b", "table=10,", "fd00::1 ", NULL), 0);
	/* Neither when its port is gone. */
	world_do(w, "up a:r1; host red 2 a:r1");
	guard_passes("a:r1", guard_nd(2, 135, 0, 2));
	world_do(w, "gone a:r1");
	world_check(w);
	assert_int_equal(view_n_leases(w->view), 0);
	guard_send("a:r2", guard_ip6(2, 2, 0, 0));
	guard_passes("a:r2", guard_ip6(2, 2, 0, 0));
}

static void a_port_has_so_many(void **state)
{
	(void) state;
	begin(file, "host red 1 a:r1; host red 2 a:r2");
	for (unsigned ip = 10; ip < 10 + VIEW_PORT_SLAAC; ip++)
		guard_passes("a:r1", guard_nd(1, 135, 0, ip));
	assert_int_equal(view_n_leases(w->view), VIEW_PORT_SLAAC);
	char line[400];
	violates("a:r1", guard_ip6(1, 200, 0, 0), REASON_ADDRESS_LIMIT);
	fact_format(guard_fact(FACT_VIOLATION), w->net, w->view, line, sizeof line);
	assert_non_null(strstr(line, "red: port a:r1 sent from fd00::c8 (02:00:00:00:00:01), and has as many addresses as it may have"));
	guard_passes("a:r1", guard_ip6(1, 10, 0, 0));
	/* Others have theirs. */
	guard_passes("a:r2", guard_nd(2, 135, 0, 3));
	guard_passes("a:r2", guard_ip6(2, 3, 0, 0));
	/* Who makes up hosts meets their limit first. */
	for (unsigned mac = 20; mac < 30; mac++) {
		guard_send("b:few", guard_nd(mac, 135, 0, 100 + mac));
		guard_send("b:few", guard_nd(mac, 135, 0, 100 + mac));
		guard_send("b:few", guard_ip6(mac, 100 + mac, 0, 0));
	}
	assert_int_equal(view_n_leases(w->view), VIEW_PORT_SLAAC + 3);
}

static void it_outlives_a_restart(void **state)
{
	(void) state;
	begin(file, "host red 1 a:r1; host red 2 b:r1");
	guard_passes("a:r1", guard_nd(1, 135, 0, 1));
	guard_passes("b:r1", guard_nd(2, 135, 0, 2));
	guard_send("b:srv", guard_ack6(5, 2, 3, 600));
	world_restart(w);
	assert_int_equal(view_n_leases(w->view), 0);
	assert_int_equal(world_back(w, "b", 10) + world_back(w, "a", 10), 0);
	assert_int_equal(view_n_leases(w->view), 3);
	assert_non_null(taken(1));
	assert_non_null(taken(2));
	assert_null(taken(3));
	guard_passes("a:r1", guard_ip6(1, 1, 0, 0));
	violates("b:r1", guard_ip6(2, 1, 0, 0), REASON_NO_LEASE);
	/* A file without forgets. */
	world_reload(w, without);
	world_check(w);
	assert_int_equal(view_n_leases(w->view), 1);
}

/* --- chance -------------------------------------------------------------------------------- */

static void random_step(void)
{
	static const char *const places[] = { "a:r1", "a:r2", "b:r1", "b:rd", "b:rm", "b:rtr", "b:free" };
	static const char *const files[] = { file, arp_only, without };
	const char *place = places[world_pick(7)];
	unsigned mac = 1 + world_pick(9), ip = 1 + world_pick(9);
	switch (world_pick(10)) {
	case 0:
		stage_flap(place);
		break;
	case 1:
		stage_forget("red", mac);
		break;
	case 2:
		world_send(w, "b:srv", guard_ack6(5, mac, ip, 30 + world_pick(300)));
		break;
	case 3:
		world_send(w, place, world_frame(0, mac, UNTAGGED));
		break;
	case 4:
		if (!world_pick(8))
			world_reload(w, files[world_pick(3)]);
		break;
	case 5: case 6:
		world_send(w, place, guard_nd(mac, 135, 0, ip));
		break;
	case 7:
		world_send(w, place, guard_nd(mac, 136, ip, ip));
		break;
	default:
		world_send(w, place, guard_ip6(mac, ip, 0, 0));
	}
}

static void open_one(unsigned seed)
{
	(void) seed;
	begin(file, "");
}

static void silence(void)
{
	for (unsigned i = 0; i < 4; i++) {
		w->now_ms += 20000;
		world_tick(w, 1);
	}
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
		T(who_asks_first_has_it), T(who_speaks_first_has_it), T(nobody_takes_what_another_has), T(what_is_no_question_takes_nothing),
		T(arp_alone_watches_what_is_said), T(an_hour_of_silence_frees_it), T(a_host_that_is_gone_holds_nothing),
		T(it_moves_with_its_host), T(a_port_has_so_many), T(it_outlives_a_restart), T(whatever_happens_patch_and_compile_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
