/* SPDX-License-Identifier: Apache-2.0 */
/* A frame on its way: through the rows of the switch where it comes in, over tunnels,
 * links and the LAN to others, until it comes out where the other end stands, or ends. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/explain_impl.h"

enum { MAX_COPIES = 128, CONTROLLER_PORT = (int) 0xfffffffd };

struct copy {
	struct explain_entry entry;
	uint8_t frame[WALK_MAX_FRAME];
	size_t size;
	size_t parent;                  /* index, SIZE_MAX = none */
	unsigned depth;
	bool over_tunnel;
	uint32_t tunnel_mtu;
	const char *came_by;            /* how it left the switch before */
	const char *went;               /* how it left this one, when here is its end */
	struct explain_step *steps;     /* in the arena */
	size_t n_steps;
};

struct trip {
	struct explaining *e;
	struct explain_rows *rows;
	enum leg_kind kind;
	unsigned from, client;
	struct explain_tracked *tracked;
	struct explain_leg *leg;
	struct walk *walk;
	struct copy *copies;
	size_t n, done;
	size_t last;                    /* the copy that is told of; SIZE_MAX = none yet */
	bool has_elsewhere;
};

static const struct candidate *target(const struct trip *t) { return &t->e->ends[!t->from]; }

/* Kept: the switch may go before the answer does. */
static const char *sw_name(const struct trip *t, uint32_t slot)
{
	return arena_strdup(t->e->arena, view_switch(t->e->view, slot)->name);
}

static struct explain_step *step(struct trip *t, struct copy *copy, const char *text)
{
	struct explain_step *s = &copy->steps[copy->n_steps];
	copy->n_steps++;
	*s = (struct explain_step) { .sw = sw_name(t, copy->entry.slot), .slot = copy->entry.slot, .text = text, .is_shown = true };
	return s;
}

static struct copy *push(struct trip *t, size_t parent, uint32_t slot, uint32_t in_port, const uint8_t *frame, size_t size,
			 const char *came_by, const char *text)
{
	/* Each one costs a look at all rows of its switch. */
	if (t->n == MAX_COPIES) {
		explain_cause_add(&t->e->x->notes, "unclear", "a flood that goes to more switches than explain follows",
				  "ask from a switch that is nearer", NULL, 0);
		return NULL;
	}
	struct copy *copy = &t->copies[t->n++], *from = parent == SIZE_MAX ? NULL : &t->copies[parent];
	*copy = (struct copy) {
		.entry = { .slot = slot, .in_port = in_port }, .size = size, .parent = parent, .depth = from ? from->depth + 1 : 0,
		.came_by = came_by, .over_tunnel = from && from->over_tunnel, .tunnel_mtu = from ? from->tunnel_mtu : 0,
		.steps = arena_new_array(t->e->arena, struct explain_step, WALK_MAX_HOPS + 1),
	};
	memcpy(copy->frame, frame, size);
	if (size >= 16 && frame[12] == 0x81 && !frame[13])
		copy->entry.vid = (uint16_t) ((frame[14] & 0x0f) << 8 | frame[15]);
	step(t, copy, text);
	return copy;
}

/* --- the end of a copy ----------------------------------------------------------------------- */

/* Of all copies that end, the one is told of that came nearest. */
static bool is_nearer(const struct trip *t, const struct copy *copy)
{
	if (t->last == SIZE_MAX)
		return true;
	const struct copy *last = &t->copies[t->last];
	bool here = copy->entry.slot == target(t)->sw, there = last->entry.slot == target(t)->sw;
	return here != there ? here : copy->depth > last->depth;
}

/* went: how it left this switch, or null. */
static void stop(struct trip *t, struct copy *copy, const char *went, struct explain_cause cause)
{
	if (t->leg->passes || !is_nearer(t, copy))
		return;
	copy->went = went;
	t->last = (size_t) (copy - t->copies);
	t->leg->cause = cause;
}

