/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic engineering through the whole loop: counters in, rows out, with switches
 * whose frames go by the rows' steering. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/controller/te_mesh.h"
#include "tests/unit/controller/te_stage.h"

static int set_up(void **state) { return te_stage_open(state, TE_MESH("")); }

static void shortest_paths_come_first(void **state)
{
	struct te_world *t = *state;
	te_world_seconds(t, 5);
	assert_non_null(view_steer(t->w.core->view));
	assert_int_equal(view_steer(t->w.core->view)->n_pairs, 12);
	assert_int_equal(te_of(t)->phase, TE_REST);
	t->want[A][B] = 50;
	t->want[B][A] = 20;
	uint64_t before = te_world_mods(t);
	te_world_seconds(t, 120);
	all_goes(t);
	/* Below the goal nothing moves. */
	assert_int_equal(te_world_mods(t), before);
	assert_true(fabs(t->loads[2 * AB] - 50) < 1e-6 && fabs(t->loads[2 * AB + 1] - 20) < 1e-6);
	assert_string_equal(te_of(t)->look.verdict, "good");
	assert_true(fabs(te_of(t)->look.u - 0.5) < 0.02);
	assert_true(fabs(demand_recent(&te_of(t)->edges[AB].sent[0], t->w.core->now_ms) - 50) < 1);
}

static void traffic_moves_off_a_congested_link_within_two_intervals(void **state)
{
	struct te_world *t = *state;
	uint32_t arc;
	t->want[A][B] = 50;
	te_world_seconds(t, 60);
	t->want[A][B] = 130;
	unsigned n = 0;
	do {
		te_world_seconds(t, 1);
		all_goes(t);
		n++;
	} while (te_world_busiest(t, &arc) > 0.7 && n < 100);
	assert_true(n <= 20);
	const char *text = te_world_event(t, "te");
	assert_non_null(text);
	if (!strstr(text, "a-b 1") || !strstr(text, " % -> ") || !strstr(text, ": 1 pair moved over "))
		fail_msg("it says: %s", text);
	assert_int_equal(te_of(t)->changed.n_pairs, 1);
	/* And there it stays. */
	te_world_seconds(t, 10);
	uint64_t before = te_world_mods(t);
	te_world_seconds(t, 300);
	assert_int_equal(te_world_mods(t), before);
	all_goes(t);
}

static void a_lost_link_is_planned_around_at_once_and_held_when_it_is_back(void **state)
{
	struct te_world *t = *state;
	t->want[A][B] = 50;
	t->want[C][D] = 30;
	te_world_seconds(t, 60);
	te_world_cut(t, AB);
	te_world_seconds(t, 1);
	/* In the first second by the detour, then by a path. */
	all_goes(t);
	te_world_seconds(t, 4);
	all_goes(t);
	assert_int_equal(te_of(t)->phase, TE_REST);
	const struct place_pair *pair = place_find(te_of(t)->running, A, B);
	for (uint32_t k = 0; k < pair->n_active; k++)
		for (uint32_t a = 0; a < pair->paths[k].n_arcs; a++)
			assert_true(pair->paths[k].arcs[a] / 2 != AB);
	assert_true(te_of(t)->look.u < 0.7);
	/* Back: held for 30 s, the next time for a minute: half of it the view lets it rest. */
	for (uint64_t hold = 30; hold <= 120; hold *= 2) {
		te_world_mend(t, AB);
		te_world_seconds(t, hold > 30 ? (unsigned) hold / 2 + 2 : 1);
		assert_true(te_of(t)->edges[AB].is_held);
		assert_true(te_of(t)->edges[AB].held_until_ms - te_of(t)->edges[AB].since_ms <= hold * 1000);
		te_world_seconds(t, (unsigned) (hold > 30 ? hold / 2 : hold) - 4);
		assert_true(te_of(t)->edges[AB].is_held && t->loads[2 * AB] == 0);
		te_world_seconds(t, 6);
		assert_false(te_of(t)->edges[AB].is_held);
		te_world_cut(t, AB);
		te_world_seconds(t, 5);
		all_goes(t);
	}
	/* It was calm for long: all is forgiven. */
	te_world_mend(t, AB);
	te_world_seconds(t, 300 + 11 * 300);
	assert_int_equal(te_of(t)->edges[AB].n_flaps, 0);
}

