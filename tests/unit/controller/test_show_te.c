/* SPDX-License-Identifier: Apache-2.0 */
/* What traffic engineering says: documents against the manual, what-if, problems. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controller/api_private.h"
#include "controller/show_te.h"
#include "tests/unit/controller/manual.h"
#include "tests/unit/controller/te_world.h"

static const char text[] =
	"version: 1\n"
	"switches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}, d: {dpid: 4}}\n"
	"networks:\n"
	"  red: {ports: [\"*:vm*\"]}\n"
	"links:\n"
	"  - {between: [a:ab, b:ba], rate: 100Mbit}\n"
	"  - {between: [b:bc, c:cb], rate: 100Mbit}\n"
	"  - {between: [c:cd, d:dc], rate: 100Mbit}\n"
	"  - {between: [a:ad, d:da], rate: 100Mbit}\n"
	"te:\n"
	"  guarantee: [{from: b, to: a, rate: 1kbit}, {network: red, rate: 1kbit}]\n"
	"  avoid: [{from: c, to: a, via: d, network: red}]\n";
enum { AB, AD, BC, CD };
enum { A, B, C, D };

static int set_up(void **state)
{
	struct te_world *t = calloc(1, sizeof *t);
	te_world_init(t, text, NULL);
	te_world_connect(t);
	te_world_seconds(t, 20);
	t->want[A][B] = 40;
	t->want[A][D] = 25.5;
	t->want[B][A] = 10;
	te_world_seconds(t, 60);
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	te_world_uninit(*state);
	free(*state);
	return 0;
}

static void check_document(const char *document, const json_t *json)
{
	manual_knows(document, json);
	manual_is_kept(document, json, NULL);
}

static const json_t *with(const json_t *list, const char *key, const char *value)
{
	size_t i;
	const json_t *item;
	json_array_foreach(list, i, item)
		if (!strcmp(json_string_value(json_object_get(item, key)), value))
			return item;
	fail_msg("no item with %s %s", key, value);
	return NULL;
}

static double real(const json_t *json, const char *key) { return json_number_value(json_object_get(json, key)); }

static void near(double a, double b)
{
	if (fabs(a - b) > 0.02 * fabs(b) + 1e-9)
		fail_msg("%f is not %f", a, b);
}

static void te_says_what_is(void **state)
{
	struct te_world *t = *state;
	struct show_query query = { .limit = SHOW_LIMIT };
	json_t *json = show_te(&t->w.api, &query);
	manual_knows("te", json);
	assert_int_equal(json_array_size(json_object_get(json, "elephants")), 0);
	assert_string_equal(json_string_value(json_object_get(json, "mode")), "apply");
	assert_string_equal(json_string_value(json_object_get(json, "state")), "rest");
	assert_string_equal(json_string_value(json_object_get(json, "verdict")), "good");
	near(real(json, "utilisation_percent"), 40);
	near(real(json, "headroom_percent"), 150);
	const json_t *first = json_array_get(json_object_get(json, "busiest"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "from")), "a");
	near(real(first, "load_mbps"), 40);
	near(real(first, "sent_mbps"), 40);
	near(real(json_array_get(json_object_get(first, "pairs"), 0), "mbps"), 40);
	const json_t *pairs = json_object_get(json, "pairs");
	assert_int_equal(json_array_size(pairs), 12);
	near(real(json_array_get(pairs, 0), "demand_mbps"), 40);
	assert_true(json_is_true(json_object_get(json_array_get(pairs, 0), "steered")));
	/* Guarantees, and what would be left of them. */
	const json_t *guarantees = json_object_get(json, "guarantees"), *one = json_array_get(guarantees, 0);
	assert_int_equal(json_array_size(guarantees), 2);
	assert_string_equal(json_string_value(json_object_get(one, "from")), "b");
	near(real(one, "promised_mbps"), 0.002);
	near(real(one, "offered_mbps"), 10);
	near(real(one, "room_mbps"), 100);
	near(real(one, "after_cut_mbps"), 0.002);
	assert_true(json_is_true(json_object_get(one, "met")) && json_is_null(json_object_get(one, "cut")));
	assert_string_equal(json_string_value(json_object_get(json_array_get(guarantees, 1), "network")), "red");
	const json_t *way = json_array_get(json_object_get(json, "own_ways"), 0);
	assert_string_equal(json_string_value(json_object_get(way, "path")), "c-b-a");
	json_decref(json);
	query = (struct show_query) { .sw = "d", .limit = 2 };
	json = show_te(&t->w.api, &query);
	assert_int_equal(json_array_size(json_object_get(json, "pairs")), 2);
	near(real(json_array_get(json_object_get(json, "pairs"), 0), "demand_mbps"), 25.5);
	assert_true(json_is_true(json_object_get(json, "truncated")));
	json_decref(json);
	world_reload(&t->w, "version: 1\nnetworks: {red: {ports: [\"*:*\"]}}\n");
	json = show_te(&t->w.api, &query);
	assert_string_equal(json_string_value(json_object_get(json, "state")), "off");
	manual_knows("te", json);
	json_decref(json);
}

