/* SPDX-License-Identifier: Apache-2.0 */
/* msg: packet-ins, whole, cut and random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/ofproto/msg_random.h"

static void random_metadata(struct match *match)
{
	match_init_catchall(match);
	if (!one_in(8))
		match_set_in_port(match, one_in(8) ? OFPP_LOCAL : (ofp_port_t) (1 + rnd() % 0xfe00));
	for (unsigned i = 0; i < 16; i++)
		if (one_in(2))
			match_set_reg(match, i, one_in(4) ? 0xffffffff : rnd());
	if (one_in(2))
		match_set_tun_id(match, htobe64(rnd64()));
	if (one_in(2))
		match_set_tun_src(match, htonl(rnd() | 1));
	if (one_in(2))
		match_set_tun_dst(match, htonl(rnd() | 1));
	if (one_in(3))
		match_set_metadata(match, htobe64(rnd64()));
	if (one_in(3))
		match_set_pkt_mark(match, rnd());
	if (one_in(4))
		match_set_ct_mark(match, rnd());
	if (one_in(4)) {
		match_set_ct_state(match, 0x21);
		match_set_ct_zone(match, (uint16_t) rnd());
	}
}

/* Field for field what the library finds; false when it refuses the message. */
static bool check_punt(const uint8_t *m, size_t size)
{
	struct ofputil_packet_in pin;
	uint64_t *aligned = malloc(size + 8);
	size_t total;
	uint32_t buffer_id;
	enum ofptype type;
	enum ofperr error;
	struct punt punt;
	bool fine;

	memcpy(aligned, m, size);
	error = ofptype_decode(&type, (const struct ofp_header *) aligned);
	if (!error)
		error = ofputil_decode_packet_in((const struct ofp_header *) aligned, true, NULL, NULL,
						 &pin, &total, &buffer_id, NULL);
	fine = msg_punt(m, size, &punt);
	if (!error && fine) {
		const struct flow *flow = &pin.flow_metadata.flow;

		assert_int_equal(punt.cookie, be64toh(pin.cookie));
		assert_int_equal(punt.table, pin.table_id);
		assert_int_equal(punt.total_size, total);
		assert_int_equal(punt.size, pin.packet_len);
		assert_int_equal(punt.frame - m, (const uint8_t *) pin.packet - (const uint8_t *) aligned);
		assert_int_equal(htonl(punt.in_port), ofputil_port_to_ofp11(flow->in_port.ofp_port));
		for (int i = 0; i < 4; i++)
			assert_int_equal(punt.reg[i], flow->regs[i]);
		assert_int_equal(punt.tun_id, be64toh(flow->tunnel.tun_id));
		assert_int_equal(punt.tun_src, ntohl(flow->tunnel.ip_src));
	}
	/* What the library takes, we take. */
	if (!error)
		assert_true(fine);
	free(aligned);
	return !error;
}

static void test_punt(void **state)
{
	unsigned n_taken = 0;

	(void) state;
	for (int i = 0; i < 5000; i++) {
		uint8_t frame[256];
		struct ofputil_packet_in_private pin = {
			.base = {
				.packet = frame, .packet_len = rnd() % sizeof frame,
				.reason = one_in(2) ? OFPR_ACTION : OFPR_NO_MATCH,
				.table_id = (uint8_t) rnd(), .cookie = htobe64(rnd64()),
			},
		};
		struct ofpbuf *b;
		uint8_t *copy;
		size_t at;

		for (size_t k = 0; k < sizeof frame; k++)
			frame[k] = (uint8_t) rnd();
		random_metadata(&pin.base.flow_metadata);
		b = ofputil_encode_packet_in_private(&pin, OFPUTIL_P_OF13_OXM, OFPUTIL_PACKET_IN_STD);
		ofpmsg_update_length(b);
		assert_true(check_punt(b->data, b->size));

		/* Cut anywhere: an exact copy, so the sanitizer sees a read too far. */
		at = MSG_HEADER + rnd() % (b->size - MSG_HEADER);
		copy = malloc(at);
		memcpy(copy, b->data, at);
		wire_put_u16(copy + 2, (uint16_t) at);
		check_punt(copy, at);
		free(copy);

		/* A byte changed anywhere behind the header. */
		copy = malloc(b->size);
		memcpy(copy, b->data, b->size);
		at = MSG_HEADER + rnd() % (b->size - MSG_HEADER);
		copy[at] = (uint8_t) rnd();
		/* The library checks values, duplicates and prerequisites; those we
		 * pass over. What both take must be the same. */
		n_taken += check_punt(copy, b->size);
		free(copy);
		ofpbuf_delete(b);
	}
	assert_true(n_taken > 1000);
}

static void test_punt_forms(void **state)
{
	/* Packet registers and the 128 bit register carry the same registers. */
	uint8_t m[100] = { 0 }, *oxm = m + 28;
	struct punt punt;

	(void) state;
	msg_put_header(m, MSG_PACKET_IN, 0, 64);
	wire_put_u16(m + 24, 1);
	wire_put_u16(m + 26, 4 + 24);
	wire_put_u32(oxm, 0x80010008), wire_put_u32(oxm + 4, 1), wire_put_u32(oxm + 8, 2);
	wire_put_u32(oxm + 12, 0x80010208), wire_put_u32(oxm + 16, 3), wire_put_u32(oxm + 20, 4);
	assert_true(msg_punt(m, 64, &punt));
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(punt.reg[i], i + 1);
	assert_int_equal(punt.size, 64 - 58);
	/* With a mask, as the library takes it: the value is in front. */
	wire_put_u32(oxm, 0x00010108), wire_put_u32(oxm + 4, 5), wire_put_u32(oxm + 8, 0xff);
	assert_true(msg_punt(m, 64, &punt));
	assert_int_equal(punt.reg[0], 5);

	wire_put_u16(m + 26, 4 + 20);
	wire_put_u32(oxm, 0x00010000u | 111u << 9 | 16);
	for (uint32_t i = 0; i < 4; i++)
		wire_put_u32(oxm + 4 + 4 * i, 10 + i);
	assert_true(msg_punt(m, 64, &punt));
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(punt.reg[i], 10 + i);

	/* Unknown fields, experimenter class included, are walked past. */
	memset(oxm, 0, 36);
	wire_put_u16(m + 26, 4 + 20);
	wire_put_u32(oxm, 0xffff0008), wire_put_u32(oxm + 4, 0x12345678);
	wire_put_u32(oxm + 12, 0x80000004), wire_put_u32(oxm + 16, 9);
	assert_true(msg_punt(m, 64, &punt));
	assert_int_equal(punt.in_port, 9);
	oxm[15] = 5;                            /* one byte beyond the match */
	assert_false(msg_punt(m, 64, &punt));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_punt), cmocka_unit_test(test_punt_forms),
	};

	return cmocka_run_group_tests_name("msg", tests, say_seed, NULL);
}
