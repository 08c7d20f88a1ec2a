/* SPDX-License-Identifier: Apache-2.0 */
/* How long a program's event loop was away from epoll_wait: what turns.so writes into the file that TURNS_FILE names,
 * and who measures maps. Who maps it sets the longest back to 0 between two measurements. */
#ifndef BENCH_TURNS_H
#define BENCH_TURNS_H

#include <stdint.h>

struct turns {
	volatile uint64_t n;            /* turns so far */
	volatile uint64_t longest_cpu;  /* ns of processor time of the loop's thread */
	volatile uint64_t longest_wall; /* ns */
};

#endif
