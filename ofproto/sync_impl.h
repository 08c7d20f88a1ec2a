/* SPDX-License-Identifier: Apache-2.0 */
/* sync_impl: the inside of sync, shared by its three files: sync.c (states),
 * sync_send.c (rows out), sync_read.c (rows in). */
#ifndef OFPROTO_SYNC_IMPL_H
#define OFPROTO_SYNC_IMPL_H

#include "ofproto/sync.h"

enum {
	ANSWER_MS = 10000,
	/* Of one transaction. Open vSwitch does not read while more than 100 answers
	 * and FLOW_REMOVEDs of its own wait to be read; conn does not read while
	 * CONN_PAUSE_BYTES wait. One transaction must not start a deadlock of both. */
	SYNC_MAX_BYTES = 256 << 10,
	MAX_REFUSED_BUNDLES = 3,        /* one after another, then one transaction without */
	MAX_READ_ROWS = 1 << 20,        /* of one reading: a peer must not fill our memory */
};

/* The transaction in flight; barrier_xid 0 = none. */
struct flight {
	uint32_t first_xid, barrier_xid;        /* all its messages are in between */
	uint32_t bundle, open_xid, commit_xid;
	uint32_t n_rows, n_refused;
	size_t n_bytes;
	bool has_bundle;
	bool open_failed, committed, commit_failed;
	uint64_t began, deadline;       /* ms */
};

/* One multipart request of a reading. */
struct ask {
	uint16_t type;                  /* MULTIPART_* */
	uint32_t xid;
	bool open;                      /* more is to come */
};

struct reading {
	struct ask asks[3];
	unsigned n_open;                /* 0 = no reading */
	int table;                      /* as of ledger_read_begin() */
	uint32_t n_rows;
	uint64_t began, deadline;       /* ms */
};

struct sync {
	struct ledger *ledger;          /* borrowed */
	const struct sync_ops *ops;
	void *ctx;
	enum sync_state state;          /* OFF, READING, HELD, REST; the others follow */
	struct flight flight;
	struct reading reading;
	int audit_table;                /* the last one */
	bool used[LEDGER_TABLES];       /* worth an audit: has or had rows; groups and meters if it has any */
	uint32_t next_xid, next_bundle;
	bool is_ready;                  /* ops->ready was called */
	bool without_bundles;           /* the switch does not have them */
	bool next_without_bundle;
	unsigned n_refused_bundles;     /* one after another */
	struct sync_counts counts;
};

/* Nothing is done with s after this but sync_stop and sync_free. */
void sync_fail(struct sync *, const char *why);
/* A row of the flight that cannot be sent as it is. */
void sync_refuse_unsent(struct sync *, struct row *);

static inline uint32_t sync_xid(struct sync *s) { return s->next_xid++; }
/* Before a run of messages: its xids do not go round in the middle. */
static inline void sync_xid_begin(struct sync *s)
{
	if (s->next_xid > UINT32_MAX - 4 * SYNC_MAX_ROWS || s->next_xid < SYNC_XID_FIRST)
		s->next_xid = SYNC_XID_FIRST;
}

/* --- sync_send.c: there are dirty rows and nothing is in flight ------------------- */
void send_transaction(struct sync *, uint64_t now_ms);

/* --- sync_read.c ------------------------------------------------------------------- */
void read_start(struct sync *, int table, uint64_t now_ms);
bool read_reply(struct sync *, const uint8_t *m, size_t size, uint64_t now_ms);
/* True when the error was for a request of the reading. */
bool read_error(struct sync *, const uint8_t *m, size_t size, uint16_t type, uint64_t now_ms);

#endif
