/* SPDX-License-Identifier: Apache-2.0 */
/* web: who is turned away and why, what is passed on, one question for many, one stream of
 * events for many, weftd away and back, slow and large clients. weftd's API runs in the
 * same loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/loop.h"
#include "controller/rundir.h"
#include "controller/web.h"
#include "controller/web_auth.h"
#include "controller/web_private.h"
#include "ofproto/log.h"
#include "tests/unit/controller/ask.h"
#include "tests/unit/controller/world.h"

#define TOKEN "Abc-123_Abc-123_Abc-123"
static const char file[] =
	"version: 1\nswitches: {kvm1: {dpid: 0x11}}\nnetworks:\n  office:\n    ports: [kvm1:vm-a, kvm1:vm-b]\n";

static char api_dir[64], web_dir[64];
static struct loop *loop;
static struct world world;
static struct api *api;
static struct rundir run;               /* of the web's own socket */
static struct web *web;
static const char *const names[] = { "weft.example" };

static void start_api(void)
{
	const char *error;
	struct api_world seen = { .core = world.core, .started_wall_ms = loop_wall_ms() };
	api = api_new(loop, api_dir, &seen, &error);
	assert_non_null(api);
}

static int set_up(void **state)
{
	static const char *const ports[] = { "vm-a", "vm-b" };
	static struct web_options options;
	(void) state;
	strcpy(api_dir, "/tmp/weft-api-XXXXXX");
	strcpy(web_dir, "/tmp/weft-web-XXXXXX");
	if (!mkdtemp(api_dir) || !mkdtemp(web_dir) || rundir_claim(&run, web_dir))
		return -1;
	loop = loop_new();
	world_init(&world, file);
	world.core->now_ms = loop_now_ms(loop);
	world_connect(&world, "kvm1", ports, 2);
	start_api();
	options = (struct web_options) { .run_dir = api_dir, .token = TOKEN, .port = 8653, .names = names, .n_names = 1 };
	web = web_new(loop, run.listen_fd, &options);
	run.listen_fd = -1;
	return 0;
}

static int tear_down(void **state)
{
	char path[128];
	(void) state;
	web_free(web);
	api_free(api);
	api = NULL;
	world_uninit(&world);
	loop_free(loop);
	unlink(run.pid_path);
	rundir_release(&run);
	snprintf(path, sizeof path, "%s/weftd.pid", api_dir);
	unlink(path);
	assert_int_equal(rmdir(api_dir) | rmdir(web_dir), 0);
	return 0;
}

#define BEARER "Authorization: Bearer " TOKEN "\r\n"
#define HOST "Host: 127.0.0.1:8653\r\n"

static struct answer send_text(const char *text)
{
	struct answer answer;
	ask_raw(loop_base(loop), run.address.sun_path, text, strlen(text), &answer);
	return answer;
}

