/* SPDX-License-Identifier: Apache-2.0 */
/* Frames through the world: from where they enter to wherever they come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "apps/acl.h"
#include "tests/unit/apps/world.h"

#define OFPP_CONTROLLER_NO 0xfffffffdu

enum { MAX_WALKS = 400 };

/* --- making ------------------------------------------------------------------------ */

struct frame world_frame_macs(const uint8_t dst[6], const uint8_t src[6], int vid, uint16_t eth_type,
			      const void *payload, size_t size)
{
	struct frame frame = { .size = 12 };
	uint8_t *p = frame.bytes + 12;
	memcpy(frame.bytes, dst, 6);
	memcpy(frame.bytes + 6, src, 6);
	if (vid != UNTAGGED) {
		memcpy(p, (uint8_t[4]) { 0x81, 0, (uint8_t) (vid >> 8), (uint8_t) vid }, 4);
		p += 4;
	}
	*p++ = (uint8_t) (eth_type >> 8);
	*p++ = (uint8_t) eth_type;
	assert_true((size_t) (p - frame.bytes) + size <= WORLD_MAX_FRAME);
	if (size)
		memcpy(p, payload, size);
	frame.size = (size_t) (p - frame.bytes) + size;
	if (frame.size < 64)
		frame.size = 64;
	return frame;
}

struct frame world_frame(unsigned dst, unsigned src, int vid)
{
	uint8_t to[6] = { 2, 0, 0, 0, (uint8_t) (dst >> 8), (uint8_t) dst };
	uint8_t from[6] = { 2, 0, 0, 0, (uint8_t) (src >> 8), (uint8_t) src };
	if (!dst)
		memset(to, 0xff, 6);
	return world_frame_macs(to, from, vid, 0x88b5, "payload", 8);
}

int frame_vid(const struct frame *frame)
{
	if (frame->size < 16 || frame->bytes[12] != 0x81 || frame->bytes[13] != 0)
		return UNTAGGED;
	return (frame->bytes[14] & 0x0f) << 8 | frame->bytes[15];
}

/* --- following --------------------------------------------------------------------- */

/* A copy on its way into a switch. */
struct copy {
	uint32_t sw, in_port;
	struct frame frame;
	uint64_t tun_id;                /* when in_port is a tunnel */
	uint32_t tun_src;
};

struct trip {
	struct copy queue[MAX_WALKS];
	size_t n, done;
	struct walk_switch *switches[WORLD_MAX_SWITCHES];
	struct walk *walk;
};

static bool is_on_lan(const struct view_port *port)
{
	for (size_t i = 0; i < port->n_uses; i++)
		if (port->uses[i].is_uplink || port->uses[i].is_physical)
			return true;
	return false;
}

static bool is_uplink(const struct view_port *port)
{
	for (size_t i = 0; i < port->n_uses; i++)
		if (port->uses[i].is_uplink)
			return true;
	return false;
}

static bool is_hairpin(const struct view_port *port)
{
	for (size_t i = 0; i < port->n_uses; i++)
		if (port->uses[i].hairpin)
			return true;
	return false;
}

static void push(struct trip *trip, uint32_t sw, uint32_t in_port, const struct frame *frame)
{
	if (trip->n == MAX_WALKS)
		fail_msg("a frame goes in circles");
	trip->queue[trip->n++] = (struct copy) { .sw = sw, .in_port = in_port, .frame = *frame };
}

static void record(struct world *w, uint32_t sw, uint32_t ofport, const struct frame *frame)
{
	assert_true(w->n_got < WORLD_MAX_GOT);
	w->got[w->n_got++] = (struct got) { sw, ofport, *frame };
}

/* On the LAN it reaches every port to it but the one it came from. */
static void onto_lan(struct world *w, struct trip *trip, uint32_t sw, uint32_t ofport, const struct frame *frame)
{
	record(w, NET_NONE, 0, frame);
	for (uint32_t other = 0; other < view_n_switches(w->view); other++) {
		const struct view_switch *vs = view_switch(w->view, other);
		for (size_t i = 0; i < vs->n_ports; i++)
			if (is_on_lan(&vs->ports[i]) && (other != sw || vs->ports[i].ofport != ofport))
				push(trip, other, vs->ports[i].ofport, frame);
	}
}

static bool passes_tags(const struct world *w, uint64_t vni)
{
	for (size_t i = 0; i < w->net->n_networks; i++)
		if (w->net->networks[i].vni == vni)
			return w->net->networks[i].tags == NET_TAGS_PASS;
	return false;
}

static bool is_foreign(const struct world *w, uint32_t peer, uint64_t vni)
{
	for (size_t i = 0; i < w->net->n_vteps; i++) {
		const struct net_vtep *vtep = &w->net->vteps[i];
		for (size_t k = 0; vtep->end.peer == peer && k < vtep->n_stands; k++)
			if (w->net->networks[vtep->stands[k].network].vni == vni)
				return true;
	}
	return false;
}

