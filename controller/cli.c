/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, the options that all of them take, and what the small
 * ones among them share. */
#include "controller/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "controller/cmd.h"
#include "topo/arena.h"
#include "topo/diag.h"

static int run_lab(const struct cli *, int, char **);
static int run_pki(const struct cli *, int, char **);
static int run_help(const struct cli *, int, char **);

static const struct command {
	const char *name, *arguments, *help;
	const char *more;               /* for the manual: whole sentences */
	int (*run)(const struct cli *, int argc, char **argv);
	bool parses_itself;             /* --json behind it is its own */
	bool is_hidden;                 /* from help, not from the manual */
} commands[] = {
	{ "check", "FILE", "check a topology file, without weftd",
	  "Prints every finding as `file:line:col: error: text  [code]` on stderr. Exit code 1 when there is an\n"
	  "error, 0 with warnings only. `-` is stdin.", cli_check, false, false },
	{ "plan", "[FILE] [--rows]", "say what would change if a file were applied",
	  "weftd puts the file in force in a copy of itself, and tells what that did: per switch how many rows would be\n"
	  "added, modified and deleted, by app and object of the file, what the file says differently, and which learned hosts\n"
	  "would lose their port or network. Nothing is sent to a switch. Without FILE it is weftd's file on the disk; `-` is\n"
	  "stdin. `--rows` lists the rows as `ovs-ofctl` writes them: `+` added, `!` modified, `-` deleted. Exit code 0 when\n"
	  "nothing would change, 2 when something would, 1 when the file has errors.", cli_plan, false, false },
	{ "apply", "[FILE] [--confirm TIME] [-m TEXT]", "replace weftd's file by this one and put it in force",
	  "weftd checks the text first; with an error nothing changes, neither the network nor the file. The file\n"
	  "is replaced atomically. Without FILE it is `weft reload`. `-` is stdin. TEXT is kept with the revision.\n"
	  "With `--confirm 60s` (or `5min`, `1h`) weftd goes back to the revision before by itself, unless `weft confirm` comes\n"
	  "in time: also when you are cut off, and when weftd was restarted meanwhile.", cli_apply, false, false },
	{ "confirm", "", "keep what was applied with --confirm",
	  "Exit code 1 when nothing waits for a confirmation.", cli_confirm, false, false },
	{ "history", "", "list the files that came into force",
	  "Each is a revision: its number, when it came into force, by what (`start`, `apply`, `reload`, `edit`, `rollback`,\n"
	  "`unconfirmed`), who asked, and the message. The last 100 are kept, with their texts.", cli_history, false, false },
	{ "diff", "A [B]", "compare two texts, as `diff -u` does",
	  "A and B are numbers of revisions, `disk` for weftd's file as it is on the disk, or names of files; without B it is the\n"
	  "revision in force. Exit code 0 when they are the same, 2 when they differ.", cli_diff, false, false },
	{ "rollback", "[NUMBER] [--confirm TIME] [-m TEXT]", "put an earlier revision in force again",
	  "Without NUMBER it is the one before the text in force, so each rollback leads one further back; while a revision\n"
	  "waits for a confirmation, the one that would come back. Its text is checked and replaces the file, as `weft apply`\n"
	  "does it, and is a new revision.", cli_rollback, false, false },
	{ "reload", "", "have weftd read its file again",
	  "weftd does so by itself when the file changes, and on SIGHUP.", cli_reload, false, false },
	{ "status", "", "how the whole is, and what is wrong",
	  "Exit code 0 when the verdict is ok, 3 when it is degraded.", cli_status, false, false },
	{ "show", "switches|ports|hosts|networks|links|te|acls|flows|events [KEY=VALUE]...", "show what weftd knows",
	  "The filters of each are the parameters of its path of the API: `weft show hosts network=office`,\n"
	  "`weft show flows switch=kvm1 app=l2`, `weft show ports state=conflict`. Flows are printed as\n"
	  "`ovs-ofctl` writes them, with the reason behind a `#`, so that `ovs-ofctl diff-flows` reads them.\n"
	  "`weft show te` is traffic engineering: what is busy and of whom, what runs, what was decided and why.\n"
	  "`weft show te --what-if \"kvm1-kvm2 down\"` (or `\"kvm2 down\"`, `\"kvm1->kvm3 x2\"`,\n"
	  "`\"kvm1->kvm3 300Mbit\"`, several with commas) says what would move and how busy links would be;\n"
	  "nothing is changed. Exit code 4 when it would not fit.", cli_show, false, false },
	{ "graph", "[--dot|--mermaid|--svg]", "draw switches, links and their loads",
	  "For the terminal, for Graphviz (`weft graph --dot | dot -Tpng`), for Mermaid, or as a picture.\n"
	  "With `--json` what they are drawn from.", cli_graph, false, false },
	{ "explain", "A B [PROTO[/PORT]] [--one-way] [--as MAC|IP] [--ovs] [--probe] [--size BYTES]", "can A reach B, and if not, who says so and what to change",
	  "A and B are names of ports, `switch:port`, MAC or IP addresses; `office/10.0.0.1` says in which network.\n"
	  "PROTO is icmp, icmp6, tcp/22, udp/53, sctp/PORT, gre, esp, igmp, ospf, vrrp, proto/NUMBER, arp, nd, ethernet or an\n"
	  "ethertype; without it icmp, or plain Ethernet when no IP address is known. Judged are a conversation that A begins and B\n"
	  "answers, and one that B begins: by the rows that the switches have, with what these rows have counted.\n"
	  "Of what nobody asks for only what A says is judged: arp/10.0.0.9 and nd/fd00::9 announce that address (gratuitous ARP,\n"
	  "neighbour advertisement), dad/IP asks whether it is free; dhcp and dhcp6: A is the client, B the server that answers;\n"
	  "dhcp/server, dhcp6/server: A is the server. ra, a router advertisement, is judged both ways.\n"
	  "`--as` asks what becomes of one frame that A sends with that address: a MAC, an IP address, or MAC,IP.\n"
	  "`--size` asks for an IP packet of so many bytes; what is more than hosts send in one piece (`mtu` of the network, else\n"
	  "1500) is judged as its fragments, but for TCP. `--ovs` prints the commands that ask Open vSwitch itself.\n"
	  "`--probe` has A's switch take five frames, as if A had sent them, and says which counters grew on the way:\n"
	  "real frames on the real way. What comes to B has a wrong checksum, so B drops it without a word (arp and\n"
	  "ethernet: a harmless question, and a type that nobody knows); rules count and log it like any other frame.\n"
	  "Exit code 0 when both ways are open, 4 when one is blocked, 1 when the question makes no sense. With `--one-way`\n"
	  "only what A begins counts, and is printed.",
	  cli_explain, false, false },
	{ "top", "[--once]", "the busiest links and ports",
	  "On a terminal again every five seconds, until `q` is pressed; with `--once`, or in a pipe, one table of each. IN is\n"
	  "what a port takes in from its host. Rates are those between the last two readings of the counters.", cli_top, false, false },
	{ "watch", "[KEY=VALUE]...", "print events as they happen",
	  "`after=0` begins with all that weftd remembers; `kind=`, `switch=`, `network=` and `severity=` choose.\n"
	  "With `--json` one object a line. Ends when weftd ends, with exit code 1.", cli_watch, false, false },
	{ "web", "[--listen ADDR:PORT] [--tls] [--pki DIR] [--token-file FILE] [--name NAME]...", "show all this in a browser, and metrics to Prometheus",
	  "Prints the address to open, with a token in it, and runs in the foreground until it is ended (SIGTERM, Ctrl-C).\n"
	  "The page, the read-only part of the API and `/metrics` are for who has the token: the browser keeps it in a\n"
	  "cookie, programs send it as `Authorization: Bearer TOKEN`. It listens on 127.0.0.1:8653 unless `--listen` says\n"
	  "otherwise; beyond this machine only with `--tls`, by cert.pem and key.pem in `--pki` (default /etc/weft/pki).\n"
	  "`--token-file` keeps the token over restarts: the file is made when it is not there. It may be asked by address, as\n"
	  "localhost, by the names in its certificate, and by `--name`.", cli_web, false, false },
	{ "name", "[--file FILE]", "name the rows of an ovs-ofctl dump (stdin to stdout)",
	  "Every row of weft's gets a comment with app, object and line of the file:\n"
	  "`ovs-ofctl -O OpenFlow13 dump-flows br-int | weft name`. The lines stay as they are in front of it.\n"
	  "With `--file` it asks the topology file and no weftd.", cli_name, false, false },
	{ "log", "[set MODULE LEVEL]", "show or set weftd's log levels",
	  "MODULE may be `all`. Levels: off, emer, err, warn, info, dbg.", cli_log, false, false },
	{ "pki", "init|issue|renew|list ...", "make and renew certificates; `weft pki --help`", NULL, run_pki, true, false },
	{ "switch", "join NAME|leave [OPTION]...", "make a bridge of this host a switch of weft's, or give it back",
	  "Runs on the host of the bridge, as root. `join` is one transaction of `ovs-vsctl`: fail_mode secure, OpenFlow13, the\n"
	  "datapath id, certificate, controllers, and with a vtep the tunnel port. What is there and right stays; the second time\n"
	  "nothing changes. What would be taken away from others is an error that names it, unless `--replace` is given.\n"
	  "`weft switch join kvm1 --file - --controller 192.0.2.10 <topology.yaml` needs no copy of the file on the host.\n"
	  "`leave` takes away the controllers, the ports that `join` made, and gives fail_mode, protocols and datapath id back as\n"
	  "they were; the certificate stays.", cli_switch, false, false },
	{ "doctor", "[NAME] [--bridge BRIDGE] [--file FILE] [--pki DIR] [--host|--weftd]", "find out what is wrong on a host, or with weftd",
	  "Each thing looked at is fine, wrong, a note, or skipped; behind an arrow stands what cures it. Exit code 3 when\n"
	  "something is wrong. `weft reference doctor` lists all checks.", cli_doctor, false, false },
	{ "lab", "up|down|status|ping|exec ...", "build the hosts of a file on this machine; `weft lab --help`", NULL,
	  run_lab, true, false },
	{ "reference", "[PAGE]", "print a page of the manual", "Without PAGE it lists them.", cli_reference, false, true },
	{ "help", "", "print this", NULL, run_help, false, false },
};
enum { N_COMMANDS = sizeof commands / sizeof *commands, LEFT_COLUMN = 30 };

