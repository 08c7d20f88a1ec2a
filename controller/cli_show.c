/* SPDX-License-Identifier: Apache-2.0 */
/* show: lists of the API as tables, flows as ovs-ofctl writes them. What the
 * columns are is a table too. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "controller/cli.h"
#include "controller/cli_list.h"
#include "controller/client.h"
#include "topo/arena.h"
#include "topo/diag.h"

static const struct shown {
	const char *name;               /* also the path and the array */
	struct cli_column columns[CLI_MAX_COLUMNS];
} shown[] = {
	{ "switches", {
		{ "SWITCH", "name", FORM_PLAIN }, { "DPID", "dpid", FORM_PLAIN }, { "STATE", "state", FORM_PLAIN },
		{ "FLOWS>", "flows", FORM_PLAIN }, { "HOSTS>", "hosts", FORM_PLAIN },
		{ "PORTS>", "ports", FORM_PLAIN }, { "IN-SYNC", "in_sync", FORM_YES },
		{ "SINCE", "since_ms", FORM_AGO }, { "PEER", "session.peer", FORM_PLAIN },
		{ "RTT-US>", "session.rtt_us", FORM_UNLESS_0 },
	} },
	{ "ports", {
		{ "SWITCH", "switch", FORM_PLAIN }, { "PORT", "name", FORM_PLAIN },
		{ "OFPORT>", "ofport", FORM_OFPORT }, { "STATE", "state", FORM_PLAIN },
		{ "NETWORKS", "networks", FORM_NETWORKS }, { "RX>", "rx_bytes", FORM_BYTES }, { "TX>", "tx_bytes", FORM_BYTES },
		{ "REFUSED>", "refused_hosts", FORM_PLAIN },
		{ "VIOLATIONS>", "violations", FORM_IF_ANY }, { "MIRROR", "mirror", FORM_TEXT }, { "WHY", "why", FORM_PLAIN },
	} },
	{ "hosts", {
		{ "NETWORK", "network", FORM_PLAIN }, { "MAC", "mac", FORM_PLAIN }, { "WHERE", "where", FORM_PLAIN },
		{ "IP", "ip", FORM_PLAIN }, { "IP6", "ip6", FORM_PLAIN }, { "SEEN>", "seen_seconds", FORM_SECONDS },
		{ "STATE", "state", FORM_PLAIN },
	} },
	{ "networks", {
		{ "NETWORK", "name", FORM_PLAIN }, { "HOSTS>", "hosts", FORM_PLAIN },
		{ "MAX>", "max_hosts", FORM_PLAIN }, { "PORTS>", "ports", FORM_PLAIN },
		{ "SWITCHES>", "switches", FORM_PLAIN }, { "TRANSPORT", "transport", FORM_PLAIN },
		{ "VLAN>", "vlan", FORM_PLAIN }, { "GATEWAY", "gateway", FORM_PLAIN },
		{ "MTU>", "guest_mtu", FORM_PLAIN }, { "AGEING>", "ageing_seconds", FORM_SECONDS },
		{ "REFUSED>", "refused_hosts", FORM_PLAIN }, { "MOVES>", "moves", FORM_PLAIN },
	} },
	{ "links", {
		{ "LINK", "name", FORM_PLAIN }, { "STATE", "state", FORM_PLAIN }, { "COST>", "cost", FORM_PLAIN },
		{ "CAPACITY>", "capacity_mbps", FORM_MBPS }, { "A%>", "utilisation_from_a_percent", FORM_PERCENT },
		{ "B%>", "utilisation_from_b_percent", FORM_PERCENT }, { "NIC-A%>", "nic_from_a_percent", FORM_IF_ANY },
		{ "NIC-B%>", "nic_from_b_percent", FORM_IF_ANY }, { "DELAY-US>", "delay_us", FORM_PLAIN },
		{ "JITTER-US>", "jitter_us", FORM_PLAIN }, { "LOSS-A%>", "loss_percent_from_a", FORM_IF_ANY },
		{ "LOSS-B%>", "loss_percent_from_b", FORM_IF_ANY }, { "BFD", "bfd", FORM_PLAIN },
		{ "FLAPS>", "flaps", FORM_IF_ANY }, { "SINCE", "since_ms", FORM_AGO },
		{ "TREES", "trees", FORM_LIST }, { "WHY", "why", FORM_PLAIN },
	} },
	{ "acls", {
		{ "ACL", "acl", FORM_PLAIN }, { "RULE", "rule", FORM_PLAIN }, { "VERDICT", "verdict", FORM_PLAIN },
		{ "LINE>", "line", FORM_PLAIN }, { "PACKETS>", "packets", FORM_PLAIN },
		{ "BYTES>", "bytes", FORM_PLAIN }, { "AGE>", "age_seconds", FORM_SECONDS },
		{ "LAST-HIT>", "last_hit_seconds", FORM_SECONDS }, { "MODE", "mode", FORM_PLAIN },
	} },
	{ "flows", { { 0 } } },
	{ "events", {
		{ "ID>", "id", FORM_PLAIN }, { "TIME", "time_ms", FORM_TIME },
		{ "SEVERITY", "severity", FORM_PLAIN }, { "SWITCH", "switch", FORM_PLAIN },
		{ "KIND", "kind", FORM_PLAIN }, { "TEXT", "text", FORM_PLAIN },
	} },
};
enum { N_SHOWN = sizeof shown / sizeof *shown };

