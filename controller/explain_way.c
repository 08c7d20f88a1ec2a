/* SPDX-License-Identifier: Apache-2.0 */
/* A frame on its way: through the rows of the switch where it comes in, over tunnels,
 * links and the LAN to others, until it comes out where the other end stands, or ends. */
#include <stdlib.h>
#include <string.h>

#include "controller/explain_trip.h"

enum { CONTROLLER_PORT = (int) 0xfffffffd };

/* --- through one switch -------------------------------------------------------------------------- */

static struct explain_step *add_hop(struct trip *t, struct copy *copy, const struct rule *rule)
{
	const struct row *row = ledger_find(t->e->core->switches[copy->entry.slot]->ledger, rule);
	struct explain_step *s = trip_step(t, copy, NULL);
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
	/* A group that has no live bucket; the row before it says what for. */
	while (s > copy->steps && s->is_row && s->rule.kind != RULE_FLOW)
		s--;
	/* Denied in a table of its own: the row before it is the one that says why. */
	while (s > copy->steps && s->is_row && s->rule.kind == RULE_FLOW
	       && pipeline_by_id(rule_table(&s->rule)) == denied)
		s--;
	if (t->walk->missed) {
		enum table table = pipeline_by_id(t->walk->missed_table);
		trip_stop_text(t, copy, NULL, "no-row", explain_printf(e, "table %s of %s has no row for it",
							    table == N_TABLES ? "?" : pipeline[table].name, trip_sw_name(t, copy->entry.slot)),
			  "the switch has not got its rows yet: `weft status`", 0);
		return;
	}
	if (!s->is_row) {
		trip_stop_text(t, copy, NULL, "no-row", explain_printf(e, "no row of %s takes it", trip_sw_name(t, copy->entry.slot)),
			  "the switch has not got its rows yet: `weft status`", 0);
		return;
	}
	struct explain_cause cause = explain_row_cause(e, s, t->from, t->client);
	if (trip_is_nearer(t, copy) && !t->leg->passes)
		s->is_shown = s->is_last = true;
	trip_stop(t, copy, NULL, cause);
}

static bool is_refused(struct trip *t, struct copy *copy, struct explain_step *s)
{
	if (strcmp(s->state, "refused"))
		return false;
	s->is_shown = s->is_last = true;
	trip_stop_text(t, copy, NULL, "row-refused", explain_printf(t->e, "%s has refused a row that stands on the way (%s), and it is shut since",
							  s->sw, s->object ? s->object : s->row ? s->row : "?"),
		  "`weft status` says why the switch refused it; `weft show flows state=refused`", s->line);
	return true;
}

/* Open vSwitch chooses by addresses and ports. */
static bool is_ip(const struct explaining *e) { return e->protocol.kind != EXPLAIN_ETHER && e->protocol.kind != EXPLAIN_ARP; }

/* The next hop of a path is dead, and the switch has gone on by the detour. */
static void tell_detour(struct trip *t, struct copy *copy)
{
	struct explaining *e = t->e;
	const struct view_port *dead = view_port(e->view, copy->entry.slot, t->walk->dead_ofport);
	const char *name = !dead ? "a port that is gone" : dead->link != NET_NONE ? e->net->links[dead->link].name : dead->name;
	trip_step(t, copy, explain_printf(e, "by the detour: %s is down", name));
	explain_cause_add(&e->x->notes, "detour", explain_printf(e, "%s sends this by a detour, for %s is down", trip_sw_name(t, copy->entry.slot), name),
			  "look at the cable and at both ports: `weft show links`; weft plans anew", trip_sw_name(t, copy->entry.slot), 0);
}

