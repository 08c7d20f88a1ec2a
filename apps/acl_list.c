/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a list in one table: replies, the rules, what is never judged, the
 * end; and what a verdict does. */
#include "apps/acl_rule.h"

/* --- verdicts -------------------------------------------------------------------------- */

/* Does what the list denies end connections that were allowed before? */
static bool cuts(const struct net_acl *acl)
{
	return acl->stateful && acl->established == ACL_JUDGE && acl->mode == ACL_ENFORCE;
}

void acl_put_verdict(struct out *out, const struct view_switch *vs, const struct stage *stage,
			const struct net_acl *acl, enum net_verdict verdict, bool log)
{
	bool is_audit = acl->mode == ACL_AUDIT;
	uint32_t meter = log ? METER_LOG : METER_REJECT;
	/* Without meters nothing limits what a switch reports: it reports nothing. */
	if (has_meter(vs->max_meters, meter) && (log || (verdict == NET_REJECT && !is_audit)))
		act_controller(out->build, JUDGED_BYTES, meter);
	if (verdict == NET_ALLOW || is_audit)
		act_goto(out->build, stage->next);
	else if (cuts(acl))
		act_goto(out->build, TABLE_ACL_DENIED);
	out_want(out, vs->sw);
}

static enum need named_need(const struct net_rule *rule)
{
	switch (rule->protocol.kind) {
	case PROTOCOL_ARP:
		return NEED_ARP;
	case PROTOCOL_ND:
		return NEED_ND;
	case PROTOCOL_DHCP:
	case PROTOCOL_IP:
		return rule->judges_dhcp ? NEED_DHCP : NEED_NOT;
	case PROTOCOL_ANY:
	case PROTOCOL_ETHERTYPE:
		break;
	}
	return NEED_NOT;
}

static bool is_need_only(const struct net_rule *rule)
{
	return rule->protocol.kind == PROTOCOL_ARP || rule->protocol.kind == PROTOCOL_ND
		|| rule->protocol.kind == PROTOCOL_DHCP;
}

static void one_rule(const struct rule_rows *like, const struct net_rule *rule, enum need need)
{
	struct rule_rows r = *like;
	r.rule = rule;
	r.need = need;
	r.object = r.scene->net->objects[rule->object].id;
	r.priority = (uint16_t) ((need ? PRIORITY_NEED_RULE : PRIORITY_RULE) + rule->label);
	/* Only its own list's rows can meet its clauses; the label is unique there. */
	r.conjunction = r.acl->id << 16 | (need ? 0x8000u : 0) | rule->label;
	acl_rule_rows(&r);
}

/* --- lists ------------------------------------------------------------------------------ */

static void begin_list(const struct rule_rows *r, uint16_t priority, uint64_t object)
{
	build_flow(r->out->build, r->stage->table, priority, out_cookie(r->out, object));
	match_u(r->out->build, r->stage->list, r->acl->id);
}

static void pass_tracked(const struct rule_rows *r, uint16_t priority, uint32_t state, uint32_t mask, uint32_t mark)
{
	begin_list(r, priority, r->scene->net->objects[r->acl->object].id);
	match_um(r->out->build, FIELD_CT_STATE, state, mask);
	if (mark)
		match_u(r->out->build, FIELD_CT_MARK, mark);
	else
		act_goto(r->out->build, r->stage->next);
	out_want(r->out, r->vs->sw);
}

/* Replies pass without a rule. What comes in the first direction is judged, also
 * when the connection is there: so an edit holds for connections at once. */
static void tracked_rows(const struct rule_rows *r)
{
	uint32_t reply = TRACKED | TRACKED_ESTABLISHED | TRACKED_REPLY;
	if (cuts(r->acl))
		pass_tracked(r, PRIORITY_CUT, reply, reply, MARK_CUT);
	pass_tracked(r, PRIORITY_REPLY, reply, reply, 0);
	pass_tracked(r, PRIORITY_RELATED, TRACKED | TRACKED_RELATED, TRACKED | TRACKED_RELATED, 0);
	if (r->acl->established == ACL_KEEP)
		pass_tracked(r, PRIORITY_KEPT, TRACKED | TRACKED_ESTABLISHED, reply, 0);
}

static void end_rows(const struct rule_rows *r)
{
	for (enum need need = NEED_ARP; need <= NEED_DHCP; need++) {
		begin_list(r, PRIORITY_NEED, r->scene->net->objects[r->acl->object].id);
		match_u(r->out->build, FIELD_NEED, need);
		act_goto(r->out->build, r->stage->next);
		out_want(r->out, r->vs->sw);
	}
	begin_list(r, PRIORITY_END, r->scene->net->objects[r->acl->end_object].id);
	acl_put_verdict(r->out, r->vs, r->stage, r->acl, NET_DENY, false);
}

/* From the top: were it to take several bundles, then what a frame meets first is
 * there first, and the frame's verdict is the old or the new one. */
void acl_list_rows(const struct scene *scene, struct out *out, const struct view_switch *vs,
		   const struct stage *stage, const struct net_acl *acl)
{
	struct rule_rows r = { .scene = scene, .out = out, .vs = vs, .stage = stage, .acl = acl };
	if (acl->stateful)
		tracked_rows(&r);
	for (size_t i = 0; i < acl->n_rules; i++)
		if (named_need(&acl->rules[i]))
			one_rule(&r, &acl->rules[i], named_need(&acl->rules[i]));
	for (size_t i = 0; i < acl->n_rules; i++)
		if (!is_need_only(&acl->rules[i]))
			one_rule(&r, &acl->rules[i], NEED_NOT);
	end_rows(&r);
}
