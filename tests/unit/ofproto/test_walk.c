/* SPDX-License-Identifier: Apache-2.0 */
/* One frame through the rows of one switch. That walk agrees with a real Open
 * vSwitch on random rows and frames is tests/e2e/test_walk_ovs.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ofproto/walk_world.h"

static void tag(struct fixture *f, uint16_t tci)
{
	memmove(f->frame + 16, f->frame + 12, f->size - 12);
	wire_put_u16(f->frame + 12, 0x8100);
	wire_put_u16(f->frame + 14, tci);
	f->size += 4;
}

static void test_tables(void **state)
{
	struct fixture *f = *state;

	walked_go(f, 1);
	assert_true(f->w->missed);
	assert_int_equal(f->w->missed_table, 0);
	walked_begin(f, T0, 10);
	match_u(f->b, FIELD_IN_PORT, 1);
	act_set_u(f->b, FIELD_REG0, 7);
	act_goto(f->b, T60);
	walked_end(f);
	walked_go(f, 1);
	assert_true(f->w->missed);
	assert_int_equal(f->w->missed_table, 60);
	walked_begin(f, T60, 10);
	match_u(f->b, FIELD_REG0, 7);
	match_bytes(f->b, FIELD_ETH_DST, host_b, NULL);
	act_output(f->b, 2);
	act_output(f->b, LOCAL);
	walked_end(f);
	walked_begin(f, T60, 0);
	walked_end(f);
	walked_go(f, 1);
	assert_false(f->w->missed || f->w->ambiguous);
	assert_int_equal(f->w->n_hops, 2);
	assert_int_equal(rule_table(&f->w->hops[1].rule), 60);
	assert_int_equal(f->w->n_outs, 2);
	assert_int_equal(f->w->outs[0].ofport, 2);
	assert_int_equal(f->w->outs[1].ofport, LOCAL);
	assert_int_equal(f->w->outs[0].size, 60);
	assert_memory_equal(f->w->outs[0].frame, f->frame, 60);
	f->frame[5] ^= 1;
	walked_go(f, 1);
	assert_int_equal(f->w->n_outs, 0);
	assert_int_equal(rule_priority(&f->w->hops[1].rule), 0);
	walked_go(f, 9);
	assert_true(f->w->missed);
	assert_int_equal(f->w->n_hops, 0);
}

static void test_ambiguous(void **state)
{
	struct fixture *f = *state;
	struct rule r;

	walked_begin(f, T0, 10);
	match_u(f->b, FIELD_IN_PORT, 1);
	walked_end(f);
	walked_begin(f, T0, 10);
	match_bytes(f->b, FIELD_ETH_SRC, host_a, NULL);
	r = walked_end(f);
	walked_go(f, 1);
	assert_true(f->w->ambiguous);
	walked_go(f, 2);
	assert_false(f->w->ambiguous);
	/* The same key again replaces, and is not two rows. */
	walk_switch_add(f->sw, &r);
	walked_go(f, 2);
	assert_false(f->w->ambiguous);
	walk_switch_del(f->sw, &r);
	walked_go(f, 1);
	assert_false(f->w->ambiguous);
	/* What is hidden by a higher row is no matter. */
	walk_switch_add(f->sw, &r);
	walked_begin(f, T0, 11);
	match_u(f->b, FIELD_IN_PORT, 1);
	walked_end(f);
	walked_go(f, 1);
	assert_false(f->w->ambiguous);
	walk_switch_clear(f->sw);
	walked_go(f, 1);
	assert_true(f->w->missed);
}

static void test_in_port(void **state)
{
	struct fixture *f = *state;

	walked_begin(f, T0, 10);
	act_output(f->b, 1);
	act_output(f->b, 2);
	act_output(f->b, LOCAL);
	walked_end(f);
	walked_go(f, 1);
	assert_int_equal(f->w->n_outs, 2);
	assert_int_equal(f->w->outs[0].ofport, 2);
	walked_go(f, LOCAL);
	assert_int_equal(f->w->n_outs, 2);
	assert_int_equal(f->w->outs[1].ofport, 2);
	walked_begin(f, T0, 10);
	act_output_in_port(f->b);
	walked_end(f);
	walked_go(f, 1);
	assert_int_equal(f->w->n_outs, 1);
	assert_int_equal(f->w->outs[0].ofport, 1);
}

