/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ofproto/packet.h"

static const uint8_t host[6] = {0x02, 0, 0, 0, 0, 0x0a};

static void frame(uint8_t *f, uint16_t eth_type)
{
	memset(f, 0xff, 6);
	memcpy(f + 6, host, 6);
	f[12] = (uint8_t) (eth_type >> 8);
	f[13] = (uint8_t) eth_type;
}

static size_t arp(uint8_t *f, uint8_t op, uint32_t spa)
{
	static const uint8_t head[7] = {0, 1, 8, 0, 6, 4, 0};

	frame(f, 0x0806);
	memset(f + 14, 0, 28);
	memcpy(f + 14, head, 7);
	f[21] = op;
	memcpy(f + 22, host, 6);
	for (int i = 0; i < 4; i++)
		f[28 + i] = (uint8_t) (spa >> (24 - 8 * i));
	return 42;
}

static void test_ethernet(void **state)
{
	uint8_t f[64] = {0};
	struct packet p;

	(void) state;
	frame(f, 0x88b5);
	for (size_t n = 0; n < 14; n++)
		assert_false(packet_parse(&p, f, n));
	assert_true(packet_parse(&p, f, 14));
	assert_memory_equal(p.src, host, 6);
	assert_true(mac_is_multicast(p.dst));
	assert_false(mac_is_multicast(p.src));
	assert_int_equal(p.eth_type, 0x88b5);
	assert_int_equal(p.l3_offset, 14);
	assert_int_equal(p.n_vlans, 0);
	assert_false(p.has_ip4 || p.has_ip6);
	frame(f, 60);
	assert_true(packet_parse(&p, f, 64));
	assert_int_equal(p.eth_type, 60);
}

static void test_vlans(void **state)
{
	uint8_t f[60], body[60];
	struct packet p;

	(void) state;
	arp(body, 1, 0xc0a80101);
	frame(f, 0x88a8);
	memcpy(f + 14, (uint8_t[]){0x20, 0x64, 0x81, 0x00, 0x00, 0x14, 0x08, 0x06}, 8);
	memcpy(f + 22, body + 14, 28);
	assert_true(packet_parse(&p, f, 50));
	assert_int_equal(p.n_vlans, 2);
	assert_int_equal(p.vlan_tci[0], 0x2064);
	assert_int_equal(p.vlan_tci[1], 0x14);
	assert_int_equal(p.eth_type, 0x0806);
	assert_int_equal(p.l3_offset, 22);
	assert_true(p.has_ip4);
	/* A third tag is what eth_type says. */
	f[20] = 0x81;
	f[21] = 0;
	assert_true(packet_parse(&p, f, 50));
	assert_int_equal(p.n_vlans, 2);
	assert_int_equal(p.eth_type, 0x8100);
	assert_false(p.has_ip4);
	/* Cut inside of the second tag. */
	assert_true(packet_parse(&p, f, 21));
	assert_int_equal(p.n_vlans, 1);
	assert_int_equal(p.eth_type, 0x8100);
	assert_int_equal(p.l3_offset, 18);
}

static void test_arp(void **state)
{
	uint8_t f[60] = {0};
	struct packet p;
	size_t n = arp(f, 1, 0xc0a80105);

	(void) state;
	assert_true(packet_parse(&p, f, n));
	assert_true(p.has_ip4);
	assert_memory_equal(p.ip4, ((uint8_t[]){192, 168, 1, 5}), 4);
	assert_true(packet_parse(&p, f, n - 1));        /* cut: nothing said */
	assert_false(p.has_ip4);
	f[19] = 6;                                      /* not of Ethernet and IPv4 */
	assert_true(packet_parse(&p, f, n));
	assert_false(p.has_ip4);
	n = arp(f, 1, 0);                               /* a probe says nothing */
	assert_true(packet_parse(&p, f, n));
	assert_false(p.has_ip4);
}

static void test_ipv4(void **state)
{
	uint8_t f[60] = {0};
	struct packet p;

	(void) state;
	frame(f, 0x0800);
	f[14] = 0x45;
	memcpy(f + 26, (uint8_t[]){10, 0, 0, 7}, 4);
	assert_true(packet_parse(&p, f, 34));
	assert_true(p.has_ip4);
	assert_memory_equal(p.ip4, ((uint8_t[]){10, 0, 0, 7}), 4);
	f[14] = 0x44;                                   /* header too short to be one */
	assert_true(packet_parse(&p, f, 34));
	assert_false(p.has_ip4);
	f[14] = 0x65;
	assert_true(packet_parse(&p, f, 34));
	assert_false(p.has_ip4);
	f[14] = 0x45;
	assert_true(packet_parse(&p, f, 33));
	assert_false(p.has_ip4);
}

