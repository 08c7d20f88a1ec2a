/* SPDX-License-Identifier: Apache-2.0 */
/* What guards say of a sender, in words: addresses that its port is bound to, leases,
 * servers and routers that may not be there, ports that are shut, hosts that stick. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "controller/explain_impl.h"
#include "ofproto/packet.h"

/* Who sends, and where. */
struct sender {
	struct explaining *e;
	const struct candidate *c;
	const struct net_network *network;
	const char *place, *where;      /* "port kvm1:vm-a"; " (FILE:7)" or "" */
	const char *mac, *ip;           /* what the frame comes from */
	const uint8_t *bytes;           /* of the ip */
};

static const char *file_line(struct explaining *e, uint32_t line)
{
	return line ? explain_printf(e, " (%s:%" PRIu32 ")", e->net->file, line) : "";
}

/* Rows that look at what is said of an address, and not at where it is said from. */
static bool is_about(const char *row)
{
	return !strcmp(row, "wrong-advert") || !strcmp(row, "taken-advert6");
}

/* The address that the row minds. */
static const uint8_t *minded(struct explaining *e, unsigned from, const char *row)
{
	const struct explain_protocol *p = &e->protocol;
	const struct explain_end *end = &e->x->ends[from];
	bool is_said = p->kind == EXPLAIN_ANNOUNCE || p->kind == EXPLAIN_DAD;
	/* An announcement comes from the address itself, when nothing else was asked for. */
	bool is_from_other = p->kind == EXPLAIN_ANNOUNCE && p->is_v6 && end->is_as && e->question->as.has_ip && !is_about(row);
	if (is_said && !is_from_other)
		return p->about;
	return e->is_v6 ? end->ip6 : end->ip4;
}

static struct sender sender_of(struct explaining *e, unsigned from, uint32_t line, const char *row)
{
	const struct candidate *c = &e->ends[from];
	const struct explain_end *end = &e->x->ends[from];
	char mac[MAC_TEXT], ip[INET6_ADDRSTRLEN];
	struct sender s = { .e = e, .c = c, .network = &e->net->networks[c->network], .where = file_line(e, line),
			    .bytes = minded(e, from, row) };
	inet_ntop(e->is_v6 ? AF_INET6 : AF_INET, s.bytes, ip, sizeof ip);
	s.place = explain_printf(e, "port %s:%s", c->sw_name, c->port_name);
	s.mac = explain_printf(e, "%s", mac_format(end->mac, mac));
	s.ip = explain_printf(e, "%s", ip);
	return s;
}

/* "52:54:00:00:00:01 with 10.0.0.1, fd00::1" */
static const char *bound_text(struct explaining *e, const struct net_port *entry)
{
	char mac[MAC_TEXT];
	const char *text = explain_printf(e, "%s", mac_format(entry->mac.bytes, mac));
	for (size_t i = 0; i < entry->ips.n; i++)
		text = explain_printf(e, "%s%s%s", text, i ? ", " : " with ", entry->ips.items[i].text);
	return text;
}

static uint64_t seconds_left(const struct explaining *e, uint32_t until_s)
{
	uint64_t now_s = e->core->wall_ms / 1000;
	return until_s > now_s ? until_s - now_s : 0;
}

/* --- one kind each ------------------------------------------------------------------------ */

static void shut(const struct sender *s, struct explain_cause *cause)
{
	struct explaining *e = s->e;
	const struct closure *closure = view_closure(e->view, s->c->sw, s->c->port->ofport, s->network->id);
	char mac[MAC_TEXT];
	cause->kind = "shut";
	if (!closure) {
		cause->text = explain_printf(e, "%s was shut in network %s, and is just being opened", s->place, s->network->name);
		cause->cure = "ask again in a second";
		return;
	}
	cause->text = explain_printf(e, "%s is shut in network %s for %" PRIu64 " s more: it has its max_hosts (%" PRIu32 ")%s, and %s came too",
				     s->place, s->network->name, seconds_left(e, closure->until_s), s->c->use->max_hosts, s->where,
				     mac_format(closure->mac, mac));
	cause->cure = "find out who that is; raise `max_hosts` of the port if it belongs there, or write `on_limit: drop`";
}

static void not_trusted(const struct sender *s, struct explain_cause *cause, bool is_dhcp)
{
	cause->kind = is_dhcp ? "rogue-dhcp" : "rogue-router";
	cause->text = explain_printf(s->e, "only a %s sends that, and %s%s is not trusted with `%s`", is_dhcp ? "DHCP server" : "router",
				     s->place, s->where, is_dhcp ? "dhcp" : "ra");
	cause->cure = explain_printf(s->e, "if it is meant to be one, write `trust: %s` at the port", is_dhcp ? "dhcp" : "ra");
}

