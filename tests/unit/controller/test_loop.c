/* SPDX-License-Identifier: Apache-2.0 */
/* loop: the end of the tick comes after all that was ready, timers, signals,
 * descriptors, and what other threads hand over. Events are noted as letters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "controller/loop.h"

enum { TOO_LONG_MS = 10000, N_THREADS = 4, N_POSTS = 500 };

static struct loop *loop;
static struct loop_timer *guard;
static char seen[64];
static int fds[2][2];                   /* two pipes */

static void note(char letter)
{
	size_t n = strlen(seen);
	assert_true(n + 1 < sizeof seen);
	seen[n] = letter;
	seen[n + 1] = '\0';
}

static void note_text(void *ctx) { note(*(const char *) ctx); }

static void note_and_stop(void *ctx)
{
	note_text(ctx);
	loop_stop(loop);
}

static void on_too_long(void *ctx)
{
	(void) ctx;
	fail_msg("the loop runs for %d ms and saw \"%s\"", TOO_LONG_MS, seen);
}

static int set_up(void **state)
{
	(void) state;
	seen[0] = '\0';
	loop = loop_new();
	guard = loop_every(loop, TOO_LONG_MS, on_too_long, NULL);
	return pipe(fds[0]) || pipe(fds[1]);
}

static int tear_down(void **state)
{
	(void) state;
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			close(fds[i][j]);
	loop_timer_free(guard);
	loop_free(loop);
	return 0;
}

static void eat(int i)
{
	char byte;
	assert_int_equal(read(fds[i][0], &byte, 1), 1);
}

static void feed(int i) { assert_int_equal(write(fds[i][1], "x", 1), 1); }

/* --- the end of the tick ------------------------------------------------------------ */

static void on_first(void *ctx)
{
	(void) ctx;
	eat(0);
	note('1');
	loop_at_end_of_tick(loop, note_and_stop, "T");
	loop_at_end_of_tick(loop, note_and_stop, "T");
}

static void on_second(void *ctx)
{
	(void) ctx;
	eat(1);
	note('2');
	loop_at_end_of_tick(loop, note_and_stop, "T");
}

static void test_end_of_tick(void **state)
{
	(void) state;
	loop_on_readable(loop, fds[0][0], on_first, NULL);
	loop_on_readable(loop, fds[1][0], on_second, NULL);
	for (int round = 0; round < 3; round++) {
		seen[0] = '\0';
		feed(0);
		feed(1);
		loop_run(loop);
		/* Both, in either order, and then one end for both. */
		assert_int_equal(strlen(seen), 3);
		assert_non_null(strchr(seen, '1'));
		assert_non_null(strchr(seen, '2'));
		assert_int_equal(seen[2], 'T');
	}
}

/* --- descriptors -------------------------------------------------------------------- */

static void on_byte(void *ctx)
{
	eat(0);
	note_and_stop(ctx);
}

static void test_readable(void **state)
{
	(void) state;
	loop_on_readable(loop, fds[0][0], on_byte, "a");
	feed(0);
	loop_run(loop);
	/* Another one for the same descriptor takes its place. */
	loop_on_readable(loop, fds[0][0], on_byte, "b");
	feed(0);
	loop_run(loop);
	assert_string_equal(seen, "ab");
	/* Forgotten, it is not told any more; and its place is free again. */
	loop_on_readable(loop, fds[0][0], NULL, NULL);
	feed(0);
	loop_post(loop, note_and_stop, "p");
	loop_run(loop);
	assert_string_equal(seen, "abp");
	for (int i = 0; i < 100; i++) {
		loop_on_readable(loop, fds[1][0], on_byte, "c");
		loop_on_readable(loop, fds[1][0], NULL, NULL);
	}
	loop_on_readable(loop, fds[0][0], on_byte, "d");
	loop_run(loop);
	assert_string_equal(seen, "abpd");
}

/* --- time --------------------------------------------------------------------------- */

static void on_beat(void *ctx)
{
	note_text(ctx);
	if (strlen(seen) == 3)
		loop_stop(loop);
}

