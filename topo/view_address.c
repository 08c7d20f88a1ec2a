/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses: who speaks for which, and when two do.
 *
 * An address is its first speaker's until that host is gone. When another MAC
 * speaks for it, the address is asked about (RFC 5227, section 2.4, from outside):
 *
 *   good --another MAC speaks--> asked --the holder answers--> duplicate
 *                                asked --it is silent--> gone, and the other's
 *   duplicate --one of the two is silent, or gone--> good
 *
 * A holder that is known to be away (port down, host not known) is not asked. A
 * declared holder need not speak: who speaks beside it is a duplicate at once.
 * While an address is not good nobody answers for it. */
#include "topo/view_private.h"

#include <string.h>

enum {
	DISPUTES = 1024,                /* at a time; more are counted and change nothing */
	DISPUTES_OF_PORT = 16,          /* begun from one port */
	ASKED_MS = 4000,                /* an answer takes no longer */
	SILENT_MS = 35 * 1000,          /* asked every ten seconds, three times */
};

/* --- look-ups ---------------------------------------------------------------------- */

static const struct binding *at(const struct view *view, uint32_t i)
{
	return i == NET_NONE ? NULL : &view->bindings.slots[i];
}

const struct binding *view_binding(const struct view *view, uint32_t network_id, bool is_v6, const uint8_t *ip)
{
	uint8_t bytes[16] = { 0 };
	memcpy(bytes, ip, is_v6 ? 16 : 4);
	return at(view, address_index_find(&view->bindings.index, network_id, is_v6, bytes));
}

const struct binding *view_host_binding(const struct view *view, uint32_t network_id, const uint8_t mac[6],
					const struct binding *after)
{
	const struct binding_table *t = &view->bindings;
	return at(view, after ? address_index_next(&t->index, (uint32_t) (after - t->slots)) : address_index_of(&t->index, network_id, mac));
}

size_t view_binding_slots(const struct view *view) { return view->bindings.index.n_slots; }

const struct binding *view_binding_at(const struct view *view, size_t i)
{
	const struct binding *b = &view->bindings.slots[i];
	return b->network ? b : NULL;
}

size_t view_n_bindings(const struct view *view) { return view->bindings.index.n; }
size_t view_n_disputes(const struct view *view) { return view->n_disputes; }

bool view_address_full(const struct view *view, uint32_t network_id, const uint8_t mac[6])
{
	size_t n = 0;
	for (uint32_t i = address_index_of(&view->bindings.index, network_id, mac); i != NET_NONE; i = address_index_next(&view->bindings.index, i))
		n++;
	return n >= NET_HOST_ADDRESSES;
}

const uint8_t *fact_address(const struct fact *fact, bool *ret_is_v6)
{
	*ret_is_v6 = fact->has_ip6;
	return fact->has_ip6 ? fact->ip6 : fact->ip4;
}

static uint32_t find(const struct view *view, const struct fact *fact)
{
	uint8_t bytes[16] = { 0 };
	bool is_v6;
	const uint8_t *ip = fact_address(fact, &is_v6);
	memcpy(bytes, ip, is_v6 ? 16 : 4);
	return address_index_find(&view->bindings.index, fact->network, is_v6, bytes);
}

static void fill_address(struct fact *fact, const struct binding *b)
{
	fact->has_ip6 = b->is_v6;
	fact->has_ip4 = !b->is_v6;
	if (b->is_v6)
		memcpy(fact->ip6, b->ip, 16);
	else
		memcpy(fact->ip4, b->ip, 4);
}

struct fact view_binding_fact(const struct view *view, const struct binding *b, enum fact_kind kind)
{
	const struct host *host = view_host(view, b->network, b->mac);
	struct fact fact = {
		.kind = kind, .network = b->network, .old_sw = NET_NONE,
		.sw = host && !host->unconfirmed ? host->sw : NET_NONE, .ofport = host ? host->ofport : 0,
	};
	memcpy(fact.mac, b->mac, 6);
	memcpy(fact.other_mac, b->rival, 6);
	fill_address(&fact, b);
	return fact;
}

