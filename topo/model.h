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
extern const struct section underlays_section;
extern const struct section addresses_section;          /* `vteps` of a switch */
extern const struct section te_section;
extern const struct section groups_section;
extern const struct section acls_section;
extern const struct section storm_section;

/* The keys acl and acl_out of switches, networks and ports: a list by name. */
extern const struct section_type section_acl;

/* An entry of `links`: a cable, or a tunnel. */
struct link_entry {
	struct net_link link;           /* a tunnel: without ports at its ends */
	const char *underlay_name;
	struct net_uplink bfd[2];
	bool is_tunnel, is_bad;         /* is_bad: there is a finding, and it is neither */
};
void links_split(struct net *, const struct link_entry *, size_t n);

/* Sorted, and the VTEPs of switches found in them; the first of all steps. */
void underlays_settle(struct net *, struct diag *);
uint32_t underlay_by_name(const struct net *, const char *name);
void underlay_report_unknown(const struct net *, struct where, const char *who, const char *name, struct diag *);
/* The switch's VTEP in the underlay, NET_NONE = any; or NET_NONE. */
uint32_t vtep_in(const struct net_switch *, uint32_t underlay);
/* Sorted by name, with their ends. After vteps_settle(). */
void tunnels_settle(struct net *, struct diag *);
/* Does traffic go by tunnels that the file names or means? */
static inline bool has_tunnel_edges(const struct net *net) { return net->n_tunnels || net->n_underlays; }

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
/* Where traffic can be steered, and how; after tunnels_settle(). te_finish(): when there are
 * no errors, after net_name_objects(). */
void te_settle(struct net *, struct diag *);
void te_finish(struct net *);
void te_defaults(const struct section_scene *, struct net_te *);
bool te_edge_is_avoided(const struct net *, const struct net_te_pair *avoid, uint32_t edge);
void te_wishes_settle(struct net *, struct diag *);
/* Is it a pin of the file? Else it is an avoid. */
bool te_is_pin(const struct net *, const struct net_te_pair *);
/* Do links of the file lead from one to the other? */
bool te_are_joined(const struct net *, uint32_t a, uint32_t b);
/* A pin whose traffic would pass a switch twice on its way from one that it names over the next to the one after that. */
struct te_loop {
	uint32_t from, over, to;
	uint32_t twice;                 /* the switch; NET_NONE: one of those that it names for another time */
};
/* Have these wishes, at least one and all of the same traffic, a way in common over links of the file? A pin
 * stands first. loop may be null. */
bool te_has_way(const struct net *, const struct net_te_pair *const *wishes, size_t n, struct te_loop *ret_loop);
/* Wishes that are well each by itself: what contradicts what; what does nothing all the same. */
void te_clashes_check(struct net *, const struct net_te_pair *const *all, size_t n, struct diag *);
void te_asides_check(struct net *, const struct net_te_pair *const *each_of_other_traffic, size_t n, struct diag *);
/* Does placement find a way that suits what is asked for all traffic of the pair, with all links alive but those to be drained? */
bool te_has_suitable(struct net *, uint32_t from, uint32_t to);
void te_guarantees_settle(struct net *, struct diag *);
/* Has the network ports on that switch, or may it have? After ports_check(). */
bool model_is_in(const struct net *, const struct net_network *, const struct net_switch *);
void te_print(const struct net *, FILE *);
void underlays_print(const struct net *, FILE *);
void links_print(const struct net *, FILE *);
void net_print_word(const char *text, FILE *);
void net_print_port(const char *sw, const char *port, FILE *);
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

/* Ports that take copies; after ports_check(). */
extern const struct section_type section_mirror;        /* struct net_mirror_to */
/* A value switch:port, either side maybe a glob; in the arena. False after a finding. */
bool section_switch_port(const struct section_scene *, const struct section_at *, const struct section_key *,
			 const struct yaml_node *, const char **ret_switch, const char **ret_port);
void mirrors_settle(struct net *, struct diag *);

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
extern const struct section_type section_slaac;         /* struct net_slaac */
void slaac_settle(const struct net_network *, struct diag *);
void slaac_print(const struct net_network *, FILE *);

/* Globs that hide each other, or match nothing; switches without use. */
void globs_check(const struct net *, struct diag *);

/* Objects and network ids, when there are no errors; clashes are findings. */
void net_name_objects(struct net *, struct diag *);

/* What look-ups go by, when there are no errors. */
void net_index_build(struct net *);

/* For net_print.c: groups and acls; text in quotes. */
void acls_print(const struct net *, FILE *);
void net_print_quoted(const char *text, FILE *);
/* storm.c */
void storm_print(const struct net_storm *, FILE *);      /* "{broadcast: 1000pps}" */
bool storm_is_said(const struct net_storm *);

/* Both globs match some common text; a matches whatever b matches. */
bool net_globs_meet(const char *a, const char *b);
bool net_glob_covers(const char *a, const char *b);

#endif
