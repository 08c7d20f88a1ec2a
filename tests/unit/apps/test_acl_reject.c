/* SPDX-License-Identifier: Apache-2.0 */
/* The answers to rejected frames: what they say, that their checksums hold, and
 * what gets none. Any bytes may come in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "apps/acl.h"

enum { V4 = 14, L4 = 34, V6_L4 = 54, SYN = 2, RST = 4, ACK = 16 };

static uint8_t frame[200], answer[REJECTION_MAX];

static unsigned get16(const uint8_t *p) { return p[0] * 256u + p[1]; }

static void head(uint16_t type)
{
	memset(frame, 0, sizeof frame);
	memcpy(frame, (uint8_t[6]) { 2, 0, 0, 0, 0, 2 }, 6);
	memcpy(frame + 6, (uint8_t[6]) { 2, 0, 0, 0, 0, 1 }, 6);
	frame[12] = (uint8_t) (type >> 8);
	frame[13] = (uint8_t) type;
}

static void ipv4(uint8_t proto, uint8_t payload)
{
	head(0x0800);
	memcpy(frame + V4, (uint8_t[20]) { 0x45, 0, 0, (uint8_t) (20 + payload), 0, 1, 0, 0, 64, proto, 0, 0,
					   10, 0, 0, 1, 10, 0, 0, 2 }, 20);
}

static void ipv6(uint8_t proto, uint8_t payload)
{
	head(0x86dd);
	frame[V4] = 0x60;
	frame[V4 + 5] = payload;
	frame[V4 + 6] = proto;
	memcpy(frame + V4 + 8, (uint8_t[2]) { 0x20, 0x01 }, 2);
	memcpy(frame + V4 + 24, (uint8_t[2]) { 0x20, 0x01 }, 2);
	frame[V4 + 23] = 1;
	frame[V4 + 39] = 2;
}

static unsigned folded(const uint8_t *p, size_t n, unsigned total)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		total += get16(p + i);
	if (n % 2)
		total += p[n - 1] * 256u;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return total;
}

/* Ends are exchanged, and every checksum of the answer holds. */
static void check(size_t size, bool is_v6, uint8_t proto)
{
	size_t l4 = is_v6 ? V6_L4 : L4;
	const uint8_t *addresses = answer + V4 + (is_v6 ? 8 : 12);
	assert_true(size > l4 && size <= REJECTION_MAX);
	assert_memory_equal(answer, frame + 6, 6);
	assert_memory_equal(answer + 6, frame, 6);
	assert_int_equal(answer[V4 + (is_v6 ? 6 : 9)], proto);
	assert_memory_equal(addresses, frame + V4 + (is_v6 ? 24 : 16), is_v6 ? 16 : 4);
	assert_int_equal(get16(answer + V4 + (is_v6 ? 4 : 2)), size - (is_v6 ? l4 : V4));
	if (!is_v6)
		assert_int_equal(folded(answer + V4, 20, 0), 0xffff);
	unsigned pseudo = proto == 1 ? 0 : folded(addresses, is_v6 ? 32 : 8, (unsigned) (proto + size - l4));
	assert_int_equal(folded(answer + l4, size - l4, pseudo), 0xffff);
}

static void tcp(uint8_t *l4, uint8_t flags)
{
	memcpy(l4, (uint8_t[20]) { 0x30, 0x39, 0, 22, 0, 0, 1, 0, 0, 0, 2, 0, 5 << 4, flags }, 20);
}

static void tcp_is_reset(void **state)
{
	(void) state;
	ipv4(6, 20);
	tcp(frame + L4, SYN);
	check(acl_rejection(frame, 60, answer), false, 6);
	assert_int_equal(answer[L4 + 13], RST | ACK);
	assert_int_equal(get16(answer + L4 + 10), 0x101);
	assert_true(get16(answer + L4) == 22 && get16(answer + L4 + 2) == 12345);
	/* In the middle of a connection: by what was acknowledged (RFC 9293, 3.10.7.1). */
	ipv4(6, 20 + 7);
	tcp(frame + L4, ACK);
	check(acl_rejection(frame, 61, answer), false, 6);
	assert_int_equal(answer[L4 + 13], RST);
	assert_int_equal(get16(answer + L4 + 6), 0x200);
	/* Data counts. */
	tcp(frame + L4, 0);
	check(acl_rejection(frame, 61, answer), false, 6);
	assert_int_equal(get16(answer + L4 + 10), 0x107);
	ipv6(6, 20);
	tcp(frame + V6_L4, SYN);
	check(acl_rejection(frame, 74, answer), true, 6);
	/* A reset is never answered. */
	tcp(frame + V6_L4, RST);
	assert_int_equal(acl_rejection(frame, 74, answer), 0);
}

static void the_rest_is_told_by_icmp(void **state)
{
	(void) state;
	ipv4(17, 20);
	memcpy(frame + L4, (uint8_t[8]) { 0, 1, 0, 2, 0, 20, 0, 0 }, 8);
	check(acl_rejection(frame, 60, answer), false, 1);
	assert_true(answer[L4] == 3 && answer[L4 + 1] == 13);
	assert_memory_equal(answer + L4 + 8, frame + V4, 28);
	ipv6(17, 20);
	check(acl_rejection(frame, 74, answer), true, 58);
	assert_true(answer[V6_L4] == 1 && answer[V6_L4 + 1] == 1);
	ipv4(1, 8);
	frame[L4] = 8;
	check(acl_rejection(frame, 60, answer), false, 1);
	ipv6(58, 8);
	frame[V6_L4] = 128;
	check(acl_rejection(frame, 62, answer), true, 58);
}

static void what_gets_no_answer(void **state)
{
	(void) state;
	head(0x0806);
	assert_int_equal(acl_rejection(frame, 60, answer), 0);
	ipv4(1, 8);
	frame[L4] = 3;
	assert_int_equal(acl_rejection(frame, 60, answer), 0);
	ipv6(58, 8);
	frame[V6_L4] = 1;
	assert_int_equal(acl_rejection(frame, 62, answer), 0);
	ipv4(17, 8);
	frame[V4 + 7] = 1;
	assert_int_equal(acl_rejection(frame, 60, answer), 0);
	ipv4(17, 8);
	frame[V4 + 16] = 224;
	assert_int_equal(acl_rejection(frame, 60, answer), 0);
	ipv4(17, 8);
	memset(frame + V4 + 12, 0, 4);
	assert_int_equal(acl_rejection(frame, 60, answer), 0);
	ipv4(17, 8);
	frame[0] = 0xff;
	assert_int_equal(acl_rejection(frame, 60, answer), 0);
	ipv6(17, 8);
	frame[V4 + 24] = 0xff;
	assert_int_equal(acl_rejection(frame, 62, answer), 0);
}

/* Cut anywhere, and damaged anywhere: nothing is read or written beyond. */
static void any_bytes(void **state)
{
	uint64_t random = 88172645463325252ULL;
	(void) state;
	for (int round = 0; round < 20000; round++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		if (random & 1)
			ipv4(random & 2 ? 6 : 17, 20);
		else
			ipv6(random & 2 ? 6 : 58, 20);
		frame[random >> 8 & 63] = (uint8_t) (random >> 16);
		size_t size = random >> 24 & 127;
		uint8_t *exact = malloc(size ? size : 1);
		memcpy(exact, frame, size);
		assert_true(acl_rejection(exact, size, answer) <= REJECTION_MAX);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_is_reset),
		cmocka_unit_test(the_rest_is_told_by_icmp),
		cmocka_unit_test(what_gets_no_answer),
		cmocka_unit_test(any_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
