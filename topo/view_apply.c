/* SPDX-License-Identifier: Apache-2.0 */
/* Facts become view. Which of two stories about a host is believed:
 *
 *   1. what a switch says now (a punt) over everything that was read back;
 *   2. of two rows read back, the younger one;
 *   3. a host's own switch (its source row) over the memory of another one, and over
 *      what the LAN sent back of it while that switch was away.
 */
#include "topo/view_private.h"

#include <string.h>

enum {
	REFUSALS_MS = 10000,            /* in this time ... */
	REFUSALS_TOLD = 10,             /* ... at most so many refusals are news, per port */
};

static void take_addresses(struct host *host, const struct fact *fact)
{
	if (fact->has_ip4) {
		host->has_ip4 = true;
		memcpy(host->ip4, fact->ip4, sizeof host->ip4);
	}
	if (fact->has_ip6) {
		host->has_ip6 = true;
		memcpy(host->ip6, fact->ip6, sizeof host->ip6);
	}
}

static struct host *add_host(struct view *view, const struct fact *fact, uint64_t seen_ms)
{
	uint32_t i = host_add(&view->hosts, fact->network, fact->mac);
	struct host *host = host_at(&view->hosts, i);
	host->sw = fact->unconfirmed ? NET_NONE : fact->sw;
	host->ofport = fact->ofport;
	host->unconfirmed = fact->unconfirmed;
	host->sticks = fact->sticks;
	host->recovered = fact->recovered;
	host->first_ms = host->seen_ms = seen_ms;
	take_addresses(host, fact);
	view_place(view, i);
	return host;
}

/* The file knows where it is. */
static bool is_foreign(const struct view *view, const struct view_network *vn, const uint8_t mac[6])
{
	return net_vtep_of(view->net, (uint32_t) (vn - view->networks), mac);
}

/* Links lead there because the switch was in the network: it is until it says itself where it stands, or is
 * given up. A tunnel says so without hosts, see FACT_MEMBER. */
static void remember_switch(struct view *view, struct view_network *vn, uint32_t peer)
{
	uint32_t index = view->net->n_links && peer ? net_switch_by_peer(view->net, peer) : NET_NONE;
	uint32_t sw = index == NET_NONE ? NET_NONE : view->slots[index];
	if (sw != NET_NONE && !view->switches[sw]->ever && !view->settled)
		view_remember(view, vn, sw);
}

static bool apply_unconfirmed(struct view *view, struct view_network *vn, const struct fact *fact)
{
	remember_switch(view, vn, fact->ofport);
	uint32_t i = host_find(&view->hosts, fact->network, fact->mac);
	if (i == NET_NONE) {
		add_host(view, fact, fact->time_ms);
		return true;
	}
	/* Another row of the same switch said where it is. */
	if (host_at(&view->hosts, i)->unconfirmed)
		host_at(&view->hosts, i)->sticks |= fact->sticks;
	return false;
}

/* Two rows, or a row and what was heard meanwhile, say where a host is: the later
 * one is right, but what the LAN heard may be the echo of a gateway that was away. */
static bool believe_row(const struct view *view, const struct host *host, const struct fact *fact, uint64_t seen_ms)
{
	struct host there = *host;
	there.sw = fact->sw;
	there.ofport = fact->ofport;
	if (view_is_echo(view, host, fact->sw, fact->ofport))
		return false;
	return view_is_echo(view, &there, host->sw, host->ofport) || (host->recovered && host->seen_ms < seen_ms);
}

bool view_may_stand(const struct view *view, const struct view_use *use, const uint8_t mac[6])
{
	const struct net_network *network = &view->net->networks[use->network];
	return net_may_stand(network, use->is_physical ? NULL : &network->ports[use->entry], mac);
}

bool view_host_apply(struct view *view, struct fact *fact)
{
	struct view_network *vn = view_network_mutable(view, fact->network);
	uint64_t age_ms = fact->recovered ? fact->age_s * 1000ULL : 0;
	uint64_t seen_ms = fact->time_ms > age_ms ? fact->time_ms - age_ms : 0;

	fact->old_sw = NET_NONE;
	fact->old_ofport = 0;
	fact->was_known = false;
	if (!vn || is_foreign(view, vn, fact->mac))
		return false;
	if (fact->unconfirmed)
		return apply_unconfirmed(view, vn, fact);
	const struct view_use *use = view_use_mutable(view, fact->sw, fact->ofport, fact->network);
	if (!use || use->is_uplink || use->quarantine.on || !view_may_stand(view, use, fact->mac))
		return false;
	if (!fact->recovered && fact->time_ms < use->deaf_until_ms)
		return false;
	uint32_t i = host_find(&view->hosts, fact->network, fact->mac);
	if (i == NET_NONE) {
		add_host(view, fact, seen_ms)->of_lan = use->is_physical;
		return true;
	}
	struct host *host = host_at(&view->hosts, i);
	if (!fact->recovered && view_sticks_elsewhere(view, host, fact->sw, fact->ofport))
		return false;
	fact->was_known = true;
	bool here = host->sw == fact->sw && host->ofport == fact->ofport;
	if (fact->recovered && !host->unconfirmed) {
		if (here || !believe_row(view, host, fact, seen_ms))
			return false;
		seen_ms = host->seen_ms > seen_ms ? host->seen_ms : seen_ms;
	} else {
		host->recovered = fact->recovered;
		take_addresses(host, fact);
	}
	host->seen_ms = seen_ms;
	if (here)
		return false;
	if (!host->unconfirmed) {
		fact->old_sw = host->sw;
		fact->old_ofport = host->ofport;
		vn->n_moves++;
		if (!fact->recovered)
			view_flap_note(view, fact->network, fact->mac, (struct view_place) { host->sw, host->ofport },
				       (struct view_place) { fact->sw, fact->ofport }, fact->time_ms);
	}
	view_note_lan(view, host, use, fact->sw, fact->ofport);
	view_unplace(view, i);
	host->unconfirmed = false;
	host->sw = fact->sw;
	host->ofport = fact->ofport;
	view_place(view, i);
	return true;
}

