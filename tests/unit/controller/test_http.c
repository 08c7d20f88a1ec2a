/* SPDX-License-Identifier: Apache-2.0 */
/* http: requests are decoded, long answers come in slices, nobody who does not
 * read or does not speak costs more than his account. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controller/http.h"
#include "controller/rundir.h"
#include "tests/unit/controller/ask.h"

static char dir[64];
static struct rundir run;
static struct event_base *base;
static struct http *http;

/* What the streams of a test did. */
static size_t n_made, n_wanted, n_done;
static struct http_call *waiting;

static enum http_more more_lines(void *ctx, struct http_out *out)
{
	(void) ctx;
	char line[64];
	int n = snprintf(line, sizeof line, "%060zu\n", n_made);
	http_out(out, line, (size_t) n);
	return ++n_made == n_wanted ? HTTP_END : HTTP_MORE;
}

static enum http_more wait_for_wake(void *ctx, struct http_out *out)
{
	struct http_call *call = ctx;
	if (waiting != call) {
		waiting = call;
		http_out(out, "begin\n", 6);
		return HTTP_WAIT;
	}
	http_out(out, "end\n", 4);
	return HTTP_END;
}

static void done(void *ctx)
{
	(void) ctx;
	n_done++;
}

static const struct http_stream_ops lines = { more_lines, done };
static const struct http_stream_ops waits = { wait_for_wake, done };

static void handle(void *ctx, struct http_call *call)
{
	char text[4096];
	size_t size = 0;
	(void) ctx;
	if (!strcmp(http_path(call), "/lines")) {
		http_stream(call, "text/plain", &lines, NULL);
	} else if (!strcmp(http_path(call), "/wait")) {
		http_stream(call, "text/plain", &waits, call);
	} else if (!http_body(call, &size)) {
		http_reply(call, 413, NULL, "{}", 2);
	} else {
		int n = snprintf(text, sizeof text, "%s %s %zu", http_method(call), http_path(call), size);
		for (size_t i = 0; i < http_n_params(call); i++)
			n += snprintf(text + n, sizeof text - (size_t) n, " %s=%s", http_param_name(call, i),
				      http_param_value(call, i));
		http_reply(call, 200, NULL, text, (size_t) n);
	}
}

static int set_up(void **state)
{
	(void) state;
	snprintf(dir, sizeof dir, "/tmp/weft-http-XXXXXX");
	if (!mkdtemp(dir) || rundir_claim(&run, dir))
		return -1;
	base = event_base_new();
	http = http_new(base, run.listen_fd, handle, NULL);
	run.listen_fd = -1;
	n_made = n_done = 0;
	waiting = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	http_free(http);
	event_base_free(base);
	unlink(run.pid_path);
	rundir_release(&run);
	rmdir(dir);
	return 0;
}

static void expect(const char *method, const char *target, const char *body, size_t size,
		   int code, const char *text)
{
	struct answer answer;
	ask(base, run.address.sun_path, method, target, body, size, &answer);
	assert_int_equal(answer.code, code);
	assert_string_equal(answer.body, text);
	answer_free(&answer);
}

static void test_request_is_decoded(void **state)
{
	(void) state;
	expect("GET", "/v1/x", NULL, 0, 200, "GET /v1/x 0");
	expect("GET", "/a%20b?where=kvm1%3Avm&x=1+2&bare&=v&&e=", NULL, 0, 200,
	       "GET /a b 0 where=kvm1:vm x=1 2 bare= =v e=");
	expect("POST", "/p", "12345", 5, 200, "POST /p 5");
	expect("DELETE", "/p", NULL, 0, 200, "DELETE /p 0");
	/* No more parameters than there is room for. */
	char target[256] = "/?";
	for (int i = 0; i < 30; i++)
		strcat(target, "a=1&");
	struct answer answer;
	ask(base, run.address.sun_path, "GET", target, NULL, 0, &answer);
	assert_int_equal(answer.size, strlen("GET / 0") + HTTP_MAX_PARAMS * 4);
	answer_free(&answer);
}

