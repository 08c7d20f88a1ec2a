/* SPDX-License-Identifier: Apache-2.0 */
/* binding: the table of IP addresses by (network, address), and of the addresses
 * of one MAC. Private to the view.
 *
 * Two chains through one pool of slots; an index stays good as long as the
 * binding does, a pointer until the next one is added. */
#ifndef TOPO_BINDING_H
#define TOPO_BINDING_H

#include "topo/view.h"

struct binding_table {
	struct binding *slots;          /* owned */
	uint32_t n_slots, max_slots;    /* used ever; room */
	uint32_t free;                  /* chained by next_ip */
	uint32_t *by_ip, *by_mac;       /* owned: heads of the chains, NET_NONE = empty */
	uint32_t mask;                  /* chains of either kind - 1; a power of two */
	uint32_t n;
	uint64_t seed;
};

void binding_table_init(struct binding_table *);
void binding_table_uninit(struct binding_table *);
uint32_t binding_find(const struct binding_table *, uint32_t network, bool is_v6, const uint8_t ip[16]);
/* The first one of a MAC, and the one after; or NET_NONE. */
uint32_t binding_of(const struct binding_table *, uint32_t network, const uint8_t mac[6]);
uint32_t binding_next(const struct binding_table *, uint32_t i);
/* Zero but for who and what; it must not be there yet. network is not 0. */
uint32_t binding_add(struct binding_table *, uint32_t network, bool is_v6, const uint8_t ip[16],
		     const uint8_t mac[6]);
void binding_remove(struct binding_table *, uint32_t i);

#endif
