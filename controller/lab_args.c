/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab_args.h"

#include <stdarg.h>
#include <string.h>

void add(struct args *args, const char *format, ...)
{
	va_list list;

	if (args->n + 2 > args->room) {
		size_t room = args->room ? 2 * args->room : 64;
		const char **v = arena_new_array(args->arena, const char *, room);

		if (args->n)
			memcpy(v, args->v, args->n * sizeof *v);
		args->v = v;
		args->room = room;
	}
	va_start(list, format);
	args->v[args->n++] = arena_vprintf(args->arena, format, list);
	va_end(list);
}

void add_all(struct args *args, ...)
{
	va_list list;
	const char *text;

	va_start(list, args);
	while ((text = va_arg(list, const char *)))
		add(args, "%s", text);
	va_end(list);
}

void add_port(struct args *args, const char *bridge, const char *port, unsigned ofport)
{
	add_all(args, "--", "add-port", bridge, port, "--", "set", "Interface", port, NULL);
	if (ofport)
		add(args, "ofport_request=%u", ofport);
}
