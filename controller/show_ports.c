/* SPDX-License-Identifier: Apache-2.0 */
/* show ports: every port of every switch that has been heard of, what the file
 * makes of it, and if it makes nothing of it, why. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/show_te.h"
#include "topo/ways.h"

static const struct view_port *find(const struct api_world *world, const struct show_key *key)
{
	if (!show_switch_state(world, (uint32_t) key->a))
		return NULL;
	return view_port(world->core->view, (uint32_t) key->a, (uint32_t) key->b);
}

static json_t *use_json(const struct api_world *world, uint32_t sw, const struct view_use *use)
{
	const struct net *net = world->core->net;
	const struct view *view = world->core->view;
	const struct net_network *network = &net->networks[use->network];
	const struct net_use of_file = {
		.network = use->network, .port = use->entry, .is_uplink = use->is_uplink,
		.is_physical = use->is_physical,
	};
	uint32_t line = net_use_line(net, &of_file);
	return json_pack("{s:o, s:o, s:b, s:b, s:b, s:b, s:b, s:I, s:o, s:o, s:o, s:o, s:I}",
			 "network", show_text(network->name),
			 "tag", use->tag == NET_UNTAGGED ? json_null() : json_integer(use->tag),
			 "uplink", use->is_uplink, "physical", use->is_physical,
			 "open", ways_open(view, sw, use), "flood", use->flood, "hairpin", use->hairpin,
			 "hosts", (json_int_t) use->n_hosts, "max_hosts", show_limit(use->max_hosts),
			 "storm", show_storms(use), "rate", show_rate(use), "quarantine_seconds", show_quarantine_left(world, use),
			 "line", (json_int_t) line);
}

/* The first use that was left out because an earlier one has its place. */
static void explain_conflict(const struct api_world *world, const char *sw, const struct view_port *port,
			     char *why, size_t size)
{
	const struct net *net = world->core->net;
	struct net_use uses[64];
	bool disabled;
	size_t n = net_uses(net, sw, port->name, port->local, uses, 64, &disabled);
	if (n > 64)
		n = 64;
	for (size_t i = 0; i < n; i++) {
		const struct net_network *network = &net->networks[uses[i].network];
		if (!uses[i].conflict)
			continue;
		uint32_t line = net_use_line(net, &uses[i]);
		if (uses[i].tag == NET_UNTAGGED)
			snprintf(why, size, "left out of network %s (%s:%" PRIu32 "): it is untagged in another network "
				 "already; give it a tag in one of them", network->name, net->file, line);
		else
			snprintf(why, size, "left out of network %s (%s:%" PRIu32 "): tag %u stands for another network "
				 "on this port already; use another tag", network->name, net->file, line, uses[i].tag);
		return;
	}
	snprintf(why, size, "two networks want this port in the same way");
}

/* Closed in all its networks. */
static bool is_standby(const struct view *view, uint32_t sw, const struct view_port *port)
{
	for (size_t i = 0; i < port->n_uses; i++)
		if (ways_open(view, sw, &port->uses[i]))
			return false;
	return true;
}

static bool is_quarantined(const struct api_world *world, const struct view_port *port, char *why, size_t size)
{
	for (size_t i = 0; i < port->n_uses; i++)
		if (show_quarantine_text(world, &port->uses[i], why, size))
			return true;
	return false;
}

static bool has_storm(const struct api_world *world, const struct view_port *port, char *why, size_t size)
{
	for (size_t i = 0; i < port->n_uses; i++)
		if (show_storm_text(world, &port->uses[i], why, size))
			return true;
	return false;
}

static bool has_rate(const struct api_world *world, const struct view_port *port, char *why, size_t size)
{
	for (size_t i = 0; i < port->n_uses; i++)
		if (show_rate_text(world, &port->uses[i], why, size))
			return true;
	return false;
}

/* What is to be said of the port; why stays empty when nothing is wrong. */
static const char *judge(const struct api_world *world, const struct view_switch *vs, const struct view_port *port,
			 char *why, size_t size)
{
	uint32_t slot = vs->sw;
	const char *sw = vs->name;
	why[0] = '\0';
	if (port->disabled) {
		snprintf(why, size, "an entry with enable: false takes it out of every network");
		return "disabled";
	}
	if (port->conflicted) {
		explain_conflict(world, sw, port, why, size);
		return "conflict";
	}
	if (port->link != NET_NONE) {
		const char *state = show_link_state(world, port->link, why, size);
		return !strcmp(state, "up") ? "ok" : !strcmp(state, "down") ? "down" : "link";
	}
	if (port->tunnel)
		return port->up ? "ok" : "down";
	unsigned end;
	uint32_t edge = net_bfd_of(world->core->net, sw, port->name, &end);
	if (edge != NET_NONE && port->live)
		return "ok";
	if (edge != NET_NONE) {
		snprintf(why, size, "BFD says that tunnel %s does not live, or does not run", world->core->net->edges[edge].name);
		return "down";
	}
	if (port->is_mirror) {
		show_mirror_text(world, vs, port, why, size);
		return port->up ? "mirror" : "down";
	}
	if (!port->n_uses && port->local) {
		snprintf(why, size, "the bridge's own port; only an entry with its exact name takes it in");
		return "local";
	}
	if (!port->n_uses) {
		snprintf(why, size, "no entry of the file names it: its frames are dropped and counted");
		return "no-network";
	}
	if (is_quarantined(world, port, why, size))
		return "quarantine";
	if (port->up && is_standby(world->core->view, slot, port)) {
		snprintf(why, size, port->uses[0].is_uplink ? "links lead to the LAN still; it opens when they are left"
			 : "of the network's ports to the LAN another one is in use");
		return "standby";
	}
	if (show_shut(world, slot, port, why, size))
		return "shut";
	if (has_storm(world, port, why, size))
		return "storm";
	if (has_rate(world, port, why, size))
		return "rate";
	show_mirror_text(world, vs, port, why, size);
	return port->up ? "ok" : "down";
}

