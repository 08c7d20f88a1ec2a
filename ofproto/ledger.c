/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: what is wanted, what differs, what was sent.
 *
 * Every change of a row has the same shape: row_unlist, change the columns,
 * row_settle. Settling derives from the columns alone on which list the row
 * stands, so no order of events needs a case of its own. */
#include "ofproto/ledger.h"

#include "ofproto/ledger_impl.h"
#include "ofproto/mem.h"
#include "ofproto/wire.h"

/* --- where a row stands ------------------------------------------------------------ */

static bool row_is_refused(const struct row *row)
{
	return row->refused && row->want != row->have;
}

static size_t size_without_instructions(const struct row *row)
{
	return FLOW_MATCH + wire_match_padded(wire_u16(row_match(row) + 2));
}

static uint64_t __attribute__((noinline)) digest_of_shut(const struct row *row)
{
	struct row_room room;
	struct rule rule;

	row_rule(row, &room, &rule);
	rule.size = (uint16_t) size_without_instructions(row);
	return rule_digest(&rule);
}

static uint64_t target_of_refused(const struct row *row)
{
	if (!row->have || row->kind != RULE_FLOW)
		return row->have;
	return row->unshuttable ? 0 : digest_of_shut(row);
}

/* What the switch shall have, given what it refuses. */
static inline uint64_t row_target(const struct row *row)
{
	return row_is_refused(row) ? target_of_refused(row) : row->want;
}

static enum phase row_phase(const struct row *row, bool is_there)
{
	switch ((enum rule_kind) row->kind) {
	case RULE_METER:
		return is_there ? PHASE_METER_ADD : PHASE_METER_DEL;
	case RULE_GROUP:
		return is_there ? PHASE_GROUP_ADD : PHASE_GROUP_DEL;
	case RULE_FLOW:
		break;
	}
	return is_there ? PHASE_FLOW_ADD : PHASE_FLOW_DEL;
}

void row_unlist(struct ledger *l, struct row *row)
{
	if (!row->dirty)
		return;
	link_remove(&row->link);
	row->dirty = false;
	l->n_dirty--;
	l->n_dirty_not_plain -= !row->plain;
}

static void row_count(struct ledger *l, struct row *row, bool refused)
{
	bool foreign = row->foreign && row->want, alien = row->foreign && !row->want && row->kind == RULE_FLOW;
	if (row->counted_refused != refused) {
		l->n_refused += refused ? 1 : (size_t) -1;
		row->counted_refused = refused;
	}
	if (row->counted_foreign != foreign) {
		l->n_foreign += foreign ? 1 : (size_t) -1;
		row->counted_foreign = foreign;
	}
	if (row->counted_alien != alien) {
		l->n_alien += alien ? 1 : (size_t) -1;
		row->counted_alien = alien;
	}
}

/* A deletion may overtake the answer of a read pass that still has the row:
 * the row stays until the end of the pass, so that it is known as moved. */
static bool row_lingers(const struct ledger *l, const struct row *row)
{
	return l->reading && row->moved == l->pass
		&& (l->read_table == LEDGER_ALL || (unsigned) l->read_table == store_table(row));
}

void row_settle(struct ledger *l, struct row *row)
{
	uint64_t target = row->want;

	if (row->refused || row->foreign || row->counted_refused || row->counted_foreign || row->counted_alien) {
		target = row_target(row);
		row_count(l, row, row_is_refused(row));
	}
	if (row->in_flight)
		return;
	if (target != row->have && !row->foreign) {
		row->phase = (uint8_t) row_phase(row, target != 0);
		link_push(&l->dirty[row->phase], &row->link);
		row->dirty = true;
		l->n_dirty++;
		l->n_dirty_not_plain += !row->plain;
	} else if (!row->want && !row->have && !row->foreign && !row_lingers(l, row)) {
		store_remove(l, row);
	}
}

void row_land(struct ledger *l, struct row *row)
{
	link_remove(&row->link);
	row->in_flight = false;
	row->sent = 0;
	row->moved = l->pass;
	l->n_flight--;
}

