/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas: chunks that only grow, a pointer that only moves, one free.
 *
 * A request that does not fit opens a new chunk; what was left of the old one
 * is wasted, at most one request's worth. Chunks double up to 1 MiB, so a
 * one-line answer costs a page and a model of 100 MB about a hundred chunks. */
#include "topo/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHUNK_FIRST = 4096,
	CHUNK_LAST = 1 << 20,
	ALIGN = _Alignof(max_align_t),
};

struct chunk {
	struct chunk *next;
	size_t size;                    /* of the whole chunk, header included */
	_Alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct chunk *chunks;           /* newest first */
	unsigned char *at;              /* first free byte of the newest chunk */
	size_t left;                    /* free bytes behind it */
	size_t next_size;               /* of the chunk to open next */
	size_t held;                    /* bytes of all chunks */
};

static void *or_abort(void *p)
{
	if (!p) {
		fputs("weft: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *xheap_alloc(size_t size)
{
	return or_abort(calloc(1, size ? size : 1));
}

void *xheap_realloc(void *old, size_t size)
{
	return or_abort(realloc(old, size ? size : 1));
}

char *xheap_strdup(const char *text)
{
	return or_abort(strdup(text));
}

struct arena *arena_new(void)
{
	struct arena *arena = xheap_alloc(sizeof *arena);

	arena->next_size = CHUNK_FIRST;
	return arena;
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	for (struct chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(arena);
}

static void open_chunk(struct arena *arena, size_t need)
{
	size_t size = arena->next_size;

	if (need > SIZE_MAX / 2)
		or_abort(NULL);
	if (size - sizeof(struct chunk) < need)
		size = sizeof(struct chunk) + need;
	else if (arena->next_size < CHUNK_LAST)
		arena->next_size *= 2;
	struct chunk *chunk = xheap_alloc(size);
	chunk->size = size;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->at = chunk->bytes;
	arena->left = size - sizeof *chunk;
	arena->held += size;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2)
		or_abort(NULL);
	size = size ? (size + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
	if (size > arena->left)
		open_chunk(arena, size);
	void *p = arena->at;
	arena->at += size;
	arena->left -= size;
	return p;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	memcpy(copy, text, len);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		return arena_strdup(arena, "");
	char *text = arena_alloc(arena, (size_t) len + 1);
	vsnprintf(text, (size_t) len + 1, format, args);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

size_t arena_size(const struct arena *arena)
{
	return arena->held;
}
