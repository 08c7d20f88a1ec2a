/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: through the rows that the switches have, and, for comparison, by what
 * the file and the view say about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/discover.h"
#include "apps/l2.h"
#include "ofproto/ovs.h"
#include "tests/unit/controller/sim.h"

enum { MAX_COPIES = 400, CONTROLLER = (int) 0xfffffffd, OWN_TABLES = (int) 0xfffffff9, PUNT_ACTION = 1 };

const uint8_t sim_broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

struct copy {
	uint32_t sw, ofport;            /* where it goes in */
	uint64_t tun_id;                /* by a tunnel: its VNI and who sent it */
	uint32_t tun_src;
	uint8_t frame[SIM_FRAME + 8];
	size_t size;
};

struct trip {
	struct sim *s;
	struct copy copies[MAX_COPIES];
	size_t n, done;
};

/* --- through the rows -------------------------------------------------------------------- */

static int frame_vid(const uint8_t *frame)
{
	return frame[12] == 0x81 && frame[13] == 0 ? (frame[14] & 0x0f) << 8 | frame[15] : SIM_UNTAGGED;
}

static void load_row(void *ctx, const struct rule *rule) { walk_switch_load(ctx, rule); }

bool sim_port_lives(const struct sim *s, uint32_t sw, size_t port)
{
	const struct sim_port *p = &s->switches[sw].ports[port];
	uint32_t other = (uint32_t) (port - SIM_BFD);
	return p->ofport && p->is_up && (port < SIM_BFD || other == sw || !s->dead[1][sw][other]);
}

static const struct walk_switch *rows_of(struct sim_switch *sw)
{
	if (!sw->rows || sw->rows_at != fake_n_changes(sw->fake)) {
		walk_switch_free(sw->rows);
		sw->rows = walk_switch_new();
		sw->rows_at = fake_n_changes(sw->fake);
		fake_each(sw->fake, load_row, sw->rows);
		walk_switch_loaded(sw->rows);
	}
	for (size_t p = SIM_CABLES; p < sim_n_ports(sw->sim); p++)
		if (sw->ports[p].ofport)
			walk_switch_port(sw->rows, sw->ports[p].ofport,
					 sim_port_lives(sw->sim, (uint32_t) (sw - sw->sim->switches), p));
	return sw->rows;
}

static const struct sim_port *port_by_number(const struct sim_switch *sw, uint32_t ofport)
{
	for (size_t i = 0; i < SIM_PORTS; i++)
		if (sw->ports[i].ofport == ofport)
			return &sw->ports[i];
	return NULL;
}

static void push(struct trip *trip, uint32_t sw, uint32_t ofport, const uint8_t *frame, size_t size)
{
	if (trip->n == MAX_COPIES) {
		if (!trip->s->may_loop)
			fail_msg("a frame goes in circles");
		return;
	}
	struct copy *copy = &trip->copies[trip->n++];
	assert_true(size <= sizeof copy->frame);
	copy->sw = sw;
	copy->ofport = ofport;
	copy->size = size;
	copy->tun_id = copy->tun_src = 0;
	memcpy(copy->frame, frame, size);
}

static void record(struct sim *s, uint32_t sw, uint32_t ofport, const uint8_t *frame)
{
	if (s->n_got < SIM_MAX_GOT)
		s->got[s->n_got++] = (struct sim_got) { sw, ofport, frame_vid(frame) };
}

/* Into all NICs but the one it came out of. */
static void onto_lan(struct trip *trip, uint32_t from_sw, const struct sim_port *from,
		     const uint8_t *frame, size_t size)
{
	struct sim *s = trip->s;
	record(s, NET_NONE, 0, frame);
	for (uint32_t sw = 0; sw < SIM_SWITCHES; sw++) {
		for (size_t p = 0; p < SIM_PORTS; p++) {
			const struct sim_port *port = &s->switches[sw].ports[p];
			if (port->on_lan && port->ofport && port->is_up && !(sw == from_sw && port == from))
				push(trip, sw, port->ofport, frame, size);
		}
	}
}

