/* SPDX-License-Identifier: Apache-2.0 */
/* msg: rows that a switch removed, as rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/ofproto/msg_random.h"

static const struct table_contract tables[] = {
	{ .name = "test", .owner = "test", .id = 60, .match = UINT64_MAX, .set = UINT64_MAX, .next = 0,
	  .outputs = true, .punts = true },
};

static void random_flow(struct build *b)
{
	static const uint16_t ether_types[] = { 0x0800, 0x86dd, 0x0806, 0x88cc };
	uint8_t bytes[16], mask[16];

	for (size_t i = 0; i < sizeof bytes; i++) {
		bytes[i] = (uint8_t) rnd();
		mask[i] = one_in(2) ? 0xff : (uint8_t) rnd();
	}
	build_flow(b, 0, (uint16_t) rnd(), cookie_make((uint8_t) rnd(), rnd64()));
	if (one_in(2))
		build_idle(b, (uint16_t) rnd());
	if (one_in(2))
		match_u(b, FIELD_IN_PORT, one_in(4) ? 0xfffffffe : 1 + rnd() % 0xfe00);
	for (enum field f = FIELD_REG0; f <= FIELD_REG5; f++)
		if (one_in(3))
			match_u(b, f, rnd());
	if (one_in(4))
		match_um(b, FIELD_REG3, rnd() & 0xff00, 0xff00);
	if (one_in(3))
		match_u(b, FIELD_TUN_ID, rnd());
	if (one_in(3))
		match_u(b, FIELD_TUN_SRC, rnd());
	if (one_in(2))
		match_bytes(b, FIELD_ETH_SRC, bytes, NULL);
	if (one_in(2))
		match_bytes(b, FIELD_ETH_DST, bytes + 6, one_in(2) ? NULL : mask);
	if (one_in(3))
		match_u(b, FIELD_VLAN_VID, one_in(4) ? VLAN_NONE : VLAN_PRESENT | (1 + rnd() % 4094));
	if (one_in(2)) {
		uint16_t type = ether_types[rnd() % 4];

		match_u(b, FIELD_ETH_TYPE, type);
		if (type == 0x0800 && one_in(2))
			match_u(b, FIELD_IPV4_SRC, rnd());
		if (type == 0x86dd && one_in(2))
			match_bytes(b, FIELD_IPV6_DST, bytes, mask);
		if (type == 0x0806 && one_in(2))
			match_u(b, FIELD_ARP_OP, 1 + rnd() % 2);
	}
	act_output(b, 1 + rnd() % 100);
}

/* Random fields may break a prerequisite; such a flow does not build. */
static bool build_random(struct build *b, struct rule *ret_rule)
{
	random_flow(b);
	return !build_end(b, ret_rule);
}

/* As Open vSwitch would report the row: the library decodes what we sent and
 * encodes what it would send. */
static struct ofpbuf *removal_of(const struct rule *rule, struct ofputil_flow_removed *fr)
{
	uint64_t *aligned = malloc(rule->size + 8u);
	struct ofputil_flow_mod fm;
	struct ofpbuf ofpacts, *b;

	memcpy(aligned, rule->msg, rule->size);
	ofpbuf_init(&ofpacts, 64);
	assert_int_equal(ofputil_decode_flow_mod(&fm, (const struct ofp_header *) aligned, OFPUTIL_P_OF13_OXM,
						 NULL, NULL, &ofpacts, (ofp_port_t) 0xff00, 255), 0);
	*fr = (struct ofputil_flow_removed) {
		.cookie = fm.new_cookie, .priority = (uint16_t) fm.priority, .table_id = fm.table_id,
		.reason = (uint8_t) (rnd() % 4), .duration_sec = rnd(), .idle_timeout = fm.idle_timeout,
		.packet_count = rnd64(), .byte_count = rnd64(),
	};
	minimatch_expand(&fm.match, &fr->match);
	minimatch_destroy(&fm.match);
	ofpbuf_uninit(&ofpacts);
	free(aligned);
	b = ofputil_encode_flow_removed(fr, OFPUTIL_P_OF13_OXM);
	ofpmsg_update_length(b);
	return b;
}

