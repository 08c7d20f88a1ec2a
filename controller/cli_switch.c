/* SPDX-License-Identifier: Apache-2.0 */
/* switch: `join` and `leave`, run on the host of the bridge. Arguments in, join.c plans,
 * Open vSwitch does it, words or JSON out. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/cli.h"
#include "controller/here.h"
#include "controller/join.h"

struct wish {
	struct join_wish join;
	const char *file, *pki;
	const char *controllers[8];
	size_t n_controllers;
	bool leave, dry_run, print, yes;
};

enum { JOINS = 1, LEAVES = 2 };
static const struct option_row {
	const char *name, *argument;
	unsigned of;
	const char *help;
} options[] = {
	{ "--bridge", "BRIDGE", JOINS | LEAVES, "the bridge; `br-int` when it is not given" },
	{ "--controller", "TARGET", JOINS, "where weftd is: an address, or `ssl:ADDRESS[:PORT]`, `tcp:ADDRESS[:PORT]`; once for each weftd. "
	  "A bridge that has controllers keeps them when it is not given" },
	{ "--file", "FILE", JOINS, "the topology file, `-` is stdin: it has the datapath id, the vtep, the name of the tunnel port and the ports "
	  "for BFD, and the switch must be in it" },
	{ "--dpid", "NUMBER", JOINS, "the datapath id as the file has it, without the file; when neither is given the bridge keeps its own" },
	{ "--vtep", "ADDRESS", JOINS, "the address where tunnels end, without the file; when neither is given no tunnel is made" },
	{ "--pki", "DIR", JOINS, "where `ca.pem`, `NAME-cert.pem` and `NAME-key.pem` are; without it what Open vSwitch has if it is of that name, else "
	  "`/etc/openvswitch`" },
	{ "--datapath", "netdev|system", JOINS, "in userspace or in the kernel; when it is not given as it is, a new bridge in the kernel" },
	{ "--replace", NULL, JOINS, "take the place of another controller, another certificate, another datapath or rows of others" },
	{ "--yes", NULL, LEAVES, "do not ask" },
	{ "--dry-run", NULL, JOINS | LEAVES, "only say what would change; exit code 2 when something would" },
	{ "--print", NULL, JOINS | LEAVES, "print the command of ovs-vsctl instead of running it" },
};
enum { N_OPTIONS = sizeof options / sizeof *options };

static const char *of_words(unsigned of)
{
	return of == JOINS ? "join" : of == LEAVES ? "leave" : "both";
}

void cli_switch_help(FILE *f)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		char left[64];
		snprintf(left, sizeof left, "%s %s", options[i].name, options[i].argument ? options[i].argument : "");
		fprintf(f, "  %-27s %-5s  %s\n", left, of_words(options[i].of), options[i].help);
	}
}

void cli_switch_options(FILE *f)
{
	fprintf(f, "| option | of | meaning |\n| --- | --- | --- |\n");
	for (size_t i = 0; i < N_OPTIONS; i++) {
		fprintf(f, "| `%s%s", options[i].name, options[i].argument ? " " : "");
		/* A bar would end the cell. */
		for (const char *c = options[i].argument ? options[i].argument : ""; *c; c++)
			fprintf(f, *c == '|' ? "\\%c" : "%c", *c);
		fprintf(f, "` | %s | %s |\n", of_words(options[i].of), options[i].help);
	}
}

/* --- arguments ----------------------------------------------------------------------------- */

