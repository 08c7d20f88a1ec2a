/* SPDX-License-Identifier: Apache-2.0 */
/* Random files with rules, and random frames that come near them. */
#ifndef TESTS_ACL_RANDOM_H
#define TESTS_ACL_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { RANDOM_HOSTS = 4, RANDOM_FRAME = 100 };

void random_seed(uint64_t seed);
unsigned random_below(unsigned n);

/* Switches a and b, networks red and blue on both, ports a:r1 a:r2 b:r1 b:r2 and
 * a:b1 b:b2, groups and lists that stand anywhere. Simple: nothing is tracked, and
 * no port has a tag. */
void random_file(FILE *, bool is_simple);

/* From host `src` to host `dst` (0 = broadcast), without tag. */
size_t random_frame(unsigned dst, unsigned src, uint8_t ret_frame[RANDOM_FRAME]);

#endif
