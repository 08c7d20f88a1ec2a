/* SPDX-License-Identifier: Apache-2.0 */
/* walk: groups, choices between buckets, and multipath. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/ofproto/walk_world.h"

static void test_groups(void **state)
{
	struct fixture *f = *state;

	build_group(f->b, 5, GROUP_ALL);
	build_bucket(f->b, 0, 0);
	act_push_vlan(f->b);
	act_set_u(f->b, FIELD_VLAN_VID, VLAN_PRESENT | 9);
	act_output(f->b, 2);
	build_bucket(f->b, 0, 0);
	act_output(f->b, 3);
	build_bucket(f->b, 0, 0);
	act_output(f->b, 1);
	walked_end(f);
	walked_begin(f, T0, 1);
	act_group(f->b, 5);
	act_output(f->b, 4);
	walked_end(f);
	walked_go(f, 1);
	assert_int_equal(f->w->n_outs, 3);
	assert_int_equal(f->w->outs[0].size, 64);
	assert_int_equal(f->w->outs[1].size, 60);       /* buckets do not see each other's changes */
	assert_int_equal(f->w->outs[2].ofport, 4);
	assert_int_equal(f->w->outs[2].size, 60);
	assert_int_equal(f->w->n_hops, 2);
	assert_int_equal(f->w->hops[1].rule.kind, RULE_GROUP);
}

static void test_choice(void **state)
{
	struct fixture *f = *state;
	struct rule key;

	build_group(f->b, 5, GROUP_SELECT);
	build_bucket(f->b, 1, 2);
	act_output(f->b, 2);
	build_bucket(f->b, 2, 3);
	act_output(f->b, 3);
	walked_end(f);
	build_group(f->b, 6, GROUP_FF);
	build_bucket(f->b, 0, 4);
	act_output(f->b, 4);
	build_bucket(f->b, 0, 5);
	act_output(f->b, 5);
	walked_end(f);
	walked_begin(f, T0, 1);
	act_group(f->b, 5);
	walked_end(f);
	assert_int_equal(walked_one_out(f), 2);
	f->w->choice = 1;
	assert_int_equal(walked_one_out(f), 3);
	f->w->choice = 2;
	assert_int_equal(walked_one_out(f), 3);
	f->w->choice = 3;
	assert_int_equal(walked_one_out(f), 2);
	walk_switch_port(f->sw, 2, false);
	assert_int_equal(walked_one_out(f), 3);
	walk_switch_port(f->sw, 3, false);
	assert_int_equal(walked_one_out(f), 0);
	walked_begin(f, T0, 1);
	act_group(f->b, 6);
	walked_end(f);
	assert_int_equal(walked_one_out(f), 4);
	walk_switch_port(f->sw, 4, false);
	assert_int_equal(walked_one_out(f), 5);
	walk_switch_port(f->sw, 4, true);
	assert_int_equal(walked_one_out(f), 4);
	assert_int_equal(f->w->n_detours, 0);
	walk_switch_port(f->sw, 4, false);
	walk_switch_port(f->sw, 5, false);
	assert_int_equal(walked_one_out(f), 0);
	/* A last one that watches a group whose only bucket watches nothing; then one of which nothing lives; then none. */
	build_group(f->b, 7, GROUP_INDIRECT);
	build_bucket(f->b, 0, 0);
	walked_end(f);
	build_group(f->b, 6, GROUP_FF);
	build_bucket(f->b, 0, 4);
	act_output(f->b, 4);
	build_bucket_watching(f->b, 7);
	act_output(f->b, 8);
	walked_end(f);
	assert_int_equal(walked_one_out(f), 8);
	assert_true(f->w->n_detours == 1 && f->w->n_blind == 1 && f->w->dead_ofport == 4);
	build_group(f->b, 7, GROUP_FF);
	build_bucket(f->b, 0, 5);
	build_bucket_watching(f->b, 99);
	walked_end(f);
	assert_int_equal(walked_one_out(f), 0);
	walk_switch_port(f->sw, 5, true);
	assert_int_equal(walked_one_out(f), 8);
	/* Groups that watch each other are dead, as in Open vSwitch. */
	build_group(f->b, 7, GROUP_FF);
	build_bucket_watching(f->b, 6);
	walked_end(f);
	assert_int_equal(walked_one_out(f), 0);
	build_group(f->b, 6, GROUP_ALL);
	assert_null(build_end(f->b, &key));
	walk_switch_del(f->sw, &key);
	walk_frame(f->sw, f->w, 1, f->frame, f->size, 0, 0);
	assert_non_null(f->w->unknown);
	assert_string_equal(f->w->unknown, "group that is not there");
}

