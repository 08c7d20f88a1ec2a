/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of those who keep to their addresses, and of those who do not. Hosts are
 * numbers: host n has MAC 02:00:00:00:00:n, 10.1.0.n and fd00::n; 0 = nobody (0.0.0.0, ::). */
#ifndef TESTS_GUARD_FRAMES_H
#define TESTS_GUARD_FRAMES_H

#include "tests/unit/apps/world.h"

/* From MAC `src`: ARP by MAC `sha` about `sender`, asking for `target`. */
struct frame guard_arp(unsigned src, unsigned sha, unsigned sender, unsigned target);
/* IPv4 and IPv6 from MAC `src` under the address of `sender` to all; with UDP ports when not 0. */
struct frame guard_ip4(unsigned src, unsigned sender, unsigned sport, unsigned dport);
struct frame guard_ip6(unsigned src, unsigned sender, unsigned sport, unsigned dport);
/* ICMPv6 of that type from `sender` about `target`. */
struct frame guard_nd(unsigned src, unsigned type, unsigned sender, unsigned target);
/* The same from and about the link-local address of that MAC. */
struct frame guard_nd_link(unsigned src, unsigned type, unsigned mac);

/* DHCP of a server at MAC `src` and address `src`, for host `client`: an acknowledgement of
 * `leased` for so many seconds (IPv4: option 51). */
struct frame guard_ack4(unsigned src, unsigned client, unsigned leased, uint32_t seconds);
struct frame guard_ack6(unsigned src, unsigned client, unsigned leased, uint32_t seconds);
/* Of a client: message 1 DISCOVER, 7 RELEASE; IPv6: 1 SOLICIT, 8 RELEASE. */
struct frame guard_client4(unsigned src, unsigned sender, unsigned message);
struct frame guard_client6(unsigned src, unsigned sender, unsigned message);

#endif
