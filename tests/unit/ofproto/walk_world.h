/* SPDX-License-Identifier: Apache-2.0 */
/* walk_world: one switch whose rows a test writes, and frames that walk through them. */
#ifndef TESTS_WALK_WORLD_H
#define TESTS_WALK_WORLD_H

#include "corpus.h"
#include "ofproto/canon.h"
#include "ofproto/ovs.h"
#include "ofproto/walk.h"
#include "ofproto/wire.h"

enum { T0, T60, T70, T100, CONTROLLER = 0xfffffffd, LOCAL = 0xfffffffe };
extern const uint8_t host_a[6], host_b[6];
struct fixture {
	struct build *b;
	struct walk_switch *sw;
	struct walk *w;
	uint8_t frame[200];
	size_t size;
};
int walked_up(void **state);
int walked_down(void **state);
void walked_begin(struct fixture *f, unsigned table, uint16_t priority);
struct rule walked_end(struct fixture *f);
void walked_go(struct fixture *f, uint32_t in_port);
uint32_t walked_one_out(struct fixture *f);

#endif
