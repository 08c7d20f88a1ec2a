/* SPDX-License-Identifier: Apache-2.0 */
/* Counters asked of the fake switch: rows of some tables and ports; answers in
 * pieces, late, wrong and missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ofproto/msg.h"
#include "ofproto/poll.h"
#include "ofproto/wire.h"
#include "tests/unit/ofproto/sync_bench.h"

struct desk {
	struct bench *bench;            /* its switch and its rules */
	struct poll *poll;
	uint8_t out[256];               /* what poll has put */
	size_t n_out;
	unsigned n_begun, n_ended, n_rows, n_ports, n_failed;
	uint64_t n_bytes, n_tx;
	uint32_t duration;
	int last_table;
	uint64_t now;
};

static uint8_t *put(void *ctx, size_t size)
{
	struct desk *d = ctx;
	uint8_t *p = d->out + d->n_out;
	d->n_out += size;
	assert_true(d->n_out <= sizeof d->out);
	return p;
}

static void on_begin(void *ctx, int table)
{
	struct desk *d = ctx;
	d->n_begun++;
	d->last_table = table;
}

static void on_row(void *ctx, int table, const struct rule *rule, uint64_t n_bytes, uint32_t duration)
{
	struct desk *d = ctx;
	assert_int_equal(rule_table(rule), table);
	d->n_rows++;
	d->n_bytes += n_bytes;
	d->duration = duration;
}

static void on_port(void *ctx, const struct poll_port *port)
{
	struct desk *d = ctx;
	d->n_ports++;
	d->n_tx += port->tx_bytes;
	assert_int_equal(port->rx_bytes, port->ofport * 10);
	assert_int_equal(port->rx_packets, port->ofport * 100 + 1);
	assert_int_equal(port->tx_packets, port->ofport * 100 + 2);
	assert_int_equal(port->rx_dropped, port->ofport * 100 + 3);
	assert_int_equal(port->tx_dropped, UINT64_MAX);
}

static void on_end(void *ctx, int table)
{
	struct desk *d = ctx;
	assert_int_equal(table, d->last_table);
	d->n_ended++;
}

static void on_failed(void *ctx, const char *why)
{
	struct desk *d = ctx;
	assert_true(*why);
	d->n_failed++;
}

static const struct poll_ops ops = {
	.put = put, .begin = on_begin, .row = on_row, .port = on_port, .end = on_end, .failed = on_failed,
};

static int setup(void **state)
{
	struct desk *d = calloc(1, sizeof *d);
	d->bench = bench_new();
	bench_start(d->bench);
	bench_settle(d->bench);
	for (uint32_t n = 0; n < 300; n++) {
		struct rule rule;
		bench_flow(d->bench, n, 1 + n % 3, false);
		act_output(d->bench->build, 4);
		bench_end(d->bench, &rule);
		fake_put(d->bench->f, &rule);
		fake_traffic(d->bench->f, &rule, 1, 1000, 77);
	}
	for (uint32_t port = 1; port <= 50; port++) {
		fake_port(d->bench->f, port, "p", true, true);
		fake_port_traffic(d->bench->f, port, port * 10, 7, 3);
	}
	bench_forget_hello(d->bench);
	d->poll = poll_new(&ops, d);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct desk *d = *state;
	poll_free(d->poll);
	bench_free(d->bench);
	free(d);
	return 0;
}

/* What poll said goes to the switch; the switch's answers, up to n, to poll. */
static void talk(struct desk *d, size_t n)
{
	const uint8_t *m;
	size_t size;
	for (bool moved = true; moved && n;) {
		fake_input(d->bench->f, d->out, d->n_out);
		moved = d->n_out > 0;
		d->n_out = 0;
		moved |= fake_work(d->bench->f, FAKE_ALL) > 0;
		while (n && (m = fake_next(d->bench->f, &size))) {
			/* Not aligned, as it comes from a socket. */
			uint8_t copy[70000];
			memcpy(copy + 1, m, size);
			assert_true(poll_message(d->poll, copy + 1, size, d->now));
			moved = true;
			n--;
		}
	}
}

