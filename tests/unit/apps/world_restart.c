/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon that starts anew and reads the rows back; and the chance that says in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/world_inside.h"
#include "topo/arena.h"

/* What the switches hold while the daemon is away. */
static struct ledger *held[WORLD_MAX_SWITCHES];
static struct held_port { char name[16]; uint32_t ofport; bool local; } *held_ports[WORLD_MAX_SWITCHES];
static size_t n_held_ports[WORLD_MAX_SWITCHES];
static char held_names[WORLD_MAX_SWITCHES][64];
static uint32_t held_meters[WORLD_MAX_SWITCHES];
static size_t n_held;

void world_drop_held(void)
{
	for (size_t i = 0; i < n_held; i++) {
		if (held[i])
			ledger_free(held[i]);
		free(held_ports[i]);
		held[i] = NULL;
		held_ports[i] = NULL;
	}
	n_held = 0;
}

void world_restart(struct world *w)
{
	world_drop_held();
	n_held = view_n_switches(w->view);
	for (uint32_t sw = 0; sw < n_held; sw++) {
		const struct view_switch *vs = view_switch(w->view, sw);
		held[sw] = w->rows[sw];
		w->rows[sw] = NULL;
		held_meters[sw] = vs->max_meters;
		snprintf(held_names[sw], sizeof held_names[sw], "%s", vs->name);
		held_ports[sw] = xheap_alloc(vs->n_ports * sizeof *held_ports[sw]);
		n_held_ports[sw] = vs->n_ports;
		for (size_t i = 0; i < vs->n_ports; i++) {
			struct held_port *port = &held_ports[sw][i];
			snprintf(port->name, sizeof port->name, "%s", vs->ports[i].name);
			port->ofport = vs->ports[i].ofport;
			port->local = vs->ports[i].local;
		}
	}
	view_free(w->view);
	w->view = view_new();
	view_bind(w->view, w->net, w->now_ms, NULL, NULL);
	world_declared(w);
}

static void reply_fact(void *ctx, struct fact *fact) { world_apply(ctx, *fact); }

size_t world_back(struct world *w, const char *name, uint32_t age_s)
{
	struct scene scene = world_scene(w);
	struct reply reply = { .fact = reply_fact, .ctx = w };
	struct ledger_iter iter;
	uint32_t was = 0;
	size_t n = 0;
	while (was < n_held && strcmp(held_names[was], name))
		was++;
	if (was == n_held)
		fail_msg("there was no switch %s before the restart", name);
	uint32_t sw = world_switch(w, name);
	view_set_max_meters(w->view, sw, held_meters[was]);
	for (size_t i = 0; i < n_held_ports[was]; i++) {
		struct fact fact = { .kind = FACT_PORT, .sw = sw, .ofport = held_ports[was][i].ofport,
				     .port_local = held_ports[was][i].local, .port_up = true,
				     .port_live = true };
		memcpy(fact.port_name, held_ports[was][i].name, sizeof fact.port_name);
		world_apply(w, fact);
	}
	for (const struct row *row = ledger_first(held[was], &iter); row; row = ledger_after(held[was], &iter)) {
		struct row_room room;
		struct rule rule;
		row_rule(row, &room, &rule);
		const struct app *app = rule.kind == RULE_FLOW ? app_by_number(cookie_app(rule_cookie(&rule))) : NULL;
		if (app && app->recover)
			app->recover(&scene, sw, &rule, age_s, &reply);
	}
	world_apply(w, (struct fact) { .kind = FACT_SWITCH_UP, .sw = sw });
	world_compile(w, sw);
	/* Nothing shall be sent to anybody who is back. */
	for (uint32_t i = 0; i < n_held; i++) {
		uint32_t now = view_switch_by_name(w->view, held_names[i]);
		if (now == NET_NONE || !view_switch(w->view, now)->connected)
			continue;
		n += world_differences(w->rows[now], held[i], "would be sent");
		n += world_differences(held[i], w->rows[now], "would be deleted");
	}
	return n;
}

/* --- chance ---------------------------------------------------------------------------- */

static uint32_t seed, dice;

void world_seed(unsigned number) { seed = dice = number; }

unsigned world_pick(unsigned n)
{
	dice = dice * 1664525u + 1013904223u;
	return (dice >> 8) % n;
}

void world_restart_whole(struct world *w, const char *switches, unsigned first)
{
	size_t n = strlen(switches);
	w->n_facts = 0;
	world_restart(w);
	for (size_t i = 0; i < n; i++) {
		const char name[2] = { switches[(first + i) % n] };
		if (world_back(w, name, 10))
			fail_msg("seed %u: a restart changes rows of %s", seed, name);
	}
	world_do(w, "settle");
	world_check(w);
}
