/* SPDX-License-Identifier: Apache-2.0 */
/* From edges to the links of the search and back: NICs that tunnels share. */
#include <string.h>

#include "topo/arena.h"
#include "topo/te_job.h"

/* Nodes behind those of switches: two for each NIC. */
static uint32_t node_out(const struct net *net, uint32_t nic) { return (uint32_t) net->n_switches + 2 * nic; }
static uint32_t node_in(const struct net *net, uint32_t nic) { return (uint32_t) net->n_switches + 2 * nic + 1; }

static bool is_plain(const struct net_edge *edge) { return edge->nic[0] == NET_NONE && edge->nic[1] == NET_NONE; }

static uint32_t nic_arc(const struct te_map *map, uint32_t nic, bool in)
{
	return nic == NET_NONE ? PLACE_NONE : 2 * (map->n_edges + nic) + in;
}

struct te_map *te_map_new(struct arena *arena, const struct net *net)
{
	struct te_map *map = arena_alloc(arena, sizeof *map);
	uint32_t n_edges = (uint32_t) net->n_edges, n_nics = (uint32_t) net->n_nics, n = n_edges;

	*map = (struct te_map) {
		.n_edges = n_edges,
		.n_nics = n_nics,
		.n_nodes = (uint32_t) net->n_switches + 2 * n_nics,
		.to = arena_new_array(arena, uint32_t, 2 * n_edges),
		.from = arena_new_array(arena, uint32_t, 4 * (n_edges + n_nics)),
		.nic = arena_alloc(arena, 2 * n_edges * sizeof *map->nic + 1),
	};
	memset(map->from, 0xff, 4 * (n_edges + n_nics) * sizeof *map->from);
	for (uint32_t arc = 0; arc < 2 * n_edges; arc++) {
		const struct net_edge *edge = &net->edges[arc / 2];

		map->to[arc] = !(arc & 1) || is_plain(edge) ? arc : 2 * n++;
		map->from[map->to[arc]] = arc;
		map->nic[arc][0] = nic_arc(map, edge->nic[arc & 1], false);
		map->nic[arc][1] = nic_arc(map, edge->nic[!(arc & 1)], true);
	}
	map->n_links = n + 2 * n_nics;
	return map;
}

/* One direction of a tunnel: from NIC to NIC, where the ends have one. */
static struct place_link one_way(const struct net *net, const struct net_edge *edge, const struct place_link *link, unsigned end)
{
	struct place_link way = *link;

	way.a = edge->nic[end] == NET_NONE ? edge->sw[end] : node_out(net, edge->nic[end]);
	way.b = edge->nic[!end] == NET_NONE ? edge->sw[!end] : node_in(net, edge->nic[!end]);
	way.mbps[0] = link->mbps[end];
	way.mbps[1] = 0;
	return way;
}

struct place_link *te_map_links(struct arena *arena, const struct te_map *map, const struct net *net,
				const struct place_link *edges)
{
	struct place_link *links = arena_new_array(arena, struct place_link, map->n_links);

	for (uint32_t arc = 0; arc < 2 * map->n_edges; arc++)
		links[map->to[arc] / 2] = is_plain(&net->edges[arc / 2]) ? edges[arc / 2]
			: one_way(net, &net->edges[arc / 2], &edges[arc / 2], arc & 1);
	struct place_link *at = links + map->n_links - 2 * map->n_nics;
	for (uint32_t i = 0; i < map->n_nics; i++) {
		double mbps = TE_HEADROOM * net->nics[i].mbps;

		*at++ = (struct place_link) { .a = net->nics[i].sw, .b = node_out(net, i), .mbps = { mbps, 0 } };
		*at++ = (struct place_link) { .a = node_in(net, i), .b = net->nics[i].sw, .mbps = { mbps, 0 } };
	}
	return links;
}

/* They are the last ones. */
uint32_t te_map_nic_link(const struct te_map *map, uint32_t arc)
{
	return map->n_links - 2 * map->n_nics + arc - 2 * map->n_edges;
}

/* --- paths --------------------------------------------------------------------------- */

static void path_in(const struct te_map *map, struct arena *arena, struct place_path *path)
{
	uint32_t *arcs = arena_new_array(arena, uint32_t, 3 * path->n_arcs), n = 0;

	for (uint32_t i = 0; i < path->n_arcs; i++) {
		const uint32_t *nic = map->nic[path->arcs[i]];

		if (nic[0] != PLACE_NONE)
			arcs[n++] = 2 * te_map_nic_link(map, nic[0]);
		arcs[n++] = map->to[path->arcs[i]];
		if (nic[1] != PLACE_NONE)
			arcs[n++] = 2 * te_map_nic_link(map, nic[1]);
	}
	path->arcs = arcs;
	path->n_arcs = n;
}

static void path_out(const struct te_map *map, struct arena *arena, struct place_path *path)
{
	uint32_t *arcs = arena_new_array(arena, uint32_t, path->n_arcs), n = 0;

	for (uint32_t i = 0; i < path->n_arcs; i++)
		if (map->from[path->arcs[i]] != PLACE_NONE)
			arcs[n++] = map->from[path->arcs[i]];
	path->arcs = arcs;
	path->n_arcs = n;
}

static struct placement *convert(const struct te_map *map, const struct placement *p,
				 void (*path)(const struct te_map *, struct arena *, struct place_path *))
{
	struct arena *arena = arena_new();
	struct placement *copy = arena_alloc(arena, sizeof *copy);

	*copy = *p;
	copy->arena = arena;
	copy->pairs = arena_new_array(arena, struct place_pair, p->n_pairs);
	for (size_t i = 0; i < p->n_pairs; i++) {
		copy->pairs[i] = place_copy_pair(arena, &p->pairs[i]);
		for (uint32_t k = 0; k < copy->pairs[i].n_paths && map->n_nics; k++)
			path(map, arena, &copy->pairs[i].paths[k]);
	}
	return copy;
}

struct placement *te_map_in(const struct te_map *map, const struct placement *p) { return convert(map, p, path_in); }

struct placement *te_map_out(const struct te_map *map, const struct placement *p) { return convert(map, p, path_out); }
