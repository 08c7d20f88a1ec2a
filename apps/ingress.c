/* SPDX-License-Identifier: Apache-2.0 */
/* ingress: which network a frame is in, by its port and tag (IEEE 802.1Q,
 * clause 6.9), and what is never let in at all.
 *
 * What falls through has a row of its own per port, so that a wrong tag, a port
 * in no network and a port that is switched off are three different counters. */
#include <stdlib.h>

#include "apps/acl.h"
#include "apps/app.h"
#include "apps/apps.h"
#include "apps/discover.h"
#include "apps/guard.h"
#include "apps/ingress.h"
#include "apps/l2.h"
#include "apps/loop.h"
#include "apps/storm.h"
#include "apps/tag.h"
#include "apps/tunnel.h"
#include "topo/ways.h"

static const uint8_t reserved[6] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x00 };
static const uint8_t reserved_mask[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0 };
static const uint8_t discovery[2][6] = {
	{ 0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc },
	{ 0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcd },
};
static const uint8_t group_bit[6] = { 0x01, 0, 0, 0, 0, 0 };

static void never_let_in(struct out *out, uint32_t sw, uint64_t object)
{
	out_row(out, &ingress_rows[ROW_RESERVED], object);
	match_bytes(out->build, FIELD_ETH_DST, reserved, reserved_mask);
	out_want(out, sw);
	for (size_t i = 0; i < 2; i++) {
		out_row(out, &ingress_rows[ROW_DISCOVERY], object);
		match_bytes(out->build, FIELD_ETH_DST, discovery[i], NULL);
		out_want(out, sw);
	}
	out_row(out, &ingress_rows[ROW_GROUP_SOURCE], object);
	match_bytes(out->build, FIELD_ETH_SRC, group_bit, group_bit);
	out_want(out, sw);
	out_row(out, &ingress_rows[ROW_MISS], object);
	out_want(out, sw);
}

/* Rules stand on the way of networks that have some, guards and limits on that of the ports. */
void ingress_go_on(const struct scene *scene, struct build *b, uint32_t sw, const struct net_network *network,
		   enum class class, const struct view_use *use)
{
	enum table next = acl_judges(scene, sw, (uint32_t) (network - scene->net->networks)) ? TABLE_CONNTRACK : TABLE_L2_SRC;
	act_set_u(b, FIELD_NETWORK, network->id);
	act_set_u(b, FIELD_CLASS, class);
	if (network->tags == NET_TAGS_PASS)
		act_set_u(b, FIELD_TAGS, 1);
	if (use && guard_watches(scene, use))
		act_goto(b, TABLE_GUARD);
	else
		act_goto(b, use ? storm_before(use, next) : next);
}

/* The limits of a switch, read along with its ports: they have one order. */
struct rates {
	struct storm_meter *meters;     /* owned; null = none */
	size_t at;
};

static uint32_t rate_meter(struct rates *rates, const struct view_use *use)
{
	if (!use->limits[LIMIT_RATE])
		return 0;
	while (rates->meters[rates->at].use != use || rates->meters[rates->at].kind != LIMIT_RATE)
		rates->at++;
	return rates->meters[rates->at].id;
}

/* A port in a network, and the meter that holds it to its rate: 0 = none. */
struct entrance {
	const struct view_port *port;
	const struct view_use *use;
	uint32_t meter;
};

static void let_in(const struct scene *scene, struct out *out, uint32_t sw, const struct entrance *at,
		   enum ingress_row row, uint16_t vlan_vid)
{
	const struct view_use *use = at->use;
	struct build *b = out->build;
	out_row(out, &ingress_rows[row], use->object);
	match_u(b, FIELD_IN_PORT, at->port->ofport);
	if (row == ROW_GUEST_TAG)
		match_um(b, FIELD_VLAN_VID, VLAN_PRESENT, VLAN_PRESENT);
	else
		match_u(b, FIELD_VLAN_VID, vlan_vid);
	if (at->meter)
		act_meter(b, at->meter);
	if (row != ROW_GUEST_TAG && vlan_vid & VLAN_PRESENT)
		tag_take(b);
	if (!use->is_uplink)
		acl_set_lists(scene, b, sw, use, ACL_IN);
	ingress_go_on(scene, b, sw, &scene->net->networks[use->network], use->is_uplink ? CLASS_UPLINK : CLASS_EDGE, use);
	out_want(out, sw);
}

