/* SPDX-License-Identifier: Apache-2.0 */
/* sync: brings what a switch has to what its ledger wants.
 *
 *   OFF -> READING -> HELD -> REST <-> FLIGHT
 *                              |  ^
 *                              v  |
 *                            AUDITING
 *
 * READING reads flows, groups and meters back. HELD waits until the owner has
 * compiled with what was read (sync_release). At REST a dirty ledger starts a
 * transaction: new meters; one ordered atomic bundle of groups and flows (at
 * most SYNC_MAX_ROWS); commit; barrier; then old meters. When all dirty rows
 * are plain, flow-mods and a barrier do. One transaction is in flight; what
 * changes meanwhile waits on the dirty lists. An error names its row by xid:
 * the row is quarantined, the others go again. A switch without bundles gets
 * the same sections with barriers between. Pure state machine like hello. */
#ifndef OFPROTO_SYNC_H
#define OFPROTO_SYNC_H

#include "ofproto/ledger.h"
#include "ofproto/msg.h"

enum { SYNC_MAX_ROWS = 4096 };
/* xids of sync start here; those below belong to the session and its hello. */
#define SYNC_XID_FIRST 0x10000000u

enum sync_state { SYNC_OFF, SYNC_READING, SYNC_HELD, SYNC_REST, SYNC_FLIGHT, SYNC_AUDITING };
const char *sync_state_name(enum sync_state);

struct sync_ops {
	/* Room in the output queue for size bytes, all of them used; filled in before
	 * the next call. */
	uint8_t *(*put)(void *ctx, size_t size);
	/* The switch has been read back; state is HELD. */
	void (*read_done)(void *ctx);
	/* Want equals have, for the first time since sync_start. */
	void (*ready)(void *ctx);
	/* The switch refused a row; it is quarantined when this returns. The ledger
	 * must not be changed from inside. name = OpenFlow error name. */
	void (*refused)(void *ctx, const struct row *, const char *error_name);
	/* An audit found rows that were not as they should be; they are dirty now.
	 * table may be LEDGER_GROUPS or LEDGER_METERS. */
	void (*drift)(void *ctx, int table, struct ledger_drift);
	/* The connection shall be closed with this reason (malformed, no answer):
	 * a sentence without subject, valid during the call. State is OFF. */
	void (*failed)(void *ctx, const char *why);
};

struct sync;
struct sync *sync_new(struct ledger *, const struct sync_ops *, void *ctx);
void sync_free(struct sync *);
void sync_start(struct sync *, uint64_t now_ms);         /* connected: read back */
void sync_release(struct sync *, uint64_t now_ms);       /* HELD -> REST */
void sync_stop(struct sync *);                           /* disconnected: ledger_forget */
/* A message with an xid of ours or an error; false when it is not for sync. */
bool sync_message(struct sync *, const uint8_t *msg, size_t size, uint64_t now_ms);
/* Start a transaction if one is due. Call once at the end of a tick. */
void sync_run(struct sync *, uint64_t now_ms);
/* How many audits see everything: of tables in which the ledger has or had rows,
 * of groups, of meters. */
unsigned sync_round(struct sync *);
/* Start an audit of the next one of these if at rest. Transactions may start meanwhile. */
void sync_audit(struct sync *, uint64_t now_ms);
void sync_tick(struct sync *, uint64_t now_ms);          /* time-outs: 10 s for an answer */
enum sync_state sync_state(const struct sync *);

struct sync_counts {
	uint64_t n_transactions, n_bundles, n_flow_mods, n_group_mods, n_meter_mods;
	uint64_t n_refused, n_repaired, n_audits;
	uint32_t last_transaction_ms, last_read_ms;
};
void sync_count(const struct sync *, struct sync_counts *);

#endif
