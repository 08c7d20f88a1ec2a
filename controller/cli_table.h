/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned columns for people. Cells are kept until the end, because the widest
 * one decides; control characters in them become visible. */
#ifndef CONTROLLER_CLI_TABLE_H
#define CONTROLLER_CLI_TABLE_H

#include <stdbool.h>
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
/* The same, and frees it. True: there were rows. */
bool cli_table_end(struct cli_table *, FILE *);

/* Text behind what is there. False: it did not fit, or not all of it. */
bool cli_append(char *buf, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Text of others for a terminal: control characters as \xNN. */
void cli_print_text(FILE *, const char *);

#endif
