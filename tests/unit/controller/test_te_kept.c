/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept: over a restart, over another file, and while a switch is not reached. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/controller/te_mesh.h"
#include "tests/unit/controller/te_stage.h"
#include "tests/unit/controller/scratch.h"

static int set_up(void **state) { return te_stage_open(state, TE_MESH("")); }

static void a_restart_sends_nothing(void **state)
{
	struct te_world *t = *state;
	t->want[A][B] = 130;
	t->want[C][B] = 40;
	te_world_seconds(t, 100);
	all_goes(t);
	double load = t->loads[2 * AB];
	assert_true(load < 80);
	assert_int_equal(te_world_restart(t), 0);
	uint64_t before = te_world_mods(t);
	te_world_seconds(t, 1);
	assert_true(t->loads[2 * AB] == load);
	te_world_seconds(t, 200);
	all_goes(t);
	assert_int_equal(te_world_mods(t), before);
	/* In the middle of a change it goes on. */
	t->want[A][B] = 60;
	t->want[D][C] = 120;
	unsigned n = 0;
	while (te_of(t)->phase != TE_GRACE && n++ < 100)
		te_world_seconds(t, 1);
	assert_int_equal(te_of(t)->phase, TE_GRACE);
	assert_int_equal(te_world_restart(t), 0);
	te_world_seconds(t, 10);
	assert_int_equal(te_of(t)->phase, TE_REST);
	all_goes(t);
}

static void without_its_file_a_restart_finds_paths_anew(void **state)
{
	struct te_world *t = *state;
	t->want[A][B] = 130;
	te_world_seconds(t, 100);
	static const char *const bad[] = {
		"", "weft te 2\n", "weft te 1\n", "weft te 1\nend\n", "weft te 1\nend\nsteer\n",
		"weft te 1\nend\nsteer\nsteer\t1\nend\t7\t7\t0\n",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		scratch_write("te", bad[i]);
		te_world_restart(t);
		te_world_seconds(t, 100);
		all_goes(t);
		assert_true(t->loads[2 * AB] > 0 && t->loads[2 * AB] < 80);
	}
	te_stage_forget();
	te_world_restart(t);
	te_world_seconds(t, 100);
	all_goes(t);
}

static void another_file_keeps_what_it_can(void **state)
{
	struct te_world *t = *state;
	t->want[A][B] = 130;
	te_world_seconds(t, 100);
	uint64_t before = te_world_mods(t);
	world_reload(&t->w, TE_MESH("x-note: nothing that matters\n"));
	te_world_settle(t);
	te_world_seconds(t, 60);
	all_goes(t);
	assert_int_equal(te_world_mods(t), before);
	/* A link on drain: what is on it goes elsewhere, make before break. */
	world_reload(&t->w,
		"version: 1\n"
		"switches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}, d: {dpid: 4}}\n"
		"networks:\n"
		"  red: {ports: [\"*:vm*\"]}\n"
		"links:\n"
		"  - {between: [a:ab, b:ba], rate: 100Mbit, drain: true}\n"
		"  - {between: [a:ac, c:ca], rate: 100Mbit}\n"
		"  - {between: [a:ad, d:da], rate: 100Mbit}\n"
		"  - {between: [b:bc, c:cb], rate: 100Mbit}\n"
		"  - {between: [b:bd, d:db], rate: 100Mbit}\n"
		"  - {between: [c:cd, d:dc], rate: 100Mbit}\n");
	for (int i = 0; i < 12; i++) {
		te_world_seconds(t, 1);
		all_goes(t);
	}
	assert_true(t->loads[2 * AB] == 0);
	/* No links any more: nothing is steered. */
	world_reload(&t->w, "version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}, d: {dpid: 4}}\n"
			    "networks:\n  red: {ports: [\"*:vm*\"]}\n");
	te_world_settle(t);
	te_world_seconds(t, 20);
	assert_true(!view_steer(t->w.core->view) || !view_steer(t->w.core->view)->n_pairs);
	world_reload(&t->w, TE_MESH(""));
	te_world_find(t);
	te_world_seconds(t, 30);
	assert_int_equal(view_steer(t->w.core->view)->n_pairs, 12);
	all_goes(t);
}

/* A switch that weftd does not reach sends by the labels that it has, whatever there is to plan; and what would
 * lead over it by new ones waits. Not for ever. */
static void who_is_not_reached_goes_on_by_old_labels(void **state)
{
	struct te_world *t = *state;
	t->want[A][B] = 130;
	te_world_seconds(t, 100);
	uint64_t n = te_of(t)->n_changes;
	te_world_leave(t, A);
	t->want[C][B] = 90;
	t->want[D][B] = 60;
	te_world_seconds(t, 28);
	all_goes(t);
	assert_true(te_of(t)->n_changes == n);
	te_world_return(t, A);
	te_world_seconds(t, 60);
	all_goes(t);
	assert_true(te_of(t)->n_changes > n);
}

/* In the middle of a change, too. */
static void who_leaves_in_the_middle_of_a_change_is_waited_for(void **state)
{
	static const enum te_phase phases[] = { TE_LABELS, TE_SAVE, TE_PATHS, TE_GRACE };
	unsigned n = 0;
	(void) state;
	for (size_t p = 0; p < sizeof phases / sizeof *phases; p++) {
		struct te_world w = { .text = NULL }, *t = &w;
		te_world_init(t, TE_MESH(""), NULL);
		te_world_connect(t);
		t->want[A][B] = 60;
		te_world_seconds(t, 60);
		t->want[A][B] = t->want[B][A] = 130;
		t->is_lazy = true;
		for (unsigned i = 0; i < 200 && te_of(t)->phase != phases[p]; i++)
			te_world_seconds(t, 1);
		enum te_phase phase = te_of(t)->phase;
		n += phase == phases[p];
		te_world_leave(t, A);
		t->is_lazy = false;
		te_world_seconds(t, 28);
		assert_int_equal(te_of(t)->phase, phase);
		all_goes(t);
		te_world_return(t, A);
		te_world_seconds(t, 60);
		all_goes(t);
		assert_int_equal(te_of(t)->phase, TE_REST);
		te_world_uninit(t);
	}
	assert_true(n >= 3);
}

int main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, set_up, te_stage_close)
	const struct CMUnitTest tests[] = {
		TEST(a_restart_sends_nothing),
		TEST(without_its_file_a_restart_finds_paths_anew),
		TEST(another_file_keeps_what_it_can),
		TEST(who_is_not_reached_goes_on_by_old_labels),
		TEST(who_leaves_in_the_middle_of_a_change_is_waited_for),
	};
	return cmocka_run_group_tests(tests, te_stage_up, te_stage_down);
}
