/* SPDX-License-Identifier: Apache-2.0 */
/* file: old or new, whole, at any instant. fsync and rename are this program's own
 * here: they note the order in which they come, look at the disk, and can fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "controller/file.h"

static char dir[64], path[96];
static char steps[256];                 /* what was called, and what the file held then */
static const char *failing;             /* the step that fails; null = none */

static const char *content(const char *of)
{
	static char text[64];
	FILE *f = fopen(of, "r");
	text[0] = '\0';
	if (!f)
		return "-";
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}

static int step(const char *what)
{
	size_t n = strlen(steps);
	snprintf(steps + n, sizeof steps - n, "%s:%s ", what, content(path));
	if (!failing || strcmp(failing, what))
		return 0;
	errno = EIO;
	return -1;
}

int fsync(int fd)
{
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	return step(S_ISDIR(st.st_mode) ? "sync-folder" : "sync-file") ? -1 : (int) syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
	return step("rename") ? -1 : (int) syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

static void put(const char *at, const char *text)
{
	FILE *f = fopen(at, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int replace(const char *at, const char *text)
{
	steps[0] = '\0';
	errno = 0;
	return file_replace(at, text, strlen(text), 0640);
}

static size_t n_files(void)
{
	size_t n = 0;
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static mode_t mode_of(const char *at)
{
	struct stat st;
	assert_int_equal(stat(at, &st), 0);
	return st.st_mode & 07777;
}

static void test_order(void **state)
{
	(void) state;
	put(path, "old");
	assert_int_equal(replace(path, "new"), 0);
	/* All of the new one is on the disk before its name is; then the name. */
	assert_string_equal(steps, "sync-file:old rename:old sync-folder:new ");
	assert_string_equal(content(path), "new");
	assert_int_equal(n_files(), 1);
}

static void test_failures(void **state)
{
	static const struct {
		const char *failing;
		int result;
		const char *content;
	} cases[] = {
		{ "sync-file", -1, "old" },
		{ "rename", -1, "old" },
		{ "sync-folder", 1, "new" },
	};
	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		put(path, "old");
		failing = cases[i].failing;
		assert_int_equal(replace(path, "new"), cases[i].result);
		assert_int_equal(errno, EIO);
		failing = NULL;
		assert_string_equal(content(path), cases[i].content);
		assert_int_equal(n_files(), 1);
	}
}

static void test_full_disk(void **state)
{
	struct rlimit old, small;
	(void) state;
	put(path, "old");
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit) { .rlim_cur = 2, .rlim_max = old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	int result = replace(path, "new"), error = errno;
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(result, -1);
	assert_int_equal(error, EFBIG);
	assert_string_equal(steps, "");
	assert_string_equal(content(path), "old");
	assert_int_equal(n_files(), 1);
}

static void test_mode(void **state)
{
	(void) state;
	assert_int_equal(replace(path, "first"), 0);
	assert_int_equal(mode_of(path), 0640);
	assert_int_equal(chmod(path, 0604), 0);
	assert_int_equal(replace(path, "second"), 0);
	assert_int_equal(mode_of(path), 0604);
}

/* A weftd of root edits somebody's file: it stays somebody's. */
static void test_owner(void **state)
{
	struct stat st;
	(void) state;
	put(path, "old");
	if (chown(path, 1234, 2345))
		skip();
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(replace(path, "new"), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_gid, 2345);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_link(void **state)
{
	char link[128];
	struct stat st;
	(void) state;
	put(path, "old");
	snprintf(link, sizeof link, "%s/link", dir);
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(replace(link, "new"), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_string_equal(content(path), "new");
	unlink(link);
}

static void test_nowhere(void **state)
{
	(void) state;
	assert_int_equal(replace("/no/such/folder/file", "new"), -1);
	assert_int_equal(errno, ENOENT);
	put(path, "old");
	char below[128];
	snprintf(below, sizeof below, "%s/below", path);
	assert_int_equal(replace(below, "new"), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_string_equal(content(path), "old");
}

static int set_up(void **state)
{
	(void) state;
	snprintf(dir, sizeof dir, "/tmp/weft-file-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/file", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	unlink(path);
	return rmdir(dir);
}

static void test_read(void **state)
{
	char *text;
	size_t size = 7;
	(void) state;
	put(path, "all of it");
	text = file_read(path, 100, &size);
	assert_string_equal(text, "all of it");
	assert_int_equal(size, 9);
	free(text);
	text = file_read(path, 9, &size);
	assert_non_null(text);
	free(text);
	assert_null(file_read(path, 8, &size));
	assert_int_equal(errno, EFBIG);
	assert_null(file_read(dir, 100, &size));
	assert_int_equal(errno, EINVAL);
	put(path, "");
	text = file_read(path, 100, &size);
	assert_int_equal(size, 0);
	free(text);
	unlink(path);
	assert_null(file_read(path, 100, &size));
	assert_int_equal(errno, ENOENT);
	/* One that nobody writes to does not hold the reader. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(file_read(path, 100, &size));
	assert_int_equal(errno, EINVAL);
	unlink(path);
}

/* More than a buffer, by the byte. */
static void test_read_large(void **state)
{
	enum { SIZE = 100001 };
	char *text = malloc(SIZE + 1);
	size_t size;
	(void) state;
	for (int i = 0; i < SIZE; i++)
		text[i] = (char) ('a' + i % 26);
	text[SIZE] = '\0';
	put(path, text);
	char *read_back = file_read(path, 1 << 20, &size);
	assert_int_equal(size, SIZE);
	assert_string_equal(read_back, text);
	free(read_back);
	free(text);
}

static void test_remove(void **state)
{
	(void) state;
	put(path, "old");
	steps[0] = '\0';
	assert_int_equal(file_remove(path), 0);
	assert_string_equal(steps, "sync-folder:- ");
	assert_int_equal(file_remove(path), 0);
	failing = "sync-folder";
	assert_int_equal(file_remove(path), 1);
	assert_int_equal(errno, EIO);
	failing = NULL;
	assert_int_equal(file_remove(dir), -1);
	assert_int_equal(file_sync_folder("/no/such/folder/file"), -1);
}

int main(void)
{
#define T(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_order), T(test_failures), T(test_full_disk), T(test_mode), T(test_owner), T(test_link),
		T(test_nowhere), T(test_read), T(test_read_large), T(test_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
