/* SPDX-License-Identifier: Apache-2.0 */
/* Probes of links, and what becomes of them.
 *
 *     0  destination, source, 88b5 (IEEE Std 802, 9.2: local experiments)
 *    14  "weft link" 0 0 0
 *    26  microseconds of our clock, 64 bits
 *    34  the sending switch: net_switch.peer, 32 bits
 *    38  the sending port, 32 bits
 *    42  0: by a cable; 1: an answer is wanted; from 2 on: by the tunnel that is this edge, 32 bits
 *    46  signature over all that, 16 bytes
 *
 * One leaves by every end of a link when the end comes up, when a switch is back
 * or in sync, and then every second; by both ends of a tunnel also when BFD of it comes up.
 * A VM cannot make one, and an old one counts for nothing.
 *
 * A probe that does not come may be lost on the cable, or our message to the one switch
 * is late, or that of the other. So with the probes each switch gets one to itself: as if it
 * had come in by such a port, through the same rows and the same meter. When both switches have
 * answered that, which was sent after the probe, and four times as long as this took has
 * gone by, the cable has swallowed it. While they do not answer nothing is concluded. The next two
 * follow at once then; after three in a row the link is silent (topo/view_probe.c).
 *
 * Half of what both answers took is the part of weftd and the control connections in the way of a
 * probe; the rest is the delay of the link. */
#include <string.h>

#include "apps/discover.h"
#include "apps/own_frame.h"

enum {
	AT_MAGIC = 14, AT_TIME = 26, AT_PEER = 34, AT_PORT = 38, AT_WHAT = 42, AT_SIGN = 46, AT_END = 62,
	WHAT_CABLE = 0, WHAT_ANSWER = 1, WHAT_EDGE = 2,
	GOOD_US = 5000000,              /* a probe is news for so long */
	/* We look four times a second, and not at the very microsecond. */
	PERIOD_US = 1000000 - 125000,
	/* Into a tunnel without BFD, when the last ones were lost: one that is not answered makes Open vSwitch drop
	 * all that goes into it, until nothing was asked for 10 seconds and then something is, see
	 * apps/tunnel_probe.c. */
	HEAL_US = 15000000,
	/* Before that, for the first is lost to the question for the neighbour that it has to ask, and in a
	 * beginning perhaps the question too: once more after a second, and after three (tunnel_probe.c asks at two). */
	TRIES = 3, LAST_TRY_US = 3000000,
	EDGES_PER_PERIOD = 500,         /* each 500 edges make the period longer by one */
	LOST_US = 200000,               /* nothing is lost before that, */
	LOST_TIMES = 4,                 /* nor before so many times what the answers took */
};

const uint8_t discover_dst[6] = { 0x03, 0x77, 0x65, 0x66, 0x74, 0x01 };
static const uint8_t magic[12] = "weft link";

static void make_frame(const struct scene *scene, const struct view_switch *vs, uint32_t ofport, uint32_t what,
		       uint8_t frame[DISCOVER_BYTES])
{
	memset(frame, 0, DISCOVER_BYTES);
	memcpy(frame, discover_dst, 6);
	frame[6] = 0x02;
	own_put(frame + 12, 0x88b5, 2);
	memcpy(frame + AT_MAGIC, magic, sizeof magic);
	own_put(frame + AT_TIME, scene->now_us, 8);
	own_put(frame + AT_PEER, scene->net->switches[vs->index].peer, 4);
	own_put(frame + AT_PORT, ofport, 4);
	own_put(frame + AT_WHAT, what, 4);
	scene->sign(scene->sign_ctx, frame, AT_SIGN, frame + AT_SIGN);
}

static bool is_ours(const struct scene *scene, const uint8_t *frame, size_t size)
{
	uint8_t sign[16];
	if (size < AT_END || memcmp(frame + AT_MAGIC, magic, sizeof magic))
		return false;
	scene->sign(scene->sign_ctx, frame, AT_SIGN, sign);
	return own_is_sign(sign, frame + AT_SIGN) && scene->now_us - own_get(frame + AT_TIME, 8) <= GOOD_US;
}

/* The tunnel that it came by, if the file still has it there. */
static bool is_of_edge(const struct scene *scene, struct fact *fact, uint32_t edge)
{
	uint32_t from = view_switch(scene->view, fact->old_sw)->index, to = view_switch(scene->view, fact->sw)->index;
	if (edge >= scene->net->n_edges || scene->net->edges[edge].link != NET_NONE)
		return false;
	fact->edge = edge + 1;
	fact->edge_end = scene->net->edges[edge].sw[0] != from;
	return scene->net->edges[edge].sw[fact->edge_end] == from && scene->net->edges[edge].sw[!fact->edge_end] == to;
}

