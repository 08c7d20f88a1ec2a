/* SPDX-License-Identifier: Apache-2.0 */
/* What Open vSwitch adds to OpenFlow: conjunctions, connection tracking, copies
 * that go again; built, and walked. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/ofproto/walk_world.h"

static int set_up(void **state)
{
	static const uint8_t head[] = {
		2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa, 8, 0,
		0x45, 0xb8, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x30, 0x39, 0, 80,
	};
	int failed = walked_up(state);
	struct fixture *f = *state;

	memcpy(f->frame, head, sizeof(head));
	return failed;
}

static void clause(struct fixture *f, uint16_t priority, enum field field, uint32_t value, unsigned n)
{
	walked_begin(f, T0, priority);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	if (field == FIELD_TCP_DST)
		match_u(f->b, FIELD_IP_PROTO, 6);
	match_u(f->b, field, value);
	act_conjunction(f->b, priority, n, 2);
	walked_end(f);
}

static void outs(struct fixture *f, uint16_t priority, bool is_id, uint32_t port)
{
	walked_begin(f, T0, priority);
	if (is_id)
		match_u(f->b, FIELD_CONJ_ID, priority);
	act_output(f->b, port);
	walked_end(f);
}

static uint32_t only_out(struct fixture *f)
{
	walked_go(f, 1);
	assert_false(f->w->ambiguous);
	assert_int_equal(f->w->n_outs, 1);
	return f->w->outs[0].ofport;
}

static void test_conjunction(void **state)
{
	struct fixture *f = *state;

	outs(f, 1, false, 11);
	clause(f, 20, FIELD_IPV4_SRC, 0x0a000001, 0);
	clause(f, 20, FIELD_IPV4_SRC, 0x0a000009, 0);
	clause(f, 20, FIELD_TCP_DST, 22, 1);
	assert_int_equal(only_out(f), 11);
	clause(f, 20, FIELD_TCP_DST, 80, 1);
	/* Met, but nothing acts on it. */
	assert_int_equal(only_out(f), 11);
	outs(f, 20, true, 12);
	assert_int_equal(only_out(f), 12);
	/* Half of a higher one does not count, a row between them does. */
	clause(f, 40, FIELD_IPV4_DST, 0x0a000002, 0);
	clause(f, 40, FIELD_TCP_DST, 81, 1);
	outs(f, 40, true, 13);
	assert_int_equal(only_out(f), 12);
	f->frame[37] = 81;
	assert_int_equal(only_out(f), 13);
	f->frame[37] = 80;
	outs(f, 30, false, 14);
	assert_int_equal(only_out(f), 14);
}

static void test_two_met_at_once(void **state)
{
	struct fixture *f = *state;

	outs(f, 1, false, 11);
	clause(f, 20, FIELD_IPV4_SRC, 0x0a000001, 0);
	clause(f, 20, FIELD_TCP_DST, 80, 1);
	outs(f, 20, true, 12);
	walked_begin(f, T0, 20);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	match_u(f->b, FIELD_IPV4_DST, 0x0a000002);
	act_conjunction(f->b, 99, 0, 2);
	walked_end(f);
	walked_begin(f, T0, 20);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	match_u(f->b, FIELD_IP_PROTO, 6);
	act_conjunction(f->b, 99, 1, 2);
	walked_end(f);
	walked_go(f, 1);
	assert_true(f->w->ambiguous);
}

static void tracked(struct fixture *f, uint32_t bits, uint32_t mark, uint32_t port)
{
	walked_begin(f, T60, (uint16_t) (10 + port));
	match_um(f->b, FIELD_CT_STATE, bits, bits);
	if (mark)
		match_u(f->b, FIELD_CT_MARK, mark);
	act_output(f->b, port);
	walked_end(f);
}

static void test_tracking(void **state)
{
	struct fixture *f = *state;

	walked_begin(f, T0, 1);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct(f->b, 77, T60);
	walked_end(f);
	tracked(f, TRACKED | TRACKED_NEW, 0, 1 + 10);
	tracked(f, TRACKED | TRACKED_ESTABLISHED, 0, 2 + 10);
	tracked(f, TRACKED | TRACKED_ESTABLISHED, 5, 3 + 10);
	assert_int_equal(only_out(f), 11);
	assert_int_equal(f->w->n_commits, 0);
	f->w->ct_state = TRACKED | TRACKED_ESTABLISHED;
	assert_int_equal(only_out(f), 12);
	f->w->ct_mark = 5;
	assert_int_equal(only_out(f), 13);
	walked_begin(f, T60, 99);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct_commit(f->b, 78, 9);
	act_output(f->b, 7);
	walked_end(f);
	assert_int_equal(only_out(f), 7);
	assert_int_equal(f->w->n_commits, 1);
	assert_int_equal(f->w->commit_zone, 78);
	assert_int_equal(f->w->commit_mark, 9);
}