/* What had to leave a link comes back after the hold, if there is room. */
static void traffic_comes_home(void **state)
{
	struct te_world *t = *state;
	t->want[A][B] = 50;
	te_world_seconds(t, 60);
	te_world_cut(t, AB);
	te_world_seconds(t, 10);
	te_world_mend(t, AB);
	te_world_seconds(t, 28);
	assert_true(t->loads[2 * AB] == 0);
	te_world_seconds(t, 12);
	assert_true(fabs(t->loads[2 * AB] - 50) < 1e-6);
	all_goes(t);
	assert_non_null(strstr(te_world_event(t, "te"), "a link came back"));
	/* No room: it stays. */
	te_world_cut(t, AB);
	te_world_seconds(t, 10);
	t->want[A][B] = 80;
	te_world_seconds(t, 60);
	te_world_mend(t, AB);
	te_world_seconds(t, 100);
	assert_true(t->loads[2 * AB] < 71);
	all_goes(t);
}

static void a_held_link_carries_what_has_no_other_way(void **state)
{
	struct te_world *t = *state;
	t->want[A][B] = 10;
	te_world_seconds(t, 30);
	te_world_cut(t, AB);
	te_world_cut(t, AC);
	te_world_seconds(t, 5);
	all_goes(t);
	te_world_mend(t, AB);
	te_world_seconds(t, 2);
	te_world_cut(t, AD);
	te_world_seconds(t, 5);
	assert_true(te_of(t)->edges[AB].is_held);
	all_goes(t);
	const struct place_pair *pair = place_find(te_of(t)->running, A, B);
	assert_true(pair->n_active == 1 && pair->paths[0].arcs[0] == 2 * AB);
}

static void noise_moves_nothing(void **state)
{
	struct te_world *t = *state;
	t->noise = 0.05;
	for (uint32_t from = 0; from < 4; from++)
		for (uint32_t to = 0; to < 4; to++)
			t->want[from][to] = from == to ? 0 : 5 + 9 * ((from * 7 + to * 3) % 5);
	t->want[A][B] = 88;
	te_world_seconds(t, 200);
	uint64_t before = te_world_mods(t), n = te_of(t)->n_changes;
	assert_true(n > 1);
	/* A thousand looks. */
	uint64_t looks = te_of(t)->n_looks;
	te_world_seconds(t, 10000);
	all_goes(t);
	assert_true(te_of(t)->n_looks - looks >= 999);
	assert_int_equal(te_of(t)->n_changes, n);
	assert_int_equal(te_world_mods(t), before);
}

/* Demand that comes and goes with a period of two looks (C4). */
static void a_square_wave_is_planned_for_once(void **state)
{
	struct te_world *t = *state;
	t->want[C][B] = 30;
	te_world_seconds(t, 30);
	for (int wave = 0; wave < 4; wave++) {
		t->want[A][B] = 120;
		te_world_seconds(t, 10);
		t->want[A][B] = 10;
		te_world_seconds(t, 10);
	}
	uint64_t n = te_of(t)->n_changes;
	for (int wave = 0; wave < 60; wave++) {
		t->want[A][B] = 120;
		te_world_seconds(t, 10);
		t->want[A][B] = 10;
		te_world_seconds(t, 10);
		all_goes(t);
	}
	assert_int_equal(te_of(t)->n_changes, n);
}

static void recommend_says_and_does_not(void **state)
{
	struct te_world *t = *state;
	te_world_seconds(t, 20);
	t->w.core->net->te.mode = NET_TE_RECOMMEND;
	t->want[A][B] = 130;
	uint64_t before = te_world_mods(t);
	te_world_seconds(t, 60);
	assert_int_equal(te_world_mods(t), before);
	assert_true(t->loads[2 * AB] > 129);
	assert_non_null(te_of(t)->advised);
	assert_string_equal(te_of(t)->look.verdict, "advised");
	assert_non_null(strstr(te_of(t)->advice, "a-b 130 % -> "));
	assert_non_null(strstr(te_world_event(t, "te"), "advice: a-b "));
	/* What is lost is planned around all the same. */
	te_world_cut(t, AB);
	te_world_seconds(t, 10);
	all_goes(t);
	const struct place_pair *pair = place_find(te_of(t)->running, A, B);
	assert_true(pair->paths[0].n_arcs == 2);
	t->w.core->net->te.mode = NET_TE_APPLY;
	te_world_seconds(t, 30);
	assert_null(te_of(t)->advised);
}

