/* SPDX-License-Identifier: Apache-2.0 */
/* What a fake switch remembers: flows, groups and meters, as the messages that made them. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stdbool.h>
#include "of13.h"

struct rows_entry {
	size_t at;     /* of the message in the log */
	uint32_t hash; /* of the key */
	bool live;
};

/* Empty value: all zero. */
struct rows {
	struct buf log;             /* all messages ever taken, back to back */
	size_t applied;             /* bytes of log that `entries` knows */
	struct rows_entry *entries; /* owned; in the order of making */
	size_t n_entries, cap_entries;
	uint32_t *index;            /* owned; hash table: entry + 1, 0 = empty */
	size_t n_index;             /* a power of two */
};

void rows_uninit(struct rows *);

/* Remember a FLOW_MOD, GROUP_MOD or METER_MOD. Costs a copy: it takes effect when somebody looks. */
static inline void rows_take(struct rows *r, const uint8_t *msg, size_t size)
{
	buf_put(&r->log, msg, size);
}

size_t rows_count(struct rows *, uint8_t type);

/* Append the answer to a MULTIPART_REQUEST for flows, groups or meters, in as many pieces as it takes. */
void rows_dump(struct rows *, const uint8_t *request, size_t size, struct buf *out);

#endif
