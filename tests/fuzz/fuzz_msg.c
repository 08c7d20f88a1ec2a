/* SPDX-License-Identifier: Apache-2.0 */
/* What a switch may say. The first byte chooses who listens: the decoders of
 * msg, hello, or sync with a few rows; the rest is a stream of messages, cut by
 * their own headers. xids are folded into the range that the listener has sent,
 * so that answers are found without luck. Every message stands alone in memory,
 * unaligned, with nothing behind it. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/build.h"
#include "ofproto/hello.h"
#include "ofproto/log.h"
#include "ofproto/mem.h"
#include "ofproto/sync.h"
#include "ofproto/wire.h"
#include "tests/fuzz/fuzz.h"

static void must(bool fine)
{
	if (!fine)
		abort();
}

/* --- decoders --------------------------------------------------------------------- */

static void decode_unasked(const uint8_t *m, size_t size)
{
	uint8_t buf[MSG_REMOVED_MAX];
	enum msg_port_reason reason;
	struct removed removed;
	struct msg_port port;
	struct punt punt;
	struct rule rule;

	if (msg_punt(m, size, &punt))
		must(punt.frame >= m && punt.frame + punt.size == m + size);
	if (msg_removed(m, size, &removed, &rule, buf))
		must(rule.msg == buf && rule.size <= sizeof buf
		     && (!rule.size || (rule_key_equal(&rule, &rule) && wire_u16(buf + WIRE_LENGTH) == rule.size)));
	if (msg_port_status(m, size, &reason, &port))
		must(strlen(port.name) < sizeof port.name && reason <= MSG_PORT_MODIFY);
}

static void decode_answers(const uint8_t *m, size_t size)
{
	struct msg_features features;
	enum msg_bundle_ctrl ctrl;
	uint64_t generation_id;
	uint16_t type, code;
	const uint8_t *data;
	enum msg_role role;
	size_t data_size;
	uint32_t number;
	bool flag;
	struct msg_meter_stats stats;
	size_t at = 0;

	while (msg_meter_stats(m, size, &at, &stats) > 0)
		must(at <= size);
	msg_hello(m, size, &flag);
	msg_features(m, size, &features);
	msg_meter_features(m, size, &number);
	msg_role(m, size, &role, &generation_id);
	msg_bundle_ctrl(m, size, &number, &ctrl);
	msg_multipart(m, size, &type, &flag);
	if (msg_error(m, size, &type, &code, &data, &data_size)) {
		must(data + data_size == m + size);
		must(*msg_error_name_of(m, size) && *msg_error_name(type, code));
	}
	must(*msg_type_name(msg_type(m)));
}

/* --- hello -------------------------------------------------------------------------- */

struct listener {
	uint8_t mode;
	uint64_t now;
	struct hello *hello;
	struct sync *sync;
	struct ledger *ledger;
	struct build *build;
	uint8_t *room;                  /* what sync fills in */
	bool ended;
};

static void on_send(void *ctx, const void *msg, size_t size)
{
	(void) ctx;
	must(size >= MSG_HEADER && msg_size(msg) <= size);
}

static const char *on_identify(void *ctx, uint64_t dpid)
{
	(void) ctx;
	return dpid == 13 ? "not this one" : NULL;
}

static void on_hello_ready(void *ctx, const struct peer *peer)
{
	struct listener *l = ctx;

	must(!l->ended);
	l->ended = true;
	for (size_t i = 1; i < peer->n_ports; i++)
		must(peer->ports[i - 1].ofport < peer->ports[i].ofport);
}

static void on_failed(void *ctx, const char *why)
{
	struct listener *l = ctx;

	must(!l->ended && *why);
	l->ended = true;
}

static uint64_t on_generation(void *ctx)
{
	(void) ctx;
	return 5;
}

static const struct hello_ops hello_ops = {
	.send = on_send, .identify = on_identify, .generation = on_generation, .ready = on_hello_ready, .failed = on_failed,
};

/* --- sync ------------------------------------------------------------------------------ */

