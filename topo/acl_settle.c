/* SPDX-License-Identifier: Apache-2.0 */
/* What the names in rules and in `acl:` mean, and the rules in words. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "topo/acl_private.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct net_acl *) a)->name, ((const struct net_acl *) b)->name);
}

static uint32_t acl_by_name(const struct net *net, const char *name)
{
	const struct net_acl key = {.name = name};
	const struct net_acl *found = net->n_acls
		? bsearch(&key, net->acls, net->n_acls, sizeof *net->acls, by_name) : NULL;

	return found ? (uint32_t) (found - net->acls) : NET_NONE;
}

/* --- from and to ---------------------------------------------------------------------- */

struct settling {
	struct net *net;
	struct diag *diag;
	const struct net_acl *acl;
	const char **names;             /* of groups and networks, for did-you-mean */
	size_t n_names;
};

static void take_subnet(struct settling *s, struct net_end *end, const struct net_member *member,
			const struct net_network *network)
{
	struct net_prefix *prefix = &end->prefixes[end->n_prefixes];
	char address[SCALAR_ADDRESS_SIZE] = "";
	const char *slash = network->subnet ? strchr(network->subnet, '/') : NULL;

	if (!slash) {
		diag_add(s->diag, member->where, DIAG_RULE,
			 "acl \"%s\" names network \"%s\", which has no subnet; give it one", s->acl->name,
			 network->name);
		return;
	}
	memcpy(address, network->subnet, (size_t) (slash - network->subnet));
	prefix->is_v6 = strchr(address, ':') != NULL;
	prefix->len = (uint8_t) atoi(slash + 1);
	inet_pton(prefix->is_v6 ? AF_INET6 : AF_INET, address, prefix->bytes);
	end->n_prefixes++;
}

static void take_name(struct settling *s, struct net_end *end, const struct net_member *member)
{
	uint32_t group = group_by_name(s->net, member->text);
	uint32_t network = net_network_by_name(s->net, member->text);

	if (group != NET_NONE && network != NET_NONE) {
		diag_add(s->diag, member->where, DIAG_RULE,
			 "acl \"%s\" names \"%s\", which is a group and a network; rename one of them",
			 s->acl->name, member->text);
	} else if (group != NET_NONE) {
		end->groups[end->n_groups++] = group;
	} else if (network != NET_NONE) {
		take_subnet(s, end, member, &s->net->networks[network]);
	} else {
		const char *meant = diag_is_full(s->diag) ? NULL
			: diag_did_you_mean(member->text, s->names, s->n_names);

		diag_add(s->diag, member->where, DIAG_UNKNOWN_NAME,
			 "acl \"%s\" names \"%s\", which is no group and no network%s%s%s", s->acl->name, member->text,
			 meant ? "; did you mean \"" : "", meant ? meant : "", meant ? "\"?" : "");
	}
}

static int by_number(const void *a_, const void *b_)
{
	uint32_t a = *(const uint32_t *) a_, b = *(const uint32_t *) b_;

	return a < b ? -1 : a > b;
}

/* Each once; the MACs of the groups are asked for in the rule itself. */
static void settle_groups(const struct net *net, struct net_end *end)
{
	size_t kept = 0, n_macs = end->n_macs;

	if (end->n_groups)
		qsort(end->groups, end->n_groups, sizeof *end->groups, by_number);
	for (size_t i = 0; i < end->n_groups; i++)
		if (!kept || end->groups[kept - 1] != end->groups[i])
			end->groups[kept++] = end->groups[i];
	end->n_groups = kept;
	for (size_t i = 0; i < kept; i++)
		n_macs += net->groups[end->groups[i]].n_macs;
	struct net_mac_mask *macs = arena_new_array(net->arena, struct net_mac_mask, n_macs);
	memcpy(macs, end->macs, end->n_macs * sizeof *macs);
	for (size_t i = 0; i < kept; i++) {
		const struct net_group *group = &net->groups[end->groups[i]];

		memcpy(macs + end->n_macs, group->macs, group->n_macs * sizeof *macs);
		end->n_macs += group->n_macs;
	}
	end->macs = macs;
	end->n_macs = macs_settle(macs, end->n_macs);
}

