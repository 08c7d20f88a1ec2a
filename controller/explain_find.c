/* SPDX-License-Identifier: Apache-2.0 */
/* Who is meant: from a word to hosts and ports. A word may be a MAC, an IPv4 or IPv6
 * address, "switch:port", or the name of a port or of a foreign VTEP; "NETWORK/" in front says in which
 * network. All that may be meant is found; who asks chooses. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/explain_impl.h"
#include "ofproto/packet.h"

static bool wanted(const struct find *f, uint32_t network)
{
	return f->network == NET_NONE || f->network == network;
}

static struct candidate *add(struct find *f, const struct candidate *candidate)
{
	if (f->n == FIND_MAX)
		return NULL;
	f->items[f->n] = *candidate;
	return &f->items[f->n++];
}

/* --- places ---------------------------------------------------------------------------- */

/* The entry of the file behind a use, when it is one of `ports`. */
static const struct net_port *entry_of(const struct find *f, const struct view_use *use)
{
	if (!use || use->is_uplink || use->is_physical)
		return NULL;
	return &f->core->net->networks[use->network].ports[use->entry];
}

/* Fills the place of a host, or of a port. */
static struct candidate at_port(const struct find *f, uint32_t sw, const struct view_port *port, const struct view_use *use)
{
	return (struct candidate) {
		.network = use ? use->network : NET_NONE, .sw = sw, .sw_name = view_switch(f->core->view, sw)->name,
		.port_name = port->name, .port = port, .use = use, .entry = entry_of(f, use),
	};
}

static void add_host(struct find *f, const struct host *host, const struct binding *binding)
{
	const struct view *view = f->core->view;
	struct candidate c = { .network = net_network_by_id(f->core->net, host->network), .sw = NET_NONE };
	const struct view_port *port = host->sw == NET_NONE ? NULL : view_port(view, host->sw, host->ofport);
	if (port)
		c = at_port(f, host->sw, port, view_use(port, host->network));
	else if (host->unconfirmed)
		c.sw = view_switch_by_index(view, net_switch_by_peer(f->core->net, host->ofport));
	if (c.sw != NET_NONE && !c.sw_name)
		c.sw_name = view_switch(view, c.sw)->name;
	c.host = host;
	c.binding = binding;
	c.has_mac = true;
	memcpy(c.mac, host->mac, 6);
	if (c.network != NET_NONE && wanted(f, c.network))
		add(f, &c);
}

/* What the file says of a port that the switch has not, or that is in no network. */
static void add_declared(struct find *f, const char *sw_name, const char *port_name, const struct net_port *entry,
			 uint32_t network)
{
	const struct view *view = f->core->view;
	uint32_t sw = view_switch_by_name(view, sw_name);
	const struct view_port *port = sw == NET_NONE ? NULL : view_port_by_name(view, sw, port_name);
	struct candidate c = {
		.network = network, .sw = sw, .sw_name = sw_name, .port_name = port_name, .port = port, .entry = entry,
		.use = port ? view_use(port, f->core->net->networks[network].id) : NULL,
	};
	if (entry && entry->mac.is_given) {
		c.has_mac = true;
		memcpy(c.mac, entry->mac.bytes, 6);
	}
	add(f, &c);
}

/* The hosts of a port in one network; the port itself when there are none. */
static void add_use(struct find *f, uint32_t sw, const struct view_port *port, const struct view_use *use)
{
	const struct view_member *member = view_member(view_network(f->core->view, use->network), sw);
	const struct host *host = NULL;
	size_t before = f->n;
	while (member && (host = view_member_host(f->core->view, member, host)))
		if (host->ofport == port->ofport)
			add_host(f, host, NULL);
	if (f->n != before)
		return;
	struct candidate c = at_port(f, sw, port, use);
	if (c.entry && c.entry->mac.is_given) {
		c.has_mac = true;
		memcpy(c.mac, c.entry->mac.bytes, 6);
	}
	add(f, &c);
}

static void add_port(struct find *f, uint32_t sw, const struct view_port *port)
{
	size_t before = f->n;
	for (size_t i = 0; i < port->n_uses; i++)
		if (wanted(f, port->uses[i].network))
			add_use(f, sw, port, &port->uses[i]);
	if (f->n == before && f->network == NET_NONE) {
		struct candidate c = at_port(f, sw, port, NULL);
		add(f, &c);
	}
}

