/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of a frame on its way, and which of their ends is told of. */
#include "controller/explain_trip.h"

#include <string.h>

/* Kept: the switch may go before the answer does. */
const char *trip_sw_name(const struct trip *t, uint32_t slot)
{
	return arena_strdup(t->e->arena, view_switch(t->e->view, slot)->name);
}

struct explain_step *trip_step(struct trip *t, struct copy *copy, const char *text)
{
	struct explain_step *s = &copy->steps[copy->n_steps];
	copy->n_steps++;
	*s = (struct explain_step) { .sw = trip_sw_name(t, copy->entry.slot), .slot = copy->entry.slot, .text = text, .is_shown = true };
	return s;
}

struct copy *trip_push(struct trip *t, size_t parent, uint32_t slot, uint32_t in_port, const uint8_t *frame, size_t size,
			 const char *came_by, const char *text)
{
	/* Each one costs a look at all rows of its switch. */
	if (t->n == MAX_COPIES) {
		explain_cause_add(&t->e->x->notes, "unclear", "a flood that goes to more switches than explain follows",
				  "ask from a switch that is nearer", NULL, 0);
		return NULL;
	}
	struct copy *copy = &t->copies[t->n++], *from = parent == SIZE_MAX ? NULL : &t->copies[parent];
	*copy = (struct copy) {
		.entry = { .slot = slot, .in_port = in_port }, .size = size, .parent = parent, .depth = from ? from->depth + 1 : 0,
		.came_by = came_by, .over_tunnel = from && from->over_tunnel, .tunnel_mtu = from ? from->tunnel_mtu : 0,
		.steps = arena_new_array(t->e->arena, struct explain_step, WALK_MAX_HOPS + 2),
	};
	memcpy(copy->frame, frame, size);
	if (size >= 16 && frame[12] == 0x81 && !frame[13])
		copy->entry.vid = (uint16_t) ((frame[14] & 0x0f) << 8 | frame[15]);
	trip_step(t, copy, text);
	return copy;
}

/* --- the end of a copy ----------------------------------------------------------------------- */

/* Of all copies that end, the one is told of that came nearest. */
bool trip_is_nearer(const struct trip *t, const struct copy *copy)
{
	if (t->last == SIZE_MAX)
		return true;
	const struct copy *last = &t->copies[t->last];
	bool here = copy->entry.slot == trip_target(t)->sw, there = last->entry.slot == trip_target(t)->sw;
	return here != there ? here : copy->depth > last->depth;
}

/* went: how it left this switch, or null. */
void trip_stop(struct trip *t, struct copy *copy, const char *went, struct explain_cause cause)
{
	if (t->leg->passes || !trip_is_nearer(t, copy))
		return;
	copy->went = went;
	t->last = (size_t) (copy - t->copies);
	t->leg->cause = cause;
}

void trip_stop_text(struct trip *t, struct copy *copy, const char *went, const char *kind, const char *text,
		      const char *cure, uint32_t line)
{
	trip_stop(t, copy, went, (struct explain_cause) {
		.kind = kind, .text = text, .cure = cure, .sw = trip_sw_name(t, copy->entry.slot), .line = line });
}

void trip_arrive(struct trip *t, struct copy *copy, const char *went)
{
	if (t->leg->passes)
		return;
	copy->went = went;
	t->leg->passes = true;
	t->leg->cause = (struct explain_cause) { 0 };
	t->last = (size_t) (copy - t->copies);
}
