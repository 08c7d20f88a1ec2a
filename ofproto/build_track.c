/* SPDX-License-Identifier: Apache-2.0 */
/* build: actions that Open vSwitch adds to OpenFlow: conjunctions, connection
 * tracking, and a copy that goes through tables again. */
#include "ofproto/build_impl.h"
#include "ofproto/field.h"

enum { MAX_CLAUSES = 64 };

static bool in_flow_list(struct build *b, const char *what)
{
	if (!build_stage(b, STAGE_OUTPUT, what))
		return false;
	if (b->state != BUILD_FLOW)
		build_breach(b, "%s does not run in a bucket", what);
	return !b->error[0];
}

void act_conjunction(struct build *b, uint32_t id, unsigned clause, unsigned n_clauses)
{
	struct ofpact_conjunction *oc;
	const struct ofpact *a;

	if (!in_flow_list(b, "conjunction"))
		return;
	if (n_clauses < 2 || n_clauses > MAX_CLAUSES || clause >= n_clauses)
		build_breach(b, "clause %u of %u: a conjunction has 2 to %d", clause, n_clauses, MAX_CLAUSES);
	if (b->n_actions > 1 && !b->joins)
		build_breach(b, "a row of a conjunction has no other actions");
	OFPACT_FOR_EACH (a, b->ofpacts.data, b->ofpacts.size)
		if (a->type == OFPACT_CONJUNCTION && ofpact_get_CONJUNCTION(a)->id == id)
			build_breach(b, "a row in two clauses of one conjunction: Open vSwitch counts rows");
	b->joins = true;
	oc = ofpact_put_CONJUNCTION(&b->ofpacts);
	oc->id = id;
	oc->clause = (uint8_t) clause;
	oc->n_clauses = (uint8_t) n_clauses;
}

static struct ofpact_conntrack *put_ct(struct build *b, uint16_t zone, const char *what)
{
	struct ofpact_conntrack *ct;

	if (!in_flow_list(b, what))
		return NULL;
	if (!b->table->tracks)
		build_breach(b, "%s: this table does not track", what);
	if (!zone)
		build_breach(b, "%s: zone 0 is everybody's", what);
	ct = ofpact_put_CT(&b->ofpacts);
	ct->zone_imm = zone;
	ct->recirc_table = NX_CT_RECIRC_NONE;
	return ct;
}

/* A list inside an action ends where the outer list ends now. */
static void finish_nest(struct build *b, size_t start)
{
	struct ofpact *nest = ofpbuf_at_assert(&b->ofpacts, start, sizeof(*nest));

	b->ofpacts.header = nest;
	ofpact_finish(&b->ofpacts, nest);
}

void act_ct(struct build *b, uint16_t zone, unsigned table)
{
	size_t start = b->ofpacts.size;
	struct ofpact_conntrack *ct = put_ct(b, zone, "ct");

	if (!ct || !build_may_go(b, table))
		return;
	ct->recirc_table = b->tables[table].id;
	finish_nest(b, start);
	b->went = true;
}

void act_ct_commit(struct build *b, uint16_t zone, uint32_t mark)
{
	size_t start = b->ofpacts.size;
	struct ofpact_conntrack *ct = put_ct(b, zone, "ct with commit");
	union mf_value value = {.be32 = htonl(mark)};

	if (!ct)
		return;
	ct->flags = NX_CT_F_COMMIT;
	ofpact_put_set_field(&b->ofpacts, mf_from_id(MFF_CT_MARK), &value, NULL);
	finish_nest(b, start);
}

static void put_source(struct build *b, const struct ct_nat *nat)
{
	struct ofpact_nat *on = ofpact_put_NAT(&b->ofpacts);

	if (!nat->source)
		return;
	on->flags = NX_NAT_F_SRC;
	on->range_af = nat->is_v6 ? AF_INET6 : AF_INET;
	if (nat->is_v6)
		memcpy(&on->range.addr.ipv6.min, nat->source, 16);
	else
		memcpy(&on->range.addr.ipv4.min, nat->source, 4);
}

static void put_keeps(struct build *b, const struct ct_nat *nat)
{
	for (size_t i = 0; i < nat->n_keeps; i++) {
		const struct mf_field *src = build_mf(nat->keeps[i].from), *label = mf_from_id(MFF_CT_LABEL);
		struct ofpact_reg_move *move = ofpact_put_REG_MOVE(&b->ofpacts);

		move->src = (struct mf_subfield) {.field = src, .n_bits = src->n_bits};
		move->dst = (struct mf_subfield) {.field = label, .ofs = nat->keeps[i].bit, .n_bits = src->n_bits};
	}
}

void act_ct_nat(struct build *b, const struct ct_nat *nat, unsigned table)
{
	size_t start = b->ofpacts.size;
	struct ofpact_conntrack *ct = put_ct(b, nat->zone, "ct with nat");
	const union mf_value unmarked = {.be32 = 0};

	if (!ct || !build_may_go(b, table))
		return;
	if (nat->source && !nat->commits)
		build_breach(b, "ct with nat: only what is remembered is translated anew");
	ct->recirc_table = b->tables[table].id;
	ct->flags = nat->commits ? NX_CT_F_COMMIT : 0;
	put_source(b, nat);
	if (nat->commits)
		ofpact_put_set_field(&b->ofpacts, mf_from_id(MFF_CT_MARK), &unmarked, NULL);
	if (nat->source)
		put_keeps(b, nat);
	finish_nest(b, start);
	b->went = true;
}

void act_again(struct build *b, enum field f, uint64_t value, unsigned table)
{
	size_t start = b->ofpacts.size;
	struct ofpact_resubmit *resubmit;

	if (!in_flow_list(b, "a copy to go again"))
		return;
	if (table >= b->n_tables || !(b->table->again >> table & 1)) {
		build_breach(b, "a copy may not go again from table index %u", table);
		return;
	}
	ofpact_put_CLONE(&b->ofpacts);
	build_set_u(b, f, value);
	resubmit = ofpact_put_RESUBMIT(&b->ofpacts);
	resubmit->in_port = OFPP_IN_PORT;
	resubmit->table_id = b->tables[table].id;
	finish_nest(b, start);
}
