/* SPDX-License-Identifier: Apache-2.0 */
/* show te: what is busy and of whom, what runs, and what was decided and why; and
 * the answers to what-if. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "controller/cli.h"
#include "controller/cli_list.h"
#include "controller/client.h"
#include "topo/arena.h"

enum { MANY_PERCENT = 10000 };          /* links that are all but idle: a number says no more */

static double real(const json_t *json, const char *key) { return json_number_value(json_object_get(json, key)); }

static void print_percent(const char *title, const json_t *json, const char *key, const char *more)
{
	const json_t *value = json_object_get(json, key);
	if (json_is_number(value))
		printf("%s%.0f %%%s", title, json_number_value(value), more);
}

/* "a-c-b 50 %, a-d-b 50 %" */
static void paths_text(const json_t *paths, char *buf, size_t size)
{
	size_t i;
	const json_t *path;
	snprintf(buf, size, "%s", json_array_size(paths) ? "" : "none");
	json_array_foreach(paths, i, path) {
		bool is_all = json_array_size(paths) == 1;
		if (!cli_append(buf, size, is_all ? "%s%s" : "%s%s %.0f %%", i ? ", " : "", client_text(path, "path"),
				real(path, "share_percent")))
			return;
	}
}

static void parts_text(const json_t *arc, char *buf, size_t size)
{
	size_t i;
	const json_t *part;
	char rate[24];
	buf[0] = '\0';
	json_array_foreach(json_object_get(arc, "pairs"), i, part) {
		if (!cli_append(buf, size, "%s%s->%s %s", i ? ", " : "", client_text(part, "from"),
				client_text(part, "to"), cli_mbps(real(part, "mbps"), rate)))
			return;
	}
}

static void print_busiest(const json_t *busiest)
{
	struct cli_table *table = cli_table_new("LINK FROM TO USED> LOAD> CAPACITY> OTHERS> OF");
	size_t i;
	const json_t *arc;
	json_array_foreach(busiest, i, arc) {
		char of[400];
		cli_cell(table, arc, "link", FORM_TEXT);
		cli_cell(table, arc, "from", FORM_TEXT);
		cli_cell(table, arc, "to", FORM_TEXT);
		cli_cell(table, arc, "utilisation_percent", FORM_PERCENT);
		cli_cell(table, arc, "load_mbps", FORM_MBPS);
		cli_cell(table, arc, "capacity_mbps", FORM_MBPS);
		cli_cell(table, arc, "background_mbps", FORM_MBPS);
		parts_text(arc, of, sizeof of);
		cli_table_cell(table, "%s", of);
	}
	cli_table_end(table, stdout);
}

static void print_pairs(const json_t *pairs)
{
	struct cli_table *table = cli_table_new("FROM TO DEMAND> NOW> SLOTS> PATHS");
	size_t i;
	const json_t *pair;
	json_array_foreach(pairs, i, pair) {
		char paths[1024];
		cli_cell(table, pair, "from", FORM_TEXT);
		cli_cell(table, pair, "to", FORM_TEXT);
		cli_cell(table, pair, "demand_mbps", FORM_MBPS);
		cli_cell(table, pair, "recent_mbps", FORM_MBPS);
		cli_cell(table, pair, "slots", FORM_PLAIN);
		paths_text(json_object_get(pair, "paths"), paths, sizeof paths);
		const char *why = client_text(pair, "unsteered_why");
		cli_table_cell(table, "%s%s%s", paths, !strcmp(why, "no-network") ? " (no network on both)"
			       : *why ? " (no alternative)" : "",
			       json_is_true(json_object_get(pair, "rules_broken")) ? " (rules cannot be kept)" : "");
	}
	cli_table_end(table, stdout);
}

static void print_elephants(const json_t *elephants)
{
	struct cli_table *table = cli_table_new("ELEPHANT FROM TO RATE> OF-PAIR> PATH");
	size_t i;
	const json_t *elephant;
	json_array_foreach(elephants, i, elephant) {
		cli_table_cell(table, "slot %lld", client_number(elephant, "slot"));
		cli_cell(table, elephant, "from", FORM_TEXT);
		cli_cell(table, elephant, "to", FORM_TEXT);
		cli_cell(table, elephant, "mbps", FORM_MBPS);
		cli_cell(table, elephant, "part_percent", FORM_PERCENT);
		cli_cell(table, elephant, "path", FORM_TEXT);
	}
	if (cli_table_end(table, stdout))
		printf("\n");
}

