/* SPDX-License-Identifier: Apache-2.0 */
/* The contract: what must not be built, and the words in which it is said. That
 * everything else can be built is the corpus, in test_readback. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "corpus.h"
#include "ofproto/field.h"
#include "ofproto/ovs.h"

enum { A, B, C, N };

/* A narrow pipeline: a -> b -> c. */
static const struct table_contract tables[N] = {
	[A] = {.name = "a", .owner = "first", .id = 0, .next = 1 << B, .punts = true,
	       .match = FIELD_BIT(IN_PORT) | FIELD_BIT(VLAN_VID) | FIELD_BIT(VLAN_PCP) | FIELD_BIT(ETH_TYPE)
			| FIELD_BIT(IPV4_SRC) | FIELD_BIT(ARP_OP) | FIELD_BIT(ETH_SRC) | FIELD_BIT(IPV6_DST),
	       .set = FIELD_BIT(REG0) | FIELD_BIT(VLAN_VID) | FIELD_BIT(ARP_OP) | FIELD_BIT(ETH_TYPE)
			| FIELD_BIT(VLAN_PCP)},
	[B] = {.name = "b", .owner = "second", .id = 10, .next = 1 << A | 1 << C, .match = FIELD_BIT(REG0),
	       .outputs = true},
	[C] = {.name = "c", .owner = "third", .id = 20, .match = FIELD_BIT(REG0), .set = FIELD_BIT(REG0)},
};

static struct build *b;
static struct rule rule;

static int setup(void **state)
{
	(void) state;
	b = build_new(tables, N);
	return 0;
}

static int teardown(void **state)
{
	(void) state;
	build_free(b);
	return 0;
}

static void begin(unsigned table)
{
	build_flow(b, table, 7, 0);
}

#define assert_breach(TEXT) do { \
	const char *error_ = build_end(b, &rule); \
	assert_non_null(error_); \
	assert_string_equal(error_, TEXT); \
} while (0)
#define assert_fine() do { \
	const char *error_ = build_end(b, &rule); \
	if (error_) \
		fail_msg("%s", error_); \
} while (0)

static void test_contract(void **state)
{
	(void) state;
	begin(A);
	match_u(b, FIELD_REG0, 1);
	assert_breach("table a (app first), priority 7: reg0 may not be matched here");
	begin(B);
	act_set_u(b, FIELD_REG0, 1);
	assert_breach("table b (app second), priority 7: reg0 may not be set here");
	begin(B);
	act_pop_vlan(b);
	assert_breach("table b (app second), priority 7: vlan_vid may not be set here");
	begin(B);
	act_push_vlan(b);
	assert_breach("table b (app second), priority 7: vlan_vid may not be set here");
	begin(A);
	act_goto(b, C);
	assert_breach("table a (app first), priority 7: may not go to table c");
	begin(B);
	act_goto(b, A);
	assert_breach("table b (app second), priority 7: cannot go back to table a");
	begin(B);
	act_goto(b, N);
	assert_breach("table b (app second), priority 7: there is no table with index 3");
	begin(A);
	act_output(b, 1);
	assert_breach("table a (app first), priority 7: output: this table does not output");
	begin(A);
	act_output_in_port(b);
	assert_breach("table a (app first), priority 7: output to in_port: this table does not output");
	begin(B);
	act_multipath(b, FIELD_REG0, 16);
	assert_breach("table b (app second), priority 7: reg0 may not be set here");
	build_group(b, 1, GROUP_ALL);
	build_bucket(b, 0, 0);
	act_multipath(b, FIELD_REG12, 16);
	assert_breach("group 0x1: multipath belongs to a flow");
	begin(A);
	act_group(b, 1);
	assert_breach("table a (app first), priority 7: group: this table does not output");
	begin(B);
	act_controller(b, 128, 0);
	assert_breach("table b (app second), priority 7: controller: this table does not punt");
	begin(B);
	act_controller(b, 128, 5);
	assert_breach("table b (app second), priority 7: controller: this table does not punt");
	build_flow(b, N, 7, 0);
	match_u(b, FIELD_REG0, 1);
	assert_breach("there is no table with index 3");
	/* The first breach is the one that is told, and it does not last. */
	begin(A);
	match_u(b, FIELD_REG0, 1);
	act_output(b, 1);
	assert_breach("table a (app first), priority 7: reg0 may not be matched here");
	begin(A);
	match_u(b, FIELD_IN_PORT, 1);
	act_set_u(b, FIELD_REG0, 5);
	act_controller(b, 128, 0);
	act_goto(b, B);
	assert_fine();
}

