/* SPDX-License-Identifier: Apache-2.0 */
/* world: some switches, their rows, and frames that walk through them.
 *
 * A file and facts in, rows out, as the controller does it: every fact is applied
 * to the view, every app that reads it patches or is compiled. Frames then go
 * through the rows of all switches; the uplinks of all switches hang on one LAN
 * that carries tags, the physical ports too, and tunnel ports reach each other by the vteps of the file. A story is text, one step a line:
 *
 *     port a:r1 3             a port, under this number
 *     port a:br0 local        the bridge's own port
 *     down a:r1  up a:r1      its carrier
 *     gone a:r1               it is deleted
 *     host red 1 a:r1         MAC 02:00:00:00:00:01 is seen there
 *     host red 1 a:r1 age=9   was read back from a row of 9 seconds
 *     address red 1 10.0.0.7  that host speaks for it; and IPv6; at a third place: `.. a:r2`
 *     lease red 1 10.0.0.7 60  is leased to it for a minute; and IPv6
 *     shut red a:r1           the port lets in nothing of the network
 *     remember red 1          is known from another switch only
 *     forget red 1            ages out
 *     settle  give-up         unconfirmed hosts: of complete networks, of all
 *     up a  down a            the switch is read back, goes away
 *     meters a 100            meters the switch has (0: none, as at first)
 *     gateway red a:eth1      the network meets the LAN there now ("-": nowhere)
 *     ready a                 the switch has all its rows
 *     link a:e1               probes came through it, both ways
 *     ways                    the best ways now are taken; "ways half" stops between old and new
 *     steer                   paths for all pairs, each wanting as much, are planned and taken;
 *                             "steer 7": each wanting something else, by that seed
 *     cut a                   it is away and keeps the rows it has; "up a" ends that
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "apps/app.h"
#include "ofproto/ledger.h"
#include "ofproto/walk.h"
#include "topo/steer.h"
#include "topo/view.h"

enum { WORLD_MAX_SWITCHES = 16, WORLD_MAX_GOT = 512, WORLD_MAX_FRAME = 512, WORLD_MAX_FACTS = 256,
       WORLD_MAX_SENT = 64, WORLD_MAX_TRAIL = 512 };

/* The world's clock on the wall, when its own says 0. */
#define WORLD_WALL_MS 1700000000000ULL

struct frame {
	uint8_t bytes[WORLD_MAX_FRAME];
	size_t size;
};

/* A frame that left by an edge port, or was heard on the LAN (sw = NET_NONE), or by a
 * VTEP that is no switch of ours (then ofport is its peer register). */
struct got {
	uint32_t sw, ofport;
	struct frame frame;
};

struct world {
	struct net *net;
	struct view *view;
	struct walk *walk;              /* null = nothing was sent yet */
	struct build *build;
	struct shapes *shapes;
	uint64_t now_ms;
	struct ledger *rows[WORLD_MAX_SWITCHES];        /* by slot; the want column */
	size_t n_patches, n_compiles;
	size_t n_changes;               /* calls of want and unwant */
	bool cut[WORLD_MAX_SWITCHES];   /* away, with the rows of then */
	bool learn;                     /* punts become facts; true at first */
	unsigned choice;                /* slot that frames take: see walk.choice */
	/* Rows to walk through instead of those above; borrowed, null = those above. */
	struct walk_switch *given[WORLD_MAX_SWITCHES];
	bool is_hole[WORLD_MAX_SWITCHES][WORLD_MAX_SWITCHES];   /* tunnels that lose all, by slot */
	/* What the last frame did. */
	struct got got[WORLD_MAX_GOT];
	size_t n_got, n_punts, n_walks;
	size_t n_tunnelled;             /* copies that went into a tunnel */
	size_t n_linked;                /* copies that went onto a link */
	struct { uint32_t sw, ofport, to; } trail[WORLD_MAX_TRAIL];     /* and by which port; to: by tunnel to that slot */
	size_t n_trail;
	char dropped_by[64];         /* name of the last row that dropped it */
	/* What apps sent to switches since world_quiet(). */
	struct got sent[WORLD_MAX_SENT];
	size_t n_sent;
	/* Facts of apps and evictions since world_quiet(). */
	struct fact facts[WORLD_MAX_FACTS];
	size_t n_facts;
};

