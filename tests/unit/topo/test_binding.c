/* SPDX-License-Identifier: Apache-2.0 */
/* The table of addresses against a plain list, through growth and reuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "topo/binding.h"

enum { N_KEYS = 3000, N_STEPS = 40000 };

struct entry { bool there; uint32_t network; bool is_v6; uint8_t ip[16], mac[6]; };
static struct entry list[N_KEYS];
static uint32_t dice = 7;

static unsigned pick(unsigned n)
{
	dice = dice * 1664525u + 1013904223u;
	return (dice >> 8) % n;
}

static void make_keys(void)
{
	for (unsigned i = 0; i < N_KEYS; i++) {
		struct entry *e = &list[i];
		*e = (struct entry) { .network = 1 + i % 3, .is_v6 = i % 2, .ip = { 10, (uint8_t) (i >> 8), (uint8_t) i } };
		memcpy(e->mac, (uint8_t[6]) { 2, 0, 0, 0, 0, (uint8_t) (i % 200) }, 6);
	}
}

static size_t count_of(const struct binding_table *t, uint32_t network, const uint8_t mac[6])
{
	size_t n = 0;
	for (uint32_t i = address_index_of(&t->index, network, mac); i != NET_NONE; i = address_index_next(&t->index, i)) {
		assert_int_equal(t->slots[i].network, network);
		assert_memory_equal(t->slots[i].mac, mac, 6);
		n++;
	}
	return n;
}

static void finds_what_is_there(void **state)
{
	struct binding_table t;
	size_t n = 0;
	(void) state;
	make_keys();
	binding_table_init(&t);
	for (unsigned step = 0; step < N_STEPS; step++) {
		struct entry *e = &list[pick(N_KEYS)];
		uint32_t i = address_index_find(&t.index, e->network, e->is_v6, e->ip);
		assert_int_equal(i != NET_NONE, e->there);
		if (i == NET_NONE) {
			i = binding_add(&t, e->network, e->is_v6, e->ip, e->mac);
			assert_memory_equal(t.slots[i].ip, e->ip, 16);
			n++;
		} else if (pick(3) == 0) {
			binding_remove(&t, i);
			n--;
		} else {
			continue;
		}
		e->there = !e->there;
		assert_int_equal(t.index.n, n);
	}
	for (unsigned i = 0; i < N_KEYS; i += 7) {
		size_t of_mac = 0;
		for (unsigned j = 0; j < N_KEYS; j++)
			of_mac += list[j].there && list[j].network == list[i].network
				&& !memcmp(list[j].mac, list[i].mac, 6);
		assert_int_equal(count_of(&t, list[i].network, list[i].mac), of_mac);
	}
	/* The same bytes of the other family are another address. */
	assert_int_equal(address_index_find(&t.index, 1, true, list[0].ip), NET_NONE);
	assert_true(t.index.n_slots <= N_KEYS && t.index.mask >= 1023);
	binding_table_uninit(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(finds_what_is_there) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
