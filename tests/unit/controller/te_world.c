/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/controller/te_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/pipeline.h"
#include "controller/core_private.h"
#include "topo/arena.h"
#include "topo/te_plan.h"

/* --- edges: cables, and tunnels with or without BFD -------------------------------------- */

/* By number, or by the file's name of it. */
static const struct view_port *port_at(const struct te_world *t, uint32_t index, const char *name, uint32_t *ret_sw)
{
	*ret_sw = view_switch_by_index(t->w.core->view, index);
	return *ret_sw == NET_NONE ? NULL : view_port_by_name(t->w.core->view, *ret_sw, name);
}

/* Whose life tells that of the edge; null: no port does, or it is not there. */
static const struct view_port *watch_of(const struct te_world *t, uint32_t e, unsigned end, uint32_t *ret_sw)
{
	const struct net_edge *edge = &t->w.core->net->edges[e];
	const char *name = edge->link != NET_NONE ? t->w.core->net->links[edge->link].ends[end].port : edge->bfd[end];
	return name ? port_at(t, edge->sw[end], name, ret_sw) : NULL;
}

static void set_ports(struct te_world *t, uint32_t e, bool up)
{
	for (unsigned end = 0; end < 2; end++) {
		uint32_t sw;
		const struct view_port *port = watch_of(t, e, end, &sw);
		if (!port)
			continue;
		/* BFD takes the life of a port, not its carrier. */
		struct msg_port said = { .ofport = port->ofport, .is_live = up, .speed_mbps = 10000,
					 .is_up = up || t->w.core->net->edges[e].link == NET_NONE };
		memcpy(said.name, port->name, sizeof said.name);
		memcpy(said.mac, port->mac, sizeof said.mac);
		core_port_status(t->w.core, sw, MSG_PORT_MODIFY, &said);
	}
}

static bool is_here(const struct te_world *t, uint32_t index)
{
	uint32_t sw = view_switch_by_index(t->w.core->view, index);
	return sw != NET_NONE && view_switch(t->w.core->view, sw)->connected;
}

/* Probes of both ends, and what becomes of them. */
static void probe_edge(struct te_world *t, uint32_t e)
{
	const struct net_edge *edge = &t->w.core->net->edges[e];
	uint32_t sw[2], ofport[2], watch;
	for (unsigned end = 0; end < 2; end++)
		if (!is_here(t, edge->sw[end]) || !view_edge_place(t->w.core->view, e, end, &sw[end], &ofport[end], &watch))
			return;
	for (unsigned end = 0; end < 2; end++) {
		struct fact fact = { .kind = FACT_PROBE, .sw = sw[end], .ofport = ofport[end], .edge = e + 1, .edge_end = end,
				     .old_sw = NET_NONE, .sent_us = ++t->n_probes };
		core_fact(t->w.core, &fact);
		fact.kind = FACT_PROBE_LOST;
		if (!t->silent[e] && !t->cut[e]) {
			fact.kind = FACT_LINK;
			fact.sw = sw[!end];
			fact.ofport = ofport[!end];
			fact.old_sw = sw[end];
			fact.old_ofport = ofport[end];
			if (edge->link != NET_NONE)
				fact.edge = 0;
		}
		if (!t->cut[e] || fact.kind == FACT_LINK)
			core_fact(t->w.core, &fact);
	}
}

void te_world_cut(struct te_world *t, uint32_t edge)
{
	t->cut[edge] = true;
	set_ports(t, edge, false);
}

void te_world_swallow(struct te_world *t, uint32_t edge) { t->silent[edge] = true; }

void te_world_mend(struct te_world *t, uint32_t edge)
{
	bool was_cut = t->cut[edge];
	t->cut[edge] = t->silent[edge] = false;
	if (was_cut)
		set_ports(t, edge, true);
	probe_edge(t, edge);
}

void te_world_find(struct te_world *t)
{
	for (uint32_t e = 0; e < t->w.core->net->n_edges; e++)
		probe_edge(t, e);
	te_world_settle(t);
}

/* --- life --------------------------------------------------------------------------------- */

static void begin(struct te_world *t, uint64_t now_ms, uint64_t wall_ms)
{
	world_init(&t->w, t->text);
	t->w.core->now_ms = t->w.core->start_ms = now_ms;
	t->w.core->wall_ms = wall_ms;
	if (t->folder[0])
		core_te_load(t->w.core, t->folder);
}

void te_world_init(struct te_world *t, const char *text, const char *folder)
{
	*t = (struct te_world) { .text = text, .random = 1 };
	snprintf(t->folder, sizeof t->folder, "%s", folder ? folder : "");
	begin(t, 1000000, 1700000000000);
}

