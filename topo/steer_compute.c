/* SPDX-License-Identifier: Apache-2.0 */
/* From paths to labels. A way is laid from its end to its beginning: what the last
 * label says is nothing more than the network, each one before says one hop more. Ways
 * that end alike share all that is alike. */
#include <stdlib.h>
#include <string.h>

#include "topo/steer_private.h"
#include "topo/ways.h"

/* What a label says: these, and the rest of the way. */
enum kind { KIND_PATH = 1, KIND_DETOUR = 2 };

struct work {
	const struct view *view;
	const struct net *net;
	const struct placement *placement;
	const struct te_owns *owns;     /* null = none */
	struct steer_graph *graph;
	struct steer_labels labels;
	struct steer *steer;
	struct steer_transit *transits; /* heap, while they grow */
	size_t n_transits, max_transits;
	struct steer_pair *pairs;       /* likewise */
	size_t n_pairs, max_pairs;
	struct steer_map known;         /* arc and key -> index into transits */
	uint64_t *names;                /* per arc: hash of its name */
	uint32_t *bridges[2];           /* by `tunnels`: see steer_bridges() */
};

/* --- labels ------------------------------------------------------------------------------ */

static uint32_t new_transit(struct work *w, uint32_t network, enum kind kind, uint32_t arc, uint64_t key)
{
	uint32_t label = steer_labels_give(&w->labels, arc, key);
	if (!label) {
		w->steer->n_unlabelled++;
		return NET_NONE;
	}
	if (w->n_transits == w->max_transits) {
		w->max_transits = w->max_transits ? 2 * w->max_transits : 256;
		w->transits = xheap_realloc(w->transits, w->max_transits * sizeof *w->transits);
	}
	w->transits[w->n_transits] = (struct steer_transit) {
		.sw = arc_head(w->net, arc), .edge = arc_edge(arc), .end = !arc_end(arc), .label = label,
		.network = network, .is_detour = kind == KIND_DETOUR, .key = key,
	};
	steer_map_put(&w->known, arc, key, (uint32_t) w->n_transits);
	return (uint32_t) w->n_transits++;
}

static void add_step(struct steer_choice *choice, uint32_t arc, uint32_t label)
{
	choice->steps[choice->n_steps++] =
		(struct steer_step) { .edge = arc_edge(arc), .end = arc_end(arc), .label = label };
}

static bool lay(struct work *, uint32_t network, enum kind, bool by_relay, const uint32_t *arcs, uint32_t n,
		uint32_t *ret_label);

/* The second step, for when the first one's edge is dead. */
static void add_detour(struct work *w, uint32_t network, bool by_relay, uint32_t arc, uint32_t to,
		       struct steer_choice *choice)
{
	struct steer_way way = steer_graph_way(w->graph, w->net->networks[network].tunnels,
					       arc_tail(w->net, arc), arc, to);
	uint32_t label;
	if (way.n_arcs && lay(w, network, KIND_DETOUR, by_relay, way.arcs, way.n_arcs, &label))
		add_step(choice, way.arcs[0], label);
}

/* What says `key` to who receives by arcs[0]; arcs[1] is its next hop, with that label. */
static uint32_t transit_for(struct work *w, uint32_t network, enum kind kind, const uint32_t *arcs, uint32_t n,
			    uint64_t key, uint32_t next_label)
{
	uint32_t i = steer_map_get(&w->known, arcs[0], key);
	struct steer_choice choice = { .n_steps = 0 };
	if (i != NET_NONE)
		return i;
	i = new_transit(w, network, kind, arcs[0], key);
	if (i == NET_NONE || n == 1)
		return i;
	add_step(&choice, arcs[1], next_label);
	if (kind == KIND_PATH)
		add_detour(w, network, true, arcs[1], arc_head(w->net, arcs[n - 1]), &choice);
	w->transits[i].choice = choice;
	return i;
}

/* Makes all transits of the way; the label is that of its first hop. A last hop by
 * tunnel has one when a relay sends it: who receives knows only members of the network
 * by their address. False: no labels left. */
static bool lay(struct work *w, uint32_t network, enum kind kind, bool by_relay, const uint32_t *arcs, uint32_t n,
		uint32_t *ret_label)
{
	uint64_t key = steer_mix(w->net->networks[network].id, 0);
	uint32_t label = 0;
	for (uint32_t i = n; i-- > 0;) {
		bool is_last = i == n - 1;
		bool is_plain = is_last && (arc_is_cable(w->net, arcs[i]) || (!i && !by_relay));
		uint32_t transit = is_plain ? NET_NONE
			: transit_for(w, network, is_last ? KIND_PATH : kind, &arcs[i], n - i, key, label);
		if (!is_plain && transit == NET_NONE)
			return false;
		label = is_plain ? 0 : w->transits[transit].label;
		key = steer_mix(is_last ? steer_mix(key, kind) : key, w->names[arcs[i]]);
	}
	*ret_label = label;
	return true;
}

