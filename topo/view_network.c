/* SPDX-License-Identifier: Apache-2.0 */
/* What the view counts per network, which switches are in it, and which hosts
 * stand where: one list of hosts per member, one of unconfirmed hosts. The
 * counts are right after every call; a test compares them with a recount. */
#include "topo/view_private.h"

#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

/* --- by id ------------------------------------------------------------------------- */

static uint32_t find_id(const struct view *view, uint32_t id)
{
	/* Ids are hashes already. */
	for (uint32_t at = id & view->ids_mask; view->ids; at = (at + 1) & view->ids_mask) {
		uint32_t i = view->ids[at];
		if (i == NET_NONE || view->networks[i].id == id)
			return i;
	}
	return NET_NONE;
}

static void make_ids(struct view *view)
{
	uint32_t n = 16;
	while (n < view->n_networks * 2)
		n *= 2;
	free(view->ids);
	view->ids = xheap_alloc(n * sizeof *view->ids);
	memset(view->ids, 0xff, n * sizeof *view->ids);
	view->ids_mask = n - 1;
	for (uint32_t i = 0; i < view->n_networks; i++) {
		uint32_t at = view->networks[i].id & view->ids_mask;
		while (view->ids[at] != NET_NONE)
			at = (at + 1) & view->ids_mask;
		view->ids[at] = i;
	}
}

void view_networks_free(struct view_network *networks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(networks[i].members);
		free(networks[i].gateways);
	}
	free(networks);
}

/* Who was not back before the new file came is still not back. */
static void keep_remembered(struct view_network *now, const struct view_network *old)
{
	for (size_t i = 0; i < old->n_members; i++)
		now->n_members += old->members[i].remembered;
	if (!now->n_members)
		return;
	now->max_members = now->n_members;
	now->members = xheap_alloc(now->max_members * sizeof *now->members);
	for (size_t i = 0, n = 0; i < old->n_members; i++)
		if (old->members[i].remembered)
			now->members[n++] = (struct view_member) {
				.sw = old->members[i].sw, .uplink = NET_NONE, .first = NET_NONE,
				.remembered = true,
			};
}

void view_networks_make(struct view *view, const struct net *net)
{
	struct view_network *networks = xheap_alloc(net->n_networks * sizeof *networks);
	for (size_t i = 0; i < net->n_networks; i++) {
		const struct view_network *old = view_network_by_id(view, net->networks[i].id);
		networks[i] = (struct view_network) {
			.id = net->networks[i].id, .first_unconfirmed = NET_NONE,
		};
		view_gateways_make(view, &networks[i], &net->networks[i], old);
		if (old) {
			/* With a higher limit, or none, it is not known to be full. */
			networks[i].was_full = old->was_full && net->networks[i].max_hosts
				<= view->net->networks[old - view->networks].max_hosts;
			networks[i].n_refused = old->n_refused;
			networks[i].n_moves = old->n_moves;
			networks[i].n_addresses_refused = old->n_addresses_refused;
			if (net->networks[i].tunnels || net->n_links)
				keep_remembered(&networks[i], old);
		}
	}
	view_networks_free(view->networks, view->n_networks);
	view->networks = networks;
	view->n_networks = net->n_networks;
	make_ids(view);
}

const struct view_network *view_network(const struct view *view, uint32_t index)
{
	return index < view->n_networks ? &view->networks[index] : NULL;
}

const struct view_network *view_network_by_id(const struct view *view, uint32_t id)
{
	return view_network(view, find_id(view, id));
}

struct view_network *view_network_mutable(struct view *view, uint32_t id)
{
	return (struct view_network *) view_network_by_id(view, id);
}

/* --- members ----------------------------------------------------------------------- */

