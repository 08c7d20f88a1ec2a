/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of the frames that explain makes up: for explain_frame.c and explain_say.c. */
#ifndef CONTROLLER_EXPLAIN_BYTES_H
#define CONTROLLER_EXPLAIN_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	ETH_IPV4 = 0x0800, ETH_ARP = 0x0806, ETH_VLAN = 0x8100, ETH_IPV6 = 0x86dd,
	IP_ICMP = 1, IP_TCP = 6, IP_UDP = 17, IP_ICMP6 = 58, IP_SCTP = 132,
	ND_ROUTER = 134, ND_SOLICITATION = 135, ND_ADVERTISEMENT = 136, ND_HOPS = 255,
};

/* Where the next byte goes; the room is the caller's. */
struct writer { uint8_t *at; };

static inline void put(struct writer *w, const void *bytes, size_t n)
{
	memcpy(w->at, bytes, n);
	w->at += n;
}
static inline void put8(struct writer *w, unsigned v) { *w->at++ = (uint8_t) v; }
static inline void put16(struct writer *w, unsigned v)
{
	put8(w, v >> 8);
	put8(w, v & 0xff);
}
static inline void put32(struct writer *w, uint32_t v)
{
	put16(w, v >> 16);
	put16(w, v & 0xffff);
}

/* IPv4 addresses are the first 4 bytes. */
struct ip_pair {
	bool is_v6;
	uint8_t src[16], dst[16];
};

/* tag: NET_UNTAGGED = none. */
void explain_put_ethernet(struct writer *, const uint8_t dst[6], const uint8_t src[6], uint16_t tag, uint16_t type);
/* size: bytes of what stands above IP. */
void explain_put_ip(struct writer *, const struct ip_pair *, uint8_t proto, unsigned hops, size_t size);
/* RFC 1071, with the pseudo header but for ICMP of IPv4. */
uint16_t explain_checksum(const uint8_t *l4, size_t size, const struct ip_pair *, uint8_t proto);
/* ff02::1:ffXX:XXXX (RFC 4291, 2.7.1), and its MAC address. */
void explain_solicited_node(const uint8_t ip[16], uint8_t ret_group[16], uint8_t ret_mac[6]);

#endif