/* --- pairs -------------------------------------------------------------------------------- */

/* The paths of a pair that a network can take. */
struct paths {
	struct steer_way ways[PLACE_MAX_SLOTS];
	uint32_t n;
	uint8_t slots[PLACE_MAX_SLOTS];
	uint32_t n_slots;
};

static bool is_way(const struct work *w, const struct place_path *path, uint32_t from, uint32_t to, bool tunnels)
{
	uint32_t at = from;
	for (uint32_t i = 0; i < path->n_arcs; i++) {
		uint32_t arc = path->arcs[i];
		if (arc_edge(arc) >= w->net->n_edges || arc_tail(w->net, arc) != at
		    || (!tunnels && !arc_is_cable(w->net, arc)))
			return false;
		at = arc_head(w->net, arc);
	}
	return path->n_arcs && at == to;
}

/* Slots of paths that are not for this network are dealt to the others in turn. */
static void find_paths(struct work *w, const struct place_pair *pair, bool tunnels, struct paths *ret)
{
	uint8_t choice[PLACE_MAX_SLOTS];
	uint32_t turn = 0;
	memset(choice, UINT8_MAX, sizeof choice);
	ret->n = 0;
	for (uint32_t i = 0; i < pair->n_active && i < PLACE_MAX_SLOTS; i++) {
		const struct place_path *path = &pair->paths[i];
		bool is_good = is_way(w, path, pair->src, pair->dst, tunnels);
		choice[i] = is_good ? (uint8_t) ret->n : UINT8_MAX;
		if (is_good)
			ret->ways[ret->n++] = (struct steer_way) { path->arcs, path->n_arcs };
	}
	if (!ret->n) {
		ret->ways[0] = steer_graph_way(w->graph, tunnels, pair->src, NET_NONE, pair->dst);
		ret->n = ret->ways[0].n_arcs > 0;
	}
	ret->n_slots = ret->n > 1 ? pair->n_slots : 1;
	for (uint32_t s = 0; ret->n && s < ret->n_slots; s++) {
		unsigned path = ret->n > 1 ? choice[pair->slots[s]] : 0;
		ret->slots[s] = (uint8_t) (path != UINT8_MAX ? path : turn++ % ret->n);
	}
}

/* Is that where the frames go without us? By links when links lead there, else by the
 * tunnel that the main underlay has to the other switch. */
static bool is_plain(const struct work *w, const struct steer_way *way)
{
	const struct net_edge *first = &w->net->edges[arc_edge(way->arcs[0])];
	for (uint32_t i = 0; i < way->n_arcs; i++)
		if (!arc_is_cable(w->net, way->arcs[i]))
			return way->n_arcs == 1 && (first->underlay == NET_NONE || w->net->underlays[first->underlay].main);
	return true;
}

/* There is something to choose, if not now then when other edges are up; or it is none that
 * the frames take anyway. */
static bool needs_steering(const struct work *w, const struct paths *paths, uint32_t from, uint32_t to, bool tunnels)
{
	bool is_alone = w->bridges[tunnels][from] == w->bridges[tunnels][to];
	return paths->n && (!is_alone || !is_plain(w, &paths->ways[0]));
}

static bool add_choices(struct work *w, struct steer_pair *pair, const struct paths *paths)
{
	pair->choices = arena_new_array(w->steer->arena, struct steer_choice, paths->n);
	pair->n_choices = paths->n;
	for (uint32_t i = 0; i < paths->n; i++) {
		const struct steer_way *way = &paths->ways[i];
		uint32_t label;
		if (!lay(w, pair->network, KIND_PATH, false, way->arcs, way->n_arcs, &label))
			return false;
		add_step(&pair->choices[i], way->arcs[0], label);
		add_detour(w, pair->network, false, way->arcs[0], pair->to, &pair->choices[i]);
	}
	return true;
}

static void add_pair(struct work *w, uint32_t network, uint32_t from, uint32_t to, const struct paths *paths)
{
	struct steer_pair pair = { .network = network, .from = from, .to = to, .n_slots = paths->n_slots };
	if (!needs_steering(w, paths, from, to, w->net->networks[network].tunnels) || !add_choices(w, &pair, paths))
		return;
	memcpy(pair.slots, paths->slots, paths->n_slots);
	if (w->n_pairs == w->max_pairs) {
		w->max_pairs = w->max_pairs ? 2 * w->max_pairs : 256;
		w->pairs = xheap_realloc(w->pairs, w->max_pairs * sizeof *w->pairs);
	}
	w->pairs[w->n_pairs++] = pair;
}

/* --- networks ------------------------------------------------------------------------------ */

