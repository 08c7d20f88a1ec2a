/* SPDX-License-Identifier: Apache-2.0 */
/* Learning: what a punt, a row read back and a row that aged say about hosts.
 *
 * Hot: a punt of a known host costs one look-up. */
#include <string.h>

#include "apps/l2.h"

static inline struct fact host_fact(enum fact_kind kind, uint32_t sw, uint32_t ofport, uint32_t network,
				    const uint8_t mac[6], uint64_t now_ms)
{
	struct fact fact = {
		.kind = kind, .sw = sw, .ofport = ofport, .network = network,
		.old_sw = NET_NONE, .time_ms = now_ms,
	};
	memcpy(fact.mac, mac, 6);
	return fact;
}

static bool is_host_mac(const uint8_t mac[6])
{
	return !mac_is_multicast(mac) && !mac_is_zero(mac);
}

static void take_addresses(struct fact *fact, const struct packet *packet)
{
	fact->has_ip4 = packet->has_ip4;
	fact->has_ip6 = packet->has_ip6;
	memcpy(fact->ip4, packet->ip4, sizeof fact->ip4);
	memcpy(fact->ip6, packet->ip6, sizeof fact->ip6);
}

void l2_ahead(const struct scene *scene, const struct app_punt *punt, unsigned turn, struct out *out)
{
	if (punt->size < 12)
		return;
	const uint8_t *mac = punt->frame + 6;
	if (!turn)
		out->fetch(out->ctx, view_host_place(scene->view, punt->network, mac));
	else if (!view_host(scene->view, punt->network, mac))
		l2_ahead_host(out, punt->sw, punt->network, punt->in_port, mac);
}

/* It is said to be at a port of ours, and goes on speaking on the LAN: it has moved there while its
 * old port stays up, as a virtual router's MAC does. Or the LAN sends all back. So it is where it
 * speaks next, and unknown until then, which hurts neither. */
static bool forget_silent(const struct scene *scene, const struct host *host, struct reply *reply)
{
	const struct view_port *port = view_port(scene->view, host->sw, host->ofport);
	if (port && port->up && !view_flap_goes_on(scene->view, host->network, host->mac, scene->now_ms))
		return false;
	struct fact fact = host_fact(FACT_HOST_GONE, host->sw, host->ofport, host->network, host->mac, scene->now_ms);
	fact.reason = REASON_GOES_ON;
	reply->fact(reply->ctx, &fact);
	return true;
}

/* The host is refused, or the port is shut for it. */
static void refuse(const struct scene *scene, const struct view_use *use, struct fact *fact, enum fact_reason reason,
		   struct reply *reply)
{
	fact->kind = FACT_HOST_REFUSED;
	fact->reason = reason;
	if (reason == REASON_PORT_LIMIT && use->on_limit == NET_LIMIT_SHUT) {
		fact->kind = FACT_PORT_SHUT;
		fact->until_s = (uint32_t) (scene->wall_ms / 1000);
	}
	reply->fact(reply->ctx, fact);
}

/* Another port is bound to that MAC, or it sticks to one. */
static enum fact_reason is_anothers(const struct scene *scene, const struct app_punt *punt, const struct view_use *use,
				    const struct host *host, const uint8_t mac[6])
{
	if (view_bound_elsewhere(scene->view, use, mac))
		return REASON_TAKEN;
	return host && view_sticks_elsewhere(scene->view, host, punt->sw, punt->in_port) ? REASON_STICKY : REASON_NONE;
}

/* What comes by an uplink is not learned: it has been where it entered. But a host of this very switch
 * that is heard there has left it, or the LAN sends its frames back. */
static void heard_on_uplink(const struct scene *scene, const struct app_punt *punt, const struct host *host,
			    struct reply *reply)
{
	struct fact fact = host_fact(FACT_HOST_REFUSED, punt->sw, punt->in_port, punt->network, punt->frame + 6, scene->now_ms);
	fact.reason = REASON_STANDS;
	if (host && host->sw == punt->sw && !host->sticks && !forget_silent(scene, host, reply))
		reply->fact(reply->ctx, &fact);
}

