/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict: who is meant, what both ends are, and what becomes of the frames of a
 * conversation that one begins and the other answers, both ways round. */
#include "controller/explain.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/explain_impl.h"
#include "ofproto/packet.h"

/* --- small things ------------------------------------------------------------------------ */

const char *explain_printf(struct explaining *e, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *text = arena_vprintf(e->arena, format, args);
	va_end(args);
	return text;
}

void explain_cause_add(struct explain_causes *causes, const char *kind, const char *text, const char *cure, const char *sw,
		       uint32_t line)
{
	/* Both directions meet the same wall: told once. */
	for (size_t i = 0; i < causes->n; i++)
		if (!strcmp(causes->items[i].text, text))
			return;
	if (causes->n < EXPLAIN_MAX_CAUSES)
		causes->items[causes->n++] = (struct explain_cause) { kind, text, cure, sw, line };
}

bool explain_cause_has(const struct explain_causes *causes, const char *kind)
{
	for (size_t i = 0; i < causes->n; i++)
		if (!strcmp(causes->items[i].kind, kind))
			return true;
	return false;
}

static void fail(struct explaining *e, const char *error, const char *hint)
{
	e->x->error = error;
	e->x->hint = hint;
}

/* --- who is meant ------------------------------------------------------------------------- */

static bool same_place(const struct candidate *a, const struct candidate *b)
{
	return a->network == b->network && a->port == b->port && a->host == b->host && a->has_mac == b->has_mac
		&& !memcmp(a->mac, b->mac, 6) && a->sw == b->sw;
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *) a, *(const char *const *) b); }

/* "say which: office/10.0.0.1, lab/10.0.0.1" */
static void ask_which(struct explaining *e, const struct find *f, const bool *is_meant)
{
	const char *list = "", *names[FIND_MAX];
	size_t n = 0;
	for (size_t i = 0; i < f->n; i++)
		if (is_meant[i])
			names[n++] = find_name(f, &f->items[i]);
	qsort(names, n, sizeof *names, by_text);
	for (size_t i = 0; i < n && i < 10; i++)
		list = explain_printf(e, "%s%s%s", list, i ? ", " : "", names[i]);
	if (n > 10)
		list = explain_printf(e, "%s and %zu more", list, n - 10);
	fail(e, explain_printf(e, "\"%s\" may be one of several", f->asked), explain_printf(e, "say which: %s", list));
}

/* The pairs that share a network; when there is none, any pair tells why. */
static void choose(struct explaining *e, const struct find f[2])
{
	bool meant[2][FIND_MAX] = { { false } };
	size_t n = 0, first[2] = { 0, 0 };
	for (size_t a = 0; a < f[0].n; a++) {
		for (size_t b = 0; b < f[1].n; b++) {
			bool share = f[0].items[a].network == f[1].items[b].network && f[0].items[a].network != NET_NONE;
			if (!share || same_place(&f[0].items[a], &f[1].items[b]))
				continue;
			if (!n++) {
				first[0] = a;
				first[1] = b;
			}
			meant[0][a] = meant[1][b] = true;
		}
	}
	for (unsigned i = 0; i < 2 && n > 1; i++) {
		size_t n_meant = 0;
		for (size_t k = 0; k < f[i].n; k++)
			n_meant += meant[i][k];
		if (n_meant > 1) {
			ask_which(e, &f[i], meant[i]);
			return;
		}
	}
	for (unsigned i = 0; i < 2; i++)
		e->ends[i] = f[i].items[first[i]];
	if (!n && same_place(&e->ends[0], &e->ends[1]))
		fail(e, explain_printf(e, "\"%s\" and \"%s\" are the same host", f[0].asked, f[1].asked), "name two");
}

/* --- what is sent ----------------------------------------------------------------------------- */

