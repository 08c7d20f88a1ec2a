/* SPDX-License-Identifier: Apache-2.0 */
/* api: over a real socket, with a core and a file, in one thread: every path,
 * what is refused, streams, slow clients, and that the manual tells the truth. */
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

#include "controller/api_private.h"
#include "controller/loop.h"
#include "ofproto/log.h"
#include "tests/unit/controller/ask.h"
#include "tests/unit/controller/manual.h"
#include "tests/unit/controller/world.h"

static const char good[] =
	"version: 1\n"
	"switches: {kvm1: {dpid: 0x11}}\n"
	"networks:\n"
	"  office:\n"
	"    ports: [kvm1:vm-a]\n";
static const char other[] =
	"version: 1\n"
	"switches: {kvm1: {dpid: 0x11}}\n"
	"networks:\n"
	"  office:\n"
	"    ports: [kvm1:vm-a, kvm1:vm-b]\n";
static const char limited[] =
	"version: 1\n"
	"switches: {kvm1: {dpid: 0x11}}\n"
	"networks:\n"
	"  office:\n"
	"    storm: {broadcast: 10pps}\n"
	"    ports: [kvm1:vm-a, kvm1:vm-b]\n";
static const char guarded[] =
	"version: 1\n"
	"switches: {kvm1: {dpid: 0x11}}\n"
	"networks:\n"
	"  office:\n"
	"    guard: [dhcp, ra]\n"
	"    storm: {broadcast: 10pps}\n"
	"    ports: [{port: kvm1:vm-a, mac: \"02:00:00:00:00:02\", ip: 10.0.0.2, rate: 10Mbit}, {port: kvm1:vm-b, max_hosts: 1, on_limit: shut}]\n";
static const char bad[] =
	"version: 1\n"
	"networks:\n"
	"  office:\n"
	"    prots: [\"*:*\"]\n"
	"    vlan: 5000\n";

static char dir[64], file[128], socket_path[128];
static struct loop *loop;
static struct world world;
static struct history *history;
static struct config *config;
static struct api *api;
static char listener[] = "tcp:127.0.0.1:6653";
static char *listeners[] = { listener, NULL };
static int n_changed;

static void on_changed(void *ctx)
{
	(void) ctx;
	n_changed++;
}

static void write_file(const char *text)
{
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
	static const char *const ports[] = { "vm-a", "vm-b" };
	const char *error = NULL;
	(void) state;
	snprintf(dir, sizeof dir, "/tmp/weft-api-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof file, "%s/topology.yaml", dir);
	snprintf(socket_path, sizeof socket_path, "%s/weftd.sock", dir);
	write_file(good);
	loop = loop_new();
	world_init(&world, good);
	world.core->now_ms = loop_now_ms(loop);
	world_connect(&world, "kvm1", ports, 2);
	char folder[128];
	snprintf(folder, sizeof folder, "%s/history", dir);
	history = history_new(folder);
	config = config_new(loop, file, history);
	config_start(config, world.core, on_changed, NULL);
	struct api_world seen = { .core = world.core, .config = config, .listeners = listeners,
				  .started_wall_ms = loop_wall_ms() };
	api = api_new(loop, dir, &seen, &error);
	n_changed = 0;
	return api ? 0 : -1;
}

static int tear_down(void **state)
{
	char path[256];
	(void) state;
	api_free(api);
	config_free(config);
	history_free(history);
	world_uninit(&world);
	loop_free(loop);
	assert_int_equal(access(socket_path, F_OK), -1);
	unlink(file);
	snprintf(path, sizeof path, "%s/weftd.pid", dir);
	unlink(path);
	snprintf(path, sizeof path, "rm -r %s/history", dir);
	assert_int_equal(system(path), 0);
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

/* The answer, which must be JSON and have this code. */
static json_t *call(const char *method, const char *target, const char *body, int code)
{
	struct answer answer;
	ask(loop_base(loop), socket_path, method, target, body, body ? strlen(body) : 0, &answer);
	json_t *json = json_loadb(answer.body ? answer.body : "", answer.size, 0, NULL);
	assert_non_null(json);
	assert_int_equal(answer.code, code);
	assert_non_null(strstr(answer.head, "Content-Type: application/json\r\n"));
	answer_free(&answer);
	return json;
}

static const char *text(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));
	return value ? value : "";
}

