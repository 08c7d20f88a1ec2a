/* SPDX-License-Identifier: Apache-2.0 */
/* event: numbers have no gaps, the ring keeps the newest, texts are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "controller/event.h"

static int set_up(void **state)
{
	*state = events_new();
	return 0;
}

static int tear_down(void **state)
{
	events_free(*state);
	return 0;
}

static void test_empty(void **state)
{
	assert_int_equal(events_last_id(*state), 0);
	assert_int_equal(events_first_id(*state), 0);
	assert_null(events_get(*state, 0));
	assert_null(events_get(*state, 1));
	events_free(NULL);
}

static void test_note_and_fact(void **state)
{
	struct fact fact = { .kind = FACT_SWITCH_DOWN, .sw = 7 };
	events_note(*state, 1000, EVENT_WARNING, "drift", "kvm1", "%d rows", 3);
	events_fact(*state, 2000, &fact, NULL);
	const struct event *note = events_get(*state, 1), *down = events_get(*state, 2);
	assert_int_equal(note->id, 1);
	assert_int_equal(note->wall_ms, 1000);
	assert_int_equal(note->severity, EVENT_WARNING);
	assert_false(note->is_fact);
	assert_string_equal(note->kind, "drift");
	assert_string_equal(note->sw, "kvm1");
	assert_string_equal(note->text, "3 rows");
	assert_true(down->is_fact);
	assert_int_equal(down->fact.sw, 7);
	assert_int_equal(down->severity, EVENT_WARNING);
	assert_null(events_get(*state, 3));
}

static void test_ring(void **state)
{
	for (unsigned i = 1; i <= 2 * EVENTS_KEPT + 5; i++)
		events_note(*state, i, EVENT_INFO, "config", "", "number %u", i);
	uint64_t first = events_first_id(*state), last = events_last_id(*state);
	assert_int_equal(last, 2 * EVENTS_KEPT + 5);
	assert_int_equal(last - first + 1, EVENTS_KEPT);
	assert_null(events_get(*state, first - 1));
	for (uint64_t id = first; id <= last; id++) {
		char text[32];
		snprintf(text, sizeof text, "number %u", (unsigned) id);
		assert_int_equal(events_get(*state, id)->id, id);
		assert_string_equal(events_get(*state, id)->text, text);
	}
}

static void test_long_words_are_cut(void **state)
{
	char text[5000];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	events_note(*state, 1, EVENT_ERROR, text, text, "%s", text);
	const struct event *event = events_get(*state, 1);
	assert_int_equal(strlen(event->kind), sizeof event->kind - 1);
	assert_int_equal(strlen(event->sw), sizeof event->sw - 1);
	assert_true(strlen(event->text) < 2000);
}

static void count(void *ctx) { ++*(int *) ctx; }

static void test_listener(void **state)
{
	int n = 0;
	struct fact fact = { .kind = FACT_NET };
	events_listen(*state, count, &n);
	events_note(*state, 1, EVENT_INFO, "config", "", "one");
	events_fact(*state, 2, &fact, NULL);
	assert_int_equal(n, 2);
	events_listen(*state, NULL, NULL);
	events_fact(*state, 3, &fact, NULL);
	assert_int_equal(n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
		T(test_empty),
		T(test_note_and_fact),
		T(test_ring),
		T(test_long_words_are_cut),
		T(test_listener),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
