/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups in the model by name, number and address: bisection. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"
#include "topo/net_index.h"

/* --- in order of a number -------------------------------------------------------- */

typedef uint64_t number_of(const struct net *, size_t i);
static uint64_t dpid_of(const struct net *net, size_t i) { return net->switches[i].dpid; }
static uint64_t peer_of(const struct net *net, size_t i) { return net->switches[i].peer; }
static uint64_t network_id_of(const struct net *net, size_t i) { return net->networks[i].id; }
static uint64_t object_id_of(const struct net *net, size_t i) { return net->objects[i].id; }

struct numbers { const struct net *net; number_of *of; };

static int by_number(const void *a, const void *b, void *numbers_)
{
	const struct numbers *numbers = numbers_;
	uint64_t x = numbers->of(numbers->net, *(const uint32_t *) a), y = numbers->of(numbers->net, *(const uint32_t *) b);

	return x < y ? -1 : x > y;
}

static uint32_t *in_order(struct net *net, size_t n, number_of *of)
{
	uint32_t *order = arena_new_array(net->arena, uint32_t, n);

	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof *order, by_number, &(struct numbers) { net, of });
	return order;
}

void net_index_build(struct net *net)
{
	struct net_index *index = arena_alloc(net->arena, sizeof *index);

	index->refs = net_refs_build(net);
	index->by_dpid = in_order(net, net->n_switches, dpid_of);
	index->by_peer = in_order(net, net->n_switches, peer_of);
	index->by_network_id = in_order(net, net->n_networks, network_id_of);
	net->index = index;
}

/* --- by name -------------------------------------------------------------------- */

static int compare_switch(const void *name, const void *sw) { return strcmp(name, ((const struct net_switch *) sw)->name); }
static int compare_network(const void *name, const void *network) { return strcmp(name, ((const struct net_network *) network)->name); }

static uint32_t find_name(const char *name, const void *things, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	const char *found = n ? bsearch(name, things, n, size, compare) : NULL;

	return found ? (uint32_t) ((size_t) (found - (const char *) things) / size) : NET_NONE;
}

uint32_t net_switch_by_name(const struct net *net, const char *name)
{
	return find_name(name, net->switches, net->n_switches, sizeof *net->switches, compare_switch);
}

uint32_t net_network_by_name(const struct net *net, const char *name)
{
	return find_name(name, net->networks, net->n_networks, sizeof *net->networks, compare_network);
}

/* --- by number ------------------------------------------------------------------ */

/* Of n things in that order (null: their own), the one with the number. */
static uint32_t find(const struct net *net, const uint32_t *order, size_t n, number_of *of, uint64_t number)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2, i = order ? order[middle] : middle;
		uint64_t its = of(net, i);

		if (its == number)
			return (uint32_t) i;
		if (number < its)
			high = middle;
		else
			low = middle + 1;
	}
	return NET_NONE;
}

uint32_t net_switch_by_dpid(const struct net *net, uint64_t dpid)
{
	return find(net, net->index->by_dpid, net->n_switches, dpid_of, dpid);
}

uint32_t net_switch_by_peer(const struct net *net, uint32_t peer)
{
	return peer ? find(net, net->index->by_peer, net->n_switches, peer_of, peer) : NET_NONE;
}

uint32_t net_network_by_id(const struct net *net, uint32_t id)
{
	return find(net, net->index->by_network_id, net->n_networks, network_id_of, id);
}

const struct net_object *net_object_by_id(const struct net *net, uint64_t id)
{
	uint32_t i = find(net, NULL, net->n_objects, object_id_of, id);

	return i == NET_NONE ? NULL : &net->objects[i];
}

/* --- by address, and the rest --------------------------------------------------- */

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

bool net_passes_tags(const struct net *net)
{
	for (size_t i = 0; i < net->n_networks; i++)
		if (net->networks[i].tags == NET_TAGS_PASS)
			return true;
	return false;
}
