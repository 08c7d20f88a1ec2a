/* SPDX-License-Identifier: Apache-2.0 */
/* plan: what would change, in words. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "controller/cli.h"
#include "controller/cli_table.h"
#include "controller/client.h"

enum { MAX_TOLD = 20 };                 /* of each list, for people */

static void print_more(size_t n)
{
	if (n > MAX_TOLD)
		printf("  and %zu more: --json has them all\n", n - MAX_TOLD);
}

/* "network office (topology.yaml:7)" */
static void print_object(const json_t *json, const char *file)
{
	cli_print_text(stdout, client_text(json, "object"));
	if (!client_number(json, "line"))
		return;
	printf(" (");
	cli_print_text(stdout, file);
	printf(":%lld)", client_number(json, "line"));
}

/* "3 added, 1 deleted" */
static void print_counts(const json_t *json)
{
	static const char *const words[] = { "added", "modified", "deleted" };
	const char *comma = "";
	for (size_t i = 0; i < 3; i++) {
		long long n = client_number(json, words[i]);
		if (n)
			printf("%s%lld %s", comma, n, words[i]);
		if (n)
			comma = ", ";
	}
}

static bool has_counts(const json_t *json)
{
	return client_number(json, "added") || client_number(json, "modified") || client_number(json, "deleted");
}

static void print_objects(const json_t *plan, const char *file)
{
	const json_t *list = json_object_get(plan, "objects"), *object;
	size_t i;
	if (!json_array_size(list)) {
		printf("the file says the same network%s\n", strcmp(client_text(plan, "digest"), client_text(plan, "digest_in_force"))
		       ? ", in other words" : "");
		return;
	}
	json_array_foreach(list, i, object) {
		const char *change = client_text(object, "change");
		if (i == MAX_TOLD)
			break;
		printf("%-7s ", change);
		print_object(object, !strcmp(change, "gone") ? client_text(plan, "file") : file);
		putchar('\n');
	}
	print_more(json_array_size(list));
}

static void print_parts(const json_t *sw, const char *file, const char *in_force)
{
	const json_t *list = json_object_get(sw, "objects"), *part;
	size_t i;
	json_array_foreach(list, i, part) {
		if (i == MAX_TOLD)
			break;
		printf("  %s: ", client_text(part, "app"));
		print_counts(part);
		if (*client_text(part, "object"))
			printf(": ");
		print_object(part, json_is_true(json_object_get(part, "gone")) ? in_force : file);
		putchar('\n');
	}
	print_more(json_array_size(list));
}

static void print_switches(const json_t *plan, const char *file)
{
	const json_t *list = json_object_get(plan, "switches"), *sw;
	size_t i, n_same = 0, n_away = 0;
	json_array_foreach(list, i, sw) {
		const char *state = client_text(sw, "state");
		bool is_leaving = !strcmp(state, "leaves");
		n_away += !strcmp(state, "away");
		n_same += !strcmp(state, "connected") && !has_counts(sw);
		if (!is_leaving && !has_counts(sw))
			continue;
		cli_print_text(stdout, client_text(sw, "name"));
		printf(": ");
		if (is_leaving) {
			printf("the file does not want it any more, or as another bridge: its connection ends, its rows stay as they are\n");
			continue;
		}
		print_counts(sw);
		putchar('\n');
		print_parts(sw, file, client_text(plan, "file"));
	}
	if (n_same)
		printf("%zu switch%s: no row differs\n", n_same, n_same == 1 ? "" : "es");
	if (n_away)
		printf("%zu switch%s not connected: what differs is sent when it is back\n", n_away, n_away == 1 ? "" : "es");
	if (client_number(plan, "rounds") > 1)
		printf("in %lld steps, each when the switches have done the one before\n", client_number(plan, "rounds"));
}

