/* SPDX-License-Identifier: Apache-2.0 */
/* arp: questions for known hosts are answered where they are asked (RFC 826,
 * RFC 4861), so that nobody else hears them.
 *
 *   claim   who says that an address is its own: news is reported once, and then
 *           has a row on the host's own switch, so that it is news no more
 *   arp     on every switch of the network: who asks for a known address, and is
 *           known itself, gets the answer back
 *
 * After l2_src, because who asks must be learned like anybody; before l2_dst, where
 * a question becomes a flood. Asked is answered only when the asker's own address
 * is known: so the first word of a host is heard by all, and so are announcements
 * and probes (RFC 5227, RFC 4862), by which others notice a second owner. Unicast
 * questions go to whom they are for: they ask whether that host is alive.
 * A question that came over an uplink, a link or a tunnel was not answered where it
 * was asked, so it is not answered here either. And one that came by the port that the
 * host itself is behind is heard by it there: an answer from here would show its MAC
 * to the switches beyond that port as if it were ours. */
#include "apps/arp.h"

#include <string.h>

#include "apps/apps.h"
#include "apps/l2.h"

static bool answers(const struct scene *scene, const struct view_network *vn)
{
	return scene->net->networks[vn - view_network(scene->view, 0)].arp == NET_ARP_ANSWER;
}

/* What connections get by `snat` no host has, whatever it said before the file did. */
static bool is_hosts(const struct scene *scene, const struct view_network *vn, const struct binding *b)
{
	return !net_translates_to(&scene->net->networks[vn - view_network(scene->view, 0)], b->is_v6, b->ip);
}

static uint64_t network_object(const struct scene *scene, const struct view_network *vn)
{
	return scene->net->objects[scene->net->networks[vn - view_network(scene->view, 0)].object].id;
}

/* The host's place when its switch is known, or null. */
static const struct host *host_of(const struct scene *scene, uint32_t network_id, const uint8_t mac[6])
{
	const struct host *host = view_host(scene->view, network_id, mac);
	return host && !host->unconfirmed ? host : NULL;
}

static bool is_declared_at(const struct scene *scene, const struct view_network *vn, const struct binding *b,
			   uint32_t sw)
{
	const struct net_network *network = &scene->net->networks[vn - view_network(scene->view, 0)];
	return b->declared && !strcmp(network->ports[b->entry].switch_glob, view_switch(scene->view, sw)->name);
}

/* May the switch answer for it: has it a way there? */
static bool leads_there(const struct scene *scene, const struct view_network *vn,
			const struct view_member *member, const struct binding *b)
{
	const struct host *host = host_of(scene, vn->id, b->mac);
	if (!member->n_edges || b->state != BINDING_GOOD || b->router)
		return false;
	return (host ? host->sw == member->sw : is_declared_at(scene, vn, b, member->sw))
		|| l2_has_way(scene, vn, member);
}

/* --- compile ----------------------------------------------------------------------- */

static uint64_t port_object(const struct scene *scene, const struct host *host)
{
	return view_use(view_port(scene->view, host->sw, host->ofport), host->network)->object;
}

static void write_claim(const struct scene *scene, struct out *out, const struct view_network *vn,
			const struct host *host, const struct binding *b)
{
	const struct view_member *member = view_member(vn, host->sw);
	uint64_t object = port_object(scene, host);
	arp_claim(out, host->sw, b, object, b->state == BINDING_GOOD);
	arp_beside(out, host->sw, vn->id, host->ofport, b->is_v6, b->ip, object, b->state == BINDING_GOOD);
	arp_rival(out, view_switch(scene->view, host->sw), vn->id, b->is_v6, b->ip, object,
		  member->uplink != NET_NONE);
}

static void compile_binding(const struct scene *scene, struct out *out, uint32_t sw, const struct binding *b)
{
	const struct view_network *vn = view_network_by_id(scene->view, b->network);
	const struct view_member *member = vn && answers(scene, vn) ? view_member(vn, sw) : NULL;
	const struct host *host = host_of(scene, b->network, b->mac);
	if (!member || !is_hosts(scene, vn, b))
		return;
	if (leads_there(scene, vn, member, b))
		arp_answer(out, sw, vn->id, b->is_v6, b->ip, b->mac, network_object(scene, vn), true);
	if (!host || host->sw != sw)
		return;
	if (b->state == BINDING_GOOD) {
		arp_claim(out, sw, b, port_object(scene, host), true);
		arp_beside(out, sw, vn->id, host->ofport, b->is_v6, b->ip, port_object(scene, host), true);
	}
	if (member->uplink != NET_NONE)
		arp_rival(out, view_switch(scene->view, sw), vn->id, b->is_v6, b->ip, port_object(scene, host), true);
	if (view_address_full(scene->view, vn->id, b->mac))
		arp_full(out, sw, vn->id, b->mac, port_object(scene, host), true);
}

static void compile(const struct scene *scene, uint32_t sw, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	if (!vs)
		return;
	arp_switch_rows(out, vs);
	for (uint32_t n = 0; n < scene->net->n_networks; n++) {
		const struct view_network *vn = view_network(scene->view, n);
		const struct view_member *member = view_member(vn, sw);
		if (!member || !member->n_edges)
			continue;
		if (answers(scene, vn))
			arp_network_rows(out, vs, scene->net, n);
		arp_bound_rows(out, vs, scene->net, n, answers(scene, vn));
		arp_snat_rows(out, vs, scene->net, n, answers(scene, vn));
	}
	for (size_t i = 0; i < view_binding_slots(scene->view); i++) {
		const struct binding *b = view_binding_at(scene->view, i);
		if (b)
			compile_binding(scene, out, sw, b);
	}
}

