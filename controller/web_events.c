/* SPDX-License-Identifier: Apache-2.0 */
/* Events for all viewers by one stream from weftd, which runs while somebody looks. A
 * viewer has no queue, only its place in a ring of lines; who reads too slowly is told
 * which events it has missed, as weftd does, and asks again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "controller/web_private.h"
#include "topo/arena.h"

struct viewer {
	struct viewer *next, **link;
	struct web_events *all;
	struct http_call *call;
	uint64_t id;                    /* of the next event to tell */
	bool wants_beat;
};

struct web_events {
	struct loop *loop;
	struct clients *clients;
	struct client_ask *stream;      /* null = none */
	struct loop_timer *beat;
	struct viewer *viewers;
	size_t n_viewers;
	bool is_over;                   /* weftd ended it: the viewers' streams end */
	/* Lines of events first to last - 1, each at its number modulo WEB_EVENTS; owned. */
	uint64_t first, last;
	char *lines[WEB_EVENTS];
};

static void forget_lines(struct web_events *all)
{
	for (; all->first < all->last; all->first++) {
		free(all->lines[all->first % WEB_EVENTS]);
		all->lines[all->first % WEB_EVENTS] = NULL;
	}
}

static void wake(struct web_events *all)
{
	for (struct viewer *v = all->viewers; v; v = v->next)
		http_wake(v->call);
}

/* --- from weftd ------------------------------------------------------------------------------ */

static void on_line(void *ctx, const char *line, size_t size)
{
	struct web_events *all = ctx;
	json_t *event = json_loadb(line, size, 0, NULL);
	uint64_t id = (uint64_t) json_integer_value(json_object_get(event, "id"));
	json_decref(event);
	/* An error has no id: the end of the stream comes next. */
	if (!id || (id < all->last && all->first < all->last))
		return;
	/* What was asked for is of an earlier life of weftd: it gives all there is. */
	for (struct viewer *v = all->viewers; id < all->last && v; v = v->next)
		v->id = id;
	if (id != all->last) {
		forget_lines(all);
		all->first = all->last = id;
	}
	if (all->first == all->last)
		all->first = all->last = id;
	if (all->last - all->first == WEB_EVENTS)
		free(all->lines[all->first++ % WEB_EVENTS]);
	char *copy = xheap_alloc(size + 2);
	memcpy(copy, line, size);
	copy[size] = '\n';
	all->lines[all->last++ % WEB_EVENTS] = copy;
	wake(all);
}

static void on_end(void *ctx, long code, const char *text, size_t size)
{
	struct web_events *all = ctx;
	(void) code;
	(void) text;
	(void) size;
	all->stream = NULL;
	all->is_over = true;
	wake(all);
}

static void begin(struct web_events *all, uint64_t after)
{
	char target[64] = "/v1/events?follow=1";
	if (after != UINT64_MAX)
		snprintf(target, sizeof target, "/v1/events?follow=1&after=%" PRIu64, after);
	forget_lines(all);
	all->first = all->last = after == UINT64_MAX ? 0 : after + 1;
	all->is_over = false;
	all->stream = clients_follow(all->clients, target, on_line, on_end, all);
}

/* --- to viewers -------------------------------------------------------------------------------- */

static void out_string(struct http_out *out, const char *text) { http_out(out, text, strlen(text)); }

static enum http_more gap(struct viewer *v, struct http_out *out)
{
	char text[200];
	snprintf(text, sizeof text, "{\"error\":\"read too slowly: events were lost\",\"hint\":\"ask again with after=last_lost_id\","
		 "\"first_lost_id\":%" PRIu64 ",\"last_lost_id\":%" PRIu64 "}\n", v->id, v->all->first - 1);
	out_string(out, text);
	return HTTP_END;
}

static enum http_more more(void *ctx, struct http_out *out)
{
	struct viewer *v = ctx;
	struct web_events *all = v->all;
	if (!v->id && all->first < all->last)
		v->id = all->first;
	if (v->id && v->id < all->first)
		return gap(v, out);
	if (v->id && v->id < all->last) {
		out_string(out, all->lines[v->id++ % WEB_EVENTS]);
		return HTTP_MORE;
	}
	if (all->is_over)
		return HTTP_END;
	if (v->wants_beat)
		out_string(out, "\n");
	v->wants_beat = false;
	return HTTP_WAIT;
}

static void viewer_gone(void *ctx)
{
	struct viewer *v = ctx;
	struct web_events *all = v->all;
	*v->link = v->next;
	if (v->next)
		v->next->link = v->link;
	free(v);
	all->n_viewers--;
	if (all->n_viewers || !all->stream)
		return;
	clients_leave(all->stream);
	all->stream = NULL;
	all->is_over = true;
}

static const struct http_stream_ops ops = { .more = more, .done = viewer_gone };

void web_events_follow(struct web_events *all, struct http_call *call, uint64_t after)
{
	if (all->n_viewers == WEB_MAX_VIEWERS) {
		web_error(call, 503, "too many look at the events already", "close another page");
		return;
	}
	/* The last ones go by themselves before another stream begins. */
	if (!all->stream && all->n_viewers) {
		web_error(call, 503, "weftd has ended its stream of events", "try again in a moment");
		return;
	}
	if (!all->stream)
		begin(all, after);
	struct viewer *v = xheap_alloc(sizeof *v);
	*v = (struct viewer) { .next = all->viewers, .link = &all->viewers, .all = all, .call = call, .wants_beat = true };
	v->id = after != UINT64_MAX ? after + 1 : all->last;
	if (v->next)
		v->next->link = &v->next;
	all->viewers = v;
	all->n_viewers++;
	http_stream(call, "application/x-ndjson", &ops, v);
}

static void on_beat(void *ctx)
{
	struct web_events *all = ctx;
	for (struct viewer *v = all->viewers; v; v = v->next)
		v->wants_beat = true;
	wake(all);
}

struct web_events *web_events_new(struct loop *loop, struct clients *clients)
{
	struct web_events *all = xheap_alloc(sizeof *all);
	all->loop = loop;
	all->clients = clients;
	all->is_over = true;
	all->beat = loop_every(loop, WEB_BEAT_MS, on_beat, all);
	return all;
}

void web_events_free(struct web_events *all)
{
	loop_timer_free(all->beat);
	forget_lines(all);
	free(all);
}
