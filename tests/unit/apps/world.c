/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as the controller makes them, the life of a world, and its names. */
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

/* --- rows -------------------------------------------------------------------------- */

static void on_want(void *ctx, uint32_t sw, uint8_t app, const struct rule *rule)
{
	struct world *w = ctx;
	w->n_changes++;
	assert_true(rule_is_ours(rule));
	if (w->cut[sw])
		return;
	if (rule->kind == RULE_FLOW)
		assert_int_equal(cookie_app(rule_cookie(rule)), app);
	ledger_want(w->rows[sw], app, rule);
}

static void on_unwant(void *ctx, uint32_t sw, uint8_t app, const struct rule *key)
{
	struct world *w = ctx;
	(void) app;
	w->n_changes++;
	if (!w->cut[sw])
		ledger_unwant(w->rows[sw], key);
}

static void sign(const void *ctx, const uint8_t *bytes, size_t size, uint8_t ret_sign[16])
{
	uint64_t hash = net_hash(bytes, size);
	(void) ctx;
	memcpy(ret_sign, &hash, 8);
	memcpy(ret_sign + 8, &hash, 8);
}

struct scene world_scene(const struct world *w)
{
	return (struct scene) { .net = w->net, .view = w->view, .now_ms = w->now_ms, .now_us = w->now_ms * 1000,
				.wall_ms = WORLD_WALL_MS + w->now_ms, .sign = sign };
}

static void compile_app(struct world *w, size_t app, uint32_t sw)
{
	struct scene scene = world_scene(w);
	struct out out = { .build = w->build, .shapes = w->shapes, .app = apps[app].number,
			   .want = on_want, .unwant = on_unwant, .ctx = w };
	if (!w->rows[sw] || w->cut[sw])
		return;
	ledger_mark(w->rows[sw], out.app);
	apps[app].app->compile(&scene, sw, &out);
	ledger_sweep(w->rows[sw], out.app);
	w->n_compiles++;
}

void world_compile(struct world *w, uint32_t sw)
{
	for (size_t i = 0; i < n_apps; i++)
		compile_app(w, i, sw);
}

void world_tell(struct world *w, const struct fact *fact)
{
	struct scene scene = world_scene(w);
	assert_true(w->n_facts < WORLD_MAX_FACTS);
	w->facts[w->n_facts++] = *fact;
	for (size_t i = 0; i < n_apps; i++) {
		struct out out = { .build = w->build, .shapes = w->shapes, .app = apps[i].number,
				   .want = on_want, .unwant = on_unwant, .ctx = w };
		if (!(apps[i].app->reads & (1ULL << fact->kind)))
			continue;
		if (apps[i].app->patch && apps[i].app->patch(&scene, fact, &out)) {
			w->n_patches++;
			continue;
		}
		for (uint32_t sw = 0; sw < view_n_switches(w->view); sw++)
			if (sw == fact->sw || (fact->kind != FACT_PORT && fact->kind != FACT_PORT_GONE
					     && fact->kind != FACT_PORT_SHUT && fact->kind != FACT_PORT_OPEN))
				compile_app(w, i, sw);
	}
}

void world_gone(void *ctx, const struct fact *fact) { world_tell(ctx, fact); }

/* Of patches that concern a switch which is not back after a restart nothing is
 * kept; it is compiled when it is. The out callbacks need a ledger anyway. */
static void make_slot(struct world *w, uint32_t sw)
{
	assert_true(sw < WORLD_MAX_SWITCHES);
	if (w->rows[sw])
		return;
	w->rows[sw] = ledger_new();
	world_compile(w, sw);
}

bool world_apply(struct world *w, struct fact fact)
{
	fact.time_ms = w->now_ms;
	if (!view_apply(w->view, &fact, world_gone, w))
		return false;
	world_tell(w, &fact);
	return true;
}

