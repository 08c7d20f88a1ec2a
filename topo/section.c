/* SPDX-License-Identifier: Apache-2.0 */
/* Reads maps, lists and tables by their key tables. Goes on after each
 * finding, so that one run shows them all. */
#include "topo/section.h"

#include <assert.h>
#include <string.h>

enum { MAX_KEYS = 64 };

static void *member_at(void *item, size_t offset)
{
	return (unsigned char *) item + offset;
}

const char *section_at_text(const struct section_scene *scene, const struct section_at *at)
{
	if (!at || !at->section->name)
		return "the file";
	const struct section_at *outer = at->outer;
	if (at->name)
		return arena_printf(scene->arena, "%s \"%s\"", at->section->name, at->name);
	if (at->section->is_single)
		return arena_printf(scene->arena, "\"%s\"", at->section->name);
	const char *article = strchr("aeiou", at->section->name[0]) ? "an" : "a";
	if (!outer || !outer->section->name)
		return arena_printf(scene->arena, "%s %s", article, at->section->name);
	return arena_printf(scene->arena, "%s %s of %s", article, at->section->name,
			    section_at_text(scene, outer));
}

void section_complain(const struct section_scene *scene, const struct section_at *at,
		      const struct section_key *key, struct where where, enum diag_code code,
		      const char *text)
{
	const char *stands = section_at_text(scene, at);
	const char *short_key = at->section->short_key;

	/* "a port of network "office" is ...", not "port" in a port of it. */
	if (short_key && !strcmp(key->name, short_key))
		diag_add(scene->diag, where, code, "%s %s", stands, text);
	else
		diag_add(scene->diag, where, code, "\"%s\" in %s %s", key->name, stands, text);
}

static const char *kind_name(enum yaml_kind kind)
{
	switch (kind) {
	case YAML_SCALAR:
		return "a single value";
	case YAML_SEQ:
		return "a list";
	case YAML_MAP:
		return "a map";
	}
	return "";
}

bool section_scalar(const struct section_scene *scene, const struct section_at *at,
		    const struct section_key *key, const struct yaml_node *node, struct scalar *ret)
{
	if (node->kind != YAML_SCALAR) {
		section_complain(scene, at, key, node->where, DIAG_TYPE,
				 arena_printf(scene->arena, "is %s; wanted: %s", kind_name(node->kind),
					      key->type->title));
		return false;
	}
	if (memchr(node->text, '\0', node->len)) {
		section_complain(scene, at, key, node->where, DIAG_TYPE, "holds a NUL character");
		return false;
	}
	*ret = (struct scalar) {.text = node->text, .is_quoted = node->quoted};
	return true;
}

static bool is_null(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && !node->quoted && scalar_guess(node->text) == SCALAR_NULL;
}

static bool is_ignored(const struct yaml_node *key)
{
	return key->len >= 2 && !memcmp(key->text, "x-", 2);
}

static const struct section_key *find_key(const struct section *section,
					  const struct yaml_node *key)
{
	for (size_t i = 0; i < section->n_keys; i++)
		if (strlen(section->keys[i].name) == key->len
		    && !memcmp(section->keys[i].name, key->text, key->len))
			return &section->keys[i];
	return NULL;
}

/* The key that a word was probably meant to be, or null. */
static const struct section_key *meant_key(const struct section *section, const char *word)
{
	const char *names[MAX_KEYS];

	for (size_t i = 0; i < section->n_keys; i++)
		names[i] = section->keys[i].name;
	const char *name = diag_did_you_mean(word, names, section->n_keys);
	for (size_t i = 0; name && i < section->n_keys; i++)
		if (section->keys[i].name == name)
			return &section->keys[i];
	return NULL;
}

/* Says so; returns the index of the key it was probably meant to be, or n_keys. */
static size_t report_unknown(const struct section_scene *scene, const struct section_at *at,
			     const struct yaml_node *key)
{
	const struct section *section = at->section;

	for (const char *const *later = section->later; later && *later; later++) {
		if (strcmp(*later, key->text))
			continue;
		diag_add(scene->diag, key->where, DIAG_UNKNOWN_KEY,
			 "\"%s\" in %s is not in this release; leave it out, or write x-%s to have it ignored",
			 key->text, section_at_text(scene, at), key->text);
		return section->n_keys;
	}
	if (!key->quoted && scalar_guess(key->text) == SCALAR_BOOL) {
		diag_add(scene->diag, key->where, DIAG_YAML11,
			 "key \"%s\" in %s is what YAML 1.1 tools make of yes, no, on and off; "
			 "quote the key in the input of the tool", key->text, section_at_text(scene, at));
		return section->n_keys;
	}
	const struct section_key *meant =
		diag_is_full(scene->diag) ? NULL : meant_key(section, key->text);
	if (!meant) {
		diag_add(scene->diag, key->where, DIAG_UNKNOWN_KEY, "unknown key \"%.90s\" in %s", key->text,
			 section_at_text(scene, at));
		return section->n_keys;
	}
	diag_add(scene->diag, key->where, DIAG_UNKNOWN_KEY,
		 "unknown key \"%s\" in %s; did you mean \"%s\"?", key->text, section_at_text(scene, at),
		 meant->name);
	return (size_t) (meant - section->keys);
}

