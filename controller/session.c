/* SPDX-License-Identifier: Apache-2.0 */
/* session: what one switch says goes to hello, sync or core; what core wants
 * goes out once per tick. Time-outs are in sessions.c. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/loop.h"
#include "controller/session_private.h"
#include "ofproto/log.h"
#include "topo/arena.h"

LOG_MODULE(session)

static struct vlog_rate_limit rl = LOG_RATE;

static uint64_t now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

uint64_t session_now_us(void) { return now_us(); }

/* One look at the clock per tick: the first message of it. */
static void read_clock(struct sessions *all)
{
	if (all->clock_read)
		return;
	all->clock_read = true;
	all->core->now_ms = loop_now_ms(all->loop);
	all->core->now_us = loop_now_us(all->loop);
	all->core->wall_ms = loop_wall_ms();
}

const char *session_who(const struct session *s)
{
	if (s->sw != NET_NONE)
		return view_switch(s->all->core->view, s->sw)->name;
	if (conn_cert_name(s->conn))
		return conn_cert_name(s->conn);
	return conn_peer(s->conn);
}

/* Bytes that make no sense, or at the wrong time: the end of this connection,
 * never more. */
void session_malformed(struct session *s, const char *what)
{
	s->all->core->counts.n_malformed++;
	conn_close(s->conn, what);
}

/* --- what hello and sync ask for ------------------------------------------------- */

static void hello_send(void *ctx, const void *msg, size_t size)
{
	struct session *s = ctx;
	conn_send(s->conn, msg, size);
}

bool session_cert_is(void *ctx, const char *name)
{
	return conn_cert_is_for(ctx, name);
}

static const char *hello_identify(void *ctx, uint64_t dpid)
{
	struct session *s = ctx;
	struct core *core = s->all->core;
	const char *cert_name = conn_cert_name(s->conn);
	s->dpid = dpid;
	const char *refusal = core_admit(core, cert_name, session_cert_is, s->conn, dpid, &s->sw);
	if (!refusal)
		return NULL;
	char who[96];
	if (cert_name)
		snprintf(who, sizeof who, "%s", cert_name);
	else
		snprintf(who, sizeof who, "0x%016" PRIx64, dpid);
	core_refuse(core, who, dpid, refusal);
	VLOG_WARN_RL(&rl, "%s (%s, datapath id 0x%016" PRIx64 ") is not let in: %s", who,
		     conn_peer(s->conn), dpid, refusal);
	s->refused = true;
	return refusal;
}

static uint64_t hello_generation(void *ctx)
{
	return session_generation(ctx);
}

static void hello_failed(void *ctx, const char *why)
{
	struct session *s = ctx;
	if (!s->refused) {
		s->all->core->counts.n_malformed++;
		core_refuse(s->all->core, conn_cert_name(s->conn) ? conn_cert_name(s->conn) : conn_peer_address(s->conn),
			    s->dpid, why);
	}
	conn_close(s->conn, why);
}

static uint8_t *sync_put(void *ctx, size_t size)
{
	struct session *s = ctx;
	uint8_t *p = conn_reserve(s->conn, size);
	conn_commit(s->conn, size);
	return p;
}

static void sync_read_done(void *ctx)
{
	struct session *s = ctx;
	core_read_done(s->all->core, s->sw);
	s->state = SESSION_LIVE;
	sessions_check_due(s->all);
}

static void sync_ready(void *ctx)
{
	struct session *s = ctx;
	struct core *core = s->all->core;
	struct sync_counts counts;
	sync_count(s->sync, &counts);
	VLOG_INFO("%s: in sync, %" PRIu64 " ms after it connected; sent %" PRIu64 " flow-mods",
		  session_who(s), core->wall_ms - s->since_wall_ms, counts.n_flow_mods);
	events_note(core->events, core->wall_ms, EVENT_INFO, "in-sync", session_who(s),
		    "in sync %" PRIu64 " ms after it connected; %" PRIu64 " flow-mods sent",
		    core->wall_ms - s->since_wall_ms, counts.n_flow_mods);
	core_in_sync(core, s->sw);
}

