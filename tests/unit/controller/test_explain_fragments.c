/* SPDX-License-Identifier: Apache-2.0 */
/* explain: packets that their hosts cut, as measured on Open vSwitch 3.1: docs/explanation/stateful.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/controller/explain_world.h"

static void ask_size(const char *to, const char *protocol, uint32_t size)
{
	struct explain_question question = { .from = "vm-a", .to = to, .size = size };
	assert_null(explain_protocol_parse(protocol, &question.protocol));
	explain_free(x);
	x = explain_new(world.core, &question);
	assert_null(x->error);
}

static void use_list(const char *rules, bool is_stateful)
{
	char file[2000];
	snprintf(file, sizeof file, SWITCHES NETWORKS("    acl: office\n") "acls:\n  office:\n    stateful: %s\n    rules:\n%s",
		 is_stateful ? "true" : "false", rules);
	use(file);
}

static void test_fragments(void **state)
{
	(void) state;
	for (int is_stateful = 1; is_stateful >= 0; is_stateful--) {
		/* They match no rule with a port, and so are not allowed by it ... */
		use_list("      - {allow: udp, port: 5005}\n      - {allow: udp, sport: 5005}\n", is_stateful);
		ask_size("vm-b", "udp/5005", 1500);
		assert_int_equal(x->directions[0].causes.n, 0);
		ask_size("vm-b", "udp/5005", 1501);
		const struct explain_cause *cause = &x->directions[0].causes.items[0];
		assert_int_equal(x->directions[0].causes.n, 1);
		assert_string_equal(cause->kind, "denied");
		assert_non_null(strstr(cause->text, "in fragments, which show no port to rules: no rule of acl \"office\""));
		assert_non_null(strstr(cause->cure, "{allow: udp, from: 10.0.0.1, to: 10.0.0.2}"));
		assert_non_null(strstr(leg(0, "request")->frame_text, "in fragments"));
		assert_non_null(strstr(leg(0, "request")->traces[0].command, ",nw_frag="));
		assert_null(strstr(leg(0, "request")->traces[0].command, "udp_dst"));
		assert_true(x->is_cut);
		/* ... nor denied by it. */
		use_list("      - {deny: udp, port: 5005}\n      - {allow: any}\n", is_stateful);
		ask_size("vm-b", "udp/5005", 100);
		assert_false(x->directions[0].is_reachable);
		assert_false(has_note("fragments"));
		ask_size("vm-b", "udp/5005", 3000);
		assert_true(x->directions[0].is_reachable);
		assert_true(has_note("fragments"));
		/* Without ports they are seen; of IPv6 only the first one is. */
		use_list("      - {allow: udp}\n", is_stateful);
		ask_size("vm-b", "udp/5005", 3000);
		assert_true(x->is_reachable);
		assert_false(has_note("fragments"));
		ask_size("fd00::2", "udp/5005", 100);
		assert_true(x->is_reachable);
		assert_false(has_note("fragments"));
		ask_size("fd00::2", "udp/5005", 3000);
		assert_string_equal(x->directions[0].causes.items[0].kind, "denied");
		assert_non_null(strstr(x->directions[0].causes.items[0].cure, "{allow: any, from: \"fd00::1\", to: \"fd00::2\"}"));
	}
	/* TCP sends segments, whatever it is given to send. */
	use_list("      - {allow: tcp, port: 80}\n", true);
	ask_size("vm-b", "tcp/80", 3000);
	assert_true(x->directions[0].is_reachable && !x->is_cut);
	/* Answers of a stateful list are put together first. */
	use_list("      - {allow: icmp}\n", true);
	ask_size("vm-b", "icmp", 3000);
	assert_true(x->is_reachable && x->is_cut);
	/* A host that cuts at 1450 fits into the tunnel. */
	use(SWITCHES NETWORKS("    mtu: 1450\n"));
	ask_size("vm-web", "udp/5005", 3000);
	assert_true(x->is_reachable);
	use(SWITCHES NETWORKS("    mtu: 1500\n"));
	ask_size("vm-web", "udp/5005", 3000);
	assert_string_equal(x->directions[0].causes.items[0].kind, "mtu");
	assert_non_null(strstr(x->directions[0].causes.items[0].cure, "or the underlay one of 50 more"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_fragments, explain_world_up, explain_world_down) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
