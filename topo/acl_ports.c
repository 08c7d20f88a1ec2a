/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of a rule: numbers, ranges, values under a mask, and lists of them, as
 * the fewest (value, mask) pairs that hold them. Numbers and ranges are put
 * together first, so their pairs never share a port. */
#include <stdlib.h>
#include <string.h>

#include "topo/acl_private.h"

enum { MAX_PORT = 65535, MAX_BITS_PER_RANGE = 32, MAX_ITEMS = 1000 };

struct range { uint32_t first, last; };

struct reading {
	struct net_ports *ports;
	struct range *ranges;
	size_t n_ranges;
};

/* A whole number up to 65535 without sign or leading zero, up to a separator. */
static bool read_number(const char **at, uint32_t *ret)
{
	const char *p = *at;
	uint32_t value = 0;

	if (p[0] == '0' && p[1] >= '0' && p[1] <= '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		value = value * 10 + (uint32_t) (*p - '0');
		if (value > MAX_PORT)
			return false;
	}
	if (p == *at)
		return false;
	*at = p;
	*ret = value;
	return true;
}

static bool is_dhcp_port(uint32_t port)
{
	return port == 67 || port == 68 || port == 546 || port == 547;
}

/* What is wrong, or null. */
static const char *read_item(struct reading *r, const char *text)
{
	uint32_t first, second;
	char separator;

	if (!read_number(&text, &first))
		return "; a port is a whole number from 0 to 65535";
	separator = *text;
	if (!separator) {
		r->ranges[r->n_ranges++] = (struct range) {first, first};
		r->ports->names_dhcp |= is_dhcp_port(first);
		return NULL;
	}
	text++;
	if ((separator != '-' && separator != '/') || !read_number(&text, &second) || *text)
		return "; write a port, FIRST-LAST or VALUE/MASK";
	if (separator == '-') {
		if (first > second)
			return ", and it ends before it begins";
		r->ranges[r->n_ranges++] = (struct range) {first, second};
		return NULL;
	}
	if (!second)
		return ", and a mask of 0 matches every port; leave the key out";
	if (first & ~second)
		return ", and the value has bits outside of the mask";
	r->ports->bits[r->ports->n_bits++] = (struct net_bits) {(uint16_t) first, (uint16_t) second};
	return NULL;
}

static int by_first(const void *a_, const void *b_)
{
	const struct range *a = a_, *b = b_;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return a->last < b->last ? -1 : a->last > b->last;
}

static void add_range(struct net_ports *ports, uint32_t first, uint32_t last)
{
	while (first <= last) {
		uint32_t size = first ? first & -first : MAX_PORT + 1u;

		while (first + size - 1 > last)
			size /= 2;
		ports->bits[ports->n_bits++] = (struct net_bits) {
			(uint16_t) first, (uint16_t) ~(size - 1),
		};
		first += size;
	}
}

static bool share(const struct net_bits *a, const struct net_bits *b)
{
	return !((a->value ^ b->value) & a->mask & b->mask);
}

static void settle(struct reading *r)
{
	struct net_ports *ports = r->ports;
	size_t n_masked = ports->n_bits;

	if (r->n_ranges)
		qsort(r->ranges, r->n_ranges, sizeof *r->ranges, by_first);
	for (size_t i = 0; i < r->n_ranges;) {
		struct range range = r->ranges[i++];

		for (; i < r->n_ranges && r->ranges[i].first <= range.last + 1; i++)
			if (r->ranges[i].last > range.last)
				range.last = r->ranges[i].last;
		add_range(ports, range.first, range.last);
	}
	for (size_t i = 0; i < n_masked; i++)
		for (size_t k = i + 1; k < ports->n_bits; k++)
			ports->overlaps |= share(&ports->bits[i], &ports->bits[k]);
}

static void add_text(struct arena *arena, struct net_ports *ports, const char *text)
{
	ports->text = ports->text ? arena_printf(arena, "%s,%s", ports->text, text) : arena_strdup(arena, text);
}

bool ports_parse(const struct section_scene *scene, const struct section_at *at,
		 const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct net_ports *ports = member;
	bool is_seq = node->kind == YAML_SEQ;
	size_t n = is_seq ? node->n_items : 1;
	struct reading r = {.ports = ports, .ranges = arena_new_array(scene->arena, struct range, n)};

	if (!n || n > MAX_ITEMS) {
		section_complain(scene, at, key, node->where, DIAG_RANGE,
				 n ? "lists more than 1000 ports; write ranges" : "is an empty list, which nothing matches");
		return false;
	}
	ports->bits = arena_new_array(scene->arena, struct net_bits, n * (MAX_BITS_PER_RANGE + 1));
	for (size_t i = 0; i < n; i++) {
		const struct yaml_node *item = is_seq ? node->items[i] : node;
		struct scalar in;

		if (!section_scalar(scene, at, key, item, &in))
			continue;
		const char *why = read_item(&r, in.text);
		if (why)
			section_complain(scene, at, key, item->where, DIAG_TYPE,
					 arena_printf(scene->arena, "is \"%.60s\"%s", in.text, why));
		else
			add_text(scene->arena, ports, in.text);
	}
	settle(&r);
	return true;
}

void ports_schema(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"anyOf\": [{\"type\": [\"integer\", \"string\"]}, "
	      "{\"type\": \"array\", \"items\": {\"type\": [\"integer\", \"string\"]}}]", out);
}

bool ports_cover(const struct net_ports *a, const struct net_ports *b)
{
	if (!a->text)
		return true;
	if (!b->text)
		return false;
	for (size_t i = 0; i < b->n_bits; i++) {
		bool is_held = false;

		for (size_t k = 0; k < a->n_bits && !is_held; k++)
			is_held = !(a->bits[k].mask & ~b->bits[i].mask) && share(&a->bits[k], &b->bits[i]);
		if (!is_held)
			return false;
	}
	return true;
}
