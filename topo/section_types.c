/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of single values that keys have; each is a scalar parser, its
 * line in the manual and its JSON Schema. */
#include <inttypes.h>
#include <string.h>

#include "topo/section.h"

static bool finish(const struct section_scene *scene, const struct section_at *at,
		   const struct section_key *key, const struct yaml_node *node, bool is_good,
		   const struct complaint *complaint)
{
	if (!is_good)
		section_complain(scene, at, key, node->where, complaint->code, complaint->text);
	return is_good;
}

static bool parse_bool(const struct section_scene *scene, const struct section_at *at,
		       const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct complaint complaint;
	struct scalar in;

	return section_scalar(scene, at, key, node, &in)
	       && finish(scene, at, key, node, scalar_bool(in, member, &complaint), &complaint);
}

static bool parse_number(const struct section_scene *scene, const struct section_at *at,
			 const struct section_key *key, const struct yaml_node *node, uint64_t *ret)
{
	struct complaint complaint;
	struct scalar in;

	return section_scalar(scene, at, key, node, &in)
	       && finish(scene, at, key, node, scalar_uint(in, key->min, key->max, ret, &complaint),
			 &complaint);
}

static bool parse_uint(const struct section_scene *scene, const struct section_at *at,
		       const struct section_key *key, const struct yaml_node *node, void *member)
{
	uint64_t value;

	if (!parse_number(scene, at, key, node, &value))
		return false;
	*(uint32_t *) member = (uint32_t) value;
	return true;
}

static bool parse_uint16(const struct section_scene *scene, const struct section_at *at,
			 const struct section_key *key, const struct yaml_node *node, void *member)
{
	uint64_t value;

	if (!parse_number(scene, at, key, node, &value))
		return false;
	*(uint16_t *) member = (uint16_t) value;
	return true;
}

static bool parse_duration(const struct section_scene *scene, const struct section_at *at,
			   const struct section_key *key, const struct yaml_node *node,
			   void *member)
{
	struct complaint complaint;
	struct scalar in;
	uint64_t seconds;

	if (!section_scalar(scene, at, key, node, &in))
		return false;
	if (!finish(scene, at, key, node,
		    scalar_duration(in, key->min, key->max, &seconds, &complaint), &complaint))
		return false;
	*(uint32_t *) member = (uint32_t) seconds;
	return true;
}

static bool parse_delay(const struct section_scene *scene, const struct section_at *at,
			const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct complaint complaint;
	struct scalar in;
	uint64_t us;

	if (!section_scalar(scene, at, key, node, &in)
	    || !finish(scene, at, key, node, scalar_delay(in, key->min, key->max, &us, &complaint), &complaint))
		return false;
	*(uint32_t *) member = (uint32_t) us;
	return true;
}

static bool parse_rate(const struct section_scene *scene, const struct section_at *at,
		       const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct complaint complaint;
	struct scalar in;

	return section_scalar(scene, at, key, node, &in)
	       && finish(scene, at, key, node, scalar_rate(in, member, &complaint), &complaint);
}

static bool parse_percent(const struct section_scene *scene, const struct section_at *at,
			  const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct complaint complaint;
	struct scalar in;
	uint64_t percent;

	if (!section_scalar(scene, at, key, node, &in)
	    || !finish(scene, at, key, node, scalar_percent(in, &percent, &complaint), &complaint))
		return false;
	if (percent < key->min || percent > key->max) {
		section_complain(scene, at, key, node->where, DIAG_RANGE,
				 arena_printf(scene->arena, "is %s; the range is %" PRIu64 "%% to %" PRIu64 "%%", in.text,
					      key->min, key->max));
		return false;
	}
	*(double *) member = (double) percent / 100;
	return true;
}

static bool parse_dpid(const struct section_scene *scene, const struct section_at *at,
		       const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct complaint complaint;
	struct scalar in;

	return section_scalar(scene, at, key, node, &in)
	       && finish(scene, at, key, node, scalar_dpid(in, member, &complaint), &complaint);
}

static bool parse_text(const struct section_scene *scene, const struct section_at *at,
		       const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct complaint complaint;
	struct scalar in;

	if (!section_scalar(scene, at, key, node, &in)
	    || !finish(scene, at, key, node, scalar_text(in, &complaint), &complaint))
		return false;
	*(const char **) member = arena_strdup(scene->arena, in.text);
	return true;
}

static bool parse_address(const struct section_scene *scene, const struct section_at *at,
			  const struct section_key *key, const struct yaml_node *node, void *member)
{
	char text[SCALAR_ADDRESS_SIZE];
	struct complaint complaint;
	struct scalar in;

	if (!section_scalar(scene, at, key, node, &in)
	    || !finish(scene, at, key, node, scalar_address(in, text, &complaint), &complaint))
		return false;
	*(const char **) member = arena_strdup(scene->arena, text);
	return true;
}

static bool parse_prefix(const struct section_scene *scene, const struct section_at *at,
			 const struct section_key *key, const struct yaml_node *node, void *member)
{
	char text[SCALAR_ADDRESS_SIZE];
	struct complaint complaint;
	struct scalar in;

	if (!section_scalar(scene, at, key, node, &in)
	    || !finish(scene, at, key, node, scalar_prefix(in, text, &complaint), &complaint))
		return false;
	*(const char **) member = arena_strdup(scene->arena, text);
	return true;
}