static void stop_text(struct trip *t, struct copy *copy, const char *went, const char *kind, const char *text,
		      const char *cure, uint32_t line)
{
	stop(t, copy, went, (struct explain_cause) {
		.kind = kind, .text = text, .cure = cure, .sw = sw_name(t, copy->entry.slot), .line = line });
}

static void arrive(struct trip *t, struct copy *copy, const char *went)
{
	if (t->leg->passes)
		return;
	copy->went = went;
	t->leg->passes = true;
	t->leg->cause = (struct explain_cause) { 0 };
	t->last = (size_t) (copy - t->copies);
}

/* --- from switch to switch --------------------------------------------------------------------- */

/* Bytes of an IP packet that fit through that VTEP, see topo/mtu.c. */
static uint32_t room(const struct net *net, const struct net_switch *sw, const struct net_vtep_at *at)
{
	uint32_t mtu = sw->underlay_mtu ? sw->underlay_mtu : net->underlay_mtu;
	if (at->underlay != NET_NONE && (!sw->underlay_mtu_is_given || net->underlays[at->underlay].mtu < mtu))
		mtu = net->underlays[at->underlay].mtu;
	return mtu - (at->is_v6 ? 70 : 50);
}

/* A tunnel that a frame goes into. */
struct tunnel {
	const struct net_switch *peer;  /* null: no such end; ours, or a foreign one */
	bool is_ours;
	const struct net_vtep_at *to, *from;    /* from: null = this switch has none there */
};

/* The VTEP of this switch in the same underlay. */
static const struct net_vtep_at *own_end(const struct net_switch *self, const struct net_vtep_at *to)
{
	for (size_t i = 0; self && i < self->n_vteps; i++)
		if (self->vteps[i].underlay == to->underlay)
			return &self->vteps[i];
	return self && self->n_vteps ? &self->vteps[0] : NULL;
}

static struct tunnel find_tunnel(const struct net *net, const struct net_switch *self, const struct walk_out *out)
{
	static const uint8_t none[16];
	bool is_v6 = memcmp(out->tun_dst6, none, 16) != 0;
	uint8_t v4[4] = { (uint8_t) (out->tun_dst >> 24), (uint8_t) (out->tun_dst >> 16), (uint8_t) (out->tun_dst >> 8),
			  (uint8_t) out->tun_dst };
	for (size_t i = 0; i < net->n_switches + net->n_vteps; i++) {
		const struct net_switch *sw = i < net->n_switches ? &net->switches[i] : &net->vteps[i - net->n_switches].end;
		for (size_t k = 0; k < sw->n_vteps; k++)
			if (sw->vteps[k].is_v6 == is_v6 && !memcmp(sw->vteps[k].bytes, is_v6 ? out->tun_dst6 : v4, is_v6 ? 16 : 4))
				return (struct tunnel) { sw, i < net->n_switches, &sw->vteps[k], own_end(self, &sw->vteps[k]) };
	}
	return (struct tunnel) { .peer = NULL };
}