static void sync_refused(void *ctx, const struct row *row, const char *error_name)
{
	struct session *s = ctx;
	struct core *core = s->all->core;
	struct row_room room;
	struct rule rule;
	char text[512];
	row_rule(row, &room, &rule);
	rule_format(&rule, text, sizeof text);
	uint64_t cookie = rule.kind == RULE_FLOW ? rule_cookie(&rule) : 0;
	struct core_origin origin = core_origin(core, cookie);
	core->counts.n_errors_received++;
	s->n_errors++;
	VLOG_WARN_RL(&rl, "%s: refused a row (%s) of app %s, %s, %s:%u: %s", session_who(s), error_name,
		     origin.app, origin.object, core->net->file, origin.line, text);
	events_note(core->events, core->wall_ms, EVENT_ERROR, "row-refused", session_who(s),
		    "%s: app %s, %s, %s:%u: %s; this row is left out until it changes, the others are in place",
		    error_name, origin.app, origin.object, core->net->file, origin.line, text);
}

static void sync_drift(void *ctx, int table, struct ledger_drift drift)
{
	struct session *s = ctx;
	struct core *core = s->all->core;
	session_hurry_audit(s);
	VLOG_WARN_RL(&rl, "%s: table %d was changed by another hand: %u rows missing, %u changed, %u extra; repairing",
		     session_who(s), table, drift.missing, drift.changed, drift.extra);
	events_note(core->events, core->wall_ms, EVENT_WARNING, "drift", session_who(s),
		    "changed by another hand: %u rows missing, %u changed, %u extra; repaired",
		    drift.missing, drift.changed, drift.extra);
	core_touch(core, s->sw);
}

static void sync_failed(void *ctx, const char *why)
{
	struct session *s = ctx;
	session_malformed(s, why);
}

static const struct sync_ops sync_ops = {
	.put = sync_put, .read_done = sync_read_done, .ready = sync_ready,
	.refused = sync_refused, .drift = sync_drift, .failed = sync_failed,
};

static void hello_ready(void *ctx, const struct peer *peer)
{
	struct session *s = ctx;
	struct core *core = s->all->core;
	/* Another connection for the switch may have got through meanwhile. */
	if (core->switches[s->sw]->session) {
		core_refuse(core, session_who(s), peer->dpid, "a second connection for a switch that is connected");
		s->refused = true;
		conn_close(s->conn, "a second connection for a switch that is connected");
		return;
	}
	snprintf(s->software, sizeof s->software, "%s", peer->software);
	snprintf(s->hardware, sizeof s->hardware, "%s", peer->hardware);
	snprintf(s->serial, sizeof s->serial, "%s", peer->serial);
	s->attached = true;
	s->state = peer->is_secondary ? SESSION_STANDBY : SESSION_READING;
	VLOG_INFO("%s: connected from %s, datapath id 0x%016" PRIx64 ", %s %s, %zu ports", session_who(s),
		  conn_peer(s->conn), peer->dpid, peer->hardware, peer->software, peer->n_ports);
	core_attach(core, s->sw, s, peer->ports, peer->n_ports, peer->max_meters);
	session_role_start(s);
	if (s->state == SESSION_STANDBY)
		return;
	session_poll_init(s);
	s->sync = sync_new(core->switches[s->sw]->ledger, &sync_ops, s);
	sync_start(s->sync, core->now_ms);
}

static const struct hello_ops hello_ops = {
	.send = hello_send, .identify = hello_identify, .generation = hello_generation, .ready = hello_ready, .failed = hello_failed,
};

/* --- what the switch says ---------------------------------------------------------- */

static void on_established(void *ctx)
{
	struct session *s = ctx;
	read_clock(s->all);
	s->state = SESSION_HELLO;
	s->last_heard_ms = s->all->core->now_ms;
	hello_start(s->hello, s->last_heard_ms);
	conn_flush(s->conn);
}

/* A token bucket refilled by sessions_tick; 0 = no budget set. */
static bool punt_allowed(struct session *s)
{
	if (!s->all->punt_budget)
		return true;
	if (s->punt_tokens) {
		s->punt_tokens--;
		return true;
	}
	s->n_punts_dropped++;
	s->all->core->counts.n_punts_over_budget++;
	return false;
}

/* Packet-ins that come one after the other go to core together. */
static void take_punts(struct session *s)
{
	struct sessions *all = s->all;
	if (!all->n_punts)
		return;
	core_punts(all->core, s->sw, all->punts, all->n_punts);
	all->n_punts = 0;
}

