/* SPDX-License-Identifier: Apache-2.0 */
/* evhttp with an account per connection and answers in slices.
 *
 * evhttp does not tell when a connection ends that never made a request. So
 * each one's bufferevent is held with a reference of our own: when evhttp lets
 * go of it, its callbacks are gone, and a sweep gives the place back. */
#include "controller/http.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/queue.h>
#include <time.h>

#include "ofproto/log.h"
#include "topo/arena.h"

enum { IDLE_WHEN_FULL_US = 1000000 };

struct http_out { struct evbuffer *buf; };

struct place {
	struct bufferevent *bev;        /* with a reference of ours */
	uint64_t idle_since_us;         /* 0 = is being answered */
};

struct http {
	struct evhttp *evhttp;
	struct evconnlistener *listener;
	http_handler *handler;
	void *ctx;
	struct place connections[HTTP_MAX_CONNECTIONS];
	size_t n_connections;
	struct event *sweep;            /* due while there are connections */
	struct event *pump;             /* next turn: one slice of the first runnable stream */
	TAILQ_HEAD(calls, http_call) runnable, waiting;
};

struct http_call {
	struct http *http;
	struct evhttp_request *request;
	struct bufferevent *bev;        /* of its connection; only compared */
	char *path;                     /* decoded; owned, like names and values */
	char *names[HTTP_MAX_PARAMS], *values[HTTP_MAX_PARAMS];
	size_t n_params;
	/* A stream. */
	TAILQ_ENTRY(http_call) link;
	const struct http_stream_ops *ops;
	void *ctx;
	bool is_runnable;               /* on http->runnable, else on waiting */
	bool is_blocked;                /* the client has not taken the last slice */
	bool is_wanted;                 /* there is more to make (as far as we know) */
};

static struct evbuffer *new_buffer(void)
{
	struct evbuffer *buf = evbuffer_new();
	if (!buf)
		log_abort("out of memory");
	return buf;
}

static uint64_t now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

/* --- connections ------------------------------------------------------------------- */

static void sweep_soon(struct http *http)
{
	bool full = http->n_connections == HTTP_MAX_CONNECTIONS;
	struct timeval soon = { full ? 0 : 1, full ? 20000 : 0 };
	if (http->n_connections)
		event_add(http->sweep, &soon);
}

/* Who has asked for nothing makes room for others. Its end is seen by evhttp like
 * a client's, and a later sweep gives the place back. */
static void end_idle(struct http *http)
{
	uint64_t now = now_us();
	for (size_t i = 0; i < http->n_connections; i++) {
		const struct place *place = &http->connections[i];
		if (place->idle_since_us && now - place->idle_since_us >= IDLE_WHEN_FULL_US)
			shutdown(bufferevent_getfd(place->bev), SHUT_RDWR);
	}
}

static void mark(struct http *http, const struct bufferevent *bev, uint64_t idle_since_us)
{
	for (size_t i = 0; i < http->n_connections; i++)
		if (http->connections[i].bev == bev)
			http->connections[i].idle_since_us = idle_since_us;
}

static void on_sweep(evutil_socket_t fd, short what, void *ctx)
{
	struct http *http = ctx;
	bool was_full = http->n_connections == HTTP_MAX_CONNECTIONS;
	(void) fd;
	(void) what;
	for (size_t i = http->n_connections; i-- > 0;) {
		bufferevent_event_cb event_cb;
		bufferevent_getcb(http->connections[i].bev, NULL, NULL, &event_cb, NULL);
		if (event_cb)
			continue;
		bufferevent_decref(http->connections[i].bev);
		http->connections[i] = http->connections[--http->n_connections];
	}
	if (was_full && http->n_connections < HTTP_MAX_CONNECTIONS)
		evconnlistener_enable(http->listener);
	if (http->n_connections == HTTP_MAX_CONNECTIONS)
		end_idle(http);
	sweep_soon(http);
}

static struct bufferevent *new_connection(struct event_base *base, void *ctx)
{
	struct http *http = ctx;
	struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!bev)
		log_abort("out of memory");
	bufferevent_incref(bev);
	http->connections[http->n_connections++] = (struct place) { bev, now_us() };
	if (http->n_connections == HTTP_MAX_CONNECTIONS)
		evconnlistener_disable(http->listener);
	sweep_soon(http);
	return bev;
}

/* --- the request --------------------------------------------------------------------- */

static void call_free(struct http_call *call)
{
	mark(call->http, call->bev, now_us());
	for (size_t i = 0; i < call->n_params; i++) {
		free(call->names[i]);
		free(call->values[i]);
	}
	free(call->path);
	free(call);
}

static char *decoded(const char *text, bool plus)
{
	char *copy = evhttp_uridecode(text, plus, NULL);
	return copy ? copy : xheap_strdup("");
}

/* name=value&name=value; a name alone has the empty value. */
static void parse_query(struct http_call *call, const char *query)
{
	char *copy = xheap_strdup(query), *rest = copy, *pair;
	while ((pair = strsep(&rest, "&")) && call->n_params < HTTP_MAX_PARAMS) {
		if (!*pair)
			continue;
		char *value = strchr(pair, '=');
		if (value)
			*value++ = '\0';
		call->names[call->n_params] = decoded(pair, true);
		call->values[call->n_params++] = decoded(value ? value : "", true);
	}
	free(copy);
}

