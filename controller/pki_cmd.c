/* SPDX-License-Identifier: Apache-2.0 */
/* `weft pki`: make the authority, give certificates to switches, renew, list.
 *
 * Arguments in, pki_dir.c does it, words or JSON out. Every answer says what
 * to do next. */
#include "controller/cmd.h"
#include "controller/pki.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

enum { EXIT_FINE = 0, EXIT_ERROR = 1, EXIT_DEGRADED = 3 };

struct options {
	const char *dir;
	const char *out;                /* null: dir */
	const char *name;               /* issue, renew */
	const char *sans[PKI_MAX_SANS];
	size_t n_sans;
	unsigned days;
	bool server_too;
	bool json;
};

static const char usage[] =
	"usage: weft pki COMMAND [--dir DIR] [--json]\n"
	"  init [--san NAME|ADDRESS]... [--days N]     make the authority and weftd's certificate\n"
	"  issue NAME [--out DIR] [--days N] [--server-too]\n"
	"                                              certificate and key for the switch NAME\n"
	"  renew NAME [--out DIR] [--days N]           the same again with a new key; NAME may be weftd\n"
	"  list                                        all certificates and the days they have left\n"
	"DIR is $WEFT_PKI, else ./pki. Exit code 3 of list: something needs to be renewed.\n"
	"--server-too: for a host whose ovsdb listens on pssl:. Without it the certificate is a client's, and\n"
	"              who steals its key cannot pose as weftd.\n";

static int bad_usage(const char *why, const char *what)
{
	fprintf(stderr, "weft pki: %s%s%s\n%s", why, what ? " " : "", what ? what : "", usage);
	return EXIT_ERROR;
}

static int failed(const struct pki_error *error)
{
	fprintf(stderr, "weft pki: %s\n", error->text);
	return EXIT_ERROR;
}

static const char *iso_date(time_t when, char buf[32])
{
	struct tm tm;

	gmtime_r(&when, &tm);
	strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

static void print_json(json_t *object)
{
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

static void print_written_json(const char *name, const struct pki_written *written)
{
	char date[32];

	print_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", name, "serial",
			     written->serial, "not_after", iso_date(written->not_after, date),
			     "cert", written->cert, "key", written->key, "ca", written->ca));
}

/* --- the commands ---------------------------------------------------------------- */

static int pki_init(const struct options *options)
{
	struct pki_written written;
	struct pki_error error;
	char date[32];

	if (!pki_dir_init(options->dir, options->sans, options->n_sans, options->days, time(NULL),
			  &written, &error))
		return failed(&error);
	if (options->json) {
		print_written_json("weftd", &written);
		return EXIT_FINE;
	}
	printf("%s the authority %s\n", written.made_ca ? "made" : "kept", written.ca);
	printf("made weftd's certificate %s (until %.10s)\n", written.cert,
	       iso_date(written.not_after, date));
	printf("Who has ca-key.pem can be any switch: keep it to yourself.\n"
	       "next:\n"
	       "  weft pki issue NAME --dir %s     for each switch of your file\n"
	       "  weftd --pki %s FILE\n", options->dir, options->dir);
	return EXIT_FINE;
}

static void print_set_ssl(const char *name, const struct pki_written *written)
{
	const char *slash = strrchr(written->ca, '/');

	printf("next, on the host %s (wherever you copy the three files, name their folder there):\n"
	       "  weft switch join %s --pki %.*s --controller ADDRESS\n"
	       "or without weft there:\n"
	       "  ovs-vsctl set-ssl %s %s %s\n"
	       "  ovs-vsctl set-fail-mode BRIDGE secure -- set-controller BRIDGE ssl:ADDRESS:6653 \\\n"
	       "      -- set controller BRIDGE max_backoff=1000 connection_mode=out-of-band\n",
	       name, name, (int) (slash - written->ca), written->ca, written->key, written->cert, written->ca);
}

static int pki_issue(const struct options *options)
{
	struct pki_written written;
	struct pki_error error;
	char date[32];

	if (!pki_dir_issue(options->dir, options->out, options->name, options->server_too,
			   options->days, time(NULL), &written, &error))
		return failed(&error);
	if (options->json) {
		print_written_json(options->name, &written);
		return EXIT_FINE;
	}
	printf("made %s and its key (until %.10s)\n", written.cert,
	       iso_date(written.not_after, date));
	print_set_ssl(options->name, &written);
	return EXIT_FINE;
}

static int pki_renew(const struct options *options)
{
	struct pki_written written;
	struct pki_error error;
	char date[32];

	if (!pki_dir_renew(options->dir, options->out, options->name, options->days, time(NULL),
			   &written, &error))
		return failed(&error);
	if (options->json) {
		print_written_json(options->name, &written);
		return EXIT_FINE;
	}
	printf("renewed %s and its key (until %.10s)\n", written.cert,
	       iso_date(written.not_after, date));
	if (!strcmp(options->name, "weftd"))
		printf("weftd reads it by itself; sessions stay up.\n");
	else
		printf("next: where the files are copies, copy first the certificate, then the key.\n"
		       "Open vSwitch reads them by itself when the key changes and uses them for its "
		       "next connection.\n");
	return EXIT_FINE;
}

static const char *kind_word(enum pki_kind kind)
{
	switch (kind) {
	case PKI_CA:
		return "authority";
	case PKI_SERVER:
		return "weftd";
	case PKI_SWITCH:
		return "switch";
	}
	return "?";
}