/* Findings in the file fail the test. Ports are numbered by the story. */
struct world *world_new(const char *yaml);
void world_free(struct world *);
void world_reload(struct world *, const char *yaml);
void world_do(struct world *, const char *story);
bool world_apply(struct world *, struct fact);
void world_quiet(struct world *);

uint32_t world_switch(struct world *, const char *name);
void world_place(struct world *, const char *place, uint32_t *ret_sw, uint32_t *ret_ofport);
uint32_t world_network(struct world *, const char *name);       /* its id */
const struct host *world_host(struct world *, const char *network, unsigned mac);

/* The rows that patches left are exactly those that compile makes: key, bytes
 * that matter, app. */
void world_check(struct world *);
/* All rows of a switch as text, sorted; to be freed. */
char *world_rows_text(struct world *, uint32_t sw);
/* How many rows of the switch hold all these words; ends with null. */
size_t world_count_rows(struct world *, const char *sw, const char *word, ...) __attribute__((sentinel));

/* The switch is sent all it lacks, and has it. */
void world_deliver(struct world *, uint32_t sw);

/* The daemon starts anew and this switch comes back with the rows it has. What
 * would be sent to any switch that is back must be nothing, or how much it is. */
void world_restart(struct world *);
size_t world_back(struct world *, const char *sw, uint32_t age_s);
/* All of it: the switches, each named by a letter, come back in that order from the
 * one at `first` on, nothing is sent, and the world is as it was. */
void world_restart_whole(struct world *, const char *switches, unsigned first);

/* Chance: the same after the same seed. */
void world_seed(unsigned seed);
unsigned world_pick(unsigned n);        /* 0 to n - 1 */

/* --- frames ---------------------------------------------------------------------- */

enum { UNTAGGED = -1 };
/* From host number `src` to host number `dst` (0 = broadcast); vid UNTAGGED or 0..4094. */
struct frame world_frame(unsigned dst, unsigned src, int vid);
struct frame world_frame_macs(const uint8_t dst[6], const uint8_t src[6], int vid, uint16_t eth_type,
			      const void *payload, size_t size);
int frame_vid(const struct frame *);     /* of the outer tag, or UNTAGGED */

/* Sends it into "a:r1" or "lan" and follows every copy to its end. On the way:
 * no two rows of one priority match, no table misses, nothing comes out where it
 * went in (hairpin ports may, and answers do), nothing goes in circles. */
void world_send(struct world *, const char *place, struct frame);
/* The same by the tunnel port, with this VNI, from this VTEP (host order). */
void world_send_tunnelled(struct world *, const char *place, struct frame, uint64_t tun_id, uint32_t tun_src);
/* The scene as apps see it. */
struct scene world_scene(const struct world *);

/* Steering as core does it, in one go: rows of all switches follow. Takes it. */
void world_steer(struct world *, struct steer *take);
struct placement *world_placement(struct world *, uint64_t seed);        /* 0: all want the same */
/* The wanted rows of the switch as walk reads them, and all of them made anew; to be freed. */
struct walk_switch *world_walk_switch(const struct world *, uint32_t sw);
struct walk_switch *world_compiled(struct world *, uint32_t sw);
/* Is the frame let in by that port of the switch? tun_id, tun_src: of a tunnel's, else 0. */
void world_send_at(struct world *, uint32_t sw, uint32_t ofport, struct frame, uint64_t tun_id, uint32_t tun_src);

/* A second goes by for the apps that ask hosts whether they are there, and for leases. */
void world_tick(struct world *, uint64_t second);
/* How many copies came out there, with this tag. */
size_t world_got(struct world *, const char *place, int vid);

#endif
