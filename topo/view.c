/* SPDX-License-Identifier: Apache-2.0 */
/* The view's frame: slots of switches, look-ups, taking over a file. Facts are
 * in view_apply.c, ports in view_port.c, networks in view_network.c. */
#include "topo/view_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/steer.h"
#include "topo/ways.h"

struct view *view_new(void)
{
	struct view *view = xheap_alloc(sizeof *view);
	host_table_init(&view->hosts);
	binding_table_init(&view->bindings);
	lease_table_init(&view->leases);
	view->soonest_s = UINT32_MAX;
	view->scratch = xheap_alloc(NET_MAX_USES * sizeof *view->scratch);
	return view;
}

void view_free(struct view *view)
{
	if (!view)
		return;
	for (size_t sw = 0; sw < view->n_switches; sw++) {
		struct view_switch *vs = view->switches[sw];
		for (size_t i = 0; i < vs->n_ports; i++)
			free(vs->ports[i].uses);
		free(vs->ports);
		free(vs);
	}
	free(view->switches);
	free(view->slots);
	view_networks_free(view->networks, view->n_networks);
	free(view->ids);
	host_table_uninit(&view->hosts);
	free(view->links);
	ways_free(view->ways);
	steer_free(view->steer);
	binding_table_uninit(&view->bindings);
	lease_table_uninit(&view->leases);
	free(view->closures);
	free(view->changed);
	free(view->scratch);
	view_names_free(view);
	free(view);
}

const struct net *view_net(const struct view *view) { return view->net; }

/* --- switches ---------------------------------------------------------------------- */

void view_describe_switch(struct view *view, struct view_switch *vs)
{
	const struct net *net = view->net;
	char name[sizeof vs->name + 8];
	vs->index = net ? net_switch_by_name(net, vs->name) : NET_NONE;
	vs->admitted = net && (vs->index != NET_NONE || !net->n_switches);
	if (vs->index != NET_NONE) {
		view->slots[vs->index] = vs->sw;
		vs->dpid = net->switches[vs->index].dpid;
		vs->object = net->objects[net->switches[vs->index].object].id;
		return;
	}
	int len = snprintf(name, sizeof name, "switch %s", vs->name);
	vs->object = net_hash(name, (size_t) len) & 0xffffffffffffULL;
}

uint32_t view_switch_slot(struct view *view, const char *name, uint64_t dpid)
{
	uint32_t sw = view_switch_by_name(view, name);
	if (sw != NET_NONE) {
		view->switches[sw]->dpid = dpid;        /* a bridge made anew may have another */
		return sw;
	}
	if (view->n_switches == NET_MAX_SWITCHES)
		return NET_NONE;
	if (view->n_switches == view->max_switches) {
		view->max_switches = view->max_switches ? view->max_switches * 2 : 16;
		view->switches = xheap_realloc(view->switches,
					       view->max_switches * sizeof *view->switches);
	}
	struct view_switch *vs = xheap_alloc(sizeof *vs);
	vs->sw = (uint32_t) view->n_switches;
	vs->dpid = dpid;
	vs->tunnel = NET_NONE;
	snprintf(vs->name, sizeof vs->name, "%s", name);
	view->switches[view->n_switches++] = vs;
	view_describe_switch(view, vs);
	return vs->sw;
}

void view_set_max_meters(struct view *view, uint32_t sw, uint32_t max_meters)
{
	view->switches[sw]->max_meters = max_meters;
}

size_t view_n_switches(const struct view *view) { return view->n_switches; }

const struct view_switch *view_switch(const struct view *view, uint32_t sw)
{
	return sw < view->n_switches ? view->switches[sw] : NULL;
}

uint32_t view_switch_by_name(const struct view *view, const char *name)
{
	for (uint32_t sw = 0; sw < view->n_switches; sw++)
		if (!strcmp(view->switches[sw]->name, name))
			return sw;
	return NET_NONE;
}

uint32_t view_switch_by_index(const struct view *view, uint32_t index) { return view->slots[index]; }

/* --- ports ------------------------------------------------------------------------- */

const struct view_port *view_port(const struct view *view, uint32_t sw, uint32_t ofport)
{
	const struct view_switch *vs = view_switch(view, sw);
	size_t low = 0, high = vs ? vs->n_ports : 0;
	/* Most switches number their ports from 1 without gaps: then this is it. */
	if (ofport - 1 < high && vs->ports[ofport - 1].ofport == ofport)
		return &vs->ports[ofport - 1];
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (vs->ports[mid].ofport < ofport)
			low = mid + 1;
		else
			high = mid;
	}
	return vs && low < vs->n_ports && vs->ports[low].ofport == ofport ? &vs->ports[low] : NULL;
}

