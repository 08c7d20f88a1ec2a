/* SPDX-License-Identifier: Apache-2.0 */
/* The clock on the wall is set while weftd runs: by NTP after a start with a wrong one, by hand.
 *
 * Leases end at a time of day, because their rows say it and outlive weftd. Those that were heard
 * under the old time are moved along, or all of them would end at once, or never. What was only read
 * back is from before this life, and says what it says. */
#include "controller/core_private.h"

enum { SET_S = 5 };                     /* less is a clock that is made to go faster or slower */

static void move_leases(struct core *core, int64_t by_s)
{
	for (size_t i = 0; i < view_lease_slots(core->view); i++) {
		const struct lease *lease = view_lease_at(core->view, i);
		if (!lease || lease->recovered || lease->until_s == UINT32_MAX)
			continue;
		int64_t until_s = lease->until_s + by_s;
		if (until_s <= 0 || until_s >= UINT32_MAX)
			continue;
		struct fact fact = view_lease_fact(lease, FACT_LEASE);
		fact.until_s = (uint32_t) until_s;
		fact.time_ms = core->now_ms;
		core_fact(core, &fact);
	}
}

void core_follow_clock(struct core *core)
{
	int64_t ahead_ms = (int64_t) core->wall_ms - (int64_t) core->now_ms;
	int64_t by_s = (ahead_ms - core->wall_ahead_ms) / 1000;
	bool is_set = core->wall_is_known && (by_s >= SET_S || by_s <= -SET_S);
	core->wall_ahead_ms = ahead_ms;
	core->wall_is_known = true;
	if (!is_set)
		return;
	events_note(core->events, core->wall_ms, EVENT_WARNING, "clock", "", "the clock was set %lld s %s: leases move with it",
		    (long long) (by_s < 0 ? -by_s : by_s), by_s < 0 ? "back" : "forward");
	move_leases(core, by_s);
}
