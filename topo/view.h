/* SPDX-License-Identifier: Apache-2.0 */
/* view: the network as it is seen: switches, ports, hosts.
 *
 * Changes only through facts (view_apply) and by taking over a new file
 * (view_bind). No clock, no log. Switches live in slots that keep their number
 * until the switch is forgotten. A host is (network, MAC): where it is, since
 * when, what address it used. */
#ifndef TOPO_VIEW_H
#define TOPO_VIEW_H

#include "topo/fact.h"
#include "topo/net.h"

/* What a switch has dropped of a port beyond one of its limits. */
struct view_storm {
	bool known;                     /* the switch has told a number: `seen` */
	bool active;                    /* it is beyond it, until nothing was dropped for STORM_OVER_MS */
	uint64_t seen;                  /* frames dropped since the meter was made, as told last */
	uint64_t n_dropped;             /* frames, since weftd started or the port is here */
	uint64_t first_ms, last_ms;     /* of this storm, or the last one */
};
enum { STORM_OVER_MS = 10000 };

struct view_place { uint32_t sw, ofport; };

/* A port that is closed in one network because of a loop. See topo/view_loop.c. */
enum { VIEW_QUARANTINE_LEVELS = 7 };
struct view_quarantine {
	bool on;
	uint8_t level;                  /* how many in a row, this one or the last one included; 0 = none yet */
	enum fact_reason reason;
	uint64_t since_ms, until_ms;
	uint64_t over_ms;               /* not on: since when */
	struct view_place other;        /* REASON_LOOP: what it sends comes in there; sw NET_NONE = not known */
	uint8_t mac[6];                 /* REASON_FLAPS: whose */
};

/* Networks of earlier files whose names are kept. */
enum { VIEW_GONE_NETWORKS = 1024 };

/* A MAC that goes to and fro between ports that are all up. */
enum { VIEW_FLAPS = 64, VIEW_FLAP_PLACES = 4,
       VIEW_FLAP_SUSPECT = 4,           /* returns within ten seconds that are worth a probe ... */
       VIEW_FLAP_PROOF = 32 };          /* ... and that are proof enough */
struct view_flap {
	uint32_t network;               /* id; 0 = an empty slot */
	uint8_t mac[6];
	uint8_t n_at;
	uint32_t n_returns;             /* moves to a port where it had been */
	struct view_place at[VIEW_FLAP_PLACES];  /* where it was seen, in this order */
	uint64_t first_ms, last_ms, suspect_ms;
	uint64_t refused_ms;            /* not let in there since, and it has not moved; 0 = no */
};

/* A port's place in one network, resolved from the file. */
struct view_use {
	uint32_t network;               /* index into the net */
	uint32_t id;                    /* network id */
	uint32_t entry;                 /* index into the network's ports, uplinks or physical.ports */
	uint16_t tag;                   /* NET_UNTAGGED or VLAN id on the wire */
	bool is_uplink;
	bool is_physical;               /* an edge port to the LAN, see view_use_is_open() */
	bool flood;                     /* unknown unicast may leave here */
	bool hairpin;
	uint32_t max_hosts;             /* NET_NONE = no limit */
	enum net_on_limit on_limit;     /* what becomes of those beyond it */
	uint32_t room;                  /* hosts that are let in: max_hosts, or more when they are told only */
	bool sticky;                    /* who was learned here does not age and does not move */
	uint32_t n_hosts;               /* learned here in this network */
	uint64_t object;                /* net_object.id of the entry: for cookies */
	uint32_t limits[N_LIMITS];      /* of what it may send: frames a second, LIMIT_RATE: kbit/s; 0 = none */
	struct view_storm storms[N_LIMITS];
	bool loop_guard;                /* may be closed because of a loop */
	struct view_quarantine quarantine;
	uint64_t deaf_until_ms;         /* the open end of a loop that was closed just now: until then
					 * what comes in says nothing of where its sender is */
};

