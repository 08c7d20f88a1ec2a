/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/controller/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 };

static int64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void answer_free(struct answer *answer)
{
	free(answer->body);
	answer->body = NULL;
}

int ask_connect(const char *socket_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
	assert_int_equal(connect(fd, (struct sockaddr *) &address, sizeof address), 0);
	return fd;
}

bool ask_wait(struct event_base *base, int fd, int ms)
{
	int64_t until = now_ms() + ms;
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	do {
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		if (poll(&poller, 1, 1) > 0)
			return true;
	} while (now_ms() < until);
	return false;
}

enum { LEAST_TURNS = 10 };

void ask_turn(struct event_base *base)
{
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	poll(NULL, 0, 1);
}

void ask_turns(struct event_base *base, int ms)
{
	int64_t until = now_ms() + ms;
	/* Time may go by without us: accept, read, answer and write are a turn each. */
	for (int n = 0; n < LEAST_TURNS || now_ms() < until; n++)
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void send_all(struct event_base *base, int fd, const char *bytes, size_t size)
{
	int64_t until = now_ms() + PATIENCE_MS;
	while (size) {
		ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
		if (n < 0 && errno == EPIPE)
			return;         /* it has answered before it had all */
		assert_true(n > 0 || errno == EAGAIN);
		assert_true(now_ms() < until);
		if (n > 0) {
			bytes += n;
			size -= (size_t) n;
		}
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	}
}

static char *read_all(struct event_base *base, int fd, size_t *ret_size)
{
	size_t size = 0, room = 1 << 16;
	char *text = malloc(room);
	for (;;) {
		assert_true(ask_wait(base, fd, PATIENCE_MS));
		if (room - size < 65536)
			text = realloc(text, room *= 2);
		assert_non_null(text);
		ssize_t n = recv(fd, text + size, room - size - 1, 0);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			break;
		size += (size_t) n;
	}
	text[size] = '\0';
	*ret_size = size;
	return text;
}

/* Chunks joined, in place. */
static size_t join_chunks(char *body)
{
	char *in = body, *out = body, *end;
	for (;;) {
		size_t n = strtoul(in, &end, 16);
		assert_memory_equal(end, "\r\n", 2);
		if (!n)
			break;
		memmove(out, end + 2, n);
		out += n;
		in = end + 2 + n;
		assert_memory_equal(in, "\r\n", 2);
		in += 2;
	}
	*out = '\0';
	return (size_t) (out - body);
}

void ask_raw(struct event_base *base, const char *socket_path, const char *bytes, size_t size,
	     struct answer *answer)
{
	size_t got = 0;
	int fd = ask_connect(socket_path);
	*answer = (struct answer) { 0 };
	send_all(base, fd, bytes, size);
	char *text = read_all(base, fd, &got);
	close(fd);
	char *blank = strstr(text, "\r\n\r\n");
	if (blank && sscanf(text, "HTTP/1.%*d %d", &answer->code) == 1) {
		snprintf(answer->head, sizeof answer->head, "%.*s", (int) (blank + 2 - text), text);
		answer->size = got - (size_t) (blank + 4 - text);
		answer->body = malloc(answer->size + 1);
		assert_non_null(answer->body);
		memcpy(answer->body, blank + 4, answer->size + 1);
		if (strstr(answer->head, "Transfer-Encoding: chunked"))
			answer->size = join_chunks(answer->body);
	}
	free(text);
}

void ask(struct event_base *base, const char *socket_path, const char *method, const char *target,
	 const char *body, size_t size, struct answer *answer)
{
	char *bytes = malloc(size + 4096);
	assert_non_null(bytes);
	int n = snprintf(bytes, 4096, "%s %s HTTP/1.1\r\nHost: weftd\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
			 method, target, size);
	if (size)
		memcpy(bytes + n, body, size);
	ask_raw(base, socket_path, bytes, (size_t) n + size, answer);
	free(bytes);
}
