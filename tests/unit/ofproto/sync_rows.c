/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ofproto/sync_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

void synced_want(struct bench *b, const struct rule *rule) { ledger_want(b->ledger, 1, rule); }

void synced_flow(struct bench *b, uint32_t n, uint32_t port, bool plain, struct rule *ret)
{
	bench_flow(b, n, 1, plain);
	act_output(b->build, port);
	bench_end(b, ret);
}

void synced_flow_to_group(struct bench *b, uint32_t n, uint32_t group, struct rule *ret)
{
	bench_flow(b, n, 1, false);
	act_group(b->build, GROUP_OURS_FIRST + group);
	bench_end(b, ret);
}

void synced_group(struct bench *b, uint32_t n, uint32_t port, struct rule *ret)
{
	build_group(b->build, GROUP_OURS_FIRST + n, GROUP_INDIRECT);
	build_bucket(b->build, 0, 0);
	act_output(b->build, port);
	bench_end(b, ret);
}

void synced_want_flow(struct bench *b, uint32_t n, uint32_t port, bool plain)
{
	struct rule rule;

	synced_flow(b, n, port, plain, &rule);
	synced_want(b, &rule);
}

void synced_unwant_flow(struct bench *b, uint32_t n)
{
	struct rule rule;

	synced_flow(b, n, 1, false, &rule);
	ledger_unwant(b->ledger, &rule);
}

int synced_up(void **state)
{
	*state = bench_new();
	return 0;
}

int synced_down(void **state)
{
	bench_free(*state);
	return 0;
}

void synced_start_empty(struct bench *b)
{
	bench_start(b);
	bench_settle(b);
	assert_int_equal(b->n_read_done, 1);
	assert_int_equal(b->n_ready, 1);
	assert_int_equal(sync_state(b->sync), SYNC_REST);
}
