/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/name.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/app.h"
#include "topo/arena.h"

enum { NUMBER_TEXT = 24 };

struct object { uint64_t id; const char *name; uint32_t line; };

struct names {
	struct arena *arena;
	const char *file;
	const char *apps[256];
	struct object *objects;         /* heap */
	size_t n, max;
	bool is_sorted;
};

struct names *names_new(const char *file)
{
	struct names *names = xheap_alloc(sizeof *names);
	names->arena = arena_new();
	names->file = arena_strdup(names->arena, file);
	return names;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	arena_free(names->arena);
	free(names->objects);
	free(names);
}

void names_add_app(struct names *names, uint8_t number, const char *name)
{
	names->apps[number] = arena_strdup(names->arena, name);
}

void names_add_object(struct names *names, uint64_t id, const char *name, uint32_t line)
{
	if (names->n == names->max) {
		names->max = names->max ? 2 * names->max : 256;
		names->objects = xheap_realloc(names->objects, names->max * sizeof *names->objects);
	}
	names->objects[names->n++] = (struct object) { id, arena_strdup(names->arena, name), line };
	names->is_sorted = false;
}

static int by_id(const void *a_, const void *b_)
{
	const struct object *a = a_, *b = b_;
	return a->id < b->id ? -1 : a->id > b->id;
}

static const struct object *find_object(struct names *names, uint64_t id)
{
	struct object key = { .id = id };
	if (!names->n)
		return NULL;
	if (!names->is_sorted)
		qsort(names->objects, names->n, sizeof *names->objects, by_id);
	names->is_sorted = true;
	return bsearch(&key, names->objects, names->n, sizeof *names->objects, by_id);
}

/* The number behind `key=` among the match fields: a word of its own, in front
 * of the actions, which may hold such words too (learn). */
static bool find_number(const char *line, size_t len, const char *key, uint64_t *ret)
{
	size_t key_len = strlen(key);
	const char *actions = memmem(line, len, "actions=", strlen("actions="));
	size_t end = actions ? (size_t) (actions - line) : len;
	for (size_t i = 0; i + key_len < end; i++) {
		char number[NUMBER_TEXT], *stop;
		size_t n = 0;
		if ((i && !memchr(" ,\t", line[i - 1], 3)) || memcmp(line + i, key, key_len))
			continue;
		while (i + key_len + n < end && n + 1 < sizeof number && !memchr(" ,\t\r", line[i + key_len + n], 4)) {
			number[n] = line[i + key_len + n];
			n++;
		}
		number[n] = '\0';
		*ret = strtoull(number, &stop, 0);
		return n && !*stop && number[0] != '-';
	}
	return false;
}

static const char *row_name(uint8_t app_number, uint64_t table_id, uint64_t priority)
{
	const struct app *app = app_by_number(app_number);
	enum table table = table_id < 256 ? pipeline_by_id((uint8_t) table_id) : N_TABLES;
	for (size_t i = 0; app && table != N_TABLES && i < app->n_rows; i++)
		if (app->rows[i].table == table && app->rows[i].priority == priority)
			return app->rows[i].name;
	return NULL;
}

size_t names_comment(struct names *names, const char *line, size_t len, char *buf, size_t size)
{
	uint64_t cookie, table = 0, priority = 32768;   /* what ovs-ofctl leaves out */
	char object_text[400], app_text[32];
	if (!find_number(line, len, "cookie=", &cookie) || !cookie_is_ours(cookie))
		return 0;
	find_number(line, len, "table=", &table);
	find_number(line, len, "priority=", &priority);
	const struct object *object = find_object(names, cookie_object(cookie));
	if (object && object->line)
		snprintf(object_text, sizeof object_text, "%s (%s:%" PRIu32 ")", object->name, names->file, object->line);
	else if (object)
		snprintf(object_text, sizeof object_text, "%s", object->name);
	else
		snprintf(object_text, sizeof object_text, "object 0x%012" PRIx64 ", not in %s", cookie_object(cookie),
			 names->file);
	const char *app = names->apps[cookie_app(cookie)];
	if (app)
		snprintf(app_text, sizeof app_text, "%s", app);
	else
		snprintf(app_text, sizeof app_text, "app %u", cookie_app(cookie));
	const char *row = row_name(cookie_app(cookie), table, priority);
	int n = snprintf(buf, size, "  # %s: %s%s%s", app_text, object_text, row ? "; " : "", row ? row : "");
	size_t used = n < 0 ? 0 : (size_t) n < size ? (size_t) n : size - 1;
	/* Once is enough. */
	if (len >= used && !memcmp(line + len - used, buf, used))
		return 0;
	return used;
}
