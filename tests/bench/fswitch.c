/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fake switch: the end of an OpenFlow 1.3 channel that answers as Open vSwitch would.
 *
 * It has no datapath: rows are remembered, not obeyed. Every request gets the answer of the standard, or the
 * error of the standard; nothing a controller asks for stays without one. The owner hears of what it measures
 * through hooks, and sends what it wants between the answers.
 */
#include "fswitch.h"

#include <stdio.h>

/* ofp_error_msg types and codes (section 7.4.4). */
enum { BAD_REQUEST = 1, BAD_TYPE = 1, BAD_MULTIPART = 2, BAD_EXPERIMENTER = 3, BAD_EXP_TYPE = 4, BAD_LEN = 6 };

void fswitch_init(struct fswitch *s, const struct fswitch_hooks *hooks, const char *name, uint64_t dpid,
		  unsigned n_ports, bool remember)
{
	*s = (struct fswitch){.hooks = hooks, .dpid = dpid, .n_ports = n_ports, .remember = remember};
	s->stream.fd = -1;
	snprintf(s->name, sizeof s->name, "%s", name);
}

void fswitch_uninit(struct fswitch *s)
{
	stream_close(&s->stream, "done");
	buf_free(&s->stream.tail);
	buf_free(&s->stream.backlog);
	buf_free(&s->staged);
	rows_uninit(&s->rows);
}

void fswitch_hello(struct fswitch *s, struct buf *out)
{
	size_t at = msg_begin(out, OFPT_HELLO, 1);

	buf_u16(out, 1); /* OFPHET_VERSIONBITMAP */
	buf_u16(out, 8);
	buf_u32(out, 1U << OFP13);
	msg_end(out, at);
	s->got_hello = s->got_features = false;
	s->role = 1; /* OFPCR_ROLE_EQUAL */
	s->staged.n = 0;
	put16(s->config, 0);
	put16(s->config + 2, 0xffff);
}

static void answer_error(struct fswitch *s, const uint8_t *msg, size_t size, uint16_t code, struct buf *out)
{
	size_t at = msg_begin(out, OFPT_ERROR, get32(msg + 4));

	buf_u16(out, BAD_REQUEST);
	buf_u16(out, code);
	buf_put(out, msg, size < 64 ? size : 64);
	msg_end(out, at);
	s->counts.refused++;
}

static void answer_features(struct fswitch *s, uint32_t xid, struct buf *out)
{
	size_t at = msg_begin(out, OFPT_FEATURES_REPLY, xid);

	buf_u64(out, s->dpid);
	buf_u32(out, 0);    /* buffers */
	buf_u8(out, 254);   /* tables */
	buf_u8(out, 0);     /* main connection */
	buf_u16(out, 0);
	buf_u32(out, 0x4f); /* flow, table, port, group and queue statistics */
	buf_u32(out, 0);
	msg_end(out, at);
	s->got_features = true;
	if (s->hooks->features)
		s->hooks->features(s);
}

static void put_port(const struct fswitch *s, uint32_t port, const char *name, struct buf *out)
{
	uint8_t *p = buf_add(out, 64);

	memset(p, 0, 64);
	put32(p, port);
	p[8] = 0x02; /* a locally administered address: 02:fe:dpid:port */
	p[9] = 0xfe;
	put16(p + 10, (uint16_t)s->dpid);
	put16(p + 12, (uint16_t)port);
	snprintf((char *)p + 16, 16, "%s", name);
	put32(p + 36, 4);          /* OFPPS_LIVE */
	put32(p + 40, 0x2040);     /* copper, 10 Gbit/s full duplex */
	put32(p + 56, 10000000);   /* kbit/s */
}

static void put_ports(const struct fswitch *s, struct buf *out)
{
	char name[16];

	for (unsigned i = 1; i <= s->n_ports; i++) {
		snprintf(name, sizeof name, "p%u", i);
		put_port(s, i, name, out);
	}
	put_port(s, OFPP_LOCAL, "br0", out);
}

