/* SPDX-License-Identifier: Apache-2.0 */
/* address_index: numbers of slots by (network, IP address), and those of one MAC.
 * What is in the slots is the owner's: an array beside it, see binding.h and lease.h.
 *
 * Two chains through one pool; a number stays good as long as what it stands for. */
#ifndef TOPO_ADDRESS_INDEX_H
#define TOPO_ADDRESS_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address_slot {
	uint32_t network;               /* network id; 0 = empty */
	bool is_v6;
	uint8_t ip[16];                 /* network order; IPv4: the first four, then zero */
	uint8_t mac[6];
	uint32_t next_ip, next_mac;     /* NET_NONE ends the chain */
};

struct address_index {
	struct address_slot *slots;     /* owned */
	uint32_t n_slots, max_slots;    /* used ever; room */
	uint32_t free;                  /* chained by next_ip */
	uint32_t *by_ip, *by_mac;       /* owned: heads of the chains, NET_NONE = empty */
	uint32_t mask;                  /* chains of either kind - 1; a power of two */
	uint32_t n;
	uint64_t seed;
};

void address_index_init(struct address_index *);
void address_index_uninit(struct address_index *);
uint32_t address_index_find(const struct address_index *, uint32_t network, bool is_v6, const uint8_t ip[16]);
/* The first one of a MAC, and the one after; or NET_NONE. */
uint32_t address_index_of(const struct address_index *, uint32_t network, const uint8_t mac[6]);
uint32_t address_index_next(const struct address_index *, uint32_t i);
/* It must not be there yet. network is not 0. */
uint32_t address_index_add(struct address_index *, uint32_t network, bool is_v6, const uint8_t ip[16],
			   const uint8_t mac[6]);
void address_index_remove(struct address_index *, uint32_t i);
/* The owner's array beside it, of so many slots of that size in bytes: the same, or a larger one
 * when the index has room for more. */
void *address_index_room(const struct address_index *, void *slots, uint32_t *max_slots, size_t size);

#endif
