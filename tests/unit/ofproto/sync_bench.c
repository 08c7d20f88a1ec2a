/* SPDX-License-Identifier: Apache-2.0 */
/* sync_bench: see sync_bench.h. */
#include "tests/unit/ofproto/sync_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ofproto/mem.h"
#include "ofproto/wire.h"

static const struct table_contract tables[] = {
	{ .name = "zero", .owner = "t", .id = 0, .match = UINT64_MAX, .set = UINT64_MAX, .next = 0xf, .outputs = true, .punts = true },
	{ .name = "one", .owner = "t", .id = 1, .match = UINT64_MAX, .set = UINT64_MAX, .next = 0xf, .outputs = true, .punts = true },
	{ .name = "two", .owner = "t", .id = 2, .match = UINT64_MAX, .set = UINT64_MAX, .next = 0xf, .outputs = true, .punts = true },
	{ .name = "three", .owner = "t", .id = 3, .match = UINT64_MAX, .set = UINT64_MAX, .next = 0xf, .outputs = true, .punts = true },
};

/* --- what sync asks for ------------------------------------------------------------------- */

/* Room stays the caller's until the next call, so bytes travel one step later. */
static void hand_over(struct bench *b)
{
	if (!b->put_size)
		return;
	if (!b->f_is_off)
		fake_input(b->f, b->put, b->put_size);
	b->last_xid = msg_xid(b->put);
	if (!b->first_xid)
		b->first_xid = b->last_xid;
	free(b->put);
	b->put = NULL;
	b->put_size = 0;
}

static uint8_t *on_put(void *ctx, size_t size)
{
	struct bench *b = ctx;

	hand_over(b);
	b->put = mem_alloc(size);       /* exactly: the sanitizer sees a write too far */
	b->put_size = size;
	return b->put;
}

static void on_read_done(void *ctx)
{
	struct bench *b = ctx;

	b->n_read_done++;
	assert_int_equal(sync_state(b->sync), SYNC_HELD);
	if (!b->hold)
		sync_release(b->sync, b->now);
}

static void on_ready(void *ctx)
{
	struct bench *b = ctx;

	b->n_ready++;
	assert_true(ledger_at_rest(b->ledger));
}

static void on_refused(void *ctx, const struct row *row, const char *error_name)
{
	struct bench *b = ctx;
	struct row_room room;
	struct rule rule;

	row_rule(row, &room, &rule);
	assert_true(rule_is_ours(&rule));
	b->n_refused++;
	snprintf(b->error_name, sizeof b->error_name, "%s", error_name);
}

static void on_drift(void *ctx, int table, struct ledger_drift drift)
{
	struct bench *b = ctx;

	assert_in_range(table, 0, LEDGER_TABLES - 1);
	b->n_drift++;
	b->drift.missing += drift.missing;
	b->drift.changed += drift.changed;
	b->drift.extra += drift.extra;
}

static void on_failed(void *ctx, const char *why)
{
	struct bench *b = ctx;

	b->n_failed++;
	snprintf(b->why, sizeof b->why, "%s", why);
}

static const struct sync_ops ops = {
	.put = on_put, .read_done = on_read_done, .ready = on_ready,
	.refused = on_refused, .drift = on_drift, .failed = on_failed,
};

/* --- wiring ---------------------------------------------------------------------------------- */

struct bench *bench_new(void)
{
	struct bench *b = mem_zalloc(sizeof *b);

	b->f = fake_new(1);
	b->build = build_new(tables, sizeof tables / sizeof *tables);
	b->now = 1000000;
	b->ledger = ledger_new();
	b->sync = sync_new(b->ledger, &ops, b);
	return b;
}

void bench_free(struct bench *b)
{
	sync_free(b->sync);
	ledger_free(b->ledger);
	build_free(b->build);
	fake_free(b->f);
	free(b->put);
	free(b);
}

