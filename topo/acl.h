/* SPDX-License-Identifier: Apache-2.0 */
/* acl: who may speak to whom, as the file says it. Groups are sets of addresses
 * with a name; a list is an ordered run of rules, the first that matches counts.
 *
 * Addresses of groups become classes: a class is the set of groups that hold an
 * address, so that a switch looks an address up once and a rule asks for a few
 * classes instead of a thousand addresses. Part of the model, see net.h. */
#ifndef TOPO_ACL_H
#define TOPO_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "topo/diag.h"

enum {
	ACL_MAX_RULES = 10000,          /* of one list */
	ACL_MAX_LABEL = 28000,          /* see acl_order.c */
	ACL_MAX_ZONE = 65535,
};

struct net_address {
	const char *text;
	bool is_v6;
	uint8_t bytes[16];              /* network order; IPv4: the first four, then zero */
	struct where where;
};

struct net_addresses {
	struct net_address *items;
	size_t n;
};

struct net_prefix {
	bool is_v6;
	uint8_t len;                    /* bits */
	uint8_t bytes[16];              /* network order, host bits 0; IPv4: the first four */
};

struct net_mac_mask {
	uint8_t value[6], mask[6];
};

/* What is written in a `members`, `from` or `to`. */
enum member_kind { MEMBER_ANY, MEMBER_PREFIX, MEMBER_MAC, MEMBER_NAME };
struct net_member {
	enum member_kind kind;
	const char *text;               /* in its usual form */
	struct net_prefix prefix;
	struct net_mac_mask mac;
	struct where where;
};
struct net_members {
	struct net_member *items;
	size_t n;
};

struct net_group {
	const char *name;
	struct net_members members;     /* as written */
	const char *description;        /* null = none */
	struct net_prefix *prefixes;    /* all of them, of nested groups too; sorted, none inside another */
	size_t n_prefixes;
	struct net_mac_mask *macs;
	size_t n_macs;
	uint32_t *within;               /* itself and the groups in it: indices, sorted */
	size_t n_within;
	uint32_t object;
	struct where where;
};

/* One side of a rule. */
struct net_end {
	struct net_members members;     /* as written; n = 0: any */
	bool is_any;
	uint32_t *groups;               /* indices, sorted */
	size_t n_groups;
	struct net_prefix *prefixes;    /* written in the rule itself; sorted, none inside another */
	size_t n_prefixes;
	struct net_mac_mask *macs;           /* of the rule itself and of its groups */
	size_t n_macs;
};

/* Values with (p & mask) == value; disjoint unless somebody wrote masks. */
struct net_bits { uint16_t value, mask; };
struct net_ports {
	const char *text;               /* "22", "80,443", "1000-2000"; null = all */
	struct net_bits *bits;
	size_t n_bits;
	bool overlaps;                  /* two of them share a value */
	bool names_dhcp;                /* 67, 68, 546 or 547 stands there by itself */
};

enum net_verdict { NET_NO_VERDICT, NET_ALLOW, NET_DENY, NET_REJECT };

/* The first word of a rule. ARP, ND and DHCP are what hosts need before they
 * can speak at all: only rules that name them judge them. */
enum net_protocol_kind {
	PROTOCOL_ANY,                   /* every frame but ARP, ND, DHCP */
	PROTOCOL_ARP, PROTOCOL_ND, PROTOCOL_DHCP,
	PROTOCOL_IP,                    /* number; is_v4, is_v6: of which family */
	PROTOCOL_ETHERTYPE,
};
struct net_protocol {
	enum net_protocol_kind kind;
	const char *text;               /* "tcp", "47", "0x88b5" */
	uint16_t number;
	bool is_v4, is_v6;
};

/* The source that connections get: one address of a family. */
struct net_snat {
	struct net_addresses written;   /* n = 0: no `snat` */
	const char *text;               /* "192.0.2.250,2001:db8::250"; null = no `snat` */
	uint32_t id;                    /* hash of the text, highest bit set: register and labels of connections */
	const struct net_address *of[2];        /* [is_v6]; null = none of that family */
};

struct net_rule {
	struct net_protocol allow, deny, reject;        /* as written: one of them has a text */
	enum net_verdict verdict;
	struct net_protocol protocol;
	struct net_end from, to;
	struct net_ports port, sport;
	uint32_t dscp;                  /* NET_NONE = all */
	bool log;
	const char *name;               /* as written, or null */
	const char *text;               /* the rule in one line, without its name */
	uint16_t label;                 /* 1..ACL_MAX_LABEL, falls from rule to rule */
	bool judges_dhcp;               /* by its word or its ports */
	uint32_t object;
	struct where where;
	struct net_snat snat;
};

enum net_acl_mode { ACL_ENFORCE = 1, ACL_AUDIT };
enum net_established { ACL_JUDGE = 1, ACL_KEEP };

struct net_acl {
	const char *name;
	uint32_t id;                    /* hash of the name, unique, never 0: the list registers */
	enum net_acl_mode mode;
	enum net_established established;
	bool stateful;
	struct net_rule *rules;
	size_t n_rules;
	const char *description;        /* null = none */
	bool is_used;
	uint32_t object, end_object;
	struct where where;
};

/* A prefix of some group that a rule names on one side, and the class of the
 * addresses in it that are in no longer prefix. */
struct net_class_prefix {
	struct net_prefix prefix;
	uint32_t class;                 /* index */
};
struct net_class {
	uint32_t id;                    /* hash of the names of its groups, unique, never 0 */
	uint32_t *groups;               /* indices, sorted */
	size_t n_groups;
	bool is_v4, is_v6;              /* some prefix of that family is in it */
};
struct net_classes {
	struct net_class *classes;
	size_t n_classes;
	struct net_class_prefix *prefixes;
	size_t n_prefixes;
};
enum acl_side { SIDE_FROM, SIDE_TO, N_SIDES };

/* The same on a switch, a network or a port entry. */
enum acl_direction { ACL_IN, ACL_OUT, N_DIRECTIONS };
struct net_acl_ref {
	const char *name;               /* as written; null = none */
	uint32_t acl;                   /* index, NET_NONE = none */
	struct where where;             /* of the name */
};
struct net_acl_use {
	struct net_acl_ref at[N_DIRECTIONS];
};

bool prefix_covers(const struct net_prefix *a, const struct net_prefix *b);
bool mac_covers(const struct net_mac_mask *a, const struct net_mac_mask *b);
/* Is the class one that this side asks for? */
bool end_has_class(const struct net_end *, const struct net_class *);
const char *verdict_word(enum net_verdict);

#endif
