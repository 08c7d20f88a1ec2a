/* SPDX-License-Identifier: Apache-2.0 */
/* The host table: hosts in a pool of chunks, and an open-addressed table of where
 * they are: linear, at most half full.
 *
 * The hash stands beside the index, so that a look-up reads one cache line of
 * the table, and a host only when it is there. The table doubles; it never
 * shrinks, because what came once may come again and memory costs less than a
 * pause. */
#include "topo/host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "topo/arena.h"

enum { PLACES_FIRST = 1024 };

static struct host_place *new_places(size_t n)
{
	struct host_place *places = xheap_alloc(n * sizeof *places);
	memset(places, 0xff, n * sizeof *places);       /* NET_NONE */
	return places;
}

void host_table_init(struct host_table *t)
{
	*t = (struct host_table) { .mask = PLACES_FIRST - 1, .free = NET_NONE };
	t->places = new_places(PLACES_FIRST);
	/* The seed moves hosts between places; nothing that can be seen depends
	 * on it. Without entropy the table is as good as any other. */
	if (getrandom(&t->seed, sizeof t->seed, GRND_NONBLOCK) != sizeof t->seed)
		t->seed = 0x9e3779b97f4a7c15ULL;
}

void host_table_uninit(struct host_table *t)
{
	for (size_t i = 0; i < t->n_chunks; i++)
		free(t->chunks[i]);
	free(t->chunks);
	free(t->places);
	*t = (struct host_table) { .free = NET_NONE };
}

static uint32_t hash_of(const struct host_table *t, uint32_t network, const uint8_t mac[6])
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
	uint32_t hash = hash_of(t, network, mac), host;
	for (uint32_t at = hash & t->mask; (host = t->places[at].host) != NET_NONE; at = (at + 1) & t->mask)
		if (t->places[at].hash == hash && same(host_at(t, host), network, mac))
			return host;
	return NET_NONE;
}

const void *host_find_at(const struct host_table *t, uint32_t network, const uint8_t mac[6])
{
	return &t->places[hash_of(t, network, mac) & t->mask];
}

static void put(struct host_table *t, struct host_place place)
{
	uint32_t at = place.hash & t->mask;
	while (t->places[at].host != NET_NONE)
		at = (at + 1) & t->mask;
	t->places[at] = place;
}

static void grow(struct host_table *t)
{
	struct host_place *old = t->places;
	size_t n = (size_t) t->mask + 1;
	t->places = new_places(2 * n);
	t->mask = (uint32_t) (2 * n - 1);
	for (size_t at = 0; at < n; at++)
		if (old[at].host != NET_NONE)
			put(t, old[at]);
	free(old);
}

/* Takes host i out and closes the gap: what follows moves back unless it stands
 * between its home and the gap. */
static void take_out(struct host_table *t, uint32_t i)
{
	const struct host *host = host_at(t, i);
	uint32_t gap = hash_of(t, host->network, host->mac) & t->mask;
	while (t->places[gap].host != i)
		gap = (gap + 1) & t->mask;
	for (uint32_t at = (gap + 1) & t->mask; t->places[at].host != NET_NONE; at = (at + 1) & t->mask) {
		uint32_t home = t->places[at].hash & t->mask;
		if (((at - home) & t->mask) >= ((at - gap) & t->mask)) {
			t->places[gap] = t->places[at];
			gap = at;
		}
	}
	t->places[gap].host = NET_NONE;
}

static uint32_t take_slot(struct host_table *t)
{
	if (t->free != NET_NONE) {
		uint32_t i = t->free;
		t->free = host_at(t, i)->next;
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
	if (t->n > t->mask / 2)
		grow(t);
	uint32_t i = take_slot(t);
	struct host *host = host_at(t, i);
	*host = (struct host) { .network = network, .sw = NET_NONE, .next = NET_NONE, .prev = NET_NONE };
	memcpy(host->mac, mac, 6);
	put(t, (struct host_place) { .hash = hash_of(t, network, mac), .host = i });
	t->n++;
	return i;
}

void host_remove(struct host_table *t, uint32_t i)
{
	struct host *host = host_at(t, i);
	take_out(t, i);
	host->network = 0;
	host->next = t->free;
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
