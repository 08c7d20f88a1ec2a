/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of a switch: OFPMP_FLOW of one table, and OFPMP_PORT_STATS (section
 * 7.3.5.6), of which packets, bytes and drops matter here. */
#include "ofproto/poll.h"

#include <stdlib.h>
#include <string.h>

#include "ofproto/mem.h"
#include "ofproto/msg.h"
#include "ofproto/readback.h"
#include "ofproto/wire.h"

enum {
	ANSWER_MS = 10000,
	MAX_ENTRIES = 1 << 20,          /* of one answer: a peer must not cost us more */
	PORT_STATS = 112, PORT_RX_PACKETS = 8, PORT_TX_PACKETS = 16, PORT_RX_BYTES = 24, PORT_TX_BYTES = 32,
	PORT_RX_DROPPED = 40, PORT_TX_DROPPED = 48, PORT_DURATION = 104,
};

struct poll {
	const struct poll_ops *ops;
	void *ctx;
	int tables[POLL_MAX_ASKS];
	size_t n, at;                   /* of this round; at == n: none is under way */
	uint32_t xid;                   /* of the request that is out */
	bool begun;                     /* its answer has */
	uint32_t n_entries;
	uint64_t deadline;              /* ms */
	struct poll_counts counts;
};

struct poll *poll_new(const struct poll_ops *ops, void *ctx)
{
	struct poll *p = mem_zalloc(sizeof *p);

	p->ops = ops;
	p->ctx = ctx;
	p->xid = POLL_XID_FIRST;
	return p;
}

void poll_free(struct poll *p) { free(p); }

bool poll_is_busy(const struct poll *p) { return p->at < p->n; }

void poll_count(const struct poll *p, struct poll_counts *ret) { *ret = p->counts; }

static void ask(struct poll *p, uint64_t now_ms)
{
	int table = p->tables[p->at];

	p->xid = p->xid == POLL_XID_LAST ? POLL_XID_FIRST : p->xid + 1;
	p->begun = false;
	p->n_entries = 0;
	p->deadline = now_ms + ANSWER_MS;
	p->counts.n_asked++;
	if (table == POLL_PORTS)
		msg_put_port_stats(p->ops->put(p->ctx, MSG_PORT_STATS_REQUEST), p->xid);
	else
		msg_put_flow_dump(p->ops->put(p->ctx, 56), p->xid, table);
}

bool poll_start(struct poll *p, const int *tables, size_t n, uint64_t now_ms)
{
	if (poll_is_busy(p) || n > POLL_MAX_ASKS)
		return false;
	memcpy(p->tables, tables, n * sizeof *tables);
	p->n = n;
	p->at = 0;
	if (n)
		ask(p, now_ms);
	return true;
}

static void stop(struct poll *p) { p->at = p->n; }

static void take_row(void *ctx, const struct rule *rule, uint64_t n_packets, uint64_t n_bytes, uint32_t duration)
{
	struct poll *p = ctx;

	(void) n_packets;
	if (p->n_entries++ < MAX_ENTRIES && rule->kind == RULE_FLOW && rule_table(rule) == p->tables[p->at])
		p->ops->row(p->ctx, p->tables[p->at], rule, n_bytes, duration);
}

/* readback wants alignment, which the input buffer of conn does not promise. */
static const char *take_rows(struct poll *p, const uint8_t *m, size_t size)
{
	const char *error;
	uint8_t *copy;

	if (!((uintptr_t) m % 8))
		return readback_decode(m, size, take_row, p);
	copy = mem_alloc(size);
	memcpy(copy, m, size);
	error = readback_decode(copy, size, take_row, p);
	free(copy);
	return error;
}

static const char *take_ports(struct poll *p, const uint8_t *m, size_t size)
{
	if ((size - MSG_MULTIPART) % PORT_STATS)
		return "port counters of another length";
	for (size_t at = MSG_MULTIPART; at < size; at += PORT_STATS) {
		struct poll_port port = {
			.ofport = wire_u32(m + at), .duration = wire_u32(m + at + PORT_DURATION),
			.rx_packets = wire_u64(m + at + PORT_RX_PACKETS), .tx_packets = wire_u64(m + at + PORT_TX_PACKETS),
			.rx_bytes = wire_u64(m + at + PORT_RX_BYTES), .tx_bytes = wire_u64(m + at + PORT_TX_BYTES),
			.rx_dropped = wire_u64(m + at + PORT_RX_DROPPED), .tx_dropped = wire_u64(m + at + PORT_TX_DROPPED),
		};
		if (p->n_entries++ < MAX_ENTRIES)
			p->ops->port(p->ctx, &port);
	}
	return NULL;
}

static void fail(struct poll *p, const char *why)
{
	stop(p);
	p->ops->failed(p->ctx, why);
}

static void take_answer(struct poll *p, const uint8_t *m, size_t size, uint64_t now_ms)
{
	int table = p->tables[p->at];
	const char *error;
	uint16_t type;
	bool more;

	if (!msg_multipart(m, size, &type, &more) || type != (table == POLL_PORTS ? MULTIPART_PORT_STATS : MULTIPART_FLOW)) {
		fail(p, "malformed counters: another type than was asked for");
		return;
	}
	if (!p->begun)
		p->ops->begin(p->ctx, table);
	p->begun = true;
	p->deadline = now_ms + ANSWER_MS;
	error = table == POLL_PORTS ? take_ports(p, m, size) : take_rows(p, m, size);
	if (error || p->n_entries > MAX_ENTRIES) {
		fail(p, error ? "malformed counters" : "has more counters than can be read (1048576)");
		return;
	}
	if (more)
		return;
	p->counts.n_answered++;
	p->at++;
	p->ops->end(p->ctx, table);
	if (poll_is_busy(p))
		ask(p, now_ms);
}

/* A switch that cannot say it says so by an error: the rest is asked all the same. */
static void take_error(struct poll *p, uint64_t now_ms)
{
	p->counts.n_missed++;
	if (++p->at < p->n)
		ask(p, now_ms);
}

bool poll_message(struct poll *p, const uint8_t *m, size_t size, uint64_t now_ms)
{
	uint32_t xid = msg_xid(m);

	if (xid < POLL_XID_FIRST || xid > POLL_XID_LAST
	    || (msg_type(m) != MSG_MULTIPART_REPLY && msg_type(m) != MSG_ERROR))
		return false;
	if (!poll_is_busy(p) || xid != p->xid)
		return true;
	if (msg_type(m) == MSG_ERROR)
		take_error(p, now_ms);
	else
		take_answer(p, m, size, now_ms);
	return true;
}

void poll_tick(struct poll *p, uint64_t now_ms)
{
	if (!poll_is_busy(p) || now_ms < p->deadline)
		return;
	p->counts.n_missed++;
	stop(p);
}
