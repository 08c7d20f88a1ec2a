/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's promises one by one. test_ledger_model.c has them all at once,
 * at random. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "corpus.h"
#include "ofproto/ledger.h"
#include "ofproto/wire.h"

enum { APP = 3, OTHER = 4, MSG = 2048 };

struct fixture {
	struct build *b;
	struct ledger *l;
	uint32_t xid;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->b = build_new(corpus_tables, CORPUS_TABLES);
	f->l = ledger_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	build_free(f->b);
	ledger_free(f->l);
	free(f);
	return 0;
}

/* A row of table 60: priority = key, version = what it does. */
static struct rule flow_of(struct fixture *f, uint64_t cookie, uint16_t key, uint32_t version)
{
	struct rule r;

	build_flow(f->b, 1, key, cookie);
	match_u(f->b, FIELD_REG0, key);
	act_set_u(f->b, FIELD_REG1, version);
	act_goto(f->b, 2);
	assert_null(build_end(f->b, &r));
	return r;
}

static struct rule flow(struct fixture *f, uint16_t key, uint32_t version)
{
	return flow_of(f, cookie_make(APP, key), key, version);
}

static struct rule foreign(struct fixture *f, uint16_t key)
{
	return flow_of(f, 0x99, key, 0);
}

static struct rule group(struct fixture *f, uint32_t n, uint16_t weight)
{
	struct rule r;

	build_group(f->b, GROUP_OURS_FIRST + n, GROUP_SELECT);
	build_bucket(f->b, weight, 0);
	act_output(f->b, 1);
	assert_null(build_end(f->b, &r));
	return r;
}

static struct rule meter(struct fixture *f, uint32_t n)
{
	struct rule r;

	build_meter(f->b, METER_OURS_FIRST + n, true, 100, 0);
	assert_null(build_end(f->b, &r));
	return r;
}

static void want(struct fixture *f, struct rule r) { ledger_want(f->l, APP, &r); }
static void unwant(struct fixture *f, struct rule r) { ledger_unwant(f->l, &r); }
static void read_row(struct fixture *f, struct rule r) { ledger_read_row(f->l, &r, 1, 100, 7); }
static struct row *find(struct fixture *f, struct rule r) { return (struct row *) ledger_find(f->l, &r); }

static void send_one(struct fixture *f, enum phase phase)
{
	struct row *row = ledger_next(f->l, phase);

	assert_non_null(row);
	ledger_sent(f->l, row, ++f->xid);
}

static void send_all(struct fixture *f)
{
	for (int p = 0; p < N_PHASES; p++)
		while (ledger_next(f->l, (enum phase) p))
			send_one(f, (enum phase) p);
}

static void settle(struct fixture *f)
{
	send_all(f);
	ledger_commit(f->l);
	assert_true(ledger_at_rest(f->l));
}

static struct ledger_counts counts(struct fixture *f)
{
	struct ledger_counts c;

	ledger_count(f->l, &c);
	return c;
}

static void test_want_send_commit(void **state)
{
	struct fixture *f = *state;

	assert_true(ledger_at_rest(f->l));
	want(f, flow(f, 1, 1));
	assert_int_equal(ledger_n_dirty(f->l), 1);
	assert_null(ledger_next(f->l, PHASE_GROUP_ADD));
	send_one(f, PHASE_FLOW_ADD);
	assert_int_equal(ledger_n_dirty(f->l), 0);
	assert_int_equal(ledger_n_in_flight(f->l), 1);
	assert_false(ledger_at_rest(f->l));
	assert_int_equal(counts(f).n_flows, 0);
	ledger_commit(f->l);
	assert_true(ledger_at_rest(f->l));
	assert_int_equal(counts(f).n_flows, 1);
	assert_int_equal(counts(f).n_sent, 1);
	/* The same again is nothing. */
	want(f, flow(f, 1, 1));
	assert_true(ledger_at_rest(f->l));
	/* Gone again, and freed. */
	unwant(f, flow(f, 1, 1));
	send_one(f, PHASE_FLOW_DEL);
	ledger_commit(f->l);
	assert_null(find(f, flow(f, 1, 1)));
	assert_int_equal(counts(f).n_flows, 0);
}