static json_int_t number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static void test_status(void **state)
{
	(void) state;
	json_t *json = call("GET", "/v1/status", NULL, 200);
	assert_string_equal(text(json, "verdict"), "ok");
	assert_int_equal(number(json, "pid"), getpid());
	assert_string_equal(text(json, "version"), WEFT_VERSION);
	assert_string_equal(json_string_value(json_array_get(json_object_get(json, "listeners"), 0)), listener);
	const json_t *state_of_file = json_object_get(json, "config");
	assert_string_equal(text(state_of_file, "file"), file);
	assert_true(json_is_false(json_object_get(state_of_file, "failed")));
	json_decref(json);
}

/* What is refused, with a hint. */
static void test_errors(void **state)
{
	static const struct { const char *method, *target; int code; const char *error, *hint; } cases[] = {
		{ "GET", "/", 404, "there is no /", "/v1/" },
		{ "GET", "/v1/statsu", 404, "there is no /v1/statsu", "did you mean /v1/status?" },
		{ "GET", "/hosts", 404, "there is no /hosts", "did you mean /v1/hosts?" },
		{ "GET", "/v1/hosts/", 404, "there is no", "did you mean /v1/hosts?" },
		{ "POST", "/v1/status", 405, "/v1/status takes GET, not POST", "" },
		{ "GET", "/v1/apply", 405, "/v1/apply takes POST, not GET", "" },
		{ "DELETE", "/v1/log", 405, "/v1/log takes GET, POST, not DELETE", "" },
		{ "GET", "/v1/status?x=1", 400, "no parameter \"x\"", "it takes no parameters" },
		{ "GET", "/v1/hosts?netwrok=office", 400, "no parameter \"netwrok\"", "did you mean network?" },
		{ "GET", "/v1/hosts?limit=1&limit=2", 400, "there twice", "" },
		{ "GET", "/v1/hosts?limit=ten", 400, "\"ten\" is no value", "at most so many" },
		{ "GET", "/v1/hosts?limit=-1", 400, "\"-1\" is no value", "" },
		{ "GET", "/v1/events?after=99999999999999999999", 400, "is no value", "" },
		{ "GET", "/v1/events?follow=yes", 400, "\"yes\" is no value", "1 = " },
	};
	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *json = call(cases[i].method, cases[i].target, NULL, cases[i].code);
		assert_non_null(strstr(text(json, "error"), cases[i].error));
		assert_non_null(strstr(text(json, "hint"), cases[i].hint));
		json_decref(json);
	}
}

static void test_apply(void **state)
{
	char on_disk[1024] = "";
	(void) state;
	json_t *json = call("POST", "/v1/apply", other, 200);
	assert_true(json_is_true(json_object_get(json, "applied")));
	assert_string_equal(text(json, "digest"), world.core->net->digest_text);
	json_decref(json);
	assert_int_equal(n_changed, 1);
	assert_int_equal(world.core->net->networks[0].n_ports, 2);
	json = call("POST", "/v1/apply", bad, 422);
	assert_true(json_is_false(json_object_get(json, "applied")));
	const json_t *findings = json_object_get(json, "findings");
	assert_true(json_array_size(findings) >= 2);
	assert_int_equal(number(json_array_get(findings, 0), "line"), 4);
	assert_int_equal(number(json_array_get(findings, 0), "column"), 5);
	assert_string_equal(text(json_array_get(findings, 0), "code"), "E003");
	json_decref(json);
	/* A bad text changes nothing, and is no finding about the file. */
	assert_int_equal(n_changed, 1);
	json = call("GET", "/v1/config", NULL, 200);
	assert_true(json_is_false(json_object_get(json, "failed")));
	assert_int_equal(json_array_size(json_object_get(json, "findings")), 0);
	json_decref(json);
	FILE *f = fopen(file, "r");
	assert_non_null(f);
	assert_int_equal(fread(on_disk, 1, sizeof on_disk - 1, f), sizeof other - 1);
	fclose(f);
	assert_string_equal(on_disk, other);
}