static void print_own_ways(const json_t *ways)
{
	struct cli_table *table = cli_table_new("NETWORK FROM TO NOW> OWN-WAY");
	size_t i;
	const json_t *way;
	json_array_foreach(ways, i, way) {
		const char *path = client_text(way, "path");
		cli_cell(table, way, "network", FORM_TEXT);
		cli_cell(table, way, "from", FORM_TEXT);
		cli_cell(table, way, "to", FORM_TEXT);
		cli_cell(table, way, "recent_mbps", FORM_MBPS);
		cli_table_cell(table, "%s", *path ? path : "none that is up suits: as the pair");
	}
	if (cli_table_end(table, stdout))
		printf("\n");
}

static void print_guarantees(const json_t *guarantees)
{
	struct cli_table *table = cli_table_new("GUARANTEE FROM TO PROMISED> SENDS> ROOM> - AFTER-CUT> OF");
	size_t i;
	const json_t *one;
	json_array_foreach(guarantees, i, one) {
		static const char *const rates[] = { "promised_mbps", "offered_mbps", "room_mbps" };
		const json_t *left = json_object_get(one, "after_cut_mbps");
		char buf[24];
		const char *network = client_text(one, "network");
		long long n = client_number(one, "short_cuts");
		cli_table_cell(table, "%s", *network ? network : "pair");
		cli_cell(table, one, "from", FORM_TEXT);
		cli_cell(table, one, "to", FORM_TEXT);
		for (size_t k = 0; k < 3; k++)
			cli_table_cell(table, "%s", json_is_number(json_object_get(one, rates[k])) ? cli_mbps(real(one, rates[k]), buf) : "?");
		cli_table_cell(table, "%s", json_is_true(json_object_get(one, "met")) ? "" : "short");
		cli_table_cell(table, "%s", json_is_number(left) ? cli_mbps(json_number_value(left), buf) : "?");
		if (n > 1)
			cli_table_cell(table, "%s, and less than all without %lld others", client_text(one, "cut"), n - 1);
		else
			cli_table_cell(table, "%s", n ? client_text(one, "cut") : "any one");
	}
	if (cli_table_end(table, stdout))
		printf("\n");
}

static void print_te(const json_t *te)
{
	const json_t *change = json_object_get(te, "last_change"), *labels = json_object_get(te, "labels");
	char ago[24];
	if (!strcmp(client_text(te, "state"), "off")) {
		printf("off: the file has no links to steer traffic over\n");
		return;
	}
	printf("%s, goal %s: nothing is touched while no link is above %.0f %%\n", client_text(te, "mode"), client_text(te, "goal"),
	       real(te, "above_percent"));
	print_percent("busiest link ", te, "utilisation_percent", "");
	print_percent(", planned for ", te, "planned_percent", "");
	print_percent(", no plan can be below ", te, "bound_percent", "");
	if (real(te, "headroom_percent") < 0)
		printf("; too much: all would have to shrink by %.0f %%", -real(te, "headroom_percent"));
	else if (real(te, "headroom_percent") >= MANY_PERCENT)
		printf("; all may grow a hundredfold");
	else
		print_percent("; all may grow by ", te, "headroom_percent", "");
	printf("\n");
	if (*client_text(te, "why"))
		printf("%s ago: %s\n", cli_ago(client_number(te, "looked_ms"), ago), client_text(te, "why"));
	if (json_is_object(change))
		printf("%s ago: %s (%s)\n", cli_ago(client_number(change, "time_ms"), ago), client_text(change, "text"),
		       client_text(change, "why"));
	if (*client_text(te, "advice"))
		printf("advice: %s\n", client_text(te, "advice"));
	printf("%lld pairs steered, %lld labels%s\n\n", client_number(labels, "pairs"), client_number(labels, "used"),
	       client_number(labels, "missing") ? ", and some could not be given: see weft status" : "");
	print_busiest(json_object_get(te, "busiest"));
	if (json_array_size(json_object_get(te, "busiest")))
		printf("\n");
	print_guarantees(json_object_get(te, "guarantees"));
	print_own_ways(json_object_get(te, "own_ways"));
	print_elephants(json_object_get(te, "elephants"));
	print_pairs(json_object_get(te, "pairs"));
}

