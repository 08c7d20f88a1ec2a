/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: arguments, and the verdicts in words or JSON. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/cli.h"
#include "controller/cli_table.h"
#include "controller/doctor.h"

static const char *const words[] = { [DOCTOR_FINE] = "fine", [DOCTOR_NOTE] = "note", [DOCTOR_WRONG] = "wrong",
				     [DOCTOR_SKIPPED] = "skipped" };
static const enum cli_color colors[] = { [DOCTOR_FINE] = CLI_GREEN, [DOCTOR_NOTE] = CLI_YELLOW, [DOCTOR_WRONG] = CLI_RED,
					 [DOCTOR_SKIPPED] = CLI_BOLD };

/* Null, or what is wrong with the words. */
static const char *parse(struct arena *arena, int argc, char **argv, struct doctor *d)
{
	static const char *const names[] = { "--bridge", "--file", "--pki" };
	const char **values[] = { &d->bridge_name, &d->file, &d->pki };
	for (int i = 1; i < argc; i++) {
		bool is_taken = false;
		for (size_t k = 0; k < sizeof names / sizeof *names && !is_taken; k++) {
			size_t len = strlen(names[k]);
			if (strncmp(argv[i], names[k], len) || (argv[i][len] && argv[i][len] != '='))
				continue;
			is_taken = true;
			if (!argv[i][len] && i + 1 == argc)
				return arena_printf(arena, "%s wants a value", names[k]);
			*values[k] = argv[i][len] ? argv[i] + len + 1 : argv[++i];
		}
		if (is_taken)
			continue;
		if (!strcmp(argv[i], "--host"))
			d->sides |= DOCTOR_HOST;
		else if (!strcmp(argv[i], "--weftd"))
			d->sides |= DOCTOR_WEFTD;
		else if (argv[i][0] == '-' || d->name)
			return arena_printf(arena, "\"%s\" is not wanted", argv[i]);
		else
			d->name = argv[i];
	}
	return NULL;
}

/* A host has the socket of Open vSwitch's database, weftd its own, or its file. */
static void choose_sides(struct doctor *d)
{
	const char *run_dir = getenv("OVS_RUNDIR");
	char path[4096];
	if (d->sides)
		return;
	snprintf(path, sizeof path, "%s/db.sock", run_dir && *run_dir ? run_dir : "/run/openvswitch");
	if (!access(path, F_OK))
		d->sides |= DOCTOR_HOST;
	snprintf(path, sizeof path, "%s/weftd.sock", d->run_dir);
	if (!access(path, F_OK) || !access("/etc/weft/topology.yaml", F_OK))
		d->sides |= DOCTOR_WEFTD;
	/* With a name a host is meant. */
	if (d->name || !d->sides)
		d->sides |= DOCTOR_HOST;
}

static json_t *result_json(const struct doctor_check *check, const struct doctor_result *r)
{
	return json_pack("{s:s, s:s, s:s, s:s?}", "name", check->name, "state", words[r->state], "text", r->text, "cure", r->cure);
}

static void print_result(const struct cli *cli, const struct doctor_check *check, const struct doctor_result *r)
{
	cli_print_color(cli, colors[r->state], words[r->state]);
	printf("%*s%-20s ", 9 - (int) strlen(words[r->state]), "", check->name);
	cli_print_text(stdout, r->text);
	putchar('\n');
	if (r->cure && r->state != DOCTOR_FINE) {
		printf("%*s-> ", 29, "");
		cli_print_text(stdout, r->cure);
		putchar('\n');
	}
}

static int examine(const struct cli *cli, struct doctor *d)
{
	size_t n, counts[4] = { 0 };
	const struct doctor_check *checks = doctor_checks(&n);
	json_t *list = json_array();
	doctor_init(d);
	for (size_t i = 0; i < n; i++) {
		struct doctor_result r;
		if (!(checks[i].side & d->sides))
			continue;
		doctor_check(d, &checks[i], &r);
		counts[r.state]++;
		if (cli->json)
			json_array_append_new(list, result_json(&checks[i], &r));
		else
			print_result(cli, &checks[i], &r);
	}
	doctor_uninit(d);
	if (cli->json) {
		json_t *json = json_pack("{s:s, s:O}", "verdict", counts[DOCTOR_WRONG] ? "degraded" : "ok", "checks", list);
		json_dumpf(json, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(json);
	} else {
		printf("%zu fine, %zu wrong, %zu note%s, %zu skipped\n", counts[DOCTOR_FINE], counts[DOCTOR_WRONG], counts[DOCTOR_NOTE],
		       counts[DOCTOR_NOTE] == 1 ? "" : "s", counts[DOCTOR_SKIPPED]);
	}
	json_decref(list);
	return counts[DOCTOR_WRONG] ? CLI_DEGRADED : CLI_OK;
}

int cli_doctor(const struct cli *cli, int argc, char **argv)
{
	struct arena *arena = arena_new();
	struct lab_runner runner;
	struct doctor d = { .runner = &runner, .run_dir = cli->run_dir, .bridge_name = JOIN_BRIDGE, .proc = "/proc" };
	struct net *net = NULL;
	int status;
	lab_runner_init(&runner, arena, false);
	const char *wrong = parse(arena, argc, argv, &d);
	choose_sides(&d);
	if (wrong)
		status = cli_bad_usage(argv[0], wrong);
	else if (d.sides & DOCTOR_HOST && d.file && !(net = cli_load_net(d.file)))
		status = CLI_ERROR;
	else
		d.net = net, status = examine(cli, &d);
	net_free(net);
	lab_runner_uninit(&runner);
	arena_free(arena);
	return status;
}
