/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PACKET_INs a switch would send, worked out from the rows its controller gave it.
 *
 * A controller with a pipeline of tables knows its punts by table, cookie and registers; a generator that makes
 * them up would be ignored. So this reads the rows: the one with an output to the controller gives table, cookie,
 * length and the values of its match; rows of table 0 for one port give the registers they set. This is not an
 * OpenFlow pipeline: rows that set registers from other things than the port are not understood.
 */
#include "punt.h"

enum { OFPAT_SET_FIELD = 25, NXAST_REG_LOAD = 7 };

/* Called with each OXM field of a match; `header` has no mask bit. */
typedef void field_fn(void *ctx, uint32_t header, const uint8_t *field);
/* Called with each action of apply and write instructions. */
typedef void action_fn(void *ctx, const uint8_t *action, size_t size);

void punt_uninit(struct punt *p)
{
	buf_free(&p->oxm);
}

/* Header without mask bit and with the length of the value alone. */
static uint32_t plain_header(const uint8_t *field)
{
	uint32_t h = get32(field);

	return h & 0x100 ? (h & ~UINT32_C(0x1ff)) | (h & 0xff) / 2 : h;
}

static bool is_register(uint32_t header)
{
	uint32_t class = header >> 16, field = header >> 9 & 0x7f;

	if ((header & 0xff) > 8)
		return false;
	return (class == OXM_NXM1 && field < 16) || class == OXM_PACKET_REGS || (class == OXM_BASIC && field == 2);
}

/* in_port, eth_dst, eth_src, eth_type in either class: the generator sets them. */
static bool is_frame(uint32_t header)
{
	uint32_t class = header >> 16, field = header >> 9 & 0x7f;

	if (class == OXM_NXM0)
		return field <= 3;
	return class == OXM_BASIC && (field == 0 || field == 3 || field == 4 || field == 5);
}

static uint32_t port_of(uint32_t header, const uint8_t *field)
{
	if (header == OXM_IN_PORT)
		return get32(field + 4);
	return header == 0x00000002 ? get16(field + 4) : 0;
}

static void regs_set(struct regs *r, uint32_t header, const uint8_t *value)
{
	unsigned i = 0;

	while (i < r->n && get32(r->reg[i].oxm) != header)
		i++;
	if (i == PUNT_REGS)
		return;
	if (i == r->n)
		r->n++;
	put32(r->reg[i].oxm, header);
	memcpy(r->reg[i].oxm + 4, value, header & 0xff);
}

static void each_field(const uint8_t *msg, size_t size, field_fn *fn, void *ctx)
{
	size_t end = FM_MATCH + get16(msg + FM_MATCH + 2);

	if (end > size)
		return;
	for (size_t i = FM_MATCH + 4; i + 4 <= end && i + 4 + msg[i + 3] <= end; i += 4U + msg[i + 3])
		fn(ctx, plain_header(msg + i), msg + i);
}

static void each_action(const uint8_t *msg, size_t size, action_fn *fn, void *ctx)
{
	size_t i = FM_MATCH + pad8(get16(msg + FM_MATCH + 2)), n;

	for (; i + 8 <= size; i += n) {
		uint16_t type = get16(msg + i);

		n = get16(msg + i + 2);
		if (n < 8 || i + n > size)
			return;
		if (type != OFPIT_APPLY_ACTIONS && type != OFPIT_WRITE_ACTIONS)
			continue;
		for (size_t a = i + 8, m; a + 8 <= i + n; a += m) {
			m = get16(msg + a + 2);
			if (m < 8 || a + m > i + n)
				return;
			fn(ctx, msg + a, m);
		}
	}
}

struct to_controller {
	bool found;
	uint16_t max_len;
};

static void find_controller(void *ctx, const uint8_t *a, size_t size)
{
	struct to_controller *to = ctx;

	if (get16(a) == OFPAT_OUTPUT && size >= 16 && get32(a + 4) == OFPP_CONTROLLER) {
		to->found = true;
		to->max_len = get16(a + 8);
	} else if (get16(a) == OFPAT_EXPERIMENTER && size >= 16 && get32(a + 4) == NICIRA) {
		if (get16(a + 8) == NXAST_CONTROLLER) {
			to->found = true;
			to->max_len = get16(a + 10);
		} else if (get16(a + 8) == NXAST_CONTROLLER2) {
			to->found = true;
			to->max_len = UINT16_MAX;
			for (size_t i = 16; i + 8 <= size && get16(a + i + 2) >= 4; i += pad8(get16(a + i + 2)))
				if (!get16(a + i)) /* NXAC2PT_MAX_LEN */
					to->max_len = get16(a + i + 4);
		}
	}
}