/* More than a link carries, most of it in one slot. */
static void elephants_are_told(void **state)
{
	struct te_world *t = *state;
	struct show_query query = { .limit = SHOW_LIMIT };
	t->want[A][B] = 120;
	t->elephant[A][B] = 0.375;
	te_world_seconds(t, 120);
	json_t *json = show_te(&t->w.api, &query);
	check_document("te", json);
	const json_t *list = json_object_get(json, "elephants"), *one = json_array_get(list, 0);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_object_get(one, "from")), "a");
	assert_string_equal(json_string_value(json_object_get(one, "to")), "b");
	assert_int_equal(json_integer_value(json_object_get(one, "slot")), TE_ELEPHANT_SLOT);
	assert_true(real(one, "part_percent") > 37 && real(one, "part_percent") < 42);
	assert_true(real(one, "mbps") > 45 && real(one, "mbps") < 50);
	/* Measured is as planned, with other numbers of slots. */
	const json_t *pair = json_array_get(json_object_get(json, "pairs"), 0), *path;
	double slots = real(pair, "slots"), uneven = 0;
	size_t i;
	json_array_foreach(json_object_get(pair, "paths"), i, path) {
		assert_true(fabs(real(path, "measured_percent") - real(path, "share_percent")) < 3);
		uneven = fmax(uneven, fabs(100 * real(path, "slots") / slots - real(path, "share_percent")));
	}
	assert_true(i == 2 && uneven > 10);
	json_decref(json);
}

static void links_and_graph_have_loads(void **state)
{
	struct te_world *t = *state;
	struct show_query query = { 0 };
	json_t *json = show_whole(&show_links, &t->w.api, &query);
	const json_t *ab = with(json_object_get(json, "links"), "name", "a:ab-b:ba");
	check_document("links", ab);
	near(real(ab, "capacity_mbps"), 100);
	near(real(ab, "load_from_a_mbps"), 40);
	near(real(ab, "load_from_b_mbps"), 10);
	near(real(ab, "utilisation_from_a_percent"), 40);
	json_decref(json);
	json = show_graph(&t->w.api);
	check_document("graph", json);
	assert_int_equal(json_array_size(json_object_get(json, "nodes")), 4);
	near(real(with(json_object_get(json, "edges"), "name", "a:ad-d:da"), "load_from_a_mbps"), 25.5);
	json_decref(json);
	te_world_cut(t, AB);
	te_world_seconds(t, 3);
	te_world_mend(t, AB);
	te_world_seconds(t, 3);
	json = show_graph(&t->w.api);
	ab = with(json_object_get(json, "edges"), "name", "a:ab-b:ba");
	assert_true(json_integer_value(json_object_get(ab, "held_seconds")) > 20);
	json_decref(json);
}

static json_t *answer(struct te_world *t, const char *question)
{
	char why[200];
	struct te_question *q = te_question_new(t->w.core, question, why, sizeof why);
	if (!q)
		fail_msg("%s: %s", question, why);
	te_question_run(q);
	json_t *json = te_question_answer(q);
	te_question_free(q);
	check_document("te?what_if", json);
	return json;
}

static void what_if(void **state)
{
	struct te_world *t = *state;
	char why[200];
	uint64_t before = te_world_mods(t);
	json_t *json = answer(t, "a-b down");
	near(real(json, "before_percent"), 40);
	near(real(json, "after_percent"), 65.5);
	near(real(json, "bound_percent"), 65.5);
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "after_busiest"), "link")), "a:ad-d:da");
	assert_true(json_is_true(json_object_get(json, "fits")));
	/* a to b, b to a, a to c or c to a over b. */
	assert_true(json_integer_value(json_object_get(json, "moved_pairs")) >= 2);
	const json_t *move = json_array_get(json_object_get(json, "moves"), 0);
	assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(move, "after"), 0), "path")), "a-d-c-b");
	json_decref(json);
	json = answer(t, "a->b x2, a->d x3");
	assert_true(real(json, "after_percent") > 70 && real(json, "after_percent") < 90);
	json_decref(json);
	json = answer(t, "a->b 300Mbit");
	assert_true(json_is_false(json_object_get(json, "fits")));
	json_decref(json);
	json = answer(t, "d down, b down");
	assert_int_equal(json_integer_value(json_object_get(json, "cut_pairs")), 12);
	json_decref(json);
	assert_null(te_question_new(t->w.core, "x down", why, sizeof why));
	assert_non_null(strstr(why, "\"x\""));
	/* Nothing of it was done. */
	te_world_seconds(t, 30);
	assert_int_equal(te_world_mods(t), before);
	/* An answer outlives the file it was asked about. */
	struct te_question *q = te_question_new(t->w.core, "a-b down", why, sizeof why);
	world_reload(&t->w, "version: 1\nnetworks: {red: {ports: [\"*:*\"]}}\n");
	te_question_run(q);
	json = te_question_answer(q);
	near(real(json, "after_percent"), 65.5);
	json_decref(json);
	te_question_free(q);
	te_question_free(NULL);
	assert_null(te_question_new(t->w.core, "a-b down", why, sizeof why));
}