static const char options_text[] =
	"  --run-dir DIR   where weftd's socket is (default: $WEFT_RUN_DIR, else /run/weft)\n"
	"  --json          JSON instead of words\n"
	"  --version       print the version\n";

static void print_usage(FILE *f)
{
	fprintf(f, "usage: weft [--run-dir DIR] [--json] COMMAND\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (commands[i].is_hidden)
			continue;
		int n = fprintf(f, "  %s %s", commands[i].name, commands[i].arguments) - 2;
		if (n > LEFT_COLUMN)
			fprintf(f, "\n  %-*s %s\n", LEFT_COLUMN, "", commands[i].help);
		else
			fprintf(f, "%*s %s\n", LEFT_COLUMN - n, "", commands[i].help);
	}
	fprintf(f, "\n%s\nexit codes: 0 fine, 1 error, 2 would change, 3 degraded, 4 blocked\n", options_text);
}

void cli_print_reference(FILE *f)
{
	fprintf(f, "# weft\n\n    weft [--run-dir DIR] [--json] COMMAND\n\n"
		"| option | meaning |\n|---|---|\n"
		"| `--run-dir DIR` | where weftd's socket is; default `$WEFT_RUN_DIR`, else `/run/weft` |\n"
		"| `--json` | JSON instead of words, as the API gives it |\n"
		"| `--version` | print the version |\n\n"
		"Exit codes: 0 fine, 1 error, 2 would change, 3 degraded, 4 blocked. There is no colour in a pipe, nor\n"
		"when `NO_COLOR` is set.\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		const struct command *command = &commands[i];
		fprintf(f, "## weft %s%s%s\n\n%c%s.\n\n", command->name, command->arguments[0] ? " " : "",
			command->arguments, command->help[0] - 'a' + 'A', command->help + 1);
		if (command->more)
			fprintf(f, "%s\n\n", command->more);
		/* Options that have a table. */
		if (command->run == cli_switch) {
			cli_switch_options(f);
			fputc('\n', f);
		}
	}
}

