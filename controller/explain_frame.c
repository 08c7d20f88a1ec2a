/* SPDX-License-Identifier: Apache-2.0 */
/* The frames that explain sends through the rows: the first one of a conversation, its
 * answer, and how the address is found before that. They are good frames but for one
 * thing: the checksum of the layer above IP is wrong on purpose. Rows do not look at it,
 * and a host that gets such a frame as a probe drops it without a word. */
#include <string.h>

#include "controller/explain_say.h"

enum {
	TTL = 64, TCP_SYN = 0x02, TCP_ACK = 0x10,
	WRONG = 0x7766,                 /* what is wrong about the checksum */
};
static const char mark[] = "weft-probe";

/* What one end says to the other. */
static struct ip_pair pair_of(const struct explaining *e, unsigned from)
{
	const struct explain_end *src = &e->x->ends[from], *dst = explain_seen(e, !from);
	struct ip_pair ips = { .is_v6 = e->is_v6 };
	memcpy(ips.src, e->is_v6 ? src->ip6 : src->ip4, e->is_v6 ? 16 : 4);
	memcpy(ips.dst, e->is_v6 ? dst->ip6 : dst->ip4, e->is_v6 ? 16 : 4);
	return ips;
}

static void write16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t) (v >> 8);
	at[1] = (uint8_t) v;
}

/* Where the checksum stands, or 0: the protocol has none that we know. */
static size_t checksum_at(uint8_t proto)
{
	return proto == IP_TCP ? 16 : proto == IP_UDP ? 6 : proto == IP_ICMP || proto == IP_ICMP6 ? 2 : 0;
}

static uint8_t echo_type(uint8_t proto, bool is_reply)
{
	return proto == IP_ICMP ? is_reply ? 0 : 8 : is_reply ? 129 : 128;
}

static void put_l4(struct writer *w, const struct explain_protocol *p, uint8_t proto, bool is_reply)
{
	uint16_t sport = is_reply ? p->port : EXPLAIN_CLIENT_PORT, dport = is_reply ? EXPLAIN_CLIENT_PORT : p->port;
	switch (proto) {
	case IP_TCP:
		put16(w, sport);
		put16(w, dport);
		put32(w, 1);
		put32(w, is_reply ? 2 : 0);
		put8(w, 5 << 4);
		put8(w, is_reply ? TCP_SYN | TCP_ACK : TCP_SYN);
		put16(w, 1024);
		put32(w, 0);
		break;
	case IP_UDP:
		put16(w, sport);
		put16(w, dport);
		put16(w, 8 + sizeof mark);
		put16(w, 0);
		break;
	case IP_SCTP:
		put16(w, sport);
		put16(w, dport);
		put32(w, 0);
		put32(w, 0);
		break;
	case IP_ICMP:
	case IP_ICMP6:
		put8(w, echo_type(proto, is_reply));
		put8(w, 0);
		put16(w, 0);
		put32(w, 0x77650001);
		break;
	default:
		break;
	}
	put(w, mark, sizeof mark);
}

static uint8_t ip_proto(const struct explaining *e)
{
	return e->protocol.kind == EXPLAIN_IP ? e->protocol.number : e->is_v6 ? IP_ICMP6 : IP_ICMP;
}

static size_t ip_frame(const struct explaining *e, unsigned from, bool is_reply, uint8_t *frame)
{
	const struct explain_end *src = &e->x->ends[from], *dst = explain_seen(e, !from);
	const struct ip_pair ips = pair_of(e, from);
	uint8_t proto = ip_proto(e), l4[64];
	struct writer body = { l4 }, w = { frame };
	put_l4(&body, &e->protocol, proto, is_reply);
	size_t size = (size_t) (body.at - l4), at = checksum_at(proto);
	if (at) {
		uint16_t checksum = explain_checksum(l4, size, &ips, proto) ^ WRONG;
		/* 0 = there is none, RFC 768. */
		write16(l4 + at, checksum ? checksum : 1);
	}
	explain_put_ethernet(&w, dst->mac, src->mac, src->tag, e->is_v6 ? ETH_IPV6 : ETH_IPV4);
	uint8_t *ip = w.at;
	explain_put_ip(&w, &ips, proto, TTL, size);
	put(&w, l4, size);
	return (size_t) (ip - frame) + explain_cut(e, ip, (size_t) (w.at - ip));
}

/* --- addresses, before that ---------------------------------------------------------------- */

/* RFC 826. */
static void put_arp(struct writer *w, unsigned op, const uint8_t sha[6], const uint8_t spa[4], const uint8_t tha[6], const uint8_t tpa[4])
{
	put16(w, 1);
	put16(w, ETH_IPV4);
	put16(w, 0x0604);
	put16(w, op);
	put(w, sha, 6);
	put(w, spa, 4);
	put(w, tha, 6);
	put(w, tpa, 4);
}