static void on_request(struct evhttp_request *request, void *ctx)
{
	struct http *http = ctx;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
	struct http_call *call = xheap_alloc(sizeof *call);
	call->http = http;
	call->request = request;
	call->bev = evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
	mark(http, call->bev, 0);
	call->path = decoded(path ? path : "", false);
	parse_query(call, query ? query : "");
	http->handler(http->ctx, call);
}

const char *http_method(const struct http_call *call)
{
	switch (evhttp_request_get_command(call->request)) {
	case EVHTTP_REQ_GET: return "GET";
	case EVHTTP_REQ_POST: return "POST";
	case EVHTTP_REQ_HEAD: return "HEAD";
	case EVHTTP_REQ_PUT: return "PUT";
	case EVHTTP_REQ_DELETE: return "DELETE";
	case EVHTTP_REQ_OPTIONS: return "OPTIONS";
	case EVHTTP_REQ_TRACE: return "TRACE";
	case EVHTTP_REQ_CONNECT: return "CONNECT";
	case EVHTTP_REQ_PATCH: return "PATCH";
	}
	return "?";
}

const char *http_path(const struct http_call *call) { return call->path; }
size_t http_n_params(const struct http_call *call) { return call->n_params; }
const char *http_param_name(const struct http_call *call, size_t i) { return call->names[i]; }
const char *http_param_value(const struct http_call *call, size_t i) { return call->values[i]; }

const char *http_param(const struct http_call *call, const char *name)
{
	for (size_t i = 0; i < call->n_params; i++)
		if (!strcmp(call->names[i], name))
			return call->values[i];
	return NULL;
}

uint32_t http_peer_uid(const struct http_call *call)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	int fd = call->bev ? bufferevent_getfd(call->bev) : -1;
	return fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) ? UINT32_MAX : peer.uid;
}

const char *http_body(struct http_call *call, size_t *ret_size)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(call->request);
	size_t size = evbuffer_get_length(body);
	if (size > HTTP_MAX_BODY)
		return NULL;
	*ret_size = size;
	return size ? (const char *) evbuffer_pullup(body, -1) : "";
}

/* --- short answers --------------------------------------------------------------------- */

static const char *reason(int code)
{
	switch (code) {
	case 200: return "OK";
	case 400: return "Bad Request";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 409: return "Conflict";
	case 413: return "Content Too Large";
	case 422: return "Unprocessable Content";
	case 503: return "Service Unavailable";
	default: return "Error";
	}
}

void http_reply(struct http_call *call, int code, const char *allow, const char *text, size_t size)
{
	struct evhttp_request *request = call->request;
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct evbuffer *buf = new_buffer();
	evhttp_add_header(headers, "Content-Type", "application/json");
	if (allow)
		evhttp_add_header(headers, "Allow", allow);
	if (evbuffer_add(buf, text, size))
		log_abort("out of memory");
	call_free(call);
	evhttp_send_reply(request, code, reason(code), buf);
	evbuffer_free(buf);
}

/* --- long answers ------------------------------------------------------------------------ */

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
	call_free(call);
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
	struct http_out out = { .buf = new_buffer() };
	uint64_t until = now_us() + HTTP_SLICE_US;
	enum http_more more = HTTP_MORE;
	while (more == HTTP_MORE && evbuffer_get_length(out.buf) < HTTP_SLICE_BYTES && now_us() < until)
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

/* --- life ---------------------------------------------------------------------------------- */

struct http *http_new(struct event_base *base, int listen_fd, http_handler *handler, void *ctx)
{
	struct http *http = xheap_alloc(sizeof *http);
	http->handler = handler;
	http->ctx = ctx;
	TAILQ_INIT(&http->runnable);
	TAILQ_INIT(&http->waiting);
	http->pump = event_new(base, -1, 0, on_pump, http);
	http->sweep = event_new(base, -1, 0, on_sweep, http);
	http->evhttp = evhttp_new(base);
	/* Backlog 0: it listens already. */
	http->listener = evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0,
					    listen_fd);
	if (!http->pump || !http->sweep || !http->evhttp || !http->listener || !evhttp_bind_listener(http->evhttp, http->listener))
		log_abort("libevent cannot serve HTTP");
	evhttp_set_bevcb(http->evhttp, new_connection, http);
	evhttp_set_gencb(http->evhttp, on_request, http);
	evhttp_set_timeout(http->evhttp, HTTP_IDLE_S);
	evhttp_set_max_headers_size(http->evhttp, HTTP_MAX_HEADERS);
	/* A little more than we take, so that we say so ourselves, in JSON. */
	evhttp_set_max_body_size(http->evhttp, HTTP_MAX_BODY + HTTP_SLICE_BYTES);
	evhttp_set_allowed_methods(http->evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD
				   | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	return http;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	/* Takes the listener and all connections with it; streams hear of their end. */
	evhttp_free(http->evhttp);
	for (size_t i = 0; i < http->n_connections; i++)
		bufferevent_decref(http->connections[i].bev);
	event_free(http->pump);
	event_free(http->sweep);
	free(http);
}
