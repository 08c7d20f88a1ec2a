/* SPDX-License-Identifier: Apache-2.0 */
/* The PACKET_INs a switch would send, worked out from the rows its controller gave it. */
#ifndef BENCH_PUNT_H
#define BENCH_PUNT_H

#include <stdbool.h>
#include "of13.h"

enum { PUNT_REGS = 24, PUNT_PORTS = 16, PUNT_MAX = 2048 };

/* Register values by OXM header without mask (NXM_NX_REGn, packet registers, metadata). */
struct regs {
	unsigned n;
	struct reg {
		uint8_t oxm[16]; /* header and value */
	} reg[PUNT_REGS];
};

/* Empty value: all zero. */
struct punt {
	bool found;          /* a row that sends to the controller is known */
	uint8_t table, reason;
	uint16_t priority, max_len;
	uint64_t cookie;
	uint32_t in_port;    /* the row is for this port only; 0 = for all */
	unsigned n_others;   /* fields in its match that are neither register nor port */
	struct buf oxm;      /* owned; those but for addresses and type, verbatim but without masks */
	struct regs regs;    /* registers in its match */
	struct regs by_port[PUNT_PORTS + 1]; /* registers that rows of table 0 for that port alone set */
};

void punt_uninit(struct punt *);

/* Look at a FLOW_MOD. `table` -1: any row that sends to the controller will do; the one whose match says least wins. */
void punt_learn(struct punt *, const uint8_t *flow_mod, size_t size, int table);
/* For controllers that wait for table misses: table 0, cookie 0, OFPR_NO_MATCH. */
void punt_miss(struct punt *);

/* A PACKET_IN ready to be copied; the source address is at `eth_src` (the destination 6 bytes before). */
struct packet_in {
	uint16_t size, eth_src;
	uint32_t in_port;
	uint8_t bytes[PUNT_MAX];
};

void punt_packet_in(const struct punt *, uint32_t in_port, const uint8_t *frame, size_t frame_size, struct packet_in *);

#endif
