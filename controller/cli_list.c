/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/cli_list.h"

#include <string.h>
#include <time.h>

#include "controller/cli.h"

enum { OFPORT_LOCAL = 0xfffffffe };      /* OFPP_LOCAL, section 7.2.1 */

/* "a.b" goes into a. */
static const json_t *find(const json_t *item, const char *key)
{
	const char *dot = strchr(key, '.');
	char first[32];
	if (!dot)
		return json_object_get(item, key);
	snprintf(first, sizeof first, "%.*s", (int) (dot - key), key);
	return json_object_get(json_object_get(item, first), dot + 1);
}

/* "office, lab tag 30" */
static void networks_text(const json_t *networks, char *buf, size_t size)
{
	size_t i;
	const json_t *use;
	buf[0] = '\0';
	json_array_foreach(networks, i, use) {
		const json_t *tag = json_object_get(use, "tag");
		const char *name = json_string_value(json_object_get(use, "network"));
		char tag_text[16] = "";
		if (json_is_integer(tag))
			snprintf(tag_text, sizeof tag_text, " tag %d", (int) json_integer_value(tag));
		if (!cli_append(buf, size, "%s%s%s%s", i ? ", " : "", name ? name : "?", tag_text,
				json_is_true(json_object_get(use, "uplink")) ? " uplink" : ""))
			return;
	}
}

static void list_text(const json_t *texts, char *buf, size_t size)
{
	size_t i;
	const json_t *text;
	buf[0] = '\0';
	json_array_foreach(texts, i, text) {
		if (!cli_append(buf, size, "%s%s", i ? ", " : "", json_string_value(text)))
			return;
	}
}

static void time_text(json_int_t wall_ms, char *buf, size_t size)
{
	time_t seconds = (time_t) (wall_ms / 1000);
	struct tm tm;
	localtime_r(&seconds, &tm);
	size_t n = strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(buf + n, size - n, ".%03d", (int) (wall_ms % 1000));
}

/* What is not there has no text. */
static void text_of(const json_t *value, enum cli_form form, char *buf, size_t size)
{
	double number = json_number_value(value);
	json_int_t whole = json_integer_value(value);
	switch (form) {
	case FORM_TEXT:
		return;                 /* it was none */
	case FORM_PLAIN:
		if (json_is_integer(value))
			snprintf(buf, size, "%" JSON_INTEGER_FORMAT, whole);
		return;
	case FORM_UNLESS_0:
		if (whole)
			snprintf(buf, size, "%" JSON_INTEGER_FORMAT, whole);
		return;
	case FORM_IF_ANY:
		if (number > 0)
			snprintf(buf, size, "%.0f", number);
		return;
	case FORM_OFPORT:
		if (whole == (json_int_t) OFPORT_LOCAL)
			snprintf(buf, size, "LOCAL");
		else
			snprintf(buf, size, "%" JSON_INTEGER_FORMAT, whole);
		return;
	case FORM_YES:
		snprintf(buf, size, "%s", json_is_true(value) ? "yes" : "no");
		return;
	case FORM_AGO:
	case FORM_AGO_IF_ANY:
		if (json_is_integer(value))
			cli_ago(whole, buf);
		return;
	case FORM_SECONDS:
		if (!json_is_null(value))
			snprintf(buf, size, "%" JSON_INTEGER_FORMAT " s", whole);
		return;
	case FORM_TIME:
		time_text(whole, buf, size);
		return;
	case FORM_NETWORKS:
		networks_text(value, buf, size);
		return;
	case FORM_LIST:
		list_text(value, buf, size);
		return;
	case FORM_MBPS:
		if (json_is_number(value))
			cli_mbps(number, buf);
		return;
	case FORM_PERCENT:
		if (json_is_number(value))
			snprintf(buf, size, "%.0f %%", number);
		return;
	case FORM_BYTES:
		if (json_is_number(value))
			cli_bytes(number, buf);
		return;
	}
}

void cli_cell(struct cli_table *table, const json_t *item, const char *key, enum cli_form form)
{
	const json_t *value = find(item, key);
	bool is_if_any = form == FORM_TEXT || form == FORM_IF_ANY || form == FORM_AGO_IF_ANY;
	char buf[400] = "";
	if (json_is_string(value) && (form == FORM_PLAIN || form == FORM_TEXT)) {
		cli_table_cell(table, "%s", json_string_value(value));
		return;
	}
	text_of(value, form, buf, sizeof buf);
	cli_table_cell(table, "%s", buf[0] || is_if_any ? buf : "-");
}

bool cli_list(const struct cli_column columns[CLI_MAX_COLUMNS], const json_t *items, FILE *f)
{
	char titles[512] = "";
	size_t i;
	const json_t *item;
	for (size_t c = 0; c < CLI_MAX_COLUMNS && columns[c].key; c++)
		cli_append(titles, sizeof titles, "%s%s", c ? " " : "", columns[c].title);
	struct cli_table *table = cli_table_new(titles);
	json_array_foreach(items, i, item)
		for (size_t c = 0; c < CLI_MAX_COLUMNS && columns[c].key; c++)
			cli_cell(table, item, columns[c].key, columns[c].form);
	return cli_table_end(table, f);
}
