/* SPDX-License-Identifier: Apache-2.0 */
/* ask: an HTTP client for tests that runs the server's loop while it waits, so
 * both ends live in one thread. */
#ifndef TESTS_ASK_H
#define TESTS_ASK_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;

struct answer {
	int code;                       /* 0 = the connection ended without an answer */
	char head[4096];
	char *body;                     /* owned, NUL behind it; chunks joined */
	size_t size;
};
void answer_free(struct answer *);

/* One request, one answer, the end. body may be null. Fails the test when
 * there is no whole answer within ten seconds. */
void ask(struct event_base *, const char *socket_path, const char *method, const char *target,
	 const char *body, size_t size, struct answer *);
/* Bytes as they are, up to the end of the connection. */
void ask_raw(struct event_base *, const char *socket_path, const char *bytes, size_t size,
	     struct answer *);

/* By hand: a connected non-blocking socket; the loop's turns until fd is
 * readable (false: not within ms). */
int ask_connect(const char *socket_path);
bool ask_wait(struct event_base *, int fd, int ms);
void ask_turns(struct event_base *, int ms);
/* One turn, and a moment for others. */
void ask_turn(struct event_base *);

#endif
