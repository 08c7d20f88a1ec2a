/* SPDX-License-Identifier: Apache-2.0 */
/* guard: what an edge port may send, before anything is learned from it.
 *
 *   guard     addresses that the port is bound to by the file, or that its hosts have
 *             by lease; DHCP servers and routers where none may be; ports that are shut
 *   guard_nd  what neighbour advertisements are about
 *
 * Frames of ports that nothing is said about do not come here. Leases are facts of
 * the view, learned from what trusted DHCP servers say; a row holds each of them at
 * the port of its host, with the time when it ends, so that a restart finds them. */
#include "apps/guard.h"

#include <string.h>

#include "apps/apps.h"

struct guard guard_of(const struct scene *scene, uint32_t sw, uint32_t ofport, const struct view_use *use)
{
	const struct net_network *network = &scene->net->networks[use->network];
	bool is_ours = !use->is_uplink && !use->is_physical;
	struct guard g = {
		.scene = scene, .vs = view_switch(scene->view, sw), .use = use, .network = network, .ofport = ofport,
		.entry = is_ours ? &network->ports[use->entry] : NULL,
	};
	if (g.entry && g.entry->guard)
		g.held = network->guard & ~g.entry->trust;
	g.is_bound = g.entry && net_is_bound(g.entry);
	g.binds_ip = g.is_bound && g.entry->ips.n;
	g.source = g.binds_ip || g.held & NET_GUARD_SOURCE;
	g.arp = g.binds_ip || g.held & NET_GUARD_ARP;
	g.slaac = net_takes_slaac(network, g.entry);
	g.snoops = network->guard & NET_GUARD_DHCP
		&& (!g.entry || (g.entry->guard && g.entry->trust & NET_GUARD_DHCP));
	return g;
}

static bool watches(const struct guard *g)
{
	return g->is_bound || g->held || g->snoops || g->use->on_limit == NET_LIMIT_SHUT;
}

bool guard_watches(const struct scene *scene, const struct view_use *use)
{
	struct guard g = guard_of(scene, NET_NONE, 0, use);
	return watches(&g);
}

/* --- compile ---------------------------------------------------------------------------- */

static void compile_port(const struct scene *scene, struct out *out, uint32_t sw, const struct view_port *port)
{
	for (size_t u = 0; u < port->n_uses; u++) {
		struct guard g = guard_of(scene, sw, port->ofport, &port->uses[u]);
		if (watches(&g))
			guard_use_rows(&g, out);
	}
}

static void write_lease(const struct scene *scene, struct out *out, const struct lease *lease, uint32_t sw,
			uint32_t ofport, bool wanted)
{
	const struct view_port *port = sw == NET_NONE ? NULL : view_port(scene->view, sw, ofport);
	const struct view_use *use = port ? view_use(port, lease->network) : NULL;
	if (!use)
		return;
	struct guard g = guard_of(scene, sw, ofport, use);
	guard_lease_rows(&g, out, lease, wanted);
}

static void compile(const struct scene *scene, uint32_t sw, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	if (!vs || !scene->net->has_guards)
		return;
	guard_switch_rows(out, vs);
	for (size_t p = 0; p < vs->n_ports; p++)
		compile_port(scene, out, sw, &vs->ports[p]);
	for (size_t i = 0; i < view_lease_slots(scene->view); i++) {
		const struct lease *lease = view_lease_at(scene->view, i);
		if (lease && lease->sw == sw)
			write_lease(scene, out, lease, sw, lease->ofport, true);
	}
}

/* --- patch ------------------------------------------------------------------------------ */

/* The lease that a fact is about, as rows know it. */
static struct lease lease_of(const struct fact *fact, const uint8_t mac[6])
{
	struct lease lease = { .network = fact->network, .until_s = fact->until_s, .slaac = fact->slaac };
	const uint8_t *ip = fact_address(fact, &lease.is_v6);
	memcpy(lease.ip, ip, lease.is_v6 ? 16 : 4);
	memcpy(lease.mac, mac, 6);
	return lease;
}

static void patch_lease(const struct scene *scene, struct out *out, const struct fact *fact)
{
	struct lease now = lease_of(fact, fact->mac), old = lease_of(fact, fact->other_mac);
	if (fact->was_known)
		write_lease(scene, out, &old, fact->old_sw, fact->old_ofport, false);
	write_lease(scene, out, &now, fact->sw, fact->ofport, fact->kind == FACT_LEASE);
}

/* What it has by lease goes where it goes. */
static void patch_host(const struct scene *scene, struct out *out, const struct fact *fact)
{
	const struct lease *lease = NULL;
	while (!fact->unconfirmed && (lease = view_host_lease(scene->view, fact->network, fact->mac, lease))) {
		if (lease->left_sw != lease->sw || lease->left_ofport != lease->ofport)
			write_lease(scene, out, lease, lease->left_sw, lease->left_ofport, false);
		write_lease(scene, out, lease, lease->sw, lease->ofport, true);
	}
}

static void patch_shut(const struct scene *scene, struct out *out, const struct fact *fact)
{
	const struct view_port *port = view_port(scene->view, fact->sw, fact->ofport);
	const struct view_use *use = port ? view_use(port, fact->network) : NULL;
	if (!use)
		return;
	struct guard g = guard_of(scene, fact->sw, fact->ofport, use);
	const struct closure *closure = view_closure(scene->view, fact->sw, fact->ofport, fact->network);
	guard_shut_row(&g, out, closure, closure);
}

