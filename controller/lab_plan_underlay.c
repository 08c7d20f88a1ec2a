/* SPDX-License-Identifier: Apache-2.0 */
/* Underlays of a lab: a bridge each, between the hosts that have a vtep there; and
 * the tunnels that the file names, for their rates and BFD. Pure. */
#include "controller/lab_plan.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	FIRST_BFD_KEY = 0xdff000,       /* VNIs that are no labels, and counted down to one that is free */
	MOST4 = 24, MOST6 = 64, LEAST = 8,
};

/* --- hosts in underlays ------------------------------------------------------------ */

static const char *gate_port(const struct making *making, const struct lab_host *host, size_t h, size_t u)
{
	struct arena *arena = making->plan->arena;
	const char *name = arena_printf(arena, "%s-%s", host->name, making->net->underlays[u].name);

	return strlen(name) <= LAB_MAX_IFNAME && lab_host_by_name(making->plan, name) == NET_NONE
		? name : arena_printf(arena, "host%zu-%zu", h, u + 1);
}

static unsigned smaller(unsigned a, unsigned b) { return a < b ? a : b; }

static void add_gate(struct making *making, struct lab_host *host, const struct net_switch *sw,
		     const struct net_vtep_at *at)
{
	struct lab_plan *plan = making->plan;
	size_t h = (size_t) (host - plan->hosts), k = host->n_gates;
	size_t u = at->underlay == NET_NONE ? 0 : at->underlay;
	unsigned mtu = host->underlay_mtu;

	if (at->underlay != NET_NONE)
		mtu = sw->underlay_mtu_is_given ? smaller(mtu, making->net->underlays[u].mtu) : making->net->underlays[u].mtu;
	host->gates[host->n_gates++] = (struct lab_gate){
		.underlay = u,
		.vtep = k ? arena_strdup(plan->arena, at->text) : host->vtep,
		.dev = arena_printf(plan->arena, "underlay%zu", k),
		.bridge = k ? arena_printf(plan->arena, "br-phys%zu", k + 1) : "br-phys",
		.port = k ? gate_port(making, host, h, u) : host->underlay_port,
		.mtu = mtu,
		.rate = at->rate ? at->rate : making->plan->underlays[u].rate,
	};
	if (mtu > plan->underlays[u].mtu)
		plan->underlays[u].mtu = mtu;
}

static void add_underlays(struct making *making)
{
	struct lab_plan *plan = making->plan;
	const struct net *net = making->net;
	size_t n = net->n_underlays ? net->n_underlays : 1;

	plan->underlays = arena_new_array(plan->arena, struct lab_underlay, n);
	plan->n_underlays = n;
	for (size_t u = 0; u < n; u++)
		plan->underlays[u] = (struct lab_underlay){
			.name = net->n_underlays ? arena_strdup(plan->arena, net->underlays[u].name) : NULL,
			.bridge = u ? arena_printf(plan->arena, "underlay%zu", u + 1) : "underlay",
			.mtu = NET_ETHERNET_MTU,
			.rate = net->n_underlays ? net->underlays[u].rate : 0,
		};
	for (size_t h = 0; h < plan->n_hosts; h++) {
		struct lab_host *host = &plan->hosts[h];
		uint32_t index = net_switch_by_name(net, host->name);
		const struct net_switch *sw = index == NET_NONE ? NULL : &net->switches[index];

		host->gates = arena_new_array(plan->arena, struct lab_gate, sw ? sw->n_vteps : 0);
		for (size_t i = 0; sw && i < sw->n_vteps; i++)
			add_gate(making, host, sw, &sw->vteps[i]);
	}
}

/* --- prefixes ---------------------------------------------------------------------- */

/* The bits, of at most `most`, that the vteps of one family have in common. */
static unsigned common_bits(const struct lab_plan *plan, size_t underlay, int family, unsigned most)
{
	uint8_t first[16], address[16];
	bool seen = false;

	for (size_t i = 0; i < plan->n_hosts + plan->n_vms; i++) {
		const struct lab_gate *gate = i < plan->n_hosts ? lab_gate(&plan->hosts[i], underlay) : NULL;
		const char *vtep = gate ? gate->vtep
			: i >= plan->n_hosts && !underlay ? plan->vms[i - plan->n_hosts].vtep : NULL;
		unsigned bit = 0;

		if (!vtep || inet_pton(family, vtep, address) != 1)
			continue;
		if (!seen)
			memcpy(first, address, sizeof first);
		seen = true;
		while (bit < most && !((first[bit / 8] ^ address[bit / 8]) >> (7 - bit % 8) & 1))
			bit++;
		most = bit;
	}
	return most;
}

/* The longest prefix that holds all vteps of a family: then each is on-link for
 * the others. Open vSwitch needs it so: it takes the address to send from out of
 * the destination's prefix, and does not know a route whose prefix has none. */
static void find_prefixes(struct lab_plan *plan)
{
	for (size_t u = 0; u < plan->n_underlays; u++) {
		unsigned bits4 = common_bits(plan, u, AF_INET, MOST4), bits6 = common_bits(plan, u, AF_INET6, MOST6);

		plan->underlays[u].prefix = bits4 >= LEAST ? bits4 : 0;
		plan->underlays[u].prefix6 = bits6 >= LEAST ? bits6 : 0;
	}
	plan->vtep_prefix = plan->underlays[0].prefix;
	plan->vtep_prefix6 = plan->underlays[0].prefix6;
}

const struct lab_gate *lab_gate(const struct lab_host *host, size_t underlay)
{
	for (size_t i = 0; i < host->n_gates; i++)
		if (host->gates[i].underlay == underlay)
			return &host->gates[i];
	return NULL;
}

/* --- tunnels ----------------------------------------------------------------------- */

static bool is_taken(const struct net *net, uint32_t vni)
{
	for (size_t i = 0; i < net->n_networks; i++)
		if (net->networks[i].vni == vni)
			return true;
	return false;
}

static void add_tunnels(struct making *making)
{
	struct lab_plan *plan = making->plan;
	const struct net *net = making->net;
	unsigned *next = arena_new_array(plan->arena, unsigned, plan->n_hosts);
	uint32_t key = FIRST_BFD_KEY;

	plan->tunnels = arena_new_array(plan->arena, struct lab_tunnel, net->n_tunnels);
	for (size_t i = 0; i < net->n_tunnels; i++) {
		const struct net_tunnel *tunnel = &net->tunnels[i];
		struct lab_tunnel *one = &plan->tunnels[plan->n_tunnels++];

		*one = (struct lab_tunnel){ .underlay = tunnel->underlay == NET_NONE ? 0 : tunnel->underlay,
					    .rate = tunnel->rate };
		while (is_taken(net, key))
			key--;
		one->key = key--;
		for (size_t e = 0; e < 2; e++) {
			one->hosts[e] = lab_host_by_name(plan, tunnel->ends[e].switch_name);
			if (!tunnel->bfd[e].port || !lab_ifname_ok(making, tunnel->bfd[e].where, tunnel->bfd[e].port))
				continue;
			one->ports[e] = arena_strdup(plan->arena, tunnel->bfd[e].port);
			one->ofports[e] = LAB_BFD_OFPORT + next[one->hosts[e]]++;
		}
	}
}

void lab_plan_underlays(struct making *making)
{
	add_underlays(making);
	find_prefixes(making->plan);
	add_tunnels(making);
}
