/* SPDX-License-Identifier: Apache-2.0 */
/* fact: what happened, as data. Facts and the file are the only inputs; each
 * has a one-line text form, so a journal of facts replays a run.
 *
 *     1732.125 host office 52:54:00:aa:00:20 kvm1:vm-db ip=192.168.20.20
 *     1733.000 move office 52:54:00:aa:00:20 kvm2:vm-db from=kvm1:vm-db
 */
#ifndef TOPO_FACT_H
#define TOPO_FACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* FACT(NAME, word, what it says) */
#define FACTS \
	FACT(NET,          "net",          "a file was loaded") \
	FACT(SWITCH_UP,    "switch-up",    "a switch is connected and was read back") \
	FACT(SWITCH_DOWN,  "switch-down",  "a switch went away") \
	FACT(PORT,         "port",         "a port is there, or changed") \
	FACT(PORT_GONE,    "port-gone",    "a port was deleted") \
	FACT(HOST,         "host",         "a host was seen at a port (new, or moved when it was elsewhere)") \
	FACT(HOST_GONE,    "host-gone",    "a host aged out or lost its port") \
	FACT(HOST_REFUSED, "host-refused", "a host was not let in: a limit is reached") \
	FACT(NETWORK_FULL, "network-full", "a network was full before a restart, or it is known not to be") \
	FACT(MEMBER,       "member",       "a switch is in a network by the memory of others, or is known not to be") \
	FACT(SWITCH_READY, "switch-ready", "a switch has all rows that are wanted of it") \
	FACT(GATEWAY,      "gateway",      "a network meets the LAN at another switch, or nowhere for a moment") \
	FACT(LINK,         "link",         "a probe was heard: where a cable leads") \
	FACT(WAYS,         "ways",         "frames go from switch to switch by other ways") \
	FACT(ADDRESS,      "address",      "a host speaks for an IP address") \
	FACT(ADDRESS_GONE, "address-gone", "nobody is known to have the IP address any more") \
	FACT(DUPLICATE,    "duplicate-ip", "two hosts use one IP address") \
	FACT(ADDRESS_SETTLED, "address-settled", "one host is left that uses the IP address") \
	FACT(PROBE,        "probe",        "a probe left by an end of a link") \
	FACT(PROBE_LOST,   "link-silent",  "probes into a link do not come out of it, one after the other") \
	FACT(ANSWER,       "answer",       "a switch answered on the way that probes take") \
	FACT(STORM,        "storm",        "a port sends more to everybody than it may: the rest is dropped") \
	FACT(STORM_OVER,   "storm-over",   "the port sends no more than it may") \
	FACT(QUARANTINE,   "quarantine",   "a port is closed in a network for a time: it is part of a loop") \
	FACT(QUARANTINE_OVER, "quarantine-over", "the port is open again") \
	FACT(STEER,        "steer",        "frames are steered by other paths") \
	FACT(VIOLATION,    "violation",    "a port sent what it may not, and it was dropped, or is told only") \
	FACT(LEASE,        "lease",        "a DHCP server leased an IP address, or its host moved") \
	FACT(LEASE_GONE,   "lease-gone",   "a lease was given back, or ended") \
	FACT(PORT_SHUT,    "port-shut",    "a port lets nothing of a network in for some time") \
	FACT(PORT_OPEN,    "port-open",    "and again does") \
	FACT(RATE,         "rate",         "a port sends more than its rate: the rest is dropped") \
	FACT(RATE_OVER,    "rate-over",    "the port sends no more than its rate")

enum fact_kind {
#define FACT(NAME, WORD, HELP) FACT_##NAME,
	FACTS
#undef FACT
	N_FACT_KINDS
};
#define FACT_BIT(NAME) (1ULL << FACT_##NAME)
_Static_assert(N_FACT_KINDS <= 64, "a set of kinds is 64 bits");
const char *fact_word(enum fact_kind);

/* Why a host is gone or refused. */
enum fact_reason {
	REASON_NONE,
	REASON_AGED,                    /* idle timeout */
	REASON_PORT_GONE,
	REASON_CONFIG,                  /* its network or port left the file */
	REASON_UNCONFIRMED,             /* only remembered by other switches; its own never came back */
	REASON_PORT_LIMIT,
	REASON_NETWORK_LIMIT,
	REASON_REMOVED,                 /* somebody deleted its row and it did not speak again */
	REASON_STANDS,                  /* heard from the LAN or a loop, and it stands on a port that is up */
	REASON_SILENT,                  /* another host uses its address, and it did not answer for it */
	REASON_QUARANTINE,              /* of a host: its port is closed, a loop */
	REASON_LOOP,                    /* of a quarantine: a probe came back */
	REASON_FLAPS,                   /* of a quarantine: a MAC goes to and fro */
	REASON_PORT_DOWN,               /* of the end of a quarantine */
	/* VIOLATION: */
	REASON_BOUND,                   /* not from the addresses that the port is bound to */
	REASON_TAKEN,                   /* from what another port is bound to: other_mac */
	REASON_STICKY,                  /* from the MAC of a host that sticks to another port */
	REASON_NO_LEASE,                /* from an IP address that is not leased to the sender */
	REASON_ROGUE_DHCP, REASON_ROGUE_RA,     /* a server, a router, and the port is not trusted */
	/* LEASE_GONE: */
	REASON_RELEASED, REASON_EXPIRED,
	/* VIOLATION: */
	REASON_HIDDEN,                  /* neighbour discovery in fragments, or behind headers that are cut off */
	REASON_ADDRESS_LIMIT,           /* an address of its own, and the port has as many as it may have */
	REASON_GOES_ON,                 /* of a host: the LAN speaks with its MAC, again and again */
};
const char *fact_reason_text(enum fact_reason);

