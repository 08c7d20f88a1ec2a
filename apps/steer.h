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
 * one of them all the same. */
uint32_t steer_group(struct steer_groups *, struct out *, uint32_t sw, const struct leaves *);
/* Actions of one of them. */
void steer_act(struct build *, const struct leave *);

#endif
