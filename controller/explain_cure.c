/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in words: what one says of itself, why it stops a frame, and what to do about it.
 * Rules of lists are told as the file has them; all other rows by the words that their
 * app has for the manual, so that an app that comes new is told of too. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "controller/explain_impl.h"

/* --- rules of lists ------------------------------------------------------------------------ */

/* The rule, or the end (rule null), or the list as a whole (is_list), that an object names. */
struct place {
	const struct net_acl *acl;
	const struct net_rule *rule;
	bool is_end;
};

static struct place find_rule(const struct net *net, uint64_t object)
{
	struct place place = { NULL, NULL, false };
	for (size_t i = 0; i < net->n_acls && !place.acl; i++) {
		const struct net_acl *acl = &net->acls[i];
		if (net->objects[acl->object].id == object || net->objects[acl->end_object].id == object) {
			place.acl = acl;
			place.is_end = net->objects[acl->end_object].id == object;
		}
		for (size_t k = 0; k < acl->n_rules && !place.acl; k++) {
			if (net->objects[acl->rules[k].object].id != object)
				continue;
			place.acl = acl;
			place.rule = &acl->rules[k];
		}
	}
	return place;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), k = strlen(end);
	return n >= k && !strcmp(text + n - k, end);
}

static bool is_judging(const char *row)
{
	static const char *const kinds[] = { "-rule", "-rule-of-need", "-end-of-list", "-reply", "-related", "-kept", "-connection-cut" };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (ends_with(row, kinds[i]))
			return true;
	return false;
}

bool explain_row_is_shown(const struct rule *rule)
{
	static const char *const plain[] = { "ingress", "l2", "arp", "output" };
	const struct app_row *row = app_row_of(rule);
	if (rule->kind != RULE_FLOW)
		return false;
	if (!cookie_is_ours(rule_cookie(rule)))
		return true;
	const struct app *app = app_by_number(cookie_app(rule_cookie(rule)));
	if (!row || !app)
		return false;
	if (!strcmp(app->name, "acl"))
		return is_judging(row->name);
	if (!strcmp(app->name, "guard"))
		return !strncmp(row->name, "own-", 4);
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (!strcmp(app->name, plain[i]))
			return false;
	return row->priority > 0;
}

/* "rule "ssh" of acl "office": allow tcp port 22"; its verdict is another matter in audit. */
static const char *rule_text(struct explaining *e, struct place place)
{
	const char *audit = place.acl->mode == ACL_AUDIT && (!place.rule || place.rule->verdict != NET_ALLOW)
		? "; the list is in audit: counted, not dropped" : "";
	if (!place.rule)
		return explain_printf(e, "end of acl \"%s\": no rule matches%s", place.acl->name, audit);
	if (place.rule->name)
		return explain_printf(e, "rule \"%s\" of acl \"%s\": %s%s", place.rule->name, place.acl->name, place.rule->text, audit);
	return explain_printf(e, "rule \"%s\" of acl \"%s\"%s", place.rule->text, place.acl->name, audit);
}

const char *explain_row_text(struct explaining *e, const struct explain_step *step)
{
	const struct app_row *row = app_row_of(&step->rule);
	if (step->rule.kind != RULE_FLOW)
		return explain_printf(e, "group 0x%x", rule_id(&step->rule));
	if (!cookie_is_ours(rule_cookie(&step->rule)))
		return explain_printf(e, "a row of somebody else, cookie 0x%llx", (unsigned long long) rule_cookie(&step->rule));
	struct place place = find_rule(e->net, cookie_object(rule_cookie(&step->rule)));
	if (place.acl && row && ends_with(row->name, "-reply"))
		return explain_printf(e, "acl \"%s\": reply of a connection that was allowed", place.acl->name);
	if (place.acl && row && is_judging(row->name) && (place.rule || place.is_end))
		return rule_text(e, place);
	if (row && (!strcmp(row->name, "own-ip4") || !strcmp(row->name, "own-ip6")))
		return explain_printf(e, "guard: from an address that it has by `ip`, by lease or by `slaac`%s%s", step->object ? ", " : "",
				      step->object ? step->object : "");
	return explain_printf(e, "%s: %s%s%s", row ? row->name : "a row", row ? row->does : "?", step->object ? ", " : "",
			      step->object ? step->object : "");
}

/* --- cures --------------------------------------------------------------------------------- */

static const char *ip_text(const struct explain_end *end, bool is_v6, char buf[INET6_ADDRSTRLEN])
{
	return inet_ntop(is_v6 ? AF_INET6 : AF_INET, is_v6 ? end->ip6 : end->ip4, buf, INET6_ADDRSTRLEN);
}

