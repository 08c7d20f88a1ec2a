/* SPDX-License-Identifier: Apache-2.0 */
/* The VMs of a plan: from the ports that the file names outright, from `x-lab`
 * where a glob names none, and physical machines on the LAN. Which networks
 * each stands in, and what it is called. */
#include "controller/lab_plan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/packet.h"

static const struct where nowhere = {0};

/* --- VMs -------------------------------------------------------------------------- */

bool lab_ifname_ok(struct making *making, struct where where, const char *name)
{
	static const char *const taken[] = {
		"lo", "br-int", "br-phys", "mgmt0", "underlay0", "vxlan0", "ovs-netdev", "ovs-system",
	};

	if (strlen(name) > LAB_MAX_IFNAME) {
		diag_add(making->diag, where, DIAG_NAME, "the port name \"%s\" has %zu characters; an "
			 "interface can have %d", name, strlen(name), LAB_MAX_IFNAME);
		return false;
	}
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		if (!strcmp(name, taken[i])) {
			diag_add(making->diag, where, DIAG_NAME, "the lab itself needs the port name \"%s\"",
				 name);
			return false;
		}
	}
	for (const char *p = name; *p; p++) {
		if (!isgraph((unsigned char) *p) || strchr("/:%", *p)) {
			diag_add(making->diag, where, DIAG_NAME, "\"%s\" cannot be the name of an "
				 "interface", name);
			return false;
		}
	}
	return true;
}

/* Which entry of a network a port comes under: the exact one, else the first
 * glob. Unlike net_uses this does not ask whether the port is enabled. */
static const struct net_port *entry_of(const struct net_network *network, const char *sw,
				       const char *port)
{
	const struct net_port *found = NULL;

	for (size_t i = 0; i < network->n_ports; i++) {
		const struct net_port *entry = &network->ports[i];

		if (!net_glob(entry->switch_glob, sw) || !net_glob(entry->port_glob, port))
			continue;
		if (!entry->is_glob)
			return entry;
		if (!found)
			found = entry;
	}
	return found;
}

static int by_tag(const void *a, const void *b)
{
	return ((const struct lab_stand *) a)->tag - ((const struct lab_stand *) b)->tag;
}

static void add_stand(struct lab_plan *plan, struct lab_vm *vm, const char *network, uint16_t tag,
		      const struct lab_wish *wish)
{
	struct lab_stand *stand = &vm->stands[vm->n_stands];

	for (size_t i = 0; i < vm->n_stands; i++) {
		if (vm->stands[i].tag == tag)
			return;
	}
	*stand = (struct lab_stand){
		.network = arena_strdup(plan->arena, network),
		.tag = tag,
		.dev = tag ? arena_printf(plan->arena, "eth0.%u", tag) : "eth0",
	};
	vm->n_stands++;
	if (wish && vm->n_stands == 1) {
		stand->ip = wish->ip;
		stand->prefix = wish->prefix;
		stand->ip6 = wish->ip6;
		stand->prefix6 = wish->prefix6;
	}
}

/* The file says who the host is; what x-lab wishes goes before. */
static void take_declared(struct lab_plan *plan, struct lab_vm *vm, const struct net_port *entry)
{
	const uint8_t *m = entry->mac.bytes;

	if (!entry->mac.is_given)
		return;
	if (!vm->mac)
		vm->mac = arena_printf(plan->arena, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	for (size_t i = 0; i < vm->n_stands; i++) {
		struct lab_stand *stand = &vm->stands[i];

		for (size_t j = 0; stand->tag == entry->tag && j < entry->ips.n; j++) {
			const struct net_address *ip = &entry->ips.items[j];
			const char **place = ip->is_v6 ? &stand->ip6 : &stand->ip;

			if (!*place)
				*place = arena_strdup(plan->arena, ip->text);
		}
	}
}

/* A wish's addresses are for the first network; so sort before they are given. */
static void find_stands(struct making *making, struct lab_vm *vm, const char *sw,
			const struct lab_wish *wish)
{
	struct lab_plan *plan = making->plan;
	struct lab_stand *found = arena_new_array(plan->arena, struct lab_stand,
						  making->net->n_networks);
	size_t n = 0;

	if (net_mirror_of(making->net, sw, vm->port))
		return;
	for (size_t i = 0; i < making->net->n_networks; i++) {
		const struct net_network *network = &making->net->networks[i];
		const struct net_port *entry = entry_of(network, sw, vm->port);

		if (entry && (!wish || !wish->has_tag || wish->tag == entry->tag))
			found[n++] = (struct lab_stand){.network = network->name, .tag = entry->tag};
	}
	qsort(found, n, sizeof *found, by_tag);
	vm->stands = arena_new_array(plan->arena, struct lab_stand, n);
	for (size_t i = 0; i < n; i++)
		add_stand(plan, vm, found[i].network, found[i].tag, wish);
	for (size_t i = 0; i < making->net->n_networks; i++) {
		const struct net_port *entry = entry_of(&making->net->networks[i], sw, vm->port);

		if (entry)
			take_declared(plan, vm, entry);
	}
}

static struct lab_vm *new_vm(struct making *making)
{
	struct lab_plan *plan = making->plan;

	if (plan->n_vms == making->room_vms) {
		size_t room = making->room_vms ? 2 * making->room_vms : 16;
		struct lab_vm *vms = arena_new_array(plan->arena, struct lab_vm, room);

		if (plan->n_vms)
			memcpy(vms, plan->vms, plan->n_vms * sizeof *vms);
		plan->vms = vms;
		making->room_vms = room;
	}
	return &plan->vms[plan->n_vms++];
}

static bool has_port(const struct net *net, const struct net_uplink *uplinks, size_t n, const char *sw,
		     const char *port)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(net->switches[uplinks[i].sw].name, sw) && !strcmp(uplinks[i].port, port))
			return true;
	return false;
}