static void print_arc(const char *title, const json_t *answer, const char *percent, const char *arc_key)
{
	const json_t *arc = json_object_get(answer, arc_key);
	printf("%s %.0f %%", title, real(answer, percent));
	if (json_is_object(arc))
		printf(" on %s from %s to %s", client_text(arc, "link"), client_text(arc, "from"), client_text(arc, "to"));
}

static int print_answer(const json_t *answer)
{
	struct cli_table *table = cli_table_new("FROM TO RATE> BEFORE AFTER");
	size_t i;
	const json_t *move;
	long long n = client_number(answer, "moved_pairs"), cut = client_number(answer, "cut_pairs");
	bool fits = json_is_true(json_object_get(answer, "fits"));
	print_arc("now: ", answer, "before_percent", "before_busiest");
	print_arc("\nthen:", answer, "after_percent", "after_busiest");
	printf("; no plan can be below %.0f %%\n", real(answer, "bound_percent"));
	if (cut)
		printf("%lld pair%s would be cut off\n", cut, cut == 1 ? "" : "s");
	if (!fits)
		printf("it does not fit: the busiest link would be more than full\n");
	printf("%lld pair%s would move%s\n", n, n == 1 ? "" : "s", n ? ":" : "");
	json_array_foreach(json_object_get(answer, "moves"), i, move) {
		char paths[1024];
		cli_cell(table, move, "from", FORM_TEXT);
		cli_cell(table, move, "to", FORM_TEXT);
		cli_cell(table, move, "mbps", FORM_MBPS);
		paths_text(json_object_get(move, "before"), paths, sizeof paths);
		cli_table_cell(table, "%s", paths);
		paths_text(json_object_get(move, "after"), paths, sizeof paths);
		cli_table_cell(table, "%s", paths);
	}
	cli_table_end(table, stdout);
	if (n > (long long) json_array_size(json_object_get(answer, "moves")))
		printf("and more\n");
	return fits && !cut ? CLI_OK : CLI_BLOCKED;
}

/* The question as a parameter, every byte but letters and digits as %XX. */
static char *question_target(const char *text)
{
	char *target = xheap_alloc(3 * strlen(text) + 32), *p = target;
	p += sprintf(p, "/v1/te?what_if=");
	for (; *text; text++) {
		unsigned char c = (unsigned char) *text;
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			*p++ = (char) c;
		else
			p += sprintf(p, "%%%02X", c);
	}
	return target;
}

int cli_te(const struct cli *cli, int argc, char **argv)
{
	static const char what_if[] = "--what-if";
	const char *question = NULL;
	char *words[32];
	int n = 0;
	for (int i = 1; i < argc && n < 32; i++) {
		if (!strcmp(argv[i], what_if) && i + 1 < argc)
			question = argv[++i];
		else if (!strncmp(argv[i], what_if, sizeof what_if - 1) && argv[i][sizeof what_if - 1] == '=')
			question = argv[i] + sizeof what_if;
		else if (!strcmp(argv[i], what_if))
			return cli_bad_usage("show", "--what-if wants a question: \"kvm1-kvm2 down\", \"kvm1->kvm3 x2\"");
		else
			words[n++] = argv[i];
	}
	if (question && n)
		return cli_bad_usage("show", "--what-if takes no filters");
	char *target = question ? question_target(question) : client_target("/v1/te", n, words);
	json_t *json = target ? client_get(cli->run_dir, target) : NULL;
	int status = CLI_OK;
	free(target);
	if (!json)
		return CLI_ERROR;
	if (cli->json) {
		json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(10));
		putchar('\n');
		status = question && (!json_is_true(json_object_get(json, "fits")) || client_number(json, "cut_pairs"))
			? CLI_BLOCKED : CLI_OK;
	} else if (question) {
		status = print_answer(json);
	} else {
		print_te(json);
	}
	json_decref(json);
	return status;
}
