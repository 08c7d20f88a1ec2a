/* SPDX-License-Identifier: Apache-2.0 */
/* canon: the fixed heads by hand, matches and actions by libopenvswitch.
 *
 * The library's own ofputil_encode_flow_mod() gives the same bytes (a test says
 * so) but copies the match twice and allocates three times on the way. */
#include "ofproto/canon.h"

#include "ofproto/wire.h"

enum { CANON_MAX = 65535, NOTHING = 0xff };

static uint8_t *put_header(struct ofpbuf *b, uint8_t type, size_t size)
{
	uint8_t *msg;

	ofpbuf_clear(b);
	msg = ofpbuf_put_zeros(b, size);
	msg[0] = WIRE_VERSION;
	msg[1] = type;
	return msg;
}

static const char *finish(struct ofpbuf *b)
{
	if (b->size > CANON_MAX)
		return "the message would be longer than 65535 bytes";
	wire_put_u16((uint8_t *) b->data + WIRE_LENGTH, (uint16_t) b->size);
	return NULL;
}

const char *canon_flow(struct ofpbuf *b, const struct canon_flow *f)
{
	uint8_t *msg = put_header(b, WIRE_FLOW_MOD, FLOW_MATCH);

	wire_put_u64(msg + FLOW_COOKIE, f->cookie);
	msg[FLOW_TABLE] = f->table;
	msg[FLOW_COMMAND] = FLOW_ADD;
	wire_put_u16(msg + FLOW_IDLE, f->idle);
	wire_put_u16(msg + FLOW_HARD, f->hard);
	wire_put_u16(msg + FLOW_PRIORITY, f->priority);
	/* OFP_NO_BUFFER, OFPP_ANY, OFPG_ANY */
	memset(msg + FLOW_BUFFER, NOTHING, FLOW_FLAGS - FLOW_BUFFER);
	wire_put_u16(msg + FLOW_FLAGS, f->flags);
	ofputil_put_ofp11_match(b, f->match, OFPUTIL_P_OF13_OXM);
	ofpacts_put_openflow_instructions(f->ofpacts, f->ofpacts_len, b, OFP13_VERSION);
	return finish(b);
}

const char *canon_group(struct ofpbuf *b, uint8_t type, uint32_t group_id,
			const struct ovs_list *buckets)
{
	uint8_t *msg = put_header(b, WIRE_GROUP_MOD, GROUP_BUCKETS);
	const struct ofputil_bucket *bucket;

	msg[GROUP_TYPE] = type;
	wire_put_u32(msg + GROUP_ID, group_id);
	LIST_FOR_EACH (bucket, list_node, buckets) {
		size_t start = b->size;
		struct ofp11_bucket *ob;

		ofpbuf_put_zeros(b, sizeof(*ob));
		ofpacts_put_openflow_actions(bucket->ofpacts, bucket->ofpacts_len, b, OFP13_VERSION);
		if (b->size > CANON_MAX)
			break;
		ob = ofpbuf_at_assert(b, start, sizeof(*ob));
		ob->len = htons((uint16_t) (b->size - start));
		/* Weights mean nothing elsewhere (section 7.3.4.2). */
		ob->weight = htons(type == OFPGT11_SELECT ? bucket->weight : 0);
		ob->watch_port = ofputil_port_to_ofp11(bucket->watch_port);
		ob->watch_group = htonl(bucket->watch_group);
	}
	return finish(b);
}

const char *canon_meter(struct ofpbuf *b, const struct ofputil_meter_config *meter)
{
	uint8_t *msg = put_header(b, WIRE_METER_MOD, METER_BANDS);

	wire_put_u16(msg + METER_FLAGS, meter->flags);
	wire_put_u32(msg + METER_ID, meter->meter_id);
	for (size_t i = 0; i < meter->n_bands; i++) {
		const struct ofputil_meter_band *band = &meter->bands[i];
		struct ofp13_meter_band_dscp_remark *ob = ofpbuf_put_zeros(b, sizeof(*ob));

		ob->type = htons(band->type);
		ob->len = htons(sizeof(*ob));
		ob->rate = htonl(band->rate);
		/* Only with its flag (section 7.3.4.3). */
		ob->burst_size = htonl(meter->flags & OFPMF13_BURST ? band->burst_size : 0);
		ob->prec_level = band->prec_level;
	}
	return finish(b);
}

void canon_rule(const struct ofpbuf *b, enum rule_kind kind, struct rule *ret_rule)
{
	ret_rule->kind = kind;
	ret_rule->plain = false;
	ret_rule->size = (uint16_t) b->size;
	ret_rule->msg = b->data;
}

static enum ofperr decode(struct ofpbuf *b, struct match *ret_match, struct ofpbuf *ofpacts)
{
	uint16_t padded;
	enum ofperr error;

	ofpbuf_clear(ofpacts);
	ofpbuf_pull(b, FLOW_MATCH);
	error = ofputil_pull_ofp11_match(b, NULL, NULL, ret_match, &padded);
	if (!error)
		error = ofpacts_pull_openflow_instructions(b, b->size, OFP13_VERSION, NULL, NULL, ofpacts);
	return error;
}

enum ofperr canon_decode(const struct rule *rule, struct match *ret_match, struct ofpbuf *ofpacts)
{
	struct ofpbuf b;
	enum ofperr error;

	/* The library wants alignment; a rule does not have to have it. */
	if ((uintptr_t) rule->msg % 8 == 0) {
		ofpbuf_use_const(&b, rule->msg, rule->size);
		return decode(&b, ret_match, ofpacts);
	}
	ofpbuf_init(&b, rule->size);
	ofpbuf_put(&b, rule->msg, rule->size);
	error = decode(&b, ret_match, ofpacts);
	ofpbuf_uninit(&b);
	return error;
}
