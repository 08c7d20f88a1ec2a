/* SPDX-License-Identifier: Apache-2.0 */
/* `weft lab`: arguments. The work is in the other lab_*.c files. */
#include "controller/lab.h"
#include "controller/cmd.h"
#include "topo/scalar.h"

#include <ctype.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_NAME = 32,
	MAX_WEFTD_ARGS = 64,
	PING_SECONDS = 5,
};

struct arguments {
	const char *name;
	const char *dir;                /* null: by name */
	bool json, no_weftd, no_wait, tcp, v6;
	const char *weftd;              /* null: beside this program, else in PATH */
	const char *weftd_args[MAX_WEFTD_ARGS];
	size_t n_weftd_args;
	unsigned seconds, bfd_ms;
	char **words;                   /* after the command */
	int n_words;
	char path[PATH_MAX];            /* of the lab */
};

static const char usage[] =
	"usage: weft lab COMMAND [--name NAME | --dir DIR]\n"
	"  up FILE [--tcp] [--bfd INTERVAL] [--weftd PATH] [--weftd-arg ARG]... [--no-weftd] [--no-wait] [--json]\n"
	"                       build the hosts of FILE on this machine, with VMs, TLS and weftd;\n"
	"                       --no-wait: do not wait until every switch has connected;\n"
	"                       --bfd 100ms: BFD on cables too, not only on ports for it\n"
	"  status [--json]      what runs\n"
	"  ping [-6] [--seconds N] [--json]\n"
	"                       which VMs reach each other\n"
	"  exec WHAT -- COMMAND...\n"
	"                       run a command in a VM, on a host, or in ctl, lan, underlay\n"
	"  down                 end it all and remove every trace\n"
	"NAME is \"weft\" if not given and begins the names of all network namespaces; DIR is\n"
	LAB_DEFAULT_DIR "/NAME. All of it needs root.\n";

static int bad_usage(const char *why, const char *what)
{
	fprintf(stderr, "weft lab: %s%s%s\n%s", why, what ? " " : "", what ? what : "", usage);
	return 1;
}

/* Absolute, without looking at the file system: `up` gives it before it exists,
 * `down` perhaps after. */
static bool absolute(const char *path, char out[PATH_MAX])
{
	char here[PATH_MAX] = "";
	size_t len;

	while (!strncmp(path, "./", 2))
		path += 2;
	if (path[0] != '/' && !getcwd(here, sizeof here))
		return false;
	if (snprintf(out, PATH_MAX, "%s%s%s", here, here[0] ? "/" : "", path) >= PATH_MAX)
		return false;
	for (len = strlen(out); len > 1 && out[len - 1] == '/'; len--)
		out[len - 1] = 0;
	return true;
}

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	for (const char *p = name; *p; p++) {
		if (!isalnum((unsigned char) *p) && *p != '-')
			return false;
	}
	return len > 0 && len <= MAX_NAME && name[0] != '-';
}

/* --- the commands -------------------------------------------------------------------- */

static const char *find_weftd(const struct arguments *arguments, char buf[PATH_MAX])
{
	ssize_t n;
	char *slash;

	if (arguments->no_weftd)
		return NULL;
	if (arguments->weftd)
		return arguments->weftd;
	n = readlink("/proc/self/exe", buf, PATH_MAX - 8);
	if (n > 0) {
		buf[n] = 0;
		slash = strrchr(buf, '/');
		if (slash) {
			strcpy(slash + 1, "weftd");
			if (access(buf, X_OK) == 0)
				return buf;
		}
	}
	return "weftd";
}

static int run_up(struct arguments *arguments)
{
	char file[PATH_MAX], weftd[PATH_MAX];
	struct lab_naming naming = {
		.name = arguments->name, .dir = arguments->path, .file = file, .tls = !arguments->tcp,
		.bfd_ms = arguments->bfd_ms,
	};
	struct lab_options options = {
		.weftd = find_weftd(arguments, weftd),
		.weftd_args = arguments->weftd_args,
		.n_weftd_args = arguments->n_weftd_args,
		.no_wait = arguments->no_wait,
		.json = arguments->json,
	};
	struct lab_plan *plan;
	struct diag *diag;
	int rc = 1;

	if (!realpath(arguments->words[0], file)) {
		perror(arguments->words[0]);
		return 1;
	}
	diag = diag_new(arguments->words[0]);
	plan = lab_plan_load(&naming, diag);
	diag_print(diag, stderr);
	if (plan)
		rc = lab_up(plan, &options);
	lab_plan_free(plan);
	diag_free(diag);
	return rc;
}

static int run_down(struct arguments *arguments)
{
	return lab_down(arguments->path, false);
}

static int run_status(struct arguments *arguments)
{
	return lab_status(arguments->path, arguments->json);
}

