/* SPDX-License-Identifier: Apache-2.0 */
/* What a frame of DHCP says about who has which address: an acknowledgement of a
 * server (RFC 2131, DHCPACK; RFC 8415, Reply), and what a client gives back. Bytes of
 * others: every length is looked at before what it promises. */
#include <string.h>

#include "apps/guard.h"

enum {
	TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd, PROTO_UDP = 17, UDP = 8, IPV4 = 20, IPV6 = 40,
	CLIENT4 = 68, CLIENT6 = 546, SERVER4 = 67, SERVER6 = 547,
	/* RFC 2131, 2. */
	BOOTP = 236, OP = 0, HTYPE = 1, HLEN = 2, CIADDR = 12, YIADDR = 16, CHADDR = 28, OP_REQUEST = 1, OP_REPLY = 2,
	/* RFC 2132. */
	PAD = 0, LEASE_TIME = 51, MESSAGE = 53, END = 255, DECLINE = 4, ACK = 5, RELEASE = 7, REQUESTED = 50,
	/* RFC 8415, 7.3, 21. */
	V6_HEAD = 4, REPLY6 = 7, RELEASE6 = 8, DECLINE6 = 9, IA_NA = 3, IAADDR = 5, IA_NA_HEAD = 12, IAADDR_SIZE = 24,
};

struct bytes { const uint8_t *at; size_t size; };

static unsigned u16(const uint8_t *p) { return (unsigned) p[0] << 8 | p[1]; }
static uint32_t u32(const uint8_t *p) { return (uint32_t) u16(p) << 16 | u16(p + 2); }

/* The payload of a UDP datagram, and its ports; size 0 = it is none. A later fragment has no ports. */
static struct bytes udp_payload(const struct packet *p, unsigned *ret_from, unsigned *ret_to)
{
	const uint8_t *l3 = p->data + p->l3_offset;
	size_t size = p->size - p->l3_offset, header = IPV6;
	if (p->eth_type == TYPE_IPV4) {
		if (size < IPV4 || l3[0] >> 4 != 4 || l3[9] != PROTO_UDP || u16(l3 + 6) & 0x1fff)
			return (struct bytes) { 0 };
		header = (l3[0] & 15u) * 4u;
	} else if (p->eth_type != TYPE_IPV6 || size < IPV6 || l3[0] >> 4 != 6 || l3[6] != PROTO_UDP) {
		return (struct bytes) { 0 };
	}
	if (header < IPV4 || size < header + UDP)
		return (struct bytes) { 0 };
	*ret_from = u16(l3 + header);
	*ret_to = u16(l3 + header + 2);
	return (struct bytes) { l3 + header + UDP, size - header - UDP };
}

/* --- IPv4 ------------------------------------------------------------------------------- */

/* The option's value, or null when it is not there as long as it must be. */
static const uint8_t *option4(struct bytes options, uint8_t code, size_t size)
{
	for (size_t i = 0; i < options.size && options.at[i] != END;) {
		if (options.at[i] == PAD) {
			i++;
			continue;
		}
		if (options.size - i < 2 || options.size - i - 2 < options.at[i + 1])
			return NULL;
		if (options.at[i] == code)
			return options.at[i + 1] >= size ? options.at + i + 2 : NULL;
		i += 2u + options.at[i + 1];
	}
	return NULL;
}

static void add(struct dhcp *d, const uint8_t *ip, size_t size, uint32_t seconds)
{
	static const uint8_t none[16];
	if (d->n == DHCP_ADDRESSES || !memcmp(ip, none, size))
		return;
	memcpy(d->of[d->n].ip, ip, size);
	d->of[d->n++].seconds = seconds;
}

static void read4(struct bytes b, bool is_reply, struct dhcp *d)
{
	static const uint8_t magic[4] = { 99, 130, 83, 99 };
	if (b.size < BOOTP + sizeof magic || b.at[OP] != (is_reply ? OP_REPLY : OP_REQUEST) || b.at[HTYPE] != 1
	    || b.at[HLEN] != 6 || memcmp(b.at + BOOTP, magic, sizeof magic))
		return;
	struct bytes options = { b.at + BOOTP + sizeof magic, b.size - BOOTP - sizeof magic };
	const uint8_t *message = option4(options, MESSAGE, 1), *time = option4(options, LEASE_TIME, 4);
	const uint8_t *requested = option4(options, REQUESTED, 4);
	memcpy(d->mac, b.at + CHADDR, 6);
	if (is_reply && message && *message == ACK) {
		add(d, b.at + YIADDR, 4, time ? u32(time) : UINT32_MAX);
		d->kind = DHCP_LEASES;
	} else if (!is_reply && message && *message == RELEASE) {
		add(d, b.at + CIADDR, 4, 0);
		d->kind = DHCP_GIVES_BACK;
	} else if (!is_reply && message && *message == DECLINE && requested) {
		add(d, requested, 4, 0);
		d->kind = DHCP_GIVES_BACK;
	}
}

/* --- IPv6 ------------------------------------------------------------------------------- */

/* The next option (RFC 8415, 21.1); false = there is no more that is whole. */
static bool next6(struct bytes *options, unsigned *ret_code, struct bytes *ret_value)
{
	if (options->size < 4 || options->size - 4 < u16(options->at + 2))
		return false;
	*ret_code = u16(options->at);
	*ret_value = (struct bytes) { options->at + 4, u16(options->at + 2) };
	options->at += 4 + ret_value->size;
	options->size -= 4 + ret_value->size;
	return true;
}

static void read_ia(struct bytes ia, bool is_reply, struct dhcp *d)
{
	struct bytes value;
	unsigned code;
	if (ia.size < IA_NA_HEAD)
		return;
	ia = (struct bytes) { ia.at + IA_NA_HEAD, ia.size - IA_NA_HEAD };
	while (next6(&ia, &code, &value))
		if (code == IAADDR && value.size >= IAADDR_SIZE)
			add(d, value.at, 16, is_reply ? u32(value.at + 20) : 0);
}

/* The client has no MAC in there that could be relied on: the frame's is taken. */
static void read6(struct bytes b, bool is_reply, const uint8_t mac[6], struct dhcp *d)
{
	struct bytes value;
	unsigned code;
	if (b.size < V6_HEAD || (is_reply ? b.at[0] != REPLY6 : b.at[0] != RELEASE6 && b.at[0] != DECLINE6)
	    || mac_is_multicast(mac))
		return;
	d->is_v6 = true;
	d->kind = is_reply ? DHCP_LEASES : DHCP_GIVES_BACK;
	memcpy(d->mac, mac, 6);
	b = (struct bytes) { b.at + V6_HEAD, b.size - V6_HEAD };
	while (next6(&b, &code, &value))
		if (code == IA_NA)
			read_ia(value, is_reply, d);
}

void dhcp_read(const uint8_t *frame, size_t size, struct dhcp *ret)
{
	struct packet p;
	unsigned from, to;
	*ret = (struct dhcp) { .kind = DHCP_NONE };
	if (!packet_parse(&p, frame, size))
		return;
	struct bytes payload = udp_payload(&p, &from, &to);
	if (!payload.size)
		return;
	if (p.eth_type == TYPE_IPV4 && (to == CLIENT4 || (from == CLIENT4 && to == SERVER4)))
		read4(payload, to == CLIENT4, ret);
	else if (p.eth_type == TYPE_IPV6 && (to == CLIENT6 || (from == CLIENT6 && to == SERVER6)))
		read6(payload, to == CLIENT6, to == CLIENT6 ? p.dst : p.src, ret);
}
