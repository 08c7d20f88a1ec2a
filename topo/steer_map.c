/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table of two numbers, open addressing; nothing is ever taken out. */
#include <stdlib.h>

#include "topo/steer_private.h"

uint64_t steer_mix(uint64_t a, uint64_t b)
{
	/* Constants of MurmurHash3's final mix. */
	uint64_t h = a * 0xff51afd7ed558ccdULL ^ (b + 0x9e3779b97f4a7c15ULL) * 0xc4ceb9fe1a85ec53ULL;
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdULL;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 33;
}

static void alloc(struct steer_map *map, size_t size)
{
	map->cells = xheap_alloc(size * sizeof *map->cells);
	map->mask = size - 1;
	map->n = 0;
	for (size_t i = 0; i < size; i++)
		map->cells[i].value = NET_NONE;
}

void steer_map_init(struct steer_map *map) { alloc(map, 64); }
void steer_map_uninit(struct steer_map *map) { free(map->cells); }

static struct steer_cell *find(const struct steer_map *map, uint64_t a, uint64_t b)
{
	size_t i = steer_mix(a, b) & map->mask;
	while (map->cells[i].value != NET_NONE && (map->cells[i].a != a || map->cells[i].b != b))
		i = (i + 1) & map->mask;
	return &map->cells[i];
}

uint32_t steer_map_get(const struct steer_map *map, uint64_t a, uint64_t b) { return find(map, a, b)->value; }

static void grow(struct steer_map *map)
{
	struct steer_cell *old = map->cells;
	size_t n = map->mask + 1;
	alloc(map, n * 2);
	for (size_t i = 0; i < n; i++)
		if (old[i].value != NET_NONE)
			steer_map_put(map, old[i].a, old[i].b, old[i].value);
	free(old);
}

void steer_map_put(struct steer_map *map, uint64_t a, uint64_t b, uint32_t value)
{
	if (map->n * 2 > map->mask)
		grow(map);
	struct steer_cell *cell = find(map, a, b);
	map->n += cell->value == NET_NONE;
	*cell = (struct steer_cell) { .a = a, .b = b, .value = value };
}