static void test_prerequisites(void **state)
{
	(void) state;
	begin(A);
	match_u(b, FIELD_IPV4_SRC, 0x0a000001);
	assert_breach("table a (app first), priority 7: a match on ipv4_src needs one on eth_type before it "
		      "means anything");
	begin(A);
	match_u(b, FIELD_IPV4_SRC, 0x0a000001);
	match_u(b, FIELD_ETH_TYPE, 0x0800);     /* in any order */
	assert_fine();
	begin(A);
	match_u(b, FIELD_IPV4_SRC, 0x0a000001);
	match_u(b, FIELD_ETH_TYPE, 0x86dd);
	assert_non_null(build_end(b, &rule));
	begin(A);
	match_u(b, FIELD_ARP_OP, 1);
	match_u(b, FIELD_ETH_TYPE, 0x0800);
	assert_non_null(build_end(b, &rule));
	begin(A);
	match_u(b, FIELD_VLAN_PCP, 1);
	assert_breach("table a (app first), priority 7: a match on vlan_pcp needs one on vlan_vid with a tag");
	begin(A);
	match_u(b, FIELD_VLAN_PCP, 1);
	match_u(b, FIELD_VLAN_VID, VLAN_NONE);
	assert_non_null(build_end(b, &rule));
	begin(A);
	match_u(b, FIELD_VLAN_VID, VLAN_NONE);
	match_u(b, FIELD_VLAN_PCP, 1);
	assert_non_null(build_end(b, &rule));
}

static void test_values(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1}, low[6] = {0, 0, 0, 0, 0, 0xff}, none[6];

	(void) state;
	begin(A);
	match_u(b, FIELD_VLAN_VID, 0x10000);
	assert_breach("table a (app first), priority 7: vlan_vid has 2 bytes, 0x10000 does not fit");
	begin(A);
	match_u(b, FIELD_IPV6_DST, 1);
	assert_breach("table a (app first), priority 7: ipv6_dst has 16 bytes, 0x1 does not fit");
	begin(B);
	match_um(b, FIELD_REG0, 3, 2);
	assert_breach("table b (app second), priority 7: reg0: value 0x3 has bits outside of its mask 0x2");
	begin(B);
	match_um(b, FIELD_REG0, 0, 0);
	assert_breach("table b (app second), priority 7: reg0: a mask of 0 matches everything");
	begin(A);
	match_bytes(b, FIELD_ETH_SRC, mac, low);
	assert_non_null(build_end(b, &rule));
	begin(A);
	match_bytes(b, FIELD_ETH_SRC, none, none);
	assert_non_null(build_end(b, &rule));
	begin(A);
	match_u(b, FIELD_ETH_TYPE, 0x0806);
	match_u(b, FIELD_ARP_OP, 0x1234);       /* Open vSwitch keeps 8 bits and refuses more */
	assert_breach("table a (app first), priority 7: arp_op: the value or mask is one that Open vSwitch "
		      "refuses");
	begin(A);
	match_u(b, FIELD_VLAN_VID, 0x2000);
	assert_non_null(build_end(b, &rule));
	begin(B);
	match_u(b, FIELD_REG0, 1);
	match_u(b, FIELD_REG0, 1);
	assert_breach("table b (app second), priority 7: reg0 is matched twice");
	begin(A);
	act_set_u(b, FIELD_ETH_TYPE, 0x0800);
	assert_breach("table a (app first), priority 7: eth_type cannot be set");
}

/* A mask of all ones is no mask. */
static void test_full_mask(void **state)
{
	uint8_t msg[512];
	struct rule first;

	(void) state;
	begin(B);
	match_u(b, FIELD_REG0, 5);
	assert_fine();
	first = rule;
	memcpy(msg, rule.msg, rule.size);
	first.msg = msg;
	begin(B);
	match_um(b, FIELD_REG0, 5, 0xffffffff);
	assert_fine();
	assert_true(rule_key_equal(&first, &rule));
}

