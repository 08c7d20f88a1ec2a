/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes may be reported as a claim to an address. What becomes of them is
 * inside of the frame, of a host that is known there, and an address that a host
 * may have. The first byte says by what kind of port it came. */
#include <stdlib.h>
#include <string.h>

#include "apps/app.h"
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
	bool is_v6;
	const uint8_t *ip = fact_address(fact, &is_v6);
	static const uint8_t none[16];

	(void) ctx;
	check(fact->kind == FACT_ADDRESS && fact->has_ip4 != fact->has_ip6);
	check(memcmp(ip, none, is_v6 ? 16 : 4) && ip[0] != (is_v6 ? 0xff : 0xe0));
	check(memmem(frame, frame_size, ip, is_v6 ? 16 : 4) != NULL);
	check(!memcmp(fact->mac, frame + 6, 6));
	view_apply(view, fact, NULL, NULL);
}

static void set_up(void)
{
	static const char text[] = "version: 1\nnetworks:\n  red: {transport: vlan, vlan: 5, uplinks: [a:up], ports: [\"a:r*\"]}\n"
				   "switches: {a: {dpid: 1}}\n";
	struct diag *diag = diag_new("fuzz.yaml");
	struct fact port = { .kind = FACT_PORT, .ofport = 1, .port_name = "r1", .port_up = true };
	struct fact up = { .kind = FACT_PORT, .ofport = 2, .port_name = "up", .port_up = true };

	net = net_parse("fuzz.yaml", text, strlen(text), diag);
	diag_free(diag);
	check(net != NULL);
	view = view_new();
	view_bind(view, net, 0, NULL, NULL);
	check(view_switch_slot(view, "a", 1) == 0);
	view_apply(view, &port, NULL, NULL);
	view_apply(view, &up, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!view)
		set_up();
	if (!size)
		return 0;
	frame = data + 1;
	frame_size = size - 1;
	const struct scene scene = { .net = net, .view = view, .now_ms = 1000 };
	struct reply reply = { .fact = on_fact };
	struct app_punt punt = {
		.table = TABLE_CLAIM, .in_port = data[0] & 1 ? 1 : 2, .network = net->networks[0].id,
		.class = data[0] & 1 ? CLASS_EDGE : CLASS_UPLINK, .frame = frame, .size = frame_size,
	};
	if (frame_size >= 12) {
		/* Learned at the edge, as l2 does it before. */
		struct fact host = { .kind = FACT_HOST, .ofport = 1, .network = punt.network, .old_sw = NET_NONE };

		memcpy(host.mac, frame + 6, 6);
		if (data[0] & 1)
			view_apply(view, &host, NULL, NULL);
	}
	app_by_table(TABLE_CLAIM)->packet_in(&scene, &punt, &reply);
	return 0;
}
