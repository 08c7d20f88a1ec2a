/* SPDX-License-Identifier: Apache-2.0 */
/* Counters: whom to ask when, and what the numbers say: PATH rows are demands, SLOT rows
 * are parts of them, ports are loads. What a port sends beyond what demands explain is background. */
#include "controller/core_te_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "apps/pipeline.h"
#include "topo/arena.h"

enum {
	MAX_POLL_MS = 5000, MIN_POLL_MS = 500, SETTLED_MS = 20000,
	SLOTS_A_ROUND = 2048,           /* a switch with more rows of slots is asked for them more seldom */
};
#define PATH_ID (pipeline[TABLE_PATH].id)
#define SLOT_ID (pipeline[TABLE_SLOT].id)
#define UNEXPLAINED 0.1                 /* of what a port sends: less is the noise of two clocks */
#define WORTH 0.01                      /* of what the link can carry */

static uint32_t index_of(const struct core *core, uint32_t sw)
{
	const struct view_switch *vs = view_switch(core->view, sw);
	return core->te->n_edges && vs && vs->index != NET_NONE && vs->index < core->net->n_switches ? vs->index : NET_NONE;
}

/* Only pairs that are split have slots. */
static bool is_slots_turn(const struct core *core, uint32_t i)
{
	struct te_asked *asked = &core->te->asked[i];
	size_t n;
	const struct steer_pair *pairs = steer_pairs_of(view_steer(core->view), i, &n);
	bool is_split = false;
	for (size_t k = 0; k < n && !is_split; k++)
		is_split = pairs[k].n_choices > 1 && pairs[k].n_slots > 1;
	return is_split && asked->turn++ % (1 + asked->n_slots / SLOTS_A_ROUND) == 0;
}

/* Do probes into one of its links get lost on the way to it? Then what it takes in says whether
 * the link is dead, or only full. */
static bool is_suspected(const struct core *core, uint32_t sw)
{
	const struct view_switch *vs = view_switch(core->view, sw);
	for (size_t i = 0; i < vs->n_ports; i++) {
		const struct view_port *port = &vs->ports[i];
		const struct view_link *link = port->link == NET_NONE ? NULL : view_link(core->view, port->link);
		if (link && link->confirmed && link->probes[!port->link_end].n_lost)
			return true;
	}
	return false;
}

/* Twice in an interval, so that each look has news; the switches take turns. */
size_t core_te_poll(struct core *core, uint32_t sw, int *ret_tables)
{
	struct core_te *te = core->te;
	uint32_t i = index_of(core, sw);
	if (i == NET_NONE || !core_may_send(core, sw))
		return 0;
	uint64_t every = core->net->te.interval_s * 1000ull / 2;
	every = every > MAX_POLL_MS ? MAX_POLL_MS : every < MIN_POLL_MS ? MIN_POLL_MS : every;
	struct te_asked *asked = &te->asked[i];
	if (!asked->next_ms)
		asked->next_ms = core->now_ms + every * i / core->net->n_switches;
	if (core->now_ms < asked->next_ms) {
		if (core->now_ms - asked->ports_ms < MIN_POLL_MS / 2 || !is_suspected(core, sw))
			return 0;
		asked->ports_ms = core->now_ms;
		ret_tables[0] = POLL_PORTS;
		return 1;
	}
	while (asked->next_ms <= core->now_ms)
		asked->next_ms += every;
	size_t n = 0;
	if (view_steer(core->view))
		ret_tables[n++] = PATH_ID;
	if (view_steer(core->view) && is_slots_turn(core, i))
		ret_tables[n++] = SLOT_ID;
	ret_tables[n++] = POLL_PORTS;
	return n;
}

void core_te_begin(struct core *core, uint32_t sw, int table)
{
	uint32_t i = index_of(core, sw);
	if (i == NET_NONE || table == POLL_PORTS)
		return;
	struct te_asked *asked = &core->te->asked[i];
	if (table == PATH_ID)
		asked->reading = true;
	else
		asked->reading_slots = true;
	if (table == SLOT_ID)
		asked->n_slots = 0;
	demands_begin(table == PATH_ID ? core->te->demands : core->te->slots, i, core->now_ms);
	if (table == PATH_ID)
		demands_begin(core->te->own_demands, i, core->now_ms);
}

