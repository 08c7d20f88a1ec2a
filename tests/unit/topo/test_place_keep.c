/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper: what must stay still, what must move, and how often. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "place_net.h"
#include "topo/place_keep.h"

enum { STEP_MS = 10000, NOISY_STEPS = 1000, NOISY_ROUNDS = 6 };

/* Two nodes, two ways between them, 10 Mbit/s each; the direct one is the shortest. */
static void make_square(struct test_net *net)
{
	test_net_init(net, 4);
	test_net_link(net, 0, 1, 10);
	test_net_link(net, 0, 2, 10);
	test_net_link(net, 2, 1, 10);
	test_net_link(net, 0, 3, 10);
	test_net_link(net, 3, 1, 10);
	net->job.options.without_standbys = true;
}

static struct place_keeper *new_keeper(double goal)
{
	struct place_policy policy = place_policy_defaults();

	policy.goal = goal;
	return place_keeper_new(&policy);
}

static void below_the_goal_nothing_leaves_the_shortest_path(void **state)
{
	struct test_net net;
	(void) state;
	make_square(&net);
	test_net_demand(&net, 0, 1, 6.9);
	struct place_keeper *k = new_keeper(0.7);
	struct place_decision d = place_keeper_step(k, &net.job, STEP_MS);
	assert_int_equal(d.verdict, PLACE_FIRST);
	assert_int_equal(d.running->pairs[0].n_active, 1);
	assert_int_equal(d.running->pairs[0].paths[0].n_arcs, 1);
	d = place_keeper_step(k, &net.job, 2 * STEP_MS);
	assert_int_equal(d.verdict, PLACE_GOOD);
	assert_false(d.changed);
	place_keeper_free(k);
}

static void above_the_goal_it_moves_off(void **state)
{
	struct test_net net;
	(void) state;
	make_square(&net);
	test_net_demand(&net, 0, 1, 5);
	test_net_demand(&net, 2, 3, 0);
	struct place_keeper *k = new_keeper(0.7);
	place_keeper_step(k, &net.job, STEP_MS);
	net.demands[0].mbps = 9;
	/* One peak might be noise; the average follows. */
	struct place_decision d = place_keeper_step(k, &net.job, 2 * STEP_MS);
	assert_int_equal(d.verdict, PLACE_GOOD);
	d = place_keeper_step(k, &net.job, 3 * STEP_MS);
	assert_int_equal(d.verdict, PLACE_MOVED);
	assert_true(d.changed && d.u_before > 0.89 && d.u_after <= 0.7);
	assert_int_equal(d.running->n_changed, 1);
	place_keeper_free(k);
}

static void a_jump_into_congestion_moves_at_once(void **state)
{
	struct test_net net;
	(void) state;
	make_square(&net);
	test_net_demand(&net, 0, 1, 5);
	struct place_keeper *k = new_keeper(0.7);
	place_keeper_step(k, &net.job, STEP_MS);
	net.demands[0].mbps = 12;
	struct place_decision d = place_keeper_step(k, &net.job, STEP_MS + 1000);
	assert_int_equal(d.verdict, PLACE_MOVED);
	assert_true(test_net_load(&net.job, d.running) <= 0.7);
	place_keeper_free(k);
}

static void the_best_there_is_stays(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 2);
	test_net_link(&net, 0, 1, 10);
	test_net_demand(&net, 0, 1, 9.9);
	struct place_keeper *k = new_keeper(0.7);
	place_keeper_step(k, &net.job, STEP_MS);
	struct place_decision d = place_keeper_step(k, &net.job, 2 * STEP_MS);
	assert_int_equal(d.verdict, PLACE_BEST);
	assert_false(d.changed);
	place_keeper_free(k);
}

/* More than fits: what is guaranteed is left its room, and then all stays. */
static void others_make_way_for_a_guarantee(void **state)
{
	struct test_net net;
	(void) state;
	test_net_init(&net, 3);
	test_net_link(&net, 0, 1, 10);
	test_net_link(&net, 2, 1, 10);
	test_net_link(&net, 2, 0, 30);
	net.job.options.without_standbys = true;
	test_net_demand(&net, 0, 1, 5);
	test_net_demand(&net, 2, 1, 5);
	struct place_keeper *k = new_keeper(0.7);
	uint64_t ms = STEP_MS;
	struct place_decision d = place_keeper_step(k, &net.job, ms);
	/* Without a guarantee all are alike, and short. */
	net.demands[1].mbps = 20;
	for (int i = 0; i < 10; i++)
		d = place_keeper_step(k, &net.job, ms += STEP_MS);
	assert_true(d.u_after < 1.27);
	net.demands[0].firm = 5;
	assert_true(place_kept(&net.job, d.running) < 0.6);
	d = place_keeper_step(k, &net.job, ms += STEP_MS);
	assert_int_equal(d.verdict, PLACE_ROOM);
	assert_true(d.changed && place_kept(&net.job, d.running) >= 1 && d.u_after > 1.45 && d.u_after < 1.6);
	for (int i = 0; i < 200; i++) {
		d = place_keeper_step(k, &net.job, ms += STEP_MS);
		assert_true(!d.changed && d.verdict == PLACE_NO_GAIN);
	}
	/* Less is sent: all fits again, and is spread. */
	net.demands[1].mbps = 9;
	for (int i = 0; i < 20; i++)
		d = place_keeper_step(k, &net.job, ms += STEP_MS);
	assert_true(place_load(&net.job, d.running) <= 0.77 && place_kept(&net.job, d.running) >= 1);
	place_keeper_free(k);
}

