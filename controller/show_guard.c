/* SPDX-License-Identifier: Apache-2.0 */
/* What guards know, for `show ports` and `status`: to what a port is bound, what is
 * leased there, whether it is shut, and what was sent that may not be. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/problems.h"

/* --- a port in a network ------------------------------------------------------------------ */

static json_t *words(uint32_t bits)
{
	json_t *list = json_array();
	for (uint32_t bit = 1; bit <= NET_GUARD_DHCP; bit <<= 1) {
		char word[16];
		if (bits & bit)
			json_array_append_new(list, json_string(net_guard_words(bit, word, sizeof word)));
	}
	return list;
}

static json_t *ip_json(bool is_v6, const uint8_t *ip) { return is_v6 ? show_ip6(ip) : show_ip4(ip); }

static json_t *bound_json(const struct net_port *entry)
{
	if (!entry || !net_is_bound(entry))
		return json_null();
	json_t *ips = json_array();
	for (size_t i = 0; i < entry->ips.n; i++)
		json_array_append_new(ips, json_string(entry->ips.items[i].text));
	return json_pack("{s:o, s:o}", "mac", show_mac(entry->mac.bytes), "ips", ips);
}

static json_t *seconds_left(const struct core *core, uint32_t until_s)
{
	uint64_t now_s = core->wall_ms / 1000;
	if (until_s == UINT32_MAX)
		return json_null();
	return json_integer(until_s > now_s ? (json_int_t) (until_s - now_s) : 0);
}

static json_t *leases_json(const struct core *core, uint32_t sw, uint32_t ofport, const struct view_use *use)
{
	json_t *list = json_array();
	for (size_t i = 0; view_n_leases(core->view) && i < view_lease_slots(core->view); i++) {
		const struct lease *lease = view_lease_at(core->view, i);
		if (!lease || lease->network != use->id || lease->sw != sw || lease->ofport != ofport)
			continue;
		json_array_append_new(list, json_pack("{s:o, s:o, s:s, s:o}", "mac", show_mac(lease->mac),
						      "ip", ip_json(lease->is_v6, lease->ip),
						      "by", lease->slaac ? "slaac" : "dhcp",
						      "seconds_left", seconds_left(core, lease->until_s)));
	}
	return list;
}

static json_t *shut_json(const struct core *core, uint32_t sw, uint32_t ofport, const struct view_use *use)
{
	const struct closure *closure = view_closure(core->view, sw, ofport, use->id);
	if (!closure)
		return json_null();
	return json_pack("{s:o, s:I, s:o}", "seconds_left", seconds_left(core, closure->until_s),
			 "for_seconds", (json_int_t) closure->length_s, "mac", show_mac(closure->mac));
}

void show_guard(const struct api_world *world, uint32_t sw, uint32_t ofport, const struct view_use *use, json_t *json)
{
	const struct core *core = world->core;
	const struct net_network *network = &core->net->networks[use->network];
	const struct net_port *entry = use->is_uplink || use->is_physical ? NULL : &network->ports[use->entry];
	show_set(json, "bound", bound_json(entry));
	show_set(json, "guard", words(entry && entry->guard ? network->guard & ~entry->trust : 0));
	show_set(json, "sticky", json_boolean(use->sticky));
	show_set(json, "leases", leases_json(core, sw, ofport, use));
	show_set(json, "shut", shut_json(core, sw, ofport, use));
}

/* The first network in which the port is shut, and why; or null. */
const char *show_shut(const struct api_world *world, uint32_t sw, const struct view_port *port, char *why, size_t size)
{
	const struct core *core = world->core;
	for (size_t i = 0; i < port->n_uses; i++) {
		const struct closure *c = view_closure(core->view, sw, port->ofport, port->uses[i].id);
		uint64_t now_s = core->wall_ms / 1000;
		if (!c)
			continue;
		json_t *mac = show_mac(c->mac);
		snprintf(why, size, "max_hosts (%" PRIu32 ") of network %s is reached and %s came too; lets in nothing of "
			 "it for %" PRIu64 " s more", port->uses[i].max_hosts, core->net->networks[port->uses[i].network].name,
			 json_string_value(mac), c->until_s > now_s ? c->until_s - now_s : 0);
		json_decref(mac);
		return "shut";
	}
	return NULL;
}

/* --- problems ------------------------------------------------------------------------------- */

