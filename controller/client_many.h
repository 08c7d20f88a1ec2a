/* SPDX-License-Identifier: Apache-2.0 */
/* client_many: many questions to weftd at once, for a program with a loop. One thread
 * speaks with weftd; whatever comes is handed over in the loop. */
#ifndef CONTROLLER_CLIENT_MANY_H
#define CONTROLLER_CLIENT_MANY_H

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct clients;
struct client_ask;

/* code of HTTP; 0 = there is no answer, and text says why. The text is lent, NUL behind it. */
typedef void client_answer_cb(void *ctx, long code, const char *text, size_t size);
/* A line, without its newline. */
typedef void client_each_line_cb(void *ctx, const char *line, size_t size);

struct clients *clients_new(struct loop *, const char *run_dir);
/* What is not answered yet never is. The loop must not run any more. */
void clients_free(struct clients *);

/* GET; an answer of more than max_size bytes is none. done comes once, in the loop. */
void clients_get(struct clients *, const char *target, size_t max_size, client_answer_cb *done, void *ctx);
/* GET without end, line by line. done comes when it ends by itself (code as above), and not
 * after clients_leave, which ends it. */
struct client_ask *clients_follow(struct clients *, const char *target, client_each_line_cb *, client_answer_cb *done,
				  void *ctx);
void clients_leave(struct client_ask *);

#endif