static void parse_initials(const struct section_scene *scene, const struct section_at *at,
			   const struct section *section, void *item)
{
	for (size_t i = 0; i < section->n_keys; i++) {
		const struct section_key *key = &section->keys[i];

		if (!key->initial)
			continue;
		struct yaml_node node = {.text = key->initial, .len = strlen(key->initial)};
		bool is_good = key->type->parse(scene, at, key, &node, member_at(item, key->offset));
		assert(is_good);
		(void) is_good;
	}
}

static const struct section_key *find_short_key(const struct section *section)
{
	for (size_t i = 0; section->short_key && i < section->n_keys; i++)
		if (!strcmp(section->keys[i].name, section->short_key))
			return &section->keys[i];
	return NULL;
}

/* `- kvm1: vm-a`: the one slip that makes a map of a switch:port. */
static bool is_split_port(const struct section *section, const struct yaml_node *map)
{
	const struct section_key *short_key = find_short_key(section);

	return short_key && !short_key->type->takes_list && map->n_items == 1 && !find_key(section, map->keys[0])
	       && !is_ignored(map->keys[0]) && !meant_key(section, map->keys[0]->text)
	       && map->items[0]->kind == YAML_SCALAR && map->items[0]->len
	       && !strchr(map->items[0]->text, ':');
}

static void parse_keys(const struct section_scene *scene, const struct section_at *at,
		       const struct yaml_node *map, void *item)
{
	const struct section *section = at->section;
	bool seen[MAX_KEYS + 1] = {false};

	for (size_t i = 0; i < map->n_items; i++) {
		const struct yaml_node *key_node = map->keys[i];
		struct yaml_node *value = map->items[i];
		const struct section_key *key = find_key(section, key_node);

		if (is_ignored(key_node))
			continue;
		if (!key) {
			seen[report_unknown(scene, at, key_node)] = true;
			continue;
		}
		seen[key - section->keys] = true;
		if (is_null(value))
			value->where = key_node->where;
		key->type->parse(scene, at, key, value, member_at(item, key->offset));
	}
	for (size_t i = 0; i < section->n_keys; i++) {
		if (!section->keys[i].is_required || seen[i])
			continue;
		const struct where *where = member_at(item, section->where_offset);
		diag_add(scene->diag, *where, DIAG_MISSING, "%s has no \"%s\", and it must have one",
			 section_at_text(scene, at), section->keys[i].name);
	}
}

void section_parse(const struct section_scene *scene, const struct section_at *outer,
		   const struct section *section, const char *name, const struct yaml_node *map,
		   void *item)
{
	const struct section_at at = {.section = section, .name = name, .outer = outer};

	assert(section->n_keys <= MAX_KEYS);
	parse_initials(scene, &at, section, item);
	if (is_split_port(section, map)) {
		diag_add(scene->diag, map->where, DIAG_PORT_SYNTAX,
			 "%s is \"%s: %s\" with a space; write %s:%s", section_at_text(scene, &at),
			 map->keys[0]->text, map->items[0]->text, map->keys[0]->text, map->items[0]->text);
		return;
	}
	parse_keys(scene, &at, map, item);
	if (section->check)
		section->check(scene, &at, map, item);
}

/* An item of a list or table: a map, the short form, or nothing at all. */
static void parse_item(const struct section_scene *scene, const struct section_at *outer,
		       const struct section_key *list, const char *name,
		       const struct yaml_node *node, void *item)
{
	static const struct yaml_node no_keys = {.kind = YAML_MAP};
	const struct section *section = list->section;
	const struct section_at at = {.section = section, .name = name, .outer = outer};

	const struct section_key *short_key = find_short_key(section);
	if (node->kind == YAML_MAP) {
		section_parse(scene, outer, section, name, node, item);
	} else if (short_key && (node->kind == YAML_SCALAR ? !is_null(node) : short_key->type->takes_list)) {
		parse_initials(scene, &at, section, item);
		short_key->type->parse(scene, &at, short_key, node, member_at(item, short_key->offset));
		if (section->check)
			section->check(scene, &at, NULL, item);
	} else if (name && is_null(node)) {
		section_parse(scene, outer, section, name, &no_keys, item);
	} else {
		parse_initials(scene, &at, section, item);
		diag_add(scene->diag, node->where, DIAG_TYPE, "%s is %s; wanted: %s%sa map of keys",
			 section_at_text(scene, &at), is_null(node) ? "empty" : kind_name(node->kind),
			 short_key ? short_key->type->title : "", short_key ? ", or " : "");
	}
}