static int run_ping(struct arguments *arguments)
{
	struct lab_ping_options options = {
		.v6 = arguments->v6, .json = arguments->json, .seconds = arguments->seconds,
	};

	return lab_ping(arguments->path, &options);
}

static int run_exec(struct arguments *arguments)
{
	char **command = arguments->words + 1;

	if (command[0] && !strcmp(command[0], "--"))
		command++;
	if (!command[0])
		return bad_usage("which command is to run in", arguments->words[0]);
	return lab_exec(arguments->path, arguments->words[0], command);
}

static const struct command {
	const char *name;
	int min_words, max_words;
	const char *wants;
	int (*run)(struct arguments *);
} commands[] = {
	{"up", 1, 1, "up wants one topology file", run_up},
	{"down", 0, 0, "down wants no more words", run_down},
	{"status", 0, 0, "status wants no more words", run_status},
	{"ping", 0, 0, "ping wants no more words", run_ping},
	{"exec", 2, INT_MAX, "exec wants a name and a command", run_exec},
};

/* --- arguments ------------------------------------------------------------------------ */

static const struct option longs[] = {
	{"name", required_argument, NULL, 'n'},    {"dir", required_argument, NULL, 'd'},
	{"json", no_argument, NULL, 'j'},          {"no-weftd", no_argument, NULL, 'N'},
	{"no-wait", no_argument, NULL, 'W'},
	{"tcp", no_argument, NULL, 't'},           {"weftd", required_argument, NULL, 'w'},
	{"weftd-arg", required_argument, NULL, 'a'}, {"seconds", required_argument, NULL, 's'},
	{"bfd", required_argument, NULL, 'b'},
	{"help", no_argument, NULL, 'h'},          {0},
};

enum { MIN_BFD_MS = 1, MAX_BFD_MS = 10000 };

/* "100ms" */
static bool read_interval(const char *text, unsigned *ret_ms)
{
	struct complaint ignored;
	uint64_t us;

	if (!scalar_delay((struct scalar){.text = text}, 1000 * MIN_BFD_MS, 1000 * MAX_BFD_MS, &us, &ignored))
		return false;
	*ret_ms = (unsigned) (us / 1000);
	return true;
}

/* -1 = go on, else the exit code. */
static int parse(int argc, char **argv, const char *shorts, struct arguments *arguments)
{
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		switch (c) {
		case 'n':
			arguments->name = optarg;
			break;
		case 'd':
			arguments->dir = optarg;
			break;
		case 'j':
			arguments->json = true;
			break;
		case 'N':
			arguments->no_weftd = true;
			break;
		case 'W':
			arguments->no_wait = true;
			break;
		case 't':
			arguments->tcp = true;
			break;
		case '6':
			arguments->v6 = true;
			break;
		case 'w':
			arguments->weftd = optarg;
			break;
		case 'a':
			if (arguments->n_weftd_args == MAX_WEFTD_ARGS)
				return bad_usage("too many --weftd-arg", NULL);
			arguments->weftd_args[arguments->n_weftd_args++] = optarg;
			break;
		case 's':
			arguments->seconds = (unsigned) atoi(optarg);
			if (arguments->seconds < 1 || arguments->seconds > 3600)
				return bad_usage("--seconds wants a number from 1 to 3600, not", optarg);
			break;
		case 'b':
			if (!read_interval(optarg, &arguments->bfd_ms))
				return bad_usage("--bfd wants an interval from 1ms to 10s, not", optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 1;
		}
	}
	arguments->words = argv + optind;
	arguments->n_words = argc - optind;
	if (!is_name(arguments->name))
		return bad_usage("--name wants at most 32 letters, digits and dashes, not", arguments->name);
	if (arguments->dir ? !absolute(arguments->dir, arguments->path)
			   : snprintf(arguments->path, PATH_MAX, LAB_DEFAULT_DIR "/%s", arguments->name) < 0)
		return bad_usage("the directory cannot be used:", arguments->dir);
	return -1;
}

int cmd_lab(int argc, char **argv)
{
	struct arguments arguments = {.name = "weft", .seconds = PING_SECONDS};
	const struct command *command = NULL;
	int done;

	if (argc < 2)
		return bad_usage("which command?", NULL);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(usage, stdout);
		return 0;
	}
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (!strcmp(argv[1], commands[i].name))
			command = &commands[i];
	}
	if (!command)
		return bad_usage("unknown command", argv[1]);
	/* What follows WHAT belongs to the command that exec runs. */
	done = parse(argc - 1, argv + 1, command->run == run_exec ? "+h" : "h6", &arguments);
	if (done >= 0)
		return done;
	if (arguments.n_words < command->min_words || arguments.n_words > command->max_words)
		return bad_usage(command->wants, NULL);
	if (geteuid() != 0) {
		fprintf(stderr, "weft lab: root is needed to make network namespaces and switches: try "
			"`sudo weft lab %s ...`\n", command->name);
		return 1;
	}
	return command->run(&arguments);
}
