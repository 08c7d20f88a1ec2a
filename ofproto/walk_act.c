/* SPDX-License-Identifier: Apache-2.0 */
/* walk_act: what actions do. Lists of a flow run in their order; buckets run as
 * action sets (section 5.10), as Open vSwitch runs them. */
#include "ofproto/build.h"
#include "ofproto/mem.h"
#include "ofproto/walk_impl.h"

enum { MAX_DEPTH = 8 };

static void unknown(struct walker *w, const char *name)
{
	if (!w->walk->unknown)
		w->walk->unknown = name;
}

/* --- output -------------------------------------------------------------------------- */

static void emit(struct walker *w, ofp_port_t port, size_t max_len)
{
	const struct walk_packet *p = &w->packet;
	struct walk_out *out;

	if (w->walk->n_outs == WALK_MAX_OUTS) {
		w->walk->cut = true;
		return;
	}
	if (w->walk->n_outs == w->walk->max_outs) {
		w->walk->max_outs = w->walk->max_outs ? 2 * w->walk->max_outs : 4;
		w->walk->outs = mem_realloc(w->walk->outs, w->walk->max_outs * sizeof(*out));
	}
	out = &w->walk->outs[w->walk->n_outs++];
	out->ofport = ntohl(ofputil_port_to_ofp11(port));
	out->tun_id = be64toh(p->flow.tunnel.tun_id);
	out->tun_dst = ntohl(p->flow.tunnel.ip_dst);
	memcpy(out->tun_dst6, &p->flow.tunnel.ipv6_dst, 16);
	out->size = (uint16_t) (p->size < max_len ? p->size : max_len);
	memcpy(out->frame, p->frame, out->size);
}

static void output(struct walker *w, ofp_port_t port, uint16_t max_len)
{
	if (port == OFPP_IN_PORT) {
		/* Unless that has been forgotten. */
		if (w->packet.flow.in_port.ofp_port)
			emit(w, w->packet.flow.in_port.ofp_port, SIZE_MAX);
	} else if (port == OFPP_CONTROLLER) {
		emit(w, port, max_len);
	} else if (port == OFPP_LOCAL || port < OFPP_MAX) {
		/* Never back by the port it came in (section 7.2.5, OFPP_IN_PORT). */
		if (port != w->packet.flow.in_port.ofp_port)
			emit(w, port, SIZE_MAX);
	} else {
		unknown(w, "output to a reserved port");
	}
}

/* --- groups ----------------------------------------------------------------------------- */

static void act_one(struct walker *, const struct ofpact *);

static bool is_set(const struct ofpact *a) { return a->type == OFPACT_SET_FIELD || a->type == OFPACT_REG_MOVE; }
static bool is_final(const struct ofpact *a)
{
	return a->type == OFPACT_OUTPUT || a->type == OFPACT_GROUP;
}

/* One pop, one push, all set fields and moves, one end (group before output; the last of
 * each). Without an end nothing is done at all. */
static void run_action_set(struct walker *w, const struct ofputil_bucket *bucket)
{
	const struct ofpact *pop = NULL, *push = NULL, *final = NULL, *a;

	OFPACT_FOR_EACH (a, bucket->ofpacts, bucket->ofpacts_len) {
		if (a->type == OFPACT_STRIP_VLAN)
			pop = a;
		else if (a->type == OFPACT_PUSH_VLAN)
			push = a;
		else if (is_final(a) && (!final || a->type == OFPACT_GROUP || final->type == OFPACT_OUTPUT))
			final = a;
		else if (!is_set(a) && !is_final(a))
			unknown(w, ofpact_name(a->type));
	}
	if (!final)
		return;
	if (pop)
		act_one(w, pop);
	if (push)
		act_one(w, push);
	OFPACT_FOR_EACH (a, bucket->ofpacts, bucket->ofpacts_len)
		if (is_set(a))
			act_one(w, a);
	act_one(w, final);
}

