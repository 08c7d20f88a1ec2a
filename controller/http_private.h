/* SPDX-License-Identifier: Apache-2.0 */
/* What http.c (connections, requests, short answers) and http_stream.c (long ones) share. */
#ifndef CONTROLLER_HTTP_PRIVATE_H
#define CONTROLLER_HTTP_PRIVATE_H

#include "controller/http.h"

#include <stdint.h>
#include <sys/queue.h>

struct bufferevent;
struct evbuffer;
struct evconnlistener;
struct event;
struct evhttp;
struct evhttp_request;

struct place {
	struct bufferevent *bev;        /* with a reference of ours */
	uint64_t idle_since_us;         /* 0 = is being answered */
};

struct http {
	struct evhttp *evhttp;
	struct evconnlistener *listener;
	struct tls *tls;                /* borrowed; null = none */
	size_t max_body;
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
	void (*gone)(void *ctx);        /* held: null = not, or not any more */
	void *gone_ctx;
	/* A stream. */
	TAILQ_ENTRY(http_call) link;
	const struct http_stream_ops *ops;
	void *ctx;
	bool is_runnable;               /* on http->runnable, else on waiting */
	bool is_blocked;                /* the client has not taken the last slice */
	bool is_wanted;                 /* there is more to make (as far as we know) */
};

struct evbuffer *http_new_buffer(void);
uint64_t http_now_us(void);
void http_call_free(struct http_call *);
void http_let_go(struct http_call *);            /* it is held no more */
void http_streams_init(struct http *, struct event_base *);
void http_streams_uninit(struct http *);

#endif
