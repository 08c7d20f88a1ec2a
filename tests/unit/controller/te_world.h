/* SPDX-License-Identifier: Apache-2.0 */
/* te_world: a core whose switches carry traffic. Every pair of switches sends what the
 * test says; frames go hop by hop, at each by the steering that was in force when the
 * switch took its rows, over what is alive; PATH rows and ports count. Time moves by
 * seconds. */
#ifndef TESTS_TE_WORLD_H
#define TESTS_TE_WORLD_H

#include "controller/core_te.h"
#include "tests/unit/controller/world.h"

enum { TE_SWITCHES = 8, TE_EDGES = 16, TE_ELEPHANT_SLOT = 3 };

struct te_world {
	struct world w;
	const char *text;               /* borrowed */
	uint32_t slots[TE_SWITCHES];    /* by index of the net */
	double want[TE_SWITCHES][TE_SWITCHES];          /* Mbit/s */
	double elephant[TE_SWITCHES][TE_SWITCHES];      /* part of it that TE_ELEPHANT_SLOT carries beyond its turn */
	double noise;                   /* part of it, standard deviation */
	uint64_t random;
	bool cut[TE_EDGES];             /* by index of the edge; the ports know too */
	bool silent[TE_EDGES];          /* swallows what goes in, and the ports do not know */
	uint64_t n_probes;
	bool is_away[TE_SWITCHES];      /* not reached, also not after a restart; its rows do what they did */
	double loads[2 * TE_EDGES];     /* Mbit/s, of the last second */
	double lost;                    /* Mbit/s that had no way */
	double lost_at_start;           /* above 0: something had none while switches came back */
	uint64_t sent[TE_SWITCHES][TE_SWITCHES];        /* bytes so far */
	uint64_t sent_slots[TE_SWITCHES][TE_SWITCHES][PLACE_MAX_SLOTS];
	uint64_t port_bytes[2 * TE_EDGES];
	uint64_t born_ms[TE_SWITCHES];
	struct steer *at[TE_SWITCHES];  /* what each switch's rows say: owned */
	const struct steer *checked[TE_SWITCHES];       /* by slot: borrowed, and never looked into */
	bool is_lazy;                   /* switches take their rows when they feel like it, each by itself */
	uint64_t n_mods;                /* messages that ledgers have given out so far */
	char folder[64];                /* state; "" = none */
};

void te_world_init(struct te_world *, const char *text, const char *folder);
void te_world_uninit(struct te_world *);
/* All switches connect, with vm1 and the ports of their links and tunnels, and edges are found. */
void te_world_connect(struct te_world *);
/* Probes of all edges come through, where they do. */
void te_world_find(struct te_world *);
void te_world_seconds(struct te_world *, unsigned n);
/* Plans and takes rows until nothing moves, in no time. */
void te_world_settle(struct te_world *);
void te_world_cut(struct te_world *, uint32_t edge);
/* Its ports stay up: probes tell, after three seconds. */
void te_world_swallow(struct te_world *, uint32_t edge);
void te_world_mend(struct te_world *, uint32_t edge);
/* It is no longer reached, and goes on by the rows that it has; it comes back with none. */
void te_world_leave(struct te_world *, uint32_t sw);
void te_world_return(struct te_world *, uint32_t sw);
/* kill -9, and the same again with what the switches have. Returns how many
 * messages that costs. */
uint64_t te_world_restart(struct te_world *);
/* The same, with so much time before each switch that comes back; the first one is that. */
uint64_t te_world_restart_slowly(struct te_world *, uint32_t first, uint64_t ms);
uint64_t te_world_mods(const struct te_world *);
/* Highest of loads over capacity. */
double te_world_busiest(const struct te_world *, uint32_t *ret_arc);
/* The last event of the kind, or null. */
const char *te_world_event(const struct te_world *, const char *kind);

#endif
