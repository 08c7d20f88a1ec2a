/* SPDX-License-Identifier: Apache-2.0 */
/* fake_rows: the tables of the fake switch. A change takes rows out and puts rows
 * in and remembers both; a bundle is many changes that are kept or taken back
 * together, anything else is one change. */
#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/mem.h"
#include "ofproto/wire.h"
#include "tests/unit/fake_impl.h"

/* --- one row --------------------------------------------------------------------------- */

static void row_note_actions(struct fake_row *row, const struct ofpact *ofpacts, size_t size)
{
	const struct ofpact *a;

	OFPACT_FOR_EACH_FLATTENED (a, ofpacts, size) {
		if (a->type == OFPACT_GROUP) {
			row->groups = mem_realloc(row->groups, (row->n_groups + 1) * sizeof *row->groups);
			row->groups[row->n_groups++] = ofpact_get_GROUP(a)->group_id;
		} else if (a->type == OFPACT_METER) {
			row->meter = ofpact_get_METER(a)->meter_id;
		}
	}
}

struct fake_row *row_new(const struct rule *rule)
{
	struct fake_row *row = mem_zalloc(sizeof *row);
	uint8_t *msg = mem_alloc(rule->size);

	memcpy(msg, rule->msg, rule->size);
	wire_put_u32(msg + WIRE_XID, 0);
	row->rule = *rule;
	row->rule.msg = msg;
	return row;
}

static void row_free(struct fake_row *row)
{
	if (!row)
		return;
	free((void *) row->rule.msg);
	free(row->groups);
	free(row);
}

/* --- the table --------------------------------------------------------------------------- */

static struct fake_row **row_place(const struct fake_switch *f, const struct rule *key)
{
	struct fake_row **at = &f->buckets[rule_key_hash(key) % f->n_buckets];

	while (*at && !rule_key_equal(&(*at)->rule, key))
		at = &(*at)->next;
	return at;
}

struct fake_row *rows_find(const struct fake_switch *f, const struct rule *key)
{
	return f->n_buckets ? *row_place(f, key) : NULL;
}

static void rows_grow(struct fake_switch *f)
{
	size_t n = f->n_buckets ? f->n_buckets * 2 + 1 : 61, n_old = f->n_buckets;
	struct fake_row **old = f->buckets;

	f->buckets = mem_zalloc(n * sizeof *f->buckets);
	f->n_buckets = n;
	for (size_t i = 0; i < n_old; i++) {
		for (struct fake_row *row = old[i], *next; row; row = next) {
			struct fake_row **at = &f->buckets[rule_key_hash(&row->rule) % n];

			next = row->next;
			row->next = *at;
			*at = row;
		}
	}
	free(old);
}

static void rows_insert(struct fake_switch *f, struct fake_row *row)
{
	struct fake_row **at;

	if (f->n_rows[0] + f->n_rows[1] + f->n_rows[2] >= f->n_buckets)
		rows_grow(f);
	at = row_place(f, &row->rule);
	assert(!*at);
	row->next = NULL;
	*at = row;
	f->n_rows[row->rule.kind]++;
	f->n_changes++;
}

static void rows_take(struct fake_switch *f, struct fake_row *row)
{
	struct fake_row **at = row_place(f, &row->rule);

	assert(*at == row);
	*at = row->next;
	f->n_rows[row->rule.kind]--;
	f->n_changes++;
}

/* --- changes ---------------------------------------------------------------------------- */

void rows_change(struct fake_switch *f, struct fake_row *old, struct fake_row *new, uint8_t reason)
{
	if (old)
		rows_take(f, old);
	if (new)
		rows_insert(f, new);
	if (f->n_undo == f->max_undo) {
		f->max_undo = f->max_undo ? 2 * f->max_undo : 64;
		f->undo = mem_realloc(f->undo, f->max_undo * sizeof *f->undo);
	}
	f->undo[f->n_undo++] = (struct fake_undo) { old, new, reason };
}