/* What a port has counted, all in all (OpenFlow 1.3.5, section 7.3.5.6); UINT64_MAX = it does not count that. */
struct view_counts { uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, rx_dropped, tx_dropped; };

struct view_port {
	uint32_t ofport;
	char name[16];
	uint8_t mac[6];
	bool up, live, local;
	bool bfd;                       /* it was up and not live once: it runs BFD, or something like it */
	uint64_t up_since_ms;           /* 0 = was never up */
	bool tunnel;                    /* the VXLAN port of its switch; stands in no network */
	uint32_t link;                  /* index into the net's links, NET_NONE = no end of one */
	unsigned link_end;              /* which one */
	bool disabled;                  /* enable: false in the file */
	bool conflicted;                /* a use was left out, see net_use.conflict */
	uint32_t speed_mbps;
	uint64_t rx_bytes, rx_ms;       /* what it took in, and when it said so; 0 = never */
	uint64_t rx_from_ms;            /* when it had said so the time before; */
	uint64_t rx_busy_ms;            /* the same, of the last time that much had come since */
	struct view_use *uses;          /* owned; in order of network index; without conflicting ones */
	size_t n_uses;
	uint64_t n_refused;             /* hosts not let in */
	uint64_t refused_since_ms;      /* refusals told one by one since then ... */
	uint32_t n_refused_told;        /* ... were so many; see view_apply */
	uint64_t n_violations;          /* reports of what it may not send; counted by rows are many more */
	uint64_t violation_ms;          /* of the last one, and what it was */
	enum fact_reason violation;
	uint64_t violations_since_ms;   /* as with refusals */
	uint32_t n_violations_told;
	/* The name of the port of the switch that gets copies of all its traffic, or null; or it is one that
	 * takes copies. Of the file; the entry that says so as net_object.id. */
	const char *mirror;
	bool is_mirror;
	uint64_t mirror_object;
	struct view_counts counts;      /* of the last reading; view_port_count() */
	uint64_t counts_ms, counts_from_ms;     /* when that was, and the one before; 0 = never */
	double rx_mbps, tx_mbps;        /* between the two */
};

struct view_switch {
	char name[64];
	uint64_t dpid;
	uint32_t sw;                    /* its slot */
	uint32_t index;                 /* in the net, NET_NONE = adopted */
	bool admitted;                  /* declared, or the file declares none; else its ports have no uses */
	uint64_t object;                /* 48 bits, for cookies: of the file, or hash of "switch NAME" */
	bool connected;                 /* and read back */
	bool ever;                      /* has been connected since weftd started */
	bool ready;                     /* connected, and had all that was wanted of it once since then */
	uint32_t max_meters;
	uint32_t tunnel;                /* ofport of its tunnel port, NET_NONE = not there, or no vtep */
	uint64_t asked_us;              /* when what it answered last on the way of probes was sent */
	uint32_t answer_us;             /* how long that took */
	uint32_t n_limited;             /* uses of its ports that have limits of what they send */
	uint32_t n_quarantined;         /* uses of its ports that are */
	struct view_port *ports;        /* owned; sorted by ofport */
	size_t n_ports;
};

struct host {
	uint8_t mac[6];
	bool recovered:1;               /* not seen since weftd started, only read back */
	bool unconfirmed:1;             /* its own switch has not reported: sw = NET_NONE */
	bool has_ip4:1, has_ip6:1;
	bool sticks:1;                  /* to its port, see view_use.sticky */
	bool of_lan:1;                  /* a machine of the LAN, or was one until it moved to the port where it is */
	uint32_t network;               /* network id */
	uint32_t sw;                    /* slot, NET_NONE = unconfirmed */
	uint32_t ofport;                /* unconfirmed: the peer, see fact.h */
	uint32_t next, prev;            /* private to the view: hosts of one member, or unconfirmed */
	uint8_t ip4[4], ip6[16];
	uint64_t first_ms, seen_ms;
};

/* An IP address in a network, and the MAC that speaks for it. See topo/view_address.c. */
enum binding_state {
	BINDING_GOOD,                   /* one MAC */
	BINDING_ASKED,                  /* another MAC spoke for it: is the first one still there? */
	BINDING_DUPLICATE,              /* it is */
};

