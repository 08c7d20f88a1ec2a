/* SPDX-License-Identifier: Apache-2.0 */
/* YAML events to a tree; the only place that knows libyaml.
 *
 * Does not know what any key means. Open collections stand on a stack of
 * YAML_MAX_DEPTH frames, so there is no recursion, and what the stack cannot
 * hold is a finding. The first error of the syntax ends the reading: what
 * follows it would be guesses. */
#include "topo/yaml.h"

#include <string.h>
#include <yaml.h>

#include "topo/net.h"

enum { KEYS_SCANNED = 8 };              /* smaller maps look for duplicates one by one */

struct frame {
	struct yaml_node *node;         /* the open collection */
	size_t capacity;                /* of its arrays */
	struct yaml_node *key;          /* map: the key that waits for its value */
	bool is_duplicate;              /* that key was there before: drop its value */
	const struct yaml_node **seen;  /* map: open hash table of keys, when large */
	size_t n_seen;                  /* its slots, a power of two */
};

struct reader {
	struct arena *arena;
	struct diag *diag;
	const char *text;
	size_t len;
	struct frame stack[YAML_MAX_DEPTH];
	size_t depth;
	size_t n_nodes;
	struct yaml_node *root;
	size_t n_documents;
};

static struct where where_of(const yaml_mark_t *mark)
{
	return (struct where) {.line = (uint32_t) mark->line + 1, .col = (uint32_t) mark->column + 1};
}

/* Errors of the reader (bad UTF-8) have a byte offset and no mark. */
static struct where where_of_offset(const char *text, size_t len, size_t offset)
{
	struct where where = {1, 1};

	for (size_t i = 0; i < offset && i < len; i++) {
		if (text[i] == '\n') {
			where.line++;
			where.col = 1;
		} else if (((unsigned char) text[i] & 0xc0) != 0x80) {
			where.col++;
		}
	}
	return where;
}

static const char *line_start(const struct reader *r, size_t line)
{
	const char *p = r->text, *end = r->text + r->len;

	while (--line && p) {
		p = memchr(p, '\n', (size_t) (end - p));
		if (p)
			p++;
	}
	return p;
}

/* The column of the first tab in a line's indentation, or 0. */
static uint32_t indent_tab(const struct reader *r, size_t line)
{
	const char *start = line_start(r, line), *end = r->text + r->len;

	for (const char *p = start; p && p < end && (*p == ' ' || *p == '\t'); p++)
		if (*p == '\t')
			return (uint32_t) (p - start) + 1;
	return 0;
}

static char char_at(const struct reader *r, struct where where)
{
	const char *p = line_start(r, where.line);

	return p && p + where.col - 1 < r->text + r->len ? p[where.col - 1] : '\0';
}

static void report_syntax(struct reader *r, const yaml_parser_t *parser)
{
	const char *problem = parser->problem ? parser->problem : "cannot be read";
	const char *context = parser->context;

	if (parser->error == YAML_READER_ERROR) {
		diag_add(r->diag, where_of_offset(r->text, r->len, parser->problem_offset),
			 DIAG_SYNTAX, "%s: write the file in UTF-8 without control characters",
			 problem);
		return;
	}
	struct where where = where_of(&parser->problem_mark);
	for (uint32_t line = where.line; line && line + 1 >= where.line; line--) {
		uint32_t tab = indent_tab(r, line);

		if (tab) {
			diag_add(r->diag, (struct where) {line, tab}, DIAG_SYNTAX,
				 "a tab cannot indent; use spaces");
			return;
		}
	}
	if (context && strstr(context, "scanning an alias")) {
		where = where_of(&parser->context_mark);
		diag_add(r->diag, where, DIAG_SYNTAX,
			 "text that starts with * must be quoted: \"*...\"");
		return;
	}
	char c = char_at(r, where);
	if (c == '@' || c == '`' || c == '%')
		diag_add(r->diag, where, DIAG_SYNTAX,
			 "text that starts with %c must be quoted", c);
	else if (strstr(problem, "unexpected ':'") || strstr(problem, "mapping values"))
		diag_add(r->diag, where, DIAG_SYNTAX,
			 "a colon cannot stand here; text that has it must be quoted");
	else if (context && parser->context_mark.line != parser->problem_mark.line)
		diag_add(r->diag, where, DIAG_SYNTAX, "%s (%s that starts at line %zu)", problem,
			 context, parser->context_mark.line + 1);
	else if (context)
		diag_add(r->diag, where, DIAG_SYNTAX, "%s (%s)", problem, context);
	else
		diag_add(r->diag, where, DIAG_SYNTAX, "%s", problem);
}