uint32_t sim_cable_end(uint32_t sw, size_t port)
{
	return port == SIM_CABLES ? sw ^ 1 : sw & 1 ? (sw + 1) % SIM_SWITCHES : (sw + SIM_SWITCHES - 1) % SIM_SWITCHES;
}

static void onto_cable(struct trip *trip, uint32_t from_sw, const struct sim_port *from, const uint8_t *frame, size_t size)
{
	size_t p = (size_t) (from - trip->s->switches[from_sw].ports);
	uint32_t to = sim_cable_end(from_sw, p);
	const struct sim_port *port = &trip->s->switches[to].ports[p];
	if (port->ofport && port->is_up)
		push(trip, to, port->ofport, frame, size);
}

static bool is_cable(const struct sim_switch *sw, const struct sim_port *port)
{
	return port >= &sw->ports[SIM_CABLES] && port < &sw->ports[SIM_TUNNEL];
}

/* Underlays are 10.0.0.0/24 and 10.1.0.0/24, and the switches .1 to .4 in both. */
static void into_tunnel(struct trip *trip, uint32_t from, uint32_t tun_dst, uint64_t tun_id, const uint8_t *frame,
			size_t size)
{
	struct sim *s = trip->s;
	uint32_t underlay = tun_dst >> 16 & 0xff, to = (tun_dst & 0xff) - 1;
	assert_true(tun_dst >> 24 == 10 && underlay < 2 && to < SIM_SWITCHES && to != from);
	const struct sim_port *port = &s->switches[to].ports[SIM_TUNNEL];
	if (s->dead[underlay][from][to] || !port->ofport || !port->is_up)
		return;
	push(trip, to, port->ofport, frame, size);
	trip->copies[trip->n - 1].tun_id = tun_id;
	trip->copies[trip->n - 1].tun_src = (tun_dst & 0xffffff00) + from + 1;
}

static void punt(struct sim_switch *sw, const struct walk *walk, const struct copy *copy)
{
	const struct rule *rule = NULL;
	uint64_t network = 0;
	enum table table = memcmp(copy->frame, discover_dst, 6) ? TABLE_L2_SRC : TABLE_INGRESS;
	for (size_t i = 0; i < walk->n_hops; i++)
		if (rule_table(&walk->hops[i].rule) == pipeline[table].id)
			rule = &walk->hops[i].rule;
	assert_non_null(rule);
	rule_match_u(rule, FIELD_NETWORK, &network);
	struct punt p = {
		.frame = copy->frame, .size = copy->size < PUNT_BYTES ? copy->size : PUNT_BYTES,
		.in_port = copy->ofport, .reg = { (uint32_t) network, CLASS_EDGE },
		.cookie = rule_cookie(rule), .table = rule_table(rule), .reason = PUNT_ACTION,
		.tun_id = copy->tun_id, .tun_src = copy->tun_src,
	};
	fake_punt(sw->fake, &p);
}

static void follow(struct trip *trip, const struct copy *copy)
{
	struct sim_switch *sw = &trip->s->switches[copy->sw];
	struct walk *walk = trip->s->walk;
	bool punts = false;
	walk_frame(rows_of(sw), walk, copy->ofport, copy->frame, copy->size, copy->tun_id, copy->tun_src);
	assert_false(walk->cut);
	if (walk->unknown)
		fail_msg("%s: walk cannot do \"%s\"", sw->name, walk->unknown);
	if (walk->ambiguous)
		fail_msg("two rows of one priority match on %s", sw->name);
	for (size_t i = 0; i < walk->n_outs; i++) {
		const struct walk_out *out = &walk->outs[i];
		if (out->ofport == (uint32_t) CONTROLLER) {
			punts = true;
			continue;
		}
		const struct sim_port *port = port_by_number(sw, out->ofport);
		if (!port || !port->is_up)
			continue;
		if (port->on_lan)
			onto_lan(trip, copy->sw, port, out->frame, out->size);
		else if (port == &sw->ports[SIM_TUNNEL])
			into_tunnel(trip, copy->sw, out->tun_dst, out->tun_id, out->frame, out->size);
		else if (is_cable(sw, port))
			onto_cable(trip, copy->sw, port, out->frame, out->size);
		else
			record(trip->s, copy->sw, out->ofport, out->frame);
	}
	if (punts)
		punt(sw, walk, copy);
}

