/* SPDX-License-Identifier: Apache-2.0 */
/* build: rules from match fields and actions, held to the pipeline's contract.
 *
 *     build_flow(b, TABLE_L2_DST, 100, cookie);
 *     match_u(b, FIELD_REG0, network);
 *     match_bytes(b, FIELD_ETH_DST, mac, NULL);
 *     act_set_u(b, FIELD_REG2, port);
 *     act_goto(b, TABLE_OUTPUT);
 *     if (build_end(b, &rule)) ...
 *
 * The codec is libopenvswitch's. What it does not check is checked here: match
 * prerequisites (it takes tcp_dst without tcp as match-all), fields the table
 * may not match or set, tables that may not follow, two pops in one list. A
 * rule is valid until the next build_*() on the same struct build. */
#ifndef OFPROTO_BUILD_H
#define OFPROTO_BUILD_H

#include "ofproto/rule.h"

/* FIELD(NAME, MFF id of libopenvswitch, bytes of the value) */
#define FIELDS \
	FIELD(IN_PORT,     MFF_IN_PORT_OXM, 4) \
	FIELD(REG0,        MFF_REG0,        4) \
	FIELD(REG1,        MFF_REG1,        4) \
	FIELD(REG2,        MFF_REG2,        4) \
	FIELD(REG3,        MFF_REG3,        4) \
	FIELD(REG4,        MFF_REG4,        4) \
	FIELD(REG5,        MFF_REG5,        4) \
	FIELD(TUN_ID,      MFF_TUN_ID,      8) \
	FIELD(TUN_SRC,     MFF_TUN_SRC,     4) \
	FIELD(TUN_DST,     MFF_TUN_DST,     4) \
	FIELD(TUN_IPV6_SRC, MFF_TUN_IPV6_SRC, 16) \
	FIELD(TUN_IPV6_DST, MFF_TUN_IPV6_DST, 16) \
	FIELD(ETH_SRC,     MFF_ETH_SRC,     6) \
	FIELD(ETH_DST,     MFF_ETH_DST,     6) \
	FIELD(ETH_TYPE,    MFF_ETH_TYPE,    2) \
	FIELD(VLAN_VID,    MFF_VLAN_VID,    2) \
	FIELD(VLAN_PCP,    MFF_VLAN_PCP,    1) \
	FIELD(IP_PROTO,    MFF_IP_PROTO,    1) \
	FIELD(IPV4_SRC,    MFF_IPV4_SRC,    4) \
	FIELD(IPV4_DST,    MFF_IPV4_DST,    4) \
	FIELD(IPV6_SRC,    MFF_IPV6_SRC,   16) \
	FIELD(IPV6_DST,    MFF_IPV6_DST,   16) \
	FIELD(ARP_OP,      MFF_ARP_OP,      2) \
	FIELD(ARP_SPA,     MFF_ARP_SPA,     4) \
	FIELD(ARP_TPA,     MFF_ARP_TPA,     4) \
	FIELD(ARP_SHA,     MFF_ARP_SHA,     6) \
	FIELD(ARP_THA,     MFF_ARP_THA,     6) \
	FIELD(ICMPV6_TYPE, MFF_ICMPV6_TYPE, 1) \
	FIELD(ND_TARGET,   MFF_ND_TARGET,  16) \
	FIELD(ND_TLL,      MFF_ND_TLL,      6) \
	FIELD(ND_RESERVED, MFF_ND_RESERVED, 4) \
	FIELD(ND_OPTION,   MFF_ND_OPTIONS_TYPE, 1) \
	FIELD(REG6,        MFF_REG6,        4) \
	FIELD(REG7,        MFF_REG7,        4) \
	FIELD(REG8,        MFF_REG8,        4) \
	FIELD(REG9,        MFF_REG9,        4) \
	FIELD(REG10,       MFF_REG10,       4) \
	FIELD(CT_STATE,    MFF_CT_STATE,    4) \
	FIELD(CT_MARK,     MFF_CT_MARK,     4) \
	FIELD(CONJ_ID,     MFF_CONJ_ID,     4) \
	FIELD(IP_DSCP,     MFF_IP_DSCP_SHIFTED, 1) \
	FIELD(TCP_SRC,     MFF_TCP_SRC,     2) \
	FIELD(TCP_DST,     MFF_TCP_DST,     2) \
	FIELD(UDP_SRC,     MFF_UDP_SRC,     2) \
	FIELD(UDP_DST,     MFF_UDP_DST,     2) \
	FIELD(SCTP_SRC,    MFF_SCTP_SRC,    2) \
	FIELD(SCTP_DST,    MFF_SCTP_DST,    2) \
	FIELD(REG12,       MFF_REG12,       4) \
	FIELD(REG13,       MFF_REG13,       4) \
	FIELD(REG11,       MFF_REG11,       4) \
	FIELD(REG14,       MFF_REG14,       4) \
	FIELD(CT_LABEL,    MFF_CT_LABEL,   16) \
	FIELD(IP_TTL,      MFF_IP_TTL,      1) \
	FIELD(IP_FRAG,     MFF_IP_FRAG,     1)  /* FRAG_FIRST ... */ \
	FIELD(REG15,       MFF_REG15,       4) \
	FIELD(METADATA,    MFF_METADATA,    8)