/* A rule that would let this frame pass, ready for the file. */
static const char *rule_for(struct explaining *e, unsigned from, unsigned client, bool is_resolve)
{
	const struct explain_protocol *p = &e->protocol;
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN], what[64];
	const char *port = from == client ? "port" : "sport", *quote = e->is_v6 ? "\"" : "";
	if (is_resolve)
		return e->is_v6 ? "{allow: nd}" : "{allow: arp}";
	switch (p->kind) {
	case EXPLAIN_ETHER:
		return p->eth_type ? explain_printf(e, "{allow: 0x%04x}", p->eth_type) : "{allow: any}";
	case EXPLAIN_ARP:
		return e->is_v6 ? "{allow: nd}" : "{allow: arp}";
	case EXPLAIN_RA:
		return "{allow: nd}";
	case EXPLAIN_ANNOUNCE:
	case EXPLAIN_DAD:
		return p->is_v6 ? "{allow: nd}" : "{allow: arp}";
	case EXPLAIN_DHCP:
		return "{allow: dhcp}";
	case EXPLAIN_ICMP:
	case EXPLAIN_ICMP6:
		snprintf(what, sizeof what, e->is_v6 ? "icmp6" : "icmp");
		break;
	case EXPLAIN_IP:
		if (p->port && e->piece != PIECE_WHOLE)
			snprintf(what, sizeof what, "%s", p->number == 17 ? "udp" : "sctp");
		else if (p->port)
			snprintf(what, sizeof what, "%s, %s: %u", p->number == 6 ? "tcp" : p->number == 17 ? "udp" : "sctp", port, p->port);
		else
			snprintf(what, sizeof what, "%u", p->number);
		break;
	}
	if (e->is_v6 && e->piece != PIECE_WHOLE)
		snprintf(what, sizeof what, "any");
	return explain_printf(e, "{allow: %s, from: %s%s%s, to: %s%s%s}", what, quote, ip_text(&e->x->ends[from], e->is_v6, a), quote,
			      quote, ip_text(&e->x->ends[!from], e->is_v6, b), quote);
}

/* How rows that drop are told, where their app's own words are not enough. */
static const struct { const char *row, *kind, *cure; } known[] = {
	{ "port-full", "port-limit", "raise `max_hosts` of the port, or find out who uses up its places: `weft show hosts port=...`" },
	{ "network-full", "network-full", "raise `max_hosts` of the network, or wait until silent hosts have aged: `weft show networks`" },
	{ "claimed-mac", "claimed-mac", "the file says that this host is behind a foreign VTEP: correct `vteps`, or the machine" },
	{ "tag-inside", "tag", "let the guest send without a second tag, or say `tags: pass` for the network" },
	{ "tag-below", "tag", "let the guest send without a second tag, or say `tags: pass` for the network" },
	{ "no-such-connection", "no-connection", "to an address of `snat` only replies are sent: speak to the host itself, by its own address" },
	{ "snat-mac", "snat", "take another MAC address: this one is that of `snat`" },
	{ "snat-claim4", "snat", "give the host another address, or `snat` one that nobody has" },
	{ "snat-claim6", "snat", "give the host another address, or `snat` one that nobody has" },
	{ "unknown-dropped", "not-flooded", "the destination is not known and the network says `flood: false`: let it speak first" },
	{ "wrong-tag", "tag", "give the port an entry with that tag, or let the machine send as the file says" },
	{ "quarantined", "quarantine", "the port is closed because of a loop: `weft show ports state=quarantine` says why and how long" },
	{ "path", "path-down", "neither the next hop of the path nor its detour has a live port: `weft show links`" },
	{ "slot", "path-down", "neither the next hop of the path nor its detour has a live port: `weft show links`" },
	{ "transit", "path-down", "neither the next hop of the path nor its detour has a live port: `weft show links`" },
	{ "transit-lost", "path-down", "neither the next hop of the path nor its detour has a live port: `weft show links`" },
	{ "detour", "path-down", "a second fault on the detour: `weft show links`; weft plans anew" },
	{ "no-path", "no-row", "the switch has not got the path yet: `weft status`" },
	{ "no-label", "no-row", "the switch has not got the path yet: `weft status`" },
	{ "no-network", "no-network", "add the port to a network's `ports`" },
	{ "disabled", "disabled", "take `enable: false` off the entry" },
	{ "standby", "standby", "another port of `physical` is in use: `weft show networks`" },
	{ "standby-tagged", "standby", "another port of `physical` is in use: `weft show networks`" },
	{ "fenced", "gateway", "a switch that may let in the LAN too is cut off until it says that it does not: `weft status`" },
	{ "link-unused", "link-unconfirmed", "no probe has come over this cable, or it leads elsewhere: `weft show links`" },
	{ "link-rest", "link-unconfirmed", "what is for all comes by another link: `weft show links`" },
	{ "unknown-port", "no-row", "the switch has not got its rows yet: `weft status`" },
	{ "unknown-vtep", "no-row", "the sending switch has no port in this network, as this one knows it: `weft status`" },
	{ "unknown-vni", "no-row", "this switch has no port in a network with that VNI: `weft status`" },
	{ "no-such-out", "no-row", "the port has left the network, or its row is on its way: `weft status`" },
	{ "no-network-src", "no-row", "the switch has no port in this network: `weft show ports`" },
	{ "no-network-dst", "no-row", "the switch has no port in this network: `weft show ports`" },
};

