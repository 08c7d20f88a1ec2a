/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: where the file puts them, and what goes when they do. Hosts that lose
 * their place are told of while the port still is as it was. */
#include "topo/view_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

static struct view_use make_use(const struct net *net, const struct net_use *from)
{
	const struct net_network *network = &net->networks[from->network];
	struct view_use use = {
		.network = from->network, .id = network->id, .entry = from->port,
		.tag = from->tag, .is_uplink = from->is_uplink, .is_physical = from->is_physical,
		.flood = true, .max_hosts = NET_NONE, .on_limit = NET_LIMIT_DROP,
	};
	if (from->is_uplink) {
		use.object = net->objects[network->uplinks[from->port].object].id;
	} else if (from->is_physical) {
		use.max_hosts = NET_PORT_HOSTS;
		use.object = net->objects[network->physical.ports[from->port].object].id;
	} else {
		const struct net_port *entry = &network->ports[from->port];
		use.flood = entry->flood;
		use.hairpin = entry->hairpin;
		use.max_hosts = entry->max_hosts == NET_NONE ? NET_PORT_HOSTS : entry->max_hosts;
		use.object = net->objects[entry->object].id;
		use.on_limit = entry->on_limit;
		use.sticky = entry->sticky;
	}
	use.room = use.on_limit == NET_LIMIT_REPORT ? NET_PORT_HOSTS : use.max_hosts;
	return use;
}

static void set_limits(struct view_use *use, const struct net_network *network)
{
	static const struct net_storm none;
	const struct net_storm *own = use->is_physical ? &network->physical.storm
		: use->is_uplink ? &none : &network->ports[use->entry].storm;
	use->loop_guard = !use->is_uplink && !use->is_physical
		&& net_guards_loops(network, &network->ports[use->entry]);
	for (unsigned kind = 0; kind < N_STORMS && !use->is_uplink; kind++)
		use->limits[kind] = net_storm_limit(&network->storm, own, kind);
	if (!use->is_uplink && !use->is_physical)
		use->limits[LIMIT_RATE] = (uint32_t) (network->ports[use->entry].rate / 1000);
}

static bool is_limited(const struct view_use *use)
{
	for (unsigned kind = 0; kind < N_LIMITS; kind++)
		if (use->limits[kind])
			return true;
	return false;
}

/* What happened at the port in that network is not forgotten when the file changes. */
static void carry_over(struct view_use *use, const struct view_use *old, size_t n_old)
{
	for (size_t i = 0; i < n_old; i++) {
		if (old[i].id != use->id || old[i].tag != use->tag)
			continue;
		for (unsigned kind = 0; kind < N_LIMITS; kind++)
			if (use->limits[kind])
				use->storms[kind] = old[i].storms[kind];
		if (use->loop_guard)
			use->quarantine = old[i].quarantine;
		use->deaf_until_ms = old[i].deaf_until_ms;
	}
}

/* Of the first of its networks, by name, that says so. */
static void bind_mirror(const struct net *net, struct view_port *port)
{
	for (size_t i = 0; i < port->n_uses && !port->mirror; i++) {
		const struct view_use *use = &port->uses[i];
		if (use->is_uplink || use->is_physical)
			continue;
		port->mirror = net->networks[use->network].ports[use->entry].mirror.port;
		port->mirror_object = use->object;
	}
}

static void bind_uses(struct view *view, struct view_switch *vs, struct view_port *port, const struct view_use *old,
		      size_t n_old)
{
	struct net_use *found = view->scratch;
	port->n_uses = 0;
	port->disabled = port->conflicted = port->is_mirror = false;
	port->mirror = NULL;
	port->link = vs->index == NET_NONE ? NET_NONE : net_link_of(view->net, vs->name, port->name, &port->link_end);
	port->tunnel = vs->index != NET_NONE && net_is_tunnel(view->net, vs->name, port->name);
	if (port->tunnel)
		vs->tunnel = port->ofport;
	if (!vs->admitted)
		return;
	const struct net_mirror *mirror = net_mirror_of(view->net, vs->name, port->name);
	port->is_mirror = mirror;
	if (mirror)
		port->mirror_object = view->net->objects[view->net->networks[mirror->network].ports[mirror->entry].object].id;
	size_t n = net_uses(view->net, vs->name, port->name, port->local, found, NET_MAX_USES,
			    &port->disabled);
	if (!n || port->disabled)
		return;
	if (n > NET_MAX_USES)
		n = NET_MAX_USES;
	port->uses = xheap_alloc(n * sizeof *port->uses);
	for (size_t i = 0; i < n; i++) {
		if (found[i].conflict) {
			port->conflicted = true;
			continue;
		}
		struct view_use *use = &port->uses[port->n_uses++];
		*use = make_use(view->net, &found[i]);
		set_limits(use, &view->net->networks[use->network]);
		vs->n_limited += is_limited(use);
		carry_over(use, old, n_old);
		vs->n_quarantined += use->quarantine.on;
		view_join(view, vs->sw, port->ofport, use);
	}
	bind_mirror(view->net, port);
}

uint32_t view_mirror(const struct view *view, uint32_t sw, const struct view_port *port)
{
	const struct view_port *to = port->mirror ? view_port_by_name(view, sw, port->mirror) : NULL;
	return to && to->is_mirror ? to->ofport : NET_NONE;
}

