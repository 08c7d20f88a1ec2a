/* SPDX-License-Identifier: Apache-2.0 */
/* The host table: chains through a pool in chunks, a power of two of buckets.
 *
 * A look-up reads one bucket and, as a rule, one host. The buckets double when
 * there are as many hosts; they never shrink, because what came once may come
 * again and a chunk costs less than a pause. */
#include "topo/host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "topo/arena.h"

enum { BUCKETS_FIRST = 1024 };

static uint32_t *new_buckets(uint32_t n)
{
	uint32_t *buckets = xheap_alloc(n * sizeof *buckets);
	memset(buckets, 0xff, n * sizeof *buckets);     /* NET_NONE */
	return buckets;
}

void host_table_init(struct host_table *t)
{
	*t = (struct host_table) { .mask = BUCKETS_FIRST - 1, .free = NET_NONE };
	t->buckets = new_buckets(BUCKETS_FIRST);
	/* The seed moves hosts between buckets; nothing that can be seen depends
	 * on it. Without entropy the table is as good as any other. */
	if (getrandom(&t->seed, sizeof t->seed, GRND_NONBLOCK) != sizeof t->seed)
		t->seed = 0x9e3779b97f4a7c15ULL;
}

void host_table_uninit(struct host_table *t)
{
	for (size_t i = 0; i < t->n_chunks; i++)
		free(t->chunks[i]);
	free(t->chunks);
	free(t->buckets);
	*t = (struct host_table) { .free = NET_NONE };
}

static uint32_t hash(const struct host_table *t, uint32_t network, const uint8_t mac[6])
{
	uint32_t high = 0;
	uint16_t low;
	memcpy(&high, mac, 4);
	memcpy(&low, mac + 4, 2);
	uint64_t x = ((uint64_t) high << 16 | low) ^ t->seed;
	x += (uint64_t) network * 0xd6e8feb86659fd93ULL;
	x = (x ^ x >> 32) * 0xff51afd7ed558ccdULL;
	x = (x ^ x >> 29) * 0xc4ceb9fe1a85ec53ULL;
	return (uint32_t) (x >> 32);
}

static bool same(const struct host *host, uint32_t network, const uint8_t mac[6])
{
	return host->network == network && !memcmp(host->mac, mac, 6);
}

uint32_t host_find(const struct host_table *t, uint32_t network, const uint8_t mac[6])
{
	uint32_t i = t->buckets[hash(t, network, mac) & t->mask];
	while (i != NET_NONE) {
		const struct host *host = host_at(t, i);
		if (same(host, network, mac))
			return i;
		i = host->chain;
	}
	return NET_NONE;
}

static void chain(struct host_table *t, uint32_t i)
{
	struct host *host = host_at(t, i);
	uint32_t *bucket = &t->buckets[hash(t, host->network, host->mac) & t->mask];
	host->chain = *bucket;
	*bucket = i;
}

static void grow_buckets(struct host_table *t)
{
	uint32_t n = (t->mask + 1) * 2;
	free(t->buckets);
	t->buckets = new_buckets(n);
	t->mask = n - 1;
	for (uint32_t i = 0; i < t->n_slots; i++)
		if (host_at(t, i)->network)
			chain(t, i);
}

static uint32_t take_slot(struct host_table *t)
{
	if (t->free != NET_NONE) {
		uint32_t i = t->free;
		t->free = host_at(t, i)->chain;
		return i;
	}
	if (t->n_slots == t->n_chunks * HOST_CHUNK) {
		if (t->n_chunks == t->max_chunks) {
			t->max_chunks = t->max_chunks ? t->max_chunks * 2 : 16;
			t->chunks = xheap_realloc(t->chunks, t->max_chunks * sizeof *t->chunks);
		}
		t->chunks[t->n_chunks++] = xheap_alloc(HOST_CHUNK * sizeof(struct host));
	}
	return t->n_slots++;
}

uint32_t host_add(struct host_table *t, uint32_t network, const uint8_t mac[6])
{
	/* Before the slot is taken: what is in the free list has no chain to keep. */
	if (t->n > t->mask)
		grow_buckets(t);
	uint32_t i = take_slot(t);
	struct host *host = host_at(t, i);
	*host = (struct host) { .network = network, .sw = NET_NONE, .next = NET_NONE, .prev = NET_NONE };
	memcpy(host->mac, mac, 6);
	chain(t, i);
	t->n++;
	return i;
}

void host_remove(struct host_table *t, uint32_t i)
{
	struct host *host = host_at(t, i);
	uint32_t *at = &t->buckets[hash(t, host->network, host->mac) & t->mask];
	while (*at != i)
		at = &host_at(t, *at)->chain;
	*at = host->chain;
	host->network = 0;
	host->chain = t->free;
	t->free = i;
	t->n--;
}

void host_link(struct host_table *t, uint32_t *first, uint32_t i)
{
	struct host *host = host_at(t, i);
	host->prev = NET_NONE;
	host->next = *first;
	if (*first != NET_NONE)
		host_at(t, *first)->prev = i;
	*first = i;
}

void host_unlink(struct host_table *t, uint32_t *first, uint32_t i)
{
	struct host *host = host_at(t, i);
	if (host->prev == NET_NONE)
		*first = host->next;
	else
		host_at(t, host->prev)->next = host->next;
	if (host->next != NET_NONE)
		host_at(t, host->next)->prev = host->prev;
	host->next = host->prev = NET_NONE;
}
