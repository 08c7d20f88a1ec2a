/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: what is below the tunnels. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "controller/doctor.h"
#include "controller/here.h"

#define CURE(...) arena_printf(d->arena, __VA_ARGS__)

static bool is_userspace(const struct doctor *d) { return !strcmp(vsctl_text(d->bridge, "datapath_type"), "netdev"); }

void doctor_tunnel_port(struct doctor *d, struct doctor_result *r)
{
	const char *port = d->sw->tunnel, *join = CURE("weft switch join %s --file %s", d->name, d->file);
	const json_t *row = vsctl_row(&d->ovs, VSCTL_INTERFACE, "name", port);
	const char *local = vsctl_key(row, "options", "local_ip");
	if (!row || vsctl_bridge_of(&d->ovs, port) != d->bridge) {
		doctor_say(d, r, DOCTOR_WRONG, join, "%s has no port %s", d->bridge_name, port);
		return;
	}
	if (strcmp(vsctl_text(row, "type"), "vxlan") || strcmp(vsctl_key(row, "options", "remote_ip"), "flow") ||
	    strcmp(vsctl_key(row, "options", "key"), "flow"))
		doctor_say(d, r, DOCTOR_WRONG, CURE("ovs-vsctl set Interface %s type=vxlan options:remote_ip=flow options:key=flow", port),
			   "%s is %s to %s with key %s, not vxlan to flow with key flow", port, vsctl_text(row, "type"),
			   vsctl_key(row, "options", "remote_ip"), vsctl_key(row, "options", "key"));
	if (d->sw->n_vteps > 1 ? *local : strcmp(local, d->vtep))
		doctor_say(d, r, DOCTOR_WRONG, d->sw->n_vteps > 1 ? CURE("ovs-vsctl remove Interface %s options local_ip", port)
							     : CURE("ovs-vsctl set Interface %s options:local_ip=%s", port, d->vtep),
			   "%s sends from %s, and %s:%u says %s", port, *local ? local : "any address", d->net->file, d->sw->where.line,
			   d->sw->n_vteps > 1 ? "several vteps" : d->vtep);
	doctor_say(d, r, DOCTOR_FINE, NULL, "%s", port);
}

void doctor_vtep(struct doctor *d, struct doctor_result *r)
{
	char device[IF_NAMESIZE] = "";
	const char *list = "";
	for (size_t i = 0; i < (d->sw ? d->sw->n_vteps : 1); i++) {
		const char *vtep = d->sw ? d->sw->vteps[i].text : d->vtep;
		if (!here_has(vtep, device))
			doctor_say(d, r, DOCTOR_WRONG, CURE("ip address add %s/%s dev DEVICE", vtep, strchr(vtep, ':') ? "64" : "24"),
				   "no device here has %s: nothing comes out of the tunnels", vtep);
		else
			list = CURE("%s%s%s on %s", list, *list ? ", " : "", vtep, device);
	}
	doctor_say(d, r, DOCTOR_FINE, NULL, "%s", list);
}

/* The device of the vtep; in userspace also the NICs on its bridge. */
static void judge_mtu(struct doctor *d, struct doctor_result *r, const char *device, int want)
{
	int has = here_mtu(device);
	json_t *bridge = is_userspace(d) ? vsctl_bridge_of(&d->ovs, device) : NULL, *row;
	json_t *interfaces = vsctl_interfaces(&d->ovs, bridge);
	size_t i;
	if (has && has < want)
		doctor_say(d, r, DOCTOR_WRONG, bridge ? CURE("ovs-vsctl set Interface %s mtu_request=%d, or underlay_mtu: %d in the file", device, want, has)
						: CURE("ip link set %s mtu %d, or underlay_mtu: %d in the file", device, want, has),
			   "%s has an MTU of %d, and tunnels count on %d", device, has, want);
	json_array_foreach(interfaces, i, row) {
		long long mtu = vsctl_number(row, "mtu", 0);
		if (strcmp(vsctl_text(row, "name"), device) && mtu && mtu < want)
			doctor_say(d, r, DOCTOR_WRONG, CURE("ovs-vsctl set Interface %s mtu_request=%d", vsctl_text(row, "name"), want),
				   "%s, below %s, has an MTU of %lld, and tunnels count on %d", vsctl_text(row, "name"), device, mtu, want);
	}
	json_decref(interfaces);
}

void doctor_mtu(struct doctor *d, struct doctor_result *r)
{
	char device[IF_NAMESIZE] = "";
	int overhead = strchr(d->vtep, ':') ? 70 : 50, least = 0;
	for (size_t i = 0; i < (d->sw ? d->sw->n_vteps : 1); i++) {
		if (!here_has(d->sw ? d->sw->vteps[i].text : d->vtep, device))
			continue;
		int mtu = here_mtu(device);
		least = !least || mtu < least ? mtu : least;
		uint32_t underlay = d->sw ? d->sw->vteps[i].underlay : NET_NONE;
		int want = !d->sw ? NET_MIN_MTU : (int) (underlay == NET_NONE || d->sw->underlay_mtu_is_given ? d->sw->underlay_mtu
									      : d->net->underlays[underlay].mtu);
		judge_mtu(d, r, device, want);
	}
	if (least)
		doctor_say(d, r, DOCTOR_FINE, NULL, "%d: guests may have %d", least, least - overhead);
	else
		doctor_say(d, r, DOCTOR_SKIPPED, NULL, "no device has the vtep");
}

/* --- the trap ------------------------------------------------------------------------------ */

