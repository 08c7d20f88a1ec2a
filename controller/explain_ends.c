/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a host's place, whatever the rows say: its port, its switch, its
 * network, its address. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/explain_impl.h"
#include "ofproto/packet.h"

struct judging {
	struct explaining *e;
	const struct candidate *c;
	const struct explain_end *end;
	struct explain_causes *stops, *notes;
};

static void stop(const struct judging *j, const char *kind, const char *text, const char *cure, uint32_t line)
{
	const char *sw = j->c->sw_name ? arena_strdup(j->e->arena, j->c->sw_name) : NULL;
	explain_cause_add(j->stops, kind, text, cure, sw, line);
}

/* --- the switch -------------------------------------------------------------------------- */

static void judge_switch(const struct judging *j)
{
	struct explaining *e = j->e;
	const struct view_switch *vs = view_switch(e->view, j->c->sw);
	const struct core_switch *cs = e->core->switches[j->c->sw];
	uint64_t s = e->core->wall_ms > cs->connected_wall_ms ? (e->core->wall_ms - cs->connected_wall_ms) / 1000 : 0;
	if (!vs->connected && vs->ever)
		stop(j, "switch-away",
		     explain_printf(e, "switch %s, where %s is, went away %" PRIu64 " s ago%s%s: weft does not see what it does", vs->name,
				    j->end->name, s, cs->last_error[0] ? " (" : "", cs->last_error[0] ? explain_printf(e, "%s)", cs->last_error) : ""),
		     "is the host up, does ovs-vswitchd run, can it reach weftd? While only weftd is out of its reach it goes on with "
		     "the rows that it has", 0);
	else if (!vs->connected)
		stop(j, "switch-away",
		     explain_printf(e, "switch %s, where %s is, has not come since weftd started", vs->name, j->end->name),
		     "is the host up, does ovs-vswitchd run, can it reach weftd, is its certificate good? `weft status`, `weft pki`", 0);
	else if (cs->ready && !ledger_at_rest(cs->ledger))
		explain_cause_add(j->notes, "not-in-sync", explain_printf(e, "rows are on their way to switch %s: judged by those that it shall have",
									  vs->name),
				  "ask again in a second; `weft status` when it stays so", arena_strdup(e->arena, vs->name), 0);
}

/* --- the port ---------------------------------------------------------------------------- */

static void judge_conflict(const struct judging *j)
{
	struct explaining *e = j->e;
	struct net_use uses[16];
	bool is_disabled;
	size_t n = net_uses(e->net, j->c->sw_name, j->c->port_name, j->c->port->local, uses, 16, &is_disabled);
	for (size_t i = 0; i < n && i < 16; i++) {
		if (!uses[i].conflict)
			continue;
		uint32_t line = net_use_line(e->net, &uses[i]);
		stop(j, "conflict", explain_printf(e, "port %s:%s was left out of network %s (%s:%u): another network has it with the "
						   "same tag", j->c->sw_name, j->c->port_name, e->net->networks[uses[i].network].name,
						   e->net->file, line),
		     "give it another tag in one of the two", line);
		return;
	}
}

static void judge_no_use(const struct judging *j)
{
	struct explaining *e = j->e;
	const struct view_port *port = j->c->port;
	if (port->disabled)
		stop(j, "disabled", explain_printf(e, "port %s:%s is taken out of every network by `enable: false`", j->c->sw_name, port->name),
		     "take `enable: false` off its entry", 0);
	else if (port->conflicted)
		judge_conflict(j);
	else if (port->tunnel || port->link != NET_NONE)
		stop(j, "no-network", explain_printf(e, "port %s:%s is a %s between switches, no host stands there", j->c->sw_name, port->name,
						     port->tunnel ? "tunnel" : "link"),
		     "ask for a host", 0);
	else
		stop(j, "no-network", explain_printf(e, "no entry of %s names port %s:%s: its frames are dropped", e->net->file, j->c->sw_name,
						     port->name),
		     explain_printf(e, "add it to a network: `ports: [%s:%s]`%s", j->c->sw_name, port->name,
				    port->local ? "; the bridge's own port is never meant by a glob" : ""), 0);
}

static void judge_use(const struct judging *j)
{
	struct explaining *e = j->e;
	const struct candidate *c = j->c;
	const struct net_network *network = &e->net->networks[c->network];
	if (!view_use_is_open(e->view, c->use)) {
		uint32_t gateway = view_network(e->view, c->network)->gateway;
		if (gateway == NET_NONE)
			stop(j, "gateway-down", explain_printf(e, "network %s meets the LAN nowhere: none of its ports to it is alive", network->name),
			     "look at the cables and switches of `physical`: `weft show networks`", network->physical.where.line);
		else
			stop(j, "standby", explain_printf(e, "%s:%s stands by: network %s meets the LAN at %s:%s", c->sw_name, c->port_name,
							  network->name, network->physical.ports[gateway].switch_name,
							  network->physical.ports[gateway].port),
			     "ask for the port that is in use", network->physical.where.line);
	}
	if (c->host || c->use->is_uplink || c->use->is_physical)
		return;
	enum fact_reason reason = view_may_learn(e->view, c->sw, c->port->ofport, network->id);
	if (reason == REASON_PORT_LIMIT)
		stop(j, "port-limit", explain_printf(e, "port %s:%s has as many hosts as it may have (%u)", c->sw_name, c->port_name,
						     c->use->max_hosts),
		     "raise `max_hosts` of the port; `weft show hosts` says who they are", j->end->line);
	else if (reason == REASON_NETWORK_LIMIT)
		stop(j, "network-full", explain_printf(e, "network %s has as many hosts as it may have (%u)", network->name, network->max_hosts),
		     "raise `max_hosts` of the network, or wait until silent hosts have aged", network->where.line);
}