/* Entries of the file without globs that name this port; sw null = on any switch. */
static void add_entries(struct find *f, const char *sw, const char *port)
{
	const struct net *net = f->core->net;
	for (uint32_t n = 0; n < net->n_networks; n++) {
		for (size_t i = 0; wanted(f, n) && i < net->networks[n].n_ports; i++) {
			const struct net_port *entry = &net->networks[n].ports[i];
			uint32_t slot = view_switch_by_name(f->core->view, entry->switch_glob);
			if (entry->is_glob || strcmp(entry->port_glob, port) || (sw && strcmp(entry->switch_glob, sw)))
				continue;
			if (slot == NET_NONE || !view_port_by_name(f->core->view, slot, port))
				add_declared(f, entry->switch_glob, entry->port_glob, entry, n);
		}
	}
}

/* A port that stands nowhere yet, but a glob of the file waits for its like. */
static void add_awaited(struct find *f, const char *sw, const char *port)
{
	struct net_use uses[8];
	bool is_disabled;
	const char *kept_sw = arena_strdup(f->arena, sw), *kept_port = arena_strdup(f->arena, port);
	size_t n = net_uses(f->core->net, sw, port, false, uses, 8, &is_disabled);
	for (size_t i = 0; i < n && i < 8; i++)
		if (wanted(f, uses[i].network) && !uses[i].is_uplink && !uses[i].is_physical)
			add_declared(f, kept_sw, kept_port, &f->core->net->networks[uses[i].network].ports[uses[i].port],
				     uses[i].network);
}

/* --- words ----------------------------------------------------------------------------- */

static const char *near(const struct find *f, const char *word, bool ports)
{
	const struct view *view = f->core->view;
	size_t n = 0, max = 0;
	for (uint32_t sw = 0; sw < view_n_switches(view); sw++)
		max += view_switch(view, sw) ? 1 + view_switch(view, sw)->n_ports : 0;
	const char **names = arena_new_array(f->arena, const char *, max + 1);
	for (uint32_t sw = 0; sw < view_n_switches(view); sw++) {
		const struct view_switch *vs = view_switch(view, sw);
		for (size_t i = 0; vs && ports && i < vs->n_ports; i++)
			names[n++] = vs->ports[i].name;
		if (vs && !ports)
			names[n++] = vs->name;
	}
	const char *found = n <= 10000 ? diag_did_you_mean(word, names, n) : NULL;
	return found ? arena_printf(f->arena, "; did you mean %s?", found) : "";
}

static void find_place(struct find *f)
{
	const char *colon = strrchr(f->word, ':');
	const char *sw_name = arena_strndup(f->arena, f->word, (size_t) (colon - f->word)), *port = colon + 1;
	uint32_t sw = view_switch_by_name(f->core->view, sw_name);
	const struct view_port *vp = sw == NET_NONE ? NULL : view_port_by_name(f->core->view, sw, port);
	f->is_place = true;
	if (vp)
		add_port(f, sw, vp);
	else
		add_awaited(f, sw_name, port);
	if (f->n)
		return;
	if (sw == NET_NONE) {
		f->nobody = arena_printf(f->arena, "there is no switch \"%s\"%s", sw_name, near(f, sw_name, false));
		f->nobody_cure = "`weft show switches` lists them; one that the file names is enough";
	} else {
		f->nobody = arena_printf(f->arena, "switch %s has no port \"%s\"%s, and no entry of the file waits for one", sw_name, port,
					 near(f, port, true));
		f->nobody_cure = arena_printf(f->arena, "is the machine running? `weft show ports switch=%s` lists what is there", sw_name);
	}
}

/* Machines behind a VTEP that is not ours, by its name: any one of them when the file names none. */
static void add_vteps(struct find *f)
{
	const struct net *net = f->core->net;
	for (size_t i = 0; i < net->n_vteps; i++) {
		const struct net_vtep *vtep = &net->vteps[i];
		for (size_t k = 0; !strcmp(vtep->end.name, f->word) && k < vtep->n_stands; k++) {
			struct candidate c = { .network = vtep->stands[k].network, .sw = NET_NONE, .vtep = vtep, .has_mac = vtep->n_macs == 1 };
			if (c.has_mac)
				memcpy(c.mac, vtep->macs[0].bytes, 6);
			if (wanted(f, c.network))
				add(f, &c);
		}
	}
}

