/* SPDX-License-Identifier: Apache-2.0 */
/* lease: the table of leased IP addresses. Private to the view; an index stays good
 * as long as the lease does, a pointer until the next one is added. */
#ifndef TOPO_LEASE_H
#define TOPO_LEASE_H

#include "topo/address_index.h"
#include "topo/view.h"

struct lease_table {
	struct address_index index;
	struct lease *slots;            /* owned; as many as the index has room for */
	uint32_t max_slots;             /* room */
};

void lease_table_init(struct lease_table *);
void lease_table_uninit(struct lease_table *);
/* Zero but for who and what, and without a place; it must not be there yet. */
uint32_t lease_add(struct lease_table *, uint32_t network, bool is_v6, const uint8_t ip[16], const uint8_t mac[6]);
void lease_remove(struct lease_table *, uint32_t i);

#endif
