/* SPDX-License-Identifier: Apache-2.0 */
/* loop: ports of which a probe shows that they make a loop, or between which a MAC goes
 * to and fro. Parts of ingress; who is closed and how long is in topo/view_loop.c. */
#ifndef APPS_LOOP_H
#define APPS_LOOP_H

#include "apps/app.h"

enum {
	LOOP_BYTES = 68,                /* of a probe, with a tag */
	LOOP_RATE = 100, LOOP_BURST = 100,      /* probes that one switch may report, packets per second */
};
extern const uint8_t loop_dst[6];       /* a group address of our own: 03:77:65:66:74:02 */

/* By its destination; its signature is looked at by loop_packet_in(). */
bool loop_is_probe(const struct app_punt *);
/* A probe came in: the fact that a port is closed, if it shows a loop; one that is not ours shows nothing. */
void loop_packet_in(const struct scene *, const struct app_punt *, struct reply *);
/* A MAC that goes to and fro: probes are sent from where it was. */
void loop_greet(const struct scene *, const struct fact *, struct reply *);
/* Each second: a MAC that still does so closes a port of the switch; closures that end are tried with a probe,
 * those that are over are facts. */
void loop_tick(const struct scene *, uint32_t sw, struct reply *);

#endif
