/* SPDX-License-Identifier: Apache-2.0 */
/* fake_switch: the messages of the fake switch: cuts its inbox into messages and
 * answers each as Open vSwitch would. What it decodes and how errors look is
 * libopenvswitch's, so it judges our own encoders independently. */
#include "tests/unit/fake_switch.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/mem.h"
#include "ofproto/wire.h"
#include "tests/unit/fake_impl.h"

enum { MULTIPART_MORE = 1, N_TABLES = 254, CAPABILITIES = 0x4f };

/* --- bytes ------------------------------------------------------------------------------ */

uint8_t *bytes_put(struct fake_bytes *b, const void *data, size_t size)
{
	if (b->at == b->size)
		b->at = b->size = 0;
	if (b->size + size > b->max) {
		b->max = 2 * (b->size + size);
		b->data = mem_realloc(b->data, b->max);
	}
	memcpy(b->data + b->size, data, size);
	b->size += size;
	return b->data + b->size - size;
}

static void bytes_clear(struct fake_bytes *b) { b->at = b->size = 0; }

static void bytes_free(struct fake_bytes *b)
{
	free(b->data);
	*b = (struct fake_bytes) { 0 };
}

/* The next whole message, or null. */
static const uint8_t *bytes_next(struct fake_bytes *b, size_t *ret_size)
{
	const uint8_t *m = b->data + b->at;

	if (b->size - b->at < MSG_HEADER || b->size - b->at < msg_size(m))
		return NULL;
	if (msg_size(m) < MSG_HEADER)
		abort();
	*ret_size = msg_size(m);
	b->at += *ret_size;
	return m;
}

/* --- answers ------------------------------------------------------------------------------ */

static void answer(struct fake_switch *f, const uint8_t *msg, size_t size)
{
	bytes_put(&f->out, msg, size);
}

static void answer_error(struct fake_switch *f, enum ofperr error, const struct ofp_header *request)
{
	struct ofpbuf *msg = ofperr_encode_reply(error, request);

	f->counts.n_errors++;
	answer(f, msg->data, msg->size);
	ofpbuf_delete(msg);
}

static void say_hello(struct fake_switch *f)
{
	uint8_t hello[16];
	size_t size = msg_put_hello(hello, 1);

	hello[0] = f->knobs.hello_version;
	if (f->knobs.hello_bitmap)
		wire_put_u32(hello + 12, f->knobs.hello_bitmap);
	else
		wire_put_u16(hello + 2, (uint16_t) (size = MSG_HEADER));
	answer(f, hello, size);
}

static void answer_features(struct fake_switch *f, const uint8_t *m)
{
	uint8_t reply[32] = { 0 };

	msg_put_header(reply, MSG_FEATURES_REPLY, msg_xid(m), sizeof reply);
	wire_put_u64(reply + 8, f->dpid);
	reply[20] = N_TABLES;
	reply[21] = f->knobs.auxiliary_id;
	wire_put_u32(reply + 24, CAPABILITIES);
	answer(f, reply, sizeof reply);
}

/* Section 6.3.6: a generation id older than one seen is stale. */
static void answer_role(struct fake_switch *f, const struct ofp_header *m)
{
	struct ofputil_role_request request;
	uint8_t reply[24] = { 0 };
	enum ofperr error = ofputil_decode_role_message(m, &request);

	if (!error && request.have_generation_id) {
		if (f->has_generation && (int64_t) (request.generation_id - f->generation_id) < 0)
			error = OFPERR_OFPRRFC_STALE;
		else
			f->generation_id = request.generation_id;
		f->has_generation = true;
	}
	if (error) {
		answer_error(f, error, m);
		return;
	}
	if (request.role != OFPCR12_ROLE_NOCHANGE)
		f->role = (enum msg_role) request.role;
	msg_put_header(reply, MSG_ROLE_REPLY, msg_xid((const uint8_t *) m), sizeof reply);
	wire_put_u32(reply + 8, f->role);
	wire_put_u64(reply + 16, f->has_generation ? f->generation_id : UINT64_MAX);
	answer(f, reply, sizeof reply);
}

/* --- multipart ----------------------------------------------------------------------------- */

/* A reply in the making: entries are put until a piece is full. */
struct pieces {
	struct fake_switch *f;
	uint16_t type;
	uint32_t xid;
	struct fake_bytes body;
};

