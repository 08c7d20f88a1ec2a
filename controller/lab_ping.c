/* SPDX-License-Identifier: Apache-2.0 */
/* `weft lab ping`: who of a network reaches whom. A pair counts when the two
 * are on one switch, or when the network joins their hosts. */
#include "controller/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pair {
	const char *network, *from, *to, *ip;
	bool reached;
	double rtt_ms;                  /* of the answer that came; negative = unknown */
};

struct pings {
	struct lab_runner *runner;
	const struct lab_ping_options *options;
	const json_t *root;
	struct pair *pairs;
	struct lab_command *commands;
	size_t n, room;
};

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* How a VM stands in a network, or null. */
static const json_t *stand_of(const json_t *root, const char *vm, const char *network)
{
	json_t *stand, *stands = json_object_get(json_object_get(json_object_get(root, "vms"), vm),
						 "networks");
	size_t i;

	json_array_foreach(stands, i, stand) {
		if (!strcmp(text_of(stand, "network"), network))
			return stand;
	}
	return NULL;
}

static bool is_joined(const json_t *network, const char *host)
{
	json_t *item;
	size_t i;

	if (!host)
		return true;            /* a machine on the LAN */
	json_array_foreach(json_object_get(network, "joined"), i, item) {
		if (!strcmp(json_string_value(item), host))
			return true;
	}
	return false;
}

static bool should_reach(const json_t *root, const json_t *network, const char *a, const char *b)
{
	json_t *vms = json_object_get(root, "vms");
	const char *host_a = text_of(json_object_get(vms, a), "host");
	const char *host_b = text_of(json_object_get(vms, b), "host");

	if (host_a && host_b && !strcmp(host_a, host_b))
		return true;
	return is_joined(network, host_a) && is_joined(network, host_b);
}

static void add_pair(struct pings *pings, const json_t *network, const char *from, const char *to)
{
	struct arena *arena = pings->runner->arena;
	const char *family = pings->options->v6 ? "-6" : "-4";
	const char *name = text_of(network, "name");
	const json_t *a = stand_of(pings->root, from, name), *b = stand_of(pings->root, to, name);
	const char *ip = text_of(b, pings->options->v6 ? "ip6" : "ip");
	const char *own = text_of(a, pings->options->v6 ? "ip6" : "ip");
	const char *dev = text_of(a, "dev");

	if (!ip || !own || !dev || !should_reach(pings->root, network, from, to))
		return;
	if (pings->n == pings->room) {
		pings->room = pings->room ? 2 * pings->room : 64;
		pings->pairs = xheap_realloc(pings->pairs, pings->room * sizeof *pings->pairs);
		pings->commands = xheap_realloc(pings->commands, pings->room * sizeof *pings->commands);
	}
	pings->pairs[pings->n] = (struct pair){name, from, to, ip, false, -1};
	pings->commands[pings->n++] = (struct lab_command){
		.argv = lab_argv(arena, "ip", "netns", "exec",
				 text_of(json_object_get(json_object_get(pings->root, "vms"), from), "ns"),
				 "ping", family, "-n", "-i", "0.2", "-c", "1", "-w",
				 arena_printf(arena, "%u", pings->options->seconds), "-I", dev, ip, NULL),
		.may_fail = true,
	};
}

static void add_network(struct pings *pings, const json_t *network)
{
	json_t *vms = json_object_get(network, "vms"), *a, *b;
	size_t i, j;

	json_array_foreach(vms, i, a) {
		json_array_foreach(vms, j, b) {
			if (i != j)
				add_pair(pings, network, json_string_value(a), json_string_value(b));
		}
	}
}

static void judge(struct pings *pings)
{
	for (size_t i = 0; i < pings->n; i++) {
		const char *time = strstr(pings->commands[i].out, "time=");

		pings->pairs[i].reached = pings->commands[i].status == 0;
		if (time)
			pings->pairs[i].rtt_ms = strtod(time + 5, NULL);
	}
}

static void print_json(const struct pings *pings, size_t reached)
{
	json_t *list = json_array(), *root;

	for (size_t i = 0; i < pings->n; i++) {
		const struct pair *pair = &pings->pairs[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "network",
						      pair->network, "from", pair->from, "to", pair->to,
						      "ip", pair->ip, "reached", pair->reached, "rtt_ms",
						      pair->rtt_ms < 0 ? json_null() : json_real(pair->rtt_ms)));
	}
	root = json_pack("{s:b, s:I, s:I, s:o}", "ok", reached == pings->n, "n_pairs",
			 (json_int_t) pings->n, "n_reached", (json_int_t) reached, "pairs", list);
	json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(root);
}

/* Pairs come sorted by network and by who pings. */
static void print_text(const struct pings *pings, size_t reached)
{
	for (size_t i = 0; i < pings->n;) {
		const struct pair *first = &pings->pairs[i];
		size_t end = i, n_lost = 0;

		if (!i || strcmp(first->network, pings->pairs[i - 1].network))
			printf("%s:\n", first->network);
		printf("  %-16s reaches", first->from);
		for (; end < pings->n && pings->pairs[end].from == first->from &&
		       pings->pairs[end].network == first->network; end++) {
			if (pings->pairs[end].reached)
				printf(" %s", pings->pairs[end].to);
			else
				n_lost++;
		}
		if (n_lost)
			printf(n_lost == end - i ? " NOBODY, not" : ", NOT");
		for (size_t j = i; n_lost && j < end; j++) {
			if (!pings->pairs[j].reached)
				printf(" %s", pings->pairs[j].to);
		}
		putchar('\n');
		i = end;
	}
	printf("%zu of %zu pairs reach each other\n", reached, pings->n);
}

int lab_ping(const char *dir, const struct lab_ping_options *options)
{
	struct arena *arena = arena_new();
	struct lab_runner runner;
	struct pings pings = {.runner = &runner, .options = options};
	const char *error, *name;
	json_t *root = lab_json_read(dir, &error), *network;
	size_t reached = 0;
	int rc = 1;

	lab_runner_init(&runner, arena, root != NULL);
	runner.parallel = 64;           /* they mostly wait */
	pings.root = root;
	if (!root) {
		fprintf(stderr, "weft lab: %s\n", error);
		goto out;
	}
	json_object_foreach(json_object_get(root, "networks"), name, network)
		add_network(&pings, network);
	if (!lab_run_all(&runner, pings.commands, pings.n)) {
		fprintf(stderr, "weft lab: %s\n", runner.error);
		goto out;
	}
	judge(&pings);
	for (size_t i = 0; i < pings.n; i++)
		reached += pings.pairs[i].reached;
	if (options->json)
		print_json(&pings, reached);
	else
		print_text(&pings, reached);
	rc = reached == pings.n ? 0 : 1;
out:
	free(pings.pairs);
	free(pings.commands);
	json_decref(root);
	lab_runner_uninit(&runner);
	arena_free(arena);
	return rc;
}
