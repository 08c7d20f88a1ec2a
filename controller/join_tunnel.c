/* SPDX-License-Identifier: Apache-2.0 */
/* join: the ports of tunnels. One VXLAN port carries all of them, its rows say whereto; ports
 * for BFD, which only tell whether a peer is there, are made where the file names them. What
 * join makes is marked, so that leave takes away no port of others. */
#include "controller/join.h"

#include <inttypes.h>
#include <string.h>

/* VNIs of BFD: below those of labels, above what people choose. */
enum { FIRST_KEY = 0xd00000, N_KEYS = NET_TE_FIRST_VNI - FIRST_KEY };

/* Both ends must come to the same, whenever they join. */
uint32_t join_bfd_key(const struct net *net, const char *tunnel)
{
	uint32_t key = FIRST_KEY + (uint32_t) (net_hash(tunnel, strlen(tunnel)) % N_KEYS);
	for (bool is_taken = true; is_taken;) {
		is_taken = false;
		for (size_t i = 0; i < net->n_networks; i++)
			is_taken |= net->networks[i].vni == key;
		if (is_taken)
			key = key + 1 < FIRST_KEY + N_KEYS ? key + 1 : FIRST_KEY;
	}
	return key;
}

struct tunnel {
	const char *port;
	const char *remote;             /* "flow", or the peer's address */
	const char *local;              /* null = by the routes */
	const char *key;
	bool bfd;
};

static bool is_right(const json_t *row, const struct tunnel *tunnel)
{
	return !strcmp(vsctl_key(row, "options", "remote_ip"), tunnel->remote) &&
	       !strcmp(vsctl_key(row, "options", "local_ip"), tunnel->local ? tunnel->local : "") &&
	       !strcmp(vsctl_key(row, "options", "key"), tunnel->key) &&
	       (!tunnel->bfd || !strcmp(vsctl_key(row, "bfd", "enable"), "true"));
}

static void set_options(struct args *args, const struct tunnel *tunnel, const json_t *old)
{
	if (old && !tunnel->local && *vsctl_key(old, "options", "local_ip"))
		add_all(args, "--", "remove", "Interface", tunnel->port, "options", "local_ip", NULL);
	add_all(args, "--", "set", "Interface", tunnel->port, "type=vxlan", NULL);
	vsctl_add_value(args, "options:remote_ip", tunnel->remote);
	vsctl_add_value(args, "options:key", tunnel->key);
	if (tunnel->local)
		vsctl_add_value(args, "options:local_ip", tunnel->local);
	if (tunnel->bfd) {
		add(args, "bfd:enable=true");
		add(args, "bfd:min_rx=%d", JOIN_BFD_MS);
		add(args, "bfd:min_tx=%d", JOIN_BFD_MS);
	}
}

static void want_tunnel(const struct vsctl *ovs, const struct join_wish *wish, const struct tunnel *tunnel,
			struct join_plan *plan)
{
	const json_t *row = vsctl_row(ovs, VSCTL_INTERFACE, "name", tunnel->port);
	const json_t *bridge = vsctl_bridge_of(ovs, tunnel->port);
	const char *type = vsctl_text(row, "type");
	const char *words = arena_printf(plan->changes.arena, "vxlan to %s%s%s%s", tunnel->remote, tunnel->local ? " from " : "",
					 tunnel->local ? tunnel->local : "", tunnel->bfd ? " for BFD" : "");
	if (!row) {
		add(&plan->changes, "port %s: new, %s", tunnel->port, words);
		add_all(&plan->commands, "--", "add-port", wish->bridge, tunnel->port, NULL);
		set_options(&plan->commands, tunnel, NULL);
		vsctl_add_value(&plan->commands, "external_ids:weft-switch", wish->name);
		return;
	}
	if (!bridge || strcmp(vsctl_text(bridge, "name"), wish->bridge)) {
		add(&plan->errors, "port %s is on bridge %s, not on %s: take it off there, or give the switch another `tunnel` in "
		    "the file", tunnel->port, bridge ? vsctl_text(bridge, "name") : "(none)", wish->bridge);
		return;
	}
	if (strcmp(type, "vxlan")) {
		add(&plan->errors, "port %s of %s is %s and no tunnel: give it another name, or give the switch another `tunnel` "
		    "in the file", tunnel->port, wish->bridge, *type ? type : "a device");
		return;
	}
	if (is_right(row, tunnel))
		return;
	bool is_ours = *vsctl_key(row, "external_ids", "weft-switch");
	if (is_ours || wish->replace)
		add(&plan->changes, "port %s: %s", tunnel->port, words);
	else
		add(&plan->errors, "port %s: vxlan to %s -> %s: give --replace if that is meant", tunnel->port,
		    vsctl_key(row, "options", "remote_ip"), words);
	set_options(&plan->commands, tunnel, row);
}

