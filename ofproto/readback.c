/* SPDX-License-Identifier: Apache-2.0 */
/* readback: from entries of multipart replies to rules.
 *
 * Lengths are checked here, by hand, down to the last TLV; then the entry is
 * put into the message that would make it, still in the switch's own encoding,
 * and goes through the library once (decode, encode) to become canonical. */
#include "ofproto/readback.h"

#include "ofproto/canon.h"
#include "ofproto/wire.h"

enum {
	MULTIPART_REPLY = 19, MULTIPART_TYPE = 8, MULTIPART_BODY = 16,
	MP_FLOW = 1, MP_GROUP_DESC = 7, MP_METER_CONFIG = 10,

	STATS_TABLE = 2, STATS_DURATION = 4, STATS_PRIORITY = 12, STATS_IDLE = 14, STATS_HARD = 16,
	STATS_FLAGS = 18, STATS_COOKIE = 24, STATS_PACKETS = 32, STATS_BYTES = 40, STATS_MATCH = 48,
	STATS_MIN = 56,

	DESC_TYPE = 2, DESC_ID = 4, DESC_BUCKETS = 8, BUCKET_MIN = 16,
	CONFIG_FLAGS = 2, CONFIG_ID = 4, CONFIG_BANDS = 8, BAND_SIZE = 16,
	TLV_MIN = 8,
};

struct readback {
	readback_cb *cb;
	void *ctx;
	struct ofpbuf raw;              /* the entry in the switch's encoding */
	struct ofpbuf canonical;
	struct ofpbuf scratch;          /* actions or bands */
};

static uint8_t *raw_start(struct readback *r, uint8_t type, size_t head, const uint8_t *rest, size_t size)
{
	uint8_t *msg;

	ofpbuf_clear(&r->raw);
	msg = ofpbuf_put_zeros(&r->raw, head);
	ofpbuf_put(&r->raw, rest, size);
	msg = r->raw.data;
	msg[0] = WIRE_VERSION;
	msg[1] = type;
	wire_put_u16(msg + WIRE_LENGTH, (uint16_t) r->raw.size);
	return msg;
}

/* --- flows ---------------------------------------------------------------------------- */

static const char *check_match(const uint8_t *match, size_t size)
{
	size_t length = wire_u16(match + 2), at = MATCH_HEADER;

	if (wire_u16(match) != MATCH_TYPE_OXM || length < MATCH_HEADER || wire_match_padded(length) > size)
		return "a flow's match does not fit its entry";
	while (at < length) {
		if (length - at < MATCH_HEADER || oxm_length(wire_u32(match + at)) > length - at - MATCH_HEADER)
			return "a match field does not fit its match";
		at += MATCH_HEADER + oxm_length(wire_u32(match + at));
	}
	return NULL;
}

/* Instructions, actions and bands begin with type and length. */
static const char *check_tlvs(const uint8_t *p, size_t size)
{
	for (size_t at = 0, length; at < size; at += length) {
		length = size - at >= TLV_MIN ? wire_u16(p + at + 2) : 0;
		if (length < TLV_MIN || length > size - at || length % 8)
			return "an instruction, action or band does not fit its place";
	}
	return NULL;
}

static const char *check_instructions(const uint8_t *p, size_t size)
{
	const char *error = check_tlvs(p, size);

	for (size_t at = 0; !error && at < size; at += wire_u16(p + at + 2))
		if (wire_u16(p + at) == INSTRUCTION_APPLY)
			error = check_tlvs(p + at + INSTRUCTION_APPLY_HEADER,
					   wire_u16(p + at + 2) - (size_t) INSTRUCTION_APPLY_HEADER);
	return error;
}

static void canonical_flow(struct readback *r, struct rule *rule)
{
	struct match match;
	struct canon_flow flow;

	if (canon_decode(rule, &match, &r->scratch))
		return;
	flow = (struct canon_flow){
		.table = rule_table(rule),
		.priority = rule_priority(rule),
		.idle = rule_idle_timeout(rule),
		.hard = wire_u16(rule->msg + FLOW_HARD),
		.flags = wire_u16(rule->msg + FLOW_FLAGS),
		.cookie = rule_cookie(rule),
		.match = &match,
		.ofpacts = r->scratch.data,
		.ofpacts_len = r->scratch.size,
	};
	if (!canon_flow(&r->canonical, &flow))
		canon_rule(&r->canonical, RULE_FLOW, rule);
}

static const char *read_flow(struct readback *r, const uint8_t *entry, size_t size)
{
	size_t match_size;
	const char *error;
	struct rule rule;
	uint8_t *msg;

	if (size < STATS_MIN)
		return "a flow's entry is too short";
	error = check_match(entry + STATS_MATCH, size - STATS_MATCH);
	if (error)
		return error;
	match_size = wire_match_padded(wire_u16(entry + STATS_MATCH + 2));
	error = check_instructions(entry + STATS_MATCH + match_size, size - STATS_MATCH - match_size);
	if (error)
		return error;
	msg = raw_start(r, WIRE_FLOW_MOD, FLOW_MATCH, entry + STATS_MATCH, size - STATS_MATCH);
	memcpy(msg + FLOW_COOKIE, entry + STATS_COOKIE, 8);
	msg[FLOW_TABLE] = entry[STATS_TABLE];
	memcpy(msg + FLOW_IDLE, entry + STATS_IDLE, 2);
	memcpy(msg + FLOW_HARD, entry + STATS_HARD, 2);
	memcpy(msg + FLOW_PRIORITY, entry + STATS_PRIORITY, 2);
	memcpy(msg + FLOW_FLAGS, entry + STATS_FLAGS, 2);
	memset(msg + FLOW_BUFFER, 0xff, FLOW_FLAGS - FLOW_BUFFER);
	canon_rule(&r->raw, RULE_FLOW, &rule);
	canonical_flow(r, &rule);
	r->cb(r->ctx, &rule, wire_u64(entry + STATS_PACKETS), wire_u64(entry + STATS_BYTES),
	      wire_u32(entry + STATS_DURATION));
	return NULL;
}

