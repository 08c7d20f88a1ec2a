/* SPDX-License-Identifier: Apache-2.0 */
/* corpus: see corpus.h. */
#include "corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/field.h"

const struct table_contract corpus_tables[CORPUS_TABLES] = {
	{.name = "first", .owner = "corpus", .id = 0, .match = ~0ULL, .set = ~0ULL, .next = 0xf,
	 .outputs = true, .punts = true, .tracks = true, .again = 0x7},
	{.name = "second", .owner = "corpus", .id = 60, .match = ~0ULL, .set = ~0ULL, .next = 0xf,
	 .outputs = true, .punts = true, .tracks = true, .again = 0x7},
	{.name = "third", .owner = "corpus", .id = 70, .match = ~0ULL, .set = ~0ULL, .next = 0xf,
	 .outputs = true, .punts = true, .tracks = true, .again = 0x7},
	{.name = "last", .owner = "corpus", .id = 100, .match = ~0ULL, .set = ~0ULL, .next = 0,
	 .outputs = true, .punts = true, .tracks = true, .again = 0x7},
};

enum { PRESENT = VLAN_PRESENT, SEED_GROUP = GROUP_OURS_FIRST, SEED_METER = METER_OURS_FIRST };

struct corpus {
	struct build *b;
	corpus_cb *cb;
	void *ctx;
	uint16_t priority;
};

static void begin(struct corpus *c, unsigned table)
{
	c->priority++;
	build_flow(c->b, table, c->priority, cookie_make(3, 0x1000u + c->priority));
}

static void end(struct corpus *c, const char *format, const char *name)
{
	struct rule rule;
	char text[64];
	const char *error = build_end(c->b, &rule);

	snprintf(text, sizeof(text), "%s %s", format, name);
	if (error) {
		fprintf(stderr, "corpus: %s: %s\n", text, error);
		abort();
	}
	c->cb(c->ctx, text, &rule);
}

void corpus_prerequisites(struct build *b, enum field f)
{
	switch ((int) f) {
	case FIELD_VLAN_PCP:
		match_um(b, FIELD_VLAN_VID, PRESENT, PRESENT);
		break;
	case FIELD_IP_PROTO:
	case FIELD_IP_DSCP:
	case FIELD_IP_TTL:
	case FIELD_IP_FRAG:
	case FIELD_IPV4_SRC:
	case FIELD_IPV4_DST:
		match_u(b, FIELD_ETH_TYPE, 0x0800);
		break;
	case FIELD_TCP_SRC:
	case FIELD_TCP_DST:
		match_u(b, FIELD_ETH_TYPE, 0x0800);
		match_u(b, FIELD_IP_PROTO, 6);
		break;
	case FIELD_UDP_SRC:
	case FIELD_UDP_DST:
		match_u(b, FIELD_ETH_TYPE, 0x86dd);
		match_u(b, FIELD_IP_PROTO, 17);
		break;
	case FIELD_SCTP_SRC:
	case FIELD_SCTP_DST:
		match_u(b, FIELD_ETH_TYPE, 0x0800);
		match_u(b, FIELD_IP_PROTO, 132);
		break;
	case FIELD_IPV6_SRC:
	case FIELD_IPV6_DST:
		match_u(b, FIELD_ETH_TYPE, 0x86dd);
		break;
	case FIELD_ARP_OP:
	case FIELD_ARP_SPA:
	case FIELD_ARP_TPA:
	case FIELD_ARP_SHA:
	case FIELD_ARP_THA:
		match_u(b, FIELD_ETH_TYPE, 0x0806);
		break;
	case FIELD_ICMPV6_TYPE:
	case FIELD_ND_TARGET:
	case FIELD_ND_TLL:
	case FIELD_ND_RESERVED:
	case FIELD_ND_OPTION:
		match_u(b, FIELD_ETH_TYPE, 0x86dd);
		match_u(b, FIELD_IP_PROTO, 58);
		if (f != FIELD_ICMPV6_TYPE)
			match_u(b, FIELD_ICMPV6_TYPE, 136);
		break;
	default:
		break;
	}
}

