/* SPDX-License-Identifier: Apache-2.0 */
/* name: a dump goes through, the rows of weft's get a comment. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "apps/app.h"
#include "controller/cli.h"
#include "controller/cli_table.h"
#include "controller/client.h"
#include "controller/name.h"
#include "topo/net.h"

static struct names *names_from_file(const char *file)
{
	struct diag *diag = diag_new(file);
	struct net *net = net_load(file, diag);
	struct names *names = NULL;
	if (net) {
		names = names_new(file);
		for (size_t i = 0; i < n_apps; i++)
			names_add_app(names, apps[i].number, apps[i].app->name);
		for (size_t i = 0; i < net->n_objects; i++)
			names_add_object(names, net->objects[i].id, net->objects[i].name, net->objects[i].where.line);
	} else {
		diag_print(diag, stderr);
	}
	net_free(net);
	diag_free(diag);
	return names;
}

static struct names *names_from_weftd(const struct cli *cli)
{
	json_t *json = client_get(cli->run_dir, "/v1/objects?limit=0"), *item;
	size_t i;
	if (!json)
		return NULL;
	const char *file = json_string_value(json_object_get(json, "file"));
	struct names *names = names_new(file ? file : "topology");
	json_array_foreach(json_object_get(json, "apps"), i, item) {
		int number = 0;
		const char *name = NULL;
		if (!json_unpack(item, "{s:i, s:s}", "number", &number, "name", &name))
			names_add_app(names, (uint8_t) number, name);
	}
	json_array_foreach(json_object_get(json, "objects"), i, item) {
		const char *id = NULL, *name = NULL;
		if (!json_unpack(item, "{s:s, s:s}", "id", &id, "name", &name))
			names_add_object(names, strtoull(id, NULL, 16), name,
					 (uint32_t) json_integer_value(json_object_get(item, "line")));
	}
	json_decref(json);
	return names;
}

/* A line may hold anything, NUL bytes too; it goes out as it came. */
static void name_lines(struct names *names, FILE *in, FILE *out)
{
	char *line = NULL, comment[1024];
	size_t room = 0;
	for (ssize_t n; (n = getline(&line, &room, in)) > 0;) {
		size_t len = (size_t) n;
		while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			len--;
		fwrite(line, 1, len, out);
		if (names_comment(names, line, len, comment, sizeof comment))
			cli_print_text(out, comment);
		fwrite(line + len, 1, (size_t) n - len, out);
	}
	free(line);
}

int cli_name(const struct cli *cli, int argc, char **argv)
{
	const char *file = NULL;
	if (argc == 3 && !strcmp(argv[1], "--file"))
		file = argv[2];
	else if (argc == 2 && !strncmp(argv[1], "--file=", 7))
		file = argv[1] + 7;
	else if (argc != 1)
		return cli_bad_usage(argv[0], "it reads stdin; only --file FILE is wanted");
	struct names *names = file ? names_from_file(file) : names_from_weftd(cli);
	if (!names)
		return CLI_ERROR;
	name_lines(names, stdin, stdout);
	names_free(names);
	return CLI_OK;
}