static bool same_text(const struct yaml_node *a, const struct yaml_node *b)
{
	return a->len == b->len && !memcmp(a->text, b->text, a->len);
}

static void remember_key(struct frame *f, const struct yaml_node *key)
{
	size_t i = net_hash(key->text, key->len) & (f->n_seen - 1);

	while (f->seen[i])
		i = (i + 1) & (f->n_seen - 1);
	f->seen[i] = key;
}

static const struct yaml_node *find_key(const struct frame *f, const struct yaml_node *key)
{
	if (!f->seen) {
		for (size_t i = 0; i < f->node->n_items; i++)
			if (same_text(f->node->keys[i], key))
				return f->node->keys[i];
		return NULL;
	}
	size_t i = net_hash(key->text, key->len) & (f->n_seen - 1);
	for (; f->seen[i]; i = (i + 1) & (f->n_seen - 1))
		if (same_text(f->seen[i], key))
			return f->seen[i];
	return NULL;
}

static void grow(struct reader *r, struct frame *f)
{
	struct yaml_node *node = f->node;
	size_t capacity = f->capacity ? 2 * f->capacity : 4;
	struct yaml_node **items = arena_new_array(r->arena, struct yaml_node *, capacity);

	if (node->n_items)
		memcpy(items, node->items, node->n_items * sizeof *items);
	node->items = items;
	if (node->kind == YAML_MAP) {
		struct yaml_node **keys = arena_new_array(r->arena, struct yaml_node *, capacity);

		if (node->n_items)
			memcpy(keys, node->keys, node->n_items * sizeof *keys);
		node->keys = keys;
		if (capacity > KEYS_SCANNED) {
			f->n_seen = 2 * capacity;
			f->seen = arena_new_array(r->arena, const struct yaml_node *, f->n_seen);
			for (size_t i = 0; i < node->n_items; i++)
				remember_key(f, keys[i]);
		}
	}
	f->capacity = capacity;
}

static bool take_key(struct reader *r, struct frame *f, struct yaml_node *key)
{
	if (key->kind != YAML_SCALAR) {
		diag_add(r->diag, key->where, DIAG_YAML_FEATURE,
			 "a %s cannot be a key here; text with { or [ must be quoted",
			 key->kind == YAML_MAP ? "map" : "list");
		return false;
	}
	if (!key->quoted && key->len == 2 && !memcmp(key->text, "<<", 2)) {
		diag_add(r->diag, key->where, DIAG_YAML_FEATURE,
			 "merge keys (<<) are not read; write the keys out");
		return false;
	}
	const struct yaml_node *first = find_key(f, key);
	f->is_duplicate = first != NULL;
	if (first)
		diag_add(r->diag, key->where, DIAG_DUPLICATE_KEY,
			 "key \"%s\" is there twice; the first one is at line %u", key->text,
			 first->where.line);
	f->key = key;
	return true;
}

/* Puts a finished or just opened node where it belongs. */
static bool take(struct reader *r, struct yaml_node *node)
{
	if (!r->depth) {
		r->root = node;
		return true;
	}
	struct frame *f = &r->stack[r->depth - 1];
	if (f->node->kind == YAML_MAP && !f->key)
		return take_key(r, f, node);
	if (!f->is_duplicate) {
		if (f->node->n_items == f->capacity)
			grow(r, f);
		size_t i = f->node->n_items++;
		f->node->items[i] = node;
		if (f->key) {
			f->node->keys[i] = f->key;
			if (f->seen)
				remember_key(f, f->key);
		}
	}
	f->key = NULL;
	f->is_duplicate = false;
	return true;
}

static struct yaml_node *node_new(struct reader *r, enum yaml_kind kind, const yaml_mark_t *mark)
{
	struct yaml_node *node = arena_alloc(r->arena, sizeof *node);

	node->kind = kind;
	node->where = where_of(mark);
	node->text = "";
	r->n_nodes++;
	return node;
}

