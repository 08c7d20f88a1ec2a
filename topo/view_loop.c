/* SPDX-License-Identifier: Apache-2.0 */
/* Loops between edge ports: MACs that go to and fro, and ports that are closed for it.
 *
 * A host that moves says nothing: it goes once, perhaps back. A MAC that returns again
 * and again to ports where it was a moment ago, while the ports it leaves stay up, is
 * one frame that goes in circles, or two machines. Few MACs flap at a time, so a small
 * table is enough; a table that is full forgets the one that has been quiet longest. */
#include "topo/view_private.h"

#include <string.h>

enum {
	HOLD_FIRST_S = 10, HOLD_MAX_S = 600,    /* a quarantine; each one in a row is twice as long */
	FORGET_MS = 600 * 1000,                 /* without one, the next is the first again */
	WINDOW_MS = 10000,                      /* returns are counted within */
	ENDING_MS = 2000,                       /* before a quarantine ends, it is asked whether it may */
	GOES_ON_MS = 1000,                      /* see view_flap_goes_on() */
	DEAF_MS = 5000,                         /* what went into a slow cable comes out within */
};

/* --- flaps ------------------------------------------------------------------------- */

bool view_flaps(const struct view *view, uint64_t now_ms)
{
	return view->flapped_ms && now_ms - view->flapped_ms <= WINDOW_MS;
}

const struct view_flap *view_flap(const struct view *view, uint32_t network_id, const uint8_t mac[6])
{
	for (size_t i = 0; i < VIEW_FLAPS; i++)
		if (view->flaps[i].network == network_id && !memcmp(view->flaps[i].mac, mac, 6))
			return &view->flaps[i];
	return NULL;
}

const struct view_flap *view_flap_at(const struct view *view, size_t i)
{
	return view->flaps[i].network ? &view->flaps[i] : NULL;
}

bool view_flap_is_suspect(const struct view_flap *flap, uint64_t now_ms)
{
	return flap->n_returns >= VIEW_FLAP_SUSPECT && now_ms - flap->last_ms <= WINDOW_MS;
}

bool view_flap_goes_on(const struct view *view, uint32_t network_id, const uint8_t mac[6], uint64_t now_ms)
{
	const struct view_flap *flap = view_flap(view, network_id, mac);
	return flap && flap->refused_ms && now_ms - flap->last_ms <= WINDOW_MS && now_ms - flap->refused_ms >= GOES_ON_MS;
}

void view_flap_forget(struct view *view, uint32_t network_id, const uint8_t mac[6])
{
	struct view_flap *flap = (struct view_flap *) view_flap(view, network_id, mac);
	if (flap)
		*flap = (struct view_flap) { .network = 0 };
}

static struct view_flap *take_flap(struct view *view, uint32_t network_id, const uint8_t mac[6])
{
	struct view_flap *flap = &view->flaps[0];
	for (size_t i = 1; i < VIEW_FLAPS && flap->network; i++)
		if (!view->flaps[i].network || view->flaps[i].last_ms < flap->last_ms)
			flap = &view->flaps[i];
	*flap = (struct view_flap) { .network = network_id };
	memcpy(flap->mac, mac, 6);
	return flap;
}

/* Where the host has been; true when it was there before. */
static bool was_at(struct view_flap *flap, uint32_t sw, uint32_t ofport)
{
	for (size_t i = 0; i < flap->n_at; i++)
		if (flap->at[i].sw == sw && flap->at[i].ofport == ofport)
			return true;
	if (flap->n_at < VIEW_FLAP_PLACES)
		flap->at[flap->n_at++] = (struct view_place) { sw, ofport };
	return false;
}

static const struct view_use *use_at(const struct view *view, struct view_place place, uint32_t network_id)
{
	const struct view_port *port = view_port(view, place.sw, place.ofport);
	return port ? view_use(port, network_id) : NULL;
}

/* The file says that this MAC belongs there. */
static bool is_declared(const struct view *view, struct view_place place, uint32_t network_id, const uint8_t mac[6])
{
	const struct view_use *use = use_at(view, place, network_id);
	if (!use || use->is_physical || use->is_uplink)
		return false;
	const struct net_mac *declared = &view->net->networks[use->network].ports[use->entry].mac;
	return declared->is_given && !memcmp(declared->bytes, mac, 6);
}

void view_flap_note(struct view *view, uint32_t network_id, const uint8_t mac[6], struct view_place from,
		    struct view_place to, uint64_t now_ms)
{
	struct view_flap *flap = (struct view_flap *) view_flap(view, network_id, mac);
	const struct view_port *left = view_port(view, from.sw, from.ofport);
	/* It has left a port that is dead: that is how machines move. */
	if (!left || !left->up) {
		if (flap)
			*flap = (struct view_flap) { .network = 0 };
		return;
	}
	if (!flap || now_ms - flap->last_ms > WINDOW_MS) {
		flap = flap ? flap : take_flap(view, network_id, mac);
		flap->n_at = 0;
		flap->n_returns = 0;
		flap->first_ms = now_ms;
	} else if (now_ms - flap->first_ms > WINDOW_MS) {
		flap->first_ms = now_ms;
		flap->n_returns = 0;
	}
	flap->last_ms = view->flapped_ms = now_ms;
	flap->refused_ms = 0;
	was_at(flap, from.sw, from.ofport);
	if (!was_at(flap, to.sw, to.ofport))
		return;
	if (++flap->n_returns == VIEW_FLAP_SUSPECT)
		flap->suspect_ms = now_ms;
}

