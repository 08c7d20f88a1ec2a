/* SPDX-License-Identifier: Apache-2.0 */
/* What is not as it should be, in plain words, each with what to do.
 *
 * error and warning need somebody and make the verdict "degraded"; info is worth
 * knowing. Long lists of one kind are cut: the sentence says how many more. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "apps/acl.h"
#include "apps/storm.h"
#include "controller/problems.h"
#include "controller/show_te.h"
#include "ofproto/msg.h"
#include "ofproto/tls.h"

enum {
	MAX_NAMES = 5,                  /* ports named in one sentence */
	REFUSED_MS = 60 * 1000,         /* a switch that is refused comes again within that */
	CERTIFICATE_DAYS = 30,
};

static const char *const severities[] = { "error", "warning", "info" };

struct problems {
	const struct api_world *world;
	json_t *by_severity[N_SEVERITIES];
};

static void __attribute__((format(printf, 5, 6)))
add(struct problems *problems, enum severity severity, const char *kind, struct about about, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	json_array_append_new(problems->by_severity[severity],
			      json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "severity", severities[severity],
					"kind", kind, "switch", show_text(about.sw),
					"network", show_text(about.network), "text", show_text(text),
					"hint", show_text(about.hint)));
}

static void add_more(struct problems *problems, enum severity severity, const char *kind, size_t n)
{
	if (n > MAX_OF_KIND)
		add(problems, severity, kind, (struct about) { 0 }, "and %zu more of this kind", n - MAX_OF_KIND);
}

const struct api_world *problems_world(const struct problems *problems) { return problems->world; }

void problems_add(struct problems *problems, enum severity severity, const char *kind, struct about about, const char *text)
{
	add(problems, severity, kind, about, "%s", text);
}

void problems_more(struct problems *problems, enum severity severity, const char *kind, size_t n)
{
	add_more(problems, severity, kind, n);
}

static void look_at_config(struct problems *problems)
{
	struct config_state state;
	if (!problems->world->config)
		return;
	config_state(problems->world->config, &state);
	if (!state.failed)
		return;
	char first[512] = "";
	size_t n = state.findings ? diag_n_errors(state.findings) : 0;
	if (state.findings && diag_n_findings(state.findings))
		diag_format(state.findings, diag_finding(state.findings, 0), first, sizeof first);
	add(problems, ERROR, "config-refused",
	    (struct about) { .hint = "weft check FILE shows all of them; the file is read again when it changes" },
	    "%zu errors in %s: the network before it stays in force. The first: %s", n, state.file, first);
}

static void look_at_certificate(struct problems *problems)
{
	struct about about = { .hint = "weft pki renew weftd --dir DIR; weftd takes the new one by itself" };
	if (!problems->world->tls)
		return;
	if (tls_bad_files(problems->world->tls))
		add(problems, ERROR, "certificate",
		    (struct about) { .hint = "the ones before them stay in force, but a restart of weftd would fail" },
		    "the certificate files cannot be used: %s", tls_bad_files(problems->world->tls));
	int days = tls_days_left(problems->world->tls);
	if (days < 0)
		add(problems, ERROR, "certificate", about, "weftd's own certificate has ended: no switch can connect");
	else if (days < CERTIFICATE_DAYS)
		add(problems, WARNING, "certificate", about, "weftd's own certificate ends in %d days", days);
}

static void look_at_switch_state(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct core *core = problems->world->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	const struct core_switch *cs = core->switches[sw];
	const char *state = show_switch_state(problems->world, sw);
	struct about about = { .sw = vs ? vs->name : NULL };
	if (!state || !strcmp(state, "connected") || ++*n > MAX_OF_KIND)
		return;
	if (!strcmp(state, "standby")) {
		about.hint = "stop the other weftd, or look at that one: it has been started later than this one";
		add(problems, WARNING, "switch-standby", about,
		    "switch %s is in the hands of another controller; weftd stands by and takes over when that one is gone",
		    vs->name);
	} else if (!strcmp(state, "connecting")) {
		add(problems, WARNING, "switch-connecting", about, "switch %s is connected and being read back", vs->name);
	} else if (!strcmp(state, "waiting")) {
		about.hint = "is the bridge's controller set (ovs-vsctl get-controller BRIDGE) and weftd's port open to it?";
		add(problems, ERROR, "switch-waiting", about,
		    "switch %s has not connected since weftd started; its flows stay as they are", vs->name);
	} else {
		about.hint = "look at the host, and at weftd's log for this switch; known hosts keep talking meanwhile";
		add(problems, ERROR, "switch-disconnected", about, "switch %s is gone since %" PRIu64 " s: %s", vs->name,
		    (core->wall_ms - cs->connected_wall_ms) / 1000, cs->last_error);
	}
}