void world_quiet(struct world *w)
{
	w->n_facts = w->n_patches = w->n_compiles = w->n_changes = w->n_sent = 0;
}

/* --- life -------------------------------------------------------------------------- */

static struct net *load(const char *yaml)
{
	struct diag *diag = diag_new("world.yaml");
	struct net *net = net_parse("world.yaml", yaml, strlen(yaml), diag);
	if (!net) {
		diag_print(diag, stderr);
		fail_msg("the file of this world has errors");
	}
	diag_free(diag);
	return net;
}

void world_declared(struct world *w)
{
	for (size_t i = 0; i < w->net->n_switches; i++)
		make_slot(w, view_switch_slot(w->view, w->net->switches[i].name, w->net->switches[i].dpid));
}

struct world *world_new(const char *yaml)
{
	struct world *w = xheap_alloc(sizeof *w);
	w->net = load(yaml);
	w->view = view_new();
	w->build = build_new(pipeline, N_TABLES);
	w->shapes = shapes_new(w->build);
	w->now_ms = 1000000;
	w->learn = true;
	view_bind(w->view, w->net, w->now_ms, NULL, NULL);
	world_declared(w);
	return w;
}

void world_free(struct world *w)
{
	world_drop_held();
	for (size_t sw = 0; sw < WORLD_MAX_SWITCHES; sw++)
		if (w->rows[sw])
			ledger_free(w->rows[sw]);
	shapes_free(w->shapes);
	build_free(w->build);
	if (w->walk)
		walk_free(w->walk);
	view_free(w->view);
	net_free(w->net);
	free(w);
}

static void note_lost(void *ctx, const struct fact *fact)
{
	struct world *w = ctx;
	assert_true(w->n_facts < WORLD_MAX_FACTS);
	w->facts[w->n_facts++] = *fact;
}

void world_reload(struct world *w, const char *yaml)
{
	struct net *old = w->net;
	w->net = load(yaml);
	view_bind(w->view, w->net, w->now_ms, note_lost, w);
	world_declared(w);
	for (uint32_t sw = 0; sw < view_n_switches(w->view); sw++)
		world_compile(w, sw);
	net_free(old);
}

/* --- names ------------------------------------------------------------------------- */

uint32_t world_switch(struct world *w, const char *name)
{
	uint32_t sw = view_switch_by_name(w->view, name);
	if (sw == NET_NONE) {
		sw = view_switch_slot(w->view, name, net_hash(name, strlen(name)));
		make_slot(w, sw);
	}
	return sw;
}

/* "a:r1" into its two names. */
uint32_t world_split(struct world *w, const char *place, const char **ret_port)
{
	char name[64];
	const char *colon = strchr(place, ':');
	if (!colon)
		fail_msg("\"%s\" is no place", place);
	snprintf(name, sizeof name, "%.*s", (int) (colon - place), place);
	*ret_port = colon + 1;
	return world_switch(w, name);
}

void world_place(struct world *w, const char *place, uint32_t *ret_sw, uint32_t *ret_ofport)
{
	const char *name;
	*ret_sw = world_split(w, place, &name);
	const struct view_port *port = view_port_by_name(w->view, *ret_sw, name);
	if (!port)
		fail_msg("no port %s in this world", place);
	*ret_ofport = port->ofport;
}

uint32_t world_network(struct world *w, const char *name)
{
	uint32_t i = net_network_by_name(w->net, name);
	if (i == NET_NONE)
		fail_msg("no network %s in this world", name);
	return w->net->networks[i].id;
}

void world_mac(uint8_t mac[6], unsigned n)
{
	memcpy(mac, (uint8_t[6]) { 2, 0, 0, 0, (uint8_t) (n >> 8), (uint8_t) n }, 6);
}

const struct host *world_host(struct world *w, const char *network, unsigned n)
{
	uint8_t mac[6];
	world_mac(mac, n);
	return view_host(w->view, world_network(w, network), mac);
}