/* --- disputes ---------------------------------------------------------------------- */

static void set_state(struct view *view, struct binding *b, enum binding_state state)
{
	view->n_disputes += state != BINDING_GOOD;
	view->n_disputes -= b->state != BINDING_GOOD;
	b->state = state;
}

static bool is_rival(const struct binding *b, uint32_t network, const uint8_t mac[6])
{
	return b->state != BINDING_GOOD && b->network == network && !memcmp(b->rival, mac, 6);
}

static bool may_dispute(const struct view *view, const struct fact *fact)
{
	size_t n = 0;
	if (!view->n_disputes)
		return true;
	for (uint32_t i = 0; i < view->bindings.index.n_slots; i++) {
		const struct binding *b = &view->bindings.slots[i];
		n += b->network && b->state != BINDING_GOOD && b->rival_sw == fact->sw
			&& b->rival_ofport == fact->ofport;
	}
	return view->n_disputes < DISPUTES && n < DISPUTES_OF_PORT;
}

/* The holder cannot be asked, so that who speaks now has it. */
static bool is_away(const struct view *view, const struct binding *b)
{
	const struct host *host = view_host(view, b->network, b->mac);
	const struct view_port *port = host && !host->unconfirmed ? view_port(view, host->sw, host->ofport) : NULL;
	return !port || !port->up;
}

enum dispute view_dispute(const struct binding *b, uint64_t now_ms)
{
	switch (b->state) {
	case BINDING_GOOD:
		break;
	case BINDING_ASKED:
		if (b->declared || b->heard_ms)
			return DISPUTE_DUPLICATE;
		return now_ms - b->since_ms >= ASKED_MS ? DISPUTE_MOVED : DISPUTE_OPEN;
	case BINDING_DUPLICATE:
		if (now_ms - b->rival_ms >= SILENT_MS)
			return DISPUTE_HELD;
		return !b->declared && now_ms - b->heard_ms >= SILENT_MS ? DISPUTE_MOVED : DISPUTE_OPEN;
	}
	return DISPUTE_OPEN;
}

/* --- facts ------------------------------------------------------------------------- */

static bool begin_dispute(struct view *view, struct view_network *vn, struct binding *b, struct fact *fact)
{
	bool is_news = b->state == BINDING_GOOD;
	if (is_news && !may_dispute(view, fact)) {
		vn->n_addresses_refused++;
		return false;
	}
	if (is_news) {
		set_state(view, b, BINDING_ASKED);
		b->since_ms = fact->time_ms;
		b->heard_ms = 0;
	}
	memcpy(b->rival, fact->mac, 6);
	b->rival_sw = fact->sw;
	b->rival_ofport = fact->ofport;
	b->rival_ms = fact->time_ms;
	memcpy(fact->other_mac, b->mac, 6);
	fact->contested = true;
	return is_news;
}

/* The holder spoke again. */
static bool confirm(struct binding *b, const struct fact *fact)
{
	if (!fact->recovered && b->state != BINDING_GOOD)
		b->heard_ms = fact->time_ms;
	if (!fact->unconfirmed)
		b->unconfirmed = false;
	if (!fact->recovered)
		b->recovered = false;
	if (!fact->router || b->router)
		return false;
	b->router = true;
	return true;
}

static void add(struct view *view, const struct fact *fact, uint64_t first_ms)
{
	uint8_t bytes[16] = { 0 };
	bool is_v6;
	const uint8_t *ip = fact_address(fact, &is_v6);
	memcpy(bytes, ip, is_v6 ? 16 : 4);
	uint32_t i = binding_add(&view->bindings, fact->network, is_v6, bytes, fact->mac);
	struct binding *b = &view->bindings.slots[i];
	b->first_ms = first_ms;
	b->recovered = fact->recovered;
	b->unconfirmed = fact->unconfirmed;
	b->router = fact->router;
}

static bool may_add(struct view *view, struct view_network *vn, const struct fact *fact)
{
	if (!view_address_full(view, fact->network, fact->mac))
		return true;
	vn->n_addresses_refused++;
	return false;
}

