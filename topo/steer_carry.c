/* SPDX-License-Identifier: Apache-2.0 */
/* Steering under a new file: what lost its switch, network or edge goes, the rest stays.
 * A step that is gone leaves the other one; a pair without steps goes the plain way. So
 * does a label whose number a network has now: it would be taken for that network. */
#include <stdlib.h>
#include <string.h>

#include "topo/steer_private.h"

struct maps {
	const struct net *now;
	uint32_t *switches, *networks, *edges;
	struct steer_map reserved;      /* is cable, number: of a network */
};

static uint32_t new_edge(const struct net *now, const struct net *before, const struct net_edge *edge,
			 const struct steer_map *names)
{
	uint32_t i = steer_map_get(names, net_hash(edge->name, strlen(edge->name)), 0);
	if (i == NET_NONE || strcmp(now->edges[i].name, edge->name)
	    || (edge->link == NET_NONE) != (now->edges[i].link == NET_NONE))
		return NET_NONE;
	for (unsigned end = 0; end < 2; end++)
		if (strcmp(before->switches[edge->sw[end]].name, now->switches[now->edges[i].sw[end]].name))
			return NET_NONE;
	return i;
}

static void maps_init(struct maps *maps, const struct net *before, const struct net *now)
{
	struct steer_map names;
	steer_map_init(&names);
	for (uint32_t i = 0; i < now->n_edges; i++)
		steer_map_put(&names, net_hash(now->edges[i].name, strlen(now->edges[i].name)), 0, i);
	*maps = (struct maps) {
		.now = now,
		.switches = xheap_alloc(before->n_switches * sizeof(uint32_t)),
		.networks = xheap_alloc(before->n_networks * sizeof(uint32_t)),
		.edges = xheap_alloc(before->n_edges * sizeof(uint32_t)),
	};
	for (size_t i = 0; i < before->n_switches; i++)
		maps->switches[i] = net_switch_by_name(now, before->switches[i].name);
	for (size_t i = 0; i < before->n_networks; i++)
		maps->networks[i] = net_network_by_id(now, before->networks[i].id);
	for (size_t i = 0; i < before->n_edges; i++)
		maps->edges[i] = new_edge(now, before, &before->edges[i], &names);
	steer_map_uninit(&names);
	steer_map_init(&maps->reserved);
	for (size_t i = 0; i < now->n_networks; i++) {
		steer_map_put(&maps->reserved, true, now->networks[i].link_vlan, 0);
		steer_map_put(&maps->reserved, false, now->networks[i].vni, 0);
	}
}

static void maps_uninit(struct maps *maps)
{
	free(maps->switches);
	free(maps->networks);
	free(maps->edges);
	steer_map_uninit(&maps->reserved);
}

/* By the edge's number in the new file. */
static bool is_reserved(const struct maps *maps, uint32_t edge, uint32_t label)
{
	bool is_cable = maps->now->edges[edge].link != NET_NONE;
	return label && steer_map_get(&maps->reserved, is_cable, label) != NET_NONE;
}

static struct steer_choice carry_choice(const struct maps *maps, const struct steer_choice *old)
{
	struct steer_choice choice = { .n_steps = 0 };
	for (unsigned i = 0; i < old->n_steps; i++) {
		struct steer_step step = old->steps[i];
		step.edge = maps->edges[step.edge];
		if (step.edge != NET_NONE && !is_reserved(maps, step.edge, step.label))
			choice.steps[choice.n_steps++] = step;
	}
	return choice;
}

static void carry_pair(struct steer *steer, const struct maps *maps, const struct steer_pair *old)
{
	struct steer_pair *pair = &steer->pairs[steer->n_pairs];
	steer_copy_pair(steer->arena, pair, old);
	pair->network = maps->networks[old->network];
	pair->from = maps->switches[old->from];
	pair->to = maps->switches[old->to];
	if (pair->network == NET_NONE || pair->from == NET_NONE || pair->to == NET_NONE)
		return;
	for (uint32_t i = 0; i < pair->n_choices; i++) {
		pair->choices[i] = carry_choice(maps, &old->choices[i]);
		if (!pair->choices[i].n_steps)
			return;
	}
	steer->n_pairs++;
}

static void carry_transit(struct steer *steer, const struct maps *maps, const struct steer_transit *old)
{
	struct steer_transit *transit = &steer->transits[steer->n_transits];
	*transit = *old;
	transit->sw = maps->switches[old->sw];
	transit->edge = maps->edges[old->edge];
	transit->network = maps->networks[old->network];
	transit->choice = carry_choice(maps, &old->choice);
	steer->n_transits += transit->sw != NET_NONE && transit->edge != NET_NONE && transit->network != NET_NONE
		&& !is_reserved(maps, transit->edge, transit->label)
		&& !transit->choice.n_steps == !old->choice.n_steps;
}

struct steer *steer_carry_over(const struct steer *old, const struct net *before, const struct net *now)
{
	struct arena *arena = arena_new();
	struct steer *steer = arena_new_array(arena, struct steer, 1);
	struct maps maps;
	maps_init(&maps, before, now);
	*steer = (struct steer) {
		.arena = arena, .pairs = arena_new_array(arena, struct steer_pair, old->n_pairs),
		.transits = arena_new_array(arena, struct steer_transit, old->n_transits),
		.n_unlabelled = old->n_unlabelled,
	};
	for (size_t i = 0; i < old->n_pairs; i++)
		carry_pair(steer, &maps, &old->pairs[i]);
	for (size_t i = 0; i < old->n_transits; i++)
		carry_transit(steer, &maps, &old->transits[i]);
	maps_uninit(&maps);
	steer_sort(steer);
	return steer;
}