struct binding {
	uint32_t network;               /* network id; 0 = an empty slot */
	bool is_v6;
	bool declared;                  /* by the port entry `entry`: never goes, never moves */
	bool recovered;                 /* not heard since weftd started, only read back */
	bool unconfirmed;               /* its own switch has not told of it */
	bool router;                    /* IPv6: a router; only it can say so, nobody answers for it */
	enum binding_state state;
	uint8_t ip[16];                 /* network order; IPv4: the first four, then zero */
	uint8_t mac[6];
	uint8_t rival[6];               /* not good: who else speaks for it, where and when */
	uint32_t rival_sw, rival_ofport;
	uint64_t rival_ms, heard_ms;    /* last words of the rival, and of the holder since (0 = none) */
	uint64_t first_ms, since_ms;    /* here since; not good since */
	uint32_t entry;                 /* declared: index into the network's ports */
};

enum { VIEW_PORT_SLAAC = 64 };          /* addresses that the hosts of a port may take by themselves, in a network */

/* An IP address that a DHCP server leased to a MAC, or that its host took where the file
 * lets it (`slaac`). See topo/view_guard.c. */
struct lease {
	uint32_t network;               /* network id; 0 = an empty slot */
	bool is_v6;
	bool recovered;                 /* only read back, not heard since weftd started */
	uint8_t ip[16];                 /* network order; IPv4: the first four, then zero */
	uint8_t mac[6];
	uint32_t sw, ofport;            /* where it holds; sw NET_NONE = its host is nowhere */
	uint32_t left_sw, left_ofport;  /* where it held before its host was seen last */
	uint32_t until_s;               /* seconds since 1970, UINT32_MAX = never ends */
	uint64_t since_ms;
	bool slaac;                     /* taken; ends when its row was idle */
};

/* A port that lets nothing of a network in for a time, or did lately. */
struct closure {
	uint32_t network, sw, ofport;
	bool is_open;                   /* again; kept for the length of the next time */
	uint8_t mac[6];                 /* the host that was one too many */
	uint32_t until_s, length_s;     /* seconds since 1970; seconds */
	uint64_t since_ms, opened_ms;
};

/* How a dispute stands at that time. */
enum dispute {
	DISPUTE_OPEN,
	DISPUTE_DUPLICATE,              /* both speak, and that is news */
	DISPUTE_HELD,                   /* the rival is silent */
	DISPUTE_MOVED,                  /* the holder is silent: the rival has it */
};

/* A switch that has ports in a network. */
struct view_member {
	uint32_t sw;                    /* slot */
	uint32_t uplink;                /* ofport of its uplink in this network, NET_NONE = none */
	uint32_t n_edges;               /* ports of this network on it that are no uplink */
	bool remembered;                /* by rows of others; it has not reported since weftd started */
	bool transit;                   /* frames of the network pass it on links */
	uint32_t first;                 /* private: its hosts, see view_member_host */
};

/* A port of net_physical, by its index there. */
struct view_gateway {
	bool suspect;                   /* its switch may take it for the one in use, and it is not: its
					 * switch is away, or back and not told yet */
};

/* What the view knows per network (same index as net.networks). */
struct view_network {
	uint32_t id;
	uint32_t n_hosts;               /* unconfirmed ones included */
	uint32_t n_unconfirmed;
	uint32_t first_unconfirmed;     /* private, see view_unconfirmed */
	bool was_full;                  /* before a restart; counts as full until all have reported */
	uint64_t n_refused, n_moves;
	uint64_t n_addresses_refused;   /* IP addresses, or disputes about them, that were too many */
	struct view_member *members;    /* owned; sorted by slot */
	size_t n_members, max_members;
	struct view_gateway *gateways;  /* owned */
	uint32_t gateway;               /* the one in use, NET_NONE = none for now */
	uint32_t leaving;               /* slot of the switch that had it last and may not know yet that it
					 * has not any more; NET_NONE = none */
};

