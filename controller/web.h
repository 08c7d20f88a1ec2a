/* SPDX-License-Identifier: Apache-2.0 */
/* web: a page and a read-only view of the API for browsers and Prometheus: the server of
 * `weft web`. It asks weftd by its socket, one question for all who want to know the same,
 * and takes nothing but GET of the paths in its table, from who has the token. */
#ifndef CONTROLLER_WEB_H
#define CONTROLLER_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct tls;
struct web;

struct web_options {
	const char *run_dir;            /* of weftd */
	const char *token;
	uint16_t port;                  /* the cookie's name has it: cookies are for all ports of a host */
	struct tls *tls;                /* or null */
	const char *const *names;       /* that it may be asked by, beside those of the certificate */
	size_t n_names;
};

/* Takes listen_fd. The options live as long as it. The process must ignore SIGPIPE. */
struct web *web_new(struct loop *, int listen_fd, const struct web_options *);
void web_free(struct web *);            /* the loop must not run any more */

#endif
