/* SPDX-License-Identifier: Apache-2.0 */
/* Where networks meet the LAN, in time: close, wait for the switch to say that
 * it is closed, open. The view knows which port would be best and what follows.
 *
 * After a start nothing is sent while a port that may be in use is behind a
 * switch that has not been read back: what is known then is not enough to
 * choose, and traffic goes on with the rows that are there. */
#include "controller/core_private.h"

enum { WAIT_MS = 10 * 1000 };           /* for switches that may be dead */

bool core_concerns_gateways(const struct fact *fact)
{
	return FACT_BIT(SWITCH_UP) & (1u << fact->kind) || FACT_BIT(SWITCH_DOWN) & (1u << fact->kind)
		|| FACT_BIT(SWITCH_READY) & (1u << fact->kind) || FACT_BIT(PORT) & (1u << fact->kind)
		|| FACT_BIT(PORT_GONE) & (1u << fact->kind);
}

static bool is_choice(const struct net_network *network) { return network->physical.n_ports > 1; }

bool core_must_wait(const struct core *core)
{
	if (core->now_ms - core->start_ms >= WAIT_MS || view_complete(core->view, NET_NONE))
		return false;
	for (size_t n = 0; n < core->net->n_networks; n++)
		if (is_choice(&core->net->networks[n]))
			return true;
	return false;
}

/* What its rows say is what they shall say; or it is away and cannot be told. */
static bool has_left(const struct core *core, const struct view_network *vn)
{
	if (vn->leaving == NET_NONE)
		return true;
	const struct core_switch *cs = core->switches[vn->leaving];
	return !cs->session || (core_may_send(core, vn->leaving) && ledger_at_rest(cs->ledger));
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
	if (has_left(core, vn))
		open_or_close(core, index, best);
	else
		core->gateways_due = true;
}

void core_gateways(struct core *core)
{
	if (!core->gateways_due || core_must_wait(core))
		return;
	core->gateways_due = false;
	for (uint32_t n = 0; n < core->net->n_networks; n++)
		if (core->net->networks[n].physical.n_ports)
			one_step(core, n);
}
