/* SPDX-License-Identifier: Apache-2.0 */
/* One question to weftd for all who want to know the same, and its answer for those who
 * come a little later. What nobody has asked for of late is forgotten. */
#include <stdlib.h>
#include <string.h>

#include "controller/web_private.h"
#include "topo/arena.h"

enum { SWEEP_MS = 5000, AT_ONCE = 64 << 10, FAILED_AGE_MS = 1000, MAX_KEPT = 200 };

/* An answer, as long as somebody reads it. */
struct body {
	unsigned n_refs;
	size_t size;
	char text[];
};

struct waiter {
	struct waiter *next, **link;
	struct http_call *call;
};

struct fetch {
	struct web_fetches *all;
	struct fetch *next, **link;
	char *target;
	bool is_asked;                  /* and not answered yet */
	bool is_json;
	uint64_t made_ms;               /* when it was answered */
	uint32_t max_age_ms;
	int code;
	struct body *body;              /* null before the first answer */
	struct waiter *waiters;
};

struct web_fetches {
	struct loop *loop;
	struct clients *clients;
	struct loop_timer *sweeper;
	struct fetch *first;
	size_t n, n_asked;
};

static void body_unref(struct body *body)
{
	if (body && !--body->n_refs)
		free(body);
}

static void fetch_free(struct fetch *f)
{
	f->all->n--;
	*f->link = f->next;
	if (f->next)
		f->next->link = f->link;
	body_unref(f->body);
	free(f->target);
	free(f);
}

/* --- giving it ------------------------------------------------------------------------------ */

struct reading {
	struct body *body;
	size_t at;
};

static enum http_more more(void *ctx, struct http_out *out)
{
	struct reading *r = ctx;
	size_t n = r->body->size - r->at < HTTP_SLICE_BYTES ? r->body->size - r->at : HTTP_SLICE_BYTES;
	http_out(out, r->body->text + r->at, n);
	r->at += n;
	return r->at == r->body->size ? HTTP_END : HTTP_MORE;
}

static void done(void *ctx)
{
	struct reading *r = ctx;
	body_unref(r->body);
	free(r);
}

static const struct http_stream_ops ops = { .more = more, .done = done };

static void give(struct http_call *call, const struct fetch *f)
{
	const char *type = f->is_json ? "application/json" : "application/openmetrics-text; version=1.0.0; charset=utf-8";
	if (f->code != 200 || f->body->size <= AT_ONCE) {
		http_add_header(call, "Content-Type", f->code == 200 ? type : "application/json");
		http_reply(call, f->code, NULL, f->body->text, f->body->size);
		return;
	}
	struct reading *r = xheap_alloc(sizeof *r);
	r->body = f->body;
	f->body->n_refs++;
	http_stream(call, type, &ops, r);
}

static void waiter_free(struct waiter *w)
{
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	free(w);
}

static void client_gone(void *ctx) { waiter_free(ctx); }

static void set_body(struct fetch *f, const char *text, size_t size)
{
	body_unref(f->body);
	f->body = xheap_alloc(sizeof *f->body + size + 1);
	f->body->n_refs = 1;
	f->body->size = size;
	memcpy(f->body->text, text, size);
}

static void on_answer(void *ctx, long code, const char *text, size_t size)
{
	struct fetch *f = ctx;
	f->is_asked = false;
	f->all->n_asked--;
	f->made_ms = loop_now_ms(f->all->loop);
	f->code = code ? (int) code : 503;
	if (!code) {
		char *error = web_error_text(text, "is it running?", true);
		set_body(f, error, strlen(error));
		free(error);
	} else {
		set_body(f, text, size);
	}
	while (f->waiters) {
		struct http_call *call = f->waiters->call;
		waiter_free(f->waiters);
		give(call, f);
	}
	if (!f->max_age_ms)
		fetch_free(f);
}

/* --- asking --------------------------------------------------------------------------------- */

static bool is_fresh(const struct fetch *f, uint32_t max_age_ms, uint64_t now_ms)
{
	if (f->code != 200 && max_age_ms > FAILED_AGE_MS)
		max_age_ms = FAILED_AGE_MS;
	return f->body && max_age_ms && now_ms - f->made_ms < max_age_ms;
}

static void sweep(void *ctx)
{
	struct web_fetches *all = ctx;
	uint64_t now_ms = loop_now_ms(all->loop);
	for (struct fetch *f = all->first, *next; f; f = next) {
		next = f->next;
		if (!f->is_asked && !is_fresh(f, f->max_age_ms, now_ms))
			fetch_free(f);
	}
}

static struct fetch *find(struct web_fetches *all, const char *target)
{
	for (struct fetch *f = all->first; f; f = f->next)
		if (!strcmp(f->target, target))
			return f;
	if (all->n >= MAX_KEPT)
		sweep(all);
	if (all->n >= MAX_KEPT || all->n_asked == WEB_MAX_ASKED)
		return NULL;
	struct fetch *f = xheap_alloc(sizeof *f);
	*f = (struct fetch) { .all = all, .target = xheap_strdup(target), .next = all->first, .link = &all->first,
			      .is_json = strncmp(target, "/metrics", 8) };
	if (f->next)
		f->next->link = &f->next;
	all->first = f;
	all->n++;
	return f;
}

void web_fetch(struct web_fetches *all, struct http_call *call, const char *target, uint32_t max_age_ms)
{
	struct fetch *f = find(all, target);
	if (f && !f->is_asked && is_fresh(f, max_age_ms, loop_now_ms(all->loop))) {
		give(call, f);
		return;
	}
	if (!f || (!f->is_asked && all->n_asked == WEB_MAX_ASKED)) {
		web_error(call, 503, "weftd is being asked too much already", "try again in a moment");
		return;
	}
	struct waiter *w = xheap_alloc(sizeof *w);
	*w = (struct waiter) { .next = f->waiters, .link = &f->waiters, .call = call };
	if (w->next)
		w->next->link = &w->next;
	f->waiters = w;
	http_hold(call, client_gone, w);
	if (f->is_asked)
		return;
	f->is_asked = true;
	f->max_age_ms = max_age_ms;
	all->n_asked++;
	clients_get(all->clients, target, WEB_MAX_ANSWER, on_answer, f);
}

struct web_fetches *web_fetches_new(struct loop *loop, struct clients *clients)
{
	struct web_fetches *all = xheap_alloc(sizeof *all);
	all->loop = loop;
	all->clients = clients;
	all->sweeper = loop_every(loop, SWEEP_MS, sweep, all);
	return all;
}

void web_fetches_free(struct web_fetches *all)
{
	loop_timer_free(all->sweeper);
	while (all->first) {
		while (all->first->waiters)
			waiter_free(all->first->waiters);
		fetch_free(all->first);
	}
	free(all);
}
