/* SPDX-License-Identifier: Apache-2.0 */
/* Quarantines in words: why a port is closed in a network, and for how long. */
#include <inttypes.h>
#include <stdio.h>

#include "controller/show.h"

json_t *show_quarantine_left(const struct api_world *world, const struct view_use *use)
{
	const struct view_quarantine *q = &use->quarantine;
	uint64_t now_ms = world->core->now_ms;
	if (!q->on)
		return json_null();
	return json_integer(q->until_ms > now_ms ? (json_int_t) ((q->until_ms - now_ms + 999) / 1000) : 0);
}

static void put_reason(const struct api_world *world, const struct view_quarantine *q, char *text, size_t size)
{
	json_t *other = show_place(world, q->other.sw, q->other.ofport);
	json_t *mac = show_mac(q->mac);
	if (q->reason == REASON_FLAPS)
		snprintf(text, size, "%s goes to and fro between it and another port that is up", json_string_value(mac));
	else if (json_is_string(other))
		snprintf(text, size, "a loop: what is sent by one of it and %s comes in by the other", json_string_value(other));
	else
		snprintf(text, size, "a loop, seen before weftd started");
	json_decref(mac);
	json_decref(other);
}

bool show_quarantine_text(const struct api_world *world, const struct view_use *use, char *text, size_t size)
{
	const struct view_quarantine *q = &use->quarantine;
	char reason[200];
	if (!q->on)
		return false;
	put_reason(world, q, reason, sizeof reason);
	json_t *left = show_quarantine_left(world, use);
	snprintf(text, size, "closed in network %s for %" PRId64 " s more (%u in a row): %s",
		 world->core->net->networks[use->network].name, (int64_t) json_integer_value(left), q->level, reason);
	json_decref(left);
	return true;
}
