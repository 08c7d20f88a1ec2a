/* SPDX-License-Identifier: Apache-2.0 */
/* fake_impl: the inside of the fake switch, shared by its files:
 * fake_switch.c (messages), fake_rows.c (rows and bundles), fake_world.c (what
 * happens to it). */
#ifndef TESTS_FAKE_IMPL_H
#define TESTS_FAKE_IMPL_H

#include "ofproto/ovs.h"
#include "tests/unit/fake_switch.h"

struct fake_row {
	struct fake_row *next;          /* hash chain */
	struct rule rule;               /* msg owned: as libopenvswitch encodes it */
	uint64_t n_packets, n_bytes;
	uint32_t duration;
	uint32_t *groups;               /* owned: those its actions use */
	size_t n_groups;
	uint32_t meter;                 /* it uses, 0 = none */
};

struct fake_undo {
	struct fake_row *old, *new;     /* either may be null; old is no longer in the table */
	uint8_t reason;                 /* OFPRR_* when old is gone for good */
};

struct fake_bytes { uint8_t *data; size_t at, size, max; };      /* data[at..size) is there */

struct fake_bundle {
	uint32_t id;
	uint16_t flags;
	struct fake_bytes messages;     /* one after the other */
};

struct fake_port {
	struct ofputil_phy_port port;
	uint64_t rx_bytes, tx_bytes;
	uint32_t duration;
	struct fake_port *next;
};

struct fake_switch {
	uint64_t dpid;
	struct fake_knobs knobs;
	struct fake_counts counts;

	bool connected;
	struct fake_bytes in, out, late;        /* late: FLOW_REMOVED, after the answers */
	enum msg_role role;
	bool has_generation;
	uint64_t generation_id;
	struct fake_bundle *bundles;
	size_t n_bundles;

	struct fake_row **buckets;
	size_t n_buckets, n_rows[3];
	uint64_t n_changes;             /* rows put in or taken out, ever */
	struct fake_undo *undo;
	size_t n_undo, max_undo;

	struct fake_port *ports;
};

uint8_t *bytes_put(struct fake_bytes *, const void *data, size_t size);

/* --- fake_rows.c ----------------------------------------------------------------------- */
/* Change the tables; nothing counts before rows_commit. m is aligned to 8. */
enum ofperr rows_apply(struct fake_switch *, const struct ofp_header *m);
/* What can be said of a message before it is applied. */
enum ofperr rows_check(struct fake_switch *, const struct ofp_header *m);
void rows_commit(struct fake_switch *);
void rows_rollback(struct fake_switch *);
struct fake_row *rows_find(const struct fake_switch *, const struct rule *key);
void rows_change(struct fake_switch *, struct fake_row *old, struct fake_row *new, uint8_t reason);
struct fake_row *row_new(const struct rule *);

/* --- fake_world.c ---------------------------------------------------------------------- */
void world_flow_removed(struct fake_switch *, const struct fake_row *, uint8_t reason);

#endif
