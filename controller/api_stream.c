/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that are made while the client reads: lists, and events without end.
 *
 * A follower has no queue, only the id of the next event it wants. When the ring
 * has gone over that one, the client was too slow: it is told which ids it has
 * missed, and that is the end of its stream. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api_private.h"
#include "controller/loop.h"
#include "ofproto/log.h"
#include "topo/arena.h"

static void out_string(struct http_out *out, const char *text)
{
	http_out(out, text, strlen(text));
}

static char *keep(const char *text)
{
	return text ? xheap_strdup(text) : NULL;
}

static struct show_query keep_query(const struct show_query *query)
{
	struct show_query kept = *query;
	kept.sw = keep(query->sw);
	kept.network = keep(query->network);
	kept.port = keep(query->port);
	kept.app = keep(query->app);
	kept.table = keep(query->table);
	kept.state = keep(query->state);
	kept.mac = keep(query->mac);
	kept.ip = keep(query->ip);
	kept.kind = keep(query->kind);
	return kept;
}

static void drop_query(struct show_query *query)
{
	const char *texts[] = { query->sw, query->network, query->port, query->app, query->table,
				query->state, query->mac, query->ip, query->kind };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free((char *) texts[i]);
}

/* --- lists ------------------------------------------------------------------------------- */

struct listing {
	struct show_query query;        /* owned texts */
	struct show_cursor cursor;
	enum { LISTING_HEAD, LISTING_FIRST, LISTING_ITEMS } step;
};

/* {"file": .., "NAME": [ITEM,\nITEM\n], "truncated": false} */
static void out_head(struct http_out *out, const struct show_cursor *cursor)
{
	json_t *head = json_object();
	if (cursor->list->head)
		cursor->list->head(cursor->world, head);
	char *text = api_text(head);
	size_t size = strlen(text);
	http_out(out, text, size - 1);
	free(text);
	out_string(out, size > 2 ? ",\"" : "\"");
	out_string(out, cursor->list->name);
	out_string(out, "\":[");
}

static enum http_more more_items(void *ctx, struct http_out *out)
{
	struct listing *listing = ctx;
	if (listing->step == LISTING_HEAD) {
		out_head(out, &listing->cursor);
		listing->step = LISTING_FIRST;
		return HTTP_MORE;
	}
	json_t *item = show_next(&listing->cursor);
	if (!item) {
		out_string(out, listing->cursor.is_truncated ? "],\"truncated\":true}\n" : "],\"truncated\":false}\n");
		return HTTP_END;
	}
	out_string(out, listing->step == LISTING_FIRST ? "\n" : ",\n");
	listing->step = LISTING_ITEMS;
	api_out(out, item);
	return HTTP_MORE;
}

static void listing_done(void *ctx)
{
	struct listing *listing = ctx;
	show_end(&listing->cursor);
	drop_query(&listing->query);
	free(listing);
}

static const struct http_stream_ops listing_ops = { .more = more_items, .done = listing_done };

void api_stream_list(struct api_request *request)
{
	struct listing *listing = xheap_alloc(sizeof *listing);
	listing->query = keep_query(&request->query);
	show_begin(&listing->cursor, request->path->list, &request->api->world, &listing->query);
	http_stream(request->call, "application/json", &listing_ops, listing);
}

/* --- followers ------------------------------------------------------------------------------ */

struct follower {
	struct follower *next, **link;
	struct api *api;
	struct http_call *call;
	struct show_query query;        /* owned texts */
	uint64_t id;                    /* next event to tell */
};

static enum http_more more_events(void *ctx, struct http_out *out)
{
	struct follower *follower = ctx;
	const struct api_world *world = &follower->api->world;
	const struct events *events = world->core->events;
	if (follower->id > events_last_id(events))
		return HTTP_WAIT;
	const struct event *event = events_get(events, follower->id);
	if (!event) {
		api_out(out, json_pack("{s:s, s:s, s:I, s:I}", "error", "read too slowly: events were lost",
					"hint", "ask again with after=last_lost_id",
					"first_lost_id", (json_int_t) follower->id,
					"last_lost_id", (json_int_t) events_first_id(events) - 1));
		out_string(out, "\n");
		return HTTP_END;
	}
	follower->id++;
	if (show_event_passes(world, &follower->query, event)) {
		api_out(out, show_event(world, event));
		out_string(out, "\n");
	}
	return HTTP_MORE;
}

static void follower_done(void *ctx)
{
	struct follower *follower = ctx;
	*follower->link = follower->next;
	if (follower->next)
		follower->next->link = follower->link;
	follower->api->n_followers--;
	drop_query(&follower->query);
	free(follower);
}

static const struct http_stream_ops follower_ops = { .more = more_events, .done = follower_done };

/* Where a follower begins: without `after` with what comes next. 0 means all
 * there is, and so does an id that has not been yet: it is of an earlier life of
 * weftd. An id that the ring has gone over is a gap, and told as one. */
static uint64_t first_wanted(const struct api_request *request, const struct events *events)
{
	if (!request->query.has_after)
		return events_last_id(events) + 1;
	if (!request->query.after || request->query.after > events_last_id(events))
		return events_first_id(events) ? events_first_id(events) : 1;
	return request->query.after + 1;
}

void api_follow(struct api_request *request)
{
	struct api *api = request->api;
	const struct events *events = api->world.core->events;
	if (api->n_followers == API_MAX_FOLLOWERS) {
		api_error(request->call, 503, NULL, "end another one", "%d clients follow the events already",
			  API_MAX_FOLLOWERS);
		return;
	}
	struct follower *follower = xheap_alloc(sizeof *follower);
	follower->api = api;
	follower->call = request->call;
	follower->query = keep_query(&request->query);
	follower->id = first_wanted(request, events);
	follower->next = api->followers;
	if (follower->next)
		follower->next->link = &follower->next;
	follower->link = &api->followers;
	api->followers = follower;
	api->n_followers++;
	http_stream(request->call, "application/x-ndjson", &follower_ops, follower);
}

static void tell_followers(void *ctx)
{
	struct api *api = ctx;
	api->is_telling = false;
	for (struct follower *follower = api->followers; follower; follower = follower->next)
		http_wake(follower->call);
}

static void on_event(void *ctx)
{
	struct api *api = ctx;
	if (!api->followers || api->is_telling)
		return;
	api->is_telling = true;
	loop_timer_again(api->tell, API_FOLLOW_MS);
}

void api_follow_init(struct api *api)
{
	api->tell = loop_timer_new(api->loop, tell_followers, api);
	events_listen(api->world.core->events, on_event, api);
}

void api_follow_uninit(struct api *api)
{
	events_listen(api->world.core->events, NULL, NULL);
	loop_timer_free(api->tell);
}
