/* SPDX-License-Identifier: Apache-2.0 */
/* digest: the examples of FIPS 180-4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ofproto/digest.h"

static void test_examples(void **state)
{
	static const struct { const char *bytes, *text; } examples[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	(void) state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		char text[DIGEST_TEXT];
		digest_text(examples[i].bytes, strlen(examples[i].bytes), text);
		assert_string_equal(text, examples[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_examples) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