static size_t make_frame(uint8_t *frame, const uint8_t dst[6], const uint8_t src[6], int vid)
{
	size_t at = 12;
	memset(frame, 0x55, SIM_FRAME);
	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	if (vid != SIM_UNTAGGED) {
		memcpy(frame + at, (uint8_t[4]) { 0x81, 0, (uint8_t) (vid >> 8), (uint8_t) vid }, 4);
		at += 4;
	}
	memcpy(frame + at, (uint8_t[2]) { 0x88, 0xb5 }, 2);
	return SIM_FRAME;
}

void sim_send(struct sim *s, const struct sim_host *host, const uint8_t dst[6])
{
	static struct trip trip;
	uint8_t frame[SIM_FRAME];
	size_t size = make_frame(frame, dst, host->mac, host->vid);
	trip.s = s;
	trip.n = trip.done = 0;
	s->n_got = 0;
	if (host->sw == SIM_SWITCHES) {
		onto_lan(&trip, SIM_SWITCHES, NULL, frame, size);
		s->n_got = 0;
	} else {
		const struct sim_port *port = &s->switches[host->sw].ports[host->port];
		if (port->ofport && port->is_up)
			push(&trip, host->sw, port->ofport, frame, size);
	}
	while (trip.done < trip.n)
		follow(&trip, &trip.copies[trip.done++]);
}

void sim_send_by_itself(void *sw_, const struct fake_sent *sent)
{
	struct sim_switch *sw = sw_;
	static struct trip trip;
	uint32_t index = (uint32_t) (sw - sw->sim->switches);
	bool is_own = sent->ofport == (uint32_t) OWN_TABLES;
	const struct sim_port *port = port_by_number(sw, is_own ? sent->in_port : sent->ofport);
	if (!port || !port->is_up)
		return;
	trip.s = sw->sim;
	trip.n = trip.done = 0;
	size_t n_got = sw->sim->n_got;
	if (is_own)
		push(&trip, index, sent->in_port, sent->frame, sent->size);
	else if (port == &sw->ports[SIM_TUNNEL])
		into_tunnel(&trip, index, sent->tun_dst, 0, sent->frame, sent->size);
	else if (is_cable(sw, port))
		onto_cable(&trip, index, port, sent->frame, sent->size);
	while (trip.done < trip.n)
		follow(&trip, &trip.copies[trip.done++]);
	assert_int_equal(sw->sim->n_got, n_got);        /* no host hears of it */
}

/* --- by the file ------------------------------------------------------------------------- */

struct reference {
	const struct sim *s;
	const struct view_network *vn;
	const struct net_network *network;
	const uint8_t *dst;
	int inner;                      /* tag of the guest, which passes; or SIM_UNTAGGED */
	struct sim_got got[SIM_MAX_GOT];
	size_t n_got;
};

static uint32_t index_of_slot(const struct sim *s, uint32_t slot)
{
	for (uint32_t i = 0; i < SIM_SWITCHES; i++)
		if (sim_slot(s, &s->switches[i]) == slot)
			return i;
	return NET_NONE;
}

static bool passes_tags(const struct sim *s, const struct view_use *use)
{
	return s->core->net->networks[use->network].tags == NET_TAGS_PASS;
}

