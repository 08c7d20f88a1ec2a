/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "dies.h"

static sigjmp_buf back;

/* POSIX lets a handler of SIGABRT leave abort() this way, and no other. */
static void on_abort(int number)
{
	(void) number;
	siglongjmp(back, 1);
}

void assert_dies(void (*run)(void *ctx), void *ctx, const char *why)
{
	struct sigaction catch = {.sa_handler = on_abort}, old;
	char text[4096];
	FILE *said = tmpfile();
	volatile bool died = false;
	int console = dup(STDERR_FILENO);

	assert_non_null(said);
	fflush(stderr);
	dup2(fileno(said), STDERR_FILENO);
	sigaction(SIGABRT, &catch, &old);
	if (!sigsetjmp(back, 1))
		run(ctx);
	else
		died = true;
	sigaction(SIGABRT, &old, NULL);
	fflush(stderr);
	dup2(console, STDERR_FILENO);
	close(console);
	rewind(said);
	text[fread(text, 1, sizeof(text) - 1, said)] = '\0';
	fclose(said);
	assert_true(died);
	if (!strstr(text, why))
		fail_msg("died with \"%s\", not with \"%s\"", text, why);
}