/* 7 % above the best there is, which moving would gain: not worth it. */
static void near_the_best_stays(void **state)
{
	struct test_net net;
	(void) state;
	make_square(&net);
	test_net_demand(&net, 0, 1, 24);
	struct place_keeper *k = new_keeper(0.7);
	struct place_decision d = place_keeper_step(k, &net.job, STEP_MS);
	assert_true(d.u_after < 0.83);
	net.links[0].mbps[0] = 9.2;
	d = place_keeper_step(k, &net.job, 100 * STEP_MS);
	assert_int_equal(d.verdict, PLACE_BEST);
	assert_false(d.changed);
	assert_true(d.u_before > 0.89 && d.bound < 0.83 && d.bound > 0.81);
	place_keeper_free(k);
}

static void a_young_change_holds(void **state)
{
	struct test_net net;
	(void) state;
	make_square(&net);
	test_net_demand(&net, 0, 1, 12);
	test_net_demand(&net, 2, 1, 0);
	struct place_keeper *k = new_keeper(0.7);
	place_keeper_step(k, &net.job, STEP_MS);
	/* Above the goal on average, far from the best, but no congestion. */
	net.demands[1].mbps = 5.5;
	int held = 0;
	bool seen = false;
	struct place_decision d;
	do {
		d = place_keeper_step(k, &net.job, STEP_MS + (uint64_t) ++held * 2000);
		if (d.verdict == PLACE_MOVED)
			break;
		assert_false(d.changed);
		seen = seen || d.verdict == PLACE_HELD;
	} while (held < 30);
	assert_true(seen);
	assert_int_equal(d.verdict, PLACE_MOVED);
	assert_true(held * 2000 >= 30000);
	place_keeper_free(k);
}

static void a_lost_link_moves_what_stood_on_it(void **state)
{
	struct test_net net;
	(void) state;
	make_square(&net);
	test_net_demand(&net, 0, 1, 5);
	test_net_demand(&net, 2, 1, 1);
	struct place_keeper *k = new_keeper(0.7);
	place_keeper_step(k, &net.job, STEP_MS);
	net.links[0].down = true;
	struct place_decision d = place_keeper_step(k, &net.job, STEP_MS + 100);
	assert_int_equal(d.verdict, PLACE_LINKS);
	assert_true(d.changed);
	test_net_check(&net.job, d.running);
	assert_true(test_net_load(&net.job, d.running) <= 0.7);
	/* It comes back: that alone is no reason to move. */
	net.links[0].down = false;
	d = place_keeper_step(k, &net.job, STEP_MS + 200);
	assert_int_equal(d.verdict, PLACE_GOOD);
	assert_false(d.changed);
	place_keeper_free(k);
}

static void a_restart_begins_with_what_runs(void **state)
{
	struct test_net net;
	(void) state;
	make_square(&net);
	test_net_demand(&net, 0, 1, 9);
	struct place_keeper *k = new_keeper(0.7);
	place_keeper_step(k, &net.job, STEP_MS);
	struct place_keeper *other = new_keeper(0.7);
	struct place_job job = net.job;
	job.running = place_keeper_step(k, &net.job, 2 * STEP_MS).running;
	place_keeper_take(other, place_stay(&job));
	struct place_decision d = place_keeper_step(other, &net.job, 3 * STEP_MS);
	assert_int_equal(d.verdict, PLACE_GOOD);
	assert_false(d.changed);
	place_keeper_free(other);
	place_keeper_free(k);
}

/* Demands such that the optimum is `u`. */
static void scale_to(struct test_net *net, double u)
{
	struct placement *p = place_plan(&net->job);

	for (size_t i = 0; i < net->job.n_demands; i++)
		net->demands[i].mbps *= u / p->bound;
	place_free(p);
}

