/* SPDX-License-Identifier: Apache-2.0 */
/* hello: the states between a fresh connection and a switch that can be
 * programmed. Knows nothing of rows, sockets or clocks.
 *
 * Each request has its own xid, so an answer or an error names the step it is
 * for. */
#include "ofproto/hello.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/mem.h"
#include "ofproto/port_log.h"
#include "ofproto/wire.h"

enum {
	STEP_MS = 5000,
	MISS_SEND_LEN = 0xffff,         /* whole frames; our rows say how much they punt */
	MAX_TEXT = 200,
};

enum hello_xid {
	XID_HELLO = 1, XID_FEATURES, XID_PORT_DESC, XID_DESC, XID_METER_FEATURES,
	XID_ROLE, XID_ROLE_ASK, XID_ROLE_AGAIN, XID_ASYNC, XID_CONFIG, XID_BARRIER,
};

struct hello {
	const struct hello_ops *ops;
	void *ctx;
	enum hello_state state;
	uint64_t deadline;              /* ms, of the present state */
	uint64_t generation_id;
	struct peer peer;

	/* Answers of ASK that are still missing. */
	bool wants_ports, wants_desc, wants_meters;
	bool has_role;                  /* the role reply has come */
	bool asks_role;                 /* our generation id was stale: what is the current one? */

	struct port_log ports;
};

#define STATES STATE(HELLO) STATE(FEATURES) STATE(ASK) STATE(ROLE) STATE(CONFIG) STATE(READY) STATE(FAILED)
const char *hello_state_name(enum hello_state state)
{
	switch (state) {
#define STATE(NAME) case HELLO_##NAME: return #NAME;
	STATES
#undef STATE
	}
	return "?";
}

struct hello *hello_new(const struct hello_ops *ops, void *ctx)
{
	struct hello *h = mem_zalloc(sizeof *h);

	h->ops = ops;
	h->ctx = ctx;
	return h;
}

void hello_free(struct hello *h)
{
	if (!h)
		return;
	port_log_uninit(&h->ports);
	free(h->peer.ports);
	free(h);
}

enum hello_state hello_state(const struct hello *h) { return h->state; }
uint64_t hello_generation_id(const struct hello *h) { return h->generation_id; }

static void send_msg(struct hello *h, const uint8_t *msg, size_t size)
{
	h->ops->send(h->ctx, msg, size);
}

static void enter(struct hello *h, enum hello_state state, uint64_t now)
{
	h->state = state;
	h->deadline = now + STEP_MS;
}

/* The last thing done with h, like ops->ready: the owner may take it apart. */
static void fail(struct hello *h, const char *why)
{
	h->state = HELLO_FAILED;
	h->ops->failed(h->ctx, why);
}

static void fail_message(struct hello *h, const uint8_t *m, size_t size, uint16_t code,
			 const char *what)
{
	uint8_t error[12 + 64];
	char why[MAX_TEXT];

	send_msg(h, error, msg_put_error(error, ERROR_BAD_REQUEST, code, m, size));
	snprintf(why, sizeof why, "%s %s while waiting for %s", what, msg_type_name(msg_type(m)),
		 hello_state_name(h->state));
	fail(h, why);
}

static void malformed(struct hello *h, const uint8_t *m, size_t size)
{
	fail_message(h, m, size, BAD_REQUEST_BAD_LEN, "malformed");
}

static void out_of_state(struct hello *h, const uint8_t *m, size_t size)
{
	fail_message(h, m, size, BAD_REQUEST_BAD_TYPE, "unexpected");
}

/* --- ports ------------------------------------------------------------------------- */

static void too_many_ports(struct hello *h) { fail(h, "has more than 65536 ports"); }

static void take_ports(struct hello *h)
{
	h->peer.ports = port_log_take(&h->ports, &h->peer.n_ports);
}

static void take_port_status(struct hello *h, const uint8_t *m, size_t size)
{
	enum msg_port_reason reason;
	struct msg_port port;

	if (!msg_port_status(m, size, &reason, &port))
		malformed(h, m, size);
	else if (!port_log_note(&h->ports, &port, reason == MSG_PORT_DELETE))
		too_many_ports(h);
}

/* --- the steps ----------------------------------------------------------------------- */