/* What is wrong with a certificate, or an empty string. */
static void judge(const struct pki_entry *entry, const struct options *options, time_t now,
		  char *buf, size_t size)
{
	long left = pki_days_left(&entry->info, now);
	const char *name = entry->info.name;

	buf[0] = 0;
	if (!entry->readable)
		snprintf(buf, size, "%s: %s", entry->path, entry->why.text);
	else if (left >= PKI_WARN_DAYS)
		return;
	else if (entry->kind == PKI_CA)
		snprintf(buf, size, "the authority %s %ld days: make a new one in another directory "
			 "with `weft pki init`, and issue all certificates again",
			 left < 0 ? "has expired, days left" : "expires in", left);
	else if (left < 0)
		snprintf(buf, size, "%s has expired: weft pki renew %s --dir %s", name, name,
			 options->dir);
	else
		snprintf(buf, size, "%s expires in %ld days: weft pki renew %s --dir %s", name, left,
			 name, options->dir);
}

static void print_entry(const struct pki_entry *entry, time_t now)
{
	char date[32];

	if (entry->readable)
		printf("%-24s %-9s  %-32s  %.10s  %5ld\n", entry->info.name, kind_word(entry->kind),
		       entry->info.serial, iso_date(entry->info.not_after, date),
		       pki_days_left(&entry->info, now));
}

static json_t *entry_json(const struct pki_entry *entry, time_t now)
{
	char from[32], until[32];
	json_t *names = json_array();

	for (size_t i = 0; i < entry->info.n_sans; i++)
		json_array_append_new(names, json_string(entry->info.sans[i]));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:o, s:s}", "name", entry->info.name,
			 "kind", kind_word(entry->kind), "serial", entry->info.serial, "not_before",
			 iso_date(entry->info.not_before, from), "not_after",
			 iso_date(entry->info.not_after, until), "days_left",
			 (json_int_t) pki_days_left(&entry->info, now), "server_too",
			 entry->kind != PKI_CA && entry->info.server_too, "names", names, "path",
			 entry->path);
}

static int pki_list(const struct options *options)
{
	struct pki_entry *entries;
	struct pki_error error;
	size_t n, n_problems;
	time_t now = time(NULL);
	json_t *certs = json_array(), *problems = json_array();
	char why[1024];

	if (!pki_dir_list(options->dir, &entries, &n, &error)) {
		json_decref(certs);
		json_decref(problems);
		return failed(&error);
	}
	if (!options->json)
		printf("%-24s %-9s  %-32s  %-10s  %5s\n", "NAME", "KIND", "SERIAL", "UNTIL", "DAYS");
	for (size_t i = 0; i < n; i++) {
		judge(&entries[i], options, now, why, sizeof why);
		if (why[0])
			json_array_append_new(problems, json_string(why));
		if (entries[i].readable)
			json_array_append_new(certs, entry_json(&entries[i], now));
		if (!options->json)
			print_entry(&entries[i], now);
	}
	n_problems = json_array_size(problems);
	for (size_t i = 0; i < n_problems; i++)
		fprintf(stderr, "warning: %s\n", json_string_value(json_array_get(problems, i)));
	if (options->json) {
		print_json(json_pack("{s:s, s:o, s:o}", "dir", options->dir, "certificates", certs,
				     "problems", problems));
	} else {
		json_decref(certs);
		json_decref(problems);
	}
	pki_entries_free(entries, n);
	return n_problems ? EXIT_DEGRADED : EXIT_FINE;
}

/* --- arguments ------------------------------------------------------------------- */

static bool parse_days(const char *text, unsigned *ret_days)
{
	char *end;
	unsigned long days;

	errno = 0;
	days = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || days == 0 || days > PKI_CA_DAYS)
		return false;
	*ret_days = (unsigned) days;
	return true;
}

static int parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{"dir", required_argument, NULL, 'd'},   {"out", required_argument, NULL, 'o'},
		{"days", required_argument, NULL, 'n'},  {"san", required_argument, NULL, 's'},
		{"server-too", no_argument, NULL, 't'},  {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},        {0},
	};
	const char *dir = getenv("WEFT_PKI");
	int c;

	*options = (struct options){.dir = dir && dir[0] ? dir : "pki", .days = PKI_LEAF_DAYS};
	optind = 0;
	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			options->dir = optarg;
			break;
		case 'o':
			options->out = optarg;
			break;
		case 'n':
			if (!parse_days(optarg, &options->days))
				return bad_usage("--days wants a number from 1 to 3650, not", optarg);
			break;
		case 's':
			if (options->n_sans + 2 >= PKI_MAX_SANS)
				return bad_usage("too many --san", NULL);
			options->sans[options->n_sans++] = optarg;
			break;
		case 't':
			options->server_too = true;
			break;
		case 'j':
			options->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_FINE;
		default:
			fputs(usage, stderr);
			return EXIT_ERROR;
		}
	}
	return -1;
}

static const struct command {
	const char *name;
	bool wants_name;
	int (*run)(const struct options *);
} commands[] = {
	{"init", false, pki_init},
	{"issue", true, pki_issue},
	{"renew", true, pki_renew},
	{"list", false, pki_list},
};

int cmd_pki(int argc, char **argv)
{
	struct options options;
	int done = parse(argc, argv, &options);

	if (done >= 0)
		return done;
	if (optind >= argc)
		return bad_usage("which command?", NULL);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		const struct command *command = &commands[i];

		if (strcmp(argv[optind], command->name))
			continue;
		if (argc - optind - 1 != (command->wants_name ? 1 : 0))
			return bad_usage(command->wants_name ? "one name is wanted after"
							     : "no more words are wanted after",
					 command->name);
		options.name = command->wants_name ? argv[optind + 1] : NULL;
		return command->run(&options);
	}
	return bad_usage("unknown command", argv[optind]);
}