/* Those that have hosts of the network, by index. */
static void find_members(const struct work *w, uint32_t network, bool *is_member)
{
	const struct view_network *vn = view_network(w->view, network);
	memset(is_member, 0, w->net->n_switches);
	for (size_t i = 0; i < vn->n_members; i++) {
		const struct view_member *member = &vn->members[i];
		uint32_t index = view_switch(w->view, member->sw)->index;
		if (index != NET_NONE && (member->n_edges || member->uplink != NET_NONE || member->remembered))
			is_member[index] = true;
	}
}

/* Between two switches with uplinks the LAN delivers by itself. */
static bool are_on_lan(const struct work *w, uint32_t network, uint32_t from, uint32_t to)
{
	const struct view_network *vn = view_network(w->view, network);
	const struct view_member *here = view_member(vn, view_switch_by_index(w->view, from));
	return ways_to(w->view, vn, here, to).kind == WAY_LAN;
}

/* By the way that the network has for itself; false: it has none, or cannot take it. */
static bool add_own(struct work *w, uint32_t network, const struct place_pair *pair, bool tunnels)
{
	const struct te_own *own = te_own_find(w->owns, network, pair->src, pair->dst);
	struct paths paths = { .n = 1, .n_slots = 1 };
	if (!own)
		return false;
	const struct place_path path = { .arcs = own->arcs, .n_arcs = own->n_arcs };
	if (!is_way(w, &path, pair->src, pair->dst, tunnels))
		return false;
	paths.ways[0] = (struct steer_way) { path.arcs, path.n_arcs };
	add_pair(w, network, pair->src, pair->dst, &paths);
	return true;
}

static void steer_networks(struct work *w)
{
	const struct placement *placement = w->placement;
	bool *is_member = xheap_alloc(w->net->n_networks * w->net->n_switches);
	struct paths paths[2];
	for (uint32_t n = 0; n < w->net->n_networks; n++)
		find_members(w, n, &is_member[n * w->net->n_switches]);
	for (size_t i = 0; i < placement->n_pairs; i++) {
		const struct place_pair *pair = &placement->pairs[i];
		bool is_found[2] = { false, false };
		if (pair->src >= w->net->n_switches || pair->dst >= w->net->n_switches || pair->src == pair->dst)
			continue;
		for (uint32_t n = 0; n < w->net->n_networks; n++) {
			const bool *members = &is_member[n * w->net->n_switches], tunnels = w->net->networks[n].tunnels;
			if (!members[pair->src] || !members[pair->dst] || are_on_lan(w, n, pair->src, pair->dst)
			    || add_own(w, n, pair, tunnels))
				continue;
			if (!is_found[tunnels])
				find_paths(w, pair, tunnels, &paths[tunnels]);
			is_found[tunnels] = true;
			add_pair(w, n, pair->src, pair->dst, &paths[tunnels]);
		}
	}
	free(is_member);
}

static void name_arcs(struct work *w)
{
	w->names = xheap_alloc(2 * w->net->n_edges * sizeof *w->names);
	for (uint32_t arc = 0; arc < 2 * w->net->n_edges; arc++) {
		const char *name = w->net->edges[arc_edge(arc)].name;
		w->names[arc] = net_hash(name, strlen(name)) + arc_end(arc);
	}
}

static void finish(struct work *w)
{
	struct steer *steer = w->steer;
	steer->n_pairs = w->n_pairs;
	steer->pairs = arena_new_array(steer->arena, struct steer_pair, w->n_pairs);
	steer->n_transits = w->n_transits;
	steer->transits = arena_new_array(steer->arena, struct steer_transit, w->n_transits);
	if (w->n_pairs)
		memcpy(steer->pairs, w->pairs, w->n_pairs * sizeof *w->pairs);
	if (w->n_transits)
		memcpy(steer->transits, w->transits, w->n_transits * sizeof *w->transits);
	steer_sort(steer);
	free(w->pairs);
	free(w->transits);
	free(w->names);
	free(w->bridges[false]);
	free(w->bridges[true]);
	steer_map_uninit(&w->known);
	steer_labels_uninit(&w->labels);
	steer_graph_free(w->graph);
}

struct steer *steer_compute(const struct view *view, const struct placement *placement, const struct te_owns *owns,
			    const struct steer *before)
{
	struct arena *arena = arena_new();
	struct work w = {
		.view = view, .net = view_net(view), .placement = placement, .owns = owns, .graph = steer_graph_new(view),
		.steer = arena_new_array(arena, struct steer, 1),
		.bridges = { steer_bridges(view_net(view), false), steer_bridges(view_net(view), true) },
	};
	w.steer->arena = arena;
	steer_labels_init(&w.labels, w.net);
	steer_map_init(&w.known);
	for (size_t i = 0; before && i < before->n_transits; i++)
		steer_labels_keep(&w.labels, &before->transits[i]);
	name_arcs(&w);
	steer_networks(&w);
	finish(&w);
	return w.steer;
}