/* "GET /x" with these headers; the answer has that code, and that in its head or body. */
static void expect(const char *line, const char *headers, int code, const char *words)
{
	char text[4096];
	snprintf(text, sizeof text, "%s HTTP/1.1\r\n%sConnection: close\r\n\r\n", line, headers);
	struct answer answer = send_text(text);
	if (answer.code != code || (!strstr(answer.head, words) && !strstr(answer.body ? answer.body : "", words)))
		fail_msg("%s: code %d and not %d, or without \"%s\":\n%s\n%s", line, answer.code, code, words, answer.head, answer.body);
	assert_non_null(strstr(answer.head, "Content-Security-Policy: default-src 'none'; script-src 'self'"));
	assert_non_null(strstr(answer.head, "X-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(answer.head, "Referrer-Policy: no-referrer\r\n"));
	assert_non_null(strstr(answer.head, "Cache-Control: no-store\r\n"));
	assert_null(strstr(answer.head, "Access-Control"));
	answer_free(&answer);
}

static void test_who(void **state)
{
	(void) state;
	expect("GET /v1/status", HOST, 401, "a token is wanted");
	expect("GET /", HOST, 401, "for who has its token");
	expect("GET /app.mjs", HOST, 401, "a token is wanted");
	expect("GET /nothing", HOST, 401, "a token is wanted");
	expect("POST /v1/apply", HOST "Content-Length: 0\r\n", 401, "a token is wanted");
	expect("GET /v1/status", HOST "Authorization: Bearer " TOKEN "x\r\n", 401, "WWW-Authenticate: Bearer");
	expect("GET /v1/status", HOST "Authorization: Bearer Abc-123_Abc-123_Abc-12x\r\n", 401, "a token");
	expect("GET /v1/status", HOST "Authorization: Bearer \r\n", 401, "a token");
	expect("GET /v1/status", HOST BEARER BEARER, 401, "a token");
	expect("GET /v1/status", HOST "Cookie: weft_8653=wrong\r\n", 401, "a token");
	expect("GET /v1/status", HOST "Cookie: weft_8654=" TOKEN "\r\n", 401, "a token");
	expect("GET /v1/status?token=" TOKEN, HOST, 401, "a token");
	expect("GET /?token=wrong", HOST, 401, "for who has its token");
	expect("GET /v1/status", HOST BEARER, 200, "\"verdict\":\"ok\"");
	expect("GET /v1/status", HOST "Cookie: a=b; weft_8653=" TOKEN "; c=d\r\n", 200, "\"verdict\":\"ok\"");
	/* The token leaves the address. */
	expect("GET /?token=" TOKEN, HOST, 303, "Location: /\r\n");
	expect("GET /?token=" TOKEN, HOST, 303, "Set-Cookie: weft_8653=" TOKEN "; Path=/; HttpOnly; SameSite=Strict\r\n");
	expect("GET /?token=" TOKEN, HOST BEARER, 303, "Location: /\r\n");
}

/* A page of others that reaches us by a name of theirs (DNS rebinding). */
static void test_host(void **state)
{
	static const char *const good[] = { "127.0.0.1", "127.0.0.1:9", "192.0.2.7:8653", "[::1]", "[2001:db8::1]:8653", "localhost:9000",
					    "LOCALHOST", "weft.example:8653" };
	static const char *const bad[] = { "evil.example", "evil.example:8653", "127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.1:",
					   "127.0.0.1:80x", "[::1", "[::1]x", "", ":8653", "127.1", "xlocalhost", "weft.example.", "::1" };
	char headers[300];
	(void) state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		snprintf(headers, sizeof headers, "Host: %s\r\n" BEARER, good[i]);
		expect("GET /v1/status", headers, 200, "verdict");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(headers, sizeof headers, "Host: %s\r\n" BEARER, bad[i]);
		expect("GET /v1/status", headers, 421, "not the host");
	}
	expect("GET /v1/status", BEARER, 421, "not the host");
	expect("GET /v1/status", HOST "Host: evil.example\r\n" BEARER, 421, "not the host");
}

static void test_what(void **state)
{
	static const char *const methods[] = { "POST", "PUT", "DELETE", "PATCH", "OPTIONS" };
	static const char *const hidden[] = { "/v1/apply", "/v1/reload", "/v1/config", "/v1/log", "/v1/flows", "/v1/objects", "/v1/counters",
					      "/v1/status/", "//v1/status", "/../etc/passwd", "/v1/%73tatus/..", "/door.html", "/web.c" };
	char line[300];
	(void) state;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		snprintf(line, sizeof line, "%s /v1/status", methods[i]);
		expect(line, HOST BEARER "Content-Length: 0\r\n", 405, "Allow: GET\r\n");
	}
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
		snprintf(line, sizeof line, "GET %s", hidden[i]);
		expect(line, HOST BEARER, 404, "that is not here");
	}
	expect("GET /", HOST BEARER, 200, "Content-Type: text/html; charset=utf-8\r\n");
	expect("GET /app.mjs", HOST BEARER, 200, "Content-Type: text/javascript; charset=utf-8\r\n");
	expect("GET /style.css", HOST BEARER, 200, "prefers-color-scheme");
	expect("GET /metrics", HOST BEARER, 200, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n");
	expect("GET /metrics", HOST BEARER, 200, "weft_switch_up{switch=\"kvm1\"} 1\n");
	expect("GET /v1/ports?port=vm-a", HOST BEARER, 200, "\"name\":\"vm-a\"");
	expect("GET /v1/ports?port=vm%2da&limit=1", HOST BEARER, 200, "\"name\":\"vm-a\"");
	expect("GET /v1/hosts", HOST BEARER, 200, "\"truncated\":false");
	/* What probes, costs much or has no end is not passed on. */
	expect("GET /v1/explain?from=vm-a&to=vm-b&probe=1", HOST BEARER, 400, "does not take that");
	expect("GET /v1/te?what_if=x", HOST BEARER, 400, "does not take that");
	expect("GET /v1/ports?limit=0", HOST BEARER, 400, "from 1 to 10000");
	expect("GET /v1/ports?limit=10001", HOST BEARER, 400, "from 1 to 10000");
	expect("GET /v1/ports?limit=1x", HOST BEARER, 400, "from 1 to 10000");
	expect("GET /v1/status?x=1", HOST BEARER, 400, "does not take that");
	expect("GET /v1/events?follow=1&after=x", HOST BEARER, 400, "after=NUMBER");
	expect("GET /v1/events?follow=1&kind=host", HOST BEARER, 400, "after=NUMBER");
	/* weftd's own answer, with its code. Values stay values. */
	expect("GET /v1/explain?from=vm-a&to=vm-b", HOST BEARER, 200, "\"directions\"");
	expect("GET /v1/explain?from=vm-a&to=vm-b&protocol=nonsense", HOST BEARER, 400, "\"hint\"");
	expect("GET /v1/ports?port=a%26limit%3d0%23%0d%0aX", HOST BEARER, 200, "\"ports\":[]");
	expect("GET /v1/status", HOST BEARER "Content-Length: 3\r\n\r\nabc", 413, "no body");
}

