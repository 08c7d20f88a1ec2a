/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/check: a file of 16 MiB takes a second to check, so a thread does it.
 *
 * The thread gets a copied text and gives back a model and findings; both are
 * whole worlds of their own. It writes to an eventfd and touches nothing else.
 * The answer is a stream that waits meanwhile, so a client may go away. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "controller/api_private.h"
#include "controller/loop.h"
#include "ofproto/log.h"
#include "topo/arena.h"

struct check {
	struct check *next;
	struct api *api;
	struct http_call *call;         /* null = the client has gone */
	pthread_t thread;
	char *file, *text;
	size_t size;
	/* The thread's until is_done. */
	struct diag *diag;
	struct net *net;
	atomic_bool is_done;
};

static void *run(void *ctx)
{
	struct check *check = ctx;
	uint64_t one = 1;
	int fd = check->api->checked_fd;
	check->diag = diag_new(check->file);
	check->net = net_parse(check->file, check->text, check->size, check->diag);
	atomic_store(&check->is_done, true);
	/* Who joins this thread frees the check. */
	while (write(fd, &one, sizeof one) < 0 && errno == EINTR)
		;
	return NULL;
}

static enum http_more more(void *ctx, struct http_out *out)
{
	struct check *check = ctx;
	if (!atomic_load(&check->is_done))
		return HTTP_WAIT;
	json_t *json = json_pack("{s:b, s:o, s:o}", "ok", check->net != NULL, "digest",
				 check->net ? json_string(check->net->digest_text) : json_null(),
				 "findings", show_findings(check->diag));
	return api_out_last(out, json);
}

static void join(struct check *check)
{
	struct check **link = &check->api->checks;
	while (*link != check)
		link = &(*link)->next;
	*link = check->next;
	check->api->n_checks--;
	pthread_join(check->thread, NULL);
	net_free(check->net);
	diag_free(check->diag);
	free(check->file);
	free(check->text);
	free(check);
}

static void done(void *ctx)
{
	struct check *check = ctx;
	check->call = NULL;
	if (atomic_load(&check->is_done))
		join(check);
}

static const struct http_stream_ops ops = { .more = more, .done = done };

/* Wakes those that have their answer, ends those whose answer is given. */
static void sweep(struct api *api)
{
	for (struct check *check = api->checks, *next; check; check = next) {
		next = check->next;
		if (!atomic_load(&check->is_done))
			continue;
		if (check->call)
			http_wake(check->call);
		else
			join(check);
	}
}

static void on_checked(void *ctx)
{
	struct api *api = ctx;
	uint64_t n;
	if (read(api->checked_fd, &n, sizeof n) < 0)
		return;
	sweep(api);
}

void api_check(struct api_request *request)
{
	struct api *api = request->api;
	sweep(api);
	if (api->n_checks == API_MAX_CHECKS) {
		api_error(request->call, 503, NULL, "try again in a second", "%d checks are running already",
			  API_MAX_CHECKS);
		return;
	}
	struct check *check = xheap_alloc(sizeof *check);
	check->api = api;
	check->call = request->call;
	check->file = xheap_strdup(api->world.core->net->file);
	check->text = xheap_alloc(request->body_size + 1);
	memcpy(check->text, request->body, request->body_size);
	check->size = request->body_size;
	check->next = api->checks;
	api->checks = check;
	api->n_checks++;
	if (pthread_create(&check->thread, NULL, run, check))
		log_abort("no more threads: raise the limit of processes (ulimit -u, TasksMax)");
	http_stream(request->call, "application/json", &ops, check);
}

void api_check_init(struct api *api)
{
	api->checked_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (api->checked_fd < 0)
		log_abort("eventfd: no more file descriptors");
	loop_on_readable(api->loop, api->checked_fd, on_checked, api);
}

/* After the streams have ended. */
void api_check_uninit(struct api *api)
{
	while (api->checks)
		join(api->checks);
	loop_on_readable(api->loop, api->checked_fd, NULL, NULL);
	close(api->checked_fd);
}