void rows_commit(struct fake_switch *f)
{
	for (size_t i = 0; i < f->n_undo; i++) {
		struct fake_undo *u = &f->undo[i];

		if (u->old && !u->new && u->old->rule.kind == RULE_FLOW)
			world_flow_removed(f, u->old, u->reason);
		row_free(u->old);
	}
	f->n_undo = 0;
}

void rows_rollback(struct fake_switch *f)
{
	while (f->n_undo) {
		struct fake_undo *u = &f->undo[--f->n_undo];

		if (u->new)
			rows_take(f, u->new);
		row_free(u->new);
		if (u->old)
			rows_insert(f, u->old);
	}
}

static bool uses(const struct fake_row *row, const struct fake_row *what)
{
	if (what->rule.kind == RULE_METER)
		return row->meter == rule_id(&what->rule);
	for (size_t i = 0; i < row->n_groups; i++)
		if (row->groups[i] == rule_id(&what->rule))
			return true;
	return false;
}

/* A group or meter and, as Open vSwitch does it, the flows that use it. */
static void delete_with_users(struct fake_switch *f, struct fake_row *what)
{
	for (size_t i = 0; i < f->n_buckets; i++) {
		for (struct fake_row *row = f->buckets[i], *next; row; row = next) {
			next = row->next;
			if (row->rule.kind == RULE_FLOW && uses(row, what))
				rows_change(f, row, NULL, OFPRR_GROUP_DELETE);
		}
	}
	rows_change(f, what, NULL, 0);
}

static bool refuses(struct fake_switch *f, const struct rule *rule, bool deletes)
{
	return f->knobs.refuse && f->knobs.refuse(f->knobs.refuse_ctx, rule, deletes);
}

static bool has_id(struct fake_switch *f, enum rule_kind kind, uint32_t id)
{
	uint8_t msg[GROUP_BUCKETS] = { 0 };
	struct rule key = { .kind = kind, .size = sizeof msg, .msg = msg };

	wire_put_u32(msg + GROUP_ID, id);
	return rows_find(f, &key) != NULL;
}

/* --- flow-mods ---------------------------------------------------------------------------- */

static struct fake_row *flow_row(const struct ofputil_flow_mod *fm)
{
	struct ofputil_flow_mod add = *fm;
	struct fake_row *row;
	struct ofpbuf *msg;
	struct rule rule;

	add.command = OFPFC_ADD;
	add.cookie = add.cookie_mask = 0;
	add.buffer_id = UINT32_MAX;
	add.out_port = OFPP_ANY;
	add.out_group = OFPG_ANY;
	if (fm->command != OFPFC_ADD)
		add.new_cookie = fm->cookie;
	msg = ofputil_encode_flow_mod(&add, OFPUTIL_P_OF13_OXM);
	ofpmsg_update_length(msg);
	rule = (struct rule) { .kind = RULE_FLOW, .size = (uint16_t) msg->size, .msg = msg->data };
	row = row_new(&rule);
	row_note_actions(row, fm->ofpacts, fm->ofpacts_len);
	ofpbuf_delete(msg);
	return row;
}

static enum ofperr flow_references(struct fake_switch *f, const struct fake_row *row)
{
	for (size_t i = 0; i < row->n_groups; i++)
		if (!has_id(f, RULE_GROUP, row->groups[i]))
			return OFPERR_OFPBAC_BAD_OUT_GROUP;
	return row->meter && !has_id(f, RULE_METER, row->meter) ? OFPERR_OFPMMFC_INVALID_METER : 0;
}

static enum ofperr apply_flow(struct fake_switch *f, const struct ofputil_flow_mod *fm)
{
	struct fake_row *row = flow_row(fm), *old = rows_find(f, &row->rule);
	enum ofperr error = 0;

