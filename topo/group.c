/* SPDX-License-Identifier: Apache-2.0 */
/* The section `groups`: addresses with a name. Groups may stand in groups; what
 * a group holds in the end is worked out once, the innermost first. */
#include <stdlib.h>
#include <string.h>

#include "topo/acl_private.h"

enum {
	MAX_HELD = 1000000,             /* prefixes and MACs of all groups together */
	MAX_NESTED = 32,                /* groups in groups in groups ... */
};

static const struct section_key keys[] = {
	{
		.name = "members",
		.type = &section_members,
		.offset = offsetof(struct net_group, members),
		.otherwise = "none",
		.help = "IPv4 and IPv6 addresses, prefixes, MAC addresses (with a mask: "
			"`\"52:54:00:00:00:00/ff:ff:ff:00:00:00\"`) and names of other groups.",
	}, {
		.name = "description",
		.type = &section_text,
		.offset = offsetof(struct net_group, description),
		.otherwise = "none",
		.help = "A text for people.",
	},
};

const struct section groups_section = {
	.name = "group",
	.help = "Addresses with a name, for `from` and `to` of rules: a list, or a map.",
	.example = "groups:\n"
		   "  web: [192.168.20.10, 192.168.20.11]\n"
		   "  admins: [192.168.20.128/27, \"52:54:00:aa:00:20\"]\n"
		   "  trusted: [web, admins]\n",
	.size = sizeof(struct net_group),
	.name_offset = offsetof(struct net_group, name),
	.where_offset = offsetof(struct net_group, where),
	.keys = keys,
	.n_keys = sizeof keys / sizeof *keys,
	.short_key = "members",
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct net_group *) a)->name, ((const struct net_group *) b)->name);
}

uint32_t group_by_name(const struct net *net, const char *name)
{
	const struct net_group key = {.name = name};
	const struct net_group *found = net->n_groups
		? bsearch(&key, net->groups, net->n_groups, sizeof *net->groups, by_name) : NULL;

	return found ? (uint32_t) (found - net->groups) : NET_NONE;
}

/* --- what a group holds -------------------------------------------------------------- */

enum state { NEW, OPEN, DONE };

struct holding {
	struct net *net;
	struct diag *diag;
	enum state *states;             /* of the groups */
	bool *seen;                     /* scratch */
	size_t n_held;
	unsigned depth;
};

static void complain_name(struct holding *h, const struct net_group *group, const struct net_member *member)
{
	const char **names = arena_new_array(h->net->arena, const char *, h->net->n_groups);

	for (size_t i = 0; i < h->net->n_groups; i++)
		names[i] = h->net->groups[i].name;
	const char *meant = diag_did_you_mean(member->text, names, h->net->n_groups);
	diag_add(h->diag, member->where, DIAG_UNKNOWN_NAME, "group \"%s\" holds \"%s\", which is no group%s%s%s",
		 group->name, member->text, meant ? "; did you mean \"" : "", meant ? meant : "",
		 meant ? "\"?" : "");
}

static void hold(struct holding *, uint32_t index);

/* The nested ones first; they say how much room is needed. */
static void hold_nested(struct holding *h, struct net_group *group, size_t *n_prefixes, size_t *n_macs)
{
	for (size_t i = 0; i < group->members.n; i++) {
		const struct net_member *member = &group->members.items[i];

		*n_prefixes += member->kind == MEMBER_PREFIX;
		*n_macs += member->kind == MEMBER_MAC;
		if (member->kind == MEMBER_ANY)
			diag_add(h->diag, member->where, DIAG_RULE,
				 "group \"%s\" holds any; a rule without from or to means any", group->name);
		if (member->kind != MEMBER_NAME)
			continue;
		uint32_t inner = group_by_name(h->net, member->text);
		if (inner == NET_NONE) {
			complain_name(h, group, member);
		} else if (h->states[inner] == OPEN) {
			diag_add(h->diag, member->where, DIAG_GROUP_CYCLE,
				 "group \"%s\" holds group \"%s\", which holds it in turn", group->name,
				 member->text);
		} else if (h->depth == MAX_NESTED) {
			diag_add(h->diag, member->where, DIAG_TOO_LARGE,
				 "group \"%s\" is more than %d groups deep", group->name, MAX_NESTED);
		} else {
			hold(h, inner);
			*n_prefixes += h->net->groups[inner].n_prefixes;
			*n_macs += h->net->groups[inner].n_macs;
		}
	}
}

