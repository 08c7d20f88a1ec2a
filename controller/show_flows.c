/* SPDX-License-Identifier: Apache-2.0 */
/* show flows: the rows of the ledgers, one switch after the other, as copies: a
 * row may go while its turn comes. Groups and meters are rows too. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/pipeline.h"
#include "controller/show.h"
#include "ofproto/build.h"
#include "ofproto/msg.h"
#include "topo/arena.h"

enum { MAX_TEXT = 8192 };               /* of one row in ovs-ofctl's syntax */

/* Keys: a = slot, b = address of one of these, in the keys' arena. */
struct copy {
	const char *state;
	uint32_t error, duration, seq;
	uint64_t n_packets, n_bytes;
	struct rule rule;               /* its message follows */
};

static const char *row_state(const struct row *row)
{
	if (row->refused)
		return "refused";
	if (row->foreign)
		return row->want ? "blocked" : "foreign";
	if (!row->want)
		return "going";
	return row->want == row->have ? "have" : "want";
}

static bool of_network(const struct rule *rule, uint32_t network)
{
	uint64_t value;
	return (rule_match_u(rule, FIELD_REG0, &value) && value == network) ||
		(rule_set_u(rule, FIELD_REG0, &value) && value == network);
}

/* The table by name or by number. */
static bool of_table(const struct rule *rule, const char *table)
{
	enum table index = pipeline_by_id(rule_table(rule));
	char number[8];
	snprintf(number, sizeof number, "%u", rule_table(rule));
	return !strcmp(table, number) || (index != N_TABLES && !strcmp(table, pipeline[index].name));
}

static bool of_app(const struct rule *rule, const char *name)
{
	const struct app *app = cookie_is_ours(rule_cookie(rule)) ? app_by_number(cookie_app(rule_cookie(rule)))
								   : NULL;
	return app && !strcmp(app->name, name);
}

static const char *const kind_names[] = { [RULE_METER] = "meter", [RULE_GROUP] = "group", [RULE_FLOW] = "flow" };

static bool passes(const struct show_query *query, const struct row *row, const struct rule *rule,
		   uint32_t network)
{
	bool needs_flow = network || query->table || query->app;
	if (query->state && strcmp(query->state, row_state(row)))
		return false;
	if (query->kind && strcmp(query->kind, kind_names[rule->kind]))
		return false;
	if (!needs_flow)
		return true;
	return rule->kind == RULE_FLOW && (!network || of_network(rule, network)) &&
		(!query->table || of_table(rule, query->table)) && (!query->app || of_app(rule, query->app));
}

static struct copy *copy_row(struct arena *arena, const struct row *row, const struct rule *rule, size_t seq)
{
	struct copy *copy = arena_alloc(arena, sizeof *copy + rule->size);
	*copy = (struct copy) {
		.state = row_state(row), .error = row->error, .duration = row->duration, .seq = (uint32_t) seq,
		.n_packets = row->n_packets, .n_bytes = row->n_bytes, .rule = *rule,
	};
	memcpy(copy + 1, rule->msg, rule->size);
	copy->rule.msg = (const uint8_t *) (copy + 1);
	return copy;
}

