/* SPDX-License-Identifier: Apache-2.0 */
/* What Open vSwitch adds to OpenFlow: conjunctions, connection tracking, copies
 * that go again; built, and walked. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "corpus.h"
#include "ofproto/ovs.h"
#include "ofproto/walk.h"
#include "ofproto/wire.h"

enum { T0, T60, T70, T100 };

struct fixture {
	struct build *b;
	struct walk_switch *sw;
	struct walk *w;
	uint8_t frame[200];
	size_t size;
};

static int setup(void **state)
{
	static const uint8_t head[] = {
		2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa, 8, 0,
		0x45, 0xb8, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x30, 0x39, 0, 80,
	};
	struct fixture *f = calloc(1, sizeof(*f));

	f->b = build_new(corpus_tables, CORPUS_TABLES);
	f->sw = walk_switch_new();
	f->w = walk_new();
	memcpy(f->frame, head, sizeof(head));
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

static void end(struct fixture *f)
{
	struct rule r;
	const char *error = build_end(f->b, &r);

	if (error)
		fail_msg("%s", error);
	walk_switch_add(f->sw, &r);
}

static void go(struct fixture *f)
{
	walk_frame(f->sw, f->w, 1, f->frame, f->size, 0, 0);
	assert_null(f->w->unknown);
	assert_false(f->w->cut);
}

static void clause(struct fixture *f, uint16_t priority, enum field field, uint32_t value, unsigned n)
{
	begin(f, T0, priority);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	if (field == FIELD_TCP_DST)
		match_u(f->b, FIELD_IP_PROTO, 6);
	match_u(f->b, field, value);
	act_conjunction(f->b, priority, n, 2);
	end(f);
}

static void outs(struct fixture *f, uint16_t priority, bool is_id, uint32_t port)
{
	begin(f, T0, priority);
	if (is_id)
		match_u(f->b, FIELD_CONJ_ID, priority);
	act_output(f->b, port);
	end(f);
}

static uint32_t only_out(struct fixture *f)
{
	go(f);
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
	begin(f, T0, 20);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	match_u(f->b, FIELD_IPV4_DST, 0x0a000002);
	act_conjunction(f->b, 99, 0, 2);
	end(f);
	begin(f, T0, 20);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	match_u(f->b, FIELD_IP_PROTO, 6);
	act_conjunction(f->b, 99, 1, 2);
	end(f);
	go(f);
	assert_true(f->w->ambiguous);
}

static void tracked(struct fixture *f, uint32_t bits, uint32_t mark, uint32_t port)
{
	begin(f, T60, (uint16_t) (10 + port));
	match_um(f->b, FIELD_CT_STATE, bits, bits);
	if (mark)
		match_u(f->b, FIELD_CT_MARK, mark);
	act_output(f->b, port);
	end(f);
}

static void test_tracking(void **state)
{
	struct fixture *f = *state;

	begin(f, T0, 1);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct(f->b, 77, T60);
	end(f);
	tracked(f, TRACKED | TRACKED_NEW, 0, 1 + 10);
	tracked(f, TRACKED | TRACKED_ESTABLISHED, 0, 2 + 10);
	tracked(f, TRACKED | TRACKED_ESTABLISHED, 5, 3 + 10);
	assert_int_equal(only_out(f), 11);
	assert_int_equal(f->w->n_commits, 0);
	f->w->ct_state = TRACKED | TRACKED_ESTABLISHED;
	assert_int_equal(only_out(f), 12);
	f->w->ct_mark = 5;
	assert_int_equal(only_out(f), 13);
	begin(f, T60, 99);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct_commit(f->b, 78, 9);
	act_output(f->b, 7);
	end(f);
	assert_int_equal(only_out(f), 7);
	assert_int_equal(f->w->n_commits, 1);
	assert_int_equal(f->w->commit_zone, 78);
	assert_int_equal(f->w->commit_mark, 9);
}

static void test_again(void **state)
{
	struct fixture *f = *state;

	begin(f, T0, 1);
	act_set_u(f->b, FIELD_REG2, 1);
	act_goto(f->b, T100);
	end(f);
	begin(f, T60, 1);
	match_u(f->b, FIELD_REG2, 5);
	act_push_vlan(f->b);
	act_set_u(f->b, FIELD_VLAN_VID, VLAN_PRESENT | 9);
	act_output(f->b, 5);
	end(f);
	begin(f, T100, 1);
	act_again(f->b, FIELD_REG2, 5, T60);
	act_again(f->b, FIELD_REG2, 6, T60);
	act_output(f->b, 6);
	end(f);
	go(f);
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
	begin(f, T0, 2);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	match_u(f->b, FIELD_IP_DSCP, 46);
	act_output(f->b, 12);
	end(f);
	assert_int_equal(only_out(f), 12);
	f->frame[15] = 0;
	assert_int_equal(only_out(f), 11);
	begin(f, T0, 3);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	match_u(f->b, FIELD_IP_PROTO, 132);
	match_um(f->b, FIELD_SCTP_DST, 64, 0xffc0);
	act_output(f->b, 13);
	end(f);
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

	begin(f, T0, 1);
	act_conjunction(f->b, 1, 0, 1);
	breach(f, "a conjunction has 2 to 64");
	begin(f, T0, 1);
	act_conjunction(f->b, 1, 0, 2);
	act_output(f->b, 1);
	breach(f, "no other actions");
	begin(f, T0, 1);
	act_output(f->b, 1);
	act_conjunction(f->b, 1, 0, 2);
	breach(f, "no other actions");
	begin(f, T0, 1);
	act_conjunction(f->b, 1, 0, 2);
	act_conjunction(f->b, 1, 1, 2);
	breach(f, "a row in two clauses");
	begin(f, T0, 1);
	act_ct(f->b, 1, T60);
	breach(f, "the actions do not fit the match");
	begin(f, T0, 1);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct(f->b, 0, T60);
	breach(f, "zone 0 is everybody's");
	begin(f, T0, 1);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct(f->b, 1, T60);
	act_output(f->b, 1);
	breach(f, "after goto");
	build_free(f->b);
	f->b = build_new(narrow, 2);
	begin(f, 0, 1);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct(f->b, 1, 1);
	breach(f, "this table does not track");
	begin(f, 1, 1);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_ct(f->b, 1, 0);
	breach(f, "may not go to table a");
	begin(f, 1, 1);
	act_again(f->b, FIELD_REG2, 1, 0);
	breach(f, "may not go again");
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_conjunction),
		TEST(test_two_met_at_once),
		TEST(test_tracking),
		TEST(test_again),
		TEST(test_fields),
		TEST(test_breaches),
	};

	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
