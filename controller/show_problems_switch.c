/* SPDX-License-Identifier: Apache-2.0 */
/* What is not as it should be at one switch: its connection, its rows, its ports. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "apps/acl.h"
#include "apps/storm.h"
#include "controller/problems.h"
#include "ofproto/msg.h"

enum { MAX_NAMES = 5 };                 /* ports named in one sentence */

static void look_at_switch_state(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct core *core = problems_world(problems)->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	const struct core_switch *cs = core->switches[sw];
	const char *state = show_switch_state(problems_world(problems), sw);
	struct about about = { .sw = vs ? vs->name : NULL };
	char hint[256];
	if (!state || !strcmp(state, "connected") || ++*n > MAX_OF_KIND)
		return;
	if (!strcmp(state, "standby")) {
		about.hint = "stop the other weftd, or look at that one: it has been started later than this one";
		problems_add(problems, WARNING, "switch-standby", about,
				"switch %s is in the hands of another controller; weftd stands by and takes over when that one is gone",
				vs->name);
	} else if (!strcmp(state, "connecting")) {
		problems_add(problems, WARNING, "switch-connecting", about, "switch %s is connected and being read back", vs->name);
	} else if (!strcmp(state, "waiting")) {
		snprintf(hint, sizeof hint, "on its host: weft doctor %s; when it has not joined yet: weft switch join %s", vs->name, vs->name);
		about.hint = hint;
		problems_add(problems, ERROR, "switch-waiting", about,
				"switch %s has not connected since weftd started; its flows stay as they are", vs->name);
	} else {
		snprintf(hint, sizeof hint, "on its host: weft doctor %s; known hosts keep talking meanwhile", vs->name);
		about.hint = hint;
		problems_add(problems, ERROR, "switch-disconnected", about, "switch %s is gone since %" PRIu64 " s: %s", vs->name,
				(core->wall_ms - cs->connected_wall_ms) / 1000, cs->last_error);
	}
}

static void look_at_rows(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct core *core = problems_world(problems)->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	struct ledger_counts counts;
	struct ledger_iter iter;
	ledger_count(core->switches[sw]->ledger, &counts);
	if (!vs || !vs->connected || !(counts.n_refused + counts.n_foreign))
		return;
	for (const struct row *row = ledger_first(core->switches[sw]->ledger, &iter); row;
	     row = ledger_after(core->switches[sw]->ledger, &iter)) {
		struct row_room room;
		struct rule rule;
		char text[400];
		if (!row->want || (!row->refused && !row->foreign) || ++*n > MAX_OF_KIND)
			continue;
		row_rule(row, &room, &rule);
		rule_format(&rule, text, sizeof text);
		struct core_origin origin = core_origin(core, rule.kind == RULE_FLOW ? rule_cookie(&rule) : 0);
		struct about about = { .sw = vs->name, .hint = row->refused
			? "the other rows are in place; change what stands at that line, or the switch, and it is tried again"
			: "a row of another controller has its place and is left alone; delete it with ovs-ofctl if it is not needed" };
		if (row->refused)
			problems_add(problems, ERROR, "row-refused", about, "switch %s refuses a row of %s for %s (%s:%" PRIu32 "), %s: %s",
					vs->name, origin.app, origin.object, core->net->file, origin.line,
					msg_error_name((uint16_t) (row->error >> 16), (uint16_t) row->error), text);
		else
			problems_add(problems, ERROR, "row-blocked", about,
					"on switch %s a foreign row stands where %s wants one for %s (%s:%" PRIu32 "): %s",
					vs->name, origin.app, origin.object, core->net->file, origin.line, text);
	}
}

/* P8: they are left alone. What they match may never come to the networks and their rules. */
static void look_at_aliens(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct core *core = problems_world(problems)->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	struct ledger_counts counts;
	ledger_count(core->switches[sw]->ledger, &counts);
	if (!vs || !vs->connected || !counts.n_alien || ++*n > MAX_OF_KIND)
		return;
	struct about about = { .sw = vs->name, .hint = "weft show flows state=foreign has them; delete with ovs-ofctl what is not needed" };
	problems_add(problems, INFO, "foreign-flows", about, "switch %s has %zu flow%s of somebody else; what they match may go past "
			"the networks and their rules", vs->name, counts.n_alien, counts.n_alien == 1 ? "" : "s");
}

