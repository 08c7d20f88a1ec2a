/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of guard and guard_nd. What a port may send passes by rows of its own;
 * what is left of its kind is dropped and reported. */
#include <string.h>

#include "apps/acl.h"
#include "apps/guard.h"
#include "apps/storm.h"

enum {
	TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_IPV6 = 0x86dd, PROTO_NOTHING_READ = 0, PROTO_UDP = 17, PROTO_ICMPV6 = 58, PROTO_NONE = 59,
	MLD_REPORT = 131, ROUTER_SOLICITATION = 133, ROUTER_ADVERT = 134, SOLICITATION = 135, ADVERTISEMENT = 136,
	REDIRECT = 137, MLD2_REPORT = 143,
	SERVER4 = 67, CLIENT4 = 68, CLIENT6 = 546, SERVER6 = 547,
};

static const uint8_t nobody[16], link_local[16] = { 0xfe, 0x80 }, link_local_mask[16] = { 0xff, 0xc0 };

/* --- words ------------------------------------------------------------------------------ */

void guard_begin(const struct guard *g, struct out *out, enum guard_row row)
{
	out_row(out, &guard_rows[row], g->use->object);
	match_u(out->build, FIELD_NETWORK, g->use->id);
	match_u(out->build, FIELD_IN_PORT, g->ofport);
}

/* The bound MAC, where there is one. */
static void match_bound(const struct guard *g, struct build *b)
{
	if (g->is_bound)
		match_bytes(b, FIELD_ETH_SRC, g->entry->mac.bytes, NULL);
}

static void match_udp(struct build *b, bool is_v6, unsigned from, unsigned to)
{
	match_u(b, FIELD_ETH_TYPE, is_v6 ? TYPE_IPV6 : TYPE_IPV4);
	match_u(b, FIELD_IP_PROTO, PROTO_UDP);
	if (from)
		match_u(b, FIELD_UDP_SRC, from);
	match_u(b, FIELD_UDP_DST, to);
}

static void match_icmpv6(struct build *b, unsigned type)
{
	match_u(b, FIELD_ETH_TYPE, TYPE_IPV6);
	match_u(b, FIELD_IP_PROTO, PROTO_ICMPV6);
	match_u(b, FIELD_ICMPV6_TYPE, type);
}

/* Where frames that may pass go on. */
enum table guard_after(const struct guard *g)
{
	return storm_before(g->use, acl_judges(g->scene, g->vs->sw, g->use->network) ? TABLE_CONNTRACK : TABLE_L2_SRC);
}

static void want_or_not(const struct guard *g, struct out *out, bool wanted)
{
	if (wanted)
		out_want(out, g->vs->sw);
	else
		out_unwant(out, g->vs->sw);
}

static void pass(const struct guard *g, struct out *out, bool wanted)
{
	act_goto(out->build, guard_after(g));
	want_or_not(g, out, wanted);
}

/* Without meters nothing limits what a switch reports: of what it drops it reports nothing.
 * What comes from another MAC than the bound one is left to the last row. */
static void drop(const struct guard *g, struct out *out)
{
	if (has_meter(g->vs->max_meters, METER_GUARD))
		act_controller(out->build, GUARD_BYTES, METER_GUARD);
	out_want(out, g->vs->sw);
}

static void drop_type(const struct guard *g, struct out *out, enum guard_row row, unsigned eth_type)
{
	guard_begin(g, out, row);
	match_bound(g, out->build);
	match_u(out->build, FIELD_ETH_TYPE, eth_type);
	drop(g, out);
}

static void drop_icmpv6(const struct guard *g, struct out *out, enum guard_row row, unsigned type)
{
	guard_begin(g, out, row);
	match_bound(g, out->build);
	match_icmpv6(out->build, type);
	drop(g, out);
}

/* --- one address ---------------------------------------------------------------------- */

/* An address that a port's host has: for as long as the file says so, until a time, or until it was idle. */
struct held {
	const uint8_t *mac, *ip;
	bool is_v6;
	uint32_t until_s;               /* 0 = no time */
	uint16_t idle_s;                /* 0 = never */
};

