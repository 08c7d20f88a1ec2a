/* SPDX-License-Identifier: Apache-2.0 */
/* Guarantees through the whole loop: others make way, and what cannot be kept is said. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controller/show_te.h"
#include "tests/unit/controller/te_mesh.h"
#include "tests/unit/controller/te_stage.h"

static const char text[] = TE_MESH("te: {guarantee: [{from: a, to: b, rate: 60Mbit}]}\n");

static int set_up(void **state) { return te_stage_open(state, text); }
static struct te_promise *promise(const struct te_world *t) { return &t->w.core->te->promises[0]; }

static const char *problem(const struct te_world *t, char *buf, size_t size)
{
	bool is_degraded;
	size_t i;
	json_t *problems = show_problems(&t->w.api, &is_degraded), *item;
	buf[0] = '\0';
	json_array_foreach(problems, i, item)
		if (!strcmp(json_string_value(json_object_get(item, "kind")), "te-guarantee"))
			snprintf(buf, size, "%s", json_string_value(json_object_get(item, "text")));
	json_decref(problems);
	return buf;
}

static json_t *shown(const struct te_world *t)
{
	json_t *list = show_te_promises(t->w.core), *one = json_incref(json_array_get(list, 0));
	json_decref(list);
	return one;
}

/* What others put on the links of a's paths to b. */
static double most_on_its_paths(const struct te_world *t)
{
	const struct place_pair *pair = place_find(t->w.core->te->running, A, B);
	double most = 0;
	for (uint32_t k = 0; k < pair->n_active; k++)
		for (uint32_t i = 0; i < pair->paths[k].n_arcs; i++)
			most = fmax(most, t->loads[pair->paths[k].arcs[i]]);
	return most;
}

static void others_make_way(void **state)
{
	struct te_world *t = *state;
	char buf[500];
	uint32_t arc;
	t->want[A][B] = 60;
	te_world_seconds(t, 40);
	near(promise(t)->room, 100, 1);
	assert_true(promise(t)->cut_is_known && promise(t)->cut.kept > 0.999);
	/* Into b: 60 of a and 260 of c, over three links of 100. Alike, all would be 7 % too full. */
	t->want[C][B] = 260;
	te_world_seconds(t, 60);
	/* The others share what is left, and no more than that is left free. */
	assert_true(te_world_busiest(t, &arc) < 1.2);
	assert_true(most_on_its_paths(t) < 100);
	assert_true(promise(t)->room >= 60 && !promise(t)->is_short);
	assert_string_equal(problem(t, buf, sizeof buf), "");
	/* And so it stays. */
	uint64_t before = te_world_mods(t);
	te_world_seconds(t, 120);
	assert_int_equal(te_world_mods(t), before);
	assert_true(most_on_its_paths(t) < 100);
}

static void what_cannot_be_kept_is_said(void **state)
{
	struct te_world *t = *state;
	char buf[500];
	t->want[A][B] = 30;
	t->want[C][B] = t->want[D][B] = 100;
	te_world_seconds(t, 60);
	json_t *json = shown(t);
	near(json_number_value(json_object_get(json, "promised_mbps")), 60, 1e-9);
	near(json_number_value(json_object_get(json, "offered_mbps")), 30, 1);
	assert_true(json_is_true(json_object_get(json, "met")));
	assert_true(json_is_null(json_object_get(json, "cut")));
	json_decref(json);
	/* One link into b is left: the others cannot make way. */
	te_world_cut(t, AB);
	te_world_cut(t, BC);
	te_world_seconds(t, 30);
	assert_true(promise(t)->is_short && promise(t)->room < 1);
	assert_non_null(strstr(problem(t, buf, sizeof buf), "guarantee a->b of 60 Mbit/s is short: there is room for 0 Mbit/s"));
	const char *event = te_world_event(t, "te");
	assert_non_null(event);
	json = shown(t);
	assert_true(json_is_false(json_object_get(json, "met")));
	near(json_number_value(json_object_get(json, "possible_mbps")), 60, 1e-6);
	near(json_number_value(json_object_get(json, "after_cut_mbps")), 0, 1e-6);
	assert_true(json_is_string(json_object_get(json, "cut")));
	json_decref(json);
	/* Less is sent: a few looks later that is said, too. */
	t->want[C][B] = t->want[D][B] = 1;
	te_world_seconds(t, 600);
	assert_false(promise(t)->is_short);
	assert_string_equal(problem(t, buf, sizeof buf), "");
	event = te_world_event(t, "te");
	assert_string_equal(event, "guarantee a->b of 60 Mbit/s has its room again");
	/* Now nothing leads there. */
	te_world_cut(t, BD);
	te_world_seconds(t, 60);
	assert_true(promise(t)->is_short);
	assert_non_null(strstr(problem(t, buf, sizeof buf), "the links that are up can carry 0 Mbit/s of it"));
	/* Another file, without it. */
	char *less = strdup(text);
	*strstr(less, "te: {") = '\0';
	world_reload(&t->w, less);
	free(less);
	te_world_seconds(t, 5);
	assert_null(t->w.core->te->promises);
	assert_string_equal(problem(t, buf, sizeof buf), "");
}

int main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, set_up, te_stage_close)
	const struct CMUnitTest tests[] = {
		TEST(others_make_way),
		TEST(what_cannot_be_kept_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
