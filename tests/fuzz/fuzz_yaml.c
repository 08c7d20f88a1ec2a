/* SPDX-License-Identifier: Apache-2.0 */
/* The file from a stranger: any bytes give a model or errors, and what is
 * printed of a model parses to the same print. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "topo/net.h"

static char *print(const struct net *net, size_t *ret_len)
{
	char *text;
	FILE *out = open_memstream(&text, ret_len);

	net_print(net, out);
	fclose(out);
	return text;
}

static void require(bool is_true, const char *what, const char *text)
{
	if (is_true)
		return;
	fprintf(stderr, "fuzz_yaml: %s\n%s\n", what, text);
	abort();
}

/* Each finding has a place in the text, or none at all. */
static void check_findings(const struct diag *diag, const uint8_t *bytes, size_t len)
{
	uint32_t n_lines = 2;

	/* YAML breaks lines at CR, NEL, LS and PS, too; count what may be one. */
	for (size_t i = 0; i < len; i++)
		n_lines += bytes[i] == '\n' || bytes[i] == '\r' || bytes[i] >= 0x80;
	for (size_t i = 0; i < diag_n_findings(diag); i++) {
		const struct finding *finding = diag_finding(diag, i);
		char line[8192];

		diag_format(diag, finding, line, sizeof line);
		require(finding->where.line <= n_lines, "a place behind the end", line);
		require(!finding->where.line || finding->where.col, "a line without column", line);
		for (const char *p = line; *p; p++)
			require((unsigned char) *p >= 0x20, "a control character is shown", line);
	}
}

/* What the model says of a port must hold whatever the file was. */
static void check_uses(const struct net *net, const char *model)
{
	struct net_use uses[64];
	bool disabled;

	for (size_t i = 0; i < net->n_networks; i++) {
		for (size_t k = 0; k < net->networks[i].n_ports; k++) {
			const struct net_port *port = &net->networks[i].ports[k];

			if (port->is_glob)
				continue;
			size_t n = net_uses(net, port->switch_glob, port->port_glob, false, uses, 64,
					    &disabled);
			require(n > 0, "an exact port stands nowhere", model);
			require(port->enable || disabled, "a disabled port is not", model);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct diag *diag = diag_new("fuzz.yaml");
	struct net *net = net_parse("fuzz.yaml", (const char *) bytes, len, diag);

	check_findings(diag, bytes, len);
	require(!net == (diag_n_errors(diag) > 0), "errors and a model, or neither", "");
	diag_free(diag);
	if (!net)
		return 0;
	size_t model_len, again_len;
	char *model = print(net, &model_len);
	check_uses(net, model);
	diag = diag_new("model.yaml");
	struct net *same = net_parse("model.yaml", model, model_len, diag);
	require(same != NULL, "the model does not parse", model);
	char *again = print(same, &again_len);
	require(model_len == again_len && !memcmp(model, again, model_len), "the model is not stable",
		model);
	free(model);
	free(again);
	net_free(same);
	net_free(net);
	diag_free(diag);
	return 0;
}
