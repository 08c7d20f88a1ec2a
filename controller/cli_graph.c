/* SPDX-License-Identifier: Apache-2.0 */
/* graph: switches, links and their loads, drawn. Everything is made here, from one
 * answer of the API; Graphviz and Mermaid lay it out themselves, the others not. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "controller/cli.h"
#include "controller/cli_table.h"
#include "controller/client.h"

enum { BAR = 20, SIZE = 640, CENTRE = SIZE / 2, RADIUS = 240, DISC = 34 };

static double real(const json_t *json, const char *key) { return json_number_value(json_object_get(json, key)); }

/* The busier direction, percent; below 0 = not known. */
static double used(const json_t *edge)
{
	if (!json_is_number(json_object_get(edge, "utilisation_from_a_percent"))
	    && !json_is_number(json_object_get(edge, "utilisation_from_b_percent")))
		return -1;
	return fmax(real(edge, "utilisation_from_a_percent"), real(edge, "utilisation_from_b_percent"));
}

/* Of the NICs that a tunnel shares with others; below 0 = none. */
static double used_nic(const json_t *edge)
{
	if (!json_is_number(json_object_get(edge, "nic_from_a_percent")))
		return -1;
	return fmax(real(edge, "nic_from_a_percent"), real(edge, "nic_from_b_percent"));
}

static bool is_up(const json_t *edge) { return json_is_true(json_object_get(edge, "up")); }

static const char *color(const json_t *edge)
{
	double u = fmax(used(edge), used_nic(edge));
	return !is_up(edge) ? "gray" : u >= 90 ? "red" : u >= 70 ? "orange" : "black";
}

/* "40 % / 3 %", "down" */
static const char *load_text(const json_t *edge, char *buf, size_t size)
{
	if (!is_up(edge))
		snprintf(buf, size, "down");
	else if (used(edge) < 0 && used_nic(edge) < 0)
		snprintf(buf, size, "?");
	else if (used_nic(edge) > used(edge))
		snprintf(buf, size, "NIC %.0f %% / %.0f %%", real(edge, "nic_from_a_percent"), real(edge, "nic_from_b_percent"));
	else
		snprintf(buf, size, "%.0f %% / %.0f %%", real(edge, "utilisation_from_a_percent"),
			 real(edge, "utilisation_from_b_percent"));
	return buf;
}

/* --- terminal ---------------------------------------------------------------------------- */

static void bar(double percent, char buf[BAR + 3])
{
	int n = (int) lround(percent / 100 * BAR);
	buf[0] = '[';
	for (int i = 0; i < BAR; i++)
		buf[1 + i] = i < n ? '#' : '.';
	buf[BAR + 1] = ']';
	buf[BAR + 2] = '\0';
}

/* Each switch, and below it its links, in both directions. */
static void print_ascii(const json_t *nodes, const json_t *edges)
{
	size_t i, k;
	const json_t *node, *edge;
	json_array_foreach(nodes, i, node) {
		const char *name = client_text(node, "name"), *state = client_text(node, "state");
		cli_print_text(stdout, name);
		printf(strcmp(state, "connected") ? " (%s)\n" : "\n", state);
		struct cli_table *table = cli_table_new("- TO OUT> USED LINK STATE");
		json_array_foreach(edges, k, edge) {
			bool from_a = !strcmp(client_text(edge, "a"), name);
			char text[BAR + 3] = "", rate[24] = "?";
			if (!from_a && strcmp(client_text(edge, "b"), name))
				continue;
			const json_t *load = json_object_get(edge, from_a ? "load_from_a_mbps" : "load_from_b_mbps");
			double percent = real(edge, from_a ? "utilisation_from_a_percent" : "utilisation_from_b_percent");
			if (json_is_number(load))
				cli_mbps(json_number_value(load), rate);
			if (json_is_number(load))
				bar(percent, text);
			cli_table_cell(table, " --");
			cli_table_cell(table, "%s", client_text(edge, from_a ? "b" : "a"));
			cli_table_cell(table, "%s", rate);
			const json_t *nic = json_object_get(edge, from_a ? "nic_from_a_percent" : "nic_from_b_percent");
			if (json_is_number(nic) && (!json_is_number(load) || json_number_value(nic) > percent))
				cli_table_cell(table, "NIC %.0f %%", json_number_value(nic));
			else if (json_is_number(load))
				cli_table_cell(table, "%s %.0f %%", text, percent);
			else
				cli_table_cell(table, "-");
			cli_table_cell(table, "%s", client_text(edge, "name"));
			cli_table_cell(table, "%s", !is_up(edge) ? "down" : json_is_true(json_object_get(edge, "drain")) ? "drain" :
				       client_number(edge, "held_seconds") ? "held" : "");
		}
		cli_table_end(table, stdout);
		if (i + 1 < json_array_size(nodes))
			putchar('\n');
	}
}

/* --- for others to lay out ------------------------------------------------------------------ */

/* Between double quotes. */
static void print_quoted(const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar((unsigned char) *text < ' ' ? '?' : *text);
	}
}

