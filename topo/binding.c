/* SPDX-License-Identifier: Apache-2.0 */
/* The table of addresses. */
#include "topo/binding.h"

#include <stdlib.h>
#include <string.h>

void binding_table_init(struct binding_table *t)
{
	*t = (struct binding_table) { 0 };
	address_index_init(&t->index);
}

void binding_table_uninit(struct binding_table *t)
{
	address_index_uninit(&t->index);
	free(t->slots);
	t->slots = NULL;
	t->max_slots = 0;
}

uint32_t binding_add(struct binding_table *t, uint32_t network, bool is_v6, const uint8_t ip[16], const uint8_t mac[6])
{
	uint32_t i = address_index_add(&t->index, network, is_v6, ip, mac);
	t->slots = address_index_room(&t->index, t->slots, &t->max_slots, sizeof *t->slots);
	struct binding *b = &t->slots[i];
	*b = (struct binding) { .network = network, .is_v6 = is_v6, .rival_sw = NET_NONE };
	memcpy(b->ip, ip, 16);
	memcpy(b->mac, mac, 6);
	return i;
}

void binding_remove(struct binding_table *t, uint32_t i)
{
	address_index_remove(&t->index, i);
	t->slots[i].network = 0;
}
