/* SPDX-License-Identifier: Apache-2.0 */
/* The load on one fake switch: PACKET_INs out, answers in, at most a window of them open. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "fswitch.h"
#include "hist.h"

enum mode { MODE_NEW, MODE_KNOWN, MODE_READY, MODE_IDLE };
enum { LOAD_MAX_SEQ = 1 << 24, LOAD_MAX_DEPTH = 8, LOAD_MAX_FRAME = 1514 };

/* What is the same for all switches. */
struct load_plan {
	enum mode mode;
	bool answer_any;      /* a PACKET_OUT answers too, not only a row that matches the source address */
	bool ready_features;  /* ready when asked for features; else at the first barrier behind a row */
	bool punt_miss;       /* send table misses; else learn the punt row */
	int punt_table;       /* -1 = any */
	bool unicast;         /* frames go to a host learned beforehand; else broadcast */
	unsigned window;      /* PACKET_INs without an answer; known: PACKET_INs per batch */
	unsigned depth;       /* known: batches without an echo reply */
	unsigned hosts;       /* known: hosts per switch */
	unsigned n_ports;
	unsigned frame;       /* bytes */
	unsigned run;         /* 0..63: other runs have other source addresses */
	uint64_t resend;      /* ns after which an unanswered PACKET_IN goes again; 0 = never */
	uint32_t count;       /* new: PACKET_INs per switch; 0 = until told to stop */
};

struct load_totals {
	uint64_t sent, answered, resent;
	uint64_t last_progress; /* ns; of any switch */
	uint64_t last_row;      /* ns; when a controller's row came to any switch */
	unsigned n_ready;
	struct hist latency;
	struct hist ready;      /* from the beginning to ready */
};

struct load {
	struct fswitch sw;               /* first: hooks cast back */
	const struct load_plan *plan;
	struct load_totals *totals;
	unsigned index;
	uint64_t start;                  /* ns, when connecting began */
	uint64_t ready;                  /* ns, 0 = not yet */
	struct punt punt;
	struct packet_in *packets;       /* owned; one for each port */
	/* MODE_NEW, and learning: seq numbers hosts; those in [oldest, next) may be open. */
	uint32_t next, oldest, open, limit;
	uint64_t *sent_at;               /* owned; ring: ns, 0 = answered */
	uint32_t ring;                   /* a power of two */
	/* MODE_KNOWN: batches in [batch_oldest, batch_next) are open. */
	uint64_t batch_next, batch_oldest, batch_at[LOAD_MAX_DEPTH];
	uint32_t host;
};

extern const struct fswitch_hooks load_hooks;
/* Now, in ns of the monotonic clock; the load takes the time of the last call. */
uint64_t load_clock(void);

void load_init(struct load *, const struct load_plan *, struct load_totals *, unsigned index, const char *name,
	       uint64_t dpid, bool remember);
void load_uninit(struct load *);

/* Make the packets, once the rows are there. False: no row sends to the controller. */
bool load_prepare(struct load *);
/* Append PACKET_INs of hosts below `limit` while the window has room for half of it. */
void load_fill(struct load *, struct buf *out);
/* Append batches of known hosts. */
void load_batches(struct load *, struct buf *out);
/* Append again what has waited too long. */
void load_resend(struct load *, struct buf *out);
/* Nothing is open. */
bool load_done(const struct load *);
/* What it waits for, in words. */
void load_missing(const struct load *, char *text, size_t size);

#endif