/* What is said needs few addresses. False: one is not known. */
static bool settle_said(struct explaining *e)
{
	const struct explain_protocol *p = &e->protocol;
	struct explain_end *a = &e->x->ends[0], *b = &e->x->ends[1], *server = p->is_server ? a : b;
	bool keeps = e->question->as.has_ip && e->question->as.is_v6;
	e->is_v6 = p->is_v6;
	if (p->kind == EXPLAIN_RA || (p->kind == EXPLAIN_DHCP && p->is_v6)) {
		if (!keeps)
			explain_link_local(a);
		explain_link_local(b);
	}
	if (p->kind != EXPLAIN_DHCP || p->is_v6 || server->has_ip4 || (a->is_as && !p->is_server))
		return true;
	fail(e, explain_printf(e, "no IPv4 address of \"%s\", the server, is known", server->asked), "ask for it by its address, or let it send a frame");
	return false;
}

/* RFC 8200, 4; switches look behind them. */
static bool is_extension_header(const struct explain_protocol *p)
{
	return p->kind == EXPLAIN_IP && (p->number == 0 || p->number == 43 || p->number == 44 || p->number == 51 || p->number == 60);
}

/* IPv4 or IPv6: as asked, else what both have. False: IP is wanted and not known. */
static bool settle_protocol(struct explaining *e, const struct find f[2])
{
	const struct explain_end *a = &e->x->ends[0], *b = &e->x->ends[1];
	bool both4 = a->has_ip4 && b->has_ip4, both6 = a->has_ip6 && b->has_ip6;
	const struct explain_as *as = &e->question->as;
	bool asks6 = (f[0].is_ip && f[0].is_v6) || (f[1].is_ip && f[1].is_v6) || e->protocol.kind == EXPLAIN_ICMP6 || e->protocol.is_v6
		|| (as->has_ip && as->is_v6);
	bool asks4 = (f[0].is_ip && !f[0].is_v6) || (f[1].is_ip && !f[1].is_v6) || (as->has_ip && !as->is_v6);
	if (e->protocol.kind == EXPLAIN_ETHER)
		return true;
	if (explain_says(&e->protocol))
		return settle_said(e);
	e->is_v6 = asks6 || (!asks4 && !both4 && both6);
	if (e->is_v6 && is_extension_header(&e->protocol)) {
		fail(e, explain_printf(e, "\"%u\" is an extension header of IPv6, and no protocol", e->protocol.number),
		     "ask for the protocol behind it");
		return false;
	}
	if (e->is_v6 ? both6 : both4)
		return true;
	if (e->protocol.is_given || (f[0].is_ip && f[1].is_ip)) {
		const struct explain_end *who = (e->is_v6 ? a->has_ip6 : a->has_ip4) ? b : a;
		fail(e, explain_printf(e, "no IPv%d address of \"%s\" is known", e->is_v6 ? 6 : 4, who->asked),
		     explain_printf(e, "ask for it by its address, or let it send a frame; or ask without addresses: `weft explain %s %s ethernet`",
				    a->asked, b->asked));
		return false;
	}
	e->protocol = (struct explain_protocol) { .kind = EXPLAIN_ETHER };
	e->is_v6 = false;
	e->lacks_address = true;
	if (e->network != NET_NONE)
		explain_cause_add(&e->x->notes, "no-address", "no IP address that both could use is known: judged is a plain Ethernet frame",
			  "ask by IP address, for rules may name it", NULL, 0);
	return true;
}

/* --- a conversation ---------------------------------------------------------------------------- */

/* A port in quarantine has no rows to come out by: that is the same wall once more. */
static bool follows_from(const struct explain_causes *causes, const char *kind)
{
	return explain_cause_has(causes, "quarantine") && (!strcmp(kind, "no-row") || !strcmp(kind, "no-way") || !strcmp(kind, "elsewhere"));
}