static const char *take_value(struct arena *arena, struct wish *wish, const char *name, const char *value)
{
	unsigned char bytes[16];
	char *end;
	if (!strcmp(name, "--bridge")) {
		wish->join.bridge = value;
	} else if (!strcmp(name, "--file")) {
		wish->file = value;
	} else if (!strcmp(name, "--pki")) {
		wish->pki = value;
	} else if (!strcmp(name, "--vtep")) {
		if (inet_pton(AF_INET, value, bytes) != 1 && inet_pton(AF_INET6, value, bytes) != 1)
			return arena_printf(arena, "--vtep is an address, not \"%s\"", value);
		wish->join.vtep = value;
	} else if (!strcmp(name, "--datapath")) {
		if (strcmp(value, "netdev") && strcmp(value, "system"))
			return arena_printf(arena, "--datapath is netdev or system, not \"%s\"", value);
		wish->join.datapath = value;
	} else if (!strcmp(name, "--dpid")) {
		errno = 0;
		wish->join.dpid = strtoull(value, &end, 0);
		wish->join.has_dpid = true;
		if (errno || *end || end == value || *value == '-' || !wish->join.dpid)
			return arena_printf(arena, "--dpid is a number like 0x525400a10011, not \"%s\"", value);
	} else {
		const char *target = join_target(arena, value);
		if (!target)
			return arena_printf(arena, "\"%s\" is no controller: write ADDRESS, ssl:ADDRESS:6653 or tcp:ADDRESS:6653", value);
		if (wish->n_controllers == sizeof wish->controllers / sizeof *wish->controllers)
			return "too many controllers";
		wish->controllers[wish->n_controllers++] = target;
	}
	return NULL;
}

static void take_flag(struct wish *wish, const char *name)
{
	wish->join.replace |= !strcmp(name, "--replace");
	wish->yes |= !strcmp(name, "--yes");
	wish->dry_run |= !strcmp(name, "--dry-run");
	wish->print |= !strcmp(name, "--print");
}

/* Null, or what is wrong with the words. */
static const char *parse(struct arena *arena, int argc, char **argv, struct wish *wish)
{
	unsigned mine = wish->leave ? LEAVES : JOINS;
	for (int i = 2; i < argc; i++) {
		const char *value = strncmp(argv[i], "--", 2) ? NULL : strchr(argv[i], '=');
		size_t len = value ? (size_t) (value - argv[i]) : strlen(argv[i]), k = 0;
		if (argv[i][0] != '-') {
			if (wish->join.name)
				return arena_printf(arena, "\"%s\" is one word too many", argv[i]);
			wish->join.name = argv[i];
			continue;
		}
		while (k < N_OPTIONS && !(options[k].of & mine && strlen(options[k].name) == len && !strncmp(options[k].name, argv[i], len)))
			k++;
		if (k == N_OPTIONS)
			return arena_printf(arena, "%s is no option of %s", argv[i], argv[1]);
		if (!options[k].argument) {
			if (value)
				return arena_printf(arena, "%s takes no value", options[k].name);
			take_flag(wish, options[k].name);
			continue;
		}
		if (!value && i + 1 == argc)
			return arena_printf(arena, "%s wants a value", options[k].name);
		const char *wrong = take_value(arena, wish, options[k].name, value ? value + 1 : argv[++i]);
		if (wrong)
			return wrong;
	}
	if (wish->dry_run && wish->print)
		return "--dry-run or --print, not both";
	return wish->join.name || wish->leave ? NULL : "which switch? Give its NAME as in the file";
}

/* --- words --------------------------------------------------------------------------------- */

static const char *shell_word(struct arena *arena, const char *word)
{
	if (*word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=:,./@[]") == strlen(word) &&
	    !strpbrk(word, "[]"))
		return word;
	const char *text = "'";
	for (; *word; word++)
		text = *word == '\'' ? arena_printf(arena, "%s'\\''", text) : arena_printf(arena, "%s%c", text, *word);
	return arena_printf(arena, "%s'", text);
}

static void print_command(struct arena *arena, const struct args *commands)
{
	printf("ovs-vsctl");
	/* The first "--" has nothing in front of it. */
	for (size_t i = 1; i < commands->n; i++)
		printf("%s%s", strcmp(commands->v[i], "--") ? " " : " \\\n    ", shell_word(arena, commands->v[i]));
	putchar('\n');
}

static json_t *list(const struct args *lines)
{
	json_t *array = json_array();
	for (size_t i = 0; i < lines->n; i++)
		json_array_append_new(array, json_string(lines->v[i]));
	return array;
}

