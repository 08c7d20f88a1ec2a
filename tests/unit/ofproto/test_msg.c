/* SPDX-License-Identifier: Apache-2.0 */
/* msg against libopenvswitch: what we write by hand is byte for byte what the
 * library writes, what we read by hand is what the library reads, on random and
 * on truncated messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/ofproto/msg_random.h"

static void same(const uint8_t *ours, size_t size, struct ofpbuf *theirs)
{
	ofpmsg_update_length(theirs);
	assert_int_equal(size, theirs->size);
	assert_memory_equal(ours, theirs->data, size);
	ofpbuf_delete(theirs);
}

/* --- encoders ------------------------------------------------------------------------ */

static void test_fixed_encoders(void **state)
{
	uint64_t aligned[64];
	uint8_t *m = (uint8_t *) aligned;
	const struct ofp_header *oh = (const struct ofp_header *) m;
	struct ofputil_role_request role;
	struct ofputil_switch_config config = { .frag = OFPUTIL_FRAG_NORMAL, .miss_send_len = 0xffff };
	struct ofputil_async_cfg none = OFPUTIL_ASYNC_CFG_INIT, async;
	struct ofpbuf *b;
	uint32_t allowed;
	bool speaks;
	size_t size;

	(void) state;
	size = msg_put_hello(m, 77);
	same(m, size, with_xid(ofputil_encode_hello(1u << OFP13_VERSION), 77));
	assert_true(ofputil_decode_hello(oh, &allowed));
	assert_int_equal(allowed, 1u << OFP13_VERSION);
	assert_true(msg_hello(m, size, &speaks) && speaks);

	size = msg_put_barrier(m, 78);
	same(m, size, with_xid(ofputil_encode_barrier_request(OFP13_VERSION), 78));

	size = msg_put_set_config(m, 79, 0xffff);
	same(m, size, with_xid(ofputil_encode_set_config(&config, OFP13_VERSION), 79));

	size = msg_put_role(m, 80, ROLE_PRIMARY, 0x123456789abcdef0ULL);
	assert_int_equal(size, 24);
	assert_int_equal(ofputil_decode_role_message(oh, &role), 0);
	assert_int_equal(role.role, OFPCR12_ROLE_PRIMARY);
	assert_true(role.have_generation_id);
	assert_int_equal(role.generation_id, 0x123456789abcdef0ULL);

	size = msg_put_set_async(m, 81);
	assert_int_equal(size, 32);
	assert_int_equal(ofputil_decode_set_async_config(oh, false, &none, &async), 0);
	/* The library adds bits of its own, for reasons that 1.3 does not tell apart. */
	assert_int_equal(async.primary[OAM_PACKET_IN] & 7, 1 << OFPR_NO_MATCH | 1 << OFPR_ACTION | 1 << OFPR_INVALID_TTL);
	assert_int_equal(async.primary[OAM_PORT_STATUS], 7);
	assert_int_equal(async.primary[OAM_FLOW_REMOVED], 15);
	for (int i = 0; i < OAM_N_TYPES; i++)
		assert_int_equal(async.secondary[i], 0);

	size = msg_put_multipart(m, 82, MULTIPART_PORT_DESC);
	same(m, size, with_xid(ofputil_encode_port_desc_stats_request(OFP13_VERSION, OFPP_ANY), 82));
	size = msg_put_multipart(m, 83, MULTIPART_GROUP_DESC);
	same(m, size, with_xid(ofputil_encode_group_desc_request(OFP13_VERSION, OFPG_ALL), 83));
	size = msg_put_multipart(m, 84, MULTIPART_METER_FEATURES);
	same(m, size, with_xid(ofputil_encode_meter_request(OFP13_VERSION, OFPUTIL_METER_FEATURES, 0), 84));
	size = msg_put_meter_config(m, 85);
	same(m, size, with_xid(ofputil_encode_meter_request(OFP13_VERSION, OFPUTIL_METER_CONFIG, OFPM13_ALL), 85));
	size = msg_put_port_stats(m, 88);
	same(m, size, with_xid(ofputil_encode_dump_ports_request(OFP13_VERSION, OFPP_ANY), 88));
	size = msg_put_multipart(m, 86, MULTIPART_DESC);
	b = ofpraw_alloc_xid(OFPRAW_OFPST_DESC_REQUEST, OFP13_VERSION, htonl(86), 0);
	same(m, size, b);
	for (int table = -1; table < 255; table += 32) {
		struct ofputil_flow_stats_request request = {
			.out_port = OFPP_ANY, .out_group = OFPG_ANY,
			.table_id = table < 0 ? 0xff : (uint8_t) table,
		};

		match_init_catchall(&request.match);
		size = msg_put_flow_dump(m, 87, table);
		same(m, size, with_xid(ofputil_encode_flow_stats_request(&request, OFPUTIL_P_OF13_OXM), 87));
		request.cookie = htobe64(0x7707123456789abcULL);
		request.cookie_mask = OVS_BE64_MAX;
		size = msg_put_flow_ask(m, 88, table, 0x7707123456789abcULL);
		same(m, size, with_xid(ofputil_encode_flow_stats_request(&request, OFPUTIL_P_OF13_OXM), 88));
	}
}

