/* SPDX-License-Identifier: Apache-2.0 */
/* Key tables: a small section of our own with every type, read well and badly;
 * the manual and the schema that come from the same tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "topo/section.h"

struct shelf {
	const char *name;
	struct where where;
	uint32_t load;
	int n_checked;
};

struct house {
	struct where where;
	bool open;
	uint32_t floors;
	uint16_t number;
	uint32_t nap;
	uint64_t dpid;
	const char *text, *address, *prefix;
	int colour;
	struct shelf *shelves, *boxes;
	size_t n_shelves, n_boxes;
};

static const char *const colours[] = {"red", "green", NULL};
static const char *const later_colours[] = {"blue", NULL};
static const char *const later_keys[] = {"garden", NULL};

static const struct section_key shelf_keys[] = {
	{.name = "load", .type = &section_uint, .offset = offsetof(struct shelf, load), .min = 1,
	 .max = 9, .is_required = true, .help = "How much."},
};

static void check_shelf(const struct section_scene *scene, const struct section_at *at,
			const struct yaml_node *map, void *item)
{
	struct shelf *shelf = item;

	(void) scene, (void) map;
	assert_string_equal(at->section->name, "shelf");
	shelf->n_checked++;
}

static const struct section shelf_section = {
	.name = "shelf",
	.help = "A shelf.",
	.size = sizeof(struct shelf),
	.keys = shelf_keys,
	.n_keys = 1,
	.short_key = "load",
	.name_offset = offsetof(struct shelf, name),
	.where_offset = offsetof(struct shelf, where),
	.check = check_shelf,
};

#define MEMBER(NAME) .name = #NAME, .offset = offsetof(struct house, NAME)
static const struct section_key house_keys[] = {
	{MEMBER(open), .type = &section_bool, .initial = "true", .help = "Open?"},
	{MEMBER(floors), .type = &section_uint, .min = 1, .max = 100, .initial = "2", .help = "Floors."},
	{MEMBER(number), .type = &section_uint16, .min = 1, .max = 65535, .help = "Number."},
	{MEMBER(nap), .type = &section_duration, .min = 60, .max = 7200, .initial = "1h", .help = "Nap."},
	{MEMBER(dpid), .type = &section_dpid, .help = "Id."},
	{MEMBER(text), .type = &section_text, .otherwise = "none", .help = "A \"text\"."},
	{MEMBER(address), .type = &section_address, .help = "Address."},
	{MEMBER(prefix), .type = &section_prefix, .help = "Prefix."},
	{MEMBER(colour), .type = &section_word, .words = colours, .later = later_colours, .help = "Colour."},
	{MEMBER(shelves), .type = &section_table, .count_offset = offsetof(struct house, n_shelves),
	 .section = &shelf_section, .help = "Shelves."},
	{MEMBER(boxes), .type = &section_list, .count_offset = offsetof(struct house, n_boxes),
	 .section = &shelf_section, .help = "Boxes."},
};

static const struct section house_section = {
	.help = "A house.",
	.example = "open: true\n",
	.size = sizeof(struct house),
	.keys = house_keys,
	.n_keys = sizeof house_keys / sizeof *house_keys,
	.where_offset = offsetof(struct house, where),
	.later = later_keys,
};

struct fixture {
	struct arena *arena;
	struct diag *diag;
	struct house house;
};

static struct fixture read_house(const char *text)
{
	struct fixture f = {.arena = arena_new(), .diag = diag_new("h")};
	const struct section_scene scene = {.arena = f.arena, .diag = f.diag};
	const struct yaml_node *root = yaml_parse(f.arena, text, strlen(text), f.diag);

	assert_non_null(root);
	f.house.where = (struct where) {1, 1};
	section_parse(&scene, NULL, &house_section, NULL, root, &f.house);
	return f;
}

static void done(struct fixture *f)
{
	diag_free(f->diag);
	arena_free(f->arena);
}

static void test_defaults(void **state)
{
	struct fixture f = read_house("x-anything: [1]\n");

	(void) state;
	assert_int_equal(diag_n_findings(f.diag), 0);
	assert_true(f.house.open);
	assert_int_equal(f.house.floors, 2);
	assert_int_equal(f.house.nap, 3600);
	assert_int_equal(f.house.colour, 0);
	assert_null(f.house.text);
	assert_int_equal(f.house.n_shelves, 0);
	done(&f);
}

static void test_all_types(void **state)
{
	struct fixture f = read_house("open: false\n"
				      "floors: 100\n"
				      "number: 65535\n"
				      "nap: 2h\n"
				      "dpid: 0x10\n"
				      "text: a text\n"
				      "address: 10.0.0.1\n"
				      "prefix: 10.0.0.0/8\n"
				      "colour: green\n"
				      "shelves:\n"
				      "  x-note: ignored\n"
				      "  oak: {load: 3}\n"
				      "  pine: 4\n"
				      "boxes: [5, {load: 6, x-lid: true}]\n");

	(void) state;
	assert_int_equal(diag_n_findings(f.diag), 0);
	assert_false(f.house.open);
	assert_int_equal(f.house.floors, 100);
	assert_int_equal(f.house.number, 65535);
	assert_int_equal(f.house.nap, 7200);
	assert_int_equal(f.house.dpid, 16);
	assert_string_equal(f.house.text, "a text");
	assert_string_equal(f.house.address, "10.0.0.1");
	assert_string_equal(f.house.prefix, "10.0.0.0/8");
	assert_int_equal(f.house.colour, 2);
	assert_int_equal(f.house.n_shelves, 2);
	assert_string_equal(f.house.shelves[0].name, "oak");
	assert_int_equal(f.house.shelves[0].where.line, 12);
	assert_int_equal(f.house.shelves[0].load, 3);
	assert_int_equal(f.house.shelves[0].n_checked, 1);
	assert_int_equal(f.house.shelves[1].load, 4);
	assert_int_equal(f.house.shelves[1].n_checked, 1);
	assert_int_equal(f.house.n_boxes, 2);
	assert_int_equal(f.house.boxes[0].load, 5);
	assert_int_equal(f.house.boxes[1].load, 6);
	assert_int_equal(f.house.boxes[1].where.col, 12);
	done(&f);
}

static void test_findings(void **state)
{
	static const struct {
		const char *text, *finding;
	} cases[] = {
		{"open: yes", "h:1:7: error: \"open\" in the file is yes; only true and false are read: "
			      "write true  [E004]"},
		{"floors: 0", "h:1:9: error: \"floors\" in the file is 0; the range is 1 to 100  [E005]"},
		{"floors: [1]", "h:1:9: error: \"floors\" in the file is a list; wanted: whole number  [E004]"},
		{"floors: {a: 1}", "h:1:9: error: \"floors\" in the file is a map; wanted: whole number  [E004]"},
		{"text: \"a\\0b\"", "h:1:7: error: \"text\" in the file holds a NUL character  [E004]"},
		{"number:", "h:1:1: error: \"number\" in the file has no value; give it one or leave the "
			    "key out  [E004]"},
		{"flors: 1", "h:1:1: error: unknown key \"flors\" in the file; did you mean \"floors\"?  [E003]"},
		{"rooms: 1", "h:1:1: error: unknown key \"rooms\" in the file  [E003]"},
		{"garden: 1", "h:1:1: error: \"garden\" in the file is not in this release; leave it out, or "
			      "write x-garden to have it ignored  [E003]"},
		{"on: 1", "h:1:1: error: key \"on\" in the file is what YAML 1.1 tools make of yes, no, on and "
			  "off; quote the key in the input of the tool  [E009]"},
		{"colour: grene", "h:1:9: error: \"colour\" in the file is \"grene\"; did you mean \"green\"?  [E004]"},
		{"colour: black", "h:1:9: error: \"colour\" in the file is \"black\"; this release knows: red, "
				  "green  [E004]"},
		{"colour: blue", "h:1:9: error: \"colour\" in the file is \"blue\", which is not in this "
				 "release  [E004]"},
		{"shelves: {oak: {}}", "h:1:11: error: shelf \"oak\" has no \"load\", and it must have one  [E006]"},
		{"shelves: {oak: ~}", "h:1:11: error: shelf \"oak\" has no \"load\", and it must have one  [E006]"},
		/* A misspelt key is one mistake, not two. */
		{"shelves: {oak: {laod: 1}}", "h:1:17: error: unknown key \"laod\" in shelf \"oak\"; did you mean "
					      "\"load\"?  [E003]"},
		{"shelves: {oak: 10}", "h:1:16: error: shelf \"oak\" is 10; the range is 1 to 9  [E005]"},
		{"shelves: {oak: {load: 10}}", "h:1:23: error: shelf \"oak\" is 10; the range is 1 to 9  [E005]"},
		{"shelves: {no: 1}", "h:1:11: error: shelf name \"no\" is what YAML 1.1 tools make of yes, no, on "
				     "and off; write the name in quotes, also in the input of the tool  [E009]"},
		{"shelves: [1]", "h:1:10: error: \"shelves\" in the file is a list; wanted: a map of names  [E004]"},
		{"boxes: {a: 1}", "h:1:8: error: \"boxes\" in the file is a map; wanted: a list, [...]  [E004]"},
		{"boxes: [10]", "h:1:9: error: a shelf is 10; the range is 1 to 9  [E005]"},
		{"boxes: [[1]]", "h:1:9: error: a shelf is a list; wanted: whole number, or a map of keys  [E004]"},
		{"boxes: [a: b]", "h:1:9: error: a shelf is \"a: b\" with a space; write a:b  [E012]"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fixture f = read_house(cases[i].text);
		char line[1000] = "nothing";

		if (diag_n_findings(f.diag))
			diag_format(f.diag, diag_finding(f.diag, 0), line, sizeof line);
		assert_string_equal(line, cases[i].finding);
		assert_int_equal(diag_n_findings(f.diag), 1);
		done(&f);
	}
}