enum field {
#define FIELD(NAME, MFF, SIZE) FIELD_##NAME,
	FIELDS
#undef FIELD
	N_FIELDS
};
/* IP_FRAG: no fragment, the first one, a later one. */
enum { FRAG_NOT = 0, FRAG_FIRST = 1, FRAG_LATER = 3 };
#define FIELD_BIT(NAME) (1ULL << FIELD_##NAME)
const char *field_name(enum field);     /* "eth_src" */

/* VLAN_VID as OXM_OF_VLAN_VID (section 7.2.3.8): present bit and VID. */
enum { VLAN_PRESENT = 0x1000, VLAN_NONE = 0 };

/* Bits of CT_STATE, as NXM_NX_CT_STATE in Open vSwitch's meta-flow.h. */
enum {
	TRACKED_NEW = 0x01, TRACKED_ESTABLISHED = 0x02, TRACKED_RELATED = 0x04, TRACKED_REPLY = 0x08,
	TRACKED_INVALID = 0x10, TRACKED = 0x20, TRACKED_SNAT = 0x40, TRACKED_DNAT = 0x80,
};

/* What one table may do. The list is data in apps/pipeline.c. Tables are known
 * by their index in it; `id` is the number on the wire. */
struct table_contract {
	const char *name;
	const char *owner;              /* name of the app */
	uint8_t id;                     /* OpenFlow table id */
	uint64_t match;                 /* bits of enum field that its rows may match */
	uint64_t set;                   /* bits of enum field that its rows may set; VLAN_VID: push and pop too */
	uint32_t next;                  /* bits of table indices it may go to */
	bool outputs;                   /* rows may output to ports */
	bool punts;                     /* rows may send to the controller */
	bool tracks;                    /* rows may ask connection tracking, and commit to it */
	bool meters;                    /* rows may limit what they match by a meter */
	uint32_t again;                 /* bits of table indices that copies may start anew in, see act_again */
	const char *help;               /* one line for the manual */
	const char *miss;               /* what happens to a frame without a row */
};

struct build;

struct build *build_new(const struct table_contract *, size_t n_tables);
void build_free(struct build *);

/* --- flows ------------------------------------------------------------------ */
void build_flow(struct build *, unsigned table, uint16_t priority, uint64_t cookie);
void build_idle(struct build *, uint16_t seconds);       /* idle timeout, with OFPFF_SEND_FLOW_REM */
void build_plain(struct build *);                        /* see rule.plain */

/* Values in host order, fields of up to 8 bytes. */
void match_u(struct build *, enum field, uint64_t value);
void match_um(struct build *, enum field, uint64_t value, uint64_t mask);
/* Fields of 6 or 16 bytes in network order; mask null = exact. */
void match_bytes(struct build *, enum field, const uint8_t *value, const uint8_t *mask);

void act_set_u(struct build *, enum field, uint64_t value);
void act_set_bytes(struct build *, enum field, const uint8_t *value);
/* Copies a whole field into another one of the same size. */
void act_move(struct build *, enum field from, enum field to);
/* The frame forgets where it came in, so that it may leave there too. */
void act_forget_in_port(struct build *);
void act_pop_vlan(struct build *);
void act_push_vlan(struct build *);                      /* TPID 0x8100; then set VLAN_VID with VLAN_PRESENT */
void act_output(struct build *, uint32_t ofport);
void act_output_in_port(struct build *);                 /* OFPP_IN_PORT */
/* OFPP_CONTROLLER with at most max_len bytes of the frame, through a meter
 * when meter_id is not 0 (NXAST_CONTROLLER2). */
void act_controller(struct build *, uint16_t max_len, uint32_t meter_id);
/* The instruction METER (section 5.9): first of all; what the meter drops goes no further. */
void act_meter(struct build *, uint32_t meter_id);
void act_group(struct build *, uint32_t group_id);
void act_goto(struct build *, unsigned table);           /* last */
/* NXAST_MULTIPATH: a hash of the connection (addresses, protocol and ports of TCP, SCTP and
 * UDP; alike both ways), 0 to n - 1 in about equal shares, into the field. */
enum { MULTIPATH_MAX = 256 };
void act_multipath(struct build *, enum field, unsigned n);
/* NXAST_CONJUNCTION: this row is one of clause `clause` (from 0) of n_clauses;
 * such a row has no other actions. The row that matches CONJ_ID acts. */
