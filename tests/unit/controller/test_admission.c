/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a new file does not want any more: the connection ends, and nothing is sent before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ofproto/ovs.h"
#include "ofproto/log.h"
#include "tests/unit/controller/sim.h"

static char folder[] = "/tmp/weft-admission.XXXXXX";

static int begin(void **state)
{
	*state = sim_new_online(1, folder);
	return 0;
}

static int end(void **state)
{
	sim_free(*state);
	return 0;
}

/* One network with all ports of the switches up to n; the last one's datapath id is moved by `shift`. */
static void edit(struct sim *s, size_t n, uint64_t shift)
{
	char text[1000];
	int at = snprintf(text, sizeof text, "version: 1\nswitches:\n");
	for (size_t i = 0; i < n; i++)
		at += snprintf(text + at, sizeof text - (size_t) at, "  %s: {dpid: 0x%llx}\n", s->switches[i].name,
			       (unsigned long long) (s->switches[i].dpid + (i + 1 == n ? shift : 0)));
	at += snprintf(text + at, sizeof text - (size_t) at, "networks:\n  lan:\n    ports:\n");
	for (size_t i = 0; i < n; i++)
		at += snprintf(text + at, sizeof text - (size_t) at, "      - \"%s:*\"\n", s->switches[i].name);
	sim_edit(s, text, true, false);
	sim_end_tick(s);
}

static void stays_as_it_is(struct sim *s, size_t n, uint64_t shift)
{
	struct sim_switch *last = &s->switches[SIM_SWITCHES - 1];
	edit(s, SIM_SWITCHES, 0);
	sim_rest(s);
	assert_true(sim_slot(s, last) != NET_NONE);
	uint64_t rows = fake_n_changes(last->fake);
	edit(s, n, shift);
	sim_settle(s);
	assert_false(wire_lives(&last->wire));
	assert_int_equal(fake_n_changes(last->fake), rows);
	/* And is back as it was. */
	edit(s, SIM_SWITCHES, 0);
	sim_connect(s, last);
	sim_rest(s);
	assert_int_equal(fake_n_changes(last->fake), rows);
}

static void test_not_in_the_file_any_more(void **state) { stays_as_it_is(*state, SIM_SWITCHES - 1, 0); }
static void test_another_datapath_id(void **state) { stays_as_it_is(*state, SIM_SWITCHES, 16); }

int main(void)
{
#define T(F) cmocka_unit_test_setup_teardown(F, begin, end)
	const struct CMUnitTest tests[] = {
		T(test_not_in_the_file_any_more), T(test_another_datapath_id),
	};
	log_init("test_admission");
	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	if (!mkdtemp(folder))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
