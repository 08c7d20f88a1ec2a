/* SPDX-License-Identifier: Apache-2.0 */
/* api: who follows the events, how many, and how slowly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/controller/api_served.h"

static int follow(const char *query)
{
	char get[256];
	int fd = ask_connect(socket_path);
	int n = snprintf(get, sizeof get, "GET /v1/events?follow=1%s HTTP/1.0\r\nHost: weftd\r\n\r\n", query);
	size_t before = api->n_followers;
	assert_int_equal(send(fd, get, (size_t) n, 0), n);
	AWAIT(api->n_followers == before + 1);
	return fd;
}

static const char *body_of(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");
	return end ? end + 4 : answer;
}

static bool has_lines(const char *answer, size_t n)
{
	for (const char *at = body_of(answer); n && (at = strchr(at, '\n')); at++)
		n--;
	return !n;
}

/* All lines, parsed: so many at least, or those up to the end; the head of the answer is skipped. */
enum { UP_TO_THE_END = 1000000 };
static json_t *lines_of(int fd, size_t at_least)
{
	enum { ROOM = 8 << 20 };
	char *buf = calloc(1, ROOM);
	size_t size = 0;
	assert_non_null(buf);
	for (time_t end = time(NULL) + API_PATIENCE_S; time(NULL) < end;) {
		ask_turns(loop_base(loop), 20);
		ssize_t n = recv(fd, buf + size, ROOM - 1 - size, 0);
		if (n == 0 || (n < 0 && has_lines(buf, at_least)))
			break;
		size += n > 0 ? (size_t) n : 0;
	}
	const char *line = body_of(buf), *end;
	json_t *list = json_array();
	for (; (end = strchr(line, '\n')); line = end + 1) {
		json_t *event = json_loadb(line, (size_t) (end - line), 0, NULL);
		assert_non_null(event);
		json_array_append_new(list, event);
	}
	assert_int_equal(*line, '\0');
	free(buf);
	return list;
}

static void note(const char *kind, const char *format, unsigned n)
{
	char line[1024];
	snprintf(line, sizeof line, "%s %u %0900d", format, n, 0);
	events_note(world.core->events, world.core->wall_ms, EVENT_INFO, kind, "kvm1", "%s", line);
}

static void test_follow(void **state)
{
	(void) state;
	int fd = follow(""), only = follow("&kind=two"), all = follow("&after=0"), future = follow("&after=999999");
	json_t *events = lines_of(fd, 0);
	assert_int_equal(json_array_size(events), 0);
	json_decref(events);
	uint64_t before = events_last_id(world.core->events);
	note("one", "x", 1);
	note("two", "x", 2);
	events = lines_of(fd, 2);
	assert_int_equal(json_array_size(events), 2);
	assert_int_equal(number(json_array_get(events, 0), "id"), before + 1);
	assert_string_equal(text(json_array_get(events, 1), "kind"), "two");
	json_decref(events);
	events = lines_of(only, 1);
	assert_int_equal(json_array_size(events), 1);
	json_decref(events);
	events = lines_of(all, before + 2);
	assert_int_equal(json_array_size(events), before + 2);
	json_decref(events);
	/* An id of an earlier life: all that this one has. */
	events = lines_of(future, before + 2);
	assert_int_equal(json_array_size(events), before + 2);
	json_decref(events);
	close(fd);
	close(only);
	close(all);
	close(future);
	AWAIT(api->n_followers == 0);
	note("one", "x", 3);
	ask_turns(loop_base(loop), 20);
}

/* Who does not read is told what he has missed, and that is the end. */
static void test_slow_follower(void **state)
{
	(void) state;
	int fd = follow("");
	for (unsigned i = 0; i < 2 * EVENTS_KEPT; i++) {
		note("flood", "x", i);
		if (i % 64 == 0)
			ask_turns(loop_base(loop), 0);
	}
	json_t *events = lines_of(fd, UP_TO_THE_END);
	size_t n = json_array_size(events);
	assert_true(n > 1 && n < EVENTS_KEPT);
	const json_t *last = json_array_get(events, n - 1);
	assert_string_equal(text(last, "error"), "read too slowly: events were lost");
	assert_int_equal(number(last, "first_lost_id"), number(json_array_get(events, n - 2), "id") + 1);
	assert_int_equal(number(last, "last_lost_id"), events_first_id(world.core->events) - 1);
	json_decref(events);
	char byte;
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
	assert_int_equal(api->n_followers, 0);
}

static void test_followers_are_bounded(void **state)
{
	int fds[API_MAX_FOLLOWERS];
	(void) state;
	for (size_t i = 0; i < API_MAX_FOLLOWERS; i++)
		fds[i] = follow("");
	assert_int_equal(api->n_followers, API_MAX_FOLLOWERS);
	json_decref(call("GET", "/v1/events?follow=1", NULL, 503));
	for (size_t i = 0; i < API_MAX_FOLLOWERS; i++)
		close(fds[i]);
	AWAIT(api->n_followers == 0);
}

static void test_ends_under_followers(void **state)
{
	const char *error = NULL;
	(void) state;
	int fd = follow("");
	struct api_world seen = api->world;
	api_free(api);
	char buf[4096];
	while (recv(fd, buf, sizeof buf, 0) > 0)
		;
	close(fd);
	api = api_new(loop, dir, &seen, &error);
	assert_non_null(api);
	json_decref(call("GET", "/v1/status", NULL, 200));
}

#define T(F) cmocka_unit_test_setup_teardown(F, api_served_up, api_served_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_follow), T(test_slow_follower), T(test_followers_are_bounded), T(test_ends_under_followers),
	};
	signal(SIGPIPE, SIG_IGN);
	log_init("test_api");
	log_set("all", "off");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
