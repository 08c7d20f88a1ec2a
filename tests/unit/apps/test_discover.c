/* SPDX-License-Identifier: Apache-2.0 */
/* discover: probes leave by the ends of links, and only a true and fresh one counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "apps/discover.h"
#include "tests/unit/apps/world.h"

enum { AT_TIME = 26, AT_PEER = 34, AT_PORT = 38, AT_SIGN = 42, AT_END = 58, MAX_SENT = 16 };

static struct world *w;

/* What was sent, in order, and the last fact. */
static struct sent { uint32_t sw, ofport; uint8_t frame[DISCOVER_BYTES]; } sent[MAX_SENT];
static size_t n_sent, n_facts;
static struct fact last;

static void on_send(void *ctx, uint32_t sw, const uint32_t *ofports, size_t n_ports, const uint8_t *frame, size_t size)
{
	(void) ctx;
	assert_int_equal(n_ports, 1);
	assert_int_equal(size, DISCOVER_BYTES);
	assert_true(n_sent < MAX_SENT);
	sent[n_sent].sw = sw;
	sent[n_sent].ofport = ofports[0];
	memcpy(sent[n_sent++].frame, frame, size);
}

static void on_fact(void *ctx, struct fact *fact)
{
	(void) ctx;
	last = *fact;
	n_facts++;
}

static struct reply reply = { .send = on_send, .fact = on_fact };

static int set_up(void **state)
{
	(void) state;
	w = world_new("version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}}\n"
		      "networks: {red: {ports: [\"*:r*\"]}}\n"
		      "links:\n  - {between: [a:l0, b:l0]}\n  - {between: [b:l1, c:l1]}\n");
	world_do(w, "up a; up b; port a:r1 1; port a:l0 10; port b:l0 20; port b:l1 21; port c:l1 30");
	n_sent = n_facts = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	world_free(w);
	return 0;
}

static void greet(enum fact_kind kind, const char *sw, uint32_t ofport, bool up)
{
	struct scene scene = world_scene(w);
	struct fact fact = { .kind = kind, .sw = world_switch(w, sw), .ofport = ofport, .port_up = up };
	n_sent = 0;
	discover_greet(&scene, &fact, &reply);
}

static bool was_sent(const char *sw, uint32_t ofport)
{
	for (size_t i = 0; i < n_sent; i++)
		if (sent[i].sw == world_switch(w, sw) && sent[i].ofport == ofport)
			return true;
	return false;
}

static void tick(const char *sw, uint64_t second)
{
	struct scene scene = world_scene(w);
	n_sent = 0;
	discover_tick(&scene, world_switch(w, sw), second, &reply);
}

/* Facts that come of the frame at that port. */
static size_t hear(const char *sw, uint32_t in_port, const uint8_t *frame, size_t size)
{
	struct scene scene = world_scene(w);
	struct app_punt punt = { .sw = world_switch(w, sw), .in_port = in_port, .frame = frame, .size = size };
	n_facts = 0;
	discover_packet_in(&scene, &punt, &reply);
	return n_facts;
}

static void both_ends_are_asked(void **state)
{
	(void) state;
	greet(FACT_SWITCH_UP, "b", 0, false);
	assert_int_equal(n_sent, 3);            /* c is not connected */
	assert_true(was_sent("b", 20) && was_sent("b", 21) && was_sent("a", 10));
	greet(FACT_SWITCH_READY, "a", 0, false);
	assert_true(n_sent == 2 && was_sent("a", 10) && was_sent("b", 20));
	greet(FACT_PORT, "b", 20, true);
	assert_true(n_sent == 2 && was_sent("b", 20) && was_sent("a", 10));
	greet(FACT_PORT, "b", 20, false);
	assert_int_equal(n_sent, 0);
	greet(FACT_PORT, "a", 1, true);         /* no end of a link */
	assert_int_equal(n_sent, 0);
	greet(FACT_HOST, "a", 10, true);
	assert_int_equal(n_sent, 0);
	world_do(w, "down b:l0");
	greet(FACT_SWITCH_UP, "a", 0, false);
	assert_true(n_sent == 1 && was_sent("a", 10));
}

static void often_until_it_is_known(void **state)
{
	(void) state;
	tick("a", 1);
	assert_true(n_sent == 1 && was_sent("a", 10));
	world_do(w, "link a:l0; link b:l0");
	tick("a", 1);
	assert_int_equal(n_sent, 0);
	tick("a", 5);
	assert_int_equal(n_sent, 1);
	tick("b", 1);
	assert_true(n_sent == 1 && was_sent("b", 21));
}

static void without_links_nothing_is_sent(void **state)
{
	(void) state;
	world_reload(w, "version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}}\nnetworks: {red: {ports: [\"*:*\"]}}\n");
	greet(FACT_SWITCH_UP, "a", 0, false);
	assert_int_equal(n_sent, 0);
	tick("a", 5);
	assert_int_equal(n_sent, 0);
}

/* Padded as the way may pad it; and no byte of it may change. */
static void a_true_one_counts(void **state)
{
	uint8_t frame[DISCOVER_BYTES + 4] = { 0 };
	(void) state;
	greet(FACT_SWITCH_READY, "a", 0, false);
	assert_true(sent[0].sw == world_switch(w, "a"));
	memcpy(frame, sent[0].frame, DISCOVER_BYTES);
	assert_memory_equal(frame, discover_dst, 6);
	assert_int_equal(hear("b", 20, frame, sizeof frame), 1);
	assert_true(last.kind == FACT_LINK && last.sw == world_switch(w, "b") && last.ofport == 20);
	assert_true(last.old_sw == world_switch(w, "a") && last.old_ofport == 10);
	for (size_t i = 14; i < AT_END; i++) {
		frame[i] ^= 1;
		assert_int_equal(hear("b", 20, frame, sizeof frame), 0);
		frame[i] ^= 1;
	}
	for (size_t size = 0; size < AT_END; size++) {
		uint8_t *exact = malloc(size ? size : 1);
		memcpy(exact, frame, size);
		assert_int_equal(hear("b", 20, exact, size), 0);
		free(exact);
	}
	assert_int_equal(hear("b", 20, frame, AT_END), 1);
}

static void an_old_one_is_no_news(void **state)
{
	(void) state;
	greet(FACT_SWITCH_READY, "a", 0, false);
	w->now_ms += 5000;
	assert_int_equal(hear("b", 20, sent[0].frame, DISCOVER_BYTES), 1);
	w->now_ms += 1;
	assert_int_equal(hear("b", 20, sent[0].frame, DISCOVER_BYTES), 0);
	w->now_ms -= 5002;                      /* not from here: our clock does not go back */
	assert_int_equal(hear("b", 20, sent[0].frame, DISCOVER_BYTES), 0);
}

/* Its sender left the file meanwhile. */
static void a_stranger_is_no_news(void **state)
{
	(void) state;
	greet(FACT_SWITCH_READY, "a", 0, false);
	world_reload(w, "version: 1\nswitches: {b: {dpid: 2}, c: {dpid: 3}}\nnetworks: {red: {ports: [\"*:r*\"]}}\n"
		     "links:\n  - {between: [b:l1, c:l1]}\n");
	assert_int_equal(hear("b", 20, sent[0].frame, DISCOVER_BYTES), 0);
}

int main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(both_ends_are_asked),
		TEST(often_until_it_is_known),
		TEST(without_links_nothing_is_sent),
		TEST(a_true_one_counts),
		TEST(an_old_one_is_no_news),
		TEST(a_stranger_is_no_news),
	};
	return cmocka_run_group_tests_name("discover", tests, NULL, NULL);
}