static bool take_over(struct view *view, struct view_network *vn, uint32_t i, struct fact *fact, uint64_t first_ms)
{
	struct binding *b = &view->bindings.slots[i];
	if (b->declared || !may_add(view, vn, fact))
		return false;
	memcpy(fact->other_mac, b->mac, 6);
	fact->was_known = true;
	set_state(view, b, BINDING_GOOD);
	binding_remove(&view->bindings, i);
	add(view, fact, first_ms);
	return true;
}

/* What the host is shown with: the first address of its own, and a global one
 * rather than a link-local one. */
static void show_at_host(struct view *view, const struct fact *fact)
{
	uint32_t i = host_find(&view->hosts, fact->network, fact->mac);
	struct host *host = i == NET_NONE ? NULL : host_at(&view->hosts, i);
	if (!host)
		return;
	if (fact->has_ip4 && !host->has_ip4) {
		host->has_ip4 = true;
		memcpy(host->ip4, fact->ip4, 4);
	}
	if (fact->has_ip6 && (!host->has_ip6 || (host->ip6[0] == 0xfe && host->ip6[1] == 0x80))) {
		host->has_ip6 = true;
		memcpy(host->ip6, fact->ip6, 16);
	}
}

static bool is_uplink(struct view *view, const struct fact *fact)
{
	const struct view_use *use = view_use_mutable(view, fact->sw, fact->ofport, fact->network);
	return use && use->is_uplink;
}

bool view_apply_address(struct view *view, struct fact *fact)
{
	struct view_network *vn = view_network_mutable(view, fact->network);
	uint64_t age_ms = fact->recovered ? fact->age_s * 1000ULL : 0;
	uint64_t first_ms = fact->time_ms > age_ms ? fact->time_ms - age_ms : 0;
	uint32_t i = vn ? find(view, fact) : NET_NONE;

	fact->was_known = fact->contested = false;
	if (!vn || view->net->networks[vn - view->networks].arp != NET_ARP_ANSWER)
		return false;
	if (!fact->unconfirmed)
		show_at_host(view, fact);
	if (i == NET_NONE) {
		/* Beyond an uplink nobody is known. */
		if ((!fact->unconfirmed && is_uplink(view, fact)) || !may_add(view, vn, fact))
			return false;
		add(view, fact, first_ms);
		return true;
	}
	struct binding *b = &view->bindings.slots[i];
	if (!memcmp(b->mac, fact->mac, 6))
		return confirm(b, fact);
	if (fact->recovered)
		/* Of two stories read back: its own switch's, then the younger one. */
		return b->recovered && (fact->unconfirmed <= b->unconfirmed) && b->first_ms < first_ms
			&& take_over(view, vn, i, fact, first_ms);
	if (b->recovered && b->unconfirmed)
		return take_over(view, vn, i, fact, first_ms);
	if (is_uplink(view, fact) || b->declared || b->state != BINDING_GOOD || !is_away(view, b))
		return begin_dispute(view, vn, b, fact);
	return take_over(view, vn, i, fact, first_ms);
}

bool view_apply_address_gone(struct view *view, struct fact *fact)
{
	uint32_t i = find(view, fact);
	struct binding *b = i == NET_NONE ? NULL : &view->bindings.slots[i];
	if (!b || b->declared || memcmp(b->mac, fact->mac, 6))
		return false;
	set_state(view, b, BINDING_GOOD);
	binding_remove(&view->bindings, i);
	return true;
}

bool view_apply_dispute(struct view *view, struct fact *fact)
{
	enum binding_state state = fact->kind == FACT_DUPLICATE ? BINDING_DUPLICATE : BINDING_GOOD;
	uint32_t i = find(view, fact);
	struct binding *b = i == NET_NONE ? NULL : &view->bindings.slots[i];
	if (!b || b->state == BINDING_GOOD || b->state == state)
		return false;
	set_state(view, b, state);
	return true;
}

/* --- what goes with a host, a file, the memory of others ------------------------------ */

