/* SPDX-License-Identifier: Apache-2.0 */
/* net: the file as a model. Immutable after net_load; everything in one arena.
 *
 * Inside one model things refer to each other by index; names are what goes
 * outside. What must survive an edit (register values, cookies) is a hash of a
 * name, never an index: inserting a line renumbers nothing. */
#ifndef TOPO_NET_H
#define TOPO_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "topo/acl.h"
#include "topo/diag.h"

enum {
	NET_UNTAGGED = 0,               /* tag of a port use: frames carry none */
	NET_MAX_VID = 4094,             /* IEEE 802.1Q, 9.6: 0 and 4095 are reserved */
	NET_MAX_SWITCHES = 4096,
	NET_MAX_NETWORKS = 65536,
	NET_MAX_GROUPS = 10000,
	NET_MAX_PORT_NAME = 15,         /* characters that a switch tells: OpenFlow 1.3, 7.2.1, name[16] with its NUL */
	NET_MAX_MIRRORS = 32,           /* mirror ports of one switch: Open vSwitch has as many mirrors */
	NET_PORT_HOSTS = 4096,          /* max_hosts of a port that says nothing */
	NET_HOST_ADDRESSES = 16,        /* IP addresses of one host that are answered for */
	NET_ETHERNET_MTU = 1500,        /* IEEE 802.3: what a NIC has when nobody says otherwise */
	NET_MIN_MTU = 1280,             /* RFC 8200, 5: IPv6 needs that much */
};
#define NET_NONE UINT32_MAX             /* no index, no limit */

/* Something of the file that a row can name as its reason. */
struct net_object {
	const char *name;               /* "network office", "port kvm1:vm-a of network office" */
	uint64_t id;                    /* 48 bits of hash of the name, unique in the net; never 0 */
	struct where where;
};

/* A network between the hosts that tunnels go through: a NIC, or a provider. */
struct net_underlay {
	const char *name;
	uint64_t rate;                  /* bit/s each way that a host has there; 0 = not said */
	uint32_t mtu;                   /* bytes; never 0 once loaded */
	bool main;                      /* plain tunnels and floods go here; exactly one is, the first */
	const char *description;        /* null = none */
	struct where where;
};

/* A VTEP of a switch. */
struct net_vtep_at {
	const char *underlay_name;      /* null: the file has no underlays */
	uint32_t underlay;              /* index into underlays, or NET_NONE */
	const char *text;               /* the address */
	bool is_v6;
	uint8_t bytes[16];              /* network order; IPv4: the first four */
	struct where where;
	uint64_t rate;                  /* bit/s each way of the host's NIC there; 0 = that of the underlay */
};

struct net_switch {
	const char *name;               /* also the name in its certificate */
	uint64_t dpid;                  /* datapath id */
	struct where where;
	uint32_t object;                /* index into objects */
	const char *vtep;               /* address as text, where its tunnels end; null = none */
	bool vtep_is_v6;
	uint8_t vtep_bytes[16];         /* network order; IPv4: the first four */
	uint32_t peer;                  /* 32 bits for the peer register, unique, never 0: an IPv4 vtep
					 * itself, else a hash of the vtep, or without one of the name */
	const char *tunnel;             /* name of its VXLAN port; default "vxlan0" */
	uint32_t underlay_mtu;          /* bytes; never 0 once loaded */
	struct net_acl_use acl;         /* for all edge ports of the switch */
	const char *description;        /* null = none */
	struct net_vtep_at *vteps;      /* all its VTEPs, in the order of underlays; the first one is `vtep`;
					 * of a VTEP that is no switch of ours: that one */
	size_t n_vteps;                 /* 0: no vtep */
	bool underlay_mtu_is_given;     /* for this switch: no way from it into an underlay has more */
};

struct net_mac {
	bool is_given;
	uint8_t bytes[6];
};

/* A network that a VTEP is in, and a host behind one. */
struct net_vtep_stand {
	const char *name;
	uint32_t network;               /* index into networks */
	struct where where;
};

struct net_vtep_mac {
	uint8_t bytes[6];
	struct where where;
};

