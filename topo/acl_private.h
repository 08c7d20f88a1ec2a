/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the language of rules: shared by topo/acl*.c and group.c. */
#ifndef TOPO_ACL_PRIVATE_H
#define TOPO_ACL_PRIVATE_H

#include "topo/member.h"
#include "topo/model.h"

/* acl_ports.c: struct net_ports */
bool ports_parse(const struct section_scene *, const struct section_at *, const struct section_key *,
		 const struct yaml_node *, void *member);
void ports_schema(const struct section_key *, FILE *);
/* Every value of b is one of a. */
bool ports_cover(const struct net_ports *a, const struct net_ports *b);

/* group.c */
uint32_t group_by_name(const struct net *, const char *name);

/* acl_order.c: numbers the rules so that an edit renumbers few. */
void rules_number(struct net_acl *);

/* acl_class.c: classes of both sides. */
void classes_settle(struct net *, struct diag *);

/* acl_snat.c: which rules may translate; lists of translations where none can be; the networks'. */
void snat_check_rule(const struct section_scene *, const struct section_at *, const struct yaml_node *map,
		     struct net_rule *);
void snats_settle(struct net *, struct diag *);

/* acl_check.c: rules that can never match, lists that fall off their end. */
void acls_check(const struct net *, struct diag *);

#endif
