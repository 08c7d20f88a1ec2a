/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/controller/te_stage.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/controller/scratch.h"

int te_stage_up(void **state)
{
	(void) state;
	return scratch_make() ? 0 : -1;
}

int te_stage_down(void **state)
{
	(void) state;
	te_stage_forget();
	return rmdir(scratch_dir);
}

void te_stage_forget(void)
{
	unlink(scratch_path("te"));
	unlink(scratch_path("links"));
}

struct te_world *te_stage_new(const char *text)
{
	struct te_world *t = calloc(1, sizeof *t);
	te_stage_forget();
	te_world_init(t, text, scratch_dir[0] ? scratch_dir : NULL);
	te_world_connect(t);
	return t;
}

void te_stage_free(struct te_world *t)
{
	te_world_uninit(t);
	free(t);
}

int te_stage_open(void **state, const char *text)
{
	*state = te_stage_new(text);
	return 0;
}

int te_stage_close(void **state)
{
	te_stage_free(*state);
	return 0;
}

struct core_te *te_of(const struct te_world *t) { return t->w.core->te; }

void all_goes(const struct te_world *t)
{
	if (t->lost > 0)
		fail_msg("%f Mbit/s had no way", t->lost);
}

void near(double a, double b, double by)
{
	if (fabs(a - b) > by)
		fail_msg("%f is not %f", a, b);
}

struct te_work put_off[TE_PUT_OFF];
size_t n_put_off;

void later(void *ctx, void (*run)(void *), void (*done)(void *), void *task)
{
	(void) ctx;
	assert_true(n_put_off < TE_PUT_OFF);
	put_off[n_put_off++] = (struct te_work) { .run = run, .done = done, .task = task };
}

/* What is done may bring more, which waits. */
void end_work(bool is_done)
{
	for (size_t n = n_put_off; n; n--) {
		struct te_work work = put_off[0];
		if (is_done)
			work.run(work.task);
		memmove(put_off, put_off + 1, --n_put_off * sizeof *put_off);
		work.done(work.task);
	}
}
