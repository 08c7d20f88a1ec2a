/* SPDX-License-Identifier: Apache-2.0 */
/* The small parts of the command: tables, and words that become a target of the API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "controller/cli_table.h"
#include "controller/client.h"

static void test_table(void **state)
{
	char *text = NULL;
	size_t size = 0;
	(void) state;
	FILE *f = open_memstream(&text, &size);
	struct cli_table *table = cli_table_new("NAME N> EMPTY LAST");
	cli_table_print(table, f);
	cli_table_cell(table, "gr\xc3\xbc\xc3\x9f""e");
	cli_table_cell(table, "%d", 5);
	cli_table_cell(table, "%s", "");
	cli_table_cell(table, "x");
	cli_table_cell(table, "a\x1b[1m");
	cli_table_cell(table, "%d", 12345);
	cli_table_cell(table, "%s", "");
	cli_table_cell(table, "%s", "");
	cli_table_print(table, f);
	cli_table_free(table);
	cli_table_free(NULL);
	fclose(f);
	assert_string_equal(text,
			    "NAME          N  LAST\n"
			    "gr\xc3\xbc\xc3\x9f""e         5  x\n"
			    "a\\x1b[1m  12345\n");
	free(text);
}

static void test_target(void **state)
{
	char a[] = "switch=kvm1", b[] = "mac=02:00 &x";
	char *words[] = { a, b };
	(void) state;
	char *target = client_target("/v1/hosts", 2, words);
	assert_string_equal(target, "/v1/hosts?switch=kvm1&mac=02%3A00%20%26x");
	free(target);
	target = client_target("/v1/events?follow=1", 1, words);
	assert_string_equal(target, "/v1/events?follow=1&switch=kvm1");
	free(target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_target),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
