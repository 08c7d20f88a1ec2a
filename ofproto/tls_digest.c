/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h by OpenSSL. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "ofproto/digest.h"

void digest_text(const void *bytes, size_t size, char ret_text[DIGEST_TEXT])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(bytes, size, md, &len, EVP_sha256(), NULL) != 1 || len != 32)
		abort();
	for (unsigned i = 0; i < len; i++)
		snprintf(ret_text + 2 * i, 3, "%02x", md[i]);
}
