/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/controller/manual.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/* Documents that are members of other documents. */
static const struct { const char *document, *member; } others[] = {
	{ "status", "switches" }, { "status", "networks" }, { "status", "config" },
	/* As `from`, and as the causes of a direction. */
	{ "explain", "to" }, { "explain", "notes" },
	{ "te?what_if", "" },
};

static bool is_other(const char *document, const char *name)
{
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (!strcmp(others[i].document, document) && (!*others[i].member || !strcmp(others[i].member, name)))
			return true;
	return false;
}

static bool is_known(const char *document, const char *name)
{
	for (size_t i = 0; i < n_api_members; i++)
		if (!strcmp(api_members[i].document, document) && !strcmp(api_members[i].name, name))
			return true;
	return false;
}

static void check(const char *document, const char *prefix, const json_t *object)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *) object, key, value) {
		char name[128];
		snprintf(name, sizeof name, "%s%s", prefix, key);
		if (!is_known(document, name))
			fail_msg("%s has a member %s that is not in api_members", document, name);
		const json_t *inner = json_is_array(value) ? json_array_get(value, 0) : value;
		if (is_other(document, name) || !json_is_object(inner))
			continue;
		snprintf(name, sizeof name, "%s%s.", prefix, key);
		check(document, name, inner);
	}
}

void manual_knows(const char *document, const json_t *json)
{
	if (!json_is_array(json))
		check(document, "", json);
	for (size_t i = 0; i < json_array_size(json); i++)
		check(document, "", json_array_get(json, i));
}

static bool has_member(const json_t *json, const char *name)
{
	size_t len = strcspn(name, ".");
	char first[64];
	for (size_t i = 0; i < json_array_size(json); i++)
		if (has_member(json_array_get(json, i), name))
			return true;
	snprintf(first, sizeof first, "%.*s", (int) len, name);
	const json_t *value = json_object_get(json, first);
	return name[len] ? value && has_member(value, name + len + 1) : value != NULL;
}

static bool is_left_out(const char *name, const char *const *but)
{
	for (; but && *but; but++)
		if (!strncmp(name, *but, strlen(*but)))
			return true;
	return false;
}

void manual_is_kept(const char *document, const json_t *json, const char *const *but)
{
	for (size_t i = 0; i < n_api_members; i++) {
		const struct api_member *member = &api_members[i];
		if (!strcmp(member->document, document) && !is_left_out(member->name, but) && !has_member(json, member->name))
			fail_msg("%s has no member %s, the manual says so", document, member->name);
	}
}
