/* SPDX-License-Identifier: Apache-2.0 */
/* The apps, in the order in which a frame meets them, and the few functions
 * they share for giving out rows. */
#include <stdio.h>
#include <stdlib.h>

#include "apps/app.h"
#include "apps/apps.h"

/* Numbers are in cookies on switches: never change one, never use one again. */
const struct app_entry apps[] = {
	/* First: their rows must be there before ingress sends frames to them. */
	{ 7, &app_acl },
	{ 8, &app_storm },
	{ 5, &app_guard },
	{ 1, &app_ingress },
	{ 2, &app_l2 },
	{ 4, &app_arp },
	{ 3, &app_output },
	{ 6, &app_steer },
};
const size_t n_apps = sizeof apps / sizeof apps[0];

const struct app *app_by_number(uint8_t number)
{
	for (size_t i = 0; i < n_apps; i++)
		if (apps[i].number == number)
			return apps[i].app;
	return NULL;
}

const struct app *app_by_table(enum table table)
{
	for (size_t i = 0; i < n_apps; i++)
		if (apps[i].app->tables >> table & 1)
			return apps[i].app;
	return NULL;
}

const struct app_row *app_row_of(const struct rule *rule)
{
	if (rule->kind != RULE_FLOW || !cookie_is_ours(rule_cookie(rule)))
		return NULL;
	const struct app *app = app_by_number(cookie_app(rule_cookie(rule)));
	enum table table = pipeline_by_id(rule_table(rule));
	const struct app_row *found = NULL;
	for (size_t i = 0; app && i < app->n_rows; i++) {
		const struct app_row *row = &app->rows[i];
		if (row->table != table || row->priority > rule_priority(rule)
		    || (!app->spans && row->priority != rule_priority(rule)))
			continue;
		if (!found || row->priority > found->priority)
			found = row;
	}
	return found;
}

/* --- rows -------------------------------------------------------------------------- */

uint64_t out_cookie(const struct out *out, uint64_t object)
{
	return cookie_make(out->app, object);
}

void out_row(struct out *out, const struct app_row *row, uint64_t cookie_object)
{
	build_flow(out->build, row->table, row->priority, out_cookie(out, cookie_object));
}

static struct rule end(struct out *out)
{
	struct rule rule;
	const char *error = build_end(out->build, &rule);
	if (error) {
		fprintf(stderr, "weft: app %u breaks the pipeline's contract: %s\n", out->app, error);
		abort();
	}
	return rule;
}

void out_want(struct out *out, uint32_t sw)
{
	struct rule rule = end(out);
	out->want(out->ctx, sw, out->app, &rule);
}

void out_unwant(struct out *out, uint32_t sw)
{
	struct rule rule = end(out);
	out->unwant(out->ctx, sw, out->app, &rule);
}