int cli_bad_usage(const char *name, const char *why)
{
	fprintf(stderr, "weft %s: %s\n", name, why);
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			fprintf(stderr, "usage: weft %s%s%s\n", name, commands[i].arguments[0] ? " " : "",
				commands[i].arguments);
	return CLI_ERROR;
}

static int run_help(const struct cli *cli, int argc, char **argv)
{
	(void) cli;
	(void) argc;
	(void) argv;
	print_usage(stdout);
	return CLI_OK;
}

/* Commands of their own: `weft --json pki list` is `pki list --json`. */
static int run_other(const struct cli *cli, int argc, char **argv, int (*run)(int, char **))
{
	static char json[] = "--json";
	char **words = xheap_alloc(sizeof *words * ((size_t) argc + 2));
	int n = 0;
	for (int i = 0; i < argc; i++) {
		words[n++] = argv[i];
		if (i == (argc > 1) && cli->json)
			words[n++] = json;
	}
	int status = run(n, words);
	free(words);
	return status;
}

static int run_lab(const struct cli *cli, int argc, char **argv)
{
	return run_other(cli, argc, argv, cmd_lab);
}

static int run_pki(const struct cli *cli, int argc, char **argv)
{
	return run_other(cli, argc, argv, cmd_pki);
}

/* --- options --------------------------------------------------------------------------- */

