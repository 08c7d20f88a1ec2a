/* SPDX-License-Identifier: Apache-2.0 */
/* msg against libopenvswitch: what we write by hand is byte for byte what the
 * library writes, what we read by hand is what the library reads, on random and
 * on truncated messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "ofproto/build.h"
#include "ofproto/msg.h"
#include "ofproto/ovs.h"
#include "ofproto/rule.h"
#include "ofproto/wire.h"

static uint64_t seed;

static uint32_t rnd(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t) (seed >> 33);
}
static uint64_t rnd64(void) { return (uint64_t) rnd() << 40 ^ (uint64_t) rnd() << 20 ^ rnd(); }
static bool one_in(uint32_t n) { return rnd() % n == 0; }

static void same(const uint8_t *ours, size_t size, struct ofpbuf *theirs)
{
	ofpmsg_update_length(theirs);
	assert_int_equal(size, theirs->size);
	assert_memory_equal(ours, theirs->data, size);
	ofpbuf_delete(theirs);
}

static struct ofpbuf *with_xid(struct ofpbuf *b, uint32_t xid)
{
	((struct ofp_header *) b->data)->xid = htonl(xid);
	return b;
}

/* --- encoders ------------------------------------------------------------------------ */

static void test_fixed_encoders(void **state)
{
	uint64_t aligned[64];
	uint8_t *m = (uint8_t *) aligned;
	const struct ofp_header *oh = (const struct ofp_header *) m;
	struct ofputil_role_request role;
	struct ofputil_switch_config config = { .frag = OFPUTIL_FRAG_NX_MATCH, .miss_send_len = 0xffff };
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

/* --- packet-in ------------------------------------------------------------------------------- */

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

/* --- ports and features -------------------------------------------------------------------------- */

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

/* --- removed flows ---------------------------------------------------------------------------------- */

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

static int say_seed(void **state)
{
	const char *given = getenv("SEED");

	(void) state;
	seed = given ? strtoull(given, NULL, 0) : (uint64_t) time(NULL);
	printf("SEED=%llu\n", (unsigned long long) seed);
	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return 0;
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
		cmocka_unit_test(test_fixed_encoders), cmocka_unit_test(test_bundles),
		cmocka_unit_test(test_meter_stats),
		cmocka_unit_test(test_packet_out), cmocka_unit_test(test_packet_out_as_in), cmocka_unit_test(test_packet_out_tunnel),
		cmocka_unit_test(test_echo_and_errors),
		cmocka_unit_test(test_error_names), cmocka_unit_test(test_type_names),
		cmocka_unit_test(test_hello_elements), cmocka_unit_test(test_punt),
		cmocka_unit_test(test_punt_forms), cmocka_unit_test(test_ports),
		cmocka_unit_test(test_port_name_of_a_stranger), cmocka_unit_test(test_features),
		cmocka_unit_test(test_role), cmocka_unit_test(test_role_status), cmocka_unit_test(test_removed),
		cmocka_unit_test(test_removed_large),
	};

	return cmocka_run_group_tests_name("msg", tests, say_seed, NULL);
}
