/* SPDX-License-Identifier: Apache-2.0 */
/* union: who is in one set, whatever the order in which sets were joined. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "topo/union.h"

static void sets_grow_together(void **state)
{
	uint32_t parent[6];
	(void) state;
	union_alone(parent, 6);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(union_root(parent, i), i);
	assert_true(union_join(parent, 5, 4));
	assert_true(union_join(parent, 1, 2));
	assert_int_equal(union_root(parent, 5), 4);
	assert_int_not_equal(union_root(parent, 4), union_root(parent, 2));
	assert_true(union_join(parent, 2, 5));
	/* They were together, by whomever. */
	assert_false(union_join(parent, 4, 1));
	assert_false(union_join(parent, 3, 3));
	/* The lowest is the root of all of them; who joined nobody is alone. */
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(union_root(parent, i), i == 0 || i == 3 ? i : 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_grow_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
