/* SPDX-License-Identifier: Apache-2.0 */
/* A packet that is larger than what its host sends in one piece: IP cuts it (RFC 791, 3.2; RFC 8200, 4.5), and what
 * switches see are fragments. To rows none of them has ports, not even the first one, and a later one of IPv6 has no
 * protocol either (Open vSwitch, OFPC_FRAG_NORMAL). */
#include <string.h>

#include "controller/explain_bytes.h"
#include "controller/explain_impl.h"

enum {
	MORE = 0x2000, FAR = 100,       /* IPv4: more come; where a later one begins, in 8 bytes */
	IP_FRAGMENT = 44, FRAGMENT_SIZE = 8, V6_SIZE = 40,
};

uint32_t explain_hosts_mtu(const struct explaining *e)
{
	uint32_t mtu = e->network == NET_NONE ? 0 : net_hosts_mtu(&e->net->networks[e->network]);
	return mtu ? mtu : NET_ETHERNET_MTU;
}

bool explain_is_cut(const struct explaining *e)
{
	const struct explain_protocol *p = &e->protocol;
	bool is_ip = p->kind == EXPLAIN_ICMP || p->kind == EXPLAIN_ICMP6 || p->kind == EXPLAIN_IP;
	return is_ip && !(p->kind == EXPLAIN_IP && p->number == IP_TCP) && e->question->size > explain_hosts_mtu(e);
}

size_t explain_cut(const struct explaining *e, uint8_t *ip, size_t size)
{
	bool is_later = e->piece == PIECE_LATER;
	if (e->piece == PIECE_WHOLE)
		return size;
	struct writer w = { ip + 6 };
	if (!e->is_v6) {
		put16(&w, is_later ? FAR : MORE);
		return size;
	}
	memmove(ip + V6_SIZE + FRAGMENT_SIZE, ip + V6_SIZE, size - V6_SIZE);
	w.at = ip + V6_SIZE;
	put8(&w, ip[6]);
	put8(&w, 0);
	put16(&w, is_later ? FAR << 3 : 1);
	put32(&w, 1);
	ip[6] = IP_FRAGMENT;
	w.at = ip + 4;
	put16(&w, (unsigned) (size + FRAGMENT_SIZE - V6_SIZE));
	return size + FRAGMENT_SIZE;
}

/* One piece; what it does to connection tracking is kept apart, unless it is asked for. */
static struct explain_leg follow(struct explaining *e, enum explain_piece piece, const struct explain_pieces *of, struct explain_tracked *keep)
{
	const struct explain_end *seen_as[2] = { e->seen_as[0], e->seen_as[1] };
	struct explain_tracked apart = { arena_new_array(e->arena, struct explain_track, of->tracked->n), of->tracked->n };
	struct explain_leg leg;
	memcpy(apart.at, of->tracked->at, apart.n * sizeof *apart.at);
	e->piece = piece;
	explain_follow(e, of->rows, of->kind, of->from, of->client, keep ? keep : &apart, &leg);
	e->piece = PIECE_WHOLE;
	if (!keep)
		memcpy(e->seen_as, seen_as, sizeof seen_as);
	return leg;
}

void explain_follow_pieces(struct explaining *e, const struct explain_pieces *of, struct explain_leg *ret)
{
	const struct explain_leg whole = follow(e, PIECE_WHOLE, of, NULL), later = follow(e, PIECE_LATER, of, NULL);
	*ret = follow(e, PIECE_FIRST, of, of->tracked);
	if (ret->passes && !later.passes)
		*ret = later;
	e->x->is_cut = true;
	if (ret->passes && !whole.passes)
		explain_cause_add(&e->x->notes, "fragments", explain_printf(e, "a packet of %u bytes passes in fragments, which show no port to "
				  "rules; a small one does not: %s", e->question->size, whole.cause.text),
				  "deny without ports, or allow by port and deny the rest; docs/explanation/stateful.md", whole.cause.sw,
				  whole.cause.line);
	else if (!ret->passes && whole.passes)
		ret->cause.text = explain_printf(e, "in fragments, which show no port to rules: %s", ret->cause.text);
}
