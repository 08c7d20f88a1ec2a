/* SPDX-License-Identifier: Apache-2.0 */
/* A patched shape is, byte for byte, what the library encodes for the same
 * numbers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "corpus.h"

enum { ROUNDS = 100000 };

static uint64_t seed = 88172645463325252ULL;

static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

struct numbers {
	uint32_t network, in_port, out;
	uint8_t mac[6];
	uint64_t cookie;
	uint16_t idle;
};

static void draw_numbers(struct numbers *n)
{
	uint64_t mac = draw();

	n->network = draw() % 8 ? (uint32_t) draw() : (uint32_t) (draw() % 3);
	n->in_port = (uint32_t) (draw() % 0xff00);
	if (draw() % 64 == 0)
		n->in_port = 0xfffffffe;
	n->out = (uint32_t) draw();
	memcpy(n->mac, &mac, 6);
	n->cookie = draw();
	n->idle = (uint16_t) draw();
}

static void source_rule(struct build *b, const struct numbers *n, struct rule *rule)
{
	build_flow(b, 1, 100, n->cookie);
	match_u(b, FIELD_REG0, n->network);
	match_u(b, FIELD_IN_PORT, n->in_port);
	match_bytes(b, FIELD_ETH_SRC, n->mac, NULL);
	build_idle(b, n->idle);
	build_plain(b);
	act_goto(b, 2);
	assert_null(build_end(b, rule));
}

static void destination_rule(struct build *b, const struct numbers *n, struct rule *rule)
{
	build_flow(b, 2, 100, n->cookie);
	match_u(b, FIELD_REG0, n->network);
	match_bytes(b, FIELD_ETH_DST, n->mac, NULL);
	build_plain(b);
	act_set_u(b, FIELD_REG1, 3);
	act_set_u(b, FIELD_REG2, n->out);
	act_goto(b, 3);
	assert_null(build_end(b, rule));
}

static void assert_same(const struct shape *s, const struct rule *rule)
{
	struct rule got;

	shape_rule(s, &got);
	assert_int_equal(got.kind, rule->kind);
	assert_int_equal(got.plain, rule->plain);
	assert_int_equal(got.size, rule->size);
	assert_memory_equal(got.msg, rule->msg, got.size);
}

static void test_differential(void **state)
{
	static const enum field source_match[] = {FIELD_ETH_SRC, FIELD_IN_PORT, FIELD_REG0};
	static const enum field destination_match[] = {FIELD_REG0, FIELD_ETH_DST};
	static const enum field destination_set[] = {FIELD_REG2};
	struct build *b = build_new(corpus_tables, CORPUS_TABLES);
	struct shape source, destination;
	struct numbers n;
	struct rule rule;

	(void) state;
	draw_numbers(&n);
	source_rule(b, &n, &rule);
	shape_init(&source, &rule, source_match, 3, NULL, 0);
	draw_numbers(&n);
	destination_rule(b, &n, &rule);
	shape_init(&destination, &rule, destination_match, 2, destination_set, 1);
	for (int i = 0; i < ROUNDS; i++) {
		draw_numbers(&n);
		shape_set_mac(&source, 0, n.mac);
		shape_set_u32(&source, 1, n.in_port);
		shape_set_u32(&source, 2, n.network);
		shape_set_cookie(&source, n.cookie);
		shape_set_idle(&source, n.idle);
		if (n.in_port) {
			source_rule(b, &n, &rule);
			assert_same(&source, &rule);
		}
		shape_set_u32(&destination, 0, n.network);
		shape_set_mac(&destination, 1, n.mac);
		shape_set_u32(&destination, 2, n.out);
		shape_set_cookie(&destination, n.cookie);
		destination_rule(b, &n, &rule);
		assert_same(&destination, &rule);
	}
	build_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_differential),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
