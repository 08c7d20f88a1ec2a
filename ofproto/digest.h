/* SPDX-License-Identifier: Apache-2.0 */
/* digest: SHA-256 (FIPS 180-4) of bytes, in hexadecimal: which text a text is. */
#ifndef OFPROTO_DIGEST_H
#define OFPROTO_DIGEST_H

#include <stddef.h>

enum { DIGEST_TEXT = 65 };              /* 64 digits and the end */

void digest_text(const void *bytes, size_t size, char ret_text[DIGEST_TEXT]);

#endif
