/* SPDX-License-Identifier: Apache-2.0 */
/* http: HTTP/1.1 (RFC 9112) on one listening socket, with TLS if it shall be so; the
 * only door to libevent's evhttp. Knows nothing of what is asked.
 *
 * Bounds: HTTP_MAX_CONNECTIONS at once (others wait in the backlog; those
 * that ask for nothing for a second make room then), bodies of HTTP_MAX_BODY, idle
 * connections end after HTTP_IDLE_S. A long answer is made
 * in slices: one slice of one answer per turn of the loop, and none for a
 * client that has not read the last one. */
#ifndef CONTROLLER_HTTP_H
#define CONTROLLER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct http;
struct http_call;                       /* one request, until it is answered */

enum {
	HTTP_MAX_CONNECTIONS = 128,
	HTTP_MAX_BODY = 16 << 20,
	HTTP_MAX_HEADERS = 16 << 10,
	HTTP_MAX_PARAMS = 16,
	HTTP_IDLE_S = 30,               /* also: an answer of which nothing is read for so long */
	HTTP_SLICE_BYTES = 64 << 10,
	HTTP_SLICE_US = 1000,
};

/* Must answer the call: http_reply or http_stream, once, now, or later after http_hold. */
typedef void http_handler(void *ctx, struct http_call *);

/* Takes listen_fd (listening, non-blocking). The process must ignore SIGPIPE. */
struct http *http_new(struct event_base *, int listen_fd, http_handler *, void *ctx);
/* The same with TLS 1.3 (null: without; borrowed), and bodies of at most max_body bytes. */
struct tls;
struct http *http_new_tls(struct event_base *, int listen_fd, struct tls *, size_t max_body, http_handler *, void *ctx);
void http_free(struct http *);          /* open streams end; null accepted */

/* The request; texts live as long as the call. Percent signs are decoded. */
const char *http_method(const struct http_call *);       /* "GET" */
const char *http_path(const struct http_call *);
size_t http_n_params(const struct http_call *);          /* above HTTP_MAX_PARAMS: that many */
const char *http_param_name(const struct http_call *, size_t i);
const char *http_param_value(const struct http_call *, size_t i);
const char *http_param(const struct http_call *, const char *name);      /* or null */
/* A header; null = it is not there, or more than once. */
const char *http_header(const struct http_call *, const char *name);
/* Who the other end of the Unix socket is; UINT32_MAX = not known. */
uint32_t http_peer_uid(const struct http_call *);
/* The body, or null when it is larger than it may be. */
const char *http_body(struct http_call *, size_t *ret_size);

/* A header of the answer; before it is given. */
void http_add_header(struct http_call *, const char *name, const char *value);
/* Content-Type application/json, unless it was added. allow: header for 405, else null. */
void http_reply(struct http_call *, int code, const char *allow, const char *text, size_t size);

/* It is answered later. When the client has gone before that, `gone` is called, and the call
 * is no more; or nobody notices, and the answer goes nowhere. */
void http_hold(struct http_call *, void (*gone)(void *ctx), void *ctx);

/* A long or an endless answer. `more` adds a little with http_out and is called
 * again until the slice is full; WAIT: nothing now, http_wake says when. `done`
 * is called once, at the end or when the client has gone; then the call is no
 * more. Both come from the loop, never from http_stream or http_wake. */
enum http_more { HTTP_MORE, HTTP_WAIT, HTTP_END };
struct http_out;
struct http_stream_ops {
	enum http_more (*more)(void *ctx, struct http_out *);
	void (*done)(void *ctx);
};
void http_stream(struct http_call *, const char *content_type, const struct http_stream_ops *,
		 void *ctx);
void http_out(struct http_out *, const char *text, size_t size);
void http_wake(struct http_call *);

#endif