static struct explain_leg *follow(struct explaining *e, struct explain_rows *rows, enum leg_kind kind, unsigned from, unsigned client,
				  struct explain_tracked *tracked, struct explain_direction *d)
{
	struct explain_leg *leg = &d->legs[d->n_legs++];
	bool is_about = kind == LEG_REQUEST || kind == LEG_REPLY;
	if (is_about && explain_is_cut(e))
		explain_follow_pieces(e, &(struct explain_pieces) { rows, kind, from, client, tracked }, leg);
	else
		explain_follow(e, rows, kind, from, client, tracked, leg);
	if (is_about)
		explain_judge_size(e, leg);
	if (leg->cause.kind && !follows_from(&d->causes, leg->cause.kind))
		explain_cause_add(&d->causes, leg->cause.kind, leg->cause.text, leg->cause.cure, leg->cause.sw, leg->cause.line);
	return leg;
}

/* How `asker` finds the address of the other one. */
static void resolve(struct explaining *e, struct explain_rows *rows, unsigned asker, const char *names[2],
		    struct explain_tracked *tracked, struct explain_direction *d)
{
	struct explain_leg *leg;
	if (e->protocol.kind == EXPLAIN_ETHER || !explain_can_send(e, asker))
		return;
	leg = follow(e, rows, LEG_RESOLVE, asker, asker, tracked, d);
	leg->name = names[0];
	if (!leg->passes || leg->is_answered || !explain_can_send(e, !asker))
		return;
	leg = follow(e, rows, LEG_RESOLVED, !asker, asker, tracked, d);
	leg->name = names[1];
}

/* Both ask for the other's address: a switch that answers for a host keeps the question
 * from it, so who is spoken to must ask too before it can answer. */
static void converse(struct explaining *e, struct explain_rows *rows, unsigned client, struct explain_direction *d)
{
	static const char *names[2][2][2] = {
		{ { "arp", "arp-reply" }, { "arp-back", "arp-back-reply" } }, { { "nd", "nd-reply" }, { "nd-back", "nd-back-reply" } },
	};
	unsigned server = !client;
	enum explain_kind kind = e->protocol.kind;
	struct explain_tracked tracked = { arena_new_array(e->arena, struct explain_track, e->core->n_switches), e->core->n_switches };
	e->seen_as[0] = e->seen_as[1] = NULL;
	if (explain_says(&e->protocol) || (e->x->ends[client].is_as && kind != EXPLAIN_ARP)) {
		bool passes = explain_can_send(e, client) && follow(e, rows, LEG_REQUEST, client, client, &tracked, d)->passes;
		if (passes && kind == EXPLAIN_DHCP && !e->protocol.is_server && !e->x->ends[client].is_as && explain_can_send(e, server))
			follow(e, rows, LEG_REPLY, server, client, &tracked, d);
		return;
	}
	if (e->x->ends[client].is_as && explain_can_send(e, client)) {
		follow(e, rows, LEG_RESOLVE, client, client, &tracked, d)->name = names[e->is_v6][0][0];
		return;
	}
	resolve(e, rows, client, names[e->is_v6][0], &tracked, d);
	if (kind == EXPLAIN_ARP || !explain_can_send(e, client))
		return;
	if (!follow(e, rows, LEG_REQUEST, client, client, &tracked, d)->passes || !explain_can_send(e, server))
		return;
	resolve(e, rows, server, names[e->is_v6][1], &tracked, d);
	follow(e, rows, LEG_REPLY, server, client, &tracked, d);
}

static void converse_both(struct explaining *e)
{
	struct explain_rows *rows = explain_rows_new(e);
	bool can_walk = e->network != NET_NONE && e->ends[0].network == e->ends[1].network;
	for (unsigned client = 0; client < e->x->n_directions && can_walk; client++)
		converse(e, rows, client, &e->x->directions[client]);
	explain_rows_free(rows);
}

/* A host whose MAC is made up, and that the other one would have to ask for. */
static void note_floods(struct explaining *e)
{
	for (unsigned i = 0; i < 2; i++)
		for (size_t k = 0; k < e->x->directions[i].n_legs; k++)
			if (e->x->directions[i].legs[k].by_flood && e->ends[0].host && e->ends[1].host)
				explain_cause_add(&e->x->notes, "flooded", "a host on the way is known to weft and not to a switch: flooded",
						  "ask again in a second", NULL, 0);
}

