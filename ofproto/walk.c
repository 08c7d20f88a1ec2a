/* SPDX-License-Identifier: Apache-2.0 */
/* walk: the rows of one switch, and a frame's way through its tables. Rows of a
 * table stand in the order of priority; matching is libopenvswitch's, the way
 * through is our own. */
#include "ofproto/walk.h"

#include "ofproto/canon.h"
#include "ofproto/mem.h"
#include "ofproto/walk_impl.h"
#include "ofproto/wire.h"

struct walk_row {
	struct rule rule;               /* owned message */
	uint32_t hash;                  /* of the key */
	struct minimatch match;
	struct ofpbuf ofpacts;
	bool broken;                    /* does not decode: matches nothing */
};

struct walk_table {
	struct walk_row *rows;          /* highest priority first */
	size_t n_rows, n_allocated;
	bool loading;                   /* not in order yet */
};

struct walk_switch {
	struct walk_table tables[256];
	struct walk_group *groups;
	size_t n_groups, n_groups_allocated;
	uint8_t down[65536 / 8];        /* bits of ports that are not live */
};

/* --- rows ------------------------------------------------------------------------------- */

static void rule_copy(struct rule *to, const struct rule *from)
{
	uint8_t *msg = mem_alloc(from->size);

	memcpy(msg, from->msg, from->size);
	*to = *from;
	to->msg = msg;
}

static void row_uninit(struct walk_row *row)
{
	minimatch_destroy(&row->match);
	ofpbuf_uninit(&row->ofpacts);
	free((uint8_t *) row->rule.msg);
}

static void row_init(struct walk_row *row, const struct rule *rule)
{
	struct match match;

	rule_copy(&row->rule, rule);
	row->hash = rule_key_hash(rule);
	ofpbuf_init(&row->ofpacts, 64);
	row->broken = canon_decode(&row->rule, &match, &row->ofpacts) != 0;
	if (row->broken)
		match_init_catchall(&match);
	minimatch_init(&row->match, &match);
}

static size_t table_find(const struct walk_table *t, const struct rule *key)
{
	uint32_t hash = rule_key_hash(key);
	size_t i = 0;

	while (i < t->n_rows && (t->rows[i].hash != hash || !rule_key_equal(&t->rows[i].rule, key)))
		i++;
	return i;
}

static void table_del(struct walk_table *t, size_t i)
{
	row_uninit(&t->rows[i]);
	t->n_rows--;
	memmove(t->rows + i, t->rows + i + 1, (t->n_rows - i) * sizeof(*t->rows));
}

static void table_grow(struct walk_table *t)
{
	if (t->n_rows < t->n_allocated)
		return;
	t->n_allocated = t->n_allocated ? 2 * t->n_allocated : 16;
	t->rows = mem_realloc(t->rows, t->n_allocated * sizeof(*t->rows));
}

static int by_priority(const void *a_, const void *b_)
{
	const struct walk_row *a = a_, *b = b_;

	return rule_priority(&b->rule) - rule_priority(&a->rule);
}

static void table_add(struct walk_table *t, const struct rule *rule)
{
	size_t low = 0, high = t->n_rows;

	table_grow(t);
	/* Behind all rows of this priority or a higher one. */
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (rule_priority(&t->rows[middle].rule) >= rule_priority(rule))
			low = middle + 1;
		else
			high = middle;
	}
	memmove(t->rows + low + 1, t->rows + low, (t->n_rows - low) * sizeof(*t->rows));
	row_init(&t->rows[low], rule);
	t->n_rows++;
}

/* --- groups ------------------------------------------------------------------------------- */

const struct walk_group *walk_switch_group(const struct walk_switch *sw, uint32_t group_id)
{
	for (size_t i = 0; i < sw->n_groups; i++)
		if (rule_id(&sw->groups[i].rule) == group_id)
			return &sw->groups[i];
	return NULL;
}

static void group_del(struct walk_switch *sw, uint32_t group_id)
{
	struct walk_group *group = (struct walk_group *) walk_switch_group(sw, group_id);

	if (!group)
		return;
	ofputil_uninit_group_mod(&group->gm);
	free((uint8_t *) group->rule.msg);
	*group = sw->groups[--sw->n_groups];
	/* Lists do not survive a move of their head. */
	if (group != &sw->groups[sw->n_groups])
		ovs_list_moved(&group->gm.buckets, &sw->groups[sw->n_groups].gm.buckets);
}

