/* SPDX-License-Identifier: Apache-2.0 */
/* history: what is kept comes back, whole or not at all; what is not ours is told and left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/confirm.h"
#include "controller/file.h"
#include "controller/history_head.h"

static char dir[64], folder[96];
static struct history *history;

static int set_up(void **state)
{
	(void) state;
	snprintf(dir, sizeof dir, "/tmp/weft-history-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(folder, sizeof folder, "%s/history", dir);
	history = history_new(folder);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];
	(void) state;
	history_free(history);
	history = NULL;
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

static void again(void)
{
	history_free(history);
	history = history_new(folder);
}

static const char *in_folder(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(in_folder(name), "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static uint32_t keep(const char *text, const char *message)
{
	struct revision r = { .source = HISTORY_APPLY, .uid = 1000, .wall_ms = 1700000000123 };
	snprintf(r.message, sizeof r.message, "%s", message);
	assert_null(history_prepare(history, &r, text, strlen(text)));
	assert_null(history_commit(history));
	return r.number;
}

static void assert_text(uint32_t number, const char *text)
{
	const char *error = NULL;
	size_t size;
	char *kept = history_text(history, number, &size, &error);
	assert_null(error);
	assert_int_equal(size, strlen(text));
	assert_string_equal(kept, text);
	free(kept);
}

static void test_kept(void **state)
{
	(void) state;
	assert_int_equal(history_n(history), 0);
	assert_null(history_last(history));
	assert_int_equal(keep("version: 1\n", "the first\nof all"), 1);
	assert_int_equal(keep("version: 1\n# more\n", ""), 2);
	for (int i = 0; i < 2; i++, again()) {
		const struct revision *r = history_find(history, 1);
		assert_int_equal(history_n(history), 2);
		assert_int_equal(history_last(history)->number, 2);
		assert_int_equal(r->uid, 1000);
		assert_int_equal(r->wall_ms, 1700000000123);
		assert_int_equal(r->source, HISTORY_APPLY);
		assert_int_equal(strlen(r->digest), 64);
		assert_string_equal(history_find(history, 2)->message, "");
		assert_text(1, "version: 1\n");
		assert_text(2, "version: 1\n# more\n");
		assert_null(history_problem(history));
	}
	/* Line ends would end the head. */
	assert_string_equal(history_find(history, 1)->message, "the first of all");
	assert_null(history_find(history, 3));
}

static void test_bounds(void **state)
{
	char text[32];
	(void) state;
	for (int i = 1; i <= HISTORY_KEPT + 5; i++) {
		snprintf(text, sizeof text, "text %d\n", i);
		assert_int_equal(keep(text, ""), i);
	}
	again();
	assert_int_equal(history_n(history), HISTORY_KEPT);
	assert_int_equal(history_at(history, 0)->number, 6);
	assert_int_equal(access(in_folder("000005.rev"), F_OK), -1);
	assert_text(6, "text 6\n");
	char *large = calloc(1, HISTORY_MAX_TEXT + 1);
	struct revision r = { .source = HISTORY_START };
	assert_non_null(strstr(history_prepare(history, &r, large, HISTORY_MAX_TEXT + 1), "16 MiB"));
	free(large);
}

/* What a crash left between the two steps. */
static void test_recovered(void **state)
{
	struct revision r = { .source = HISTORY_APPLY, .uid = 7 };
	char digest[DIGEST_TEXT];
	(void) state;
	keep("one\n", "");
	assert_null(history_prepare(history, &r, "two\n", 4));
	again();
	assert_int_equal(history_n(history), 1);
	digest_text("two\n", 4, digest);
	assert_true(history_recover(history, digest));
	assert_int_equal(history_last(history)->number, 2);
	assert_int_equal(history_last(history)->uid, 7);
	assert_text(2, "two\n");
	assert_false(history_recover(history, digest));

	assert_null(history_prepare(history, &r, "three\n", 6));
	again();
	assert_false(history_recover(history, digest));
	assert_int_equal(access(in_folder("next"), F_OK), -1);
	assert_int_equal(keep("four\n", ""), 3);

	assert_null(history_prepare(history, &r, "five\n", 5));
	history_discard(history);
	assert_int_equal(access(in_folder("next"), F_OK), -1);
	assert_null(history_commit(history));
	assert_int_equal(history_n(history), 3);

	/* A file that is gone is no text that was to come. */
	assert_null(history_prepare(history, &r, "six\n", 4));
	again();
	assert_false(history_recover(history, NULL));
}

/* Torn, damaged, of somebody else: told, left alone, and its number is not used again. */
static void test_odd_files(void **state)
{
	static const char *const heads[] = {
		"", "weft-revision: 1\n", "weft-revision: 2\nnumber: 7\n", "#!/bin/sh\n",
		"weft-revision: 1\nnumber: 0\ntime_ms: 1\nsource: apply\nuid: 0\nof: 0\nsize: 0\nsha256: x\nmessage: \n\n",
	};
	(void) state;
	keep("one\n", "");
	keep("two\n", "");
	assert_int_equal(truncate(in_folder("000001.rev"), 100), 0);
	again();
	assert_int_equal(history_n(history), 1);
	assert_non_null(strstr(history_problem(history), "000001.rev"));
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		put("000009.rev", heads[i]);
		again();
		assert_int_equal(history_n(history), 1);
		assert_non_null(strstr(history_problem(history), "2 files in"));
		assert_int_equal(history_next_number(history), 10);
	}
	put("notes.txt", "");
	assert_int_equal(mkdir(in_folder("000010.rev"), 0700), 0);
	assert_int_equal(symlink("/etc/passwd", in_folder("000011.rev")), 0);
	assert_int_equal(mkfifo(in_folder("000012.rev"), 0600), 0);
	put("next.abcdef", "torn by a crash: ours, and cleared away");
	again();
	assert_int_equal(history_n(history), 1);
	assert_int_equal(access(in_folder("next.abcdef"), F_OK), -1);
	assert_int_equal(keep("three\n", ""), 13);
	assert_text(2, "two\n");
}

