/* SPDX-License-Identifier: Apache-2.0 */
/* view: ports and switches that come and go, and the hosts at them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/topo/view_world.h"

/* Hosts are told of while their port still stands. */
static const struct view *watched;

static size_t n_watched;

static void check_port_is_there(void *ctx, const struct fact *fact)
{
	(void) ctx;
	assert_int_equal(fact->kind, FACT_HOST_GONE);
	assert_int_equal(fact->reason, REASON_PORT_GONE);
	assert_null(view_host(watched, fact->network, fact->mac));
	assert_non_null(view_port(watched, fact->sw, fact->ofport));
	assert_non_null(view_use(view_port(watched, fact->sw, fact->ofport), fact->network));
	n_watched++;
}

static void a_port_takes_its_hosts_along(void **state)
{
	struct view *view = new_view();
	struct fact gone = { .kind = FACT_PORT_GONE, .sw = A, .ofport = 5 };
	(void) state;
	port_fact(view, A, 5, "trunk", NULL);
	port_fact(view, A, 6, "r1", NULL);
	apply(view, host_fact("red", 1, A, 5));
	apply(view, host_fact("green", 2, A, 5));
	apply(view, host_fact("green", 3, A, 5));
	apply(view, host_fact("red", 4, A, 6));
	watched = view;
	n_watched = 0;
	assert_true(view_apply(view, &gone, check_port_is_there, NULL));
	assert_int_equal(n_watched, 3);
	assert_null(view_port(view, A, 5));
	assert_non_null(find(view, "red", 4));
	assert_int_equal(view_n_hosts(view), 1);
	assert_false(view_apply(view, &gone, NULL, NULL));
	view_free(view);
}

static void a_name_is_one_port(void **state)
{
	struct view *view = new_view();
	struct heard heard = { .n = 0 };
	(void) state;
	port_fact(view, A, 1, "r1", NULL);
	apply(view, host_fact("red", 1, A, 1));
	assert_true(port_fact(view, A, 2, "r1", &heard));
	assert_null(view_port(view, A, 1));
	assert_int_equal(heard.n, 1);
	assert_int_equal(heard.facts[0].ofport, 1);
	/* Another port under the same number. */
	apply(view, host_fact("red", 1, A, 2));
	assert_true(port_fact(view, A, 2, "g1", &heard));
	assert_int_equal(heard.n, 2);
	assert_int_equal(view_port(view, A, 2)->uses[0].id, id("green"));
	assert_int_equal(view_n_hosts(view), 0);
	view_free(view);
}

static void a_flap_changes_no_use(void **state)
{
	struct view *view = new_view();
	struct fact fact = { .kind = FACT_PORT, .sw = A, .ofport = 1, .port_name = "r1", .port_up = true };
	(void) state;
	assert_true(view_apply(view, &fact, NULL, NULL));
	assert_true(fact.uses_changed);
	apply(view, host_fact("red", 1, A, 1));
	assert_false(view_apply(view, &fact, NULL, NULL));
	fact.port_up = false;
	assert_true(view_apply(view, &fact, NULL, NULL));
	assert_false(fact.uses_changed);
	assert_false(view_port(view, A, 1)->up);
	assert_non_null(find(view, "red", 1));
	view_free(view);
}

/* Globs never mean the bridge's own port. */
static void the_local_port(void **state)
{
	struct view *view = new_view();
	struct fact fact = { .kind = FACT_PORT, .sw = A, .ofport = 0xfffffffe, .port_name = "r1" };
	(void) state;
	view_apply(view, &fact, NULL, NULL);
	assert_int_equal(view_port(view, A, 0xfffffffe)->n_uses, 1);
	fact.port_local = true;
	assert_true(view_apply(view, &fact, NULL, NULL));
	assert_true(fact.uses_changed);
	assert_int_equal(view_port(view, A, 0xfffffffe)->n_uses, 0);
	view_free(view);
}

static void switches(void **state)
{
	struct view *view = new_view();
	struct fact up = { .kind = FACT_SWITCH_UP, .sw = B }, down = { .kind = FACT_SWITCH_DOWN, .sw = B };
	(void) state;
	/* A bridge made anew comes with another datapath id; the file has the last word. */
	assert_int_equal(view_switch_slot(view, "b", 999), B);
	assert_int_equal(view_switch(view, B)->dpid, 999);
	view_bind(view, nets[0], 0, NULL, NULL);
	assert_int_equal(view_switch(view, B)->dpid, 2);
	assert_false(view_switch(view, B)->ever);
	assert_false(apply(view, down));
	assert_true(apply(view, up));
	assert_false(apply(view, up));
	assert_true(view_switch(view, B)->connected);
	assert_true(apply(view, down));
	assert_false(view_switch(view, B)->connected);
	assert_true(view_switch(view, B)->ever);
	up.sw = 77;
	assert_false(apply(view, up));
	assert_null(view_switch(view, 77));
	assert_int_equal(view_switch_by_name(view, "nobody"), NET_NONE);

	/* Not in the file: it may have a slot, but its ports are nowhere. */
	uint32_t d = view_switch_slot(view, "d", 4);
	assert_false(view_switch(view, d)->admitted);
	port_fact(view, d, 1, "r1", NULL);
	assert_int_equal(view_port(view, d, 1)->n_uses, 0);
	assert_true(view_switch(view, A)->object == nets[0]->objects[nets[0]->switches[0].object].id);
	assert_true(view_switch(view, d)->object && view_switch(view, d)->object >> 48 == 0);
	view_free(view);
}

static void slots_have_an_end(void **state)
{
	struct view *view = view_new();
	char name[16];
	(void) state;
	view_bind(view, nets[2], 0, NULL, NULL);
	for (uint32_t i = 0; i < NET_MAX_SWITCHES; i++) {
		snprintf(name, sizeof name, "s%u", i);
		assert_int_equal(view_switch_slot(view, name, i), i);
	}
	assert_int_equal(view_switch_slot(view, "one-more", 1), NET_NONE);
	assert_int_equal(view_switch_slot(view, "s7", 1), 7);
	view_free(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_takes_its_hosts_along), cmocka_unit_test(a_name_is_one_port),
		cmocka_unit_test(a_flap_changes_no_use), cmocka_unit_test(the_local_port), cmocka_unit_test(switches),
		cmocka_unit_test(slots_have_an_end),
	};
	return cmocka_run_group_tests(tests, view_world_up, view_world_down);
}