/* Through the underlay to the switch that has that vtep, if its tunnel port is there. */
static void into_tunnel(struct world *w, struct trip *trip, uint32_t sw, const struct walk_out *out,
			const struct frame *frame)
{
	const struct net_switch *from = &w->net->switches[view_switch(w->view, sw)->index];
	uint32_t to = net_switch_by_peer(w->net, out->tun_dst);
	if (to == NET_NONE) {
		assert_true(is_foreign(w, out->tun_dst, out->tun_id));
		record(w, NET_NONE, out->tun_dst, frame);
		return;
	}
	assert_true(&w->net->switches[to] != from);
	assert_true(out->tun_id);
	if (!passes_tags(w, out->tun_id))
		assert_int_equal(frame_vid(frame), UNTAGGED);
	w->n_tunnelled++;
	uint32_t there = view_switch_by_name(w->view, w->net->switches[to].name);
	w->trail[w->n_trail - 1].to = there;
	if (view_switch(w->view, there)->tunnel == NET_NONE || w->is_hole[sw][there])
		return;
	push(trip, there, view_switch(w->view, there)->tunnel, frame);
	trip->queue[trip->n - 1].tun_id = out->tun_id;
	trip->queue[trip->n - 1].tun_src = from->peer;
}

/* Out at the other end of the cable, when both ends are up. */
static void over_link(struct world *w, struct trip *trip, const struct view_port *from, const struct frame *frame)
{
	const struct view_port *to;
	uint32_t sw;
	w->n_linked++;
	if (from->up && view_link_place(w->view, from->link, !from->link_end, &sw, &to) && to->up)
		push(trip, sw, to->ofport, frame);
}

static void reply_fact(void *ctx, struct fact *fact) { world_apply(ctx, *fact); }

static void reply_send(void *ctx, uint32_t sw, const uint32_t *ofports, size_t n_ports, const uint8_t *frame, size_t size)
{
	struct world *w = ctx;
	assert_int_equal(n_ports, 1);
	assert_true(w->n_sent < WORLD_MAX_SENT && size <= WORLD_MAX_FRAME);
	struct got *sent = &w->sent[w->n_sent++];
	*sent = (struct got) { .sw = sw, .ofport = ofports[0], .frame.size = size };
	memcpy(sent->frame.bytes, frame, size);
}

static struct reply reply_to(struct world *w)
{
	return (struct reply) { .fact = reply_fact, .send = reply_send, .ctx = w };
}

static bool punts(const struct rule *rule)
{
	char text[2048];
	rule_format(rule, text, sizeof text);
	return strstr(text, "CONTROLLER") || strstr(text, "controller(");
}

/* To the owner of each table that reported it, in their order. */
static void on_punt(struct world *w, const struct walk *walk, const struct copy *copy)
{
	struct scene scene = world_scene(w);
	struct reply reply = reply_to(w);
	const struct view_port *port = view_port(w->view, copy->sw, copy->in_port);
	uint64_t network = 0;
	size_t n = 0;
	w->n_punts++;
	for (size_t i = 0; w->learn && i < walk->n_hops; i++) {
		const struct rule *rule = &walk->hops[i].rule;
		enum table table = pipeline_by_id(rule_table(rule));
		/* The first table that knows the network says it to all. */
		rule_match_u(rule, FIELD_NETWORK, &network);
		if (!punts(rule))
			continue;
		struct app_punt punt = {
			.sw = copy->sw, .cookie = rule_cookie(rule), .table = table, .in_port = copy->in_port,
			.network = (uint32_t) network, .class = is_uplink(port) ? CLASS_UPLINK : CLASS_EDGE,
			.frame = copy->frame.bytes, .size = copy->frame.size,
		};
		app_by_table(table)->packet_in(&scene, &punt, &reply);
		n++;
	}
	assert_true(n || !w->learn);
}

void world_tick(struct world *w, uint64_t second)
{
	struct scene scene = world_scene(w);
	struct reply reply = reply_to(w);
	for (uint32_t sw = 0; sw < view_n_switches(w->view); sw++) {
		app_by_table(TABLE_ARP)->tick(&scene, sw, second, &reply);
		app_by_table(TABLE_GUARD)->tick(&scene, sw, second, &reply);
	}
}

static void note_drop(struct world *w, const struct walk *walk)
{
	const struct app_row *kind = NULL;
	w->dropped_by[0] = '\0';
	if (!walk->n_outs && walk->n_hops)
		kind = app_row_of(&walk->hops[walk->n_hops - 1].rule);
	if (kind)
		snprintf(w->dropped_by, sizeof w->dropped_by, "%s", kind->name);
}

/* To who sent it to a group, or asked for what the switches answer for: not the frame that went in. (Who asks for an address
 * of its own is answered too.) */
static bool is_answer(const struct frame *in, const struct frame *out)
{
	return (in->bytes[0] & 1 || !memcmp(in->bytes, acl_snat_mac, 6)) && !memcmp(out->bytes, in->bytes + 6, 6);
}

