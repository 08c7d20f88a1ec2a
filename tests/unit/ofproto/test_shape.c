/* SPDX-License-Identifier: Apache-2.0 */
/* A patched shape is, byte for byte, what the library encodes for the same
 * numbers. A shape with a place that is not there, or patched where it has no
 * place, is our own fault: it aborts and says which. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "corpus.h"
#include "dies.h"

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

/* A rule, and the places asked for in it. */
struct wish {
	const struct rule *rule;
	enum field match[SHAPE_MAX_SLOTS + 1], set;
	size_t n_match, n_set;
};

static void init_shape(void *ctx)
{
	const struct wish *w = ctx;
	struct shape s;

	shape_init(&s, w->rule, w->match, w->n_match, &w->set, w->n_set);
}

static void test_places_that_are_not_there(void **state)
{
	struct build *b = build_new(corpus_tables, CORPUS_TABLES);
	struct numbers n;
	struct rule rule, group;

	(void) state;
	draw_numbers(&n);
	destination_rule(b, &n, &rule);
	assert_dies(init_shape, &(struct wish) {&rule, {FIELD_ETH_SRC}, 0, 1, 0}, "eth_src is not in the rule");
	assert_dies(init_shape, &(struct wish) {&rule, {0}, FIELD_REG3, 0, 1}, "reg3 is not in the rule");
	struct wish many = {.rule = &rule, .n_match = SHAPE_MAX_SLOTS + 1};
	for (size_t i = 0; i < many.n_match; i++)
		many.match[i] = FIELD_REG0;
	assert_dies(init_shape, &many, "reg0 is one slot too many");

	/* A masked value has no one place; of two values, one would be left behind. */
	build_flow(b, 2, 100, 1);
	match_um(b, FIELD_REG0, 0x10, 0xf0);
	act_set_u(b, FIELD_REG1, 3);
	act_set_u(b, FIELD_REG1, 4);
	act_goto(b, 3);
	assert_null(build_end(b, &rule));
	assert_dies(init_shape, &(struct wish) {&rule, {FIELD_REG0}, 0, 1, 0}, "reg0 is not in the rule, or masked");
	assert_dies(init_shape, &(struct wish) {&rule, {0}, FIELD_REG1, 0, 1}, "reg1 is set more than once");

	build_group(b, 7, GROUP_INDIRECT);
	build_bucket(b, 0, 0);
	act_output(b, 1);
	assert_null(build_end(b, &group));
	assert_dies(init_shape, &(struct wish) {.rule = &group}, "not a flow, or too long");
	build_flow(b, 3, 100, 1);
	for (uint32_t port = 1; port < 32; port++)
		act_output(b, port);
	assert_null(build_end(b, &rule));
	assert_true(rule.size > SHAPE_MAX);
	assert_dies(init_shape, &(struct wish) {.rule = &rule}, "not a flow, or too long");
	build_free(b);
}

static void patch_slot_5(void *ctx) { shape_set_u32(ctx, 5, 1); }
static void patch_mac_with_u32(void *ctx) { shape_set_u32(ctx, 1, 1); }
static void patch_u32_with_mac(void *ctx) { shape_set_mac(ctx, 0, (const uint8_t[6]) {0}); }

static void test_patches_that_do_not_fit(void **state)
{
	static const enum field fields[] = {FIELD_REG0, FIELD_ETH_DST};
	struct build *b = build_new(corpus_tables, CORPUS_TABLES);
	struct shape s;
	struct numbers n;
	struct rule rule;

	(void) state;
	draw_numbers(&n);
	destination_rule(b, &n, &rule);
	shape_init(&s, &rule, fields, 2, NULL, 0);
	assert_dies(patch_slot_5, &s, "slot 5 has not 4 bytes");
	assert_dies(patch_mac_with_u32, &s, "slot 1 has not 4 bytes");
	assert_dies(patch_u32_with_mac, &s, "slot 0 has not 6 bytes");
	/* None of them wrote. */
	assert_same(&s, &rule);
	build_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_differential),
		cmocka_unit_test(test_places_that_are_not_there),
		cmocka_unit_test(test_patches_that_do_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
