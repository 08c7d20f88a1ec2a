/* SPDX-License-Identifier: Apache-2.0 */
/* show networks: what the file wants, and how many of what are there. */
#include <string.h>

#include "controller/show.h"

static const char *transport_word(const struct net_network *network)
{
	bool by_links = network->transport == NET_LOCAL && network->link_vlan;
	return by_links ? "links" : net_transport_word(network->transport);
}

static json_t *gateway(const struct api_world *world, uint32_t index)
{
	uint32_t entry = view_network(world->core->view, index)->gateway, sw;
	const struct view_port *port;
	if (entry == NET_NONE || !view_gateway_place(world->core->view, index, entry, &sw, &port))
		return json_null();
	return show_place(world, sw, port->ofport);
}

json_t *show_network(const struct api_world *world, uint32_t index)
{
	const struct core *core = world->core;
	const struct net_network *network = &core->net->networks[index];
	const struct view_network *seen = view_network(core->view, index);
	size_t n_ports = 0, n_switches = 0;
	for (size_t i = 0; i < seen->n_members; i++) {
		n_switches += view_member_is_here(&seen->members[i]);
		n_ports += seen->members[i].n_edges + (seen->members[i].uplink != NET_NONE);
	}
	json_t *json = json_pack("{s:o, s:I, s:o, s:I, s:I, s:I, s:I, s:I}",
				 "name", show_text(network->name), "hosts", (json_int_t) seen->n_hosts,
				 "max_hosts", show_limit(network->max_hosts),
				 "ports", (json_int_t) n_ports, "switches", (json_int_t) n_switches,
				 "unconfirmed_hosts", (json_int_t) seen->n_unconfirmed,
				 "refused_hosts", (json_int_t) seen->n_refused, "moves", (json_int_t) seen->n_moves);
	show_set(json, "transport", json_string(transport_word(network)));
	uint16_t vlan = network->physical.n_ports ? network->physical.vlan : network->vlan;
	show_set(json, "vlan", vlan ? json_integer(vlan) : json_null());
	show_set(json, "gateway", gateway(world, index));
	show_set(json, "vni", network->vni ? json_integer(network->vni) : json_null());
	json_t *vteps = json_array();
	for (size_t i = 0; i < network->n_vteps; i++)
		json_array_append_new(vteps, show_text(core->net->vteps[network->vteps[i]].end.name));
	show_set(json, "vteps", vteps);
	show_set(json, "subnet", show_text(network->subnet));
	show_set(json, "ageing_seconds", json_integer(network->ageing));
	show_set(json, "tags", json_string(network->tags == NET_TAGS_PASS ? "pass" : "drop"));
	show_set(json, "flood", json_boolean(network->flood));
	show_set(json, "mtu", network->mtu ? json_integer(network->mtu) : json_null());
	show_set(json, "guest_mtu", network->guest_mtu ? json_integer(network->guest_mtu) : json_null());
	show_set(json, "arp", json_string(network->arp == NET_ARP_FLOOD ? "flood" : "answer"));
	show_set(json, "refused_addresses", show_count(seen->n_addresses_refused));
	show_set(json, "line", json_integer(network->where.line));
	show_set(json, "link_vlan", network->link_vlan ? json_integer(network->link_vlan) : json_null());
	return json;
}

static bool refill(const struct api_world *world, const struct show_query *query, struct show_keys *keys)
{
	const struct net *net = world->core->net;
	for (size_t i = 0; i < net->n_networks; i++)
		if (!query->network || !strcmp(query->network, net->networks[i].name))
			show_keys_add(keys, net->networks[i].id, 0);
	return false;
}

static json_t *item(const struct api_world *world, const struct show_query *query,
		    const struct show_key *key)
{
	uint32_t index = net_network_by_id(world->core->net, (uint32_t) key->a);
	(void) query;
	return index == NET_NONE ? NULL : show_network(world, index);
}

const struct show_list show_networks = {
	.name = "networks",
	.refill = refill,
	.item = item,
};
