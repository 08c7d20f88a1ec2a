/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the wishes of `te` are about: pins, what is to be kept off, guarantees. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

struct wish {
	const struct net *net;
	struct diag *diag;
	const char *what;               /* "pin" */
	struct where where;
	bool is_bad;
};

static void complain(struct wish *wish, const char *kind, const char *name, const char *const *names, size_t n)
{
	const char *meant = diag_did_you_mean(name, names, n);

	wish->is_bad = true;
	diag_add(wish->diag, wish->where, DIAG_STEER,
		 meant ? "%s of \"te\": there is no %s \"%s\"; did you mean \"%s\"?" : "%s of \"te\": there is no %s \"%s\"",
		 wish->what, kind, name, meant);
}

static uint32_t find_switch(struct wish *wish, const char *name)
{
	const struct net *net = wish->net;
	uint32_t sw = name ? net_switch_by_name(net, name) : NET_NONE;

	if (!name)
		wish->is_bad = true;
	if (!name || sw != NET_NONE)
		return sw;
	const char **names = arena_new_array(net->arena, const char *, net->n_switches);
	for (size_t i = 0; i < net->n_switches; i++)
		names[i] = net->switches[i].name;
	complain(wish, "switch", name, names, net->n_switches);
	return NET_NONE;
}

static uint32_t find_edge(struct wish *wish, const char *name)
{
	const struct net *net = wish->net;
	uint32_t edge = net_edge_by_name(net, name);

	if (edge != NET_NONE)
		return edge;
	const char **names = arena_new_array(net->arena, const char *, net->n_edges);
	for (size_t i = 0; i < net->n_edges; i++)
		names[i] = net->edges[i].name;
	complain(wish, "link", name, names, net->n_edges);
	return NET_NONE;
}

static uint32_t find_underlay(struct wish *wish, const char *name)
{
	const struct net *net = wish->net;
	uint32_t underlay = underlay_by_name(net, name);

	if (underlay != NET_NONE)
		return underlay;
	const char **names = arena_new_array(net->arena, const char *, net->n_underlays);
	for (size_t i = 0; i < net->n_underlays; i++)
		names[i] = net->underlays[i].name;
	complain(wish, "underlay", name, names, net->n_underlays);
	return NET_NONE;
}

static uint32_t find_network(struct wish *wish, const char *name)
{
	const struct net *net = wish->net;
	const char **names = arena_new_array(net->arena, const char *, net->n_networks);

	for (uint32_t i = 0; i < net->n_networks; i++) {
		names[i] = net->networks[i].name;
		if (!strcmp(names[i], name))
			return i;
	}
	complain(wish, "network", name, names, net->n_networks);
	return NET_NONE;
}

static uint32_t *find_all(struct wish *wish, const char **names, size_t n, uint32_t (*find)(struct wish *, const char *))
{
	uint32_t *found = arena_new_array(wish->net->arena, uint32_t, n);

	for (size_t i = 0; i < n; i++)
		found[i] = find(wish, names[i]);
	return found;
}

static bool is_among(const uint32_t *items, size_t n, uint32_t item)
{
	for (size_t i = 0; i < n; i++)
		if (items[i] == item)
			return true;
	return false;
}

bool te_edge_is_avoided(const struct net *net, const struct net_te_pair *pair, uint32_t edge)
{
	const struct net_edge *e = &net->edges[edge];

	return is_among(pair->edges, pair->n_edges, edge)
	       || (e->underlay != NET_NONE && is_among(pair->underlays, pair->n_underlays, e->underlay))
	       || is_among(pair->via, pair->n_via, e->sw[0]) || is_among(pair->via, pair->n_via, e->sw[1]);
}

/* Marks what can be reached; `avoid` may be null. */
static bool is_joined(const struct net *net, uint32_t from, uint32_t to, const struct net_te_pair *avoid)
{
	bool *reached = xheap_alloc(net->n_switches);

	reached[from] = true;
	for (bool again = true; again;) {
		again = false;
		for (uint32_t i = 0; i < net->n_edges; i++) {
			const uint32_t *sw = net->edges[i].sw;

			if (reached[sw[0]] == reached[sw[1]] || (avoid && te_edge_is_avoided(net, avoid, i)))
				continue;
			reached[sw[0]] = reached[sw[1]] = again = true;
		}
	}
	bool is = reached[to];
	free(reached);
	return is;
}