static uint8_t *on_put(void *ctx, size_t size)
{
	struct listener *l = ctx;

	must(size >= MSG_HEADER);
	free(l->room);
	l->room = mem_alloc(size);
	return l->room;
}

static void on_read_done(void *ctx)
{
	struct listener *l = ctx;

	sync_release(l->sync, l->now);
}

static void on_ready(void *ctx)
{
	struct listener *l = ctx;

	must(ledger_at_rest(l->ledger));
}

static void on_refused(void *ctx, const struct row *row, const char *error_name)
{
	(void) ctx;
	must(row && row->size && *error_name);
}

static void on_drift(void *ctx, int table, struct ledger_drift drift)
{
	(void) ctx;
	must(table >= 0 && table < LEDGER_TABLES && (drift.missing || drift.changed || drift.extra));
}

static const struct sync_ops sync_ops = {
	.put = on_put, .read_done = on_read_done, .ready = on_ready,
	.refused = on_refused, .drift = on_drift, .failed = on_failed,
};

static const struct table_contract tables[] = {
	{ .name = "one", .owner = "t", .id = 0, .match = UINT64_MAX, .set = UINT64_MAX, .outputs = true, .punts = true },
};

static void want_rows(struct listener *l)
{
	struct rule rule;

	build_meter(l->build, METER_OURS_FIRST, true, 100, 100);
	must(!build_end(l->build, &rule));
	ledger_want(l->ledger, 1, &rule);
	build_group(l->build, GROUP_OURS_FIRST, GROUP_ALL);
	build_bucket(l->build, 0, 0);
	act_output(l->build, 1);
	must(!build_end(l->build, &rule));
	ledger_want(l->ledger, 1, &rule);
	for (uint16_t i = 0; i < 3; i++) {
		build_flow(l->build, 0, i, cookie_make(1, i));
		act_group(l->build, GROUP_OURS_FIRST);
		must(!build_end(l->build, &rule));
		ledger_want(l->ledger, 1, &rule);
	}
}

/* --- the stream -------------------------------------------------------------------------- */

static void listen_to(struct listener *l, uint8_t *m, size_t size)
{
	uint32_t xid = msg_xid(m);

	l->now += 7;
	switch (l->mode) {
	case 0:
		decode_unasked(m, size);
		decode_answers(m, size);
		break;
	case 1:
		wire_put_u32(m + WIRE_XID, xid % 16);
		hello_message(l->hello, m, size, l->now);
		hello_tick(l->hello, l->now);
		break;
	default:
		wire_put_u32(m + WIRE_XID, xid % 7 ? SYNC_XID_FIRST + xid % 64 : xid);
		sync_message(l->sync, m, size, l->now);
		sync_run(l->sync, l->now);
		if (xid % 5 == 0)
			sync_audit(l->sync, l->now);
		sync_tick(l->sync, l->now);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct listener l = { .mode = len ? bytes[0] % 3 : 0 };
	static bool quiet;
	size_t size;

	if (!quiet)
		vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	quiet = true;
	l.build = build_new(tables, 1);
	l.ledger = ledger_new();
	l.hello = hello_new(&hello_ops, &l);
	l.sync = sync_new(l.ledger, &sync_ops, &l);
	if (l.mode == 1)
		hello_start(l.hello, 0);
	if (l.mode == 2) {
		want_rows(&l);
		sync_start(l.sync, 0);
	}
	for (size_t at = 1; at + MSG_HEADER <= len && !l.ended; at += size) {
		uint8_t *alone;

		size = msg_size(bytes + at);
		if (size < MSG_HEADER || size > len - at)
			break;
		alone = mem_alloc(size + 1);
		memcpy(alone + 1, bytes + at, size);
		listen_to(&l, alone + 1, size);
		free(alone);
	}
	sync_stop(l.sync);
	must(ledger_n_in_flight(l.ledger) == 0);
	sync_free(l.sync);
	hello_free(l.hello);
	ledger_free(l.ledger);
	build_free(l.build);
	free(l.room);
	return 0;
}
