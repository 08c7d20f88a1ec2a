/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a list, and the words that all documents share. */
#include "controller/show.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/packet.h"
#include "topo/arena.h"

/* --- lists ------------------------------------------------------------------------- */

void show_keys_add(struct show_keys *keys, uint64_t a, uint64_t b)
{
	if (keys->n == keys->max) {
		keys->max = keys->max ? 2 * keys->max : 64;
		keys->items = xheap_realloc(keys->items, keys->max * sizeof *keys->items);
	}
	keys->items[keys->n++] = (struct show_key) { a, b };
}

void show_keys_sort(struct show_keys *keys, int (*compare)(const void *, const void *))
{
	if (keys->n)
		qsort(keys->items, keys->n, sizeof *keys->items, compare);
}

void show_begin(struct show_cursor *cursor, const struct show_list *list,
		const struct api_world *world, const struct show_query *query)
{
	*cursor = (struct show_cursor) { .list = list, .world = world, .query = *query };
}

static void refill(struct show_cursor *cursor)
{
	struct show_keys *keys = &cursor->keys;
	size_t limit = cursor->query.limit;
	arena_free(keys->arena);
	keys->arena = arena_new();
	keys->n = 0;
	/* One more than the limit tells whether something was left out. */
	keys->wanted = limit ? limit - cursor->n_given + 1 : SIZE_MAX;
	cursor->at = 0;
	cursor->is_last = !cursor->list->refill(cursor->world, &cursor->query, keys);
	keys->stage++;
}

json_t *show_next(struct show_cursor *cursor)
{
	for (;;) {
		if (cursor->at == cursor->keys.n) {
			if (cursor->is_last)
				return NULL;
			refill(cursor);
			/* One filling per turn: the next may be long. */
			continue;
		}
		json_t *item = cursor->list->item(cursor->world, &cursor->query,
						  &cursor->keys.items[cursor->at++]);
		if (!item)
			continue;
		if (cursor->query.limit && cursor->n_given == cursor->query.limit) {
			json_decref(item);
			cursor->is_truncated = true;
			cursor->is_last = true;
			cursor->at = cursor->keys.n;
			return NULL;
		}
		cursor->n_given++;
		return item;
	}
}

void show_end(struct show_cursor *cursor)
{
	arena_free(cursor->keys.arena);
	free(cursor->keys.items);
	cursor->keys = (struct show_keys) { 0 };
}

json_t *show_whole(const struct show_list *list, const struct api_world *world,
		   const struct show_query *query)
{
	struct show_cursor cursor;
	json_t *document = json_object(), *items = json_array(), *item;
	if (list->head)
		list->head(world, document);
	show_begin(&cursor, list, world, query);
	while ((item = show_next(&cursor)))
		json_array_append_new(items, item);
	show_set(document, list->name, items);
	show_set(document, "truncated", json_boolean(cursor.is_truncated));
	show_end(&cursor);
	return document;
}

/* --- words ---------------------------------------------------------------------------- */

/* Length of the UTF-8 sequence at p (RFC 3629), 0 = none. */
static size_t utf8_length(const unsigned char *p)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
		: p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90)
	    || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

json_t *show_text(const char *text)
{
	if (!text)
		return json_null();
	json_t *good = json_string(text);
	if (good)
		return good;
	/* U+FFFD for every byte that is no text: three bytes for one. */
	char *copy = xheap_alloc(3 * strlen(text) + 1), *out = copy;
	for (const unsigned char *p = (const unsigned char *) text; *p;) {
		size_t n = utf8_length(p);
		memcpy(out, n ? (const char *) p : "\xef\xbf\xbd", n ? n : 3);
		out += n ? n : 3;
		p += n ? n : 1;
	}
	good = json_string(copy);
	free(copy);
	return good;
}

json_t *show_mac(const uint8_t mac[6])
{
	char text[MAC_TEXT];
	return json_string_nocheck(mac_format(mac, text));
}

static json_t *hexadecimal(uint64_t value, int digits)
{
	char text[24];
	snprintf(text, sizeof text, "0x%0*" PRIx64, digits, value);
	return json_string_nocheck(text);
}

json_t *show_dpid(uint64_t dpid) { return hexadecimal(dpid, 16); }
json_t *show_cookie(uint64_t cookie) { return hexadecimal(cookie, 16); }

json_t *show_limit(uint32_t limit)
{
	return limit == NET_NONE ? json_null() : json_integer(limit);
}

json_t *show_count(uint64_t count)
{
	return json_integer((json_int_t) count);
}

static json_t *address(int family, const uint8_t *bytes)
{
	char text[INET6_ADDRSTRLEN];
	return bytes && inet_ntop(family, bytes, text, sizeof text) ? json_string_nocheck(text) : json_null();
}

json_t *show_ip4(const uint8_t *ip4) { return address(AF_INET, ip4); }
json_t *show_ip6(const uint8_t *ip6) { return address(AF_INET6, ip6); }

json_t *show_place(const struct api_world *world, uint32_t sw, uint32_t ofport)
{
	const struct view *view = world->core->view;
	const struct view_switch *vs = sw == NET_NONE ? NULL : view_switch(view, sw);
	const struct view_port *port = vs ? view_port(view, sw, ofport) : NULL;
	char text[128];
	if (!vs)
		return json_null();
	if (port && port->name[0])
		snprintf(text, sizeof text, "%s:%.*s", vs->name, (int) sizeof port->name, port->name);
	else
		snprintf(text, sizeof text, "%s:%" PRIu32, vs->name, ofport);
	return show_text(text);
}