/* Where frames of the host are, if anywhere. */
static const struct view_use *use_of(const struct sim *s, const struct sim_host *host,
				     uint32_t *ret_slot, uint32_t *ret_ofport)
{
	const struct sim_port *at = &s->switches[host->sw].ports[host->port];
	*ret_slot = sim_slot(s, &s->switches[host->sw]);
	*ret_ofport = at->ofport;
	if (*ret_slot == NET_NONE || !at->ofport || !at->is_up)
		return NULL;
	const struct view_port *port = view_port(s->core->view, *ret_slot, at->ofport);
	assert_non_null(port);
	for (size_t i = 0; i < port->n_uses; i++)
		if (port->uses[i].tag == (host->vid == SIM_UNTAGGED ? NET_UNTAGGED : host->vid))
			return &port->uses[i];
	for (size_t i = 0; i < port->n_uses; i++)
		if (port->uses[i].tag == NET_UNTAGGED && passes_tags(s, &port->uses[i]))
			return &port->uses[i];
	return NULL;
}

static void arrive(struct reference *r, uint32_t slot, uint32_t in_port);

static void leave(struct reference *r, uint32_t slot, uint32_t in_port, const struct view_port *port)
{
	const struct view_use *use = view_use(port, r->vn->id);
	int vid = use->tag == NET_UNTAGGED ? r->inner : use->tag;
	if (port->ofport == in_port && !use->hairpin)
		return;
	assert_true(r->n_got < SIM_MAX_GOT);
	if (!use->is_uplink) {
		r->got[r->n_got++] = (struct sim_got) { index_of_slot(r->s, slot), port->ofport, vid };
		return;
	}
	r->got[r->n_got++] = (struct sim_got) { NET_NONE, 0, vid };
	for (size_t i = 0; i < r->vn->n_members; i++)
		if (r->vn->members[i].sw != slot && r->vn->members[i].uplink != NET_NONE)
			arrive(r, r->vn->members[i].sw, r->vn->members[i].uplink);
}

/* --- links: a network goes wherever they and the LAN lead, once to each place --- */

static bool has_links(const struct sim *s) { return view_ways(s->core->view); }

struct reach { bool switches[SIM_SWITCHES], lan; };

static bool on_lan(const struct reference *r, uint32_t sw)
{
	uint32_t slot = sim_slot(r->s, &r->s->switches[sw]);
	const struct view_member *member = slot == NET_NONE ? NULL : view_member(r->vn, slot);
	return member && member->uplink != NET_NONE;
}

/* By name: the file has its own order. */
static bool ends_at(const struct reference *r, uint32_t link, uint32_t sw, uint32_t *ret_other)
{
	const struct net_link *l = &r->s->core->net->links[link];
	for (unsigned end = 0; end < 2; end++) {
		if (strcmp(l->ends[end].switch_name, r->s->switches[sw].name))
			continue;
		for (uint32_t i = 0; i < SIM_SWITCHES; i++)
			if (!strcmp(l->ends[!end].switch_name, r->s->switches[i].name))
				*ret_other = i;
		return true;
	}
	return false;
}

/* All of them have one where any has: see sim_file.c. */
static bool has_tunnel(const struct reference *r, uint32_t sw)
{
	uint32_t slot = sim_slot(r->s, &r->s->switches[sw]);
	return r->network->tunnels && slot != NET_NONE && view_switch(r->s->core->view, slot)->tunnel != NET_NONE;
}

static void spread(const struct reference *r, struct reach *reach, uint32_t sw)
{
	uint32_t other = NET_NONE;
	if (reach->switches[sw] || sim_slot(r->s, &r->s->switches[sw]) == NET_NONE)
		return;
	reach->switches[sw] = true;
	for (uint32_t l = 0; l < r->s->core->net->n_links; l++)
		if (view_link_works(r->s->core->view, l) && ends_at(r, l, sw, &other))
			spread(r, reach, other);
	for (uint32_t i = 0; has_tunnel(r, sw) && i < SIM_SWITCHES; i++)
		if (has_tunnel(r, i))
			spread(r, reach, i);
	if (!on_lan(r, sw) || reach->lan)
		return;
	reach->lan = true;
	for (uint32_t i = 0; i < SIM_SWITCHES; i++)
		if (on_lan(r, i))
			spread(r, reach, i);
}

