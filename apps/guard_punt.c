/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that guard reports: what they break, by whose address; what DHCP servers
 * lease and clients give back; and a host that comes with its lease to another port.
 *
 * The frame is judged anew by what holds now, not by the row that reported it: so a
 * report that was on its way while a file or a lease changed accuses nobody. */
#include <string.h>

#include "apps/guard.h"

enum {
	TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_IPV6 = 0x86dd, PROTO_UDP = 17, PROTO_ICMPV6 = 58, ROUTER_ADVERT = 134, REDIRECT = 137,
	CLIENT4 = 68, CLIENT6 = 546, SERVER4 = 67, SERVER6 = 547, ARP = 28, IPV4 = 20, IPV6 = 40,
};

struct seen {
	const struct guard *g;
	const struct app_punt *punt;
	struct packet packet;
	struct reply *reply;
};

static struct fact about(const struct seen *s, enum fact_kind kind, enum fact_reason reason)
{
	struct fact fact = {
		.kind = kind, .reason = reason, .sw = s->punt->sw, .ofport = s->punt->in_port,
		.network = s->punt->network, .old_sw = NET_NONE, .time_ms = s->g->scene->now_ms,
		.has_ip4 = s->packet.has_ip4, .has_ip6 = s->packet.has_ip6,
	};
	memcpy(fact.mac, s->packet.src, 6);
	memcpy(fact.ip4, s->packet.ip4, 4);
	memcpy(fact.ip6, s->packet.ip6, 16);
	return fact;
}

static void violation(const struct seen *s, enum fact_reason reason, const uint8_t other_mac[6])
{
	struct fact fact = about(s, FACT_VIOLATION, reason);
	if (other_mac)
		memcpy(fact.other_mac, other_mac, 6);
	s->reply->fact(s->reply->ctx, &fact);
}

/* --- what it is -------------------------------------------------------------------------- */

/* UDP to that port, of IPv4 or IPv6. */
static bool is_udp_to(const struct packet *p, unsigned port4, unsigned port6)
{
	const uint8_t *l3 = p->data + p->l3_offset;
	size_t size = p->size - p->l3_offset, header = IPV6;
	bool is_v4 = p->eth_type == TYPE_IPV4;
	if (size < IPV4 || (!is_v4 && (p->eth_type != TYPE_IPV6 || size < IPV6)) || l3[is_v4 ? 9 : 6] != PROTO_UDP)
		return false;
	if (is_v4)
		header = (l3[0] & 15u) * 4u;
	if (size < header + 4)
		return false;
	unsigned to = (unsigned) l3[header + 2] << 8 | l3[header + 3];
	return to == (is_v4 ? port4 : port6);
}

static bool is_from_router(const struct packet *p)
{
	const uint8_t *l3 = p->data + p->l3_offset;
	return p->eth_type == TYPE_IPV6 && p->size - p->l3_offset > IPV6 && l3[6] == PROTO_ICMPV6
		&& (l3[IPV6] == ROUTER_ADVERT || l3[IPV6] == REDIRECT);
}

/* --- DHCP --------------------------------------------------------------------------------- */

/* The clock is in whole seconds, and the same words are heard at several switches. */
static uint32_t end_of(const struct scene *scene, uint32_t seconds)
{
	uint64_t until = scene->wall_ms / 1000 + seconds;
	return seconds == UINT32_MAX || until >= UINT32_MAX ? UINT32_MAX : (uint32_t) until;
}

static void take_leases(const struct seen *s, const struct dhcp *dhcp)
{
	for (size_t i = 0; i < dhcp->n; i++) {
		struct fact fact = about(s, FACT_LEASE, REASON_NONE);
		fact.sw = NET_NONE;
		fact.has_ip4 = !dhcp->is_v6;
		fact.has_ip6 = dhcp->is_v6;
		memcpy(fact.mac, dhcp->mac, 6);
		memcpy(fact.ip4, dhcp->of[i].ip, 4);
		memcpy(fact.ip6, dhcp->of[i].ip, 16);
		fact.until_s = end_of(s->g->scene, dhcp->of[i].seconds);
		if (!dhcp->of[i].seconds) {
			fact.kind = FACT_LEASE_GONE;
			fact.reason = REASON_EXPIRED;
		}
		s->reply->fact(s->reply->ctx, &fact);
	}
}

