/* SPDX-License-Identifier: Apache-2.0 */
/* A YAML text as a tree that knows its places. The only door to libyaml.
 *
 * Strict: one document, string keys, no duplicate keys, no anchors or aliases,
 * no tags, bounded depth and size. Scalars stay text; types are made by
 * topo/section.c, which knows what was asked for. */
#ifndef TOPO_YAML_H
#define TOPO_YAML_H

#include "topo/arena.h"
#include "topo/diag.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQ, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	struct where where;
	const char *text;               /* scalar: the text, never null */
	size_t len;                     /* scalar: its length; may hold NUL bytes */
	bool quoted;                    /* scalar: was quoted or a block */
	size_t n_items;                 /* seq: items; map: pairs */
	struct yaml_node **items;       /* seq: the items; map: the values */
	struct yaml_node **keys;        /* map: scalars, as many as items */
};

enum {
	YAML_MAX_BYTES = 16 << 20,
	YAML_MAX_DEPTH = 32,
	YAML_MAX_NODES = 2000000,
};

/* The root, or null after a finding. An empty text is an empty map. Duplicate
 * keys are findings and the first one stays in the tree. */
struct yaml_node *yaml_parse(struct arena *, const char *text, size_t len, struct diag *);

/* The value of a key, or null. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

#endif