void l2_packet_in(const struct scene *scene, const struct app_punt *punt, struct reply *reply)
{
	struct packet packet;
	if (punt->size < 12)
		return;
	const uint8_t *mac = punt->frame + 6;
	const struct host *host = view_host(scene->view, punt->network, mac);
	if (host && host->sw == punt->sw && host->ofport == punt->in_port)
		return;
	if (!is_host_mac(mac) || !packet_parse(&packet, punt->frame, punt->size))
		return;

	const struct view_port *port = view_port(scene->view, punt->sw, punt->in_port);
	const struct view_use *use = port ? view_use(port, punt->network) : NULL;
	if (use && use->is_uplink) {
		heard_on_uplink(scene, punt, host, reply);
		return;
	}
	enum fact_reason refused = view_may_learn(scene->view, use);
	/* The port left the network while the punt was on its way. */
	if (refused == REASON_CONFIG)
		return;
	struct fact fact = host_fact(FACT_HOST, punt->sw, punt->in_port, punt->network, mac, scene->now_ms);
	take_addresses(&fact, &packet);
	enum fact_reason anothers = is_anothers(scene, punt, use, host, mac);
	if (anothers) {
		fact.kind = FACT_VIOLATION;
		fact.reason = anothers;
		reply->fact(reply->ctx, &fact);
		return;
	}
	/* A host that is in the network already makes it no fuller. */
	if (refused == REASON_NETWORK_LIMIT && host)
		refused = REASON_NONE;
	if (!refused && host && view_stands_elsewhere(scene->view, host, punt->sw, punt->in_port, scene->now_ms))
		refused = REASON_STANDS;
	if (refused == REASON_STANDS && use->is_physical && forget_silent(scene, host, reply))
		return;
	if (refused) {
		refuse(scene, use, &fact, refused, reply);
		return;
	}
	reply->fact(reply->ctx, &fact);
	if (use->on_limit == NET_LIMIT_REPORT && use->n_hosts > use->max_hosts) {
		fact.kind = FACT_VIOLATION;
		fact.reason = REASON_PORT_LIMIT;
		reply->fact(reply->ctx, &fact);
	}
}

/* The row of a full network says: there were as many hosts as may be. */
static void recover_full(const struct scene *scene, uint32_t sw, const struct rule *rule, struct reply *reply)
{
	static const uint8_t nobody[6];
	uint64_t network;
	if (!rule_match_u(rule, FIELD_NETWORK, &network))
		return;
	struct fact fact = host_fact(FACT_NETWORK_FULL, sw, 0, (uint32_t) network, nobody, scene->now_ms);
	fact.recovered = true;
	reply->fact(reply->ctx, &fact);
}

/* A source row says: this host is here. */
static void recover_here(const struct scene *scene, uint32_t sw, const struct rule *rule,
			 uint32_t duration_s, struct reply *reply)
{
	uint64_t network, ofport;
	uint8_t mac[6];
	if (!rule_match_u(rule, FIELD_NETWORK, &network) || !rule_match_u(rule, FIELD_IN_PORT, &ofport)
	    || !rule_match_mac(rule, FIELD_ETH_SRC, mac) || !is_host_mac(mac))
		return;
	struct fact fact = host_fact(FACT_HOST, sw, (uint32_t) ofport, (uint32_t) network, mac, scene->now_ms);
	fact.recovered = true;
	fact.age_s = duration_s;
	reply->fact(reply->ctx, &fact);
}

/* A row that leads out of the switch by an uplink: to whom is all the same. By
 * a tunnel: to a switch that has not reported yet. */
