/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_impl: the inside of the ledger, shared by its three files:
 * ledger.c (want, sent), ledger_read.c (have), ledger_store.c (memory, look-up). */
#ifndef OFPROTO_LEDGER_IMPL_H
#define OFPROTO_LEDGER_IMPL_H

#include "ofproto/ledger.h"

/* Memory for rows comes in pieces of so many units, cut from chunks. A ref is the
 * number of a chunk and the first unit in it: half a pointer. */
enum { UNIT = 8, MAX_UNITS = 128, CHUNK_BITS = 15, CHUNK_UNITS = 1 << CHUNK_BITS };

/* Pieces of one size. */
struct pool {
	struct row *free;               /* list through row.link.next */
	uint32_t next, end;             /* refs: unused rest of the youngest chunk */
	uint32_t n_grow;                /* units of the next chunk, 0 = none yet */
};

struct slot { uint32_t ref, hash; };    /* ref 0 = empty */

struct ledger {
	/* Rows by key: open addressing, linear, at most half full. */
	struct slot *slots;
	size_t n_slots;                 /* power of two */
	size_t n_rows;
	uint64_t seed;                  /* of the key hash: VMs choose the keys */

	struct row_link tables[LEDGER_TABLES];
	size_t n_table_rows[LEDGER_TABLES];
	struct row_link dirty[N_PHASES];
	struct row_link flight;
	size_t n_dirty, n_dirty_not_plain, n_flight;

	/* Mark and sweep, per app. */
	uint32_t mark[256];
	size_t n_wanted[256], n_marked[256];

	/* Reading back. */
	uint32_t pass;                  /* count of ledger_read_begin() */
	bool reading;
	int read_table;
	struct ledger_drift drift;

	size_t n_have[3];               /* by enum rule_kind */
	size_t n_refused, n_foreign;
	uint64_t n_sent;

	struct pool pools[MAX_UNITS + 1];
	uint8_t **chunks;               /* owned; the first is null */
	size_t n_chunks, max_chunks;
	size_t n_bytes;                 /* in chunks and on the heap */
};

#define ROW_OF(LINK, MEMBER) ((struct row *) ((char *) (LINK) - offsetof(struct row, MEMBER)))

static inline void link_init(struct row_link *l) { l->prev = l->next = l; }
static inline bool link_is_empty(const struct row_link *head) { return head->next == head; }
static inline void link_push(struct row_link *head, struct row_link *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}
static inline void link_remove(struct row_link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	link_init(l);
}

/* The message stands in the row's piece, or a pointer to it does. */
static inline uint8_t *row_msg(const struct row *row)
{
	uint8_t *behind = (uint8_t *) (row + 1);

	return row->outgrown ? *(uint8_t **) behind : behind;
}

/* --- ledger_store.c -------------------------------------------------------------- */
uint32_t store_hash(const struct ledger *, const struct rule *key);
struct row *store_find(const struct ledger *, const struct rule *key, uint32_t hash);
/* A row that store_find() has just not found: all columns empty, with a copy of
 * the message. */
struct row *store_add(struct ledger *, const struct rule *, uint32_t hash);
void store_remove(struct ledger *, struct row *);
unsigned store_table(const struct row *);
void store_message(struct ledger *, struct row *, const struct rule *);

/* --- ledger.c ---------------------------------------------------------------------- */
/* Takes the row off its dirty list; before any of its columns changes. */
void row_unlist(struct ledger *, struct row *);
/* Puts the row where its columns say, or frees it; after every change. */
void row_settle(struct ledger *, struct row *);
void row_land(struct ledger *, struct row *);            /* no longer in flight */
static inline void row_set_have(struct ledger *l, struct row *row, uint64_t have)
{
	l->n_have[row->kind] += (size_t) (have != 0) - (size_t) (row->have != 0);
	row->have = have;
}

#endif
