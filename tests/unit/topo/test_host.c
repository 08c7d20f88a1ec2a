/* SPDX-License-Identifier: Apache-2.0 */
/* The host table against a plain array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "topo/host.h"

static void make_mac(uint8_t mac[6], uint32_t n)
{
	mac[0] = 0x02;
	mac[1] = 0;
	for (int i = 0; i < 4; i++)
		mac[2 + i] = (uint8_t) (n >> (24 - 8 * i));
}

static void empty(void **state)
{
	struct host_table t;
	uint8_t mac[6];
	(void) state;
	make_mac(mac, 1);
	host_table_init(&t);
	assert_int_equal(t.n, 0);
	assert_int_equal(host_find(&t, 7, mac), NET_NONE);
	host_table_uninit(&t);
}

static void one_mac_in_two_networks_is_two_hosts(void **state)
{
	struct host_table t;
	uint8_t mac[6];
	(void) state;
	make_mac(mac, 1);
	host_table_init(&t);
	uint32_t a = host_add(&t, 7, mac), b = host_add(&t, 8, mac);
	assert_int_not_equal(a, b);
	assert_int_equal(host_find(&t, 7, mac), a);
	assert_int_equal(host_find(&t, 8, mac), b);
	host_remove(&t, a);
	assert_int_equal(host_find(&t, 7, mac), NET_NONE);
	assert_int_equal(host_find(&t, 8, mac), b);
	assert_int_equal(t.n, 1);
	host_table_uninit(&t);
}

/* A pointer stays good while others come and the buckets grow. */
static void hosts_do_not_move(void **state)
{
	struct host_table t;
	uint8_t mac[6];
	(void) state;
	host_table_init(&t);
	make_mac(mac, 0);
	const struct host *first = host_at(&t, host_add(&t, 7, mac));
	for (uint32_t n = 1; n < 20000; n++) {
		make_mac(mac, n);
		host_add(&t, 7, mac);
	}
	make_mac(mac, 0);
	assert_ptr_equal(first, host_at(&t, host_find(&t, 7, mac)));
	assert_memory_equal(first->mac, mac, 6);
	host_table_uninit(&t);
}

static void slots_are_used_again(void **state)
{
	struct host_table t;
	uint8_t mac[6];
	(void) state;
	host_table_init(&t);
	for (uint32_t round = 0; round < 5; round++) {
		for (uint32_t n = 0; n < 3000; n++) {
			make_mac(mac, round * 100000 + n);
			host_add(&t, 7, mac);
		}
		for (uint32_t n = 0; n < 3000; n++) {
			make_mac(mac, round * 100000 + n);
			host_remove(&t, host_find(&t, 7, mac));
		}
	}
	assert_int_equal(t.n, 0);
	assert_int_equal(t.n_slots, 3000);
	host_table_uninit(&t);
}

static void lists(void **state)
{
	struct host_table t;
	uint32_t first = NET_NONE, i[4];
	uint8_t mac[6];
	(void) state;
	host_table_init(&t);
	for (uint32_t n = 0; n < 4; n++) {
		make_mac(mac, n);
		i[n] = host_add(&t, 7, mac);
		host_link(&t, &first, i[n]);
	}
	host_unlink(&t, &first, i[2]);  /* middle */
	host_unlink(&t, &first, i[3]);  /* first */
	host_unlink(&t, &first, i[0]);  /* last */
	assert_int_equal(first, i[1]);
	assert_int_equal(host_at(&t, first)->next, NET_NONE);
	assert_int_equal(host_at(&t, first)->prev, NET_NONE);
	host_unlink(&t, &first, i[1]);
	assert_int_equal(first, NET_NONE);
	host_table_uninit(&t);
}

static void random_against_array(void **state)
{
	enum { N = 5000 };
	static bool there[2][N];
	unsigned seed = 4711;
	struct host_table t;
	uint8_t mac[6];
	size_t n = 0;
	(void) state;
	host_table_init(&t);
	for (int step = 0; step < 100000; step++) {
		uint32_t network = (uint32_t) rand_r(&seed) % 2, k = (uint32_t) rand_r(&seed) % N;
		make_mac(mac, k);
		uint32_t i = host_find(&t, network + 1, mac);
		assert_int_equal(i != NET_NONE, there[network][k]);
		if (i != NET_NONE) {
			assert_memory_equal(host_at(&t, i)->mac, mac, 6);
			assert_int_equal(host_at(&t, i)->network, network + 1);
			host_remove(&t, i);
			n--;
		} else {
			host_add(&t, network + 1, mac);
			n++;
		}
		there[network][k] = !there[network][k];
		assert_int_equal(t.n, n);
	}
	size_t seen = 0;
	for (uint32_t i = 0; i < t.n_slots; i++)
		seen += host_at(&t, i)->network != 0;
	assert_int_equal(seen, n);
	host_table_uninit(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(one_mac_in_two_networks_is_two_hosts),
		cmocka_unit_test(hosts_do_not_move),
		cmocka_unit_test(slots_are_used_again),
		cmocka_unit_test(lists),
		cmocka_unit_test(random_against_array),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
