/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that hosts take by themselves, in the prefixes of `slaac`: first come, first
 * served (RFC 6620). Who asks whether an address is free has it, if nobody else has; so
 * has who speaks from it first, for the question may have been lost, or asked long ago.
 *
 * The owner hears the question of another one like everybody, and answers itself
 * (RFC 4862, 5.4.3). An address is free again when its row was idle for an hour, when its
 * host was forgotten or has gone, or when its port is no more. */
#include <string.h>

#include "apps/guard.h"

enum { TYPE_IPV6 = 0x86dd, PROTO_ICMPV6 = 58, SOLICITATION = 135, IPV6 = 40, ND_TARGET = 8, ND = 24, HOPS = 255, TOLD_LATE_MS = 2000 };

static const uint8_t nobody[16];

static void mask_of(uint8_t len, uint8_t ret[16])
{
	memset(ret, 0, 16);
	for (unsigned i = 0; i < len; i++)
		ret[i / 8] |= (uint8_t) (0x80u >> i % 8);
}

void guard_slaac_rows(const struct guard *g, struct out *out)
{
	struct build *b = out->build;
	uint8_t mask[16];
	for (size_t i = 0; g->slaac && i < g->network->slaac.n; i++) {
		const struct net_prefix *prefix = &g->network->slaac.prefixes[i];
		mask_of(prefix->len, mask);
		guard_begin(g, out, GUARD_FREE_ADDRESS);
		if (g->is_bound)
			match_bytes(b, FIELD_ETH_SRC, g->entry->mac.bytes, NULL);
		match_u(b, FIELD_ETH_TYPE, TYPE_IPV6);
		match_u(b, FIELD_IP_PROTO, PROTO_ICMPV6);
		match_u(b, FIELD_ICMPV6_TYPE, SOLICITATION);
		match_bytes(b, FIELD_IPV6_SRC, nobody, NULL);
		match_bytes(b, FIELD_ND_TARGET, prefix->bytes, prefix->len == 128 ? NULL : mask);
		if (has_meter(g->vs->max_meters, METER_GUARD))
			act_controller(b, GUARD_BYTES, METER_GUARD);
		act_goto(b, guard_after(g));
		out_want(out, g->vs->sw);
	}
}

/* --- who has it ------------------------------------------------------------------------------ */

static bool is_known(const struct view *view, uint32_t network, const uint8_t mac[6])
{
	return view_host(view, network, mac) != NULL;
}

/* Another host that has the address, by the file, by lease, or as everybody has heard; null = none. */
static const uint8_t *owner(const struct seen *s, const uint8_t ip[16])
{
	const struct view *view = s->g->scene->view;
	const uint8_t *mac = s->packet.src;
	uint32_t network = s->punt->network;
	const struct net_port *bound = net_bound_ip(s->g->network, true, ip);
	if (bound && memcmp(bound->mac.bytes, mac, 6))
		return bound->mac.bytes;
	const struct lease *lease = view_lease(view, network, true, ip);
	if (lease && memcmp(lease->mac, mac, 6)
	    && !(lease->slaac && (!is_known(view, network, lease->mac) || guard_has_left(s->g->scene, lease->sw, lease->ofport))))
		return lease->mac;
	const struct binding *b = view_binding(view, network, true, ip);
	return b && memcmp(b->mac, mac, 6) && (b->declared || is_known(view, network, b->mac)) ? b->mac : NULL;
}

static void take(const struct seen *s, const uint8_t ip[16])
{
	const struct view *view = s->g->scene->view;
	const struct lease *old = view_lease(view, s->punt->network, true, ip);
	if (old && !memcmp(old->mac, s->packet.src, 6))
		return;
	if (old) {
		struct fact gone = view_lease_fact(old, FACT_LEASE_GONE);
		gone.reason = REASON_SILENT;
		gone.time_ms = s->g->scene->now_ms;
		s->reply->fact(s->reply->ctx, &gone);
	}
	if (view_n_slaac(view, s->punt->sw, s->punt->in_port, s->punt->network) >= VIEW_PORT_SLAAC) {
		guard_violation(s, REASON_ADDRESS_LIMIT, NULL);
		return;
	}
	struct fact fact = guard_about(s, FACT_LEASE, REASON_NONE);
	fact.slaac = true;
	fact.until_s = UINT32_MAX;
	fact.has_ip4 = false;
	fact.has_ip6 = true;
	memcpy(fact.ip6, ip, 16);
	s->reply->fact(s->reply->ctx, &fact);
}

