/* SPDX-License-Identifier: Apache-2.0 */
/* loop: who is suspect, what a probe proves, which end is closed, for how long, and what
 * is left of it after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "apps/loop.h"
#include "tests/unit/apps/stage.h"

static const char yaml[] =
	"version: 1\n"
	"switches: {a: {dpid: 1, vtep: 10.0.0.1}, b: {dpid: 2, vtep: 10.0.0.2}}\n"
	"networks:\n"
	"  red:\n"
	"    physical: {port: b:lan0}\n"
	"    ports: [a:r1, a:p1, {port: a:decl, guard: false, mac: \"02:00:00:00:00:07\"}, b:r2, b:p2, {port: a:t1, tag: 5},"
	" {port: b:off, loop_guard: false}]\n"
	"  green: {loop_guard: false, ports: [a:g1, b:g2, {port: a:t1, tag: 6}, {port: b:p2, tag: 6, loop_guard: true}]}\n";
static const char story[] =
	"meters a 1000; up a; up b; port a:r1 1; port a:p1 2; port a:decl 3; port a:t1 4; port a:g1 5; port a:vxlan0 9\n"
	"port b:r2 1; port b:p2 2; port b:off 3; port b:g2 4; port b:lan0 5; port b:vxlan0 9\n";

enum { MAX_SENT = 64 };
static struct sent { uint32_t sw, ofport; size_t size; uint8_t frame[LOOP_BYTES]; } sent[MAX_SENT];
static size_t n_sent;

static int set_up(void **state)
{
	(void) state;
	stage_open(yaml, story);
	n_sent = 0;
	return 0;
}

static void on_send(void *ctx, uint32_t sw, const uint32_t *ofports, size_t n_ports, const uint8_t *frame, size_t size)
{
	(void) ctx;
	assert_int_equal(n_ports, 1);
	assert_true(size <= LOOP_BYTES && n_sent < MAX_SENT);
	sent[n_sent].sw = sw;
	sent[n_sent].ofport = ofports[0];
	sent[n_sent].size = size;
	memcpy(sent[n_sent++].frame, frame, size);
}

static void on_fact(void *ctx, struct fact *fact)
{
	(void) ctx;
	world_apply(w, *fact);
}

static struct reply reply = { .send = on_send, .fact = on_fact };

static const struct view_use *use_at(const char *place, const char *network)
{
	uint32_t sw, ofport;
	world_place(w, place, &sw, &ofport);
	return view_use(view_port(w->view, sw, ofport), world_network(w, network));
}

static bool is_closed(const char *place, const char *network)
{
	return use_at(place, network)->quarantine.on;
}

static const struct sent *sent_at(const char *place)
{
	uint32_t sw, ofport;
	world_place(w, place, &sw, &ofport);
	for (size_t i = 0; i < n_sent; i++)
		if (sent[i].sw == sw && sent[i].ofport == ofport)
			return &sent[i];
	return NULL;
}

/* MAC n of the network is heard there: the fact, and what it makes the app send. */
static void hear(const char *network, unsigned n, const char *place)
{
	struct fact fact = { .kind = FACT_HOST, .network = world_network(w, network), .old_sw = NET_NONE,
			     .time_ms = w->now_ms };
	memcpy(fact.mac, (uint8_t[6]) { 2, 0, 0, 0, 0, (uint8_t) n }, 6);
	world_place(w, place, &fact.sw, &fact.ofport);
	const struct host *host = view_host(w->view, fact.network, fact.mac);
	if (host && view_stands_elsewhere(w->view, host, fact.sw, fact.ofport, w->now_ms)) {
		fact.kind = FACT_HOST_REFUSED;
		fact.reason = REASON_STANDS;
	}
	bool was_known = host;
	uint32_t old_sw = host ? host->sw : NET_NONE;
	if (!world_apply(w, fact))
		return;
	struct scene scene = world_scene(w);
	fact.was_known = was_known;
	fact.old_sw = old_sw;
	loop_greet(&scene, &fact, &reply);
}

static void flap(const char *network, unsigned n, const char *one, const char *two, unsigned times, uint64_t ms)
{
	for (unsigned i = 0; i < times; i++) {
		world_quiet(w);
		w->now_ms += ms;
		hear(network, n, i % 2 ? one : two);
	}
}

static void arrive(const struct sent *probe, const char *place)
{
	struct scene scene = world_scene(w);
	struct app_punt punt = { .frame = probe->frame, .size = probe->size, .table = TABLE_INGRESS };
	world_place(w, place, &punt.sw, &punt.in_port);
	assert_true(loop_is_probe(&punt));
	app_by_table(TABLE_INGRESS)->packet_in(&scene, &punt, &reply);
}

