/* SPDX-License-Identifier: Apache-2.0 */
/* From the file to the plan of a lab: which hosts, VMs, plugs and namespaces
 * there will be, and what they are called. Pure: runs nothing, touches nothing.
 *
 * What cannot be built (an interface name of 16 characters, two namespaces of
 * one name) is a finding, not a surprise half-way through. */
#include "controller/lab_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/pki.h"

static const struct where nowhere = {0};

/* --- hosts ------------------------------------------------------------------------ */

uint32_t lab_host_by_name(const struct lab_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_hosts; i++) {
		if (!strcmp(plan->hosts[i].name, name))
			return (uint32_t) i;
	}
	return NET_NONE;
}

static void add_host(struct making *making, const char *name, uint64_t dpid, const char *vtep,
		     const char *tunnel)
{
	struct lab_plan *plan = making->plan;
	struct arena *arena = plan->arena;

	if (lab_host_by_name(plan, name) != NET_NONE)
		return;
	plan->hosts[plan->n_hosts++] = (struct lab_host){
		.name = arena_strdup(arena, name),
		.ns = arena_printf(arena, "%s-%s", plan->name, name),
		.dir = arena_printf(arena, "%s/hosts/%s", plan->dir, name),
		.dpid = dpid ? dpid : (net_hash(name, strlen(name)) & 0xffffffffffff) | 1,
		.vtep = vtep ? arena_strdup(arena, vtep) : NULL,
		.tunnel = vtep ? arena_strdup(arena, tunnel) : NULL,
	};
}

static int by_host_name(const void *a, const void *b)
{
	return strcmp(((const struct lab_host *) a)->name, ((const struct lab_host *) b)->name);
}

/* The far end of a host's cables has the host's name where that fits. */
static const char *cable_name(struct lab_plan *plan, const char *name, const char *other, size_t i)
{
	return strlen(name) <= LAB_MAX_IFNAME && strcmp(name, other) && strcmp(name, "lo")
		? arena_strdup(plan->arena, name)
		: arena_printf(plan->arena, "host%zu", i);
}

static void add_hosts(struct making *making)
{
	struct lab_plan *plan = making->plan;
	struct arena *arena = plan->arena;
	size_t room = making->net->n_switches + making->wishes->n_switches;
	struct pki_error error;

	plan->hosts = arena_new_array(arena, struct lab_host, room);
	for (size_t i = 0; i < making->net->n_switches; i++) {
		const struct net_switch *sw = &making->net->switches[i];

		if (!pki_name_ok(sw->name, &error))
			diag_add(making->diag, sw->where, DIAG_NAME, "%s", error.text);
		add_host(making, sw->name, sw->dpid, sw->vtep, sw->tunnel);
	}
	for (size_t i = 0; i < making->wishes->n_switches; i++) {
		if (!pki_name_ok(making->wishes->switches[i], &error))
			diag_add(making->diag, making->wishes->switch_wheres[i], DIAG_NAME, "%s",
				 error.text);
		else
			add_host(making, making->wishes->switches[i], 0, NULL, NULL);
	}
	if (!plan->n_hosts)
		diag_add(making->diag, nowhere, DIAG_MISSING, "the file has no switches, so the lab "
			 "cannot know its hosts: add `x-lab: {switches: [kvm1, kvm2]}`");
	qsort(plan->hosts, plan->n_hosts, sizeof *plan->hosts, by_host_name);
	for (size_t i = 0; i < plan->n_hosts; i++) {
		struct lab_host *host = &plan->hosts[i];

		host->mgmt_ip = arena_printf(arena, LAB_NET4 ".%zu.%zu", (i + 1) >> 8, (i + 1) & 255);
		host->mgmt_ip6 = arena_printf(arena, LAB_NET6 "%zx", i + 1);
		host->mgmt_port = cable_name(plan, host->name, "mgmt", i);
		if (host->vtep)
			host->underlay_port = cable_name(plan, host->name, "underlay", i);
	}
}

/* --- cables ----------------------------------------------------------------------- */

static const char *lan_port_name(struct making *making, uint32_t host, const char *port)
{
	struct lab_plan *plan = making->plan;
	const char *name = arena_printf(plan->arena, "%s-%s", plan->hosts[host].name, port);

	return strlen(name) <= LAB_MAX_IFNAME
		? name : arena_printf(plan->arena, "uplink%zu", plan->n_uplinks);
}

/* A port to the LAN, once, however many networks it serves. */
static void add_uplink(struct making *making, const struct net_uplink *uplink)
{
	struct lab_plan *plan = making->plan;
	uint32_t host = lab_host_by_name(plan, making->net->switches[uplink->sw].name);
	struct lab_uplink *new = &plan->uplinks[plan->n_uplinks];

	new->ofport = LAB_UPLINK_OFPORT;
	for (size_t k = 0; k < plan->n_uplinks; k++) {
		if (plan->uplinks[k].host != host)
			continue;
		if (!strcmp(plan->uplinks[k].port, uplink->port))
			return;
		new->ofport = plan->uplinks[k].ofport + 1;
	}
	if (!lab_ifname_ok(making, uplink->where, uplink->port))
		return;
	new->host = host;
	new->port = arena_strdup(plan->arena, uplink->port);
	new->lan_port = lan_port_name(making, host, uplink->port);
	plan->n_uplinks++;
}