static void end_piece(struct pieces *p, bool more)
{
	uint8_t head[MSG_MULTIPART] = { 0 };

	msg_put_header(head, MSG_MULTIPART_REPLY, p->xid, sizeof head + p->body.size);
	wire_put_u16(head + 8, p->type);
	wire_put_u16(head + 10, more ? MULTIPART_MORE : 0);
	answer(p->f, head, sizeof head);
	if (p->body.size)
		answer(p->f, p->body.data, p->body.size);
	bytes_clear(&p->body);
}

static uint8_t *put_entry(struct pieces *p, size_t size)
{
	static const uint8_t zeros[MSG_MAX];

	if (p->body.size && p->body.size + size > p->f->knobs.piece)
		end_piece(p, true);
	return bytes_put(&p->body, zeros, size);
}

/* Section 7.3.5.2. */
static void put_flow(struct pieces *p, const struct fake_row *row)
{
	const uint8_t *msg = row->rule.msg;
	uint8_t *e = put_entry(p, row->rule.size);

	wire_put_u16(e, row->rule.size);
	e[2] = msg[FLOW_TABLE];
	wire_put_u32(e + 4, row->duration);
	memcpy(e + 12, msg + FLOW_PRIORITY, 2);
	memcpy(e + 14, msg + FLOW_IDLE, 2);
	memcpy(e + 16, msg + FLOW_HARD, 2);
	memcpy(e + 18, msg + FLOW_FLAGS, 2);
	memcpy(e + 24, msg + FLOW_COOKIE, 8);
	wire_put_u64(e + 32, row->n_packets);
	wire_put_u64(e + 40, row->n_bytes);
	memcpy(e + 48, msg + FLOW_MATCH, row->rule.size - (size_t) FLOW_MATCH);
}

/* Sections 7.3.5.10 (groups) and 7.3.5.12 (meters): length, then what follows the command. */
static void put_id(struct pieces *p, const struct fake_row *row)
{
	uint8_t *e = put_entry(p, row->rule.size - 8u);

	wire_put_u16(e, (uint16_t) (row->rule.size - 8));
	memcpy(e + 2, row->rule.msg + GROUP_TYPE, row->rule.size - (size_t) GROUP_TYPE);
}

static void put_rows(struct pieces *p, enum rule_kind kind, int table)
{
	for (size_t i = 0; i < p->f->n_buckets; i++) {
		for (const struct fake_row *row = p->f->buckets[i]; row; row = row->next) {
			if (row->rule.kind != kind)
				continue;
			if (kind != RULE_FLOW)
				put_id(p, row);
			else if (table < 0 || rule_table(&row->rule) == table)
				put_flow(p, row);
		}
	}
}

static void put_ports(struct pieces *p)
{
	for (const struct fake_port *port = p->f->ports; port; port = port->next) {
		struct ofpbuf b;

		ofpbuf_init(&b, MSG_PORT);
		ofputil_put_phy_port(OFP13_VERSION, &port->port, &b);
		memcpy(put_entry(p, b.size), b.data, b.size);
		ofpbuf_uninit(&b);
	}
}

/* Section 7.3.5.6, as the library writes it. */
static void put_port_stats(struct pieces *p, const struct ofp_header *request)
{
	for (const struct fake_port *port = p->f->ports; port; port = port->next) {
		struct ofputil_port_stats stats = {
			.port_no = port->port.port_no, .duration_sec = port->duration,
			.stats = {
				.rx_bytes = port->rx_bytes, .tx_bytes = port->tx_bytes, .tx_dropped = UINT64_MAX,
				.rx_packets = (uint64_t) port->port.port_no * 100 + 1,
				.tx_packets = (uint64_t) port->port.port_no * 100 + 2,
				.rx_dropped = (uint64_t) port->port.port_no * 100 + 3,
			},
		};
		struct ovs_list replies;
		struct ofpbuf *b;

		ofpmp_init(&replies, request);
		ofputil_append_port_stat(&replies, &stats);
		b = ofpbuf_from_list(ovs_list_front(&replies));
		memcpy(put_entry(p, b->size - MSG_MULTIPART), (const uint8_t *) b->data + MSG_MULTIPART,
		       b->size - MSG_MULTIPART);
		ofpbuf_list_delete(&replies);
	}
}

static void put_desc(struct pieces *p)
{
	char *e = (char *) put_entry(p, 1056);

	snprintf(e, 256, "weft tests");
	snprintf(e + 256, 256, "fake switch");
	snprintf(e + 512, 256, "1.0");
	snprintf(e + 768, 32, "none");
	snprintf(e + 800, 256, "fake-%llx", (unsigned long long) p->f->dpid);
}

static enum ofperr put_multipart(struct pieces *p, const uint8_t *m, size_t size)
{
	struct ofputil_flow_stats_request request;
	enum ofperr error;

