/* SPDX-License-Identifier: Apache-2.0 */
/* Wishes of `te` that leave each other no way, as far as the file alone tells.
 *
 * Frames pass no switch twice. So a pin needs, at each switch that it names, two ways that have no
 * other switch in common, from there back to the one before and on to the next one: there are such
 * unless one switch alone is on all of them (Menger). With several switches to pass that is
 * necessary and not sufficient; what it misses te_aside.c may find. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

struct ground {
	const struct net *net;
	const struct net_te_pair *const *wishes;        /* of the same traffic: at most one pin, and avoids */
	size_t n;
	bool *is_closed;                                /* switches that are passed at another time */
	uint32_t *before;                               /* per switch: where it was reached from; NET_NONE = it was not */
};

bool te_is_pin(const struct net *net, const struct net_te_pair *wish)
{
	return wish >= net->te.pins && wish < net->te.pins + net->te.n_pins;
}

/* --- ways ------------------------------------------------------------------------------ */

static bool is_usable(const struct ground *ground, uint32_t edge)
{
	for (size_t i = 0; i < ground->n; i++)
		if (!te_is_pin(ground->net, ground->wishes[i]) && te_edge_is_avoided(ground->net, ground->wishes[i], edge))
			return false;
	return true;
}

/* Which of the two is reached first without the one, or NET_NONE; and by which way. */
static uint32_t reach(const struct ground *ground, uint32_t from, const uint32_t to[2], uint32_t without)
{
	const struct net *net = ground->net;

	for (uint32_t i = 0; i < net->n_switches; i++)
		ground->before[i] = NET_NONE;
	ground->before[from] = from;
	for (bool again = true; again;) {
		again = false;
		for (uint32_t i = 0; i < net->n_edges; i++) {
			const uint32_t *sw = net->edges[i].sw;
			bool is_first = ground->before[sw[0]] != NET_NONE;
			uint32_t next = sw[is_first];

			if (ground->before[next] != NET_NONE || ground->before[sw[!is_first]] == NET_NONE || next == without
			    || ground->is_closed[next] || !is_usable(ground, i))
				continue;
			ground->before[next] = sw[!is_first];
			if (next == to[0] || next == to[1])
				return next;
			again = true;
		}
	}
	return NET_NONE;
}

/* The switch that all ways from here to both have in common: `from` itself when there are none; NET_NONE = there
 * are two without a switch in common. */
static uint32_t neck(const struct ground *ground, uint32_t from, const uint32_t to[2])
{
	uint32_t *way = xheap_alloc(ground->net->n_switches * sizeof *way), n = 0, found = NET_NONE;

	for (uint32_t sw = reach(ground, from, to, NET_NONE); sw != NET_NONE && sw != from; sw = ground->before[sw])
		way[n++] = sw;
	if (!n)
		found = from;
	for (uint32_t i = 0; i < n && found == NET_NONE; i++)
		if (reach(ground, from, to, way[i]) == NET_NONE)
			found = way[i];
	free(way);
	return found;
}

/* Number i of those that the traffic passes, its ends among them. */
static uint32_t stop(const struct net_te_pair *pin, size_t i)
{
	return !i ? pin->from : i <= pin->n_via ? pin->via[i - 1] : pin->to;
}

/* First as if each three were all there is, so that the loop has a name; then without those that are passed at
 * another time. */
static bool find_loop(const struct ground *ground, const struct net_te_pair *pin, struct te_loop *ret_loop)
{
	for (size_t i = 1; i <= 2 * pin->n_via; i++) {
		bool is_again = i > pin->n_via;
		size_t at = is_again ? i - pin->n_via : i;
		struct te_loop loop = { stop(pin, at - 1), stop(pin, at), stop(pin, at + 1), NET_NONE };

		for (size_t k = 0; k <= pin->n_via + 1; k++)
			ground->is_closed[stop(pin, k)] = is_again && (k + 1 < at || k > at + 1);
		loop.twice = neck(ground, loop.over, (uint32_t[]) { loop.from, loop.to });
		if (loop.twice == NET_NONE)
			continue;
		if (is_again)
			loop.twice = NET_NONE;
		if (ret_loop)
			*ret_loop = loop;
		return true;
	}
	return false;
}

static struct ground ground_new(const struct net *net, const struct net_te_pair *const *wishes, size_t n)
{
	return (struct ground) { net, wishes, n, xheap_alloc(net->n_switches * sizeof(bool)),
				 xheap_alloc(net->n_switches * sizeof(uint32_t)) };
}

static void ground_free(struct ground *ground)
{
	free(ground->is_closed);
	free(ground->before);
}

bool te_are_joined(const struct net *net, uint32_t a, uint32_t b)
{
	struct ground ground = ground_new(net, NULL, 0);
	bool are = reach(&ground, a, (uint32_t[]) { b, b }, NET_NONE) != NET_NONE;

	ground_free(&ground);
	return are;
}

