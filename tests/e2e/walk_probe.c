/* SPDX-License-Identifier: Apache-2.0 */
/* walk_probe rules|frames SEED: random rows for one bridge, and random frames
 * with what walk says becomes of them.
 *
 *   rules    one row per line, for ovs-ofctl: "flow ..." and "group ..."
 *   frames   "PORT HEX -> PORT:HEX ..." per line; the last two bytes of a frame
 *            are its number; frames that walk finds ambiguous are left out
 *
 * Both modes draw the same rows from a seed. Ports are 1 to WALK_PORTS. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/ovs.h"
#include "ofproto/walk.h"
#include "ofproto/wire.h"
#include "tests/unit/ofproto/corpus.h"

enum { WALK_PORTS = 5, N_MACS = 4, N_VIDS = 3, N_GROUPS = 4, N_ROWS = 24, N_FRAMES = 60, TEXT = 8192, FRAME_MAX = 120 };

static uint64_t seed;

static unsigned below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned) (seed >> 24) % n;
}

static const uint8_t *draw_mac(void)
{
	static const uint8_t macs[N_MACS][6] = {
		{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}, {2, 0, 0, 0, 0, 3}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	};

	return macs[below(N_MACS)];
}

static uint16_t draw_vid(void) { return (uint16_t) (10 + below(N_VIDS)); }
static uint16_t draw_type(void)
{
	static const uint16_t types[] = {0x0800, 0x0806, 0x86dd, 0x88b5};

	return types[below(4)];
}

/* --- rows --------------------------------------------------------------------------- */

struct row { bool tagged, untagged; uint16_t type; unsigned icmp6; };

static const uint8_t target[16] = {0xfd, [15] = 7};

static void draw_match(struct build *b, struct row *row)
{
	static const uint8_t group_bit[6] = {1};

	if (below(3) == 0)
		match_u(b, FIELD_IN_PORT, 1 + below(WALK_PORTS));
	if (below(2))
		match_u(b, FIELD_REG0, below(3));
	switch (below(5)) {
	case 0:
		match_u(b, FIELD_VLAN_VID, VLAN_NONE);
		row->untagged = true;
		break;
	case 1:
		match_u(b, FIELD_VLAN_VID, VLAN_PRESENT | draw_vid());
		row->tagged = true;
		break;
	case 2:
		match_um(b, FIELD_VLAN_VID, VLAN_PRESENT, VLAN_PRESENT);
		row->tagged = true;
		break;
	default:
		break;
	}
	if (below(3) == 0)
		match_bytes(b, FIELD_ETH_SRC, draw_mac(), NULL);
	if (below(4) == 0)
		match_bytes(b, FIELD_ETH_DST, draw_mac(), NULL);
	else if (below(8) == 0)
		match_bytes(b, FIELD_ETH_DST, group_bit, group_bit);
	if (below(3) == 0) {
		row->type = draw_type();
		match_u(b, FIELD_ETH_TYPE, row->type);
		if (row->type == 0x0806 && below(2))
			match_u(b, FIELD_ARP_OP, 1 + below(2));
		if (row->type == 0x0800 && below(2))
			match_um(b, FIELD_IPV4_SRC, 0x0a000000, 0xffffff00);
		if (row->type == 0x86dd && below(4) == 0) {
			static const uint8_t frags[] = {FRAG_NOT, FRAG_FIRST, FRAG_LATER};

			if (below(2))
				match_u(b, FIELD_IP_FRAG, frags[below(3)]);
			if (below(2))
				match_u(b, FIELD_IP_TTL, below(2) ? 255 : 64);
			if (below(3) == 0)
				match_u(b, FIELD_IP_PROTO, below(2) ? 0 : 44);
		} else if (row->type == 0x86dd) {
			row->icmp6 = 135 + below(2);
			match_u(b, FIELD_IP_PROTO, 58);
			match_u(b, FIELD_ICMPV6_TYPE, row->icmp6);
			if (below(2))
				match_bytes(b, FIELD_ND_TARGET, target, NULL);
		}
	}
}

