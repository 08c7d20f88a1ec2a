/* SPDX-License-Identifier: Apache-2.0 */
/* apply, reload, confirm, rollback, history: what is in force, at weftd. */
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "controller/cli.h"
#include "controller/cli_table.h"
#include "controller/client.h"

/* As diag_format, with the name under which the user knows the file. */
void cli_print_findings(const json_t *findings, const char *file)
{
	size_t i;
	const json_t *finding;
	json_array_foreach(findings, i, finding) {
		cli_print_text(stderr, file ? file : client_text(finding, "file"));
		if (client_number(finding, "line"))
			fprintf(stderr, ":%lld:%lld", client_number(finding, "line"), client_number(finding, "column"));
		fprintf(stderr, ": %s: ", client_text(finding, "severity"));
		cli_print_text(stderr, client_text(finding, "text"));
		fprintf(stderr, "  [%s]\n", client_text(finding, "code"));
	}
}

static void print_in_force(const json_t *json)
{
	const json_t *waits = json_object_get(json, "confirm");
	printf("in force: ");
	cli_print_text(stdout, client_text(json, "file"));
	printf(", digest %s", client_text(json, "digest"));
	if (client_number(json, "revision"))
		printf(", revision %lld", client_number(json, "revision"));
	putchar('\n');
	if (json_is_object(waits))
		printf("it waits for `weft confirm`: revision %lld comes back in %lld s\n", client_number(waits, "back_to"),
		       client_number(waits, "seconds_left"));
}

/* file: what the user calls it; null = weftd's own name for it. */
static int say_outcome(const struct cli *cli, struct client_reply *reply, const char *file)
{
	int status = reply->code < 400 ? CLI_OK : CLI_ERROR;
	json_t *json = json_loadb(reply->body, reply->size, 0, NULL);
	if (cli->json) {
		fwrite(reply->body, 1, reply->size, stdout);
	} else {
		cli_print_findings(json_object_get(json, "findings"), file);
		if (status == CLI_OK)
			print_in_force(json);
		else
			client_say_error(reply);
	}
	json_decref(json);
	client_reply_free(reply);
	return status;
}

static int post(const struct cli *cli, const char *target, const char *text, size_t size, const char *file)
{
	struct client_reply reply;
	return client_call(cli->run_dir, target, text, size, &reply) ? say_outcome(cli, &reply, file) : CLI_ERROR;
}

int cli_reload(const struct cli *cli, int argc, char **argv)
{
	if (argc != 1)
		return cli_bad_usage(argv[0], "no more words are wanted");
	return post(cli, "/v1/reload", "", 0, NULL);
}

int cli_confirm(const struct cli *cli, int argc, char **argv)
{
	if (argc != 1)
		return cli_bad_usage(argv[0], "no more words are wanted");
	return post(cli, "/v1/confirm", "", 0, NULL);
}

/* --- apply, rollback ------------------------------------------------------------------------ */

/* What both take. */
struct wish {
	const char *word;               /* FILE or NUMBER, or null */
	const char *message;
	unsigned long confirm_s;
	char params[2][16 + 3 * 256];   /* "confirm_seconds=60", "message=..." */
};

/* "60s", "5min", "1h", or seconds; 0 = it is none of these. */
static unsigned long seconds_of(const char *text)
{
	static const struct { const char *unit; unsigned long seconds; } units[] = {
		{ "", 1 }, { "s", 1 }, { "m", 60 }, { "min", 60 }, { "h", 3600 },
	};
	char *end;
	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	if (errno || end == text || *text == '-' || n > 86400)
		return 0;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (!strcmp(end, units[i].unit))
			return n * units[i].seconds;
	return 0;
}

/* The value of an option in the next word or behind an equals sign; null = argv[*i] is another word. */
static const char *value_of(const char *option, int argc, char **argv, int *i)
{
	size_t n = strlen(option);
	if (!strncmp(argv[*i], option, n) && argv[*i][n] == '=' && n > 2)
		return argv[*i] + n + 1;
	if (strcmp(argv[*i], option) || *i + 1 >= argc)
		return NULL;
	return argv[++*i];
}

/* False after saying what is wrong. */
static bool take_words(struct wish *wish, int argc, char **argv)
{
	*wish = (struct wish) { 0 };
	for (int i = 1; i < argc; i++) {
		const char *confirm = value_of("--confirm", argc, argv, &i), *message = confirm ? NULL : value_of("-m", argc, argv, &i);
		if (!confirm && !message)
			message = value_of("--message", argc, argv, &i);
		if (confirm) {
			wish->confirm_s = seconds_of(confirm);
			if (!wish->confirm_s || wish->confirm_s > 86400)
				return cli_bad_usage(argv[0], "--confirm wants a time from 1s to 24h, as 60s, 5min or 1h"), false;
		} else if (message) {
			wish->message = message;
			if (strlen(message) > 200)
				return cli_bad_usage(argv[0], "a message has at most 200 bytes"), false;
		} else if (argv[i][0] == '-' && argv[i][1]) {
			return cli_bad_usage(argv[0], "it takes --confirm TIME and -m TEXT"), false;
		} else if (wish->word) {
			return cli_bad_usage(argv[0], "too many words"), false;
		} else {
			wish->word = argv[i];
		}
	}
	return true;
}

