/* SPDX-License-Identifier: Apache-2.0 */
/* The frames that explain sends through the rows: the first one of a conversation, its
 * answer, and how the address is found before that. They are good frames but for one
 * thing: the checksum of the layer above IP is wrong on purpose. Rows do not look at it,
 * and a host that gets such a frame as a probe drops it without a word. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/explain_impl.h"

enum {
	ETH_IPV4 = 0x0800, ETH_ARP = 0x0806, ETH_VLAN = 0x8100, ETH_IPV6 = 0x86dd,
	ETH_EXPERIMENT = 0x88b5,        /* IEEE 802, 9.2.3: local experiments */
	IP_ICMP = 1, IP_TCP = 6, IP_UDP = 17, IP_ICMP6 = 58, IP_SCTP = 132,
	CLIENT_PORT = 40000, TTL = 64, ND_HOPS = 255,
	TCP_SYN = 0x02, TCP_ACK = 0x10,
	WRONG = 0x7766,                 /* what is wrong about the checksum */
};
static const char mark[] = "weft-probe";

struct writer { uint8_t *at; };

static void put(struct writer *w, const void *bytes, size_t n)
{
	memcpy(w->at, bytes, n);
	w->at += n;
}
static void put8(struct writer *w, unsigned v) { *w->at++ = (uint8_t) v; }
static void put16(struct writer *w, unsigned v)
{
	put8(w, v >> 8);
	put8(w, v & 0xff);
}
static void put32(struct writer *w, uint32_t v)
{
	put16(w, v >> 16);
	put16(w, v & 0xffff);
}

static uint32_t sum(uint32_t so_far, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		so_far += i % 2 ? bytes[i] : (uint32_t) bytes[i] << 8;
	return so_far;
}
static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t) ~s;
}

/* --- parsing --------------------------------------------------------------------------- */

static const struct { const char *word; uint8_t number; bool has_ports; } protocols[] = {
	{ "tcp", IP_TCP, true }, { "udp", IP_UDP, true }, { "sctp", IP_SCTP, true },
};
enum { N_PROTOCOLS = sizeof protocols / sizeof *protocols };

static bool number(const char *text, unsigned long max, unsigned long *ret)
{
	char *end;
	if (text[0] < '0' || text[0] > '9')
		return false;
	*ret = strtoul(text, &end, 0);
	return !*end && *ret <= max;
}

const char *explain_protocol_parse(const char *text, struct explain_protocol *p)
{
	unsigned long n;
	*p = (struct explain_protocol) { .kind = EXPLAIN_ICMP };
	if (!text || !text[0])
		return NULL;
	p->is_given = true;
	if (!strcmp(text, "icmp"))
		return NULL;
	if (!strcmp(text, "ra")) {
		p->kind = EXPLAIN_RA;
		return NULL;
	}
	if (!strcmp(text, "icmp6") || !strcmp(text, "arp") || !strcmp(text, "ethernet")) {
		p->kind = text[0] == 'a' ? EXPLAIN_ARP : text[0] == 'e' ? EXPLAIN_ETHER : EXPLAIN_ICMP6;
		return NULL;
	}
	for (size_t i = 0; i < N_PROTOCOLS; i++) {
		size_t len = strlen(protocols[i].word);
		if (strncmp(text, protocols[i].word, len) || (text[len] && text[len] != '/'))
			continue;
		p->kind = EXPLAIN_IP;
		p->number = protocols[i].number;
		if (!text[len])
			return "it wants a port, as in tcp/22";
		if (!number(text + len + 1, 65535, &n) || !n)
			return "a port is a number from 1 to 65535, as in tcp/22";
		p->port = (uint16_t) n;
		return NULL;
	}
	if (!strncmp(text, "0x", 2)) {
		p->kind = EXPLAIN_ETHER;
		if (!number(text, 0xffff, &n) || n < 0x600)
			return "an ethertype is a number from 0x0600 to 0xffff";
		p->eth_type = (uint16_t) n;
		return NULL;
	}
	if (!number(text, 255, &n))
		return "write icmp, icmp6, tcp/PORT, udp/PORT, sctp/PORT, arp, ra, ethernet, a protocol number or an ethertype (0x88b5)";
	p->kind = EXPLAIN_IP;
	p->number = (uint8_t) n;
	if (n == IP_TCP || n == IP_UDP || n == IP_SCTP)
		return "it wants a port, as in tcp/22";
	return NULL;
}

/* --- layers ---------------------------------------------------------------------------- */