void te_world_uninit(struct te_world *t)
{
	world_uninit(&t->w);
	for (int i = 0; i < TE_SWITCHES; i++)
		steer_free(t->at[i]);
}

static uint64_t mods_of(const struct core *core)
{
	uint64_t n = 0;
	for (size_t i = 0; i < core->n_switches; i++) {
		struct ledger_counts counts;
		ledger_count(core->switches[i]->ledger, &counts);
		n += counts.n_sent;
	}
	return n;
}

uint64_t te_world_mods(const struct te_world *t) { return t->n_mods + mods_of(t->w.core); }

static uint32_t chance(struct te_world *t)
{
	t->random = t->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t) (t->random >> 33) % 100;
}

/* When another steering is in force: what was patched is what a compile from scratch makes. */
static void check_compiled(struct te_world *t, uint32_t sw)
{
	struct core_switch *cs = t->w.core->switches[sw];
	const struct steer *steer = view_steer(t->w.core->view);
	if (!core_may_send(t->w.core, sw) || sw >= TE_SWITCHES || t->checked[sw] == steer)
		return;
	t->checked[sw] = steer;
	assert_int_equal(ledger_n_dirty(cs->ledger), 0);
	cs->stale = (1u << n_apps) - 1;
	core_compile(t->w.core, sw);
	assert_int_equal(ledger_n_dirty(cs->ledger), 0);
}

static void take_rows(struct te_world *t, uint32_t sw)
{
	core_plan(t->w.core);
	if (!core_may_send(t->w.core, sw))
		return;
	world_take_rows(&t->w, sw);
	check_compiled(t, sw);
	uint32_t index = view_switch(t->w.core->view, sw)->index;
	if (index == NET_NONE)
		return;
	steer_free(t->at[index]);
	t->at[index] = steer_join(view_steer(t->w.core->view), NULL);
}

void te_world_settle(struct te_world *t)
{
	for (int i = 0; i < (t->is_lazy ? 1 : 20); i++)
		for (uint32_t sw = 0; sw < t->w.core->n_switches; sw++)
			if (!t->is_lazy || chance(t) < 20)
				take_rows(t, sw);
}

static void add_port(struct msg_port *list, size_t *n, uint32_t index, const char *name, bool is_up, bool is_live)
{
	struct msg_port *port = &list[*n];
	snprintf(port->name, sizeof port->name, "%s", name);
	port->ofport = (uint32_t) ++*n;
	port->is_up = is_up;
	port->is_live = is_live;
	port->speed_mbps = 10000;
	port->mac[0] = 2;
	port->mac[5] = (uint8_t) (index * 16 + *n);
}

/* Ports as the file names them: links' ports in their order, vm1, then those of tunnels. */
static void attach(struct te_world *t, uint32_t index, const struct ledger *rows)
{
	struct core *core = t->w.core;
	const struct net *net = core->net;
	struct msg_port list[32] = { 0 };
	size_t n = 0;
	uint32_t sw = core_switch_by_name(core, net->switches[index].name);
	for (uint32_t l = 0; l < net->n_links; l++)
		for (unsigned end = 0; end < 2; end++)
			if (net->links[l].ends[end].sw == index)
				add_port(list, &n, index, net->links[l].ends[end].port, !t->cut[l], !t->cut[l]);
	add_port(list, &n, index, "vm1", true, true);
	if (net->switches[index].vtep)
		add_port(list, &n, index, net->switches[index].tunnel, true, true);
	for (uint32_t e = 0; e < net->n_edges; e++)
		for (unsigned end = 0; end < 2; end++)
			if (net->edges[e].sw[end] == index && net->edges[e].bfd[end])
				add_port(list, &n, index, net->edges[e].bfd[end], true, !t->cut[e]);
	/* Somebody is there, whom nobody talks to: then it is waited for until it has its rows. */
	core_attach(core, sw, (struct session *) t, list, n, 1000);
	struct ledger_iter iter;
	struct row_room room;
	struct rule rule;
	ledger_read_begin(core->switches[sw]->ledger, LEDGER_ALL);
	for (const struct row *row = rows ? ledger_first(rows, &iter) : NULL; row; row = ledger_after(rows, &iter))
		if (row->have) {
			row_rule(row, &room, &rule);
			ledger_read_row(core->switches[sw]->ledger, &rule, 0, 0, 100);
		}
	ledger_read_end(core->switches[sw]->ledger);
	core_read_done(core, sw);
	t->slots[index] = sw;
	if (!rows)
		t->born_ms[index] = core->now_ms;
}

static void settle_all(struct te_world *t)
{
	te_world_settle(t);
	for (uint32_t sw = 0; sw < t->w.core->n_switches; sw++)
		core_in_sync(t->w.core, sw);
	te_world_settle(t);
}

