/* SPDX-License-Identifier: Apache-2.0 */
/* poll: reads counters of a switch: of the flows of some tables, and of its ports.
 *
 * One round asks one thing after the other, so no more than one request is out.
 * Nothing of it touches the ledger: what a row is for is known from its match and
 * cookie. An answer that does not come within 10 s ends the round, and one that
 * comes later is passed over. Pure state machine like sync. */
#ifndef OFPROTO_POLL_H
#define OFPROTO_POLL_H

#include "ofproto/rule.h"

enum {
	POLL_PORTS = -1,                /* in place of a table: the ports */
	POLL_MAX_ASKS = 4,
	/* Transaction ids; those of sync are above, those of hello below. */
	POLL_XID_FIRST = 0x08000000, POLL_XID_LAST = 0x0fffffff,
};

struct poll_port {
	uint32_t ofport;
	/* UINT64_MAX = not counted. */
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, rx_dropped, tx_dropped;
	uint32_t duration;              /* seconds */
};

struct poll_ops {
	/* As in sync_ops. */
	uint8_t *(*put)(void *ctx, size_t size);
	/* The answer about that table (or POLL_PORTS) begins, and ends. Between the two
	 * come its rows or ports; without an end what came is not all. */
	void (*begin)(void *ctx, int table);
	void (*row)(void *ctx, int table, const struct rule *, uint64_t n_bytes, uint32_t duration);
	void (*port)(void *ctx, const struct poll_port *);
	void (*end)(void *ctx, int table);
	/* The connection shall be closed: a sentence without subject, valid during the call. */
	void (*failed)(void *ctx, const char *why);
};

struct poll;
struct poll *poll_new(const struct poll_ops *, void *ctx);
void poll_free(struct poll *);
/* A round; false when one is under way. */
bool poll_start(struct poll *, const int *tables, size_t n, uint64_t now_ms);
bool poll_is_busy(const struct poll *);
/* False when it is not for poll: an xid of others, or no answer. */
bool poll_message(struct poll *, const uint8_t *msg, size_t size, uint64_t now_ms);
void poll_tick(struct poll *, uint64_t now_ms);

struct poll_counts { uint64_t n_asked, n_answered, n_missed; };
void poll_count(const struct poll *, struct poll_counts *);

#endif
