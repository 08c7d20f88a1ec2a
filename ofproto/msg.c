/* SPDX-License-Identifier: Apache-2.0 */
/* msg: the messages that weft makes, and the frame of those it reads.
 *
 * All of them have fixed layouts, so they are written byte by byte into the
 * caller's buffer; the tests hold them against libopenvswitch. What needs more
 * than this is in msg_*.c: packet-ins, ports, errors, removed flows. */
#include "ofproto/msg.h"

#include <stdio.h>

#include "ofproto/field.h"
#include "ofproto/wire.h"

#define TYPES \
	TYPE(HELLO) TYPE(ERROR) TYPE(ECHO_REQUEST) TYPE(ECHO_REPLY) TYPE(EXPERIMENTER) \
	TYPE(FEATURES_REQUEST) TYPE(FEATURES_REPLY) TYPE(GET_CONFIG_REPLY) TYPE(SET_CONFIG) \
	TYPE(PACKET_IN) TYPE(FLOW_REMOVED) TYPE(PORT_STATUS) TYPE(PACKET_OUT) TYPE(FLOW_MOD) \
	TYPE(GROUP_MOD) TYPE(MULTIPART_REQUEST) TYPE(MULTIPART_REPLY) TYPE(BARRIER_REQUEST) \
	TYPE(BARRIER_REPLY) TYPE(ROLE_REQUEST) TYPE(ROLE_REPLY) TYPE(SET_ASYNC) TYPE(METER_MOD) \
	TYPE(ROLE_STATUS)

enum {
	NO_BUFFER = 0xffffffff, PORT_ANY = 0xffffffff, PORT_CONTROLLER = 0xfffffffd, PORT_TABLE = 0xfffffff9,
	GROUP_ANY = 0xffffffff, METER_ALL = 0xffffffff, TABLE_ALL = 0xff,
	ONF = 0x4f4e4600, ONF_BUNDLE_CONTROL = 2300, ONF_BUNDLE_ADD = 2301,
	BUNDLE_ATOMIC_ORDERED = 3,
	HELLO_VERSIONBITMAP = 1,
	ERROR_DATA = 64,                /* section 7.4.4: at least 64 bytes of the request */
	PACKET_OUT_HEADER = 24, ACTION_OUTPUT = 16,
};

const char *msg_type_name(uint8_t type)
{
	static _Thread_local char other[sizeof "type 255"];

	switch (type) {
#define TYPE(NAME) case MSG_##NAME: return #NAME;
	TYPES
#undef TYPE
	default:
		snprintf(other, sizeof other, "type %u", type);
		return other;
	}
}

void msg_text(char *ret_text, size_t max, const uint8_t *from, size_t size)
{
	size_t n = 0;

	while (n < size && n < max - 1 && from[n]) {
		ret_text[n] = from[n] >= 0x20 && from[n] < 0x7f ? (char) from[n] : '?';
		n++;
	}
	ret_text[n] = '\0';
}

bool msg_hello(const uint8_t *m, size_t size, bool *ret_speaks_13)
{
	bool speaks = msg_version(m) >= MSG_VERSION;
	size_t at = MSG_HEADER;

	while (size - at >= 4) {
		uint16_t type = wire_u16(m + at), length = wire_u16(m + at + 2);
		size_t padded = ((size_t) length + 7) & ~(size_t) 7;

		if (length < 4 || length > size - at)
			return false;
		if (type == HELLO_VERSIONBITMAP && length >= 8)
			speaks = (wire_u32(m + at + 4) >> MSG_VERSION & 1) != 0;
		at += padded < size - at ? padded : size - at;
	}
	*ret_speaks_13 = speaks;
	return true;
}

bool msg_multipart(const uint8_t *m, size_t size, uint16_t *ret_type, bool *ret_more)
{
	if (size < MSG_MULTIPART || msg_type(m) != MSG_MULTIPART_REPLY)
		return false;
	*ret_type = wire_u16(m + 8);
	*ret_more = (wire_u16(m + 10) & 1) != 0;
	return true;
}

size_t msg_put_header(uint8_t *buf, uint8_t type, uint32_t xid, size_t size)
{
	buf[0] = MSG_VERSION;
	buf[1] = type;
	wire_put_u16(buf + 2, (uint16_t) size);
	wire_put_u32(buf + 4, xid);
	return size;
}

size_t msg_put_hello(uint8_t *buf, uint32_t xid)
{
	wire_put_u16(buf + 8, HELLO_VERSIONBITMAP);
	wire_put_u16(buf + 10, 8);
	wire_put_u32(buf + 12, 1u << MSG_VERSION);
	return msg_put_header(buf, MSG_HELLO, xid, 16);
}

size_t msg_put_hello_failed(uint8_t *buf, size_t max, uint8_t version, uint32_t xid,
			    uint16_t code, const char *text)
{
	size_t length = strlen(text);

	if (length > max - 12)
		length = max - 12;
	wire_put_u16(buf + 8, ERROR_HELLO_FAILED);
	wire_put_u16(buf + 10, code);
	memcpy(buf + 12, text, length);
	msg_put_header(buf, MSG_ERROR, xid, 12 + length);
	buf[0] = version;
	return 12 + length;
}

