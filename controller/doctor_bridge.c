/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: Open vSwitch and the bridge. */
#include <inttypes.h>
#include <string.h>

#include "controller/doctor.h"
#include "controller/here.h"

#define CURE(...) arena_printf(d->arena, __VA_ARGS__)

/* "weft switch join kvm1 --bridge br-x" */
static const char *join_command(struct doctor *d)
{
	const char *name = d->name ? d->name : "NAME";
	if (!strcmp(d->bridge_name, JOIN_BRIDGE))
		return CURE("weft switch join %s", name);
	return CURE("weft switch join %s --bridge %s", name, d->bridge_name);
}

void doctor_ovs(struct doctor *d, struct doctor_result *r)
{
	if (d->ovs_wrong) {
		const char *end = strchr(d->ovs_wrong, '\n');
		doctor_say(d, r, DOCTOR_WRONG, end ? end + 1 : NULL, "%.*s", end ? (int) (end - d->ovs_wrong) : (int) strlen(d->ovs_wrong),
			   d->ovs_wrong);
		return;
	}
	const char *why = d->version ? "" : strrchr(d->daemon_wrong, '\n');
	if (d->version)
		doctor_say(d, r, DOCTOR_FINE, NULL, "%.*s", (int) strcspn(d->version, "\n"), d->version);
	else
		doctor_say(d, r, DOCTOR_WRONG, "systemctl restart openvswitch-switch", "the database is there and ovs-vswitchd does not "
			   "answer: %s", why ? why + 1 : d->daemon_wrong);
}

void doctor_restore_wait(struct doctor *d, struct doctor_result *r)
{
	if (strcmp(vsctl_key(vsctl_switch(&d->ovs), "other_config", "flow-restore-wait"), "true"))
		doctor_say(d, r, DOCTOR_FINE, NULL, "flow-restore-wait is not set");
	else
		doctor_say(d, r, DOCTOR_WRONG, "ovs-vsctl remove Open_vSwitch . other_config flow-restore-wait",
			   "flow-restore-wait is set: no bridge here speaks to its controller, nor forwards");
}

static bool is_userspace(const json_t *bridge) { return !strcmp(vsctl_text(bridge, "datapath_type"), "netdev"); }

/* Measured: docs/howto/trunks.md. The kernel's datapath tells the two apart. */
void doctor_vlan_limit(struct doctor *d, struct doctor_result *r)
{
	const char *limit = vsctl_key(vsctl_switch(&d->ovs), "other_config", "vlan-limit");
	if (!*limit || !strcmp(limit, "1") || !is_userspace(d->bridge))
		doctor_say(d, r, DOCTOR_FINE, NULL, "%s", *limit ? limit : "1");
	else
		doctor_say(d, r, DOCTOR_NOTE, d->net && net_passes_tags(d->net) ? NULL : "ovs-vsctl remove Open_vSwitch . other_config vlan-limit",
			   "vlan-limit is %s: only networks with `tags: pass` need that, and in userspace others let frames with a second tag through",
			   limit);
}

void doctor_bridge(struct doctor *d, struct doctor_result *r)
{
	if (d->bridge)
		doctor_say(d, r, DOCTOR_FINE, NULL, "%s%s%s", d->bridge_name, d->name ? ", the switch " : "", d->name ? d->name : "");
	else
		doctor_say(d, r, DOCTOR_WRONG, join_command(d), "there is no bridge %s", d->bridge_name);
}

void doctor_datapath(struct doctor *d, struct doctor_result *r)
{
	const json_t *own = vsctl_row(&d->ovs, VSCTL_INTERFACE, "name", d->bridge_name), *row;
	const char *type = is_userspace(d->bridge) ? "netdev" : "system";
	char device[IF_NAMESIZE] = "";
	if (*vsctl_text(own, "error") || vsctl_number(own, "ofport", -1) < 0) {
		doctor_say(d, r, DOCTOR_WRONG, CURE("modprobe openvswitch, or without that module: ovs-vsctl set Bridge %s "
						    "datapath_type=netdev", d->bridge_name),
			   "the datapath (%s) does not work: %s", type, vsctl_text(own, "error"));
		return;
	}
	/* In userspace tunnels find only addresses on a bridge of the same datapath. */
	if (is_userspace(d->bridge) && d->vtep && here_has(d->vtep, device)) {
		row = vsctl_bridge_of(&d->ovs, device);
		if (!row || !is_userspace(row)) {
			doctor_say(d, r, DOCTOR_WRONG, CURE("ovs-vsctl add-br br-phys -- set Bridge br-phys datapath_type=netdev, put the NIC "
							    "on it, and move %s to br-phys", d->vtep),
				   "%s is in userspace, and its vtep %s is on %s, which is no bridge in userspace", d->bridge_name, d->vtep,
				   device);
			return;
		}
	}
	doctor_say(d, r, DOCTOR_FINE, NULL, "%s", type);
}

void doctor_interfaces(struct doctor *d, struct doctor_result *r)
{
	json_t *interfaces = vsctl_interfaces(&d->ovs, d->bridge), *row;
	size_t i, n = json_array_size(interfaces);
	json_array_foreach(interfaces, i, row)
		if (*vsctl_text(row, "error")) {
			doctor_say(d, r, DOCTOR_WRONG, CURE("bring the device back, or: ovs-vsctl del-port %s %s", d->bridge_name,
							    vsctl_text(row, "name")),
				   "%s: %s", vsctl_text(row, "name"), vsctl_text(row, "error"));
			break;
		}
	json_decref(interfaces);
	doctor_say(d, r, DOCTOR_FINE, NULL, "%zu interface%s, without an error", n, n == 1 ? "" : "s");
}