static void on_packet_in(struct session *s, const uint8_t *msg, size_t size)
{
	struct sessions *all = s->all;
	if (s->state != SESSION_LIVE)
		return;         /* rows of an earlier life punt already: the frame comes again */
	if (conn_queued(s->conn) > CONN_PAUSE_BYTES) {
		/* It does not read what it causes: no more of that kind. */
		s->n_punts_dropped++;
		s->all->core->counts.n_punts_over_budget++;
		return;
	}
	if (!msg_punt(msg, size, &all->punts[all->n_punts])) {
		session_malformed(s, "malformed PACKET_IN");
		return;
	}
	s->n_punts++;
	if (punt_allowed(s) && ++all->n_punts == CORE_PUNTS)
		take_punts(s);
}

static void on_flow_removed(struct session *s, const uint8_t *msg, size_t size)
{
	uint8_t buf[MSG_REMOVED_MAX];
	struct removed removed;
	struct rule rule;
	if (msg_removed(msg, size, &removed, &rule, buf)) {
		if (s->state != SESSION_STANDBY && core_removed(s->all->core, s->sw, &removed, &rule))
			session_hurry_audit(s);
	}
	else
		session_malformed(s, "malformed FLOW_REMOVED");
}

static void on_port_status(struct session *s, const uint8_t *msg, size_t size)
{
	enum msg_port_reason reason;
	struct msg_port port;
	if (msg_port_status(msg, size, &reason, &port))
		core_port_status(s->all->core, s->sw, reason, &port);
	else
		session_malformed(s, "malformed PORT_STATUS");
}

static void on_error(struct session *s, const uint8_t *msg, size_t size)
{
	if (session_role_message(s, msg, size) || session_ask_message(s, msg, size)
	    || session_meters_message(s, msg, size)
	    || (s->poll && poll_message(s->poll, msg, size, s->all->core->now_ms)))
		return;
	if (s->sync && sync_message(s->sync, msg, size, s->all->core->now_ms))
		return;
	s->n_errors++;
	s->all->core->counts.n_errors_received++;
	VLOG_WARN_RL(&rl, "%s: OpenFlow error %s for a message of ours", session_who(s),
		     msg_error_name_of(msg, size));
	events_note(s->all->core->events, s->all->core->wall_ms, EVENT_ERROR, "openflow-error", session_who(s),
		    "OpenFlow error %s", msg_error_name_of(msg, size));
}

static void on_message(void *ctx, const uint8_t *msg, size_t size)
{
	struct session *s = ctx;
	struct core *core = s->all->core;
	read_clock(s->all);
	if (s->state == SESSION_HELLO) {
		hello_message(s->hello, msg, size, core->now_ms);
		return;
	}
	if (msg_type(msg) != MSG_PACKET_IN)
		take_punts(s);
	if (msg_version(msg) != MSG_VERSION) {
		session_malformed(s, "a message of another OpenFlow version than was agreed");
		return;
	}
	switch (msg_type(msg)) {
	case MSG_PACKET_IN:
		on_packet_in(s, msg, size);
		break;
	case MSG_ECHO_REQUEST:
		msg_put_echo_reply(sync_put(s, size), msg, size);
		break;
	case MSG_ECHO_REPLY:
		if (s->echo_sent_us) {
			s->rtt_us = (uint32_t) (now_us() - s->echo_sent_us);
			s->echo_sent_us = 0;
		}
		break;
	case MSG_FLOW_REMOVED:
		on_flow_removed(s, msg, size);
		break;
	case MSG_PORT_STATUS:
		on_port_status(s, msg, size);
		break;
	case MSG_ERROR:
		on_error(s, msg, size);
		break;
	case MSG_MULTIPART_REPLY:
	case MSG_BARRIER_REPLY:
	case MSG_EXPERIMENTER:
		if (session_role_message(s, msg, size) || session_ask_message(s, msg, size)
		    || session_meters_message(s, msg, size)
		    || (s->poll && poll_message(s->poll, msg, size, core->now_ms)))
			break;
		if ((!s->sync || !sync_message(s->sync, msg, size, core->now_ms)) && msg_type(msg) != MSG_EXPERIMENTER)
			session_malformed(s, "an answer to nothing we asked");
		break;
	case MSG_ROLE_REPLY:
		session_role_reply(s, msg, size);
		break;
	case MSG_ROLE_STATUS:
		break;
	default: {
		char what[80];
		snprintf(what, sizeof what, "%s out of state", msg_type_name(msg_type(msg)));
		session_malformed(s, what);
	}
	}
}