static void put_ethernet(struct writer *w, const uint8_t dst[6], const uint8_t src[6], uint16_t tag, uint16_t type)
{
	put(w, dst, 6);
	put(w, src, 6);
	if (tag != NET_UNTAGGED) {
		put16(w, ETH_VLAN);
		put16(w, tag);
	}
	put16(w, type);
}

static void put_ip(struct writer *w, const struct explain_end *src, const uint8_t *dst4, const uint8_t *dst6, bool is_v6,
		   uint8_t proto, unsigned hops, size_t size)
{
	uint8_t *start = w->at;
	if (is_v6) {
		put32(w, 6u << 28);
		put16(w, (unsigned) size);
		put8(w, proto);
		put8(w, hops);
		put(w, src->ip6, 16);
		put(w, dst6, 16);
		return;
	}
	put16(w, 0x4500);
	put16(w, (unsigned) size + 20);
	put32(w, 0);
	put8(w, hops);
	put8(w, proto);
	put16(w, 0);
	put(w, src->ip4, 4);
	put(w, dst4, 4);
	uint16_t checksum = fold(sum(0, start, 20));
	start[10] = (uint8_t) (checksum >> 8);
	start[11] = (uint8_t) checksum;
}

/* RFC 1071, with the pseudo header but for ICMP of IPv4. */
static uint16_t checksum_of(const uint8_t *l4, size_t size, const struct explain_end *src, const uint8_t *dst4,
			    const uint8_t *dst6, bool is_v6, uint8_t proto)
{
	uint32_t s = sum(0, l4, size);
	if (is_v6 || proto != IP_ICMP) {
		s += (uint32_t) size + proto;
		s = is_v6 ? sum(sum(s, src->ip6, 16), dst6, 16) : sum(sum(s, src->ip4, 4), dst4, 4);
	}
	return fold(s);
}

/* Where the checksum stands, or 0: the protocol has none that we know. */
static size_t checksum_at(uint8_t proto)
{
	return proto == IP_TCP ? 16 : proto == IP_UDP ? 6 : proto == IP_ICMP || proto == IP_ICMP6 ? 2 : 0;
}

static void put_l4(struct writer *w, const struct explain_protocol *p, uint8_t proto, bool is_reply)
{
	uint16_t sport = is_reply ? p->port : CLIENT_PORT, dport = is_reply ? CLIENT_PORT : p->port;
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
		put8(w, is_reply ? 0 : 8);
		put8(w, 0);
		put16(w, 0);
		put32(w, 0x77650001);
		break;
	case IP_ICMP6:
		put8(w, is_reply ? 129 : 128);
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
	uint8_t proto = ip_proto(e), l4[64];
	struct writer body = { l4 }, w = { frame };
	put_l4(&body, &e->protocol, proto, is_reply);
	size_t size = (size_t) (body.at - l4), at = checksum_at(proto);
	if (at) {
		uint16_t checksum = checksum_of(l4, size, src, dst->ip4, dst->ip6, e->is_v6, proto) ^ WRONG;
		/* 0 = there is none, RFC 768. */
		checksum = checksum ? checksum : 1;
		l4[at] = (uint8_t) (checksum >> 8);
		l4[at + 1] = (uint8_t) checksum;
	}
	put_ethernet(&w, dst->mac, src->mac, src->tag, e->is_v6 ? ETH_IPV6 : ETH_IPV4);
	put_ip(&w, src, dst->ip4, dst->ip6, e->is_v6, proto, TTL, size);
	put(&w, l4, size);
	return (size_t) (w.at - frame);
}

/* --- addresses, before that ---------------------------------------------------------------- */

/* RFC 826. */
static size_t arp_frame(const struct explaining *e, unsigned from, bool is_reply, uint8_t *frame)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, nobody[6] = { 0 };
	const struct explain_end *src = &e->x->ends[from], *dst = explain_seen(e, !from);
	struct writer w = { frame };
	put_ethernet(&w, is_reply ? dst->mac : broadcast, src->mac, src->tag, ETH_ARP);
	put16(&w, 1);
	put16(&w, ETH_IPV4);
	put16(&w, 0x0604);
	put16(&w, is_reply ? 2 : 1);
	put(&w, src->mac, 6);
	put(&w, src->ip4, 4);
	put(&w, is_reply ? dst->mac : nobody, 6);
	put(&w, dst->ip4, 4);
	return (size_t) (w.at - frame);
}