/* Only who holds a lease gives it back, and only at its port. */
static void give_back(const struct seen *s, const struct dhcp *dhcp)
{
	for (size_t i = 0; i < dhcp->n; i++) {
		const struct lease *lease = view_lease(s->g->scene->view, s->punt->network, dhcp->is_v6, dhcp->of[i].ip);
		if (!lease || lease->sw != s->punt->sw || lease->ofport != s->punt->in_port
		    || memcmp(lease->mac, s->packet.src, 6))
			continue;
		struct fact fact = view_lease_fact(lease, FACT_LEASE_GONE);
		fact.reason = REASON_RELEASED;
		fact.time_ms = s->g->scene->now_ms;
		s->reply->fact(s->reply->ctx, &fact);
	}
}

/* --- addresses ---------------------------------------------------------------------------- */

/* Did the host leave the place where its lease holds? A VM that moved to another
 * hypervisor did, once its port there is gone or down; or that one is away. */
static bool has_left(const struct scene *scene, const struct lease *lease)
{
	const struct view_port *port = lease->sw == NET_NONE ? NULL : view_port(scene->view, lease->sw, lease->ofport);
	return !port || !port->up || !view_switch(scene->view, lease->sw)->connected;
}

static void came_with_lease(const struct seen *s)
{
	enum fact_reason refused = view_may_learn(s->g->scene->view, s->g->use);
	struct fact fact = about(s, refused ? FACT_HOST_REFUSED : FACT_HOST, refused);
	s->reply->fact(s->reply->ctx, &fact);
}

/* ARP about a MAC that is not the frame's. */
static bool is_in_other_name(const struct packet *p)
{
	const uint8_t *l3 = p->data + p->l3_offset;
	return p->eth_type == TYPE_ARP && p->size - p->l3_offset >= ARP && memcmp(l3 + 8, p->src, 6);
}

static void judge_address(const struct seen *s)
{
	const struct scene *scene = s->g->scene;
	const struct packet *p = &s->packet;
	const uint8_t *ip = p->has_ip6 ? p->ip6 : p->ip4;
	if (s->g->is_bound && (memcmp(s->g->entry->mac.bytes, p->src, 6) || s->g->binds_ip)) {
		violation(s, REASON_BOUND, NULL);
		return;
	}
	const struct lease *lease = view_lease(scene->view, s->punt->network, p->has_ip6, ip);
	const struct net_port *bound = net_bound_ip(s->g->network, p->has_ip6, ip);
	bool is_its = lease && !memcmp(lease->mac, p->src, 6) && !is_in_other_name(p);
	bool is_here = lease && lease->sw == s->punt->sw && lease->ofport == s->punt->in_port;
	if (is_its && is_here)
		return;                 /* its row was on the way */
	if (is_its && has_left(scene, lease))
		came_with_lease(s);
	else
		violation(s, s->g->is_bound ? REASON_BOUND : REASON_NO_LEASE,
			  bound ? bound->mac.bytes : lease && !is_its ? lease->mac : NULL);
}

void guard_packet_in(const struct scene *scene, const struct app_punt *punt, struct reply *reply)
{
	const struct view_port *port = view_port(scene->view, punt->sw, punt->in_port);
	const struct view_use *use = port ? view_use(port, punt->network) : NULL;
	struct seen s = { .punt = punt, .reply = reply };
	struct dhcp dhcp;
	if (!use || !packet_parse(&s.packet, punt->frame, punt->size))
		return;
	struct guard g = guard_of(scene, punt->sw, punt->in_port, use);
	s.g = &g;
	dhcp_read(punt->frame, punt->size, &dhcp);
	if (is_udp_to(&s.packet, CLIENT4, CLIENT6)) {
		if (g.held & NET_GUARD_DHCP)
			violation(&s, REASON_ROGUE_DHCP, NULL);
		else if (g.snoops && dhcp.kind == DHCP_LEASES)
			take_leases(&s, &dhcp);
	} else if (is_from_router(&s.packet) && g.held & NET_GUARD_RA) {
		violation(&s, REASON_ROGUE_RA, NULL);
	} else if (g.held & NET_GUARD_DHCP && is_udp_to(&s.packet, SERVER4, SERVER6)
		   && !(g.is_bound && memcmp(g.entry->mac.bytes, s.packet.src, 6))) {
		if (dhcp.kind == DHCP_GIVES_BACK)
			give_back(&s, &dhcp);
	} else {
		judge_address(&s);
	}
}
