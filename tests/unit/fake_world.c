/* SPDX-License-Identifier: Apache-2.0 */
/* fake_world: what happens to the fake switch and what it says of it unasked.
 * Messages are made by libopenvswitch, as Open vSwitch makes them. */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/mem.h"
#include "ofproto/wire.h"
#include "tests/unit/fake_impl.h"

static void say(struct fake_switch *f, struct fake_bytes *where, struct ofpbuf *msg)
{
	ofpmsg_update_length(msg);
	if (f->connected)
		bytes_put(where, msg->data, msg->size);
	ofpbuf_delete(msg);
}

void world_flow_removed(struct fake_switch *f, const struct fake_row *row, uint8_t reason)
{
	struct ofputil_flow_removed fr = {
		.cookie = htobe64(rule_cookie(&row->rule)), .priority = rule_priority(&row->rule),
		.reason = reason, .table_id = rule_table(&row->rule), .duration_sec = row->duration,
		.idle_timeout = rule_idle_timeout(&row->rule),
		.packet_count = row->n_packets, .byte_count = row->n_bytes,
	};
	struct ofpbuf b;
	uint16_t padded;

	if (!(wire_u16(row->rule.msg + FLOW_FLAGS) & FLOW_SEND_REM))
		return;
	ofpbuf_init(&b, row->rule.size);
	ofpbuf_put(&b, row->rule.msg + FLOW_MATCH, (size_t) row->rule.size - FLOW_MATCH);
	if (ofputil_pull_ofp11_match(&b, NULL, NULL, &fr.match, &padded))
		abort();
	ofpbuf_uninit(&b);
	say(f, &f->late, ofputil_encode_flow_removed(&fr, OFPUTIL_P_OF13_OXM));
}

static struct fake_port **find_port(struct fake_switch *f, uint32_t ofport)
{
	struct fake_port **at = &f->ports;
	ofp_port_t number;

	if (ofputil_port_from_ofp11(htobe32(ofport), &number))
		abort();
	while (*at && (*at)->port.port_no != number)
		at = &(*at)->next;
	return at;
}

static void say_port(struct fake_switch *f, const struct ofputil_phy_port *port, enum ofp_port_reason reason)
{
	struct ofputil_port_status status = { .reason = reason, .desc = *port };

	say(f, &f->out, ofputil_encode_port_status(&status, OFPUTIL_P_OF13_OXM));
}

void fake_port(struct fake_switch *f, uint32_t ofport, const char *name, bool is_up, bool is_live)
{
	struct fake_port **at = find_port(f, ofport), *p = *at;
	enum ofp_port_reason reason = OFPPR_MODIFY;

	if (!p) {
		p = *at = mem_zalloc(sizeof *p);
		if (ofputil_port_from_ofp11(htobe32(ofport), &p->port.port_no))
			abort();
		reason = OFPPR_ADD;
	}
	memset(p->port.name, 0, sizeof p->port.name);
	snprintf(p->port.name, sizeof p->port.name, "%s", name);
	p->port.hw_addr.ea[0] = 0x0a;
	p->port.hw_addr.ea[4] = (uint8_t) (ofport >> 8);
	p->port.hw_addr.ea[5] = (uint8_t) ofport;
	p->port.state = is_up ? 0 : OFPUTIL_PS_LINK_DOWN;
	if (is_live)
		p->port.state |= OFPUTIL_PS_LIVE;
	p->port.curr_speed = 10 * 1000 * 1000;
	say_port(f, &p->port, reason);
}

void fake_port_gone(struct fake_switch *f, uint32_t ofport)
{
	struct fake_port **at = find_port(f, ofport), *p = *at;

	if (!p)
		return;
	*at = p->next;
	say_port(f, &p->port, OFPPR_DELETE);
	free(p);
}

void fake_port_traffic(struct fake_switch *f, uint32_t ofport, uint64_t rx_bytes, uint64_t tx_bytes, uint32_t duration)
{
	struct fake_port *p = *find_port(f, ofport);

	if (!p)
		return;
	p->rx_bytes = rx_bytes;
	p->tx_bytes = tx_bytes;
	p->duration = duration;
}

void fake_punt(struct fake_switch *f, const struct punt *punt)
{
	struct ofputil_packet_in_private pin = {
		.base = {
			.packet = (void *) punt->frame, .packet_len = punt->size,
			.reason = punt->reason, .table_id = punt->table, .cookie = htobe64(punt->cookie),
		},
	};
	struct match *match = &pin.base.flow_metadata;

	match_init_catchall(match);
	match_set_in_port(match, (ofp_port_t) punt->in_port);
	for (unsigned i = 0; i < 4; i++)
		if (punt->reg[i])
			match_set_reg(match, i, punt->reg[i]);
	if (punt->tun_id)
		match_set_tun_id(match, htobe64(punt->tun_id));
	if (punt->tun_src)
		match_set_tun_src(match, htobe32(punt->tun_src));
	say(f, &f->out, ofputil_encode_packet_in_private(&pin, OFPUTIL_P_OF13_OXM, OFPUTIL_PACKET_IN_STD));
}
