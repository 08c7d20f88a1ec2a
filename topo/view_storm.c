/* SPDX-License-Identifier: Apache-2.0 */
/* Storms, and rates: what the meters of a switch tell becomes the beginning and the end of a
 * port's sending more than it may. The first number that a switch tells is only where we begin to
 * count: who knows what it was before weftd started. */
#include "topo/view_private.h"

bool view_storm_is_over(const struct view_storm *storm, uint64_t now_ms)
{
	return storm->active && now_ms - storm->last_ms >= STORM_OVER_MS;
}

static bool grow(struct view_storm *storm, struct fact *fact)
{
	/* Less than before: the meter has been made anew. */
	bool is_first = !storm->known || fact->n_dropped < storm->seen;
	uint64_t news = is_first ? 0 : fact->n_dropped - storm->seen;
	bool was_active = storm->active;
	storm->known = true;
	storm->seen = fact->n_dropped;
	storm->n_dropped += news;
	fact->n_dropped = news;
	if (!news)
		return false;
	storm->last_ms = fact->time_ms;
	storm->active = true;
	if (!was_active)
		storm->first_ms = fact->time_ms;
	return !was_active;
}

bool view_storm_apply(struct view *view, struct fact *fact)
{
	struct view_use *use = view_use_mutable(view, fact->sw, fact->ofport, fact->network);
	if (!use || !use->limits[fact->storm])
		return false;
	struct view_storm *storm = &use->storms[fact->storm];
	if (fact->kind == FACT_STORM || fact->kind == FACT_RATE)
		return grow(storm, fact);
	bool was_active = storm->active;
	storm->active = false;
	fact->n_dropped = storm->n_dropped;
	return was_active;
}
