/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum option_id { OPT_LISTEN = 256, OPT_PKI, OPT_RUN_DIR, OPT_STATE_DIR, OPT_LOG_FILE, OPT_PUNT_BUDGET, OPT_CHECK, OPT_VERSION };

static const struct option_row {
	int id;
	const char *name, *argument, *value, *help;
} rows[] = {
	{ OPT_LISTEN, "listen", "TARGET", "ssl:[::]:6653",
	  "where switches connect: ssl:[ADDR]:PORT or tcp:ADDR:PORT; may be given up to 16 times" },
	{ OPT_PKI, "pki", "DIR", "/etc/weft/pki", "folder with ca.pem, cert.pem and key.pem; read again when they change" },
	{ OPT_RUN_DIR, "run-dir", "DIR", "/run/weft", "folder of the socket weftd.sock" },
	{ OPT_STATE_DIR, "state-dir", "DIR", "/var/lib/weft", "folder of what must outlive a restart (the generation id, the history of files, by which paths traffic goes, how links were)" },
	{ OPT_LOG_FILE, "log-file", "FILE", "stderr", "log there; opened again when it was moved away" },
	{ OPT_PUNT_BUDGET, "punt-budget", "N", "20000",
	  "packet-ins per second that one switch may cost; what is above is dropped and counted; 0 = no limit" },
	{ 'v', "verbose", "MODULE:LEVEL", "info", "log level of a module or of `all`: off err warn info dbg" },
	{ OPT_CHECK, "check", NULL, NULL, "only check the file, print its findings, exit 1 when it has errors" },
	{ OPT_VERSION, "version", NULL, NULL, "print the version" },
	{ 'h', "help", NULL, NULL, "print this" },
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static void usage(FILE *f)
{
	fprintf(f, "usage: weftd [OPTION]... TOPOLOGY.yaml\n\n"
		"SDN controller for Open vSwitch: makes every bridge be what the file says.\n"
		"Runs in the foreground.\n\n");
	for (size_t i = 0; i < N_ROWS; i++) {
		char left[48];
		snprintf(left, sizeof left, "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
			 rows[i].argument ? rows[i].argument : "");
		fprintf(f, "  %-26s %s", left, rows[i].help);
		if (rows[i].value)
			fprintf(f, " (default %s)", rows[i].value);
		fputc('\n', f);
	}
}

void options_print_reference(FILE *f)
{
	fprintf(f, "# weftd\n\n    weftd [OPTION]... TOPOLOGY.yaml\n\n"
		"Runs in the foreground, as any user. SIGHUP reads the file again; SIGTERM and SIGINT end it\n"
		"without touching a flow.\n\n| option | default | meaning |\n| --- | --- | --- |\n");
	for (size_t i = 0; i < N_ROWS; i++)
		fprintf(f, "| `--%s%s%s` | %s | %s |\n", rows[i].name, rows[i].argument ? " " : "",
			rows[i].argument ? rows[i].argument : "", rows[i].value ? rows[i].value : "", rows[i].help);
}

static int bad(const char *why, const char *value)
{
	fprintf(stderr, "weftd: %s%s%s; try weftd --help\n", why, value ? ", not " : "", value ? value : "");
	return 1;
}

static int take(struct options *o, int id, char *value)
{
	char *end;
	switch (id) {
	case OPT_LISTEN:
		if (o->n_listen == OPTIONS_MAX_LISTENERS)
			return bad("at most 16 listeners", NULL);
		o->listen[o->n_listen++] = value;
		return -1;
	case OPT_PKI: o->pki = value; return -1;
	case OPT_RUN_DIR: o->run_dir = value; return -1;
	case OPT_STATE_DIR: o->state_dir = value; return -1;
	case OPT_LOG_FILE: o->log_file = value; return -1;
	case OPT_PUNT_BUDGET: {
		errno = 0;
		unsigned long n = strtoul(value, &end, 10);
		if (errno || *end || end == value || *value == '-' || n > 100000000)
			return bad("--punt-budget takes a number from 0 to 100000000", value);
		o->punt_budget = (uint32_t) n;
		return -1;
	}
	case 'v':
		if (o->n_levels == OPTIONS_MAX_LEVELS)
			return bad("at most 32 of -v", NULL);
		if (!strchr(value, ':'))
			return bad("-v takes MODULE:LEVEL", value);
		o->levels[o->n_levels++] = value;
		return -1;
	case OPT_CHECK: o->check = true; return -1;
	case OPT_VERSION: printf("weftd %s\n", WEFT_VERSION); return 0;
	case 'h': usage(stdout); return 0;
	default: return bad("unknown option", NULL);
	}
}

/* What getopt_long did not take: c is '?' or ':', optopt the option as far as it is known. */
static int not_taken(int c, const char *word)
{
	char letter[] = { '-', (char) optopt, '\0' }, text[160];
	bool is_known = false;
	for (size_t i = 0; i < N_ROWS; i++)
		is_known |= rows[i].id == optopt;
	bool is_letter = optopt && optopt < OPT_LISTEN && (c == ':' || !is_known);
	const char *option = is_letter ? letter : word;
	if (c == ':')
		snprintf(text, sizeof text, "%.120s needs a value", option);
	else if (is_known)
		snprintf(text, sizeof text, "%.120s takes no value", option);
	else
		snprintf(text, sizeof text, "unknown option %.120s", option);
	return bad(text, NULL);
}

int options_parse(struct options *o, int argc, char **argv)
{
	struct option longs[N_ROWS + 1] = { 0 };
	*o = (struct options) { .pki = "/etc/weft/pki", .run_dir = "/run/weft",
				.state_dir = "/var/lib/weft", .punt_budget = 20000 };
	for (size_t i = 0; i < N_ROWS; i++)
		longs[i] = (struct option) { rows[i].name, rows[i].argument ? required_argument : no_argument,
					     NULL, rows[i].id };
	opterr = 0;
	optind = 0;                     /* all anew, also in the middle of a word */
	for (int c; (c = getopt_long(argc, argv, ":v:h", longs, NULL)) != -1;) {
		int status = c == '?' || c == ':' ? not_taken(c, argv[optind - 1]) : take(o, c, optarg);
		if (status >= 0)
			return status;
	}
	if (argc - optind != 1)
		return bad("give one topology file", NULL);
	o->topology = argv[optind];
	if (!o->n_listen)
		o->listen[o->n_listen++] = "ssl:[::]:6653";
	return -1;
}
