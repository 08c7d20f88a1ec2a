/* SPDX-License-Identifier: Apache-2.0 */
/* Another steering on one switch: the rows that differ, and the groups that nobody uses any more.
 *
 * Where it is not so simple, steer.c makes all rows anew: a row of a tunnel's label may stand for several
 * transits, and two groups with the same hash have numbers by who came first. */
#include <stdlib.h>

#include "apps/steer.h"

struct changes {
	struct steer_pair_change *pairs;
	struct steer_transit_change *transits;
	size_t n_pairs, n_transits;
};

static bool is_of_tunnel(const struct scene *scene, const struct steer_transit *transit)
{
	return transit && scene->net->edges[transit->edge].link == NET_NONE;
}

static bool is_simple(const struct scene *scene, const struct changes *c)
{
	bool is_simple = true;
	for (size_t i = 0; i < c->n_transits; i++)
		is_simple &= !is_of_tunnel(scene, c->transits[i].before) && !is_of_tunnel(scene, c->transits[i].now);
	return is_simple;
}

static bool has_port(const struct steer_place *place, const struct steer_pair *pair)
{
	bool has = false;
	for (uint32_t i = 0; i < pair->n_choices && !has; i++)
		has = steer_leaves(place->scene, place->vs->sw, pair->network, &pair->choices[i], 0).n;
	return has;
}

static void number(struct steer_groups *groups, const struct steer_place *place, const struct leaves *leaves)
{
	if (leaves->n == 2)
		steer_group(groups, NULL, place->vs->sw, leaves);
}

/* Each choice once: slots of one choice have one group. */
static void number_pair(struct steer_groups *groups, const struct steer_place *place, const struct steer_pair *pair)
{
	bool is_seen[PLACE_MAX_SLOTS] = { false };
	if (!has_port(place, pair))
		return;
	for (uint32_t slot = 0; slot < (steer_is_split(pair) ? pair->n_slots : 1); slot++) {
		if (is_seen[pair->slots[slot]])
			continue;
		is_seen[pair->slots[slot]] = true;
		struct leaves leaves = steer_leaves_of_slot(place, pair, slot);
		number(groups, place, &leaves);
	}
}

static void number_transit(struct steer_groups *groups, const struct steer_place *place, const struct steer_transit *transit)
{
	struct leaves leaves;
	if (steer_leaves_of_transit(place, transit, &leaves))
		number(groups, place, &leaves);
}

static struct steer_groups *number_all(const struct steer_place *place, const struct steer *steer)
{
	struct steer_groups *groups = steer_groups_new();
	size_t n;
	const struct steer_pair *pairs = steer_pairs_of(steer, place->vs->index, &n);
	for (size_t i = 0; i < n; i++)
		number_pair(groups, place, &pairs[i]);
	const struct steer_transit *transits = steer_transits_of(steer, place->vs->index, &n);
	for (size_t i = 0; i < n; i++)
		number_transit(groups, place, &transits[i]);
	return groups;
}

static void put_changes(const struct steer_place *place, const struct changes *c)
{
	for (size_t i = 0; i < c->n_pairs; i++)
		if (c->pairs[i].before)
			steer_put_pair(place, c->pairs[i].before, false);
	for (size_t i = 0; i < c->n_transits; i++)
		if (c->transits[i].before)
			steer_put_transit(place, c->transits[i].before, false);
	for (size_t i = 0; i < c->n_pairs; i++)
		if (c->pairs[i].now && has_port(place, c->pairs[i].now))
			steer_put_pair(place, c->pairs[i].now, true);
	for (size_t i = 0; i < c->n_transits; i++)
		if (c->transits[i].now)
			steer_put_transit(place, c->transits[i].now, true);
}

/* What only comes needs no look at what was: it is all there still. */
static bool only_comes(const struct changes *c)
{
	bool only = true;
	for (size_t i = 0; i < c->n_pairs; i++)
		only &= !c->pairs[i].before;
	for (size_t i = 0; i < c->n_transits; i++)
		only &= !c->transits[i].before;
	return only;
}

/* False: numbers of groups are not certain. */
static bool change(const struct scene *scene, const struct view_switch *vs, const struct changes *c,
		   const struct steer *before, struct out *out)
{
	struct steer_place place = { scene, out, vs, steer_groups_new() };
	struct steer_groups *now = number_all(&place, view_steer(scene->view));
	struct steer_groups *old = only_comes(c) ? steer_groups_new() : number_all(&place, before);
	bool can = !steer_groups_collide(old) && !steer_groups_collide(now);
	if (can) {
		put_changes(&place, c);
		steer_groups_go(old, now, out, vs->sw);
	}
	steer_groups_free(old);
	steer_groups_free(now);
	steer_groups_free(place.groups);
	return can;
}

bool steer_resteer(const struct scene *scene, uint32_t sw, const struct steer *before, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	const struct steer *now = view_steer(scene->view);
	struct changes c;
	if (vs->index == NET_NONE)
		return true;
	c.pairs = steer_pairs_changed(before, now, vs->index, &c.n_pairs);
	c.transits = steer_transits_changed(before, now, vs->index, &c.n_transits);
	bool can = is_simple(scene, &c) && change(scene, vs, &c, before, out);
	free(c.pairs);
	free(c.transits);
	return can;
}