static void test_never_sent_is_freed(void **state)
{
	struct fixture *f = *state;

	want(f, flow(f, 1, 1));
	unwant(f, flow(f, 1, 2));       /* any rule of the key */
	assert_null(find(f, flow(f, 1, 1)));
	assert_int_equal(ledger_n_dirty(f->l), 0);
	unwant(f, flow(f, 1, 1));
}

static void test_phases(void **state)
{
	struct fixture *f = *state;

	want(f, flow(f, 1, 1));
	want(f, group(f, 1, 1));
	want(f, meter(f, 1));
	assert_non_null(ledger_next(f->l, PHASE_METER_ADD));
	assert_non_null(ledger_next(f->l, PHASE_GROUP_ADD));
	assert_non_null(ledger_next(f->l, PHASE_FLOW_ADD));
	settle(f);
	unwant(f, flow(f, 1, 1));
	unwant(f, group(f, 1, 1));
	unwant(f, meter(f, 1));
	assert_non_null(ledger_next(f->l, PHASE_METER_DEL));
	assert_non_null(ledger_next(f->l, PHASE_GROUP_DEL));
	assert_non_null(ledger_next(f->l, PHASE_FLOW_DEL));
	settle(f);
	assert_int_equal(counts(f).n_rows, 0);
}

static size_t message(struct fixture *f, enum phase phase, uint8_t *buf)
{
	const struct row *row = ledger_next(f->l, phase);
	size_t size = ledger_message(row, buf, 0x01020304);

	assert_int_equal(size, ledger_message_size(row));
	assert_true(size <= row->size);
	assert_int_equal(wire_u16(buf + WIRE_LENGTH), size);
	assert_int_equal(wire_u32(buf + WIRE_XID), 0x01020304);
	return size;
}

static void test_messages(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[MSG] __attribute__((aligned(8)));
	struct rule r = flow(f, 1, 1), got = {.kind = RULE_FLOW, .msg = buf};

	want(f, r);
	got.size = (uint16_t) message(f, PHASE_FLOW_ADD, buf);
	assert_true(rule_key_equal(&got, &r) && rule_digest(&got) == rule_digest(&r));
	assert_int_equal(buf[FLOW_COMMAND], FLOW_ADD);
	settle(f);
	/* A changed flow is added again: MODIFY would keep the old cookie. */
	want(f, flow(f, 1, 2));
	message(f, PHASE_FLOW_ADD, buf);
	assert_int_equal(buf[FLOW_COMMAND], FLOW_ADD);
	unwant(f, flow(f, 1, 2));
	got.size = (uint16_t) message(f, PHASE_FLOW_DEL, buf);
	r = flow(f, 1, 1);
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
	struct fixture *f = *state;
	uint8_t buf[MSG] __attribute__((aligned(8)));

	want(f, group(f, 1, 1));
	want(f, meter(f, 1));
	message(f, PHASE_GROUP_ADD, buf);
	assert_int_equal(wire_u16(buf + GROUP_COMMAND), MOD_ADD);
	message(f, PHASE_METER_ADD, buf);
	assert_int_equal(wire_u16(buf + METER_COMMAND), MOD_ADD);
	settle(f);
	want(f, group(f, 1, 2));
	message(f, PHASE_GROUP_ADD, buf);
	assert_int_equal(wire_u16(buf + GROUP_COMMAND), MOD_MODIFY);
	unwant(f, group(f, 1, 1));
	unwant(f, meter(f, 1));
	assert_int_equal(message(f, PHASE_GROUP_DEL, buf), 16);
	assert_int_equal(wire_u16(buf + GROUP_COMMAND), MOD_DELETE);
	assert_int_equal(wire_u32(buf + GROUP_ID), GROUP_OURS_FIRST + 1);
	assert_int_equal(message(f, PHASE_METER_DEL, buf), 16);
	assert_int_equal(wire_u16(buf + METER_COMMAND), MOD_DELETE);
	assert_int_equal(wire_u32(buf + METER_ID), METER_OURS_FIRST + 1);
}