static void test_many_groups(void **state)
{
	struct fixture *f = *state;
	struct rule key;

	for (uint32_t id = 1; id <= 50; id++) {
		build_group(f->b, id, GROUP_INDIRECT);
		build_bucket(f->b, 0, 0);
		act_output(f->b, 100 + id);
		walked_end(f);
	}
	for (uint32_t id = 1; id <= 50; id += 2) {
		build_group(f->b, id, GROUP_ALL);
		assert_null(build_end(f->b, &key));
		walk_switch_del(f->sw, &key);
	}
	for (uint32_t id = 2; id <= 50; id += 2) {
		walked_begin(f, T0, 1);
		act_group(f->b, id);
		walked_end(f);
		assert_int_equal(walked_one_out(f), 100 + id);
	}
}

/* Read in one go, in any order: highest priority first all the same. */
static void test_load(void **state)
{
	struct fixture *f = *state;
	static const uint16_t priorities[] = {5, 300, 10, 1, 200};

	for (size_t i = 0; i < 5; i++) {
		struct rule r;

		walked_begin(f, T0, priorities[i]);
		act_output(f->b, priorities[i]);
		assert_null(build_end(f->b, &r));
		walk_switch_load(f->sw, &r);
	}
	walk_switch_loaded(f->sw);
	walked_go(f, 1);
	assert_int_equal(f->w->n_outs, 1);
	assert_int_equal(f->w->outs[0].ofport, 300);
	walked_begin(f, T0, 400);
	act_output(f->b, 7);
	walked_end(f);
	walked_go(f, 1);
	assert_int_equal(f->w->outs[0].ofport, 7);
}

/* Slots by number, or by the hash of Open vSwitch: alike both ways, of UDP ports too. */
static void test_multipath(void **state)
{
	enum { SLOTS = 16 };
	struct fixture *f = *state;
	size_t hits[SLOTS] = {0};

	walked_begin(f, T0, 1);
	act_multipath(f->b, FIELD_REG12, SLOTS);
	act_goto(f->b, T60);
	walked_end(f);
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		walked_begin(f, T60, 1);
		match_u(f->b, FIELD_REG12, slot);
		act_output(f->b, 100 + slot);
		walked_end(f);
	}
	for (f->w->choice = 0; f->w->choice < 40; f->w->choice++) {
		walked_go(f, 3);
		assert_int_equal(f->w->n_choices, 1);
		assert_int_equal(f->w->n_outs, 1);
		assert_int_equal(f->w->outs[0].ofport, 100 + f->w->choice % SLOTS);
	}
	f->w->choice = WALK_BY_HASH;
	wire_put_u16(f->frame + 12, 0x0800);
	memcpy(f->frame + 14, (uint8_t[]){0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}, 20);
	for (uint16_t port = 0; port < 1600; port++) {
		uint32_t there;

		wire_put_u16(f->frame + 34, 20000 + port);
		wire_put_u16(f->frame + 36, 53);
		f->frame[29] = 1;
		f->frame[33] = 2;
		walked_go(f, 3);
		assert_int_equal(f->w->n_outs, 1);
		there = f->w->outs[0].ofport;
		hits[there - 100]++;
		wire_put_u16(f->frame + 34, 53);
		wire_put_u16(f->frame + 36, 20000 + port);
		f->frame[29] = 2;
		f->frame[33] = 1;
		walked_go(f, 3);
		assert_int_equal(f->w->outs[0].ofport, there);
	}
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		assert_in_range(hits[slot], 50, 200);
}

static void test_multipath_takes_2_to_256(void **state)
{
	struct fixture *f = *state;
	static const unsigned bad[] = {0, 1, MULTIPATH_MAX + 1};
	struct rule r;

	for (size_t i = 0; i < 3; i++) {
		walked_begin(f, T0, 1);
		act_multipath(f->b, FIELD_REG12, bad[i]);
		assert_non_null(build_end(f->b, &r));
	}
	walked_begin(f, T0, 1);
	act_multipath(f->b, FIELD_VLAN_VID, 16);
	assert_non_null(build_end(f->b, &r));
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, walked_up, walked_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_multipath), TEST(test_multipath_takes_2_to_256), TEST(test_groups), TEST(test_choice),
		TEST(test_many_groups), TEST(test_load),
	};

	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
