/* SPDX-License-Identifier: Apache-2.0 */
/* Two hosts with one address: who keeps it, who is told, and how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/apps/arp_world.h"

/* What the host that is asked answers, if it has the address. */
static void answers_to(const char *place, unsigned mac, unsigned ip)
{
	arp_send(place, arp(arp_asker, 2, mac, ip, 0, UNTAGGED));
	assert_int_equal(w->n_punts, 1);
	assert_int_equal(w->n_got, 0);
}

static size_t was_asked(const char *place)
{
	uint32_t sw, ofport;
	size_t n = 0;
	world_place(w, place, &sw, &ofport);
	for (size_t i = 0; i < w->n_sent; i++)
		n += w->sent[i].sw == sw && w->sent[i].ofport == ofport;
	return n;
}

static void two_hosts_with_one_address(void **state)
{
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	asks("c:r1", 3, 50);
	arp_send("c:r1", arp(all, 1, 3, 2, 2, UNTAGGED));     /* 3 announces 2's address */
	assert_int_equal(w->n_got, 5);
	assert_int_equal(arp_binding("red", 2)->state, BINDING_ASKED);
	/* Disputed: nobody answers for it. */
	asks("a:r1", 1, 2);
	assert_int_equal(w->n_got, 5);
	world_quiet(w);
	arp_seconds(1);
	assert_int_equal(was_asked("b:r1"), 1);
	assert_int_equal(was_asked("c:r1"), 1);
	const uint8_t *question = w->sent[0].frame.bytes;
	assert_memory_equal(question + 6, arp_asker, 6);
	assert_memory_equal(question + 28, ((uint8_t[4]) { 0 }), 4);
	assert_memory_equal(question + 38, ((uint8_t[4]) { 10, 1, 0, 2 }), 4);
	answers_to("b:r1", 2, 2);
	answers_to("c:r1", 3, 2);
	arp_seconds(1);
	assert_int_equal(stage_n_facts(FACT_DUPLICATE), 1);
	assert_int_equal(arp_binding("red", 2)->state, BINDING_DUPLICATE);
	/* As long as both answer it stays so. */
	for (unsigned i = 0; i < 10; i++) {
		arp_seconds(10);
		answers_to("b:r1", 2, 2);
		answers_to("c:r1", 3, 2);
	}
	assert_int_equal(arp_binding("red", 2)->state, BINDING_DUPLICATE);
	assert_int_equal(stage_n_facts(FACT_DUPLICATE), 1);
	asks("a:r1", 1, 2);
	assert_int_equal(w->n_got, 5);
	/* The second one lets go. */
	for (unsigned i = 0; i < 4; i++) {
		arp_seconds(10);
		answers_to("b:r1", 2, 2);
	}
	assert_int_equal(stage_n_facts(FACT_ADDRESS_SETTLED), 1);
	assert_int_equal(arp_binding("red", 2)->state, BINDING_GOOD);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 2);
}

static void the_first_one_lets_go(void **state)
{
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	asks("c:r1", 3, 50);
	arp_send("c:r1", arp(all, 1, 3, 2, 2, UNTAGGED));
	answers_to("b:r1", 2, 2);
	arp_seconds(1);
	assert_int_equal(arp_binding("red", 2)->state, BINDING_DUPLICATE);
	world_quiet(w);
	for (unsigned i = 0; i < 4; i++) {
		arp_seconds(10);
		answers_to("c:r1", 3, 2);
	}
	assert_int_equal(stage_n_facts(FACT_ADDRESS_SETTLED), 1);
	assert_int_equal(stage_n_facts(FACT_ADDRESS_GONE), 1);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 3);
}

static void an_address_that_moved_is_no_duplicate(void **state)
{
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	asks("b:r1", 2, 50);
	asks("c:r1", 3, 50);
	/* Its host does not answer for it any more. */
	world_quiet(w);
	arp_send("c:r1", arp(all, 1, 3, 2, 2, UNTAGGED));
	arp_seconds(5);
	assert_int_equal(stage_n_facts(FACT_DUPLICATE), 0);
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 3);
	/* The port of its host is down: no need to ask. */
	world_do(w, "down c:r1");
	arp_send("a:r2", arp(all, 1, 4, 2, 50, UNTAGGED));
	asks("a:r1", 1, 2);
	is_answered("a:r1", 1, 2, 4);
	assert_int_equal(stage_n_facts(FACT_DUPLICATE), 0);
}

static void a_dispute_ends_with_either_host(void **state)
{
	(void) state;
	arp_open("");
	asks("b:r1", 2, 50);
	asks("c:r1", 3, 50);
	arp_send("c:r1", arp(all, 1, 3, 2, 2, UNTAGGED));
	world_do(w, "forget red 3");
	world_check(w);
	assert_int_equal(arp_binding("red", 2)->state, BINDING_GOOD);
	asks("c:r1", 3, 50);
	arp_send("c:r1", arp(all, 1, 3, 2, 2, UNTAGGED));
	assert_int_equal(view_n_disputes(w->view), 1);
	world_do(w, "gone b:r1");
	world_check(w);
	assert_int_equal(view_n_disputes(w->view), 0);
	assert_null(arp_binding("red", 2));
	arp_send("c:r1", arp(all, 1, 3, 2, 2, UNTAGGED));
	assert_int_equal(arp_binding("red", 2)->mac[5], 3);
}

