/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a rule, and of a list.
 *
 * What a rule asks for has up to four dimensions: from, to, port (with the
 * protocol), source port. With one value in all but one of them, or few, every
 * combination is a row. Else the rule is a conjunction: each dimension is a
 * clause with one row per value, and one more row acts when all clauses are met:
 * m + n + p rows and not m x n x p. Values that may match one frame twice (MACs
 * beside groups, masks) are always a conjunction, for rows of one priority must
 * not overlap and its clauses may. */
#include <string.h>

#include "apps/acl.h"

enum { ETH_IPV4 = 0x0800, ETH_IPV6 = 0x86dd, IP_TCP = 6, IP_UDP = 17, IP_SCTP = 132, MAX_CLAUSES = 4 };

/* One value of from or to. */
struct atom {
	enum { ATOM_ANY, ATOM_CLASS, ATOM_PREFIX, ATOM_MAC } kind;
	const struct net_class *class;
	const struct net_prefix *prefix;
	const struct net_mac_mask *mac;
};

/* A kind of frame that the protocol stands for. */
struct variant { uint16_t eth_type; bool has_proto; uint8_t proto; };

struct rule_rows {
	const struct scene *scene;
	struct out *out;
	const struct view_switch *vs;
	const struct stage *stage;
	const struct net_acl *acl;
	const struct net_rule *rule;
	uint64_t object;                /* of the rule: cookies */
	enum need need;                 /* NEED_NOT: the rows for all else */
	uint16_t priority;
	uint32_t conjunction;           /* its id */
	struct variant variants[2];
	size_t n_variants;
};

/* --- matches --------------------------------------------------------------------------- */

static void begin(const struct rule_rows *r)
{
	build_flow(r->out->build, r->stage->table, r->priority, out_cookie(r->out, r->object));
	match_u(r->out->build, r->stage->list, r->acl->id);
	if (r->need)
		match_u(r->out->build, FIELD_NEED, r->need);
}

static uint16_t atom_type(const struct atom *atom)
{
	if (atom->kind != ATOM_PREFIX)
		return 0;
	return atom->prefix->is_v6 ? ETH_IPV6 : ETH_IPV4;
}

static void prefix_mask(unsigned len, uint8_t ret_mask[16])
{
	memset(ret_mask, 0, 16);
	for (unsigned i = 0; i < len; i++)
		ret_mask[i / 8] |= (uint8_t) (0x80 >> i % 8);
}

void acl_match_prefix(struct build *b, enum acl_side side, const struct net_prefix *prefix)
{
	uint8_t mask[16];
	const uint8_t *p = prefix->bytes;
	if (!prefix->len)
		return;
	if (prefix->is_v6) {
		prefix_mask(prefix->len, mask);
		match_bytes(b, side == SIDE_FROM ? FIELD_IPV6_SRC : FIELD_IPV6_DST, p, mask);
	} else {
		match_um(b, side == SIDE_FROM ? FIELD_IPV4_SRC : FIELD_IPV4_DST,
			 (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3],
			 UINT32_MAX << (32 - prefix->len));
	}
}

/* eth_type is matched by the caller. */
static void match_atom(struct build *b, enum acl_side side, const struct atom *atom)
{
	switch (atom->kind) {
	case ATOM_ANY:
		break;
	case ATOM_CLASS:
		match_u(b, side == SIDE_FROM ? FIELD_FROM : FIELD_TO, atom->class->id);
		break;
	case ATOM_PREFIX:
		acl_match_prefix(b, side, atom->prefix);
		break;
	case ATOM_MAC:
		match_bytes(b, side == SIDE_FROM ? FIELD_ETH_SRC : FIELD_ETH_DST, atom->mac->value, atom->mac->mask);
		break;
	}
}

static void match_type(struct build *b, uint16_t eth_type)
{
	if (eth_type)
		match_u(b, FIELD_ETH_TYPE, eth_type);
}

/* All of the protocol but eth_type. */
static void match_variant(const struct rule_rows *r, const struct variant *variant)
{
	if (variant->has_proto)
		match_u(r->out->build, FIELD_IP_PROTO, variant->proto);
	if (r->rule->dscp != NET_NONE)
		match_u(r->out->build, FIELD_IP_DSCP, r->rule->dscp);
}