static void deliver(struct reference *r, uint32_t sw, const struct view_port *port, bool is_source)
{
	const struct view_use *use = view_use(port, r->vn->id);
	if (!use || use->is_uplink || (is_source && !use->hairpin))
		return;
	assert_true(r->n_got < SIM_MAX_GOT);
	r->got[r->n_got++] = (struct sim_got) { sw, port->ofport, use->tag == NET_UNTAGGED ? r->inner : use->tag };
}

/* From a port of that switch; in_port NET_NONE: from the LAN. */
static void go_everywhere(struct reference *r, const struct reach *reach, uint32_t from, uint32_t in_port)
{
	bool is_group = r->dst[0] & 1;
	for (uint32_t i = 0; i < SIM_SWITCHES; i++) {
		const struct view_switch *vs = reach->switches[i]
			? view_switch(r->s->core->view, sim_slot(r->s, &r->s->switches[i])) : NULL;
		for (size_t p = 0; vs && p < vs->n_ports; p++) {
			const struct view_use *use = view_use(&vs->ports[p], r->vn->id);
			if (use && (is_group || use->flood))
				deliver(r, i, &vs->ports[p], i == from && vs->ports[p].ofport == in_port);
		}
	}
}

/* Somewhere else: then a host that cannot be reached is known all the same, and not asked for. */
static bool has_way(const struct reference *r, uint32_t sw)
{
	const struct view_member *member = view_member(r->vn, sim_slot(r->s, &r->s->switches[sw]));
	return member->uplink != NET_NONE || member->transit || has_tunnel(r, sw);
}

static void arrive_by_links(struct reference *r, uint32_t from, uint32_t in_port)
{
	const struct view *view = r->s->core->view;
	const struct host *to = view_host(view, r->vn->id, r->dst);
	struct reach reach = { .lan = false };
	spread(r, &reach, from);
	if (to && reach.switches[index_of_slot(r->s, to->sw)])
		deliver(r, index_of_slot(r->s, to->sw), view_port(view, to->sw, to->ofport),
			index_of_slot(r->s, to->sw) == from && to->ofport == in_port);
	else if ((!to || !has_way(r, from)) && (r->dst[0] & 1 || r->network->flood))
		go_everywhere(r, &reach, from, in_port);
}

/* Inside the network, on one switch. */
static void arrive(struct reference *r, uint32_t slot, uint32_t in_port)
{
	const struct view *view = r->s->core->view;
	const struct view_switch *vs = view_switch(view, slot);
	const struct view_member *member = view_member(r->vn, slot);
	const struct host *to = view_host(view, r->vn->id, r->dst);
	bool is_group = r->dst[0] & 1;
	if (to && to->sw == slot) {
		leave(r, slot, in_port, view_port(view, slot, to->ofport));
		return;
	}
	if (to && member->uplink != NET_NONE) {
		leave(r, slot, in_port, view_port(view, slot, member->uplink));
		return;
	}
	if (!is_group && !r->network->flood)
		return;
	for (size_t i = 0; i < vs->n_ports; i++) {
		const struct view_use *use = view_use(&vs->ports[i], r->vn->id);
		if (use && (is_group || use->flood))
			leave(r, slot, in_port, &vs->ports[i]);
	}
}

static void reference_network(struct reference *r, uint32_t index)
{
	r->vn = view_network(r->s->core->view, index);
	r->network = &r->s->core->net->networks[index];
}