/* Meters, groups, then flows as a switch reads them: table, priority. */
static int by_place(const void *a_, const void *b_)
{
	const struct copy *a = (const struct copy *) (uintptr_t) ((const struct show_key *) a_)->b;
	const struct copy *b = (const struct copy *) (uintptr_t) ((const struct show_key *) b_)->b;
	if (a->rule.kind != b->rule.kind)
		return a->rule.kind < b->rule.kind ? -1 : 1;
	if (a->rule.kind == RULE_FLOW && rule_table(&a->rule) != rule_table(&b->rule))
		return rule_table(&a->rule) < rule_table(&b->rule) ? -1 : 1;
	if (a->rule.kind == RULE_FLOW && rule_priority(&a->rule) != rule_priority(&b->rule))
		return rule_priority(&a->rule) > rule_priority(&b->rule) ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static bool refill(const struct api_world *world, const struct show_query *query, struct show_keys *keys)
{
	const struct core *core = world->core;
	uint32_t sw = keys->stage, network = 0;
	struct ledger_iter iter;
	if (query->network) {
		uint32_t index = net_network_by_name(core->net, query->network);
		if (index == NET_NONE)
			return false;
		network = core->net->networks[index].id;
	}
	if (sw >= core->n_switches)
		return false;
	const struct view_switch *vs = view_switch(core->view, sw);
	if (vs && (!query->sw || !strcmp(query->sw, vs->name))) {
		for (const struct row *row = ledger_first(core->switches[sw]->ledger, &iter);
		     row && keys->n < keys->wanted; row = ledger_after(core->switches[sw]->ledger, &iter)) {
			struct row_room room;
			struct rule rule;
			row_rule(row, &room, &rule);
			if (passes(query, row, &rule, network))
				show_keys_add(keys, sw, (uintptr_t) copy_row(keys->arena, row, &rule, keys->n));
		}
		show_keys_sort(keys, by_place);
	}
	return sw + 1 < core->n_switches;
}

/* The file knows most objects; a switch that it does not name is known here. */
static void add_origin(const struct api_world *world, json_t *json, uint64_t cookie)
{
	const struct core *core = world->core;
	struct core_origin origin = core_origin(core, cookie);
	json_t *object = origin.object[0] ? show_text(origin.object) : NULL;
	for (uint32_t sw = 0; !object && cookie_is_ours(cookie) && sw < core->n_switches; sw++) {
		const struct view_switch *vs = view_switch(core->view, sw);
		if (vs && vs->object == cookie_object(cookie))
			object = json_sprintf("switch %s", vs->name);
	}
	show_set(json, "app", origin.app[0] ? show_text(origin.app) : json_null());
	show_set(json, "object", object ? object : json_null());
	show_set(json, "line", origin.line ? json_integer(origin.line) : json_null());
}

/* "cookie=..,table=..,priority=N,MATCH actions=ACTIONS" taken apart. */
static void add_flow(json_t *json, const struct rule *rule, char *text)
{
	enum table table = pipeline_by_id(rule_table(rule));
	const struct app_row *row = app_row_of(rule);
	char *actions = strstr(text, "actions="), *match = strstr(text, "priority=");
	if (actions) {
		if (actions > text)
			actions[-1] = '\0';
		actions += strlen("actions=");
	}
	match = match ? match + strcspn(match, ",") : text;
	if (*match == ',')
		match++;
	show_set(json, "table", table == N_TABLES ? json_null() : json_string(pipeline[table].name));
	show_set(json, "table_id", json_integer(rule_table(rule)));
	show_set(json, "priority", json_integer(rule_priority(rule)));
	show_set(json, "match", show_text(match));
	show_set(json, "actions", show_text(actions ? actions : ""));
	show_set(json, "cookie", show_cookie(rule_cookie(rule)));
	show_set(json, "idle_timeout_seconds", json_integer(rule_idle_timeout(rule)));
	show_set(json, "row", row ? json_string(row->name) : json_null());
}

static json_t *item(const struct api_world *world, const struct show_query *query,
		    const struct show_key *key)
{
	const struct view_switch *vs = view_switch(world->core->view, (uint32_t) key->a);
	const struct copy *copy = (const struct copy *) (uintptr_t) key->b;
	const struct rule *rule = &copy->rule;
	char text[MAX_TEXT];
	(void) query;
	if (!vs)
		return NULL;
	rule_format(rule, text, sizeof text);
	json_t *json = json_pack("{s:o, s:s, s:s, s:o}", "switch", show_text(vs->name),
				 "kind", kind_names[rule->kind], "state", copy->state, "flow", show_text(text));
	if (rule->kind == RULE_FLOW)
		add_flow(json, rule, text);
	add_origin(world, json, rule->kind == RULE_FLOW ? rule_cookie(rule) : 0);
	show_set(json, "error", copy->error && !strcmp(copy->state, "refused")
		 ? json_string(msg_error_name((uint16_t) (copy->error >> 16), (uint16_t) copy->error)) : json_null());
	show_set(json, "packets", show_count(copy->n_packets));
	show_set(json, "bytes", show_count(copy->n_bytes));
	show_set(json, "duration_seconds", json_integer(copy->duration));
	return json;
}

static void head(const struct api_world *world, json_t *document)
{
	show_set(document, "file", show_text(world->core->net->file));
}

const struct show_list show_flows = {
	.name = "flows",
	.refill = refill,
	.item = item,
	.head = head,
};
