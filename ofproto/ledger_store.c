/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_store: memory and look-up of rows.
 *
 * A row and its message are one piece of memory, taken from chunks of equal
 * pieces, so a learned host costs no malloc. Freed pieces go to the free list
 * of their class; chunks are given back with the ledger. The table is open
 * addressing with the hash in the slot, so that probing and growing do not
 * touch the rows. Rows never move: lists and callers point at them. */
#include <sys/random.h>

#include "ofproto/ledger_impl.h"
#include "ofproto/mem.h"
#include "ofproto/wire.h"

enum { SLOTS_FIRST = 64, CHUNK_FIRST = 2 << 10, CHUNK_LAST = 256 << 10 };

struct pool_chunk {
	struct pool_chunk *next;
	uint64_t align;
};

/* --- memory ------------------------------------------------------------------------- */

static uint8_t class_of(size_t size)
{
	size_t n = (size + POOL_UNIT - 1) / POOL_UNIT;

	return n <= POOL_CLASSES ? (uint8_t) n : 0;
}

static void pool_grow(struct ledger *l, uint8_t class)
{
	struct pool_class *c = &l->classes[class];
	size_t size = c->chunk_size ? c->chunk_size : CHUNK_FIRST;
	size_t piece = class * (size_t) POOL_UNIT;
	struct pool_chunk *chunk = mem_alloc(size);

	if (size >= 64 << 10)
		mem_populate(chunk, size);
	chunk->next = l->chunks;
	l->chunks = chunk;
	l->n_bytes += size;
	c->next = (uint8_t *) (chunk + 1);
	c->end = c->next + (size - sizeof(*chunk)) / piece * piece;
	c->chunk_size = size < CHUNK_LAST ? (uint32_t) (2 * size) : CHUNK_LAST;
}

static void *pool_take(struct ledger *l, size_t size, uint8_t class)
{
	struct pool_class *c = &l->classes[class];
	void *piece = c->free;

	if (!class) {
		l->n_bytes += size;
		return mem_alloc(size);
	}
	if (piece) {
		memcpy(&c->free, piece, sizeof(c->free));
		return piece;
	}
	if (c->next == c->end)
		pool_grow(l, class);
	piece = c->next;
	c->next += class * (size_t) POOL_UNIT;
	return piece;
}

static void pool_give(struct ledger *l, void *piece, size_t size, uint8_t class)
{
	struct pool_class *c = &l->classes[class];

	if (!class) {
		l->n_bytes -= size;
		free(piece);
		return;
	}
	memcpy(piece, &c->free, sizeof(c->free));
	c->free = piece;
}

static uint8_t *row_inline(struct row *row) { return (uint8_t *) (row + 1); }

/* Room for a message behind the row itself. The row is never on the plain heap
 * because of its message: a message too big for the classes stands alone. */
static size_t row_room(const struct row *row)
{
	return row->row_class * (size_t) POOL_UNIT - sizeof(*row);
}

static void message_drop(struct ledger *l, struct row *row)
{
	if (row->msg != row_inline(row))
		pool_give(l, row->msg, row->size, row->msg_class);
}

void store_message(struct ledger *l, struct row *row, const struct rule *rule)
{
	if (rule->size == row->size) {
		memmove(row->msg, rule->msg, rule->size);        /* may be the row's own */
		return;
	}
	message_drop(l, row);
	row->size = rule->size;
	if (rule->size <= row_room(row)) {
		row->msg = row_inline(row);
	} else {
		row->msg_class = class_of(rule->size);
		row->msg = pool_take(l, rule->size, row->msg_class);
	}
	memcpy(row->msg, rule->msg, rule->size);
}

/* --- the table ------------------------------------------------------------------------ */

uint32_t store_hash(const struct ledger *l, const struct rule *key)
{
	uint64_t h = rule_key_hash_seeded(key, l->seed);

	return (uint32_t) (h ^ h >> 32);
}

struct row *store_find(const struct ledger *l, const struct rule *key, uint32_t hash)
{
	size_t mask = l->n_slots - 1;

	for (size_t i = hash & mask; l->slots[i].row; i = (i + 1) & mask) {
		struct rule at;

		if (l->slots[i].hash != hash)
			continue;
		row_rule(l->slots[i].row, &at);
		if (rule_key_equal(&at, key))
			return l->slots[i].row;
	}
	return NULL;
}

static void slot_put(struct slot *slots, size_t n_slots, struct slot s)
{
	size_t mask = n_slots - 1, i = s.hash & mask;

	while (slots[i].row)
		i = (i + 1) & mask;
	slots[i] = s;
}

static void slots_grow(struct ledger *l)
{
	size_t n = l->n_slots * 2;
	struct slot *slots = mem_zalloc(n * sizeof(*slots));

	mem_populate(slots, n * sizeof(*slots));
	for (size_t i = 0; i < l->n_slots; i++)
		if (l->slots[i].row)
			slot_put(slots, n, l->slots[i]);
	free(l->slots);
	l->slots = slots;
	l->n_slots = n;
}

