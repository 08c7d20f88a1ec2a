/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a rejected frame: to TCP a reset (RFC 9293, section 3.10.7.1), to
 * all other IP an ICMP error "administratively prohibited" (RFC 1812, section
 * 5.2.7.1; RFC 4443, section 3.1) that quotes the beginning of the packet.
 *
 * No answer to what must not be answered (RFC 1122, section 3.2.2; RFC 4443,
 * section 2.4): ICMP errors, resets, fragments but the first, groups, and
 * senders that are no single host. It comes from the address that was asked. */
#include <string.h>

#include "apps/acl.h"

enum {
	MACS = 12, ETH = 14, IPV4_SIZE = 20, IPV6_SIZE = 40, TCP_SIZE = 20, ICMP_SIZE = 8,
	ETH_IPV4 = 0x0800, ETH_IPV6 = 0x86dd, IP_ICMP = 1, IP_TCP = 6, IP_ICMP6 = 58,
	TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16,
	TTL = 64,
	ICMP_UNREACHABLE = 3, ICMP_PROHIBITED = 13, ICMP6_UNREACHABLE = 1, ICMP6_PROHIBITED = 1,
	ICMP_QUOTE = 28,                /* IP header without options and eight bytes */
	ICMP6_QUOTE = 48,
};

struct asked {
	const uint8_t *l3, *l4;         /* headers of the packet */
	size_t l3_left, l4_left;        /* bytes from there to the end */
	bool is_v6;
	uint8_t proto;
	uint32_t payload;               /* bytes behind the IP header, as it says */
};

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t) (value >> 8);
	p[1] = (uint8_t) value;
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value & 0xffff);
}

static uint32_t get16(const uint8_t *p) { return (uint32_t) p[0] << 8 | p[1]; }
static uint32_t get32(const uint8_t *p) { return get16(p) << 16 | get16(p + 2); }

static uint32_t sum(const uint8_t *p, size_t n, uint32_t so_far)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		so_far += get16(p + i);
	return n % 2 ? so_far + ((uint32_t) p[n - 1] << 8) : so_far;
}

static uint32_t fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return ~total & 0xffff;
}

/* --- what was asked --------------------------------------------------------------------- */

static bool read_ipv4(struct asked *a)
{
	if (a->l3_left < IPV4_SIZE)
		return false;
	size_t header = (a->l3[0] & 15u) * 4u;
	uint32_t total = get16(a->l3 + 2);
	if (a->l3[0] >> 4 != 4 || header < IPV4_SIZE || header > a->l3_left
	    || total < header || get16(a->l3 + 6) & 0x1fff)
		return false;
	/* From or to a group, a broadcast, or nobody. */
	if (a->l3[12] >= 224 || !a->l3[12] || a->l3[16] >= 224)
		return false;
	a->proto = a->l3[9];
	a->l4 = a->l3 + header;
	a->l4_left = a->l3_left - header;
	a->payload = total - (uint32_t) header;
	return true;
}

static bool read_ipv6(struct asked *a)
{
	static const uint8_t nobody[16];
	if (a->l3_left < IPV6_SIZE || a->l3[0] >> 4 != 6 || a->l3[8] == 0xff || a->l3[24] == 0xff
	    || !memcmp(a->l3 + 8, nobody, 16))
		return false;
	a->proto = a->l3[6];
	a->l4 = a->l3 + IPV6_SIZE;
	a->l4_left = a->l3_left - IPV6_SIZE;
	a->payload = get16(a->l3 + 4);
	return true;
}

static bool read_asked(const uint8_t *frame, size_t size, struct asked *a)
{
	struct packet p;
	if (!packet_parse(&p, frame, size) || mac_is_multicast(p.dst) || mac_is_multicast(p.src))
		return false;
	*a = (struct asked) { .l3 = frame + p.l3_offset, .l3_left = size - p.l3_offset, .is_v6 = p.eth_type == ETH_IPV6 };
	if (p.eth_type == ETH_IPV4)
		return read_ipv4(a);
	return a->is_v6 && read_ipv6(a);
}

/* --- answers ---------------------------------------------------------------------------- */

