/* SPDX-License-Identifier: Apache-2.0 */
/* Estimates of demand: constant, a step, noise, counters that begin anew, and silence. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "topo/demand.h"

enum { STEP_MS = 5000, BEGIN_MS = 1000000 };

/* A world of two switches and one counter, read every five seconds. */
struct meter { struct demands *all; uint64_t ms, bytes; uint32_t age_s; };

static void begin(struct meter *m)
{
	*m = (struct meter) { .all = demands_new(3), .ms = BEGIN_MS, .bytes = 12345678, .age_s = 500 };
}

static void reading(struct meter *m)
{
	demands_begin(m->all, 0, m->ms);
	demands_read(m->all, 0, 1, 77, m->bytes, m->age_s);
	demands_end(m->all, 0);
}

static void step(struct meter *m, double mbps)
{
	m->ms += STEP_MS;
	m->age_s += STEP_MS / 1000;
	m->bytes += (uint64_t) (mbps * 1e6 / 8 * STEP_MS / 1000);
	reading(m);
}

static double now(const struct meter *m) { return demands_mbps(m->all, 0, 1, m->ms); }

static void near(double a, double b, double part)
{
	if (fabs(a - b) > part * b)
		fail_msg("%f is not within %.1f %% of %f", a, 100 * part, b);
}

static void a_constant_rate_is_known_after_three_samples(void **state)
{
	static const double rates[] = { 0.001, 1, 93.7, 4000, 400000 };
	(void) state;
	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		struct meter m;
		begin(&m);
		reading(&m);
		assert_null(demands_of(m.all, 0, 1));
		for (int k = 0; k < 3; k++)
			step(&m, rates[i]);
		near(now(&m), rates[i], 0.03);
		for (int k = 0; k < 500; k++)
			step(&m, rates[i]);
		near(now(&m), rates[i], 0.001);
		assert_true(demands_mbps(m.all, 1, 0, m.ms) == 0 && demands_mbps(m.all, 0, 2, m.ms) == 0);
		demands_free(m.all);
	}
}

/* The first reading after the step may lie in the middle of it. */
static void a_step_up_is_followed_within_two_samples(void **state)
{
	(void) state;
	for (double middle = 1; middle <= 2; middle += 0.1)
		for (int before = 3; before < 300; before += 37) {
			struct meter m;
			begin(&m);
			reading(&m);
			for (int k = 0; k < before; k++)
				step(&m, 100);
			step(&m, 100 * middle);
			step(&m, 200);
			assert_true(now(&m) > (middle > 1.9 ? 194 : 188));
			step(&m, 200);
			near(now(&m), 200, 0.03);
			/* It does not shoot over later either. */
			for (int k = 0; k < 200; k++) {
				step(&m, 200);
				near(now(&m), 200, 0.04);
			}
			demands_free(m.all);
		}
}

static void a_step_down_is_followed_slowly(void **state)
{
	struct meter m;
	(void) state;
	begin(&m);
	reading(&m);
	for (int k = 0; k < 100; k++)
		step(&m, 100);
	step(&m, 10);
	assert_true(now(&m) > 90);
	for (int k = 0; k < 60; k++)
		step(&m, 10);
	assert_true(now(&m) > 35 && now(&m) < 60);
	near(demand_recent(demands_of(m.all, 0, 1), m.ms), 10, 0.01);
	for (int k = 0; k < 600; k++)
		step(&m, 10);
	near(now(&m), 10, 0.01);
	demands_free(m.all);
}

static double noise(uint64_t *random)
{
	double sum = 0;
	for (int i = 0; i < 12; i++) {
		*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
		sum += (double) (*random >> 11) / (double) (1ULL << 53);
	}
	return sum - 6;
}

/* 5 % of noise: a little more than the mean is planned for, and that stands still. */
static void noise_is_planned_for_and_does_not_shake(void **state)
{
	uint64_t random = 7;
	double lowest = 1e9, highest = 0;
	struct meter m;
	(void) state;
	begin(&m);
	reading(&m);
	for (int k = 0; k < 1000; k++) {
		step(&m, 100 * (1 + 0.05 * noise(&random)));
		if (k < 60)
			continue;
		lowest = fmin(lowest, now(&m));
		highest = fmax(highest, now(&m));
	}
	assert_true(lowest > 103 && highest < 118);
	demands_free(m.all);
}

/* What was never sent is not planned for. */
static void a_square_wave_is_its_top(void **state)
{
	struct meter m;
	(void) state;
	begin(&m);
	reading(&m);
	for (int k = 0; k < 500; k++) {
		step(&m, k / 2 % 2 ? 120 : 10);
		if (k > 100)
			assert_true(now(&m) > 115 && now(&m) < 121);
	}
	demands_free(m.all);
}

static void a_burst_is_seen_at_once(void **state)
{
	struct meter m;
	(void) state;
	begin(&m);
	reading(&m);
	for (int k = 0; k < 100; k++)
		step(&m, 10);
	step(&m, 80);
	near(now(&m), 80, 0.001);
	demands_free(m.all);
}

