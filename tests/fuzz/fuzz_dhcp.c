/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes may be reported as a frame of DHCP, by a trusted port and by others. What
 * is leased stands in the frame; a client gives back nothing but its own. The first
 * byte says by which port it came. */
#include "apps/guard.h"
#include "tests/fuzz/punt_world.h"

static const char text[] = "version: 1\nswitches: {a: {dpid: 1}}\nnetworks:\n"
			   "  red: {guard: all, ports: [\"a:r*\", {port: a:s, trust: all}]}\n";

static void on_fact(void *ctx, struct fact *fact)
{
	(void) ctx;
	if (fact->kind == FACT_LEASE || fact->kind == FACT_LEASE_GONE) {
		check_address(fact);
		check(is_in_frame(fact->mac, 6));
	} else {
		check(fact->kind == FACT_VIOLATION || fact->kind == FACT_HOST || fact->kind == FACT_HOST_REFUSED);
		check(!memcmp(fact->mac, frame + 6, 6));
	}
	fact->time_ms = 1000;
	view_apply(view, fact, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!view)
		set_up(text, "r1", "s");
	if (!size)
		return 0;
	const struct scene scene = { .net = net, .view = view, .now_ms = 1000, .wall_ms = 1700000000000 };
	struct reply reply = { .fact = on_fact };
	struct app_punt punt = punt_of(data, size);

	punt.table = TABLE_GUARD;
	app_by_table(TABLE_GUARD)->packet_in(&scene, &punt, &reply);
	return 0;
}