bool te_has_way(const struct net *net, const struct net_te_pair *const *wishes, size_t n, struct te_loop *ret_loop)
{
	struct ground ground = ground_new(net, wishes, n);
	const struct net_te_pair *pin = te_is_pin(net, wishes[0]) ? wishes[0] : NULL;
	bool has = pin ? !find_loop(&ground, pin, ret_loop)
		   : reach(&ground, wishes[0]->from, (uint32_t[]) { wishes[0]->to, wishes[0]->to }, NET_NONE) != NET_NONE;

	ground_free(&ground);
	return has;
}

/* --- what contradicts what --------------------------------------------------------------- */

/* Leaves out what is not needed for the contradiction, the last ones first. */
static size_t narrow(const struct net *net, const struct net_te_pair **wishes, size_t n)
{
	for (size_t i = n; i-- && n > 1;) {
		const struct net_te_pair *out = wishes[i];

		memmove(wishes + i, wishes + i + 1, (n - i - 1) * sizeof *wishes);
		if (!te_has_way(net, wishes, n - 1, NULL)) {
			n--;
			continue;
		}
		memmove(wishes + i + 1, wishes + i, (n - i - 1) * sizeof *wishes);
		wishes[i] = out;
	}
	return n;
}

static bool is_later(struct where a, struct where b)
{
	return a.line != b.line ? a.line > b.line : a.col > b.col;
}

static void complain(const struct net *net, const struct net_te_pair *const *wishes, size_t n, struct diag *diag)
{
	const struct net_te_pair *last = wishes[0];
	const char *network = NULL, *others = "";
	size_t n_told = 0;

	for (size_t i = 0; i < n; i++) {
		last = is_later(wishes[i]->where, last->where) ? wishes[i] : last;
		network = network ? network : wishes[i]->network_name;
	}
	for (size_t i = 0; i < n; i++)
		if (wishes[i] != last)
			others = arena_printf(net->arena, "%s%s the %s in line %u", others, ++n_told + 1 < n ? "," : " and",
					      te_is_pin(net, wishes[i]) ? "pin" : "avoid", wishes[i]->where.line);
	diag_add(diag, last->where, DIAG_CLASH, "%s of \"te\"%s leave no way for traffic %s%s%sfrom switch \"%s\" to switch \"%s\"",
		 te_is_pin(net, last) ? "a pin" : "an avoid", others, network ? "of network \"" : "", network ? network : "",
		 network ? "\" " : "", last->from_name, last->to_name);
}

static bool are_about(const struct net_te_pair *a, const struct net_te_pair *b)
{
	return a->from == b->from && a->to == b->to;
}

/* All that holds for the traffic of one wish: the pin comes first. As te_job_rules_of() has it. */
static size_t gather(const struct net *net, const struct net_te_pair *const *all, size_t n_all, const struct net_te_pair *wish,
		     const struct net_te_pair **ret_wishes)
{
	const struct net_te_pair *pin = NULL;
	size_t n = 0;

	for (size_t i = 0; i < n_all; i++)
		if (te_is_pin(net, all[i]) && are_about(all[i], wish)
		    && (all[i]->network == wish->network || (!pin && all[i]->network == NET_NONE)))
			pin = all[i];
	if (pin)
		ret_wishes[n++] = pin;
	for (size_t i = 0; i < n_all; i++)
		if (!te_is_pin(net, all[i]) && are_about(all[i], wish)
		    && (all[i]->network == wish->network || all[i]->network == NET_NONE))
			ret_wishes[n++] = all[i];
	return n;
}

/* A network's are told when one of them is its own: the others are told without it. */
static bool is_told_elsewhere(const struct net_te_pair *const *wishes, size_t n, uint32_t network)
{
	for (size_t i = 0; i < n; i++)
		if (wishes[i]->network == network)
			return false;
	return true;
}

void te_clashes_check(struct net *net, const struct net_te_pair *const *all, size_t n_all, struct diag *diag)
{
	const struct net_te_pair **wishes = xheap_alloc(n_all * sizeof *wishes + 1), **well = xheap_alloc(n_all * sizeof *well + 1);
	size_t n_well = 0, n_clashes = 0;

	for (size_t i = 0; i < n_all; i++) {
		bool is_done = false;

		for (size_t k = 0; k < i && !is_done; k++)
			is_done = are_about(all[k], all[i]) && all[k]->network == all[i]->network;
		if (is_done)
			continue;
		size_t n = gather(net, all, n_all, all[i], wishes);
		if (te_has_way(net, wishes, n, NULL)) {
			well[n_well++] = all[i];
			continue;
		}
		n = narrow(net, wishes, n);
		n_clashes++;
		if (!is_told_elsewhere(wishes, n, all[i]->network))
			complain(net, wishes, n, diag);
	}
	if (!n_clashes && n_all == net->te.n_pins + net->te.n_avoids)
		te_asides_check(net, well, n_well, diag);
	free(wishes);
	free(well);
}