static void into_tunnel(struct trip *t, size_t at, const struct walk_out *out)
{
	struct explaining *e = t->e;
	struct copy *copy = &t->copies[at];
	const struct view_switch *here = view_switch(e->view, copy->entry.slot);
	const struct net_switch *self = here->index == NET_NONE ? NULL : &e->net->switches[here->index];
	const struct tunnel tunnel = find_tunnel(e->net, self, out);
	const struct net_switch *peer = tunnel.peer;
	uint32_t slot = peer && tunnel.is_ours ? view_switch_by_name(e->view, peer->name) : NET_NONE;
	if (!peer)
		return;
	const char *text = explain_printf(e, "into the tunnel to %s (%s), VNI %llu", peer->name, tunnel.to->text,
					  (unsigned long long) out->tun_id);
	if (!tunnel.is_ours && target(t)->vtep && &target(t)->vtep->end == peer) {
		copy->over_tunnel = true;
		copy->tunnel_mtu = self && tunnel.from ? room(e->net, self, tunnel.from) : 0;
		arrive(t, copy, text);
		return;
	}
	/* Floods go to all; only one copy is of interest, unless links go on from there. */
	if (slot == NET_NONE || (slot != target(t)->sw && !e->net->n_links))
		return;
	const struct view_switch *there = view_switch(e->view, slot);
	if (there->tunnel == NET_NONE || !tunnel.from) {
		stop_text(t, copy, text, "no-tunnel",
			  explain_printf(e, "switch %s has no port \"%s\", where its tunnels end", peer->name, peer->tunnel),
			  explain_printf(e, "make it: ovs-vsctl add-port BRIDGE %s -- set interface %s type=vxlan "
					 "options:remote_ip=flow options:key=flow", peer->tunnel, peer->tunnel), peer->where.line);
		return;
	}
	struct copy *next = push(t, at, slot, there->tunnel, out->frame, out->size, text,
				 explain_printf(e, "in by the tunnel from %s", self->name));
	if (!next)
		return;
	next->entry.is_tunnel = next->over_tunnel = true;
	next->entry.tun_id = out->tun_id;
	const uint8_t *src = tunnel.from->bytes;
	if (tunnel.from->is_v6)
		memcpy(next->entry.tun_src6, src, 16);
	else
		next->entry.tun_src = (uint32_t) src[0] << 24 | (uint32_t) src[1] << 16 | (uint32_t) src[2] << 8 | src[3];
	uint32_t mtu = room(e->net, self, tunnel.from), other = room(e->net, peer, tunnel.to);
	mtu = other < mtu ? other : mtu;
	if (!next->tunnel_mtu || mtu < next->tunnel_mtu)
		next->tunnel_mtu = mtu;
}

static void over_link(struct trip *t, size_t at, const struct view_port *port, const struct walk_out *out)
{
	struct explaining *e = t->e;
	struct copy *copy = &t->copies[at];
	const struct net_link *link = &e->net->links[port->link];
	const struct net_uplink *end = &link->ends[!port->link_end];
	const struct view_port *to;
	uint32_t slot;
	bool is_there = view_link_place(e->view, port->link, !port->link_end, &slot, &to);
	const char *text = explain_printf(e, "out by link %s", link->name);
	if (!port->up || !is_there || !to->up)
		stop_text(t, copy, text, "link-down",
			  explain_printf(e, "link %s is down: %s:%s", link->name,
					 port->up ? end->switch_name : sw_name(t, copy->entry.slot), port->up ? end->port : port->name),
			  "look at the cable and at both ports; `weft show links`", link->where.line);
	else
		push(t, at, slot, to->ofport, out->frame, out->size, text, explain_printf(e, "in by link %s", link->name));
}

/* Onto the LAN: to the machine there, or to another switch's port on it. */
static void onto_lan(struct trip *t, size_t at, const struct view_port *port, const struct walk_out *out)
{
	struct explaining *e = t->e;
	struct copy *copy = &t->copies[at];
	const struct candidate *to = target(t);
	const struct view_network *vn = view_network(e->view, e->network);
	const struct view_member *member = to->sw == NET_NONE ? NULL : view_member(vn, to->sw);
	bool is_lan = to->use && (to->use->is_uplink || to->use->is_physical);
	const char *text = explain_printf(e, "out by %s onto the LAN", port->name);
	if (is_lan && port->up)
		arrive(t, copy, text);
	if (is_lan || !member || member->uplink == NET_NONE || to->sw == copy->entry.slot)
		return;
	const struct view_port *there = view_port(e->view, to->sw, member->uplink);
	if (!port->up || !there || !there->up)
		stop_text(t, copy, text, "uplink-down",
			  explain_printf(e, "the uplink %s:%s is down", sw_name(t, port->up ? to->sw : copy->entry.slot),
					 port->up && there ? there->name : port->name),
			  "look at the cable and the switch behind it", 0);
	else
		push(t, at, to->sw, member->uplink, out->frame, out->size, text,
		     explain_printf(e, "in by %s from the LAN", there->name));
}

static bool is_on_lan(const struct view_port *port, uint32_t network)
{
	for (size_t i = 0; i < port->n_uses; i++)
		if (port->uses[i].network == network && (port->uses[i].is_uplink || port->uses[i].is_physical))
			return true;
	return false;
}

