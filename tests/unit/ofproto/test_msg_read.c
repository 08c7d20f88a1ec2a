/* SPDX-License-Identifier: Apache-2.0 */
/* msg: what switches say of themselves: HELLO, ports, features, roles, meters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/unit/ofproto/msg_random.h"

static void test_hello_elements(void **state)
{
	uint64_t aligned[64];
	uint8_t *m = (uint8_t *) aligned;
	bool speaks;

	(void) state;
	for (int i = 0; i < 20000; i++) {
		size_t size = 8 + rnd() % 40;
		uint32_t allowed;

		memset(m, 0, sizeof aligned);
		for (size_t k = 8; k < size; k++)
			m[k] = one_in(3) ? (uint8_t) rnd() : 0;
		if (size >= 16 && one_in(2)) {
			wire_put_u16(m + 8, 1);
			wire_put_u16(m + 10, (uint16_t) (rnd() % 24));
		}
		msg_put_header(m, MSG_HELLO, 1, size);
		m[0] = (uint8_t) (1 + rnd() % 6);
		/* The library says whether it liked all elements; we end where it did not. */
		if (msg_hello(m, size, &speaks) && ofputil_decode_hello((const struct ofp_header *) m, &allowed))
			assert_int_equal(speaks, allowed >> OFP13_VERSION & 1);
	}
	/* Unknown elements are walked past, the bitmap is found behind them. */
	memset(m, 0, 64);
	wire_put_u16(m + 8, 99), wire_put_u16(m + 10, 7);
	wire_put_u16(m + 16, 1), wire_put_u16(m + 18, 8), wire_put_u32(m + 20, 1u << 4 | 1u << 1);
	msg_put_header(m, MSG_HELLO, 1, 24);
	m[0] = 1;
	assert_true(msg_hello(m, 24, &speaks) && speaks);
	wire_put_u16(m + 10, 3);
	assert_false(msg_hello(m, 24, &speaks));
	wire_put_u16(m + 10, 17);
	assert_false(msg_hello(m, 24, &speaks));
}

static void test_ports(void **state)
{
	(void) state;
	for (int i = 0; i < 2000; i++) {
		struct ofputil_port_status ps = { .reason = rnd() % 3 };
		struct ofputil_phy_port *p = &ps.desc;
		enum msg_port_reason reason;
		struct msg_port port;
		struct ofpbuf *b;

		p->port_no = one_in(5) ? OFPP_LOCAL : (ofp_port_t) (1 + rnd() % 0xfe00);
		for (int k = 0; k < 6; k++)
			p->hw_addr.ea[k] = (uint8_t) rnd();
		snprintf(p->name, sizeof p->name, "port-%u", rnd());
		p->config = one_in(2) ? OFPUTIL_PC_PORT_DOWN : 0;
		p->state = (one_in(2) ? OFPUTIL_PS_LINK_DOWN : 0) | (one_in(2) ? OFPUTIL_PS_LIVE : 0);
		p->curr_speed = rnd();
		b = ofputil_encode_port_status(&ps, OFPUTIL_P_OF13_OXM);
		ofpmsg_update_length(b);
		assert_true(msg_port_status(b->data, b->size, &reason, &port));
		assert_int_equal(reason, ps.reason);
		assert_int_equal(htonl(port.ofport), ofputil_port_to_ofp11(p->port_no));
		assert_memory_equal(port.mac, p->hw_addr.ea, 6);
		assert_string_equal(port.name, p->name);
		assert_int_equal(port.is_local, p->port_no == OFPP_LOCAL);
		assert_int_equal(port.is_up, !p->config && !(p->state & OFPUTIL_PS_LINK_DOWN));
		assert_int_equal(port.is_live, !!(p->state & OFPUTIL_PS_LIVE));
		assert_int_equal(port.speed_mbps, p->curr_speed / 1000);
		for (size_t n = MSG_HEADER; n < b->size; n += 7)
			assert_false(msg_port_status(b->data, n, &reason, &port));
		((uint8_t *) b->data)[8] = 3;
		assert_false(msg_port_status(b->data, b->size, &reason, &port));
		ofpbuf_delete(b);
	}
}

static void test_port_name_of_a_stranger(void **state)
{
	uint8_t entry[MSG_PORT] = { 0 };
	struct msg_port port;

	(void) state;
	memset(entry + 16, 'x', 16);
	memcpy(entry + 16, "a\nb\x1b[31m\xff", 9);
	msg_port(entry, &port);
	assert_string_equal(port.name, "a?b?[31m?xxxxxx");
}

