/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/apps/guard_frames.h"

#include <string.h>

static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 }, all_nodes[6] = { 0x33, 0x33, 0, 0, 0, 1 };

static void put_mac(uint8_t *at, unsigned n)
{
	memcpy(at, (uint8_t[6]) { 2, 0, 0, 0, 0, (uint8_t) n }, 6);
}

static void put_ip4(uint8_t *at, unsigned n)
{
	if (n)
		memcpy(at, (uint8_t[4]) { 10, 1, 0, (uint8_t) n }, 4);
}

static void put_ip6(uint8_t *at, unsigned n)
{
	if (n)
		memcpy(at, (uint8_t[16]) { 0xfd, [15] = (uint8_t) n }, 16);
}

static void put_u16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t) (value >> 8);
	at[1] = (uint8_t) value;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, value >> 16);
	put_u16(at + 2, value & 0xffff);
}

static struct frame make(const uint8_t dst[6], unsigned src, uint16_t type, const uint8_t *body, size_t size)
{
	uint8_t mac[6];
	put_mac(mac, src);
	return world_frame_macs(dst, mac, UNTAGGED, type, body, size);
}

struct frame guard_arp(unsigned src, unsigned sha, unsigned sender, unsigned target)
{
	uint8_t body[28] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	put_mac(body + 8, sha);
	put_ip4(body + 14, sender);
	put_ip4(body + 24, target);
	return make(all, src, 0x0806, body, sizeof body);
}

/* Headers up to the payload: returns where that begins. */
static size_t head4(uint8_t *body, unsigned sender, unsigned sport, unsigned dport, size_t size)
{
	body[0] = 0x45;
	put_u16(body + 2, (unsigned) (28 + size));
	body[8] = 64;
	body[9] = sport || dport ? 17 : 253;
	put_ip4(body + 12, sender);
	memset(body + 16, 255, 4);
	put_u16(body + 20, sport);
	put_u16(body + 22, dport);
	put_u16(body + 24, (unsigned) (8 + size));
	return 28;
}

static size_t head6(uint8_t *body, unsigned sender, unsigned sport, unsigned dport, size_t size)
{
	body[0] = 0x60;
	put_u16(body + 4, (unsigned) (8 + size));
	body[6] = sport || dport ? 17 : 253;
	body[7] = 255;
	put_ip6(body + 8, sender);
	body[24] = 0xff;
	body[25] = 2;
	body[39] = 1;
	put_u16(body + 40, sport);
	put_u16(body + 42, dport);
	put_u16(body + 44, (unsigned) (8 + size));
	return 48;
}

struct frame guard_ip4(unsigned src, unsigned sender, unsigned sport, unsigned dport)
{
	uint8_t body[28] = { 0 };
	head4(body, sender, sport, dport, 0);
	return make(all, src, 0x0800, body, sizeof body);
}

struct frame guard_ip6(unsigned src, unsigned sender, unsigned sport, unsigned dport)
{
	uint8_t body[48] = { 0 };
	head6(body, sender, sport, dport, 0);
	return make(all_nodes, src, 0x86dd, body, sizeof body);
}

static void head_nd(uint8_t *body, unsigned src, unsigned type)
{
	body[0] = 0x60;
	body[5] = 32;
	body[6] = 58;
	body[7] = 255;
	body[24] = 0xff;
	body[40] = (uint8_t) type;
	body[64] = type == 136 ? 2 : 1;
	body[65] = 1;
	put_mac(body + 66, src);
}

struct frame guard_nd(unsigned src, unsigned type, unsigned sender, unsigned target)
{
	uint8_t body[72] = { 0 };
	head_nd(body, src, type);
	put_ip6(body + 8, sender);
	put_ip6(body + 48, target);
	return make(all_nodes, src, 0x86dd, body, sizeof body);
}

struct frame guard_nd_link(unsigned src, unsigned type, unsigned mac)
{
	uint8_t body[72] = { 0 }, link[16] = { 0xfe, 0x80, [8] = 0, 0, 0, 0xff, 0xfe, 0, 0, (uint8_t) mac };
	head_nd(body, src, type);
	memcpy(body + 8, link, 16);
	memcpy(body + 48, link, 16);
	return make(all_nodes, src, 0x86dd, body, sizeof body);
}

/* --- DHCP ---------------------------------------------------------------------------- */

enum { BOOTP = 236, V4 = 28 + BOOTP + 4 + 16, V6 = 48 + 4 + 4 + 12 + 4 + 24 };

static struct frame bootp(unsigned src, unsigned client, unsigned sender, unsigned op, unsigned message, unsigned leased,
			  uint32_t seconds)
{
	uint8_t body[V4] = { 0 };
	bool is_reply = op == 2;
	uint8_t *b = body + head4(body, sender, is_reply ? 67 : 68, is_reply ? 68 : 67, V4 - 28);
	b[0] = (uint8_t) op;
	b[1] = 1;
	b[2] = 6;
	put_ip4(b + 12, is_reply ? 0 : sender);
	put_ip4(b + 16, leased);
	put_mac(b + 28, client);
	memcpy(b + BOOTP, (uint8_t[7]) { 99, 130, 83, 99, 53, 1, (uint8_t) message }, 7);
	memcpy(b + BOOTP + 7, (uint8_t[3]) { 0, 51, 4 }, 3);
	put_u32(b + BOOTP + 10, seconds);
	b[BOOTP + 14] = 255;
	return make(all, src, 0x0800, body, sizeof body);
}

struct frame guard_ack4(unsigned src, unsigned client, unsigned leased, uint32_t seconds)
{
	return bootp(src, client, src, 2, 5, leased, seconds);
}

struct frame guard_client4(unsigned src, unsigned sender, unsigned message)
{
	return bootp(src, src, sender, 1, message, 0, 0);
}

static struct frame dhcp6(const uint8_t dst[6], unsigned src, unsigned sender, bool is_reply, unsigned message,
			  unsigned address, uint32_t seconds)
{
	uint8_t body[V6] = { 0 };
	uint8_t *b = body + head6(body, sender, is_reply ? 547 : 546, is_reply ? 546 : 547, V6 - 48);
	b[0] = (uint8_t) message;
	put_u16(b + 4, 3);              /* IA_NA */
	put_u16(b + 6, 12 + 4 + 24);
	put_u16(b + 20, 5);             /* IAADDR */
	put_u16(b + 22, 24);
	put_ip6(b + 24, address);
	put_u32(b + 44, seconds);
	return make(dst, src, 0x86dd, body, sizeof body);
}

struct frame guard_ack6(unsigned src, unsigned client, unsigned leased, uint32_t seconds)
{
	uint8_t to[6];
	put_mac(to, client);
	return dhcp6(to, src, src, true, 7, leased, seconds);
}

struct frame guard_client6(unsigned src, unsigned sender, unsigned message)
{
	return dhcp6(all_nodes, src, sender, false, message, sender, 0);
}