static void store_items(const struct section_key *key, void *member, void *items, size_t n)
{
	void *base = (unsigned char *) member - key->offset;

	*(void **) member = items;
	*(size_t *) member_at(base, key->count_offset) = n;
}

static bool parse_list(const struct section_scene *scene, const struct section_at *at,
		       const struct section_key *key, const struct yaml_node *node, void *member)
{
	const struct section *section = key->section;

	if (is_null(node))
		return true;
	if (node->kind != YAML_SEQ) {
		section_complain(scene, at, key, node->where, DIAG_TYPE,
				 arena_printf(scene->arena, "is %s; wanted: a list, [...]",
					      kind_name(node->kind)));
		return false;
	}
	unsigned char *items = arena_alloc(scene->arena, section->size * node->n_items);
	for (size_t i = 0; i < node->n_items; i++) {
		unsigned char *item = items + i * section->size;

		*(struct where *) member_at(item, section->where_offset) = node->items[i]->where;
		parse_item(scene, at, key, NULL, node->items[i], item);
	}
	store_items(key, member, items, node->n_items);
	return true;
}

static bool check_name(const struct section_scene *scene, const struct section *section,
		       const struct yaml_node *key)
{
	struct complaint complaint = {.code = DIAG_NAME, .text = "holds a NUL character"};

	if (!memchr(key->text, '\0', key->len)
	    && scalar_name((struct scalar) {key->text, key->quoted}, &complaint))
		return true;
	diag_add(scene->diag, key->where, complaint.code, "%s name \"%.90s\" %s", section->name, key->text,
		 complaint.text);
	return false;
}

static bool parse_table(const struct section_scene *scene, const struct section_at *at,
			const struct section_key *key, const struct yaml_node *node, void *member)
{
	const struct section *section = key->section;
	size_t n = 0;

	if (is_null(node))
		return true;
	if (node->kind != YAML_MAP) {
		section_complain(scene, at, key, node->where, DIAG_TYPE,
				 arena_printf(scene->arena, "is %s; wanted: a map of names",
					      kind_name(node->kind)));
		return false;
	}
	unsigned char *items = arena_alloc(scene->arena, section->size * node->n_items);
	for (size_t i = 0; i < node->n_items; i++) {
		const struct yaml_node *name = node->keys[i];
		unsigned char *item = items + n * section->size;

		if (is_ignored(name))
			continue;
		check_name(scene, section, name);
		*(const char **) member_at(item, section->name_offset) =
			arena_strdup(scene->arena, name->text);
		*(struct where *) member_at(item, section->where_offset) = name->where;
		parse_item(scene, at, key, name->text, node->items[i], item);
		n++;
	}
	store_items(key, member, items, n);
	return true;
}

static bool parse_map(const struct section_scene *scene, const struct section_at *at,
		      const struct section_key *key, const struct yaml_node *node, void *member)
{
	*(struct where *) member_at(member, key->section->where_offset) = node->where;
	parse_item(scene, at, key, NULL, node, member);
	return true;
}

static void schema_map(const struct section_key *key, FILE *out)
{
	fprintf(out, "\"$ref\": \"#/$defs/%s\"", key->section->name);
}

static void schema_list(const struct section_key *key, FILE *out)
{
	fprintf(out, "\"type\": [\"array\", \"null\"], \"items\": {\"$ref\": \"#/$defs/%s\"}",
		key->section->name);
}

static void schema_table(const struct section_key *key, FILE *out)
{
	fprintf(out, "\"type\": [\"object\", \"null\"], \"patternProperties\": {\"^x-\": true}, "
		"\"additionalProperties\": {\"$ref\": \"#/$defs/%s\"}", key->section->name);
}

const struct section_type section_list = {
	.title = "list",
	.takes_list = true,
	.parse = parse_list,
	.schema = schema_list,
};

const struct section_type section_table = {
	.title = "map of names",
	.parse = parse_table,
	.schema = schema_table,
};

const struct section_type section_map = {
	.title = "map",
	.parse = parse_map,
	.schema = schema_map,
};
