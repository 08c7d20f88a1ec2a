/* SPDX-License-Identifier: Apache-2.0 */
/* Wishes of `te` that do nothing although they could: what suits them is to be drained, or
 * takes longer than `max_delay`. Placement is asked, for it is what decides later. */
#include <stdlib.h>

#include "topo/arena.h"
#include "topo/model.h"
#include "topo/te_job.h"
#include "topo/te_own.h"

enum {
	MAX_REASONED = 20,              /* wishes whose reason is looked for */
	MAX_DRAINED = 20,               /* links that are tried for each */
	MAX_SIZE = 2000000,             /* wishes times links: with more it is left to `weft status`, a check has to be quick */
};

struct trial {
	struct net *net;
	struct place_link *links;       /* per edge, all alive */
	const struct net_te_pair *const *wishes;        /* each of other traffic: all of the network's, or one */
	size_t n;
};

static const struct place_rule *rules_of(const struct trial *trial, struct arena *arena, bool has_ceiling, size_t *ret_n)
{
	const struct net_te *te = &trial->net->te;
	struct place_rule *rules = NULL;
	size_t n_all = 0, n;

	for (int round = 0; round < 2; round++) {       /* counts, and then writes */
		rules = round ? arena_new_array(arena, struct place_rule, n_all) : NULL;
		n_all = 0;
		for (size_t i = 0; i < trial->n; i++) {
			const struct te_own own = { .network = trial->wishes[i]->network, .from = trial->wishes[i]->from,
						    .to = trial->wishes[i]->to };
			const struct place_rule *some = te_job_rules_of(trial->net, &own, arena, &n);
			n -= te->max_delay_us && (!has_ceiling || i);           /* the last one, and it is for all */
			for (size_t k = 0; rules && k < n; k++)
				rules[n_all + k] = some[k];
			n_all += n;
		}
	}
	*ret_n = n_all;
	return rules;
}

/* Marks whose wishes no way suits; true: all of them have one. ret_broken may be null. */
static bool suits(const struct trial *trial, bool has_ceiling, bool *ret_broken)
{
	struct place_demand *demands = xheap_alloc(trial->n * sizeof *demands);
	struct place_job job = { .n_nodes = (uint32_t) trial->net->n_switches, .links = trial->links, .n_links = trial->net->n_edges,
				 .demands = demands, .n_demands = trial->n, .options = place_defaults() };
	struct arena *arena = arena_new();
	bool all = true;

	for (size_t i = 0; i < trial->n; i++)
		demands[i] = (struct place_demand) { .src = trial->wishes[i]->from, .dst = trial->wishes[i]->to };
	job.rules = rules_of(trial, arena, has_ceiling, &job.n_rules);
	job.options.without_standbys = true;
	struct placement *p = place_stay(&job);
	for (size_t i = 0; i < trial->n; i++) {
		const struct place_pair *pair = place_find(p, demands[i].src, demands[i].dst);
		bool is_broken = !pair || !pair->n_active || pair->rules_broken;

		all &= !is_broken;
		if (ret_broken)
			ret_broken[i] = is_broken;
	}
	place_free(p);
	arena_free(arena);
	free(demands);
	return all;
}

static struct place_link *live_links(const struct net *net)
{
	struct place_link *links = xheap_alloc(net->n_edges * sizeof *links + 1);
	double (*mbps)[2] = xheap_alloc(net->n_edges * sizeof *mbps + 1);

	for (size_t i = 0; i < net->n_edges; i++)
		mbps[i][0] = mbps[i][1] = 1;
	te_job_links(net, NULL, (const double (*)[2]) mbps, links);
	free(mbps);
	return links;
}

bool te_has_suitable(struct net *net, uint32_t from, uint32_t to)
{
	const struct net_te_pair pair = { .from = from, .to = to, .network = NET_NONE }, *pairs = &pair;
	struct trial trial = { net, live_links(net), &pairs, 1 };
	bool has = suits(&trial, true, NULL);

	free(trial.links);
	return has;
}