static void test_actions(void **state)
{
	(void) state;
	begin(A);
	act_set_u(b, FIELD_ARP_OP, 2);
	assert_breach("table a (app first), priority 7: the actions do not fit the match "
		      "(OFPBAC_MATCH_INCONSISTENT): a field is set that such a frame may not have, or a tag popped");
	begin(A);
	match_u(b, FIELD_ETH_TYPE, 0x0806);
	act_set_u(b, FIELD_ARP_OP, 2);
	assert_fine();
	begin(A);
	act_pop_vlan(b);
	assert_non_null(build_end(b, &rule));
	begin(A);
	act_set_u(b, FIELD_VLAN_VID, VLAN_PRESENT | 5);
	assert_non_null(build_end(b, &rule));
	begin(A);
	act_push_vlan(b);
	act_set_u(b, FIELD_VLAN_VID, VLAN_PRESENT | 5);
	assert_fine();
	begin(A);
	act_push_vlan(b);
	act_set_u(b, FIELD_VLAN_VID, 5);        /* forgot the bit */
	assert_breach("table a (app first), priority 7: vlan_vid is set without VLAN_PRESENT: that takes the tag off");
	begin(A);
	match_um(b, FIELD_VLAN_VID, VLAN_PRESENT, VLAN_PRESENT);
	act_pop_vlan(b);
	act_push_vlan(b);
	act_pop_vlan(b);
	assert_breach("table a (app first), priority 7: a second pop_vlan: Open vSwitch refuses it, goto and pop "
		      "there");
	begin(A);
	act_goto(b, B);
	act_set_u(b, FIELD_REG0, 1);
	assert_breach("table a (app first), priority 7: set-field after goto");
}

static void test_ports(void **state)
{
	static const uint32_t good[] = {1, 0xfeff, 0xfffffffe}, bad[] = {
		0, 0xff00, 0x10000, 0xfffffff8, 0xfffffff9, 0xfffffffa, 0xfffffffb, 0xfffffffc, 0xfffffffd, 0xffffffff,
	};

	(void) state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		begin(B);
		act_output(b, good[i]);
		assert_fine();
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		begin(B);
		act_output(b, bad[i]);
		assert_non_null(build_end(b, &rule));
	}
}

static void test_order(void **state)
{
	(void) state;
	assert_breach("no rule was begun");
	begin(B);
	assert_fine();
	assert_breach("no rule was begun");
	build_meter(b, 5, true, 1, 1);
	match_u(b, FIELD_REG0, 1);
	assert_breach("meter 5: a match belongs to a flow");
	build_meter(b, 5, true, 1, 1);
	act_output(b, 1);
	assert_breach("meter 5: output belongs to a flow or a bucket");
	build_group(b, 5, GROUP_ALL);
	act_output(b, 1);
	assert_breach("group 0x5: output before the first bucket");
	build_group(b, 5, GROUP_ALL);
	build_bucket(b, 0, 0);
	act_goto(b, B);
	assert_breach("group 0x5: goto belongs to a flow");
	begin(B);
	build_bucket(b, 0, 0);
	assert_breach("table b (app second), priority 7: a bucket belongs to a group");
	build_group(b, 5, GROUP_ALL);
	build_idle(b, 5);
	assert_non_null(build_end(b, &rule));
}