/* An end of tunnels that is no switch of ours. */
struct net_vtep {
	struct net_switch end;          /* what tunnels need to know: name, vtep, peer, object; no dpid */
	struct net_vtep_stand *stands;  /* the networks it is in */
	size_t n_stands;
	bool is_everywhere;             /* the file names none: all that it can be in */
	struct net_vtep_mac *macs;
	size_t n_macs;
};

/* A host that the file knows to be behind a VTEP. */
struct net_static {
	uint8_t mac[6];
	uint32_t vtep;                  /* index into vteps */
	struct where where;
};

/* Frames that go to everybody, and how many a port may send, in packets per second:
 * 0 = not said here, NET_NONE = as many as it likes. */
enum net_storm_kind {
	STORM_BROADCAST, STORM_MULTICAST, STORM_UNKNOWN, N_STORMS,
	LIMIT_RATE = N_STORMS,          /* no storm: all that the port sends, see net_port.rate */
	N_LIMITS
};
struct net_storm {
	uint32_t pps[N_STORMS];
	struct where where;
};
const char *net_storm_word(enum net_storm_kind);         /* "broadcast"; "rate" */
/* What holds at a port; 0 = no limit. Not of LIMIT_RATE, which no network has. */
uint32_t net_storm_limit(const struct net_storm *network, const struct net_storm *port, enum net_storm_kind);
/* What `guard` of a network watches over at its edge ports, and `trust` of a port
 * takes out there. */
enum net_guard {
	NET_GUARD_SOURCE = 1,           /* IP from addresses that are leased or declared */
	NET_GUARD_ARP = 2,              /* ARP and ND about such addresses */
	NET_GUARD_RA = 4,               /* no router advertisements (RFC 6105) */
	NET_GUARD_DHCP = 8,             /* no DHCP servers; leases are learned from the others */
};
enum net_on_limit { NET_LIMIT_DROP = 1, NET_LIMIT_REPORT, NET_LIMIT_SHUT };

/* Where copies go: the port of that name on the switch itself. */
struct net_mirror_to {
	const char *switch_glob;        /* as in net_port */
	const char *port;
	struct where where;
};

/* One entry of `ports:`. Either side may be a glob (* and ?). */
struct net_port {
	const char *switch_glob;        /* "kvm1", "kvm*", "*" */
	const char *port_glob;          /* "vm-web1", "office-*", "*" */
	bool is_glob;                   /* either side holds * or ? */
	uint16_t tag;                   /* VLAN id 1..4094, or NET_UNTAGGED */
	bool flood;                     /* unknown unicast may leave here; default true */
	bool hairpin;                   /* frames may go back out where they came from; default false */
	bool enable;                    /* false: nothing in, nothing out; default true */
	struct net_acl_use acl;         /* for this network on the port */
	uint32_t max_hosts;             /* learned hosts of this network on it, NET_NONE = NET_PORT_HOSTS */
	struct net_mac mac;             /* declared host; never with a glob */
	struct net_addresses ips;       /* and what it answers to; only with a mac */
	bool loop_guard, says_loop_guard;       /* its own, else the network's counts */
	struct net_storm storm;
	struct where where;
	uint32_t object;
	bool guard;                     /* mac and ip bind the port, and the network's guard holds; default true */
	bool sticky;                    /* the first max_hosts hosts stay its own; default false */
	enum net_on_limit on_limit;     /* default drop */
	uint32_t trust;                 /* bits of enum net_guard that do not hold here */
	uint64_t rate;                  /* bit/s that it may send into this network; 0 = no limit */
	struct net_mirror_to mirror;    /* where its traffic is copied to; port null = nowhere */
};

/* A port that takes copies, and the first entry that says so. */
struct net_mirror {
	struct net_mirror_to to;
	uint32_t network, entry;        /* index, and index into its ports */
};

struct net_network;
/* May the port be closed because of a loop? */
bool net_guards_loops(const struct net_network *, const struct net_port *);

enum net_arp { NET_ARP_DEFAULT, NET_ARP_ANSWER, NET_ARP_FLOOD };
/* A tag that a frame of a network carries inside, beside the one that says
 * which network it is in. */
enum net_tags { NET_TAGS_DROP = 1, NET_TAGS_PASS = 2 };

enum net_transport { NET_LOCAL, NET_VLAN, NET_VXLAN };
const char *net_transport_word(enum net_transport);      /* "local", "vlan", "vxlan" */

