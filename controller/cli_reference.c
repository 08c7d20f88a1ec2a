/* SPDX-License-Identifier: Apache-2.0 */
/* reference: the pages of the manual that are printed from the program's tables. */
#include <string.h>

#include "apps/pipeline.h"
#include "controller/api.h"
#include "controller/cli.h"
#include "controller/doctor.h"
#include "controller/metrics.h"
#include "controller/options.h"
#include "topo/net.h"

static const struct page {
	const char *file, *help;
	void (*print)(FILE *);
} pages[] = {
	{ "file.md", "the topology file", net_print_reference },
	{ "topology.schema.json", "the same as a JSON Schema", net_print_schema },
	{ "errors.md", "what check can find", net_print_errors },
	{ "commands.md", "weft", cli_print_reference },
	{ "doctor.md", "what doctor looks at", doctor_print_reference },
	{ "weftd.md", "weftd", options_print_reference },
	{ "api.md", "the API", api_print_reference },
	{ "metrics.md", "the metrics", metrics_print_reference },
	{ "pipeline.md", "tables, registers, cookies", pipeline_print_reference },
};
enum { N_PAGES = sizeof pages / sizeof *pages };

int cli_reference(const struct cli *cli, int argc, char **argv)
{
	(void) cli;
	if (argc > 2)
		return cli_bad_usage(argv[0], "one PAGE is wanted");
	for (size_t i = 0; i < N_PAGES; i++) {
		if (argc == 1) {
			printf("%s\n", pages[i].file);
		} else if (!strncmp(pages[i].file, argv[1], strcspn(pages[i].file, ".")) &&
			   (!argv[1][strcspn(argv[1], ".")] || !strcmp(pages[i].file, argv[1]))) {
			pages[i].print(stdout);
			return CLI_OK;
		}
	}
	return argc == 1 ? CLI_OK : cli_bad_usage(argv[0], "no such page; without PAGE it lists them");
}
