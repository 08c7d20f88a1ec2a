/* SPDX-License-Identifier: Apache-2.0 */
/* Detours over time: they lead over what is up now, for weftd may be killed the next moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controller/core_te.h"
#include "tests/unit/controller/world.h"

static const char two[] =
	"version: 1\n"
	"underlays: {red: {main: true}, blue: {}}\n"
	"switches:\n"
	"  a: {dpid: 1, vteps: {red: 10.0.0.1, blue: 10.1.0.1}}\n"
	"  b: {dpid: 2, vteps: {red: 10.0.0.2, blue: 10.1.0.2}}\n"
	"networks: {lan: {vni: 77, ports: [\"*:vm\"]}}\n"
	"links:\n"
	"  - {between: [a, b], underlay: red, bfd: [a:red, b:red]}\n"
	"  - {between: [a, b], underlay: blue, bfd: [a:blue, b:blue]}\n";

static struct world w;
static uint32_t slots[2];

static void seconds(unsigned n)
{
	while (n--) {
		world_advance(&w, 1000);
		core_tick(w.core);
		for (unsigned i = 0; i < 2; i++)
			world_take_rows(&w, slots[i]);
	}
}

static int set_up(void **state)
{
	static const char *const names[] = { "a", "b" }, *const ports[] = { "vm", "vxlan0", "red", "blue" };
	(void) state;
	world_init(&w, two);
	for (unsigned i = 0; i < 2; i++)
		slots[i] = world_connect(&w, names[i], ports, 4);
	for (unsigned i = 0; i < 2; i++)
		world_learn(&w, "lan", i + 1, slots[i], 1);
	seconds(30);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	world_uninit(&w);
	return 0;
}

/* BFD of both ends. */
static void set_bfd(const char *name, bool is_live)
{
	for (unsigned i = 0; i < 2; i++) {
		struct msg_port port = { .is_up = true, .is_live = is_live };
		port.ofport = view_port_by_name(w.core->view, slots[i], name)->ofport;
		snprintf(port.name, sizeof port.name, "%s", name);
		core_port_status(w.core, slots[i], MSG_PORT_MODIFY, &port);
	}
}

/* The steps of the only choice from a to b. */
static const struct steer_choice *choice(void)
{
	const struct steer_pair *pair = steer_find(view_steer(w.core->view), 0, 0, 1);
	assert_non_null(pair);
	assert_int_equal(pair->n_choices, 1);
	return &pair->choices[0];
}

/* One underlay after the other, while traffic stays where it is: the other one is the detour as long as it is up. */
static void by_the_other_underlay(void **state)
{
	(void) state;
	for (unsigned round = 0; round < 2; round++) {
		uint32_t used = choice()->steps[0].edge;
		const char *color = strchr(w.core->net->edges[used].name, '@') + 1, *other = strcmp(color, "red") ? "red" : "blue";
		assert_int_equal(choice()->n_steps, 2);
		/* What carries nothing dies, and is back. */
		set_bfd(other, false);
		seconds(5);
		assert_true(choice()->n_steps == 1 && choice()->steps[0].edge == used);
		set_bfd(other, true);
		seconds(5);
		assert_true(choice()->n_steps == 2 && choice()->steps[0].edge == used && choice()->steps[1].edge != used);
		seconds(100);
		/* What carries dies, and is back: held, and the detour. */
		set_bfd(color, false);
		seconds(5);
		assert_true(choice()->n_steps == 1 && choice()->steps[0].edge != used);
		set_bfd(color, true);
		seconds(5);
		assert_true(w.core->te->edges[used].is_held);
		assert_true(choice()->n_steps == 2 && choice()->steps[0].edge != used && choice()->steps[1].edge == used);
		seconds(round ? 0 : 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(by_the_other_underlay, set_up, tear_down) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
