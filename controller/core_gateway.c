/* SPDX-License-Identifier: Apache-2.0 */
/* Where networks meet the LAN, in time: close, wait for the switch to say that
 * it is closed, open. The view knows which port would be best and what follows.
 *
 * After a start nothing is sent while a port or link that may be in use is behind
 * a switch that has not been read back: what is known then is not enough to
 * choose, and traffic goes on with the rows that are there. */
#include "controller/core_private.h"
#include "controller/core_te.h"

enum { WAIT_MS = 10 * 1000 };           /* for switches that may be dead */

bool core_concerns_ways(const struct fact *fact)
{
	return (FACT_BIT(SWITCH_UP) | FACT_BIT(SWITCH_DOWN) | FACT_BIT(SWITCH_READY) | FACT_BIT(PORT)
		| FACT_BIT(PORT_GONE) | FACT_BIT(LINK) | FACT_BIT(PROBE_LOST) | FACT_BIT(GATEWAY) | FACT_BIT(MEMBER)) >> fact->kind & 1;
}

static bool is_choice(const struct net_network *network) { return network->physical.n_ports > 1; }

bool core_waits_for_switches(const struct core *core)
{
	if (core->now_ms - core->start_ms >= WAIT_MS || view_complete(core->view, NET_NONE))
		return false;
	if (view_needs_ways(core->view))
		return true;
	for (size_t n = 0; n < core->net->n_networks; n++)
		if (is_choice(&core->net->networks[n]))
			return true;
	return false;
}

bool core_must_wait(const struct core *core) { return core_waits_for_switches(core) || core_te_must_wait(core); }

bool core_has_done(const struct core *core, uint32_t sw)
{
	const struct core_switch *cs = core->switches[sw];
	return !cs->session || (core_may_send(core, sw) && ledger_at_rest(cs->ledger));
}

static void open_or_close(struct core *core, uint32_t index, uint32_t entry)
{
	struct fact fact = {
		.kind = FACT_GATEWAY, .network = core->net->networks[index].id, .sw = NET_NONE, .old_sw = NET_NONE,
	};
	const struct view_port *port;
	if (entry != NET_NONE && view_gateway_place(core->view, index, entry, &fact.sw, &port))
		fact.ofport = port->ofport;
	else if (entry != NET_NONE)
		return;         /* it is not there yet */
	core_fact(core, &fact);
}

static void one_step(struct core *core, uint32_t index)
{
	const struct view_network *vn = view_network(core->view, index);
	uint32_t best = view_gateway_choose(core->view, index);
	if (best == vn->gateway)
		return;
	if (vn->gateway != NET_NONE)
		open_or_close(core, index, NET_NONE);
	if (vn->leaving == NET_NONE || core_has_done(core, vn->leaving))
		open_or_close(core, index, best);
	else
		core->gateways_due = true;
}

void core_gateways(struct core *core)
{
	if (!core->gateways_due || core_waits_for_switches(core))
		return;
	core->gateways_due = false;
	for (uint32_t n = 0; n < core->net->n_networks; n++)
		if (core->net->networks[n].physical.n_ports)
			one_step(core, n);
}