static void test_change_in_flight(void **state)
{
	struct fixture *f = *state;

	want(f, flow(f, 1, 1));
	send_all(f);
	want(f, flow(f, 1, 2));
	assert_int_equal(ledger_n_dirty(f->l), 0);      /* one at a time */
	ledger_commit(f->l);
	assert_int_equal(ledger_n_dirty(f->l), 1);
	settle(f);
	assert_true(find(f, flow(f, 1, 2))->have == find(f, flow(f, 1, 2))->want);
	/* Unwanted while on its way: there, then deleted. */
	want(f, flow(f, 2, 1));
	send_all(f);
	unwant(f, flow(f, 2, 1));
	assert_non_null(find(f, flow(f, 2, 1)));
	ledger_commit(f->l);
	assert_non_null(ledger_next(f->l, PHASE_FLOW_DEL));
	/* Wanted again while its deletion is on its way. */
	send_all(f);
	want(f, flow(f, 2, 1));
	ledger_commit(f->l);
	assert_non_null(ledger_next(f->l, PHASE_FLOW_ADD));
	settle(f);
	/* There and back while in flight: nothing to do. */
	want(f, flow(f, 2, 2));
	send_all(f);
	want(f, flow(f, 2, 1));
	want(f, flow(f, 2, 2));
	ledger_commit(f->l);
	assert_true(ledger_at_rest(f->l));
}

static void test_abort(void **state)
{
	struct fixture *f = *state;

	want(f, flow(f, 1, 1));
	send_all(f);
	ledger_abort(f->l);
	assert_int_equal(ledger_n_dirty(f->l), 1);
	assert_int_equal(ledger_n_in_flight(f->l), 0);
	assert_true(find(f, flow(f, 1, 1))->have == 0);
	send_all(f);
	unwant(f, flow(f, 1, 1));
	ledger_abort(f->l);             /* never there, wanted no more */
	assert_null(find(f, flow(f, 1, 1)));
	assert_true(ledger_at_rest(f->l));
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct row *row;

	want(f, flow(f, 1, 1));
	want(f, flow(f, 2, 1));
	send_all(f);
	row = ledger_in_flight(f->l, 1);
	assert_ptr_equal(row, find(f, flow(f, 1, 1)));
	ledger_refuse(f->l, row, 5 << 16 | 2);
	ledger_commit(f->l);
	assert_true(ledger_at_rest(f->l));
	assert_int_equal(counts(f).n_refused, 1);
	assert_int_equal(counts(f).n_flows, 1);
	assert_int_equal(row->error, 5 << 16 | 2);
	want(f, flow(f, 1, 1));         /* the same: stays in quarantine */
	assert_true(ledger_at_rest(f->l));
	want(f, flow(f, 1, 2));         /* another try */
	assert_int_equal(counts(f).n_refused, 0);
	settle(f);
	/* A change refused, and then not wanted any more: nothing to do. */
	want(f, flow(f, 2, 2));
	send_all(f);
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
	ledger_abort(f->l);
	assert_int_equal(counts(f).n_flows, 2);
	assert_int_equal(counts(f).n_refused, 1);
	want(f, flow(f, 2, 1));         /* back to what is there */
	assert_true(ledger_at_rest(f->l));
	assert_int_equal(counts(f).n_refused, 0);
	/* A refused deletion is done. */
	unwant(f, flow(f, 2, 1));
	send_all(f);
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
	ledger_commit(f->l);
	assert_null(find(f, flow(f, 2, 1)));
}

