/* SPDX-License-Identifier: Apache-2.0 */
/* sync: the state machine around one ledger: when a transaction may start, what
 * answers mean for it, and time. Sending rows is in sync_send.c, reading them
 * back in sync_read.c.
 *
 * A transaction is a run of messages that ends with a barrier. Nothing is
 * concluded before the barrier reply: until then commit replies and errors only
 * leave marks, so their order does not matter. Then the rows in flight are done
 * (bundle committed, or sent without a bundle) or dirty again (bundle refused).
 * A row named by an error left the flight when the error came.
 *
 * A refused bundle names one bad row at a time. When several bundles in a row
 * are refused, or one without naming a row, the next transaction goes without a
 * bundle: each bad row is named then, and there is always progress. */
#include "ofproto/sync_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/mem.h"
#include "ofproto/wire.h"

const char *sync_state_name(enum sync_state state)
{
	switch (state) {
	case SYNC_OFF: return "off";
	case SYNC_READING: return "reading";
	case SYNC_HELD: return "held";
	case SYNC_REST: return "rest";
	case SYNC_FLIGHT: return "flight";
	case SYNC_AUDITING: return "auditing";
	}
	return "?";
}

enum sync_state sync_state(const struct sync *s)
{
	if (s->state == SYNC_REST && s->flight.barrier_xid)
		return SYNC_FLIGHT;
	if (s->state == SYNC_REST && s->reading.n_open)
		return SYNC_AUDITING;
	return s->state;
}

struct sync *sync_new(struct ledger *ledger, const struct sync_ops *ops, void *ctx)
{
	struct sync *s = mem_zalloc(sizeof *s);

	s->ledger = ledger;
	s->ops = ops;
	s->ctx = ctx;
	s->next_xid = SYNC_XID_FIRST;
	return s;
}

void sync_free(struct sync *s) { free(s); }

void sync_count(const struct sync *s, struct sync_counts *ret) { *ret = s->counts; }

void sync_fail(struct sync *s, const char *why)
{
	s->state = SYNC_OFF;
	s->flight = (struct flight) { 0 };
	s->reading.n_open = 0;
	s->ops->failed(s->ctx, why);
}

void sync_start(struct sync *s, uint64_t now_ms)
{
	s->state = SYNC_READING;
	s->is_ready = s->without_bundles = s->next_without_bundle = false;
	s->n_refused_bundles = 0;
	s->audit_table = LEDGER_ALL;
	memset(s->used, 0, sizeof s->used);
	s->used[LEDGER_GROUPS] = s->used[LEDGER_METERS] = true;
	s->flight = (struct flight) { 0 };
	read_start(s, LEDGER_ALL, now_ms);
}

void sync_release(struct sync *s, uint64_t now_ms)
{
	(void) now_ms;
	if (s->state == SYNC_HELD)
		s->state = SYNC_REST;
}

void sync_stop(struct sync *s)
{
	s->state = SYNC_OFF;
	s->flight = (struct flight) { 0 };
	s->reading.n_open = 0;
	ledger_forget(s->ledger);
}

void sync_run(struct sync *s, uint64_t now_ms)
{
	if (s->state != SYNC_REST || s->flight.barrier_xid)
		return;
	if (ledger_n_dirty(s->ledger)) {
		sync_round(s);          /* what it fills is audited, though it be empty again before the next audit */
		send_transaction(s, now_ms);
	} else if (!s->is_ready) {
		s->is_ready = true;
		s->ops->ready(s->ctx);
	}
}

unsigned sync_round(struct sync *s)
{
	unsigned n = 0;
	for (unsigned t = 0; t < LEDGER_TABLES; t++) {
		s->used[t] |= t < LEDGER_GROUPS && ledger_table_rows(s->ledger, t) != 0;
		n += s->used[t];
	}
	return n;
}

void sync_audit(struct sync *s, uint64_t now_ms)
{
	if (s->state != SYNC_REST || s->flight.barrier_xid || s->reading.n_open || !sync_round(s))
		return;
	for (int i = 0; i < LEDGER_TABLES; i++) {
		s->audit_table = (s->audit_table + 1) % LEDGER_TABLES;
		if (s->used[s->audit_table]) {
			s->counts.n_audits++;
			read_start(s, s->audit_table, now_ms);
			return;
		}
	}
}

void sync_tick(struct sync *s, uint64_t now_ms)
{
	if (s->reading.n_open && now_ms >= s->reading.deadline)
		sync_fail(s, "did not answer a request for its rows within 10 s");
	else if (s->flight.barrier_xid && now_ms >= s->flight.deadline)
		sync_fail(s, "did not answer a barrier within 10 s");
}

/* --- the end of a transaction ------------------------------------------------------ */