/* A port to the LAN: of `uplinks`, or of `physical`. */
struct net_uplink {
	uint32_t sw;                    /* index into switches */
	const char *switch_name;
	const char *port;               /* interface name */
	uint16_t vlan;                  /* VLAN id there: its own, or the network's on the LAN */
	struct where where;
	uint32_t object;
};

/* A cable between two switches, or a veth or patch pair: an 802.1Q trunk. */
struct net_link {
	const char *name;               /* "kvm1:eth3-kvm3:eth3": the end of the first switch by name first */
	struct net_uplink ends[2];
	uint32_t cost;                  /* of the way over it; ways are as cheap as can be */
	struct where where;
	uint32_t object;
	uint64_t rate;                  /* bit/s each way; 0 = not said */
	const char *srlg;               /* links that fail together have one name here; null = none */
	bool drain;                     /* takes no traffic that can go elsewhere */
	uint32_t delay_us;              /* each way; 0 = not said */
};

/* Where traffic can be steered: a cable of `links`, or a tunnel. */
struct net_edge {
	const char *name;               /* of the link; a tunnel: "kvm1-kvm2", with underlays "kvm1-kvm2@red" */
	uint32_t sw[2];                 /* indices into switches: the ends, in the order of the link's */
	uint32_t link;                  /* index into links; NET_NONE = a tunnel */
	double mbps;                    /* each way; 0 = not said */
	uint32_t cost;                  /* of the way over it */
	uint32_t risk;                  /* edges with the same number fail together; 0 = alone */
	bool drain;                     /* takes no traffic that can go elsewhere */
	struct where where;
	uint32_t object;                /* index into objects */
	const char *srlg;               /* the name of that risk; null = none */
	uint32_t underlay;              /* of a tunnel: index into underlays; NET_NONE = a cable, or there are none */
	uint32_t vtep[2];               /* tunnel: index into vteps of the switch of that end; cable: NET_NONE */
	const char *bfd[2];             /* tunnel: port of that end that does nothing but BFD to the other, or null */
	uint32_t delay_us;              /* each way, as the file says it; 0 = not said */
	bool is_implied;                /* a tunnel of the mesh over an underlay that the file does not list */
	uint32_t nic[2];                /* of that end: index into nics; NET_NONE = it has one for itself, or a rate is not said */
};

/* What several tunnels of a switch share: its NIC in an underlay. */
struct net_nic { uint32_t sw, underlay; double mbps; };        /* indices; Mbit/s each way */

/* An entry of `links` without ports: a tunnel. */
struct net_tunnel {
	const char *name;               /* of its edge */
	struct net_uplink ends[2];      /* switches in order of name, without ports */
	const char *underlay_name;      /* null: the file has none */
	uint32_t underlay;              /* index into underlays, or NET_NONE */
	uint32_t vtep[2];               /* index into vteps of the switch of that end */
	struct net_uplink bfd[2];       /* port of that end; its `port` is null: none */
	uint64_t rate;                  /* bit/s; 0 = that of the underlay */
	uint32_t cost;
	const char *srlg;
	bool drain;
	uint32_t delay_us;
	struct where where;
};

/* Some pairs of switches, and what is asked for their traffic. */
struct net_te_pair {
	const char *from_name, *to_name;
	uint32_t from, to;              /* indices into switches: one direction */
	const char **via_names;         /* pin: switches in the order of the way; avoid: in any order */
	uint32_t *via;                  /* the same as indices into switches */
	size_t n_via;
	const char **edge_names;        /* avoid: links and tunnels by name */
	uint32_t *edges;                /* the same as indices into edges */
	size_t n_edges;
	const char **underlay_names;    /* avoid: underlays by name */
	uint32_t *underlays;
	size_t n_underlays;
	struct where where;
	const char *network_name;       /* null = all */
	uint32_t network;               /* index into networks; NET_NONE = all */
};

/* A rate that is kept for someone. */
struct net_te_guarantee {
	const char *network_name;       /* null = a pair */
	uint32_t network;               /* each pair of its switches, both ways; NET_NONE = from and to */
	const char *from_name, *to_name;
	uint32_t from, to;              /* indices into switches: one direction; NET_NONE with a network */
	uint64_t rate;                  /* bit/s */
	struct where where;
	uint32_t *pairs;                /* indices into reserves */
	size_t n_pairs;
};