/* The old row among new neighbours could lead in a circle: it becomes a drop. */
static void test_refused_change_is_shut(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[512] __attribute__((aligned(8)));
	struct rule shut = { .kind = RULE_FLOW, .msg = buf }, changed;

	want(f, flow(f, 1, 1));
	settle(f);
	want(f, flow(f, 1, 2));
	send_all(f);
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
	ledger_abort(f->l);
	shut.size = (uint16_t) message(f, PHASE_FLOW_ADD, buf);
	changed = flow(f, 1, 2);
	assert_true(rule_key_equal(&shut, &changed));
	assert_int_equal(buf[FLOW_COMMAND], FLOW_ADD);
	assert_int_equal(shut.size, FLOW_MATCH + wire_match_padded(wire_u16(buf + FLOW_MATCH + 2)));
	settle(f);
	assert_int_equal(counts(f).n_refused, 1);
	assert_int_equal(counts(f).n_flows, 1);
	assert_true(find(f, flow(f, 1, 2))->have == rule_digest(&shut));
	/* Read back, it is no drift. */
	ledger_read_begin(f->l, LEDGER_ALL);
	ledger_read_row(f->l, &shut, 0, 0, 0);
	assert_int_equal(ledger_read_end(f->l).changed, 0);
	assert_true(ledger_at_rest(f->l));

	want(f, flow(f, 1, 3));
	send_all(f);
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
	ledger_commit(f->l);
	assert_true(ledger_at_rest(f->l));      /* shut already */

	/* Not even the drop is taken: it has to go. */
	want(f, flow(f, 1, 1));
	settle(f);
	want(f, flow(f, 1, 2));
	for (int i = 0; i < 2; i++) {
		send_all(f);
		ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
		ledger_commit(f->l);
	}
	message(f, PHASE_FLOW_DEL, buf);
	assert_int_equal(buf[FLOW_COMMAND], FLOW_DELETE_STRICT);
	settle(f);
	assert_int_equal(counts(f).n_flows, 0);
	assert_int_equal(counts(f).n_refused, 1);
}

/* Refused, but by then something else was wanted: that is not refused. */
static void test_refused_meanwhile_changed(void **state)
{
	struct fixture *f = *state;

	want(f, flow(f, 1, 1));
	send_all(f);
	want(f, flow(f, 1, 2));
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
	ledger_commit(f->l);
	assert_int_equal(counts(f).n_refused, 0);
	assert_int_equal(ledger_n_dirty(f->l), 1);
	settle(f);
	/* Unwanted and wanted again: quarantine does not outlive the wish. */
	want(f, flow(f, 2, 1));
	send_all(f);
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 1);
	ledger_commit(f->l);
	unwant(f, flow(f, 2, 1));
	assert_null(find(f, flow(f, 2, 1)));
}

static void test_find_in_flight(void **state)
{
	struct fixture *f = *state;

	f->xid = 0xfffffff0;            /* wraps */
	for (uint16_t i = 1; i <= 32; i++)
		want(f, flow(f, i, 1));
	assert_null(ledger_in_flight(f->l, 0xfffffff1));
	send_all(f);
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
	struct fixture *f = *state;
	struct rule r = flow(f, 1, 1);

	r.plain = true;
	want(f, r);
	assert_true(ledger_all_plain(f->l));
	want(f, flow(f, 2, 1));
	assert_false(ledger_all_plain(f->l));
	unwant(f, flow(f, 2, 1));
	assert_true(ledger_all_plain(f->l));
	settle(f);
	unwant(f, flow(f, 1, 1));       /* what came plain goes plain */
	assert_true(ledger_all_plain(f->l));
	want(f, flow(f, 1, 2));
	assert_false(ledger_all_plain(f->l));
	r = flow(f, 1, 2);
	r.plain = true;
	want(f, r);
	assert_true(ledger_all_plain(f->l));
}

