/* SPDX-License-Identifier: Apache-2.0 */
/* build_impl: the inside of struct build, shared by build.c (flows), build_act.c (their
 * actions), build_track.c (those of connection tracking) and build_group.c (groups, meters). */
#ifndef OFPROTO_BUILD_IMPL_H
#define OFPROTO_BUILD_IMPL_H

#include "ofproto/build.h"
#include "ofproto/canon.h"

enum build_state { BUILD_NOTHING, BUILD_FLOW, BUILD_GROUP, BUILD_METER };

/* Open vSwitch runs a bucket as an action set (section 5.10): one action of
 * these kinds each, in this order, whatever order they were written in; set
 * fields in theirs. Buckets that would run otherwise than written do not build. */
enum build_stage { STAGE_POP, STAGE_PUSH, STAGE_SET, STAGE_OUTPUT };

struct build {
	const struct table_contract *tables;    /* borrowed */
	size_t n_tables;

	enum build_state state;
	char error[256];                /* the first breach; empty = none yet */

	const struct table_contract *table;     /* of the flow */
	struct canon_flow flow;
	bool plain;
	uint64_t matched;               /* bits of enum field */
	bool tagged;                    /* vlan_vid is matched, with VLAN_PRESENT */
	struct match match;

	unsigned n_pops;                /* in the action list so far */
	size_t n_actions;               /* asked for so far */
	bool joins;                     /* the row is part of a conjunction */
	bool went;                      /* act_goto was called, or the bucket has its output */
	unsigned stage;                 /* of the bucket: enum build_stage */
	struct ofpbuf ofpacts;          /* action list: of the flow, or of the bucket */

	uint32_t id;                    /* of the group or meter */
	enum group_type group_type;
	struct ovs_list buckets;        /* struct ofputil_bucket, the last one open */
	size_t n_buckets;
	struct ofputil_meter_config meter;
	struct ofputil_meter_band band;

	struct ofpbuf msg;              /* the encoded rule */
};

/* Notes a breach; the first one counts. */
void build_breach(struct build *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void build_reset(struct build *, enum build_state);
/* The next action is of this stage; false and a breach if it has no place here. */
bool build_stage(struct build *, enum build_stage, const char *what);
/* Notes a breach if this is no flow. */
bool build_in_flow(struct build *, const char *what);
const struct mf_field *build_mf(enum field);
/* The number as a value of the field; notes a breach if it does not fit. */
void build_number(struct build *, enum field, uint64_t value, union mf_value *ret_value);
/* An OpenFlow port number as the library counts them; notes a breach if there is none. */
ofp_port_t build_port(struct build *, uint32_t ofport);
/* May the flow go to this table? Notes a breach if not. */
bool build_may_go(struct build *, unsigned table);
/* Set-field without a look at the contract. */
void build_set_u(struct build *, enum field, uint64_t value);
const char *build_group_end(struct build *, struct rule *);
const char *build_meter_end(struct build *, struct rule *);

#endif