static bool apply_host_gone(struct view *view, const struct fact *fact, const struct gone *gone)
{
	uint32_t i = host_find(&view->hosts, fact->network, fact->mac);
	if (i == NET_NONE)
		return false;
	const struct host *host = host_at(&view->hosts, i);
	if (host->sw != fact->sw || (!host->unconfirmed && host->ofport != fact->ofport))
		return false;
	if (fact->reason == REASON_GOES_ON)
		view_flap_forget(view, fact->network, fact->mac);
	view_forget_addresses(view, host, fact->reason, gone);
	view_unplace(view, i);
	host_remove(&view->hosts, i);
	return true;
}

/* It stands on a port and is heard from the LAN, or out of a loop, as well: maybe again and again. */
static void note_echo(struct view *view, const struct fact *fact)
{
	uint32_t i = host_find(&view->hosts, fact->network, fact->mac);
	const struct host *host = i == NET_NONE ? NULL : host_at(&view->hosts, i);
	struct view_place there = { fact->sw, fact->ofport };
	if (fact->reason == REASON_STANDS && host && !host->unconfirmed)
		view_flap_note_refused(view, fact->network, fact->mac, (struct view_place) { host->sw, host->ofport }, there,
				       fact->time_ms);
}

static bool apply_refused(struct view *view, const struct fact *fact)
{
	struct view_network *vn = view_network_mutable(view, fact->network);
	struct view_port *port = view_port_mutable(view, fact->sw, fact->ofport);
	if (!vn || !port)
		return false;
	vn->n_refused++;
	port->n_refused++;
	note_echo(view, fact);
	if (port->n_refused == 1 || fact->time_ms - port->refused_since_ms >= REFUSALS_MS) {
		port->refused_since_ms = fact->time_ms;
		port->n_refused_told = 0;
	}
	if (port->n_refused_told == REFUSALS_TOLD)
		return false;
	port->n_refused_told++;
	return true;
}

static bool apply_switch(struct view *view, const struct fact *fact)
{
	struct view_switch *vs = (struct view_switch *) view_switch(view, fact->sw);
	bool connected = fact->kind == FACT_SWITCH_UP;
	if (!vs || vs->connected == connected)
		return false;
	vs->connected = connected;
	vs->ever |= connected;
	vs->ready = false;
	/* It has said itself where it stands. */
	for (size_t n = 0; connected && n < view->n_networks; n++)
		view_unremember(view, &view->networks[n], fact->sw);
	return true;
}

/* The row that turned new hosts away on this switch is still there. Who filled
 * the network may be behind switches that are not back yet. */
static bool apply_network_full(struct view *view, const struct fact *fact)
{
	struct view_network *vn = view_network_mutable(view, fact->network);
	if (!vn || vn->was_full || !fact->recovered || view_complete(view, fact->sw)
	    || view->net->networks[vn - view->networks].max_hosts == NET_NONE)
		return false;
	vn->was_full = true;
	return true;
}

static bool apply_member(struct view *view, const struct fact *fact)
{
	struct view_network *vn = view_network_mutable(view, fact->network);
	const struct view_switch *vs = view_switch(view, fact->sw);
	if (!vn || !vs || !fact->recovered || vs->ever || vs->index == NET_NONE || view->settled
	    || !view->net->networks[vn - view->networks].tunnels)
		return false;
	return view_remember(view, vn, fact->sw);
}