	switch (p->type) {
	case MULTIPART_DESC:
		put_desc(p);
		return 0;
	case MULTIPART_PORT_DESC:
		put_ports(p);
		return 0;
	case MULTIPART_FLOW:
		error = ofputil_decode_flow_stats_request(&request, (const struct ofp_header *) m, NULL, NULL);
		if (error)
			return error;
		p->f->counts.n_dumps++;
		put_rows(p, RULE_FLOW, request.table_id == 0xff ? -1 : request.table_id);
		return 0;
	case MULTIPART_PORT_STATS:
		if (p->f->knobs.no_port_stats)
			return OFPERR_OFPBRC_BAD_STAT;
		put_port_stats(p, (const struct ofp_header *) m);
		return 0;
	case MULTIPART_GROUP_DESC:
		if (p->f->knobs.no_groups)
			return OFPERR_OFPBRC_BAD_STAT;
		put_rows(p, RULE_GROUP, -1);
		return 0;
	case MULTIPART_METER_FEATURES:
		if (!p->f->knobs.max_meters)
			return OFPERR_OFPBRC_BAD_STAT;
		wire_put_u32(put_entry(p, 16), p->f->knobs.max_meters);
		return 0;
	case MULTIPART_METER_CONFIG:
		if (!p->f->knobs.max_meters)
			return OFPERR_OFPBRC_BAD_STAT;
		if (size != 24 || wire_u32(m + 16) != 0xffffffff)
			return OFPERR_OFPMMFC_INVALID_METER;
		put_rows(p, RULE_METER, -1);
		return 0;
	default:
		return OFPERR_OFPBRC_BAD_STAT;
	}
}

static void answer_multipart(struct fake_switch *f, const uint8_t *m, size_t size)
{
	struct pieces p = { .f = f, .type = wire_u16(m + 8), .xid = msg_xid(m) };
	enum ofperr error = size < MSG_MULTIPART ? OFPERR_OFPBRC_BAD_LEN : put_multipart(&p, m, size);

	if (error)
		answer_error(f, error, (const struct ofp_header *) m);
	else
		end_piece(&p, false);
	bytes_free(&p.body);
}

/* --- changes ---------------------------------------------------------------------------------- */

static void count_mod(struct fake_switch *f, uint8_t type)
{
	f->counts.n_flow_mods += type == MSG_FLOW_MOD;
	f->counts.n_group_mods += type == MSG_GROUP_MOD;
	f->counts.n_meter_mods += type == MSG_METER_MOD;
	f->counts.n_early += f->role != ROLE_PRIMARY;
}

static void take_mod(struct fake_switch *f, const struct ofp_header *m)
{
	enum ofperr error;

	count_mod(f, msg_type((const uint8_t *) m));
	error = f->role == ROLE_SECONDARY ? OFPERR_OFPBRC_IS_SECONDARY : rows_apply(f, m);
	if (error) {
		rows_rollback(f);
		answer_error(f, error, m);
	} else {
		rows_commit(f);
	}
}

static struct fake_bundle *find_bundle(struct fake_switch *f, uint32_t id)
{
	for (size_t i = 0; i < f->n_bundles; i++)
		if (f->bundles[i].id == id)
			return &f->bundles[i];
	return NULL;
}

static struct fake_bundle *open_bundle(struct fake_switch *f, uint32_t id, uint16_t flags)
{
	f->bundles = mem_realloc(f->bundles, (f->n_bundles + 1) * sizeof *f->bundles);
	f->bundles[f->n_bundles] = (struct fake_bundle) { .id = id, .flags = flags };
	return &f->bundles[f->n_bundles++];
}

static void drop_bundle(struct fake_switch *f, struct fake_bundle *b)
{
	bytes_free(&b->messages);
	*b = f->bundles[--f->n_bundles];
}

/* All or nothing; the first message that fails gives its own error, then the
 * commit fails too (measured on Open vSwitch 3.1). */
static enum ofperr commit_bundle(struct fake_switch *f, struct fake_bundle *b)
{
	const uint8_t *m;
	size_t size;

	while ((m = bytes_next(&b->messages, &size))) {
		uint64_t *aligned = mem_alloc(size + 8);
		enum ofperr error;

		memcpy(aligned, m, size);
		error = rows_apply(f, (const struct ofp_header *) aligned);
		if (error) {
			rows_rollback(f);
			f->counts.n_bundles_refused++;
			answer_error(f, error, (const struct ofp_header *) aligned);
			free(aligned);
			return OFPERR_OFPBFC_MSG_FAILED;
		}
		free(aligned);
	}
	rows_commit(f);
	f->counts.n_bundles++;
	return 0;
}

