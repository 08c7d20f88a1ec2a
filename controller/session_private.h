/* SPDX-License-Identifier: Apache-2.0 */
/* What session.c and sessions.c share. */
#ifndef CONTROLLER_SESSION_PRIVATE_H
#define CONTROLLER_SESSION_PRIVATE_H

#include "controller/session.h"
#include "ofproto/hello.h"
#include "ofproto/poll.h"

enum session_state { SESSION_TLS, SESSION_HELLO, SESSION_STANDBY, SESSION_READING, SESSION_LIVE };

/* A question about counters that waits for its answer; xid 0 = none. */
struct session_ask {
	uint32_t xid;
	uint64_t deadline_ms;
	session_ask_cb *cb;
	void *ctx;
};

struct session {
	struct sessions *all;
	struct session *next, **link;   /* list of all */
	struct conn *conn;              /* owned */
	struct hello *hello;            /* owned */
	struct sync *sync;              /* owned; null before READING */
	struct poll *poll;              /* owned; null before READING */
	uint64_t ports_ms;              /* when it was asked for the counters of its ports last, 0 = never */
	enum session_state state;
	uint32_t sw;                    /* slot, NET_NONE before it is known */
	uint64_t dpid;                  /* what the switch itself said */
	uint64_t role_due_ms;           /* when to show, or to look for, a sign of life */
	uint64_t other_generation_id;   /* standby: of the controller in charge ... */
	uint64_t other_moved_ms;        /* ... and when it grew last */
	bool attached;                  /* core knows this session as the switch's */
	bool refused;                   /* not let in: already counted and said */
	char software[64], hardware[64], serial[32];
	uint64_t since_wall_ms;
	uint64_t last_heard_ms;         /* monotonic */
	uint64_t echo_sent_us;          /* 0 = none outstanding */
	uint64_t echo_ms;               /* when the last one was sent */
	uint64_t audit_due_ms;
	unsigned audits_in_a_hurry;     /* left: somebody else is at work on the switch */
	uint64_t meters_due_ms;
	bool meters_asked;              /* an answer is to come */
	uint32_t rtt_us;
	uint32_t punt_tokens;
	uint64_t n_punts, n_punts_dropped, n_errors;
	uint32_t last_ask_xid;
	struct session_ask asks[SESSION_ASKS];
};

struct sessions {
	struct loop *loop;              /* borrowed */
	struct core *core;              /* borrowed */
	struct session *first;
	size_t n;
	uint64_t generation_id;
	uint32_t punt_budget;           /* packet-ins per second and switch, 0 = no limit */
	uint64_t last_tick_ms;
	struct punt punts[CORE_PUNTS];  /* of the session that is being read, not yet looked at */
	size_t n_punts;
	bool clock_read;                /* in this tick: core has the time */
};

const char *session_who(const struct session *);
bool session_cert_is(void *conn, const char *name);     /* conn_cert_is_for() for core */
void session_malformed(struct session *, const char *what);
uint64_t session_now_us(void);
/* Drift in one place: look at all the others at once. */
void session_hurry_audit(struct session *);
void sessions_check_due(struct sessions *);

/* Counters of tables and ports: session_poll.c. */
void session_poll_init(struct session *);
void session_poll_tick(struct session *, uint64_t now_ms);

/* Who is in charge of a switch: session_role.c. */
uint64_t session_generation(const struct session *);
void session_role_start(struct session *);
void session_role_tick(struct session *, uint64_t now_ms);
void session_role_reply(struct session *, const uint8_t *msg, size_t size);
/* True when the message was about our role; the session may be over then. */
bool session_role_message(struct session *, const uint8_t *msg, size_t size);

/* Questions about counters: session_ask.c. */
bool session_ask_message(struct session *, const uint8_t *msg, size_t size);     /* true: it was the answer to one */
void session_ask_tick(struct session *, uint64_t now_ms);
void session_ask_end(struct session *);          /* the connection has ended */

/* What meters have dropped: session_meters.c. True when the message was about that. */
void session_meters_tick(struct session *, uint64_t now_ms);
bool session_meters_message(struct session *, const uint8_t *msg, size_t size);

#endif