/* One bad key hides no other. */
static void test_all_at_once(void **state)
{
	struct fixture f = read_house("open: 1\nfloors: 0\nnap: 1\nshelves: {a b: {load: x, y: 1}}\n"
				      "boxes: [10, {}]\nrooms: 1\n");

	(void) state;
	assert_int_equal(diag_n_errors(f.diag), 9);
	done(&f);
}

static char *print(void (*printer)(const struct section *, FILE *), size_t *ret_len)
{
	char *text;
	FILE *out = open_memstream(&text, ret_len);

	printer(&house_section, out);
	fclose(out);
	return text;
}

static int count(const char *text, const char *word)
{
	int n = 0;

	for (; *text; text++)
		n += !strncmp(text, word, strlen(word));
	return n;
}

static void test_reference(void **state)
{
	static const char *const parts[] = {
		"A house.", "```yaml\nopen: true\n```",
		"| `open` | true or false | `true` | Open? |\n",
		"| `floors` | whole number: 1 to 100 | `2` | Floors. |\n",
		"| `nap` | duration: 0, or 60s to 7200s | `1h` | Nap. |\n",
		"| `text` | text | none | A \"text\". |\n",
		"| `colour` | word: `red`, `green` |  | Colour. |\n",
		"| `boxes` | list of [shelf](#shelf) |  | Boxes. |\n",
		"## shelf\n\nA shelf.\n",
		"| `load` | whole number: 1 to 9 | must be there | How much. |\n",
	};
	size_t len;
	char *text = print(section_print_reference, &len);

	(void) state;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (!strstr(text, parts[i]))
			fail_msg("no \"%s\" in:\n%s", parts[i], text);
	/* A section that is used twice is printed once. */
	assert_int_equal(count(text, "## shelf"), 1);
	assert_null(strstr(text, "garden"));
	free(text);
}