/* Between -1 and 1: even, or of a bell shape with that deviation. */
static double noise(unsigned *seed, bool bell)
{
	double sum = 0;

	if (!bell)
		return 2 * test_net_random(seed) - 1;
	for (int i = 0; i < 12; i++)
		sum += test_net_random(seed);
	return sum - 6;
}

/* C3: constant demand and 5 % noise, a thousand steps: no change after the first
 * that moves traffic off the shortest paths, be it at once or later. */
static void run_noise(unsigned *seed, double u, bool bell)
{
	struct test_net net;
	double mean[NET_DEMANDS];

	do
		test_net_make(&net, seed);
	while (net.job.n_demands < 10);
	net.job.options.without_standbys = true;
	scale_to(&net, u);
	for (size_t i = 0; i < net.job.n_demands; i++)
		mean[i] = net.demands[i].mbps;
	struct place_keeper *k = new_keeper(0.7);
	bool moved = false;
	for (uint64_t step = 1; step <= NOISY_STEPS; step++) {
		for (size_t i = 0; i < net.job.n_demands; i++)
			net.demands[i].mbps = mean[i] * fmax(0, 1 + 0.05 * noise(seed, bell));
		struct place_decision d = place_keeper_step(k, &net.job, step * STEP_MS);
		if (step > 1 && d.changed && moved)
			fail_msg("%s noise, u %.2f, step %d: %s, from %.4f to %.4f, bound %.4f",
				 bell ? "bell" : "even", u, (int) step, place_verdict_text(d.verdict), d.u_before, d.u_after, d.bound);
	}
	place_keeper_free(k);
}

static void noise_moves_nothing(void **state)
{
	static const double levels[] = {0.3, 0.5, 0.6, 0.65, 0.8, 1.2};
	unsigned seed = test_net_seed(1);
	(void) state;
	for (int round = 0; round < NOISY_ROUNDS; round++)
		for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
			run_noise(&seed, levels[i], false);
			run_noise(&seed, levels[i], true);
		}
}

/* Sums of changes that took something back, in a run of square waves. */
struct wave { size_t n_changes, n_reversals, late_reversals; };

/* A wave with half a period of `high` steps of one pair and then of the other,
 * each too much for one way. */
static struct wave run_wave(uint32_t half_period, uint32_t n_steps)
{
	struct wave w = {0};
	struct test_net net;

	make_square(&net);
	test_net_demand(&net, 0, 1, 0);
	test_net_demand(&net, 2, 1, 0);
	test_net_demand(&net, 3, 1, 0);
	struct place_keeper *k = new_keeper(0.7);
	for (uint32_t step = 0; step < n_steps; step++) {
		bool first = step / half_period % 2 == 0;
		net.demands[0].mbps = 9;
		net.demands[1].mbps = first ? 9 : 1;
		net.demands[2].mbps = first ? 1 : 9;
		struct place_decision d = place_keeper_step(k, &net.job, (uint64_t) (step + 1) * STEP_MS);
		w.n_changes += d.changed;
		w.n_reversals += d.n_reversed > 0;
		w.late_reversals += d.n_reversed > 0 && step >= 6 * half_period;
	}
	place_keeper_free(k);
	return w;
}

/* C4: a square wave of period 2 T: one reversal a period for three periods at
 * most, then none. The window sees both halves, so it is planned for once. */
static void a_square_wave_is_planned_for_once(void **state)
{
	(void) state;
	struct wave w = run_wave(1, 400);
	assert_true(w.n_changes >= 1);
	assert_true(w.n_reversals <= 3);
	assert_int_equal(w.late_reversals, 0);
}

/* Slower than the window: there it backs off, to a change in five minutes. */
static void a_slow_wave_is_damped(void **state)
{
	(void) state;
	for (uint32_t half = 2; half <= 40; half++) {
		struct wave w = run_wave(half, 80 * half);
		if (w.n_reversals > 6 + 80 * half / 30)
			fail_msg("half a period of %u steps: %zu reversals in 40 periods", half, w.n_reversals);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(below_the_goal_nothing_leaves_the_shortest_path),
		cmocka_unit_test(above_the_goal_it_moves_off),
		cmocka_unit_test(a_jump_into_congestion_moves_at_once),
		cmocka_unit_test(the_best_there_is_stays),
		cmocka_unit_test(others_make_way_for_a_guarantee),
		cmocka_unit_test(near_the_best_stays),
		cmocka_unit_test(a_young_change_holds),
		cmocka_unit_test(a_lost_link_moves_what_stood_on_it),
		cmocka_unit_test(a_restart_begins_with_what_runs),
		cmocka_unit_test(noise_moves_nothing),
		cmocka_unit_test(a_square_wave_is_planned_for_once),
		cmocka_unit_test(a_slow_wave_is_damped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
