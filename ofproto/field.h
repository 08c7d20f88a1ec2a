/* SPDX-License-Identifier: Apache-2.0 */
/* field: the fields of build.h as they look on the wire. Internal to ofproto. */
#ifndef OFPROTO_FIELD_H
#define OFPROTO_FIELD_H

#include "ofproto/build.h"

struct field_info {
	const char *name;
	uint32_t oxm;                   /* header of the unmasked TLV, in matches and set-field; 0 = a longer one */
	uint8_t size;                   /* bytes of the value */
};
extern const struct field_info field_infos[N_FIELDS];

/* Where in the message the value stands, or 0: in the match (unmasked), or in
 * the last set-field of the first apply-actions. n: how often it is set. */
size_t field_in_match(const struct rule *, enum field);
size_t field_in_set(const struct rule *, enum field, unsigned *ret_n);

#endif
