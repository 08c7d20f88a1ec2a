/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic engineering through the whole loop: counters in, rows out, with switches
 * whose frames go by the rows' steering. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/controller/te_mesh.h"
#include "tests/unit/controller/te_world.h"

static char folder[64];

static void forget_files(void)
{
	static const char *const names[] = { "te", "links" };
	char path[80];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
}

static int set_up(void **state)
{
	struct te_world *t = calloc(1, sizeof *t);
	forget_files();
	te_world_init(t, TE_MESH(""), folder);
	te_world_connect(t);
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	te_world_uninit(*state);
	free(*state);
	return 0;
}

static struct core_te *te_of(const struct te_world *t) { return t->w.core->te; }

static void all_goes(struct te_world *t)
{
	if (t->lost > 0)
		fail_msg("%f Mbit/s had no way", t->lost);
}

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
	char path[80];
	t->want[A][B] = 130;
	te_world_seconds(t, 100);
	snprintf(path, sizeof path, "%s/te", folder);
	static const char *const bad[] = {
		"", "weft te 2\n", "weft te 1\n", "weft te 1\nend\n", "weft te 1\nend\nsteer\n",
		"weft te 1\nend\nsteer\nsteer\t1\nend\t7\t7\t0\n",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		FILE *f = fopen(path, "w");
		fputs(bad[i], f);
		fclose(f);
		te_world_restart(t);
		te_world_seconds(t, 100);
		all_goes(t);
		assert_true(t->loads[2 * AB] > 0 && t->loads[2 * AB] < 80);
	}
	unlink(path);
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

/* --- the plan takes its time --------------------------------------------------------- */

static struct { void (*run)(void *), (*done)(void *); void *task; } put_off[4];
static size_t n_put_off;

static void later(void *ctx, void (*run)(void *), void (*done)(void *), void *task)
{
	(void) ctx;
	assert_true(n_put_off < 4);
	put_off[n_put_off].run = run;
	put_off[n_put_off].done = done;
	put_off[n_put_off++].task = task;
}

static void do_it(void)
{
	for (size_t n = n_put_off; n; n--) {
		void (*done)(void *) = put_off[0].done;
		void *task = put_off[0].task;
		put_off[0].run(task);
		memmove(put_off, put_off + 1, --n_put_off * sizeof *put_off);
		done(task);
	}
}

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
	do_it();
	te_world_settle(t);
	assert_int_equal(te_world_mods(t), before);
	/* A link is lost while it plans: it plans again. */
	while (!n_put_off)
		te_world_seconds(t, 1);
	te_world_cut(t, AB);
	te_world_seconds(t, 5);
	for (int i = 0; i < 20; i++) {
		do_it();
		te_world_seconds(t, 1);
	}
	all_goes(t);
	const struct place_pair *pair = place_find(te_of(t)->running, A, B);
	for (uint32_t k = 0; k < pair->n_active; k++)
		assert_int_equal(pair->paths[k].n_arcs, 2);
	t->w.core->work = NULL;
	do_it();
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
	do_it();
	assert_non_null(te_of(t)->steering);
	te_world_settle(t);
	assert_int_equal(te_of(t)->phase, TE_REST);
	/* Another edge dies: a change for what is gone already is not made. */
	te_world_cut(t, AC);
	do_it();
	assert_null(te_of(t)->steering);
	assert_int_equal(te_of(t)->n_drops, 1);
	assert_int_equal(te_of(t)->phase, TE_REST);
	te_world_settle(t);
	assert_ptr_equal(view_steer(t->w.core->view), before);
	/* It is planned anew at once, and a file that comes makes that void. */
	assert_non_null(te_of(t)->task);
	do_it();
	assert_non_null(te_of(t)->steering);
	world_reload(&t->w, TE_MESH("te: {pin: [{from: a, to: b, via: [d]}]}\n"));
	do_it();
	assert_int_equal(te_of(t)->phase, TE_REST);
	te_world_settle(t);
	assert_non_null(te_of(t)->task);
	/* The rules of a look say switches of a file that has gone. */
	world_reload(&t->w, TE_MESH("x-note: without the pin\n"));
	for (int i = 0; i < 20; i++) {
		do_it();
		te_world_settle(t);
	}
	t->want[A][B] = 10;
	te_world_seconds(t, 3);
	all_goes(t);
	assert_true(t->loads[2 * AD] > 0);
	assert_int_equal(te_of(t)->n_drops, 0);
	t->w.core->work = NULL;
	do_it();
}

static unsigned n_later;
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

static int make_folder(void **state)
{
	(void) state;
	snprintf(folder, sizeof folder, "/tmp/weft-te-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void) state;
	forget_files();
	return rmdir(folder);
}

int main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(shortest_paths_come_first),
		TEST(traffic_moves_off_a_congested_link_within_two_intervals),
		TEST(a_lost_link_is_planned_around_at_once_and_held_when_it_is_back),
		TEST(traffic_comes_home),
		TEST(a_held_link_carries_what_has_no_other_way),
		TEST(a_restart_sends_nothing),
		TEST(without_its_file_a_restart_finds_paths_anew),
		TEST(another_file_keeps_what_it_can),
		TEST(noise_moves_nothing),
		TEST(a_square_wave_is_planned_for_once),
		TEST(an_elephant_is_dealt_around),
		TEST(noise_deals_nothing_twice),
		TEST(an_elephant_is_left_alone_when_told_so),
		TEST(who_is_not_reached_goes_on_by_old_labels),
		TEST(who_leaves_in_the_middle_of_a_change_is_waited_for),
		TEST(recommend_says_and_does_not),
		TEST(freeze_and_shortest_move_nothing),
		TEST(a_change_for_a_pin_says_so),
		TEST(switches_change_one_after_the_other),
		TEST(a_plan_of_another_file_is_void),
		TEST(files_in_the_middle_of_a_change_are_remembered),
		TEST(steering_is_computed_beside_the_loop),
		TEST(compiling_takes_turns),
		TEST(what_others_send_is_background),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