/* --- want ------------------------------------------------------------------------------ */

/* The app's books: a wanted row is counted, and marked once per ledger_mark(). */
static void row_enlist(struct ledger *l, struct row *row, uint8_t app)
{
	row->app = app;
	row->mark = l->mark[app];
	l->n_wanted[app]++;
	l->n_marked[app]++;
}

static void row_dismiss(struct ledger *l, struct row *row)
{
	l->n_wanted[row->app]--;
	if (row->mark == l->mark[row->app])
		l->n_marked[row->app]--;
	row->mark = 0;
}

void ledger_want(struct ledger *l, uint8_t app, const struct rule *rule)
{
	uint32_t hash = store_hash(l, rule);
	uint64_t want = rule_digest(rule);
	struct row *row = store_find(l, rule, hash);

	if (!row) {
		row = store_add(l, rule, hash, want);
		row->plain = rule->plain;
		row->want = want;
		row_enlist(l, row, app);
		row_settle(l, row);
		return;
	}
	if (row->want)
		row_dismiss(l, row);
	row_enlist(l, row, app);
	if (row->want == want && row->plain == rule->plain)
		return;
	row_unlist(l, row);
	if (row->want != want) {
		store_message(l, row, rule, want);
		row->want = want;
		row->refused = false;
	}
	row->plain = rule->plain;
	row_settle(l, row);
}

static void row_unwant(struct ledger *l, struct row *row)
{
	row_dismiss(l, row);
	row_unlist(l, row);
	row->want = 0;
	row->refused = false;
	row_settle(l, row);
}

void ledger_unwant(struct ledger *l, const struct rule *key)
{
	struct row *row = store_find(l, key, store_hash(l, key));

	if (row && row->want)
		row_unwant(l, row);
}

void ledger_mark(struct ledger *l, uint8_t app)
{
	if (++l->mark[app] == 0)
		l->mark[app] = 1;
	l->n_marked[app] = 0;
}

static uint16_t row_priority(const struct row *row)
{
	return row->kind == RULE_FLOW ? wire_u16(row_head(row) + FLOW_PRIORITY) : 0;
}

static int lowest_first(const void *a, const void *b)
{
	return row_priority(*(struct row *const *) a) - row_priority(*(struct row *const *) b);
}

/* Rows go from the lowest priority up: what of them is still there is then what a
 * frame met first before, and never a row without the one that stood above it. */
void ledger_sweep(struct ledger *l, uint8_t app)
{
	size_t n = l->n_wanted[app] - l->n_marked[app], found = 0;
	struct row **rows = mem_alloc(n * sizeof(*rows));

	for (int t = 0; t < LEDGER_TABLES && found < n; t++) {
		size_t first = found;

		for (struct row_link *i = l->tables[t].next; i != &l->tables[t] && found < n; i = i->next) {
			struct row *row = ROW_OF(i, place);

			if (row->want && row->app == app && row->mark != l->mark[app])
				rows[found++] = row;
		}
		if (found > first)
			qsort(rows + first, found - first, sizeof(*rows), lowest_first);
	}
	for (size_t i = 0; i < found; i++)
		row_unwant(l, rows[i]);
	free(rows);
}

/* --- what differs ------------------------------------------------------------------------ */

size_t ledger_n_dirty(const struct ledger *l) { return l->n_dirty; }
bool ledger_all_plain(const struct ledger *l) { return !l->n_dirty_not_plain; }

struct row *ledger_next(const struct ledger *l, enum phase phase)
{
	const struct row_link *head = &l->dirty[phase];

	return link_is_empty(head) ? NULL : ROW_OF(head->next, link);
}

bool ledger_at_rest(const struct ledger *l) { return !l->n_dirty && !l->n_flight; }

/* --- sent ---------------------------------------------------------------------------------- */

size_t ledger_message_size(const struct row *row)
{
	if (row->want && !row_is_refused(row))
		return row->size;
	return row->kind == RULE_FLOW ? size_without_instructions(row) : (size_t) GROUP_BUCKETS;
}