static void bound(const struct sender *s, struct explain_cause *cause, bool is_mac)
{
	const struct net_port *entry = s->c->entry;
	char mac[MAC_TEXT];
	cause->kind = "bound";
	bool is_about = !is_mac && (s->e->protocol.kind == EXPLAIN_ANNOUNCE || s->e->protocol.kind == EXPLAIN_DAD);
	cause->text = explain_printf(s->e, "%s is bound to %s%s, and this %s %s", s->place, bound_text(s->e, entry), s->where,
				     is_about ? "is about" : "comes from", is_mac ? s->mac : s->ip);
	cause->cure = is_mac ? explain_printf(s->e, "let the machine use %s, or correct `mac` of the port", mac_format(entry->mac.bytes, mac))
		: explain_printf(s->e, "let the machine use its own address, or add %s to `ip` of the port", s->ip);
}

/* An address that hosts give themselves, and this one has not yet. */
static void not_taken(const struct sender *s, struct explain_cause *cause)
{
	cause->text = explain_printf(s->e, "%s is an address that hosts give themselves (`slaac`), and nobody has it yet: the first frame from there is "
				     "dropped and makes it the sender's", s->ip);
	cause->cure = "ask again in a second; `weft show events kind=violation` when it stays so";
}

/* An address of others, or of nobody. */
static void not_leased(const struct sender *s, struct explain_cause *cause)
{
	struct explaining *e = s->e;
	const struct net_port *owner = net_bound_ip(s->network, e->is_v6, s->bytes);
	const struct lease *lease = view_lease(e->view, s->network->id, e->is_v6, s->bytes);
	char mac[MAC_TEXT];
	cause->kind = "no-lease";
	cause->cure = "let the host ask by DHCP, or give its port `mac` and `ip`, or `trust: [source, arp]`";
	if (owner)
		cause->text = explain_printf(e, "%s is what port %s:%s is bound to%s", s->ip, owner->switch_glob, owner->port_glob,
					     file_line(e, owner->where.line));
	else if (lease)
		cause->text = explain_printf(e, "%s %s %s, not %s%s at %s", s->ip, lease->slaac ? "was taken first by" : "is leased to",
					     mac_format(lease->mac, mac), lease->slaac ? "" : "to ", s->mac, s->place);
	else if (e->is_v6 && net_takes_slaac(s->network, s->c->entry) && net_slaac_has(s->network, s->bytes))
		not_taken(s, cause);
	else
		cause->text = explain_printf(e, "no lease of %s is known at %s%s, and addresses are watched there: the host has to ask by DHCP or "
					     "needs `ip`", s->ip, s->place, s->where);
}

static void wrong_address(const struct sender *s, struct explain_cause *cause)
{
	if (s->c->entry && net_is_bound(s->c->entry) && s->c->entry->ips.n)
		bound(s, cause, false);
	else
		not_leased(s, cause);
}

static void taken_mac(const struct sender *s, struct explain_cause *cause)
{
	struct explaining *e = s->e;
	const struct net_port *owner = net_bound_mac(s->network, e->x->ends[s->c == &e->ends[1]].mac);
	const struct host *host = view_host(e->view, s->network->id, e->x->ends[s->c == &e->ends[1]].mac);
	const struct view_port *at = host && host->sw != NET_NONE ? view_port(e->view, host->sw, host->ofport) : NULL;
	cause->kind = owner ? "bound" : "sticky";
	if (owner)
		cause->text = explain_printf(e, "%s is the MAC that port %s:%s is bound to%s, and this comes from %s", s->mac, owner->switch_glob,
					     owner->port_glob, file_line(e, owner->where.line), s->place);
	else
		cause->text = explain_printf(e, "%s sticks to %s%s%s, and this comes from %s", s->mac, at ? view_switch(e->view, host->sw)->name : "its port",
					     at ? ":" : "", at ? at->name : "", s->place);
	cause->cure = owner ? "one MAC stands at one port: correct `mac`, or find out who that is"
		: "a host sticks to its port as long as that is there: take `sticky` off, or find out who that is";
}

static void taken_address(const struct sender *s, struct explain_cause *cause)
{
	const struct net_port *owner = net_bound_ip(s->network, s->e->is_v6, s->bytes);
	cause->kind = "bound";
	cause->text = explain_printf(s->e, "%s is what port %s:%s is bound to%s, and this comes from %s", s->ip, owner ? owner->switch_glob : "?",
				     owner ? owner->port_glob : "?", owner ? file_line(s->e, owner->where.line) : "", s->place);
	cause->cure = "one of the two hosts needs another address: correct `ip`, or find out who that is";
}