/* Names of the ports that are so, in one sentence per switch. */
static void look_at_ports(struct problems *problems, uint32_t sw)
{
	const struct view_switch *vs = view_switch(problems_world(problems)->core->view, sw);
	char conflict[200] = "", unused[200] = "";
	size_t n_conflicts = 0, n_unused = 0;
	if (!vs || !vs->connected)
		return;
	for (size_t i = 0; i < vs->n_ports; i++) {
		const struct view_port *port = &vs->ports[i];
		unsigned end;
		bool is_unused = !port->n_uses && !port->local && !port->tunnel && port->link == NET_NONE && !port->disabled
			&& !port->is_mirror
			&& !port->conflicted && net_bfd_of(problems_world(problems)->core->net, vs->name, port->name, &end) == NET_NONE;
		size_t *n = port->conflicted ? &n_conflicts : is_unused ? &n_unused : NULL;
		char *names = port->conflicted ? conflict : unused;
		if (!n || (*n)++ >= MAX_NAMES)
			continue;
		size_t len = strlen(names);
		snprintf(names + len, sizeof conflict - len, "%s%.16s", len ? ", " : "", port->name);
	}
	struct about about = { .sw = vs->name, .hint = "weft show ports state=conflict says which entries" };
	if (n_conflicts)
		problems_add(problems, WARNING, "port-conflict", about, "switch %s: ports that two networks want in the same way (%zu) stand "
				"in the first only: %s%s", vs->name, n_conflicts, conflict, n_conflicts > MAX_NAMES ? ", ..." : "");
	about.hint = "their frames are dropped and counted; name them under `ports:` of a network, or leave it so";
	if (n_unused)
		problems_add(problems, INFO, "port-no-network", about, "switch %s: ports in no network (%zu): %s%s",
				vs->name, n_unused, unused, n_unused > MAX_NAMES ? ", ..." : "");
}

/* Room that the ports with rules for what is delivered take in a list, beyond that of a port. */
static size_t guarded_room(const struct core *core, const struct view_switch *vs, uint32_t network)
{
	struct scene scene = { .net = core->net, .view = core->view, .now_ms = core->now_ms };
	size_t n = 0;
	for (size_t p = 0; core->net->n_acls && p < vs->n_ports; p++)
		for (size_t u = 0; u < vs->ports[p].n_uses; u++)
			n += vs->ports[p].uses[u].network == network && acl_guards(&scene, vs->sw, &vs->ports[p].uses[u]);
	return (FLOOD_GUARDED_ROOM - 1) * n;
}

static void look_at_floods(struct problems *problems, uint32_t sw)
{
	const struct core *core = problems_world(problems)->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	if (!vs || !vs->connected)
		return;
	for (uint32_t n = 0; n < core->net->n_networks; n++) {
		const struct view_network *vn = view_network(core->view, n);
		const struct view_member *member = view_member(vn, sw);
		const char *name = core->net->networks[n].name;
		bool has_tunnel = core->net->networks[n].tunnels && vs->tunnel != NET_NONE;
		size_t n_others = vn->n_members - 1 + core->net->networks[n].n_vteps;
		size_t room = has_tunnel ? FLOOD_PEER_ROOM * n_others : 0;
		struct about about = { vs->name, name, "spread the ports over two bridges or two networks" };
		if (member && member->n_edges + room + guarded_room(core, vs, n) > FLOOD_MAX_PORTS)
			problems_add(problems, WARNING, "flood-list-full", about, "switch %s: network %s has %u ports there and %zu "
					"other switches and vteps; broadcast has room for %d, each of those counting as %d, a port with "
					"acl_out as %d", vs->name, name, (unsigned) member->n_edges, room / FLOOD_PEER_ROOM,
					FLOOD_MAX_PORTS, FLOOD_PEER_ROOM, FLOOD_GUARDED_ROOM);
	}
}

