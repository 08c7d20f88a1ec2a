/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's promises one by one. test_ledger_model.c has them all at once,
 * at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/ofproto/ledger_book.h"

static struct rule meter(struct book *f, uint32_t n)
{
	struct rule r;

	build_meter(f->b, METER_OURS_FIRST + n, true, 100, 0);
	assert_null(build_end(f->b, &r));
	return r;
}

static void test_want_send_commit(void **state)
{
	struct book *f = *state;

	assert_true(ledger_at_rest(f->l));
	book_want(f, book_flow(f, 1, 1));
	assert_int_equal(ledger_n_dirty(f->l), 1);
	assert_null(ledger_next(f->l, PHASE_GROUP_ADD));
	book_send_one(f, PHASE_FLOW_ADD);
	assert_int_equal(ledger_n_dirty(f->l), 0);
	assert_int_equal(ledger_n_in_flight(f->l), 1);
	assert_false(ledger_at_rest(f->l));
	assert_int_equal(book_counts(f).n_flows, 0);
	ledger_commit(f->l);
	assert_true(ledger_at_rest(f->l));
	assert_int_equal(book_counts(f).n_flows, 1);
	assert_int_equal(book_counts(f).n_sent, 1);
	/* The same again is nothing. */
	book_want(f, book_flow(f, 1, 1));
	assert_true(ledger_at_rest(f->l));
	/* Gone again, and freed. */
	book_unwant(f, book_flow(f, 1, 1));
	book_send_one(f, PHASE_FLOW_DEL);
	ledger_commit(f->l);
	assert_null(book_find(f, book_flow(f, 1, 1)));
	assert_int_equal(book_counts(f).n_flows, 0);
}

static void test_never_sent_is_freed(void **state)
{
	struct book *f = *state;

	book_want(f, book_flow(f, 1, 1));
	book_unwant(f, book_flow(f, 1, 2));       /* any rule of the key */
	assert_null(book_find(f, book_flow(f, 1, 1)));
	assert_int_equal(ledger_n_dirty(f->l), 0);
	book_unwant(f, book_flow(f, 1, 1));
}

static void test_phases(void **state)
{
	struct book *f = *state;

	book_want(f, book_flow(f, 1, 1));
	book_want(f, book_group(f, 1, 1));
	book_want(f, meter(f, 1));
	assert_non_null(ledger_next(f->l, PHASE_METER_ADD));
	assert_non_null(ledger_next(f->l, PHASE_GROUP_ADD));
	assert_non_null(ledger_next(f->l, PHASE_FLOW_ADD));
	book_settle(f);
	book_unwant(f, book_flow(f, 1, 1));
	book_unwant(f, book_group(f, 1, 1));
	book_unwant(f, meter(f, 1));
	assert_non_null(ledger_next(f->l, PHASE_METER_DEL));
	assert_non_null(ledger_next(f->l, PHASE_GROUP_DEL));
	assert_non_null(ledger_next(f->l, PHASE_FLOW_DEL));
	book_settle(f);
	assert_int_equal(book_counts(f).n_rows, 0);
}

static void test_messages(void **state)
{
	struct book *f = *state;
	uint8_t buf[MSG] __attribute__((aligned(8)));
	struct rule r = book_flow(f, 1, 1), got = {.kind = RULE_FLOW, .msg = buf};

	book_want(f, r);
	got.size = (uint16_t) book_message(f, PHASE_FLOW_ADD, buf);
	assert_true(rule_key_equal(&got, &r) && rule_digest(&got) == rule_digest(&r));
	assert_int_equal(buf[FLOW_COMMAND], FLOW_ADD);
	book_settle(f);
	/* A changed flow is added again: MODIFY would keep the old cookie. */
	book_want(f, book_flow(f, 1, 2));
	book_message(f, PHASE_FLOW_ADD, buf);
	assert_int_equal(buf[FLOW_COMMAND], FLOW_ADD);
	book_unwant(f, book_flow(f, 1, 2));
	got.size = (uint16_t) book_message(f, PHASE_FLOW_DEL, buf);
	r = book_flow(f, 1, 1);
	assert_true(rule_key_equal(&got, &r));
	assert_int_equal(got.size, 48 + 16);
	assert_int_equal(buf[FLOW_COMMAND], FLOW_DELETE_STRICT);
	assert_true(wire_u64(buf + FLOW_COOKIE) == COOKIE_OURS << 56);
	assert_true(wire_u64(buf + FLOW_COOKIE_MASK) == COOKIE_MASK);
	assert_true(wire_u64(buf + FLOW_OUT_PORT) == UINT64_MAX);
	assert_int_equal(wire_u16(buf + FLOW_FLAGS), 0);
}

