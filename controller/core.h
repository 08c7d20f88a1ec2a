/* SPDX-License-Identifier: Apache-2.0 */
/* core: the state of weftd and what moves it: facts in, wanted rows out.
 *
 * Owns net, view, one ledger per switch, and the events. Knows no socket: a
 * session (or a test) tells it what a switch said and sends what its ledger
 * wants. A fact is applied to the view, then every app that reads it patches
 * its rows; an app that declines is compiled for all connected switches at the
 * end of the tick (core_plan). */
#ifndef CONTROLLER_CORE_H
#define CONTROLLER_CORE_H

#include "apps/app.h"
#include "controller/event.h"
#include "ofproto/ledger.h"
#include "ofproto/msg.h"
#include "ofproto/sign.h"
#include "topo/net.h"
#include "topo/view.h"

struct core_te;
struct session;

/* One slot per switch of the view, same number. */
struct core_switch {
	struct ledger *ledger;          /* never null */
	struct session *session;        /* the live one, or null */
	bool read;                      /* read back and recovered; waits, see core_must_wait() */
	bool ready;                     /* the same, and waits no more: is compiled for */
	bool touched;                   /* on core.touched: rows may differ, or bytes wait */
	uint64_t n_ticks;               /* seconds since it was read back */
	uint32_t stale;                 /* bits of apps (order of apps[]) to compile */
	uint32_t steered;               /* likewise: only the steering is another one since */
	uint64_t connected_wall_ms;     /* of the live session, or of the last one's end */
	uint64_t n_connects;            /* times that it came, in this life of weftd */
	/* The generation id to ask for the role with; 0 = that of this process. */
	uint64_t generation_id;
	bool stood_by;                  /* what is read back next was written by another controller */
	char last_error[400];           /* why the last session ended; "" = never */
};

struct core_counts {
	uint64_t n_facts, n_patches, n_compiles, n_punts, n_punts_over_budget;
	uint64_t n_reloads, n_reload_failures;
	uint64_t n_switches_refused;    /* connections that were not let in */
	uint64_t n_errors_received;     /* OpenFlow errors */
	uint64_t n_malformed;           /* connections ended for bytes that make no sense */
};

/* A connection that was not let in; the last 64 different ones are kept. */
struct core_refused {
	char who[96];                   /* certificate name, or datapath id, or address */
	uint64_t dpid;
	char why[400];                  /* expected, came, what to do */
	uint64_t n;
	uint64_t last_wall_ms;
};

enum { CORE_PUNTS = 32 };               /* packet-ins that are looked at together */

struct core {
	struct net *net;                /* owned; replaced as a whole */
	struct view *view;
	struct core_switch **switches;  /* by slot; never null below n_switches */
	size_t n_switches;
	struct build *build;
	struct shapes *shapes;
	struct events *events;
	struct core_counts counts;
	struct core_refused refused[64];
	size_t n_refused;
	uint32_t *touched;              /* slots to look at when the tick ends */
	size_t n_touched;
	uint32_t n_compiled;            /* slot that compiling goes on with */
	uint64_t n_wants;               /* rows that apps have asked for so far */
	bool is_stale;                  /* perhaps some switch is */
	bool is_steering;               /* perhaps some switch is `steered` */
	bool is_later;                  /* rows_at_a_time were compiled for: the rest waits for core_go_on */
	bool is_planning;               /* inside core_plan: what is touched is looked at anyway */
	uint64_t start_ms;              /* now_ms at the first call */
	bool settled;                   /* the hold time for unconfirmed hosts is over */
	bool gateways_due;              /* what was chosen may not be the best any more */
	bool ways_due;                  /* likewise */
	uint64_t n_ticks;               /* seconds, once settled */
	uint32_t *ways_wait;            /* owned: slots that were told to leave ways, and have not said yet */
	size_t n_ways_wait;
	/* Memory that packet-ins in hand will read, not fetched yet. */
	const void *fetches[2 * CORE_PUNTS];
	size_t n_fetches;
	uint8_t sign_key[SIGN_KEY];     /* of this life: what it has not signed is not ours */
	uint64_t now_ms, now_us;        /* set by the owner before it calls in */
	uint64_t wall_ms;
	int64_t wall_ahead_ms;          /* of now_ms, a tick ago */
	bool wall_is_known;
	/* Rows changed, or work was put off: the owner calls core_plan soon. */
	void (*kick)(void *ctx);
	/* Compile for so many rows at a time, so that nobody waits for all of them; then `later` asks the owner
	 * to call core_go_on when it has listened to the switches meanwhile. 0 = all at once. */
	uint32_t rows_at_a_time;
	void (*later)(void *ctx);
	/* Frames to send to a switch. */
	void (*send)(void *ctx, uint32_t sw, const uint32_t *ofports, size_t n_ports,
		     const uint8_t *frame, size_t size);
	/* A frame for its tables, as if it had come in by that port. */
	void (*send_as_in)(void *ctx, uint32_t sw, uint32_t in_port, const uint8_t *frame, size_t size);
	/* A frame by a tunnel port to another switch. */
	void (*send_tunnel)(void *ctx, uint32_t sw, uint32_t ofport, const struct net_vtep_at *to,
			    const uint8_t *frame, size_t size);
	/* Computes `run` beside the loop, then calls `done` in it; null: both at once. */
	void (*work)(void *ctx, void (*run)(void *), void (*done)(void *), void *task);
	void *ctx;
	struct core_te *te;             /* never null; see core_te.h */
};

