/* SPDX-License-Identifier: Apache-2.0 */
/* The ways of a lab between hosts: VTEPs on Open vSwitch, BFD on tunnels and
 * cables, and rates.
 *
 * What a host sends into a cable or an underlay is shaped by its Open vSwitch, which
 * would take any other queueing off its ports. A tunnel with a rate of its own is
 * shaped where the underlay hands its frames to the host at the far end. */
#include "controller/lab_args.h"
#include "controller/lab_plan.h"

#include <string.h>

enum { QUEUE_MS = 20, PACKET = 1500, MIN_QUEUE = 20, MAX_QUEUE = 1000, DEFAULT_BFD_MS = 100 };
#define PLENTY UINT64_C(100000000000)   /* bit/s: as good as no limit */

static bool is_v6(const char *vtep) { return strchr(vtep, ':'); }

unsigned lab_queue_len(uint64_t rate)
{
	uint64_t packets = rate / 8 / 1000 * QUEUE_MS / PACKET;

	return !rate || packets > MAX_QUEUE ? MAX_QUEUE : packets < MIN_QUEUE ? MIN_QUEUE : (unsigned) packets;
}

/* --- Open vSwitch ------------------------------------------------------------------ */

static void shape(struct args *args, const char *port, uint64_t rate)
{
	if (!rate)
		return;
	add_all(args, "--", "set", "Port", port, NULL);
	add(args, "qos=@qos-%s", port);
	add(args, "--");
	add(args, "--id=@qos-%s", port);
	add_all(args, "create", "QoS", "type=linux-htb", NULL);
	add(args, "other-config:max-rate=%llu", (unsigned long long) rate);
}

static void run_bfd(struct args *args, unsigned ms)
{
	add(args, "bfd:enable=true");
	add(args, "bfd:min_rx=%u", ms);
	add(args, "bfd:min_tx=%u", ms);
}

static void add_gate(const struct lab_plan *plan, size_t h, size_t k, struct args *args)
{
	const struct lab_gate *gate = &plan->hosts[h].gates[k];

	add_all(args, "--", "add-br", gate->bridge, "--", "set", "Bridge", gate->bridge,
		"datapath_type=netdev", "fail_mode=standalone", NULL);
	add(args, "other-config:hwaddr=\"02:ff:00:%02zx:%02zx:%02zx\"", k, (h + 1) >> 8 & 255, (h + 1) & 255);
	add_port(args, gate->bridge, gate->dev, 0);
	add(args, "mtu_request=%u", gate->mtu);
	shape(args, gate->dev, gate->rate);
	add_all(args, "--", "set", "Interface", gate->bridge, NULL);
	add(args, "mtu_request=%u", gate->mtu);
}

static void add_bfd_port(const struct lab_plan *plan, const struct lab_tunnel *tunnel, size_t e, struct args *args)
{
	add_port(args, "br-int", tunnel->ports[e], tunnel->ofports[e]);
	add(args, "type=vxlan");
	add(args, "options:remote_ip=\"%s\"", lab_gate(&plan->hosts[tunnel->hosts[!e]], tunnel->underlay)->vtep);
	add(args, "options:local_ip=\"%s\"", lab_gate(&plan->hosts[tunnel->hosts[e]], tunnel->underlay)->vtep);
	add(args, "options:key=%u", tunnel->key);
	run_bfd(args, plan->bfd_ms ? plan->bfd_ms : DEFAULT_BFD_MS);
}

void lab_underlay_args(const struct lab_plan *plan, size_t h, struct args *args)
{
	const struct lab_host *host = &plan->hosts[h];

	for (size_t k = 0; k < host->n_gates; k++)
		add_gate(plan, h, k, args);
	add_port(args, "br-int", host->tunnel, LAB_VXLAN_OFPORT);
	add_all(args, "type=vxlan", "options:remote_ip=flow", "options:key=flow", NULL);
	/* In several, routes say which address is sent from. */
	if (host->n_gates == 1)
		add(args, "options:local_ip=\"%s\"", host->vtep);
	for (size_t i = 0; i < 2 * plan->n_tunnels; i++) {
		const struct lab_tunnel *tunnel = &plan->tunnels[i / 2];

		if (tunnel->hosts[i & 1] == h && tunnel->ports[i & 1])
			add_bfd_port(plan, tunnel, i & 1, args);
	}
}

void lab_cable_args(const struct lab_plan *plan, const struct lab_link *link, size_t e, struct args *args)
{
	add_port(args, "br-int", link->ports[e], link->ofports[e]);
	if (plan->bfd_ms)
		run_bfd(args, plan->bfd_ms);
	shape(args, link->ports[e], link->rate);
}

