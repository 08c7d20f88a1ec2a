/* SPDX-License-Identifier: Apache-2.0 */
/* Networks for the tests of placement, and their own view of what a placement
 * does: nothing here uses the code that is tested. */
#ifndef TESTS_UNIT_TOPO_PLACE_NET_H
#define TESTS_UNIT_TOPO_PLACE_NET_H

#include "topo/place.h"

enum { NET_NODES = 24, NET_LINKS = 96, NET_DEMANDS = 400 };

struct test_net {
	struct place_link links[NET_LINKS];
	struct place_demand demands[NET_DEMANDS];
	struct place_job job;           /* points into the two above */
};

/* SEED of the environment, or the one given; printed. */
unsigned test_net_seed(unsigned otherwise);
double test_net_random(unsigned *seed);              /* 0 to 1 */

void test_net_init(struct test_net *, uint32_t n_nodes);
void test_net_link(struct test_net *, uint32_t a, uint32_t b, double mbps);
void test_net_demand(struct test_net *, uint32_t src, uint32_t dst, double mbps);
/* Connected, with links of 1, 2.5 and 10 Gbit/s and demands from mice to elephants. */
void test_net_make(struct test_net *, unsigned *seed);

/* Highest utilisation, added up slot by slot (or share by share without slots). */
double test_net_load(const struct place_job *, const struct placement *);
/* The same for equal split hop by hop over all shortest ways, by Floyd and Warshall. */
double test_net_ecmp(const struct place_job *);
bool test_net_reaches(const struct place_job *, uint32_t src, uint32_t dst);
/* Fails the test unless paths are simple, whole, from src to dst, and shares,
 * slots and limits add up. */
void test_net_check(const struct place_job *, const struct placement *);
/* Fails the test unless both are the same, byte for byte. */
void test_net_same(const struct placement *, const struct placement *);

#endif
