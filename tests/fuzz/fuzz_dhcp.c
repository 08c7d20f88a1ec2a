/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes may be reported as a frame of DHCP, by a trusted port and by others. What
 * is leased stands in the frame; a client gives back nothing but its own. The first
 * byte says by which port it came. */
#include <stdlib.h>
#include <string.h>

#include "apps/guard.h"
#include "tests/fuzz/fuzz.h"

static struct view *view;
static struct net *net;
static const uint8_t *frame;
static size_t frame_size;

static void check(int fine)
{
	if (!fine)
		abort();
}

static void on_fact(void *ctx, struct fact *fact)
{
	static const uint8_t none[16];
	bool is_v6;
	const uint8_t *ip = fact_address(fact, &is_v6);

	(void) ctx;
	if (fact->kind == FACT_LEASE || fact->kind == FACT_LEASE_GONE) {
		check(fact->has_ip4 != fact->has_ip6);
		check(memcmp(ip, none, is_v6 ? 16 : 4) && memmem(frame, frame_size, ip, is_v6 ? 16 : 4) != NULL);
		check(memmem(frame, frame_size, fact->mac, 6) != NULL);
	} else {
		check(fact->kind == FACT_VIOLATION || fact->kind == FACT_HOST || fact->kind == FACT_HOST_REFUSED);
		check(!memcmp(fact->mac, frame + 6, 6));
	}
	fact->time_ms = 1000;
	view_apply(view, fact, NULL, NULL);
}

static void set_up(void)
{
	static const char text[] = "version: 1\nswitches: {a: {dpid: 1}}\nnetworks:\n"
				   "  red: {guard: all, ports: [\"a:r*\", {port: a:s, trust: all}]}\n";
	struct diag *diag = diag_new("fuzz.yaml");
	struct fact port = { .kind = FACT_PORT, .ofport = 1, .port_name = "r1", .port_up = true };
	struct fact server = { .kind = FACT_PORT, .ofport = 2, .port_name = "s", .port_up = true };

	net = net_parse("fuzz.yaml", text, strlen(text), diag);
	diag_free(diag);
	check(net != NULL);
	view = view_new();
	view_bind(view, net, 0, NULL, NULL);
	check(view_switch_slot(view, "a", 1) == 0);
	view_apply(view, &port, NULL, NULL);
	view_apply(view, &server, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!view)
		set_up();
	if (!size)
		return 0;
	frame = data + 1;
	frame_size = size - 1;
	const struct scene scene = { .net = net, .view = view, .now_ms = 1000, .wall_ms = 1700000000000 };
	struct reply reply = { .fact = on_fact };
	struct app_punt punt = {
		.table = TABLE_GUARD, .in_port = data[0] & 1 ? 1 : 2, .network = net->networks[0].id, .class = CLASS_EDGE,
		.frame = frame, .size = frame_size,
	};
	app_by_table(TABLE_GUARD)->packet_in(&scene, &punt, &reply);
	return 0;
}
