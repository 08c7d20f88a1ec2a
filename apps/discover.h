/* SPDX-License-Identifier: Apache-2.0 */
/* discover: where cables lead, and whether they carry anything. A probe goes out by an
 * end of a link, or by a tunnel that the file names, says where it was sent, and is signed; what comes in
 * somewhere is a fact, and what does not is one too. Parts of ingress. */
#ifndef APPS_DISCOVER_H
#define APPS_DISCOVER_H

#include "apps/app.h"

enum { DISCOVER_BYTES = 64 };           /* of a probe */
extern const uint8_t discover_dst[6];   /* a group address of our own: 03:77:65:66:74:01 */

void discover_packet_in(const struct scene *, const struct app_punt *, struct reply *);
void discover_greet(const struct scene *, const struct fact *, struct reply *);
void discover_soon(const struct scene *, struct reply *);

#endif