static void test_check(void **state)
{
	(void) state;
	json_t *json = call("POST", "/v1/check", other, 200);
	assert_true(json_is_true(json_object_get(json, "ok")));
	json_decref(json);
	json = call("POST", "/v1/check", bad, 200);
	assert_true(json_is_false(json_object_get(json, "ok")));
	assert_true(json_array_size(json_object_get(json, "findings")) >= 2);
	json_decref(json);
	json = call("POST", "/v1/check", "\xff\xfe:\x01{[", 200);
	assert_true(json_is_false(json_object_get(json, "ok")));
	json_decref(json);
	assert_int_equal(n_changed, 0);
}

static void send_body(int fd, const char *bytes, size_t size)
{
	for (size_t sent = 0; sent < size;) {
		ssize_t n = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
		assert_true(n > 0 || errno == EAGAIN);
		sent += n > 0 ? (size_t) n : 0;
		ask_turns(loop_base(loop), 0);
	}
}

/* A file with that many networks; the caller's. */
static char *many_networks(unsigned n, size_t *ret_size)
{
	char *body = malloc(n * 64 + 64);
	assert_non_null(body);
	*ret_size = (size_t) sprintf(body, "version: 1\nnetworks:\n");
	for (unsigned i = 0; i < n; i++)
		*ret_size += (size_t) sprintf(body + *ret_size, "  net%u: {ports: [kvm1:p%u]}\n", i, i);
	return body;
}

/* Many large ones at once: some are turned away, the others are answered, and
 * the loop goes on meanwhile. One client does not wait for his answer. */
static void test_checks_are_bounded(void **state)
{
	enum { N = API_MAX_CHECKS + 2, NETWORKS = 40000 };
	size_t size;
	char *body = many_networks(NETWORKS, &size), head[256];
	int fds[N], n_answered = 0, n_refused = 0;
	(void) state;
	int head_size = snprintf(head, sizeof head, "POST /v1/check HTTP/1.0\r\nContent-Length: %zu\r\n\r\n", size);
	for (size_t i = 0; i < N; i++) {
		fds[i] = ask_connect(socket_path);
		send_body(fds[i], head, (size_t) head_size);
		send_body(fds[i], body, size - 1);
	}
	/* All but the last byte is there; now all begin at once. */
	for (size_t i = 0; i < N; i++)
		send_body(fds[i], body + size - 1, 1);
	ask_turns(loop_base(loop), 10);
	assert_int_equal(api->n_checks, API_MAX_CHECKS);
	json_decref(call("GET", "/v1/status", NULL, 200));
	close(fds[0]);
	for (size_t i = 1; i < N; i++) {
		char buf[1024];
		ssize_t got = 0, n = 1;
		while (n > 0) {
			assert_true(ask_wait(loop_base(loop), fds[i], 30000));
			n = recv(fds[i], buf + got, sizeof buf - 1 - (size_t) got, 0);
			got += n > 0 ? n : 0;
		}
		buf[got] = '\0';
		n_answered += strstr(buf, "{\"ok\":true") != NULL;
		n_refused += strstr(buf, " 503 ") != NULL;
		close(fds[i]);
	}
	assert_int_equal(n_answered, API_MAX_CHECKS - 1);
	assert_int_equal(n_refused, N - API_MAX_CHECKS);
	/* The next one finds room, and api_free waits for what still runs. */
	ask_turns(loop_base(loop), 20);
	int late = ask_connect(socket_path);
	send_body(late, head, (size_t) head_size);
	send_body(late, body, size);
	ask_turns(loop_base(loop), 5);
	assert_true(api->n_checks > 0);
	close(late);
	free(body);
}

static void test_reload(void **state)
{
	(void) state;
	write_file(bad);
	json_t *json = call("POST", "/v1/reload", NULL, 422);
	assert_true(json_array_size(json_object_get(json, "findings")) >= 2);
	json_decref(json);
	json = call("GET", "/v1/status", NULL, 200);
	assert_string_equal(text(json, "verdict"), "degraded");
	assert_string_equal(text(json_array_get(json_object_get(json, "problems"), 0), "kind"), "config-refused");
	assert_true(json_is_true(json_object_get(json_object_get(json, "config"), "failed")));
	json_decref(json);
	json = call("GET", "/v1/config", NULL, 200);
	assert_string_equal(text(json, "text"), bad);
	json_decref(json);
	write_file(good);
	json_decref(call("POST", "/v1/reload", NULL, 200));
	json = call("GET", "/v1/status", NULL, 200);
	assert_string_equal(text(json, "verdict"), "ok");
	json_decref(json);
}

