/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/apps/guard_world.h"

void guard_open(const char *yaml, const char *ports, const char *story)
{
	stage_open(yaml, ports);
	world_do(w, story);
	world_check(w);
	world_quiet(w);
}

void guard_send(const char *place, struct frame frame)
{
	world_quiet(w);
	world_send(w, place, frame);
	world_check(w);
}

void guard_passes(const char *place, struct frame frame)
{
	guard_send(place, frame);
	if (!w->n_got)
		fail_msg("dropped by %s", w->dropped_by);
}

const struct fact *guard_fact(enum fact_kind kind)
{
	for (size_t i = 0; i < w->n_facts; i++)
		if (w->facts[i].kind == kind)
			return &w->facts[i];
	return NULL;
}
