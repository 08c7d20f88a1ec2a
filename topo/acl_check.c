/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that cannot be, rules that can never match, and lists that fall off
 * their end.
 *
 * A rule never matches when one rule before it matches whatever it matches. Two
 * rules that only together hide a third are not found. */
#include <string.h>

#include "topo/acl_private.h"

enum {
	/* Pairs are compared one by one; a file beyond these is checked no further. */
	MAX_PAIRS = 4000000,
	MAX_PREFIXES = 200000,          /* looked up, in all */
};

struct checking {
	const struct net *net;
	struct diag *diag;
	size_t n_pairs, n_prefixes;
};

/* --- sides ---------------------------------------------------------------------------- */

static bool is_within(const struct net *net, const struct net_end *end, uint32_t group)
{
	for (size_t i = 0; i < end->n_groups; i++) {
		const struct net_group *outer = &net->groups[end->groups[i]];

		for (size_t k = 0; k < outer->n_within; k++)
			if (outer->within[k] == group)
				return true;
	}
	return false;
}

static bool holds_prefix(struct checking *c, const struct net_end *end, const struct net_prefix *prefix)
{
	if (prefixes_cover(end->prefixes, end->n_prefixes, prefix))
		return true;
	for (size_t i = 0; i < end->n_groups; i++) {
		const struct net_group *group = &c->net->groups[end->groups[i]];

		if (prefixes_cover(group->prefixes, group->n_prefixes, prefix))
			return true;
	}
	return false;
}

static bool holds_prefixes(struct checking *c, const struct net_end *end, const struct net_prefix *prefixes,
			   size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c->n_prefixes++ > MAX_PREFIXES || !holds_prefix(c, end, &prefixes[i]))
			return false;
	return true;
}

static bool holds_mac(const struct net_end *end, const struct net_mac_mask *mac)
{
	for (size_t i = 0; i < end->n_macs; i++)
		if (mac_covers(&end->macs[i], mac))
			return true;
	return false;
}

static bool end_covers(struct checking *c, const struct net_end *a, const struct net_end *b)
{
	if (a->is_any)
		return true;
	if (b->is_any)
		return false;
	for (size_t i = 0; i < b->n_macs; i++)
		if (!holds_mac(a, &b->macs[i]))
			return false;
	for (size_t i = 0; i < b->n_groups; i++) {
		const struct net_group *group = &c->net->groups[b->groups[i]];

		if (!is_within(c->net, a, b->groups[i]) && !holds_prefixes(c, a, group->prefixes, group->n_prefixes))
			return false;
	}
	return holds_prefixes(c, a, b->prefixes, b->n_prefixes);
}

/* --- rules ---------------------------------------------------------------------------- */

static bool protocol_covers(const struct net_rule *ra, const struct net_rule *rb)
{
	const struct net_protocol *a = &ra->protocol, *b = &rb->protocol;
	/* A udp rule that judges DHCP matches more than udp rules that do not. */
	bool is_dhcp_safe = !rb->judges_dhcp || ra->judges_dhcp;

	switch (a->kind) {
	case PROTOCOL_ANY:
		return !rb->judges_dhcp && b->kind != PROTOCOL_ARP && b->kind != PROTOCOL_ND;
	case PROTOCOL_ARP:
	case PROTOCOL_ND:
	case PROTOCOL_DHCP:
		return a->kind == b->kind;
	case PROTOCOL_IP:
		return a->kind == b->kind && a->number == b->number && (a->is_v4 || !b->is_v4)
			&& (a->is_v6 || !b->is_v6) && is_dhcp_safe;
	case PROTOCOL_ETHERTYPE:
		return (a->kind == b->kind && a->number == b->number)
			|| (b->kind == PROTOCOL_IP && is_dhcp_safe && a->is_v4 != a->is_v6
			    && a->is_v4 == b->is_v4 && a->is_v6 == b->is_v6);
	}
	return false;
}

/* A rule that translates is about the families of its addresses only. */
static bool leaves_family(const struct net_rule *rule, bool is_v6)
{
	return rule->snat.text && !rule->snat.of[is_v6];
}

static bool families_cover(const struct net_rule *a, const struct net_rule *b)
{
	const struct net_protocol *p = &b->protocol;
	bool is_v4 = p->kind == PROTOCOL_ANY || p->is_v4, is_v6 = p->kind == PROTOCOL_ANY || p->is_v6;

	return !(is_v4 && leaves_family(a, false) && !leaves_family(b, false))
		&& !(is_v6 && leaves_family(a, true) && !leaves_family(b, true));
}