/* What turns a solicitation into its answer, or half of it. */
static void draw_nd(struct build *b, const struct row *row)
{
	if (below(2))
		act_set_u(b, FIELD_ND_RESERVED, 0x60000000);
	if (below(2))
		act_move(b, FIELD_IPV6_SRC, FIELD_IPV6_DST);
	if (row->icmp6 == 136) {
		act_move(b, FIELD_ETH_SRC, FIELD_ND_TLL);
		return;
	}
	act_set_u(b, FIELD_ND_OPTION, 2);
	act_set_u(b, FIELD_ICMPV6_TYPE, 136);
}

static void draw_set(struct build *b, const struct row *row)
{
	switch (below(9)) {
	case 7:
		act_move(b, FIELD_ETH_SRC, FIELD_ETH_DST);
		break;
	case 8:
		act_forget_in_port(b);
		break;
	case 0:
		act_set_u(b, FIELD_REG0, below(3));
		break;
	case 1:
		act_set_bytes(b, FIELD_ETH_DST, draw_mac());
		break;
	case 2:
		act_set_bytes(b, FIELD_ETH_SRC, draw_mac());
		break;
	case 3:
		if (row->tagged)
			act_set_u(b, FIELD_VLAN_VID, VLAN_PRESENT | draw_vid());
		break;
	case 4:
		if (row->tagged)
			act_set_u(b, FIELD_VLAN_PCP, below(8));
		break;
	case 5:
		if (row->type == 0x0800)
			act_set_u(b, below(2) ? FIELD_IPV4_SRC : FIELD_IPV4_DST, 0x0a000000 + below(600));
		else if (row->type == 0x86dd)
			act_set_bytes(b, FIELD_IPV6_DST, (const uint8_t[16]){0x20, 1, [15] = 9});
		if (row->icmp6)
			draw_nd(b, row);
		break;
	case 6:
		if (row->type == 0x0806) {
			act_set_u(b, FIELD_ARP_OP, 2);
			act_set_u(b, FIELD_ARP_SPA, 0x0a000000 + below(600));
			act_set_bytes(b, FIELD_ARP_THA, draw_mac());
			if (below(2))
				act_move(b, FIELD_ARP_SHA, FIELD_ARP_THA);
			if (below(2))
				act_move(b, FIELD_ARP_SPA, FIELD_ARP_TPA);
		}
		break;
	}
}

static void draw_action(struct build *b, struct row *row, bool *popped)
{
	switch (below(8)) {
	case 0:
		if (row->tagged && !*popped) {
			act_pop_vlan(b);
			*popped = true;
			row->tagged = false;
			row->untagged = true;
		}
		break;
	case 1:
		if (row->untagged) {
			act_push_vlan(b);
			act_set_u(b, FIELD_VLAN_VID, VLAN_PRESENT | draw_vid());
			row->tagged = true;
			row->untagged = false;
		}
		break;
	case 2:
		act_output_in_port(b);
		break;
	case 3:
		act_group(b, GROUP_OURS_FIRST + below(N_GROUPS));
		break;
	case 4: case 5:
		act_output(b, 1 + below(WALK_PORTS));
		break;
	case 6:
		/* Of what is not IP Open vSwitch hashes the addresses, and then takes the result for
		 * other such frames too (its datapath flow does not look at them). */
		if (row->type == 0x0800 || row->type == 0x86dd)
			act_multipath(b, FIELD_REG0, 2 + below(2));
		break;
	default:
		draw_set(b, row);
		break;
	}
}

typedef void rule_cb(void *ctx, const struct rule *);

static void end(struct build *b, rule_cb *cb, void *ctx)
{
	struct rule rule;
	const char *error = build_end(b, &rule);

	if (error) {
		fprintf(stderr, "walk_probe: %s\n", error);
		exit(2);
	}
	cb(ctx, &rule);
}

