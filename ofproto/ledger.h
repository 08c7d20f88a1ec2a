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

struct row {
	struct row_link link;           /* dirty list of its phase, or in flight, or itself */
	struct row *next;               /* hash chain */
	uint32_t key_hash;
	uint8_t kind;                   /* enum rule_kind */
	uint8_t app;                    /* who wants it (wanted it last) */
	uint8_t phase;                  /* while dirty: enum phase */
	bool dirty : 1;                 /* on a dirty list */
	bool in_flight : 1;             /* on the flight list */
	bool marked : 1;                /* wanted since ledger_mark() */
	bool plain : 1;                 /* see rule.plain */
	bool foreign : 1;               /* a foreign row sits on this key */
	bool seen : 1;                  /* since ledger_read_begin() */
	uint64_t want, sent, have;      /* digests, 0 = none */
	uint64_t refused;               /* want that the switch refused: quarantined while equal */
	uint32_t error;                 /* OpenFlow error of the refusal: type << 16 | code */
	uint32_t xid;                   /* of the message in flight */
	uint64_t sent_seq;              /* ledger's count when it was last sent, for the audit */
	uint64_t n_packets, n_bytes;    /* as last read */
	uint32_t duration;              /* seconds on the switch, as last read */
	uint16_t size;
	uint8_t *msg;                   /* owned: the wanted message, else as it was read */
};

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
/* The row's message left with this xid: it goes from dirty to in flight. The
 * message to send: ledger_message() into buf of at least row->size bytes (64
 * for a deletion), returns its size. ADD for a new or changed flow, because
 * MODIFY keeps old cookies and timeouts; DELETE_STRICT with our cookie mask. */
size_t ledger_message(const struct row *, uint8_t *buf, uint32_t xid);
size_t ledger_message_size(const struct row *);
void ledger_sent(struct ledger *, struct row *, uint32_t xid);
size_t ledger_n_in_flight(const struct ledger *);
struct row *ledger_in_flight(const struct ledger *, uint32_t xid);      /* or null */
/* The transaction was done: have := sent for all in flight. */
void ledger_commit(struct ledger *);
/* It was not: in flight rows are dirty again. */
void ledger_abort(struct ledger *);
/* The switch refused this row: quarantined until its want changes. Call
 * before commit or abort. A refused deletion counts as done. */
void ledger_refuse(struct ledger *, struct row *, uint32_t error);

/* --- have ------------------------------------------------------------------------ */
/* The session is gone: nothing is known, everything in flight is undone. */
void ledger_forget(struct ledger *);
/* Read back: begin, every row of the switch (foreign ones too), end. As an
 * audit of one table pass its number, as a whole pass -1 (flows of all tables,
 * groups, meters). Rows sent after `begin` are left out of the judgement.
 * ret_*: how many of ours were missing, differed, or were there unasked for. */
struct ledger_drift { uint32_t missing, changed, extra; };
void ledger_read_begin(struct ledger *, int table);
void ledger_read_row(struct ledger *, const struct rule *,
		     uint64_t n_packets, uint64_t n_bytes, uint32_t duration);
struct ledger_drift ledger_read_end(struct ledger *);
/* FLOW_REMOVED. False when the row is not there, or is in flight again (then
 * the news is older than what was sent and means nothing). */
bool ledger_gone(struct ledger *, const struct rule *key);

/* --- look -------------------------------------------------------------------------- */
const struct row *ledger_find(const struct ledger *, const struct rule *key);
struct ledger_iter { size_t bucket; struct row *row; };
const struct row *ledger_first(const struct ledger *, struct ledger_iter *);
const struct row *ledger_after(const struct ledger *, struct ledger_iter *);
void row_rule(const struct row *, struct rule *ret_rule);       /* borrows the row */
/* want = have for every row that is not quarantined or foreign. */
bool ledger_at_rest(const struct ledger *);
struct ledger_counts {
	size_t n_rows, n_flows, n_groups, n_meters;     /* have */
	size_t n_refused, n_foreign;                    /* not programmed, and why */
	uint64_t n_sent;                                /* messages ever */
};
void ledger_count(const struct ledger *, struct ledger_counts *);
size_t ledger_memory(const struct ledger *);     /* bytes */

#endif
