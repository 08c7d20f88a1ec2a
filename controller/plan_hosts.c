/* SPDX-License-Identifier: Apache-2.0 */
/* Learned hosts before and after: who would lose the port or the network. */
#include "controller/plan.h"

#include <stdlib.h>
#include <string.h>

#include "controller/show.h"
#include "topo/arena.h"

enum { MAX_TOLD = 1000 };

struct before {
	uint8_t mac[6];
	bool has_ip4;
	uint8_t ip4[4];
	uint32_t network;               /* index into names, NET_NONE = the file had none any more */
	uint32_t network_id, sw, ofport;
};

struct plan_hosts {
	struct arena *arena;
	struct before *items;
	size_t n;
	const char **names;             /* of the networks before */
	size_t n_names;
};

struct plan_hosts *plan_hosts_new(const struct core *core)
{
	struct plan_hosts *hosts = xheap_alloc(sizeof *hosts);
	const struct net *net = core->net;
	hosts->arena = arena_new();
	hosts->items = arena_new_array(hosts->arena, struct before, view_n_hosts(core->view) + 1);
	hosts->n_names = net->n_networks;
	hosts->names = arena_new_array(hosts->arena, const char *, net->n_networks + 1);
	for (size_t i = 0; i < net->n_networks; i++)
		hosts->names[i] = arena_strdup(hosts->arena, net->networks[i].name);
	for (size_t i = 0; i < view_host_slots(core->view); i++) {
		const struct host *host = view_host_at(core->view, i);
		if (!host)
			continue;
		struct before *b = &hosts->items[hosts->n++];
		*b = (struct before) { .network_id = host->network, .network = net_network_by_id(net, host->network), .sw = host->sw,
				       .ofport = host->ofport, .has_ip4 = host->has_ip4 };
		memcpy(b->mac, host->mac, sizeof b->mac);
		memcpy(b->ip4, host->ip4, sizeof b->ip4);
	}
	return hosts;
}

void plan_hosts_free(struct plan_hosts *hosts)
{
	arena_free(hosts->arena);
	free(hosts);
}

/* The networks that its port stands in now. */
static json_t *networks_now(const struct core *core, const struct before *b)
{
	json_t *list = json_array();
	const struct view_port *port = b->sw == NET_NONE ? NULL : view_port(core->view, b->sw, b->ofport);
	for (size_t i = 0; port && !port->disabled && i < port->n_uses; i++)
		json_array_append_new(list, show_text(core->net->networks[port->uses[i].network].name));
	return list;
}

static json_t *host_json(const struct plan_hosts *hosts, const struct core *core, const struct before *b)
{
	const struct api_world world = { .core = (struct core *) (uintptr_t) core };
	const char *name = b->network < hosts->n_names ? hosts->names[b->network] : "";
	json_t *where = b->sw == NET_NONE ? json_null() : show_place(&world, b->sw, b->ofport);
	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o}", "mac", show_mac(b->mac), "ip", show_ip4(b->has_ip4 ? b->ip4 : NULL), "where", where,
			 "network", show_text(name), "network_is_gone", net_network_by_id(core->net, b->network_id) == NET_NONE,
			 "networks", networks_now(core, b));
}

json_t *plan_hosts_lost(const struct plan_hosts *hosts, const struct core *core, size_t *ret_n)
{
	json_t *list = json_array();
	*ret_n = 0;
	for (size_t i = 0; i < hosts->n; i++) {
		const struct before *b = &hosts->items[i];
		if (view_host(core->view, b->network_id, b->mac))
			continue;
		if ((*ret_n)++ < MAX_TOLD)
			json_array_append_new(list, host_json(hosts, core, b));
	}
	return list;
}
