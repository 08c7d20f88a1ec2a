/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a network and its demands from CSV: the files of tests/bench/te. */
#ifndef TESTS_BENCH_TE_READ_H
#define TESTS_BENCH_TE_READ_H

#include "topo/place.h"

struct te_matrix {
	char name[64];
	struct place_demand *demands;   /* owned */
	size_t n, max;
};

struct te_data {
	uint32_t n_nodes;
	struct place_link *links;       /* owned */
	size_t n_links, max_links;
	struct te_matrix *matrices;     /* owned; in order of first appearance */
	size_t n_matrices;
};

/* Each returns false after it has said on stderr what is wrong, with file and line. */
bool te_read_topology(struct te_data *, const char *path);
bool te_read_demands(struct te_data *, const char *path);
void te_uninit(struct te_data *);

const struct te_matrix *te_find(const struct te_data *, const char *name);

#endif
