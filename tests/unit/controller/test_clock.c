/* SPDX-License-Identifier: Apache-2.0 */
/* core_clock: leases do not end, or last for ever, because the clock was set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/controller/world.h"

enum { DAY_MS = 86400 * 1000, LEASE_S = 3600 };

static struct world world;
static uint32_t kvm1;

static int set_up(void **state)
{
	static const char *const ports[] = { "vm-a", "vm-b" };
	(void) state;
	world_init(&world, "version: 1\nswitches: {kvm1: {dpid: 0x11}}\nnetworks:\n"
		   "  office: {guard: [dhcp, source], ports: [{port: kvm1:vm-a, trust: dhcp}, kvm1:vm-b]}\n"
		   "  yard: {ports: [{port: kvm1:vm-b, tag: 9, max_hosts: 1, on_limit: shut}]}\n");
	kvm1 = world_connect(&world, "kvm1", ports, 2);
	core_tick(world.core);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	world_uninit(&world);
	return 0;
}

static uint32_t now_s(void) { return (uint32_t) (world.core->wall_ms / 1000); }

static void lease(uint8_t n, uint32_t until_s, bool recovered)
{
	struct fact fact = { .kind = FACT_LEASE, .sw = kvm1, .ofport = 2, .old_sw = NET_NONE, .network = world.core->net->networks[0].id,
			     .mac = { 2, 0, 0, 0, 0, n }, .has_ip4 = true, .ip4 = { 10, 0, 0, n }, .until_s = until_s,
			     .recovered = recovered, .time_ms = world.core->now_ms };
	core_fact(world.core, &fact);
}

/* 0 = it has none. */
static uint32_t end_of(uint8_t n)
{
	for (size_t i = 0; i < view_lease_slots(world.core->view); i++) {
		const struct lease *l = view_lease_at(world.core->view, i);
		if (l && l->ip[3] == n)
			return l->until_s;
	}
	return 0;
}

static bool is_told(void)
{
	const struct event *event = events_get(world.core->events, events_last_id(world.core->events));
	return event && !strcmp(event->kind, "clock");
}

static void test_set(void **state)
{
	(void) state;
	lease(5, now_s() + LEASE_S, false);
	lease(6, UINT32_MAX, false);
	uint32_t end = end_of(5);
	for (int turn = 0; turn < 2; turn++) {
		world.core->wall_ms += turn ? -(uint64_t) DAY_MS : (uint64_t) DAY_MS;
		world_advance(&world, 1000);
		core_tick(world.core);
		assert_true(is_told());
		assert_int_equal(end_of(5), turn ? end : end + DAY_MS / 1000);
		assert_int_equal(end_of(6), UINT32_MAX);
	}
	/* And ends in time. */
	world_advance(&world, (LEASE_S - 3) * 1000);
	core_tick(world.core);
	assert_true(end_of(5));
	world_advance(&world, 1000);
	core_tick(world.core);
	assert_int_equal(end_of(5), 0);
}

static void test_read_back(void **state)
{
	(void) state;
	lease(7, now_s() + LEASE_S, true);
	world.core->wall_ms += DAY_MS;
	core_tick(world.core);
	assert_int_equal(end_of(7), 0);
}

/* A port that is shut opens no later than it should. */
static void test_shut(void **state)
{
	struct fact fact = { .kind = FACT_PORT_SHUT, .sw = kvm1, .ofport = 2, .old_sw = NET_NONE, .network = world.core->net->networks[1].id,
			     .mac = { 2, 0, 0, 0, 0, 9 }, .until_s = now_s(), .time_ms = world.core->now_ms };
	(void) state;
	core_fact(world.core, &fact);
	core_tick(world.core);
	assert_int_equal(view_n_closures(world.core->view), 1);
	assert_false(view_closure_at(world.core->view, 0)->is_open);
	world.core->wall_ms -= DAY_MS;
	core_tick(world.core);
	assert_true(view_closure_at(world.core->view, 0)->is_open);
}

static void test_slow_and_fast(void **state)
{
	(void) state;
	lease(5, now_s() + LEASE_S, false);
	uint32_t end = end_of(5);
	for (int i = 0; i < 5; i++) {
		world.core->wall_ms += i % 2 ? 3000 : -2000;
		world_advance(&world, 1000);
		core_tick(world.core);
		assert_false(is_told());
	}
	assert_int_equal(end_of(5), end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
		T(test_set), T(test_read_back), T(test_shut), T(test_slow_and_fast),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