static bool is_here(const struct seen *s, const struct host *host)
{
	return host && !host->unconfirmed && host->sw == s->punt->sw && host->ofport == s->punt->in_port;
}

/* --- what they say ------------------------------------------------------------------------------ */

void guard_slaac_asked(const struct seen *s)
{
	const struct packet *p = &s->packet;
	const uint8_t *l3 = p->data + p->l3_offset, *nd = l3 + IPV6;
	size_t size = p->size - p->l3_offset;
	if (!s->g->slaac || p->eth_type != TYPE_IPV6 || size < IPV6 + ND || l3[6] != PROTO_ICMPV6 || l3[7] != HOPS
	    || nd[0] != SOLICITATION || memcmp(l3 + 8, nobody, 16) || !net_slaac_has(s->g->network, nd + ND_TARGET))
		return;
	/* Nothing is kept for a host that is not known: who makes up hosts meets `max_hosts` first. */
	if (is_here(s, view_host(s->g->scene->view, s->punt->network, p->src)) && !owner(s, nd + ND_TARGET))
		take(s, nd + ND_TARGET);
}

bool guard_slaac_spoke(const struct seen *s)
{
	const struct view *view = s->g->scene->view;
	const struct packet *p = &s->packet;
	const struct host *host = view_host(view, s->punt->network, p->src);
	if (!s->g->slaac || !p->has_ip6 || !net_slaac_has(s->g->network, p->ip6) || owner(s, p->ip6))
		return false;
	if (!host || host->unconfirmed || guard_has_left(s->g->scene, host->sw, host->ofport)) {
		enum fact_reason refused = view_may_learn(view, s->g->use);
		struct fact fact = guard_about(s, refused ? FACT_HOST_REFUSED : FACT_HOST, refused);
		s->reply->fact(s->reply->ctx, &fact);
		if (refused)
			return true;
	} else if (!is_here(s, host)) {
		return false;
	}
	take(s, p->ip6);
	return true;
}

/* --- rows read back, and gone ------------------------------------------------------------------- */

/* The address of such a row. */
static bool read_row(const struct rule *rule, struct fact *fact)
{
	return rule_priority(rule) == guard_rows[GUARD_OWN_IP6].priority && rule_idle_timeout(rule)
		&& rule_match_bytes(rule, FIELD_IPV6_SRC, fact->ip6) && rule_match_mac(rule, FIELD_ETH_SRC, fact->mac);
}

void guard_slaac_recover(const struct rule *rule, struct fact *fact, struct reply *reply)
{
	if (!read_row(rule, fact))
		return;
	fact->kind = FACT_LEASE;
	fact->slaac = fact->has_ip6 = true;
	fact->until_s = UINT32_MAX;
	reply->fact(reply->ctx, fact);
}

bool guard_slaac_removed(const struct scene *scene, uint32_t sw, const struct rule *rule, bool idle, struct reply *reply)
{
	struct fact fact = { .kind = FACT_NET };
	uint64_t network, ofport;
	if (rule->kind != RULE_FLOW || rule_table(rule) != pipeline[TABLE_GUARD].id || !read_row(rule, &fact)
	    || !rule_match_u(rule, FIELD_NETWORK, &network) || !rule_match_u(rule, FIELD_IN_PORT, &ofport))
		return false;
	const struct lease *lease = view_lease(scene->view, (uint32_t) network, true, fact.ip6);
	const struct host *host = view_host(scene->view, (uint32_t) network, fact.mac);
	if (!lease || !lease->slaac || lease->sw != sw || lease->ofport != ofport || memcmp(lease->mac, fact.mac, 6))
		return false;
	if (!idle)
		return scene->now_ms - lease->since_ms < TOLD_LATE_MS || (host && scene->now_ms - host->seen_ms < TOLD_LATE_MS);
	fact = view_lease_fact(lease, FACT_LEASE_GONE);
	fact.reason = REASON_AGED;
	fact.time_ms = scene->now_ms;
	reply->fact(reply->ctx, &fact);
	return false;
}
