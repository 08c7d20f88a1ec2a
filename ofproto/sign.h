/* SPDX-License-Identifier: Apache-2.0 */
/* sign: a keyed hash over bytes that come back to us through others' hands:
 * HMAC (RFC 2104) with SHA-256, cut to 16 bytes. The key lives as long as the
 * process. */
#ifndef OFPROTO_SIGN_H
#define OFPROTO_SIGN_H

#include <stddef.h>
#include <stdint.h>

enum { SIGN_KEY = 32, SIGN_BYTES = 16 };

void sign_key_make(uint8_t ret_key[SIGN_KEY]);
/* ctx is a key. */
void sign_bytes(const void *ctx, const uint8_t *bytes, size_t size, uint8_t ret_sign[SIGN_BYTES]);

#endif
