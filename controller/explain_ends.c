/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a host's place, whatever the rows say: its port, its switch, its
 * network, its address. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/explain_impl.h"
#include "ofproto/packet.h"
#include "topo/ways.h"

struct judging {
	struct explaining *e;
	const struct candidate *c;
	const struct explain_end *end;
	struct explain_causes *stops, *notes;
};

/* What stops frames; text as printf. */
static void stop(const struct judging *j, const char *kind, uint32_t line, const char *cure, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
static void stop(const struct judging *j, const char *kind, uint32_t line, const char *cure, const char *format, ...)
{
	const char *sw = j->c->sw_name ? arena_strdup(j->e->arena, j->c->sw_name) : NULL;
	va_list args;
	va_start(args, format);
	explain_cause_add(j->stops, kind, arena_vprintf(j->e->arena, format, args), cure, sw, line);
	va_end(args);
}

static void note(const struct judging *j, const char *kind, uint32_t line, const char *cure, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
static void note(const struct judging *j, const char *kind, uint32_t line, const char *cure, const char *format, ...)
{
	const char *sw = j->c->sw_name ? arena_strdup(j->e->arena, j->c->sw_name) : NULL;
	va_list args;
	va_start(args, format);
	explain_cause_add(j->notes, kind, arena_vprintf(j->e->arena, format, args), cure, sw, line);
	va_end(args);
}

/* --- the switch -------------------------------------------------------------------------- */

static void judge_switch(const struct judging *j)
{
	const struct core *core = j->e->core;
	const struct view_switch *vs = view_switch(j->e->view, j->c->sw);
	const struct core_switch *cs = core->switches[j->c->sw];
	const char *why = cs->last_error[0] ? explain_printf(j->e, " (%s)", cs->last_error) : "";
	uint64_t s = core->wall_ms > cs->connected_wall_ms ? (core->wall_ms - cs->connected_wall_ms) / 1000 : 0;
	if (!vs->connected && vs->ever)
		stop(j, "switch-away", 0,
		     "is the host up, does ovs-vswitchd run, can it reach weftd? While only weftd is out of its reach "
		     "it goes on with the rows that it has",
		     "switch %s, where %s is, went away %" PRIu64 " s ago%s: weft does not see what it does", vs->name,
		     j->end->name, s, why);
	else if (!vs->connected)
		stop(j, "switch-away", 0,
		     "is the host up, does ovs-vswitchd run, can it reach weftd, is its certificate good? `weft status`, `weft pki`",
		     "switch %s, where %s is, has not come since weftd started", vs->name, j->end->name);
	else if (cs->ready && !ledger_at_rest(cs->ledger))
		note(j, "not-in-sync", 0, "ask again in a second; `weft status` when it stays so",
		     "rows are on their way to switch %s: judged by those that it shall have", vs->name);
}

/* --- the port ---------------------------------------------------------------------------- */

static void judge_conflict(const struct judging *j)
{
	const struct net *net = j->e->net;
	struct net_use uses[16];
	bool is_disabled;
	size_t n = net_uses(net, j->c->sw_name, j->c->port_name, j->c->port->local, uses, 16, &is_disabled);
	for (size_t i = 0; i < n && i < 16; i++) {
		if (!uses[i].conflict)
			continue;
		uint32_t line = net_use_line(net, &uses[i]);
		stop(j, "conflict", line, "give it another tag in one of the two",
		     "port %s:%s was left out of network %s (%s:%u): another network has it with the same tag",
		     j->c->sw_name, j->c->port_name, net->networks[uses[i].network].name, net->file, line);
		return;
	}
}

static void judge_no_use(const struct judging *j)
{
	const struct view_port *port = j->c->port;
	const char *sw = j->c->sw_name;
	if (port->disabled)
		stop(j, "disabled", 0, "take `enable: false` off its entry",
		     "port %s:%s is taken out of every network by `enable: false`", sw, port->name);
	else if (port->conflicted)
		judge_conflict(j);
	else if (port->is_mirror)
		stop(j, "mirror-port", 0, "ask for a host; use another port for what stands there",
		     "port %s:%s takes copies of others: what is sent there is dropped", sw, port->name);
	else if (port->tunnel || port->link != NET_NONE)
		stop(j, "no-network", 0, "ask for a host", "port %s:%s is a %s between switches, no host stands there", sw,
		     port->name, port->tunnel ? "tunnel" : "link");
	else
		stop(j, "no-network", 0,
		     explain_printf(j->e, "add it to a network: `ports: [%s:%s]`%s", sw, port->name,
				    port->local ? "; the bridge's own port is never meant by a glob" : ""),
		     "no entry of %s names port %s:%s: its frames are dropped", j->e->net->file, sw, port->name);
}

/* Why its rows let nothing in by it: what ways_open() goes by, but for quarantine. */
static void judge_closed(const struct judging *j, const struct net_network *network)
{
	uint32_t gateway = view_network(j->e->view, j->c->network)->gateway, line = network->physical.where.line;
	const struct net_uplink *at = gateway == NET_NONE ? NULL : &network->physical.ports[gateway];
	if (j->c->use->is_uplink)
		stop(j, "uplink-waits", j->end->line, EXPLAIN_UPLINK_WAITS, "uplink %s:%s is closed in network %s: links lead to the LAN "
		     "still; it opens when all switches have left them", j->c->sw_name, j->c->port_name, network->name);
	else if (!at && view_gateway_choose(j->e->view, j->c->network) != NET_NONE)
		stop(j, "gateway-changes", line, "ask again in a second; `weft status` says which switch is late",
		     "network %s meets the LAN nowhere just now: it changes the port, and none is open before the last one is closed",
		     network->name);
	else if (!at)
		stop(j, "gateway-down", line, "look at the cables and switches of `physical`: `weft show networks`",
		     "network %s meets the LAN nowhere: none of its ports to it is alive", network->name);
	else
		stop(j, "standby", line, "ask for the port that is in use", "%s:%s stands by: network %s meets the LAN at %s:%s",
		     j->c->sw_name, j->c->port_name, network->name, at->switch_name, at->port);
}

/* What is for one known host is never limited, so this stops nothing that a host says to another. */
static void note_storms(const struct judging *j)
{
	const struct view_use *use = j->c->use;
	for (unsigned kind = 0; kind < N_STORMS; kind++)
		if (use->storms[kind].active)
			note(j, "storm", j->end->line, "find out what it floods; `weft show ports`, docs/howto/storms-and-loops.md",
			     "port %s:%s sends more %s frames than its limit lets pass (%" PRIu32 " a second): %" PRIu64 " dropped",
			     j->c->sw_name, j->c->port_name, kind == STORM_UNKNOWN ? "unknown unicast" : net_storm_word(kind),
			     use->limits[kind], use->storms[kind].n_dropped);
}

/* Some of what it sends is dropped, whatever it is. */
static void note_rate(const struct judging *j)
{
	const struct view_storm *over = &j->c->use->storms[LIMIT_RATE];
	if (over->active)
		note(j, "rate", j->end->line, "it gets what it may; raise `rate` if it shall have more",
		     "port %s:%s sends more than its rate (%" PRIu32 " kbit/s): %" PRIu64 " frames dropped", j->c->sw_name,
		     j->c->port_name, j->c->use->limits[LIMIT_RATE], over->n_dropped);
}

static void judge_use(const struct judging *j)
{
	const struct candidate *c = j->c;
	const struct net_network *network = &j->e->net->networks[c->network];
	struct explain_cause cause = { 0 };
	if (c->use->quarantine.on) {
		explain_quarantine(j->e, (unsigned) (c - j->e->ends), &cause);
		stop(j, cause.kind, j->end->line, cause.cure, "%s", cause.text);
	} else if (!ways_open(j->e->view, c->sw, c->use)) {
		judge_closed(j, network);
	}
	note_storms(j);
	note_rate(j);
	if (j->e->lacks_address && explain_lacks_lease(j->e, (unsigned) (c - j->e->ends)))
		stop(j, "no-lease", j->end->line, "let the host ask by DHCP, or give its port `mac` and `ip`, or `trust: [source, arp]`",
		     "no lease: nothing is leased to %s at port %s:%s, and `guard` of network %s watches its addresses", j->end->name,
		     c->sw_name, c->port_name, network->name);
	if (c->host || j->end->is_as || c->use->is_uplink || c->use->is_physical)
		return;
	enum fact_reason reason = view_may_learn(j->e->view, c->use);
	if (reason == REASON_PORT_LIMIT)
		stop(j, "port-limit", j->end->line, "raise `max_hosts` of the port; `weft show hosts` says who they are",
		     "port %s:%s has as many hosts as it may have (%u)", c->sw_name, c->port_name, c->use->max_hosts);
	else if (reason == REASON_NETWORK_LIMIT)
		stop(j, "network-full", network->where.line,
		     "raise `max_hosts` of the network, or wait until silent hosts have aged",
		     "network %s has as many hosts as it may have (%u)", network->name, network->max_hosts);
}

static void judge_port(const struct judging *j)
{
	const struct candidate *c = j->c;
	if (!c->port) {
		if (c->sw != NET_NONE && view_switch(j->e->view, c->sw)->connected)
			stop(j, "no-port", j->end->line,
			     "is the machine running, and does its interface have that name? `weft show ports`",
			     "switch %s has no port \"%s\"", c->sw_name, c->port_name);
		return;
	}
	if (!c->use)
		judge_no_use(j);
	else
		judge_use(j);
	if (!c->port->up)
		stop(j, "port-down", j->end->line,
		     explain_printf(j->e, "is the machine running? On %s: ip link show %s", c->sw_name, c->port_name),
		     "port %s:%s is down%s", c->sw_name, c->port_name,
		     c->use && c->use->is_physical ? ", the LAN is not reached" : "");
}

/* --- the address ------------------------------------------------------------------------- */

static void judge_address(const struct judging *j, bool is_v6)
{
	struct explaining *e = j->e;
	const uint8_t *ip = is_v6 ? j->end->ip6 : j->end->ip4;
	const struct binding *b = j->c->network == NET_NONE ? NULL
		: view_binding(e->view, e->net->networks[j->c->network].id, is_v6, ip);
	char text[INET6_ADDRSTRLEN], mac[2][MAC_TEXT];
	if (!b || b->state == BINDING_GOOD || e->protocol.kind == EXPLAIN_ETHER)
		return;
	const struct view_port *at = b->rival_sw == NET_NONE ? NULL : view_port(e->view, b->rival_sw, b->rival_ofport);
	inet_ntop(is_v6 ? AF_INET6 : AF_INET, ip, text, sizeof text);
	const char *rival = explain_printf(e, "%s%s%s%s%s", mac_format(b->rival, mac[1]), at ? " at " : "",
					   at ? view_switch(e->view, b->rival_sw)->name : "", at ? ":" : "", at ? at->name : "");
	if (b->state == BINDING_DUPLICATE)
		stop(j, "duplicate-ip", 0, "take the address off one of them; `weft show events kind=duplicate-ip`",
		     "two hosts use %s: %s and %s; who of them is reached is chance", text, mac_format(b->mac, mac[0]), rival);
	else
		note(j, "disputed-ip", 0, "ask again in some seconds", "%s is claimed by %s too; weft is asking who has it",
		     text, rival);
}

static void note_silence(const struct judging *j)
{
	struct explaining *e = j->e;
	const struct candidate *c = j->c;
	if (c->host || c->vtep || j->end->is_as || !c->use || c->use->is_uplink || c->use->is_physical || e->network == NET_NONE)
		return;
	note(j, "never-heard", j->end->line,
	     explain_printf(e, "is the machine running, has it an address? One frame makes it known, %u s of silence forgotten",
			    e->net->networks[c->network].ageing),
	     "nothing was heard from %s:%s of late: nobody knows whether somebody is there, and what is for it goes to all",
	     c->sw_name, c->port_name);
}

void explain_judge_end(struct explaining *e, unsigned end, struct explain_causes *stops, struct explain_causes *notes)
{
	const struct judging j = { e, &e->ends[end], &e->x->ends[end], stops, notes };
	const struct candidate *c = j.c;
	if (c->vtep) {
		note(&j, "foreign-vtep", c->vtep->end.where.line, "look there too; docs/howto/overlay.md",
		     "%s is behind VTEP %s, which is not weft's: what it does with frames is not seen here; what it sends is judged from "
		     "where it comes out of its tunnel",
		     j.end->name, j.end->vtep);
		return;
	}
	if (c->sw != NET_NONE)
		judge_switch(&j);
	else if (c->host || c->has_mac)
		stop(&j, "never-heard", 0, "`weft status`: are all switches there? Else let the host send a frame",
		     "where %s is, nobody knows: its own switch has not said so yet", j.end->name);
	if (c->port_name)
		judge_port(&j);
	if (j.end->is_as || explain_says(&e->protocol)) {
		note_silence(&j);
		return;
	}
	if (j.end->has_ip4 && !e->is_v6)
		judge_address(&j, false);
	if (j.end->has_ip6 && e->is_v6)
		judge_address(&j, true);
	note_silence(&j);
}

void explain_judge_both(struct explaining *e, struct explain_causes *stops)
{
	const struct candidate *a = &e->ends[0], *b = &e->ends[1];
	if (a->network == NET_NONE || b->network == NET_NONE || a->network == b->network)
		return;
	const struct net_network *na = &e->net->networks[a->network], *nb = &e->net->networks[b->network];
	const char *text = explain_printf(e, "%s is in network %s (%s:%u), %s in network %s (%s:%u): networks are apart",
					  e->x->ends[0].name, na->name, e->net->file, na->where.line, e->x->ends[1].name,
					  nb->name, e->net->file, nb->where.line);
	const char *cure = explain_printf(e, "put both ports into one network, or a router into both; through a router ask for "
					  "each half: `weft explain %s ROUTER`", e->x->ends[0].asked);
	explain_cause_add(stops, "different-network", text, cure, NULL, 0);
}
