/* SPDX-License-Identifier: Apache-2.0 */
/* rule: keys, digests and fields of a rule, straight from its bytes.
 *
 * Canonical bytes make it work: build and readback encode the same rule to the
 * same message, so keys and digests are hashes over ranges of it and nothing
 * is decoded. No allocation, no library. */
#include "ofproto/rule.h"

#include "ofproto/wire.h"

/* Odd constants without structure (digits of e and pi). */
#define HASH_A 0xb7e151628aed2a6bULL
#define HASH_B 0x243f6a8885a308d3ULL
#define HASH_C 0x13198a2e03707345ULL

static inline uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128) a * b;

	return (uint64_t) p ^ (uint64_t) (p >> 64);
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* n is a multiple of 8: everything in a rule is padded to that. */
static inline uint64_t hash_words(const uint8_t *p, size_t n, uint64_t h)
{
	h ^= n * HASH_C;
	for (; n >= 16; p += 16, n -= 16)
		h = mix(load64(p) ^ HASH_A, load64(p + 8) ^ h);
	return n >= 8 ? mix(load64(p) ^ HASH_B, h ^ HASH_C) : h;
}

static inline size_t match_length(const struct rule *r) { return wire_u16(r->msg + FLOW_MATCH + 2); }
/* The match with its padding, which is zero, is the key; instructions follow. */
static inline size_t match_size(const struct rule *r) { return wire_match_padded(match_length(r)); }

bool rule_is_ours(const struct rule *r)
{
	uint32_t id;

	switch (r->kind) {
	case RULE_FLOW:
		return cookie_is_ours(rule_cookie(r));
	case RULE_GROUP:
		id = rule_id(r);
		return id >= GROUP_OURS_FIRST && id <= GROUP_OURS_LAST;
	case RULE_METER:
		id = rule_id(r);
		return id >= METER_OURS_FIRST && id <= METER_OURS_LAST;
	}
	return false;
}

uint8_t rule_table(const struct rule *r) { return r->msg[FLOW_TABLE]; }
uint16_t rule_priority(const struct rule *r) { return wire_u16(r->msg + FLOW_PRIORITY); }
uint64_t rule_cookie(const struct rule *r) { return wire_u64(r->msg + FLOW_COOKIE); }
uint16_t rule_idle_timeout(const struct rule *r) { return wire_u16(r->msg + FLOW_IDLE); }
uint32_t rule_id(const struct rule *r) { return wire_u32(r->msg + GROUP_ID); }

uint32_t rule_group_id(uint64_t hash)
{
	uint32_t n = GROUP_OURS_LAST - GROUP_OURS_FIRST + 1;

	return GROUP_OURS_FIRST + (uint32_t) (mix(hash ^ HASH_A, HASH_B) % n);
}

uint32_t rule_meter_id(uint64_t hash)
{
	uint32_t n = METER_OURS_LAST - METER_OURS_FIRST + 1;

	return METER_OURS_FIRST + (uint32_t) (mix(hash ^ HASH_B, HASH_A) % n);
}

uint64_t rule_key_hash_seeded(const struct rule *r, uint64_t seed)
{
	uint64_t head;

	if (r->kind != RULE_FLOW)
		return mix(((uint64_t) r->kind << 32 | rule_id(r)) ^ HASH_A, seed ^ HASH_B);
	head = (uint64_t) rule_table(r) << 16 | rule_priority(r);
	return hash_words(r->msg + FLOW_MATCH, match_size(r), mix(head ^ HASH_A, seed ^ HASH_B));
}

uint32_t rule_key_hash(const struct rule *r)
{
	uint64_t h = rule_key_hash_seeded(r, 0);

	return (uint32_t) (h ^ h >> 32);
}

bool rule_key_equal(const struct rule *a, const struct rule *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind != RULE_FLOW)
		return rule_id(a) == rule_id(b);
	return rule_table(a) == rule_table(b) && rule_priority(a) == rule_priority(b)
		&& match_length(a) == match_length(b)
		&& !memcmp(a->msg + FLOW_MATCH, b->msg + FLOW_MATCH, match_size(a));
}

uint64_t rule_digest(const struct rule *r)
{
	uint64_t h = 0;

	switch (r->kind) {
	case RULE_FLOW: {
		size_t rest = FLOW_MATCH + match_size(r);

		h = mix(load64(r->msg + FLOW_COOKIE) ^ HASH_A,
			((uint64_t) wire_u16(r->msg + FLOW_IDLE) << 32
			 | (uint64_t) wire_u16(r->msg + FLOW_HARD) << 16
			 | wire_u16(r->msg + FLOW_FLAGS)) ^ HASH_B);
		h = hash_words(r->msg + rest, r->size - rest, h);
		break;
	}
	case RULE_GROUP:
		h = hash_words(r->msg + GROUP_BUCKETS, r->size - (size_t) GROUP_BUCKETS,
			       mix(r->msg[GROUP_TYPE] ^ HASH_A, HASH_B));
		break;
	case RULE_METER:
		h = hash_words(r->msg + METER_BANDS, r->size - (size_t) METER_BANDS,
			       mix(wire_u16(r->msg + METER_FLAGS) ^ HASH_B, HASH_A));
		break;
	}
	return h ? h : 1;
}

const uint8_t *rule_oxm_find(const uint8_t *oxms, size_t size, uint32_t oxm_header)
{
	size_t at = 0;

	while (size - at >= MATCH_HEADER) {
		uint32_t header = wire_u32(oxms + at);
		size_t length = oxm_length(header);

		at += MATCH_HEADER;
		if (length > size - at)
			return NULL;
		if (header == oxm_header)
			return oxms + at;
		at += length;
	}
	return NULL;
}

const uint8_t *rule_match_field(const struct rule *r, uint32_t oxm_header)
{
	size_t length;

	if (r->kind != RULE_FLOW)
		return NULL;
	length = match_length(r);
	if (length < MATCH_HEADER || length > r->size - (size_t) FLOW_MATCH)
		return NULL;
	return rule_oxm_find(r->msg + FLOW_MATCH + MATCH_HEADER, length - MATCH_HEADER, oxm_header);
}