static void find_name_of_port(struct find *f)
{
	const struct view *view = f->core->view;
	for (uint32_t sw = 0; sw < view_n_switches(view); sw++) {
		const struct view_port *port = view_switch(view, sw) ? view_port_by_name(view, sw, f->word) : NULL;
		if (port)
			add_port(f, sw, port);
	}
	add_entries(f, NULL, f->word);
	add_vteps(f);
	if (f->n)
		return;
	f->nobody = arena_printf(f->arena, "nothing is called \"%s\"%s", f->word, near(f, f->word, true));
	f->nobody_cure = "name a port, \"switch:port\", a VTEP of the file, a MAC or an IP address: `weft show ports`, `weft show hosts`";
}

static void find_mac(struct find *f)
{
	const struct net *net = f->core->net;
	f->is_mac = true;
	for (uint32_t n = 0; n < net->n_networks; n++) {
		const struct host *host = view_host(f->core->view, net->networks[n].id, f->mac);
		const struct net_vtep *vtep = net_vtep_of(net, n, f->mac);
		if (!wanted(f, n))
			continue;
		if (host) {
			add_host(f, host, NULL);
		} else if (vtep) {
			struct candidate c = { .network = n, .sw = NET_NONE, .vtep = vtep, .has_mac = true };
			memcpy(c.mac, f->mac, 6);
			add(f, &c);
		}
		for (size_t i = 0; !host && i < net->networks[n].n_ports; i++) {
			const struct net_port *entry = &net->networks[n].ports[i];
			if (entry->mac.is_given && !memcmp(entry->mac.bytes, f->mac, 6))
				add_declared(f, entry->switch_glob, entry->port_glob, entry, n);
		}
	}
	if (f->n)
		return;
	f->nobody = arena_printf(f->arena, "no host with MAC %s is known%s%s", f->word,
				 f->network != NET_NONE ? " in network " : "", f->network != NET_NONE ? net->networks[f->network].name : "");
	f->nobody_cure = "weft knows who has sent a frame lately (`ageing`): let it speak, or ask for its port; `weft show hosts`";
}

static void add_speaker(struct find *f, uint32_t n, const struct binding *binding)
{
	const struct net_network *network = &f->core->net->networks[n];
	const struct host *host = view_host(f->core->view, network->id, binding->mac);
	size_t before = f->n;
	if (host) {
		add_host(f, host, binding);
	} else if (binding->declared) {
		const struct net_port *entry = &network->ports[binding->entry];
		add_declared(f, entry->switch_glob, entry->port_glob, entry, n);
	} else {
		struct candidate c = { .network = n, .sw = NET_NONE, .has_mac = true, .vtep = net_vtep_of(f->core->net, n, binding->mac) };
		memcpy(c.mac, binding->mac, 6);
		add(f, &c);
	}
	if (f->n > before)
		f->items[f->n - 1].binding = binding;
}

static bool uses_address(const struct host *host, const struct find *f)
{
	return f->is_v6 ? host->has_ip6 && !memcmp(host->ip6, f->ip, 16) : host->has_ip4 && !memcmp(host->ip4, f->ip, 4);
}

static void find_ip(struct find *f)
{
	const struct core *core = f->core;
	f->is_ip = true;
	for (uint32_t n = 0; n < core->net->n_networks; n++) {
		const struct binding *binding = wanted(f, n)
			? view_binding(core->view, core->net->networks[n].id, f->is_v6, f->ip) : NULL;
		if (binding)
			add_speaker(f, n, binding);
	}
	for (size_t i = 0; !f->n && i < view_host_slots(core->view); i++) {
		const struct host *host = view_host_at(core->view, i);
		if (host && uses_address(host, f))
			add_host(f, host, NULL);
	}
	if (f->n)
		return;
	for (uint32_t n = 0; n < core->net->n_networks; n++) {
		if (!wanted(f, n) || !net_translates_to(&core->net->networks[n], f->is_v6, f->ip))
			continue;
		f->nobody = arena_printf(f->arena, "%s is no host: connections in network %s get it as their source (`snat`)", f->word,
					 core->net->networks[n].name);
		f->nobody_cure = "ask for the client itself; the way back is told with it";
		return;
	}
	f->nobody = arena_printf(f->arena, "nobody is known to have %s%s%s", f->word, f->network != NET_NONE ? " in network " : "",
				 f->network != NET_NONE ? core->net->networks[f->network].name : "");
	f->nobody_cure = "a host is known by what it sends: is it running, is that its address? Behind a router, ask for the "
		"router. `weft show hosts` lists who is known";
}