static void message_to_delete(const struct row *row, uint8_t *buf)
{
	switch ((enum rule_kind) row->kind) {
	case RULE_METER:
	case RULE_GROUP:
		wire_put_u16(buf + GROUP_COMMAND, MOD_DELETE);
		break;
	case RULE_FLOW:
		wire_put_u64(buf + FLOW_COOKIE, COOKIE_OURS << 56);
		wire_put_u64(buf + FLOW_COOKIE_MASK, COOKIE_MASK);
		buf[FLOW_COMMAND] = FLOW_DELETE_STRICT;
		wire_put_u16(buf + FLOW_FLAGS, 0);
		break;
	}
}

size_t ledger_message(const struct row *row, uint8_t *buf, uint32_t xid)
{
	size_t size = ledger_message_size(row);

	row_copy(row, buf, size);
	wire_put_u16(buf + WIRE_LENGTH, (uint16_t) size);
	wire_put_u32(buf + WIRE_XID, xid);
	if (!row_target(row))
		message_to_delete(row, buf);
	else if (row->have && row->kind != RULE_FLOW)
		wire_put_u16(buf + GROUP_COMMAND, MOD_MODIFY);
	return size;
}

void ledger_sent(struct ledger *l, struct row *row, uint32_t xid)
{
	row_unlist(l, row);
	link_push(&l->flight, &row->link);
	row->in_flight = true;
	row->sent = row_target(row);
	row->shutting = row_is_refused(row);
	row->xid = xid;
	row->moved = l->pass;
	l->n_flight++;
	l->n_sent++;
}

size_t ledger_n_in_flight(const struct ledger *l) { return l->n_flight; }

struct row *ledger_in_flight(const struct ledger *l, uint32_t xid)
{
	uint32_t first, last;

	if (link_is_empty(&l->flight))
		return NULL;
	/* xids grow in the order of sending, modulo 2^32. */
	first = ROW_OF(l->flight.next, link)->xid;
	last = ROW_OF(l->flight.prev, link)->xid;
	if (xid - first > last - first)
		return NULL;
	for (struct row_link *i = l->flight.next; i != &l->flight; i = i->next)
		if (ROW_OF(i, link)->xid == xid)
			return ROW_OF(i, link);
	return NULL;
}

void ledger_commit(struct ledger *l)
{
	while (!link_is_empty(&l->flight)) {
		struct row *row = ROW_OF(l->flight.next, link);

		row_set_have(l, row, row->sent);
		row_land(l, row);
		row_settle(l, row);
	}
}

void ledger_abort(struct ledger *l)
{
	while (!link_is_empty(&l->flight)) {
		struct row *row = ROW_OF(l->flight.next, link);

		row_land(l, row);
		row_settle(l, row);
	}
}

void ledger_refuse(struct ledger *l, struct row *row, uint32_t error)
{
	uint64_t refused = row->in_flight ? row->sent : row->want;
	bool shutting = row->in_flight && row->shutting;

	row_unlist(l, row);
	if (row->in_flight)
		row_land(l, row);
	if (refused && shutting) {
		row->unshuttable = true;
	} else if (refused) {
		row->refused = refused == row->want;    /* else it wants something else by now */
		row->unshuttable = false;
		row->error = error;
	} else {
		row_set_have(l, row, 0);
	}
	row_settle(l, row);
}

size_t ledger_n_wanted(const struct ledger *l, uint8_t app) { return l->n_wanted[app]; }

void ledger_count(const struct ledger *l, struct ledger_counts *c)
{
	c->n_flows = l->n_have[RULE_FLOW];
	c->n_groups = l->n_have[RULE_GROUP];
	c->n_meters = l->n_have[RULE_METER];
	c->n_rows = c->n_flows + c->n_groups + c->n_meters;
	c->n_refused = l->n_refused;
	c->n_foreign = l->n_foreign;
	c->n_alien = l->n_alien;
	c->n_sent = l->n_sent;
}