static void test_large_and_slow(void **state)
{
	char text[40000];
	(void) state;
	/* More headers than there may be, more body, a target that is too long. */
	int n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" HOST BEARER "X: ");
	memset(text + n, 'x', 20000);
	strcpy(text + n + 20000, "\r\n\r\n");
	struct answer answer = send_text(text);
	assert_true(answer.code == 400 || answer.code == 0);
	answer_free(&answer);
	answer = send_text("GET / HTTP/1.1\r\n" HOST BEARER "Content-Length: 100000000\r\n\r\n");
	assert_true(answer.code == 413 || answer.code == 0);
	answer_free(&answer);
	n = snprintf(text, sizeof text, "GET /v1/ports?port=");
	memset(text + n, 'y', 3000);
	strcpy(text + n + 3000, " HTTP/1.1\r\n" HOST BEARER "Connection: close\r\n\r\n");
	answer = send_text(text);
	assert_int_equal(answer.code, 400);
	answer_free(&answer);
	/* All places taken by clients that dribble: they make room. */
	int fds[HTTP_MAX_CONNECTIONS];
	for (size_t i = 0; i < HTTP_MAX_CONNECTIONS; i++) {
		fds[i] = ask_connect(run.address.sun_path);
		assert_int_equal(send(fds[i], "GET / HT", 8, 0), 8);
		ask_turns(loop_base(loop), 0);
	}
	expect("GET /v1/status", HOST BEARER, 200, "verdict");
	for (size_t i = 0; i < HTTP_MAX_CONNECTIONS; i++)
		close(fds[i]);
}

/* A client that has asked and not yet been answered. */
static int begin(const char *target)
{
	char text[400];
	int fd = ask_connect(run.address.sun_path);
	int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST BEARER "\r\n", target);
	assert_int_equal(send(fd, text, (size_t) n, 0), n);
	return fd;
}

/* What comes until these words. */
static void wait_for(int fd, const char *words)
{
	static char text[1 << 16];
	size_t n = 0;
	while (n + 1 < sizeof text) {
		if (!ask_wait(loop_base(loop), fd, 10000))
			fail_msg("no \"%s\" in: %s", words, text);
		ssize_t got = recv(fd, text + n, sizeof text - n - 1, 0);
		if (got <= 0)
			fail_msg("the end, and no \"%s\" in: %s", words, text);
		n += (size_t) got;
		text[n] = '\0';
		if (strstr(text, words))
			return;
	}
}

/* Twenty ask the same at once; who goes away meanwhile is no trouble. */
static void test_one_for_all(void **state)
{
	int fds[20];
	(void) state;
	uint64_t before = world.core->now_ms;
	for (size_t i = 0; i < 20; i++)
		fds[i] = begin("/v1/networks");
	ask_turns(loop_base(loop), 1);
	close(fds[0]);
	close(fds[19]);
	for (size_t i = 1; i < 19; i++) {
		wait_for(fds[i], "\"truncated\":false");
		close(fds[i]);
	}
	/* And what is known for a moment is given again, though there is another host by now. */
	world.core->now_ms = before;
	world_learn(&world, "office", 1, 0, 1);
	expect("GET /v1/networks", HOST BEARER, 200, "\"hosts\":0");
	expect("GET /v1/networks?network=office", HOST BEARER, 200, "\"hosts\":1");
}

static void note(const char *text)
{
	events_note(world.core->events, 1, EVENT_INFO, "test", "", "%s", text);
}

static void test_events(void **state)
{
	(void) state;
	note("first");
	char target[100];
	snprintf(target, sizeof target, "/v1/events?follow=1&after=%llu", (unsigned long long) events_last_id(world.core->events) - 1);
	int a = begin(target);
	wait_for(a, "\"text\":\"first\"");
	int b = begin(target);
	wait_for(b, "\"text\":\"first\"");
	int c = begin("/v1/events?follow=1");
	ask_turns(loop_base(loop), 20);
	note("second <script>");
	wait_for(a, "\"text\":\"second <script>\"");
	wait_for(b, "\"text\":\"second <script>\"");
	wait_for(c, "\"text\":\"second <script>\"");
	/* What is not kept here is told as a gap. */
	int d = begin("/v1/events?follow=1&after=0");
	wait_for(d, "\"first_lost_id\":1,");
	close(b);
	/* weftd goes: the streams end. */
	api_free(api);
	api = NULL;
	char buf[100];
	while (ask_wait(loop_base(loop), a, 10000) && recv(a, buf, sizeof buf, 0) > 0)
		continue;
	assert_int_equal(recv(a, buf, sizeof buf, 0), 0);
	close(a);
	close(c);
	close(d);
	ask_turns(loop_base(loop), 50);
	start_api();
	/* Another life, and an id of the last one: all there is. */
	a = begin("/v1/events?follow=1&after=100000");
	wait_for(a, "\"text\":\"first\"");
	close(a);
}

