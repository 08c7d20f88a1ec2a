/* SPDX-License-Identifier: Apache-2.0 */
/* log: levels by module, a file that is opened again when it was moved away, and
 * our own faults. One process has one log: the tests go on from each other. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "dies.h"
#include "ofproto/log.h"

/* Modules of ours that the room does not link. */
LOG_MODULE(session)

static char folder[64], path[96], moved[96];

static void note_level(void *ctx, const char *module, const char *level)
{
	char *all = ctx;

	snprintf(all + strlen(all), 256 - strlen(all), "%s:%s ", module, level);
}

static const char *levels(void)
{
	static char all[256];

	all[0] = '\0';
	log_levels(note_level, all);
	return all;
}

static const char *content(const char *file)
{
	static char text[4096];
	FILE *f = fopen(file, "r");

	text[0] = '\0';
	if (f) {
		text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
		fclose(f);
	}
	return text;
}

static void test_levels(void **state)
{
	(void) state;
	assert_string_equal(levels(), "log:INFO session:INFO ");
	assert_null(log_set("session", "dbg"));
	assert_string_equal(levels(), "log:INFO session:DBG ");
	assert_null(log_set("all", "warn"));
	assert_string_equal(levels(), "log:WARN session:WARN ");
	assert_string_equal(log_set("session", "loud"), "levels are: off, emer, err, warn, info, dbg");
	assert_string_equal(log_set("sessions", "dbg"), "no module of this name");
	assert_string_equal(levels(), "log:WARN session:WARN ");
}

static void abort_with_a_number(void *ctx)
{
	(void) ctx;
	log_abort("seven is %d", 7);
}

static void test_our_own_fault(void **state)
{
	(void) state;
	assert_dies(abort_with_a_number, NULL, "seven is 7");
}

static void test_file(void **state)
{
	(void) state;
	assert_null(log_set("all", "info"));
	log_check_file();               /* there is none yet */
	assert_string_equal(log_to_file("/no/such/folder/weft.log"), "No such file or directory");
	assert_null(log_to_file(path));
	VLOG_INFO("the first line");
	VLOG_DBG("too much detail");
	assert_non_null(strstr(content(path), "the first line"));
	assert_null(strstr(content(path), "too much detail"));
	log_check_file();
	assert_null(strstr(content(path), "moved away"));

	assert_int_equal(rename(path, moved), 0);
	VLOG_INFO("into the old one");
	assert_non_null(strstr(content(moved), "into the old one"));
	log_check_file();
	VLOG_INFO("into the new one");
	assert_non_null(strstr(content(path), "into the new one"));
	assert_null(strstr(content(moved), "into the new one"));
	/* And that is no news the next time. */
	size_t size = strlen(content(path));
	log_check_file();
	assert_int_equal(strlen(content(path)), size);
}

static void test_levels_of_a_file(void **state)
{
	(void) state;
	assert_null(log_set("session", "dbg"));
	VLOG_DBG("a detail");
	assert_non_null(strstr(content(path), "a detail"));
	/* A fault is in the file, and on the console for who has no file at hand. */
	assert_dies(abort_with_a_number, NULL, "weft: seven is 7");
	assert_non_null(strstr(content(path), "seven is 7"));
}

static int make_folder(void **state)
{
	(void) state;
	snprintf(folder, sizeof(folder), "/tmp/weft-log-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/weft.log", folder);
	snprintf(moved, sizeof(moved), "%s/weft.log.1", folder);
	log_init("test_log");
	return 0;
}

static int remove_folder(void **state)
{
	(void) state;
	unlink(path);
	unlink(moved);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_our_own_fault),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_levels_of_a_file),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
