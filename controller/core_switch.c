/* SPDX-License-Identifier: Apache-2.0 */
/* The life of one switch in core: attached, read back, talking, gone. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/core_private.h"
#include "controller/core_te.h"
#include "topo/ways.h"

static void fill_port(struct fact *fact, const struct msg_port *port)
{
	memcpy(fact->port_name, port->name, sizeof fact->port_name);
	memcpy(fact->port_mac, port->mac, sizeof fact->port_mac);
	fact->port_up = port->is_up;
	fact->port_live = port->is_live;
	fact->port_local = port->is_local;
	fact->port_speed_mbps = port->speed_mbps;
}

void core_port_status(struct core *core, uint32_t sw, enum msg_port_reason reason,
		      const struct msg_port *port)
{
	struct fact fact = {
		.kind = reason == MSG_PORT_DELETE ? FACT_PORT_GONE : FACT_PORT,
		.reason = reason == MSG_PORT_DELETE ? REASON_PORT_GONE : REASON_NONE,
		.sw = sw, .ofport = port->ofport,
	};
	fill_port(&fact, port);
	core_fact(core, &fact);
}

static bool listed(const struct msg_port *ports, size_t n_ports, const struct view_port *port)
{
	for (size_t i = 0; i < n_ports; i++)
		if (ports[i].ofport == port->ofport && !strcmp(ports[i].name, port->name))
			return true;
	return false;
}

void core_attach(struct core *core, uint32_t sw, struct session *session,
		 const struct msg_port *ports, size_t n_ports, uint32_t max_meters)
{
	struct core_switch *cs = core->switches[sw];
	cs->session = session;
	cs->read = cs->ready = false;
	cs->connected_wall_ms = core->wall_ms;
	cs->n_connects++;
	view_set_max_meters(core->view, sw, max_meters);
	/* Ports that went while it was away, from the end: each fact shrinks the list. */
	for (size_t i = view_switch(core->view, sw)->n_ports; i-- > 0;) {
		const struct view_port *port = &view_switch(core->view, sw)->ports[i];
		if (listed(ports, n_ports, port))
			continue;
		struct fact gone = { .kind = FACT_PORT_GONE, .reason = REASON_PORT_GONE,
				     .sw = sw, .ofport = port->ofport };
		memcpy(gone.port_name, port->name, sizeof gone.port_name);
		core_fact(core, &gone);
	}
	for (size_t i = 0; i < n_ports; i++)
		core_port_status(core, sw, MSG_PORT_ADD, &ports[i]);
}

static void reply_fact(void *ctx, struct fact *fact)
{
	core_fact(ctx, fact);
}

/* Where hosts are that another controller has learned while we stood by: what
 * it wrote is newer than what we remember. */
static void reply_fact_of_another(void *ctx, struct fact *fact)
{
	fact->recovered = fact->kind != FACT_HOST;
	core_fact(ctx, fact);
}

static void reply_send(void *ctx, uint32_t sw, const uint32_t *ofports, size_t n_ports,
		       const uint8_t *frame, size_t size)
{
	struct core *core = ctx;
	if (core->send)
		core->send(core->ctx, sw, ofports, n_ports, frame, size);
}

static void reply_send_as_in(void *ctx, uint32_t sw, uint32_t in_port, const uint8_t *frame, size_t size)
{
	struct core *core = ctx;
	if (core->send_as_in)
		core->send_as_in(core->ctx, sw, in_port, frame, size);
}

static void reply_send_tunnel(void *ctx, uint32_t sw, uint32_t ofport, const struct net_vtep_at *to,
			      const uint8_t *frame, size_t size)
{
	struct core *core = ctx;
	if (core->send_tunnel)
		core->send_tunnel(core->ctx, sw, ofport, to, frame, size);
}

static void reply_note(void *ctx, const char *kind, const char *sw, const char *text)
{
	struct core *core = ctx;
	events_note(core->events, core->wall_ms, EVENT_INFO, kind, sw, "%s", text);
}

struct reply core_reply(struct core *core)
{
	return (struct reply) {
		.fact = reply_fact, .send = reply_send, .send_as_in = reply_send_as_in,
		.send_tunnel = reply_send_tunnel, .note = reply_note, .ctx = core,
	};
}

/* Every row of ours that was read back is asked for the fact it carries. The
 * switch is not ready yet, so this ledger does not change under the loop. */
static void recover(struct core *core, uint32_t sw)
{
	struct core_switch *cs = core->switches[sw];
	struct scene scene = core_scene(core);
	struct reply reply = core_reply(core);
	struct ledger_iter iter;
	if (cs->stood_by) {
		reply.fact = reply_fact_of_another;
		view_doubt_addresses(core->view);
		view_doubt_guards(core->view, sw);
	}
	cs->stood_by = false;
	for (const struct row *row = ledger_first(cs->ledger, &iter); row;
	     row = ledger_after(cs->ledger, &iter)) {
		struct row_room room;
		struct rule rule;
		if (!row->have || row->foreign)
			continue;
		row_rule(row, &room, &rule);
		if (rule.kind != RULE_FLOW)
			continue;
		const struct app *app = app_by_number(cookie_app(rule_cookie(&rule)));
		if (app && app == app_by_table(TABLE_PATH))
			core_te_found(core);
		if (app && app->recover)
			app->recover(&scene, sw, &rule, row->duration, &reply);
	}
}

