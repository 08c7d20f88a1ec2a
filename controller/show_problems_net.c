/* SPDX-License-Identifier: Apache-2.0 */
/* What is not as it should be with links and networks, whatever switch they are at. */
#include <stdio.h>
#include <string.h>

#include "controller/problems.h"

enum { MAX_NAMES = 5 };                 /* networks named in one sentence */

/* Cables that are not where the file says, or not there at all. */
static void look_at_links(struct problems *problems)
{
	const struct core *core = problems_world(problems)->core;
	size_t n = 0;
	for (uint32_t i = 0; i < core->net->n_edges; i++) {
		const struct net_edge *link = &core->net->edges[i];
		char why[300];
		const char *state = show_link_state(problems_world(problems), i, why, sizeof why);
		struct about about = { .sw = core->net->switches[link->sw[0]].name };
		if (!strcmp(state, "up") || ++n > MAX_OF_KIND)
			continue;
		if (!strcmp(state, "resting")) {
			problems_add(problems, INFO, "link-resting", about, "link %s: %s", link->name, why);
			continue;
		}
		if (!strcmp(state, "wrong"))
			about.hint = "put the cable where the file says, or correct the file; it is not used until then";
		else if (!strcmp(state, "unconfirmed") && !show_link_awaits(core, i))
			about.hint = "frames of weftd do not pass: is there a device in between, or is the cable somewhere else?";
		else if (!strcmp(state, "silent"))
			about.hint = "a device between the two ends, or the cable itself; it is used again after three probes in a row both ways";
		else if (!strcmp(state, "down") && !strcmp(show_link_bfd(core, i), "down"))
			about.hint = "is BFD on at both ends? if so, what the other end sends is lost";
		problems_add(problems, !strcmp(state, "wrong") ? ERROR : WARNING, !strcmp(state, "wrong") ? "link-wrong" : "link-down",
				about, "link %s (%s:%u) is not used: %s", link->name, core->net->file, link->where.line, why);
	}
	problems_more(problems, WARNING, "link-down", n);
}

/* Which links could be watched better, and how. */
static void look_at_bfd(struct problems *problems)
{
	const struct core *core = problems_world(problems)->core;
	const char *port = "PORT", *sw = NULL, *first = NULL;
	char hint[300];
	size_t n = 0;
	for (uint32_t i = 0; i < core->net->n_edges; i++) {
		const struct net_edge *edge = &core->net->edges[i];
		if (strcmp(show_link_bfd(core, i), "unseen") || n++)
			continue;
		first = edge->name;
		sw = core->net->switches[edge->sw[0]].name;
		if (edge->link != NET_NONE)
			port = core->net->links[i].ends[0].port;
		else if (edge->bfd[0])
			port = edge->bfd[0];
	}
	if (!n)
		return;
	snprintf(hint, sizeof hint, "at both ends, as on %s: ovs-vsctl set interface %s bfd:enable=true bfd:min_rx=100 "
		 "bfd:min_tx=100; where that is done already it shows at the first fault", sw, port);
	problems_add(problems, INFO, "link-no-bfd", (struct about) { .sw = sw, .hint = hint },
			n == 1 ? "%zu link has shown no BFD (%s%s): when it carries nothing and its ports stay up, probes of weftd notice it after some 2 s"
			: "%zu links have shown no BFD (%s%s): when they carry nothing and their ports stay up, probes of weftd notice it "
			"after some 2 s", n, first, n > 1 ? ", ..." : "");
}

static bool is_alive(const struct core *core, uint32_t index, uint32_t entry)
{
	const struct view_port *port;
	uint32_t sw;
	return view_gateway_place(core->view, index, entry, &sw, &port) && view_switch(core->view, sw)->connected
		&& port->up;
}

/* Networks that do not meet the LAN, or would not if one more port died. */
static void look_at_gateways(struct problems *problems)
{
	const struct core *core = problems_world(problems)->core;
	size_t n = 0;
	for (uint32_t i = 0; i < core->net->n_networks; i++) {
		const struct net_network *network = &core->net->networks[i];
		const struct net_physical *physical = &network->physical;
		size_t n_alive = 0, dead = 0;
		for (uint32_t k = 0; k < physical->n_ports; k++) {
			if (is_alive(core, i, k))
				n_alive++;
			else
				dead = k;
		}
		if (n_alive == physical->n_ports || ++n > MAX_OF_KIND)
			continue;
		const struct net_uplink *port = &physical->ports[dead];
		struct about about = { .sw = port->switch_name, .network = network->name,
				       .hint = "is the switch connected, is the port there, is its cable in?" };
		if (!n_alive)
			problems_add(problems, ERROR, "lan-cut", about, "network %s does not reach the LAN: none of its physical ports "
					"(%s:%s%s) is alive", network->name, port->switch_name, port->port,
					physical->n_ports > 1 ? ", ..." : "");
		else
			problems_add(problems, WARNING, "lan-no-spare", about, "network %s: physical port %s:%s is not alive; %zu of %zu "
					"are", network->name, port->switch_name, port->port, n_alive, physical->n_ports);
	}
	problems_more(problems, ERROR, "lan-cut", n);
}

