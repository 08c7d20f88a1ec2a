/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned columns for people. Cells are kept until the end, because the widest
 * one decides; control characters in them become visible. */
#ifndef CONTROLLER_CLI_TABLE_H
#define CONTROLLER_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

struct cli_table;

/* Titles separated by spaces; "FLOWS>" = numbers, to the right. */
struct cli_table *cli_table_new(const char *titles);
void cli_table_free(struct cli_table *);
/* The next cell, row by row. */
void cli_table_cell(struct cli_table *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints nothing at all when there are no rows. Columns without any text are left out. */
void cli_table_print(const struct cli_table *, FILE *);

/* Text of others for a terminal: control characters as \xNN. */
void cli_print_text(FILE *, const char *);

#endif
