/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes may be reported as a claim to an address. What becomes of them is
 * inside of the frame, of a host that is known there, and an address that a host
 * may have. The first byte says by what kind of port it came. */
#include "tests/fuzz/punt_world.h"

static const char text[] = "version: 1\nnetworks:\n  red: {transport: vlan, vlan: 5, uplinks: [a:up], ports: [\"a:r*\"]}\n"
			   "switches: {a: {dpid: 1}}\n";

static void on_fact(void *ctx, struct fact *fact)
{
	bool is_v6;
	const uint8_t *ip = fact_address(fact, &is_v6);

	(void) ctx;
	check(fact->kind == FACT_ADDRESS);
	check_address(fact);
	check(ip[0] != (is_v6 ? 0xff : 0xe0));
	check(!memcmp(fact->mac, frame + 6, 6));
	view_apply(view, fact, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!view)
		set_up(text, "r1", "up");
	if (!size)
		return 0;
	const struct scene scene = { .net = net, .view = view, .now_ms = 1000 };
	struct reply reply = { .fact = on_fact };
	struct app_punt punt = punt_of(data, size);

	punt.table = TABLE_CLAIM;
	if (punt.in_port == 2)
		punt.class = CLASS_UPLINK;
	if (frame_size >= 12) {
		/* Learned at the edge, as l2 does it before. */
		struct fact host = { .kind = FACT_HOST, .ofport = 1, .network = punt.network, .old_sw = NET_NONE };

		memcpy(host.mac, frame + 6, 6);
		if (punt.in_port == 1)
			view_apply(view, &host, NULL, NULL);
	}
	app_by_table(TABLE_CLAIM)->packet_in(&scene, &punt, &reply);
	return 0;
}
