/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, digests and fields of rules: what counts as the same thing and what as
 * the same rule. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "corpus.h"
#include "ofproto/wire.h"

enum { MAX = 4096 };

struct copy { struct rule rule; uint8_t msg[MAX] __attribute__((aligned(8))); };

static void keep(struct copy *c, const struct rule *r)
{
	assert_true(r->size <= MAX);
	c->rule = *r;
	memcpy(c->msg, r->msg, r->size);
	c->rule.msg = c->msg;
}

static struct build *b;

static int setup(void **state)
{
	(void) state;
	b = build_new(corpus_tables, CORPUS_TABLES);
	return 0;
}

static int teardown(void **state)
{
	(void) state;
	build_free(b);
	return 0;
}

struct host {
	unsigned table;
	uint16_t priority, idle;
	uint64_t cookie;
	uint32_t port, out;
};

static void host_rule(struct copy *c, const struct host *h)
{
	struct rule r;

	build_flow(b, h->table, h->priority, h->cookie);
	match_u(b, FIELD_IN_PORT, h->port);
	match_u(b, FIELD_REG0, 0x1234);
	if (h->idle)
		build_idle(b, h->idle);
	act_set_u(b, FIELD_REG2, h->out);
	act_goto(b, 3);
	assert_null(build_end(b, &r));
	keep(c, &r);
}

static const struct host base = {.table = 1, .priority = 100, .idle = 300, .port = 3, .out = 4};

static void test_same(void **state)
{
	struct copy x, y;

	(void) state;
	host_rule(&x, &base);
	host_rule(&y, &base);
	/* xid and alignment are nobody's business. */
	memmove(y.msg + 1, y.msg, y.rule.size);
	y.rule.msg = y.msg + 1;
	wire_put_u32(y.msg + 1 + WIRE_XID, 77);
	assert_true(rule_key_equal(&x.rule, &y.rule));
	assert_int_equal(rule_key_hash(&x.rule), rule_key_hash(&y.rule));
	assert_true(rule_digest(&x.rule) == rule_digest(&y.rule));
	assert_true(rule_key_hash_seeded(&x.rule, 1) != rule_key_hash_seeded(&x.rule, 2));
}

static void test_other_key(void **state)
{
	struct host other[3] = {base, base, base};
	struct copy x, y;

	(void) state;
	other[0].table = 2;
	other[1].priority = 101;
	other[2].port = 5;
	host_rule(&x, &base);
	for (int i = 0; i < 3; i++) {
		host_rule(&y, &other[i]);
		assert_false(rule_key_equal(&x.rule, &y.rule));
		assert_int_not_equal(rule_key_hash(&x.rule), rule_key_hash(&y.rule));
		assert_true(rule_digest(&x.rule) == rule_digest(&y.rule));
	}
}

static void test_other_digest(void **state)
{
	struct host other[4] = {base, base, base, base};
	struct copy x, y;

	(void) state;
	other[0].cookie = 1;
	other[1].idle = 301;
	other[2].idle = 0;
	other[3].out = 5;
	host_rule(&x, &base);
	for (int i = 0; i < 4; i++) {
		host_rule(&y, &other[i]);
		assert_true(rule_key_equal(&x.rule, &y.rule));
		assert_int_equal(rule_key_hash(&x.rule), rule_key_hash(&y.rule));
		assert_true(rule_digest(&x.rule) != rule_digest(&y.rule));
	}
}

static void test_fields(void **state)
{
	struct host h = base;
	struct copy x;
	uint64_t value;
	uint8_t mac[6];

	(void) state;
	h.cookie = cookie_make(7, 0xabcdef123456);
	host_rule(&x, &h);
	assert_int_equal(rule_table(&x.rule), 60);
	assert_int_equal(rule_priority(&x.rule), 100);
	assert_int_equal(rule_idle_timeout(&x.rule), 300);
	assert_int_equal(cookie_app(rule_cookie(&x.rule)), 7);
	assert_true(cookie_object(rule_cookie(&x.rule)) == 0xabcdef123456);
	assert_true(rule_is_ours(&x.rule));
	assert_true(rule_match_u(&x.rule, FIELD_IN_PORT, &value) && value == 3);
	assert_true(rule_match_u(&x.rule, FIELD_REG0, &value) && value == 0x1234);
	assert_false(rule_match_u(&x.rule, FIELD_REG1, &value));
	assert_false(rule_match_u(&x.rule, FIELD_ETH_SRC, &value));
	assert_false(rule_match_mac(&x.rule, FIELD_ETH_SRC, mac));
	assert_true(rule_set_u(&x.rule, FIELD_REG2, &value) && value == 4);
	assert_false(rule_set_u(&x.rule, FIELD_REG0, &value));
	host_rule(&x, &base);
	assert_false(rule_is_ours(&x.rule));
}

static void test_masked_is_not_found(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0}, mask[6] = {0xff, 0xff, 0, 0, 0, 0};
	struct rule r;
	uint8_t got[6];
	uint64_t value;

	(void) state;
	build_flow(b, 1, 1, 0);
	match_bytes(b, FIELD_ETH_SRC, mac, mask);
	match_bytes(b, FIELD_ETH_DST, mac, NULL);
	match_um(b, FIELD_REG0, 0x100, 0xf00);
	assert_null(build_end(b, &r));
	assert_false(rule_match_mac(&r, FIELD_ETH_SRC, got));
	assert_false(rule_match_u(&r, FIELD_REG0, &value));
	assert_true(rule_match_mac(&r, FIELD_ETH_DST, got));
	assert_memory_equal(got, mac, 6);
	assert_true(rule_match_u(&r, FIELD_ETH_DST, &value) && value == 0x020000000000);
}

