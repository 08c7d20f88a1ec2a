/* SPDX-License-Identifier: Apache-2.0 */
/* packet: an Ethernet frame's headers, from bytes that cannot be trusted.
 *
 * Only what the controller itself looks at: IEEE 802.3 addresses, up to two
 * 802.1Q tags, ARP (RFC 826), the addresses of IPv4, IPv6 and of neighbour
 * discovery. A frame cut short by max_len is fine as far as it goes. */
#ifndef OFPROTO_PACKET_H
#define OFPROTO_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packet {
	const uint8_t *data;            /* borrowed */
	size_t size;
	uint8_t dst[6], src[6];
	uint8_t n_vlans;                /* 0..2 tags */
	uint16_t vlan_tci[2];           /* outer first */
	uint16_t eth_type;              /* after the tags; below 0x600 = an 802.3 length */
	uint16_t l3_offset;             /* of what eth_type names */
	/* Who the sender says it is; all zero = did not say. ARP sender protocol
	 * address, IPv4 source, IPv6 source or ND target of an advertisement. */
	uint8_t ip4[4];
	uint8_t ip6[16];
	bool has_ip4, has_ip6;
};

/* False when even the Ethernet header is not there. */
bool packet_parse(struct packet *, const uint8_t *data, size_t size);

static inline bool mac_is_multicast(const uint8_t mac[6]) { return mac[0] & 1; }
static inline bool mac_is_zero(const uint8_t mac[6])
{
	return !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}
/* 01:80:c2:00:00:00 to 0f (IEEE 802.1Q table 8-1) and 01:00:0c:cc:cc:cc/cd. */
bool mac_is_reserved(const uint8_t mac[6]);

enum { MAC_TEXT = 18 };
const char *mac_format(const uint8_t mac[6], char buf[MAC_TEXT]);
bool mac_parse(const char *text, uint8_t ret_mac[6]);

#endif
