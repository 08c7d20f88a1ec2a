/* SPDX-License-Identifier: Apache-2.0 */
/* The world's book-keeping: facts in, rows out, restarts. Frames are in
 * world_frames.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/world.h"
#include "topo/arena.h"
#include "topo/ways.h"

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

static void compile_all(struct world *w, uint32_t sw)
{
	for (size_t i = 0; i < n_apps; i++)
		compile_app(w, i, sw);
}

static void applied(struct world *w, const struct fact *fact)
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

static void on_gone(void *ctx, const struct fact *fact) { applied(ctx, fact); }

/* Of patches that concern a switch which is not back after a restart nothing is
 * kept; it is compiled when it is. The out callbacks need a ledger anyway. */
static void make_slot(struct world *w, uint32_t sw)
{
	assert_true(sw < WORLD_MAX_SWITCHES);
	if (w->rows[sw])
		return;
	w->rows[sw] = ledger_new();
	compile_all(w, sw);
}

bool world_apply(struct world *w, struct fact fact)
{
	fact.time_ms = w->now_ms;
	if (!view_apply(w->view, &fact, on_gone, w))
		return false;
	applied(w, &fact);
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

static void declared_slots(struct world *w)
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
	declared_slots(w);
	return w;
}

static void drop_held(void);

void world_free(struct world *w)
{
	drop_held();
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
	declared_slots(w);
	for (uint32_t sw = 0; sw < view_n_switches(w->view); sw++)
		compile_all(w, sw);
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
static uint32_t split(struct world *w, const char *place, const char **ret_port)
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
	*ret_sw = split(w, place, &name);
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

static void number_mac(uint8_t mac[6], unsigned n)
{
	memcpy(mac, (uint8_t[6]) { 2, 0, 0, 0, (uint8_t) (n >> 8), (uint8_t) n }, 6);
}

const struct host *world_host(struct world *w, const char *network, unsigned n)
{
	uint8_t mac[6];
	number_mac(mac, n);
	return view_host(w->view, world_network(w, network), mac);
}

/* --- stories ----------------------------------------------------------------------- */

static void do_port(struct world *w, const char *place, const char *number, bool up)
{
	const char *name;
	struct fact fact = { .kind = FACT_PORT, .sw = split(w, place, &name), .port_up = up, .port_live = up };
	const struct view_port *port = view_port_by_name(w->view, fact.sw, name);
	fact.port_local = !strcmp(number, "local") || (port && port->local);
	fact.ofport = port ? port->ofport : fact.port_local ? 0xfffffffe : (uint32_t) strtoul(number, NULL, 10);
	if (!fact.ofport)
		fail_msg("port %s needs a number", place);
	snprintf(fact.port_name, sizeof fact.port_name, "%s", name);
	world_apply(w, fact);
}

static void do_host(struct world *w, const char *network, const char *mac, const char *place, const char *age)
{
	struct fact fact = { .kind = FACT_HOST, .network = world_network(w, network), .old_sw = NET_NONE };
	number_mac(fact.mac, (unsigned) strtoul(mac, NULL, 10));
	if (place) {
		world_place(w, place, &fact.sw, &fact.ofport);
	} else {
		fact.sw = NET_NONE;
		fact.unconfirmed = true;
	}
	fact.recovered = sscanf(age, "age=%" SCNu32, &fact.age_s) == 1;
	world_apply(w, fact);
}

static void do_forget(struct world *w, const char *network, const char *mac)
{
	const struct host *host = world_host(w, network, (unsigned) strtoul(mac, NULL, 10));
	struct fact fact = { .kind = FACT_HOST_GONE, .reason = REASON_AGED };
	if (!host)
		fail_msg("no host %s in %s", mac, network);
	fact.network = host->network;
	fact.sw = host->sw;
	fact.ofport = host->ofport;
	fact.unconfirmed = host->unconfirmed;
	memcpy(fact.mac, host->mac, 6);
	assert_true(world_apply(w, fact));
}

/* At the host's place, or where it says. */
static void do_address(struct world *w, const char *network, const char *mac, const char *ip, const char *place)
{
	const struct host *host = world_host(w, network, (unsigned) strtoul(mac, NULL, 10));
	struct fact fact = { .kind = FACT_ADDRESS, .network = world_network(w, network), .old_sw = NET_NONE };
	number_mac(fact.mac, (unsigned) strtoul(mac, NULL, 10));
	fact.has_ip4 = inet_pton(AF_INET, ip, fact.ip4) == 1;
	fact.has_ip6 = inet_pton(AF_INET6, ip, fact.ip6) == 1;
	if ((!fact.has_ip4 && !fact.has_ip6) || (!host && !place[0]))
		fail_msg("\"%s\" is no address, or host %s is not there", ip, mac);
	if (place[0]) {
		world_place(w, place, &fact.sw, &fact.ofport);
	} else {
		fact.sw = host->sw;
		fact.ofport = host->ofport;
	}
	world_apply(w, fact);
}

static void do_lease(struct world *w, const char *network, const char *mac, const char *ip, const char *seconds)
{
	struct fact fact = { .kind = FACT_LEASE, .network = world_network(w, network), .sw = NET_NONE };
	number_mac(fact.mac, (unsigned) strtoul(mac, NULL, 10));
	fact.has_ip4 = inet_pton(AF_INET, ip, fact.ip4) == 1;
	fact.has_ip6 = inet_pton(AF_INET6, ip, fact.ip6) == 1;
	fact.until_s = (uint32_t) (world_scene(w).wall_ms / 1000 + strtoul(seconds, NULL, 10));
	assert_true(world_apply(w, fact));
}

static void do_shut(struct world *w, const char *network, const char *place)
{
	struct fact fact = { .kind = FACT_PORT_SHUT, .network = world_network(w, network), .reason = REASON_PORT_LIMIT,
			     .until_s = (uint32_t) (world_scene(w).wall_ms / 1000) };
	world_place(w, place, &fact.sw, &fact.ofport);
	assert_true(world_apply(w, fact));
}

static void do_link(struct world *w, const char *place)
{
	struct fact fact = { .kind = FACT_LINK };
	const struct view_port *other;
	world_place(w, place, &fact.sw, &fact.ofport);
	const struct view_port *port = view_port(w->view, fact.sw, fact.ofport);
	assert_true(port->link != NET_NONE);
	assert_true(view_link_place(w->view, port->link, !port->link_end, &fact.old_sw, &other));
	fact.old_ofport = other->ofport;
	world_apply(w, fact);
	struct fact back = { .kind = FACT_LINK, .sw = fact.old_sw, .ofport = fact.old_ofport,
			     .old_sw = fact.sw, .old_ofport = fact.ofport };
	world_apply(w, back);
}

static void take_ways(struct world *w, struct ways *ways)
{
	struct fact fact = { .kind = FACT_WAYS, .sw = NET_NONE };
	view_set_ways(w->view, ways);
	applied(w, &fact);
}

/* As core does, on all switches that are not cut. */
static void do_ways(struct world *w, bool half)
{
	struct ways *ways = view_take_ways(w->view);
	if (!ways || !ways->with) {
		struct ways *next = ways_compute(w->view);
		next->with = ways;
		take_ways(w, next);
		ways = view_take_ways(w->view);
	}
	if (half) {
		view_set_ways(w->view, ways);
		return;
	}
	take_ways(w, ways_alone(ways));
}

/* --- steering ----------------------------------------------------------------------- */

void world_steer(struct world *w, struct steer *take)
{
	struct fact fact = { .kind = FACT_STEER, .sw = NET_NONE };
	view_set_steer(w->view, take);
	applied(w, &fact);
}

struct placement *world_placement(struct world *w, uint64_t seed)
{
	size_t n = w->net->n_switches, n_links = w->net->n_edges;
	struct place_link *links = xheap_alloc(n_links * sizeof *links);
	struct place_demand *demands = xheap_alloc(n * n * sizeof *demands);
	struct place_job job = { .n_nodes = (uint32_t) n, .links = links, .n_links = n_links, .demands = demands,
				 .options = place_defaults() };
	for (uint32_t i = 0; i < n_links; i++)
		links[i] = (struct place_link) {
			.a = w->net->edges[i].sw[0], .b = w->net->edges[i].sw[1], .mbps = { 100, 100 },
			.cost = w->net->edges[i].cost, .down = !view_edge_is_up(w->view, i),
		};
	for (uint32_t i = 0; i < n * n; i++)
		if (i / n != i % n) {
			double mbps = seed ? (double) (net_hash(&(uint64_t[2]) { seed, i }, 16) % 100) : 10;
			demands[job.n_demands++] = (struct place_demand) { .src = i / (uint32_t) n, .dst = i % (uint32_t) n, .mbps = mbps };
		}
	struct placement *placement = place_plan(&job);
	free(links);
	free(demands);
	return placement;
}

static void do_steer(struct world *w, const char *number)
{
	struct placement *placement = world_placement(w, strtoull(number, NULL, 10));
	world_steer(w, steer_compute(w->view, placement, NULL, view_steer(w->view)));
	place_free(placement);
}

struct walk_switch *world_walk_switch(const struct world *w, uint32_t sw)
{
	struct walk_switch *all = walk_switch_new();
	struct ledger_iter iter;
	for (const struct row *row = ledger_first(w->rows[sw], &iter); row; row = ledger_after(w->rows[sw], &iter)) {
		struct row_room room;
		struct rule rule;
		if (!row->want)
			continue;
		row_rule(row, &room, &rule);
		walk_switch_load(all, &rule);
	}
	walk_switch_loaded(all);
	return all;
}

struct walk_switch *world_compiled(struct world *w, uint32_t sw)
{
	struct ledger *rows = w->rows[sw];
	w->rows[sw] = ledger_new();
	compile_all(w, sw);
	struct walk_switch *all = world_walk_switch(w, sw);
	ledger_free(w->rows[sw]);
	w->rows[sw] = rows;
	return all;
}

static void do_line(struct world *w, const char *line)
{
	char a[5][80] = { "" };
	int n = sscanf(line, " %79s %79s %79s %79s %79s", a[0], a[1], a[2], a[3], a[4]);
	struct fact fact = { .kind = FACT_SWITCH_UP };
	bool is_port = strchr(a[1], ':');
	if (n < 1 || a[0][0] == '#')
		return;
	w->now_ms += 1000;
	if (!strcmp(a[0], "port")) {
		do_port(w, a[1], a[2], true);
	} else if (is_port && (!strcmp(a[0], "down") || !strcmp(a[0], "up"))) {
		do_port(w, a[1], "", !strcmp(a[0], "up"));
	} else if (!strcmp(a[0], "gone")) {
		fact.kind = FACT_PORT_GONE;
		world_place(w, a[1], &fact.sw, &fact.ofport);
		world_apply(w, fact);
	} else if (!strcmp(a[0], "host")) {
		do_host(w, a[1], a[2], a[3], a[4]);
	} else if (!strcmp(a[0], "address")) {
		do_address(w, a[1], a[2], a[3], a[4]);
	} else if (!strcmp(a[0], "lease")) {
		do_lease(w, a[1], a[2], a[3], a[4]);
	} else if (!strcmp(a[0], "shut")) {
		do_shut(w, a[1], a[2]);
	} else if (!strcmp(a[0], "remember")) {
		do_host(w, a[1], a[2], NULL, "");
	} else if (!strcmp(a[0], "forget")) {
		do_forget(w, a[1], a[2]);
	} else if (!strcmp(a[0], "up") || !strcmp(a[0], "down")) {
		fact.kind = !strcmp(a[0], "up") ? FACT_SWITCH_UP : FACT_SWITCH_DOWN;
		fact.sw = world_switch(w, a[1]);
		world_apply(w, fact);
		if (fact.kind == FACT_SWITCH_UP && w->cut[fact.sw]) {
			w->cut[fact.sw] = false;
			compile_all(w, fact.sw);
		}
	} else if (!strcmp(a[0], "link")) {
		do_link(w, a[1]);
	} else if (!strcmp(a[0], "ways")) {
		do_ways(w, a[1][0]);
	} else if (!strcmp(a[0], "steer")) {
		do_steer(w, a[1]);
	} else if (!strcmp(a[0], "cut")) {
		fact.kind = FACT_SWITCH_DOWN;
		fact.sw = world_switch(w, a[1]);
		w->cut[fact.sw] = true;
		world_apply(w, fact);
	} else if (!strcmp(a[0], "ready")) {
		fact.kind = FACT_SWITCH_READY;
		fact.sw = world_switch(w, a[1]);
		world_apply(w, fact);
	} else if (!strcmp(a[0], "gateway")) {
		fact.kind = FACT_GATEWAY;
		fact.network = world_network(w, a[1]);
		fact.sw = NET_NONE;
		if (a[2][0] != '-')
			world_place(w, a[2], &fact.sw, &fact.ofport);
		world_apply(w, fact);
	} else if (!strcmp(a[0], "settle") || !strcmp(a[0], "give-up")) {
		view_settle(w->view, a[0][0] == 'g', w->now_ms, on_gone, w);
	} else if (!strcmp(a[0], "meters")) {
		view_set_max_meters(w->view, world_switch(w, a[1]), (uint32_t) strtoul(a[2], NULL, 10));
		compile_all(w, world_switch(w, a[1]));
	} else {
		fail_msg("not a step of a story: %s", line);
	}
}

void world_do(struct world *w, const char *story)
{
	while (*story) {
		size_t len = strcspn(story, "\n;");
		char line[256];
		snprintf(line, sizeof line, "%.*s", (int) len, story);
		do_line(w, line);
		story += len + (story[len] != '\0');
	}
}

/* --- looking at rows --------------------------------------------------------------- */

static void describe(const struct row *row, char *buf, size_t size)
{
	struct row_room room;
	struct rule rule;
	row_rule(row, &room, &rule);
	rule_format(&rule, buf, size);
}

/* Rows of one that are not in the other, or not the same. */
static size_t differences(const struct ledger *one, const struct ledger *other, const char *what)
{
	struct ledger_iter iter;
	size_t n = 0;
	for (const struct row *row = ledger_first(one, &iter); row; row = ledger_after(one, &iter)) {
		char text[8192];
		struct row_room room;
		struct rule rule;
		if (!row->want)
			continue;
		row_rule(row, &room, &rule);
		const struct row *twin = ledger_find(other, &rule);
		if (twin && twin->want == row->want && twin->app == row->app && twin->plain == row->plain)
			continue;
		describe(row, text, sizeof text);
		print_message("%s: %s\n", what, text);
		n++;
	}
	return n;
}

void world_check(struct world *w)
{
	for (uint32_t sw = 0; sw < view_n_switches(w->view); sw++) {
		struct ledger *patched = w->rows[sw];
		if (!patched || w->cut[sw])
			continue;
		w->rows[sw] = ledger_new();
		compile_all(w, sw);
		size_t n = differences(w->rows[sw], patched, "compiled, not patched");
		n += differences(patched, w->rows[sw], "patched, not compiled");
		ledger_free(w->rows[sw]);
		w->rows[sw] = patched;
		if (n)
			fail_msg("%zu rows of %s differ", n, view_switch(w->view, sw)->name);
	}
}

struct line { unsigned table, priority; char *text; };

static int compare_lines(const void *a_, const void *b_)
{
	const struct line *a = a_, *b = b_;
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	return strcmp(a->text, b->text);
}

char *world_rows_text(struct world *w, uint32_t sw)
{
	struct ledger_iter iter;
	struct line *lines = NULL;
	size_t n = 0, len;
	char *all;
	for (const struct row *row = ledger_first(w->rows[sw], &iter); row; row = ledger_after(w->rows[sw], &iter)) {
		char text[8192];
		struct row_room room;
		struct rule rule;
		if (!row->want)
			continue;
		row_rule(row, &room, &rule);
		describe(row, text, sizeof text);
		lines = xheap_realloc(lines, (n + 1) * sizeof *lines);
		lines[n++] = (struct line) {
			.table = rule.kind == RULE_FLOW ? 1u + rule_table(&rule) : 0,
			.priority = rule.kind == RULE_FLOW ? rule_priority(&rule) : 0,
			.text = xheap_strdup(text),
		};
	}
	if (n)
		qsort(lines, n, sizeof *lines, compare_lines);
	FILE *out = open_memstream(&all, &len);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "%s\n", lines[i].text);
		free(lines[i].text);
	}
	fclose(out);
	free(lines);
	return all;
}

