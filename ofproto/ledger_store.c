/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_store: memory and look-up of rows.
 *
 * A row and what it has of its message are one piece of memory, taken from chunks of equal
 * pieces, so a learned host costs no malloc. Pieces that are given back wait for
 * the next row of their size; chunks are given back with the ledger. A message
 * that outgrows its row's piece stands on the heap.
 *
 * The table is open addressing with the hash in the slot, so that probing and
 * growing do not touch the rows, and with refs instead of pointers, so that more
 * of it stays in the cache. Rows never move: lists and callers point at them. */
#include <sys/random.h>

#include "ofproto/ledger_impl.h"
#include "ofproto/mem.h"
#include "ofproto/wire.h"

enum {
	SLOTS_FIRST = 64,
	UNITS_OF_OUTGROWN = (sizeof(struct row) + sizeof(uint8_t *)) / UNIT,
	UNITS_FIRST = 256,              /* of the first chunk of a size; it doubles up to CHUNK_UNITS */
	UNITS_POPULATED = 8192,         /* who has filled chunks up to here will fill the next one */
};

_Static_assert(sizeof(struct row) % UNIT == 0, "a message begins where a pointer may stand");

/* --- memory ------------------------------------------------------------------------- */

static struct row *row_at(const struct ledger *l, uint32_t ref)
{
	return (struct row *) (l->chunks[ref >> CHUNK_BITS] + (size_t) (ref % CHUNK_UNITS) * UNIT);
}

static size_t units_of(size_t size) { return (size + UNIT - 1) / UNIT; }

static void chunk_add(struct ledger *l, struct pool *pool, uint32_t piece)
{
	uint32_t n = pool->n_grow ? pool->n_grow : UNITS_FIRST;
	size_t size = (size_t) n * UNIT;

	if (l->n_chunks == l->max_chunks) {
		l->max_chunks = l->max_chunks ? 2 * l->max_chunks : 8;
		l->chunks = mem_realloc(l->chunks, l->max_chunks * sizeof(*l->chunks));
	}
	if (!l->n_chunks)
		l->chunks[l->n_chunks++] = NULL;
	if (l->n_chunks > UINT32_MAX >> CHUNK_BITS)
		mem_check(NULL);
	l->chunks[l->n_chunks] = mem_alloc(size);
	if (n >= UNITS_POPULATED)
		mem_populate(l->chunks[l->n_chunks], size);
	l->n_bytes += size;
	pool->next = (uint32_t) (l->n_chunks++ << CHUNK_BITS);
	pool->end = pool->next + n / piece * piece;
	pool->n_grow = n < CHUNK_UNITS ? 2 * n : CHUNK_UNITS;
}

/* A row with nothing in it but where and how large it is. */
static struct row *row_take(struct ledger *l, uint8_t units)
{
	struct pool *pool = &l->pools[units];
	struct row *row = pool->free;
	uint32_t ref;

	if (row) {
		pool->free = (struct row *) row->link.next;
		ref = row->ref;
	} else {
		if (pool->next == pool->end)
			chunk_add(l, pool, units);
		ref = pool->next;
		pool->next += units;
		row = row_at(l, ref);
	}
	memset(row, 0, sizeof(*row));
	row->ref = ref;
	row->units = units;
	return row;
}

static void row_give(struct ledger *l, struct row *row)
{
	struct pool *pool = &l->pools[row->units];

	row->link.next = (struct row_link *) pool->free;
	pool->free = row;
}

/* Room for a message behind the row itself. */
static size_t row_room(const struct row *row)
{
	return (size_t) row->units * UNIT - sizeof(*row);
}

static void outgrown_free(struct ledger *l, struct row *row)
{
	if (!row->outgrown)
		return;
	l->n_bytes -= row_own_size(row);
	free(row_own(row));
	row->outgrown = false;
}

/* The row has no message, and takes this one. */
static void message_take(struct ledger *l, struct row *row, const struct rule *rule, struct body *body)
{
	size_t own;

	row->body = body;
	row->size = rule->size;
	own = row_own_size(row);
	if (own > row_room(row)) {
		l->n_bytes += own;
		row->outgrown = true;
		*(uint8_t **) (row + 1) = mem_alloc(own);
	}
	memmove(row_own(row), body ? rule->msg + FLOW_MATCH : rule->msg, own);
}

static void message_drop(struct ledger *l, struct row *row)
{
	outgrown_free(l, row);
	body_give(l, row->body);
}

void store_message(struct ledger *l, struct row *row, const struct rule *rule, uint64_t digest)
{
	struct body *body;

	if (rule->msg == row_own(row) && rule->size == row->size)
		return;                 /* it is the row's own */
	body = body_take(l, rule, digest);
	message_drop(l, row);
	message_take(l, row, rule, body);
}

void row_copy(const struct row *row, uint8_t *buf, size_t size)
{
	size_t match = row_own_size(row);

	if (!row->body) {
		memcpy(buf, row_own(row), size);
		return;
	}
	memcpy(buf, row->body->msg, FLOW_MATCH);
	wire_put_u16(buf + WIRE_LENGTH, row->size);      /* of the body's first row it may be another */
	memcpy(buf + FLOW_MATCH, row_own(row), match);
	memcpy(buf + FLOW_MATCH + match, row->body->msg + FLOW_MATCH, size - FLOW_MATCH - match);
}

/* --- the table ------------------------------------------------------------------------ */

uint32_t store_hash(const struct ledger *l, const struct rule *key)
{
	uint64_t h = rule_key_hash_seeded(key, l->seed);

	return (uint32_t) (h ^ h >> 32);
}

