/* SPDX-License-Identifier: Apache-2.0 */
/* The values of one side of a rule: classes of its groups, prefixes, MACs. */
#include <string.h>

#include "apps/acl_rule.h"

enum { ETH_IPV4 = 0x0800, ETH_IPV6 = 0x86dd };

uint16_t atom_type(const struct atom *atom)
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
void match_atom(struct build *b, enum acl_side side, const struct atom *atom)
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

struct atoms atoms_of(const struct rule_rows *r, enum acl_side side)
{
	return (struct atoms) {
		.end = side == SIDE_FROM ? &r->rule->from : &r->rule->to, .classes = &r->scene->net->sides[side],
	};
}

bool atoms_next(struct atoms *a, struct atom *ret)
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

struct measure atoms_measure(const struct rule_rows *r, enum acl_side side)
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