static void test_body_is_bounded(void **state)
{
	(void) state;
	char *body = calloc(1, HTTP_MAX_BODY + 1), text[64];
	assert_non_null(body);
	snprintf(text, sizeof text, "POST /p %d", HTTP_MAX_BODY);
	expect("POST", "/p", body, HTTP_MAX_BODY, 200, text);
	expect("POST", "/p", body, HTTP_MAX_BODY + 1, 413, "{}");
	free(body);
}

static void test_stream(void **state)
{
	struct answer answer;
	(void) state;
	n_wanted = 20000;
	ask(base, run.address.sun_path, "GET", "/lines", NULL, 0, &answer);
	assert_int_equal(answer.code, 200);
	assert_int_equal(answer.size, 61 * 20000);
	assert_int_equal(atoi(answer.body + 61 * 19999), 19999);
	assert_int_equal(n_done, 1);
	answer_free(&answer);
}

static void test_stream_waits_and_wakes(void **state)
{
	char buf[1024];
	static const char get[] = "GET /wait HTTP/1.1\r\nHost: weftd\r\n\r\n";
	(void) state;
	int fd = ask_connect(run.address.sun_path);
	assert_int_equal(send(fd, get, sizeof get - 1, 0), sizeof get - 1);
	assert_true(ask_wait(base, fd, 5000));
	ask_turns(base, 20);
	ssize_t n = recv(fd, buf, sizeof buf - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_non_null(strstr(buf, "\r\nbegin\n\r\n"));
	assert_false(ask_wait(base, fd, 20));
	http_wake(waiting);
	assert_true(ask_wait(base, fd, 5000));
	ask_turns(base, 20);
	n = recv(fd, buf, sizeof buf - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_string_equal(buf, "4\r\nend\n\r\n0\r\n\r\n");
	assert_int_equal(recv(fd, buf, sizeof buf, 0), 0);
	assert_int_equal(n_done, 1);
	close(fd);
}

/* Who does not read gets no more made for him than the buffers hold; when he
 * goes away the stream is over. Others are served meanwhile. */
static void test_client_that_does_not_read(void **state)
{
	static const char get[] = "GET /lines HTTP/1.1\r\nHost: weftd\r\n\r\n";
	(void) state;
	n_wanted = 1000000000;
	int fd = ask_connect(run.address.sun_path);
	assert_int_equal(send(fd, get, sizeof get - 1, 0), sizeof get - 1);
	ask_turns(base, 300);
	size_t made = n_made;
	assert_true(made > 1000);
	assert_true(made * 61 < (1 << 20));
	ask_turns(base, 100);
	assert_int_equal(n_made, made);
	expect("GET", "/x", NULL, 0, 200, "GET /x 0");
	assert_int_equal(n_done, 0);
	/* He reads again, and it goes on. */
	char *buf = malloc(1 << 20);
	for (int i = 0; i < 20; i++) {
		assert_true(ask_wait(base, fd, 5000));
		assert_true(recv(fd, buf, 1 << 20, 0) > 0);
	}
	free(buf);
	assert_true(n_made > made);
	close(fd);
	ask_turns(base, 50);
	assert_int_equal(n_done, 1);
}

static void test_connections_are_bounded(void **state)
{
	static const char get[] = "GET /x HTTP/1.1\r\nHost: weftd\r\nConnection: close\r\n\r\n";
	int fds[HTTP_MAX_CONNECTIONS];
	(void) state;
	for (size_t i = 0; i < HTTP_MAX_CONNECTIONS; i++) {
		fds[i] = ask_connect(run.address.sun_path);
		ask_turns(base, 0);
	}
	ask_turns(base, 20);
	int late = ask_connect(run.address.sun_path);
	assert_int_equal(send(late, get, sizeof get - 1, 0), sizeof get - 1);
	assert_false(ask_wait(base, late, 50));
	close(fds[7]);
	assert_true(ask_wait(base, late, 5000));
	close(late);
	for (size_t i = 0; i < HTTP_MAX_CONNECTIONS; i++)
		if (i != 7)
			close(fds[i]);
	expect("GET", "/x", NULL, 0, 200, "GET /x 0");
}

/* Connections that ask for nothing do not keep others out. */
static void test_idle_ones_make_room(void **state)
{
	static const char get[] = "GET /x HTTP/1.1\r\nHost: weftd\r\nConnection: close\r\n\r\n";
	int fds[HTTP_MAX_CONNECTIONS];
	(void) state;
	for (size_t i = 0; i < HTTP_MAX_CONNECTIONS; i++) {
		fds[i] = ask_connect(run.address.sun_path);
		assert_int_equal(send(fds[i], get, i % 20, 0), i % 20);
		ask_turns(base, 0);
	}
	int late = ask_connect(run.address.sun_path);
	assert_int_equal(send(late, get, sizeof get - 1, 0), sizeof get - 1);
	assert_true(ask_wait(base, late, 5000));
	close(late);
	for (size_t i = 0; i < HTTP_MAX_CONNECTIONS; i++)
		close(fds[i]);
}

static void test_nonsense(void **state)
{
	static const char *const bytes[] = {
		"GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n", "GET\r\n\r\n", "GET /%zz%00%ff HTTP/1.1\r\nConnection: close\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n",
		"GET http://[::1 HTTP/1.1\r\nConnection: close\r\n\r\n", "GET * HTTP/1.1\r\nConnection: close\r\n\r\n",
	};
	(void) state;
	for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
		int fd = ask_connect(run.address.sun_path);
		assert_true(send(fd, bytes[i], strlen(bytes[i]), MSG_NOSIGNAL) > 0);
		ask_turns(base, 20);
		close(fd);
	}
	ask_turns(base, 20);
	expect("GET", "/x", NULL, 0, 200, "GET /x 0");
}

static void test_freed_while_streaming(void **state)
{
	static const char get[] = "GET /lines HTTP/1.1\r\nHost: weftd\r\n\r\n";
	(void) state;
	n_wanted = 1000000000;
	int fd = ask_connect(run.address.sun_path);
	assert_int_equal(send(fd, get, sizeof get - 1, 0), sizeof get - 1);
	int silent = ask_connect(run.address.sun_path);
	ask_turns(base, 50);
	http_free(http);
	http = NULL;
	assert_int_equal(n_done, 1);
	ask_turns(base, 20);
	close(fd);
	close(silent);
}

static void test_one_weftd_per_directory(void **state)
{
	struct rundir second;
	char expected[128];
	(void) state;
	const char *error = rundir_claim(&second, dir);
	assert_non_null(error);
	snprintf(expected, sizeof expected, "another weftd (pid %ld) serves %s", (long) getpid(), dir);
	assert_memory_equal(error, expected, strlen(expected));
	char longer[200];
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	error = rundir_claim(&second, longer);
	assert_non_null(error);
	assert_non_null(strstr(error, "too long"));
	assert_non_null(strstr(rundir_claim(&second, "/proc/weft"), "cannot make the run directory"));
}

static void test_one_weftd_per_state_folder(void **state)
{
	char folder[128], expected[256], lock[160];
	int one, two;
	(void) state;
	snprintf(folder, sizeof folder, "%s/state", dir);
	assert_null(statedir_claim(folder, &one));
	assert_true(one >= 0);
	const char *error = statedir_claim(folder, &two);
	assert_non_null(error);
	assert_int_equal(two, -1);
	snprintf(expected, sizeof expected, "another weftd (pid %ld) keeps its state in %s", (long) getpid(), folder);
	assert_memory_equal(error, expected, strlen(expected));
	close(one);
	assert_null(statedir_claim(folder, &two));
	assert_true(two >= 0);
	close(two);
	/* Where nothing can be kept, nobody is in the way. */
	assert_null(statedir_claim("/proc/weft", &two));
	assert_int_equal(two, -1);
	snprintf(lock, sizeof lock, "%s/weftd.lock", folder);
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
		T(test_request_is_decoded),
		T(test_body_is_bounded),
		T(test_stream),
		T(test_stream_waits_and_wakes),
		T(test_client_that_does_not_read),
		T(test_connections_are_bounded), T(test_idle_ones_make_room),
		T(test_nonsense),
		T(test_freed_while_streaming),
		T(test_one_weftd_per_directory), T(test_one_weftd_per_state_folder),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