static void test_log(void **state)
{
	(void) state;
	json_t *json = call("POST", "/v1/log", "{\"module\": \"api\", \"level\": \"err\"}", 200), *item;
	size_t i, n = 0;
	json_array_foreach(json_object_get(json, "modules"), i, item)
		n += !strcmp(text(item, "module"), "api") && !strcmp(text(item, "level"), "err");
	assert_int_equal(n, 1);
	json_decref(json);
	json_decref(call("POST", "/v1/log?module=api&level=warn", NULL, 200));
	json_decref(call("POST", "/v1/log", "{\"module\": \"nix\", \"level\": \"err\"}", 400));
	json_decref(call("POST", "/v1/log", "{\"module\": \"api\", \"level\": \"loud\"}", 400));
	json_decref(call("POST", "/v1/log", "{\"module\": 7}", 400));
	json_decref(call("POST", "/v1/log", "{", 400));
	json_decref(call("POST", "/v1/log", NULL, 400));
}

/* --- long answers ----------------------------------------------------------------------- */

enum { MANY = 20000 };

static void test_many_hosts(void **state)
{
	(void) state;
	for (unsigned i = 1; i <= MANY; i++)
		world_learn(&world, "office", i, 0, 1);
	json_t *json = call("GET", "/v1/hosts", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(json, "hosts")), SHOW_LIMIT);
	assert_true(json_is_true(json_object_get(json, "truncated")));
	json_decref(json);
	json = call("GET", "/v1/hosts?limit=0", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(json, "hosts")), MANY);
	assert_true(json_is_false(json_object_get(json, "truncated")));
	json_decref(json);
	json = call("GET", "/v1/hosts?network=office&mac=02:00:00:00:00:07", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(json, "hosts")), 1);
	json_decref(json);
}

/* One turn of the loop with a long answer in the making is short. */
static void test_long_answer_does_not_hold_the_loop(void **state)
{
	static const char get[] = "GET /v1/hosts?limit=0 HTTP/1.1\r\nHost: weftd\r\n\r\n";
	(void) state;
	for (unsigned i = 1; i <= MANY; i++)
		world_learn(&world, "office", i, 0, 1);
	int fd = ask_connect(socket_path), n_reads = 0;
	assert_int_equal(send(fd, get, sizeof get - 1, 0), sizeof get - 1);
	char *buf = malloc(1 << 20);
	for (ssize_t n = 1; n > 0; n_reads += n > 0) {
		assert_true(ask_wait(loop_base(loop), fd, 5000));
		n = recv(fd, buf, 1 << 20, 0);
	}
	free(buf);
	close(fd);
	/* 3 MB in slices of at most 64 KiB. */
	assert_true(n_reads > 30);
}

/* --- followers ------------------------------------------------------------------------------ */

static int follow(const char *query)
{
	char get[256];
	int fd = ask_connect(socket_path);
	int n = snprintf(get, sizeof get, "GET /v1/events?follow=1%s HTTP/1.0\r\nHost: weftd\r\n\r\n", query);
	assert_int_equal(send(fd, get, (size_t) n, 0), n);
	ask_turns(loop_base(loop), 20);
	return fd;
}

