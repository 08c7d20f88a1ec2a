/* SPDX-License-Identifier: Apache-2.0 */
/* A section of the file is a table of keys: name, type, range, default, help.
 *
 * The table is read by the parser, by the reference page and by the JSON
 * Schema, so what the manual says is what the program does. A section fills
 * one C struct; a key knows the offset of its member. Lists and tables of
 * sections nest. Cross checks between keys are one function per section. */
#ifndef TOPO_SECTION_H
#define TOPO_SECTION_H

#include <stdio.h>

#include "topo/arena.h"
#include "topo/diag.h"
#include "topo/scalar.h"
#include "topo/yaml.h"

struct net;
struct section;
struct section_key;

/* What a parse has at hand. */
struct section_scene {
	struct arena *arena;            /* of the model */
	struct diag *diag;
	struct net *net;                /* filled so far, in the order of the root's keys */
};

/* Where in the file's structure a value stands, for messages: a chain from
 * the inside out, each link on the stack of who opened it. */
struct section_at {
	const struct section *section;
	const char *name;               /* table: the entry's name; list: null */
	const struct section_at *outer; /* null: the file itself */
};

/* How one kind of value is read and described. */
struct section_type {
	const char *title;              /* in the manual: "whole number" */
	bool takes_list;                /* as a short form, the item may be a list */
	/* Reads the node into member; false after a finding. */
	bool (*parse)(const struct section_scene *, const struct section_at *,
		      const struct section_key *, const struct yaml_node *, void *member);
	/* The members of its JSON Schema object, without braces. */
	void (*schema)(const struct section_key *, FILE *);
	/* The range as text, for the manual; left out: none. */
	void (*range)(const struct section_key *, FILE *);
};

struct section_key {
	const char *name;
	const struct section_type *type;
	size_t offset;                  /* of the member in the section's struct */
	size_t count_offset;            /* list, table: of its size_t member */
	uint64_t min, max;              /* numbers and durations: the range */
	const char *initial;            /* the default as one would write it; null: none */
	const char *otherwise;          /* without a default: what happens, for the manual */
	const char *const *words;       /* word: what is allowed, ends with null */
	const char *const *later;       /* word: those of later releases; may be null */
	const struct section *section;  /* list, table: what the items are */
	bool is_required;
	const char *help;               /* sentences for the manual */
};

struct section {
	const char *name;               /* of one: "network" */
	const char *help;               /* sentences for the manual */
	const char *example;            /* YAML lines for the manual */
	size_t size;                    /* of the struct an item fills */
	const struct section_key *keys;
	size_t n_keys;
	const char *short_key;          /* an item that is a scalar means {short_key: it} */
	size_t name_offset;             /* table: of the `const char *` that takes the name */
	size_t where_offset;            /* of the struct where */
	const char *const *later;       /* keys of later releases, ends with null; may be null */
	bool is_single;                 /* there is but one in the file: it is called by its name */
	/* After its keys; map is null for an item in short form. */
	void (*check)(const struct section_scene *, const struct section_at *,
		      const struct yaml_node *map, void *item);
};

/* The types. Members: bool, uint32_t, uint16_t, uint64_t, const char *. */
extern const struct section_type section_bool;          /* bool */
extern const struct section_type section_uint;          /* uint32_t */
extern const struct section_type section_uint16;        /* uint16_t */
extern const struct section_type section_duration;      /* uint32_t, seconds */
extern const struct section_type section_delay;         /* uint32_t, microseconds */
extern const struct section_type section_rate;          /* uint64_t, bit/s */
extern const struct section_type section_percent;       /* double, 0 to 1 */
extern const struct section_type section_dpid;          /* uint64_t */
extern const struct section_type section_text;          /* const char * */
extern const struct section_type section_address;       /* const char * */
extern const struct section_type section_prefix;        /* const char * */
extern const struct section_type section_word;          /* enum: 1 + index into words, 0 = not given */
extern const struct section_type section_list;          /* array and count */
extern const struct section_type section_table;         /* array and count */
extern const struct section_type section_map;           /* the struct itself */

/* Fills item, zeroed and of section->size, from a map. */
void section_parse(const struct section_scene *, const struct section_at *outer,
		   const struct section *, const char *name, const struct yaml_node *map,
		   void *item);

/* A finding that begins with the key and where it stands:
 * `"tag" in port of network "office" ` + text. */
void section_complain(const struct section_scene *, const struct section_at *,
		      const struct section_key *, struct where, enum diag_code, const char *text);

/* "network "office"", "a port of network "office"", "the file". */
const char *section_at_text(const struct section_scene *, const struct section_at *);

/* The scalar of a node, or false after a finding that it is none. */
bool section_scalar(const struct section_scene *, const struct section_at *,
		    const struct section_key *, const struct yaml_node *, struct scalar *);

/* The value of a key that takes one of that type, or a list of them: how many, the i-th. */
size_t section_n_items(const struct yaml_node *);
const struct yaml_node *section_item(const struct yaml_node *, size_t i);
void section_schema_items(const struct section_type *, const struct section_key *, FILE *);

/* Printed from the tables, from the root section down. */
void section_print_reference(const struct section *root, FILE *);
void section_print_schema(const struct section *root, FILE *);

#endif