struct net_te_reserve { uint32_t from, to; double mbps; };

/* What the file says of traffic engineering; complete without a `te` section. */
enum net_te_goal { NET_TE_BALANCE = 1, NET_TE_SHORTEST };
enum net_te_mode { NET_TE_APPLY = 1, NET_TE_RECOMMEND, NET_TE_FREEZE };
struct net_te {
	enum net_te_goal goal;
	enum net_te_mode mode;
	double above;                   /* utilisation of a link, 0 to 1, below which nothing is touched */
	uint32_t interval_s;            /* between two looks */
	uint32_t max_paths;             /* of a pair of switches */
	double below;                   /* what a change aims at, 0 to above */
	bool below_is_chosen;           /* not given: 0.9 of above */
	uint32_t hold_up_s;             /* an edge that came back waits so long before it takes traffic */
	uint16_t label_first, label_last;       /* VLAN ids that are labels on cables */
	struct net_te_pair *pins;
	size_t n_pins;
	struct net_te_pair *avoids;
	size_t n_avoids;
	struct net_te_guarantee *guarantees;
	size_t n_guarantees;
	struct net_te_reserve *reserves;        /* what the guarantees add up to, sorted by from, then to */
	size_t n_reserves;
	uint32_t max_delay_us;          /* of a path, by `delay` of its edges; 0 = any */
	bool is_given;                  /* there is a `te` section */
	struct where where;
};
/* VNIs that are labels on tunnels; no network has one of these in a file with tunnels as edges. */
enum { NET_TE_FIRST_VNI = 0xe00000, NET_TE_LAST_VNI = 0xffffff };

/* Where a network meets the LAN: by one of these ports at a time, the first
 * that is alive. */
struct net_physical {
	struct net_uplink *ports;       /* in the order of preference; at most one per switch */
	size_t n_ports;                 /* 0 = the network has no physical segment */
	uint16_t vlan;                  /* its tag on the wire, or NET_UNTAGGED */
	struct net_storm storm;
	struct where where;
	/* As written; ports has it too. */
	struct net_uplink single;       /* of `port` */
	bool untagged;                  /* of `untagged` */
};

/* Prefixes of IPv6, sorted, none inside another; neither link-local nor of groups. */
struct net_slaac {
	struct net_prefix *prefixes;
	size_t n;
	struct where where;
};

struct net_network {
	const char *name;
	uint32_t id;                    /* hash of the name, unique, never 0: the network register */
	enum net_transport transport;   /* NET_LOCAL: each switch by itself until links carry it */
	uint16_t vlan;                  /* transport vlan: VLAN id on uplinks that name none; else 0 */
	struct net_uplink *uplinks;     /* transport vlan: at most one per switch */
	size_t n_uplinks;
	struct net_physical physical;
	struct net_port *ports;         /* in file order */
	size_t n_ports;
	const char *subnet;             /* text of `subnet:`, checked; null = none */
	bool tunnels;                   /* between its switches there are tunnels: transport vxlan, or vlan
					 * and a switch without an uplink that tunnels can reach */
	uint32_t vni;                   /* with tunnels: never 0; else 0 = none given */
	bool vni_is_chosen;             /* not given: a hash of the name */
	uint16_t link_vlan;             /* its tag on links; never 0 when the file has links */
	bool link_vlan_is_chosen;       /* not given: of `vlan`, or a hash of the name */
	const char *description;        /* null = none */
	uint32_t ageing;                /* seconds without a frame until a host is forgotten; default 300 */
	uint32_t max_hosts;             /* learned hosts in all, NET_NONE = no limit */
	bool flood;                     /* unknown unicast is flooded; default true */
	uint32_t mtu;                   /* bytes: what its hosts send; 0 = not said */
	struct where mtu_where;         /* where that is said */
	uint32_t guest_mtu;             /* bytes: what fits into its tunnels; 0 = it has none */
	enum net_arp arp;               /* ARP and ND for known hosts; never NET_ARP_DEFAULT once loaded */
	enum net_tags tags;             /* of guests; default drop */
	uint32_t *vteps;                /* those that are no switches of ours: indices */
	size_t n_vteps;
	struct net_static *statics;     /* who is behind them; sorted by MAC */
	size_t n_statics;
	struct net_acl_use acl;         /* for all its edge ports */
	uint32_t guard;                 /* bits of enum net_guard; 0 = none */
	uint32_t *bound;                /* ports that are bound to a MAC, see net_is_bound(): indices, sorted by MAC */
	size_t n_bound;
	bool has_sticky;                /* hosts stick to one of its ports */
	bool is_judged;                 /* the network or one of its ports has a list */
	bool is_tracked;                /* one of these is stateful */
	bool needs_zone;                /* is_tracked, or some switch has a stateful list */
	uint32_t ct_zone;               /* as written; 0 = none */
	bool loop_guard;                /* its edge ports are closed for a time when they make a loop; default true */
	uint16_t zone;                  /* of connection tracking, unique; 0 = needs none */
	struct net_storm storm;
	struct where where;
	uint32_t object;
	struct net_slaac slaac;         /* where hosts give themselves addresses */
	const struct net_snat **snats;  /* what its lists of `acl_out` translate sources to, each once, by id */
	size_t n_snats;
};