/* How many words the option at argv[i] takes: 0 = it is none of ours; -1 = it
 * lacks its value. */
static int take_option(struct cli *cli, int argc, char **argv, int i)
{
	static const char run_dir[] = "--run-dir";
	if (!strcmp(argv[i], "--json")) {
		cli->json = true;
		return 1;
	}
	if (!strncmp(argv[i], "--run-dir=", sizeof run_dir)) {
		cli->run_dir = argv[i] + sizeof run_dir;
		return 1;
	}
	if (strcmp(argv[i], run_dir))
		return 0;
	if (i + 1 == argc)
		return -1;
	cli->run_dir = argv[i + 1];
	return 2;
}

static int run_command(struct cli *cli, const struct command *command, int argc, char **argv)
{
	char **words = xheap_alloc(sizeof *words * ((size_t) argc + 1));
	int n = 0, status = CLI_OK;
	bool wants_help = false;
	for (int i = 0; i < argc;) {
		int taken = command->parses_itself ? 0 : take_option(cli, argc, argv, i);
		if (taken < 0) {
			free(words);
			return cli_bad_usage(command->name, "--run-dir wants a directory");
		}
		wants_help |= !command->parses_itself && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"));
		if (!taken)
			words[n++] = argv[i++];
		i += taken;
	}
	if (wants_help) {
		printf("usage: weft %s %s\n\n%s\n", command->name, command->arguments, command->help);
		if (command->more)
			printf("\n%s\n", command->more);
		if (command->run == cli_switch) {
			putchar('\n');
			cli_switch_help(stdout);
		}
	} else {
		status = command->run(cli, n, words);
	}
	free(words);
	return status;
}

static int no_such_command(const char *word)
{
	const char *names[N_COMMANDS];
	for (size_t i = 0; i < N_COMMANDS; i++)
		names[i] = commands[i].name;
	const char *near = cli_shows(word) ? "show" : diag_did_you_mean(word, names, N_COMMANDS);
	fprintf(stderr, "weft: there is no command \"%s\"%s%s%s%s%s `weft help` lists them\n", word,
		near ? "; did you mean " : "", near ? near : "", cli_shows(word) ? " " : "",
		cli_shows(word) ? word : "", near ? "?" : ";");
	return CLI_ERROR;
}

