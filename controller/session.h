/* SPDX-License-Identifier: Apache-2.0 */
/* session: one connection from a switch: conn + hello + sync, tied to core.
 *
 *   WAIT_TLS -> HELLO -> READING -> LIVE -> (gone)
 *                   \-> STANDBY -> (gone)     another controller is in charge
 *
 * Echo both ways: after 1 s of silence one request, after 3 s the switch counts
 * as dead. Punts beyond the budget of the switch are dropped and counted. */
#ifndef CONTROLLER_SESSION_H
#define CONTROLLER_SESSION_H

#include "controller/core.h"
#include "ofproto/conn.h"
#include "ofproto/sync.h"

struct loop;
struct session;
struct sessions;                         /* all of them */

struct session_info {
	const char *state;              /* "tls", "hello", "standby", "reading", "live" */
	const char *peer;               /* conn_peer() */
	const char *cert_name;          /* or null */
	uint32_t sw;                    /* slot or NET_NONE before it is known */
	char software[64], hardware[64], serial[32];
	uint64_t since_wall_ms;
	uint32_t rtt_us;                /* of the last echo; 0 = none yet */
	size_t queued_bytes;
	uint64_t n_punts, n_punts_dropped, n_errors;
	struct conn_counts conn;
	struct sync_counts sync;
	const char *sync_state;
};

/* punt_budget: packet-ins per second that one switch may cost us, 0 = no limit. */
struct sessions *sessions_new(struct loop *, struct core *, uint64_t generation_id,
			      uint32_t punt_budget);
void sessions_free(struct sessions *);
/* A fresh connection (listen_cb); tls null = plain. */
struct tls;
void sessions_accept(struct sessions *, int fd, struct tls *);
/* Let every switch that this file no longer admits go. */
void sessions_check_admission(struct sessions *);
/* End of the tick: run sync of switches with dirty rows, one write each. */
void sessions_flush(struct sessions *);
void sessions_tick(struct sessions *);           /* every 250 ms: echo, time-outs, audits */
size_t sessions_count(const struct sessions *);
void session_info(const struct session *, struct session_info *);
void session_packet_out(struct session *, const uint32_t *ofports, size_t n_ports,
			const uint8_t *frame, size_t size);
void session_packet_out_as_in(struct session *, uint32_t in_port, const uint8_t *frame, size_t size);
void session_packet_out_tunnel(struct session *, uint32_t ofport, const uint8_t *vtep, size_t vtep_size,
			       const uint8_t *frame, size_t size);

/* What rows of that table and cookie count at this moment (session_ask.c). rule null: that
 * was all; is_lost: and there was no answer. Each row comes before the end, and the end
 * comes once, unless it is forgotten before. False: not asked, there is no end. */
enum { SESSION_ASKS = 32, SESSION_ASK_MS = 3000 };
struct rule;
typedef void session_ask_cb(void *ctx, const struct rule *, uint64_t n_packets, uint64_t n_bytes, bool is_lost);
bool session_ask(struct session *, uint8_t table, uint64_t cookie, session_ask_cb *, void *ctx);
void sessions_forget_asks(struct sessions *, const void *ctx);

#endif
