/* SPDX-License-Identifier: Apache-2.0 */
/* sim: weftd and its wires; the parts are put together as in controller/main.c. */
#include "tests/unit/controller/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/core_te.h"
#include "controller/loop.h"
#include "controller/session_private.h"
#include "topo/arena.h"

enum { QUIET_MS = 32000, QUIET_WITH_TUNNELS_MS = 48000, REST_MS = 240000 };

uint32_t sim_random(struct sim *s, uint32_t n)
{
	s->random = s->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t) (s->random >> 33) % n;
}

size_t sim_n_ports(const struct sim *s) { return s->has_underlays ? SIM_PORTS : SIM_TUNNEL; }

bool sim_chance(struct sim *s, uint32_t percent) { return sim_random(s, 100) < percent; }

static void set_time(struct sim *s)
{
	s->core->now_ms = s->now_ms;
	s->core->now_us = 1000 * s->now_ms;
	s->core->wall_ms = SIM_WALL_MS + s->now_ms;
}

/* --- weftd --------------------------------------------------------------------------- */

static void on_kick(void *ctx)
{
	struct sim *s = ctx;
	s->tick_due = true;
}

static void on_later(void *ctx)
{
	struct sim *s = ctx;
	s->later_due = true;
}

static void on_send(void *ctx, uint32_t sw, const uint32_t *ofports, size_t n_ports,
		    const uint8_t *frame, size_t size)
{
	struct sim *s = ctx;
	if (s->core->switches[sw]->session)
		session_packet_out(s->core->switches[sw]->session, ofports, n_ports, frame, size);
}

static void on_send_as_in(void *ctx, uint32_t sw, uint32_t in_port, const uint8_t *frame, size_t size)
{
	struct sim *s = ctx;
	if (!s->core->switches[sw]->session)
		return;
	session_packet_out_as_in(s->core->switches[sw]->session, in_port, frame, size);
	core_touch(s->core, sw);
}

static void on_send_tunnel(void *ctx, uint32_t sw, uint32_t ofport, const struct net_vtep_at *to, const uint8_t *frame,
			   size_t size)
{
	struct sim *s = ctx;
	assert_false(to->is_v6);
	if (!s->core->switches[sw]->session)
		return;
	session_packet_out_tunnel(s->core->switches[sw]->session, ofport, to->bytes, 4, frame, size);
	core_touch(s->core, sw);
}

static void on_changed(void *ctx)
{
	struct sim *s = ctx;
	sessions_check_admission(s->sessions);
	on_kick(s);
}

static void start(struct sim *s)
{
	struct config_state state;
	s->config = config_new(s->loop, s->file, NULL);
	config_state(s->config, &state);
	if (state.failed)
		diag_print(state.findings, stderr);
	assert_false(state.failed);
	s->core = core_new(config_take_net(s->config), s->now_ms);
	set_time(s);
	core_te_load(s->core, s->folder);
	s->core->kick = on_kick;
	s->core->send = on_send;
	s->core->later = on_later;
	s->core->rows_at_a_time = sim_chance(s, 50) ? 1 + sim_random(s, 200) : 0;
	if (s->has_underlays) {
		s->core->send_as_in = on_send_as_in;
		s->core->send_tunnel = on_send_tunnel;
	}
	s->core->ctx = s;
	/* As the clock would have it: beats of the last life were slower. */
	s->generation_id = s->now_ms > s->generation_id ? s->now_ms : s->generation_id + 1;
	s->sessions = sessions_new(s->loop, s->core, s->generation_id, 0);
	config_start(s->config, s->core, on_changed, s);
	s->next_tick_ms = s->now_ms + SIM_TICK_MS;
	s->tick_due = s->later_due = false;
}

static void stop(struct sim *s)
{
	sessions_free(s->sessions);
	core_free(s->core);
	config_free(s->config);
}

void sim_end_tick(struct sim *s)
{
	bool goes_on = s->later_due && sim_chance(s, 70);
	if (!s->tick_due && !goes_on)
		return;
	s->tick_due = false;
	s->later_due &= !goes_on;
	set_time(s);
	if (goes_on)
		core_go_on(s->core);
	else
		core_plan(s->core);
	sessions_flush(s->sessions);
}

