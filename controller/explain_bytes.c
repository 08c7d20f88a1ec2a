/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet and IP headers, checksums. */
#include "controller/explain_bytes.h"

#include "topo/net.h"

static uint32_t sum(uint32_t so_far, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		so_far += i % 2 ? bytes[i] : (uint32_t) bytes[i] << 8;
	return so_far;
}
static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t) ~s;
}

void explain_put_ethernet(struct writer *w, const uint8_t dst[6], const uint8_t src[6], uint16_t tag, uint16_t type)
{
	put(w, dst, 6);
	put(w, src, 6);
	if (tag != NET_UNTAGGED) {
		put16(w, ETH_VLAN);
		put16(w, tag);
	}
	put16(w, type);
}

void explain_put_ip(struct writer *w, const struct ip_pair *ips, uint8_t proto, unsigned hops, size_t size)
{
	uint8_t *start = w->at;
	if (ips->is_v6) {
		put32(w, 6u << 28);
		put16(w, (unsigned) size);
		put8(w, proto);
		put8(w, hops);
		put(w, ips->src, 16);
		put(w, ips->dst, 16);
		return;
	}
	put16(w, 0x4500);
	put16(w, (unsigned) size + 20);
	put32(w, 0);
	put8(w, hops);
	put8(w, proto);
	put16(w, 0);
	put(w, ips->src, 4);
	put(w, ips->dst, 4);
	uint16_t checksum = fold(sum(0, start, 20));
	start[10] = (uint8_t) (checksum >> 8);
	start[11] = (uint8_t) checksum;
}

uint16_t explain_checksum(const uint8_t *l4, size_t size, const struct ip_pair *ips, uint8_t proto)
{
	size_t n = ips->is_v6 ? 16 : 4;
	uint32_t s = sum(0, l4, size);
	if (ips->is_v6 || proto != IP_ICMP)
		s = sum(sum(s + (uint32_t) size + proto, ips->src, n), ips->dst, n);
	return fold(s);
}

void explain_solicited_node(const uint8_t ip[16], uint8_t ret_group[16], uint8_t ret_mac[6])
{
	memcpy(ret_group, (uint8_t[16]) { 0xff, 0x02, [11] = 1, 0xff, ip[13], ip[14], ip[15] }, 16);
	memcpy(ret_mac, (uint8_t[6]) { 0x33, 0x33, 0xff, ip[13], ip[14], ip[15] }, 6);
}