static void tick(void)
{
	struct scene scene = world_scene(w);
	for (uint32_t sw = 0; sw < view_n_switches(w->view); sw++)
		loop_tick(&scene, sw, &reply);
}

/* A loop of p1 and p2; MAC 1 is at home at r1. */
static void make_loop(void)
{
	hear("red", 1, "a:r1");
	w->now_ms += 20000;
	hear("red", 1, "a:p1");
	flap("red", 1, "a:p1", "b:p2", 6, 10);
}

static void a_host_that_moves_is_none(void **state)
{
	(void) state;
	hear("red", 1, "a:r1");
	flap("red", 1, "a:r1", "b:r2", 4, 50);          /* there, back, there, back */
	assert_int_equal(n_sent, 0);
	/* And again, later. */
	w->now_ms += 11000;
	flap("red", 1, "a:r1", "b:r2", 4, 50);
	assert_int_equal(n_sent, 0);
	/* Or often, but each time its old port is dead. */
	for (unsigned i = 0; i < 20; i++) {
		world_do(w, i % 2 ? "up a:r1; down b:r2" : "up b:r2; down a:r1");
		w->now_ms += 100;
		hear("red", 1, i % 2 ? "a:r1" : "b:r2");
	}
	assert_int_equal(n_sent, 0);
	tick();
	assert_int_equal(n_sent, 0);
}

static void a_probe_leaves_by_each_port_and_proves_it(void **state)
{
	(void) state;
	make_loop();
	assert_int_equal(n_sent, 3);
	assert_non_null(sent_at("a:r1"));
	assert_non_null(sent_at("a:p1"));
	assert_non_null(sent_at("b:p2"));
	assert_int_equal(sent_at("a:p1")->size, 64);
	/* Heard by nobody: nothing. In another network, or with another tag: neither. */
	struct sent probe = *sent_at("a:p1");
	arrive(&probe, "a:g1");
	arrive(&probe, "a:t1");
	assert_false(is_closed("a:t1", "red"));
	/* Changed on the way, cut, or old. */
	struct sent bad = probe;
	bad.frame[41]++;
	arrive(&bad, "b:p2");
	bad = probe;
	bad.size = 61;
	arrive(&bad, "b:p2");
	bad = probe;
	bad.frame[14]++;
	arrive(&bad, "b:p2");
	w->now_ms += 5001;
	arrive(&probe, "b:p2");
	w->now_ms -= 5001;
	assert_false(is_closed("b:p2", "red"));
	world_quiet(w);
	arrive(&probe, "b:p2");
	/* Both came up together: the last by name. */
	assert_true(is_closed("b:p2", "red"));
	assert_false(is_closed("a:p1", "red"));
	assert_false(is_closed("b:p2", "green"));
	assert_true(world_network(w, "red") == w->facts[w->n_facts - 1].network);
	assert_int_equal(w->facts[w->n_facts - 1].hold_s, 10);
	assert_int_equal(use_at("b:p2", "red")->quarantine.other.ofport, 2);
	/* The way back: closed already. */
	arrive(sent_at("b:p2") ? sent_at("b:p2") : &probe, "a:p1");
	assert_false(is_closed("a:p1", "red"));
	/* Who went in circles is at home again, and may speak. */
	assert_int_equal(world_host(w, "red", 1)->ofport, 1);
	world_check(w);
}