/* A port that is new has its own rows; what a lease says of it comes with its host. */
static bool patch_port(const struct scene *scene, struct out *out, const struct fact *fact)
{
	const struct view_port *port = view_port(scene->view, fact->sw, fact->ofport);
	if (fact->port_replaced || !port)
		return false;
	if (fact->uses_changed)
		compile_port(scene, out, fact->sw, port);
	return true;
}

static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	if (!scene->net->has_guards)
		return true;
	if (fact->kind == FACT_LEASE || fact->kind == FACT_LEASE_GONE)
		patch_lease(scene, out, fact);
	else if (fact->kind == FACT_HOST && fact->slaac)
		return false;
	else if (fact->kind == FACT_HOST)
		patch_host(scene, out, fact);
	else if (fact->kind == FACT_PORT_SHUT || fact->kind == FACT_PORT_OPEN)
		patch_shut(scene, out, fact);
	else
		return fact->kind == FACT_PORT && patch_port(scene, out, fact);
	return true;
}

/* --- rows read back, time ---------------------------------------------------------------- */

static void recover(const struct scene *scene, uint32_t sw, const struct rule *rule, uint32_t duration_s,
		    struct reply *reply)
{
	uint64_t network, in_port, until;
	uint16_t priority = rule_priority(rule);
	uint32_t now_s = (uint32_t) (scene->wall_ms / 1000);
	if (rule->kind != RULE_FLOW || rule_table(rule) != pipeline[TABLE_GUARD].id
	    || !rule_match_u(rule, FIELD_NETWORK, &network) || !rule_match_u(rule, FIELD_IN_PORT, &in_port))
		return;
	struct fact fact = { .sw = sw, .ofport = (uint32_t) in_port, .network = (uint32_t) network, .old_sw = NET_NONE,
			     .recovered = true, .age_s = duration_s, .time_ms = scene->now_ms };
	if (!rule_set_u(rule, FIELD_UNTIL, &until)) {
		guard_slaac_recover(rule, &fact, reply);
		return;
	}
	fact.until_s = (uint32_t) until;
	if (priority == guard_rows[GUARD_SHUT].priority) {
		fact.kind = FACT_PORT_SHUT;
		fact.reason = REASON_PORT_LIMIT;
		/* How long it was to be, so that the next time is longer. */
		fact.length_s = fact.until_s + duration_s > now_s ? fact.until_s + duration_s - now_s : 1;
		reply->fact(reply->ctx, &fact);
		return;
	}
	fact.kind = FACT_LEASE;
	fact.has_ip4 = rule_match_bytes(rule, FIELD_IPV4_SRC, fact.ip4);
	fact.has_ip6 = !fact.has_ip4 && rule_match_bytes(rule, FIELD_IPV6_SRC, fact.ip6);
	if (rule_match_mac(rule, FIELD_ETH_SRC, fact.mac) && (fact.has_ip4 || fact.has_ip6))
		reply->fact(reply->ctx, &fact);
}

static void end_leases(const struct scene *scene, uint32_t sw, uint32_t now_s, struct reply *reply)
{
	bool is_due = view_lease_is_due(scene->view, now_s);
	for (size_t i = 0; is_due && i < view_lease_slots(scene->view); i++) {
		const struct lease *lease = view_lease_at(scene->view, i);
		if (!lease || lease->until_s > now_s || (lease->sw != sw && lease->sw != NET_NONE))
			continue;
		struct fact fact = view_lease_fact(lease, FACT_LEASE_GONE);
		fact.reason = REASON_EXPIRED;
		fact.time_ms = scene->now_ms;
		reply->fact(reply->ctx, &fact);
	}
}

static void tick(const struct scene *scene, uint32_t sw, uint64_t second, struct reply *reply)
{
	uint32_t now_s = (uint32_t) (scene->wall_ms / 1000);
	(void) second;
	end_leases(scene, sw, now_s, reply);
	for (size_t i = 0; i < view_n_closures(scene->view); i++) {
		const struct closure *c = view_closure_at(scene->view, i);
		/* Longer than its time is left: the clock was set back. */
		if (c->sw != sw || c->is_open || (c->until_s > now_s && c->until_s - now_s <= c->length_s))
			continue;
		struct fact fact = { .kind = FACT_PORT_OPEN, .sw = sw, .ofport = c->ofport, .network = c->network,
				     .time_ms = scene->now_ms };
		reply->fact(reply->ctx, &fact);
	}
}

const struct app app_guard = {
	.name = "guard",
	.help = "what an edge port may send: bound and leased addresses, no foreign DHCP servers and routers",
	.rows = guard_rows,
	.n_rows = N_GUARD_ROWS,
	.tables = TABLE_BIT(GUARD) | TABLE_BIT(GUARD_ND),
	.reads = FACT_BIT(NET) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE) | FACT_BIT(HOST) | FACT_BIT(LEASE)
		| FACT_BIT(LEASE_GONE) | FACT_BIT(PORT_SHUT) | FACT_BIT(PORT_OPEN),
	.compile = compile,
	.patch = patch,
	.packet_in = guard_packet_in,
	.recover = recover,
	.tick = tick,
	.removed = guard_slaac_removed,
};
