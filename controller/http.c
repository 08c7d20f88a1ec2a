/* SPDX-License-Identifier: Apache-2.0 */
/* evhttp with an account per connection; short answers. Long ones: http_stream.c.
 *
 * evhttp does not tell when a connection ends that never made a request. So
 * each one's bufferevent is held with a reference of our own: when evhttp lets
 * go of it, its callbacks are gone, and a sweep gives the place back. */
#include "controller/http_private.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "ofproto/log.h"
#include "ofproto/tls.h"
#include "topo/arena.h"

enum { IDLE_WHEN_FULL_US = 1000000 };

struct evbuffer *http_new_buffer(void)
{
	struct evbuffer *buf = evbuffer_new();
	if (!buf)
		log_abort("out of memory");
	return buf;
}

uint64_t http_now_us(void)
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
	uint64_t now = http_now_us();
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
	struct bufferevent *bev = http->tls
		? bufferevent_openssl_socket_new(base, -1, tls_server(http->tls), BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE)
		: bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!bev)
		log_abort("out of memory");
	if (http->tls)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	bufferevent_incref(bev);
	http->connections[http->n_connections++] = (struct place) { bev, http_now_us() };
	if (http->n_connections == HTTP_MAX_CONNECTIONS)
		evconnlistener_disable(http->listener);
	sweep_soon(http);
	return bev;
}

/* --- the request --------------------------------------------------------------------- */

void http_call_free(struct http_call *call)
{
	mark(call->http, call->bev, http_now_us());
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

const char *http_header(const struct http_call *call, const char *name)
{
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(call->request);
	const struct evkeyval *header;
	const char *found = NULL;
	TAILQ_FOREACH(header, headers, next) {
		if (strcasecmp(header->key, name))
			continue;
		if (found)
			return NULL;
		found = header->value;
	}
	return found;
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
	if (size > call->http->max_body)
		return NULL;
	*ret_size = size;
	return size ? (const char *) evbuffer_pullup(body, -1) : "";
}

/* --- short answers --------------------------------------------------------------------- */

static const char *reason(int code)
{
	switch (code) {
	case 200: return "OK";
	case 303: return "See Other";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 409: return "Conflict";
	case 413: return "Content Too Large";
	case 421: return "Misdirected Request";
	case 422: return "Unprocessable Content";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	default: return "Error";
	}
}

void http_add_header(struct http_call *call, const char *name, const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(call->request), name, value);
}

static void on_held_gone(struct evhttp_connection *connection, void *ctx)
{
	struct http_call *call = ctx;
	struct evhttp_request *request = call->request;
	(void) connection;
	call->gone(call->gone_ctx);
	http_call_free(call);
	if (!evhttp_request_get_connection(request))
		evhttp_send_reply_end(request);
}

void http_hold(struct http_call *call, void (*gone)(void *ctx), void *ctx)
{
	call->gone = gone;
	call->gone_ctx = ctx;
	evhttp_connection_set_closecb(evhttp_request_get_connection(call->request), on_held_gone, call);
}

void http_let_go(struct http_call *call)
{
	if (call->gone)
		evhttp_connection_set_closecb(evhttp_request_get_connection(call->request), NULL, NULL);
	call->gone = NULL;
}

void http_reply(struct http_call *call, int code, const char *allow, const char *text, size_t size)
{
	struct evhttp_request *request = call->request;
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct evbuffer *buf = http_new_buffer();
	http_let_go(call);
	if (!evhttp_find_header(headers, "Content-Type"))
		evhttp_add_header(headers, "Content-Type", "application/json");
	if (allow)
		evhttp_add_header(headers, "Allow", allow);
	if (evbuffer_add(buf, text, size))
		log_abort("out of memory");
	http_call_free(call);
	evhttp_send_reply(request, code, reason(code), buf);
	evbuffer_free(buf);
}

/* --- life ---------------------------------------------------------------------------------- */

struct http *http_new(struct event_base *base, int listen_fd, http_handler *handler, void *ctx)
{
	return http_new_tls(base, listen_fd, NULL, HTTP_MAX_BODY, handler, ctx);
}

struct http *http_new_tls(struct event_base *base, int listen_fd, struct tls *tls, size_t max_body, http_handler *handler,
			  void *ctx)
{
	struct http *http = xheap_alloc(sizeof *http);
	http->tls = tls;
	http->max_body = max_body;
	http->handler = handler;
	http->ctx = ctx;
	http_streams_init(http, base);
	http->sweep = event_new(base, -1, 0, on_sweep, http);
	http->evhttp = evhttp_new(base);
	/* Backlog 0: it listens already. */
	http->listener = evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0,
					    listen_fd);
	if (!http->sweep || !http->evhttp || !http->listener || !evhttp_bind_listener(http->evhttp, http->listener))
		log_abort("libevent cannot serve HTTP");
	evhttp_set_bevcb(http->evhttp, new_connection, http);
	evhttp_set_gencb(http->evhttp, on_request, http);
	evhttp_set_timeout(http->evhttp, HTTP_IDLE_S);
	evhttp_set_max_headers_size(http->evhttp, HTTP_MAX_HEADERS);
	/* A little more than we take, so that we say so ourselves, in JSON. */
	evhttp_set_max_body_size(http->evhttp, (ev_ssize_t) max_body + HTTP_SLICE_BYTES);
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
	http_streams_uninit(http);
	event_free(http->sweep);
	free(http);
}
