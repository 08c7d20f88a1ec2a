/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of l2_src and l2_dst.
 *
 * Rows of hosts are made a hundred thousand times a second: their bytes are
 * made once per daemon and only the numbers in them change. */
#include <stdlib.h>

#include "apps/l2.h"
#include "topo/arena.h"

const struct app_row l2_rows[N_L2_ROWS] = {
	[L2_SRC_TAG_INSIDE] = { "tag-inside", TABLE_L2_SRC, 420, "tags = 0, any tag",
		"drop: one more tag behind the one that was taken off, and the network says `tags: drop`" },
	[L2_SRC_TAG_BELOW] = { "tag-below", TABLE_L2_SRC, 410, "tags = 0, eth_type 0x8100 or 0x88a8",
		"drop: the same, where the bridge does not look at so many tags (`vlan-limit`)" },
	[L2_SRC_CLAIMED] = { "claimed-mac", TABLE_L2_SRC, 350, "network, class = edge, eth_src",
		"drop: the file says that this host is behind one of the network's `vteps`" },
	[L2_SRC_HOST] = { "host", TABLE_L2_SRC, 300, "network, in_port, eth_src",
		"known host: go to claim; gone after `ageing` without a frame, at a `sticky` port never" },
	[L2_SRC_BOUND] = { "bound-host", TABLE_L2_SRC, 290, "network, in_port, eth_src",
		"the MAC address that the port is bound to, not seen yet: report its headers, and go to claim" },
	[L2_SRC_TAKEN] = { "taken-mac", TABLE_L2_SRC, 280, "network, class = edge, eth_src",
		"report and drop: another port is bound to that MAC address, or it sticks to one" },
	[L2_SRC_PORT_FULL] = { "port-full", TABLE_L2_SRC, 200, "network, in_port",
		"`max_hosts` of the port reached: report the unknown host and drop" },
	[L2_SRC_NETWORK_FULL] = { "network-full", TABLE_L2_SRC, 150, "network, class = edge",
		"`max_hosts` of the network reached: report the unknown host and drop" },
	[L2_SRC_NEW] = { "new-host", TABLE_L2_SRC, 100, "network, class = edge",
		"unknown host: report its headers, and go to claim" },
	[L2_SRC_BACK] = { "host-on-uplink", TABLE_L2_SRC, 95, "network, class = uplink, eth_src",
		"a host of this switch is heard on the uplink: report its headers, and go to claim" },
	[L2_SRC_UPLINK] = { "uplink", TABLE_L2_SRC, 90, "network, class = uplink",
		"nothing is learned between switches: go to claim" },
	[L2_SRC_TUNNEL] = { "tunnel-src", TABLE_L2_SRC, 80, "network, class = tunnel",
		"nothing is learned between switches: go to claim" },
	[L2_SRC_LINK] = { "link-src", TABLE_L2_SRC, 70, "network, class = link",
		"nothing is learned between switches: go to claim" },
	[L2_SRC_OURS] = { "snat-mac", TABLE_L2_SRC, 360, "network, class = edge, eth_src",
		"drop: the MAC address of `snat`, which no host has" },
	[L2_SRC_MISS] = { "no-network-src", TABLE_L2_SRC, 0, "anything", "drop" },
	[L2_DST_HOST] = { "host-at", TABLE_L2_DST, 300, "network, eth_dst",
		"out = its port, or the uplink, or the switch that it is behind; go on" },
	[L2_DST_GROUP] = { "group", TABLE_L2_DST, 200, "network, eth_dst a group address",
		"broadcast and multicast: out = flood; go on" },
	[L2_DST_LIMITED] = { "unknown-limited", TABLE_L2_DST, 150, "network, in_port",
		"unknown unicast of a port with a `storm` limit: through its meter, out = unknown; go on" },
	[L2_DST_UNKNOWN] = { "unknown-host", TABLE_L2_DST, 100, "network",
		"unknown unicast: out = unknown; go on" },
	[L2_DST_NO_FLOOD] = { "unknown-dropped", TABLE_L2_DST, 90, "network",
		"unknown unicast and the network says `flood: false`: drop" },
	[L2_DST_MISS] = { "no-network-dst", TABLE_L2_DST, 0, "anything", "drop" },
};

static const uint8_t group_bit[6] = { 0x01, 0, 0, 0, 0, 0 };

/* --- shapes ------------------------------------------------------------------------ */

struct shapes {
	struct shape src, dst[2], peer[2];      /* [judged] */
};

enum { SRC_NETWORK, SRC_IN_PORT, SRC_MAC };
enum { DST_NETWORK, DST_MAC, DST_OUT };
enum { PEER_NETWORK, PEER_MAC, PEER_PEER };