static void put_text(struct buf *out, const char *text, size_t width)
{
	char *p = (char *)buf_add(out, width);

	memset(p, 0, width);
	snprintf(p, width, "%s", text);
}

static void put_desc(const struct fswitch *s, struct buf *out)
{
	put_text(out, "Nicira, Inc.", 256);
	put_text(out, "fake switch of the bench", 256);
	put_text(out, "3.1.0", 256);
	put_text(out, "None", 32);
	put_text(out, s->name, 256);
}

static void answer_multipart(struct fswitch *s, const uint8_t *msg, size_t size, struct buf *out)
{
	uint16_t part = get16(msg + 8);
	size_t at;

	s->counts.dumps++;
	if (part == OFPMP_FLOW || part == OFPMP_GROUP_DESC || part == OFPMP_METER_CONFIG) {
		rows_dump(&s->rows, msg, size, out);
		return;
	}
	at = msg_begin(out, OFPT_MULTIPART_REPLY, get32(msg + 4));
	buf_u16(out, part);
	buf_zero(out, 6);
	switch (part) {
	case OFPMP_DESC:
		put_desc(s, out);
		break;
	case OFPMP_AGGREGATE:
		buf_zero(out, 16);
		buf_u32(out, (uint32_t)rows_count(&s->rows, OFPT_FLOW_MOD));
		buf_zero(out, 4);
		break;
	case OFPMP_TABLE:
	case OFPMP_QUEUE:
	case OFPMP_GROUP:
	case OFPMP_METER:
		break;
	case OFPMP_PORT_STATS:
		for (unsigned i = 1; i <= s->n_ports; i++) {
			buf_u32(out, i);
			buf_zero(out, 108);
		}
		break;
	case OFPMP_GROUP_FEATURES:
		buf_u32(out, 0xf); /* all, select, indirect, fast failover */
		buf_u32(out, 0x7);
		for (int i = 0; i < 4; i++)
			buf_u32(out, 0xffffff00);
		buf_zero(out, 16);
		break;
	case OFPMP_METER_FEATURES:
		buf_u32(out, 262144);
		buf_u32(out, 2);   /* drop bands */
		buf_u32(out, 0xf); /* kbit/s, packets/s, burst, statistics */
		buf_u8(out, 1);
		buf_zero(out, 3);
		break;
	case OFPMP_PORT_DESC:
		put_ports(s, out);
		break;
	default:
		out->n = at;
		answer_error(s, msg, size, BAD_MULTIPART, out);
		return;
	}
	msg_end(out, at);
}

static void answer_role(struct fswitch *s, const uint8_t *msg, struct buf *out)
{
	size_t at = msg_begin(out, OFPT_ROLE_REPLY, get32(msg + 4));

	if (get32(msg + 8)) { /* not OFPCR_ROLE_NOCHANGE */
		s->role = get32(msg + 8);
		if (s->role > 1)
			s->generation_id = get64(msg + 16);
	}
	buf_u32(out, s->role);
	buf_u32(out, 0);
	buf_u64(out, s->generation_id);
	msg_end(out, at);
}

static void answer_plain(uint8_t type, const uint8_t *msg, const void *body, size_t n, struct buf *out)
{
	size_t at = msg_begin(out, type, get32(msg + 4));

	buf_put(out, body, n);
	msg_end(out, at);
}

/* FLOW_MOD, GROUP_MOD or METER_MOD takes effect. */
static void take_row(struct fswitch *s, const uint8_t *msg, size_t size)
{
	if (s->remember)
		rows_take(&s->rows, msg, size);
	if (msg[1] == OFPT_GROUP_MOD) {
		s->counts.group_mods++;
	} else if (msg[1] == OFPT_METER_MOD) {
		s->counts.meter_mods++;
	} else {
		s->counts.flow_mods++;
		if (s->hooks->flow_mod)
			s->hooks->flow_mod(s, msg, size);
	}
}