/* --- patch ------------------------------------------------------------------------- */

static void write_answers(const struct scene *scene, struct out *out, const struct view_network *vn,
			  const struct binding *b)
{
	for (size_t i = 0; i < vn->n_members; i++)
		if (vn->members[i].n_edges)
			arp_answer(out, vn->members[i].sw, vn->id, b->is_v6, b->ip, b->mac, network_object(scene, vn),
				   leads_there(scene, vn, &vn->members[i], b));
}

static void write_full(const struct scene *scene, struct out *out, uint32_t network_id, const uint8_t mac[6],
		       uint32_t sw)
{
	const struct host *host = host_of(scene, network_id, mac);
	bool is_full = host && host->sw == sw && view_address_full(scene->view, network_id, mac);
	arp_full(out, sw, network_id, mac, is_full ? port_object(scene, host) : 0, is_full);
}

static void write_binding(const struct scene *scene, struct out *out, const struct view_network *vn,
			  const struct binding *b)
{
	const struct host *host = host_of(scene, vn->id, b->mac);
	if (!is_hosts(scene, vn, b))
		return;
	write_answers(scene, out, vn, b);
	if (!host)
		return;
	write_claim(scene, out, vn, host, b);
	write_full(scene, out, vn->id, b->mac, host->sw);
}

/* What the address had on the switch of a host that has it no more. */
static void unwrite_claim(const struct scene *scene, struct out *out, uint32_t sw, uint32_t ofport,
			  uint32_t network_id, const uint8_t mac[6], bool is_v6, const uint8_t *ip)
{
	arp_unclaim(out, sw, network_id, mac, is_v6, ip);
	arp_beside(out, sw, network_id, ofport, is_v6, ip, 0, false);
	arp_rival(out, view_switch(scene->view, sw), network_id, is_v6, ip, 0, false);
	write_full(scene, out, network_id, mac, sw);
}

static void patch_address(const struct scene *scene, struct out *out, const struct view_network *vn,
			  const struct fact *fact)
{
	bool is_v6;
	const uint8_t *ip = fact_address(fact, &is_v6);
	const struct binding *b = view_binding(scene->view, vn->id, is_v6, ip);
	const struct host *old = fact->was_known ? host_of(scene, vn->id, fact->other_mac) : NULL;
	if (old)
		unwrite_claim(scene, out, old->sw, old->ofport, vn->id, fact->other_mac, is_v6, ip);
	if (b)
		write_binding(scene, out, vn, b);
}

static void patch_address_gone(const struct scene *scene, struct out *out, const struct view_network *vn,
			       const struct fact *fact)
{
	bool is_v6;
	const uint8_t *ip = fact_address(fact, &is_v6);
	for (size_t i = 0; i < vn->n_members; i++)
		if (vn->members[i].n_edges)
			arp_answer(out, vn->members[i].sw, vn->id, is_v6, ip, fact->mac, 0, false);
	if (fact->sw != NET_NONE)
		unwrite_claim(scene, out, fact->sw, fact->ofport, vn->id, fact->mac, is_v6, ip);
}

/* The host came, moved or went: its claims go with it. */
static void patch_host(const struct scene *scene, struct out *out, const struct view_network *vn,
		       const struct fact *fact, uint32_t left, uint32_t left_ofport)
{
	const struct binding *b = NULL;
	while ((b = view_host_binding(scene->view, vn->id, fact->mac, b))) {
		if (left != NET_NONE)
			unwrite_claim(scene, out, left, left_ofport, vn->id, fact->mac, b->is_v6, b->ip);
		write_binding(scene, out, vn, b);
	}
}

static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	const struct view_network *vn = view_network_by_id(scene->view, fact->network);
	bool is_ours = vn && answers(scene, vn);
	switch (fact->kind) {
	case FACT_ADDRESS:
	case FACT_ADDRESS_SETTLED:
		if (is_ours)
			patch_address(scene, out, vn, fact);
		return true;
	case FACT_ADDRESS_GONE:
		if (is_ours)
			patch_address_gone(scene, out, vn, fact);
		return true;
	case FACT_HOST:
		if (is_ours)
			patch_host(scene, out, vn, fact, fact->was_known ? fact->old_sw : NET_NONE, fact->old_ofport);
		return true;
	case FACT_HOST_GONE:
		if (is_ours)
			patch_host(scene, out, vn, fact, fact->unconfirmed ? NET_NONE : fact->sw, fact->ofport);
		return true;
	case FACT_PORT:
		return !fact->uses_changed;
	default:
		return false;
	}
}

const struct app app_arp = {
	.name = "arp",
	.help = "answers ARP and neighbour solicitations for known hosts; who has which address",
	.rows = arp_rows,
	.n_rows = N_ARP_ROWS,
	.tables = TABLE_BIT(CLAIM) | TABLE_BIT(ARP) | TABLE_BIT(ADVERT),
	.reads = FACT_BIT(NET) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE) | FACT_BIT(HOST) | FACT_BIT(HOST_GONE)
		| FACT_BIT(ADDRESS) | FACT_BIT(ADDRESS_GONE) | FACT_BIT(ADDRESS_SETTLED) | FACT_BIT(WAYS),
	.compile = compile,
	.patch = patch,
	.packet_in = arp_packet_in,
	.recover = arp_recover,
	.tick = arp_tick,
	.removed = arp_removed,
};
