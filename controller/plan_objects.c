/* SPDX-License-Identifier: Apache-2.0 */
/* Two files compared by what they say: the model as net_print gives it, entry by entry, and the
 * objects that rows are named after. Where a line stands does not count, nor how it is written. */
#include "controller/plan.h"

#include <stdlib.h>
#include <string.h>

#include "controller/show.h"
#include "topo/arena.h"

/* An entry of a section: the line that begins it, and what is below. */
struct entry {
	const char *section, *title;    /* "networks", "office" */
	const char *text;
	size_t size;
	bool is_known;                  /* the other file has one of that name */
};

struct entries {
	char *text;                     /* owned; cut up */
	struct arena *arena;
	struct entry *items;
	size_t n, max;
};

static struct entry *add(struct entries *e)
{
	if (e->n == e->max) {
		struct entry *items = arena_new_array(e->arena, struct entry, 2 * e->max + 64);
		if (e->n)
			memcpy(items, e->items, e->n * sizeof *items);
		e->items = items;
		e->max = 2 * e->max + 64;
	}
	return &e->items[e->n++];
}

/* "  office:" -> "office"; "  - {between: ..}" and "mtu: 1500" stay what they are. */
static const char *title_of(struct entries *e, const char *line, size_t size)
{
	while (size && *line == ' ') {
		line++;
		size--;
	}
	if (size && line[size - 1] == ':')
		size--;
	if (size > 1 && line[0] == '"' && line[size - 1] == '"') {
		line++;
		size -= 2;
	}
	return arena_strndup(e->arena, line, size);
}

/* Sections stand at the left, their entries two columns in. */
static void read_model(struct entries *e, const struct net *net)
{
	size_t size = 0;
	FILE *f = open_memstream(&e->text, &size);
	const char *section = "";
	e->arena = arena_new();
	net_print(net, f);
	fclose(f);
	struct entry *last = NULL;
	for (const char *line = e->text, *end; line < e->text + size; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			end = e->text + size;
		size_t n = (size_t) (end - line), depth = strspn(line, " ");
		if (depth == 0 && line[n - 1] == ':') {
			section = title_of(e, line, n);
			last = NULL;
		} else if (depth <= 2 || !last) {
			last = add(e);
			*last = (struct entry) { .section = depth ? section : "", .title = title_of(e, line, n), .text = line, .size = n };
		} else {
			last->size = (size_t) (end - last->text);
		}
	}
}

static int by_title(const void *a_, const void *b_)
{
	const struct entry *a = a_, *b = b_;
	int order = strcmp(a->section, b->section);
	return order ? order : strcmp(a->title, b->title);
}

/* "network office" of networks/office; others by section and title. */
static const char *name_of(struct arena *arena, const struct entry *e)
{
	static const struct { const char *section, *one; } ones[] = {
		{ "switches", "switch" }, { "networks", "network" }, { "acls", "acl" }, { "groups", "group" }, { "vteps", "vtep" },
		{ "underlays", "underlay" },
	};
	for (size_t i = 0; i < sizeof ones / sizeof *ones; i++)
		if (!strcmp(e->section, ones[i].section))
			return arena_printf(arena, "%s %s", ones[i].one, e->title);
	return *e->section ? arena_printf(arena, "%s: %s", e->section, e->title) : e->title;
}

static const struct net_object *object_by_name(const struct net *net, const char *name)
{
	return net_object_by_id(net, net_hash(name, strlen(name)) & 0xffffffffffffULL);
}

static void tell(json_t *list, const struct net *net, const char *name, const char *change)
{
	const struct net_object *object = object_by_name(net, name);
	bool is_it = object && !strcmp(object->name, name);
	json_array_append_new(list, json_pack("{s:o, s:s, s:o}", "object", show_text(name), "change", change, "line",
					      is_it ? json_integer(object->where.line) : json_null()));
}

static void compare(json_t *list, struct entries *before, struct entries *now, const struct net *old, const struct net *new)
{
	for (size_t i = 0; i < now->n; i++) {
		const struct entry *n = &now->items[i];
		struct entry *b = before->n ? bsearch(n, before->items, before->n, sizeof *n, by_title) : NULL;
		if (b)
			b->is_known = true;
		if (!b || b->size != n->size || memcmp(b->text, n->text, n->size))
			tell(list, new, name_of(now->arena, n), b ? "changed" : "new");
	}
	for (size_t i = 0; i < before->n; i++)
		if (!before->items[i].is_known)
			tell(list, old, name_of(before->arena, &before->items[i]), "gone");
}

/* Objects below an entry: ports of a network, rules of a list. */
static void compare_parts(json_t *list, const struct net *of, const struct net *other, const char *change)
{
	for (size_t i = 0; i < of->n_objects; i++) {
		const struct net_object *object = &of->objects[i];
		if (strstr(object->name, " of ") && !net_object_by_id(other, object->id))
			tell(list, of, object->name, change);
	}
}

json_t *plan_objects(const struct net *before, const struct net *now)
{
	json_t *list = json_array();
	struct entries b = { 0 }, n = { 0 };
	read_model(&b, before);
	read_model(&n, now);
	if (b.n)
		qsort(b.items, b.n, sizeof *b.items, by_title);
	compare(list, &b, &n, before, now);
	compare_parts(list, now, before, "new");
	compare_parts(list, before, now, "gone");
	free(b.text);
	free(n.text);
	arena_free(b.arena);
	arena_free(n.arena);
	return list;
}