static bool open_collection(struct reader *r, enum yaml_kind kind, const yaml_mark_t *mark)
{
	struct yaml_node *node = node_new(r, kind, mark);

	if (r->depth == YAML_MAX_DEPTH) {
		diag_add(r->diag, node->where, DIAG_TOO_LARGE,
			 "lists and maps are nested more than %d deep", YAML_MAX_DEPTH);
		return false;
	}
	if (!take(r, node))
		return false;
	r->stack[r->depth++] = (struct frame) {.node = node};
	return true;
}

/* Anchors and tags are named where they stand. */
static bool is_plain_yaml(struct reader *r, const yaml_mark_t *mark, const yaml_char_t *anchor,
			  const yaml_char_t *tag)
{
	if (anchor)
		diag_add(r->diag, where_of(mark), DIAG_YAML_FEATURE,
			 "anchors (&%s) are not read; text that starts with & must be quoted",
			 (const char *) anchor);
	else if (tag)
		diag_add(r->diag, where_of(mark), DIAG_YAML_FEATURE,
			 "tags (%s) are not read; text that starts with ! must be quoted",
			 (const char *) tag);
	return !anchor && !tag;
}

static bool take_scalar(struct reader *r, const yaml_event_t *event)
{
	struct yaml_node *node = node_new(r, YAML_SCALAR, &event->start_mark);

	node->len = event->data.scalar.length;
	node->text = arena_strndup(r->arena, (const char *) event->data.scalar.value, node->len);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return take(r, node);
}

static bool take_event(struct reader *r, const yaml_event_t *event)
{
	const yaml_mark_t *mark = &event->start_mark;

	if (r->n_nodes >= YAML_MAX_NODES) {
		diag_add(r->diag, where_of(mark), DIAG_TOO_LARGE,
			 "the file has more than %d keys and values", YAML_MAX_NODES);
		return false;
	}
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->n_documents++) {
			diag_add(r->diag, where_of(mark), DIAG_YAML_FEATURE,
				 "a second document starts here; one file is one document");
			return false;
		}
		return true;
	case YAML_ALIAS_EVENT:
		diag_add(r->diag, where_of(mark), DIAG_YAML_FEATURE,
			 "aliases (*%s) are not read; text that starts with * must be quoted",
			 (const char *) event->data.alias.anchor);
		return false;
	case YAML_SCALAR_EVENT:
		return is_plain_yaml(r, mark, event->data.scalar.anchor, event->data.scalar.tag)
		       && take_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return is_plain_yaml(r, mark, event->data.sequence_start.anchor,
				     event->data.sequence_start.tag)
		       && open_collection(r, YAML_SEQ, mark);
	case YAML_MAPPING_START_EVENT:
		return is_plain_yaml(r, mark, event->data.mapping_start.anchor,
				     event->data.mapping_start.tag)
		       && open_collection(r, YAML_MAP, mark);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		return true;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return true;
	}
	return true;
}

struct yaml_node *yaml_parse(struct arena *arena, const char *text, size_t len, struct diag *diag)
{
	struct reader r = {.arena = arena, .diag = diag, .text = text, .len = len};
	yaml_parser_t parser;
	bool is_good = true, is_over = false;

	if (len > YAML_MAX_BYTES) {
		diag_add(diag, (struct where) {0, 0}, DIAG_TOO_LARGE,
			 "the file is larger than %d MiB", YAML_MAX_BYTES >> 20);
		return NULL;
	}
	if (!yaml_parser_initialize(&parser)) {
		/* The library's only reason is memory; our allocator says so. */
		xheap_alloc(SIZE_MAX);
		return NULL;
	}
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {       /* a byte order mark, once */
		r.text += 3;
		r.len -= 3;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *) r.text, r.len);
	while (is_good && !is_over) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			report_syntax(&r, &parser);
			is_good = false;
			break;
		}
		is_over = event.type == YAML_STREAM_END_EVENT;
		is_good = take_event(&r, &event);
		yaml_event_delete(&event);
	}
	/* Nothing but comments, with or without a `---`. */
	if (is_good && (!r.root || (r.root->kind == YAML_SCALAR && !r.root->quoted && !r.root->len)))
		r.root = node_new(&r, YAML_MAP, &(yaml_mark_t) {0});
	yaml_parser_delete(&parser);
	return is_good ? r.root : NULL;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	size_t len = strlen(key);

	if (map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->n_items; i++)
		if (map->keys[i]->len == len && !memcmp(map->keys[i]->text, key, len))
			return map->items[i];
	return NULL;
}
