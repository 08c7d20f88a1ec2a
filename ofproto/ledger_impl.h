/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_impl: the inside of the ledger, shared by its files: ledger.c (want, sent),
 * ledger_read.c (have), ledger_store.c (memory, look-up), ledger_body.c (what rows share). */
#ifndef OFPROTO_LEDGER_IMPL_H
#define OFPROTO_LEDGER_IMPL_H

#include "ofproto/ledger.h"
#include "ofproto/wire.h"

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

/* A flow's message without its match. */
struct body {
	uint64_t digest;                /* of the rules that have it */
	uint32_t n_rows;                /* that have it; 0 = none is left, it goes */
	uint16_t rest;                  /* bytes of the instructions */
	uint8_t msg[];                  /* FLOW_MATCH bytes, then the instructions */
};
struct bodies { struct body **slots; size_t n_slots, n; };      /* owned */

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
	size_t n_refused, n_foreign, n_alien;
	uint64_t n_sent;

	struct pool pools[MAX_UNITS + 1];
	uint8_t **chunks;               /* owned; the first is null */
	size_t n_chunks, max_chunks;
	struct bodies bodies;
	size_t n_bytes;                 /* in chunks, bodies and on the heap */
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

/* What the row has of its message: the match, when it has a body, else all. It
 * stands in the row's piece, or a pointer to it does. */
static inline uint8_t *row_own(const struct row *row)
{
	uint8_t *behind = (uint8_t *) (row + 1);

	return row->outgrown ? *(uint8_t **) behind : behind;
}
static inline size_t row_own_size(const struct row *row)
{
	return row->body ? row->size - (size_t) FLOW_MATCH - row->body->rest : row->size;
}
/* What stands before the match, or the whole message of a group or meter. */
static inline const uint8_t *row_head(const struct row *row)
{
	return row->body ? row->body->msg : row_own(row);
}
static inline const uint8_t *row_match(const struct row *row)
{
	return row->body ? row_own(row) : row_own(row) + FLOW_MATCH;
}
/* The first `size` bytes of the message: all, or up to the instructions. */
void row_copy(const struct row *, uint8_t *buf, size_t size);

/* --- ledger_store.c -------------------------------------------------------------- */
uint32_t store_hash(const struct ledger *, const struct rule *key);
struct row *store_find(const struct ledger *, const struct rule *key, uint32_t hash);
/* A row that store_find() has just not found: all columns empty, with a copy of
 * the message. */
struct row *store_add(struct ledger *, const struct rule *, uint32_t hash, uint64_t digest);
void store_remove(struct ledger *, struct row *);
unsigned store_table(const struct row *);
void store_message(struct ledger *, struct row *, const struct rule *, uint64_t digest);

/* --- ledger_body.c ----------------------------------------------------------------- */
/* The body of such a rule, one row more has it; or null: the row keeps all by itself. */
struct body *body_take(struct ledger *, const struct rule *, uint64_t digest);
void body_give(struct ledger *, struct body *);         /* a row has it no more; or null */
void bodies_free(struct bodies *);

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