void discover_packet_in(const struct scene *scene, const struct app_punt *punt, struct reply *reply)
{
	if (!is_ours(scene, punt->frame, punt->size))
		return;
	uint32_t index = net_switch_by_peer(scene->net, (uint32_t) own_get(punt->frame + AT_PEER, 4));
	uint32_t what = (uint32_t) own_get(punt->frame + AT_WHAT, 4);
	uint64_t sent_us = own_get(punt->frame + AT_TIME, 8);
	struct fact fact = {
		.kind = FACT_LINK, .sw = punt->sw, .ofport = punt->in_port, .time_ms = scene->now_ms,
		.old_sw = index == NET_NONE ? NET_NONE : view_switch_by_index(scene->view, index),
		.old_ofport = (uint32_t) own_get(punt->frame + AT_PORT, 4),
		.sent_us = sent_us, .took_us = (uint32_t) (scene->now_us - sent_us),
	};
	if (fact.old_sw == NET_NONE)
		return;
	if (what == WHAT_ANSWER)
		fact.kind = FACT_ANSWER;
	if ((what == WHAT_ANSWER && fact.old_sw != fact.sw)
	    || (what >= WHAT_EDGE && !is_of_edge(scene, &fact, what - WHAT_EDGE)))
		return;
	reply->fact(reply->ctx, &fact);
}

/* --- sending ------------------------------------------------------------------------- */

/* Into a cable, or a tunnel: the way to the VTEP there says which underlay it takes. */
static void send_by(const struct scene *scene, uint32_t i, const struct view_switch *vs, unsigned end, uint32_t ofport,
		    struct reply *reply)
{
	const struct net_edge *edge = &scene->net->edges[i];
	uint8_t frame[DISCOVER_BYTES];
	if (edge->link != NET_NONE) {
		make_frame(scene, vs, ofport, WHAT_CABLE, frame);
		reply->send(reply->ctx, vs->sw, &ofport, 1, frame, sizeof frame);
		return;
	}
	make_frame(scene, vs, ofport, WHAT_EDGE + i, frame);
	reply->send_tunnel(reply->ctx, vs->sw, ofport, &scene->net->switches[edge->sw[!end]].vteps[edge->vtep[!end]],
			   frame, sizeof frame);
}

static bool send_probe(const struct scene *scene, uint32_t i, unsigned end, struct reply *reply)
{
	uint32_t sw, ofport, watch;
	if (!view_edge_place(scene->view, i, end, &sw, &ofport, &watch))
		return false;
	const struct view_switch *vs = view_switch(scene->view, sw);
	if (!vs->connected || !view_port_is_good(view_port(scene->view, sw, ofport)))
		return false;
	send_by(scene, i, vs, end, ofport, reply);
	struct fact sent = {
		.kind = FACT_PROBE, .sw = sw, .old_sw = NET_NONE, .ofport = ofport, .time_ms = scene->now_ms,
		.sent_us = scene->now_us, .edge = i + 1, .edge_end = end,
	};
	reply->fact(reply->ctx, &sent);
	return true;
}

/* Out of every link port of the switch, or the one; and back from the far ends. */
static void probe_links(const struct scene *scene, uint32_t sw, uint32_t only, struct reply *reply)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	for (size_t i = 0; vs && i < vs->n_ports; i++) {
		const struct view_port *port = &vs->ports[i];
		if (port->link == NET_NONE || (only != NET_NONE && port->ofport != only))
			continue;
		send_probe(scene, port->link, port->link_end, reply);
		send_probe(scene, port->link, !port->link_end, reply);
	}
}

/* BFD gets through a tunnel both ways. Then its neighbours are known, and what else goes into it arrives. */
static bool has_bfd(const struct scene *scene, uint32_t i)
{
	const struct net_edge *edge = &scene->net->edges[i];
	for (unsigned end = 0; end < 2; end++) {
		uint32_t sw = view_switch_by_index(scene->view, edge->sw[end]);
		const struct view_port *port = sw == NET_NONE || !edge->bfd[end] ? NULL
			: view_port_by_name(scene->view, sw, edge->bfd[end]);
		if (!port || !view_port_is_good(port))
			return false;
	}
	return true;
}

