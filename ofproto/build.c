/* SPDX-License-Identifier: Apache-2.0 */
/* build: flows. Calls (those for actions are in build_act.c) fill libopenvswitch's match and action list and note the
 * first breach of the contract; build_end checks what only the whole shows
 * (prerequisites, consistency of actions) and encodes. */
#include "ofproto/build.h"

#include <stdarg.h>

#include "ofproto/build_impl.h"
#include "ofproto/field.h"
#include "ofproto/mem.h"
#include "ofproto/wire.h"

static const enum mf_field_id mf_ids[N_FIELDS] = {
#define FIELD(NAME, MFF, SIZE) [FIELD_##NAME] = MFF,
	FIELDS
#undef FIELD
};

const struct mf_field *build_mf(enum field f) { return mf_from_id(mf_ids[f]); }

struct build *build_new(const struct table_contract *tables, size_t n_tables)
{
	struct build *b = mem_zalloc(sizeof(*b));

	b->tables = tables;
	b->n_tables = n_tables;
	ofpbuf_init(&b->ofpacts, 512);
	ofpbuf_init(&b->msg, 512);
	ovs_list_init(&b->buckets);
	return b;
}

void build_free(struct build *b)
{
	if (!b)
		return;
	ofputil_bucket_list_destroy(&b->buckets);
	ofpbuf_uninit(&b->ofpacts);
	ofpbuf_uninit(&b->msg);
	free(b);
}

/* --- contract ---------------------------------------------------------------------- */

void build_breach(struct build *b, const char *format, ...)
{
	va_list args;
	int n = 0;

	if (b->error[0])
		return;
	switch (b->state) {
	case BUILD_NOTHING:
		break;
	case BUILD_FLOW:
		if (b->table)
			n = snprintf(b->error, sizeof(b->error), "table %s (app %s), priority %u: ",
				     b->table->name, b->table->owner, b->flow.priority);
		break;
	case BUILD_GROUP:
		n = snprintf(b->error, sizeof(b->error), "group 0x%x: ", b->id);
		break;
	case BUILD_METER:
		n = snprintf(b->error, sizeof(b->error), "meter %u: ", b->id);
		break;
	}
	va_start(args, format);
	vsnprintf(b->error + n, sizeof(b->error) - (size_t) n, format, args);
	va_end(args);
}

void build_reset(struct build *b, enum build_state state)
{
	b->state = state;
	b->error[0] = '\0';
	b->table = NULL;
	b->plain = false;
	b->matched = 0;
	b->tagged = false;
	b->n_pops = 0;
	b->went = b->joins = false;
	b->n_actions = 0;
	b->stage = STAGE_POP;
	b->n_buckets = 0;
	ofpbuf_clear(&b->ofpacts);
	ofputil_bucket_list_destroy(&b->buckets);
	memset(&b->flow, 0, sizeof(b->flow));
}

bool build_in_flow(struct build *b, const char *what)
{
	if (b->state == BUILD_FLOW && b->table)
		return true;
	build_breach(b, "%s belongs to a flow", what);
	return false;
}

bool build_stage(struct build *b, enum build_stage stage, const char *what)
{
	if (b->state == BUILD_GROUP && !b->n_buckets)
		build_breach(b, "%s before the first bucket", what);
	else if (b->state != BUILD_GROUP && b->state != BUILD_FLOW)
		build_breach(b, "%s belongs to a flow or a bucket", what);
	else if (b->state == BUILD_FLOW && b->went)
		build_breach(b, "%s after goto", what);
	else if (b->state == BUILD_GROUP && b->went)
		build_breach(b, "%s after the output of a bucket, which is its last action", what);
	else if (b->state == BUILD_GROUP && stage < b->stage)
		build_breach(b, "%s too late: a bucket pops, then pushes, then sets, then outputs", what);
	else if (b->joins && strcmp(what, "conjunction"))
		build_breach(b, "%s: a row of a conjunction has no other actions", what);
	b->stage = stage;
	b->n_actions++;
	return !b->error[0];
}

/* --- flows ------------------------------------------------------------------------- */

void build_flow(struct build *b, unsigned table, uint16_t priority, uint64_t cookie)
{
	build_reset(b, BUILD_FLOW);
	b->flow.priority = priority;
	b->flow.cookie = cookie;
	match_init_catchall(&b->match);
	if (table >= b->n_tables) {
		build_breach(b, "there is no table with index %u", table);
		return;
	}
	b->table = &b->tables[table];
	b->flow.table = b->table->id;
}

void build_idle(struct build *b, uint16_t seconds)
{
	if (!build_in_flow(b, "an idle timeout"))
		return;
	b->flow.idle = seconds;
	b->flow.flags |= FLOW_SEND_REM;
}

void build_plain(struct build *b) { b->plain = true; }

/* --- match -------------------------------------------------------------------------- */