/* True: it went on, or arrived. */
static bool leave(struct trip *t, size_t at, const struct walk_out *out)
{
	struct copy *copy = &t->copies[at];
	const struct view_port *port = view_port(t->e->view, copy->entry.slot, out->ofport);
	const struct candidate *to = target(t);
	size_t before = t->n;
	if (!port)
		return false;
	if (t->kind == LEG_RESOLVE && !copy->depth && out->ofport == copy->entry.in_port) {
		t->leg->is_answered = true;
		arrive(t, copy, explain_printf(t->e, "answered here, back by %s", port->name));
	} else if (port->tunnel) {
		into_tunnel(t, at, out);
	} else if (port->link != NET_NONE) {
		over_link(t, at, port, out);
	} else if (is_on_lan(port, t->e->network)) {
		onto_lan(t, at, port, out);
	} else if (copy->entry.slot == to->sw && to->port && out->ofport == to->port->ofport) {
		arrive(t, copy, explain_printf(t->e, "out by %s", port->name));
	} else {
		return false;
	}
	return t->n != before || t->leg->passes || t->last == at;
}

/* --- through one switch -------------------------------------------------------------------------- */

static struct explain_step *add_hop(struct trip *t, struct copy *copy, const struct rule *rule)
{
	const struct row *row = ledger_find(t->e->core->switches[copy->entry.slot]->ledger, rule);
	struct explain_step *s = step(t, copy, NULL);
	uint8_t *msg = arena_alloc(t->e->arena, rule->size);
	memcpy(msg, rule->msg, rule->size);
	s->is_row = true;
	s->rule = *rule;
	s->rule.msg = msg;
	s->state = explain_row_state(row);
	if (rule->kind == RULE_FLOW) {
		const struct app_row *kind = app_row_of(rule);
		const struct core_origin origin = core_origin(t->e->core, rule_cookie(rule));
		enum table table = pipeline_by_id(rule_table(rule));
		s->table = table == N_TABLES ? NULL : pipeline[table].name;
		s->row = kind ? kind->name : NULL;
		s->app = origin.app[0] ? origin.app : NULL;
		s->object = origin.object[0] ? arena_strdup(t->e->arena, origin.object) : NULL;
		s->line = origin.line;
		s->n_packets = row ? row->n_packets : 0;
	}
	s->text = explain_row_text(t->e, s);
	s->is_shown = explain_row_is_shown(rule);
	return s;
}

/* What a frame did that did not go on: the row that ended it. */
static void ended(struct trip *t, struct copy *copy)
{
	struct explaining *e = t->e;
	struct explain_step *s = &copy->steps[copy->n_steps - 1];
	enum table denied = pipeline_by_id(pipeline[TABLE_ACL_DENIED].id);
	/* Denied in a table of its own: the row before it is the one that says why. */
	while (s > copy->steps && s->is_row && s->rule.kind == RULE_FLOW
	       && pipeline_by_id(rule_table(&s->rule)) == denied)
		s--;
	if (t->walk->missed) {
		enum table table = pipeline_by_id(t->walk->missed_table);
		stop_text(t, copy, NULL, "no-row", explain_printf(e, "table %s of %s has no row for it",
							    table == N_TABLES ? "?" : pipeline[table].name, sw_name(t, copy->entry.slot)),
			  "the switch has not got its rows yet: `weft status`", 0);
		return;
	}
	if (!s->is_row) {
		stop_text(t, copy, NULL, "no-row", explain_printf(e, "no row of %s takes it", sw_name(t, copy->entry.slot)),
			  "the switch has not got its rows yet: `weft status`", 0);
		return;
	}
	struct explain_cause cause = explain_row_cause(e, s, t->from, t->client);
	if (is_nearer(t, copy) && !t->leg->passes)
		s->is_shown = s->is_last = true;
	stop(t, copy, NULL, cause);
}

