/* SPDX-License-Identifier: Apache-2.0 */
/* explain_world: two switches, hosts that have spoken, and a question about them. */
#ifndef TESTS_EXPLAIN_WORLD_H
#define TESTS_EXPLAIN_WORLD_H

#include "controller/explain.h"
#include "controller/show.h"
#include "tests/unit/controller/one_world.h"
#include "tests/unit/controller/world.h"

#define SWITCHES \
	"version: 1\n" \
	"switches:\n" \
	"  kvm1: {dpid: 0x11, vtep: 10.0.0.11}\n" \
	"  kvm2: {dpid: 0x12, vtep: 10.0.0.12}\n" \
	"  kvm3: {dpid: 0x13, vtep: 10.0.0.13}\n"
#define NETWORKS(OFFICE) \
	"networks:\n" \
	"  office:\n" \
	"    vni: 77\n" OFFICE \
	"    ports: [kvm1:vm-a, kvm1:vm-b, kvm2:vm-web, kvm3:vm-far, {port: kvm1:off, enable: false}, {port: kvm1:both, tag: 5}]\n" \
	"  yard:\n" \
	"    ports: [kvm1:vm-y, kvm1:both]\n"
extern const char open_file[];
extern const char *const explain_ports1[];
extern const char *const explain_ports2[];
enum { VM_A = 1, VM_B, OFF, BOTH, VM_Y, STRAY, VM_WEB = 1 };
/* The last answer. */
extern struct explain *x;
/* All switches that are connected take their rows, and those of the plan that follows. */
void take_all(void);
/* 10.0.0.N and fd00::N are that host's. */
void speak(const char *network, unsigned n, uint32_t sw, uint32_t ofport);
void use(const char *file);
int explain_world_up(void **state);
int explain_world_down(void **state);
const struct explain *asked(const char *from, const char *to, const char *protocol);
/* Asks, and the one cause of the first direction is of that kind and holds these words. */
void blocked(const char *from, const char *to, const char *protocol, const char *kind, const char *text, const char *cure);
void reachable(const char *from, const char *to, const char *protocol);
const struct explain_leg *leg(unsigned direction, const char *name);
bool has_note(const char *kind);
/* The events of a leg, one a line. */
const char *way(const struct explain_leg *l);

#endif