/* All lines that are there now, parsed; the head of the answer is skipped. */
static json_t *lines_of(int fd)
{
	char *buf = malloc(8 << 20);
	size_t size = 0;
	assert_non_null(buf);
	for (;;) {
		ask_turns(loop_base(loop), 20);
		ssize_t n = recv(fd, buf + size, (8 << 20) - 1 - size, 0);
		if (n <= 0)
			break;
		size += (size_t) n;
	}
	buf[size] = '\0';
	char *line = strstr(buf, "\r\n\r\n"), *end;
	line = line ? line + 4 : buf;
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
	json_t *events = lines_of(fd);
	assert_int_equal(json_array_size(events), 0);
	json_decref(events);
	uint64_t before = events_last_id(world.core->events);
	note("one", "x", 1);
	note("two", "x", 2);
	events = lines_of(fd);
	assert_int_equal(json_array_size(events), 2);
	assert_int_equal(number(json_array_get(events, 0), "id"), before + 1);
	assert_string_equal(text(json_array_get(events, 1), "kind"), "two");
	json_decref(events);
	events = lines_of(only);
	assert_int_equal(json_array_size(events), 1);
	json_decref(events);
	events = lines_of(all);
	assert_int_equal(json_array_size(events), before + 2);
	json_decref(events);
	/* An id of an earlier life: all that this one has. */
	events = lines_of(future);
	assert_int_equal(json_array_size(events), before + 2);
	json_decref(events);
	close(fd);
	close(only);
	close(all);
	close(future);
	ask_turns(loop_base(loop), 20);
	assert_int_equal(api->n_followers, 0);
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
	json_t *events = lines_of(fd);
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
	ask_turns(loop_base(loop), 50);
	assert_int_equal(api->n_followers, 0);
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

/* --- the manual ---------------------------------------------------------------------------------- */

static void test_explain(void **state)
{
	static const struct { const char *target, *error; } wrong[] = {
		{ "/v1/explain?from=vm-a", "from and to are wanted" },
		{ "/v1/explain?from=vm-a&to=vm-b&protocol=tcp", "\"tcp\" is no protocol" },
		{ "/v1/explain?from=vm-a&to=vm-b&size=1", "\"1\" is no size" },
	}, odd[] = {
		{ "/v1/explain?from=vm-a&to=vm-a", "the same host" },
		{ "/v1/explain?from=nowhere/vm-a&to=vm-b", "there is no network" },
		{ "/v1/explain?from=vm-a&to=vm-b&probe=1", "no probe: " },
	};
	(void) state;
	world_reload(&world, other);
	core_plan(world.core);
	world_take_rows(&world, 0);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *json = call("GET", wrong[i].target, NULL, 400);
		assert_non_null(strstr(json_string_value(json_object_get(json, "error")), wrong[i].error));
		json_decref(json);
	}
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		json_t *json = call("GET", odd[i].target, NULL, 422);
		const char *error = json_string_value(json_object_get(json, "error"));
		if (!strstr(error, odd[i].error))
			fail_msg("%s: %s", odd[i].target, error);
		assert_true(json_is_string(json_object_get(json, "hint")));
		json_decref(json);
	}
	json_t *json = call("GET", "/v1/explain?from=vm-a&to=vm-b", NULL, 200);
	char *text = json_dumps(json, 0);
	if (strcmp(json_string_value(json_object_get(json, "verdict")), "reachable"))
		fail_msg("%s", text);
	free(text);
	json_decref(json);
}

static void test_confirm_and_rollback(void **state)
{
	(void) state;
	json_decref(call("POST", "/v1/confirm", NULL, 409));
	json_decref(call("POST", "/v1/rollback", NULL, 409));
	json_t *json = call("POST", "/v1/apply?confirm_seconds=600&message=why%20so", other, 200);
	const json_t *waits = json_object_get(json, "confirm");
	assert_int_equal(json_integer_value(json_object_get(json, "revision")), 2);
	assert_int_equal(json_integer_value(json_object_get(waits, "revision")), 2);
	assert_int_equal(json_integer_value(json_object_get(waits, "back_to")), 1);
	json_decref(json);
	json = call("GET", "/v1/history", NULL, 200);
	const json_t *last = json_array_get(json_object_get(json, "revisions"), 1);
	assert_string_equal(text(last, "source"), "apply");
	assert_string_equal(text(last, "message"), "why so");
	assert_int_equal(json_integer_value(json_object_get(last, "uid")), getuid());
	assert_int_equal(json_integer_value(json_object_get(json, "in_force")), 2);
	manual_knows("history", json);
	manual_is_kept("history", json, NULL);
	json_decref(json);
	json_decref(call("POST", "/v1/apply", good, 409));
	json_decref(call("POST", "/v1/rollback?number=1", NULL, 200));
	json = call("GET", "/v1/revision", NULL, 200);
	assert_int_equal(json_integer_value(json_object_get(json, "number")), 3);
	assert_string_equal(text(json, "text"), good);
	json_decref(json);
	json = call("GET", "/v1/revision?number=2", NULL, 200);
	assert_string_equal(text(json, "text"), other);
	json_decref(json);
	json_decref(call("GET", "/v1/revision?number=9", NULL, 404));
	json_decref(call("GET", "/v1/revision?number=x", NULL, 400));
	json_decref(call("POST", "/v1/apply?confirm_seconds=0", other, 400));
	json_decref(call("POST", "/v1/apply?confirm_seconds=86401", other, 400));
	json_decref(call("POST", "/v1/apply?confirm_seconds=5", other, 200));
	json_decref(call("POST", "/v1/confirm", NULL, 200));
}