static void take_inner(struct net_group *group, const struct net_group *inner, bool *seen)
{
	memcpy(group->prefixes + group->n_prefixes, inner->prefixes, inner->n_prefixes * sizeof *inner->prefixes);
	group->n_prefixes += inner->n_prefixes;
	memcpy(group->macs + group->n_macs, inner->macs, inner->n_macs * sizeof *inner->macs);
	group->n_macs += inner->n_macs;
	for (size_t i = 0; i < inner->n_within; i++)
		seen[inner->within[i]] = true;
}

static void list_within(struct net *net, struct net_group *group, bool *seen)
{
	for (size_t i = 0; i < net->n_groups; i++)
		group->n_within += seen[i];
	group->within = arena_new_array(net->arena, uint32_t, group->n_within);
	for (uint32_t i = 0, n = 0; i < net->n_groups; i++)
		if (seen[i])
			group->within[n++] = i;
}

static void hold(struct holding *h, uint32_t index)
{
	struct net_group *group = &h->net->groups[index];
	size_t n_prefixes = 0, n_macs = 0;

	if (h->states[index] != NEW)
		return;
	h->states[index] = OPEN;
	h->depth++;
	hold_nested(h, group, &n_prefixes, &n_macs);
	h->depth--;
	h->n_held += n_prefixes + n_macs;
	if (h->n_held > MAX_HELD)
		n_prefixes = n_macs = 0;
	group->prefixes = arena_new_array(h->net->arena, struct net_prefix, n_prefixes);
	group->macs = arena_new_array(h->net->arena, struct net_mac_mask, n_macs);
	memset(h->seen, 0, h->net->n_groups * sizeof *h->seen);
	h->seen[index] = true;
	for (size_t i = 0; i < group->members.n && n_prefixes + n_macs; i++) {
		const struct net_member *member = &group->members.items[i];
		uint32_t inner = member->kind == MEMBER_NAME ? group_by_name(h->net, member->text) : NET_NONE;

		if (member->kind == MEMBER_PREFIX)
			group->prefixes[group->n_prefixes++] = member->prefix;
		else if (member->kind == MEMBER_MAC)
			group->macs[group->n_macs++] = member->mac;
		else if (inner != NET_NONE && h->states[inner] == DONE)
			take_inner(group, &h->net->groups[inner], h->seen);
	}
	group->n_prefixes = prefixes_settle(group->prefixes, group->n_prefixes);
	group->n_macs = macs_settle(group->macs, group->n_macs);
	list_within(h->net, group, h->seen);
	h->states[index] = DONE;
}

void groups_settle(struct net *net, struct diag *diag)
{
	struct holding h = {
		.net = net, .diag = diag,
		.states = xheap_alloc(net->n_groups * sizeof *h.states),
		.seen = xheap_alloc(net->n_groups * sizeof *h.seen),
	};

	if (net->n_groups)
		qsort(net->groups, net->n_groups, sizeof *net->groups, by_name);
	if (net->n_groups > NET_MAX_GROUPS)
		diag_add(diag, net->groups[NET_MAX_GROUPS].where, DIAG_TOO_LARGE,
			 "there are %zu groups; the most is %d", net->n_groups, NET_MAX_GROUPS);
	for (uint32_t i = 0; i < net->n_groups && i < NET_MAX_GROUPS; i++) {
		const struct net_group *group = &net->groups[i];

		if (!member_is_name(group->name))
			diag_add(diag, group->where, DIAG_RULE,
				 "group \"%s\" cannot be named in a rule, where that is %s; give it another name", group->name,
				 strcmp(group->name, "any") ? "an address" : "everybody");
		hold(&h, i);
	}
	if (h.n_held > MAX_HELD)
		diag_add(diag, net->groups[0].where, DIAG_TOO_LARGE,
			 "the groups hold more than %d addresses, those in nested groups counted each time", MAX_HELD);
	free(h.states);
	free(h.seen);
}
