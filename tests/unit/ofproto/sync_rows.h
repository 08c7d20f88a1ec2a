/* SPDX-License-Identifier: Apache-2.0 */
/* sync_rows: a switch, what it shall have, and rows of each kind. */
#ifndef TESTS_SYNC_ROWS_H
#define TESTS_SYNC_ROWS_H

#include "ofproto/ovs.h"
#include "ofproto/sync_impl.h"
#include "ofproto/wire.h"
#include "tests/unit/ofproto/sync_bench.h"

void synced_want(struct bench *b, const struct rule *rule);
/* A flow of table 1 that outputs to a port. */
void synced_flow(struct bench *b, uint32_t n, uint32_t port, bool plain, struct rule *ret);
void synced_flow_to_group(struct bench *b, uint32_t n, uint32_t group, struct rule *ret);
void synced_group(struct bench *b, uint32_t n, uint32_t port, struct rule *ret);
void synced_want_flow(struct bench *b, uint32_t n, uint32_t port, bool plain);
void synced_unwant_flow(struct bench *b, uint32_t n);
int synced_up(void **state);
int synced_down(void **state);
void synced_start_empty(struct bench *b);

#endif