static void own4(const struct guard *g, struct out *out, const struct held *held, bool wanted)
{
	const uint8_t *mac = held->mac, *ip = held->ip;
	struct build *b = out->build;
	guard_begin(g, out, GUARD_OWN_IP4);
	match_u(b, FIELD_ETH_TYPE, TYPE_IPV4);
	match_bytes(b, FIELD_ETH_SRC, mac, NULL);
	match_bytes(b, FIELD_IPV4_SRC, ip, NULL);
	if (held->until_s)
		act_set_u(b, FIELD_UNTIL, held->until_s);
	pass(g, out, wanted);
	if (!g->arp)
		return;
	guard_begin(g, out, GUARD_OWN_ARP);
	match_u(b, FIELD_ETH_TYPE, TYPE_ARP);
	match_bytes(b, FIELD_ETH_SRC, mac, NULL);
	match_bytes(b, FIELD_ARP_SHA, mac, NULL);
	match_bytes(b, FIELD_ARP_SPA, ip, NULL);
	pass(g, out, wanted);
	if (!g->binds_ip)
		return;
	guard_begin(g, out, GUARD_ARP_PROBE);
	match_u(b, FIELD_ETH_TYPE, TYPE_ARP);
	match_bytes(b, FIELD_ETH_SRC, mac, NULL);
	match_bytes(b, FIELD_ARP_SHA, mac, NULL);
	match_u(b, FIELD_ARP_SPA, 0);
	match_bytes(b, FIELD_ARP_TPA, ip, NULL);
	pass(g, out, wanted);
}

/* What it sends from there may be about another address all the same. */
static void own6(const struct guard *g, struct out *out, const struct held *held, bool wanted)
{
	const uint8_t *mac = held->mac, *ip = held->ip;
	struct build *b = out->build;
	guard_begin(g, out, GUARD_OWN_IP6);
	if (held->idle_s)
		build_idle(b, held->idle_s);
	match_u(b, FIELD_ETH_TYPE, TYPE_IPV6);
	match_bytes(b, FIELD_ETH_SRC, mac, NULL);
	match_bytes(b, FIELD_IPV6_SRC, ip, NULL);
	if (held->until_s)
		act_set_u(b, FIELD_UNTIL, held->until_s);
	act_goto(b, g->arp ? TABLE_GUARD_ND : guard_after(g));
	want_or_not(g, out, wanted);
	if (!g->arp)
		return;
	guard_begin(g, out, GUARD_OWN_ADVERT);
	match_bytes(b, FIELD_ETH_SRC, mac, NULL);
	match_icmpv6(b, ADVERTISEMENT);
	match_bytes(b, FIELD_ND_TARGET, ip, NULL);
	pass(g, out, wanted);
	if (!g->binds_ip)
		return;
	guard_begin(g, out, GUARD_START6);
	match_bytes(b, FIELD_ETH_SRC, mac, NULL);
	match_icmpv6(b, SOLICITATION);
	match_bytes(b, FIELD_IPV6_SRC, nobody, NULL);
	match_bytes(b, FIELD_ND_TARGET, ip, NULL);
	pass(g, out, wanted);
}

static void own(const struct guard *g, struct out *out, const struct held *held, bool wanted)
{
	if (held->is_v6)
		own6(g, out, held, wanted);
	else
		own4(g, out, held, wanted);
}

static bool is_declared(const struct guard *g, const struct lease *lease)
{
	for (size_t i = 0; g->is_bound && i < g->entry->ips.n; i++)
		if (g->entry->ips.items[i].is_v6 == lease->is_v6 && !memcmp(g->entry->ips.items[i].bytes, lease->ip, 16)
		    && !memcmp(g->entry->mac.bytes, lease->mac, 6))
			return true;
	return false;
}

/* A lease stands in a row where the port is not trusted with DHCP, guarded for
 * addresses or not: so it is found again after a restart. */
void guard_lease_rows(const struct guard *g, struct out *out, const struct lease *lease, bool wanted)
{
	if (!(lease->slaac ? g->slaac : g->held & NET_GUARD_DHCP) || is_declared(g, lease)
	    || (g->is_bound && memcmp(g->entry->mac.bytes, lease->mac, 6)))
		return;
	const struct held held = { .mac = lease->mac, .ip = lease->ip, .is_v6 = lease->is_v6, .until_s = lease->slaac ? 0 : lease->until_s,
				   .idle_s = lease->slaac ? SLAAC_IDLE_S : 0 };
	own(g, out, &held, wanted);
}

/* RFC 4291, appendix A. */
static void link_local_of(const uint8_t mac[6], uint8_t ret_ip[16])
{
	memcpy(ret_ip, (uint8_t[16]) { 0xfe, 0x80, [8] = (uint8_t) (mac[0] ^ 2), mac[1], mac[2], 0xff, 0xfe,
				       mac[3], mac[4], mac[5] }, 16);
}

