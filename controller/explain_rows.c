/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a switch as walk wants them: those that can matter. A switch has a row for
 * every host and for every address of a group; a row that names one address, and not one
 * of both ends, meets none of the frames that are looked at here. */
#include <stdlib.h>
#include <string.h>

#include "controller/explain_impl.h"
#include "ofproto/packet.h"

struct explain_rows {
	const struct explaining *e;
	size_t n;                       /* switches */
	struct walk_switch **switches;  /* by slot; null = not asked for yet */
};

struct explain_rows *explain_rows_new(const struct explaining *e)
{
	struct explain_rows *rows = xheap_alloc(sizeof *rows);
	rows->e = e;
	rows->n = e->core->n_switches;
	rows->switches = xheap_alloc(rows->n * sizeof *rows->switches);
	return rows;
}

void explain_rows_free(struct explain_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		walk_switch_free(rows->switches[i]);
	free(rows->switches);
	free(rows);
}

static bool is_other_mac(const struct explaining *e, const struct rule *rule, enum field field)
{
	uint8_t mac[6];
	return rule_match_mac(rule, field, mac) && !mac_is_multicast(mac) && !explain_is_snat_mac(e, mac) && memcmp(mac, e->x->ends[0].mac, 6)
		&& memcmp(mac, e->x->ends[1].mac, 6);
}

static bool is_other_ip(const struct explaining *e, const struct rule *rule, enum field field, bool is_v6)
{
	const struct explain_end *a = &e->x->ends[0], *b = &e->x->ends[1];
	uint8_t ip[16];
	if (!rule_match_bytes(rule, field, ip) || explain_is_snat_ip(e, is_v6, ip))
		return false;
	if (is_v6)
		return memcmp(ip, a->ip6, 16) && memcmp(ip, b->ip6, 16) && ip[0] != 0xff;
	return memcmp(ip, a->ip4, 4) && memcmp(ip, b->ip4, 4);
}

/* No row writes what a later one asks for here, but for answers that are on their way out. */
static bool can_matter(const struct explaining *e, const struct rule *rule)
{
	if (rule->kind != RULE_FLOW)
		return rule->kind == RULE_GROUP;
	return !is_other_mac(e, rule, FIELD_ETH_SRC) && !is_other_mac(e, rule, FIELD_ETH_DST)
		&& !is_other_ip(e, rule, FIELD_IPV4_SRC, false) && !is_other_ip(e, rule, FIELD_IPV4_DST, false)
		&& !is_other_ip(e, rule, FIELD_IPV6_SRC, true) && !is_other_ip(e, rule, FIELD_IPV6_DST, true)
		&& !is_other_ip(e, rule, FIELD_ARP_TPA, false) && !is_other_ip(e, rule, FIELD_ARP_SPA, false)
		&& !is_other_ip(e, rule, FIELD_ND_TARGET, true);
}

static struct walk_switch *load(const struct explaining *e, uint32_t slot)
{
	const struct view_switch *vs = view_switch(e->view, slot);
	const struct core_switch *cs = e->core->switches[slot];
	bool want = !vs || !vs->connected || (cs->ready && !ledger_at_rest(cs->ledger));
	struct walk_switch *sw = walk_switch_new();
	struct ledger_iter iter;
	for (const struct row *row = ledger_first(cs->ledger, &iter); row; row = ledger_after(cs->ledger, &iter)) {
		struct row_room room;
		struct rule rule;
		/* Foreign rows act too, and their columns are empty. */
		if (!row->foreign && !(want ? row->want : row->have))
			continue;
		row_rule(row, &room, &rule);
		if (can_matter(e, &rule))
			walk_switch_load(sw, &rule);
	}
	walk_switch_loaded(sw);
	for (size_t i = 0; vs && i < vs->n_ports; i++)
		walk_switch_port(sw, vs->ports[i].ofport, vs->ports[i].live);
	return sw;
}

const struct walk_switch *explain_rows_of(struct explain_rows *rows, uint32_t slot)
{
	if (!rows->switches[slot])
		rows->switches[slot] = load(rows->e, slot);
	return rows->switches[slot];
}

const char *explain_row_state(const struct row *row)
{
	if (!row)
		return "unknown";
	if (row->foreign)
		return row->want ? "blocked" : "foreign";
	if (row->refused)
		return "refused";
	if (!row->want)
		return "going";
	return row->want == row->have ? "have" : row->have ? "changing" : "want";
}