static void look_at_rows(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct core *core = problems->world->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	struct ledger_counts counts;
	struct ledger_iter iter;
	ledger_count(core->switches[sw]->ledger, &counts);
	if (!vs || !vs->connected || !(counts.n_refused + counts.n_foreign))
		return;
	for (const struct row *row = ledger_first(core->switches[sw]->ledger, &iter); row;
	     row = ledger_after(core->switches[sw]->ledger, &iter)) {
		struct rule rule;
		char text[400];
		if (!row->want || (!row->refused && !row->foreign) || ++*n > MAX_OF_KIND)
			continue;
		row_rule(row, &rule);
		rule_format(&rule, text, sizeof text);
		struct core_origin origin = core_origin(core, rule.kind == RULE_FLOW ? rule_cookie(&rule) : 0);
		struct about about = { .sw = vs->name, .hint = row->refused
			? "the other rows are in place; change what stands at that line, or the switch, and it is tried again"
			: "a row of another controller has its place and is left alone; delete it with ovs-ofctl if it is not needed" };
		if (row->refused)
			add(problems, ERROR, "row-refused", about, "switch %s refuses a row of %s for %s (%s:%" PRIu32 "), %s: %s",
			    vs->name, origin.app, origin.object, core->net->file, origin.line,
			    msg_error_name((uint16_t) (row->error >> 16), (uint16_t) row->error), text);
		else
			add(problems, ERROR, "row-blocked", about,
			    "on switch %s a foreign row stands where %s wants one for %s (%s:%" PRIu32 "): %s",
			    vs->name, origin.app, origin.object, core->net->file, origin.line, text);
	}
}

/* Names of the ports that are so, in one sentence per switch. */
static void look_at_ports(struct problems *problems, uint32_t sw)
{
	const struct view_switch *vs = view_switch(problems->world->core->view, sw);
	char conflict[200] = "", unused[200] = "";
	size_t n_conflicts = 0, n_unused = 0;
	if (!vs || !vs->connected)
		return;
	for (size_t i = 0; i < vs->n_ports; i++) {
		const struct view_port *port = &vs->ports[i];
		unsigned end;
		bool is_unused = !port->n_uses && !port->local && !port->tunnel && port->link == NET_NONE && !port->disabled
			&& !port->conflicted && net_bfd_of(problems->world->core->net, vs->name, port->name, &end) == NET_NONE;
		size_t *n = port->conflicted ? &n_conflicts : is_unused ? &n_unused : NULL;
		char *names = port->conflicted ? conflict : unused;
		if (!n || (*n)++ >= MAX_NAMES)
			continue;
		size_t len = strlen(names);
		snprintf(names + len, sizeof conflict - len, "%s%.16s", len ? ", " : "", port->name);
	}
	struct about about = { .sw = vs->name, .hint = "weft show ports state=conflict says which entries" };
	if (n_conflicts)
		add(problems, WARNING, "port-conflict", about, "switch %s: ports that two networks want in the same way (%zu) stand "
		    "in the first only: %s%s", vs->name, n_conflicts, conflict, n_conflicts > MAX_NAMES ? ", ..." : "");
	about.hint = "their frames are dropped and counted; name them under `ports:` of a network, or leave it so";
	if (n_unused)
		add(problems, INFO, "port-no-network", about, "switch %s: ports in no network (%zu): %s%s",
		    vs->name, n_unused, unused, n_unused > MAX_NAMES ? ", ..." : "");
}

/* Networks that go through a tunnel port that is not there. */
static void look_at_tunnel(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct core *core = problems->world->core;
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
	add(problems, ERROR, "tunnel-missing", about, "switch %s has no port %s: %zu networks (%s%s) end at this switch",
	    vs->name, declared->tunnel, n_networks, first, n_networks > 1 ? ", ..." : "");
}

