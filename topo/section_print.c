/* SPDX-License-Identifier: Apache-2.0 */
/* The manual from the tables: reference page, JSON Schema (draft 2020-12) and
 * the page of errors. Each section is printed once, however often it is used. */
#include <string.h>

#include "topo/net.h"
#include "topo/section.h"

enum { MAX_SECTIONS = 64 };

struct sections {
	const struct section *all[MAX_SECTIONS];
	size_t n;
};

static void collect(struct sections *sections, const struct section *section)
{
	for (size_t i = 0; i < sections->n; i++)
		if (sections->all[i] == section)
			return;
	if (sections->n == MAX_SECTIONS)
		return;
	sections->all[sections->n++] = section;
	for (size_t i = 0; i < section->n_keys; i++)
		if (section->keys[i].section)
			collect(sections, section->keys[i].section);
}

/* --- markdown ---------------------------------------------------------------------- */

static void print_type(const struct section_key *key, FILE *out)
{
	if (key->section)
		fprintf(out, "%s of [%s](#%s)", key->type->title, key->section->name, key->section->name);
	else
		fputs(key->type->title, out);
	if (key->type->range) {
		fputs(": ", out);
		key->type->range(key, out);
	}
}

static void print_key(const struct section_key *key, FILE *out)
{
	fprintf(out, "| `%s` | ", key->name);
	print_type(key, out);
	if (key->is_required)
		fputs(" | must be there", out);
	else if (key->initial)
		fprintf(out, " | `%s`", key->initial);
	else
		fprintf(out, " | %s", key->otherwise ? key->otherwise : "");
	fprintf(out, " | %s |\n", key->help);
}

static void print_section(const struct section *section, FILE *out)
{
	if (section->name)
		fprintf(out, "## %s\n\n", section->name);
	fprintf(out, "%s\n\n", section->help);
	if (section->example)
		fprintf(out, "```yaml\n%s```\n\n", section->example);
	fputs("| key | type | default | meaning |\n|---|---|---|---|\n", out);
	for (size_t i = 0; i < section->n_keys; i++)
		print_key(&section->keys[i], out);
	putc('\n', out);
}

void section_print_reference(const struct section *root, FILE *out)
{
	struct sections sections = {.n = 0};

	collect(&sections, root);
	fputs("# The file\n\n", out);
	for (size_t i = 0; i < sections.n; i++)
		print_section(sections.all[i], out);
	fprintf(out, "## limits\n\n"
		"| what | most |\n|---|---|\n"
		"| size of the file | %d MiB |\n"
		"| keys and values | %d |\n"
		"| depth of lists and maps | %d |\n"
		"| switches | %d |\n"
		"| networks | %d |\n"
		"| length of a name | %d |\n",
		YAML_MAX_BYTES >> 20, YAML_MAX_NODES, YAML_MAX_DEPTH, NET_MAX_SWITCHES, NET_MAX_NETWORKS,
		SCALAR_MAX_NAME);
}

void net_print_errors(FILE *out)
{
	fputs("# Findings\n\nWhat `weft check` and weftd say about a file. Errors change nothing: the "
	      "network stays as it is.\n\n| code | what | what to do |\n|---|---|---|\n", out);
	for (int i = 0; i < N_DIAG_CODES; i++) {
		const struct diag_code_info *info = diag_code_info((enum diag_code) i);

		fprintf(out, "| %s | %s | %s |\n", info->code, info->summary, info->cure);
	}
}

/* --- JSON Schema ------------------------------------------------------------------- */

static void print_json_text(const char *text, FILE *out)
{
	putc('"', out);
	for (const char *p = text; *p; p++) {
		if (*p == '"' || *p == '\\')
			putc('\\', out);
		putc(*p, out);
	}
	putc('"', out);
}

/* The default as JSON: numbers and booleans bare, the rest as text. */
static void print_json_initial(const struct section_key *key, FILE *out)
{
	enum scalar_guess guess = scalar_guess(key->initial);

	if (guess == SCALAR_BOOL || guess == SCALAR_INT)
		fputs(key->initial, out);
	else
		print_json_text(key->initial, out);
}

static void print_json_map(const struct section *section, const char *indent, FILE *out)
{
	const char *comma = "";

	fprintf(out, "%s\"type\": \"object\",\n%s\"additionalProperties\": false,\n", indent, indent);
	fprintf(out, "%s\"patternProperties\": {\"^x-\": true},\n%s\"required\": [", indent, indent);
	for (size_t i = 0; i < section->n_keys; i++) {
		if (!section->keys[i].is_required)
			continue;
		fprintf(out, "%s\"%s\"", comma, section->keys[i].name);
		comma = ", ";
	}
	fprintf(out, "],\n%s\"properties\": {", indent);
	for (size_t i = 0; i < section->n_keys; i++) {
		const struct section_key *key = &section->keys[i];

		fprintf(out, "%s\n%s  \"%s\": {", i ? "," : "", indent, key->name);
		key->type->schema(key, out);
		if (key->initial) {
			fputs(", \"default\": ", out);
			print_json_initial(key, out);
		}
		fputs(", \"description\": ", out);
		print_json_text(key->help, out);
		putc('}', out);
	}
	fprintf(out, "\n%s}", indent);
}

/* A section with a short form is a scalar like its short key, or the map. */
static void print_json_section(const struct section *section, FILE *out)
{
	fprintf(out, "    \"%s\": {\n      \"description\": ", section->name);
	print_json_text(section->help, out);
	fputs(",\n", out);
	for (size_t i = 0; section->short_key && i < section->n_keys; i++) {
		if (strcmp(section->keys[i].name, section->short_key))
			continue;
		fputs("      \"anyOf\": [{", out);
		section->keys[i].type->schema(&section->keys[i], out);
		fputs("}, {\n", out);
	}
	print_json_map(section, section->short_key ? "        " : "      ", out);
	fputs(section->short_key ? "\n      }]\n    }" : "\n    }", out);
}

void section_print_schema(const struct section *root, FILE *out)
{
	struct sections sections = {.n = 0};

	collect(&sections, root);
	fputs("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
	      "  \"title\": \"weft topology file\",\n  \"description\": ", out);
	print_json_text(root->help, out);
	fputs(",\n", out);
	print_json_map(root, "  ", out);
	fputs(",\n  \"$defs\": {\n", out);
	for (size_t i = 1; i < sections.n; i++) {
		print_json_section(sections.all[i], out);
		fputs(i + 1 < sections.n ? ",\n" : "\n", out);
	}
	fputs("  }\n}\n", out);
}