static void test_groups(void **state)
{
	(void) state;
	build_group(b, 0x5, GROUP_INDIRECT);
	assert_breach("group 0x5: an indirect group has one bucket, not 0");
	build_group(b, 0x5, GROUP_FF);
	build_bucket(b, 0, 0);
	assert_breach("group 0x5: a fail-over bucket without a port to watch is never alive");
	build_group(b, 0x5, GROUP_SELECT);
	build_bucket_watching(b, 6);
	assert_breach("group 0x5: a bucket of a fail-over group may watch another group");
	build_group(b, 0x5, GROUP_FF);
	build_bucket_watching(b, 5);
	assert_breach("group 0x5: a bucket of a fail-over group may watch another group");
	build_group(b, 0x5, GROUP_SELECT);
	build_bucket(b, 0, 0);
	assert_breach("group 0x5: a bucket of weight 0 is never selected");
	build_group(b, 0x5, GROUP_ALL);
	build_bucket(b, 0, 1);
	assert_breach("group 0x5: buckets of this type watch no port");
	build_group(b, 0xffffff01, GROUP_ALL);
	assert_breach("group 0xffffff01: group ids end at 0xffffff00");
	build_group(b, 0x5, GROUP_ALL);
	for (int i = 0; i < 4000; i++) {
		build_bucket(b, 0, 0);
		act_output(b, 1);
	}
	assert_breach("group 0x5: the message would be longer than 65535 bytes");
	build_group(b, 0x5, GROUP_ALL);
	for (int i = 0; i < 1000; i++) {
		build_bucket(b, 0, 0);
		act_output(b, 1);
	}
	assert_fine();
	assert_int_equal(rule.size, 16 + 1000 * 32);
	/* Buckets are action sets. */
	build_group(b, 0x5, GROUP_ALL);
	build_bucket(b, 0, 0);
	act_output(b, 1);
	act_output(b, 2);
	assert_breach("group 0x5: output after the output of a bucket, which is its last action");
	build_group(b, 0x5, GROUP_ALL);
	build_bucket(b, 0, 0);
	act_output(b, 1);
	build_bucket(b, 0, 0);
	act_output(b, 2);
	assert_fine();
	build_group(b, 0x5, GROUP_ALL);
	build_bucket(b, 0, 0);
	act_set_u(b, FIELD_REG0, 1);
	act_push_vlan(b);
	assert_breach("group 0x5: push_vlan too late: a bucket pops, then pushes, then sets, then outputs");
	build_group(b, 0x5, GROUP_ALL);
	build_bucket(b, 0, 0);
	act_controller(b, 64, 9);
	assert_breach("group 0x5: controller with a meter does not run in a bucket");
	build_meter(b, 0, true, 1, 1);
	assert_breach("meter 0: no meter id");
	build_meter(b, 1, true, 0, 1);
	assert_breach("meter 1: a rate of 0 lets nothing pass");
}

static void test_long_list(void **state)
{
	(void) state;
	begin(B);
	for (int i = 0; i < 5000; i++)
		act_output(b, 1);
	assert_breach("table b (app second), priority 7: the message would be longer than 65535 bytes");
	begin(B);
	for (int i = 0; i < 4000; i++)
		act_output(b, 1);
	assert_fine();
	assert_int_equal(rule.size, 48 + 8 + 8 + 4000 * 16);
}

static void test_plain(void **state)
{
	(void) state;
	begin(B);
	build_plain(b);
	assert_fine();
	assert_true(rule.plain);
	begin(B);
	assert_fine();
	assert_false(rule.plain);
}

/* field.c says what the library encodes. */
static void test_field_table(void **state)
{
	struct build *all = build_new(corpus_tables, CORPUS_TABLES);

	(void) state;
	for (int i = 0; i < N_FIELDS; i++) {
		uint8_t value[16];

		/* Of its 32 bits Open vSwitch knows 8: always under a mask on the wire. */
		if (i == FIELD_CT_STATE)
			continue;
		corpus_value((enum field) i, 0x123456789abcdefULL * (uint64_t) (i + 1), value);
		build_flow(all, 0, 1, 0);
		corpus_prerequisites(all, (enum field) i);
		corpus_match(all, (enum field) i, value, NULL);
		assert_null(build_end(all, &rule));
		if (!field_infos[i].oxm) {
			assert_int_equal(field_in_match(&rule, (enum field) i), 0);
			continue;
		}
		assert_true(field_in_match(&rule, (enum field) i) > 0);
		assert_memory_equal(rule.msg + field_in_match(&rule, (enum field) i), value, field_infos[i].size);
	}
	build_free(all);
}

