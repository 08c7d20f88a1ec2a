/* SPDX-License-Identifier: Apache-2.0 */
/* msg_random: numbers by chance with a seed that is said, and bytes that are the same. */
#ifndef TESTS_MSG_RANDOM_H
#define TESTS_MSG_RANDOM_H

#include "ofproto/build.h"
#include "ofproto/msg.h"
#include "ofproto/ovs.h"
#include "ofproto/rule.h"
#include "ofproto/wire.h"

extern uint64_t seed;
uint32_t rnd(void);
uint64_t rnd64(void);
bool one_in(uint32_t n);
struct ofpbuf *with_xid(struct ofpbuf *b, uint32_t xid);
int say_seed(void **state);

#endif