static void settle_end(struct settling *s, struct net_end *end)
{
	size_t n = end->members.n;

	end->is_any = !n;
	end->groups = arena_new_array(s->net->arena, uint32_t, n);
	end->prefixes = arena_new_array(s->net->arena, struct net_prefix, n);
	end->macs = arena_new_array(s->net->arena, struct net_mac_mask, n);
	for (size_t i = 0; i < n; i++) {
		const struct net_member *member = &end->members.items[i];

		switch (member->kind) {
		case MEMBER_ANY:
			end->is_any = true;
			break;
		case MEMBER_PREFIX:
			end->prefixes[end->n_prefixes++] = member->prefix;
			break;
		case MEMBER_MAC:
			end->macs[end->n_macs++] = member->mac;
			break;
		case MEMBER_NAME:
			take_name(s, end, member);
			break;
		}
	}
	end->n_prefixes = prefixes_settle(end->prefixes, end->n_prefixes);
	settle_groups(s->net, end);
	if (end->is_any)
		end->n_groups = end->n_prefixes = end->n_macs = 0;
}

/* --- in words ------------------------------------------------------------------------- */

static const char *end_text(struct arena *arena, const char *text, const char *word, const struct net_end *end)
{
	for (size_t i = 0; i < end->members.n; i++)
		text = arena_printf(arena, "%s%s%s", text, i ? "," : word, end->members.items[i].text);
	return text;
}

static const char *rule_text(struct arena *arena, const struct net_rule *rule)
{
	const char *text = arena_printf(arena, "%s %s", verdict_word(rule->verdict),
					rule->protocol.text ? rule->protocol.text : "?");

	if (rule->sport.text)
		text = arena_printf(arena, "%s sport %s", text, rule->sport.text);
	if (rule->port.text)
		text = arena_printf(arena, "%s port %s", text, rule->port.text);
	if (rule->dscp != NET_NONE)
		text = arena_printf(arena, "%s dscp %u", text, rule->dscp);
	text = end_text(arena, text, " from ", &rule->from);
	text = end_text(arena, text, " to ", &rule->to);
	if (rule->snat.text)
		text = arena_printf(arena, "%s snat %s", text, rule->snat.text);
	return rule->log ? arena_printf(arena, "%s log", text) : text;
}

/* --- who uses what -------------------------------------------------------------------- */

static void resolve(struct net *net, struct net_acl_use *use, const char *who, struct diag *diag)
{
	static const char *const keys[] = {"acl", "acl_out"};

	for (int d = 0; d < N_DIRECTIONS; d++) {
		use->at[d].acl = use->at[d].name ? acl_by_name(net, use->at[d].name) : NET_NONE;
		if (use->at[d].acl != NET_NONE)
			net->acls[use->at[d].acl].is_used = true;
		if (!use->at[d].name || use->at[d].acl != NET_NONE)
			continue;
		const char **names = arena_new_array(net->arena, const char *, net->n_acls);

		for (size_t i = 0; i < net->n_acls; i++)
			names[i] = net->acls[i].name;
		const char *meant = diag_did_you_mean(use->at[d].name, names, net->n_acls);
		diag_add(diag, use->at[d].where, DIAG_UNKNOWN_NAME, "\"%s\" of %s is \"%.60s\", which is no list of `acls`%s%s%s",
			 keys[d], who, use->at[d].name, meant ? "; did you mean \"" : "", meant ? meant : "",
			 meant ? "\"?" : "");
	}
}

static bool is_stateful(const struct net *net, const struct net_acl_use *use)
{
	for (int d = 0; d < N_DIRECTIONS; d++)
		if (use->at[d].acl != NET_NONE && net->acls[use->at[d].acl].stateful)
			return true;
	return false;
}

