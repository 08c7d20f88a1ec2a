/* SPDX-License-Identifier: Apache-2.0 */
/* msg_switch: what a switch says of itself: features, meters, role, ports. All
 * fixed layouts, read at any alignment after one look at the length. */
#include "ofproto/msg.h"

#include "ofproto/wire.h"

enum {
	PORT_LOCAL = 0xfffffffe,
	ONF = 0x4f4e4600, ONF_ROLE_STATUS = 1911,
	PORT_CONFIG_DOWN = 1, PORT_STATE_LINK_DOWN = 1, PORT_STATE_LIVE = 4,
};

bool msg_features(const uint8_t *m, size_t size, struct msg_features *ret)
{
	if (size < 32 || msg_type(m) != MSG_FEATURES_REPLY)
		return false;
	ret->dpid = wire_u64(m + 8);
	ret->n_tables = m[20];
	ret->auxiliary_id = m[21];
	ret->capabilities = wire_u32(m + 24);
	return true;
}

bool msg_meter_features(const uint8_t *m, size_t size, uint32_t *ret_max_meters)
{
	uint16_t type;
	bool more;

	if (!msg_multipart(m, size, &type, &more) || type != MULTIPART_METER_FEATURES
	    || size < MSG_MULTIPART + 16)
		return false;
	*ret_max_meters = wire_u32(m + MSG_MULTIPART);
	return true;
}

bool msg_role(const uint8_t *m, size_t size, enum msg_role *ret_role, uint64_t *ret_generation_id)
{
	if (size < 24 || msg_type(m) != MSG_ROLE_REPLY || wire_u32(m + 8) > ROLE_SECONDARY)
		return false;
	*ret_role = (enum msg_role) wire_u32(m + 8);
	*ret_generation_id = wire_u64(m + 16);
	return true;
}

bool msg_role_status(const uint8_t *m, size_t size, enum msg_role *ret_role)
{
	if (size < 32 || msg_type(m) != MSG_EXPERIMENTER || wire_u32(m + 8) != ONF
	    || wire_u32(m + 12) != ONF_ROLE_STATUS || wire_u32(m + 16) > ROLE_SECONDARY)
		return false;
	*ret_role = (enum msg_role) wire_u32(m + 16);
	return true;
}

void msg_port(const uint8_t entry[MSG_PORT], struct msg_port *ret)
{
	ret->ofport = wire_u32(entry);
	memcpy(ret->mac, entry + 8, sizeof ret->mac);
	msg_text(ret->name, sizeof ret->name, entry + 16, 16);
	ret->is_local = ret->ofport == PORT_LOCAL;
	ret->is_up = !(wire_u32(entry + 32) & PORT_CONFIG_DOWN)
		&& !(wire_u32(entry + 36) & PORT_STATE_LINK_DOWN);
	ret->is_live = (wire_u32(entry + 36) & PORT_STATE_LIVE) != 0;
	ret->speed_mbps = wire_u32(entry + 56) / 1000;
}

bool msg_port_status(const uint8_t *m, size_t size, enum msg_port_reason *ret_reason,
		     struct msg_port *ret_port)
{
	if (size < 16 + MSG_PORT || msg_type(m) != MSG_PORT_STATUS || m[8] > MSG_PORT_MODIFY)
		return false;
	*ret_reason = (enum msg_port_reason) m[8];
	msg_port(m + 16, ret_port);
	return true;
}