void act_conjunction(struct build *, uint32_t id, unsigned clause, unsigned n_clauses);
/* NXAST_CT: ask connection tracking and go on in that table; last. */
void act_ct(struct build *, uint16_t zone, unsigned table);
/* NXAST_CT with commit: the connection is known from now on, under this mark. */
void act_ct_commit(struct build *, uint16_t zone, uint32_t mark);
/* NXAST_CT with NXAST_NAT: ask, and translate the frame as its connection is translated; with
 * a commit, it is known from now on, under mark 0. Goes on in that table; last. */
struct ct_nat {
	uint16_t zone;
	bool commits;
	bool is_v6;
	const uint8_t *source;          /* a new connection gets this one; null = none is translated anew */
	/* With a source, the label of the connection (bits of CT_LABEL from 0) keeps these, whole. */
	const struct ct_keep { enum field from; unsigned bit; } *keeps;
	size_t n_keeps;
};
void act_ct_nat(struct build *, const struct ct_nat *, unsigned table);
/* As much of a field, from that bit (0 = the last) on, as fills another one. */
void act_move_part(struct build *, enum field from, unsigned bit, enum field to);
/* All of a field into the last bits of a bigger one; its other bits stay. */
void act_move_into(struct build *, enum field from, enum field to);
/* A copy with that field set goes through the tables again from `table`, an
 * earlier one: NXAST_CLONE around NXAST_RESUBMIT_TABLE. Nothing it does shows here. */
void act_again(struct build *, enum field, uint64_t value, unsigned table);

/* --- groups (section 5.6) and meters (section 5.7) ---------------------------- */
enum group_type { GROUP_ALL, GROUP_SELECT, GROUP_INDIRECT, GROUP_FF };
void build_group(struct build *, uint32_t group_id, enum group_type);
/* The actions up to the next bucket are this bucket's, in this order, because
 * Open vSwitch runs a bucket as an action set: pop, push, set fields, and last
 * one output or group (none = drop). weight counts for GROUP_SELECT only (1 or more there).
 * watch_port 0 = none; GROUP_FF needs one, GROUP_SELECT may have one. */
void build_bucket(struct build *, uint16_t weight, uint32_t watch_port);
/* The same in GROUP_FF, alive while that group has a bucket that is: one that watches nothing always is. */
void build_bucket_watching(struct build *, uint32_t watch_group);
/* One drop band; rate and burst in packets (per second) or kbit. burst 0 =
 * left to the switch. */
void build_meter(struct build *, uint32_t meter_id, bool packets, uint32_t rate, uint32_t burst);

/* Ends the rule. Returns null and fills ret_rule, or says what breaks the
 * contract; that text is valid until the next build. */
const char *build_end(struct build *, struct rule *ret_rule);

/* --- shapes: rules that differ in a few numbers only -------------------------- *
 *
 * The learned-host rows are made a hundred thousand times a second. The
 * library encodes such a shape once; after that the numbers are patched in
 * place. A differential test keeps both ways byte for byte equal. */
enum { SHAPE_MAX = 256, SHAPE_MAX_SLOTS = 8 };
struct shape {
	uint16_t size;
	bool plain;
	uint8_t n_slots;
	struct { uint16_t offset, size; } slots[SHAPE_MAX_SLOTS];
	uint8_t msg[SHAPE_MAX] __attribute__((aligned(8)));
};
/* From a rule and the places to keep open, in the order given: values in the
 * match (match_fields) and in set-field actions (set_fields). Every one must be
 * in the rule unmasked, else abort. */
void shape_init(struct shape *, const struct rule *,
		const enum field *match_fields, size_t n_match,
		const enum field *set_fields, size_t n_set);
void shape_set_u32(struct shape *, unsigned slot, uint32_t value);
void shape_set_mac(struct shape *, unsigned slot, const uint8_t mac[6]);
void shape_set_cookie(struct shape *, uint64_t cookie);
void shape_set_idle(struct shape *, uint16_t seconds);
void shape_rule(const struct shape *, struct rule *ret_rule);    /* borrows the shape */

/* Value of a match field of a flow rule as a number (fields up to 8 bytes,
 * unmasked), or false. Used by `recover`; in_port and registers included. */
bool rule_match_u(const struct rule *, enum field, uint64_t *ret_value);
bool rule_match_mac(const struct rule *, enum field, uint8_t ret_mac[6]);
/* Any field, in network order; ret_value has its size. */
bool rule_match_bytes(const struct rule *, enum field, uint8_t *ret_value);
/* The value that set-field gives the field in the end, or false. */
bool rule_set_u(const struct rule *, enum field, uint64_t *ret_value);
bool rule_set_mac(const struct rule *, enum field, uint8_t ret_mac[6]);

#endif