static void note_walk(struct trip *t, struct copy *copy)
{
	struct explaining *e = t->e;
	if (t->walk->unknown || t->walk->cut)
		explain_cause_add(&e->x->notes, "unclear",
				  explain_printf(e, "%s has a row on the way that explain cannot follow (%s)", trip_sw_name(t, copy->entry.slot),
						 t->walk->unknown ? t->walk->unknown : "too many rows"),
				  "ask Open vSwitch itself: --ovs", trip_sw_name(t, copy->entry.slot), 0);
	if (t->walk->n_choices && !explain_cause_has(&e->x->notes, "one-of"))
		explain_cause_add(&e->x->notes, "one-of",
				  explain_printf(e, "%s spreads connections that go this way over several paths; shown is that of %s",
						 trip_sw_name(t, copy->entry.slot), is_ip(e) ? "this one" : "one of them: not IP, it may be another"),
				  "`weft show te` has all paths, `weft show links` says whether their links are up",
				  trip_sw_name(t, copy->entry.slot), 0);
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
		trip_stop_text(t, copy, explain_printf(e, "out by %s", port->name), "elsewhere",
			  explain_printf(e, "it comes out by %s:%s, where that host is not any more, or not yet",
					 trip_sw_name(t, copy->entry.slot), port->name),
			  "the host has just moved: ask again; `weft show events kind=move`", 0);
	else
		trip_stop_text(t, copy, NULL, "no-way",
			  explain_printf(e, "%s sends it on, but not to where %s is", trip_sw_name(t, copy->entry.slot),
					 e->x->ends[!t->from].name),
			  "a host that is not known is reached by floods only: is `flood: false` set there? `weft show links` for "
			  "what joins the switches", 0);
}

/* What a mirror port gets is on its way to nobody. */
static void forget_copies(struct trip *t, const struct copy *copy)
{
	struct walk *walk = t->walk;
	size_t n = 0;
	for (size_t i = 0; i < walk->n_outs; i++) {
		const struct view_port *port = view_port(t->e->view, copy->entry.slot, walk->outs[i].ofport);
		if (port && port->is_mirror)
			continue;
		if (n != i)
			walk->outs[n] = walk->outs[i];
		n++;
	}
	walk->n_outs = n;
}

/* Copies that leave, without those to weftd. */
static size_t n_leaving(const struct walk *walk)
{
	size_t n = 0;
	for (size_t i = 0; i < walk->n_outs; i++)
		n += walk->outs[i].ofport != (uint32_t) CONTROLLER_PORT;
	return n;
}

/* What connection tracking says there of the frame: of a request nothing yet. */
static void take_tracked(struct trip *t, struct explain_entry *entry)
{
	static const struct explain_track nothing;
	const struct explain_track *track = t->kind == LEG_REPLY ? &t->tracked->at[entry->slot] : &nothing;
	const struct explain_end *client = &t->e->x->ends[t->client];
	struct walk *walk = t->walk;
	entry->ct_state = walk->ct_state = track->state;
	walk->ct_translates = track->translates;
	memcpy(walk->ct_ip, t->e->is_v6 ? client->ip6 : client->ip4, t->e->is_v6 ? 16 : 4);
	memcpy(walk->ct_label, track->label, sizeof walk->ct_label);
	memcpy(entry->ct_label, track->label, sizeof entry->ct_label);
}

static void remember(struct trip *t, struct explain_entry *entry)
{
	struct explain_track *track = &t->tracked->at[entry->slot];
	const struct walk *walk = t->walk;
	if (t->kind != LEG_REQUEST || !walk->n_commits)
		return;
	track->state = TRACKED | TRACKED_ESTABLISHED | TRACKED_REPLY;
	track->translates = entry->is_translated = walk->translated;
	memcpy(track->label, walk->commit_label, sizeof track->label);
	if (walk->translated)
		explain_translated(t->e, t->client, walk);
}

static void tell_rows(struct trip *t, struct copy *copy, struct explain_step *s)
{
	const char *text = explain_snat_text(t->e, s, t->client);
	copy->entry.is_tracked |= s->row && (!strcmp(s->row, "track") || !strcmp(s->row, "addressed-to-source"));
	if (!text)
		return;
	s->text = text;
	s->is_shown = true;
	s->line = 0;                    /* the rule that says so has been told */
}

