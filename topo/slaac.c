/* SPDX-License-Identifier: Apache-2.0 */
/* The key `slaac` of networks: prefixes in which hosts give themselves addresses, and
 * have them as who asked first (RFC 6620). What that becomes is in apps/guard_slaac.c. */
#include <arpa/inet.h>
#include <string.h>

#include "topo/member.h"
#include "topo/model.h"

static const struct net_prefix link_local = {.is_v6 = true, .len = 10, .bytes = {0xfe, 0x80}};
static const struct net_prefix groups = {.is_v6 = true, .len = 8, .bytes = {0xff}};

/* Null, or why no host takes an address of it. */
static const char *why_not(const struct net_prefix *prefix)
{
	if (!prefix->is_v6)
		return "of IPv4, where hosts have addresses by DHCP or by the file";
	if (prefix_covers(&link_local, prefix) || prefix_covers(prefix, &link_local))
		return "about link-local addresses, which are not watched";
	if (prefix_covers(&groups, prefix) || prefix_covers(prefix, &groups))
		return "about group addresses, from which nobody sends";
	return NULL;
}

static bool parse_slaac(const struct section_scene *scene, const struct section_at *at, const struct section_key *key,
			const struct yaml_node *node, void *member)
{
	struct net_slaac *slaac = member;
	size_t n = section_n_items(node);

	slaac->where = node->where;
	slaac->prefixes = arena_new_array(scene->arena, struct net_prefix, n);
	for (size_t i = 0; i < n; i++) {
		const struct yaml_node *item = section_item(node, i);
		struct net_prefix *prefix = &slaac->prefixes[slaac->n];
		const char *text, *why;

		if (!section_prefix.parse(scene, at, key, item, &text) || !prefix_read(text, prefix))
			return false;
		why = why_not(prefix);
		if (why)
			diag_add(scene->diag, item->where, DIAG_SLAAC, "\"%s\" in %s is %s, %s", key->name, section_at_text(scene, at),
				 text, why);
		slaac->n += !why;
	}
	slaac->n = prefixes_settle(slaac->prefixes, slaac->n);
	return true;
}

static void schema_slaac(const struct section_key *key, FILE *out)
{
	section_schema_items(&section_prefix, key, out);
}

const struct section_type section_slaac = {
	.title = "IPv6 prefix, or a list of them",
	.parse = parse_slaac,
	.schema = schema_slaac,
};

bool net_slaac_has(const struct net_network *network, const uint8_t ip[16])
{
	struct net_prefix host = {.is_v6 = true, .len = 128};

	memcpy(host.bytes, ip, 16);
	return prefixes_cover(network->slaac.prefixes, network->slaac.n, &host);
}

bool net_takes_slaac(const struct net_network *network, const struct net_port *port)
{
	uint32_t held = port && port->guard ? network->guard & ~port->trust : 0;

	return network->slaac.n && held & (NET_GUARD_SOURCE | NET_GUARD_ARP) && !(net_is_bound(port) && port->ips.n);
}

void slaac_settle(const struct net_network *network, struct diag *diag)
{
	if (network->slaac.n && !(network->guard & (NET_GUARD_SOURCE | NET_GUARD_ARP)))
		diag_add(diag, network->slaac.where, DIAG_IDLE_SLAAC,
			 "network \"%s\" has \"slaac\", and its `guard` watches no addresses: without `source` or `arp` hosts take what "
			 "they like", network->name);
}

void slaac_print(const struct net_network *network, FILE *out)
{
	char text[INET6_ADDRSTRLEN];

	if (!network->slaac.n)
		return;
	fputs("    slaac: [", out);
	for (size_t i = 0; i < network->slaac.n; i++)
		fprintf(out, "%s\"%s/%u\"", i ? ", " : "", inet_ntop(AF_INET6, network->slaac.prefixes[i].bytes, text, sizeof text),
			network->slaac.prefixes[i].len);
	fputs("]\n", out);
}