size_t msg_put_echo_reply(uint8_t *buf, const uint8_t *request, size_t size)
{
	memcpy(buf, request, size);
	return msg_put_header(buf, MSG_ECHO_REPLY, msg_xid(request), size);
}

size_t msg_put_error(uint8_t *buf, uint16_t type, uint16_t code, const uint8_t *request, size_t size)
{
	size_t n = size < ERROR_DATA ? size : ERROR_DATA;

	wire_put_u16(buf + 8, type);
	wire_put_u16(buf + 10, code);
	memcpy(buf + 12, request, n);
	return msg_put_header(buf, MSG_ERROR, msg_xid(request), 12 + n);
}

size_t msg_put_barrier(uint8_t *buf, uint32_t xid)
{
	return msg_put_header(buf, MSG_BARRIER_REQUEST, xid, MSG_HEADER);
}

size_t msg_put_role(uint8_t *buf, uint32_t xid, enum msg_role role, uint64_t generation_id)
{
	wire_put_u32(buf + 8, role);
	wire_put_u32(buf + 12, 0);
	wire_put_u64(buf + 16, generation_id);
	return msg_put_header(buf, MSG_ROLE_REQUEST, xid, 24);
}

/* Bits are 1 << reason. Packet-in: no match, action, invalid TTL. Port status:
 * add, delete, modify. Flow removed: idle, hard, delete, group delete. */
size_t msg_put_set_async(uint8_t *buf, uint32_t xid)
{
	memset(buf + 8, 0, 24);
	wire_put_u32(buf + 8, 0x7);
	wire_put_u32(buf + 16, 0x7);
	wire_put_u32(buf + 24, 0xf);
	return msg_put_header(buf, MSG_SET_ASYNC, xid, 32);
}

size_t msg_put_set_config(uint8_t *buf, uint32_t xid, uint16_t miss_send_len)
{
	wire_put_u16(buf + 8, 0);       /* fragments are matched as they are */
	wire_put_u16(buf + 10, miss_send_len);
	return msg_put_header(buf, MSG_SET_CONFIG, xid, 12);
}

size_t msg_packet_out_size(size_t frame_size, size_t n_ports)
{
	return PACKET_OUT_HEADER + n_ports * ACTION_OUTPUT + frame_size;
}

size_t msg_put_packet_out(uint8_t *buf, uint32_t xid, const uint32_t *ofports, size_t n_ports,
			  const uint8_t *frame, size_t frame_size)
{
	uint8_t *p = buf + PACKET_OUT_HEADER;

	wire_put_u32(buf + 8, NO_BUFFER);
	wire_put_u32(buf + 12, PORT_CONTROLLER);
	wire_put_u16(buf + 16, (uint16_t) (n_ports * ACTION_OUTPUT));
	memset(buf + 18, 0, 6);
	for (size_t i = 0; i < n_ports; i++, p += ACTION_OUTPUT) {
		wire_put_u16(p, 0);     /* OFPAT_OUTPUT */
		wire_put_u16(p + 2, ACTION_OUTPUT);
		wire_put_u32(p + 4, ofports[i]);
		memset(p + 8, 0, 8);
	}
	memcpy(p, frame, frame_size);
	return msg_put_header(buf, MSG_PACKET_OUT, xid, msg_packet_out_size(frame_size, n_ports));
}

size_t msg_put_packet_out_as_in(uint8_t *buf, uint32_t xid, uint32_t in_port, const uint8_t *frame, size_t frame_size)
{
	msg_put_packet_out(buf, xid, &(uint32_t) { PORT_TABLE }, 1, frame, frame_size);
	wire_put_u32(buf + 12, in_port);
	return msg_packet_out_size(frame_size, 1);
}

static size_t set_field_size(size_t value) { return (8 + value + 7) & ~(size_t) 7; }

size_t msg_packet_out_tunnel_size(size_t frame_size, size_t vtep_size)
{
	return msg_packet_out_size(frame_size, 1) + set_field_size(8) + set_field_size(vtep_size);
}

static uint8_t *put_set_field(uint8_t *p, enum field field, const uint8_t *value, size_t size)
{
	size_t len = set_field_size(size);

	memset(p, 0, len);
	wire_put_u16(p, 25);            /* OFPAT_SET_FIELD */
	wire_put_u16(p + 2, (uint16_t) len);
	wire_put_u32(p + 4, field_infos[field].oxm);
	memcpy(p + 8, value, size);
	return p + len;
}

