/* SPDX-License-Identifier: Apache-2.0 */
/* options: weftd's command line as a table; the manual page is printed from it. */
#ifndef CONTROLLER_OPTIONS_H
#define CONTROLLER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { OPTIONS_MAX_LISTENERS = 16, OPTIONS_MAX_LEVELS = 32 };

struct options {
	const char *listen[OPTIONS_MAX_LISTENERS];
	size_t n_listen;
	const char *levels[OPTIONS_MAX_LEVELS];  /* MODULE:LEVEL */
	size_t n_levels;
	const char *pki, *run_dir, *state_dir, *log_file, *topology;
	uint32_t punt_budget;           /* packet-ins per second and switch; 0 = no limit */
	bool check;
};

/* Fills options from argv. Returns -1 to go on, else the exit status (0 after
 * --help and --version, 1 after an error that was printed). */
int options_parse(struct options *, int argc, char **argv);
void options_print_reference(FILE *);

#endif