/* What Open vSwitch asks for the MAC of: a gateway, or the peer itself; null = it has no way. */
static const char *next_hop(struct doctor *d, const char *peer)
{
	const char *why, *text = vsctl_ask(d->runner, lab_argv(d->arena, "ovs-appctl", "--timeout=5", "ovs/route/lookup", peer, NULL), &why);
	const char *gateway = text ? strstr(text, "gateway ") : NULL;
	if (!text)
		return NULL;
	if (!gateway)
		return peer;
	gateway += strlen("gateway ");
	gateway = arena_strndup(d->arena, gateway, strcspn(gateway, " \n"));
	return !strcmp(gateway, "0.0.0.0") || !strcmp(gateway, "::") ? peer : gateway;
}

/* A word of the first column. */
static bool is_listed(const char *table, const char *address)
{
	size_t len = strlen(address);
	for (const char *line = table; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, address, len) && isspace((unsigned char) line[len]))
			return true;
	return false;
}

/* Its own address in the underlay of the other's. */
static bool shares_underlay(const struct net_switch *sw, const struct net_vtep_at *at)
{
	for (size_t i = 0; i < sw->n_vteps; i++)
		if (sw->vteps[i].underlay == at->underlay && sw->vteps[i].is_v6 == at->is_v6)
			return true;
	return false;
}

static void judge_peer(struct doctor *d, struct doctor_result *r, const char *table, const char *name, const char *peer)
{
	const char *hop = next_hop(d, peer);
	if (!hop)
		doctor_say(d, r, DOCTOR_WRONG, CURE("give the bridge of %s a prefix or a gateway that leads there; it sees: ovs-appctl ovs/route/show", d->vtep),
			   "Open vSwitch has no way to %s (%s)", peer, name);
	else if (!is_listed(table, hop))
		doctor_say(d, r, DOCTOR_WRONG, "if it is up: ovs-appctl revalidator/purge; for good: BFD on a tunnel to it",
			   "the MAC of %s%s%s (%s) is not known: what goes there by tunnel is lost", hop, hop == peer ? "" : ", the way to ",
			   hop == peer ? "" : peer, name);
}

void doctor_neighbours(struct doctor *d, struct doctor_result *r)
{
	const char *why = "", *table = NULL;
	size_t n = 0;
	if (is_userspace(d))
		table = vsctl_ask(d->runner, lab_argv(d->arena, "ovs-appctl", "--timeout=5", "tnl/neigh/show", NULL), &why);
	if (!table) {
		doctor_say(d, r, DOCTOR_SKIPPED, NULL, "%s", is_userspace(d) ? why : "the kernel finds its neighbours itself");
		return;
	}
	for (size_t i = 0; i < d->net->n_switches; i++) {
		const struct net_switch *other = &d->net->switches[i];
		for (size_t k = 0; other != d->sw && k < other->n_vteps; k++)
			if (shares_underlay(d->sw, &other->vteps[k])) {
				n++;
				judge_peer(d, r, table, other->name, other->vteps[k].text);
			}
	}
	doctor_say(d, r, DOCTOR_FINE, NULL, "%zu vtep%s", n, n == 1 ? "" : "s");
}

/* --- the kernel ---------------------------------------------------------------------------- */

static int read_number(const char *path)
{
	int n = 0;
	FILE *f = fopen(path, "re");
	if (f && fscanf(f, "%d", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

void doctor_rp_filter(struct doctor *d, struct doctor_result *r)
{
	char device[IF_NAMESIZE] = "";
	if (!d->sw || d->sw->n_vteps < 2 || is_userspace(d)) {
		doctor_say(d, r, DOCTOR_FINE, NULL, "no matter %s", is_userspace(d) ? "in userspace" : "with one vtep");
		return;
	}
	int all = read_number(CURE("%s/sys/net/ipv4/conf/all/rp_filter", d->proc));
	for (size_t i = 0; i < d->sw->n_vteps; i++) {
		if (!here_has(d->sw->vteps[i].text, device))
			continue;
		int own = read_number(CURE("%s/sys/net/ipv4/conf/%s/rp_filter", d->proc, device));
		if ((own > all ? own : all) == 1)
			doctor_say(d, r, DOCTOR_WRONG, CURE("sysctl net.ipv4.conf.%s.rp_filter=2", device), "%s drops what comes by it and would be answered by "
				   "another device (rp_filter 1)", device);
	}
	doctor_say(d, r, DOCTOR_FINE, NULL, "not strict");
}

void doctor_firewall(struct doctor *d, struct doctor_result *r)
{
	const char *why, *rules;
	if (is_userspace(d)) {
		doctor_say(d, r, DOCTOR_FINE, NULL, "no matter in userspace");
		return;
	}
	rules = vsctl_ask(d->runner, lab_argv(d->arena, "nft", "list", "ruleset", NULL), &why);
	if (!rules)
		rules = vsctl_ask(d->runner, lab_argv(d->arena, "iptables-save", NULL), &why);
	if (!rules) {
		doctor_say(d, r, DOCTOR_SKIPPED, NULL, "neither nft nor iptables-save tells");
		return;
	}
	const char *input = strstr(rules, "hook input");
	bool is_closed = strstr(rules, ":INPUT DROP") || strstr(rules, ":INPUT REJECT");
	for (; input && !is_closed; input = strstr(input + 1, "hook input"))
		is_closed = memmem(input, strcspn(input, "\n"), "policy drop", 11);
	if (is_closed && !strstr(rules, "4789"))
		doctor_say(d, r, DOCTOR_WRONG, "nft add rule inet filter input udp dport 4789 accept, with your table and chain",
			   "what comes in is dropped unless a rule lets it, and no rule names UDP port 4789");
	else
		doctor_say(d, r, DOCTOR_FINE, NULL, "%s", is_closed ? "a rule names UDP port 4789" : "nothing is dropped unless a rule says so");
}
