/* SPDX-License-Identifier: Apache-2.0 */
/* See acl_expect.h. */
#include "tests/unit/apps/acl_expect.h"

#include <string.h>

#include "ofproto/build.h"

enum { UNTAGGED = -1 };

const struct place places[N_PLACES] = {
	{ "a:r1", "red", 1, 1, UNTAGGED }, { "a:r2", "red", 2, 2, UNTAGGED }, { "b:r1", "red", 1, 3, UNTAGGED },
	{ "b:r2", "red", 2, 4, UNTAGGED }, { "a:b1", "blue", 3, 5, 5 }, { "b:b2", "blue", 3, 6, UNTAGGED },
};

const struct tracked_state tracked_states[N_STATES] = {
	{ TRACKED | TRACKED_NEW, 0, "trk,new", { 0 } },
	{ TRACKED | TRACKED_INVALID, 0, "trk,inv", { 0 } },
	{ TRACKED | TRACKED_ESTABLISHED, 0, "trk,est", { .is_established = true } },
	{ TRACKED | TRACKED_ESTABLISHED, 1, NULL, { .is_established = true, .is_cut = true } },
	{ TRACKED | TRACKED_ESTABLISHED | TRACKED_REPLY, 0, "trk,est,rpl", { .is_reply = true } },
	{ TRACKED | TRACKED_ESTABLISHED | TRACKED_REPLY, 1, NULL, { .is_reply = true, .is_cut = true } },
	{ TRACKED | TRACKED_RELATED, 0, "trk,rel", { .is_related = true } },
	{ TRACKED | TRACKED_RELATED | TRACKED_REPLY, 0, "trk,rel,rpl", { .is_related = true } },
};

static const char *list_at(const struct net *net, const struct place *place, int level, enum acl_direction d)
{
	const struct net_network *network = &net->networks[net_network_by_name(net, place->network)];
	const struct net_switch *sw = &net->switches[place->name[0] == 'b'];
	if (level == 0)
		return sw->acl.at[d].name;
	if (level == 1)
		return network->acl.at[d].name;
	for (size_t i = 0; i < network->n_ports; i++)
		if (network->ports[i].switch_glob[0] == place->name[0]
		    && net_glob(network->ports[i].port_glob, place->name + 2))
			return network->ports[i].acl.at[d].name;
	return NULL;
}

static bool may(const struct net *net, const struct place *place, enum acl_direction d, const uint8_t *frame,
		size_t size, const struct reference_tracked *tracked)
{
	for (int level = 0; level < 3; level++) {
		const char *list = list_at(net, place, level, d);
		if (list && !reference_passes(net, list, frame, size, tracked))
			return false;
	}
	return true;
}

size_t expect_frame(const struct place *from, unsigned *ret_dst, uint8_t frame[RANDOM_FRAME])
{
	unsigned dst = random_below(N_PLACES + 1);
	/* Hosts of the other network are unknown there. */
	while (dst && strcmp(places[dst - 1].network, from->network))
		dst = random_below(N_PLACES + 1);
	*ret_dst = dst;
	return random_frame(dst, from->host, frame);
}

void expect_places(const struct net *net, const struct place *from, unsigned dst, const uint8_t *frame, size_t size,
		   const struct tracked_state *state, bool is_for[N_PLACES], bool expected[N_PLACES])
{
	bool may_in = may(net, from, ACL_IN, frame, size, &state->tracked);
	for (size_t p = 0; p < N_PLACES; p++) {
		is_for[p] = &places[p] != from && !strcmp(places[p].network, from->network)
			&& (!dst || places[p].host == dst);
		expected[p] = is_for[p] && may_in && may(net, &places[p], ACL_OUT, frame, size, &state->tracked);
	}
}
