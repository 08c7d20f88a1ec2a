/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of ingress: ports and networks (ingress.c), what other switches send
 * (ingress_between.c), labels of paths (ingress_label.c). */
#ifndef APPS_INGRESS_H
#define APPS_INGRESS_H

#include "apps/app.h"

enum ingress_row {
	ROW_LINK_PROBE, ROW_STRAY_PROBE, ROW_RESERVED, ROW_DISCOVERY, ROW_GROUP_SOURCE, ROW_LOOP_PROBE, ROW_QUARANTINE,
	ROW_TUNNEL, ROW_TUNNEL_UNICAST, ROW_FENCED, ROW_LABEL_TUNNEL, ROW_PROBE, ROW_LABEL_END, ROW_LABEL,
	ROW_UNTAGGED, ROW_PRIORITY_TAGGED, ROW_TAGGED, ROW_GUEST_TAG, ROW_LINK, ROW_LINK_UNICAST,
	ROW_STANDBY, ROW_STANDBY_TAGGED,
	ROW_WRONG_TAG, ROW_LINK_REST, ROW_LINK_UNUSED, ROW_NO_PEER, ROW_NO_NETWORK, ROW_NO_VNI, ROW_DISABLED, ROW_MISS,
	ROW_MIRROR, ROW_MIRRORED,
	N_INGRESS_ROWS
};

extern const struct app_row ingress_rows[N_INGRESS_ROWS];

/* The network and class of the frame are known: to the rules, or on. Ends the actions. The use: of an
 * edge port or uplink; null for links and tunnels. */
void ingress_go_on(const struct scene *, struct build *, uint32_t sw, const struct net_network *, enum class,
		   const struct view_use *);
/* Rows for the labels that the switch may get. */
void ingress_labels(const struct scene *, struct out *, const struct view_switch *);
bool ingress_resteer(const struct scene *, uint32_t sw, const struct steer *before, struct out *);
/* Rows for what comes by the switch's tunnel port, by that link. */
void ingress_tunnel(const struct scene *, struct out *, const struct view_switch *);
void ingress_link(const struct scene *, struct out *, const struct view_switch *, const struct view_port *);
/* The rows about one peer in one network, whether it is still there or not. */
void ingress_from_peer(const struct scene *, struct out *, const struct view_network *, const struct view_member *here,
		       const struct net_switch *peer, bool is_member);
/* Probes for links and tunnels; those for loops. */
void ingress_probes(const struct scene *, struct out *, const struct view_switch *);
void ingress_loop_probe(struct out *, const struct view_switch *);

#endif