/* HELLO: ends with the peer's HELLO (-> FEATURES, or FAILED when it cannot
 * speak 1.3), a deadline, or anything else but echo (-> FAILED). */
static void take_hello(struct hello *h, const uint8_t *m, size_t size, uint64_t now)
{
	static const char text[] = "weft speaks OpenFlow 1.3 only";
	uint8_t reply[MAX_TEXT], version = msg_version(m);
	char why[MAX_TEXT];
	bool speaks;

	if (!msg_hello(m, size, &speaks)) {
		malformed(h, m, size);
		return;
	}
	if (!speaks) {
		version = version < MSG_VERSION ? version : MSG_VERSION;
		send_msg(h, reply, msg_put_hello_failed(reply, sizeof reply, version, msg_xid(m),
							HELLO_FAILED_INCOMPATIBLE, text));
		snprintf(why, sizeof why, "does not speak OpenFlow 1.3 (its highest version byte is "
			 "0x%02x): run `ovs-vsctl set bridge BR protocols=OpenFlow13` there",
			 msg_version(m));
		fail(h, why);
		return;
	}
	send_msg(h, reply, msg_put_header(reply, MSG_FEATURES_REQUEST, XID_FEATURES, MSG_HEADER));
	enter(h, HELLO_FEATURES, now);
}

/* FEATURES: ends with the reply (-> ASK; FAILED when it is an auxiliary
 * connection or identify says no), or a deadline. The requests of ASK and the
 * role leave together: one round trip. */
static void take_features(struct hello *h, const uint8_t *m, size_t size, uint64_t now)
{
	struct msg_features features;
	uint8_t buf[128];
	const char *no;
	size_t n = 0;

	if (!msg_features(m, size, &features)) {
		malformed(h, m, size);
		return;
	}
	if (features.auxiliary_id) {
		fail(h, "is an auxiliary connection: only main connections are spoken to");
		return;
	}
	h->peer.dpid = features.dpid;
	h->peer.capabilities = features.capabilities;
	h->peer.n_tables = features.n_tables;
	h->peer.has_bundles = true;
	no = h->ops->identify(h->ctx, features.dpid);
	if (no) {
		uint8_t reply[12 + MAX_TEXT];

		send_msg(h, reply, msg_put_hello_failed(reply, sizeof reply, MSG_VERSION, msg_xid(m),
							HELLO_FAILED_EPERM, no));
		fail(h, no);
		return;
	}
	h->generation_id = h->ops->generation(h->ctx);
	n += msg_put_multipart(buf + n, XID_PORT_DESC, MULTIPART_PORT_DESC);
	n += msg_put_multipart(buf + n, XID_DESC, MULTIPART_DESC);
	n += msg_put_multipart(buf + n, XID_METER_FEATURES, MULTIPART_METER_FEATURES);
	n += msg_put_role(buf + n, XID_ROLE, ROLE_PRIMARY, h->generation_id);
	send_msg(h, buf, n);
	h->wants_ports = h->wants_desc = h->wants_meters = true;
	enter(h, HELLO_ASK, now);
}

/* ASK: ends when ports, description and meters are known (-> ROLE, or at once
 * CONFIG when the role reply is here too). ROLE: ends with the role reply.
 * Both: errors that cannot be borne and deadlines -> FAILED. */
static void step(struct hello *h, uint64_t now)
{
	uint8_t buf[64];
	size_t n = 0;

	if (h->state == HELLO_ASK && !h->wants_ports && !h->wants_desc && !h->wants_meters)
		enter(h, HELLO_ROLE, now);
	if (h->state == HELLO_ROLE && h->has_role) {
		if (!h->peer.is_secondary) {
			n += msg_put_set_async(buf + n, XID_ASYNC);
			n += msg_put_set_config(buf + n, XID_CONFIG, MISS_SEND_LEN);
		}
		n += msg_put_barrier(buf + n, XID_BARRIER);
		send_msg(h, buf, n);
		enter(h, HELLO_CONFIG, now);
	}
}

static void take_port_desc(struct hello *h, const uint8_t *m, size_t size, bool more, uint64_t now)
{
	if ((size - MSG_MULTIPART) % MSG_PORT) {
		malformed(h, m, size);
		return;
	}
	for (size_t at = MSG_MULTIPART; at < size; at += MSG_PORT) {
		struct msg_port port;

		msg_port(m + at, &port);
		if (!port_log_note(&h->ports, &port, false)) {
			too_many_ports(h);
			return;
		}
	}
	h->wants_ports = more;
	step(h, now);
}

