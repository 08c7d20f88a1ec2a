/* SPDX-License-Identifier: Apache-2.0 */
/* show switches: who they are, how the connection does, how far their rows are. */
#include <string.h>

#include "controller/show.h"

static size_t count_hosts(const struct view_switch *vs)
{
	size_t n = 0;
	for (size_t i = 0; i < vs->n_ports; i++)
		for (size_t u = 0; u < vs->ports[i].n_uses; u++)
			n += vs->ports[i].uses[u].n_hosts;
	return n;
}

const char *show_switch_state(const struct api_world *world, uint32_t sw)
{
	const struct view_switch *vs = view_switch(world->core->view, sw);
	if (!vs)
		return NULL;
	if (vs->connected)
		return "connected";
	if (world->core->switches[sw]->session)
		return world->core->switches[sw]->stood_by ? "standby" : "connecting";
	/* A file that lets in anybody waits for nobody whom one before has named. */
	if (!vs->admitted || (vs->index == NET_NONE && !vs->ever))
		return NULL;
	return vs->ever ? "disconnected" : "waiting";
}

static json_t *session_json(const struct session_info *info)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "state", info->state, "peer", show_text(info->peer),
			 "certificate_name", show_text(info->cert_name),
			 "hardware", show_text(info->hardware), "software", show_text(info->software),
			 "serial", show_text(info->serial),
			 "rtt_us", (json_int_t) info->rtt_us,
			 "queued_bytes", (json_int_t) info->queued_bytes,
			 "punts", (json_int_t) info->n_punts,
			 "punts_dropped", (json_int_t) info->n_punts_dropped,
			 "openflow_errors", (json_int_t) info->n_errors,
			 "reads", (json_int_t) info->conn.n_reads, "writes", (json_int_t) info->conn.n_writes,
			 "messages_in", (json_int_t) info->conn.n_messages_in,
			 "messages_out", (json_int_t) info->conn.n_messages_out,
			 "bytes_in", (json_int_t) info->conn.n_bytes_in,
			 "bytes_out", (json_int_t) info->conn.n_bytes_out);
}

static json_t *sync_json(const struct session_info *info)
{
	const struct sync_counts *n = &info->sync;
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "state", info->sync_state,
			 "transactions", (json_int_t) n->n_transactions, "bundles", (json_int_t) n->n_bundles,
			 "flow_mods", (json_int_t) n->n_flow_mods, "group_mods", (json_int_t) n->n_group_mods,
			 "meter_mods", (json_int_t) n->n_meter_mods, "refused", (json_int_t) n->n_refused,
			 "repaired", (json_int_t) n->n_repaired, "audits", (json_int_t) n->n_audits,
			 "last_transaction_ms", (json_int_t) n->last_transaction_ms,
			 "last_read_ms", (json_int_t) n->last_read_ms);
}

json_t *show_switch(const struct api_world *world, uint32_t sw, bool details)
{
	const char *state = show_switch_state(world, sw);
	if (!state)
		return NULL;
	const struct core *core = world->core;
	const struct view_switch *vs = view_switch(core->view, sw);
	const struct core_switch *cs = core->switches[sw];
	struct ledger_counts rows;
	ledger_count(cs->ledger, &rows);
	json_t *json = json_pack("{s:o, s:o, s:s, s:I, s:I, s:I, s:I, s:I}",
				 "name", show_text(vs->name), "dpid", show_dpid(vs->dpid), "state", state,
				 "flows", (json_int_t) rows.n_flows, "hosts", (json_int_t) count_hosts(vs),
				 "ports", (json_int_t) vs->n_ports,
				 "refused_rows", (json_int_t) rows.n_refused,
				 "foreign_rows", (json_int_t) rows.n_foreign);
	show_set(json, "in_sync", json_boolean(core_is_in_sync(core, sw)));
	show_set(json, "since_ms", cs->connected_wall_ms ? show_count(cs->connected_wall_ms) : json_null());
	show_set(json, "last_error", cs->last_error[0] && !cs->session ? show_text(cs->last_error) : json_null());
	if (!details)
		return json;
	bool declared = vs->index != NET_NONE;
	show_set(json, "line", declared ? show_count(core->net->switches[vs->index].where.line) : json_null());
	show_set(json, "groups", show_count(rows.n_groups));
	show_set(json, "meters", show_count(rows.n_meters));
	show_set(json, "messages_sent", show_count(rows.n_sent));
	show_set(json, "max_meters", show_count(vs->max_meters));
	show_set(json, "memory_bytes", show_count(ledger_memory(cs->ledger)));
	if (cs->session) {
		struct session_info info;
		session_info(cs->session, &info);
		show_set(json, "session", session_json(&info));
		show_set(json, "sync", sync_json(&info));
	} else {
		show_set(json, "session", json_null());
		show_set(json, "sync", json_null());
	}
	return json;
}

static bool refill(const struct api_world *world, const struct show_query *query, struct show_keys *keys)
{
	for (uint32_t sw = 0; sw < world->core->n_switches; sw++) {
		const char *state = show_switch_state(world, sw);
		if (!state || (query->state && strcmp(query->state, state)))
			continue;
		if (query->sw && strcmp(query->sw, view_switch(world->core->view, sw)->name))
			continue;
		show_keys_add(keys, sw, 0);
	}
	return false;
}

static json_t *item(const struct api_world *world, const struct show_query *query,
		    const struct show_key *key)
{
	(void) query;
	return show_switch(world, (uint32_t) key->a, true);
}

const struct show_list show_switches = {
	.name = "switches",
	.refill = refill,
	.item = item,
};
