/* SPDX-License-Identifier: Apache-2.0 */
/* show hosts: the learned hosts, by network and address. */
#include <stdlib.h>
#include <string.h>

#include "controller/show.h"
#include "ofproto/packet.h"

/* Keys: a = index of the network (to sort by) and its id, b = the address as a
 * number. */
static uint64_t mac_number(const uint8_t mac[6])
{
	uint64_t number = 0;
	for (size_t i = 0; i < 6; i++)
		number = number << 8 | mac[i];
	return number;
}

static const char *host_state(const struct host *host)
{
	return host->unconfirmed ? "unconfirmed" : host->recovered ? "recovered" : "learned";
}

static json_t *address_text(const struct binding *b)
{
	return b->is_v6 ? show_ip6(b->ip) : show_ip4(b->ip);
}

static bool has_ip(const struct core *core, const struct host *host, const char *ip)
{
	const struct binding *b = NULL;
	bool found = false;
	json_t *ip4 = show_ip4(host->has_ip4 ? host->ip4 : NULL);
	json_t *ip6 = show_ip6(host->has_ip6 ? host->ip6 : NULL);
	if (json_is_string(ip4))
		found = !strcmp(json_string_value(ip4), ip);
	if (!found && json_is_string(ip6))
		found = !strcmp(json_string_value(ip6), ip);
	json_decref(ip4);
	json_decref(ip6);
	while (!found && (b = view_host_binding(core->view, host->network, host->mac, b))) {
		json_t *text = address_text(b);
		found = !strcmp(json_string_value(text), ip);
		json_decref(text);
	}
	return found;
}

/* What is answered for, or would be were it not disputed. */
static json_t *addresses(const struct core *core, const struct host *host)
{
	const struct binding *b = NULL;
	json_t *list = json_array();
	while ((b = view_host_binding(core->view, host->network, host->mac, b)))
		json_array_append_new(list, address_text(b));
	return list;
}

static bool stands_at(const struct api_world *world, const struct host *host, const char *sw, const char *port)
{
	const struct view *view = world->core->view;
	const struct view_switch *vs = host->sw == NET_NONE ? NULL : view_switch(view, host->sw);
	if (!vs || (sw && strcmp(vs->name, sw)))
		return false;
	const struct view_port *vp = port ? view_port(view, host->sw, host->ofport) : NULL;
	return !port || (vp && !strcmp(vp->name, port));
}

static int by_key(const void *a_, const void *b_)
{
	const struct show_key *a = a_, *b = b_;
	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	return a->b < b->b ? -1 : a->b > b->b;
}

static bool refill(const struct api_world *world, const struct show_query *query, struct show_keys *keys)
{
	const struct core *core = world->core;
	uint32_t network = 0;
	uint8_t mac[6];
	if (query->network) {
		uint32_t index = net_network_by_name(core->net, query->network);
		if (index == NET_NONE)
			return false;
		network = core->net->networks[index].id;
	}
	if (query->mac && !mac_parse(query->mac, mac))
		return false;
	for (size_t i = 0; i < view_host_slots(core->view); i++) {
		const struct host *host = view_host_at(core->view, i);
		if (!host || (network && host->network != network) ||
		    (query->mac && memcmp(host->mac, mac, sizeof mac)) ||
		    (query->state && strcmp(query->state, host_state(host))) ||
		    ((query->sw || query->port) && !stands_at(world, host, query->sw, query->port)) ||
		    (query->ip && !has_ip(core, host, query->ip)))
			continue;
		uint64_t index = net_network_by_id(core->net, host->network);
		show_keys_add(keys, index << 32 | host->network, mac_number(host->mac));
	}
	show_keys_sort(keys, by_key);
	return false;
}

static json_t *item(const struct api_world *world, const struct show_query *query,
		    const struct show_key *key)
{
	const struct core *core = world->core;
	uint8_t mac[6];
	(void) query;
	for (size_t i = 0; i < 6; i++)
		mac[i] = (uint8_t) (key->b >> (40 - 8 * i));
	const struct host *host = view_host(core->view, (uint32_t) key->a, mac);
	uint32_t index = net_network_by_id(core->net, (uint32_t) key->a);
	if (!host || index == NET_NONE)
		return NULL;
	const struct view_switch *vs = host->sw == NET_NONE ? NULL : view_switch(core->view, host->sw);
	const struct view_port *port = vs ? view_port(core->view, host->sw, host->ofport) : NULL;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:s}",
			 "mac", show_mac(host->mac),
			 "ip", show_ip4(host->has_ip4 ? host->ip4 : NULL),
			 "ip6", show_ip6(host->has_ip6 ? host->ip6 : NULL),
			 "addresses", addresses(core, host),
			 "network", show_text(core->net->networks[index].name),
			 "where", show_place(world, host->sw, host->ofport),
			 "switch", show_text(vs ? vs->name : NULL), "port", show_text(port ? port->name : NULL),
			 "seen_seconds", (json_int_t) ((core->now_ms - host->seen_ms) / 1000),
			 "known_seconds", (json_int_t) ((core->now_ms - host->first_ms) / 1000),
			 "state", host_state(host));
}

const struct show_list show_hosts = {
	.name = "hosts",
	.refill = refill,
	.item = item,
};
