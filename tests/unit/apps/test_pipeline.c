/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline's data agrees with itself and with the apps; the page of the
 * manual has all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/app.h"

static void tables_are_numbered_upwards(void **state)
{
	(void) state;
	for (unsigned t = 0; t < N_TABLES; t++) {
		assert_int_equal(pipeline_by_id(pipeline[t].id), t);
		for (unsigned next = 0; next < N_TABLES; next++)
			if (pipeline[t].next >> next & 1)
				assert_true(pipeline[next].id > pipeline[t].id);
	}
	assert_int_equal(pipeline_by_id(1), N_TABLES);
	assert_int_equal(pipeline_by_id(255), N_TABLES);
}

static void every_table_has_the_owner_it_names(void **state)
{
	(void) state;
	for (unsigned t = 0; t < N_TABLES; t++) {
		const struct app *app = app_by_table((enum table) t);
		size_t owners = 0;
		assert_non_null(app);
		assert_string_equal(app->name, pipeline[t].owner);
		for (size_t i = 0; i < n_apps; i++)
			owners += apps[i].app->tables >> t & 1;
		assert_int_equal(owners, 1);
	}
}

/* Every table is reached from the first one, and each way ends in one that outputs. */
static void every_table_is_reached(void **state)
{
	uint32_t reached = 1;
	(void) state;
	for (unsigned t = 0; t < N_TABLES; t++) {
		assert_true(reached >> t & 1);
		reached |= pipeline[t].next;
		assert_true(pipeline[t].next || pipeline[t].outputs || t == TABLE_ACL_DENIED);
	}
}

static void every_table_and_row_has_words(void **state)
{
	(void) state;
	for (unsigned t = 0; t < N_TABLES; t++) {
		assert_true(strlen(pipeline[t].name) > 2 && strlen(pipeline[t].help) > 10);
		assert_true(strlen(pipeline[t].miss) > 5);
	}
	for (size_t i = 0; i < n_apps; i++) {
		assert_true(strlen(apps[i].app->help) > 10);
		for (size_t r = 0; r < apps[i].app->n_rows; r++) {
			const struct app_row *row = &apps[i].app->rows[r];
			assert_true(strlen(row->name) > 3 && strlen(row->match) > 3 && strlen(row->does) > 3);
		}
	}
}

/* Who says to what facts it greets has something to say, and the other way round. */
static void greets_are_heard(void **state)
{
	(void) state;
	for (size_t i = 0; i < n_apps; i++)
		assert_int_equal(apps[i].app->greets != 0, apps[i].app->greet != NULL);
}

static void the_page_has_every_table_row_and_app(void **state)
{
	char *text, heading[80];
	size_t len;
	FILE *out = open_memstream(&text, &len);
	(void) state;
	pipeline_print_reference(out);
	fclose(out);
	for (unsigned t = 0; t < N_TABLES; t++) {
		snprintf(heading, sizeof heading, "| %s | %u | %s |", pipeline[t].name, pipeline[t].id,
			 pipeline[t].owner);
		assert_non_null(strstr(text, heading));
	}
	for (size_t i = 0; i < n_apps; i++)
		for (size_t r = 0; r < apps[i].app->n_rows; r++) {
			const struct app_row *row = &apps[i].app->rows[r];
			snprintf(heading, sizeof heading, "| %s | %s | %u%s |", row->name,
				 pipeline[row->table].name, row->priority, apps[i].app->spans ? " on" : "");
			assert_non_null(strstr(text, heading));
		}
	assert_non_null(strstr(text, "0xfffff0 = flood"));
	assert_null(strstr(text, "(null)"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_numbered_upwards),
		cmocka_unit_test(every_table_has_the_owner_it_names),
		cmocka_unit_test(every_table_is_reached),
		cmocka_unit_test(every_table_and_row_has_words),
		cmocka_unit_test(greets_are_heard),
		cmocka_unit_test(the_page_has_every_table_row_and_app),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
