/* SPDX-License-Identifier: Apache-2.0 */
/* Floods: the list of a network's ports on one switch, and of the other switches that get a copy.
 *
 * Inside the pipeline frames have no tag: a list starts with the untagged ports, goes on
 * with one copy for each other switch that has ports in the network (head-end replication),
 * then one tag is pushed and only its VID changes; the links of the network's tree come
 * last. Ports that are down stay in the lists, so that a flap sends nothing. What goes to
 * a port with rules for what is delivered there goes as a copy through these rules, by
 * itself. */
#include "apps/acl.h"
#include "apps/output.h"
#include "apps/tunnel.h"
#include "topo/ways.h"

/* A switch that gets floods by tunnel, or null. */
static const struct net_switch *peer_at(const struct place *place, size_t member)
{
	uint32_t sw = place->vn->members[member].sw;
	const struct net_switch *peer = place->tunnel == NET_NONE || sw == place->sw ? NULL : tunnel_peer(place->scene, sw);
	uint32_t here = view_switch(place->scene->view, place->sw)->index;
	return peer && ways_floods(place->scene->view, place->vn, here, view_switch(place->scene->view, sw)->index)
		? peer : NULL;
}

/* Members in the order of the file, most of them as they are: slots tell who came first in
 * this life of weftd, and a list is the same in the next one. */
static size_t in_order(const struct place *place, uint16_t members[NET_MAX_SWITCHES])
{
	const struct view *view = place->scene->view;
	size_t n = 0;
	for (size_t i = 0; i < place->vn->n_members; i++) {
		uint32_t index = view_switch(view, place->vn->members[i].sw)->index;
		size_t at = n++;
		for (; at && view_switch(view, place->vn->members[members[at - 1]].sw)->index > index; at--)
			members[at] = members[at - 1];
		members[at] = (uint16_t) i;
	}
	return n;
}

/* Every peer in a list; returns how many ports' worth of room that took. */
static size_t list_peers(const struct place *place, size_t listed)
{
	struct build *b = place->out->build;
	bool is_first = true;
	uint16_t members[NET_MAX_SWITCHES];
	size_t n = place->tunnel == NET_NONE ? 0 : in_order(place, members);
	for (size_t i = 0; i < n && listed + FLOOD_PEER_ROOM <= FLOOD_MAX_PORTS; i++) {
		const struct net_switch *peer = peer_at(place, members[i]);
		if (!peer || tunnel_is_fenced(place->scene, place->vn, peer))
			continue;
		if (is_first)
			act_set_u(b, FIELD_TUN_ID, tunnel_network(place->scene, place->vn)->vni);
		is_first = false;
		output_put_peer(b, peer, place->tunnel);
		listed += FLOOD_PEER_ROOM;
	}
	const struct net_switch *foreign;
	for (size_t i = 0; output_is_head(place) && listed + FLOOD_PEER_ROOM <= FLOOD_MAX_PORTS
		     && (foreign = tunnel_foreign(place->scene, place->vn, i)); i++) {
		if (is_first)
			act_set_u(b, FIELD_TUN_ID, tunnel_network(place->scene, place->vn)->vni);
		is_first = false;
		output_put_peer(b, foreign, place->tunnel);
		listed += FLOOD_PEER_ROOM;
	}
	return listed;
}

/* A list being written: how much room is taken, the tag the frame has, and the mirror ports that have it. */
struct list {
	size_t listed;
	uint16_t tag;
	uint32_t copied[NET_MAX_MIRRORS];
	size_t n_copied;
};

static void list_tag(struct build *b, struct list *list, uint16_t tag)
{
	if (tag != list->tag)
		output_put_tag(b, tag, list->tag == NET_UNTAGGED);
	list->tag = tag;
	list->listed++;
}

/* Which mirror port is still to get it with what is delivered to the leg, or NET_NONE. */
static uint32_t list_copy(struct list *list, const struct leg *leg)
{
	if (leg->mirror == NET_NONE || list->n_copied == NET_MAX_MIRRORS)
		return NET_NONE;
	for (size_t i = 0; i < list->n_copied; i++)
		if (list->copied[i] == leg->mirror)
			return NET_NONE;
	list->listed++;
	return list->copied[list->n_copied++] = leg->mirror;
}

