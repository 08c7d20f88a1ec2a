/* SPDX-License-Identifier: Apache-2.0 */
/* sign, by the vectors of RFC 4231, section 4: HMAC fills a short key up with zeros. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ofproto/sign.h"

static void vectors(void **state)
{
	static const uint8_t expected[2][SIGN_BYTES] = {
		{0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1, 0x2b},
		{0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7},
	};
	static const char *const texts[2] = {"Hi There", "what do ya want for nothing?"};
	uint8_t keys[2][SIGN_KEY] = {{0}, "Jefe"}, sign[SIGN_BYTES];

	(void) state;
	memset(keys[0], 0x0b, 20);
	for (size_t i = 0; i < 2; i++) {
		sign_bytes(keys[i], (const uint8_t *) texts[i], strlen(texts[i]), sign);
		assert_memory_equal(sign, expected[i], SIGN_BYTES);
	}
}

static void no_two_keys_are_alike(void **state)
{
	uint8_t one[SIGN_KEY] = {0}, other[SIGN_KEY] = {0};

	(void) state;
	sign_key_make(one);
	sign_key_make(other);
	assert_memory_not_equal(one, other, SIGN_KEY);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(no_two_keys_are_alike),
	};

	return cmocka_run_group_tests_name("sign", tests, NULL, NULL);
}
