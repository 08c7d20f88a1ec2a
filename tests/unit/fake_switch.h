/* SPDX-License-Identifier: Apache-2.0 */
/* fake_switch: an OpenFlow 1.3 switch in memory, for tests and simulations.
 *
 * Bytes in, messages out, nothing by itself: the test decides when the switch
 * works on what it got and when its answers travel, so delay, loss of the
 * connection and every interleaving can be played, and played again.
 *
 *     struct fake_switch *f = fake_new(dpid);
 *     fake_connect(f);                             its HELLO is in the outbox
 *     fake_input(f, bytes, size);                  into the inbox, any cut
 *     fake_work(f, FAKE_ALL);                      handle messages of the inbox
 *     while ((msg = fake_next(f, &size))) ...      drain the outbox
 *
 * Rows are kept as Open vSwitch would: flow-mods are decoded, checked and encoded
 * again by libopenvswitch, dumps are those bytes. It knows what references do
 * (a flow needs its groups and meters; a deleted group or meter takes its flows
 * along), bundles are atomic and refused as Open vSwitch refuses them, and
 * FLOW_REMOVED comes after the answers to what caused it, as from the real one.
 *
 * Not there: packets through the tables, timers (fake_expire says when), table
 * features, queues, OpenFlow other than 1.3. */
#ifndef TESTS_FAKE_SWITCH_H
#define TESTS_FAKE_SWITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ofproto/msg.h"
#include "ofproto/rule.h"

#define FAKE_ALL SIZE_MAX

/* A frame out of a port, or into its own tables (OFPP_TABLE) as if it had come in by in_port. */
struct fake_sent {
	uint32_t ofport, in_port;
	uint32_t tun_dst;               /* IPv4, host order; 0 = none */
	const uint8_t *frame;           /* until the call returns */
	size_t size;
};

/* What the test may turn; set any time. */
struct fake_knobs {
	uint8_t hello_version;          /* of its HELLO; 4 */
	uint32_t hello_bitmap;          /* 1 << 4; 0 = HELLO without a bitmap */
	uint8_t auxiliary_id;           /* 0 */
	uint32_t max_meters;            /* 1000; 0 = METER_FEATURES is an error */
	bool no_bundles;                /* experimenter messages are an error */
	bool no_groups;                 /* group messages are an error */
	size_t piece;                   /* bytes of the body of one multipart reply; 4096 */
	bool no_port_stats;             /* asked for them it gives an error */
	bool mute;                      /* what it gets is eaten: neither done nor answered */
	/* True: this message is refused, with an EPERM or OUT_OF_* error of its kind. */
	bool (*refuse)(void *ctx, const struct rule *, bool deletes);
	void *refuse_ctx;
	bool refuse_at_add;             /* in a bundle: at the add, not at the commit */
	/* A packet-out sends a frame. May be null. */
	void (*send)(void *ctx, const struct fake_sent *);
	void *send_ctx;
};

struct fake_counts {
	uint64_t n_messages;            /* handled, of any type */
	uint64_t n_flow_mods, n_group_mods, n_meter_mods;        /* those in bundles too */
	uint64_t n_bundles, n_bundles_refused, n_barriers, n_dumps, n_packet_outs;
	uint64_t n_errors;              /* sent */
	uint64_t n_early;               /* changes asked for before the peer was primary */
};

struct fake_switch;

struct fake_switch *fake_new(uint64_t dpid);
void fake_free(struct fake_switch *);
struct fake_knobs *fake_knobs(struct fake_switch *);
void fake_count(const struct fake_switch *, struct fake_counts *);

/* --- the connection ---------------------------------------------------------------- */
void fake_connect(struct fake_switch *);         /* sends HELLO */
/* Inbox, outbox and open bundles are gone; rows stay. */
void fake_disconnect(struct fake_switch *);
void fake_input(struct fake_switch *, const void *bytes, size_t size);
/* Handles up to n whole messages of the inbox; returns how many. */
size_t fake_work(struct fake_switch *, size_t n);
/* The next message of the outbox, or null; valid until the next call of fake_*. */
const uint8_t *fake_next(struct fake_switch *, size_t *ret_size);
/* Another controller is primary from now on: changes are refused as from a secondary. */
void fake_depose(struct fake_switch *);
/* The generation id that it has seen last; set = another controller was here. */
void fake_set_generation(struct fake_switch *, uint64_t generation_id);
void fake_send(struct fake_switch *, const void *msg, size_t size);      /* any message, into the outbox */

/* --- the world around it ------------------------------------------------------------- */
/* Port added or changed, or deleted: PORT_STATUS when connected. */
void fake_port(struct fake_switch *, uint32_t ofport, const char *name, bool is_up, bool is_live);
void fake_port_gone(struct fake_switch *, uint32_t ofport);
/* Its counters. */
void fake_port_traffic(struct fake_switch *, uint32_t ofport, uint64_t rx_bytes, uint64_t tx_bytes, uint32_t duration);
/* A packet-in with the fields of p (frame, in_port, reg, tunnel, cookie, table, reason). */
void fake_punt(struct fake_switch *, const struct punt *p);

/* --- its rows -------------------------------------------------------------------------- */
size_t fake_n_rows(const struct fake_switch *, enum rule_kind);
/* Rows put in or taken out so far, by whomever: the same number, the same rows. */
uint64_t fake_n_changes(const struct fake_switch *);
/* The row of that key, or null; valid until rows change. */
const struct rule *fake_find(const struct fake_switch *, const struct rule *key);
void fake_each(const struct fake_switch *, void (*each)(void *ctx, const struct rule *), void *ctx);
/* By another hand, unseen by the controller: put, take away, lose all (a reboot). */
void fake_put(struct fake_switch *, const struct rule *);
bool fake_remove(struct fake_switch *, const struct rule *key);
void fake_wipe(struct fake_switch *);
void fake_traffic(struct fake_switch *, const struct rule *key, uint64_t n_packets, uint64_t n_bytes,
		  uint32_t duration);
/* Its time is up: removed, with FLOW_REMOVED if the row asked for it (reason OFPRR_*). */
bool fake_expire(struct fake_switch *, const struct rule *key, uint8_t reason);

#endif