/* Into the tunnels that the port has BFD of: one that failed is used again when they come through. */
static void probe_tunnels(const struct scene *scene, uint32_t sw, uint32_t ofport, struct reply *reply)
{
	const struct view_port *port = view_port(scene->view, sw, ofport);
	uint32_t index = view_switch(scene->view, sw)->index;
	for (uint32_t i = (uint32_t) scene->net->n_links; port && i < scene->net->n_edges; i++) {
		const struct net_edge *edge = &scene->net->edges[i];
		bool is_of_it = false;
		for (unsigned end = 0; end < 2; end++)
			is_of_it |= edge->sw[end] == index && edge->bfd[end] && !strcmp(edge->bfd[end], port->name);
		for (unsigned end = 0; is_of_it && end < 2 && has_bfd(scene, i); end++)
			send_probe(scene, i, end, reply);
	}
}

void discover_greet(const struct scene *scene, const struct fact *fact, struct reply *reply)
{
	if (fact->kind == FACT_PORT && fact->port_up && fact->port_live)
		probe_tunnels(scene, fact->sw, fact->ofport, reply);
	if (!scene->net->n_links)
		return;
	if (fact->kind == FACT_SWITCH_UP || fact->kind == FACT_SWITCH_READY)
		probe_links(scene, fact->sw, NET_NONE, reply);
	else if (fact->kind == FACT_PORT && fact->port_up && fact->port_live)
		probe_links(scene, fact->sw, fact->ofport, reply);
}

/* --- four times a second ----------------------------------------------------------------- */

static const struct view_switch *switch_at(const struct scene *scene, uint32_t index)
{
	uint32_t sw = view_switch_by_index(scene->view, index);
	return sw == NET_NONE ? NULL : view_switch(scene->view, sw);
}

static bool is_lost(const struct scene *scene, uint32_t i, unsigned end)
{
	const struct view_probes *p = &view_link(scene->view, i)->probes[end];
	if (!p->is_out || scene->now_us - p->sent_us < LOST_US)
		return false;
	uint64_t took = 0;
	for (unsigned e = 0; e < 2; e++) {
		const struct view_switch *vs = switch_at(scene, scene->net->edges[i].sw[e]);
		if (!vs || !vs->connected || vs->asked_us < p->sent_us)
			return false;
		took += vs->answer_us;
	}
	return scene->now_us - p->sent_us >= LOST_TIMES * took;
}

static bool is_due(const struct scene *scene, uint32_t i, unsigned end)
{
	const struct view_link *link = view_link(scene->view, i);
	const struct view_probes *p = &link->probes[end];
	uint64_t period = (uint64_t) PERIOD_US * (1 + scene->net->n_edges / EDGES_PER_PERIOD);
	if (!p->is_out && p->n_lost && link->confirmed && !link->silent)
		return true;
	if (scene->net->edges[i].link == NET_NONE && !p->n_heard && p->n_lost % TRIES != 1 && !has_bfd(scene, i))
		period = p->n_lost % TRIES ? LAST_TRY_US : HEAL_US;
	return !p->sent_us || scene->now_us - p->sent_us >= period;
}

/* What became of the last probes of an edge, and the next ones. By which port its switches
 * are to be asked goes to ask, by slot. */
static void look_at(const struct scene *scene, uint32_t i, uint32_t *ask, struct reply *reply)
{
	for (unsigned end = 0; end < 2; end++) {
		uint32_t sw, ofport, watch;
		if (!view_edge_place(scene->view, i, end, &sw, &ofport, &watch))
			continue;
		struct fact lost = {
			.kind = FACT_PROBE_LOST, .sw = sw, .old_sw = NET_NONE, .ofport = ofport, .time_ms = scene->now_ms,
			.sent_us = view_link(scene->view, i)->probes[end].sent_us, .edge = i + 1, .edge_end = end,
		};
		if (is_lost(scene, i, end))
			reply->fact(reply->ctx, &lost);
		if (!is_due(scene, i, end) || !send_probe(scene, i, end, reply))
			continue;
		ask[sw] = ofport;
		if (view_edge_place(scene->view, i, !end, &sw, &ofport, &watch))
			ask[sw] = ofport;
	}
}

void discover_soon(const struct scene *scene, struct reply *reply)
{
	uint32_t ask[NET_MAX_SWITCHES];
	if (!scene->net->n_edges)
		return;
	memset(ask, 0xff, sizeof ask);
	for (uint32_t i = 0; i < scene->net->n_edges; i++)
		look_at(scene, i, ask, reply);
	for (uint32_t sw = 0; sw < view_n_switches(scene->view); sw++) {
		const struct view_switch *vs = view_switch(scene->view, sw);
		uint8_t frame[DISCOVER_BYTES];
		if (ask[sw] == NET_NONE || !vs->connected)
			continue;
		make_frame(scene, vs, ask[sw], WHAT_ANSWER, frame);
		reply->send_as_in(reply->ctx, sw, ask[sw], frame, sizeof frame);
	}
}