static void refer(struct reference *r, const struct sim_host *host)
{
	const struct view *view = r->s->core->view;
	uint32_t slot, ofport;
	r->inner = SIM_UNTAGGED;
	if (host->sw == SIM_SWITCHES) {
		for (uint32_t n = 0; n < r->s->core->net->n_networks; n++) {
			reference_network(r, n);
			for (size_t i = 0; r->network->vlan == host->vid && i < r->vn->n_members; i++) {
				if (r->vn->members[i].uplink == NET_NONE)
					continue;
				if (has_links(r->s) || r->network->tunnels) {
					arrive_by_links(r, index_of_slot(r->s, r->vn->members[i].sw), NET_NONE);
					break;
				}
				arrive(r, r->vn->members[i].sw, r->vn->members[i].uplink);
			}
		}
		return;
	}
	const struct view_use *use = use_of(r->s, host, &slot, &ofport);
	if (!use)
		return;
	reference_network(r, use->network);
	if (use->tag == NET_UNTAGGED && passes_tags(r->s, use))
		r->inner = host->vid;
	const struct host *known = view_host(view, r->vn->id, host->mac);
	bool is_known = known && known->sw == slot && known->ofport == ofport;
	if (is_known && (has_links(r->s) || r->network->tunnels))
		arrive_by_links(r, host->sw, ofport);
	else if (is_known)
		arrive(r, slot, ofport);
	else
		assert_true(view_may_learn(view, view_use(view_port(view, slot, ofport), r->vn->id)) != REASON_NONE);      /* kept out */
}

static int compare_got(const void *a, const void *b) { return memcmp(a, b, sizeof(struct sim_got)); }

/* Where the LAN is crossed is not what the reference knows: at most once it is. */
static size_t forget_lan(struct sim_got *got, size_t n)
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++)
		if (got[i].sw != NET_NONE)
			got[k++] = got[i];
	assert_true(n - k <= 1);
	return k;
}

static void print_got(const char *what, const struct sim_got *got, size_t n)
{
	print_message("%s:", what);
	for (size_t i = 0; i < n; i++)
		print_message(" %c:%d/%d", got[i].sw == NET_NONE ? '*' : (char) ('a' + got[i].sw), (int) got[i].ofport, got[i].vid);
	print_message("\n");
}

/* --- copies for mirror ports: each frame once, as it came in or is delivered --- */

static const struct view_port *seen_port(const struct sim *s, uint32_t sw, uint32_t ofport)
{
	uint32_t slot = sw < SIM_SWITCHES ? sim_slot(s, &s->switches[sw]) : NET_NONE;
	return slot == NET_NONE ? NULL : view_port(s->core->view, slot, ofport);
}

/* Where copies of what that port sends and gets come out; 0 = nowhere. */
static uint32_t copied_to(const struct sim *s, uint32_t sw, uint32_t ofport)
{
	const struct view_port *port = seen_port(s, sw, ofport);
	uint32_t to = port ? view_mirror(s->core->view, sim_slot(s, &s->switches[sw]), port) : NET_NONE;
	return to == NET_NONE || !seen_port(s, sw, to)->up ? 0 : to;
}

/* Takes them out of what the frame became. */
static size_t take_copies(struct sim *s, struct sim_got *ret_copies)
{
	size_t n = 0, kept = 0;
	for (size_t i = 0; i < s->n_got; i++) {
		const struct view_port *port = seen_port(s, s->got[i].sw, s->got[i].ofport);
		if (port && port->is_mirror)
			ret_copies[n++] = s->got[i];
		else
			s->got[kept++] = s->got[i];
	}
	s->n_got = kept;
	return n;
}

static size_t count_at(const struct sim_got *got, size_t n, uint32_t sw, uint32_t ofport)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += got[i].sw == sw && got[i].ofport == ofport;
	return count;
}

