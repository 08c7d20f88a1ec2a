/* SPDX-License-Identifier: Apache-2.0 */
/* hello: from a fresh connection to a switch that can be programmed.
 *
 *   HELLO -> FEATURES -> (is it who it says?) -> PORT_DESC, DESC, METER_FEATURES,
 *   ROLE PRIMARY with generation id -> SET_ASYNC, SET_CONFIG, BARRIER -> ready
 *
 * Nothing that changes a switch is sent before its role reply has come
 * (section 6.3.6). A stale generation id means that a newer controller was here:
 * the switch is asked for the current one, with it we become SECONDARY, and the
 * owner decides when to come again with a higher one. Pure state machine: bytes
 * in, bytes out through ops, time as a number. */
#ifndef OFPROTO_HELLO_H
#define OFPROTO_HELLO_H

#include "ofproto/msg.h"

struct peer {
	uint64_t dpid;
	uint32_t capabilities;
	uint8_t n_tables;
	uint32_t max_meters;            /* 0 = none */
	bool is_secondary;              /* another controller is in charge; nothing may be changed */
	bool has_bundles;               /* assumed until an error says otherwise; sync finds out */
	char manufacturer[64], hardware[64], software[64], serial[32], description[64];
	struct msg_port *ports;         /* owned by the hello; sorted by number */
	size_t n_ports;
};

enum hello_state { HELLO_HELLO, HELLO_FEATURES, HELLO_ASK, HELLO_ROLE, HELLO_CONFIG, HELLO_READY, HELLO_FAILED };
const char *hello_state_name(enum hello_state);

struct hello_ops {
	void (*send)(void *ctx, const void *msg, size_t size);
	/* Null = go on; else why this datapath id is not let in (the text is logged
	 * and sent as an error message before closing). */
	const char *(*identify)(void *ctx, uint64_t dpid);
	/* The generation id to ask for the role with: called after identify. */
	uint64_t (*generation)(void *ctx);
	/* ready and failed are the last thing hello does; it may be freed from inside. */
	void (*ready)(void *ctx, const struct peer *);
	/* The connection shall be closed with this reason ("does not speak OpenFlow
	 * 1.3 ...": a sentence without subject, valid during the call). */
	void (*failed)(void *ctx, const char *why);
};

struct hello;
struct hello *hello_new(const struct hello_ops *, void *ctx);
void hello_free(struct hello *);
void hello_start(struct hello *, uint64_t now_ms);       /* sends HELLO */
/* Takes a message until ready. Port status before ready is merged into ports.
 * A message that is out of state or malformed ends in `failed`. */
void hello_message(struct hello *, const uint8_t *msg, size_t size, uint64_t now_ms);
void hello_tick(struct hello *, uint64_t now_ms);        /* a step takes at most 5 s */
enum hello_state hello_state(const struct hello *);
/* The generation id that was accepted at last; as secondary, the other one's. */
uint64_t hello_generation_id(const struct hello *);

#endif
