/* SPDX-License-Identifier: Apache-2.0 */
/* Who says what to whom: see explain_say.h. */
#include "controller/explain_say.h"

enum { CLIENT4 = 68, SERVER4 = 67, CLIENT6 = 546, SERVER6 = 547 };

static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, [5] = 1 }, all_nodes[16] = { 0xff, 0x02, [15] = 1 };
/* RFC 8415, 7.1: agents and servers. */
static const uint8_t servers_mac[6] = { 0x33, 0x33, 0, 1, 0, 2 }, servers[16] = { 0xff, 0x02, [13] = 1, 0, 2 };

bool explain_says(const struct explain_protocol *p)
{
	return p->kind == EXPLAIN_RA || p->kind == EXPLAIN_ANNOUNCE || p->kind == EXPLAIN_DAD || p->kind == EXPLAIN_DHCP;
}

static void set_mac(struct said *said, const uint8_t mac[6]) { memcpy(said->dst_mac, mac, 6); }
static void set_ips(struct said *said, const uint8_t *src, const uint8_t *dst)
{
	size_t n = said->ips.is_v6 ? 16 : 4;
	if (src)
		memcpy(said->ips.src, src, n);
	memcpy(said->ips.dst, dst, n);
}

static bool sends_as(const struct explaining *e, unsigned from)
{
	return e->x->ends[from].is_as && e->question->as.has_ip && e->question->as.is_v6 == e->is_v6;
}

/* "ADDRESS is mine", to all. */
static void announce(const struct explaining *e, unsigned from, struct said *said)
{
	const uint8_t *about = e->protocol.about;
	memcpy(said->target, about, 16);
	said->type = ND_ADVERTISEMENT;
	said->what = said->ips.is_v6 ? "neighbour advertisement" : "ARP";
	set_mac(said, said->ips.is_v6 ? all_nodes_mac : broadcast);
	if (said->ips.is_v6)
		set_ips(said, sends_as(e, from) ? e->x->ends[from].ip6 : about, all_nodes);
	else
		set_ips(said, about, about);
}

/* "Is ADDRESS free?" */
static void detect(const struct explaining *e, struct said *said)
{
	const uint8_t *about = e->protocol.about;
	uint8_t group[16], mac[6];
	memcpy(said->target, about, 16);
	said->type = ND_SOLICITATION;
	said->what = said->ips.is_v6 ? "neighbour solicitation" : "ARP";
	explain_solicited_node(about, group, mac);
	set_mac(said, said->ips.is_v6 ? mac : broadcast);
	set_ips(said, NULL, said->ips.is_v6 ? group : about);
}

static void dhcp4(const struct explaining *e, unsigned from, bool is_from_server, struct said *said)
{
	const struct explain_end *src = &e->x->ends[from], *dst = &e->x->ends[!from];
	bool is_renewal = !is_from_server && sends_as(e, from) && dst->has_ip4;
	said->sport = is_from_server ? SERVER4 : CLIENT4;
	said->dport = is_from_server ? CLIENT4 : SERVER4;
	said->what = "DHCP";
	set_mac(said, is_renewal ? dst->mac : broadcast);
	set_ips(said, is_from_server || sends_as(e, from) ? src->ip4 : NULL, is_renewal ? dst->ip4 : broadcast);
}

static void dhcp6(const struct explaining *e, unsigned from, bool is_from_server, struct said *said)
{
	const struct explain_end *src = &e->x->ends[from], *dst = &e->x->ends[!from];
	said->sport = is_from_server ? SERVER6 : CLIENT6;
	said->dport = is_from_server ? CLIENT6 : SERVER6;
	said->what = "DHCPv6";
	set_mac(said, is_from_server ? dst->mac : servers_mac);
	set_ips(said, src->ip6, is_from_server ? dst->ip6 : servers);
}

struct said said_of(const struct explaining *e, unsigned from, unsigned client)
{
	const struct explain_protocol *p = &e->protocol;
	bool is_from_server = p->is_server || from != client;
	struct said said = { .ips.is_v6 = e->is_v6 };
	if (p->kind == EXPLAIN_DHCP) {
		said.layer = SAID_UDP;
		if (e->is_v6)
			dhcp6(e, from, is_from_server, &said);
		else
			dhcp4(e, from, is_from_server, &said);
		return said;
	}
	said.layer = e->is_v6 ? SAID_ND : SAID_ARP;
	if (p->kind == EXPLAIN_ANNOUNCE) {
		announce(e, from, &said);
	} else if (p->kind == EXPLAIN_DAD) {
		detect(e, &said);
	} else {
		said.type = ND_ROUTER;
		said.what = "router advertisement";
		set_mac(&said, all_nodes_mac);
		set_ips(&said, e->x->ends[from].ip6, all_nodes);
	}
	return said;
}