static void group_add(struct walk_switch *sw, const struct rule *rule)
{
	struct ofputil_group_mod gm;
	struct walk_group *group;

	group_del(sw, rule_id(rule));
	if (sw->n_groups == sw->n_groups_allocated) {
		size_t n = sw->n_groups ? 2 * sw->n_groups : 16;
		struct walk_group *groups = mem_alloc(n * sizeof(*groups));

		for (size_t i = 0; i < sw->n_groups; i++) {
			groups[i] = sw->groups[i];
			ovs_list_moved(&groups[i].gm.buckets, &sw->groups[i].gm.buckets);
		}
		free(sw->groups);
		sw->groups = groups;
		sw->n_groups_allocated = n;
	}
	group = &sw->groups[sw->n_groups];
	rule_copy(&group->rule, rule);
	if (ofputil_decode_group_mod((const struct ofp_header *) group->rule.msg, &gm)) {
		free((uint8_t *) group->rule.msg);
		return;
	}
	group->gm = gm;
	ovs_list_moved(&group->gm.buckets, &gm.buckets);
	sw->n_groups++;
}

/* --- the switch ----------------------------------------------------------------------------- */

struct walk_switch *walk_switch_new(void) { return mem_zalloc(sizeof(struct walk_switch)); }

void walk_switch_clear(struct walk_switch *sw)
{
	for (int i = 0; i < 256; i++)
		while (sw->tables[i].n_rows)
			table_del(&sw->tables[i], sw->tables[i].n_rows - 1);
	while (sw->n_groups)
		group_del(sw, rule_id(&sw->groups[0].rule));
}

void walk_switch_free(struct walk_switch *sw)
{
	if (!sw)
		return;
	walk_switch_clear(sw);
	for (int i = 0; i < 256; i++)
		free(sw->tables[i].rows);
	free(sw->groups);
	free(sw);
}

void walk_switch_del(struct walk_switch *sw, const struct rule *key)
{
	struct walk_table *t;
	size_t i;

	switch (key->kind) {
	case RULE_METER:
		break;
	case RULE_GROUP:
		group_del(sw, rule_id(key));
		break;
	case RULE_FLOW:
		t = &sw->tables[rule_table(key)];
		i = table_find(t, key);
		if (i < t->n_rows)
			table_del(t, i);
		break;
	}
}

/* Meters only count frames here: every frame passes. */
void walk_switch_add(struct walk_switch *sw, const struct rule *rule)
{
	switch (rule->kind) {
	case RULE_METER:
		break;
	case RULE_GROUP:
		group_add(sw, rule);
		break;
	case RULE_FLOW:
		walk_switch_del(sw, rule);
		table_add(&sw->tables[rule_table(rule)], rule);
		break;
	}
}

void walk_switch_load(struct walk_switch *sw, const struct rule *rule)
{
	struct walk_table *t;

	if (rule->kind != RULE_FLOW) {
		walk_switch_add(sw, rule);
		return;
	}
	t = &sw->tables[rule_table(rule)];
	table_grow(t);
	row_init(&t->rows[t->n_rows++], rule);
	t->loading = true;
}

void walk_switch_loaded(struct walk_switch *sw)
{
	for (int i = 0; i < 256; i++) {
		struct walk_table *t = &sw->tables[i];

		if (t->loading)
			qsort(t->rows, t->n_rows, sizeof(*t->rows), by_priority);
		t->loading = false;
	}
}

void walk_switch_port(struct walk_switch *sw, uint32_t ofport, bool live)
{
	ofp_port_t port;

	if (ofputil_port_from_ofp11(htonl(ofport), &port))
		return;
	if (live)
		sw->down[port / 8] &= (uint8_t) ~(1u << port % 8);
	else
		sw->down[port / 8] |= (uint8_t) (1u << port % 8);
}

bool walk_switch_live(const struct walk_switch *sw, ofp_port_t port)
{
	return !(sw->down[port / 8] >> port % 8 & 1);
}

/* --- walking ---------------------------------------------------------------------------------- */

struct walk *walk_new(void) { return mem_zalloc(sizeof(struct walk)); }

void walk_free(struct walk *w)
{
	if (!w)
		return;
	free(w->outs);
	free(w);
}

void walker_hop(struct walker *w, const struct rule *rule)
{
	if (w->walk->n_hops == WALK_MAX_HOPS)
		w->walk->cut = true;
	else
		w->walk->hops[w->walk->n_hops++].rule = *rule;
}

static bool row_joins(const struct walk_row *row)
{
	const struct ofpact *a = row->ofpacts.data;

	return row->ofpacts.size && a->type == OFPACT_CONJUNCTION;
}