/* --- why ------------------------------------------------------------------------------- */

/* The drained link without which it would do, or NET_NONE. */
static uint32_t find_drained(struct trial *trial)
{
	for (uint32_t i = 0, n = 0; i < trial->net->n_edges && n < MAX_DRAINED; i++) {
		if (!trial->links[i].down)
			continue;
		trial->links[i].down = false;
		bool does = suits(trial, true, NULL);
		trial->links[i].down = true;
		if (does)
			return i;
		n++;
	}
	return NET_NONE;
}

static const char *reason_without_drains(struct trial *trial)
{
	bool has_ceiling = trial->net->te.max_delay_us;
	struct place_link *links = trial->links;

	trial->links = xheap_alloc(trial->net->n_edges * sizeof *links);
	for (size_t i = 0; i < trial->net->n_edges; i++) {
		trial->links[i] = links[i];
		trial->links[i].down = false;
	}
	const char *why = suits(trial, true, NULL) ? "several links are to be drained"
			  : has_ceiling && suits(trial, false, NULL)
			    ? "links are to be drained, and what else suits takes longer than \"max_delay\""
			    : "no way without a loop was found";
	free(trial->links);
	trial->links = links;
	return why;
}

/* Of one wish; in the arena of the net. */
static const char *reason(struct trial *trial)
{
	struct net *net = trial->net;
	uint32_t drained = find_drained(trial);

	if (drained != NET_NONE)
		return arena_printf(net->arena, "link \"%s\" (line %u) is to be drained", net->edges[drained].name,
				    net->edges[drained].where.line);
	if (net->te.max_delay_us && suits(trial, false, NULL))
		return "what suits takes longer than \"max_delay\"";
	return reason_without_drains(trial);
}

/* --- who ------------------------------------------------------------------------------- */

/* All of one network, or all of none. */
static void check(struct trial *trial, size_t *n_reasoned, struct diag *diag)
{
	bool *is_broken = xheap_alloc(trial->n);

	suits(trial, true, is_broken);
	for (size_t i = 0; i < trial->n; i++) {
		struct trial one = { trial->net, trial->links, trial->wishes + i, 1 };

		if (is_broken[i])
			diag_add(diag, trial->wishes[i]->where, DIAG_ASIDE, "%s of \"te\" does nothing now: %s",
				 te_is_pin(trial->net, trial->wishes[i]) ? "a pin" : "an avoid",
				 (*n_reasoned)++ < MAX_REASONED ? reason(&one) : "what suits is to be drained, or takes too long");
	}
	free(is_broken);
}

static bool can_fail(const struct net *net)
{
	bool can = net->te.max_delay_us;

	for (size_t i = 0; i < net->n_edges && !can; i++)
		can = net->edges[i].drain;
	for (size_t i = 0; i < net->te.n_pins && !can; i++)
		can = net->te.pins[i].n_via > 1;
	return can;
}

void te_asides_check(struct net *net, const struct net_te_pair *const *all, size_t n_all, struct diag *diag)
{
	if (!can_fail(net) || n_all * net->n_edges > MAX_SIZE)
		return;
	const struct net_te_pair **wishes = xheap_alloc(n_all * sizeof *wishes + 1);
	bool *is_done = xheap_alloc(n_all + 1);
	size_t n_reasoned = 0;
	struct trial trial = { net, live_links(net), wishes, 0 };

	for (size_t i = 0; i < n_all; i++) {
		trial.n = 0;
		for (size_t k = i; k < n_all && !is_done[i]; k++)
			if (all[k]->network == all[i]->network)
				wishes[trial.n++] = all[k];
		for (size_t k = n_all; k-- > i;)
			is_done[k] |= all[k]->network == all[i]->network;
		if (trial.n)
			check(&trial, &n_reasoned, diag);
	}
	free(trial.links);
	free(wishes);
	free(is_done);
}