static void print_host(const json_t *host)
{
	const json_t *networks = json_object_get(host, "networks"), *name;
	const char *where = client_text(host, "where");
	size_t i;
	printf("%s%s%s would no longer be in network ", client_text(host, "mac"), *where ? " on " : "", where);
	cli_print_text(stdout, client_text(host, "network"));
	if (json_is_true(json_object_get(host, "network_is_gone")))
		printf(", which is gone");
	json_array_foreach(networks, i, name) {
		printf("%s", i ? ", " : "; its port would be in ");
		cli_print_text(stdout, json_string_value(name));
	}
	if (*where && !json_array_size(networks))
		printf("; its port would be in no network");
	putchar('\n');
}

static void print_hosts(const json_t *plan)
{
	const json_t *list = json_object_get(plan, "hosts"), *host;
	size_t i;
	json_array_foreach(list, i, host) {
		if (i == MAX_TOLD)
			break;
		print_host(host);
	}
	print_more((size_t) client_number(plan, "n_hosts"));
}

static void print_rows(const json_t *plan)
{
	const json_t *list = json_object_get(plan, "rows"), *row;
	const char *last = "";
	size_t i;
	json_array_foreach(list, i, row) {
		const char *sw = client_text(row, "switch"), *change = client_text(row, "change");
		if (strcmp(sw, last)) {
			printf("# ");
			cli_print_text(stdout, sw);
			putchar('\n');
		}
		last = sw;
		printf("%c%s", *change == 'a' ? '+' : *change == 'd' ? '-' : '!', client_text(row, "flow"));
		if (*client_text(row, "app"))
			printf("  # %s", client_text(row, "app"));
		if (*client_text(row, "object")) {
			printf(": ");
			cli_print_text(stdout, client_text(row, "object"));
		}
		putchar('\n');
	}
}

static int say(const struct cli *cli, const struct client_reply *reply, const json_t *plan, const char *file, bool rows)
{
	bool is_ok = json_is_true(json_object_get(plan, "ok")), changes = json_is_true(json_object_get(plan, "changes"));
	const char *error = client_text(plan, "error");
	if (cli->json) {
		fwrite(reply->body, 1, reply->size, stdout);
	} else {
		if (!file)
			file = client_text(plan, "file");
		cli_print_findings(json_object_get(plan, "findings"), file);
		if (*error)
			fprintf(stderr, "weft: %s; %s\n", error, client_text(plan, "hint"));
		else if (!is_ok)
			fprintf(stderr, "%s has errors; nothing would be changed\n", file);
		if (is_ok && !rows) {
			print_objects(plan, file);
			print_switches(plan, file);
			print_hosts(plan);
		}
		if (is_ok && rows)
			print_rows(plan);
	}
	return !is_ok ? CLI_ERROR : changes ? CLI_WOULD_CHANGE : CLI_OK;
}

static int ask(const struct cli *cli, const char *text, size_t size, const char *file, bool rows)
{
	struct client_reply reply;
	json_error_t error;
	int status = CLI_ERROR;
	if (!client_call(cli->run_dir, rows ? "/v1/plan?rows=1" : "/v1/plan", text, size, &reply))
		return CLI_ERROR;
	json_t *plan = json_loadb(reply.body, reply.size, 0, &error);
	if (reply.code >= 400)
		client_say_error(&reply);
	else if (!plan)
		fprintf(stderr, "weft: weftd did not give a whole plan; try again\n");
	else
		status = say(cli, &reply, plan, file, rows);
	json_decref(plan);
	client_reply_free(&reply);
	return status;
}

int cli_plan(const struct cli *cli, int argc, char **argv)
{
	const char *file = NULL;
	bool rows = false;
	size_t size = 0;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--rows"))
			rows = true;
		else if ((argv[i][0] == '-' && argv[i][1]) || file)
			return cli_bad_usage(argv[0], "one FILE is wanted, or none, and perhaps --rows");
		else
			file = argv[i];
	}
	char *text = file ? cli_read_file(file, &size) : NULL;
	if (file && !text)
		return CLI_ERROR;
	/* No text at all would mean the file on the disk. */
	if (file && !size)
		size = (size_t) snprintf(text, 2, "\n");
	int status = ask(cli, text ? text : "", size, file && !strcmp(file, "-") ? "stdin" : file, rows);
	free(text);
	return status;
}