/* Select groups would hash: the choice is the switch's. */
static void draw_group(struct build *b, uint32_t n)
{
	static const enum group_type types[] = {GROUP_ALL, GROUP_INDIRECT, GROUP_ALL, GROUP_FF};
	enum group_type type = types[n];
	unsigned buckets = type == GROUP_INDIRECT ? 1 : 1 + below(3);

	build_group(b, GROUP_OURS_FIRST + n, type);
	while (buckets--) {
		build_bucket(b, 0, type == GROUP_FF ? 1 + below(WALK_PORTS) : 0);
		if (below(3) == 0)
			act_set_bytes(b, FIELD_ETH_DST, draw_mac());
		if (below(4) == 0)
			act_set_u(b, FIELD_REG0, 2);
		if (below(5))
			act_output(b, 1 + below(WALK_PORTS));
		else
			act_output_in_port(b);
	}
}

static void draw_rules(rule_cb *cb, void *ctx)
{
	struct build *b = build_new(corpus_tables, CORPUS_TABLES);

	for (uint32_t n = 0; n < N_GROUPS; n++) {
		draw_group(b, n);
		end(b, cb, ctx);
	}
	for (int i = 0; i < N_ROWS; i++) {
		/* Deep tables are reached less often: more rows in the first. */
		unsigned table = below(2) ? 0 : below(CORPUS_TABLES);
		struct row row = {false, false, 0, 0};
		bool popped = false;

		build_flow(b, table, (uint16_t) (1 + below(200)), 0);
		draw_match(b, &row);
		for (unsigned n = below(6); n > 0; n--)
			draw_action(b, &row, &popped);
		if (table < 3 && below(3))
			act_goto(b, table + 1 + below(3 - table));
		end(b, cb, ctx);
	}
	for (unsigned table = 0; table < CORPUS_TABLES; table++) {
		build_flow(b, table, 0, 0);
		act_output(b, 1 + table);
		if (table < 3)
			act_goto(b, table + 1);
		end(b, cb, ctx);
	}
	build_free(b);
}

/* --- frames ---------------------------------------------------------------------------- */

static size_t draw_solicitation(uint8_t *f, size_t at)
{
	uint8_t *ip = f + at, *nd = ip + 40;
	uint32_t sum = 32 + 58;

	memcpy(ip, (const uint8_t[]){0x60, 0, 0, 0, 0, 32, 58, 255}, 8);
	ip[8] = ip[24] = 0xfd;
	ip[23] = 1;
	ip[39] = 2;
	nd[0] = (uint8_t) (135 + below(2));
	memcpy(nd + 8, target, 16);
	nd[23] = (uint8_t) (7 + below(2));
	nd[24] = nd[0] == 135 ? 1 : 2;
	nd[25] = 1;
	memcpy(nd + 26, f + 6, 6);
	for (size_t i = 8; i < 72; i += 2)
		sum += wire_u16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	wire_put_u16(nd + 2, (uint16_t) ~((sum & 0xffff) + (sum >> 16)));
	return at + 72 + 4;
}

/* Now and then there are headers in between, whole or cut off, or it is a fragment. */
static size_t draw_extension(uint8_t *f, size_t at, size_t size)
{
	static const uint8_t kinds[] = {0, 60, 44, 44};
	static const uint16_t offsets[] = {0, 1, 0x40, 0x41};

	for (int n = (int) below(3); n > 0 && below(2); n--) {
		uint8_t kind = kinds[below(4)], *header = f + at + 40;

		memmove(header + 8, header, size - at - 40);
		memset(header, 0, 8);
		header[0] = f[at + 6];
		header[1] = kind != 44 && below(4) == 0 ? 30 : 0;
		if (kind == 44)
			wire_put_u16(header + 2, offsets[below(4)]);
		f[at + 6] = kind;
		f[at + 5] = (uint8_t) (f[at + 5] + 8);
		size += 8;
	}
	return size;
}

