/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine says without being asked: announcements of addresses (RFC 5227, RFC 4861),
 * duplicate address detection, routers, DHCP. Their addresses are not those of both ends. */
#ifndef CONTROLLER_EXPLAIN_SAY_H
#define CONTROLLER_EXPLAIN_SAY_H

#include "controller/explain_bytes.h"
#include "controller/explain_impl.h"

enum said_layer { SAID_ARP, SAID_ND, SAID_UDP };

/* One such frame, in all its parts. */
struct said {
	enum said_layer layer;
	uint8_t dst_mac[6];
	struct ip_pair ips;             /* ARP: sender and target */
	uint8_t type;                   /* of ICMPv6 */
	uint8_t target[16];             /* of ND */
	uint16_t sport, dport;
	const char *what;               /* "DHCP" */
};
/* Of a kind that explain_says(); from: who says it, client: who began. */
struct said said_of(const struct explaining *, unsigned from, unsigned client);

#endif
