/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces, cables and addresses of a lab: everything that `ip` does.
 *
 * Few processes, because each costs milliseconds: all namespaces in one batch,
 * all cables in one batch, then one batch per namespace, in parallel.
 *
 * Traps. The kernel of a host sees every frame on a veth besides the switch: it
 * must have no address there and stay silent, and not answer ARP for br-phys on
 * it. The userspace datapath reads frames whose checksum "the hardware" would
 * fill in: a VM's offloads are off. New IPv6 addresses would wait a second for
 * duplicate detection. Defaults hold for interfaces made after them. */
#include "controller/lab.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	OPEN_MS = 10000,
	POLL_MS = 20,
};

/* Lines for `ip -batch -`. */
struct batch {
	char *text;
	size_t size;
	FILE *stream;
};

static void batch_begin(struct batch *batch)
{
	*batch = (struct batch){0};
	batch->stream = open_memstream(&batch->text, &batch->size);
	if (!batch->stream)
		abort();
}

static void batch_add(struct batch *batch, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void batch_add(struct batch *batch, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(batch->stream, format, args);
	va_end(args);
	fputc('\n', batch->stream);
}

/* The text, in the arena. */
static const char *batch_end(struct batch *batch, struct arena *arena)
{
	char *text;

	fclose(batch->stream);
	text = arena_strndup(arena, batch->text, batch->size);
	free(batch->text);
	return text;
}

static struct lab_command ip_in(struct arena *arena, const char *ns, const char *lines)
{
	return (struct lab_command){
		.argv = ns ? lab_argv(arena, "ip", "-n", ns, "-batch", "-", NULL)
			   : lab_argv(arena, "ip", "-batch", "-", NULL),
		.input = lines,
	};
}

static bool has_ipv6(void)
{
	return access("/proc/net/if_inet6", F_OK) == 0;
}

/* --- step 1: namespaces and their defaults ----------------------------------------- */

static bool add_namespaces(struct lab_runner *runner, const struct lab_plan *plan)
{
	struct batch batch;

	batch_begin(&batch);
	for (size_t i = 0; i < plan->n_namespaces; i++)
		batch_add(&batch, "netns add %s", plan->namespaces[i]);
	return lab_run(runner, batch_end(&batch, runner->arena), "ip", "-batch", "-", NULL) != NULL;
}

static bool vm_has_ipv6(const struct lab_vm *vm)
{
	for (size_t i = 0; i < vm->n_stands; i++) {
		if (vm->stands[i].ip6)
			return true;
	}
	return false;
}

#define SYSCTL_IN(NS) "ip", "netns", "exec", (NS), "sysctl", "-qew", \
	"net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.default.router_solicitations=0"
#define NO_IPV6 "net.ipv6.conf.default.disable_ipv6=1"

static bool set_defaults(struct lab_runner *runner, const struct lab_plan *plan)
{
	struct arena *arena = runner->arena;
	struct lab_command *commands = arena_new_array(arena, struct lab_command,
						       plan->n_namespaces);
	size_t n = 0;

	commands[n++].argv = lab_argv(arena, SYSCTL_IN(plan->ctl_ns), NULL);
	if (plan->lan_ns)
		commands[n++].argv = lab_argv(arena, SYSCTL_IN(plan->lan_ns), NO_IPV6, NULL);
	if (plan->underlay_ns)
		commands[n++].argv = lab_argv(arena, SYSCTL_IN(plan->underlay_ns), NO_IPV6, NULL);
	for (size_t i = 0; i < plan->n_hosts; i++)
		commands[n++].argv = lab_argv(arena, SYSCTL_IN(plan->hosts[i].ns), NO_IPV6,
					      "net.ipv4.conf.all.arp_ignore=1",
					      "net.ipv4.conf.default.arp_ignore=1",
					      "net.ipv4.conf.all.arp_announce=2", NULL);
	for (size_t i = 0; i < plan->n_vms; i++)
		commands[n++].argv = lab_argv(arena, SYSCTL_IN(plan->vms[i].ns),
					      vm_has_ipv6(&plan->vms[i]) ? NULL : NO_IPV6, NULL);
	return lab_run_all(runner, commands, n);
}

/* --- step 2: cables ------------------------------------------------------------------ */

static bool add_cables(struct lab_runner *runner, const struct lab_plan *plan)
{
	struct batch batch;

	batch_begin(&batch);
	for (size_t i = 0; i < plan->n_hosts; i++) {
		const struct lab_host *host = &plan->hosts[i];

		batch_add(&batch, "link add name mgmt0 netns %s type veth peer name %s netns %s",
			  host->ns, host->mgmt_port, plan->ctl_ns);
		for (size_t k = 0; k < host->n_gates; k++) {
			const struct lab_gate *gate = &host->gates[k];

			batch_add(&batch, "link add name %s netns %s mtu %u txqueuelen %u type veth "
				  "peer name %s netns %s mtu %u", gate->dev, host->ns, gate->mtu,
				  lab_queue_len(gate->rate), gate->port, plan->underlay_ns,
				  gate->mtu);
		}
	}
	for (size_t i = 0; i < plan->n_uplinks; i++) {
		const struct lab_uplink *uplink = &plan->uplinks[i];

		batch_add(&batch, "link add name %s netns %s mtu %u type veth peer name %s netns %s mtu %u",
			  uplink->port, plan->hosts[uplink->host].ns, plan->lan_mtu, uplink->lan_port,
			  plan->lan_ns, plan->lan_mtu);
	}
	for (size_t i = 0; i < plan->n_links; i++) {
		const struct lab_link *link = &plan->links[i];

		batch_add(&batch, "link add name %s netns %s mtu %u txqueuelen %u type veth peer name %s netns %s mtu %u "
			  "txqueuelen %u", link->ports[0], plan->hosts[link->hosts[0]].ns, plan->lan_mtu,
			  lab_queue_len(link->rate), link->ports[1], plan->hosts[link->hosts[1]].ns, plan->lan_mtu,
			  lab_queue_len(link->rate));
	}
	for (size_t i = 0; i < plan->n_vms; i++) {
		const struct lab_vm *vm = &plan->vms[i];

		/* The MAC of a VTEP is that of its VXLAN devices. */
		if (vm->host == LAB_ON_UNDERLAY) {
			batch_add(&batch, "link add name eth0 index %d netns %s mtu %u type veth "
				  "peer name %s netns %s mtu %u", LAB_ETH0_INDEX, vm->ns, plan->underlay_mtu,
				  vm->port, plan->underlay_ns, plan->underlay_mtu);
			continue;
		}
		batch_add(&batch, "link add name eth0 index %d netns %s mtu %u address %s type veth "
			  "peer name %s netns %s mtu %u", LAB_ETH0_INDEX, vm->ns, vm->mtu, vm->mac, vm->port,
			  vm->host == LAB_ON_LAN ? plan->lan_ns : plan->hosts[vm->host].ns, vm->mtu);
	}
	return lab_run(runner, batch_end(&batch, runner->arena), "ip", "-batch", "-", NULL) != NULL;
}

/* --- step 3: each namespace ----------------------------------------------------------- */

static void begin_bridge(struct batch *batch, const char *name)
{
	batch_begin(batch);
	batch_add(batch, "link set lo up");
	batch_add(batch, "link add %s type bridge forward_delay 0 mcast_snooping 0", name);
}

static void add_bridges(const struct lab_plan *plan, struct lab_command *commands, size_t *n,
			struct arena *arena)
{
	struct batch batch;

	begin_bridge(&batch, "mgmt");
	for (size_t i = 0; i < plan->n_hosts; i++)
		batch_add(&batch, "link set dev %s master mgmt up", plan->hosts[i].mgmt_port);
	batch_add(&batch, "addr add %s/16 dev mgmt", plan->ctl_ip);
	if (has_ipv6())
		batch_add(&batch, "addr add %s/64 dev mgmt nodad", plan->ctl_ip6);
	batch_add(&batch, "link set mgmt up");
	commands[(*n)++] = ip_in(arena, plan->ctl_ns, batch_end(&batch, arena));

	if (plan->lan_ns) {
		begin_bridge(&batch, "lan");
		for (size_t i = 0; i < plan->n_uplinks; i++)
			batch_add(&batch, "link set dev %s master lan up", plan->uplinks[i].lan_port);
		for (size_t i = 0; i < plan->n_vms; i++) {
			if (plan->vms[i].host == LAB_ON_LAN)
				batch_add(&batch, "link set dev %s master lan up", plan->vms[i].port);
		}
		batch_add(&batch, "link set lan mtu %u up", plan->lan_mtu);
		commands[(*n)++] = ip_in(arena, plan->lan_ns, batch_end(&batch, arena));
	}
	if (plan->underlay_ns) {
		begin_bridge(&batch, "underlay");
		for (size_t u = 1; u < plan->n_underlays; u++)
			batch_add(&batch, "link add %s type bridge forward_delay 0 mcast_snooping 0",
				  plan->underlays[u].bridge);
		for (size_t i = 0; i < plan->n_hosts; i++)
			for (size_t k = 0; k < plan->hosts[i].n_gates; k++)
				batch_add(&batch, "link set dev %s master %s up", plan->hosts[i].gates[k].port,
					  plan->underlays[plan->hosts[i].gates[k].underlay].bridge);
		for (size_t i = 0; i < plan->n_vms; i++) {
			if (plan->vms[i].host == LAB_ON_UNDERLAY)
				batch_add(&batch, "link set dev %s master underlay up", plan->vms[i].port);
		}
		for (size_t u = 0; u < plan->n_underlays; u++)
			batch_add(&batch, "link set %s mtu %u up", plan->underlays[u].bridge, plan->underlays[u].mtu);
		commands[(*n)++] = ip_in(arena, plan->underlay_ns, batch_end(&batch, arena));
	}
}

static const char *host_lines(const struct lab_plan *plan, size_t h, struct arena *arena)
{
	const struct lab_host *host = &plan->hosts[h];
	struct batch batch;

	batch_begin(&batch);
	batch_add(&batch, "link set lo up");
	batch_add(&batch, "addr add %s/16 dev mgmt0", host->mgmt_ip);
	if (has_ipv6())
		batch_add(&batch, "addr add %s/64 dev mgmt0 nodad", host->mgmt_ip6);
	batch_add(&batch, "link set mgmt0 up");
	for (size_t k = 0; k < host->n_gates; k++)
		batch_add(&batch, "link set %s up", host->gates[k].dev);
	for (size_t i = 0; i < plan->n_uplinks; i++) {
		if (plan->uplinks[i].host == h)
			batch_add(&batch, "link set dev %s up", plan->uplinks[i].port);
	}
	for (size_t i = 0; i < 2 * plan->n_links; i++) {
		if (plan->links[i / 2].hosts[i & 1] == h)
			batch_add(&batch, "link set dev %s up", plan->links[i / 2].ports[i & 1]);
	}
	for (size_t i = 0; i < plan->n_vms; i++) {
		if (plan->vms[i].host == h)
			batch_add(&batch, "link set dev %s up", plan->vms[i].port);
	}
	return batch_end(&batch, arena);
}

/* Only what stands on eth0 itself; tags are lab_vlan.c's. A VM that has nothing
 * to say untagged says nothing, not even its link-local address. */
static const char *vm_lines(const struct lab_vm *vm, struct arena *arena)
{
	struct batch batch;
	bool untagged = vm->n_stands && vm->stands[0].tag == NET_UNTAGGED && vm->host != LAB_ON_UNDERLAY;

	batch_begin(&batch);
	batch_add(&batch, "link set lo up");
	if (!untagged && has_ipv6())
		batch_add(&batch, "link set eth0 addrgenmode none");
	if (untagged && vm->stands[0].ip)
		batch_add(&batch, "addr add %s/%u dev eth0", vm->stands[0].ip, vm->stands[0].prefix);
	if (untagged && vm->stands[0].ip6 && has_ipv6())
		batch_add(&batch, "addr add %s/%u dev eth0 nodad", vm->stands[0].ip6,
			  vm->stands[0].prefix6);
	batch_add(&batch, "link set eth0 up");
	return batch_end(&batch, arena);
}

static struct lab_command offloads_off(struct arena *arena, const char *ns, const char *dev)
{
	return (struct lab_command){
		.argv = lab_argv(arena, "ip", "netns", "exec", ns, "ethtool", "-K", dev, "tx", "off",
				 "tso", "off", "gso", "off", "gro", "off", NULL),
	};
}

bool lab_namespaces_up(struct lab_runner *runner, const struct lab_plan *plan)
{
	struct arena *arena = runner->arena;
	size_t room = 3 + 2 * plan->n_hosts + 2 * plan->n_vms, n = 0;
	struct lab_command *commands = arena_new_array(arena, struct lab_command, room);

	if (!add_namespaces(runner, plan) || !set_defaults(runner, plan) || !add_cables(runner, plan))
		return false;
	for (size_t i = 0; i < plan->n_hosts && has_ipv6(); i++)
		commands[n++].argv = lab_argv(arena, "ip", "netns", "exec", plan->hosts[i].ns, "sysctl",
					      "-qew", "net.ipv6.conf.mgmt0.disable_ipv6=0", NULL);
	for (size_t i = 0; i < plan->n_vms; i++)
		commands[n++] = offloads_off(arena, plan->vms[i].ns, "eth0");
	if (!lab_run_all(runner, commands, n))
		return false;
	n = 0;
	add_bridges(plan, commands, &n, arena);
	for (size_t i = 0; i < plan->n_hosts; i++)
		commands[n++] = ip_in(arena, plan->hosts[i].ns, host_lines(plan, i, arena));
	for (size_t i = 0; i < plan->n_vms; i++)
		commands[n++] = ip_in(arena, plan->vms[i].ns, vm_lines(&plan->vms[i], arena));
	return lab_run_all(runner, commands, n);
}

/* --- step 4: the kernel opens a port of its bridges a moment after its link is up -------- */

static bool is_open(const char *line) { return !strstr(line, " master ") || strstr(line, " state forwarding "); }

static bool wait_for_bridge(struct lab_runner *runner, const char *ns)
{
	const char *waits_for = "";

	for (int waited = 0; waited < OPEN_MS; waited += POLL_MS) {
		char *links = lab_run(runner, NULL, "bridge", "-n", ns, "-oneline", "link", NULL), *rest = links;

		if (!links)
			return false;
		waits_for = NULL;
		for (char *line; (line = strsep(&rest, "\n")) && !waits_for;)
			waits_for = is_open(line) ? NULL : line;
		if (!waits_for)
			return true;
		if (!lab_pause(runner, POLL_MS))
			return false;
	}
	return lab_fail(runner, "a port of the bridge in %s stays shut: %s", ns, waits_for);
}

bool lab_bridges_open(struct lab_runner *runner, const struct lab_plan *plan)
{
	return wait_for_bridge(runner, plan->ctl_ns) && (!plan->lan_ns || wait_for_bridge(runner, plan->lan_ns))
		&& (!plan->underlay_ns || wait_for_bridge(runner, plan->underlay_ns));
}
