/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/plan: the file is put in force in a child process, and what that did is told.
 *
 * fork() gives a copy of all of weftd's state at the cost of its page tables; the child touches
 * what it likes, has no socket, and ends. It cannot outlive weftd, nor run for ever; a client
 * that goes away ends it. What it writes goes to the client as fast as that reads: nothing is
 * kept in between. Why so: docs/explanation/changing.md. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/api_private.h"
#include "controller/loop.h"
#include "controller/plan.h"
#include "topo/arena.h"

enum { MAX_S = 120, CHUNK = 32 << 10, OUT_FD = 3, NICER = 5 };

struct planning {
	struct planning *next;
	struct api *api;
	struct http_call *call;         /* null = answered, or the client has gone */
	pid_t pid;                      /* 0 = it was waited for */
	int fd;                         /* what it writes; -1 = all was read */
	bool is_begun;                  /* some of the answer was given */
};

/* --- the child ----------------------------------------------------------------------------- */

static void be_alone(pid_t parent, int fd)
{
	static const int handled[] = { SIGHUP, SIGINT, SIGTERM, SIGCHLD, SIGPIPE };
	sigset_t none;
	sigemptyset(&none);
	for (size_t i = 0; i < sizeof handled / sizeof *handled; i++)
		signal(handled[i], SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(fd, OUT_FD) < 0)
		_exit(1);
	close_range(OUT_FD + 1, ~0U, 0);
	alarm(MAX_S);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Switches come first. */
	if (nice(NICER) < 0)
		errno = 0;
}

static void run(struct core *core, const struct plan_question *question, pid_t parent, int fd)
{
	be_alone(parent, fd);
	FILE *out = fdopen(OUT_FD, "w");
	if (!out)
		_exit(1);
	plan_answer(core, question, out);
	_exit(fflush(out) ? 1 : 0);
}

/* Its pid, or -1 with errno. No signal may come to the child while it has weftd's handlers. */
static pid_t begin(struct core *core, const struct plan_question *question, int *ret_fd)
{
	sigset_t all, before;
	int pipes[2];
	pid_t parent = getpid();
	if (pipe2(pipes, O_CLOEXEC))
		return -1;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (!pid)
		run(core, question, parent, pipes[1]);
	int saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(pipes[1]);
	if (pid < 0)
		close(pipes[0]);
	else
		fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	*ret_fd = pipes[0];
	errno = saved;
	return pid;
}

/* --- the answer ---------------------------------------------------------------------------- */

static void on_readable(void *ctx)
{
	struct planning *p = ctx;
	loop_on_readable(p->api->loop, p->fd, NULL, NULL);
	if (p->call)
		http_wake(p->call);
}

static void end_reading(struct planning *p)
{
	if (p->fd < 0)
		return;
	loop_on_readable(p->api->loop, p->fd, NULL, NULL);
	close(p->fd);
	p->fd = -1;
}

static void say_failed(struct http_out *out)
{
	static const char text[] = "{\"ok\":false,\"changes\":false,\"findings\":[],\"error\":\"the plan could not be finished\","
		"\"hint\":\"try again; weftd may have too little memory\"}\n";
	http_out(out, text, sizeof text - 1);
}

static enum http_more more(void *ctx, struct http_out *out)
{
	struct planning *p = ctx;
	char buf[CHUNK];
	ssize_t n = read(p->fd, buf, sizeof buf);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		loop_on_readable(p->api->loop, p->fd, on_readable, p);
		return HTTP_WAIT;
	}
	if (n <= 0) {
		if (!p->is_begun)
			say_failed(out);
		end_reading(p);
		return HTTP_END;
	}
	p->is_begun = true;
	http_out(out, buf, (size_t) n);
	return HTTP_MORE;
}

static void planning_free(struct planning *p)
{
	struct planning **link = &p->api->plans;
	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	p->api->n_plans--;
	free(p);
}

static void done(void *ctx)
{
	struct planning *p = ctx;
	p->call = NULL;
	end_reading(p);
	/* Not waited for yet, so the number is still its own. */
	if (p->pid)
		kill(p->pid, SIGKILL);
	else
		planning_free(p);
}

static const struct http_stream_ops ops = { .more = more, .done = done };

static void on_child(void *ctx)
{
	struct api *api = ctx;
	for (struct planning *p = api->plans, *next; p; p = next) {
		next = p->next;
		if (!p->pid || waitpid(p->pid, NULL, WNOHANG) <= 0)
			continue;
		p->pid = 0;
		if (!p->call)
			planning_free(p);
	}
}

void api_plan(struct api_request *request)
{
	struct api *api = request->api;
	struct core *core = api->world.core;
	const char *rows = http_param(request->call, "rows");
	struct config_state state;
	config_state(api->world.config, &state);
	struct plan_question question = { .file = state.file, .text = request->body_size ? request->body : NULL,
					  .size = request->body_size, .wants_rows = rows && !strcmp(rows, "1") };
	int fd;
	if (api->n_plans == API_MAX_PLANS) {
		api_error(request->call, 503, NULL, "try again in a second", "%d plans are being made already", API_MAX_PLANS);
		return;
	}
	pid_t pid = begin(core, &question, &fd);
	if (pid < 0) {
		api_error(request->call, 503, NULL, "weftd needs room for a second process of its size", "no plan can be made: %s",
			  strerror(errno));
		return;
	}
	struct planning *p = xheap_alloc(sizeof *p);
	*p = (struct planning) { .api = api, .call = request->call, .pid = pid, .fd = fd, .next = api->plans };
	api->plans = p;
	api->n_plans++;
	http_stream(request->call, "application/json", &ops, p);
}

void api_plan_init(struct api *api)
{
	loop_on_signal(api->loop, SIGCHLD, on_child, api);
}

/* After the streams have ended. */
void api_plan_uninit(struct api *api)
{
	while (api->plans) {
		struct planning *p = api->plans;
		if (p->pid)
			waitpid(p->pid, NULL, 0);
		planning_free(p);
	}
}