void view_flap_note_refused(struct view *view, uint32_t network_id, const uint8_t mac[6], struct view_place stands,
			    struct view_place heard, uint64_t now_ms)
{
	const struct view_flap *before = view_flap(view, network_id, mac);
	uint64_t since = before && now_ms - before->last_ms <= WINDOW_MS ? before->refused_ms : 0;
	view_flap_note(view, network_id, mac, stands, heard, now_ms);
	struct view_flap *flap = (struct view_flap *) view_flap(view, network_id, mac);
	if (flap)
		flap->refused_ms = since ? since : now_ms;
}

bool view_flap_is_home(const struct view *view, const struct view_flap *flap, struct view_place place)
{
	for (size_t i = 0; i < flap->n_at; i++)
		if (is_declared(view, flap->at[i], flap->network, flap->mac))
			return flap->at[i].sw == place.sw && flap->at[i].ofport == place.ofport;
	return flap->n_at && flap->at[0].sw == place.sw && flap->at[0].ofport == place.ofport;
}

bool view_may_quarantine(const struct view *view, struct view_place place, uint32_t network_id)
{
	const struct view_port *port = view_port(view, place.sw, place.ofport);
	const struct view_use *use = port ? view_use(port, network_id) : NULL;
	return use && port->up && use->loop_guard && !use->quarantine.on;
}

/* The one that came up later; at once, as after a start of weftd: the last by name. */
static bool is_later(const struct view *view, struct view_place a, struct view_place b)
{
	const struct view_port *pa = view_port(view, a.sw, a.ofport), *pb = view_port(view, b.sw, b.ofport);
	if (pa->up_since_ms != pb->up_since_ms)
		return pa->up_since_ms > pb->up_since_ms;
	int names = strcmp(view->switches[a.sw]->name, view->switches[b.sw]->name);
	return names ? names > 0 : strcmp(pa->name, pb->name) > 0;
}

static bool is_a_home(const struct view *view, struct view_place place, uint32_t network_id)
{
	for (size_t i = 0; i < VIEW_FLAPS; i++)
		if (view->flaps[i].network == network_id && view_flap_is_home(view, &view->flaps[i], place))
			return true;
	return false;
}

bool view_loop_choose(const struct view *view, uint32_t network_id, struct view_place a, struct view_place b,
		      struct view_place *ret)
{
	bool may_a = view_may_quarantine(view, a, network_id), may_b = view_may_quarantine(view, b, network_id);
	bool home_a = is_a_home(view, a, network_id), home_b = is_a_home(view, b, network_id);
	if (!may_a && !may_b)
		return false;
	if (may_a != may_b)
		*ret = may_a ? a : b;
	else if (home_a != home_b)
		*ret = home_a ? b : a;
	else
		*ret = is_later(view, a, b) ? a : b;
	return true;
}

bool view_flap_choose(const struct view *view, const struct view_flap *flap, struct view_place *ret)
{
	bool found = false;
	for (size_t i = 0; i < flap->n_at; i++) {
		struct view_place place = flap->at[i];
		if (!view_may_quarantine(view, place, flap->network) || view_flap_is_home(view, flap, place))
			continue;
		if (!found || is_later(view, place, *ret))
			*ret = place;
		found = true;
	}
	return found;
}

/* --- quarantine -------------------------------------------------------------------- */

uint32_t view_quarantine_hold(unsigned level)
{
	uint32_t hold = HOLD_FIRST_S;
	while (level-- > 1 && hold < HOLD_MAX_S)
		hold *= 2;
	return hold < HOLD_MAX_S ? hold : HOLD_MAX_S;
}

bool view_quarantine_is_ending(const struct view_use *use, uint64_t now_ms)
{
	return use->quarantine.on && now_ms + ENDING_MS >= use->quarantine.until_ms;
}

/* Where a MAC is that went in circles is no news of it: it is where it was before. */
static void send_home(struct view *view, const struct view_flap *flap, const struct gone *gone)
{
	const struct host *host = view_host(view, flap->network, flap->mac);
	struct fact fact = { .kind = FACT_HOST, .network = flap->network, .old_sw = NET_NONE, .time_ms = gone->now_ms };
	memcpy(fact.mac, flap->mac, 6);
	for (size_t i = 0; host && i < flap->n_at; i++) {
		const struct view_port *port = view_port(view, flap->at[i].sw, flap->at[i].ofport);
		fact.sw = flap->at[i].sw;
		fact.ofport = flap->at[i].ofport;
		if (!port || !port->up || !view_flap_is_home(view, flap, flap->at[i]))
			continue;
		if (view_host_apply(view, &fact) && gone->cb)
			gone->cb(gone->ctx, &fact);
		return;
	}
}