struct core *core_new(struct net *take, uint64_t now_ms);        /* takes the net */
void core_free(struct core *);

/* Swaps in a new file; nothing else changes until core_plan. Takes the net. */
void core_reload(struct core *, struct net *take);

/* The slot's switch has something to send when the tick ends. */
void core_touch(struct core *, uint32_t sw);

/* Who that is by the file in force: null and the switch's name, or why nobody. */
enum { CORE_NAME = sizeof ((struct view_switch *) 0)->name };
const char *core_identify(const struct core *, const char *cert_name, bool (*cert_is)(void *, const char *),
			  void *cert, uint64_t dpid, char ret_name[CORE_NAME]);

/* Who may connect: null and the slot, or why not. cert null = plain TCP, where
 * the datapath id alone decides. */
const char *core_admit(struct core *, const char *cert_name, bool (*cert_is)(void *, const char *),
		       void *cert, uint64_t dpid, uint32_t *ret_sw);
void core_refuse(struct core *, const char *who, uint64_t dpid, const char *why);

/* The life of a switch. attach: handshake done, ports known; read_done: all its
 * rows are in the ledger's have column -> facts are recovered, rows compiled. */
void core_attach(struct core *, uint32_t sw, struct session *, const struct msg_port *, size_t n_ports,
		 uint32_t max_meters);
void core_read_done(struct core *, uint32_t sw);
/* It has all rows that are wanted of it, for the first time since it came. */
void core_in_sync(struct core *, uint32_t sw);
/* Connected, with all rows that are wanted, and no others follow from a change of ways that is half done. */
bool core_is_in_sync(const struct core *, uint32_t sw);
/* Is it compiled for, so that its rows may be sent? False until then. */
bool core_may_send(const struct core *, uint32_t sw);
void core_detach(struct core *, uint32_t sw, const char *why);

void core_fact(struct core *, struct fact *);
void core_port_status(struct core *, uint32_t sw, enum msg_port_reason, const struct msg_port *);
/* Together, because then memory is read ahead for all of them. */
void core_punts(struct core *, uint32_t sw, const struct punt *, size_t n);      /* up to CORE_PUNTS */
/* True when another hand did it: drift. */
/* What some of its meters have counted. */
void core_metered(struct core *, uint32_t sw, const struct app_meter *, size_t n);
bool core_removed(struct core *, uint32_t sw, const struct removed *, const struct rule *);

/* The end of a tick: compile what is stale. */
void core_plan(struct core *);
/* The same, and on with what was put off. */
void core_go_on(struct core *);
/* Once a second: unconfirmed hosts, hold times, what apps send by the clock. */
void core_tick(struct core *);
/* Four times a second: probes of links. */
void core_soon(struct core *);

/* For people and tests: slot of a switch by name, or NET_NONE. */
uint32_t core_switch_by_name(const struct core *, const char *name);
/* What row this is: app name, object name and line of the file ("", 0 when unknown). */
struct core_origin { const char *app; const char *object; uint32_t line; };
struct core_origin core_origin(const struct core *, uint64_t cookie);

#endif