static void test_tags(void **state)
{
	struct fixture *f = *state;
	uint8_t before[200];

	walked_begin(f, T0, 10);
	match_u(f->b, FIELD_VLAN_VID, VLAN_PRESENT | 20);
	act_output(f->b, 2);            /* as it came */
	act_pop_vlan(f->b);
	act_output(f->b, 3);            /* untagged */
	act_push_vlan(f->b);
	act_set_u(f->b, FIELD_VLAN_VID, VLAN_PRESENT | 30);
	act_set_u(f->b, FIELD_VLAN_PCP, 5);
	act_output(f->b, 4);
	act_goto(f->b, T60);
	walked_end(f);
	walked_begin(f, T0, 10);
	match_u(f->b, FIELD_VLAN_VID, VLAN_NONE);
	act_controller(f->b, 20, 0);
	walked_end(f);
	walked_begin(f, T60, 1);
	match_u(f->b, FIELD_VLAN_VID, VLAN_PRESENT | 30);
	match_u(f->b, FIELD_VLAN_PCP, 5);
	match_u(f->b, FIELD_ETH_TYPE, 0x88b5);
	act_output(f->b, 5);
	walked_end(f);
	memcpy(before, f->frame, f->size);
	walked_go(f, 1);
	assert_int_equal(f->w->n_outs, 1);
	assert_int_equal(f->w->outs[0].ofport, CONTROLLER);
	assert_int_equal(f->w->outs[0].size, 20);
	tag(f, 0x2014);
	walked_go(f, 1);
	assert_int_equal(f->w->n_outs, 4);
	assert_int_equal(f->w->outs[0].size, 64);
	assert_memory_equal(f->w->outs[0].frame, f->frame, 64);
	assert_int_equal(f->w->outs[1].size, 60);
	assert_memory_equal(f->w->outs[1].frame, before, 60);
	assert_int_equal(f->w->outs[2].size, 64);
	assert_int_equal(wire_u16(f->w->outs[2].frame + 12), 0x8100);
	assert_int_equal(wire_u16(f->w->outs[2].frame + 14), 0xa01e);
	assert_memory_equal(f->w->outs[2].frame + 16, before + 12, 48);
	assert_int_equal(f->w->outs[3].ofport, 5);
	wire_put_u16(f->frame + 14, 21);
	walked_go(f, 1);
	assert_true(f->w->missed);
}

static void test_tunnels(void **state)
{
	struct fixture *f = *state;

	walked_begin(f, T0, 10);
	match_u(f->b, FIELD_TUN_ID, 10020);
	match_u(f->b, FIELD_TUN_SRC, 0x0a000002);
	act_set_u(f->b, FIELD_TUN_ID, 7);
	act_set_u(f->b, FIELD_TUN_DST, 0x0a000003);
	act_output(f->b, 1000);
	act_set_u(f->b, FIELD_TUN_DST, 0x0a000004);
	act_output(f->b, 1000);
	walked_end(f);
	walk_frame(f->sw, f->w, 999, f->frame, f->size, 10020, 0x0a000002);
	assert_int_equal(f->w->n_outs, 2);
	assert_int_equal(f->w->outs[0].tun_id, 7);
	assert_int_equal(f->w->outs[0].tun_dst, 0x0a000003);
	assert_int_equal(f->w->outs[1].tun_dst, 0x0a000004);
	walk_frame(f->sw, f->w, 999, f->frame, f->size, 10021, 0x0a000002);
	assert_true(f->w->missed);
	walk_frame(f->sw, f->w, 1000, f->frame, f->size, 10020, 0x0a000002);
	assert_int_equal(f->w->n_outs, 0);      /* split horizon of one port */
}

static void test_set_fields(void **state)
{
	struct fixture *f = *state;
	uint8_t *arp = f->frame + 14;

	wire_put_u16(f->frame + 12, 0x0806);
	memcpy(arp, (uint8_t[]){0, 1, 8, 0, 6, 4, 0, 1}, 8);
	memcpy(arp + 8, host_a, 6);
	memcpy(arp + 24, (uint8_t[]){10, 0, 0, 1}, 4);
	walked_begin(f, T0, 10);
	match_u(f->b, FIELD_ETH_TYPE, 0x0806);
	match_u(f->b, FIELD_ARP_OP, 1);
	match_u(f->b, FIELD_ARP_TPA, 0x0a000001);
	act_set_bytes(f->b, FIELD_ETH_DST, host_a);
	act_set_bytes(f->b, FIELD_ETH_SRC, host_b);
	act_set_u(f->b, FIELD_ARP_OP, 2);
	act_set_bytes(f->b, FIELD_ARP_THA, host_a);
	act_set_bytes(f->b, FIELD_ARP_SHA, host_b);
	act_set_u(f->b, FIELD_ARP_SPA, 0x0a000001);
	act_set_u(f->b, FIELD_ARP_TPA, 0x0a000002);
	act_output_in_port(f->b);
	walked_end(f);
	walked_go(f, 3);
	assert_int_equal(f->w->n_outs, 1);
	assert_int_equal(f->w->outs[0].ofport, 3);
	assert_memory_equal(f->w->outs[0].frame, host_a, 6);
	assert_memory_equal(f->w->outs[0].frame + 6, host_b, 6);
	arp = f->w->outs[0].frame + 14;
	assert_int_equal(wire_u16(arp + 6), 2);
	assert_memory_equal(arp + 8, host_b, 6);
	assert_memory_equal(arp + 14, ((uint8_t[]){10, 0, 0, 1}), 4);
	assert_memory_equal(arp + 18, host_a, 6);
	assert_memory_equal(arp + 24, ((uint8_t[]){10, 0, 0, 2}), 4);
}

