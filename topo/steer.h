/* SPDX-License-Identifier: Apache-2.0 */
/* steer: the paths of a placement as labels that switches swap.
 *
 * A label says (network, rest of the way): a VID on a cable, unique among what one
 * port receives; a VNI on a tunnel, unique among what one switch receives. Labels
 * are numbered by a hash of names, so that the same way has the same number
 * everywhere and after every restart. The last hop over a cable has none, nor has a
 * path of one hop: these frames look as ever. A relay's last hop by tunnel has one,
 * for the receiver knows only members of the network by their address.
 *
 * Every switch on a path has a choice of two steps: the next hop, and a detour all
 * the way to the end for when that hop's port is dead. Hops of a detour have one
 * step. So a frame makes one detour at most and none goes in circles, whatever
 * mixture of old and new rows the switches have, as long as every label that may
 * be on its way is known where it arrives: see steer_join().
 * Why it is so: docs/explanation/steering.md.
 *
 * Indices are those of the net; switches, networks and edges sort by name there. */
#ifndef TOPO_STEER_H
#define TOPO_STEER_H

#include <stdio.h>

#include "topo/place.h"
#include "topo/te_own.h"
#include "topo/view.h"

struct steer_step {
	uint32_t edge;                  /* leaves by that edge ... */
	unsigned end;                   /* ... from its end `end` */
	uint32_t label;                 /* VID (net_te.label_first ..) or VNI (NET_TE_FIRST_VNI ..); 0 = as ever */
};
struct steer_choice {
	struct steer_step steps[2];     /* the first one whose edge lives */
	unsigned n_steps;
};
struct steer_pair {
	uint32_t network, from, to;
	struct steer_choice *choices;
	uint32_t n_choices;             /* at least 1; more than one: split */
	uint8_t slots[PLACE_MAX_SLOTS]; /* choice of each */
	uint32_t n_slots;
};
/* What sw does with a frame that it receives at that end of the edge. No steps: the
 * frame has arrived, the label only says its network. */
struct steer_transit {
	uint32_t sw, edge, label, network;
	unsigned end;
	bool is_detour;
	uint64_t key;                   /* hash of what the label means */
	struct steer_choice choice;
};
struct steer {
	struct arena *arena;            /* owns all that is here */
	struct steer_pair *pairs;       /* sorted by from, network, to */
	size_t n_pairs;
	struct steer_transit *transits; /* sorted by sw, edge, end, label */
	size_t n_transits;
	size_t n_unlabelled;            /* pairs and detours that found no free label */
};

/* The placement's nodes are switches of the net, its links edges. Pairs that have no
 * alternative to the plain way are left out, as are paths that a network cannot take (tunnels
 * of one without): so the ways (ways.h) must be those of now before this is put in force. Labels of `before` (may be null) keep their meaning, and no number of it
 * gets another one where it is. owns: ways that networks have instead of the pair's; may be null. Pure: the same gives the same. */
struct steer *steer_compute(const struct view *, const struct placement *, const struct te_owns *, const struct steer *before);
void steer_free(struct steer *);

/* The pair, or null. */
const struct steer_pair *steer_find(const struct steer *, uint32_t network, uint32_t from, uint32_t to);
/* Those of one switch: pairs from it, and what it receives. */
const struct steer_pair *steer_pairs_of(const struct steer *, uint32_t sw, size_t *ret_n);
const struct steer_transit *steer_transits_of(const struct steer *, uint32_t sw, size_t *ret_n);

/* Pairs of the one; transits of both, where both have one that of the first. Labels of
 * both must have been given out with the other one known (`before`). Either may be null. */
struct steer *steer_join(const struct steer *pairs_of, const struct steer *also_transits_of);
/* Would the same rows come of it? */
bool steer_equal(const struct steer *, const struct steer *);
/* What of it the new file still has. */
struct steer *steer_carry_over(const struct steer *, const struct net *before, const struct net *now);

/* By names, one line each; what is read is what was written. steer_read: null and a
 * reason in ret_error (static) when the text is not of this net or damaged. */
void steer_write(const struct steer *, const struct net *, FILE *);
struct steer *steer_read(const char *text, const struct net *, const char **ret_error);

#endif