void corpus_value(enum field f, uint64_t random, uint8_t ret_value[16])
{
	memset(ret_value, 0, 16);
	for (size_t i = 0; i < field_infos[f].size; i++)
		ret_value[i] = (uint8_t) (random >> (8 * (i % 8)));
	switch ((int) f) {
	case FIELD_IN_PORT:             /* 1 .. 0xfeff */
		ret_value[0] = ret_value[1] = 0;
		ret_value[2] &= 0x7f;
		ret_value[3] |= 1;
		break;
	case FIELD_VLAN_VID:
		ret_value[0] = (uint8_t) (PRESENT >> 8 | (ret_value[0] & 0x0f));
		break;
	case FIELD_VLAN_PCP:
		ret_value[0] &= 7;
		break;
	case FIELD_ETH_TYPE:            /* none with fields of its own */
		ret_value[0] = 0x89;
		break;
	case FIELD_CT_STATE:            /* eight bits are known */
		ret_value[0] = ret_value[1] = ret_value[2] = 0;
		ret_value[3] = (uint8_t) (TRACKED | (ret_value[3] & 0x1f));
		break;
	case FIELD_IP_DSCP:
		ret_value[0] &= 0x3f;
		break;
	case FIELD_IP_FRAG:
		ret_value[0] = FRAG_FIRST;
		break;
	case FIELD_ARP_OP:              /* Open vSwitch keeps 8 bits of it */
		ret_value[0] = 0;
		break;
	default:
		break;
	}
}

static uint64_t number(enum field f, const uint8_t *value)
{
	uint64_t n = 0;

	for (size_t i = 0; i < field_infos[f].size; i++)
		n = n << 8 | value[i];
	return n;
}

void corpus_match(struct build *b, enum field f, const uint8_t *value, const uint8_t *mask)
{
	if (field_infos[f].size == 6 || field_infos[f].size == 16)
		match_bytes(b, f, value, mask);
	else if (mask)
		match_um(b, f, number(f, value), number(f, mask));
	else
		match_u(b, f, number(f, value));
}

void corpus_set(struct build *b, enum field f, const uint8_t *value)
{
	if (field_infos[f].size == 6 || field_infos[f].size == 16)
		act_set_bytes(b, f, value);
	else
		act_set_u(b, f, number(f, value));
}

static bool may_mask(enum field f)
{
	switch ((int) f) {
	case FIELD_IN_PORT:
	case FIELD_ETH_TYPE:
	case FIELD_VLAN_PCP:
	case FIELD_IP_PROTO:
	case FIELD_ARP_OP:
	case FIELD_ICMPV6_TYPE:
	case FIELD_ND_RESERVED:
	case FIELD_ND_OPTION:
	case FIELD_CONJ_ID:
	case FIELD_IP_DSCP:
	case FIELD_IP_TTL:
	case FIELD_IP_FRAG:
		return false;
	default:
		return true;
	}
}

static bool may_set(enum field f)
{
	return f != FIELD_IN_PORT && f != FIELD_ETH_TYPE && f != FIELD_IP_PROTO && f < FIELD_CT_STATE;
}

static void corpus_fields(struct corpus *c)
{
	for (int i = 0; i < N_FIELDS; i++) {
		enum field f = (enum field) i;
		uint8_t value[16], mask[16] = {0};
		uint64_t random = 0x9e3779b97f4a7c15ULL * (uint64_t) (i + 1);

		corpus_value(f, random, value);
		begin(c, 1);
		corpus_prerequisites(c->b, f);
		corpus_match(c->b, f, value, NULL);
		act_goto(c->b, 2);
		end(c, "match", field_name(f));
		if (may_mask(f)) {
			/* A prefix, and the upper half of what a port number or tag is. */
			memset(mask, 0xff, field_infos[f].size > 1 ? field_infos[f].size / 2 : 1);
			if (f == FIELD_VLAN_VID)
				mask[0] = 0x1f;
			if (f == FIELD_CT_STATE)
				mask[3] = TRACKED | TRACKED_REPLY;
			for (int j = 0; j < 16; j++)
				value[j] &= mask[j];
			begin(c, 1);
			corpus_prerequisites(c->b, f);
			corpus_match(c->b, f, value, mask);
			end(c, "mask", field_name(f));
		}
		if (may_set(f)) {
			corpus_value(f, ~random, value);
			begin(c, 2);
			corpus_prerequisites(c->b, f);
			if (f == FIELD_VLAN_VID)
				match_um(c->b, FIELD_VLAN_VID, PRESENT, PRESENT);
			corpus_set(c->b, f, value);
			act_output(c->b, 7);
			end(c, "set", field_name(f));
		}
	}
}