static void test_ipv6(void **state)
{
	uint8_t f[100] = {0}, source[16] = {0xfe, 0x80, [15] = 1}, target[16] = {0x20, 0x01, [15] = 2};
	struct packet p;

	(void) state;
	frame(f, 0x86dd);
	f[14] = 0x60;
	f[20] = 58;
	f[21] = 255;
	memcpy(f + 22, source, 16);
	f[54] = 136;
	memcpy(f + 62, target, 16);
	assert_true(packet_parse(&p, f, 78));
	assert_true(p.has_ip6);
	assert_memory_equal(p.ip6, target, 16);
	assert_true(packet_parse(&p, f, 77));           /* the target is cut: the source speaks */
	assert_memory_equal(p.ip6, source, 16);
	f[21] = 64;                                     /* routed: not ND */
	assert_true(packet_parse(&p, f, 78));
	assert_memory_equal(p.ip6, source, 16);
	f[21] = 255;
	f[54] = 135;                                    /* a solicitation's target is somebody else */
	assert_true(packet_parse(&p, f, 78));
	assert_memory_equal(p.ip6, source, 16);
	memset(f + 22, 0, 16);                          /* duplicate address detection */
	assert_true(packet_parse(&p, f, 78));
	assert_false(p.has_ip6);
	assert_true(packet_parse(&p, f, 53));
	assert_false(p.has_ip6);
}

/* Every prefix of random bytes, in memory that ends there. */
static void test_random(void **state)
{
	static const uint16_t types[] = {0x0800, 0x0806, 0x8100, 0x88a8, 0x86dd};
	struct packet p;

	(void) state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		size_t n = (size_t) (rand() % 90);
		uint8_t *f = malloc(n ? n : 1);

		for (size_t i = 0; i < n; i++)
			f[i] = (uint8_t) rand();
		for (size_t i = 12; i + 1 < n && i < 24; i += 4) {
			uint16_t type = types[rand() % 5];

			f[i] = (uint8_t) (type >> 8);
			f[i + 1] = (uint8_t) type;
		}
		assert_int_equal(packet_parse(&p, f, n), n >= 14);
		if (n >= 14)
			assert_true(p.l3_offset <= n);
		free(f);
	}
}

static void test_reserved(void **state)
{
	static const struct { uint8_t mac[6]; bool reserved; } cases[] = {
		{{0x01, 0x80, 0xc2, 0, 0, 0x00}, true},
		{{0x01, 0x80, 0xc2, 0, 0, 0x0e}, true},
		{{0x01, 0x80, 0xc2, 0, 0, 0x0f}, true},
		{{0x01, 0x80, 0xc2, 0, 0, 0x10}, false},
		{{0x01, 0x80, 0xc2, 0, 1, 0x00}, false},
		{{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc}, true},
		{{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcd}, true},
		{{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xce}, false},
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, false},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(mac_is_reserved(cases[i].mac), cases[i].reserved);
	assert_true(mac_is_zero((uint8_t[6]){0}));
	assert_false(mac_is_zero(host));
}

static void test_text(void **state)
{
	static const char *const bad[] = {
		"", "02:00:00:00:00", "02:00:00:00:00:0", "02:00:00:00:00:0g", "02-00-00-00-00-01",
		"02:00:00:00:00:01 ", "02:00:00:00:00:01:02", "2:0:0:0:0:1", ":", "020000000001",
	};
	uint8_t mac[6] = {9, 9, 9, 9, 9, 9};
	char buf[MAC_TEXT];

	(void) state;
	assert_true(mac_parse("0A:bc:De:0f:10:ff", mac));
	assert_string_equal(mac_format(mac, buf), "0a:bc:de:0f:10:ff");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(mac_parse(bad[i], mac));
	assert_string_equal(mac_format(mac, buf), "0a:bc:de:0f:10:ff");         /* untouched */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ethernet),
		cmocka_unit_test(test_vlans),
		cmocka_unit_test(test_arp),
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
