/* SPDX-License-Identifier: Apache-2.0 */
/* arp_world: three switches with networks that answer for their hosts, and questions in them. */
#ifndef TESTS_ARP_WORLD_H
#define TESTS_ARP_WORLD_H

#include "apps/arp.h"
#include "tests/unit/apps/stage.h"

extern const char arp_three[];
extern const char arp_ports[];
void arp_open(const char *story);
extern const uint8_t all[6], all_nodes[6];
void host_mac(uint8_t mac[6], unsigned n);
/* 10.1.0.n, 0 = 0.0.0.0. */
void host_ip4(uint8_t ip[4], unsigned n);
struct frame arp(const uint8_t dst[6], unsigned op, unsigned mac, unsigned sender, unsigned target, int vid);
/* fd00::n, 0 = ::. type 134 to 136; flags of an advertisement. */
struct frame nd(const uint8_t dst[6], unsigned type, unsigned mac, unsigned sender, unsigned target,
		       uint8_t flags);
void arp_send(const char *place, struct frame frame);
/* A question by ARP from host `mac` at 10.1.0.mac. */
void asks(const char *place, unsigned mac, unsigned target);
/* Nobody heard it, and the answer to host `mac` says that `target` is at host `at`. */
void is_answered(const char *place, unsigned mac, unsigned target, unsigned at);
const struct binding *arp_binding(const char *network, unsigned n);
void arp_seconds(unsigned n);

#endif
