/* SPDX-License-Identifier: Apache-2.0 */
/* One frame through the rows of one switch. That walk agrees with a real Open
 * vSwitch on random rows and frames is tests/e2e/test_walk_ovs.py. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "corpus.h"
#include "ofproto/canon.h"
#include "ofproto/ovs.h"
#include "ofproto/walk.h"
#include "ofproto/wire.h"

enum { T0, T60, T70, T100, CONTROLLER = 0xfffffffd, LOCAL = 0xfffffffe };

static const uint8_t host_a[6] = {2, 0, 0, 0, 0, 0xa}, host_b[6] = {2, 0, 0, 0, 0, 0xb};

struct fixture {
	struct build *b;
	struct walk_switch *sw;
	struct walk *w;
	uint8_t frame[200];
	size_t size;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->b = build_new(corpus_tables, CORPUS_TABLES);
	f->sw = walk_switch_new();
	f->w = walk_new();
	memcpy(f->frame, host_b, 6);
	memcpy(f->frame + 6, host_a, 6);
	wire_put_u16(f->frame + 12, 0x88b5);
	f->size = 60;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	build_free(f->b);
	walk_switch_free(f->sw);
	walk_free(f->w);
	free(f);
	return 0;
}

static void begin(struct fixture *f, unsigned table, uint16_t priority) { build_flow(f->b, table, priority, 0); }

static struct rule end(struct fixture *f)
{
	const char *error;
	struct rule r;

	error = build_end(f->b, &r);
	if (error)
		fail_msg("%s", error);
	walk_switch_add(f->sw, &r);
	return r;
}

static void go(struct fixture *f, uint32_t in_port)
{
	walk_frame(f->sw, f->w, in_port, f->frame, f->size, 0, 0);
	assert_null(f->w->unknown);
	assert_false(f->w->cut);
}

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

	go(f, 1);
	assert_true(f->w->missed);
	assert_int_equal(f->w->missed_table, 0);
	begin(f, T0, 10);
	match_u(f->b, FIELD_IN_PORT, 1);
	act_set_u(f->b, FIELD_REG0, 7);
	act_goto(f->b, T60);
	end(f);
	go(f, 1);
	assert_true(f->w->missed);
	assert_int_equal(f->w->missed_table, 60);
	begin(f, T60, 10);
	match_u(f->b, FIELD_REG0, 7);
	match_bytes(f->b, FIELD_ETH_DST, host_b, NULL);
	act_output(f->b, 2);
	act_output(f->b, LOCAL);
	end(f);
	begin(f, T60, 0);
	end(f);
	go(f, 1);
	assert_false(f->w->missed || f->w->ambiguous);
	assert_int_equal(f->w->n_hops, 2);
	assert_int_equal(rule_table(&f->w->hops[1].rule), 60);
	assert_int_equal(f->w->n_outs, 2);
	assert_int_equal(f->w->outs[0].ofport, 2);
	assert_int_equal(f->w->outs[1].ofport, LOCAL);
	assert_int_equal(f->w->outs[0].size, 60);
	assert_memory_equal(f->w->outs[0].frame, f->frame, 60);
	f->frame[5] ^= 1;
	go(f, 1);
	assert_int_equal(f->w->n_outs, 0);
	assert_int_equal(rule_priority(&f->w->hops[1].rule), 0);
	go(f, 9);
	assert_true(f->w->missed);
	assert_int_equal(f->w->n_hops, 0);
}

static void test_ambiguous(void **state)
{
	struct fixture *f = *state;
	struct rule r;

	begin(f, T0, 10);
	match_u(f->b, FIELD_IN_PORT, 1);
	end(f);
	begin(f, T0, 10);
	match_bytes(f->b, FIELD_ETH_SRC, host_a, NULL);
	r = end(f);
	go(f, 1);
	assert_true(f->w->ambiguous);
	go(f, 2);
	assert_false(f->w->ambiguous);
	/* The same key again replaces, and is not two rows. */
	walk_switch_add(f->sw, &r);
	go(f, 2);
	assert_false(f->w->ambiguous);
	walk_switch_del(f->sw, &r);
	go(f, 1);
	assert_false(f->w->ambiguous);
	/* What is hidden by a higher row is no matter. */
	walk_switch_add(f->sw, &r);
	begin(f, T0, 11);
	match_u(f->b, FIELD_IN_PORT, 1);
	end(f);
	go(f, 1);
	assert_false(f->w->ambiguous);
	walk_switch_clear(f->sw);
	go(f, 1);
	assert_true(f->w->missed);
}