static void test_mark_and_sweep(void **state)
{
	struct fixture *f = *state;
	struct rule r;

	for (uint16_t i = 1; i <= 10; i++)
		want(f, flow(f, i, 1));
	r = flow(f, 20, 1);
	ledger_want(f->l, OTHER, &r);
	settle(f);
	ledger_mark(f->l, APP);
	for (uint16_t i = 1; i <= 10; i++)
		if (i != 4)
			want(f, flow(f, i, i == 5 ? 2 : 1));
	ledger_sweep(f->l, APP);
	assert_int_equal(ledger_n_dirty(f->l), 2);
	assert_ptr_equal(ledger_next(f->l, PHASE_FLOW_DEL), find(f, flow(f, 4, 1)));
	assert_ptr_equal(ledger_next(f->l, PHASE_FLOW_ADD), find(f, flow(f, 5, 1)));
	settle(f);
	/* What is wanted after the mark by a patch, before the sweep, stays. */
	ledger_mark(f->l, APP);
	want(f, flow(f, 30, 1));
	ledger_sweep(f->l, APP);
	settle(f);
	assert_int_equal(counts(f).n_flows, 2);
	/* Another app takes the key over: it is no longer ours to sweep. */
	r = flow(f, 30, 1);
	ledger_want(f->l, OTHER, &r);
	ledger_mark(f->l, APP);
	ledger_sweep(f->l, APP);
	assert_true(ledger_at_rest(f->l));
	ledger_mark(f->l, OTHER);
	ledger_sweep(f->l, OTHER);
	settle(f);
	assert_int_equal(counts(f).n_flows, 0);
}

static void test_lowest_go_first(void **state)
{
	static const uint16_t priorities[] = {5, 900, 1, 30, 700, 2};
	struct fixture *f = *state;
	uint16_t last = 0;

	for (size_t i = 0; i < 6; i++)
		want(f, flow(f, priorities[i], 1));
	settle(f);
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

static void test_restart(void **state)
{
	struct fixture *f = *state;
	struct ledger_iter iter;
	const struct row *row;

	/* First the switch is read, then compiled, then compared. */
	ledger_read_begin(f->l, LEDGER_ALL);
	read_row(f, flow(f, 1, 1));
	read_row(f, flow(f, 2, 1));
	read_row(f, group(f, 1, 1));
	assert_int_equal(ledger_read_end(f->l).extra, 3);
	row = ledger_first(f->l, &iter);
	assert_non_null(row);
	assert_int_equal(row->app, APP);
	assert_int_equal(row->duration, 7);
	assert_int_equal(row->n_packets, 1);
	assert_true(row->have && !row->want);
	want(f, flow(f, 1, 1));
	want(f, flow(f, 2, 1));
	want(f, group(f, 1, 1));
	assert_true(ledger_at_rest(f->l));              /* P1 */
	assert_int_equal(counts(f).n_sent, 0);
	unwant(f, flow(f, 2, 1));
	assert_int_equal(ledger_n_dirty(f->l), 1);
}

static void test_forget(void **state)
{
	struct fixture *f = *state;

	want(f, flow(f, 1, 1));
	want(f, flow(f, 2, 1));
	settle(f);
	unwant(f, flow(f, 2, 1));
	want(f, flow(f, 3, 1));
	send_all(f);
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid - 1), 1);
	ledger_forget(f->l);
	assert_int_equal(counts(f).n_rows, 0);
	assert_int_equal(counts(f).n_refused, 0);
	assert_int_equal(ledger_n_in_flight(f->l), 0);
	assert_null(find(f, flow(f, 2, 1)));
	assert_int_equal(ledger_n_dirty(f->l), 2);
	/* Back: the deletion had arrived, the addition had not. */
	ledger_read_begin(f->l, LEDGER_ALL);
	read_row(f, flow(f, 1, 1));
	ledger_read_end(f->l);
	assert_int_equal(ledger_n_dirty(f->l), 1);
	settle(f);
}

