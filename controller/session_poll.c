/* SPDX-License-Identifier: Apache-2.0 */
/* session_poll: counters, from the switch to core_te, which says when it wants some, and to
 * the view: those of the ports, every few seconds, for people and for /metrics. */
#include "controller/core_te.h"
#include "controller/session_private.h"

enum { PORTS_MS = 5000 };

static uint8_t *put(void *ctx, size_t size)
{
	struct session *s = ctx;
	uint8_t *p = conn_reserve(s->conn, size);
	conn_commit(s->conn, size);
	return p;
}

static void begin(void *ctx, int table)
{
	struct session *s = ctx;
	core_te_begin(s->all->core, s->sw, table);
}

static void row(void *ctx, int table, const struct rule *rule, uint64_t n_bytes, uint32_t duration)
{
	struct session *s = ctx;
	core_te_row(s->all->core, s->sw, table, rule, n_bytes, duration);
}

static void port(void *ctx, const struct poll_port *said)
{
	struct session *s = ctx;
	const struct view_counts counts = {
		.rx_packets = said->rx_packets, .tx_packets = said->tx_packets, .rx_bytes = said->rx_bytes,
		.tx_bytes = said->tx_bytes, .rx_dropped = said->rx_dropped, .tx_dropped = said->tx_dropped,
	};
	core_te_port(s->all->core, s->sw, said);
	view_port_count(s->all->core->view, s->sw, said->ofport, &counts, s->all->core->now_ms);
}

static void end(void *ctx, int table)
{
	struct session *s = ctx;
	core_te_end(s->all->core, s->sw, table);
}

static void failed(void *ctx, const char *why)
{
	session_malformed(ctx, why);
}

static const struct poll_ops ops = {
	.put = put, .begin = begin, .row = row, .port = port, .end = end, .failed = failed,
};

void session_poll_init(struct session *s)
{
	s->poll = poll_new(&ops, s);
}

void session_poll_tick(struct session *s, uint64_t now_ms)
{
	int tables[POLL_MAX_ASKS];
	poll_tick(s->poll, now_ms);
	/* Who does not read what was said gets no more to say. */
	if (poll_is_busy(s->poll) || conn_queued(s->conn) > CONN_PAUSE_BYTES)
		return;
	size_t n = core_te_poll(s->all->core, s->sw, tables);
	if (!n && now_ms - s->ports_ms > PORTS_MS)
		tables[n++] = POLL_PORTS;
	for (size_t i = 0; i < n; i++)
		if (tables[i] == POLL_PORTS)
			s->ports_ms = now_ms;
	if (n && poll_start(s->poll, tables, n, now_ms))
		conn_flush(s->conn);
}