static bool is_on_lan(const struct net *net, const char *sw, const char *port)
{
	for (size_t i = 0; i < net->n_networks; i++) {
		const struct net_network *network = &net->networks[i];

		if (has_port(net, network->uplinks, network->n_uplinks, sw, port)
		    || has_port(net, network->physical.ports, network->physical.n_ports, sw, port))
			return true;
	}
	return false;
}

static void add_vm(struct making *making, const char *name, const char *sw, const char *port,
		   const struct lab_wish *wish, struct where where)
{
	struct lab_plan *plan = making->plan;
	uint32_t host = lab_host_by_name(plan, sw);
	struct lab_vm *vm;

	if (host == NET_NONE) {
		diag_add(making->diag, where, DIAG_UNKNOWN_SWITCH, "the lab has no switch \"%s\": add "
			 "it to `switches`, or to `x-lab: {switches: [..]}`", sw);
		return;
	}
	for (size_t i = 0; i < plan->n_vms; i++) {
		if (plan->vms[i].host == host && !strcmp(plan->vms[i].port, port)) {
			if (wish)
				diag_add(making->diag, where, DIAG_PORT_TWICE, "two VMs of x-lab have the "
					 "port %s:%s", sw, port);
			return;
		}
	}
	if (is_on_lan(making->net, sw, port)) {
		if (wish)
			diag_add(making->diag, where, DIAG_UPLINK, "%s:%s is an uplink; no VM can have it",
				 sw, port);
		return;
	}
	if (!lab_ifname_ok(making, where, port))
		return;
	vm = new_vm(making);
	*vm = (struct lab_vm){
		.name = name,
		.host = host,
		.port = arena_strdup(plan->arena, port),
		.mac = wish ? wish->mac : NULL,
	};
	find_stands(making, vm, sw, wish);
}

static void add_machine(struct making *making, const struct lab_wish *wish)
{
	struct lab_plan *plan = making->plan;
	uint32_t network = net_network_by_name(making->net, wish->network);
	struct lab_vm *vm;

	if (network == NET_NONE) {
		diag_add(making->diag, wish->where, DIAG_RANGE, "the file has no network \"%s\"",
			 wish->network);
		return;
	}
	if (!lab_ifname_ok(making, wish->where, wish->name))
		return;
	vm = new_vm(making);
	*vm = (struct lab_vm){
		.name = wish->name,
		.host = LAB_ON_LAN,
		.port = wish->name,
		.mac = wish->mac,
		.stands = arena_new_array(plan->arena, struct lab_stand, 1),
	};
	add_stand(plan, vm, wish->network,
		  wish->has_tag ? wish->tag : lab_lan_vlan(&making->net->networks[network]), wish);
}

