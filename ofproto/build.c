/* SPDX-License-Identifier: Apache-2.0 */
/* build: flows. Calls fill libopenvswitch's match and action list and note the
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

static bool in_flow(struct build *b, const char *what)
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

static bool may_set(struct build *b, enum field f, enum build_stage stage, const char *what)
{
	if (!build_stage(b, stage, what))
		return false;
	if (b->state == BUILD_FLOW && !(b->table->set >> f & 1))
		build_breach(b, "%s may not be set here", field_name(f));
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
	if (!in_flow(b, "an idle timeout"))
		return;
	b->flow.idle = seconds;
	b->flow.flags |= FLOW_SEND_REM;
}

void build_plain(struct build *b) { b->plain = true; }

/* --- match -------------------------------------------------------------------------- */

static void match_any(struct build *b, enum field f, const union mf_value *value, const union mf_value *mask)
{
	const struct mf_field *mf = mf_from_id(mf_ids[f]);
	char *error = NULL;

	if (!in_flow(b, "a match"))
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
static void number(struct build *b, enum field f, uint64_t value, union mf_value *ret_value)
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

	number(b, f, value, &v);
	match_any(b, f, &v, NULL);
}

void match_um(struct build *b, enum field f, uint64_t value, uint64_t mask)
{
	union mf_value v, m;

	number(b, f, value, &v);
	number(b, f, mask, &m);
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

/* --- actions ------------------------------------------------------------------------- */

static void set_any(struct build *b, enum field f, const union mf_value *value)
{
	const struct mf_field *mf = mf_from_id(mf_ids[f]);

	if (!may_set(b, f, STAGE_SET, "set-field"))
		return;
	if (!mf->writable)
		build_breach(b, "%s cannot be set", field_name(f));
	else if (f == FIELD_VLAN_VID && !(value->be16 & htons(VLAN_PRESENT)))
		build_breach(b, "vlan_vid is set without VLAN_PRESENT: that takes the tag off");
	else if (!mf_is_value_valid(mf, value))
		build_breach(b, "%s: the value to set is not valid", field_name(f));
	else
		ofpact_put_set_field(&b->ofpacts, mf, value, NULL);
}

void act_set_u(struct build *b, enum field f, uint64_t value)
{
	union mf_value v;

	number(b, f, value, &v);
	set_any(b, f, &v);
}

void build_set_u(struct build *b, enum field f, uint64_t value)
{
	const struct mf_field *mf = mf_from_id(mf_ids[f]);
	union mf_value v;

	number(b, f, value, &v);
	ofpact_put_set_field(&b->ofpacts, mf, &v, NULL);
}

void act_set_bytes(struct build *b, enum field f, const uint8_t *value)
{
	union mf_value v;

	memset(&v, 0, sizeof(v));
	memcpy(&v, value, field_infos[f].size);
	set_any(b, f, &v);
}

void act_move(struct build *b, enum field from, enum field to)
{
	const struct mf_field *src = mf_from_id(mf_ids[from]), *dst = mf_from_id(mf_ids[to]);
	struct ofpact_reg_move *move;

	if (!in_flow(b, "a move") || !may_set(b, to, STAGE_SET, "a move"))
		return;
	if (src->n_bits != dst->n_bits || !dst->writable) {
		build_breach(b, "%s cannot be moved to %s", field_name(from), field_name(to));
		return;
	}
	move = ofpact_put_REG_MOVE(&b->ofpacts);
	move->src = (struct mf_subfield) {.field = src, .n_bits = src->n_bits};
	move->dst = (struct mf_subfield) {.field = dst, .n_bits = dst->n_bits};
}

/* The field of OpenFlow 1.0: that of 1.2 does not take the number that is no port. */
void act_forget_in_port(struct build *b)
{
	static const ovs_be16 nowhere;

	if (in_flow(b, "forgetting in_port") && may_set(b, FIELD_IN_PORT, STAGE_SET, "forgetting in_port"))
		ofpact_put_reg_load(&b->ofpacts, mf_from_id(MFF_IN_PORT), &nowhere, NULL);
}

void act_pop_vlan(struct build *b)
{
	if (!may_set(b, FIELD_VLAN_VID, STAGE_POP, "pop_vlan"))
		return;
	if (b->n_pops++)
		build_breach(b, "a second pop_vlan: Open vSwitch refuses it, goto and pop there");
	ofpact_put_STRIP_VLAN(&b->ofpacts);
}

void act_push_vlan(struct build *b)
{
	if (may_set(b, FIELD_VLAN_VID, STAGE_PUSH, "push_vlan"))
		ofpact_put_PUSH_VLAN(&b->ofpacts)->ethertype = htons(0x8100);
}

ofp_port_t build_port(struct build *b, uint32_t ofport)
{
	ofp_port_t port = OFPP_NONE;

	/* Reserved ports have functions of their own, LOCAL is a port like others. */
	if (!ofport || ofputil_port_from_ofp11(htonl(ofport), &port)
	    || (port >= OFPP_MAX && port != OFPP_LOCAL))
		build_breach(b, "0x%x is no port number", ofport);
	return port;
}

static void output(struct build *b, ofp_port_t port, uint16_t max_len)
{
	struct ofpact_output *output = ofpact_put_OUTPUT(&b->ofpacts);

	output->port = port;
	output->max_len = max_len;
}

static bool may_output(struct build *b, const char *what)
{
	if (!build_stage(b, STAGE_OUTPUT, what))
		return false;
	b->went = b->state == BUILD_GROUP;
	if (b->state == BUILD_FLOW && !b->table->outputs)
		build_breach(b, "%s: this table does not output", what);
	return !b->error[0];
}

void act_output(struct build *b, uint32_t ofport)
{
	if (!may_output(b, "output"))
		return;
	output(b, build_port(b, ofport), 0);
}

void act_output_in_port(struct build *b)
{
	if (may_output(b, "output to in_port"))
		output(b, OFPP_IN_PORT, 0);
}

void act_controller(struct build *b, uint16_t max_len, uint32_t meter_id)
{
	if (!build_stage(b, STAGE_OUTPUT, "controller"))
		return;
	b->went = b->state == BUILD_GROUP;
	if (b->state == BUILD_GROUP && meter_id)
		build_breach(b, "controller with a meter does not run in a bucket");
	if (b->state == BUILD_FLOW && !b->table->punts)
		build_breach(b, "controller: this table does not punt");
	if (!meter_id) {
		output(b, OFPP_CONTROLLER, max_len);
	} else {
		struct ofpact_controller *oc = ofpact_put_CONTROLLER(&b->ofpacts);

		oc->max_len = max_len;
		oc->reason = OFPR_ACTION;
		oc->meter_id = meter_id;
		ofpact_finish_CONTROLLER(&b->ofpacts, &oc);
	}
}

void act_meter(struct build *b, uint32_t meter_id)
{
	bool is_first = !b->n_actions;

	if (!in_flow(b, "a meter") || !build_stage(b, STAGE_POP, "a meter"))
		return;
	if (!b->table->meters)
		build_breach(b, "a meter: this table does not limit");
	if (!is_first)
		build_breach(b, "a meter after other actions: it comes first");
	if (!meter_id || meter_id > OFPM13_MAX)
		build_breach(b, "0x%x is no meter", meter_id);
	ofpact_put_METER(&b->ofpacts)->meter_id = meter_id;
}

void act_group(struct build *b, uint32_t group_id)
{
	if (may_output(b, "group"))
		ofpact_put_GROUP(&b->ofpacts)->group_id = group_id;
}

bool build_may_go(struct build *b, unsigned table)
{
	if (table >= b->n_tables)
		build_breach(b, "there is no table with index %u", table);
	else if (!(b->table->next >> table & 1))
		build_breach(b, "may not go to table %s", b->tables[table].name);
	else if (b->tables[table].id <= b->table->id)
		build_breach(b, "cannot go back to table %s", b->tables[table].name);
	return !b->error[0];
}

void act_goto(struct build *b, unsigned table)
{
	if (!in_flow(b, "goto") || !build_stage(b, STAGE_OUTPUT, "goto"))
		return;
	if (build_may_go(b, table))
		ofpact_put_GOTO_TABLE(&b->ofpacts)->table_id = b->tables[table].id;
	b->went = true;
}

void act_multipath(struct build *b, enum field f, unsigned n)
{
	const struct mf_field *mf = mf_from_id(mf_ids[f]);
	struct ofpact_multipath *mp;

	if (!in_flow(b, "multipath") || !may_set(b, f, STAGE_SET, "multipath"))
		return;
	if (n < 2 || n > MULTIPATH_MAX || mf->n_bits != 32) {
		build_breach(b, "multipath over %u, into %s: 2 to %d, into a register", n, field_name(f), MULTIPATH_MAX);
		return;
	}
	mp = ofpact_put_MULTIPATH(&b->ofpacts);
	mp->fields = NX_HASH_FIELDS_SYMMETRIC_L3L4_UDP;
	mp->algorithm = NX_MP_ALG_HASH_THRESHOLD;
	mp->max_link = (uint16_t) (n - 1);
	mp->dst = (struct mf_subfield) {.field = mf, .n_bits = mf->n_bits};
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
		else if (!mf_are_match_prereqs_ok(mf_from_id(mf_ids[f]), &b->match))
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