static const char *where(struct explaining *e, const struct explain_step *step)
{
	return step->line ? explain_printf(e, " (%s:%u)", e->net->file, step->line) : "";
}

static struct explain_cause rule_cause(struct explaining *e, const struct explain_step *step, struct place place,
				       unsigned from, unsigned client)
{
	static const char need[] = "-rule-of-need";
	bool is_resolve = step->row && ends_with(step->row, need) && e->protocol.kind != EXPLAIN_ARP && !explain_says(&e->protocol);
	const char *rule = rule_for(e, from, client, is_resolve), *at;
	struct explain_cause cause = { .kind = "denied", .sw = step->sw, .line = step->line };
	if (place.rule) {
		bool is_reject = place.rule->verdict == NET_REJECT;
		cause.kind = is_reject ? "rejected" : "denied";
		cause.text = explain_printf(e, "%s%s %s it", rule_text(e, place), where(e, step), is_reject ? "rejects" : "denies");
		at = explain_printf(e, "put %s in front of line %u", rule, step->line);
	} else {
		cause.text = explain_printf(e, "no rule of acl \"%s\"%s matches it, and that is denied", place.acl->name, where(e, step));
		at = explain_printf(e, "add %s to acl \"%s\"", rule, place.acl->name);
	}
	if (from != client && !place.acl->stateful)
		at = explain_printf(e, "%s; or take `stateful: false` off the list, then answers need no rule", at);
	/* Rules ask for addresses, and the frame had none. */
	if (e->protocol.kind == EXPLAIN_ETHER && !e->protocol.eth_type)
		at = explain_printf(e, "ask again by IP address, for rules judge by them; or %s", at);
	cause.cure = at;
	return cause;
}

/* Is it the row of an uplink that is closed? */
static bool is_uplink_row(const struct net *net, const struct rule *rule, const char *row)
{
	uint64_t object = cookie_object(rule_cookie(rule));
	if (strncmp(row, "standby", 7))
		return false;
	for (size_t n = 0; n < net->n_networks; n++)
		for (size_t i = 0; i < net->networks[n].n_uplinks; i++)
			if (net->objects[net->networks[n].uplinks[i].object].id == object)
				return true;
	return false;
}

struct explain_cause explain_row_cause(struct explaining *e, const struct explain_step *step, unsigned from, unsigned client)
{
	const struct app_row *row = app_row_of(&step->rule);
	struct explain_cause cause = { .kind = "dropped", .sw = step->sw, .line = step->line };
	if (step->rule.kind != RULE_FLOW || !cookie_is_ours(rule_cookie(&step->rule))) {
		cause.kind = "foreign";
		cause.text = explain_printf(e, "%s on %s", step->text, step->sw);
		cause.cure = "weft never touches rows of others: `ovs-ofctl dump-flows` on that host, find out who writes them";
		return cause;
	}
	struct place place = find_rule(e->net, cookie_object(rule_cookie(&step->rule)));
	if (place.acl && row && is_judging(row->name) && (place.rule || place.is_end))
		return rule_cause(e, step, place, from, client);
	if (row && explain_guard_cause(e, row->name, from, &cause))
		return cause;
	cause.text = explain_printf(e, "%s%s%s: %s%s%s", step->app ? step->app : "", step->app ? " " : "", row ? row->name : "a row",
				    row ? row->does : "drop", step->object ? ", for " : "", step->object ? step->object : "");
	cause.text = explain_printf(e, "%s%s", cause.text, where(e, step));
	cause.cure = step->line ? explain_printf(e, "look at line %u of %s", step->line, e->net->file) : "`weft status`, `weft show flows`";
	for (size_t i = 0; row && i < sizeof known / sizeof *known; i++) {
		if (strcmp(known[i].row, row->name))
			continue;
		cause.kind = known[i].kind;
		cause.cure = known[i].cure;
	}
	if (row && is_uplink_row(e->net, &step->rule, row->name)) {
		cause.kind = "uplink-waits";
		cause.text = explain_printf(e, "%s%s is closed: links lead to the LAN still", step->object, where(e, step));
		cause.cure = EXPLAIN_UPLINK_WAITS;
	}
	return cause;
}