/* What answers ARP: copies of fields, and out where it came in. */
static void corpus_moves(struct corpus *c)
{
	begin(c, 0);
	match_u(c->b, FIELD_ETH_TYPE, 0x0806);
	act_move(c->b, FIELD_ETH_SRC, FIELD_ETH_DST);
	act_move(c->b, FIELD_ARP_SHA, FIELD_ARP_THA);
	act_move(c->b, FIELD_ARP_SPA, FIELD_ARP_TPA);
	act_move(c->b, FIELD_IN_PORT, FIELD_REG2);
	act_forget_in_port(c->b);
	act_goto(c->b, 1);
	end(c, "move", "arp");
	begin(c, 0);
	match_u(c->b, FIELD_ETH_TYPE, 0x86dd);
	match_u(c->b, FIELD_IP_PROTO, 58);
	match_u(c->b, FIELD_ICMPV6_TYPE, 136);
	act_move(c->b, FIELD_IPV6_SRC, FIELD_IPV6_DST);
	act_move(c->b, FIELD_ETH_SRC, FIELD_ND_TLL);
	act_output_in_port(c->b);
	end(c, "move", "nd");
}

static void corpus_vlans(struct corpus *c)
{
	begin(c, 0);
	match_u(c->b, FIELD_VLAN_VID, VLAN_NONE);
	act_push_vlan(c->b);
	act_set_u(c->b, FIELD_VLAN_VID, PRESENT | 20);
	act_set_u(c->b, FIELD_VLAN_PCP, 5);
	act_output(c->b, 3);
	end(c, "vlan", "push");
	begin(c, 0);
	match_u(c->b, FIELD_IN_PORT, 4);
	match_u(c->b, FIELD_VLAN_VID, PRESENT | 20);
	act_set_u(c->b, FIELD_REG0, 0x1234);
	act_move_into(c->b, FIELD_VLAN_PCP, FIELD_METADATA);
	act_pop_vlan(c->b);
	act_goto(c->b, 1);
	end(c, "vlan", "pop");
	begin(c, 1);
	match_u(c->b, FIELD_IN_PORT, 4);
	match_um(c->b, FIELD_METADATA, 0, ~UINT64_C(7));
	act_push_vlan(c->b);
	act_set_u(c->b, FIELD_VLAN_VID, PRESENT | 21);
	act_move_part(c->b, FIELD_METADATA, 0, FIELD_VLAN_PCP);
	act_output(c->b, 3);
	end(c, "vlan", "push with the priority of before");
	begin(c, 0);
	match_um(c->b, FIELD_VLAN_VID, PRESENT, PRESENT);
	end(c, "vlan", "any tag, drop");
	begin(c, 0);
	match_u(c->b, FIELD_VLAN_VID, PRESENT);
	match_u(c->b, FIELD_VLAN_PCP, 0);
	end(c, "vlan", "priority tag");
	begin(c, 0);
	match_u(c->b, FIELD_VLAN_VID, PRESENT | 30);
	act_pop_vlan(c->b);
	act_output(c->b, 5);
	act_push_vlan(c->b);
	act_set_u(c->b, FIELD_VLAN_VID, PRESENT | 31);
	act_output(c->b, 6);
	end(c, "vlan", "one list for both kinds of port");
}

