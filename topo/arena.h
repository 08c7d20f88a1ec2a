/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that lives and dies together: one arena per model, job or answer.
 *
 * Nothing is freed one by one. Out of memory aborts in arena.c and nowhere
 * else, so no caller checks for null. */
#ifndef TOPO_ARENA_H
#define TOPO_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *);                 /* null is accepted */

/* Zeroed memory, aligned for any type. A size of 0 gives a valid pointer. */
void *arena_alloc(struct arena *, size_t size);
#define arena_new_array(ARENA, TYPE, N) ((TYPE *) arena_alloc(ARENA, sizeof(TYPE) * (N)))

char *arena_strdup(struct arena *, const char *);
char *arena_strndup(struct arena *, const char *, size_t len);
char *arena_printf(struct arena *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *, const char *format, va_list)
	__attribute__((format(printf, 2, 0)));

size_t arena_size(const struct arena *);         /* bytes held, for `show memory` */

/* The heap for everything that outlives an arena: abort when there is none. */
void *xheap_alloc(size_t size);                  /* zeroed */
void *xheap_realloc(void *, size_t size);
char *xheap_strdup(const char *);

#endif