/* One direction of a link: probes that leave by one end, as they come out of the other. */
enum { VIEW_PROBES = 100, VIEW_PROBES_LOST = 3 };
struct view_probes {
	uint64_t sent_us;               /* when the last one left, by the caller's clock; 0 = none yet */
	bool is_out;                    /* nobody knows yet what became of that one */
	bool through;                   /* one came out since both ends were last seen up */
	uint32_t n_heard, n_lost;       /* in a row, up to now */
	uint64_t losing_ms;             /* the first of n_lost was known lost then */
	uint32_t n_known;               /* of the last VIEW_PROBES: whose fate is known ... */
	uint64_t lost[2];               /* ... and which were lost: a bit each, the youngest first */
	int32_t delay_us;               /* estimate, smoothed; below 0 = too short to tell */
	uint32_t jitter_us;             /* RFC 3550, 6.4.1 */
	bool is_measured;
};

/* What is known of a net_edge, same index; the first ones are the net's links. */
struct view_link {
	bool confirmed;                 /* probes have come through both ways, since both ends were last seen up */
	bool wrong;                     /* a probe from one of its ends came out, or in, somewhere else ... */
	uint32_t sw[2], ofport[2];      /* ... from here to there */
	bool silent;                    /* it carries nothing though its ports are up; not yet steadily heard again */
	unsigned silent_end;            /* what leaves by this end is lost */
	bool held;                      /* confirmed, and rests, for it failed often; see view_probe.c */
	uint32_t hold_ms;               /* how long it has to be good before it is used */
	uint64_t good_ms;               /* nothing was lost since then */
	uint64_t since_ms;              /* it is as it is since then, 0 = always */
	uint64_t failed_ms;             /* last failure */
	uint32_t n_failures;            /* one soon after the other, the last one included */
	uint32_t n_flaps;               /* failures since weftd started */
	struct view_probes probes[2];   /* by the end that they leave by */
};

struct ways;

struct view;

struct view *view_new(void);
void view_free(struct view *);

/* Takes over a new file: slots stay, uses of every port are resolved again,
 * networks are matched by id. Hosts whose network or use is gone are reported
 * one by one (as HOST_GONE facts with REASON_CONFIG, already applied). */
typedef void view_fact_cb(void *ctx, const struct fact *);
void view_bind(struct view *, const struct net *, uint64_t now_ms, view_fact_cb *, void *ctx);
const struct net *view_net(const struct view *);

/* The slot for a switch of this name, made when new; NET_NONE when there are
 * NET_MAX_SWITCHES already. Slots are never given to another name. The datapath
 * id is the last one given, until the next view_bind() for a declared switch. */
uint32_t view_switch_slot(struct view *, const char *name, uint64_t dpid);
void view_set_max_meters(struct view *, uint32_t sw, uint32_t max_meters);
size_t view_n_switches(const struct view *);             /* slots, some may be empty (null) */
const struct view_switch *view_switch(const struct view *, uint32_t sw);
uint32_t view_switch_by_name(const struct view *, const char *name);    /* or NET_NONE */
uint32_t view_switch_by_index(const struct view *, uint32_t index);     /* of the net; or NET_NONE */
const struct view_port *view_port(const struct view *, uint32_t sw, uint32_t ofport);
const struct view_port *view_port_by_name(const struct view *, uint32_t sw, const char *name);
/* Where copies of that port's traffic go, as an ofport; NET_NONE = nowhere, or that port is not there. */
uint32_t view_mirror(const struct view *, uint32_t sw, const struct view_port *);
/* The use of the port in the network, or null. */
const struct view_use *view_use(const struct view_port *, uint32_t network_id);

