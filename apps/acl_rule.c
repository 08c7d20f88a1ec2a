/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a rule.
 *
 * What a rule asks for has up to four dimensions: from, to, port (with the
 * protocol), source port. With one value in all but one of them, or few, every
 * combination is a row. Else the rule is a conjunction: each dimension is a
 * clause with one row per value, and one more row acts when all clauses are met:
 * m + n + p rows and not m x n x p. Values that may match one frame twice (MACs
 * beside groups, masks) are always a conjunction, for rows of one priority must
 * not overlap and its clauses may. */
#include <string.h>

#include "apps/acl_rule.h"

enum { ETH_IPV4 = 0x0800, ETH_IPV6 = 0x86dd, IP_TCP = 6, IP_UDP = 17 };

/* --- matches --------------------------------------------------------------------------- */

static void begin(const struct rule_rows *r)
{
	build_flow(r->out->build, r->stage->table, r->priority, out_cookie(r->out, r->object));
	match_u(r->out->build, r->stage->list, r->acl->id);
	if (r->need)
		match_u(r->out->build, FIELD_NEED, r->need);
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

/* --- dimensions ------------------------------------------------------------------------ */

static void find_variants(struct rule_rows *r, const struct measure *from, const struct measure *to)
{
	const struct net_protocol *p = &r->rule->protocol;
	bool is_v4 = from->is_v4 && to->is_v4, is_v6 = from->is_v6 && to->is_v6;
	struct variant v4 = { .eth_type = ETH_IPV4 }, v6 = { .eth_type = ETH_IPV6 };
	const struct net_snat *snat = &r->rule->snat;
	r->n_variants = 0;
	switch (p->kind) {
	case PROTOCOL_ETHERTYPE:
		r->variants[r->n_variants++] = (struct variant) { .eth_type = p->number };
		return;
	case PROTOCOL_IP:
		v4.has_proto = v6.has_proto = true;
		v4.proto = v6.proto = (uint8_t) p->number;
		is_v4 &= p->is_v4 && (!snat->text || snat->of[0]);
		is_v6 &= p->is_v6 && (!snat->text || snat->of[1]);
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

/* The need of hosts is not tracked, so not translated either. */
static void rule_verdict(const struct rule_rows *r)
{
	if (r->rule->snat.text && r->acl->mode == ACL_ENFORCE && !r->need)
		act_set_u(r->out->build, FIELD_SNAT, r->rule->snat.id);
	acl_put_verdict(r->out, r->vs, r->stage, r->acl, r->rule->verdict, r->rule->log);
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

void acl_rule_rows(struct rule_rows *r)
{
	struct measure from = atoms_measure(r, SIDE_FROM), to = atoms_measure(r, SIDE_TO);
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
