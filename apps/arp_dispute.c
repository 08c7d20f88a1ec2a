/* SPDX-License-Identifier: Apache-2.0 */
/* Two MACs speak for one address: both are asked, by ARP or by a neighbour
 * solicitation to them alone, until one of them is silent. What silence and
 * answers mean is decided in topo/view_address.c. */
#include <string.h>

#include "apps/arp.h"

enum {
	ASK_S = 10,                     /* a duplicate is asked about so often; at first, every second */
	TAG = 4, ETH = 14, ARP_FRAME = ETH + 28, ND_FRAME = ETH + 40 + 32, FRAME_MAX = ND_FRAME + TAG, FRAME_MIN = 60,
};

static uint16_t checksum(uint32_t sum, const uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t) p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~sum;
}

/* RFC 5227, 2.1.1: an ARP request without a sender's address changes nobody's table. */
static size_t make_arp(uint8_t *l3, const uint8_t ip[4], uint8_t type[2])
{
	static const uint8_t head[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	memcpy(type, (const uint8_t[2]) { 0x08, 0x06 }, 2);
	memcpy(l3, head, sizeof head);
	memcpy(l3 + 8, arp_asker, 6);
	memcpy(l3 + 24, ip, 4);
	return 28;
}

/* RFC 4861, 7.2.2, from the link-local address of arp_asker (RFC 4291, appendix A). */
static size_t make_nd(uint8_t *l3, const uint8_t ip[16], uint8_t type[2])
{
	static const uint8_t head[8] = { 0x60, 0, 0, 0, 0, 32, 58, 255 };
	uint8_t from[16] = { 0xfe, 0x80, [8] = (uint8_t) (arp_asker[0] ^ 2), arp_asker[1], arp_asker[2],
			     0xff, 0xfe, arp_asker[3], arp_asker[4], arp_asker[5] };
	uint8_t *nd = l3 + 40;
	memcpy(type, (const uint8_t[2]) { 0x86, 0xdd }, 2);
	memcpy(l3, head, sizeof head);
	memcpy(l3 + 8, from, 16);
	memcpy(l3 + 24, ip, 16);
	nd[0] = 135;
	memcpy(nd + 8, ip, 16);
	nd[24] = nd[25] = 1;
	memcpy(nd + 26, arp_asker, 6);
	/* Addresses, length and next header are covered as well (RFC 4443, 2.3). */
	uint16_t sum = checksum(32 + 58, l3 + 8, 32 + 32);
	nd[2] = (uint8_t) (sum >> 8);
	nd[3] = (uint8_t) sum;
	return 40 + 32;
}

static void ask(const struct scene *scene, const struct binding *b, const uint8_t mac[6], uint32_t sw,
		uint32_t ofport, struct reply *reply)
{
	const struct view_port *port = view_port(scene->view, sw, ofport);
	const struct view_use *use = port ? view_use(port, b->network) : NULL;
	uint8_t frame[FRAME_MAX] = { 0 }, *p = frame + 12;
	if (!use)
		return;
	memcpy(frame, mac, 6);
	memcpy(frame + 6, arp_asker, 6);
	if (use->tag != NET_UNTAGGED) {
		memcpy(p, (const uint8_t[4]) { 0x81, 0, (uint8_t) (use->tag >> 8), (uint8_t) use->tag }, 4);
		p += TAG;
	}
	size_t size = (size_t) (p + 2 - frame);
	size += b->is_v6 ? make_nd(p + 2, b->ip, p) : make_arp(p + 2, b->ip, p);
	reply->send(reply->ctx, sw, &ofport, 1, frame, size < FRAME_MIN ? FRAME_MIN : size);
}

/* Where the rival is: it may have moved since it spoke. */
static void rival_place(const struct scene *scene, const struct binding *b, uint32_t *ret_sw, uint32_t *ret_ofport)
{
	const struct host *host = view_host(scene->view, b->network, b->rival);
	bool is_here = host && !host->unconfirmed;
	*ret_sw = is_here ? host->sw : b->rival_sw;
	*ret_ofport = is_here ? host->ofport : b->rival_ofport;
}

static void send_fact(const struct scene *scene, struct fact fact, struct reply *reply)
{
	fact.time_ms = scene->now_ms;
	reply->fact(reply->ctx, &fact);
}

/* The holder is silent: the address is free, and the rival's when we know it. */
static void hand_over(const struct scene *scene, const struct binding *b, struct reply *reply)
{
	const struct host *rival = view_host(scene->view, b->network, b->rival);
	struct fact gone = view_binding_fact(scene->view, b, FACT_ADDRESS_GONE), come = gone;
	gone.reason = REASON_SILENT;
	come.kind = FACT_ADDRESS;
	memcpy(come.mac, b->rival, 6);
	memset(come.other_mac, 0, 6);
	if (rival) {
		come.sw = rival->sw;
		come.ofport = rival->ofport;
	}
	send_fact(scene, gone, reply);
	if (rival && !rival->unconfirmed)
		send_fact(scene, come, reply);
}

static void judge(const struct scene *scene, const struct binding *b, struct reply *reply)
{
	struct fact fact = view_binding_fact(scene->view, b, FACT_DUPLICATE);
	bool was_duplicate = b->state == BINDING_DUPLICATE;
	switch (view_dispute(b, scene->now_ms)) {
	case DISPUTE_OPEN:
		break;
	case DISPUTE_DUPLICATE:
		send_fact(scene, fact, reply);
		break;
	case DISPUTE_HELD:
		fact.kind = FACT_ADDRESS_SETTLED;
		send_fact(scene, fact, reply);
		break;
	case DISPUTE_MOVED:
		if (was_duplicate) {
			/* Told under the name of who keeps it. */
			fact.kind = FACT_ADDRESS_SETTLED;
			send_fact(scene, fact, reply);
		}
		hand_over(scene, b, reply);
		break;
	}
}

void arp_tick(const struct scene *scene, uint32_t sw, uint64_t second, struct reply *reply)
{
	for (size_t i = 0; view_n_disputes(scene->view) && i < view_binding_slots(scene->view); i++) {
		const struct binding *b = view_binding_at(scene->view, i);
		if (!b || b->state == BINDING_GOOD)
			continue;
		const struct host *host = view_host(scene->view, b->network, b->mac);
		bool holder_here = host && !host->unconfirmed && host->sw == sw;
		bool is_due = b->state == BINDING_ASKED || second % ASK_S == 0;
		uint32_t rival_sw, rival_ofport;
		rival_place(scene, b, &rival_sw, &rival_ofport);
		if (is_due && holder_here)
			ask(scene, b, b->mac, sw, host->ofport, reply);
		if (is_due && rival_sw == sw)
			ask(scene, b, b->rival, sw, rival_ofport, reply);
		if (holder_here || rival_sw == sw)
			judge(scene, b, reply);
	}
}
