/* SPDX-License-Identifier: Apache-2.0 */
/* mem: the heap of ofproto. No memory is an abort, here and nowhere else, so
 * no caller checks for null. */
#ifndef OFPROTO_MEM_H
#define OFPROTO_MEM_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static inline void *mem_check(void *p)
{
	if (!p) {
		fputs("weft: out of memory\n", stderr);
		abort();
	}
	return p;
}
static inline void *mem_alloc(size_t size) { return mem_check(malloc(size ? size : 1)); }
static inline void *mem_zalloc(size_t size) { return mem_check(calloc(1, size ? size : 1)); }
static inline void *mem_realloc(void *p, size_t size) { return mem_check(realloc(p, size ? size : 1)); }

#endif