static void test_in_port(void **state)
{
	struct fixture *f = *state;

	begin(f, T0, 10);
	act_output(f->b, 1);
	act_output(f->b, 2);
	act_output(f->b, LOCAL);
	end(f);
	go(f, 1);
	assert_int_equal(f->w->n_outs, 2);
	assert_int_equal(f->w->outs[0].ofport, 2);
	go(f, LOCAL);
	assert_int_equal(f->w->n_outs, 2);
	assert_int_equal(f->w->outs[1].ofport, 2);
	begin(f, T0, 10);
	act_output_in_port(f->b);
	end(f);
	go(f, 1);
	assert_int_equal(f->w->n_outs, 1);
	assert_int_equal(f->w->outs[0].ofport, 1);
}

static void test_tags(void **state)
{
	struct fixture *f = *state;
	uint8_t before[200];

	begin(f, T0, 10);
	match_u(f->b, FIELD_VLAN_VID, VLAN_PRESENT | 20);
	act_output(f->b, 2);            /* as it came */
	act_pop_vlan(f->b);
	act_output(f->b, 3);            /* untagged */
	act_push_vlan(f->b);
	act_set_u(f->b, FIELD_VLAN_VID, VLAN_PRESENT | 30);
	act_set_u(f->b, FIELD_VLAN_PCP, 5);
	act_output(f->b, 4);
	act_goto(f->b, T60);
	end(f);
	begin(f, T0, 10);
	match_u(f->b, FIELD_VLAN_VID, VLAN_NONE);
	act_controller(f->b, 20, 0);
	end(f);
	begin(f, T60, 1);
	match_u(f->b, FIELD_VLAN_VID, VLAN_PRESENT | 30);
	match_u(f->b, FIELD_VLAN_PCP, 5);
	match_u(f->b, FIELD_ETH_TYPE, 0x88b5);
	act_output(f->b, 5);
	end(f);
	memcpy(before, f->frame, f->size);
	go(f, 1);
	assert_int_equal(f->w->n_outs, 1);
	assert_int_equal(f->w->outs[0].ofport, CONTROLLER);
	assert_int_equal(f->w->outs[0].size, 20);
	tag(f, 0x2014);
	go(f, 1);
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
	go(f, 1);
	assert_true(f->w->missed);
}