static enum ofperr take_bundle_add(struct fake_switch *f, const struct ofp_header *m)
{
	struct ofputil_bundle_add_msg add;
	struct fake_bundle *b;
	enum ofptype type;
	enum ofperr error = f->role == ROLE_SECONDARY ? OFPERR_OFPBRC_IS_SECONDARY
			  : ofputil_decode_bundle_add(m, &add, &type);

	if (error)
		return error;
	count_mod(f, msg_type((const uint8_t *) add.msg));
	error = rows_check(f, add.msg);
	if (error)
		return error;
	b = find_bundle(f, add.bundle_id);
	if (!b)
		b = open_bundle(f, add.bundle_id, add.flags);
	if (b->flags != add.flags)
		return OFPERR_OFPBFC_BAD_FLAGS;
	bytes_put(&b->messages, add.msg, msg_size((const uint8_t *) add.msg));
	return 0;
}

static enum ofperr take_bundle_ctrl(struct fake_switch *f, const struct ofp_header *m)
{
	struct ofputil_bundle_ctrl_msg ctrl;
	enum ofperr error = ofputil_decode_bundle_ctrl(m, &ctrl);
	struct fake_bundle *b;
	struct ofpbuf *reply;

	if (error)
		return error;
	b = find_bundle(f, ctrl.bundle_id);
	switch (ctrl.type) {
	case OFPBCT_OPEN_REQUEST:
		if (b)
			return OFPERR_OFPBFC_BAD_ID;
		open_bundle(f, ctrl.bundle_id, ctrl.flags);
		ctrl.type = OFPBCT_OPEN_REPLY;
		break;
	case OFPBCT_COMMIT_REQUEST:
		if (!b)
			return OFPERR_OFPBFC_BAD_ID;
		error = b->flags != ctrl.flags ? OFPERR_OFPBFC_BAD_FLAGS : commit_bundle(f, b);
		drop_bundle(f, b);
		if (error)
			return error;
		ctrl.type = OFPBCT_COMMIT_REPLY;
		break;
	case OFPBCT_DISCARD_REQUEST:
		if (!b)
			return OFPERR_OFPBFC_BAD_ID;
		drop_bundle(f, b);
		ctrl.type = OFPBCT_DISCARD_REPLY;
		break;
	default:
		return OFPERR_OFPBFC_BAD_TYPE;
	}
	reply = ofputil_encode_bundle_ctrl_reply(m, &ctrl);
	ofpmsg_update_length(reply);
	answer(f, reply->data, reply->size);
	ofpbuf_delete(reply);
	return 0;
}

static void take_experimenter(struct fake_switch *f, const struct ofp_header *m)
{
	enum ofptype type;
	enum ofperr error = f->knobs.no_bundles ? OFPERR_OFPBRC_BAD_VENDOR : ofptype_decode(&type, m);

	if (!error) {
		if (type == OFPTYPE_BUNDLE_CONTROL)
			error = take_bundle_ctrl(f, m);
		else if (type == OFPTYPE_BUNDLE_ADD_MESSAGE)
			error = take_bundle_add(f, m);
		else
			error = OFPERR_OFPBRC_BAD_SUBTYPE;
	}
	if (error)
		answer_error(f, error, m);
}

/* Outputs to ports, and into tunnels; what else a packet-out may do is not played. */
static void send_frame(struct fake_switch *f, const struct ofp_header *m)
{
	struct ofputil_packet_out po;
	struct fake_sent sent = { .ofport = 0 };
	struct ofpbuf ofpacts;
	const struct ofpact *a;

	if (!f->knobs.send)
		return;
	ofpbuf_init(&ofpacts, 64);
	if (!ofputil_decode_packet_out(&po, m, NULL, &ofpacts)) {
		sent.in_port = (OVS_FORCE uint32_t) po.flow_metadata.flow.in_port.ofp_port;
		sent.frame = po.packet;
		sent.size = po.packet_len;
		OFPACT_FOR_EACH (a, po.ofpacts, po.ofpacts_len) {
			if (a->type == OFPACT_SET_FIELD && ofpact_get_SET_FIELD(a)->field->id == MFF_TUN_DST)
				sent.tun_dst = ntohl(ofpact_get_SET_FIELD(a)->value->be32);
			if (a->type != OFPACT_OUTPUT)
				continue;
			sent.ofport = (OVS_FORCE uint32_t) ofpact_get_OUTPUT(a)->port;
			f->knobs.send(f->knobs.send_ctx, &sent);
		}
	}
	ofpbuf_uninit(&ofpacts);
}