void te_world_connect(struct te_world *t)
{
	const struct net *net = t->w.core->net;
	for (uint32_t i = 0; i < net->n_switches; i++)
		attach(t, i, NULL);
	te_world_find(t);
	settle_all(t);
	for (uint32_t i = 0; i < net->n_switches; i++)
		for (uint32_t n = 0; n < net->n_networks; n++) {
			uint32_t vm = (uint32_t) view_port_by_name(t->w.core->view, t->slots[i], "vm1")->ofport;
			world_learn(&t->w, net->networks[n].name, 1 + i, t->slots[i], vm);
		}
	settle_all(t);
}

/* --- traffic ---------------------------------------------------------------------------------- */

static double gauss(struct te_world *t)
{
	double sum = 0;
	for (int i = 0; i < 12; i++) {
		t->random = t->random * 6364136223846793005ULL + 1442695040888963407ULL;
		sum += (double) (t->random >> 11) / (double) (1ULL << 53);
	}
	return sum - 6;
}

static const struct steer_transit *transit_at(const struct steer *steer, uint32_t sw, uint32_t edge, unsigned end,
					      uint32_t label)
{
	for (size_t i = 0; i < steer->n_transits; i++) {
		const struct steer_transit *x = &steer->transits[i];
		if (x->sw == sw && x->edge == edge && x->end == end && x->label == label)
			return x;
	}
	return NULL;
}

/* From the choice on, until it has no label; every label is known where it comes. */
static void carry(struct te_world *t, const struct steer_choice *choice, uint32_t to, double mbps)
{
	const struct net *net = t->w.core->net;
	for (unsigned hops = 0;; hops++) {
		assert_true(hops < 3 * net->n_switches);
		unsigned k = 0;
		while (k < choice->n_steps && t->cut[choice->steps[k].edge])
			k++;
		if (k == choice->n_steps) {
			t->lost += mbps;
			return;
		}
		const struct steer_step *step = &choice->steps[k];
		const struct net_edge *edge = &net->edges[step->edge];
		t->loads[2 * step->edge + step->end] += mbps;
		if (t->silent[step->edge]) {
			t->lost += mbps;
			return;
		}
		uint32_t at = edge->sw[!step->end];
		if (!step->label) {
			assert_int_equal(at, to);
			return;
		}
		const struct steer_transit *x = transit_at(t->at[at], at, step->edge, !step->end, step->label);
		assert_non_null(x);
		if (!x->choice.n_steps) {
			assert_int_equal(at, to);
			return;
		}
		choice = &x->choice;
	}
}

/* Mbit/s to where; a pair that is not steered is counted by nobody and goes nowhere here. */
static void send(struct te_world *t, const struct steer_pair *pair, double mbps)
{
	double big = t->elephant[pair->from][pair->to];
	for (uint32_t s = 0; s < pair->n_slots; s++) {
		double part = (1 - big) / pair->n_slots + (s == TE_ELEPHANT_SLOT ? big : 0);
		carry(t, &pair->choices[pair->slots[s]], pair->to, mbps * part);
		t->sent_slots[pair->from][pair->to][s] += (uint64_t) (mbps * part * 125000);
	}
	if (!pair->n_slots)
		carry(t, &pair->choices[0], pair->to, mbps);
}

static void say_rows(struct te_world *t, uint32_t index, int table)
{
	struct core *core = t->w.core;
	uint32_t sw = t->slots[index];
	struct ledger_iter iter;
	core_te_begin(core, sw, table);
	for (const struct row *row = ledger_first(core->switches[sw]->ledger, &iter); row;
	     row = ledger_after(core->switches[sw]->ledger, &iter)) {
		uint64_t peer, network, slot;
		struct row_room room;
		struct rule rule;
		row_rule(row, &room, &rule);
		if (!row->have || rule.kind != RULE_FLOW || rule_table(&rule) != table || !rule_match_u(&rule, FIELD_PEER, &peer)
		    || !rule_match_u(&rule, FIELD_NETWORK, &network))
			continue;
		uint32_t to = net_switch_by_peer(core->net, (uint32_t) peer);
		bool first = network == core->net->networks[0].id;
		uint64_t bytes = rule_match_u(&rule, FIELD_SLOT, &slot) ? t->sent_slots[index][to][slot] : t->sent[index][to];
		core_te_row(core, sw, table, &rule, first ? bytes : 0,
			    (uint32_t) ((core->now_ms - t->born_ms[index]) / 1000));
	}
	core_te_end(core, sw, table);
}