static void test_bundles(void **state)
{
	uint64_t aligned[64];
	uint8_t *m = (uint8_t *) aligned;
	const struct ofp_header *oh = (const struct ofp_header *) m;

	(void) state;
	for (int i = BUNDLE_OPEN; i <= BUNDLE_DISCARD; i += 2) {
		struct ofputil_bundle_ctrl_msg ctrl = { rnd(), (uint16_t) i, OFPBF_ATOMIC | OFPBF_ORDERED }, back;
		enum msg_bundle_ctrl type;
		uint32_t id, xid = rnd();
		size_t size = msg_put_bundle_ctrl(m, xid, ctrl.bundle_id, (enum msg_bundle_ctrl) i);
		struct ofpbuf *reply;

		assert_int_equal(size, MSG_BUNDLE_CTRL);
		assert_int_equal(ofputil_decode_bundle_ctrl(oh, &back), 0);
		same(m, size, with_xid(ofputil_encode_bundle_ctrl_request(OFP13_VERSION, &ctrl), xid));
		ctrl.type++;
		reply = ofputil_encode_bundle_ctrl_reply(oh, &ctrl);
		assert_true(msg_bundle_ctrl(reply->data, reply->size, &id, &type));
		assert_int_equal(id, ctrl.bundle_id);
		assert_int_equal(type, i + 1);
		assert_int_equal(msg_xid(reply->data), xid);
		for (size_t n = MSG_HEADER; n < reply->size; n++)
			assert_false(msg_bundle_ctrl(reply->data, n, &id, &type));
		ofpbuf_delete(reply);
	}
	for (int i = 0; i < 100; i++) {
		uint8_t inner[200];
		size_t n = 8 + rnd() % 190;
		uint32_t xid = rnd();
		struct ofputil_bundle_add_msg add = {
			.bundle_id = rnd(), .flags = OFPBF_ATOMIC | OFPBF_ORDERED,
			.msg = (const struct ofp_header *) inner,
		};

		for (size_t k = 0; k < n; k++)
			inner[k] = (uint8_t) rnd();
		msg_put_header(inner, MSG_FLOW_MOD, xid, n);
		assert_int_equal(msg_put_bundle_add(m, xid, add.bundle_id, n), MSG_BUNDLE_ADD);
		memcpy(m + MSG_BUNDLE_ADD, inner, n);
		same(m, MSG_BUNDLE_ADD + n, with_xid(ofputil_encode_bundle_add(OFP13_VERSION, &add), xid));
	}
}

static void test_packet_out(void **state)
{
	(void) state;
	for (int i = 0; i < 2000; i++) {
		uint8_t frame[1500], *m;
		uint32_t ports[8], xid = rnd();
		size_t n = rnd() % 9, frame_size = rnd() % sizeof frame, size;
		struct ofputil_packet_out po = {
			.packet = frame, .packet_len = frame_size, .buffer_id = UINT32_MAX,
		};
		struct ofpbuf ofpacts;

		for (size_t k = 0; k < frame_size; k++)
			frame[k] = (uint8_t) rnd();
		ofpbuf_init(&ofpacts, 64);
		for (size_t k = 0; k < n; k++) {
			ports[k] = one_in(4) ? 0xfffffffe : 1 + rnd() % 0xfe00;
			ofpact_put_OUTPUT(&ofpacts)->port = ports[k] == 0xfffffffe ? OFPP_LOCAL : (ofp_port_t) ports[k];
		}
		po.ofpacts = ofpacts.data;
		po.ofpacts_len = ofpacts.size;
		match_init_catchall(&po.flow_metadata);
		match_set_in_port(&po.flow_metadata, OFPP_CONTROLLER);
		m = malloc(msg_packet_out_size(frame_size, n));
		size = msg_put_packet_out(m, xid, ports, n, frame, frame_size);
		assert_int_equal(size, msg_packet_out_size(frame_size, n));
		same(m, size, with_xid(ofputil_encode_packet_out(&po, OFPUTIL_P_OF13_OXM), xid));
		ofpbuf_uninit(&ofpacts);
		free(m);
	}
}