static struct rule must_end(struct build *b)
{
	struct rule rule;
	if (build_end(b, &rule))
		abort();
	return rule;
}

static enum table after(bool judged) { return judged ? TABLE_ACL_AT : TABLE_OUTPUT; }

static const uint8_t any[6] = { 0x02, 0, 0, 0, 0, 0x01 };

static struct rule make_dst(struct build *b, bool is_peer, bool judged)
{
	build_flow(b, TABLE_L2_DST, l2_rows[L2_DST_HOST].priority, 0);
	build_plain(b);
	match_u(b, FIELD_NETWORK, 1);
	match_bytes(b, FIELD_ETH_DST, any, NULL);
	act_set_u(b, FIELD_OUT, is_peer ? OUT_SWITCH : 1);
	if (is_peer)
		act_set_u(b, FIELD_PEER, 1);
	act_goto(b, after(judged));
	return must_end(b);
}

struct shapes *shapes_new(struct build *b)
{
	static const enum field src_match[] = { FIELD_NETWORK, FIELD_IN_PORT, FIELD_ETH_SRC };
	static const enum field dst_match[] = { FIELD_NETWORK, FIELD_ETH_DST };
	static const enum field dst_set[] = { FIELD_OUT };
	static const enum field peer_set[] = { FIELD_PEER };
	struct shapes *shapes = xheap_alloc(sizeof *shapes);

	build_flow(b, TABLE_L2_SRC, l2_rows[L2_SRC_HOST].priority, 0);
	build_plain(b);
	build_idle(b, 300);
	match_u(b, FIELD_NETWORK, 1);
	match_u(b, FIELD_IN_PORT, 1);
	match_bytes(b, FIELD_ETH_SRC, any, NULL);
	act_goto(b, TABLE_CLAIM);
	struct rule rule = must_end(b);
	shape_init(&shapes->src, &rule, src_match, 3, NULL, 0);

	for (int judged = 0; judged < 2; judged++) {
		rule = make_dst(b, false, judged);
		shape_init(&shapes->dst[judged], &rule, dst_match, 2, dst_set, 1);
		rule = make_dst(b, true, judged);
		shape_init(&shapes->peer[judged], &rule, dst_match, 2, peer_set, 1);
	}
	return shapes;
}

void shapes_free(struct shapes *shapes) { free(shapes); }

static void want_or_not(struct out *out, uint32_t sw, bool wanted)
{
	if (wanted)
		out_want(out, sw);
	else
		out_unwant(out, sw);
}

/* --- hosts ------------------------------------------------------------------------- */

static struct rule src_key(struct out *out, uint32_t network_id, uint32_t ofport, const uint8_t mac[6])
{
	struct shape *shape = &out->shapes->src;
	struct rule rule;
	shape_set_u32(shape, SRC_NETWORK, network_id);
	shape_set_u32(shape, SRC_IN_PORT, ofport);
	shape_set_mac(shape, SRC_MAC, mac);
	shape_rule(shape, &rule);
	return rule;
}

void l2_want_src(struct out *out, uint32_t sw, const struct net_network *network, uint32_t ofport,
		 const uint8_t mac[6], const struct view_use *use)
{
	/* The wire has 16 bits of seconds. */
	uint16_t idle = use->sticky ? 0 : network->ageing > UINT16_MAX ? UINT16_MAX : (uint16_t) network->ageing;
	shape_set_cookie(&out->shapes->src, out_cookie(out, use->object));
	shape_set_idle(&out->shapes->src, idle);
	struct rule rule = src_key(out, network->id, ofport, mac);
	out->want(out->ctx, sw, out->app, &rule);
}

void l2_unwant_src(struct out *out, uint32_t sw, uint32_t network_id, uint32_t ofport, const uint8_t mac[6])
{
	struct rule rule = src_key(out, network_id, ofport, mac);
	out->unwant(out->ctx, sw, out->app, &rule);
}

static struct rule dst_key(struct out *out, uint32_t network_id, const uint8_t mac[6], bool judged)
{
	struct shape *shape = &out->shapes->dst[judged];
	struct rule rule;
	shape_set_u32(shape, DST_NETWORK, network_id);
	shape_set_mac(shape, DST_MAC, mac);
	shape_rule(shape, &rule);
	return rule;
}

void l2_want_dst(struct out *out, uint32_t sw, uint32_t network_id, const uint8_t mac[6],
		 uint32_t ofport, uint64_t object, bool judged)
{
	shape_set_cookie(&out->shapes->dst[judged], out_cookie(out, object));
	shape_set_u32(&out->shapes->dst[judged], DST_OUT, ofport);
	struct rule rule = dst_key(out, network_id, mac, judged);
	out->want(out->ctx, sw, out->app, &rule);
}

