/* SPDX-License-Identifier: Apache-2.0 */
/* What guards go by: leases and where they hold, ports that are shut for a time,
 * violations told at a limited rate.
 *
 * A lease is (network, address) for a MAC. It holds at the port where that MAC was
 * seen last, so it moves with its host; a host that was forgotten for its silence
 * keeps it. A port that goes takes the place away and leaves the lease: a VM that
 * moves to another host finds it there. */
#include "topo/view_private.h"

#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

enum {
	LEASES_MAX = 200000,            /* in all: what a DHCP server gives away may not fill us */
	TOLD_MS = 10000, TOLD_MAX = 10, /* violations of a port that are news: so many in that time */
	SAME_END_S = 4,
	SHUT_FIRST_S = 60, SHUT_LAST_S = 3600,
	SHUT_REMEMBERED_MS = 3600 * 1000,       /* who is shut again within that is shut for longer */
};

/* --- violations --------------------------------------------------------------------- */

bool view_apply_violation(struct view *view, const struct fact *fact)
{
	struct view_port *port = view_port_mutable(view, fact->sw, fact->ofport);
	if (!port)
		return false;
	if (!port->n_violations || fact->time_ms - port->violations_since_ms >= TOLD_MS) {
		port->violations_since_ms = fact->time_ms;
		port->n_violations_told = 0;
	}
	port->n_violations++;
	port->violation_ms = fact->time_ms;
	port->violation = fact->reason;
	if (port->n_violations_told == TOLD_MAX)
		return false;
	port->n_violations_told++;
	return true;
}

/* --- leases: look-ups ---------------------------------------------------------------- */

static const struct lease *at(const struct view *view, uint32_t i)
{
	return i == NET_NONE ? NULL : &view->leases.slots[i];
}

const struct lease *view_lease(const struct view *view, uint32_t network_id, bool is_v6, const uint8_t *ip)
{
	uint8_t bytes[16] = { 0 };
	memcpy(bytes, ip, is_v6 ? 16 : 4);
	return at(view, address_index_find(&view->leases.index, network_id, is_v6, bytes));
}

const struct lease *view_host_lease(const struct view *view, uint32_t network_id, const uint8_t mac[6],
				    const struct lease *after)
{
	const struct lease_table *t = &view->leases;
	if (!t->index.n)
		return NULL;
	return at(view, after ? address_index_next(&t->index, (uint32_t) (after - t->slots)) : address_index_of(&t->index, network_id, mac));
}

size_t view_lease_slots(const struct view *view) { return view->leases.index.n_slots; }

const struct lease *view_lease_at(const struct view *view, size_t i)
{
	const struct lease *lease = &view->leases.slots[i];
	return lease->network ? lease : NULL;
}

size_t view_n_leases(const struct view *view) { return view->leases.index.n; }

size_t view_n_slaac(const struct view *view, uint32_t sw, uint32_t ofport, uint32_t network_id)
{
	size_t n = 0;
	for (uint32_t i = 0; i < view->leases.index.n_slots; i++) {
		const struct lease *lease = &view->leases.slots[i];
		n += lease->network == network_id && lease->slaac && lease->sw == sw && lease->ofport == ofport;
	}
	return n;
}

/* What is remembered of the soonest end is too early after a renewal, never too late. */
bool view_lease_is_due(const struct view *view, uint32_t now_s)
{
	uint32_t soonest = UINT32_MAX;
	if (view->soonest_s > now_s)
		return false;
	for (uint32_t i = 0; i < view->leases.index.n_slots; i++)
		if (view->leases.slots[i].network && view->leases.slots[i].until_s < soonest)
			soonest = view->leases.slots[i].until_s;
	((struct view *) view)->soonest_s = soonest;
	return soonest <= now_s;
}