/* A line that ovs-ofctl reads; what is no flow of the switch stands behind a #. */
static void print_flow(const json_t *item, const char *file)
{
	const char *state = client_text(item, "state"), *app = client_text(item, "app");
	const char *object = client_text(item, "object"), *error = client_text(item, "error");
	const char *row = client_text(item, "row");
	if (strcmp(client_text(item, "kind"), "flow") || !strcmp(state, "going"))
		printf("# ");
	cli_print_text(stdout, client_text(item, "flow"));
	if (*app)
		printf("  # %s: ", app);
	if (*app)
		cli_print_text(stdout, *object ? object : "not in the file");
	if (client_number(item, "line"))
		printf(" (%s:%lld)", file, client_number(item, "line"));
	if (*row)
		printf("; %s", row);
	if (strcmp(state, "have"))
		printf("%s[%s%s%s]", *app ? " " : "  # ", state, *error ? ": " : "", error);
	putchar('\n');
}

static void print_flows(const char *file, const json_t *items)
{
	const char *last = "";
	size_t i;
	const json_t *item;
	json_array_foreach(items, i, item) {
		const char *sw = json_string_value(json_object_get(item, "switch"));
		if (sw && strcmp(sw, last)) {
			printf("# switch ");
			cli_print_text(stdout, sw);
			putchar('\n');
			last = sw;
		}
		print_flow(item, file ? file : "topology");
	}
}

const char *cli_show_names(void)
{
	static char names[128];
	if (!names[0])
		for (size_t i = 0; i < N_SHOWN; i++)
			snprintf(names + strlen(names), sizeof names - strlen(names), "%s, ", shown[i].name);
	if (names[strlen(names) - 1] == ' ')
		strcat(names, "te");
	return names;
}

bool cli_shows(const char *name)
{
	if (!strcmp(name, "te"))
		return true;
	for (size_t i = 0; i < N_SHOWN; i++)
		if (!strcmp(shown[i].name, name))
			return true;
	return false;
}

static int no_such_list(const char *word)
{
	const char *names[N_SHOWN + 1];
	char why[256];
	for (size_t i = 0; i < N_SHOWN; i++)
		names[i] = shown[i].name;
	names[N_SHOWN] = "te";
	const char *near = diag_did_you_mean(word, names, N_SHOWN + 1);
	snprintf(why, sizeof why, "there is no \"%.64s\" to show; %s%s%s", word, near ? "did you mean " : "there are ",
		 near ? near : cli_show_names(), near ? "?" : "");
	return cli_bad_usage("show", why);
}

int cli_show(const struct cli *cli, int argc, char **argv)
{
	const struct shown *list = NULL;
	char path[64];
	if (argc < 2)
		return cli_bad_usage(argv[0], "show what?");
	if (!strcmp(argv[1], "te"))
		return cli_te(cli, argc - 1, argv + 1);
	for (size_t i = 0; i < N_SHOWN; i++)
		if (!strcmp(shown[i].name, argv[1]))
			list = &shown[i];
	if (!list)
		return no_such_list(argv[1]);
	snprintf(path, sizeof path, "/v1/%s", list->name);
	char *target = client_target(path, argc - 2, argv + 2);
	if (!target)
		return CLI_ERROR;
	struct client_reply reply;
	bool is_answered = client_call(cli->run_dir, target, NULL, 0, &reply);
	free(target);
	if (!is_answered)
		return CLI_ERROR;
	int status = CLI_ERROR;
	json_t *json = cli->json ? NULL : json_loadb(reply.body, reply.size, 0, NULL);
	if (reply.code >= 400 || (!cli->json && !json)) {
		client_say_error(&reply);
	} else {
		status = CLI_OK;
		const json_t *items = json_object_get(json, list->name);
		if (cli->json)
			fwrite(reply.body, 1, reply.size, stdout);
		else if (list->columns[0].key)
			cli_list(list->columns, items, stdout);
		else
			print_flows(json_string_value(json_object_get(json, "file")), items);
		if (json_is_true(json_object_get(json, "truncated")))
			fprintf(stderr, "weft: there are more; limit=0 shows all\n");
	}
	json_decref(json);
	client_reply_free(&reply);
	return status;
}
