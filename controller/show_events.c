/* SPDX-License-Identifier: Apache-2.0 */
/* show events: the ring, made into words when somebody reads it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/show.h"

static const char *const severity_names[] = {
	[EVENT_INFO] = "info", [EVENT_WARNING] = "warning", [EVENT_ERROR] = "error",
};

static const char *event_kind(const struct event *event)
{
	if (!event->is_fact)
		return event->kind;
	return fact_is_move(&event->fact) ? "move" : fact_word(event->fact.kind);
}

static const char *event_switch(const struct api_world *world, const struct event *event)
{
	if (!event->is_fact)
		return event->sw[0] ? event->sw : NULL;
	if (event->fact.sw == NET_NONE || event->fact.kind == FACT_NET || event->fact.kind == FACT_WAYS
	    || event->fact.kind == FACT_STEER)
		return NULL;
	const struct view_switch *vs = view_switch(world->core->view, event->fact.sw);
	return vs ? vs->name : NULL;
}

static bool is_address(const struct fact *fact)
{
	return fact->kind == FACT_ADDRESS || fact->kind == FACT_ADDRESS_GONE || fact->kind == FACT_DUPLICATE ||
		fact->kind == FACT_ADDRESS_SETTLED;
}

static bool is_guard(const struct fact *fact)
{
	return fact->kind == FACT_VIOLATION || fact->kind == FACT_LEASE || fact->kind == FACT_LEASE_GONE ||
		fact->kind == FACT_PORT_SHUT || fact->kind == FACT_PORT_OPEN;
}

static void add_other(json_t *json, const struct fact *fact)
{
	static const uint8_t none[6];
	bool has = memcmp(fact->other_mac, none, 6) && fact->kind != FACT_ADDRESS_GONE;
	show_set(json, "other_mac", has ? show_mac(fact->other_mac) : json_null());
	if (fact->kind == FACT_ADDRESS)
		show_set(json, "contested", json_boolean(fact->contested));
}

static bool is_storm(const struct fact *fact)
{
	return fact->kind == FACT_STORM || fact->kind == FACT_STORM_OVER || fact->kind == FACT_RATE || fact->kind == FACT_RATE_OVER;
}

static bool is_quarantine(const struct fact *fact)
{
	return fact->kind == FACT_QUARANTINE || fact->kind == FACT_QUARANTINE_OVER;
}

static bool has_network(const struct fact *fact)
{
	return fact->kind == FACT_HOST || fact->kind == FACT_HOST_GONE || fact->kind == FACT_HOST_REFUSED ||
		fact->kind == FACT_NETWORK_FULL || fact->kind == FACT_MEMBER || fact->kind == FACT_GATEWAY || is_address(fact)
		|| is_guard(fact) || is_storm(fact) || is_quarantine(fact);
}

static const char *fact_network(const struct api_world *world, const struct fact *fact)
{
	return has_network(fact) ? view_network_name(world->core->view, fact->network) : NULL;
}

/* As the port was called when it happened. */
static json_t *place(const struct api_world *world, uint32_t sw, uint32_t ofport, const char *name)
{
	const struct view_switch *vs = sw == NET_NONE ? NULL : view_switch(world->core->view, sw);
	char text[128];
	if (!vs || !name[0])
		return show_place(world, sw, ofport);
	snprintf(text, sizeof text, "%s:%s", vs->name, name);
	return show_text(text);
}

static json_t *here(const struct api_world *world, const struct fact *fact)
{
	return place(world, fact->sw, fact->ofport, fact->port_name);
}

static json_t *there(const struct api_world *world, const struct fact *fact)
{
	return place(world, fact->old_sw, fact->old_ofport, fact->old_port_name);
}

bool show_event_passes(const struct api_world *world, const struct show_query *query, const struct event *event)
{
	const char *sw = query->sw ? event_switch(world, event) : NULL;
	const char *network = query->network && event->is_fact ? fact_network(world, &event->fact) : NULL;
	return (!query->kind || !strcmp(query->kind, event_kind(event))) &&
		(!query->state || !strcmp(query->state, severity_names[event->severity])) &&
		(!query->sw || (sw && !strcmp(sw, query->sw))) &&
		(!query->network || (network && !strcmp(network, query->network)));
}

static void add_network(const struct api_world *world, json_t *json, const struct fact *fact)
{
	show_set(json, "network", show_text(fact_network(world, fact)));
}

static void add_host(const struct api_world *world, json_t *json, const struct fact *fact)
{
	add_network(world, json, fact);
	show_set(json, "mac", show_mac(fact->mac));
	show_set(json, "ip", show_ip4(fact->has_ip4 ? fact->ip4 : NULL));
	show_set(json, "ip6", show_ip6(fact->has_ip6 ? fact->ip6 : NULL));
	show_set(json, "where", fact->unconfirmed ? json_null() : here(world, fact));
	if (fact_is_move(fact))
		show_set(json, "from", there(world, fact));
	show_set(json, "recovered", json_boolean(fact->recovered));
	show_set(json, "unconfirmed", json_boolean(fact->unconfirmed));
}

static void add_port(json_t *json, const struct fact *fact)
{
	show_set(json, "port", show_text(fact->port_name));
	show_set(json, "ofport", json_integer(fact->ofport));
	if (fact->kind != FACT_PORT)
		return;
	show_set(json, "up", json_boolean(fact->port_up));
	show_set(json, "live", json_boolean(fact->port_live));
	show_set(json, "speed_mbps", json_integer(fact->port_speed_mbps));
}