struct fact view_lease_fact(const struct lease *lease, enum fact_kind kind)
{
	struct fact fact = {
		.kind = kind, .network = lease->network, .sw = lease->sw, .ofport = lease->ofport,
		.old_sw = NET_NONE, .until_s = lease->until_s, .slaac = lease->slaac, .has_ip4 = !lease->is_v6, .has_ip6 = lease->is_v6,
	};
	memcpy(fact.mac, lease->mac, 6);
	if (lease->is_v6)
		memcpy(fact.ip6, lease->ip, 16);
	else
		memcpy(fact.ip4, lease->ip, 4);
	return fact;
}

/* --- leases: facts -------------------------------------------------------------------- */

static uint32_t find(const struct view *view, const struct fact *fact, uint8_t ret_ip[16], bool *ret_is_v6)
{
	const uint8_t *ip = fact_address(fact, ret_is_v6);
	memset(ret_ip, 0, 16);
	memcpy(ret_ip, ip, *ret_is_v6 ? 16 : 4);
	return address_index_find(&view->leases.index, fact->network, *ret_is_v6, ret_ip);
}

static bool is_edge(const struct view *view, uint32_t sw, uint32_t ofport, uint32_t network_id)
{
	const struct view_port *port = sw == NET_NONE ? NULL : view_port(view, sw, ofport);
	const struct view_use *use = port ? view_use(port, network_id) : NULL;
	return use && !use->is_uplink;
}

/* Where the host is, else where a row said. */
static void settle_place(const struct view *view, struct lease *lease, const struct fact *fact)
{
	const struct host *host = view_host(view, lease->network, lease->mac);
	if (host && !host->unconfirmed) {
		lease->sw = host->sw;
		lease->ofport = host->ofport;
	} else if (fact->recovered && is_edge(view, fact->sw, fact->ofport, lease->network)) {
		lease->sw = fact->sw;
		lease->ofport = fact->ofport;
	}
}

/* The address was leased to another before: of two rows read back the one that
 * lasts longer is right, and what is heard now is righter than both. Nobody takes
 * what another one has. */
static bool replace(struct view *view, uint32_t i, struct fact *fact)
{
	const struct lease *old = &view->leases.slots[i];
	if (fact->slaac)
		return false;
	if (fact->recovered && (!old->recovered || old->until_s >= fact->until_s))
		return false;
	fact->was_known = true;
	fact->old_sw = old->sw;
	fact->old_ofport = old->ofport;
	memcpy(fact->other_mac, old->mac, 6);
	lease_remove(&view->leases, i);
	return true;
}

/* One acknowledgement may be heard at several switches, and twice. */
static bool is_other_end(uint32_t was_s, uint32_t is_s)
{
	return is_s < was_s || is_s - was_s > SAME_END_S;
}

/* Where nobody looks, no row tells when an address is free again: nothing is kept there. */
static bool takes_slaac(const struct view *view, uint32_t sw, uint32_t ofport, uint32_t network_id)
{
	const struct view_port *port = sw == NET_NONE ? NULL : view_port(view, sw, ofport);
	const struct view_use *use = port ? view_use(port, network_id) : NULL;
	const struct net_network *network = use ? &view->net->networks[use->network] : NULL;
	return use && !use->is_uplink && !use->is_physical && net_takes_slaac(network, &network->ports[use->entry]);
}

static bool may_hold(const struct net_network *network, bool slaac, bool is_v6, const uint8_t ip[16])
{
	return slaac ? is_v6 && net_slaac_has(network, ip) : network->guard & NET_GUARD_DHCP;
}