/* "52:54:00:aa:00:20 at kvm1:vm-a" */
static void speaker_text(const struct api_world *world, const struct binding *b, const uint8_t mac[6], uint32_t sw,
			 uint32_t ofport, char *buf, size_t size)
{
	const struct host *host = view_host(world->core->view, b->network, mac);
	bool is_known = host && !host->unconfirmed;
	json_t *place = show_place(world, is_known ? host->sw : sw, is_known ? host->ofport : ofport);
	json_t *text = show_mac(mac);
	snprintf(buf, size, "%s at %s", json_string_value(text),
		 json_is_string(place) ? json_string_value(place) : "a place not known");
	json_decref(place);
	json_decref(text);
}

static void look_at_duplicates(struct problems *problems, size_t *n)
{
	const struct core *core = problems_world(problems)->core;
	for (size_t i = 0; view_n_disputes(core->view) && i < view_binding_slots(core->view); i++) {
		const struct binding *b = view_binding_at(core->view, i);
		char holder[160], rival[160];
		if (!b || b->state != BINDING_DUPLICATE || ++*n > MAX_OF_KIND)
			continue;
		uint32_t index = net_network_by_id(core->net, b->network);
		json_t *ip = b->is_v6 ? show_ip6(b->ip) : show_ip4(b->ip);
		speaker_text(problems_world(problems), b, b->mac, NET_NONE, 0, holder, sizeof holder);
		speaker_text(problems_world(problems), b, b->rival, b->rival_sw, b->rival_ofport, rival, sizeof rival);
		struct about about = { .network = core->net->networks[index].name,
				       .hint = "give one of the two another address; until then questions for it are flooded" };
		problems_add(problems, WARNING, "duplicate-ip", about, "network %s: two hosts use %s: %s%s, and %s", about.network,
				json_string_value(ip), b->declared ? "declared for " : "", holder, rival);
		json_decref(ip);
	}
}

/* Hosts that send more than their tunnels carry; and those that nobody has told. */
static void look_at_mtus(struct problems *problems, size_t *n)
{
	const struct net *net = problems_world(problems)->core->net;
	uint32_t least = NET_ETHERNET_MTU;
	char names[200] = "";
	size_t n_untold = 0;
	for (size_t i = 0; i < net->n_networks; i++) {
		const struct net_network *network = &net->networks[i];
		struct about about = { .network = network->name, .hint = "raise underlay_mtu and the underlay's links, or set "
				       "the hosts to what fits and say so with `mtu`" };
		uint32_t mtu = net_hosts_mtu(network);
		/* What the file does not say may be right all the same. */
		if (network->guest_mtu && mtu > network->guest_mtu && ++*n <= MAX_OF_KIND)
			problems_add(problems, network->mtu ? WARNING : INFO, "mtu", about, "network %s: %s send packets of %u bytes, its "
					"tunnels carry %u; larger ones are lost without a word", network->name,
					network->mtu ? "its hosts" : "machines on the LAN", mtu, network->guest_mtu);
		if (!network->guest_mtu || mtu || network->guest_mtu >= NET_ETHERNET_MTU)
			continue;
		least = network->guest_mtu < least ? network->guest_mtu : least;
		size_t len = strlen(names);
		if (n_untold++ < MAX_NAMES)
			snprintf(names + len, sizeof names - len, "%s%.30s", len ? ", " : "", network->name);
	}
	struct about about = { .hint = "set it in the guests and write `mtu` at the network, or raise underlay_mtu by what "
			       "VXLAN takes (docs/howto/mtu.md)" };
	if (n_untold)
		problems_add(problems, INFO, "guest-mtu", about, "guests need an MTU of %u bytes, not %d, in networks by VXLAN (%zu): %s%s",
				least, NET_ETHERNET_MTU, n_untold, names, n_untold > MAX_NAMES ? ", ..." : "");
}

void problems_of_links(struct problems *problems)
{
	look_at_gateways(problems);
	look_at_links(problems);
	look_at_bfd(problems);
}

void problems_of_networks(struct problems *problems)
{
	size_t n_duplicates = 0, n_mtus = 0;
	look_at_duplicates(problems, &n_duplicates);
	problems_more(problems, WARNING, "duplicate-ip", n_duplicates);
	look_at_mtus(problems, &n_mtus);
	problems_more(problems, WARNING, "mtu", n_mtus);
}

/* What is tried out is no fault, but nobody shall take it for protection. */
void problems_of_audits(struct problems *problems)
{
	const struct net *net = problems_world(problems)->core->net;
	struct about about = { .hint = "weft show acls says what it would drop; without `mode: audit` it does" };
	size_t n = 0;
	for (size_t i = 0; i < net->n_acls; i++) {
		if (net->acls[i].mode != ACL_AUDIT || !net->acls[i].is_used || ++n > MAX_OF_KIND)
			continue;
		problems_add(problems, INFO, "acl-audit", about, "acl %s is in audit: it counts and drops nothing (%s:%u)",
				net->acls[i].name, net->file, net->acls[i].where.line);
	}
	problems_more(problems, INFO, "acl-audit", n);
}