struct view_port *view_port_mutable(struct view *view, uint32_t sw, uint32_t ofport)
{
	return (struct view_port *) view_port(view, sw, ofport);
}

const struct view_port *view_port_by_name(const struct view *view, uint32_t sw, const char *name)
{
	const struct view_switch *vs = view_switch(view, sw);
	for (size_t i = 0; vs && i < vs->n_ports; i++)
		if (!strcmp(vs->ports[i].name, name))
			return &vs->ports[i];
	return NULL;
}

const struct view_use *view_use(const struct view_port *port, uint32_t network_id)
{
	/* Most ports have one use, a trunk some dozens. */
	for (size_t i = 0; i < port->n_uses; i++)
		if (port->uses[i].id == network_id)
			return &port->uses[i];
	return NULL;
}

struct view_use *view_use_mutable(struct view *view, uint32_t sw, uint32_t ofport, uint32_t network_id)
{
	const struct view_port *port = view_port(view, sw, ofport);
	return port ? (struct view_use *) view_use(port, network_id) : NULL;
}

/* --- hosts ------------------------------------------------------------------------- */

const struct host *view_host(const struct view *view, uint32_t network_id, const uint8_t mac[6])
{
	uint32_t i = host_find(&view->hosts, network_id, mac);
	return i == NET_NONE ? NULL : host_at(&view->hosts, i);
}

const void *view_host_place(const struct view *view, uint32_t network_id, const uint8_t mac[6])
{
	return host_find_at(&view->hosts, network_id, mac);
}

size_t view_n_hosts(const struct view *view) { return view->hosts.n; }

size_t view_host_slots(const struct view *view) { return view->hosts.n_slots; }

const struct host *view_host_at(const struct view *view, size_t i)
{
	const struct host *host = host_at(&view->hosts, (uint32_t) i);
	return host->network ? host : NULL;
}

/* --- a new file -------------------------------------------------------------------- */

static bool still_has_place(struct view *view, const struct host *host)
{
	const struct view_network *vn = view_network_by_id(view, host->network);
	if (!vn || net_vtep_of(view->net, (uint32_t) (vn - view->networks), host->mac))
		return false;
	if (host->unconfirmed)
		return true;
	const struct view_use *use = view_use_mutable(view, host->sw, host->ofport, host->network);
	return use && !use->is_uplink && view_may_stand(view, use, host->mac);
}

/* Everything that was counted or linked by the old file is made anew. Hosts
 * without a place are collected first and told last, so that who is told sees
 * a view that agrees with the new file. */
void view_bind(struct view *view, const struct net *net, uint64_t now_ms, view_fact_cb *cb, void *ctx)
{
	const struct gone gone = { .cb = cb, .ctx = ctx, .now_ms = now_ms };
	uint32_t homeless = NET_NONE;
	view->n_changed = 0;
	view_keep_names(view, net);
	view_ways_carry_over(view, net);
	if (view->steer)
		view_set_steer(view, steer_carry_over(view->steer, view->net, net));
	view_links_make(view, net);
	view_networks_make(view, net);
	view->net = net;
	view->slots = xheap_realloc(view->slots, net->n_switches * sizeof *view->slots);
	for (size_t i = 0; i < net->n_switches; i++)
		view->slots[i] = NET_NONE;
	for (size_t sw = 0; sw < view->n_switches; sw++) {
		struct view_switch *vs = view->switches[sw];
		view_describe_switch(view, vs);
		vs->tunnel = NET_NONE;
		vs->n_limited = vs->n_quarantined = 0;
		for (size_t i = 0; i < vs->n_ports; i++)
			view_port_bind(view, vs, &vs->ports[i]);
	}
	view_carry_all(view);
	for (uint32_t i = 0; i < view->hosts.n_slots; i++) {
		struct host *host = host_at(&view->hosts, i);
		if (!host->network)
			continue;
		if (still_has_place(view, host)) {
			view_place(view, i);
		} else {
			host->next = homeless;
			homeless = i;
		}
	}
	while (homeless != NET_NONE) {
		uint32_t i = homeless;
		homeless = host_at(&view->hosts, i)->next;
		view_drop(view, i, REASON_CONFIG, &gone);
	}
	view_bind_addresses(view);
	view_guards_bind(view);
}
