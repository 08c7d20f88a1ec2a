/* SPDX-License-Identifier: Apache-2.0 */
/* The word `snat` of rules: where it may stand, and which addresses a network's
 * connections may get by it. They are nobody's: the switches answer for them. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "topo/acl_private.h"

enum { IP_ICMP = 1, IP_TCP = 6, IP_UDP = 17, IP_ICMP6 = 58, TRANSLATES = 1u << 31 };

/* --- rules ---------------------------------------------------------------------------- */

static bool has_connections(const struct net_protocol *p)
{
	return p->kind == PROTOCOL_IP
		&& (p->number == IP_TCP || p->number == IP_UDP || p->number == IP_ICMP || p->number == IP_ICMP6);
}

static void check_rest(const struct section_scene *scene, const struct section_at *at, struct where where,
		       const struct net_rule *rule)
{
	if (rule->verdict != NET_ALLOW)
		diag_add(scene->diag, where, DIAG_SNAT, "\"snat\" in %s needs allow, not %s: what is dropped has no source",
			 section_at_text(scene, at), verdict_word(rule->verdict));
	else if (!has_connections(&rule->protocol))
		diag_add(scene->diag, where, DIAG_SNAT, "\"snat\" in %s needs tcp, udp, icmp or icmp6, not %s",
			 section_at_text(scene, at), rule->protocol.text);
	else if (rule->port.names_dhcp || rule->sport.names_dhcp)
		diag_add(scene->diag, where, DIAG_SNAT, "\"snat\" in %s stands beside a port of DHCP, which is never translated",
			 section_at_text(scene, at));
}

void snat_check_rule(const struct section_scene *scene, const struct section_at *at, const struct yaml_node *map,
		     struct net_rule *rule)
{
	const struct yaml_node *value = map ? yaml_get(map, "snat") : NULL;
	struct net_snat *snat = &rule->snat;

	if (!value)
		return;
	for (size_t i = 0; i < snat->written.n; i++) {
		const struct net_address *ip = &snat->written.items[i];

		if (snat->of[ip->is_v6])
			diag_add(scene->diag, ip->where, DIAG_SNAT, "\"snat\" in %s has two %s addresses; give it one",
				 section_at_text(scene, at), ip->is_v6 ? "IPv6" : "IPv4");
		snat->of[ip->is_v6] = ip;
		snat->text = i ? arena_printf(scene->arena, "%s,%s", snat->text, ip->text) : ip->text;
	}
	if (value->kind == YAML_SEQ && !value->n_items)
		diag_add(scene->diag, value->where, DIAG_SNAT, "\"snat\" in %s is an empty list; give it an address",
			 section_at_text(scene, at));
	check_rest(scene, at, value->where, rule);
	if (snat->text)
		snat->id = TRANSLATES | (uint32_t) net_hash(snat->text, strlen(snat->text));
}

/* --- lists ---------------------------------------------------------------------------- */

static const struct net_rule *first_of(const struct net_acl *acl)
{
	for (size_t i = 0; i < acl->n_rules; i++)
		if (acl->rules[i].snat.text)
			return &acl->rules[i];
	return NULL;
}

static void check_place(const struct net *net, const struct net_acl_use *use, bool is_switch, const char *who,
			struct diag *diag)
{
	for (int d = 0; d < N_DIRECTIONS; d++) {
		const struct net_acl_ref *ref = &use->at[d];
		const struct net_rule *rule = ref->acl == NET_NONE ? NULL : first_of(&net->acls[ref->acl]);

		if (rule && (d == ACL_IN || is_switch))
			diag_add(diag, ref->where, DIAG_SNAT,
				 "\"%s\" of %s is \"%s\", which translates sources (line %u), and that is done where frames are "
				 "delivered: make it the \"acl_out\" of a network, or of the servers' ports",
				 d == ACL_IN ? "acl" : "acl_out", who, ref->name, rule->where.line);
	}
}

static void check_places(const struct net *net, struct diag *diag)
{
	for (size_t i = 0; i < net->n_acls; i++) {
		const struct net_rule *rule = first_of(&net->acls[i]);

		if (rule && !net->acls[i].stateful)
			diag_add(diag, rule->where, DIAG_SNAT,
				 "rule \"%s\" translates sources, and acl \"%s\" has `stateful: false`: who would translate the replies?",
				 rule->text, net->acls[i].name);
	}
	for (size_t i = 0; i < net->n_switches; i++)
		check_place(net, &net->switches[i].acl, true,
			    arena_printf(net->arena, "switch \"%s\"", net->switches[i].name), diag);
	for (size_t i = 0; i < net->n_networks; i++) {
		const struct net_network *network = &net->networks[i];
		const char *who = arena_printf(net->arena, "network \"%s\"", network->name);

		check_place(net, &network->acl, false, who, diag);
		for (size_t k = 0; k < network->n_ports; k++)
			check_place(net, &network->ports[k].acl, false, who, diag);
	}
}