static void test_removed(void **state)
{
	struct build *build = build_new(tables, 1);
	int n_built = 0;

	(void) state;
	for (int i = 0; i < 3000; i++) {
		uint8_t buf[MSG_REMOVED_MAX], *copy;
		struct ofputil_flow_removed fr;
		struct rule rule, key;
		struct removed removed;
		struct ofpbuf *b;

		if (!build_random(build, &rule))
			continue;
		n_built++;
		b = removal_of(&rule, &fr);
		copy = malloc(b->size);
		memcpy(copy, b->data, b->size);
		assert_true(msg_removed(copy, b->size, &removed, &key, buf));
		assert_true(rule_key_equal(&rule, &key));
		assert_int_equal(rule_key_hash(&rule), rule_key_hash(&key));
		assert_int_equal(rule_cookie(&rule), rule_cookie(&key));
		assert_int_equal(removed.cookie, rule_cookie(&rule));
		assert_int_equal(removed.reason, fr.reason);
		assert_int_equal(removed.duration, fr.duration_sec);
		assert_int_equal(removed.n_packets, fr.packet_count);
		assert_int_equal(removed.n_bytes, fr.byte_count);

		for (size_t n = MSG_HEADER; n < b->size; n++) {
			uint8_t *cut = malloc(n);

			memcpy(cut, copy, n);
			assert_false(msg_removed(cut, n, &removed, &key, buf));
			wire_put_u16(cut + 2, (uint16_t) n);
			msg_removed(cut, n, &removed, &key, buf);
			free(cut);
		}
		for (int k = 0; k < 10; k++) {
			copy[MSG_HEADER + rnd() % (b->size - MSG_HEADER)] ^= (uint8_t) (1u << rnd() % 8);
			if (msg_removed(copy, b->size, &removed, &key, buf))
				assert_true(key.size <= MSG_REMOVED_MAX);
		}
		free(copy);
		ofpbuf_delete(b);
	}
	assert_true(n_built > 1000);
	build_free(build);
}

/* About the largest match there is without tunnel options still fits. */
static void test_removed_large(void **state)
{
	struct ofputil_flow_removed fr = { .priority = 5 };
	uint8_t buf[MSG_REMOVED_MAX];
	struct removed removed;
	struct rule rule;
	struct ofpbuf *b;

	(void) state;
	match_init_catchall(&fr.match);
	match_set_dl_type(&fr.match, htons(0x86dd));
	match_set_in_port(&fr.match, 1);
	memset(fr.match.wc.masks.regs, 0x55, sizeof fr.match.wc.masks.regs);
	memset(&fr.match.wc.masks.ct_label, 0x55, sizeof fr.match.wc.masks.ct_label);
	memset(&fr.match.wc.masks.ipv6_src, 0x55, sizeof fr.match.wc.masks.ipv6_src);
	memset(&fr.match.wc.masks.ipv6_dst, 0x55, sizeof fr.match.wc.masks.ipv6_dst);
	memset(&fr.match.wc.masks.dl_src, 0x55, 6);
	memset(&fr.match.wc.masks.dl_dst, 0x55, 6);
	memset(&fr.match.wc.masks.tunnel.ipv6_src, 0x55, 16);
	memset(&fr.match.wc.masks.tunnel.ipv6_dst, 0x55, 16);
	b = ofputil_encode_flow_removed(&fr, OFPUTIL_P_OF13_OXM);
	ofpmsg_update_length(b);
	assert_true(msg_removed(b->data, b->size, &removed, &rule, buf));
	assert_in_range(rule.size, 400, MSG_REMOVED_MAX);
	assert_int_equal(rule_priority(&rule), 5);
	ofpbuf_delete(b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_removed), cmocka_unit_test(test_removed_large),
	};

	return cmocka_run_group_tests_name("msg", tests, say_seed, NULL);
}