/* --- addresses ----------------------------------------------------------------------- */

static char *address_lines(struct arena *arena, const struct lab_plan *plan, size_t h, const struct lab_gate *gate)
{
	const struct lab_underlay *underlay = &plan->underlays[gate->underlay];
	bool v6 = is_v6(gate->vtep);
	unsigned prefix = v6 ? underlay->prefix6 : underlay->prefix;
	char *lines = arena_printf(arena, "addr add %s/%u dev %s%s\nlink set %s up\n", gate->vtep,
				   prefix ? prefix : v6 ? 128 : 32, gate->bridge, v6 ? " nodad" : "", gate->bridge);

	for (size_t i = 0; i < plan->n_hosts && !prefix; i++) {
		const struct lab_gate *other = lab_gate(&plan->hosts[i], gate->underlay);

		if (i != h && other && is_v6(other->vtep) == v6)
			lines = arena_printf(arena, "%sroute add %s dev %s\n", lines, other->vtep, gate->bridge);
	}
	return lines;
}

/* The vteps get their addresses: their bridges exist only now. */
bool lab_underlay_up(struct lab_runner *runner, const struct lab_plan *plan)
{
	struct lab_command *commands = arena_new_array(runner->arena, struct lab_command, plan->n_hosts);
	size_t n = 0;

	for (size_t h = 0; h < plan->n_hosts; h++) {
		const struct lab_host *host = &plan->hosts[h];
		char *lines = arena_strdup(runner->arena, "");

		for (size_t k = 0; k < host->n_gates; k++) {
			const struct lab_gate *gate = &host->gates[k];

			if (is_v6(gate->vtep) && !lab_run(runner, NULL, "ip", "netns", "exec", host->ns, "sysctl", "-qew",
							  arena_printf(runner->arena, "net.ipv6.conf.%s.disable_ipv6=0",
								       gate->bridge), NULL))
				return false;
			lines = arena_printf(runner->arena, "%s%s", lines, address_lines(runner->arena, plan, h, gate));
		}
		if (!host->n_gates)
			continue;
		commands[n].argv = lab_argv(runner->arena, "ip", "-n", host->ns, "-batch", "-", NULL);
		commands[n++].input = lines;
	}
	return lab_run_all(runner, commands, n);
}

/* --- rates of tunnels ---------------------------------------------------------------- */

static char *class_lines(struct arena *arena, const char *lines, const char *port, unsigned number, uint64_t rate)
{
	return arena_printf(arena, "%sclass add dev %s parent 1: classid 1:%x htb rate %llubit quantum 60000\n"
			    "qdisc add dev %s parent 1:%x pfifo limit %u\n", lines, port, number,
			    (unsigned long long) rate, port, number, lab_queue_len(rate));
}

/* Frames of the tunnels with a rate that come to this gate, each in a class by its
 * sender; all others in class 1. Null: there is none. */
static char *gate_lines(struct arena *arena, const struct lab_plan *plan, size_t h, const struct lab_gate *gate)
{
	char *lines = NULL;
	unsigned number = 1;

	for (size_t i = 0; i < 2 * plan->n_tunnels; i++) {
		const struct lab_tunnel *tunnel = &plan->tunnels[i / 2];
		const char *from;

		if (tunnel->hosts[i & 1] != h || tunnel->underlay != gate->underlay || !tunnel->rate)
			continue;
		if (!lines)
			lines = class_lines(arena, arena_printf(arena, "qdisc add dev %s root handle 1: htb default 1\n",
								gate->port), gate->port, number++, PLENTY);
		from = lab_gate(&plan->hosts[tunnel->hosts[!(i & 1)]], gate->underlay)->vtep;
		lines = class_lines(arena, lines, gate->port, number, tunnel->rate);
		lines = arena_printf(arena, "%sfilter add dev %s parent 1: protocol %s u32 match %s src %s flowid 1:%x\n",
				     lines, gate->port, is_v6(from) ? "ipv6" : "ip", is_v6(from) ? "ip6" : "ip", from,
				     number++);
	}
	return lines;
}

bool lab_rates_up(struct lab_runner *runner, const struct lab_plan *plan)
{
	char *all = arena_strdup(runner->arena, "");

	for (size_t h = 0; h < plan->n_hosts; h++)
		for (size_t k = 0; k < plan->hosts[h].n_gates; k++) {
			char *lines = gate_lines(runner->arena, plan, h, &plan->hosts[h].gates[k]);

			if (lines)
				all = arena_printf(runner->arena, "%s%s", all, lines);
		}
	return !all[0] || lab_run(runner, all, "tc", "-n", plan->underlay_ns, "-batch", "-", NULL);
}