static size_t arp_frame(const struct explaining *e, unsigned from, bool is_reply, uint8_t *frame)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, nobody[6] = { 0 };
	const struct explain_end *src = &e->x->ends[from], *dst = explain_seen(e, !from);
	struct writer w = { frame };
	explain_put_ethernet(&w, is_reply ? dst->mac : broadcast, src->mac, src->tag, ETH_ARP);
	put_arp(&w, is_reply ? 2 : 1, src->mac, src->ip4, is_reply ? dst->mac : nobody, dst->ip4);
	return (size_t) (w.at - frame);
}

/* RFC 4861, 4.3 and 4.4. */
static size_t nd_frame(const struct explaining *e, unsigned from, bool is_reply, uint8_t *frame)
{
	const struct explain_end *src = &e->x->ends[from], *dst = explain_seen(e, !from);
	struct ip_pair ips = pair_of(e, from);
	uint8_t group_mac[6] = { 0 }, l4[32];
	struct writer body = { l4 }, w = { frame };
	if (!is_reply)
		explain_solicited_node(dst->ip6, ips.dst, group_mac);
	put8(&body, is_reply ? ND_ADVERTISEMENT : ND_SOLICITATION);
	put8(&body, 0);
	put16(&body, 0);
	put32(&body, is_reply ? 0x60000000 : 0);
	put(&body, is_reply ? src->ip6 : dst->ip6, 16);
	put8(&body, is_reply ? 2 : 1);
	put8(&body, 1);
	put(&body, src->mac, 6);
	write16(l4 + 2, explain_checksum(l4, sizeof l4, &ips, IP_ICMP6));
	explain_put_ethernet(&w, is_reply ? dst->mac : group_mac, src->mac, src->tag, ETH_IPV6);
	explain_put_ip(&w, &ips, IP_ICMP6, ND_HOPS, sizeof l4);
	put(&w, l4, sizeof l4);
	return (size_t) (w.at - frame);
}

/* --- what is said without being asked -------------------------------------------------------- */

static void put_body(struct writer *w, const struct said *said, const uint8_t mac[6])
{
	static const uint8_t life[12] = { ND_HOPS };
	if (said->layer == SAID_UDP) {
		put16(w, said->sport);
		put16(w, said->dport);
		put16(w, 8 + sizeof mark);
		put16(w, 0);
		put(w, mark, sizeof mark);
		return;
	}
	put8(w, said->type);
	put8(w, 0);
	put16(w, 0);
	if (said->type == ND_ROUTER) {
		put(w, life, sizeof life);
		return;
	}
	/* RFC 4861, 4.4: override. Whoever asks whether an address is free names no MAC, RFC 4862, 5.4.2. */
	put32(w, said->type == ND_ADVERTISEMENT ? 0x20000000 : 0);
	put(w, said->target, 16);
	if (said->type != ND_ADVERTISEMENT)
		return;
	put8(w, 2);
	put8(w, 1);
	put(w, mac, 6);
}

static size_t said_frame(const struct explaining *e, unsigned from, unsigned client, uint8_t *frame)
{
	static const uint8_t nobody[6];
	const struct said said = said_of(e, from, client);
	const struct explain_end *src = &e->x->ends[from];
	uint8_t l4[64], proto = said.layer == SAID_UDP ? IP_UDP : IP_ICMP6;
	struct writer body = { l4 }, w = { frame };
	explain_put_ethernet(&w, said.dst_mac, src->mac, src->tag, said.layer == SAID_ARP ? ETH_ARP : said.ips.is_v6 ? ETH_IPV6 : ETH_IPV4);
	if (said.layer == SAID_ARP) {
		put_arp(&w, 1, src->mac, said.ips.src, nobody, said.ips.dst);
		return (size_t) (w.at - frame);
	}
	put_body(&body, &said, src->mac);
	size_t size = (size_t) (body.at - l4);
	write16(l4 + (proto == IP_UDP ? 6 : 2), explain_checksum(l4, size, &said.ips, proto) ^ WRONG);
	explain_put_ip(&w, &said.ips, proto, proto == IP_UDP ? TTL : ND_HOPS, size);
	put(&w, l4, size);
	return (size_t) (w.at - frame);
}

size_t explain_frame(const struct explaining *e, enum leg_kind kind, unsigned from, unsigned client,
		     uint8_t frame[EXPLAIN_MAX_FRAME])
{
	const struct explain_end *src = &e->x->ends[from], *dst = explain_seen(e, !from);
	bool is_reply = from != client;
	struct writer w = { frame };
	memset(frame, 0, EXPLAIN_MAX_FRAME);
	size_t size;
	if (kind == LEG_RESOLVE || kind == LEG_RESOLVED) {
		size = e->is_v6 ? nd_frame(e, from, is_reply, frame) : arp_frame(e, from, is_reply, frame);
	} else if (explain_says(&e->protocol)) {
		size = said_frame(e, from, client, frame);
	} else if (e->protocol.kind == EXPLAIN_ETHER) {
		explain_put_ethernet(&w, dst->mac, src->mac, src->tag, e->protocol.eth_type ? e->protocol.eth_type : EXPLAIN_ETHERTYPE);
		put(&w, mark, sizeof mark);
		size = (size_t) (w.at - frame);
	} else {
		size = ip_frame(e, from, is_reply, frame);
	}
	return size < 60 ? 60 : size;
}
