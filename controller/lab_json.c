/* SPDX-License-Identifier: Apache-2.0 */
/* DIR/lab.json: the map of a lab. It is written before the first namespace is
 * made, so that a lab that was built by half can be taken down as well, and
 * again when all is up. What --json prints is the same. */
#include "controller/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *path(const struct lab_plan *plan, const char *dir, const char *file)
{
	return json_string(arena_printf(plan->arena, "%s/%s", dir, file));
}

static json_t *pid_or_null(pid_t pid)
{
	return pid > 0 ? json_integer(pid) : json_null();
}

pid_t lab_pid_of(const char *pid_file)
{
	FILE *file = fopen(pid_file, "re");
	long pid = 0;

	if (file && fscanf(file, "%ld", &pid) != 1)
		pid = 0;
	if (file)
		fclose(file);
	return pid > 1 ? (pid_t) pid : 0;
}

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

/* --- parts ----------------------------------------------------------------------- */

static json_t *stand_json(const struct lab_stand *stand)
{
	json_t *object = json_object();

	set(object, "network", json_string(stand->network));
	set(object, "tag", stand->tag ? json_integer(stand->tag) : json_null());
	set(object, "dev", text_or_null(stand->dev));
	set(object, "ip", text_or_null(stand->ip));
	set(object, "prefix", stand->ip ? json_integer(stand->prefix) : json_null());
	set(object, "ip6", text_or_null(stand->ip6));
	set(object, "prefix6", stand->ip6 ? json_integer(stand->prefix6) : json_null());
	return object;
}

/* The first address of the VM stands on top: most VMs have one. */
static json_t *vm_json(const struct lab_plan *plan, const struct lab_vm *vm)
{
	const struct lab_stand *first = vm->n_stands ? &vm->stands[0] : NULL;
	bool on_switch = vm->host < plan->n_hosts;
	const char *host = on_switch ? plan->hosts[vm->host].name : NULL;
	json_t *object = json_object(), *stands = json_array();

	for (size_t i = 0; i < vm->n_stands; i++)
		json_array_append_new(stands, stand_json(&vm->stands[i]));
	set(object, "name", json_string(vm->name));
	set(object, "ns", json_string(vm->ns));
	set(object, "host", text_or_null(host));
	set(object, "port", json_string(vm->port));
	set(object, "where", json_string(arena_printf(plan->arena, "%s:%s", lab_vm_at(plan, vm), vm->port)));
	set(object, "ofport", on_switch ? json_integer(vm->ofport) : json_null());
	set(object, "vtep", text_or_null(vm->vtep));
	set(object, "mac", json_string(vm->mac));
	set(object, "mtu", json_integer(vm->mtu));
	set(object, "ip", text_or_null(first ? first->ip : NULL));
	set(object, "ip6", text_or_null(first ? first->ip6 : NULL));
	set(object, "networks", stands);
	return object;
}

static json_t *uplinks_json(const struct lab_plan *plan, size_t h)
{
	json_t *uplinks = json_array();

	for (size_t i = 0; i < plan->n_uplinks; i++) {
		const struct lab_uplink *uplink = &plan->uplinks[i];

		if (uplink->host == h)
			json_array_append_new(uplinks, json_pack("{s:s, s:s, s:I}", "port", uplink->port,
								 "lan_port", uplink->lan_port, "ofport",
								 (json_int_t) uplink->ofport));
	}
	return uplinks;
}

static json_t *gates_json(const struct lab_plan *plan, const struct lab_host *host)
{
	json_t *gates = json_array();

	for (size_t k = 0; k < host->n_gates; k++) {
		const struct lab_gate *gate = &host->gates[k];

		json_array_append_new(gates, json_pack("{s:o, s:s, s:s, s:s, s:s, s:I}", "underlay",
						       text_or_null(plan->underlays[gate->underlay].name), "vtep", gate->vtep,
						       "dev", gate->dev, "bridge", gate->bridge, "port", gate->port, "mtu",
						       (json_int_t) gate->mtu));
	}
	return gates;
}