/* Ethernet and IP headers with both ends exchanged; returns where layer 4 goes. */
static uint8_t *put_heads(const uint8_t *frame, const struct asked *a, uint8_t proto, size_t l4_size, uint8_t *out)
{
	uint8_t *l3 = out + ETH;
	memcpy(out, frame + 6, 6);
	memcpy(out + 6, frame, 6);
	put16(out + MACS, a->is_v6 ? ETH_IPV6 : ETH_IPV4);
	if (a->is_v6) {
		memset(l3, 0, IPV6_SIZE);
		l3[0] = 6 << 4;
		put16(l3 + 4, (uint32_t) l4_size);
		l3[6] = proto;
		l3[7] = TTL;
		memcpy(l3 + 8, a->l3 + 24, 16);
		memcpy(l3 + 24, a->l3 + 8, 16);
		return l3 + IPV6_SIZE;
	}
	memset(l3, 0, IPV4_SIZE);
	l3[0] = 4 << 4 | IPV4_SIZE / 4;
	put16(l3 + 2, (uint32_t) (IPV4_SIZE + l4_size));
	l3[8] = TTL;
	l3[9] = proto;
	memcpy(l3 + 12, a->l3 + 16, 4);
	memcpy(l3 + 16, a->l3 + 12, 4);
	put16(l3 + 10, fold(sum(l3, IPV4_SIZE, 0)));
	return l3 + IPV4_SIZE;
}

/* The checksum over the pseudo header (RFC 9293, section 3.1; RFC 8200, section 8.1). */
static uint32_t l4_sum(const struct asked *a, const uint8_t *l4, size_t size, uint8_t proto)
{
	uint32_t total = proto + (uint32_t) size;
	total = sum(a->l3 + (a->is_v6 ? 8 : 12), a->is_v6 ? 32 : 8, total);
	return fold(sum(l4, size, total));
}

static size_t reset(const uint8_t *frame, const struct asked *a, uint8_t *out)
{
	if (a->l4_left < TCP_SIZE || a->l4[13] & TCP_RST)
		return 0;
	uint8_t flags = a->l4[13], *l4 = put_heads(frame, a, IP_TCP, TCP_SIZE, out);
	uint32_t header = (a->l4[12] >> 4) * 4u;
	uint32_t length = a->payload > header ? a->payload - header : 0;
	length += (flags & TCP_SYN ? 1u : 0) + (flags & TCP_FIN ? 1u : 0);
	memset(l4, 0, TCP_SIZE);
	memcpy(l4, a->l4 + 2, 2);
	memcpy(l4 + 2, a->l4, 2);
	l4[12] = TCP_SIZE / 4 << 4;
	l4[13] = TCP_RST;
	if (flags & TCP_ACK) {
		memcpy(l4 + 4, a->l4 + 8, 4);
	} else {
		l4[13] |= TCP_ACK;
		put32(l4 + 8, get32(a->l4 + 4) + length);
	}
	put16(l4 + 16, l4_sum(a, l4, TCP_SIZE, IP_TCP));
	return (size_t) (l4 + TCP_SIZE - out);
}

static bool is_icmp_error(const struct asked *a)
{
	if (a->proto == IP_ICMP6 && a->is_v6)
		return !a->l4_left || a->l4[0] < 128;
	/* All but echo, timestamp, information and mask requests and their replies. */
	return a->proto == IP_ICMP && !a->is_v6
		&& (!a->l4_left || (a->l4[0] != 0 && a->l4[0] != 8 && (a->l4[0] < 13 || a->l4[0] > 18)));
}

static size_t unreachable(const uint8_t *frame, const struct asked *a, uint8_t *out)
{
	size_t quote = a->is_v6 ? ICMP6_QUOTE : ICMP_QUOTE;
	uint8_t proto = a->is_v6 ? IP_ICMP6 : IP_ICMP;
	if (is_icmp_error(a))
		return 0;
	if (quote > a->l3_left)
		quote = a->l3_left;
	uint8_t *l4 = put_heads(frame, a, proto, ICMP_SIZE + quote, out);
	memset(l4, 0, ICMP_SIZE);
	l4[0] = a->is_v6 ? ICMP6_UNREACHABLE : ICMP_UNREACHABLE;
	l4[1] = a->is_v6 ? ICMP6_PROHIBITED : ICMP_PROHIBITED;
	memcpy(l4 + ICMP_SIZE, a->l3, quote);
	put16(l4 + 2, a->is_v6 ? l4_sum(a, l4, ICMP_SIZE + quote, proto) : fold(sum(l4, ICMP_SIZE + quote, 0)));
	return (size_t) (l4 + ICMP_SIZE + quote - out);
}

size_t acl_rejection(const uint8_t *frame, size_t size, uint8_t ret_frame[REJECTION_MAX])
{
	struct asked asked;
	if (!read_asked(frame, size, &asked))
		return 0;
	return asked.proto == IP_TCP ? reset(frame, &asked, ret_frame) : unreachable(frame, &asked, ret_frame);
}