static void match_port(const struct rule_rows *r, const struct net_bits *bits, bool is_source)
{
	static const enum field fields[3][2] = {
		{ FIELD_TCP_DST, FIELD_TCP_SRC }, { FIELD_UDP_DST, FIELD_UDP_SRC }, { FIELD_SCTP_DST, FIELD_SCTP_SRC },
	};
	uint16_t proto = r->rule->protocol.number;
	if (bits)
		match_um(r->out->build, fields[proto == IP_TCP ? 0 : proto == IP_UDP ? 1 : 2][is_source], bits->value,
			 bits->mask);
}

/* --- verdicts -------------------------------------------------------------------------- */

/* Does what the list denies end connections that were allowed before? */
static bool cuts(const struct net_acl *acl)
{
	return acl->stateful && acl->established == ACL_JUDGE && acl->mode == ACL_ENFORCE;
}

static void put_verdict(struct out *out, const struct view_switch *vs, const struct stage *stage,
			const struct net_acl *acl, enum net_verdict verdict, bool log)
{
	bool is_audit = acl->mode == ACL_AUDIT;
	/* Without meters nothing limits what a switch reports: it reports nothing. */
	if (vs->max_meters && (log || (verdict == NET_REJECT && !is_audit)))
		act_controller(out->build, JUDGED_BYTES, log ? METER_LOG : METER_REJECT);
	if (verdict == NET_ALLOW || is_audit)
		act_goto(out->build, stage->next);
	else if (cuts(acl))
		act_goto(out->build, TABLE_ACL_DENIED);
	out_want(out, vs->sw);
}

static void rule_verdict(const struct rule_rows *r)
{
	put_verdict(r->out, r->vs, r->stage, r->acl, r->rule->verdict, r->rule->log);
}

/* --- dimensions ------------------------------------------------------------------------ */

/* The values of one side, one after the other. */
struct atoms {
	const struct net_end *end;
	const struct net_classes *classes;
	size_t class, prefix, mac;
	bool was_any;
};

static struct atoms atoms_of(const struct rule_rows *r, enum acl_side side)
{
	return (struct atoms) {
		.end = side == SIDE_FROM ? &r->rule->from : &r->rule->to, .classes = &r->scene->net->sides[side],
	};
}

static bool atoms_next(struct atoms *a, struct atom *ret)
{
	*ret = (struct atom) { .kind = ATOM_ANY };
	if (a->end->is_any) {
		bool is_first = !a->was_any;
		a->was_any = true;
		return is_first;
	}
	while (a->end->n_groups && a->class < a->classes->n_classes) {
		const struct net_class *class = &a->classes->classes[a->class++];
		if (!end_has_class(a->end, class))
			continue;
		*ret = (struct atom) { .kind = ATOM_CLASS, .class = class };
		return true;
	}
	if (a->prefix < a->end->n_prefixes) {
		*ret = (struct atom) { .kind = ATOM_PREFIX, .prefix = &a->end->prefixes[a->prefix++] };
		return true;
	}
	if (a->mac < a->end->n_macs) {
		*ret = (struct atom) { .kind = ATOM_MAC, .mac = &a->end->macs[a->mac++] };
		return true;
	}
	return false;
}

struct measure { size_t n; bool overlaps, is_v4, is_v6; };

static bool is_exact(const struct net_mac_mask *mac)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	return !memcmp(mac->mask, all, 6);
}

/* May a frame of that family be one of it? */
static bool may_be(const struct atom *atom, bool is_v6)
{
	switch (atom->kind) {
	case ATOM_CLASS:
		return is_v6 ? atom->class->is_v6 : atom->class->is_v4;
	case ATOM_PREFIX:
		return atom->prefix->is_v6 == is_v6;
	case ATOM_ANY:
	case ATOM_MAC:
		break;
	}
	return true;
}

