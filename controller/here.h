/* SPDX-License-Identifier: Apache-2.0 */
/* here: what this machine knows of its own devices, addresses and clock. Addresses are
 * text, of IPv4 or IPv6, without brackets. */
#ifndef CONTROLLER_HERE_H
#define CONTROLLER_HERE_H

#include <net/if.h>
#include <stdbool.h>

/* The device that has the address. */
bool here_has(const char *address, char ret_device[IF_NAMESIZE]);
/* The device by which the kernel would send to it; nothing is sent. */
bool here_way_to(const char *address, char ret_device[IF_NAMESIZE]);
/* Bytes; 0 = there is no such device. */
int here_mtu(const char *device);
/* The kernel is told by something (NTP, PTP) that its clock is right. */
bool here_clock_is_kept(void);

#endif