static const struct kind { enum fact_reason reason; const char *name, *hint; } kinds[] = {
	{ REASON_ROGUE_DHCP, "rogue-dhcp", "its answers are dropped; if it is meant to serve, write `trust: dhcp` at its port" },
	{ REASON_ROGUE_RA, "rogue-router", "its advertisements are dropped; if it is meant to be a router, write `trust: ra` at its port" },
	{ REASON_BOUND, "violation", "its frames are dropped; correct `mac` and `ip` of the port, or find out who that is" },
	{ REASON_TAKEN, "violation", "its frames are dropped; one of the two hosts needs another address" },
	{ REASON_STICKY, "violation", "a host sticks to its port as long as that is there" },
	{ REASON_HIDDEN, "violation", "its frames are dropped: nobody sends neighbour discovery so but to hide it (RFC 6980); find out who that is" },
	{ REASON_ADDRESS_LIMIT, "violation", "a host that takes so many addresses is broken, or wants to fill tables: find out who that is" },
	{ REASON_NO_LEASE, "violation", "its frames are dropped; let it ask by DHCP, or give its port `ip` or `trust`" },
	{ REASON_PORT_LIMIT, "violation", "it is let in; raise max_hosts, or find out who brings so many" },
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

static const struct kind *kind_of(enum fact_reason reason)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (kinds[i].reason == reason)
			return &kinds[i];
	return NULL;
}

/* Without the clock and the first word. */
static void sentence(const struct core *core, const struct fact *fact, char *buf, size_t size)
{
	char line[500];
	fact_format(fact, core->net, core->view, line, sizeof line);
	const char *at = strchr(line, ' ');
	at = at ? strchr(at + 1, ' ') : NULL;
	snprintf(buf, size, "network%s", at ? at : "");
}

static void tell(struct problems *problems, const struct fact *fact)
{
	const struct core *core = problems_world(problems)->core;
	const struct view_switch *vs = fact->sw == NET_NONE ? NULL : view_switch(core->view, fact->sw);
	uint32_t n = net_network_by_id(core->net, fact->network);
	const struct kind *kind = kind_of(fact->reason);
	char text[500];
	struct about about = { .sw = vs ? vs->name : NULL, .hint = kind ? kind->hint : NULL,
			       .network = n == NET_NONE ? NULL : core->net->networks[n].name };
	sentence(core, fact, text, sizeof text);
	problems_add(problems, WARNING, kind ? kind->name : "violation", about, "%s", text);
}

/* The last one of each port and reason. */
static void look_at_violations(struct problems *problems)
{
	const struct core *core = problems_world(problems)->core;
	struct { uint32_t sw, ofport, network; enum fact_reason reason; } seen[MAX_OF_KIND];
	size_t n = 0;
	for (uint64_t id = events_last_id(core->events); id && n < MAX_OF_KIND; id--) {
		const struct event *event = events_get(core->events, id);
		size_t i = 0;
		if (!event || event->wall_ms + SHOW_RECENT_MS < core->wall_ms)
			break;
		if (!event->is_fact || event->fact.kind != FACT_VIOLATION)
			continue;
		const struct fact *fact = &event->fact;
		while (i < n && (seen[i].sw != fact->sw || seen[i].ofport != fact->ofport
				 || seen[i].network != fact->network || seen[i].reason != fact->reason))
			i++;
		if (i < n)
			continue;
		seen[n].sw = fact->sw;
		seen[n].ofport = fact->ofport;
		seen[n].network = fact->network;
		seen[n++].reason = fact->reason;
		tell(problems, fact);
	}
}

static void look_at_shut_ports(struct problems *problems)
{
	const struct core *core = problems_world(problems)->core;
	size_t n = 0;
	for (size_t i = 0; i < view_n_closures(core->view); i++) {
		const struct closure *c = view_closure_at(core->view, i);
		const struct view_port *port = view_port(core->view, c->sw, c->ofport);
		uint32_t network = net_network_by_id(core->net, c->network);
		char why[300], text[400];
		if (c->is_open || !port || network == NET_NONE || ++n > MAX_OF_KIND
		    || !show_shut(problems_world(problems), c->sw, port, why, sizeof why))
			continue;
		struct about about = { .sw = view_switch(core->view, c->sw)->name, .network = core->net->networks[network].name,
				       .hint = "find out who that host is; raise max_hosts if it belongs there" };
		snprintf(text, sizeof text, "port %s:%s is shut: %s", about.sw, port->name, why);
		problems_add(problems, WARNING, "port-shut", about, "%s", text);
	}
	problems_more(problems, WARNING, "port-shut", n);
}

void problems_of_guards(struct problems *problems)
{
	look_at_violations(problems);
	look_at_shut_ports(problems);
}