static void closed_is_in_and_out_and_in_one_network_only(void **state)
{
	char text[300];
	(void) state;
	hear("green", 8, "b:p2");
	hear("red", 11, "a:p1");
	make_loop();
	hear("red", 5, "b:p2");
	hear("red", 6, "a:p1");
	arrive(sent_at("a:p1"), "b:p2");
	/* Behind the open end: who was there before, and not who has just come. */
	assert_non_null(world_host(w, "red", 11));
	assert_null(world_host(w, "red", 6));
	assert_null(world_host(w, "red", 5));
	assert_non_null(world_host(w, "green", 8));
	fact_format(&w->facts[w->n_facts - 1], w->net, w->view, text, sizeof text);
	assert_non_null(strstr(text, "quarantine red b:p2 for=10s other=a:p1 (a loop"));
	world_send(w, "b:p2", world_frame(0, 5, UNTAGGED));
	assert_string_equal(w->dropped_by, "quarantined");
	assert_null(world_host(w, "red", 5));
	world_send(w, "b:p2", world_frame(0, 5, 0));
	assert_string_equal(w->dropped_by, "wrong-tag");
	world_send(w, "a:r1", world_frame(0, 1, UNTAGGED));
	assert_int_equal(world_got(w, "b:p2", UNTAGGED), 0);
	assert_int_equal(world_got(w, "b:r2", UNTAGGED), 1);
	assert_int_equal(world_got(w, "a:p1", UNTAGGED), 1);
	world_send(w, "b:p2", world_frame(0, 8, 6));
	assert_int_equal(world_got(w, "b:g2", UNTAGGED), 1);
	assert_int_equal(world_got(w, "a:t1", 6), 1);
	/* What was on its way is not believed. */
	hear("red", 5, "b:p2");
	assert_null(world_host(w, "red", 5));
	assert_int_equal(view_may_learn(w->view, view_use(view_port(w->view, world_switch(w, "b"), 2), world_network(w, "red"))), REASON_CONFIG);
}

/* A slow cable still gives out at its open end what had gone into it: nobody is there for that. */
static void what_is_still_in_the_cable_moves_nobody(void **state)
{
	(void) state;
	make_loop();
	hear("red", 11, "a:r1");
	hear("green", 8, "a:t1");
	arrive(sent_at("a:p1"), "b:p2");
	w->now_ms += 4999;
	for (unsigned reload = 0; reload < 2; reload++) {
		hear("red", 1, "a:p1");
		hear("red", 5, "a:p1");
		assert_int_equal(world_host(w, "red", 1)->ofport, 1);
		assert_null(world_host(w, "red", 5));
		world_reload(w, yaml);
	}
	/* Any other port learns, and that one after a while. */
	hear("red", 11, "b:r2");
	assert_int_equal(world_host(w, "red", 11)->sw, world_switch(w, "b"));
	w->now_ms += 2;
	hear("red", 1, "a:p1");
	assert_int_equal(world_host(w, "red", 1)->ofport, 2);
}

static void close_again(void)
{
	make_loop();
	n_sent = 0;
	tick();
	arrive(sent_at("a:p1"), "b:p2");
	assert_true(is_closed("b:p2", "red"));
	n_sent = 0;
}

static void the_time_grows_and_is_forgotten(void **state)
{
	static const uint64_t holds[] = { 10, 20, 40, 80, 160, 320, 600, 600 };
	(void) state;
	for (size_t i = 0; i < 8; i++) {
		close_again();
		assert_int_equal(use_at("b:p2", "red")->quarantine.until_ms - w->now_ms, holds[i] * 1000);
		w->now_ms += holds[i] * 1000 - 1;
		tick();
		assert_true(is_closed("b:p2", "red"));
		w->now_ms += 1;
		world_quiet(w);
		tick();
		assert_false(is_closed("b:p2", "red"));
		assert_int_equal(w->n_facts, 1);
		assert_int_equal(w->facts[0].kind, FACT_QUARANTINE_OVER);
		n_sent = 0;
		w->now_ms += 1000;
	}
	w->now_ms += 600 * 1000;
	close_again();
	assert_int_equal(use_at("b:p2", "red")->quarantine.level, 1);
}

/* Asked before it ends, by the port that is closed; a loop that is still there goes on. */
static void a_loop_that_stays_is_not_opened(void **state)
{
	(void) state;
	close_again();
	w->now_ms += 7999;
	tick();
	assert_int_equal(n_sent, 0);
	w->now_ms += 1001;
	tick();
	assert_int_equal(n_sent, 1);
	struct sent probe = *sent_at("b:p2");
	world_quiet(w);
	arrive(&probe, "a:p1");
	assert_int_equal(w->n_facts, 1);
	assert_int_equal(w->facts[0].hold_s, 20);
	assert_true(is_closed("b:p2", "red"));
	assert_int_equal(view_switch(w->view, world_switch(w, "b"))->n_quarantined, 1);
	/* Once is enough. */
	arrive(&probe, "a:p1");
	assert_int_equal(w->n_facts, 1);
	w->now_ms += 20000;
	tick();
	assert_false(is_closed("b:p2", "red"));
	assert_int_equal(view_switch(w->view, world_switch(w, "b"))->n_quarantined, 0);
}

