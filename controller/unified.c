/* SPDX-License-Identifier: Apache-2.0 */
/* The texts and the answer are files in memory; the program gets the texts as /dev/fd/N. */
#include "controller/unified.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FD_TEXTS = 3, FD_FREE = 10 };

static FILE *memory_file(const char *text, size_t size)
{
	int fd = memfd_create("weft", MFD_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w+");
	if (f && (fwrite(text, 1, size, f) != size || fflush(f) || fseek(f, 0, SEEK_SET))) {
		fclose(f);
		f = NULL;
	}
	return f;
}

/* Its exit code, or -1 with errno. */
static int run_diff(const char *name_a, const char *name_b, FILE *const files[3])
{
	char *argv[] = { "diff", "-u", "-a", "--label", (char *) name_a, "--label", (char *) name_b, "/dev/fd/3", "/dev/fd/4", NULL };
	posix_spawn_file_actions_t actions;
	int at[3], status;
	pid_t pid;
	/* Above all that they are to become, so that none overwrites another. */
	for (int i = 0; i < 3; i++)
		at[i] = fcntl(fileno(files[i]), F_DUPFD_CLOEXEC, FD_FREE);
	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&actions, at[i], i < 2 ? FD_TEXTS + i : STDOUT_FILENO);
	errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	for (int i = 0; i < 3; i++)
		close(at[i]);
	if (errno)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static bool answer(FILE *from, FILE *out)
{
	char buf[4096];
	size_t n;
	rewind(from);
	while ((n = fread(buf, 1, sizeof buf, from)))
		fwrite(buf, 1, n, out);
	return !ferror(from) && !ferror(out);
}

bool unified_print(const struct unified_text *a, const struct unified_text *b, FILE *out, bool *ret_differ)
{
	FILE *files[3] = { memory_file(a->text, a->size), memory_file(b->text, b->size), memory_file("", 0) };
	int code = files[0] && files[1] && files[2] ? run_diff(a->name, b->name, files) : -1;
	bool is_done = (code == 0 || code == 1) && answer(files[2], out);
	/* From 2 on diff has said why itself. */
	if (!is_done && code < 2)
		fprintf(stderr, "weft: cannot compare: diff: %s\n", strerror(errno));
	for (int i = 0; i < 3; i++)
		if (files[i])
			fclose(files[i]);
	*ret_differ = code == 1;
	return is_done;
}
