/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_read: what the switch has, as it says itself.
 *
 * A pass has a number. A row that was in flight during the pass carries the
 * number in `moved` and is not judged: the answer may be from before or after.
 * The others carry it in `seen`, or are gone. */
#include "ofproto/ledger_impl.h"

static bool row_moves(const struct ledger *l, const struct row *row)
{
	return row->in_flight || (l->reading && row->moved == l->pass);
}

void ledger_forget(struct ledger *l)
{
	ledger_abort(l);
	l->reading = false;
	for (int t = 0; t < LEDGER_TABLES; t++) {
		for (struct row_link *i = l->tables[t].next, *next; i != &l->tables[t]; i = next) {
			struct row *row = ROW_OF(i, place);

			next = i->next;
			row_unlist(l, row);
			row_set_have(l, row, 0);
			row->refused = false;
			row->foreign = false;
			row_settle(l, row);
		}
	}
}

/* News about a row. What was refused on a wrong belief (modify a group that is
 * not there, add one that is) may go once more. */
static void row_learn(struct ledger *l, struct row *row, uint64_t have)
{
	if (row->have != have)
		row->refused = false;
	row_set_have(l, row, have);
}

/* Somebody else's row. Kept even when nobody wants its key: it may be wanted
 * later, and must not be overwritten then. */
static void read_foreign(struct ledger *l, struct row *row, const struct rule *rule, uint64_t digest)
{
	row_unlist(l, row);
	if (row->have)
		l->drift.missing++;
	row_set_have(l, row, 0);
	row->foreign = true;
	if (!row->want)
		store_message(l, row, rule, digest);
	row_settle(l, row);
}

static void read_ours(struct ledger *l, struct row *row, const struct rule *rule, uint64_t digest)
{
	row_unlist(l, row);
	if (!row->have)
		l->drift.extra++;
	else if (row->have != digest)
		l->drift.changed++;
	row_learn(l, row, digest);
	row->foreign = false;
	if (!row->want) {
		store_message(l, row, rule, digest);
		row->app = rule->kind == RULE_FLOW ? cookie_app(rule_cookie(rule)) : 0;
		row->plain = rule->plain;
	}
	row_settle(l, row);
}

void ledger_read_row(struct ledger *l, const struct rule *rule,
		     uint64_t n_packets, uint64_t n_bytes, uint32_t duration)
{
	uint32_t hash = store_hash(l, rule);
	uint64_t digest = rule_digest(rule);
	struct row *row = store_find(l, rule, hash);

	if (!row)
		row = store_add(l, rule, hash, digest);
	row->seen = l->pass;
	/* Made anew on the switch, it counts anew. */
	if (duration < row->duration)
		row->hit = 0;
	if (n_packets > (duration < row->duration ? 0 : row->n_packets))
		row->hit = duration ? duration : 1;
	row->n_packets = n_packets;
	row->n_bytes = n_bytes;
	row->duration = duration;
	if (row_moves(l, row))
		return;
	if (rule_is_ours(rule))
		read_ours(l, row, rule, digest);
	else
		read_foreign(l, row, rule, digest);
}

static void judge_table(struct ledger *l, int table)
{
	for (struct row_link *i = l->tables[table].next, *next; i != &l->tables[table]; i = next) {
		struct row *row = ROW_OF(i, place);

		next = i->next;
		if (row->seen == l->pass || row_moves(l, row) || (!row->have && !row->foreign))
			continue;
		row_unlist(l, row);
		if (row->have)
			l->drift.missing++;
		row_learn(l, row, 0);
		row->foreign = false;
		row_settle(l, row);
	}
}

/* Rows that stayed only because of the pass; see row_lingers(). */
static void leave_table(struct ledger *l, int table)
{
	for (struct row_link *i = l->tables[table].next, *next; i != &l->tables[table]; i = next) {
		struct row *row = ROW_OF(i, place);

		next = i->next;
		if (!row->want && !row->have && !row->foreign && !row->in_flight)
			store_remove(l, row);
	}
}

static void each_table(struct ledger *l, void (*f)(struct ledger *, int table))
{
	if (l->read_table == LEDGER_ALL) {
		for (int t = 0; t < LEDGER_TABLES; t++)
			f(l, t);
	} else {
		f(l, l->read_table);
	}
}

void ledger_read_begin(struct ledger *l, int table)
{
	if (l->reading)
		each_table(l, leave_table);     /* that pass was given up */
	/* Numbers start at 1 and skip 0 when they wrap: 0 is a row never seen. */
	if (++l->pass == 0)
		l->pass = 1;
	l->reading = true;
	l->read_table = table;
	l->drift = (struct ledger_drift){0};
}

struct ledger_drift ledger_read_end(struct ledger *l)
{
	each_table(l, judge_table);
	each_table(l, leave_table);
	l->reading = false;
	return l->drift;
}

bool ledger_gone(struct ledger *l, const struct rule *key)
{
	struct row *row = store_find(l, key, store_hash(l, key));

	if (!row || row->in_flight)
		return false;
	if (row->foreign) {
		if (rule_is_ours(key))
			return false;
		row_unlist(l, row);
		row->foreign = false;
		row_settle(l, row);
		return true;
	}
	if (!row->have)
		return false;
	row_unlist(l, row);
	row_set_have(l, row, 0);
	row_settle(l, row);
	return true;
}
