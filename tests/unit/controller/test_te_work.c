/* SPDX-License-Identifier: Apache-2.0 */
/* Plans, files and compiling that take their time, and what comes in the meantime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/controller/te_mesh.h"
#include "tests/unit/controller/te_stage.h"

static int set_up(void **state) { return te_stage_open(state, TE_MESH("")); }

static unsigned n_later;

static void a_plan_of_another_file_is_void(void **state)
{
	struct te_world *t = *state;
	te_world_seconds(t, 20);
	t->w.core->work = later;
	t->want[A][B] = 130;
	te_world_seconds(t, 20);
	assert_int_equal(n_put_off, 1);
	uint64_t before = te_world_mods(t);
	world_reload(&t->w, TE_MESH("x-note: nothing that matters\n"));
	te_world_settle(t);
	end_work(true);
	te_world_settle(t);
	assert_int_equal(te_world_mods(t), before);
	/* A link is lost while it plans: it plans again. */
	while (!n_put_off)
		te_world_seconds(t, 1);
	te_world_cut(t, AB);
	te_world_seconds(t, 5);
	for (int i = 0; i < 20; i++) {
		end_work(true);
		te_world_seconds(t, 1);
	}
	all_goes(t);
	const struct place_pair *pair = place_find(te_of(t)->running, A, B);
	for (uint32_t k = 0; k < pair->n_active; k++)
		assert_int_equal(pair->paths[k].n_arcs, 2);
	t->w.core->work = NULL;
	end_work(true);
}

/* What is written down is what is in force, also when a file came in the middle of a change. */
static void files_in_the_middle_of_a_change_are_remembered(void **state)
{
	struct te_world *t = *state;
	te_world_seconds(t, 20);
	t->text = TE_MESH_OF("red: {ports: [\"a:vm*\"]}", "");
	world_reload(&t->w, t->text);
	for (unsigned n = 0; te_of(t)->phase != TE_GRACE && n < 100; n++)
		te_world_settle(t);
	assert_int_equal(te_of(t)->phase, TE_GRACE);
	/* What is being left has no place in this one, and would have one in the next again. */
	world_reload(&t->w, "version: 1\n"
		     "switches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}, d: {dpid: 4}}\n"
		     "networks: {red: {ports: [\"a:vm*\"]}}\n"
		     "links: [{between: [a:ab, b:ba], rate: 100Mbit}]\n");
	te_world_settle(t);
	world_reload(&t->w, t->text);
	te_world_seconds(t, 30);
	assert_int_equal(view_steer(t->w.core->view)->n_pairs, 0);
	assert_int_equal(te_world_restart(t), 0);
}

/* Steering takes long: what happens meanwhile? */
static void steering_is_computed_beside_the_loop(void **state)
{
	struct te_world *t = *state;
	te_world_seconds(t, 20);
	const struct steer *before = view_steer(t->w.core->view);
	t->w.core->work = later;
	te_world_cut(t, AB);
	te_world_settle(t);
	assert_non_null(te_of(t)->task);
	end_work(true);
	assert_non_null(te_of(t)->steering);
	te_world_settle(t);
	assert_int_equal(te_of(t)->phase, TE_REST);
	/* Another edge dies: a change for what is gone already is not made. */
	te_world_cut(t, AC);
	end_work(true);
	assert_null(te_of(t)->steering);
	assert_int_equal(te_of(t)->n_drops, 1);
	assert_int_equal(te_of(t)->phase, TE_REST);
	te_world_settle(t);
	assert_ptr_equal(view_steer(t->w.core->view), before);
	/* It is planned anew at once, and a file that comes makes that void. */
	assert_non_null(te_of(t)->task);
	end_work(true);
	assert_non_null(te_of(t)->steering);
	world_reload(&t->w, TE_MESH("te: {pin: [{from: a, to: b, via: [d]}]}\n"));
	end_work(true);
	assert_int_equal(te_of(t)->phase, TE_REST);
	te_world_settle(t);
	assert_non_null(te_of(t)->task);
	/* The rules of a look say switches of a file that has gone. */
	world_reload(&t->w, TE_MESH("x-note: without the pin\n"));
	for (int i = 0; i < 20; i++) {
		end_work(true);
		te_world_settle(t);
	}
	t->want[A][B] = 10;
	te_world_seconds(t, 3);
	all_goes(t);
	assert_true(t->loads[2 * AD] > 0);
	assert_int_equal(te_of(t)->n_drops, 0);
	t->w.core->work = NULL;
	end_work(true);
}

static void go_on_later(void *ctx)
{
	(void) ctx;
	n_later++;
}

static size_t n_compiled(const struct core *core)
{
	size_t n = 0;
	for (uint32_t sw = 0; sw < core->n_switches; sw++)
		n += core_may_send(core, sw);
	return n;
}

/* A few rows at a time: the others wait until switches have been listened to, and get nothing meanwhile. */
static void compiling_takes_turns(void **state)
{
	struct te_world *t = *state;
	struct core *core = t->w.core;
	te_world_seconds(t, 20);
	core->later = go_on_later;
	core->rows_at_a_time = 1;
	world_reload(&t->w, TE_MESH("x-note: all is compiled\n"));
	core_plan(core);
	for (unsigned n = 1; n < 4; n++) {
		assert_int_equal(n_later, n);
		assert_int_equal(n_compiled(core), n);
		/* However often a tick ends. */
		core_plan(core);
		core_plan(core);
		assert_int_equal(n_compiled(core), n);
		core_go_on(core);
	}
	assert_int_equal(n_later, 3);
	assert_int_equal(n_compiled(core), 4);
}

int main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, set_up, te_stage_close)
	const struct CMUnitTest tests[] = {
		TEST(a_plan_of_another_file_is_void),
		TEST(files_in_the_middle_of_a_change_are_remembered),
		TEST(steering_is_computed_beside_the_loop),
		TEST(compiling_takes_turns),
	};
	return cmocka_run_group_tests(tests, te_stage_up, te_stage_down);
}
