/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses that a port entry declares: one MAC, and the IP addresses that
 * are its. They say who answers to them before the host has spoken. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

static bool parse_mac(const struct section_scene *scene, const struct section_at *at,
		      const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct net_mac *mac = member;
	struct complaint complaint;
	struct scalar in;
	uint64_t value;

	if (!section_scalar(scene, at, key, node, &in))
		return false;
	if (!scalar_mac(in, &value, &complaint)) {
		section_complain(scene, at, key, node->where, complaint.code, complaint.text);
		return false;
	}
	for (int i = 0; i < 6; i++)
		mac->bytes[i] = (uint8_t) (value >> (8 * (5 - i)));
	if (!value || mac->bytes[0] & 1) {
		section_complain(scene, at, key, node->where, DIAG_ADDRESS,
				 value ? "is a group address; a host has one of its own" : "is no host's address");
		return false;
	}
	mac->is_given = true;
	return true;
}

/* An address that a host may have: no group, no broadcast, not unspecified. */
static bool is_host_ip(const struct net_address *ip)
{
	static const uint8_t none[16];
	size_t size = ip->is_v6 ? 16 : 4;

	if (!memcmp(ip->bytes, none, size))
		return false;
	return ip->is_v6 ? ip->bytes[0] != 0xff : ip->bytes[0] < 224 && ip->bytes[0] != 127;
}

static bool parse_ip(const struct section_scene *scene, const struct section_at *at,
		     const struct section_key *key, const struct yaml_node *node, struct net_address *ret_ip)
{
	char text[SCALAR_ADDRESS_SIZE];
	struct complaint complaint;
	struct scalar in;

	if (!section_scalar(scene, at, key, node, &in))
		return false;
	if (!scalar_address(in, text, &complaint)) {
		section_complain(scene, at, key, node->where, complaint.code, complaint.text);
		return false;
	}
	ret_ip->is_v6 = strchr(text, ':');
	inet_pton(ret_ip->is_v6 ? AF_INET6 : AF_INET, text, ret_ip->bytes);
	ret_ip->where = node->where;
	ret_ip->text = arena_strdup(scene->arena, text);
	if (is_host_ip(ret_ip))
		return true;
	section_complain(scene, at, key, node->where, DIAG_ADDRESS,
			 arena_printf(scene->arena, "is %s; no host has that", text));
	return false;
}

static bool parse_ips(const struct section_scene *scene, const struct section_at *at,
		      const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct net_addresses *ips = member;
	size_t n = section_n_items(node);

	if (n > NET_HOST_ADDRESSES) {
		section_complain(scene, at, key, node->where, DIAG_RANGE,
				 arena_printf(scene->arena, "has %zu addresses; the most is %d", n, NET_HOST_ADDRESSES));
		return false;
	}
	ips->items = arena_new_array(scene->arena, struct net_address, n);
	for (size_t i = 0; i < n; i++) {
		const struct yaml_node *item = section_item(node, i);

		if (parse_ip(scene, at, key, item, &ips->items[ips->n]))
			ips->n++;
	}
	return ips->n == n;
}

static void schema_mac(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": \"string\", \"pattern\": \"^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$\"", out);
}

static void schema_ips(const struct section_key *key, FILE *out)
{
	(void) key;
	fprintf(out, "\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"array\", \"items\": {\"type\": \"string\"}, "
		"\"maxItems\": %d}]", NET_HOST_ADDRESSES);
}

const struct section_type section_mac = {
	.title = "MAC address",
	.parse = parse_mac,
	.schema = schema_mac,
};

const struct section_type section_ips = {
	.title = "IP address, or a list of them",
	.parse = parse_ips,
	.schema = schema_ips,
};

void port_addresses_check(const struct section_scene *scene, const struct section_at *at,
			  const struct yaml_node *map, const struct net_port *port)
{
	const struct yaml_node *mac = map ? yaml_get(map, "mac") : NULL, *ip = map ? yaml_get(map, "ip") : NULL;

	if (port->is_glob && (mac || ip))
		diag_add(scene->diag, (mac ? mac : ip)->where, DIAG_ADDRESS,
			 "\"%s\" in %s stands beside a glob; an address is of one port", mac ? "mac" : "ip",
			 section_at_text(scene, at));
	if (ip && !mac)
		diag_add(scene->diag, ip->where, DIAG_ADDRESS, "\"ip\" in %s needs a \"mac\"",
			 section_at_text(scene, at));
}

/* --- one address for two ------------------------------------------------------------ */

struct claim { const struct net_port *port; const struct net_address *ip; };

static int by_address(const void *a_, const void *b_)
{
	const struct claim *a = a_, *b = b_;
	int order = a->ip->is_v6 != b->ip->is_v6 ? a->ip->is_v6 - b->ip->is_v6 : memcmp(a->ip->bytes, b->ip->bytes, 16);

	if (order)
		return order;
	if (a->ip->where.line != b->ip->where.line)
		return a->ip->where.line < b->ip->where.line ? -1 : 1;
	return a->ip->where.col < b->ip->where.col ? -1 : a->ip->where.col > b->ip->where.col;
}

/* One host on several ports, by one MAC, may have its addresses on each. */
void port_addresses_settle(struct net *net, const struct net_network *network, struct diag *diag)
{
	struct claim *claims;
	size_t n = 0;

	for (size_t i = 0; i < network->n_ports; i++)
		n += network->ports[i].ips.n;
	if (n < 2)
		return;
	claims = arena_new_array(net->arena, struct claim, n);
	n = 0;
	for (size_t i = 0; i < network->n_ports; i++)
		for (size_t j = 0; j < network->ports[i].ips.n; j++)
			claims[n++] = (struct claim) { &network->ports[i], &network->ports[i].ips.items[j] };
	qsort(claims, n, sizeof *claims, by_address);
	for (size_t i = 1; i < n; i++)
		if (claims[i].ip->is_v6 == claims[i - 1].ip->is_v6
		    && !memcmp(claims[i].ip->bytes, claims[i - 1].ip->bytes, 16)
		    && memcmp(claims[i].port->mac.bytes, claims[i - 1].port->mac.bytes, 6))
			diag_add(diag, claims[i].ip->where, DIAG_DUPLICATE_VALUE,
				 "port %s:%s of network \"%s\" has the ip of port %s:%s (line %u): %s",
				 claims[i].port->switch_glob, claims[i].port->port_glob, network->name,
				 claims[i - 1].port->switch_glob, claims[i - 1].port->port_glob,
				 claims[i - 1].ip->where.line, claims[i].ip->text);
}
