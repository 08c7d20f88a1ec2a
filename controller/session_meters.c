/* SPDX-License-Identifier: Apache-2.0 */
/* Once a second a switch whose ports have storm limits is asked what its meters have
 * dropped. One question is open at a time. */
#include "controller/session_private.h"

enum {
	ASK_MS = 1000,
	XID_METERS = 66,                /* below those of sync, beside those of role */
	ROOM = 64,                      /* meters handed on together */
};

void session_meters_tick(struct session *s, uint64_t now_ms)
{
	const struct view_switch *vs = view_switch(s->all->core->view, s->sw);
	uint8_t request[24];
	if (s->state != SESSION_LIVE || s->meters_asked || now_ms < s->meters_due_ms || !vs->n_limited
	    || !vs->max_meters)
		return;
	s->meters_asked = true;
	s->meters_due_ms = now_ms + ASK_MS;
	conn_send(s->conn, request, msg_put_meter_stats(request, XID_METERS));
	conn_flush(s->conn);
}

static bool read_meters(struct session *s, const uint8_t *msg, size_t size)
{
	struct app_meter meters[ROOM];
	struct msg_meter_stats stats;
	size_t at = 0, n = 0;
	int more;
	while ((more = msg_meter_stats(msg, size, &at, &stats)) > 0) {
		meters[n++] = (struct app_meter) {
			.id = stats.id, .n_packets = stats.n_packets, .n_dropped = stats.n_dropped,
		};
		if (n == ROOM) {
			core_metered(s->all->core, s->sw, meters, n);
			n = 0;
		}
	}
	core_metered(s->all->core, s->sw, meters, n);
	return !more;
}

bool session_meters_message(struct session *s, const uint8_t *msg, size_t size)
{
	uint16_t type;
	bool is_more;
	if (!s->meters_asked || msg_xid(msg) != XID_METERS)
		return false;
	/* A switch that cannot tell is asked no more in this session. */
	if (msg_type(msg) == MSG_ERROR)
		return true;
	if (!msg_multipart(msg, size, &type, &is_more) || type != MULTIPART_METER || !read_meters(s, msg, size)) {
		session_malformed(s, "malformed meter statistics");
		return true;
	}
	s->meters_asked = is_more;
	return true;
}