static void judge_port(const struct judging *j)
{
	struct explaining *e = j->e;
	const struct candidate *c = j->c;
	if (!c->port) {
		if (c->sw != NET_NONE && view_switch(e->view, c->sw)->connected)
			stop(j, "no-port", explain_printf(e, "switch %s has no port \"%s\"", c->sw_name, c->port_name),
			     "is the machine running, and does its interface have that name? `weft show ports`", j->end->line);
		return;
	}
	if (!c->use)
		judge_no_use(j);
	else
		judge_use(j);
	if (!c->port->up)
		stop(j, "port-down", explain_printf(e, "port %s:%s is down%s", c->sw_name, c->port_name, c->use && c->use->is_physical ? ", the LAN is not reached"
						    : ""),
		     explain_printf(e, "is the machine running? On %s: ip link show %s", c->sw_name, c->port_name), j->end->line);
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
		stop(j, "duplicate-ip", explain_printf(e, "two hosts use %s: %s and %s; who of them is reached is chance", text,
						       mac_format(b->mac, mac[0]), rival),
		     "take the address off one of them; `weft show events kind=duplicate-ip`", 0);
	else
		explain_cause_add(j->notes, "disputed-ip", explain_printf(e, "%s is claimed by %s too; weft is asking who has it", text, rival),
				  "ask again in some seconds", NULL, 0);
}

static void note_silence(const struct judging *j)
{
	struct explaining *e = j->e;
	const struct candidate *c = j->c;
	if (c->host || c->vtep || !c->use || c->use->is_uplink || c->use->is_physical || e->network == NET_NONE)
		return;
	explain_cause_add(j->notes, "never-heard",
			  explain_printf(e, "nothing was heard from %s:%s of late: nobody knows whether somebody is there, and what is for it "
					 "goes to all", c->sw_name, c->port_name),
			  explain_printf(e, "is the machine running, has it an address? One frame makes it known, %u s of silence forgotten",
					 e->net->networks[c->network].ageing),
			  arena_strdup(e->arena, c->sw_name), j->end->line);
}

void explain_judge_end(struct explaining *e, unsigned end, struct explain_causes *stops, struct explain_causes *notes)
{
	const struct judging j = { e, &e->ends[end], &e->x->ends[end], stops, notes };
	const struct candidate *c = j.c;
	if (c->vtep) {
		explain_cause_add(notes, "foreign-vtep", explain_printf(e, "%s is behind VTEP %s, which is not weft's: what it does with frames, and "
									"what it sends, is not seen here", j.end->name, j.end->vtep),
				  "look there too; `docs/howto/overlay.md`", NULL, c->vtep->end.where.line);
		return;
	}
	if (c->sw != NET_NONE)
		judge_switch(&j);
	else if (c->host || c->has_mac)
		stop(&j, "never-heard", explain_printf(e, "where %s is, nobody knows: its own switch has not said so yet", j.end->name),
		     "`weft status`: are all switches there? Else let the host send a frame", 0);
	if (c->port_name)
		judge_port(&j);
	if (j.end->has_ip4 && !e->is_v6)
		judge_address(&j, false);
	if (j.end->has_ip6 && e->is_v6)
		judge_address(&j, true);
	note_silence(&j);
}

static void judge_size(struct explaining *e, struct explain_causes *stops, struct explain_causes *notes)
{
	/* What tunnels carry is known when the way is: explain.c. Here what a LAN's machines send. */
	const struct net_network *network = &e->net->networks[e->network];
	(void) stops;
	uint32_t mtu = net_hosts_mtu(network);
	if (network->guest_mtu && mtu > network->guest_mtu)
		explain_cause_add(notes, "mtu",
				  explain_printf(e, "hosts of network %s send packets of up to %u bytes, its tunnels carry %u: larger ones are "
						 "lost without a word", network->name, mtu, network->guest_mtu),
				  explain_printf(e, "give the hosts an MTU of %u, or the underlay %u more bytes; ask with --size", network->guest_mtu,
						 mtu - network->guest_mtu), NULL, network->mtu ? network->mtu_where.line : network->where.line);
}

void explain_judge_both(struct explaining *e, struct explain_causes *stops, struct explain_causes *notes)
{
	const struct candidate *a = &e->ends[0], *b = &e->ends[1];
	if (a->network != NET_NONE && b->network != NET_NONE && a->network != b->network) {
		const struct net_network *na = &e->net->networks[a->network], *nb = &e->net->networks[b->network];
		explain_cause_add(stops, "different-network",
				  explain_printf(e, "%s is in network %s (%s:%u), %s in network %s (%s:%u): networks are apart", e->x->ends[0].name,
						 na->name, e->net->file, na->where.line, e->x->ends[1].name, nb->name, e->net->file, nb->where.line),
				  explain_printf(e, "put both ports into one network, or a router into both; through a router ask for each half: "
						 "`weft explain %s ROUTER`", e->x->ends[0].asked), NULL, 0);
		return;
	}
	if (e->network != NET_NONE)
		judge_size(e, stops, notes);
}