static void a_cable_that_is_pulled_ends_it(void **state)
{
	(void) state;
	close_again();
	world_quiet(w);
	world_do(w, "down b:p2");
	assert_false(is_closed("b:p2", "red"));
	assert_int_equal(w->facts[0].kind, FACT_QUARANTINE_OVER);
	assert_int_equal(w->facts[0].reason, REASON_PORT_DOWN);
	/* Now it is the later one by the clock as well, and it is the second time. */
	world_do(w, "up b:p2");
	close_again();
	assert_int_equal(use_at("b:p2", "red")->quarantine.level, 2);
	world_do(w, "gone b:p2");
	assert_int_equal(view_switch(w->view, world_switch(w, "b"))->n_quarantined, 0);
	world_do(w, "port b:p2 2");
	assert_false(is_closed("b:p2", "red"));
}

static void which_end(void **state)
{
	(void) state;
	/* The one that came later. */
	w->now_ms += 1000;
	world_do(w, "down a:p1; up a:p1");
	make_loop();
	arrive(sent_at("a:p1"), "b:p2");
	assert_true(is_closed("a:p1", "red"));
	world_do(w, "down a:p1");
	/* The one that may be. */
	n_sent = 0;
	/* (The open end of the first loop is not believed yet, and a second one found all the same.) */
	flap("red", 9, "b:off", "b:p2", 12, 10);
	assert_null(sent_at("b:off"));
	arrive(sent_at("b:p2"), "b:off");
	assert_true(is_closed("b:p2", "red"));
	world_do(w, "down b:p2");
	/* Not the one where it is at home; a port on the way to itself. */
	n_sent = 0;
	flap("red", 10, "b:r2", "a:r1", 8, 10);
	arrive(sent_at("b:r2"), "b:r2");
	assert_true(is_closed("b:r2", "red"));
}

static void a_tag_goes_with_the_probe(void **state)
{
	(void) state;
	flap("red", 3, "a:r1", "a:t1", 8, 10);
	const struct sent *probe = sent_at("a:t1");
	assert_int_equal(probe->size, 68);
	assert_memory_equal(probe->frame + 12, ((uint8_t[4]) { 0x81, 0, 0, 5 }), 4);
	arrive(probe, "a:t1");
	assert_true(is_closed("a:t1", "red"));
	world_send(w, "a:t1", world_frame(0, 4, 5));
	assert_string_equal(w->dropped_by, "quarantined");
	world_send(w, "a:t1", world_frame(0, 4, 6));
	assert_int_equal(world_got(w, "a:g1", UNTAGGED), 1);
}

/* No probe comes back: much flapping for long is enough, and the later port is not home. */
static void flapping_alone(void **state)
{
	(void) state;
	hear("red", 1, "b:p2");
	w->now_ms += 20000;
	flap("red", 1, "b:p2", "a:r1", 30, 10);
	tick();
	assert_false(is_closed("a:r1", "red"));
	flap("red", 1, "b:p2", "a:r1", 30, 10);
	tick();
	assert_false(is_closed("a:r1", "red"));         /* probes may still come */
	n_sent = 0;
	flap("red", 1, "b:p2", "a:r1", 30, 50);
	world_quiet(w);
	tick();
	assert_true(n_sent > 0);
	assert_true(is_closed("a:r1", "red"));
	assert_int_equal(use_at("a:r1", "red")->quarantine.reason, REASON_FLAPS);
	assert_int_equal(world_host(w, "red", 1)->sw, world_switch(w, "b"));
	char text[300];
	fact_format(&w->facts[w->n_facts - 1], w->net, w->view, text, sizeof text);
	assert_non_null(strstr(text, "quarantine red a:r1 for=10s 02:00:00:00:00:01 (a loop, or one MAC twice"));
}

static void slow_flapping_and_guards_that_are_off(void **state)
{
	(void) state;
	/* Twice a second: worth a question, no proof. */
	flap("red", 1, "b:r2", "a:r1", 60, 500);
	assert_true(n_sent > 0);
	n_sent = 0;
	tick();
	assert_false(is_closed("a:r1", "red"));
	assert_false(is_closed("b:r2", "red"));
	/* Nobody may be closed: nobody is asked. */
	n_sent = 0;
	flap("green", 2, "a:g1", "b:g2", 200, 10);
	tick();
	assert_int_equal(n_sent, 0);
	assert_false(is_closed("a:g1", "green"));
}

/* By the file it belongs to decl, whoever spoke first; with a guard it would not be heard elsewhere at all. */
static void a_declared_mac_has_its_home(void **state)
{
	(void) state;
	hear("red", 7, "b:r2");
	flap("red", 7, "b:r2", "a:decl", 100, 25);
	tick();
	assert_true(is_closed("b:r2", "red"));
	assert_false(is_closed("a:decl", "red"));
	assert_int_equal(world_host(w, "red", 7)->ofport, 3);
}

