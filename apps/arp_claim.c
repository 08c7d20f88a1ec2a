/* SPDX-License-Identifier: Apache-2.0 */
/* What frames and rows say about addresses: facts. A sender speaks for an address
 * by ARP (RFC 826, of either kind), by a neighbour solicitation it sends and by an
 * advertisement (RFC 4861); only when it speaks for its own MAC. */
#include <string.h>

#include "apps/acl.h"
#include "apps/arp.h"

enum {
	TYPE_ARP = 0x0806, TYPE_IPV6 = 0x86dd, PROTO_ICMPV6 = 58,
	ARP_SIZE = 28, IPV6_SIZE = 40, ND_SIZE = 24,
	ROUTER_ADVERT = 134, SOLICITATION = 135, ADVERTISEMENT = 136, ROUTER_FLAG = 0x80,
};

static struct fact address_fact(enum fact_kind kind, uint32_t sw, uint32_t ofport, uint32_t network,
				const uint8_t mac[6], bool is_v6, const uint8_t *ip, uint64_t now_ms)
{
	struct fact fact = {
		.kind = kind, .sw = sw, .ofport = ofport, .network = network, .old_sw = NET_NONE,
		.has_ip4 = !is_v6, .has_ip6 = is_v6, .time_ms = now_ms,
	};
	memcpy(fact.mac, mac, 6);
	if (is_v6)
		memcpy(fact.ip6, ip, 16);
	else
		memcpy(fact.ip4, ip, 4);
	return fact;
}

/* --- frames ------------------------------------------------------------------------ */

struct claim {
	bool is_v6, router;
	const uint8_t *ip;
};

static bool read_arp(const struct packet *packet, const uint8_t *l3, size_t size, struct claim *ret_claim)
{
	static const uint8_t head[6] = { 0, 1, 8, 0, 6, 4 };
	if (size < ARP_SIZE || memcmp(l3, head, sizeof head) || memcmp(l3 + 8, packet->src, 6))
		return false;
	*ret_claim = (struct claim) { .ip = l3 + 14 };
	return l3[14] && l3[14] < 224 && l3[14] != 127;
}

static bool read_nd(const uint8_t *l3, size_t size, struct claim *ret_claim)
{
	const uint8_t *nd = l3 + IPV6_SIZE;
	static const uint8_t none[16];
	if (size < IPV6_SIZE + 16 || l3[6] != PROTO_ICMPV6 || l3[7] != 255)
		return false;
	*ret_claim = (struct claim) { .is_v6 = true, .ip = l3 + 8 };
	switch (nd[0]) {
	case ROUTER_ADVERT:
		ret_claim->router = true;
		break;
	case SOLICITATION:
		break;
	case ADVERTISEMENT:
		if (size < IPV6_SIZE + ND_SIZE)
			return false;
		ret_claim->ip = nd + 8;
		ret_claim->router = nd[4] & ROUTER_FLAG;
		break;
	default:
		return false;
	}
	return ret_claim->ip[0] != 0xff && memcmp(ret_claim->ip, none, 16);
}

static bool read_claim(const struct packet *packet, struct claim *ret_claim)
{
	const uint8_t *l3 = packet->data + packet->l3_offset;
	size_t size = packet->size - packet->l3_offset;
	if (packet->eth_type == TYPE_ARP)
		return read_arp(packet, l3, size, ret_claim);
	return packet->eth_type == TYPE_IPV6 && read_nd(l3, size, ret_claim);
}

/* At the edge a host speaks once it is known to be there; so there are no more
 * addresses than hosts allow. What comes over an uplink is nobody's of ours. */
static bool may_speak(const struct scene *scene, const struct app_punt *punt, const uint8_t mac[6])
{
	const struct host *host = view_host(scene->view, punt->network, mac);
	if (punt->class != CLASS_EDGE)
		return punt->class == CLASS_UPLINK && !host;
	return host && host->sw == punt->sw && host->ofport == punt->in_port;
}

/* A port is bound to the address, and this is another host; or it is of `snat` and no host's:
 * the frame was dropped. */
static bool is_taken(const struct scene *scene, const struct app_punt *punt, const struct packet *packet,
		     const struct claim *claim, struct reply *reply)
{
	uint32_t n = net_network_by_id(scene->net, punt->network);
	if (n == NET_NONE || punt->class != CLASS_EDGE)
		return false;
	const struct net_network *network = &scene->net->networks[n];
	const struct net_port *bound = net_bound_ip(network, claim->is_v6, claim->ip);
	const uint8_t *owner = net_translates_to(network, claim->is_v6, claim->ip) ? acl_snat_mac : bound ? bound->mac.bytes : NULL;
	if (!owner || !memcmp(owner, packet->src, 6))
		return false;
	struct fact fact = address_fact(FACT_VIOLATION, punt->sw, punt->in_port, punt->network, packet->src,
					claim->is_v6, claim->ip, scene->now_ms);
	fact.reason = REASON_TAKEN;
	memcpy(fact.other_mac, owner, 6);
	reply->fact(reply->ctx, &fact);
	return true;
}