static void test_moves(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	struct build *all = build_new(corpus_tables, CORPUS_TABLES);
	uint8_t got[16];

	(void) state;
	build_flow(all, 0, 1, 0);
	act_move(all, FIELD_ETH_SRC, FIELD_REG0);
	assert_non_null(strstr(build_end(all, &rule), "eth_src cannot be moved to reg0"));
	build_flow(all, 0, 1, 0);
	act_move(all, FIELD_ARP_SHA, FIELD_ETH_DST);    /* of a frame that may be no ARP */
	assert_non_null(strstr(build_end(all, &rule), "do not fit the match"));
	build_flow(all, 0, 1, 0);
	match_u(all, FIELD_ETH_TYPE, 0x0806);
	match_bytes(all, FIELD_ARP_TPA, (const uint8_t[4]) {10, 0, 0, 1}, NULL);
	act_move(all, FIELD_ETH_SRC, FIELD_ETH_DST);
	act_set_bytes(all, FIELD_ETH_SRC, mac);
	act_forget_in_port(all);
	assert_null(build_end(all, &rule));
	assert_true(rule_match_bytes(&rule, FIELD_ARP_TPA, got));
	assert_memory_equal(got, ((const uint8_t[4]) {10, 0, 0, 1}), 4);
	assert_false(rule_match_bytes(&rule, FIELD_ARP_SPA, got));
	assert_true(rule_set_mac(&rule, FIELD_ETH_SRC, got));
	assert_memory_equal(got, mac, 6);
	assert_false(rule_set_mac(&rule, FIELD_ETH_DST, got));
	assert_false(rule_set_mac(&rule, FIELD_ARP_OP, got));
	begin(A);
	match_um(b, FIELD_VLAN_VID, VLAN_PRESENT, VLAN_PRESENT);
	act_move_into(b, FIELD_VLAN_PCP, FIELD_REG0);
	assert_fine();
	begin(A);
	act_move_into(b, FIELD_VLAN_PCP, FIELD_REG0);   /* of a frame that may have no tag */
	assert_non_null(strstr(build_end(b, &rule), "do not fit the match"));
	build_flow(all, 0, 1, 0);
	act_move_into(all, FIELD_REG0, FIELD_VLAN_PCP);
	assert_non_null(strstr(build_end(all, &rule), "reg0 cannot be moved to vlan_pcp"));
	build_free(all);
	/* A table that may not set in_port. */
	begin(A);
	act_forget_in_port(b);
	assert_breach("table a (app first), priority 7: in_port may not be set here");
	begin(A);
	act_move(b, FIELD_REG0, FIELD_REG2);
	assert_breach("table a (app first), priority 7: reg2 may not be set here");
}

static void test_meter_of_a_flow(void **state)
{
	static const struct table_contract may[] = {
		{ .name = "m", .owner = "app", .id = 3, .meters = true, .next = 2 }, { .name = "n", .owner = "app", .id = 4 },
	};
	struct build *m = build_new(may, 2);
	char text[200];
	(void) state;
	build_flow(m, 0, 7, 0);
	act_meter(m, 0x10010);
	act_goto(m, 1);
	assert_null(build_end(m, &rule));
	rule_format(&rule, text, sizeof text);
	assert_non_null(strstr(text, "actions=meter:65552,goto_table:4"));
	build_flow(m, 0, 7, 0);
	act_meter(m, 1);
	act_meter(m, 2);
	assert_string_equal(build_end(m, &rule), "table m (app app), priority 7: a meter after other actions: it comes first");
	build_flow(m, 0, 7, 0);
	act_meter(m, 0);
	assert_string_equal(build_end(m, &rule), "table m (app app), priority 7: 0x0 is no meter");
	build_free(m);
	begin(A);
	act_meter(b, 1);
	assert_breach("table a (app first), priority 7: a meter: this table does not limit");
	build_meter(b, 5, true, 1, 1);
	act_meter(b, 1);
	assert_breach("meter 5: a meter belongs to a flow");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_contract, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prerequisites, setup, teardown),
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_mask, setup, teardown),
		cmocka_unit_test_setup_teardown(test_actions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test(test_field_table),
		cmocka_unit_test_setup_teardown(test_moves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_meter_of_a_flow, setup, teardown),
	};

	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