static void stand_by(struct out *out, uint32_t sw, const struct view_port *port, const struct view_use *use)
{
	bool tagged = use->tag != NET_UNTAGGED;
	out_row(out, &ingress_rows[tagged ? ROW_STANDBY_TAGGED : ROW_STANDBY], use->object);
	match_u(out->build, FIELD_IN_PORT, port->ofport);
	match_u(out->build, FIELD_VLAN_VID, tagged ? VLAN_PRESENT | use->tag : VLAN_NONE);
	out_want(out, sw);
}

/* Who reads the row back knows by it how long it is to be there. */
static void shut_out(struct out *out, uint32_t sw, const struct view_port *port, const struct view_use *use)
{
	out_row(out, &ingress_rows[ROW_QUARANTINE], use->object);
	match_u(out->build, FIELD_IN_PORT, port->ofport);
	match_u(out->build, FIELD_VLAN_VID, use->tag == NET_UNTAGGED ? VLAN_NONE : VLAN_PRESENT | use->tag);
	act_set_u(out->build, FIELD_CLASS, use->quarantine.level);
	out_want(out, sw);
}

static void mirror(const struct scene *scene, struct out *out, const struct view_switch *vs, const struct view_port *port)
{
	uint32_t to = view_mirror(scene->view, vs->sw, port);
	if (!port->is_mirror && to == NET_NONE)
		return;
	out_row(out, &ingress_rows[port->is_mirror ? ROW_MIRROR : ROW_MIRRORED], port->mirror_object);
	match_u(out->build, FIELD_IN_PORT, port->ofport);
	if (!port->is_mirror) {
		match_u(out->build, FIELD_COPIED, 0);
		act_output(out->build, to);
		act_again(out->build, FIELD_COPIED, to, TABLE_INGRESS);
	}
	out_want(out, vs->sw);
}

static void compile_port(const struct scene *scene, struct out *out, const struct view_switch *vs,
			 const struct view_port *port, struct rates *rates)
{
	enum ingress_row rest = port->disabled ? ROW_DISABLED : port->n_uses ? ROW_WRONG_TAG : ROW_NO_NETWORK;

	mirror(scene, out, vs, port);
	if (port->is_mirror)
		return;
	for (size_t i = 0; i < port->n_uses; i++) {
		const struct view_use *use = &port->uses[i];
		const struct entrance at = { port, use, rate_meter(rates, use) };
		bool passes = scene->net->networks[use->network].tags == NET_TAGS_PASS;
		if (use->quarantine.on) {
			shut_out(out, vs->sw, port, use);
		} else if (!ways_open(scene->view, vs->sw, use)) {
			stand_by(out, vs->sw, port, use);
		} else if (use->tag == NET_UNTAGGED) {
			let_in(scene, out, vs->sw, &at, ROW_UNTAGGED, VLAN_NONE);
			let_in(scene, out, vs->sw, &at, passes ? ROW_GUEST_TAG : ROW_PRIORITY_TAGGED, VLAN_PRESENT);
		} else {
			let_in(scene, out, vs->sw, &at, ROW_TAGGED, VLAN_PRESENT | use->tag);
		}
	}
	out_row(out, &ingress_rows[rest], port->n_uses ? port->uses[0].object : vs->object);
	match_u(out->build, FIELD_IN_PORT, port->ofport);
	out_want(out, vs->sw);
}

static void compile(const struct scene *scene, uint32_t sw, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	size_t n_limits;
	if (!vs)
		return;
	struct rates rates = { .meters = vs->n_limited ? storm_meters(vs, &n_limits, NULL) : NULL };
	never_let_in(out, sw, vs->object);
	ingress_probes(scene, out, vs);
	ingress_loop_probe(out, vs);
	for (size_t i = 0; i < vs->n_ports; i++) {
		if (vs->ports[i].link != NET_NONE)
			ingress_link(scene, out, vs, &vs->ports[i]);
		else if (!vs->ports[i].tunnel)
			compile_port(scene, out, vs, &vs->ports[i], &rates);
	}
	free(rates.meters);
	if (vs->tunnel != NET_NONE)
		ingress_tunnel(scene, out, vs);
	ingress_labels(scene, out, vs);
}

static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	return tunnel_patch(scene, fact, out, ingress_from_peer);
}

