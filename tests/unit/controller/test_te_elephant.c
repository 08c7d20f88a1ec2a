/* SPDX-License-Identifier: Apache-2.0 */
/* A pair whose frames do not spread evenly over its slots: they are dealt anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <math.h>

#include <cmocka.h>

#include "tests/unit/controller/te_mesh.h"
#include "tests/unit/controller/te_stage.h"

static int set_up(void **state) { return te_stage_open(state, TE_MESH("")); }

/* The share of what a pair carries on a path against the plan: the worst of them. */
static double deal_error(const struct te_world *t, uint32_t from, uint32_t to)
{
	const struct place_pair *pair = place_find(te_of(t)->running, from, to);
	double carried[PLACE_MAX_SLOTS], sum = 0, worst = 0;
	uint32_t slots[PLACE_MAX_SLOTS];
	assert_true(core_te_carried(t->w.core, pair, carried, slots));
	for (uint32_t k = 0; k < pair->n_active; k++)
		sum += carried[k];
	for (uint32_t k = 0; k < pair->n_active; k++)
		worst = fmax(worst, fabs(carried[k] / sum - pair->paths[k].share));
	return worst;
}

/* Where the slot goes in what is in force, as an arc it leaves by. */
static uint32_t leaves_by(const struct te_world *t, uint32_t from, uint32_t to, uint32_t slot)
{
	const struct steer_pair *pair = steer_find(view_steer(t->w.core->view), 0, from, to);
	const struct steer_step *step = &pair->choices[pair->slots[slot]].steps[0];
	return 2 * step->edge + step->end;
}

static void an_elephant_is_dealt_around(void **state)
{
	struct te_world *t = *state;
	uint32_t arc;
	t->want[A][B] = 130;
	te_world_seconds(t, 150);
	assert_int_equal(te_of(t)->n_deals, 0);
	double u = te_world_busiest(t, &arc);
	uint64_t n = te_of(t)->n_changes;
	uint32_t before = leaves_by(t, A, B, TE_ELEPHANT_SLOT);
	/* It becomes what half of it is one slot of; the pair wants what it wanted. */
	t->elephant[A][B] = 0.3;
	te_world_seconds(t, 5);
	assert_true(te_world_busiest(t, &arc) > 1.2 * u);
	unsigned seconds = 0;
	while (!te_of(t)->n_deals && seconds++ < 100)
		te_world_seconds(t, 1);
	if (seconds > 30)
		fail_msg("it took %u s", seconds);
	const char *text = te_of(t)->changed.text;
	if (!strstr(text, " slots of a->b moved; slot 3 alone carries ") || !strstr(text, " % of it and stays on a-"))
		fail_msg("it says: %s", text);
	assert_non_null(strstr(te_world_event(t, "te"), "not equally large"));
	te_world_seconds(t, 30);
	all_goes(t);
	assert_int_equal(leaves_by(t, A, B, TE_ELEPHANT_SLOT), before);
	assert_true(te_world_busiest(t, &arc) < 1.05 * u);
	assert_true(deal_error(t, A, B) < 0.02);
	struct te_elephant elephants[4];
	assert_int_equal(core_te_elephants(t->w.core, elephants, 4), 1);
	assert_int_equal(elephants[0].slot, TE_ELEPHANT_SLOT);
	/* One deal, and it lasts; over a restart, too, and over another file. */
	uint64_t mods = te_world_mods(t);
	te_world_seconds(t, 600);
	assert_true(te_of(t)->n_deals == 1 && te_of(t)->n_changes == n + 1);
	assert_int_equal(te_world_mods(t), mods);
	assert_int_equal(te_world_restart(t), 0);
	te_world_seconds(t, 300);
	assert_true(te_of(t)->n_deals == 0);
	world_reload(&t->w, TE_MESH("x-note: nothing that matters\n"));
	te_world_settle(t);
	te_world_seconds(t, 300);
	assert_int_equal(te_of(t)->n_deals, 0);
	assert_int_equal(te_world_mods(t), mods);
	assert_true(te_world_busiest(t, &arc) < 1.05 * u);
	/* A link dies: it is planned anew, and the slots go by what is known of them. */
	te_world_cut(t, AC);
	te_world_seconds(t, 60);
	all_goes(t);
	assert_true(deal_error(t, A, B) < 0.04);
	assert_true(te_world_busiest(t, &arc) < 0.75);
	/* It ends: slots are equal again. */
	t->elephant[A][B] = 0;
	te_world_seconds(t, 300);
	all_goes(t);
	assert_true(deal_error(t, A, B) < 0.02);
	assert_true(te_of(t)->n_deals >= 1 && te_of(t)->n_deals <= 3);
}

/* With 5 % of noise over all of it a thousand looks change nothing after the first deal. */
static void noise_deals_nothing_twice(void **state)
{
	struct te_world *t = *state;
	t->noise = 0.05;
	t->want[A][B] = 130;
	t->want[C][D] = 115;
	t->elephant[A][B] = 0.3;
	t->elephant[C][D] = 0.2;
	te_world_seconds(t, 400);
	uint64_t mods = te_world_mods(t);
	size_t n = te_of(t)->n_deals;
	assert_true(n >= 1 && n <= 2);
	te_world_seconds(t, 10000);
	all_goes(t);
	assert_int_equal(te_of(t)->n_deals, n);
	assert_int_equal(te_world_mods(t), mods);
}

static void an_elephant_is_left_alone_when_told_so(void **state)
{
	struct te_world *t = *state;
	t->want[A][B] = 130;
	te_world_seconds(t, 150);
	t->w.core->net->te.mode = NET_TE_FREEZE;
	t->elephant[A][B] = 0.3;
	uint64_t mods = te_world_mods(t);
	te_world_seconds(t, 150);
	assert_int_equal(te_world_mods(t), mods);
	assert_int_equal(te_of(t)->n_deals, 0);
}

int main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, set_up, te_stage_close)
	const struct CMUnitTest tests[] = {
		TEST(an_elephant_is_dealt_around),
		TEST(noise_deals_nothing_twice),
		TEST(an_elephant_is_left_alone_when_told_so),
	};
	return cmocka_run_group_tests(tests, te_stage_up, te_stage_down);
}
