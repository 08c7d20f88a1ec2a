/* SPDX-License-Identifier: Apache-2.0 */
/* Ways in time. Switches change their rows one after the other, so between two
 * sets of ways lies what both say alike: first every switch leaves what is in the
 * old ones only, and says so; then what is new is taken. At each moment
 * the rows on all switches are part of the old ways or part of the new ones.
 *
 * The first ways of a life are taken as they are: the rows on the switches are
 * those that the same state of things gave before. */
#include "controller/core_private.h"

#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/ways.h"

static void take(struct core *core, struct ways *ways)
{
	struct fact fact = { .kind = FACT_WAYS, .sw = NET_NONE, .old_sw = NET_NONE, .time_ms = core->now_ms };
	view_set_ways(core->view, ways);
	core_applied(core, &fact);
}

static bool all_have_left(struct core *core)
{
	size_t n = 0;
	for (size_t i = 0; i < core->n_ways_wait; i++)
		if (!core_has_done(core, core->ways_wait[i]))
			core->ways_wait[n++] = core->ways_wait[i];
	core->n_ways_wait = n;
	return !n;
}

static void wait_for(struct core *core, const struct ways *now, const struct ways *next)
{
	bool *changed = xheap_alloc(now->n_switches);
	ways_changed(core->net, now, next, changed);
	core->ways_wait = xheap_realloc(core->ways_wait, now->n_switches * sizeof *core->ways_wait);
	core->n_ways_wait = 0;
	for (uint32_t i = 0; i < now->n_switches; i++)
		if (changed[i])
			core->ways_wait[core->n_ways_wait++] = view_switch_by_index(core->view, i);
	free(changed);
}

void core_ways(struct core *core)
{
	if (!core->ways_due || core_waits_for_switches(core))
		return;
	if (!view_needs_ways(core->view)) {
		core->ways_due = false;
		return;
	}
	const struct ways *now = view_ways(core->view);
	if (now && now->with) {
		/* When everybody has left the old ones, what is new is taken, and then looked at again. */
		if (all_have_left(core))
			take(core, ways_alone(view_take_ways(core->view)));
		return;
	}
	struct ways *next = ways_compute(core->view);
	core->ways_due = now && !ways_equal(now, next);
	if (now && !core->ways_due) {
		ways_free(next);
		/* They are those of a file without links: its rows say the same by themselves. */
		if (!view_file_needs_ways(core->view))
			take(core, NULL);
		return;
	}
	if (now)
		wait_for(core, now, next);
	next->with = view_take_ways(core->view);
	take(core, next);
}