/* Every bucket works on a copy: its changes do not outlive it. */
static void run_bucket(struct walker *w, const struct ofputil_bucket *bucket)
{
	struct walk_packet before = w->packet;

	run_action_set(w, bucket);
	w->packet = before;
}

/* A bucket that watches nothing lives. */
static bool is_live_at(const struct walker *w, const struct ofputil_bucket *bucket, unsigned depth)
{
	const struct ofputil_bucket *watched;
	const struct walk_group *group;

	if (bucket->watch_group == OFPG_ANY)
		return bucket->watch_port == OFPP_ANY || walk_switch_live(w->sw, bucket->watch_port);
	if (bucket->watch_port != OFPP_ANY && walk_switch_live(w->sw, bucket->watch_port))
		return true;
	group = walk_switch_group(w->sw, bucket->watch_group);
	if (group && depth < MAX_DEPTH)
		LIST_FOR_EACH (watched, list_node, &group->gm.buckets)
			if (is_live_at(w, watched, depth + 1))
				return true;
	return false;
}

static bool is_live(const struct walker *w, const struct ofputil_bucket *bucket)
{
	return is_live_at(w, bucket, 0);
}

static const struct ofputil_bucket *select_bucket(struct walker *w, const struct walk_group *group)
{
	const struct ofputil_bucket *bucket;
	unsigned total = 0, at;

	LIST_FOR_EACH (bucket, list_node, &group->gm.buckets)
		if (is_live(w, bucket))
			total += bucket->weight;
	if (!total)
		return NULL;
	w->walk->n_choices++;
	at = w->walk->choice % total;
	LIST_FOR_EACH (bucket, list_node, &group->gm.buckets) {
		if (!is_live(w, bucket))
			continue;
		if (at < bucket->weight)
			return bucket;
		at -= bucket->weight;
	}
	return NULL;
}

/* The first one that lives. */
static void run_failover(struct walker *w, const struct walk_group *group)
{
	const struct ofputil_bucket *bucket, *first = NULL;

	LIST_FOR_EACH (bucket, list_node, &group->gm.buckets) {
		first = first ? first : bucket;
		if (!is_live(w, bucket))
			continue;
		if (bucket != first) {
			w->walk->n_detours++;
			w->walk->n_blind += bucket->watch_port == OFPP_ANY;
			w->walk->dead_ofport = (uint32_t) first->watch_port;
		}
		run_bucket(w, bucket);
		return;
	}
}

static void run_buckets(struct walker *w, const struct walk_group *group)
{
	const struct ofputil_bucket *bucket;

	switch (group->gm.type) {
	case OFPGT11_SELECT:
		bucket = select_bucket(w, group);
		if (bucket)
			run_bucket(w, bucket);
		break;
	case OFPGT11_FF:
		run_failover(w, group);
		break;
	case OFPGT11_ALL:
	case OFPGT11_INDIRECT:
		LIST_FOR_EACH (bucket, list_node, &group->gm.buckets)
			run_bucket(w, bucket);
		break;
	default:
		unknown(w, "group of an unknown type");
		break;
	}
}

static void run_group(struct walker *w, uint32_t group_id)
{
	const struct walk_group *group = walk_switch_group(w->sw, group_id);

	if (!group) {
		unknown(w, "group that is not there");
		return;
	}
	if (w->depth == MAX_DEPTH) {
		unknown(w, "groups in groups, too deep");
		return;
	}
	walker_hop(w, &group->rule);
	w->depth++;
	run_buckets(w, group);
	w->depth--;
}

/* --- lists --------------------------------------------------------------------------------- */

static void set_field(struct walker *w, const struct ofpact_set_field *set)
{
	union mf_value value, mask;

	memset(&value, 0, sizeof(value));
	memset(&mask, 0, sizeof(mask));
	memcpy(&value, set->value, set->field->n_bytes);
	memcpy(&mask, ofpact_set_field_mask(set), set->field->n_bytes);
	if (!walk_packet_set(&w->packet, set->field, &value, &mask))
		unknown(w, set->field->name);
}

