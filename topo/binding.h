/* SPDX-License-Identifier: Apache-2.0 */
/* binding: the table of IP addresses and who has them. Private to the view; an index
 * stays good as long as the binding does, a pointer until the next one is added. */
#ifndef TOPO_BINDING_H
#define TOPO_BINDING_H

#include "topo/address_index.h"
#include "topo/view.h"

struct binding_table {
	struct address_index index;
	struct binding *slots;          /* owned; as many as the index has room for */
	uint32_t max_slots;             /* room */
};

void binding_table_init(struct binding_table *);
void binding_table_uninit(struct binding_table *);
/* Zero but for who and what; it must not be there yet. network is not 0. */
uint32_t binding_add(struct binding_table *, uint32_t network, bool is_v6, const uint8_t ip[16],
		     const uint8_t mac[6]);
void binding_remove(struct binding_table *, uint32_t i);

#endif
