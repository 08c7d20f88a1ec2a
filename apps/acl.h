/* SPDX-License-Identifier: Apache-2.0 */
/* acl: who may speak to whom. For the apps on whose ways the rules stand, and
 * shared by the files of this app. */
#ifndef APPS_ACL_H
#define APPS_ACL_H

#include "apps/app.h"

/* Do frames of the network meet rules on this switch? Then ingress sends them to
 * conntrack, and l2_dst to acl_at. */
bool acl_judges(const struct scene *, uint32_t sw, uint32_t network);
/* Is what goes to this port judged there? Then a flood goes there as a copy. */
bool acl_guards(const struct scene *, uint32_t sw, const struct view_use *);
/* Puts the lists for what comes in by the port into their registers. */
void acl_set_lists(const struct scene *, struct build *, uint32_t sw, const struct view_use *, enum acl_direction);

/* The MAC address that sources have that connections get by `snat`: the same on every switch, as
 * it is with a router that is everywhere. */
extern const uint8_t acl_snat_mac[6];

/* --- inside ---------------------------------------------------------------------------- */

/* Priorities of the tables that judge. Rules have one each: their label, on top
 * of a base; those that name what hosts need have it on a second, higher base. */
enum {
	PRIORITY_CUT = 65020, PRIORITY_REPLY = 65010, PRIORITY_RELATED = 65000, PRIORITY_KEPT = 64990,
	PRIORITY_NEED_RULE = 33000,     /* + label */
	PRIORITY_NEED = 32000,
	PRIORITY_RULE = 1000,           /* + label */
	PRIORITY_NO_LIST = 2, PRIORITY_END = 1,
};

enum { MARK_CUT = 1 };                  /* ct_mark of a connection that a rule has ended */

enum {
	LOG_RATE = 10, LOG_BURST = 10,          /* packets per second and switch */
	REJECT_RATE = 100, REJECT_BURST = 100,
	JUDGED_BYTES = 128,                     /* of a frame that is logged or rejected */
};

/* One table that judges, as the list's rows need it. */
struct stage {
	enum table table, next;
	enum field list;                /* the register that says which list */
};

/* acl_list.c: all rows of one list in that table. */
void acl_list_rows(const struct scene *, struct out *, const struct view_switch *, const struct stage *,
		   const struct net_acl *);

/* A prefix of an address; eth_type is matched by the caller. */
void acl_match_prefix(struct build *, enum acl_side, const struct net_prefix *);

/* acl_punt.c */
void acl_packet_in(const struct scene *, const struct app_punt *, struct reply *);

/* acl_reject.c: the answer to a frame that was rejected, without tag; its size,
 * 0 = there is none (ARP, ICMP errors, groups ...). */
enum { REJECTION_MAX = 128 };
size_t acl_rejection(const uint8_t *frame, size_t size, uint8_t ret_frame[REJECTION_MAX]);

#endif