static void corpus_actions(struct corpus *c)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1}, group[6] = {1, 0, 0, 0, 0, 0};

	begin(c, 1);
	match_u(c->b, FIELD_REG0, 1);
	match_u(c->b, FIELD_IN_PORT, 9);
	match_bytes(c->b, FIELD_ETH_SRC, mac, NULL);
	act_goto(c->b, 2);
	build_idle(c->b, 300);
	build_plain(c->b);
	end(c, "row", "learned host, source");
	begin(c, 2);
	match_u(c->b, FIELD_REG0, 1);
	match_bytes(c->b, FIELD_ETH_DST, mac, NULL);
	act_set_u(c->b, FIELD_REG2, 9);
	act_goto(c->b, 3);
	build_plain(c->b);
	end(c, "row", "learned host, destination");
	begin(c, 2);
	match_bytes(c->b, FIELD_ETH_DST, group, group);
	for (uint32_t port = 1; port <= 200; port++)
		act_output(c->b, port);
	act_output(c->b, 0xfffffffe);
	end(c, "row", "flood list with LOCAL");
	begin(c, 0);
	end(c, "row", "empty match, drop");
	begin(c, 0);
	act_output_in_port(c->b);
	end(c, "action", "in_port");
	begin(c, 0);
	act_controller(c->b, 128, 0);
	act_goto(c->b, 1);
	end(c, "action", "controller");
	begin(c, 0);
	act_controller(c->b, 128, SEED_METER);
	end(c, "action", "controller by meter");
	begin(c, 0);
	act_controller(c->b, 0xffff, SEED_METER);
	end(c, "action", "controller by meter, whole frame");
	begin(c, 0);
	act_group(c->b, SEED_GROUP);
	end(c, "action", "group");
	begin(c, 3);
	act_set_u(c->b, FIELD_TUN_ID, 10020);
	act_set_u(c->b, FIELD_TUN_DST, 0x0a000002);
	act_output(c->b, 1000);
	act_set_u(c->b, FIELD_TUN_DST, 0x0a000003);
	act_output(c->b, 1000);
	end(c, "row", "head-end replication");
	begin(c, 0);
	build_idle(c->b, 0);
	end(c, "row", "send_flow_rem without timeout");
	begin(c, 0);
	match_u(c->b, FIELD_ETH_TYPE, 0x0800);
	act_ct(c->b, 4711, 1);
	end(c, "action", "ct");
	begin(c, 0);
	match_u(c->b, FIELD_ETH_TYPE, 0x86dd);
	match_um(c->b, FIELD_CT_STATE, TRACKED | TRACKED_NEW, TRACKED | TRACKED_NEW);
	act_ct_commit(c->b, 4711, 3);
	act_goto(c->b, 1);
	end(c, "action", "ct with commit");
	begin(c, 0);
	match_u(c->b, FIELD_ETH_TYPE, 0x0800);
	act_ct_nat(c->b, &(struct ct_nat) {.zone = 4711}, 1);
	end(c, "action", "ct with nat");
	begin(c, 0);
	match_u(c->b, FIELD_ETH_TYPE, 0x0800);
	act_ct_nat(c->b, &(struct ct_nat) {.zone = 4711, .commits = true}, 1);
	end(c, "action", "ct with commit and nat");
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		static const uint8_t ips[2][16] = {{192, 0, 2, 250}, {0x20, 1, 0xd, 0xb8, [15] = 0xfa}};
		static const struct ct_keep keeps[] = {{FIELD_ETH_SRC, 0}, {FIELD_REG2, 64}};

		begin(c, 0);
		match_u(c->b, FIELD_ETH_TYPE, is_v6 ? 0x86dd : 0x0800);
		act_ct_nat(c->b, &(struct ct_nat) {.zone = 4711, .commits = true, .is_v6 = is_v6, .source = ips[is_v6],
						   .keeps = keeps, .n_keeps = 2}, 1);
		end(c, "action", is_v6 ? "ct with nat to a source of IPv6" : "ct with nat to a source");
	}
	begin(c, 0);
	match_bytes(c->b, FIELD_CT_LABEL, (const uint8_t[16]) {[4] = 0x80}, (const uint8_t[16]) {[4] = 0x80});
	act_move_part(c->b, FIELD_CT_LABEL, 0, FIELD_ETH_DST);
	act_goto(c->b, 1);
	end(c, "move", "part of a label");
	begin(c, 1);
	match_u(c->b, FIELD_REG4, 5);
	act_conjunction(c->b, 0x12345678, 0, 2);
	act_conjunction(c->b, 9, 63, 64);
	end(c, "action", "two conjunctions");
	begin(c, 1);
	match_u(c->b, FIELD_CONJ_ID, 0x12345678);
	act_goto(c->b, 2);
	end(c, "row", "end of a conjunction");
	begin(c, 2);
	act_multipath(c->b, FIELD_REG12, 16);
	act_goto(c->b, 3);
	end(c, "action", "multipath");
	begin(c, 2);
	act_multipath(c->b, FIELD_REG12, MULTIPATH_MAX);
	end(c, "action", "multipath, most slots");
	begin(c, 3);
	act_again(c->b, FIELD_REG2, 7, 2);
	act_output(c->b, 8);
	end(c, "action", "a copy goes again");
}

