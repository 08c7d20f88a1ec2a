/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/topo/view_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

const char *const texts[N_TEXTS] = {
	"version: 1\n"
	"switches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}}\n"
	"networks:\n"
	"  red:\n"
	"    transport: vlan\n"
	"    vlan: 10\n"
	"    uplinks: [a:up, b:up]\n"
	"    max_hosts: 5\n"
	"    ports: [\"*:r*\", {port: \"a:trunk\", tag: 10}, {port: b:r1, max_hosts: 2}]\n"
	"  green:\n"
	"    ports: [\"*:g*\", {port: \"*:trunk\", tag: 20}, \"*:oth*\"]\n"
	"  blue:\n"
	"    transport: vlan\n"
	"    vlan: 30\n"
	"    uplinks: [a:up, b:up, c:up]\n"
	"    ports: [{port: \"*:trunk\", tag: 30}, {port: a:r2, tag: 30}, {port: \"c:off\", enable: false},\n"
	"            \"*:*er\"]\n",

	/* red without b's uplink, trunk moved, green gone, off switched on, c no more */
	"version: 1\n"
	"switches: {a: {dpid: 1}, b: {dpid: 2}}\n"
	"networks:\n"
	"  red:\n"
	"    transport: vlan\n"
	"    vlan: 10\n"
	"    uplinks: [a:up]\n"
	"    ports: [\"*:r1\", \"*:off\", {port: b:r1, max_hosts: 0}]\n"
	"  blue:\n"
	"    transport: vlan\n"
	"    vlan: 30\n"
	"    uplinks: [b:r1]\n"
	"    ports: [{port: \"*:trunk\", tag: 31}, {port: \"*:g*\"}]\n",

	/* the five lines: everything adopted */
	"version: 1\n"
	"networks:\n"
	"  red:\n"
	"    ports: [\"*:*\"]\n",
};

struct net *nets[N_TEXTS];

int view_world_up(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_TEXTS; i++) {
		struct diag *diag = diag_new("t.yaml");
		nets[i] = net_parse("t.yaml", texts[i], strlen(texts[i]), diag);
		if (diag_n_errors(diag))
			diag_print(diag, stderr);
		diag_free(diag);
		if (!nets[i])
			return -1;
	}
	return 0;
}

int view_world_down(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_TEXTS; i++)
		net_free(nets[i]);
	return 0;
}

void hear(void *ctx, const struct fact *fact)
{
	struct heard *heard = ctx;
	assert_true(heard->n < 256);
	heard->facts[heard->n++] = *fact;
}

struct view *new_view(void)
{
	struct view *view = view_new();
	view_bind(view, nets[0], 0, NULL, NULL);
	assert_int_equal(view_switch_slot(view, "a", 1), A);
	assert_int_equal(view_switch_slot(view, "b", 2), B);
	assert_int_equal(view_switch_slot(view, "c", 3), C);
	return view;
}

bool port_fact(struct view *view, uint32_t sw, uint32_t ofport, const char *name, struct heard *heard)
{
	struct fact fact = { .kind = FACT_PORT, .sw = sw, .ofport = ofport, .port_up = true, .port_live = true };
	snprintf(fact.port_name, sizeof fact.port_name, "%s", name);
	return view_apply(view, &fact, heard ? hear : NULL, heard);
}

uint32_t id(const char *name)
{
	return nets[0]->networks[net_network_by_name(nets[0], name)].id;
}

struct fact host_fact(const char *network, uint8_t mac, uint32_t sw, uint32_t ofport)
{
	return (struct fact) { .kind = FACT_HOST, .network = id(network), .mac = { 2, 0, 0, 0, 0, mac },
			       .sw = sw, .ofport = ofport, .time_ms = 100000 };
}

bool apply(struct view *view, struct fact fact) { return view_apply(view, &fact, NULL, NULL); }

const struct host *find(const struct view *view, const char *network, uint8_t mac)
{
	return view_host(view, id(network), (uint8_t[6]) { 2, 0, 0, 0, 0, mac });
}