/* As Open vSwitch runs it, whatever the order in the message: sets before the
 * output, one output. build does not make such buckets; a switch may have them. */
static void test_action_set(void **state)
{
	struct fixture *f = *state;
	uint8_t msg[16 + 16 + 3 * 16] __attribute__((aligned(8))) = {4, 15};
	uint8_t *bucket = msg + 16, *act = bucket + 16;
	struct rule r = {.kind = RULE_GROUP, .size = sizeof(msg), .msg = msg};

	wire_put_u16(msg + 2, sizeof(msg));
	wire_put_u32(msg + 12, 5);
	wire_put_u16(bucket, 16 + 48);
	memset(bucket + 4, 0xff, 8);
	wire_put_u16(act, 0);
	wire_put_u16(act + 2, 16);
	wire_put_u32(act + 4, 7);
	wire_put_u16(act + 16, ACTION_SET_FIELD);
	wire_put_u16(act + 18, 16);
	wire_put_u32(act + 20, 0x80000606);
	memcpy(act + 24, host_a, 6);
	wire_put_u16(act + 32, 0);
	wire_put_u16(act + 34, 16);
	wire_put_u32(act + 36, 8);
	walk_switch_add(f->sw, &r);
	walked_begin(f, T0, 1);
	act_group(f->b, 5);
	walked_end(f);
	assert_int_equal(walked_one_out(f), 8);
	assert_memory_equal(f->w->outs[0].frame, host_a, 6);
}

static void test_limits(void **state)
{
	struct fixture *f = *state;
	static uint8_t big[WALK_MAX_FRAME];

	walked_begin(f, T0, 1);
	for (uint32_t port = 1; port <= WALK_MAX_OUTS + 5; port++)
		act_output(f->b, port);
	walked_end(f);
	walk_frame(f->sw, f->w, 9999, f->frame, f->size, 0, 0);
	assert_true(f->w->cut);
	assert_int_equal(f->w->n_outs, WALK_MAX_OUTS);
	walk_frame(f->sw, f->w, 1, f->frame, 13, 0, 0);
	assert_int_equal(f->w->n_outs + f->w->n_hops, 0);
	assert_false(f->w->cut);
	walk_frame(f->sw, f->w, 1, big, sizeof(big), 0, 0);
	assert_int_equal(f->w->n_outs + f->w->n_hops, 0);
}

/* Whatever is on a switch can be walked, at any frame. */
static void add(void *ctx, const char *name, const struct rule *rule)
{
	(void) name;
	walk_switch_add(ctx, rule);
}

static void test_corpus(void **state)
{
	struct fixture *f = *state;

	corpus(add, f->sw);
	srand(2);
	for (int i = 0; i < 3000; i++) {
		static const uint16_t types[] = {0x0800, 0x0806, 0x86dd, 0x8100, 0x88a8, 0x0030};
		size_t n = 14 + (size_t) (rand() % 100);
		uint8_t *frame = malloc(n);

		for (size_t j = 0; j < n; j++)
			frame[j] = (uint8_t) rand();
		wire_put_u16(frame + 12, types[rand() % 6]);
		if (n >= 18 && rand() % 2)
			wire_put_u16(frame + 16, types[rand() % 6]);
		walk_frame(f->sw, f->w, 1 + (uint32_t) (rand() % 9), frame, n, 0, 0);
		assert_null(f->w->unknown);
		free(frame);
	}
}

/* Ends of tunnels by IPv6, in and out. */
static void test_tunnels_v6(void **state)
{
	static const uint8_t here[16] = {0xfd, [15] = 1}, there[16] = {0xfd, [15] = 2};
	struct fixture *f = *state;

	walked_begin(f, T0, 10);
	match_bytes(f->b, FIELD_TUN_IPV6_SRC, here, NULL);
	act_goto(f->b, T100);
	walked_end(f);
	walked_begin(f, T100, 10);
	act_set_bytes(f->b, FIELD_TUN_IPV6_DST, there);
	act_output(f->b, 9);
	walked_end(f);
	walked_go(f, 1);
	assert_true(f->w->missed);
	memcpy(f->w->tun_src6, here, 16);
	walked_go(f, 1);
	assert_int_equal(f->w->n_outs, 1);
	assert_memory_equal(f->w->outs[0].tun_dst6, there, 16);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, walked_up, walked_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tables), TEST(test_ambiguous), TEST(test_in_port), TEST(test_tags), TEST(test_tunnels),
		TEST(test_set_fields), TEST(test_action_set), TEST(test_limits), TEST(test_corpus),
		TEST(test_tunnels_v6),
	};

	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
