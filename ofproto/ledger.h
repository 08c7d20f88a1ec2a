/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: the rows of one switch in three columns.
 *
 *     want   what shall be there            written by the apps, through core
 *     sent   what is on its way             written by sync
 *     have   what is known to be there      written by sync, from what it read
 *
 * Rows whose columns differ stand on the dirty list of their phase, so work
 * follows the change and not the size. Columns are digests (rule_digest); 0 =
 * not there. Only `want` keeps the whole message. Pure data: no clock, no
 * socket. One owner, no threads.
 *
 * A row of a foreign cookie that sits on a key we want is never overwritten:
 * our row is then FOREIGN and shown as a problem. */
#ifndef OFPROTO_LEDGER_H
#define OFPROTO_LEDGER_H

#include "ofproto/rule.h"

/* The order inside one transaction: make before break. */
enum phase {
	PHASE_METER_ADD, PHASE_GROUP_ADD, PHASE_FLOW_ADD,
	PHASE_FLOW_DEL, PHASE_GROUP_DEL, PHASE_METER_DEL,
	N_PHASES
};

struct row_link { struct row_link *prev, *next; };
struct body;

/* A network has more of these than of anything else: every byte is zeroed, read and
 * kept a million times. The message, as wanted, else as it was read, follows, or only
 * its match: see row_rule(). */
struct row {
	struct row_link link;           /* dirty list of its phase, or in flight, or itself */
	struct row_link place;          /* all rows of its table, see LEDGER_GROUPS */
	uint64_t want, sent, have;      /* digests, 0 = none */
	uint64_t n_packets, n_bytes;    /* as last read */
	struct body *body;              /* the rest of the message, shared; null = all of it follows */
	uint16_t size;                  /* bytes of the message */
	uint8_t kind;                   /* enum rule_kind */
	uint8_t app;                    /* who wants it (wanted it last); as read: of the cookie */
	uint8_t phase;                  /* while dirty: enum phase */
	uint8_t units;                  /* memory of the row: see ledger_store.c */
	bool refused : 1;               /* the switch refused this want: quarantined until it changes */
	bool outgrown : 1;              /* the message is not in the row's piece of memory */
	bool dirty : 1;                 /* on a dirty list */
	bool in_flight : 1;             /* on the flight list */
	bool plain : 1;                 /* see rule.plain */
	bool foreign : 1;               /* a foreign row sits on this key */
	bool counted_refused : 1;       /* in ledger_counts.n_refused */
	bool counted_foreign : 1;       /* in ledger_counts.n_foreign */
	bool counted_alien : 1;         /* in ledger_counts.n_alien */
	bool shutting : 1;              /* in flight: what was sent is the row shut, see ledger_refuse() */
	bool unshuttable : 1;           /* that was refused too */
	uint32_t ref;                   /* where the row is: see ledger_store.c */
	uint32_t mark;                  /* the ledger_mark() since which it is wanted */
	uint32_t seen;                  /* the read pass that saw it last */
	uint32_t moved;                 /* the read pass before which it was last in flight */
	uint32_t xid;                   /* of the message in flight */
	uint32_t error;                 /* OpenFlow error of the refusal: type << 16 | code */
	uint32_t duration;              /* seconds on the switch, as last read */
	uint32_t hit;                   /* its duration when its packets were last seen to have grown, 0 = never */
};

/* Rows are kept by OpenFlow table; groups and meters count as two more. */
enum { LEDGER_GROUPS = 256, LEDGER_METERS = 257, LEDGER_TABLES = 258, LEDGER_ALL = -1 };

struct ledger;

struct ledger *ledger_new(void);
void ledger_free(struct ledger *);

/* --- want ---------------------------------------------------------------------- */
void ledger_want(struct ledger *, uint8_t app, const struct rule *);
void ledger_unwant(struct ledger *, const struct rule *key);
/* A full compile of one app: mark, want every row, sweep. Rows of the app that
 * were not wanted in between are wanted no more. */
void ledger_mark(struct ledger *, uint8_t app);
void ledger_sweep(struct ledger *, uint8_t app);

/* --- what differs ---------------------------------------------------------------- */
size_t ledger_n_dirty(const struct ledger *);
bool ledger_all_plain(const struct ledger *);    /* every dirty row may travel plain */
struct row *ledger_next(const struct ledger *, enum phase);     /* first dirty row, or null */

