/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the rows of rules: shared by acl_list.c (lists), acl_rule.c (one
 * rule) and acl_atom.c (values of one side). */
#ifndef APPS_ACL_RULE_H
#define APPS_ACL_RULE_H

#include "apps/acl.h"

/* One value of from or to. */
struct atom {
	enum { ATOM_ANY, ATOM_CLASS, ATOM_PREFIX, ATOM_MAC } kind;
	const struct net_class *class;
	const struct net_prefix *prefix;
	const struct net_mac_mask *mac;
};

/* A kind of frame that the protocol stands for. */
struct variant { uint16_t eth_type; bool has_proto; uint8_t proto; };

struct rule_rows {
	const struct scene *scene;
	struct out *out;
	const struct view_switch *vs;
	const struct stage *stage;
	const struct net_acl *acl;
	const struct net_rule *rule;
	uint64_t object;                /* of the rule: cookies */
	enum need need;                 /* NEED_NOT: the rows for all else */
	uint16_t priority;
	uint32_t conjunction;           /* its id */
	struct variant variants[2];
	size_t n_variants;
};

/* The values of one side, one after the other. */
struct atoms {
	const struct net_end *end;
	const struct net_classes *classes;
	size_t class, prefix, mac;
	bool was_any;
};

struct atoms atoms_of(const struct rule_rows *, enum acl_side);
bool atoms_next(struct atoms *, struct atom *ret);
/* The ethertype that the value stands for, or 0. */
uint16_t atom_type(const struct atom *);
/* eth_type is matched by the caller. */
void match_atom(struct build *, enum acl_side, const struct atom *);

/* How many there are, whether two may match one frame, of which families. */
struct measure { size_t n; bool overlaps, is_v4, is_v6; };
struct measure atoms_measure(const struct rule_rows *, enum acl_side);

/* The rows of r->rule for r->need. */
void acl_rule_rows(struct rule_rows *);
/* Ends the row being built with what the verdict does there. */
void acl_put_verdict(struct out *, const struct view_switch *, const struct stage *, const struct net_acl *,
		 enum net_verdict, bool log);

#endif
