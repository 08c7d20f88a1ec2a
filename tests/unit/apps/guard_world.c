/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/apps/guard_world.h"

struct world *guard_world(const char *yaml, const char *ports, const char *story)
{
	struct world *w = world_new(yaml);
	world_do(w, ports);
	world_do(w, story);
	world_check(w);
	world_quiet(w);
	return w;
}

void guard_send(struct world *w, const char *place, struct frame frame)
{
	world_quiet(w);
	world_send(w, place, frame);
	world_check(w);
}

void guard_passes(struct world *w, const char *place, struct frame frame)
{
	guard_send(w, place, frame);
	if (!w->n_got)
		fail_msg("dropped by %s", w->dropped_by);
}

const struct fact *guard_fact(const struct world *w, enum fact_kind kind)
{
	for (size_t i = 0; i < w->n_facts; i++)
		if (w->facts[i].kind == kind)
			return &w->facts[i];
	return NULL;
}
