/* SPDX-License-Identifier: Apache-2.0 */
/* show objects: what the 48 low bits of a cookie stand for; `weft name` reads it. */
#include <string.h>

#include "controller/show.h"

/* Keys: a = the id, b = 0 for the file's objects, else 1 + slot of a switch that
 * the file does not name. */
static bool refill(const struct api_world *world, const struct show_query *query, struct show_keys *keys)
{
	const struct core *core = world->core;
	(void) query;
	for (size_t i = 0; i < core->net->n_objects; i++)
		show_keys_add(keys, core->net->objects[i].id, 0);
	for (uint32_t sw = 0; sw < core->n_switches; sw++) {
		const struct view_switch *vs = view_switch(core->view, sw);
		if (vs && vs->object && !net_object_by_id(core->net, vs->object))
			show_keys_add(keys, vs->object, 1 + sw);
	}
	return false;
}

static json_t *item(const struct api_world *world, const struct show_query *query,
		    const struct show_key *key)
{
	const struct core *core = world->core;
	(void) query;
	if (key->b) {
		const struct view_switch *vs = view_switch(core->view, (uint32_t) (key->b - 1));
		return vs ? json_pack("{s:o, s:o, s:n, s:n}", "id", show_cookie(key->a), "name",
				      json_sprintf("switch %s", vs->name), "line", "column")
			  : NULL;
	}
	const struct net_object *object = net_object_by_id(core->net, key->a);
	return object ? json_pack("{s:o, s:o, s:i, s:i}", "id", show_cookie(object->id),
				  "name", show_text(object->name), "line", (int) object->where.line,
				  "column", (int) object->where.col)
		      : NULL;
}

static void head(const struct api_world *world, json_t *document)
{
	json_t *list = json_array();
	for (size_t i = 0; i < n_apps; i++)
		json_array_append_new(list, json_pack("{s:i, s:s}", "number", apps[i].number,
						      "name", apps[i].app->name));
	show_set(document, "file", show_text(world->core->net->file));
	show_set(document, "apps", list);
}

const struct show_list show_objects = {
	.name = "objects",
	.refill = refill,
	.item = item,
	.head = head,
};