static void say_ports(struct te_world *t, uint32_t index)
{
	for (uint32_t e = 0; e < t->w.core->net->n_links; e++)
		for (unsigned end = 0; end < 2; end++) {
			uint32_t sw;
			if (t->w.core->net->edges[e].sw[end] != index)
				continue;
			struct poll_port said = { .ofport = watch_of(t, e, end, &sw)->ofport, .tx_bytes = t->port_bytes[2 * e + end] };
			core_te_port(t->w.core, sw, &said);
		}
}

/* What everybody sends now, to wherever it comes. */
static void flow(struct te_world *t)
{
	const struct net *net = t->w.core->net;
	memset(t->loads, 0, sizeof t->loads);
	t->lost = 0;
	for (uint32_t from = 0; from < net->n_switches; from++)
		for (uint32_t to = 0; to < net->n_switches; to++) {
			double mbps = t->want[from][to] * fmax(0, 1 + t->noise * (t->noise > 0 ? gauss(t) : 0));
			const struct steer_pair *pair = t->at[from] ? steer_find(t->at[from], 0, from, to) : NULL;
			if (!pair || !(mbps > 0))
				continue;
			send(t, pair, mbps);
			t->sent[from][to] += (uint64_t) (mbps * 125000);
		}
}

static void second(struct te_world *t)
{
	struct core *core = t->w.core;
	const struct net *net = core->net;
	flow(t);
	for (uint32_t arc = 0; arc < 2 * net->n_edges; arc++)
		t->port_bytes[arc] += (uint64_t) (t->loads[arc] * 125000);
	world_advance(&t->w, 1000);
	for (uint32_t e = 0; e < net->n_edges; e++)
		probe_edge(t, e);
	for (uint32_t i = 0; i < net->n_switches; i++) {
		int tables[POLL_MAX_ASKS];
		size_t n = t->is_away[i] ? 0 : core_te_poll(core, t->slots[i], tables);
		for (size_t k = 0; k < n; k++)
			if (tables[k] == POLL_PORTS)
				say_ports(t, i);
			else
				say_rows(t, i, tables[k]);
	}
	core_tick(core);
	te_world_settle(t);
}

void te_world_seconds(struct te_world *t, unsigned n)
{
	while (n--)
		second(t);
}

void te_world_leave(struct te_world *t, uint32_t index)
{
	core_detach(t->w.core, t->slots[index], "away");
	t->is_away[index] = true;
}

void te_world_return(struct te_world *t, uint32_t index)
{
	t->is_away[index] = false;
	attach(t, index, NULL);
	te_world_find(t);
	settle_all(t);
}

/* --- killed -------------------------------------------------------------------------------------- */

/* While switches come one after the other: what is there is probed, and takes its rows. */
static void a_while(struct te_world *t, uint64_t ms)
{
	for (uint64_t step; ms; ms -= step) {
		step = ms < 250 ? ms : 250;
		world_advance(&t->w, step);
		core_plan(t->w.core);
		te_world_find(t);
		core_tick(t->w.core);
		te_world_settle(t);
		flow(t);
		t->lost_at_start += t->lost;
	}
}

uint64_t te_world_restart_slowly(struct te_world *t, uint32_t first, uint64_t ms)
{
	struct core *old = t->w.core;
	uint32_t n = (uint32_t) old->net->n_switches;
	t->n_mods += mods_of(old);
	t->lost_at_start = 0;
	begin(t, old->now_ms, old->wall_ms);
	a_while(t, ms);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t index = (first + i) % n;
		if (t->is_away[index])
			continue;
		attach(t, index, old->switches[core_switch_by_name(old, t->w.core->net->switches[index].name)]->ledger);
		core_plan(t->w.core);
		a_while(t, ms);
	}
	te_world_settle(t);
	te_world_find(t);
	settle_all(t);
	core_free(old);
	return mods_of(t->w.core);
}

uint64_t te_world_restart(struct te_world *t) { return te_world_restart_slowly(t, 0, 0); }

double te_world_busiest(const struct te_world *t, uint32_t *ret_arc)
{
	double u = 0;
	*ret_arc = NET_NONE;
	for (uint32_t arc = 0; arc < 2 * t->w.core->net->n_edges; arc++) {
		double here = t->loads[arc] / te_capacity(t->w.core->view, arc / 2);
		if (here > u) {
			u = here;
			*ret_arc = arc;
		}
	}
	return u;
}

const char *te_world_event(const struct te_world *t, const char *kind)
{
	const struct events *events = t->w.core->events;
	for (uint64_t id = events_last_id(events); id >= events_first_id(events) && id; id--) {
		const struct event *event = events_get(events, id);
		if (!event->is_fact && !strcmp(event->kind, kind))
			return event->text;
	}
	return NULL;
}
