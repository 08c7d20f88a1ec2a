/* SPDX-License-Identifier: Apache-2.0 */
/* What probes say of a link, over time.
 *
 *   confirmed   a probe came out both ways, since both ends were last seen up
 *   silent      three in a row went in and did not come out, while both switches answered
 *               on the same way (apps/discover.c judges that); it is confirmed again
 *               after three in a row both ways
 *   held        it failed a second time, or more, within ten minutes: it rests before it is used
 *               again. For hold_up of the file the second time, then twice as long each
 *               time, up to ten minutes, and anew from each probe that is lost. Ways may
 *               use it meanwhile where there is nothing else.
 *
 * A link that is full loses probes as well, and carries more than ever: where the port at its far
 * end counts, it is silent only when hardly anything has come there since the first probe was lost.
 *
 * A failure is a confirmed link that is none any more, for whatever reason. */
#include "topo/view_private.h"

#include <stdlib.h>

enum {
	FLAP_MS = 10 * 60 * 1000,
	MAX_HOLD_MS = 10 * 60 * 1000,
	MUCH = 1500,                    /* bytes between two counts: more than probes make */
	COUNT_MS = 2000,                /* counts that do not come for so long do not count */
};

bool view_port_is_good(const struct view_port *port) { return port->up && port->live; }

uint32_t view_probes_lost(const struct view_probes *p)
{
	return (uint32_t) (__builtin_popcountll(p->lost[0])
			   + __builtin_popcountll(p->lost[1] & ((1ULL << (VIEW_PROBES - 64)) - 1)));
}

uint32_t view_link_rest_ms(const struct view_link *link, uint64_t now_ms)
{
	uint64_t until = link->good_ms + link->hold_ms;
	return link->held && until > now_ms ? (uint32_t) (until - now_ms) : 0;
}

void view_port_counted(struct view *view, uint32_t sw, uint32_t ofport, uint64_t rx_bytes, uint64_t now_ms)
{
	struct view_port *port = (struct view_port *) view_port(view, sw, ofport);
	if (!port)
		return;
	port->rx_from_ms = port->rx_ms;
	if (port->rx_ms && rx_bytes > port->rx_bytes + MUCH)
		port->rx_busy_ms = port->rx_ms;
	port->rx_bytes = rx_bytes;
	port->rx_ms = now_ms;
}

/* Down to nothing: the port was made anew. */
static double grown_mbps(uint64_t before, uint64_t now, uint64_t dt_ms)
{
	return before == UINT64_MAX || now == UINT64_MAX || now < before ? 0 : (double) (now - before) * 8 / 1000 / (double) dt_ms;
}

void view_port_count(struct view *view, uint32_t sw, uint32_t ofport, const struct view_counts *counts, uint64_t now_ms)
{
	struct view_port *port = (struct view_port *) view_port(view, sw, ofport);
	if (!port)
		return;
	if (port->counts_ms == now_ms)
		port->counts_ms = 0;
	port->counts_from_ms = port->counts_ms;
	if (port->counts_from_ms) {
		port->rx_mbps = grown_mbps(port->counts.rx_bytes, counts->rx_bytes, now_ms - port->counts_from_ms);
		port->tx_mbps = grown_mbps(port->counts.tx_bytes, counts->tx_bytes, now_ms - port->counts_from_ms);
	}
	port->counts = *counts;
	port->counts_ms = now_ms;
}

/* All tunnels of a switch are one port: it says nothing of one of them. */
static bool may_carry(const struct view *view, uint32_t i, unsigned end, uint64_t now_ms)
{
	uint64_t since = view->links[i].probes[end].losing_ms;
	const struct view_port *port;
	uint32_t sw;
	if (i >= view->net->n_links || !view_link_place(view, i, !end, &sw, &port) || !port->rx_ms)
		return false;
	if (port->rx_busy_ms >= since)
		return true;
	return port->rx_from_ms < since && now_ms - since < COUNT_MS;
}

static void remember(struct view_probes *p, bool lost)
{
	p->lost[1] = p->lost[1] << 1 | p->lost[0] >> 63;
	p->lost[0] = p->lost[0] << 1 | lost;
	if (p->n_known < VIEW_PROBES)
		p->n_known++;
	p->n_heard = lost ? 0 : p->n_heard + 1;
	p->n_lost = lost ? p->n_lost + 1 : 0;
}

static void measure(struct view_probes *p, int32_t delay_us)
{
	int32_t differs = delay_us - p->delay_us;
	if (!p->is_measured) {
		p->is_measured = true;
		p->delay_us = delay_us;
		return;
	}
	p->jitter_us = (uint32_t) ((int32_t) p->jitter_us + (abs(differs) - (int32_t) p->jitter_us) / 16);
	p->delay_us += differs / 8;
}