static void test_features(void **state)
{
	(void) state;
	for (int i = 0; i < 500; i++) {
		struct ofputil_switch_features theirs = {
			.datapath_id = rnd64(), .n_tables = (uint8_t) rnd(), .auxiliary_id = (uint8_t) rnd(),
		};
		struct ofputil_meter_features meters = { .max_meters = rnd() };
		struct msg_features ours;
		uint64_t request[2] = { 0 };
		uint32_t max_meters;
		struct ofpbuf *b = ofputil_encode_switch_features(&theirs, OFPUTIL_P_OF13_OXM, htonl(1));

		ofpmsg_update_length(b);
		assert_true(msg_features(b->data, b->size, &ours));
		assert_int_equal(ours.dpid, theirs.datapath_id);
		assert_int_equal(ours.n_tables, theirs.n_tables);
		assert_int_equal(ours.auxiliary_id, theirs.auxiliary_id);
		assert_false(msg_features(b->data, b->size - 1, &ours));
		ofpbuf_delete(b);

		msg_put_multipart((uint8_t *) request, 1, MULTIPART_METER_FEATURES);
		b = ofputil_encode_meter_features_reply(&meters, (const struct ofp_header *) request);
		ofpmsg_update_length(b);
		assert_true(msg_meter_features(b->data, b->size, &max_meters));
		assert_int_equal(max_meters, meters.max_meters);
		assert_false(msg_meter_features(b->data, b->size - 1, &max_meters));
		ofpbuf_delete(b);
	}
}

static void test_role(void **state)
{
	uint64_t request[3] = { 0 };

	(void) state;
	msg_put_role((uint8_t *) request, 9, ROLE_PRIMARY, 5);
	for (uint32_t i = 0; i <= 3; i++) {
		struct ofputil_role_request theirs = { .role = i, .have_generation_id = true, .generation_id = rnd64() };
		struct ofpbuf *b = ofputil_encode_role_reply((const struct ofp_header *) request, &theirs);
		uint64_t generation_id;
		enum msg_role role;

		ofpmsg_update_length(b);
		assert_true(msg_role(b->data, b->size, &role, &generation_id));
		assert_int_equal(role, i);
		assert_int_equal(generation_id, theirs.generation_id);
		assert_false(msg_role(b->data, b->size - 1, &role, &generation_id));
		((uint8_t *) b->data)[11] = 4;
		assert_false(msg_role(b->data, b->size, &role, &generation_id));
		ofpbuf_delete(b);
	}
}

static void test_role_status(void **state)
{
	(void) state;
	for (uint32_t i = ROLE_EQUAL; i <= ROLE_SECONDARY; i++) {
		struct ofputil_role_status status = { .role = i, .generation_id = rnd64() };
		struct ofpbuf *b = ofputil_encode_role_status(&status, OFPUTIL_P_OF13_OXM);
		enum msg_role role;

		ofpmsg_update_length(b);
		assert_true(msg_role_status(b->data, b->size, &role));
		assert_int_equal(role, i);
		assert_false(msg_role_status(b->data, b->size - 1, &role));
		((uint8_t *) b->data)[15] ^= 1;
		assert_false(msg_role_status(b->data, b->size, &role));
		ofpbuf_delete(b);
	}
}

/* Against the library: replies it makes, whole and cut. */
static void test_meter_stats(void **state)
{
	struct ofputil_meter_band_stats bands[2] = { { .packet_count = 3 }, { .packet_count = 4 } };
	struct ofputil_meter_stats ms = { .meter_id = 0x10010, .packet_in_count = 70, .n_bands = 2, .bands = bands };
	struct msg_meter_stats got;
	struct ovs_list replies;
	uint8_t request[24];
	size_t at = 0;
	(void) state;
	assert_int_equal(msg_put_meter_stats(request, 66), sizeof request);
	struct ofpbuf *theirs = ofputil_encode_meter_request(OFP13_VERSION, OFPUTIL_METER_STATS, OFPM13_ALL);
	with_xid(theirs, 66);
	ofpmsg_update_length(theirs);
	assert_memory_equal(theirs->data, request, sizeof request);
	ofpmp_init(&replies, theirs->data);
	ofputil_append_meter_stats(&replies, &ms);
	ms.meter_id++;
	ms.n_bands = 0;
	ofputil_append_meter_stats(&replies, &ms);
	ofpbuf_delete(theirs);
	struct ofpbuf *reply = ofpbuf_from_list(ovs_list_pop_front(&replies));
	ofpmsg_update_length(reply);
	const uint8_t *m = reply->data;
	assert_int_equal(msg_meter_stats(m, reply->size, &at, &got), 1);
	assert_int_equal(got.id, 0x10010);
	assert_int_equal(got.n_packets, 70);
	assert_int_equal(got.n_dropped, 7);
	assert_int_equal(msg_meter_stats(m, reply->size, &at, &got), 1);
	assert_int_equal(got.id, 0x10011);
	assert_int_equal(got.n_dropped, 0);
	assert_int_equal(msg_meter_stats(m, reply->size, &at, &got), 0);
	for (size_t size = MSG_MULTIPART + 1; size < reply->size; size++) {
		int more;
		at = 0;
		while ((more = msg_meter_stats(m, size, &at, &got)) > 0)
			;
		/* Between two entries a message may end. */
		assert_int_equal(more, size == MSG_MULTIPART + 40 + 32 ? 0 : -1);
	}
	ofpbuf_delete(reply);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meter_stats), cmocka_unit_test(test_hello_elements), cmocka_unit_test(test_ports),
		cmocka_unit_test(test_port_name_of_a_stranger), cmocka_unit_test(test_features),
		cmocka_unit_test(test_role), cmocka_unit_test(test_role_status),
	};

	return cmocka_run_group_tests_name("msg", tests, say_seed, NULL);
}
