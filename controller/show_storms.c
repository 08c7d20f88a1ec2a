/* SPDX-License-Identifier: Apache-2.0 */
/* Storm limits in words: what a port has, what was dropped, and which storm goes on. */
#include <inttypes.h>
#include <stdio.h>

#include "controller/show.h"

json_t *show_storms(const struct view_use *use)
{
	json_t *json = json_array();
	for (unsigned kind = 0; kind < N_STORMS; kind++) {
		const struct view_storm *storm = &use->storms[kind];
		if (use->storm_pps[kind])
			json_array_append_new(json, json_pack("{s:s, s:I, s:I, s:b}", "kind", net_storm_word(kind),
							      "limit_pps", (json_int_t) use->storm_pps[kind],
							      "dropped", (json_int_t) storm->n_dropped,
							      "active", storm->active));
	}
	return json;
}

static const char *words(enum net_storm_kind kind)
{
	return kind == STORM_UNKNOWN ? "unknown unicast" : net_storm_word(kind);
}

bool show_storm_text(const struct api_world *world, const struct view_use *use, char *text, size_t size)
{
	const struct net *net = world->core->net;
	const struct net_use of_file = {
		.network = use->network, .port = use->entry, .is_uplink = use->is_uplink, .is_physical = use->is_physical,
	};
	for (unsigned kind = 0; kind < N_STORMS; kind++) {
		const struct view_storm *storm = &use->storms[kind];
		if (!storm->active)
			continue;
		snprintf(text, size, "sends more than %" PRIu32 " %s frames a second into network %s (%s:%" PRIu32 "): %" PRIu64
			 " dropped in %" PRIu64 " s", use->storm_pps[kind], words(kind), net->networks[use->network].name,
			 net->file, net_use_line(net, &of_file), storm->n_dropped,
			 (world->core->now_ms - storm->first_ms) / 1000);
		return true;
	}
	return false;
}