static void go(struct trip *t, size_t at)
{
	struct copy *copy = &t->copies[at];
	struct walk *walk = t->walk;
	struct explain_entry *entry = &copy->entry;
	bool went = false;
	if (!view_switch(t->e->view, entry->slot)->connected && entry->slot != trip_target(t)->sw && copy->depth) {
		trip_stop_text(t, copy, NULL, "switch-away", explain_printf(t->e, "switch %s, which is on the way, is not connected",
								      trip_sw_name(t, entry->slot)),
			  "is the host up, does ovs-vswitchd run, can it reach weftd? `weft status`", 0);
		return;
	}
	take_tracked(t, entry);
	memcpy(walk->tun_src6, entry->tun_src6, 16);
	walk_frame(explain_rows_of(t->rows, entry->slot), walk, entry->in_port, copy->frame, copy->size,
		   entry->tun_id, entry->tun_src);
	forget_copies(t, copy);
	note_walk(t, copy);
	remember(t, entry);
	for (size_t i = 0; i < walk->n_hops; i++) {
		struct explain_step *s = add_hop(t, copy, &walk->hops[i].rule);
		tell_rows(t, copy, s);
		if (is_refused(t, copy, s))
			return;
	}
	if (walk->n_blind) {
		/* It may get through all the same, when it is only the ports' BFD that is not up yet. */
		ended(t, copy);
		return;
	}
	if (walk->n_detours && n_leaving(walk))
		tell_detour(t, copy);
	t->leg->by_flood |= !(copy->frame[0] & 1) && n_leaving(walk) > 1;
	for (size_t i = 0; i < walk->n_outs && !t->leg->passes; i++)
		if (walk->outs[i].ofport != (uint32_t) CONTROLLER_PORT)
			went |= trip_leave(t, at, &walk->outs[i]);
	if (!went)
		strayed(t, copy);
}

/* --- the whole -------------------------------------------------------------------------------------- */

static void add_event(struct trip *t, uint32_t slot, const char *text)
{
	struct explain_leg *leg = t->leg;
	if (leg->n_steps < EXPLAIN_MAX_STEPS)
		leg->steps[leg->n_steps++] = (struct explain_step) {
			.sw = trip_sw_name(t, slot), .slot = slot, .text = text, .is_shown = true };
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
		struct copy *copy = &t->copies[way[n]];
		if (copy->parent != SIZE_MAX)
			add_event(t, t->copies[copy->parent].entry.slot, copy->came_by);
		for (size_t i = 0; i < copy->n_steps && leg->n_steps < EXPLAIN_MAX_STEPS; i++)
			leg->steps[leg->n_steps++] = copy->steps[i];
		if (!n && copy->went)
			add_event(t, copy->entry.slot, copy->went);
		leg->over_tunnel = copy->over_tunnel;
		leg->tunnel_mtu = copy->tunnel_mtu;
		copy->entry.is_back = t->kind == LEG_REPLY && memcmp(copy->frame, explain_seen(t->e, t->client)->mac, 6);
		if (leg->n_traces < EXPLAIN_MAX_TRACES)
			leg->traces[leg->n_traces++] = (struct explain_trace) {
				trip_sw_name(t, copy->entry.slot),
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
	*leg = (struct explain_leg) {
		.name = kind == LEG_REQUEST ? "request" : "reply", .frame_text = explain_frame_text(e, kind, from, client),
	};
	leg->frame_size = explain_frame(e, kind, from, client, leg->frame);
	t.walk = walk_new();
	t.walk->choice = WALK_BY_HASH;
	t.copies = xheap_alloc(MAX_COPIES * sizeof *t.copies);
	trip_begin(&t);
	while (t.done < t.n && !leg->passes)
		go(&t, t.done++);
	if (!leg->passes && !leg->cause.kind)
		trip_stop_text(&t, &t.copies[0], NULL, "no-way", explain_printf(e, "no copy of it comes to %s", e->x->ends[!from].name),
			  "`weft status`, `weft show links`", 0);
	tell(&t);
	free(t.copies);
	walk_free(t.walk);
}