bool view_apply(struct view *view, struct fact *fact, view_fact_cb *cb, void *ctx)
{
	const struct gone gone = { .cb = cb, .ctx = ctx, .now_ms = fact->time_ms };
	/* Told while another fact is being looked at: what that one changed is still asked for. */
	if (fact->kind == FACT_PROBE)
		return view_probe_sent(view, fact);
	view->n_changed = 0;
	switch (fact->kind) {
	case FACT_NET:
		return false;           /* view_bind() */
	case FACT_SWITCH_UP:
	case FACT_SWITCH_DOWN:
		return apply_switch(view, fact);
	case FACT_PORT:
		return view_port_set(view, fact, &gone);
	case FACT_PORT_GONE:
		return view_port_remove(view, fact->sw, fact->ofport, &gone);
	case FACT_HOST:
		if (!view_host_apply(view, fact))
			return false;
		view_leases_follow(view, fact);
		return true;
	case FACT_HOST_GONE:
		return apply_host_gone(view, fact, &gone);
	case FACT_HOST_REFUSED:
		return apply_refused(view, fact);
	case FACT_NETWORK_FULL:
		return apply_network_full(view, fact);
	case FACT_MEMBER:
		return apply_member(view, fact);
	case FACT_SWITCH_READY:
		fact->uses_changed = view_gateway_ready(view, fact->sw);
		return true;
	case FACT_LINK:
		return view_link_heard(view, fact);
	case FACT_WAYS:
		return true;            /* view_set_ways() */
	case FACT_STEER:
		return true;            /* view_set_steer() */
	case FACT_GATEWAY:
		return view_gateway_apply(view, fact, &gone);
	case FACT_ADDRESS:
		return view_apply_address(view, fact);
	case FACT_ADDRESS_GONE:
		return view_apply_address_gone(view, fact);
	case FACT_DUPLICATE:
	case FACT_ADDRESS_SETTLED:
		return view_apply_dispute(view, fact);
	case FACT_VIOLATION:
		return view_apply_violation(view, fact);
	case FACT_LEASE:
		return view_apply_lease(view, fact);
	case FACT_LEASE_GONE:
		return view_apply_lease_gone(view, fact);
	case FACT_PORT_SHUT:
		return view_apply_shut(view, fact);
	case FACT_PORT_OPEN:
		return view_apply_open(view, fact);
	case FACT_QUARANTINE:
	case FACT_QUARANTINE_OVER:
		return view_quarantine_apply(view, fact, &gone);
	case FACT_STORM:
	case FACT_STORM_OVER:
	case FACT_RATE:
	case FACT_RATE_OVER:
		return view_storm_apply(view, fact);
	case FACT_PROBE_LOST:
		return view_probe_lost(view, fact);
	case FACT_ANSWER:
		return view_probe_answered(view, fact);
	case FACT_PROBE:
	case N_FACT_KINDS:
		break;
	}
	return false;
}

bool view_complete(const struct view *view, uint32_t except)
{
	const struct net *net = view->net;
	if (view->settled || !net)
		return true;
	for (size_t i = 0; i < net->n_switches; i++) {
		uint32_t sw = view->slots[i];
		if (sw == NET_NONE || (sw != except && !view->switches[sw]->ever))
			return false;
	}
	return net->n_switches > 0;
}

static void settle_network(struct view *view, struct view_network *vn, const struct gone *gone)
{
	while (vn->first_unconfirmed != NET_NONE)
		view_evict(view, vn->first_unconfirmed, REASON_UNCONFIRMED, gone);
	for (size_t i = vn->n_members; i-- > 0;) {
		struct fact fact = {
			.kind = FACT_MEMBER, .network = vn->id, .sw = vn->members[i].sw, .old_sw = NET_NONE,
			.time_ms = gone->now_ms,
		};
		view->n_changed = 0;
		if (view_unremember(view, vn, fact.sw) && gone->cb)
			gone->cb(gone->ctx, &fact);
	}
	if (!vn->was_full)
		return;
	vn->was_full = false;
	struct fact fact = {
		.kind = FACT_NETWORK_FULL, .network = vn->id, .sw = NET_NONE, .old_sw = NET_NONE,
		.time_ms = gone->now_ms,
	};
	if (!view_network_full(view, (uint32_t) (vn - view->networks)) && gone->cb)
		gone->cb(gone->ctx, &fact);
}

void view_settle(struct view *view, bool all, uint64_t now_ms, view_fact_cb *cb, void *ctx)
{
	const struct gone gone = { .cb = cb, .ctx = ctx, .now_ms = now_ms };
	view->settled |= all;
	if (!view_complete(view, NET_NONE))
		return;
	view_settle_addresses(view, &gone);
	for (size_t n = 0; n < view->n_networks; n++)
		settle_network(view, &view->networks[n], &gone);
}

bool view_network_full(const struct view *view, uint32_t index)
{
	const struct view_network *vn = &view->networks[index];
	return vn->was_full || vn->n_hosts >= view->net->networks[index].max_hosts;
}

bool view_sticks_elsewhere(const struct view *view, const struct host *host, uint32_t sw, uint32_t ofport)
{
	(void) view;
	return host->sticks && (host->unconfirmed || host->sw != sw || host->ofport != ofport);
}

const struct net_port *view_bound_elsewhere(const struct view *view, const struct view_use *use, const uint8_t mac[6])
{
	return view_may_stand(view, use, mac) ? NULL : net_bound_mac(&view->net->networks[use->network], mac);
}

enum fact_reason view_may_learn(const struct view *view, const struct view_use *use)
{
	if (!use || use->is_uplink || use->quarantine.on)
		return REASON_CONFIG;
	if (use->n_hosts >= use->room)
		return REASON_PORT_LIMIT;
	return view_network_full(view, use->network) ? REASON_NETWORK_LIMIT : REASON_NONE;
}