/* Cables that are not where the file says, or not there at all. */
static void look_at_links(struct problems *problems)
{
	const struct core *core = problems->world->core;
	size_t n = 0;
	for (uint32_t i = 0; i < core->net->n_edges; i++) {
		const struct net_edge *link = &core->net->edges[i];
		char why[300];
		const char *state = show_link_state(problems->world, i, why, sizeof why);
		struct about about = { .sw = core->net->switches[link->sw[0]].name };
		if (!strcmp(state, "up") || ++n > MAX_OF_KIND)
			continue;
		if (!strcmp(state, "resting")) {
			add(problems, INFO, "link-resting", about, "link %s: %s", link->name, why);
			continue;
		}
		if (!strcmp(state, "wrong"))
			about.hint = "put the cable where the file says, or correct the file; it is not used until then";
		else if (!strcmp(state, "unconfirmed"))
			about.hint = "frames of weftd do not pass: is there a device in between, or is the cable somewhere else?";
		else if (!strcmp(state, "silent"))
			about.hint = "a device between the two ends, or the cable itself; it is used again after three probes in a row both ways";
		else if (strstr(why, "BFD"))
			about.hint = "is BFD on at both ends? if so, what the other end sends is lost";
		add(problems, !strcmp(state, "wrong") ? ERROR : WARNING, !strcmp(state, "wrong") ? "link-wrong" : "link-down",
		    about, "link %s (%s:%u) is not used: %s", link->name, core->net->file, link->where.line, why);
	}
	add_more(problems, WARNING, "link-down", n);
}

/* Which links could be watched better, and how. */
static void look_at_bfd(struct problems *problems)
{
	const struct core *core = problems->world->core;
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
	add(problems, INFO, "link-no-bfd", (struct about) { .sw = sw, .hint = hint },
	    "%zu links have shown no BFD (%s%s): when they carry nothing and their ports stay up, probes of weftd notice it "
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
	const struct core *core = problems->world->core;
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
			add(problems, ERROR, "lan-cut", about, "network %s does not reach the LAN: none of its physical ports "
			    "(%s:%s%s) is alive", network->name, port->switch_name, port->port,
			    physical->n_ports > 1 ? ", ..." : "");
		else
			add(problems, WARNING, "lan-no-spare", about, "network %s: physical port %s:%s is not alive; %zu of %zu "
			    "are", network->name, port->switch_name, port->port, n_alive, physical->n_ports);
	}
	add_more(problems, ERROR, "lan-cut", n);
}

/* Has it been let in since it was refused? */
static bool is_cured(const struct core *core, const struct core_refused *refused)
{
	for (uint32_t sw = 0; sw < core->n_switches; sw++) {
		const struct view_switch *vs = view_switch(core->view, sw);
		if (vs && vs->connected && (vs->dpid == refused->dpid || !strcmp(vs->name, refused->who))
		    && core->switches[sw]->connected_wall_ms > refused->last_wall_ms)
			return true;
	}
	return false;
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
	const struct core *core = problems->world->core;
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
			add(problems, WARNING, "flood-list-full", about, "switch %s: network %s has %u ports there and %zu "
			    "other switches and vteps; broadcast has room for %d, each of those counting as %d, a port with "
			    "acl_out as %d", vs->name, name, (unsigned) member->n_edges, room / FLOOD_PEER_ROOM,
			    FLOOD_MAX_PORTS, FLOOD_PEER_ROOM, FLOOD_GUARDED_ROOM);
	}
}

static void add_te(void *ctx, bool is_warning, const char *kind, const char *text, const char *hint)
{
	add(ctx, is_warning ? WARNING : INFO, kind, (struct about) { .hint = hint }, "%s", text);
}

/* Ports that send more than they may, and limits that the switch cannot hold. */
static void look_at_storms(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct core *core = problems->world->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	struct scene scene = { .net = core->net, .view = core->view, .now_ms = core->now_ms };
	char text[400];
	if (!vs || !vs->connected || !vs->n_storm_limited)
		return;
	for (size_t p = 0; p < vs->n_ports; p++)
		for (size_t u = 0; u < vs->ports[p].n_uses; u++) {
			const struct view_use *use = &vs->ports[p].uses[u];
			struct about about = { vs->name, core->net->networks[use->network].name,
					       "look at the machine there, or raise `storm`; others are not hurt meanwhile" };
			if (show_storm_text(problems->world, use, text, sizeof text) && ++*n <= MAX_OF_KIND)
				add(problems, WARNING, "storm", about, "port %s:%s %s", vs->name, vs->ports[p].name, text);
		}
	size_t n_without = storm_n_without(&scene, sw);
	struct about about = { .sw = vs->name, .hint = "a limit takes one meter of the bridge: have fewer limits there, or a "
			       "datapath that has meters" };
	if (n_without)
		add(problems, WARNING, "storm-no-meter", about, "switch %s has %" PRIu32 " meters: %zu storm limits do not hold there",
		    vs->name, vs->max_meters, n_without);
}

