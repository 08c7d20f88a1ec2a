/* SPDX-License-Identifier: Apache-2.0 */
/* listen: what targets may look like, and what an accepted socket is like. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "end.h"
#include "ofproto/listen.h"

static int setup(void **state)
{
	*state = event_base_new();
	return 0;
}

static int teardown(void **state)
{
	event_base_free(*state);
	return 0;
}

static void parses_targets(void **state)
{
	static const struct {
		const char *text, *address;
		bool is_tls;
		uint16_t port;
	} cases[] = {
		{"ssl::6653", "", true, 6653},
		{"ssl:[]:6653", "", true, 6653},
		{"ssl:6653", "", true, 6653},
		{"tcp:127.0.0.1:6653", "127.0.0.1", false, 6653},
		{"tcp:[127.0.0.1]:1", "127.0.0.1", false, 1},
		{"ssl:[::]:65535", "::", true, 65535},
		{"ssl:[2001:db8::7]:6653", "2001:db8::7", true, 6653},
		{"tcp:[::1]:0", "::1", false, 0},
	};
	struct listen_target target;

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_null(listen_parse(cases[i].text, &target));
		assert_string_equal(target.address, cases[i].address);
		assert_int_equal(target.is_tls, cases[i].is_tls);
		assert_int_equal(target.port, cases[i].port);
	}
}

static void explains_bad_targets(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"", "wanted ssl:"},
		{"6653", "wanted ssl:"},
		{"udp:127.0.0.1:6653", "wanted ssl:"},
		{"ptcp:6653", "wanted ssl:"},
		{"ssl:", "the port"},
		{"ssl::", "the port"},
		{"tcp:127.0.0.1", "the port"},
		{"tcp:127.0.0.1:65536", "the port"},
		{"tcp:127.0.0.1:-1", "the port"},
		{"tcp:127.0.0.1:+1", "the port"},
		{"tcp:127.0.0.1: 1", "the port"},
		{"tcp:127.0.0.1:000001", "the port"},
		{"ssl:2001:db8::7:6653", "brackets"},
		{"ssl:::1:6653", "brackets"},
		{"tcp:localhost:6653", "not a name"},
		{"tcp:127.0.0.256:6653", "not a name"},
		{"tcp:[::1:6653", "brackets"},
		{"tcp:12345678901234567890123456789012345678901234567890123456789012345:1", "too long"},
	};
	struct listen_target target = {.port = 77};
	const char *why;

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		why = listen_parse(cases[i].text, &target);
		if (!why || !strstr(why, cases[i].words))
			fail_msg("%s: %s", cases[i].text, why ? why : "was taken");
	}
	assert_int_equal(target.port, 77);
}

struct guests {
	int fds[64];
	size_t n;
	bool is_tls;
};

static void take(void *ctx, int fd, bool is_tls)
{
	struct guests *g = ctx;

	assert_true(g->n < 64);
	g->fds[g->n++] = fd;
	g->is_tls = is_tls;
}

static void send_home(struct guests *g)
{
	while (g->n > 0)
		close(g->fds[--g->n]);
}

static struct listener *open_listener(struct event_base *base, const char *text, struct guests *g)
{
	struct listen_target target;
	struct listener *l;
	const char *error;

	assert_null(listen_parse(text, &target));
	l = listen_new(base, &target, take, g, &error);
	if (!l)
		fail_msg("%s", error);
	return l;
}

static int dial(int family, uint16_t port)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback,
	};
	int fd = socket(family, SOCK_STREAM, 0);
	int rc = family == AF_INET ? connect(fd, (struct sockaddr *) &v4, sizeof(v4))
				   : connect(fd, (struct sockaddr *) &v6, sizeof(v6));

	if (rc == 0)
		return fd;
	close(fd);
	return -1;
}

static bool has_ipv6(void)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool has = fd >= 0 && !bind(fd, (struct sockaddr *) &v6, sizeof(v6));

	if (fd >= 0)
		close(fd);
	return has;
}

static void accepts(void **state)
{
	struct guests g = {0};
	struct listener *l = open_listener(*state, "ssl:127.0.0.1:0", &g);
	int fds[3], nodelay = 0;
	socklen_t size = sizeof(nodelay);
	char text[64];

	assert_true(listen_port(l) != 0);
	snprintf(text, sizeof(text), "ssl:127.0.0.1:%u", listen_port(l));
	assert_string_equal(listen_text(l), text);
	for (size_t i = 0; i < 3; i++)
		fds[i] = dial(AF_INET, listen_port(l));
	RUN_UNTIL(*state, g.n == 3);
	assert_true(g.is_tls);
	assert_true(fcntl(g.fds[0], F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(g.fds[0], F_GETFD) & FD_CLOEXEC);
	getsockopt(g.fds[0], IPPROTO_TCP, TCP_NODELAY, &nodelay, &size);
	assert_int_equal(nodelay, 1);
	listen_free(l);
	assert_int_equal(dial(AF_INET, (uint16_t) atoi(strrchr(text, ':') + 1)), -1);
	send_home(&g);
	for (size_t i = 0; i < 3; i++)
		close(fds[i]);
	listen_free(NULL);
}

static void listens_to_both_families(void **state)
{
	struct guests g = {0};
	struct listener *l;
	int v4, v6;
	char text[64];

	if (!has_ipv6())
		skip();
	l = open_listener(*state, "tcp::0", &g);
	snprintf(text, sizeof(text), "tcp:[::]:%u", listen_port(l));
	assert_string_equal(listen_text(l), text);
	v4 = dial(AF_INET, listen_port(l));
	v6 = dial(AF_INET6, listen_port(l));
	assert_true(v4 >= 0 && v6 >= 0);
	RUN_UNTIL(*state, g.n == 2);
	assert_false(g.is_tls);
	close(v4);
	close(v6);
	send_home(&g);
	listen_free(l);

	l = open_listener(*state, "tcp:[::1]:0", &g);
	assert_int_equal(dial(AF_INET, listen_port(l)), -1);
	v6 = dial(AF_INET6, listen_port(l));
	RUN_UNTIL(*state, g.n == 1);
	close(v6);
	send_home(&g);
	listen_free(l);
}

static void says_why_it_cannot(void **state)
{
	struct guests g = {0};
	struct listener *l = open_listener(*state, "tcp:127.0.0.1:0", &g);
	struct listen_target target = {.address = "127.0.0.1", .port = listen_port(l)};
	const char *error = NULL;
	char text[128];

	assert_null(listen_new(*state, &target, take, &g, &error));
	snprintf(text, sizeof(text), "cannot listen on tcp:127.0.0.1:%u: Address already in use",
		 listen_port(l));
	assert_string_equal(error, text);
	strcpy(target.address, "203.0.113.1");
	assert_null(listen_new(*state, &target, take, &g, &error));
	assert_non_null(strstr(error, "Cannot assign requested address"));
	listen_free(l);
}

/* No file descriptors: the connection waits, the loop does not spin, and the
 * connection is taken as soon as there is one. */
static void waits_for_file_descriptors(void **state)
{
	struct guests g = {0};
	struct listener *l = open_listener(*state, "tcp:127.0.0.1:0", &g);
	struct rlimit limit, tight;
	int guest = dial(AF_INET, listen_port(l)), spare = dup(0);

	getrlimit(RLIMIT_NOFILE, &limit);
	tight = limit;
	tight.rlim_cur = (rlim_t) spare;
	close(spare);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	RUN_UNTIL(*state, listen_n_exhausted(l) == 1);
	for (int i = 0; i < 50; i++)
		event_base_loop(*state, EVLOOP_NONBLOCK);
	assert_int_equal(listen_n_exhausted(l), 1);
	assert_int_equal(g.n, 0);
	setrlimit(RLIMIT_NOFILE, &limit);
	RUN_UNTIL(*state, g.n == 1);
	close(guest);
	send_home(&g);
	listen_free(l);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(parses_targets),
		TEST(explains_bad_targets),
		TEST(accepts),
		TEST(listens_to_both_families),
		TEST(says_why_it_cannot),
		TEST(waits_for_file_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
