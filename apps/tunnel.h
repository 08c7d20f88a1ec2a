/* SPDX-License-Identifier: Apache-2.0 */
/* tunnel: who is at the other ends of a network's tunnels, for the apps that
 * take frames from them and put frames into them.
 *
 * A switch hears and speaks to those switches that have ports in the network
 * too: members, and after a restart those that others remember as members. */
#ifndef APPS_TUNNEL_H
#define APPS_TUNNEL_H

#include "apps/app.h"

/* OpenFlow port of the tunnel by which the member reaches the others of its
 * network, or NET_NONE: no overlay, no vtep, no such port yet. */
uint32_t tunnel_port(const struct scene *, const struct view_network *, const struct view_member *);

/* The switch of the file behind a slot, when it has a vtep; else null. */
const struct net_switch *tunnel_peer(const struct scene *, uint32_t sw);

/* Must its floods not be heard, and does it get none: view_is_suspect(). */
bool tunnel_is_fenced(const struct scene *, const struct view_network *, const struct net_switch *peer);
/* Does the network meet the LAN at that switch? */
bool tunnel_is_gateway(const struct scene *, const struct view_network *, uint32_t sw);
/* The network that travels under that VNI, or null. */
const struct net_network *tunnel_by_vni(const struct scene *, uint32_t vni);
/* Is it a switch, and not the end of a foreign VTEP? */
bool tunnel_is_ours(const struct scene *, const struct net_switch *peer);
/* The i-th VTEP of the network that is no switch of ours, or null after the last. */
const struct net_switch *tunnel_foreign(const struct scene *, const struct view_network *, size_t i);

const struct net_network *tunnel_network(const struct scene *, const struct view_network *);
uint64_t tunnel_object(const struct scene *, const struct net_switch *);

/* Of an app that has rows for each port and for each other end of a tunnel: a port that
 * only went up or down keeps its rows; a switch that the fact just applied put into
 * networks or took out of them changes rows on each other switch there, by the call.
 * False: what else it changes is compiled. */
typedef void tunnel_cb(const struct scene *, struct out *, const struct view_network *,
		       const struct view_member *, const struct net_switch *peer, bool is_member);
bool tunnel_patch(const struct scene *, const struct fact *, struct out *, tunnel_cb *);

/* tunnel_probe.c: frames by which switches find each other in the underlay. */
void tunnel_greet(const struct scene *, const struct fact *, struct reply *);
void tunnel_tick(const struct scene *, uint32_t sw, uint64_t second, struct reply *);

#endif
