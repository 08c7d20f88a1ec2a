/* SPDX-License-Identifier: Apache-2.0 */
/* status: the verdict, what is wrong and what to do, then the switches and the
 * networks in a line each. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "controller/cli.h"
#include "controller/cli_list.h"
#include "controller/client.h"

static void print_problems(const struct cli *cli, const json_t *problems)
{
	size_t i;
	const json_t *problem;
	json_array_foreach(problems, i, problem) {
		const char *severity = client_text(problem, "severity"), *hint = client_text(problem, "hint");
		enum cli_color color = !strcmp(severity, "error") ? CLI_RED : !strcmp(severity, "warning") ? CLI_YELLOW : CLI_BOLD;
		cli_print_color(cli, color, severity);
		printf(": ");
		cli_print_text(stdout, client_text(problem, "text"));
		if (*hint) {
			printf("\n    ");
			cli_print_text(stdout, hint);
		}
		putchar('\n');
	}
	if (json_array_size(problems))
		putchar('\n');
}

static const struct cli_column switch_columns[CLI_MAX_COLUMNS] = {
	{ "SWITCH", "name", FORM_TEXT }, { "STATE", "state", FORM_TEXT }, { "FLOWS>", "flows", FORM_PLAIN },
	{ "HOSTS>", "hosts", FORM_PLAIN }, { "PORTS>", "ports", FORM_PLAIN }, { "IN-SYNC", "in_sync", FORM_YES },
	{ "SINCE", "since_ms", FORM_AGO_IF_ANY },
};
static const struct cli_column network_columns[CLI_MAX_COLUMNS] = {
	{ "NETWORK", "name", FORM_TEXT }, { "HOSTS>", "hosts", FORM_PLAIN }, { "MAX>", "max_hosts", FORM_PLAIN },
	{ "PORTS>", "ports", FORM_PLAIN }, { "SWITCHES>", "switches", FORM_PLAIN }, { "TRANSPORT", "transport", FORM_TEXT },
	{ "VLAN>", "vlan", FORM_PLAIN },
};

static void print_foot(const json_t *status)
{
	const json_t *config = json_object_get(status, "config"), *listener;
	size_t i;
	printf("\nfile ");
	cli_print_text(stdout, client_text(config, "file"));
	printf(", digest %s%s\nweftd %s, pid %lld, up %lld s, listening on", client_text(config, "digest"),
	       json_is_true(json_object_get(config, "failed")) ? " (what is on the disk now has errors)" : "",
	       client_text(status, "version"), client_number(status, "pid"), client_number(status, "uptime_seconds"));
	json_array_foreach(json_object_get(status, "listeners"), i, listener)
		printf("%s %s", i ? "," : "", json_string_value(listener));
	putchar('\n');
}

static void print_status(const struct cli *cli, const json_t *status)
{
	const char *verdict = client_text(status, "verdict");
	const json_t *switches = json_object_get(status, "switches"), *item;
	size_t i, n_connected = 0;
	json_array_foreach(switches, i, item)
		n_connected += !strcmp(client_text(item, "state"), "connected");
	cli_print_color(cli, strcmp(verdict, "ok") ? CLI_RED : CLI_GREEN, verdict);
	long long n_networks = client_number(status, "n_networks"), n_hosts = client_number(status, "n_hosts");
	printf(": %zu of %zu switches connected, %lld network%s, %lld host%s\n\n", n_connected, json_array_size(switches),
	       n_networks, n_networks == 1 ? "" : "s", n_hosts, n_hosts == 1 ? "" : "s");
	print_problems(cli, json_object_get(status, "problems"));
	cli_list(switch_columns, switches, stdout);
	if (json_array_size(switches) && client_number(status, "n_networks"))
		putchar('\n');
	cli_list(network_columns, json_object_get(status, "networks"), stdout);
	print_foot(status);
}

int cli_status(const struct cli *cli, int argc, char **argv)
{
	struct client_reply reply;
	if (argc != 1)
		return cli_bad_usage(argv[0], "no more words are wanted");
	if (!client_call(cli->run_dir, "/v1/status", NULL, 0, &reply))
		return CLI_ERROR;
	json_t *status = json_loadb(reply.body, reply.size, 0, NULL);
	int code = CLI_ERROR;
	if (reply.code >= 400 || !status) {
		client_say_error(&reply);
	} else {
		code = strcmp(client_text(status, "verdict"), "ok") ? CLI_DEGRADED : CLI_OK;
		if (cli->json)
			fwrite(reply.body, 1, reply.size, stdout);
		else
			print_status(cli, status);
	}
	json_decref(status);
	client_reply_free(&reply);
	return code;
}
