/* SPDX-License-Identifier: Apache-2.0 */
/* A frame on its way, as the files that follow it see it: explain_way.c (through one
 * switch, and the whole), explain_leave.c (from switch to switch), explain_trip.c (copies
 * and how they end). */
#ifndef CONTROLLER_EXPLAIN_TRIP_H
#define CONTROLLER_EXPLAIN_TRIP_H

#include "controller/explain_impl.h"

enum { MAX_COPIES = 128 };

struct copy {
	struct explain_entry entry;
	uint8_t frame[WALK_MAX_FRAME];
	size_t size;
	size_t parent;                  /* index, SIZE_MAX = none */
	unsigned depth;
	bool over_tunnel;
	uint32_t tunnel_mtu;
	const char *came_by;            /* how it left the switch before */
	const char *went;               /* how it left this one, when here is its end */
	struct explain_step *steps;     /* in the arena */
	size_t n_steps;
};

struct trip {
	struct explaining *e;
	struct explain_rows *rows;
	enum leg_kind kind;
	unsigned from, client;
	struct explain_tracked *tracked;
	struct explain_leg *leg;
	struct walk *walk;
	struct copy *copies;
	size_t n, done;
	size_t last;                    /* the copy that is told of; SIZE_MAX = none yet */
	bool has_elsewhere;
};

static inline const struct candidate *trip_target(const struct trip *t) { return &t->e->ends[!t->from]; }

/* Kept: the switch may go before the answer does. */
const char *trip_sw_name(const struct trip *, uint32_t slot);
struct explain_step *trip_step(struct trip *, struct copy *, const char *text);
/* A copy that comes in there; null: there are too many. came_by: how it left the switch before. */
struct copy *trip_push(struct trip *, size_t parent, uint32_t slot, uint32_t in_port, const uint8_t *frame, size_t size,
		       const char *came_by, const char *text);

/* Where the frame begins its way: at the port of who sends it, or out of the tunnel of a foreign VTEP. */
void trip_begin(struct trip *);

/* The end of a copy. Of all that end, the one is told of that came nearest. */
bool trip_is_nearer(const struct trip *, const struct copy *);
/* went: how it left this switch, or null. */
void trip_stop(struct trip *, struct copy *, const char *went, struct explain_cause);
void trip_stop_text(struct trip *, struct copy *, const char *went, const char *kind, const char *text, const char *cure,
		    uint32_t line);
void trip_arrive(struct trip *, struct copy *, const char *went);

/* What walk says goes out by a port of that copy's switch. True: it went on, or arrived, or
 * ended on the way. */
bool trip_leave(struct trip *, size_t at, const struct walk_out *);

#endif