size_t msg_put_packet_out_tunnel(uint8_t *buf, uint32_t xid, uint32_t ofport, uint64_t tun_id,
				 const uint8_t *vtep, size_t vtep_size, const uint8_t *frame, size_t frame_size)
{
	uint8_t *p = buf + PACKET_OUT_HEADER, id[8];

	wire_put_u32(id, (uint32_t) (tun_id >> 32));
	wire_put_u32(id + 4, (uint32_t) tun_id);
	p = put_set_field(p, FIELD_TUN_ID, id, sizeof id);
	p = put_set_field(p, vtep_size == 4 ? FIELD_TUN_DST : FIELD_TUN_IPV6_DST, vtep, vtep_size);
	wire_put_u16(p, 0);             /* OFPAT_OUTPUT */
	wire_put_u16(p + 2, ACTION_OUTPUT);
	wire_put_u32(p + 4, ofport);
	memset(p + 8, 0, 8);
	p += ACTION_OUTPUT;
	wire_put_u32(buf + 8, NO_BUFFER);
	wire_put_u32(buf + 12, PORT_CONTROLLER);
	wire_put_u16(buf + 16, (uint16_t) (p - buf - PACKET_OUT_HEADER));
	memset(buf + 18, 0, 6);
	memcpy(p, frame, frame_size);
	return msg_put_header(buf, MSG_PACKET_OUT, xid, msg_packet_out_tunnel_size(frame_size, vtep_size));
}

static void put_onf(uint8_t *buf, uint32_t type, uint32_t bundle)
{
	wire_put_u32(buf + 8, ONF);
	wire_put_u32(buf + 12, type);
	wire_put_u32(buf + 16, bundle);
	wire_put_u16(buf + 22, BUNDLE_ATOMIC_ORDERED);
}

size_t msg_put_bundle_ctrl(uint8_t *buf, uint32_t xid, uint32_t bundle, enum msg_bundle_ctrl ctrl)
{
	put_onf(buf, ONF_BUNDLE_CONTROL, bundle);
	wire_put_u16(buf + 20, (uint16_t) ctrl);
	return msg_put_header(buf, MSG_EXPERIMENTER, xid, MSG_BUNDLE_CTRL);
}

size_t msg_put_bundle_add(uint8_t *buf, uint32_t xid, uint32_t bundle, size_t size)
{
	put_onf(buf, ONF_BUNDLE_ADD, bundle);
	wire_put_u16(buf + 20, 0);
	msg_put_header(buf, MSG_EXPERIMENTER, xid, MSG_BUNDLE_ADD + size);
	return MSG_BUNDLE_ADD;
}

bool msg_bundle_ctrl(const uint8_t *m, size_t size, uint32_t *ret_bundle, enum msg_bundle_ctrl *ret_ctrl)
{
	if (size < MSG_BUNDLE_CTRL || msg_type(m) != MSG_EXPERIMENTER
	    || wire_u32(m + 8) != ONF || wire_u32(m + 12) != ONF_BUNDLE_CONTROL
	    || wire_u16(m + 20) > BUNDLE_DISCARD_REPLY)
		return false;
	*ret_bundle = wire_u32(m + 16);
	*ret_ctrl = (enum msg_bundle_ctrl) wire_u16(m + 20);
	return true;
}

static size_t put_multipart(uint8_t *buf, uint32_t xid, uint16_t type, size_t size)
{
	memset(buf + 8, 0, size - 8);
	wire_put_u16(buf + 8, type);
	return msg_put_header(buf, MSG_MULTIPART_REQUEST, xid, size);
}

size_t msg_put_flow_dump(uint8_t *buf, uint32_t xid, int table)
{
	put_multipart(buf, xid, MULTIPART_FLOW, 56);
	buf[16] = table < 0 ? TABLE_ALL : (uint8_t) table;
	wire_put_u32(buf + 20, PORT_ANY);
	wire_put_u32(buf + 24, GROUP_ANY);
	wire_put_u16(buf + 48, MATCH_TYPE_OXM);
	wire_put_u16(buf + 50, MATCH_HEADER);
	return 56;
}

size_t msg_put_flow_ask(uint8_t *buf, uint32_t xid, int table, uint64_t cookie)
{
	size_t size = msg_put_flow_dump(buf, xid, table);

	wire_put_u32(buf + 32, (uint32_t) (cookie >> 32));
	wire_put_u32(buf + 36, (uint32_t) cookie);
	memset(buf + 40, 0xff, 8);
	return size;
}

size_t msg_put_multipart(uint8_t *buf, uint32_t xid, uint16_t type)
{
	return put_multipart(buf, xid, type, MSG_MULTIPART);
}

size_t msg_put_meter_stats(uint8_t *buf, uint32_t xid)
{
	put_multipart(buf, xid, MULTIPART_METER, 24);
	wire_put_u32(buf + 16, METER_ALL);
	return 24;
}

size_t msg_put_meter_config(uint8_t *buf, uint32_t xid)
{
	put_multipart(buf, xid, MULTIPART_METER_CONFIG, 24);
	wire_put_u32(buf + 16, METER_ALL);
	return 24;
}

size_t msg_put_port_stats(uint8_t *buf, uint32_t xid)
{
	put_multipart(buf, xid, MULTIPART_PORT_STATS, MSG_PORT_STATS_REQUEST);
	wire_put_u32(buf + 16, PORT_ANY);
	return MSG_PORT_STATS_REQUEST;
}
