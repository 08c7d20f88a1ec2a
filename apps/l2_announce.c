/* SPDX-License-Identifier: Apache-2.0 */
/* The LAN learns by itself where hosts are, from what they send, and would go on
 * sending to the port that they were behind. When another port is opened, one
 * frame from each host of the network goes out by it: a reverse ARP request to
 * all (RFC 903), as hypervisors send when a VM has moved. It needs no IP address
 * and nobody answers it. */
#include <string.h>

#include "apps/l2.h"

enum {
	FRAME = 60,
	MAX_ANNOUNCED = 4096,           /* the LAN finds the others when they speak */
};

struct announcement {
	struct reply *reply;
	uint32_t sw, ofport;
	uint16_t tag;
	size_t n;
};

static size_t make_frame(uint8_t frame[FRAME], const uint8_t mac[6], uint16_t tag)
{
	/* Ethernet to IPv4 addresses, operation 3: request reverse. */
	static const uint8_t request[] = { 0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3 };
	size_t at = 12;
	memset(frame, 0, FRAME);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, mac, 6);
	if (tag != NET_UNTAGGED) {
		memcpy(frame + at, (uint8_t[4]) { 0x81, 0, (uint8_t) (tag >> 8), (uint8_t) tag }, 4);
		at += 4;
	}
	memcpy(frame + at, request, sizeof request);
	at += sizeof request;
	memcpy(frame + at, mac, 6);             /* sender: hardware, protocol */
	memcpy(frame + at + 10, mac, 6);        /* target: hardware, protocol */
	return FRAME;
}

static void announce(struct announcement *a, const struct host *host)
{
	uint8_t frame[FRAME];
	if (a->n == MAX_ANNOUNCED || (host->sw == a->sw && host->ofport == a->ofport))
		return;
	a->n++;
	a->reply->send(a->reply->ctx, a->sw, &a->ofport, 1, frame, make_frame(frame, host->mac, a->tag));
}

void l2_announce(const struct scene *scene, const struct fact *fact, struct reply *reply)
{
	if (fact->kind != FACT_GATEWAY || fact->recovered || fact->sw == NET_NONE)
		return;
	const struct view_network *vn = view_network_by_id(scene->view, fact->network);
	const struct view_port *port = view_port(scene->view, fact->sw, fact->ofport);
	const struct view_use *use = port ? view_use(port, fact->network) : NULL;
	const struct host *host = NULL;
	if (!use)
		return;
	struct announcement a = { .reply = reply, .sw = fact->sw, .ofport = fact->ofport, .tag = use->tag };
	for (size_t i = 0; i < vn->n_members; i++)
		while ((host = view_member_host(scene->view, &vn->members[i], host)))
			announce(&a, host);
	while ((host = view_unconfirmed(scene->view, vn, host)))
		announce(&a, host);
}
