/* SPDX-License-Identifier: Apache-2.0 */
/* Another source for connections: rules with `snat`, in lists of what is delivered.
 *
 *   there   acl_out_* set the source, acl_commit remembers the connection with it, acl_sent
 *           gives the frame the MAC address to that
 *   back    conntrack translates what comes to that MAC address, acl_back addresses it to
 *           who began the connection
 *
 * All of it on the switch where the server's port is, which every frame of the
 * connection passes; the server's replies come in there. So one source is enough for
 * clients on all switches, and no port of it is given out twice. The label of the
 * connection keeps the client's MAC address: nothing here follows hosts. docs/explanation/snat.md. */
#include "apps/acl_impl.h"

enum { ETH_IPV4 = 0x0800, ETH_IPV6 = 0x86dd };

const uint8_t acl_snat_mac[6] = { 0x02, 'w', 'e', 'f', 't', 0x02 };

static const uint8_t snat_bit[16] = { [4] = 0x80 }, snat_mask[16] = { [4] = 0xff, 0xff, 0xff, 0xff };

static void begin_network(const struct compiling *c, enum row row, const struct net_network *network, uint16_t eth_type)
{
	begin(c, row, object_of(c, network->object));
	match_u(c->out->build, FIELD_NETWORK, network->id);
	if (eth_type)
		match_u(c->out->build, FIELD_ETH_TYPE, eth_type);
}

/* --- there ------------------------------------------------------------------------------ */

/* The first direction of a connection that is translated by it. Its own commit takes the
 * mark off that says that a rule has ended it. */
static void translated(const struct compiling *c, const struct net_network *network, const struct net_snat *snat,
		       uint16_t eth_type, bool is_cut)
{
	const struct ct_nat nat = { .zone = network->zone, .commits = is_cut };
	const uint8_t id[16] = { [4] = (uint8_t) (snat->id >> 24), (uint8_t) (snat->id >> 16), (uint8_t) (snat->id >> 8),
				 (uint8_t) snat->id };
	struct build *b = c->out->build;
	begin_network(c, is_cut ? ROW_TRANSLATED_UNCUT : ROW_TRANSLATED, network, eth_type);
	match_um(b, FIELD_CT_STATE, TRACKED, TRACKED | TRACKED_REPLY | TRACKED_INVALID);
	if (is_cut)
		match_u(b, FIELD_CT_MARK, MARK_CUT);
	match_bytes(b, FIELD_CT_LABEL, id, snat_mask);
	act_ct_nat(b, &nat, TABLE_ACL_SENT);
	out_want(c->out, c->vs->sw);
}

static void translate(const struct compiling *c, const struct net_network *network, const struct net_snat *snat,
		      uint16_t eth_type)
{
	static const struct ct_keep keeps[] = { { FIELD_ETH_SRC, LABEL_MAC_BIT }, { FIELD_SNAT, LABEL_SNAT_BIT } };
	const struct net_address *source = snat->of[eth_type == ETH_IPV6];
	const struct ct_nat nat = {
		.zone = network->zone, .commits = true, .is_v6 = source->is_v6, .source = source->bytes,
		.keeps = keeps, .n_keeps = sizeof keeps / sizeof keeps[0],
	};
	struct build *b = c->out->build;
	begin_network(c, ROW_TRANSLATE, network, eth_type);
	match_u(b, FIELD_SNAT, snat->id);
	match_um(b, FIELD_CT_STATE, TRACKED | TRACKED_NEW, TRACKED | TRACKED_NEW | TRACKED_RELATED | TRACKED_INVALID);
	act_ct_nat(b, &nat, TABLE_ACL_SENT);
	out_want(c->out, c->vs->sw);

	begin_network(c, ROW_UNFIT, network, eth_type);
	match_u(b, FIELD_SNAT, snat->id);
	match_um(b, FIELD_CT_STATE, TRACKED | TRACKED_INVALID, TRACKED | TRACKED_INVALID);
	out_want(c->out, c->vs->sw);
}

/* --- back ------------------------------------------------------------------------------- */

static void back(const struct compiling *c, const struct net_network *network, uint16_t eth_type)
{
	const struct ct_nat nat = { .zone = network->zone };
	struct build *b = c->out->build;
	begin_network(c, ROW_BACK, network, eth_type);
	match_bytes(b, FIELD_ETH_DST, acl_snat_mac, NULL);
	act_ct_nat(b, &nat, TABLE_ACL_BACK);
	out_want(c->out, c->vs->sw);

	begin_network(c, ROW_FORGOTTEN, network, eth_type);
	match_um(b, FIELD_CT_STATE, TRACKED, TRACKED | TRACKED_REPLY | TRACKED_INVALID);
	match_bytes(b, FIELD_CT_LABEL, snat_bit, snat_bit);
	out_want(c->out, c->vs->sw);
}

void acl_snat_rows(const struct compiling *c, const struct net_network *network)
{
	static const uint16_t types[] = { ETH_IPV4, ETH_IPV6 };
	if (!network->n_snats)
		return;
	begin_network(c, ROW_STRAY, network, 0);
	match_bytes(c->out->build, FIELD_ETH_DST, acl_snat_mac, NULL);
	out_want(c->out, c->vs->sw);
	for (size_t is_v6 = 0; is_v6 < 2; is_v6++) {
		back(c, network, types[is_v6]);
		for (size_t i = 0; i < network->n_snats; i++) {
			if (!network->snats[i]->of[is_v6])
				continue;
			translated(c, network, network->snats[i], types[is_v6], true);
			translated(c, network, network->snats[i], types[is_v6], false);
			translate(c, network, network->snats[i], types[is_v6]);
		}
	}
}

/* --- around them ------------------------------------------------------------------------ */

void acl_snat_fixed_rows(const struct compiling *c)
{
	uint32_t reply = TRACKED | TRACKED_REPLY, sent = TRACKED | TRACKED_SNAT;
	struct build *b = c->out->build;
	begin(c, ROW_BACK_CUT, c->vs->object);
	match_u(b, FIELD_CT_MARK, MARK_CUT);
	out_want(c->out, c->vs->sw);
	begin(c, ROW_CLIENT, c->vs->object);
	match_um(b, FIELD_CT_STATE, reply, reply | TRACKED_INVALID);
	match_bytes(b, FIELD_CT_LABEL, snat_bit, snat_bit);
	act_move_part(b, FIELD_CT_LABEL, LABEL_MAC_BIT, FIELD_ETH_DST);
	go(c, TABLE_ACL_FROM);
	begin(c, ROW_NO_CLIENT, c->vs->object);
	out_want(c->out, c->vs->sw);

	begin(c, ROW_SENT, c->vs->object);
	match_um(b, FIELD_CT_STATE, sent, sent);
	act_set_bytes(b, FIELD_ETH_SRC, acl_snat_mac);
	go(c, TABLE_OUTPUT);
	begin(c, ROW_OLDER, c->vs->object);
	match_bytes(b, FIELD_CT_LABEL, snat_bit, snat_bit);
	go(c, TABLE_OUTPUT);
	begin(c, ROW_NO_SOURCE, c->vs->object);
	out_want(c->out, c->vs->sw);
}