static void a_round_asks_one_after_the_other(void **state)
{
	static const int tables[] = { 1, 3, POLL_PORTS };
	struct desk *d = *state;
	struct poll_counts counts;
	fake_knobs(d->bench->f)->piece = 900;
	assert_false(poll_is_busy(d->poll));
	assert_true(poll_start(d->poll, tables, 3, d->now));
	assert_int_equal(d->n_out, 56);
	assert_false(poll_start(d->poll, tables, 3, d->now));
	talk(d, FAKE_ALL);
	assert_int_equal(d->n_rows, 200);
	assert_int_equal(d->n_bytes, 200000);
	assert_int_equal(d->duration, 77);
	assert_int_equal(d->n_ports, 50);
	assert_int_equal(d->n_tx, 350);
	assert_true(d->n_begun == 3 && d->n_ended == 3);
	assert_false(poll_is_busy(d->poll));
	poll_count(d->poll, &counts);
	assert_true(counts.n_asked == 3 && counts.n_answered == 3 && !counts.n_missed);
	/* Nothing asked, nothing out; and more than there is room for is none of our rounds. */
	assert_true(poll_start(d->poll, tables, 0, d->now));
	assert_false(poll_is_busy(d->poll));
	assert_false(poll_start(d->poll, tables, POLL_MAX_ASKS + 1, d->now));
	assert_int_equal(d->n_out, 0);
}

static void what_cannot_be_said_is_left_out(void **state)
{
	static const int tables[] = { POLL_PORTS, 2 };
	struct desk *d = *state;
	fake_knobs(d->bench->f)->no_port_stats = true;
	poll_start(d->poll, tables, 2, d->now);
	talk(d, FAKE_ALL);
	assert_true(d->n_rows == 100 && !d->n_ports && d->n_ended == 1);
	poll_start(d->poll, tables, 1, d->now);
	talk(d, FAKE_ALL);
	assert_false(poll_is_busy(d->poll));
}

static void an_answer_that_is_late_is_passed_over(void **state)
{
	static const int tables[] = { 1 };
	struct desk *d = *state;
	struct poll_counts counts;
	fake_knobs(d->bench->f)->piece = 900;
	poll_start(d->poll, tables, 1, d->now);
	talk(d, 3);
	unsigned n_rows = d->n_rows;
	assert_true(n_rows && n_rows < 100);
	d->now += 9999;
	poll_tick(d->poll, d->now);
	assert_true(poll_is_busy(d->poll));
	d->now += 1;
	poll_tick(d->poll, d->now);
	assert_false(poll_is_busy(d->poll));
	poll_start(d->poll, tables, 1, d->now);
	talk(d, FAKE_ALL);
	assert_int_equal(d->n_rows, n_rows + 100);
	assert_true(d->n_begun == 2 && d->n_ended == 1 && !d->n_failed);
	poll_count(d->poll, &counts);
	assert_true(counts.n_asked == 2 && counts.n_missed == 1);
}

/* The xid of the request that is out. */
static uint32_t out_xid(const struct desk *d) { return msg_xid(d->out); }

static void nonsense_ends_the_connection(void **state)
{
	static const int flows[] = { 1 }, ports[] = { POLL_PORTS };
	struct desk *d = *state;
	uint8_t m[200] = { 0 };
	/* Of others: not ours to judge. */
	msg_put_header(m, MSG_MULTIPART_REPLY, 0x10000001, 16);
	assert_false(poll_message(d->poll, m, 16, d->now));
	msg_put_header(m, MSG_ECHO_REPLY, POLL_XID_FIRST, 16);
	assert_false(poll_message(d->poll, m, 16, d->now));
	/* Another type than was asked for. */
	poll_start(d->poll, flows, 1, d->now);
	msg_put_header(m, MSG_MULTIPART_REPLY, out_xid(d), 16);
	wire_put_u16(m + 8, MULTIPART_PORT_STATS);
	assert_true(poll_message(d->poll, m, 16, d->now));
	assert_int_equal(d->n_failed, 1);
	d->n_out = 0;
	/* Half a port. */
	poll_start(d->poll, ports, 1, d->now);
	msg_put_header(m, MSG_MULTIPART_REPLY, out_xid(d), 16 + 100);
	poll_message(d->poll, m, 16 + 100, d->now);
	assert_int_equal(d->n_failed, 2);
	d->n_out = 0;
	/* Half a row; a header without a type. */
	poll_start(d->poll, flows, 1, d->now);
	msg_put_header(m, MSG_MULTIPART_REPLY, out_xid(d), 16 + 20);
	wire_put_u16(m + 8, MULTIPART_FLOW);
	poll_message(d->poll, m, 16 + 20, d->now);
	assert_int_equal(d->n_failed, 3);
	d->n_out = 0;
	poll_start(d->poll, flows, 1, d->now);
	msg_put_header(m, MSG_MULTIPART_REPLY, out_xid(d), 8);
	poll_message(d->poll, m, 8, d->now);
	assert_int_equal(d->n_failed, 4);
	assert_int_equal(d->n_rows, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_round_asks_one_after_the_other, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_said_is_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_that_is_late_is_passed_over, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense_ends_the_connection, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