static void look_at_quarantines(struct problems *problems, uint32_t sw, size_t *n)
{
	const struct core *core = problems->world->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	char text[400];
	for (size_t p = 0; vs && vs->n_quarantined && p < vs->n_ports; p++)
		for (size_t u = 0; u < vs->ports[p].n_uses; u++) {
			const struct view_use *use = &vs->ports[p].uses[u];
			struct about about = { vs->name, core->net->networks[use->network].name,
					       "take the loop out: it opens by itself, or at once when its link goes down and up" };
			if (show_quarantine_text(problems->world, use, text, sizeof text) && ++*n <= MAX_OF_KIND)
				add(problems, WARNING, "quarantine", about, "port %s:%s is %s", vs->name, vs->ports[p].name, text);
		}
}

static void look_at_refused_switches(struct problems *problems)
{
	const struct core *core = problems->world->core;
	for (size_t i = 0; i < core->n_refused; i++) {
		const struct core_refused *refused = &core->refused[i];
		if (core->wall_ms - refused->last_wall_ms > REFUSED_MS || is_cured(core, refused))
			continue;
		add(problems, WARNING, "switch-refused", (struct about) { .sw = refused->who },
		    "%s was not let in (%" PRIu64 " time%s): %s", refused->who, refused->n, refused->n == 1 ? "" : "s", refused->why);
	}
}

/* Events of the last minutes that are worth a line: what cured itself, and
 * limits that keep hosts out. One line per kind, switch and network. */
static void look_at_events(struct problems *problems)
{
	const struct core *core = problems->world->core;
	struct seen { char kind[24], sw[64], network[64]; size_t n; uint64_t id; } seen[MAX_OF_KIND] = { 0 };
	size_t n_seen = 0;
	for (uint64_t id = events_last_id(core->events); id; id--) {
		const struct event *event = events_get(core->events, id);
		struct seen now = { .n = 1, .id = id };
		if (!event || event->wall_ms + SHOW_RECENT_MS < core->wall_ms)
			break;
		if (event->is_fact && event->fact.kind == FACT_HOST_REFUSED) {
			uint32_t index = net_network_by_id(core->net, event->fact.network);
			const struct view_switch *vs = event->fact.sw == NET_NONE ? NULL : view_switch(core->view, event->fact.sw);
			snprintf(now.kind, sizeof now.kind, "host-limit");
			snprintf(now.sw, sizeof now.sw, "%s", vs ? vs->name : "");
			snprintf(now.network, sizeof now.network, "%s", index == NET_NONE ? "" : core->net->networks[index].name);
		} else if (!event->is_fact && (!strcmp(event->kind, "drift") || !strcmp(event->kind, "openflow-error"))) {
			snprintf(now.kind, sizeof now.kind, "%s", event->kind);
			snprintf(now.sw, sizeof now.sw, "%s", event->sw);
		} else {
			continue;
		}
		size_t i = 0;
		while (i < n_seen && (strcmp(seen[i].kind, now.kind) || strcmp(seen[i].sw, now.sw) ||
				      strcmp(seen[i].network, now.network)))
			i++;
		if (i < n_seen)
			seen[i].n++;
		else if (n_seen < MAX_OF_KIND)
			seen[n_seen++] = now;
	}
	for (size_t i = 0; i < n_seen; i++) {
		const struct event *event = events_get(core->events, seen[i].id);
		struct about about = { .sw = seen[i].sw[0] ? seen[i].sw : NULL,
				       .network = seen[i].network[0] ? seen[i].network : NULL };
		if (!strcmp(seen[i].kind, "host-limit")) {
			about.hint = "raise max_hosts, or find out who brings so many; hosts that are known keep working";
			add(problems, WARNING, "host-limit", about, "network %s, switch %s: hosts were not let in during the last "
			    "10 minutes: %s", seen[i].network, seen[i].sw, fact_reason_text(event->fact.reason));
		} else if (!strcmp(seen[i].kind, "drift")) {
			about.hint = "somebody else writes to this bridge; all of it was put right";
			add(problems, INFO, "drift", about, "flows of switch %s were changed by another hand %zu time%s in the "
			    "last 10 minutes; the last: %s", seen[i].sw, seen[i].n, seen[i].n == 1 ? "" : "s", event->text);
		} else {
			about.hint = "this is a fault of weft or of the switch: please report it with weftd's log";
			add(problems, WARNING, "openflow-error", about, "switch %s answered with an error %zu times in the last "
			    "10 minutes; the last one: %s", seen[i].sw, seen[i].n, event->text);
		}
	}
}