static void test_every(void **state)
{
	(void) state;
	struct loop_timer *t = loop_every(loop, 1, on_beat, "b");
	loop_run(loop);
	assert_string_equal(seen, "bbb");
	loop_timer_free(t);
	loop_timer_free(NULL);
	t = loop_timer_new(loop, note_and_stop, "o");
	loop_timer_again(t, 1);
	loop_run(loop);
	assert_string_equal(seen, "bbbo");
	loop_timer_free(t);
}

/* Armed again, a timer waits from then on, and rings once. */
static void test_again(void **state)
{
	(void) state;
	struct loop_timer *never = loop_timer_new(loop, note_text, "n");
	struct loop_timer *late = loop_timer_new(loop, note_text, "l");
	struct loop_timer *end = loop_timer_new(loop, note_and_stop, "e");
	loop_timer_again(late, 1);
	loop_timer_again(late, 40);
	loop_timer_again(end, 20);
	loop_run(loop);
	assert_string_equal(seen, "e");
	loop_timer_again(end, 60);
	loop_run(loop);
	assert_string_equal(seen, "ele");
	loop_timer_free(never);
	loop_timer_free(late);
	loop_timer_free(end);
}

static void test_clock(void **state)
{
	(void) state;
	uint64_t before = loop_now_ms(loop);
	nanosleep(&(struct timespec) { .tv_nsec = 2000000 }, NULL);
	uint64_t after = loop_now_ms(loop);
	assert_true(after > before);
	loop_freeze(loop, 42);
	assert_int_equal(loop_now_ms(loop), 42);
	loop_freeze(loop, 0);
	assert_true(loop_now_ms(loop) >= after);
	assert_true(loop_wall_ms() > 1500000000000ULL);
}

/* --- signals ------------------------------------------------------------------------ */

static void test_signals(void **state)
{
	(void) state;
	loop_on_signal(loop, SIGUSR1, note_and_stop, "1");
	loop_on_signal(loop, SIGUSR2, note_and_stop, "2");
	raise(SIGUSR2);
	loop_run(loop);
	raise(SIGUSR1);
	loop_run(loop);
	raise(SIGUSR1);
	loop_run(loop);
	assert_string_equal(seen, "211");
}

/* --- other threads ------------------------------------------------------------------ */

struct message { int thread, number; };
static struct message messages[N_THREADS][N_POSTS];
static int n_arrived[N_THREADS], n_all;
static pthread_t loop_thread;

static void on_message(void *ctx)
{
	const struct message *m = ctx;
	assert_true(pthread_equal(loop_thread, pthread_self()));
	assert_int_equal(m->number, n_arrived[m->thread]);
	n_arrived[m->thread]++;
	if (++n_all == N_THREADS * N_POSTS)
		loop_stop(loop);
}

static void *post_all(void *ctx)
{
	int thread = (int) (intptr_t) ctx;
	for (int i = 0; i < N_POSTS; i++) {
		messages[thread][i] = (struct message) { thread, i };
		loop_post(loop, on_message, &messages[thread][i]);
	}
	return NULL;
}

static void test_post(void **state)
{
	pthread_t threads[N_THREADS];
	(void) state;
	loop_thread = pthread_self();
	n_all = 0;
	for (int i = 0; i < N_THREADS; i++) {
		n_arrived[i] = 0;
		assert_int_equal(pthread_create(&threads[i], NULL, post_all, (void *) (intptr_t) i), 0);
	}
	loop_run(loop);
	for (int i = 0; i < N_THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(n_arrived[i], N_POSTS);
	}
}

static void on_post_more(void *ctx)
{
	note_text(ctx);
	loop_post(loop, note_and_stop, "2");
}

/* A job may post the next one; what is left when the loop ends is dropped. */
static void test_post_from_a_job(void **state)
{
	(void) state;
	loop_post(loop, on_post_more, "1");
	loop_run(loop);
	loop_post(loop, note_text, "n");
	assert_string_equal(seen, "12");
}

int main(void)
{
#define T(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_end_of_tick), T(test_readable), T(test_every), T(test_again), T(test_clock), T(test_signals),
		T(test_post), T(test_post_from_a_job),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
