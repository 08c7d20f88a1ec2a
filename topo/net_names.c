/* SPDX-License-Identifier: Apache-2.0 */
/* Names of objects and their hashes: what cookies and registers are made of.
 * They depend on the name alone, so a line that moves renumbers nothing. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

static const uint64_t id_mask = (UINT64_C(1) << 48) - 1;

struct naming {
	struct net_object object;
	uint32_t *slot;                 /* takes the index once it is known */
};

uint64_t net_hash(const void *bytes_, size_t n)
{
	const unsigned char *bytes = bytes_;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	/* FNV leaves the low bits of short texts alike; mix them all. */
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	hash ^= hash >> 33;
	return hash;
}

static uint64_t not_zero(uint64_t hash)
{
	return hash ? hash : 1;
}

static void name_object(struct naming *naming, uint32_t *slot, struct where where, const char *name)
{
	*naming = (struct naming) {
		.object = {
			.name = name,
			.id = not_zero(net_hash(name, strlen(name)) & id_mask),
			.where = where,
		},
		.slot = slot,
	};
}

static size_t count_objects(const struct net *net)
{
	size_t n = net->n_switches + net->n_networks + net->n_edges + net->n_vteps + net->n_groups + 2 * net->n_acls;

	for (size_t i = 0; i < net->n_acls; i++)
		n += net->acls[i].n_rules;
	for (size_t i = 0; i < net->n_networks; i++)
		n += net->networks[i].n_ports + net->networks[i].n_uplinks + net->networks[i].physical.n_ports;
	return n;
}

/* A rule is called by its name or by its text. One that is there twice never
 * matches the second time, but needs a name all the same. */
static const char *rule_name(const struct net *net, const struct net_acl *acl, size_t i)
{
	const char *name = acl->rules[i].name ? acl->rules[i].name : acl->rules[i].text;
	size_t n_before = 0;

	for (size_t k = 0; k < i; k++)
		n_before += !strcmp(acl->rules[k].name ? acl->rules[k].name : acl->rules[k].text, name);
	return n_before ? arena_printf(net->arena, "rule %s (%zu) of acl %s", name, n_before + 1, acl->name)
			: arena_printf(net->arena, "rule %s of acl %s", name, acl->name);
}

static size_t name_acls(struct net *net, struct naming *namings)
{
	size_t n = 0;

	for (size_t i = 0; i < net->n_groups; i++)
		name_object(&namings[n++], &net->groups[i].object, net->groups[i].where,
			    arena_printf(net->arena, "group %s", net->groups[i].name));
	for (size_t i = 0; i < net->n_acls; i++) {
		struct net_acl *acl = &net->acls[i];
		const char *name = arena_printf(net->arena, "acl %s", acl->name);

		acl->id = (uint32_t) not_zero(net_hash(name, strlen(name)) & UINT32_MAX);
		name_object(&namings[n++], &acl->object, acl->where, name);
		name_object(&namings[n++], &acl->end_object, acl->where,
			    arena_printf(net->arena, "end of acl %s", acl->name));
		for (size_t k = 0; k < acl->n_rules; k++)
			name_object(&namings[n++], &acl->rules[k].object, acl->rules[k].where,
				    rule_name(net, acl, k));
	}
	return n;
}

