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

static bool same_choice(const struct steer_choice *a, const struct steer_choice *b)
{
	bool same = a->n_steps == b->n_steps;
	for (unsigned i = 0; same && i < a->n_steps; i++)
		same = a->steps[i].edge == b->steps[i].edge && a->steps[i].end == b->steps[i].end
			&& a->steps[i].label == b->steps[i].label;
	return same;
}

static bool same_pair(const struct steer_pair *a, const struct steer_pair *b)
{
	bool same = a->network == b->network && a->to == b->to && a->n_choices == b->n_choices && a->n_slots == b->n_slots
		&& !memcmp(a->slots, b->slots, a->n_slots);
	for (uint32_t i = 0; same && i < a->n_choices; i++)
		same = same_choice(&a->choices[i], &b->choices[i]);
	return same;
}

static bool same_transit(const struct steer_transit *a, const struct steer_transit *b)
{
	return a->edge == b->edge && a->end == b->end && a->label == b->label && a->network == b->network
		&& a->is_detour == b->is_detour && a->key == b->key && same_choice(&a->choice, &b->choice);
}

/* Of one switch. */
static bool is_same(const struct steer *a, const struct steer *b, uint32_t sw)
{
	size_t n, n_b;
	const struct steer_pair *pairs = steer_pairs_of(a, sw, &n), *pairs_b = steer_pairs_of(b, sw, &n_b);
	bool same = n == n_b;
	for (size_t i = 0; same && i < n; i++)
		same = same_pair(&pairs[i], &pairs_b[i]);
	const struct steer_transit *transits = steer_transits_of(a, sw, &n), *transits_b = steer_transits_of(b, sw, &n_b);
	same = same && n == n_b;
	for (size_t i = 0; same && i < n; i++)
		same = same_transit(&transits[i], &transits_b[i]);
	return same;
}

/* Only switches for which it is another one are compiled: see core_te_concerns(). */
static void install(struct core *core, struct steer *take)
{
	struct fact fact = { .kind = FACT_STEER, .sw = NET_NONE, .old_sw = NET_NONE, .time_ms = core->now_ms };
	const struct steer *before = view_steer(core->view);
	bool *same = xheap_alloc((core->net->n_switches + 1) * sizeof *same);
	for (uint32_t i = 0; before && i < core->net->n_switches; i++)
		same[i] = is_same(before, take, i);
	view_set_steer(core->view, take);
	core->te->same = same;
	core_applied(core, &fact);
	core->te->same = NULL;
	free(same);
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

static void save(struct core *core)
{
	struct core_te *te = core->te;
	size_t size;
	if (!te->state_file)
		return;
	char *text = te_state_text(core, &size);
	te_save(core, te->state_file, text, size, &te->is_saving);
}

/* --- the steps ------------------------------------------------------------------------------ */

void core_steer_begin(struct core *core)
{
	struct core_te *te = core->te;
	const struct steer *now = view_steer(core->view);
	struct steer *next = steer_compute(core->view, te_in_force(te), te->owns, now);
	te->steer_due = false;
	if (now && te->phase == TE_REST && steer_equal(now, next)) {
		steer_free(next);
		return;
	}
	steer_free(te->next);
	te->next = NULL;
	te->settled_ms = core->now_ms;
	if (!now && core_te_must_wait(core)) {
		/* The rows on the switches are those of a plan like this one, or of one that nobody knows. */
		install(core, next);
		save(core);
		return;
	}
	te->next = next;
	te->phase = TE_LABELS;
	install(core, steer_join(now, next));
}

void core_steer_step(struct core *core)
{
	struct core_te *te = core->te;
	if (te->phase == TE_REST || te->is_saving || !all_have_done(core))
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
		install(core, steer_join(te->next, view_steer(core->view)));
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
		install(core, te->next);
		te->next = NULL;
		save(core);
		break;
	}
}