void l2_want_peer(struct out *out, uint32_t sw, uint32_t network_id, const uint8_t mac[6],
		  uint32_t peer, uint64_t object, bool judged)
{
	struct shape *shape = &out->shapes->peer[judged];
	struct rule rule;
	shape_set_cookie(shape, out_cookie(out, object));
	shape_set_u32(shape, PEER_NETWORK, network_id);
	shape_set_mac(shape, PEER_MAC, mac);
	shape_set_u32(shape, PEER_PEER, peer);
	shape_rule(shape, &rule);
	out->want(out->ctx, sw, out->app, &rule);
}

static void from_edge(struct out *out, uint32_t sw, enum l2_row row, uint32_t network_id, const uint8_t mac[6],
		      uint64_t object)
{
	out_row(out, &l2_rows[row], object);
	match_u(out->build, FIELD_NETWORK, network_id);
	match_u(out->build, FIELD_CLASS, CLASS_EDGE);
	match_bytes(out->build, FIELD_ETH_SRC, mac, NULL);
	out_want(out, sw);
}

void l2_claimed(struct out *out, uint32_t sw, uint32_t network_id, const uint8_t mac[6], uint64_t object)
{
	from_edge(out, sw, L2_SRC_CLAIMED, network_id, mac, object);
}

void l2_ours(struct out *out, uint32_t sw, const struct net *net, uint32_t network, const uint8_t mac[6])
{
	from_edge(out, sw, L2_SRC_OURS, net->networks[network].id, mac, net->objects[net->networks[network].object].id);
}

void l2_unwant_dst(struct out *out, uint32_t sw, uint32_t network_id, const uint8_t mac[6])
{
	struct rule rule = dst_key(out, network_id, mac, false);
	out->unwant(out->ctx, sw, out->app, &rule);
}

void l2_ahead_host(struct out *out, uint32_t sw, uint32_t network_id, uint32_t ofport, const uint8_t mac[6])
{
	struct rule src = src_key(out, network_id, ofport, mac), dst = dst_key(out, network_id, mac, false);
	out->fetch_row(out->ctx, sw, &src);
	out->fetch_row(out->ctx, sw, &dst);
}

/* --- limits ------------------------------------------------------------------------ */

static void punt(struct out *out, const struct view_switch *vs)
{
	act_controller(out->build, PUNT_BYTES, has_meter(vs->max_meters, METER_PUNT) ? METER_PUNT : 0);
}

void l2_back(struct out *out, const struct view_switch *vs, uint32_t network_id, const uint8_t mac[6], uint64_t object,
	     bool wanted)
{
	out_row(out, &l2_rows[L2_SRC_BACK], object);
	match_u(out->build, FIELD_NETWORK, network_id);
	match_u(out->build, FIELD_CLASS, CLASS_UPLINK);
	match_bytes(out->build, FIELD_ETH_SRC, mac, NULL);
	punt(out, vs);
	act_goto(out->build, TABLE_CLAIM);
	want_or_not(out, vs->sw, wanted);
}

void l2_bound(struct out *out, const struct view_switch *vs, uint32_t ofport, const struct view_use *use,
	      const uint8_t mac[6])
{
	out_row(out, &l2_rows[L2_SRC_BOUND], use->object);
	match_u(out->build, FIELD_NETWORK, use->id);
	match_u(out->build, FIELD_IN_PORT, ofport);
	match_bytes(out->build, FIELD_ETH_SRC, mac, NULL);
	punt(out, vs);
	act_goto(out->build, TABLE_CLAIM);
	out_want(out, vs->sw);
}

void l2_taken(struct out *out, const struct view_switch *vs, uint32_t network_id, const uint8_t mac[6], uint64_t object,
	      const uint32_t *peer, bool wanted)
{
	out_row(out, &l2_rows[L2_SRC_TAKEN], object);
	match_u(out->build, FIELD_NETWORK, network_id);
	match_u(out->build, FIELD_CLASS, CLASS_EDGE);
	match_bytes(out->build, FIELD_ETH_SRC, mac, NULL);
	if (peer)
		act_set_u(out->build, FIELD_PEER, *peer);
	if (has_meter(vs->max_meters, METER_GUARD))
		act_controller(out->build, PUNT_BYTES, METER_GUARD);
	want_or_not(out, vs->sw, wanted);
}

void l2_port_limit(struct out *out, const struct view_switch *vs, uint32_t ofport,
		   const struct view_use *use, bool full)
{
	out_row(out, &l2_rows[L2_SRC_PORT_FULL], use->object);
	match_u(out->build, FIELD_NETWORK, use->id);
	match_u(out->build, FIELD_IN_PORT, ofport);
	punt(out, vs);
	want_or_not(out, vs->sw, full);
}

