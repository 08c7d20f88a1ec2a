/* SPDX-License-Identifier: Apache-2.0 */
/* arp: the rows of claim, arp and advert, one function per kind. Shared by the files
 * of this app. */
#ifndef APPS_ARP_H
#define APPS_ARP_H

#include "apps/app.h"

enum {
	/* What one switch may report about addresses: packets per second, and in one
	 * go. A meter of its own, so that who makes addresses up keeps no host from
	 * being learned. */
	CLAIM_RATE = 200,
	CLAIM_BURST = 200,
	CLAIM_BYTES = 128,
	/* An address that is not spoken for is forgotten, though its host is not:
	 * IPv6 hosts make themselves new ones every day. */
	CLAIM_IDLE_S = 3600,
};

enum arp_row {
	ARP_PROBE_ANSWER, ARP_ANNOUNCE, ARP_ADVERT, ARP_CLAIM4, ARP_CLAIM6, ARP_ROUTER, ARP_RIVAL4, ARP_RIVAL6,
	ARP_PROBE4, ARP_PROBE6, ARP_FULL, ARP_NEW4, ARP_NEW_NS, ARP_NEW_NA, ARP_PASS,
	ARP_BESIDE4, ARP_BESIDE6, ARP_ANSWER4, ARP_ANSWER6, ARP_NO_ANSWER,
	ARP_ND, ARP_ND_MISS,
	/* Each followed by what others say about it. */
	ARP_BOUND4, ARP_TAKEN4, ARP_BOUND_NS, ARP_TAKEN_NS, ARP_BOUND_NA, ARP_TAKEN_NA,
	ARP_SNAT_CLAIM4, ARP_SNAT_CLAIM_NS, ARP_SNAT_CLAIM_NA, ARP_ASKS_SNAT4, ARP_ASKS_SNAT6, ARP_SNAT4, ARP_SNAT6,
	N_ARP_ROWS
};
extern const struct app_row arp_rows[N_ARP_ROWS];

/* Who asks whether a host is there. A frame to it is for us. */
extern const uint8_t arp_asker[6];

/* What is on a switch whoever is there, and in a network that has edge ports there. */
void arp_switch_rows(struct out *, const struct view_switch *);
void arp_network_rows(struct out *, const struct view_switch *, const struct net *, uint32_t network);

/* Rows of one address; `wanted` says whether they shall be there. Claims stand on
 * the host's own switch: object is that of its port entry. */
void arp_claim(struct out *, uint32_t sw, const struct binding *, uint64_t object, bool wanted);
void arp_unclaim(struct out *, uint32_t sw, uint32_t network_id, const uint8_t mac[6], bool is_v6,
		 const uint8_t *ip);
void arp_rival(struct out *, const struct view_switch *, uint32_t network_id, bool is_v6, const uint8_t *ip,
	       uint64_t object, bool wanted);
void arp_answer(struct out *, uint32_t sw, uint32_t network_id, bool is_v6, const uint8_t *ip,
		const uint8_t mac[6], uint64_t object, bool wanted);
/* Who asks by the port that the host is behind needs no answer. */
void arp_beside(struct out *, uint32_t sw, uint32_t network_id, uint32_t ofport, bool is_v6, const uint8_t *ip,
		uint64_t object, bool wanted);
/* The host has as many addresses as it may. */
void arp_full(struct out *, uint32_t sw, uint32_t network_id, const uint8_t mac[6], uint64_t object, bool wanted);

/* arp_bound.c: addresses that ports of the network are bound to; reports: the network
 * answers for hosts, so who they are wants to be known. */
void arp_bound_rows(struct out *, const struct view_switch *, const struct net *, uint32_t network, bool reports);

/* The question for that address, and what makes the answer of it. */
void arp_put_answer(struct build *, bool is_v6, const uint8_t *ip, const uint8_t mac[6]);

/* arp_snat.c: sources that connections of the network get by `snat`: they are asked for like hosts,
 * and nobody may claim them. reports: who asks wants to be known. */
void arp_snat_rows(struct out *, const struct view_switch *, const struct net *, uint32_t network, bool reports);

/* arp_claim.c: what frames and rows say about addresses. */
void arp_packet_in(const struct scene *, const struct app_punt *, struct reply *);
void arp_recover(const struct scene *, uint32_t sw, const struct rule *, uint32_t duration_s, struct reply *);
bool arp_removed(const struct scene *, uint32_t sw, const struct rule *, bool idle, struct reply *);

/* arp_dispute.c */
void arp_tick(const struct scene *, uint32_t sw, uint64_t second, struct reply *);

#endif