static void test_audit(void **state)
{
	struct fixture *f = *state;
	struct ledger_drift drift;
	struct rule r;

	for (uint16_t i = 1; i <= 4; i++)
		want(f, flow(f, i, 1));
	want(f, group(f, 1, 1));
	build_flow(f->b, 2, 9, cookie_make(APP, 9));
	assert_null(build_end(f->b, &r));
	want(f, r);
	settle(f);
	ledger_read_begin(f->l, 60);
	read_row(f, flow(f, 1, 1));
	read_row(f, flow(f, 2, 7));
	read_row(f, flow(f, 4, 1));
	read_row(f, flow(f, 5, 1));
	drift = ledger_read_end(f->l);
	assert_int_equal(drift.missing, 1);
	assert_int_equal(drift.changed, 1);
	assert_int_equal(drift.extra, 1);
	assert_int_equal(ledger_n_dirty(f->l), 3);      /* other tables and groups are not judged */
	settle(f);
	assert_null(find(f, flow(f, 5, 1)));
	ledger_read_begin(f->l, LEDGER_GROUPS);
	drift = ledger_read_end(f->l);
	assert_int_equal(drift.missing, 1);
	settle(f);
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
	struct fixture *f = *state;
	struct ledger_drift drift;

	for (uint16_t i = 1; i <= 3; i++)
		want(f, flow(f, i, 1));
	settle(f);
	want(f, flow(f, 1, 2));
	send_all(f);                    /* in flight at the beginning */
	ledger_read_begin(f->l, LEDGER_ALL);
	ledger_commit(f->l);
	read_row(f, flow(f, 1, 1));
	want(f, flow(f, 2, 2));
	unwant(f, flow(f, 3, 1));
	want(f, flow(f, 4, 1));
	settle(f);                      /* sent and done in between */
	read_row(f, flow(f, 2, 1));
	read_row(f, flow(f, 3, 1));
	drift = ledger_read_end(f->l);
	assert_int_equal(drift.missing + drift.changed + drift.extra, 0);
	assert_null(find(f, flow(f, 3, 1)));
	assert_true(find(f, flow(f, 1, 1))->have == find(f, flow(f, 1, 1))->want);
	assert_true(find(f, flow(f, 2, 1))->have == find(f, flow(f, 2, 1))->want);
	assert_true(find(f, flow(f, 4, 1))->have == find(f, flow(f, 4, 1))->want);
}

/* A pass that is given up (the session ended, or a new one began) leaves nothing. */
static void test_audit_given_up(void **state)
{
	struct fixture *f = *state;

	want(f, flow(f, 1, 1));
	settle(f);
	for (int again = 0; again < 2; again++) {
		ledger_read_begin(f->l, again ? LEDGER_ALL : 60);
		unwant(f, flow(f, 1, 1));
		settle(f);
		assert_non_null(find(f, flow(f, 1, 1)));
		if (again)
			ledger_forget(f->l);
		else
			ledger_read_begin(f->l, 70);
		assert_null(find(f, flow(f, 1, 1)));
		want(f, flow(f, 1, 1));
		settle(f);
	}
	ledger_read_begin(f->l, 70);
	unwant(f, flow(f, 1, 1));
	settle(f);
	assert_null(find(f, flow(f, 1, 1)));    /* not of that table */
}