	switch (fm->command) {
	case OFPFC_ADD:
		error = refuses(f, &row->rule, false) ? OFPERR_OFPFMFC_EPERM : flow_references(f, row);
		if (!error) {
			rows_change(f, old, row, 0);
			return 0;
		}
		break;
	case OFPFC_DELETE_STRICT:
		if (old && ((rule_cookie(&old->rule) ^ be64toh(fm->cookie)) & be64toh(fm->cookie_mask)))
			old = NULL;
		if (refuses(f, &row->rule, true))
			error = OFPERR_OFPFMFC_EPERM;
		else if (old)
			rows_change(f, old, NULL, OFPRR_DELETE);
		break;
	default:
		error = OFPERR_OFPFMFC_BAD_COMMAND;
		break;
	}
	row_free(row);
	return error;
}

static enum ofperr take_flow_mod(struct fake_switch *f, const struct ofp_header *m, bool apply)
{
	uint64_t stub[1024 / 8];
	struct ofputil_flow_mod fm;
	struct ofpbuf ofpacts;
	enum ofperr error;

	ofpbuf_use_stub(&ofpacts, stub, sizeof stub);
	error = ofputil_decode_flow_mod(&fm, m, OFPUTIL_P_OF13_OXM, NULL, NULL, &ofpacts,
					(ofp_port_t) 0xff00, 255);
	if (!error) {
		if (apply)
			error = apply_flow(f, &fm);
		minimatch_destroy(&fm.match);
	}
	ofpbuf_uninit(&ofpacts);
	return error;
}

/* --- group-mods and meter-mods ---------------------------------------------------------------- */

/* Both have the same head: command, then the id. The bytes are kept as they came
 * once the library has found them good. */
static struct fake_row *id_row(const struct ofp_header *m, enum rule_kind kind)
{
	struct rule rule = { .kind = kind, .size = msg_size((const uint8_t *) m), .msg = (const uint8_t *) m };
	struct fake_row *row = row_new(&rule);

	wire_put_u16((uint8_t *) row->rule.msg + GROUP_COMMAND, MOD_ADD);
	return row;
}

static enum ofperr apply_id(struct fake_switch *f, const struct ofp_header *m, enum rule_kind kind,
			    enum ofperr exists, enum ofperr unknown, enum ofperr eperm)
{
	struct fake_row *row = id_row(m, kind), *old = rows_find(f, &row->rule);
	uint16_t command = wire_u16((const uint8_t *) m + GROUP_COMMAND);
	enum ofperr error = 0;

	if (refuses(f, &row->rule, command == MOD_DELETE))
		error = eperm;
	else if (command == MOD_ADD && old)
		error = exists;
	else if (command == MOD_MODIFY && !old)
		error = unknown;
	if (!error && command != MOD_DELETE) {
		rows_change(f, old, row, 0);
		return 0;
	}
	if (!error && old)
		delete_with_users(f, old);
	row_free(row);
	return error;
}

static enum ofperr take_group_mod(struct fake_switch *f, const struct ofp_header *m, bool apply)
{
	struct ofputil_group_mod gm;
	enum ofperr error;

	if (f->knobs.no_groups)
		return OFPERR_OFPBRC_BAD_TYPE;
	error = ofputil_decode_group_mod(m, &gm);
	if (error)
		return error;
	ofputil_uninit_group_mod(&gm);
	if (!apply)
		return 0;
	return apply_id(f, m, RULE_GROUP, OFPERR_OFPGMFC_GROUP_EXISTS, OFPERR_OFPGMFC_UNKNOWN_GROUP,
			OFPERR_OFPGMFC_OUT_OF_GROUPS);
}

static enum ofperr take_meter_mod(struct fake_switch *f, const struct ofp_header *m, bool apply)
{
	struct ofputil_meter_mod mm;
	struct ofpbuf bands;
	enum ofperr error;

	if (!f->knobs.max_meters)
		return OFPERR_OFPMMFC_OUT_OF_METERS;
	ofpbuf_init(&bands, 64);
	error = ofputil_decode_meter_mod(m, &mm, &bands);
	ofpbuf_uninit(&bands);
	if (error || !apply)
		return error;
	return apply_id(f, m, RULE_METER, OFPERR_OFPMMFC_METER_EXISTS, OFPERR_OFPMMFC_UNKNOWN_METER,
			OFPERR_OFPMMFC_OUT_OF_METERS);
}

