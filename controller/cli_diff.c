/* SPDX-License-Identifier: Apache-2.0 */
/* diff: two texts: revisions, weftd's file on the disk, or any file. diff(1) compares them. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "controller/cli.h"
#include "controller/client.h"
#include "controller/unified.h"
#include "topo/arena.h"

struct text {
	char name[300];
	char *text;                     /* owned */
	size_t size;
};

static bool take(struct text *t, const char *run_dir, const char *target, const char *no_text)
{
	json_t *json = client_get(run_dir, target);
	const json_t *text = json_object_get(json, "text");
	bool is_there = json_is_string(text);
	if (is_there) {
		t->size = json_string_length(text);
		t->text = xheap_strdup(json_string_value(text));
		if (json_is_integer(json_object_get(json, "number")))
			snprintf(t->name, sizeof t->name, "revision %lld", client_number(json, "number"));
		else
			snprintf(t->name, sizeof t->name, "%.290s", client_text(json, "file"));
	} else if (json) {
		fprintf(stderr, "weft: %s\n", no_text);
	}
	json_decref(json);
	return is_there;
}

/* word: a number, "disk", a path, or null: what is in force. False after saying what is wrong. */
static bool read_text(const struct cli *cli, const char *word, struct text *t)
{
	char target[64] = "/v1/revision";
	if (word && !strcmp(word, "disk"))
		return take(t, cli->run_dir, "/v1/config", "weftd's file cannot be read");
	if (!word || (strspn(word, "0123456789") == strlen(word) && strlen(word) <= 10 && *word)) {
		if (word)
			snprintf(target, sizeof target, "/v1/revision?number=%s", word);
		return take(t, cli->run_dir, target, "the revision has no text");
	}
	snprintf(t->name, sizeof t->name, "%.290s", strcmp(word, "-") ? word : "(stdin)");
	t->text = cli_read_file(word, &t->size);
	return t->text != NULL;
}

static int print(const struct cli *cli, const struct text *a, const struct text *b)
{
	struct unified_text ua = { a->name, a->text, a->size }, ub = { b->name, b->text, b->size };
	char *diff = NULL;
	size_t size;
	FILE *f = cli->json ? open_memstream(&diff, &size) : stdout;
	bool is_other, is_done = unified_print(&ua, &ub, f, &is_other);
	int status = !is_done ? CLI_ERROR : is_other ? CLI_WOULD_CHANGE : CLI_OK;
	if (!cli->json)
		return status;
	fclose(f);
	if (!is_done) {
		free(diff);
		return status;
	}
	json_t *json = json_pack("{s:s, s:s, s:b, s:s}", "from", a->name, "to", b->name, "same", !is_other, "diff", diff);
	json_dumpf(json, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(json);
	free(diff);
	return status;
}

int cli_diff(const struct cli *cli, int argc, char **argv)
{
	struct text a = { 0 }, b = { 0 };
	int status = CLI_ERROR;
	if (argc < 2 || argc > 3)
		return cli_bad_usage(argv[0], "name one or two: a revision's number, disk, or a file");
	if (read_text(cli, argv[1], &a) && read_text(cli, argc == 3 ? argv[2] : NULL, &b))
		status = print(cli, &a, &b);
	free(a.text);
	free(b.text);
	return status;
}