static void test_foreign(void **state)
{
	struct fixture *f = *state;
	struct row *row;

	ledger_read_begin(f->l, LEDGER_ALL);
	read_row(f, foreign(f, 1));
	read_row(f, foreign(f, 2));
	assert_int_equal(ledger_read_end(f->l).extra, 0);
	assert_true(ledger_at_rest(f->l));
	assert_int_equal(counts(f).n_foreign, 0);       /* nobody wants those keys */
	assert_int_equal(counts(f).n_alien, 2);
	want(f, flow(f, 1, 1));
	assert_true(ledger_at_rest(f->l));              /* not overwritten */
	assert_int_equal(counts(f).n_foreign, 1);
	assert_int_equal(counts(f).n_alien, 1);
	row = find(f, flow(f, 1, 1));
	assert_true(row->foreign && row->want && !row->have);
	unwant(f, flow(f, 1, 1));
	assert_true(ledger_at_rest(f->l));              /* not deleted */
	assert_int_equal(counts(f).n_foreign, 0);
	want(f, flow(f, 1, 1));
	/* Its owner took it away. */
	ledger_read_begin(f->l, LEDGER_ALL);
	read_row(f, foreign(f, 2));
	ledger_read_end(f->l);
	assert_int_equal(counts(f).n_foreign, 0);
	settle(f);
	assert_int_equal(counts(f).n_flows, 1);
	/* Somebody overwrites ours. */
	ledger_read_begin(f->l, LEDGER_ALL);
	read_row(f, foreign(f, 1));
	assert_int_equal(ledger_read_end(f->l).missing, 1);
	assert_int_equal(counts(f).n_flows, 0);
	assert_int_equal(counts(f).n_foreign, 1);
	assert_true(ledger_at_rest(f->l));
	assert_null(find(f, foreign(f, 2)));            /* was not there any more */
	/* It goes by itself. */
	{
		struct rule key = foreign(f, 1);

		assert_true(ledger_gone(f->l, &key));
	}
	assert_int_equal(ledger_n_dirty(f->l), 1);
}

static void test_gone(void **state)
{
	struct fixture *f = *state;
	struct rule key = flow(f, 1, 1);

	assert_false(ledger_gone(f->l, &key));
	want(f, flow(f, 1, 1));
	assert_false(ledger_gone(f->l, &key));          /* not there yet */
	send_all(f);
	assert_false(ledger_gone(f->l, &key));          /* older than what was sent */
	ledger_commit(f->l);
	assert_true(ledger_gone(f->l, &key));
	assert_false(ledger_gone(f->l, &key));
	assert_int_equal(ledger_n_dirty(f->l), 1);      /* still wanted: comes again */
	unwant(f, flow(f, 1, 1));
	assert_null(find(f, flow(f, 1, 1)));
	/* Gone by itself before the deletion was sent. */
	want(f, flow(f, 1, 1));
	settle(f);
	unwant(f, flow(f, 1, 1));
	key = flow(f, 1, 1);
	assert_true(ledger_gone(f->l, &key));
	assert_true(ledger_at_rest(f->l));
	assert_null(find(f, flow(f, 1, 1)));
}

/* Refused because the ledger was wrong about the switch: an audit lifts it. */
static void test_refused_on_wrong_belief(void **state)
{
	struct fixture *f = *state;

	want(f, group(f, 1, 1));
	settle(f);
	want(f, group(f, 1, 2));
	send_all(f);                    /* MODIFY of a group that somebody deleted */
	ledger_refuse(f->l, ledger_in_flight(f->l, f->xid), 6 << 16 | 8);
	ledger_commit(f->l);
	assert_true(ledger_at_rest(f->l));
	ledger_read_begin(f->l, LEDGER_GROUPS);
	assert_int_equal(ledger_read_end(f->l).missing, 1);
	assert_int_equal(counts(f).n_refused, 0);
	assert_non_null(ledger_next(f->l, PHASE_GROUP_ADD));
	settle(f);
}

