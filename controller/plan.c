/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan.h"

#include <stdlib.h>
#include <string.h>

#include "controller/core_copy.h"
#include "controller/show.h"
#include "topo/arena.h"

enum { MAX_TEXT = 8192 };               /* of one row in ovs-ofctl's syntax */
enum change { ADDED, MODIFIED, DELETED, N_CHANGES };
static const char *const change_words[] = { "added", "modified", "deleted" };

/* Rows of one app about one object, on one switch. */
struct part {
	uint8_t app;
	uint64_t object;                /* 48 bits of its name; 0 = a group or meter, that says none */
	size_t n[N_CHANGES];
};

struct on_switch {
	const char *state;
	uint64_t dpid;                  /* before */
	size_t n[N_CHANGES];
	struct part *parts;             /* owned */
	size_t n_parts, max_parts;
	uint32_t *places;               /* owned: open addressing, index into parts + 1; 0 = empty */
	size_t n_places;                /* a power of two */
};

struct plan {
	struct core *core;
	struct net *before;             /* shared */
	struct on_switch *switches;     /* by slot */
	size_t n_switches;
	size_t n[N_CHANGES];
	FILE *out;
	bool wants_rows, has_rows;      /* has_rows: one was written */
};

/* --- rows ---------------------------------------------------------------------------------- */

static size_t place_of(const struct on_switch *s, uint8_t app, uint64_t object)
{
	size_t at = (object ^ (uint64_t) app << 40) * 0x9e3779b97f4a7c15ull >> 20 & (s->n_places - 1);
	while (s->places[at] && (s->parts[s->places[at] - 1].app != app || s->parts[s->places[at] - 1].object != object))
		at = (at + 1) & (s->n_places - 1);
	return at;
}

static void grow(struct on_switch *s)
{
	s->max_parts = s->max_parts ? 2 * s->max_parts : 32;
	s->parts = xheap_realloc(s->parts, s->max_parts * sizeof *s->parts);
	free(s->places);
	s->n_places = 4 * s->max_parts;
	s->places = xheap_alloc(s->n_places * sizeof *s->places);
	for (size_t i = 0; i < s->n_parts; i++)
		s->places[place_of(s, s->parts[i].app, s->parts[i].object)] = (uint32_t) i + 1;
}

static struct part *part_of(struct on_switch *s, uint8_t app, uint64_t object)
{
	if (s->n_parts == s->max_parts)
		grow(s);
	size_t at = place_of(s, app, object);
	if (!s->places[at]) {
		s->parts[s->n_parts] = (struct part) { .app = app, .object = object };
		s->places[at] = (uint32_t) ++s->n_parts;
	}
	return &s->parts[s->places[at] - 1];
}

static const char *app_name(uint8_t number)
{
	const struct app *app = app_by_number(number);
	return app ? app->name : "";
}

/* What the new file calls it; what is gone from there, the one before. */
static void add_object(const struct plan *plan, json_t *json, uint64_t id)
{
	const struct net_object *object = id ? net_object_by_id(plan->core->net, id) : NULL;
	bool is_gone = id && !object && net_object_by_id(plan->before, id);
	if (is_gone)
		object = net_object_by_id(plan->before, id);
	json_t *name = object ? show_text(object->name) : NULL;
	for (uint32_t sw = 0; id && !name && sw < plan->n_switches; sw++) {
		const struct view_switch *vs = view_switch(plan->core->view, sw);
		if (vs && vs->object == id)
			name = json_sprintf("switch %s", vs->name);
	}
	show_set(json, "object", name ? name : json_null());
	show_set(json, "line", object ? json_integer(object->where.line) : json_null());
	show_set(json, "gone", json_boolean(is_gone));
}

