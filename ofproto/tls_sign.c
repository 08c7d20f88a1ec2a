/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h by OpenSSL. */
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/sign.h"

void sign_key_make(uint8_t ret_key[SIGN_KEY])
{
	if (RAND_bytes(ret_key, SIGN_KEY) != 1)
		abort();                /* no random numbers: nothing here is safe */
}

void sign_bytes(const void *ctx, const uint8_t *bytes, size_t size, uint8_t ret_sign[SIGN_BYTES])
{
	uint8_t full[EVP_MAX_MD_SIZE];
	unsigned len;

	if (!HMAC(EVP_sha256(), ctx, SIGN_KEY, bytes, size, full, &len) || len < SIGN_BYTES)
		abort();
	memcpy(ret_sign, full, SIGN_BYTES);
}
