/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold at rest, whatever happened before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "controller/core_private.h"
#include "controller/core_te_private.h"
#include "tests/unit/controller/sim.h"

static void describe(const char *what, const struct rule *rule)
{
	char text[2048];
	rule_format(rule, text, sizeof text);
	print_message("%s: %s\n", what, text);
}

/* --- want = have = there ----------------------------------------------------------------- */

static void check_there(void *ctx, const struct rule *rule)
{
	const struct ledger *ledger = ctx;
	if (!rule_is_ours(rule))
		return;
	const struct row *row = ledger_find(ledger, rule);
	if (!row || row->have != rule_digest(rule) || (row->want != row->have && !row->refused)) {
		describe("there, and not wanted so", rule);
		fail();
	}
}

static void check_ledger(const struct sim_switch *sw, struct ledger *ledger)
{
	struct ledger_iter iter;
	assert_true(ledger_at_rest(ledger));
	fake_each(sw->fake, check_there, ledger);
	for (const struct row *row = ledger_first(ledger, &iter); row; row = ledger_after(ledger, &iter)) {
		struct row_room room;
		struct rule rule;
		row_rule(row, &room, &rule);
		const struct rule *there = fake_find(sw->fake, &rule);
		if (row->foreign) {
			assert_true(!there || !rule_is_ours(there));
			continue;
		}
		if (!there && row->refused)
			continue;
		if (!there || rule_digest(there) != row->have) {
			describe("in the ledger, and not there", &rule);
			fail();
		}
	}
}

static void check_foreign(struct sim *s)
{
	for (size_t i = 0; i < SIM_FOREIGN; i++) {
		const struct sim_foreign *f = &s->foreign[i];
		if (!f->msg)
			continue;
		const struct rule *there = fake_find(s->switches[f->sw].fake, &f->rule);
		if (!there || rule_digest(there) != f->digest) {
			describe("a row of somebody else was touched", &f->rule);
			fail();
		}
	}
}

/* --- compile twice, compile anew --------------------------------------------------------- */

static size_t differences(const struct ledger *one, const struct ledger *other, const char *what)
{
	struct ledger_iter iter;
	size_t n = 0;
	for (const struct row *row = ledger_first(one, &iter); row; row = ledger_after(one, &iter)) {
		struct row_room room;
		struct rule rule;
		if (!row->want)
			continue;
		row_rule(row, &room, &rule);
		const struct row *twin = ledger_find(other, &rule);
		if (twin && twin->want == row->want && twin->app == row->app && twin->plain == row->plain)
			continue;
		describe(what, &rule);
		n++;
	}
	return n;
}

static void check_compile_again(struct sim *s, uint32_t slot)
{
	struct core_switch *cs = s->core->switches[slot];
	cs->stale = (1u << n_apps) - 1;
	core_compile(s->core, slot);
	assert_true(ledger_at_rest(cs->ledger));
}

static void copy_host(struct core *to, const struct core *from, const struct host *host)
{
	struct fact fact = { .kind = FACT_HOST, .network = host->network, .sw = NET_NONE, .old_sw = NET_NONE };
	memcpy(fact.mac, host->mac, 6);
	fact.unconfirmed = host->unconfirmed;
	fact.ofport = host->ofport;
	if (!host->unconfirmed)
		fact.sw = core_switch_by_name(to, view_switch(from->view, host->sw)->name);
	core_fact(to, &fact);
	assert_non_null(view_host(to->view, host->network, host->mac));
}

/* A core that was told the file, the ports and the hosts, and no history. */
enum { FRESH_WAITED_MS = 11000 };