/* As on_ticker of main.c. */
static void tick(struct sim *s)
{
	set_time(s);
	sessions_tick(s->sessions);
	core_soon(s->core);
	if (s->n_ticks++ % 4 == 0)
		core_tick(s->core);
	sim_end_tick(s);
}

void sim_advance(struct sim *s, uint64_t ms)
{
	s->now_ms += ms;
	loop_freeze(s->loop, s->now_ms);
	if (s->now_ms < s->next_tick_ms)
		return;
	s->next_tick_ms = s->now_ms + SIM_TICK_MS;
	tick(s);
}

static void write_file(struct sim *s, const char *text)
{
	FILE *f = fopen(s->file, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void put_in_force(struct sim *s, const char *text)
{
	free(s->text);
	s->text = xheap_strdup(text);
}

void sim_edit(struct sim *s, const char *text, bool is_good, bool by_apply)
{
	struct config_state before, after;
	config_state(s->config, &before);
	set_time(s);
	if (by_apply) {
		const char *error = config_apply(s->config, text, strlen(text), NULL);
		assert_int_equal(error == NULL, is_good);
	} else {
		write_file(s, text);
		config_reload(s->config, HISTORY_NOBODY);
	}
	config_state(s->config, &after);
	assert_int_equal(after.n_loads, before.n_loads + 1);
	if (is_good) {
		assert_false(after.failed);
		put_in_force(s, text);
	} else {
		assert_int_equal(after.n_failures, before.n_failures + 1);
		assert_string_equal(after.digest, before.digest);
	}
	if (sim_chance(s, 70))
		sim_end_tick(s);
}

/* --- wires --------------------------------------------------------------------------- */

/* Who finds the connection closed has perhaps still worked on what had arrived. */
static void notice_ends(struct sim *s)
{
	for (size_t i = 0; i < SIM_SWITCHES; i++) {
		struct sim_switch *sw = &s->switches[i];
		if (!sw->online || sw->wire.conn)
			continue;
		sim_work(s, sw, sim_random(s, 30));
		fake_disconnect(sw->fake);
		sw->online = false;
	}
}

void sim_restart(struct sim *s)
{
	stop(s);
	notice_ends(s);
	write_file(s, s->text);
	start(s);
}

void sim_connect(struct sim *s, struct sim_switch *sw)
{
	struct fake_knobs *k = fake_knobs(sw->fake);
	k->refuse_at_add = sim_chance(s, 50);
	k->piece = 200 + sim_random(s, 5000);
	assert_null(sw->wire.conn);
	fake_connect(sw->fake);
	sw->online = true;
	sw->wire.cert_name = s->is_tls ? sw->name : NULL;
	wire_plug(&sw->wire);
	sessions_accept(s->sessions, 0, NULL);
}

void sim_disconnect(struct sim *s, struct sim_switch *sw)
{
	(void) s;
	fake_disconnect(sw->fake);
	sw->online = false;
	wire_cut(&sw->wire);
}

void sim_work(struct sim *s, struct sim_switch *sw, size_t n)
{
	(void) s;
	fake_work(sw->fake, n);
}

bool sim_round(struct sim *s, struct sim_switch *sw, size_t n)
{
	set_time(s);
	bool moved = wire_round(&sw->wire, n);
	notice_ends(s);
	return moved;
}

static const struct session *session_of(const struct sim *s, const struct wire *wire)
{
	for (const struct session *session = s->sessions->first; session && wire->conn; session = session->next)
		if (session->conn == wire->conn)
			return session;
	return NULL;
}

uint32_t sim_slot(const struct sim *s, const struct sim_switch *sw)
{
	const struct session *session = session_of(s, &sw->wire);
	return session && session->state == SESSION_LIVE ? session->sw : NET_NONE;
}

/* --- somebody who says that he is it -------------------------------------------------- */

static void talk(struct sim *s, struct wire *wire)
{
	bool moved;
	do {
		moved = wire_round(wire, FAKE_ALL);
		sim_end_tick(s);
		moved |= wire->conn && fake_work(wire->fake, FAKE_ALL);
	} while (moved && wire->conn);
}

void sim_impostor(struct sim *s, struct sim_switch *sw)
{
	const struct session *session = session_of(s, &sw->wire);
	if (!session || !session->attached || !wire_lives(&sw->wire))
		return;
	struct fake_switch *fake = fake_new(sw->dpid);
	struct wire wire = { .fake = fake, .cert_name = s->is_tls ? sw->name : NULL };
	uint64_t n_refused = s->core->counts.n_switches_refused;
	struct fake_counts counts;
	fake_connect(fake);
	wire_plug(&wire);
	sessions_accept(s->sessions, 0, NULL);
	talk(s, &wire);
	if (wire.conn) {
		const struct session *got = session_of(s, &wire);
		print_message("a second connection for %s, slot %u, got slot %u \"%s\"\n", sw->name, session->sw, got->sw,
			      got->sw == NET_NONE ? "" : view_switch(s->core->view, got->sw)->name);
		fail();
	}
	assert_int_equal(s->core->counts.n_switches_refused, n_refused + 1);
	assert_ptr_equal(session_of(s, &sw->wire), session);
	assert_ptr_equal(s->core->switches[session->sw]->session, session);
	fake_count(fake, &counts);
	assert_int_equal(counts.n_flow_mods + counts.n_meter_mods + counts.n_early, 0);
	fake_free(fake);
}

/* --- rest ----------------------------------------------------------------------------- */

void sim_settle(struct sim *s)
{
	bool moved;
	do {
		moved = false;
		for (size_t i = 0; i < SIM_SWITCHES; i++) {
			struct sim_switch *sw = &s->switches[i];
			sim_work(s, sw, FAKE_ALL);
			moved |= sim_round(s, sw, FAKE_ALL);
		}
		moved |= s->tick_due || s->later_due;
		sim_end_tick(s);
	} while (moved);
}

uint64_t sim_mods(const struct sim *s)
{
	uint64_t n = 0;
	for (size_t i = 0; i < SIM_SWITCHES; i++) {
		struct fake_counts counts;
		fake_count(s->switches[i].fake, &counts);
		n += counts.n_flow_mods + counts.n_group_mods + counts.n_meter_mods;
	}
	return n;
}

static uint64_t unrest(const struct sim *s)
{
	return sim_mods(s) + s->core->counts.n_facts;
}

/* Quiet for longer than a round of audits takes. */
void sim_rest(struct sim *s)
{
	uint64_t deadline = s->now_ms + REST_MS, since = s->now_ms, before = unrest(s);
	while (s->now_ms - since < (s->has_underlays ? QUIET_WITH_TUNNELS_MS : QUIET_MS)) {
		sim_settle(s);
		sim_advance(s, 2 * SIM_TICK_MS);
		if (unrest(s) != before) {
			before = unrest(s);
			since = s->now_ms;
		}
		if (s->now_ms > deadline)
			fail_msg("does not come to rest");
	}
	sim_settle(s);
}

/* --- life ----------------------------------------------------------------------------- */

static bool refuse(void *ctx, const struct rule *rule, bool deletes)
{
	const struct sim *s = ctx;
	if (deletes || !s->refuse_hash)
		return false;
	return (rule_key_hash(rule) & 15) == (s->refuse_hash & 15);
}

static void make_switch(struct sim *s, size_t i)
{
	static const char *const names[SIM_SWITCHES] = { "a", "b", "c", "d" };
	static const char *const ports[SIM_PORTS] = {
		"up0", "up1", "br0", "vm1", "vm2", "vm3", "vm4", "tr1", "tr2", "ln0", "ln1",
		"vxlan0", "bfda", "bfdb", "bfdc", "bfdd",
	};
	struct sim_switch *sw = &s->switches[i];
	sw->name = names[i];
	sw->dpid = 0xa0 + i;
	sw->fake = fake_new(sw->dpid);
	sw->wire.fake = sw->fake;
	struct fake_knobs *k = fake_knobs(sw->fake);
	k->refuse = refuse;
	k->refuse_ctx = s;
	k->send = sim_send_by_itself;
	k->send_ctx = sw;
	sw->sim = s;
	k->max_meters = sim_chance(s, 80) ? 1000 : 0;
	k->no_bundles = sim_chance(s, 10);
	s->may_loop |= k->no_bundles;
	for (size_t p = 0; p < SIM_PORTS; p++) {
		struct sim_port *port = &sw->ports[p];
		snprintf(port->name, sizeof port->name, "%s", ports[p]);
		port->on_lan = p < 2;
		if (p >= sim_n_ports(s))
			continue;
		if (p > 2 && p < SIM_CABLES && sim_chance(s, 30))
			continue;
		port->ofport = p < 2 || p >= SIM_CABLES ? 100 + (uint32_t) p : p == 2 ? 0xfffffffe : (uint32_t) p;
		port->is_up = true;
		fake_port(sw->fake, port->ofport, port->name, true, true);
	}
}

static const struct table_contract foreign_tables[] = {
	{ .name = "ingress", .owner = "t", .id = 0, .match = UINT64_MAX, .outputs = true },
	{ .name = "other", .owner = "t", .id = 3, .match = UINT64_MAX, .outputs = true },
	{ .name = "l2_src", .owner = "t", .id = 60, .match = UINT64_MAX, .outputs = true },
	{ .name = "output", .owner = "t", .id = 100, .match = UINT64_MAX, .outputs = true },
};

struct sim *sim_new(uint64_t seed, const char *folder)
{
	struct sim *s = xheap_alloc(sizeof *s);
	s->has_storms = seed >= SIM_STORMS && seed < SIM_UNDERLAYS;
	s->has_underlays = seed >= SIM_UNDERLAYS;
	s->random = seed * 2654435761u + 88172645463325252ULL;
	for (int i = 0; i < 8; i++)
		sim_random(s, 2);
	s->is_tls = sim_chance(s, 60);
	s->now_ms = 1000000;
	s->loop = loop_new();
	loop_freeze(s->loop, s->now_ms);
	s->walk = walk_new();
	s->foreign_build = build_new(foreign_tables, sizeof foreign_tables / sizeof *foreign_tables);
	snprintf(s->file, sizeof s->file, "%s/sim.yaml", folder);
	snprintf(s->folder, sizeof s->folder, "%s", folder);
	for (size_t i = 0; i < SIM_SWITCHES; i++)
		make_switch(s, i);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		s->hosts[i] = (struct sim_host) {
			.mac = { 2, 0, 0, 0, 1, (uint8_t) (i + 1) }, .vid = SIM_UNTAGGED,
			.sw = sim_random(s, SIM_SWITCHES), .port = 3 + sim_random(s, SIM_CABLES - 3),
		};
	char *text = sim_file_good(s, false);
	put_in_force(s, text);
	free(text);
	write_file(s, s->text);
	start(s);
	return s;
}

struct sim *sim_new_online(uint64_t seed, const char *folder)
{
	struct sim *s = sim_new(seed, folder);
	for (size_t i = 0; i < SIM_SWITCHES; i++)
		if (!s->switches[i].online)
			sim_connect(s, &s->switches[i]);
	sim_rest(s);
	return s;
}

void sim_forget(const struct sim *s, const char *name)
{
	char path[sizeof s->folder + 20];
	snprintf(path, sizeof path, "%s/%s", s->folder, name);
	unlink(path);
}

void sim_free(struct sim *s)
{
	stop(s);
	for (size_t i = 0; i < SIM_SWITCHES; i++) {
		fake_free(s->switches[i].fake);
		walk_switch_free(s->switches[i].rows);
	}
	for (size_t i = 0; i < SIM_FOREIGN; i++)
		free(s->foreign[i].msg);
	walk_free(s->walk);
	build_free(s->foreign_build);
	loop_free(s->loop);
	unlink(s->file);
	sim_forget(s, "te");
	sim_forget(s, "links");
	free(s->text);
	free(s);
}