static bool has_key(const struct row *row, const struct rule *key)
{
	size_t match = row_own_size(row);

	if (!row->body)
		return rule_key_equal(&(struct rule) { .kind = (enum rule_kind) row->kind, .size = row->size,
						       .msg = row_own(row) }, key);
	return key->kind == RULE_FLOW && row->body->msg[FLOW_TABLE] == rule_table(key)
		&& wire_u16(row->body->msg + FLOW_PRIORITY) == rule_priority(key)
		&& key->size >= FLOW_MATCH + match && !memcmp(row_own(row), key->msg + FLOW_MATCH, match);
}

struct row *store_find(const struct ledger *l, const struct rule *key, uint32_t hash)
{
	size_t mask = l->n_slots - 1;

	for (size_t i = hash & mask; l->slots[i].ref; i = (i + 1) & mask) {
		if (l->slots[i].hash != hash)
			continue;
		struct row *row = row_at(l, l->slots[i].ref);
		if (has_key(row, key))
			return row;
	}
	return NULL;
}

static void slot_put(struct slot *slots, size_t n_slots, struct slot s)
{
	size_t mask = n_slots - 1, i = s.hash & mask;

	while (slots[i].ref)
		i = (i + 1) & mask;
	slots[i] = s;
}

static void slots_grow(struct ledger *l)
{
	size_t n = l->n_slots * 2;
	struct slot *slots = mem_zalloc(n * sizeof(*slots));

	mem_populate(slots, n * sizeof(*slots));
	for (size_t i = 0; i < l->n_slots; i++)
		if (l->slots[i].ref)
			slot_put(slots, n, l->slots[i]);
	free(l->slots);
	l->slots = slots;
	l->n_slots = n;
}

/* Takes a slot out and closes the gap: what follows moves back unless it
 * stands between its home and the gap. */
static void slot_remove(struct ledger *l, const struct row *row)
{
	struct row_room room;
	struct rule rule;

	row_rule(row, &room, &rule);
	size_t mask = l->n_slots - 1, gap = store_hash(l, &rule) & mask;
	while (l->slots[gap].ref != row->ref)
		gap = (gap + 1) & mask;
	for (size_t i = (gap + 1) & mask; l->slots[i].ref; i = (i + 1) & mask) {
		size_t home = l->slots[i].hash & mask;

		if (((i - home) & mask) >= ((i - gap) & mask)) {
			l->slots[gap] = l->slots[i];
			gap = i;
		}
	}
	l->slots[gap].ref = 0;
}

unsigned store_table(const struct row *row)
{
	switch ((enum rule_kind) row->kind) {
	case RULE_FLOW:
		return row_head(row)[FLOW_TABLE];
	case RULE_GROUP:
		return LEDGER_GROUPS;
	case RULE_METER:
		return LEDGER_METERS;
	}
	return 0;
}

struct row *store_add(struct ledger *l, const struct rule *rule, uint32_t hash, uint64_t digest)
{
	struct body *body = body_take(l, rule, digest);
	size_t own = body ? rule->size - (size_t) FLOW_MATCH - body->rest : rule->size;
	size_t units = units_of(sizeof(struct row) + own);
	struct row *row = row_take(l, (uint8_t) (units <= MAX_UNITS ? units : UNITS_OF_OUTGROWN));
	unsigned table;

	row->kind = (uint8_t) rule->kind;
	link_init(&row->link);
	message_take(l, row, rule, body);
	table = store_table(row);
	link_push(&l->tables[table], &row->place);
	l->n_table_rows[table]++;
	if (++l->n_rows > l->n_slots / 2)
		slots_grow(l);
	slot_put(l->slots, l->n_slots, (struct slot){row->ref, hash});
	return row;
}

void store_remove(struct ledger *l, struct row *row)
{
	l->n_table_rows[store_table(row)]--;
	slot_remove(l, row);
	l->n_rows--;
	link_remove(&row->place);
	message_drop(l, row);
	row_give(l, row);
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
	for (int t = 0; t < LEDGER_TABLES; t++)
		for (struct row_link *i = l->tables[t].next; i != &l->tables[t]; i = i->next)
			outgrown_free(l, ROW_OF(i, place));
	bodies_free(&l->bodies);
	for (size_t i = 0; i < l->n_chunks; i++)
		free(l->chunks[i]);
	free(l->chunks);
	free(l->slots);
	free(l);
}

const struct row *ledger_find(const struct ledger *l, const struct rule *key)
{
	return store_find(l, key, store_hash(l, key));
}

const void *ledger_place(const struct ledger *l, const struct rule *key)
{
	return &l->slots[store_hash(l, key) & (l->n_slots - 1)];
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

void row_rule(const struct row *row, struct row_room *room, struct rule *ret_rule)
{
	ret_rule->kind = (enum rule_kind) row->kind;
	ret_rule->plain = row->plain;
	ret_rule->size = row->size;
	ret_rule->msg = row_own(row);
	if (row->body) {
		row_copy(row, room->msg, row->size);
		ret_rule->msg = room->msg;
	}
}

size_t ledger_table_rows(const struct ledger *l, unsigned table)
{
	return table < LEDGER_TABLES ? l->n_table_rows[table] : 0;
}

size_t ledger_memory(const struct ledger *l)
{
	return sizeof(*l) + l->n_slots * sizeof(*l->slots) + l->max_chunks * sizeof(*l->chunks)
		+ l->bodies.n_slots * sizeof(*l->bodies.slots) + l->n_bytes;
}
