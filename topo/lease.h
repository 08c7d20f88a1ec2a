/* SPDX-License-Identifier: Apache-2.0 */
/* lease: the table of leased IP addresses by (network, address), and of those of
 * one MAC. Private to the view.
 *
 * Two chains through one pool of slots, as in binding.h; keyed with a secret,
 * because who asks a DHCP server chooses the MAC. */
#ifndef TOPO_LEASE_H
#define TOPO_LEASE_H

#include "topo/view.h"

struct lease_table {
	struct lease *slots;            /* owned */
	uint32_t n_slots, max_slots;    /* used ever; room */
	uint32_t free;                  /* chained by next_ip */
	uint32_t *by_ip, *by_mac;       /* owned: heads of the chains, NET_NONE = empty */
	uint32_t mask;                  /* chains of either kind - 1; a power of two */
	uint32_t n;
	uint64_t seed;
};

void lease_table_init(struct lease_table *);
void lease_table_uninit(struct lease_table *);
uint32_t lease_find(const struct lease_table *, uint32_t network, bool is_v6, const uint8_t ip[16]);
/* The first one of a MAC, and the one after; or NET_NONE. */
uint32_t lease_of(const struct lease_table *, uint32_t network, const uint8_t mac[6]);
uint32_t lease_next(const struct lease_table *, uint32_t i);
/* Zero but for who and what, and without a place; it must not be there yet. */
uint32_t lease_add(struct lease_table *, uint32_t network, bool is_v6, const uint8_t ip[16], const uint8_t mac[6]);
void lease_remove(struct lease_table *, uint32_t i);

#endif
