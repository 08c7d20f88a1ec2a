/* SPDX-License-Identifier: Apache-2.0 */
/* watch: events as they come. log: what weftd writes down. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "controller/cli.h"
#include "controller/cli_list.h"
#include "controller/client.h"

enum { MAX_FILTERS = 32 };

struct watch {
	const struct cli *cli;
	json_int_t lost_up_to;          /* 0 = no gap: the other side just ended */
	bool is_refused;                /* the API did not like the request */
};

/* The parameter `after` as a word of the command line. */
struct after {
	char word[32];
};

static void after_set(struct after *after, json_int_t id)
{
	snprintf(after->word, sizeof after->word, "after=%" JSON_INTEGER_FORMAT, id);
}

static void print_event(const struct cli *cli, const json_t *event)
{
	const char *severity = client_text(event, "severity"), *kind = client_text(event, "kind");
	const char *text = client_text(event, "text"), *sw = client_text(event, "switch");
	long long time_ms = client_number(event, "time_ms");
	char when[32];
	struct tm tm;
	time_t seconds = (time_t) (time_ms / 1000);
	localtime_r(&seconds, &tm);
	strftime(when, sizeof when, "%H:%M:%S", &tm);
	printf("%s.%03d ", when, (int) (time_ms % 1000));
	if (strcmp(severity, "info")) {
		cli_print_color(cli, strcmp(severity, "error") ? CLI_YELLOW : CLI_RED, severity);
		putchar(' ');
	}
	/* A fact says its kind and its switch itself. */
	if (strncmp(text, kind, strlen(kind))) {
		printf("%s ", kind);
		if (*sw) {
			cli_print_text(stdout, sw);
			printf(": ");
		}
	}
	cli_print_text(stdout, text);
	putchar('\n');
}

static bool on_line(void *ctx, char *line, size_t size)
{
	struct watch *watch = ctx;
	json_t *event = json_loadb(line, size, 0, NULL);
	const json_t *error = json_object_get(event, "error");
	watch->lost_up_to = json_integer_value(json_object_get(event, "last_lost_id"));
	if (error && !watch->lost_up_to) {
		struct client_reply reply = { .code = 400, .body = line, .size = size };
		client_say_error(&reply);
		watch->is_refused = true;
	} else if (watch->cli->json) {
		fwrite(line, 1, size, stdout);
		putchar('\n');
	} else if (watch->lost_up_to) {
		printf("(up to event %" JSON_INTEGER_FORMAT ": lost, they came faster than they were read)\n",
		       watch->lost_up_to);
	} else if (event) {
		print_event(watch->cli, event);
	}
	json_decref(event);
	/* Nobody reads any more. */
	return !fflush(stdout);
}

/* The events that the words of the command line ask for; `after`, if any, in place of theirs. */
static bool follow(struct watch *watch, int argc, char **argv, const char *after)
{
	char *words[MAX_FILTERS + 1];
	int n = 0;
	for (int i = 1; i < argc; i++)
		if (!after || strncmp(argv[i], "after=", 6))
			words[n++] = argv[i];
	if (after)
		words[n++] = (char *) after;
	char *target = client_target("/v1/events?follow=1", n, words);
	watch->is_refused = !target;
	bool is_enough = target && client_lines(watch->cli->run_dir, target, on_line, watch);
	free(target);
	return is_enough;
}

/* Asks for the newest event first: weftd is there, the words are understood, and
 * who begins behind that event loses nothing between the notice and the stream. */
static bool begin(const struct cli *cli, int argc, char **argv, struct after *ret_after)
{
	char *target = client_target("/v1/events?limit=1", argc - 1, argv + 1);
	json_t *newest = target ? client_get(cli->run_dir, target) : NULL;
	free(target);
	if (!newest)
		return false;
	after_set(ret_after, json_integer_value(json_object_get(newest, "last_id")));
	json_decref(newest);
	if (!cli->json)
		fprintf(stderr, "weft: watching; Ctrl-C ends it\n");
	return true;
}

int cli_watch(const struct cli *cli, int argc, char **argv)
{
	struct watch watch = { .cli = cli };
	struct after after = { "" };
	bool has_after = false, is_enough;
	if (argc - 1 > MAX_FILTERS)
		return cli_bad_usage(argv[0], "too many filters");
	for (int i = 1; i < argc; i++)
		has_after |= !strncmp(argv[i], "after=", 6);
	if (!begin(cli, argc, argv, &after))
		return CLI_ERROR;
	is_enough = follow(&watch, argc, argv, has_after ? NULL : after.word);
	while (!is_enough && watch.lost_up_to) {
		after_set(&after, watch.lost_up_to);
		watch.lost_up_to = 0;
		is_enough = follow(&watch, argc, argv, after.word);
	}
	if (!is_enough && !watch.is_refused)
		fprintf(stderr, "weft: no more events: weftd has ended the stream\n");
	return is_enough ? CLI_OK : CLI_ERROR;
}

/* --- log ------------------------------------------------------------------------------------ */

static int say_levels(const struct cli *cli, struct client_reply *reply)
{
	static const struct cli_column columns[CLI_MAX_COLUMNS] = {
		{ "MODULE", "module", FORM_TEXT }, { "LEVEL", "level", FORM_TEXT },
	};
	int status = CLI_ERROR;
	json_t *json = json_loadb(reply->body, reply->size, 0, NULL);
	if (reply->code >= 400) {
		client_say_error(reply);
	} else if (cli->json) {
		fwrite(reply->body, 1, reply->size, stdout);
		status = CLI_OK;
	} else {
		cli_list(columns, json_object_get(json, "modules"), stdout);
		status = CLI_OK;
	}
	json_decref(json);
	client_reply_free(reply);
	return status;
}

int cli_log(const struct cli *cli, int argc, char **argv)
{
	struct client_reply reply;
	char *body = NULL;
	if (argc == 4 && !strcmp(argv[1], "set")) {
		json_t *json = json_pack("{s:s, s:s}", "module", argv[2], "level", argv[3]);
		body = json ? json_dumps(json, JSON_COMPACT) : NULL;
		json_decref(json);
		if (!body)
			return cli_bad_usage(argv[0], "these are no words");
	} else if (argc != 1) {
		return cli_bad_usage(argv[0], "either nothing or: set MODULE LEVEL");
	}
	bool is_answered = client_call(cli->run_dir, "/v1/log", body, body ? strlen(body) : 0, &reply);
	free(body);
	return is_answered ? say_levels(cli, &reply) : CLI_ERROR;
}
