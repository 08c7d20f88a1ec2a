/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h by OpenSSL. */
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ofproto/sign.h"

/* Without random numbers or a digest nothing here is safe. */
static void must(bool worked) { if (!worked) abort(); }

void sign_key_make(uint8_t ret_key[SIGN_KEY])
{
	must(RAND_bytes(ret_key, SIGN_KEY) == 1);
}

void sign_bytes(const void *ctx, const uint8_t *bytes, size_t size, uint8_t ret_sign[SIGN_BYTES])
{
	uint8_t full[EVP_MAX_MD_SIZE];
	unsigned len;

	must(HMAC(EVP_sha256(), ctx, SIGN_KEY, bytes, size, full, &len) && len >= SIGN_BYTES);
	memcpy(ret_sign, full, SIGN_BYTES);
}
