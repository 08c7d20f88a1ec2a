/* SPDX-License-Identifier: Apache-2.0 */
/* canon: the one way in which rules become bytes. build makes new rules with it
 * and readback makes again what a switch has, so equal rules are equal bytes.
 * Internal to ofproto; needs libopenvswitch. */
#ifndef OFPROTO_CANON_H
#define OFPROTO_CANON_H

#include "ofproto/ovs.h"
#include "ofproto/rule.h"

struct canon_flow {
	uint8_t table;
	uint16_t priority;
	uint16_t idle, hard;            /* seconds */
	uint16_t flags;                 /* OFPFF_* as on the wire */
	uint64_t cookie;
	const struct match *match;
	const struct ofpact *ofpacts;
	size_t ofpacts_len;
};

/* Replace what is in the buffer by the message; null, or why it cannot be. */
const char *canon_flow(struct ofpbuf *, const struct canon_flow *);
const char *canon_group(struct ofpbuf *, uint8_t type, uint32_t group_id,
			const struct ovs_list *buckets);
const char *canon_meter(struct ofpbuf *, const struct ofputil_meter_config *);

/* The buffer as a rule, borrowed. */
void canon_rule(const struct ofpbuf *, enum rule_kind, struct rule *ret_rule);

/* A flow rule decoded; 0 or an OpenFlow error. `ofpacts` is cleared and filled. */
enum ofperr canon_decode(const struct rule *, struct match *ret_match, struct ofpbuf *ofpacts);

#endif
