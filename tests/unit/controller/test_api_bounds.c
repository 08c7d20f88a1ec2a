/* SPDX-License-Identifier: Apache-2.0 */
/* api: what takes long: checks, plans and long answers, of which so many run at a time. */
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

static void send_body(int fd, const char *bytes, size_t size)
{
	for (size_t sent = 0; sent < size;) {
		ssize_t n = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
		assert_true(n > 0 || errno == EAGAIN);
		sent += n > 0 ? (size_t) n : 0;
		ask_turns(loop_base(loop), 0);
	}
}

/* All but the last byte of each, and then that: they begin at once. */
static void ask_at_once(int *fds, size_t n, const char *head, const char *body, size_t size)
{
	for (size_t i = 0; i < n; i++) {
		fds[i] = ask_connect(socket_path);
		send_body(fds[i], head, strlen(head));
		send_body(fds[i], body, size - 1);
	}
	for (size_t i = 0; i < n; i++)
		send_body(fds[i], body + size - 1, 1);
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
	snprintf(head, sizeof head, "POST /v1/check HTTP/1.0\r\nContent-Length: %zu\r\n\r\n", size);
	ask_at_once(fds, N, head, body, size);
	AWAIT(api->n_checks == API_MAX_CHECKS);
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
	AWAIT(api->n_checks == 0);
	int late = ask_connect(socket_path);
	send_body(late, head, strlen(head));
	send_body(late, body, size);
	AWAIT(api->n_checks > 0);
	close(late);
	free(body);
}

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

/* Two at a time; a client that goes away ends its own, and nothing is left of it. */
static void test_plans_are_bounded(void **state)
{
	enum { N = API_MAX_PLANS + 1, NETWORKS = 20000, PATIENCE_MS = 120000 };
	size_t size;
	char *body = many_networks(NETWORKS, &size), head[256], buf[4096];
	int fds[N];
	(void) state;
	snprintf(head, sizeof head, "POST /v1/plan HTTP/1.0\r\nContent-Length: %zu\r\n\r\n", size);
	ask_at_once(fds, N, head, body, size);
	AWAIT(api->n_plans == API_MAX_PLANS);
	json_decref(call("GET", "/v1/status", NULL, 200));
	assert_true(ask_wait(loop_base(loop), fds[N - 1], PATIENCE_MS));
	assert_true(recv(fds[N - 1], buf, sizeof buf, 0) > 0);
	assert_non_null(strstr(buf, " 503 "));
	close(fds[0]);
	AWAIT(api->n_plans == API_MAX_PLANS - 1);
	for (ssize_t n = 1; n > 0;) {
		assert_true(ask_wait(loop_base(loop), fds[1], PATIENCE_MS));
		n = recv(fds[1], buf, sizeof buf, 0);
	}
	AWAIT(api->n_plans == 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	for (size_t i = 1; i < N; i++)
		close(fds[i]);
	/* api_free waits for what still runs. */
	int late = ask_connect(socket_path);
	send_body(late, head, strlen(head));
	send_body(late, body, size);
	AWAIT(api->n_plans == 1);
	close(late);
	free(body);
}

#define T(F) cmocka_unit_test_setup_teardown(F, api_served_up, api_served_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_checks_are_bounded), T(test_many_hosts), T(test_long_answer_does_not_hold_the_loop),
		T(test_plan), T(test_plans_are_bounded),
	};
	signal(SIGPIPE, SIG_IGN);
	log_init("test_api");
	log_set("all", "off");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