/* The LAN sends back what a VM's port is looped to: that port is closed, never the LAN. */
static void through_the_lan(void **state)
{
	(void) state;
	hear("red", 1, "a:p1");
	flap("red", 1, "a:p1", "b:lan0", 12, 10);
	assert_null(sent_at("b:lan0"));
	arrive(sent_at("a:p1"), "b:lan0");
	assert_true(is_closed("a:p1", "red"));
	assert_false(is_closed("b:lan0", "red"));
	assert_false(use_at("b:lan0", "red")->loop_guard);
	/* Machines there are learned all the same. */
	hear("red", 12, "b:lan0");
	assert_non_null(world_host(w, "red", 12));
}

/* Any bytes, of any size, with or without a tag. */
static void what_vms_make_up(void **state)
{
	(void) state;
	make_loop();
	for (size_t size = 6; size <= LOOP_BYTES; size++)
		for (int tagged = 0; tagged < 2; tagged++) {
			struct sent cut = *sent_at("a:p1");
			if (tagged)
				memcpy(cut.frame + 12, (uint8_t[4]) { 0x81, 0, 0, 5 }, 4);
			uint8_t *bytes = malloc(size);
			memcpy(bytes, cut.frame, size);
			struct scene scene = world_scene(w);
			struct app_punt punt = { .frame = bytes, .size = size, .sw = world_switch(w, "a"), .in_port = 4 };
			assert_true(loop_is_probe(&punt));
			loop_packet_in(&scene, &punt, &reply);
			free(bytes);
		}
	struct app_punt none = { .frame = loop_dst, .size = 5 };
	assert_false(loop_is_probe(&none));
	assert_false(is_closed("a:t1", "red"));
}

static void many_macs(void **state)
{
	(void) state;
	for (unsigned n = 1; n < 200; n++) {
		flap("red", n, "a:r1", "b:r2", 3, 1);
		world_quiet(w);
	}
	n_sent = 0;
	make_loop();
	assert_non_null(sent_at("a:p1"));
}

static void a_restart_sends_nothing(void **state)
{
	(void) state;
	hear("red", 4, "b:r2");
	close_again();
	w->now_ms += 4000;
	tick();
	world_restart(w);
	assert_int_equal(world_back(w, "a", 4), 0);
	assert_int_equal(world_back(w, "b", 4), 0);
	assert_true(is_closed("b:p2", "red"));
	assert_int_equal(use_at("b:p2", "red")->quarantine.level, 1);
	assert_int_equal(use_at("b:p2", "red")->quarantine.until_ms, w->now_ms + 6000);
	w->now_ms += 6000;
	tick();
	assert_false(is_closed("b:p2", "red"));
	/* Which time in a row it was is known; the next one is longer. */
	close_again();
	assert_int_equal(use_at("b:p2", "red")->quarantine.level, 2);
	world_restart(w);
	assert_int_equal(world_back(w, "b", 15), 0);
	assert_int_equal(world_back(w, "a", 15), 0);
	assert_int_equal(use_at("b:p2", "red")->quarantine.until_ms, w->now_ms + 5000);
	/* An edit keeps it, or takes it away. */
	world_reload(w, yaml);
	assert_true(is_closed("b:p2", "red"));
	world_reload(w, "version: 1\nswitches: {a: {dpid: 1, vtep: 10.0.0.1}, b: {dpid: 2, vtep: 10.0.0.2}}\n"
			"networks: {red: {loop_guard: false, ports: [a:r1, a:p1, b:p2, b:r2]}}\n");
	assert_false(is_closed("b:p2", "red"));
	assert_int_equal(world_count_rows(w, "b", "priority=140", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, set_up, stage_close)
		T(a_host_that_moves_is_none),
		T(a_probe_leaves_by_each_port_and_proves_it),
		T(closed_is_in_and_out_and_in_one_network_only), T(what_is_still_in_the_cable_moves_nobody),
		T(the_time_grows_and_is_forgotten),
		T(a_loop_that_stays_is_not_opened),
		T(a_cable_that_is_pulled_ends_it),
		T(which_end),
		T(a_tag_goes_with_the_probe),
		T(flapping_alone),
		T(slow_flapping_and_guards_that_are_off),
		T(a_declared_mac_has_its_home),
		T(through_the_lan),
		T(what_vms_make_up),
		T(many_macs),
		T(a_restart_sends_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
