/* SPDX-License-Identifier: Apache-2.0 */
/* The words for what is sent: "tcp/22", "nd/fd00::9", "dhcp", there and back. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "controller/explain_say.h"
#include "ofproto/packet.h"

/* IP protocols by name; those with ports are asked about with one. */
static const struct { const char *word; uint8_t number; bool has_ports; } protocols[] = {
	{ "tcp", IP_TCP, true }, { "udp", IP_UDP, true }, { "sctp", IP_SCTP, true },
	{ "igmp", 2, false }, { "gre", 47, false }, { "esp", 50, false }, { "ospf", 89, false }, { "vrrp", 112, false },
};
enum { TYPE_IP4 = 0x800, TYPE_ARP = 0x806, TYPE_IP6 = 0x86dd };
enum { N_PROTOCOLS = sizeof protocols / sizeof *protocols };

/* Words that stand alone. */
static const struct { const char *word; struct explain_protocol is; } alone[] = {
	{ "icmp", { .kind = EXPLAIN_ICMP } }, { "icmp6", { .kind = EXPLAIN_ICMP6 } },
	{ "arp", { .kind = EXPLAIN_ARP } }, { "nd", { .kind = EXPLAIN_ARP, .is_v6 = true } },
	{ "ra", { .kind = EXPLAIN_RA, .is_v6 = true } }, { "ethernet", { .kind = EXPLAIN_ETHER } },
	{ "dhcp", { .kind = EXPLAIN_DHCP } }, { "dhcp6", { .kind = EXPLAIN_DHCP, .is_v6 = true } },
	{ "dhcp/server", { .kind = EXPLAIN_DHCP, .is_server = true } },
	{ "dhcp6/server", { .kind = EXPLAIN_DHCP, .is_v6 = true, .is_server = true } },
};

static bool number(const char *text, unsigned long max, unsigned long *ret)
{
	char *end;
	if (text[0] < '0' || text[0] > '9')
		return false;
	*ret = strtoul(text, &end, 0);
	return !*end && *ret <= max;
}

/* What follows "WORD/", or null. */
static const char *behind(const char *text, const char *word)
{
	size_t len = strlen(word);
	return !strncmp(text, word, len) && text[len] == '/' ? text + len + 1 : NULL;
}

/* "arp/10.0.0.9", "nd/fd00::9", "dad/" of both. False: it is none of these. */
static bool parse_about(const char *text, struct explain_protocol *p, const char **ret_why)
{
	const char *arp = behind(text, "arp"), *nd = behind(text, "nd"), *dad = behind(text, "dad"), *ip = arp ? arp : nd ? nd : dad;
	if (!ip)
		return false;
	p->kind = dad ? EXPLAIN_DAD : EXPLAIN_ANNOUNCE;
	if (!nd && inet_pton(AF_INET, ip, p->about) == 1)
		return true;
	p->is_v6 = true;
	if (!arp && inet_pton(AF_INET6, ip, p->about) == 1)
		return true;
	*ret_why = arp ? "it wants the IPv4 address that is announced, as in arp/10.0.0.9"
		: nd ? "it wants the IPv6 address that is announced, as in nd/fd00::9" : "it wants the address that is asked for, as in dad/fd00::9";
	return true;
}

static const char *parse_number(const char *text, struct explain_protocol *p)
{
	const char *digits = behind(text, "proto");
	unsigned long n;
	if (!number(digits ? digits : text, 255, &n))
		return digits ? "an IP protocol is a number from 0 to 255, as in proto/47"
			: "write icmp, icmp6, tcp/PORT, udp/PORT, sctp/PORT, arp, nd, arp/IP, nd/IP, dad/IP, ra, dhcp, dhcp6, dhcp/server, "
			  "dhcp6/server, gre, esp, igmp, ospf, vrrp, proto/NUMBER, ethernet, or an ethertype (0x88b5)";
	p->kind = EXPLAIN_IP;
	p->number = (uint8_t) n;
	return n == IP_TCP || n == IP_UDP || n == IP_SCTP ? "it wants a port, as in tcp/22" : NULL;
}

/* True: it is the name of an IP protocol. */
static bool parse_named(const char *text, struct explain_protocol *p, const char **ret_why)
{
	unsigned long n;
	for (size_t i = 0; i < N_PROTOCOLS; i++) {
		const char *port = behind(text, protocols[i].word);
		if (!port && strcmp(text, protocols[i].word))
			continue;
		p->kind = EXPLAIN_IP;
		p->number = protocols[i].number;
		if (!protocols[i].has_ports)
			*ret_why = port ? "it has no ports" : NULL;
		else if (!port)
			*ret_why = "it wants a port, as in tcp/22";
		else if (!number(port, 65535, &n) || !n)
			*ret_why = "a port is a number from 1 to 65535, as in tcp/22";
		else
			p->port = (uint16_t) n;
		return true;
	}
	return false;
}

static const char *parse_protocol(const char *text, struct explain_protocol *p)
{
	const char *why = NULL;
	unsigned long n;
	*p = (struct explain_protocol) { .kind = EXPLAIN_ICMP };
	if (!text[0])
		return NULL;
	p->is_given = true;
	for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
		if (strcmp(text, alone[i].word))
			continue;
		*p = alone[i].is;
		p->is_given = true;
		return NULL;
	}
	if (parse_about(text, p, &why) || parse_named(text, p, &why))
		return why;
	if (strncmp(text, "0x", 2))
		return parse_number(text, p);
	p->kind = EXPLAIN_ETHER;
	if (!number(text, 0xffff, &n) || n < 0x600)
		return "an ethertype is a number from 0x0600 to 0xffff";
	if (n == TYPE_ARP)
		p->kind = EXPLAIN_ARP;
	if (n == TYPE_IP4 || n == TYPE_IP6)
		return "that is IP: say what of it, like tcp/22 or proto/47";
	p->eth_type = (uint16_t) n;
	return NULL;
}

