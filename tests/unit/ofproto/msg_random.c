/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ofproto/msg_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t seed;

uint32_t rnd(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t) (seed >> 33);
}

uint64_t rnd64(void) { return (uint64_t) rnd() << 40 ^ (uint64_t) rnd() << 20 ^ rnd(); }

bool one_in(uint32_t n) { return rnd() % n == 0; }

struct ofpbuf *with_xid(struct ofpbuf *b, uint32_t xid)
{
	((struct ofp_header *) b->data)->xid = htonl(xid);
	return b;
}

int say_seed(void **state)
{
	const char *given = getenv("SEED");

	(void) state;
	seed = given ? strtoull(given, NULL, 0) : (uint64_t) time(NULL);
	printf("SEED=%llu\n", (unsigned long long) seed);
	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return 0;
}