/* Where the member is, or would be. */
static size_t member_index(const struct view_network *vn, uint32_t sw)
{
	size_t low = 0, high = vn->n_members;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (vn->members[mid].sw < sw)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct view_member *view_member(const struct view_network *vn, uint32_t sw)
{
	size_t i = member_index(vn, sw);
	return i < vn->n_members && vn->members[i].sw == sw ? &vn->members[i] : NULL;
}

bool view_member_is_here(const struct view_member *member)
{
	return member->n_edges || member->uplink != NET_NONE || member->transit;
}

static void note_change(struct view *view, const struct view_network *vn)
{
	uint32_t index = (uint32_t) (vn - view->networks);
	if (!view->net->networks[index].tunnels)
		return;
	if (view->n_changed == view->max_changed) {
		view->max_changed = view->max_changed ? view->max_changed * 2 : 16;
		view->changed = xheap_realloc(view->changed, view->max_changed * sizeof *view->changed);
	}
	view->changed[view->n_changed++] = index;
}

size_t view_changed(const struct view *view, const uint32_t **ret_networks)
{
	*ret_networks = view->changed;
	return view->n_changed;
}

/* The member, made when it is not there. */
static struct view_member *take_in(struct view *view, struct view_network *vn, uint32_t sw)
{
	size_t i = member_index(vn, sw);
	if (i < vn->n_members && vn->members[i].sw == sw)
		return &vn->members[i];
	if (vn->n_members == vn->max_members) {
		vn->max_members = vn->max_members ? vn->max_members * 2 : 4;
		vn->members = xheap_realloc(vn->members, vn->max_members * sizeof *vn->members);
	}
	memmove(&vn->members[i + 1], &vn->members[i], (vn->n_members - i) * sizeof *vn->members);
	vn->n_members++;
	vn->members[i] = (struct view_member) { .sw = sw, .uplink = NET_NONE, .first = NET_NONE };
	note_change(view, vn);
	return &vn->members[i];
}

static void let_go(struct view *view, struct view_network *vn, struct view_member *member)
{
	if (view_member_is_here(member) || member->remembered)
		return;
	size_t i = (size_t) (member - vn->members);
	vn->n_members--;
	memmove(member, member + 1, (vn->n_members - i) * sizeof *member);
	note_change(view, vn);
}

void view_join(struct view *view, uint32_t sw, uint32_t ofport, const struct view_use *use)
{
	struct view_member *member = take_in(view, &view->networks[use->network], sw);
	if (use->is_uplink)
		member->uplink = ofport;
	else
		member->n_edges++;
}

void view_leave(struct view *view, uint32_t sw, uint32_t ofport, const struct view_use *use)
{
	struct view_network *vn = &view->networks[use->network];
	struct view_member *member = &vn->members[member_index(vn, sw)];
	if (!use->is_uplink)
		member->n_edges--;
	else if (member->uplink == ofport)
		member->uplink = NET_NONE;
	let_go(view, vn, member);
}

void view_carry(struct view *view, struct view_network *vn, uint32_t sw, bool transit)
{
	struct view_member *member = (struct view_member *) view_member(vn, sw);
	if (member ? member->transit == transit : !transit)
		return;
	member = take_in(view, vn, sw);
	member->transit = transit;
	let_go(view, vn, member);
}

bool view_remember(struct view *view, struct view_network *vn, uint32_t sw)
{
	struct view_member *member = take_in(view, vn, sw);
	if (member->remembered)
		return false;
	member->remembered = true;
	return !view_member_is_here(member);
}

bool view_unremember(struct view *view, struct view_network *vn, uint32_t sw)
{
	struct view_member *member = (struct view_member *) view_member(vn, sw);
	if (!member || !member->remembered)
		return false;
	bool is_here = view_member_is_here(member);
	member->remembered = false;
	let_go(view, vn, member);
	return !is_here;
}

/* --- hosts ------------------------------------------------------------------------- */

static uint32_t *list_of(struct view_network *vn, const struct host *host)
{
	if (host->unconfirmed)
		return &vn->first_unconfirmed;
	return &vn->members[member_index(vn, host->sw)].first;
}

void view_place(struct view *view, uint32_t i)
{
	struct host *host = host_at(&view->hosts, i);
	struct view_network *vn = view_network_mutable(view, host->network);
	vn->n_hosts++;
	if (host->unconfirmed) {
		vn->n_unconfirmed++;
	} else {
		struct view_use *use = view_use_mutable(view, host->sw, host->ofport, host->network);
		use->n_hosts++;
		host->sticks = use->sticky;
	}
	host_link(&view->hosts, list_of(vn, host), i);
}

void view_unplace(struct view *view, uint32_t i)
{
	const struct host *host = host_at(&view->hosts, i);
	struct view_network *vn = view_network_mutable(view, host->network);
	vn->n_hosts--;
	if (host->unconfirmed)
		vn->n_unconfirmed--;
	else
		view_use_mutable(view, host->sw, host->ofport, host->network)->n_hosts--;
	host_unlink(&view->hosts, list_of(vn, host), i);
}

void view_drop(struct view *view, uint32_t i, enum fact_reason reason, const struct gone *gone)
{
	const struct host *host = host_at(&view->hosts, i);
	struct fact fact = {
		.kind = FACT_HOST_GONE, .reason = reason,
		.sw = host->sw, .ofport = host->ofport, .network = host->network,
		.old_sw = NET_NONE, .unconfirmed = host->unconfirmed, .time_ms = gone->now_ms,
	};
	memcpy(fact.mac, host->mac, 6);
	view_forget_addresses(view, host, reason, gone);
	host_remove(&view->hosts, i);
	if (gone->cb)
		gone->cb(gone->ctx, &fact);
}

void view_evict(struct view *view, uint32_t i, enum fact_reason reason, const struct gone *gone)
{
	view_unplace(view, i);
	view_drop(view, i, reason, gone);
}

static const struct host *next_in(const struct view *view, uint32_t first, const struct host *after)
{
	uint32_t i = after ? after->next : first;
	return i == NET_NONE ? NULL : host_at(&view->hosts, i);
}

const struct host *view_member_host(const struct view *view, const struct view_member *member,
				    const struct host *after)
{
	return next_in(view, member->first, after);
}

const struct host *view_unconfirmed(const struct view *view, const struct view_network *vn,
				    const struct host *after)
{
	return next_in(view, vn->first_unconfirmed, after);
}
