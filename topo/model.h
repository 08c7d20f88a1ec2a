/* SPDX-License-Identifier: Apache-2.0 */
/* From parsed sections to the model: the steps of net_parse, in this order.
 * Private to topo/{net,switches,networks,vteps,overlay,ports,net_*}.c.
 *
 * The steps run on a file with findings too, so that one run shows them all:
 * a name or port that could not be read is null, a number 0. */
#ifndef TOPO_MODEL_H
#define TOPO_MODEL_H

#include "topo/net.h"
#include "topo/section.h"

extern const struct section switches_section;
extern const struct section networks_section;
extern const struct section vteps_section;
extern const struct section ports_section;
extern const struct section uplinks_section;
extern const struct section physical_section;
extern const struct section links_section;
extern const struct section_type section_uplink_port;  /* struct net_uplink: switch and port */
extern const struct section groups_section;
extern const struct section acls_section;

/* The keys acl and acl_out of switches, networks and ports: a list by name. */
extern const struct section_type section_acl;

/* Sorted by name; duplicate datapath ids, vteps and vnis are found. */
void switches_settle(struct net *, struct diag *);
void networks_settle(struct net *, struct diag *);

/* What travels by VXLAN, and under which vni; members that no tunnel reaches. */
void overlays_settle(struct net *, struct diag *);
/* What fits into the tunnels; hosts for which that is too small are findings. */
void mtus_settle(struct net *, struct diag *);
/* The range of an `underlay_mtu`: room for the least MTU of IPv6 in a tunnel. */
enum { MODEL_MIN_UNDERLAY_MTU = NET_MIN_MTU + 70, MODEL_MAX_MTU = 65535 };
/* Peer registers of all switches with a vtep; clashes are findings. */
void vteps_settle(struct net *, struct diag *);

/* Sorted by name, each with its ends in order; tags on them. After
 * networks_settle() and ports_check(). */
void links_settle(struct net *, struct diag *);
/* The address as bytes and as a peer register; peer stays 0 when it is none. */
void vtep_read(struct net_switch *);
/* Has the network ports on a switch with a vtep of that family? */
bool overlay_reaches(const struct net *, const struct net_network *, bool is_v6);
/* VTEPs that are no switches of ours: their addresses, networks and hosts. */
void foreign_settle(struct net *, struct diag *);
/* What groups hold. What rules mean, who uses which list; needs networks sorted. */
void groups_settle(struct net *, struct diag *);
void acls_settle(struct net *, struct diag *);

/* Who stands where: undeclared switches, one port twice, tags that clash.
 * Fills net_uplink.sw. */
void ports_check(struct net *, struct diag *);

/* The addresses of port entries. */
extern const struct section_type section_mac;           /* struct net_mac */
extern const struct section_type section_ips;           /* struct net_addresses */
void port_addresses_check(const struct section_scene *, const struct section_at *,
			  const struct yaml_node *map, const struct net_port *);
void port_addresses_settle(struct net *, const struct net_network *, struct diag *);

/* guard.c: words of `guard`, `trust` and `on_limit`; what goes with what. */
extern const struct section_type section_guards;       /* uint32_t, bits of enum net_guard */
extern const char *const guard_words[], *const guard_limits[];
void guard_check(const struct section_scene *, const struct section_at *, const struct yaml_node *map,
		 const struct net_port *);
void guards_settle(struct net *, struct diag *);
void guard_print(const struct net_port *, FILE *);

/* Globs that hide each other, or match nothing; switches without use. */
void globs_check(const struct net *, struct diag *);

/* Objects and network ids, when there are no errors; clashes are findings. */
void net_name_objects(struct net *, struct diag *);

/* The index of net_lookup.c, when there are no errors. */
void net_index_build(struct net *);

/* For net_print.c: groups and acls; text in quotes. */
void acls_print(const struct net *, FILE *);
void net_print_quoted(const char *text, FILE *);

/* Both globs match some common text; a matches whatever b matches. */
bool net_globs_meet(const char *a, const char *b);
bool net_glob_covers(const char *a, const char *b);

#endif
