/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in the frames that weft sends to itself, in network order: discover and loop. */
#ifndef APPS_OWN_FRAME_H
#define APPS_OWN_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline void own_put(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = size; i-- > 0; value >>= 8)
		at[i] = (uint8_t) value;
}

static inline uint64_t own_get(const uint8_t *at, size_t size)
{
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | at[i];
	return value;
}

/* In a time that does not tell how much of it was right. */
static inline bool own_is_sign(const uint8_t a[16], const uint8_t b[16])
{
	uint8_t differ = 0;
	for (size_t i = 0; i < 16; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

#endif