static json_t *host_json(const struct lab_plan *plan, size_t h)
{
	const struct lab_host *host = &plan->hosts[h];
	json_t *object = json_object();
	char dpid[17];

	snprintf(dpid, sizeof dpid, "%016llx", (unsigned long long) host->dpid);
	set(object, "name", json_string(host->name));
	set(object, "ns", json_string(host->ns));
	set(object, "dir", json_string(host->dir));
	set(object, "dpid", json_string(arena_printf(plan->arena, "0x%s", dpid)));
	set(object, "bridge", json_string("br-int"));
	set(object, "db", path(plan, host->dir, "db.sock"));
	set(object, "mgmt", path(plan, host->dir, "br-int.mgmt"));
	set(object, "ctl", path(plan, host->dir, "ovs-vswitchd.ctl"));
	set(object, "db_ctl", path(plan, host->dir, "ovsdb-server.ctl"));
	set(object, "vswitchd_log", path(plan, host->dir, "ovs-vswitchd.log"));
	set(object, "vswitchd_pid_file", path(plan, host->dir, "ovs-vswitchd.pid"));
	set(object, "ovsdb_pid_file", path(plan, host->dir, "ovsdb-server.pid"));
	set(object, "vswitchd_pid",
	    pid_or_null(lab_pid_of(arena_printf(plan->arena, "%s/ovs-vswitchd.pid", host->dir))));
	set(object, "ovsdb_pid",
	    pid_or_null(lab_pid_of(arena_printf(plan->arena, "%s/ovsdb-server.pid", host->dir))));
	set(object, "mgmt_dev", json_string("mgmt0"));
	set(object, "mgmt_ip", json_string(host->mgmt_ip));
	set(object, "mgmt_ip6", json_string(host->mgmt_ip6));
	set(object, "mgmt_port", json_string(host->mgmt_port));
	set(object, "uplinks", uplinks_json(plan, h));
	set(object, "vtep", text_or_null(host->vtep));
	set(object, "underlay_dev", host->vtep ? json_string("underlay0") : json_null());
	set(object, "underlay_mtu", host->vtep ? json_integer(host->underlay_mtu) : json_null());
	set(object, "underlay_port", text_or_null(host->underlay_port));
	set(object, "underlays", gates_json(plan, host));
	set(object, "vxlan_port", host->vtep ? json_string(host->tunnel) : json_null());
	return object;
}

static bool stands_in(const struct lab_vm *vm, const char *network)
{
	for (size_t i = 0; i < vm->n_stands; i++) {
		if (!strcmp(vm->stands[i].network, network))
			return true;
	}
	return false;
}

static json_t *network_json(const struct lab_plan *plan, const struct lab_network *network)
{
	json_t *object = json_object(), *joined = json_array(), *vms = json_array();

	for (size_t h = 0; h < plan->n_hosts; h++) {
		if (network->joined[h])
			json_array_append_new(joined, json_string(plan->hosts[h].name));
	}
	for (size_t i = 0; i < plan->n_vms; i++) {
		if (stands_in(&plan->vms[i], network->name))
			json_array_append_new(vms, json_string(plan->vms[i].name));
	}
	set(object, "name", json_string(network->name));
	set(object, "transport", json_string(network->transport));
	set(object, "vlan", network->vlan ? json_integer(network->vlan) : json_null());
	set(object, "joined", joined);
	set(object, "vms", vms);
	return object;
}

static json_t *ctl_json(const struct lab_plan *plan)
{
	json_t *object = json_object();

	set(object, "ns", json_string(plan->ctl_ns));
	set(object, "bridge", json_string("mgmt"));
	set(object, "ip", json_string(plan->ctl_ip));
	set(object, "ip6", json_string(plan->ctl_ip6));
	set(object, "target", json_string(lab_plan_target(plan)));
	return object;
}

static json_t *weftd_json(const struct lab_plan *plan, const struct lab_options *options, pid_t pid)
{
	json_t *object = json_object();

	set(object, "program", text_or_null(options->weftd));
	set(object, "listen", json_string(lab_plan_target(plan)));
	set(object, "pid", pid_or_null(pid));
	set(object, "pid_file", path(plan, plan->dir, "weftd.pid"));
	set(object, "log", path(plan, plan->dir, "weftd.log"));
	set(object, "run_dir", path(plan, plan->dir, "run"));
	set(object, "state_dir", path(plan, plan->dir, "state"));
	set(object, "socket", path(plan, plan->dir, "run/weftd.sock"));
	return object;
}

static json_t *segment_json(const char *ns, const char *bridge)
{
	return ns ? json_pack("{s:s, s:s}", "ns", ns, "bridge", bridge) : json_null();
}

static json_t *lan_json(const struct lab_plan *plan)
{
	json_t *object = segment_json(plan->lan_ns, "lan"), *uplinks = json_array();

	for (size_t i = 0; i < plan->n_uplinks; i++) {
		const struct lab_uplink *uplink = &plan->uplinks[i];

		json_array_append_new(uplinks,
				      json_pack("{s:s, s:s, s:s}", "switch", plan->hosts[uplink->host].name,
						"port", uplink->port, "lan_port", uplink->lan_port));
	}
	if (json_is_object(object))
		set(object, "uplinks", uplinks);
	else
		json_decref(uplinks);
	return object;
}

static json_t *links_json(const struct lab_plan *plan)
{
	json_t *links = json_array();

	for (size_t i = 0; i < plan->n_links; i++) {
		const struct lab_link *link = &plan->links[i];

		json_array_append_new(links, json_pack(
			"{s:s, s:s, s:s, s:s, s:s, s:s, s:o}",
			"switch_a", plan->hosts[link->hosts[0]].name, "port_a", link->ports[0],
			"ns_a", plan->hosts[link->hosts[0]].ns,
			"switch_b", plan->hosts[link->hosts[1]].name, "port_b", link->ports[1],
			"ns_b", plan->hosts[link->hosts[1]].ns, "rate_bits_per_second",
			link->rate ? json_integer((json_int_t) link->rate) : json_null()));
	}
	return links;
}

