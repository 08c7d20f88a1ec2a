/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of addresses: how they are read, sorted and compared. Private to
 * topo/{member,group,acl*,slaac}.c. */
#ifndef TOPO_MEMBER_H
#define TOPO_MEMBER_H

#include "topo/acl.h"
#include "topo/section.h"

extern const struct section_type section_members;       /* struct net_members */
/* Would a rule take this word for a name, and not for an address or for everybody? */
bool member_is_name(const char *text);

/* text is in its usual form, with or without a length. */
bool prefix_read(const char *text, struct net_prefix *ret);
/* By family, address, length: what is inside another follows it. */
int prefix_compare(const void *, const void *);
/* Sorts and drops what is inside another (or there twice); returns how many stay. */
size_t prefixes_settle(struct net_prefix *, size_t n);
size_t macs_settle(struct net_mac_mask *, size_t n);
/* Is it inside one of these settled ones? */
bool prefixes_cover(const struct net_prefix *, size_t n, const struct net_prefix *inner);

#endif