static struct measure measure(const struct rule_rows *r, enum acl_side side)
{
	struct measure m = { 0 };
	struct atoms atoms = atoms_of(r, side);
	struct atom atom;
	bool has[4] = { false }, has_mask = false;
	while (atoms_next(&atoms, &atom)) {
		m.n++;
		has[atom.kind] = true;
		has_mask |= atom.kind == ATOM_MAC && !is_exact(atom.mac);
		m.is_v4 |= may_be(&atom, false);
		m.is_v6 |= may_be(&atom, true);
	}
	m.overlaps = has[ATOM_CLASS] + has[ATOM_PREFIX] + has[ATOM_MAC] > 1 || (has_mask && m.n > 1);
	return m;
}

static void find_variants(struct rule_rows *r, const struct measure *from, const struct measure *to)
{
	const struct net_protocol *p = &r->rule->protocol;
	bool is_v4 = from->is_v4 && to->is_v4, is_v6 = from->is_v6 && to->is_v6;
	struct variant v4 = { .eth_type = ETH_IPV4 }, v6 = { .eth_type = ETH_IPV6 };
	r->n_variants = 0;
	switch (p->kind) {
	case PROTOCOL_ETHERTYPE:
		r->variants[r->n_variants++] = (struct variant) { .eth_type = p->number };
		return;
	case PROTOCOL_IP:
		v4.has_proto = v6.has_proto = true;
		v4.proto = v6.proto = (uint8_t) p->number;
		is_v4 &= p->is_v4;
		is_v6 &= p->is_v6;
		break;
	case PROTOCOL_ND:
		is_v4 = false;
		break;
	case PROTOCOL_ANY:
	case PROTOCOL_ARP:
	case PROTOCOL_DHCP:
		if (r->rule->dscp == NET_NONE) {
			r->variants[r->n_variants++] = (struct variant) { .eth_type = 0 };
			return;
		}
		break;
	}
	if (is_v4)
		r->variants[r->n_variants++] = v4;
	if (is_v6)
		r->variants[r->n_variants++] = v6;
}

/* --- every combination ------------------------------------------------------------------ */

/* All ports are no question. */
static bool has_ports(const struct net_ports *ports)
{
	bool has_all = false;
	for (size_t i = 0; ports->text && i < ports->n_bits; i++)
		has_all |= !ports->bits[i].mask;
	return ports->text && !has_all;
}

static const struct net_bits *bits_at(const struct net_ports *ports, size_t i)
{
	return has_ports(ports) ? &ports->bits[i] : NULL;
}

static size_t n_bits(const struct net_ports *ports)
{
	return has_ports(ports) ? ports->n_bits : 1;
}

static void combine_ports(const struct rule_rows *r, const struct variant *variant, const struct atom *from,
			  const struct atom *to)
{
	uint16_t eth_type = variant->eth_type;
	if ((eth_type && atom_type(from) && atom_type(from) != eth_type)
	    || (eth_type && atom_type(to) && atom_type(to) != eth_type)
	    || (atom_type(from) && atom_type(to) && atom_type(from) != atom_type(to)))
		return;
	if (!eth_type)
		eth_type = atom_type(from) ? atom_type(from) : atom_type(to);
	for (size_t p = 0; p < n_bits(&r->rule->port); p++) {
		for (size_t s = 0; s < n_bits(&r->rule->sport); s++) {
			begin(r);
			match_type(r->out->build, eth_type);
			match_variant(r, variant);
			match_atom(r->out->build, SIDE_FROM, from);
			match_atom(r->out->build, SIDE_TO, to);
			match_port(r, bits_at(&r->rule->port, p), false);
			match_port(r, bits_at(&r->rule->sport, s), true);
			rule_verdict(r);
		}
	}
}

static void combine(const struct rule_rows *r)
{
	for (size_t v = 0; v < r->n_variants; v++) {
		struct atoms froms = atoms_of(r, SIDE_FROM);
		struct atom from, to;
		while (atoms_next(&froms, &from)) {
			struct atoms tos = atoms_of(r, SIDE_TO);
			while (atoms_next(&tos, &to))
				combine_ports(r, &r->variants[v], &from, &to);
		}
	}
}

/* --- conjunctions ----------------------------------------------------------------------- */

static void join(const struct rule_rows *r, unsigned clause, unsigned n_clauses)
{
	act_conjunction(r->out->build, r->conjunction, clause, n_clauses);
	out_want(r->out, r->vs->sw);
}