/* FLIGHT ends here (-> REST), by a time-out or by nonsense (-> OFF). */
static void end_flight(struct sync *s, uint64_t now_ms)
{
	struct flight f = s->flight;

	if (f.has_bundle && !f.committed && !f.open_failed && !f.commit_failed) {
		sync_fail(s, "answered a barrier before the commit of a bundle");
		return;
	}
	s->flight = (struct flight) { 0 };
	s->counts.last_transaction_ms = (uint32_t) (now_ms - f.began);
	s->next_without_bundle = false;
	if (!f.has_bundle || f.committed) {
		s->n_refused_bundles = 0;
		ledger_commit(s->ledger);
		return;
	}
	ledger_abort(s->ledger);
	if (f.open_failed) {
		s->without_bundles = true;
		return;
	}
	s->n_refused_bundles++;
	s->next_without_bundle = !f.n_refused || s->n_refused_bundles >= MAX_REFUSED_BUNDLES;
}

static bool take_barrier(struct sync *s, const uint8_t *m, uint64_t now_ms)
{
	uint32_t xid = msg_xid(m);

	if (!s->flight.barrier_xid || xid - s->flight.first_xid > s->flight.barrier_xid - s->flight.first_xid)
		return false;
	if (xid == s->flight.barrier_xid)
		end_flight(s, now_ms);
	return true;
}

/* Replies to open and commit. OPEN_REPLY needs no mark: only its error counts. */
static bool take_bundle(struct sync *s, const uint8_t *m, size_t size)
{
	enum msg_bundle_ctrl ctrl;
	uint32_t bundle;

	if (!msg_bundle_ctrl(m, size, &bundle, &ctrl) || !s->flight.has_bundle
	    || bundle != s->flight.bundle)
		return false;
	if (ctrl == BUNDLE_COMMIT_REPLY && msg_xid(m) == s->flight.commit_xid) {
		s->flight.committed = true;
		return true;
	}
	return ctrl == BUNDLE_OPEN_REPLY && msg_xid(m) == s->flight.open_xid;
}

/* The row is told of while it still is as it was sent; the owner does not
 * change the ledger from inside. */
static void refuse(struct sync *s, struct row *row, uint32_t error, const char *name)
{
	s->counts.n_refused++;
	s->flight.n_refused++;
	s->ops->refused(s->ctx, row, name);
	ledger_refuse(s->ledger, row, error);
}

void sync_refuse_unsent(struct sync *s, struct row *row)
{
	refuse(s, row, ERROR_BAD_REQUEST << 16 | BAD_REQUEST_BAD_LEN, "too long for a bundle");
}

static void take_flight_error(struct sync *s, const uint8_t *m, size_t size, uint32_t error)
{
	struct flight *f = &s->flight;
	uint32_t xid = msg_xid(m);
	struct row *row;
	char why[160];

	if (xid == f->barrier_xid) {
		snprintf(why, sizeof why, "refuses a barrier: %s", msg_error_name_of(m, size));
		sync_fail(s, why);
	} else if (f->has_bundle && xid == f->open_xid) {
		f->open_failed = true;
	} else if (f->has_bundle && xid == f->commit_xid) {
		f->commit_failed = true;
	} else if (!f->open_failed) {
		/* Without an open bundle, errors of its messages say nothing of the rows. */
		row = ledger_in_flight(s->ledger, xid);
		if (row)
			refuse(s, row, error, msg_error_name_of(m, size));
	}
}

static bool take_error(struct sync *s, const uint8_t *m, size_t size, uint64_t now_ms)
{
	uint16_t type, code;
	const uint8_t *data;
	size_t data_size;

	if (!msg_error(m, size, &type, &code, &data, &data_size)) {
		sync_fail(s, "malformed ERROR");
		return true;
	}
	if (msg_xid(m) < SYNC_XID_FIRST)
		return false;
	if (type == ERROR_BAD_REQUEST && code == BAD_REQUEST_IS_SECONDARY)
		sync_fail(s, "another controller has become its primary");
	else if (!read_error(s, m, size, type, now_ms) && s->flight.barrier_xid)
		take_flight_error(s, m, size, (uint32_t) type << 16 | code);
	return true;
}

bool sync_message(struct sync *s, const uint8_t *m, size_t size, uint64_t now_ms)
{
	if (s->state == SYNC_OFF)
		return true;
	switch (msg_type(m)) {
	case MSG_ERROR:
		return take_error(s, m, size, now_ms);
	case MSG_BARRIER_REPLY:
		return take_barrier(s, m, now_ms);
	case MSG_EXPERIMENTER:
		return take_bundle(s, m, size);
	case MSG_MULTIPART_REPLY:
		return read_reply(s, m, size, now_ms);
	default:
		return false;
	}
}