static void corpus_groups(struct corpus *c)
{
	uint32_t id = SEED_GROUP;

	build_group(c->b, id++, GROUP_ALL);
	build_bucket(c->b, 0, 0);
	act_output(c->b, 1);
	build_bucket(c->b, 7, 0);
	act_push_vlan(c->b);
	act_set_u(c->b, FIELD_VLAN_VID, PRESENT | 7);
	act_output(c->b, 2);
	end(c, "group", "all");
	build_group(c->b, id++, GROUP_SELECT);
	build_bucket(c->b, 75, 0);
	act_set_u(c->b, FIELD_REG5, 1);
	act_output(c->b, 1);
	build_bucket(c->b, 25, 2);
	act_output(c->b, 2);
	end(c, "group", "select");
	build_group(c->b, id++, GROUP_INDIRECT);
	build_bucket(c->b, 0, 0);
	act_output(c->b, 1);
	end(c, "group", "indirect");
	build_group(c->b, id++, GROUP_FF);
	build_bucket(c->b, 0, 1);
	act_output(c->b, 1);
	build_bucket(c->b, 0, 2);
	act_output_in_port(c->b);
	build_bucket_watching(c->b, SEED_GROUP);
	act_output(c->b, 3);
	end(c, "group", "ff");
	build_group(c->b, id++, GROUP_FF);
	build_bucket(c->b, 0, 1);
	act_push_vlan(c->b);
	act_set_u(c->b, FIELD_VLAN_VID, PRESENT | 3000);
	act_move_part(c->b, FIELD_METADATA, 0, FIELD_VLAN_PCP);
	act_output(c->b, 1);
	build_bucket(c->b, 0, 2);
	act_set_u(c->b, FIELD_TUN_ID, 0xe00001);
	act_set_u(c->b, FIELD_TUN_SRC, 0x0a000001);
	act_set_u(c->b, FIELD_TUN_DST, 0x0a000002);
	act_output_in_port(c->b);
	end(c, "group", "ff, label on a cable and on a tunnel");
	build_group(c->b, id++, GROUP_ALL);
	build_bucket(c->b, 0, 0);
	act_pop_vlan(c->b);
	act_push_vlan(c->b);
	act_set_u(c->b, FIELD_VLAN_VID, PRESENT | 8);
	act_set_u(c->b, FIELD_TUN_ID, 10020);
	act_group(c->b, SEED_GROUP);
	build_bucket(c->b, 0, 0);
	act_controller(c->b, 64, 0);
	build_bucket(c->b, 0, 0);
	end(c, "group", "chained, controller, drop");
	build_group(c->b, id++, GROUP_ALL);
	end(c, "group", "without buckets");
}

static void corpus_meters(struct corpus *c)
{
	build_meter(c->b, SEED_METER, true, 1000, 0);
	end(c, "meter", "packets");
	build_meter(c->b, SEED_METER + 1, true, 1000, 250);
	end(c, "meter", "packets, burst");
	build_meter(c->b, SEED_METER + 2, false, 100000, 10000);
	end(c, "meter", "kbit, burst");
	build_meter(c->b, METER_OURS_LAST, false, 100000, 0);
	end(c, "meter", "kbit, last id");
}

void corpus(corpus_cb *cb, void *ctx)
{
	struct corpus c = {.b = build_new(corpus_tables, CORPUS_TABLES), .cb = cb, .ctx = ctx};

	corpus_meters(&c);
	corpus_groups(&c);
	corpus_fields(&c);
	corpus_vlans(&c);
	corpus_moves(&c);
	corpus_actions(&c);
	build_free(c.b);
}
