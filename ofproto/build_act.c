/* SPDX-License-Identifier: Apache-2.0 */
/* build: the actions of flows and buckets. Each looks whether it has a place there
 * by the contract of the table, and goes to the end of the list. */
#include "ofproto/build_impl.h"
#include "ofproto/field.h"
#include "ofproto/wire.h"

static bool may_set(struct build *b, enum field f, enum build_stage stage, const char *what)
{
	if (!build_stage(b, stage, what))
		return false;
	if (b->state == BUILD_FLOW && !(b->table->set >> f & 1))
		build_breach(b, "%s may not be set here", field_name(f));
	return !b->error[0];
}

static void set_any(struct build *b, enum field f, const union mf_value *value)
{
	const struct mf_field *mf = build_mf(f);

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

	build_number(b, f, value, &v);
	set_any(b, f, &v);
}

void build_set_u(struct build *b, enum field f, uint64_t value)
{
	const struct mf_field *mf = build_mf(f);
	union mf_value v;

	build_number(b, f, value, &v);
	ofpact_put_set_field(&b->ofpacts, mf, &v, NULL);
}

void act_set_bytes(struct build *b, enum field f, const uint8_t *value)
{
	union mf_value v;

	memset(&v, 0, sizeof(v));
	memcpy(&v, value, field_infos[f].size);
	set_any(b, f, &v);
}

static void move(struct build *b, enum field from, unsigned bit, enum field to, unsigned n_bits)
{
	const struct mf_field *src = build_mf(from), *dst = build_mf(to);
	struct ofpact_reg_move *move;

	if (!may_set(b, to, STAGE_SET, "a move"))
		return;
	if (bit + n_bits > src->n_bits || n_bits > dst->n_bits || !dst->writable) {
		build_breach(b, "%s cannot be moved to %s", field_name(from), field_name(to));
		return;
	}
	move = ofpact_put_REG_MOVE(&b->ofpacts);
	move->src = (struct mf_subfield) {.field = src, .ofs = bit, .n_bits = n_bits};
	move->dst = (struct mf_subfield) {.field = dst, .n_bits = n_bits};
}

void act_move_part(struct build *b, enum field from, unsigned bit, enum field to)
{
	move(b, from, bit, to, build_mf(to)->n_bits);
}

void act_move_into(struct build *b, enum field from, enum field to)
{
	move(b, from, 0, to, build_mf(from)->n_bits);
}

void act_move(struct build *b, enum field from, enum field to)
{
	if (build_mf(from)->n_bits != build_mf(to)->n_bits)
		build_breach(b, "%s cannot be moved to %s", field_name(from), field_name(to));
	act_move_part(b, from, 0, to);
}

/* The field of OpenFlow 1.0: that of 1.2 does not take the number that is no port. */
void act_forget_in_port(struct build *b)
{
	static const ovs_be16 nowhere;

	if (build_in_flow(b, "forgetting in_port") && may_set(b, FIELD_IN_PORT, STAGE_SET, "forgetting in_port"))
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

	if (!build_in_flow(b, "a meter") || !build_stage(b, STAGE_POP, "a meter"))
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
	if (!build_in_flow(b, "goto") || !build_stage(b, STAGE_OUTPUT, "goto"))
		return;
	if (build_may_go(b, table))
		ofpact_put_GOTO_TABLE(&b->ofpacts)->table_id = b->tables[table].id;
	b->went = true;
}

void act_multipath(struct build *b, enum field f, unsigned n)
{
	const struct mf_field *mf = build_mf(f);
	struct ofpact_multipath *mp;

	if (!build_in_flow(b, "multipath") || !may_set(b, f, STAGE_SET, "multipath"))
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
