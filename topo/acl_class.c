/* SPDX-License-Identifier: Apache-2.0 */
/* Classes: for each side of rules, which groups hold which addresses.
 *
 * Prefixes nest or are disjoint, so all prefixes of the groups that rules name
 * form a tree. Sorted, a prefix follows the one it is in, and a stack of open
 * ones gives for each prefix the groups of everything around it: its class. The
 * longest prefix of an address then says all groups that hold the address.
 * What is written in a rule itself is no group and makes no class. */
#include <stdlib.h>
#include <string.h>

#include "topo/acl_private.h"

struct piece { struct net_prefix prefix; uint32_t group; };

enum { MAX_OPEN = 130 };                /* prefixes around one another, of one family */

struct open {
	struct net_prefix prefix;
	uint32_t *groups;               /* sorted; on the arena */
	size_t n_groups;
};

struct classing {
	struct net *net;
	struct diag *diag;
	struct net_classes *out;
	uint32_t *slots;                /* hash table of classes: 1 + index */
	size_t n_slots;
	struct open open[MAX_OPEN];
	size_t n_open;
};

static int by_prefix(const void *a_, const void *b_)
{
	const struct piece *a = a_, *b = b_;
	int order = prefix_compare(&a->prefix, &b->prefix);

	if (order)
		return order;
	return a->group < b->group ? -1 : a->group > b->group;
}

/* The groups that rules name on that side, each once. */
static bool *named_groups(const struct net *net, enum acl_side side)
{
	bool *named = xheap_alloc(net->n_groups * sizeof *named);

	for (size_t i = 0; i < net->n_acls; i++) {
		for (size_t k = 0; k < net->acls[i].n_rules; k++) {
			const struct net_rule *rule = &net->acls[i].rules[k];
			const struct net_end *end = side == SIDE_FROM ? &rule->from : &rule->to;

			for (size_t g = 0; g < end->n_groups; g++)
				named[end->groups[g]] = true;
		}
	}
	return named;
}

static struct piece *collect(const struct net *net, enum acl_side side, size_t *ret_n)
{
	bool *named = named_groups(net, side);
	size_t n = 0;

	for (size_t g = 0; g < net->n_groups; g++)
		n += named[g] ? net->groups[g].n_prefixes : 0;
	struct piece *pieces = xheap_alloc(n * sizeof *pieces);
	n = 0;
	for (uint32_t g = 0; g < net->n_groups; g++)
		for (size_t i = 0; named[g] && i < net->groups[g].n_prefixes; i++)
			pieces[n++] = (struct piece) {net->groups[g].prefixes[i], g};
	if (n)
		qsort(pieces, n, sizeof *pieces, by_prefix);
	free(named);
	*ret_n = n;
	return pieces;
}

static uint32_t id_of(const struct net *net, const uint32_t *groups, size_t n)
{
	uint64_t hash = 0;

	/* Names, not indices: another group may come and go. */
	for (size_t i = 0; i < n; i++) {
		const char *name = net->groups[groups[i]].name;
		uint64_t both[2] = {hash, net_hash(name, strlen(name))};

		hash = net_hash(both, sizeof both);
	}
	return (uint32_t) hash ? (uint32_t) hash : 1;
}

static bool is_class(const struct net_class *class, const uint32_t *groups, size_t n)
{
	return class->n_groups == n && !memcmp(class->groups, groups, n * sizeof *groups);
}

static void grow_slots(struct classing *c)
{
	free(c->slots);
	c->n_slots = c->n_slots ? 2 * c->n_slots : 64;
	c->slots = xheap_alloc(c->n_slots * sizeof *c->slots);
	for (uint32_t i = 0; i < c->out->n_classes; i++) {
		size_t slot = c->out->classes[i].id & (c->n_slots - 1);

		while (c->slots[slot])
			slot = (slot + 1) & (c->n_slots - 1);
		c->slots[slot] = i + 1;
	}
}

/* Finds or makes; `classes` has room for as many as there are prefixes. */
static uint32_t class_of(struct classing *c, uint32_t *groups, size_t n)
{
	uint32_t id = id_of(c->net, groups, n);

	if (2 * (c->out->n_classes + 1) > c->n_slots)
		grow_slots(c);
	size_t slot = id & (c->n_slots - 1);
	for (; c->slots[slot]; slot = (slot + 1) & (c->n_slots - 1)) {
		const struct net_class *class = &c->out->classes[c->slots[slot] - 1];

		if (class->id != id)
			continue;
		if (is_class(class, groups, n))
			return c->slots[slot] - 1;
		diag_add(c->diag, c->net->groups[groups[0]].where, DIAG_ID_CLASH,
			 "two sets of groups, one of them with \"%s\", have the same hash; rename that group",
			 c->net->groups[groups[0]].name);
	}
	c->slots[slot] = (uint32_t) c->out->n_classes + 1;
	c->out->classes[c->out->n_classes] = (struct net_class) {.id = id, .groups = groups, .n_groups = n};
	return (uint32_t) c->out->n_classes++;
}

/* The groups around, and these. */
static void open_prefix(struct classing *c, const struct piece *pieces, size_t n)
{
	while (c->n_open && !prefix_covers(&c->open[c->n_open - 1].prefix, &pieces->prefix))
		c->n_open--;
	const struct open *around = c->n_open ? &c->open[c->n_open - 1] : NULL;
	size_t n_around = around ? around->n_groups : 0, at = 0, k = 0, i = 0;
	struct open *open = &c->open[c->n_open++];
	uint32_t *groups = arena_new_array(c->net->arena, uint32_t, n_around + n);

	while (i < n_around || k < n) {
		uint32_t a = i < n_around ? around->groups[i] : UINT32_MAX, b = k < n ? pieces[k].group : UINT32_MAX;

		groups[at++] = a < b ? a : b;
		i += a <= b;
		k += b <= a;
	}
	*open = (struct open) {pieces->prefix, groups, at};
}

static void settle_side(struct net *net, enum acl_side side, struct diag *diag)
{
	struct net_classes *out = &net->sides[side];
	struct classing c = {.net = net, .diag = diag, .out = out};
	size_t n;
	struct piece *pieces = collect(net, side, &n);

	out->classes = arena_new_array(net->arena, struct net_class, n);
	out->prefixes = arena_new_array(net->arena, struct net_class_prefix, n);
	for (size_t i = 0, next; i < n; i = next) {
		for (next = i + 1; next < n && !prefix_compare(&pieces[i].prefix, &pieces[next].prefix);)
			next++;
		open_prefix(&c, &pieces[i], next - i);
		const struct open *open = &c.open[c.n_open - 1];
		uint32_t class = class_of(&c, open->groups, open->n_groups);

		out->prefixes[out->n_prefixes++] = (struct net_class_prefix) {open->prefix, class};
		out->classes[class].is_v4 |= !open->prefix.is_v6;
		out->classes[class].is_v6 |= open->prefix.is_v6;
	}
	free(c.slots);
	free(pieces);
}

void classes_settle(struct net *net, struct diag *diag)
{
	for (enum acl_side side = SIDE_FROM; side < N_SIDES; side++)
		settle_side(net, side, diag);
}

bool end_has_class(const struct net_end *end, const struct net_class *class)
{
	size_t i = 0, k = 0;

	while (i < end->n_groups && k < class->n_groups) {
		if (end->groups[i] == class->groups[k])
			return true;
		if (end->groups[i] < class->groups[k])
			i++;
		else
			k++;
	}
	return false;
}
