/* SPDX-License-Identifier: Apache-2.0 */
/* rule: one flow, group or meter that shall be on a switch, as the bytes of the
 * message that would put it there.
 *
 * The message is a complete OFPT_FLOW_MOD, OFPT_GROUP_MOD or OFPT_METER_MOD of
 * OpenFlow 1.3 (sections 7.3.4.1 to 7.3.4.3) with command ADD and xid 0. Two
 * rules are about the same thing when their keys are equal; they are the same
 * when their digests are equal too. Nothing here sends or allocates. */
#ifndef OFPROTO_RULE_H
#define OFPROTO_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which they must be made. */
enum rule_kind { RULE_METER, RULE_GROUP, RULE_FLOW };

struct rule {
	enum rule_kind kind;
	/* May travel as a plain flow-mod: no half state shows without it (a
	 * learned host). All others travel in bundles. */
	bool plain;
	uint16_t size;                  /* bytes of msg */
	const uint8_t *msg;             /* borrowed; need not be aligned */
};

/* Cookies: ours(8) app(8) object(48). Rows whose first byte differs are not
 * ours. Groups and meters have no cookie; theirs are those with ids in our
 * ranges. */
#define COOKIE_OURS             0x77ULL
#define COOKIE_MASK             (0xffULL << 56)
static inline uint64_t cookie_make(uint8_t app, uint64_t object)
{
	return COOKIE_OURS << 56 | (uint64_t) app << 48 | (object & 0xffffffffffffULL);
}
static inline bool cookie_is_ours(uint64_t cookie) { return cookie >> 56 == COOKIE_OURS; }
static inline uint8_t cookie_app(uint64_t cookie) { return (uint8_t) (cookie >> 48); }
static inline uint64_t cookie_object(uint64_t cookie) { return cookie & 0xffffffffffffULL; }

/* Group ids 0x77000000..0x77ffffff and meter ids 0x10000..0x3ffff are ours:
 * Open vSwitch has 262144 meters at most. */
enum {
	GROUP_OURS_FIRST = 0x77000000,
	GROUP_OURS_LAST = 0x77ffffff,
	METER_OURS_FIRST = 0x10000,
	METER_OURS_LAST = 0x3ffff,
};
bool rule_is_ours(const struct rule *);
/* An id in our range from the hash of an object's name. Two names may fall on
 * the same id: whoever gives ids away looks (16.8 million groups, 196608 meters). */
uint32_t rule_group_id(uint64_t hash);
uint32_t rule_meter_id(uint64_t hash);

/* Fields of the message. table, priority, cookie, idle_timeout: flows only. */
uint8_t rule_table(const struct rule *);
uint16_t rule_priority(const struct rule *);
uint64_t rule_cookie(const struct rule *);
uint16_t rule_idle_timeout(const struct rule *);
uint32_t rule_id(const struct rule *);           /* group or meter id */

/* The key: table, priority and match of a flow; id of a group or meter. */
uint32_t rule_key_hash(const struct rule *);
/* The same with a secret, for tables whose keys a VM may choose (MAC addresses). */
uint64_t rule_key_hash_seeded(const struct rule *, uint64_t seed);
bool rule_key_equal(const struct rule *, const struct rule *);

/* All that is not key: cookie, timeouts, flags and instructions; type and
 * buckets; flags and bands. Never 0. */
uint64_t rule_digest(const struct rule *);

/* Look a value up in a flow's match. OXM/NXM header as in the message (class,
 * field, length; no mask bit). Returns the value bytes, or null when the match
 * lacks the field or masks it. For `recover` and for packet-in matches. */
const uint8_t *rule_match_field(const struct rule *, uint32_t oxm_header);
/* The same in any list of OXM TLVs. Never reads beyond size. */
const uint8_t *rule_oxm_find(const uint8_t *oxms, size_t size, uint32_t oxm_header);

/* "cookie=0x77..,table=60,priority=100,reg0=0x..,in_port=3 actions=goto_table:70"
 * as ovs-ofctl reads it, without counters, on one line, into buf; cut at size.
 * Slow: for people. */
void rule_format(const struct rule *, char *buf, size_t size);

#endif