void l2_network_limit(struct out *out, const struct view_switch *vs, const struct net *net,
		      uint32_t network, bool full)
{
	out_row(out, &l2_rows[L2_SRC_NETWORK_FULL], net->objects[net->networks[network].object].id);
	match_u(out->build, FIELD_NETWORK, net->networks[network].id);
	match_u(out->build, FIELD_CLASS, CLASS_EDGE);
	punt(out, vs);
	want_or_not(out, vs->sw, full);
}

void l2_limited(struct out *out, uint32_t sw, uint32_t ofport, const struct view_use *use, uint32_t meter, bool judged)
{
	out_row(out, &l2_rows[L2_DST_LIMITED], use->object);
	match_u(out->build, FIELD_NETWORK, use->id);
	match_u(out->build, FIELD_IN_PORT, ofport);
	act_meter(out->build, meter);
	act_set_u(out->build, FIELD_OUT, OUT_UNKNOWN);
	act_goto(out->build, after(judged));
	out_want(out, sw);
}

/* --- the rest ---------------------------------------------------------------------- */

/* A tag that stays behind could name another network where the frame leaves. */
static void no_tag_inside(struct out *out, const struct view_switch *vs)
{
	static const uint16_t types[] = { 0x8100, 0x88a8 };
	out_row(out, &l2_rows[L2_SRC_TAG_INSIDE], vs->object);
	match_u(out->build, FIELD_TAGS, 0);
	match_um(out->build, FIELD_VLAN_VID, VLAN_PRESENT, VLAN_PRESENT);
	out_want(out, vs->sw);
	for (size_t i = 0; i < 2; i++) {
		out_row(out, &l2_rows[L2_SRC_TAG_BELOW], vs->object);
		match_u(out->build, FIELD_TAGS, 0);
		match_u(out->build, FIELD_ETH_TYPE, types[i]);
		out_want(out, vs->sw);
	}
}

void l2_switch_rows(struct out *out, const struct view_switch *vs)
{
	no_tag_inside(out, vs);
	if (has_meter(vs->max_meters, METER_PUNT)) {
		build_meter(out->build, METER_PUNT, true, PUNT_RATE, PUNT_BURST);
		out_want(out, vs->sw);
	}
	out_row(out, &l2_rows[L2_SRC_MISS], vs->object);
	out_want(out, vs->sw);
	out_row(out, &l2_rows[L2_DST_MISS], vs->object);
	out_want(out, vs->sw);
}

static void pass(struct out *out, uint32_t sw, enum l2_row row, uint32_t network_id,
		 enum class class, uint64_t object, const struct view_switch *punting)
{
	out_row(out, &l2_rows[row], object);
	match_u(out->build, FIELD_NETWORK, network_id);
	match_u(out->build, FIELD_CLASS, class);
	if (punting)
		punt(out, punting);
	act_goto(out->build, TABLE_CLAIM);
	out_want(out, sw);
}

void l2_network_rows(struct out *out, const struct view_switch *vs, const struct net *net,
		     uint32_t network_index, const struct view_member *member, bool has_tunnel, bool has_link,
		     bool judged)
{
	const struct net_network *network = &net->networks[network_index];
	uint64_t object = net->objects[network->object].id;
	struct build *b = out->build;

	if (member->n_edges)
		pass(out, vs->sw, L2_SRC_NEW, network->id, CLASS_EDGE, object, vs);
	if (member->uplink != NET_NONE)
		pass(out, vs->sw, L2_SRC_UPLINK, network->id, CLASS_UPLINK, object, NULL);
	if (has_tunnel)
		pass(out, vs->sw, L2_SRC_TUNNEL, network->id, CLASS_TUNNEL, object, NULL);
	if (has_link)
		pass(out, vs->sw, L2_SRC_LINK, network->id, CLASS_LINK, object, NULL);

	out_row(out, &l2_rows[L2_DST_GROUP], object);
	match_u(b, FIELD_NETWORK, network->id);
	match_bytes(b, FIELD_ETH_DST, group_bit, group_bit);
	act_set_u(b, FIELD_OUT, OUT_FLOOD);
	act_goto(b, after(judged));
	out_want(out, vs->sw);

	out_row(out, &l2_rows[network->flood ? L2_DST_UNKNOWN : L2_DST_NO_FLOOD], object);
	match_u(b, FIELD_NETWORK, network->id);
	if (network->flood) {
		act_set_u(b, FIELD_OUT, OUT_UNKNOWN);
		act_goto(b, after(judged));
	}
	out_want(out, vs->sw);
}
