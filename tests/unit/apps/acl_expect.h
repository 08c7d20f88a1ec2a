/* SPDX-License-Identifier: Apache-2.0 */
/* Where a frame shall come out, by the reference: for files of acl_random.h. */
#ifndef TESTS_ACL_EXPECT_H
#define TESTS_ACL_EXPECT_H

#include "tests/unit/apps/acl_random.h"
#include "tests/unit/apps/acl_reference.h"

enum { N_PLACES = 6 };

/* A port with one host behind it. */
struct place { const char *name, *network; uint32_t ofport; unsigned host; int vid; };
extern const struct place places[N_PLACES];

/* What tracking may say: bits of build.h, mark, and the same for the reference. */
struct tracked_state { uint32_t bits, mark; const char *words; struct reference_tracked tracked; };
enum { N_STATES = 8 };
extern const struct tracked_state tracked_states[N_STATES];

/* A random frame from there; ret_dst: to which host, 0 = to all. */
size_t expect_frame(const struct place *from, unsigned *ret_dst, uint8_t ret_frame[RANDOM_FRAME]);
/* Which places are asked for (is_for), and which of them get it. */
void expect_places(const struct net *, const struct place *from, unsigned dst, const uint8_t *frame, size_t size,
		   const struct tracked_state *, bool is_for[N_PLACES], bool expected[N_PLACES]);

#endif