static void add_uplinks(struct making *making)
{
	struct lab_plan *plan = making->plan;
	const struct net *net = making->net;
	size_t room = 0;

	for (size_t i = 0; i < net->n_networks; i++)
		room += net->networks[i].n_uplinks + net->networks[i].physical.n_ports;
	plan->uplinks = arena_new_array(plan->arena, struct lab_uplink, room);
	for (size_t i = 0; i < net->n_networks; i++) {
		const struct net_network *network = &net->networks[i];

		for (size_t j = 0; j < network->n_uplinks; j++)
			add_uplink(making, &network->uplinks[j]);
		for (size_t j = 0; j < network->physical.n_ports; j++)
			add_uplink(making, &network->physical.ports[j]);
	}
}

static void add_links(struct making *making)
{
	struct lab_plan *plan = making->plan;
	const struct net *net = making->net;
	unsigned *next = arena_new_array(plan->arena, unsigned, plan->n_hosts);

	plan->links = arena_new_array(plan->arena, struct lab_link, net->n_links);
	for (size_t i = 0; i < net->n_links; i++) {
		struct lab_link *link = &plan->links[plan->n_links];
		bool good = true;

		for (size_t e = 0; e < 2; e++) {
			const struct net_uplink *end = &net->links[i].ends[e];

			link->hosts[e] = lab_host_by_name(plan, end->switch_name);
			link->ports[e] = arena_strdup(plan->arena, end->port);
			link->ofports[e] = LAB_LINK_OFPORT + next[link->hosts[e]]++;
			good = lab_ifname_ok(making, end->where, end->port) && good;
		}
		link->rate = net->links[i].rate;
		plan->n_links += good;
	}
}

/* Who is joined by a link is joined too. */
static void join_by_links(const struct lab_plan *plan, bool *joined)
{
	bool any = false;

	for (size_t i = 0; i < plan->n_hosts; i++)
		any |= joined[i];
	if (!any && plan->n_links)
		joined[plan->links[0].hosts[0]] = true;
	for (bool again = plan->n_links; again;) {
		again = false;
		for (size_t i = 0; i < plan->n_links; i++) {
			const uint32_t *hosts = plan->links[i].hosts;

			if (joined[hosts[0]] == joined[hosts[1]])
				continue;
			joined[hosts[0]] = joined[hosts[1]] = again = true;
		}
	}
}

/* The LAN is plain: what has another VLAN id on its uplink does not meet the others. */
uint16_t lab_lan_vlan(const struct net_network *network)
{
	if (network->physical.n_ports)
		return network->physical.vlan;
	return network->vlan || !network->n_uplinks ? network->vlan : network->uplinks[0].vlan;
}

static void add_networks(struct making *making)
{
	struct lab_plan *plan = making->plan;
	const struct net *net = making->net;

	plan->networks = arena_new_array(plan->arena, struct lab_network, net->n_networks);
	plan->n_networks = net->n_networks;
	plan->passes_tags = net_passes_tags(net);
	for (size_t i = 0; i < net->n_networks; i++) {
		const struct net_network *network = &net->networks[i];
		bool *joined = arena_new_array(plan->arena, bool, plan->n_hosts);

		for (size_t j = 0; j < network->n_uplinks; j++)
			joined[lab_host_by_name(plan, net->switches[network->uplinks[j].sw].name)]
				= network->uplinks[j].vlan == lab_lan_vlan(network);
		if (network->physical.n_ports)
			joined[lab_host_by_name(plan, net->switches[network->physical.ports[0].sw].name)] = true;
		for (size_t j = 0; j < plan->n_hosts && network->tunnels; j++)
			joined[j] |= plan->hosts[j].vtep != NULL;
		join_by_links(plan, joined);
		plan->networks[i] = (struct lab_network){
			.name = arena_strdup(plan->arena, network->name),
			.transport = net_transport_word(network->transport),
			.vlan = lab_lan_vlan(network),
			.joined = joined,
		};
	}
}

const char *lab_vm_at(const struct lab_plan *plan, const struct lab_vm *vm)
{
	return vm->host == LAB_ON_LAN ? "lan" : vm->host == LAB_ON_UNDERLAY ? "underlay" : plan->hosts[vm->host].name;
}

