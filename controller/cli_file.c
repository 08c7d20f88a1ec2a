/* SPDX-License-Identifier: Apache-2.0 */
/* check: a topology file, without weftd. What weftd does with one is in cli_change.c and cli_plan.c. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "controller/cli.h"
#include "topo/net.h"

enum { MTU_LINES = 4 };                  /* networks that are told one by one */

static void print_json(json_t *take)
{
	json_dumpf(take, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(take);
}

static json_t *finding_json(const struct diag *diag, const struct finding *finding)
{
	const struct diag_code_info *info = diag_code_info(finding->code);
	/* A text that is no UTF-8 cannot stand in JSON. */
	json_t *text = json_string(finding->text);
	return json_pack("{s:s, s:I, s:I, s:s, s:s, s:o, s:s}", "file", diag_file(diag),
			 "line", (json_int_t) finding->where.line, "column", (json_int_t) finding->where.col,
			 "severity", info->severity == DIAG_ERROR ? "error" : "warning", "code", info->code,
			 "text", text ? text : json_string(info->summary), "cure", info->cure);
}

/* What its guests may send, per network that goes by tunnels. */
static json_t *mtus_json(const struct net *net)
{
	json_t *mtus = json_object();
	for (size_t i = 0; net && i < net->n_networks; i++)
		if (net->networks[i].guest_mtu)
			json_object_set_new(mtus, net->networks[i].name, json_integer(net->networks[i].guest_mtu));
	return mtus;
}

/* One line each, when there are few; else one for all with one MTU. */
static void print_mtus(const struct net *net)
{
	for (size_t i = 0; i < net->n_networks; i++) {
		uint32_t mtu = net->networks[i].guest_mtu;
		size_t n_before = 0, n = 0;
		for (size_t k = 0; k < net->n_networks; k++) {
			n += net->networks[k].guest_mtu == mtu;
			n_before += k < i && net->networks[k].guest_mtu == mtu;
			/* That is enough to know. */
			if (n_before && n > MTU_LINES)
				break;
		}
		if (mtu && n <= MTU_LINES)
			printf("network %s goes by VXLAN: its guests need an MTU of at most %" PRIu32 "\n", net->networks[i].name, mtu);
		else if (mtu && !n_before)
			printf("%zu networks go by VXLAN (%s, ...): their guests need an MTU of at most %" PRIu32 "\n", n,
			       net->networks[i].name, mtu);
	}
}

static void print_check_json(const struct net *net, const struct diag *diag)
{
	json_t *findings = json_array();
	for (size_t i = 0; i < diag_n_findings(diag); i++)
		json_array_append_new(findings, finding_json(diag, diag_finding(diag, i)));
	print_json(json_pack("{s:b, s:o, s:o, s:o}", "ok", net != NULL, "digest",
			     net ? json_string(net->digest_text) : json_null(), "findings", findings,
			     "guest_mtu", mtus_json(net)));
}

static void print_check(const struct net *net, const struct diag *diag)
{
	size_t n_errors = diag_n_errors(diag), n_warnings = diag_n_findings(diag) - n_errors;
	diag_print(diag, stderr);
	if (!net) {
		fprintf(stderr, "%s: %zu error%s\n", diag_file(diag), n_errors, n_errors == 1 ? "" : "s");
		return;
	}
	printf("%s: fine: ", diag_file(diag));
	if (net->n_switches)
		printf("%zu switch%s", net->n_switches, net->n_switches == 1 ? "" : "es");
	else
		printf("any switch");
	printf(", %zu network%s%s\n", net->n_networks, net->n_networks == 1 ? "" : "s",
	       n_warnings ? ", with warnings" : "");
	print_mtus(net);
}

/* `weft check <(make-topology)`: a pipe is read like stdin. */
static bool is_stream(const char *path)
{
	struct stat st;
	return !strcmp(path, "-") || (!stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

/* diag is new and named after the file. */
static struct net *load(const char *path, struct diag **ret_diag)
{
	const char *name = strcmp(path, "-") ? path : "(stdin)";
	*ret_diag = diag_new(name);
	if (!is_stream(path))
		return net_load(path, *ret_diag);
	size_t size;
	char *text = cli_read_file(path, &size);
	struct net *net = text ? net_parse(name, text, size, *ret_diag) : NULL;
	free(text);
	return net;
}

struct net *cli_load_net(const char *path)
{
	struct diag *diag;
	struct net *net = load(path, &diag);
	if (!net)
		diag_print(diag, stderr);
	diag_free(diag);
	return net;
}

int cli_check(const struct cli *cli, int argc, char **argv)
{
	if (argc != 2)
		return cli_bad_usage(argv[0], "one FILE is wanted");
	struct diag *diag;
	struct net *net = load(argv[1], &diag);
	if (cli->json)
		print_check_json(net, diag);
	else
		print_check(net, diag);
	int status = net ? CLI_OK : CLI_ERROR;
	net_free(net);
	diag_free(diag);
	return status;
}
