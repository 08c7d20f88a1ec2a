/* SPDX-License-Identifier: Apache-2.0 */
/* l2: the rows of the two learning tables, one function per kind. Shared by the
 * files of this app. */
#ifndef APPS_L2_H
#define APPS_L2_H

#include "apps/app.h"

enum {
	/* What one switch may report: packets per second, and in one go. Beyond
	 * that the switch itself drops the copies; the frames go on. */
	PUNT_RATE = 1000,
	PUNT_BURST = 1000,
	PUNT_BYTES = 128,               /* of a frame: headers and addresses */
};

enum l2_row {
	L2_SRC_TAG_INSIDE, L2_SRC_TAG_BELOW,
	L2_SRC_CLAIMED,
	L2_SRC_HOST, L2_SRC_BOUND, L2_SRC_TAKEN, L2_SRC_PORT_FULL, L2_SRC_NETWORK_FULL, L2_SRC_NEW, L2_SRC_UPLINK, L2_SRC_TUNNEL, L2_SRC_LINK,
	L2_SRC_OURS, L2_SRC_BACK, L2_SRC_MISS,
	L2_DST_HOST, L2_DST_GROUP, L2_DST_LIMITED, L2_DST_UNKNOWN, L2_DST_NO_FLOOD, L2_DST_MISS,
	N_L2_ROWS
};
extern const struct app_row l2_rows[N_L2_ROWS];

/* Where rows of hosts go; hot, no library. object: of the port entry. */
void l2_want_src(struct out *, uint32_t sw, const struct net_network *, uint32_t ofport,
		 const uint8_t mac[6], const struct view_use *);
void l2_unwant_src(struct out *, uint32_t sw, uint32_t network_id, uint32_t ofport, const uint8_t mac[6]);
void l2_want_dst(struct out *, uint32_t sw, uint32_t network_id, const uint8_t mac[6],
		 uint32_t ofport, uint64_t object, bool judged);
/* A host of the switch is heard on the network's uplink there: it may have moved. object: of its port. */
void l2_back(struct out *, const struct view_switch *, uint32_t network_id, const uint8_t mac[6], uint64_t object,
	     bool wanted);
/* Behind another switch, by link or tunnel; the same key as of l2_want_dst. */
void l2_want_peer(struct out *, uint32_t sw, uint32_t network_id, const uint8_t mac[6],
		  uint32_t peer, uint64_t object, bool judged);
/* It is behind a VTEP by the file: no port may claim it. object: of that VTEP. */
void l2_claimed(struct out *, uint32_t sw, uint32_t network_id, const uint8_t mac[6], uint64_t object);
/* Sources that connections of the network get by `snat` have that MAC: no host. */
void l2_ours(struct out *, uint32_t sw, const struct net *, uint32_t network, const uint8_t mac[6]);
/* The port is bound to the MAC: it is learned there, and no other edge port may claim
 * it. object: of the entry. peer: of the switch that a host which sticks is behind, or null. */
void l2_bound(struct out *, const struct view_switch *, uint32_t ofport, const struct view_use *, const uint8_t mac[6]);
void l2_taken(struct out *, const struct view_switch *, uint32_t network_id, const uint8_t mac[6], uint64_t object,
	      const uint32_t *peer, bool wanted);
void l2_unwant_dst(struct out *, uint32_t sw, uint32_t network_id, const uint8_t mac[6]);
void l2_ahead_host(struct out *, uint32_t sw, uint32_t network_id, uint32_t ofport, const uint8_t mac[6]);

/* The rows that are there while a limit is reached; `full` says whether. */
void l2_port_limit(struct out *, const struct view_switch *, uint32_t ofport,
		   const struct view_use *, bool full);
void l2_network_limit(struct out *, const struct view_switch *, const struct net *,
		      uint32_t network, bool full);

/* Unknown unicast of a port with a limit: through that meter of the app storm. */
void l2_limited(struct out *, uint32_t sw, uint32_t ofport, const struct view_use *, uint32_t meter, bool judged);

/* What is on a switch whoever is there. */
void l2_switch_rows(struct out *, const struct view_switch *);
void l2_network_rows(struct out *, const struct view_switch *, const struct net *, uint32_t network,
		     const struct view_member *, bool has_tunnel, bool has_link, bool judged);

/* Does the network go on from that switch to others? */
bool l2_has_way(const struct scene *, const struct view_network *, const struct view_member *);

/* l2_bound.c: the rows of such MACs on a switch; of one host, after a fact; one read back. */
void l2_own_macs(const struct scene *, struct out *, const struct view_switch *);
void l2_patch_sticky(const struct scene *, struct out *, const struct view_network *, const uint8_t mac[6]);
void l2_recover_taken(const struct scene *, uint32_t sw, const struct rule *, struct reply *);

/* l2_learn.c */
void l2_ahead(const struct scene *, const struct app_punt *, unsigned turn, struct out *);
void l2_packet_in(const struct scene *, const struct app_punt *, struct reply *);
void l2_recover(const struct scene *, uint32_t sw, const struct rule *, uint32_t duration_s, struct reply *);
bool l2_removed(const struct scene *, uint32_t sw, const struct rule *, bool idle, struct reply *);

/* l2_announce.c: after a GATEWAY fact, frames that tell the LAN who is behind the
 * port that is now in use. */
void l2_announce(const struct scene *, const struct fact *, struct reply *);

#endif
