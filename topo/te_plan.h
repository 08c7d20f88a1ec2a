/* SPDX-License-Identifier: Apache-2.0 */
/* te_plan: what placement has to solve, made of the net and of what is seen.
 *
 * Nodes are the switches of the net, links its edges, by the same numbers, but for NICs
 * (te_map, te_job.h). An arc here is one of an edge, 2 * edge + end, or behind those one of a NIC:
 * 2 * (edges + nic) out of it, and one more into it. All pairs of switches that stand in one network want a path. Capacity is what the
 * file says (else the port's speed, else 10 Gbit/s) times TE_HEADROOM, less what
 * others send: at the goal the link as a whole is then as full as the goal says. Utilisations of placement are of that part; `te_u()`
 * makes them utilisations of the whole link. Pure. */
#ifndef TOPO_TE_PLAN_H
#define TOPO_TE_PLAN_H

#include "topo/demand.h"
#include "topo/place.h"
#include "topo/te_job.h"
#include "topo/te_own.h"
#include "topo/view.h"

#define TE_DEFAULT_MBPS 10000.0         /* of an edge of which nobody says how much it carries */

/* What if a pair wanted another rate? */
struct te_change {
	uint32_t from, to;
	double times;                   /* of what it wants; 0 = mbps instead */
	double mbps;
};

/* Borrowed. May be null: nothing known. */
struct te_seen {
	const bool *usable;             /* per edge: up */
	const bool *held;               /* per edge: like one on drain for now */
	const double *background;       /* per arc, Mbit/s */
	const struct demands *demands;
	const struct demands *owns;     /* of networks with ways of their own; `to` is networks * switch + network */
	uint64_t now_ms;
	const struct te_change *changes;
	size_t n_changes;
};
/* Mbit/s. */
double te_wanted(const struct te_seen *, uint32_t from, uint32_t to);

struct te_plan {
	struct arena *arena;            /* owns all that is here */
	struct place_job job;
	struct te_map *map;
	struct te_owns *owns;           /* ways of networks for themselves, over the links that can be used */
	struct place_link *links;       /* of edges */
	struct place_demand *demands;
	uint32_t n_arcs;                /* of edges and NICs */
	double *mbps;                   /* per arc: of the whole link, or NIC */
	double *background;             /* per arc: of others, and of networks with a way of their own */
};

struct te_plan *te_plan_new(const struct view *, const struct te_seen *);
void te_plan_free(struct te_plan *);

/* Each way, Mbit/s. */
double te_capacity(const struct view *, uint32_t edge);
/* Adds what networks with ways of their own send there, per arc of edges and NICs. */
void te_add_owns(const struct te_map *, const struct te_owns *, double *mbps);
/* A utilisation of placement as one of the whole link, and back. */
static inline double te_u(double place_u) { return place_u * TE_HEADROOM; }
static inline double te_place_u(double u) { return u / TE_HEADROOM; }

/* The same in an arena of its own. */
struct placement *te_copy(const struct placement *);
/* The same, as job.running, without pairs that go whole by a path that is dearer than need be: place_stay()
 * puts these on their shortest. */
struct placement *te_home(const struct te_plan *, const struct placement *running);
/* Mbit/s per arc that this placement puts there, by its own demands. */
void te_loads(const struct te_plan *, const struct placement *, double *ret_mbps);
/* Can it be used? NICs can. */
bool te_arc_is_up(const struct te_plan *, uint32_t arc);
/* The highest utilisation of a whole link or NIC, background included; which arc. */
double te_highest(const struct te_plan *, const double *loads, uint32_t *ret_arc);
/* Mbit/s that the pair could send with all others as they are: what is left on its paths for the part of it that goes there.
 * share: per arc, all 0, and left so. */
double te_room(const struct te_plan *, const double *loads, const struct place_pair *, double *share);
/* The same placement with other demands. */
void te_set_demands(struct placement *, const struct te_seen *);

/* The pairs that load an arc most, the first n; returns how many there are. */
struct te_part { uint32_t pair; double mbps; };
size_t te_parts(const struct te_plan *, const struct placement *, uint32_t arc, struct te_part *ret_parts, size_t n);

/* NET_NONE = there is none. */
uint32_t te_edge_by_name(const struct net *, const char *name);
/* By names, one line each; a line that the net does not know is left out. */
void te_write(const struct placement *, const struct net *, FILE *);
/* Null when the text is none of ours. Reads up to a line "end". */
struct placement *te_read(const char *text, const struct net *, const char **ret_rest);
/* What of it the new file still has. */
struct placement *te_carry_over(const struct placement *, const struct net *before, const struct net *now);

#endif