static void add_fields(const struct api_world *world, json_t *json, const struct fact *fact)
{
	switch (fact->kind) {
	case FACT_HOST:
	case FACT_HOST_GONE:
	case FACT_HOST_REFUSED:
		add_host(world, json, fact);
		break;
	case FACT_PORT:
	case FACT_PORT_GONE:
		add_port(json, fact);
		break;
	case FACT_ADDRESS:
	case FACT_ADDRESS_GONE:
	case FACT_DUPLICATE:
	case FACT_ADDRESS_SETTLED:
		add_host(world, json, fact);
		add_other(json, fact);
		break;
	case FACT_VIOLATION:
	case FACT_LEASE:
	case FACT_LEASE_GONE:
		add_host(world, json, fact);
		add_other(json, fact);
		if (fact->kind != FACT_VIOLATION)
			show_set(json, "until", fact->until_s == UINT32_MAX ? json_null() : json_integer(fact->until_s));
		break;
	case FACT_PORT_SHUT:
	case FACT_PORT_OPEN:
		add_host(world, json, fact);
		show_set(json, "until", json_integer(fact->until_s));
		break;
	case FACT_NET:
	case FACT_SWITCH_UP:
	case FACT_SWITCH_DOWN:
	case FACT_SWITCH_READY:
	case FACT_WAYS:
	case FACT_STEER:
		break;
	case FACT_LINK:
		show_set(json, "from", there(world, fact));
		show_set(json, "where", here(world, fact));
		break;
	case FACT_PROBE:
	case FACT_PROBE_LOST:
	case FACT_ANSWER:
		show_set(json, "where", here(world, fact));
		break;
	case FACT_GATEWAY:
		add_network(world, json, fact);
		show_set(json, "where", here(world, fact));
		show_set(json, "recovered", json_boolean(fact->recovered));
		break;
	case FACT_NETWORK_FULL:
	case FACT_MEMBER:
		add_network(world, json, fact);
		show_set(json, "recovered", json_boolean(fact->recovered));
		break;
	case FACT_QUARANTINE:
	case FACT_QUARANTINE_OVER:
		add_network(world, json, fact);
		show_set(json, "where", here(world, fact));
		show_set(json, "other", there(world, fact));
		show_set(json, "hold_seconds", fact->kind == FACT_QUARANTINE ? json_integer(fact->hold_s) : json_null());
		show_set(json, "recovered", json_boolean(fact->recovered));
		break;
	case FACT_STORM:
	case FACT_STORM_OVER:
	case FACT_RATE:
	case FACT_RATE_OVER:
		add_network(world, json, fact);
		show_set(json, "where", here(world, fact));
		if (fact->storm != LIMIT_RATE)
			show_set(json, "storm", json_string(net_storm_word(fact->storm)));
		show_set(json, "dropped", show_count(fact->n_dropped));
		break;
	case N_FACT_KINDS:
		break;
	}
}

static void add_fact(const struct api_world *world, json_t *json, const struct event *event)
{
	struct fact fact = event->fact;
	char text[512];
	add_fields(world, json, &fact);
	show_set(json, "reason", fact.reason ? show_text(fact_reason_text(fact.reason)) : json_null());
	/* The file has other links now. */
	if (events_is_renumbered(world->core->events, event))
		fact.edge = 0;
	fact_format(&fact, world->core->net, world->core->view, text, sizeof text);
	/* Its time is of another clock than ours. */
	const char *space = strchr(text, ' ');
	show_set(json, "text", show_text(space ? space + 1 : text));
}

json_t *show_event(const struct api_world *world, const struct event *event)
{
	json_t *json = json_pack("{s:I, s:I, s:s, s:s, s:o}", "id", (json_int_t) event->id,
				 "time_ms", (json_int_t) event->wall_ms,
				 "severity", severity_names[event->severity], "kind", event_kind(event),
				 "switch", show_text(event_switch(world, event)));
	if (event->is_fact)
		add_fact(world, json, event);
	else
		show_set(json, "text", show_text(event->text));
	return json;
}

/* Without `after` the last ones are wanted, else the next ones. */
static bool refill(const struct api_world *world, const struct show_query *query, struct show_keys *keys)
{
	const struct events *events = world->core->events;
	uint64_t first = events_first_id(events);
	uint64_t id = query->after >= first ? query->after + 1 : first;
	for (; id && id <= events_last_id(events); id++)
		if (show_event_passes(world, query, events_get(events, id)))
			show_keys_add(keys, id, 0);
	if (query->limit && !query->has_after && keys->n > query->limit) {
		memmove(keys->items, keys->items + keys->n - query->limit, query->limit * sizeof *keys->items);
		keys->n = query->limit;
	}
	return false;
}

static json_t *item(const struct api_world *world, const struct show_query *query,
		    const struct show_key *key)
{
	const struct event *event = events_get(world->core->events, key->a);
	(void) query;
	return event ? show_event(world, event) : NULL;
}

static void head(const struct api_world *world, json_t *document)
{
	show_set(document, "first_id", show_count(events_first_id(world->core->events)));
	show_set(document, "last_id", show_count(events_last_id(world->core->events)));
}

const struct show_list show_events = {
	.name = "events",
	.refill = refill,
	.item = item,
	.head = head,
};