void view_port_bind(struct view *view, struct view_switch *vs, struct view_port *port)
{
	struct view_use *old = port->uses;
	size_t n_old = port->n_uses;
	port->uses = NULL;
	bind_uses(view, vs, port, old, n_old);
	free(old);
}

void view_evict_use(struct view *view, uint32_t sw, uint32_t ofport, const struct view_use *use,
		    enum fact_reason reason, const struct gone *gone)
{
	const struct view_member *member = view_member(&view->networks[use->network], sw);
	for (uint32_t i = member->first, next; i != NET_NONE && use->n_hosts; i = next) {
		next = host_at(&view->hosts, i)->next;
		if (host_at(&view->hosts, i)->ofport == ofport)
			view_evict(view, i, reason, gone);
	}
}

static void evict_hosts(struct view *view, uint32_t sw, const struct view_port *port,
			const struct gone *gone)
{
	for (size_t u = 0; u < port->n_uses; u++) {
		view_evict_use(view, sw, port->ofport, &port->uses[u], REASON_PORT_GONE, gone);
		view->switches[sw]->n_quarantined -= port->uses[u].quarantine.on;
		view->switches[sw]->n_limited -= is_limited(&port->uses[u]);
	}
}

bool view_port_remove(struct view *view, uint32_t sw, uint32_t ofport, const struct gone *gone)
{
	struct view_port *port = view_port_mutable(view, sw, ofport);
	if (!port)
		return false;
	struct view_switch *vs = view->switches[sw];
	view_link_lost(view, vs, port, gone->now_ms);
	evict_hosts(view, sw, port, gone);
	view_guards_leave(view, sw, ofport);
	for (size_t i = 0; i < port->n_uses; i++)
		view_leave(view, sw, port->ofport, &port->uses[i]);
	free(port->uses);
	if (port->tunnel)
		vs->tunnel = NET_NONE;
	size_t i = (size_t) (port - vs->ports);
	vs->n_ports--;
	memmove(port, port + 1, (vs->n_ports - i) * sizeof *port);
	return true;
}

static struct view_port *insert(struct view_switch *vs, uint32_t ofport)
{
	size_t n = vs->n_ports, i = 0;
	/* The array has room for the next power of two. */
	if (!(n & (n - 1)))
		vs->ports = xheap_realloc(vs->ports, (n ? n * 2 : 1) * sizeof *vs->ports);
	while (i < n && vs->ports[i].ofport < ofport)
		i++;
	memmove(&vs->ports[i + 1], &vs->ports[i], (n - i) * sizeof *vs->ports);
	vs->n_ports++;
	vs->ports[i] = (struct view_port) { .ofport = ofport };
	return &vs->ports[i];
}

static bool set_state(struct view *view, const struct view_switch *vs, struct view_port *port,
		      const struct fact *fact, const struct gone *gone)
{
	bool changed = port->up != fact->port_up || port->live != fact->port_live
		|| port->speed_mbps != fact->port_speed_mbps
		|| memcmp(port->mac, fact->port_mac, sizeof port->mac);
	bool was_good = view_port_is_good(port);
	if (port->up && !fact->port_up)
		view_quarantine_port_down(view, fact->sw, port, gone);
	if (!port->up && fact->port_up)
		port->up_since_ms = fact->time_ms;
	port->up = fact->port_up;
	port->live = fact->port_live;
	port->bfd |= port->up && !port->live;
	if (was_good && !view_port_is_good(port))
		view_link_lost(view, vs, port, fact->time_ms);
	port->speed_mbps = fact->port_speed_mbps;
	memcpy(port->mac, fact->port_mac, sizeof port->mac);
	return changed;
}

/* A name belongs to one port of a switch: when it turns up under another
 * number, or a number under another name, the port that was there is gone. So
 * where a known port stands changes with the file only. */
bool view_port_set(struct view *view, struct fact *fact, const struct gone *gone)
{
	struct view_switch *vs = (struct view_switch *) view_switch(view, fact->sw);
	char name[sizeof fact->port_name];
	fact->uses_changed = fact->port_replaced = false;
	if (!vs)
		return false;
	snprintf(name, sizeof name, "%.*s", (int) sizeof name - 1, fact->port_name);
	const struct view_port *twin = name[0] ? view_port_by_name(view, fact->sw, name) : NULL;
	if (twin && twin->ofport != fact->ofport)
		fact->port_replaced = view_port_remove(view, fact->sw, twin->ofport, gone);
	struct view_port *port = view_port_mutable(view, fact->sw, fact->ofport);
	if (port && !strcmp(port->name, name) && port->local == fact->port_local)
		return set_state(view, vs, port, fact, gone);
	fact->port_replaced |= view_port_remove(view, fact->sw, fact->ofport, gone);
	port = insert(vs, fact->ofport);
	memcpy(port->name, name, sizeof port->name);
	port->local = fact->port_local;
	port->link = NET_NONE;
	set_state(view, vs, port, fact, gone);
	view_port_bind(view, vs, port);
	/* What is known of its link may be of another cable, unless the switch tells for the first time; and
	 * what is recalled of it, or of its tunnels, is over when it is down. */
	if (!view_port_is_good(port) || (port->link != NET_NONE && vs->ever))
		view_link_lost(view, vs, port, fact->time_ms);
	fact->uses_changed = true;
	return true;
}
