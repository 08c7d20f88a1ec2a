/* SPDX-License-Identifier: Apache-2.0 */
/* host: the table of hosts by (network, MAC). Private to the view.
 *
 * Hosts live in chunks that never move, so an index and a pointer stay good as
 * long as the host does. Slots are used again; nothing is allocated per host. */
#ifndef TOPO_HOST_H
#define TOPO_HOST_H

#include "topo/view.h"

_Static_assert(sizeof(struct host) == 64, "a host is one cache line");

enum { HOST_CHUNK_BITS = 12, HOST_CHUNK = 1 << HOST_CHUNK_BITS };

struct host_place { uint32_t hash, host; };      /* host = NET_NONE: empty */

struct host_table {
	struct host **chunks;           /* owned, HOST_CHUNK hosts each */
	size_t n_chunks, max_chunks;
	struct host_place *places;      /* owned */
	uint32_t mask;                  /* number of places - 1; a power of two */
	uint32_t n_slots;               /* slots ever used */
	uint32_t free;                  /* first free slot, chained by host.next */
	uint32_t n;                     /* hosts */
	uint64_t seed;                  /* nobody can choose MACs that share a place */
};

void host_table_init(struct host_table *);
void host_table_uninit(struct host_table *);

/* The index of a host, or NET_NONE. */
uint32_t host_find(const struct host_table *, uint32_t network, const uint8_t mac[6]);
/* Where in memory that look-up begins. */
const void *host_find_at(const struct host_table *, uint32_t network, const uint8_t mac[6]);
/* A new host, zero but for network, MAC and list links (none); it must not be
 * there yet. network is not 0. */
uint32_t host_add(struct host_table *, uint32_t network, const uint8_t mac[6]);
void host_remove(struct host_table *, uint32_t i);

static inline struct host *host_at(const struct host_table *t, uint32_t i)
{
	return &t->chunks[i >> HOST_CHUNK_BITS][i & (HOST_CHUNK - 1)];
}

/* Lists through next and prev; *first = NET_NONE is the empty list. */
void host_link(struct host_table *, uint32_t *first, uint32_t i);
void host_unlink(struct host_table *, uint32_t *first, uint32_t i);

#endif
