/* SPDX-License-Identifier: Apache-2.0 */
/* walk: what a set of rules does to one frame on one switch.
 *
 * The rules are read as Open vSwitch reads them: highest priority, tables,
 * registers, tags, groups, conjunctions, in_port suppression. Connection tracking
 * is not modelled, its answer is given; what it translates is. Used by tests over the rows of
 * all switches (reaches, no loop) and by explain. Slow and plain on purpose:
 * it is the second opinion. */
#ifndef OFPROTO_WALK_H
#define OFPROTO_WALK_H

#include "ofproto/rule.h"

enum { WALK_MAX_FRAME = 2048, WALK_MAX_OUTS = 1024, WALK_MAX_HOPS = 256 };

#define WALK_BY_HASH UINT32_MAX

struct walk_out {
	uint32_t ofport;                /* OFPP_CONTROLLER = punt */
	uint64_t tun_id;                /* tunnel metadata at that moment (its own if the frame came by one) */
	uint32_t tun_dst;               /* IPv4, host order */
	uint8_t tun_dst6[16];           /* IPv6; zero = none */
	uint16_t size;
	uint8_t frame[WALK_MAX_FRAME];
};

struct walk_hop {
	struct rule rule;               /* the row that matched, or a group it used; borrowed from the switch */
};

struct walk {
	/* Which bucket of a select group: this number modulo the live ones, every
	 * bucket as often as its weight. Which slot of multipath: modulo their number;
	 * WALK_BY_HASH: the one that Open vSwitch takes (of what is not IP: may
	 * take). Set before walk_frame(), 0 at first. */
	unsigned choice;
	/* What connection tracking says about the frame, in every zone: bits TRACKED_*
	 * of build.h and the mark. 0 = nothing yet: a new connection. */
	uint32_t ct_state, ct_mark;
	uint8_t ct_label[16];
	/* The connection is translated: `nat` writes this address, in the first direction as the
	 * source, in replies as the destination; IPv4 in the first four bytes. */
	bool ct_translates;
	uint8_t ct_ip[16];
	/* The IPv6 end of the tunnel that the frame came by; zero = none. */
	uint8_t tun_src6[16];

	/* The rest is the answer. */
	size_t n_hops;
	struct walk_hop hops[WALK_MAX_HOPS];
	size_t n_outs;
	struct walk_out *outs;          /* owned; grows up to WALK_MAX_OUTS of them */
	size_t max_outs;                /* room */
	size_t n_commits;               /* ct with commit: how often, and the last one's zone and mark */
	uint16_t commit_zone;
	uint32_t commit_mark;
	uint8_t commit_label[16];       /* what the last one left in the label */
	bool translated;                /* a new source was given: the frame has it */
	size_t n_choices;               /* select groups and multipaths on the way: one way of several was taken */
	size_t n_meters;                /* rows on the way that limit */
	size_t n_detours;               /* fast failover groups whose first bucket is dead, and another one was taken */
	uint32_t dead_ofport;           /* the port that the first bucket of the last of them watches */
	bool ambiguous;                 /* two rows of equal priority matched: a defect */
	bool missed;                    /* a table without a matching row */
	uint8_t missed_table;
	bool cut;                       /* more hops or outs than there is room for */
	const char *unknown;            /* an action, field or group that walk cannot do, or null */
};

struct walk_switch;

struct walk_switch *walk_switch_new(void);
void walk_switch_free(struct walk_switch *);
void walk_switch_add(struct walk_switch *, const struct rule *);        /* copies; replaces an equal key */
/* Many at once: copies, but no two of equal key; walk_switch_loaded() when done,
 * before any frame and any other change. */
void walk_switch_load(struct walk_switch *, const struct rule *);
void walk_switch_loaded(struct walk_switch *);
void walk_switch_del(struct walk_switch *, const struct rule *key);
void walk_switch_clear(struct walk_switch *);
/* Whether buckets that watch this port are alive; all ports are at first. */
void walk_switch_port(struct walk_switch *, uint32_t ofport, bool live);

struct walk *walk_new(void);
void walk_free(struct walk *);
/* tun_id, tun_src (host order): what the frame came with when in_port is a
 * tunnel, else 0. Frames shorter than an Ethernet header or longer than
 * WALK_MAX_FRAME - 8 (room for tags) go nowhere. */
void walk_frame(const struct walk_switch *, struct walk *, uint32_t in_port,
		const uint8_t *frame, size_t size, uint64_t tun_id, uint32_t tun_src);

#endif
