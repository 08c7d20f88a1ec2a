/* SPDX-License-Identifier: Apache-2.0 */
/* join: the way back. The bridge gets what it had before it joined, as its external_ids
 * tell; ports that join made go. The certificate stays: it may serve others. */
#include "controller/join.h"

#include <string.h>

static const char *was(const json_t *bridge, const char *key)
{
	const char *value = vsctl_key(bridge, "external_ids", key);
	return strcmp(value, "none") ? value : "";
}

static void give_back(struct join_plan *plan, const char *bridge, const char *what, const char *column, const char *old,
		      const char *value)
{
	if (!strcmp(old, value))
		return;
	add(&plan->changes, "%s: %s -> %s", what, *old ? old : "none", *value ? value : "none");
	if (*value)
		add_all(&plan->commands, "--", "set", "Bridge", bridge, NULL), add(&plan->commands, "%s=%s", column, value);
	else
		add_all(&plan->commands, "--", "clear", "Bridge", bridge, column, NULL);
}

static void give_back_dpid(struct join_plan *plan, const char *name, const json_t *bridge)
{
	const char *before = was(bridge, "weft-was-datapath-id"), *now = vsctl_key(bridge, "other_config", "datapath-id");
	if (!strcmp(before, now) || !*vsctl_key(bridge, "external_ids", "weft-was-datapath-id"))
		return;
	add(&plan->changes, "datapath id: %s -> %s", now, *before ? before : "its own");
	if (*before) {
		add_all(&plan->commands, "--", "set", "Bridge", name, NULL);
		vsctl_add_value(&plan->commands, "other_config:datapath-id", before);
	} else {
		add_all(&plan->commands, "--", "remove", "Bridge", name, "other_config", "datapath-id", NULL);
	}
}

void join_leave(struct arena *arena, const struct vsctl *ovs, const char *name, struct join_plan *plan)
{
	static const char *const keys[] = { "weft-switch", "weft-was-fail-mode", "weft-was-protocols", "weft-was-datapath-id" };
	const json_t *bridge = vsctl_row(ovs, VSCTL_BRIDGE, "name", name), *row;
	const char *targets = "";
	if (!bridge) {
		add(&plan->errors, "there is no bridge %s here", name);
		return;
	}
	bool is_joined = *vsctl_key(bridge, "external_ids", "weft-switch"), has_controller = vsctl_item(bridge, "controller", 0);
	if (!is_joined && !has_controller)
		return;
	for (size_t i = 0; (row = vsctl_controller(ovs, bridge, i)); i++)
		targets = arena_printf(arena, "%s%s%s", targets, i ? ", " : "", vsctl_text(row, "target"));
	if (has_controller) {
		add(&plan->changes, "controller: %s -> none", targets);
		add_all(&plan->commands, "--", "clear", "Bridge", name, "controller", NULL);
	}
	const char *protocols = "", *item;
	for (size_t i = 0; (item = vsctl_item(bridge, "protocols", i)); i++)
		protocols = arena_printf(arena, "%s%s%s", protocols, i ? "," : "", item);
	give_back(plan, name, "fail_mode", "fail_mode", vsctl_text(bridge, "fail_mode"), was(bridge, "weft-was-fail-mode"));
	give_back(plan, name, "protocols", "protocols", protocols, was(bridge, "weft-was-protocols"));
	give_back_dpid(plan, name, bridge);
	json_t *interfaces = vsctl_interfaces(ovs, bridge);
	size_t i;
	json_array_foreach(interfaces, i, row) {
		if (!*vsctl_key(row, "external_ids", "weft-switch"))
			continue;
		add(&plan->changes, "port %s: removed", vsctl_text(row, "name"));
		add_all(&plan->commands, "--", "--if-exists", "del-port", name, vsctl_text(row, "name"), NULL);
	}
	json_decref(interfaces);
	for (i = 0; is_joined && i < sizeof keys / sizeof *keys; i++)
		add_all(&plan->commands, "--", "remove", "Bridge", name, "external_ids", keys[i], NULL);
	if (strcmp(was(bridge, "weft-was-fail-mode"), "secure"))
		add(&plan->warnings, "%s learns by itself then: all its ports are one segment, whatever network they were in", name);
	else
		add(&plan->warnings, "%s keeps fail_mode secure and has no rows then: its ports are silent", name);
}