static void test_tunnels(void **state)
{
	struct fixture *f = *state;

	begin(f, T0, 10);
	match_u(f->b, FIELD_TUN_ID, 10020);
	match_u(f->b, FIELD_TUN_SRC, 0x0a000002);
	act_set_u(f->b, FIELD_TUN_ID, 7);
	act_set_u(f->b, FIELD_TUN_DST, 0x0a000003);
	act_output(f->b, 1000);
	act_set_u(f->b, FIELD_TUN_DST, 0x0a000004);
	act_output(f->b, 1000);
	end(f);
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
	begin(f, T0, 10);
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
	end(f);
	go(f, 3);
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

static uint16_t sum16(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += wire_u16(p + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) sum;
}

/* Checksums stay right when addresses change. */
static void test_checksums(void **state)
{
	struct fixture *f = *state;
	uint8_t *ip = f->frame + 14;

	wire_put_u16(f->frame + 12, 0x0800);
	ip[0] = 0x45;
	wire_put_u16(ip + 2, 46);
	ip[8] = 64;
	ip[9] = 17;
	wire_put_u32(ip + 12, 0x0a000001);
	wire_put_u32(ip + 16, 0x0a000002);
	wire_put_u16(ip + 10, (uint16_t) ~sum16(ip, 20, 0));
	wire_put_u16(ip + 24, 26);
	memset(ip + 28, 0x5a, 18);
	wire_put_u16(ip + 26, (uint16_t) ~sum16(ip + 20, 26, sum16(ip + 12, 8, 17 + 26)));
	begin(f, T0, 10);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_set_u(f->b, FIELD_IPV4_SRC, 0xc0a80105);
	act_set_u(f->b, FIELD_IPV4_DST, 0xfffefdfc);
	act_output(f->b, 2);
	end(f);
	go(f, 1);
	ip = f->w->outs[0].frame + 14;
	assert_int_equal(wire_u32(ip + 12), 0xc0a80105);
	assert_int_equal(sum16(ip, 20, 0), 0xffff);
	assert_int_equal(sum16(ip + 20, 26, sum16(ip + 12, 8, 17 + 26)), 0xffff);
}

static void test_groups(void **state)
{
	struct fixture *f = *state;

	build_group(f->b, 5, GROUP_ALL);
	build_bucket(f->b, 0, 0);
	act_push_vlan(f->b);
	act_set_u(f->b, FIELD_VLAN_VID, VLAN_PRESENT | 9);
	act_output(f->b, 2);
	build_bucket(f->b, 0, 0);
	act_output(f->b, 3);
	build_bucket(f->b, 0, 0);
	act_output(f->b, 1);
	end(f);
	begin(f, T0, 1);
	act_group(f->b, 5);
	act_output(f->b, 4);
	end(f);
	go(f, 1);
	assert_int_equal(f->w->n_outs, 3);
	assert_int_equal(f->w->outs[0].size, 64);
	assert_int_equal(f->w->outs[1].size, 60);       /* buckets do not see each other's changes */
	assert_int_equal(f->w->outs[2].ofport, 4);
	assert_int_equal(f->w->outs[2].size, 60);
	assert_int_equal(f->w->n_hops, 2);
	assert_int_equal(f->w->hops[1].rule.kind, RULE_GROUP);
}

static uint32_t one_out(struct fixture *f)
{
	go(f, 1);
	return f->w->n_outs == 1 ? f->w->outs[0].ofport : 0;
}

static void test_choice(void **state)
{
	struct fixture *f = *state;
	struct rule key;

	build_group(f->b, 5, GROUP_SELECT);
	build_bucket(f->b, 1, 2);
	act_output(f->b, 2);
	build_bucket(f->b, 2, 3);
	act_output(f->b, 3);
	end(f);
	build_group(f->b, 6, GROUP_FF);
	build_bucket(f->b, 0, 4);
	act_output(f->b, 4);
	build_bucket(f->b, 0, 5);
	act_output(f->b, 5);
	end(f);
	begin(f, T0, 1);
	act_group(f->b, 5);
	end(f);
	assert_int_equal(one_out(f), 2);
	f->w->choice = 1;
	assert_int_equal(one_out(f), 3);
	f->w->choice = 2;
	assert_int_equal(one_out(f), 3);
	f->w->choice = 3;
	assert_int_equal(one_out(f), 2);
	walk_switch_port(f->sw, 2, false);
	assert_int_equal(one_out(f), 3);
	walk_switch_port(f->sw, 3, false);
	assert_int_equal(one_out(f), 0);
	begin(f, T0, 1);
	act_group(f->b, 6);
	end(f);
	assert_int_equal(one_out(f), 4);
	walk_switch_port(f->sw, 4, false);
	assert_int_equal(one_out(f), 5);
	walk_switch_port(f->sw, 4, true);
	assert_int_equal(one_out(f), 4);
	assert_int_equal(f->w->n_detours, 0);
	walk_switch_port(f->sw, 4, false);
	walk_switch_port(f->sw, 5, false);
	assert_int_equal(one_out(f), 0);
	/* A last one that watches a group whose only bucket watches nothing; then one of which nothing lives; then none. */
	build_group(f->b, 7, GROUP_INDIRECT);
	build_bucket(f->b, 0, 0);
	end(f);
	build_group(f->b, 6, GROUP_FF);
	build_bucket(f->b, 0, 4);
	act_output(f->b, 4);
	build_bucket_watching(f->b, 7);
	act_output(f->b, 8);
	end(f);
	assert_int_equal(one_out(f), 8);
	assert_true(f->w->n_detours == 1 && f->w->n_blind == 1 && f->w->dead_ofport == 4);
	build_group(f->b, 7, GROUP_FF);
	build_bucket(f->b, 0, 5);
	build_bucket_watching(f->b, 99);
	end(f);
	assert_int_equal(one_out(f), 0);
	walk_switch_port(f->sw, 5, true);
	assert_int_equal(one_out(f), 8);
	/* Groups that watch each other are dead, as in Open vSwitch. */
	build_group(f->b, 7, GROUP_FF);
	build_bucket_watching(f->b, 6);
	end(f);
	assert_int_equal(one_out(f), 0);
	build_group(f->b, 6, GROUP_ALL);
	assert_null(build_end(f->b, &key));
	walk_switch_del(f->sw, &key);
	walk_frame(f->sw, f->w, 1, f->frame, f->size, 0, 0);
	assert_non_null(f->w->unknown);
	assert_string_equal(f->w->unknown, "group that is not there");
}

static void test_many_groups(void **state)
{
	struct fixture *f = *state;
	struct rule key;

	for (uint32_t id = 1; id <= 50; id++) {
		build_group(f->b, id, GROUP_INDIRECT);
		build_bucket(f->b, 0, 0);
		act_output(f->b, 100 + id);
		end(f);
	}
	for (uint32_t id = 1; id <= 50; id += 2) {
		build_group(f->b, id, GROUP_ALL);
		assert_null(build_end(f->b, &key));
		walk_switch_del(f->sw, &key);
	}
	for (uint32_t id = 2; id <= 50; id += 2) {
		begin(f, T0, 1);
		act_group(f->b, id);
		end(f);
		assert_int_equal(one_out(f), 100 + id);
	}
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
	begin(f, T0, 1);
	act_group(f->b, 5);
	end(f);
	assert_int_equal(one_out(f), 8);
	assert_memory_equal(f->w->outs[0].frame, host_a, 6);
}

static void test_limits(void **state)
{
	struct fixture *f = *state;
	static uint8_t big[WALK_MAX_FRAME];

	begin(f, T0, 1);
	for (uint32_t port = 1; port <= WALK_MAX_OUTS + 5; port++)
		act_output(f->b, port);
	end(f);
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

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

/* The frame as Open vSwitch 3.1 was seen to answer it, byte for byte. */
static void test_arp_answer(void **state)
{
	static const uint8_t asked[] = {1, 8, 0, 6, 4, 0, 1};
	struct fixture *f = *state;
	uint8_t *arp = f->frame + 14;

	memset(f->frame, 0xff, 6);
	wire_put_u16(f->frame + 12, 0x0806);
	memset(arp, 0, 46);
	memcpy(arp + 1, asked, sizeof(asked));
	memcpy(arp + 8, host_a, 6);
	memcpy(arp + 14, (uint8_t[]) {10, 0, 0, 1}, 4);
	memcpy(arp + 24, (uint8_t[]) {10, 0, 0, 2}, 4);
	begin(f, T0, 10);
	match_u(f->b, FIELD_ETH_TYPE, 0x0806);
	match_u(f->b, FIELD_ARP_OP, 1);
	match_bytes(f->b, FIELD_ARP_TPA, (uint8_t[]) {10, 0, 0, 2}, NULL);
	act_move(f->b, FIELD_ETH_SRC, FIELD_ETH_DST);
	act_set_bytes(f->b, FIELD_ETH_SRC, host_b);
	act_set_u(f->b, FIELD_ARP_OP, 2);
	act_move(f->b, FIELD_ARP_SHA, FIELD_ARP_THA);
	act_move(f->b, FIELD_ARP_SPA, FIELD_ARP_TPA);
	act_set_bytes(f->b, FIELD_ARP_SHA, host_b);
	act_set_bytes(f->b, FIELD_ARP_SPA, (uint8_t[]) {10, 0, 0, 2});
	act_move(f->b, FIELD_IN_PORT, FIELD_REG2);
	act_forget_in_port(f->b);
	act_goto(f->b, T100);
	end(f);
	begin(f, T100, 10);
	match_u(f->b, FIELD_REG2, 7);
	act_output(f->b, 7);
	end(f);
	go(f, 7);
	assert_int_equal(f->w->n_outs, 1);
	assert_int_equal(f->w->outs[0].ofport, 7);
	arp = f->w->outs[0].frame + 14;
	assert_memory_equal(f->w->outs[0].frame, host_a, 6);
	assert_memory_equal(f->w->outs[0].frame + 6, host_b, 6);
	assert_int_equal(wire_u16(arp + 6), 2);
	assert_memory_equal(arp + 8, host_b, 6);
	assert_memory_equal(arp + 14, ((uint8_t[]) {10, 0, 0, 2}), 4);
	assert_memory_equal(arp + 18, host_a, 6);
	assert_memory_equal(arp + 24, ((uint8_t[]) {10, 0, 0, 1}), 4);
}

/* A solicitation and the advertisement that Open vSwitch 3.1 made of it with these
 * actions, captured at the port of the host that asked. */
static const uint8_t solicitation[] = {
	0x33, 0x33, 0xff, 0x00, 0x00, 0x77, 0x02, 0x13, 0xe3, 0x7c, 0x08, 0x92, 0x86, 0xdd, 0x60, 0x00,
	0x00, 0x00, 0x00, 0x20, 0x3a, 0xff, 0xfd, 0x5a, 0xfc, 0xf2, 0x2a, 0x50, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0xe6, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x01, 0xff, 0x00, 0x00, 0x77, 0x87, 0x00, 0x40, 0x6d, 0x00, 0x00, 0x00, 0x00, 0xfd, 0x5a,
	0xfc, 0xf2, 0x2a, 0x50, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x77, 0x01, 0x01,
	0x02, 0x13, 0xe3, 0x7c, 0x08, 0x92,
};
static const uint8_t advertisement[] = {
	0x02, 0x13, 0xe3, 0x7c, 0x08, 0x92, 0x02, 0x5d, 0x50, 0x44, 0xb8, 0xe1, 0x86, 0xdd, 0x60, 0x00,
	0x00, 0x00, 0x00, 0x20, 0x3a, 0xff, 0xfd, 0x5a, 0xfc, 0xf2, 0x2a, 0x50, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x77, 0xfd, 0x5a, 0xfc, 0xf2, 0x2a, 0x50, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0xe6, 0x88, 0x00, 0x9a, 0x72, 0x60, 0x00, 0x00, 0x00, 0xfd, 0x5a,
	0xfc, 0xf2, 0x2a, 0x50, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x77, 0x02, 0x01,
	0x02, 0x5d, 0x50, 0x44, 0xb8, 0xe1,
};

static void test_nd_answer(void **state)
{
	static const uint8_t known[6] = {0x02, 0x5d, 0x50, 0x44, 0xb8, 0xe1};
	struct fixture *f = *state;

	f->size = sizeof(solicitation);
	memcpy(f->frame, solicitation, f->size);
	begin(f, T0, 10);
	match_u(f->b, FIELD_ETH_TYPE, 0x86dd);
	match_u(f->b, FIELD_IP_PROTO, 58);
	match_u(f->b, FIELD_ICMPV6_TYPE, 135);
	match_bytes(f->b, FIELD_ND_TARGET, solicitation + 62, NULL);
	act_move(f->b, FIELD_ETH_SRC, FIELD_ETH_DST);
	act_set_bytes(f->b, FIELD_ETH_SRC, known);
	act_move(f->b, FIELD_IPV6_SRC, FIELD_IPV6_DST);
	act_set_bytes(f->b, FIELD_IPV6_SRC, solicitation + 62);
	act_set_u(f->b, FIELD_ND_RESERVED, 0x60000000);
	act_set_u(f->b, FIELD_ND_OPTION, 2);
	act_set_u(f->b, FIELD_ICMPV6_TYPE, 136);
	act_goto(f->b, T60);
	end(f);
	begin(f, T60, 10);
	match_u(f->b, FIELD_ETH_TYPE, 0x86dd);
	match_u(f->b, FIELD_IP_PROTO, 58);
	match_u(f->b, FIELD_ICMPV6_TYPE, 136);
	act_move(f->b, FIELD_ETH_SRC, FIELD_ND_TLL);
	act_output_in_port(f->b);
	end(f);
	go(f, 3);
	assert_int_equal(f->w->n_outs, 1);
	assert_int_equal(f->w->outs[0].ofport, 3);
	assert_int_equal(f->w->outs[0].size, sizeof(advertisement));
	assert_memory_equal(f->w->outs[0].frame, advertisement, sizeof(advertisement));
}

/* Read in one go, in any order: highest priority first all the same. */
static void test_load(void **state)
{
	struct fixture *f = *state;
	static const uint16_t priorities[] = {5, 300, 10, 1, 200};

	for (size_t i = 0; i < 5; i++) {
		struct rule r;

		begin(f, T0, priorities[i]);
		act_output(f->b, priorities[i]);
		assert_null(build_end(f->b, &r));
		walk_switch_load(f->sw, &r);
	}
	walk_switch_loaded(f->sw);
	go(f, 1);
	assert_int_equal(f->w->n_outs, 1);
	assert_int_equal(f->w->outs[0].ofport, 300);
	begin(f, T0, 400);
	act_output(f->b, 7);
	end(f);
	go(f, 1);
	assert_int_equal(f->w->outs[0].ofport, 7);
}

/* Ends of tunnels by IPv6, in and out. */
static void test_tunnels_v6(void **state)
{
	static const uint8_t here[16] = {0xfd, [15] = 1}, there[16] = {0xfd, [15] = 2};
	struct fixture *f = *state;

	begin(f, T0, 10);
	match_bytes(f->b, FIELD_TUN_IPV6_SRC, here, NULL);
	act_goto(f->b, T100);
	end(f);
	begin(f, T100, 10);
	act_set_bytes(f->b, FIELD_TUN_IPV6_DST, there);
	act_output(f->b, 9);
	end(f);
	go(f, 1);
	assert_true(f->w->missed);
	memcpy(f->w->tun_src6, here, 16);
	go(f, 1);
	assert_int_equal(f->w->n_outs, 1);
	assert_memory_equal(f->w->outs[0].tun_dst6, there, 16);
}

/* Slots by number, or by the hash of Open vSwitch: alike both ways, of UDP ports too. */
static void test_multipath(void **state)
{
	enum { SLOTS = 16 };
	struct fixture *f = *state;
	size_t hits[SLOTS] = {0};

	begin(f, T0, 1);
	act_multipath(f->b, FIELD_REG12, SLOTS);
	act_goto(f->b, T60);
	end(f);
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		begin(f, T60, 1);
		match_u(f->b, FIELD_REG12, slot);
		act_output(f->b, 100 + slot);
		end(f);
	}
	for (f->w->choice = 0; f->w->choice < 40; f->w->choice++) {
		go(f, 3);
		assert_int_equal(f->w->n_choices, 1);
		assert_int_equal(f->w->n_outs, 1);
		assert_int_equal(f->w->outs[0].ofport, 100 + f->w->choice % SLOTS);
	}
	f->w->choice = WALK_BY_HASH;
	wire_put_u16(f->frame + 12, 0x0800);
	memcpy(f->frame + 14, (uint8_t[]){0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}, 20);
	for (uint16_t port = 0; port < 1600; port++) {
		uint32_t there;

		wire_put_u16(f->frame + 34, 20000 + port);
		wire_put_u16(f->frame + 36, 53);
		f->frame[29] = 1;
		f->frame[33] = 2;
		go(f, 3);
		assert_int_equal(f->w->n_outs, 1);
		there = f->w->outs[0].ofport;
		hits[there - 100]++;
		wire_put_u16(f->frame + 34, 53);
		wire_put_u16(f->frame + 36, 20000 + port);
		f->frame[29] = 2;
		f->frame[33] = 1;
		go(f, 3);
		assert_int_equal(f->w->outs[0].ofport, there);
	}
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		assert_in_range(hits[slot], 50, 200);
}

static void test_multipath_takes_2_to_256(void **state)
{
	struct fixture *f = *state;
	static const unsigned bad[] = {0, 1, MULTIPATH_MAX + 1};
	struct rule r;

	for (size_t i = 0; i < 3; i++) {
		begin(f, T0, 1);
		act_multipath(f->b, FIELD_REG12, bad[i]);
		assert_non_null(build_end(f->b, &r));
	}
	begin(f, T0, 1);
	act_multipath(f->b, FIELD_VLAN_VID, 16);
	assert_non_null(build_end(f->b, &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_multipath),
		TEST(test_multipath_takes_2_to_256),
		TEST(test_tables),
		TEST(test_ambiguous),
		TEST(test_in_port),
		TEST(test_tags),
		TEST(test_tunnels),
		TEST(test_set_fields),
		TEST(test_checksums),
		TEST(test_groups),
		TEST(test_choice),
		TEST(test_many_groups),
		TEST(test_action_set),
		TEST(test_limits),
		TEST(test_corpus),
		TEST(test_arp_answer),
		TEST(test_nd_answer),
		TEST(test_load),
		TEST(test_tunnels_v6),
	};

	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
