/* SPDX-License-Identifier: Apache-2.0 */
/* For targets that hand an app a frame: one switch "a" with ports 1 and 2, the network
 * of a file, and the frame. The first byte of an input says by which port it came. */
#ifndef TESTS_FUZZ_PUNT_WORLD_H
#define TESTS_FUZZ_PUNT_WORLD_H

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

static int is_in_frame(const void *bytes, size_t size)
{
	return memmem(frame, frame_size, bytes, size) != NULL;
}

static void check_address(const struct fact *fact)
{
	static const uint8_t none[16];
	bool is_v6;
	const uint8_t *ip = fact_address(fact, &is_v6);

	check(fact->has_ip4 != fact->has_ip6);
	check(memcmp(ip, none, is_v6 ? 16 : 4) && is_in_frame(ip, is_v6 ? 16 : 4));
}

static void set_up(const char *text, const char *port1, const char *port2)
{
	struct diag *diag = diag_new("fuzz.yaml");

	net = net_parse("fuzz.yaml", text, strlen(text), diag);
	diag_free(diag);
	check(net != NULL);
	view = view_new();
	view_bind(view, net, 0, NULL, NULL);
	check(view_switch_slot(view, "a", 1) == 0);
	for (uint32_t ofport = 1; ofport <= 2; ofport++) {
		struct fact port = { .kind = FACT_PORT, .ofport = ofport, .port_up = true };

		strcpy(port.port_name, ofport == 1 ? port1 : port2);
		view_apply(view, &port, NULL, NULL);
	}
}

/* The punt that the bytes are; size is 1 or more. */
static struct app_punt punt_of(const uint8_t *bytes, size_t size)
{
	frame = bytes + 1;
	frame_size = size - 1;
	return (struct app_punt) {
		.in_port = bytes[0] & 1 ? 1 : 2, .network = net->networks[0].id, .class = CLASS_EDGE, .frame = frame, .size = frame_size,
	};
}

#endif
