/* SPDX-License-Identifier: Apache-2.0 */
/* ingress: which network a frame is in, by its port and tag (IEEE 802.1Q,
 * clause 6.9), and what is never let in at all.
 *
 * What falls through has a row of its own per port, so that a wrong tag, a port
 * in no network and a port that is switched off are three different counters. */
#include "apps/app.h"
#include "apps/apps.h"

enum row {
	ROW_RESERVED, ROW_DISCOVERY, ROW_GROUP_SOURCE,
	ROW_UNTAGGED, ROW_PRIORITY_TAGGED, ROW_TAGGED,
	ROW_WRONG_TAG, ROW_NO_NETWORK, ROW_DISABLED, ROW_MISS,
	N_ROWS
};

static const struct app_row rows[N_ROWS] = {
	[ROW_RESERVED] = { "reserved-group", TABLE_INGRESS, 1000,
		"eth_dst 01:80:c2:00:00:00 to 0f", "drop: bridge protocols end at the bridge (IEEE 802.1Q, table 8-1)" },
	[ROW_DISCOVERY] = { "vendor-group", TABLE_INGRESS, 990,
		"eth_dst 01:00:0c:cc:cc:cc, :cd", "drop: CDP, VTP, DTP, PVST end at the bridge" },
	[ROW_GROUP_SOURCE] = { "group-source", TABLE_INGRESS, 900,
		"eth_src a group address", "drop: no frame comes from a group" },
	[ROW_UNTAGGED] = { "untagged", TABLE_INGRESS, 120,
		"in_port, no tag", "set network and class, go to l2_src" },
	[ROW_PRIORITY_TAGGED] = { "priority-tagged", TABLE_INGRESS, 110,
		"in_port, tag with VID 0", "as untagged; the tag is taken off" },
	[ROW_TAGGED] = { "tagged", TABLE_INGRESS, 100,
		"in_port, tag", "take the tag off, set network and class, go to l2_src" },
	[ROW_WRONG_TAG] = { "wrong-tag", TABLE_INGRESS, 50,
		"in_port", "drop: this port is in no network with that tag, or without one" },
	[ROW_NO_NETWORK] = { "no-network", TABLE_INGRESS, 40,
		"in_port", "drop: this port is in no network" },
	[ROW_DISABLED] = { "disabled", TABLE_INGRESS, 30,
		"in_port", "drop: the file says enable: false" },
	[ROW_MISS] = { "unknown-port", TABLE_INGRESS, 0, "anything", "drop" },
};

static const uint8_t reserved[6] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x00 };
static const uint8_t reserved_mask[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0 };
static const uint8_t discovery[2][6] = {
	{ 0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc },
	{ 0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcd },
};
static const uint8_t group_bit[6] = { 0x01, 0, 0, 0, 0, 0 };

static void never_let_in(struct out *out, uint32_t sw, uint64_t object)
{
	out_row(out, &rows[ROW_RESERVED], object);
	match_bytes(out->build, FIELD_ETH_DST, reserved, reserved_mask);
	out_want(out, sw);
	for (size_t i = 0; i < 2; i++) {
		out_row(out, &rows[ROW_DISCOVERY], object);
		match_bytes(out->build, FIELD_ETH_DST, discovery[i], NULL);
		out_want(out, sw);
	}
	out_row(out, &rows[ROW_GROUP_SOURCE], object);
	match_bytes(out->build, FIELD_ETH_SRC, group_bit, group_bit);
	out_want(out, sw);
	out_row(out, &rows[ROW_MISS], object);
	out_want(out, sw);
}

static void let_in(struct out *out, uint32_t sw, const struct view_port *port,
		   const struct view_use *use, enum row row, uint16_t vlan_vid)
{
	struct build *b = out->build;
	out_row(out, &rows[row], use->object);
	match_u(b, FIELD_IN_PORT, port->ofport);
	match_u(b, FIELD_VLAN_VID, vlan_vid);
	if (vlan_vid & VLAN_PRESENT)
		act_pop_vlan(b);
	act_set_u(b, FIELD_NETWORK, use->id);
	act_set_u(b, FIELD_CLASS, use->is_uplink ? CLASS_UPLINK : CLASS_EDGE);
	act_goto(b, TABLE_L2_SRC);
	out_want(out, sw);
}

static void compile_port(struct out *out, const struct view_switch *vs, const struct view_port *port)
{
	enum row rest = port->disabled ? ROW_DISABLED : port->n_uses ? ROW_WRONG_TAG : ROW_NO_NETWORK;

	for (size_t i = 0; i < port->n_uses; i++) {
		const struct view_use *use = &port->uses[i];
		if (use->tag == NET_UNTAGGED) {
			let_in(out, vs->sw, port, use, ROW_UNTAGGED, VLAN_NONE);
			let_in(out, vs->sw, port, use, ROW_PRIORITY_TAGGED, VLAN_PRESENT);
		} else {
			let_in(out, vs->sw, port, use, ROW_TAGGED, VLAN_PRESENT | use->tag);
		}
	}
	out_row(out, &rows[rest], port->n_uses ? port->uses[0].object : vs->object);
	match_u(out->build, FIELD_IN_PORT, port->ofport);
	out_want(out, vs->sw);
}

static void compile(const struct scene *scene, uint32_t sw, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	if (!vs)
		return;
	never_let_in(out, sw, vs->object);
	for (size_t i = 0; i < vs->n_ports; i++)
		compile_port(out, vs, &vs->ports[i]);
}

/* A port that only went up or down keeps its rows. */
static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	(void) scene;
	(void) out;
	return fact->kind == FACT_PORT && !fact->uses_changed;
}

const struct app app_ingress = {
	.name = "ingress",
	.help = "port and tag to network; what is never let in",
	.rows = rows,
	.n_rows = N_ROWS,
	.tables = TABLE_BIT(INGRESS),
	.reads = FACT_BIT(NET) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE),
	.compile = compile,
	.patch = patch,
};