/* --- sent ------------------------------------------------------------------------ */
/* The message that brings a dirty row from have to want, into buf of
 * ledger_message_size() bytes (never more than row->size); returns that size.
 * ADD for a new or changed flow, because MODIFY keeps old cookies and timeouts;
 * MODIFY for a changed group or meter, because deleting one deletes the flows
 * that use it; DELETE_STRICT with our cookie mask. */
size_t ledger_message(const struct row *, uint8_t *buf, uint32_t xid);
size_t ledger_message_size(const struct row *);
/* That message left with this xid: the row goes from dirty to in flight. */
void ledger_sent(struct ledger *, struct row *, uint32_t xid);
size_t ledger_n_in_flight(const struct ledger *);
/* The row in flight with this xid, or null. Cheap when errors come in the order
 * of sending, and for xids outside of those in flight. */
struct row *ledger_in_flight(const struct ledger *, uint32_t xid);
/* The transaction was done: have := sent for all in flight. */
void ledger_commit(struct ledger *);
/* It was not: in flight rows are dirty again. */
void ledger_abort(struct ledger *);
/* The switch refused this row: quarantined until its want changes. Call
 * before commit or abort. A refused deletion counts as done. A flow whose
 * change was refused does not stay what it was, for its neighbours have moved
 * on and half of a new way with half of an old one may be a circle: it is shut,
 * that is, sent again without its instructions (drop), or, when that is refused
 * too, deleted. */
void ledger_refuse(struct ledger *, struct row *, uint32_t error);

/* --- have ------------------------------------------------------------------------ */
/* The session is gone: nothing is known, everything in flight is undone. */
void ledger_forget(struct ledger *);
/* Read back: begin, every row of the switch (foreign ones too), end. An audit
 * of one table passes its number (or LEDGER_GROUPS, LEDGER_METERS), a whole
 * one LEDGER_ALL. Rows that were in flight at any time since `begin` are left
 * out of the judgement. A row of ours that nobody wants is dirty at once, for
 * deletion: who reads before compiling must not send in between. The drift is
 * against what was known (have): rows of ours that were missing, differed, or
 * were there unasked for. */
struct ledger_drift { uint32_t missing, changed, extra; };
void ledger_read_begin(struct ledger *, int table);
void ledger_read_row(struct ledger *, const struct rule *,
		     uint64_t n_packets, uint64_t n_bytes, uint32_t duration);
struct ledger_drift ledger_read_end(struct ledger *);
/* FLOW_REMOVED, with the cookie in the key. False when the row is not there, or
 * is in flight again (then the news is older than what was sent and means
 * nothing). A row that is still wanted is dirty after this. */
bool ledger_gone(struct ledger *, const struct rule *key);

/* --- look -------------------------------------------------------------------------- */
const struct row *ledger_find(const struct ledger *, const struct rule *key);
/* Where in memory a look-up of the key begins, for who fetches it ahead. */
const void *ledger_place(const struct ledger *, const struct rule *key);
/* By table and then in the order of arrival. Includes foreign rows (want and
 * have are 0) and rows on their way out. Not while the ledger changes. */
struct ledger_iter { size_t table; struct row *row; };
const struct row *ledger_first(const struct ledger *, struct ledger_iter *);
const struct row *ledger_after(const struct ledger *, struct ledger_iter *);
/* The rule of a row borrows the row, and the room when the message is put together there. */
struct row_room { uint8_t msg[256] __attribute__((aligned(8))); };
void row_rule(const struct row *, struct row_room *, struct rule *ret_rule);
/* Nothing in flight, and want = have for every row that is not quarantined or
 * foreign, and every quarantined flow is shut or not there. */
bool ledger_at_rest(const struct ledger *);
/* Rows of one table, foreign ones too: is an audit of it worth while? */
size_t ledger_table_rows(const struct ledger *, unsigned table);
struct ledger_counts {
	size_t n_rows, n_flows, n_groups, n_meters;     /* have */
	size_t n_refused, n_foreign;                    /* not programmed, and why */
	size_t n_alien;                                 /* flows of others, in nobody's place */
	uint64_t n_sent;                                /* messages ever */
};
void ledger_count(const struct ledger *, struct ledger_counts *);
size_t ledger_n_wanted(const struct ledger *, uint8_t app);     /* rows that it wants */
size_t ledger_memory(const struct ledger *);     /* bytes */

#endif
