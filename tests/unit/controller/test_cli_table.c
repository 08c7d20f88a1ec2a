/* SPDX-License-Identifier: Apache-2.0 */
/* The small parts of the command: tables, and words that become a target of the API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/cli_list.h"
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

/* What is in an answer, as a cell. */
static void test_cells(void **state)
{
	static const char item[] = "{\"s\":\"x\",\"n\":7,\"z\":0,\"r\":2.6,\"t\":true,\"nil\":null,\"local\":4294967294,\"in\":{\"n\":9},\"l\":[\"a\",\"b\"],\"e\":[],"
		"\"u\":[{\"network\":\"lan\",\"tag\":30},{\"network\":\"wan\",\"tag\":null,\"uplink\":true}]}";
	static const struct { const char *key; enum cli_form form; const char *cell; } cases[] = {
		{ "s", FORM_PLAIN, "x" }, { "n", FORM_PLAIN, "7" }, { "in.n", FORM_PLAIN, "9" }, { "nil", FORM_PLAIN, "-" }, { "nix", FORM_PLAIN, "-" },
		{ "s", FORM_TEXT, "x" }, { "nil", FORM_TEXT, NULL }, { "n", FORM_UNLESS_0, "7" }, { "z", FORM_UNLESS_0, "-" },
		{ "r", FORM_IF_ANY, "3" }, { "z", FORM_IF_ANY, NULL }, { "local", FORM_OFPORT, "LOCAL" }, { "n", FORM_OFPORT, "7" },
		{ "t", FORM_YES, "yes" }, { "n", FORM_YES, "no" }, { "nil", FORM_AGO, "-" }, { "nil", FORM_AGO_IF_ANY, NULL },
		{ "n", FORM_SECONDS, "7 s" }, { "z", FORM_SECONDS, "0 s" }, { "nil", FORM_SECONDS, "-" }, { "u", FORM_NETWORKS, "lan tag 30, wan uplink" },
		{ "e", FORM_NETWORKS, "-" }, { "l", FORM_LIST, "a, b" }, { "e", FORM_LIST, "-" }, { "r", FORM_MBPS, "2.6 Mbit/s" }, { "nil", FORM_MBPS, "-" },
		{ "r", FORM_PERCENT, "3 %" }, { "z", FORM_PERCENT, "0 %" }, { "nil", FORM_PERCENT, "-" }, { "nil", FORM_BYTES, "-" },
	};
	(void) state;
	json_t *items = json_pack("[o]", json_loads(item, 0, NULL));
	assert_non_null(items);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct cli_column columns[CLI_MAX_COLUMNS] = { { "A", cases[i].key, cases[i].form } };
		char *text = NULL, wanted[100] = "A\n";
		size_t size = 0;
		FILE *f = open_memstream(&text, &size);
		assert_true(cli_list(columns, items, f));
		fclose(f);
		snprintf(wanted, sizeof wanted, cases[i].cell ? "A\n%s\n" : "\n\n", cases[i].cell);
		if (strcmp(text, wanted))
			fail_msg("%s in form %d: %s", cases[i].key, cases[i].form, text);
		free(text);
	}
	json_decref(items);
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
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_target),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
