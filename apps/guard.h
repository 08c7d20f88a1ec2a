/* SPDX-License-Identifier: Apache-2.0 */
/* guard: what an edge port may send. For ingress, which sends frames of guarded
 * ports here, and shared by the files of this app. */
#ifndef APPS_GUARD_H
#define APPS_GUARD_H

#include "apps/app.h"

/* Are frames that come in by the use watched? Then ingress sends them to guard. */
bool guard_watches(const struct scene *, const struct view_use *);

/* --- inside ---------------------------------------------------------------------------- */

enum {
	GUARD_RATE = 100, GUARD_BURST = 100,    /* violations that a switch reports: packets per second */
	LEASE_RATE = 500, LEASE_BURST = 500,    /* what DHCP servers say */
	GUARD_BYTES = 128,                      /* of a frame that was dropped */
	LEASE_BYTES = 1024,                     /* of a frame of DHCP: the options come late */
};

enum guard_row {
	GUARD_SHUT, GUARD_TAGGED, GUARD_ROGUE_RA, GUARD_ROGUE_DHCP, GUARD_SNOOP, GUARD_CLIENT,
	GUARD_OWN_ARP, GUARD_ARP_PROBE, GUARD_WRONG_ARP,
	GUARD_OWN_IP4, GUARD_START4, GUARD_WRONG_IP4,
	GUARD_START6, GUARD_OWN_IP6, GUARD_LINK6, GUARD_WRONG_ND_SENDER, GUARD_WRONG_IP6,
	GUARD_OTHER, GUARD_WRONG_MAC, GUARD_MISS,
	GUARD_OWN_ADVERT, GUARD_LINK_ADVERT, GUARD_WRONG_ADVERT, GUARD_NOT_ADVERT, GUARD_ND_MISS,
	GUARD_FREE_ADDRESS, GUARD_FRAGMENT, GUARD_CUT_CHAIN, GUARD_CUT_FIRST,
	N_GUARD_ROWS
};
extern const struct app_row guard_rows[N_GUARD_ROWS];

/* What holds at a port in a network. */
struct guard {
	const struct scene *scene;
	const struct view_switch *vs;
	const struct view_use *use;
	const struct net_network *network;
	const struct net_port *entry;   /* null: an uplink, or a port of `physical` */
	uint32_t ofport;
	bool is_bound;                  /* to entry->mac */
	bool binds_ip;                  /* and to entry->ips */
	uint32_t held;                  /* bits of enum net_guard that the port is not trusted with */
	bool source, arp;               /* are IP addresses looked at; those in ARP and ND */
	bool snoops;                    /* what DHCP servers say here is learned */
	bool slaac;                     /* addresses that hosts take by themselves are learned */
};
/* Is neighbour discovery looked at, or who is a router? */
static inline bool guard_sees_nd(const struct guard *g) { return g->arp || g->held & NET_GUARD_RA; }
struct guard guard_of(const struct scene *, uint32_t sw, uint32_t ofport, const struct view_use *);

/* guard_kinds.c has what they are. guard_rows.c: all rows of a use but those of leases; of one lease; of the whole switch. */
void guard_use_rows(const struct guard *, struct out *);
void guard_lease_rows(const struct guard *, struct out *, const struct lease *, bool wanted);
void guard_shut_row(const struct guard *, struct out *, const struct closure *, bool wanted);
void guard_switch_rows(struct out *, const struct view_switch *);

/* guard_punt.c: what was dropped, and what servers say. */
void guard_packet_in(const struct scene *, const struct app_punt *, struct reply *);

/* A frame that was reported. */
struct seen {
	const struct guard *g;
	const struct app_punt *punt;
	struct packet packet;
	struct reply *reply;
};
struct fact guard_about(const struct seen *, enum fact_kind, enum fact_reason);
void guard_violation(const struct seen *, enum fact_reason, const uint8_t *other_mac);
/* Did a host leave that place? A VM that moved to another hypervisor did, once its port there is gone or
 * down; or that one is away. */
bool guard_has_left(const struct scene *, uint32_t sw, uint32_t ofport);
/* guard_rows.c: a row of that kind for the port begins; where its frames go on; it is told to weftd, if the switch has meters. */
void guard_begin(const struct guard *, struct out *, enum guard_row);
enum table guard_after(const struct guard *);

/* guard_slaac.c: addresses that hosts take by themselves. */
enum { SLAAC_IDLE_S = 3600 };           /* without a frame from there an address is free again */
/* Who asks whether one is free is reported. */
void guard_slaac_rows(const struct guard *, struct out *);
/* Such a question. */
void guard_slaac_asked(const struct seen *);
/* A frame that was dropped for its address. True: it is its sender's now, or would be with room. */
bool guard_slaac_spoke(const struct seen *);
void guard_slaac_recover(const struct rule *, struct fact *, struct reply *);
bool guard_slaac_removed(const struct scene *, uint32_t sw, const struct rule *, bool idle, struct reply *);

/* guard_dhcp.c: what a frame of DHCP says (RFC 2131, RFC 8415). */
enum { DHCP_ADDRESSES = 8 };
enum dhcp_kind { DHCP_NONE, DHCP_LEASES, DHCP_GIVES_BACK };
struct dhcp {
	enum dhcp_kind kind;
	bool is_v6;
	uint8_t mac[6];                 /* whose they are */
	size_t n;
	struct { uint8_t ip[16]; uint32_t seconds; } of[DHCP_ADDRESSES];       /* UINT32_MAX = for ever, 0 = no more */
};
void dhcp_read(const uint8_t *frame, size_t size, struct dhcp *ret);

#endif