static bool parse_word(const struct section_scene *scene, const struct section_at *at,
		       const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct scalar in;
	size_t n = 0;

	if (!section_scalar(scene, at, key, node, &in))
		return false;
	for (; key->words[n]; n++) {
		if (strcmp(in.text, key->words[n]))
			continue;
		*(int *) member = (int) n + 1;
		return true;
	}
	for (const char *const *later = key->later; later && *later; later++) {
		if (strcmp(in.text, *later))
			continue;
		section_complain(scene, at, key, node->where, DIAG_TYPE,
				 arena_printf(scene->arena, "is \"%s\", which is not in this release",
					      in.text));
		return false;
	}
	const char *all = key->words[0];
	for (size_t i = 1; i < n; i++)
		all = arena_printf(scene->arena, "%s, %s", all, key->words[i]);
	const char *meant = diag_did_you_mean(in.text, key->words, n);
	section_complain(scene, at, key, node->where, DIAG_TYPE,
			 meant ? arena_printf(scene->arena, "is \"%.60s\"; did you mean \"%s\"?", in.text, meant)
			       : arena_printf(scene->arena, "is \"%.60s\"; this release knows: %s", in.text, all));
	return false;
}

static void schema_bool(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": \"boolean\"", out);
}

static void schema_uint(const struct section_key *key, FILE *out)
{
	fprintf(out, "\"type\": \"integer\", \"minimum\": %" PRIu64 ", \"maximum\": %" PRIu64, key->min,
		key->max);
}

static void schema_duration(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"anyOf\": [{\"const\": 0}, {\"type\": \"string\", \"pattern\": \"^[0-9]+[smhd]$\"}]", out);
}

static void schema_delay(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": \"string\", \"pattern\": \"^[0-9]+(us|ms|s)$\"", out);
}

static void schema_rate(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": \"string\", \"pattern\": \"^[0-9]+([.][0-9]{1,3})?(bit|kbit|Mbit|Gbit|Tbit)$\"", out);
}

static void schema_percent(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": \"string\", \"pattern\": \"^[0-9]+%$\"", out);
}

static void schema_dpid(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"anyOf\": [{\"type\": \"integer\", \"minimum\": 1}, {\"type\": \"string\", \"pattern\": "
	      "\"^(0[xX][0-9a-fA-F]{1,16}|[0-9a-fA-F]{16}|([0-9a-fA-F]{2}:){7}[0-9a-fA-F]{2})$\"}]", out);
}

static void schema_text(const struct section_key *key, FILE *out)
{
	(void) key;
	fprintf(out, "\"type\": \"string\", \"maxLength\": %d", SCALAR_MAX_TEXT);
}

static void schema_string(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": \"string\"", out);
}

static void schema_word(const struct section_key *key, FILE *out)
{
	fputs("\"enum\": [", out);
	for (size_t i = 0; key->words[i]; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : "", key->words[i]);
	fputs("]", out);
}

static void range_uint(const struct section_key *key, FILE *out)
{
	fprintf(out, "%" PRIu64 " to %" PRIu64, key->min, key->max);
}

static void range_duration(const struct section_key *key, FILE *out)
{
	fprintf(out, "0, or %" PRIu64 "s to %" PRIu64 "s", key->min, key->max);
}

static void range_percent(const struct section_key *key, FILE *out)
{
	fprintf(out, "%" PRIu64 "%% to %" PRIu64 "%%", key->min, key->max);
}

static void range_delay(const struct section_key *key, FILE *out)
{
	fprintf(out, "%" PRIu64 "us to %" PRIu64 "s", key->min, key->max / 1000000);
}

static void range_word(const struct section_key *key, FILE *out)
{
	for (size_t i = 0; key->words[i]; i++)
		fprintf(out, "%s`%s`", i ? ", " : "", key->words[i]);
}

const struct section_type section_bool = {
	.title = "true or false",
	.parse = parse_bool,
	.schema = schema_bool,
};

const struct section_type section_uint = {
	.title = "whole number",
	.parse = parse_uint,
	.schema = schema_uint,
	.range = range_uint,
};

const struct section_type section_uint16 = {
	.title = "whole number",
	.parse = parse_uint16,
	.schema = schema_uint,
	.range = range_uint,
};

const struct section_type section_duration = {
	.title = "duration",
	.parse = parse_duration,
	.schema = schema_duration,
	.range = range_duration,
};

const struct section_type section_delay = {
	.title = "delay, like 20ms",
	.parse = parse_delay,
	.schema = schema_delay,
	.range = range_delay,
};

const struct section_type section_rate = {
	.title = "rate, like 10Gbit or 2.5Gbit",
	.parse = parse_rate,
	.schema = schema_rate,
};

const struct section_type section_percent = {
	.title = "percentage, like 70%",
	.parse = parse_percent,
	.schema = schema_percent,
	.range = range_percent,
};

const struct section_type section_dpid = {
	.title = "datapath id",
	.parse = parse_dpid,
	.schema = schema_dpid,
};

const struct section_type section_text = {
	.title = "text",
	.parse = parse_text,
	.schema = schema_text,
};

const struct section_type section_address = {
	.title = "IP address",
	.parse = parse_address,
	.schema = schema_string,
};

const struct section_type section_prefix = {
	.title = "IP prefix",
	.parse = parse_prefix,
	.schema = schema_string,
};

const struct section_type section_word = {
	.title = "word",
	.parse = parse_word,
	.schema = schema_word,
	.range = range_word,
};

/* --- one of them, or a list --------------------------------------------------------- */

size_t section_n_items(const struct yaml_node *node) { return node->kind == YAML_SEQ ? node->n_items : 1; }

const struct yaml_node *section_item(const struct yaml_node *node, size_t i)
{
	return node->kind == YAML_SEQ ? node->items[i] : node;
}

void section_schema_items(const struct section_type *type, const struct section_key *key, FILE *out)
{
	fputs("\"anyOf\": [{", out);
	type->schema(key, out);
	fputs("}, {\"type\": \"array\", \"items\": {", out);
	type->schema(key, out);
	fputs("}}]", out);
}