static void take_desc(struct hello *h, const uint8_t *m, size_t size, uint64_t now)
{
	struct peer *p = &h->peer;
	const uint8_t *at = m + MSG_MULTIPART;

	if (size < MSG_MULTIPART + 1056) {
		malformed(h, m, size);
		return;
	}
	msg_text(p->manufacturer, sizeof p->manufacturer, at, 256);
	msg_text(p->hardware, sizeof p->hardware, at + 256, 256);
	msg_text(p->software, sizeof p->software, at + 512, 256);
	msg_text(p->serial, sizeof p->serial, at + 768, 32);
	msg_text(p->description, sizeof p->description, at + 800, 256);
	h->wants_desc = false;
	step(h, now);
}

static void take_meters(struct hello *h, const uint8_t *m, size_t size, uint64_t now)
{
	if (!msg_meter_features(m, size, &h->peer.max_meters)) {
		malformed(h, m, size);
		return;
	}
	h->wants_meters = false;
	step(h, now);
}

static void take_multipart(struct hello *h, const uint8_t *m, size_t size, uint64_t now)
{
	uint32_t xid = msg_xid(m);
	uint16_t type;
	bool more;

	if (!msg_multipart(m, size, &type, &more))
		malformed(h, m, size);
	else if (type == MULTIPART_PORT_DESC && xid == XID_PORT_DESC && h->wants_ports)
		take_port_desc(h, m, size, more, now);
	else if (type == MULTIPART_DESC && xid == XID_DESC && h->wants_desc)
		take_desc(h, m, size, now);
	else if (type == MULTIPART_METER_FEATURES && xid == XID_METER_FEATURES && h->wants_meters)
		take_meters(h, m, size, now);
	else
		out_of_state(h, m, size);
}

static void take_role(struct hello *h, const uint8_t *m, size_t size, uint64_t now)
{
	uint32_t xid = msg_xid(m);
	uint64_t generation_id;
	enum msg_role role;
	uint8_t buf[24];

	if (!msg_role(m, size, &role, &generation_id)) {
		malformed(h, m, size);
		return;
	}
	if (xid == XID_ROLE_ASK && h->asks_role) {
		h->asks_role = false;
		h->generation_id = generation_id;
		h->peer.is_secondary = true;
		send_msg(h, buf, msg_put_role(buf, XID_ROLE_AGAIN, ROLE_SECONDARY, generation_id));
		return;
	}
	if (xid != (h->peer.is_secondary ? XID_ROLE_AGAIN : XID_ROLE) || h->asks_role || h->has_role
	    || role != (h->peer.is_secondary ? ROLE_SECONDARY : ROLE_PRIMARY)) {
		out_of_state(h, m, size);
		return;
	}
	h->has_role = true;
	step(h, now);
}

/* CONFIG: ends with the barrier reply (-> READY) or a deadline. */
static void take_barrier(struct hello *h, const uint8_t *m, size_t size)
{
	if (msg_xid(m) != XID_BARRIER) {
		out_of_state(h, m, size);
		return;
	}
	take_ports(h);
	h->state = HELLO_READY;
	h->ops->ready(h->ctx, &h->peer);        /* h may be gone */
}

