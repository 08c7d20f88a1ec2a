/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at the rows of a world: as text, as walk reads them, and whether patches left what compile makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/world_inside.h"
#include "topo/arena.h"

static void describe(const struct row *row, char *buf, size_t size)
{
	struct row_room room;
	struct rule rule;
	row_rule(row, &room, &rule);
	rule_format(&rule, buf, size);
}

/* Rows of one that are not in the other, or not the same. */
size_t world_differences(const struct ledger *one, const struct ledger *other, const char *what)
{
	struct ledger_iter iter;
	size_t n = 0;
	for (const struct row *row = ledger_first(one, &iter); row; row = ledger_after(one, &iter)) {
		char text[8192];
		struct row_room room;
		struct rule rule;
		if (!row->want)
			continue;
		row_rule(row, &room, &rule);
		const struct row *twin = ledger_find(other, &rule);
		if (twin && twin->want == row->want && twin->app == row->app && twin->plain == row->plain)
			continue;
		describe(row, text, sizeof text);
		print_message("%s: %s\n", what, text);
		n++;
	}
	return n;
}

void world_check(struct world *w)
{
	for (uint32_t sw = 0; sw < view_n_switches(w->view); sw++) {
		struct ledger *patched = w->rows[sw];
		if (!patched || w->cut[sw])
			continue;
		w->rows[sw] = ledger_new();
		world_compile(w, sw);
		size_t n = world_differences(w->rows[sw], patched, "compiled, not patched");
		n += world_differences(patched, w->rows[sw], "patched, not compiled");
		ledger_free(w->rows[sw]);
		w->rows[sw] = patched;
		if (n)
			fail_msg("%zu rows of %s differ", n, view_switch(w->view, sw)->name);
	}
}

void world_deliver(struct world *w, uint32_t sw)
{
	struct ledger *ledger = w->rows[sw];
	struct row *row;
	uint32_t xid = 1;
	for (enum phase phase = PHASE_METER_ADD; phase < N_PHASES; phase++)
		while ((row = ledger_next(ledger, phase)))
			ledger_sent(ledger, row, xid++);
	ledger_commit(ledger);
	assert_int_equal(ledger_n_dirty(ledger), 0);
}

struct line { unsigned table, priority; char *text; };

static int compare_lines(const void *a_, const void *b_)
{
	const struct line *a = a_, *b = b_;
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	return strcmp(a->text, b->text);
}

char *world_rows_text(struct world *w, uint32_t sw)
{
	struct ledger_iter iter;
	struct line *lines = NULL;
	size_t n = 0, len;
	char *all;
	for (const struct row *row = ledger_first(w->rows[sw], &iter); row; row = ledger_after(w->rows[sw], &iter)) {
		char text[8192];
		struct row_room room;
		struct rule rule;
		if (!row->want)
			continue;
		row_rule(row, &room, &rule);
		describe(row, text, sizeof text);
		lines = xheap_realloc(lines, (n + 1) * sizeof *lines);
		lines[n++] = (struct line) {
			.table = rule.kind == RULE_FLOW ? 1u + rule_table(&rule) : 0,
			.priority = rule.kind == RULE_FLOW ? rule_priority(&rule) : 0,
			.text = xheap_strdup(text),
		};
	}
	if (n)
		qsort(lines, n, sizeof *lines, compare_lines);
	FILE *out = open_memstream(&all, &len);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "%s\n", lines[i].text);
		free(lines[i].text);
	}
	fclose(out);
	free(lines);
	return all;
}

size_t world_count_rows(struct world *w, const char *sw, const char *word, ...)
{
	char *text = world_rows_text(w, world_switch(w, sw)), *rest = text, *line;
	size_t n = 0;
	while ((line = strsep(&rest, "\n"))) {
		va_list words;
		bool all = *line;
		va_start(words, word);
		for (const char *one = word; one; one = va_arg(words, const char *))
			all = all && strstr(line, one);
		va_end(words);
		n += all;
	}
	free(text);
	return n;
}

struct walk_switch *world_walk_switch(const struct world *w, uint32_t sw)
{
	struct walk_switch *all = walk_switch_new();
	struct ledger_iter iter;
	for (const struct row *row = ledger_first(w->rows[sw], &iter); row; row = ledger_after(w->rows[sw], &iter)) {
		struct row_room room;
		struct rule rule;
		if (!row->want)
			continue;
		row_rule(row, &room, &rule);
		walk_switch_load(all, &rule);
	}
	walk_switch_loaded(all);
	return all;
}

struct walk_switch *world_compiled(struct world *w, uint32_t sw)
{
	struct ledger *rows = w->rows[sw];
	w->rows[sw] = ledger_new();
	world_compile(w, sw);
	struct walk_switch *all = world_walk_switch(w, sw);
	ledger_free(w->rows[sw]);
	w->rows[sw] = rows;
	return all;
}
