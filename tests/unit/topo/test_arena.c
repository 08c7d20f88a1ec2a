/* SPDX-License-Identifier: Apache-2.0 */
/* Arena: alignment, zeroes, sizes around a chunk, text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

static void test_alignment_and_zeroes(void **state)
{
	struct arena *arena = arena_new();

	(void) state;
	for (size_t size = 0; size < 200; size++) {
		unsigned char *p = arena_alloc(arena, size);

		assert_int_equal((uintptr_t) p % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xa5, size);
	}
	arena_free(arena);
}

/* Neighbours keep their bytes, whatever the sizes. */
static void test_no_overlap(void **state)
{
	static const size_t sizes[] = {1, 4000, 15, 5000, 100000, 8, 1 << 20, 3, (1 << 20) + 1, 16};
	enum { N = sizeof sizes / sizeof *sizes, ROUNDS = 5 };
	unsigned char *parts[ROUNDS][N];
	struct arena *arena = arena_new();

	(void) state;
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < N; i++) {
			parts[round][i] = arena_alloc(arena, sizes[i]);
			memset(parts[round][i], (int) (round * N + i + 1), sizes[i]);
		}
	}
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < N; i++)
			for (size_t k = 0; k < sizes[i]; k++)
				if (parts[round][i][k] != (unsigned char) (round * N + i + 1))
					fail_msg("round %d, part %zu, byte %zu", round, i, k);
	arena_free(arena);
}

static void test_text(void **state)
{
	struct arena *arena = arena_new();

	(void) state;
	assert_string_equal(arena_strdup(arena, "kvm1"), "kvm1");
	assert_string_equal(arena_strdup(arena, ""), "");
	assert_string_equal(arena_strndup(arena, "kvm1:vm-a", 4), "kvm1");
	assert_string_equal(arena_printf(arena, "%s:%d", "port", 7), "port:7");
	char *text = arena_printf(arena, "%5000d", 1);
	assert_int_equal(strlen(text), 5000);
	arena_free(arena);
}

static void test_size_grows(void **state)
{
	struct arena *arena = arena_new();
	size_t empty = arena_size(arena);

	(void) state;
	arena_alloc(arena, 1);
	size_t one = arena_size(arena);
	assert_true(one > empty && one <= 8192);
	arena_alloc(arena, 1);
	assert_int_equal(arena_size(arena), one);
	arena_alloc(arena, 1 << 20);
	assert_true(arena_size(arena) >= one + (1 << 20));
	arena_free(arena);
}

static void test_empty(void **state)
{
	(void) state;
	arena_free(NULL);
	arena_free(arena_new());
}

static void test_heap(void **state)
{
	(void) state;
	unsigned char *p = xheap_alloc(100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	p[99] = 7;
	p = xheap_realloc(p, 100000);
	assert_int_equal(p[99], 7);
	free(p);
	free(xheap_alloc(0));
	char *text = xheap_strdup("office");
	assert_string_equal(text, "office");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alignment_and_zeroes),
		cmocka_unit_test(test_no_overlap),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_size_grows),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_heap),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
