/* SPDX-License-Identifier: Apache-2.0 */
/* name: comments for rows of ours, silence for everything else, whatever the
 * line holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "controller/name.h"

static int set_up(void **state)
{
	struct names *names = names_new("topology.yaml");
	names_add_app(names, 1, "ingress");
	names_add_app(names, 2, "l2");
	names_add_object(names, 0xfeed00000002, "port kvm1:vm-a of network office", 12);
	names_add_object(names, 0x000000000001, "network office", 10);
	names_add_object(names, 0x00000000abcd, "switch 0x0000000000000abc", 0);
	*state = names;
	return 0;
}

static int tear_down(void **state)
{
	names_free(*state);
	return 0;
}

static const struct { const char *line, *comment; } lines[] = {
	/* As dump-flows writes them, with and without counters. */
	{ " cookie=0x7702feed00000002, duration=1.2s, table=60, n_packets=3, n_bytes=180, idle_timeout=300, "
	  "send_flow_rem priority=300,reg0=0x1,in_port=1,dl_src=02:00:00:00:00:01 actions=goto_table:70",
	  "  # l2: port kvm1:vm-a of network office (topology.yaml:12); host" },
	{ "cookie=0x7702000000000001,table=60,priority=100,reg0=0x1,reg1=0x1 actions=controller:128,goto_table:70",
	  "  # l2: network office (topology.yaml:10); new-host" },
	{ " cookie=0x7701feed00000002, priority=65000 actions=drop",
	  "  # ingress: port kvm1:vm-a of network office (topology.yaml:12)" },
	{ "cookie=0x770100000000abcd, priority=1000 actions=drop",
	  "  # ingress: switch 0x0000000000000abc; reserved-group" },
	{ "cookie=0x7702000000000099, table=60 actions=drop",
	  "  # l2: object 0x000000000099, not in topology.yaml" },
	{ "cookie=0x7709000000000001, actions=drop", "  # app 9: network office (topology.yaml:10)" },
	{ "cookie=8575416640466845697 actions=drop", "  # l2: network office (topology.yaml:10)" },
	{ "\tcookie=0x7702000000000001", "  # l2: network office (topology.yaml:10)" },
	/* Not ours, no cookie, no number. */
	{ "cookie=0x0, table=0 actions=NORMAL", NULL },
	{ "cookie=0x1234, table=0 actions=NORMAL", NULL },
	{ "NXST_FLOW reply (xid=0x4):", NULL },
	{ " table=0, priority=1 actions=drop", NULL },
	{ "cookie=, actions=drop", NULL },
	{ "cookie=0x77zz, actions=drop", NULL },
	{ "cookie=-1, actions=drop", NULL },
	{ "cookie=0x7702000000000001000000000000000000000000, actions=drop", NULL },
	{ "xcookie=0x7702000000000001, actions=drop", NULL },
	/* A cookie among the actions is another's. */
	{ "table=0 actions=learn(table=1,cookie=0x7702000000000001)", NULL },
	{ "table=0 actions=learn(table=1,cookie=0x7702000000000001,priority=1)", NULL },
	{ "cookie=0x1, actions=learn(table=1, cookie=0x7702000000000001)", NULL },
	{ "cookie=", NULL }, { "cookie", NULL }, { "", NULL }, { "=", NULL },
};

static void test_lines(void **state)
{
	char buf[1024];
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		/* Exactly as long as it is, on the heap: reading beyond is seen. */
		size_t len = strlen(lines[i].line);
		char *copy = malloc(len ? len : 1);
		assert_non_null(copy);
		memcpy(copy, lines[i].line, len);
		size_t n = names_comment(*state, copy, len, buf, sizeof buf);
		free(copy);
		if (lines[i].comment)
			assert_string_equal(buf, lines[i].comment);
		assert_int_equal(n, lines[i].comment ? strlen(lines[i].comment) : 0);
	}
}

static void test_once_is_enough(void **state)
{
	char line[2048], buf[1024];
	strcpy(line, lines[0].line);
	assert_true(names_comment(*state, line, strlen(line), buf, sizeof buf) > 0);
	strcat(line, buf);
	assert_int_equal(names_comment(*state, line, strlen(line), buf, sizeof buf), 0);
}

static void test_small_buffer(void **state)
{
	char whole[1024], buf[1024];
	size_t len = strlen(lines[0].line);
	size_t full = names_comment(*state, lines[0].line, len, whole, sizeof whole);
	for (size_t size = 1; size < full; size++) {
		size_t n = names_comment(*state, lines[0].line, len, buf, size);
		assert_int_equal(n, size - 1);
		assert_memory_equal(buf, whole, n);
	}
}

/* Random bytes, and the good lines with bytes changed: nothing may happen. */
static void test_any_bytes(void **state)
{
	char buf[256];
	unsigned seed = 1;
	for (unsigned round = 0; round < 20000; round++) {
		const char *base = lines[round % (sizeof lines / sizeof *lines)].line;
		size_t len = strlen(base);
		char *copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, base, len);
		for (unsigned k = 0; len && k < 1 + round % 5; k++)
			copy[(unsigned) rand_r(&seed) % len] = (char) rand_r(&seed);
		size_t cut = len ? (unsigned) rand_r(&seed) % (len + 1) : 0;
		assert_true(names_comment(*state, copy, cut, buf, sizeof buf) < sizeof buf);
		free(copy);
	}
}

static void test_no_names(void **state)
{
	char buf[256];
	struct names *empty = names_new("x.yaml");
	(void) state;
	assert_true(names_comment(empty, lines[1].line, strlen(lines[1].line), buf, sizeof buf) > 0);
	assert_string_equal(buf, "  # app 2: object 0x000000000001, not in x.yaml; new-host");
	names_free(empty);
	names_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
		T(test_lines),
		T(test_once_is_enough),
		T(test_small_buffer),
		T(test_any_bytes),
		T(test_no_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
