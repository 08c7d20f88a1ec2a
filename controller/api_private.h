/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the API share. */
#ifndef CONTROLLER_API_PRIVATE_H
#define CONTROLLER_API_PRIVATE_H

#include "controller/api.h"
#include "controller/http.h"
#include "controller/rundir.h"
#include "controller/show.h"

enum {
	API_MAX_PARAMS = 8,
	API_MAX_FOLLOWERS = 32,
	API_MAX_CHECKS = 4,
	API_MAX_EXPLANATIONS = 16,
	API_MAX_PLANS = 2,
	API_FOLLOW_MS = 5,              /* events that come within are told together */
};

struct check;
struct explanation;
struct follower;
struct planning;
struct loop_timer;

struct api {
	struct loop *loop;
	struct api_world world;
	struct rundir run;
	struct http *http;
	struct follower *followers;     /* list */
	size_t n_followers;
	struct loop_timer *tell;        /* wakes the followers */
	bool is_telling;                /* tell is due */
	struct check *checks;           /* list */
	size_t n_checks;
	struct explanation *explanations;       /* list */
	size_t n_explanations;
	struct planning *plans;         /* list */
	size_t n_plans;
	int checked_fd;                 /* eventfd: a thread has done its check */
};

struct api_param { const char *name, *help; };

struct api_request;
struct api_path {
	const char *method, *path, *help;
	void (*handle)(struct api_request *);
	const struct show_list *list;   /* what get_list streams */
	struct api_param params[API_MAX_PARAMS];         /* up to the first without a name */
};

/* A request while its handler runs. */
struct api_request {
	struct api *api;
	struct http_call *call;
	const struct api_path *path;
	struct show_query query;        /* texts belong to the call */
	bool is_follow;
	const char *body;
	size_t body_size;
};

/* As answers are written, for the caller to free. */
char *api_text(json_t *take);
void api_out(struct http_out *, json_t *take);
/* The whole answer of a stream that had to wait for it; HTTP_END. */
enum http_more api_out_last(struct http_out *, json_t *take);
void api_reply(struct http_call *, json_t *take);
/* more: members beside error and hint, taken; may be null, and so may hint. */
void api_error(struct http_call *, int code, json_t *more, const char *hint, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* allow: the method that the path has. */
void api_no_such_method(struct http_call *, const char *allow);

void api_te(struct api_request *);
void api_graph(struct api_request *);
void api_metrics(struct api_request *);

void api_check(struct api_request *);
void api_check_init(struct api *);
void api_check_uninit(struct api *);

void api_apply(struct api_request *);
void api_reload(struct api_request *);
void api_confirm(struct api_request *);
void api_rollback(struct api_request *);
void api_history(struct api_request *);
void api_revision(struct api_request *);

void api_plan(struct api_request *);
void api_plan_init(struct api *);
void api_plan_uninit(struct api *);

void api_explain(struct api_request *);
void api_explain_uninit(struct api *);

void api_stream_list(struct api_request *);
void api_follow(struct api_request *);
void api_follow_init(struct api *);
void api_follow_uninit(struct api *);

/* The members of the answers, for the manual; a test holds the answers to it.
 * Members of members have a dot: "session.peer". */
struct api_member { const char *document, *name, *type, *help; };
extern const struct api_member api_members[];
extern const size_t n_api_members;
void api_print_members(FILE *);

#endif