static void recover_quarantine(const struct scene *scene, uint32_t sw, const struct rule *rule, uint32_t duration_s,
			       const struct view_port *port, struct reply *reply)
{
	uint64_t vid, level;
	if (!port || !rule_match_u(rule, FIELD_VLAN_VID, &vid) || !rule_set_u(rule, FIELD_CLASS, &level)
	    || level > VIEW_QUARANTINE_LEVELS)
		return;
	uint16_t tag = vid == VLAN_NONE ? NET_UNTAGGED : (uint16_t) (vid & ~(uint64_t) VLAN_PRESENT);
	for (size_t i = 0; i < port->n_uses; i++) {
		struct fact fact = {
			.kind = FACT_QUARANTINE, .sw = sw, .ofport = port->ofport, .network = port->uses[i].id, .recovered = true,
			.age_s = duration_s, .level = (uint8_t) level, .old_sw = NET_NONE, .time_ms = scene->now_ms,
		};
		if (port->uses[i].tag != tag)
			continue;
		reply->fact(reply->ctx, &fact);
		return;
	}
}

/* A physical port that lets frames in says: the network meets the LAN here. A
 * fence says where it may do so too. Both are in nobody's memory but the rows'. */
static void recover(const struct scene *scene, uint32_t sw, const struct rule *rule, uint32_t duration_s,
		    struct reply *reply)
{
	uint64_t in_port, network = 0, tun_id, peer;
	if (rule->kind != RULE_FLOW || !rule_match_u(rule, FIELD_IN_PORT, &in_port))
		return;
	struct fact fact = { .kind = FACT_GATEWAY, .sw = sw, .recovered = true, .time_ms = scene->now_ms };
	const struct view_port *port = view_port(scene->view, sw, (uint32_t) in_port);
	if (port && port->link != NET_NONE) {
		/* It was in use, with networks or without. */
		if (rule_priority(rule) != ingress_rows[ROW_LINK_REST].priority)
			return;
		fact.kind = FACT_LINK;
		fact.ofport = port->ofport;
		reply->fact(reply->ctx, &fact);
	} else if (rule_priority(rule) == ingress_rows[ROW_QUARANTINE].priority) {
		recover_quarantine(scene, sw, rule, duration_s, port, reply);
	} else if (rule_set_u(rule, FIELD_NETWORK, &network)) {
		const struct view_use *use = port ? view_use(port, (uint32_t) network) : NULL;
		if (!use || !use->is_physical)
			return;
		fact.network = use->id;
		fact.ofport = port->ofport;
		reply->fact(reply->ctx, &fact);
	} else if (rule_priority(rule) == ingress_rows[ROW_FENCED].priority && rule_match_u(rule, FIELD_TUN_ID, &tun_id)
		   && rule_match_u(rule, FIELD_TUN_SRC, &peer)) {
		uint32_t index = net_switch_by_peer(scene->net, (uint32_t) peer);
		const struct net_network *behind = tunnel_by_vni(scene, (uint32_t) tun_id);
		if (index == NET_NONE || !behind)
			return;
		fact.unconfirmed = true;
		fact.network = behind->id;
		fact.sw = view_switch_by_name(scene->view, scene->net->switches[index].name);
		reply->fact(reply->ctx, &fact);
	}
}

static void packet_in(const struct scene *scene, const struct app_punt *punt, struct reply *reply)
{
	if (loop_is_probe(punt))
		loop_packet_in(scene, punt, reply);
	else
		discover_packet_in(scene, punt, reply);
}

static void greet(const struct scene *scene, const struct fact *fact, struct reply *reply)
{
	discover_greet(scene, fact, reply);
	loop_greet(scene, fact, reply);
}

static void tick(const struct scene *scene, uint32_t sw, uint64_t second, struct reply *reply)
{
	(void) second;
	loop_tick(scene, sw, reply);
}

const struct app app_ingress = {
	.name = "ingress",
	.help = "port and tag to network; what is never let in",
	.rows = ingress_rows,
	.n_rows = N_INGRESS_ROWS,
	.tables = TABLE_BIT(INGRESS),
	.reads = FACT_BIT(NET) | FACT_BIT(PROBE_LOST) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE) | FACT_BIT(SWITCH_UP) | FACT_BIT(MEMBER)
		| FACT_BIT(SWITCH_READY) | FACT_BIT(GATEWAY) | FACT_BIT(LINK) | FACT_BIT(WAYS) | FACT_BIT(STEER)
		| FACT_BIT(QUARANTINE) | FACT_BIT(QUARANTINE_OVER),
	.compile = compile,
	.patch = patch,
	.resteer = ingress_resteer,
	.recover = recover,
	.packet_in = packet_in,
	.greets = FACT_BIT(SWITCH_UP) | FACT_BIT(SWITCH_READY) | FACT_BIT(PORT) | FACT_BIT(HOST) | FACT_BIT(HOST_REFUSED),
	.greet = greet,
	.tick = tick,
	.soon = discover_soon,
};
