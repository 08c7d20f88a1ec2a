/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/apps/stage.h"

enum { LIVES = 30, STEPS = 60 };

struct world *w;

/* A failing check leaves the stage empty, for the tests that follow. */
static void close_it(void)
{
	struct world *open = w;
	if (!open)
		return;
	w = NULL;
	world_check(open);
	world_free(open);
}

void stage_open(const char *yaml, const char *story)
{
	close_it();
	w = world_new(yaml);
	world_do(w, story);
	world_check(w);
	world_quiet(w);
}

int stage_close(void **state)
{
	(void) state;
	if (!w)
		return -1;
	close_it();
	return 0;
}

void stage_do(const char *format, ...)
{
	char line[200];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	assert_true(n >= 0 && (size_t) n < sizeof line);
	world_do(w, line);
}

size_t stage_n_facts(enum fact_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n_facts; i++)
		n += w->facts[i].kind == kind;
	return n;
}

void stage_write(char text[STAGE_TEXT], const char *format, ...)
{
	va_list args;
	size_t len = strlen(text);
	va_start(args, format);
	int n = vsnprintf(text + len, STAGE_TEXT - len, format, args);
	va_end(args);
	assert_true(n >= 0 && (size_t) n < STAGE_TEXT - len);
}

void stage_play(const struct stage_chance *chance)
{
	for (unsigned seed = 1; seed <= LIVES; seed++) {
		world_seed(seed);
		chance->open(seed);
		for (unsigned i = 0; i < STEPS; i++) {
			chance->step();
			w->n_facts = w->n_sent = 0;
			world_check(w);
		}
		if (chance->calm)
			chance->calm();
		world_restart_whole(w, chance->switches, world_pick((unsigned) strlen(chance->switches)));
	}
}

void stage_flap(const char *place)
{
	stage_do("%s %s", world_pick(2) ? "down" : "up", place);
}

void stage_forget(const char *network, unsigned mac)
{
	if (world_host(w, network, mac))
		stage_do("forget %s %u", network, mac);
}