static void check_copies(const struct sim *s, const struct sim_host *from, const struct reference *r,
			 const struct sim_got *copies, size_t n)
{
	const struct sim_port *source = from->sw < SIM_SWITCHES ? &s->switches[from->sw].ports[from->port] : NULL;
	uint32_t came = source && source->ofport && source->is_up ? copied_to(s, from->sw, source->ofport) : 0;
	size_t n_known = 0;
	for (size_t i = 0; came && i < n; i++)
		if (copies[i].sw == from->sw && copies[i].ofport == came)
			assert_int_equal(copies[i].vid, from->vid);
	if (came)
		assert_int_equal(count_at(copies, n, from->sw, came), 1);
	n_known += came != 0;
	for (uint32_t sw = 0; sw < SIM_SWITCHES; sw++)
		for (size_t p = 0; p < SIM_PORTS; p++) {
			uint32_t to = s->switches[sw].ports[p].ofport;
			size_t n_got = 0, n_copies = to ? count_at(copies, n, sw, to) : 0;
			if (!to || (came == to && sw == from->sw))
				continue;
			for (size_t i = 0; i < r->n_got; i++)
				n_got += r->got[i].sw == sw && copied_to(s, sw, r->got[i].ofport) == to;
			/* Copies of a flood through rules for what is delivered come one by one. */
			assert_true(n_copies <= n_got && !n_copies == !n_got);
			n_known += n_copies;
		}
	assert_int_equal(n, n_known);
}

static void check_frame(struct sim *s, const struct sim_host *from, const uint8_t dst[6])
{
	static struct reference r;
	struct sim_got copies[SIM_MAX_GOT];
	r = (struct reference) { .s = s, .dst = dst };
	refer(&r, from);
	sim_send(s, from, dst);
	check_copies(s, from, &r, copies, take_copies(s, copies));
	if (has_links(s))
		s->n_got = forget_lan(s->got, s->n_got);
	qsort(r.got, r.n_got, sizeof *r.got, compare_got);
	qsort(s->got, s->n_got, sizeof *s->got, compare_got);
	if (r.n_got == s->n_got && !memcmp(r.got, s->got, r.n_got * sizeof *r.got))
		return;
	print_got("by the rows", s->got, s->n_got);
	print_got("by the file", r.got, r.n_got);
	fail_msg("a frame of host %u at switch %u port %u vid %d to %02x..%02x goes astray", from->mac[5], from->sw,
		 from->port, from->vid, dst[0], dst[5]);
}

void sim_check_frames(struct sim *s)
{
	static const uint8_t nobody[6] = { 2, 0, 0, 0, 9, 9 }, group[6] = { 1, 0, 0x5e, 0, 0, 1 };
	struct sim_host from[SIM_HOSTS + 4];
	memcpy(from, s->hosts, sizeof s->hosts);
	for (size_t i = 0; i < 4; i++)
		from[SIM_HOSTS + i] = (struct sim_host) {
			.mac = { 2, 0, 0, 0, 7, 7 }, .sw = SIM_SWITCHES, .vid = (int) (10 * (i + 1)),
		};
	/* A tag with VID 0 says only how urgent it is. */
	for (size_t i = 0; i < SIM_HOSTS; i += 2)
		if (from[i].vid == SIM_UNTAGGED)
			from[i].vid = 0;
	for (size_t i = 0; i < SIM_HOSTS + 4; i++) {
		for (size_t k = 0; k < SIM_HOSTS; k++)
			if (k != i)
				check_frame(s, &from[i], s->hosts[k].mac);
		check_frame(s, &from[i], sim_broadcast);
		check_frame(s, &from[i], group);
		check_frame(s, &from[i], nobody);
	}
	/* Every one of these was heard already: nothing new came of it. */
	sim_settle(s);
}

/* --- the map ------------------------------------------------------------------------------ */

/* Is a host of that MAC there, in that network? */
static bool is_there(const struct sim *s, uint32_t network_id, const uint8_t mac[6], uint32_t slot, uint32_t ofport)
{
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		uint32_t its_slot, its_ofport;
		const struct view_use *use = use_of(s, &s->hosts[i], &its_slot, &its_ofport);
		if (use && !memcmp(s->hosts[i].mac, mac, 6))
			return use->id == network_id && its_slot == slot && its_ofport == ofport;
	}
	return false;
}