size_t world_count_rows(struct world *w, const char *sw, const char *word, ...)
{
	char *text = world_rows_text(w, world_switch(w, sw)), *rest = text, *line;
	size_t n = 0;
	while ((line = strsep(&rest, "\n"))) {
		va_list words;
		bool all = *line;
		va_start(words, word);
		for (const char *one = word; one; one = va_arg(words, const char *))
			all = all && strstr(line, one);
		va_end(words);
		n += all;
	}
	free(text);
	return n;
}

/* --- restarts ---------------------------------------------------------------------- */

/* What the switches hold while the daemon is away. */
static struct ledger *held[WORLD_MAX_SWITCHES];
static struct held_port { char name[16]; uint32_t ofport; bool local; } *held_ports[WORLD_MAX_SWITCHES];
static size_t n_held_ports[WORLD_MAX_SWITCHES];
static char held_names[WORLD_MAX_SWITCHES][64];
static uint32_t held_meters[WORLD_MAX_SWITCHES];
static size_t n_held;

static void drop_held(void)
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
	drop_held();
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
	declared_slots(w);
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
	compile_all(w, sw);
	/* Nothing shall be sent to anybody who is back. */
	for (uint32_t i = 0; i < n_held; i++) {
		uint32_t now = view_switch_by_name(w->view, held_names[i]);
		if (now == NET_NONE || !view_switch(w->view, now)->connected)
			continue;
		n += differences(w->rows[now], held[i], "would be sent");
		n += differences(held[i], w->rows[now], "would be deleted");
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