/* A detour may go back where the frame came from, and a relay's tunnels are one port. */
static bool is_transit(const struct walk *walk)
{
	for (size_t i = 0; i < walk->n_hops; i++)
		if (walk->hops[i].rule.kind == RULE_FLOW
		    && rule_table(&walk->hops[i].rule) == pipeline[TABLE_TRANSIT].id)
			return true;
	return false;
}

static void follow(struct world *w, struct trip *trip, struct copy copy)
{
	const struct view_port *from = view_port(w->view, copy.sw, copy.in_port);
	struct walk *walk = trip->walk;
	bool punted = false;
	w->n_walks++;
	walk->choice = w->choice;
	walk_frame(trip->switches[copy.sw], walk, copy.in_port, copy.frame.bytes, copy.frame.size,
		   copy.tun_id, copy.tun_src);
	assert_false(walk->ambiguous);
	assert_false(walk->missed);
	note_drop(w, walk);
	for (size_t i = 0; i < walk->n_outs; i++) {
		const struct walk_out *out = &walk->outs[i];
		struct frame frame = { .size = out->size };
		if (out->ofport == OFPP_CONTROLLER_NO) {
			punted = true;
			continue;
		}
		memcpy(frame.bytes, out->frame, out->size);
		const struct view_port *to = view_port(w->view, copy.sw, out->ofport);
		assert_non_null(to);
		if (to->tunnel || to->link != NET_NONE) {
			assert_true(w->n_trail < WORLD_MAX_TRAIL);
			w->trail[w->n_trail].sw = copy.sw;
			w->trail[w->n_trail].to = NET_NONE;
			w->trail[w->n_trail++].ofport = out->ofport;
		}
		if (to == from && !is_hairpin(to) && !is_answer(&copy.frame, &frame) && !is_transit(walk))
			fail_msg("a frame comes out of %s where it went in", to->name);
		if (to->tunnel)
			into_tunnel(w, trip, copy.sw, out, &frame);
		else if (to->link != NET_NONE)
			over_link(w, trip, to, &frame);
		else if (is_on_lan(to))
			onto_lan(w, trip, copy.sw, out->ofport, &frame);
		else
			record(w, copy.sw, out->ofport, &frame);
	}
	/* The rows change only after this frame went through them. */
	if (punted)
		on_punt(w, walk, &copy);
}

static void load_rows(struct world *w, struct trip *trip)
{
	for (uint32_t sw = 0; sw < view_n_switches(w->view); sw++) {
		const struct view_switch *vs = view_switch(w->view, sw);
		trip->switches[sw] = w->given[sw] ? w->given[sw] : world_walk_switch(w, sw);
		for (size_t i = 0; i < vs->n_ports; i++)
			walk_switch_port(trip->switches[sw], vs->ports[i].ofport, vs->ports[i].up && vs->ports[i].live);
	}
}

static void begin(struct world *w, struct trip *trip)
{
	trip->n = trip->done = 0;
	/* Two megabytes: once a world, not once a frame. */
	if (!w->walk)
		w->walk = walk_new();
	trip->walk = w->walk;
	w->n_got = w->n_punts = w->n_walks = w->n_tunnelled = w->n_linked = w->n_trail = 0;
	load_rows(w, trip);
}

static void finish(struct world *w, struct trip *trip)
{
	while (trip->done < trip->n)
		follow(w, trip, trip->queue[trip->done++]);
	for (uint32_t sw = 0; sw < view_n_switches(w->view); sw++)
		if (!w->given[sw])
			walk_switch_free(trip->switches[sw]);
}

void world_send_at(struct world *w, uint32_t sw, uint32_t ofport, struct frame frame, uint64_t tun_id, uint32_t tun_src)
{
	static struct trip trip;
	begin(w, &trip);
	push(&trip, sw, ofport, &frame);
	trip.queue[0].tun_id = tun_id;
	trip.queue[0].tun_src = tun_src;
	finish(w, &trip);
}

static void send(struct world *w, const char *place, struct frame frame, uint64_t tun_id, uint32_t tun_src)
{
	static struct trip trip;
	uint32_t sw, ofport;
	if (strcmp(place, "lan")) {
		world_place(w, place, &sw, &ofport);
		world_send_at(w, sw, ofport, frame, tun_id, tun_src);
		return;
	}
	begin(w, &trip);
	onto_lan(w, &trip, NET_NONE, 0, &frame);
	w->n_got = 0;
	finish(w, &trip);
}

void world_send(struct world *w, const char *place, struct frame frame)
{
	send(w, place, frame, 0, 0);
}

void world_send_tunnelled(struct world *w, const char *place, struct frame frame, uint64_t tun_id,
			  uint32_t tun_src)
{
	send(w, place, frame, tun_id, tun_src);
}

size_t world_got(struct world *w, const char *place, int vid)
{
	uint32_t sw = NET_NONE, ofport = 0;
	size_t n = 0;
	if (strcmp(place, "lan"))
		world_place(w, place, &sw, &ofport);
	for (size_t i = 0; i < w->n_got; i++)
		n += w->got[i].sw == sw && w->got[i].ofport == ofport && frame_vid(&w->got[i].frame) == vid;
	return n;
}