static void write_row(struct plan *plan, uint32_t sw, const struct rule *rule, const struct part *part, enum change change)
{
	char text[MAX_TEXT];
	rule_format(rule, text, sizeof text);
	json_t *json = json_pack("{s:o, s:s, s:o, s:s}", "switch", show_text(view_switch(plan->core->view, sw)->name), "change",
				 change_words[change], "flow", show_text(text), "app", app_name(part->app));
	add_object(plan, json, part->object);
	fputs(plan->has_rows ? ",\n" : "\n", plan->out);
	json_dumpf(json, plan->out, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(json);
	plan->has_rows = true;
}

static void on_row(void *ctx, uint32_t sw, const struct row *row)
{
	struct plan *plan = ctx;
	struct row_room room;
	struct rule rule;
	row_rule(row, &room, &rule);
	enum change change = !row->want ? DELETED : row->have ? MODIFIED : ADDED;
	bool is_flow = rule.kind == RULE_FLOW;
	struct on_switch *s = &plan->switches[sw];
	struct part *part = part_of(s, is_flow ? cookie_app(rule_cookie(&rule)) : row->app, is_flow ? cookie_object(rule_cookie(&rule)) : 0);
	part->n[change]++;
	s->n[change]++;
	plan->n[change]++;
	if (plan->wants_rows)
		write_row(plan, sw, &rule, part, change);
}

/* --- switches ------------------------------------------------------------------------------ */

static void look_before(struct plan *plan)
{
	struct core *core = plan->core;
	plan->n_switches = core->n_switches;
	plan->switches = xheap_alloc((core->n_switches + 1) * sizeof *plan->switches);
	for (uint32_t sw = 0; sw < core->n_switches; sw++) {
		const struct view_switch *vs = view_switch(core->view, sw);
		plan->switches[sw].state = core->switches[sw]->ready ? "connected" : "away";
		plan->switches[sw].dpid = vs ? vs->dpid : 0;
	}
}

/* The file does not want it any more, or means another bridge: its connection ends before anything
 * is sent, see sessions_check_admission(). */
static void let_go(struct plan *plan)
{
	for (uint32_t sw = 0; sw < plan->n_switches; sw++) {
		const struct view_switch *vs = view_switch(plan->core->view, sw);
		bool is_wanted = vs && vs->admitted && vs->dpid == plan->switches[sw].dpid;
		if (is_wanted || !plan->core->switches[sw]->ready)
			continue;
		plan->switches[sw].state = "leaves";
		core_copy_leave(plan->core, sw);
	}
}

static int by_name(const void *a_, const void *b_)
{
	const struct part *a = a_, *b = b_;
	return a->app != b->app ? (a->app < b->app ? -1 : 1) : a->object < b->object ? -1 : a->object > b->object;
}

static void add_counts(json_t *json, const size_t n[N_CHANGES])
{
	for (unsigned i = 0; i < N_CHANGES; i++)
		show_set(json, change_words[i], show_count(n[i]));
}

static json_t *parts_json(const struct plan *plan, struct on_switch *s)
{
	json_t *list = json_array();
	if (s->n_parts)
		qsort(s->parts, s->n_parts, sizeof *s->parts, by_name);
	for (size_t i = 0; i < s->n_parts; i++) {
		json_t *json = json_pack("{s:s}", "app", app_name(s->parts[i].app));
		add_object(plan, json, s->parts[i].object);
		add_counts(json, s->parts[i].n);
		json_array_append_new(list, json);
	}
	return list;
}

/* Those that a file which is not in force yet has, have no slot before. */
static json_t *switches_json(struct plan *plan)
{
	json_t *list = json_array();
	const struct core *core = plan->core;
	for (uint32_t sw = 0; sw < core->n_switches; sw++) {
		const struct view_switch *vs = view_switch(core->view, sw);
		struct on_switch none = { .state = "away" }, *s = sw < plan->n_switches ? &plan->switches[sw] : &none;
		bool is_leaving = !strcmp(s->state, "leaves");
		if (!vs || (!is_leaving && (!vs->admitted || (vs->index == NET_NONE && !vs->ever))))
			continue;
		json_t *json = json_pack("{s:o, s:s}", "name", show_text(vs->name), "state", s->state);
		add_counts(json, s->n);
		show_set(json, "objects", parts_json(plan, s));
		json_array_append_new(list, json);
	}
	return list;
}

/* --- the answer ---------------------------------------------------------------------------- */

/* Its members, at the end of an object that was begun already. */
static void write_members(json_t *take, FILE *out)
{
	char *text = json_dumps(take, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputs(text + 1, out);
	putc('\n', out);
	free(text);
	json_decref(take);
}

static void play(struct plan *plan, struct net *take, const struct diag *diag)
{
	struct core *core = plan->core;
	core_copy_begin(core);
	plan->before = net_share(core->net);
	look_before(plan);
	struct plan_hosts *hosts = plan_hosts_new(core);
	json_t *objects = plan_objects(core->net, take);
	fputs(plan->wants_rows ? "\"rows\":[" : "", plan->out);
	core_reload(core, take);
	let_go(plan);
	unsigned n_rounds = core_copy_play(core, on_row, plan);
	fputs(plan->wants_rows ? "\n]," : "", plan->out);
	size_t n_lost, n_rows = plan->n[ADDED] + plan->n[MODIFIED] + plan->n[DELETED];
	json_t *lost = plan_hosts_lost(hosts, core, &n_lost);
	json_t *json = json_pack("{s:b, s:b, s:o, s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:o}", "ok", 1, "changes",
				 n_rows || json_array_size(objects), "findings", show_findings(diag), "file", core->net->file, "digest",
				 core->net->digest_text, "digest_in_force", plan->before->digest_text, "rounds", (int) n_rounds, "switches",
				 switches_json(plan), "objects", objects, "hosts", lost, "n_hosts", show_count(n_lost));
	add_counts(json, plan->n);
	write_members(json, plan->out);
	plan_hosts_free(hosts);
}

void plan_answer(struct core *core, const struct plan_question *question, FILE *out)
{
	struct plan plan = { .core = core, .out = out, .wants_rows = question->wants_rows };
	struct diag *diag = diag_new(question->file);
	struct net *net = question->text ? net_parse(question->file, question->text, question->size, diag) : net_load(question->file, diag);
	putc('{', out);
	if (net)
		play(&plan, net, diag);
	else
		write_members(json_pack("{s:b, s:b, s:o, s:s}", "ok", 0, "changes", 0, "findings", show_findings(diag), "file", question->file), out);
	net_free(plan.before);
	for (size_t i = 0; i < plan.n_switches; i++) {
		free(plan.switches[i].parts);
		free(plan.switches[i].places);
	}
	free(plan.switches);
	diag_free(diag);
}