/* An error names its step by xid. Some steps can do without an answer. */
static void take_error(struct hello *h, const uint8_t *m, size_t size, uint64_t now)
{
	const uint8_t *data;
	uint16_t type, code;
	size_t data_size;
	uint8_t buf[24];
	char why[2 * MAX_TEXT], text[MAX_TEXT];

	if (!msg_error(m, size, &type, &code, &data, &data_size)) {
		fail(h, "malformed ERROR");
		return;
	}
	if (type == ERROR_HELLO_FAILED) {
		msg_text(text, sizeof text, data, data_size);
		snprintf(why, sizeof why, "refuses us (%s): \"%s\"; does it speak OpenFlow 1.3? "
			 "(`ovs-vsctl set bridge BR protocols=OpenFlow13`)",
			 msg_error_name_of(m, size), text);
		fail(h, why);
		return;
	}
	switch (h->state == HELLO_HELLO || h->state == HELLO_FEATURES ? 0 : msg_xid(m)) {
	case XID_DESC:
		h->wants_desc = false;
		break;
	case XID_METER_FEATURES:
		h->wants_meters = false;
		break;
	case XID_ASYNC:
	case XID_CONFIG:
		break;
	case XID_ROLE:
		if (type == ERROR_ROLE_REQUEST_FAILED && code == ROLE_REQUEST_STALE && !h->has_role) {
			h->asks_role = true;
			send_msg(h, buf, msg_put_role(buf, XID_ROLE_ASK, ROLE_NOCHANGE, 0));
			return;
		}
		/* fall through */
	case XID_ROLE_ASK:
	case XID_ROLE_AGAIN:
		snprintf(why, sizeof why, "does not give us a controller's role: %s",
			 msg_error_name_of(m, size));
		fail(h, why);
		return;
	default:
		snprintf(why, sizeof why, "answers with an error while waiting for %s: %s",
			 hello_state_name(h->state), msg_error_name_of(m, size));
		fail(h, why);
		return;
	}
	step(h, now);
}

/* --- outside --------------------------------------------------------------------------- */

void hello_start(struct hello *h, uint64_t now_ms)
{
	uint8_t buf[16];

	enter(h, HELLO_HELLO, now_ms);
	send_msg(h, buf, msg_put_hello(buf, XID_HELLO));
}

static void take_echo(struct hello *h, const uint8_t *m, size_t size)
{
	uint8_t *reply = mem_alloc(size);

	send_msg(h, reply, msg_put_echo_reply(reply, m, size));
	free(reply);
}

/* Takes a message of our version if this is its time; false if not. */
static bool take_in_time(struct hello *h, const uint8_t *m, size_t size, uint64_t now_ms)
{
	enum hello_state state = h->state;

	switch (msg_type(m)) {
	case MSG_ECHO_REQUEST:
		take_echo(h, m, size);
		return true;
	case MSG_ECHO_REPLY:
		return true;
	case MSG_ERROR:
		take_error(h, m, size, now_ms);
		return true;
	case MSG_FEATURES_REPLY:
		if (state != HELLO_FEATURES || msg_xid(m) != XID_FEATURES)
			return false;
		take_features(h, m, size, now_ms);
		return true;
	case MSG_MULTIPART_REPLY:
		if (state != HELLO_ASK)
			return false;
		take_multipart(h, m, size, now_ms);
		return true;
	case MSG_ROLE_REPLY:
		if (state != HELLO_ASK && state != HELLO_ROLE)
			return false;
		take_role(h, m, size, now_ms);
		return true;
	case MSG_BARRIER_REPLY:
		if (state != HELLO_CONFIG)
			return false;
		take_barrier(h, m, size);
		return true;
	/* What a switch may say unasked. Rows are read back later, frames come again. */
	case MSG_PORT_STATUS:
		if (state == HELLO_HELLO)
			return false;
		take_port_status(h, m, size);
		return true;
	case MSG_PACKET_IN:
	case MSG_FLOW_REMOVED:
	case MSG_EXPERIMENTER:
	case MSG_ROLE_STATUS:
		return state != HELLO_HELLO;
	default:
		return false;
	}
}

void hello_message(struct hello *h, const uint8_t *m, size_t size, uint64_t now_ms)
{
	uint8_t type = msg_type(m);

	if (h->state == HELLO_READY || h->state == HELLO_FAILED)
		return;
	if (type == MSG_HELLO && h->state == HELLO_HELLO)
		take_hello(h, m, size, now_ms);
	else if (msg_version(m) != MSG_VERSION && type != MSG_ERROR)
		fail_message(h, m, size, BAD_REQUEST_BAD_VERSION, "wrong version in");
	else if (!take_in_time(h, m, size, now_ms))
		out_of_state(h, m, size);
}

void hello_tick(struct hello *h, uint64_t now_ms)
{
	char why[MAX_TEXT];

	if (h->state == HELLO_READY || h->state == HELLO_FAILED || now_ms < h->deadline)
		return;
	snprintf(why, sizeof why, "no answer within %d s while waiting for %s", STEP_MS / 1000,
		 hello_state_name(h->state));
	fail(h, why);
}