/* 10.0.0.1, MAC 02:..:0a, becomes 192.0.2.250 in a new connection; the label keeps MAC and REG2. */
static void translating(struct fixture *f)
{
	static const uint8_t ip[4] = {192, 0, 2, 250};
	static const struct ct_keep keeps[] = {{FIELD_ETH_SRC, 0}, {FIELD_REG2, 64}};
	const struct ct_nat to = {.zone = 77, .commits = true, .source = ip, .keeps = keeps, .n_keeps = 2};
	const struct ct_nat back = {.zone = 77};

	walked_begin(f, T0, 1);
	act_set_u(f->b, FIELD_REG2, 0x80000007);
	act_goto(f->b, T60);
	walked_end(f);
	walked_begin(f, T60, 2);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	match_u(f->b, FIELD_IPV4_DST, 0x0a000002);
	act_ct_nat(f->b, &to, T70);
	walked_end(f);
	walked_begin(f, T60, 1);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct_nat(f->b, &back, T70);
	walked_end(f);
	tracked(f, TRACKED, 0, 9);
	walked_begin(f, T70, 3);
	match_um(f->b, FIELD_CT_STATE, TRACKED_DNAT, TRACKED_DNAT);
	match_bytes(f->b, FIELD_CT_LABEL, (const uint8_t[16]) {[4] = 0x80}, (const uint8_t[16]) {[4] = 0x80});
	act_move_part(f->b, FIELD_CT_LABEL, 0, FIELD_ETH_DST);
	act_output(f->b, 8);
	walked_end(f);
	walked_begin(f, T70, 2);
	match_um(f->b, FIELD_CT_STATE, TRACKED_SNAT, TRACKED_SNAT);
	act_output(f->b, 7);
	walked_end(f);
	walked_begin(f, T70, 1);
	act_output(f->b, 6);
	walked_end(f);
}