void bench_forget_hello(struct bench *b)
{
	uint8_t role[24];
	size_t size;

	fake_input(b->f, role, msg_put_role(role, 1, ROLE_PRIMARY, 1));
	fake_work(b->f, FAKE_ALL);
	while (fake_next(b->f, &size))
		;
}

void bench_start(struct bench *b)
{
	free(b->put);
	b->put = NULL;
	b->put_size = 0;
	fake_connect(b->f);
	bench_forget_hello(b);
	b->first_xid = 0;
	sync_start(b->sync, b->now);
	hand_over(b);
}

void bench_restart(struct bench *b)
{
	sync_free(b->sync);
	ledger_free(b->ledger);
	b->ledger = ledger_new();
	b->sync = sync_new(b->ledger, &ops, b);
	b->n_read_done = b->n_ready = b->n_refused = b->n_drift = b->n_failed = 0;
}

size_t bench_deliver(struct bench *b, size_t n)
{
	const uint8_t *m;
	size_t done = 0, size;

	hand_over(b);
	while (done < n && (m = fake_next(b->f, &size))) {
		/* Alone in memory, aligned or not. */
		uint8_t *room = mem_alloc(size + 1), *copy = room + done % 2, buf[MSG_REMOVED_MAX];

		memcpy(copy, m, size);
		if (msg_type(copy) == MSG_FLOW_REMOVED) {
			struct removed removed;
			struct rule rule;

			assert_true(msg_removed(copy, size, &removed, &rule, buf));
			ledger_gone(b->ledger, &rule);
		} else {
			assert_true(sync_message(b->sync, copy, size, b->now));
		}
		hand_over(b);
		free(room);
		done++;
	}
	return done;
}

void bench_run(struct bench *b)
{
	sync_run(b->sync, b->now);
	hand_over(b);
}

void bench_settle(struct bench *b)
{
	size_t moved;

	do {
		bench_run(b);
		moved = fake_work(b->f, FAKE_ALL);
		moved += bench_deliver(b, FAKE_ALL);
	} while (moved);
}

static void check_ours(void *ctx, const struct rule *rule)
{
	struct bench *b = ctx;
	const struct row *row;

	if (!rule_is_ours(rule))
		return;
	row = ledger_find(b->ledger, rule);
	assert_non_null(row);
	assert_true(row->have == rule_digest(rule));
	assert_true(row->want == row->have || row->refused);
}

void bench_compare(struct bench *b)
{
	struct ledger_iter i;

	assert_true(ledger_at_rest(b->ledger));
	fake_each(b->f, check_ours, b);
	for (const struct row *row = ledger_first(b->ledger, &i); row; row = ledger_after(b->ledger, &i)) {
		const struct rule *there;
		struct row_room room;
		struct rule rule;

		if (row->foreign || row->want != row->have)
			continue;
		row_rule(row, &room, &rule);
		there = fake_find(b->f, &rule);
		assert_non_null(there);
		assert_true(rule_digest(there) == row->want);
	}
}

/* --- rows ---------------------------------------------------------------------------------------- */

void bench_flow(struct bench *b, uint32_t n, unsigned table, bool plain)
{
	uint8_t mac[6] = { 2, 0, 0, (uint8_t) (n >> 16), (uint8_t) (n >> 8), (uint8_t) n };

	build_flow(b->build, table, (uint16_t) (1000 + n % 20), cookie_make(1, n));
	match_u(b->build, FIELD_REG0, 7);
	match_bytes(b->build, FIELD_ETH_DST, mac, NULL);
	if (plain) {
		build_idle(b->build, 300);
		build_plain(b->build);
	}
}

void bench_end(struct bench *b, struct rule *ret_rule)
{
	const char *error = build_end(b->build, ret_rule);

	if (error)
		fail_msg("%s", error);
}

void bench_foreign_flow(struct bench *b, uint32_t n, struct rule *ret_rule)
{
	bench_flow(b, n, 1, false);
	act_output(b->build, 42);
	bench_end(b, ret_rule);
	wire_put_u64((uint8_t *) ret_rule->msg + FLOW_COOKIE, 0x1122334455667788ULL);
}
