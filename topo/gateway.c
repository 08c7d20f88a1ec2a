/* SPDX-License-Identifier: Apache-2.0 */
/* Where a network meets the LAN: which of its physical ports is open.
 *
 * Two open ones would be a loop through the LAN, so there is a moment with none
 * when it changes hands: the old one is closed, its switch says so, then the new
 * one is opened. A switch that is away cannot be told. It may be dead, or go on
 * with the rows that it has: it is suspect until it is back and has new ones.
 * Who decides when is the controller; here is what follows from it. */
#include "topo/view_private.h"

#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

static const struct net_physical *physical_of(const struct view *view, const struct view_network *vn)
{
	return &view->net->networks[vn - view->networks].physical;
}

bool view_gateway_place(const struct view *view, uint32_t network_index, uint32_t entry,
			uint32_t *ret_sw, const struct view_port **ret_port)
{
	const struct net_uplink *port = &view->net->networks[network_index].physical.ports[entry];
	uint32_t sw = view->slots[port->sw];
	const struct view_port *found = sw == NET_NONE ? NULL : view_port_by_name(view, sw, port->port);
	if (!found)
		return false;
	*ret_sw = sw;
	*ret_port = found;
	return true;
}

bool view_use_is_open(const struct view *view, const struct view_use *use)
{
	return !use->quarantine.on && (!use->is_physical || view->networks[use->network].gateway == use->entry);
}

bool view_is_suspect(const struct view *view, const struct view_network *vn, uint32_t sw)
{
	const struct net_physical *physical = physical_of(view, vn);
	for (uint32_t i = 0; i < physical->n_ports; i++)
		if (vn->gateways[i].suspect && view->slots[physical->ports[i].sw] == sw)
			return true;
	return false;
}

static bool is_alive(const struct view *view, uint32_t network_index, uint32_t entry, bool is_in_use)
{
	const struct view_port *port;
	uint32_t sw;
	if (!view_gateway_place(view, network_index, entry, &sw, &port))
		return false;
	const struct view_switch *vs = view->switches[sw];
	return vs->connected && (vs->ready || is_in_use) && port->up;
}

/* It will be in a moment: connected, and about to be in sync. */
static bool is_coming(const struct view *view, uint32_t network_index, uint32_t entry)
{
	const struct view_port *port;
	uint32_t sw;
	return view_gateway_place(view, network_index, entry, &sw, &port) && view->switches[sw]->connected
		&& !view->switches[sw]->ready && port->up;
}

uint32_t view_gateway_choose(const struct view *view, uint32_t network_index)
{
	const struct view_network *vn = &view->networks[network_index];
	size_t n = view->net->networks[network_index].physical.n_ports;
	if (n == 1)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		if (is_alive(view, network_index, i, i == vn->gateway))
			return i;
		if (vn->gateway == NET_NONE && is_coming(view, network_index, i))
			return NET_NONE;
	}
	return vn->gateway;
}

static bool is_physical(const struct view *view, uint32_t sw, uint32_t ofport, uint32_t network_id)
{
	const struct view_port *port = view_port(view, sw, ofport);
	const struct view_use *use = port ? view_use(port, network_id) : NULL;
	return use && use->is_physical;
}

/* Who takes a MAC away from the LAN by one frame must not keep it from its machine, which goes on
 * speaking there; a VM that really came from there is not heard there any more. */
void view_note_lan(const struct view *view, struct host *host, const struct view_use *to, uint32_t sw, uint32_t ofport)
{
	if (to->is_physical)
		host->of_lan |= !view_is_echo(view, host, sw, ofport);
	else
		host->of_lan &= is_physical(view, host->sw, host->ofport, host->network);
}

bool view_is_echo(const struct view *view, const struct host *host, uint32_t sw, uint32_t ofport)
{
	return !host->unconfirmed && is_physical(view, sw, ofport, host->network)
		&& !is_physical(view, host->sw, host->ofport, host->network)
		&& view_port(view, host->sw, host->ofport)->up;
}

bool view_stands_elsewhere(const struct view *view, const struct host *host, uint32_t sw, uint32_t ofport, uint64_t now_ms)
{
	const struct view_port *port = view_port(view, sw, ofport);
	const struct view_use *use = port ? view_use(port, host->network) : NULL;
	if (host->unconfirmed || (host->sw == sw && host->ofport == ofport))
		return false;
	return (use && now_ms < use->deaf_until_ms)
		|| (!host->of_lan && view_is_echo(view, host, sw, ofport) && view->switches[host->sw]->connected);
}

/* --- facts ------------------------------------------------------------------------- */

/* The entry of that switch, or NET_NONE: there is at most one. */
static uint32_t entry_of(const struct view *view, const struct view_network *vn, uint32_t sw)
{
	const struct net_physical *physical = physical_of(view, vn);
	for (uint32_t i = 0; sw != NET_NONE && i < physical->n_ports; i++)
		if (view->slots[physical->ports[i].sw] == sw)
			return i;
	return NET_NONE;
}

static bool suspect(struct view_network *vn, uint32_t entry)
{
	if (vn->gateways[entry].suspect || vn->gateway == entry)
		return false;
	vn->gateways[entry].suspect = true;
	return true;
}

