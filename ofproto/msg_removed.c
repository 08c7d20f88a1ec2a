/* SPDX-License-Identifier: Apache-2.0 */
/* msg_removed: FLOW_REMOVED (section 7.4.2) turned back into the key of the row
 * it was about. The match is decoded and encoded again by the library, as build
 * and readback do, so equal rows have equal bytes. */
#include "ofproto/msg.h"

#include "ofproto/ovs.h"
#include "ofproto/rule.h"
#include "ofproto/wire.h"

enum { ALIGNED_MAX = 4096 };

static bool decode(const uint8_t *m, size_t size, struct ofputil_flow_removed *ret)
{
	uint64_t aligned[ALIGNED_MAX / 8];
	const struct ofp_header *oh = (const struct ofp_header *) aligned;
	enum ofptype type;

	if (size < MSG_HEADER || size > sizeof aligned || msg_size(m) != size
	    || msg_version(m) != MSG_VERSION || msg_type(m) != MSG_FLOW_REMOVED)
		return false;
	memcpy(aligned, m, size);
	return !ofptype_decode(&type, oh) && type == OFPTYPE_FLOW_REMOVED
		&& !ofputil_decode_flow_removed(ret, oh);
}

bool msg_removed(const uint8_t *m, size_t size, struct removed *ret, struct rule *ret_rule,
		 uint8_t *buf)
{
	struct ofputil_flow_removed removed;
	struct ofputil_flow_mod mod = {
		.command = OFPFC_ADD, .buffer_id = UINT32_MAX,
		.out_port = OFPP_ANY, .out_group = OFPG_ANY,
	};
	struct ofpbuf *msg;

	if (!decode(m, size, &removed))
		return false;
	mod.new_cookie = removed.cookie;
	mod.table_id = removed.table_id;
	mod.priority = removed.priority;
	mod.idle_timeout = removed.idle_timeout;
	mod.hard_timeout = removed.hard_timeout;
	minimatch_init(&mod.match, &removed.match);
	msg = ofputil_encode_flow_mod(&mod, OFPUTIL_P_OF13_OXM);
	minimatch_destroy(&mod.match);

	*ret_rule = (struct rule) { .kind = RULE_FLOW, .msg = buf };
	if (msg->size <= MSG_REMOVED_MAX) {
		ofpmsg_update_length(msg);
		memcpy(buf, msg->data, msg->size);
		wire_put_u32(buf + WIRE_XID, 0);
		ret_rule->size = (uint16_t) msg->size;
	}
	ofpbuf_delete(msg);

	ret->cookie = be64toh(removed.cookie);
	ret->reason = removed.reason;
	ret->duration = removed.duration_sec;
	ret->n_packets = removed.packet_count;
	ret->n_bytes = removed.byte_count;
	return true;
}