/* SET_FIELD or REG_LOAD of a whole register. */
static void find_set(void *ctx, const uint8_t *a, size_t size)
{
	if (get16(a) == OFPAT_SET_FIELD && is_register(get32(a + 4)) && !(a[6] & 1) && size >= 8U + a[7]) {
		regs_set(ctx, get32(a + 4), a + 8);
	} else if (get16(a) == OFPAT_EXPERIMENTER && size >= 24 && get32(a + 4) == NICIRA &&
		   get16(a + 8) == NXAST_REG_LOAD) {
		uint32_t dst = get32(a + 12);
		if (is_register(dst) && get16(a + 10) == (dst & 0xff) * 8 - 1)
			regs_set(ctx, dst, a + 24 - (dst & 0xff));
	}
}

static void take_field(void *ctx, uint32_t header, const uint8_t *field)
{
	struct punt *p = ctx;

	if (is_register(header)) {
		regs_set(&p->regs, header, field + 4);
	} else if (is_frame(header)) {
		if (port_of(header, field))
			p->in_port = port_of(header, field);
		else
			p->n_others++;
	} else {
		p->n_others++;
		buf_u32(&p->oxm, header);
		buf_put(&p->oxm, field + 4, header & 0xff);
	}
}

struct port_row {
	uint32_t port;
	unsigned n_fields;
};

static void find_port(void *ctx, uint32_t header, const uint8_t *field)
{
	struct port_row *row = ctx;

	if (port_of(header, field))
		row->port = port_of(header, field);
	/* Untagged: a vlan_vid of nought is no condition beyond that. */
	else if (header != 0x80000c02 || get16(field + 4))
		row->n_fields++;
}

void punt_learn(struct punt *p, const uint8_t *msg, size_t size, int table)
{
	struct to_controller to = {0};
	struct port_row row = {0};
	struct punt new = {0};

	if (size < FM_MATCH + 8 || msg[FM_COMMAND] > OFPFC_MODIFY_STRICT)
		return;
	each_field(msg, size, find_port, &row);
	if (!msg[FM_TABLE] && row.port && row.port <= PUNT_PORTS && !row.n_fields)
		each_action(msg, size, find_set, &p->by_port[row.port]);

	each_action(msg, size, find_controller, &to);
	if (!to.found || (table >= 0 && msg[FM_TABLE] != table))
		return;
	each_field(msg, size, take_field, &new);
	if (p->found && new.n_others >= p->n_others) {
		buf_free(&new.oxm);
		return;
	}
	p->found = true;
	p->table = msg[FM_TABLE];
	p->cookie = get64(msg + FM_COOKIE);
	p->priority = get16(msg + FM_PRIORITY);
	p->max_len = to.max_len;
	p->reason = p->priority || get16(msg + FM_MATCH + 2) > 4 ? OFPR_ACTION : OFPR_NO_MATCH;
	p->in_port = new.in_port;
	p->n_others = new.n_others;
	p->regs = new.regs;
	buf_free(&p->oxm);
	p->oxm = new.oxm;
}

void punt_miss(struct punt *p)
{
	p->found = true;
	p->max_len = UINT16_MAX;
	p->reason = OFPR_NO_MATCH;
}

void punt_packet_in(const struct punt *p, uint32_t in_port, const uint8_t *frame, size_t frame_size,
		    struct packet_in *ret)
{
	struct regs regs = {0};
	struct buf b = {0};
	uint32_t port = p->in_port ? p->in_port : in_port;
	size_t at, match, data = frame_size < p->max_len ? frame_size : p->max_len;

	if (port <= PUNT_PORTS)
		regs = p->by_port[port];
	for (unsigned i = 0; i < p->regs.n; i++)
		regs_set(&regs, get32(p->regs.reg[i].oxm), p->regs.reg[i].oxm + 4);

	at = msg_begin(&b, OFPT_PACKET_IN, 0);
	buf_u32(&b, OFP_NO_BUFFER);
	buf_u16(&b, (uint16_t)frame_size);
	buf_u8(&b, p->reason);
	buf_u8(&b, p->table);
	buf_u64(&b, p->cookie);
	match = b.n;
	buf_u16(&b, 1); /* OFPMT_OXM */
	buf_u16(&b, 0);
	buf_u32(&b, OXM_IN_PORT);
	buf_u32(&b, port);
	for (unsigned i = 0; i < regs.n; i++)
		buf_put(&b, regs.reg[i].oxm, 4 + (get32(regs.reg[i].oxm) & 0xff));
	buf_put(&b, p->oxm.data, p->oxm.n);
	put16(b.data + match + 2, (uint16_t)(b.n - match));
	buf_zero(&b, pad8(b.n - match) - (b.n - match));
	buf_zero(&b, 2);
	ret->eth_src = (uint16_t)(b.n + 6);
	ret->in_port = port;
	buf_put(&b, frame, data);
	msg_end(&b, at);
	if (b.n > sizeof ret->bytes)
		abort();
	ret->size = (uint16_t)b.n;
	memcpy(ret->bytes, b.data, b.n);
	buf_free(&b);
}
