/* SPDX-License-Identifier: Apache-2.0 */
/* Answers in slices: one slice of one answer per turn of the loop, and none for who has
 * not taken the last one. */
#include "controller/http_private.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "ofproto/log.h"

struct http_out { struct evbuffer *buf; };

static void move_to(struct http_call *call, bool runnable)
{
	struct http *http = call->http;
	if (call->is_runnable)
		TAILQ_REMOVE(&http->runnable, call, link);
	else
		TAILQ_REMOVE(&http->waiting, call, link);
	call->is_runnable = runnable;
	if (runnable)
		TAILQ_INSERT_TAIL(&http->runnable, call, link);
	else
		TAILQ_INSERT_TAIL(&http->waiting, call, link);
}

/* A timer and not an active event: the sockets get their turn in between. */
static void pump_soon(struct http *http)
{
	struct timeval now = { 0, 0 };
	if (!TAILQ_EMPTY(&http->runnable) && !event_pending(http->pump, EV_TIMEOUT, NULL))
		event_add(http->pump, &now);
}

static void update(struct http_call *call)
{
	move_to(call, call->is_wanted && !call->is_blocked);
	pump_soon(call->http);
}

static void stream_done(struct http_call *call)
{
	move_to(call, false);
	TAILQ_REMOVE(&call->http->waiting, call, link);
	call->ops->done(call->ctx);
	http_call_free(call);
}

/* evhttp has either cut the request off, then it is ours to end, or frees it. */
static void on_client_gone(struct evhttp_connection *connection, void *ctx)
{
	struct http_call *call = ctx;
	struct evhttp_request *request = call->request;
	(void) connection;
	stream_done(call);
	if (!evhttp_request_get_connection(request))
		evhttp_send_reply_end(request);
}

static void on_taken(struct evhttp_connection *connection, void *ctx)
{
	struct http_call *call = ctx;
	(void) connection;
	call->is_blocked = false;
	update(call);
}

static void end_stream(struct http_call *call)
{
	struct evhttp_request *request = call->request;
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), NULL, NULL);
	stream_done(call);
	evhttp_send_reply_end(request);
}

static void make_slice(struct http_call *call)
{
	struct http_out out = { .buf = http_new_buffer() };
	uint64_t until = http_now_us() + HTTP_SLICE_US;
	enum http_more more = HTTP_MORE;
	while (more == HTTP_MORE && evbuffer_get_length(out.buf) < HTTP_SLICE_BYTES && http_now_us() < until)
		more = call->ops->more(call->ctx, &out);
	call->is_wanted = more == HTTP_MORE;
	if (evbuffer_get_length(out.buf)) {
		call->is_blocked = more != HTTP_END;
		evhttp_send_reply_chunk_with_cb(call->request, out.buf, more == HTTP_END ? NULL : on_taken, call);
	}
	evbuffer_free(out.buf);
	if (more == HTTP_END)
		end_stream(call);
	else
		update(call);
}

static void on_pump(evutil_socket_t fd, short what, void *ctx)
{
	struct http *http = ctx;
	(void) fd;
	(void) what;
	struct http_call *call = TAILQ_FIRST(&http->runnable);
	if (!call)
		return;
	make_slice(call);
	pump_soon(http);
}

void http_stream(struct http_call *call, const char *content_type, const struct http_stream_ops *ops,
		 void *ctx)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(call->request);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(call->request);
	struct timeval write_within = { HTTP_IDLE_S, 0 };
	http_let_go(call);
	call->ops = ops;
	call->ctx = ctx;
	call->is_wanted = true;
	TAILQ_INSERT_TAIL(&call->http->waiting, call, link);
	/* One answer and out: the time-outs below are not those of a request. */
	evhttp_add_header(headers, "Content-Type", content_type);
	evhttp_add_header(headers, "Connection", "close");
	evhttp_connection_set_closecb(connection, on_client_gone, call);
	evhttp_send_reply_start(call->request, 200, "OK");
	bufferevent_set_timeouts(evhttp_connection_get_bufferevent(connection), NULL, &write_within);
	update(call);
}

void http_out(struct http_out *out, const char *text, size_t size)
{
	if (evbuffer_add(out->buf, text, size))
		log_abort("out of memory");
}

void http_wake(struct http_call *call)
{
	call->is_wanted = true;
	update(call);
}

void http_streams_init(struct http *http, struct event_base *base)
{
	TAILQ_INIT(&http->runnable);
	TAILQ_INIT(&http->waiting);
	http->pump = event_new(base, -1, 0, on_pump, http);
	if (!http->pump)
		log_abort("out of memory");
}

void http_streams_uninit(struct http *http) { event_free(http->pump); }
