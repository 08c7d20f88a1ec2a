/* SPDX-License-Identifier: Apache-2.0 */
/* One thread with libcurl's multi interface. A question is made and freed in the loop;
 * the thread has it in between, and tells by loop_post that there is something to fetch. */
#include "controller/client_many.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <curl/curl.h>

#include "controller/loop.h"
#include "topo/arena.h"

enum {
	PATIENCE_S = 60,                /* for a whole answer; not for a stream */
	MAX_LINES = 1 << 20,            /* bytes of a stream that the loop has not fetched */
};

struct client_ask {
	struct clients *all;
	struct client_ask *next, **link;        /* of all; the loop's */
	struct client_ask *fresh;       /* not yet taken by the thread */
	CURL *curl;                     /* the thread's */
	struct client_ask *active;      /* the thread's list */
	char *url;
	char *text;                     /* what has come; under the lock */
	size_t size, room, max_size;
	client_each_line_cb *line;      /* null: no stream */
	client_answer_cb *done;
	void *ctx;
	long code;
	char why[300];                  /* "" = well */
	bool is_over;                   /* the thread has let go of it; under the lock */
	bool is_left;                   /* nobody wants it any more; under the lock */
	bool is_too_much;
	bool is_posted;                 /* the loop is told to look; under the lock */
};

struct clients {
	struct loop *loop;
	char *run_dir;
	struct client_ask *asks;        /* all of them */
	pthread_mutex_t lock;
	struct client_ask *fresh;       /* under the lock */
	bool is_quitting;               /* under the lock */
	CURLM *multi;
	struct client_ask *active;      /* the thread's */
	pthread_t thread;
};

/* --- the thread ------------------------------------------------------------------------- */

static void deliver(void *);

/* Under the lock. */
static void post(struct client_ask *ask)
{
	if (!ask->is_posted)
		loop_post(ask->all->loop, deliver, ask);
	ask->is_posted = true;
}

static size_t on_bytes(char *bytes, size_t one, size_t n, void *ctx)
{
	struct client_ask *ask = ctx;
	(void) one;
	pthread_mutex_lock(&ask->all->lock);
	bool fits = ask->size + n <= ask->max_size && !ask->is_left;
	if (fits && ask->size + n + 1 > ask->room) {
		ask->room = 2 * (ask->size + n + 1);
		ask->text = xheap_realloc(ask->text, ask->room);
	}
	if (fits) {
		memcpy(ask->text + ask->size, bytes, n);
		ask->size += n;
		ask->text[ask->size] = '\0';
	}
	if (fits && ask->line)
		post(ask);
	ask->is_too_much |= !fits;
	pthread_mutex_unlock(&ask->all->lock);
	return fits ? n : 0;
}

