/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/apps/arp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

const char arp_three[] =
	"version: 1\n"
	"switches:\n"
	"  a: {dpid: 0x1, vtep: 10.0.0.1}\n"
	"  b: {dpid: 0x2, vtep: 10.0.0.2}\n"
	"  c: {dpid: 0x3, vtep: 10.0.0.3}\n"
	"networks:\n"
	"  red: {vni: 100, ports: [\"*:r*\", {port: \"c:t0\", tag: 7},"
	" {port: \"b:rd\", mac: \"02:00:00:00:00:63\", ip: [10.1.0.99, \"fd00::99\"], guard: false}]}\n"
	"  loud: {vni: 200, arp: flood, ports: [\"*:g*\", {port: \"a:gd\", mac: \"02:00:00:00:00:62\", ip: 10.1.0.98}]}\n"
	"  trunk: {transport: vlan, vlan: 30, uplinks: [a:up, b:up, c:up], ports: [\"*:u*\"]}\n"
	"  alone: {vni: 300, ports: [\"a:x*\"]}\n"
	"  wrap: {vni: 400, tags: pass, ports: [\"*:w*\"]}\n";

const char arp_ports[] =
	"up a; up b; up c; port a:vxlan0 1000; port b:vxlan0 1000; port c:vxlan0 1000;"
	"port a:r1 1; port a:r2 2; port b:r1 1; port b:rd 2; port c:r1 1; port c:t0 2;"
	"port a:g1 3; port b:g1 3; port a:up 4; port b:up 4; port c:up 4; port a:u1 5; port b:u1 5; port c:u1 5";

void arp_open(const char *story)
{
	stage_open(arp_three, arp_ports);
	world_do(w, story);
	world_check(w);
}

const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 }, all_nodes[6] = { 0x33, 0x33, 0, 0, 0, 1 };

void host_mac(uint8_t mac[6], unsigned n)
{
	memcpy(mac, (uint8_t[6]) { 2, 0, 0, 0, (uint8_t) (n >> 8), (uint8_t) n }, 6);
}

void host_ip4(uint8_t ip[4], unsigned n)
{
	if (n)
		memcpy(ip, (uint8_t[4]) { 10, 1, (uint8_t) (n >> 8), (uint8_t) n }, 4);
}

struct frame arp(const uint8_t dst[6], unsigned op, unsigned mac, unsigned sender, unsigned target, int vid)
{
	uint8_t body[28] = { 0, 1, 8, 0, 6, 4, 0, (uint8_t) op }, src[6];
	host_mac(src, mac);
	memcpy(body + 8, src, 6);
	host_ip4(body + 14, sender);
	host_ip4(body + 24, target);
	return world_frame_macs(dst, src, vid, 0x0806, body, sizeof body);
}

struct frame nd(const uint8_t dst[6], unsigned type, unsigned mac, unsigned sender, unsigned target,
		       uint8_t flags)
{
	uint8_t body[72] = { 0x60, 0, 0, 0, 0, 32, 58, 255 }, src[6];
	host_mac(src, mac);
	if (sender) {
		body[8] = 0xfd;
		body[23] = (uint8_t) sender;
	}
	body[24] = 0xff;
	body[40] = (uint8_t) type;
	body[44] = flags;
	body[48] = 0xfd;
	body[63] = (uint8_t) target;
	body[64] = type == 136 ? 2 : 1;
	body[65] = 1;
	memcpy(body + 66, src, 6);
	return world_frame_macs(dst, src, UNTAGGED, 0x86dd, body, sizeof body);
}

void arp_send(const char *place, struct frame frame)
{
	world_send(w, place, frame);
	world_check(w);
}

void asks(const char *place, unsigned mac, unsigned target)
{
	arp_send(place, arp(all, 1, mac, mac, target, UNTAGGED));
}

void is_answered(const char *place, unsigned mac, unsigned target, unsigned at)
{
	uint8_t here[6], there[6], ip[4];
	host_mac(here, mac);
	host_mac(there, at);
	host_ip4(ip, target);
	assert_int_equal(w->n_got, 1);
	assert_int_equal(w->n_tunnelled, 0);
	assert_int_equal(world_got(w, place, UNTAGGED), 1);
	const uint8_t *frame = w->got[0].frame.bytes;
	assert_memory_equal(frame, here, 6);
	assert_memory_equal(frame + 6, there, 6);
	assert_int_equal(frame[21], 2);
	assert_memory_equal(frame + 22, there, 6);
	assert_memory_equal(frame + 28, ip, 4);
	assert_memory_equal(frame + 32, here, 6);
}

const struct binding *arp_binding(const char *network, unsigned n)
{
	uint8_t ip[4] = { 0 };
	host_ip4(ip, n);
	return view_binding(w->view, world_network(w, network), false, ip);
}

void arp_seconds(unsigned n)
{
	for (unsigned i = 1; i <= n; i++) {
		w->now_ms += 1000;
		world_tick(w, i);
		world_check(w);
	}
}
