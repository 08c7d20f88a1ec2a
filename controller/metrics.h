/* SPDX-License-Identifier: Apache-2.0 */
/* metrics: what weftd counts, as OpenMetrics text 1.0, which Prometheus reads.
 *
 * Made piece by piece: one family of one switch at a time, so that a scrape of hundreds
 * of switches holds nobody up. The number of series depends on the file and on the
 * switches, never on hosts: of ports METRICS_MAX_PORTS are told, and how many are not. */
#ifndef CONTROLLER_METRICS_H
#define CONTROLLER_METRICS_H

#include "controller/api.h"

enum { METRICS_MAX_PORTS = 20000 };
#define METRICS_CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct metrics;
struct metrics *metrics_new(const struct api_world *);
void metrics_free(struct metrics *);
/* The next piece, NUL behind it, valid until the next call; null = that was all. */
const char *metrics_next(struct metrics *, size_t *ret_size);

/* The page docs/reference/metrics.md. */
void metrics_print_reference(FILE *);

#endif