static void stuck(const struct sender *s, struct explain_cause *cause)
{
	cause->kind = "sticky";
	cause->text = explain_printf(s->e, "%s is sticky%s and has its %" PRIu32 " host%s: %s comes too late", s->place, s->where,
				     s->c->use->max_hosts, s->c->use->max_hosts == 1 ? "" : "s", s->mac);
	cause->cure = explain_printf(s->e, "raise `max_hosts` of the port, or take `sticky` off; `weft show hosts port=%s:%s`", s->c->sw_name,
				     s->c->port_name);
}

void explain_quarantine(struct explaining *e, unsigned end, struct explain_cause *cause)
{
	const struct candidate *c = &e->ends[end];
	const struct view_quarantine *quarantine = &c->use->quarantine;
	cause->kind = "quarantine";
	cause->text = explain_printf(e, "port %s:%s is closed in network %s for %" PRIu64 " s more: %s", c->sw_name, c->port_name,
				     e->net->networks[c->network].name,
				     quarantine->until_ms > e->core->now_ms ? (quarantine->until_ms - e->core->now_ms) / 1000 : 0,
				     fact_reason_text(quarantine->reason));
	cause->cure = "find the loop or the cable that causes it; `weft show ports state=quarantine` and docs/howto/storms-and-loops.md";
}

/* --- all --------------------------------------------------------------------------------------- */

bool explain_guard_cause(struct explaining *e, const char *row, unsigned from, struct explain_cause *cause)
{
	static const struct { const char *row; void (*tell)(const struct sender *, struct explain_cause *); } kinds[] = {
		{ "shut", shut }, { "wrong-arp", wrong_address }, { "wrong-ip4", wrong_address }, { "wrong-ip6", wrong_address },
		{ "wrong-nd", wrong_address }, { "wrong-advert", wrong_address }, { "taken-mac", taken_mac },
		{ "taken-address4", taken_address }, { "taken-address6", taken_address }, { "taken-advert6", taken_address },
	};
	const struct candidate *c = &e->ends[from];
	if (!c->use || !c->port)
		return false;
	const struct sender s = sender_of(e, from, cause->line, row);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kinds[i].row, row))
			continue;
		kinds[i].tell(&s, cause);
		return true;
	}
	if (!strcmp(row, "rogue-dhcp") || !strcmp(row, "rogue-router"))
		not_trusted(&s, cause, row[6] == 'd');
	else if (!strcmp(row, "wrong-mac") && c->entry)
		bound(&s, cause, true);
	else if (!strcmp(row, "port-full") && c->use->sticky)
		stuck(&s, cause);
	else if (!strcmp(row, "quarantined") && c->use->quarantine.on)
		explain_quarantine(e, from, cause);
	else
		return false;
	return true;
}

void explain_note_source(struct explaining *e)
{
	const struct candidate *c = &e->ends[0];
	const struct explain_as *as = &e->question->as;
	const struct explain_direction *d = &e->x->directions[0];
	enum explain_kind kind = e->protocol.kind;
	if (!as->has_ip || e->network == NET_NONE || !c->use || !d->n_legs || !d->legs[0].passes || explain_says(&e->protocol)
	    || kind == EXPLAIN_ARP || kind == EXPLAIN_ETHER)
		return;
	const struct net_port *owner = net_bound_ip(&e->net->networks[e->network], as->is_v6, as->ip);
	if (!owner || owner == c->entry)
		return;
	const struct sender s = sender_of(e, 0, c->entry ? c->entry->where.line : 0, "");
	const char *text = explain_printf(e, "%s is what port %s:%s is bound to%s. What %s%s says of it by ARP and neighbour discovery is dropped, "
					  "IP packets from there are not: a router may forward them", s.ip, owner->switch_glob, owner->port_glob,
					  file_line(e, owner->where.line), s.place, s.where);
	explain_cause_add(&e->x->notes, "bound-elsewhere", text, "write `source` into `guard` of the network, and `trust: source` at its routers",
			  NULL, owner->where.line);
}

bool explain_lacks_lease(const struct explaining *e, unsigned end)
{
	const struct candidate *c = &e->ends[end];
	if (!c->use || !c->entry || !c->entry->guard || c->entry->ips.n)
		return false;
	const struct net_network *network = &e->net->networks[c->network];
	return (network->guard & ~c->entry->trust & NET_GUARD_SOURCE) && !(c->has_mac && view_host_lease(e->view, network->id, c->mac, NULL));
}
