/* SPDX-License-Identifier: Apache-2.0 */
/* Mirrors in words: where copies go, of whom, and why there are none. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/show.h"

enum { MAX_NAMES = 5 };                 /* ports named in one sentence */

json_t *show_mirror(const struct view_switch *vs, const struct view_port *port)
{
	char text[sizeof vs->name + sizeof port->name + 2];
	if (!port->mirror)
		return json_null();
	snprintf(text, sizeof text, "%s:%s", vs->name, port->mirror);
	return show_text(text);
}

static bool is_source(const struct view_port *port, const struct view_port *mirror)
{
	return mirror->is_mirror && port->mirror && !strcmp(port->mirror, mirror->name);
}

json_t *show_mirrored(const struct view_switch *vs, const struct view_port *mirror)
{
	json_t *json = json_array();
	for (size_t i = 0; i < vs->n_ports; i++)
		if (is_source(&vs->ports[i], mirror))
			json_array_append_new(json, show_text(vs->ports[i].name));
	return json;
}

static void sources_text(const struct view_switch *vs, const struct view_port *mirror, char *text, size_t size)
{
	size_t n = 0, len = (size_t) snprintf(text, size, "takes copies of ");
	for (size_t i = 0; i < vs->n_ports && len < size; i++)
		if (is_source(&vs->ports[i], mirror) && n++ < MAX_NAMES)
			len += (size_t) snprintf(text + len, size - len, "%s%s", n > 1 ? ", " : "", vs->ports[i].name);
	if (len < size)
		snprintf(text + len, size - len, "%s; what comes in there is dropped and counted",
			 n > MAX_NAMES ? ", ..." : n ? "" : "nobody: none of these ports is there");
}

bool show_mirror_text(const struct api_world *world, const struct view_switch *vs, const struct view_port *port, char *text,
		      size_t size)
{
	const struct net_object *object = net_object_by_id(world->core->net, port->mirror_object);
	const struct view_port *to = port->mirror ? view_port_by_name(world->core->view, vs->sw, port->mirror) : NULL;
	if (port->is_mirror) {
		sources_text(vs, port, text, size);
		return true;
	}
	if (!port->mirror || (to && to->up))
		return false;
	snprintf(text, size, "its mirror port %s (%s:%" PRIu32 ") is %s: no copies are made", port->mirror, world->core->net->file,
		 object ? object->where.line : 0, to ? "down" : "not there");
	return true;
}