static void counters_may_begin_anew(void **state)
{
	struct meter m;
	(void) state;
	begin(&m);
	reading(&m);
	for (int k = 0; k < 10; k++)
		step(&m, 100);
	/* The row was made anew four seconds ago. */
	m.bytes = 0;
	m.age_s = (uint32_t) -1;
	step(&m, 80);
	assert_true(now(&m) >= 98 && now(&m) < 103);
	step(&m, 100);
	near(now(&m), 100, 0.1);
	/* It was reset long ago, while nobody looked: no sample of that reading. */
	struct demand before = *demands_of(m.all, 0, 1);
	m.bytes = 1000;
	m.age_s = 9;
	demands_begin(m.all, 0, m.ms += STEP_MS);
	demands_read(m.all, 0, 1, 77, m.bytes, 40000);
	demands_read(m.all, 0, 2, 78, UINT64_MAX, 3);
	demands_end(m.all, 0);
	assert_true(demands_of(m.all, 0, 1)->n == before.n);
	assert_null(demands_of(m.all, 0, 2));
	demands_free(m.all);
}

/* A row that is replaced begins anew, and takes its counters along (OpenFlow 1.3, section 6.4). */
static void a_row_that_is_replaced_keeps_its_counter(void **state)
{
	struct meter m;
	(void) state;
	begin(&m);
	reading(&m);
	for (int k = 0; k < 10; k++)
		step(&m, 100);
	m.age_s = (uint32_t) -3;
	for (int k = 0; k < 3; k++) {
		step(&m, 100);
		near(now(&m), 100, 0.001);
	}
	demands_free(m.all);
}

/* 64 bits go round. */
static void counters_wrap(void **state)
{
	struct meter m;
	(void) state;
	begin(&m);
	m.bytes = UINT64_MAX - 100000000;
	reading(&m);
	for (int k = 0; k < 5; k++)
		step(&m, 100);
	near(now(&m), 100, 0.001);
	demands_free(m.all);
}

static void what_is_not_heard_of_holds_and_fades(void **state)
{
	struct meter m;
	(void) state;
	begin(&m);
	reading(&m);
	for (int k = 0; k < 10; k++)
		step(&m, 100);
	m.ms += 60000;
	near(now(&m), 100, 0.001);
	m.ms += 300000;
	near(now(&m), 36.8, 0.01);
	/* One reply missed: the next sample is over twice the time. */
	m.ms = BEGIN_MS + 10 * STEP_MS + STEP_MS;
	m.bytes += (uint64_t) (100 * 1e6 / 8 * 5);
	step(&m, 100);
	near(now(&m), 100, 0.001);
	/* A row that goes takes its demand along. */
	demands_begin(m.all, 0, m.ms += STEP_MS);
	demands_end(m.all, 0);
	assert_true(demand_recent(demands_of(m.all, 0, 1), m.ms) < 70);
	demands_free(m.all);
}

static void many_counters_belong_to_one_pair(void **state)
{
	struct demands *all = demands_new(3);
	uint64_t ms = BEGIN_MS;
	(void) state;
	for (uint64_t k = 0; k < 40; k++, ms += STEP_MS) {
		demands_begin(all, 2, ms);
		/* Each round a new one comes and an old one goes. */
		for (uint64_t i = k; i < k + 200; i++)
			demands_read(all, 2, i % 2 ? 0 : 1, i << 32 | 5, (k - (i > 199 ? i - 199 : 0)) * 625000,
				     (uint32_t) (i > 199 ? 5 * (k - (i - 199)) : 5 * k + 1000));
		demands_end(all, 2);
	}
	near(demands_mbps(all, 2, 0, ms), 100, 0.03);
	near(demands_mbps(all, 2, 1, ms), 100, 0.03);
	/* The same under other numbers. */
	static const uint32_t numbers[] = { 4, UINT32_MAX, 0 };
	struct demands *other = demands_renumber(all, numbers, 5);
	near(demands_mbps(other, 0, 4, ms), 100, 0.03);
	assert_null(demands_of(other, 0, 1));
	demands_free(other);
	demands_free(all);
	demands_free(NULL);
}

static void parts_are_estimated_each_for_itself(void **state)
{
	static const uint32_t numbers[] = { 4, UINT32_MAX, 0 };
	struct demands *all = demands_new_parts(3, 64);
	uint64_t ms = BEGIN_MS;
	(void) state;
	for (uint64_t k = 0; k < 5; k++, ms += STEP_MS) {
		demands_begin(all, 2, ms);
		demands_read(all, 2, 64 * 0 + 5, 1, k * 625000, 1000);
		demands_read(all, 2, 64 * 0 + 6, 2, k * 6250000, 1000);
		demands_read(all, 2, 64 * 1 + 5, 3, k * 625000, 1000);
		demands_end(all, 2);
	}
	near(demands_mbps(all, 2, 5, ms), 1, 0.001);
	near(demands_mbps(all, 2, 6, ms), 10, 0.001);
	struct demands *other = demands_renumber(all, numbers, 5);
	near(demands_mbps(other, 0, 64 * 4 + 6, ms), 10, 0.001);
	assert_null(demands_of(other, 0, 64 * 1 + 5));
	demands_free(other);
	demands_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_constant_rate_is_known_after_three_samples),
		cmocka_unit_test(a_step_up_is_followed_within_two_samples),
		cmocka_unit_test(a_step_down_is_followed_slowly),
		cmocka_unit_test(noise_is_planned_for_and_does_not_shake),
		cmocka_unit_test(a_square_wave_is_its_top),
		cmocka_unit_test(a_burst_is_seen_at_once),
		cmocka_unit_test(counters_may_begin_anew),
		cmocka_unit_test(a_row_that_is_replaced_keeps_its_counter),
		cmocka_unit_test(counters_wrap),
		cmocka_unit_test(what_is_not_heard_of_holds_and_fades),
		cmocka_unit_test(many_counters_belong_to_one_pair),
		cmocka_unit_test(parts_are_estimated_each_for_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