int cli_main(int argc, char **argv)
{
	const char *run_dir = getenv("WEFT_RUN_DIR"), *no_color = getenv("NO_COLOR");
	struct cli cli = {
		.run_dir = run_dir && *run_dir ? run_dir : "/run/weft",
		.color = isatty(STDOUT_FILENO) && !(no_color && *no_color),
	};
	int i = 1;
	signal(SIGPIPE, SIG_DFL);
	while (i < argc && argv[i][0] == '-') {
		int taken = take_option(&cli, argc, argv, i);
		if (!strcmp(argv[i], "--version")) {
			printf("weft %s\n", WEFT_VERSION);
			return CLI_OK;
		}
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return run_help(&cli, argc, argv);
		if (taken <= 0) {
			fprintf(stderr, "weft: %s %s\n", argv[i], taken ? "wants a directory" : "is no option");
			print_usage(stderr);
			return CLI_ERROR;
		}
		i += taken;
	}
	if (i >= argc) {
		print_usage(stderr);
		return CLI_ERROR;
	}
	for (size_t c = 0; c < N_COMMANDS; c++) {
		if (strcmp(commands[c].name, argv[i]))
			continue;
		int status = run_command(&cli, &commands[c], argc - i, argv + i);
		if (fflush(stdout) || ferror(stdout)) {
			fprintf(stderr, "weft: cannot write the output: %s\n", strerror(errno));
			return CLI_ERROR;
		}
		return status;
	}
	return no_such_command(argv[i]);
}

/* --- small things that are shared --------------------------------------------------------- */

void cli_print_color(const struct cli *cli, enum cli_color color, const char *text)
{
	if (cli->color)
		printf("\033[%dm%s\033[0m", color, text);
	else
		fputs(text, stdout);
}

const char *cli_ago(long long wall_ms, char buf[24])
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	long long s = (long long) now.tv_sec - wall_ms / 1000;
	if (s < 0)
		s = 0;
	if (s < 120)
		snprintf(buf, 24, "%lld s", s);
	else if (s < 2 * 3600)
		snprintf(buf, 24, "%lld min", s / 60);
	else if (s < 48 * 3600)
		snprintf(buf, 24, "%lld h", s / 3600);
	else
		snprintf(buf, 24, "%lld d", s / 86400);
	return buf;
}

const char *cli_mbps(double mbps, char *buf)
{
	if (mbps >= 1000)
		snprintf(buf, 24, "%.4g Gbit/s", mbps / 1000);
	else if (mbps >= 1)
		snprintf(buf, 24, "%.3g Mbit/s", mbps);
	else if (mbps >= 0.001)
		snprintf(buf, 24, "%.3g kbit/s", mbps * 1000);
	else
		snprintf(buf, 24, "0");
	return buf;
}

const char *cli_bytes(double bytes, char *buf)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	size_t i = 0;
	for (; bytes >= 1000 && i + 1 < sizeof units / sizeof *units; i++)
		bytes /= 1000;
	snprintf(buf, 24, "%.3g %s", bytes, units[i]);
	return buf;
}

char *cli_read_file(const char *path, size_t *ret_size)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	size_t size = 0, room = 1 << 16;
	if (!f) {
		fprintf(stderr, "weft: cannot read %s: %s\n", path, strerror(errno));
		return NULL;
	}
	char *text = xheap_alloc(room);
	for (size_t n; size <= CLI_MAX_FILE && (n = fread(text + size, 1, room - size - 1, f)) > 0;) {
		size += n;
		if (room - size < 4096)
			text = xheap_realloc(text, room *= 2);
	}
	bool is_bad = ferror(f) || size > CLI_MAX_FILE;
	if (size > CLI_MAX_FILE)
		fprintf(stderr, "weft: %s is larger than %d MiB\n", path, CLI_MAX_FILE >> 20);
	else if (is_bad)
		fprintf(stderr, "weft: cannot read %s: %s\n", path, strerror(errno));
	if (f != stdin)
		fclose(f);
	if (is_bad) {
		free(text);
		return NULL;
	}
	text[size] = '\0';
	*ret_size = size;
	return text;
}
