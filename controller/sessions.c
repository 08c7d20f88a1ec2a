/* SPDX-License-Identifier: Apache-2.0 */
/* sessions: all connections, and what happens to them by time: echoes, silence,
 * punt budgets, audits; and the end of a tick, when what changed is sent. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/loop.h"
#include "controller/session_private.h"
#include "topo/arena.h"

enum {
	ECHO_AFTER_MS = 1000,           /* of silence */
	ECHO_EVERY_MS = 10000,          /* of one that is never silent, for the time it takes */
	DEAD_AFTER_MS = 3000,
	AUDIT_ROUND_MS = 16000,         /* all tables of one switch, one by one */
	AUDIT_ROUND_MS_PER_1000_ROWS = 1600,
	AUDIT_TURNS = 16,               /* switches that came together are not audited together */
};

struct sessions *sessions_new(struct loop *loop, struct core *core, uint64_t generation_id,
			      uint32_t punt_budget)
{
	struct sessions *all = xheap_alloc(sizeof *all);
	all->loop = loop;
	all->core = core;
	all->generation_id = generation_id;
	all->punt_budget = punt_budget;
	all->last_tick_ms = loop_now_ms(loop);
	return all;
}

void sessions_free(struct sessions *all)
{
	if (!all)
		return;
	while (all->first) {
		struct session *s = all->first;
		all->first = s->next;
		sync_free(s->sync);
		poll_free(s->poll);
		hello_free(s->hello);
		conn_free(s->conn);
		free(s);
	}
	free(all);
}

size_t sessions_count(const struct sessions *all) { return all->n; }

/* Something is to be sent when this tick ends. */
void sessions_check_due(struct sessions *all)
{
	if (all->core->kick)
		all->core->kick(all->core->ctx);
}

void sessions_check_admission(struct sessions *all)
{
	const struct core *core = all->core;
	for (struct session *s = all->first, *next; s; s = next) {
		char name[CORE_NAME], why[128];
		next = s->next;
		/* Also who is let in and not through its hello yet. */
		if (s->sw == NET_NONE)
			continue;
		const char *refusal = core_identify(core, conn_cert_name(s->conn), session_cert_is, s->conn,
						    s->dpid, name);
		if (refusal) {
			conn_close(s->conn, refusal);
		} else if (strcmp(name, view_switch(core->view, s->sw)->name)) {
			snprintf(why, sizeof why, "by the new file its name is \"%s\"", name);
			conn_close(s->conn, why);
		}
	}
}

void sessions_flush(struct sessions *all)
{
	struct core *core = all->core;
	/* From the end: what is touched meanwhile takes the place that was freed. */
	while (core->n_touched) {
		struct core_switch *cs = core->switches[core->touched[--core->n_touched]];
		cs->touched = false;
		if (!cs->session)
			continue;
		/* Rows of a switch that is still to be compiled for are neither the old ones nor the new ones;
		 * one that is let go, as no switch of a new file, keeps those it has. */
		if (cs->session->sync && core_may_send(core, cs->session->sw) && !conn_is_ending(cs->session->conn)) {
			sync_release(cs->session->sync, core->now_ms);
			sync_run(cs->session->sync, core->now_ms);
		}
		conn_flush(cs->session->conn);
	}
	all->clock_read = false;
}

static void echo(struct session *s, uint64_t now_ms)
{
	uint64_t silent = now_ms - s->last_heard_ms;
	if (silent >= DEAD_AFTER_MS) {
		conn_close(s->conn, "no sign of life for 3 s");
		return;
	}
	if (s->echo_sent_us || (silent < ECHO_AFTER_MS && now_ms - s->echo_ms < ECHO_EVERY_MS))
		return;
	s->echo_ms = now_ms;
	uint8_t request[MSG_HEADER];
	msg_put_header(request, MSG_ECHO_REQUEST, 0, sizeof request);
	s->echo_sent_us = session_now_us();
	conn_send(s->conn, request, sizeof request);
	conn_flush(s->conn);
}

void session_hurry_audit(struct session *s)
{
	s->audits_in_a_hurry = s->sync ? sync_round(s->sync) : 0;
	s->audit_due_ms = s->all->core->now_ms;
}

static void audit(struct session *s, uint64_t now_ms)
{
	struct ledger_counts counts;
	if (now_ms < s->audit_due_ms)
		return;
	/* A switch that has no rows yet, nor groups and meters, has nothing to be looked at. */
	unsigned n_audits = sync_round(s->sync);
	if (!n_audits)
		return;
	ledger_count(s->all->core->switches[s->sw]->ledger, &counts);
	uint64_t pause_ms = (AUDIT_ROUND_MS + counts.n_rows * AUDIT_ROUND_MS_PER_1000_ROWS / 1000) / n_audits;
	bool is_first = !s->audit_due_ms;
	s->audit_due_ms = now_ms;
	if (s->audits_in_a_hurry)
		s->audits_in_a_hurry--;
	else if (is_first)
		s->audit_due_ms += pause_ms * (1 + s->sw % AUDIT_TURNS) / AUDIT_TURNS;
	else
		s->audit_due_ms += pause_ms;
	if (is_first)
		return;
	sync_audit(s->sync, now_ms);
	conn_flush(s->conn);
}

void sessions_tick(struct sessions *all)
{
	uint64_t now_ms = all->core->now_ms;
	uint64_t elapsed = now_ms - all->last_tick_ms;
	all->last_tick_ms = now_ms;
	for (struct session *s = all->first, *next; s; s = next) {
		next = s->next;
		/* The budget holds one second's worth at most. */
		uint64_t tokens = s->punt_tokens + all->punt_budget * elapsed / 1000;
		s->punt_tokens = (uint32_t) (tokens > all->punt_budget ? all->punt_budget : tokens);
		if (s->state == SESSION_TLS)
			continue;       /* conn has its own deadline */
		if (s->state == SESSION_HELLO) {
			hello_tick(s->hello, now_ms);
			conn_flush(s->conn);
			continue;
		}
		session_role_tick(s, now_ms);
		session_ask_tick(s, now_ms);
		if (s->sync)
			sync_tick(s->sync, now_ms);
		if (s->state == SESSION_LIVE) {
			audit(s, now_ms);
			session_poll_tick(s, now_ms);
		}
		session_meters_tick(s, now_ms);
		echo(s, now_ms);
	}
}