static void judge(struct explaining *e)
{
	struct explain *x = e->x;
	struct explain_causes stops = { .n = 0 };
	for (unsigned i = 0; i < 2; i++)
		explain_judge_end(e, i, &stops, &x->notes);
	explain_judge_both(e, &stops);
	for (unsigned i = 0; i < 2; i++)
		x->directions[i].causes = stops;
	converse_both(e);
	note_floods(e);
	explain_note_source(e);
	explain_note_size(e);
}

/* --- the whole ------------------------------------------------------------------------------------ */

static void name_directions(struct explain *x)
{
	for (unsigned i = 0; i < 2; i++) {
		x->directions[i].from = x->ends[i].name;
		x->directions[i].to = x->ends[!i].name;
	}
}

static void nobody(struct explaining *e, const struct find f[2])
{
	struct explain *x = e->x;
	for (unsigned i = 0; i < 2; i++) {
		if (f[i].n) {
			e->ends[i] = f[i].items[0];
			explain_fill_end(e, i, &f[i]);
		} else {
			x->ends[i] = (struct explain_end) { .asked = f[i].asked, .name = f[i].word };
		}
		for (unsigned d = 0; d < 2 && !f[i].n; d++)
			explain_cause_add(&x->directions[d].causes, "unknown-host", f[i].nobody, f[i].nobody_cure, NULL, 0);
	}
	name_directions(x);
	e->is_v6 = e->protocol.is_v6 || e->protocol.kind == EXPLAIN_ICMP6;
	x->protocol = explain_protocol_text(e);
}

struct explain *explain_new(const struct core *core, const struct explain_question *question)
{
	struct arena *arena = arena_new();
	struct explain *x = arena_alloc(arena, sizeof *x);
	struct explaining *e = arena_alloc(arena, sizeof *e);
	struct find *f = arena_new_array(arena, struct find, 2);
	x->arena = arena;
	x->file = arena_strdup(arena, core->net->file);
	*e = (struct explaining) {
		.core = core, .net = core->net, .view = core->view, .question = question, .x = x, .arena = arena,
		.protocol = question->protocol, .network = NET_NONE,
	};
	bool is_said = explain_says(&question->protocol);
	x->n_directions = question->as.has_mac || question->as.has_ip || (is_said && question->protocol.kind != EXPLAIN_RA) ? 1 : 2;
	x->is_harmful = x->n_directions == 1 || is_said;
	for (unsigned i = 0; i < 2; i++) {
		find_all(&f[i], core, arena, i ? question->to : question->from);
		if (f[i].error)
			fail(e, f[i].error, f[i].hint);
	}
	if (x->error)
		return x;
	if (!f[0].n || !f[1].n) {
		nobody(e, f);
		return x;
	}
	choose(e, f);
	if (x->error)
		return x;
	for (unsigned i = 0; i < 2; i++)
		explain_fill_end(e, i, &f[i]);
	explain_take_as(e);
	if (e->ends[0].network == e->ends[1].network)
		e->network = e->ends[0].network;
	name_directions(x);
	bool can_ask = settle_protocol(e, f);
	if (!can_ask && e->network != NET_NONE)
		return x;
	x->error = x->hint = NULL;
	x->protocol = explain_protocol_text(e);
	x->asked = e->protocol;
	x->is_v6 = e->is_v6;
	judge(e);
	for (unsigned i = 0; i < 2; i++)
		x->directions[i].is_reachable = !x->directions[i].causes.n;
	x->is_reachable = x->directions[0].is_reachable && (x->n_directions == 1 || x->directions[1].is_reachable);
	return x;
}

void explain_free(struct explain *x)
{
	if (x)
		arena_free(x->arena);
}