struct fact {
	enum fact_kind kind;
	enum fact_reason reason;
	bool recovered;                 /* HOST, NETWORK_FULL, MEMBER, GATEWAY, LINK: read back after a restart, not seen now */
	uint32_t age_s;                 /* recovered: seconds its row has been there; the youngest row wins */
	bool unconfirmed;               /* HOST: known from another switch's row only; sw = NET_NONE, and
					 * ofport = net_switch.peer that the row leads to, 0 = an uplink.
					 * GATEWAY: others only remember that it may act as one */
	uint32_t sw;                    /* slot of the switch in the view, or NET_NONE. GATEWAY: whose
					 * physical port it is; NET_NONE = nobody's for now */
	uint32_t ofport;                /* OpenFlow port number */
	uint32_t network;               /* network id (net_network.id) */
	uint8_t mac[6];
	bool has_ip4, has_ip6;          /* ADDRESS and its kind: one of them */
	uint8_t ip4[4], ip6[16];
	/* ADDRESS and its kind: the other MAC of the story, zero = none. ADDRESS: who
	 * had it, filled by view_apply with was_known (its own now) or contested. */
	uint8_t other_mac[6];
	bool contested;
	bool router;                    /* ADDRESS: of an IPv6 router */
	bool with_host;                 /* ADDRESS_GONE: because its host goes, which is told next */
	/* HOST: where it was before (filled by view_apply); NET_NONE = nowhere,
	 * or, when it was known, only remembered by other switches. LINK: where the
	 * probe was sent from. */
	uint32_t old_sw, old_ofport;
	bool was_known;
	/* PORT: its name. Of any fact that became an event: the name that `ofport` had then, "" = not known. */
	char port_name[16];
	uint8_t port_mac[6];
	bool port_up, port_live, port_local;
	uint32_t port_speed_mbps;
	/* PORT: filled by view_apply: the port is new or stands in other networks
	 * than before, so rows of its switch change. False = only its state did.
	 * SWITCH_READY: somebody takes it for a gateway no more. */
	bool uses_changed;
	bool port_replaced;             /* and another port was there, under that number or that name */
	/* LEASE: when it ends; PORT_SHUT: when it opens. Seconds since 1970, UINT32_MAX = never. */
	uint32_t until_s;
	bool renewed;                   /* LEASE: its host had it already, filled by view_apply */
	bool sticks;                    /* HOST, unconfirmed: to its port */
	uint32_t length_s;              /* PORT_SHUT: for how long; grows */
	uint64_t time_ms;               /* of the caller's clock */
	/* PROBE, PROBE_LOST, LINK, ANSWER: when the frame was sent, in microseconds of the
	 * caller's clock; LINK, ANSWER: how long it took until it was here. 0 = not known. */
	uint64_t sent_us;
	uint32_t took_us;
	uint32_t hold_s;                /* LINK, filled by view_apply: it rests so long before it is used.
					 * QUARANTINE, likewise: it is closed so long */
	uint32_t edge;                  /* PROBE, PROBE_LOST, LINK of a tunnel: index into the net's edges, plus 1 */
	unsigned edge_end;              /* and by which end the frame left */
	/* STORM, RATE and their ends. */
	uint8_t storm;                  /* enum net_storm_kind */
	/* QUARANTINE: old_sw, old_ofport: the other end of the loop; mac: REASON_FLAPS. level:
	 * which in a row it is; read back, else filled by view_apply. */
	uint8_t level;
	/* LEASE and its end: no server gave it, its host took it (`slaac`). HOST: such addresses were left
	 * behind, filled by view_apply. */
	bool slaac;
	uint64_t n_dropped;             /* STORM, RATE: frames, since the switch began to count; filled by view_apply:
					 * since this storm began */
	char old_port_name[16];         /* of one that became an event: the name that `old_ofport` had then */
};

/* The address of an ADDRESS and its kind: 4 or 16 bytes. */
const uint8_t *fact_address(const struct fact *, bool *ret_is_v6);

/* A host that was known elsewhere: the kind is `host`, people say "move". */
bool fact_is_move(const struct fact *);

struct view;
struct net;
/* Numbers are given anew when ports come and go: keeps the names that they have now. */
void fact_keep_names(struct fact *, const struct view *);
/* One line without newline; names instead of numbers where view and net know
 * them. Returns its length, cut at size. */
size_t fact_format(const struct fact *, const struct net *, const struct view *, char *buf, size_t size);

#endif
