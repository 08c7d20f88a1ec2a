/* SPDX-License-Identifier: Apache-2.0 */
/* msg_punt: PACKET_IN (section 7.4.1), the message that comes a hundred thousand
 * times a second. Reads the fields it knows from the OXM list byte by byte and
 * walks past all others; a frame is borrowed, nothing is copied. */
#include "ofproto/msg.h"

#include "ofproto/wire.h"

enum { PACKET_IN_MATCH = 24, PACKET_IN_PAD = 2 };

/* OXM and NXM headers (class, field, no mask, length) that a row of ours may
 * have set before it punted. Class 0x8000 is OpenFlow's, 0x8001 its packet
 * registers (two of ours each), 0x0001 Nicira's. */
#define OXM(CLASS, FIELD, SIZE) ((uint32_t) (CLASS) << 16 | (FIELD) << 9 | (SIZE))
enum {
	OXM_IN_PORT = OXM(0x8000, 0, 4),
	OXM_TUNNEL_ID = OXM(0x8000, 38, 8),
	OXM_PKT_REG0 = OXM(0x8001, 0, 8),
	OXM_PKT_REG1 = OXM(0x8001, 1, 8),
	NXM_REG0 = OXM(1, 0, 4),
	NXM_REG1 = OXM(1, 1, 4),
	NXM_REG2 = OXM(1, 2, 4),
	NXM_REG3 = OXM(1, 3, 4),
	NXM_TUN_ID = OXM(1, 16, 8),
	NXM_TUN_IPV4_SRC = OXM(1, 31, 4),
	NXM_XXREG0 = OXM(1, 111, 16),
};

/* No switch says a field of a frame with a mask; if one does, the value comes first. */
static uint32_t without_mask(uint32_t header)
{
	return (header & ~0x1ffu) | oxm_length(header) / 2;
}

static void take_field(struct punt *punt, uint32_t header, const uint8_t *value)
{
	switch (header) {
	case OXM_IN_PORT:
		punt->in_port = wire_u32(value);
		break;
	case OXM_TUNNEL_ID:
	case NXM_TUN_ID:
		punt->tun_id = wire_u64(value);
		break;
	case NXM_TUN_IPV4_SRC:
		punt->tun_src = wire_u32(value);
		break;
	case NXM_REG0:
	case NXM_REG1:
	case NXM_REG2:
	case NXM_REG3:
		punt->reg[header >> 9 & 3] = wire_u32(value);
		break;
	case OXM_PKT_REG0:
	case OXM_PKT_REG1:
		punt->reg[(header >> 9 & 1) * 2] = wire_u32(value);
		punt->reg[(header >> 9 & 1) * 2 + 1] = wire_u32(value + 4);
		break;
	case NXM_XXREG0:
		for (int i = 0; i < 4; i++)
			punt->reg[i] = wire_u32(value + 4 * i);
		break;
	default:
		break;
	}
}

bool msg_punt(const uint8_t *m, size_t size, struct punt *ret_punt)
{
	struct punt punt = { 0 };
	size_t length, end, at;

	if (size < PACKET_IN_MATCH + 8 + PACKET_IN_PAD || msg_type(m) != MSG_PACKET_IN)
		return false;
	punt.total_size = wire_u16(m + 12);
	punt.reason = m[14];
	punt.table = m[15];
	punt.cookie = wire_u64(m + 16);

	length = wire_u16(m + PACKET_IN_MATCH + 2);
	end = PACKET_IN_MATCH + length;
	if (wire_u16(m + PACKET_IN_MATCH) != MATCH_TYPE_OXM || length < MATCH_HEADER
	    || PACKET_IN_MATCH + wire_match_padded(length) + PACKET_IN_PAD > size)
		return false;
	for (at = PACKET_IN_MATCH + MATCH_HEADER; at < end; ) {
		uint32_t header;

		if (end - at < 4)
			return false;
		header = wire_u32(m + at);
		at += 4;
		if (oxm_length(header) > end - at)
			return false;
		take_field(&punt, oxm_has_mask(header) ? without_mask(header) : header, m + at);
		at += oxm_length(header);
	}
	at = PACKET_IN_MATCH + wire_match_padded(length) + PACKET_IN_PAD;
	punt.frame = m + at;
	punt.size = size - at;
	*ret_punt = punt;
	return true;
}
