/* SPDX-License-Identifier: Apache-2.0 */
/* cli: the command weft. Its subcommands are a table in cli.c; help and manual
 * are printed from it. */
#ifndef CONTROLLER_CLI_H
#define CONTROLLER_CLI_H

#include <stdbool.h>
#include <stdio.h>

/* Exit codes. */
enum { CLI_MAX_FILE = 16 << 20 };       /* as weftd takes it */

enum {
	CLI_OK = 0,
	CLI_ERROR = 1,
	CLI_WOULD_CHANGE = 2,
	CLI_DEGRADED = 3,
	CLI_BLOCKED = 4,
};

/* What stands in front of the command, or anywhere behind it. */
struct cli {
	const char *run_dir;
	bool json;
	bool color;                     /* a terminal, and NO_COLOR is not set */
};

int cli_main(int argc, char **argv);

/* The commands; argv[0] is the word itself, --json and --run-dir are taken out. */
int cli_apply(const struct cli *, int argc, char **argv);
int cli_check(const struct cli *, int argc, char **argv);
int cli_confirm(const struct cli *, int argc, char **argv);
int cli_diff(const struct cli *, int argc, char **argv);
int cli_doctor(const struct cli *, int argc, char **argv);
int cli_explain(const struct cli *, int argc, char **argv);
int cli_graph(const struct cli *, int argc, char **argv);
int cli_history(const struct cli *, int argc, char **argv);
int cli_log(const struct cli *, int argc, char **argv);
int cli_name(const struct cli *, int argc, char **argv);
int cli_plan(const struct cli *, int argc, char **argv);
int cli_reference(const struct cli *, int argc, char **argv);
int cli_reload(const struct cli *, int argc, char **argv);
int cli_rollback(const struct cli *, int argc, char **argv);
int cli_show(const struct cli *, int argc, char **argv);
int cli_status(const struct cli *, int argc, char **argv);
int cli_switch(const struct cli *, int argc, char **argv);
/* `show te`; argv[0] is "te". */
int cli_te(const struct cli *, int argc, char **argv);
int cli_top(const struct cli *, int argc, char **argv);
int cli_watch(const struct cli *, int argc, char **argv);
int cli_web(const struct cli *, int argc, char **argv);

/* "weft: WHY"; "usage: weft ..."; returns CLI_ERROR. */
int cli_bad_usage(const char *command, const char *why);
/* The page docs/reference/commands.md. */
void cli_print_reference(FILE *);
/* What `show` can show: "switches|ports|...". */
const char *cli_show_names(void);
bool cli_shows(const char *name);

/* Text in a colour when there are colours. */
enum cli_color { CLI_GREEN = 32, CLI_YELLOW = 33, CLI_RED = 31, CLI_BOLD = 1 };
void cli_print_color(const struct cli *, enum cli_color, const char *text);

/* "12 s", "3 min", "5 h", "2 d" since a time (milliseconds since 1970). */
const char *cli_ago(long long wall_ms, char buf[24]);

/* "1.25 Gbit/s", "93.7 Mbit/s", "0". */
const char *cli_mbps(double mbps, char *buf);
/* "1.25 GB", "93.7 kB", "12 B"; buf as above. */
const char *cli_bytes(double bytes, char *buf);

/* The options of `switch`: a table of the manual, and lines for a terminal. */
void cli_switch_options(FILE *);
void cli_switch_help(FILE *);

/* The topology file, "-" is stdin; null after printing what is wrong with it. */
struct net;
struct net *cli_load_net(const char *path);
/* Findings of an answer of weftd, on stderr; file: what the user calls it, or null. */
struct json_t;
void cli_print_findings(const struct json_t *findings, const char *file);
/* A whole file, or stdin for "-"; owned by the caller. Null after saying why. */
char *cli_read_file(const char *path, size_t *ret_size);

#endif