/* --- any message -------------------------------------------------------------------------------- */

static void take(struct fake_switch *f, const uint8_t *m, size_t size)
{
	const struct ofp_header *oh = (const struct ofp_header *) m;

	f->counts.n_messages++;
	if (f->knobs.mute)
		return;
	switch (msg_type(m)) {
	case MSG_HELLO:
	case MSG_ERROR:
	case MSG_ECHO_REPLY:
	case MSG_SET_CONFIG:
	case MSG_SET_ASYNC:
		break;
	case MSG_PACKET_OUT:
		f->counts.n_packet_outs++;
		send_frame(f, oh);
		break;
	case MSG_ECHO_REQUEST:
		msg_put_echo_reply(bytes_put(&f->out, m, size), m, size);
		break;
	case MSG_FEATURES_REQUEST:
		answer_features(f, m);
		break;
	case MSG_MULTIPART_REQUEST:
		answer_multipart(f, m, size);
		break;
	case MSG_ROLE_REQUEST:
		answer_role(f, oh);
		break;
	case MSG_BARRIER_REQUEST: {
		uint8_t reply[MSG_HEADER];

		f->counts.n_barriers++;
		answer(f, reply, msg_put_header(reply, MSG_BARRIER_REPLY, msg_xid(m), sizeof reply));
		break;
	}
	case MSG_FLOW_MOD:
	case MSG_GROUP_MOD:
	case MSG_METER_MOD:
		take_mod(f, oh);
		break;
	case MSG_EXPERIMENTER:
		take_experimenter(f, oh);
		break;
	default:
		answer_error(f, OFPERR_OFPBRC_BAD_TYPE, oh);
		break;
	}
}

size_t fake_work(struct fake_switch *f, size_t n)
{
	uint64_t *aligned = mem_alloc(MSG_MAX + 1);
	const uint8_t *m;
	size_t done = 0, size;

	while (done < n && (m = bytes_next(&f->in, &size))) {
		memcpy(aligned, m, size);
		take(f, (const uint8_t *) aligned, size);
		done++;
	}
	free(aligned);
	if (f->late.size) {
		bytes_put(&f->out, f->late.data, f->late.size);
		bytes_clear(&f->late);
	}
	return done;
}

/* --- outside -------------------------------------------------------------------------------------- */

struct fake_switch *fake_new(uint64_t dpid)
{
	struct fake_switch *f = mem_zalloc(sizeof *f);

	f->dpid = dpid;
	f->knobs = (struct fake_knobs) {
		.hello_version = MSG_VERSION, .hello_bitmap = 1u << MSG_VERSION,
		.max_meters = 1000, .piece = 4096,
	};
	f->role = ROLE_EQUAL;
	return f;
}

void fake_free(struct fake_switch *f)
{
	if (!f)
		return;
	fake_disconnect(f);
	fake_wipe(f);
	for (struct fake_port *p = f->ports, *next; p; p = next) {
		next = p->next;
		free(p);
	}
	free(f->buckets);
	free(f->bundles);
	free(f->undo);
	bytes_free(&f->in);
	bytes_free(&f->out);
	bytes_free(&f->late);
	free(f);
}

struct fake_knobs *fake_knobs(struct fake_switch *f) { return &f->knobs; }
void fake_count(const struct fake_switch *f, struct fake_counts *ret) { *ret = f->counts; }

void fake_connect(struct fake_switch *f)
{
	fake_disconnect(f);
	f->connected = true;
	say_hello(f);
}

void fake_disconnect(struct fake_switch *f)
{
	f->connected = false;
	f->role = ROLE_EQUAL;
	while (f->n_bundles)
		drop_bundle(f, f->bundles);
	bytes_clear(&f->in);
	bytes_clear(&f->out);
	bytes_clear(&f->late);
}

void fake_input(struct fake_switch *f, const void *bytes, size_t size)
{
	if (f->connected)
		bytes_put(&f->in, bytes, size);
}

const uint8_t *fake_next(struct fake_switch *f, size_t *ret_size)
{
	return bytes_next(&f->out, ret_size);
}

void fake_depose(struct fake_switch *f) { f->role = ROLE_SECONDARY; }

void fake_set_generation(struct fake_switch *f, uint64_t generation_id)
{
	f->has_generation = true;
	f->generation_id = generation_id;
}

void fake_send(struct fake_switch *f, const void *msg, size_t size)
{
	if (f->connected)
		bytes_put(&f->out, msg, size);
}
