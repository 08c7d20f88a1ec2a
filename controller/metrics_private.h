/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of metrics share: the table (metrics.c), how it becomes text
 * (metrics_text.c), and the drops, which must be gathered (metrics_drops.c). */
#ifndef CONTROLLER_METRICS_PRIVATE_H
#define CONTROLLER_METRICS_PRIVATE_H

#include "controller/metrics.h"
#include "controller/session.h"

enum metric_type { METRIC_GAUGE, METRIC_COUNTER };

/* What there is a sample for, and so which labels it has. */
enum metric_scope {
	PER_WEFTD, PER_VERSION, PER_CONFIG, PER_SEVERITY, PER_SWITCH, PER_SWITCH_APP, PER_SWITCH_DROP, PER_PORT,
	PER_NETWORK, PER_LINK, PER_LINK_END,
	N_METRIC_SCOPES
};
extern const char *const metric_labels[N_METRIC_SCOPES];        /* "switch, port" */

/* Where a sample is taken: what its scope needs is set. */
struct metric_at {
	const struct api_world *world;
	const struct core *core;
	const struct metrics *metrics;
	uint32_t sw;                    /* slot */
	const struct view_switch *vs;
	const struct core_switch *cs;
	bool is_connected;
	struct ledger_counts rows;
	struct session_info session;    /* all 0 without one */
	const struct view_port *port;
	uint32_t index;                 /* of the network, the edge; severity of problems */
	unsigned end;                   /* of the edge */
	uint8_t app;                    /* number */
};

struct metric {
	const char *name;               /* without _total */
	enum metric_type type;
	const char *unit;               /* the end of the name; or null */
	enum metric_scope scope;
	const char *help;
	double (*value)(const struct metric_at *);      /* NAN = there is none; of drops see metrics_drops.c */
};
extern const struct metric metrics[];
extern const size_t n_metrics;

/* Of one switch: what rows have dropped, by kind of row; limits of storms and lists of rules
 * are a reason each. The numbers are as fresh as the last reading of the rows. */
struct metric_drop { const char *reason; uint64_t n; };
enum { METRICS_MAX_REASONS = 256 };
struct metric_denied;                   /* which objects of the file deny */
struct metric_denied *metric_denied_new(const struct net *);
void metric_denied_free(struct metric_denied *);
size_t metric_drops(const struct core *, uint32_t sw, const struct metric_denied *,
		    struct metric_drop ret_drops[METRICS_MAX_REASONS]);

size_t metrics_ports_left_out(const struct metrics *);
size_t metrics_problems(const struct metrics *, unsigned severity);

#endif