static void print_dot(const json_t *nodes, const json_t *edges)
{
	size_t i;
	const json_t *item;
	char buf[64];
	printf("graph weft {\n\tnode [shape=box];\n");
	json_array_foreach(nodes, i, item) {
		printf("\t\"");
		print_quoted(client_text(item, "name"));
		printf(strcmp(client_text(item, "state"), "connected") ? "\" [style=dashed];\n" : "\";\n");
	}
	json_array_foreach(edges, i, item) {
		printf("\t\"");
		print_quoted(client_text(item, "a"));
		printf("\" -- \"");
		print_quoted(client_text(item, "b"));
		printf("\" [label=\"%s\", color=%s, tooltip=\"", load_text(item, buf, sizeof buf), color(item));
		print_quoted(client_text(item, "name"));
		printf("\"%s];\n", is_up(item) ? "" : ", style=dotted");
	}
	printf("}\n");
}

static size_t number_of(const json_t *nodes, const char *name)
{
	size_t i;
	const json_t *node;
	json_array_foreach(nodes, i, node)
		if (!strcmp(client_text(node, "name"), name))
			return i;
	return 0;
}

/* Names may be anything, so nodes have numbers and the names are labels. */
static void print_mermaid(const json_t *nodes, const json_t *edges)
{
	size_t i;
	const json_t *item;
	char buf[64];
	printf("graph LR\n");
	json_array_foreach(nodes, i, item) {
		printf("\tn%zu[\"", i);
		for (const char *p = client_text(item, "name"); *p; p++)
			putchar(*p == '"' || (unsigned char) *p < ' ' ? '?' : *p);
		printf("\"]\n");
	}
	json_array_foreach(edges, i, item)
		printf("\tn%zu %s|\"%s\"| n%zu\n", number_of(nodes, client_text(item, "a")), is_up(item) ? "---" : "-.-",
		       load_text(item, buf, sizeof buf), number_of(nodes, client_text(item, "b")));
}

/* --- a picture ---------------------------------------------------------------------------- */

static void print_xml(const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			printf("&lt;");
		else if (*text == '>')
			printf("&gt;");
		else if (*text == '&')
			printf("&amp;");
		else
			putchar((unsigned char) *text < ' ' ? '?' : *text);
	}
}

static void place(size_t i, size_t n, double *ret_x, double *ret_y)
{
	double angle = 2 * M_PI * (double) i / (double) (n ? n : 1) - M_PI / 2;
	*ret_x = CENTRE + RADIUS * cos(angle);
	*ret_y = CENTRE + RADIUS * sin(angle);
}

static void print_svg(const json_t *nodes, const json_t *edges)
{
	size_t i, n = json_array_size(nodes);
	const json_t *item;
	char buf[64];
	double x, y, x2, y2;
	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\" "
	       "text-anchor=\"middle\">\n<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n", SIZE, SIZE, SIZE, SIZE);
	json_array_foreach(edges, i, item) {
		double u = fmax(used(item), used_nic(item));
		place(number_of(nodes, client_text(item, "a")), n, &x, &y);
		place(number_of(nodes, client_text(item, "b")), n, &x2, &y2);
		printf("<line x1=\"%.0f\" y1=\"%.0f\" x2=\"%.0f\" y2=\"%.0f\" stroke=\"%s\" stroke-width=\"%.1f\"%s/>\n", x, y, x2, y2,
		       color(item), 1.5 + fmin(fmax(u, 0), 100) / 12, is_up(item) ? "" : " stroke-dasharray=\"4\"");
		/* A third of the way, for in the middle all would meet. */
		printf("<text x=\"%.0f\" y=\"%.0f\" fill=\"%s\">%s</text>\n", x + (x2 - x) / 3, y + (y2 - y) / 3 - 5, color(item),
		       load_text(item, buf, sizeof buf));
	}
	json_array_foreach(nodes, i, item) {
		bool is_there = !strcmp(client_text(item, "state"), "connected");
		place(i, n, &x, &y);
		printf("<circle cx=\"%.0f\" cy=\"%.0f\" r=\"%d\" fill=\"%s\" stroke=\"black\"/>\n<text x=\"%.0f\" y=\"%.0f\">", x, y, DISC,
		       is_there ? "white" : "lightgray", x, y + 4);
		print_xml(client_text(item, "name"));
		printf("</text>\n");
	}
	printf("</svg>\n");
}

int cli_graph(const struct cli *cli, int argc, char **argv)
{
	void (*print)(const json_t *, const json_t *) = print_ascii;
	if (argc > 2)
		return cli_bad_usage(argv[0], "one form at a time");
	if (argc == 2) {
		print = !strcmp(argv[1], "--dot") ? print_dot : !strcmp(argv[1], "--mermaid") ? print_mermaid :
			!strcmp(argv[1], "--svg") ? print_svg : NULL;
		if (!print)
			return cli_bad_usage(argv[0], "forms are --dot, --mermaid and --svg");
	}
	json_t *json = client_get(cli->run_dir, "/v1/graph");
	if (!json)
		return CLI_ERROR;
	if (cli->json) {
		json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(10));
		putchar('\n');
	} else {
		print(json_object_get(json, "nodes"), json_object_get(json, "edges"));
	}
	json_decref(json);
	return CLI_OK;
}
