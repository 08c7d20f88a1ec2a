/* SPDX-License-Identifier: Apache-2.0 */
/* plan: what would change if another file were put in force. It is put in force, in a copy of
 * weftd that ends when it has told: so a plan cannot say anything else than what an apply does.
 *
 *   rows       that each switch would be sent, and of which app and object of the file they are
 *   objects    of the file that are new, gone or said otherwise
 *   hosts      that would lose their port or network
 *
 * The copy is a child process (api_plan.c), because all of weftd's state counts. */
#ifndef CONTROLLER_PLAN_H
#define CONTROLLER_PLAN_H

#include <jansson.h>

#include "controller/core.h"

/* What is asked; texts are borrowed. */
struct plan_question {
	const char *file;               /* its name, for findings */
	const char *text;               /* null: what is on the disk under that name */
	size_t size;
	bool wants_rows;                /* every one of them in the answer */
};

/* Writes the answer as one JSON document and a newline. Moves the core and leaves it so. */
void plan_answer(struct core *, const struct plan_question *, FILE *out);

/* plan_objects.c: array of {object, change, line}; line: in the new file, of what is gone in the old one. */
json_t *plan_objects(const struct net *before, const struct net *now);

/* plan_hosts.c: remember, then array of hosts that lost their place. */
struct plan_hosts;
struct plan_hosts *plan_hosts_new(const struct core *);
void plan_hosts_free(struct plan_hosts *);
json_t *plan_hosts_lost(const struct plan_hosts *, const struct core *, size_t *ret_n);

#endif