static void add_namespaces(struct lab_plan *plan)
{
	bool underlay = false;

	plan->namespaces = arena_new_array(plan->arena, const char *, plan->n_hosts + plan->n_vms + 3);
	plan->namespaces[plan->n_namespaces++] = plan->ctl_ns;
	if (plan->n_uplinks)
		plan->lan_ns = arena_printf(plan->arena, "%s-lan", plan->name);
	for (size_t i = 0; i < plan->n_vms; i++) {
		if (plan->vms[i].host == LAB_ON_LAN && !plan->lan_ns)
			plan->lan_ns = arena_printf(plan->arena, "%s-lan", plan->name);
	}
	for (size_t i = 0; i < plan->n_hosts; i++)
		underlay |= plan->hosts[i].vtep != NULL;
	if (underlay)
		plan->underlay_ns = arena_printf(plan->arena, "%s-underlay", plan->name);
	if (plan->lan_ns)
		plan->namespaces[plan->n_namespaces++] = plan->lan_ns;
	if (plan->underlay_ns)
		plan->namespaces[plan->n_namespaces++] = plan->underlay_ns;
	for (size_t i = 0; i < plan->n_hosts; i++)
		plan->namespaces[plan->n_namespaces++] = plan->hosts[i].ns;
	for (size_t i = 0; i < plan->n_vms; i++)
		plan->namespaces[plan->n_namespaces++] = plan->vms[i].ns;
}

/* --- the whole -------------------------------------------------------------------- */

struct lab_plan *lab_plan_new(const struct net *net, const struct yaml_node *x_lab,
			      const struct lab_naming *naming, struct diag *diag)
{
	struct arena *arena = arena_new();
	struct lab_plan *plan = arena_alloc(arena, sizeof *plan);
	struct lab_wishes wishes;
	struct making making = {.plan = plan, .net = net, .wishes = &wishes, .diag = diag};

	*plan = (struct lab_plan){
		.arena = arena,
		.name = arena_strdup(arena, naming->name),
		.dir = arena_strdup(arena, naming->dir),
		.file = arena_strdup(arena, naming->file),
		.tls = naming->tls,
		.bfd_ms = naming->bfd_ms,
		.ctl_ns = arena_printf(arena, "%s-ctl", naming->name),
		.ctl_ip = LAB_NET4 ".255.254",
		.ctl_ip6 = LAB_NET6 "ffff",
	};
	lab_wishes_read(arena, x_lab, &wishes, diag);
	add_hosts(&making);
	add_uplinks(&making);
	add_links(&making);
	add_networks(&making);
	lab_plan_vms(&making);
	lab_plan_mtus(&making);
	lab_plan_underlays(&making);
	add_namespaces(plan);
	for (size_t i = 0; i < plan->n_hosts; i++) {
		size_t len = strlen(plan->hosts[i].dir) + strlen("/ovs-vswitchd.ctl");

		if (len > LAB_MAX_SOCKET)
			diag_add(diag, nowhere, DIAG_RANGE, "the lab's directory %s is too long: the socket "
				 "of %s would have %zu characters of at most %d; choose a shorter --dir",
				 plan->dir, plan->hosts[i].name, len, LAB_MAX_SOCKET);
	}
	if (diag_n_errors(diag) || !lab_plan_addresses(plan, net, diag)) {
		lab_plan_free(plan);
		return NULL;
	}
	return plan;
}

void lab_plan_free(struct lab_plan *plan)
{
	if (plan)
		arena_free(plan->arena);
}

const char *lab_plan_target(const struct lab_plan *plan)
{
	return arena_printf(plan->arena, "%s:%s:6653", plan->tls ? "ssl" : "tcp", plan->ctl_ip);
}

static char *slurp(const char *path, size_t *ret_len, struct diag *diag)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t len = 0;

	if (!file) {
		diag_add(diag, nowhere, DIAG_IO, "%s", strerror(errno));
		return NULL;
	}
	do {
		text = xheap_realloc(text, len + 65536);
		len += fread(text + len, 1, 65536, file);
	} while (!feof(file) && !ferror(file) && len <= YAML_MAX_BYTES);
	if (ferror(file)) {
		diag_add(diag, nowhere, DIAG_IO, "%s", strerror(errno));
		free(text);
		text = NULL;
	}
	fclose(file);
	*ret_len = len;
	return text;
}

struct lab_plan *lab_plan_load(const struct lab_naming *naming, struct diag *diag)
{
	struct arena *arena = arena_new();
	struct diag *ignored = diag_new(naming->file);
	struct lab_plan *plan = NULL;
	struct net *net = NULL;
	size_t len;
	char *text = slurp(naming->file, &len, diag);

	if (text)
		net = net_parse(naming->file, text, len, diag);
	if (net) {
		/* The text is fine, or there would be no net: no finding twice. */
		const struct yaml_node *root = yaml_parse(arena, text, len, ignored);

		plan = lab_plan_new(net, root && root->kind == YAML_MAP ? yaml_get(root, "x-lab") : NULL,
				    naming, diag);
	}
	net_free(net);
	free(text);
	diag_free(ignored);
	arena_free(arena);
	return plan;
}
