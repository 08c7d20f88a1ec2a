/* SPDX-License-Identifier: Apache-2.0 */
/* te_stage: the te_world that a test finds in its state, the folder that it keeps its
 * files in, and work beside the loop that a test puts off. */
#ifndef TESTS_TE_STAGE_H
#define TESTS_TE_STAGE_H

#include "tests/unit/controller/te_world.h"

/* Of a group: a folder, which must hold nothing but what weftd keeps when it ends. */
int te_stage_up(void **state);
int te_stage_down(void **state);
/* What weftd keeps in it is lost. */
void te_stage_forget(void);

/* Of a test: all switches connect, and weftd knows nothing; in the folder, if there is one. */
int te_stage_open(void **state, const char *text);
int te_stage_close(void **state);
/* The same by hand. */
struct te_world *te_stage_new(const char *text);
void te_stage_free(struct te_world *);

struct core_te *te_of(const struct te_world *);
/* All that is sent has a way. */
void all_goes(const struct te_world *);
void near(double a, double b, double by);

/* A core's `work` that does nothing yet: the oldest first. */
enum { TE_PUT_OFF = 8 };
extern struct te_work { void (*run)(void *), (*done)(void *); void *task; } put_off[TE_PUT_OFF];
extern size_t n_put_off;
void later(void *ctx, void (*run)(void *), void (*done)(void *), void *task);
/* All that waits now ends, done or not. */
void end_work(bool is_done);

#endif
