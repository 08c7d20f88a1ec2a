/* SPDX-License-Identifier: Apache-2.0 */
/* address_index: one pool, two sets of chains, both keyed with a secret because VMs
 * choose what stands in them. Doubles, never shrinks. */
#include "topo/address_index.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "topo/arena.h"
#include "topo/net.h"

enum { CHAINS_FIRST = 256 };

static uint32_t *new_chains(size_t n)
{
	uint32_t *chains = xheap_alloc(n * sizeof *chains);
	memset(chains, 0xff, n * sizeof *chains);       /* NET_NONE */
	return chains;
}

void address_index_init(struct address_index *t)
{
	*t = (struct address_index) { .mask = CHAINS_FIRST - 1, .free = NET_NONE };
	t->by_ip = new_chains(CHAINS_FIRST);
	t->by_mac = new_chains(CHAINS_FIRST);
	/* Nothing that can be seen depends on it. */
	if (getrandom(&t->seed, sizeof t->seed, GRND_NONBLOCK) != sizeof t->seed)
		t->seed = 0x9e3779b97f4a7c15ULL;
}

void address_index_uninit(struct address_index *t)
{
	free(t->slots);
	free(t->by_ip);
	free(t->by_mac);
	*t = (struct address_index) { .free = NET_NONE };
}

static uint32_t hash_words(const struct address_index *t, uint64_t a, uint64_t b)
{
	uint64_t x = (a ^ t->seed) * 0xd6e8feb86659fd93ULL;
	x = (x ^ x >> 32 ^ b) * 0xff51afd7ed558ccdULL;
	x = (x ^ x >> 29) * 0xc4ceb9fe1a85ec53ULL;
	return (uint32_t) (x >> 32) & t->mask;
}

static uint32_t *chain_of_ip(const struct address_index *t, uint32_t network, bool is_v6, const uint8_t ip[16])
{
	uint64_t a, b;
	memcpy(&a, ip, 8);
	memcpy(&b, ip + 8, 8);
	return &t->by_ip[hash_words(t, a + network * 2ULL + is_v6, b)];
}

static uint32_t *chain_of_mac(const struct address_index *t, uint32_t network, const uint8_t mac[6])
{
	uint64_t a = 0;
	memcpy(&a, mac, 6);
	return &t->by_mac[hash_words(t, a, network)];
}

uint32_t address_index_find(const struct address_index *t, uint32_t network, bool is_v6, const uint8_t ip[16])
{
	uint32_t i = *chain_of_ip(t, network, is_v6, ip);
	while (i != NET_NONE && (t->slots[i].network != network || t->slots[i].is_v6 != is_v6
				 || memcmp(t->slots[i].ip, ip, 16)))
		i = t->slots[i].next_ip;
	return i;
}

static uint32_t next_of(const struct address_index *t, uint32_t i, uint32_t network, const uint8_t mac[6])
{
	while (i != NET_NONE && (t->slots[i].network != network || memcmp(t->slots[i].mac, mac, 6)))
		i = t->slots[i].next_mac;
	return i;
}

uint32_t address_index_of(const struct address_index *t, uint32_t network, const uint8_t mac[6])
{
	return next_of(t, *chain_of_mac(t, network, mac), network, mac);
}

uint32_t address_index_next(const struct address_index *t, uint32_t i)
{
	const struct address_slot *b = &t->slots[i];
	return next_of(t, b->next_mac, b->network, b->mac);
}

static void link_in(struct address_index *t, uint32_t i)
{
	struct address_slot *b = &t->slots[i];
	uint32_t *ip = chain_of_ip(t, b->network, b->is_v6, b->ip), *mac = chain_of_mac(t, b->network, b->mac);
	b->next_ip = *ip;
	b->next_mac = *mac;
	*ip = *mac = i;
}

static void grow(struct address_index *t)
{
	uint32_t n = 2 * (t->mask + 1);
	free(t->by_ip);
	free(t->by_mac);
	t->by_ip = new_chains(n);
	t->by_mac = new_chains(n);
	t->mask = n - 1;
	for (uint32_t i = 0; i < t->n_slots; i++)
		if (t->slots[i].network)
			link_in(t, i);
}

static uint32_t take_slot(struct address_index *t)
{
	if (t->free != NET_NONE) {
		uint32_t i = t->free;
		t->free = t->slots[i].next_ip;
		return i;
	}
	if (t->n_slots == t->max_slots) {
		t->max_slots = t->max_slots ? t->max_slots * 2 : 64;
		t->slots = xheap_realloc(t->slots, t->max_slots * sizeof *t->slots);
	}
	return t->n_slots++;
}

uint32_t address_index_add(struct address_index *t, uint32_t network, bool is_v6, const uint8_t ip[16],
			   const uint8_t mac[6])
{
	uint32_t i = take_slot(t);
	t->slots[i] = (struct address_slot) { 0 };
	if (t->n > t->mask)
		grow(t);
	struct address_slot *b = &t->slots[i];
	b->network = network;
	b->is_v6 = is_v6;
	memcpy(b->ip, ip, 16);
	memcpy(b->mac, mac, 6);
	link_in(t, i);
	t->n++;
	return i;
}

void address_index_remove(struct address_index *t, uint32_t i)
{
	struct address_slot *b = &t->slots[i];
	uint32_t *at = chain_of_ip(t, b->network, b->is_v6, b->ip);
	while (*at != i)
		at = &t->slots[*at].next_ip;
	*at = b->next_ip;
	at = chain_of_mac(t, b->network, b->mac);
	while (*at != i)
		at = &t->slots[*at].next_mac;
	*at = b->next_mac;
	b->network = 0;
	b->next_ip = t->free;
	t->free = i;
	t->n--;
}

void *address_index_room(const struct address_index *t, void *slots, uint32_t *max_slots, size_t size)
{
	if (*max_slots == t->max_slots)
		return slots;
	*max_slots = t->max_slots;
	return xheap_realloc(slots, t->max_slots * size);
}
