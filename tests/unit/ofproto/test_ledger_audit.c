/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: what is read back from the switch, at the start and from time to time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/ofproto/ledger_book.h"

static struct rule foreign(struct book *f, uint16_t key)
{
	return book_flow_of(f, 0x99, key, 0);
}

static void read_row(struct book *f, struct rule r) { ledger_read_row(f->l, &r, 1, 100, 7); }

static void test_restart(void **state)
{
	struct book *f = *state;
	struct ledger_iter iter;
	const struct row *row;

	/* First the switch is read, then compiled, then compared. */
	ledger_read_begin(f->l, LEDGER_ALL);
	read_row(f, book_flow(f, 1, 1));
	read_row(f, book_flow(f, 2, 1));
	read_row(f, book_group(f, 1, 1));
	assert_int_equal(ledger_read_end(f->l).extra, 3);
	row = ledger_first(f->l, &iter);
	assert_non_null(row);
	assert_int_equal(row->app, APP);
	assert_int_equal(row->duration, 7);
	assert_int_equal(row->n_packets, 1);
	assert_true(row->have && !row->want);
	book_want(f, book_flow(f, 1, 1));
	book_want(f, book_flow(f, 2, 1));
	book_want(f, book_group(f, 1, 1));
	assert_true(ledger_at_rest(f->l));              /* P1 */
	assert_int_equal(book_counts(f).n_sent, 0);
	book_unwant(f, book_flow(f, 2, 1));
	assert_int_equal(ledger_n_dirty(f->l), 1);
}

static void test_forget(void **state)
{
	struct book *f = *state;

	book_want(f, book_flow(f, 1, 1));
	book_want(f, book_flow(f, 2, 1));
	book_settle(f);
	book_unwant(f, book_flow(f, 2, 1));
	book_want(f, book_flow(f, 3, 1));
	book_send_all(f);
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid - 1), 1);
	ledger_forget(f->l);
	assert_int_equal(book_counts(f).n_rows, 0);
	assert_int_equal(book_counts(f).n_refused, 0);
	assert_int_equal(ledger_n_in_flight(f->l), 0);
	assert_null(book_find(f, book_flow(f, 2, 1)));
	assert_int_equal(ledger_n_dirty(f->l), 2);
	/* Back: the deletion had arrived, the addition had not. */
	ledger_read_begin(f->l, LEDGER_ALL);
	read_row(f, book_flow(f, 1, 1));
	ledger_read_end(f->l);
	assert_int_equal(ledger_n_dirty(f->l), 1);
	book_settle(f);
}

static void test_audit(void **state)
{
	struct book *f = *state;
	struct ledger_drift drift;
	struct rule r;

	for (uint16_t i = 1; i <= 4; i++)
		book_want(f, book_flow(f, i, 1));
	book_want(f, book_group(f, 1, 1));
	build_flow(f->b, 2, 9, cookie_make(APP, 9));
	assert_null(build_end(f->b, &r));
	book_want(f, r);
	book_settle(f);
	ledger_read_begin(f->l, 60);
	read_row(f, book_flow(f, 1, 1));
	read_row(f, book_flow(f, 2, 7));
	read_row(f, book_flow(f, 4, 1));
	read_row(f, book_flow(f, 5, 1));
	drift = ledger_read_end(f->l);
	assert_int_equal(drift.missing, 1);
	assert_int_equal(drift.changed, 1);
	assert_int_equal(drift.extra, 1);
	assert_int_equal(ledger_n_dirty(f->l), 3);      /* other tables and groups are not judged */
	book_settle(f);
	assert_null(book_find(f, book_flow(f, 5, 1)));
	ledger_read_begin(f->l, LEDGER_GROUPS);
	drift = ledger_read_end(f->l);
	assert_int_equal(drift.missing, 1);
	book_settle(f);
	ledger_read_begin(f->l, LEDGER_METERS);
	drift = ledger_read_end(f->l);
	assert_int_equal(drift.missing + drift.changed + drift.extra, 0);
	assert_int_equal(ledger_table_rows(f->l, 60), 4);
	assert_int_equal(ledger_table_rows(f->l, 70), 1);
	assert_int_equal(ledger_table_rows(f->l, LEDGER_GROUPS), 1);
	assert_int_equal(ledger_table_rows(f->l, LEDGER_METERS), 0);
}

/* The answer to an audit may be older than what was sent meanwhile. */
static void test_audit_while_sending(void **state)
{
	struct book *f = *state;
	struct ledger_drift drift;

	for (uint16_t i = 1; i <= 3; i++)
		book_want(f, book_flow(f, i, 1));
	book_settle(f);
	book_want(f, book_flow(f, 1, 2));
	book_send_all(f);                    /* in flight at the beginning */
	ledger_read_begin(f->l, LEDGER_ALL);
	ledger_commit(f->l);
	read_row(f, book_flow(f, 1, 1));
	book_want(f, book_flow(f, 2, 2));
	book_unwant(f, book_flow(f, 3, 1));
	book_want(f, book_flow(f, 4, 1));
	book_settle(f);                      /* sent and done in between */
	read_row(f, book_flow(f, 2, 1));
	read_row(f, book_flow(f, 3, 1));
	drift = ledger_read_end(f->l);
	assert_int_equal(drift.missing + drift.changed + drift.extra, 0);
	assert_null(book_find(f, book_flow(f, 3, 1)));
	assert_true(book_find(f, book_flow(f, 1, 1))->have == book_find(f, book_flow(f, 1, 1))->want);
	assert_true(book_find(f, book_flow(f, 2, 1))->have == book_find(f, book_flow(f, 2, 1))->want);
	assert_true(book_find(f, book_flow(f, 4, 1))->have == book_find(f, book_flow(f, 4, 1))->want);
}