const char *explain_protocol_parse(const char *text, struct explain_protocol *p)
{
	char lower[64];
	size_t n = 0;
	for (; text && text[n] && n < sizeof lower - 1; n++)
		lower[n] = (char) tolower((unsigned char) text[n]);
	lower[n] = '\0';
	return parse_protocol(lower, p);
}

/* --- for people ---------------------------------------------------------------------------- */

static const char *name_of(uint8_t number)
{
	for (size_t i = 0; i < N_PROTOCOLS; i++)
		if (protocols[i].number == number)
			return protocols[i].word;
	return NULL;
}

static const char *about_text(struct explaining *e)
{
	char ip[INET6_ADDRSTRLEN];
	return explain_printf(e, "%s", inet_ntop(e->protocol.is_v6 ? AF_INET6 : AF_INET, e->protocol.about, ip, sizeof ip));
}

const char *explain_protocol_text(struct explaining *e)
{
	const struct explain_protocol *p = &e->protocol;
	switch (p->kind) {
	case EXPLAIN_ETHER:
		return p->eth_type ? explain_printf(e, "0x%04x", p->eth_type) : "ethernet";
	case EXPLAIN_ARP:
		return e->is_v6 ? "nd" : "arp";
	case EXPLAIN_RA:
		return "ra";
	case EXPLAIN_ANNOUNCE:
		return explain_printf(e, "%s/%s", p->is_v6 ? "nd" : "arp", about_text(e));
	case EXPLAIN_DAD:
		return explain_printf(e, "dad/%s", about_text(e));
	case EXPLAIN_DHCP:
		return explain_printf(e, "dhcp%s%s", p->is_v6 ? "6" : "", p->is_server ? "/server" : "");
	case EXPLAIN_ICMP:
	case EXPLAIN_ICMP6:
		return e->is_v6 ? "icmp6" : "icmp";
	case EXPLAIN_IP:
		break;
	}
	if (p->port)
		return explain_printf(e, "%s/%u", name_of(p->number), p->port);
	return name_of(p->number) ? name_of(p->number) : explain_printf(e, "proto/%u", p->number);
}

static const char *ip_text(const uint8_t *ip, bool is_v6, char buf[INET6_ADDRSTRLEN])
{
	return inet_ntop(is_v6 ? AF_INET6 : AF_INET, ip, buf, INET6_ADDRSTRLEN);
}

static const char *said_text(struct explaining *e, unsigned from, unsigned client)
{
	const struct said said = said_of(e, from, client);
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN], mac[MAC_TEXT];
	ip_text(said.ips.src, e->is_v6, a);
	ip_text(said.ips.dst, e->is_v6, b);
	if (e->protocol.kind == EXPLAIN_ANNOUNCE)
		return explain_printf(e, "%s: %s is at %s", said.what, about_text(e), mac_format(e->x->ends[from].mac, mac));
	if (e->protocol.kind == EXPLAIN_DAD)
		return explain_printf(e, "%s: is %s free?", said.what, about_text(e));
	if (said.layer == SAID_UDP)
		return explain_printf(e, "%s %s port %u > %s port %u", said.what, a, said.sport, b, said.dport);
	return explain_printf(e, "%s %s > all", said.what, a);
}

static const char *frame_text(struct explaining *e, enum leg_kind kind, unsigned from, unsigned client)
{
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];
	const struct explain_end *src = &e->x->ends[from], *dst = explain_seen(e, !from);
	const struct explain_protocol *p = &e->protocol;
	bool is_reply = from != client;
	ip_text(e->is_v6 ? src->ip6 : src->ip4, e->is_v6, a);
	ip_text(e->is_v6 ? dst->ip6 : dst->ip4, e->is_v6, b);
	if (kind == LEG_RESOLVE || kind == LEG_RESOLVED)
		return explain_printf(e, "%s: %s %s", e->is_v6 ? "neighbour discovery" : "ARP",
				      is_reply ? "here is" : "who has", is_reply ? a : b);
	if (explain_says(p))
		return said_text(e, from, client);
	if (p->kind == EXPLAIN_ETHER)
		return explain_printf(e, "Ethernet, type 0x%04x", p->eth_type ? p->eth_type : EXPLAIN_ETHERTYPE);
	if (p->kind != EXPLAIN_IP)
		return explain_printf(e, "echo %s %s > %s", is_reply ? "reply" : "request", a, b);
	if (p->port)
		return explain_printf(e, "%s %s port %u > %s port %u", name_of(p->number), a, is_reply ? p->port : EXPLAIN_CLIENT_PORT, b,
				      is_reply ? EXPLAIN_CLIENT_PORT : p->port);
	return name_of(p->number) ? explain_printf(e, "%s %s > %s", name_of(p->number), a, b)
		: explain_printf(e, "IP protocol %u %s > %s", p->number, a, b);
}

const char *explain_frame_text(struct explaining *e, enum leg_kind kind, unsigned from, unsigned client)
{
	const char *text = frame_text(e, kind, from, client);
	return e->piece == PIECE_WHOLE ? text : explain_printf(e, "%s, in fragments", text);
}
