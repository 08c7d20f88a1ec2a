/* SPDX-License-Identifier: Apache-2.0 */
/* core_te: traffic engineering in time. Looks at edges and counters, has the keeper
 * decide each interval (at once when an edge is lost), hands what shall run to
 * core_steer.c, and says why.
 *
 * Planning takes up to a second with hundreds of switches, and so do labels and the state
 * file: a worker does them with copies (core.work); nothing of it blocks the loop. Files without edges cost
 * nothing here. How it decides: docs/explanation/te.md. */
#ifndef CONTROLLER_CORE_TE_H
#define CONTROLLER_CORE_TE_H

#include "controller/core.h"
#include "ofproto/poll.h"
#include "topo/place_keep.h"
#include "topo/steer.h"
#include "topo/te_cut.h"
#include "topo/te_deal.h"
#include "topo/te_plan.h"

struct te_task;
struct te_steering;

/* An edge over time, same index as net_edge. */
struct te_edge {
	bool is_up, ever;               /* as last looked at; in this life or the last one */
	bool is_recalled;               /* what is known of it is of the last life, as long as nothing says otherwise */
	bool is_held;                   /* it came back and waits: it takes no traffic that can go elsewhere */
	uint64_t since_ms, held_until_ms, gone_ms;
	uint32_t n_flaps;               /* times it went, while it kept coming back */
	/* What its ends send, by the counters of their ports. */
	struct demand sent[2];
	uint64_t tx_bytes[2], read_ms[2];       /* of the last reading; 0 = none */
	double background[2];           /* Mbit/s that demands do not explain */
};

/* A switch that is asked for counters. */
struct te_asked {
	uint64_t next_ms;
	uint64_t ports_ms;              /* when the ports were asked for in between */
	bool reading, reading_slots;    /* a round of PATH, of SLOT is coming in */
	uint32_t n_slots, turn;         /* rows of SLOT when last read; rounds so far */
};

/* The slots of a pair shall go elsewhere. */
struct te_wish {
	size_t pair;                    /* of `running` */
	double carried[PLACE_MAX_SLOTS];        /* Mbit/s per path, as it is */
	struct te_dealt dealt;
};

/* A slot that carries much: of a pair of `running`. */
struct te_elephant {
	const struct place_pair *pair;
	uint32_t slot;
	uint8_t path;
	double mbps, part;              /* part: of what the pair carries */
};

/* A pair with a guarantee, same index as te.reserves of the net. */
struct te_promise {
	double room;                    /* Mbit/s: what others leave on its paths; below 0 = nobody knows */
	bool is_short;                  /* less than is guaranteed, as it was said */
	unsigned n_calm;                /* looks since it was */
	bool cut_is_known;
	struct te_cut cut;
};

/* What the last look came to, and the last change. */
struct te_look {
	bool is_known;
	const char *verdict;            /* "good", "held" ...; static */
	const char *why;                /* a sentence; static */
	double u, bound;                /* of whole links, 0 to 1 and more, with the demands that are planned for */
	uint64_t wall_ms;
};
struct te_changed {
	char text[400];                 /* "" = none yet */
	const char *why;
	size_t n_pairs;                 /* that moved */
	uint64_t wall_ms;
};

/* Switches change one after the other; see core_steer.c. */
enum te_phase { TE_REST, TE_LABELS, TE_SAVE, TE_PATHS, TE_GRACE };
/* What is put in force at the beginning of LABELS and of PATHS, and at the end of GRACE. */
enum { TE_STEP_LABELS, TE_STEP_PATHS, TE_STEP_REST, TE_STEPS };
struct te_step {
	struct steer *steer;            /* owned; null = that step is done, or nothing is on its way */
	bool *same;                     /* owned: switches of the net that the step does not concern; null: all do */
};