/* --- groups ---------------------------------------------------------------------------- */

static const char *check_buckets(const uint8_t *p, size_t size)
{
	for (size_t at = 0, length; at < size; at += length) {
		const char *error;

		length = size - at >= BUCKET_MIN ? wire_u16(p + at) : 0;
		if (length < BUCKET_MIN || length > size - at || length % 8)
			return "a bucket does not fit its group";
		error = check_tlvs(p + at + BUCKET_MIN, length - BUCKET_MIN);
		if (error)
			return error;
	}
	return NULL;
}

static const char *read_group(struct readback *r, const uint8_t *entry, size_t size)
{
	const char *error = check_buckets(entry + DESC_BUCKETS, size - DESC_BUCKETS);
	struct ofputil_group_mod gm;
	struct rule rule;
	uint8_t *msg;

	if (error)
		return error;
	if (size - DESC_BUCKETS > (size_t) UINT16_MAX - GROUP_BUCKETS)
		return "a group is too long to be made";
	msg = raw_start(r, WIRE_GROUP_MOD, GROUP_BUCKETS, entry + DESC_BUCKETS, size - DESC_BUCKETS);
	msg[GROUP_TYPE] = entry[DESC_TYPE];
	memcpy(msg + GROUP_ID, entry + DESC_ID, 4);
	canon_rule(&r->raw, RULE_GROUP, &rule);
	if (!ofputil_decode_group_mod(r->raw.data, &gm)) {
		if (!canon_group(&r->canonical, gm.type, gm.group_id, &gm.buckets))
			canon_rule(&r->canonical, RULE_GROUP, &rule);
		ofputil_uninit_group_mod(&gm);
	}
	r->cb(r->ctx, &rule, 0, 0, 0);
	return NULL;
}

/* --- meters ----------------------------------------------------------------------------- */

static const char *read_meter(struct readback *r, const uint8_t *entry, size_t size)
{
	struct ofputil_meter_mod mm;
	struct rule rule;
	uint8_t *msg;

	if ((size - CONFIG_BANDS) % BAND_SIZE)
		return "a meter's bands do not fit its entry";
	msg = raw_start(r, WIRE_METER_MOD, METER_BANDS, entry + CONFIG_BANDS, size - CONFIG_BANDS);
	memcpy(msg + METER_FLAGS, entry + CONFIG_FLAGS, 2);
	memcpy(msg + METER_ID, entry + CONFIG_ID, 4);
	canon_rule(&r->raw, RULE_METER, &rule);
	ofpbuf_clear(&r->scratch);
	if (!ofputil_decode_meter_mod(r->raw.data, &mm, &r->scratch)
	    && !canon_meter(&r->canonical, &mm.meter))
		canon_rule(&r->canonical, RULE_METER, &rule);
	r->cb(r->ctx, &rule, 0, 0, 0);
	return NULL;
}

/* --- the message -------------------------------------------------------------------------- */

typedef const char *read_entry(struct readback *, const uint8_t *entry, size_t size);

static const char *read_entries(struct readback *r, read_entry *read, const uint8_t *p, size_t size)
{
	for (size_t at = 0, length; at < size; at += length) {
		const char *error;

		length = size - at >= TLV_MIN ? wire_u16(p + at) : 0;
		if (length < TLV_MIN || length > size - at || length % 8)
			return "an entry does not fit its message";
		error = read(r, p + at, length);
		if (error)
			return error;
	}
	return NULL;
}

const char *readback_decode(const uint8_t *msg, size_t size, readback_cb *cb, void *ctx)
{
	struct readback r = {.cb = cb, .ctx = ctx};
	const char *error;
	read_entry *read;

	if (size < MULTIPART_BODY || msg[0] != WIRE_VERSION || msg[1] != MULTIPART_REPLY
	    || wire_u16(msg + WIRE_LENGTH) != size)
		return "not a multipart reply";
	switch (wire_u16(msg + MULTIPART_TYPE)) {
	case MP_FLOW:
		read = read_flow;
		break;
	case MP_GROUP_DESC:
		read = read_group;
		break;
	case MP_METER_CONFIG:
		read = read_meter;
		break;
	default:
		return "not a reply that lists flows, groups or meters";
	}
	ofpbuf_init(&r.raw, 1024);
	ofpbuf_init(&r.canonical, 1024);
	ofpbuf_init(&r.scratch, 1024);
	error = read_entries(&r, read, msg + MULTIPART_BODY, size - MULTIPART_BODY);
	ofpbuf_uninit(&r.raw);
	ofpbuf_uninit(&r.canonical);
	ofpbuf_uninit(&r.scratch);
	return error;
}