/* Takes a slot out and closes the gap: what follows moves back unless it
 * stands between its home and the gap. */
static void slot_remove(struct ledger *l, const struct row *row)
{
	size_t mask = l->n_slots - 1, gap = row->key_hash & mask;

	while (l->slots[gap].row != row)
		gap = (gap + 1) & mask;
	for (size_t i = (gap + 1) & mask; l->slots[i].row; i = (i + 1) & mask) {
		size_t home = l->slots[i].hash & mask;

		if (((i - home) & mask) >= ((i - gap) & mask)) {
			l->slots[gap] = l->slots[i];
			gap = i;
		}
	}
	l->slots[gap].row = NULL;
}

static unsigned table_of(const struct rule *rule)
{
	switch (rule->kind) {
	case RULE_FLOW:
		return rule_table(rule);
	case RULE_GROUP:
		return LEDGER_GROUPS;
	case RULE_METER:
		return LEDGER_METERS;
	}
	return 0;
}

unsigned store_table(const struct row *row)
{
	struct rule rule;

	row_rule(row, &rule);
	return table_of(&rule);
}

struct row *store_add(struct ledger *l, const struct rule *rule, uint32_t hash)
{
	uint8_t class = class_of(sizeof(struct row) + rule->size);
	struct row *row;

	if (!class)
		class = class_of(sizeof(struct row));
	row = pool_take(l, 0, class);
	memset(row, 0, sizeof(*row));
	row->row_class = class;
	row->msg = row_inline(row);
	row->kind = (uint8_t) rule->kind;
	row->key_hash = hash;
	link_init(&row->link);
	store_message(l, row, rule);
	link_push(&l->tables[table_of(rule)], &row->place);
	l->n_table_rows[table_of(rule)]++;
	if (++l->n_rows > l->n_slots / 2)
		slots_grow(l);
	slot_put(l->slots, l->n_slots, (struct slot){row, hash});
	return row;
}

void store_remove(struct ledger *l, struct row *row)
{
	l->n_table_rows[store_table(row)]--;
	slot_remove(l, row);
	l->n_rows--;
	link_remove(&row->place);
	message_drop(l, row);
	pool_give(l, row, 0, row->row_class);
}

/* --- the ledger as a thing --------------------------------------------------------------- */

struct ledger *ledger_new(void)
{
	struct ledger *l = mem_zalloc(sizeof(*l));

	/* Not fatal when it fails: the order of rows does not depend on it. */
	if (getrandom(&l->seed, sizeof(l->seed), 0) != sizeof(l->seed))
		l->seed = (uint64_t) (uintptr_t) l;
	l->n_slots = SLOTS_FIRST;
	l->slots = mem_zalloc(l->n_slots * sizeof(*l->slots));
	for (int i = 0; i < LEDGER_TABLES; i++)
		link_init(&l->tables[i]);
	for (int i = 0; i < N_PHASES; i++)
		link_init(&l->dirty[i]);
	link_init(&l->flight);
	for (int i = 0; i < 256; i++)
		l->mark[i] = 1;
	return l;
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	for (int t = 0; t < LEDGER_TABLES; t++) {
		for (struct row_link *i = l->tables[t].next; i != &l->tables[t]; i = i->next) {
			struct row *row = ROW_OF(i, place);

			if (row->msg != row_inline(row) && !row->msg_class)
				free(row->msg);
		}
	}
	for (struct pool_chunk *c = l->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(l->slots);
	free(l);
}

const struct row *ledger_find(const struct ledger *l, const struct rule *key)
{
	return store_find(l, key, store_hash(l, key));
}

void ledger_ahead(const struct ledger *l, const struct rule *key)
{
	__builtin_prefetch(&l->slots[store_hash(l, key) & (l->n_slots - 1)]);
}

static const struct row *iter_row(const struct ledger *l, struct ledger_iter *iter, struct row_link *at)
{
	while (at == &l->tables[iter->table]) {
		if (++iter->table == LEDGER_TABLES) {
			iter->row = NULL;
			return NULL;
		}
		at = l->tables[iter->table].next;
	}
	iter->row = ROW_OF(at, place);
	return iter->row;
}

const struct row *ledger_first(const struct ledger *l, struct ledger_iter *iter)
{
	iter->table = 0;
	return iter_row(l, iter, l->tables[0].next);
}

const struct row *ledger_after(const struct ledger *l, struct ledger_iter *iter)
{
	return iter->row ? iter_row(l, iter, iter->row->place.next) : NULL;
}

void row_rule(const struct row *row, struct rule *ret_rule)
{
	ret_rule->kind = (enum rule_kind) row->kind;
	ret_rule->plain = row->plain;
	ret_rule->size = row->size;
	ret_rule->msg = row->msg;
}

size_t ledger_table_rows(const struct ledger *l, unsigned table)
{
	return table < LEDGER_TABLES ? l->n_table_rows[table] : 0;
}

size_t ledger_memory(const struct ledger *l)
{
	return sizeof(*l) + l->n_slots * sizeof(*l->slots) + l->n_bytes;
}