static void move_field(struct walker *w, const struct ofpact_reg_move *move)
{
	struct flow moved = w->packet.flow;
	union mf_value to, mask;

	memset(&mask, 0xff, sizeof(mask));
	memset(&to, 0, sizeof(to));
	mf_subfield_copy(&move->src, &move->dst, &moved, NULL);
	mf_get_value(move->dst.field, &moved, &to);
	if (!walk_packet_set(&w->packet, move->dst.field, &to, &mask))
		unknown(w, move->dst.field->name);
}

/* --- connection tracking, copies ------------------------------------------------------------- */

static void write_ip(struct walker *w, bool is_source, const void *ip)
{
	bool is_v6 = w->packet.flow.dl_type == htons(0x86dd);
	union mf_value value, mask;

	memset(&value, 0, sizeof(value));
	memset(&mask, 0xff, sizeof(mask));
	memcpy(&value, ip, is_v6 ? 16 : 4);
	walk_packet_set(&w->packet, mf_from_id(is_v6 ? is_source ? MFF_IPV6_SRC : MFF_IPV6_DST
					       : is_source ? MFF_IPV4_SRC : MFF_IPV4_DST), &value, &mask);
}

/* Ports stay as they are: nobody else has them here. */
static uint32_t translate(struct walker *w, const struct ofpact_nat *nat)
{
	struct walk *walk = w->walk;
	bool is_reply = walk->ct_state & TRACKED_REPLY;

	if (walk->ct_translates) {
		write_ip(w, !is_reply, walk->ct_ip);
		return is_reply ? TRACKED_DNAT : TRACKED_SNAT;
	}
	if (!(nat->flags & NX_NAT_F_SRC))
		return 0;
	if (nat->flags != NX_NAT_F_SRC || nat->range.proto.min) {
		unknown(w, "nat of another kind");
		return 0;
	}
	if (nat->range_af == AF_INET6)
		write_ip(w, true, &nat->range.addr.ipv6.min);
	else
		write_ip(w, true, &nat->range.addr.ipv4.min);
	walk->translated = true;
	return TRACKED_SNAT;
}

static void commit(struct walker *w, const struct ofpact_conntrack *ct)
{
	const struct ofpact *a;
	union mf_value label;

	w->walk->n_commits++;
	w->walk->commit_zone = ct->zone_imm;
	OFPACT_FOR_EACH (a, ct->actions, ofpact_ct_get_action_len(ct)) {
		if (a->type == OFPACT_SET_FIELD && ofpact_get_SET_FIELD(a)->field->id == MFF_CT_MARK)
			w->walk->commit_mark = ntohl(ofpact_get_SET_FIELD(a)->value->be32);
		else if (a->type == OFPACT_REG_MOVE)
			move_field(w, ofpact_get_REG_MOVE(a));
	}
	mf_get_value(mf_from_id(MFF_CT_LABEL), &w->packet.flow, &label);
	memcpy(w->walk->commit_label, &label, sizeof(w->walk->commit_label));
}

static void track(struct walker *w, const struct ofpact_conntrack *ct)
{
	struct flow *flow = &w->packet.flow;
	const struct ofpact *a;
	uint32_t translated = 0;
	union mf_value label;

	memcpy(&label, w->walk->ct_label, sizeof(w->walk->ct_label));
	mf_set_flow_value(mf_from_id(MFF_CT_LABEL), &label, flow);
	if (ct->flags & NX_CT_F_COMMIT)
		commit(w, ct);
	OFPACT_FOR_EACH (a, ct->actions, ofpact_ct_get_action_len(ct))
		if (a->type == OFPACT_NAT)
			translated |= translate(w, ofpact_get_NAT(a));
	if (ct->recirc_table == NX_CT_RECIRC_NONE)
		return;
	flow->ct_state = (uint8_t) ((w->walk->ct_state ? w->walk->ct_state : TRACKED | TRACKED_NEW) | translated);
	flow->ct_mark = w->walk->ct_mark;
	w->next_table = ct->recirc_table;
}