struct net_index;

struct net {
	struct arena *arena;
	const char *file;               /* as given to net_load */
	uint64_t digest;                /* of the text's bytes: same file, same digest */
	char digest_text[17];           /* the same in hexadecimal */
	uint32_t underlay_mtu;          /* bytes: of switches that say nothing else */
	struct net_switch *switches;    /* sorted by name */
	size_t n_switches;              /* 0: any switch with a valid certificate is adopted */
	struct net_network *networks;   /* sorted by name */
	size_t n_networks;
	struct net_link *links;         /* sorted by name */
	size_t n_links;
	struct net_edge *edges;         /* those of links first, in their order; then tunnels, sorted by name */
	size_t n_edges;
	struct net_te te;
	struct net_vtep *vteps;         /* sorted by name; those that are no switches of ours */
	size_t n_vteps;
	struct net_group *groups;       /* sorted by name */
	size_t n_groups;
	struct net_acl *acls;           /* sorted by name */
	size_t n_acls;
	bool has_guards;                /* some port is bound, guarded, or may be shut */
	struct net_classes sides[N_SIDES];      /* addresses of groups, as rules ask for them */
	struct net_object *objects;     /* sorted by id */
	size_t n_objects;
	const struct net_index *index;  /* private to net_index.h */
	struct net_underlay *underlays; /* the main one first, then sorted by name */
	size_t n_underlays;
	struct net_tunnel *tunnels;     /* portless entries of links, sorted by name, as the edges that they are */
	size_t n_tunnels;
	struct net_nic *nics;           /* sorted by sw, then underlay */
	size_t n_nics;
	unsigned n_shares;              /* beside its owner: see net_share() */
	struct net_mirror *mirrors;     /* each port that takes copies once, sorted by `port`, then `switch_glob` */
	size_t n_mirrors;
};

/* Reads and checks; every finding of the file goes to diag. Returns null when
 * there was an error; warnings alone do not matter. net_load reads the file,
 * net_parse takes its text. */
struct net *net_load(const char *file, struct diag *);
struct net *net_parse(const char *file, const char *text, size_t len, struct diag *);
void net_free(struct net *);
/* It stays for one more net_free(). For a computation beside the loop; both calls are made in the loop. */
struct net *net_share(const struct net *);

/* Look-ups; null or NET_NONE when there is none. */
uint32_t net_switch_by_name(const struct net *, const char *name);
/* By the value of its peer register. */
uint32_t net_switch_by_peer(const struct net *, uint32_t peer);
uint32_t net_switch_by_dpid(const struct net *, uint64_t dpid);
uint32_t net_network_by_name(const struct net *, const char *name);
uint32_t net_network_by_id(const struct net *, uint32_t id);
const struct net_object *net_object_by_id(const struct net *, uint64_t id);

/* The MTU of the network's hosts, in bytes: as said, or what machines on a LAN have;
 * 0 = nobody knows. */
uint32_t net_hosts_mtu(const struct net_network *);

