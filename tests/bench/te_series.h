/* SPDX-License-Identifier: Apache-2.0 */
/* A day in the life: the keeper over all matrices of a file, one after another. */
#ifndef TESTS_BENCH_TE_SERIES_H
#define TESTS_BENCH_TE_SERIES_H

#include "te_read.h"

/* One line a matrix on stdout: name, utilisation under that matrix, part of the
 * traffic moved, part of the pairs changed, verdict. */
void te_series(const struct te_data *, const struct place_options *, double goal, uint64_t step_ms);

#endif
