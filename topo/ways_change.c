/* SPDX-License-Identifier: Apache-2.0 */
/* From one set of ways to another, without a circle on the way. */
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/view_private.h"
#include "topo/ways.h"

static struct ways *ways_like(size_t n_switches, size_t n_links, size_t n_networks)
{
	struct ways *ways = xheap_alloc(sizeof *ways);
	*ways = (struct ways) {
		.n_switches = n_switches, .n_links = n_links, .n_networks = n_networks,
		.next = xheap_alloc(n_switches * n_switches * sizeof *ways->next),
		.up = xheap_alloc(n_links),
		.tree = xheap_alloc(n_networks * n_links),
		.stands = xheap_alloc(n_networks * n_switches * sizeof *ways->stands),
	};
	memset(ways->next, 0xff, n_switches * n_switches * sizeof *ways->next);
	for (size_t i = 0; i < n_networks * n_switches; i++)
		ways->stands[i] = (struct ways_stand) { .head = NET_NONE, .lan = NET_NONE };
	return ways;
}

static bool stands_equal(const struct ways_stand *a, const struct ways_stand *b)
{
	return a->head == b->head && a->lan == b->lan && a->is_head == b->is_head && a->on_lan == b->on_lan
		&& a->carries == b->carries;
}

bool ways_equal(const struct ways *a, const struct ways *b)
{
	if (a->n_switches != b->n_switches || a->n_links != b->n_links || a->n_networks != b->n_networks
	    || memcmp(a->next, b->next, a->n_switches * a->n_switches * sizeof *a->next)
	    || memcmp(a->up, b->up, a->n_links) || memcmp(a->tree, b->tree, a->n_networks * a->n_links))
		return false;
	for (size_t i = 0; i < a->n_networks * a->n_switches; i++)
		if (!stands_equal(&a->stands[i], &b->stands[i]))
			return false;
	return true;
}

void ways_changed(const struct net *net, const struct ways *a, const struct ways *b, bool *switches)
{
	size_t n = a->n_switches;
	for (size_t l = 0; l < a->n_links; l++)
		for (unsigned end = 0; end < 2; end++)
			switches[net->links[l].ends[end].sw] |= a->up[l] != b->up[l];
	for (size_t i = 0; i < n * n; i++)
		switches[i / n] |= a->next[i] != b->next[i];
	for (size_t i = 0; i < a->n_networks * n; i++)
		switches[i % n] |= !stands_equal(&a->stands[i], &b->stands[i]);
}

/* --- a new file ---------------------------------------------------------------------- */

static uint32_t new_link(const struct net *net, const struct net_link *link)
{
	unsigned end;
	uint32_t i = net_link_of(net, link->ends[0].switch_name, link->ends[0].port, &end);
	return i != NET_NONE && !strcmp(net->links[i].name, link->name) ? i : NET_NONE;
}

static uint32_t map(const uint32_t *to, uint32_t i) { return i == NET_NONE ? NET_NONE : to[i]; }

static void carry_network(const struct ways *old, struct ways *ways, uint32_t from, uint32_t to,
			  const uint32_t *switches, const uint32_t *links)
{
	for (uint32_t l = 0; l < old->n_links; l++)
		if (links[l] != NET_NONE)
			ways->tree[to * ways->n_links + links[l]] = old->tree[from * old->n_links + l];
	for (uint32_t sw = 0; sw < old->n_switches; sw++) {
		struct ways_stand stand = old->stands[from * old->n_switches + sw];
		if (switches[sw] == NET_NONE)
			continue;
		stand.head = map(switches, stand.head);
		stand.lan = map(switches, stand.lan);
		ways->stands[to * ways->n_switches + switches[sw]] = stand;
	}
}

/* As it is without ways: each member with a tunnel is an island and its head, and every uplink is in use. */
static struct ways *without_ways(const struct view *view)
{
	const struct net *net = view->net;
	struct ways *ways = ways_like(net->n_switches, net->n_links, net->n_networks);
	for (uint32_t n = 0; n < net->n_networks; n++)
		for (uint32_t i = 0; i < net->n_switches; i++) {
			uint32_t slot = view_switch_by_index(view, i);
			const struct view_member *member = slot == NET_NONE ? NULL : view_member(&view->networks[n], slot);
			struct ways_stand *stand = &ways->stands[n * net->n_switches + i];
			if (member && net->networks[n].tunnels)
				*stand = (struct ways_stand) {
					.head = i, .lan = NET_NONE, .is_head = true, .carries = true,
				};
			stand->on_lan = member && member->uplink != NET_NONE;
		}
	return ways;
}

/* Of ways that are being left, what they are left for goes too. */
static struct ways *carried_over(const struct ways *old, const struct net *before, const struct net *net)
{
	struct ways *ways = ways_like(net->n_switches, net->n_links, net->n_networks);
	uint32_t *switches = xheap_alloc(before->n_switches * sizeof *switches);
	uint32_t *links = xheap_alloc(before->n_links * sizeof *links);
	for (size_t i = 0; i < before->n_switches; i++)
		switches[i] = net_switch_by_name(net, before->switches[i].name);
	for (size_t i = 0; i < before->n_links; i++)
		links[i] = new_link(net, &before->links[i]);
	for (size_t i = 0; i < old->n_switches * old->n_switches; i++) {
		uint32_t from = switches[i / old->n_switches], to = switches[i % old->n_switches];
		if (from != NET_NONE && to != NET_NONE)
			ways->next[from * ways->n_switches + to] = map(links, old->next[i]);
	}
	for (uint32_t l = 0; l < old->n_links; l++)
		if (links[l] != NET_NONE)
			ways->up[links[l]] = old->up[l];
	for (uint32_t n = 0; n < old->n_networks; n++) {
		uint32_t to = net_network_by_id(net, before->networks[n].id);
		if (to != NET_NONE)
			carry_network(old, ways, n, to, switches, links);
	}
	free(switches);
	free(links);
	if (old->with)
		ways->with = carried_over(old->with, before, net);
	return ways;
}

void view_ways_carry_over(struct view *view, const struct net *net)
{
	const struct net *before = view->net;
	if (!before || (!view->ways && !view_needs_ways_of(net)))
		return;
	struct ways *old = view->ways ? view->ways : without_ways(view);
	view->ways = carried_over(old, before, net);
	ways_free(old);
}
