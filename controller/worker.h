/* SPDX-License-Identifier: Apache-2.0 */
/* worker: long pure computations beside the loop. A task gets copies and gives
 * its result back in the loop; it may touch nothing else. */
#ifndef CONTROLLER_WORKER_H
#define CONTROLLER_WORKER_H

struct loop;
struct worker;

struct worker *worker_new(struct loop *);
/* Waits for what runs; what is not given back yet is, by this call. */
void worker_free(struct worker *);
/* run in a thread of its own, then done in the loop. */
void worker_run(struct worker *, void (*run)(void *), void (*done)(void *), void *task);

#endif