/* The lab does not have it under another name: its port is called like it. */
static void add_foreign(struct making *making, const struct net_vtep *vtep)
{
	struct lab_plan *plan = making->plan;
	struct lab_vm *vm;

	if (!lab_ifname_ok(making, vtep->end.where, vtep->end.name))
		return;
	vm = new_vm(making);
	*vm = (struct lab_vm){
		.name = arena_strdup(plan->arena, vtep->end.name),
		.host = LAB_ON_UNDERLAY,
		.port = arena_strdup(plan->arena, vtep->end.name),
		.vtep = arena_strdup(plan->arena, vtep->end.vtep),
		.stands = arena_new_array(plan->arena, struct lab_stand, vtep->n_stands),
		.n_stands = vtep->n_stands,
	};
	if (vtep->n_macs) {
		char mac[MAC_TEXT];

		vm->mac = arena_strdup(plan->arena, mac_format(vtep->macs[0].bytes, mac));
	}
	for (size_t i = 0; i < vtep->n_stands; i++) {
		const struct net_network *network = &making->net->networks[vtep->stands[i].network];

		vm->stands[i] = (struct lab_stand){
			.network = arena_strdup(plan->arena, network->name),
			.dev = arena_printf(plan->arena, "vx%u", network->vni),
			.vni = network->vni,
		};
	}
}

/* Somebody who listens to the copies. */
static void add_mirrors(struct making *making)
{
	for (size_t i = 0; i < making->net->n_mirrors; i++) {
		const struct net_mirror_to *to = &making->net->mirrors[i].to;

		for (size_t h = 0; h < making->plan->n_hosts; h++)
			if (net_glob(to->switch_glob, making->plan->hosts[h].name))
				add_vm(making, NULL, making->plan->hosts[h].name, to->port, NULL, to->where);
	}
}

static void add_vms(struct making *making)
{
	for (size_t i = 0; i < making->wishes->n_vms; i++) {
		const struct lab_wish *wish = &making->wishes->vms[i];

		if (wish->sw)
			add_vm(making, wish->name, wish->sw, wish->port, wish, wish->where);
	}
	for (size_t i = 0; i < making->net->n_networks; i++) {
		for (size_t j = 0; j < making->net->networks[i].n_ports; j++) {
			const struct net_port *entry = &making->net->networks[i].ports[j];

			if (!entry->is_glob)
				add_vm(making, NULL, entry->switch_glob, entry->port_glob, NULL,
				       entry->where);
		}
	}
	add_mirrors(making);
	for (size_t i = 0; i < making->wishes->n_machines; i++) {
		if (making->wishes->machines[i].network)
			add_machine(making, &making->wishes->machines[i]);
	}
	for (size_t i = 0; i < making->net->n_vteps; i++)
		add_foreign(making, &making->net->vteps[i]);
}

/* --- names ------------------------------------------------------------------------ */

static bool name_is_taken(const struct lab_plan *plan, const struct lab_vm *self, const char *name)
{
	if (!strcmp(name, "ctl") || !strcmp(name, "lan") || !strcmp(name, "underlay") ||
	    lab_host_by_name(plan, name) != NET_NONE)
		return true;
	for (size_t i = 0; i < plan->n_vms; i++) {
		const struct lab_vm *vm = &plan->vms[i];

		if (vm != self && !strcmp(vm->name ? vm->name : vm->port, name))
			return true;
	}
	return false;
}

static int by_vm_name(const void *a, const void *b)
{
	return strcmp(((const struct lab_vm *) a)->name, ((const struct lab_vm *) b)->name);
}

/* A VM is called like its port where that is clear, else switch-port. All are
 * judged before any is renamed, so that two of a kind are both renamed. */
static void name_vms(struct making *making)
{
	struct lab_plan *plan = making->plan;
	const char **names = arena_new_array(plan->arena, const char *, plan->n_vms);

	for (size_t i = 0; i < plan->n_vms; i++) {
		struct lab_vm *vm = &plan->vms[i];
		bool taken = name_is_taken(plan, vm, vm->name ? vm->name : vm->port);

		if (vm->name && taken)
			diag_add(making->diag, nowhere, DIAG_NAME, "something else in the lab is called "
				 "\"%s\" too: give the VM or machine of x-lab another name", vm->name);
		names[i] = vm->name ? vm->name
			: taken     ? arena_printf(plan->arena, "%s-%s", plan->hosts[vm->host].name, vm->port)
				    : vm->port;
	}
	for (size_t i = 0; i < plan->n_vms; i++) {
		plan->vms[i].name = names[i];
		plan->vms[i].ns = arena_printf(plan->arena, "%s-%s", plan->name, names[i]);
	}
	if (plan->n_vms)
		qsort(plan->vms, plan->n_vms, sizeof *plan->vms, by_vm_name);
	for (size_t h = 0; h < plan->n_hosts; h++) {
		unsigned ofport = 1;

		for (size_t i = 0; i < plan->n_vms; i++) {
			if (plan->vms[i].host == h)
				plan->vms[i].ofport = ofport++;
		}
	}
}

void lab_plan_vms(struct making *making)
{
	add_vms(making);
	name_vms(making);
}
