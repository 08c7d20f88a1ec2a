/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/controller/world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { OFPP_LOCAL_PORT = (int) 0xfffffffe };

static struct net *parse(const char *text)
{
	struct diag *diag = diag_new("topology.yaml");
	struct net *net = net_parse("topology.yaml", text, strlen(text), diag);
	diag_print(diag, stderr);
	diag_free(diag);
	assert_non_null(net);
	return net;
}

void world_init(struct world *world, const char *text)
{
	*world = (struct world) { .core = core_new(parse(text), 1000000) };
	world->core->wall_ms = 1700000000000;
	world->api = (struct api_world) { .core = world->core, .started_wall_ms = world->core->wall_ms };
}

void world_uninit(struct world *world)
{
	core_free(world->core);
	world->core = NULL;
}

void world_advance(struct world *world, uint64_t ms)
{
	world->core->now_ms += ms;
	world->core->wall_ms += ms;
}

void world_take_rows(struct world *world, uint32_t sw)
{
	struct ledger *ledger = world->core->switches[sw]->ledger;
	uint32_t xid = 1;
	core_plan(world->core);
	for (int phase = 0; phase < N_PHASES; phase++)
		for (struct row *row; (row = ledger_next(ledger, (enum phase) phase));)
			ledger_sent(ledger, row, xid++);
	ledger_commit(ledger);
}

uint32_t world_connect(struct world *world, const char *name, const char *const *ports, size_t n)
{
	struct msg_port list[64] = { 0 };
	uint32_t sw = core_switch_by_name(world->core, name);
	assert_true(sw != NET_NONE && n < 64);
	for (size_t i = 0; i < n; i++) {
		list[i] = (struct msg_port) { .ofport = (uint32_t) i + 1, .mac = { 2, 0xff, 0, 0, 0, (uint8_t) i },
					      .is_up = true, .is_live = true, .speed_mbps = 10000 };
		snprintf(list[i].name, sizeof list[i].name, "%s", ports[i]);
	}
	list[n] = (struct msg_port) { .ofport = (uint32_t) OFPP_LOCAL_PORT, .name = "br-int", .is_local = true };
	core_attach(world->core, sw, NULL, list, n + 1, 0);
	core_read_done(world->core, sw);
	world_take_rows(world, sw);
	return sw;
}

void world_disconnect(struct world *world, uint32_t sw, const char *why)
{
	ledger_forget(world->core->switches[sw]->ledger);
	core_detach(world->core, sw, why);
}

void world_learn(struct world *world, const char *network, unsigned n, uint32_t sw, uint32_t ofport)
{
	uint32_t index = net_network_by_name(world->core->net, network);
	assert_true(index != NET_NONE);
	struct fact fact = {
		.kind = FACT_HOST, .sw = sw, .ofport = ofport, .network = world->core->net->networks[index].id,
		.mac = { 2, 0, 0, 0, (uint8_t) (n >> 8), (uint8_t) n }, .has_ip4 = true,
		.ip4 = { 10, 0, (uint8_t) (n >> 8), (uint8_t) n }, .old_sw = NET_NONE,
	};
	core_fact(world->core, &fact);
}

void world_reload(struct world *world, const char *text)
{
	core_reload(world->core, parse(text));
}