void arp_packet_in(const struct scene *scene, const struct app_punt *punt, struct reply *reply)
{
	struct packet packet;
	struct claim claim;
	if (!packet_parse(&packet, punt->frame, punt->size) || !read_claim(&packet, &claim)
	    || is_taken(scene, punt, &packet, &claim, reply) || !may_speak(scene, punt, packet.src))
		return;
	const struct binding *b = view_binding(scene->view, punt->network, claim.is_v6, claim.ip);
	bool is_known = b && !memcmp(b->mac, packet.src, 6) && b->state == BINDING_GOOD && !b->recovered;
	if (is_known && (b->router || !claim.router))
		return;
	struct fact fact = address_fact(FACT_ADDRESS, punt->sw, punt->in_port, punt->network, packet.src,
					claim.is_v6, claim.ip, scene->now_ms);
	fact.router = claim.router;
	reply->fact(reply->ctx, &fact);
}

/* --- rows -------------------------------------------------------------------------- */

/* Who and what a claim row is about; not the rows beside it. */
static bool read_row(const struct rule *rule, uint32_t *ret_network, uint8_t ret_mac[6], uint8_t ret_ip[16],
		     bool *ret_is_v6, bool *ret_router)
{
	uint16_t priority = rule_priority(rule);
	uint64_t network;
	*ret_router = priority == arp_rows[ARP_ROUTER].priority;
	*ret_is_v6 = *ret_router || priority == arp_rows[ARP_CLAIM6].priority;
	if ((!*ret_is_v6 && priority != arp_rows[ARP_CLAIM4].priority) || !rule_match_u(rule, FIELD_NETWORK, &network)
	    || !rule_match_mac(rule, FIELD_ETH_SRC, ret_mac)
	    || !rule_match_bytes(rule, *ret_is_v6 ? FIELD_IPV6_SRC : FIELD_ARP_SPA, ret_ip))
		return false;
	*ret_network = (uint32_t) network;
	return true;
}

/* A claim row says: this host, which is here, has this address. */
static void recover_claim(const struct scene *scene, uint32_t sw, const struct rule *rule, uint32_t duration_s,
			  struct reply *reply)
{
	uint32_t network;
	uint8_t mac[6], ip[16];
	bool is_v6, router;
	if (!read_row(rule, &network, mac, ip, &is_v6, &router))
		return;
	const struct host *host = view_host(scene->view, network, mac);
	uint32_t ofport = host && host->sw == sw ? host->ofport : 0;
	struct fact fact = address_fact(FACT_ADDRESS, sw, ofport, network, mac, is_v6, ip, scene->now_ms);
	fact.recovered = true;
	fact.age_s = duration_s;
	fact.router = router;
	reply->fact(reply->ctx, &fact);
}

/* An answer says: this address is that MAC's, wherever it is. Worth something as
 * long as there are switches that have not spoken for themselves. */
static void recover_answer(const struct scene *scene, uint32_t sw, const struct rule *rule, uint32_t duration_s,
			   struct reply *reply)
{
	uint64_t network;
	uint8_t mac[6], ip[16];
	bool is_v6 = rule_priority(rule) == arp_rows[ARP_ANSWER6].priority;
	if (!is_v6 && rule_priority(rule) != arp_rows[ARP_ANSWER4].priority)
		return;
	if (view_complete(scene->view, sw) || !rule_match_u(rule, FIELD_NETWORK, &network)
	    || !rule_match_bytes(rule, is_v6 ? FIELD_ND_TARGET : FIELD_ARP_TPA, ip)
	    || !rule_set_mac(rule, FIELD_ETH_SRC, mac))
		return;
	struct fact fact = address_fact(FACT_ADDRESS, NET_NONE, 0, (uint32_t) network, mac, is_v6, ip, scene->now_ms);
	fact.recovered = fact.unconfirmed = true;
	fact.age_s = duration_s;
	reply->fact(reply->ctx, &fact);
}

void arp_recover(const struct scene *scene, uint32_t sw, const struct rule *rule, uint32_t duration_s,
		 struct reply *reply)
{
	if (rule->kind != RULE_FLOW)
		return;
	if (rule_table(rule) == pipeline[TABLE_CLAIM].id)
		recover_claim(scene, sw, rule, duration_s, reply);
	else if (rule_table(rule) == pipeline[TABLE_ARP].id)
		recover_answer(scene, sw, rule, duration_s, reply);
}

/* OVS tells of a deleted row when it gets to it, perhaps after it is there again. */
enum { TOLD_LATE_MS = 2000 };

bool arp_removed(const struct scene *scene, uint32_t sw, const struct rule *rule, bool idle, struct reply *reply)
{
	uint32_t network;
	uint8_t mac[6], ip[16];
	bool is_v6, router;
	if (rule->kind != RULE_FLOW || rule_table(rule) != pipeline[TABLE_CLAIM].id
	    || !read_row(rule, &network, mac, ip, &is_v6, &router))
		return false;
	const struct host *host = view_host(scene->view, network, mac);
	const struct binding *b = view_binding(scene->view, network, is_v6, ip);
	if (!host || host->sw != sw || !b || memcmp(b->mac, mac, 6))
		return false;
	if (!idle)
		return scene->now_ms - host->seen_ms < TOLD_LATE_MS || scene->now_ms - b->since_ms < TOLD_LATE_MS;
	struct fact fact = address_fact(FACT_ADDRESS_GONE, sw, host->ofport, network, mac, is_v6, ip, scene->now_ms);
	fact.reason = REASON_AGED;
	reply->fact(reply->ctx, &fact);
	return false;
}