static bool is_row(uint8_t type, size_t size)
{
	if (type == OFPT_FLOW_MOD)
		return size >= FM_MATCH + 8;
	return (type == OFPT_GROUP_MOD || type == OFPT_METER_MOD) && size >= 16;
}

/* Let the staged messages of one bundle take effect, or forget them. */
static void end_bundle(struct fswitch *s, uint32_t id, bool commit)
{
	size_t keep = 0;

	for (size_t i = 0, n; i < s->staged.n; i += n) {
		const uint8_t *p = s->staged.data + i;

		n = 4U + get16(p + 6);
		if (get32(p) != id) {
			memmove(s->staged.data + keep, p, n);
			keep += n;
		} else if (commit && is_row(p[5], n - 4)) {
			take_row(s, p + 4, n - 4);
		}
	}
	s->staged.n = keep;
	s->counts.bundles += commit;
}

/* ONF EXT-230: bundle id at 16, type and flags, or padding, flags and a message, after it. */
static void take_bundle(struct fswitch *s, const uint8_t *msg, size_t size, struct buf *out)
{
	uint32_t id = get32(msg + 16);

	if (get32(msg + 12) == ONFT_BUNDLE_ADD) {
		if (size < 32 || get16(msg + 26) < 8 || 24U + get16(msg + 26) > size) {
			answer_error(s, msg, size, BAD_LEN, out);
			return;
		}
		buf_u32(&s->staged, id);
		buf_put(&s->staged, msg + 24, get16(msg + 26));
		return;
	}
	uint16_t type = get16(msg + 20);
	if (type == BUNDLE_COMMIT || type == BUNDLE_DISCARD)
		end_bundle(s, id, type == BUNDLE_COMMIT);
	size_t at = msg_begin(out, OFPT_EXPERIMENTER, get32(msg + 4));
	buf_put(out, msg + 8, 12);
	buf_u16(out, (uint16_t)(type + 1));
	buf_put(out, msg + 22, 2);
	msg_end(out, at);
}

static void take_experimenter(struct fswitch *s, const uint8_t *msg, size_t size, struct buf *out)
{
	uint32_t vendor = size >= 16 ? get32(msg + 8) : 0, type = size >= 16 ? get32(msg + 12) : 0;

	if (vendor == ONF_EXPERIMENTER && (type == ONFT_BUNDLE_CONTROL || type == ONFT_BUNDLE_ADD) && size >= 24)
		take_bundle(s, msg, size, out);
	/* Settings without a reply: flow format, table id, packet-in format, async, controller id. */
	else if (vendor == NICIRA && (type == 12 || type == 15 || type == 16 || type == 19 || type == 20 || type == 27))
		return;
	else
		answer_error(s, msg, size, vendor == NICIRA ? BAD_EXP_TYPE : BAD_EXPERIMENTER, out);
}

static bool take_hello(struct fswitch *s, const uint8_t *msg, size_t size)
{
	bool ok = msg[0] >= OFP13;

	for (size_t i = 8; i + 8 <= size && get16(msg + i + 2) >= 4; i += pad8(get16(msg + i + 2)))
		if (get16(msg + i) == 1)
			ok = get32(msg + i + 4) & 1U << OFP13;
	if (!ok)
		stream_close(&s->stream, "the controller does not speak OpenFlow 1.3");
	s->got_hello = ok;
	return ok;
}

static void take_error(struct fswitch *s, const uint8_t *msg, size_t size)
{
	s->counts.errors++;
	if (size >= 12)
		snprintf(s->error, sizeof s->error, "OFPT_ERROR type %u code %u: %.*s", get16(msg + 8),
			 get16(msg + 10), size > 12 && size < 60 && !get16(msg + 8) ? (int)(size - 12) : 0,
			 (const char *)msg + 12);
}

