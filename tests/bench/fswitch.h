/* SPDX-License-Identifier: Apache-2.0 */
/* A fake switch: the end of an OpenFlow 1.3 channel that answers as Open vSwitch would. */
#ifndef BENCH_FSWITCH_H
#define BENCH_FSWITCH_H

#include "punt.h"
#include "rows.h"
#include "stream.h"

enum { FSWITCH_MAX_PORTS = PUNT_PORTS };

struct fswitch;

/* What the owner wants to hear of. Null = nothing. */
struct fswitch_hooks {
	void (*flow_mod)(struct fswitch *, const uint8_t *msg, size_t size); /* took effect */
	void (*packet_out)(struct fswitch *, const uint8_t *msg, size_t size);
	void (*echo_reply)(struct fswitch *, const uint8_t *msg, size_t size);
	void (*barrier)(struct fswitch *);
	void (*features)(struct fswitch *); /* was asked */
};

struct fswitch_counts {
	uint64_t messages, flow_mods, group_mods, meter_mods, packet_outs, bundles, barriers, echo_requests, dumps;
	uint64_t errors;  /* OFPT_ERROR received */
	uint64_t refused; /* messages we answered with an error */
};

struct fswitch {
	const struct fswitch_hooks *hooks;
	struct stream stream;
	char name[32];
	uint64_t dpid;
	unsigned n_ports;
	bool remember;                 /* keep rows for dumps */
	bool got_hello, got_features;
	uint32_t role;                 /* OFPCR_ROLE_* */
	uint64_t generation_id;
	uint8_t async[24];             /* as SET_ASYNC gave it */
	uint8_t config[4];             /* flags, miss_send_len */
	struct rows rows;
	struct buf staged;             /* bundle messages before their commit: bundle id (4), message */
	struct fswitch_counts counts;
	char error[96];                /* the last OFPT_ERROR, in numbers */
};

void fswitch_init(struct fswitch *, const struct fswitch_hooks *, const char *name, uint64_t dpid, unsigned n_ports,
		  bool remember);
void fswitch_uninit(struct fswitch *);

/* The channel is open: say HELLO. Also begins a new session of a switch that was connected before. */
void fswitch_hello(struct fswitch *, struct buf *out);

/* Take all whole messages of `n` bytes; answers go to `out`. Returns the bytes used, -1 when the controller does
 * what it must not (then the stream is closed with the reason). */
long fswitch_take(struct fswitch *, const uint8_t *bytes, size_t n, struct buf *out);

#endif
