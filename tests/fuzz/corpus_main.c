/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over files and folders of files, as a plain test: built
 * with gcc and the sanitizers, no fuzzer needed. An empty corpus is an error. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

static int n_files;
static const char *now_running = "";

/* Of the sanitizers' runtime, when it is linked. */
extern void __sanitizer_set_death_callback(void (*)(void)) __attribute__((weak));

/* A crash says with which file. */
static void name_input(void)
{
	static const char text[] = "while running ";

	if (write(STDERR_FILENO, text, sizeof text - 1) < 0
	    || write(STDERR_FILENO, now_running, strlen(now_running)) < 0
	    || write(STDERR_FILENO, "\n", 1) < 0)
		_exit(1);
}

static void on_abort(int signo)
{
	name_input();
	signal(signo, SIG_DFL);
	raise(signo);
}

static void run_file(const char *path)
{
	FILE *in = fopen(path, "rb");
	struct stat st;

	if (!in || fstat(fileno(in), &st)) {
		perror(path);
		exit(1);
	}
	/* Exactly as long as the file, so that one byte beyond is a report. */
	size_t len = (size_t) st.st_size;
	uint8_t *bytes = malloc(len ? len : 1);
	if (!bytes || fread(bytes, 1, len, in) != len) {
		perror(path);
		exit(1);
	}
	fclose(in);
	now_running = path;
	LLVMFuzzerTestOneInput(bytes, len);
	free(bytes);
	n_files++;
}

static void run_folder(const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort);

	if (n < 0) {
		perror(folder);
		exit(1);
	}
	for (int i = 0; i < n; i++) {
		char path[4096];

		snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			run_file(path);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	signal(SIGABRT, on_abort);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(name_input);
	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st)) {
			perror(argv[i]);
			return 1;
		}
		if (S_ISDIR(st.st_mode))
			run_folder(argv[i]);
		else
			run_file(argv[i]);
	}
	if (!n_files) {
		fprintf(stderr, "%s: no files\n", argv[0]);
		return 1;
	}
	printf("%s: %d inputs\n", argv[0], n_files);
	return 0;
}