/* Messages grow out of their row and shrink back into it. */
static void test_sizes(void **state)
{
	struct fixture *f = *state;
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
			want(f, r);
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
static struct rule flow_to(struct fixture *f, uint16_t key, bool long_match, uint32_t port)
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

static void assert_kept(struct fixture *f, struct rule r)
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
	struct fixture *f = *state;
	size_t before = ledger_memory(f->l), shared, alone;

	for (uint16_t key = 1; key <= 2000; key++)
		want(f, flow_to(f, key, false, 1));
	shared = ledger_memory(f->l) - before;
	for (uint16_t key = 1; key <= 2000; key++)
		assert_kept(f, flow_to(f, key, false, 1));
	/* Another length of the match, the same body. */
	for (uint16_t key = 1; key <= 20; key++)
		want(f, flow_to(f, key, true, 1));
	for (uint16_t key = 1; key <= 20; key++) {
		assert_kept(f, flow_to(f, key, true, 1));
		assert_kept(f, flow_to(f, key, false, 1));
	}
	/* To bodies of their own, more of them than are worth while, and back. */
	settle(f);
	for (uint16_t key = 1; key <= 2000; key++)
		want(f, flow_to(f, key, false, 1000U + key));
	assert_int_equal(ledger_n_dirty(f->l), 2000);
	for (uint16_t key = 1; key <= 2000; key++)
		assert_kept(f, flow_to(f, key, false, 1000U + key));
	settle(f);
	alone = ledger_memory(f->l) - before;
	assert_true(alone > shared + 2000 * 32);
	assert_true(alone < shared + 2000 * 100);       /* a body for each would be more */
	for (uint16_t key = 1; key <= 2000; key++)
		want(f, flow_to(f, key, false, 2));
	for (uint16_t key = 1; key <= 20; key++)
		unwant(f, flow_to(f, key, true, 1));
	settle(f);
	for (uint16_t key = 1; key <= 2000; key++)
		assert_kept(f, flow_to(f, key, false, 2));
	assert_true(ledger_memory(f->l) - before < alone);
	for (uint16_t key = 1; key <= 2000; key++)
		unwant(f, flow_to(f, key, false, 3));
	settle(f);
	assert_int_equal(ledger_table_rows(f->l, 60), 0);
}

/* The same deed in another table, or with another priority, is another row. */
static void test_shared_not(void **state)
{
	struct fixture *f = *state;

	for (int again = 0; again < 2; again++) {
		for (unsigned table = 0; table < 3; table++) {
			for (uint16_t priority = 1; priority <= 3; priority++) {
				struct rule r;

				build_flow(f->b, table, priority, cookie_make(APP, 1));
				match_u(f->b, FIELD_REG0, 1);
				act_output(f->b, 1);
				assert_null(build_end(f->b, &r));
				if (!again)
					want(f, r);
				assert_kept(f, r);
			}
		}
	}
	assert_int_equal(ledger_n_dirty(f->l), 9);
}

static void test_iteration(void **state)
{
	struct fixture *f = *state;
	struct ledger_iter iter;
	const struct row *row;
	unsigned n = 0;

	assert_null(ledger_first(f->l, &iter));
	assert_null(ledger_after(f->l, &iter));
	want(f, meter(f, 1));
	want(f, group(f, 1, 1));
	for (uint16_t i = 1; i <= 200; i++)
		want(f, flow(f, i, 1));
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

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_want_send_commit),
		TEST(test_never_sent_is_freed),
		TEST(test_phases),
		TEST(test_messages),
		TEST(test_group_messages),
		TEST(test_change_in_flight),
		TEST(test_abort),
		TEST(test_refused),
		TEST(test_refused_change_is_shut),
		TEST(test_refused_meanwhile_changed),
		TEST(test_find_in_flight),
		TEST(test_plain),
		TEST(test_mark_and_sweep),
		TEST(test_lowest_go_first),
		TEST(test_restart),
		TEST(test_forget),
		TEST(test_audit),
		TEST(test_audit_while_sending),
		TEST(test_audit_given_up),
		TEST(test_foreign),
		TEST(test_gone),
		TEST(test_refused_on_wrong_belief),
		TEST(test_sizes),
		TEST(test_shared),
		TEST(test_shared_not),
		TEST(test_iteration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
