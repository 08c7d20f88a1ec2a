/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of ingress: ports and networks (ingress.c), labels of paths (ingress_label.c). */
#ifndef APPS_INGRESS_H
#define APPS_INGRESS_H

#include "apps/app.h"

/* The network and class of the frame are known: to the rules, or on. Ends the actions. The use: of an
 * edge port or uplink; null for links and tunnels. */
void ingress_go_on(const struct scene *, struct build *, uint32_t sw, const struct net_network *, enum class,
		   const struct view_use *);
/* Rows for the labels that the switch may get. */
void ingress_labels(const struct scene *, struct out *, const struct view_switch *, const struct app_row *cable,
		    const struct app_row *tunnel, const struct app_row *end);

#endif