static void begin(struct clients *all, struct client_ask *ask, const char *path)
{
	ask->curl = curl_easy_init();
	if (!ask->curl) {
		fputs("weft: out of memory\n", stderr);
		abort();
	}
	curl_easy_setopt(ask->curl, CURLOPT_UNIX_SOCKET_PATH, path);
	curl_easy_setopt(ask->curl, CURLOPT_URL, ask->url);
	curl_easy_setopt(ask->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(ask->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(ask->curl, CURLOPT_TIMEOUT, ask->line ? 0L : (long) PATIENCE_S);
	curl_easy_setopt(ask->curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(ask->curl, CURLOPT_WRITEDATA, ask);
	curl_easy_setopt(ask->curl, CURLOPT_PRIVATE, ask);
	curl_multi_add_handle(all->multi, ask->curl);
	ask->active = all->active;
	all->active = ask;
}

/* The thread lets go of it. */
static void end(struct clients *all, struct client_ask *ask)
{
	struct client_ask **at = &all->active;
	while (*at != ask)
		at = &(*at)->active;
	*at = ask->active;
	curl_multi_remove_handle(all->multi, ask->curl);
	curl_easy_cleanup(ask->curl);
	pthread_mutex_lock(&all->lock);
	ask->is_over = true;
	post(ask);
	pthread_mutex_unlock(&all->lock);
}

static void judge(struct client_ask *ask, CURLcode result)
{
	curl_easy_getinfo(ask->curl, CURLINFO_RESPONSE_CODE, &ask->code);
	if (result == CURLE_OK)
		return;
	if (ask->is_too_much)
		snprintf(ask->why, sizeof ask->why, "weftd's answer is larger than %zu bytes", ask->max_size);
	else if (result == CURLE_COULDNT_CONNECT)
		snprintf(ask->why, sizeof ask->why, "weftd does not answer on %s/weftd.sock", ask->all->run_dir);
	else
		snprintf(ask->why, sizeof ask->why, "weftd did not give a whole answer: %s", curl_easy_strerror(result));
	ask->code = 0;
}

static void take_results(struct clients *all)
{
	CURLMsg *msg;
	int n;
	while ((msg = curl_multi_info_read(all->multi, &n))) {
		struct client_ask *ask;
		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **) &ask);
		judge(ask, msg->data.result);
		end(all, ask);
	}
}

/* False when it is time to go. */
static bool take_wishes(struct clients *all, const char *path)
{
	pthread_mutex_lock(&all->lock);
	struct client_ask *fresh = all->fresh;
	all->fresh = NULL;
	bool quits = all->is_quitting;
	pthread_mutex_unlock(&all->lock);
	for (struct client_ask *next; fresh; fresh = next) {
		next = fresh->fresh;
		begin(all, fresh, path);
	}
	for (struct client_ask *ask = all->active, *next; ask; ask = next) {
		next = ask->active;
		pthread_mutex_lock(&all->lock);
		bool is_left = ask->is_left;
		pthread_mutex_unlock(&all->lock);
		if (is_left || quits)
			end(all, ask);
	}
	return !quits;
}

static void *run(void *ctx)
{
	struct clients *all = ctx;
	char path[sizeof ((struct sockaddr_un *) NULL)->sun_path];
	int n;
	snprintf(path, sizeof path, "%s/weftd.sock", all->run_dir);
	while (take_wishes(all, path)) {
		curl_multi_perform(all->multi, &n);
		take_results(all);
		curl_multi_poll(all->multi, NULL, 0, 60000, NULL);
	}
	return NULL;
}

/* --- the loop ------------------------------------------------------------------------------ */

static void ask_free(struct client_ask *ask)
{
	*ask->link = ask->next;
	if (ask->next)
		ask->next->link = ask->link;
	free(ask->url);
	free(ask->text);
	free(ask);
}

/* Whole lines are given away; what is begun stays. */
static void give_lines(struct client_ask *ask, char *text, size_t size)
{
	char *from = text, *end_of_line;
	while ((end_of_line = memchr(from, '\n', size - (size_t) (from - text)))) {
		*end_of_line = '\0';
		if (!ask->is_left)
			ask->line(ask->ctx, from, (size_t) (end_of_line - from));
		from = end_of_line + 1;
	}
	size_t rest = size - (size_t) (from - text);
	pthread_mutex_lock(&ask->all->lock);
	if (rest + ask->size + 1 > ask->room) {
		ask->room = rest + ask->size + 1;
		ask->text = xheap_realloc(ask->text, ask->room);
	}
	memmove(ask->text + rest, ask->text, ask->size);
	memcpy(ask->text, from, rest);
	ask->size += rest;
	pthread_mutex_unlock(&ask->all->lock);
	free(text);
}

static void deliver(void *ctx)
{
	struct client_ask *ask = ctx;
	pthread_mutex_lock(&ask->all->lock);
	ask->is_posted = false;
	bool is_over = ask->is_over;
	char *text = ask->line ? ask->text : NULL;
	size_t size = ask->size;
	if (ask->line) {
		ask->text = xheap_alloc(1);
		ask->size = 0;
		ask->room = 1;
	}
	pthread_mutex_unlock(&ask->all->lock);
	if (text)
		give_lines(ask, text, size);
	if (!is_over)
		return;
	if (!ask->is_left && ask->why[0])
		ask->done(ask->ctx, 0, ask->why, strlen(ask->why));
	else if (!ask->is_left)
		ask->done(ask->ctx, ask->code, ask->text, ask->size);
	ask_free(ask);
}

static struct client_ask *ask_new(struct clients *all, const char *target, size_t max_size, client_each_line_cb *line,
				  client_answer_cb *done, void *ctx)
{
	struct client_ask *ask = xheap_alloc(sizeof *ask);
	*ask = (struct client_ask) {
		.all = all, .next = all->asks, .link = &all->asks, .text = xheap_alloc(1), .room = 1, .max_size = max_size,
		.line = line, .done = done, .ctx = ctx, .url = xheap_alloc(strlen(target) + 32),
	};
	sprintf(ask->url, "http://weftd%s", target);
	if (ask->next)
		ask->next->link = &ask->next;
	all->asks = ask;
	pthread_mutex_lock(&all->lock);
	ask->fresh = all->fresh;
	all->fresh = ask;
	pthread_mutex_unlock(&all->lock);
	curl_multi_wakeup(all->multi);
	return ask;
}

void clients_get(struct clients *all, const char *target, size_t max_size, client_answer_cb *done, void *ctx)
{
	ask_new(all, target, max_size, NULL, done, ctx);
}

struct client_ask *clients_follow(struct clients *all, const char *target, client_each_line_cb *line,
				  client_answer_cb *done, void *ctx)
{
	return ask_new(all, target, MAX_LINES, line, done, ctx);
}

void clients_leave(struct client_ask *ask)
{
	pthread_mutex_lock(&ask->all->lock);
	ask->is_left = true;
	pthread_mutex_unlock(&ask->all->lock);
	curl_multi_wakeup(ask->all->multi);
}

struct clients *clients_new(struct loop *loop, const char *run_dir)
{
	struct clients *all = xheap_alloc(sizeof *all);
	all->loop = loop;
	all->run_dir = xheap_strdup(run_dir);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	all->multi = curl_multi_init();
	pthread_mutex_init(&all->lock, NULL);
	if (!all->multi || pthread_create(&all->thread, NULL, run, all)) {
		fputs("weft: no more threads or memory\n", stderr);
		abort();
	}
	return all;
}

void clients_free(struct clients *all)
{
	if (!all)
		return;
	pthread_mutex_lock(&all->lock);
	all->is_quitting = true;
	pthread_mutex_unlock(&all->lock);
	curl_multi_wakeup(all->multi);
	pthread_join(all->thread, NULL);
	while (all->asks)
		ask_free(all->asks);
	curl_multi_cleanup(all->multi);
	pthread_mutex_destroy(&all->lock);
	free(all->run_dir);
	free(all);
}