static json_t *tunnels_json(const struct lab_plan *plan)
{
	json_t *tunnels = json_array();

	for (size_t i = 0; i < plan->n_tunnels; i++) {
		const struct lab_tunnel *tunnel = &plan->tunnels[i];

		json_array_append_new(tunnels, json_pack(
			"{s:s, s:s, s:o, s:o, s:o, s:o}",
			"switch_a", plan->hosts[tunnel->hosts[0]].name, "switch_b", plan->hosts[tunnel->hosts[1]].name,
			"underlay", text_or_null(plan->underlays[tunnel->underlay].name),
			"bfd_port_a", text_or_null(tunnel->ports[0]), "bfd_port_b", text_or_null(tunnel->ports[1]),
			"rate_bits_per_second", tunnel->rate ? json_integer((json_int_t) tunnel->rate) : json_null()));
	}
	return tunnels;
}

static json_t *underlays_json(const struct lab_plan *plan)
{
	json_t *underlays = json_array();

	for (size_t u = 0; u < plan->n_underlays && plan->underlay_ns; u++) {
		const struct lab_underlay *underlay = &plan->underlays[u];

		json_array_append_new(underlays, json_pack(
			"{s:o, s:s, s:I, s:o}", "name", text_or_null(underlay->name), "bridge", underlay->bridge, "mtu",
			(json_int_t) underlay->mtu, "rate_bits_per_second",
			underlay->rate ? json_integer((json_int_t) underlay->rate) : json_null()));
	}
	return underlays;
}

/* --- the whole --------------------------------------------------------------------- */

json_t *lab_json(const struct lab_plan *plan, const struct lab_options *options,
		 enum lab_state state, pid_t weftd)
{
	json_t *root = json_object(), *namespaces = json_array(), *hosts = json_object(),
	       *vms = json_object(), *networks = json_object();

	for (size_t i = 0; i < plan->n_namespaces; i++)
		json_array_append_new(namespaces, json_string(plan->namespaces[i]));
	for (size_t i = 0; i < plan->n_hosts; i++)
		set(hosts, plan->hosts[i].name, host_json(plan, i));
	for (size_t i = 0; i < plan->n_vms; i++)
		set(vms, plan->vms[i].name, vm_json(plan, &plan->vms[i]));
	for (size_t i = 0; i < plan->n_networks; i++)
		set(networks, plan->networks[i].name, network_json(plan, &plan->networks[i]));
	set(root, "version", json_integer(1));
	set(root, "name", json_string(plan->name));
	set(root, "state", json_string(state == LAB_UP ? "up" : "building"));
	set(root, "dir", json_string(plan->dir));
	set(root, "file", json_string(plan->file));
	set(root, "tls", json_boolean(plan->tls));
	set(root, "pki", plan->tls ? path(plan, plan->dir, "pki") : json_null());
	set(root, "ctl", ctl_json(plan));
	set(root, "weftd", weftd_json(plan, options, weftd));
	set(root, "lan", lan_json(plan));
	set(root, "links", links_json(plan));
	set(root, "tunnels", tunnels_json(plan));
	set(root, "underlays", underlays_json(plan));
	set(root, "underlay", segment_json(plan->underlay_ns, "underlay"));
	set(root, "hosts", hosts);
	set(root, "vms", vms);
	set(root, "networks", networks);
	set(root, "namespaces", namespaces);
	return root;
}

bool lab_json_write(struct lab_runner *runner, const struct lab_plan *plan, json_t *root)
{
	const char *final = arena_printf(runner->arena, "%s/lab.json", plan->dir);
	const char *temporary = arena_printf(runner->arena, "%s.new", final);

	if (json_dump_file(root, temporary, JSON_INDENT(2)) < 0 || rename(temporary, final) < 0)
		return lab_fail(runner, "cannot write %s: %s", final, strerror(errno));
	return true;
}

json_t *lab_json_read(const char *dir, const char **ret_error)
{
	static char error[4096 + 256];
	char file[4096];
	json_error_t why;
	json_t *root;

	snprintf(file, sizeof file, "%s/lab.json", dir);
	*ret_error = error;
	if (access(file, F_OK) < 0) {
		snprintf(error, sizeof error, "there is no lab in %s: `weft lab up FILE` builds one, --name "
			 "or --dir says which", dir);
		return NULL;
	}
	root = json_load_file(file, 0, &why);
	if (!json_is_object(root)) {
		snprintf(error, sizeof error, "%s cannot be read: %s", file, why.text);
		json_decref(root);
		return NULL;
	}
	return root;
}
