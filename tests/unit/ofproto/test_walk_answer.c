/* SPDX-License-Identifier: Apache-2.0 */
/* walk: frames that rows make into answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/ofproto/walk_world.h"

static uint16_t sum16(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += wire_u16(p + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) sum;
}

/* Checksums stay right when addresses change. */
static void test_checksums(void **state)
{
	struct fixture *f = *state;
	uint8_t *ip = f->frame + 14;

	wire_put_u16(f->frame + 12, 0x0800);
	ip[0] = 0x45;
	wire_put_u16(ip + 2, 46);
	ip[8] = 64;
	ip[9] = 17;
	wire_put_u32(ip + 12, 0x0a000001);
	wire_put_u32(ip + 16, 0x0a000002);
	wire_put_u16(ip + 10, (uint16_t) ~sum16(ip, 20, 0));
	wire_put_u16(ip + 24, 26);
	memset(ip + 28, 0x5a, 18);
	wire_put_u16(ip + 26, (uint16_t) ~sum16(ip + 20, 26, sum16(ip + 12, 8, 17 + 26)));
	walked_begin(f, T0, 10);
	match_u(f->b, FIELD_ETH_TYPE, 0x0800);
	act_set_u(f->b, FIELD_IPV4_SRC, 0xc0a80105);
	act_set_u(f->b, FIELD_IPV4_DST, 0xfffefdfc);
	act_output(f->b, 2);
	walked_end(f);
	walked_go(f, 1);
	ip = f->w->outs[0].frame + 14;
	assert_int_equal(wire_u32(ip + 12), 0xc0a80105);
	assert_int_equal(sum16(ip, 20, 0), 0xffff);
	assert_int_equal(sum16(ip + 20, 26, sum16(ip + 12, 8, 17 + 26)), 0xffff);
}

/* The frame as Open vSwitch 3.1 was seen to answer it, byte for byte. */
static void test_arp_answer(void **state)
{
	static const uint8_t asked[] = {1, 8, 0, 6, 4, 0, 1};
	struct fixture *f = *state;
	uint8_t *arp = f->frame + 14;

	memset(f->frame, 0xff, 6);
	wire_put_u16(f->frame + 12, 0x0806);
	memset(arp, 0, 46);
	memcpy(arp + 1, asked, sizeof(asked));
	memcpy(arp + 8, host_a, 6);
	memcpy(arp + 14, (uint8_t[]) {10, 0, 0, 1}, 4);
	memcpy(arp + 24, (uint8_t[]) {10, 0, 0, 2}, 4);
	walked_begin(f, T0, 10);
	match_u(f->b, FIELD_ETH_TYPE, 0x0806);
	match_u(f->b, FIELD_ARP_OP, 1);
	match_bytes(f->b, FIELD_ARP_TPA, (uint8_t[]) {10, 0, 0, 2}, NULL);
	act_move(f->b, FIELD_ETH_SRC, FIELD_ETH_DST);
	act_set_bytes(f->b, FIELD_ETH_SRC, host_b);
	act_set_u(f->b, FIELD_ARP_OP, 2);
	act_move(f->b, FIELD_ARP_SHA, FIELD_ARP_THA);
	act_move(f->b, FIELD_ARP_SPA, FIELD_ARP_TPA);
	act_set_bytes(f->b, FIELD_ARP_SHA, host_b);
	act_set_bytes(f->b, FIELD_ARP_SPA, (uint8_t[]) {10, 0, 0, 2});
	act_move(f->b, FIELD_IN_PORT, FIELD_REG2);
	act_forget_in_port(f->b);
	act_goto(f->b, T100);
	walked_end(f);
	walked_begin(f, T100, 10);
	match_u(f->b, FIELD_REG2, 7);
	act_output(f->b, 7);
	walked_end(f);
	walked_go(f, 7);
	assert_int_equal(f->w->n_outs, 1);
	assert_int_equal(f->w->outs[0].ofport, 7);
	arp = f->w->outs[0].frame + 14;
	assert_memory_equal(f->w->outs[0].frame, host_a, 6);
	assert_memory_equal(f->w->outs[0].frame + 6, host_b, 6);
	assert_int_equal(wire_u16(arp + 6), 2);
	assert_memory_equal(arp + 8, host_b, 6);
	assert_memory_equal(arp + 14, ((uint8_t[]) {10, 0, 0, 2}), 4);
	assert_memory_equal(arp + 18, host_a, 6);
	assert_memory_equal(arp + 24, ((uint8_t[]) {10, 0, 0, 1}), 4);
}