void core_te_row(struct core *core, uint32_t sw, int table, const struct rule *rule, uint64_t n_bytes, uint32_t duration)
{
	uint32_t i = index_of(core, sw);
	uint64_t network, peer, slot;
	if (i == NET_NONE || !cookie_is_ours(rule_cookie(rule)) || !rule_match_u(rule, FIELD_NETWORK, &network)
	    || !rule_match_u(rule, FIELD_PEER, &peer))
		return;
	struct te_asked *asked = &core->te->asked[i];
	uint64_t key = (network << 32 | peer) * 0x10001;
	uint32_t to = net_switch_by_peer(core->net, (uint32_t) peer);
	if (to == NET_NONE || to == i || to >= core->net->n_switches)
		return;
	uint32_t n = net_network_by_id(core->net, (uint32_t) network);
	bool is_own = n != NET_NONE && te_own_find(core->te->owns, n, i, to);
	if (table == PATH_ID && asked->reading)
		demands_read(is_own ? core->te->own_demands : core->te->demands, i,
			     is_own ? (uint32_t) core->net->n_networks * to + n : to, key + rule_priority(rule), n_bytes, duration);
	if (table != SLOT_ID || !asked->reading_slots || !rule_match_u(rule, FIELD_SLOT, &slot) || slot >= PLACE_MAX_SLOTS)
		return;
	asked->n_slots++;
	demands_read(core->te->slots, i, PLACE_MAX_SLOTS * to + (uint32_t) slot, key + (slot << 56 | slot), n_bytes, duration);
}

void core_te_port(struct core *core, uint32_t sw, const struct poll_port *said)
{
	const struct view_port *port = index_of(core, sw) == NET_NONE ? NULL : view_port(core->view, sw, said->ofport);
	if (!port || port->link == NET_NONE || port->link >= core->te->n_edges || said->tx_bytes == UINT64_MAX)
		return;
	if (said->rx_bytes != UINT64_MAX)
		view_port_counted(core->view, sw, said->ofport, said->rx_bytes, core->now_ms);
	/* Edges of links have the links' numbers. */
	struct te_edge *edge = &core->te->edges[port->link];
	unsigned end = port->link_end;
	uint64_t dt = core->now_ms - edge->read_ms[end], grown = said->tx_bytes - edge->tx_bytes[end];
	if (edge->read_ms[end] && dt >= MIN_POLL_MS / 2 && grown >> 63 == 0)
		demand_sample(&edge->sent[end], (double) grown * 8 / 1000 / (double) dt, dt, core->now_ms);
	edge->tx_bytes[end] = said->tx_bytes;
	edge->read_ms[end] = core->now_ms;
}

void core_te_end(struct core *core, uint32_t sw, int table)
{
	uint32_t i = index_of(core, sw);
	if (i == NET_NONE)
		return;
	struct te_asked *asked = &core->te->asked[i];
	if (table == PATH_ID && asked->reading) {
		demands_end(core->te->demands, i);
		demands_end(core->te->own_demands, i);
	}
	if (table == SLOT_ID && asked->reading_slots)
		demands_end(core->te->slots, i);
	if (table == PATH_ID)
		asked->reading = false;
	if (table == SLOT_ID)
		asked->reading_slots = false;
}

/* Of that pair. Slots that are about to be dealt anew are no work of others. */
static void explain(const struct core *core, size_t i, double *explained)
{
	const struct place_pair *pair = &core->te->running->pairs[i];
	const struct te_wish *wish = te_wish_of(core->te, i);
	const struct demand *d = demands_of(core->te->demands, pair->src, pair->dst);
	for (uint32_t k = 0; d && k < pair->n_active; k++)
		for (uint32_t a = 0; a < pair->paths[k].n_arcs; a++)
			explained[pair->paths[k].arcs[a]] += wish ? wish->carried[k]
				: demand_recent(d, core->now_ms) * pair->paths[k].share;
}

const struct demand *te_own_demand(const struct core *core, const struct te_own *own)
{
	return demands_of(core->te->own_demands, own->from, (uint32_t) core->net->n_networks * own->to + own->network);
}

void te_add_recent_owns(const struct core *core, double *loads)
{
	const struct te_owns *owns = core->te->owns;
	for (size_t i = 0; owns && i < owns->n; i++) {
		const struct demand *d = te_own_demand(core, &owns->items[i]);
		for (uint32_t a = 0; d && a < owns->items[i].n_arcs; a++)
			loads[owns->items[i].arcs[a]] += demand_recent(d, core->now_ms);
	}
}

/* Only what has run for a while can be compared with what was measured meanwhile. */
void te_find_background(struct core *core)
{
	struct core_te *te = core->te;
	if (!te->running || !view_steer(core->view) || te->phase != TE_REST || core->now_ms - te->settled_ms < SETTLED_MS)
		return;
	double *explained = xheap_alloc(2 * te->n_edges * sizeof *explained);
	for (size_t i = 0; i < te->running->n_pairs; i++)
		explain(core, i, explained);
	te_add_recent_owns(core, explained);
	for (size_t arc = 0; arc < 2 * te->n_edges; arc++) {
		struct te_edge *edge = &te->edges[arc / 2];
		const struct demand *sent = &edge->sent[arc & 1];
		double measured = sent->n ? demand_recent(sent, core->now_ms) : 0, more = measured - explained[arc];
		if (more < UNEXPLAINED * measured || more < WORTH * te_capacity(core->view, (uint32_t) arc / 2))
			more = 0;
		edge->background[arc & 1] = (edge->background[arc & 1] + more) / 2;
	}
	free(explained);
}

