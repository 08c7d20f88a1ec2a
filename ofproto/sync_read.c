/* SPDX-License-Identifier: Apache-2.0 */
/* sync_read: what the switch has, into the ledger: all of it after connecting,
 * one table at a time as an audit. Replies come in pieces; each piece is read
 * when it arrives and none is kept. Transactions may run during an audit: the
 * ledger leaves out of its judgement what moves meanwhile. */
#include "ofproto/sync_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/mem.h"
#include "ofproto/readback.h"

static void ask(struct sync *s, uint16_t type)
{
	struct ask *a = &s->reading.asks[s->reading.n_open++];

	*a = (struct ask) { .type = type, .xid = sync_xid(s), .open = true };
	switch (type) {
	case MULTIPART_FLOW:
		msg_put_flow_dump(s->ops->put(s->ctx, 56), a->xid, s->reading.table);
		break;
	case MULTIPART_METER_CONFIG:
		msg_put_meter_config(s->ops->put(s->ctx, 24), a->xid);
		break;
	default:
		msg_put_multipart(s->ops->put(s->ctx, MSG_MULTIPART), a->xid, type);
		break;
	}
}

/* READING begins, or an audit. Ends with the last piece of the last reply (->
 * HELD, or the drift is told), with an error, a time-out or nonsense (-> OFF). */
void read_start(struct sync *s, int table, uint64_t now_ms)
{
	sync_xid_begin(s);
	s->reading = (struct reading) {
		.table = table, .began = now_ms, .deadline = now_ms + ANSWER_MS,
	};
	if (table == LEDGER_ALL || table < LEDGER_GROUPS)
		ask(s, MULTIPART_FLOW);
	if (table == LEDGER_ALL || table == LEDGER_GROUPS)
		ask(s, MULTIPART_GROUP_DESC);
	if (table == LEDGER_ALL || table == LEDGER_METERS)
		ask(s, MULTIPART_METER_CONFIG);
	ledger_read_begin(s->ledger, table);
}

static void read_finish(struct sync *s, uint64_t now_ms)
{
	struct ledger_drift drift = ledger_read_end(s->ledger);

	if (s->state == SYNC_READING) {
		s->counts.last_read_ms = (uint32_t) (now_ms - s->reading.began);
		s->state = SYNC_HELD;
		s->ops->read_done(s->ctx);
	} else if (drift.missing || drift.changed || drift.extra) {
		s->counts.n_repaired += (uint64_t) drift.missing + drift.changed + drift.extra;
		s->ops->drift(s->ctx, s->reading.table, drift);
	}
}

static void end_ask(struct sync *s, struct ask *a, uint64_t now_ms)
{
	a->open = false;
	if (!--s->reading.n_open)
		read_finish(s, now_ms);
}

static struct ask *find_ask(struct sync *s, uint32_t xid)
{
	for (size_t i = 0; i < sizeof s->reading.asks / sizeof *s->reading.asks; i++)
		if (s->reading.n_open && s->reading.asks[i].open && s->reading.asks[i].xid == xid)
			return &s->reading.asks[i];
	return NULL;
}

static void take_row(void *ctx, const struct rule *rule, uint64_t n_packets, uint64_t n_bytes,
		     uint32_t duration)
{
	struct sync *s = ctx;

	/* A flow of another table in an audit of one would be counted as extra. */
	if (rule->kind == RULE_FLOW && s->reading.table >= 0 && rule_table(rule) != s->reading.table)
		return;
	if (s->reading.n_rows++ < MAX_READ_ROWS)
		ledger_read_row(s->ledger, rule, n_packets, n_bytes, duration);
}

/* readback wants alignment, which the input buffer of conn does not promise. */
static const char *decode(struct sync *s, const uint8_t *m, size_t size)
{
	const char *error;
	uint8_t *copy;

	if (!((uintptr_t) m % 8))
		return readback_decode(m, size, take_row, s);
	copy = mem_alloc(size);
	memcpy(copy, m, size);
	error = readback_decode(copy, size, take_row, s);
	free(copy);
	return error;
}

bool read_reply(struct sync *s, const uint8_t *m, size_t size, uint64_t now_ms)
{
	struct ask *a = find_ask(s, msg_xid(m));
	const char *error;
	char why[160];
	uint16_t type;
	bool more;

	if (!a)
		return false;
	if (!msg_multipart(m, size, &type, &more) || type != a->type)
		error = "another type than was asked for";
	else
		error = decode(s, m, size);
	if (error) {
		snprintf(why, sizeof why, "malformed multipart reply: %s", error);
		sync_fail(s, why);
		return true;
	}
	if (s->reading.n_rows > MAX_READ_ROWS) {
		sync_fail(s, "has more rows than can be read back (1048576)");
		return true;
	}
	s->reading.deadline = now_ms + ANSWER_MS;
	if (!more)
		end_ask(s, a, now_ms);
	return true;
}

/* A switch without groups or meters says so by an error: it has none. */
bool read_error(struct sync *s, const uint8_t *m, size_t size, uint16_t type, uint64_t now_ms)
{
	struct ask *a = find_ask(s, msg_xid(m));
	char why[160];

	if (!a)
		return false;
	if (a->type != MULTIPART_FLOW && (type == ERROR_BAD_REQUEST || type == ERROR_METER_MOD_FAILED)) {
		s->used[a->type == MULTIPART_GROUP_DESC ? LEDGER_GROUPS : LEDGER_METERS] = false;
		end_ask(s, a, now_ms);
		return true;
	}
	snprintf(why, sizeof why, "cannot be read back: %s", msg_error_name_of(m, size));
	sync_fail(s, why);
	return true;
}