/* A solicitation and the advertisement that Open vSwitch 3.1 made of it with these
 * actions, captured at the port of the host that asked. */
static const uint8_t solicitation[] = {
	0x33, 0x33, 0xff, 0x00, 0x00, 0x77, 0x02, 0x13, 0xe3, 0x7c, 0x08, 0x92, 0x86, 0xdd, 0x60, 0x00,
	0x00, 0x00, 0x00, 0x20, 0x3a, 0xff, 0xfd, 0x5a, 0xfc, 0xf2, 0x2a, 0x50, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0xe6, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x01, 0xff, 0x00, 0x00, 0x77, 0x87, 0x00, 0x40, 0x6d, 0x00, 0x00, 0x00, 0x00, 0xfd, 0x5a,
	0xfc, 0xf2, 0x2a, 0x50, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x77, 0x01, 0x01,
	0x02, 0x13, 0xe3, 0x7c, 0x08, 0x92,
};

static const uint8_t advertisement[] = {
	0x02, 0x13, 0xe3, 0x7c, 0x08, 0x92, 0x02, 0x5d, 0x50, 0x44, 0xb8, 0xe1, 0x86, 0xdd, 0x60, 0x00,
	0x00, 0x00, 0x00, 0x20, 0x3a, 0xff, 0xfd, 0x5a, 0xfc, 0xf2, 0x2a, 0x50, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x77, 0xfd, 0x5a, 0xfc, 0xf2, 0x2a, 0x50, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0xe6, 0x88, 0x00, 0x9a, 0x72, 0x60, 0x00, 0x00, 0x00, 0xfd, 0x5a,
	0xfc, 0xf2, 0x2a, 0x50, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x77, 0x02, 0x01,
	0x02, 0x5d, 0x50, 0x44, 0xb8, 0xe1,
};

static void test_nd_answer(void **state)
{
	static const uint8_t known[6] = {0x02, 0x5d, 0x50, 0x44, 0xb8, 0xe1};
	struct fixture *f = *state;

	f->size = sizeof(solicitation);
	memcpy(f->frame, solicitation, f->size);
	walked_begin(f, T0, 10);
	match_u(f->b, FIELD_ETH_TYPE, 0x86dd);
	match_u(f->b, FIELD_IP_PROTO, 58);
	match_u(f->b, FIELD_ICMPV6_TYPE, 135);
	match_bytes(f->b, FIELD_ND_TARGET, solicitation + 62, NULL);
	act_move(f->b, FIELD_ETH_SRC, FIELD_ETH_DST);
	act_set_bytes(f->b, FIELD_ETH_SRC, known);
	act_move(f->b, FIELD_IPV6_SRC, FIELD_IPV6_DST);
	act_set_bytes(f->b, FIELD_IPV6_SRC, solicitation + 62);
	act_set_u(f->b, FIELD_ND_RESERVED, 0x60000000);
	act_set_u(f->b, FIELD_ND_OPTION, 2);
	act_set_u(f->b, FIELD_ICMPV6_TYPE, 136);
	act_goto(f->b, T60);
	walked_end(f);
	walked_begin(f, T60, 10);
	match_u(f->b, FIELD_ETH_TYPE, 0x86dd);
	match_u(f->b, FIELD_IP_PROTO, 58);
	match_u(f->b, FIELD_ICMPV6_TYPE, 136);
	act_move(f->b, FIELD_ETH_SRC, FIELD_ND_TLL);
	act_output_in_port(f->b);
	walked_end(f);
	walked_go(f, 3);
	assert_int_equal(f->w->n_outs, 1);
	assert_int_equal(f->w->outs[0].ofport, 3);
	assert_int_equal(f->w->outs[0].size, sizeof(advertisement));
	assert_memory_equal(f->w->outs[0].frame, advertisement, sizeof(advertisement));
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, walked_up, walked_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_checksums), TEST(test_arp_answer), TEST(test_nd_answer),
	};

	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