static void join_atom(const struct rule_rows *r, enum acl_side side, const struct atom *atom, unsigned clause,
		      unsigned n_clauses)
{
	begin(r);
	match_type(r->out->build, atom_type(atom));
	match_atom(r->out->build, side, atom);
	join(r, clause, n_clauses);
}

/* Open vSwitch counts the rows that match and wants as many as there are clauses,
 * so one row must not stand for two: a prefix of length 0, which could look like
 * another clause, becomes its two halves. */
static void join_side(const struct rule_rows *r, enum acl_side side, unsigned clause, unsigned n_clauses)
{
	struct atoms atoms = atoms_of(r, side);
	struct atom atom;
	while (atoms_next(&atoms, &atom)) {
		if (atom.kind != ATOM_PREFIX || atom.prefix->len) {
			join_atom(r, side, &atom, clause, n_clauses);
			continue;
		}
		struct net_prefix low = { .is_v6 = atom.prefix->is_v6, .len = 1 }, high = low;
		high.bytes[0] = 0x80;
		join_atom(r, side, &(struct atom) { .kind = ATOM_PREFIX, .prefix = &low }, clause, n_clauses);
		join_atom(r, side, &(struct atom) { .kind = ATOM_PREFIX, .prefix = &high }, clause, n_clauses);
	}
}

static void join_ports(const struct rule_rows *r, bool is_source, unsigned clause, unsigned n_clauses)
{
	const struct net_ports *ports = is_source ? &r->rule->sport : &r->rule->port;
	for (size_t v = 0; v < r->n_variants; v++) {
		const struct variant *variant = &r->variants[v];
		for (size_t i = 0; i < n_bits(ports); i++) {
			begin(r);
			match_type(r->out->build, variant->eth_type);
			match_variant(r, variant);
			match_port(r, bits_at(ports, i), is_source);
			join(r, clause, n_clauses);
		}
	}
}

/* The clause of protocol and port is there always. One clause is no conjunction:
 * then "the list" is the second. */
static void conjoin(const struct rule_rows *r)
{
	bool has_from = !r->rule->from.is_any, has_to = !r->rule->to.is_any, has_sport = has_ports(&r->rule->sport);
	bool is_alone = !has_from && !has_to && !has_sport;
	unsigned n = 1u + has_from + has_to + has_sport + is_alone, clause = 0;
	join_ports(r, false, clause++, n);
	if (has_from)
		join_side(r, SIDE_FROM, clause++, n);
	if (has_to)
		join_side(r, SIDE_TO, clause++, n);
	if (has_sport)
		join_ports(r, true, clause, n);
	if (is_alone) {
		begin(r);
		join(r, clause, n);
	}
	begin(r);
	match_u(r->out->build, FIELD_CONJ_ID, r->conjunction);
	rule_verdict(r);
}

/* --- rules ------------------------------------------------------------------------------ */

static void rule_rows(struct rule_rows *r)
{
	struct measure from = measure(r, SIDE_FROM), to = measure(r, SIDE_TO);
	size_t ports = n_bits(&r->rule->port), sports = n_bits(&r->rule->sport);
	find_variants(r, &from, &to);
	if (!from.n || !to.n || !r->n_variants)
		return;
	bool is_split = !r->rule->from.is_any || !r->rule->to.is_any || has_ports(&r->rule->sport);
	bool overlaps = from.overlaps || to.overlaps || (ports > 1 && r->rule->port.overlaps)
		|| (sports > 1 && r->rule->sport.overlaps);
	size_t n_combined = r->n_variants * from.n * to.n * ports * sports;
	size_t n_joined = r->n_variants * ports + (r->rule->from.is_any ? 0 : from.n)
		+ (r->rule->to.is_any ? 0 : to.n) + (has_ports(&r->rule->sport) ? r->n_variants * sports : 0) + 1;
	if (overlaps || (is_split && n_combined > n_joined))
		conjoin(r);
	else
		combine(r);
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
	rule_rows(&r);
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
	put_verdict(r->out, r->vs, r->stage, r->acl, NET_DENY, false);
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