static void on_batch(void *ctx)
{
	struct session *s = ctx;
	struct core *core = s->all->core;
	take_punts(s);
	s->last_heard_ms = core->now_ms;
	if (s->attached) {
		core_touch(core, s->sw);        /* the tick's end writes, and lets the clock go */
	} else {
		conn_flush(s->conn);
		s->all->clock_read = false;
	}
}

static void session_free(struct session *s)
{
	struct sessions *all = s->all;
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	all->n--;
	sync_free(s->sync);
	poll_free(s->poll);
	hello_free(s->hello);
	conn_free(s->conn);
	free(s);
}

static void on_closed(void *ctx, const char *why)
{
	struct session *s = ctx;
	struct core *core = s->all->core;
	read_clock(s->all);
	session_ask_end(s);
	if (s->attached) {
		VLOG_WARN("%s: connection from %s ended: %s", session_who(s), conn_peer(s->conn), why);
		if (s->sync)
			sync_stop(s->sync);
		core_detach(core, s->sw, why);
		if (core->kick)
			core->kick(core->ctx);
	} else if (!s->refused) {
		VLOG_WARN_RL(&rl, "%s: connection ended before the switch was known: %s",
			     conn_peer(s->conn), why);
		if (conn_is_untrusted(s->conn))
			core_refuse(core, conn_peer_address(s->conn), 0, why);
	}
	session_free(s);
}

static const struct conn_ops conn_ops = {
	.established = on_established, .message = on_message, .batch = on_batch, .closed = on_closed,
};

void sessions_accept(struct sessions *all, int fd, struct tls *tls)
{
	struct session *s = xheap_alloc(sizeof *s);
	s->all = all;
	s->sw = NET_NONE;
	s->since_wall_ms = loop_wall_ms();
	s->punt_tokens = all->punt_budget;
	s->last_heard_ms = loop_now_ms(all->loop);
	s->hello = hello_new(&hello_ops, s);
	s->conn = conn_new(loop_base(all->loop), fd, tls, &conn_ops, s);
	s->next = all->first;
	if (s->next)
		s->next->link = &s->next;
	s->link = &all->first;
	all->first = s;
	all->n++;
	conn_start(s->conn);
}

void session_packet_out(struct session *s, const uint32_t *ofports, size_t n_ports,
			const uint8_t *frame, size_t size)
{
	size_t need = msg_packet_out_size(size, n_ports);
	if (need > MSG_MAX || s->state == SESSION_STANDBY)
		return;         /* no frame of a network is that long: it was cut or made up */
	msg_put_packet_out(sync_put(s, need), 0, ofports, n_ports, frame, size);
}

void session_packet_out_as_in(struct session *s, uint32_t in_port, const uint8_t *frame, size_t size)
{
	size_t need = msg_packet_out_size(size, 1);
	if (need <= MSG_MAX && s->state != SESSION_STANDBY)
		msg_put_packet_out_as_in(sync_put(s, need), 0, in_port, frame, size);
}

void session_packet_out_tunnel(struct session *s, uint32_t ofport, const uint8_t *vtep, size_t vtep_size,
			       const uint8_t *frame, size_t size)
{
	size_t need = msg_packet_out_tunnel_size(size, vtep_size);
	if (need <= MSG_MAX)
		msg_put_packet_out_tunnel(sync_put(s, need), 0, ofport, 0, vtep, vtep_size, frame, size);
}

void session_info(const struct session *s, struct session_info *info)
{
	static const char *const states[] = { "tls", "hello", "standby", "reading", "live" };
	*info = (struct session_info) {
		.state = states[s->state], .peer = conn_peer(s->conn), .cert_name = conn_cert_name(s->conn),
		.sw = s->sw, .since_wall_ms = s->since_wall_ms, .rtt_us = s->rtt_us,
		.queued_bytes = conn_queued(s->conn), .n_punts = s->n_punts,
		.n_punts_dropped = s->n_punts_dropped, .n_errors = s->n_errors,
		.sync_state = s->sync ? sync_state_name(sync_state(s->sync)) : "off",
	};
	snprintf(info->software, sizeof info->software, "%s", s->software);
	snprintf(info->hardware, sizeof info->hardware, "%s", s->hardware);
	snprintf(info->serial, sizeof info->serial, "%s", s->serial);
	conn_count(s->conn, &info->conn);
	if (s->sync)
		sync_count(s->sync, &info->sync);
}