static bool leads_away(const struct scene *scene, uint32_t sw, const struct rule *rule,
		       uint32_t network, uint32_t *ret_peer)
{
	uint64_t out, peer;
	if (!rule_set_u(rule, FIELD_OUT, &out))
		return false;
	*ret_peer = 0;
	if (out != OUT_SWITCH) {
		const struct view_port *port = view_port(scene->view, sw, (uint32_t) out);
		const struct view_use *use = port ? view_use(port, network) : NULL;
		return use && use->is_uplink;
	}
	if (!rule_set_u(rule, FIELD_PEER, &peer))
		return false;
	*ret_peer = (uint32_t) peer;
	uint32_t index = net_switch_by_peer(scene->net, *ret_peer);
	uint32_t there = index == NET_NONE ? NET_NONE
		: view_switch_by_name(scene->view, scene->net->switches[index].name);
	return there != NET_NONE && !view_switch(scene->view, there)->ever;
}

/* A destination row that leads away says: this host is behind some other
 * switch. Worth something as long as that switch has not spoken for itself. */
static void recover_elsewhere(const struct scene *scene, uint32_t sw, const struct rule *rule,
			      struct reply *reply)
{
	uint64_t network;
	uint32_t peer;
	uint8_t mac[6];
	if (!rule_match_u(rule, FIELD_NETWORK, &network) || !rule_match_mac(rule, FIELD_ETH_DST, mac)
	    || !is_host_mac(mac) || !leads_away(scene, sw, rule, (uint32_t) network, &peer)
	    || view_host(scene->view, (uint32_t) network, mac) || view_complete(scene->view, sw))
		return;
	struct fact fact = host_fact(FACT_HOST, NET_NONE, peer, (uint32_t) network, mac, scene->now_ms);
	fact.unconfirmed = true;
	reply->fact(reply->ctx, &fact);
}

void l2_recover(const struct scene *scene, uint32_t sw, const struct rule *rule, uint32_t duration_s,
		struct reply *reply)
{
	if (rule->kind != RULE_FLOW)
		return;
	switch ((int) pipeline_by_id(rule_table(rule))) {
	case TABLE_L2_SRC:
		if (rule_priority(rule) == l2_rows[L2_SRC_NETWORK_FULL].priority)
			recover_full(scene, sw, rule, reply);
		else if (rule_priority(rule) == l2_rows[L2_SRC_HOST].priority)
			recover_here(scene, sw, rule, duration_s, reply);
		else if (rule_priority(rule) == l2_rows[L2_SRC_TAKEN].priority)
			l2_recover_taken(scene, sw, rule, reply);
		break;
	case TABLE_L2_DST:
		recover_elsewhere(scene, sw, rule, reply);
		break;
	default:
		break;
	}
}

/* OVS tells of a deleted row when it gets to it, which may be after the barrier. A
 * host that went and came back meanwhile has its row again. */
enum { TOLD_LATE_MS = 2000 };

static bool has_just_moved(const struct host *host, uint64_t now_ms)
{
	return host->seen_ms != host->first_ms && now_ms - host->seen_ms < TOLD_LATE_MS;
}

/* Silence is what ages a host. A row that another hand deleted says nothing
 * about it; the ledger puts the row back. */
bool l2_removed(const struct scene *scene, uint32_t sw, const struct rule *rule, bool idle,
		struct reply *reply)
{
	uint64_t network, ofport;
	uint8_t mac[6];
	if (rule->kind != RULE_FLOW || pipeline_by_id(rule_table(rule)) != TABLE_L2_SRC
	    || !rule_match_u(rule, FIELD_NETWORK, &network) || !rule_match_u(rule, FIELD_IN_PORT, &ofport)
	    || !rule_match_mac(rule, FIELD_ETH_SRC, mac))
		return false;
	const struct host *host = view_host(scene->view, (uint32_t) network, mac);
	if (!host || host->sw != sw || host->ofport != ofport)
		return false;
	if (!idle)
		return has_just_moved(host, scene->now_ms);
	struct fact fact = host_fact(FACT_HOST_GONE, sw, (uint32_t) ofport, (uint32_t) network, mac,
				     scene->now_ms);
	fact.reason = REASON_AGED;
	reply->fact(reply->ctx, &fact);
	return false;
}
