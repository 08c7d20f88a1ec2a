/* SPDX-License-Identifier: Apache-2.0 */
/* loop: libevent behind a small door.
 *
 * The end of the tick is an event without a descriptor that is made active by
 * hand: libevent appends it to the queue of what is ready now, so it runs after
 * every socket that was ready in the same wake-up. */
#include "controller/loop.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "ofproto/log.h"
#include "topo/arena.h"

enum { MAX_SIGNALS = 8, MAX_READABLE = 8 };

struct handler {
	struct event *ev;
	loop_cb *cb;
	void *ctx;
	int fd;                         /* or signal number */
};

struct posted {
	struct posted *next;
	loop_cb *cb;
	void *ctx;
};

struct loop {
	struct event_base *base;
	struct handler tick;
	bool tick_due;
	struct handler signals[MAX_SIGNALS];
	size_t n_signals;
	struct handler readable[MAX_READABLE];
	/* What other threads handed over. */
	pthread_mutex_t post_lock;
	struct posted *posted, **posted_tail;
	struct handler post;
	uint64_t frozen_ms;             /* 0 = time goes by */
};

struct loop_timer {
	struct event *ev;
	loop_cb *cb;
	void *ctx;
};

static void run_handler(evutil_socket_t fd, short what, void *arg)
{
	struct handler *h = arg;
	(void) fd;
	(void) what;
	h->cb(h->ctx);
}

static void run_tick(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	(void) fd;
	(void) what;
	loop->tick_due = false;
	loop->tick.cb(loop->tick.ctx);
}

static void run_posted(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	uint64_t n;
	(void) what;
	if (read(fd, &n, sizeof n) < 0)
		return;
	pthread_mutex_lock(&loop->post_lock);
	struct posted *p = loop->posted;
	loop->posted = NULL;
	loop->posted_tail = &loop->posted;
	pthread_mutex_unlock(&loop->post_lock);
	while (p) {
		struct posted *next = p->next;
		p->cb(p->ctx);
		free(p);
		p = next;
	}
}

struct loop *loop_new(void)
{
	struct loop *loop = xheap_alloc(sizeof *loop);
	/* Not with precise timers: they cost a system call in every round. */
	loop->base = event_base_new();
	if (!loop->base)
		log_abort("libevent has no way to wait for sockets here");
	loop->tick.ev = event_new(loop->base, -1, 0, run_tick, loop);
	for (size_t i = 0; i < MAX_READABLE; i++)
		loop->readable[i].fd = -1;
	pthread_mutex_init(&loop->post_lock, NULL);
	loop->posted_tail = &loop->posted;
	loop->post.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->post.fd < 0)
		log_abort("eventfd: no more file descriptors");
	loop->post.ev = event_new(loop->base, loop->post.fd, EV_READ | EV_PERSIST, run_posted, loop);
	event_add(loop->post.ev, NULL);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	for (size_t i = 0; i < loop->n_signals; i++)
		event_free(loop->signals[i].ev);
	for (size_t i = 0; i < MAX_READABLE; i++)
		if (loop->readable[i].fd >= 0)
			event_free(loop->readable[i].ev);
	event_free(loop->tick.ev);
	event_free(loop->post.ev);
	close(loop->post.fd);
	while (loop->posted) {
		struct posted *p = loop->posted;
		loop->posted = p->next;
		free(p);
	}
	pthread_mutex_destroy(&loop->post_lock);
	event_base_free(loop->base);
	free(loop);
}

void loop_run(struct loop *loop) { event_base_dispatch(loop->base); }
void loop_stop(struct loop *loop) { event_base_loopbreak(loop->base); }
struct event_base *loop_base(struct loop *loop) { return loop->base; }

void loop_freeze(struct loop *loop, uint64_t now_ms) { loop->frozen_ms = now_ms; }

uint64_t loop_now_us(const struct loop *loop)
{
	struct timespec ts;
	if (loop->frozen_ms)
		return loop->frozen_ms * 1000;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

uint64_t loop_now_ms(const struct loop *loop) { return loop_now_us(loop) / 1000; }

uint64_t loop_wall_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}

void loop_at_end_of_tick(struct loop *loop, loop_cb *cb, void *ctx)
{
	loop->tick.cb = cb;
	loop->tick.ctx = ctx;
	if (!loop->tick_due) {
		loop->tick_due = true;
		event_active(loop->tick.ev, EV_TIMEOUT, 1);
	}
}

static struct timeval ms_to_tv(uint32_t ms)
{
	return (struct timeval) { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };
}

static void run_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;
	(void) fd;
	(void) what;
	t->cb(t->ctx);
}

static struct loop_timer *timer_new(struct loop *loop, short flags, loop_cb *cb, void *ctx)
{
	struct loop_timer *t = xheap_alloc(sizeof *t);
	t->cb = cb;
	t->ctx = ctx;
	t->ev = event_new(loop->base, -1, flags, run_timer, t);
	return t;
}

struct loop_timer *loop_every(struct loop *loop, uint32_t ms, loop_cb *cb, void *ctx)
{
	struct loop_timer *t = timer_new(loop, EV_PERSIST, cb, ctx);
	struct timeval tv = ms_to_tv(ms);
	event_add(t->ev, &tv);
	return t;
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_cb *cb, void *ctx)
{
	return timer_new(loop, 0, cb, ctx);
}

void loop_timer_again(struct loop_timer *t, uint32_t ms)
{
	struct timeval tv = ms_to_tv(ms);
	event_add(t->ev, &tv);
}

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	event_free(t->ev);
	free(t);
}

void loop_on_signal(struct loop *loop, int signal, loop_cb *cb, void *ctx)
{
	if (loop->n_signals == MAX_SIGNALS)
		log_abort("more signal handlers than loop has room for");
	struct handler *h = &loop->signals[loop->n_signals++];
	*h = (struct handler) { .cb = cb, .ctx = ctx, .fd = signal };
	h->ev = evsignal_new(loop->base, signal, run_handler, h);
	event_add(h->ev, NULL);
}

void loop_on_readable(struct loop *loop, int fd, loop_cb *cb, void *ctx)
{
	struct handler *free_slot = NULL;
	for (size_t i = 0; i < MAX_READABLE; i++) {
		struct handler *h = &loop->readable[i];
		if (h->fd == fd) {
			event_free(h->ev);
			h->fd = -1;
		}
		if (h->fd < 0 && !free_slot)
			free_slot = h;
	}
	if (!cb)
		return;
	if (!free_slot)
		log_abort("more descriptors than loop has room for");
	*free_slot = (struct handler) { .cb = cb, .ctx = ctx, .fd = fd };
	free_slot->ev = event_new(loop->base, fd, EV_READ | EV_PERSIST, run_handler, free_slot);
	event_add(free_slot->ev, NULL);
}

void loop_post(struct loop *loop, loop_cb *cb, void *ctx)
{
	struct posted *p = xheap_alloc(sizeof *p);
	p->cb = cb;
	p->ctx = ctx;
	pthread_mutex_lock(&loop->post_lock);
	*loop->posted_tail = p;
	loop->posted_tail = &p->next;
	pthread_mutex_unlock(&loop->post_lock);
	uint64_t one = 1;
	if (write(loop->post.fd, &one, sizeof one) < 0) {
		/* The counter is full: the loop is going to wake up anyway. */
	}
}