/* RFC 4861, 4.3 and 4.4. */
static size_t nd_frame(const struct explaining *e, unsigned from, bool is_reply, uint8_t *frame)
{
	const struct explain_end *src = &e->x->ends[from], *dst = explain_seen(e, !from);
	uint8_t group[16] = { 0xff, 0x02, [11] = 1, 0xff }, group_mac[6] = { 0x33, 0x33, 0xff }, l4[32];
	struct writer body = { l4 }, w = { frame };
	memcpy(group + 13, dst->ip6 + 13, 3);
	memcpy(group_mac + 3, dst->ip6 + 13, 3);
	const uint8_t *to = is_reply ? dst->ip6 : group;
	put8(&body, is_reply ? 136 : 135);
	put8(&body, 0);
	put16(&body, 0);
	put32(&body, is_reply ? 0x60000000 : 0);
	put(&body, is_reply ? src->ip6 : dst->ip6, 16);
	put8(&body, is_reply ? 2 : 1);
	put8(&body, 1);
	put(&body, src->mac, 6);
	uint16_t checksum = checksum_of(l4, sizeof l4, src, NULL, to, true, IP_ICMP6);
	l4[2] = (uint8_t) (checksum >> 8);
	l4[3] = (uint8_t) checksum;
	put_ethernet(&w, is_reply ? dst->mac : group_mac, src->mac, src->tag, ETH_IPV6);
	put_ip(&w, src, NULL, to, true, IP_ICMP6, ND_HOPS, sizeof l4);
	put(&w, l4, sizeof l4);
	return (size_t) (w.at - frame);
}

/* RFC 4861, 4.2: to all nodes. Of its checksum as of the others: a host that gets it drops it. */
static size_t ra_frame(const struct explaining *e, unsigned from, uint8_t *frame)
{
	static const uint8_t all[16] = { 0xff, 0x02, [15] = 1 }, all_mac[6] = { 0x33, 0x33, [5] = 1 };
	const struct explain_end *src = &e->x->ends[from];
	uint8_t l4[16] = { 134, [4] = ND_HOPS };
	struct writer w = { frame };
	uint16_t checksum = checksum_of(l4, sizeof l4, src, NULL, all, true, IP_ICMP6) ^ WRONG;
	l4[2] = (uint8_t) (checksum >> 8);
	l4[3] = (uint8_t) checksum;
	put_ethernet(&w, all_mac, src->mac, src->tag, ETH_IPV6);
	put_ip(&w, src, NULL, all, true, IP_ICMP6, ND_HOPS, sizeof l4);
	put(&w, l4, sizeof l4);
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
	} else if (e->protocol.kind == EXPLAIN_RA) {
		size = ra_frame(e, from, frame);
	} else if (e->protocol.kind == EXPLAIN_ETHER) {
		put_ethernet(&w, dst->mac, src->mac, src->tag, e->protocol.eth_type ? e->protocol.eth_type : ETH_EXPERIMENT);
		put(&w, mark, sizeof mark);
		size = (size_t) (w.at - frame);
	} else {
		size = ip_frame(e, from, is_reply, frame);
	}
	return size < 60 ? 60 : size;
}

/* --- words ----------------------------------------------------------------------------- */

static const char *ip_text(const struct explain_end *end, bool is_v6, char buf[INET6_ADDRSTRLEN])
{
	return inet_ntop(is_v6 ? AF_INET6 : AF_INET, is_v6 ? end->ip6 : end->ip4, buf, INET6_ADDRSTRLEN);
}

const char *explain_frame_text(struct explaining *e, enum leg_kind kind, unsigned from, unsigned client)
{
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];
	const struct explain_end *src = &e->x->ends[from], *dst = explain_seen(e, !from);
	const struct explain_protocol *p = &e->protocol;
	bool is_reply = from != client;
	ip_text(src, e->is_v6, a);
	ip_text(dst, e->is_v6, b);
	if (kind == LEG_RESOLVE || kind == LEG_RESOLVED)
		return explain_printf(e, "%s: %s %s", e->is_v6 ? "neighbour discovery" : "ARP",
				      is_reply ? "here is" : "who has", is_reply ? a : b);
	if (p->kind == EXPLAIN_ETHER)
		return explain_printf(e, "Ethernet, type 0x%04x", p->eth_type ? p->eth_type : ETH_EXPERIMENT);
	if (p->kind == EXPLAIN_RA)
		return explain_printf(e, "router advertisement %s > all", a);
	if (p->kind != EXPLAIN_IP)
		return explain_printf(e, "echo %s %s > %s", is_reply ? "reply" : "request", a, b);
	for (size_t i = 0; i < N_PROTOCOLS; i++)
		if (protocols[i].number == p->number)
			return explain_printf(e, "%s %s port %u > %s port %u", protocols[i].word, a,
					      is_reply ? p->port : CLIENT_PORT, b, is_reply ? CLIENT_PORT : p->port);
	return explain_printf(e, "IP protocol %u %s > %s", p->number, a, b);
}