const struct host *view_host(const struct view *, uint32_t network_id, const uint8_t mac[6]);
/* Where in memory that look-up begins, for who fetches it ahead. */
const void *view_host_place(const struct view *, uint32_t network_id, const uint8_t mac[6]);
size_t view_n_hosts(const struct view *);
/* All hosts in no order; index from 0 to view_host_slots()-1, null where empty. */
size_t view_host_slots(const struct view *);
const struct host *view_host_at(const struct view *, size_t i);
/* Who speaks for an address; ip has 4 or 16 bytes. Pointers last until the next fact. */
const struct binding *view_binding(const struct view *, uint32_t network_id, bool is_v6, const uint8_t *ip);
/* The addresses of a MAC; after = null begins, null ends. */
const struct binding *view_host_binding(const struct view *, uint32_t network_id, const uint8_t mac[6],
					const struct binding *after);
/* All of them in no order, as with hosts. */
size_t view_binding_slots(const struct view *);
const struct binding *view_binding_at(const struct view *, size_t i);
size_t view_n_bindings(const struct view *);
size_t view_n_disputes(const struct view *);            /* bindings that are not good */
/* Has the MAC as many addresses as it may? */
bool view_address_full(const struct view *, uint32_t network_id, const uint8_t mac[6]);
enum dispute view_dispute(const struct binding *, uint64_t now_ms);
/* Another controller was in charge meanwhile: what is read back counts more. */
void view_doubt_addresses(struct view *);
/* The same: what is remembered of that switch's leases and shut ports is forgotten, its
 * rows are about to be read. */
void view_doubt_guards(struct view *, uint32_t sw);
/* A fact about it: its place as far as known, the address, the rival as other_mac. */
struct fact view_binding_fact(const struct view *, const struct binding *, enum fact_kind);
/* Leases, as with bindings. */
const struct lease *view_lease(const struct view *, uint32_t network_id, bool is_v6, const uint8_t *ip);
const struct lease *view_host_lease(const struct view *, uint32_t network_id, const uint8_t mac[6],
				    const struct lease *after);
size_t view_lease_slots(const struct view *);
const struct lease *view_lease_at(const struct view *, size_t i);
size_t view_n_leases(const struct view *);
/* Addresses that hosts of the port have taken by themselves: a look at all leases. */
size_t view_n_slaac(const struct view *, uint32_t sw, uint32_t ofport, uint32_t network_id);
/* Has one ended by that time (seconds since 1970)? Cheap while none has. */
bool view_lease_is_due(const struct view *, uint32_t now_s);
struct fact view_lease_fact(const struct lease *, enum fact_kind);
/* Is the port shut in that network? Null = no. All records, open ones too, by index. */
const struct closure *view_closure(const struct view *, uint32_t sw, uint32_t ofport, uint32_t network_id);
size_t view_n_closures(const struct view *);
const struct closure *view_closure_at(const struct view *, size_t i);
const struct view_network *view_network(const struct view *, uint32_t index);
/* The same by network id: fast, for hot paths; null = not in the file. */
const struct view_network *view_network_by_id(const struct view *, uint32_t id);
/* Also of a network that an earlier file had; null = none of the last VIEW_GONE_NETWORKS of these. */
const char *view_network_name(const struct view *, uint32_t id);
/* The place of a switch in a network, or null. */
const struct view_member *view_member(const struct view_network *, uint32_t sw);
/* Has it ports there, or is it only remembered? */
bool view_member_is_here(const struct view_member *);
/* Networks by VXLAN whose set of members was changed by the last view_apply():
 * indices, some of them perhaps more than once. */
size_t view_changed(const struct view *, const uint32_t **ret_networks);
/* Walks the confirmed hosts of a member, or the unconfirmed ones of a network;
 * after = null begins, null ends. The host may not leave meanwhile. */
const struct host *view_member_host(const struct view *, const struct view_member *,
				    const struct host *after);
const struct host *view_unconfirmed(const struct view *, const struct view_network *,
				    const struct host *after);