static bool find_pair(struct wish *wish, struct net_te_pair *pair)
{
	pair->from = find_switch(wish, pair->from_name);
	pair->to = find_switch(wish, pair->to_name);
	pair->network = pair->network_name ? find_network(wish, pair->network_name) : NET_NONE;
	pair->via = find_all(wish, pair->via_names, pair->n_via, find_switch);
	pair->edges = find_all(wish, pair->edge_names, pair->n_edges, find_edge);
	pair->underlays = find_all(wish, pair->underlay_names, pair->n_underlays, find_underlay);
	for (size_t i = 0; i < pair->n_via && !wish->is_bad; i++)
		if (pair->via[i] == pair->from || pair->via[i] == pair->to || is_among(pair->via, i, pair->via[i])) {
			wish->is_bad = true;
			diag_add(wish->diag, pair->where, DIAG_STEER,
				 "%s of \"te\": \"via\" names \"%s\", which is %s", wish->what, pair->via_names[i],
				 is_among(pair->via, i, pair->via[i]) ? "there already" : "an end of it");
		}
	if (!wish->is_bad && pair->from == pair->to) {
		wish->is_bad = true;
		diag_add(wish->diag, pair->where, DIAG_STEER, "%s of \"te\" leads from switch \"%s\" to itself", wish->what,
			 pair->from_name);
	}
	return !wish->is_bad;
}

static void settle_pin(const struct net *net, struct net_te_pair *pin, struct diag *diag)
{
	struct wish wish = { net, diag, "a pin", pin->where, false };

	if (!find_pair(&wish, pin))
		return;
	for (const struct net_te_pair *other = net->te.pins; other < pin; other++)
		if (other->from == pin->from && other->to == pin->to && other->network == pin->network) {
			diag_add(diag, pin->where, DIAG_STEER,
				 "a pin of \"te\": traffic %s%s%sfrom switch \"%s\" to switch \"%s\" is pinned already (line %u); "
				 "name all it passes in one \"via\"", pin->network_name ? "of network \"" : "",
				 pin->network_name ? pin->network_name : "", pin->network_name ? "\" " : "", pin->from_name,
				 pin->to_name, other->where.line);
			return;
		}
	for (size_t i = 0; i <= pin->n_via; i++) {
		uint32_t a = i ? pin->via[i - 1] : pin->from, b = i < pin->n_via ? pin->via[i] : pin->to;

		if (is_joined(net, a, b, NULL))
			continue;
		diag_add(diag, pin->where, DIAG_STEER, "a pin of \"te\": no links lead from switch \"%s\" to switch \"%s\"",
			 net->switches[a].name, net->switches[b].name);
		return;
	}
}

static void settle_avoid(const struct net *net, struct net_te_pair *avoid, struct diag *diag)
{
	struct wish wish = { net, diag, "an avoid", avoid->where, false };

	if (find_pair(&wish, avoid) && !is_joined(net, avoid->from, avoid->to, avoid))
		diag_add(diag, avoid->where, DIAG_STEER,
			 "an avoid of \"te\": nothing else leads from switch \"%s\" to switch \"%s\"", avoid->from_name,
			 avoid->to_name);
}

static void settle_guarantee(const struct net *net, struct net_te_guarantee *guarantee, struct diag *diag)
{
	struct wish wish = { net, diag, "a guarantee", guarantee->where, false };

	guarantee->network = guarantee->from = guarantee->to = NET_NONE;
	if (guarantee->from_name && guarantee->to_name) {
		guarantee->from = find_switch(&wish, guarantee->from_name);
		guarantee->to = find_switch(&wish, guarantee->to_name);
		if (!wish.is_bad && guarantee->from == guarantee->to)
			diag_add(diag, guarantee->where, DIAG_STEER, "a guarantee of \"te\" leads from switch \"%s\" to itself",
				 guarantee->from_name);
	}
	if (!guarantee->network_name)
		return;
	guarantee->network = find_network(&wish, guarantee->network_name);
}

void te_wishes_settle(struct net *net, struct diag *diag)
{
	struct net_te *te = &net->te;
	size_t n_errors = diag_n_errors(diag);
	bool are_whole = true;

	for (size_t i = 0; i < te->n_pins; i++)
		settle_pin(net, &te->pins[i], diag);
	for (size_t i = 0; i < te->n_avoids; i++)
		settle_avoid(net, &te->avoids[i], diag);
	for (size_t i = 0; i < te->n_guarantees; i++) {
		const struct net_te_guarantee *guarantee = &te->guarantees[i];

		settle_guarantee(net, &te->guarantees[i], diag);
		are_whole &= guarantee->network != NET_NONE || (guarantee->from != NET_NONE && guarantee->to != NET_NONE);
	}
	if (te->n_guarantees && are_whole && diag_n_errors(diag) == n_errors)
		te_guarantees_settle(net, diag);
}