static void test_viewers_are_bounded(void **state)
{
	int fds[WEB_MAX_VIEWERS];
	(void) state;
	for (size_t i = 0; i < WEB_MAX_VIEWERS; i++) {
		fds[i] = begin("/v1/events?follow=1");
		wait_for(fds[i], "\r\n\r\n");
	}
	expect("GET /v1/events?follow=1", HOST BEARER, 503, "too many look");
	for (size_t i = 0; i < WEB_MAX_VIEWERS; i++)
		close(fds[i]);
}

/* Away is said, and over by itself. */
static void test_weftd_away(void **state)
{
	(void) state;
	api_free(api);
	api = NULL;
	expect("GET /v1/hosts", HOST BEARER, 503, "\"away\":true");
	expect("GET /metrics", HOST BEARER, 503, "does not answer on /tmp/weft-api-");
	expect("GET /", HOST BEARER, 200, "<title>weft</title>");
	expect("GET /v1/events?follow=1", HOST BEARER, 200, "application/x-ndjson");
	start_api();
	expect("GET /v1/switches", HOST BEARER, 200, "kvm1");
}

/* Freed while weftd owes answers and events. */
static void test_end(void **state)
{
	int a = begin("/v1/events?follow=1"), b = begin("/v1/ports");
	(void) state;
	ask_turns(loop_base(loop), 1);
	web_free(web);
	web = NULL;
	close(a);
	close(b);
}

/* --- the token -------------------------------------------------------------------------------- */

static void put(const char *path, const char *text, mode_t mode)
{
	unlink(path);
	int fd = open(path, O_CREAT | O_WRONLY, mode);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_token(void **state)
{
	char a[WEB_TOKEN_MAX + 1], b[WEB_TOKEN_MAX + 1], path[] = "/tmp/weft-token-XXXXXX";
	struct stat st;
	(void) state;
	web_token_new(a);
	web_token_new(b);
	assert_int_equal(strlen(a), 43);
	assert_string_not_equal(a, b);
	assert_true(web_token_is(a, a, 43));
	assert_false(web_token_is(a, a, 42) || web_token_is(a, b, 43) || web_token_is(a, NULL, 0) || web_token_is(a, "", 0));
	close(mkstemp(path));
	unlink(path);
	/* Made once, then the same; by nobody else to be read. */
	assert_null(web_token_file(path, a));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_null(web_token_file(path, b));
	assert_string_equal(a, b);
	put(path, TOKEN "\n", 0640);
	assert_non_null(strstr(web_token_file(path, a), "others may read it"));
	put(path, "short\n", 0600);
	assert_non_null(strstr(web_token_file(path, a), "is no token"));
	put(path, "with blanks and ; in it, long enough\n", 0600);
	assert_non_null(strstr(web_token_file(path, a), "is no token"));
	put(path, "", 0600);
	assert_non_null(strstr(web_token_file(path, a), "is no token"));
	put(path, TOKEN, 0600);
	assert_null(web_token_file(path, a));
	assert_string_equal(a, TOKEN);
	unlink(path);
	assert_non_null(strstr(web_token_file("/tmp", a), "no regular file"));
	assert_non_null(web_token_file("/nowhere/at/all", a));
}

static void test_cookie(void **state)
{
	size_t size = 0;
	(void) state;
	assert_null(web_cookie(NULL, "a", &size));
	assert_null(web_cookie("", "a", &size));
	assert_null(web_cookie("ab=1; b=a=2", "a", &size));
	assert_string_equal(web_cookie("b=1;a=xyz", "a", &size), "xyz");
	assert_int_equal(size, 3);
	assert_memory_equal(web_cookie("a=; c=d", "a", &size), "; c", 3);
	assert_int_equal(size, 0);
	assert_null(web_bearer("Basic abc"));
	assert_string_equal(web_bearer("bearer abc"), "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
		T(test_who), T(test_host), T(test_what), T(test_large_and_slow), T(test_one_for_all), T(test_events),
		T(test_viewers_are_bounded), T(test_weftd_away), T(test_end), cmocka_unit_test(test_token), cmocka_unit_test(test_cookie),
	};
	signal(SIGPIPE, SIG_IGN);
	log_init("test_web");
	log_set("all", "off");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