/* Networks that go through a tunnel port that is not there. */
static void look_at_tunnel(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct core *core = problems_world(problems)->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	const char *first = NULL;
	size_t n_networks = 0;
	char hint[400];
	if (!vs || !vs->connected || vs->index == NET_NONE || vs->tunnel != NET_NONE
	    || !core->net->switches[vs->index].vtep)
		return;
	for (uint32_t i = 0; i < core->net->n_networks; i++) {
		const struct view_member *member = view_member(view_network(core->view, i), sw);
		if (!core->net->networks[i].tunnels || !member || !view_member_is_here(member))
			continue;
		first = first ? first : core->net->networks[i].name;
		n_networks++;
	}
	if (!n_networks || ++*n > MAX_OF_KIND)
		return;
	const struct net_switch *declared = &core->net->switches[vs->index];
	snprintf(hint, sizeof hint, "add it: ovs-vsctl add-port BRIDGE %s -- set interface %s type=vxlan "
		 "options:remote_ip=flow options:key=flow%s%s", declared->tunnel, declared->tunnel,
		 declared->n_vteps > 1 ? "" : " options:local_ip=", declared->n_vteps > 1 ? "" : declared->vtep);
	struct about about = { .sw = vs->name, .hint = hint };
	problems_add(problems, ERROR, "tunnel-missing", about, "switch %s has no port %s: %zu network%s (%s%s) end%s at this switch",
			vs->name, declared->tunnel, n_networks, n_networks == 1 ? "" : "s", first, n_networks > 1 ? ", ..." : "",
			n_networks == 1 ? "s" : "");
}

/* Ports that send more than they may, and limits that the switch cannot hold. */
/* The uplink that the network has by the file on that switch, when it carries nothing; else null. */
static const struct net_uplink *dead_uplink(const struct core *core, const struct view_switch *vs, uint32_t n)
{
	const struct net_network *network = &core->net->networks[n];
	const struct view_member *member = network->n_uplinks ? view_member(view_network(core->view, n), vs->sw) : NULL;
	if (member && member->uplink != NET_NONE && view_port(core->view, vs->sw, member->uplink)->up)
		return NULL;
	for (size_t i = 0; i < network->n_uplinks; i++)
		if (network->uplinks[i].sw == vs->index)
			return &network->uplinks[i];
	return NULL;
}

/* Uplinks that are down or not there, each once, whatever goes over it. */
static void look_at_uplinks(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct core *core = problems_world(problems)->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	struct { const char *port, *network; size_t n; } dead[MAX_NAMES];
	size_t n_dead = 0;
	if (!vs || !vs->connected || vs->index == NET_NONE)
		return;
	for (uint32_t i = 0; i < core->net->n_networks; i++) {
		const struct net_uplink *uplink = dead_uplink(core, vs, i);
		size_t k = 0;
		while (uplink && k < n_dead && strcmp(dead[k].port, uplink->port))
			k++;
		if (!uplink || k == MAX_NAMES)
			continue;
		if (k == n_dead) {
			dead[n_dead].port = uplink->port;
			dead[n_dead].network = core->net->networks[i].name;
			dead[n_dead++].n = 0;
		}
		dead[k].n++;
	}
	for (size_t k = 0; k < n_dead && ++*n <= MAX_OF_KIND; k++) {
		bool is_there = view_port_by_name(core->view, sw, dead[k].port);
		struct about about = { vs->name, dead[k].network, is_there ? "is its cable in, is it up (ip link)?"
			: "is it an interface of the bridge (ovs-vsctl list-ifaces)? of a bond of Open vSwitch only the members are: make the "
			  "bond in Linux" };
		char more[32] = "";
		if (dead[k].n > 1)
			snprintf(more, sizeof more, " and %zu more", dead[k].n - 1);
		problems_add(problems, ERROR, "uplink-down", about, "switch %s: uplink %s is %s: its ports in network %s%s reach "
				"nobody by it", vs->name, dead[k].port,
				is_there ? "down" : "not there", dead[k].network, more);
	}
}

static void look_at_storms(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct core *core = problems_world(problems)->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	struct scene scene = { .net = core->net, .view = core->view, .now_ms = core->now_ms };
	char text[400];
	if (!vs || !vs->connected || !vs->n_limited)
		return;
	for (size_t p = 0; p < vs->n_ports; p++)
		for (size_t u = 0; u < vs->ports[p].n_uses; u++) {
			const struct view_use *use = &vs->ports[p].uses[u];
			struct about about = { vs->name, core->net->networks[use->network].name,
					       "look at the machine there, or raise `storm`; others are not hurt meanwhile" };
			if (show_storm_text(problems_world(problems), use, text, sizeof text) && ++*n <= MAX_OF_KIND)
				problems_add(problems, WARNING, "storm", about, "port %s:%s %s", vs->name, vs->ports[p].name, text);
		}
	size_t n_without = storm_n_without(&scene, sw, false), n_rates = storm_n_without(&scene, sw, true);
	struct about about = { .sw = vs->name, .hint = "a limit takes one meter of the bridge: have fewer limits there, or a "
			       "datapath that has meters" };
	if (n_without)
		problems_add(problems, WARNING, "storm-no-meter", about, "switch %s has %" PRIu32 " meters: %zu storm limits do not hold there",
				vs->name, vs->max_meters, n_without);
	if (n_rates)
		problems_add(problems, WARNING, "rate-no-meter", about, "switch %s has %" PRIu32 " meters: %zu rates do not hold there",
				vs->name, vs->max_meters, n_rates);
}

