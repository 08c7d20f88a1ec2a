/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline: tables, registers and what each table may do, as data.
 *
 *   ingress -> l2_src -> claim -> arp -> l2_dst -> output
 *                                 |                ^
 *                                 +--> advert -----+
 *
 * Frames of ports that are guarded make a detour before all others:
 *
 *   ingress -> guard -> guard_nd -> conntrack, or l2_src
 *
 * Frames of networks that have rules of who may speak to whom make two detours:
 *
 *   ingress -> conntrack -> acl_from -> acl_to -> acl_port -> acl_network -> acl_switch -> l2_src
 *   l2_dst -> acl_at -> acl_out_switch -> acl_out_network -> acl_out_port -> acl_commit -> output
 *
 * and those of connections whose source is translated two more:
 *
 *   acl_commit -> acl_sent -> output    conntrack -> acl_back -> acl_from
 *
 * Frames of ports with limits meet the table storm behind ingress and guard.
 *
 * What is steered over paths of links and tunnels (topo/steer.h) goes on:
 *
 *   output -> path -> slot             ingress -> transit
 *
 * Further tables (qos, route) have their numbers kept free; a
 * table exists once it has an owner. */
#ifndef APPS_PIPELINE_H
#define APPS_PIPELINE_H

#include "ofproto/build.h"

/* TABLE(NAME, OpenFlow table id) */
#define TABLES \
	TABLE(INGRESS, 0) \
	TABLE(GUARD, 10) \
	TABLE(GUARD_ND, 13) \
	TABLE(STORM, 14) \
	TABLE(CONNTRACK, 20) \
	TABLE(ACL_BACK, 21) \
	TABLE(ACL_FROM, 22) \
	TABLE(ACL_TO, 24) \
	TABLE(ACL_PORT, 30) \
	TABLE(ACL_NETWORK, 32) \
	TABLE(ACL_SWITCH, 34) \
	TABLE(L2_SRC, 60) \
	TABLE(CLAIM, 64) \
	TABLE(ARP, 65) \
	TABLE(ADVERT, 66) \
	TABLE(L2_DST, 70) \
	TABLE(ACL_AT, 78) \
	TABLE(ACL_OUT_SWITCH, 80) \
	TABLE(ACL_OUT_NETWORK, 82) \
	TABLE(ACL_OUT_PORT, 84) \
	TABLE(ACL_COMMIT, 90) \
	TABLE(ACL_SENT, 92) \
	TABLE(OUTPUT, 100) \
	TABLE(PATH, 102) \
	TABLE(SLOT, 104) \
	TABLE(TRANSIT, 106) \
	TABLE(ACL_DENIED, 110)

enum table {
#define TABLE(NAME, ID) TABLE_##NAME,
	TABLES
#undef TABLE
	N_TABLES
};
#define TABLE_BIT(NAME) (1u << TABLE_##NAME)

extern const struct table_contract pipeline[N_TABLES];

/* The table with this OpenFlow id, or N_TABLES. */
enum table pipeline_by_id(uint8_t id);

/* Registers. */
#define FIELD_NETWORK FIELD_REG0        /* network id; 0 = none */
#define FIELD_CLASS   FIELD_REG1        /* enum class: what kind of port it came in by */
#define FIELD_OUT     FIELD_REG2        /* OpenFlow port it leaves by, or enum out_to */
#define FIELD_PEER    FIELD_REG3        /* out = switch: net_switch.peer of the one it goes to; PEER_FLOODED */
#define FIELD_FROM    FIELD_REG4        /* net_class.id of the source address, 0 = in no group */
#define FIELD_TO      FIELD_REG5        /* the same of the destination */
#define FIELD_NEED    FIELD_REG6        /* enum need */
#define FIELD_LIST_PORT    FIELD_REG7   /* net_acl.id of the lists that judge the frame, 0 = none: of the port, */
#define FIELD_LIST_NETWORK FIELD_REG8   /* of the network, */
#define FIELD_LIST_SWITCH  FIELD_REG9   /* and of the switch; first as it comes in, then where it goes out */
#define FIELD_TAGS    FIELD_REG10       /* 1: the network passes tags of guests */
#define FIELD_UNTIL   FIELD_REG11       /* when a lease ends, a port opens: read back, never matched */
#define FIELD_SLOT    FIELD_REG12       /* hash of the connection: which of the pair's paths */
#define FIELD_LABEL   FIELD_REG13       /* VID or VNI that it came with: steer_transit.label */
#define FIELD_SNAT    FIELD_REG14       /* net_snat.id: the source that a new connection gets, 0 = its own */
#define FIELD_COPIED  FIELD_REG15       /* ofport of the mirror port that has the frame already, as it came in; 0 = none */
#define FIELD_PRIORITY FIELD_METADATA   /* PCP of the tag that was taken off, for the one that is put on */

/* Bits of CT_LABEL of a connection whose source is translated: the MAC address of who began it,
 * and net_snat.id, whose highest bit is set. */
enum { LABEL_MAC_BIT = 0, LABEL_SNAT_BIT = 64 };

/* What hosts need before they can speak at all: judged only by rules that name it. */
enum need { NEED_NOT, NEED_ARP, NEED_ND, NEED_DHCP };

enum class { CLASS_EDGE = 1, CLASS_UPLINK = 2, CLASS_TUNNEL = 3, CLASS_LINK = 4 };
enum out_to {
	OUT_FLOOD = 0x00fffff0,         /* broadcast and multicast: all ports of the network */
	OUT_UNKNOWN = 0x00fffff1,       /* unknown unicast: ports with flood: true */
	OUT_SWITCH = 0x00fffff2,        /* to one other switch by link or tunnel, see FIELD_PEER */
};

/* FIELD_PEER of what is flooded, in networks with rules: each port's copy keeps it. */
#define PEER_FLOODED UINT32_C(0xffffffff)

/* Actions of one row must fit into one message: beyond this many ports of one
 * network on one bridge the others get no floods, and status says so. */
enum {
	FLOOD_MAX_PORTS = 1500,
	FLOOD_PEER_ROOM = 2, FLOOD_GUARDED_ROOM = 4,    /* ports' worth of room: a peer, a port with rules */
};

/* Meters: what a switch may report. One that has few has the first ones. */
enum {
	METER_PUNT = METER_OURS_FIRST,  /* new hosts (l2), probes where no link is (ingress) */
	METER_CLAIM,                    /* addresses (arp) */
	METER_LOG, METER_REJECT,        /* what rules say (acl) */
	METER_PROBE,                    /* probes of links (ingress) */
	METER_GUARD, METER_LEASE,       /* what a port may not send, what DHCP servers lease (guard) */
	METER_LOOP = METER_OURS_FIRST + 8,      /* probes for loops (ingress) */
	/* One for each limit of what a port sends (storm). */
	METER_STORM_FIRST = METER_OURS_FIRST + 16, METER_STORM_LAST = METER_OURS_LAST,
};
static inline bool has_meter(uint32_t max_meters, uint32_t meter) { return meter - METER_OURS_FIRST < max_meters; }

/* For the manual: docs/reference/pipeline.md. */
struct _IO_FILE;
void pipeline_print_reference(struct _IO_FILE *);

#endif