struct core_te {
	struct te_edge *edges;          /* owned */
	size_t n_edges;
	struct demands *demands;        /* owned; null without edges */
	struct demands *own_demands;    /* owned: of networks with ways of their own, as te_seen.owns; null without edges */
	struct te_owns *owns;           /* owned: these ways, as of the last look; null = no look yet */
	struct placement *running;      /* owned: complete; null = none yet */
	struct placement *advised;      /* owned: with mode recommend, what would run; null = nothing better */
	struct place_keeper *keeper;    /* owned; null: none yet, or with the task */
	struct te_task *task;           /* at work; null = none */
	uint64_t generation;            /* of the net: what a task of an older one says is void */
	uint64_t next_ms;               /* when to look again */
	bool edges_due;                 /* edges may be up or down */
	bool plan_due;                  /* an edge was lost, or another file is in force: do not wait */
	bool home_due;                  /* an edge may carry again what had to leave it */
	bool steer_due;                 /* what is steered may be another set of pairs */
	bool is_loaded;                 /* what runs is of the last life, and not all is known again that it stands on */
	bool was_found;                 /* switches steer, and nobody knows which plan that was: see core_te_found() */
	bool was_lost;                  /* an edge, in this life */
	bool was_loaded;                /* what runs was, and no other file has come since */
	bool was_idle;                  /* nothing was sent when last looked at, and nothing has changed */
	struct te_look look;
	double *nics;                   /* owned: Mbit/s out of each NIC and into it, as planned at the last look; null = no look yet */
	struct te_changed changed;
	/* te_promise.c */
	struct te_promise *promises;    /* owned; null = no guarantees, or no look yet */
	struct te_cutting *cutting;     /* at work; null = none */
	uint64_t cut_of;                /* hash of the links that this was found out for */
	size_t n_cuts_left;             /* links that were not tried */
	char advice[400];               /* of `advised` */
	uint64_t n_looks, n_changes;
	struct te_asked *asked;         /* owned: by index of the net */
	/* te_deals.c: slots that are dealt by what they carry */
	struct demands *slots;          /* owned: parts of pairs, PLACE_MAX_SLOTS each; null without edges */
	struct placement *dealt;        /* owned: what runs, with slots as they are; null = as in `running` */
	struct te_wish *wishes;         /* owned: what the last look at slots came to */
	size_t n_wishes;
	uint8_t *n_wished;              /* owned: per pair of switches, looks that came to the same, one after the other */
	uint64_t dealt_ms, deal_hold_ms;        /* the last deal, and how long until the next one */
	size_t n_deals;
	/* core_steer.c */
	enum te_phase phase;
	struct steer *before;           /* shared: see core_te_before() */
	const bool *same;               /* while it is put in force: switches of the net that it does not concern */
	struct te_steering *steering;   /* te_steer.c is at work; null = not */
	unsigned n_drops;               /* of what it said, one after the other: edges had died meanwhile */
	struct te_step steps[TE_STEPS]; /* that are still to come */
	uint64_t away_ms;               /* when a switch went away, the last time; 0 = none has */
	uint64_t grace_ms;              /* until then labels of before are known */
	bool first_done;                /* some steering has been in force */
	char *state_file;               /* owned; null = nothing is kept */
	bool is_saving, save_failed;
	bool save_due;                  /* what is in force came by another file, perhaps in the middle of a change */
	/* te_links.c */
	char *links_file;               /* owned; null = nothing is kept */
	uint64_t links_hash;            /* of what is in it, or about to be */
	bool is_keeping;
	uint64_t settled_ms;            /* when what runs came into force */
};

struct core_te *core_te_new(void);
void core_te_free(struct core_te *);
/* The net is new (old null: the first). The view has it already. */
void core_te_bind(struct core *, const struct net *old);
/* What ran in the last life, before the first switch is compiled for. */
void core_te_load(struct core *, const char *state_dir);
/* A row of steering was read back; before its switch is compiled for. */
void core_te_found(struct core *);
/* Is steered without our knowing by what paths? Then its rows stay until there are some. */
bool core_te_must_wait(const struct core *);
/* A fact was applied. */
void core_te_fact(struct core *, const struct fact *);
/* What was steered until the last FACT_STEER, for app.resteer; null = nothing, or it is forgotten. */
const struct steer *core_te_before(const struct core *);
void core_te_forget_before(struct core *);
/* Does the FACT_STEER that is being applied change rows of that switch? */
bool core_te_concerns(const struct core *, uint32_t sw);
/* The end of a tick: look, plan, and one step of core_steer. */
void core_te_plan(struct core *);
void core_te_tick(struct core *);        /* once a second */

/* What to ask that switch for now, at most POLL_MAX_ASKS tables; 0 = nothing. */
size_t core_te_poll(struct core *, uint32_t sw, int *ret_tables);
/* And what it said; as in poll_ops. */
void core_te_begin(struct core *, uint32_t sw, int table);
void core_te_row(struct core *, uint32_t sw, int table, const struct rule *, uint64_t n_bytes, uint32_t duration);
void core_te_port(struct core *, uint32_t sw, const struct poll_port *);
void core_te_end(struct core *, uint32_t sw, int table);

/* As placement sees it now; the arrays are of the arena. */
struct te_seen core_te_seen(const struct core *, struct arena *);

/* What each path of a pair of `running` carries, by its slots, Mbit/s; how many slots it has.
 * False: nobody counts that. */
bool core_te_carried(const struct core *, const struct place_pair *, double *ret_mbps, uint32_t *ret_slots);
/* The largest first; returns how many there are. */
size_t core_te_elephants(const struct core *, struct te_elephant *ret, size_t n);

/* --- te_steer.c, core_steer.c ------------------------------------------------------------ */
/* This shall be in force: te->running, with the slots of te->dealt. */
void core_steer_begin(struct core *);
void core_steer_step(struct core *);
/* The state file: te_state.c. What is to be written is copied or shared, so that a worker can write it. */
struct te_state;
struct te_state *te_state_new(const struct core *);
void te_state_free(struct te_state *);
char *te_state_text(const struct te_state *, size_t *ret_size);
/* Reads it; false = there is none that is of use. */
bool te_state_read(struct core *, const char *text);

#endif