static bool has_acl(const struct net_acl_use *use)
{
	return use->at[ACL_IN].acl != NET_NONE || use->at[ACL_OUT].acl != NET_NONE;
}

static void resolve_all(struct net *net, struct diag *diag)
{
	bool any_stateful_switch = false;

	for (size_t i = 0; i < net->n_switches; i++) {
		struct net_switch *sw = &net->switches[i];

		resolve(net, &sw->acl, arena_printf(net->arena, "switch \"%s\"", sw->name), diag);
		any_stateful_switch |= is_stateful(net, &sw->acl);
	}
	for (size_t i = 0; i < net->n_networks; i++) {
		struct net_network *network = &net->networks[i];
		const char *who = arena_printf(net->arena, "network \"%s\"", network->name);

		resolve(net, &network->acl, who, diag);
		network->is_judged = has_acl(&network->acl);
		network->is_tracked = is_stateful(net, &network->acl);
		for (size_t k = 0; k < network->n_ports; k++) {
			struct net_port *port = &network->ports[k];

			resolve(net, &port->acl, who, diag);
			network->is_judged |= has_acl(&port->acl);
			network->is_tracked |= is_stateful(net, &port->acl);
		}
		network->needs_zone = network->is_tracked || any_stateful_switch;
	}
}

/* --- zones ---------------------------------------------------------------------------- */

static int by_zone(const void *a_, const void *b_)
{
	const struct net_network *a = *(const struct net_network *const *) a_;
	const struct net_network *b = *(const struct net_network *const *) b_;

	if (a->zone != b->zone)
		return a->zone < b->zone ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* A zone is a hash of the name; two that meet are a finding, as with vnis. */
static void zones_settle(struct net *net, struct diag *diag)
{
	struct net_network **order = arena_new_array(net->arena, struct net_network *, net->n_networks);
	size_t n = 0;

	for (size_t i = 0; i < net->n_networks; i++) {
		struct net_network *network = &net->networks[i];

		if (!network->needs_zone)
			continue;
		network->zone = (uint16_t) network->ct_zone;
		if (!network->zone)
			network->zone = (uint16_t) (1 + net_hash(network->name, strlen(network->name)) % ACL_MAX_ZONE);
		order[n++] = network;
	}
	if (n)
		qsort(order, n, sizeof *order, by_zone);
	for (size_t i = 1; i < n; i++)
		if (order[i]->zone == order[i - 1]->zone)
			diag_add(diag, order[i]->where, DIAG_DUPLICATE_VALUE,
				 "networks \"%s\" and \"%s\" (line %u) have one conntrack zone, %u; give one of them a "
				 "\"ct_zone\" of its own", order[i]->name, order[i - 1]->name, order[i - 1]->where.line,
				 order[i]->zone);
}

void acls_settle(struct net *net, struct diag *diag)
{
	struct settling s = {.net = net, .diag = diag};

	if (net->n_acls)
		qsort(net->acls, net->n_acls, sizeof *net->acls, by_name);
	s.names = arena_new_array(net->arena, const char *, net->n_groups + net->n_networks);
	for (size_t i = 0; i < net->n_groups; i++)
		s.names[s.n_names++] = net->groups[i].name;
	for (size_t i = 0; i < net->n_networks; i++)
		s.names[s.n_names++] = net->networks[i].name;
	for (size_t i = 0; i < net->n_acls; i++) {
		struct net_acl *acl = &net->acls[i];

		s.acl = acl;
		for (size_t k = 0; k < acl->n_rules; k++) {
			struct net_rule *rule = &acl->rules[k];

			settle_end(&s, &rule->from);
			settle_end(&s, &rule->to);
			rule->text = rule_text(net->arena, rule);
		}
		if (acl->n_rules <= ACL_MAX_RULES)
			rules_number(acl);
	}
	resolve_all(net, diag);
	zones_settle(net, diag);
	snats_settle(net, diag);
	acls_check(net, diag);
	if (!diag_n_errors(diag))
		classes_settle(net, diag);
}
