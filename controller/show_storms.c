/* SPDX-License-Identifier: Apache-2.0 */
/* Storm limits and rates in words: what a port has, what was dropped, and what goes on. */
#include <inttypes.h>
#include <stdio.h>

#include "apps/storm.h"
#include "controller/show.h"
#include "topo/scalar.h"

json_t *show_storms(const struct view_use *use)
{
	json_t *json = json_array();
	for (unsigned kind = 0; kind < N_STORMS; kind++) {
		const struct view_storm *storm = &use->storms[kind];
		if (use->limits[kind])
			json_array_append_new(json, json_pack("{s:s, s:I, s:I, s:b}", "kind", net_storm_word(kind),
							      "limit_pps", (json_int_t) use->limits[kind],
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
			 " dropped in %" PRIu64 " s", use->limits[kind], words(kind), net->networks[use->network].name,
			 net->file, net_use_line(net, &of_file), storm->n_dropped,
			 (world->core->now_ms - storm->first_ms) / 1000);
		return true;
	}
	return false;
}

json_t *show_rate(const struct view_use *use)
{
	uint32_t kbps = use->limits[LIMIT_RATE];
	if (!kbps)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:b}", "limit_kbps", (json_int_t) kbps, "burst_kbit", (json_int_t) storm_burst(kbps),
			 "dropped", (json_int_t) use->storms[LIMIT_RATE].n_dropped, "active", use->storms[LIMIT_RATE].active);
}

bool show_rate_text(const struct api_world *world, const struct view_use *use, char *text, size_t size)
{
	const struct net *net = world->core->net;
	const struct net_use of_file = { .network = use->network, .port = use->entry };
	const struct view_storm *over = &use->storms[LIMIT_RATE];
	char rate[32];
	if (!over->active)
		return false;
	scalar_rate_text(1000ULL * use->limits[LIMIT_RATE], rate);
	snprintf(text, size, "sends more than its %s into network %s (%s:%" PRIu32 "): %" PRIu64 " frames dropped in %" PRIu64 " s",
		 rate, net->networks[use->network].name, net->file, net_use_line(net, &of_file), over->n_dropped,
		 (world->core->now_ms - over->first_ms) / 1000);
	return true;
}