static int ask(const struct cli *cli, const char *path, struct wish *wish, const char *text, size_t size, const char *file)
{
	char *words[3], number[32];
	int n = 0;
	if (wish->confirm_s) {
		snprintf(wish->params[0], sizeof wish->params[0], "confirm_seconds=%lu", wish->confirm_s);
		words[n++] = wish->params[0];
	}
	if (wish->message) {
		snprintf(wish->params[1], sizeof wish->params[1], "message=%s", wish->message);
		words[n++] = wish->params[1];
	}
	if (!file && wish->word) {
		snprintf(number, sizeof number, "number=%.20s", wish->word);
		words[n++] = number;
	}
	char *target = client_target(path, n, words);
	int status = target ? post(cli, target, text, size, file) : CLI_ERROR;
	free(target);
	return status;
}

int cli_apply(const struct cli *cli, int argc, char **argv)
{
	struct wish wish;
	size_t size;
	if (argc == 1)
		return cli_reload(cli, argc, argv);
	if (!take_words(&wish, argc, argv))
		return CLI_ERROR;
	if (!wish.word)
		return cli_bad_usage(argv[0], "with --confirm or -m one FILE is wanted");
	char *text = cli_read_file(wish.word, &size);
	if (!text)
		return CLI_ERROR;
	int status = ask(cli, "/v1/apply", &wish, text, size, strcmp(wish.word, "-") ? wish.word : "(stdin)");
	free(text);
	return status;
}

int cli_rollback(const struct cli *cli, int argc, char **argv)
{
	struct wish wish;
	if (!take_words(&wish, argc, argv))
		return CLI_ERROR;
	if (wish.word && (strlen(wish.word) > 10 || strspn(wish.word, "0123456789") != strlen(wish.word)))
		return cli_bad_usage(argv[0], "the number of a revision is wanted, or nothing; `weft history` lists them");
	return ask(cli, "/v1/rollback", &wish, "", 0, NULL);
}

/* --- history -------------------------------------------------------------------------------- */

static const char *who_text(const json_t *revision, char buf[64])
{
	const json_t *uid = json_object_get(revision, "uid");
	if (!json_is_integer(uid))
		return "";
	const struct passwd *user = getpwuid((uid_t) json_integer_value(uid));
	if (user)
		snprintf(buf, 64, "%.60s", user->pw_name);
	else
		snprintf(buf, 64, "%lld", (long long) json_integer_value(uid));
	return buf;
}

static void print_revisions(const json_t *history)
{
	struct cli_table *table = cli_table_new("REVISION> - WHEN BY WHO BYTES> SHA256 MESSAGE");
	size_t i;
	const json_t *r;
	json_array_foreach(json_object_get(history, "revisions"), i, r) {
		time_t at = (time_t) (client_number(r, "time_ms") / 1000);
		char when[32], who[64], by[40];
		struct tm tm;
		strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", localtime_r(&at, &tm));
		int n = snprintf(by, sizeof by, "%.16s", client_text(r, "source"));
		if (client_number(r, "of"))
			snprintf(by + n, sizeof by - (size_t) n, " to %lld", client_number(r, "of"));
		cli_table_cell(table, "%lld", client_number(r, "number"));
		cli_table_cell(table, "%s", client_number(r, "number") == client_number(history, "in_force") ? "in force" : "");
		cli_table_cell(table, "%s", when);
		cli_table_cell(table, "%s", by);
		cli_table_cell(table, "%s", who_text(r, who));
		cli_table_cell(table, "%lld", client_number(r, "bytes"));
		cli_table_cell(table, "%.12s", client_text(r, "sha256"));
		cli_table_cell(table, "%s", client_text(r, "message"));
	}
	cli_table_end(table, stdout);
}

int cli_history(const struct cli *cli, int argc, char **argv)
{
	if (argc != 1)
		return cli_bad_usage(argv[0], "no more words are wanted");
	json_t *history = client_get(cli->run_dir, "/v1/history");
	if (!history)
		return CLI_ERROR;
	const json_t *waits = json_object_get(history, "confirm");
	if (cli->json) {
		json_dumpf(history, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_revisions(history);
		if (!json_array_size(json_object_get(history, "revisions")))
			printf("there are none; `weft status` says why\n");
		if (json_is_object(waits))
			printf("\nrevision %lld waits for `weft confirm`: revision %lld comes back in %lld s\n", client_number(waits, "revision"),
			       client_number(waits, "back_to"), client_number(waits, "seconds_left"));
	}
	json_decref(history);
	return CLI_OK;
}