static void freeze_and_shortest_move_nothing(void **state)
{
	struct te_world *t = *state;
	te_world_seconds(t, 20);
	t->w.core->net->te.mode = NET_TE_FREEZE;
	t->want[A][B] = 130;
	uint64_t before = te_world_mods(t);
	te_world_seconds(t, 60);
	assert_int_equal(te_world_mods(t), before);
	assert_string_equal(te_of(t)->look.verdict, "frozen");
	t->w.core->net->te.mode = NET_TE_APPLY;
	te_world_seconds(t, 60);
	assert_true(t->loads[2 * AB] < 80);
	t->w.core->net->te.goal = NET_TE_SHORTEST;
	te_world_seconds(t, 30);
	assert_string_equal(te_of(t)->look.verdict, "shortest");
	assert_true(t->loads[2 * AB] > 129);
	te_world_cut(t, AB);
	te_world_seconds(t, 5);
	all_goes(t);
	te_world_mend(t, AB);
	te_world_seconds(t, 60);
	assert_true(t->loads[2 * AB] > 129);
}

/* Nothing was too full: the file wants it. */
static void a_change_for_a_pin_says_so(void **state)
{
	struct te_world *t = *state;
	te_world_seconds(t, 20);
	world_reload(&t->w, TE_MESH("te: {pin: [{from: a, to: b, via: [d]}]}\n"));
	te_world_seconds(t, 20);
	assert_int_equal(te_of(t)->changed.n_pairs, 1);
	assert_string_equal(te_of(t)->changed.why, "what paths have to be like has changed");
	assert_string_equal(te_of(t)->look.verdict, "good");
}

/* Every switch changes when it likes: no label comes to one that does not know it. */
static void switches_change_one_after_the_other(void **state)
{
	struct te_world *t = *state;
	te_world_seconds(t, 20);
	t->is_lazy = true;
	uint64_t n = te_of(t)->n_changes;
	for (unsigned i = 0; i < 60; i++) {
		for (uint32_t from = 0; from < 4; from++)
			for (uint32_t to = 0; to < 4; to++)
				t->want[from][to] = from == to ? 0 : (i * 31 + from * 17 + to * 7) % 11 ? 10 : 110;
		uint32_t edge = i * 5 % 6;
		if (i % 6 == 3)
			te_world_cut(t, edge);
		for (unsigned s = 0; s < 70; s++) {
			te_world_seconds(t, 1);
			all_goes(t);
		}
		if (i % 6 == 3)
			te_world_mend(t, edge);
	}
	assert_true(te_of(t)->n_changes > n + 20);
}

/* Load that no row of ours explains is left room. */
static void what_others_send_is_background(void **state)
{
	struct te_world *t = *state;
	te_world_seconds(t, 60);
	t->want[A][B] = 40;
	for (int i = 0; i < 120; i++) {
		t->port_bytes[2 * AB] += (uint64_t) (50 * 125000);
		te_world_seconds(t, 1);
	}
	/* 40 of ours beside 50 of others: ours went elsewhere, at least in part. */
	assert_true(te_of(t)->edges[AB].background[0] > 45 && te_of(t)->edges[AB].background[0] < 55);
	assert_true(t->loads[2 * AB] < 25);
	for (int i = 0; i < 200; i++)
		te_world_seconds(t, 1);
	assert_true(te_of(t)->edges[AB].background[0] < 1);
	all_goes(t);
}

int main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, set_up, te_stage_close)
	const struct CMUnitTest tests[] = {
		TEST(shortest_paths_come_first),
		TEST(traffic_moves_off_a_congested_link_within_two_intervals),
		TEST(a_lost_link_is_planned_around_at_once_and_held_when_it_is_back),
		TEST(traffic_comes_home),
		TEST(a_held_link_carries_what_has_no_other_way),
		TEST(noise_moves_nothing),
		TEST(a_square_wave_is_planned_for_once),
		TEST(recommend_says_and_does_not),
		TEST(freeze_and_shortest_move_nothing),
		TEST(a_change_for_a_pin_says_so),
		TEST(switches_change_one_after_the_other),
		TEST(what_others_send_is_background),
	};
	return cmocka_run_group_tests(tests, te_stage_up, te_stage_down);
}