/* As if it had come in there: through the tables. */
static void test_packet_out_as_in(void **state)
{
	(void) state;
	for (int i = 0; i < 500; i++) {
		uint8_t frame[100], *m;
		uint32_t port = 1 + rnd() % 0xfe00, xid = rnd();
		size_t frame_size = rnd() % sizeof frame, size;
		struct ofputil_packet_out po = { .packet = frame, .packet_len = frame_size, .buffer_id = UINT32_MAX };
		struct ofpbuf ofpacts;

		for (size_t k = 0; k < frame_size; k++)
			frame[k] = (uint8_t) rnd();
		ofpbuf_init(&ofpacts, 64);
		ofpact_put_OUTPUT(&ofpacts)->port = OFPP_TABLE;
		po.ofpacts = ofpacts.data;
		po.ofpacts_len = ofpacts.size;
		match_init_catchall(&po.flow_metadata);
		match_set_in_port(&po.flow_metadata, (ofp_port_t) port);
		m = malloc(msg_packet_out_size(frame_size, 1));
		size = msg_put_packet_out_as_in(m, xid, port, frame, frame_size);
		assert_int_equal(size, msg_packet_out_size(frame_size, 1));
		same(m, size, with_xid(ofputil_encode_packet_out(&po, OFPUTIL_P_OF13_OXM), xid));
		ofpbuf_uninit(&ofpacts);
		free(m);
	}
}

static void put_set_field(struct ofpbuf *ofpacts, enum mf_field_id id, const uint8_t *value, size_t size)
{
	const struct mf_field *field = mf_from_id(id);
	union mf_value v;

	assert_int_equal((size_t) field->n_bytes, size);
	memcpy(&v, value, size);
	ofpact_put_set_field(ofpacts, field, &v, NULL);
}

static void test_packet_out_tunnel(void **state)
{
	(void) state;
	for (int i = 0; i < 500; i++) {
		uint8_t frame[200], vtep[16], id[8], *m;
		uint32_t port = 1 + rnd() % 0xfe00, xid = rnd();
		size_t vtep_size = i % 2 ? 4 : 16, frame_size = rnd() % sizeof frame, size;
		uint64_t tun_id = rnd() % (1u << 24);
		struct ofputil_packet_out po = {
			.packet = frame, .packet_len = frame_size, .buffer_id = UINT32_MAX,
		};
		struct ofpbuf ofpacts;

		for (size_t k = 0; k < frame_size; k++)
			frame[k] = (uint8_t) rnd();
		for (size_t k = 0; k < sizeof vtep; k++)
			vtep[k] = (uint8_t) rnd();
		for (size_t k = 0; k < sizeof id; k++)
			id[k] = (uint8_t) (tun_id >> (56 - 8 * k));
		ofpbuf_init(&ofpacts, 64);
		put_set_field(&ofpacts, MFF_TUN_ID, id, sizeof id);
		put_set_field(&ofpacts, vtep_size == 4 ? MFF_TUN_DST : MFF_TUN_IPV6_DST, vtep, vtep_size);
		ofpact_put_OUTPUT(&ofpacts)->port = (ofp_port_t) port;
		po.ofpacts = ofpacts.data;
		po.ofpacts_len = ofpacts.size;
		match_init_catchall(&po.flow_metadata);
		match_set_in_port(&po.flow_metadata, OFPP_CONTROLLER);
		m = malloc(msg_packet_out_tunnel_size(frame_size, vtep_size));
		size = msg_put_packet_out_tunnel(m, xid, port, tun_id, vtep, vtep_size, frame, frame_size);
		assert_int_equal(size, msg_packet_out_tunnel_size(frame_size, vtep_size));
		same(m, size, with_xid(ofputil_encode_packet_out(&po, OFPUTIL_P_OF13_OXM), xid));
		ofpbuf_uninit(&ofpacts);
		free(m);
	}
}

