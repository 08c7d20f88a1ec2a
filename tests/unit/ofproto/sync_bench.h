/* SPDX-License-Identifier: Apache-2.0 */
/* sync_bench: a ledger, its sync and a fake switch wired together, for the tests
 * of sync. Nothing moves by itself: bench_deliver and bench_settle move it. */
#ifndef TESTS_SYNC_BENCH_H
#define TESTS_SYNC_BENCH_H

#include "ofproto/build.h"
#include "ofproto/sync.h"
#include "tests/unit/fake_switch.h"

struct bench {
	struct fake_switch *f;
	struct ledger *ledger;
	struct sync *sync;
	struct build *build;
	uint64_t now;                   /* ms */
	bool hold;                      /* read_done does not release */
	bool f_is_off;                  /* what sync sends is lost */
	uint32_t first_xid, last_xid;   /* of what sync sent since bench_start */
	uint8_t *put;                   /* room that sync has asked for and now filled */
	size_t put_size;

	/* What sync told. */
	unsigned n_read_done, n_ready, n_refused, n_drift, n_failed;
	struct ledger_drift drift;      /* sum */
	char why[256], error_name[64];
	bool not_ours;
};

struct bench *bench_new(void);
void bench_free(struct bench *);
/* A new connection, already through hello, and sync_start. */
void bench_start(struct bench *);
/* The controller starts anew: empty ledger and counts; the switch keeps its rows. */
void bench_restart(struct bench *);
void bench_forget_hello(struct bench *);
void bench_run(struct bench *);                  /* sync_run; what it sent is on its way */
/* Up to n messages of the switch to sync and, as session does, to the ledger. */
size_t bench_deliver(struct bench *, size_t n);
/* Work, deliver and run until nothing moves. */
void bench_settle(struct bench *);
/* At rest: what is wanted is on the switch and what is ours there is wanted,
 * except for refused and foreign rows. Asserts. */
void bench_compare(struct bench *);

/* Begins the flow number n of a table: a key that no other number has. Tables 1
 * to 3 exist. End it by bench_end. */
void bench_flow(struct bench *, uint32_t n, unsigned table, bool plain);
void bench_end(struct bench *, struct rule *);
/* A flow of table 1 with the key of number n and a cookie that is not ours. */
void bench_foreign_flow(struct bench *, uint32_t n, struct rule *);

#endif
