/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline: tables, registers and what each table may do, as data.
 *
 *   ingress -> l2_src -> claim -> arp -> l2_dst -> output
 *                                 |                ^
 *                                 +--> advert -----+
 *
 * Further tables (guard, conntrack, acl_in, qos, route, acl_out, path)
 * have their numbers kept free; a table exists once it has an owner. */
#ifndef APPS_PIPELINE_H
#define APPS_PIPELINE_H

#include "ofproto/build.h"

/* TABLE(NAME, OpenFlow table id) */
#define TABLES \
	TABLE(INGRESS, 0) \
	TABLE(L2_SRC, 60) \
	TABLE(CLAIM, 64) \
	TABLE(ARP, 65) \
	TABLE(ADVERT, 66) \
	TABLE(L2_DST, 70) \
	TABLE(OUTPUT, 100)

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
#define FIELD_PEER    FIELD_REG3        /* out = switch: net_switch.peer of the one it goes to */

#define FIELD_TAGS    FIELD_REG5        /* 1: the network passes tags of guests */

enum class { CLASS_EDGE = 1, CLASS_UPLINK = 2, CLASS_TUNNEL = 3, CLASS_LINK = 4 };
enum out_to {
	OUT_FLOOD = 0x00fffff0,         /* broadcast and multicast: all ports of the network */
	OUT_UNKNOWN = 0x00fffff1,       /* unknown unicast: ports with flood: true */
	OUT_SWITCH = 0x00fffff2,        /* to one other switch by link or tunnel, see FIELD_PEER */
};

/* Actions of one row must fit into one message: beyond this many ports of one
 * network on one bridge the others get no floods, and status says so. */
enum { FLOOD_MAX_PORTS = 1500, FLOOD_PEER_ROOM = 2 };   /* a peer takes the room of so many */

/* For the manual: docs/reference/pipeline.md. */
struct _IO_FILE;
void pipeline_print_reference(struct _IO_FILE *);

#endif