/* The copy tells, weftd itself is as it was; the file on the disk is what is asked for without a body. */
static void test_plan(void **state)
{
	const struct net *net = world.core->net;
	(void) state;
	json_t *json = call("POST", "/v1/plan", other, 200);
	assert_true(json_is_true(json_object_get(json, "changes")));
	long long added = json_integer_value(json_object_get(json, "added"));
	assert_true(added > 0);
	json_decref(json);
	assert_ptr_equal(world.core->net, net);
	assert_int_equal(ledger_n_dirty(world.core->switches[0]->ledger), 0);
	json = call("POST", "/v1/plan", NULL, 200);
	assert_true(json_is_false(json_object_get(json, "changes")));
	json_decref(json);
	json = call("POST", "/v1/plan?rows=1", bad, 200);
	assert_true(json_is_false(json_object_get(json, "ok")));
	assert_true(json_array_size(json_object_get(json, "findings")) > 1);
	json_decref(json);
	/* Long enough that it comes in many pieces. */
	char *large = malloc(1 << 16);
	int n = sprintf(large, "version: 1\nswitches: {kvm1: {dpid: 0x11}}\nnetworks:\n");
	for (int i = 0; i < 500; i++)
		n += sprintf(large + n, "  net%d: {ports: [{port: kvm1:vm-a, tag: %d}]}\n", i, i + 1);
	json = call("POST", "/v1/plan?rows=1", large, 200);
	free(large);
	assert_true(json_array_size(json_object_get(json, "rows")) > 500);
	json_decref(json);
	assert_int_equal(n_changed, 0);
}

static void wait_for_plans(size_t n)
{
	for (int i = 0; api->n_plans != n && i < 3000; i++)
		ask_turns(loop_base(loop), 10);
	assert_int_equal(api->n_plans, n);
}

