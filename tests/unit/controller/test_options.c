/* SPDX-License-Identifier: Apache-2.0 */
/* options: what a command line of weftd means, and what it says to a wrong one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/options.h"

enum { MAX_ARGS = 80 };

static char words[4096];
static char out[16384], err[4096];

/* Reads back what went to the stream's descriptor since it was swapped. */
static void restore(FILE *stream, int console, FILE *said, char *ret_text, size_t size)
{
	fflush(stream);
	dup2(console, fileno(stream));
	close(console);
	rewind(said);
	ret_text[fread(ret_text, 1, size - 1, said)] = '\0';
	fclose(said);
}

static int swap(FILE *stream, FILE *to)
{
	fflush(stream);
	int console = dup(fileno(stream));
	dup2(fileno(to), fileno(stream));
	return console;
}

static int parse(struct options *o, const char *line)
{
	char *argv[MAX_ARGS] = { "weftd" };
	int argc = 1;
	FILE *said[2] = { tmpfile(), tmpfile() };
	assert_true(said[0] && said[1]);
	assert_true(strlen(line) < sizeof words);
	strcpy(words, line);
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
		assert_true(argc < MAX_ARGS - 1);
		argv[argc++] = word;
	}
	int console[2] = { swap(stdout, said[0]), swap(stderr, said[1]) };
	int status = options_parse(o, argc, argv);
	restore(stdout, console[0], said[0], out, sizeof out);
	restore(stderr, console[1], said[1], err, sizeof err);
	return status;
}

static void test_defaults(void **state)
{
	struct options o;
	(void) state;
	assert_int_equal(parse(&o, "net.yaml"), -1);
	assert_string_equal(o.topology, "net.yaml");
	assert_int_equal(o.n_listen, 1);
	assert_string_equal(o.listen[0], "ssl:[::]:6653");
	assert_string_equal(o.pki, "/etc/weft/pki");
	assert_string_equal(o.run_dir, "/run/weft");
	assert_string_equal(o.state_dir, "/var/lib/weft");
	assert_null(o.log_file);
	assert_int_equal(o.punt_budget, 20000);
	assert_int_equal(o.n_levels, 0);
	assert_false(o.check);
	assert_string_equal(err, "");
}

static void test_everything(void **state)
{
	struct options o;
	(void) state;
	assert_int_equal(parse(&o, "--listen tcp:127.0.0.1:1 a.yaml --listen=ssl:[::1]:2 --pki P --run-dir R --state-dir S "
			       "--log-file L --punt-budget 0 -v session:dbg --verbose=all:warn -vapi:off --check"), -1);
	assert_string_equal(o.topology, "a.yaml");
	assert_int_equal(o.n_listen, 2);
	assert_string_equal(o.listen[0], "tcp:127.0.0.1:1");
	assert_string_equal(o.listen[1], "ssl:[::1]:2");
	assert_string_equal(o.pki, "P");
	assert_string_equal(o.run_dir, "R");
	assert_string_equal(o.state_dir, "S");
	assert_string_equal(o.log_file, "L");
	assert_int_equal(o.punt_budget, 0);
	assert_int_equal(o.n_levels, 3);
	assert_string_equal(o.levels[0], "session:dbg");
	assert_string_equal(o.levels[2], "api:off");
	assert_true(o.check);
	/* A file whose name looks like an option. */
	assert_int_equal(parse(&o, "--punt-budget=100000000 -- --check"), -1);
	assert_string_equal(o.topology, "--check");
	assert_int_equal(o.punt_budget, 100000000);
	assert_false(o.check);
}

static void test_errors(void **state)
{
	static const struct {
		const char *line, *error;
	} cases[] = {
		{ "", "weftd: give one topology file; try weftd --help\n" },
		{ "a.yaml b.yaml", "weftd: give one topology file; try weftd --help\n" },
		{ "--check", "weftd: give one topology file; try weftd --help\n" },
		{ "--prots x a.yaml", "weftd: unknown option --prots; try weftd --help\n" },
		{ "-x a.yaml", "weftd: unknown option -x; try weftd --help\n" },
		{ "a.yaml --check -qx", "weftd: unknown option -q; try weftd --help\n" },
		{ "--p 1 a.yaml", "weftd: unknown option --p; try weftd --help\n" },
		{ "a.yaml --pki", "weftd: --pki needs a value; try weftd --help\n" },
		{ "a.yaml -v", "weftd: -v needs a value; try weftd --help\n" },
		{ "--check=yes a.yaml", "weftd: --check=yes takes no value; try weftd --help\n" },
		{ "--help=all", "weftd: --help=all takes no value; try weftd --help\n" },
		{ "--punt-budget -1 a", "weftd: --punt-budget takes a number from 0 to 100000000, not -1; try weftd --help\n" },
		{ "--punt-budget 5k a", "weftd: --punt-budget takes a number from 0 to 100000000, not 5k; try weftd --help\n" },
		{ "--punt-budget= a", "weftd: --punt-budget takes a number from 0 to 100000000, not ; try weftd --help\n" },
		{ "--punt-budget 100000001 a",
		  "weftd: --punt-budget takes a number from 0 to 100000000, not 100000001; try weftd --help\n" },
		{ "--punt-budget 99999999999999999999999 a",
		  "weftd: --punt-budget takes a number from 0 to 100000000, not 99999999999999999999999; try weftd --help\n" },
		{ "-v dbg a.yaml", "weftd: -v takes MODULE:LEVEL, not dbg; try weftd --help\n" },
	};
	struct options o;
	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(parse(&o, cases[i].line), 1);
		assert_string_equal(err, cases[i].error);
		assert_string_equal(out, "");
	}
}

static void test_too_many(void **state)
{
	static const struct {
		const char *option, *error;
		int n;
	} cases[] = {
		{ "--listen tcp:[::]:1 ", "weftd: at most 16 listeners; try weftd --help\n", OPTIONS_MAX_LISTENERS },
		{ "-v api:dbg ", "weftd: at most 32 of -v; try weftd --help\n", OPTIONS_MAX_LEVELS },
	};
	struct options o;
	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char line[2048] = "a.yaml ";
		for (int n = 0; n < cases[i].n; n++)
			strcat(line, cases[i].option);
		assert_int_equal(parse(&o, line), -1);
		strcat(line, cases[i].option);
		assert_int_equal(parse(&o, line), 1);
		assert_string_equal(err, cases[i].error);
	}
}

static void test_help_and_version(void **state)
{
	struct options o;
	(void) state;
	assert_int_equal(parse(&o, "--version"), 0);
	assert_string_equal(out, "weftd " WEFT_VERSION "\n");
	assert_int_equal(parse(&o, "-h"), 0);
	assert_non_null(strstr(out, "usage: weftd [OPTION]... TOPOLOGY.yaml\n"));
	assert_string_equal(err, "");
	char page[16384] = "";
	FILE *f = fmemopen(page, sizeof page, "w");
	options_print_reference(f);
	fclose(f);
	/* What is offered is in the manual, and the other way round. */
	size_t n = 0;
	for (char *at = out; (at = strstr(at, "\n  --")); at++, n++) {
		char name[64] = "| `";
		size_t size = strcspn(at + 3, " \n");
		strncat(name, at + 3, size);
		assert_non_null(strstr(page, name));
	}
	for (char *at = page; (at = strstr(at, "\n| `--")); at++)
		n--;
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_everything), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_too_many), cmocka_unit_test(test_help_and_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
