/* SPDX-License-Identifier: Apache-2.0 */
/* The section `switches`: one bridge per host. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

#define DEFAULT_TUNNEL "vxlan0"

static const struct section_key keys[] = {
	{
		.name = "dpid",
		.type = &section_dpid,
		.offset = offsetof(struct net_switch, dpid),
		.is_required = true,
		.help = "The datapath id of the bridge: `0x` and up to 16 hex digits, eight groups with "
			"colons in quotes, or decimal. `ovs-vsctl get bridge br-int datapath_id` prints "
			"it, and `other-config:datapath-id` sets it.",
	}, {
		.name = "vtep",
		.type = &section_address,
		.offset = offsetof(struct net_switch, vtep),
		.otherwise = "none",
		.help = "The host's address in the underlay, where tunnels end: IPv4 or IPv6. The bridge needs "
			"one VXLAN port: `ovs-vsctl add-port br-int vxlan0 -- set interface vxlan0 type=vxlan "
			"options:remote_ip=flow options:key=flow options:local_ip=ADDRESS`.",
	}, {
		.name = "vteps",
		.type = &section_table,
		.offset = offsetof(struct net_switch, vteps),
		.count_offset = offsetof(struct net_switch, n_vteps),
		.section = &addresses_section,
		.otherwise = "`vtep`, in the main underlay",
		.help = "Instead of `vtep`, where the host is in several `underlays`: its address in each, by the name of the "
			"underlay. One VXLAN port serves them all, without `options:local_ip`: the host's routes choose the "
			"source address.",
	}, {
		.name = "tunnel",
		.type = &section_text,
		.offset = offsetof(struct net_switch, tunnel),
		.otherwise = "`vxlan0`",
		.help = "The name of that VXLAN port.",
	}, {
		.name = "underlay_mtu",
		.type = &section_uint,
		.offset = offsetof(struct net_switch, underlay_mtu),
		.min = MODEL_MIN_UNDERLAY_MTU,
		.max = MODEL_MAX_MTU,
		.otherwise = "that of the file",
		.help = "The MTU of this host's way into the underlay, in bytes.",
	}, {
		.name = "acl",
		.type = &section_acl,
		.offset = offsetof(struct net_switch, acl.at[ACL_IN]),
		.otherwise = "none",
		.help = "The list of `acls` for what all edge ports of the switch send.",
	}, {
		.name = "acl_out",
		.type = &section_acl,
		.offset = offsetof(struct net_switch, acl.at[ACL_OUT]),
		.otherwise = "none",
		.help = "The list for what is delivered to all edge ports of the switch.",
	}, {
		.name = "description",
		.type = &section_text,
		.offset = offsetof(struct net_switch, description),
		.otherwise = "none",
		.help = "A text for people.",
	},
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct net_switch *) a)->name, ((const struct net_switch *) b)->name);
}

static int by_place(const struct net_switch *a, const struct net_switch *b)
{
	if (a->where.line != b->where.line)
		return a->where.line < b->where.line ? -1 : 1;
	return a->where.col < b->where.col ? -1 : a->where.col > b->where.col;
}

static int by_dpid(const void *a_, const void *b_)
{
	const struct net_switch *a = *(const struct net_switch *const *) a_;
	const struct net_switch *b = *(const struct net_switch *const *) b_;

	if (a->dpid != b->dpid)
		return a->dpid < b->dpid ? -1 : 1;
	return by_place(a, b);
}

/* An address, and whose it is. */
struct address {
	const char *text;
	const struct net_switch *sw;
	struct where where;
};

static int by_address(const void *a_, const void *b_)
{
	const struct address *a = a_, *b = b_;
	int order = strcmp(a->text, b->text);

	if (!order)
		order = by_place(a->sw, b->sw);
	return order ? order : a < b ? -1 : 1;
}

static void check_addresses(const struct net *net, struct diag *diag)
{
	size_t n = 0;

	for (size_t i = 0; i < net->n_switches; i++)
		n += net->switches[i].n_vteps;
	struct address *all = arena_new_array(net->arena, struct address, n);
	n = 0;
	for (size_t i = 0; i < net->n_switches; i++)
		for (size_t k = 0; k < net->switches[i].n_vteps; k++)
			all[n++] = (struct address) { net->switches[i].vteps[k].text, &net->switches[i],
						      net->switches[i].vteps[k].where };
	qsort(all, n, sizeof *all, by_address);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(all[i].text, all[i - 1].text))
			diag_add(diag, all[i].where, DIAG_DUPLICATE_VALUE,
				 "switch \"%s\" has the vtep of switch \"%s\" (line %u): %s", all[i].sw->name,
				 all[i - 1].sw->name, all[i - 1].where.line, all[i].text);
}

static void check(const struct section_scene *scene, const struct section_at *at,
		  const struct yaml_node *map, void *item)
{
	struct net_switch *sw = item;
	const struct yaml_node *tunnel = map ? yaml_get(map, "tunnel") : NULL;

	if (!sw->tunnel)
		sw->tunnel = DEFAULT_TUNNEL;
	if (tunnel && strlen(sw->tunnel) > NET_MAX_PORT_NAME)
		diag_add(scene->diag, tunnel->where, DIAG_TUNNEL,
			 "\"tunnel\" in %s never matches: OpenFlow cuts names after %d characters",
			 section_at_text(scene, at), NET_MAX_PORT_NAME);
	if (tunnel && !yaml_get(map, "vtep") && !yaml_get(map, "vteps"))
		diag_add(scene->diag, tunnel->where, DIAG_TUNNEL, "\"tunnel\" in %s needs a \"vtep\"",
			 section_at_text(scene, at));
	if (map && yaml_get(map, "vtep") && yaml_get(map, "vteps"))
		diag_add(scene->diag, yaml_get(map, "vtep")->where, DIAG_UNDERLAY,
			 "%s has \"vtep\" and \"vteps\"; keep one of the two", section_at_text(scene, at));
}

void switches_settle(struct net *net, struct diag *diag)
{
	size_t n = net->n_switches;
	const struct net_switch **order = arena_new_array(net->arena, const struct net_switch *, n);

	if (n)
		qsort(net->switches, n, sizeof *net->switches, by_name);
	for (size_t i = 0; i < n; i++)
		order[i] = &net->switches[i];
	if (n > NET_MAX_SWITCHES)
		diag_add(diag, net->switches[n - 1].where, DIAG_TOO_LARGE,
			 "there are %zu switches; the most is %d", n, NET_MAX_SWITCHES);
	qsort(order, n, sizeof *order, by_dpid);
	for (size_t i = 1; i < n; i++) {
		if (order[i]->dpid && order[i]->dpid == order[i - 1]->dpid)
			diag_add(diag, order[i]->where, DIAG_DUPLICATE_DPID,
				 "switch \"%s\" has the datapath id of switch \"%s\" (line %u): 0x%012" PRIx64,
				 order[i]->name, order[i - 1]->name, order[i - 1]->where.line,
				 order[i]->dpid);
	}
	check_addresses(net, diag);
}

const struct section switches_section = {
	.name = "switch",
	.help = "One bridge per host. The key is the switch's name, which is also the name in its "
		"certificate. Without `switches`, any switch with a valid certificate is adopted under "
		"its certificate's name.",
	.example = "switches:\n"
		   "  kvm1: {dpid: 0x525400a10011, vtep: 10.0.0.11}\n",
	.size = sizeof(struct net_switch),
	.name_offset = offsetof(struct net_switch, name),
	.where_offset = offsetof(struct net_switch, where),
	.keys = keys,
	.n_keys = sizeof keys / sizeof *keys,
	.check = check,
};