/* Hosts that send more than their tunnels carry; and those that nobody has told. */
static void look_at_mtus(struct problems *problems, size_t *n)
{
	const struct net *net = problems->world->core->net;
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
			add(problems, network->mtu ? WARNING : INFO, "mtu", about, "network %s: %s send packets of %u bytes, its "
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
		add(problems, INFO, "guest-mtu", about, "guests need an MTU of %u bytes, not %d, in networks by VXLAN (%zu): %s%s",
		    least, NET_ETHERNET_MTU, n_untold, names, n_untold > MAX_NAMES ? ", ..." : "");
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
	const struct core *core = problems->world->core;
	for (size_t i = 0; view_n_disputes(core->view) && i < view_binding_slots(core->view); i++) {
		const struct binding *b = view_binding_at(core->view, i);
		char holder[160], rival[160];
		if (!b || b->state != BINDING_DUPLICATE || ++*n > MAX_OF_KIND)
			continue;
		uint32_t index = net_network_by_id(core->net, b->network);
		json_t *ip = b->is_v6 ? show_ip6(b->ip) : show_ip4(b->ip);
		speaker_text(problems->world, b, b->mac, NET_NONE, 0, holder, sizeof holder);
		speaker_text(problems->world, b, b->rival, b->rival_sw, b->rival_ofport, rival, sizeof rival);
		struct about about = { .network = core->net->networks[index].name,
				       .hint = "give one of the two another address; until then questions for it are flooded" };
		add(problems, WARNING, "duplicate-ip", about, "network %s: two hosts use %s: %s%s, and %s", about.network,
		    json_string_value(ip), b->declared ? "declared for " : "", holder, rival);
		json_decref(ip);
	}
}

/* What is tried out is no fault, but nobody shall take it for protection. */
static void look_at_audits(struct problems *problems)
{
	const struct net *net = problems->world->core->net;
	struct about about = { .hint = "weft show acls says what it would drop; without `mode: audit` it does" };
	size_t n = 0;
	for (size_t i = 0; i < net->n_acls; i++) {
		if (net->acls[i].mode != ACL_AUDIT || !net->acls[i].is_used || ++n > MAX_OF_KIND)
			continue;
		add(problems, INFO, "acl-audit", about, "acl %s is in audit: it counts and drops nothing (%s:%u)",
		    net->acls[i].name, net->file, net->acls[i].where.line);
	}
	add_more(problems, INFO, "acl-audit", n);
}

json_t *show_problems(const struct api_world *world, bool *ret_is_degraded)
{
	struct problems problems = { .world = world };
	size_t n_states = 0, n_rows = 0, n_tunnels = 0, n_duplicates = 0, n_mtus = 0, n_storms = 0,
	       n_quarantines = 0;
	for (size_t i = 0; i < N_SEVERITIES; i++)
		problems.by_severity[i] = json_array();
	look_at_config(&problems);
	look_at_certificate(&problems);
	for (uint32_t sw = 0; sw < world->core->n_switches; sw++) {
		look_at_switch_state(&problems, sw, &n_states);
		look_at_rows(&problems, sw, &n_rows);
		look_at_ports(&problems, sw);
		look_at_floods(&problems, sw);
		look_at_tunnel(&problems, sw, &n_tunnels);
		look_at_storms(&problems, sw, &n_storms);
		look_at_quarantines(&problems, sw, &n_quarantines);
	}
	add_more(&problems, ERROR, "switch-disconnected", n_states);
	add_more(&problems, ERROR, "row-refused", n_rows);
	add_more(&problems, ERROR, "tunnel-missing", n_tunnels);
	add_more(&problems, WARNING, "storm", n_storms);
	add_more(&problems, WARNING, "quarantine", n_quarantines);
	look_at_gateways(&problems);
	look_at_links(&problems);
	look_at_bfd(&problems);
	show_te_problems(world, add_te, &problems);
	look_at_duplicates(&problems, &n_duplicates);
	add_more(&problems, WARNING, "duplicate-ip", n_duplicates);
	look_at_mtus(&problems, &n_mtus);
	add_more(&problems, WARNING, "mtu", n_mtus);
	look_at_refused_switches(&problems);
	look_at_events(&problems);
	look_at_audits(&problems);
	problems_of_guards(&problems);
	*ret_is_degraded = json_array_size(problems.by_severity[ERROR]) || json_array_size(problems.by_severity[WARNING]);
	for (size_t i = WARNING; i < N_SEVERITIES; i++) {
		json_array_extend(problems.by_severity[ERROR], problems.by_severity[i]);
		json_decref(problems.by_severity[i]);
	}
	return problems.by_severity[ERROR];
}
