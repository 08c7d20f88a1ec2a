/* SPDX-License-Identifier: Apache-2.0 */
/* Facts as text: one line each, names where they are known, numbers where not. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "topo/fact.h"
#include "topo/net.h"
#include "topo/view.h"

/* Text that grows until it is full; never overruns. */
struct line {
	char *buf;
	size_t size, len;
};

static void __attribute__((format(printf, 2, 3)))
add(struct line *line, const char *format, ...)
{
	va_list args;
	size_t left = line->size - line->len;
	va_start(args, format);
	int n = vsnprintf(line->buf + line->len, left, format, args);
	va_end(args);
	if (n > 0)
		line->len += (size_t) n < left ? (size_t) n : left - 1;
}

static void add_network(struct line *line, const struct net *net, const struct view *view, uint32_t id)
{
	uint32_t i = net ? net_network_by_id(net, id) : NET_NONE;
	const char *name = i != NET_NONE ? net->networks[i].name : view ? view_network_name(view, id) : NULL;
	if (name)
		add(line, " %s", name);
	else
		add(line, " 0x%08" PRIx32, id);
}

static void add_switch(struct line *line, const struct view *view, uint32_t sw)
{
	const struct view_switch *vs = view ? view_switch(view, sw) : NULL;
	if (sw == NET_NONE)
		add(line, "-");
	else if (vs)
		add(line, "%s", vs->name);
	else
		add(line, "#%" PRIu32, sw);
}

/* name: that the port had when it happened, "" = as it is called now. */
static void add_port_at(struct line *line, const struct view *view, uint32_t sw, uint32_t ofport, const char *name)
{
	add_switch(line, view, sw);
	if (sw == NET_NONE)
		return;
	const struct view_port *port = view && !name[0] ? view_port(view, sw, ofport) : NULL;
	if (name[0] || (port && port->name[0]))
		add(line, ":%s", name[0] ? name : port->name);
	else
		add(line, ":%" PRIu32, ofport);
}

static void add_place(struct line *line, const struct view *view, const struct fact *fact)
{
	add_port_at(line, view, fact->sw, fact->ofport, fact->port_name);
}

static void add_old_place(struct line *line, const struct view *view, const struct fact *fact)
{
	add_port_at(line, view, fact->old_sw, fact->old_ofport, fact->old_port_name);
}

