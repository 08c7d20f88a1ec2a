/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in charge of a switch when several weftd speak to it: the one with the
 * highest generation id (OpenFlow 1.3, section 6.3.6), as long as it lives.
 *
 * The one in charge asks for its role again and again, each time with a
 * generation id that is one higher: a sign of life that every other controller of
 * the switch can read, and that costs the switch nothing. The others stand by:
 * role SECONDARY, no word that changes anything. When the generation id stands
 * still for LOST_MS, one of them ends its connection and comes back with a higher
 * id. Two of them may try at once: the switch has the last word. */
#include <inttypes.h>

#include "controller/session_private.h"
#include "ofproto/log.h"

LOG_MODULE(role)

enum {
	BEAT_MS = 2000,
	LOST_MS = 9000,                 /* without a beat: longer than a restart of the other one */
	XID_BEAT = 64, XID_LOOK = 65,   /* below those of sync, above those of hello */
};

static struct vlog_rate_limit rl = LOG_RATE;

static struct core_switch *switch_of(const struct session *s)
{
	return s->all->core->switches[s->sw];
}

uint64_t session_generation(const struct session *s)
{
	uint64_t own = switch_of(s)->generation_id;
	return own > s->all->generation_id ? own : s->all->generation_id;
}

void session_role_start(struct session *s)
{
	struct core *core = s->all->core;
	uint64_t generation_id = hello_generation_id(s->hello);
	s->role_due_ms = core->now_ms + BEAT_MS;
	if (s->state != SESSION_STANDBY) {
		switch_of(s)->generation_id = generation_id;
		return;
	}
	switch_of(s)->stood_by = true;
	s->other_generation_id = generation_id;
	s->other_moved_ms = core->now_ms;
	VLOG_WARN_RL(&rl, "%s: another controller is in charge (generation id %" PRIu64 ", ours %" PRIu64
		     "); standing by", session_who(s), generation_id, session_generation(s));
	events_note(core->events, core->wall_ms, EVENT_WARNING, "standby", session_who(s),
		    "another controller is in charge (generation id %" PRIu64 "); standing by", generation_id);
}

static void send_role(struct session *s, uint32_t xid, enum msg_role role, uint64_t generation_id)
{
	uint8_t request[24];
	conn_send(s->conn, request, msg_put_role(request, xid, role, generation_id));
	conn_flush(s->conn);
}

void session_role_tick(struct session *s, uint64_t now_ms)
{
	struct core_switch *cs = switch_of(s);
	if (now_ms < s->role_due_ms)
		return;
	s->role_due_ms = now_ms + BEAT_MS;
	if (s->state != SESSION_STANDBY) {
		send_role(s, XID_BEAT, ROLE_PRIMARY, ++cs->generation_id);
	} else if (now_ms - s->other_moved_ms < LOST_MS) {
		send_role(s, XID_LOOK, ROLE_NOCHANGE, 0);
	} else {
		cs->generation_id = s->other_generation_id + 1;
		VLOG_WARN("%s: the controller in charge gives no sign of life for %d s; taking over",
			  session_who(s), LOST_MS / 1000);
		conn_close(s->conn, "the controller in charge is gone: coming back to take over");
	}
}

void session_role_reply(struct session *s, const uint8_t *msg, size_t size)
{
	enum msg_role role;
	uint64_t generation_id;
	if (!msg_role(msg, size, &role, &generation_id)) {
		session_malformed(s, "malformed ROLE_REPLY");
	} else if (s->state == SESSION_STANDBY && generation_id != s->other_generation_id) {
		s->other_generation_id = generation_id;
		s->other_moved_ms = s->all->core->now_ms;
	}
}

/* A new connection says how things stand: nothing has to be taken back here. */
bool session_role_message(struct session *s, const uint8_t *msg, size_t size)
{
	static const char why[] = "another controller with a higher generation id has taken charge";
	enum msg_role role;
	bool is_lost;
	if (msg_role_status(msg, size, &role))
		is_lost = role == ROLE_SECONDARY && s->state != SESSION_STANDBY;
	else if (msg_type(msg) == MSG_ERROR && (msg_xid(msg) == XID_BEAT || msg_xid(msg) == XID_LOOK))
		is_lost = true;
	else
		return false;
	if (is_lost)
		conn_close(s->conn, why);
	return true;
}
