/* SPDX-License-Identifier: Apache-2.0 */
/* worker: tasks run beside the loop and come back in it, also when it ends first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "controller/loop.h"
#include "controller/worker.h"

enum { N_TASKS = 20 };

struct task {
	struct loop *loop;
	pthread_t ran_in;
	atomic_bool has_run;
	bool is_done;
	int *n_left;
};

static pthread_t here;

static void run(void *ctx)
{
	struct task *t = ctx;
	t->ran_in = pthread_self();
	atomic_store(&t->has_run, true);
}

static void done(void *ctx)
{
	struct task *t = ctx;
	assert_true(atomic_load(&t->has_run) && !t->is_done);
	assert_true(pthread_equal(pthread_self(), here) && !pthread_equal(t->ran_in, here));
	t->is_done = true;
	if (!--*t->n_left && t->loop)
		loop_stop(t->loop);
}

static void tasks_come_back_in_the_loop(void **state)
{
	struct loop *loop = loop_new();
	struct worker *worker = worker_new(loop);
	struct task tasks[N_TASKS] = { 0 };
	int n_left = N_TASKS;
	(void) state;
	here = pthread_self();
	for (int i = 0; i < N_TASKS; i++) {
		tasks[i].loop = loop;
		tasks[i].n_left = &n_left;
		worker_run(worker, run, done, &tasks[i]);
	}
	loop_run(loop);
	for (int i = 0; i < N_TASKS; i++)
		assert_true(tasks[i].is_done);
	worker_free(worker);
	loop_free(loop);
}

static void what_is_left_at_the_end_comes_back_too(void **state)
{
	struct loop *loop = loop_new();
	struct worker *worker = worker_new(loop);
	struct task tasks[N_TASKS] = { 0 };
	int n_left = N_TASKS;
	(void) state;
	here = pthread_self();
	for (int i = 0; i < N_TASKS; i++) {
		tasks[i].n_left = &n_left;
		worker_run(worker, run, done, &tasks[i]);
	}
	worker_free(worker);
	assert_int_equal(n_left, 0);
	loop_free(loop);
	worker_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_come_back_in_the_loop),
		cmocka_unit_test(what_is_left_at_the_end_comes_back_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
