/* SPDX-License-Identifier: Apache-2.0 */
/* Steering in time, make before break. Switches change their rows one after the
 * other, and a frame may be under way while they do. So
 *
 *   LABELS  every switch learns the labels of what comes, all pairs go as before;
 *   SAVE    what comes is written down: after a restart it is known from here on;
 *   PATHS   pairs take the new paths; every switch still knows the old labels;
 *   GRACE   two seconds, until nothing is under way by the old ones;
 *   REST    the new labels alone.
 *
 * A step ends when every switch that is connected has all its rows. A plan that is
 * in a hurry may begin at any of these: what is in force then (view_steer) knows the
 * labels of all that may be on a switch. */
#include "controller/core_te_private.h"

#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

enum { GRACE_MS = 2000 };

/* Only switches for which it is another one are compiled: see core_te_concerns(). Takes the step. */
static void install(struct core *core, struct te_step *take)
{
	struct fact fact = { .kind = FACT_STEER, .sw = NET_NONE, .old_sw = NET_NONE, .time_ms = core->now_ms };
	const struct steer *before = view_steer(core->view);
	steer_free(core->te->before);
	core->te->before = before ? steer_share(before) : NULL;
	view_set_steer(core->view, take->steer);
	core->te->same = take->same;
	core_applied(core, &fact);
	core->te->same = NULL;
	free(take->same);
	*take = (struct te_step) { .steer = NULL };
}

/* What has come of a plan is put in force, from its first step on. */
void te_steps_take(struct core *core, struct te_step steps[TE_STEPS])
{
	struct core_te *te = core->te;
	te_steps_forget(te);
	memcpy(te->steps, steps, sizeof te->steps);
	te->phase = TE_LABELS;
	te->settled_ms = core->now_ms;
	install(core, &te->steps[TE_STEP_LABELS]);
}

const struct steer *core_te_before(const struct core *core) { return core->te->before; }

void core_te_forget_before(struct core *core)
{
	steer_free(core->te->before);
	core->te->before = NULL;
}

bool core_te_concerns(const struct core *core, uint32_t sw)
{
	const struct view_switch *vs = view_switch(core->view, sw);
	return !core->te->same || !vs || vs->index == NET_NONE || !core->te->same[vs->index];
}

static bool all_have_done(const struct core *core)
{
	for (uint32_t sw = 0; sw < core->n_switches; sw++)
		if (!core_has_done(core, sw))
			return false;
	return true;
}

static char *state_text(const void *state, size_t *ret_size) { return te_state_text(state, ret_size); }
static void state_free(void *state) { te_state_free(state); }

static void save(struct core *core)
{
	struct core_te *te = core->te;
	te->save_due = false;
	if (te->state_file)
		te_save(core, te->state_file, (struct te_words) { state_text, state_free, te_state_new(core) }, &te->is_saving);
}

void te_steps_stay(struct core *core)
{
	if (core->te->save_due && !core->te->is_saving)
		save(core);
}

void te_steps_skip(struct core *core, struct te_step *take)
{
	core->te->settled_ms = core->now_ms;
	free(take->same);
	take->same = NULL;
	install(core, take);
	save(core);
}

/* --- the steps ------------------------------------------------------------------------------ */

void core_steer_step(struct core *core)
{
	struct core_te *te = core->te;
	if (te->phase == TE_REST || te->is_saving || te->steering || !all_have_done(core))
		return;
	switch (te->phase) {
	case TE_REST:
		break;
	case TE_LABELS:
		te->phase = TE_SAVE;
		save(core);
		break;
	case TE_SAVE:
		te->phase = TE_PATHS;
		install(core, &te->steps[TE_STEP_PATHS]);
		break;
	case TE_PATHS:
		te->phase = TE_GRACE;
		te->grace_ms = core->now_ms + GRACE_MS;
		break;
	case TE_GRACE:
		if (core->now_ms < te->grace_ms)
			break;
		te->phase = TE_REST;
		te->settled_ms = core->now_ms;
		install(core, &te->steps[TE_STEP_REST]);
		save(core);
		break;
	}
}
