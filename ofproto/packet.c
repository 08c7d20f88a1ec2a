/* SPDX-License-Identifier: Apache-2.0 */
/* packet: headers of a frame. Every read is behind a length check; a frame that
 * ends early just says less. */
#include "ofproto/packet.h"

#include <string.h>

#include "ofproto/wire.h"

enum {
	ETH_SIZE = 14, VLAN_SIZE = 4,
	TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_VLAN = 0x8100, TYPE_IPV6 = 0x86dd, TYPE_QINQ = 0x88a8,
	ARP_SIZE = 28, IPV4_SIZE = 20, IPV6_SIZE = 40,
	PROTO_ICMPV6 = 58, ICMPV6_NA = 136, ND_TARGET = 8, ND_SIZE = 24,
};

static void take_ip4(struct packet *p, const uint8_t *address)
{
	static const uint8_t none[4];

	if (!memcmp(address, none, 4))
		return;                 /* a probe (RFC 5227) or a client without address */
	memcpy(p->ip4, address, 4);
	p->has_ip4 = true;
}

static void take_ip6(struct packet *p, const uint8_t *address)
{
	static const uint8_t none[16];

	if (!memcmp(address, none, 16))
		return;                 /* duplicate address detection (RFC 4862) */
	memcpy(p->ip6, address, 16);
	p->has_ip6 = true;
}

static void parse_arp(struct packet *p, const uint8_t *l3, size_t size)
{
	/* Ethernet and IPv4, the only kind there is. */
	static const uint8_t head[6] = {0, 1, 8, 0, 6, 4};

	if (size >= ARP_SIZE && !memcmp(l3, head, sizeof(head)))
		take_ip4(p, l3 + 14);
}

static void parse_ipv4(struct packet *p, const uint8_t *l3, size_t size)
{
	if (size >= IPV4_SIZE && l3[0] >> 4 == 4 && (l3[0] & 15) >= 5)
		take_ip4(p, l3 + 12);
}

static void parse_ipv6(struct packet *p, const uint8_t *l3, size_t size)
{
	const uint8_t *nd = l3 + IPV6_SIZE;

	if (size < IPV6_SIZE || l3[0] >> 4 != 6)
		return;
	take_ip6(p, l3 + 8);
	/* An advertisement speaks for its target (RFC 4861, section 4.4). Only
	 * directly behind the header: ND with extension headers is not for us. */
	if (l3[6] == PROTO_ICMPV6 && l3[7] == 255 && size >= (size_t) IPV6_SIZE + ND_SIZE && nd[0] == ICMPV6_NA)
		take_ip6(p, nd + ND_TARGET);
}

bool packet_parse(struct packet *p, const uint8_t *data, size_t size)
{
	size_t at = ETH_SIZE;

	memset(p, 0, sizeof(*p));
	if (size < ETH_SIZE)
		return false;
	p->data = data;
	p->size = size;
	memcpy(p->dst, data, 6);
	memcpy(p->src, data + 6, 6);
	p->eth_type = wire_u16(data + 12);
	while ((p->eth_type == TYPE_VLAN || p->eth_type == TYPE_QINQ) && p->n_vlans < 2
	       && size - at >= VLAN_SIZE) {
		p->vlan_tci[p->n_vlans++] = wire_u16(data + at);
		p->eth_type = wire_u16(data + at + 2);
		at += VLAN_SIZE;
	}
	p->l3_offset = (uint16_t) at;
	switch (p->eth_type) {
	case TYPE_ARP:
		parse_arp(p, data + at, size - at);
		break;
	case TYPE_IPV4:
		parse_ipv4(p, data + at, size - at);
		break;
	case TYPE_IPV6:
		parse_ipv6(p, data + at, size - at);
		break;
	default:
		break;
	}
	return true;
}

bool mac_is_reserved(const uint8_t mac[6])
{
	static const uint8_t bridges[5] = {0x01, 0x80, 0xc2, 0x00, 0x00};
	static const uint8_t cisco[5] = {0x01, 0x00, 0x0c, 0xcc, 0xcc};

	return (!memcmp(mac, bridges, 5) && mac[5] <= 0x0f)
		|| (!memcmp(mac, cisco, 5) && (mac[5] == 0xcc || mac[5] == 0xcd));
}

const char *mac_format(const uint8_t mac[6], char buf[MAC_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 6; i++) {
		buf[3 * i] = digits[mac[i] >> 4];
		buf[3 * i + 1] = digits[mac[i] & 15];
		buf[3 * i + 2] = i < 5 ? ':' : '\0';
	}
	return buf;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool mac_parse(const char *text, uint8_t ret_mac[6])
{
	uint8_t mac[6];

	for (int i = 0; i < 6; i++) {
		int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
			return false;
		mac[i] = (uint8_t) (high << 4 | low);
		text += 3;
	}
	memcpy(ret_mac, mac, 6);
	return true;
}
