/* SPDX-License-Identifier: Apache-2.0 */
/* msg_removed: FLOW_REMOVED (section 7.4.2) turned back into the key of the row
 * it was about. The match is decoded by the library and encoded by canon, as build
 * and readback do, so equal rows have equal bytes. */
#include "ofproto/msg.h"

#include <endian.h>
#include <string.h>

#include "ofproto/canon.h"

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
	uint64_t stub[MSG_REMOVED_MAX / 8];
	struct ofpbuf msg;

	if (!decode(m, size, &removed))
		return false;
	ofpbuf_use_stub(&msg, stub, sizeof stub);
	*ret_rule = (struct rule) { .kind = RULE_FLOW, .msg = buf };
	if (!canon_flow(&msg, &(struct canon_flow) {
			.table = removed.table_id, .priority = removed.priority,
			.idle = removed.idle_timeout, .hard = removed.hard_timeout,
			.cookie = be64toh(removed.cookie), .match = &removed.match })
	    && msg.size <= MSG_REMOVED_MAX) {
		memcpy(buf, msg.data, msg.size);
		ret_rule->size = (uint16_t) msg.size;
	}
	ofpbuf_uninit(&msg);

	ret->cookie = be64toh(removed.cookie);
	ret->reason = removed.reason;
	ret->duration = removed.duration_sec;
	ret->n_packets = removed.packet_count;
	ret->n_bytes = removed.byte_count;
	return true;
}
