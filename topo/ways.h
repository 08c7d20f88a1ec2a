/* SPDX-License-Identifier: Apache-2.0 */
/* ways: how frames of a network get from switch to switch.
 *
 *   links    what is for one host takes the cheapest way; what is for all goes
 *            along a tree, one per network (IEEE 802.1D, 7.1, without its messages)
 *   LAN      switches with an uplink of the network are joined by it
 *   tunnels  join what the others leave apart
 *
 * Switches of a network that links and the LAN join are an island. Frames for
 * all leave an island through one switch, its head, which has a tunnel to the
 * heads of the other islands; a frame for one host goes by tunnel to the host's
 * own switch, if that has one, else to its island's head.
 *
 * Two sets of ways in force at once, on switches that change at different times,
 * could be a circle. So one can be together with the one before (`with`), and then
 * only what both say alike holds: part of both, hence without a circle with either.
 *
 * Switches are indices of the net here, for these sort by name. */
#ifndef TOPO_WAYS_H
#define TOPO_WAYS_H

#include "topo/view.h"

/* A switch in a network. */
struct ways_stand {
	uint32_t head;                  /* of its island, NET_NONE = none, or not agreed on */
	uint32_t lan;                   /* the one with an uplink that the tree's links join it with, likewise */
	bool is_head;
	bool on_lan;                    /* its uplink is counted on: else frames could go in a circle by it */
	bool carries;                   /* frames of the network may pass there */
};

struct ways {
	size_t n_switches, n_links, n_networks;
	uint32_t *next;                 /* from * n_switches + to: the link to take, NET_NONE = no way by links */
	bool *up;                       /* link: frames may come in by it */
	bool *tree;                     /* network * n_links + link */
	struct ways_stand *stands;      /* network * n_switches + switch */
	struct ways *with;              /* owned: the ones before, while they are being left; else null */
};

/* From what is up: pure, the same each time. Heap. */
struct ways *ways_compute(const struct view *);
void ways_free(struct ways *);
/* The same, without those that they are with. */
struct ways *ways_alone(struct ways *);

/* Without regard to `with`. */
bool ways_equal(const struct ways *, const struct ways *);
/* Marks the switches for which they differ; both of that file. */
void ways_changed(const struct net *, const struct ways *, const struct ways *, bool *switches);
/* The ways of the view as far as the new file still has them; to be called while
 * the view has the old one. */
void view_ways_carry_over(struct view *, const struct net *);

/* May frames come in by the link? */
bool ways_use_link(const struct view *, uint32_t link);
bool ways_carries(const struct ways *, uint32_t network, uint32_t sw);

/* --- by network, on one switch; good without ways too ---------------------------------- */

/* May frames of the network go in and out there? By an uplink not before the links are given up
 * that join the switch to the LAN another way. */
bool ways_open(const struct view *, uint32_t sw, const struct view_use *);
/* Does a frame for all go over the link? */
bool ways_in_tree(const struct view *, const struct view_network *, uint32_t link);
/* Does one go by tunnel from that switch to that one? Two heads are of two islands. */
bool ways_floods(const struct view *, const struct view_network *, uint32_t from, uint32_t to);

/* Is it a switch that sends into tunnels what is for all? */
bool ways_is_head(const struct view *, const struct view_network *, uint32_t sw);

enum way_kind { WAY_NONE, WAY_LINK, WAY_LAN, WAY_TUNNEL };
struct way {
	enum way_kind kind;
	uint32_t ofport;                /* link: of `here`; LAN: its uplink */
	uint32_t peer;                  /* tunnel: the switch at its other end */
};
/* By links from there to the head of its island; none when it is the head itself. */
struct way ways_to_head(const struct view *, const struct view_network *, uint32_t sw);
/* May a frame that came from the LAN go that way to that switch? Several members
 * hear it when the LAN does not know where it belongs; one of them passes it on. */
bool ways_from_lan(const struct view *, const struct view_network *, const struct view_member *here, struct way,
		   uint32_t to);
/* The way to a switch that has the network, from a member of it. */
struct way ways_to(const struct view *, const struct view_network *, const struct view_member *here, uint32_t to);

#endif