static void tell(struct fact fact, const struct gone *gone, enum fact_reason reason)
{
	fact.reason = reason;
	fact.time_ms = gone->now_ms;
	if (gone->cb)
		gone->cb(gone->ctx, &fact);
}

static void forget(struct view *view, uint32_t i, bool with_host, enum fact_reason reason, const struct gone *gone)
{
	struct fact fact = view_binding_fact(view, &view->bindings.slots[i], FACT_ADDRESS_GONE);
	fact.with_host = with_host;
	set_state(view, &view->bindings.slots[i], BINDING_GOOD);
	binding_remove(&view->bindings, i);
	tell(fact, gone, reason);
}

static void end_disputes_of(struct view *view, const struct host *host, const struct gone *gone)
{
	for (uint32_t i = 0; view->n_disputes && i < view->bindings.index.n_slots; i++) {
		struct binding *b = &view->bindings.slots[i];
		if (!b->network || !is_rival(b, host->network, host->mac))
			continue;
		set_state(view, b, BINDING_GOOD);
		tell(view_binding_fact(view, b, FACT_ADDRESS_SETTLED), gone, REASON_NONE);
	}
}

void view_forget_addresses(struct view *view, const struct host *host, enum fact_reason reason,
			   const struct gone *gone)
{
	uint32_t next;
	for (uint32_t i = address_index_of(&view->bindings.index, host->network, host->mac); i != NET_NONE; i = next) {
		next = address_index_next(&view->bindings.index, i);
		if (!view->bindings.slots[i].declared)
			forget(view, i, true, reason, gone);
	}
	end_disputes_of(view, host, gone);
}

void view_settle_addresses(struct view *view, const struct gone *gone)
{
	for (uint32_t i = 0; i < view->bindings.index.n_slots; i++) {
		const struct binding *b = &view->bindings.slots[i];
		if (b->network && b->unconfirmed && !b->declared)
			forget(view, i, false, REASON_UNCONFIRMED, gone);
	}
}

void view_doubt_addresses(struct view *view)
{
	for (uint32_t i = 0; i < view->bindings.index.n_slots; i++) {
		view->bindings.slots[i].recovered = true;
		view->bindings.slots[i].first_ms = 0;
	}
}

static void declare(struct view *view, uint32_t network, const struct net_port *port, const struct net_address *ip)
{
	uint32_t id = view->net->networks[network].id;
	uint32_t i = address_index_find(&view->bindings.index, id, ip->is_v6, ip->bytes);
	if (i != NET_NONE && memcmp(view->bindings.slots[i].mac, port->mac.bytes, 6)) {
		set_state(view, &view->bindings.slots[i], BINDING_GOOD);
		binding_remove(&view->bindings, i);
		i = NET_NONE;
	}
	if (i == NET_NONE)
		i = binding_add(&view->bindings, id, ip->is_v6, ip->bytes, port->mac.bytes);
	struct binding *b = &view->bindings.slots[i];
	b->declared = true;
	b->entry = (uint32_t) (port - view->net->networks[network].ports);
}

/* Everything is compiled after this, so nobody has to be told. */
void view_bind_addresses(struct view *view)
{
	const struct net *net = view->net;
	for (uint32_t i = 0; i < view->bindings.index.n_slots; i++) {
		struct binding *b = &view->bindings.slots[i];
		const struct view_network *vn = b->network ? view_network_by_id(view, b->network) : NULL;
		if (!b->network)
			continue;
		bool is_seen = b->unconfirmed || view_host(view, b->network, b->mac);
		b->declared = false;
		if (vn && net->networks[vn - view->networks].arp == NET_ARP_ANSWER && is_seen)
			continue;
		set_state(view, b, BINDING_GOOD);
		binding_remove(&view->bindings, i);
	}
	for (uint32_t n = 0; n < net->n_networks; n++)
		for (size_t p = 0; p < net->networks[n].n_ports; p++)
			for (size_t a = 0; a < net->networks[n].ports[p].ips.n
			     && net->networks[n].arp == NET_ARP_ANSWER; a++)
				declare(view, n, &net->networks[n].ports[p], &net->networks[n].ports[p].ips.items[a]);
}