struct silent {
	const struct sim *s;
	const struct sim_switch *sw;
	struct rule rules[256];
	size_t n;
};

static void find_silent(void *ctx, const struct rule *rule)
{
	struct silent *silent = ctx;
	uint64_t network, ofport;
	uint8_t mac[6];
	if (rule->kind != RULE_FLOW || !rule_is_ours(rule) || !rule_idle_timeout(rule)
	    || !rule_match_u(rule, FIELD_NETWORK, &network) || !rule_match_mac(rule, FIELD_ETH_SRC, mac)
	    || !rule_match_u(rule, FIELD_IN_PORT, &ofport) || silent->n == 256)
		return;
	if (!is_there(silent->s, (uint32_t) network, mac, sim_slot(silent->s, silent->sw), (uint32_t) ofport))
		silent->rules[silent->n++] = *rule;
}

static void expire_silent(struct sim *s)
{
	static struct silent silent;
	for (size_t i = 0; i < SIM_SWITCHES; i++) {
		struct sim_switch *sw = &s->switches[i];
		silent = (struct silent) { .s = s, .sw = sw };
		fake_each(sw->fake, find_silent, &silent);
		for (size_t k = 0; k < silent.n; k++)
			fake_expire(sw->fake, &silent.rules[k], OFPRR_IDLE_TIMEOUT);
	}
	sim_settle(s);
}

static bool is_known(const struct sim *s, const struct sim_host *host)
{
	uint32_t slot, ofport;
	const struct view_use *use = use_of(s, host, &slot, &ofport);
	const struct host *known = use ? view_host(s->core->view, use->id, host->mac) : NULL;
	return known && known->sw == slot && known->ofport == ofport;
}

/* Who moves makes room for others: until nobody is learned any more. */
static void all_speak(struct sim *s)
{
	for (size_t n = 0, before = SIZE_MAX; n != before;) {
		before = n;
		n = 0;
		for (size_t i = 0; i < SIM_HOSTS; i++) {
			sim_send(s, &s->hosts[i], sim_broadcast);
			sim_settle(s);
		}
		for (size_t i = 0; i < SIM_HOSTS; i++)
			n += is_known(s, &s->hosts[i]);
	}
}

void sim_check_map(struct sim *s)
{
	const struct view *view = s->core->view;
	uint32_t slot, ofport;
	all_speak(s);
	expire_silent(s);
	all_speak(s);
	sim_rest(s);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		const struct view_use *use = use_of(s, &s->hosts[i], &slot, &ofport);
		if (!use || is_known(s, &s->hosts[i]))
			continue;
		enum fact_reason reason = view_may_learn(view, use);
		if (reason != REASON_PORT_LIMIT && reason != REASON_NETWORK_LIMIT)
			fail_msg("host %zu at %s:%s, tag %u, is not known, and nothing forbids it (%s)", i + 1,
				 s->switches[s->hosts[i].sw].name,
				 s->switches[s->hosts[i].sw].ports[s->hosts[i].port].name, use->tag,
				 fact_reason_text(reason));
	}
	for (size_t i = 0; i < view_host_slots(view); i++) {
		const struct host *known = view_host_at(view, i);
		if (!known || is_there(s, known->network, known->mac, known->sw, known->ofport))
			continue;
		assert_false(known->unconfirmed);
		/* Of a switch that has another name now; nobody says that it is gone for good. */
		if (!view_switch(view, known->sw)->connected)
			continue;
		uint32_t n = net_network_by_id(s->core->net, known->network);
		if (s->core->net->networks[n].ageing)
			fail_msg("host %u is not where core thinks (slot %u, port %u)", known->mac[5], known->sw,
				 known->ofport);
	}
}