static void test_group_messages(void **state)
{
	struct book *f = *state;
	uint8_t buf[MSG] __attribute__((aligned(8)));

	book_want(f, book_group(f, 1, 1));
	book_want(f, meter(f, 1));
	book_message(f, PHASE_GROUP_ADD, buf);
	assert_int_equal(wire_u16(buf + GROUP_COMMAND), MOD_ADD);
	book_message(f, PHASE_METER_ADD, buf);
	assert_int_equal(wire_u16(buf + METER_COMMAND), MOD_ADD);
	book_settle(f);
	book_want(f, book_group(f, 1, 2));
	book_message(f, PHASE_GROUP_ADD, buf);
	assert_int_equal(wire_u16(buf + GROUP_COMMAND), MOD_MODIFY);
	book_unwant(f, book_group(f, 1, 1));
	book_unwant(f, meter(f, 1));
	assert_int_equal(book_message(f, PHASE_GROUP_DEL, buf), 16);
	assert_int_equal(wire_u16(buf + GROUP_COMMAND), MOD_DELETE);
	assert_int_equal(wire_u32(buf + GROUP_ID), GROUP_OURS_FIRST + 1);
	assert_int_equal(book_message(f, PHASE_METER_DEL, buf), 16);
	assert_int_equal(wire_u16(buf + METER_COMMAND), MOD_DELETE);
	assert_int_equal(wire_u32(buf + METER_ID), METER_OURS_FIRST + 1);
}

static void test_change_in_flight(void **state)
{
	struct book *f = *state;

	book_want(f, book_flow(f, 1, 1));
	book_send_all(f);
	book_want(f, book_flow(f, 1, 2));
	assert_int_equal(ledger_n_dirty(f->l), 0);      /* one at a time */
	ledger_commit(f->l);
	assert_int_equal(ledger_n_dirty(f->l), 1);
	book_settle(f);
	assert_true(book_find(f, book_flow(f, 1, 2))->have == book_find(f, book_flow(f, 1, 2))->want);
	/* Unwanted while on its way: there, then deleted. */
	book_want(f, book_flow(f, 2, 1));
	book_send_all(f);
	book_unwant(f, book_flow(f, 2, 1));
	assert_non_null(book_find(f, book_flow(f, 2, 1)));
	ledger_commit(f->l);
	assert_non_null(ledger_next(f->l, PHASE_FLOW_DEL));
	/* Wanted again while its deletion is on its way. */
	book_send_all(f);
	book_want(f, book_flow(f, 2, 1));
	ledger_commit(f->l);
	assert_non_null(ledger_next(f->l, PHASE_FLOW_ADD));
	book_settle(f);
	/* There and back while in flight: nothing to do. */
	book_want(f, book_flow(f, 2, 2));
	book_send_all(f);
	book_want(f, book_flow(f, 2, 1));
	book_want(f, book_flow(f, 2, 2));
	ledger_commit(f->l);
	assert_true(ledger_at_rest(f->l));
}

static void test_abort(void **state)
{
	struct book *f = *state;

	book_want(f, book_flow(f, 1, 1));
	book_send_all(f);
	ledger_abort(f->l);
	assert_int_equal(ledger_n_dirty(f->l), 1);
	assert_int_equal(ledger_n_in_flight(f->l), 0);
	assert_true(book_find(f, book_flow(f, 1, 1))->have == 0);
	book_send_all(f);
	book_unwant(f, book_flow(f, 1, 1));
	ledger_abort(f->l);             /* never there, wanted no more */
	assert_null(book_find(f, book_flow(f, 1, 1)));
	assert_true(ledger_at_rest(f->l));
}

static void test_find_in_flight(void **state)
{
	struct book *f = *state;

	f->xid = 0xfffffff0;            /* wraps */
	for (uint16_t i = 1; i <= 32; i++)
		book_want(f, book_flow(f, i, 1));
	assert_null(ledger_in_flight(f->l, 0xfffffff1));
	book_send_all(f);
	for (uint32_t i = 1; i <= 32; i++) {
		struct row *row = ledger_in_flight(f->l, 0xfffffff0 + i);

		assert_non_null(row);
		assert_int_equal(row->xid, 0xfffffff0 + i);
	}
	assert_null(ledger_in_flight(f->l, 0xfffffff0));
	assert_null(ledger_in_flight(f->l, 0xfffffff0 + 33));
	assert_null(ledger_in_flight(f->l, 0x70000000));
	ledger_refuse(f->l, ledger_in_flight(f->l, 0xfffffff5), 1);
	assert_null(ledger_in_flight(f->l, 0xfffffff5));
}