void core_read_done(struct core *core, uint32_t sw)
{
	struct core_switch *cs = core->switches[sw];
	struct fact up = { .kind = FACT_SWITCH_UP, .sw = sw, .ofport = 0 };
	recover(core, sw);
	cs->read = true;
	/* Others hear of it before it is compiled for, as a whole. */
	cs->ready = !core_must_wait(core);
	cs->n_ticks = 0;
	core_fact(core, &up);
	core->settled = false;
	core_let_go(core);
	if (!cs->ready)
		return;
	core_gateways(core);
	core_ways(core);
	cs->stale = (1u << n_apps) - 1;
	core->is_stale = true;
	core_touch(core, sw);
}

void core_let_go(struct core *core)
{
	if (core_must_wait(core))
		return;
	for (uint32_t sw = 0; sw < core->n_switches; sw++) {
		struct core_switch *cs = core->switches[sw];
		if (!cs->read || cs->ready)
			continue;
		cs->ready = true;
		cs->stale = (1u << n_apps) - 1;
		core->is_stale = true;
		core_touch(core, sw);
	}
}

void core_in_sync(struct core *core, uint32_t sw)
{
	struct fact fact = { .kind = FACT_SWITCH_READY, .sw = sw };
	core_fact(core, &fact);
	core_touch(core, sw);
}

bool core_is_in_sync(const struct core *core, uint32_t sw)
{
	const struct ways *ways = view_ways(core->view);
	return view_switch(core->view, sw)->connected && core_may_send(core, sw) && ledger_at_rest(core->switches[sw]->ledger)
		&& !(ways && ways->with);
}

bool core_may_send(const struct core *core, uint32_t sw)
{
	const struct core_switch *cs = core->switches[sw];
	return cs->ready && !cs->stale && !cs->steered;
}

void core_detach(struct core *core, uint32_t sw, const char *why)
{
	struct core_switch *cs = core->switches[sw];
	struct fact down = { .kind = FACT_SWITCH_DOWN, .sw = sw };
	bool was_read = cs->read;
	cs->session = NULL;
	cs->read = cs->ready = false;
	cs->stale = cs->steered = 0;
	cs->connected_wall_ms = core->wall_ms;
	snprintf(cs->last_error, sizeof cs->last_error, "%s", why);
	if (was_read)
		core_fact(core, &down);
}

/* The app that a packet-in is for, or null. */
static const struct app *punt_app(uint32_t sw, const struct punt *punt, struct app_punt *ret_in)
{
	enum table table = pipeline_by_id(punt->table);
	if (!cookie_is_ours(punt->cookie) || table == N_TABLES)
		return NULL;
	*ret_in = (struct app_punt) {
		.sw = sw, .cookie = punt->cookie, .table = table, .in_port = punt->in_port,
		.network = punt->reg[0], .class = punt->reg[1],
		.frame = punt->frame, .size = punt->size, .out = punt->reg[2], .peer = punt->reg[3],
	};
	return app_by_table(table);
}

/* Memory is slow, and what is fetched one right behind the other comes at the same
 * time; with work in between, each waits for the one before. */
static void fetch_all(struct core *core)
{
	for (size_t i = 0; i < core->n_fetches; i++)
		__builtin_prefetch(core->fetches[i], 1);
	core->n_fetches = 0;
}

void core_punts(struct core *core, uint32_t sw, const struct punt *punts, size_t n)
{
	struct scene scene = core_scene(core);
	struct reply reply = core_reply(core);
	struct out out = core_out(core, 0);
	const struct app *apps_in[CORE_PUNTS];
	struct app_punt in[CORE_PUNTS];
	for (size_t i = 0; i < n; i++)
		apps_in[i] = punt_app(sw, &punts[i], &in[i]);
	for (unsigned turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < n; i++)
			if (apps_in[i] && apps_in[i]->ahead)
				apps_in[i]->ahead(&scene, &in[i], turn, &out);
		fetch_all(core);
	}
	for (size_t i = 0; i < n; i++)
		if (apps_in[i] && apps_in[i]->packet_in)
			apps_in[i]->packet_in(&scene, &in[i], &reply);
	core->counts.n_punts += n;
}

/* A row left the switch. In flight = we have sent something newer about it.
 * Wanted no more = our own deletion. Else its app says what that means. */
void core_metered(struct core *core, uint32_t sw, const struct app_meter *meters, size_t n)
{
	struct scene scene = core_scene(core);
	struct reply reply = core_reply(core);
	for (size_t i = 0; n && i < n_apps; i++)
		if (apps[i].app->metered)
			apps[i].app->metered(&scene, sw, meters, n, &reply);
}

bool core_removed(struct core *core, uint32_t sw, const struct removed *removed,
		  const struct rule *rule)
{
	struct core_switch *cs = core->switches[sw];
	bool drift = false;
	if (!cookie_is_ours(removed->cookie))
		return false;
	if (!cs->ready) {
		/* Still reading back: what went is not there to recover from. */
		ledger_gone(cs->ledger, rule);
		return false;
	}
	const struct row *row = ledger_find(cs->ledger, rule);
	if (!row || row->in_flight || !row->have)
		return false;
	if (row->want) {
		const struct app *app = app_by_number(cookie_app(removed->cookie));
		bool idle = removed->reason == 0;
		if (app && app->removed) {
			struct scene scene = core_scene(core);
			struct reply reply = core_reply(core);
			if (app->removed(&scene, sw, rule, idle, &reply))
				return false;   /* were it gone, an audit would find it */
		}
		drift = !idle;
		if (drift)
			events_note(core->events, core->wall_ms, EVENT_WARNING, "drift",
				    view_switch(core->view, sw)->name,
				    "a row of ours was deleted by another hand; it is put back");
	}
	ledger_gone(cs->ledger, rule);
	core_touch(core, sw);
	return drift;
}