/* Applies a fact. Returns false when it changes nothing (host already there,
 * port of an unknown switch ...). HOST fills old_sw/old_ofport. A HOST fact for
 * a port without a use in that network is ignored. An unconfirmed HOST never
 * displaces a confirmed one, a recovered one never a host that was seen, and
 * of two recovered ones the younger row wins. HOST_GONE must name the place
 * where the host is. PORT_GONE and changes of use report the hosts that go with
 * them through cb before the port is gone. HOST_REFUSED is always counted, but
 * is a change (true) at most ten times in ten seconds per port. A recovered
 * MEMBER counts for switches that have not reported since weftd started. A
 * GATEWAY reports the hosts on the LAN that move to its port through cb; a
 * recovered one is the one in use when none is, else suspect. What
 * becomes of an ADDRESS is in topo/view_address.c; addresses go with their host,
 * told before it. */
bool view_apply(struct view *, struct fact *, view_fact_cb *cb, void *ctx);

/* Has every declared switch reported since weftd started, or been given up (and
 * when none are declared: has weftd given up waiting)? Then rows of one switch
 * are no evidence about others any more. `except` is left out of the question:
 * the switch whose rows are just being read; NET_NONE = none. */
bool view_complete(const struct view *, uint32_t except);

/* Where a network meets the LAN (gateway.c). Only one of its physical ports is
 * open: let in by, flooded to, led to. The choice is a function of what is
 * alive and of what is in use: the first in the file whose switch is connected,
 * and in sync if it is not in use, and whose link is up; nobody alive: no change. */
bool view_use_is_open(const struct view *, const struct view_use *);     /* and in no quarantine */
uint32_t view_gateway_choose(const struct view *, uint32_t network_index);      /* or NET_NONE */
/* The switch and port of a physical port of the file; false = not there. */
bool view_gateway_place(const struct view *, uint32_t network_index, uint32_t entry,
			uint32_t *ret_sw, const struct view_port **ret_port);
/* May that switch let in frames from the LAN without being the gateway? Then
 * nobody hears its floods, and the gateway nothing of it at all. */
bool view_is_suspect(const struct view *, const struct view_network *, uint32_t sw);

/* Links and ways (view_link.c, view_probe.c, ways.c). A link is used when both its ends are
 * up and live, as far as they are known, probes have shown both ways that it is the cable
 * that the file means, and it does not rest. */
const struct view_link *view_link(const struct view *, uint32_t link);
bool view_link_is_up(const struct view *, uint32_t link);
/* The same but for the rest. */
bool view_link_works(const struct view *, uint32_t link);
/* What the port of a link has taken in, all in all. */
void view_port_counted(struct view *, uint32_t sw, uint32_t ofport, uint64_t rx_bytes, uint64_t now_ms);
/* All its counters, for people. */
void view_port_count(struct view *, uint32_t sw, uint32_t ofport, const struct view_counts *, uint64_t now_ms);
bool view_port_is_good(const struct view_port *);        /* up, and so says BFD if it runs */
uint32_t view_probes_lost(const struct view_probes *);   /* of the last n_known */
/* What is left of its rest, 0 = none. */
uint32_t view_link_rest_ms(const struct view_link *, uint64_t now_ms);

/* Edges that traffic can be steered over (view_edge.c): links, and tunnels. A tunnel is up
 * unless something says that it is not: its ports, BFD where the file names a port for it,
 * or probes. */
bool view_edge_is_up(const struct view *, uint32_t edge);
/* Does anything say whether it is up? Not before probes went through, or failed to, or a port is down. */
bool view_edge_is_known(const struct view *, uint32_t edge);
/* What was known of it when weftd ended: good until ports or probes say otherwise. Before the first
 * switch reports; times by our clock. */
void view_link_recall(struct view *, uint32_t edge, const struct view_link *was);
/* By which port a frame leaves over it, and which port's life tells that of the edge. False
 * while one is not there. */
bool view_edge_place(const struct view *, uint32_t edge, unsigned end, uint32_t *ret_sw, uint32_t *ret_ofport,
		     uint32_t *ret_watch_ofport);
/* Where its other end is; false while that port is not there. */
bool view_link_place(const struct view *, uint32_t link, unsigned end, uint32_t *ret_sw,
		     const struct view_port **ret_port);
