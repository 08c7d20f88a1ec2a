/* SPDX-License-Identifier: Apache-2.0 */
/* app: one reason for rows, as a constant struct of pure functions.
 *
 * An app says what shall be, never what to send: it gets the scene and answers
 * with rules, facts and packets. It keeps no state. compile is the definition;
 * patch is a short cut for one fact that must give the same rows, and may
 * decline by returning false. Then compile runs for every switch concerned: the
 * fact's own one for PORT, PORT_GONE, PORT_SHUT and PORT_OPEN, all of them for the other kinds. A
 * switch that came up is compiled by every app, and so are all switches after a
 * new file; no app has to read those facts for it.
 * A packet-in goes to the owner of the table that punted. */
#ifndef APPS_APP_H
#define APPS_APP_H

#include "apps/pipeline.h"
#include "ofproto/build.h"
#include "ofproto/packet.h"
#include "ofproto/rule.h"
#include "topo/view.h"

struct shapes;
struct steer;

/* Everything an app may look at. */
struct scene {
	const struct net *net;
	const struct view *view;
	uint64_t now_ms;
	uint64_t now_us;                /* the same clock, finer */
	uint64_t wall_ms;               /* since 1970: what outlives a restart is told by it */
	/* What only this daemon can have written: 16 bytes of a keyed hash. */
	void (*sign)(const void *ctx, const uint8_t *bytes, size_t size, uint8_t ret_sign[16]);
	const void *sign_ctx;
};

/* Where rules go. */
struct out {
	struct build *build;
	struct shapes *shapes;          /* see apps/l2.c */
	uint8_t app;                    /* number of the app that is running: its cookies */
	void (*want)(void *ctx, uint32_t sw, uint8_t app, const struct rule *);
	void (*unwant)(void *ctx, uint32_t sw, uint8_t app, const struct rule *key);
	/* Of memory that will be read soon: where it is; the key of a row. */
	void (*fetch)(void *ctx, const void *at);
	void (*fetch_row)(void *ctx, uint32_t sw, const struct rule *key);
	void *ctx;
};
/* Ends the rule being built and wants it; a broken contract is our own fault
 * and aborts with the text of build_end(). */
void out_want(struct out *, uint32_t sw);
void out_unwant(struct out *, uint32_t sw);
uint64_t out_cookie(const struct out *, uint64_t object);

struct app_punt {
	uint32_t sw;
	uint64_t cookie;
	enum table table;
	uint32_t in_port;
	uint32_t network;               /* REG0 */
	uint32_t class;                 /* REG1 */
	const uint8_t *frame;
	size_t size;
};

/* What a meter of the switch has counted. */
struct app_meter {
	uint32_t id;
	uint64_t n_packets, n_dropped;
};

/* Answers of packet_in, recover, removed, greet, tick, soon: facts, and frames to send. */
struct reply {
	void (*fact)(void *ctx, struct fact *);
	void (*send)(void *ctx, uint32_t sw, const uint32_t *ofports, size_t n_ports,
		     const uint8_t *frame, size_t size);
	/* Not sent, but looked at by the switch as if it had come in by that port. */
	void (*send_as_in)(void *ctx, uint32_t sw, uint32_t in_port, const uint8_t *frame, size_t size);
	/* By the tunnel port `ofport` to that VTEP, with VNI 0. */
	void (*send_tunnel)(void *ctx, uint32_t sw, uint32_t ofport, const struct net_vtep_at *to,
			    const uint8_t *frame, size_t size);
	/* An event: a sentence about a switch. May be null. */
	void (*note)(void *ctx, const char *kind, const char *sw, const char *text);
	void *ctx;
};

/* One kind of row an app makes: the code takes table and priority from here,
 * the manual and `weft name` the words. No two kinds of an app share both. */
struct app_row {
	const char *name;               /* "reserved-group" */
	enum table table;
	uint16_t priority;
	const char *match;              /* for the manual */
	const char *does;               /* for the manual */
};

struct app {
	const char *name;
	const char *help;               /* one line for the manual */
	const struct app_row *rows;
	size_t n_rows;
	bool spans;                     /* a kind of row has all priorities from its own up to the next kind's */
	uint32_t tables;                /* bits of enum table: the tables it owns */
	uint64_t reads;                 /* bits of enum fact_kind that make it stale */
	/* All rows of this app on one switch. */
	void (*compile)(const struct scene *, uint32_t sw, struct out *);
	/* The rows that change by this fact (already applied), on any switch. */
	bool (*patch)(const struct scene *, const struct fact *, struct out *);
	/* The same for FACT_STEER, one switch at a time: the rows that differ from those that `before` made, with
	 * everything else as it was then. */
	bool (*resteer)(const struct scene *, uint32_t sw, const struct steer *before, struct out *);
	void (*packet_in)(const struct scene *, const struct app_punt *, struct reply *);
	/* Before a run of packet_ins, in turns 0 and 1 for all of them: says what they
	 * will look up, turn 1 with the help of what turn 0 fetched. Decides nothing
	 * and changes nothing. */
	void (*ahead)(const struct scene *, const struct app_punt *, unsigned turn, struct out *);
	/* A row read back from a switch: the fact it carries. Runs over all rows
	 * of the switch before anything is compiled for it. */
	void (*recover)(const struct scene *, uint32_t sw, const struct rule *,
			uint32_t duration_s, struct reply *);
	/* After a fact of these kinds: frames to send before the rows that it changes. */
	uint64_t greets;
	void (*greet)(const struct scene *, const struct fact *, struct reply *);
	/* Once a second for each connected switch; `second` counts them since it came. */
	void (*tick)(const struct scene *, uint32_t sw, uint64_t second, struct reply *);
	/* Four times a second, for all switches together. */
	void (*soon)(const struct scene *, struct reply *);
	/* What the switch's meters have counted: once a second, where a port has limits. */
	void (*metered)(const struct scene *, uint32_t sw, const struct app_meter *, size_t n, struct reply *);
	/* A row went by itself (idle timeout) or was deleted. True: it may well be an
	 * earlier one that we deleted, told late, and the row is there again. */
	bool (*removed)(const struct scene *, uint32_t sw, const struct rule *, bool idle, struct reply *);
};

/* In the order of the pipeline. The number of an app (its cookie byte) is
 * fixed in apps.c and never reused. */
struct app_entry { uint8_t number; const struct app *app; };
extern const struct app_entry apps[];
extern const size_t n_apps;
const struct app *app_by_number(uint8_t number);
const struct app *app_by_table(enum table);
/* What kind of row this is, or null: for people. */
const struct app_row *app_row_of(const struct rule *);
/* Begins a row of this kind; cookie_object as in net_object.id. */
void out_row(struct out *, const struct app_row *, uint64_t cookie_object);

/* Shapes of hot rows, one set per build; heap. */
struct shapes *shapes_new(struct build *);
void shapes_free(struct shapes *);

#endif