bool view_apply_lease(struct view *view, struct fact *fact)
{
	const struct view_network *vn = view_network_by_id(view, fact->network);
	uint8_t ip[16];
	bool is_v6;
	fact->was_known = false;
	fact->old_sw = NET_NONE;
	uint32_t i = find(view, fact, ip, &is_v6);
	if (!vn || !may_hold(&view->net->networks[vn - view->networks], fact->slaac, is_v6, ip)
	    || (fact->slaac && !takes_slaac(view, fact->sw, fact->ofport, fact->network)))
		return false;
	if (i != NET_NONE && memcmp(view->leases.slots[i].mac, fact->mac, 6)) {
		if (!replace(view, i, fact))
			return false;
		i = NET_NONE;
	}
	bool is_new = i == NET_NONE;
	if (!is_new && fact->slaac && !view->leases.slots[i].slaac)
		return false;
	if (is_new && view->leases.index.n >= LEASES_MAX)
		return false;
	if (is_new)
		i = lease_add(&view->leases, fact->network, is_v6, ip, fact->mac);
	struct lease *lease = &view->leases.slots[i];
	lease->slaac = fact->slaac;
	bool is_news = is_new || (fact->recovered ? lease->until_s < fact->until_s : is_other_end(lease->until_s, fact->until_s));
	if (is_new) {
		lease->since_ms = fact->time_ms;
		lease->recovered = fact->recovered;
	}
	lease->recovered &= fact->recovered;
	if (is_news)
		lease->until_s = fact->until_s;
	if (lease->until_s < view->soonest_s)
		view->soonest_s = lease->until_s;
	if (lease->sw == NET_NONE)
		settle_place(view, lease, fact);
	fact->renewed = !is_new;
	fact->sw = lease->sw;
	fact->ofport = lease->ofport;
	return is_news;
}

bool view_apply_lease_gone(struct view *view, struct fact *fact)
{
	uint8_t ip[16];
	bool is_v6;
	uint32_t i = find(view, fact, ip, &is_v6);
	if (i == NET_NONE || memcmp(view->leases.slots[i].mac, fact->mac, 6))
		return false;
	fact->sw = view->leases.slots[i].sw;
	fact->ofport = view->leases.slots[i].ofport;
	lease_remove(&view->leases, i);
	return true;
}

/* Its host was seen there. */
void view_leases_follow(struct view *view, struct fact *fact)
{
	struct lease_table *t = &view->leases;
	if (!t->index.n || fact->unconfirmed)
		return;
	for (uint32_t i = address_index_of(&t->index, fact->network, fact->mac), next; i != NET_NONE; i = next) {
		struct lease *lease = &t->slots[i];
		next = address_index_next(&t->index, i);
		if (lease->slaac && !takes_slaac(view, fact->sw, fact->ofport, fact->network)) {
			lease_remove(t, i);
			fact->slaac = true;
			continue;
		}
		lease->left_sw = lease->sw;
		lease->left_ofport = lease->ofport;
		lease->sw = fact->sw;
		lease->ofport = fact->ofport;
	}
}

/* --- ports that are shut --------------------------------------------------------------- */

static struct closure *closure_at(const struct view *view, uint32_t sw, uint32_t ofport, uint32_t network_id)
{
	for (size_t i = 0; i < view->n_closures; i++) {
		struct closure *c = &view->closures[i];
		if (c->sw == sw && c->ofport == ofport && c->network == network_id)
			return c;
	}
	return NULL;
}

const struct closure *view_closure(const struct view *view, uint32_t sw, uint32_t ofport, uint32_t network_id)
{
	const struct closure *c = closure_at(view, sw, ofport, network_id);
	return c && !c->is_open ? c : NULL;
}

size_t view_n_closures(const struct view *view) { return view->n_closures; }
const struct closure *view_closure_at(const struct view *view, size_t i) { return &view->closures[i]; }

static bool may_shut(const struct view *view, uint32_t sw, uint32_t ofport, uint32_t network_id)
{
	const struct view_port *port = view_port(view, sw, ofport);
	const struct view_use *use = port ? view_use(port, network_id) : NULL;
	return use && use->on_limit == NET_LIMIT_SHUT;
}

static struct closure *make_closure(struct view *view, const struct fact *fact)
{
	if (view->n_closures == view->max_closures) {
		view->max_closures = view->max_closures ? view->max_closures * 2 : 8;
		view->closures = xheap_realloc(view->closures, view->max_closures * sizeof *view->closures);
	}
	struct closure *c = &view->closures[view->n_closures++];
	*c = (struct closure) { .network = fact->network, .sw = fact->sw, .ofport = fact->ofport };
	return c;
}