/* Two at a time; a client that goes away ends its own, and nothing is left of it. */
static void test_plans_are_bounded(void **state)
{
	enum { N = API_MAX_PLANS + 1, NETWORKS = 20000, PATIENCE_MS = 120000 };
	size_t size;
	char *body = many_networks(NETWORKS, &size), head[256], buf[4096];
	int fds[N];
	(void) state;
	int head_size = snprintf(head, sizeof head, "POST /v1/plan HTTP/1.0\r\nContent-Length: %zu\r\n\r\n", size);
	for (size_t i = 0; i < N; i++) {
		fds[i] = ask_connect(socket_path);
		send_body(fds[i], head, (size_t) head_size);
		send_body(fds[i], body, size - 1);
	}
	for (size_t i = 0; i < N; i++)
		send_body(fds[i], body + size - 1, 1);
	ask_turns(loop_base(loop), 10);
	assert_int_equal(api->n_plans, API_MAX_PLANS);
	json_decref(call("GET", "/v1/status", NULL, 200));
	assert_true(ask_wait(loop_base(loop), fds[N - 1], PATIENCE_MS));
	assert_true(recv(fds[N - 1], buf, sizeof buf, 0) > 0);
	assert_non_null(strstr(buf, " 503 "));
	close(fds[0]);
	wait_for_plans(API_MAX_PLANS - 1);
	for (ssize_t n = 1; n > 0;) {
		assert_true(ask_wait(loop_base(loop), fds[1], PATIENCE_MS));
		n = recv(fds[1], buf, sizeof buf, 0);
	}
	wait_for_plans(0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	for (size_t i = 1; i < N; i++)
		close(fds[i]);
	/* api_free waits for what still runs. */
	int late = ask_connect(socket_path);
	send_body(late, head, (size_t) head_size);
	send_body(late, body, size);
	ask_turns(loop_base(loop), 5);
	assert_int_equal(api->n_plans, 1);
	close(late);
	free(body);
}

static void test_manual_tells_the_truth(void **state)
{
	static const char *const lists[] = { "switches", "ports", "hosts", "networks", "flows", "events", "objects" };
	static const char *const documents[] = { "status", "config", "counters", "log" };
	(void) state;
	/* Something of everything. */
	json_decref(call("POST", "/v1/apply?confirm_seconds=600", other, 200));
	world_learn(&world, "office", 1, 0, 1);
	world_reload(&world, limited);
	core_plan(world.core);
	world_learn(&world, "office", 1, 0, 2);
	struct fact closed = { .kind = FACT_QUARANTINE, .reason = REASON_LOOP, .sw = 0, .ofport = 1, .old_sw = NET_NONE,
			       .network = world.core->net->networks[0].id };
	core_fact(world.core, &closed);
	struct fact storm = { .kind = FACT_STORM, .sw = 0, .ofport = 2, .old_sw = NET_NONE,
			      .network = world.core->net->networks[0].id };
	core_fact(world.core, &storm);
	storm.n_dropped = 7;
	core_fact(world.core, &storm);
	struct fact claim = { .kind = FACT_ADDRESS, .sw = 0, .ofport = 2, .old_sw = NET_NONE, .has_ip4 = true,
			      .network = world.core->net->networks[0].id, .ip4 = { 10, 0, 0, 1 } };
	memcpy(claim.mac, (uint8_t[6]) { 2, 0, 0, 0, 0, 1 }, 6);
	core_fact(world.core, &claim);
	world_reload(&world, guarded);
	struct fact lease = claim, shut = { .kind = FACT_PORT_SHUT, .sw = 0, .ofport = 2, .network = claim.network };
	lease.kind = FACT_LEASE;
	lease.until_s = UINT32_MAX;
	core_fact(world.core, &lease);
	core_fact(world.core, &shut);
	core_refuse(world.core, "kvm9", 9, "no such switch");
	write_file(bad);
	json_decref(call("POST", "/v1/reload", NULL, 422));
	for (size_t i = 0; i < 7 + 4; i++) {
		const char *name = i < 7 ? lists[i] : documents[i - 7];
		char path[64];
		snprintf(path, sizeof path, "/v1/%s", name);
		json_t *json = call("GET", path, NULL, 200);
		const json_t *what = i < 7 ? json_object_get(json, name) : json;
		assert_true(i >= 7 || json_array_size(what) > 0);
		manual_knows(name, what);
		/* No session here, so there is nothing of one. */
		manual_is_kept(name, what, (const char *const[]) { "session.", "sync.", NULL });
		json_decref(json);
	}
	json_t *explained = call("GET", "/v1/explain?from=vm-a&to=kvm1:vm-b", NULL, 200);
	manual_knows("explain", explained);
	/* Nothing is wrong here, and nothing was sent. */
	manual_is_kept("explain", explained, (const char *const[]) { "directions.causes.", "probe.", NULL });
	json_decref(explained);
	json_t *plan = call("POST", "/v1/plan?rows=1", good, 200);
	manual_knows("plan", plan);
	manual_is_kept("plan", plan, NULL);
	json_decref(plan);
	char *page = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&page, &size);
	assert_non_null(f);
	api_print_reference(f);
	fclose(f);
	assert_non_null(strstr(page, "## GET /v1/status\n"));
	assert_non_null(strstr(page, "## POST /v1/apply\n"));
	assert_non_null(strstr(page, "| `verdict` |"));
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
		T(test_status),
		T(test_errors),
		T(test_apply),
		T(test_check),
		T(test_checks_are_bounded),
		T(test_reload),
		T(test_log),
		T(test_many_hosts),
		T(test_long_answer_does_not_hold_the_loop),
		T(test_follow),
		T(test_slow_follower),
		T(test_followers_are_bounded),
		T(test_ends_under_followers),
		T(test_explain),
		T(test_confirm_and_rollback),
		T(test_plan),
		T(test_plans_are_bounded),
		T(test_manual_tells_the_truth),
	};
	signal(SIGPIPE, SIG_IGN);
	log_init("test_api");
	log_set("all", "off");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
