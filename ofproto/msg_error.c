/* SPDX-License-Identifier: Apache-2.0 */
/* msg_error: ERROR messages (section 7.4.4) and the names of errors. The names
 * are those of libopenvswitch, so they match Open vSwitch's own logs. */
#include "ofproto/msg.h"

#include <stdio.h>

#include "ofproto/ovs.h"
#include "ofproto/wire.h"

enum { ERROR_BODY = 12, EXPERIMENTER_BODY = 16 };

bool msg_error(const uint8_t *m, size_t size, uint16_t *ret_type, uint16_t *ret_code,
	       const uint8_t **ret_data, size_t *ret_data_size)
{
	size_t at = ERROR_BODY;

	if (size < ERROR_BODY || msg_type(m) != MSG_ERROR)
		return false;
	if (wire_u16(m + 8) == ERROR_EXPERIMENTER) {
		if (size < EXPERIMENTER_BODY)
			return false;
		at = EXPERIMENTER_BODY;
	}
	*ret_type = wire_u16(m + 8);
	*ret_code = wire_u16(m + 10);
	*ret_data = m + at;
	*ret_data_size = size - at;
	return true;
}

const char *msg_error_name_of(const uint8_t *m, size_t size)
{
	static _Thread_local char other[sizeof "error type 65535 code 65535"];
	uint64_t aligned[EXPERIMENTER_BODY / 8];
	size_t n = size < sizeof aligned ? size : sizeof aligned;
	enum ofperr error;

	if (size < ERROR_BODY || msg_type(m) != MSG_ERROR)
		return "malformed error";
	memcpy(aligned, m, n);
	wire_put_u16((uint8_t *) aligned + WIRE_LENGTH, (uint16_t) n);
	error = ofperr_decode_msg((const struct ofp_header *) aligned, NULL);
	if (error)
		return ofperr_get_name(error);
	snprintf(other, sizeof other, "error type %u code %u", wire_u16(m + 8), wire_u16(m + 10));
	return other;
}

const char *msg_error_name(uint16_t type, uint16_t code)
{
	uint8_t m[EXPERIMENTER_BODY] = { 0 };

	wire_put_u16(m + 8, type);
	wire_put_u16(m + 10, code);
	wire_put_u32(m + 12, ONF_VENDOR_ID);
	msg_put_header(m, MSG_ERROR, 0, sizeof m);
	return msg_error_name_of(m, sizeof m);
}