static void declared(const struct guard *g, struct out *out)
{
	uint8_t ip[16];
	if (!g->is_bound || (!g->source && !g->arp))
		return;
	for (size_t i = 0; i < g->entry->ips.n; i++) {
		const struct net_address *declared_ip = &g->entry->ips.items[i];
		const struct held held = { .mac = g->entry->mac.bytes, .ip = declared_ip->bytes, .is_v6 = declared_ip->is_v6 };
		own(g, out, &held, true);
	}
	link_local_of(g->entry->mac.bytes, ip);
	for (size_t i = 0; i < g->entry->ips.n; i++)
		if (!memcmp(g->entry->ips.items[i].bytes, ip, 16))
			return;
	own6(g, out, &(struct held) { .mac = g->entry->mac.bytes, .ip = ip, .is_v6 = true }, true);
}

/* --- what holds for all that a port sends ------------------------------------------------ */

static void dhcp(const struct guard *g, struct out *out)
{
	bool is_metered = has_meter(g->vs->max_meters, METER_LEASE);
	for (int v6 = 0; v6 < 2; v6++) {
		unsigned client = v6 ? CLIENT6 : CLIENT4, server = v6 ? SERVER6 : SERVER4;
		if (g->held & NET_GUARD_DHCP) {
			guard_begin(g, out, GUARD_ROGUE_DHCP);
			match_udp(out->build, v6, 0, client);
			drop(g, out);
			guard_begin(g, out, GUARD_CLIENT);
			match_bound(g, out->build);
			match_udp(out->build, v6, client, server);
			if (has_meter(g->vs->max_meters, METER_GUARD))
				act_controller(out->build, LEASE_BYTES, METER_GUARD);
			pass(g, out, true);
		} else if (g->snoops) {
			guard_begin(g, out, GUARD_SNOOP);
			match_bound(g, out->build);
			match_udp(out->build, v6, 0, client);
			act_controller(out->build, LEASE_BYTES, is_metered ? METER_LEASE : 0);
			pass(g, out, true);
		}
	}
}

static void arp(const struct guard *g, struct out *out)
{
	struct build *b = out->build;
	if (!g->arp && !g->is_bound)
		return;
	/* With `ip` at the port: for its own addresses only, see own4(). */
	if (!g->binds_ip) {
		guard_begin(g, out, g->arp ? GUARD_ARP_PROBE : GUARD_OWN_ARP);
		match_u(b, FIELD_ETH_TYPE, TYPE_ARP);
		match_bound(g, b);
		if (g->is_bound)
			match_bytes(b, FIELD_ARP_SHA, g->entry->mac.bytes, NULL);
		if (g->arp)
			match_u(b, FIELD_ARP_SPA, 0);
		pass(g, out, true);
	}
	drop_type(g, out, GUARD_WRONG_ARP, TYPE_ARP);
}

static void ip4(const struct guard *g, struct out *out)
{
	if (!g->source)
		return;
	if (!(g->held & NET_GUARD_DHCP)) {
		guard_begin(g, out, GUARD_START4);
		match_bound(g, out->build);
		match_udp(out->build, false, CLIENT4, SERVER4);
		match_u(out->build, FIELD_IPV4_SRC, 0);
		match_u(out->build, FIELD_IPV4_DST, 0xffffffff);
		pass(g, out, true);
	}
	drop_type(g, out, GUARD_WRONG_IP4, TYPE_IPV4);
}

/* RFC 4862, 5.4: before it has an address. */
static void start6(const struct guard *g, struct out *out, unsigned type)
{
	guard_begin(g, out, GUARD_START6);
	match_bound(g, out->build);
	match_icmpv6(out->build, type);
	match_bytes(out->build, FIELD_IPV6_SRC, nobody, NULL);
	pass(g, out, true);
}

static void advertisements(const struct guard *g, struct out *out)
{
	if (!g->is_bound) {
		guard_begin(g, out, GUARD_LINK_ADVERT);
		match_icmpv6(out->build, ADVERTISEMENT);
		match_bytes(out->build, FIELD_ND_TARGET, link_local, link_local_mask);
		pass(g, out, true);
	}
	drop_icmpv6(g, out, GUARD_WRONG_ADVERT, ADVERTISEMENT);
	guard_begin(g, out, GUARD_NOT_ADVERT);
	pass(g, out, true);
}

