/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of steer, shared by topo/steer*.c and nobody else.
 *
 * An arc is an edge in one direction: 2 * edge + the end that frames leave from, as in
 * place.h. */
#ifndef TOPO_STEER_PRIVATE_H
#define TOPO_STEER_PRIVATE_H

#include "topo/arena.h"
#include "topo/steer.h"

static inline uint32_t arc_edge(uint32_t arc) { return arc / 2; }
static inline unsigned arc_end(uint32_t arc) { return arc & 1; }
static inline uint32_t arc_tail(const struct net *net, uint32_t arc) { return net->edges[arc / 2].sw[arc & 1]; }
static inline uint32_t arc_head(const struct net *net, uint32_t arc) { return net->edges[arc / 2].sw[!(arc & 1)]; }
static inline bool arc_is_cable(const struct net *net, uint32_t arc) { return net->edges[arc / 2].link != NET_NONE; }

/* --- steer_map.c: two numbers to one ------------------------------------------------ */

struct steer_map {
	struct steer_cell { uint64_t a, b; uint32_t value; } *cells;    /* value NET_NONE = empty */
	size_t n, mask;
};
void steer_map_init(struct steer_map *);
void steer_map_uninit(struct steer_map *);
/* Its value, or NET_NONE. */
uint32_t steer_map_get(const struct steer_map *, uint64_t a, uint64_t b);
void steer_map_put(struct steer_map *, uint64_t a, uint64_t b, uint32_t value);
uint64_t steer_mix(uint64_t a, uint64_t b);

/* --- steer_graph.c: ways around a dead edge ------------------------------------------- */

struct steer_way {
	uint32_t *arcs;
	uint32_t n_arcs;                /* 0 = there is none */
};
struct steer_graph;
struct steer_graph *steer_graph_new(const struct steer_seen *);
void steer_graph_free(struct steer_graph *);
/* The cheapest way over edges that are up and, without `tunnels`, are cables. `arc`, which
 * leaves `from`, is not used, nor what fails with it, nor if possible the switch it leads to;
 * NET_NONE: nothing is avoided. Owned by the graph. */
struct steer_way steer_graph_way(struct steer_graph *, bool tunnels, uint32_t from, uint32_t arc, uint32_t to);

/* --- steer_bridge.c: where there is a choice --------------------------------------------- */

/* Per switch a number, the same for switches between which there is one way and never
 * another, whichever edges of the file are up. Without `tunnels`: by cables. Heap. */
uint32_t *steer_bridges(const struct net *, bool tunnels);

/* --- steer_label.c: numbers for ways --------------------------------------------------- */

struct steer_labels {
	const struct net *net;
	struct steer_map meaning;       /* receiving port, label -> index into keys */
	struct steer_map number;        /* receiving port, key -> label */
	struct steer_map anywhere;      /* is cable, label -> index into keys: the first that took it */
	struct steer_map reserved;      /* is cable, label: of a network */
	uint64_t *keys;
	size_t n_keys, max_keys;
};
void steer_labels_init(struct steer_labels *, const struct net *);
void steer_labels_uninit(struct steer_labels *);
/* The transit's label keeps its meaning. */
void steer_labels_keep(struct steer_labels *, const struct steer_transit *);
/* The label that says `key` to who receives by the arc, or 0: there is none left. */
uint32_t steer_labels_give(struct steer_labels *, uint32_t arc, uint64_t key);

/* steer.c */
void steer_sort(struct steer *);
void steer_copy_pair(struct arena *, struct steer_pair *to, const struct steer_pair *from);

#endif
