/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/cli_table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

enum { MAX_COLUMNS = 20, MAX_CELL = 1024, GAP = 2 };

struct cli_table {
	struct arena *arena;
	const char *titles[MAX_COLUMNS];
	bool is_number[MAX_COLUMNS];
	size_t widths[MAX_COLUMNS];     /* characters of the widest cell, the title left out */
	size_t n_columns;
	const char **cells;             /* heap; texts in the arena */
	size_t n_cells, max_cells;
};

struct cli_table *cli_table_new(const char *titles)
{
	struct cli_table *table = xheap_alloc(sizeof *table);
	table->arena = arena_new();
	char *rest = arena_strdup(table->arena, titles), *title;
	while ((title = strsep(&rest, " "))) {
		size_t len = strlen(title);
		if (table->n_columns == MAX_COLUMNS)
			abort();        /* a row would not end where it should */
		if (len && title[len - 1] == '>') {
			title[len - 1] = '\0';
			table->is_number[table->n_columns] = true;
		}
		table->titles[table->n_columns++] = title;
	}
	return table;
}

void cli_table_free(struct cli_table *table)
{
	if (!table)
		return;
	arena_free(table->arena);
	free(table->cells);
	free(table);
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

static const char *visible(struct arena *arena, const char *text)
{
	char *copy = arena_alloc(arena, 4 * strlen(text) + 1), *out = copy;
	for (const unsigned char *p = (const unsigned char *) text; *p; p++)
		out += is_control(*p) ? sprintf(out, "\\x%02x", *p) : (*out = (char) *p, 1);
	*out = '\0';
	return copy;
}

void cli_print_text(FILE *f, const char *text)
{
	for (const unsigned char *p = (const unsigned char *) text; *p; p++)
		if (is_control(*p))
			fprintf(f, "\\x%02x", *p);
		else
			fputc(*p, f);
}

/* Characters, not bytes: what goes on in UTF-8 is not counted. */
static size_t width(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

void cli_table_cell(struct cli_table *table, const char *format, ...)
{
	char text[MAX_CELL];
	size_t column = table->n_cells % table->n_columns;
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (table->n_cells == table->max_cells) {
		table->max_cells = table->max_cells ? 2 * table->max_cells : 256;
		table->cells = xheap_realloc(table->cells, table->max_cells * sizeof *table->cells);
	}
	const char *cell = visible(table->arena, text);
	table->cells[table->n_cells++] = cell;
	if (width(cell) > table->widths[column])
		table->widths[column] = width(cell);
}

static void print_row(const struct cli_table *table, const char *const *cells, FILE *f)
{
	size_t pending = 0;     /* spaces that only a later cell makes necessary */
	for (size_t c = 0; c < table->n_columns; c++) {
		if (!table->widths[c])
			continue;
		size_t full = table->widths[c] > width(table->titles[c]) ? table->widths[c] : width(table->titles[c]);
		size_t room = full - width(cells[c]);
		if (table->is_number[c])
			pending += room;
		if (*cells[c]) {
			fprintf(f, "%*s%s", (int) pending, "", cells[c]);
			pending = 0;
		}
		pending += GAP + (table->is_number[c] ? 0 : room);
	}
	fputc('\n', f);
}

void cli_table_print(const struct cli_table *table, FILE *f)
{
	if (table->n_cells < table->n_columns)
		return;
	print_row(table, table->titles, f);
	for (size_t i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns)
		print_row(table, table->cells + i, f);
}

bool cli_table_end(struct cli_table *table, FILE *f)
{
	bool has_rows = table->n_cells >= table->n_columns;
	cli_table_print(table, f);
	cli_table_free(table);
	return has_rows;
}

bool cli_append(char *buf, size_t size, const char *format, ...)
{
	size_t used = strlen(buf);
	va_list args;
	va_start(args, format);
	int n = vsnprintf(buf + used, size - used, format, args);
	va_end(args);
	return n >= 0 && (size_t) n < size - used;
}