/* --- messages ------------------------------------------------------------------------------ */

static enum ofperr take_mod(struct fake_switch *f, const struct ofp_header *m, bool apply)
{
	switch (msg_type((const uint8_t *) m)) {
	case MSG_FLOW_MOD:
		return take_flow_mod(f, m, apply);
	case MSG_GROUP_MOD:
		return take_group_mod(f, m, apply);
	case MSG_METER_MOD:
		return take_meter_mod(f, m, apply);
	default:
		return OFPERR_OFPBRC_BAD_TYPE;
	}
}

enum ofperr rows_apply(struct fake_switch *f, const struct ofp_header *m)
{
	return take_mod(f, m, true);
}

/* In a bundle with refuse_at_add: applied and taken back, to ask the predicate. */
enum ofperr rows_check(struct fake_switch *f, const struct ofp_header *m)
{
	enum ofperr error;

	if (!f->knobs.refuse_at_add)
		return take_mod(f, m, false);
	error = take_mod(f, m, true);
	rows_rollback(f);
	/* References may be to what the same bundle makes. */
	return error == OFPERR_OFPBAC_BAD_OUT_GROUP || error == OFPERR_OFPGMFC_UNKNOWN_GROUP ? 0 : error;
}

/* --- outside ----------------------------------------------------------------------------------- */

size_t fake_n_rows(const struct fake_switch *f, enum rule_kind kind) { return f->n_rows[kind]; }

uint64_t fake_n_changes(const struct fake_switch *f) { return f->n_changes; }

const struct rule *fake_find(const struct fake_switch *f, const struct rule *key)
{
	const struct fake_row *row = rows_find(f, key);

	return row ? &row->rule : NULL;
}

void fake_each(const struct fake_switch *f, void (*each)(void *ctx, const struct rule *), void *ctx)
{
	for (size_t i = 0; i < f->n_buckets; i++)
		for (const struct fake_row *row = f->buckets[i]; row; row = row->next)
			each(ctx, &row->rule);
}

bool fake_remove(struct fake_switch *f, const struct rule *key)
{
	struct fake_row *row = rows_find(f, key);

	if (!row)
		return false;
	if (row->rule.kind == RULE_GROUP) {
		/* Nobody can take it away and leave its flows. */
		delete_with_users(f, row);
		rows_commit(f);
		return true;
	}
	rows_take(f, row);
	row_free(row);
	return true;
}

/* Through the library like any other row, but asked for by nobody. */
void fake_put(struct fake_switch *f, const struct rule *rule)
{
	bool (*refuse)(void *, const struct rule *, bool) = f->knobs.refuse;
	uint64_t *aligned = mem_alloc(rule->size + 8u);

	f->knobs.refuse = NULL;
	fake_remove(f, rule);
	memcpy(aligned, rule->msg, rule->size);
	if (rows_apply(f, (const struct ofp_header *) aligned))
		abort();
	rows_commit(f);
	f->knobs.refuse = refuse;
	free(aligned);
}

void fake_wipe(struct fake_switch *f)
{
	for (size_t i = 0; i < f->n_buckets; i++) {
		for (struct fake_row *row = f->buckets[i], *next; row; row = next) {
			next = row->next;
			row_free(row);
		}
		f->buckets[i] = NULL;
	}
	memset(f->n_rows, 0, sizeof f->n_rows);
	f->n_changes++;
}

void fake_traffic(struct fake_switch *f, const struct rule *key, uint64_t n_packets, uint64_t n_bytes,
		  uint32_t duration)
{
	struct fake_row *row = rows_find(f, key);

	if (!row)
		return;
	row->n_packets = n_packets;
	row->n_bytes = n_bytes;
	row->duration = duration;
}

bool fake_expire(struct fake_switch *f, const struct rule *key, uint8_t reason)
{
	struct fake_row *row = rows_find(f, key);

	if (!row)
		return false;
	rows_change(f, row, NULL, reason);
	rows_commit(f);
	return true;
}
