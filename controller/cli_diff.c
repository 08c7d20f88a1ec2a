/* SPDX-License-Identifier: Apache-2.0 */
/* diff: two texts: revisions, weftd's file on the disk, or any file. */
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

static bool print(const struct cli *cli, const struct text *a, const struct text *b)
{
	struct unified_text ua = { a->name, a->text, a->size }, ub = { b->name, b->text, b->size };
	if (!cli->json)
		return unified_print(&ua, &ub, stdout);
	char *diff = NULL;
	size_t size;
	FILE *f = open_memstream(&diff, &size);
	bool is_other = unified_print(&ua, &ub, f);
	fclose(f);
	json_t *json = json_pack("{s:s, s:s, s:b, s:s}", "from", a->name, "to", b->name, "same", !is_other, "diff", diff);
	json_dumpf(json, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(json);
	free(diff);
	return is_other;
}

int cli_diff(const struct cli *cli, int argc, char **argv)
{
	struct text a = { 0 }, b = { 0 };
	int status = CLI_ERROR;
	if (argc < 2 || argc > 3)
		return cli_bad_usage(argv[0], "name one or two: a revision's number, disk, or a file");
	if (read_text(cli, argv[1], &a) && read_text(cli, argc == 3 ? argv[2] : NULL, &b))
		status = print(cli, &a, &b) ? CLI_WOULD_CHANGE : CLI_OK;
	free(a.text);
	free(b.text);
	return status;
}
