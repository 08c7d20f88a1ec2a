/* SPDX-License-Identifier: Apache-2.0 */
/* mem: the heap of ofproto. No memory is an abort, here and nowhere else, so
 * no caller checks for null. */
#ifndef OFPROTO_MEM_H
#define OFPROTO_MEM_H

#include <stddef.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

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
/* For memory that will be written in full: its pages at once, which costs less
 * than a fault for each. Only a wish: where it fails (Linux before 5.14, larger
 * pages) they come one by one. */
static inline void mem_populate(void *p, size_t size)
{
	enum { PAGE = 4096 };
	uintptr_t start = ((uintptr_t) p + PAGE - 1) / PAGE * PAGE;
	uintptr_t end = ((uintptr_t) p + size) / PAGE * PAGE;

	if (start < end)
		madvise((void *) start, end - start, MADV_POPULATE_WRITE);
}

#endif