void doctor_fail_mode(struct doctor *d, struct doctor_result *r)
{
	const char *mode = vsctl_text(d->bridge, "fail_mode");
	if (!strcmp(mode, "secure"))
		doctor_say(d, r, DOCTOR_FINE, NULL, "secure");
	else
		doctor_say(d, r, DOCTOR_WRONG, CURE("ovs-vsctl set-fail-mode %s secure", d->bridge_name),
			   "%s: without weftd the bridge forgets its rows and floods", *mode ? mode : "none, which is standalone");
}

void doctor_protocols(struct doctor *d, struct doctor_result *r)
{
	const char *first = vsctl_item(d->bridge, "protocols", 0);
	if (!first || vsctl_has(d->bridge, "protocols", "OpenFlow13"))
		doctor_say(d, r, DOCTOR_FINE, NULL, "%s", first ? "OpenFlow13 is among them" : "all");
	else
		doctor_say(d, r, DOCTOR_WRONG, CURE("ovs-vsctl set Bridge %s protocols=OpenFlow13", d->bridge_name),
			   "%s%s: OpenFlow13 is not among them", first, vsctl_item(d->bridge, "protocols", 1) ? " and others" : "");
}

void doctor_dpid(struct doctor *d, struct doctor_result *r)
{
	const char *has = vsctl_text(d->bridge, "datapath_id"), *want = CURE("%016" PRIx64, d->sw->dpid);
	if (!strcmp(has, want))
		doctor_say(d, r, DOCTOR_FINE, NULL, "0x%s", has);
	else
		doctor_say(d, r, DOCTOR_WRONG, CURE("ovs-vsctl set Bridge %s other-config:datapath-id=%s", d->bridge_name, want),
			   "0x%s, and %s:%u says 0x%s", has, d->net->file, d->sw->where.line, want);
}

/* --- controllers --------------------------------------------------------------------------- */

void doctor_controller(struct doctor *d, struct doctor_result *r)
{
	const json_t *row;
	size_t i, n_fine = 0;
	const char *list = "";
	for (i = 0; (row = vsctl_controller(&d->ovs, d->bridge, i)); i++) {
		const char *target = vsctl_text(row, "target"), *error = vsctl_key(row, "status", "last_error"),
			   *state = vsctl_key(row, "status", "state");
		list = CURE("%s%s%s", list, i ? ", " : "", target);
		n_fine += vsctl_true(row, "is_connected");
		if (!vsctl_true(row, "is_connected"))
			doctor_say(d, r, DOCTOR_WRONG, "ask again in 5 s, Open vSwitch tells late; then, at weftd: weft status (it lists whom it refused, and why)",
				   "%s is not connected (%s%s%s)", target, *state ? state : "not tried yet", *error ? ": " : "", error);
	}
	if (!i)
		doctor_say(d, r, DOCTOR_WRONG, CURE("%s --controller ADDRESS", join_command(d)), "%s has no controller", d->bridge_name);
	doctor_say(d, r, DOCTOR_FINE, NULL, "connected: %s", list);
}

void doctor_controller_options(struct doctor *d, struct doctor_result *r)
{
	const json_t *row;
	for (size_t i = 0; (row = vsctl_controller(&d->ovs, d->bridge, i)); i++) {
		const char *target = vsctl_text(row, "target"), *mode = vsctl_text(row, "connection_mode");
		long long backoff = vsctl_number(row, "max_backoff", 8000), probe = vsctl_number(row, "inactivity_probe", JOIN_PROBE_MS);
		if (backoff > JOIN_BACKOFF_MS)
			doctor_say(d, r, DOCTOR_WRONG, join_command(d), "%s: max_backoff is %lld ms: after a restart of weftd the bridge stays away "
				   "so long", target, backoff);
		if (!probe || probe > 2 * JOIN_PROBE_MS)
			doctor_say(d, r, DOCTOR_WRONG, join_command(d), "%s: inactivity_probe is %lld ms: a weftd that is gone without a word is not "
				   "missed", target, probe);
		if (strcmp(mode, "out-of-band"))
			doctor_say(d, r, DOCTOR_WRONG, join_command(d), "%s: connection_mode is in-band: Open vSwitch has hidden rows before weft's, and "
				   "who sends ARP or TCP in the name of weftd's address is in no network and passes every rule", target);
	}
	doctor_say(d, r, DOCTOR_FINE, NULL, "as weft sets them");
}

void doctor_other_controllers(struct doctor *d, struct doctor_result *r)
{
	const json_t *all = vsctl_switch(&d->ovs), *row;
	const char *ovn = vsctl_key(all, "external_ids", "ovn-remote"), *ovn_bridge = vsctl_key(all, "external_ids", "ovn-bridge");
	if (*ovn && !strcmp(*ovn_bridge ? ovn_bridge : "br-int", d->bridge_name))
		doctor_say(d, r, DOCTOR_WRONG, "ovs-vsctl remove Open_vSwitch . external_ids ovn-remote, or give weft another bridge with --bridge",
			   "OVN (%s) has %s too", ovn, d->bridge_name);
	for (size_t i = 0; (row = vsctl_controller(&d->ovs, d->bridge, i)); i++) {
		const char *target = vsctl_text(row, "target");
		if (!strncmp(target, "ptcp:", 5))
			doctor_say(d, r, DOCTOR_WRONG, "weft switch join NAME --replace --controller ADDRESS", "%s: whoever reaches that port can write "
				   "rows", target);
		else if (i && !strcmp(vsctl_text(row, "role"), "other"))
			doctor_say(d, r, DOCTOR_NOTE, NULL, "%s has role other: it can write rows beside weftd's", target);
	}
	doctor_say(d, r, DOCTOR_FINE, NULL, "none");
}
