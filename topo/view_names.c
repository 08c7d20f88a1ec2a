/* SPDX-License-Identifier: Apache-2.0 */
/* Names of networks that earlier files had: events are older than the file, and tell of networks
 * by id. An id is made from the name, so it means the same for ever. */
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/view_private.h"

static const char *gone_name(const struct view *view, uint32_t id)
{
	for (size_t i = 0; i < view->n_gone && i < VIEW_GONE_NETWORKS; i++)
		if (view->gone_networks[i].id == id)
			return view->gone_networks[i].name;
	return NULL;
}

static void keep(struct view *view, const struct net_network *network)
{
	if (!view->gone_networks)
		view->gone_networks = xheap_alloc(VIEW_GONE_NETWORKS * sizeof *view->gone_networks);
	struct gone_network *place = &view->gone_networks[view->n_gone++ % VIEW_GONE_NETWORKS];
	free(place->name);
	*place = (struct gone_network) { .id = network->id, .name = xheap_strdup(network->name) };
}

void view_keep_names(struct view *view, const struct net *next)
{
	for (size_t i = 0; view->net && i < view->net->n_networks; i++) {
		const struct net_network *network = &view->net->networks[i];
		if (net_network_by_id(next, network->id) == NET_NONE && !gone_name(view, network->id))
			keep(view, network);
	}
}

const char *view_network_name(const struct view *view, uint32_t id)
{
	uint32_t i = view->net ? net_network_by_id(view->net, id) : NET_NONE;
	return i == NET_NONE ? gone_name(view, id) : view->net->networks[i].name;
}

void view_names_free(struct view *view)
{
	for (size_t i = 0; i < view->n_gone && i < VIEW_GONE_NETWORKS; i++)
		free(view->gone_networks[i].name);
	free(view->gone_networks);
}