static void ip6(const struct guard *g, struct out *out)
{
	if (!g->source && !g->arp)
		return;
	start6(g, out, MLD_REPORT);
	start6(g, out, MLD2_REPORT);
	start6(g, out, ROUTER_SOLICITATION);
	if (!g->binds_ip)
		start6(g, out, SOLICITATION);
	guard_slaac_rows(g, out);
	if (!g->is_bound) {
		guard_begin(g, out, GUARD_LINK6);
		match_u(out->build, FIELD_ETH_TYPE, TYPE_IPV6);
		match_bytes(out->build, FIELD_IPV6_SRC, link_local, link_local_mask);
		act_goto(out->build, g->arp ? TABLE_GUARD_ND : guard_after(g));
		out_want(out, g->vs->sw);
	}
	if (g->arp)
		advertisements(g, out);
	if (g->source) {
		drop_type(g, out, GUARD_WRONG_IP6, TYPE_IPV6);
	} else {
		drop_icmpv6(g, out, GUARD_WRONG_ND_SENDER, SOLICITATION);
		drop_icmpv6(g, out, GUARD_WRONG_ND_SENDER, ADVERTISEMENT);
	}
}

/* A type that stands in no row, because Open vSwitch cannot see it. Later fragments are nothing without their first.
 * Neighbour discovery is heard with hop limit 255 alone (RFC 4861, 6.1.2); others that are cut have other limits. */
static void hidden_nd(const struct guard *g, struct out *out)
{
	struct build *b = out->build;
	if (!guard_sees_nd(g))
		return;
	guard_begin(g, out, GUARD_FRAGMENT);
	match_bound(g, b);
	match_u(b, FIELD_ETH_TYPE, TYPE_IPV6);
	match_u(b, FIELD_IP_PROTO, PROTO_ICMPV6);
	match_u(b, FIELD_IP_TTL, 255);
	match_u(b, FIELD_IP_FRAG, FRAG_FIRST);
	drop(g, out);
	/* What the userspace datapath makes of headers that do not end, and what the kernel's does. */
	guard_begin(g, out, GUARD_CUT_CHAIN);
	match_bound(g, b);
	match_u(b, FIELD_ETH_TYPE, TYPE_IPV6);
	match_u(b, FIELD_IP_PROTO, PROTO_NOTHING_READ);
	drop(g, out);
	guard_begin(g, out, GUARD_CUT_FIRST);
	match_bound(g, b);
	match_u(b, FIELD_ETH_TYPE, TYPE_IPV6);
	match_u(b, FIELD_IP_PROTO, PROTO_NONE);
	match_u(b, FIELD_IP_FRAG, FRAG_FIRST);
	drop(g, out);
}

void guard_shut_row(const struct guard *g, struct out *out, const struct closure *closure, bool wanted)
{
	guard_begin(g, out, GUARD_SHUT);
	act_set_u(out->build, FIELD_UNTIL, closure ? closure->until_s : 0);
	want_or_not(g, out, wanted);
}

void guard_use_rows(const struct guard *g, struct out *out)
{
	const struct closure *closure = view_closure(g->scene->view, g->vs->sw, g->ofport, g->use->id);
	if (closure)
		guard_shut_row(g, out, closure, true);
	if (g->network->tags == NET_TAGS_PASS) {
		guard_begin(g, out, GUARD_TAGGED);
		match_bound(g, out->build);
		match_um(out->build, FIELD_VLAN_VID, VLAN_PRESENT, VLAN_PRESENT);
		pass(g, out, true);
	}
	hidden_nd(g, out);
	if (g->held & NET_GUARD_RA) {
		drop_icmpv6(g, out, GUARD_ROGUE_RA, ROUTER_ADVERT);
		drop_icmpv6(g, out, GUARD_ROGUE_RA, REDIRECT);
	}
	dhcp(g, out);
	declared(g, out);
	arp(g, out);
	ip4(g, out);
	ip6(g, out);
	guard_begin(g, out, GUARD_OTHER);
	match_bound(g, out->build);
	pass(g, out, true);
	if (!g->is_bound)
		return;
	guard_begin(g, out, GUARD_WRONG_MAC);
	drop(g, out);
}

static void meter(struct out *out, const struct view_switch *vs, uint32_t id, uint32_t rate, uint32_t burst)
{
	if (!has_meter(vs->max_meters, id))
		return;
	build_meter(out->build, id, true, rate, burst);
	out_want(out, vs->sw);
}

void guard_switch_rows(struct out *out, const struct view_switch *vs)
{
	meter(out, vs, METER_GUARD, GUARD_RATE, GUARD_BURST);
	meter(out, vs, METER_LEASE, LEASE_RATE, LEASE_BURST);
	out_row(out, &guard_rows[GUARD_MISS], vs->object);
	out_want(out, vs->sw);
	out_row(out, &guard_rows[GUARD_ND_MISS], vs->object);
	out_want(out, vs->sw);
}