static struct core *fresh_core(const struct sim *s)
{
	const struct core *old = s->core;
	struct diag *diag = diag_new(s->file);
	struct net *net = net_parse(s->file, s->text, strlen(s->text), diag);
	diag_free(diag);
	assert_non_null(net);
	/* It has waited for those who are not there. */
	struct core *core = core_new(net, s->now_ms - FRESH_WAITED_MS);
	core->now_ms = s->now_ms;
	for (uint32_t sw = 0; sw < view_n_switches(old->view); sw++) {
		const struct view_switch *vs = view_switch(old->view, sw);
		uint32_t slot = view_switch_slot(core->view, vs->name, vs->dpid);
		core_follow_slots(core);
		core_attach(core, slot, NULL, NULL, 0, vs->max_meters);
		for (size_t i = 0; i < vs->n_ports; i++) {
			struct msg_port port = { .ofport = vs->ports[i].ofport, .is_local = vs->ports[i].local,
						 .is_up = vs->ports[i].up, .is_live = vs->ports[i].live };
			memcpy(port.name, vs->ports[i].name, sizeof port.name);
			core_port_status(core, slot, MSG_PORT_ADD, &port);
		}
	}
	for (size_t i = 0; i < view_host_slots(old->view); i++)
		if (view_host_at(old->view, i))
			copy_host(core, old, view_host_at(old->view, i));
	/* What is steered is history, too; a look that never ends keeps it so. */
	if (view_steer(old->view))
		view_set_steer(core->view, steer_join(view_steer(old->view), NULL));
	core->te->task = (struct te_task *) core;
	return core;
}

/* Which cables are there is what was heard. False when it was read back from one end of one: history again. */
static bool copy_links(struct core *to, const struct core *from)
{
	for (uint32_t l = 0; l < from->net->n_links; l++) {
		struct fact fact = { .kind = FACT_LINK };
		const struct view_port *a, *b;
		if (!view_link(from->view, l)->confirmed || !view_link_place(to->view, l, 0, &fact.old_sw, &a)
		    || !view_link_place(to->view, l, 1, &fact.sw, &b))
			continue;
		fact.old_ofport = a->ofport;
		fact.ofport = b->ofport;
		struct fact back = { .kind = FACT_LINK, .sw = fact.old_sw, .ofport = fact.old_ofport,
				     .old_sw = fact.sw, .old_ofport = fact.ofport };
		core_fact(to, &fact);
		core_fact(to, &back);
	}
	for (uint32_t e = (uint32_t) from->net->n_links; e < from->net->n_edges; e++)
		view_link_recall(to->view, e, view_link(from->view, e));
	for (uint32_t l = 0; l < from->net->n_links; l++)
		if (view_link_works(from->view, l) != view_link_works(to->view, l))
			return false;
	return true;
}

static void check_against_fresh(struct sim *s)
{
	/* That it was full once is history. */
	for (uint32_t n = 0; n < s->core->net->n_networks; n++)
		if (view_network(s->core->view, n)->was_full)
			return;
	/* So is who is remembered by the rows of others only. */
	for (uint32_t n = 0; n < s->core->net->n_networks; n++)
		for (size_t i = 0; i < view_network(s->core->view, n)->n_members; i++)
			if (view_network(s->core->view, n)->members[i].remembered)
				return;
	/* So are ways that the file needs no more, and links that rest. */
	if (view_ways(s->core->view) && !s->core->net->n_links)
		return;
	for (uint32_t l = 0; l < s->core->net->n_edges; l++)
		if (view_link(s->core->view, l)->held)
			return;
	struct core *fresh = fresh_core(s);
	for (uint32_t sw = 0; sw < s->core->n_switches; sw++) {
		const struct view_switch *vs = view_switch(s->core->view, sw);
		if (vs->ever)
			core_read_done(fresh, core_switch_by_name(fresh, vs->name));
		if (vs->ever && !s->core->switches[sw]->ready)
			core_detach(fresh, core_switch_by_name(fresh, vs->name), "away");
	}
	if (!copy_links(fresh, s->core)) {
		core_free(fresh);
		return;
	}
	for (int i = 0; i < 4; i++) {
		core_tick(fresh);
		core_plan(fresh);
	}
	for (uint32_t sw = 0; sw < s->core->n_switches; sw++) {
		const char *name = view_switch(s->core->view, sw)->name;
		uint32_t slot = core_switch_by_name(fresh, name);
		if (!s->core->switches[sw]->ready)
			continue;
		const struct ledger *want = fresh->switches[slot]->ledger, *is = s->core->switches[sw]->ledger;
		size_t n = differences(want, is, "compiled, not patched");
		n += differences(is, want, "patched, not compiled");
		if (n)
			fail_msg("%zu rows of %s are not what a fresh compile makes", n, name);
	}
	core_free(fresh);
}