/* The machines on the LAN are now behind another port. */
static void move_hosts(struct view *view, struct view_network *vn, uint32_t from, uint32_t to,
		       const struct gone *gone)
{
	const struct view_port *old, *new;
	uint32_t old_sw, new_sw, index = (uint32_t) (vn - view->networks);
	if (!view_gateway_place(view, index, from, &old_sw, &old)
	    || !view_gateway_place(view, index, to, &new_sw, &new))
		return;
	const struct view_member *member = view_member(vn, old_sw);
	for (uint32_t i = member ? member->first : NET_NONE, next; i != NET_NONE; i = next) {
		const struct host *host = host_at(&view->hosts, i);
		struct fact fact = {
			.kind = FACT_HOST, .sw = new_sw, .ofport = new->ofport, .network = vn->id,
			.has_ip4 = host->has_ip4, .has_ip6 = host->has_ip6, .time_ms = gone->now_ms,
		};
		next = host->next;
		if (host->ofport != old->ofport)
			continue;
		/* Nobody has heard it at its new place. If it is not there after all, a question
		 * for it must reach it, so that it speaks where it is. */
		view_forget_addresses(view, host, REASON_NONE, gone);
		memcpy(fact.mac, host->mac, sizeof fact.mac);
		memcpy(fact.ip4, host->ip4, sizeof fact.ip4);
		memcpy(fact.ip6, host->ip6, sizeof fact.ip6);
		if (view_host_apply(view, &fact) && gone->cb)
			gone->cb(gone->ctx, &fact);
	}
}

static void open_gateway(struct view *view, struct view_network *vn, uint32_t entry, const struct gone *gone)
{
	const struct net_physical *physical = physical_of(view, vn);
	vn->gateway = entry;
	vn->leaving = NET_NONE;
	vn->gateways[entry].suspect = false;
	for (uint32_t i = 0; i < physical->n_ports; i++) {
		uint32_t sw = view->slots[physical->ports[i].sw];
		if (i == entry)
			continue;
		if (sw == NET_NONE || !view->switches[sw]->connected)
			suspect(vn, i);
		move_hosts(view, vn, i, entry, gone);
	}
}

bool view_gateway_apply(struct view *view, const struct fact *fact, const struct gone *gone)
{
	struct view_network *vn = view_network_mutable(view, fact->network);
	uint32_t entry = vn ? entry_of(view, vn, fact->sw) : NET_NONE;
	if (!vn || (fact->sw != NET_NONE && entry == NET_NONE))
		return false;
	if (fact->recovered && !fact->unconfirmed && vn->gateway == NET_NONE && vn->leaving == NET_NONE) {
		vn->gateway = entry;
		return true;
	}
	if (fact->recovered)
		return suspect(vn, entry);
	if (vn->gateway == entry)
		return false;
	if (entry != NET_NONE) {
		open_gateway(view, vn, entry, gone);
		return true;
	}
	vn->leaving = view->slots[physical_of(view, vn)->ports[vn->gateway].sw];
	vn->gateway = NET_NONE;
	return true;
}

bool view_gateway_ready(struct view *view, uint32_t sw)
{
	struct view_switch *vs = view->switches[sw];
	bool any = false;
	vs->ready = vs->connected;
	for (size_t n = 0; vs->connected && n < view->n_networks; n++) {
		struct view_network *vn = &view->networks[n];
		uint32_t entry = entry_of(view, vn, sw);
		if (entry == NET_NONE || !vn->gateways[entry].suspect)
			continue;
		vn->gateways[entry].suspect = false;
		any = true;
	}
	return any;
}

/* --- a new file -------------------------------------------------------------------- */

static bool is_same(const struct net_uplink *a, const struct net_uplink *b)
{
	return !strcmp(a->switch_name, b->switch_name) && !strcmp(a->port, b->port);
}

/* The port in use stays in use. When it is not in the file any more, its switch
 * has to hear of that before another is opened. */
static void carry_over(const struct view *view, struct view_network *now, const struct net_physical *physical,
		       const struct view_network *old)
{
	const struct net_physical *before = physical_of(view, old);
	now->leaving = old->leaving;
	for (uint32_t k = 0; k < before->n_ports; k++) {
		uint32_t i = 0;
		while (i < physical->n_ports && !is_same(&physical->ports[i], &before->ports[k]))
			i++;
		if (i < physical->n_ports)
			now->gateways[i].suspect = old->gateways[k].suspect;
		if (k != old->gateway)
			continue;
		if (i < physical->n_ports)
			now->gateway = i;
		else
			now->leaving = view_switch_by_name(view, before->ports[k].switch_name);
	}
}

void view_gateways_make(const struct view *view, struct view_network *now,
			const struct net_network *network, const struct view_network *old)
{
	const struct net_physical *physical = &network->physical;
	now->gateway = now->leaving = NET_NONE;
	now->gateways = xheap_alloc(physical->n_ports * sizeof *now->gateways);
	if (old)
		carry_over(view, now, physical, old);
	/* The only one there is needs no choice. */
	if (physical->n_ports == 1 && now->leaving == NET_NONE)
		now->gateway = 0;
}