static bool is_refused(struct trip *t, struct copy *copy, struct explain_step *s)
{
	if (strcmp(s->state, "refused"))
		return false;
	s->is_shown = s->is_last = true;
	stop_text(t, copy, NULL, "row-refused", explain_printf(t->e, "%s has refused a row that stands on the way (%s), and it is shut since",
							  s->sw, s->object ? s->object : s->row ? s->row : "?"),
		  "`weft status` says why the switch refused it; `weft show flows state=refused`", s->line);
	return true;
}

static void note_walk(struct trip *t, struct copy *copy)
{
	struct explaining *e = t->e;
	if (t->walk->unknown || t->walk->cut)
		explain_cause_add(&e->x->notes, "unclear",
				  explain_printf(e, "%s has a row on the way that explain cannot follow (%s)", sw_name(t, copy->entry.slot),
						 t->walk->unknown ? t->walk->unknown : "too many rows"),
				  "ask Open vSwitch itself: --ovs", sw_name(t, copy->entry.slot), 0);
	if (t->walk->n_choices && !explain_cause_has(&e->x->notes, "one-of"))
		explain_cause_add(&e->x->notes, "one-of",
				  explain_printf(e, "%s spreads what goes this way over several paths; the first one is shown",
						 sw_name(t, copy->entry.slot)),
				  "`weft show links` says whether all of them are up", sw_name(t, copy->entry.slot), 0);
}

/* It went nowhere of interest: dropped, to another port, or to all others. */
static void strayed(struct trip *t, struct copy *copy)
{
	struct explaining *e = t->e;
	const struct view_port *port = NULL;
	size_t n = 0;
	for (size_t i = 0; i < t->walk->n_outs; i++) {
		if (t->walk->outs[i].ofport == (uint32_t) CONTROLLER_PORT)
			continue;
		port = view_port(e->view, copy->entry.slot, t->walk->outs[i].ofport);
		n++;
	}
	if (!n)
		ended(t, copy);
	else if (n == 1 && port && !port->tunnel && port->link == NET_NONE && !(copy->frame[0] & 1))
		stop_text(t, copy, explain_printf(e, "out by %s", port->name), "elsewhere",
			  explain_printf(e, "it comes out by %s:%s, where that host is not any more, or not yet",
					 sw_name(t, copy->entry.slot), port->name),
			  "the host has just moved: ask again; `weft show events kind=move`", 0);
	else
		stop_text(t, copy, NULL, "no-way",
			  explain_printf(e, "%s sends it on, but not to where %s is", sw_name(t, copy->entry.slot),
					 e->x->ends[!t->from].name),
			  "a host that is not known is reached by floods only: is `flood: false` set there? `weft show links` for "
			  "what joins the switches", 0);
}

/* Copies that leave, without those to weftd. */
static size_t n_leaving(const struct walk *walk)
{
	size_t n = 0;
	for (size_t i = 0; i < walk->n_outs; i++)
		n += walk->outs[i].ofport != (uint32_t) CONTROLLER_PORT;
	return n;
}

static void go(struct trip *t, size_t at)
{
	struct copy *copy = &t->copies[at];
	struct walk *walk = t->walk;
	struct explain_entry *entry = &copy->entry;
	bool went = false;
	if (!view_switch(t->e->view, entry->slot)->connected && entry->slot != target(t)->sw && copy->depth) {
		stop_text(t, copy, NULL, "switch-away", explain_printf(t->e, "switch %s, which is on the way, is not connected",
								      sw_name(t, entry->slot)),
			  "is the host up, does ovs-vswitchd run, can it reach weftd? `weft status`", 0);
		return;
	}
	walk->ct_state = t->kind == LEG_REPLY ? t->tracked->state[entry->slot] : 0;
	entry->ct_state = walk->ct_state;
	memcpy(walk->tun_src6, entry->tun_src6, 16);
	walk_frame(explain_rows_of(t->rows, entry->slot), walk, entry->in_port, copy->frame, copy->size,
		   entry->tun_id, entry->tun_src);
	note_walk(t, copy);
	for (size_t i = 0; i < walk->n_hops; i++) {
		struct explain_step *s = add_hop(t, copy, &walk->hops[i].rule);
		entry->is_tracked |= s->row && !strcmp(s->row, "track");
		if (is_refused(t, copy, s))
			return;
	}
	if (t->kind == LEG_REQUEST && walk->n_commits)
		t->tracked->state[entry->slot] = TRACKED | TRACKED_ESTABLISHED | TRACKED_REPLY;
	t->leg->by_flood |= !(copy->frame[0] & 1) && n_leaving(walk) > 1;
	for (size_t i = 0; i < walk->n_outs && !t->leg->passes; i++)
		if (walk->outs[i].ofport != (uint32_t) CONTROLLER_PORT)
			went |= leave(t, at, &walk->outs[i]);
	if (!went)
		strayed(t, copy);
}