/* --- steering worked out again --------------------------------------------------------------- */

static void check_steer_again(struct sim *s)
{
	struct core_te *te = s->core->te;
	if (!te->n_edges || !te->running || te->is_loaded || te->phase != TE_REST)
		return;
	struct steer *again = steer_compute(s->core->view, te_in_force(te), te->owns, view_steer(s->core->view));
	assert_true(steer_equal(again, view_steer(s->core->view)));
	steer_free(again);
}

/* --- counts and names ---------------------------------------------------------------------- */

static void check_counts(struct sim *s)
{
	const struct view *view = s->core->view;
	const struct net *net = s->core->net;
	for (uint32_t n = 0; n < net->n_networks; n++) {
		const struct view_network *vn = view_network(view, n);
		uint32_t n_hosts = 0, n_unconfirmed = 0;
		for (size_t i = 0; i < view_host_slots(view); i++) {
			const struct host *host = view_host_at(view, i);
			if (!host || host->network != vn->id)
				continue;
			n_hosts++;
			n_unconfirmed += host->unconfirmed;
			if (host->unconfirmed)
				continue;
			const struct view_port *port = view_port(view, host->sw, host->ofport);
			assert_non_null(port);
			const struct view_use *use = view_use(port, vn->id);
			assert_non_null(use);
			assert_false(use->is_uplink);
		}
		assert_int_equal(vn->n_hosts, n_hosts);
		assert_int_equal(vn->n_unconfirmed, n_unconfirmed);
	}
	for (uint32_t sw = 0; sw < view_n_switches(view); sw++) {
		const struct view_switch *vs = view_switch(view, sw);
		for (size_t p = 0; p < vs->n_ports; p++) {
			for (size_t u = 0; u < vs->ports[p].n_uses; u++) {
				const struct view_use *use = &vs->ports[p].uses[u];
				uint32_t n_hosts = 0;
				for (size_t i = 0; i < view_host_slots(view); i++) {
					const struct host *host = view_host_at(view, i);
					n_hosts += host && host->network == use->id && host->sw == sw
						&& host->ofport == vs->ports[p].ofport;
				}
				assert_int_equal(use->n_hosts, n_hosts);
			}
		}
	}
}

/* Every row that is wanted says why: its app, and what in the file. */
static void check_origins(struct sim *s, uint32_t slot)
{
	struct ledger_iter iter;
	const struct ledger *ledger = s->core->switches[slot]->ledger;
	for (const struct row *row = ledger_first(ledger, &iter); row; row = ledger_after(ledger, &iter)) {
		struct row_room room;
		struct rule rule;
		row_rule(row, &room, &rule);
		if (!row->want || rule.kind != RULE_FLOW)
			continue;
		struct core_origin origin = core_origin(s->core, rule_cookie(&rule));
		bool adopted = cookie_object(rule_cookie(&rule)) == view_switch(s->core->view, slot)->object;
		if (!origin.app[0] || (!origin.line && !adopted) || !app_row_of(&rule)) {
			describe("nobody knows why it is there", &rule);
			fail();
		}
	}
}

void sim_check(struct sim *s)
{
	s->core->now_ms = s->now_ms;
	for (size_t i = 0; i < SIM_SWITCHES; i++) {
		const struct sim_switch *sw = &s->switches[i];
		uint32_t slot = sim_slot(s, sw);
		if (slot == NET_NONE)
			continue;
		assert_true(s->core->switches[slot]->ready);
		check_ledger(sw, s->core->switches[slot]->ledger);
		check_compile_again(s, slot);
		check_origins(s, slot);
	}
	check_foreign(s);
	check_counts(s);
	check_steer_again(s);
	check_against_fresh(s);
}
