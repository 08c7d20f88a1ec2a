/* SPDX-License-Identifier: Apache-2.0 */
/* show_te: traffic engineering as JSON: /v1/te, /v1/graph, loads of /v1/links, and
 * answers to what-if. */
#ifndef CONTROLLER_SHOW_TE_H
#define CONTROLLER_SHOW_TE_H

#include "controller/core_te.h"
#include "controller/show.h"

/* All of /v1/te; limit: pairs, 0 = all. */
json_t *show_te(const struct api_world *, const struct show_query *);
json_t *show_graph(const struct api_world *);
/* Guarantees of the file, each by its pair with least room. */
json_t *show_te_promises(const struct core *);
/* Adds to an item of /v1/links. */
void show_te_link(const struct core *, json_t *link, uint32_t edge);

/* A question, on a copy. Null and ret_why: it makes no sense. run is pure and may be
 * called beside the loop; answer in the loop, only while the net is the same. */
struct te_question;
struct te_question *te_question_new(const struct core *, const char *text, char *ret_why, size_t size);
void te_question_run(void *question);
json_t *te_question_answer(const struct te_question *);         /* good without the core */
void te_question_free(struct te_question *);

/* What is worth a line in status. */
typedef void show_problem_cb(void *ctx, bool is_warning, const char *kind, const char *text, const char *hint);
void show_te_problems(const struct api_world *, show_problem_cb *, void *ctx);
void show_promise_problems(const struct core *, show_problem_cb *, void *ctx);

/* Percent with one digit behind the point. */
json_t *show_percent(double part);
json_t *show_mbps(double mbps);
/* {"link", "from", "to", "capacity_mbps", ...} of one direction. */
json_t *show_te_arc(const struct net *, const struct te_plan *, const double *loads, uint32_t arc);

#endif