/* Shortest form of what we look into, by message type. */
static size_t least(uint8_t type)
{
	switch (type) {
	case OFPT_SET_CONFIG:
		return 12;
	case OFPT_PACKET_OUT:
		return PO_ACTIONS;
	case OFPT_MULTIPART_REQUEST:
		return 16;
	case OFPT_ROLE_REQUEST:
		return 24;
	case OFPT_SET_ASYNC:
		return 32;
	default:
		return OFP_HEADER;
	}
}

static void take_message(struct fswitch *s, const uint8_t *msg, size_t size, struct buf *out)
{
	const uint8_t type = msg[1];

	if (size < least(type)) {
		answer_error(s, msg, size, BAD_LEN, out);
		return;
	}
	switch (type) {
	case OFPT_FLOW_MOD:
	case OFPT_GROUP_MOD:
	case OFPT_METER_MOD:
		if (is_row(type, size))
			take_row(s, msg, size);
		else
			answer_error(s, msg, size, BAD_LEN, out);
		return;
	case OFPT_PACKET_OUT:
		s->counts.packet_outs++;
		if (s->hooks->packet_out)
			s->hooks->packet_out(s, msg, size);
		return;
	case OFPT_ECHO_REQUEST:
		s->counts.echo_requests++;
		answer_plain(OFPT_ECHO_REPLY, msg, msg + 8, size - 8, out);
		return;
	case OFPT_ECHO_REPLY:
		if (s->hooks->echo_reply)
			s->hooks->echo_reply(s, msg, size);
		return;
	case OFPT_BARRIER_REQUEST:
		s->counts.barriers++;
		answer_plain(OFPT_BARRIER_REPLY, msg, NULL, 0, out);
		if (s->hooks->barrier)
			s->hooks->barrier(s);
		return;
	case OFPT_EXPERIMENTER:
		take_experimenter(s, msg, size, out);
		return;
	case OFPT_FEATURES_REQUEST:
		answer_features(s, get32(msg + 4), out);
		return;
	case OFPT_MULTIPART_REQUEST:
		answer_multipart(s, msg, size, out);
		return;
	case OFPT_ROLE_REQUEST:
		answer_role(s, msg, out);
		return;
	case OFPT_GET_ASYNC_REQUEST:
		answer_plain(OFPT_GET_ASYNC_REPLY, msg, s->async, sizeof s->async, out);
		return;
	case OFPT_SET_ASYNC:
		memcpy(s->async, msg + 8, sizeof s->async);
		return;
	case OFPT_GET_CONFIG_REQUEST:
		answer_plain(OFPT_GET_CONFIG_REPLY, msg, s->config, sizeof s->config, out);
		return;
	case OFPT_SET_CONFIG:
		memcpy(s->config, msg + 8, sizeof s->config);
		return;
	case OFPT_ERROR:
		take_error(s, msg, size);
		return;
	case OFPT_PORT_MOD:
	case OFPT_TABLE_MOD:
		return;
	default:
		answer_error(s, msg, size, BAD_TYPE, out);
	}
}

long fswitch_take(struct fswitch *s, const uint8_t *bytes, size_t n, struct buf *out)
{
	size_t i = 0;

	while (i + OFP_HEADER <= n) {
		const uint8_t *msg = bytes + i;
		size_t size = get16(msg + 2);

		if (size < OFP_HEADER) {
			stream_close(&s->stream, "the controller sent a message shorter than its header");
			return -1;
		}
		if (i + size > n)
			break;
		i += size;
		s->counts.messages++;
		if (msg[1] == OFPT_HELLO) {
			if (!take_hello(s, msg, size))
				return -1;
		} else if (msg[0] != OFP13 || (!s->got_hello && msg[1] != OFPT_ERROR)) {
			stream_close(&s->stream, "the controller sent a message of another version, or before HELLO");
			return -1;
		} else {
			take_message(s, msg, size, out);
		}
	}
	return (long)i;
}
