/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the wishes of `te` are about: pins, what is to be kept off, guarantees. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"
#include "topo/place.h"

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

/* Another line has the same traffic pinned. */
static bool is_pinned_already(const struct net *net, const struct net_te_pair *pin, struct diag *diag)
{
	for (const struct net_te_pair *other = net->te.pins; other < pin; other++)
		if (other->from == pin->from && other->to == pin->to && other->network == pin->network) {
			diag_add(diag, pin->where, DIAG_STEER,
				 "a pin of \"te\": traffic %s%s%sfrom switch \"%s\" to switch \"%s\" is pinned already (line %u); "
				 "name all it passes in one \"via\"", pin->network_name ? "of network \"" : "",
				 pin->network_name ? pin->network_name : "", pin->network_name ? "\" " : "", pin->from_name,
				 pin->to_name, other->where.line);
			return true;
		}
	return false;
}

static bool has_way(const struct net *net, const struct net_te_pair *pin, struct diag *diag)
{
	const struct net_switch *sw = net->switches;
	struct te_loop loop;

	for (size_t i = 0; i <= pin->n_via; i++) {
		uint32_t a = i ? pin->via[i - 1] : pin->from, b = i < pin->n_via ? pin->via[i] : pin->to;

		if (te_are_joined(net, a, b))
			continue;
		diag_add(diag, pin->where, DIAG_STEER, "a pin of \"te\": no links lead from switch \"%s\" to switch \"%s\"",
			 sw[a].name, sw[b].name);
		return false;
	}
	if (te_has_way(net, &pin, 1, &loop))
		return true;
	if (loop.twice == NET_NONE)
		diag_add(diag, pin->where, DIAG_STEER, "a pin of \"te\": nothing leads from switch \"%s\" over switch \"%s\" to switch "
			 "\"%s\" without others that it names", sw[loop.from].name, sw[loop.over].name, sw[loop.to].name);
	else
		diag_add(diag, pin->where, DIAG_STEER, "a pin of \"te\": from switch \"%s\" over switch \"%s\" to switch \"%s\" it would "
			 "pass switch \"%s\" twice, and no frame goes in a circle", sw[loop.from].name, sw[loop.over].name,
			 sw[loop.to].name, sw[loop.twice].name);
	return false;
}

static void warn_of_nobody(const struct net *net, const struct net_te_pair *pair, const char *what, struct diag *diag)
{
	uint32_t ends[2] = { pair->from, pair->to };

	for (size_t e = 0; e < 2 && pair->network != NET_NONE; e++)
		if (!model_is_in(net, &net->networks[pair->network], &net->switches[ends[e]])) {
			diag_add(diag, pair->where, DIAG_IDLE_WISH, "%s of \"te\": network \"%s\" has no ports on switch \"%s\"", what,
				 pair->network_name, net->switches[ends[e]].name);
			return;
		}
}

/* True: it is well by itself. */
static bool settle_pin(const struct net *net, struct net_te_pair *pin, struct diag *diag)
{
	struct wish wish = { net, diag, "a pin", pin->where, false };

	if (!find_pair(&wish, pin) || is_pinned_already(net, pin, diag) || pin->n_via > PLACE_MAX_VIA || !has_way(net, pin, diag))
		return false;
	warn_of_nobody(net, pin, wish.what, diag);
	return true;
}

static bool settle_avoid(const struct net *net, struct net_te_pair *avoid, struct diag *diag)
{
	struct wish wish = { net, diag, "an avoid", avoid->where, false };
	const struct net_te_pair *alone = avoid;

	if (!find_pair(&wish, avoid))
		return false;
	if (!te_has_way(net, &alone, 1, NULL)) {
		diag_add(diag, avoid->where, DIAG_STEER,
			 "an avoid of \"te\": nothing else leads from switch \"%s\" to switch \"%s\"", avoid->from_name,
			 avoid->to_name);
		return false;
	}
	warn_of_nobody(net, avoid, wish.what, diag);
	return true;
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
	if (wish.is_bad)
		return;
	size_t n_in = 0;
	for (size_t i = 0; i < net->n_switches; i++)
		n_in += model_is_in(net, &net->networks[guarantee->network], &net->switches[i]);
	if (n_in < 2)
		diag_add(diag, guarantee->where, DIAG_IDLE_WISH, "a guarantee of \"te\": network \"%s\" has ports on %s",
			 guarantee->network_name, n_in ? "one switch only" : "no switch");
}

void te_wishes_settle(struct net *net, struct diag *diag)
{
	struct net_te *te = &net->te;
	size_t n_errors = diag_n_errors(diag), n_sound = 0;
	const struct net_te_pair **sound = xheap_alloc((te->n_pins + te->n_avoids) * sizeof *sound + 1);
	bool are_whole = true;

	for (size_t i = 0; i < te->n_pins; i++)
		if (settle_pin(net, &te->pins[i], diag))
			sound[n_sound++] = &te->pins[i];
	for (size_t i = 0; i < te->n_avoids; i++)
		if (settle_avoid(net, &te->avoids[i], diag))
			sound[n_sound++] = &te->avoids[i];
	te_clashes_check(net, sound, n_sound, diag);
	free(sound);
	for (size_t i = 0; i < te->n_guarantees; i++) {
		const struct net_te_guarantee *guarantee = &te->guarantees[i];

		settle_guarantee(net, &te->guarantees[i], diag);
		are_whole &= guarantee->network != NET_NONE || (guarantee->from != NET_NONE && guarantee->to != NET_NONE);
	}
	if (te->n_guarantees && are_whole && diag_n_errors(diag) == n_errors)
		te_guarantees_settle(net, diag);
}
