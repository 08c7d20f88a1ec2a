/* SPDX-License-Identifier: Apache-2.0 */
/* listen: sockets that switches connect to. "ssl:ADDR:PORT" or
 * "tcp:ADDR:PORT", ADDR an IPv4 address, an IPv6 address in brackets or empty =
 * all (dual stack); "ssl:PORT" = all as well. PORT 0 = any free one. */
#ifndef OFPROTO_LISTEN_H
#define OFPROTO_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct listener;

struct listen_target {
	bool is_tls;
	char address[64];               /* "" = all */
	uint16_t port;
};
/* Null, or what is wrong with the text. */
const char *listen_parse(const char *text, struct listen_target *ret);

/* A new connection: non-blocking, TCP_NODELAY, close-on-exec. The callee owns fd
 * and must not free the listener. */
typedef void listen_cb(void *ctx, int fd, bool is_tls);

/* Null with a sentence in ret_error ("cannot listen on ...: Address already in use"). */
struct listener *listen_new(struct event_base *, const struct listen_target *, listen_cb *,
			    void *ctx, const char **ret_error);
void listen_free(struct listener *);
uint16_t listen_port(const struct listener *);           /* the real one */
const char *listen_text(const struct listener *);        /* "ssl:[::]:6653" */
/* How often connections had to wait because there were no file descriptors. */
uint64_t listen_n_exhausted(const struct listener *);

#endif