/* Where a real port stands. Within one network the exact entry wins over
 * globs, then the first one in the file. An entry with enable: false takes
 * the port out of every network: the uses still say where it would stand.
 * Globs never match a link, an uplink, a physical port, a tunnel or the bridge's own LOCAL port
 * (is_local). Of two networks that claim one tag of the port, uplink and exact entry win
 * over a glob, then the first name; the other use is a conflict. */
struct net_use {
	uint32_t network;               /* index */
	uint32_t port;                  /* index into that network's ports, uplinks or physical.ports */
	uint16_t tag;                   /* NET_UNTAGGED or VLAN id on the wire */
	bool is_uplink;
	bool is_physical;
	bool conflict;                  /* another network has that tag (or untagged) of it: not programmed, shown */
};
enum { NET_MAX_USES = 4096 };

/* The line of the entry that the use is from. */
uint32_t net_use_line(const struct net *, const struct net_use *);

/* Fills at most max uses in order of network name, returns how many there
 * are; none of a port that takes copies. disabled is set when an entry with enable: false matches. */
size_t net_uses(const struct net *, const char *switch_name, const char *port_name,
		bool is_local, struct net_use *uses, size_t max, bool *ret_disabled);

/* The link that the port is an end of and which end it is, or NET_NONE. */
uint32_t net_link_of(const struct net *, const char *switch_name, const char *port_name, unsigned *ret_end);
/* The VTEP that a host of the network is behind by the file, or null. */
const struct net_vtep *net_vtep_of(const struct net *, uint32_t network, const uint8_t mac[6]);

/* The tunnel edge whose BFD port that is, and at which end, or NET_NONE. */
uint32_t net_bfd_of(const struct net *, const char *switch_name, const char *port_name, unsigned *ret_end);
/* The switch that has a VTEP of that address (16 bytes, IPv4: the first four), and which of its vteps it is, or
 * NET_NONE. */
uint32_t net_switch_by_vtep(const struct net *, const uint8_t bytes[16], bool is_v6, uint32_t *ret_vtep);

uint32_t net_edge_by_name(const struct net *, const char *name);
/* Does that port take copies, and nothing else? Null = no. */
const struct net_mirror *net_mirror_of(const struct net *, const char *switch_name, const char *port_name);
/* Guards (guard.c). Do mac and ip of the entry bind the port? */
static inline bool net_is_bound(const struct net_port *port) { return port->mac.is_given && port->guard; }
/* A bound entry of the network for that MAC; null = none. The same for an address of
 * 4 or 16 bytes, which is slow: it looks at all of them. */
const struct net_port *net_bound_mac(const struct net_network *, const uint8_t mac[6]);
const struct net_port *net_bound_ip(const struct net_network *, bool is_v6, const uint8_t *ip);
/* Do connections of the network get this source? Then nobody there has it. */
bool net_translates_to(const struct net_network *, bool is_v6, const uint8_t *ip);
/* May the MAC be behind that entry (null = another port of the network)? Not when
 * that one is bound to another, or another one to it. */
bool net_may_stand(const struct net_network *, const struct net_port *, const uint8_t mac[6]);
/* Is the address one that hosts give themselves? Are such learned at a port of that entry (null: none)? (slaac.c) */
bool net_slaac_has(const struct net_network *, const uint8_t ip[16]);
bool net_takes_slaac(const struct net_network *, const struct net_port *);
/* Is there a network that carries the guests' own tags? Bridges must look at two tags then. */
bool net_passes_tags(const struct net *);
/* The words of bits of enum net_guard: "dhcp, ra". */
const char *net_guard_words(uint32_t bits, char *buf, size_t size);

/* Is that the VXLAN port of a declared switch with a vtep? */
bool net_is_tunnel(const struct net *, const char *switch_name, const char *port_name);

/* The glob of port entries: * any run, ? any one character. */
bool net_glob(const char *pattern, const char *text);

/* The model in the form of the file, so that it parses to the same. */
void net_print(const struct net *, FILE *);

/* 64-bit hash of bytes, the same on every machine and in every release: FNV-1a
 * with a final mix. Cookies and register values are made from it. */
uint64_t net_hash(const void *, size_t);

/* Reference page (markdown) and JSON Schema of the file, from the key tables;
 * the errors page from the diag codes. */
void net_print_reference(FILE *);
void net_print_schema(FILE *);
void net_print_errors(FILE *);

#endif