static bool covers(struct checking *c, const struct net_rule *a, const struct net_rule *b)
{
	return protocol_covers(a, b) && families_cover(a, b) && (a->dscp == NET_NONE || a->dscp == b->dscp)
		&& ports_cover(&a->port, &b->port) && ports_cover(&a->sport, &b->sport)
		&& end_covers(c, &a->from, &b->from) && end_covers(c, &a->to, &b->to);
}

static void check_hidden(struct checking *c, const struct net_acl *acl)
{
	for (size_t i = 1; i < acl->n_rules; i++) {
		for (size_t k = 0; k < i && c->n_pairs++ < MAX_PAIRS; k++) {
			if (!covers(c, &acl->rules[k], &acl->rules[i]))
				continue;
			diag_add(c->diag, acl->rules[i].where, DIAG_UNREACHABLE,
				 "rule \"%s\" of acl \"%s\" never matches: \"%s\" at line %u comes first",
				 acl->rules[i].text, acl->name, acl->rules[k].text, acl->rules[k].where.line);
			break;
		}
	}
}

/* Which families the side leaves; a MAC or any leaves both. */
static void families_of(const struct net *net, const struct net_end *end, bool *is_v4, bool *is_v6)
{
	*is_v4 = *is_v6 = end->is_any || end->n_macs;
	for (size_t i = 0; i < end->n_prefixes; i++) {
		*is_v4 |= !end->prefixes[i].is_v6;
		*is_v6 |= end->prefixes[i].is_v6;
	}
	for (size_t i = 0; i < end->n_groups; i++) {
		const struct net_group *group = &net->groups[end->groups[i]];

		/* Sorted: IPv4 first. */
		*is_v4 |= group->n_prefixes && !group->prefixes[0].is_v6;
		*is_v6 |= group->n_prefixes && group->prefixes[group->n_prefixes - 1].is_v6;
	}
}

static bool has_addresses(const struct net_end *end)
{
	return end->n_prefixes || end->n_groups;
}

static bool is_ip(const struct net_protocol *p)
{
	return p->kind != PROTOCOL_ARP && (p->kind != PROTOCOL_ETHERTYPE || p->is_v4 || p->is_v6);
}

static void check_families(struct checking *c, const struct net_acl *acl, const struct net_rule *rule)
{
	const struct net_protocol *p = &rule->protocol;
	bool any = p->kind == PROTOCOL_ANY, from4, from6, to4, to6;

	families_of(c->net, &rule->from, &from4, &from6);
	families_of(c->net, &rule->to, &to4, &to6);
	if (rule->snat.text) {
		from4 &= rule->snat.of[0] != NULL;
		from6 &= rule->snat.of[1] != NULL;
	}
	if (!is_ip(p)) {
		if (has_addresses(&rule->from) || has_addresses(&rule->to))
			diag_add(c->diag, rule->where, DIAG_RULE,
				 "rule \"%s\" of acl \"%s\" names IP addresses, and %s has none: use MAC addresses",
				 rule->text, acl->name, p->text);
		return;
	}
	if (!((any || p->is_v4) && from4 && to4) && !((any || p->is_v6) && from6 && to6))
		diag_add(c->diag, rule->where, DIAG_UNREACHABLE,
			 "rule \"%s\" of acl \"%s\" never matches: no IPv4 and no IPv6 address fits all of it",
			 rule->text, acl->name);
}

static bool is_end(const struct net_rule *rule)
{
	return rule->protocol.kind == PROTOCOL_ANY && rule->from.is_any && rule->to.is_any
		&& rule->dscp == NET_NONE;
}

static void check_end(struct checking *c, const struct net_acl *acl)
{
	if (acl->n_rules && is_end(&acl->rules[acl->n_rules - 1]))
		return;
	diag_add(c->diag, acl->where, DIAG_FALLS_OFF,
		 "acl \"%s\" falls off its end, where everything is denied; say so in a last rule {deny: any}, or "
		 "write {allow: any}", acl->name);
}

void acls_check(const struct net *net, struct diag *diag)
{
	struct checking c = {.net = net, .diag = diag};

	for (size_t i = 0; i < net->n_acls && !diag_n_errors(diag); i++) {
		for (size_t k = 0; k < net->acls[i].n_rules; k++)
			check_families(&c, &net->acls[i], &net->acls[i].rules[k]);
		check_hidden(&c, &net->acls[i]);
		check_end(&c, &net->acls[i]);
	}
}
