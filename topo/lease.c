/* SPDX-License-Identifier: Apache-2.0 */
/* The table of leases. */
#include "topo/lease.h"

#include <stdlib.h>
#include <string.h>

void lease_table_init(struct lease_table *t)
{
	*t = (struct lease_table) { 0 };
	address_index_init(&t->index);
}

void lease_table_uninit(struct lease_table *t)
{
	address_index_uninit(&t->index);
	free(t->slots);
	t->slots = NULL;
	t->max_slots = 0;
}

uint32_t lease_add(struct lease_table *t, uint32_t network, bool is_v6, const uint8_t ip[16], const uint8_t mac[6])
{
	uint32_t i = address_index_add(&t->index, network, is_v6, ip, mac);
	t->slots = address_index_room(&t->index, t->slots, &t->max_slots, sizeof *t->slots);
	struct lease *b = &t->slots[i];
	*b = (struct lease) { .network = network, .is_v6 = is_v6, .sw = NET_NONE, .left_sw = NET_NONE };
	memcpy(b->ip, ip, 16);
	memcpy(b->mac, mac, 6);
	return i;
}

void lease_remove(struct lease_table *t, uint32_t i)
{
	address_index_remove(&t->index, i);
	t->slots[i].network = 0;
}
