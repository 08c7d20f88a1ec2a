/* SPDX-License-Identifier: Apache-2.0 */
/* client: the other end of the API: HTTP over RUN_DIR/weftd.sock by libcurl. What
 * goes wrong is said on stderr here, with what to do, once. */
#ifndef CONTROLLER_CLIENT_H
#define CONTROLLER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct client_reply {
	long code;                      /* of HTTP */
	char *body;                     /* owned, NUL behind it */
	size_t size;
};
void client_reply_free(struct client_reply *);

/* Any answer at all is true. target: "/v1/status?..."; body null = GET. */
bool client_call(const char *run_dir, const char *target, const void *body, size_t size,
		 struct client_reply *);
/* GET, parsed; null after saying what was wrong (also an error of the API). */
json_t *client_get(const char *run_dir, const char *target);
/* GET without end: every line, without its newline, until the callback says
 * false (then true is returned) or the other side ends (false, nothing said). */
typedef bool client_line_cb(void *ctx, char *line, size_t size);
bool client_lines(const char *run_dir, const char *target, client_line_cb *, void *ctx);

/* Members of an answer: "" and 0 when they are null or not there. */
const char *client_text(const json_t *object, const char *key);
long long client_number(const json_t *object, const char *key);

/* Says the error of an answer with a code from 400 on. */
void client_say_error(const struct client_reply *);

/* "/v1/flows?switch=kvm1&app=l2" from words "switch=kvm1" "app=l2"; null after
 * saying which word is none. Owned by the caller. */
char *client_target(const char *path, int n_words, char **words);

#endif
