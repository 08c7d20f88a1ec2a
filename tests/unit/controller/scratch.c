/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/controller/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/cli.h"

enum { PATHS = 8, MAX_WORDS = 32 };

char scratch_dir[64], weft_out[1 << 20], weft_err[1 << 16];

bool scratch_make(void)
{
	snprintf(scratch_dir, sizeof scratch_dir, "/tmp/weft-test-XXXXXX");
	return mkdtemp(scratch_dir);
}

int scratch_remove(void)
{
	char command[128];
	snprintf(command, sizeof command, "rm -r %s", scratch_dir);
	return system(command);
}

const char *scratch_path(const char *name)
{
	static char paths[PATHS][128];
	static unsigned turn;
	char *path = paths[turn++ % PATHS];
	snprintf(path, sizeof paths[0], "%s/%s", scratch_dir, name);
	return path;
}

void scratch_write(const char *name, const char *text)
{
	FILE *f = fopen(scratch_path(name), "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void read_into(const char *name, char *buf, size_t size)
{
	FILE *f = fopen(scratch_path(name), "r");
	buf[0] = '\0';
	if (!f)
		return;
	buf[fread(buf, 1, size - 1, f)] = '\0';
	fclose(f);
}

char *scratch_read(const char *name)
{
	enum { ROOM = 1 << 16 };
	char *text = malloc(ROOM);
	read_into(name, text, ROOM);
	return text;
}

static void run(int argc, char **argv)
{
	const char *in = access(scratch_path("in"), F_OK) ? "/dev/null" : scratch_path("in");
	if (!freopen(scratch_path("out"), "w", stdout) || !freopen(scratch_path("err"), "w", stderr) || !freopen(in, "r", stdin))
		_exit(99);
	exit(cli_main(argc, argv));
}

int weft(const char *words)
{
	char *argv[MAX_WORDS + 1] = { (char *) "weft" }, text[2048];
	size_t n = 0;
	int argc = 1, status;
	for (; *words; words++) {
		n += (size_t) snprintf(text + n, sizeof text - n, *words == '@' ? "%s" : "%.1s", *words == '@' ? scratch_dir : words);
		assert_true(n < sizeof text);
	}
	text[n] = '\0';
	for (char *rest = text, *word = strtok_r(text, " ", &rest); word && argc < MAX_WORDS; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	fflush(NULL);
	pid_t pid = fork();
	if (!pid)
		run(argc, argv);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	read_into("out", weft_out, sizeof weft_out);
	read_into("err", weft_err, sizeof weft_err);
	return WEXITSTATUS(status);
}

void weft_says(const char *words, int code, ...)
{
	const char *said = code == CLI_ERROR ? weft_err : weft_out, *part;
	va_list parts;
	int ended = weft(words);
	if (ended != code)
		fail_msg("weft %s: %d, not %d:\n%s%s", words, ended, code, weft_out, weft_err);
	va_start(parts, code);
	while ((part = va_arg(parts, const char *)))
		HAS(said, part);
	va_end(parts);
}