static void match_any(struct build *b, enum field f, const union mf_value *value, const union mf_value *mask)
{
	const struct mf_field *mf = build_mf(f);
	char *error = NULL;

	if (!build_in_flow(b, "a match"))
		return;
	if (!(b->table->match >> f & 1)) {
		build_breach(b, "%s may not be matched here", field_name(f));
		return;
	}
	if (b->matched >> f & 1) {
		build_breach(b, "%s is matched twice", field_name(f));
		return;
	}
	b->matched |= 1ULL << f;
	if (!mf_is_value_valid(mf, value) || (mask && !mf_is_mask_valid(mf, mask))) {
		build_breach(b, "%s: the value or mask is one that Open vSwitch refuses", field_name(f));
		return;
	}
	if (f == FIELD_VLAN_VID)
		b->tagged = value->be16 & htons(VLAN_PRESENT);
	mf_set(mf, value, mask, &b->match, &error);
	if (error) {
		build_breach(b, "%s: %s", field_name(f), error);
		free(error);
	}
}

/* The number in the field's own size, network order; a breach if it does not fit. */
void build_number(struct build *b, enum field f, uint64_t value, union mf_value *ret_value)
{
	size_t size = field_infos[f].size;
	uint8_t *p = (uint8_t *) ret_value;

	if (size > 8 || (size < 8 && value >> (8 * size)))
		build_breach(b, "%s has %zu bytes, 0x%llx does not fit", field_name(f), size,
			     (unsigned long long) value);
	memset(ret_value, 0, sizeof(*ret_value));
	for (size_t i = size > 8 ? 8 : size; i-- > 0; value >>= 8)
		p[i] = (uint8_t) value;
}

void match_u(struct build *b, enum field f, uint64_t value)
{
	union mf_value v;

	build_number(b, f, value, &v);
	match_any(b, f, &v, NULL);
}

void match_um(struct build *b, enum field f, uint64_t value, uint64_t mask)
{
	union mf_value v, m;

	build_number(b, f, value, &v);
	build_number(b, f, mask, &m);
	if (value & ~mask)
		build_breach(b, "%s: value 0x%llx has bits outside of its mask 0x%llx", field_name(f),
			     (unsigned long long) value, (unsigned long long) mask);
	if (!mask)
		build_breach(b, "%s: a mask of 0 matches everything", field_name(f));
	match_any(b, f, &v, &m);
}

void match_bytes(struct build *b, enum field f, const uint8_t *value, const uint8_t *mask)
{
	size_t size = field_infos[f].size;
	union mf_value v, m;
	uint8_t outside = 0, inside = 0;

	memset(&v, 0, sizeof(v));
	memset(&m, 0, sizeof(m));
	memcpy(&v, value, size);
	if (!mask) {
		match_any(b, f, &v, NULL);
		return;
	}
	memcpy(&m, mask, size);
	for (size_t i = 0; i < size; i++) {
		outside |= (uint8_t) (value[i] & ~mask[i]);
		inside |= mask[i];
	}
	if (outside || !inside)
		build_breach(b, "%s: the value has bits outside of its mask, or the mask is 0", field_name(f));
	match_any(b, f, &v, &m);
}

/* --- the end -------------------------------------------------------------------------- */

static void check_prerequisites(struct build *b)
{
	for (uint64_t rest = b->matched; rest; rest &= rest - 1) {
		enum field f = (enum field) __builtin_ctzll(rest);

		/* The library makes a tag of it that the frame shall have, whatever
		 * vlan_vid was given before. */
		if (f == FIELD_VLAN_PCP && !b->tagged)
			build_breach(b, "a match on vlan_pcp needs one on vlan_vid with a tag");
		else if (!mf_are_match_prereqs_ok(build_mf(f), &b->match))
			build_breach(b, "a match on %s needs one on eth_type before it means anything",
				     field_name(f));
	}
}

static void check_actions(struct build *b)
{
	struct ofpact_check_params params = {
		.match = &b->match,
		.max_ports = OFPP_MAX,
		.table_id = b->flow.table,
		.n_tables = 255,
	};
	enum ofperr error = ofpacts_check_consistency(b->ofpacts.data, b->ofpacts.size, OFPUTIL_P_OF13_OXM,
						      &params);

	if (error)
		build_breach(b, "the actions do not fit the match (%s): a field is set that such a frame "
			     "may not have, or a tag popped", ofperr_to_string(error));
}

static const char *flow_end(struct build *b, struct rule *ret_rule)
{
	const char *error;

	check_prerequisites(b);
	if (!b->error[0])
		check_actions(b);
	if (b->error[0])
		return b->error;
	b->flow.match = &b->match;
	b->flow.ofpacts = b->ofpacts.data;
	b->flow.ofpacts_len = b->ofpacts.size;
	error = canon_flow(&b->msg, &b->flow);
	if (error) {
		build_breach(b, "%s", error);
		return b->error;
	}
	canon_rule(&b->msg, RULE_FLOW, ret_rule);
	return NULL;
}

const char *build_end(struct build *b, struct rule *ret_rule)
{
	enum build_state state = b->state;
	const char *error = NULL;

	if (b->error[0])
		return b->error;
	switch (state) {
	case BUILD_NOTHING:
		build_breach(b, "no rule was begun");
		error = b->error;
		break;
	case BUILD_FLOW:
		error = flow_end(b, ret_rule);
		break;
	case BUILD_GROUP:
		error = build_group_end(b, ret_rule);
		break;
	case BUILD_METER:
		error = build_meter_end(b, ret_rule);
		break;
	}
	b->state = BUILD_NOTHING;
	if (!error)
		ret_rule->plain = b->plain;
	return error;
}
