/* SPDX-License-Identifier: Apache-2.0 */
/* loop: the one thread's event loop. The door to libevent for everything that
 * is not a socket. */
#ifndef CONTROLLER_LOOP_H
#define CONTROLLER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct loop;
struct loop_timer;

typedef void loop_cb(void *ctx);

struct loop *loop_new(void);
void loop_free(struct loop *);
void loop_run(struct loop *);                    /* until loop_stop */
void loop_stop(struct loop *);
struct event_base *loop_base(struct loop *);     /* for ofproto and http */

uint64_t loop_now_ms(const struct loop *);       /* monotonic */
uint64_t loop_now_us(const struct loop *);       /* the same, finer */
uint64_t loop_wall_ms(void);                     /* since 1970, for people */
/* For simulations: it is this time until told otherwise; 0 = the clock's again.
 * Timers go by the clock all the same. */
void loop_freeze(struct loop *, uint64_t now_ms);

/* Calls cb once, after everything that is ready now has been handled: the end
 * of the tick. Calling it again before that changes nothing. */
void loop_at_end_of_tick(struct loop *, loop_cb *, void *ctx);

/* Repeats until freed. */
struct loop_timer *loop_every(struct loop *, uint32_t ms, loop_cb *, void *ctx);
/* Once; re-armed by loop_timer_again. */
struct loop_timer *loop_timer_new(struct loop *, loop_cb *, void *ctx);
void loop_timer_again(struct loop_timer *, uint32_t ms);
void loop_timer_free(struct loop_timer *);

void loop_on_signal(struct loop *, int signal, loop_cb *, void *ctx);
/* Calls cb whenever fd is readable; fd stays the caller's. Null cb = forget it. */
void loop_on_readable(struct loop *, int fd, loop_cb *, void *ctx);

/* The only call that other threads may make: run cb in the loop. */
void loop_post(struct loop *, loop_cb *, void *ctx);

#endif
