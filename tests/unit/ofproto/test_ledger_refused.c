/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: rows that the switch refuses, and what may follow from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/ofproto/ledger_book.h"

static void test_refused(void **state)
{
	struct book *f = *state;
	struct row *row;

	book_want(f, book_flow(f, 1, 1));
	book_want(f, book_flow(f, 2, 1));
	book_send_all(f);
	row = ledger_in_flight(f->l, 1);
	assert_ptr_equal(row, book_find(f, book_flow(f, 1, 1)));
	ledger_refuse(f->l, row, 5 << 16 | 2);
	ledger_commit(f->l);
	assert_true(ledger_at_rest(f->l));
	assert_int_equal(book_counts(f).n_refused, 1);
	assert_int_equal(book_counts(f).n_flows, 1);
	assert_int_equal(row->error, 5 << 16 | 2);
	book_want(f, book_flow(f, 1, 1));         /* the same: stays in quarantine */
	assert_true(ledger_at_rest(f->l));
	book_want(f, book_flow(f, 1, 2));         /* another try */
	assert_int_equal(book_counts(f).n_refused, 0);
	book_settle(f);
	/* A change refused, and then not wanted any more: nothing to do. */
	book_want(f, book_flow(f, 2, 2));
	book_send_all(f);
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
	ledger_abort(f->l);
	assert_int_equal(book_counts(f).n_flows, 2);
	assert_int_equal(book_counts(f).n_refused, 1);
	book_want(f, book_flow(f, 2, 1));         /* back to what is there */
	assert_true(ledger_at_rest(f->l));
	assert_int_equal(book_counts(f).n_refused, 0);
	/* A refused deletion is done. */
	book_unwant(f, book_flow(f, 2, 1));
	book_send_all(f);
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
	ledger_commit(f->l);
	assert_null(book_find(f, book_flow(f, 2, 1)));
}

/* The old row among new neighbours could lead in a circle: it becomes a drop. */
static void test_refused_change_is_shut(void **state)
{
	struct book *f = *state;
	uint8_t buf[512] __attribute__((aligned(8)));
	struct rule shut = { .kind = RULE_FLOW, .msg = buf }, changed;

	book_want(f, book_flow(f, 1, 1));
	book_settle(f);
	book_want(f, book_flow(f, 1, 2));
	book_send_all(f);
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
	ledger_abort(f->l);
	shut.size = (uint16_t) book_message(f, PHASE_FLOW_ADD, buf);
	changed = book_flow(f, 1, 2);
	assert_true(rule_key_equal(&shut, &changed));
	assert_int_equal(buf[FLOW_COMMAND], FLOW_ADD);
	assert_int_equal(shut.size, FLOW_MATCH + wire_match_padded(wire_u16(buf + FLOW_MATCH + 2)));
	book_settle(f);
	assert_int_equal(book_counts(f).n_refused, 1);
	assert_int_equal(book_counts(f).n_flows, 1);
	assert_true(book_find(f, book_flow(f, 1, 2))->have == rule_digest(&shut));
	/* Read back, it is no drift. */
	ledger_read_begin(f->l, LEDGER_ALL);
	ledger_read_row(f->l, &shut, 0, 0, 0);
	assert_int_equal(ledger_read_end(f->l).changed, 0);
	assert_true(ledger_at_rest(f->l));

	book_want(f, book_flow(f, 1, 3));
	book_send_all(f);
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
	ledger_commit(f->l);
	assert_true(ledger_at_rest(f->l));      /* shut already */

	/* Not even the drop is taken: it has to go. */
	book_want(f, book_flow(f, 1, 1));
	book_settle(f);
	book_want(f, book_flow(f, 1, 2));
	for (int i = 0; i < 2; i++) {
		book_send_all(f);
		ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
		ledger_commit(f->l);
	}
	book_message(f, PHASE_FLOW_DEL, buf);
	assert_int_equal(buf[FLOW_COMMAND], FLOW_DELETE_STRICT);
	book_settle(f);
	assert_int_equal(book_counts(f).n_flows, 0);
	assert_int_equal(book_counts(f).n_refused, 1);
}

/* Refused, but by then something else was wanted: that is not refused. */
static void test_refused_meanwhile_changed(void **state)
{
	struct book *f = *state;

	book_want(f, book_flow(f, 1, 1));
	book_send_all(f);
	book_want(f, book_flow(f, 1, 2));
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
	ledger_commit(f->l);
	assert_int_equal(book_counts(f).n_refused, 0);
	assert_int_equal(ledger_n_dirty(f->l), 1);
	book_settle(f);
	/* Unwanted and wanted again: quarantine does not outlive the wish. */
	book_want(f, book_flow(f, 2, 1));
	book_send_all(f);
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
	ledger_commit(f->l);
	book_unwant(f, book_flow(f, 2, 1));
	assert_null(book_find(f, book_flow(f, 2, 1)));
}

/* Refused because the ledger was wrong about the switch: an audit lifts it. */
static void test_refused_on_wrong_belief(void **state)
{
	struct book *f = *state;

	book_want(f, book_group(f, 1, 1));
	book_settle(f);
	book_want(f, book_group(f, 1, 2));
	book_send_all(f);                    /* MODIFY of a group that somebody deleted */
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 6 << 16 | 8);
	ledger_commit(f->l);
	assert_true(ledger_at_rest(f->l));
	ledger_read_begin(f->l, LEDGER_GROUPS);
	assert_int_equal(ledger_read_end(f->l).missing, 1);
	assert_int_equal(book_counts(f).n_refused, 0);
	assert_non_null(ledger_next(f->l, PHASE_GROUP_ADD));
	book_settle(f);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, book_up, book_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refused), TEST(test_refused_change_is_shut), TEST(test_refused_meanwhile_changed),
		TEST(test_refused_on_wrong_belief),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
