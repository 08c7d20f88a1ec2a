/* SPDX-License-Identifier: Apache-2.0 */
/* stage: the one world in which the tests of a file play, one after another.
 *
 * A test, or its set-up, opens it with a file and a story. What was open is closed
 * first, so a test opens it as often as it likes; what is left is closed after the
 * test. Closing proves that the rows that patches left are those that compile makes. */
#ifndef TESTS_STAGE_H
#define TESTS_STAGE_H

#include "tests/unit/apps/world.h"

/* The open one; null = none. */
extern struct world *w;

/* All that is counted begins after the story. */
void stage_open(const char *yaml, const char *story);
/* A test's tear-down: fails where nothing was opened. */
int stage_close(void **state);
/* Plays on, by a story with numbers and names in it. */
void stage_do(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Of what was told since world_quiet(). */
size_t stage_n_facts(enum fact_kind);

/* Files and stories that are put together piece by piece. */
enum { STAGE_TEXT = 8192 };
void stage_write(char text[STAGE_TEXT], const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Lives by chance: thirty, from the same seeds each time, of sixty steps each. After
 * every step patch = compile; at the end all switches come back after a restart, in
 * any order, and nothing is sent. */
struct stage_chance {
	void (*open)(unsigned seed);
	void (*step)(void);
	void (*calm)(void);             /* before the restart; null = nothing */
	const char *switches;           /* each a letter */
};
void stage_play(const struct stage_chance *);
/* Two steps of it: the port's carrier comes or goes; a host is forgotten, when known. */
void stage_flap(const char *place);
void stage_forget(const char *network, unsigned mac);

#endif