/* Of the header of IPv4, and of TCP with its pseudo header: as good as it was. */
static uint32_t sum(const uint8_t *frame, size_t from, size_t to)
{
	uint32_t s = 0;

	for (size_t i = from; i < to; i += 2)
		s += wire_u16(frame + i);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static void test_translation(void **state)
{
	static const uint8_t label[16] = {[4] = 0x80, 0, 0, 7, [10] = 2, 0, 0, 0, 0, 0xa};
	struct fixture *f = *state;

	translating(f);
	assert_int_equal(only_out(f), 7);
	assert_true(f->w->translated && f->w->n_commits == 1 && f->w->commit_zone == 77 && f->w->commit_mark == 0);
	assert_memory_equal(f->w->commit_label, label, 16);
	assert_memory_equal(f->w->outs[0].frame + 26, ((uint8_t[]) {192, 0, 2, 250, 10, 0, 0, 2}), 8);
	assert_int_equal(sum(f->w->outs[0].frame, 14, 34), sum(f->frame, 14, 34));
	assert_int_equal(sum(f->w->outs[0].frame, 26, 60), sum(f->frame, 26, 60));
	/* A later packet has the source by what is known, and so has a reply its destination back. */
	f->w->ct_state = TRACKED | TRACKED_ESTABLISHED;
	f->w->ct_translates = true;
	memcpy(f->w->ct_ip, (uint8_t[]) {192, 0, 2, 250}, 4);
	memcpy(f->w->ct_label, label, 16);
	f->frame[33] = 3;
	assert_int_equal(only_out(f), 7);
	assert_true(!f->w->translated && !f->w->n_commits);
	assert_memory_equal(f->w->outs[0].frame + 26, ((uint8_t[]) {192, 0, 2, 250, 10, 0, 0, 3}), 8);
	f->w->ct_state |= TRACKED_REPLY;
	memcpy(f->w->ct_ip, (uint8_t[]) {10, 0, 0, 99}, 4);
	assert_int_equal(only_out(f), 8);
	assert_memory_equal(f->w->outs[0].frame + 26, ((uint8_t[]) {10, 0, 0, 1, 10, 0, 0, 99}), 8);
	assert_memory_equal(f->w->outs[0].frame, ((uint8_t[]) {2, 0, 0, 0, 0, 0xa}), 6);
	/* One that is not translated stays as it is. */
	f->w->ct_translates = false;
	assert_int_equal(only_out(f), 6);
}

static void test_translation6(void **state)
{
	static const uint8_t ip[16] = {0xfd, [15] = 9};
	const struct ct_nat to = {.zone = 77, .commits = true, .is_v6 = true, .source = ip};
	struct fixture *f = *state;

	walked_begin(f, T0, 2);
	match_u(f->b, FIELD_ETH_TYPE, 0x86dd);
	act_ct_nat(f->b, &to, T60);
	walked_end(f);
	walked_begin(f, T60, 1);
	act_output(f->b, 7);
	walked_end(f);
	memset(f->frame + 12, 0, sizeof(f->frame) - 12);
	memcpy(f->frame + 12, (uint8_t[]) {0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 6, 64}, 10);
	f->size = 80;
	assert_int_equal(only_out(f), 7);
	assert_true(f->w->translated);
	assert_memory_equal(f->w->outs[0].frame + 22, ip, 16);
}

static void test_again(void **state)
{
	struct fixture *f = *state;

	walked_begin(f, T0, 1);
	act_set_u(f->b, FIELD_REG2, 1);
	act_goto(f->b, T100);
	walked_end(f);
	walked_begin(f, T60, 1);
	match_u(f->b, FIELD_REG2, 5);
	act_push_vlan(f->b);
	act_set_u(f->b, FIELD_VLAN_VID, VLAN_PRESENT | 9);
	act_output(f->b, 5);
	walked_end(f);
	walked_begin(f, T100, 1);
	act_again(f->b, FIELD_REG2, 5, T60);
	act_again(f->b, FIELD_REG2, 6, T60);
	act_output(f->b, 6);
	walked_end(f);
	walked_go(f, 1);
	assert_int_equal(f->w->n_outs, 2);
	assert_int_equal(f->w->outs[0].ofport, 5);
	assert_int_equal(wire_u16(f->w->outs[0].frame + 12), 0x8100);
	/* What the copy did does not show; one that matched nothing was told of. */
	assert_int_equal(f->w->outs[1].ofport, 6);
	assert_int_equal(wire_u16(f->w->outs[1].frame + 12), 0x0800);
	assert_true(f->w->missed);
}

static void test_fields(void **state)
{
	struct fixture *f = *state;

	outs(f, 1, false, 11);
	walked_begin(f, T0, 2);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	match_u(f->b, FIELD_IP_DSCP, 46);
	act_output(f->b, 12);
	walked_end(f);
	assert_int_equal(only_out(f), 12);
	f->frame[15] = 0;
	assert_int_equal(only_out(f), 11);
	walked_begin(f, T0, 3);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	match_u(f->b, FIELD_IP_PROTO, 132);
	match_um(f->b, FIELD_SCTP_DST, 64, 0xffc0);
	act_output(f->b, 13);
	walked_end(f);
	f->frame[23] = 132;
	assert_int_equal(only_out(f), 13);
	/* A later fragment has no ports. */
	f->frame[21] = 1;
	assert_int_equal(only_out(f), 11);
}

static void breach(struct fixture *f, const char *text)
{
	struct rule r;
	const char *error = build_end(f->b, &r);

	assert_non_null(error);
	if (!strstr(error, text))
		fail_msg("\"%s\" is not in \"%s\"", text, error);
}

static void test_breaches(void **state)
{
	static const struct table_contract narrow[] = {
		{.name = "a", .owner = "one", .id = 0, .match = ~0ULL, .set = ~0ULL, .next = 2},
		{.name = "b", .owner = "one", .id = 10, .match = ~0ULL, .set = ~0ULL, .outputs = true, .tracks = true},
	};
	struct fixture *f = *state;

	walked_begin(f, T0, 1);
	act_conjunction(f->b, 1, 0, 1);
	breach(f, "a conjunction has 2 to 64");
	walked_begin(f, T0, 1);
	act_conjunction(f->b, 1, 0, 2);
	act_output(f->b, 1);
	breach(f, "no other actions");
	walked_begin(f, T0, 1);
	act_output(f->b, 1);
	act_conjunction(f->b, 1, 0, 2);
	breach(f, "no other actions");
	walked_begin(f, T0, 1);
	act_conjunction(f->b, 1, 0, 2);
	act_conjunction(f->b, 1, 1, 2);
	breach(f, "a row in two clauses");
	walked_begin(f, T0, 1);
	act_ct(f->b, 1, T60);
	breach(f, "the actions do not fit the match");
	walked_begin(f, T0, 1);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct(f->b, 0, T60);
	breach(f, "zone 0 is everybody's");
	walked_begin(f, T0, 1);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct(f->b, 1, T60);
	act_output(f->b, 1);
	breach(f, "after goto");
	walked_begin(f, T0, 1);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct_nat(f->b, &(struct ct_nat) {.zone = 1, .source = (const uint8_t[4]) {10}}, T60);
	breach(f, "only what is remembered");
	walked_begin(f, T0, 1);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct_nat(f->b, &(struct ct_nat) {.zone = 1, .commits = true, .is_v6 = true, .source = (const uint8_t[16]) {10}}, T60);
	breach(f, "the actions do not fit the match");
	walked_begin(f, T0, 1);
	act_move_part(f->b, FIELD_CT_LABEL, 96, FIELD_ETH_DST);
	breach(f, "cannot be moved");
	build_free(f->b);
	f->b = build_new(narrow, 2);
	walked_begin(f, 0, 1);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct(f->b, 1, 1);
	breach(f, "this table does not track");
	walked_begin(f, 1, 1);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct(f->b, 1, 0);
	breach(f, "may not go to table a");
	walked_begin(f, 1, 1);
	act_again(f->b, FIELD_REG2, 1, 0);
	breach(f, "may not go again");
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, walked_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_conjunction),
		TEST(test_two_met_at_once),
		TEST(test_tracking),
		TEST(test_translation),
		TEST(test_translation6),
		TEST(test_again),
		TEST(test_fields),
		TEST(test_breaches),
	};

	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
