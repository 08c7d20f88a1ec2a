/* SPDX-License-Identifier: Apache-2.0 */
/* Drops by reason: every row that drops is of a kind that has a name. Only rows that have
 * counted something are looked at. */
#include <stdlib.h>
#include <string.h>

#include "controller/metrics_private.h"
#include "topo/arena.h"

struct metric_denied {
	uint64_t *objects;              /* owned; sorted */
	size_t n;
};

static int by_number(const void *a_, const void *b_)
{
	uint64_t a = *(const uint64_t *) a_, b = *(const uint64_t *) b_;
	return a < b ? -1 : a > b;
}

struct metric_denied *metric_denied_new(const struct net *net)
{
	struct metric_denied *denied = xheap_alloc(sizeof *denied);
	size_t max = 1;
	for (size_t i = 0; i < net->n_acls; i++)
		max += net->acls[i].n_rules + 1;
	denied->objects = xheap_alloc(max * sizeof *denied->objects);
	for (size_t i = 0; i < net->n_acls; i++) {
		const struct net_acl *acl = &net->acls[i];
		if (acl->mode != ACL_ENFORCE)
			continue;
		for (size_t k = 0; k < acl->n_rules; k++)
			if (acl->rules[k].verdict != NET_ALLOW)
				denied->objects[denied->n++] = net->objects[acl->rules[k].object].id;
		denied->objects[denied->n++] = net->objects[acl->end_object].id;
	}
	qsort(denied->objects, denied->n, sizeof *denied->objects, by_number);
	return denied;
}

void metric_denied_free(struct metric_denied *denied)
{
	if (denied)
		free(denied->objects);
	free(denied);
}

/* Is it a kind of row whose verdict is the rule's? What says "denied" on its way to
 * acl_denied is counted here, so it is not counted there. */
static const char *acl_reason(const struct rule *rule, const struct app_row *kind, const struct metric_denied *denied)
{
	uint64_t object = cookie_object(rule_cookie(rule));
	size_t size = strlen(kind->name);
	bool is_rule = strstr(kind->name, "-rule") || (size > 12 && !strcmp(kind->name + size - 12, "-end-of-list"));
	return is_rule && bsearch(&object, denied->objects, denied->n, sizeof object, by_number) ? "acl" : NULL;
}

static const char *reason_of(const struct rule *rule, const struct app_row *kind, const struct metric_denied *denied)
{
	if (!kind || kind->table == TABLE_ACL_DENIED)
		return NULL;
	return strstr(kind->does, "drop") ? kind->name : acl_reason(rule, kind, denied);
}

static void add(struct metric_drop *drops, size_t *n, const char *reason, uint64_t packets)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(drops[i].reason, reason))
			continue;
		drops[i].n += packets;
		return;
	}
	if (*n < METRICS_MAX_REASONS)
		drops[(*n)++] = (struct metric_drop) { reason, packets };
}

static void add_limits(const struct view_switch *vs, struct metric_drop *drops, size_t *n)
{
	for (size_t i = 0; i < vs->n_ports; i++)
		for (size_t u = 0; u < vs->ports[i].n_uses; u++)
			for (unsigned kind = 0; kind < N_LIMITS; kind++)
				if (vs->ports[i].uses[u].limits[kind])
					add(drops, n, kind == LIMIT_RATE ? "rate" : "storm", vs->ports[i].uses[u].storms[kind].n_dropped);
}

size_t metric_drops(const struct core *core, uint32_t sw, const struct metric_denied *denied,
		    struct metric_drop drops[METRICS_MAX_REASONS])
{
	struct ledger_iter iter;
	size_t n = 0;
	for (const struct row *row = ledger_first(core->switches[sw]->ledger, &iter); row;
	     row = ledger_after(core->switches[sw]->ledger, &iter)) {
		struct row_room room;
		struct rule rule;
		if (!row->n_packets || row->kind != RULE_FLOW || !row->want)
			continue;
		row_rule(row, &room, &rule);
		const char *reason = reason_of(&rule, app_row_of(&rule), denied);
		if (reason)
			add(drops, &n, reason, row->n_packets);
	}
	add_limits(view_switch(core->view, sw), drops, &n);
	return n;
}