/* The ways in force, or null: every switch reaches every other by its tunnel or
 * uplink. Takes them; switches that come to carry a network are members of it. */
const struct ways *view_ways(const struct view *);
void view_set_ways(struct view *, struct ways *take);
/* Gives them away, to be set again in this very call of the owner. */
struct ways *view_take_ways(struct view *);
/* Does the file need ways at all? Are there any, or shall there be? */
bool view_file_needs_ways(const struct view *);
bool view_needs_ways(const struct view *);

/* Steering (steer.h). What is in force, or null: all goes the plain ways. Takes it, frees the one before; a
 * new file keeps what it still has of it. FACT_STEER is for the caller to apply. */
struct steer;
const struct steer *view_steer(const struct view *);
void view_set_steer(struct view *, struct steer *take);
/* view_loop.c. Does any MAC flap lately? Cheap. */
bool view_flaps(const struct view *, uint64_t now_ms);
/* MACs that flap: of one network; by index below VIEW_FLAPS, null where empty. */
const struct view_flap *view_flap(const struct view *, uint32_t network_id, const uint8_t mac[6]);
const struct view_flap *view_flap_at(const struct view *, size_t i);
bool view_flap_is_suspect(const struct view_flap *, uint64_t now_ms);
/* Has the MAC been heard elsewhere a second ago and longer, and lately? A frame that was sent back
 * does not go on. */
bool view_flap_goes_on(const struct view *, uint32_t network_id, const uint8_t mac[6], uint64_t now_ms);
/* Where it was first, or belongs by the file. */
bool view_flap_is_home(const struct view *, const struct view_flap *, struct view_place);
bool view_may_quarantine(const struct view *, struct view_place, uint32_t network_id);
/* Which of the two ends of a loop, or of the ports where it flaps, is to be closed: not
 * where a flapping MAC is at home if there is another one, else the one that came up
 * later. False = none may be. */
bool view_loop_choose(const struct view *, uint32_t network_id, struct view_place, struct view_place,
		      struct view_place *ret);
bool view_flap_choose(const struct view *, const struct view_flap *, struct view_place *ret);
/* In the last two seconds of its quarantine; a QUARANTINE then makes a new one of it. */
bool view_quarantine_is_ending(const struct view_use *, uint64_t now_ms);
/* Seconds that the so-manieth quarantine in a row takes, from 1. */
uint32_t view_quarantine_hold(unsigned level);

/* view_storm.c: is that storm over by now? */
bool view_storm_is_over(const struct view_storm *, uint64_t now_ms);

/* When complete: forgets unconfirmed hosts, remembered members and what was full. With `all`, gives
 * up waiting, for the rest of this life. */
void view_settle(struct view *, bool all, uint64_t now_ms, view_fact_cb *, void *ctx);

/* Are as many hosts in the network as may be? */
bool view_network_full(const struct view *, uint32_t index);
/* May one more host be learned there? REASON_NONE = yes. null: the port is not in the network. */
enum fact_reason view_may_learn(const struct view *, const struct view_use *);
/* Is that host heard there by the LAN, while it stands on a VM's port whose link
 * is up? A frame that the LAN sent back looks so. */
bool view_is_echo(const struct view *, const struct host *, uint32_t sw, uint32_t ofport);
/* Does the host stand where it is, whatever is heard of it there? It is such a frame, the VM's
 * switch is connected and could tell if it moved, and the VM has not its MAC from a machine of the
 * LAN; or what is left in a cable that was a loop. */
bool view_stands_elsewhere(const struct view *, const struct host *, uint32_t sw, uint32_t ofport, uint64_t now_ms);
/* The entry of another port that is bound to the MAC, or null. */
const struct net_port *view_bound_elsewhere(const struct view *, const struct view_use *, const uint8_t mac[6]);
/* Does it stick to the port where it is, and is that another one? */
bool view_sticks_elsewhere(const struct view *, const struct host *, uint32_t sw, uint32_t ofport);

#endif
