/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are a frame to somebody: packet_parse must stay inside of them, and
 * what it says must be in them. */
#include <stdlib.h>
#include <string.h>

#include "ofproto/packet.h"
#include "tests/fuzz/fuzz.h"

static void check(int fine)
{
	if (!fine)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet p;
	char text[MAC_TEXT];
	uint8_t mac[6];

	if (!packet_parse(&p, data, size)) {
		check(size < 14);
		return 0;
	}
	check(size >= 14 && p.data == data && p.size == size);
	check(p.l3_offset == 14 + 4 * p.n_vlans && p.l3_offset <= size && p.n_vlans <= 2);
	check(!memcmp(p.dst, data, 6) && !memcmp(p.src, data + 6, 6));
	if (p.has_ip4)
		check(memmem(data + p.l3_offset, size - p.l3_offset, p.ip4, 4) != NULL);
	if (p.has_ip6)
		check(memmem(data + p.l3_offset, size - p.l3_offset, p.ip6, 16) != NULL);
	check(mac_parse(mac_format(p.src, text), mac) && !memcmp(mac, p.src, 6));
	mac_is_reserved(p.dst);
	return 0;
}