static void test_plain(void **state)
{
	struct book *f = *state;
	struct rule r = book_flow(f, 1, 1);

	r.plain = true;
	book_want(f, r);
	assert_true(ledger_all_plain(f->l));
	book_want(f, book_flow(f, 2, 1));
	assert_false(ledger_all_plain(f->l));
	book_unwant(f, book_flow(f, 2, 1));
	assert_true(ledger_all_plain(f->l));
	book_settle(f);
	book_unwant(f, book_flow(f, 1, 1));       /* what came plain goes plain */
	assert_true(ledger_all_plain(f->l));
	book_want(f, book_flow(f, 1, 2));
	assert_false(ledger_all_plain(f->l));
	r = book_flow(f, 1, 2);
	r.plain = true;
	book_want(f, r);
	assert_true(ledger_all_plain(f->l));
}

static void test_mark_and_sweep(void **state)
{
	struct book *f = *state;
	struct rule r;

	for (uint16_t i = 1; i <= 10; i++)
		book_want(f, book_flow(f, i, 1));
	r = book_flow(f, 20, 1);
	ledger_want(f->l, OTHER, &r);
	book_settle(f);
	ledger_mark(f->l, APP);
	for (uint16_t i = 1; i <= 10; i++)
		if (i != 4)
			book_want(f, book_flow(f, i, i == 5 ? 2 : 1));
	ledger_sweep(f->l, APP);
	assert_int_equal(ledger_n_dirty(f->l), 2);
	assert_ptr_equal(ledger_next(f->l, PHASE_FLOW_DEL), book_find(f, book_flow(f, 4, 1)));
	assert_ptr_equal(ledger_next(f->l, PHASE_FLOW_ADD), book_find(f, book_flow(f, 5, 1)));
	book_settle(f);
	/* What is wanted after the mark by a patch, before the sweep, stays. */
	ledger_mark(f->l, APP);
	book_want(f, book_flow(f, 30, 1));
	ledger_sweep(f->l, APP);
	book_settle(f);
	assert_int_equal(book_counts(f).n_flows, 2);
	/* Another app takes the key over: it is no longer ours to sweep. */
	r = book_flow(f, 30, 1);
	ledger_want(f->l, OTHER, &r);
	ledger_mark(f->l, APP);
	ledger_sweep(f->l, APP);
	assert_true(ledger_at_rest(f->l));
	ledger_mark(f->l, OTHER);
	ledger_sweep(f->l, OTHER);
	book_settle(f);
	assert_int_equal(book_counts(f).n_flows, 0);
}

static void test_lowest_go_first(void **state)
{
	static const uint16_t priorities[] = {5, 900, 1, 30, 700, 2};
	struct book *f = *state;
	uint16_t last = 0;

	for (size_t i = 0; i < 6; i++)
		book_want(f, book_flow(f, priorities[i], 1));
	book_settle(f);
	ledger_mark(f->l, APP);
	ledger_sweep(f->l, APP);
	assert_int_equal(ledger_n_dirty(f->l), 6);
	for (size_t i = 0; i < 6; i++) {
		struct row *row = ledger_next(f->l, PHASE_FLOW_DEL);
		struct row_room room;
		struct rule rule;

		row_rule(row, &room, &rule);
		assert_true(rule_priority(&rule) > last);
		last = rule_priority(&rule);
		ledger_sent(f->l, row, (uint32_t) i + 1);
	}
}

/* Messages grow out of their row and shrink back into it. */
static void test_sizes(void **state)
{
	struct book *f = *state;
	static const unsigned sizes[] = {1, 3, 60, 2, 500, 61, 1, 0, 60, 500, 3000, 1};
	struct rule r;
	size_t before = ledger_memory(f->l);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		for (uint16_t key = 1; key <= 40; key++) {
			const struct row *row;
			struct row_room room;
			struct rule kept;

			build_flow(f->b, 1, key, cookie_make(APP, key));
			for (uint32_t port = 0; port < sizes[i]; port++)
				act_output(f->b, port + key);
			assert_null(build_end(f->b, &r));
			book_want(f, r);
			row = ledger_find(f->l, &r);
			row_rule(row, &room, &kept);
			assert_int_equal(kept.size, r.size);
			assert_memory_equal(kept.msg, r.msg, r.size);
		}
	}
	assert_true(ledger_memory(f->l) > before);
	for (uint16_t key = 1; key <= 40; key++) {
		build_flow(f->b, 1, key, 0);
		assert_null(build_end(f->b, &r));
		ledger_unwant(f->l, &r);
	}
	assert_int_equal(ledger_table_rows(f->l, 60), 0);
}

/* A row of table 60 with a match of one or two fields. */
static struct rule flow_to(struct book *f, uint16_t key, bool long_match, uint32_t port)
{
	struct rule r;

