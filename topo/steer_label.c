/* SPDX-License-Identifier: Apache-2.0 */
/* Which number says what where. A number is the hash of what it says, or the next one
 * that is free; so it hardly ever depends on what else there is. Where there is room, a
 * number means one thing in the whole net: then a frame that comes out of a wrong cable
 * is not understood, rather than misunderstood. */
#include <stdlib.h>

#include "topo/steer_private.h"

enum { TRIES_ANYWHERE = 32 };

void steer_labels_init(struct steer_labels *labels, const struct net *net)
{
	*labels = (struct steer_labels) { .net = net };
	steer_map_init(&labels->meaning);
	steer_map_init(&labels->number);
	steer_map_init(&labels->anywhere);
	steer_map_init(&labels->reserved);
	for (size_t i = 0; i < net->n_networks; i++) {
		steer_map_put(&labels->reserved, true, net->networks[i].link_vlan, 0);
		steer_map_put(&labels->reserved, false, net->networks[i].vni, 0);
	}
}

void steer_labels_uninit(struct steer_labels *labels)
{
	steer_map_uninit(&labels->meaning);
	steer_map_uninit(&labels->number);
	steer_map_uninit(&labels->anywhere);
	steer_map_uninit(&labels->reserved);
	free(labels->keys);
}

/* A cable's end is a port of its own, all tunnels of a switch are one. */
static uint64_t port_of(const struct net *net, uint32_t arc)
{
	return arc_is_cable(net, arc) ? arc : 2 * (uint64_t) net->n_edges + arc_head(net, arc);
}

static void take(struct steer_labels *labels, uint32_t arc, uint32_t label, uint64_t key)
{
	bool is_cable = arc_is_cable(labels->net, arc);
	uint64_t port = port_of(labels->net, arc);
	if (labels->n_keys == labels->max_keys) {
		labels->max_keys = labels->max_keys ? 2 * labels->max_keys : 256;
		labels->keys = xheap_realloc(labels->keys, labels->max_keys * sizeof *labels->keys);
	}
	labels->keys[labels->n_keys] = key;
	steer_map_put(&labels->meaning, port, label, (uint32_t) labels->n_keys);
	steer_map_put(&labels->number, port, key, label);
	if (steer_map_get(&labels->anywhere, is_cable, label) == NET_NONE)
		steer_map_put(&labels->anywhere, is_cable, label, (uint32_t) labels->n_keys);
	labels->n_keys++;
}

void steer_labels_keep(struct steer_labels *labels, const struct steer_transit *transit)
{
	take(labels, 2 * transit->edge + !transit->end, transit->label, transit->key);
}

static bool is_free(const struct steer_labels *labels, uint32_t arc, uint32_t label, uint64_t key, uint32_t nth)
{
	bool is_cable = arc_is_cable(labels->net, arc);
	if (steer_map_get(&labels->reserved, is_cable, label) != NET_NONE
	    || steer_map_get(&labels->meaning, port_of(labels->net, arc), label) != NET_NONE)
		return false;
	uint32_t elsewhere = nth < TRIES_ANYWHERE ? steer_map_get(&labels->anywhere, is_cable, label) : NET_NONE;
	return elsewhere == NET_NONE || labels->keys[elsewhere] == key;
}

uint32_t steer_labels_give(struct steer_labels *labels, uint32_t arc, uint64_t key)
{
	const struct net_te *te = &labels->net->te;
	bool is_cable = arc_is_cable(labels->net, arc);
	uint32_t first = is_cable ? te->label_first : NET_TE_FIRST_VNI;
	uint32_t n = (is_cable ? te->label_last : NET_TE_LAST_VNI) - first + 1;
	uint32_t known = steer_map_get(&labels->number, port_of(labels->net, arc), key);
	if (known != NET_NONE)
		return known;
	for (uint32_t i = 0; i < n + TRIES_ANYWHERE; i++) {
		uint32_t label = first + (uint32_t) ((key + i % (i < TRIES_ANYWHERE ? TRIES_ANYWHERE : n)) % n);
		if (!is_free(labels, arc, label, key, i))
			continue;
		take(labels, arc, label, key);
		return label;
	}
	return 0;
}