/* The size is right, the text is another one. */
static void test_damaged_text(void **state)
{
	const char *error = NULL;
	size_t size;
	(void) state;
	keep("version: 1\n", "");
	int fd = open(in_folder("000001.rev"), O_WRONLY);
	assert_true(fd >= 0);
	assert_true(lseek(fd, -3, SEEK_END) > 0);
	assert_int_equal(write(fd, "2", 1), 1);
	close(fd);
	again();
	assert_int_equal(history_n(history), 1);
	assert_null(history_text(history, 1, &size, &error));
	assert_non_null(strstr(error, "000001.rev is damaged"));
	assert_non_null(history_problem(history));
	unlink(in_folder("000001.rev"));
	assert_null(history_text(history, 1, &size, &error));
	assert_non_null(strstr(error, "cannot be read"));
	assert_null(history_text(history, 5, &size, &error));
	assert_string_equal(error, "there is no revision 5");
}

static void test_no_folder(void **state)
{
	struct revision r = { .source = HISTORY_START };
	(void) state;
	struct history *other = history_new("/proc/nowhere");
	assert_false(history_is_ours(other));
	assert_non_null(strstr(history_problem(other), "/proc/nowhere"));
	assert_non_null(strstr(history_prepare(other, &r, "x", 1), "/proc/nowhere"));
	assert_int_equal(history_n(other), 0);
	history_free(other);
}

static void test_two_at_once(void **state)
{
	struct revision r = { .source = HISTORY_START };
	(void) state;
	keep("one\n", "");
	struct history *other = history_new(folder);
	assert_false(history_is_ours(other));
	assert_non_null(strstr(history_problem(other), "another weftd"));
	assert_non_null(strstr(history_prepare(other, &r, "x", 1), "another weftd"));
	/* The first one has gone: it is ours then. */
	history_free(history);
	history = NULL;
	assert_null(history_prepare(other, &r, "x", 1));
	assert_null(history_problem(other));
	history_free(other);
}

/* --- what waits ---------------------------------------------------------------------------- */

static void test_confirm(void **state)
{
	const struct confirm c = { .revision = 3, .back_to = 2, .seconds = 60, .since_wall_ms = 1700000000000 };
	const char *problem;
	(void) state;
	assert_int_equal(confirm_read(folder, &problem).revision, 0);
	assert_null(problem);
	assert_null(confirm_write(folder, &c));
	struct confirm got = confirm_read(folder, &problem);
	assert_null(problem);
	assert_int_equal(got.revision, 3);
	assert_int_equal(got.back_to, 2);
	assert_int_equal(got.seconds, 60);
	assert_int_equal(got.since_wall_ms, c.since_wall_ms);
	again();
	assert_null(history_problem(history));
	assert_null(confirm_remove(folder));
	assert_null(confirm_remove(folder));
	assert_int_equal(confirm_read(folder, &problem).revision, 0);
	assert_non_null(confirm_write("/proc/nowhere", &c));
}

static void test_confirm_damaged(void **state)
{
	static const char *const texts[] = {
		"", "weft-confirm: 1\n", "weft-confirm: 2\nrevision: 3\nback_to: 2\nseconds: 60\nsince_ms: 1\n",
		"weft-confirm: 1\nrevision: 0\nback_to: 2\nseconds: 60\nsince_ms: 1\n",
		"weft-confirm: 1\nrevision: 3\nback_to: 2\nseconds: 0\nsince_ms: 1\n",
		"weft-confirm: 1\nrevision: 3\nback_to: 2\nseconds: 999999\nsince_ms: 1\n",
		"weft-confirm: 1\nrevision: 3\nback_to: 2\nseconds: 60\nsince_ms: 1",
		"weft-confirm: 1\nrevision: 3\nback_to: 2\nseconds: 60\nsince_ms: 1\nmore\n",
	};
	(void) state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char *problem = NULL;
		put(CONFIRM_NAME, texts[i]);
		assert_int_equal(confirm_read(folder, &problem).revision, 0);
		assert_non_null(problem);
	}
}

static void test_time_left(void **state)
{
	const struct confirm c = { .revision = 3, .back_to = 2, .seconds = 60, .since_wall_ms = 1000000 };
	(void) state;
	assert_int_equal(confirm_left_ms(&c, 1000000), 60000);
	assert_int_equal(confirm_left_ms(&c, 1059999), 1);
	assert_int_equal(confirm_left_ms(&c, 1060000), 0);
	assert_int_equal(confirm_left_ms(&c, UINT64_MAX), 0);
	assert_int_equal(confirm_left_ms(&c, 5), 60000);        /* set back by a day */
}

int main(void)
{
#define T(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_kept), T(test_bounds), T(test_recovered), T(test_odd_files), T(test_damaged_text),
		T(test_no_folder), T(test_two_at_once), T(test_confirm), T(test_confirm_damaged), T(test_time_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