/* --- addresses ------------------------------------------------------------------------ */

static bool is_same(const struct net_address *a, const struct net_address *b)
{
	return a->is_v6 == b->is_v6 && !memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static bool is_in_subnet(const struct net_network *network, const struct net_address *ip)
{
	struct net_prefix subnet = {0}, one = {.is_v6 = ip->is_v6, .len = ip->is_v6 ? 128 : 32};
	char address[SCALAR_ADDRESS_SIZE] = "";
	const char *slash = network->subnet ? strchr(network->subnet, '/') : NULL;

	if (!slash)
		return true;
	memcpy(address, network->subnet, (size_t) (slash - network->subnet));
	subnet.is_v6 = strchr(address, ':') != NULL;
	subnet.len = (uint8_t) atoi(slash + 1);
	inet_pton(subnet.is_v6 ? AF_INET6 : AF_INET, address, subnet.bytes);
	memcpy(one.bytes, ip->bytes, sizeof one.bytes);
	return subnet.is_v6 != ip->is_v6 || prefix_covers(&subnet, &one);
}

static void check_address(const struct net_network *network, const struct net_address *ip, struct diag *diag)
{
	if (!is_in_subnet(network, ip))
		diag_add(diag, ip->where, DIAG_SNAT_SUBNET,
			 "\"snat\" is %s, outside of subnet %s of network \"%s\": servers there need a route to it without "
			 "a gateway", ip->text, network->subnet, network->name);
	for (size_t k = 0; k < network->n_ports; k++)
		for (size_t i = 0; i < network->ports[k].ips.n; i++)
			if (is_same(&network->ports[k].ips.items[i], ip))
				diag_add(diag, ip->where, DIAG_SNAT_ADDRESS,
					 "\"snat\" is %s, which a port of network \"%s\" has (line %u); give it an address that "
					 "nobody has", ip->text, network->name, network->ports[k].where.line);
}

/* --- networks ------------------------------------------------------------------------- */

static void add(struct net_network *network, const struct net_rule *rule, struct diag *diag)
{
	for (size_t i = 0; i < network->n_snats; i++) {
		if (network->snats[i]->id != rule->snat.id)
			continue;
		if (strcmp(network->snats[i]->text, rule->snat.text))
			diag_add(diag, rule->where, DIAG_ID_CLASH, "\"snat\" %s and %s have one hash; change one of them",
				 rule->snat.text, network->snats[i]->text);
		return;
	}
	network->snats[network->n_snats++] = &rule->snat;
	for (size_t i = 0; i < rule->snat.written.n; i++)
		check_address(network, &rule->snat.written.items[i], diag);
}

static int by_id(const void *a_, const void *b_)
{
	uint32_t a = (*(const struct net_snat *const *) a_)->id, b = (*(const struct net_snat *const *) b_)->id;

	return a < b ? -1 : a > b;
}

static void settle_network(struct net *net, struct net_network *network, bool *is_used, struct diag *diag)
{
	size_t n = 0;

	memset(is_used, 0, net->n_acls * sizeof *is_used);
	for (size_t k = 0; k <= network->n_ports; k++) {
		const struct net_acl_use *use = k ? &network->ports[k - 1].acl : &network->acl;

		if (use->at[ACL_OUT].acl != NET_NONE)
			is_used[use->at[ACL_OUT].acl] = true;
	}
	for (size_t i = 0; i < net->n_acls; i++)
		for (size_t k = 0; is_used[i] && k < net->acls[i].n_rules; k++)
			n += net->acls[i].rules[k].snat.text != NULL;
	if (!n)
		return;
	network->snats = arena_new_array(net->arena, const struct net_snat *, n);
	for (size_t i = 0; i < net->n_acls; i++)
		for (size_t k = 0; is_used[i] && k < net->acls[i].n_rules; k++)
			if (net->acls[i].rules[k].snat.text)
				add(network, &net->acls[i].rules[k], diag);
	qsort(network->snats, network->n_snats, sizeof *network->snats, by_id);
}

bool net_translates_to(const struct net_network *network, bool is_v6, const uint8_t *ip)
{
	for (size_t i = 0; i < network->n_snats; i++) {
		const struct net_address *own = network->snats[i]->of[is_v6];

		if (own && !memcmp(own->bytes, ip, is_v6 ? 16 : 4))
			return true;
	}
	return false;
}

void snats_settle(struct net *net, struct diag *diag)
{
	bool *is_used = arena_new_array(net->arena, bool, net->n_acls);

	check_places(net, diag);
	for (size_t i = 0; i < net->n_networks; i++)
		settle_network(net, &net->networks[i], is_used, diag);
}
