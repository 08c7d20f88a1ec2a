/* SPDX-License-Identifier: Apache-2.0 */
/* One thread per task: there are few, and each takes long. */
#include "controller/worker.h"

#include <pthread.h>
#include <stdlib.h>

#include "controller/loop.h"
#include "ofproto/log.h"
#include "topo/arena.h"

struct task {
	struct worker *worker;
	struct task *next, **link;
	pthread_t thread;
	void (*run)(void *), (*done)(void *);
	void *task;
};

struct worker {
	struct loop *loop;
	struct task *tasks;             /* that have not been given back */
};

struct worker *worker_new(struct loop *loop)
{
	struct worker *w = xheap_alloc(sizeof *w);
	w->loop = loop;
	return w;
}

static void give_back(void *ctx)
{
	struct task *t = ctx;
	pthread_join(t->thread, NULL);
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	t->done(t->task);
	free(t);
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	while (w->tasks)
		give_back(w->tasks);
	free(w);
}

static void *run(void *ctx)
{
	struct task *t = ctx;
	t->run(t->task);
	loop_post(t->worker->loop, give_back, t);
	return NULL;
}

void worker_run(struct worker *w, void (*run_task)(void *), void (*done)(void *), void *task)
{
	struct task *t = xheap_alloc(sizeof *t);
	*t = (struct task) { .worker = w, .run = run_task, .done = done, .task = task, .next = w->tasks, .link = &w->tasks };
	if (t->next)
		t->next->link = &t->next;
	w->tasks = t;
	if (pthread_create(&t->thread, NULL, run, t))
		log_abort("no more threads: raise the limit of processes (ulimit -u, TasksMax)");
}