static json_t *counted(uint64_t n)
{
	return n == UINT64_MAX ? json_null() : show_count(n);
}

/* What it takes in from its host is rx. */
static void add_counts(const struct api_world *world, json_t *json, const struct view_port *port)
{
	static const struct view_counts none = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };
	const struct view_counts *counts = port->counts_ms ? &port->counts : &none;
	const struct core *core = world->core;
	show_set(json, "rx_packets", counted(counts->rx_packets));
	show_set(json, "tx_packets", counted(counts->tx_packets));
	show_set(json, "rx_bytes", counted(counts->rx_bytes));
	show_set(json, "tx_bytes", counted(counts->tx_bytes));
	show_set(json, "rx_dropped", counted(counts->rx_dropped));
	show_set(json, "tx_dropped", counted(counts->tx_dropped));
	show_set(json, "rx_mbps", port->counts_from_ms ? show_mbps(port->rx_mbps) : json_null());
	show_set(json, "tx_mbps", port->counts_from_ms ? show_mbps(port->tx_mbps) : json_null());
	show_set(json, "counted_ms", port->counts_ms ? show_count(core->wall_ms - (core->now_ms - port->counts_ms)) : json_null());
}

static json_t *item(const struct api_world *world, const struct show_query *query,
		    const struct show_key *key)
{
	const struct view_port *port = find(world, key);
	char why[400];
	if (!port)
		return NULL;
	const struct view_switch *vs = view_switch(world->core->view, (uint32_t) key->a);
	const char *state = judge(world, vs, port, why, sizeof why);
	if (query->state && strcmp(query->state, state))
		return NULL;
	json_t *networks = json_array();
	for (size_t i = 0; i < port->n_uses; i++) {
		json_t *use = use_json(world, vs->sw, &port->uses[i]);
		show_guard(world, vs->sw, port->ofport, &port->uses[i], use);
		json_array_append_new(networks, use);
	}
	json_t *json = json_pack("{s:o, s:o, s:I, s:b, s:b, s:b, s:b, s:o, s:I, s:o, s:o, s:o, s:I, s:I, s:o, s:s, s:o}",
			 "switch", show_text(vs->name), "name", show_text(port->name),
			 "ofport", (json_int_t) port->ofport, "up", port->up, "live", port->live,
			 "local", port->local, "tunnel", port->tunnel, "mac", show_mac(port->mac),
			 "speed_mbps", (json_int_t) port->speed_mbps, "networks", networks,
			 "mirror", show_mirror(vs, port), "mirrored", show_mirrored(vs, port),
			 "refused_hosts", (json_int_t) port->n_refused,
			 "violations", (json_int_t) port->n_violations,
			 "last_violation", port->n_violations ? show_text(fact_reason_text(port->violation)) : json_null(),
			 "state", state,
			 "why", why[0] ? show_text(why) : json_null());
	add_counts(world, json, port);
	return json;
}

static bool has_network(const struct view_port *port, const struct net *net, const char *name)
{
	for (size_t i = 0; i < port->n_uses; i++)
		if (!strcmp(net->networks[port->uses[i].network].name, name))
			return true;
	return false;
}

static bool refill(const struct api_world *world, const struct show_query *query, struct show_keys *keys)
{
	for (uint32_t sw = 0; sw < world->core->n_switches; sw++) {
		const struct view_switch *vs = view_switch(world->core->view, sw);
		if (!show_switch_state(world, sw) || (query->sw && strcmp(query->sw, vs->name)))
			continue;
		for (size_t i = 0; i < vs->n_ports; i++) {
			const struct view_port *port = &vs->ports[i];
			if (query->port && strcmp(query->port, port->name))
				continue;
			if (query->network && !has_network(port, world->core->net, query->network))
				continue;
			show_keys_add(keys, sw, port->ofport);
		}
	}
	return false;
}

const struct show_list show_ports = {
	.name = "ports",
	.refill = refill,
	.item = item,
};