	build_flow(f->b, 1, 7, cookie_make(APP, 7));
	match_u(f->b, FIELD_REG0, key);
	if (long_match)
		match_u(f->b, FIELD_REG1, key);
	act_output(f->b, port);
	assert_null(build_end(f->b, &r));
	return r;
}

static void assert_kept(struct book *f, struct rule r)
{
	const struct row *row = ledger_find(f->l, &r);
	struct row_room room;
	struct rule kept;

	assert_non_null(row);
	row_rule(row, &room, &kept);
	assert_int_equal(kept.size, r.size);
	assert_memory_equal(kept.msg, r.msg, r.size);
}

/* Rows that differ in their match only have the rest in common, whatever becomes of the others. */
static void test_shared(void **state)
{
	struct book *f = *state;
	size_t before = ledger_memory(f->l), shared, alone;

	for (uint16_t key = 1; key <= 2000; key++)
		book_want(f, flow_to(f, key, false, 1));
	shared = ledger_memory(f->l) - before;
	for (uint16_t key = 1; key <= 2000; key++)
		assert_kept(f, flow_to(f, key, false, 1));
	/* Another length of the match, the same body. */
	for (uint16_t key = 1; key <= 20; key++)
		book_want(f, flow_to(f, key, true, 1));
	for (uint16_t key = 1; key <= 20; key++) {
		assert_kept(f, flow_to(f, key, true, 1));
		assert_kept(f, flow_to(f, key, false, 1));
	}
	/* To bodies of their own, more of them than are worth while, and back. */
	book_settle(f);
	for (uint16_t key = 1; key <= 2000; key++)
		book_want(f, flow_to(f, key, false, 1000U + key));
	assert_int_equal(ledger_n_dirty(f->l), 2000);
	for (uint16_t key = 1; key <= 2000; key++)
		assert_kept(f, flow_to(f, key, false, 1000U + key));
	book_settle(f);
	alone = ledger_memory(f->l) - before;
	assert_true(alone > shared + 2000 * 32);
	assert_true(alone < shared + 2000 * 100);       /* a body for each would be more */
	for (uint16_t key = 1; key <= 2000; key++)
		book_want(f, flow_to(f, key, false, 2));
	for (uint16_t key = 1; key <= 20; key++)
		book_unwant(f, flow_to(f, key, true, 1));
	book_settle(f);
	for (uint16_t key = 1; key <= 2000; key++)
		assert_kept(f, flow_to(f, key, false, 2));
	assert_true(ledger_memory(f->l) - before < alone);
	for (uint16_t key = 1; key <= 2000; key++)
		book_unwant(f, flow_to(f, key, false, 3));
	book_settle(f);
	assert_int_equal(ledger_table_rows(f->l, 60), 0);
}

/* The same deed in another table, or with another priority, is another row. */
static void test_shared_not(void **state)
{
	struct book *f = *state;

	for (int again = 0; again < 2; again++) {
		for (unsigned table = 0; table < 3; table++) {
			for (uint16_t priority = 1; priority <= 3; priority++) {
				struct rule r;

				build_flow(f->b, table, priority, cookie_make(APP, 1));
				match_u(f->b, FIELD_REG0, 1);
				act_output(f->b, 1);
				assert_null(build_end(f->b, &r));
				if (!again)
					book_want(f, r);
				assert_kept(f, r);
			}
		}
	}
	assert_int_equal(ledger_n_dirty(f->l), 9);
}

static void test_iteration(void **state)
{
	struct book *f = *state;
	struct ledger_iter iter;
	const struct row *row;
	unsigned n = 0;

	assert_null(ledger_first(f->l, &iter));
	assert_null(ledger_after(f->l, &iter));
	book_want(f, meter(f, 1));
	book_want(f, book_group(f, 1, 1));
	for (uint16_t i = 1; i <= 200; i++)
		book_want(f, book_flow(f, i, 1));
	for (row = ledger_first(f->l, &iter); row; row = ledger_after(f->l, &iter)) {
		struct row_room room;
		struct rule r;

		row_rule(row, &room, &r);
		n++;
		if (n <= 200)
			assert_int_equal(rule_priority(&r), n);         /* in the order of arrival */
		else
			assert_int_equal(r.kind, n == 201 ? RULE_GROUP : RULE_METER);
	}
	assert_int_equal(n, 202);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, book_up, book_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_want_send_commit), TEST(test_never_sent_is_freed), TEST(test_phases), TEST(test_messages),
		TEST(test_group_messages), TEST(test_change_in_flight), TEST(test_abort), TEST(test_find_in_flight),
		TEST(test_plain), TEST(test_mark_and_sweep), TEST(test_lowest_go_first), TEST(test_sizes),
		TEST(test_shared), TEST(test_shared_not), TEST(test_iteration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
