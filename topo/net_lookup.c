/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups in the model by name, number and address: bisection. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"
#include "topo/net_index.h"

static int by_dpid(const void *a, const void *b, void *net_)
{
	const struct net *net = net_;
	uint64_t x = net->switches[*(const uint32_t *) a].dpid;
	uint64_t y = net->switches[*(const uint32_t *) b].dpid;

	return x < y ? -1 : x > y;
}

static int by_peer(const void *a, const void *b, void *net_)
{
	const struct net *net = net_;
	uint32_t x = net->switches[*(const uint32_t *) a].peer;
	uint32_t y = net->switches[*(const uint32_t *) b].peer;

	return x < y ? -1 : x > y;
}

static int by_network_id(const void *a, const void *b, void *net_)
{
	const struct net *net = net_;
	uint32_t x = net->networks[*(const uint32_t *) a].id;
	uint32_t y = net->networks[*(const uint32_t *) b].id;

	return x < y ? -1 : x > y;
}

void net_index_build(struct net *net)
{
	struct net_index *index = arena_alloc(net->arena, sizeof *index);

	index->refs = net_refs_build(net);
	index->by_dpid = arena_new_array(net->arena, uint32_t, net->n_switches);
	for (uint32_t i = 0; i < net->n_switches; i++)
		index->by_dpid[i] = i;
	qsort_r(index->by_dpid, net->n_switches, sizeof *index->by_dpid, by_dpid, net);
	index->by_peer = arena_new_array(net->arena, uint32_t, net->n_switches);
	for (uint32_t i = 0; i < net->n_switches; i++)
		index->by_peer[i] = i;
	qsort_r(index->by_peer, net->n_switches, sizeof *index->by_peer, by_peer, net);
	index->by_network_id = arena_new_array(net->arena, uint32_t, net->n_networks);
	for (uint32_t i = 0; i < net->n_networks; i++)
		index->by_network_id[i] = i;
	qsort_r(index->by_network_id, net->n_networks, sizeof *index->by_network_id, by_network_id,
		net);
	net->index = index;
}

uint32_t net_switch_by_name(const struct net *net, const char *name)
{
	size_t low = 0, high = net->n_switches;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, net->switches[middle].name);

		if (!order)
			return (uint32_t) middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NET_NONE;
}

uint32_t net_network_by_name(const struct net *net, const char *name)
{
	size_t low = 0, high = net->n_networks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, net->networks[middle].name);

		if (!order)
			return (uint32_t) middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NET_NONE;
}

uint32_t net_switch_by_dpid(const struct net *net, uint64_t dpid)
{
	size_t low = 0, high = net->n_switches;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t i = net->index->by_dpid[middle];

		if (net->switches[i].dpid == dpid)
			return i;
		if (dpid < net->switches[i].dpid)
			high = middle;
		else
			low = middle + 1;
	}
	return NET_NONE;
}

uint32_t net_switch_by_peer(const struct net *net, uint32_t peer)
{
	size_t low = 0, high = peer ? net->n_switches : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t i = net->index->by_peer[middle];

		if (net->switches[i].peer == peer)
			return i;
		if (peer < net->switches[i].peer)
			high = middle;
		else
			low = middle + 1;
	}
	return NET_NONE;
}

uint32_t net_switch_by_vtep(const struct net *net, const uint8_t bytes[16], bool is_v6, uint32_t *ret_vtep)
{
	for (uint32_t i = 0; i < net->n_switches; i++)
		for (uint32_t k = 0; k < net->switches[i].n_vteps; k++) {
			const struct net_vtep_at *at = &net->switches[i].vteps[k];

			if (at->is_v6 != is_v6 || memcmp(at->bytes, bytes, is_v6 ? 16 : 4))
				continue;
			*ret_vtep = k;
			return i;
		}
	return NET_NONE;
}

bool net_is_tunnel(const struct net *net, const char *switch_name, const char *port_name)
{
	uint32_t sw = net_switch_by_name(net, switch_name);

	return sw != NET_NONE && net->switches[sw].vtep && !strcmp(net->switches[sw].tunnel, port_name);
}

uint32_t net_network_by_id(const struct net *net, uint32_t id)
{
	size_t low = 0, high = net->n_networks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t i = net->index->by_network_id[middle];

		if (net->networks[i].id == id)
			return i;
		if (id < net->networks[i].id)
			high = middle;
		else
			low = middle + 1;
	}
	return NET_NONE;
}

const struct net_object *net_object_by_id(const struct net *net, uint64_t id)
{
	size_t low = 0, high = net->n_objects;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct net_object *object = &net->objects[middle];

		if (object->id == id)
			return object;
		if (id < object->id)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool net_passes_tags(const struct net *net)
{
	for (size_t i = 0; i < net->n_networks; i++)
		if (net->networks[i].tags == NET_TAGS_PASS)
			return true;
	return false;
}