/* A machine beyond the trunk, which weft does not know, has the address of a VM. */
static void a_physical_machine_has_it_too(void **state)
{
	(void) state;
	arp_open("");
	asks("a:u1", 1, 50);
	asks("b:u1", 2, 50);
	arp_send("lan", arp(all, 1, 9, 2, 50, 30));
	assert_int_equal(arp_binding("trunk", 2)->state, BINDING_ASKED);
	world_quiet(w);
	arp_seconds(1);
	assert_int_equal(was_asked("b:u1"), 1);
	assert_int_equal(was_asked("b:up"), 1);
	for (size_t i = 0; i < w->n_sent; i++)
		if (w->sent[i].ofport == 4)
			assert_int_equal(frame_vid(&w->sent[i].frame), 30);
	answers_to("b:u1", 2, 2);
	arp_send("b:up", arp(arp_asker, 2, 9, 2, 0, 30));
	arp_seconds(1);
	assert_int_equal(stage_n_facts(FACT_DUPLICATE), 1);
	asks("a:u1", 1, 2);
	assert_true(world_got(w, "b:u1", UNTAGGED) == 1 && world_got(w, "lan", 30) == 1);
	/* A VM that speaks on the trunk itself is where it is. */
	arp_send("lan", arp(all, 1, 1, 2, 50, 30));
	assert_int_equal(arp_binding("trunk", 2)->rival[5], 9);
	/* Silent. */
	for (unsigned i = 0; i < 4; i++) {
		arp_seconds(10);
		answers_to("b:u1", 2, 2);
	}
	asks("a:u1", 1, 2);
	is_answered("a:u1", 1, 2, 2);
}

static void who_takes_a_declared_address_is_a_duplicate(void **state)
{
	(void) state;
	arp_open("");
	asks("a:r1", 1, 50);
	world_quiet(w);
	arp_send("c:r1", arp(all, 1, 3, 99, 99, UNTAGGED));
	arp_seconds(1);
	assert_int_equal(stage_n_facts(FACT_DUPLICATE), 1);
	asks("a:r1", 1, 99);
	assert_int_equal(w->n_got, 5);
	arp_seconds(36);
	assert_int_equal(stage_n_facts(FACT_ADDRESS_SETTLED), 1);
	assert_int_equal(stage_n_facts(FACT_ADDRESS_GONE), 0);
	asks("a:r1", 1, 99);
	is_answered("a:r1", 1, 99, 99);
}

static void a_question_by_ipv6(void **state)
{
	uint8_t body[72];
	uint32_t sum = 58 + 32;
	(void) state;
	arp_open("");
	arp_send("b:r1", nd(all_nodes, 136, 2, 2, 2, 0x20));
	arp_send("c:r1", nd(all_nodes, 136, 3, 2, 2, 0x20));
	world_quiet(w);
	arp_seconds(1);
	assert_int_equal(w->n_sent, 2);
	assert_int_equal(w->sent[0].frame.size, 86);
	memcpy(body, w->sent[0].frame.bytes + 14, 72);
	for (size_t i = 8; i < 72; i += 2)
		sum += (uint32_t) body[i] << 8 | body[i + 1];
	assert_int_equal(sum % 0xffff, 0);      /* RFC 1071 */
	arp_send("b:r1", nd(arp_asker, 136, 2, 2, 2, 0x60));
	arp_seconds(1);
	assert_int_equal(stage_n_facts(FACT_DUPLICATE), 1);
}

/* Whoever claims everything does not stop all answers, and costs a bounded sum. */
static void disputes_are_bounded(void **state)
{
	(void) state;
	arp_open("");
	asks("c:r1", 3, 50);
	for (unsigned mac = 10; mac < 12; mac++)
		for (unsigned n = 0; n < NET_HOST_ADDRESSES; n++)
			world_send(w, "b:r1", arp(all, 1, mac, mac * 16 + n, 50, UNTAGGED));
	for (unsigned n = 160; n < 160 + 2 * NET_HOST_ADDRESSES; n++)
		world_send(w, "c:r1", arp(all, 1, 3, n, 50, UNTAGGED));
	world_check(w);
	assert_int_equal(view_n_disputes(w->view), 16);
	assert_int_equal(view_network_by_id(w->view, world_network(w, "red"))->n_addresses_refused, 16);
}

#define T(NAME) cmocka_unit_test_teardown(NAME, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(two_hosts_with_one_address), T(the_first_one_lets_go), T(an_address_that_moved_is_no_duplicate),
		T(a_dispute_ends_with_either_host), T(a_physical_machine_has_it_too),
		T(who_takes_a_declared_address_is_a_duplicate), T(a_question_by_ipv6), T(disputes_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