/* A pass that is given up (the session ended, or a new one began) leaves nothing. */
static void test_audit_given_up(void **state)
{
	struct book *f = *state;

	book_want(f, book_flow(f, 1, 1));
	book_settle(f);
	for (int again = 0; again < 2; again++) {
		ledger_read_begin(f->l, again ? LEDGER_ALL : 60);
		book_unwant(f, book_flow(f, 1, 1));
		book_settle(f);
		assert_non_null(book_find(f, book_flow(f, 1, 1)));
		if (again)
			ledger_forget(f->l);
		else
			ledger_read_begin(f->l, 70);
		assert_null(book_find(f, book_flow(f, 1, 1)));
		book_want(f, book_flow(f, 1, 1));
		book_settle(f);
	}
	ledger_read_begin(f->l, 70);
	book_unwant(f, book_flow(f, 1, 1));
	book_settle(f);
	assert_null(book_find(f, book_flow(f, 1, 1)));    /* not of that table */
}

static void test_foreign(void **state)
{
	struct book *f = *state;
	struct row *row;

	ledger_read_begin(f->l, LEDGER_ALL);
	read_row(f, foreign(f, 1));
	read_row(f, foreign(f, 2));
	assert_int_equal(ledger_read_end(f->l).extra, 0);
	assert_true(ledger_at_rest(f->l));
	assert_int_equal(book_counts(f).n_foreign, 0);       /* nobody wants those keys */
	assert_int_equal(book_counts(f).n_alien, 2);
	book_want(f, book_flow(f, 1, 1));
	assert_true(ledger_at_rest(f->l));              /* not overwritten */
	assert_int_equal(book_counts(f).n_foreign, 1);
	assert_int_equal(book_counts(f).n_alien, 1);
	row = book_find(f, book_flow(f, 1, 1));
	assert_true(row->foreign && row->want && !row->have);
	book_unwant(f, book_flow(f, 1, 1));
	assert_true(ledger_at_rest(f->l));              /* not deleted */
	assert_int_equal(book_counts(f).n_foreign, 0);
	book_want(f, book_flow(f, 1, 1));
	/* Its owner took it away. */
	ledger_read_begin(f->l, LEDGER_ALL);
	read_row(f, foreign(f, 2));
	ledger_read_end(f->l);
	assert_int_equal(book_counts(f).n_foreign, 0);
	book_settle(f);
	assert_int_equal(book_counts(f).n_flows, 1);
	/* Somebody overwrites ours. */
	ledger_read_begin(f->l, LEDGER_ALL);
	read_row(f, foreign(f, 1));
	assert_int_equal(ledger_read_end(f->l).missing, 1);
	assert_int_equal(book_counts(f).n_flows, 0);
	assert_int_equal(book_counts(f).n_foreign, 1);
	assert_true(ledger_at_rest(f->l));
	assert_null(book_find(f, foreign(f, 2)));            /* was not there any more */
	/* It goes by itself. */
	{
		struct rule key = foreign(f, 1);

		assert_true(ledger_gone(f->l, &key));
	}
	assert_int_equal(ledger_n_dirty(f->l), 1);
}

static void test_gone(void **state)
{
	struct book *f = *state;
	struct rule key = book_flow(f, 1, 1);

	assert_false(ledger_gone(f->l, &key));
	book_want(f, book_flow(f, 1, 1));
	assert_false(ledger_gone(f->l, &key));          /* not there yet */
	book_send_all(f);
	assert_false(ledger_gone(f->l, &key));          /* older than what was sent */
	ledger_commit(f->l);
	assert_true(ledger_gone(f->l, &key));
	assert_false(ledger_gone(f->l, &key));
	assert_int_equal(ledger_n_dirty(f->l), 1);      /* still wanted: comes again */
	book_unwant(f, book_flow(f, 1, 1));
	assert_null(book_find(f, book_flow(f, 1, 1)));
	/* Gone by itself before the deletion was sent. */
	book_want(f, book_flow(f, 1, 1));
	book_settle(f);
	book_unwant(f, book_flow(f, 1, 1));
	key = book_flow(f, 1, 1);
	assert_true(ledger_gone(f->l, &key));
	assert_true(ledger_at_rest(f->l));
	assert_null(book_find(f, book_flow(f, 1, 1)));
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, book_up, book_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_restart), TEST(test_forget), TEST(test_audit), TEST(test_audit_while_sending),
		TEST(test_audit_given_up), TEST(test_foreign), TEST(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
