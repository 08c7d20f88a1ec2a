/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/core_copy.h"

#include "controller/core_private.h"
#include "controller/core_te.h"

enum { MAX_ROUNDS = 1000 };             /* ways and paths take some ten at most */

static void nobody_hears(void *ctx, uint32_t sw, const struct row *row)
{
	(void) ctx;
	(void) sw;
	(void) row;
}

void core_copy_begin(struct core *core)
{
	struct core_te *te = core->te;
	events_listen(core->events, NULL, NULL);
	core->kick = NULL;
	core->send = NULL;
	core->send_as_in = NULL;
	core->send_tunnel = NULL;
	core->work = NULL;
	core->rows_at_a_time = 0;
	core->is_later = core->is_planning = false;
	/* Threads are not copied: what a worker was about is begun anew. */
	te->task = NULL;
	te->steering = NULL;
	te->cutting = NULL;
	te->is_saving = te->is_keeping = false;
	te->state_file = te->links_file = NULL;
	for (uint32_t sw = 0; sw < core->n_switches; sw++)
		ledger_commit(core->switches[sw]->ledger);
	core_copy_play(core, nobody_hears, NULL);
}

static size_t take_rows(struct core *core, uint32_t sw, core_copy_cb *cb, void *ctx)
{
	struct ledger *ledger = core->switches[sw]->ledger;
	size_t n = 0;
	for (int phase = 0; phase < N_PHASES; phase++)
		for (struct row *row; (row = ledger_next(ledger, (enum phase) phase)); n++) {
			cb(ctx, sw, row);
			ledger_sent(ledger, row, (uint32_t) n + 1);
		}
	ledger_commit(ledger);
	return n;
}

unsigned core_copy_play(struct core *core, core_copy_cb *cb, void *ctx)
{
	struct core_te *te = core->te;
	unsigned n_rounds = 0;
	for (unsigned i = 0, n_quiet = 0; i < MAX_ROUNDS && n_quiet < 2; i++) {
		size_t n = 0;
		if (te->phase == TE_GRACE && core->now_ms < te->grace_ms)
			core->now_ms = te->grace_ms;
		core_plan(core);
		for (uint32_t sw = 0; sw < core->n_switches; sw++)
			if (core_may_send(core, sw))
				n += take_rows(core, sw, cb, ctx);
		n_rounds += n > 0;
		n_quiet = n || te->phase != TE_REST ? 0 : n_quiet + 1;
	}
	return n_rounds;
}

void core_copy_leave(struct core *core, uint32_t sw)
{
	ledger_forget(core->switches[sw]->ledger);
	core_detach(core, sw, "");
}