static uint32_t next_length(const struct closure *c, uint64_t now_ms)
{
	uint32_t twice = c->length_s * 2;
	if (!c->length_s || now_ms - c->opened_ms > SHUT_REMEMBERED_MS)
		return SHUT_FIRST_S;
	return twice > SHUT_LAST_S ? SHUT_LAST_S : twice;
}

/* fact->until_s: what time it is now; comes back as when the port opens. */
bool view_apply_shut(struct view *view, struct fact *fact)
{
	struct closure *c = closure_at(view, fact->sw, fact->ofport, fact->network);
	if (!may_shut(view, fact->sw, fact->ofport, fact->network) || (c && !c->is_open))
		return false;
	if (!c)
		c = make_closure(view, fact);
	if (!fact->recovered) {
		fact->length_s = next_length(c, fact->time_ms);
		fact->until_s += fact->length_s;
	}
	c->is_open = false;
	c->length_s = fact->length_s;
	c->until_s = fact->until_s;
	c->since_ms = fact->time_ms;
	memcpy(c->mac, fact->mac, 6);
	return true;
}

bool view_apply_open(struct view *view, const struct fact *fact)
{
	struct closure *c = closure_at(view, fact->sw, fact->ofport, fact->network);
	if (!c || c->is_open)
		return false;
	c->is_open = true;
	c->opened_ms = fact->time_ms;
	return true;
}

/* --- what goes with a port, a file ------------------------------------------------------ */

static void forget_closures(struct view *view, bool (*goes)(const struct view *, const struct closure *, const void *),
			    const void *ctx)
{
	size_t n = 0;
	for (size_t i = 0; i < view->n_closures; i++)
		if (!goes(view, &view->closures[i], ctx))
			view->closures[n++] = view->closures[i];
	view->n_closures = n;
}

struct place { uint32_t sw, ofport; };                          /* ofport NET_NONE: any */

static bool is_there(const struct view *view, const struct closure *c, const void *ctx)
{
	const struct place *place = ctx;
	(void) view;
	return c->sw == place->sw && (c->ofport == place->ofport || place->ofport == NET_NONE);
}

static bool has_no_cause(const struct view *view, const struct closure *c, const void *ctx)
{
	(void) ctx;
	return !may_shut(view, c->sw, c->ofport, c->network);
}

void view_guards_leave(struct view *view, uint32_t sw, uint32_t ofport)
{
	const struct place place = { sw, ofport };
	forget_closures(view, is_there, &place);
	for (uint32_t i = 0; view->leases.index.n && i < view->leases.index.n_slots; i++) {
		struct lease *lease = &view->leases.slots[i];
		if (!lease->network || lease->sw != sw || lease->ofport != ofport)
			continue;
		if (lease->slaac)
			lease_remove(&view->leases, i);
		else
			lease->sw = NET_NONE;
	}
}

void view_doubt_guards(struct view *view, uint32_t sw)
{
	const struct place place = { sw, NET_NONE };
	forget_closures(view, is_there, &place);
	for (uint32_t i = 0; view->leases.index.n && i < view->leases.index.n_slots; i++)
		if (view->leases.slots[i].network && view->leases.slots[i].sw == sw)
			lease_remove(&view->leases, i);
}

void view_guards_bind(struct view *view)
{
	forget_closures(view, has_no_cause, NULL);
	for (uint32_t i = 0; i < view->leases.index.n_slots; i++) {
		struct lease *lease = &view->leases.slots[i];
		const struct view_network *vn = lease->network ? view_network_by_id(view, lease->network) : NULL;
		if (!lease->network)
			continue;
		if (!vn || !may_hold(&view->net->networks[vn - view->networks], lease->slaac, lease->is_v6, lease->ip)
		    || (lease->slaac && !takes_slaac(view, lease->sw, lease->ofport, lease->network)))
			lease_remove(&view->leases, i);
		else if (!is_edge(view, lease->sw, lease->ofport, lease->network))
			lease->sw = NET_NONE;
	}
}