static size_t draw_frame(uint8_t *f)
{
	uint16_t type = draw_type();
	size_t at = 14;

	memset(f, 0, FRAME_MAX);
	memcpy(f, draw_mac(), 6);
	memcpy(f + 6, draw_mac(), 6);
	f[6] &= 0xfe;
	if (below(2)) {
		wire_put_u16(f + 12, 0x8100);
		wire_put_u16(f + 14, (uint16_t) (below(8) << 13 | draw_vid()));
		at = 18;
	}
	wire_put_u16(f + at - 2, type);
	switch (type) {
	case 0x0800:            /* UDP, with no checksum of its own and one that was not made */
		f[at] = 0x45;
		wire_put_u16(f + at + 2, 46);
		f[at + 8] = 64;
		f[at + 9] = 17;
		wire_put_u32(f + at + 12, 0x0a000000 + below(600));
		wire_put_u32(f + at + 16, 0x0a000000 + below(600));
		{
			uint32_t sum = 0;

			for (size_t i = 0; i < 20; i += 2)
				sum += wire_u16(f + at + i);
			sum = (sum & 0xffff) + (sum >> 16);
			wire_put_u16(f + at + 10, (uint16_t) ~((sum & 0xffff) + (sum >> 16)));
		}
		wire_put_u16(f + at + 24, 26);
		break;
	case 0x0806:
		memcpy(f + at, (const uint8_t[]){0, 1, 8, 0, 6, 4, 0}, 7);
		f[at + 7] = (uint8_t) (1 + below(2));
		memcpy(f + at + 8, f + 6, 6);
		wire_put_u32(f + at + 14, 0x0a000001);
		wire_put_u32(f + at + 24, 0x0a000002);
		break;
	case 0x86dd:            /* no next header: no checksum to keep; or neighbour discovery */
		if (below(3))
			return draw_extension(f, at, draw_solicitation(f, at));
		f[at] = 0x60;
		f[at + 6] = 59;
		f[at + 7] = 64;
		f[at + 8] = f[at + 24] = 0x20;
		f[at + 23] = 1;
		f[at + 39] = 2;
		break;
	default:
		f[at] = 0x5a;
		break;
	}
	return at + 46;
}

static void print_hex(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%02x", p[i]);
}

static void add(void *sw, const struct rule *rule) { walk_switch_add(sw, rule); }

static void print_rule(void *ctx, const struct rule *rule)
{
	char text[TEXT];

	(void) ctx;
	rule_format(rule, text, sizeof(text));
	printf("%s %s\n", rule->kind == RULE_GROUP ? "group" : "flow", text);
}

static void print_frames(void)
{
	struct walk_switch *sw = walk_switch_new();
	struct walk *w = walk_new();
	uint8_t frame[FRAME_MAX];

	w->choice = WALK_BY_HASH;
	draw_rules(add, sw);
	for (int i = 0; i < N_FRAMES; i++) {
		uint32_t port = 1 + below(WALK_PORTS);
		size_t size = draw_frame(frame);

		wire_put_u16(frame + size - 2, (uint16_t) i);
		walk_frame(sw, w, port, frame, size, 0, 0);
		if (w->ambiguous)
			continue;
		if (w->missed || w->cut || w->unknown) {
			fprintf(stderr, "walk_probe: walk failed: %s\n", w->unknown ? w->unknown : "missed or cut");
			exit(2);
		}
		printf("%u ", port);
		print_hex(frame, size);
		printf(" ->");
		for (size_t o = 0; o < w->n_outs; o++) {
			printf(" %u:", w->outs[o].ofport);
			print_hex(w->outs[o].frame, w->outs[o].size);
		}
		printf("\n");
	}
	walk_free(w);
	walk_switch_free(sw);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: walk_probe rules|frames SEED\n", stderr);
		return 2;
	}
	seed = strtoull(argv[2], NULL, 0) * 0x9e3779b97f4a7c15ULL + 1;
	if (!strcmp(argv[1], "rules"))
		draw_rules(print_rule, NULL);
	else
		print_frames();
	return 0;
}
