/* SPDX-License-Identifier: Apache-2.0 */
/* Ways that a network has for itself, through the whole loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controller/show_te.h"
#include "tests/unit/controller/te_mesh.h"
#include "tests/unit/controller/te_stage.h"

static int set_up(void **state)
{
	return te_stage_open(state, TE_MESH("te: {pin: [{from: a, to: b, via: c, network: red}]}\n"));
}

static const char *way(const struct te_world *t)
{
	static char buf[100];
	struct show_query query = { .limit = SHOW_LIMIT };
	json_t *json = show_te(&t->w.api, &query);
	const char *path = json_string_value(json_object_get(json_array_get(json_object_get(json, "own_ways"), 0), "path"));
	snprintf(buf, sizeof buf, "%s", path ? path : "none");
	json_decref(json);
	return buf;
}

static bool has_problem(const struct te_world *t, const char *kind)
{
	bool is_degraded, found = false;
	size_t i;
	json_t *problems = show_problems(&t->w.api, &is_degraded), *item;
	json_array_foreach(problems, i, item)
		found |= !strcmp(json_string_value(json_object_get(item, "kind")), kind);
	json_decref(problems);
	return found;
}

static void its_frames_take_it_and_others_go_around(void **state)
{
	struct te_world *t = *state;
	struct show_query query = { .limit = SHOW_LIMIT };
	te_world_seconds(t, 20);
	assert_string_equal(way(t), "a-c-b");
	t->want[A][B] = 50;
	te_world_seconds(t, 60);
	near(t->loads[2 * AB], 0, 1e-6);
	near(t->loads[2 * AC], 50, 1e-6);
	near(t->loads[2 * BC + 1], 50, 1e-6);
	near(t->lost, 0, 1e-6);
	/* It is counted by itself, and not as the pair's. */
	json_t *json = show_te(&t->w.api, &query);
	const json_t *busiest = json_array_get(json_object_get(json, "busiest"), 0);
	near(json_number_value(json_object_get(busiest, "background_mbps")), 50, 2);
	near(json_number_value(json_object_get(busiest, "load_mbps")), 0, 1);
	near(json_number_value(json_object_get(json_array_get(json_object_get(json, "own_ways"), 0), "recent_mbps")), 50, 2);
	json_decref(json);
	near(t->w.core->te->edges[AC].background[0], 0, 1);
	/* Another pair wants more of that cable than is left. */
	t->want[A][C] = 60;
	te_world_seconds(t, 60);
	near(t->loads[2 * AC + 1], 0, 1e-6);
	assert_true(t->loads[2 * AC] >= 50 && t->loads[2 * AC] < 75);
	uint64_t before = te_world_mods(t);
	te_world_seconds(t, 100);
	assert_int_equal(te_world_mods(t), before);
}

static void it_finds_another_way_or_goes_with_the_pair(void **state)
{
	struct te_world *t = *state;
	t->want[A][B] = 50;
	te_world_seconds(t, 40);
	te_world_cut(t, AC);
	te_world_seconds(t, 1);
	/* By the detour at first. */
	near(t->lost, 0, 1e-6);
	te_world_seconds(t, 5);
	assert_string_equal(way(t), "a-d-c-b");
	near(t->lost, 0, 1e-6);
	near(t->loads[2 * AD], 50, 1e-6);
	near(t->loads[2 * BC + 1], 50, 1e-6);
	te_world_cut(t, BC);
	te_world_seconds(t, 6);
	assert_string_equal(way(t), "none");
	near(t->loads[2 * AB], 50, 1e-6);
	near(t->lost, 0, 1e-6);
	assert_true(has_problem(t, "te-rules"));
	te_world_mend(t, BC);
	te_world_mend(t, AC);
	te_world_seconds(t, 80);
	assert_string_equal(way(t), "a-c-b");
	assert_false(has_problem(t, "te-rules"));
	near(t->loads[2 * AC], 50, 1e-6);
	near(t->lost, 0, 1e-6);
}

static void a_restart_sends_nothing(void **state)
{
	struct te_world *t = *state;
	t->want[A][B] = 50;
	t->want[A][C] = 60;
	te_world_seconds(t, 60);
	assert_int_equal(te_world_restart(t), 0);
	te_world_seconds(t, 3);
	near(t->loads[2 * BC + 1], 50, 1e-6);
	uint64_t before = te_world_mods(t);
	te_world_seconds(t, 60);
	assert_int_equal(te_world_mods(t), before);
	assert_string_equal(way(t), "a-c-b");
	near(t->lost, 0, 1e-6);
}

static void another_file_takes_it_away(void **state)
{
	struct te_world *t = *state;
	t->want[A][B] = 50;
	te_world_seconds(t, 40);
	world_reload(&t->w, TE_MESH(""));
	te_world_seconds(t, 40);
	near(t->loads[2 * AB], 50, 1e-6);
	near(t->lost, 0, 1e-6);
	assert_int_equal(t->w.core->te->owns->n, 0);
	near(demand_recent(demands_of(t->w.core->te->demands, A, B), t->w.core->now_ms), 50, 2);
}

int main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, set_up, te_stage_close)
	const struct CMUnitTest tests[] = {
		TEST(its_frames_take_it_and_others_go_around),
		TEST(it_finds_another_way_or_goes_with_the_pair),
		TEST(a_restart_sends_nothing),
		TEST(another_file_takes_it_away),
	};
	return cmocka_run_group_tests(tests, te_stage_up, te_stage_down);
}