/* The highest row that is no part of a conjunction and matches. */
static const struct walk_row *hard_match(const struct walk_table *t, struct walker *w)
{
	const struct walk_row *best = NULL;

	for (size_t i = 0; i < t->n_rows; i++) {
		const struct walk_row *row = &t->rows[i];

		if (best && rule_priority(&row->rule) < rule_priority(&best->rule))
			break;
		if (row->broken || row_joins(row) || !minimatch_matches_flow(&row->match, &w->packet.flow))
			continue;
		if (best)
			w->walk->ambiguous = true;
		else
			best = row;
	}
	return best;
}

/* The clauses of one conjunction that the frame has met so far. */
struct joined { uint32_t id; uint64_t clauses, all; };
enum { MAX_JOINED = 256 };

static size_t join(struct joined *joined, size_t n, const struct walk_row *row)
{
	const struct ofpact *a;

	OFPACT_FOR_EACH (a, row->ofpacts.data, row->ofpacts.size) {
		const struct ofpact_conjunction *c = ofpact_get_CONJUNCTION(a);
		size_t i = 0;

		while (i < n && joined[i].id != c->id)
			i++;
		if (i == MAX_JOINED)
			continue;
		if (i == n)
			joined[n++] = (struct joined){.id = c->id, .all = UINT64_MAX >> (64 - c->n_clauses)};
		joined[i].clauses |= 1ULL << c->clause;
	}
	return n;
}

/* The conjunctions of one priority: is one met in all its clauses? Two are a defect. */
static bool run_of_joined(const struct walk_table *t, struct walker *w, size_t *at, uint32_t *ret_id)
{
	struct joined joined[MAX_JOINED];
	uint16_t priority = rule_priority(&t->rows[*at].rule);
	size_t n = 0, n_met = 0;

	for (; *at < t->n_rows && rule_priority(&t->rows[*at].rule) == priority; ++*at) {
		const struct walk_row *row = &t->rows[*at];

		if (!row->broken && row_joins(row) && minimatch_matches_flow(&row->match, &w->packet.flow))
			n = join(joined, n, row);
	}
	for (size_t i = 0; i < n; i++) {
		if (joined[i].clauses != joined[i].all)
			continue;
		*ret_id = joined[i].id;
		n_met++;
	}
	w->walk->ambiguous |= n_met > 1;
	return n_met;
}

/* As Open vSwitch: conjunctions above the best other row, from the top; one that
 * is met is looked up again by its id, among all rows that are no part of one. */
static const struct walk_row *table_match(const struct walk_table *t, struct walker *w)
{
	const struct walk_row *hard = hard_match(t, w);
	size_t at = 0;

	while (at < t->n_rows && (!hard || rule_priority(&t->rows[at].rule) > rule_priority(&hard->rule))) {
		uint32_t id;

		if (!row_joins(&t->rows[at])) {
			at++;
			continue;
		}
		if (!run_of_joined(t, w, &at, &id))
			continue;
		w->packet.flow.conj_id = id;
		const struct walk_row *row = hard_match(t, w);
		w->packet.flow.conj_id = 0;
		if (row)
			return row;
	}
	return hard;
}

void walker_run(struct walker *w, int table)
{
	/* goto only goes forward, so this ends. */
	while (table >= 0) {
		const struct walk_row *row = table_match(&w->sw->tables[table], w);

		if (!row) {
			w->walk->missed = true;
			w->walk->missed_table = (uint8_t) table;
			return;
		}
		walker_hop(w, &row->rule);
		w->next_table = -1;
		walker_act(w, row->ofpacts.data, row->ofpacts.size);
		table = w->next_table > table ? w->next_table : -1;
	}
}

void walk_frame(const struct walk_switch *sw, struct walk *walk, uint32_t in_port,
		const uint8_t *frame, size_t size, uint64_t tun_id, uint32_t tun_src)
{
	struct walker w = {.sw = sw, .walk = walk};
	struct flow *flow = &w.packet.flow;

	walk->n_hops = walk->n_outs = walk->n_choices = walk->n_detours = 0;
	walk->ambiguous = walk->missed = walk->cut = false;
	walk->missed_table = 0;
	walk->unknown = NULL;
	walk->n_commits = walk->n_meters = 0;
	walk->commit_zone = 0;
	walk->commit_mark = 0;
	walk->translated = false;
	memset(walk->commit_label, 0, sizeof(walk->commit_label));
	if (!walk_packet_init(&w.packet, frame, size)
	    || ofputil_port_from_ofp11(htonl(in_port), &flow->in_port.ofp_port))
		return;
	flow->tunnel.tun_id = htobe64(tun_id);
	flow->tunnel.ip_src = htonl(tun_src);
	memcpy(&flow->tunnel.ipv6_src, walk->tun_src6, 16);
	walker_run(&w, 0);
}