static const struct yaml_node *at_path(const struct yaml_node *node, const char *path)
{
	char step[64];
	int n;

	while (node && *path) {
		n = (int) strcspn(path, "/");
		snprintf(step, sizeof step, "%.*s", n, path);
		path += n + (path[n] == '/');
		node = yaml_get(node, step);
	}
	return node;
}

/* JSON is YAML, so our own reader reads it. */
static void test_schema(void **state)
{
	static const struct {
		const char *path, *text;
	} cases[] = {
		{"type", "object"},
		{"additionalProperties", "false"},
		{"properties/open/type", "boolean"},
		{"properties/open/default", "true"},
		{"properties/floors/minimum", "1"},
		{"properties/floors/maximum", "100"},
		{"properties/floors/default", "2"},
		{"properties/nap/default", "1h"},
		{"properties/text/description", "A \"text\"."},
		{"properties/shelves/additionalProperties/$ref", "#/$defs/shelf"},
		{"properties/boxes/items/$ref", "#/$defs/shelf"},
		{"$defs/shelf/description", "A shelf."},
	};
	struct arena *arena = arena_new();
	struct diag *diag = diag_new("schema.json");
	size_t len;
	char *text = print(section_print_schema, &len);
	const struct yaml_node *root = yaml_parse(arena, text, len, diag);

	(void) state;
	if (!root || diag_n_findings(diag)) {
		diag_print(diag, stderr);
		fail_msg("%s", text);
	}
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct yaml_node *node = at_path(root, cases[i].path);

		if (!node)
			fail_msg("no %s", cases[i].path);
		assert_string_equal(node->text, cases[i].text);
	}
	const struct yaml_node *shelf = at_path(root, "$defs/shelf/anyOf");
	assert_int_equal(shelf->n_items, 2);
	assert_string_equal(yaml_get(shelf->items[0], "type")->text, "integer");
	assert_string_equal(yaml_get(shelf->items[1], "required")->items[0]->text, "load");
	assert_int_equal(at_path(root, "properties/colour/enum")->n_items, 2);
	diag_free(diag);
	arena_free(arena);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_types),
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_reference),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests_name("section", tests, NULL, NULL);
}