static void test_echo_and_errors(void **state)
{
	uint64_t request[32];
	uint8_t *r = (uint8_t *) request, m[512];

	(void) state;
	for (size_t n = MSG_HEADER; n <= sizeof request; n++) {
		struct ofpbuf *theirs;
		size_t size;

		for (size_t k = 0; k < n; k++)
			r[k] = (uint8_t) rnd();
		msg_put_header(r, MSG_ECHO_REQUEST, rnd(), n);
		size = msg_put_echo_reply(m, r, n);
		same(m, size, ofputil_encode_echo_reply((const struct ofp_header *) r));
		size = msg_put_error(m, ERROR_BAD_REQUEST, BAD_REQUEST_BAD_LEN, r, n);
		/* At least 64 bytes of the request; Open vSwitch sends all of it. */
		theirs = ofperr_encode_reply(OFPERR_OFPBRC_BAD_LEN, (const struct ofp_header *) r);
		assert_int_equal(size, 12 + (n < 64 ? n : 64));
		assert_memory_equal(m + 4, (uint8_t *) theirs->data + 4, size - 4);
		ofpbuf_delete(theirs);
	}
}

static void test_error_names(void **state)
{
	uint64_t request[2] = { 0 };
	uint8_t *r = (uint8_t *) request;
	/* Standard ones and, over 1.3, experimenter ones. */
	static const enum ofperr errors[] = {
		OFPERR_OFPFMFC_TABLE_FULL, OFPERR_OFPBAC_BAD_OUT_GROUP, OFPERR_OFPGMFC_GROUP_EXISTS,
		OFPERR_OFPMMFC_INVALID_METER, OFPERR_OFPRRFC_STALE, OFPERR_OFPBRC_IS_SECONDARY,
		OFPERR_OFPBFC_MSG_FAILED, OFPERR_OFPBFC_BAD_ID, OFPERR_NXBRC_NXM_INVALID,
	};

	(void) state;
	msg_put_header(r, MSG_FLOW_MOD, 4711, sizeof request);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		struct ofpbuf *b = ofperr_encode_reply(errors[i], (const struct ofp_header *) r);
		uint8_t *unaligned = malloc(b->size + 1);
		uint16_t type, code;
		const uint8_t *data;
		size_t data_size;

		memcpy(unaligned + 1, b->data, b->size);
		assert_string_equal(msg_error_name_of(unaligned + 1, b->size), ofperr_get_name(errors[i]));
		assert_true(msg_error(unaligned + 1, b->size, &type, &code, &data, &data_size));
		assert_int_equal(data_size, sizeof request);
		assert_memory_equal(data, r, sizeof request);
		if (errors[i] != OFPERR_NXBRC_NXM_INVALID)
			assert_string_equal(msg_error_name(type, code), ofperr_get_name(errors[i]));
		for (size_t n = MSG_HEADER; n < 12; n++)
			assert_false(msg_error(unaligned + 1, n, &type, &code, &data, &data_size));
		free(unaligned);
		ofpbuf_delete(b);
	}
	assert_string_equal(msg_error_name(5, 999), "error type 5 code 999");
}

static void test_type_names(void **state)
{
	(void) state;
	assert_string_equal(msg_type_name(MSG_PACKET_IN), "PACKET_IN");
	assert_string_equal(msg_type_name(MSG_METER_MOD), "METER_MOD");
	assert_string_equal(msg_type_name(77), "type 77");
}

/* --- HELLO --------------------------------------------------------------------------------- */

/* --- packet-in ------------------------------------------------------------------------------- */

/* --- ports and features -------------------------------------------------------------------------- */

/* --- removed flows ---------------------------------------------------------------------------------- */

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed_encoders), cmocka_unit_test(test_bundles),
		cmocka_unit_test(test_packet_out), cmocka_unit_test(test_packet_out_as_in),
		cmocka_unit_test(test_packet_out_tunnel), cmocka_unit_test(test_echo_and_errors),
		cmocka_unit_test(test_error_names), cmocka_unit_test(test_type_names),
	};

	return cmocka_run_group_tests_name("msg", tests, say_seed, NULL);
}
