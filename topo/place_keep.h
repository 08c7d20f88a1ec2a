/* SPDX-License-Identifier: Apache-2.0 */
/* place_keep: when to plan anew, and when to leave it alone.
 *
 * The keeper remembers what runs, the demands of late and the last change. Each
 * step looks at the links and demands of now and says what runs from here on.
 * No clock: the time is given. Why each rule is there: docs/explanation/placement.md. */
#ifndef TOPO_PLACE_KEEP_H
#define TOPO_PLACE_KEEP_H

#include "topo/place.h"

struct place_policy {
	double goal;                    /* utilisation below which nothing is touched */
	double aim;                     /* a change goes for that, of the goal: below it by enough to stay there */
	double band;                    /* nor while within this factor of the bound */
	double panic;                   /* utilisation above which no hold counts */
	double gain;                    /* a change that lowers the top by less is not worth it */
	uint64_t hold_ms, max_hold_ms;  /* between two changes; doubled when one undoes the other */
	uint64_t window_ms;             /* the highest demand of so long counts */
};

/* VERDICT(NAME, what it says) */
#define PLACE_VERDICTS \
	VERDICT(FIRST,    "nothing ran yet: shortest paths, and off links above the goal") \
	VERDICT(LINKS,    "links changed: what stood on them moved") \
	VERDICT(MOVED,    "a link was above the goal: traffic moved off it") \
	VERDICT(ROOM,     "a guarantee was short of room: others made way") \
	VERDICT(GOOD,     "kept: all links are below the goal") \
	VERDICT(BEST,     "kept: it is close to the best there is") \
	VERDICT(HELD,     "kept: the last change is too young") \
	VERDICT(NO_GAIN,  "kept: moving would not help enough")

enum place_verdict {
#define VERDICT(NAME, HELP) PLACE_##NAME,
	PLACE_VERDICTS
#undef VERDICT
};
const char *place_verdict_text(enum place_verdict);

struct place_decision {
	enum place_verdict verdict;
	const struct placement *running;        /* from now on; of the keeper, until the next step */
	bool changed;                   /* some slot is elsewhere, or a pair is new */
	double u_before, u_after;       /* of the highest demands in the window */
	double bound;
	size_t n_reversed;              /* slots that went back to where they were before the last change */
	uint64_t hold_ms;               /* until the next change may come */
};

struct place_policy place_policy_defaults(void);

struct place_keeper *place_keeper_new(const struct place_policy *);
void place_keeper_free(struct place_keeper *);
/* Begins with what the switches have. Takes the placement. */
void place_keeper_take(struct place_keeper *, struct placement *);
/* job: its `running` and the goal of its options are the keeper's business.
 * Nodes and link numbers mean the same in every step of one keeper. */
struct place_decision place_keeper_step(struct place_keeper *, const struct place_job *, uint64_t now_ms);

#endif
