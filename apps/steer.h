/* SPDX-License-Identifier: Apache-2.0 */
/* steer: what becomes of a choice of two steps on one switch. Shared by the app (steer.c)
 * and by output and ingress, which lead to its tables. */
#ifndef APPS_STEER_H
#define APPS_STEER_H

#include "apps/app.h"
#include "topo/steer.h"

/* A step of a choice, as it leaves this switch. */
struct leave {
	uint32_t ofport;                /* or the port it came by */
	uint32_t watch;                 /* whose liveness is the edge's */
	uint16_t vlan;                  /* cable: what goes on; else 0 */
	uint32_t vni;                   /* tunnel: likewise */
	bool is_back;                   /* by the port it came in */
	bool is_v6, has_src;
	bool is_relay;                  /* IPv6, and it came from others: perhaps by an IPv4 tunnel */
	uint8_t dst[16], src[16];       /* tunnel: network order; IPv4: the first four. src: of several VTEPs */
};
struct leaves {
	struct leave at[2];
	unsigned n;                     /* those whose port is there */
};
/* How frames of the network leave the switch by that choice; in_port: by which they came when
 * others sent them, else 0. */
struct leaves steer_leaves(const struct scene *, uint32_t sw, uint32_t network, const struct steer_choice *,
			   uint32_t in_port);

/* The pair from this switch, when it is steered and some port for it is there, or null. */
const struct steer_pair *steer_pair(const struct scene *, uint32_t sw, uint32_t network, uint32_t to);
/* The VTEP at that end of a tunnel: network order; IPv4: the first four. */
const uint8_t *steer_vtep(const struct scene *, uint32_t edge, unsigned end, bool *ret_is_v6);

/* steer_group.c: groups of one switch while it is compiled. */
struct steer_groups;
struct steer_groups *steer_groups_new(void);
void steer_groups_free(struct steer_groups *);
/* The group that does this, wanted of the switch when it is new; two leaves. When neither lives it does
 * one of them all the same. Without out only its number. */
uint32_t steer_group(struct steer_groups *, struct out *, uint32_t sw, const struct leaves *);
/* Two have the same hash: their numbers depend on which one came first. */
bool steer_groups_collide(const struct steer_groups *);
/* Those of `before` that are not among `now` are unwanted. */
void steer_groups_go(const struct steer_groups *before, struct steer_groups *now, struct out *, uint32_t sw);
/* steer_change.c: app.resteer of the app. */
bool steer_resteer(const struct scene *, uint32_t sw, const struct steer *before, struct out *);

/* --- steer.c, for steer_change.c: rows of one switch --------------------------------------- */

struct steer_place {
	const struct scene *scene;
	struct out *out;
	const struct view_switch *vs;
	struct steer_groups *groups;
};
bool steer_is_split(const struct steer_pair *);
/* The slot's choice, or the next one that has a port here. */
struct leaves steer_leaves_of_slot(const struct steer_place *, const struct steer_pair *, uint32_t slot);
/* False: it has no place here. */
bool steer_leaves_of_transit(const struct steer_place *, const struct steer_transit *, struct leaves *);
/* All rows of a pair, of a transit: wanted or not. */
void steer_put_pair(const struct steer_place *, const struct steer_pair *, bool wanted);
void steer_put_transit(const struct steer_place *, const struct steer_transit *, bool wanted);

/* Actions of one of them. */
void steer_act(struct build *, const struct leave *);

#endif
