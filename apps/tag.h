/* SPDX-License-Identifier: Apache-2.0 */
/* tag: the 802.1Q tag that tells networks apart between two ports. What stands inside the
 * pipeline has none: its priority (PCP) waits in FIELD_PRIORITY. */
#ifndef APPS_TAG_H
#define APPS_TAG_H

#include "ofproto/build.h"

/* Off with the tag; the row matches on one. */
void tag_take(struct build *);
/* On with one; in a bucket too. */
void tag_put(struct build *, uint16_t vid);
/* Another network's VID in the tag that is on. */
void tag_change(struct build *, uint16_t vid);

#endif
