/* SPDX-License-Identifier: Apache-2.0 */
/* Probes of links.
 *
 *     0  destination, source, 88b5 (IEEE Std 802, 9.2: local experiments)
 *    14  "weft link" 0 0 0
 *    26  milliseconds of our clock, 64 bits
 *    34  the sending switch: net_switch.peer, 32 bits
 *    38  the sending port, 32 bits
 *    42  signature over all that, 16 bytes
 *
 * One leaves by every end of a link when the end comes up, when a switch is back
 * or in sync, and then every five seconds; every second while nothing is known
 * of the link. A VM cannot make one, and an old one counts for nothing. */
#include <string.h>

#include "apps/discover.h"

enum {
	AT_MAGIC = 14, AT_TIME = 26, AT_PEER = 34, AT_PORT = 38, AT_SIGN = 42, AT_END = 58,
	PERIOD_S = 5,
	GOOD_MS = 5000,                 /* a probe is news for so long */
};

const uint8_t discover_dst[6] = { 0x03, 0x77, 0x65, 0x66, 0x74, 0x01 };
static const uint8_t magic[12] = "weft link";

static void put(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = size; i-- > 0; value >>= 8)
		at[i] = (uint8_t) value;
}

static uint64_t get(const uint8_t *at, size_t size)
{
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | at[i];
	return value;
}

static void send_probe(const struct scene *scene, const struct view_switch *vs, const struct view_port *port,
		       struct reply *reply)
{
	uint8_t frame[DISCOVER_BYTES] = { 0 };
	if (!vs->connected || !port->up)
		return;
	memcpy(frame, discover_dst, 6);
	frame[6] = 0x02;
	put(frame + 12, 0x88b5, 2);
	memcpy(frame + AT_MAGIC, magic, sizeof magic);
	put(frame + AT_TIME, scene->now_ms, 8);
	put(frame + AT_PEER, scene->net->switches[vs->index].peer, 4);
	put(frame + AT_PORT, port->ofport, 4);
	scene->sign(scene->sign_ctx, frame, AT_SIGN, frame + AT_SIGN);
	reply->send(reply->ctx, vs->sw, &port->ofport, 1, frame, sizeof frame);
}

static bool is_ours(const struct scene *scene, const uint8_t *frame, size_t size)
{
	uint8_t sign[16], differ = 0;
	if (size < AT_END || memcmp(frame + AT_MAGIC, magic, sizeof magic))
		return false;
	scene->sign(scene->sign_ctx, frame, AT_SIGN, sign);
	for (size_t i = 0; i < sizeof sign; i++)
		differ |= sign[i] ^ frame[AT_SIGN + i];
	return !differ && scene->now_ms - get(frame + AT_TIME, 8) <= GOOD_MS;
}

void discover_packet_in(const struct scene *scene, const struct app_punt *punt, struct reply *reply)
{
	if (!is_ours(scene, punt->frame, punt->size))
		return;
	uint32_t index = net_switch_by_peer(scene->net, (uint32_t) get(punt->frame + AT_PEER, 4));
	struct fact fact = {
		.kind = FACT_LINK, .sw = punt->sw, .ofport = punt->in_port, .time_ms = scene->now_ms,
		.old_sw = index == NET_NONE ? NET_NONE : view_switch_by_index(scene->view, index),
		.old_ofport = (uint32_t) get(punt->frame + AT_PORT, 4),
	};
	if (fact.old_sw != NET_NONE)
		reply->fact(reply->ctx, &fact);
}

/* Out of every link port of the switch, or the one; and back from the far ends. */
static void probe_links(const struct scene *scene, uint32_t sw, uint32_t only, bool both, struct reply *reply)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	for (size_t i = 0; vs && i < vs->n_ports; i++) {
		const struct view_port *port = &vs->ports[i], *other;
		uint32_t there;
		if (port->link == NET_NONE || (only != NET_NONE && port->ofport != only))
			continue;
		send_probe(scene, vs, port, reply);
		if (both && view_link_place(scene->view, port->link, !port->link_end, &there, &other))
			send_probe(scene, view_switch(scene->view, there), other, reply);
	}
}

void discover_greet(const struct scene *scene, const struct fact *fact, struct reply *reply)
{
	if (!scene->net->n_links)
		return;
	if (fact->kind == FACT_SWITCH_UP || fact->kind == FACT_SWITCH_READY)
		probe_links(scene, fact->sw, NET_NONE, true, reply);
	else if (fact->kind == FACT_PORT && fact->port_up)
		probe_links(scene, fact->sw, fact->ofport, true, reply);
}

void discover_tick(const struct scene *scene, uint32_t sw, uint64_t second, struct reply *reply)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	for (size_t i = 0; scene->net->n_links && i < vs->n_ports; i++) {
		uint32_t link = vs->ports[i].link;
		if (link != NET_NONE && (!view_link(scene->view, link)->confirmed || second % PERIOD_S == 0))
			send_probe(scene, vs, &vs->ports[i], reply);
	}
}