static void test_ids(void **state)
{
	struct copy x, y;
	struct rule r;

	(void) state;
	build_group(b, GROUP_OURS_FIRST, GROUP_ALL);
	assert_null(build_end(b, &r));
	keep(&x, &r);
	assert_int_equal(rule_id(&r), GROUP_OURS_FIRST);
	assert_true(rule_is_ours(&r));
	build_group(b, GROUP_OURS_FIRST, GROUP_SELECT);
	assert_null(build_end(b, &r));
	keep(&y, &r);
	assert_true(rule_key_equal(&x.rule, &y.rule));
	assert_true(rule_digest(&x.rule) != rule_digest(&y.rule));
	build_group(b, GROUP_OURS_FIRST - 1, GROUP_ALL);
	assert_null(build_end(b, &r));
	assert_false(rule_is_ours(&r));
	assert_false(rule_key_equal(&x.rule, &r));
	/* The same number as a meter is another thing. */
	build_meter(b, METER_OURS_LAST, true, 1, 0);
	assert_null(build_end(b, &r));
	assert_true(rule_is_ours(&r));
	keep(&x, &r);
	build_group(b, METER_OURS_LAST, GROUP_ALL);
	assert_null(build_end(b, &r));
	assert_false(rule_key_equal(&x.rule, &r));
	assert_int_not_equal(rule_key_hash(&x.rule), rule_key_hash(&r));
	build_meter(b, METER_OURS_LAST, true, 2, 0);
	assert_null(build_end(b, &r));
	assert_true(rule_digest(&x.rule) != rule_digest(&r));
	for (uint64_t i = 0; i < 1000; i++) {
		uint32_t group = rule_group_id(i << 40), meter = rule_meter_id(i << 40);

		assert_in_range(group, GROUP_OURS_FIRST, GROUP_OURS_LAST);
		assert_in_range(meter, METER_OURS_FIRST, METER_OURS_LAST);
		if (i)
			assert_int_not_equal(group, rule_group_id((i - 1) << 40));
	}
}

/* No two rules of the corpus are the same, and hashes spread. */
struct all { size_t n; uint64_t keys[256], digests[256]; };

static void collect(void *ctx, const char *name, const struct rule *r)
{
	struct all *all = ctx;

	(void) name;
	all->keys[all->n] = rule_key_hash(r);
	all->digests[all->n] = rule_digest(r);
	for (size_t i = 0; i < all->n; i++) {
		assert_true(all->keys[i] != all->keys[all->n]);
		assert_true(all->digests[i] != all->digests[all->n]);
	}
	all->n++;
}

static void test_corpus_differs(void **state)
{
	static struct all all;

	(void) state;
	corpus(collect, &all);
	assert_true(all.n > 90);
}

/* One bit of the key must change half of the hash, and land in every bucket. */
static void test_spread(void **state)
{
	static unsigned buckets[1024];
	struct host h = base;
	struct copy x;

	(void) state;
	host_rule(&x, &h);
	for (uint32_t port = 1; port <= 8192; port++) {
		wire_put_u32(x.msg + FLOW_MATCH + MATCH_HEADER + 4, port);
		buckets[rule_key_hash_seeded(&x.rule, 5) % 1024]++;
	}
	for (int i = 0; i < 1024; i++)
		assert_true(buckets[i] < 32);
}

static void test_oxm_find(void **state)
{
	static const uint8_t oxms[] = {0x80, 0, 0, 4, 0, 0, 0, 9, 0x80, 0, 0x0c, 2, 0x10, 5};

	(void) state;
	assert_ptr_equal(rule_oxm_find(oxms, sizeof(oxms), 0x80000004), oxms + 4);
	assert_ptr_equal(rule_oxm_find(oxms, sizeof(oxms), 0x80000c02), oxms + 12);
	assert_null(rule_oxm_find(oxms, sizeof(oxms), 0x80000a02));
	assert_null(rule_oxm_find(oxms, sizeof(oxms) - 1, 0x80000c02));
	assert_null(rule_oxm_find(oxms, 7, 0x80000004));
	assert_null(rule_oxm_find(oxms, 0, 0x80000004));
}

static void test_format(void **state)
{
	struct host h = base;
	struct copy x;
	struct rule r;
	char text[512], small[10];

	(void) state;
	h.cookie = cookie_make(2, 5);
	host_rule(&x, &h);
	rule_format(&x.rule, text, sizeof(text));
	assert_string_equal(text, "cookie=0x7702000000000005,table=60,idle_timeout=300,send_flow_rem,"
			    "priority=100,reg0=0x1234,in_port=3 actions=set_field:0x4->reg2,goto_table:100");
	rule_format(&x.rule, small, sizeof(small));
	assert_string_equal(small, "cookie=0x");
	build_flow(b, 0, 32768, 0);
	assert_null(build_end(b, &r));
	rule_format(&r, text, sizeof(text));
	assert_string_equal(text, "cookie=0x0,table=0,priority=32768 actions=drop");
	build_group(b, 5, GROUP_FF);
	build_bucket(b, 0, 2);
	act_output(b, 2);
	assert_null(build_end(b, &r));
	rule_format(&r, text, sizeof(text));
	assert_string_equal(text, "group_id=5,type=ff,bucket=watch_port:2,actions=output:2");
	build_meter(b, 9, true, 100, 10);
	assert_null(build_end(b, &r));
	rule_format(&r, text, sizeof(text));
	assert_string_equal(text, "meter=9 pktps burst bands= type=drop rate=100 burst_size=10");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_other_key),
		cmocka_unit_test(test_other_digest),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_masked_is_not_found),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_corpus_differs),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_oxm_find),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