static void want_bfd(const struct vsctl *ovs, const struct join_wish *wish, const struct net_tunnel *tunnel, size_t end,
		     struct join_plan *plan)
{
	const struct net *net = wish->net;
	uint32_t here = net_switch_by_name(net, tunnel->ends[end].switch_name);
	uint32_t there = net_switch_by_name(net, tunnel->ends[!end].switch_name);
	struct tunnel one = {
		.port = tunnel->bfd[end].port, .bfd = true,
		.local = net->switches[here].vteps[tunnel->vtep[end]].text,
		.remote = net->switches[there].vteps[tunnel->vtep[!end]].text,
		.key = arena_printf(plan->changes.arena, "%" PRIu32, join_bfd_key(net, tunnel->name)),
	};
	const json_t *row = vsctl_row(ovs, VSCTL_INTERFACE, "name", one.port);
	/* Any key will do that both ends have. */
	if (row && !*vsctl_key(row, "external_ids", "weft-switch"))
		one.key = vsctl_key(row, "options", "key");
	want_tunnel(ovs, wish, &one, plan);
}

/* Ports that the file names and the bridge does not have. */
static void miss(const struct vsctl *ovs, const struct join_wish *wish, const char *sw, const char *port, const char *what,
		 struct join_plan *plan)
{
	const json_t *bridge = vsctl_bridge_of(ovs, port);
	if (strcmp(sw, wish->name) || (bridge && !strcmp(vsctl_text(bridge, "name"), wish->bridge)))
		return;
	add(&plan->warnings, "%s (%s) is not on %s: ovs-vsctl add-port %s %s", port, what, wish->bridge, wish->bridge, port);
}

static void miss_ports(const struct vsctl *ovs, const struct join_wish *wish, struct join_plan *plan)
{
	const struct net *net = wish->net;
	for (size_t i = 0; i < 2 * net->n_links; i++)
		miss(ovs, wish, net->links[i / 2].ends[i & 1].switch_name, net->links[i / 2].ends[i & 1].port, "a link", plan);
	for (size_t i = 0; i < net->n_networks; i++) {
		const struct net_network *network = &net->networks[i];
		for (size_t k = 0; k < network->n_uplinks; k++)
			miss(ovs, wish, network->uplinks[k].switch_name, network->uplinks[k].port, "an uplink", plan);
		for (size_t k = 0; k < network->physical.n_ports; k++)
			miss(ovs, wish, network->physical.ports[k].switch_name, network->physical.ports[k].port,
			     "physical", plan);
	}
}

void join_tunnels(const struct vsctl *ovs, const struct join_wish *wish, struct join_plan *plan)
{
	const struct net *net = wish->net;
	uint32_t i = net && net->n_switches ? net_switch_by_name(net, wish->name) : NET_NONE;
	const struct net_switch *sw = i == NET_NONE ? NULL : &net->switches[i];
	struct tunnel all = { .port = sw ? sw->tunnel : "vxlan0", .remote = "flow", .key = "flow" };
	/* In several underlays routes say which address is sent from. */
	all.local = sw && sw->n_vteps > 1 ? NULL : wish->vtep;
	if (wish->vtep)
		want_tunnel(ovs, wish, &all, plan);
	for (size_t k = 0; sw && k < 2 * net->n_tunnels; k++)
		if (net->tunnels[k / 2].bfd[k & 1].port && !strcmp(net->tunnels[k / 2].ends[k & 1].switch_name, wish->name))
			want_bfd(ovs, wish, &net->tunnels[k / 2], k & 1, plan);
	if (net)
		miss_ports(ovs, wish, plan);
}
