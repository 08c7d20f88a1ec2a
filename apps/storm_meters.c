/* SPDX-License-Identifier: Apache-2.0 */
/* Which meter belongs to which limit. A hash of port, network and kind says which place
 * in weft's range a limit would have; who finds it taken has the next free one. */
#include <stdlib.h>
#include <string.h>

#include "apps/storm.h"
#include "topo/arena.h"

enum {
	RANGE = METER_STORM_LAST - METER_STORM_FIRST + 1,
	SLACK = 8192,                   /* places at the end that nobody asks for first */
};

static uint64_t slot_of(const struct view_port *port, const struct view_use *use, enum net_storm_kind kind)
{
	struct { char name[sizeof port->name]; uint32_t network, kind; } key;
	memset(&key, 0, sizeof key);
	memcpy(key.name, port->name, strnlen(port->name, sizeof key.name));
	key.network = use->id;
	key.kind = kind;
	uint64_t hash = net_hash(&key, sizeof key);
	/* Equal places are ordered by the rest of the hash. */
	return hash % (RANGE - SLACK) << 40 | hash >> 24;
}

static int by_slot(const void *a_, const void *b_)
{
	const struct storm_meter *a = *(const struct storm_meter *const *) a_;
	const struct storm_meter *b = *(const struct storm_meter *const *) b_;
	return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static size_t collect(const struct view_switch *vs, struct storm_meter *meters)
{
	size_t n = 0;
	for (size_t p = 0; p < vs->n_ports; p++) {
		const struct view_port *port = &vs->ports[p];
		for (size_t u = 0; u < port->n_uses; u++)
			for (unsigned kind = 0; kind < N_LIMITS; kind++) {
				if (!port->uses[u].limits[kind])
					continue;
				if (meters)
					meters[n] = (struct storm_meter) {
						.ofport = port->ofport, .use = &port->uses[u], .kind = kind,
						.slot = slot_of(port, &port->uses[u], kind),
					};
				n++;
			}
	}
	return n;
}

static void give_ids(const struct view_switch *vs, struct storm_meter **order, size_t n)
{
	uint32_t next = METER_STORM_FIRST;
	/* The fixed ones come first: see has_meter(). */
	size_t room = vs->max_meters > METER_STORM_FIRST - METER_OURS_FIRST
		? vs->max_meters - (METER_STORM_FIRST - METER_OURS_FIRST) : 0;
	for (size_t i = 0; i < n && i < room; i++) {
		uint32_t id = METER_STORM_FIRST + (uint32_t) (order[i]->slot >> 40);
		if (id < next)
			id = next;
		if (id > METER_STORM_LAST)
			break;
		order[i]->id = id;
		next = id + 1;
	}
}

struct storm_meter *storm_meters(const struct view_switch *vs, size_t *ret_n,
				 const struct storm_meter ***ret_by_id)
{
	size_t n = collect(vs, NULL);
	struct storm_meter *meters = xheap_alloc((n + 1) * sizeof *meters);
	struct storm_meter **order = xheap_alloc((n + 1) * sizeof *order);
	collect(vs, meters);
	for (size_t i = 0; i < n; i++)
		order[i] = &meters[i];
	qsort(order, n, sizeof *order, by_slot);
	give_ids(vs, order, n);
	*ret_n = n;
	if (ret_by_id)
		*ret_by_id = (const struct storm_meter **) order;
	else
		free(order);
	return meters;
}

size_t storm_n_without(const struct scene *scene, uint32_t sw, bool rates)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	size_t n, n_without = 0;
	if (!vs || !vs->n_limited)
		return 0;
	struct storm_meter *meters = storm_meters(vs, &n, NULL);
	for (size_t i = 0; i < n; i++)
		n_without += !meters[i].id && (meters[i].kind == LIMIT_RATE) == rates;
	free(meters);
	return n_without;
}
