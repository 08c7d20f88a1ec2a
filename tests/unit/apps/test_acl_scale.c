/* SPDX-License-Identifier: Apache-2.0 */
/* Scale: 1,000 rules between three groups of 1,000 addresses. Rows grow with the
 * sum, an address is a row, an inserted rule a few. Times are printed, not judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/apps/world.h"

enum { GROUPS = 3, PORTS = 20 };

struct wish { unsigned rules, addresses; int extra_rule; bool extra_address; };

static char *make_file(struct wish wish)
{
	static const char names[GROUPS] = { 'a', 'b', 'c' };
	char *yaml;
	size_t len;
	FILE *out = open_memstream(&yaml, &len);
	fputs("version: 1\nswitches: {s: {dpid: 1}}\nnetworks: {lan: {ports: [\"s:p*\"], acl: l}}\ngroups:\n", out);
	for (unsigned g = 0; g < GROUPS; g++) {
		fprintf(out, "  %c: [%s", names[g], wish.extra_address && !g ? "10.99.0.1, " : "");
		for (unsigned i = 0; i < wish.addresses; i++)
			fprintf(out, "%s10.%u.%u.%u", i ? ", " : "", g, i / 200, 1 + i % 200);
		fputs("]\n", out);
	}
	fputs("acls:\n  l:\n", out);
	for (unsigned i = 0; i < wish.rules; i++) {
		if ((int) i == wish.extra_rule)
			fputs("    - {deny: udp, port: 53, from: a, to: b}\n", out);
		fprintf(out, "    - {%s: tcp, port: [%u, %u], from: %c, to: %c}\n", i % 4 ? "allow" : "deny", 1 + 7 * i,
			4 + 7 * i, names[i % 3], names[(i + 1 + i % 2) % 3]);
	}
	fputs("    - {deny: any}\n", out);
	fclose(out);
	return yaml;
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static size_t n_rows(const struct world *w)
{
	struct ledger_counts counts;
	ledger_count(w->rows[0], &counts);
	return counts.n_flows;
}

/* Ports and all: what one switch has. */
static struct world *build(struct wish wish, size_t *ret_rows, double *ret_seconds)
{
	char *yaml = make_file(wish), step[40];
	struct world *w = world_new(yaml);
	for (unsigned i = 1; i <= PORTS; i++) {
		struct fact fact = { .kind = FACT_PORT, .sw = 0, .ofport = i, .port_up = true };
		snprintf(fact.port_name, sizeof fact.port_name, "p%u", i);
		view_apply(w->view, &fact, NULL, NULL);
	}
	double start = seconds();
	world_reload(w, yaml);
	*ret_seconds = seconds() - start;
	world_deliver(w, 0);
	*ret_rows = n_rows(w);
	snprintf(step, sizeof step, "up s");
	world_do(w, step);
	free(yaml);
	return w;
}

static size_t edit(struct world *w, struct wish wish, double *ret_seconds)
{
	char *yaml = make_file(wish);
	double start = seconds();
	world_reload(w, yaml);
	*ret_seconds = seconds() - start;
	size_t n = ledger_n_dirty(w->rows[0]);
	world_deliver(w, 0);
	free(yaml);
	return n;
}

static void rows_grow_with_the_sum(void **state)
{
	static const struct wish wishes[] = {
		{ 250, 1000, -1, false }, { 500, 1000, -1, false }, { 1000, 1000, -1, false },
		{ 1000, 500, -1, false }, { 1000, 2000, -1, false },
	};
	size_t rows[5];
	(void) state;
	for (size_t i = 0; i < 5; i++) {
		double took;
		struct world *w = build(wishes[i], &rows[i], &took);
		print_message("%u rules, 3 groups of %u addresses: %zu rows on the switch, file to rows in %.0f ms\n",
			      wishes[i].rules, wishes[i].addresses, rows[i], took * 1000);
		world_free(w);
	}
	/* Twice the rules: their rows twice, the addresses once. */
	assert_int_equal(rows[2] - rows[1], 2 * (rows[1] - rows[0]));
	/* An address costs one row on each side. */
	assert_int_equal(rows[2] - rows[3], 2 * GROUPS * 500);
	assert_int_equal(rows[4] - rows[2], 2 * GROUPS * 1000);
	assert_true(rows[2] < 2 * GROUPS * 1000 + 1000 * 3 + 200);
}

static void edits_are_small(void **state)
{
	struct wish plain = { 1000, 1000, -1, false };
	size_t rows, total = 0, n = 0;
	double took, all = 0;
	(void) state;
	struct world *w = build(plain, &rows, &took);
	for (int at = 0; at < 1000; at += 100, n++) {
		struct wish more = plain;
		more.extra_rule = at;
		total += edit(w, more, &took);
		all += took;
		total += edit(w, plain, &took);
		all += took;
	}
	print_message("one rule more or less: %zu of %zu rows on average, file to rows in %.0f ms\n", total / (2 * n), rows,
		      all * 1000 / (double) (2 * n));
	assert_true(total / (2 * n) < 500);
	struct wish address = plain;
	address.extra_address = true;
	size_t sent = edit(w, address, &took);
	print_message("one address more: %zu rows, file to rows in %.0f ms\n", sent, took * 1000);
	assert_true(sent <= 2);
	world_check(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_grow_with_the_sum),
		cmocka_unit_test(edits_are_small),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