static void list_legs(const struct place *place, enum out_to code, const struct leg *back,
		      bool tagged, struct list *list)
{
	struct build *b = place->out->build;
	for (size_t i = 0; i < place->n_legs && list->listed < FLOOD_MAX_PORTS; i++) {
		const struct leg *leg = &place->legs[i];
		bool is_guarded = acl_guards(place->scene, place->sw, leg->use);
		bool is_late = leg->use->tag != NET_UNTAGGED && !is_guarded;
		if ((code == OUT_UNKNOWN && !leg->use->flood) || is_late != tagged)
			continue;
		if (is_guarded) {
			list->listed += FLOOD_GUARDED_ROOM;
			act_again(b, FIELD_OUT, leg->port->ofport, TABLE_ACL_AT);
			continue;
		}
		list_tag(b, list, leg->use->tag);
		if (back && leg->port == back->port)
			act_output_in_port(b);
		else
			act_output(b, leg->port->ofport);
		uint32_t copy = list_copy(list, leg);
		if (copy != NET_NONE)
			act_output(b, copy);
	}
}

/* The links of the network's tree. */
static void list_links(const struct place *place, struct list *list)
{
	const struct view_switch *vs = view_switch(place->scene->view, place->sw);
	for (size_t i = 0; i < vs->n_ports && list->listed < FLOOD_MAX_PORTS; i++) {
		const struct view_port *port = &vs->ports[i];
		if (port->link == NET_NONE || !ways_in_tree(place->scene->view, place->vn, port->link))
			continue;
		list_tag(place->out->build, list, tunnel_network(place->scene, place->vn)->link_vlan);
		act_output(place->out->build, port->ofport);
	}
}

/* A list; back: the hairpin port whose own row this is, or null; copied: the mirror port that has the frame. */
static void to_list(const struct place *place, enum output_row row, enum out_to code, const struct leg *back,
		    uint32_t copied, uint64_t object)
{
	struct build *b = place->out->build;
	struct list list = { .tag = NET_UNTAGGED, .copied = { copied }, .n_copied = copied != NET_NONE };
	out_row(place->out, &output_rows[row], object);
	match_u(b, FIELD_NETWORK, place->vn->id);
	match_u(b, FIELD_OUT, code);
	if (back)
		match_u(b, FIELD_IN_PORT, back->port->ofport);
	else if (copied != NET_NONE)
		match_u(b, FIELD_COPIED, copied);
	list_legs(place, code, back, false, &list);
	list.listed = list_peers(place, list.listed);
	list_legs(place, code, back, true, &list);
	list_links(place, &list);
	out_want(place->out, place->sw);
}

static bool is_first_of_mirror(const struct place *place, size_t leg)
{
	for (size_t i = 0; i < leg; i++)
		if (place->legs[i].mirror == place->legs[leg].mirror)
			return false;
	return place->legs[leg].mirror != NET_NONE;
}

/* The rows that name other switches: these change when one joins or leaves. */
void output_lists(const struct place *place)
{
	const struct net_network *network = tunnel_network(place->scene, place->vn);
	uint64_t object = place->scene->net->objects[network->object].id;

	to_list(place, ROW_FLOOD, OUT_FLOOD, NULL, NET_NONE, object);
	if (network->flood)
		to_list(place, ROW_UNKNOWN, OUT_UNKNOWN, NULL, NET_NONE, object);
	for (size_t i = 0; i < place->n_legs; i++) {
		if (!is_first_of_mirror(place, i))
			continue;
		to_list(place, ROW_FLOOD_COPIED, OUT_FLOOD, NULL, place->legs[i].mirror, object);
		if (network->flood)
			to_list(place, ROW_UNKNOWN_COPIED, OUT_UNKNOWN, NULL, place->legs[i].mirror, object);
	}
	for (size_t i = 0; i < place->n_legs; i++) {
		const struct view_use *use = place->legs[i].use;
		if (!use->hairpin)
			continue;
		to_list(place, ROW_FLOOD_HAIRPIN, OUT_FLOOD, &place->legs[i], place->legs[i].mirror, use->object);
		if (network->flood && use->flood)
			to_list(place, ROW_UNKNOWN_HAIRPIN, OUT_UNKNOWN, &place->legs[i], place->legs[i].mirror, use->object);
	}
}