void view_link_fail(struct view *view, uint32_t i, uint64_t now_ms)
{
	struct view_link *link = &view->links[i];
	uint64_t hold = view->net->te.hold_up_s * 1000ULL;
	if (link->confirmed) {
		bool again = link->n_failures && now_ms - link->failed_ms < FLAP_MS + link->hold_ms;
		link->n_failures = again ? link->n_failures + 1 : 1;
		for (uint32_t k = 2; k < link->n_failures && hold < MAX_HOLD_MS; k++)
			hold *= 2;
		link->hold_ms = link->n_failures < 2 ? 0 : (uint32_t) (hold < MAX_HOLD_MS ? hold : MAX_HOLD_MS);
		link->failed_ms = link->since_ms = now_ms;
		link->n_flaps++;
	}
	link->confirmed = link->held = link->wrong = link->silent = false;
	for (unsigned end = 0; end < 2; end++) {
		link->probes[end].through = false;
		link->probes[end].n_heard = 0;
	}
}

void view_link_recall(struct view *view, uint32_t i, const struct view_link *was)
{
	struct view_link *link = &view->links[i];
	*link = (struct view_link) {
		.confirmed = was->confirmed, .silent = was->silent, .silent_end = was->silent_end, .held = was->held,
		.hold_ms = was->hold_ms, .good_ms = was->good_ms, .since_ms = was->since_ms, .failed_ms = was->failed_ms,
		.n_failures = was->n_failures,
	};
	link->probes[0].through = link->probes[1].through = was->confirmed;
}

static bool is_steady(const struct view_link *link)
{
	return link->probes[0].n_heard >= VIEW_PROBES_LOST && link->probes[1].n_heard >= VIEW_PROBES_LOST;
}

/* True when that makes it good to use, or at least confirmed. */
static bool may_use(struct view_link *link, struct fact *fact)
{
	if (link->confirmed) {
		if (!link->held || view_link_rest_ms(link, fact->time_ms))
			return false;
		link->held = false;
		link->since_ms = fact->time_ms;
		return true;
	}
	if (!link->probes[0].through || !link->probes[1].through || (link->silent && !is_steady(link)))
		return false;
	link->confirmed = true;
	link->silent = link->wrong = false;
	link->held = link->hold_ms;
	link->since_ms = link->good_ms = fact->time_ms;
	fact->hold_s = link->hold_ms / 1000;
	return true;
}

/* Without what weftd and the control connections add, once that is known. */
static void measure_link(const struct view *view, struct view_probes *p, const struct fact *fact)
{
	const struct view_switch *from = view_switch(view, fact->old_sw), *to = view_switch(view, fact->sw);
	if (from->asked_us && to->asked_us)
		measure(p, (int32_t) fact->took_us - (int32_t) (from->answer_us / 2 + to->answer_us / 2));
}

bool view_probe_heard(struct view *view, uint32_t i, unsigned end, struct fact *fact)
{
	struct view_link *link = &view->links[i];
	struct view_probes *p = &link->probes[end];
	p->through = true;
	if (p->is_out && fact->sent_us == p->sent_us) {
		p->is_out = false;
		remember(p, false);
		measure_link(view, p, fact);
	}
	p->n_lost = 0;          /* a late one too says that it is not silent */
	return may_use(link, fact);
}

static uint32_t link_of(const struct view *view, const struct fact *fact, unsigned *ret_end)
{
	const struct view_port *port = view_port(view, fact->sw, fact->ofport);
	*ret_end = fact->edge_end;
	if (fact->edge)
		return fact->edge <= view->net->n_edges ? fact->edge - 1 : NET_NONE;
	if (port)
		*ret_end = port->link_end;
	return port ? port->link : NET_NONE;
}

bool view_probe_sent(struct view *view, const struct fact *fact)
{
	unsigned end;
	uint32_t i = link_of(view, fact, &end);
	if (i == NET_NONE)
		return false;
	view->links[i].probes[end].sent_us = fact->sent_us;
	view->links[i].probes[end].is_out = true;
	return false;
}

bool view_probe_lost(struct view *view, const struct fact *fact)
{
	unsigned end;
	uint32_t i = link_of(view, fact, &end);
	struct view_link *link = i == NET_NONE ? NULL : &view->links[i];
	if (!link || !link->probes[end].is_out || link->probes[end].sent_us != fact->sent_us)
		return false;
	link->probes[end].is_out = false;
	remember(&link->probes[end], true);
	if (link->probes[end].n_lost == 1)
		link->probes[end].losing_ms = fact->time_ms;
	link->good_ms = fact->time_ms;
	bool is_tunnel = i >= view->net->n_links;
	if (link->silent || (!link->confirmed && !is_tunnel) || link->probes[end].n_lost < VIEW_PROBES_LOST
	    || may_carry(view, i, end, fact->time_ms))
		return false;
	view_link_fail(view, i, fact->time_ms);
	link->since_ms = fact->time_ms;
	link->silent = true;
	link->silent_end = end;
	return true;
}

bool view_probe_answered(struct view *view, const struct fact *fact)
{
	struct view_switch *vs = (struct view_switch *) view_switch(view, fact->sw);
	if (vs) {
		vs->asked_us = fact->sent_us;
		vs->answer_us = fact->took_us;
	}
	return false;
}
