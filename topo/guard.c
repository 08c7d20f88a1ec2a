/* SPDX-License-Identifier: Apache-2.0 */
/* Who may send what at the edge: the keys `guard`, `trust`, `sticky`, `on_limit`,
 * and which port entries bind a port. What they become is in apps/guard.c. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

const char *const guard_words[] = {"source", "arp", "ra", "dhcp", "all", NULL}; /* enum net_guard, by bit */
const char *const guard_limits[] = {"drop", "report", "shut", NULL};            /* enum net_on_limit */

enum { GUARD_WORDS = 4, GUARD_ALL = (1 << GUARD_WORDS) - 1 };

static bool parse_guards(const struct section_scene *scene, const struct section_at *at,
			 const struct section_key *key, const struct yaml_node *node, void *member)
{
	uint32_t *bits = member;
	size_t n = section_n_items(node);

	for (size_t i = 0; i < n; i++) {
		const struct yaml_node *item = section_item(node, i);
		int word = 0;           /* what section_word fills: an enum */

		if (!section_word.parse(scene, at, key, item, &word))
			return false;
		*bits |= word > GUARD_WORDS ? GUARD_ALL : 1u << (word - 1);
	}
	return true;
}

static void schema_guards(const struct section_key *key, FILE *out)
{
	section_schema_items(&section_word, key, out);
}

static void range_guards(const struct section_key *key, FILE *out)
{
	section_word.range(key, out);
}

const struct section_type section_guards = {
	.title = "word, or a list of them",
	.parse = parse_guards,
	.schema = schema_guards,
	.range = range_guards,
};

const char *net_guard_words(uint32_t bits, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (int i = 0; i < GUARD_WORDS; i++)
		if (bits >> i & 1 && len < size)
			len += (size_t) snprintf(buf + len, size - len, "%s%s", len ? ", " : "", guard_words[i]);
	return buf;
}

void guard_print(const struct net_port *port, FILE *out)
{
	char words[64];

	if (port->on_limit > NET_LIMIT_DROP)
		fprintf(out, ", on_limit: %s", guard_limits[port->on_limit - 1]);
	if (port->sticky)
		fputs(", sticky: true", out);
	if (port->trust)
		fprintf(out, ", trust: [%s]", net_guard_words(port->trust, words, sizeof words));
	if (!port->guard)
		fputs(", guard: false", out);
}

/* --- what goes with what ------------------------------------------------------------ */

void guard_check(const struct section_scene *scene, const struct section_at *at, const struct yaml_node *map,
		 const struct net_port *port)
{
	if (!port->sticky)
		return;
	if (port->mac.is_given)
		diag_add(scene->diag, yaml_get(map, "sticky")->where, DIAG_GUARD,
			 "\"sticky\" in %s stands beside a \"mac\": that is the one host there",
			 section_at_text(scene, at));
	if (!port->max_hosts)
		diag_add(scene->diag, yaml_get(map, "sticky")->where, DIAG_GUARD,
			 "\"sticky\" in %s stands beside `max_hosts: 0`: nobody can be the first",
			 section_at_text(scene, at));
	if (port->on_limit == NET_LIMIT_REPORT)
		diag_add(scene->diag, yaml_get(map, "sticky")->where, DIAG_GUARD,
			 "\"sticky\" in %s stands beside `on_limit: report`: others would be let in all the same",
			 section_at_text(scene, at));
}

/* Guards that let nobody speak, since no lease is learned and no address declared. */
static void find_mute(const struct net_network *network, struct diag *diag)
{
	uint32_t asked = network->guard & (NET_GUARD_SOURCE | NET_GUARD_ARP);

	for (size_t i = 0; asked && !(network->guard & NET_GUARD_DHCP) && !network->slaac.n && i < network->n_ports; i++) {
		const struct net_port *port = &network->ports[i];

		if (!port->guard || port->ips.n || (port->trust & asked) == asked)
			continue;
		diag_add(diag, port->where, DIAG_MUTE,
			 "port %s:%s of network \"%s\" has no \"ip\", and without `dhcp` in \"guard\" nothing is leased "
			 "to it: it cannot send", port->switch_glob, port->port_glob, network->name);
		return;
	}
}

/* --- who is bound --------------------------------------------------------------------- */

static int by_mac(const void *a_, const void *b_, void *ports_)
{
	const struct net_port *ports = ports_;
	uint32_t a = *(const uint32_t *) a_, b = *(const uint32_t *) b_;
	int order = memcmp(ports[a].mac.bytes, ports[b].mac.bytes, 6);

	return order ? order : a < b ? -1 : a > b;
}

static void index_bound(struct net *net, struct net_network *network)
{
	network->bound = arena_new_array(net->arena, uint32_t, network->n_ports);
	for (uint32_t i = 0; i < network->n_ports; i++)
		if (net_is_bound(&network->ports[i]))
			network->bound[network->n_bound++] = i;
	if (network->n_bound)
		qsort_r(network->bound, network->n_bound, sizeof *network->bound, by_mac, network->ports);
}

const struct net_port *net_bound_mac(const struct net_network *network, const uint8_t mac[6])
{
	size_t low = 0, high = network->n_bound;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (memcmp(network->ports[network->bound[mid]].mac.bytes, mac, 6) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == network->n_bound)
		return NULL;
	const struct net_port *port = &network->ports[network->bound[low]];

	return memcmp(port->mac.bytes, mac, 6) ? NULL : port;
}

const struct net_port *net_bound_ip(const struct net_network *network, bool is_v6, const uint8_t *ip)
{
	for (size_t i = 0; i < network->n_bound; i++) {
		const struct net_port *port = &network->ports[network->bound[i]];

		for (size_t k = 0; k < port->ips.n; k++)
			if (port->ips.items[k].is_v6 == is_v6 && !memcmp(port->ips.items[k].bytes, ip, is_v6 ? 16 : 4))
				return port;
	}
	return NULL;
}

bool net_may_stand(const struct net_network *network, const struct net_port *port, const uint8_t mac[6])
{
	if (port && net_is_bound(port))
		return !memcmp(port->mac.bytes, mac, 6);
	return !network->n_bound || !net_bound_mac(network, mac);
}

/* --- the file -------------------------------------------------------------------------- */

void guards_settle(struct net *net, struct diag *diag)
{
	char words[64];

	for (size_t n = 0; n < net->n_networks; n++) {
		struct net_network *network = &net->networks[n];

		net->has_guards |= network->guard;
		for (size_t i = 0; i < network->n_ports; i++) {
			const struct net_port *port = &network->ports[i];
			uint32_t idle = port->trust == GUARD_ALL ? 0 : port->trust & ~network->guard;

			network->has_sticky |= port->sticky;
			net->has_guards |= port->sticky || net_is_bound(port) || port->on_limit == NET_LIMIT_SHUT;
			if (port->switch_glob && (idle || (port->trust && !network->guard)))
				diag_add(diag, port->where, DIAG_IDLE_TRUST,
					 "port %s:%s is trusted with %s, which network \"%s\" does not guard",
					 port->switch_glob, port->port_glob,
					 net_guard_words(idle ? idle : port->trust, words, sizeof words), network->name);
		}
		index_bound(net, network);
		find_mute(network, diag);
		slaac_settle(network, diag);
	}
}
