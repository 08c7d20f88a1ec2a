/* SPDX-License-Identifier: Apache-2.0 */
/* walk_impl: the inside of walk, shared by walk.c (rows and tables), walk_act.c
 * (actions) and walk_packet.c (the frame). */
#ifndef OFPROTO_WALK_IMPL_H
#define OFPROTO_WALK_IMPL_H

#include "ofproto/ovs.h"
#include "ofproto/walk.h"

/* The frame and what Open vSwitch knows about it. The flow is parsed once, as
 * there; actions change both. */
struct walk_packet {
	struct flow flow;
	size_t size;
	size_t extensions;              /* bytes of IPv6 extension headers */
	uint8_t frame[WALK_MAX_FRAME];
};

/* False when there is no Ethernet header, or no room. */
bool walk_packet_init(struct walk_packet *, const uint8_t *frame, size_t size);
void walk_packet_pop(struct walk_packet *);
bool walk_packet_push(struct walk_packet *, uint16_t tpid);      /* false: no room */
/* False when the field cannot be set in a frame. */
bool walk_packet_set(struct walk_packet *, const struct mf_field *, const union mf_value *value,
		     const union mf_value *mask);

struct walk_group {
	struct rule rule;               /* owned message */
	struct ofputil_group_mod gm;
};
const struct walk_group *walk_switch_group(const struct walk_switch *, uint32_t group_id);
bool walk_switch_live(const struct walk_switch *, ofp_port_t);

struct walker {
	const struct walk_switch *sw;
	struct walk *walk;
	struct walk_packet packet;
	int next_table;                 /* after goto, else -1 */
	unsigned depth;                 /* groups in groups, tables in copies */
};
/* Through the tables from this one on. */
void walker_run(struct walker *, int table);
void walker_hop(struct walker *, const struct rule *);
void walker_act(struct walker *, const struct ofpact *, size_t ofpacts_len);

#endif