static void print_json(const struct wish *wish, const struct join_plan *plan, bool is_done)
{
	json_t *json = json_pack("{s:s?, s:s, s:b, s:b, s:o, s:o, s:o, s:o}", "switch", wish->join.name, "bridge", wish->join.bridge,
				 "changed", is_done && plan->commands.n, "would_change", !is_done && plan->commands.n > 0,
				 "changes", list(&plan->changes), "warnings", list(&plan->warnings), "errors",
				 list(&plan->errors), "command", list(&plan->commands));
	json_dumpf(json, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(json);
}

static void print_lines(FILE *f, const char *before, const struct args *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		fprintf(f, "%s%s\n", before, lines->v[i]);
}

static int failed(const char *why)
{
	fprintf(stderr, "weft switch: %s\n", why);
	return CLI_ERROR;
}

static bool is_agreed(const struct wish *wish)
{
	char answer[16];
	if (wish->yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		fprintf(stderr, "weft switch: nothing was changed; give --yes if that is meant\n");
		return false;
	}
	printf("go on? [y/N] ");
	fflush(stdout);
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* --- doing it ------------------------------------------------------------------------------ */

static int carry_out(const struct cli *cli, const struct wish *wish, struct lab_runner *runner, struct join_plan *plan)
{
	const char *said = "", *tense = wish->dry_run ? "would change" : "changed";
	if (plan->errors.n) {
		if (cli->json)
			print_json(wish, plan, false);
		print_lines(stderr, "weft switch: ", &plan->errors);
		fprintf(stderr, "nothing was changed\n");
		return CLI_ERROR;
	}
	if (!wish->print && !cli->json && !plan->commands.n)
		printf("%s: nothing to change\n", wish->join.bridge);
	if (!cli->json && plan->commands.n && !wish->print && wish->leave)
		print_lines(stdout, "  ", &plan->changes);
	if (!cli->json && plan->commands.n)
		print_lines(stderr, "warning: ", &plan->warnings);
	if (wish->print || wish->dry_run || !plan->commands.n) {
		if (cli->json)
			print_json(wish, plan, !plan->commands.n);
		else if (wish->print && plan->commands.n)
			print_command(runner->arena, &plan->commands);
		else if (plan->commands.n && !wish->leave)
			print_lines(stdout, arena_printf(runner->arena, "%s ", tense), &plan->changes);
		return wish->dry_run && plan->commands.n ? CLI_WOULD_CHANGE : CLI_OK;
	}
	if (wish->leave && !is_agreed(wish))
		return CLI_ERROR;
	const char *wrong = vsctl_run(runner, &plan->commands, &said);
	if (wrong)
		return failed(wrong);
	if (*said)
		add(&plan->warnings, "%s", said);
	if (cli->json)
		print_json(wish, plan, true);
	else if (!wish->leave)
		print_lines(stdout, arena_printf(runner->arena, "%s ", tense), &plan->changes);
	if (*said && !cli->json)
		fprintf(stderr, "warning: %s\n", said);
	return CLI_OK;
}

static int leave(const struct cli *cli, struct wish *wish, struct lab_runner *runner, const struct vsctl *ovs)
{
	struct join_plan plan;
	join_plan_init(&plan, runner->arena);
	join_leave(runner->arena, ovs, wish->join.bridge, &plan);
	const char *is = vsctl_key(vsctl_row(ovs, VSCTL_BRIDGE, "name", wish->join.bridge), "external_ids", "weft-switch");
	if (wish->join.name && *is && strcmp(is, wish->join.name))
		add(&plan.errors, "%s is the switch %s, not %s", wish->join.bridge, is, wish->join.name);
	int status = carry_out(cli, wish, runner, &plan);
	if (status == CLI_OK && plan.commands.n && !cli->json && !wish->print)
		printf("%s is no switch of weft's any more\n", wish->join.bridge);
	return status;
}

static bool uses_tls(const struct wish *wish, const struct vsctl *ovs)
{
	const json_t *bridge = vsctl_row(ovs, VSCTL_BRIDGE, "name", wish->join.bridge), *row;
	bool uses = false;
	for (size_t i = 0; i < wish->n_controllers; i++)
		uses |= !strncmp(wish->controllers[i], "ssl:", 4);
	for (size_t i = 0; !wish->n_controllers && (row = vsctl_controller(ovs, bridge, i)); i++)
		uses |= !strncmp(vsctl_text(row, "target"), "ssl:", 4);
	return uses;
}

/* What is better known now than found out later. */
static void look_around(const struct wish *wish, struct join_plan *plan)
{
	char device[IF_NAMESIZE], address[64], port[8];
	bool is_tls;
	if (wish->join.vtep && !here_has(wish->join.vtep, device))
		add(&plan->warnings, "no device here has the vtep %s: tunnels end nowhere until one has", wish->join.vtep);
	for (size_t i = 0; i < wish->n_controllers; i++)
		if (join_target_parts(wish->controllers[i], address, port, &is_tls) && here_way_to(address, device) &&
		    !strcmp(device, wish->join.bridge))
			add(&plan->warnings, "the way to %s leads through %s itself: it is open only while rows let it, and only weftd "
			    "sends rows; give the host an address on another bridge or device", address, device);
}

static void count_rows(struct wish *wish, struct lab_runner *runner, const struct vsctl *ovs)
{
	const json_t *bridge = vsctl_row(ovs, VSCTL_BRIDGE, "name", wish->join.bridge);
	const char *why, *flows;
	/* A bridge without controller is about to lose them. */
	if (!bridge || vsctl_item(bridge, "controller", 0))
		return;
	flows = vsctl_flows(runner, wish->join.bridge, &why);
	wish->join.n_rows = flows ? join_count_rows(flows) : 0;
}

static int join(const struct cli *cli, struct wish *wish, struct lab_runner *runner, const struct vsctl *ovs)
{
	struct join_plan plan;
	struct pki_error error;
	join_plan_init(&plan, runner->arena);
	if (!pki_name_ok(wish->join.name, &error))
		return failed(error.text);
	wish->join.targets = wish->controllers;
	wish->join.n_targets = wish->n_controllers;
	join_from_file(&wish->join, &plan);
	if (uses_tls(wish, ovs)) {
		const char *wrong = join_certificate(runner->arena, ovs, wish->join.name, wish->pki, wish->join.files);
		if (wrong)
			add(&plan.errors, "%s", wrong);
	}
	count_rows(wish, runner, ovs);
	join_plan(runner->arena, ovs, &wish->join, &plan);
	look_around(wish, &plan);
	int status = carry_out(cli, wish, runner, &plan);
	if (status == CLI_OK && plan.commands.n && !cli->json && !wish->print)
		printf("%s is the switch %s; see that it is in: weft doctor %s%s%s\n", wish->join.bridge, wish->join.name, wish->join.name,
		       strcmp(wish->join.bridge, JOIN_BRIDGE) ? " --bridge " : "",
		       strcmp(wish->join.bridge, JOIN_BRIDGE) ? wish->join.bridge : "");
	return status;
}

int cli_switch(const struct cli *cli, int argc, char **argv)
{
	if (argc < 2 || (strcmp(argv[1], "join") && strcmp(argv[1], "leave")))
		return cli_bad_usage(argv[0], "join or leave?");
	struct arena *arena = arena_new();
	struct wish wish = { .join.bridge = JOIN_BRIDGE, .leave = !strcmp(argv[1], "leave") };
	struct lab_runner runner;
	struct vsctl ovs = { 0 };
	struct net *net = NULL;
	int status;
	lab_runner_init(&runner, arena, false);
	const char *wrong = parse(arena, argc, argv, &wish);
	if (wrong) {
		status = cli_bad_usage(argv[0], wrong);
	} else if (wish.file && !(net = cli_load_net(wish.file))) {
		status = CLI_ERROR;
	} else if ((wrong = vsctl_read(&runner, &ovs))) {
		status = failed(wrong);
	} else {
		wish.join.net = net;
		status = wish.leave ? leave(cli, &wish, &runner, &ovs) : join(cli, &wish, &runner, &ovs);
	}
	vsctl_uninit(&ovs);
	net_free(net);
	lab_runner_uninit(&runner);
	arena_free(arena);
	return status;
}