/* --- groups ---------------------------------------------------------------------------- */

static uint32_t ip_number(const uint8_t ip[4])
{
	return (uint32_t) ip[0] << 24 | (uint32_t) ip[1] << 16 | (uint32_t) ip[2] << 8 | ip[3];
}

/* The last address of an IPv4 subnet means all of it (RFC 919); where there are two, both are hosts (RFC 3021). */
static bool is_last_of(const char *subnet, const uint8_t ip[4])
{
	char text[INET_ADDRSTRLEN];
	const char *slash = subnet ? strchr(subnet, '/') : NULL;
	uint8_t from[4];
	int len = slash ? atoi(slash + 1) : 32;
	snprintf(text, sizeof text, "%.*s", slash ? (int) (slash - subnet) : 0, subnet ? subnet : "");
	if (len > 30 || inet_pton(AF_INET, text, from) != 1)
		return false;
	uint32_t host = UINT32_MAX >> len, first = ip_number(from), asked = ip_number(ip);
	return (first | host) == asked;
}

static bool is_group(const struct find *f)
{
	const struct net *net = f->core->net;
	if (f->is_mac)
		return f->mac[0] & 1;
	if (f->is_v6)
		return f->ip[0] == 0xff;
	bool is_all = f->ip[0] >> 4 == 0xe || ip_number(f->ip) == UINT32_MAX;
	for (uint32_t n = 0; n < net->n_networks && !is_all; n++)
		is_all = wanted(f, n) && is_last_of(net->networks[n].subnet, f->ip);
	return is_all;
}

static void refuse_group(struct find *f)
{
	if (f->n || (!f->is_mac && !f->is_ip) || !is_group(f))
		return;
	f->error = arena_printf(f->arena, "%s is nobody's own address: what is for it goes to many, and floods the network", f->word);
	f->hint = "ask for one of those who shall hear it; of what is sent to all there are `arp/IP`, `nd/IP`, `ra`, `dhcp`";
}

/* "NETWORK/" in front of anything. */
static const char *take_network(struct find *f, const char *asked)
{
	const char *slash = strchr(asked, '/');
	f->network = NET_NONE;
	if (!slash)
		return asked;
	const char *name = arena_strndup(f->arena, asked, (size_t) (slash - asked));
	f->network = net_network_by_name(f->core->net, name);
	if (f->network == NET_NONE) {
		f->error = arena_printf(f->arena, "\"%s\": there is no network \"%s\"", asked, name);
		f->hint = "`weft show networks` lists them; write NETWORK/ADDRESS, without a prefix length";
	}
	return slash + 1;
}

void find_all(struct find *f, const struct core *core, struct arena *arena, const char *asked)
{
	*f = (struct find) { .core = core, .arena = arena, .asked = arena_strdup(arena, asked) };
	f->word = take_network(f, f->asked);
	if (f->error)
		return;
	if (!f->word[0]) {
		f->error = "an empty name";
		f->hint = "name a port, \"switch:port\", a MAC or an IP address";
	} else if (mac_parse(f->word, f->mac)) {
		find_mac(f);
	} else if (inet_pton(AF_INET, f->word, f->ip) == 1) {
		find_ip(f);
	} else if (inet_pton(AF_INET6, f->word, f->ip) == 1) {
		f->is_v6 = true;
		find_ip(f);
	} else if (strchr(f->word, ':')) {
		find_place(f);
	} else {
		find_name_of_port(f);
	}
	refuse_group(f);
}

const char *find_name(const struct find *f, const struct candidate *c)
{
	const char *network = c->network == NET_NONE ? NULL : f->core->net->networks[c->network].name;
	char mac[MAC_TEXT];
	const char *word = f->word;
	/* Several on one port are told apart by their address, ports of one name by their switch. */
	if (!f->is_ip && !f->is_mac && c->host)
		word = arena_strdup(f->arena, mac_format(c->mac, mac));
	else if (!f->is_ip && !f->is_mac && c->sw_name)
		word = arena_printf(f->arena, "%s:%s", c->sw_name, c->port_name);
	return network ? arena_printf(f->arena, "%s/%s", network, word) : word;
}