static void name_all(struct net *net, struct naming *namings)
{
	struct arena *arena = net->arena;
	size_t n = name_acls(net, namings);

	for (size_t i = 0; i < net->n_switches; i++) {
		struct net_switch *sw = &net->switches[i];

		name_object(&namings[n++], &sw->object, sw->where,
			    arena_printf(arena, "switch %s", sw->name));
	}
	for (size_t i = 0; i < net->n_links; i++)
		name_object(&namings[n++], &net->links[i].object, net->links[i].where,
			    arena_printf(arena, "link %s", net->links[i].name));
	for (size_t i = net->n_links; i < net->n_edges; i++)
		name_object(&namings[n++], &net->edges[i].object, net->edges[i].where,
			    arena_printf(arena, "tunnel %s", net->edges[i].name));
	for (size_t i = 0; i < net->n_vteps; i++) {
		struct net_switch *end = &net->vteps[i].end;

		name_object(&namings[n++], &end->object, end->where, arena_printf(arena, "vtep %s", end->name));
	}
	for (size_t i = 0; i < net->n_networks; i++) {
		struct net_network *network = &net->networks[i];

		network->id = (uint32_t) not_zero(net_hash(network->name, strlen(network->name))
						  & UINT32_MAX);
		name_object(&namings[n++], &network->object, network->where,
			    arena_printf(arena, "network %s", network->name));
		for (size_t k = 0; k < network->n_ports; k++) {
			struct net_port *port = &network->ports[k];

			name_object(&namings[n++], &port->object, port->where,
				    arena_printf(arena, "port %s:%s of network %s", port->switch_glob,
						 port->port_glob, network->name));
		}
		for (size_t k = 0; k < network->n_uplinks; k++) {
			struct net_uplink *uplink = &network->uplinks[k];

			name_object(&namings[n++], &uplink->object, uplink->where,
				    arena_printf(arena, "uplink %s:%s of network %s",
						 uplink->switch_name, uplink->port, network->name));
		}
		for (size_t k = 0; k < network->physical.n_ports; k++) {
			struct net_uplink *port = &network->physical.ports[k];

			name_object(&namings[n++], &port->object, port->where,
				    arena_printf(arena, "physical port %s:%s of network %s",
						 port->switch_name, port->port, network->name));
		}
	}
}

static int by_id(const void *a_, const void *b_)
{
	const struct net_object *a = &((const struct naming *) a_)->object;
	const struct net_object *b = &((const struct naming *) b_)->object;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int by_network_id(const void *a_, const void *b_)
{
	const struct net_network *a = *(const struct net_network *const *) a_;
	const struct net_network *b = *(const struct net_network *const *) b_;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void check_network_ids(const struct net *net, struct diag *diag)
{
	const struct net_network **order =
		arena_new_array(net->arena, const struct net_network *, net->n_networks);

	for (size_t i = 0; i < net->n_networks; i++)
		order[i] = &net->networks[i];
	qsort(order, net->n_networks, sizeof *order, by_network_id);
	for (size_t i = 1; i < net->n_networks; i++)
		if (order[i]->id == order[i - 1]->id)
			diag_add(diag, order[i]->where, DIAG_ID_CLASH,
				 "network \"%s\" has the same hash as network \"%s\" (line %u); rename one of them",
				 order[i]->name, order[i - 1]->name, order[i - 1]->where.line);
}

static int by_acl_id(const void *a_, const void *b_)
{
	const struct net_acl *a = *(const struct net_acl *const *) a_;
	const struct net_acl *b = *(const struct net_acl *const *) b_;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void check_acl_ids(const struct net *net, struct diag *diag)
{
	const struct net_acl **order = arena_new_array(net->arena, const struct net_acl *, net->n_acls);

	for (size_t i = 0; i < net->n_acls; i++)
		order[i] = &net->acls[i];
	if (net->n_acls)
		qsort(order, net->n_acls, sizeof *order, by_acl_id);
	for (size_t i = 1; i < net->n_acls; i++)
		if (order[i]->id == order[i - 1]->id)
			diag_add(diag, order[i]->where, DIAG_ID_CLASH,
				 "acl \"%s\" has the same hash as acl \"%s\" (line %u); rename one of them",
				 order[i]->name, order[i - 1]->name, order[i - 1]->where.line);
}

void net_name_objects(struct net *net, struct diag *diag)
{
	size_t n = count_objects(net);
	struct naming *namings = xheap_alloc(n * sizeof *namings);

	name_all(net, namings);
	check_network_ids(net, diag);
	check_acl_ids(net, diag);
	qsort(namings, n, sizeof *namings, by_id);
	net->objects = arena_new_array(net->arena, struct net_object, n);
	net->n_objects = n;
	for (size_t i = 0; i < n; i++) {
		net->objects[i] = namings[i].object;
		*namings[i].slot = (uint32_t) i;
		if (i && namings[i].object.id == namings[i - 1].object.id)
			diag_add(diag, namings[i].object.where, DIAG_ID_CLASH,
				 "%s has the same hash as %s (line %u); rename one of them",
				 namings[i].object.name, namings[i - 1].object.name,
				 namings[i - 1].object.where.line);
	}
	free(namings);
}