static void add_mac(struct line *line, const uint8_t m[6])
{
	add(line, " %02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static void add_addresses(struct line *line, const struct fact *fact)
{
	if (fact->has_ip4)
		add(line, " ip=%u.%u.%u.%u", fact->ip4[0], fact->ip4[1], fact->ip4[2], fact->ip4[3]);
	char ip6[INET6_ADDRSTRLEN];
	if (fact->has_ip6 && inet_ntop(AF_INET6, fact->ip6, ip6, sizeof ip6))
		add(line, " ip6=%s", ip6);
}

static bool is_zero(const uint8_t m[6]) { return !(m[0] | m[1] | m[2] | m[3] | m[4] | m[5]); }

static void add_other(struct line *line, const char *word, const struct fact *fact)
{
	const uint8_t *m = fact->other_mac;
	add(line, " %s=%02x:%02x:%02x:%02x:%02x:%02x", word, m[0], m[1], m[2], m[3], m[4], m[5]);
}

static void add_host(struct line *line, const struct fact *fact, const struct net *net,
		     const struct view *view)
{
	add_network(line, net, view, fact->network);
	add_mac(line, fact->mac);
	add(line, " ");
	if (fact->unconfirmed)
		add(line, "-");
	else
		add_place(line, view, fact);
	if (fact_is_move(fact)) {
		add(line, " from=");
		add_old_place(line, view, fact);
	}
	add_addresses(line, fact);
	if (fact->contested)
		add_other(line, "contested", fact);
	else if (fact->was_known && fact->kind == FACT_ADDRESS && !is_zero(fact->other_mac))
		add_other(line, "was", fact);
	else if (fact->kind == FACT_DUPLICATE)
		add_other(line, "other", fact);
	if (fact->recovered)
		add(line, " recovered age=%" PRIu32, fact->age_s);
	if (fact->unconfirmed)
		add(line, " unconfirmed");
	if (fact->reason)
		add(line, " (%s)", fact_reason_text(fact->reason));
}

/* --- guards ------------------------------------------------------------------------ */

static const struct net_port *entry_of(const struct net *net, const struct view *view, const struct fact *fact)
{
	const struct view_port *port = net && view && fact->sw != NET_NONE ? view_port(view, fact->sw, fact->ofport) : NULL;
	const struct view_use *use = port ? view_use(port, fact->network) : NULL;
	if (!use || use->is_uplink || use->is_physical)
		return NULL;
	return &net->networks[use->network].ports[use->entry];
}

static void add_bound(struct line *line, const struct net_port *entry)
{
	if (!entry || !entry->mac.is_given)
		return;
	add(line, ", bound to");
	add_mac(line, entry->mac.bytes);
	for (size_t i = 0; i < entry->ips.n; i++)
		add(line, " %s", entry->ips.items[i].text);
	add(line, ",");
}

/* "10.0.0.9 (52:54:00:aa:00:09)", or the MAC alone. */
static void add_sender(struct line *line, const struct fact *fact)
{
	const uint8_t *m = fact->mac;
	char ip[INET6_ADDRSTRLEN];
	if (!fact->has_ip4 && !fact->has_ip6) {
		add_mac(line, m);
		return;
	}
	inet_ntop(fact->has_ip4 ? AF_INET : AF_INET6, fact->has_ip4 ? fact->ip4 : fact->ip6, ip, sizeof ip);
	add(line, " %s (%02x:%02x:%02x:%02x:%02x:%02x)", ip, m[0], m[1], m[2], m[3], m[4], m[5]);
}

/* Whose MAC or IP address it is. */
static void add_owner(struct line *line, const struct fact *fact, const struct net *net, const struct view *view)
{
	const uint8_t *mac = is_zero(fact->other_mac) ? fact->mac : fact->other_mac;
	uint32_t n = net ? net_network_by_id(net, fact->network) : NET_NONE;
	const struct net_port *port = n == NET_NONE ? NULL : net_bound_mac(&net->networks[n], mac);
	const struct host *host = view ? view_host(view, fact->network, mac) : NULL;
	bool is_v6;
	if (n != NET_NONE && (fact->has_ip4 || fact->has_ip6)
	    && net_translates_to(&net->networks[n], fact->has_ip6, fact_address(fact, &is_v6))) {
		add(line, ", an address of `snat`, which no host has");
		return;
	}
	add(line, fact->reason == REASON_TAKEN ? ", to which" : ", which sticks to");
	if (fact->reason == REASON_TAKEN)
		add(line, port ? " %s:%s is bound" : " another port is bound", port ? port->switch_glob : "",
		    port ? port->port_glob : "");
	else if (host && !host->unconfirmed) {
		add(line, " ");
		add_port_at(line, view, host->sw, host->ofport, "");
	} else {
		add(line, " another port");
	}
}

static void add_violation(struct line *line, const struct fact *fact, const struct net *net, const struct view *view)
{
	bool is_server = fact->reason == REASON_ROGUE_DHCP || fact->reason == REASON_ROGUE_RA;
	add_network(line, net, view, fact->network);
	add(line, is_server ? ": rogue %s at " : ": port ", fact->reason == REASON_ROGUE_DHCP ? "DHCP server" : "router");
	add_place(line, view, fact);
	if (is_server) {
		add(line, ":");
		add_sender(line, fact);
		return;
	}
	if (fact->reason == REASON_BOUND)
		add_bound(line, entry_of(net, view, fact));
	add(line, fact->reason == REASON_PORT_LIMIT ? " has" : " sent from");
	add_sender(line, fact);
	if (fact->reason == REASON_PORT_LIMIT)
		add(line, " beyond its max_hosts");
	else if (fact->reason == REASON_NO_LEASE)
		add(line, is_zero(fact->other_mac) ? ", which is not leased to it" : ", which is leased to");
	else if (fact->reason == REASON_HIDDEN)
		add(line, ", in fragments or behind headers that are cut off");
	else if (fact->reason == REASON_ADDRESS_LIMIT)
		add(line, ", and has as many addresses as it may have");
	if (fact->reason == REASON_NO_LEASE && !is_zero(fact->other_mac))
		add_mac(line, fact->other_mac);
	if (fact->reason == REASON_TAKEN || fact->reason == REASON_STICKY)
		add_owner(line, fact, net, view);
}

static void add_until(struct line *line, const struct fact *fact)
{
	if (fact->slaac)
		add(line, " by slaac");
	else if (fact->until_s == UINT32_MAX)
		add(line, " until=never");
	else if (fact->until_s)
		add(line, " until=%" PRIu32, fact->until_s);
}

static void add_shut(struct line *line, const struct fact *fact, const struct net *net, const struct view *view)
{
	add_network(line, net, view, fact->network);
	add(line, " ");
	add_place(line, view, fact);
	if (fact->kind == FACT_PORT_SHUT)
		add(line, " for=%" PRIu32 "s", fact->length_s);
	if (!is_zero(fact->mac)) {
		add(line, " because of");
		add_mac(line, fact->mac);
	}
	add(line, fact->recovered ? " recovered" : "");
	if (fact->reason)
		add(line, " (%s)", fact_reason_text(fact->reason));
}

static void add_port(struct line *line, const struct fact *fact, const struct view *view)
{
	add(line, " ");
	add_switch(line, view, fact->sw);
	add(line, ":%s", fact->port_name);
	if (fact->port_local)
		add(line, " port=LOCAL");
	else
		add(line, " port=%" PRIu32, fact->ofport);
	if (fact->kind == FACT_PORT)
		add(line, " %s%s speed=%" PRIu32 "M", fact->port_up ? "up" : "down",
		    fact->port_live ? " live" : "", fact->port_speed_mbps);
}

static void add_storm(struct line *line, const struct fact *fact, const struct net *net, const struct view *view)
{
	add_network(line, net, view, fact->network);
	add(line, " ");
	add_place(line, view, fact);
	if (fact->storm != LIMIT_RATE)
		add(line, " %s", net_storm_word(fact->storm));
	add(line, " dropped=%" PRIu64, fact->n_dropped);
}

static void add_quarantine(struct line *line, const struct fact *fact, const struct net *net, const struct view *view)
{
	add_network(line, net, view, fact->network);
	add(line, " ");
	add_place(line, view, fact);
	if (fact->kind == FACT_QUARANTINE)
		add(line, " for=%" PRIu32 "s", fact->hold_s);
	if (fact->old_sw != NET_NONE) {
		add(line, " other=");
		add_old_place(line, view, fact);
	}
	if (fact->reason == REASON_FLAPS)
		add_mac(line, fact->mac);
	if (fact->recovered)
		add(line, " recovered age=%" PRIu32, fact->age_s);
	if (fact->reason)
		add(line, " (%s)", fact_reason_text(fact->reason));
}

/* The link by name, if that is still known. */
static void add_silent(struct line *line, const struct fact *fact, const struct net *net, const struct view *view)
{
	const struct view_port *port = view ? view_port(view, fact->sw, fact->ofport) : NULL;
	uint32_t edge = fact->edge ? fact->edge - 1 : port ? port->link : NET_NONE;
	add(line, " ");
	if (net && edge < net->n_edges)
		add(line, "%s from ", net->edges[edge].name);
	add_place(line, view, fact);
	if (fact->kind == FACT_PROBE_LOST)
		add(line, ": carries nothing although its ports are up; %d probes lost", VIEW_PROBES_LOST);
}

static void add_gateway(struct line *line, const struct fact *fact, const struct net *net, const struct view *view)
{
	add_network(line, net, view, fact->network);
	add(line, " ");
	add_place(line, view, fact);
	add(line, "%s%s", fact->recovered ? " recovered" : "", fact->unconfirmed ? " unconfirmed" : "");
}

static void add_link(struct line *line, const struct fact *fact, const struct view *view)
{
	add(line, " ");
	add_old_place(line, view, fact);
	add(line, " to ");
	add_place(line, view, fact);
	if (fact->hold_s)
		add(line, " (it failed often: rests for %" PRIu32 " s)", fact->hold_s);
}

static void add_what(struct line *line, const struct fact *fact, const struct net *net, const struct view *view)
{
	switch (fact->kind) {
	case FACT_NET:
		if (net)
			add(line, " %s %s", net->file, net->digest_text);
		break;
	case FACT_SWITCH_UP:
	case FACT_SWITCH_DOWN:
	case FACT_SWITCH_READY:
	case FACT_ANSWER:
		add(line, " ");
		add_switch(line, view, fact->sw);
		break;
	case FACT_PORT:
	case FACT_PORT_GONE:
		add_port(line, fact, view);
		break;
	case FACT_HOST:
	case FACT_HOST_GONE:
	case FACT_HOST_REFUSED:
	case FACT_ADDRESS:
	case FACT_ADDRESS_GONE:
	case FACT_DUPLICATE:
	case FACT_ADDRESS_SETTLED:
		add_host(line, fact, net, view);
		break;
	case FACT_NETWORK_FULL:
		add_network(line, net, view, fact->network);
		add(line, "%s", fact->recovered ? " recovered" : " no more");
		break;
	case FACT_MEMBER:
		add_network(line, net, view, fact->network);
		add(line, " ");
		add_switch(line, view, fact->sw);
		add(line, "%s", fact->recovered ? " recovered" : " no more");
		break;
	case FACT_GATEWAY:
		add_gateway(line, fact, net, view);
		break;
	case FACT_LINK:
		add_link(line, fact, view);
		break;
	case FACT_PROBE:
	case FACT_PROBE_LOST:
		add_silent(line, fact, net, view);
		break;
	case FACT_QUARANTINE:
	case FACT_QUARANTINE_OVER:
		add_quarantine(line, fact, net, view);
		break;
	case FACT_STORM:
	case FACT_STORM_OVER:
	case FACT_RATE:
	case FACT_RATE_OVER:
		add_storm(line, fact, net, view);
		break;
	case FACT_VIOLATION:
		add_violation(line, fact, net, view);
		break;
	case FACT_LEASE:
	case FACT_LEASE_GONE:
		add_host(line, fact, net, view);
		add_until(line, fact);
		break;
	case FACT_PORT_SHUT:
	case FACT_PORT_OPEN:
		add_shut(line, fact, net, view);
		break;
	case FACT_WAYS:
		add(line, ": what is for all, or has no paths, goes other ways");
		break;
	case FACT_STEER:
		add(line, ": switches are told of paths");
		break;
	case N_FACT_KINDS:
		break;
	}
}

size_t fact_format(const struct fact *fact, const struct net *net, const struct view *view,
		   char *buf, size_t size)
{
	struct line line = { .buf = buf, .size = size };
	if (!size)
		return 0;
	buf[0] = '\0';
	add(&line, "%" PRIu64 ".%03u %s", fact->time_ms / 1000, (unsigned) (fact->time_ms % 1000),
	    fact_is_move(fact) ? "move" : fact_word(fact->kind));
	add_what(&line, fact, net, view);
	return line.len;
}