static const json_t *problem(const json_t *problems, const char *kind)
{
	size_t i;
	const json_t *item;
	json_array_foreach(problems, i, item)
		if (!strcmp(json_string_value(json_object_get(item, "kind")), kind))
			return item;
	return NULL;
}

/* Other paths may well help; nobody looks for them. */
static void a_full_link_that_nothing_moves_off(void **state)
{
	struct te_world *t = *state;
	bool is_degraded;
	for (int shortest = 0; shortest < 2; shortest++) {
		t->w.core->net->te.mode = shortest ? NET_TE_APPLY : NET_TE_FREEZE;
		t->w.core->net->te.goal = shortest ? NET_TE_SHORTEST : NET_TE_BALANCE;
		t->want[A][B] = 130;
		te_world_seconds(t, 60);
		json_t *problems = show_problems(&t->w.api, &is_degraded);
		const json_t *full = problem(problems, "te-link-full");
		assert_non_null(full);
		const char *said = json_string_value(json_object_get(full, "text"));
		assert_null(strstr(said, "would not help"));
		assert_non_null(strstr(said, shortest ? "nothing is moved off it (`goal: shortest`)" : "nothing is moved off it (`mode: freeze`)"));
		json_decref(problems);
	}
}

static void problems_say_what_cannot_be_cured(void **state)
{
	struct te_world *t = *state;
	bool is_degraded;
	json_t *problems = show_problems(&t->w.api, &is_degraded);
	assert_null(problem(problems, "te-link-full"));
	json_decref(problems);
	t->want[A][B] = 95;
	t->want[A][D] = 95;
	te_world_seconds(t, 90);
	problems = show_problems(&t->w.api, &is_degraded);
	const json_t *full = problem(problems, "te-link-full");
	assert_non_null(full);
	assert_non_null(strstr(json_string_value(json_object_get(full, "text")), "above the goal of 70 %"));
	assert_true(is_degraded);
	json_decref(problems);
	t->want[A][B] = t->want[A][D] = 1;
	for (int i = 0; i < 2; i++) {
		te_world_cut(t, BC);
		te_world_seconds(t, 3);
		te_world_mend(t, BC);
		te_world_seconds(t, 35);
	}
	problems = show_problems(&t->w.api, &is_degraded);
	const json_t *held = problem(problems, "te-link-held");
	assert_non_null(held);
	assert_non_null(strstr(json_string_value(json_object_get(held, "text")), "it went 2 times of late"));
	json_decref(problems);
	/* A pin that cannot be kept, advice, labels, and a folder that is none. */
	static const uint32_t via[] = { D, C };
	struct net_te_pair pin = { .from = A, .to = B, .network = NET_NONE, .via = (uint32_t *) via, .n_via = 2 };
	t->w.core->net->te.pins = &pin;
	t->w.core->net->te.n_pins = 1;
	te_world_cut(t, CD);
	te_world_seconds(t, 3);
	t->w.core->te->save_failed = true;
	problems = show_problems(&t->w.api, &is_degraded);
	assert_non_null(problem(problems, "te-rules"));
	assert_non_null(problem(problems, "te-state"));
	json_decref(problems);
	t->w.core->net->te.n_pins = 0;
	te_world_mend(t, CD);
	te_world_seconds(t, 100);
	t->w.core->net->te.mode = NET_TE_RECOMMEND;
	t->want[A][B] = 130;
	te_world_seconds(t, 60);
	problems = show_problems(&t->w.api, &is_degraded);
	assert_non_null(problem(problems, "te-advice"));
	json_decref(problems);
}

int main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(te_says_what_is),
		TEST(elephants_are_told),
		TEST(links_and_graph_have_loads),
		TEST(what_if),
		TEST(a_full_link_that_nothing_moves_off),
		TEST(problems_say_what_cannot_be_cured),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
