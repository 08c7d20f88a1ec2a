/* SPDX-License-Identifier: Apache-2.0 */
/* An answer of explain as JSON. */
#include "controller/explain.h"
#include "controller/show.h"

static json_t *cause_json(const struct explain_cause *cause)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind", cause->kind, "text", show_text(cause->text), "cure", show_text(cause->cure),
			 "switch", show_text(cause->sw), "line", cause->line ? json_integer(cause->line) : json_null());
}

static json_t *causes_json(const struct explain_causes *causes)
{
	json_t *list = json_array();
	for (size_t i = 0; i < causes->n; i++)
		json_array_append_new(list, cause_json(&causes->items[i]));
	return list;
}

static json_t *end_json(const struct explain_end *end)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:o}", "asked", show_text(end->asked),
			 "network", show_text(end->network), "switch", show_text(end->sw), "port", show_text(end->port),
			 "tag", end->tag ? json_integer(end->tag) : json_null(), "mac", end->has_mac ? show_mac(end->mac) : json_null(),
			 "ip", show_ip4(end->has_ip4 ? end->ip4 : NULL), "ip6", show_ip6(end->has_ip6 ? end->ip6 : NULL),
			 "line", end->line ? json_integer(end->line) : json_null(), "heard", end->is_heard, "lan", end->is_lan,
			 "vtep", show_text(end->vtep));
}

static json_t *step_json(const struct explain_step *step)
{
	json_t *json = json_pack("{s:o, s:o, s:b, s:b}", "switch", show_text(step->sw), "text", show_text(step->text),
				 "shown", step->is_shown, "last", step->is_last);
	show_set(json, "table", show_text(step->table));
	show_set(json, "row", show_text(step->row));
	show_set(json, "app", show_text(step->app));
	show_set(json, "object", show_text(step->object));
	show_set(json, "line", step->line ? json_integer(step->line) : json_null());
	show_set(json, "state", show_text(step->is_row ? step->state : NULL));
	show_set(json, "packets", step->is_row && step->rule.kind == RULE_FLOW ? show_count(step->n_packets) : json_null());
	show_set(json, "live", step->is_live ? json_true() : json_false());
	return json;
}

static json_t *leg_json(const struct explain_leg *leg)
{
	json_t *steps = json_array(), *traces = json_array();
	for (size_t i = 0; i < leg->n_steps; i++)
		json_array_append_new(steps, step_json(&leg->steps[i]));
	for (size_t i = 0; i < leg->n_traces; i++)
		json_array_append_new(traces, json_pack("{s:o, s:o}", "switch", show_text(leg->traces[i].sw),
							"command", show_text(leg->traces[i].command)));
	json_t *json = json_pack("{s:s, s:o, s:s, s:b, s:b}", "name", leg->name, "frame", show_text(leg->frame_text),
				 "verdict", leg->passes ? "passes" : "blocked", "flooded", leg->by_flood, "answered", leg->is_answered);
	show_set(json, "tunnel_mtu_bytes", leg->over_tunnel && leg->tunnel_mtu ? json_integer(leg->tunnel_mtu) : json_null());
	show_set(json, "cause", leg->cause.kind ? cause_json(&leg->cause) : json_null());
	show_set(json, "steps", steps);
	show_set(json, "traces", traces);
	return json;
}

static const char *verdict(bool is_reachable) { return is_reachable ? "reachable" : "blocked"; }

static json_t *direction_json(const struct explain_direction *d)
{
	json_t *legs = json_array();
	for (size_t i = 0; i < d->n_legs; i++)
		json_array_append_new(legs, leg_json(&d->legs[i]));
	return json_pack("{s:o, s:o, s:s, s:o, s:o}", "from", show_text(d->from), "to", show_text(d->to),
			 "verdict", verdict(d->is_reachable), "causes", causes_json(&d->causes), "legs", legs);
}

json_t *show_explain(const struct explain *x)
{
	json_t *directions = json_array();
	for (size_t i = 0; i < x->n_directions; i++)
		json_array_append_new(directions, direction_json(&x->directions[i]));
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "verdict", verdict(x->is_reachable), "protocol", show_text(x->protocol),
			 "file", show_text(x->file), "from", end_json(&x->ends[0]), "to", end_json(&x->ends[1]),
			 "directions", directions, "notes", causes_json(&x->notes), "probe", json_null());
}
