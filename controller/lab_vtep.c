/* SPDX-License-Identifier: Apache-2.0 */
/* VTEPs that are no switches of ours: a namespace with eth0 in the underlay and,
 * for each network, a plain VXLAN device of the kernel. It floods to the vteps
 * of all switches and to its own kind (an entry for each) and learns who is behind
 * which. */
#include "controller/lab.h"

#include <string.h>
#include <unistd.h>

static bool is_v6(const char *vtep)
{
	return strchr(vtep, ':');
}

static char *device_lines(struct arena *arena, const struct lab_vm *vm, const struct lab_stand *stand)
{
	char *lines = arena_printf(arena, "link add name %s address %s mtu %u type vxlan id %u local %s dstport 4789\n",
				   stand->dev, vm->mac, vm->mtu, stand->vni, vm->vtep);

	if (stand->ip)
		lines = arena_printf(arena, "%saddr add %s/%u dev %s\n", lines, stand->ip, stand->prefix, stand->dev);
	if (stand->ip6 && access("/proc/net/if_inet6", F_OK) == 0)
		lines = arena_printf(arena, "%saddr add %s/%u dev %s nodad\n", lines, stand->ip6, stand->prefix6,
				     stand->dev);
	return arena_printf(arena, "%slink set %s up\n", lines, stand->dev);
}

/* Is it a VTEP that is in the network too, and no switch of ours? */
static bool has_vni(const struct lab_vm *vm, uint32_t vni)
{
	for (size_t i = 0; i < vm->n_stands; i++) {
		if (vm->stands[i].vni == vni)
			return true;
	}
	return false;
}

static char *flood_lines(struct arena *arena, const struct lab_plan *plan, const struct lab_vm *vm)
{
	char *lines = arena_strdup(arena, "");

	for (size_t i = 0; i < vm->n_stands; i++) {
		for (size_t k = 0; k < plan->n_hosts + plan->n_vms; k++) {
			const struct lab_vm *other = k < plan->n_hosts ? NULL : &plan->vms[k - plan->n_hosts];
			const char *vtep = other ? other->vtep : plan->hosts[k].vtep;

			if (vtep && other != vm && is_v6(vtep) == is_v6(vm->vtep)
			    && (!other || has_vni(other, vm->stands[i].vni)))
				lines = arena_printf(arena, "%sfdb append 00:00:00:00:00:00 dev %s dst %s\n", lines,
						     vm->stands[i].dev, vtep);
		}
	}
	return lines;
}

static bool vtep_up(struct lab_runner *runner, const struct lab_plan *plan, const struct lab_vm *vm)
{
	struct arena *arena = runner->arena;
	bool v6 = is_v6(vm->vtep);
	unsigned prefix = v6 ? plan->vtep_prefix6 : plan->vtep_prefix;
	char *lines = arena_printf(arena, "addr add %s/%u dev eth0%s\n", vm->vtep,
				   prefix ? prefix : v6 ? 128 : 32, v6 ? " nodad" : "");

	for (size_t i = 0; i < vm->n_stands; i++)
		lines = arena_printf(arena, "%s%s", lines, device_lines(arena, vm, &vm->stands[i]));
	return lab_run(runner, lines, "ip", "-n", vm->ns, "-batch", "-", NULL) &&
	       lab_run(runner, flood_lines(arena, plan, vm), "bridge", "-n", vm->ns, "-batch", "-", NULL);
}

bool lab_vteps_up(struct lab_runner *runner, const struct lab_plan *plan)
{
	for (size_t i = 0; i < plan->n_vms; i++) {
		if (plan->vms[i].host == LAB_ON_UNDERLAY && !vtep_up(runner, plan, &plan->vms[i]))
			return false;
	}
	return true;
}
