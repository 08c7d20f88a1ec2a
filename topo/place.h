/* SPDX-License-Identifier: Apache-2.0 */
/* place: which paths the traffic between two switches takes, so that the busiest
 * link is as little busy as it can be.
 *
 * Pure and deterministic: links, demands and the running placement in, a new
 * placement out. It carries a proof: `bound` is a utilisation that no placement
 * of any kind can go below. How it works: docs/explanation/placement.md.
 *
 * A link carries `mbps[0]` from a to b and, on its own, `mbps[1]` from b to a.
 * Link i is arc 2i in the first direction and arc 2i+1 in the other one. */
#ifndef TOPO_PLACE_H
#define TOPO_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLACE_NONE = UINT32_MAX, PLACE_MAX_SLOTS = 64, PLACE_MAX_STANDBYS = 4, PLACE_MAX_VIA = 8 };

struct place_link {
	uint32_t a, b;                  /* nodes */
	double mbps[2];                 /* what we may use of it; 0 = not to be used that way */
	double cost;                    /* for the shortest path; at least 0 */
	uint32_t risk;                  /* links with the same number fail together; 0 = alone */
	bool down;
	double delay;                   /* ms each way; for rules */
};

/* What the paths of a pair must be like. A pair that no path suits goes as if it
 * had no rules; that is said by place_pair.rules_broken. */
struct place_rule {
	uint32_t src, dst;              /* the pair; both PLACE_NONE: every pair */
	const uint32_t *via;            /* borrowed: nodes to pass, in this order; all rules of a pair together name at most PLACE_MAX_VIA */
	uint32_t n_via;
	const uint32_t *banned;         /* borrowed: links not to take */
	uint32_t n_banned;
	double max_delay;               /* ms of the whole path; 0 = any */
};

struct place_demand {
	uint32_t src, dst;              /* nodes */
	double mbps;                    /* 0: wants a path all the same */
	double firm;                    /* of that: guaranteed, so place_plan_firm() keeps room for it; 0 = none */
};

struct place_options {
	uint32_t max_paths, max_slots;  /* of a pair */
	uint32_t elephant_paths, elephant_slots;
	double elephant;                /* a demand above this part of a link on its paths is one; above 1: none is */
	double tolerance;               /* proved gap at which the search ends */
	double goal;                    /* utilisation that is good enough; 0 = as low as can be */
	bool sparing;                   /* move only what stands on links above the goal */
	bool content;                   /* at `goal` nothing more is tried, equal split neither */
	bool unrounded;                 /* shares as they come, any number of paths, no slots */
	bool without_standbys;
	uint64_t work;                  /* arcs that may be looked at, about; 0 = no limit */
	bool (*late)(void *ctx);        /* is it time to stop? May be null */
	void *ctx;
};

struct place_job {
	uint32_t n_nodes;
	const struct place_link *links;         /* borrowed */
	size_t n_links;
	const struct place_demand *demands;     /* borrowed; in any order, a pair given twice is added up */
	size_t n_demands;
	const struct placement *running;        /* of the same nodes and link numbers; null = none */
	struct place_options options;
	const struct place_rule *rules;         /* borrowed; a pair may have several, and all hold: nodes to
						 * pass are passed in the order of the rules */
	size_t n_rules;
};

struct place_path {
	uint32_t *arcs;                 /* walked from src to dst */
	uint32_t n_arcs;
	uint32_t n_slots;               /* 0 = standby only */
	double share;                   /* of the pair's demand */
	uint32_t standbys[PLACE_MAX_STANDBYS];  /* paths of this pair, the best first: together they survive every
						 * single failure on this path that can be survived */
	uint32_t n_standbys;
};

struct place_pair {
	uint32_t src, dst;
	double mbps;
	struct place_path *paths;       /* active ones first */
	uint32_t n_paths, n_active;     /* no paths: dst cannot be reached */
	uint8_t slots[PLACE_MAX_SLOTS]; /* path of each */
	uint32_t n_slots;
	bool has_rules, rules_broken;   /* rules_broken: no path that is up suits them */
};

struct placement {
	struct arena *arena;            /* owns all that is here */
	struct place_pair *pairs;       /* sorted by src, then dst */
	size_t n_pairs, n_unreachable;
	double u;                       /* highest utilisation of a link, as installed */
	double u_unrounded;             /* before the shares became slots */
	double u_ecmp;                  /* what equal split over shortest paths would give; place_plan() only */
	double u_running;               /* of the running placement under these demands */
	double bound;                   /* no placement that suits the rules can be below */
	uint32_t n_rounds;
	uint64_t work;                  /* arcs looked at */
	bool cut_short;                 /* by options.work or options.late */
	/* Against job.running: what is not there any more moves by need. */
	size_t n_changed;               /* pairs with a slot elsewhere */
	double moved_mbps, total_mbps;
};

struct place_options place_defaults(void);

/* Never fails: when it has to stop early it gives the best it has, at least what
 * runs or the shortest paths. Elephants get twice elephant_paths where fewer cost
 * more than 2 %; and where equal split over shortest paths would be better than
 * what few paths and slots can do, pairs get as many as it takes, up to
 * PLACE_MAX_SLOTS. Release with place_free(). */
struct placement *place_plan(const struct place_job *);
/* Every pair stays as it runs. Pairs that do not run yet, and slots whose path is
 * gone, go where most of the pair is, or else on the shortest path by cost. The
 * bound is a quick one, less tight. */
struct placement *place_stay(const struct place_job *);
void place_free(struct placement *);

/* Makes it what place_plan() should have said where not all fits: what is guaranteed has room on its paths,
 * and others take what is left, though it be too little for them. Takes the placement and gives one of the
 * same bound; the same one when there is nothing to do or nothing better. */
struct placement *place_plan_firm(const struct place_job *, struct placement *take);
/* The part of all that is firm that has room on its pairs' paths: 1 = all. A pair has room for what all other
 * demands of the job leave of its links. */
double place_kept(const struct place_job *, const struct placement *);

/* Utilisation of the busiest link if this placement carried the demands of the
 * job. What has no path there counts nowhere. */
double place_load(const struct place_job *, const struct placement *);
/* The same, its paths in the arena. */
struct place_pair place_copy_pair(struct arena *, const struct place_pair *);
/* The pair, or null. */
const struct place_pair *place_find(const struct placement *, uint32_t src, uint32_t dst);

#endif
