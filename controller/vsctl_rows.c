/* SPDX-License-Identifier: Apache-2.0 */
/* vsctl: rows of the database as ovs-vsctl prints them (RFC 7047, 5.1, in tables). */
#include "controller/vsctl.h"

#include <string.h>

/* A value in plain JSON; null when it is none. */
static json_t *plain(json_t *value)
{
	json_t *kind = json_array_get(value, 0), *items = json_array_get(value, 1), *item, *result;
	size_t i;
	if (!json_is_array(value))
		return json_incref(value);
	if (!json_is_string(kind))
		return NULL;
	if (!strcmp(json_string_value(kind), "map")) {
		result = json_object();
		json_array_foreach(items, i, item) {
			json_t *key = json_array_get(item, 0), *of_key = plain(json_array_get(item, 1));
			if (json_is_string(key))
				json_object_set(result, json_string_value(key), of_key);
			json_decref(of_key);
		}
		return result;
	}
	if (strcmp(json_string_value(kind), "set"))
		return json_incref(items);      /* a UUID */
	result = json_array();
	json_array_foreach(items, i, item)
		json_array_append_new(result, plain(item));
	return result;
}

static json_t *rows_of(json_t *table)
{
	json_t *headings = json_object_get(table, "headings"), *data = json_object_get(table, "data"), *values, *heading;
	size_t i, k;
	if (!json_is_array(headings) || !json_is_array(data))
		return NULL;
	json_t *rows = json_array();
	json_array_foreach(data, i, values) {
		json_t *row = json_object();
		json_array_foreach(headings, k, heading)
			if (json_is_string(heading))
				json_object_set_new(row, json_string_value(heading), plain(json_array_get(values, k)));
		json_array_append_new(rows, row);
	}
	return rows;
}

bool vsctl_parse(struct vsctl *ovs, const char *text)
{
	*ovs = (struct vsctl) { 0 };
	for (size_t i = 0; i < N_VSCTL_TABLES; i++) {
		json_error_t error;
		json_t *table = json_loads(text, JSON_DISABLE_EOF_CHECK, &error);
		ovs->tables[i] = table ? rows_of(table) : NULL;
		json_decref(table);
		if (!ovs->tables[i]) {
			vsctl_uninit(ovs);
			return false;
		}
		text += error.position;
	}
	return true;
}

void vsctl_uninit(struct vsctl *ovs)
{
	for (size_t i = 0; i < N_VSCTL_TABLES; i++) {
		json_decref(ovs->tables[i]);
		ovs->tables[i] = NULL;
	}
}

/* --- columns ------------------------------------------------------------------------------- */

const char *vsctl_text(const json_t *row, const char *column)
{
	json_t *value = json_object_get(row, column);
	const char *text = json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);
	return text ? text : "";
}

const char *vsctl_key(const json_t *row, const char *column, const char *key)
{
	return vsctl_text(json_object_get(row, column), key);
}

long long vsctl_number(const json_t *row, const char *column, long long otherwise)
{
	json_t *value = json_object_get(row, column);
	if (json_is_array(value))
		value = json_array_get(value, 0);
	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool vsctl_true(const json_t *row, const char *column)
{
	return json_is_true(json_object_get(row, column));
}

const char *vsctl_item(const json_t *row, const char *column, size_t i)
{
	json_t *value = json_object_get(row, column);
	if (json_is_array(value))
		return json_string_value(json_array_get(value, i));
	return i ? NULL : json_string_value(value);
}

bool vsctl_has(const json_t *row, const char *column, const char *member)
{
	const char *item;
	for (size_t i = 0; (item = vsctl_item(row, column, i)); i++)
		if (!strcmp(item, member))
			return true;
	return false;
}

void vsctl_add_value(struct args *args, const char *name, const char *value)
{
	char *escaped = arena_alloc(args->arena, 2 * strlen(value) + 1), *to = escaped;
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			*to++ = '\\';
		*to++ = *value;
	}
	*to = '\0';
	add(args, "%s=\"%s\"", name, escaped);
}

/* --- rows ---------------------------------------------------------------------------------- */

json_t *vsctl_row(const struct vsctl *ovs, enum vsctl_table table, const char *column, const char *value)
{
	json_t *row;
	size_t i;
	json_array_foreach(ovs->tables[table], i, row)
		if (!strcmp(vsctl_text(row, column), value))
			return row;
	return NULL;
}

json_t *vsctl_switch(const struct vsctl *ovs)
{
	return json_array_get(ovs->tables[VSCTL_SWITCH], 0);
}

json_t *vsctl_ssl(const struct vsctl *ovs)
{
	return vsctl_row(ovs, VSCTL_SSL, "_uuid", vsctl_text(vsctl_switch(ovs), "ssl"));
}

json_t *vsctl_bridge_of(const struct vsctl *ovs, const char *port)
{
	json_t *row = vsctl_row(ovs, VSCTL_PORT, "name", port), *bridge;
	size_t i;
	json_array_foreach(ovs->tables[VSCTL_BRIDGE], i, bridge)
		if (row && vsctl_has(bridge, "ports", vsctl_text(row, "_uuid")))
			return bridge;
	return NULL;
}

json_t *vsctl_interfaces(const struct vsctl *ovs, const json_t *bridge)
{
	json_t *found = json_array(), *row;
	const char *port, *uuid;
	for (size_t p = 0; (port = vsctl_item(bridge, "ports", p)); p++) {
		json_t *of_port = vsctl_row(ovs, VSCTL_PORT, "_uuid", port);
		for (size_t i = 0; (uuid = vsctl_item(of_port, "interfaces", i)); i++)
			if ((row = vsctl_row(ovs, VSCTL_INTERFACE, "_uuid", uuid)))
				json_array_append(found, row);
	}
	return found;
}

json_t *vsctl_controller(const struct vsctl *ovs, const json_t *bridge, size_t i)
{
	const char *uuid = vsctl_item(bridge, "controller", i);
	return uuid ? vsctl_row(ovs, VSCTL_CONTROLLER, "_uuid", uuid) : NULL;
}