static void run_clone(struct walker *w, const struct ofpact_nest *nest)
{
	struct walk_packet before = w->packet;
	int next_table = w->next_table;

	if (w->depth == MAX_DEPTH) {
		unknown(w, "copies in copies, too deep");
		return;
	}
	w->depth++;
	walker_act(w, nest->actions, ofpact_nest_get_action_len(nest));
	w->depth--;
	w->packet = before;
	w->next_table = next_table;
}

static void resubmit(struct walker *w, const struct ofpact_resubmit *r)
{
	int next_table = w->next_table;

	if (r->in_port != OFPP_IN_PORT || w->depth == MAX_DEPTH) {
		unknown(w, "resubmit for another port, or too deep");
		return;
	}
	w->depth++;
	walker_run(w, r->table_id);
	w->depth--;
	w->next_table = next_table;
}

static void multipath(struct walker *w, const struct ofpact_multipath *mp)
{
	struct flow_wildcards wildcards;
	union mf_value value;

	if (mp->max_link)
		w->walk->n_choices++;
	memset(&wildcards, 0, sizeof(wildcards));
	if (w->walk->choice == WALK_BY_HASH) {
		multipath_execute(mp, &w->packet.flow, &wildcards);
		return;
	}
	memset(&value, 0, sizeof(value));
	value.be32 = htonl(w->walk->choice % (mp->max_link + 1u));
	mf_set_flow_value(mp->dst.field, &value, &w->packet.flow);
}

static void act_one(struct walker *w, const struct ofpact *a)
{
	switch ((int) a->type) {
	case OFPACT_OUTPUT:
		output(w, ofpact_get_OUTPUT(a)->port, ofpact_get_OUTPUT(a)->max_len);
		break;
	case OFPACT_CONTROLLER:
		emit(w, OFPP_CONTROLLER, ofpact_get_CONTROLLER(a)->max_len);
		break;
	case OFPACT_SET_FIELD:
		set_field(w, ofpact_get_SET_FIELD(a));
		break;
	case OFPACT_REG_MOVE:
		move_field(w, ofpact_get_REG_MOVE(a));
		break;
	case OFPACT_MULTIPATH:
		multipath(w, ofpact_get_MULTIPATH(a));
		break;
	case OFPACT_STRIP_VLAN:
		walk_packet_pop(&w->packet);
		break;
	case OFPACT_PUSH_VLAN:
		if (!walk_packet_push(&w->packet, ntohs(ofpact_get_PUSH_VLAN(a)->ethertype)))
			unknown(w, "one tag too many");
		break;
	case OFPACT_GROUP:
		run_group(w, ofpact_get_GROUP(a)->group_id);
		break;
	case OFPACT_METER:
		/* One frame is below every limit. */
		w->walk->n_meters++;
		break;
	case OFPACT_CT:
		track(w, ofpact_get_CT(a));
		break;
	case OFPACT_CLONE:
		run_clone(w, ofpact_get_CLONE(a));
		break;
	case OFPACT_RESUBMIT:
		resubmit(w, ofpact_get_RESUBMIT(a));
		break;
	case OFPACT_GOTO_TABLE:
		w->next_table = ofpact_get_GOTO_TABLE(a)->table_id;
		break;
	default:
		unknown(w, ofpact_name(a->type));
		break;
	}
}

void walker_act(struct walker *w, const struct ofpact *ofpacts, size_t ofpacts_len)
{
	const struct ofpact *a;

	OFPACT_FOR_EACH (a, ofpacts, ofpacts_len)
		act_one(w, a);
}