/* Who is held to its rate. That is what the file asks for, and no fault. */
static void look_at_rates(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct core *core = problems_world(problems)->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	char text[400];
	for (size_t p = 0; vs && vs->connected && vs->n_limited && p < vs->n_ports; p++)
		for (size_t u = 0; u < vs->ports[p].n_uses; u++) {
			const struct view_use *use = &vs->ports[p].uses[u];
			struct about about = { vs->name, core->net->networks[use->network].name,
					       "it gets what it may; raise `rate` if it shall have more" };
			if (show_rate_text(problems_world(problems), use, text, sizeof text) && ++*n <= MAX_OF_KIND)
				problems_add(problems, INFO, "rate", about, "port %s:%s %s", vs->name, vs->ports[p].name, text);
		}
}

static bool is_first_of_mirror(const struct view_switch *vs, size_t port)
{
	for (size_t i = 0; i < port; i++)
		if (vs->ports[i].mirror && !strcmp(vs->ports[i].mirror, vs->ports[port].mirror))
			return false;
	return true;
}

/* Copies that somebody wants and nobody gets. */
static void look_at_mirrors(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct view_switch *vs = view_switch(problems_world(problems)->core->view, sw);
	char text[400];
	for (size_t p = 0; vs && vs->connected && p < vs->n_ports; p++) {
		const struct view_port *port = &vs->ports[p];
		struct about about = { .sw = vs->name, .hint = "plug it into the bridge, or take `mirror` out of the file" };
		if (!port->mirror || !is_first_of_mirror(vs, p) || !show_mirror_text(problems_world(problems), vs, port, text, sizeof text))
			continue;
		if (++*n <= MAX_OF_KIND)
			problems_add(problems, WARNING, "mirror", about, "port %s:%s: %s", vs->name, port->name, text);
	}
}

static void look_at_quarantines(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct core *core = problems_world(problems)->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	char text[400];
	for (size_t p = 0; vs && vs->n_quarantined && p < vs->n_ports; p++)
		for (size_t u = 0; u < vs->ports[p].n_uses; u++) {
			const struct view_use *use = &vs->ports[p].uses[u];
			struct about about = { vs->name, core->net->networks[use->network].name,
					       "take the loop out: it opens by itself, or at once when its link goes down and up" };
			if (show_quarantine_text(problems_world(problems), use, text, sizeof text) && ++*n <= MAX_OF_KIND)
				problems_add(problems, WARNING, "quarantine", about, "port %s:%s is %s", vs->name, vs->ports[p].name, text);
		}
}

void problems_of_switches(struct problems *problems)
{
	size_t n_states = 0, n_rows = 0, n_tunnels = 0, n_storms = 0, n_quarantines = 0, n_aliens = 0, n_uplinks = 0;
	size_t n_rates = 0, n_mirrors = 0;
	for (uint32_t sw = 0; sw < problems_world(problems)->core->n_switches; sw++) {
		look_at_switch_state(problems, sw, &n_states);
		look_at_rows(problems, sw, &n_rows);
		look_at_aliens(problems, sw, &n_aliens);
		look_at_ports(problems, sw);
		look_at_floods(problems, sw);
		look_at_tunnel(problems, sw, &n_tunnels);
		look_at_uplinks(problems, sw, &n_uplinks);
		look_at_storms(problems, sw, &n_storms);
		look_at_rates(problems, sw, &n_rates);
		look_at_mirrors(problems, sw, &n_mirrors);
		look_at_quarantines(problems, sw, &n_quarantines);
	}
	problems_more(problems, ERROR, "switch-disconnected", n_states);
	problems_more(problems, ERROR, "row-refused", n_rows);
	problems_more(problems, ERROR, "tunnel-missing", n_tunnels);
	problems_more(problems, ERROR, "uplink-down", n_uplinks);
	problems_more(problems, WARNING, "storm", n_storms);
	problems_more(problems, WARNING, "quarantine", n_quarantines);
	problems_more(problems, INFO, "rate", n_rates);
	problems_more(problems, WARNING, "mirror", n_mirrors);
	problems_more(problems, INFO, "foreign-flows", n_aliens);
}
