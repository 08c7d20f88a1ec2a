/* SPDX-License-Identifier: Apache-2.0 */
/* wire: numbers in network order at any address, and where the fields of the
 * three messages that make a rule stand (OpenFlow 1.3, sections 7.3.4.1 flow,
 * 7.3.4.2 group, 7.3.4.3 meter). Internal to ofproto. */
#ifndef OFPROTO_WIRE_H
#define OFPROTO_WIRE_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t wire_u16(const uint8_t *p) { return (uint16_t) (p[0] << 8 | p[1]); }
static inline uint32_t wire_u32(const uint8_t *p)
{
	uint32_t x;
	memcpy(&x, p, sizeof(x));
	return be32toh(x);
}
static inline uint64_t wire_u64(const uint8_t *p)
{
	uint64_t x;
	memcpy(&x, p, sizeof(x));
	return be64toh(x);
}
static inline void wire_put_u16(uint8_t *p, uint16_t x)
{
	p[0] = (uint8_t) (x >> 8);
	p[1] = (uint8_t) x;
}
static inline void wire_put_u32(uint8_t *p, uint32_t x)
{
	x = htobe32(x);
	memcpy(p, &x, sizeof(x));
}
static inline void wire_put_u64(uint8_t *p, uint64_t x)
{
	x = htobe64(x);
	memcpy(p, &x, sizeof(x));
}

enum {
	WIRE_VERSION = 0x04, WIRE_HEADER = 8, WIRE_LENGTH = 2, WIRE_XID = 4,
	WIRE_FLOW_MOD = 14, WIRE_GROUP_MOD = 15, WIRE_METER_MOD = 29,

	FLOW_COOKIE = 8, FLOW_COOKIE_MASK = 16, FLOW_TABLE = 24, FLOW_COMMAND = 25,
	FLOW_IDLE = 26, FLOW_HARD = 28, FLOW_PRIORITY = 30, FLOW_BUFFER = 32,
	FLOW_OUT_PORT = 36, FLOW_OUT_GROUP = 40, FLOW_FLAGS = 44, FLOW_MATCH = 48,
	FLOW_SEND_REM = 1,              /* in flags */
	FLOW_ADD = 0, FLOW_DELETE_STRICT = 4,

	GROUP_COMMAND = 8, GROUP_TYPE = 10, GROUP_ID = 12, GROUP_BUCKETS = 16,
	METER_COMMAND = 8, METER_FLAGS = 10, METER_ID = 12, METER_BANDS = 16,
	MOD_ADD = 0, MOD_MODIFY = 1, MOD_DELETE = 2,     /* groups and meters */

	MATCH_TYPE_OXM = 1, MATCH_HEADER = 4,
	INSTRUCTION_APPLY = 4, INSTRUCTION_APPLY_HEADER = 8,
	ACTION_SET_FIELD = 25,
	OXM_EXPERIMENTER = 0xffff,      /* class with four more bytes of header */
};

/* Bytes of the match with its padding, from the length in its header. */
static inline size_t wire_match_padded(size_t match_length) { return (match_length + 7) & ~(size_t) 7; }
/* OXM header without its mask bit, for the same field unmasked (section 7.2.3.2). */
static inline uint32_t oxm_length(uint32_t header) { return header & 0xff; }
static inline int oxm_has_mask(uint32_t header) { return (header & 0x100) != 0; }

#endif
