/* SPDX-License-Identifier: Apache-2.0 */
/* What look-ups in the model go by. Private to topo/net_{lookup,uses}.c. */
#ifndef TOPO_NET_INDEX_H
#define TOPO_NET_INDEX_H

#include "topo/net.h"

struct net_refs;                        /* of net_uses.c: by switch and port */

struct net_index {
	const struct net_refs *refs;
	uint32_t *by_dpid, *by_network_id, *by_peer;    /* indices, sorted */
};

const struct net_refs *net_refs_build(const struct net *);      /* in the arena of the net */

#endif
