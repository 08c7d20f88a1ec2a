/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little of OpenFlow 1.3 that the bench speaks, and bytes in network order.
 *
 * The bench shares no code with weft on purpose: a mistake in weft's codec must not be invisible because its
 * measuring instrument makes the same one. Numbers are from the OpenFlow Switch Specification 1.3.5, the
 * bundle extension from ONF EXT-230, the rest from Open vSwitch's Nicira extensions.
 */
#ifndef BENCH_OF13_H
#define BENCH_OF13_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { OFP13 = 4, OFP_HEADER = 8 };

enum ofpt {
	OFPT_HELLO,
	OFPT_ERROR,
	OFPT_ECHO_REQUEST,
	OFPT_ECHO_REPLY,
	OFPT_EXPERIMENTER,
	OFPT_FEATURES_REQUEST,
	OFPT_FEATURES_REPLY,
	OFPT_GET_CONFIG_REQUEST,
	OFPT_GET_CONFIG_REPLY,
	OFPT_SET_CONFIG,
	OFPT_PACKET_IN,
	OFPT_FLOW_REMOVED,
	OFPT_PORT_STATUS,
	OFPT_PACKET_OUT,
	OFPT_FLOW_MOD,
	OFPT_GROUP_MOD,
	OFPT_PORT_MOD,
	OFPT_TABLE_MOD,
	OFPT_MULTIPART_REQUEST,
	OFPT_MULTIPART_REPLY,
	OFPT_BARRIER_REQUEST,
	OFPT_BARRIER_REPLY,
	OFPT_QUEUE_CONFIG_REQUEST,
	OFPT_QUEUE_CONFIG_REPLY,
	OFPT_ROLE_REQUEST,
	OFPT_ROLE_REPLY,
	OFPT_GET_ASYNC_REQUEST,
	OFPT_GET_ASYNC_REPLY,
	OFPT_SET_ASYNC,
	OFPT_METER_MOD,
};

enum ofpmp {
	OFPMP_DESC,
	OFPMP_FLOW,
	OFPMP_AGGREGATE,
	OFPMP_TABLE,
	OFPMP_PORT_STATS,
	OFPMP_QUEUE,
	OFPMP_GROUP,
	OFPMP_GROUP_DESC,
	OFPMP_GROUP_FEATURES,
	OFPMP_METER,
	OFPMP_METER_CONFIG,
	OFPMP_METER_FEATURES,
	OFPMP_TABLE_FEATURES,
	OFPMP_PORT_DESC,
};

/* Offsets in a FLOW_MOD, after the 8 bytes of header; a match starts at FM_MATCH. */
enum {
	FM_COOKIE = 8,
	FM_COOKIE_MASK = 16,
	FM_TABLE = 24,
	FM_COMMAND = 25,
	FM_IDLE = 26,
	FM_HARD = 28,
	FM_PRIORITY = 30,
	FM_BUFFER = 32,
	FM_OUT_PORT = 36,
	FM_OUT_GROUP = 40,
	FM_FLAGS = 44,
	FM_MATCH = 48,
};

enum { OFPFC_ADD, OFPFC_MODIFY, OFPFC_MODIFY_STRICT, OFPFC_DELETE, OFPFC_DELETE_STRICT };

/* Offsets in a PACKET_IN and a PACKET_OUT. */
enum { PI_REASON = 14, PI_TABLE = 15, PI_COOKIE = 16, PI_MATCH = 24 };
enum { PO_ACTIONS_LEN = 16, PO_ACTIONS = 24 };

enum { OFPR_NO_MATCH, OFPR_ACTION };
enum { OFPIT_WRITE_METADATA = 2, OFPIT_WRITE_ACTIONS, OFPIT_APPLY_ACTIONS };
enum { OFPAT_OUTPUT = 0, OFPAT_EXPERIMENTER = 0xffff };
#define OFPP_CONTROLLER 0xfffffffdU
#define OFPP_LOCAL      0xfffffffeU
#define OFPP_ANY        0xffffffffU
#define OFP_NO_BUFFER   0xffffffffU
#define OFPG_ALL        0xfffffffcU
#define OFPG_ANY        0xffffffffU
#define OFPM_ALL        0xffffffffU
#define OFPTT_ALL       0xff

/* Experimenters. */
#define ONF_EXPERIMENTER   0x4f4e4600U
#define NICIRA             0x00002320U
enum { ONFT_BUNDLE_CONTROL = 2300, ONFT_BUNDLE_ADD = 2301 };
enum { BUNDLE_OPEN = 0, BUNDLE_CLOSE = 2, BUNDLE_COMMIT = 4, BUNDLE_DISCARD = 6 }; /* the reply is one more */
enum { NXAST_CONTROLLER = 20, NXAST_CONTROLLER2 = 37 };

/* OXM headers: class(16) field(7) has_mask(1) length(8). */
enum { OXM_NXM0 = 0x0000, OXM_NXM1 = 0x0001, OXM_BASIC = 0x8000, OXM_PACKET_REGS = 0x8001 };
#define OXM_IN_PORT 0x80000004U
#define OXM_ETH_DST 0x80000606U
#define OXM_ETH_SRC 0x80000806U
#define NXM_ETH_SRC 0x00000406U

static inline uint16_t get16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof v);
	return __builtin_bswap16(v);
}

static inline uint32_t get32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return __builtin_bswap32(v);
}

static inline uint64_t get64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return __builtin_bswap64(v);
}

static inline void put16(uint8_t *p, uint16_t v)
{
	v = __builtin_bswap16(v);
	memcpy(p, &v, sizeof v);
}

static inline void put32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof v);
}

static inline void put64(uint8_t *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, sizeof v);
}

static inline size_t pad8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* Bytes that grow at the end. Empty value: all zero. Out of memory aborts. */
struct buf {
	uint8_t *data; /* owned */
	size_t n;      /* bytes in use */
	size_t cap;    /* bytes allocated */
};

static inline void buf_grow(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 256;
	while (cap < b->n + more)
		cap *= 2;
	b->data = realloc(b->data, cap);
	if (!b->data)
		abort();
	b->cap = cap;
}

/* Room for `n` more bytes, counted as used; the caller fills them in. */
static inline uint8_t *buf_add(struct buf *b, size_t n)
{
	if (b->cap - b->n < n)
		buf_grow(b, n);
	b->n += n;
	return b->data + b->n - n;
}

static inline void buf_put(struct buf *b, const void *p, size_t n)
{
	if (n)
		memcpy(buf_add(b, n), p, n);
}

static inline void buf_zero(struct buf *b, size_t n)
{
	memset(buf_add(b, n), 0, n);
}

static inline void buf_u8(struct buf *b, uint8_t v)
{
	*buf_add(b, 1) = v;
}

static inline void buf_u16(struct buf *b, uint16_t v)
{
	put16(buf_add(b, 2), v);
}

static inline void buf_u32(struct buf *b, uint32_t v)
{
	put32(buf_add(b, 4), v);
}

static inline void buf_u64(struct buf *b, uint64_t v)
{
	put64(buf_add(b, 8), v);
}

static inline void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

/* A message is begun, filled, ended: the end writes the length. */
static inline size_t msg_begin(struct buf *b, uint8_t type, uint32_t xid)
{
	size_t at = b->n;
	buf_u8(b, OFP13);
	buf_u8(b, type);
	buf_u16(b, 0);
	buf_u32(b, xid);
	return at;
}

static inline void msg_end(struct buf *b, size_t at)
{
	put16(b->data + at + 2, (uint16_t)(b->n - at));
}

#endif
