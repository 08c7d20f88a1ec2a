/* SPDX-License-Identifier: Apache-2.0 */
/* show acls: the rules of all lists, in order, and what they have met. A rule's
 * rows are found by its cookie, in the ledgers of all switches; the numbers are
 * those of the last reading. A row that is made anew counts from 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/pipeline.h"
#include "controller/show.h"
#include "ofproto/build.h"
#include "topo/arena.h"

/* Keys: a = id of the rule's object, b = address of one of these, in the keys' arena. */
struct tally {
	uint64_t object;
	uint32_t acl, rule;             /* indices; rule = n_rules: the end of the list */
	uint64_t n_packets, n_bytes;
	uint32_t n_rows, age_s;
	uint32_t hit_s;                 /* seconds since the last hit; UINT32_MAX = none seen */
};

static int by_object(const void *a_, const void *b_)
{
	const struct tally *a = *(struct tally *const *) a_, *b = *(struct tally *const *) b_;
	return a->object < b->object ? -1 : a->object > b->object;
}

static void count_row(struct tally *tally, const struct row *row)
{
	uint32_t hit_s = row->hit ? row->duration - row->hit : UINT32_MAX;
	tally->n_rows++;
	tally->n_packets += row->n_packets;
	tally->n_bytes += row->n_bytes;
	if (row->duration > tally->age_s)
		tally->age_s = row->duration;
	if (hit_s < tally->hit_s)
		tally->hit_s = hit_s;
}

static void count_switch(const struct core_switch *cs, struct tally **index, size_t n)
{
	struct ledger_iter iter;
	for (const struct row *row = ledger_first(cs->ledger, &iter); row; row = ledger_after(cs->ledger, &iter)) {
		struct row_room room;
		struct rule rule;
		row_rule(row, &room, &rule);
		if (rule.kind != RULE_FLOW || !row->want || !cookie_is_ours(rule_cookie(&rule)))
			continue;
		struct tally wanted = { .object = cookie_object(rule_cookie(&rule)) }, *key = &wanted;
		struct tally **found = bsearch(&key, index, n, sizeof *index, by_object);
		if (found)
			count_row(*found, row);
	}
}

static bool passes(const struct net *net, const struct show_query *query, uint32_t acl)
{
	if (query->acl && strcmp(query->acl, net->acls[acl].name))
		return false;
	if (!query->network)
		return true;
	uint32_t n = net_network_by_name(net, query->network);
	if (n == NET_NONE)
		return false;
	const struct net_network *network = &net->networks[n];
	for (int d = 0; d < N_DIRECTIONS; d++) {
		if (network->acl.at[d].acl == acl)
			return true;
		for (size_t i = 0; i < network->n_ports; i++)
			if (network->ports[i].acl.at[d].acl == acl)
				return true;
	}
	return false;
}

static bool refill(const struct api_world *world, const struct show_query *query, struct show_keys *keys)
{
	const struct net *net = world->core->net;
	size_t n = 0, max = 0;
	for (size_t i = 0; i < net->n_acls; i++)
		max += net->acls[i].n_rules + 1;
	struct tally **index = arena_new_array(keys->arena, struct tally *, max);
	for (uint32_t i = 0; i < net->n_acls; i++) {
		const struct net_acl *acl = &net->acls[i];
		for (uint32_t k = 0; k <= acl->n_rules && passes(net, query, i); k++) {
			struct tally *tally = arena_alloc(keys->arena, sizeof *tally);
			uint32_t object = k < acl->n_rules ? acl->rules[k].object : acl->end_object;
			*tally = (struct tally) { .object = net->objects[object].id, .acl = i, .rule = k, .hit_s = UINT32_MAX };
			show_keys_add(keys, tally->object, (uintptr_t) tally);
			index[n++] = tally;
		}
	}
	if (n)
		qsort(index, n, sizeof *index, by_object);
	for (uint32_t sw = 0; n && sw < world->core->n_switches; sw++) {
		const struct view_switch *vs = view_switch(world->core->view, sw);
		if (vs && (!query->sw || !strcmp(query->sw, vs->name)))
			count_switch(world->core->switches[sw], index, n);
	}
	return false;
}

/* --- items -------------------------------------------------------------------------------- */

static void add_place(json_t *list, const struct net_acl_use *use, uint32_t acl, const char *who)
{
	if (use->at[ACL_IN].acl == acl)
		json_array_append_new(list, json_sprintf("%s", who));
	if (use->at[ACL_OUT].acl == acl)
		json_array_append_new(list, json_sprintf("%s out", who));
}

static json_t *places(const struct net *net, uint32_t acl)
{
	json_t *list = json_array();
	char who[200];
	for (size_t i = 0; i < net->n_switches; i++) {
		snprintf(who, sizeof who, "switch %s", net->switches[i].name);
		add_place(list, &net->switches[i].acl, acl, who);
	}
	for (size_t i = 0; i < net->n_networks; i++) {
		const struct net_network *network = &net->networks[i];
		snprintf(who, sizeof who, "network %s", network->name);
		add_place(list, &network->acl, acl, who);
		for (size_t k = 0; k < network->n_ports; k++) {
			snprintf(who, sizeof who, "port %s:%s of network %s", network->ports[k].switch_glob,
				 network->ports[k].port_glob, network->name);
			add_place(list, &network->ports[k].acl, acl, who);
		}
	}
	return list;
}

static json_t *item(const struct api_world *world, const struct show_query *query, const struct show_key *key)
{
	const struct net *net = world->core->net;
	const struct tally *tally = (const struct tally *) (uintptr_t) key->b;
	(void) query;
	/* Another file may be in force by now. */
	if (tally->acl >= net->n_acls || tally->rule > net->acls[tally->acl].n_rules)
		return NULL;
	const struct net_acl *acl = &net->acls[tally->acl];
	const struct net_rule *rule = tally->rule < acl->n_rules ? &acl->rules[tally->rule] : NULL;
	if (net->objects[rule ? rule->object : acl->end_object].id != tally->object)
		return NULL;
	const char *name = !rule ? "end of the list" : rule->name ? rule->name : rule->text;
	json_t *json = json_pack("{s:o, s:o, s:o, s:s, s:I, s:o, s:o}", "acl", show_text(acl->name),
				 "rule", show_text(name), "text", show_text(rule ? rule->text : "deny any"),
				 "verdict", verdict_word(rule ? rule->verdict : NET_DENY),
				 "line", (json_int_t) (rule ? rule->where.line : acl->where.line),
				 "packets", show_count(tally->n_packets), "bytes", show_count(tally->n_bytes));
	show_set(json, "age_seconds", tally->n_rows ? json_integer(tally->age_s) : json_null());
	show_set(json, "last_hit_seconds", tally->hit_s == UINT32_MAX ? json_null() : json_integer(tally->hit_s));
	show_set(json, "rows", json_integer(tally->n_rows));
	show_set(json, "mode", json_string(acl->mode == ACL_AUDIT ? "audit" : "enforce"));
	show_set(json, "stateful", json_boolean(acl->stateful));
	show_set(json, "used_by", places(net, tally->acl));
	return json;
}

const struct show_list show_acls = {
	.name = "acls",
	.refill = refill,
	.item = item,
};