/* --- the whole -------------------------------------------------------------------------------------- */

static void add_event(struct trip *t, uint32_t slot, const char *text)
{
	struct explain_leg *leg = t->leg;
	if (leg->n_steps < EXPLAIN_MAX_STEPS)
		leg->steps[leg->n_steps++] = (struct explain_step) {
			.sw = sw_name(t, slot), .slot = slot, .text = text, .is_shown = true };
}

/* The steps from the first copy to the one that is told of. */
static void tell(struct trip *t)
{
	size_t way[MAX_COPIES], n = 0;
	struct explain_leg *leg = t->leg;
	for (size_t at = t->last; at != SIZE_MAX && n < MAX_COPIES; at = t->copies[at].parent)
		way[n++] = at;
	leg->steps = arena_new_array(t->e->arena, struct explain_step, EXPLAIN_MAX_STEPS);
	while (n-- > 0) {
		const struct copy *copy = &t->copies[way[n]];
		if (copy->parent != SIZE_MAX)
			add_event(t, t->copies[copy->parent].entry.slot, copy->came_by);
		for (size_t i = 0; i < copy->n_steps && leg->n_steps < EXPLAIN_MAX_STEPS; i++)
			leg->steps[leg->n_steps++] = copy->steps[i];
		if (!n && copy->went)
			add_event(t, copy->entry.slot, copy->went);
		leg->over_tunnel = copy->over_tunnel;
		leg->tunnel_mtu = copy->tunnel_mtu;
		if (leg->n_traces < EXPLAIN_MAX_TRACES)
			leg->traces[leg->n_traces++] = (struct explain_trace) {
				sw_name(t, copy->entry.slot),
				explain_trace_command(t->e, t->kind, t->from, t->client, &copy->entry),
			};
	}
}

void explain_follow(struct explaining *e, struct explain_rows *rows, enum leg_kind kind, unsigned from,
		    unsigned client, struct explain_tracked *tracked, struct explain_leg *leg)
{
	struct trip t = {
		.e = e, .rows = rows, .kind = kind, .from = from, .client = client, .tracked = tracked, .leg = leg,
		.last = SIZE_MAX,
	};
	const struct candidate *source = &e->ends[from];
	*leg = (struct explain_leg) {
		.name = kind == LEG_REQUEST ? "request" : "reply", .frame_text = explain_frame_text(e, kind, from, client),
		.slot = source->sw, .in_port = source->port->ofport,
	};
	leg->frame_size = explain_frame(e, kind, from, client, leg->frame);
	t.walk = walk_new();
	t.copies = xheap_alloc(MAX_COPIES * sizeof *t.copies);
	push(&t, SIZE_MAX, source->sw, source->port->ofport, leg->frame, leg->frame_size, NULL,
	     explain_printf(e, "in by %s", source->port->name));
	while (t.done < t.n && !leg->passes)
		go(&t, t.done++);
	if (!leg->passes && !leg->cause.kind)
		stop_text(&t, &t.copies[0], NULL, "no-way", explain_printf(e, "no copy of it comes to %s", e->x->ends[!from].name),
			  "`weft status`, `weft show links`", 0);
	tell(&t);
	free(t.copies);
	walk_free(t.walk);
}