/* Who is said to be behind the open end of the loop and came there just now may be
 * anywhere: whoever speaks is learned again, there only when the cable has given out what is
 * still in it. */
static void doubt_other_end(struct view *view, struct view_place other, uint32_t network_id, const struct gone *gone)
{
	struct view_use *use = other.sw == NET_NONE ? NULL : view_use_mutable(view, other.sw, other.ofport, network_id);
	/* A VM's MAC stands against the LAN anyway, see view_stands_elsewhere(). */
	if (use && !use->is_physical)
		use->deaf_until_ms = gone->now_ms + DEAF_MS;
	const struct view_network *vn = view_network_by_id(view, network_id);
	const struct view_member *member = other.sw == NET_NONE ? NULL : view_member(vn, other.sw);
	for (uint32_t i = member ? member->first : NET_NONE, next; i != NET_NONE; i = next) {
		const struct host *host = host_at(&view->hosts, i);
		next = host->next;
		if (host->ofport == other.ofport && gone->now_ms - host->seen_ms <= WINDOW_MS)
			view_evict(view, i, REASON_QUARANTINE, gone);
	}
}

static void forget_flaps(struct view *view, uint32_t network_id)
{
	for (size_t i = 0; i < VIEW_FLAPS; i++)
		if (view->flaps[i].network == network_id)
			view->flaps[i] = (struct view_flap) { .network = 0 };
}

static unsigned next_level(const struct view_quarantine *q, uint64_t now_ms)
{
	if (!q->level || (!q->on && now_ms - q->over_ms >= FORGET_MS))
		return 1;
	return q->level < VIEW_QUARANTINE_LEVELS ? q->level + 1u : VIEW_QUARANTINE_LEVELS;
}

static bool begin(struct view *view, struct fact *fact, const struct gone *gone)
{
	struct view_use *use = view_use_mutable(view, fact->sw, fact->ofport, fact->network);
	uint64_t age_ms = fact->recovered ? fact->age_s * 1000ULL : 0;
	if (!use || !use->loop_guard || (use->quarantine.on && (fact->recovered || !view_quarantine_is_ending(use, fact->time_ms))))
		return false;
	struct view_quarantine *q = &use->quarantine;
	bool goes_on = q->on;
	q->level = (uint8_t) (fact->recovered ? fact->level : next_level(q, fact->time_ms));
	q->on = true;
	q->reason = fact->reason;
	q->since_ms = fact->time_ms > age_ms ? fact->time_ms - age_ms : 0;
	q->until_ms = q->since_ms + view_quarantine_hold(q->level) * 1000ULL;
	q->other = (struct view_place) { fact->old_sw, fact->old_ofport };
	memcpy(q->mac, fact->mac, 6);
	fact->level = q->level;
	fact->hold_s = view_quarantine_hold(q->level);
	view->switches[fact->sw]->n_quarantined += !goes_on;
	for (size_t i = 0; !fact->recovered && i < VIEW_FLAPS; i++)
		if (view->flaps[i].network == fact->network)
			send_home(view, &view->flaps[i], gone);
	forget_flaps(view, fact->network);
	view_evict_use(view, fact->sw, fact->ofport, use, REASON_QUARANTINE, gone);
	if (!fact->recovered)
		doubt_other_end(view, q->other, fact->network, gone);
	return true;
}

static bool end(struct view *view, const struct fact *fact)
{
	struct view_use *use = view_use_mutable(view, fact->sw, fact->ofport, fact->network);
	if (!use || !use->quarantine.on)
		return false;
	use->quarantine.on = false;
	use->quarantine.over_ms = fact->time_ms;
	view->switches[fact->sw]->n_quarantined--;
	return true;
}

bool view_quarantine_apply(struct view *view, struct fact *fact, const struct gone *gone)
{
	return fact->kind == FACT_QUARANTINE ? begin(view, fact, gone) : end(view, fact);
}

/* A cable that is out makes no loop, and who puts it in again may have mended it. */
void view_quarantine_port_down(struct view *view, uint32_t sw, const struct view_port *port, const struct gone *gone)
{
	for (size_t i = 0; i < port->n_uses; i++) {
		struct fact fact = {
			.kind = FACT_QUARANTINE_OVER, .reason = REASON_PORT_DOWN, .sw = sw, .ofport = port->ofport,
			.network = port->uses[i].id, .old_sw = NET_NONE, .time_ms = gone->now_ms,
		};
		if (end(view, &fact) && gone->cb)
			gone->cb(gone->ctx, &fact);
	}
}
