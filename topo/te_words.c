/* SPDX-License-Identifier: Apache-2.0 */
/* Names of arcs and paths, and one sentence about a change. */
#include "topo/te_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/te_what.h"

enum { MAX_VIAS = 3 };

const char *te_arc_name(const struct net *net, uint32_t arc, char *buf, size_t size)
{
	if (arc / 2 >= net->n_edges) {
		const struct net_nic *nic = &net->nics[arc / 2 - net->n_edges];
		snprintf(buf, size, "%s of %s, %s", net->underlays[nic->underlay].name, net->switches[nic->sw].name, arc & 1 ? "in" : "out");
		return buf;
	}
	const struct net_edge *edge = &net->edges[arc / 2];
	bool is_alone = true;
	for (uint32_t e = 0; e < net->n_edges; e++) {
		const struct net_edge *other = &net->edges[e];
		if (e != arc / 2 && ((other->sw[0] == edge->sw[0] && other->sw[1] == edge->sw[1])
				     || (other->sw[0] == edge->sw[1] && other->sw[1] == edge->sw[0])))
			is_alone = false;
	}
	if (is_alone)
		snprintf(buf, size, "%s-%s", net->switches[edge->sw[arc & 1]].name, net->switches[edge->sw[!(arc & 1)]].name);
	else
		snprintf(buf, size, "%s from %s", edge->name, net->switches[edge->sw[arc & 1]].name);
	return buf;
}

static uint32_t head(const struct net *net, uint32_t arc) { return net->edges[arc / 2].sw[!(arc & 1)]; }

const char *te_path_name(const struct net *net, uint32_t src, const struct place_path *path, char *buf, size_t size)
{
	size_t used = (size_t) snprintf(buf, size, "%s", net->switches[src].name);
	for (uint32_t i = 0; i < path->n_arcs && used < size; i++)
		used += (size_t) snprintf(buf + used, size - used, "-%s", net->switches[head(net, path->arcs[i])].name);
	return buf;
}

size_t te_n_changed(const struct placement *before, const struct placement *after)
{
	size_t n = 0;
	for (size_t i = 0; before && i < after->n_pairs; i++) {
		const struct place_pair *old = place_find(before, after->pairs[i].src, after->pairs[i].dst);
		n += old && te_moved(old, &after->pairs[i]) > 0;
	}
	return n;
}

static bool same_path(const struct place_path *a, const struct place_path *b)
{
	return a->n_arcs == b->n_arcs && !memcmp(a->arcs, b->arcs, a->n_arcs * sizeof *a->arcs);
}

bool te_same(const struct placement *a, const struct placement *b)
{
	if (!a || !b || a->n_pairs != b->n_pairs)
		return a == b;
	for (size_t i = 0; i < a->n_pairs; i++) {
		const struct place_pair *x = &a->pairs[i], *y = &b->pairs[i];
		if (x->src != y->src || x->dst != y->dst || x->n_slots != y->n_slots || x->n_active != y->n_active)
			return false;
		for (uint32_t s = 0; s < x->n_slots; s++)
			if (!same_path(&x->paths[x->slots[s]], &y->paths[y->slots[s]]))
				return false;
	}
	return true;
}

static bool touches(const struct net *net, const struct place_pair *pair, uint32_t sw)
{
	for (uint32_t k = 0; k < pair->n_active; k++)
		for (uint32_t a = 0; a < pair->paths[k].n_arcs; a++)
			if (head(net, pair->paths[k].arcs[a]) == sw)
				return true;
	return false;
}

/* Switches that pairs which moved pass now and did not before, most often first. */
static size_t find_vias(const struct net *net, const struct placement *before, const struct placement *after,
			uint32_t *ret_vias)
{
	uint32_t *counts = xheap_alloc(net->n_switches * sizeof *counts);
	size_t n = 0;
	for (size_t i = 0; i < after->n_pairs; i++) {
		const struct place_pair *now = &after->pairs[i], *old = place_find(before, now->src, now->dst);
		if (!old || te_moved(old, now) <= 0)
			continue;
		for (uint32_t sw = 0; sw < net->n_switches; sw++)
			counts[sw] += sw != now->dst && touches(net, now, sw) && !touches(net, old, sw);
	}
	for (; n < MAX_VIAS; n++) {
		uint32_t best = 0;
		for (uint32_t sw = 1; sw < net->n_switches; sw++)
			if (counts[sw] > counts[best])
				best = sw;
		if (!counts[best])
			break;
		counts[best] = 0;
		ret_vias[n] = best;
	}
	free(counts);
	return n;
}

const char *te_rate(double mbps, char buf[24])
{
	double rate = mbps >= 999.5 ? mbps / 1000 : mbps < 0.9995 ? mbps * 1000 : mbps;
	snprintf(buf, 24, "%.3g %s", rate, mbps >= 999.5 ? "Gbit/s" : mbps < 0.9995 && mbps > 0 ? "kbit/s" : "Mbit/s");
	return buf;
}

static int percent(double u) { return (int) lround(100 * fmin(u, 99)); }

size_t te_say_change(const struct net *net, const struct te_plan *t, const struct placement *before,
		     const struct placement *after, char *buf, size_t size)
{
	size_t n = te_n_changed(before, after), used;
	double *loads = xheap_alloc(t->n_arcs * sizeof *loads), u = 0;
	uint32_t arc = PLACE_NONE, vias[MAX_VIAS];
	char name[160];
	if (before) {
		te_loads(t, before, loads);
		u = te_highest(t, loads, &arc);
	}
	te_loads(t, after, loads);
	if (!n) {
		/* Nothing moved: it is the first, or pairs came or went. */
		u = te_highest(t, loads, &arc);
		used = (size_t) snprintf(buf, size, after->n_pairs == 1 ? "%zu pair has its paths" : "%zu pairs have their paths",
					 after->n_pairs);
		if (u > 0.005)
			snprintf(buf + used, size - used, ", the busiest link is %s with %d %%", te_arc_name(net, arc, name, sizeof name),
				 percent(u));
		free(loads);
		return n;
	}
	used = 0;
	if (arc != PLACE_NONE && percent(u))
		used = (size_t) snprintf(buf, size, "%s %d %% -> %d %%: ", te_arc_name(net, arc, name, sizeof name), percent(u),
					 percent((loads[arc] + t->background[arc]) / t->mbps[arc]));
	used += (size_t) snprintf(buf + used, size - used, "%zu pair%s moved", n, n == 1 ? "" : "s");
	size_t n_vias = n ? find_vias(net, before, after, vias) : 0;
	for (size_t i = 0; i < n_vias && used < size; i++)
		used += (size_t) snprintf(buf + used, size - used, "%s%s", i ? ", " : " over ", net->switches[vias[i]].name);
	free(loads);
	return n;
}
