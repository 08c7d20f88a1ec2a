/* SPDX-License-Identifier: Apache-2.0 */
/* Tables out of answers of the API: a cell is what an item has under a key, in some form. */
#ifndef CONTROLLER_CLI_LIST_H
#define CONTROLLER_CLI_LIST_H

#include <jansson.h>

#include "controller/cli_table.h"

/* What is not there is "-"; what says "if any" leaves a column out that has nothing at all. */
enum cli_form {
	FORM_PLAIN,                     /* text or a whole number */
	FORM_TEXT,                      /* text, if any */
	FORM_UNLESS_0, FORM_IF_ANY,     /* a number above 0; the second: if any */
	FORM_OFPORT, FORM_YES,
	FORM_AGO, FORM_AGO_IF_ANY,      /* milliseconds since 1970 */
	FORM_SECONDS, FORM_TIME,
	FORM_NETWORKS, FORM_LIST,       /* of a port; of texts */
	FORM_MBPS, FORM_PERCENT, FORM_BYTES,
};

/* The next cell: what the item has under that key; "a.b" goes into a. */
void cli_cell(struct cli_table *, const json_t *item, const char *key, enum cli_form);

enum { CLI_MAX_COLUMNS = 18 };
struct cli_column {
	const char *title;              /* as of cli_table_new(); spaces are none */
	const char *key;                /* null: there is no more column */
	enum cli_form form;
};
/* A row for each item. True: there were some. */
bool cli_list(const struct cli_column columns[CLI_MAX_COLUMNS], const json_t *items, FILE *);

#endif
