/* SPDX-License-Identifier: Apache-2.0 */
/* readback: what a switch says it has, as rules.
 *
 * Decodes one multipart reply (section 7.3.5) of type OFPMP_FLOW,
 * OFPMP_GROUP_DESC or OFPMP_METER_CONFIG. Each entry becomes the message that
 * would make it, in the same canonical bytes as build: same rule, same key,
 * same digest. An entry that is whole but beyond the library (somebody else's
 * extension) keeps the switch's own bytes. */
#ifndef OFPROTO_READBACK_H
#define OFPROTO_READBACK_H

#include "ofproto/rule.h"

/* The rule is borrowed for the call. Counters are UINT64_MAX when the switch
 * does not count, and with duration (seconds) 0 for groups and meters. */
typedef void readback_cb(void *ctx, const struct rule *, uint64_t n_packets, uint64_t n_bytes,
			 uint32_t duration);

/* One whole message, `size` as its header says, aligned to 8. Returns null, or
 * what is malformed (static text); entries before that have been handed over. */
const char *readback_decode(const uint8_t *msg, size_t size, readback_cb *, void *ctx);

#endif
