/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of groups to classes: the tables acl_from and acl_to. The longest
 * prefix counts, so its length is in the priority. */
#include <stdlib.h>

#include "apps/acl_impl.h"
#include "topo/arena.h"

enum { ETH_IPV4 = 0x0800, ETH_IPV6 = 0x86dd };

static void mark_groups(const struct net_acl *acl, enum acl_side side, bool *groups)
{
	for (size_t i = 0; i < acl->n_rules; i++) {
		const struct net_end *end = side == SIDE_FROM ? &acl->rules[i].from : &acl->rules[i].to;
		for (size_t g = 0; g < end->n_groups; g++)
			groups[end->groups[g]] = true;
	}
}

static void class_row(const struct compiling *c, enum acl_side side, const struct net_class_prefix *at)
{
	const struct net_class *class = &c->scene->net->sides[side].classes[at->class];
	const struct app_row *row = &acl_rows[side == SIDE_FROM ? ROW_FROM : ROW_TO];
	struct build *b = c->out->build;
	build_flow(b, row->table, (uint16_t) (row->priority + at->prefix.len),
		   out_cookie(c->out, object_of(c, c->scene->net->groups[class->groups[0]].object)));
	match_u(b, FIELD_ETH_TYPE, at->prefix.is_v6 ? ETH_IPV6 : ETH_IPV4);
	acl_match_prefix(b, side, &at->prefix);
	act_set_u(b, side == SIDE_FROM ? FIELD_FROM : FIELD_TO, class->id);
	go(c, side == SIDE_FROM ? TABLE_ACL_TO : TABLE_ACL_PORT);
}

/* Only what the lists that stand on this switch ask for. */
void acl_group_rows(const struct compiling *c, enum acl_side side)
{
	const struct net *net = c->scene->net;
	bool *groups = xheap_alloc(net->n_groups), *wanted = xheap_alloc(net->sides[side].n_classes);
	for (int d = 0; d < N_DIRECTIONS; d++)
		for (int p = 0; p < N_PLACES; p++)
			for (size_t i = 0; i < net->n_acls; i++)
				if (c->used[d][p][i])
					mark_groups(&net->acls[i], side, groups);
	for (size_t i = 0; i < net->sides[side].n_classes; i++)
		for (size_t g = 0; g < net->sides[side].classes[i].n_groups; g++)
			wanted[i] |= groups[net->sides[side].classes[i].groups[g]];
	for (size_t i = 0; i < net->sides[side].n_prefixes; i++)
		if (wanted[net->sides[side].prefixes[i].class])
			class_row(c, side, &net->sides[side].prefixes[i]);
	free(groups);
	free(wanted);
}
